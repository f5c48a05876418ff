"""The class × profile matrix: which profiles serve which classes, at which rank.

Kept from both sides, per rank as bits and as a list, so that a search reads whichever is shorter.
"""

from libc.string cimport memset

from ccroute.core.defs cimport Band, Bands, uint64_t
from ccroute.core.store cimport fresh, grow, release


cdef Band* band_for(Bands* row, int32_t rank, int32_t words) noexcept nogil:
    """Return the band of a rank, begun where there is none; NULL without memory."""
    cdef int32_t at = 0
    cdef int32_t down
    cdef void* memory
    while at < row.count and row.bands[at].rank < rank:
        at += 1
    if at < row.count and row.bands[at].rank == rank:
        return &row.bands[at]
    if grow(<void**>&row.bands, row.count, row.count + 1, sizeof(Band)):
        return NULL
    memory = fresh(words, sizeof(uint64_t))
    if memory == NULL:
        return NULL
    down = row.count
    while down > at:
        row.bands[down] = row.bands[down - 1]
        down -= 1
    memset(&row.bands[at], 0, sizeof(Band))
    row.bands[at].rank = rank
    row.bands[at].bits = <uint64_t*>memory
    row.count += 1
    return &row.bands[at]


cdef int band_set(Band* band, int32_t slot) noexcept nogil:
    """Set a bit of a band. Return -1 without memory, nothing changed."""
    cdef uint64_t bit = <uint64_t>1 << (slot & 63)
    cdef int32_t capacity
    if band.bits[slot >> 6] & bit:
        return 0
    if band.count == band.capacity:
        capacity = 2 * band.capacity + 4
        if grow(<void**>&band.slots, band.capacity, capacity, sizeof(int32_t)):
            return -1
        band.capacity = capacity
    band.slots[band.count] = slot
    band.count += 1
    band.bits[slot >> 6] |= bit
    return 0


cdef void band_clear(Band* band, int32_t slot) noexcept nogil:
    """Clear a bit of a band; clear is fine. O(bits set)."""
    cdef int32_t at = 0
    if not (band.bits[slot >> 6] >> (slot & 63)) & 1:
        return
    while band.slots[at] != slot:
        at += 1
    band.count -= 1
    band.slots[at] = band.slots[band.count]
    band.bits[slot >> 6] &= ~(<uint64_t>1 << (slot & 63))


cdef int row_set(Floor* floor, int32_t class_slot, int32_t profile, int32_t rank) noexcept nogil:
    """Say that agents of a profile serve contacts of a class at a rank. Return -1 without memory."""
    cdef Band* by_class = band_for(&floor.classes[class_slot].row, rank, floor.profile_capacity // 64)
    cdef Band* by_profile = band_for(&floor.profiles[profile].row, rank, floor.blocks.capacity)
    if by_class == NULL or by_profile == NULL:
        return -1
    return -1 if band_set(by_class, profile) or band_set(by_profile, class_slot) else 0


cdef void row_clear(Floor* floor, int32_t class_slot) noexcept nogil:
    """Take a class out of every profile's row and empty its own."""
    cdef Bands* row = &floor.classes[class_slot].row
    cdef int32_t profile, at
    for profile in range(floor.profile_count):
        for at in range(floor.profiles[profile].row.count):
            band_clear(&floor.profiles[profile].row.bands[at], class_slot)
    row_free(row)


cdef int32_t rank_of(Floor* floor, int32_t class_slot, int32_t profile) noexcept nogil:
    """Return the rank at which a profile serves a class, 0 where it does not."""
    cdef Bands* row = &floor.classes[class_slot].row
    cdef int32_t at
    for at in range(row.count):
        if (row.bands[at].bits[profile >> 6] >> (profile & 63)) & 1:
            return row.bands[at].rank
    return 0


cdef void rows_forget(Floor* floor) noexcept nogil:
    """Empty the rows of all classes; those of the profiles are forgotten with them."""
    cdef int32_t at
    for at in range(floor.blocks.count * 64):
        if floor.classes[at].in_use:
            row_free(&floor.classes[at].row)
            release(floor.classes[at].skill_sums)
            release(floor.classes[at].scores)
            floor.classes[at].skill_sums = NULL
            floor.classes[at].scores = NULL


cdef void row_free(Bands* row) noexcept nogil:
    """Free the bands of a row."""
    cdef int32_t at
    for at in range(row.count):
        release(row.bands[at].bits)
        release(row.bands[at].slots)
    release(row.bands)
    row.bands = NULL
    row.count = 0
