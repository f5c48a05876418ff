"""Agents: who can take what now, and in which order.

An agent's *mask* has a bit per kind of class it has room for at this moment. Agents of one profile and one mask stand in
one pool, in order of ``idle since`` and in every other order that some queue selects by; so a decision looks at the first
of each pool. An agent is taken out of its pool before anything that its place hangs on changes, and put back afterwards.
"""

from libc.string cimport memset

from ccroute.core.defs cimport (
    AGENTS_TOP, AVAILABLE, KIND_CHECKED, KIND_STEP, LEG_ACTIVE, NONE, SELECT_HANDLED, SELECT_IDLE, SELECT_LAST_OFFER,
    SELECT_LISTED, SELECT_LOAD, SELECT_SCORE, SELECT_SKILL_SUM, Agent, Extra, Kind, Leg, Links, Pool, Profile, Select, Store, agent_at,
    contact_at, ctz64, extra_at, int64_t, leg_at, offer_at, pool_at, uint64_t,
    uint8_t,
)
from ccroute.core.order cimport order_clear, order_insert, order_remove
from ccroute.core.room cimport has_room, may_have_room
from ccroute.core.store cimport (
    grow, release, slots_append, slots_reserve, store_close, store_give, store_next, store_open, store_reserve, store_take,
)

cdef enum:
    IDLE_NEVER = 9223372036854775807
    UNLISTED = 2147483647
    TIER_ABOVE_ALL = 2147483647


# ---- orders ----------------------------------------------------------------------------------------------------


cdef int64_t given_score(Floor* floor, int32_t extra, int32_t agent) noexcept nogil:
    cdef Extra* given
    cdef int32_t at
    if extra == NONE:
        return 0
    given = extra_at(floor, extra)
    for at in range(given.scores_count):
        if given.scored[at] == agent:
            return given.scores[at]
    return 0


cdef int64_t key_value(Floor* floor, Select* select, int32_t key, int32_t class_slot, int32_t extra, int32_t slot) noexcept nogil:
    """Return an agent's value of a key, so that in the natural direction the least comes first."""
    cdef Agent* agent = agent_at(floor, slot)
    if key == SELECT_IDLE:
        return agent.idle_since
    if key == SELECT_LAST_OFFER:
        return agent.last_offer
    if key == SELECT_HANDLED:
        return agent.handled
    if key == SELECT_SKILL_SUM:
        if extra != NONE and extra_at(floor, extra).sums != NULL:
            return -<int64_t>extra_at(floor, extra).sums[slot]
        return -floor.classes[class_slot].skill_sums[agent.profile]
    if key == SELECT_SCORE:
        return -floor.classes[class_slot].scores[agent.profile]
    if key == SELECT_LISTED:
        return select.listed[slot] if slot < select.listed_size else UNLISTED
    return -given_score(floor, extra, slot)


cdef int compare_by(
    Floor* floor, int32_t select, int32_t class_slot, int32_t extra, int32_t one, int32_t other
) noexcept nogil:
    """Return -1 if agent ``one`` is chosen before ``other`` by a queue's select, else 1. Ties: idle longest, agent seq.

    ``extra`` is that of the contact, NONE without.
    """
    cdef Select* by = &floor.selects[select]
    cdef Agent* a = agent_at(floor, one)
    cdef Agent* b = agent_at(floor, other)
    cdef int64_t x, y
    cdef int32_t at
    for at in range(by.count):
        if by.keys[at] == SELECT_LOAD:
            # Exact comparison of fractions: taken / capacity.
            x = <int64_t>a.taken * b.capacity
            y = <int64_t>b.taken * a.capacity
        else:
            x = key_value(floor, by, by.keys[at], class_slot, extra, one)
            y = key_value(floor, by, by.keys[at], class_slot, extra, other)
        if x != y:
            return -1 if (x < y) != by.reversed[at] else 1
    if a.idle_since != b.idle_since:
        return -1 if a.idle_since < b.idle_since else 1
    return -1 if a.seq < b.seq else 1


cdef bint idle_before(Floor* floor, int32_t which, int32_t one, int32_t other) noexcept nogil:
    """Compare two agents by idle since, then seq."""
    cdef Agent* a = agent_at(floor, one)
    cdef Agent* b = agent_at(floor, other)
    if a.idle_since != b.idle_since:
        return a.idle_since < b.idle_since
    return a.seq < b.seq


cdef bint agent_before(Floor* floor, int32_t which, int32_t one, int32_t other) noexcept nogil:
    """Compare two agents of one pool in a further order."""
    return compare_by(floor, floor.orders[which], NONE, NONE, one, other) < 0


cdef void open_orders(Floor* floor) noexcept nogil:
    """Say how the orders of pools are reached; order 0 is idle since."""
    cdef int32_t order
    for order in range(floor.order_count):
        floor.idle[order].floor = floor
        floor.idle[order].which = order
        if order == 0:
            floor.idle[order].store = &floor.agents
            floor.idle[order].offset = 0      # Agent.idle is the first field
            floor.idle[order].before = idle_before
        else:
            floor.idle[order].store = &floor.further
            floor.idle[order].offset = (order - 1) * <int32_t>sizeof(Links)
            floor.idle[order].before = agent_before


# ---- what an agent can take ------------------------------------------------------------------------------------


cdef uint64_t mask_of(Floor* floor, int32_t slot) noexcept nogil:
    """Return a bit per kind that an agent can take now.

    Where agents can be suspended a kind has three bits, of which at most one is set: there is room; there is room, but a
    suspended leg may come first; there may be room if something is set aside.
    """
    cdef Agent* agent = agent_at(floor, slot)
    cdef uint64_t mask = 0
    cdef int32_t kind = 0
    if agent.presence != AVAILABLE or agent.next_presence != NONE:
        return 0
    if not floor.suspends:
        for kind in range(floor.kind_count):
            if has_room(floor, slot, &floor.kinds[kind]):
                mask |= <uint64_t>1 << kind
    else:
        while kind < floor.kind_count:
            if has_room(floor, slot, &floor.kinds[kind]):
                mask |= <uint64_t>1 << (kind + 1 if agent.suspended else kind)
            elif may_have_room(floor, slot, &floor.kinds[kind]):
                mask |= <uint64_t>1 << (kind + 2)
            kind += KIND_STEP
    if floor.kinds[KIND_CHECKED].available != NULL:
        mask |= <uint64_t>1 << KIND_CHECKED
    return mask


cdef int32_t lowest_of(Floor* floor, Agent* agent) noexcept nogil:
    """Return the least tier among an agent's offers and the active legs that can be suspended."""
    cdef int32_t at = agent.first_offer
    cdef int32_t least = TIER_ABOVE_ALL
    cdef Leg* leg
    while at != NONE:
        if contact_at(floor, offer_at(floor, at).contact).tier < least:
            least = contact_at(floor, offer_at(floor, at).contact).tier
        at = offer_at(floor, at).next_of_agent
    at = agent.first_leg
    while at != NONE:
        leg = leg_at(floor, at)
        if leg.state == LEG_ACTIVE and floor.channels[leg.channel].suspendable:
            if contact_at(floor, leg.contact).tier < least:
                least = contact_at(floor, leg.contact).tier
        at = leg.next_of_agent
    return least


# ---- pools -----------------------------------------------------------------------------------------------------


cdef void profile_show_kind(Floor* floor, int32_t profile, int32_t kind_index) noexcept nogil:
    """Bring the head of a profile for one kind up to date, and the bound of its 64."""
    cdef Kind* kind = &floor.kinds[kind_index]
    cdef int32_t block = profile >> 6
    cdef uint64_t bit = <uint64_t>1 << (profile & 63)
    cdef int64_t least = IDLE_NEVER
    cdef int64_t old = kind.heads[profile]
    cdef int64_t idle
    cdef int32_t at = floor.profiles[profile].first_pool
    cdef Pool* pool
    cdef uint64_t bits
    while at != NONE:
        pool = pool_at(floor, at)
        if (pool.mask >> kind_index) & 1 and pool.roots[0].count:
            idle = agent_at(floor, pool.roots[0].first).idle_since
            if idle < least:
                least = idle
        at = pool.next
    kind.heads[profile] = least
    kind.available_count += (least != IDLE_NEVER) - (old != IDLE_NEVER)
    if least == IDLE_NEVER:
        kind.available[block] &= ~bit
    else:
        kind.available[block] |= bit
    if least < kind.bound[block]:
        kind.bound[block] = least
    elif old == kind.bound[block] and least != old:
        bits = kind.available[block]
        least = IDLE_NEVER
        while bits:
            idle = kind.heads[block * 64 + ctz64(bits)]
            bits &= bits - 1
            if idle < least:
                least = idle
        kind.bound[block] = least


cdef inline void profile_show(Floor* floor, int32_t profile, uint64_t mask) noexcept nogil:
    while mask:
        profile_show_kind(floor, profile, ctz64(mask))
        mask &= mask - 1


cdef int32_t pool_for(Floor* floor, int32_t profile, uint64_t mask) noexcept nogil:
    """Return the pool of a profile for a mask, begun where there is none. Room was reserved."""
    cdef int32_t at = floor.profiles[profile].first_pool
    cdef int32_t order
    cdef Pool* pool
    while at != NONE:
        pool = pool_at(floor, at)
        if pool.mask == mask:
            return at
        if pool.roots[0].count == 0:
            # The one that was kept empty serves as well.
            pool.mask = mask
            return at
        at = pool.next
    at = store_take(&floor.pools)
    pool = pool_at(floor, at)
    pool.mask = mask
    pool.profile = profile
    pool.next = floor.profiles[profile].first_pool
    floor.profiles[profile].first_pool = at
    for order in range(floor.order_count):
        order_clear(&pool.roots[order])
    return at


cdef void pool_close(Floor* floor, int32_t slot) noexcept nogil:
    """Free an empty pool, unless it is the only one of its profile, which is likely to be wanted again."""
    cdef Pool* pool = pool_at(floor, slot)
    cdef Profile* profile = &floor.profiles[pool.profile]
    cdef int32_t at = profile.first_pool
    if at == slot and pool.next == NONE:
        return
    if at == slot:
        profile.first_pool = pool.next
    else:
        while pool_at(floor, at).next != slot:
            at = pool_at(floor, at).next
        pool_at(floor, at).next = pool.next
    store_give(&floor.pools, slot)


cdef void agent_detach(Floor* floor, int32_t slot) noexcept nogil:
    """Take an agent out of its pool; its mask stays, for agent_attach to compare."""
    cdef Agent* agent = agent_at(floor, slot)
    cdef Pool* pool
    cdef int32_t order
    cdef bint was_first
    cdef uint64_t mask
    if agent.pool == NONE:
        return
    pool = pool_at(floor, agent.pool)
    was_first = pool.roots[0].first == slot
    for order in range(floor.order_count):
        order_remove(&floor.idle[order], &pool.roots[order], slot)
    mask = pool.mask
    if pool.roots[0].count == 0:
        pool_close(floor, agent.pool)
    agent.pool = NONE
    if was_first:
        profile_show(floor, agent.profile, mask)


cdef void agent_attach(Floor* floor, int32_t slot) noexcept nogil:
    """Put an agent into the pool of what it can take now; have the decision look at it if that is more than before."""
    cdef Agent* agent = agent_at(floor, slot)
    cdef uint64_t mask = mask_of(floor, slot)
    cdef Pool* pool
    cdef int32_t order
    if floor.unattached == slot:
        floor.unattached = NONE
    # Whether there is more room for the kinds that are worked out pair by pair, the mask does not tell.
    if mask & (~agent.mask | floor.checked_mask):
        mark_agent(floor, slot)
    if floor.is_lively:
        stir_agent(floor, slot)
    agent.mask = mask
    if mask == 0:
        return
    agent.pool = pool_for(floor, agent.profile, mask)
    pool = pool_at(floor, agent.pool)
    for order in range(floor.order_count):
        order_insert(&floor.idle[order], &pool.roots[order], slot)
    if pool.roots[0].first == slot:
        profile_show(floor, agent.profile, mask)


cdef void agent_refresh(Floor* floor, int32_t slot) noexcept nogil:
    """Bring an agent's pool up to date."""
    agent_detach(floor, slot)
    agent_attach(floor, slot)


cdef void stir_agent(Floor* floor, int32_t slot) noexcept nogil:
    """Have pre-emption, resumption and the check of offers look at an agent that has changed."""
    cdef Agent* agent = agent_at(floor, slot)
    if floor.preempts:
        agent.lowest = lowest_of(floor, agent)
    if not agent.is_stirred:
        agent.is_stirred = 1
        slots_append(&floor.stirred, slot)
    if agent.pending:
        strain_agent(floor, slot)


cdef void strain_agent(Floor* floor, int32_t slot) noexcept nogil:
    """Have it checked whether an agent's offers still fit beside its legs."""
    cdef Agent* agent = agent_at(floor, slot)
    if not agent.is_strained:
        agent.is_strained = 1
        slots_append(&floor.strained, slot)


cdef void mark_agent(Floor* floor, int32_t slot) noexcept nogil:
    """Have the decision look at an agent."""
    cdef Agent* agent = agent_at(floor, slot)
    if not agent.is_dirty:
        agent.is_dirty = 1
        slots_append(&floor.dirty_agents, slot)


# ---- making ----------------------------------------------------------------------------------------------------


cdef int roster_open(Floor* floor) noexcept nogil:
    """Begin without agents; channels and orders are known. Return -1 without memory."""
    if store_open(&floor.agents, sizeof(Agent), AGENTS_TOP):
        return -1
    if counts_open(floor, &floor.counts) or further_open(floor):
        return -1
    return store_open(&floor.pools, sizeof(Pool), 2 * AGENTS_TOP + 2)


cdef int counts_open(Floor* floor, Store* counts) noexcept nogil:
    """Begin what is counted per agent and channel, for the channels there are. Return -1 without memory."""
    return store_open(counts, 3 * <int32_t>sizeof(int32_t) * floor.channel_count, AGENTS_TOP)


cdef int further_open(Floor* floor) noexcept nogil:
    """Begin the orders of agents besides idle since, for the agents there are. Return -1 without memory."""
    cdef int32_t at
    open_orders(floor)
    store_close(&floor.further)
    if floor.order_count <= 1:
        return 0
    if store_open(&floor.further, <int32_t>sizeof(Links) * (floor.order_count - 1), AGENTS_TOP):
        return -1
    if store_reserve(&floor.further, floor.agents.count):
        return -1
    for at in range(floor.agents.count):
        store_take(&floor.further)
    return 0


cdef void roster_close(Floor* floor) noexcept nogil:
    """Give all memory back."""
    cdef int32_t at, band
    store_close(&floor.agents)
    store_close(&floor.counts)
    store_close(&floor.further)
    store_close(&floor.pools)
    for at in range(floor.profile_count):
        for band in range(floor.profiles[at].row.count):
            release(floor.profiles[at].row.bands[band].bits)
            release(floor.profiles[at].row.bands[band].slots)
        release(floor.profiles[at].row.bands)
    for at in range(KIND_CHECKED + 1):
        release(floor.kinds[at].available)
        release(floor.kinds[at].heads)
        release(floor.kinds[at].bound)
        memset(&floor.kinds[at], 0, sizeof(Kind))
    release(floor.profiles)
    floor.profiles = NULL
    floor.profile_count = 0
    release(floor.dirty_agents.items)
    floor.dirty_agents.items = NULL
    release(floor.stirred.items)
    floor.stirred.items = NULL
    release(floor.strained.items)
    floor.strained.items = NULL
    release(floor.scratch.items)
    floor.scratch.items = NULL


cdef int32_t agent_open(
    Floor* floor, int32_t profile, int32_t policy, int32_t capacity, int32_t offers_max
) noexcept nogil:
    """Begin an agent, offline; NONE without memory."""
    cdef int32_t slot
    cdef Agent* agent
    if (
        store_reserve(&floor.agents, 1)
        or store_reserve(&floor.counts, 1)
        or (floor.order_count > 1 and store_reserve(&floor.further, 1))
        # Every page of pools that can be wanted, so that no change of pool ever needs memory.
        or store_reserve(&floor.pools, floor.agents.count + 2 + floor.profile_count - floor.pools.count)
        or slots_reserve(&floor.dirty_agents, floor.agents.count + 1)
        or slots_reserve(&floor.stirred, floor.agents.count + 1)
        or slots_reserve(&floor.strained, floor.agents.count + 1)
        or slots_reserve(&floor.scratch, floor.agents.count + 1)
    ):
        return NONE
    slot = store_take(&floor.agents)
    store_take(&floor.counts)
    if floor.order_count > 1:
        store_take(&floor.further)
    agent = agent_at(floor, slot)
    agent.pool = NONE
    agent.seq = slot
    agent.profile = NONE
    agent.policy = policy
    agent.capacity = capacity
    agent.offers_max = offers_max
    agent.first_offer = NONE
    agent.last_of_offers = NONE
    agent.first_leg = NONE
    agent.first_bar = NONE
    agent.lease = NONE
    agent.timer_lease = NONE
    agent.timer_lost = NONE
    agent.next_presence = NONE
    agent.lowest = TIER_ABOVE_ALL
    agent_place(floor, slot, profile)
    return slot


cdef void agent_place(Floor* floor, int32_t slot, int32_t profile) noexcept nogil:
    """Put an agent that is in no pool into a profile, first among its agents."""
    cdef Agent* agent = agent_at(floor, slot)
    cdef Profile* to = &floor.profiles[profile]
    agent_unplace(floor, slot)
    agent.profile = profile
    agent.prev_of_profile = NONE
    agent.next_of_profile = to.first_agent
    if to.first_agent != NONE:
        agent_at(floor, to.first_agent).prev_of_profile = slot
    to.first_agent = slot


cdef void agent_unplace(Floor* floor, int32_t slot) noexcept nogil:
    """Take an agent out of the list of its profile's agents."""
    cdef Agent* agent = agent_at(floor, slot)
    if agent.profile == NONE:
        return
    if agent.prev_of_profile == NONE:
        floor.profiles[agent.profile].first_agent = agent.next_of_profile
    else:
        agent_at(floor, agent.prev_of_profile).next_of_profile = agent.next_of_profile
    if agent.next_of_profile != NONE:
        agent_at(floor, agent.next_of_profile).prev_of_profile = agent.prev_of_profile
    agent.profile = NONE


cdef void pools_forget(Floor* floor) noexcept nogil:
    """Free the pools that are kept empty; no agent stands in one."""
    cdef int32_t at
    at = store_next(&floor.pools, 0)
    while at != NONE:
        store_give(&floor.pools, at)
        at = store_next(&floor.pools, at + 1)
    for at in range(floor.profile_count):
        floor.profiles[at].first_pool = NONE


cdef void profiles_forget(Floor* floor) noexcept nogil:
    """Forget all profiles; agents are in no pool and classes have no rows."""
    cdef int32_t at, band, order
    cdef Kind* kind
    for at in range(floor.agents.count):
        agent_detach(floor, at)
        agent_unplace(floor, at)
    pools_forget(floor)
    for at in range(floor.profile_count):
        for band in range(floor.profiles[at].row.count):
            release(floor.profiles[at].row.bands[band].bits)
            release(floor.profiles[at].row.bands[band].slots)
        release(floor.profiles[at].row.bands)
        memset(&floor.profiles[at], 0, sizeof(Profile))
    for at in range(KIND_CHECKED + 1):
        kind = &floor.kinds[at]
        if kind.available == NULL:
            continue
        kind.available_count = 0
        for order in range(floor.profile_capacity):
            kind.heads[order] = IDLE_NEVER
        for order in range(floor.profile_capacity // 64):
            kind.bound[order] = IDLE_NEVER
            kind.available[order] = 0
    floor.profile_count = 0


cdef int kind_arrays(Kind* kind, int32_t old, int32_t capacity) noexcept nogil:
    """Give a kind room for this many profiles. Return -1 without memory."""
    cdef int32_t at
    if (
        grow(<void**>&kind.available, old // 64, capacity // 64, sizeof(uint64_t))
        or grow(<void**>&kind.heads, old, capacity, sizeof(int64_t))
        or grow(<void**>&kind.bound, old // 64, capacity // 64, sizeof(int64_t))
    ):
        return -1
    for at in range(old, capacity):
        kind.heads[at] = IDLE_NEVER
    for at in range(old // 64, capacity // 64):
        kind.bound[at] = IDLE_NEVER
    return 0


cdef int profiles_reserve(Floor* floor) noexcept nogil:
    """Make room for one more profile, rows of classes included. Return -1 without memory."""
    cdef int32_t old = floor.profile_capacity
    cdef int32_t capacity = old * 2 if old else 64
    cdef int32_t at, band
    if floor.profile_count < old:
        return 0
    for at in range(floor.blocks.count * 64):
        for band in range(floor.classes[at].row.count):
            if grow(<void**>&floor.classes[at].row.bands[band].bits, old // 64, capacity // 64, sizeof(uint64_t)):
                return -1
        if floor.classes[at].skill_sums != NULL:
            if grow(<void**>&floor.classes[at].skill_sums, old, capacity, sizeof(int64_t)):
                return -1
        if floor.classes[at].scores != NULL:
            if grow(<void**>&floor.classes[at].scores, old, capacity, sizeof(int64_t)):
                return -1
    for at in range(KIND_CHECKED + 1):
        if floor.kinds[at].available != NULL and kind_arrays(&floor.kinds[at], old, capacity):
            return -1
    if grow(<void**>&floor.profiles, old, capacity, sizeof(Profile)):
        return -1
    floor.profile_capacity = capacity
    return 0


cdef int32_t profile_open(Floor* floor) noexcept nogil:
    """Begin a profile that no class goes with; NONE without memory."""
    if profiles_reserve(floor) or store_reserve(
        &floor.pools, floor.agents.count + 2 + floor.profile_count - floor.pools.count
    ):
        return NONE
    floor.profiles[floor.profile_count].first_pool = NONE
    floor.profiles[floor.profile_count].first_agent = NONE
    floor.profile_count += 1
    return floor.profile_count - 1


cdef int32_t kind_of(
    Floor* floor, int32_t channel, int32_t own_cost, int32_t queue_cost, bint needs_slot
) noexcept nogil:
    """Return the kind of a class, begun where it is new, in O(agents); NONE without memory."""
    cdef int32_t step = KIND_STEP if floor.suspends else 1
    cdef int32_t at = 0
    cdef int32_t further
    cdef Kind* kind
    while at < floor.kind_count:
        kind = &floor.kinds[at]
        if (
            kind.channel == channel
            and kind.own_cost == own_cost
            and kind.queue_cost == queue_cost
            and kind.needs_slot == needs_slot
        ):
            return at
        at += step
    if floor.kind_count + step > KIND_CHECKED:
        at = unused_kind(floor, step)
        if at == NONE:
            return kind_checked(floor)
        floor.kind_count -= step
    floor.kind_bits = <uint8_t>((1 << step) - 1)
    for further in range(step):
        kind = &floor.kinds[at + further]
        if kind.available == NULL and kind_arrays(kind, 0, floor.profile_capacity if floor.profile_capacity else 64):
            return NONE
        kind.channel = channel
        kind.own_cost = own_cost
        kind.queue_cost = queue_cost
        kind.needs_slot = needs_slot
        if further:
            floor.checked_mask |= <uint64_t>1 << (at + further)
    floor.kind_count += step
    refresh_all(floor)
    return at


cdef int32_t unused_kind(Floor* floor, int32_t step) noexcept nogil:
    """Return a kind that no class has any more, NONE without. O(kinds · blocks)."""
    cdef int32_t at = 0
    cdef int32_t block
    while at < floor.kind_count:
        for block in range(floor.blocks.count):
            if floor.blocks.taken[block] and floor.blocks.kind[block] == at:
                break
        else:
            return at
        at += step
    return NONE


cdef int32_t kind_checked(Floor* floor) noexcept nogil:
    """Return the kind of classes for which room is worked out agent by agent, begun if need be; NONE without memory."""
    cdef Kind* kind = &floor.kinds[KIND_CHECKED]
    if kind.available == NULL:
        if kind_arrays(kind, 0, floor.profile_capacity if floor.profile_capacity else 64):
            return NONE
        floor.checked_mask |= <uint64_t>1 << KIND_CHECKED
        refresh_all(floor)
    return KIND_CHECKED


cdef void refresh_all(Floor* floor) noexcept nogil:
    cdef int32_t at
    for at in range(floor.agents.count):
        agent_refresh(floor, at)
