"""Waiting contacts: classes, each in the order of ROUTING section 5, and the heads of the classes.

The place of a contact among those of its class never changes while it waits, because the credit of all of them grows
alike. It is one 120-bit number, its *word*, the least first:

    bits 88..119  2^31 - 1 - tier
    bit  87       an offer is out
    bit  86       not overdue
    bits 78..85   left free for the rank, which hangs on the agent
    bits 0..77    ageing * place_at - 1000 * head_start + 2^77

Less ``ageing * now``, words of different slopes compare exactly. Equal words: earlier contact seq.
"""

from libc.string cimport memset

from ccroute.core.defs cimport (
    CONTACTS_TOP,
    CONTACT_QUEUED, LINE_CLASS, LINE_COMPANION, LINE_NONE, MODE_MANUAL, NONE, Blocks, ContactClass,
    Contact, Extra, Queue, contact_at, ctz64, extra_at, int32_t, int64_t, is_aside, joined, u128, uint64_t, uint8_t, waits,
)
from ccroute.core.line cimport line_clear, line_enter, line_leave, line_open
from ccroute.core.store cimport grow, release, slots_append, slots_reserve, store_close, store_next, store_open

cdef enum:
    TIER_TOP = 2147483647
    BLOCKS_FIRST = 4


cdef extern from *:
    """
    #define CCROUTE_KEY_BIAS ((ccroute_u128)1 << 77)
    #define CCROUTE_WORD_TOP (~(ccroute_u128)0)
    """
    const u128 KEY_BIAS "CCROUTE_KEY_BIAS"
    const u128 WORD_TOP "CCROUTE_WORD_TOP"


cdef int waiting_open(Floor* floor, int32_t contacts_max, int32_t classes_max) noexcept nogil:
    """Begin without contacts and classes. Return -1 without memory."""
    cdef int32_t blocks = classes_max // 64 + 1
    floor.first_ended = NONE
    floor.last_ended = NONE
    floor.next_contact_seq = 1
    line_open(floor)
    # One block of each slope and kind may be part empty; the host counts classes, this bounds the blocks.
    floor.blocks.capacity = 0
    # The limit may be moved later; what is kept by slot reaches as far as it ever may.
    if store_open(&floor.contacts, sizeof(Contact), CONTACTS_TOP):
        return -1
    floor.contacts.limit = contacts_max
    return blocks_reserve(floor, blocks if blocks < BLOCKS_FIRST else BLOCKS_FIRST)


cdef void waiting_close(Floor* floor) noexcept nogil:
    """Give all memory back."""
    cdef int32_t slot
    for slot in range(floor.blocks.capacity * 64):
        class_close(floor, slot)
    store_close(&floor.contacts)
    release(floor.blocks.taken)
    release(floor.blocks.open)
    release(floor.blocks.bound)
    release(floor.blocks.slope)
    release(floor.blocks.kind)
    release(floor.classes)
    release(floor.heads)
    release(floor.dirty_classes.items)
    release(floor.preempting.items)
    release(floor.sociable.items)
    floor.sociable.items = NULL
    floor.preempting.items = NULL
    floor.dirty_classes.items = NULL
    memset(&floor.blocks, 0, sizeof(Blocks))
    floor.classes = NULL
    floor.heads = NULL


cdef int blocks_reserve(Floor* floor, int32_t wanted) noexcept nogil:
    """Make room for this many blocks, profiles' rows included. Return -1 without memory."""
    cdef Blocks* blocks = &floor.blocks
    cdef int32_t old = blocks.capacity
    cdef int32_t profile, band
    if wanted <= old:
        return 0
    wanted = wanted if wanted > 2 * old else 2 * old
    for profile in range(floor.profile_count):
        for band in range(floor.profiles[profile].row.count):
            if grow(<void**>&floor.profiles[profile].row.bands[band].bits, old, wanted, sizeof(uint64_t)):
                return -1
    if (
        grow(<void**>&blocks.taken, old, wanted, sizeof(uint64_t))
        or grow(<void**>&blocks.open, old, wanted, sizeof(uint64_t))
        or grow(<void**>&blocks.bound, old, wanted, sizeof(u128))
        or grow(<void**>&blocks.slope, old, wanted, sizeof(int32_t))
        or grow(<void**>&blocks.kind, old, wanted, sizeof(uint8_t))
        or grow(<void**>&floor.classes, old * 64, wanted * 64, sizeof(ContactClass))
        or grow(<void**>&floor.heads, old * 64, wanted * 64, sizeof(u128))
    ):
        return -1
    if slots_reserve(&floor.dirty_classes, wanted * 64):
        return -1
    blocks.capacity = wanted
    return 0


cdef int32_t free_class(Floor* floor, int32_t slope, int32_t kind) noexcept nogil:
    """Return a free slot in a block of this slope and kind, begun where there is none; NONE without memory."""
    cdef Blocks* blocks = &floor.blocks
    cdef int32_t block
    for block in range(blocks.count):
        if blocks.slope[block] == slope and blocks.kind[block] == kind and ~blocks.taken[block]:
            return block * 64 + ctz64(~blocks.taken[block])
    for block in range(blocks.count):
        if blocks.taken[block] == 0:
            break
    else:
        block = blocks.count
        if blocks_reserve(floor, block + 1):
            return NONE
        blocks.count += 1
    blocks.slope[block] = slope
    blocks.kind[block] = <uint8_t>kind
    blocks.bound[block] = WORD_TOP
    return block * 64


cdef int32_t class_open(Floor* floor, int32_t queue, int32_t channel, int32_t own_cost, int32_t kind) noexcept nogil:
    """Begin a class without contacts and without a row; NONE without memory."""
    cdef int32_t slot = free_class(floor, floor.queues[queue].ageing, kind)
    cdef ContactClass* one
    if slot == NONE:
        return NONE
    floor.blocks.taken[slot >> 6] |= <uint64_t>1 << (slot & 63)
    one = &floor.classes[slot]
    memset(one, 0, sizeof(ContactClass))
    line_clear(&one.line)
    one.queue = queue
    one.channel = channel
    one.own_cost = own_cost
    one.kind = kind
    one.first_stage = slot
    one.next_stage = NONE
    one.companion = NONE
    one.preempts = floor.queues[queue].preempt != 0
    one.in_use = 1
    floor.heads[slot] = WORD_TOP
    floor.class_count += 1
    return slot


cdef void class_close(Floor* floor, int32_t slot) noexcept nogil:
    """Free a class without contacts; the bits of profiles' rows are the caller's."""
    cdef ContactClass* one = &floor.classes[slot]
    cdef int32_t band
    if not one.in_use:
        return
    for band in range(one.row.count):
        release(one.row.bands[band].bits)
        release(one.row.bands[band].slots)
    release(one.row.bands)
    release(one.skill_sums)
    release(one.scores)
    floor.blocks.taken[slot >> 6] &= ~(<uint64_t>1 << (slot & 63))
    memset(one, 0, sizeof(ContactClass))
    floor.class_count -= 1


cdef u128 word_of(Floor* floor, Contact* contact) noexcept nogil:
    """Return a contact's place, from its tier, place, head start and queue."""
    cdef int64_t slope = floor.queues[contact.queue].ageing
    cdef u128 word = <u128>(<i128>slope * contact.place_at - <i128>1000 * contact.head_start) + KEY_BIAS
    cdef uint64_t above = <uint64_t>(<int64_t>TIER_TOP - contact.tier) << 2 | (1 - contact.is_overdue)
    if contact.offers_out:
        above |= 2
    return word + (<u128>above << 86)


cdef void set_word(Floor* floor, Contact* contact) noexcept nogil:
    """Work out a contact's place and keep it."""
    cdef u128 word = word_of(floor, contact)
    contact.word_hi = <uint64_t>(word >> 64)
    contact.word_lo = <uint64_t>word


cdef void bound_again(Floor* floor, int32_t block) noexcept nogil:
    """Find the least head of a block. O(64)."""
    cdef uint64_t bits = floor.blocks.open[block]
    cdef u128* heads = floor.heads + block * 64
    cdef u128 least = WORD_TOP
    cdef int at
    while bits:
        at = ctz64(bits)
        bits &= bits - 1
        if heads[at] < least:
            least = heads[at]
    floor.blocks.bound[block] = least


cdef void class_show(Floor* floor, int32_t slot) noexcept nogil:
    """Bring the head of a class, its bit and its block's bound up to date."""
    cdef ContactClass* one = &floor.classes[slot]
    cdef int32_t block = slot >> 6
    cdef uint64_t bit = <uint64_t>1 << (slot & 63)
    cdef bint was_open = floor.blocks.open[block] & bit != 0
    cdef u128 old = floor.heads[slot]
    cdef u128 new = WORD_TOP
    cdef Contact* head
    cdef Queue* queue = &floor.queues[one.queue]
    if one.line.first != NONE and not queue.paused and queue.mode != MODE_MANUAL:
        head = contact_at(floor, one.line.first)
        new = joined(head.word_hi, head.word_lo)
        floor.blocks.open[block] |= bit
    else:
        floor.blocks.open[block] &= ~bit
    floor.heads[slot] = new
    floor.blocks.open_classes += (new != WORD_TOP) - <int32_t>was_open
    if new < floor.blocks.bound[block]:
        floor.blocks.bound[block] = new
    elif was_open and old == floor.blocks.bound[block] and new != old:
        bound_again(floor, block)


cdef void mark_class(Floor* floor, int32_t slot) noexcept nogil:
    """Have the decision look at a class."""
    if not floor.classes[slot].is_dirty:
        floor.classes[slot].is_dirty = 1
        slots_append(&floor.dirty_classes, slot)


cdef void class_enter(Floor* floor, int32_t slot) noexcept nogil:
    """Put a contact in its place in its class, or in the class's companion while offers of it are out."""
    set_word(floor, contact_at(floor, slot))
    mark_class(floor, class_join(floor, slot))


cdef int32_t class_join(Floor* floor, int32_t slot) noexcept nogil:
    """The same with the word set and nobody told; return the class."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t class_slot = contact.class_slot
    cdef ContactClass* one = &floor.classes[class_slot]
    contact.in_line = LINE_CLASS
    if contact.offers_out and one.companion != NONE:
        contact.in_line = LINE_COMPANION
        class_slot = one.companion
        one = &floor.classes[class_slot]
    line_enter(floor, &one.line, slot)
    floor.preempt_waiting += one.preempts
    if one.line.first == slot:
        class_show(floor, class_slot)
        one.tried = 0
    elif contact_at(floor, one.line.first).bars:
        one.tried = 0
    return class_slot


cdef void class_leave(Floor* floor, int32_t slot) noexcept nogil:
    """Take a contact out of the line it stands in."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t class_slot = contact.class_slot
    cdef ContactClass* one = &floor.classes[class_slot]
    cdef bint was_first
    if contact.in_line == LINE_COMPANION:
        class_slot = one.companion
        one = &floor.classes[class_slot]
    contact.in_line = LINE_NONE
    was_first = one.line.first == slot
    line_leave(floor, &one.line, slot)
    floor.preempt_waiting -= one.preempts
    one.tried = 0
    if floor.is_deferred:
        # Who was spared for this contact may now give way to another.
        floor.tries += 1
        floor.is_deferred = 0
    if was_first:
        class_show(floor, class_slot)


cdef int64_t waited_by(Floor* floor, Contact* contact) noexcept nogil:
    """Return how long a contact was queued or offered so far, microseconds; parked with a running clock counts too."""
    if contact.state == CONTACT_QUEUED:
        return floor.now - contact.waited
    if is_aside(contact) and extra_at(floor, contact.extra).clock_runs:
        return floor.now - contact.waited
    return contact.waited


cdef int64_t place_in_line(Floor* floor, int32_t slot) noexcept nogil:
    """Return the place of a waiting contact in its queue, 1 is first; ranks aside. O(contacts)."""
    cdef int32_t at = store_next(&floor.contacts, 0)
    cdef Contact* one = contact_at(floor, slot)
    cdef Contact* other
    cdef u128 own = aged_word(floor, one)
    cdef u128 word
    cdef int64_t place = 1
    while at != NONE:
        other = contact_at(floor, at)
        if at != slot and other.queue == one.queue and waits(other):
            word = aged_word(floor, other)
            place += word < own or (word == own and other.seq < one.seq)
        at = store_next(&floor.contacts, at + 1)
    return place


cdef u128 aged_word(Floor* floor, Contact* contact) noexcept nogil:
    """Return a contact's place as of now, so that contacts of all queues compare, offered or not."""
    cdef u128 offered = <u128>1 << 87 if contact.offers_out else 0
    return word_of(floor, contact) - offered - <u128>aged(floor, floor.queues[contact.queue].ageing)


cdef int64_t place_now(Floor* floor, Contact* contact) noexcept nogil:
    """Return the place of a contact, moved on where it is aside with its clock stopped."""
    cdef Extra* extra
    if is_aside(contact):
        extra = extra_at(floor, contact.extra)
        if not extra.clock_runs:
            return contact.place_at + floor.now - extra.parked_at
    return contact.place_at
