"""What a host can ask of the engine. Every command is a frozen struct with an explicit tag, its ``type`` on the wire.

Building a struct checks nothing; :meth:`ccroute.Engine.handle` checks every field before anything moves, and
:func:`ccroute.codec.decode_command` checks types while it reads.

Ids are strings of 1 to 128 characters without control characters. Where a command names a contact or an agent that
exists, its integer handle (from ``ContactQueued.handle``, ``Engine.contact`` and ``Engine.agent``) may stand instead of
the string and saves a look-up. Times and durations are integers of microseconds.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from ccroute.types import (
    AssignAs,
    AttributeValue,
    ChangeOffers,
    Ignorable,
    KeepsPlace,
    OnUnanswered,
    ParkClock,
    PendingOffers,
    Presence,
    TransferMode,
)

__all__ = [
    "COMMANDS",
    "AbandonContact",
    "AcceptOffer",
    "AnyCommand",
    "AssignContact",
    "AttributeValue",
    "CancelContact",
    "ChangeChannel",
    "ChangeContact",
    "Command",
    "CompleteContact",
    "ConnectFailed",
    "ConsultAgent",
    "ContactPatch",
    "DeclineOffer",
    "EndWrapUp",
    "EnqueueContact",
    "ExtendWrapUp",
    "HoldContact",
    "JoinConference",
    "LeaveConference",
    "OpenQueue",
    "ParkContact",
    "PauseQueue",
    "PickContact",
    "RequeueContact",
    "ResumeContact",
    "SetExternalLoad",
    "SetPresence",
    "TransferContact",
    "UnparkContact",
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
    parked: bool = False
    """Comes in parked, with its clock stopped, until ``UnparkContact``."""


class AbandonContact(Command, frozen=True, kw_only=True, tag="contact.abandon", gc=False):
    """The customer left while waiting. Refused once an agent is at work on the contact."""

    contact_id: str | int
    """The contact, waiting or parked."""
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
    cooldown: int | str | None = None
    """How long the agent is not offered this contact: 0 to 90 days, ``"next_available"`` (until it becomes available
    again) or ``"for_ever"`` (until the contact ends); None: as the queue says."""
    cooldown_until_us: int | None = None
    """The moment until which the agent is not offered this contact, instead of ``cooldown``; a past one: no cool-down.
    """


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
    """The work is done: active and held legs go to wrap-up, or end; suspended ones end.

    With the last leg the contact is closed.
    """

    contact_id: str | int
    """The contact, active."""
    agent_id: str | int | None = None
    """Only this agent's leg; None: all active, held and suspended legs."""
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
    """Give an active contact to a queue or an agent: the giver's leg ends as after ``CompleteContact``, now or later.

    Refused while another agent is at work on the contact.
    """

    contact_id: str | int
    """The contact, active."""
    agent_id: str | int
    """The giver; it is in cool-down for the contact afterwards, as long as the contact's queue then says."""
    to_queue: str | None = None
    """The queue that takes it. Unknown: ``UnknownName``. Exactly one of ``to_queue`` and ``to_agent`` is given."""
    to_agent: str | int | None = None
    """The agent who takes it, by an offer to it alone; the contact stays in its queue."""
    mode: TransferMode = TransferMode.BLIND
    """``blind``: the giver is free at once. ``warm``: the giver's leg goes on until the taker accepts."""
    keeps_place: KeepsPlace | None = None
    """Which place it takes in its queue; None: as that queue says."""
    on_unanswered: OnUnanswered = OnUnanswered.RETURN
    """What becomes of it where ``to_agent`` does not take it. In mode ``warm``, ``return`` leaves it with the giver."""


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


class ContactPatch(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,
):
    """What ``ChangeContact`` changes. A field that is not given stays as it is; None, where allowed, takes it away.

    Not given is ``msgspec.UNSET`` in Python, and a key that is not there in JSON; None is ``null``.
    """

    queue_id: str | UnsetType = UNSET
    """Queue to be in; another than the present one is entered anew. Unknown: ``UnknownName``."""
    channel: str | UnsetType = UNSET
    """Channel, as ``ChangeChannel`` sets it. Unknown: ``UnknownName``."""
    conversation_id: str | UnsetType | None = UNSET
    """Opaque id that survives changes of channel; None: none."""
    requires: str | UnsetType | None = UNSET
    """Requirement of its own; None: none. Bad text: ``RequirementError``."""
    tier: int | UnsetType | None = UNSET
    """Tier of its own, signed 32-bit; None: the queue's."""
    head_start_us: int | UnsetType | None = UNSET
    """Head start of its own, ±90 days; None: the queue's."""
    excluded: list[str] | UnsetType = UNSET
    """Agents never offered this contact, instead of those before, at most 16."""
    scores: dict[str, int] | UnsetType = UNSET
    """Own score of agents, instead of those before, at most 128, each within ±(2⁵³−1)."""
    attributes: dict[str, AttributeValue] | UnsetType = UNSET
    """Routing attributes, instead of those before, at most 64."""
    cost: int | UnsetType | None = UNSET
    """Units of its own, 0 to 1 000 000; None: none. Offers and legs that are there keep theirs."""
    parked: bool | UnsetType = UNSET
    """True: as ``ParkContact``; false: as ``UnparkContact``; nothing where it is so already."""
    keeps_place: KeepsPlace | UnsetType = UNSET
    """Which place it takes, in another queue or in the present one; not given: as another queue says, or no change."""


class ChangeContact(Command, frozen=True, kw_only=True, tag="contact.change", gc=False):
    """Change a contact in any live state, all at once."""

    contact_id: str | int
    """The contact, queued, active or parked."""
    patch: ContactPatch
    """What becomes different. Faults name their place, as in ``patch.tier``."""
    offers: ChangeOffers = ChangeOffers.RECHECK
    """What becomes of its pending offers."""
    if_version: int | None = None
    """Refused unless this is the contact's version: 1 when new, 1 more with each change; None: any."""


class ParkContact(Command, frozen=True, kw_only=True, tag="contact.park", gc=False):
    """Take a contact out of line, keeping it inside: offers are rescinded, legs end at once without wrap-up."""

    contact_id: str | int
    """The contact, queued or active."""
    clock: ParkClock = ParkClock.STOPS
    """Whether it grows older meanwhile."""
    until_us: int | None = None
    """The moment at which the engine unparks it, a past one: now; None: only ``UnparkContact`` does."""


class UnparkContact(Command, frozen=True, kw_only=True, tag="contact.unpark", gc=False):
    """Let a parked contact wait in its queue again."""

    contact_id: str | int
    """The contact, parked."""


class RequeueContact(Command, frozen=True, kw_only=True, tag="contact.requeue", gc=False):
    """Send an active contact back to its place: legs end at once without wrap-up, their agents are in cool-down."""

    contact_id: str | int
    """The contact, active."""
    agent_id: str | int | None = None
    """The agent at work on it, refused where others are too; None: all of them."""
    cooldown: int | str | None = None
    """How long the agents are not offered this contact: 0 to 90 days, ``"next_available"`` or ``"for_ever"``; None: as
    the queue says."""
    cooldown_until_us: int | None = None
    """The moment until which they are not offered this contact, instead of ``cooldown``; a past one: no cool-down."""


class ConnectFailed(Command, frozen=True, kw_only=True, tag="offer.connect_failed", gc=False):
    """Undo an accept, because agent and customer were never connected: the contact counts as not answered by it."""

    contact_id: str | int
    """The contact, active."""
    agent_id: str | int | None = None
    """The agent; None: the only one at work on it."""
    cooldown: int | str | None = None
    """How long the agent is not offered this contact: 0 to 90 days, ``"next_available"`` or ``"for_ever"``; None: as
    the queue says."""
    cooldown_until_us: int | None = None
    """The moment until which it is not offered this contact, instead of ``cooldown``; a past one: no cool-down."""


class ConsultAgent(Command, frozen=True, kw_only=True, tag="contact.consult", gc=False):
    """Ask somebody about a contact: a contact of its own, whose parent this one is and whose id is ``<id>#<n>``.

    A consult that still waits is cancelled when its parent ends.
    """

    contact_id: str | int
    """The contact it is about, active."""
    agent_id: str | int
    """The agent who asks, at work on the contact."""
    to_queue: str | None = None
    """The queue that is asked. Unknown: ``UnknownName``. Exactly one of ``to_queue`` and ``to_agent`` is given."""
    to_agent: str | int | None = None
    """The agent who is asked."""


class JoinConference(Command, frozen=True, kw_only=True, tag="contact.join", gc=False):
    """Bring a further agent into a contact: at once where it is consulted about it, else by an offer."""

    contact_id: str | int
    """The contact, active."""
    agent_id: str | int
    """The agent who asks, at work on the contact."""
    to_queue: str | None = None
    """The queue a further agent comes from. Unknown: ``UnknownName``. Exactly one of ``to_queue`` and ``to_agent`` is
    given."""
    to_agent: str | int | None = None
    """The further agent."""


class LeaveConference(Command, frozen=True, kw_only=True, tag="contact.leave", gc=False):
    """An agent goes out of a contact on which others stay at work: its leg goes to wrap-up, or ends."""

    contact_id: str | int
    """The contact, active."""
    agent_id: str | int
    """The agent whose leg it is."""


class ChangeChannel(Command, frozen=True, kw_only=True, tag="contact.change_channel", gc=False):
    """Let a contact go on by another channel. Agents at work on it need room there."""

    contact_id: str | int
    """The contact, queued, active or parked."""
    channel: str
    """The channel. Unknown: ``UnknownName``."""
    or_requeue: bool = False
    """Where an agent has no room: true sends the contact back to its place, false refuses the command."""


class PickContact(Command, frozen=True, kw_only=True, tag="contact.pick", gc=False):
    """An agent takes a contact of its own choice; offers of its own that stand in the way are rescinded."""

    contact_id: str | int
    """The contact, waiting or looking for a further agent."""
    agent_id: str | int
    """The agent."""


class AssignContact(Command, frozen=True, kw_only=True, tag="contact.assign", gc=False):
    """A supervisor gives a contact to an agent."""

    contact_id: str | int
    """The contact, waiting or looking for a further agent."""
    agent_id: str | int
    """The agent."""
    as_: AssignAs = AssignAs.OFFER
    """As an offer, which the agent may decline, or accepted at once."""
    ignoring: list[Ignorable] = []
    """What is left out of account, at most 6 entries."""


class SetExternalLoad(Command, frozen=True, kw_only=True, tag="agent.external_load", gc=False):
    """Say how many units of an agent are booked by work of one channel that the engine did not route."""

    agent_id: str | int
    """The agent."""
    channel: str
    """The channel; units above 0 take one place on it. Unknown: ``UnknownName``."""
    units: int
    """Units from now on, 0 to 1 000 000; they may exceed what the agent has."""


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
    ChangeContact,
    ParkContact,
    UnparkContact,
    RequeueContact,
    ConnectFailed,
    ConsultAgent,
    JoinConference,
    LeaveConference,
    ChangeChannel,
    PickContact,
    AssignContact,
    SetExternalLoad,
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
    | ChangeContact
    | ParkContact
    | UnparkContact
    | RequeueContact
    | ConnectFailed
    | ConsultAgent
    | JoinConference
    | LeaveConference
    | ChangeChannel
    | PickContact
    | AssignContact
    | SetExternalLoad
)
"""The union the codec decodes into."""
