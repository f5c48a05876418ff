"""Snapshot and restore: everything that decides, as one tape of 64-bit integers.

What follows from the rest is not kept: heads, masks, pools, units taken, the matrix. Slots are kept, because hosts hold
handles; free slots need not be, because the lowest free one is always next. Timers are kept in the order in which they will
fire. The same state therefore gives the same tape, whatever its history.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdlib cimport qsort
from libc.string cimport memcpy

from ccroute.core.acd cimport Acd
from ccroute.core.bars cimport bar_find, bar_link
from ccroute.core.defs cimport (
    BAR_COOLDOWN, BAR_EXCLUDED, BAR_LEG, CONTACT_ACTIVE, CONTACT_CANCELLED, CONTACT_QUEUED, LEG_WRAPPING, NONE,
    TIMER_COOLDOWN, TIMER_OFFER, TIMER_WRAP_UP, Agent, Bar, Contact, Floor, Given, Leg, Offer, Store, agent_at,
    bar_at, contact_at, given_at, int32_t, int8_t, leg_at, offer_at, timer_at, uint16_t, uint8_t,
)
from ccroute.core.legs cimport leg_find, leg_link
from ccroute.core.lives cimport agent_take
from ccroute.core.offers cimport offer_find, offer_link, offers_reserve
from ccroute.core.roster cimport agent_refresh
from ccroute.core.store cimport (
    fresh, grow, release, store_has, store_next, store_reserve, store_reserve_slot, store_take, store_take_slot,
)
from ccroute.core.timers cimport timer_arm, timers_open, timers_walk
from ccroute.core.waiting cimport class_enter, set_word

cdef enum:
    TIME_MAX = 9007199254740991
    ANY = 9223372036854775807
    DUE_FIELDS = 4
    COST_TOP = 1000000
    NOT_LISTED = -2               # on a contact that has ended, until it is found among the retained

cdef int64_t DURATION_TOP = 7776000000000
cdef int64_t CONTACT_SEQ_MAX = 549755813887        # a handle has room for no more
cdef int64_t LOWEST = -9223372036854775807
cdef int64_t HIGHEST = 9223372036854775807


@cython.final
cdef class Tape:
    """A growing row of integers."""

    def __cinit__(self, bytes data=None):
        if data is not None:
            self.count = PyBytes_GET_SIZE(data) // 8
            self.items = <int64_t*>fresh(self.count, 8)
            if self.items == NULL:
                raise MemoryError
            memcpy(self.items, PyBytes_AS_STRING(data), self.count * 8)

    def __dealloc__(self):
        release(self.items)

    cdef int put(self, int64_t value) except -1:
        """Append a number."""
        cdef int64_t capacity
        if self.count == self.capacity:
            capacity = self.capacity * 2 + 256
            if grow(<void**>&self.items, self.capacity, capacity, 8):
                raise MemoryError
            self.capacity = capacity
        self.items[self.count] = value
        self.count += 1
        return 0

    cdef int64_t take(self, int64_t low, int64_t high) except? -7777777777777777:
        """Return the next number, which lies within bounds; otherwise the tape is not ours."""
        cdef int64_t value
        if self.at >= self.count:
            raise ValueError("the tape ends too early")
        value = self.items[self.at]
        if value < low or value > high:
            raise ValueError(f"number {self.at} is {value}, not from {low} to {high}")
        self.at += 1
        return value

    def bytes(self) -> bytes:
        """Return the numbers, eight bytes each, in the machine's order."""
        return PyBytes_FromStringAndSize(<char*>self.items, self.count * 8)


# ---- saving ----------------------------------------------------------------------------------------------------


def save(Acd acd, dict classes) -> bytes:
    """Return the state of a floor. ``classes`` numbers the class slots that hold contacts."""
    cdef Floor* floor = &acd.floor
    cdef Tape tape = Tape()
    cdef int32_t at
    for number in (floor.now, floor.next_contact_seq, floor.next_leg_seq, floor.offers_made):
        tape.put(number)
    for at in range(4):
        tape.put(floor.tallies[at])
    tape.put(floor.queue_count)
    for at in range(floor.queue_count):
        tape.put(floor.queues[at].paused)
    tape.put(floor.agents.count)
    for at in range(floor.agents.count):
        save_agent(tape, agent_at(floor, at))
    tape.put(floor.contacts.count)
    at = store_next(&floor.contacts, 0)
    while at != NONE:
        save_contact(tape, floor, at, classes)
        at = store_next(&floor.contacts, at + 1)
    save_legs_offers_bars(tape, floor)
    at = floor.first_ended
    while at != NONE:
        tape.put(at)
        at = contact_at(floor, at).order.left
    tape.put(NONE)
    save_timers(tape, floor)
    return tape.bytes()


cdef int save_agent(Tape tape, Agent* agent) except -1:
    tape.put(agent.presence)
    tape.put(agent.next_presence)
    tape.put(agent.next_pending)
    tape.put(agent.idle_since)
    tape.put(agent.last_offer)
    tape.put(agent.away_since)
    tape.put(agent.handled)
    tape.put(agent.expiries)
    return 0


cdef int save_contact(Tape tape, Floor* floor, int32_t slot, dict classes) except -1:
    cdef Contact* contact = contact_at(floor, slot)
    cdef Given* given
    cdef int32_t at
    tape.put(slot)
    tape.put(contact.seq)
    tape.put(contact.state)
    tape.put(classes[contact.class_slot] if contact.state <= CONTACT_ACTIVE else NONE)
    tape.put(contact.queue)
    tape.put(contact.channel)
    tape.put(contact.own_cost)
    tape.put(contact.tier)
    tape.put(contact.own_tier)
    tape.put(contact.head_start)
    tape.put(contact.own_head_start)
    tape.put(contact.place_at)
    tape.put(contact.in_queue_at)
    tape.put(contact.waited)
    tape.put(contact.offers_made)
    tape.put(contact.told_exhausted)
    if contact.scores == NONE:
        tape.put(0)
        return 0
    given = given_at(floor, contact.scores)
    tape.put(given.count)
    for at in range(given.count):
        tape.put(given.agents[at])
        tape.put(given.scores[at])
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
                       leg.worked_until):
            tape.put(number)
        at = store_next(&floor.legs, at + 1)
    # By agent, oldest first: the order in which they hang from their agents.
    tape.put(floor.offers.count)
    for agent in range(floor.agents.count):
        at = agent_at(floor, agent).first_offer
        while at != NONE:
            offer = offer_at(floor, at)
            for number in (at, offer.seq, offer.contact, agent, offer.cost):
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


def load(Acd acd, bytes data, list classes) -> None:
    """Bring a floor that was just built into a saved state. ``classes`` gives the class slot of each number.

    :raises ValueError: the bytes are not a tape of this floor.
    """
    cdef Floor* floor = &acd.floor
    cdef Tape tape = Tape(data)
    cdef int32_t at
    floor.now = tape.take(0, TIME_MAX)
    floor.next_contact_seq = tape.take(1, CONTACT_SEQ_MAX)
    floor.next_leg_seq = tape.take(1, HIGHEST)
    floor.offers_made = tape.take(0, HIGHEST)
    for at in range(4):
        floor.tallies[at] = tape.take(0, HIGHEST)
    timers_open(floor)
    tape.take(floor.queue_count, floor.queue_count)
    for at in range(floor.queue_count):
        floor.queues[at].paused = <uint8_t>tape.take(0, 1)
    tape.take(floor.agents.count, floor.agents.count)
    for at in range(floor.agents.count):
        load_agent(tape, floor, agent_at(floor, at))
    for at in range(<int32_t>tape.take(0, floor.contacts.limit)):
        load_contact(tape, floor, classes)
    load_legs(tape, floor)
    load_offers(tape, floor)
    load_bars(tape, floor)
    load_ended(tape, floor)
    load_timers(tape, floor)
    if tape.at != tape.count:
        raise ValueError("the tape goes on behind its end")
    check_sound(floor)
    at = store_next(&floor.contacts, 0)
    while at != NONE:
        if contact_at(floor, at).state == CONTACT_QUEUED and contact_at(floor, at).offers_out == 0:
            class_enter(floor, at)
        at = store_next(&floor.contacts, at + 1)
    for at in range(floor.agents.count):
        agent_refresh(floor, at)
    rest(floor)


cdef void rest(Floor* floor) noexcept:
    """Nothing is to be decided: a snapshot is taken between calls."""
    cdef int32_t at
    for at in range(floor.dirty_classes.count):
        floor.classes[floor.dirty_classes.items[at]].is_dirty = 0
    for at in range(floor.dirty_agents.count):
        agent_at(floor, floor.dirty_agents.items[at]).is_dirty = 0
    floor.dirty_classes.count = 0
    floor.dirty_agents.count = 0
    floor.record_count = 0


cdef int load_agent(Tape tape, Floor* floor, Agent* agent) except -1:
    agent.presence = <uint8_t>tape.take(0, 2)
    agent.next_presence = <int8_t>tape.take(NONE, 2)
    agent.next_pending = <uint8_t>tape.take(0, 3)
    agent.idle_since = tape.take(0, floor.now)
    agent.last_offer = tape.take(0, floor.offers_made)
    agent.away_since = tape.take(0, floor.now)
    agent.handled = <int32_t>tape.take(0, 2147483647)
    agent.expiries = <int32_t>tape.take(0, 2147483647)
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


cdef int load_contact(Tape tape, Floor* floor, list classes) except -1:
    cdef int32_t slot = take_slot(tape, &floor.contacts)
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t number
    contact.seq = tape.take(1, floor.next_contact_seq - 1)
    contact.state = <uint8_t>tape.take(CONTACT_QUEUED, CONTACT_CANCELLED)
    number = <int32_t>tape.take(NONE, len(classes) - 1)
    contact.queue = <int32_t>tape.take(0, floor.queue_count - 1)
    contact.channel = <uint8_t>tape.take(0, floor.channel_count - 1)
    contact.own_cost = <int32_t>tape.take(NONE, COST_TOP)
    contact.tier = <int32_t>tape.take(-2147483648, 2147483647)
    contact.own_tier = <uint8_t>tape.take(0, 1)
    contact.head_start = tape.take(-DURATION_TOP, DURATION_TOP)
    contact.own_head_start = <uint8_t>tape.take(0, 1)
    contact.place_at = tape.take(0, floor.now)
    contact.in_queue_at = tape.take(0, floor.now)
    contact.waited = tape.take(0, floor.now)
    contact.offers_made = <uint16_t>tape.take(0, 65535)
    contact.told_exhausted = <uint8_t>tape.take(0, 1)
    contact.first_offer = NONE
    contact.first_leg = NONE
    contact.first_bar = NONE
    set_word(floor, contact)
    load_scores(tape, floor, contact)
    if contact.state <= CONTACT_ACTIVE:
        if number == NONE:
            raise ValueError(f"contact slot {slot} has no class")
        contact.class_slot = classes[number]
        require(
            floor.classes[contact.class_slot].queue == contact.queue
            and floor.classes[contact.class_slot].channel == contact.channel
            and floor.classes[contact.class_slot].own_cost == contact.own_cost,
            "a contact agrees with its class",
        )
        floor.classes[contact.class_slot].refs += 1
    if contact.state == CONTACT_QUEUED:
        floor.queues[contact.queue].waiting += 1
    if contact.state > CONTACT_ACTIVE:
        contact.order.left = NOT_LISTED
    return 0


cdef int load_scores(Tape tape, Floor* floor, Contact* contact) except -1:
    cdef int32_t count = <int32_t>tape.take(0, 128)
    cdef int32_t at
    cdef Given* given
    contact.scores = NONE
    if count == 0:
        return 0
    if store_reserve(&floor.given, 1):
        raise MemoryError
    contact.scores = store_take(&floor.given)
    given = given_at(floor, contact.scores)
    given.agents = <int32_t*>fresh(count, sizeof(int32_t))
    given.scores = <int64_t*>fresh(count, sizeof(int64_t))
    if given.agents == NULL or given.scores == NULL:
        raise MemoryError
    given.count = count
    for at in range(count):
        given.agents[at] = <int32_t>tape.take(0, floor.agents.count - 1)
        given.scores[at] = tape.take(LOWEST, HIGHEST)
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
        leg_link(floor, slot, contact, agent, 0)
        leg = leg_at(floor, slot)
        leg.seq = seq
        leg.queue = <int32_t>tape.take(0, floor.queue_count - 1)
        leg.cost = <int32_t>tape.take(0, COST_TOP)
        leg.channel = <uint8_t>tape.take(0, floor.channel_count - 1)
        leg.state = <uint8_t>tape.take(1, LEG_WRAPPING)
        leg.ends_as = <uint8_t>tape.take(0, 2)
        leg.began_at = tape.take(0, floor.now)
        leg.worked_until = tape.take(0, floor.now)
        agent_take(floor, agent, leg.channel, leg.cost)
    floor.next_leg_seq = following
    return 0


cdef int load_offers(Tape tape, Floor* floor) except -1:
    cdef int32_t at, slot, contact, agent, cost
    cdef int64_t seq
    for at in range(tape.take(0, floor.offers.limit)):
        if offers_reserve(floor, 1):
            raise MemoryError
        slot = take_slot(tape, &floor.offers)
        seq = tape.take(1, floor.offers_made)
        contact = take_contact(tape, floor)
        agent = take_agent(tape, floor)
        cost = <int32_t>tape.take(0, COST_TOP)
        require(contact_at(floor, contact).state == CONTACT_QUEUED, "only a waiting contact is offered")
        require(contact_at(floor, contact).offers_out == 0, "a contact has one offer out")
        require(offer_find(floor, seq) == NONE, "an offer is there once")
        offer_link(floor, slot, seq, contact, agent, cost)
        agent_take(floor, agent, contact_at(floor, contact).channel, cost)
    return 0


cdef int load_bars(Tape tape, Floor* floor) except -1:
    cdef int32_t at, slot, contact, agent
    for at in range(tape.take(0, floor.bars.limit)):
        slot = take_slot(tape, &floor.bars)
        contact = take_contact(tape, floor)
        agent = take_agent(tape, floor)
        require(contact_at(floor, contact).state <= CONTACT_ACTIVE, "only a live contact is kept from an agent")
        require(bar_find(floor, contact, agent) == NONE, "a pair is kept apart once")
        bar_link(floor, slot, contact, agent, <uint8_t>tape.take(1, BAR_COOLDOWN | BAR_EXCLUDED | BAR_LEG))
    return 0


cdef int load_ended(Tape tape, Floor* floor) except -1:
    cdef int32_t slot
    while tape.take(NONE, floor.contacts.limit - 1) != NONE:
        tape.at -= 1
        slot = take_contact(tape, floor)
        require(contact_at(floor, slot).state > CONTACT_ACTIVE, "only contacts that have ended are retained")
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
        if store_reserve(&floor.timers, 1):
            raise MemoryError
        deadline = tape.take(deadline, floor.now + DURATION_TOP)
        kind = <int32_t>tape.take(TIMER_OFFER, TIMER_COOLDOWN)
        target = <int32_t>tape.take(0, floor.timers.limit - 1)
        if not store_has(&floor.offers if kind == TIMER_OFFER else &floor.legs if kind == TIMER_WRAP_UP else &floor.bars, target):
            raise ValueError(f"timer {at} has no target")
        timer = timer_arm(floor, deadline, kind, target)
        if kind == TIMER_OFFER:
            own = &offer_at(floor, target).timer
        elif kind == TIMER_WRAP_UP:
            own = &leg_at(floor, target).timer
        else:
            own = &bar_at(floor, target).timer
        require(own[0] == NONE, "what is timed has one timer")
        own[0] = timer
    return 0


# ---- what must agree -------------------------------------------------------------------------------------------


cdef inline int require(bint is_so, str promise) except -1:
    """Raise unless a promise that the core relies on holds on the tape."""
    if not is_so:
        raise ValueError(f"on the tape it is not so that {promise}")
    return 0


cdef int check_sound(Floor* floor) except -1:
    """Raise unless everything on the tape agrees: the core trusts it from here on. O(all there is)."""
    cdef int32_t at = store_next(&floor.contacts, 0)
    cdef int64_t live = 0
    cdef Agent* agent
    while at != NONE:
        live += contact_at(floor, at).state <= CONTACT_ACTIVE
        check_contact(floor, contact_at(floor, at))
        at = store_next(&floor.contacts, at + 1)
    require(
        live == floor.tallies[0] - floor.tallies[1] - floor.tallies[2] - floor.tallies[3],
        "contacts inside are all accounted for",
    )
    for at in range(floor.agents.count):
        agent = agent_at(floor, at)
        require(agent.next_presence == NONE or agent.legs > 0, "only an agent at work has a next presence")
    at = store_next(&floor.legs, 0)
    while at != NONE:
        check_leg(floor, leg_at(floor, at))
        at = store_next(&floor.legs, at + 1)
    at = store_next(&floor.offers, 0)
    while at != NONE:
        require(offer_at(floor, at).timer != NONE, "every offer that is out expires")
        at = store_next(&floor.offers, at + 1)
    at = store_next(&floor.bars, 0)
    while at != NONE:
        check_bar(floor, bar_at(floor, at))
        at = store_next(&floor.bars, at + 1)
    return 0


cdef int check_contact(Floor* floor, Contact* contact) except -1:
    cdef int32_t leg = contact.first_leg
    cdef bint is_worked_on = False
    while leg != NONE:
        is_worked_on |= leg_at(floor, leg).state != LEG_WRAPPING
        leg = leg_at(floor, leg).next_of_contact
    if contact.state == CONTACT_ACTIVE:
        return require(contact.first_leg != NONE, "an active contact has a leg")
    require(not is_worked_on, "only an active contact is at work")
    if contact.state > CONTACT_ACTIVE:
        require(
            (contact.order.left == NOT_LISTED) == (contact.first_leg != NONE), "a contact that has ended is retained"
        )
        require(contact.scores == NONE, "a contact that has ended has no scores")
    return 0


cdef int check_leg(Floor* floor, Leg* leg) except -1:
    cdef Contact* contact = contact_at(floor, leg.contact)
    cdef int32_t bar = bar_find(floor, leg.contact, leg.agent)
    require(leg.channel == contact.channel, "a leg is of its contact's channel")
    require(leg.timer == NONE or leg.state == LEG_WRAPPING, "only a wrap-up ends by itself")
    require(leg.worked_until >= leg.began_at or leg.state != LEG_WRAPPING, "work ends after it has begun")
    if contact.state == CONTACT_QUEUED:
        require(
            bar != NONE and bar_at(floor, bar).why & BAR_LEG != 0, "an agent that wraps up is kept from the contact"
        )
    return 0


cdef int check_bar(Floor* floor, Bar* bar) except -1:
    require((bar.timer != NONE) == (bar.why & BAR_COOLDOWN != 0), "a cool-down has an end, and nothing else has")
    if bar.why & BAR_LEG:
        require(leg_find(floor, bar.contact, bar.agent) != NONE, "who is kept away by a leg has one")
    return 0
