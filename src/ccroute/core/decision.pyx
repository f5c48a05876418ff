"""The decision: offers are made, the least eligible pair first, until no eligible pair is left.

Before a command there is no eligible pair, so afterwards every eligible pair has an agent that can take more than before or
a contact of a class that something entered. Those agents and classes were marked, and only they are looked at. Contacts
that may pre-empt come in between, and what was suspended is taken up when nothing else is left (ROUTING section 7).
"""

from ccroute.core.answers cimport expire
from ccroute.core.bars cimport bar_lift
from ccroute.core.changes cimport tie_up
from ccroute.core.contacts cimport be_overdue, stage_up, stand, step_ready
from ccroute.core.courses cimport course_look
from ccroute.core.defs cimport (
    AVAILABLE, AWAY, BAR_COOLDOWN, MODE_RING, NONE, PENDING_RESCIND, TIMER_AFTER, TIMER_CALLBACK, TIMER_COOLDOWN, TIMER_GUARD,
    TIMER_LEASE, TIMER_LOST, TIMER_OFFER, TIMER_OVERDUE, TIMER_PARK, TIMER_RULE, TIMER_WRAP_UP, TURN_LINE, TURN_TOGETHER, Agent, Contact, ContactClass,
    Extra, Queue, Slots, agent_at, contact_at, course_of, extra_at, int32_t,
    offer_at, pool_at, show, timer_at, uint64_t, waits,
)
from ccroute.core.giving cimport preempt, relieve, resume_one, set_guard
from ccroute.core.lease cimport give_back_work, lapse
from ccroute.core.making cimport offer_in_turn, offer_plainly
from ccroute.core.matching cimport Pair, best_agent, best_contact, best_of_class, pair_before
from ccroute.core.plans cimport hours_change, look_round, work_off
from ccroute.core.room cimport Aside, can_take
from ccroute.core.roster cimport agent_attach, mark_agent, mask_of
from ccroute.core.timers cimport timer_arm, timer_cancel, timers_due, timers_step
from ccroute.core.waiting cimport class_enter, class_join, class_leave, mark_class, set_word
from ccroute.core.work cimport callback_over, do_end_wrap_up, do_presence, park_over


# ---- the least pair --------------------------------------------------------------------------------------------


cdef inline void drop(Slots* slots, int32_t at) noexcept nogil:
    slots.count -= 1
    slots.items[at] = slots.items[slots.count]


cdef bint least_of_classes(Floor* floor, Pair* best) noexcept nogil:
    """Find the least pair of the marked classes; classes without one are unmarked, unless one was passed over."""
    cdef bint is_found = False
    cdef int32_t at = 0
    cdef int32_t slot
    cdef Pair pair
    while at < floor.dirty_classes.count:
        slot = floor.dirty_classes.items[at]
        floor.was_passed = 0
        if not floor.classes[slot].in_use or not best_of_class(floor, slot, &pair):
            if floor.was_passed:
                at += 1
                continue
            floor.classes[slot].is_dirty = 0
            drop(&floor.dirty_classes, at)
            continue
        at += 1
        if not is_found or pair_before(&pair, best):
            best[0] = pair
            is_found = True
    return is_found


cdef bint least_of_agents(Floor* floor, Pair* best) noexcept nogil:
    """Find the least pair of the marked agents, as far as contact and rank go; agents without one are unmarked.

    Agents of one pool without bars can take the same contacts, so one of them stands for all; unless for some of them room
    is worked out pair by pair.
    """
    cdef bint is_found = False
    cdef int32_t at = 0
    cdef int32_t slot
    cdef bint stands_for_all
    cdef Agent* agent
    cdef Pair pair
    floor.round += 1
    while at < floor.dirty_agents.count:
        slot = floor.dirty_agents.items[at]
        agent = agent_at(floor, slot)
        stands_for_all = agent.bars == 0 and agent.pool != NONE and agent.mask & floor.checked_mask == 0
        if stands_for_all and pool_at(floor, agent.pool).stamp == floor.round:
            at += 1
            continue
        if agent.pool == NONE or not best_contact(floor, slot, &pair):
            agent.is_dirty = 0
            drop(&floor.dirty_agents, at)
            continue
        at += 1
        if stands_for_all:
            pool_at(floor, agent.pool).stamp = floor.round
        if not is_found or pair_before(&pair, best):
            best[0] = pair
            is_found = True
    return is_found


cdef void mark_sociable(Floor* floor) noexcept nogil:
    """An agent that can take more may be the one that others of a queue with ``offers_min`` were waiting for."""
    cdef int32_t at
    if floor.dirty_agents.count:
        for at in range(floor.sociable.count):
            mark_class(floor, floor.sociable.items[at])


cdef bint least_pair(Floor* floor, Pair* best) noexcept nogil:
    """Find the least eligible pair, or return False where there is none."""
    cdef bint is_alone = floor.dirty_classes.count == 0 and floor.dirty_agents.count == 1
    cdef bint of_class
    cdef Pair pair
    floor.is_alone = floor.dirty_classes.count == 1 and floor.dirty_agents.count == 0
    of_class = floor.dirty_classes.count != 0 and least_of_classes(floor, best)
    if floor.dirty_agents.count == 0 or not least_of_agents(floor, &pair):
        return of_class
    if of_class and not pair_before(&pair, best):
        return True
    best[0] = pair
    # The contact may have a better agent than the one it was found by, unless that is the only one that changed. Where
    # room is worked out pair by pair, others may have become eligible with it.
    return (is_alone and floor.checked_mask == 0) or best_agent(floor, pair.contact, True, best)


# ---- one step --------------------------------------------------------------------------------------------------


cdef void offer_pair(Floor* floor, Pair* pair, int turn) noexcept nogil:
    """Make the offer of a pair."""
    cdef Aside aside
    show(floor, pair.contact, pair.agent, turn)
    if not floor.suspends:
        offer_plainly(floor, pair.contact, pair.agent, pair.rank)
        return
    aside.count = 0
    aside.offers = 0
    can_take(floor, pair.contact, pair.agent, &aside)
    offer_in_turn(floor, pair.contact, pair.agent, pair.rank, NONE, &aside)


cdef void make_offers(Floor* floor, Pair* pair) noexcept nogil:
    """Make the offer of the least pair; where a queue offers to several agents, the first ones are one step."""
    cdef Contact* contact = contact_at(floor, pair.contact)
    cdef int32_t k = floor.queues[contact.queue].k
    cdef bint goes_on = contact.offers_out == 0
    if k == 1:
        offer_pair(floor, pair, TURN_LINE)
        return
    floor.is_alone = 0
    offer_pair(floor, pair, TURN_LINE)
    while goes_on and contact.offers_out < k and best_agent(floor, pair.contact, False, pair):
        offer_pair(floor, pair, TURN_TOGETHER)
    stand(floor, pair.contact)


cdef inline bint is_plain(Floor* floor) noexcept nogil:
    """Say whether nothing else is to be looked at, and nothing can give way."""
    return not (
        floor.dirty_classes.count or floor.dirty_agents.count or floor.loose.count or floor.strained.count
        or floor.is_lively or floor.has_news
    )


cdef void arrive(Floor* floor, int32_t slot) noexcept nogil:
    """Have a contact that just began to wait stand in line, unless an agent is there for it already."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Queue* queue = &floor.queues[contact.queue]
    cdef Pair pair
    if not is_plain(floor) or queue.paused or queue.mode > MODE_RING:
        class_enter(floor, slot)
        return
    set_word(floor, contact)
    if best_agent(floor, slot, False, &pair):
        offer_pair(floor, &pair, TURN_LINE)
    else:
        class_join(floor, slot)


cdef int take_up(Floor* floor) noexcept nogil:
    """Give a contact to the agent that just became free, or put it into its pool. Return -1 without memory."""
    cdef int32_t slot = floor.unattached
    cdef uint64_t mask
    cdef Pair pair
    floor.unattached = NONE
    if is_plain(floor):
        mask = mask_of(floor, slot)
        if mask and mask & floor.checked_mask == 0:
            # Whatever it can take, it is the only one for whom anything is new.
            agent_at(floor, slot).mask = mask
            if best_contact(floor, slot, &pair):
                if step_ready(floor):
                    return -1
                make_offers(floor, &pair)
                if agent_at(floor, slot).pool != NONE:
                    # There is room left, maybe for one more.
                    mark_agent(floor, slot)
                return 0
    agent_attach(floor, slot)
    return 0


cdef int tie_loose_ends(Floor* floor) noexcept nogil:
    """Do what follows where an agent did not answer, or a parent has ended; the earliest contact first."""
    cdef int32_t index, least, slot
    while floor.loose.count:
        if step_ready(floor):
            return -1
        least = 0
        for index in range(floor.loose.count):
            if contact_at(floor, floor.loose.items[index]).seq < contact_at(floor, floor.loose.items[least]).seq:
                least = index
        slot = floor.loose.items[least]
        drop(&floor.loose, least)
        tie_up(floor, slot)
    return 0


cdef int look_at_news(Floor* floor) noexcept nogil:
    """Carry out what plans and preferred agents say, before anything is offered. Return -1 without memory."""
    if floor.unattached != NONE:
        agent_attach(floor, floor.unattached)
        floor.unattached = NONE
    floor.has_news = 0
    return look_round(floor) or work_off(floor)


cdef void rest(Floor* floor) noexcept nogil:
    """Nothing is left to do: what changed has been looked at."""
    cdef int32_t at
    for at in range(floor.stirred.count):
        agent_at(floor, floor.stirred.items[at]).is_stirred = 0
    floor.stirred.count = 0
    if floor.guards:
        set_guard(floor)


cdef int settle(Floor* floor) noexcept nogil:
    """Decide until nothing is left to do. Return -1 without memory, with what was decided so far in force."""
    cdef Pair pair
    cdef bint is_found
    while floor.unattached != NONE or not is_plain(floor):
        if floor.loose.count and tie_loose_ends(floor):
            return -1
        if floor.has_news:
            if look_at_news(floor):
                return -1
            continue
        if floor.unattached != NONE and take_up(floor):
            return -1
        if floor.strained.count:
            if relieve(floor):
                return -1
            if floor.loose.count or floor.has_news:
                continue
        is_found = (floor.dirty_classes.count != 0 or floor.dirty_agents.count != 0)
        if is_found:
            if step_ready(floor):
                return -1
            mark_sociable(floor)
            is_found = least_pair(floor, &pair)
        if floor.preempts:
            if step_ready(floor):
                return -1
            if preempt(floor, is_found, contact_at(floor, pair.contact).tier if is_found else 0):
                continue
        if is_found:
            make_offers(floor, &pair)
        elif floor.stirred.count == 0 or not resume_one(floor):
            break
    if floor.stirred.count or floor.guards:
        rest(floor)
    return 0


# ---- time ------------------------------------------------------------------------------------------------------


cdef void offer_expires(Floor* floor, int32_t slot) noexcept nogil:
    """Nobody answered: cool-down, and away after so many in a row."""
    cdef int32_t agent_slot = offer_at(floor, slot).agent
    cdef Agent* agent = agent_at(floor, agent_slot)
    cdef Contact* contact = contact_at(floor, offer_at(floor, slot).contact)
    cdef int32_t away_after = floor.queues[contact.queue].away_after
    if away_after == NONE:
        away_after = floor.channels[contact.channel].away_after
    expire(floor, slot)
    if away_after and agent.expiries >= away_after and agent.presence == AVAILABLE:
        agent.expiries = 0
        do_presence(floor, agent_slot, AWAY, PENDING_RESCIND, 3)


cdef void stage_reached(Floor* floor, int32_t slot) noexcept nogil:
    """A contact has been in its queue long enough for further agents."""
    cdef Contact* contact = contact_at(floor, slot)
    cdef Extra* extra = extra_at(floor, contact.extra)
    cdef ContactClass* one
    extra.timer_after = NONE
    if contact.in_line:
        class_leave(floor, slot)
    stage_up(floor, slot)
    one = &floor.classes[contact.class_slot]
    if one.next_stage != NONE:
        extra.timer_after = timer_arm(floor, contact.in_queue_at + one.next_after, TIMER_AFTER, slot)
    stand(floor, slot)


cdef void overdue_reached(Floor* floor, int32_t slot) noexcept nogil:
    """A contact has been in its queue too long; if it does not wait, it is overdue when it waits again."""
    extra_at(floor, contact_at(floor, slot).extra).timer_overdue = NONE
    if not waits(contact_at(floor, slot)):
        return
    if contact_at(floor, slot).in_line:
        class_leave(floor, slot)
    be_overdue(floor, slot)
    stand(floor, slot)


cdef int fire(Floor* floor, int32_t slot) noexcept nogil:
    """Carry out a timer that is due; it names the cause of what follows. Return -1 without memory."""
    cdef int kind = timer_at(floor, slot).kind
    cdef int32_t target = timer_at(floor, slot).target
    floor.cause = <unsigned char>(kind + 1)
    if kind == TIMER_OFFER:
        offer_expires(floor, target)
    elif kind == TIMER_WRAP_UP:
        do_end_wrap_up(floor, target)
    elif kind == TIMER_COOLDOWN:
        bar_lift(floor, target, BAR_COOLDOWN)
    elif kind == TIMER_AFTER:
        timer_cancel(floor, slot)
        stage_reached(floor, target)
    elif kind == TIMER_OVERDUE:
        timer_cancel(floor, slot)
        overdue_reached(floor, target)
    elif kind == TIMER_GUARD:
        timer_cancel(floor, slot)
        floor.guard_timer = NONE
        floor.tries += 1
    elif kind == TIMER_PARK:
        park_over(floor, target)
    else:
        return fire_rare(floor, slot, kind, target)
    return 0


cdef int fire_rare(Floor* floor, int32_t slot, int kind, int32_t target) noexcept nogil:
    """The same for timers that most floors do not have."""
    if kind == TIMER_RULE:
        timer_cancel(floor, slot)
        course_of(floor, contact_at(floor, target)).timer_rule = NONE
        course_look(floor, target)
    elif kind == TIMER_CALLBACK:
        timer_cancel(floor, slot)
        course_of(floor, contact_at(floor, target)).timer_callback = NONE
        callback_over(floor, target)
    elif kind == TIMER_LEASE:
        lapse(floor, target)
    elif kind == TIMER_LOST:
        return give_back_work(floor, target)
    else:
        return hours_change(floor, target)
    return 0


cdef int run_until(Floor* floor, int64_t to) noexcept nogil:
    """Bring the floor to a moment: fire what is due on the way, one decision an instant. Return -1 without memory."""
    cdef int64_t at
    cdef int32_t timer
    while True:
        at = timers_step(floor, to if to > floor.now else floor.now)
        if at < 0:
            break
        floor.now = at
        timer = timers_due(floor)
        while timer != NONE:
            if step_ready(floor):
                return -1
            if fire(floor, timer):
                return -1
            timer = timers_due(floor)
        if settle(floor):
            return -1
    if to > floor.now:
        floor.now = to
    return 0
