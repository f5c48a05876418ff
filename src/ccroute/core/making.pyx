"""Making and accepting offers: what is set aside for them, and the leg they become."""

from ccroute.core.answers cimport agent_give, agent_take, lift_offer_bar, rescind, rescind_all
from ccroute.core.bars cimport bar_add
from ccroute.core.contacts cimport queue_leave, wait_again
from ccroute.core.courses cimport callback_rest
from ccroute.core.defs cimport (
    BAR_OFFER, CONTACT_ACTIVE, END_PREEMPTED, END_TRANSFERRED, LEG_ACTIVE, MODE_AUTO, MODE_MANUAL, NONE,
    PREEMPT_WORK, RECORD_ACCEPTED, RECORD_ACTIVE, RECORD_OFFERED, REQUEUE_PREEMPTED, RESCIND_INTERRUPTED,
    RESCIND_TAKEN, SEEKS_NOBODY, SEEKS_TAKER, SUSPEND_INTERRUPTED, SUSPEND_PREEMPTED, TIMER_OFFER, TURN_DIRECT, WHY_CAPACITY,
    WHY_CHANNEL_CLOSED, WHY_CHANNEL_MAX, WHY_EXCLUDED, WHY_LEG, WHY_NEXT_PRESENCE, WHY_OFFERS_MAX, WHY_PRESENCE,
    WHY_SUSPENDED, Agent, Contact, Extra, Leg, Offer, Queue, Record, agent_at, contact_at, extra_at, leg_at,
    offer_at, show, uint8_t, write,
)
from ccroute.core.eligible cimport why_not_agent
from ccroute.core.extras cimport extra_for
from ccroute.core.legs cimport leg_find, leg_link, legs_at_work
from ccroute.core.offers cimport offer_link, offer_unlink
from ccroute.core.rows cimport rank_of
from ccroute.core.roster cimport agent_attach, agent_detach, strain_agent
from ccroute.core.room cimport (
    Ask, Room, can_take, cost_for, is_kept_by_suspended, room_book, room_open, room_without_offers, set_aside,
)
from ccroute.core.store cimport store_take
from ccroute.core.timers cimport timer_arm
from ccroute.core.waiting cimport class_leave
from ccroute.core.work cimport check_seek, leg_done, leg_end, suspend, take_next_presence

cdef enum:
    RANK_ASKED = -1               # as the rank told: the host works it out
    TIER_ABOVE_ALL = 2147483647


# ---- making ----------------------------------------------------------------------------------------------------


cdef void clear_offers(Floor* floor, int32_t contact, Aside* aside) noexcept nogil:
    """Rescind the offers that are set aside for a contact, in the order taken."""
    cdef int32_t at
    for at in range(aside.offers):
        rescind(floor, aside.slots[at], RESCIND_INTERRUPTED, contact)


cdef int32_t giving_way(Floor* floor, Aside* aside) noexcept nogil:
    """Return the contact that is told to give way: of the first leg set aside, else of the first offer; NONE without."""
    if aside.count > aside.offers:
        return leg_at(floor, aside.slots[aside.offers]).contact
    return offer_at(floor, aside.slots[0]).contact if aside.count else NONE


cdef void make_offer(Floor* floor, int32_t contact_slot, int32_t agent_slot, Making* how) noexcept nogil:
    """Offer a contact to an agent; what is set aside for it at once has been cleared. It stands in no line afterwards."""
    cdef Contact* contact = contact_at(floor, contact_slot)
    cdef Queue* queue = &floor.queues[contact.queue]
    cdef Agent* agent = agent_at(floor, agent_slot)
    cdef int32_t cost = cost_for(floor, agent, contact.channel, contact.own_cost, queue.cost)
    cdef int32_t slot
    cdef Record* record = write(floor, RECORD_OFFERED)
    floor.offers_made += 1
    contact.offers_made += contact.offers_made < 65535
    record.contact = contact_slot
    record.agent = agent_slot
    record.queue = contact.queue
    record.offer = floor.offers_made
    record.x = cost
    record.y = how.rank
    record.z = how.mode
    record.a = NONE
    record.b = how.victim
    agent_detach(floor, agent_slot)
    agent.last_offer = floor.offers_made
    if how.accepts:
        begin_work(floor, contact_slot, agent_slot, floor.offers_made, contact.channel, cost)
        return
    agent_take(floor, agent_slot, contact.channel, cost)
    if contact.in_line:
        class_leave(floor, contact_slot)
    record.a = floor.now + queue.offer_timeout
    slot = store_take(&floor.offers)
    offer_link(floor, slot, floor.offers_made, contact_slot, agent_slot, cost)
    offer_at(floor, slot).timer = timer_arm(floor, record.a, TIMER_OFFER, slot)
    offer_at(floor, slot).is_exempt = how.is_exempt
    if queue.k > 1:
        bar_add(floor, contact_slot, agent_slot, BAR_OFFER)
    agent_attach(floor, agent_slot)


cdef void offer_in_turn(
    Floor* floor, int32_t contact, int32_t agent, int32_t rank, int32_t victim, Aside* aside
) noexcept nogil:
    """Make the offer that the decision came to; ``victim``: the contact that is pre-empted, or NONE."""
    cdef uint8_t mode = floor.queues[contact_at(floor, contact).queue].mode
    cdef Making how
    how.rank = rank
    how.victim = victim if victim != NONE else giving_way(floor, aside)
    how.mode = mode
    how.accepts = mode == MODE_AUTO
    how.is_exempt = False
    clear_offers(floor, contact, aside)
    make_offer(floor, contact, agent, &how)


cdef void offer_plainly(Floor* floor, int32_t contact, int32_t agent, int32_t rank) noexcept nogil:
    """The same on a floor where nothing gives way."""
    cdef Making how
    how.rank = rank
    how.victim = NONE
    how.mode = floor.queues[contact_at(floor, contact).queue].mode
    how.accepts = how.mode == MODE_AUTO
    how.is_exempt = False
    make_offer(floor, contact, agent, &how)


cdef int64_t why_not_directly(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Return the rules that keep an agent from a contact it is to be offered by name, as WhyNot bits."""
    return why_not_agent(floor, contact, agent) & (
        WHY_PRESENCE | WHY_NEXT_PRESENCE | WHY_OFFERS_MAX | WHY_EXCLUDED | WHY_LEG | WHY_CHANNEL_CLOSED
        | WHY_CHANNEL_MAX | WHY_CAPACITY | WHY_SUSPENDED
    )


cdef int32_t rank_served(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Return the rank at which an agent serves a contact as it is, 0 where it does not."""
    cdef Contact* one = contact_at(floor, contact)
    cdef Extra* extra
    if one.extra != NONE:
        extra = extra_at(floor, one.extra)
        if extra.allowed != NULL and not (extra.allowed[agent >> 6] >> (agent & 63)) & 1:
            return 0
    return rank_of(floor, one.class_slot, agent_at(floor, agent).profile)


cdef int32_t rank_told(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Return the rank that is told of an offer to an agent by name: 1 where it does not serve the contact by itself."""
    cdef int32_t rank = rank_served(floor, contact, agent)
    if rank == 0 and floor.classes[contact_at(floor, contact).class_slot].is_preferring:
        return RANK_ASKED
    return rank if rank else 1


cdef void offer_directly(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Offer a contact to the one agent it is kept for."""
    cdef uint8_t mode = floor.queues[contact_at(floor, contact).queue].mode
    cdef Making how
    cdef Aside aside
    show(floor, contact, agent, TURN_DIRECT)
    how.rank = rank_told(floor, contact, agent)
    how.victim = NONE
    how.mode = MODE_AUTO if mode == MODE_AUTO else MODE_MANUAL
    how.accepts = mode == MODE_AUTO
    how.is_exempt = False
    if can_take(floor, contact, agent, &aside):
        how.victim = giving_way(floor, &aside)
        clear_offers(floor, contact, &aside)
    make_offer(floor, contact, agent, &how)


# ---- what gives way at an accept -------------------------------------------------------------------------------


cdef bint may_take_work(Floor* floor, int32_t contact) noexcept nogil:
    """Say whether a contact may pre-empt work."""
    cdef Contact* one = contact_at(floor, contact)
    return floor.queues[one.queue].preempt == PREEMPT_WORK and one.tier >= floor.queues[one.queue].preempt_from


cdef bint fits_beside(
    Floor* floor, int32_t contact, int32_t agent, int32_t channel, int32_t cost, int32_t above, int32_t gone, Aside* aside
) noexcept nogil:
    """Say whether a contact fits beside legs, load and the offers of a tier above ``above``, and what is set aside.

    ``gone``: a leg that is thought away, or NONE.
    """
    cdef Ask ask
    cdef Room room
    cdef bint fits
    if not (floor.policies[agent_at(floor, agent).policy].open >> channel) & 1:
        return False
    ask.contact = contact
    ask.tier = contact_at(floor, contact).tier
    ask.channel = channel
    ask.cost = cost
    ask.needs_slot = False
    room_open(floor, agent, channel, &room)
    room_without_offers(floor, agent, &room, above)
    if gone != NONE:
        leg_at(floor, gone).is_gone = 1
        room_book(&room, leg_at(floor, gone).channel, leg_at(floor, gone).cost, -1)
    fits = set_aside(floor, agent, &room, &ask, False, aside)
    if gone != NONE:
        leg_at(floor, gone).is_gone = 0
    return fits


cdef int32_t work_victim(
    Floor* floor, int32_t contact, int32_t agent, int32_t channel, int32_t cost, int32_t above, Aside* aside
) noexcept nogil:
    """Return the leg whose going makes a contact fit beside the others, and what is set aside then; NONE without.

    Lowest tier, latest begun, higher contact seq. Offers of a tier above ``above`` count.
    """
    cdef int32_t at = agent_at(floor, agent).first_leg
    cdef int32_t best = NONE
    cdef Leg* leg
    cdef Aside other
    while at != NONE:
        leg = leg_at(floor, at)
        if (
            leg.state == LEG_ACTIVE and not leg.is_gone and leg.contact != contact
            and floor.channels[leg.channel].suspendable
            and contact_at(floor, leg.contact).tier < contact_at(floor, contact).tier
            and (best == NONE or gives_way_before(floor, leg, leg_at(floor, best)))
            and fits_beside(floor, contact, agent, channel, cost, above, at, &other)
        ):
            best = at
            aside[0] = other
        at = leg.next_of_agent
    return best


cdef bint gives_way_before(Floor* floor, Leg* one, Leg* other) noexcept nogil:
    """Compare two legs of one agent: lowest tier, latest begun, higher contact seq."""
    cdef Contact* a = contact_at(floor, one.contact)
    cdef Contact* b = contact_at(floor, other.contact)
    if a.tier != b.tier:
        return a.tier < b.tier
    if one.began_at != other.began_at:
        return one.began_at > other.began_at
    return a.seq > b.seq


cdef int32_t plan_accept(
    Floor* floor, int32_t contact, int32_t agent, int32_t channel, int32_t cost, Aside* aside
) noexcept nogil:
    """Work out what an accept sets aside, beside the agent's offers of higher tier if it fits so, else without them.

    Return the leg that is pre-empted besides, NONE without. The accepted offer is not booked any more.
    """
    cdef int32_t tier = contact_at(floor, contact).tier
    cdef int32_t victim
    if fits_beside(floor, contact, agent, channel, cost, tier, NONE, aside):
        return NONE
    if fits_beside(floor, contact, agent, channel, cost, TIER_ABOVE_ALL, NONE, aside):
        return NONE
    if may_take_work(floor, contact):
        victim = work_victim(floor, contact, agent, channel, cost, tier, aside)
        if victim == NONE:
            victim = work_victim(floor, contact, agent, channel, cost, TIER_ABOVE_ALL, aside)
        if victim != NONE:
            return victim
    aside.count = 0
    aside.offers = 0
    return NONE


cdef void displace(Floor* floor, int32_t slot, int32_t by) noexcept nogil:
    """Have a leg give way to the contact that pre-empts it: as the queue of that contact says."""
    cdef int32_t contact = leg_at(floor, slot).contact
    extra_for(floor, contact).displaced_work += 1
    if not floor.queues[contact_at(floor, by).queue].requeues_victim:
        suspend(floor, slot, SUSPEND_PREEMPTED, by)
        return
    leg_end(floor, slot, END_PREEMPTED, by)
    check_seek(floor, contact)
    if legs_at_work(floor, contact) == 0:
        wait_again(floor, contact, REQUEUE_PREEMPTED, by)


cdef bint fits_alone(Floor* floor, int32_t slot) noexcept nogil:
    """Say whether a pending offer fits beside its agent's legs and load alone, with what it may set aside or pre-empt."""
    cdef Offer* offer = offer_at(floor, slot)
    cdef Aside aside
    if offer.is_exempt:
        return True
    if is_kept_by_suspended(floor, offer.agent, contact_at(floor, offer.contact).tier, offer.channel):
        return False
    return fits_unaided(floor, offer) or stands_on(floor, slot, &aside) != NONE


cdef bint fits_unaided(Floor* floor, Offer* offer) noexcept nogil:
    """Say whether a pending offer fits beside its agent's legs and load alone, without pre-emption."""
    cdef Aside aside
    return fits_beside(floor, offer.contact, offer.agent, offer.channel, offer.cost, TIER_ABOVE_ALL, NONE, &aside)


cdef int32_t stands_on(Floor* floor, int32_t slot, Aside* aside) noexcept nogil:
    """Return the leg without whose going a pending offer could not be accepted, NONE where it could, or not at all."""
    cdef Offer* offer = offer_at(floor, slot)
    if not may_take_work(floor, offer.contact) or fits_unaided(floor, offer):
        return NONE
    return work_victim(floor, offer.contact, offer.agent, offer.channel, offer.cost, TIER_ABOVE_ALL, aside)


# ---- accepting -------------------------------------------------------------------------------------------------


cdef void begin_work(
    Floor* floor, int32_t contact_slot, int32_t agent_slot, int64_t offer, int32_t channel, int32_t cost
) noexcept nogil:
    """An offer is accepted: the contact waits no longer, the leg begins, others give way. The agent is detached."""
    cdef Contact* contact = contact_at(floor, contact_slot)
    cdef Agent* agent = agent_at(floor, agent_slot)
    cdef int32_t victim = NONE
    cdef int32_t giver = NONE
    cdef int32_t at
    cdef Aside aside
    cdef Record* record
    aside.count = 0
    if floor.suspends:
        victim = plan_accept(floor, contact_slot, agent_slot, channel, cost, &aside)
    agent_take(floor, agent_slot, channel, cost)
    queue_leave(floor, contact_slot)
    record = write(floor, RECORD_ACCEPTED)
    record.contact = contact_slot
    record.agent = agent_slot
    record.offer = offer
    contact.state = CONTACT_ACTIVE
    agent.handled += 1
    agent.expiries = 0
    agent.idle_since = floor.now
    leg_link(floor, store_take(&floor.legs), contact_slot, agent_slot, channel, cost)
    if contact.extra != NONE:
        giver = end_seek(floor, contact_slot)
        callback_rest(floor, contact_slot)
    record = write(floor, RECORD_ACTIVE)
    record.contact = contact_slot
    record.agent = agent_slot
    record.queue = contact.queue
    record.offer = offer
    record.a = contact.waited
    record.x = cost
    record.y = channel
    agent_attach(floor, agent_slot)
    if contact.first_offer != NONE:
        rescind_all(floor, contact_slot, RESCIND_TAKEN)
    for at in range(aside.count):
        suspend(floor, aside.slots[at], SUSPEND_INTERRUPTED, contact_slot)
    if victim != NONE:
        displace(floor, victim, contact_slot)
    if giver != NONE:
        at = leg_find(floor, contact_slot, giver)
        leg_done(floor, at, floor.queues[leg_at(floor, at).queue].wrap_up, END_TRANSFERRED)
        take_next_presence(floor, giver)


cdef int32_t end_seek(Floor* floor, int32_t contact) noexcept nogil:
    """Have a contact that somebody took seek nobody any more. Return the agent that gives it away, NONE without."""
    cdef Contact* one = contact_at(floor, contact)
    cdef Extra* extra = extra_at(floor, one.extra)
    cdef int32_t giver = extra.seeker if one.seeks == SEEKS_TAKER else NONE
    one.seeks = SEEKS_NOBODY
    extra.seeker = NONE
    extra.direct = NONE
    extra.returns_to = NONE
    return giver


cdef void accept(Floor* floor, int32_t slot) noexcept nogil:
    """The agent takes an offer."""
    cdef Offer* offer = offer_at(floor, slot)
    cdef int32_t contact = offer.contact
    cdef int32_t agent = offer.agent
    cdef int64_t seq = offer.seq
    cdef int32_t cost = offer.cost
    cdef int32_t channel = offer.channel
    agent_detach(floor, agent)
    agent_give(floor, agent, channel, cost)
    offer_unlink(floor, slot)
    if contact_at(floor, contact).bars:
        lift_offer_bar(floor, contact, agent)
    begin_work(floor, contact, agent, seq, channel, cost)
    # Offers may be more than fit together: load, or another configuration, looks at each beside the legs alone.
    if agent_at(floor, agent).pending:
        strain_agent(floor, agent)
