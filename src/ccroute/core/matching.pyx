"""The line that decides: the least pair of ROUTING section 5.

Order of pairs: tier, offer out, overdue, rank, credit, contact seq: one number, the contact's word with the rank put in
its gap, or above all where ranks come first; then nothing to set aside; then the queue's select among agents. Three
searches find the least pair that contains an agent, a contact or any contact of a class. Each visits blocks of 64 heads
and skips a block whose bound cannot beat the best found so far.
"""

from ccroute.core.bars cimport is_barred
from ccroute.core.defs cimport (
    KIND_CHECKED, NONE, Agent, Band, Bands, Blocks, Contact, ContactClass, Course, Kind, Pool, agent_at, contact_at,
    course_of, ctz64, joined, pool_at, uint64_t,
)
from ccroute.core.eligible cimport Passed, first_fitting, has_company, is_passed_over
from ccroute.core.line cimport Walk, walk_begin, walk_next
from ccroute.core.order cimport order_next
from ccroute.core.roster cimport compare_by, idle_before
from ccroute.core.room cimport Aside, can_take
from ccroute.core.waiting cimport aged

cdef extern from *:
    """
    #define CCROUTE_PAIR_TOP (~(ccroute_u128)0)
    """
    const u128 PAIR_TOP "CCROUTE_PAIR_TOP"

cdef enum:
    IDLE_NEVER = 9223372036854775807
    LIST_PER_BLOCK = 16           # a row with fewer bits set than this per block is read as a list
    PASSED_MAX = 64


# ---- pairs -----------------------------------------------------------------------------------------------------


cdef bint pair_before(Pair* one, Pair* other) noexcept nogil:
    """Compare two pairs as far as contact and rank go."""
    if one.word != other.word:
        return one.word < other.word
    return one.seq < other.seq


cdef inline u128 rank_part(Floor* floor, int32_t rank) noexcept nogil:
    return <u128>rank << floor.rank_shift


cdef inline u128 shift_for(Floor* floor, int32_t block, int32_t rank) noexcept nogil:
    """Return what turns words of a block into places as of now, the rank put in its gap."""
    return <u128>aged(floor, floor.blocks.slope[block]) - rank_part(floor, rank)


cdef inline void look_at(
    Floor* floor, Agent* agent, int32_t agent_slot, int32_t class_slot, u128 word, Passed* passed, Pair* best
) noexcept nogil:
    """Improve an agent's least pair by a class whose head, at ``word``, is not behind it. Contacts are read on a tie only."""
    cdef int kind = floor.blocks.kind[class_slot >> 6]
    cdef bint plain = agent.bars == 0 and kind != KIND_CHECKED and (agent.mask >> kind) & 1 and passed == NULL
    cdef int32_t head = NONE
    cdef Contact* contact
    if not plain:
        head = first_fitting(floor, class_slot, agent_slot, passed)
        if head == NONE:
            return
        contact = contact_at(floor, head)
        word += joined(contact.word_hi, contact.word_lo) - floor.heads[class_slot]
        if word > best.word:
            return
    if word == best.word:
        if head == NONE:
            head = floor.classes[class_slot].line.first
        if best.contact == NONE:
            best.contact = floor.classes[best.class_slot].line.first
        if contact_at(floor, head).seq > contact_at(floor, best.contact).seq:
            return
    best.word = word
    best.class_slot = class_slot
    best.contact = head


cdef void look_along(Floor* floor, Agent* agent, int32_t agent_slot, Band* band, Passed* passed, Pair* best) noexcept nogil:
    """Improve an agent's least pair by the classes of a short list, one by one."""
    cdef Blocks* blocks = &floor.blocks
    cdef int32_t slope = 0
    cdef u128 less = rank_part(floor, band.rank)
    cdef u128 shift = 0 - less
    cdef u128 head
    cdef u128* heads = floor.heads
    cdef int32_t* slots = band.slots
    cdef int32_t at, class_slot
    for at in range(band.count):
        class_slot = slots[at]
        head = heads[class_slot]
        if head == PAIR_TOP or not (agent.mask >> blocks.kind[class_slot >> 6]) & floor.kind_bits:
            continue
        if blocks.slope[class_slot >> 6] != slope:
            slope = blocks.slope[class_slot >> 6]
            shift = <u128>aged(floor, slope) - less
        if head - shift <= best.word:
            look_at(floor, agent, agent_slot, class_slot, head - shift, passed, best)


cdef void look_into(Floor* floor, Agent* agent, int32_t agent_slot, Band* band, int32_t block, Passed* passed, Pair* best) noexcept nogil:
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
            look_at(floor, agent, agent_slot, class_slot, floor.heads[class_slot] - shift, passed, best)


cdef int32_t promising(Floor* floor, Agent* agent, Band* band) noexcept nogil:
    """Return the block of a band with the least bound as of now, NONE where none is open to the agent."""
    cdef Blocks* blocks = &floor.blocks
    cdef int32_t block
    cdef int32_t found = NONE
    cdef u128 bound
    cdef u128 least = PAIR_TOP
    for block in range(blocks.count):
        if band.bits[block] & blocks.open[block] and (agent.mask >> blocks.kind[block]) & floor.kind_bits:
            bound = blocks.bound[block] - shift_for(floor, block, 0)
            if bound < least:
                least = bound
                found = block
    return found


cdef bint best_among(Floor* floor, int32_t agent_slot, Passed* passed, Pair* best) noexcept nogil:
    """Find the least pair of an agent, as if what was passed over were not there. Return False where there is none.

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
            look_along(floor, agent, agent_slot, band, passed, best)
        else:
            first = promising(floor, agent, band)
            if first != NONE:
                look_into(floor, agent, agent_slot, band, first, passed, best)
            for block in range(floor.blocks.count):
                if band.bits[block] & floor.blocks.open[block] and (agent.mask >> floor.blocks.kind[block]) & floor.kind_bits:
                    if block != first:
                        look_into(floor, agent, agent_slot, band, block, passed, best)
        if best.class_slot != class_before:
            best.rank = band.rank
    if best.class_slot == NONE:
        return False
    if best.contact == NONE:
        best.contact = floor.classes[best.class_slot].line.first
    best.seq = contact_at(floor, best.contact).seq
    return True


cdef bint best_contact(Floor* floor, int32_t agent_slot, Pair* best) noexcept nogil:
    """Find the least pair of an agent that is not passed over. Return False where no contact is eligible for it."""
    cdef Passed passed
    cdef Contact* contact
    if not best_among(floor, agent_slot, NULL, best):
        return False
    passed.count = 0
    while floor.interrupted and is_passed_over(floor, best.contact, agent_slot):
        # Channels interrupt each other without circle, so something of the tier is left in the end.
        contact = contact_at(floor, best.contact)
        if passed.count == PASSED_MAX:
            return False
        passed.channels[passed.count] = contact.channel
        passed.tiers[passed.count] = contact.tier
        passed.count += 1
        if not best_among(floor, agent_slot, &passed, best):
            return False
    return True


# ---- agents of a contact ---------------------------------------------------------------------------------------


cdef struct Search:               # agents for one contact
    int32_t contact
    ContactClass* one
    int32_t kind                  # of agents looked at
    bint is_barred                # the contact has bars
    bint is_checked               # room is worked out agent by agent
    bint by_aside                 # only where something must be set aside; else only where nothing must
    bint may_be_passed            # agents may have to pass the contact over


cdef bint allows(Floor* floor, Search* search, int32_t agent) noexcept nogil:
    """Say whether an agent of a pool that is looked at may take the contact."""
    cdef Aside aside
    if search.is_barred and is_barred(floor, search.contact, agent):
        return False
    if search.is_checked:
        if not can_take(floor, search.contact, agent, &aside) or (aside.count != 0) != search.by_aside:
            return False
    if search.may_be_passed and is_passed_over(floor, search.contact, agent):
        floor.was_passed = 1
        return False
    return True


cdef inline bint is_plain(Search* search) noexcept nogil:
    return not (search.is_barred or search.is_checked or search.may_be_passed)


cdef int32_t first_of_pool(Floor* floor, Search* search, Pool* pool, int32_t order) noexcept nogil:
    """Return the first agent of a pool that may take the contact, in an order, NONE without. O(agents refused ahead)."""
    cdef int32_t at = pool.roots[order].first      # NONE where the pool is kept empty
    if is_plain(search):
        return at
    while at != NONE and not allows(floor, search, at):
        at = order_next(&floor.idle[order], at)
    return at


cdef int32_t first_of_profile(Floor* floor, Search* search, int32_t profile) noexcept nogil:
    """Return the agent of a profile idle longest (tie: lower seq) that may take the contact, NONE without. O(pools)."""
    cdef int32_t at = floor.profiles[profile].first_pool
    cdef int32_t best = NONE
    cdef int32_t agent
    cdef Pool* pool
    while at != NONE:
        pool = pool_at(floor, at)
        at = pool.next
        if (pool.mask >> search.kind) & 1:
            agent = first_of_pool(floor, search, pool, 0)
            if agent != NONE and (best == NONE or idle_before(floor, 0, agent, best)):
                best = agent
    return best


cdef struct Idle:                 # the agent idle longest found so far
    int64_t since
    int32_t profile
    int32_t agent                 # NONE: the first of the profile


cdef inline void look_at_profile(
    Floor* floor, Search* search, bint plain, int32_t profile, int64_t since, Idle* best
) noexcept nogil:
    """Improve the longest idle by a profile whose head is not behind it. Agents are read on a tie, or if bars may matter."""
    cdef int32_t agent = NONE
    if not plain or (since == best.since and best.profile != NONE):
        agent = first_of_profile(floor, search, profile)
        if agent == NONE:
            return
        if best.profile != NONE and best.agent == NONE:
            best.agent = first_of_profile(floor, search, best.profile)
        if best.agent != NONE and idle_before(floor, 0, best.agent, agent):
            return
    best.agent = agent
    best.profile = profile
    best.since = since if plain else agent_at(floor, agent).idle_since


cdef int32_t idle_longest(Floor* floor, Search* search, Band* band) noexcept nogil:
    """Return the agent of a band idle longest (tie: lower seq) that may take the contact, NONE without.

    A class that few profiles serve compares their heads one by one; else blocks whose bound cannot beat the best so far are
    skipped. O(min(profiles served by, blocks + heads in the blocks looked into)).
    """
    cdef Kind* kind = &floor.kinds[search.kind]
    cdef bint plain = is_plain(search)
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
                look_at_profile(floor, search, plain, profile, heads[profile], &best)
    else:
        for at in range(blocks):
            if kind.bound[at] > best.since:
                continue
            bits = band.bits[at] & kind.available[at]
            while bits:
                profile = at * 64 + ctz64(bits)
                bits &= bits - 1
                if heads[profile] <= best.since:
                    look_at_profile(floor, search, plain, profile, heads[profile], &best)
    if best.agent == NONE and best.profile != NONE:
        best.agent = first_of_profile(floor, search, best.profile)
    return best.agent


cdef int32_t selected(Floor* floor, Search* search, Band* band) noexcept nogil:
    """Return the agent of a band that the queue's select puts first, NONE without. O(pools), or O(agents) where it scans."""
    cdef Kind* kind = &floor.kinds[search.kind]
    # Agents of one pool differ in what a slow contact says of them.
    cdef int32_t order = NONE if search.one.is_slow else floor.selects[floor.queues[search.one.queue].select].order
    cdef int32_t block, at, agent
    cdef int32_t best = NONE
    cdef uint64_t bits
    cdef Pool* pool
    for block in range((floor.profile_count + 63) >> 6):
        bits = band.bits[block] & kind.available[block]
        while bits:
            at = floor.profiles[block * 64 + ctz64(bits)].first_pool
            bits &= bits - 1
            while at != NONE:
                pool = pool_at(floor, at)
                at = pool.next
                if not (pool.mask >> search.kind) & 1:
                    continue
                agent = first_of_pool(floor, search, pool, order if order != NONE else 0)
                while agent != NONE:
                    best = chosen(floor, search, best, agent)
                    if order != NONE:
                        break
                    agent = next_allowed(floor, search, agent)
    return best


cdef int32_t chosen(Floor* floor, Search* search, int32_t one, int32_t other) noexcept nogil:
    """Return which of two agents the queue's select puts first; NONE comes last."""
    cdef Contact* contact = contact_at(floor, search.contact)
    cdef int32_t select = floor.queues[search.one.queue].select
    if one == NONE or other == NONE:
        return other if one == NONE else one
    if select == 0:
        return one if idle_before(floor, 0, one, other) else other
    return one if compare_by(floor, select, contact.class_slot, contact.extra, one, other) < 0 else other


cdef int32_t next_allowed(Floor* floor, Search* search, int32_t agent) noexcept nogil:
    """Return the next agent of a pool that may take the contact, NONE behind the last."""
    agent = order_next(&floor.idle[0], agent)
    while agent != NONE and not allows(floor, search, agent):
        agent = order_next(&floor.idle[0], agent)
    return agent


cdef inline int32_t first_in(Floor* floor, Search* search, Band* band) noexcept nogil:
    if floor.kinds[search.kind].available_count == 0:
        return NONE
    if floor.queues[search.one.queue].select == 0:
        return idle_longest(floor, search, band)
    return selected(floor, search, band)


cdef int32_t best_in_band(Floor* floor, Search* search, Band* band, Pair* best) noexcept nogil:
    """Return the agent of a band that comes first: one that need set nothing aside before one that must. NONE without."""
    cdef int32_t agent
    search.kind = search.one.kind
    search.is_checked = search.kind == KIND_CHECKED
    search.by_aside = False
    best.by_aside = False
    agent = first_in(floor, search, band)
    if not floor.suspends:
        return agent
    search.is_checked = True
    if search.kind != KIND_CHECKED:
        search.kind += 1
        agent = chosen(floor, search, agent, first_in(floor, search, band))
        search.kind += 1
    if agent == NONE:
        search.by_aside = True
        best.by_aside = True
        agent = first_in(floor, search, band)
    return agent


cdef bint has_takers(Floor* floor, int32_t kind) noexcept nogil:
    """Say whether any agent may have room for a kind."""
    if floor.kinds[kind].available_count:
        return True
    return kind != KIND_CHECKED and floor.suspends and (
        floor.kinds[kind + 1].available_count or floor.kinds[kind + 2].available_count
    )


cdef bint waits_in_vain(Floor* floor, int32_t contact) noexcept nogil:
    """Say whether a contact is kept for agents none of which has room for it now. O(preferred agents)."""
    cdef Course* course = course_of(floor, contact_at(floor, contact))
    cdef Aside aside
    cdef int32_t agent
    cdef int at
    for at in range(course.preferred_count):
        agent = course.preferred[at]
        if (course.kept >> at) & 1 and agent_at(floor, agent).pool != NONE and can_take(floor, contact, agent, &aside):
            return False
    return True


cdef bint best_agent(Floor* floor, int32_t contact_slot, bint needs_company, Pair* best) noexcept nogil:
    """Find the least pair of a contact that waits. Return False where no agent is eligible for it."""
    cdef Contact* contact = contact_at(floor, contact_slot)
    cdef ContactClass* one = &floor.classes[contact.class_slot]
    cdef Bands* row = &one.row
    cdef int32_t band, agent
    cdef Search search
    if not has_takers(floor, one.kind):
        return False
    # Else each that is kept for somebody busy would be held against all agents whenever one more is.
    if one.is_preferring and waits_in_vain(floor, contact_slot):
        return False
    if needs_company and not has_company(floor, contact_slot, 0, NONE):
        return False
    search.contact = contact_slot
    search.one = one
    search.is_barred = contact.bars != 0
    search.may_be_passed = (floor.interrupted >> contact.channel) & 1 and not floor.is_alone
    for band in range(row.count):
        agent = best_in_band(floor, &search, &row.bands[band], best)
        if agent != NONE:
            best.word = (
                joined(contact.word_hi, contact.word_lo)
                - <u128>aged(floor, floor.queues[one.queue].ageing)
                + rank_part(floor, row.bands[band].rank)
            )
            best.seq = contact.seq
            best.contact = contact_slot
            best.class_slot = contact.class_slot
            best.agent = agent
            best.rank = row.bands[band].rank
            return True
    return False


cdef bint best_of_class(Floor* floor, int32_t class_slot, Pair* best) noexcept nogil:
    """Find the least pair of a class. Return False where none of its contacts has an eligible agent.

    Contacts with bars can only have fewer agents than one without, and those of lower tier than those of higher, so the
    walk ends at the first without.
    """
    cdef ContactClass* one = &floor.classes[class_slot]
    cdef int32_t at
    cdef bint is_found = False
    cdef Pair pair
    cdef Walk walk
    if not (floor.blocks.open[class_slot >> 6] >> (class_slot & 63)) & 1 or not has_takers(floor, one.kind):
        return False
    walk_begin(&one.line, &walk)
    at = walk_next(floor, &walk)
    while at != NONE:
        if best_agent(floor, at, True, &pair) and (not is_found or pair_before(&pair, best)):
            best[0] = pair
            is_found = True
        if contact_at(floor, at).bars == 0:
            break
        at = walk_next(floor, &walk)
    return is_found
