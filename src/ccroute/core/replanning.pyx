"""Another configuration for what time does: plans begin where contacts stand in them, hours are as they are now."""

from libc.stdint cimport int32_t, uint32_t

from ccroute.core.acd cimport Acd
from ccroute.core.courses cimport NO_PLAN, carry_plan, course_for
from ccroute.core.defs cimport (
    NONE, OFFLINE, RECORD_HOURS, WHEN_AFTER, WHEN_AHEAD, WHEN_ENTRY, Agent, Contact, Course, Extra, Floor, Hours, Plan, Record,
    agent_at, contact_at, course_at, extra_at, is_aside, int64_t, write,
)
from ccroute.core.ground cimport room
from ccroute.core.lease cimport lease_arm
from ccroute.core.plans cimport list_changed
from ccroute.core.store cimport store_next
from ccroute.core.timers cimport timer_cancel


def replan(Acd acd, int queue, int before, int now) -> None:
    """Have contacts that follow the plan of a queue, ``before``, follow ``now`` (-1: none); what is past in it is done.

    O(contacts that have courses · steps).
    """
    cdef Floor* floor = &acd.floor
    cdef int32_t at = store_next(&floor.courses, 0)
    cdef Course* course
    cdef Contact* contact
    while at != NONE:
        course = course_at(floor, at)
        contact = contact_at(floor, course.contact)
        if before != NONE and course.plan == before:
            carry_plan(floor, course.contact, now)
            course.plan = NO_PLAN if now == NONE else course.plan
            course.consumed[0] = past_steps(floor, contact, course, now)
        elif course.plan == NONE and contact.queue == queue:
            course.consumed[0] = past_steps(floor, contact, course, now)
        at = store_next(&floor.courses, at + 1)


cdef uint32_t past_steps(Floor* floor, Contact* contact, Course* course, int32_t number) noexcept nogil:
    """Return the steps of a plan whose moment is past for a contact, as bits."""
    cdef Plan* plan
    cdef Extra* extra = extra_at(floor, contact.extra)
    cdef int64_t now = floor.now
    cdef uint32_t past = 0
    cdef int32_t at
    if number == NONE:
        return 0
    if is_aside(contact) and not extra.clock_runs:
        now = extra.parked_at
    plan = &floor.plans[number]
    for at in range(plan.count):
        if plan.steps[at].when == WHEN_AHEAD or plan.steps[at].when == WHEN_ENTRY or (
            plan.steps[at].when == WHEN_AFTER and contact.in_queue_at - course.lead + plan.steps[at].after <= now
        ):
            past |= <uint32_t>1 << at
    return past


def give_courses(Acd acd, int queue) -> None:
    """Have every contact of a queue that time begins to rule have a course. O(contacts)."""
    cdef Floor* floor = &acd.floor
    cdef int32_t at = store_next(&floor.contacts, 0)
    cdef Contact* contact
    while at != NONE:
        contact = contact_at(floor, at)
        if contact.queue == queue and contact.seq and is_live(contact):
            acd.reserve(1)
            course_for(floor, at)
        at = store_next(&floor.contacts, at + 1)


cdef bint is_live(Contact* contact) noexcept nogil:
    return 0 < contact.state <= 2 or is_aside(contact)


def is_closed(Acd acd, int queue) -> bool:
    """Say whether the hours of a queue have it closed."""
    cdef Hours* hours = &acd.floor.queues[queue].hours
    return hours.is_kept and hours.passed & 1 == 0


def tell_hours(Acd acd, int queue) -> None:
    """Tell that a queue is open or closed from now on."""
    cdef Floor* floor = &acd.floor
    cdef Hours* hours = &floor.queues[queue].hours
    cdef Record* record
    acd.reserve(1)
    record = write(floor, RECORD_HOURS)
    record.queue = queue
    record.x = not is_closed(acd, queue)
    record.a = hours.moments[hours.passed] if hours.passed < hours.count else NONE


def look_anew(Acd acd, queues) -> None:
    """Have the decision look at the contacts that wait in some queues, and at all for whom it matters who is there."""
    cdef Floor* floor = &acd.floor
    cdef bytearray wanted = bytearray(floor.queue_count)
    for queue in queues:
        wanted[queue] = 1
    acd.reserve(1)
    room(list_changed(floor, wanted))
    floor.has_news = 1
    floor.presences_changed = 1
    floor.somebody_left = 1


def renew_lease(Acd acd, int agent) -> None:
    """Have the lease of an agent run by its new length from now on, or no more."""
    cdef Floor* floor = &acd.floor
    cdef Agent* one = agent_at(floor, agent)
    acd.reserve(1)
    if one.lease == NONE or one.presence == OFFLINE:
        timer_cancel(floor, one.timer_lease)
        one.timer_lease = NONE
    elif not one.is_lost:
        lease_arm(floor, agent)
