"""The automatic contact distributor: the whole state machine over integers. Commands in, decision records out.

A floor is built in ``ground``, seen in ``sight``; commands are C calls, for the compiled intake of the engine and for the
compiled loops of simulation. Arguments were validated by the caller.
Every command reserves memory first, so it either happens whole or raises ``MemoryError`` with nothing moved; if memory runs
out later, in a decision, ``is_torn`` is set and the caller must not go on.
"""

cimport cython

from libc.stdint cimport int8_t, int32_t, int64_t

from ccroute.core.answers cimport decline
from ccroute.core.bars cimport bar_add
from ccroute.core.changes cimport (
    consulted_leg, do_change, do_change_channel, do_consult, do_join, do_transfer, why_not_channel, why_not_joined,
)
from ccroute.core.contacts cimport (
    begin_wait, contact_forget, enter_queue, set_terms, stand, step_ready, step_reserve, tell_queued,
)
from ccroute.core.courses cimport course_bring, course_for, course_look
from ccroute.core.decision cimport arrive, run_until, settle
from ccroute.core.defs cimport (
    AVAILABLE, BAR_EXCLUDED, CALLBACK_RETURNED, CANCEL_COMMAND, CANCEL_RETURNED, CAUSE_COMMAND, CONTACT_ACTIVE, CONTACT_FREE,
    CONTACT_PARKED, CONTACT_QUEUED, CONTACT_SCHEDULED, HOST_DRAFT, LEGS_MAX,
    LEG_SUSPENDED, LEG_WRAPPING, NONE, PENDING_DECLINE, PENDING_REFUSE, REASON_CONFERENCE, REASON_CONTACT_ACTIVE,
    REASON_CONTACT_ENDED, REASON_CONTACT_PARKED, REASON_CONTACT_QUEUED, REASON_CONTACT_SCHEDULED, REASON_LAST_LEG, REASON_LEGS_MAX,
    REASON_LEG_SUSPENDED, REASON_LEG_WRAPPING, REASON_NO_QUEUE, REASON_NO_RULE, REASON_NOT_ELIGIBLE, REASON_OFFERS_PENDING, REASON_OFFER_ENDED,
    REASON_OFFER_OUT, REASON_QUEUE_OPEN, REASON_QUEUE_PAUSED, REFUSED_NOT, UNKNOWN_OFFER, WHY_EXCLUDED, WHY_LEG,
    Agent, Contact, Course, Extra, Floor, Path, Terms, agent_at, contact_at, course_of, extra_at, is_over, leg_at, offer_at, timer_at, waits,
)
from ccroute.core.eligible cimport own_offer, why_not_consulted
from ccroute.core.extras cimport extra_for, terms_ready, terms_release, terms_swap, version_of
from ccroute.core.ground cimport room
from ccroute.core.legs cimport leg_find, legs_at_work
from ccroute.core.lease cimport come_back, lease_arm
from ccroute.core.making cimport accept, why_not_directly
from ccroute.core.offers cimport offer_find
from ccroute.core.picks cimport do_assign, do_pick, why_not_assigned, why_not_picked
from ccroute.core.plans cimport call_back, expedite
from ccroute.core.room cimport Aside
from ccroute.core.store cimport store_take
from ccroute.core.work cimport (
    do_abandon, do_cancel, do_complete, do_connect_failed, do_end_wrap_up, do_extend_wrap_up, do_leave, do_load,
    do_next_presence, do_park, do_pause, do_presence, do_requeue, do_schedule, do_unpark, drop_callback,
    is_consult, leg_hold, park_over,
)

from ccroute.core.table import CONTACT_STATES, CONTACT_TABLE, LEG_STATES, LEG_TABLE
from ccroute.types import RefusalReason

# The refusals of table.py as codes, read once.
cdef int8_t[7][9] CONTACT_REFUSALS
cdef int8_t[11][5] LEG_REFUSALS


def _code(outcome: str) -> int:
    """Return the refusal's code, 0 where the outcome is a state."""
    return list(RefusalReason).index(RefusalReason(outcome[1:])) + 1 if outcome.startswith("!") else 0


def _read_tables() -> None:
    cdef int row, column
    on_contacts = (
        "contact.enqueue", "contact.abandon", "contact.cancel", "contact.park", "contact.unpark", "contact.requeue",
        "contact.expedite",
    )
    for row, command in enumerate(on_contacts):
        for column, state in enumerate(CONTACT_STATES):
            CONTACT_REFUSALS[row][column] = _code(CONTACT_TABLE[command][state])
    on_legs = (
        "leg.hold", "leg.resume", "contact.complete", "contact.transfer", "leg.end_wrap_up", "leg.extend_wrap_up",
        "contact.consult", "contact.join", "contact.leave", "contact.requeue", "offer.connect_failed",
    )
    for row, command in enumerate(on_legs):
        for column, state in enumerate(LEG_STATES):
            LEG_REFUSALS[row][column] = _code(LEG_TABLE[command][state])


_read_tables()


@cython.final
cdef class Acd(Sight):
    """One floor. Slots are dense and start at 0; -1 stands for none."""

    # ---- time --------------------------------------------------------------------------------------------------

    cdef int reserve(self, int32_t times) except -1:
        """Make room for ``times`` steps, or raise with nothing moved."""
        return room(step_ready(&self.floor) if times == 1 else step_reserve(&self.floor, times))

    cdef int settle(self) except -1:
        """Decide; a lack of memory here tears the floor."""
        if settle(&self.floor):
            self.is_torn = True
            raise MemoryError("the core has no memory to decide")
        return 0

    cdef int run_until(self, int64_t to) except -1:
        """Fire timers up to a moment and stand there. The first lack of memory with nothing moved leaves the floor usable."""
        if run_until(&self.floor, to):
            self.is_torn = True
            raise MemoryError("the core has no memory for a timer")
        self.floor.cause = CAUSE_COMMAND
        return 0

    cdef void forget_one(self, int32_t slot) noexcept:
        """Forget the contact that ended first."""
        contact_forget(&self.floor, slot)

    # ---- commands ----------------------------------------------------------------------------------------------
    # Each returns a Reason, 0 for done.

    cdef int can_enqueue(self, int32_t contact) noexcept:
        """Say whether the id of this contact (slot, NONE: not known) is free."""
        cdef Contact* one
        if contact == NONE:
            return CONTACT_REFUSALS[COMMAND_ENQUEUE][CONTACT_FREE]
        one = contact_at(&self.floor, contact)
        if one.first_leg != NONE:
            return CONTACT_REFUSALS[COMMAND_ENQUEUE][CONTACT_ACTIVE]
        return CONTACT_REFUSALS[COMMAND_ENQUEUE][one.state]

    cdef int32_t begin(self, int32_t class_slot, Terms* terms, Extra* ready) noexcept:
        """Begin a contact in the queue of a class, in no line and no state yet."""
        cdef Floor* floor = &self.floor
        cdef int32_t slot = store_take(&floor.contacts)
        cdef Contact* contact = contact_at(floor, slot)
        cdef int32_t at
        contact.seq = floor.next_contact_seq
        floor.next_contact_seq += 1
        floor.tallies[0] += 1
        contact.channel = <unsigned char>floor.classes[class_slot].channel
        contact.own_cost = floor.classes[class_slot].own_cost
        contact.tier = terms.tier
        contact.head_start = terms.head_start
        contact.own_tier = terms.own_tier
        contact.own_head_start = terms.own_head_start
        contact.created = floor.now
        contact.place_at = floor.now
        contact.first_offer = NONE
        contact.first_leg = NONE
        contact.first_bar = NONE
        contact.extra = NONE
        for at in range(terms.excluded_count):
            bar_add(floor, slot, terms.excluded[at], BAR_EXCLUDED)
        if ready != NULL:
            # A slow contact counts as one with bars: it must be asked agent by agent.
            contact.bars += ready.allowed != NULL
            terms_swap(extra_for(floor, slot), ready)
        contact.queue = floor.classes[class_slot].queue
        set_terms(floor, slot)
        return slot

    cdef int32_t enqueue(self, int32_t class_slot, Terms* terms) except -1:
        """Put a new contact to which time does nothing into a class, decide, and return its slot. There is a free one."""
        cdef int32_t slot
        self.reserve(1)
        slot = self.come(class_slot, terms, NULL, False)
        self.settle()
        return slot

    cdef int32_t come(self, int32_t class_slot, Terms* terms, Path* path, bint parked) except -1:
        """Put a new contact into a class and return its slot. There is a free one, and room; nothing is decided yet.

        ``path`` NULL: it brings nothing for its course.
        """
        cdef Floor* floor = &self.floor
        cdef int32_t slot
        cdef Extra ready
        if terms.scores_count or terms.allowed != NULL:
            room(terms_ready(floor, terms, &ready))
            slot = self.begin(class_slot, terms, &ready)
        else:
            slot = self.begin(class_slot, terms, NULL)
        if path != NULL:
            course_bring(floor, slot, path)
        enter_queue(floor, slot, class_slot)
        if path != NULL and path.due > floor.now:
            do_schedule(floor, slot, path.due, parked)
        elif parked:
            do_park(floor, slot, path != NULL and path.runs, NONE if path == NULL else path.until)
        else:
            begin_wait(floor, slot)
            tell_queued(floor, slot)
            if path == NULL:
                arrive(floor, slot)
            else:
                stand(floor, slot)
        return slot

    cdef int drop_returned(self, int32_t callback, int32_t by) except -1:
        """The customer of a callback came back by a contact; nothing is decided yet."""
        self.reserve(1)
        drop_callback(&self.floor, callback, CALLBACK_RETURNED, by)
        do_cancel(&self.floor, callback, CANCEL_RETURNED)
        return 0

    cdef int abandon(self, int32_t contact) except -1:
        """The customer left; its queue may have it called back."""
        cdef Floor* floor = &self.floor
        cdef int reason = CONTACT_REFUSALS[COMMAND_ABANDON][contact_at(floor, contact).state]
        cdef bint calls_back = floor.queues[contact_at(floor, contact).queue].calls_back
        cdef Course* course = course_of(floor, contact_at(floor, contact))
        if reason:
            return reason
        self.reserve(2)
        calls_back = calls_back and (course == NULL or course.expires_at == NONE) and not is_consult(floor, contact)
        if calls_back:
            self.answered(floor.host(floor.host_self, HOST_DRAFT, contact, NONE, NONE))
        do_abandon(floor, contact)
        if calls_back:
            self.answered(call_back(floor, contact))
        self.settle()
        return REFUSED_NOT

    cdef int answered(self, int answer) except -1:
        """Raise where the host failed."""
        if answer < 0:
            self.is_torn = True
            raise MemoryError("the host has no memory for what a contact brings")
        return answer

    cdef int expedite(self, int32_t contact) except -1:
        """Have the next step of a contact happen that waits for a time."""
        cdef int reason = CONTACT_REFUSALS[COMMAND_EXPEDITE][contact_at(&self.floor, contact).state]
        if reason:
            return reason
        self.reserve(1)
        if self.answered(expedite(&self.floor, contact)) == 0:
            return REASON_NO_RULE
        self.settle()
        return REFUSED_NOT

    cdef int heartbeat(self, int32_t agent) except -1:
        """An agent is heard of."""
        cdef Floor* floor = &self.floor
        self.reserve(1)
        if agent_at(floor, agent).is_lost:
            come_back(floor, agent)
            self.settle()
        elif agent_at(floor, agent).lease != NONE:
            lease_arm(floor, agent)
        return REFUSED_NOT


    cdef int cancel(self, int32_t contact) except -1:
        """The host takes the contact back."""
        cdef int reason = CONTACT_REFUSALS[COMMAND_CANCEL][contact_at(&self.floor, contact).state]
        if reason:
            return reason
        self.reserve(1)
        do_cancel(&self.floor, contact, CANCEL_COMMAND)
        self.settle()
        return REFUSED_NOT

    cdef int accept(self, int64_t offer) except -1:
        """An agent takes its offer."""
        cdef int32_t slot = offer_find(&self.floor, offer)
        if slot == NONE:
            return REASON_OFFER_ENDED if offer <= self.floor.offers_made else UNKNOWN_OFFER
        self.reserve(1)
        accept(&self.floor, slot)
        self.settle()
        return REFUSED_NOT

    cdef int decline(self, int64_t offer, int cool_kind, int64_t cool, int next_presence, int pending) except -1:
        """An agent lets its offer go, and may say where it will be next (else NONE)."""
        cdef Floor* floor = &self.floor
        cdef int32_t slot = offer_find(floor, offer)
        cdef int32_t agent
        if slot == NONE:
            return REASON_OFFER_ENDED if offer <= floor.offers_made else UNKNOWN_OFFER
        self.reserve(1)
        agent = offer_at(floor, slot).agent
        decline(floor, slot, True, <unsigned char>cool_kind, cool)
        if next_presence != NONE:
            if agent_at(floor, agent).legs:
                do_next_presence(floor, agent, next_presence, pending)
            else:
                do_presence(floor, agent, next_presence, pending, 1)
        self.settle()
        return REFUSED_NOT

    cdef int why_leg(self, int command, int32_t contact, int32_t agent) noexcept:
        """Return why a command on an agent's leg is refused, 0 where it is not."""
        cdef int32_t slot = leg_find(&self.floor, contact, agent)
        cdef int reason = LEG_REFUSALS[command][0 if slot == NONE else leg_at(&self.floor, slot).state]
        return self.no_leg(contact, reason) if reason else REFUSED_NOT

    cdef int no_leg(self, int32_t contact, int reason) noexcept:
        """A contact that has ended and has no leg at all says so."""
        cdef Contact* one = contact_at(&self.floor, contact)
        return REASON_CONTACT_ENDED if is_over(one) and one.first_leg == NONE else reason

    cdef int not_eligible(self, int64_t broken) noexcept:
        """Remember the rules that stand in the way, and refuse if there are any."""
        self.broken = broken
        return REASON_NOT_ELIGIBLE if broken else REFUSED_NOT

    cdef int on_leg(self, int command, int32_t contact, int32_t agent, int64_t wrap_up) except -1:
        """Hold, resume, end or extend the wrap-up of an agent's leg."""
        cdef Floor* floor = &self.floor
        cdef int32_t slot = leg_find(floor, contact, agent)
        cdef int reason = self.why_leg(command, contact, agent)
        if reason:
            return reason
        self.reserve(1)
        if command == COMMAND_END_WRAP_UP:
            do_end_wrap_up(floor, slot)
        elif command == COMMAND_EXTEND_WRAP_UP:
            do_extend_wrap_up(floor, slot, wrap_up)
        else:
            leg_hold(floor, slot, command == COMMAND_HOLD)
        self.settle()
        return REFUSED_NOT

    cdef int complete(self, int32_t contact, int32_t agent, int64_t wrap_up, bint own_wrap_up) except -1:
        """The work of one agent, or of all (NONE), is done."""
        cdef Floor* floor = &self.floor
        cdef Contact* one = contact_at(floor, contact)
        cdef int reason
        if agent != NONE:
            reason = self.why_leg(COMMAND_COMPLETE, contact, agent)
        else:
            reason = self.why_nobody_works(contact)
            if reason and one.first_leg != NONE:
                reason = REASON_LEG_WRAPPING
        if reason:
            return reason
        self.reserve(1)
        do_complete(floor, contact, agent, wrap_up, own_wrap_up)
        self.settle()
        return REFUSED_NOT

    cdef int why_nobody_works(self, int32_t contact) noexcept:
        """Return why a command on everybody at work on a contact is refused, 0 where it is not."""
        cdef Contact* one = contact_at(&self.floor, contact)
        if legs_at_work(&self.floor, contact):
            return REFUSED_NOT
        if is_over(one):
            return REASON_CONTACT_ENDED if one.first_leg == NONE else REASON_LEG_WRAPPING
        if one.state == CONTACT_ACTIVE:
            return REASON_LEG_WRAPPING
        if one.state == CONTACT_SCHEDULED:
            return REASON_CONTACT_SCHEDULED
        return REASON_CONTACT_PARKED if one.state == CONTACT_PARKED else REASON_CONTACT_QUEUED

    # ---- handing over ------------------------------------------------------------------------------------------

    cdef int can_transfer(self, int32_t contact, int32_t agent, int32_t to_agent) noexcept:
        """Say whether an agent may give a contact away, and to that agent (NONE: to a queue)."""
        cdef int reason = self.why_leg(COMMAND_TRANSFER, contact, agent)
        if reason == 0 and contact_at(&self.floor, contact).legs >= LEGS_MAX:
            reason = REASON_LEGS_MAX
        if reason == 0 and legs_at_work(&self.floor, contact) > 1:
            reason = REASON_CONFERENCE
        if reason == 0 and to_agent != NONE:
            reason = self.not_eligible(self.why_not_to(contact, to_agent))
        return reason

    cdef int64_t why_not_to(self, int32_t contact, int32_t to_agent) noexcept:
        """Return the rules that keep a contact from being offered to an agent by name."""
        cdef int64_t broken = why_not_directly(&self.floor, contact, to_agent)
        return broken | (0 if leg_find(&self.floor, contact, to_agent) == NONE else WHY_LEG)

    cdef int transfer(
        self, int32_t contact, int32_t agent, int32_t class_slot, int32_t to_agent, bint warm, int keeps_place,
        bint unanswered_to_queue, Terms* terms, Path* path,
    ) except -1:
        """Give a contact to the queue of a class, or to an agent; can_transfer said yes. ``keeps_place`` NONE: the queue's.

        ``path`` NULL: who is preferred stays; else it brings the one agent for whom the queue keeps it.
        """
        cdef Extra ready
        self.reserve(1)
        room(terms_ready(&self.floor, terms, &ready))
        do_transfer(&self.floor, contact, agent, class_slot, to_agent, warm, keeps_place, unanswered_to_queue, &ready, path)
        terms_release(&ready)
        self.settle()
        return REFUSED_NOT

    cdef int can_consult(self, int32_t contact, int32_t agent, int32_t to_agent) noexcept:
        """Say whether an agent may consult another (NONE: a queue) about a contact."""
        cdef Contact* one = contact_at(&self.floor, contact)
        cdef int reason = self.why_leg(COMMAND_CONSULT, contact, agent)
        cdef int64_t broken
        if reason == 0 and one.extra != NONE and extra_at(&self.floor, one.extra).children >= LEGS_MAX:
            reason = REASON_LEGS_MAX
        if reason == 0 and to_agent != NONE:
            broken = WHY_EXCLUDED if to_agent == agent else 0
            reason = self.not_eligible(broken | why_not_consulted(&self.floor, contact, to_agent))
        return reason

    cdef int32_t consult(self, int32_t contact, int32_t class_slot, Terms* terms, int32_t to_agent) except -1:
        """Begin a consult and return its slot; can_consult said yes, there is a free one. Nothing is decided yet."""
        cdef Floor* floor = &self.floor
        cdef int32_t slot
        cdef Extra ready
        self.reserve(1)
        room(terms_ready(floor, terms, &ready))
        slot = self.begin(class_slot, terms, &ready if terms.allowed != NULL or terms.scores_count else NULL)
        terms_release(&ready)
        enter_queue(floor, slot, class_slot)
        begin_wait(floor, slot)
        do_consult(floor, contact, slot, to_agent)
        return slot

    cdef int can_join(self, int32_t contact, int32_t agent, int32_t to_agent) noexcept:
        """Say whether an agent may bring another (NONE: one that a queue finds) to a contact."""
        cdef Floor* floor = &self.floor
        cdef int reason = self.why_leg(COMMAND_JOIN, contact, agent)
        cdef int32_t leg
        if reason == 0 and contact_at(floor, contact).legs >= LEGS_MAX:
            reason = REASON_LEGS_MAX
        if reason == 0 and to_agent != NONE:
            leg = consulted_leg(floor, contact, to_agent)
            if leg != NONE:
                reason = self.not_eligible(why_not_joined(floor, contact, leg))
            else:
                reason = self.not_eligible(self.why_not_to(contact, to_agent))
        return reason

    cdef int join(self, int32_t contact, int32_t agent, int32_t class_slot, int32_t to_agent, Terms* terms) except -1:
        """Bring one more agent to a contact; can_join said yes."""
        cdef Extra ready
        self.reserve(1)
        room(terms_ready(&self.floor, terms, &ready))
        do_join(&self.floor, contact, agent, class_slot, to_agent, &ready)
        terms_release(&ready)
        self.settle()
        return REFUSED_NOT

    cdef int leave(self, int32_t contact, int32_t agent) except -1:
        """An agent leaves a conference."""
        cdef int reason = self.why_leg(COMMAND_LEAVE, contact, agent)
        if reason == 0 and legs_at_work(&self.floor, contact) == 1:
            reason = REASON_LAST_LEG
        if reason:
            return reason
        self.reserve(1)
        do_leave(&self.floor, leg_find(&self.floor, contact, agent))
        self.settle()
        return REFUSED_NOT

    # ---- back in line ------------------------------------------------------------------------------------------

    cdef int why_not_back(self, int command, int32_t contact, int32_t agent) noexcept:
        """Return why an active contact cannot be sent back, by one agent or by all (NONE), 0 where it can."""
        cdef int reason
        if agent == NONE:
            if is_over(contact_at(&self.floor, contact)):
                return REASON_CONTACT_ENDED
            return self.why_nobody_works(contact)
        reason = self.why_leg(command, contact, agent)
        if reason == 0 and command == COMMAND_REQUEUE and legs_at_work(&self.floor, contact) > 1:
            reason = REASON_CONFERENCE
        return reason

    cdef int requeue(self, int32_t contact, int32_t agent, int cool_kind, int64_t cool) except -1:
        """Send an active contact back to its place."""
        cdef int reason = self.why_not_back(COMMAND_REQUEUE, contact, agent)
        if reason:
            return reason
        self.reserve(1)
        do_requeue(&self.floor, contact, <unsigned char>cool_kind, cool)
        self.settle()
        return REFUSED_NOT

    cdef int connect_failed(self, int32_t contact, int32_t agent, int cool_kind, int64_t cool) except -1:
        """Undo an accept: of an agent, or of the only one at work (NONE)."""
        cdef Floor* floor = &self.floor
        cdef int reason = self.why_not_back(COMMAND_CONNECT_FAILED, contact, agent)
        cdef int32_t slot
        if reason:
            return reason
        if agent == NONE:
            if legs_at_work(floor, contact) > 1:
                return REASON_CONFERENCE
            slot = contact_at(floor, contact).first_leg
            while leg_at(floor, slot).state == LEG_WRAPPING:
                slot = leg_at(floor, slot).next_of_contact
            if leg_at(floor, slot).state == LEG_SUSPENDED:
                return REASON_LEG_SUSPENDED
        else:
            slot = leg_find(floor, contact, agent)
        self.reserve(1)
        do_connect_failed(floor, slot, <unsigned char>cool_kind, cool)
        self.settle()
        return REFUSED_NOT

    cdef int park(self, int32_t contact, bint clock_runs, int64_t until) except -1:
        """Put a contact aside; ``until`` NONE: until it is unparked by command."""
        cdef int reason = CONTACT_REFUSALS[COMMAND_PARK][contact_at(&self.floor, contact).state]
        if reason:
            return reason
        self.reserve(1)
        do_park(&self.floor, contact, clock_runs, until)
        self.settle()
        return REFUSED_NOT

    cdef int unpark(self, int32_t contact) except -1:
        """Have a parked contact wait."""
        cdef int reason = CONTACT_REFUSALS[COMMAND_UNPARK][contact_at(&self.floor, contact).state]
        if reason == 0 and contact_at(&self.floor, contact).queue == self.floor.no_queue:
            reason = REASON_NO_QUEUE
        if reason:
            return reason
        self.reserve(1)
        do_unpark(&self.floor, contact)
        self.settle()
        return REFUSED_NOT

    # ---- changes -----------------------------------------------------------------------------------------------

    cdef int can_go_over(self, int32_t contact, int32_t channel, int32_t own_cost, int32_t queue, int32_t tier) noexcept:
        """Say whether those at work on a contact can go over to a channel with it."""
        cdef int32_t at = contact_at(&self.floor, contact).first_leg
        while at != NONE:
            if leg_at(&self.floor, at).state == LEG_SUSPENDED:
                return REASON_LEG_SUSPENDED
            at = leg_at(&self.floor, at).next_of_contact
        return self.not_eligible(why_not_channel(&self.floor, contact, channel, own_cost, queue, tier))

    cdef int can_change_channel(self, int32_t contact, int32_t channel, int32_t own_cost, bint or_requeue) noexcept:
        """Say whether a contact can go on by another channel; back in line where its agents cannot, if so asked."""
        cdef Contact* one = contact_at(&self.floor, contact)
        cdef int reason
        if is_over(one):
            return REASON_CONTACT_ENDED
        if one.state != CONTACT_ACTIVE or one.channel == channel:
            return REFUSED_NOT
        reason = self.can_go_over(contact, channel, own_cost, one.queue, one.tier)
        return REFUSED_NOT if or_requeue and reason == REASON_NOT_ELIGIBLE else reason

    cdef int change_channel(self, int32_t contact, int32_t class_slot, bint or_requeue, Terms* terms) except -1:
        """Have a contact go on by the channel of a class; can_change_channel said yes. Nothing is decided yet."""
        cdef Floor* floor = &self.floor
        cdef Contact* one = contact_at(floor, contact)
        cdef int32_t channel = floor.classes[class_slot].channel
        cdef bint requeues = (
            or_requeue and one.state == CONTACT_ACTIVE and channel != one.channel and legs_at_work(floor, contact)
            and self.can_go_over(contact, channel, one.own_cost, one.queue, one.tier) != REFUSED_NOT
        )
        cdef Extra ready
        self.reserve(1)
        room(terms_ready(floor, terms, &ready))
        do_change_channel(floor, contact, class_slot, requeues, &ready)
        terms_release(&ready)
        return REFUSED_NOT

    cdef int can_change(self, int32_t contact, int32_t channel, int32_t own_cost, int32_t queue, int32_t tier) noexcept:
        """Say whether a contact can be changed; ``tier`` is the one to be in force."""
        cdef Contact* one = contact_at(&self.floor, contact)
        if is_over(one):
            return REASON_CONTACT_ENDED
        if one.state == CONTACT_ACTIVE and channel != one.channel:
            return self.can_go_over(contact, channel, own_cost, queue, tier)
        return REFUSED_NOT

    cdef int change_now(
        self, int32_t contact, int32_t class_slot, Terms* terms, Path* path, int place, int offers, int parked
    ) except -1:
        """Change a contact, whole; can_change said yes, and there is room. Nothing is decided yet.

        ``path`` NULL: what time does to it stays.
        """
        cdef Floor* floor = &self.floor
        cdef Contact* one = contact_at(floor, contact)
        cdef Extra ready
        room(terms_ready(floor, terms, &ready))
        if one.queue == floor.no_queue and floor.classes[class_slot].queue != floor.no_queue:
            self.be_born(contact, NONE if path == NULL else path.due)
        if path != NULL:
            course_bring(floor, contact, path)
        if path != NULL and path.due > floor.now:
            if one.state == CONTACT_SCHEDULED and parked == NONE:
                parked = course_of(floor, one).due_parks
            do_change(floor, contact, class_slot, terms, place, offers, NONE, &ready)
            terms_release(&ready)
            do_schedule(floor, contact, path.due, parked == 1)
            return REFUSED_NOT
        do_change(floor, contact, class_slot, terms, place, offers, parked, &ready)
        terms_release(&ready)
        if path != NULL and path.due != NONE and one.state == CONTACT_SCHEDULED:
            park_over(floor, contact)
        elif one.state == CONTACT_QUEUED and not floor.patches:
            course_look(floor, contact)
        return REFUSED_NOT

    cdef void be_born(self, int32_t contact, int64_t due) noexcept:
        """Have the life of a contact that was put aside without a queue begin: now, or when it is due (NONE: not said)."""
        cdef Floor* floor = &self.floor
        cdef Contact* one = contact_at(floor, contact)
        cdef Course* course = course_for(floor, contact)
        if course.made_at == NONE:
            course.made_at = one.created
        if due == NONE and one.state == CONTACT_SCHEDULED:
            due = timer_at(floor, extra_at(floor, one.extra).timer_park).deadline
        one.created = due if due > floor.now else floor.now

    cdef int32_t version_of(self, int32_t contact) noexcept:
        """Return how often a contact was changed, plus 1."""
        return version_of(&self.floor, contact)

    # ---- out of turn -------------------------------------------------------------------------------------------

    cdef int why_not_taken(self, int32_t contact) noexcept:
        """Return why a contact cannot be picked or assigned whoever asks, 0 where it can."""
        cdef Contact* one = contact_at(&self.floor, contact)
        if is_over(one):
            return REASON_CONTACT_ENDED
        if one.state == CONTACT_PARKED:
            return REASON_CONTACT_PARKED
        if one.state == CONTACT_SCHEDULED:
            return REASON_CONTACT_SCHEDULED
        if not waits(one):
            return REASON_CONTACT_ACTIVE
        return REFUSED_NOT

    cdef int pick(self, int32_t contact, int32_t agent, int64_t known) except -1:
        """An agent takes a contact; ``known``: rules on queues and skills that are broken."""
        cdef int32_t offers = 0
        cdef int reason = self.why_not_taken(contact)
        cdef Aside aside
        if reason == 0:
            reason = self.not_eligible(known | why_not_picked(&self.floor, contact, agent, &offers, &aside))
        if reason:
            return reason
        self.reserve(1)
        do_pick(&self.floor, contact, agent, offers, &aside)
        self.settle()
        return REFUSED_NOT

    cdef int assign(self, int32_t contact, int32_t agent, int64_t known, int64_t ignored, bint as_active) except -1:
        """A supervisor gives a contact to an agent; ``ignored``: rules that do not matter."""
        cdef Floor* floor = &self.floor
        cdef int reason = self.why_not_taken(contact)
        cdef Contact* one = contact_at(floor, contact)
        if reason == 0 and not as_active:
            if one.offers_out >= floor.queues[one.queue].k or own_offer(floor, contact, agent) != NONE:
                reason = REASON_OFFER_OUT
        if reason == 0:
            reason = self.not_eligible(
                (known & ~ignored) | why_not_assigned(floor, contact, agent, ignored, as_active)
            )
        if reason:
            return reason
        self.reserve(1)
        do_assign(floor, contact, agent, ignored, as_active)
        self.settle()
        return REFUSED_NOT

    # ---- agents and queues -------------------------------------------------------------------------------------

    cdef int presence(self, int32_t agent, int presence, int pending, bint when_done) except -1:
        """Set an agent's presence, now or when its last leg ends."""
        cdef Floor* floor = &self.floor
        cdef Agent* one = agent_at(floor, agent)
        if when_done and one.legs:
            self.reserve(1)
            do_next_presence(floor, agent, presence, PENDING_DECLINE if pending == PENDING_REFUSE else pending)
        else:
            if pending == PENDING_REFUSE and one.presence == AVAILABLE and presence != AVAILABLE and one.pending:
                return REASON_OFFERS_PENDING
            self.reserve(1)
            do_presence(floor, agent, presence, pending, 1)
        if one.lease != NONE or one.is_lost:
            lease_arm(floor, agent)
        self.settle()
        return REFUSED_NOT

    cdef int load(self, int32_t agent, int32_t channel, int32_t units) except -1:
        """Note what an agent has to do besides, on a channel."""
        self.reserve(1)
        do_load(&self.floor, agent, channel, units)
        self.settle()
        return REFUSED_NOT

    cdef int pause(self, int32_t queue, bint paused) except -1:
        """Pause or open a queue."""
        if self.floor.queues[queue].paused == paused:
            return REASON_QUEUE_PAUSED if paused else REASON_QUEUE_OPEN
        self.reserve(1)
        do_pause(&self.floor, queue, paused)
        self.settle()
        return REFUSED_NOT
