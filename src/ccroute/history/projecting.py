"""What events mean for a history: the rows of contacts, legs and entries that a batch of events makes or changes.

This is the one place that knows events; the stores only keep what comes out of it. An event is one entry, or none:
offers that were made, accepted or taken back are left out, because ``contact.active`` says what came of them. A
contact whose beginning was not seen begins where it enters a queue next.

Rows are numbered by the event that began them: the source's number times 2⁵³ plus the event's seq. So the same events
give the same numbers, however often history is rebuilt, and what was added to a contact stays with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, final

import msgspec

from ccroute.events import (
    ActionRequested,
    CallbackDropped,
    CallbackDue,
    ChannelChanged,
    ContactAbandoned,
    ContactActive,
    ContactCancelled,
    ContactChanged,
    ContactClosed,
    ContactExpired,
    ContactHeld,
    ContactOverdue,
    ContactParked,
    ContactQueued,
    ContactRequeued,
    ContactResumed,
    ContactScheduled,
    ContactSuspended,
    ContactTransferred,
    Event,
    LegEnded,
    OfferDeclined,
    OfferExpired,
    OffersExhausted,
    PreferredEnded,
    RuleFired,
    WrapUpEnded,
    WrapUpExtended,
    WrapUpStarted,
)
from ccroute.types import ContactState

__all__ = ["DETAILS", "ERASED", "SEQS_PER_SOURCE", "ContactRow", "EntryRow", "LegRow", "Projection", "contact_ids_of"]

ERASED: Final = ""
"""Stands for the customer of a contact whose customer was erased; no customer has an empty id."""

SEQS_PER_SOURCE: Final = 2**53
"""Numbers that each source has for itself."""

DETAILS: Final[dict[type[Event], tuple[str, ...]]] = {
    ContactQueued: (),
    ContactParked: ("clock", "until_us"),
    ContactScheduled: ("due_at_us",),
    ContactChanged: ("changed",),
    ChannelChanged: ("from_channel", "to_channel"),
    ContactOverdue: ("in_queue_us",),
    ContactRequeued: ("reason", "by_contact_id"),
    PreferredEnded: ("reason",),
    ContactClosed: ("disposition", "waited_us"),
    ContactAbandoned: ("reason", "waited_us"),
    ContactCancelled: ("reason", "waited_us"),
    ContactExpired: ("reason", "waited_us"),
    OfferDeclined: ("reason",),
    OfferExpired: ("expiries",),
    OffersExhausted: ("offers",),
    ContactActive: ("waited_us",),
    ContactHeld: (),
    ContactResumed: (),
    ContactSuspended: ("reason", "by_contact_id"),
    ContactTransferred: ("from_queue_id", "to_queue_id", "to_agent_id", "mode"),
    WrapUpStarted: ("ends_at_us",),
    WrapUpExtended: ("ends_at_us",),
    WrapUpEnded: ("wrapped_us",),
    LegEnded: ("reason", "handled_us"),
    RuleFired: ("rule", "own", "when"),
    ActionRequested: ("report",),
    CallbackDue: ("attempt", "attempts_max"),
    CallbackDropped: ("reason", "by_contact_id"),
}
"""Events that are entries, and the fields that are told with each where they are not None, beside ``actor`` and, where
no command was the cause, ``cause``."""

_TAGS: Final = {kind: str(kind.__struct_config__.tag) for kind in DETAILS}
_encode: Final = msgspec.json.Encoder().encode


class ContactRow(msgspec.Struct):
    """A contact as it is stored: the fields of ``PastContact`` behind its number, and when its last leg began."""

    number: int
    contact_id: str
    customer_id: str | None
    conversation_id: str | None
    parent_id: str | None
    channel: str
    first_queue_id: str | None
    queue_id: str | None
    state: str
    began_at_us: int
    ended_at_us: int | None = None
    waited_us: int | None = None
    disposition: str | None = None
    reason: str | None = None
    last_agent_id: str | None = None
    last_leg_at_us: int | None = None
    legs: int = 0


class LegRow(msgspec.Struct):
    """A leg as it is stored: the fields of ``PastLeg`` behind its number and its contact's."""

    number: int
    contact_number: int
    agent_id: str
    queue_id: str
    channel: str
    waited_us: int
    began_at_us: int
    ended_at_us: int | None = None
    handled_us: int | None = None
    wrapped_us: int | None = None
    reason: str | None = None


class EntryRow(msgspec.Struct):
    """An event of a contact as it is stored."""

    number: int
    at_us: int
    kind: str
    contact_number: int
    contact_id: str
    customer_id: str | None
    agent_id: str | None
    queue_id: str | None
    channel: str | None
    details: str | None


def contact_ids_of(events: Iterable[Event]) -> list[str]:
    """Return the contacts whose rows a projection of these events needs, each once, in order of appearance."""
    return list(dict.fromkeys(event.contact_id for event in events if type(event) in DETAILS))  # type: ignore[attr-defined]


@final
class Projection:
    """Rows that events make or change. Give it what is stored of their contacts, then the events, in order."""

    def __init__(
        self, source: int, contacts: Iterable[ContactRow], legs: Iterable[LegRow], erased: Collection[str]
    ) -> None:
        """Begin a batch.

        :param source: number of the source.
        :param contacts: what is stored of the contacts in the batch; of several with one id, the newest comes last.
        :param legs: their legs that have not ended.
        :param erased: customers whose contacts are nobody's from now on.
        """
        self._first = source * SEQS_PER_SOURCE
        self._known = {row.contact_id: row for row in contacts}
        self._open = {(row.contact_number, row.agent_id): row for row in legs}
        self._erased = erased
        self.contacts: dict[int, ContactRow] = {}
        """Contacts that are new or changed, by number."""
        self.legs: dict[int, LegRow] = {}
        """Legs that are new or changed, by number."""
        self.entries: list[EntryRow] = []
        """Entries, all new."""
        self.begun: list[ContactRow] = []
        """Contacts that are new."""

    def follow(self, event: Event) -> None:
        """Take in one event."""
        kind = type(event)
        if kind not in DETAILS:
            return
        if isinstance(event, ContactQueued | ContactParked | ContactScheduled):
            self._arrive(event)
        contact_id: str = event.contact_id  # type: ignore[attr-defined]
        row = self._known.get(contact_id)
        if row is None:
            return
        change = _CHANGES.get(kind)
        if change is not None:
            change(self, row, event)
            self.contacts[row.number] = row
        self.entries.append(
            EntryRow(
                self._first + event.seq,
                event.at_us,
                _TAGS[kind],
                row.number,
                contact_id,
                row.customer_id or None,
                getattr(event, "agent_id", None),
                getattr(event, "queue_id", None),
                row.channel,
                _details(event),
            )
        )

    def _arrive(self, event: ContactQueued | ContactParked | ContactScheduled) -> None:
        known = self._known.get(event.contact_id)
        if known is not None and known.ended_at_us is None:
            return
        row = ContactRow(
            self._first + event.seq,
            event.contact_id,
            ERASED if event.customer_id in self._erased else event.customer_id,
            None,
            event.parent_id,
            event.channel,
            event.queue_id,
            event.queue_id,
            ContactState.QUEUED.value,
            event.at_us,
        )
        self._known[row.contact_id] = row
        self.begun.append(row)

    def _wait(self, row: ContactRow, event: ContactQueued | ContactParked | ContactScheduled) -> None:
        row.state = _WAITING[type(event)]
        row.queue_id = event.queue_id
        if row.first_queue_id is None:
            row.first_queue_id = event.queue_id
        row.channel = event.channel
        row.conversation_id = None if row.customer_id == ERASED else event.conversation_id

    def _change(self, row: ContactRow, event: ContactChanged) -> None:
        row.queue_id = event.queue_id
        row.channel = event.channel
        row.conversation_id = None if row.customer_id == ERASED else event.conversation_id

    def _change_channel(self, row: ContactRow, event: ChannelChanged) -> None:
        row.channel = event.to_channel

    def _requeue(self, row: ContactRow, event: ContactRequeued) -> None:
        row.state = ContactState.QUEUED.value
        row.queue_id = event.queue_id

    def _activate(self, row: ContactRow, event: ContactActive) -> None:
        row.state = ContactState.ACTIVE.value
        row.queue_id = event.queue_id
        row.channel = event.channel
        row.last_agent_id = event.agent_id
        row.last_leg_at_us = event.at_us
        row.legs += 1
        leg = LegRow(
            self._first + event.seq,
            row.number,
            event.agent_id,
            event.queue_id,
            event.channel,
            event.waited_us,
            event.at_us,
        )
        self._open[row.number, event.agent_id] = leg
        self.legs[leg.number] = leg

    def _end_wrap_up(self, row: ContactRow, event: WrapUpEnded) -> None:
        leg = self._open.get((row.number, event.agent_id))
        if leg is not None:
            leg.wrapped_us = event.wrapped_us
            self.legs[leg.number] = leg

    def _end_leg(self, row: ContactRow, event: LegEnded) -> None:
        leg = self._open.pop((row.number, event.agent_id), None)
        if leg is not None:
            leg.ended_at_us = event.at_us
            leg.handled_us = event.handled_us
            leg.reason = event.reason.value
            self.legs[leg.number] = leg

    def _end(
        self, row: ContactRow, event: ContactClosed | ContactAbandoned | ContactCancelled | ContactExpired
    ) -> None:
        row.state = _ENDS[type(event)]
        row.ended_at_us = event.at_us
        row.waited_us = event.waited_us
        if isinstance(event, ContactClosed):
            row.disposition = event.disposition
        else:
            row.reason = event.reason


_WAITING: Final[dict[type[Event], str]] = {
    ContactQueued: ContactState.QUEUED.value,
    ContactParked: ContactState.PARKED.value,
    ContactScheduled: ContactState.SCHEDULED.value,
}

_ENDS: Final[dict[type[Event], str]] = {
    ContactClosed: ContactState.CLOSED.value,
    ContactAbandoned: ContactState.ABANDONED.value,
    ContactCancelled: ContactState.CANCELLED.value,
    ContactExpired: ContactState.EXPIRED.value,
}

_CHANGES: Final[dict[type[Event], Callable[[Projection, ContactRow, Any], None]]] = {
    ContactQueued: Projection._wait,
    ContactParked: Projection._wait,
    ContactScheduled: Projection._wait,
    ContactChanged: Projection._change,
    ChannelChanged: Projection._change_channel,
    ContactRequeued: Projection._requeue,
    ContactActive: Projection._activate,
    WrapUpEnded: Projection._end_wrap_up,
    LegEnded: Projection._end_leg,
    ContactClosed: Projection._end,
    ContactAbandoned: Projection._end,
    ContactCancelled: Projection._end,
    ContactExpired: Projection._end,
}


def _details(event: Event) -> str | None:
    told = {name: value for name in DETAILS[type(event)] if (value := getattr(event, name)) is not None}
    if event.actor is not None:
        told["actor"] = event.actor
    if not event.cause.startswith("command:"):
        told["cause"] = event.cause
    return _encode(told).decode() if told else None
