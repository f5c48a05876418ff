"""How a contact waits: queues entered and left, the time waited, stages and overdue, and what it seeks."""

from __future__ import annotations

from ccroute import events
from ccroute.types import ContactState, KeepsPlace, Limit, PlanOn, RequeueReason
from tests.model.ground import Ground
from tests.model.state import ENDED_STATES, OUT_OF_LINE, Contact


class Waiting(Ground):
    """The wait of contacts."""

    # ---- entering, leaving

    def _enter_queue(self, contact: Contact, queue_id: str, keeps_plan: bool = False) -> None:
        """Put a contact into a queue, whatever its state; the caller sets its place and tells the event."""
        contact.queue = queue_id
        contact.queued_since = self.now
        contact.offers_made = 0
        contact.exhausted_told = False
        contact.is_overdue = False
        self._begin_plans(contact, keeps_plan)
        if contact.state not in OUT_OF_LINE:
            self._watch_the_time(contact)

    def _begin_plans(self, contact: Contact, keeps_plan: bool = False) -> None:
        """Begin the plans that a contact follows in the queue it has entered, or let those go on that it follows."""
        course = contact.course
        course.entries += 1
        course.flags = {PlanOn.ENTRY}
        if course.limits_raised.get(Limit.TTL) is False:
            course.limits_told.discard(Limit.TTL)
        course.limits_told &= {Limit.TTL}
        course.limits_raised.clear()
        course.asked.clear()
        course.own_fields.clear()
        course.requires = None
        course.saw_open = None
        contact.phase = None
        contact.phase_from = "entry"
        course.consumed.discard(("closed", 0))
        if not keeps_plan:
            course.queue = contact.queue
            course.began = self.now
            course.consumed = set(course.spent)
        elif course.queue is not None and not self.config.queues[course.queue].plan:
            course.queue = None

    def _set_place(self, contact: Contact, keeps_place: KeepsPlace) -> None:
        if keeps_place == KeepsPlace.WAITED:
            contact.place = self.now - self._waited(contact)
        elif keeps_place == KeepsPlace.NONE:
            contact.place = self.now

    def _kept_place(self, parent: Contact, keeps_place: KeepsPlace) -> int:
        """Return the place that a contact takes after its parent."""
        if keeps_place == KeepsPlace.NONE:
            return self.now
        if keeps_place == KeepsPlace.WAITED:
            return self.now - self._waited(parent)
        stands_still = parent.state in OUT_OF_LINE and not parent.clock_runs
        return parent.place + (self.now - parent.parked_since if stands_still else 0)

    def _begin_to_wait(self, contact: Contact) -> None:
        contact.state = ContactState.QUEUED
        contact.waits_since = self.now

    def _tell_queued(self, contact: Contact) -> None:
        self._tell(
            events.ContactQueued,
            contact_id=contact.id,
            handle=contact.seq,
            queue_id=contact.queue,
            channel=contact.channel,
            customer_id=contact.given.customer_id,
            conversation_id=contact.given.conversation_id,
            parent_id=contact.given.parent_id,
            tier=self.choice.tier(contact),
            head_start_us=self.choice.head_start(contact),
            place_at_us=contact.place,
        )
        self._look_at(contact)
        self._watch_callback(contact)

    def _requeue(self, contact: Contact, reason: RequeueReason, by: Contact | None = None) -> None:
        """Let a contact wait at its place again and tell it."""
        if contact.state != ContactState.QUEUED:
            self._begin_to_wait(contact)
        self._tell(
            events.ContactRequeued,
            contact_id=contact.id,
            queue_id=contact.queue,
            place_at_us=contact.place,
            tier=self.choice.tier(contact),
            head_start_us=self.choice.head_start(contact),
            reason=reason,
            by_contact_id=None if by is None else by.id,
        )
        self._look_at(contact)
        self._watch_callback(contact)

    def _leave_queue(self, contact: Contact, state: ContactState) -> None:
        contact.waited_before = self._waited(contact)
        contact.state = state
        self._disarm(contact.course.timer)
        contact.course.timer = None
        if state not in OUT_OF_LINE:
            self._disarm(contact.callback_timer)
            contact.callback_timer = None

    def _waited(self, contact: Contact) -> int:
        runs = contact.state == ContactState.PARKED and contact.clock_runs
        if contact.state == ContactState.QUEUED or runs:
            return contact.waited_before + self.now - contact.waits_since
        return contact.waited_before

    def _end(self, contact: Contact, state: ContactState) -> None:
        """Bring a contact to its end; legs that still wrap up go on."""
        self._leave_queue(contact, state)
        self.counts[state.value] += 1
        contact.seek = contact.direct = None
        for cooldown in contact.cooldowns.values():
            self._disarm(cooldown.timer)
        contact.cooldowns.clear()
        self._ignore_the_time(contact)
        self._disarm(contact.park_timer)
        for child in self.contacts:
            if child.consulted is contact and child.state == ContactState.QUEUED:
                child.is_orphan = True
        self._note_over(contact)

    def _note_over(self, contact: Contact) -> None:
        if contact.state in ENDED_STATES and not contact.legs and contact.over_at is None:
            contact.over_at = self.now
            self.over.append(contact)

    # ---- what time brings

    def _ignore_the_time(self, contact: Contact) -> None:
        self._disarm(contact.after_timer)
        self._disarm(contact.overdue_timer)
        contact.after_timer = contact.overdue_timer = None

    def _after_due(self, contact: Contact) -> int | None:
        """Return when the next agents begin to serve the queue for this contact."""
        agents = (agent for agent in self.agents.values() if contact.queue in agent.config.queues)
        steps = (contact.queued_since + self.choice.after(contact.present_queue, agent) for agent in agents)
        return min((step for step in steps if step > self.now), default=None)

    def _watch_the_time(self, contact: Contact) -> None:
        """Arm the timers of the present queue anew."""
        self._ignore_the_time(contact)
        self._arm_after(contact)
        overdue_after_us = self.choice.queue(contact).overdue_after_us
        if overdue_after_us is not None and self.now < contact.queued_since + overdue_after_us:
            due = contact.queued_since + overdue_after_us
            contact.overdue_timer = self._arm(due, "overdue", lambda: self._look_at_overdue(contact))

    def _arm_after(self, contact: Contact) -> None:
        """Arm the moment at which the next agents begin to serve the queue for this contact."""
        due = self._after_due(contact)
        contact.after_timer = None
        if due is not None:
            contact.after_timer = self._arm(due, "after", lambda: self._arm_after(contact))

    def _look_at_overdue(self, contact: Contact) -> None:
        """Tell a waiting contact to be overdue, once per queue, if it is."""
        overdue_after_us = self.choice.queue(contact).overdue_after_us
        in_queue_us = self.now - contact.queued_since
        if overdue_after_us is None or in_queue_us < overdue_after_us or contact.is_overdue or not contact.waits():
            return
        contact.is_overdue = True
        self._tell(events.ContactOverdue, contact_id=contact.id, queue_id=contact.queue, in_queue_us=in_queue_us)
        self._raise_flag(contact, PlanOn.OVERDUE)

    def _raise_flag(self, contact: Contact, flag: PlanOn) -> None:
        """Note for the plans of a contact what has happened, if it waits in its queue."""
        if contact.state == ContactState.QUEUED:
            contact.course.flags.add(flag)
            self._look_at(contact)
