"""Snapshot and restore: everything that decides, as one tape of 64-bit integers.

What follows from the rest is not kept: heads, masks, pools, units taken, the matrix. Slots are kept, because hosts hold
handles; free slots need not be, because the lowest free one is always next. Timers are kept in the order in which they will
fire. The same state therefore gives the same tape, whatever its history.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint64_t
from libc.stdlib cimport qsort

from ccroute.core.acd cimport Acd
from ccroute.core.answers cimport agent_take
from ccroute.core.bars cimport bar_find, bar_link
from ccroute.core.contacts cimport adopt, stand
from ccroute.core.defs cimport (
    CONTACTS_TOP,
    CONTACT_EXPIRED, CONTACT_QUEUED, LEGS_MAX, LEG_SUSPENDED, NONE, SEEKS_FURTHER, SEEKS_NOBODY, TIMER_AFTER, TIMER_CALLBACK,
    TIMER_COOLDOWN, TIMER_GUARD, TIMER_HOURS, TIMER_LEASE, TIMER_LOST, TIMER_OFFER, TIMER_OVERDUE, TIMER_PARK, TIMER_RULE,
    TIMER_WRAP_UP, UNANSWERED_CANCEL, Agent,
    Contact, Extra, Floor, Leg, Offer, Store, agent_at, bar_at, contact_at, counts_at, course_of, extra_at, is_over, leg_at,
    loads_at, offer_at, timer_at, units_at, waits,
)
from ccroute.core.course_tape cimport load_course, save_course
from ccroute.core.courses cimport course_for
from ccroute.core.extras cimport extra_for
from ccroute.core.legs cimport leg_find, leg_link, leg_sort
from ccroute.core.offers cimport offer_find, offer_link, offers_reserve
from ccroute.core.roster cimport agent_refresh
from ccroute.core.store cimport (
    fresh, release, slots_reserve, store_has, store_next, store_reserve, store_reserve_slot, store_take_slot,
)
from ccroute.core.timers cimport timer_arm, timer_cancel, timers_open, timers_walk
from ccroute.core.waiting cimport set_word
from ccroute.core.soundness cimport check_class, check_sound, require
from ccroute.core.tape cimport Tape

cdef enum:
    TIME_MAX = 9007199254740991
    ANY = 9223372036854775807
    DUE_FIELDS = 4
    COST_TOP = 1000000
    END_LAST = 9                  # LegEndCode
    BAR_ANY = 63                  # BarWhy bits
    OFFERS_TOP = 64
    NOT_LISTED = -2               # on a contact that has ended, until it is found among the retained

cdef int64_t DURATION_TOP = 7776000000000
cdef int64_t CONTACT_SEQ_MAX = 549755813887        # a handle has room for no more
cdef int64_t LOWEST = -9223372036854775807
cdef int64_t HIGHEST = 9223372036854775807


# ---- saving ----------------------------------------------------------------------------------------------------


def save(Acd acd, dict classes, dict plans) -> bytes:
    """Return the state of a floor. ``classes`` numbers the class slots that hold contacts, ``plans`` the plans they carry."""
    cdef Floor* floor = &acd.floor
    cdef Tape tape = Tape()
    cdef int32_t at
    for number in (floor.now, floor.next_contact_seq, floor.next_leg_seq, floor.offers_made, floor.next_suspension):
        tape.put(number)
    for at in range(5):
        tape.put(floor.tallies[at])
    tape.put(floor.queue_count)
    for at in range(floor.queue_count):
        tape.put(floor.queues[at].paused)
        tape.put(floor.queues[at].hours.passed)
    tape.put(floor.agents.count)
    for at in range(floor.agents.count):
        save_agent(tape, floor, at)
    tape.put(floor.contacts.count)
    at = store_next(&floor.contacts, 0)
    while at != NONE:
        save_contact(tape, floor, at, classes, plans)
        at = store_next(&floor.contacts, at + 1)
    save_legs_offers_bars(tape, floor)
    at = floor.first_ended
    while at != NONE:
        tape.put(at)
        at = contact_at(floor, at).order.left
    tape.put(NONE)
    save_timers(tape, floor)
    return tape.bytes()


cdef int save_agent(Tape tape, Floor* floor, int32_t slot) except -1:
    cdef Agent* agent = agent_at(floor, slot)
    cdef int32_t at
    tape.put(agent.presence)
    tape.put(agent.next_presence)
    tape.put(agent.next_pending)
    tape.put(agent.idle_since)
    tape.put(agent.last_offer)
    tape.put(agent.away_since)
    tape.put(agent.handled)
    tape.put(agent.expiries)
    tape.put(agent.is_lost)
    tape.put(agent.presence_before)
    tape.put(agent.lost_at)
    for at in range(floor.channel_count):
        tape.put(loads_at(floor, slot)[at])
    return 0


cdef int save_contact(Tape tape, Floor* floor, int32_t slot, dict classes, dict plans) except -1:
    cdef Contact* contact = contact_at(floor, slot)
    cdef Extra* extra = NULL if contact.extra == NONE else extra_at(floor, contact.extra)
    tape.put(slot)
    tape.put(contact.seq)
    tape.put(contact.state)
    tape.put(NONE if is_over(contact) else classes[contact.class_slot])
    for number in (
        contact.queue, contact.channel, contact.own_cost, contact.tier, contact.own_tier, contact.head_start,
        contact.own_head_start, contact.created, contact.is_new_here, contact.place_at, contact.in_queue_at, contact.waited, contact.offers_made,
        contact.told_exhausted, contact.is_overdue, contact.stage, contact.seeks,
    ):
        tape.put(number)
    if is_over(contact):
        tape.put(contact.order.right)
        return 0
    save_extra(tape, extra)
    save_given(tape, floor, extra)
    save_course(tape, course_of(floor, contact), plans)
    return 0


cdef int save_extra(Tape tape, Extra* extra) except -1:
    """Keep what few contacts have; one without has what an extra begins with."""
    if extra == NULL:
        for number in (1, NONE, NONE, NONE, NONE, 0, 0, NONE, 0, 0, 0):
            tape.put(number)
        return 0
    for number in (
        extra.version, extra.parked_at, extra.direct, extra.seeker, extra.returns_to, extra.displaced_offers,
        extra.displaced_work, extra.parent, extra.unanswered, extra.clock_runs,
        extra.is_consult,
    ):
        tape.put(number)
    return 0


cdef int save_given(Tape tape, Floor* floor, Extra* extra) except -1:
    """Keep given scores and the agents that a slow contact allows."""
    cdef int32_t at
    if extra == NULL:
        tape.put(0)
        tape.put(0)
        return 0
    tape.put(extra.scores_count)
    for at in range(extra.scores_count):
        tape.put(extra.scored[at])
        tape.put(extra.scores[at])
    tape.put((extra.allowed != NULL) + (extra.sums != NULL))
    if extra.allowed != NULL:
        for at in range(extra.allowed_words):
            tape.put(<int64_t>extra.allowed[at])
    if extra.sums != NULL:
        for at in range(floor.agents.count):
            tape.put(extra.sums[at])
    return 0


cdef int save_legs_offers_bars(Tape tape, Floor* floor) except -1:
    cdef int32_t at, agent
    cdef Leg* leg
    cdef Offer* offer
    tape.put(floor.legs.count)
    at = store_next(&floor.legs, 0)
    while at != NONE:
        leg = leg_at(floor, at)
        for number in (at, leg.seq, leg.contact, leg.agent, leg.queue, leg.cost, leg.channel, leg.state, leg.ends_as, leg.began_at,
                       leg.worked_until, leg.suspended):
            tape.put(number)
        at = store_next(&floor.legs, at + 1)
    # By agent, oldest first: the order in which they hang from their agents.
    tape.put(floor.offers.count)
    for agent in range(floor.agents.count):
        at = agent_at(floor, agent).first_offer
        while at != NONE:
            offer = offer_at(floor, at)
            for number in (at, offer.seq, offer.contact, agent, offer.cost, offer.channel, offer.made_at, offer.is_exempt):
                tape.put(number)
            at = offer.next_of_agent
    tape.put(floor.bars.count)
    at = store_next(&floor.bars, 0)
    while at != NONE:
        for number in (at, bar_at(floor, at).contact, bar_at(floor, at).agent, bar_at(floor, at).why):
            tape.put(number)
        at = store_next(&floor.bars, at + 1)
    return 0


cdef int compare_due(const void* one, const void* other) noexcept nogil:
    """Order timers by deadline, then by their place in the walk, which is arming order within a deadline."""
    cdef int64_t* a = <int64_t*>one
    cdef int64_t* b = <int64_t*>other
    if a[0] != b[0]:
        return -1 if a[0] < b[0] else 1
    return -1 if a[1] < b[1] else 1


cdef int save_timers(Tape tape, Floor* floor) except -1:
    cdef int64_t* due = <int64_t*>fresh(floor.timers.count, DUE_FIELDS * 8)
    cdef int32_t at = timers_walk(floor, NONE)
    cdef int64_t count = 0
    if due == NULL:
        raise MemoryError
    while at != NONE:
        due[count * DUE_FIELDS] = timer_at(floor, at).deadline
        due[count * DUE_FIELDS + 1] = count
        due[count * DUE_FIELDS + 2] = timer_at(floor, at).kind
        due[count * DUE_FIELDS + 3] = timer_at(floor, at).target
        count += 1
        at = timers_walk(floor, at)
    qsort(due, count, DUE_FIELDS * 8, compare_due)
    try:
        tape.put(count)
        for at in range(count):
            tape.put(due[at * DUE_FIELDS])
            tape.put(due[at * DUE_FIELDS + 2])
            tape.put(due[at * DUE_FIELDS + 3])
    finally:
        release(due)
    return 0


# ---- restoring -------------------------------------------------------------------------------------------------


def load(Acd acd, bytes data, list classes, list plans) -> None:
    """Bring a floor that was just built into a saved state. ``classes`` and ``plans`` give the slot of
    each number.

    :raises ValueError: the bytes are not a tape of this floor.
    """
    cdef Floor* floor = &acd.floor
    cdef Tape tape = Tape(data)
    cdef int32_t at
    cdef int32_t contacts_max = floor.contacts.limit
    # There may be more than are allowed now, and they keep their slots.
    floor.contacts.limit = CONTACTS_TOP
    floor.now = tape.take(0, TIME_MAX)
    floor.next_contact_seq = tape.take(1, CONTACT_SEQ_MAX)
    floor.next_leg_seq = tape.take(1, HIGHEST)
    floor.offers_made = tape.take(0, HIGHEST)
    floor.next_suspension = tape.take(0, HIGHEST)
    for at in range(5):
        floor.tallies[at] = tape.take(0, HIGHEST)
    for at in range(floor.queue_count):
        timer_cancel(floor, floor.queues[at].hours.timer)
        floor.queues[at].hours.timer = NONE
    timers_open(floor)
    tape.take(floor.queue_count, floor.queue_count)
    for at in range(floor.queue_count):
        floor.queues[at].paused = <uint8_t>tape.take(0, 1)
        floor.queues[at].hours.passed = <int32_t>tape.take(0, floor.queues[at].hours.count)
    tape.take(floor.agents.count, floor.agents.count)
    for at in range(floor.agents.count):
        load_agent(tape, floor, at)
    for at in range(<int32_t>tape.take(0, floor.contacts.limit)):
        load_contact(tape, floor, classes, plans)
    load_legs(tape, floor)
    load_offers(tape, floor)
    load_bars(tape, floor)
    load_ended(tape, floor)
    load_timers(tape, floor)
    if tape.at != tape.count:
        raise ValueError("the tape goes on behind its end")
    for at in range(floor.agents.count):
        leg_sort(floor, at)
    check_sound(floor)
    join_families(floor)
    at = store_next(&floor.contacts, 0)
    while at != NONE:
        if not is_over(contact_at(floor, at)):
            stand(floor, at)
        at = store_next(&floor.contacts, at + 1)
    for at in range(floor.agents.count):
        agent_refresh(floor, at)
    rest(floor)
    floor.contacts.limit = contacts_max
    require(floor.contacts.count <= contacts_max, "there are no more contacts than allowed")


cdef void rest(Floor* floor) noexcept:
    """Nothing is to be decided: a snapshot is taken between calls."""
    cdef int32_t at
    for at in range(floor.dirty_classes.count):
        floor.classes[floor.dirty_classes.items[at]].is_dirty = 0
    for at in range(floor.dirty_agents.count):
        agent_at(floor, floor.dirty_agents.items[at]).is_dirty = 0
    for at in range(floor.stirred.count):
        agent_at(floor, floor.stirred.items[at]).is_stirred = 0
    for at in range(floor.strained.count):
        agent_at(floor, floor.strained.items[at]).is_strained = 0
    floor.dirty_classes.count = 0
    floor.dirty_agents.count = 0
    floor.stirred.count = 0
    floor.strained.count = 0
    floor.record_count = 0
    floor.has_news = 0
    floor.presences_changed = 0
    floor.somebody_left = 0


cdef int load_agent(Tape tape, Floor* floor, int32_t slot) except -1:
    cdef Agent* agent = agent_at(floor, slot)
    cdef int32_t at, load
    agent.presence = <uint8_t>tape.take(0, 2)
    agent.next_presence = <int8_t>tape.take(NONE, 2)
    agent.next_pending = <uint8_t>tape.take(0, 3)
    agent.idle_since = tape.take(0, floor.now)
    agent.last_offer = tape.take(0, floor.offers_made)
    agent.away_since = tape.take(0, floor.now)
    agent.handled = <int32_t>tape.take(0, 2147483647)
    agent.expiries = <int32_t>tape.take(0, 2147483647)
    agent.is_lost = <uint8_t>tape.take(0, 1)
    agent.presence_before = <uint8_t>tape.take(0, 2)
    agent.lost_at = tape.take(0, floor.now)
    for at in range(floor.channel_count):
        load = <int32_t>tape.take(0, COST_TOP)
        loads_at(floor, slot)[at] = load
        units_at(floor, slot)[at] = load
        counts_at(floor, slot)[at] = load > 0
        agent.taken += load
    return 0


cdef int32_t take_slot(Tape tape, Store* store) except -1:
    """Take a free slot of a store from the tape and begin a record there."""
    cdef int32_t slot = <int32_t>tape.take(0, store.limit - 1)
    if store_reserve_slot(store, slot):
        raise MemoryError
    if store_has(store, slot):
        raise ValueError(f"slot {slot} is there twice")
    store_take_slot(store, slot)
    return slot


cdef int load_contact(Tape tape, Floor* floor, list classes, list plans) except -1:
    cdef int32_t slot = take_slot(tape, &floor.contacts)
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t number
    contact.seq = tape.take(1, floor.next_contact_seq - 1)
    contact.state = <uint8_t>tape.take(CONTACT_QUEUED, CONTACT_EXPIRED)
    number = <int32_t>tape.take(NONE, len(classes) - 1)
    contact.queue = <int32_t>tape.take(0, floor.queue_count - 1)
    contact.channel = <uint8_t>tape.take(0, floor.channel_count - 1)
    contact.own_cost = <int32_t>tape.take(NONE, COST_TOP)
    contact.tier = <int32_t>tape.take(-2147483648, 2147483647)
    contact.own_tier = <uint8_t>tape.take(0, 1)
    contact.head_start = tape.take(-DURATION_TOP, DURATION_TOP)
    contact.own_head_start = <uint8_t>tape.take(0, 1)
    contact.created = tape.take(0, TIME_MAX)
    contact.is_new_here = <uint8_t>tape.take(0, 1)
    contact.place_at = tape.take(0, floor.now)
    contact.in_queue_at = tape.take(0, floor.now)
    contact.waited = tape.take(0, floor.now)
    contact.offers_made = <uint16_t>tape.take(0, 65535)
    contact.told_exhausted = <uint8_t>tape.take(0, 1)
    contact.is_overdue = <uint8_t>tape.take(0, 1)
    contact.stage = <uint8_t>tape.take(0, 255)
    contact.seeks = <uint8_t>tape.take(SEEKS_NOBODY, SEEKS_FURTHER)
    contact.first_offer = NONE
    contact.first_leg = NONE
    contact.first_bar = NONE
    contact.extra = NONE
    set_word(floor, contact)
    if is_over(contact):
        contact.order.left = NOT_LISTED
        contact.order.right = <int32_t>tape.take(1, 2147483647)
        require(contact.seeks == SEEKS_NOBODY, "a contact that has ended seeks nobody")
        return 0
    if number == NONE:
        raise ValueError(f"contact slot {slot} has no class")
    contact.class_slot = classes[number]
    check_class(floor, contact)
    floor.classes[contact.class_slot].refs += 1
    if contact.state == CONTACT_QUEUED:
        floor.queues[contact.queue].waiting += 1
    if store_reserve(&floor.extras, 1) or slots_reserve(&floor.loose, floor.extras.count + 1):
        raise MemoryError
    load_extra(tape, floor, slot)
    load_given(tape, floor, slot)
    load_course(tape, floor, slot, plans)
    return 0


cdef int load_extra(Tape tape, Floor* floor, int32_t slot) except -1:
    """Take what few contacts have; one with nothing of it gets no extra."""
    cdef Extra* extra
    cdef int64_t numbers[11]
    cdef int at
    cdef int32_t agents = floor.agents.count - 1
    numbers[0] = tape.take(1, 2147483647)
    numbers[1] = tape.take(NONE, floor.now)
    for at in range(2, 5):
        numbers[at] = tape.take(NONE, agents)
    numbers[5] = tape.take(0, 2147483647)
    numbers[6] = tape.take(0, 2147483647)
    numbers[7] = tape.take(NONE, floor.contacts.limit - 1)
    numbers[8] = tape.take(0, UNANSWERED_CANCEL)
    numbers[9] = tape.take(0, 1)
    numbers[10] = tape.take(0, 1)
    if (
        numbers[0] == 1 and numbers[1] == NONE and numbers[2] == NONE and numbers[3] == NONE and numbers[4] == NONE
        and numbers[5] == 0 and numbers[6] == 0 and numbers[7] == NONE and numbers[8] == 0 and numbers[9] == 0
        and numbers[10] == 0
    ):
        return 0
    extra = extra_for(floor, slot)
    extra.version = <int32_t>numbers[0]
    extra.parked_at = numbers[1]
    extra.direct = <int32_t>numbers[2]
    extra.seeker = <int32_t>numbers[3]
    extra.returns_to = <int32_t>numbers[4]
    extra.displaced_offers = <int32_t>numbers[5]
    extra.displaced_work = <int32_t>numbers[6]
    extra.parent = <int32_t>numbers[7]
    extra.unanswered = <uint8_t>numbers[8]
    extra.clock_runs = <uint8_t>numbers[9]
    extra.is_consult = <uint8_t>numbers[10]
    return 0


cdef int load_given(Tape tape, Floor* floor, int32_t slot) except -1:
    """Take given scores and the agents that a slow contact allows."""
    cdef int32_t count = <int32_t>tape.take(0, 128)
    cdef int32_t words = (floor.agents.count + 63) >> 6
    cdef int32_t at
    cdef int64_t more
    cdef Extra* extra
    cdef Contact* contact = contact_at(floor, slot)
    if count:
        extra = extra_for(floor, slot)
        extra.scored = <int32_t*>fresh(count, sizeof(int32_t))
        extra.scores = <int64_t*>fresh(count, sizeof(int64_t))
        if extra.scored == NULL or extra.scores == NULL:
            raise MemoryError
        extra.scores_count = count
        for at in range(count):
            extra.scored[at] = <int32_t>tape.take(0, floor.agents.count - 1)
            extra.scores[at] = tape.take(LOWEST, HIGHEST)
    more = tape.take(0, 2)
    require((more > 0) == (floor.classes[contact.class_slot].is_slow != 0), "a slow contact says which agents it allows")
    if more == 0:
        return 0
    extra = extra_for(floor, slot)
    extra.allowed = <uint64_t*>fresh(words + 1, sizeof(uint64_t))
    if extra.allowed == NULL:
        raise MemoryError
    extra.allowed_words = words
    # It counts as one with bars: it must be asked agent by agent.
    contact.bars += 1
    for at in range(words):
        extra.allowed[at] = <uint64_t>tape.take_any()
    if more == 2:
        extra.sums = <int32_t*>fresh(floor.agents.count + 1, sizeof(int32_t))
        if extra.sums == NULL:
            raise MemoryError
        for at in range(floor.agents.count):
            extra.sums[at] = <int32_t>tape.take(0, 2147483647)
    return 0


cdef int join_families(Floor* floor) except -1:
    """Put consults under their parents, in order of creation. O(contacts log contacts)."""
    cdef int32_t at = store_next(&floor.contacts, 0)
    children = []
    while at != NONE:
        if contact_at(floor, at).extra != NONE and extra_at(floor, contact_at(floor, at).extra).parent != NONE:
            children.append((contact_at(floor, at).seq, at))
        at = store_next(&floor.contacts, at + 1)
    for _, at in sorted(children):
        parent = extra_at(floor, contact_at(floor, at).extra).parent
        require(
            store_has(&floor.contacts, parent) and not is_over(contact_at(floor, parent))
            and contact_at(floor, parent).seq < contact_at(floor, at).seq,
            "a consult has a parent inside that came before it",
        )
        if contact_at(floor, parent).extra == NONE and (
            store_reserve(&floor.extras, 1) or slots_reserve(&floor.loose, floor.extras.count + 1)
        ):
            raise MemoryError
        require(extra_for(floor, parent).children < LEGS_MAX, "a contact has a bounded number of consults")
        adopt(floor, parent, at)
    return 0


cdef int32_t take_contact(Tape tape, Floor* floor) except -1:
    """Take the slot of a contact that is there."""
    cdef int32_t slot = <int32_t>tape.take(0, floor.contacts.limit - 1)
    if not store_has(&floor.contacts, slot):
        raise ValueError(f"contact slot {slot} is not there")
    return slot


cdef int32_t take_agent(Tape tape, Floor* floor) except -1:
    return <int32_t>tape.take(0, floor.agents.count - 1)


cdef int load_legs(Tape tape, Floor* floor) except -1:
    cdef int32_t at, slot, contact, agent
    cdef int64_t seq, following = floor.next_leg_seq
    cdef Leg* leg
    for at in range(tape.take(0, floor.legs.limit)):
        slot = take_slot(tape, &floor.legs)
        seq = tape.take(1, following - 1)
        contact = take_contact(tape, floor)
        agent = take_agent(tape, floor)
        require(leg_find(floor, contact, agent) == NONE, "an agent has one leg of a contact")
        require(contact_at(floor, contact).legs < LEGS_MAX, "a contact has a bounded number of legs")
        leg_link(floor, slot, contact, agent, 0, 0)
        leg = leg_at(floor, slot)
        leg.seq = seq
        leg.queue = <int32_t>tape.take(0, floor.queue_count - 1)
        leg.cost = <int32_t>tape.take(0, COST_TOP)
        leg.channel = <uint8_t>tape.take(0, floor.channel_count - 1)
        leg.state = <uint8_t>tape.take(1, LEG_SUSPENDED)
        leg.ends_as = <uint8_t>tape.take(0, END_LAST)
        leg.began_at = tape.take(0, floor.now)
        leg.worked_until = tape.take(0, floor.now)
        leg.suspended = tape.take(0, floor.next_suspension)
        if leg.state == LEG_SUSPENDED:
            agent_at(floor, agent).suspended += 1
        else:
            agent_take(floor, agent, leg.channel, leg.cost)
    floor.next_leg_seq = following
    return 0


cdef int load_offers(Tape tape, Floor* floor) except -1:
    cdef int32_t at, slot, contact, agent, cost
    cdef int64_t seq
    cdef Offer* offer
    for at in range(tape.take(0, floor.offers.limit)):
        if offers_reserve(floor, 1):
            raise MemoryError
        slot = take_slot(tape, &floor.offers)
        seq = tape.take(1, floor.offers_made)
        contact = take_contact(tape, floor)
        agent = take_agent(tape, floor)
        cost = <int32_t>tape.take(0, COST_TOP)
        require(waits(contact_at(floor, contact)), "only a waiting contact is offered")
        require(contact_at(floor, contact).offers_out < OFFERS_TOP, "a contact has a bounded number of offers out")
        require(offer_find(floor, seq) == NONE, "an offer is there once")
        offer_link(floor, slot, seq, contact, agent, cost)
        offer = offer_at(floor, slot)
        offer.channel = <uint8_t>tape.take(0, floor.channel_count - 1)
        offer.made_at = tape.take(0, floor.now)
        offer.is_exempt = <uint8_t>tape.take(0, 1)
        agent_take(floor, agent, offer.channel, cost)
    return 0


cdef int load_bars(Tape tape, Floor* floor) except -1:
    cdef int32_t at, slot, contact, agent
    for at in range(tape.take(0, floor.bars.limit)):
        slot = take_slot(tape, &floor.bars)
        contact = take_contact(tape, floor)
        agent = take_agent(tape, floor)
        require(not is_over(contact_at(floor, contact)), "only a live contact is kept from an agent")
        require(bar_find(floor, contact, agent) == NONE, "a pair is kept apart once")
        bar_link(floor, slot, contact, agent, <uint8_t>tape.take(1, BAR_ANY))
    return 0


cdef int load_ended(Tape tape, Floor* floor) except -1:
    cdef int32_t slot
    while tape.take(NONE, floor.contacts.limit - 1) != NONE:
        tape.at -= 1
        slot = take_contact(tape, floor)
        require(is_over(contact_at(floor, slot)), "only contacts that have ended are retained")
        require(contact_at(floor, slot).order.left == NOT_LISTED, "a contact is retained once")
        contact_at(floor, slot).order.left = NONE
        if floor.last_ended == NONE:
            floor.first_ended = slot
        else:
            require(
                contact_at(floor, floor.last_ended).in_queue_at <= contact_at(floor, slot).in_queue_at,
                "what ended first is forgotten first",
            )
            contact_at(floor, floor.last_ended).order.left = slot
        floor.last_ended = slot
    return 0


cdef int load_timers(Tape tape, Floor* floor) except -1:
    cdef int32_t at, kind, target, timer
    cdef int32_t* own
    cdef int64_t deadline = floor.now
    for at in range(tape.take(0, floor.timers.limit)):
        if store_reserve(&floor.timers, 1) or store_reserve(&floor.extras, 1) or store_reserve(
            &floor.courses, 1
        ) or slots_reserve(&floor.loose, floor.extras.count + 1):
            raise MemoryError
        deadline = tape.take(deadline, floor.now + TIME_MAX)
        kind = <int32_t>tape.take(TIMER_OFFER, TIMER_CALLBACK)
        require(
            kind in (TIMER_PARK, TIMER_RULE, TIMER_HOURS, TIMER_CALLBACK) or deadline <= floor.now + DURATION_TOP,
            "what is timed ends in time",
        )
        target = <int32_t>tape.take(0, floor.timers.limit - 1)
        check_target(floor, kind, target)
        timer = timer_arm(floor, deadline, kind, target)
        own = timer_of(floor, kind, target)
        require(own[0] == NONE, "what is timed has one timer")
        own[0] = timer
        if kind == TIMER_GUARD:
            floor.guard_at = deadline
    return 0


cdef int check_target(Floor* floor, int32_t kind, int32_t target) except -1:
    """Raise unless there is what a timer is for."""
    cdef Store* store = &floor.contacts
    if kind == TIMER_OFFER:
        store = &floor.offers
    elif kind == TIMER_WRAP_UP:
        store = &floor.legs
    elif kind == TIMER_COOLDOWN:
        store = &floor.bars
    elif kind == TIMER_GUARD:
        return require(target == 0 and floor.guards, "a guard is for everybody")
    elif kind == TIMER_HOURS:
        return require(
            target < floor.queue_count and floor.queues[target].hours.passed < floor.queues[target].hours.count,
            "a queue that opens or closes has hours",
        )
    elif kind == TIMER_LEASE or kind == TIMER_LOST:
        return require(
            target < floor.agents.count and agent_at(floor, target).is_lost == (kind == TIMER_LOST)
            and (kind == TIMER_LOST or agent_at(floor, target).lease != NONE), "an agent that is waited for has a lease",
        )
    require(store_has(store, target), "a timer has a target")
    if store == &floor.contacts:
        require(not is_over(contact_at(floor, target)), "only a live contact is timed")
    return 0


cdef int32_t* timer_of(Floor* floor, int32_t kind, int32_t target) noexcept:
    """Return where the timer of a target is kept."""
    if kind == TIMER_OFFER:
        return &offer_at(floor, target).timer
    if kind == TIMER_WRAP_UP:
        return &leg_at(floor, target).timer
    if kind == TIMER_COOLDOWN:
        return &bar_at(floor, target).timer
    if kind == TIMER_GUARD:
        return &floor.guard_timer
    if kind == TIMER_HOURS:
        return &floor.queues[target].hours.timer
    if kind == TIMER_LEASE:
        return &agent_at(floor, target).timer_lease
    if kind == TIMER_LOST:
        return &agent_at(floor, target).timer_lost
    if kind == TIMER_RULE:
        return &course_for(floor, target).timer_rule
    if kind == TIMER_CALLBACK:
        return &course_for(floor, target).timer_callback
    if kind == TIMER_AFTER:
        return &extra_for(floor, target).timer_after
    if kind == TIMER_OVERDUE:
        return &extra_for(floor, target).timer_overdue
    return &extra_for(floor, target).timer_park
