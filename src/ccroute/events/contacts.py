"""What became of a contact: where it waits, how it changed, how it ended."""

from __future__ import annotations

from ccroute.events.event import Event
from ccroute.types import ParkClock, PreferredEnd, RequeueReason

__all__ = [
    "ChannelChanged",
    "ContactAbandoned",
    "ContactCancelled",
    "ContactChanged",
    "ContactClosed",
    "ContactExpired",
    "ContactOverdue",
    "ContactParked",
    "ContactQueued",
    "ContactRequeued",
    "ContactScheduled",
    "PreferredEnded",
]


class ContactQueued(Event, frozen=True, kw_only=True, tag="contact.queued", gc=False):
    """A contact waits in a queue: it is new, was transferred or moved there, was unparked or fell due."""

    contact_id: str
    """The contact."""
    handle: int
    """Integer handle of the contact, valid until it has ended."""
    queue_id: str
    """The queue entered."""
    channel: str
    """The channel it came by."""
    customer_id: str | None
    """As given at enqueue."""
    conversation_id: str | None
    """As given at enqueue."""
    parent_id: str | None
    """As given at enqueue."""
    tier: int
    """Tier in force in this queue."""
    head_start_us: int
    """Head start in force in this queue, microseconds."""
    place_at_us: int
    """Moment its place in line is counted from."""


class ContactParked(Event, frozen=True, kw_only=True, tag="contact.parked", gc=False):
    """A contact was taken out of line, or came in parked."""

    contact_id: str
    """The contact."""
    handle: int
    """Integer handle of the contact, valid until it has ended."""
    queue_id: str | None
    """The queue it will wait in; None: none."""
    channel: str
    """The contact's channel."""
    customer_id: str | None
    """As given at enqueue."""
    conversation_id: str | None
    """As given last."""
    parent_id: str | None
    """As given at enqueue."""
    clock: ParkClock
    """Whether it grows older meanwhile."""
    until_us: int | None
    """When the engine unparks it; None: only ``UnparkContact`` does."""


class ContactScheduled(Event, frozen=True, kw_only=True, tag="contact.scheduled", gc=False):
    """A contact waits out of line for the moment for which it was made."""

    contact_id: str
    """The contact."""
    handle: int
    """Integer handle of the contact, valid until it has ended."""
    queue_id: str | None
    """The queue it will wait in; None: none."""
    channel: str
    """The contact's channel."""
    customer_id: str | None
    """As given at enqueue."""
    conversation_id: str | None
    """As given last."""
    parent_id: str | None
    """As given at enqueue."""
    due_at_us: int
    """When it enters its queue, or is parked."""


class ContactChanged(Event, frozen=True, kw_only=True, tag="contact.changed", gc=False):
    """A contact is different from now on. What is told is in force after the change."""

    contact_id: str
    """The contact."""
    changed: list[str]
    """Names of the fields that the patch gave, in the order of ``ContactPatch``."""
    queue_id: str | None
    """The queue it is in; None: none."""
    channel: str
    """The contact's channel."""
    conversation_id: str | None
    """As given last."""
    requires: str | None
    """Requirement of its own."""
    tier: int
    """Tier in force."""
    head_start_us: int
    """Head start in force, microseconds."""
    cost: int | None
    """Units of its own."""
    place_at_us: int
    """Moment its place in line is counted from."""
    version: int
    """Version of the contact: 1 when new, 1 more with each change."""


class ChannelChanged(Event, frozen=True, kw_only=True, tag="contact.channel_changed", gc=False):
    """A contact goes on by another channel."""

    contact_id: str
    """The contact."""
    from_channel: str
    """The channel before."""
    to_channel: str
    """The channel from now on, which may be the same."""
    version: int
    """Version of the contact: 1 when new, 1 more with each change."""


class ContactOverdue(Event, frozen=True, kw_only=True, tag="contact.overdue", gc=False):
    """A contact waits longer than its queue's ``overdue_after_us``; within its tier it goes first now."""

    contact_id: str
    """The contact."""
    queue_id: str
    """The queue it waits in."""
    in_queue_us: int
    """Time since it entered that queue, microseconds."""


class ContactRequeued(Event, frozen=True, kw_only=True, tag="contact.requeued", gc=False):
    """A contact went back to its place and waits in line again."""

    contact_id: str
    """The contact."""
    queue_id: str
    """The queue it waits in."""
    place_at_us: int
    """Moment its place in line is counted from."""
    tier: int
    """Tier in force in this queue."""
    head_start_us: int
    """Head start in force in this queue, microseconds."""
    reason: RequeueReason
    """Why."""
    by_contact_id: str | None
    """The contact that took its agent, where it was pre-empted."""


class PreferredEnded(Event, frozen=True, kw_only=True, tag="contact.preferred_ended", gc=False):
    """A contact is no longer kept for its preferred agents, and may go to any."""

    contact_id: str
    """The contact."""
    queue_id: str
    """The queue it waits in."""
    reason: PreferredEnd
    """Why."""


class ContactClosed(Event, frozen=True, kw_only=True, tag="contact.closed", gc=False):
    """The last leg of a served contact ended: the contact is over."""

    contact_id: str
    """The contact."""
    queue_id: str
    """The queue it was served from last."""
    disposition: str | None
    """The last one given; None where a rule closed it."""
    waited_us: int
    """Time it was queued or offered in its life, microseconds."""


class ContactAbandoned(Event, frozen=True, kw_only=True, tag="contact.abandoned", gc=False):
    """The customer left before an agent took the contact."""

    contact_id: str
    """The contact."""
    queue_id: str | None
    """The queue it waited in; None: none."""
    reason: str | None
    """As given by the command."""
    waited_us: int
    """Time it was queued or offered in its life, microseconds."""


class ContactCancelled(Event, frozen=True, kw_only=True, tag="contact.cancelled", gc=False):
    """The host took the contact back."""

    contact_id: str
    """The contact."""
    queue_id: str | None
    """The queue it was in last; None: none."""
    reason: str | None
    """As given by the command."""
    waited_us: int
    """Time it was queued or offered in its life, microseconds."""


class ContactExpired(Event, frozen=True, kw_only=True, tag="contact.expired", gc=False):
    """A contact was given up before an agent took it."""

    contact_id: str
    """The contact."""
    queue_id: str
    """The queue it was in."""
    waited_us: int
    """Time it was queued or offered in its life, microseconds."""
    reason: str
    """``length``, ``in_queue`` or ``ttl``: a limit; ``closed``: the queue's hours; ``callback_attempts`` or
    ``callback_expired``: nobody was reached; ``rule``: a step of a plan said so."""
