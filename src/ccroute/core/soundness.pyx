"""What must agree on a tape: the core trusts it from there on, so a floor that was read is checked before it is used."""

from libc.stdint cimport int32_t, int64_t

from ccroute.core.bars cimport bar_find
from ccroute.core.defs cimport (
    BAR_COOLDOWN, BAR_LEG, CONTACT_ACTIVE, CONTACT_QUEUED, CONTACT_SCHEDULED, LEG_WRAPPING, NONE, SEEKS_NOBODY, Agent, Bar, Contact,
    ContactClass, Course, Extra, Floor, Leg, Queue, agent_at, bar_at, contact_at, course_of, extra_at, is_aside, is_over, leg_at, offer_at, waits,
)
from ccroute.core.legs cimport leg_find
from ccroute.core.store cimport store_next

cdef enum:
    NOT_LISTED = -2               # on a contact that has ended, until it is found among the retained


# ---- what must agree -------------------------------------------------------------------------------------------




cdef int check_sound(Floor* floor) except -1:
    """Raise unless everything on the tape agrees: the core trusts it from here on. O(all there is)."""
    cdef int32_t at = store_next(&floor.contacts, 0)
    cdef int64_t live = 0
    cdef Agent* agent
    while at != NONE:
        live += not is_over(contact_at(floor, at))
        check_contact(floor, at)
        at = store_next(&floor.contacts, at + 1)
    require(
        live == floor.tallies[0] - floor.tallies[1] - floor.tallies[2] - floor.tallies[3] - floor.tallies[4],
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


cdef int check_contact(Floor* floor, int32_t slot) except -1:
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t leg = contact.first_leg
    cdef bint is_worked_on = False
    while leg != NONE:
        is_worked_on |= leg_at(floor, leg).state != LEG_WRAPPING
        leg = leg_at(floor, leg).next_of_contact
    if is_over(contact):
        require(not is_worked_on, "only an active contact is at work")
        return require(
            (contact.order.left == NOT_LISTED) == (contact.first_leg != NONE), "a contact that has ended is retained"
        )
    check_extra(floor, contact)
    if contact.state == CONTACT_ACTIVE:
        return require(contact.first_leg != NONE, "an active contact has a leg")
    return require(not is_worked_on and contact.seeks == SEEKS_NOBODY, "only an active contact is at work")


cdef int check_extra(Floor* floor, Contact* contact) except -1:
    """Raise unless what few contacts have agrees with the state of one."""
    cdef Queue* queue = &floor.queues[contact.queue]
    cdef bint is_parked = is_aside(contact)
    cdef bint has_stage = floor.classes[contact.class_slot].next_stage != NONE
    cdef bint may_be_late = queue.overdue_after != NONE and not contact.is_overdue
    cdef int32_t leg
    cdef Extra* extra
    if contact.extra == NONE:
        require(not is_parked and contact.seeks == SEEKS_NOBODY, "who is parked, or seeks, has what it takes")
        return require(not has_stage and not (
            may_be_late and floor.now - contact.in_queue_at < queue.overdue_after
        ), "who waits is timed")
    extra = extra_at(floor, contact.extra)
    require((extra.parked_at != NONE) == is_parked, "a parked contact has been parked")
    check_course(contact, course_of(floor, contact))
    require(extra.timer_park == NONE or is_parked, "only a parked contact is unparked")
    require((extra.timer_after != NONE) == (has_stage and not is_parked), "who waits for further agents is timed")
    require(extra.timer_overdue == NONE or (may_be_late and not is_parked), "only who can be overdue is timed for it")
    require(
        is_parked or not may_be_late or extra.timer_overdue != NONE
        or floor.now - contact.in_queue_at >= queue.overdue_after, "who can be overdue is timed for it",
    )
    require(extra.direct == NONE or (waits(contact) and contact.first_offer != NONE), "who is kept for an agent is offered")
    require((extra.seeker != NONE) == (contact.seeks != SEEKS_NOBODY), "who seeks has a seeker")
    if extra.seeker != NONE:
        leg = seeker_leg(floor, contact, extra.seeker)
        require(leg != NONE and leg_at(floor, leg).state != LEG_WRAPPING, "who seeks is at work")
    return 0


cdef int check_course(Contact* contact, Course* course) except -1:
    """Raise unless what time does to a contact agrees with its state."""
    if course == NULL:
        return require(contact.state != CONTACT_SCHEDULED, "who is scheduled has a course")
    require(course.timer_rule == NONE or contact.state == CONTACT_QUEUED, "only who waits is under a plan")
    return require(
        course.timer_callback == NONE or (course.expires_at != NONE and contact.state != CONTACT_ACTIVE),
        "only a callback that nobody works on is given up",
    )


cdef int32_t seeker_leg(Floor* floor, Contact* contact, int32_t agent) noexcept:
    """Return the leg of the agent for whom a contact seeks another, NONE without."""
    cdef int32_t at = contact.first_leg
    while at != NONE and leg_at(floor, at).agent != agent:
        at = leg_at(floor, at).next_of_contact
    return at


cdef int check_leg(Floor* floor, Leg* leg) except -1:
    cdef Contact* contact = contact_at(floor, leg.contact)
    cdef int32_t bar = bar_find(floor, leg.contact, leg.agent)
    require(leg.timer == NONE or leg.state == LEG_WRAPPING, "only a wrap-up ends by itself")
    require(leg.worked_until >= leg.began_at or leg.state != LEG_WRAPPING, "work ends after it has begun")
    if waits(contact):
        require(
            bar != NONE and bar_at(floor, bar).why & BAR_LEG != 0, "an agent that has a leg is kept from the contact"
        )
    return 0


cdef int check_bar(Floor* floor, Bar* bar) except -1:
    require((bar.timer != NONE) == (bar.why & BAR_COOLDOWN != 0), "a cool-down has an end, and nothing else has")
    if bar.why & BAR_LEG:
        require(leg_find(floor, bar.contact, bar.agent) != NONE, "who is kept away by a leg has one")
    return 0


cdef int check_class(Floor* floor, Contact* contact) except -1:
    """Raise unless a contact is in a class that agrees with it, at the stage it has reached."""
    cdef ContactClass* one = &floor.classes[contact.class_slot]
    cdef int32_t at = one.first_stage
    cdef int32_t stage = 0
    require(
        one.queue == contact.queue and one.channel == contact.channel and one.own_cost == contact.own_cost,
        "a contact agrees with its class",
    )
    while at != contact.class_slot and at != NONE:
        at = floor.classes[at].next_stage
        stage += 1
    require(stage == contact.stage, "a contact is in the class of its stage")
    return 0
