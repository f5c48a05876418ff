"""Ends of offers other than the accept: declined, expired, rescinded. The contact, if it still waits, goes back to its place."""

from ccroute.core.bars cimport bar_find, bar_lift, cool_down
from ccroute.core.defs cimport (
    BAR_OFFER, COOL_DURATION, COOL_MOMENT, COOL_QUEUE, FLAG_EXHAUSTED, NONE, RECORD_DECLINED, RECORD_EXHAUSTED, RECORD_EXPIRED,
    RECORD_RESCINDED, RESCIND_WITHDRAWN, SEEKS_NOBODY, Contact, Offer, Record, agent_at, bar_at, contact_at,
    counts_at, extra_at, offer_at, units_at, waits, write,
)
from ccroute.core.contacts cimport mark_loose, stand
from ccroute.core.courses cimport course_raise
from ccroute.core.extras cimport is_direct
from ccroute.core.offers cimport offer_unlink
from ccroute.core.roster cimport agent_attach, agent_detach


cdef void agent_take(Floor* floor, int32_t agent, int32_t channel, int32_t cost) noexcept nogil:
    """Book units and a place on a channel; the agent is detached."""
    agent_at(floor, agent).taken += cost
    counts_at(floor, agent)[channel] += 1
    units_at(floor, agent)[channel] += cost


cdef void agent_give(Floor* floor, int32_t agent, int32_t channel, int32_t cost) noexcept nogil:
    """Give units and a place on a channel back; the agent is detached."""
    agent_at(floor, agent).taken -= cost
    counts_at(floor, agent)[channel] -= 1
    units_at(floor, agent)[channel] -= cost


cdef Record* write_offer(Floor* floor, int kind, Offer* offer) noexcept nogil:
    cdef Record* record = write(floor, <unsigned char>kind)
    record.contact = offer.contact
    record.agent = offer.agent
    record.offer = offer.seq
    return record


cdef void tell_exhausted(Floor* floor, int32_t slot) noexcept nogil:
    """Tell once per entry into a queue that as many offers as it allows came to nothing."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record
    if contact.offers_made < floor.queues[contact.queue].offers_max or contact.told_exhausted:
        return
    contact.told_exhausted = 1
    record = write(floor, RECORD_EXHAUSTED)
    record.contact = slot
    record.queue = contact.queue
    record.x = contact.offers_made
    course_raise(floor, slot, FLAG_EXHAUSTED)


cdef void lift_offer_bar(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """An offer of a contact is not out to an agent any more."""
    cdef int32_t bar = bar_find(floor, contact, agent)
    if bar != NONE and bar_at(floor, bar).why & BAR_OFFER:
        bar_lift(floor, bar, BAR_OFFER)


cdef void offer_return(Floor* floor, int32_t slot, uint8_t kind, int64_t until) noexcept nogil:
    """End an offer that was not accepted; its contact, if it still waits, goes back to its place.

    ``kind`` COOL_QUEUE: without cool-down.
    """
    cdef Offer* offer = offer_at(floor, slot)
    cdef int32_t contact_slot = offer.contact
    cdef int32_t agent = offer.agent
    cdef Contact* contact = contact_at(floor, contact_slot)
    agent_detach(floor, agent)
    agent_give(floor, agent, offer.channel, offer.cost)
    offer_unlink(floor, slot)
    agent_attach(floor, agent)
    if contact.bars:
        lift_offer_bar(floor, contact_slot, agent)
    if not waits(contact):
        return
    if is_direct(floor, contact_slot):
        if contact.offers_out == 0:
            mark_loose(floor, contact_slot)
    elif not contact.in_line or contact.offers_out == 0:
        stand(floor, contact_slot)
    if kind != COOL_QUEUE:
        cool_down(floor, contact_slot, agent, kind, until)
    tell_exhausted(floor, contact_slot)


cdef void rescind(Floor* floor, int32_t slot, int reason, int32_t by) noexcept nogil:
    """Take an offer back; ``by``: the contact it gives way to, or NONE."""
    cdef Record* record = write_offer(floor, RECORD_RESCINDED, offer_at(floor, slot))
    record.x = reason
    record.b = by
    offer_return(floor, slot, COOL_QUEUE, 0)


cdef void rescind_all(Floor* floor, int32_t contact, int reason) noexcept nogil:
    """Rescind all offers of a contact, oldest first."""
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
        rescind(floor, oldest, reason, NONE)


cdef int64_t cool_length(Floor* floor, int32_t contact, uint8_t kind, int64_t cool) noexcept nogil:
    """Return how long a cool-down with an end lasts, microseconds."""
    if kind == COOL_QUEUE:
        return floor.queues[contact_at(floor, contact).queue].cooldown
    if kind == COOL_MOMENT:
        return cool - floor.now if cool > floor.now else 0
    return cool


cdef void cool_by(Floor* floor, int32_t contact, int32_t agent, uint8_t kind, int64_t cool) noexcept nogil:
    """Begin the cool-down that a command asks for."""
    if kind <= COOL_MOMENT:
        cool = floor.now + cool_length(floor, contact, kind, cool)
        kind = COOL_DURATION
    cool_down(floor, contact, agent, kind, cool)


cdef void decline(Floor* floor, int32_t slot, bint by_command, uint8_t kind, int64_t cool) noexcept nogil:
    """The agent lets an offer go."""
    cdef Record* record = write_offer(floor, RECORD_DECLINED, offer_at(floor, slot))
    record.x = by_command
    if kind <= COOL_MOMENT:
        record.a = cool_length(floor, offer_at(floor, slot).contact, kind, cool)
        cool = floor.now + record.a
        kind = COOL_DURATION
    else:
        record.z = kind
    offer_return(floor, slot, kind, cool)


cdef void expire(Floor* floor, int32_t slot) noexcept nogil:
    """Nobody answered an offer."""
    cdef Offer* offer = offer_at(floor, slot)
    cdef Record* record = write_offer(floor, RECORD_EXPIRED, offer)
    agent_at(floor, offer.agent).expiries += 1
    record.a = cool_length(floor, offer.contact, COOL_QUEUE, 0)
    record.x = agent_at(floor, offer.agent).expiries
    offer_return(floor, slot, COOL_DURATION, floor.now + record.a)


cdef void withdraw(Floor* floor, int32_t slot) noexcept nogil:
    """Have an active contact seek nobody any more."""
    cdef Contact* contact = contact_at(floor, slot)
    if contact.seeks == SEEKS_NOBODY:
        return
    contact.seeks = SEEKS_NOBODY
    extra_at(floor, contact.extra).seeker = NONE
    extra_at(floor, contact.extra).direct = NONE
    stand(floor, slot)
    rescind_all(floor, slot, RESCIND_WITHDRAWN)
