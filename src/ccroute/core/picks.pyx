"""Picks and assignments: an agent takes, or is given, a contact out of turn."""

from ccroute.core.answers cimport rescind
from ccroute.core.contacts cimport stand
from ccroute.core.defs cimport (
    MODE_MANUAL, NONE, OFFERS_OF_AGENT_MAX, RESCIND_PICKED, TURN_ASSIGNED, TURN_PICKED, WHY_CAPACITY, WHY_CHANNEL_CLOSED, WHY_CHANNEL_MAX,
    WHY_COOLDOWN, WHY_DIRECT, WHY_EXCLUDED, WHY_LEG, WHY_NEXT_PRESENCE, WHY_OFFERS_MAX, WHY_PRESENCE, WHY_SUSPENDED,
    agent_at, contact_at, offer_at, show,
)
from ccroute.core.eligible cimport own_offer, room_beside, why_not_agent
from ccroute.core.making cimport Making, accept, clear_offers, giving_way, make_offer, rank_told
from ccroute.core.room cimport Ask, Room, ask_for, room_book, room_holds, set_aside
from ccroute.core.roster cimport strain_agent


cdef void mark_first(Floor* floor, int32_t agent, int32_t own, int32_t count, bint is_gone) noexcept nogil:
    """Mark the newest ``count`` offers of an agent, one of them aside, as gone, or not."""
    cdef int32_t at = agent_at(floor, agent).last_of_offers
    while at != NONE and count > 0:
        if at != own:
            offer_at(floor, at).is_gone = is_gone
            count -= 1
        at = offer_at(floor, at).prev_of_agent


cdef bint fits_without_first(Floor* floor, int32_t agent, int32_t own, int32_t count, Ask* ask, Room* room, Aside* aside) noexcept nogil:
    """Say whether a contact fits without the newest ``count`` other offers of an agent, and what is set aside then."""
    cdef int32_t at
    cdef bint fits
    room_beside(floor, agent, own, ask.channel, room)
    mark_first(floor, agent, own, count, True)
    at = agent_at(floor, agent).first_offer
    while at != NONE:
        if offer_at(floor, at).is_gone and at != own:
            room_book(room, offer_at(floor, at).channel, offer_at(floor, at).cost, -1)
            room.pending -= 1
        at = offer_at(floor, at).next_of_agent
    if own != NONE:
        offer_at(floor, own).is_gone = 1
    fits = set_aside(floor, agent, room, ask, True, aside)
    if own != NONE:
        offer_at(floor, own).is_gone = 0
    mark_first(floor, agent, own, count, False)
    return fits


cdef int32_t nth_offer(Floor* floor, int32_t agent, int32_t own, int32_t count) noexcept nogil:
    """Return the offer of an agent behind the newest ``count`` others, NONE without; one offer aside."""
    cdef int32_t at = agent_at(floor, agent).last_of_offers
    while at != NONE and (at == own or count > 0):
        count -= at != own
        at = offer_at(floor, at).prev_of_agent
    return at


cdef int64_t why_not_picked(Floor* floor, int32_t contact, int32_t agent, int32_t* offers, Aside* aside) noexcept nogil:
    """Return the rules that keep an agent from picking a contact, as WhyNot bits; its queues and skills aside.

    ``offers``: how many of its own offers must go, newest first; one of higher tier must not.
    """
    cdef int32_t own = own_offer(floor, contact, agent)
    cdef int32_t at
    cdef Ask ask
    cdef Room room
    cdef int64_t why = why_not_agent(floor, contact, agent) & (
        WHY_PRESENCE | WHY_NEXT_PRESENCE | WHY_DIRECT | WHY_EXCLUDED | WHY_LEG | WHY_CHANNEL_CLOSED | WHY_SUSPENDED
    )
    ask_for(floor, contact, agent, &ask)
    ask.needs_slot = False
    offers[0] = 0
    while not fits_without_first(floor, agent, own, offers[0], &ask, &room, aside):
        at = nth_offer(floor, agent, own, offers[0])
        if at == NONE or contact_at(floor, offer_at(floor, at).contact).tier > ask.tier:
            if room.max != NONE and room.places >= room.max:
                why |= WHY_CHANNEL_MAX
            room.max = NONE
            if not room_holds(&room, &ask):
                why |= WHY_CAPACITY
            return why
        offers[0] += 1
    return why


cdef void take_now(Floor* floor, int32_t contact, int32_t agent, Aside* aside, bint is_exempt) noexcept nogil:
    """Give an agent a contact at once: its offer of it is accepted, else one is made for it."""
    cdef int32_t own = own_offer(floor, contact, agent)
    cdef int32_t victim = giving_way(floor, aside)
    clear_offers(floor, contact, aside)
    if own != NONE:
        accept(floor, own)
    else:
        offer_by_command(floor, contact, agent, victim, True, is_exempt)
    if agent_at(floor, agent).pending:
        strain_agent(floor, agent)


cdef void offer_by_command(Floor* floor, int32_t contact, int32_t agent, int32_t victim, bint accepts, bint is_exempt) noexcept nogil:
    cdef Making how
    how.rank = rank_told(floor, contact, agent)
    how.victim = victim
    how.mode = MODE_MANUAL
    how.accepts = accepts
    how.is_exempt = is_exempt
    make_offer(floor, contact, agent, &how)


cdef void do_pick(Floor* floor, int32_t contact, int32_t agent, int32_t offers, Aside* aside) noexcept nogil:
    """An agent takes a contact of its own choice; ``offers`` of its own go first, newest first."""
    cdef int32_t own = own_offer(floor, contact, agent)
    if own == NONE:
        show(floor, contact, agent, TURN_PICKED)
    while offers > 0:
        rescind(floor, nth_offer(floor, agent, own, 0), RESCIND_PICKED, contact)
        offers -= 1
    take_now(floor, contact, agent, aside, False)


cdef int64_t why_not_assigned(Floor* floor, int32_t contact, int32_t agent, int64_t ignored, bint as_active) noexcept nogil:
    """Return the rules that keep an agent from being given a contact, as WhyNot bits; its queues and skills aside."""
    cdef int32_t own = own_offer(floor, contact, agent)
    cdef Ask ask
    cdef Room room
    cdef Aside aside
    cdef int64_t why = why_not_agent(floor, contact, agent) & (
        WHY_PRESENCE | WHY_NEXT_PRESENCE | WHY_DIRECT | WHY_EXCLUDED | WHY_COOLDOWN | WHY_LEG | WHY_CHANNEL_CLOSED
        | WHY_SUSPENDED
    )
    if not fits_assigned(floor, contact, agent, as_active, False, &ask, &room, &aside):
        if room.max != NONE and room.places >= room.max:
            why |= WHY_CHANNEL_MAX
        if ask.needs_slot and room.pending >= room.offers_max:
            why |= WHY_OFFERS_MAX
        ask.needs_slot = False
        room.max = NONE
        if not room_holds(&room, &ask):
            why |= WHY_CAPACITY
    why &= ~ignored
    if not as_active and agent_at(floor, agent).pending >= OFFERS_OF_AGENT_MAX:
        why |= WHY_OFFERS_MAX
    return why


cdef bint fits_assigned(
    Floor* floor, int32_t contact, int32_t agent, bint as_active, bint without_slot, Ask* ask, Room* room, Aside* aside
) noexcept nogil:
    """Say whether an assigned contact fits, and what is set aside for it."""
    cdef int32_t own = own_offer(floor, contact, agent)
    cdef bint fits
    ask_for(floor, contact, agent, ask)
    ask.needs_slot = not as_active and not without_slot
    room_beside(floor, agent, own, ask.channel, room)
    if own != NONE:
        offer_at(floor, own).is_gone = 1
    fits = set_aside(floor, agent, room, ask, True, aside)
    if own != NONE:
        offer_at(floor, own).is_gone = 0
    return fits


cdef void do_assign(Floor* floor, int32_t contact, int32_t agent, int64_t ignored, bint as_active) noexcept nogil:
    """A supervisor gives a contact to an agent, whatever ``ignored`` says of the rules."""
    cdef bint is_exempt = (ignored & WHY_CAPACITY) != 0
    cdef int32_t victim
    cdef Ask ask
    cdef Room room
    cdef Aside aside
    if own_offer(floor, contact, agent) == NONE:
        show(floor, contact, agent, TURN_ASSIGNED)
    # On a channel that is closed to the agent an accept sets nothing aside, so neither does an offer.
    if not fits_assigned(floor, contact, agent, as_active, is_exempt, &ask, &room, &aside) or not (
        floor.policies[agent_at(floor, agent).policy].open >> ask.channel
    ) & 1:
        aside.count = 0
        aside.offers = 0
    if as_active:
        take_now(floor, contact, agent, &aside, is_exempt)
        return
    victim = giving_way(floor, &aside)
    clear_offers(floor, contact, &aside)
    offer_by_command(floor, contact, agent, victim, False, is_exempt)
    stand(floor, contact)
