"""The line that decides: the class × profile matrix, and the least pair of ROUTING section 5.

Order of pairs: tier, offer out, overdue, rank, credit, contact seq: one number, the contact's word with the rank put in
its gap; then the queue's select among agents. Three searches find the least pair that contains an agent, a contact or any
contact of a class. Each visits blocks of 64 heads and skips a block whose bound cannot beat the best found so far.
"""

from libc.string cimport memset

from ccroute.core.bars cimport bar_find
from ccroute.core.defs cimport (
    AVAILABLE, BAR_COOLDOWN, BAR_EXCLUDED, BAR_LEG, CONTACT_QUEUED, KIND_CHECKED, NONE, WHY_CAPACITY,
    WHY_CHANNEL_CLOSED, WHY_CHANNEL_MAX, WHY_CONTACT_STATE, WHY_COOLDOWN, WHY_EXCLUDED, WHY_LEG, WHY_MEMBERSHIP,
    WHY_NEXT_PRESENCE, WHY_OFFERS_MAX, WHY_OFFER_OUT, WHY_PRESENCE, WHY_QUEUE_PAUSED, Agent, Band, Bands, Blocks,
    Contact, ContactClass, Kind, Policy, Pool, agent_at, bar_at, contact_at, counts_at, ctz64, joined, pool_at,
    uint64_t,
)
from ccroute.core.line cimport Walk, walk_begin, walk_next
from ccroute.core.order cimport order_next
from ccroute.core.roster cimport compare_by, cost_for, has_room, idle_before
from ccroute.core.store cimport fresh, grow, release
from ccroute.core.waiting cimport aged

cdef extern from *:
    """
    #define CCROUTE_PAIR_TOP (~(ccroute_u128)0)
    """
    const u128 PAIR_TOP "CCROUTE_PAIR_TOP"

cdef enum:
    RANK_SHIFT = 78
    IDLE_NEVER = 9223372036854775807
    LIST_PER_BLOCK = 16           # a row with fewer bits set than this per block is read as a list


# ---- the matrix ------------------------------------------------------------------------------------------------


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
    for at in range(row.count):
        release(row.bands[at].bits)
        release(row.bands[at].slots)
    release(row.bands)
    row.bands = NULL
    row.count = 0


cdef int32_t rank_of(Floor* floor, int32_t class_slot, int32_t profile) noexcept nogil:
    """Return the rank at which a profile serves a class, 0 where it does not."""
    cdef Bands* row = &floor.classes[class_slot].row
    cdef int32_t at
    for at in range(row.count):
        if (row.bands[at].bits[profile >> 6] >> (profile & 63)) & 1:
            return row.bands[at].rank
    return 0


# ---- pairs -----------------------------------------------------------------------------------------------------


cdef bint pair_before(Pair* one, Pair* other) noexcept nogil:
    """Compare two pairs as far as contact and rank go."""
    if one.word != other.word:
        return one.word < other.word
    return one.seq < other.seq


cdef bint fits_class(Floor* floor, int32_t agent, ContactClass* one) noexcept nogil:
    """Say whether an agent has room for a class whose kind has no bit of its own."""
    cdef Kind kind
    kind.channel = one.channel
    kind.own_cost = one.own_cost
    kind.queue_cost = floor.queues[one.queue].cost
    kind.needs_slot = floor.queues[one.queue].mode != 0
    return has_room(floor, agent, &kind)


cdef inline u128 pair_word(Contact* contact, u128 shift, int32_t rank) noexcept nogil:
    return joined(contact.word_hi, contact.word_lo) - shift + (<u128>rank << RANK_SHIFT)


cdef int32_t first_unbarred(Floor* floor, int32_t class_slot, int32_t agent) noexcept nogil:
    """Return the first contact of a class that is not barred for an agent, NONE without. O(barred ones ahead)."""
    cdef int32_t at
    cdef Walk walk
    walk_begin(&floor.classes[class_slot].line, &walk)
    at = walk_next(floor, &walk)
    while at != NONE and contact_at(floor, at).bars and bar_find(floor, at, agent) != NONE:
        at = walk_next(floor, &walk)
    return at


cdef inline u128 shift_for(Floor* floor, int32_t block, int32_t rank) noexcept nogil:
    """Return what turns words of a block into places as of now, the rank put in its gap."""
    return <u128>aged(floor, floor.blocks.slope[block]) - (<u128>rank << RANK_SHIFT)


cdef inline void look_at(Floor* floor, Agent* agent, int32_t agent_slot, int32_t class_slot, u128 word, Pair* best) noexcept nogil:
    """Improve an agent's least pair by a class whose head, at ``word``, is not behind it. Contacts are read on a tie only."""
    cdef bint plain = agent.bars == 0 and floor.blocks.kind[class_slot >> 6] != KIND_CHECKED
    cdef int32_t head = NONE
    cdef Contact* contact
    if word == best.word or not plain:
        head = floor.classes[class_slot].line.first
    if not plain:
        if contact_at(floor, head).bars:
            head = first_unbarred(floor, class_slot, agent_slot)
            if head == NONE:
                return
            contact = contact_at(floor, head)
            word += joined(contact.word_hi, contact.word_lo) - floor.heads[class_slot]
        if floor.blocks.kind[class_slot >> 6] == KIND_CHECKED:
            if not fits_class(floor, agent_slot, &floor.classes[class_slot]):
                return
        if word > best.word:
            return
    if word == best.word:
        if best.contact == NONE:
            best.contact = floor.classes[best.class_slot].line.first
        if contact_at(floor, head).seq > contact_at(floor, best.contact).seq:
            return
    best.word = word
    best.class_slot = class_slot
    best.contact = head


cdef void look_along(Floor* floor, Agent* agent, int32_t agent_slot, Band* band, Pair* best) noexcept nogil:
    """Improve an agent's least pair by the classes of a short list, one by one."""
    cdef Blocks* blocks = &floor.blocks
    cdef int32_t slope = 0
    cdef u128 less = <u128>band.rank << RANK_SHIFT
    cdef u128 shift = 0 - less
    cdef u128 head
    cdef u128* heads = floor.heads
    cdef int32_t* slots = band.slots
    cdef int32_t at, class_slot
    for at in range(band.count):
        class_slot = slots[at]
        head = heads[class_slot]
        if head == PAIR_TOP or not (agent.mask >> blocks.kind[class_slot >> 6]) & 1:
            continue
        if blocks.slope[class_slot >> 6] != slope:
            slope = blocks.slope[class_slot >> 6]
            shift = <u128>aged(floor, slope) - less
        if head - shift <= best.word:
            look_at(floor, agent, agent_slot, class_slot, head - shift, best)


cdef void look_into(Floor* floor, Agent* agent, int32_t agent_slot, Band* band, int32_t block, Pair* best) noexcept nogil:
    """Improve an agent's least pair by the classes of a block, unless the block's bound says that none can."""
    cdef u128 shift = shift_for(floor, block, band.rank)
    cdef uint64_t bits = band.bits[block] & floor.blocks.open[block]
    cdef int32_t class_slot
    if floor.blocks.bound[block] - shift > best.word:
        return
    while bits:
        class_slot = block * 64 + ctz64(bits)
        bits &= bits - 1
        if floor.heads[class_slot] - shift <= best.word:
            look_at(floor, agent, agent_slot, class_slot, floor.heads[class_slot] - shift, best)


cdef int32_t promising(Floor* floor, Agent* agent, Band* band) noexcept nogil:
    """Return the block of a band with the least bound as of now, NONE where none is open to the agent."""
    cdef Blocks* blocks = &floor.blocks
    cdef int32_t block
    cdef int32_t found = NONE
    cdef u128 bound
    cdef u128 least = PAIR_TOP
    for block in range(blocks.count):
        if band.bits[block] & blocks.open[block] and (agent.mask >> blocks.kind[block]) & 1:
            bound = blocks.bound[block] - shift_for(floor, block, 0)
            if bound < least:
                least = bound
                found = block
    return found


cdef bint best_contact(Floor* floor, int32_t agent_slot, Pair* best) noexcept nogil:
    """Find the least pair of an agent. Return False where no contact is eligible for it; ``best.agent`` is the agent.

    By band of ranks. A profile that serves few classes compares their heads one by one; one that serves many visits blocks,
    the most promising first, and skips those whose bound cannot beat the best so far. O(min(classes served, blocks + heads
    in the blocks looked into)).
    """
    cdef Agent* agent = agent_at(floor, agent_slot)
    cdef Bands* row = &floor.profiles[agent.profile].row
    cdef Band* band
    cdef int32_t at, block, first, class_before
    best.word = PAIR_TOP
    best.class_slot = NONE
    best.contact = NONE
    best.agent = agent_slot
    if floor.blocks.open_classes == 0:
        return False
    for at in range(row.count):
        band = &row.bands[at]
        class_before = best.class_slot
        if band.count <= LIST_PER_BLOCK * floor.blocks.count:
            look_along(floor, agent, agent_slot, band, best)
        else:
            first = promising(floor, agent, band)
            if first != NONE:
                look_into(floor, agent, agent_slot, band, first, best)
            for block in range(floor.blocks.count):
                if band.bits[block] & floor.blocks.open[block] and (agent.mask >> floor.blocks.kind[block]) & 1:
                    if block != first:
                        look_into(floor, agent, agent_slot, band, block, best)
        if best.class_slot != class_before:
            best.rank = band.rank
    if best.class_slot == NONE:
        return False
    if best.contact == NONE:
        best.contact = floor.classes[best.class_slot].line.first
    best.seq = contact_at(floor, best.contact).seq
    return True


# ---- agents of a contact ---------------------------------------------------------------------------------------


cdef int32_t first_of_pool(Floor* floor, Pool* pool, int32_t order, int32_t contact, ContactClass* one) noexcept nogil:
    """Return the first agent of a pool that may take a contact, in an order, NONE without. O(agents barred ahead)."""
    cdef int32_t at = pool.roots[order].first      # NONE where the pool is kept empty
    cdef bint is_barred = contact_at(floor, contact).bars != 0
    cdef bint is_checked = one.kind == KIND_CHECKED
    if not is_barred and not is_checked:
        return at
    while at != NONE and (
        (is_barred and agent_at(floor, at).bars and bar_find(floor, contact, at) != NONE)
        or (is_checked and not fits_class(floor, at, one))
    ):
        at = order_next(&floor.idle[order], at)
    return at


cdef int32_t first_of_profile(Floor* floor, int32_t profile, int32_t contact, ContactClass* one) noexcept nogil:
    """Return the agent of a profile idle longest (tie: lower seq) that may take a contact, NONE without. O(pools)."""
    cdef int32_t at = floor.profiles[profile].first_pool
    cdef int32_t best = NONE
    cdef int32_t agent
    cdef Pool* pool
    while at != NONE:
        pool = pool_at(floor, at)
        at = pool.next
        if (pool.mask >> one.kind) & 1:
            agent = first_of_pool(floor, pool, 0, contact, one)
            if agent != NONE and (best == NONE or idle_before(floor, 0, agent, best)):
                best = agent
    return best


cdef struct Idle:                 # the agent idle longest found so far
    int64_t since
    int32_t profile
    int32_t agent                 # NONE: the first of the profile


cdef inline void look_at_profile(
    Floor* floor, int32_t contact, ContactClass* one, bint plain, int32_t profile, int64_t since, Idle* best
) noexcept nogil:
    """Improve the longest idle by a profile whose head is not behind it. Agents are read on a tie, or if bars may matter."""
    cdef int32_t agent = NONE
    if not plain or (since == best.since and best.profile != NONE):
        agent = first_of_profile(floor, profile, contact, one)
        if agent == NONE:
            return
        if best.profile != NONE and best.agent == NONE:
            best.agent = first_of_profile(floor, best.profile, contact, one)
        if best.agent != NONE and idle_before(floor, 0, best.agent, agent):
            return
    best.agent = agent
    best.profile = profile
    best.since = since if plain else agent_at(floor, agent).idle_since


cdef int32_t idle_longest(Floor* floor, int32_t contact, ContactClass* one, Band* band) noexcept nogil:
    """Return the agent of a band idle longest (tie: lower seq) that may take a contact, NONE without.

    A class that few profiles serve compares their heads one by one; else blocks whose bound cannot beat the best so far are
    skipped. O(min(profiles served by, blocks + heads in the blocks looked into)).
    """
    cdef Kind* kind = &floor.kinds[one.kind]
    cdef bint plain = contact_at(floor, contact).bars == 0 and one.kind != KIND_CHECKED
    cdef int32_t blocks = (floor.profile_count + 63) >> 6
    cdef int32_t at, profile
    cdef int32_t* slots = band.slots
    cdef int64_t* heads = kind.heads
    cdef uint64_t bits
    cdef Idle best
    best.since = IDLE_NEVER
    best.profile = NONE
    best.agent = NONE
    if band.count <= LIST_PER_BLOCK * blocks:
        for at in range(band.count):
            profile = slots[at]
            if heads[profile] <= best.since and heads[profile] != IDLE_NEVER:
                look_at_profile(floor, contact, one, plain, profile, heads[profile], &best)
    else:
        for at in range(blocks):
            if kind.bound[at] > best.since:
                continue
            bits = band.bits[at] & kind.available[at]
            while bits:
                profile = at * 64 + ctz64(bits)
                bits &= bits - 1
                if heads[profile] <= best.since:
                    look_at_profile(floor, contact, one, plain, profile, heads[profile], &best)
    if best.agent == NONE and best.profile != NONE:
        best.agent = first_of_profile(floor, best.profile, contact, one)
    return best.agent


cdef int32_t selected(Floor* floor, int32_t contact, ContactClass* one, uint64_t* row) noexcept nogil:
    """Return the agent of a row that the queue's select puts first, NONE without. O(pools), or O(agents) where it scans."""
    cdef Kind* kind = &floor.kinds[one.kind]
    cdef int32_t select = floor.queues[one.queue].select
    cdef int32_t order = floor.selects[select].order
    cdef int32_t scores = contact_at(floor, contact).scores
    cdef int32_t block, at, agent
    cdef int32_t best = NONE
    cdef uint64_t bits
    cdef Pool* pool
    for block in range((floor.profile_count + 63) >> 6):
        bits = row[block] & kind.available[block]
        while bits:
            at = floor.profiles[block * 64 + ctz64(bits)].first_pool
            bits &= bits - 1
            while at != NONE:
                pool = pool_at(floor, at)
                at = pool.next
                if not (pool.mask >> one.kind) & 1:
                    continue
                agent = first_of_pool(floor, pool, order if order != NONE else 0, contact, one)
                while agent != NONE:
                    if best == NONE or compare_by(floor, select, contact_at(floor, contact).class_slot, scores, agent, best) < 0:
                        best = agent
                    if order != NONE:
                        break
                    agent = next_allowed(floor, agent, contact, one)
    return best


cdef int32_t next_allowed(Floor* floor, int32_t agent, int32_t contact, ContactClass* one) noexcept nogil:
    """Return the next agent of a pool that may take a contact, NONE behind the last."""
    agent = order_next(&floor.idle[0], agent)
    while agent != NONE and (
        bar_find(floor, contact, agent) != NONE or (one.kind == KIND_CHECKED and not fits_class(floor, agent, one))
    ):
        agent = order_next(&floor.idle[0], agent)
    return agent


cdef bint best_agent(Floor* floor, int32_t contact_slot, Pair* best) noexcept nogil:
    """Find the least pair of a contact that waits. Return False where no agent is eligible for it."""
    cdef Contact* contact = contact_at(floor, contact_slot)
    cdef ContactClass* one = &floor.classes[contact.class_slot]
    cdef Bands* row = &one.row
    cdef int32_t band, agent
    if floor.kinds[one.kind].available_count == 0:
        return False
    for band in range(row.count):
        if floor.queues[one.queue].select == 0:
            agent = idle_longest(floor, contact_slot, one, &row.bands[band])
        else:
            agent = selected(floor, contact_slot, one, row.bands[band].bits)
        if agent != NONE:
            best.word = pair_word(contact, <u128>aged(floor, floor.queues[one.queue].ageing), row.bands[band].rank)
            best.seq = contact.seq
            best.contact = contact_slot
            best.class_slot = contact.class_slot
            best.agent = agent
            best.rank = row.bands[band].rank
            return True
    return False


cdef bint best_of_class(Floor* floor, int32_t class_slot, Pair* best) noexcept nogil:
    """Find the least pair of a class. Return False where none of its contacts has an eligible agent.

    Contacts with bars can only have fewer agents than one without, so the walk ends at the first without.
    """
    cdef ContactClass* one = &floor.classes[class_slot]
    cdef int32_t at
    cdef bint is_found = False
    cdef Pair pair
    cdef Walk walk
    if one.line.first == NONE or floor.kinds[one.kind].available_count == 0 or floor.queues[one.queue].paused:
        return False
    walk_begin(&one.line, &walk)
    at = walk_next(floor, &walk)
    while at != NONE:
        if best_agent(floor, at, &pair) and (not is_found or pair_before(&pair, best)):
            best[0] = pair
            is_found = True
        if contact_at(floor, at).bars == 0:
            break
        at = walk_next(floor, &walk)
    return is_found


# ---- why not ---------------------------------------------------------------------------------------------------


cdef int64_t why_not(Floor* floor, int32_t contact_slot, int32_t agent_slot) noexcept nogil:
    """Return the rules of section 4 that keep an agent from a contact, as WhyNot bits; requirement aside."""
    cdef Contact* contact = contact_at(floor, contact_slot)
    cdef Agent* agent = agent_at(floor, agent_slot)
    cdef Policy* policy = &floor.policies[agent.policy]
    cdef int32_t queue_cost = floor.queues[contact.queue].cost
    cdef int32_t bar = bar_find(floor, contact_slot, agent_slot)
    cdef int64_t why = 0
    if contact.state != CONTACT_QUEUED:
        why |= WHY_CONTACT_STATE
    if contact.offers_out:
        why |= WHY_OFFER_OUT
    if floor.queues[contact.queue].paused:
        why |= WHY_QUEUE_PAUSED
    if agent.presence != AVAILABLE:
        why |= WHY_PRESENCE
    if agent.next_presence != NONE:
        why |= WHY_NEXT_PRESENCE
    if floor.queues[contact.queue].mode != 0 and agent.pending >= agent.offers_max:
        why |= WHY_OFFERS_MAX
    if rank_of(floor, contact.class_slot, agent.profile) == 0:
        why |= WHY_MEMBERSHIP
    if bar != NONE:
        if bar_at(floor, bar).why & BAR_EXCLUDED:
            why |= WHY_EXCLUDED
        if bar_at(floor, bar).why & BAR_COOLDOWN:
            why |= WHY_COOLDOWN
        if bar_at(floor, bar).why & BAR_LEG:
            why |= WHY_LEG
    if not (policy.open >> contact.channel) & 1:
        why |= WHY_CHANNEL_CLOSED
    if policy.max[contact.channel] != NONE and counts_at(floor, agent_slot)[contact.channel] >= policy.max[contact.channel]:
        why |= WHY_CHANNEL_MAX
    if agent.taken + cost_for(floor, agent, contact.channel, contact.own_cost, queue_cost) > agent.capacity:
        why |= WHY_CAPACITY
    return why
