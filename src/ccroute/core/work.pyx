"""Work: what becomes of legs and of those who have them, from hold to the end, and what a presence brings with it.

Each function moves the state and writes the decision records of what happened, in the order that ``events.py`` states:
the command's own first, then ends of legs, ends of offers, what became of the contact, what became of the agent.
Whether a command is legal is asked before, in ``acd.pyx``, by the table of ``table.py``.
"""

from ccroute.core.answers cimport agent_give, agent_take, cool_by, decline, rescind, rescind_all, tell_exhausted, withdraw
from ccroute.core.bars cimport bar_find, bar_lift, lift_until_available
from ccroute.core.contacts cimport (
    begin_wait, catch_up, contact_close, contact_end, queue_leave, stand, tell_queued, unwatch, wait_again, watch,
)
from ccroute.core.defs cimport (
    AVAILABLE, AWAY, BAR_LEG, CALLBACK_ATTEMPTS, CALLBACK_EXPIRED, CONTACT_ABANDONED, CONTACT_ACTIVE, CONTACT_CANCELLED,
    CONTACT_CLOSED, CONTACT_EXPIRED, CONTACT_PARKED, CONTACT_SCHEDULED, COOL_QUEUE, EXPIRED_ATTEMPTS, EXPIRED_CALLBACK,
    RECORD_CALLBACK_DROPPED, RECORD_CLOSED, RECORD_ENDED_BY_TIME, RECORD_SCHEDULED, RESCIND_RULE, Course,
    course_at, course_of, is_aside,
    DURATION_MAX, END_CANCELLED, END_COMPLETED, END_CONNECT_FAILED, END_LEFT, END_PARKED, END_REQUEUED, LEG_ACTIVE,
    LEG_HELD, LEG_SUSPENDED, LEG_WRAPPING, NONE, OFFLINE, PENDING_KEEP, PENDING_RESCIND, RECORD_ABANDONED,
    RECORD_CANCELLED, RECORD_HELD, RECORD_LEG_ENDED, RECORD_LOAD, RECORD_NEXT_PRESENCE, RECORD_OPENED,
    RECORD_PARKED, RECORD_PAUSED, RECORD_PRESENCE, RECORD_RESUMED, RECORD_SUSPENDED, RECORD_WRAP_UP_ENDED,
    RECORD_WRAP_UP_EXTENDED, RECORD_WRAP_UP_STARTED, REQUEUE_COMMAND, REQUEUE_CONNECT_FAILED, RESCIND_ABANDONED,
    RESCIND_CANCELLED, RESCIND_PARKED, RESCIND_PRESENCE, TIMER_LEASE, TIMER_PARK, TIMER_WRAP_UP, UNLIMITED, Agent, Contact,
    Extra, Leg, Record, agent_at, bar_at, contact_at, counts_at, extra_at, int8_t, leg_at, loads_at, timer_at,
    units_at, write,
)
from ccroute.core.courses cimport callback_watch, course_for
from ccroute.core.extras cimport extra_for
from ccroute.core.legs cimport leg_find, leg_first, leg_unlink, legs_at_work
from ccroute.core.roster cimport agent_attach, agent_detach, agent_refresh, agent_release, strain_agent
from ccroute.core.store cimport slots_append
from ccroute.core.timers cimport timer_arm, timer_cancel
from ccroute.core.waiting cimport class_show, mark_class


# ---- legs ------------------------------------------------------------------------------------------------------


cdef Record* write_leg(Floor* floor, int kind, Leg* leg) noexcept nogil:
    cdef Record* record = write(floor, <unsigned char>kind)
    record.contact = leg.contact
    record.agent = leg.agent
    return record


cdef void leg_moved(Floor* floor, Leg* leg) noexcept nogil:
    """Where work can give way, its state decides who may take what."""
    if floor.suspends:
        agent_refresh(floor, leg.agent)


cdef void leg_end(Floor* floor, int32_t slot, int ends_as, int32_t by) noexcept nogil:
    """End a leg: its units are free, and the agent idles from now. ``by``: the contact it gave way to, or NONE."""
    cdef Leg* leg = leg_at(floor, slot)
    cdef int32_t agent = leg.agent
    cdef int32_t contact = leg.contact
    cdef int32_t bar
    cdef Record* record = write_leg(floor, RECORD_LEG_ENDED, leg)
    record.a = leg.began_at
    record.b = (leg.worked_until if leg.state == LEG_WRAPPING else floor.now) - leg.began_at
    record.x = ends_as
    record.y = by
    agent_detach(floor, agent)
    if leg.state == LEG_SUSPENDED:
        agent_at(floor, agent).suspended -= 1
    else:
        agent_give(floor, agent, leg.channel, leg.cost)
    agent_at(floor, agent).idle_since = floor.now
    leg_unlink(floor, slot)
    agent_release(floor, agent)
    if contact_at(floor, contact).bars:
        bar = bar_find(floor, contact, agent)
        if bar != NONE and bar_at(floor, bar).why & BAR_LEG:
            bar_lift(floor, bar, BAR_LEG)


cdef void leg_done(Floor* floor, int32_t slot, int64_t wrap_up, int ends_as) noexcept nogil:
    """The work of a leg is done: wrap up, or end it where there is none, as where it is suspended."""
    cdef Leg* leg = leg_at(floor, slot)
    cdef Record* record
    if wrap_up == 0 or leg.state == LEG_SUSPENDED:
        leg_end(floor, slot, ends_as, NONE)
        return
    leg.state = LEG_WRAPPING
    leg.worked_until = floor.now
    leg.ends_as = <unsigned char>ends_as
    record = write_leg(floor, RECORD_WRAP_UP_STARTED, leg)
    record.a = NONE
    if wrap_up != UNLIMITED:
        record.a = floor.now + wrap_up
        leg.timer = timer_arm(floor, record.a, TIMER_WRAP_UP, slot)
    leg_moved(floor, leg)


cdef void legs_end(Floor* floor, int32_t contact, bint all_of_them, int ends_as) noexcept nogil:
    """End the legs of a contact, or those that do not wrap up, by agent seq; their agents are noted down."""
    cdef int32_t at = leg_first(floor, contact, NONE)
    cdef int32_t above
    floor.scratch.count = 0
    while at != NONE:
        above = leg_at(floor, at).agent
        if all_of_them or leg_at(floor, at).state != LEG_WRAPPING:
            slots_append(&floor.scratch, above)
            leg_end(floor, at, ends_as, NONE)
        at = leg_first(floor, contact, above)


cdef void leg_hold(Floor* floor, int32_t slot, bint is_held) noexcept nogil:
    """Put a leg on hold, or off it."""
    cdef Leg* leg = leg_at(floor, slot)
    leg.state = LEG_HELD if is_held else LEG_ACTIVE
    write_leg(floor, RECORD_HELD if is_held else RECORD_RESUMED, leg)
    leg_moved(floor, leg)


cdef void suspend(Floor* floor, int32_t slot, int reason, int32_t by) noexcept nogil:
    """Set a leg aside for another contact: it stays with its agent and takes nothing."""
    cdef Leg* leg = leg_at(floor, slot)
    cdef Record* record = write_leg(floor, RECORD_SUSPENDED, leg)
    record.b = by
    record.x = reason
    agent_detach(floor, leg.agent)
    agent_give(floor, leg.agent, leg.channel, leg.cost)
    leg.state = LEG_SUSPENDED
    floor.next_suspension += 1
    leg.suspended = floor.next_suspension
    agent_at(floor, leg.agent).suspended += 1
    agent_attach(floor, leg.agent)


cdef void resume(Floor* floor, int32_t slot) noexcept nogil:
    """Take up a suspended leg again; there is room."""
    cdef Leg* leg = leg_at(floor, slot)
    write_leg(floor, RECORD_RESUMED, leg)
    agent_detach(floor, leg.agent)
    agent_take(floor, leg.agent, leg.channel, leg.cost)
    leg.state = LEG_ACTIVE
    agent_at(floor, leg.agent).suspended -= 1
    agent_attach(floor, leg.agent)


cdef void check_seek(Floor* floor, int32_t contact) noexcept nogil:
    """Have a contact seek nobody any more if the leg that sought is done."""
    cdef int32_t leg
    if contact_at(floor, contact).seeks == 0:
        return
    leg = leg_find(floor, contact, extra_at(floor, contact_at(floor, contact).extra).seeker)
    if leg == NONE or leg_at(floor, leg).state == LEG_WRAPPING:
        withdraw(floor, contact)


cdef void take_next_presence(Floor* floor, int32_t slot) noexcept nogil:
    """Have an agent without legs take the presence that was to come."""
    cdef Agent* agent = agent_at(floor, slot)
    if agent.legs == 0 and agent.next_presence != NONE:
        do_presence(floor, slot, agent.next_presence, agent.next_pending, 2)


cdef void take_next_presences(Floor* floor) noexcept nogil:
    """The same for the agents that were noted down."""
    cdef int32_t at
    for at in range(floor.scratch.count):
        take_next_presence(floor, floor.scratch.items[at])


# ---- the end of work -------------------------------------------------------------------------------------------


cdef void do_complete(Floor* floor, int32_t contact, int32_t agent, int64_t wrap_up, bint own_wrap_up) noexcept nogil:
    """The work of one agent (NONE: of all) on a contact is done."""
    cdef int32_t at = leg_first(floor, contact, NONE)
    cdef int32_t above
    floor.scratch.count = 0
    while at != NONE:
        above = leg_at(floor, at).agent
        if (agent == NONE or above == agent) and leg_at(floor, at).state != LEG_WRAPPING:
            slots_append(&floor.scratch, above)
            leg_done(floor, at, wrap_up if own_wrap_up else floor.queues[leg_at(floor, at).queue].wrap_up, END_COMPLETED)
        at = leg_first(floor, contact, above)
    check_seek(floor, contact)
    contact_close(floor, contact)
    take_next_presences(floor)


cdef void do_leave(Floor* floor, int32_t slot) noexcept nogil:
    """An agent leaves a conference that goes on."""
    cdef Leg* leg = leg_at(floor, slot)
    cdef int32_t contact = leg.contact
    cdef int32_t agent = leg.agent
    leg_done(floor, slot, floor.queues[leg.queue].wrap_up, END_LEFT)
    check_seek(floor, contact)
    take_next_presence(floor, agent)


cdef void do_end_wrap_up(Floor* floor, int32_t slot) noexcept nogil:
    """A wrap-up is over."""
    cdef Leg* leg = leg_at(floor, slot)
    cdef int32_t contact = leg.contact
    cdef int32_t agent = leg.agent
    write_leg(floor, RECORD_WRAP_UP_ENDED, leg).a = floor.now - leg.worked_until
    leg_end(floor, slot, leg.ends_as, NONE)
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


# ---- back to the place -----------------------------------------------------------------------------------------


cdef void do_requeue(Floor* floor, int32_t contact, uint8_t kind, int64_t cool) noexcept nogil:
    """Send an active contact back to its place; who worked on it is in cool-down for it."""
    cdef int32_t at
    legs_end(floor, contact, False, END_REQUEUED)
    withdraw(floor, contact)
    for at in range(floor.scratch.count):
        cool_by(floor, contact, floor.scratch.items[at], kind, cool)
    wait_again(floor, contact, REQUEUE_COMMAND, NONE)
    take_next_presences(floor)


cdef void do_connect_failed(Floor* floor, int32_t slot, uint8_t kind, int64_t cool) noexcept nogil:
    """Undo an accept: the contact waits as if it had never been answered, unless others are at work on it."""
    cdef int32_t contact = leg_at(floor, slot).contact
    cdef int32_t agent = leg_at(floor, slot).agent
    cdef Contact* one = contact_at(floor, contact)
    cdef int64_t began_at = leg_at(floor, slot).began_at
    leg_end(floor, slot, END_CONNECT_FAILED, NONE)
    if agent_at(floor, agent).handled:
        # An order of agents may hang on it.
        agent_detach(floor, agent)
        agent_at(floor, agent).handled -= 1
        agent_attach(floor, agent)
    check_seek(floor, contact)
    cool_by(floor, contact, agent, kind, cool)
    if legs_at_work(floor, contact) == 0:
        withdraw(floor, contact)
        one.waited += floor.now - began_at
        if is_callback(floor, contact):
            try_again(floor, contact)
        else:
            wait_again(floor, contact, REQUEUE_CONNECT_FAILED, NONE)
            tell_exhausted(floor, contact)
    take_next_presence(floor, agent)


cdef bint is_callback(Floor* floor, int32_t contact) noexcept nogil:
    """Say whether a contact is a callback, so that calls that do not connect are made again."""
    cdef Course* course = course_of(floor, contact_at(floor, contact))
    return course != NULL and course.expires_at != NONE


# ---- aside: parked, or scheduled -------------------------------------------------------------------------------


cdef void do_park(Floor* floor, int32_t slot, bint clock_runs, int64_t until) noexcept nogil:
    """Put a contact aside, inside, until it is unparked; ``until`` NONE: by command only."""
    cdef Record* record = write(floor, RECORD_PARKED)
    record.contact = slot
    record.queue = contact_at(floor, slot).queue
    record.a = until
    record.x = clock_runs
    put_aside(floor, slot, CONTACT_PARKED, clock_runs, until)


cdef void do_schedule(Floor* floor, int32_t slot, int64_t due, bint parks) noexcept nogil:
    """Have a contact wait from a moment on, or (``parks``) be parked then."""
    cdef Record* record = write(floor, RECORD_SCHEDULED)
    record.contact = slot
    record.queue = contact_at(floor, slot).queue
    record.a = due
    put_aside(floor, slot, CONTACT_SCHEDULED, False, due)
    course_for(floor, slot).due_parks = parks


cdef void put_aside(Floor* floor, int32_t slot, int state, bint clock_runs, int64_t until) noexcept nogil:
    """Take a contact out of line or from who works on it. ``until`` NONE: by command only."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Extra* extra = extra_for(floor, slot)
    floor.scratch.count = 0
    if contact.state == CONTACT_ACTIVE:
        legs_end(floor, slot, False, END_PARKED)
        withdraw(floor, slot)
    else:
        queue_leave(floor, slot)
    if is_aside(contact):
        # From one kind of waiting aside to the other: the clock stood still so far, or ran.
        move_clock(floor, slot)
        timer_cancel(floor, extra.timer_park)
        extra.timer_park = NONE
    contact.state = <unsigned char>state
    extra.direct = NONE
    rescind_all(floor, slot, RESCIND_PARKED)
    unwatch(floor, slot)
    extra.parked_at = floor.now
    extra.clock_runs = clock_runs
    if clock_runs:
        contact.waited = floor.now - contact.waited
    if extra.course != NONE:
        callback_watch(floor, course_at(floor, extra.course))
    if until != NONE:
        extra.timer_park = timer_arm(floor, until if until > floor.now else floor.now, TIMER_PARK, slot)
    take_next_presences(floor)


cdef void move_clock(Floor* floor, int32_t slot) noexcept nogil:
    """Move place and time in queue of a contact aside with its clock stopped on by its time aside so far."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Extra* extra = extra_at(floor, contact.extra)
    if extra.clock_runs:
        return
    move_on(floor, contact, floor.now - extra.parked_at)
    extra.parked_at = floor.now


cdef void move_on(Floor* floor, Contact* contact, int64_t length) noexcept nogil:
    """Have everything that a contact's age decides come that much later."""
    cdef Course* course = course_of(floor, contact)
    contact.place_at += length
    contact.in_queue_at += length
    if course != NULL:
        course.preferring_until += length


cdef void park_over(Floor* floor, int32_t slot) noexcept nogil:
    """The time of a contact aside is over."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Course* course = course_of(floor, contact)
    cdef int64_t until = NONE
    if contact.state == CONTACT_SCHEDULED and (course.due_parks or contact.queue == floor.no_queue):
        until = course.due_until
        course.due_until = NONE
        do_park(floor, slot, course.due_runs, until)
        course.due_runs = 0
    else:
        do_unpark(floor, slot)


cdef void do_unpark(Floor* floor, int32_t slot) noexcept nogil:
    """Have a contact aside wait: where its clock stopped, as if it had come that much later."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Extra* extra = extra_at(floor, contact.extra)
    cdef int64_t length = floor.now - extra.parked_at
    timer_cancel(floor, extra.timer_park)
    extra.timer_park = NONE
    extra.parked_at = NONE
    if extra.clock_runs:
        contact.waited = floor.now - contact.waited
    else:
        move_on(floor, contact, length)
    if extra.course != NONE:
        course_at(floor, extra.course).due_until = NONE
        course_at(floor, extra.course).due_runs = 0
    begin_wait(floor, slot)
    tell_queued(floor, slot)
    catch_up(floor, slot)
    watch(floor, slot)
    stand(floor, slot)


cdef bint is_consult(Floor* floor, int32_t contact) noexcept nogil:
    """Say whether a contact came as a consult about another one."""
    cdef int32_t extra = contact_at(floor, contact).extra
    return extra != NONE and extra_at(floor, extra).is_consult


# ---- ends of contacts ------------------------------------------------------------------------------------------


cdef void do_abandon(Floor* floor, int32_t slot) noexcept nogil:
    """The customer of a waiting or parked contact left."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record = write(floor, RECORD_ABANDONED)
    queue_leave(floor, slot)
    record.contact = slot
    record.queue = contact.queue
    record.a = contact.waited
    contact_end(floor, slot, CONTACT_ABANDONED)
    rescind_all(floor, slot, RESCIND_ABANDONED)


cdef void do_cancel(Floor* floor, int32_t slot, int why) noexcept nogil:
    """The host takes a live contact back; its legs end at once."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record = write(floor, RECORD_CANCELLED)
    queue_leave(floor, slot)
    record.contact = slot
    record.queue = contact.queue
    record.a = contact.waited
    record.z = <uint8_t>why
    contact_end(floor, slot, CONTACT_CANCELLED)
    rescind_all(floor, slot, RESCIND_CANCELLED)
    floor.scratch.count = 0
    if contact.first_leg != NONE:
        legs_end(floor, slot, True, END_CANCELLED)
        contact_close(floor, slot)
    take_next_presences(floor)


cdef void do_expire(Floor* floor, int32_t slot, int why) noexcept nogil:
    """Time, or a rule, ends a contact that nobody works on."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record = write(floor, RECORD_ENDED_BY_TIME)
    queue_leave(floor, slot)
    record.contact = slot
    record.queue = contact.queue
    record.a = contact.waited
    record.x = why
    contact_end(floor, slot, CONTACT_EXPIRED)
    rescind_all(floor, slot, RESCIND_RULE)


cdef void do_close(Floor* floor, int32_t slot) noexcept nogil:
    """A rule closes a contact that nobody works on."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record = write(floor, RECORD_CLOSED)
    queue_leave(floor, slot)
    record.contact = slot
    record.queue = contact.queue
    record.a = contact.waited
    record.x = True
    contact_end(floor, slot, CONTACT_CLOSED)
    rescind_all(floor, slot, RESCIND_RULE)


cdef void drop_callback(Floor* floor, int32_t slot, int why, int32_t by) noexcept nogil:
    """Tell that a callback is given up; ``by``: the contact by which its customer came back, or NONE."""
    cdef Record* record = write(floor, RECORD_CALLBACK_DROPPED)
    record.contact = slot
    record.queue = contact_at(floor, slot).queue
    record.b = by
    record.x = why


cdef void callback_over(Floor* floor, int32_t slot) noexcept nogil:
    """Nobody reached the customer of a callback in time."""
    drop_callback(floor, slot, CALLBACK_EXPIRED, NONE)
    do_expire(floor, slot, EXPIRED_CALLBACK)


cdef void try_again(Floor* floor, int32_t slot) noexcept nogil:
    """The customer of a callback could not be connected: once more later, or no more."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Course* course = course_of(floor, contact)
    course.attempts += 1
    if course.attempts < floor.queues[contact.queue].attempts_max:
        do_schedule(floor, slot, floor.now + floor.queues[contact.queue].retry, False)
        return
    drop_callback(floor, slot, CALLBACK_ATTEMPTS, NONE)
    do_expire(floor, slot, EXPIRED_ATTEMPTS)


# ---- agents and queues -----------------------------------------------------------------------------------------


cdef void do_presence(Floor* floor, int32_t slot, int presence, int pending, int how) noexcept nogil:
    """Give an agent a presence, and its pending offers what ``pending`` says if it leaves ``available``."""
    cdef Agent* agent = agent_at(floor, slot)
    cdef int previous = agent.presence
    cdef bint has_left = presence == OFFLINE and previous != OFFLINE
    cdef Record* record
    if agent.is_lost and how != BY_LOSS:
        loss_end(floor, agent)
    record = write(floor, RECORD_PRESENCE)
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
    if floor.phases.count or (floor.waits_for_nobody and has_left):
        floor.has_news = 1
        floor.presences_changed |= floor.phases.count != 0
        floor.somebody_left |= has_left
    if agent.lease != NONE or agent.timer_lease != NONE:
        lease_follows(floor, slot, how)
    if previous != AVAILABLE and presence == AVAILABLE and agent.bars:
        lift_until_available(floor, slot)
    if previous != AVAILABLE or presence == AVAILABLE or pending == PENDING_KEEP:
        return
    while agent.first_offer != NONE:
        if pending == PENDING_RESCIND:
            rescind(floor, agent.first_offer, RESCIND_PRESENCE, NONE)
        else:
            decline(floor, agent.first_offer, False, COOL_QUEUE, 0)


cdef void loss_end(Floor* floor, Agent* agent) noexcept nogil:
    """An agent is lost no more; the time it was is none that it was away."""
    if agent.is_lost:
        agent.away_since = agent.away_since + floor.now - agent.lost_at if agent.presence_before == AWAY else floor.now
        agent.is_lost = 0
    timer_cancel(floor, agent.timer_lost)
    agent.timer_lost = NONE


cdef void lease_follows(Floor* floor, int32_t slot, int how) noexcept nogil:
    """Nobody waits to hear of an agent that is offline; of one that has come online, somebody does."""
    cdef Agent* agent = agent_at(floor, slot)
    if agent.presence == OFFLINE:
        timer_cancel(floor, agent.timer_lease)
        agent.timer_lease = NONE
    elif agent.timer_lease == NONE and how != BY_LOSS and agent.lease != NONE:
        agent.timer_lease = timer_arm(floor, floor.now + agent.lease, TIMER_LEASE, slot)


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
    floor.tries += 1
    for at in range(floor.blocks.count * 64):
        if floor.classes[at].in_use and floor.classes[at].queue == queue:
            class_show(floor, at)
            if not paused:
                mark_class(floor, at)


cdef void do_load(Floor* floor, int32_t slot, int32_t channel, int32_t units) noexcept nogil:
    """Note what an agent has to do besides what the engine routes to it, on one channel."""
    cdef Agent* agent = agent_at(floor, slot)
    cdef int32_t* load = loads_at(floor, slot) + channel
    cdef Record* record = write(floor, RECORD_LOAD)
    record.agent = slot
    record.x = channel
    record.y = units
    agent_detach(floor, slot)
    agent.taken += units - load[0]
    units_at(floor, slot)[channel] += units - load[0]
    counts_at(floor, slot)[channel] += (units > 0) - (load[0] > 0)
    load[0] = units
    agent_attach(floor, slot)
    if agent.pending:
        strain_agent(floor, slot)
