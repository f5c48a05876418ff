"""Memory: records in pages that never move, slots handed out lowest first.

Lowest first makes the choice of a slot a function of the slots in use alone, so that nothing about free slots has to be
kept in a snapshot, and keeps live records together. Taking and giving cost a handful of bit operations, O(log64 limit).
"""

from libc.string cimport memset

from ccroute.core.defs cimport NONE, PAGE_BITS, check, ctz64, has_pages, item_at, uint64_t

cdef enum:
    PAGE_ITEMS = 512
    PAGE_WORDS = 8                 # of the lowest level of used bits

cdef extern from "Python.h" nogil:
    # PyMem_Raw* need no GIL, and failing-allocator tests reach them.
    void* raw_calloc "PyMem_RawCalloc"(size_t, size_t)
    void* raw_realloc "PyMem_RawRealloc"(void*, size_t)
    void raw_free "PyMem_RawFree"(void*)


cdef void* fresh(int64_t count, int64_t size) noexcept nogil:
    """Return zeroed memory for ``count`` items, or NULL."""
    return raw_calloc(<size_t>(count if count > 0 else 1), <size_t>size)


cdef int grow(void** memory, int64_t old_count, int64_t count, int64_t size) noexcept nogil:
    """Make room for ``count`` items, the new ones zeroed. Return -1 without memory, nothing changed."""
    cdef char* larger = <char*>raw_realloc(memory[0], <size_t>(count * size))
    if larger == NULL:
        return -1
    if count > old_count:
        memset(larger + old_count * size, 0, <size_t>((count - old_count) * size))
    memory[0] = larger
    return 0


cdef void release(void* memory) noexcept nogil:
    """Give memory back; NULL is fine."""
    raw_free(memory)


cdef int store_open(Store* store, int32_t item, int32_t limit) noexcept nogil:
    """Begin an empty store of at most ``limit`` records of ``item`` bytes. Return -1 without memory."""
    cdef int64_t words = (limit + 63) // 64
    cdef int32_t level
    memset(store, 0, sizeof(Store))
    store.item = item
    store.limit = limit
    store.levels = 1
    while words > 1:
        words = (words + 63) // 64
        store.levels += 1
    words = (limit + 63) // 64
    for level in range(1, store.levels):
        words = (words + 63) // 64
        store.used[level] = <uint64_t*>fresh(words, sizeof(uint64_t))
        if store.used[level] == NULL:
            return -1
    return 0


cdef void store_close(Store* store) noexcept nogil:
    """Give all memory back."""
    cdef int32_t page, level
    for page in range(store.page_count):
        release(store.pages[page])
    for level in range(4):
        release(store.used[level])
    release(store.pages)
    memset(store, 0, sizeof(Store))


cdef int store_reserve(Store* store, int32_t count) noexcept nogil:
    """Make sure that the next ``count`` takes cannot fail, as far as the limit allows. Return -1 without memory."""
    # Slots are taken lowest first, so the next ones lie below the number in use plus count.
    cdef int64_t wanted = <int64_t>store.count + count
    if has_pages(store, count):
        return 0
    if wanted > store.limit:
        wanted = store.limit
    if wanted <= 0 or (wanted + PAGE_ITEMS - 1) >> PAGE_BITS <= store.page_count:
        return 0
    return store_reserve_slot(store, <int32_t>(wanted - 1))


cdef int store_reserve_slot(Store* store, int32_t slot) noexcept nogil:
    """Make sure that ``slot`` lies on a page. Return -1 without memory."""
    cdef int32_t pages = (slot >> PAGE_BITS) + 1
    cdef int32_t capacity
    cdef void* memory
    if pages > store.pages_capacity:
        capacity = pages + (pages >> 1) + 3
        if grow(<void**>&store.pages, store.pages_capacity, capacity, sizeof(char*)) or grow(
            <void**>&store.used[0], store.pages_capacity * PAGE_WORDS, capacity * PAGE_WORDS, sizeof(uint64_t)
        ):
            return -1
        store.pages_capacity = capacity
    while store.page_count < pages:
        memory = fresh(PAGE_ITEMS, store.item)
        if memory == NULL:
            return -1
        store.pages[store.page_count] = <char*>memory
        store.page_count += 1
    return 0


cdef int32_t store_take(Store* store) noexcept nogil:
    """Return the lowest free slot, zeroed; NONE at the limit. Room was reserved."""
    cdef int64_t index = store.hint
    cdef int32_t level = store.levels - 1
    if store.count >= store.limit:
        return NONE
    if ~store.used[0][index]:
        index = index * 64 + ctz64(~store.used[0][index])
        store_take_slot(store, <int32_t>index)
        return <int32_t>index
    index = 0
    while level >= 0:
        index = index * 64 + ctz64(~store.used[level][index])
        level -= 1
    store.hint = <int32_t>(index >> 6)
    store_take_slot(store, <int32_t>index)
    return <int32_t>index


cdef void store_take_slot(Store* store, int32_t slot) noexcept nogil:
    """Take this free slot; its page was reserved."""
    cdef int64_t index = slot
    cdef int32_t level = 0
    check(not store_has(store, slot))
    memset(item_at(store, slot), 0, store.item)
    store.count += 1
    while level < store.levels:
        store.used[level][index >> 6] |= <uint64_t>1 << (index & 63)
        if ~store.used[level][index >> 6] != 0:
            return
        index >>= 6
        level += 1


cdef void store_give(Store* store, int32_t slot) noexcept nogil:
    """Give a slot back."""
    cdef int64_t index = slot
    cdef int32_t level = 0
    cdef bint was_full = True
    check(store_has(store, slot))
    store.count -= 1
    if slot >> 6 < store.hint:
        store.hint = slot >> 6
    while level < store.levels and was_full:
        was_full = ~store.used[level][index >> 6] == 0
        store.used[level][index >> 6] &= ~(<uint64_t>1 << (index & 63))
        index >>= 6
        level += 1


cdef bint store_has(Store* store, int32_t slot) noexcept nogil:
    """Say whether a slot is in use."""
    if slot < 0 or slot >> PAGE_BITS >= store.page_count:
        return False
    return (store.used[0][slot >> 6] >> (slot & 63)) & 1


cdef int32_t store_next(Store* store, int32_t slot) noexcept nogil:
    """Return the first slot in use at or after ``slot``, NONE without. O(slots)."""
    cdef int64_t words = <int64_t>store.page_count * PAGE_WORDS
    cdef int64_t index = slot >> 6
    cdef uint64_t word
    if index >= words:
        return NONE
    word = store.used[0][index] & (~<uint64_t>0 << (slot & 63))
    while word == 0:
        index += 1
        if index >= words:
            return NONE
        word = store.used[0][index]
    return <int32_t>(index * 64 + ctz64(word))


cdef int64_t store_bytes(Store* store) noexcept nogil:
    """Return the bytes held for records, page table and used bits."""
    return (
        <int64_t>store.page_count * PAGE_ITEMS * store.item
        + <int64_t>store.pages_capacity * (<int64_t>sizeof(char*) + PAGE_WORDS * 8)
    )


cdef int slots_reserve(Slots* slots, int32_t count) noexcept nogil:
    """Make sure that the list can hold ``count`` slots in all. Return -1 without memory."""
    cdef int32_t capacity = count + (count >> 1) + 16
    if count <= slots.capacity:
        return 0
    if grow(<void**>&slots.items, slots.capacity, capacity, sizeof(int32_t)):
        return -1
    slots.capacity = capacity
    return 0


cdef void slots_drop(Slots* slots, int32_t slot) noexcept nogil:
    """Take a slot out of a list, if it is there. O(slots)."""
    cdef int32_t at
    for at in range(slots.count):
        if slots.items[at] == slot:
            slots.count -= 1
            slots.items[at] = slots.items[slots.count]
            return


cdef void slots_append(Slots* slots, int32_t slot) noexcept nogil:
    """Append a slot; room was reserved."""
    check(slots.count < slots.capacity)
    slots.items[slots.count] = slot
    slots.count += 1
