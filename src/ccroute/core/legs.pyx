"""Legs: agents' parts in contacts, found by contact and by agent."""

from ccroute.core.defs cimport LEG_ACTIVE, LEG_WRAPPING, NONE, Agent, Contact, Leg, agent_at, contact_at, leg_at, uint8_t
from ccroute.core.store cimport store_give
from ccroute.core.timers cimport timer_cancel


cdef int32_t leg_find(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Return an agent's leg of a contact, NONE without. O(legs of the contact)."""
    cdef int32_t at = contact_at(floor, contact).first_leg
    while at != NONE and leg_at(floor, at).agent != agent:
        at = leg_at(floor, at).next_of_contact
    return at


cdef int32_t leg_first(Floor* floor, int32_t contact, int32_t above) noexcept nogil:
    """Return a contact's leg of the lowest agent slot above ``above``, NONE without: the order in which legs are told."""
    cdef int32_t at = contact_at(floor, contact).first_leg
    cdef int32_t least = NONE
    while at != NONE:
        if leg_at(floor, at).agent > above and (least == NONE or leg_at(floor, at).agent < leg_at(floor, least).agent):
            least = at
        at = leg_at(floor, at).next_of_contact
    return least


cdef int32_t legs_at_work(Floor* floor, int32_t contact) noexcept nogil:
    """Return how many legs of a contact do not wrap up: active, held and suspended ones."""
    cdef int32_t at = contact_at(floor, contact).first_leg
    cdef int32_t count = 0
    while at != NONE:
        count += leg_at(floor, at).state != LEG_WRAPPING
        at = leg_at(floor, at).next_of_contact
    return count


cdef void leg_link(
    Floor* floor, int32_t slot, int32_t contact, int32_t agent, int32_t channel, int32_t cost
) noexcept nogil:
    """Begin an active leg in a slot just taken."""
    cdef Leg* leg = leg_at(floor, slot)
    cdef Contact* one = contact_at(floor, contact)
    cdef Agent* other = agent_at(floor, agent)
    leg.seq = floor.next_leg_seq
    floor.next_leg_seq += 1
    leg.began_at = floor.now
    leg.contact = contact
    leg.agent = agent
    leg.queue = one.queue
    leg.channel = <uint8_t>channel
    leg.cost = cost
    leg.timer = NONE
    leg.state = LEG_ACTIVE
    leg.next_of_contact = one.first_leg
    one.first_leg = slot
    one.legs += 1
    # An agent's legs hang in order of their begin, the last first: the order in which they are set aside.
    leg.next_of_agent = other.first_leg
    other.first_leg = slot
    other.legs += 1


cdef void leg_sort(Floor* floor, int32_t agent) noexcept nogil:
    """Bring an agent's legs, whose seqs were set by hand, into the order of their begin. O(legs²)."""
    cdef Agent* one = agent_at(floor, agent)
    cdef int32_t rest = one.first_leg
    cdef int32_t slot
    cdef int32_t* link
    one.first_leg = NONE
    while rest != NONE:
        slot = rest
        rest = leg_at(floor, slot).next_of_agent
        link = &one.first_leg
        while link[0] != NONE and leg_at(floor, link[0]).seq > leg_at(floor, slot).seq:
            link = &leg_at(floor, link[0]).next_of_agent
        leg_at(floor, slot).next_of_agent = link[0]
        link[0] = slot


cdef void leg_unlink(Floor* floor, int32_t slot) noexcept nogil:
    """Forget a leg that has ended, its timer included. O(legs of contact and agent)."""
    cdef Leg* leg = leg_at(floor, slot)
    cdef int32_t* link = &contact_at(floor, leg.contact).first_leg
    timer_cancel(floor, leg.timer)
    while link[0] != slot:
        link = &leg_at(floor, link[0]).next_of_contact
    link[0] = leg.next_of_contact
    contact_at(floor, leg.contact).legs -= 1
    link = &agent_at(floor, leg.agent).first_leg
    while link[0] != slot:
        link = &leg_at(floor, link[0]).next_of_agent
    link[0] = leg.next_of_agent
    agent_at(floor, leg.agent).legs -= 1
    store_give(&floor.legs, slot)
