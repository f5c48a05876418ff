"""Whether a contact and an agent are eligible for each other: what the mask of the agent leaves open, pair by pair.

Within a class, a contact of higher tier that has no bars fits wherever one of lower tier does: it may set aside more, and
fewer suspended legs come before it. So a walk along a line ends at the first contact without bars that does not fit.
"""

from ccroute.core.bars cimport bar_find, is_barred
from ccroute.core.defs cimport (
    AVAILABLE, BAR_COOLING, BAR_EXCLUDED, BAR_LEG, BAR_OFFER, KIND_CHECKED, MODE_MANUAL, NONE, WHY_CAPACITY,
    WHY_CHANNEL_CLOSED, WHY_CHANNEL_MAX, WHY_CONTACT_STATE, WHY_COOLDOWN, WHY_DIRECT, WHY_EXCLUDED, WHY_LEG,
    WHY_MANUAL, WHY_MEMBERSHIP, WHY_NEXT_PRESENCE, WHY_OFFERS_MAX, WHY_OFFERS_MIN, WHY_OFFER_OUT, WHY_PRESENCE,
    WHY_QUEUE_PAUSED, WHY_SUSPENDED, Bands, Contact, Queue, agent_at, bar_at, contact_at, ctz64, extra_at, offer_at,
    pool_at, uint64_t, waits,
)
from ccroute.core.line cimport Walk, walk_begin, walk_next
from ccroute.core.order cimport order_next
from ccroute.core.room cimport (
    Aside, Ask, Room, ask_for, can_take, cost_for, is_kept_by_suspended, room_book, room_holds, room_open, set_aside,
)
from ccroute.core.rows cimport rank_of


cdef bint is_offered(Floor* floor, int32_t contact) noexcept nogil:
    """Say whether a contact stands in a line from which offers are made."""
    cdef Contact* one = contact_at(floor, contact)
    return one.in_line and not floor.queues[one.queue].paused and floor.queues[one.queue].mode != MODE_MANUAL


cdef int32_t count_agents(Floor* floor, int32_t contact, int32_t enough, int32_t but) noexcept nogil:
    """Count the agents a contact of a checked class could be offered to, one aside, up to ``enough``.

    O(agents of its profiles).
    """
    cdef ContactClass* one = &floor.classes[contact_at(floor, contact).class_slot]
    cdef int32_t band, block, at, agent
    cdef int32_t count = 0
    cdef uint64_t bits
    cdef Aside aside
    for band in range(one.row.count):
        for block in range((floor.profile_count + 63) >> 6):
            bits = one.row.bands[band].bits[block] & floor.kinds[one.kind].available[block]
            while bits:
                at = floor.profiles[block * 64 + ctz64(bits)].first_pool
                bits &= bits - 1
                while at != NONE:
                    agent = pool_at(floor, at).roots[0].first
                    while agent != NONE and count < enough:
                        if agent != but and not is_barred(floor, contact, agent):
                            count += can_take(floor, contact, agent, &aside)
                        agent = order_next(&floor.idle[0], agent)
                    at = pool_at(floor, at).next
    return count


cdef bint has_company(Floor* floor, int32_t contact, int32_t beside, int32_t but) noexcept nogil:
    """Say whether enough agents could take a contact for its first offers, with ``beside`` that are known to.

    ``but``: an agent that is not counted, NONE without.
    """
    cdef Contact* one = contact_at(floor, contact)
    cdef int32_t wanted = floor.queues[one.queue].offers_min - beside
    return wanted <= 1 - beside or one.offers_out != 0 or count_agents(floor, contact, wanted, but) >= wanted


cdef bint takes(Agent* agent, ContactClass* one) noexcept nogil:
    """Say whether an agent has room for every contact of a class."""
    return one.kind != KIND_CHECKED and (agent.mask >> one.kind) & 1


cdef bint is_set_apart(int32_t channel, int32_t tier, Passed* passed) noexcept nogil:
    cdef int32_t at
    for at in range(passed.count):
        if passed.channels[at] == channel and passed.tiers[at] == tier:
            return True
    return False


cdef int32_t first_fitting(Floor* floor, int32_t class_slot, int32_t agent, Passed* passed) noexcept nogil:
    """Return the first contact of a class that an agent is eligible for, NONE without. O(contacts that are barred ahead)."""
    cdef ContactClass* one = &floor.classes[class_slot]
    cdef bint fits_all = takes(agent_at(floor, agent), one)
    cdef int32_t at
    cdef Contact* contact
    cdef Aside aside
    cdef Walk walk
    if one.is_preferring and agent_at(floor, agent).favours == 0:
        return NONE
    walk_begin(&one.line, &walk)
    at = walk_next(floor, &walk)
    while at != NONE:
        contact = contact_at(floor, at)
        if passed != NULL and is_set_apart(one.channel, contact.tier, passed):
            if not floor.ranks_first:
                # Something of this tier is there for the agent, so nothing of a lower one comes first.
                return NONE
        elif not contact.bars or not is_barred(floor, at, agent):
            if fits_all or (can_take(floor, at, agent, &aside) and has_company(floor, at, 0, NONE)):
                return at
            if not contact.bars:
                return NONE
        at = walk_next(floor, &walk)
    return NONE


cdef bint waits_at(Floor* floor, int32_t class_slot, int32_t agent, int32_t tier) noexcept nogil:
    """Say whether an agent is eligible for a contact of a class that is of this very tier."""
    cdef ContactClass* one = &floor.classes[class_slot]
    cdef bint fits_all = takes(agent_at(floor, agent), one)
    cdef int32_t at
    cdef Contact* contact
    cdef Aside aside
    cdef Walk walk
    if one.is_preferring and agent_at(floor, agent).favours == 0:
        return False
    walk_begin(&one.line, &walk)
    at = walk_next(floor, &walk)
    while at != NONE:
        contact = contact_at(floor, at)
        if contact.tier < tier:
            return False
        if contact.tier == tier and (not contact.bars or not is_barred(floor, at, agent)):
            if fits_all or (can_take(floor, at, agent, &aside) and has_company(floor, at, 0, NONE)):
                return True
            if not contact.bars:
                return False
        at = walk_next(floor, &walk)
    return False


cdef bint is_passed_over(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Say whether, for the same agent, a contact of equal tier is eligible on a channel that interrupts this one's.

    O(classes that the agent serves).
    """
    cdef Contact* one = contact_at(floor, contact)
    cdef uint64_t bits = floor.channels[one.channel].interrupted_by
    cdef Agent* other = agent_at(floor, agent)
    cdef Bands* row = &floor.profiles[other.profile].row
    cdef int32_t band, at, class_slot
    cdef ContactClass* rival
    if bits == 0:
        return False
    for band in range(row.count):
        for at in range(row.bands[band].count):
            class_slot = row.bands[band].slots[at]
            rival = &floor.classes[class_slot]
            if (
                rival.line.first != NONE and (bits >> rival.channel) & 1
                and (floor.blocks.open[class_slot >> 6] >> (class_slot & 63)) & 1
                and (other.mask >> rival.kind) & floor.kind_bits
                and waits_at(floor, class_slot, agent, one.tier)
            ):
                return True
    return False


# ---- why not ---------------------------------------------------------------------------------------------------


cdef int64_t why_no_room(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Return which of the rules on room are broken, with everything set aside that may be."""
    cdef Ask ask
    ask_for(floor, contact, agent, &ask)
    return why_no_room_beside(floor, agent, own_offer(floor, contact, agent), &ask)


cdef int64_t why_no_room_beside(Floor* floor, int32_t agent, int32_t own, Ask* asked) noexcept nogil:
    """The same beside everything but one offer."""
    cdef Ask ask = asked[0]
    cdef int64_t why = 0
    if not (floor.policies[agent_at(floor, agent).policy].open >> ask.channel) & 1:
        why |= WHY_CHANNEL_CLOSED
    if own != NONE:
        offer_at(floor, own).is_gone = 1
    why |= why_too_little(floor, agent, own, &ask)
    if own != NONE:
        offer_at(floor, own).is_gone = 0
    return why


cdef int32_t own_offer(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Return the pending offer of a contact to an agent, NONE without."""
    cdef int32_t at = contact_at(floor, contact).first_offer
    while at != NONE and offer_at(floor, at).agent != agent:
        at = offer_at(floor, at).next_of_contact
    return at


cdef void room_beside(Floor* floor, int32_t agent, int32_t own, int32_t channel, Room* room) noexcept nogil:
    """Begin with everything an agent has taken but one offer."""
    room_open(floor, agent, channel, room)
    if own != NONE:
        room_book(room, offer_at(floor, own).channel, offer_at(floor, own).cost, -1)
        room.pending -= 1


cdef int64_t why_too_little(Floor* floor, int32_t agent, int32_t own, Ask* ask) noexcept nogil:
    """Return which of the rules on slots, places and units are broken, with everything set aside that may be."""
    cdef Room room
    cdef Aside aside
    cdef int64_t why = 0
    room_beside(floor, agent, own, ask.channel, &room)
    if set_aside(floor, agent, &room, ask, True, &aside):
        return 0
    # What could be set aside is thought away now; what still stands in the way is told.
    if room.max != NONE and room.places >= room.max:
        why |= WHY_CHANNEL_MAX
    if ask.needs_slot and room.pending >= room.offers_max:
        why |= WHY_OFFERS_MAX
    ask.needs_slot = False
    room.max = NONE
    if not room_holds(&room, ask):
        why |= WHY_CAPACITY
    return why


cdef int64_t why_not_consulted(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Return the rules that keep an agent from a consult about a contact, as WhyNot bits; who asks aside."""
    cdef Contact* one = contact_at(floor, contact)
    cdef Ask ask
    cdef int64_t why = why_absent(floor, agent)
    ask_for(floor, contact, agent, &ask)
    # A consult brings no cost of its own.
    ask.cost = cost_for(floor, agent_at(floor, agent), one.channel, NONE, floor.queues[one.queue].cost)
    ask.contact = NONE
    if is_kept_by_suspended(floor, agent, one.tier, one.channel):
        why |= WHY_SUSPENDED
    return why | why_no_room_beside(floor, agent, NONE, &ask)


cdef int64_t why_absent(Floor* floor, int32_t agent) noexcept nogil:
    """Return which of the rules on presence are broken."""
    cdef int64_t why = 0
    if agent_at(floor, agent).presence != AVAILABLE:
        why |= WHY_PRESENCE
    if agent_at(floor, agent).next_presence != NONE:
        why |= WHY_NEXT_PRESENCE
    return why


cdef int64_t why_not_agent(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Return the rules on an agent that keep it from a contact, as WhyNot bits; its queues and skills aside."""
    cdef Contact* one = contact_at(floor, contact)
    cdef int32_t bar = bar_find(floor, contact, agent)
    cdef int64_t why = why_no_room(floor, contact, agent) | why_absent(floor, agent)
    if one.extra != NONE and extra_at(floor, one.extra).direct != NONE and extra_at(floor, one.extra).direct != agent:
        why |= WHY_DIRECT
    if bar != NONE:
        if bar_at(floor, bar).why & BAR_EXCLUDED:
            why |= WHY_EXCLUDED
        if bar_at(floor, bar).why & BAR_COOLING:
            why |= WHY_COOLDOWN
        if bar_at(floor, bar).why & BAR_LEG:
            why |= WHY_LEG
        if bar_at(floor, bar).why & BAR_OFFER:
            why |= WHY_OFFER_OUT
    if is_kept_by_suspended(floor, agent, one.tier, one.channel):
        why |= WHY_SUSPENDED
    return why


cdef int64_t why_not(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Return the rules of section 4 that keep an agent from a contact, as WhyNot bits; requirement aside."""
    cdef Contact* one = contact_at(floor, contact)
    cdef Queue* queue = &floor.queues[one.queue]
    cdef int64_t why = why_not_agent(floor, contact, agent)
    if not waits(one):
        why |= WHY_CONTACT_STATE
    if one.offers_out >= queue.k:
        why |= WHY_OFFER_OUT
    if queue.paused:
        why |= WHY_QUEUE_PAUSED
    if queue.mode == MODE_MANUAL:
        why |= WHY_MANUAL
    if waits(one) and not has_company(floor, contact, 0, NONE):
        why |= WHY_OFFERS_MIN
    if rank_of(floor, one.class_slot, agent_at(floor, agent).profile) == 0:
        why |= WHY_MEMBERSHIP
    return why
