"""What a host can ask of the engine. Every command is a frozen struct with an explicit tag, its ``type`` on the wire.

Building a struct checks nothing; :meth:`ccroute.Engine.handle` checks every field before anything moves, and
:func:`ccroute.codec.decode_command` checks types while it reads.

Ids are strings of 1 to 128 characters without control characters. Where a command names a contact or an agent that
exists, its integer handle (from ``ContactQueued.handle``, ``Engine.contact`` and ``Engine.agent``) may stand instead of
the string and saves a look-up. Times and durations are integers of microseconds.
"""

from __future__ import annotations

import msgspec

from ccroute.types import AttributeValue, KeepsPlace, PendingOffers, Presence, TransferMode

__all__ = [
    "COMMANDS",
    "AbandonContact",
    "AcceptOffer",
    "AnyCommand",
    "AttributeValue",
    "CancelContact",
    "Command",
    "CompleteContact",
    "DeclineOffer",
    "EndWrapUp",
    "EnqueueContact",
    "ExtendWrapUp",
    "HoldContact",
    "OpenQueue",
    "PauseQueue",
    "ResumeContact",
    "SetPresence",
    "TransferContact",
]


class Command(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,
):
    """What all commands share."""

    command_id: str | None = None
    """Makes a repeat harmless: a second command with an id that is still remembered gives ``CommandRepeated``."""
    actor: str | None = None
    """Who asked; comes back in every event that the command causes."""


class EnqueueContact(Command, frozen=True, kw_only=True, tag="contact.enqueue", gc=False):
    """Put a new contact into a queue. Refused while a contact of this id is inside."""

    contact_id: str
    """The contact's id; free again once the contact has ended."""
    queue_id: str
    """Queue to wait in. Unknown: ``UnknownName``."""
    channel: str
    """Channel it comes by. Unknown: ``UnknownName``."""
    customer_id: str | None = None
    """Opaque id of the customer, told in events."""
    conversation_id: str | None = None
    """Opaque id that survives changes of channel, told in events."""
    parent_id: str | None = None
    """Contact this one came from, told in events."""
    requires: str | None = None
    """Requirement of its own, which must hold beside the queue's. Bad text: ``RequirementError``."""
    tier: int | None = None
    """Absolute right of way, signed 32-bit, higher first; None takes the queue's."""
    head_start_us: int | None = None
    """Served as if it had come this much earlier, ±90 days; None takes the queue's."""
    excluded: list[str] = []
    """Agents never offered this contact, at most 16; agents not in the configuration are ignored."""
    scores: dict[str, int] = {}
    """Own score of agents for queues that select by ``given_score``, at most 128, each within ±(2⁵³−1)."""
    attributes: dict[str, AttributeValue] = {}
    """Routing attributes that requirements read as ``contact.attributes.<name>``, at most 64."""
    cost: int | None = None
    """Units it takes of an agent, 0 to 1 000 000; None: agent × channel, queue, channel, the first that is set."""


class AbandonContact(Command, frozen=True, kw_only=True, tag="contact.abandon", gc=False):
    """The customer left while waiting. Refused once an agent is at work on the contact."""

    contact_id: str | int
    """The contact, waiting."""
    reason: str | None = None
    """Told in the event, at most 1 024 characters."""


class CancelContact(Command, frozen=True, kw_only=True, tag="contact.cancel", gc=False):
    """The host takes the contact back, in any live state: offers are rescinded, legs end at once without wrap-up."""

    contact_id: str | int
    """The contact, live."""
    reason: str | None = None
    """Told in the event, at most 1 024 characters."""


class AcceptOffer(Command, frozen=True, kw_only=True, tag="offer.accept", gc=False):
    """The agent takes the offer: its leg begins."""

    offer_id: str
    """The offer, pending."""


class DeclineOffer(Command, frozen=True, kw_only=True, tag="offer.decline", gc=False):
    """The agent lets the offer go; it is in cool-down for the contact, which goes back to its place."""

    offer_id: str
    """The offer, pending."""
    reason: str | None = None
    """Told in the event, at most 1 024 characters."""
    next_presence: Presence | None = None
    """Also sets the agent's next presence, as ``SetPresence(next_=True)`` does."""


class HoldContact(Command, frozen=True, kw_only=True, tag="leg.hold", gc=False):
    """Put an active leg on hold; it keeps its units."""

    contact_id: str | int
    """The contact."""
    agent_id: str | int
    """The agent whose leg it is."""


class ResumeContact(Command, frozen=True, kw_only=True, tag="leg.resume", gc=False):
    """Make a held leg active again."""

    contact_id: str | int
    """The contact."""
    agent_id: str | int
    """The agent whose leg it is."""


class CompleteContact(Command, frozen=True, kw_only=True, tag="contact.complete", gc=False):
    """The work is done: active and held legs go to wrap-up, or end; with the last leg the contact is closed."""

    contact_id: str | int
    """The contact, active."""
    agent_id: str | int | None = None
    """Only this agent's leg; None: all active and held legs."""
    disposition: str | None = None
    """What came of it, told when the contact closes; the last one given counts. At most 1 024 characters."""
    wrap_up_us: int | str | None = None
    """Length of the wrap-up, 0 to 90 days or ``"unlimited"``; None takes the queue's."""


class EndWrapUp(Command, frozen=True, kw_only=True, tag="leg.end_wrap_up", gc=False):
    """The agent is done with its wrap-up: the leg ends and its units are free."""

    contact_id: str | int
    """The contact."""
    agent_id: str | int
    """The agent whose leg it is."""


class ExtendWrapUp(Command, frozen=True, kw_only=True, tag="leg.extend_wrap_up", gc=False):
    """Make a wrap-up end later than it would."""

    contact_id: str | int
    """The contact."""
    agent_id: str | int
    """The agent whose leg it is."""
    wrap_up_us: int | str
    """Added to the present end, 0 to 90 days, or ``"unlimited"``, which stays so; ends at most 90 days from now."""


class TransferContact(Command, frozen=True, kw_only=True, tag="contact.transfer", gc=False):
    """Give an active contact to a queue: the giver's leg ends as after ``CompleteContact``, the contact waits again."""

    contact_id: str | int
    """The contact, active."""
    agent_id: str | int
    """The giver; it is in cool-down for the contact afterwards, as long as the new queue says."""
    to_queue: str
    """The queue that takes it. Unknown: ``UnknownName``."""
    mode: TransferMode = TransferMode.BLIND
    """``blind``: the giver is free at once."""
    keeps_place: KeepsPlace | None = None
    """Which place it takes there; None: as the new queue says."""


class SetPresence(Command, frozen=True, kw_only=True, tag="agent.presence", gc=False):
    """Say where the agent is, now or when its work ends."""

    agent_id: str | int
    """The agent."""
    presence: Presence
    """``available``, ``away`` or ``offline``."""
    label: str | None = None
    """The reason in the host's own words, as in ``"lunch"``; at most 1 024 characters."""
    offers: PendingOffers | None = None
    """What becomes of pending offers on leaving ``available``; None: declined, or rescinded if ``actor`` is someone
    else."""
    next_: bool = False
    """Taken when the agent's last leg ends; until then no new offers. Without a leg: taken now."""


class PauseQueue(Command, frozen=True, kw_only=True, tag="queue.pause", gc=False):
    """Make no offers from this queue until it is opened; offers that are out stand."""

    queue_id: str
    """The queue. Unknown: ``UnknownName``."""


class OpenQueue(Command, frozen=True, kw_only=True, tag="queue.open", gc=False):
    """Make offers from this queue again."""

    queue_id: str
    """The queue. Unknown: ``UnknownName``."""


COMMANDS: tuple[type[Command], ...] = (
    EnqueueContact,
    AbandonContact,
    CancelContact,
    AcceptOffer,
    DeclineOffer,
    HoldContact,
    ResumeContact,
    CompleteContact,
    EndWrapUp,
    ExtendWrapUp,
    TransferContact,
    SetPresence,
    PauseQueue,
    OpenQueue,
)
"""Every command, in the order of this page."""

AnyCommand = (
    EnqueueContact
    | AbandonContact
    | CancelContact
    | AcceptOffer
    | DeclineOffer
    | HoldContact
    | ResumeContact
    | CompleteContact
    | EndWrapUp
    | ExtendWrapUp
    | TransferContact
    | SetPresence
    | PauseQueue
    | OpenQueue
)
"""The union the codec decodes into."""
