"""Giving way: pre-emption of offers and work, resumption of what was suspended, and offers that fit no more (section 7).

A fruitless search for a victim is not repeated: a class remembers that it was tried, and until something that matters to it
has changed, only agents that have changed since the floor came to rest are looked at.
"""

from ccroute.core.answers cimport rescind
from ccroute.core.bars cimport is_barred
from ccroute.core.contacts cimport stand, step_ready
from ccroute.core.defs cimport (
    AVAILABLE, LEG_ACTIVE, LEG_SUSPENDED, NONE, PREEMPT_WORK, RESCIND_NO_ROOM, RESCIND_PREEMPTED, TIMER_GUARD,
    TURN_PREEMPTED, Agent, Bands, Contact, Leg, Offer, agent_at, contact_at, extra_at, joined, leg_at, offer_at, show,
    u128, uint64_t,
)
from ccroute.core.eligible cimport has_company
from ccroute.core.extras cimport extra_for
from ccroute.core.line cimport Walk, walk_begin, walk_next
from ccroute.core.making cimport fits_alone, offer_in_turn, stands_on
from ccroute.core.room cimport Ask, Room, ask_for, can_take, is_kept_by_suspended, room_book, room_holds, room_open, set_aside
from ccroute.core.rows cimport rank_of
from ccroute.core.timers cimport timer_arm, timer_cancel
from ccroute.core.waiting cimport aged
from ccroute.core.work cimport resume

cdef enum:
    NO_GUARD = 9223372036854775807


# ---- one agent's victims ---------------------------------------------------------------------------------------


cdef bint victim_before(Floor* floor, Victim* one, Victim* other) noexcept nogil:
    """Compare two victims: lowest tier, offer before work, latest begun, lower agent seq, higher contact seq."""
    if other.agent == NONE:
        return True
    if one.tier != other.tier:
        return one.tier < other.tier
    if (one.offer == NONE) != (other.offer == NONE):
        return one.offer != NONE
    if one.begun != other.begun:
        return one.begun > other.begun
    if one.agent != other.agent:
        return one.agent < other.agent
    return contact_at(floor, one.contact).seq > contact_at(floor, other.contact).seq


cdef void think_away(Floor* floor, Victim* victim, Room* room) noexcept nogil:
    if victim.offer != NONE:
        room_book(room, offer_at(floor, victim.offer).channel, offer_at(floor, victim.offer).cost, -1)
        room.pending -= 1
    if victim.leg != NONE:
        room_book(room, leg_at(floor, victim.leg).channel, leg_at(floor, victim.leg).cost, -1)


cdef void mark_gone(Floor* floor, Victim* victim, bint is_gone) noexcept nogil:
    if victim.offer != NONE:
        offer_at(floor, victim.offer).is_gone = is_gone
    if victim.leg != NONE:
        leg_at(floor, victim.leg).is_gone = is_gone


cdef bint fits_without(Floor* floor, int32_t contact, Victim* victim, Aside* aside) noexcept nogil:
    """Say whether a contact has room at a victim's agent without the victim, which is marked as gone."""
    cdef Ask ask
    cdef Room room
    ask_for(floor, contact, victim.agent, &ask)
    if is_kept_by_suspended(floor, victim.agent, ask.tier, ask.channel):
        return False
    room_open(floor, victim.agent, ask.channel, &room)
    think_away(floor, victim, &room)
    return set_aside(floor, victim.agent, &room, &ask, True, aside)


cdef bint serves_other(Floor* floor, int32_t contact, Victim* victim) noexcept nogil:
    """Say whether without the victim its agent could serve a contact that comes first.

    That is one of higher tier, or of equal tier on a channel that interrupts. O(classes the agent serves).
    """
    cdef Contact* one = contact_at(floor, contact)
    cdef uint64_t bits = floor.channels[one.channel].interrupted_by
    cdef Bands* row = &floor.profiles[agent_at(floor, victim.agent).profile].row
    cdef uint64_t open_channels = floor.policies[agent_at(floor, victim.agent).policy].open
    cdef int32_t band, at, class_slot, rival
    cdef bint interrupts
    cdef Contact* other
    cdef Aside aside
    cdef Walk walk
    for band in range(row.count):
        for at in range(row.bands[band].count):
            class_slot = row.bands[band].slots[at]
            if not (floor.blocks.open[class_slot >> 6] >> (class_slot & 63)) & 1:
                continue
            if not (open_channels >> floor.classes[class_slot].channel) & 1:
                continue
            interrupts = (bits >> floor.classes[class_slot].channel) & 1
            walk_begin(&floor.classes[class_slot].line, &walk)
            rival = walk_next(floor, &walk)
            while rival != NONE:
                other = contact_at(floor, rival)
                if other.tier < one.tier or (other.tier == one.tier and not interrupts):
                    break
                if rival != contact and not (other.bars and is_barred(floor, rival, victim.agent)):
                    if fits_without(floor, rival, victim, &aside) and has_company(floor, rival, 1, victim.agent):
                        return True
                    if not other.bars:
                        break
                rival = walk_next(floor, &walk)
    return False


cdef bint is_victim(Floor* floor, int32_t contact, Victim* victim) noexcept nogil:
    """Say whether a victim's going makes room for a contact, and for nobody who comes first."""
    cdef bint helps
    mark_gone(floor, victim, True)
    helps = fits_without(floor, contact, victim, &victim.aside)
    if helps and serves_other(floor, contact, victim):
        floor.is_deferred = 1
        helps = False
    mark_gone(floor, victim, False)
    return helps


cdef bint is_guarded(Floor* floor, int32_t contact, Victim* victim, int64_t* guard_at) noexcept nogil:
    """Say whether a victim is too young; ``guard_at``, where asked for, becomes the moment when the first one is not."""
    cdef int64_t end = victim.begun + floor.queues[contact_at(floor, contact).queue].guard
    if end <= floor.now:
        return False
    if guard_at != NULL and end < guard_at[0] and is_victim(floor, contact, victim):
        guard_at[0] = end
    return True


cdef void consider(Floor* floor, int32_t contact, Victim* victim, Victim* best, int64_t* guard_at) noexcept nogil:
    """Improve the victim of a contact, or the moment when the first guarded one is not safe any more."""
    if is_guarded(floor, contact, victim, guard_at):
        return
    if guard_at == NULL and victim_before(floor, victim, best) and is_victim(floor, contact, victim):
        best[0] = victim[0]


cdef bint offer_gives_way(Floor* floor, int32_t contact, int32_t at, Victim* victim) noexcept nogil:
    """Make an offer the victim of a contact; return False where it is spared, whatever room its going makes."""
    cdef Offer* offer = offer_at(floor, at)
    cdef Contact* loser = contact_at(floor, offer.contact)
    cdef int32_t displaced = 0 if loser.extra == NONE else extra_at(floor, loser.extra).displaced_offers
    if loser.tier >= contact_at(floor, contact).tier or displaced >= floor.queues[loser.queue].displaced_max:
        return False
    victim.agent = offer.agent
    victim.offer = at
    victim.leg = NONE
    if floor.queues[contact_at(floor, contact).queue].preempt == PREEMPT_WORK:
        # Without its leg the offer of the contact could not be accepted either.
        victim.leg = stands_on(floor, at, &victim.aside)
    victim.contact = offer.contact
    victim.tier = loser.tier
    victim.begun = offer.made_at
    return True


cdef bint leg_gives_way(Floor* floor, int32_t contact, int32_t at, Victim* victim) noexcept nogil:
    """Make a leg the victim of a contact; return False where it is spared, whatever room its going makes."""
    cdef Leg* leg = leg_at(floor, at)
    cdef Contact* loser = contact_at(floor, leg.contact)
    cdef int32_t displaced = 0 if loser.extra == NONE else extra_at(floor, loser.extra).displaced_work
    cdef int32_t displaced_max = floor.queues[loser.queue].displaced_work_max
    if (
        leg.state != LEG_ACTIVE or not floor.channels[leg.channel].suspendable
        or loser.tier >= contact_at(floor, contact).tier or (displaced_max != NONE and displaced >= displaced_max)
    ):
        return False
    victim.agent = leg.agent
    victim.offer = NONE
    victim.leg = at
    victim.contact = leg.contact
    victim.tier = loser.tier
    victim.begun = leg.began_at
    return True


cdef bint may_lose(Floor* floor, int32_t contact, int32_t agent) noexcept nogil:
    """Say whether an agent that serves a contact's class could have it, were something of the agent's gone."""
    cdef Contact* one = contact_at(floor, contact)
    cdef Agent* other = agent_at(floor, agent)
    cdef Aside aside
    if other.lowest >= one.tier or other.presence != AVAILABLE or other.next_presence != NONE:
        return False
    if not (floor.policies[other.policy].open >> one.channel) & 1 or (one.bars and is_barred(floor, contact, agent)):
        return False
    # Where there is room, another contact comes first; that this one has no agent is not for want of a victim.
    return not can_take(floor, contact, agent, &aside)


cdef void look_at_agent(Floor* floor, int32_t contact, int32_t agent, Victim* best, int64_t* guard_at) noexcept nogil:
    """Improve a contact's victim by the offers and legs of an agent that serves its class."""
    cdef int32_t at
    cdef Victim victim
    if best != NULL and best.agent != NONE and best.tier < agent_at(floor, agent).lowest:
        return
    if not may_lose(floor, contact, agent):
        return
    at = agent_at(floor, agent).first_offer
    while at != NONE:
        if offer_gives_way(floor, contact, at, &victim):
            consider(floor, contact, &victim, best, guard_at)
        at = offer_at(floor, at).next_of_agent
    if floor.queues[contact_at(floor, contact).queue].preempt != PREEMPT_WORK:
        return
    at = agent_at(floor, agent).first_leg
    while at != NONE:
        if leg_gives_way(floor, contact, at, &victim):
            consider(floor, contact, &victim, best, guard_at)
        at = leg_at(floor, at).next_of_agent


# ---- one contact's victim --------------------------------------------------------------------------------------


cdef void look_at_all(Floor* floor, int32_t contact, Victim* best, int64_t* guard_at) noexcept nogil:
    """Look at every agent that serves a contact's class. O(those agents)."""
    cdef Bands* row = &floor.classes[contact_at(floor, contact).class_slot].row
    cdef int32_t band, at, agent
    for band in range(row.count):
        for at in range(row.bands[band].count):
            agent = floor.profiles[row.bands[band].slots[at]].first_agent
            while agent != NONE:
                look_at_agent(floor, contact, agent, best, guard_at)
                agent = agent_at(floor, agent).next_of_profile


cdef void look_at_stirred(Floor* floor, int32_t contact, Victim* best) noexcept nogil:
    """Look at the agents that have changed since the floor came to rest."""
    cdef int32_t class_slot = contact_at(floor, contact).class_slot
    cdef int32_t at, agent
    for at in range(floor.stirred.count):
        agent = floor.stirred.items[at]
        if rank_of(floor, class_slot, agent_at(floor, agent).profile):
            look_at_agent(floor, contact, agent, best, NULL)


cdef void find_victim(Floor* floor, int32_t contact, Victim* best) noexcept nogil:
    """Find what would give way to a contact that waits; ``best.agent`` is NONE where nothing would."""
    best.agent = NONE
    if has_company(floor, contact, 1, NONE):
        look_at_all(floor, contact, best, NULL)


cdef bint try_contact(Floor* floor, int32_t contact) noexcept nogil:
    """Have a contact pre-empt if there is something to take."""
    cdef Contact* one = contact_at(floor, contact)
    cdef int32_t rank
    cdef Victim victim
    if floor.classes[one.class_slot].tried == floor.tries and floor.queues[one.queue].offers_min == 1:
        victim.agent = NONE
        look_at_stirred(floor, contact, &victim)
    else:
        find_victim(floor, contact, &victim)
    if victim.agent == NONE:
        return False
    show(floor, contact, victim.agent, TURN_PREEMPTED)
    rank = rank_of(floor, one.class_slot, agent_at(floor, victim.agent).profile)
    if victim.offer != NONE:
        extra_for(floor, victim.contact).displaced_offers += 1
        rescind(floor, victim.offer, RESCIND_PREEMPTED, contact)
    offer_in_turn(floor, contact, victim.agent, rank, victim.contact, &victim.aside)
    if floor.queues[one.queue].k > 1:
        stand(floor, contact)
    return True


# ---- all contacts that may pre-empt ----------------------------------------------------------------------------


cdef bint may_try(Floor* floor, int32_t contact, bint is_limited, int32_t limit) noexcept nogil:
    cdef Contact* one = contact_at(floor, contact)
    return one.tier >= floor.queues[one.queue].preempt_from and (not is_limited or one.tier > limit)


cdef void next_trial(Floor* floor, Trial* trial, bint is_limited, int32_t limit) noexcept nogil:
    """Go on to the next contact of a class that may pre-empt; NONE behind the last."""
    cdef Contact* before = NULL if trial.contact == NONE else contact_at(floor, trial.contact)
    if before != NULL and before.bars == 0:
        # Who comes behind one without bars finds no more than that one did.
        floor.classes[trial.class_slot].tried = floor.tries
        trial.contact = NONE
        return
    trial.contact = walk_next(floor, &trial.walk)
    while trial.contact != NONE and contact_at(floor, trial.contact).offers_out:
        trial.contact = walk_next(floor, &trial.walk)
    if trial.contact == NONE or contact_at(floor, trial.contact).tier < floor.queues[
        contact_at(floor, trial.contact).queue
    ].preempt_from:
        floor.classes[trial.class_slot].tried = floor.tries
        trial.contact = NONE
    elif not may_try(floor, trial.contact, is_limited, limit):
        trial.contact = NONE


cdef int32_t least_trial(Floor* floor, Trial* trials, int32_t count) noexcept nogil:
    """Return the trial whose contact comes first in the order of section 5 without ranks, NONE without."""
    cdef int32_t at
    cdef int32_t best = NONE
    cdef Contact* one
    cdef u128 word
    cdef u128 least = 0
    for at in range(count):
        if trials[at].contact == NONE:
            continue
        one = contact_at(floor, trials[at].contact)
        word = joined(one.word_hi, one.word_lo) - <u128>aged(floor, floor.queues[one.queue].ageing)
        if best == NONE or word < least or (word == least and one.seq < contact_at(floor, trials[best].contact).seq):
            best = at
            least = word
    return best


cdef bint preempt(Floor* floor, bint is_limited, int32_t limit) noexcept nogil:
    """Have the first contact that can pre-empt do so; of a tier above ``limit``, where limited. Return False without one."""
    cdef Trial* trials = <Trial*>floor.trials
    cdef int32_t count = 0
    cdef int32_t at, class_slot
    if floor.preempt_waiting == 0:
        return False
    for at in range(floor.preempting.count):
        class_slot = floor.preempting.items[at]
        if not (floor.blocks.open[class_slot >> 6] >> (class_slot & 63)) & 1:
            continue
        if floor.classes[class_slot].tried == floor.tries and floor.stirred.count == 0:
            continue
        trials[count].class_slot = class_slot
        trials[count].contact = NONE
        walk_begin(&floor.classes[class_slot].line, &trials[count].walk)
        next_trial(floor, &trials[count], is_limited, limit)
        count += 1
    at = least_trial(floor, trials, count)
    while at != NONE:
        if try_contact(floor, trials[at].contact):
            return True
        next_trial(floor, &trials[at], is_limited, limit)
        at = least_trial(floor, trials, count)
    return False


cdef int64_t first_guard(Floor* floor) noexcept nogil:
    """Return the first moment when something that is safe by a guard alone is safe no more, NO_GUARD without."""
    cdef int64_t guard_at = NO_GUARD
    cdef int32_t at, contact
    cdef Walk walk
    for at in range(floor.preempting.count):
        if not (floor.blocks.open[floor.preempting.items[at] >> 6] >> (floor.preempting.items[at] & 63)) & 1:
            continue
        walk_begin(&floor.classes[floor.preempting.items[at]].line, &walk)
        contact = walk_next(floor, &walk)
        while contact != NONE and may_try(floor, contact, False, 0):
            if not contact_at(floor, contact).offers_out:
                if has_company(floor, contact, 1, NONE):
                    look_at_all(floor, contact, NULL, &guard_at)
                if contact_at(floor, contact).bars == 0:
                    break
            contact = walk_next(floor, &walk)
    return guard_at


cdef void set_guard(Floor* floor) noexcept nogil:
    """Arm the timer for the first guard that ends, or disarm it. O(agents) for each contact that may pre-empt."""
    cdef int64_t guard_at = NO_GUARD
    cdef bint was_deferred = floor.is_deferred
    if floor.preempt_waiting:
        guard_at = first_guard(floor)
        # Looking ahead spares nobody.
        floor.is_deferred = was_deferred
    if floor.guard_timer != NONE and floor.guard_at == guard_at:
        return
    timer_cancel(floor, floor.guard_timer)
    floor.guard_timer = NONE
    floor.guard_at = guard_at
    if guard_at != NO_GUARD:
        floor.guard_timer = timer_arm(floor, guard_at, TIMER_GUARD, 0)


# ---- what was suspended, what fits no more ---------------------------------------------------------------------


cdef bint fits_again(Floor* floor, Leg* leg) noexcept nogil:
    """Say whether there is room for a suspended leg beside everything that its agent has."""
    cdef Ask ask
    cdef Room room
    ask.cost = leg.cost
    ask.needs_slot = False
    room_open(floor, leg.agent, leg.channel, &room)
    return room_holds(&room, &ask)


cdef bint resume_one(Floor* floor) noexcept nogil:
    """Take up the first suspended leg that fits: highest tier, then first suspended. Return False where none does."""
    cdef int32_t best = NONE
    cdef int32_t index, at
    cdef int32_t tier = 0
    cdef Leg* leg
    for index in range(floor.stirred.count):
        if agent_at(floor, floor.stirred.items[index]).suspended == 0:
            continue
        at = agent_at(floor, floor.stirred.items[index]).first_leg
        while at != NONE:
            leg = leg_at(floor, at)
            if leg.state == LEG_SUSPENDED and fits_again(floor, leg):
                if (
                    best == NONE or contact_at(floor, leg.contact).tier > tier
                    or (contact_at(floor, leg.contact).tier == tier and leg.suspended < leg_at(floor, best).suspended)
                ):
                    best = at
                    tier = contact_at(floor, leg.contact).tier
            at = leg.next_of_agent
    if best == NONE:
        return False
    resume(floor, best)
    return True


cdef int relieve(Floor* floor) noexcept nogil:
    """Rescind offers that would not fit beside their agent's legs and load alone, newest first. Return -1 without memory."""
    cdef int32_t index, least, agent, at, before
    while floor.strained.count:
        least = 0
        for index in range(floor.strained.count):
            if floor.strained.items[index] < floor.strained.items[least]:
                least = index
        agent = floor.strained.items[least]
        floor.strained.count -= 1
        floor.strained.items[least] = floor.strained.items[floor.strained.count]
        agent_at(floor, agent).is_strained = 0
        at = agent_at(floor, agent).last_of_offers
        while at != NONE:
            before = offer_at(floor, at).prev_of_agent
            if not fits_alone(floor, at):
                if step_ready(floor):
                    return -1
                rescind(floor, at, RESCIND_NO_ROOM, NONE)
            at = before
    return 0
