"""Changes: transfer, consult, conference, change of channel and of anything else, and what follows if nobody answers."""

from ccroute.core.answers cimport agent_give, agent_take, rescind, rescind_all, withdraw
from ccroute.core.bars cimport bar_add, bar_find, bar_lift, cool_down
from ccroute.core.contacts cimport (
    adopt, bar_legs, begin_wait, catch_up, contact_close, enter_queue, move_queue, place_by, reclass, set_terms,
    stand, tell_queued, tell_requeued, unwatch, wait_again,
)
from ccroute.core.defs cimport (
    BAR_EXCLUDED, BAR_OFFER, CANCEL_PARENT, CANCEL_UNANSWERED, CONTACT_ACTIVE, CONTACT_PARKED, CONTACT_QUEUED, CONTACT_SCHEDULED,
    COOL_DURATION, END_CHANNEL_CHANGED, END_JOINED, END_TRANSFERRED, LEG_ACTIVE, LEG_HELD, LEG_WRAPPING,
    MODE_MANUAL, NONE, PLACE_AGE, RECORD_CHANGED, RECORD_CHANNEL, RECORD_TRANSFERRED, REQUEUE_CHANNEL, REQUEUE_UNANSWERED,
    RESCIND_CHANGED, RESCIND_INTERRUPTED, SEEKS_FURTHER, SEEKS_TAKER, SUSPEND_INTERRUPTED, TURN_JOINED, UNANSWERED_CANCEL,
    UNANSWERED_END, UNANSWERED_GIVE_UP, UNANSWERED_QUEUE, UNANSWERED_RETURN, WHY_CAPACITY, WHY_CHANNEL_CLOSED,
    WHY_CHANNEL_MAX, WHY_LEG, Contact, Course, Leg, Offer, Queue, Record, agent_at, bar_at, contact_at, course_of, extra_at, is_aside, leg_at,
    offer_at, show, waits, write,
)
from ccroute.core.courses cimport callback_rest, callback_watch, course_bring, course_for, course_look
from ccroute.core.extras cimport extra_for, is_direct, terms_swap, version_up
from ccroute.core.legs cimport leg_find, leg_first
from ccroute.core.making cimport Making, make_offer, offer_directly, rank_served, rank_told, why_not_directly
from ccroute.core.roster cimport agent_attach, agent_detach, agent_refresh, strain_agent
from ccroute.core.room cimport Aside, Ask, Room, cost_for, room_book, room_holds, room_open, set_aside
from ccroute.core.waiting cimport class_leave
from ccroute.core.work cimport (
    check_seek, do_cancel, do_park, do_unpark, is_consult, leg_done, move_clock, leg_end, legs_end, suspend, take_next_presence,
    take_next_presences,
)

cdef enum:
    BY_RULE = 2                   # as z of RECORD_CHANGED


# ---- seeking ---------------------------------------------------------------------------------------------------


cdef void seek(Floor* floor, int32_t slot, int seeks, int32_t seeker) noexcept nogil:
    """Have an active contact, which is in no line, look for an agent besides those it has."""
    cdef Contact* contact = contact_at(floor, slot)
    contact.seeks = <unsigned char>seeks
    extra_for(floor, slot).seeker = seeker
    bar_legs(floor, slot)
    catch_up(floor, slot)


cdef void keep_for(Floor* floor, int32_t slot, int32_t agent, int unanswered, int32_t returns_to) noexcept nogil:
    """Keep a contact for one agent, and say what follows if that one does not answer."""
    cdef Extra* extra = extra_for(floor, slot)
    extra.direct = agent
    extra.unanswered = <unsigned char>unanswered
    extra.returns_to = returns_to


# ---- transfer --------------------------------------------------------------------------------------------------


cdef void do_transfer(
    Floor* floor, int32_t slot, int32_t agent, int32_t class_slot, int32_t to_agent, bint warm, int32_t keeps_place,
    bint to_queue, Extra* ready, Path* path
) noexcept nogil:
    """Give a contact to another queue, or agent: at once, or (warm) when somebody accepts."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Queue* to = &floor.queues[floor.classes[class_slot].queue]
    cdef Record* record = write(floor, RECORD_TRANSFERRED)
    record.contact = slot
    record.agent = agent
    record.queue = floor.classes[class_slot].queue if to_agent == NONE else NONE
    record.a = to.cooldown
    record.x = contact.queue
    record.y = to_agent if path == NULL else path.preferred[0]
    record.z = warm
    withdraw(floor, slot)
    cool_down(floor, slot, agent, COOL_DURATION, floor.now + to.cooldown)
    if path != NULL:
        course_bring(floor, slot, path)
    if warm:
        if to_agent == NONE:
            take_terms(floor, slot, ready)
            move_queue(floor, slot, class_slot, keeps_place)
            refresh_agents(floor, slot)
        seek(floor, slot, SEEKS_TAKER, agent)
        if to_agent == NONE:
            stand(floor, slot)
        else:
            keep_for(floor, slot, to_agent, UNANSWERED_GIVE_UP if to_queue else UNANSWERED_END, NONE)
            offer_directly(floor, slot, to_agent)
        return
    hand_over(floor, leg_find(floor, slot, agent))
    take_terms(floor, slot, ready)
    move_queue(floor, slot, class_slot, keeps_place)
    if to_agent != NONE:
        keep_for(floor, slot, to_agent, UNANSWERED_QUEUE if to_queue else UNANSWERED_RETURN, agent)
    begin_wait(floor, slot)
    tell_queued(floor, slot)
    stand(floor, slot)
    take_next_presence(floor, agent)
    if to_agent != NONE:
        offer_directly(floor, slot, to_agent)


cdef void hand_over(Floor* floor, int32_t leg) noexcept nogil:
    """The giver's work is done."""
    leg_done(floor, leg, floor.queues[leg_at(floor, leg).queue].wrap_up, END_TRANSFERRED)


cdef void take_terms(Floor* floor, int32_t slot, Extra* ready) noexcept nogil:
    """Take over which agents the contact allows, where it enters or leaves a slow class; its scores stay."""
    cdef Extra* extra
    cdef Contact* contact = contact_at(floor, slot)
    cdef bint was_slow = contact.extra != NONE and extra_at(floor, contact.extra).allowed != NULL
    if ready.allowed == NULL and not was_slow:
        return
    extra = extra_for(floor, slot)
    ready.scored, extra.scored = extra.scored, ready.scored
    ready.scores, extra.scores = extra.scores, ready.scores
    ready.scores_count, extra.scores_count = extra.scores_count, ready.scores_count
    # A slow contact counts as one with bars: it must be asked agent by agent.
    contact.bars += (ready.allowed != NULL) - <int32_t>was_slow
    terms_swap(extra, ready)


cdef void reclass_as_found(Floor* floor, int32_t slot) noexcept nogil:
    """Put a contact into the class that the host found for it."""
    if contact_at(floor, slot).in_line:
        class_leave(floor, slot)
    take_terms(floor, slot, &floor.fetched)
    reclass(floor, slot, floor.fetched_class)
    stand(floor, slot)


# ---- nobody answered -------------------------------------------------------------------------------------------


cdef void tie_up(Floor* floor, int32_t slot) noexcept nogil:
    """Do what follows for a loose end, unless it is none any more."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Extra* extra = extra_at(floor, contact.extra)
    extra.is_loose = 0
    if extra.is_orphan:
        extra.is_orphan = 0
        if contact.state == CONTACT_QUEUED:
            do_cancel(floor, slot, CANCEL_PARENT)
            return
    if extra.direct != NONE and waits(contact) and contact.offers_out == 0:
        answer_for(floor, slot, extra)


cdef void answer_for(Floor* floor, int32_t slot, Extra* extra) noexcept nogil:
    """Do what was said for the case that the agent whom a contact is kept for does not answer."""
    cdef int32_t giver = extra.returns_to if extra.unanswered == UNANSWERED_RETURN else NONE
    extra.returns_to = NONE
    extra.direct = NONE
    if giver != NONE:
        extra.direct = giver
        if why_not_directly(floor, slot, giver) == 0:
            extra.unanswered = UNANSWERED_QUEUE
            offer_directly(floor, slot, giver)
            return
        extra.direct = NONE
    if extra.unanswered == UNANSWERED_CANCEL:
        do_cancel(floor, slot, CANCEL_UNANSWERED)
    elif extra.unanswered == UNANSWERED_END:
        withdraw(floor, slot)
    elif extra.unanswered == UNANSWERED_GIVE_UP:
        giver = extra.seeker
        withdraw(floor, slot)
        hand_over(floor, leg_find(floor, slot, giver))
        unwatch(floor, slot)
        back_to_entry(floor, slot)
        begin_wait(floor, slot)
        tell_queued(floor, slot)
        stand(floor, slot)
        take_next_presence(floor, giver)
    else:
        tell_requeued(floor, slot, REQUEUE_UNANSWERED, NONE)
        stand(floor, slot)


cdef void back_to_entry(Floor* floor, int32_t slot) noexcept nogil:
    """Have a contact be new in the queue it is in, at its place."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t class_slot = floor.classes[contact.class_slot].first_stage
    cdef Course* course
    floor.classes[contact.class_slot].refs -= 1
    enter_queue(floor, slot, class_slot)
    course = course_of(floor, contact)
    if course != NULL:
        course.is_stale = 1


# ---- consult and conference ------------------------------------------------------------------------------------


cdef void do_consult(Floor* floor, int32_t parent, int32_t child, int32_t to_agent) noexcept nogil:
    """Make a contact that was just begun, in no line, the consult of another."""
    adopt(floor, parent, child)
    if to_agent != NONE:
        keep_for(floor, child, to_agent, UNANSWERED_CANCEL, NONE)
    tell_queued(floor, child)
    stand(floor, child)
    if to_agent != NONE:
        offer_directly(floor, child, to_agent)


cdef int32_t consulted_leg(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Return the leg that an agent has in a consult of a contact, NONE without one that is active or held."""
    cdef int32_t extra = contact_at(floor, contact).extra
    cdef int32_t child = NONE if extra == NONE else extra_at(floor, extra).first_child
    cdef int32_t leg
    while child != NONE:
        leg = leg_find(floor, child, agent)
        if leg != NONE and (leg_at(floor, leg).state == LEG_ACTIVE or leg_at(floor, leg).state == LEG_HELD):
            return leg
        child = extra_at(floor, contact_at(floor, child).extra).next_child
    return NONE


cdef int64_t why_not_joined(Floor* floor, int32_t contact, int32_t leg) noexcept nogil:
    """Return the rules that keep who has a leg in a consult from joining the contact instead, as WhyNot bits."""
    cdef int32_t agent = leg_at(floor, leg).agent
    cdef Contact* one = contact_at(floor, contact)
    cdef int64_t why = 0 if leg_find(floor, contact, agent) == NONE else WHY_LEG
    cdef Ask ask
    cdef Room room
    ask.cost = cost_for(floor, agent_at(floor, agent), one.channel, one.own_cost, floor.queues[one.queue].cost)
    ask.needs_slot = False
    room_open(floor, agent, one.channel, &room)
    room_book(&room, leg_at(floor, leg).channel, leg_at(floor, leg).cost, -1)
    if not (floor.policies[agent_at(floor, agent).policy].open >> one.channel) & 1:
        why |= WHY_CHANNEL_CLOSED
    if room.max != NONE and room.places >= room.max:
        why |= WHY_CHANNEL_MAX
    room.max = NONE
    if not room_holds(&room, &ask):
        why |= WHY_CAPACITY
    return why


cdef void do_join(Floor* floor, int32_t slot, int32_t agent, int32_t class_slot, int32_t to_agent, Extra* ready) noexcept nogil:
    """Bring one more agent to an active contact: who is consulted at once, another by an offer, or whom a queue finds."""
    cdef int32_t leg = NONE if to_agent == NONE else consulted_leg(floor, slot, to_agent)
    withdraw(floor, slot)
    if to_agent == NONE:
        take_terms(floor, slot, ready)
        move_queue(floor, slot, class_slot, NONE)
        refresh_agents(floor, slot)
        tell_changed(floor, slot).z = 1
        seek(floor, slot, SEEKS_FURTHER, agent)
        stand(floor, slot)
        return
    if leg == NONE:
        seek(floor, slot, SEEKS_FURTHER, agent)
        keep_for(floor, slot, to_agent, UNANSWERED_END, NONE)
        offer_directly(floor, slot, to_agent)
        return
    join_consulted(floor, slot, to_agent, leg)


cdef void join_consulted(Floor* floor, int32_t slot, int32_t agent, int32_t leg) noexcept nogil:
    """Bring an agent over from a consult, which ends with its last leg."""
    cdef int32_t child = leg_at(floor, leg).contact
    cdef Making how
    show(floor, slot, agent, TURN_JOINED)
    leg_end(floor, leg, END_JOINED, NONE)
    check_seek(floor, child)
    contact_close(floor, child)
    how.rank = rank_told(floor, slot, agent)
    how.victim = NONE
    how.mode = MODE_MANUAL
    how.accepts = True
    how.is_exempt = False
    make_offer(floor, slot, agent, &how)


# ---- another channel -------------------------------------------------------------------------------------------


cdef bint leg_fits(Floor* floor, int32_t slot, int32_t channel, int32_t cost, int32_t tier, Room* room, Aside* aside) noexcept nogil:
    """Say whether a leg has room on a channel beside everything else its agent has, and what is set aside for it."""
    cdef Leg* leg = leg_at(floor, slot)
    cdef Ask ask
    ask.contact = leg.contact
    ask.tier = tier
    ask.channel = channel
    ask.cost = cost
    ask.needs_slot = False
    room_open(floor, leg.agent, channel, room)
    room_book(room, leg.channel, leg.cost, -1)
    return set_aside(floor, leg.agent, room, &ask, True, aside)


cdef int64_t why_not_channel(
    Floor* floor, int32_t slot, int32_t channel, int32_t own_cost, int32_t queue, int32_t tier
) noexcept nogil:
    """Return the rules that keep an agent at work on a contact from going over to a channel, as WhyNot bits.

    That is the first, by agent seq, for whom there are any.
    """
    cdef int32_t at = leg_first(floor, slot, NONE)
    cdef int32_t agent, cost
    cdef Room room
    cdef Aside aside
    cdef int64_t why = 0
    while at != NONE and why == 0:
        agent = leg_at(floor, at).agent
        if leg_at(floor, at).state != LEG_WRAPPING:
            cost = cost_for(floor, agent_at(floor, agent), channel, own_cost, floor.queues[queue].cost)
            if not (floor.policies[agent_at(floor, agent).policy].open >> channel) & 1:
                why |= WHY_CHANNEL_CLOSED
            if not leg_fits(floor, at, channel, cost, tier, &room, &aside):
                if room.max != NONE and room.places >= room.max:
                    why |= WHY_CHANNEL_MAX
                room.max = NONE
                if not room_fits(&room, cost):
                    why |= WHY_CAPACITY
        at = leg_first(floor, slot, agent)
    return why


cdef bint room_fits(Room* room, int32_t cost) noexcept nogil:
    cdef Ask ask
    ask.cost = cost
    ask.needs_slot = False
    return room_holds(room, &ask)


cdef void move_leg(Floor* floor, int32_t slot, int32_t channel, int32_t cost) noexcept nogil:
    """Take a leg over to another channel; what is in the way there is set aside."""
    cdef Leg* leg = leg_at(floor, slot)
    cdef int32_t agent = leg.agent
    cdef int32_t at
    cdef Room room
    cdef Aside aside
    if not leg_fits(floor, slot, channel, cost, contact_at(floor, leg.contact).tier, &room, &aside):
        aside.count = 0
        aside.offers = 0
    agent_detach(floor, agent)
    agent_give(floor, agent, leg.channel, leg.cost)
    leg.channel = <unsigned char>channel
    leg.cost = cost
    agent_take(floor, agent, channel, cost)
    agent_attach(floor, agent)
    for at in range(aside.offers):
        rescind(floor, aside.slots[at], RESCIND_INTERRUPTED, leg.contact)
    for at in range(aside.offers, aside.count):
        suspend(floor, aside.slots[at], SUSPEND_INTERRUPTED, leg.contact)
    if agent_at(floor, agent).pending:
        strain_agent(floor, agent)


cdef void move_legs(Floor* floor, int32_t slot) noexcept nogil:
    """Take the legs at work on a contact over to its channel, by agent seq."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t at = leg_first(floor, slot, NONE)
    cdef int32_t agent, cost
    while at != NONE:
        agent = leg_at(floor, at).agent
        if leg_at(floor, at).state != LEG_WRAPPING:
            cost = cost_for(floor, agent_at(floor, agent), contact.channel, contact.own_cost, floor.queues[contact.queue].cost)
            move_leg(floor, at, contact.channel, cost)
        at = leg_first(floor, slot, agent)


cdef void do_change_channel(Floor* floor, int32_t slot, int32_t class_slot, bint requeues, Extra* ready) noexcept nogil:
    """Have a contact go on by another channel, with the agents it has, or back in its place."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Record* record = write(floor, RECORD_CHANNEL)
    record.contact = slot
    record.x = contact.channel
    record.y = floor.classes[class_slot].channel
    record.a = version_up(floor, slot)
    if contact.in_line:
        class_leave(floor, slot)
    take_terms(floor, slot, ready)
    reclass(floor, slot, class_slot)
    contact.channel = <unsigned char>floor.classes[class_slot].channel
    check_callback(floor, slot)
    if requeues:
        legs_end(floor, slot, False, END_CHANNEL_CHANGED)
        withdraw(floor, slot)
        wait_again(floor, slot, REQUEUE_CHANNEL, NONE)
        take_next_presences(floor)
        return
    if record.x != record.y:
        if contact.state == CONTACT_ACTIVE:
            move_legs(floor, slot)
        recheck(floor, slot, True)
    stand(floor, slot)


# ---- anything else ---------------------------------------------------------------------------------------------


cdef Record* tell_changed(Floor* floor, int32_t slot) noexcept nogil:
    """Tell that a contact was changed: what is in force now."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef int32_t version = version_up(floor, slot)
    cdef Record* record = write(floor, RECORD_CHANGED)
    record.contact = slot
    record.queue = contact.queue
    record.a = contact.place_at
    record.b = contact.head_start
    record.x = contact.tier
    record.y = version
    if floor.patches:
        record.z = BY_RULE
        record.offer = floor.wanted_fields
    return record


cdef bint still_offered(Floor* floor, int32_t slot, bint channel_only) noexcept nogil:
    """Say whether, by the contact's present terms, an offer that is out could be made to its agent."""
    cdef Offer* offer = offer_at(floor, slot)
    cdef Contact* contact = contact_at(floor, offer.contact)
    cdef int32_t bar
    if not (floor.policies[agent_at(floor, offer.agent).policy].open >> contact.channel) & 1:
        return False
    if channel_only:
        return True
    bar = bar_find(floor, offer.contact, offer.agent)
    if bar != NONE and bar_at(floor, bar).why & BAR_EXCLUDED:
        return False
    if is_direct(floor, offer.contact):
        return True
    return rank_served(floor, offer.contact, offer.agent) != 0


cdef void recheck(Floor* floor, int32_t contact, bint channel_only) noexcept nogil:
    """Rescind the offers of a contact that could not be made as it is now, oldest first."""
    cdef int32_t at, oldest
    while True:
        oldest = NONE
        at = contact_at(floor, contact).first_offer
        while at != NONE:
            if not still_offered(floor, at, channel_only) and (oldest == NONE or offer_at(floor, at).seq < offer_at(floor, oldest).seq):
                oldest = at
            at = offer_at(floor, at).next_of_contact
        if oldest == NONE:
            return
        rescind(floor, oldest, RESCIND_CHANGED, NONE)


cdef void exclude(Floor* floor, int32_t contact, Terms* terms) noexcept nogil:
    """Put other exclusions in the place of those there are."""
    cdef int32_t at = contact_at(floor, contact).first_bar
    cdef int32_t following
    while at != NONE:
        following = bar_at(floor, at).next_of_contact
        if bar_at(floor, at).why & BAR_EXCLUDED:
            bar_lift(floor, at, BAR_EXCLUDED)
        at = following
    for at in range(terms.excluded_count):
        bar_add(floor, contact, terms.excluded[at], BAR_EXCLUDED)


cdef void refresh_agents(Floor* floor, int32_t slot) noexcept nogil:
    """Have everybody looked at who has a leg or an offer of a contact that was changed."""
    cdef int32_t at = contact_at(floor, slot).first_leg
    while at != NONE:
        agent_refresh(floor, leg_at(floor, at).agent)
        if agent_at(floor, leg_at(floor, at).agent).pending:
            strain_agent(floor, leg_at(floor, at).agent)
        at = leg_at(floor, at).next_of_contact
    at = contact_at(floor, slot).first_offer
    while at != NONE:
        agent_refresh(floor, offer_at(floor, at).agent)
        strain_agent(floor, offer_at(floor, at).agent)
        if floor.queues[contact_at(floor, slot).queue].k > 1:
            bar_add(floor, slot, offer_at(floor, at).agent, BAR_OFFER)
        at = offer_at(floor, at).next_of_contact


cdef void take_place(Floor* floor, int32_t slot, int32_t class_slot, int place, Extra* ready) noexcept nogil:
    """Put a contact, which is in no line, into its new class, queue and place."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef bint moves = floor.classes[class_slot].queue != contact.queue
    take_allowed(floor, slot, ready)
    contact.own_cost = floor.classes[class_slot].own_cost
    if is_aside(contact) and (moves or place != NONE):
        move_clock(floor, slot)
    if moves:
        move_queue(floor, slot, class_slot, place)
        extra_for(floor, slot).direct = NONE
        if is_aside(contact):
            unwatch(floor, slot)
        return
    reclass(floor, slot, class_slot)
    set_terms(floor, slot)
    if place != NONE:
        place_by(floor, slot, place)


cdef void take_allowed(Floor* floor, int32_t slot, Extra* ready) noexcept nogil:
    """Take over scores and which agents the contact allows."""
    cdef Extra* extra = extra_for(floor, slot)
    contact_at(floor, slot).bars += (ready.allowed != NULL) - (extra.allowed != NULL)
    terms_swap(extra, ready)


cdef void check_callback(Floor* floor, int32_t slot) noexcept nogil:
    """By its channel a contact becomes a callback, or is one no more."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Course* course = course_of(floor, contact)
    cdef bint is_callback = (
        floor.channels[contact.channel].is_callback and not is_consult(floor, slot) and contact.queue != floor.no_queue
    )
    if is_callback == (course != NULL and course.expires_at != NONE):
        return
    callback_rest(floor, slot)
    course = course_for(floor, slot)
    if not is_callback:
        course.expired_at = course.expires_at
        course.expires_at = NONE
        return
    course.expires_at = course.expired_at
    if course.expires_at == NONE:
        course.expires_at = contact.created + floor.queues[contact.queue].callback_expires
    if contact.state != CONTACT_ACTIVE:
        callback_watch(floor, course)
    if contact.state == CONTACT_QUEUED:
        course_look(floor, slot)


cdef void do_change(
    Floor* floor, int32_t slot, int32_t class_slot, Terms* terms, int place, int offers, int parked, Extra* ready
) noexcept nogil:
    """Change a contact in any live state, whole."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef bint moves = floor.classes[class_slot].queue != contact.queue
    cdef bint goes_over = floor.classes[class_slot].channel != contact.channel
    cdef Extra* extra
    if moves and place == NONE and contact.queue == floor.no_queue:
        # No queue gives it up, so none says what becomes of its place.
        place = PLACE_AGE
    if contact.in_line:
        class_leave(floor, slot)
    if terms.scores_count < 0:
        extra = extra_for(floor, slot)
        ready.scored, extra.scored = extra.scored, ready.scored
        ready.scores, extra.scores = extra.scores, ready.scores
        ready.scores_count, extra.scores_count = extra.scores_count, ready.scores_count
    contact.own_tier = terms.own_tier
    contact.own_head_start = terms.own_head_start
    contact.tier = terms.tier
    contact.head_start = terms.head_start
    if terms.excluded_count >= 0:
        exclude(floor, slot, terms)
    contact.channel = <unsigned char>floor.classes[class_slot].channel
    take_place(floor, slot, class_slot, place, ready)
    tell_changed(floor, slot)
    check_callback(floor, slot)
    refresh_agents(floor, slot)
    if goes_over and contact.state == CONTACT_ACTIVE:
        move_legs(floor, slot)
    if offers == CHANGE_RECHECKS:
        recheck(floor, slot, False)
    elif offers != CHANGE_KEEPS:
        rescind_all(floor, slot, RESCIND_CHANGED)
    if moves and contact.state == CONTACT_QUEUED:
        tell_queued(floor, slot)
    stand(floor, slot)
    if contact.state == CONTACT_SCHEDULED:
        if parked != NONE:
            course_for(floor, slot).due_parks = parked == 1
    elif parked == 1 and contact.state != CONTACT_PARKED:
        do_park(floor, slot, False, NONE)
    elif parked == 0 and contact.state == CONTACT_PARKED:
        do_unpark(floor, slot)
