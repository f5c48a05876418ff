"""Gears: what a floor runs by is exchanged while it stands still between two decisions, and nobody loses a place.

Whoever changes a floor detaches the agents that it concerns, states channels, queues, policies and rows anew by ``ground``,
moves contacts to their new classes, attaches the agents again and settles. Slots never change. What follows for offers is
told as events; work in hand stays. A lack of memory on the way tears the floor, as one within a decision does.
"""

from libc.stdint cimport int32_t, int64_t, uint64_t, uint8_t
from libc.string cimport memcpy

from ccroute.core.acd cimport Acd
from ccroute.core.answers cimport rescind
from ccroute.core.bars cimport bar_add, bar_lift
from ccroute.core.changes cimport still_offered
from ccroute.core.contacts cimport step_ready
from ccroute.core.courses cimport unprefer
from ccroute.core.defs cimport (
    BAR_OFFER, KIND_CHECKED, KIND_STEP, NONE, OFFLINE, PENDING_RESCIND, RESCIND_CHANGED, RESCIND_NO_ROOM, Agent,
    Bands, Course, Extra, Floor, Kind, Offer, Store, agent_at, contact_at, counts_at, course_at, course_of, extra_at, is_over,
    item_at, leg_at, loads_at, offer_at,
)
from ccroute.core.extras cimport extra_for
from ccroute.core.ground cimport room
from ccroute.core.making cimport fits_alone
from ccroute.core.roster cimport (
    agent_attach, agent_detach, counts_open, further_open, kind_arrays, mark_agent, pools_forget, stir_agent,
)
from ccroute.core.plans cimport forget_led
from ccroute.core.rows cimport band_clear, row_free
from ccroute.core.store cimport (
    fresh, grow, release, slots_reserve, store_close, store_next, store_reserve, store_take,
)
from ccroute.core.waiting cimport class_show, mark_class
from ccroute.core.work cimport do_next_presence, do_presence

cdef enum:
    BAR_ALL = 255
    SUSPENDS = 1                  # bits of habits()
    LIVELY = 2
    PREEMPTS = 4
    GUARDS = 8
    RANK_IN_GAP = 78
    RANK_ABOVE_ALL = 120


# ---- the floor as a whole --------------------------------------------------------------------------------------


def detach(Acd acd) -> None:
    """Take all agents out of their pools: their kinds, orders and channels may change now. O(agents)."""
    cdef Floor* floor = &acd.floor
    cdef int32_t at
    for at in range(floor.agents.count):
        agent_detach(floor, at)
    pools_forget(floor)


def attach(Acd acd) -> None:
    """Put all agents back. O(agents)."""
    cdef int32_t at
    for at in range(acd.floor.agents.count):
        agent_detach(&acd.floor, at)
        agent_attach(&acd.floor, at)


def set_limits(Acd acd, int contacts_max, int64_t retain_us, int64_t idle_grace_us, bint ranks_first) -> None:
    """State the limits and habits of the floor anew; there are no more contacts than allowed."""
    cdef Floor* floor = &acd.floor
    floor.contacts.limit = contacts_max
    floor.retain = retain_us
    floor.idle_grace = idle_grace_us
    floor.ranks_first = ranks_first
    floor.rank_shift = RANK_ABOVE_ALL if ranks_first else RANK_IN_GAP


def habits(Acd acd) -> int:
    """Return, as bits, what may happen on this floor. What once could happen is looked for as long as the floor lives."""
    cdef Floor* floor = &acd.floor
    return (
        (SUSPENDS if floor.suspends else 0) | (LIVELY if floor.is_lively else 0) | (PREEMPTS if floor.preempts else 0)
        | (GUARDS if floor.guards else 0)
    )


def set_habits(Acd acd, int bits) -> None:
    """Have things looked for as ``habits`` said; agents are detached, or there are no classes yet."""
    cdef Floor* floor = &acd.floor
    floor.is_lively |= bits & LIVELY != 0
    floor.preempts |= bits & PREEMPTS != 0
    floor.guards |= bits & GUARDS != 0
    if bits & SUSPENDS:
        let_suspend(floor)


cdef int let_suspend(Floor* floor) except -1:
    """Have every kind tell plain room, room behind suspended legs, and room by setting aside. O(classes)."""
    cdef Kind[KIND_CHECKED] before
    cdef int32_t[KIND_CHECKED] become
    cdef int32_t count = floor.kind_count
    cdef int32_t at, part
    cdef Kind* kind
    if floor.suspends:
        return 0
    if (count + 1) * KIND_STEP > KIND_CHECKED or floor.kinds[KIND_CHECKED].available != NULL:
        kind = &floor.kinds[KIND_CHECKED]
        if kind.available == NULL:
            room(kind_arrays(kind, 0, floor.profile_capacity if floor.profile_capacity else 64))
        floor.checked_mask |= <uint64_t>1 << KIND_CHECKED
    for at in range(count * KIND_STEP):
        if at < KIND_CHECKED and floor.kinds[at].available == NULL:
            room(kind_arrays(&floor.kinds[at], 0, floor.profile_capacity if floor.profile_capacity else 64))
    memcpy(before, floor.kinds, sizeof(before))
    floor.kind_count = 0
    for at in range(count):
        become[at] = KIND_CHECKED
        if floor.kind_count + KIND_STEP > KIND_CHECKED:
            continue
        become[at] = floor.kind_count
        for part in range(KIND_STEP):
            kind = &floor.kinds[floor.kind_count + part]
            kind.channel = before[at].channel
            kind.own_cost = before[at].own_cost
            kind.queue_cost = before[at].queue_cost
            kind.needs_slot = before[at].needs_slot
            if part:
                floor.checked_mask |= <uint64_t>1 << (floor.kind_count + part)
        floor.kind_count += KIND_STEP
    for at in range(floor.blocks.count):
        if floor.blocks.kind[at] < count:
            floor.blocks.kind[at] = <uint8_t>become[floor.blocks.kind[at]]
    for at in range(floor.blocks.count * 64):
        if floor.classes[at].in_use and floor.classes[at].kind < count:
            floor.classes[at].kind = become[floor.classes[at].kind]
    floor.suspends = True
    floor.is_lively = True
    floor.kind_bits = (1 << KIND_STEP) - 1
    return 0


# ---- channels, queues ------------------------------------------------------------------------------------------


def set_channels(Acd acd, channels) -> None:
    """State all channels anew, new ones behind; agents are detached. O(agents) where there are new ones."""
    cdef Floor* floor = &acd.floor
    cdef int32_t before = floor.channel_count
    cdef int32_t at, row
    cdef Store counts
    if len(channels) > before:
        floor.channel_count = len(channels)
        if counts_open(floor, &counts) or store_reserve(&counts, floor.agents.count):
            store_close(&counts)
            floor.channel_count = before
            raise MemoryError
        for at in range(floor.agents.count):
            store_take(&counts)
            for row in range(3):
                memcpy(
                    <int32_t*>item_at(&counts, at) + row * floor.channel_count,
                    <int32_t*>item_at(&floor.counts, at) + row * before, before * sizeof(int32_t),
                )
        store_close(&floor.counts)
        floor.counts = counts
    floor.interrupted = 0
    for at in range(floor.channel_count):
        floor.channels[at].interrupted_by = 0
    acd.open_channels(channels)


def set_selects(Acd acd, selects) -> None:
    """State all selects anew, and with them the orders of agents; agents are detached. O(agents)."""
    cdef Floor* floor = &acd.floor
    cdef int32_t at
    for at in range(floor.select_count):
        release(floor.selects[at].listed)
    release(floor.selects)
    floor.selects = NULL
    floor.select_count = 0
    floor.order_count = 0
    acd.open_selects(selects)
    room(further_open(floor))


def set_select(Acd acd, int queue, int select) -> None:
    """Say which select is that of a queue."""
    acd.floor.queues[queue].select = select


def set_no_queue(Acd acd, int queue) -> None:
    """Say which queue is that of contacts put aside without one."""
    acd.floor.no_queue = queue


def show_queue(Acd acd, int queue) -> None:
    """Have the decision look at every class of a queue. O(classes)."""
    cdef Floor* floor = &acd.floor
    cdef int32_t at
    for at in range(floor.blocks.count * 64):
        if floor.classes[at].in_use and floor.classes[at].queue == queue:
            class_show(floor, at)
            mark_class(floor, at)


# ---- agents ----------------------------------------------------------------------------------------------------


def set_agent(Acd acd, int agent, int policy, int capacity, int offers_max) -> None:
    """State anew what an agent takes. What it has in hand stays."""
    cdef Floor* floor = &acd.floor
    cdef Agent* one = agent_at(floor, agent)
    agent_detach(floor, agent)
    one.policy = policy
    one.capacity = capacity
    one.offers_max = offers_max
    look_at_agent(floor, agent)


cdef void look_at_agent(Floor* floor, int32_t agent) noexcept nogil:
    """Attach an agent and have everything about it looked at anew."""
    agent_attach(floor, agent)
    if agent_at(floor, agent).mask:
        mark_agent(floor, agent)
    if floor.is_lively:
        stir_agent(floor, agent)


def set_policy(Acd acd, int agent, int policy) -> None:
    """Say what an agent, detached, takes of each channel."""
    agent_at(&acd.floor, agent).policy = policy


def is_at_rest(Acd acd, int agent) -> bool:
    """Say whether an agent is offline and has neither legs nor offers."""
    cdef Agent* one = agent_at(&acd.floor, agent)
    return one.presence == OFFLINE and one.legs == 0 and one.pending == 0


def drain_agent(Acd acd, int agent) -> None:
    """Have an agent go offline when its work ends, at once where it has none."""
    cdef Agent* one = agent_at(&acd.floor, agent)
    room(step_ready(&acd.floor))
    if one.legs:
        if one.next_presence != OFFLINE:
            do_next_presence(&acd.floor, agent, OFFLINE, PENDING_RESCIND)
    elif one.presence != OFFLINE:
        do_presence(&acd.floor, agent, OFFLINE, PENDING_RESCIND, 1)


def clear_agent(Acd acd, int agent) -> None:
    """Forget what an agent that was removed is to contacts, and what it has to do besides. O(contacts with an extra)."""
    cdef Floor* floor = &acd.floor
    cdef Agent* one = agent_at(floor, agent)
    cdef int32_t at
    while one.first_bar != NONE:
        bar_lift(floor, one.first_bar, BAR_ALL)
    at = store_next(&floor.extras, 0)
    while at != NONE:
        if extra_at(floor, at).returns_to == agent:
            extra_at(floor, at).returns_to = NONE
        at = store_next(&floor.extras, at + 1)
    at = store_next(&floor.courses, 0)
    while at != NONE:
        unprefer(floor, course_at(floor, at), agent)
        at = store_next(&floor.courses, at + 1)
    for at in range(floor.channel_count):
        clear_load(floor, agent, at)


def clear_channel(Acd acd, int channel) -> None:
    """Forget what agents have to do besides on a channel that was removed. O(agents)."""
    cdef int32_t at
    for at in range(acd.floor.agents.count):
        clear_load(&acd.floor, at, channel)


cdef void clear_load(Floor* floor, int32_t agent, int32_t channel) noexcept nogil:
    cdef int32_t load = loads_at(floor, agent)[channel]
    if load == 0:
        return
    agent_at(floor, agent).taken -= load
    counts_at(floor, agent)[channel] -= 1
    counts_at(floor, agent)[floor.channel_count + channel] -= load
    loads_at(floor, agent)[channel] = 0


# ---- rows of the matrix ----------------------------------------------------------------------------------------


def clear_rows(Acd acd, classes) -> None:
    """Empty the rows of some classes. O(profiles · (blocks + classes they serve))."""
    cdef Floor* floor = &acd.floor
    cdef uint64_t* gone = <uint64_t*>fresh(floor.blocks.capacity, sizeof(uint64_t))
    cdef int32_t at, slot
    if gone == NULL:
        raise MemoryError
    for slot in classes:
        gone[slot >> 6] |= <uint64_t>1 << (slot & 63)
        row_free(&floor.classes[slot].row)
        release(floor.classes[slot].skill_sums)
        release(floor.classes[slot].scores)
        floor.classes[slot].skill_sums = NULL
        floor.classes[slot].scores = NULL
        floor.classes[slot].tried = 0
    for at in range(floor.profile_count):
        leave_bands(floor, at, gone)
    release(gone)


cdef void leave_bands(Floor* floor, int32_t profile, uint64_t* gone) noexcept nogil:
    """Take classes out of the row of a profile."""
    cdef int32_t band, at, kept, block
    cdef int32_t* slots
    for band in range(floor.profiles[profile].row.count):
        slots = floor.profiles[profile].row.bands[band].slots
        kept = 0
        for at in range(floor.profiles[profile].row.bands[band].count):
            if not (gone[slots[at] >> 6] >> (slots[at] & 63)) & 1:
                slots[kept] = slots[at]
                kept += 1
        floor.profiles[profile].row.bands[band].count = kept
        for block in range(floor.blocks.capacity):
            floor.profiles[profile].row.bands[band].bits[block] &= ~gone[block]


def clear_profile(Acd acd, int profile) -> None:
    """Have a profile without agents serve nothing. O(classes it serves · profiles that serve them)."""
    cdef Floor* floor = &acd.floor
    cdef Bands* row = &floor.profiles[profile].row
    cdef Bands* of_class
    cdef int32_t band, at, other
    for band in range(row.count):
        for at in range(row.bands[band].count):
            of_class = &floor.classes[row.bands[band].slots[at]].row
            for other in range(of_class.count):
                band_clear(&of_class.bands[other], profile)
    row_free(row)


# ---- slow contacts ---------------------------------------------------------------------------------------------


def allow_all(Acd acd, int contact, allowed, sums) -> None:
    """Say which agents a contact allows by itself, in words of 64, and their skill sums; None: its class says it."""
    cdef Floor* floor = &acd.floor
    cdef int32_t words = (floor.agents.count + 63) >> 6
    cdef int32_t at
    cdef Extra* extra
    if allowed is None and (contact_at(floor, contact).extra == NONE):
        return
    if store_reserve(&floor.extras, 1) or slots_reserve(&floor.loose, floor.extras.count + 1):
        raise MemoryError
    extra = extra_for(floor, contact)
    contact_at(floor, contact).bars += (allowed is not None) - <int32_t>(extra.allowed != NULL)
    release(extra.allowed)
    release(extra.sums)
    extra.allowed = NULL
    extra.sums = NULL
    extra.allowed_words = 0
    if allowed is None:
        return
    extra.allowed = <uint64_t*>fresh(words + 1, sizeof(uint64_t))
    if sums is not None:
        extra.sums = <int32_t*>fresh(floor.agents.count + 1, sizeof(int32_t))
    if extra.allowed == NULL or (sums is not None and extra.sums == NULL):
        raise MemoryError
    extra.allowed_words = words
    for at in range(words):
        extra.allowed[at] = allowed[at]
    if sums is not None:
        for at in range(floor.agents.count):
            extra.sums[at] = sums[at]


def allow(Acd acd, int contact, int agent, bint holds, int total) -> None:
    """Say whether a slow contact allows an agent, and the agent's skill sum for it."""
    cdef Floor* floor = &acd.floor
    cdef Extra* extra = extra_at(floor, contact_at(floor, contact).extra)
    cdef int32_t words = (floor.agents.count + 63) >> 6
    if extra.allowed_words < words:
        room(grow(<void**>&extra.allowed, extra.allowed_words + 1, words + 1, sizeof(uint64_t)))
        extra.allowed_words = words
    if holds:
        extra.allowed[agent >> 6] |= <uint64_t>1 << (agent & 63)
    else:
        extra.allowed[agent >> 6] &= ~(<uint64_t>1 << (agent & 63))
    if extra.sums != NULL:
        extra.sums[agent] = total


def widen_sums(Acd acd, int before) -> None:
    """Give the slow contacts room for agents that were added behind the first ``before``. O(extras)."""
    cdef Floor* floor = &acd.floor
    cdef int32_t at = store_next(&floor.extras, 0)
    cdef Extra* extra
    while at != NONE:
        extra = extra_at(floor, at)
        if extra.sums != NULL:
            room(grow(<void**>&extra.sums, before + 1, floor.agents.count + 1, sizeof(int32_t)))
        at = store_next(&floor.extras, at + 1)


# ---- what follows for offers -----------------------------------------------------------------------------------


def recheck(Acd acd, queues, agents) -> None:
    """Rescind the offers of contacts in some queues, and those to some agents, that could not be made now, oldest first.

    Then those of all agents that do not fit any more, by agent, newest first. O(offers log offers + agents).
    """
    cdef Floor* floor = &acd.floor
    cdef int32_t at = store_next(&floor.offers, 0)
    cdef int32_t before
    cdef set of_queues = set(queues)
    cdef set of_agents = set(agents)
    cdef list found = []
    while at != NONE:
        if contact_at(floor, offer_at(floor, at).contact).queue in of_queues or offer_at(floor, at).agent in of_agents:
            if not still_offered(floor, at, False):
                found.append((offer_at(floor, at).seq, at))
        at = store_next(&floor.offers, at + 1)
    for _, at in sorted(found):
        room(step_ready(floor))
        rescind(floor, at, RESCIND_CHANGED, NONE)
    for agent in range(floor.agents.count):
        at = agent_at(floor, agent).last_of_offers
        while at != NONE:
            before = offer_at(floor, at).prev_of_agent
            if not fits_alone(floor, at):
                room(step_ready(floor))
                rescind(floor, at, RESCIND_NO_ROOM, NONE)
            at = before


def keep_apart(Acd acd, int queue) -> None:
    """Have no agent offered twice what a queue now offers to several at once. O(offers)."""
    cdef Floor* floor = &acd.floor
    cdef int32_t at = store_next(&floor.offers, 0)
    cdef Offer* offer
    room(store_reserve(&floor.bars, floor.offers.count))
    while at != NONE:
        offer = offer_at(floor, at)
        if contact_at(floor, offer.contact).queue == queue:
            bar_add(floor, offer.contact, offer.agent, BAR_OFFER)
        at = store_next(&floor.offers, at + 1)


def stir(Acd acd) -> None:
    """Have everything looked at anew that can give way, be taken up again, or fits no more. O(agents)."""
    cdef Floor* floor = &acd.floor
    cdef int32_t at
    floor.tries += 1
    floor.is_deferred = 0
    forget_led(floor)
    if floor.is_lively:
        for at in range(floor.agents.count):
            if agent_at(floor, at).legs or agent_at(floor, at).pending:
                stir_agent(floor, at)


def settle(Acd acd) -> None:
    """Decide."""
    acd.settle()


# ---- who is there ----------------------------------------------------------------------------------------------


def contacts_of(Acd acd, classes) -> list:
    """Return (contact, class, is_led) of the live contacts of some classes, lowest slot first. O(contacts).

    ``is_led``: a rule changed what it requires, or it waits for its preferred agents.
    """
    cdef Floor* floor = &acd.floor
    cdef int32_t count = floor.blocks.count * 64
    cdef bytearray wanted = bytearray(count)
    cdef uint8_t* is_wanted
    cdef int32_t at, slot
    cdef list found = []
    cdef Course* course
    cdef bint is_led
    for slot in classes:
        wanted[slot] = 1
    is_wanted = wanted
    at = store_next(&floor.contacts, 0)
    while at != NONE:
        if not is_over(contact_at(floor, at)) and is_wanted[contact_at(floor, at).class_slot]:
            course = course_of(floor, contact_at(floor, at))
            is_led = course != NULL and (course.ruled_plan != NONE or course.is_preferring)
            found.append((at, contact_at(floor, at).class_slot, is_led))
        at = store_next(&floor.contacts, at + 1)
    return found


def is_inside(Acd acd, int contact) -> bool:
    """Say whether a contact has not ended."""
    return not is_over(contact_at(&acd.floor, contact))


def is_queue_used(Acd acd, int queue) -> bool:
    """Say whether a contact is in a queue, or an agent has a leg accepted from it. O(classes + legs)."""
    return has_contacts(&acd.floor, queue) or has_legs(&acd.floor, queue, NONE)


def is_channel_used(Acd acd, int channel) -> bool:
    """Say whether a live contact, or a leg, is on a channel. O(classes + legs)."""
    cdef Floor* floor = &acd.floor
    cdef int32_t at
    for at in range(floor.blocks.count * 64):
        if floor.classes[at].in_use and floor.classes[at].channel == channel and floor.classes[at].refs:
            return True
    return has_legs(floor, NONE, channel)


cdef bint has_contacts(Floor* floor, int32_t queue) noexcept nogil:
    cdef int32_t at
    for at in range(floor.blocks.count * 64):
        if floor.classes[at].in_use and floor.classes[at].queue == queue and floor.classes[at].refs:
            return True
    return False


cdef bint has_legs(Floor* floor, int32_t queue, int32_t channel) noexcept nogil:
    """Say whether there is a leg accepted from a queue, or on a channel."""
    cdef int32_t at = store_next(&floor.legs, 0)
    while at != NONE:
        if leg_at(floor, at).queue == queue or leg_at(floor, at).channel == channel:
            return True
        at = store_next(&floor.legs, at + 1)
    return False


def stuck_contacts(Acd acd) -> int:
    """Return how many contacts there are that cannot be forgotten now: live, or ended with an agent still at it."""
    cdef Floor* floor = &acd.floor
    cdef int32_t at = floor.first_ended
    cdef int64_t retained = 0
    while at != NONE:
        retained += 1
        at = contact_at(floor, at).order.left
    return floor.contacts.count - retained


def first_ended(Acd acd) -> int:
    """Return the contact that ended first, -1 without."""
    return acd.floor.first_ended
