"""The plain life of a contact: it comes, is offered, worked on and wrapped up, and ends."""

from __future__ import annotations

from ccroute import commands, events
from ccroute.commands import EnqueueContact
from ccroute.types import (
    DURATION_US_MAX,
    ContactState,
    LegEnd,
    LegState,
    ParkClock,
    RefusalReason,
    RescindReason,
)
from tests.model.ground import refuse
from tests.model.presences import Presences
from tests.model.state import CALLBACK, WORKING_STATES, Contact, Leg


class Service(Presences):
    """Commands of the plain life."""

    # ---- coming

    def _on_contact_enqueue(self, command: commands.EnqueueContact) -> None:
        same = self._newest(command.contact_id)
        if same is not None and same.over_at is None:
            refuse(RefusalReason.CONTACT_EXISTS)
        self._refuse_if_draining(command.queue_id, *(step.queue for step in command.plan))
        place = self._place_after_parent(command)
        self._make_room_for_contact()
        contact = self._new_contact(command, command.queue_id, ContactState.QUEUED)
        contact.place = place
        if command.due_at_us is not None and command.due_at_us > self.now:
            contact.parks_when_due = command.parked
            contact.parks_as = command.clock or ParkClock.STOPS, command.until_us
            self._come_in_scheduled(contact, command.due_at_us)
        elif command.parked:
            self._come_in_parked(contact, command.clock or ParkClock.STOPS, command.until_us)
        else:
            self._enter_queue(contact, contact.present_queue)
            self._tell_queued(contact)
        self._drop_those_returned(contact)

    def _place_after_parent(self, command: commands.EnqueueContact) -> int:
        """Return the place of a new contact: that of its parent, as it is said, where there is one; else now."""
        parent = None if command.parent_id is None else self._newest(command.parent_id)
        if parent is None or command.keeps_place is None:
            return self.now
        return self._kept_place(parent, command.keeps_place)

    def _come_in_scheduled(self, contact: Contact, due_at_us: int) -> None:
        """Let a new contact wait out of line for its moment."""
        self._begin_plans(contact)
        contact.state = ContactState.SCHEDULED
        contact.parked_since = self.now
        contact.born = due_at_us
        self._tell_scheduled(contact, due_at_us)
        contact.park_timer = self._arm(due_at_us, "park", lambda: self._come_back(contact))

    def _come_in_parked(self, contact: Contact, clock: ParkClock, until_us: int | None) -> None:
        """Let a new contact wait out of line until it is unparked."""
        self._begin_plans(contact)
        contact.state = ContactState.PARKED
        contact.parked_since = self.now
        contact.clock_runs = clock == ParkClock.RUNS
        self._tell_parked(contact, clock, until_us)
        if until_us is not None:
            contact.park_timer = self._arm(max(self.now, until_us), "park", lambda: self._come_back(contact))

    def _come_back(self, contact: Contact) -> None:
        raise NotImplementedError

    def _check_contacts_max(self) -> None:
        if sum(contact.over_at is None for contact in self.contacts) >= self.config.engine.contacts_max:
            refuse(RefusalReason.CONTACTS_MAX)

    def _make_room_for_contact(self) -> None:
        """Forget retained contacts where there are too many for one more."""
        self._check_contacts_max()
        while len(self.contacts) >= self.config.engine.contacts_max:
            self._drop(self.over[0])

    def _drop(self, contact: Contact) -> None:
        self.contacts.remove(contact)
        self.over.remove(contact)

    def _new_contact(self, given: EnqueueContact, queue_id: str | None, state: ContactState) -> Contact:
        self.contacts_made += 1
        self.counts["created"] += 1
        given = self._known_agents(given)
        contact = Contact(self.contacts_made, given, queue_id, self.now, self.now, waits_since=self.now, state=state)
        contact.born = contact.made = self.now
        self.contacts.append(contact)
        return contact

    def _tell_parked(self, contact: Contact, clock: ParkClock, until_us: int | None) -> None:
        self._tell(
            events.ContactParked,
            contact_id=contact.id,
            handle=contact.seq,
            queue_id=contact.queue,
            channel=contact.channel,
            customer_id=contact.given.customer_id,
            conversation_id=contact.given.conversation_id,
            parent_id=contact.given.parent_id,
            clock=clock,
            until_us=until_us,
        )
        self._watch_callback(contact)

    def _tell_scheduled(self, contact: Contact, due_at_us: int) -> None:
        self._tell(
            events.ContactScheduled,
            contact_id=contact.id,
            handle=contact.seq,
            queue_id=contact.queue,
            channel=contact.channel,
            customer_id=contact.given.customer_id,
            conversation_id=contact.given.conversation_id,
            parent_id=contact.given.parent_id,
            due_at_us=due_at_us,
        )
        self._watch_callback(contact)

    # ---- going

    def _on_contact_abandon(self, command: commands.AbandonContact) -> None:
        contact = self._live_contact(command.contact_id)
        if contact.state == ContactState.ACTIVE:
            refuse(RefusalReason.CONTACT_ACTIVE)
        queue = self.choice.queue(contact)
        place = self._kept_place(contact, queue.keeps_place)
        self._end(contact, ContactState.ABANDONED)
        self._tell(events.ContactAbandoned, **self._ending(contact), reason=command.reason)
        for offer in list(contact.offers):
            self._rescind(offer, RescindReason.ABANDONED)
        if queue.callback.on_abandon and may_be_called_back(contact):
            self._leave_callback(contact, place)

    def _on_contact_cancel(self, command: commands.CancelContact) -> None:
        self._cancel(self._live_contact(command.contact_id), command.reason)

    # ---- offers

    def _on_offer_accept(self, command: commands.AcceptOffer) -> None:
        self._accept(self._offer(command.offer_id))

    def _on_offer_decline(self, command: commands.DeclineOffer) -> None:
        offer = self._offer(command.offer_id)
        self._decline(offer, command.reason, command.cooldown, command.cooldown_until_us)
        if command.next_presence is not None:
            self._set_presence(offer.agent, command.next_presence, None, None, when_done=True)

    # ---- work

    def _on_leg_hold(self, command: commands.HoldContact) -> None:
        agent = self._agent(command.agent_id)
        leg = self._leg(self._contact(command.contact_id), agent, LegState.ACTIVE)
        leg.state = LegState.HELD
        self._tell(events.ContactHeld, **leg.ids())

    def _on_leg_resume(self, command: commands.ResumeContact) -> None:
        agent = self._agent(command.agent_id)
        self._resume(self._leg(self._contact(command.contact_id), agent, LegState.HELD))

    def _on_contact_complete(self, command: commands.CompleteContact) -> None:
        legs = self._legs_to_complete(command)
        contact = self._contact(command.contact_id)
        if command.disposition is not None:
            contact.disposition = command.disposition
        for leg in legs:
            self._finish_work(leg, LegEnd.COMPLETED, command.wrap_up_us)
        self._withdraw_seek_of(legs)
        self._close_if_done(contact)
        for leg in legs:
            self._take_next_presence(leg.agent)

    def _legs_to_complete(self, command: commands.CompleteContact) -> list[Leg]:
        if command.agent_id is not None:
            agent = self._agent(command.agent_id)
            return [self._leg(self._contact(command.contact_id), agent, *WORKING_STATES)]
        return self._legs_at_work(self._contact(command.contact_id))

    def _legs_at_work(self, contact: Contact) -> list[Leg]:
        """Return the working legs of a contact, one at least."""
        if contact.over_at is not None:
            refuse(RefusalReason.CONTACT_ENDED)
        if not contact.legs:
            refuse(RefusalReason(f"contact_{contact.state.value}"))
        return contact.working_legs() or refuse(RefusalReason.LEG_WRAPPING)

    def _on_leg_end_wrap_up(self, command: commands.EndWrapUp) -> None:
        agent = self._agent(command.agent_id)
        self._end_wrap_up(self._leg(self._contact(command.contact_id), agent, LegState.WRAPPING))

    def _on_leg_extend_wrap_up(self, command: commands.ExtendWrapUp) -> None:
        agent = self._agent(command.agent_id)
        leg = self._leg(self._contact(command.contact_id), agent, LegState.WRAPPING)
        if leg.wrap_ends is not None:
            longest = self.now + DURATION_US_MAX
            more = command.wrap_up_us
            leg.wrap_ends = None if isinstance(more, str) else min(leg.wrap_ends + more, longest)
        self._tell(events.WrapUpExtended, **leg.ids(), ends_at_us=leg.wrap_ends)
        self._arm_wrap_up(leg)


def may_be_called_back(contact: Contact) -> bool:
    """Tell whether a contact can leave a callback: it is neither one itself nor a consult."""
    return contact.channel != CALLBACK and contact.consulted is None
