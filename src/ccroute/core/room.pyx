"""Room: whether an agent has places and units for a contact, and what would be set aside to make some.

ROUTING section 4, rules 2, 5 and 6. Offers and legs that are marked ``is_gone`` are thought away.
"""

from ccroute.core.defs cimport (
    LEG_ACTIVE, LEG_SUSPENDED, MODE_AUTO, NONE, Contact, Leg, Offer, agent_at, contact_at, counts_at, leg_at,
    offer_at, uint64_t, units_at,
)


cdef int32_t kept_elsewhere(Policy* policy, int32_t* units, int32_t channel, int32_t channels) noexcept nogil:
    """Return the units that other channels have in reserve and not in use."""
    cdef int32_t at
    cdef int32_t kept = 0
    for at in range(channels):
        if at != channel and policy.reserve[at] > units[at]:
            kept += policy.reserve[at] - units[at]
    return kept


cdef bint may_have_room(Floor* floor, int32_t slot, Kind* kind) noexcept nogil:
    """Say whether a contact of a kind, were its tier high enough, could have room made for it by setting aside."""
    cdef Agent* agent = agent_at(floor, slot)
    cdef uint64_t bits = floor.channels[kind.channel].interrupts
    cdef int32_t at
    cdef Ask ask
    cdef Room room
    if bits == 0 or not (floor.policies[agent.policy].open >> kind.channel) & 1:
        return False
    room_open(floor, slot, kind.channel, &room)
    at = agent.first_offer
    while at != NONE:
        if (bits >> offer_at(floor, at).channel) & 1:
            room_book(&room, offer_at(floor, at).channel, offer_at(floor, at).cost, -1)
            room.pending -= 1
        at = offer_at(floor, at).next_of_agent
    at = agent.first_leg
    while at != NONE:
        if leg_at(floor, at).state == LEG_ACTIVE and (bits >> leg_at(floor, at).channel) & 1:
            room_book(&room, leg_at(floor, at).channel, leg_at(floor, at).cost, -1)
        at = leg_at(floor, at).next_of_agent
    ask.cost = cost_for(floor, agent, kind.channel, kind.own_cost, kind.queue_cost)
    ask.needs_slot = kind.needs_slot
    return room_holds(&room, &ask)


cdef void ask_for(Floor* floor, int32_t contact, int32_t agent, Ask* ask) noexcept nogil:
    """Work out what a contact asks of an agent in its present queue."""
    cdef Contact* one = contact_at(floor, contact)
    ask.contact = contact
    ask.tier = one.tier
    ask.channel = one.channel
    ask.cost = cost_for(floor, agent_at(floor, agent), one.channel, one.own_cost, floor.queues[one.queue].cost)
    ask.needs_slot = floor.queues[one.queue].mode != MODE_AUTO


cdef void room_open(Floor* floor, int32_t agent, int32_t channel, Room* room) noexcept nogil:
    """Begin with everything that an agent has taken."""
    cdef Agent* one = agent_at(floor, agent)
    cdef Policy* policy = &floor.policies[one.policy]
    cdef int32_t* units = units_at(floor, agent)
    cdef int32_t at
    room.taken = one.taken
    room.pending = one.pending
    room.places = counts_at(floor, agent)[channel]
    room.channel = channel
    room.offers_max = one.offers_max
    room.capacity = one.capacity
    room.max = policy.max[channel]
    room.reserving = NULL
    if policy.has_reserve:
        room.reserving = policy
        for at in range(CHANNELS_MAX):
            room.units[at] = units[at] if at < floor.channel_count else 0


cdef void room_book(Room* room, int32_t channel, int32_t cost, int32_t times) noexcept nogil:
    """Book an offer or leg (times 1), or think it away (times -1)."""
    room.taken += times * cost
    if channel == room.channel:
        room.places += times
    if room.reserving != NULL:
        room.units[channel] += times * cost


cdef void room_without_offers(Floor* floor, int32_t agent, Room* room, int32_t above) noexcept nogil:
    """Think the pending offers of an agent away, those of contacts of a tier above ``above`` aside."""
    cdef int32_t at = agent_at(floor, agent).first_offer
    cdef Offer* offer
    while at != NONE:
        offer = offer_at(floor, at)
        if not offer.is_gone and contact_at(floor, offer.contact).tier <= above:
            room_book(room, offer.channel, offer.cost, -1)
            room.pending -= 1
        at = offer.next_of_agent


cdef bint room_holds(Room* room, Ask* ask) noexcept nogil:
    """Say whether a contact fits beside what is booked."""
    cdef int32_t free = room.capacity - room.taken
    if room.max != NONE and room.places >= room.max:
        return False
    if ask.needs_slot and room.pending >= room.offers_max:
        return False
    if room.reserving != NULL:
        free -= kept_elsewhere(room.reserving, room.units, room.channel, CHANNELS_MAX)
    return ask.cost <= free


cdef void think(Floor* floor, Room* room, Aside* aside, int32_t at, int32_t times) noexcept nogil:
    """Think one of the things set aside away, or back."""
    cdef int32_t slot = aside.slots[at]
    if at < aside.offers:
        room_book(room, offer_at(floor, slot).channel, offer_at(floor, slot).cost, times)
        room.pending += times
    else:
        room_book(room, leg_at(floor, slot).channel, leg_at(floor, slot).cost, times)


cdef bint set_aside(Floor* floor, int32_t agent, Room* room, Ask* ask, bint with_offers, Aside* aside) noexcept nogil:
    """Find what must be set aside so that a contact fits, nothing where it fits as it is. Return False where nothing helps.

    Candidates are of the contact's tier or lower, on channels that its own interrupts: pending offers, newest first, then
    active legs, last begun first. They are taken one by one until it fits; then each that proves unnecessary is put back,
    in the order taken. O(offers + legs of the agent).
    """
    cdef uint64_t bits = floor.channels[ask.channel].interrupts
    cdef Agent* one = agent_at(floor, agent)
    cdef Offer* offer
    cdef Leg* leg
    cdef int32_t at, kept
    aside.count = 0
    aside.offers = 0
    if room_holds(room, ask):
        return True
    if bits == 0:
        return False
    at = one.last_of_offers if with_offers else NONE
    while at != NONE and aside.count < ASIDE_MAX and not room_holds(room, ask):
        offer = offer_at(floor, at)
        if not offer.is_gone and (bits >> offer.channel) & 1 and contact_at(floor, offer.contact).tier <= ask.tier:
            aside.slots[aside.count] = at
            aside.count += 1
            aside.offers += 1
            think(floor, room, aside, aside.count - 1, -1)
        at = offer.prev_of_agent
    at = one.first_leg
    while at != NONE and aside.count < ASIDE_MAX and not room_holds(room, ask):
        leg = leg_at(floor, at)
        if (
            leg.state == LEG_ACTIVE and not leg.is_gone and leg.contact != ask.contact and (bits >> leg.channel) & 1
            and contact_at(floor, leg.contact).tier <= ask.tier
        ):
            aside.slots[aside.count] = at
            aside.count += 1
            think(floor, room, aside, aside.count - 1, -1)
        at = leg.next_of_agent
    if not room_holds(room, ask):
        return False
    at = 0
    while at < aside.count:
        think(floor, room, aside, at, 1)
        if not room_holds(room, ask):
            think(floor, room, aside, at, -1)
            at += 1
            continue
        aside.offers -= at < aside.offers
        aside.count -= 1
        for kept in range(at, aside.count):
            aside.slots[kept] = aside.slots[kept + 1]
    return True


cdef bint is_kept_by_suspended(Floor* floor, int32_t agent, int32_t tier, int32_t channel) noexcept nogil:
    """Say whether a suspended leg comes first: of higher tier, or of equal tier on a channel not interrupted by this one."""
    cdef int32_t at = agent_at(floor, agent).first_leg
    cdef int32_t other
    cdef Leg* leg
    if agent_at(floor, agent).suspended == 0:
        return False
    while at != NONE:
        leg = leg_at(floor, at)
        if leg.state == LEG_SUSPENDED:
            other = contact_at(floor, leg.contact).tier
            if other > tier or (other == tier and not (floor.channels[channel].interrupts >> leg.channel) & 1):
                return True
        at = leg.next_of_agent
    return False


cdef bint can_take(Floor* floor, int32_t contact, int32_t agent, Aside* aside) noexcept nogil:
    """Say whether an agent that takes offers has room for a contact, and what would be set aside for it."""
    cdef Ask ask
    cdef Room room
    ask_for(floor, contact, agent, &ask)
    aside.count = 0
    aside.offers = 0
    if not (floor.policies[agent_at(floor, agent).policy].open >> ask.channel) & 1:
        return False
    if is_kept_by_suspended(floor, agent, ask.tier, ask.channel):
        return False
    room_open(floor, agent, ask.channel, &room)
    return set_aside(floor, agent, &room, &ask, True, aside)
