"""Lives: what commands and timers do to contacts, offers, legs and agents, once they are known to be legal.

Each function moves the state and writes the decision records of what happened, in the order that ``events.py`` states:
the command's own first, then ends of offers, ends of legs, what became of the contact, what became of the agent.
Whether a command is legal is asked before, in ``acd.pyx``, by the table of ``table.py``.
"""

from ccroute.core.bars cimport bar_add, bar_find, bar_lift, bars_lift_all, cool_down
from ccroute.core.defs cimport (
    AVAILABLE, AWAY, BAR_COOLDOWN, BAR_LEG, CONTACT_ABANDONED, CONTACT_ACTIVE, CONTACT_CANCELLED, CONTACT_CLOSED,
    CONTACT_QUEUED, DURATION_MAX, END_CANCELLED, END_COMPLETED, END_TRANSFERRED, LEG_WRAPPING, NONE, OFFLINE,
    PENDING_KEEP, PENDING_RESCIND, PLACE_AGE, PLACE_NONE, RECORD_ABANDONED, RECORD_ACCEPTED, RECORD_ACTIVE,
    RECORD_CANCELLED, RECORD_CLOSED, RECORD_DECLINED, RECORD_EXHAUSTED, RECORD_EXPIRED, RECORD_LEG_ENDED,
    RECORD_NEXT_PRESENCE, RECORD_OPENED, RECORD_PAUSED, RECORD_PRESENCE, RECORD_QUEUED, RECORD_RESCINDED,
    RECORD_TRANSFERRED, RECORD_WRAP_UP_ENDED, RECORD_WRAP_UP_EXTENDED, RECORD_WRAP_UP_STARTED, RESCIND_ABANDONED,
    RESCIND_CANCELLED, RESCIND_PRESENCE, STEP_RECORDS, STEP_SLOTS, TIMER_OFFER, TIMER_WRAP_UP, UNLIMITED, Agent,
    Contact, Given, Leg, Offer, Queue, Record, agent_at, bar_at, check, contact_at, counts_at, given_at, int8_t,
    leg_at, offer_at, timer_at, write,
)
from ccroute.core.legs cimport leg_find, leg_first, leg_link, leg_unlink
from ccroute.core.offers cimport offer_unlink, offers_reserve
from ccroute.core.roster cimport agent_attach, agent_detach
from ccroute.core.store cimport grow, release, slots_append, store_give, store_reserve, store_take
from ccroute.core.timers cimport timer_arm, timer_cancel
from ccroute.core.waiting cimport class_enter, class_leave, class_show, mark_class


cdef int step_reserve(Floor* floor, int32_t times) noexcept nogil:
    """Make room for ``times`` steps, so that none of them can fail half-way. Return -1 without memory, nothing moved."""
    cdef int32_t capacity = floor.record_count + times * STEP_RECORDS
    if capacity > floor.record_capacity:
        capacity += capacity >> 1
        if grow(<void**>&floor.records, floor.record_capacity, capacity, sizeof(Record)):
            return -1
        floor.record_capacity = capacity
    if (
        store_reserve(&floor.contacts, 1)
        or offers_reserve(floor, 1)
        or store_reserve(&floor.legs, 1)
        or store_reserve(&floor.bars, times * STEP_SLOTS)
        or store_reserve(&floor.timers, times * STEP_SLOTS)
    ):
        return -1
    return 0


# ---- agents' units ---------------------------------------------------------------------------------------------


cdef void agent_take(Floor* floor, int32_t agent, int32_t channel, int32_t cost) noexcept nogil:
    """Book units and a place on a channel; the agent is detached."""
    agent_at(floor, agent).taken += cost
    counts_at(floor, agent)[channel] += 1


cdef void agent_give(Floor* floor, int32_t agent, int32_t channel, int32_t cost) noexcept nogil:
    """Give units and a place on a channel back; the agent is detached."""
    agent_at(floor, agent).taken -= cost
    counts_at(floor, agent)[channel] -= 1


# ---- contacts --------------------------------------------------------------------------------------------------


cdef void queue_enter(Floor* floor, int32_t slot, int32_t class_slot) noexcept nogil:
    """Put a contact whose queue, tier, head start and place are set into a class, as one new in its queue."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record
    contact.class_slot = class_slot
    contact.state = CONTACT_QUEUED
    contact.in_queue_at = floor.now
    contact.offers_made = 0
    contact.told_exhausted = 0
    floor.classes[class_slot].refs += 1
    floor.queues[contact.queue].waiting += 1
    record = write(floor, RECORD_QUEUED)
    record.contact = slot
    record.queue = contact.queue
    record.a = contact.place_at
    record.b = contact.head_start
    record.x = contact.tier
    class_enter(floor, slot)


cdef void queue_leave(Floor* floor, int32_t slot) noexcept nogil:
    """Take a contact out of line: its wait stands still from now on."""
    cdef Contact* contact = contact_at(floor, slot)
    if contact.offers_out == 0:
        class_leave(floor, slot)
    contact.waited = floor.now - contact.waited
    floor.queues[contact.queue].waiting -= 1


cdef void retire(Floor* floor, int32_t slot) noexcept nogil:
    """Keep an ended contact without legs among those that still answer queries."""
    cdef Contact* contact = contact_at(floor, slot)
    contact.in_queue_at = floor.now
    contact.order.left = NONE
    if floor.last_ended == NONE:
        floor.first_ended = slot
    else:
        contact_at(floor, floor.last_ended).order.left = slot
    floor.last_ended = slot


cdef void contact_end(Floor* floor, int32_t slot, int state) noexcept nogil:
    """Bring a contact that is not in line to one of its ends."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Given* given
    contact.state = <unsigned char>state
    floor.classes[contact.class_slot].refs -= 1
    floor.tallies[state - CONTACT_CLOSED + 1] += 1
    bars_lift_all(floor, slot)
    if contact.scores != NONE:
        given = given_at(floor, contact.scores)
        release(given.agents)
        release(given.scores)
        store_give(&floor.given, contact.scores)
        contact.scores = NONE
    if contact.first_leg == NONE:
        retire(floor, slot)


cdef void contact_close(Floor* floor, int32_t slot) noexcept nogil:
    """Close an active contact whose last leg has ended; keep one that ended before for its time."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record
    if contact.first_leg != NONE:
        return
    if contact.state == CONTACT_ACTIVE:
        record = write(floor, RECORD_CLOSED)
        record.contact = slot
        record.queue = contact.queue
        record.a = contact.waited
        contact_end(floor, slot, CONTACT_CLOSED)
    elif contact.state > CONTACT_ACTIVE:
        retire(floor, slot)


cdef int32_t ended_due(Floor* floor) noexcept nogil:
    """Return an ended contact whose time among the kept is over, NONE without."""
    cdef int32_t slot = floor.first_ended
    if slot != NONE and contact_at(floor, slot).in_queue_at + floor.retain <= floor.now:
        return slot
    return NONE


cdef void contact_forget(Floor* floor, int32_t slot) noexcept nogil:
    """Forget the contact that ended first."""
    check(slot == floor.first_ended)
    floor.first_ended = contact_at(floor, slot).order.left
    if floor.first_ended == NONE:
        floor.last_ended = NONE
    store_give(&floor.contacts, slot)


# ---- offers ----------------------------------------------------------------------------------------------------


cdef Record* write_offer(Floor* floor, int kind, Offer* offer) noexcept nogil:
    cdef Record* record = write(floor, <unsigned char>kind)
    record.contact = offer.contact
    record.agent = offer.agent
    record.offer = offer.seq
    return record


cdef void offer_return(Floor* floor, int32_t slot, int64_t cooldown) noexcept nogil:
    """End an offer that was not accepted; its contact, if it still waits, goes back to its place."""
    cdef Offer* offer = offer_at(floor, slot)
    cdef int32_t contact_slot = offer.contact
    cdef int32_t agent = offer.agent
    cdef Contact* contact = contact_at(floor, contact_slot)
    cdef Record* record
    agent_detach(floor, agent)
    agent_give(floor, agent, contact.channel, offer.cost)
    offer_unlink(floor, slot)
    agent_attach(floor, agent)
    if contact.state != CONTACT_QUEUED:
        return
    if contact.offers_out == 0:
        class_enter(floor, contact_slot)
    if cooldown:
        cool_down(floor, contact_slot, agent, cooldown)
    if contact.offers_made >= floor.queues[contact.queue].offers_max and not contact.told_exhausted:
        contact.told_exhausted = 1
        record = write(floor, RECORD_EXHAUSTED)
        record.contact = contact_slot
        record.queue = contact.queue
        record.x = contact.offers_made


cdef void rescind(Floor* floor, int32_t slot, int reason) noexcept nogil:
    write_offer(floor, RECORD_RESCINDED, offer_at(floor, slot)).x = reason
    offer_return(floor, slot, 0)


cdef void decline(Floor* floor, int32_t slot, bint by_command) noexcept nogil:
    cdef int64_t cooldown = floor.queues[contact_at(floor, offer_at(floor, slot).contact).queue].cooldown
    cdef Record* record = write_offer(floor, RECORD_DECLINED, offer_at(floor, slot))
    record.a = cooldown
    record.x = by_command
    offer_return(floor, slot, cooldown)


cdef void rescind_all(Floor* floor, int32_t contact, int reason) noexcept nogil:
    """Rescind the offers of a contact that has ended, oldest first."""
    cdef int32_t at, oldest
    while True:
        oldest = contact_at(floor, contact).first_offer
        if oldest == NONE:
            return
        at = offer_at(floor, oldest).next_of_contact
        while at != NONE:
            if offer_at(floor, at).seq < offer_at(floor, oldest).seq:
                oldest = at
            at = offer_at(floor, at).next_of_contact
        rescind(floor, oldest, reason)


cdef void do_decline(Floor* floor, int32_t slot) noexcept nogil:
    """The agent lets an offer go."""
    decline(floor, slot, True)


cdef void offer_expire(Floor* floor, int32_t slot) noexcept nogil:
    """Nobody answered: cool-down, and away after so many in a row."""
    cdef Offer* offer = offer_at(floor, slot)
    cdef int32_t agent_slot = offer.agent
    cdef Agent* agent = agent_at(floor, agent_slot)
    cdef Contact* contact = contact_at(floor, offer.contact)
    cdef Queue* queue = &floor.queues[contact.queue]
    cdef int32_t away_after = queue.away_after
    cdef Record* record = write_offer(floor, RECORD_EXPIRED, offer)
    if away_after == NONE:
        away_after = floor.channels[contact.channel].away_after
    agent.expiries += 1
    record.a = queue.cooldown
    record.x = agent.expiries
    offer_return(floor, slot, queue.cooldown)
    if away_after and agent.expiries >= away_after and agent.presence == AVAILABLE:
        agent.expiries = 0
        do_presence(floor, agent_slot, AWAY, PENDING_RESCIND, 3)


# ---- legs ------------------------------------------------------------------------------------------------------


cdef Record* write_leg(Floor* floor, int kind, Leg* leg) noexcept nogil:
    cdef Record* record = write(floor, <unsigned char>kind)
    record.contact = leg.contact
    record.agent = leg.agent
    return record


cdef void leg_begin(Floor* floor, int32_t contact_slot, int32_t agent_slot, int64_t offer, int32_t cost) noexcept nogil:
    """An offer is accepted: the contact is out of line, the leg begins; the agent is detached and its units are booked."""
    cdef Contact* contact = contact_at(floor, contact_slot)
    cdef Agent* agent = agent_at(floor, agent_slot)
    cdef Record* record = write(floor, RECORD_ACCEPTED)
    record.contact = contact_slot
    record.agent = agent_slot
    record.offer = offer
    contact.state = CONTACT_ACTIVE
    agent.handled += 1
    agent.expiries = 0
    agent.idle_since = floor.now
    leg_link(floor, store_take(&floor.legs), contact_slot, agent_slot, cost)
    record = write(floor, RECORD_ACTIVE)
    record.contact = contact_slot
    record.agent = agent_slot
    record.queue = contact.queue
    record.offer = offer
    record.a = contact.waited
    record.x = cost


cdef void do_accept(Floor* floor, int32_t slot) noexcept nogil:
    """The agent takes an offer."""
    cdef Offer* offer = offer_at(floor, slot)
    cdef int32_t contact = offer.contact
    cdef int32_t agent = offer.agent
    cdef int64_t seq = offer.seq
    cdef int32_t cost = offer.cost
    agent_detach(floor, agent)
    queue_leave(floor, contact)
    offer_unlink(floor, slot)
    leg_begin(floor, contact, agent, seq, cost)
    agent_attach(floor, agent)


cdef void leg_end(Floor* floor, int32_t slot, int ends_as) noexcept nogil:
    """End a leg: its units are free, and the agent idles from now."""
    cdef Leg* leg = leg_at(floor, slot)
    cdef int32_t agent = leg.agent
    cdef int32_t contact = leg.contact
    cdef int32_t bar
    cdef Record* record = write_leg(floor, RECORD_LEG_ENDED, leg)
    record.a = leg.began_at
    record.b = (leg.worked_until if leg.state == LEG_WRAPPING else floor.now) - leg.began_at
    record.x = ends_as
    agent_detach(floor, agent)
    agent_give(floor, agent, leg.channel, leg.cost)
    agent_at(floor, agent).idle_since = floor.now
    leg_unlink(floor, slot)
    agent_attach(floor, agent)
    bar = bar_find(floor, contact, agent)
    if bar != NONE and bar_at(floor, bar).why & BAR_LEG:
        bar_lift(floor, bar, BAR_LEG)


cdef void leg_done(Floor* floor, int32_t slot, int64_t wrap_up, int ends_as) noexcept nogil:
    """The work of a leg is done: wrap up, or end it where there is none."""
    cdef Leg* leg = leg_at(floor, slot)
    cdef Record* record
    if wrap_up == 0:
        leg_end(floor, slot, ends_as)
        return
    leg.state = LEG_WRAPPING
    leg.worked_until = floor.now
    leg.ends_as = <unsigned char>ends_as
    record = write_leg(floor, RECORD_WRAP_UP_STARTED, leg)
    record.a = NONE
    if wrap_up != UNLIMITED:
        record.a = floor.now + wrap_up
        leg.timer = timer_arm(floor, record.a, TIMER_WRAP_UP, slot)


cdef void take_next_presence(Floor* floor, int32_t slot) noexcept nogil:
    """Have an agent without legs take the presence that was to come."""
    cdef Agent* agent = agent_at(floor, slot)
    if agent.legs == 0 and agent.next_presence != NONE:
        do_presence(floor, slot, agent.next_presence, agent.next_pending, 2)


cdef void do_complete(Floor* floor, int32_t contact, int32_t agent, int64_t wrap_up, bint own_wrap_up) noexcept nogil:
    """The work of one agent (NONE: of all) on a contact is done."""
    cdef int32_t at = leg_first(floor, contact, NONE)
    cdef int32_t above, after
    floor.scratch.count = 0
    while at != NONE:
        above = leg_at(floor, at).agent
        if (agent == NONE or above == agent) and leg_at(floor, at).state != LEG_WRAPPING:
            slots_append(&floor.scratch, above)
            leg_done(floor, at, wrap_up if own_wrap_up else floor.queues[leg_at(floor, at).queue].wrap_up, END_COMPLETED)
        at = leg_first(floor, contact, above)
    contact_close(floor, contact)
    for after in range(floor.scratch.count):
        take_next_presence(floor, floor.scratch.items[after])


cdef void do_end_wrap_up(Floor* floor, int32_t slot) noexcept nogil:
    """A wrap-up is over."""
    cdef Leg* leg = leg_at(floor, slot)
    cdef int32_t contact = leg.contact
    cdef int32_t agent = leg.agent
    write_leg(floor, RECORD_WRAP_UP_ENDED, leg).a = floor.now - leg.worked_until
    leg_end(floor, slot, leg.ends_as)
    contact_close(floor, contact)
    take_next_presence(floor, agent)


cdef void do_extend_wrap_up(Floor* floor, int32_t slot, int64_t wrap_up) noexcept nogil:
    """A wrap-up gets more time; one without end stays so."""
    cdef Leg* leg = leg_at(floor, slot)
    cdef Record* record = write_leg(floor, RECORD_WRAP_UP_EXTENDED, leg)
    record.a = NONE
    if leg.timer == NONE:
        return
    if wrap_up != UNLIMITED:
        record.a = timer_at(floor, leg.timer).deadline + wrap_up
        # However often it is extended, no deadline leaves the range of the wheel.
        if record.a > floor.now + DURATION_MAX:
            record.a = floor.now + DURATION_MAX
    timer_cancel(floor, leg.timer)
    leg.timer = NONE if wrap_up == UNLIMITED else timer_arm(floor, record.a, TIMER_WRAP_UP, slot)


cdef void do_transfer(
    Floor* floor, int32_t slot, int32_t leg_slot, int32_t class_slot, int32_t queue, int32_t keeps_place
) noexcept nogil:
    """The giver's leg is done and the contact waits in another queue, without the giver for a while."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t agent = leg_at(floor, leg_slot).agent
    cdef Queue* to = &floor.queues[queue]
    cdef Record* record = write_leg(floor, RECORD_TRANSFERRED, leg_at(floor, leg_slot))
    record.queue = queue
    record.x = contact.queue
    record.a = to.cooldown
    cool_down(floor, slot, agent, to.cooldown)
    leg_done(floor, leg_slot, floor.queues[leg_at(floor, leg_slot).queue].wrap_up, END_TRANSFERRED)
    floor.classes[contact.class_slot].refs -= 1
    contact.queue = queue
    if not contact.own_tier:
        contact.tier = to.tier
    if not contact.own_head_start:
        contact.head_start = to.head_start
    if keeps_place == PLACE_NONE:
        contact.place_at = floor.now
    elif keeps_place != PLACE_AGE:
        contact.place_at = floor.now - contact.waited
    contact.waited = floor.now - contact.waited
    if leg_find(floor, slot, agent) != NONE:
        bar_add(floor, slot, agent, BAR_LEG)
    queue_enter(floor, slot, class_slot)
    take_next_presence(floor, agent)


# ---- ends of contacts ------------------------------------------------------------------------------------------


cdef void do_abandon(Floor* floor, int32_t slot) noexcept nogil:
    """The customer of a waiting contact left."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record = write(floor, RECORD_ABANDONED)
    queue_leave(floor, slot)
    record.contact = slot
    record.queue = contact.queue
    record.a = contact.waited
    contact_end(floor, slot, CONTACT_ABANDONED)
    rescind_all(floor, slot, RESCIND_ABANDONED)


cdef void do_cancel(Floor* floor, int32_t slot) noexcept nogil:
    """The host takes a live contact back; its legs end at once."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record = write(floor, RECORD_CANCELLED)
    cdef int32_t at, above, after
    if contact.state == CONTACT_QUEUED:
        queue_leave(floor, slot)
    record.contact = slot
    record.queue = contact.queue
    record.a = contact.waited
    contact_end(floor, slot, CONTACT_CANCELLED)
    rescind_all(floor, slot, RESCIND_CANCELLED)
    floor.scratch.count = 0
    at = leg_first(floor, slot, NONE)
    if at != NONE:
        while at != NONE:
            above = leg_at(floor, at).agent
            slots_append(&floor.scratch, above)
            leg_end(floor, at, END_CANCELLED)
            at = leg_first(floor, slot, above)
        contact_close(floor, slot)
    for after in range(floor.scratch.count):
        take_next_presence(floor, floor.scratch.items[after])


# ---- agents and queues -----------------------------------------------------------------------------------------


cdef void do_presence(Floor* floor, int32_t slot, int presence, int pending, int how) noexcept nogil:
    """Give an agent a presence, and its pending offers what ``pending`` says if it leaves ``available``."""
    cdef Agent* agent = agent_at(floor, slot)
    cdef int previous = agent.presence
    cdef Record* record = write(floor, RECORD_PRESENCE)
    record.agent = slot
    record.x = presence
    record.y = previous
    record.a = how
    agent_detach(floor, slot)
    if previous == OFFLINE and presence != OFFLINE:
        agent.idle_since = floor.now
        agent.handled = 0
        agent.expiries = 0
    if previous == AWAY and presence == AVAILABLE and floor.now - agent.away_since > floor.idle_grace:
        agent.idle_since = floor.now
    if presence == AWAY and previous != AWAY:
        agent.away_since = floor.now
    agent.presence = <unsigned char>presence
    agent.next_presence = NONE
    agent_attach(floor, slot)
    if previous != AVAILABLE or presence == AVAILABLE or pending == PENDING_KEEP:
        return
    while agent.first_offer != NONE:
        if pending == PENDING_RESCIND:
            rescind(floor, agent.first_offer, RESCIND_PRESENCE)
        else:
            decline(floor, agent.first_offer, False)


cdef void do_next_presence(Floor* floor, int32_t slot, int presence, int pending) noexcept nogil:
    """Remember the presence an agent takes when its last leg ends; it gets no offers until then."""
    cdef Agent* agent = agent_at(floor, slot)
    cdef Record* record = write(floor, RECORD_NEXT_PRESENCE)
    record.agent = slot
    record.x = presence
    agent_detach(floor, slot)
    agent.next_presence = <int8_t>presence
    agent.next_pending = <unsigned char>pending
    agent_attach(floor, slot)


cdef void do_pause(Floor* floor, int32_t queue, bint paused) noexcept nogil:
    """Pause or open a queue. O(classes)."""
    cdef int32_t at
    write(floor, RECORD_PAUSED if paused else RECORD_OPENED).queue = queue
    floor.queues[queue].paused = paused
    for at in range(floor.blocks.count * 64):
        if floor.classes[at].in_use and floor.classes[at].queue == queue:
            class_show(floor, at)
            if not paused:
                mark_class(floor, at)


# ---- timers ----------------------------------------------------------------------------------------------------


cdef void fire(Floor* floor, int32_t slot) noexcept nogil:
    """Carry out a timer that is due; it names the cause of what follows."""
    cdef int kind = timer_at(floor, slot).kind
    cdef int32_t target = timer_at(floor, slot).target
    floor.cause = <unsigned char>(kind + 1)
    if kind == TIMER_OFFER:
        offer_expire(floor, target)
    elif kind == TIMER_WRAP_UP:
        do_end_wrap_up(floor, target)
    else:
        bar_lift(floor, target, BAR_COOLDOWN)
