"""The decision: offers are made, the least eligible pair first, until no eligible pair is left.

Before a command there is no eligible pair, so afterwards every eligible pair has an agent that can take more than before or
a contact of a class that something entered. Those agents and classes were marked, and only they are looked at.
"""

from ccroute.core.defs cimport (
    KIND_CHECKED, MODE_AUTO, NONE, RECORD_OFFERED, TIMER_OFFER, Agent, Contact, Queue, Record, Slots, agent_at,
    contact_at, int32_t, offer_at, pool_at, write,
)
from ccroute.core.lives cimport agent_take, fire, leg_begin, queue_leave, step_ready
from ccroute.core.matching cimport Pair, best_agent, best_contact, best_of_class, pair_before
from ccroute.core.offers cimport offer_link
from ccroute.core.roster cimport agent_attach, agent_detach, cost_for
from ccroute.core.store cimport store_take
from ccroute.core.timers cimport timer_arm, timers_due, timers_step
from ccroute.core.waiting cimport class_leave


cdef inline void drop(Slots* slots, int32_t at) noexcept nogil:
    slots.count -= 1
    slots.items[at] = slots.items[slots.count]


cdef bint least_of_classes(Floor* floor, Pair* best) noexcept nogil:
    """Find the least pair of the marked classes; classes without one are unmarked."""
    cdef bint is_found = False
    cdef int32_t at = 0
    cdef int32_t slot
    cdef Pair pair
    while at < floor.dirty_classes.count:
        slot = floor.dirty_classes.items[at]
        if not floor.classes[slot].in_use or not best_of_class(floor, slot, &pair):
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

    Agents of one pool without bars can take the same contacts, so one of them stands for all; unless there are kinds of
    contact without a bit of their own in the mask.
    """
    cdef bint is_found = False
    cdef bint pools_agree = floor.kinds[KIND_CHECKED].available == NULL
    cdef int32_t at = 0
    cdef int32_t slot
    cdef Agent* agent
    cdef Pair pair
    floor.round += 1
    while at < floor.dirty_agents.count:
        slot = floor.dirty_agents.items[at]
        agent = agent_at(floor, slot)
        if pools_agree and agent.pool != NONE and agent.bars == 0:
            if pool_at(floor, agent.pool).stamp == floor.round:
                at += 1
                continue
        if agent.pool == NONE or not best_contact(floor, slot, &pair):
            agent.is_dirty = 0
            drop(&floor.dirty_agents, at)
            continue
        at += 1
        if agent.bars == 0:
            pool_at(floor, agent.pool).stamp = floor.round
        if not is_found or pair_before(&pair, best):
            best[0] = pair
            is_found = True
    return is_found


cdef bint least_pair(Floor* floor, Pair* best) noexcept nogil:
    """Find the least eligible pair, or return False where there is none."""
    cdef bint of_class = floor.dirty_classes.count != 0 and least_of_classes(floor, best)
    cdef bint is_alone = floor.dirty_classes.count == 0 and floor.dirty_agents.count == 1
    cdef Pair pair
    if floor.dirty_agents.count == 0 or not least_of_agents(floor, &pair):
        return of_class
    if of_class and not pair_before(&pair, best):
        return True
    best[0] = pair
    # The contact may have a better agent than the one it was found by, unless that is the only one that changed.
    return is_alone or best_agent(floor, pair.contact, best)


cdef void make_offer(Floor* floor, Pair* pair) noexcept nogil:
    """Offer the contact of a pair to its agent; in mode auto it is accepted at once."""
    cdef Contact* contact = contact_at(floor, pair.contact)
    cdef Queue* queue = &floor.queues[contact.queue]
    cdef Agent* agent = agent_at(floor, pair.agent)
    cdef int32_t cost = cost_for(floor, agent, contact.channel, contact.own_cost, queue.cost)
    cdef int32_t slot
    cdef Record* record = write(floor, RECORD_OFFERED)
    floor.offers_made += 1
    contact.offers_made += contact.offers_made < 65535
    record.contact = pair.contact
    record.agent = pair.agent
    record.queue = contact.queue
    record.offer = floor.offers_made
    record.x = cost
    record.y = pair.rank
    record.a = NONE
    agent_detach(floor, pair.agent)
    agent.last_offer = floor.offers_made
    agent_take(floor, pair.agent, contact.channel, cost)
    if queue.mode == MODE_AUTO:
        queue_leave(floor, pair.contact)
        leg_begin(floor, pair.contact, pair.agent, floor.offers_made, cost)
    else:
        class_leave(floor, pair.contact)
        record.a = floor.now + queue.offer_timeout
        slot = store_take(&floor.offers)
        offer_link(floor, slot, floor.offers_made, pair.contact, pair.agent, cost)
        offer_at(floor, slot).timer = timer_arm(floor, record.a, TIMER_OFFER, slot)
    agent_attach(floor, pair.agent)


cdef int settle(Floor* floor) noexcept nogil:
    """Make offers until no eligible pair is left. Return -1 without memory, with what was decided so far in force."""
    cdef Pair pair
    while floor.dirty_classes.count or floor.dirty_agents.count:
        if step_ready(floor):
            return -1
        if not least_pair(floor, &pair):
            return 0
        make_offer(floor, &pair)
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
            fire(floor, timer)
            timer = timers_due(floor)
        if settle(floor):
            return -1
    if to > floor.now:
        floor.now = to
    return 0
