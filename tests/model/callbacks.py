"""Callbacks: how they are left, fall due, fail and are dropped, and which are still owed."""

from __future__ import annotations

from dataclasses import dataclass

from ccroute import events
from ccroute.commands import EnqueueContact
from ccroute.types import CallbackEnd, ContactState, RescindReason
from tests.model.changing import Changing
from tests.model.state import CALLBACK, OUT_OF_LINE, Contact


@dataclass(frozen=True)
class Missed:
    """A callback that is still owed."""

    contact_id: str
    parent_id: str | None
    customer_id: str | None
    queue_id: str
    state: ContactState
    attempts: int
    created_at_us: int
    due_at_us: int | None
    expires_at_us: int


class Callbacks(Changing):
    """The calls that are owed to customers."""

    def missed(self) -> list[Missed]:
        """Return every callback that has met no end, by seq."""
        return [missed(contact) for contact in self.contacts if contact.is_callback() and contact.is_live()]

    # ---- left

    def _leave_callback(self, contact: Contact, place: int, due_at_us: int | None = None) -> bool:
        """Make a callback of a contact, queued or for a moment to come; tell where there is no room for it."""
        if sum(other.over_at is None for other in self.contacts) >= self.config.engine.contacts_max:
            self._tell_dropped(contact, CallbackEnd.CONTACTS_MAX)
            return False
        given = contact.given
        left = EnqueueContact(
            contact_id=self._callback_id(contact),
            queue_id=contact.present_queue,
            channel=CALLBACK,
            customer_id=given.customer_id,
            conversation_id=given.conversation_id,
            parent_id=contact.id,
            requires=given.requires,
            tier=given.tier,
            head_start_us=given.head_start_us,
            preferred=given.preferred,
            preferred_wait_us=given.preferred_wait_us,
            preferred_scope=given.preferred_scope,
            preferred_requires=given.preferred_requires,
            excluded=given.excluded,
            scores=given.scores,
            attributes=given.attributes,
        )
        self._make_room_for_contact()
        callback = self._new_contact(left, contact.present_queue, ContactState.QUEUED)
        callback.place = place
        callback.is_left = True
        if due_at_us is not None:
            self._come_in_scheduled(callback, due_at_us)
        else:
            self._enter_queue(callback, contact.present_queue)
            self._tell_queued(callback)
        return True

    def _callback_id(self, contact: Contact) -> str:
        """Return the first of the names of callbacks of a contact that is not inside."""
        inside = [other.id for other in self.contacts if other.over_at is None]
        name = first = f"callback:{contact.seq}"
        number = 0
        while name in inside:
            number += 1
            name = f"{first}+{number}"
        return name

    # ---- due, and for how long

    def _watch_callback(self, contact: Contact) -> None:
        """Arm the end of a callback's time while nobody makes it.

        Where that is past for one in line, its plans are about to be looked at, and that begins with this.
        """
        if not contact.is_callback():
            self._disarm(contact.callback_timer)
            contact.callback_timer = None
            return
        policy = self.choice.queue(contact).callback
        if contact.expires_at is None:
            contact.expires_at = contact.born + policy.expires_us
        is_aside = contact.state in OUT_OF_LINE
        ends_in_line = contact.state == ContactState.QUEUED and self.now < contact.expires_at
        if contact.callback_timer is None and (is_aside or ends_in_line):
            due = max(self.now, contact.expires_at)
            contact.callback_timer = self._arm(due, "callback", lambda: self._lapse(contact))

    def _tell_queued(self, contact: Contact) -> None:
        super()._tell_queued(contact)
        if not contact.is_callback() or contact.is_due_told:
            return
        assert contact.expires_at is not None
        contact.is_due_told = True
        self._tell(
            events.CallbackDue,
            contact_id=contact.id,
            queue_id=contact.queue,
            parent_id=contact.given.parent_id,
            customer_id=contact.given.customer_id,
            attempt=contact.attempts + 1,
            attempts_max=self.choice.queue(contact).callback.attempts_max,
            expires_at_us=contact.expires_at,
        )

    # ---- dropped

    def _lapse(self, contact: Contact) -> None:
        contact.callback_timer = None
        self._expire_callback(contact, CallbackEnd.EXPIRED)

    def _has_lapsed(self, contact: Contact) -> bool:
        """Tell whether it is a callback whose time is over."""
        is_over = contact.expires_at is not None and self.now >= contact.expires_at
        return contact.is_callback() and is_over

    def _expire_callback(self, contact: Contact, reason: CallbackEnd) -> None:
        self._tell_dropped(contact, reason)
        self._end(contact, ContactState.EXPIRED)
        self._tell(events.ContactExpired, **self._ending(contact), reason=f"callback_{reason.value}")
        for offer in list(contact.offers):
            self._rescind(offer, RescindReason.RULE)

    def _count_failed_attempt(self, contact: Contact) -> None:
        """Let a callback that was not reached wait for its next attempt, or give it up; it is queued for the moment."""
        policy = self.choice.queue(contact).callback
        contact.attempts += 1
        if contact.attempts >= policy.attempts_max:
            self._expire_callback(contact, CallbackEnd.ATTEMPTS)
            return
        contact.is_due_told = False
        contact.parks_when_due = False
        self._schedule(contact, self.now + policy.retry_us)

    def _drop_those_returned(self, contact: Contact) -> None:
        """Drop what is owed to a customer who has come back by a new contact."""
        customer_id = contact.given.customer_id
        if customer_id is None or contact.channel == CALLBACK:
            return
        for owed in list(self.contacts):
            is_pending = owed.state == ContactState.QUEUED or owed.state in OUT_OF_LINE
            is_made = owed.is_callback() and owed.given.parent_id is not None
            if is_made and is_pending and owed.given.customer_id == customer_id:
                self._tell_dropped(owed, CallbackEnd.RETURNED, contact)
                self._cancel(owed, "customer returned")

    def _tell_dropped(self, contact: Contact, reason: CallbackEnd, by: Contact | None = None) -> None:
        self._tell(
            events.CallbackDropped,
            contact_id=contact.id,
            queue_id=contact.queue,
            parent_id=contact.given.parent_id,
            customer_id=contact.given.customer_id,
            reason=reason,
            by_contact_id=None if by is None else by.id,
        )


def missed(contact: Contact) -> Missed:
    """Return what is told of a callback that is owed."""
    assert contact.expires_at is not None
    is_scheduled = contact.state == ContactState.SCHEDULED and contact.park_timer is not None
    return Missed(
        contact_id=contact.id,
        parent_id=contact.given.parent_id,
        customer_id=contact.given.customer_id,
        queue_id=contact.present_queue,
        state=contact.state,
        attempts=contact.attempts,
        created_at_us=contact.made,
        due_at_us=contact.park_timer.due if is_scheduled and contact.park_timer else None,
        expires_at_us=contact.expires_at,
    )
