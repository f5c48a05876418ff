"""What the engine says happened. Every event is a frozen struct with an explicit tag, its ``type`` on the wire.

Every event carries what a listener needs, so that nobody has to keep a shadow of the engine's state. Events of one
cause come in this order: the command's own first, then consequences: ends of offers and legs, what became of the
contact, what became of the agent; several of a kind by offer, contact, agent in order of creation; decisions last.
"""

from __future__ import annotations

import msgspec

from ccroute.types import (
    LegEnd,
    OfferMode,
    ParkClock,
    Presence,
    RefusalReason,
    RequeueReason,
    RescindReason,
    Rule,
    SuspendReason,
    TransferMode,
)

__all__ = [
    "EVENTS",
    "AnyEvent",
    "ChannelChanged",
    "CommandRefused",
    "CommandRepeated",
    "ContactAbandoned",
    "ContactActive",
    "ContactCancelled",
    "ContactChanged",
    "ContactClosed",
    "ContactHeld",
    "ContactOverdue",
    "ContactParked",
    "ContactQueued",
    "ContactRequeued",
    "ContactResumed",
    "ContactSuspended",
    "ContactTransferred",
    "Event",
    "ExternalLoadSet",
    "LegEnded",
    "NextPresenceSet",
    "OfferAccepted",
    "OfferDeclined",
    "OfferExpired",
    "OfferMade",
    "OfferRescinded",
    "OffersExhausted",
    "PresenceChanged",
    "QueueOpened",
    "QueuePaused",
    "WrapUpEnded",
    "WrapUpExtended",
    "WrapUpStarted",
]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True, gc=False):
    """What all events share."""

    seq: int
    """1, 2, 3 … without gaps over the engine's life."""
    at_us: int
    """When it happened, microseconds since the Unix epoch; never less than the event before."""
    cause: str
    """``command:<n>``, the n-th command that did not raise, from 1; or ``timer:<name>``, one of ``offer``, ``wrap_up``,
    ``cooldown``, ``after``, ``overdue``, ``park`` and ``guard``."""
    actor: str | None = None
    """The ``actor`` of the command that caused it."""


class ContactQueued(Event, frozen=True, kw_only=True, tag="contact.queued", gc=False):
    """A contact waits in a queue: it is new, was transferred or moved there, or was unparked."""

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
    queue_id: str
    """The queue it will wait in."""
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


class ContactChanged(Event, frozen=True, kw_only=True, tag="contact.changed", gc=False):
    """A contact is different from now on. What is told is in force after the change."""

    contact_id: str
    """The contact."""
    changed: list[str]
    """Names of the fields that the patch gave, in the order of ``ContactPatch``."""
    queue_id: str
    """The queue it is in."""
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


class OfferMade(Event, frozen=True, kw_only=True, tag="offer.made", gc=False):
    """The decision: a contact is offered to an agent. In mode ``auto`` the accept follows at once."""

    offer_id: str
    """Id of the offer: ``o1``, ``o2`` … in order of making."""
    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    queue_id: str
    """The queue the contact waits in."""
    channel: str
    """The contact's channel."""
    customer_id: str | None
    """As given at enqueue."""
    mode: OfferMode
    """``ring`` and ``broadcast`` wait for an accept, ``auto`` does not; ``manual``: somebody chose this agent."""
    rank: int
    """Rank of the queue for this agent: 1 is own work, more is backup."""
    cost: int
    """Units it takes of the agent, fixed here."""
    expires_at_us: int | None
    """When it expires if nothing else ends it; None where the accept follows at once."""
    victim: str | None
    """The contact that gives way: the pre-empted one, else the first to be interrupted, now or at the accept."""


class OfferAccepted(Event, frozen=True, kw_only=True, tag="offer.accepted", gc=False):
    """An offer ended well: the agent took it, or the queue's mode is ``auto``."""

    offer_id: str
    """The offer."""
    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""


class OfferDeclined(Event, frozen=True, kw_only=True, tag="offer.declined", gc=False):
    """An offer ended because its agent declined it, or left ``available`` of its own accord."""

    offer_id: str
    """The offer."""
    contact_id: str
    """The contact; it goes back to its place."""
    agent_id: str
    """The agent."""
    reason: str | None
    """As given by the command that declined."""
    cooldown_us: int | str
    """How long this agent is not offered this contact, microseconds; ``"next_available"``: until it becomes available
    again; ``"for_ever"``: until the contact ends."""


class OfferExpired(Event, frozen=True, kw_only=True, tag="offer.expired", gc=False):
    """An offer ended because nobody answered it in time."""

    offer_id: str
    """The offer."""
    contact_id: str
    """The contact; it goes back to its place."""
    agent_id: str
    """The agent."""
    expiries: int
    """Offers in a row that this agent let expire, this one included."""
    cooldown_us: int
    """How long this agent is not offered this contact, microseconds."""


class OfferRescinded(Event, frozen=True, kw_only=True, tag="offer.rescinded", gc=False):
    """An offer ended because it was taken back; no cool-down follows."""

    offer_id: str
    """The offer."""
    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    reason: RescindReason
    """Why."""
    by_contact_id: str | None
    """The contact that needed the agent, where there is one."""


class OffersExhausted(Event, frozen=True, kw_only=True, tag="offer.exhausted", gc=False):
    """As many offers of a contact as ``offers_max_per_contact`` came to nothing since it entered its queue.

    Told once; offers go on.
    """

    contact_id: str
    """The contact."""
    queue_id: str
    """The queue it waits in."""
    offers: int
    """Offers made since it entered the queue."""


class ContactActive(Event, frozen=True, kw_only=True, tag="contact.active", gc=False):
    """An agent is at work on a contact: a leg began."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    offer_id: str
    """The offer it came from."""
    queue_id: str
    """The queue it came from."""
    channel: str
    """The contact's channel."""
    cost: int
    """Units the leg takes of the agent."""
    waited_us: int
    """Time the contact was queued or offered so far in its life, microseconds."""


class ContactHeld(Event, frozen=True, kw_only=True, tag="contact.held", gc=False):
    """An agent put its leg on hold."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""


class ContactResumed(Event, frozen=True, kw_only=True, tag="contact.resumed", gc=False):
    """A leg goes on: its agent took it off hold, or the engine resumed it when it fitted again."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""


class ContactSuspended(Event, frozen=True, kw_only=True, tag="contact.suspended", gc=False):
    """A leg gave way to another contact: its units are free until the engine resumes it."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    by_contact_id: str
    """The contact that needed the agent."""
    reason: SuspendReason
    """Why."""


class ContactTransferred(Event, frozen=True, kw_only=True, tag="contact.transferred", gc=False):
    """An agent gives a contact to another queue or to an agent."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The giver."""
    from_queue_id: str
    """The queue it came from."""
    to_queue_id: str | None
    """The queue it goes to; None: it goes to an agent and stays in its queue."""
    to_agent_id: str | None
    """The agent it goes to; None: it goes to a queue."""
    mode: TransferMode
    """How."""
    cooldown_us: int
    """How long the giver is not offered this contact, microseconds."""


class WrapUpStarted(Event, frozen=True, kw_only=True, tag="leg.wrap_up_started", gc=False):
    """A leg's work is done and its wrap-up runs; its units stay taken."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    ends_at_us: int | None
    """When the engine ends it; None: only ``EndWrapUp`` does."""


class WrapUpExtended(Event, frozen=True, kw_only=True, tag="leg.wrap_up_extended", gc=False):
    """A wrap-up was given more time."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    ends_at_us: int | None
    """When the engine ends it now; None: only ``EndWrapUp`` does."""


class WrapUpEnded(Event, frozen=True, kw_only=True, tag="leg.wrap_up_ended", gc=False):
    """A wrap-up is over, by command or by its own time."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    wrapped_us: int
    """How long it took, microseconds."""


class LegEnded(Event, frozen=True, kw_only=True, tag="leg.ended", gc=False):
    """An agent's part in a contact is over; its units are free."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    reason: LegEnd
    """Why."""
    began_at_us: int
    """When the leg began."""
    handled_us: int
    """From the begin to the end of the work, holds included, wrap-up not, microseconds."""


class ContactClosed(Event, frozen=True, kw_only=True, tag="contact.closed", gc=False):
    """The last leg of a served contact ended: the contact is over."""

    contact_id: str
    """The contact."""
    queue_id: str
    """The queue it was served from last."""
    disposition: str | None
    """The last one given."""
    waited_us: int
    """Time it was queued or offered in its life, microseconds."""


class ContactAbandoned(Event, frozen=True, kw_only=True, tag="contact.abandoned", gc=False):
    """The customer left before an agent took the contact."""

    contact_id: str
    """The contact."""
    queue_id: str
    """The queue it waited in."""
    reason: str | None
    """As given by the command."""
    waited_us: int
    """Time it was queued or offered in its life, microseconds."""


class ContactCancelled(Event, frozen=True, kw_only=True, tag="contact.cancelled", gc=False):
    """The host took the contact back."""

    contact_id: str
    """The contact."""
    queue_id: str
    """The queue it was in last."""
    reason: str | None
    """As given by the command."""
    waited_us: int
    """Time it was queued or offered in its life, microseconds."""


class PresenceChanged(Event, frozen=True, kw_only=True, tag="agent.presence_changed", gc=False):
    """An agent's presence was set: by command, by the end of its work, or by the engine (``no_answer``)."""

    agent_id: str
    """The agent."""
    presence: Presence
    """Presence from now on."""
    label: str | None
    """Its label; ``no_answer`` where the engine set it."""
    previous: Presence
    """Presence before, which may be the same."""


class NextPresenceSet(Event, frozen=True, kw_only=True, tag="agent.next_presence_set", gc=False):
    """An agent will take another presence when its last leg ends, and gets no offers until then."""

    agent_id: str
    """The agent."""
    presence: Presence
    """The presence to come."""
    label: str | None
    """Its label."""


class ExternalLoadSet(Event, frozen=True, kw_only=True, tag="agent.external_load_set", gc=False):
    """Units of an agent are booked by work that the engine did not route."""

    agent_id: str
    """The agent."""
    channel: str
    """The channel they are booked on."""
    units: int
    """Units from now on."""


class QueuePaused(Event, frozen=True, kw_only=True, tag="queue.paused", gc=False):
    """A queue makes no offers from now on."""

    queue_id: str
    """The queue."""


class QueueOpened(Event, frozen=True, kw_only=True, tag="queue.opened", gc=False):
    """A queue makes offers again."""

    queue_id: str
    """The queue."""


class CommandRefused(Event, frozen=True, kw_only=True, tag="command.refused", gc=False):
    """A well-formed command could not be carried out right now. Nothing but this happened."""

    reason: RefusalReason
    """Why."""
    rule: Rule | None = None
    """With ``not_eligible``: the first rule that keeps the agent from the contact."""
    command: str
    """The command's tag."""
    contact_id: str | int | None = None
    """As in the command."""
    agent_id: str | int | None = None
    """As in the command."""
    offer_id: str | None = None
    """As in the command."""
    queue_id: str | None = None
    """As in the command."""


class CommandRepeated(Event, frozen=True, kw_only=True, tag="command.repeated", gc=False):
    """A command with this id was carried out before; this one was not."""

    command_id: str
    """The id."""
    first_seq: int
    """Seq of the first event of the first time."""
    count: int
    """How many events the first time had; may be 0."""


EVENTS: tuple[type[Event], ...] = (
    ContactQueued,
    ContactParked,
    ContactChanged,
    ChannelChanged,
    ContactOverdue,
    ContactRequeued,
    OfferMade,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferRescinded,
    OffersExhausted,
    ContactActive,
    ContactHeld,
    ContactResumed,
    ContactSuspended,
    ContactTransferred,
    WrapUpStarted,
    WrapUpExtended,
    WrapUpEnded,
    LegEnded,
    ContactClosed,
    ContactAbandoned,
    ContactCancelled,
    PresenceChanged,
    NextPresenceSet,
    ExternalLoadSet,
    QueuePaused,
    QueueOpened,
    CommandRefused,
    CommandRepeated,
)
"""Every event, in the order of this page."""

AnyEvent = (
    ContactQueued
    | ContactParked
    | ContactChanged
    | ChannelChanged
    | ContactOverdue
    | ContactRequeued
    | OfferMade
    | OfferAccepted
    | OfferDeclined
    | OfferExpired
    | OfferRescinded
    | OffersExhausted
    | ContactActive
    | ContactHeld
    | ContactResumed
    | ContactSuspended
    | ContactTransferred
    | WrapUpStarted
    | WrapUpExtended
    | WrapUpEnded
    | LegEnded
    | ContactClosed
    | ContactAbandoned
    | ContactCancelled
    | PresenceChanged
    | NextPresenceSet
    | ExternalLoadSet
    | QueuePaused
    | QueueOpened
    | CommandRefused
    | CommandRepeated
)
"""The union the codec decodes into."""
