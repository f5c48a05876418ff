"""Commands of agents and supervisors at work: offers, legs, handing over, conferences."""

from __future__ import annotations

from ccroute.commands.command import Command
from ccroute.types import AssignAs, Ignorable, KeepsPlace, OnUnanswered, PreferredScope, Presence, TransferMode

__all__ = [
    "AcceptOffer",
    "AssignContact",
    "CompleteContact",
    "ConnectFailed",
    "ConsultAgent",
    "DeclineOffer",
    "EndWrapUp",
    "ExtendWrapUp",
    "HoldContact",
    "JoinConference",
    "LeaveConference",
    "PickContact",
    "RequeueContact",
    "ResumeContact",
    "TransferContact",
]


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
    """The queue that takes it. Unknown: ``UnknownName``. At least one of ``to_queue`` and ``to_agent`` is given."""
    to_agent: str | int | None = None
    """The agent who takes it, by an offer to it alone; the contact stays in its queue. With ``to_queue``: the contact
    waits there, kept for this agent as its only preferred one."""
    mode: TransferMode = TransferMode.BLIND
    """``blind``: the giver is free at once. ``warm``: the giver's leg goes on until the taker accepts."""
    keeps_place: KeepsPlace | None = None
    """Which place it takes in its queue; None: as that queue says."""
    on_unanswered: OnUnanswered = OnUnanswered.RETURN
    """What becomes of it where ``to_agent`` does not take it. In mode ``warm``, ``return`` leaves it with the giver.
    With ``to_queue`` it stays in that queue, whatever is given here."""
    preferred_wait_us: int | None = None
    """How long it is kept for ``to_agent``, 0 (not at all) to 90 days; None: as the queue says. This and the following
    only with both ``to_queue`` and ``to_agent``."""
    preferred_scope: PreferredScope | None = None
    """Whether the agent counts only where it serves the queue; None: as the queue says."""
    preferred_requires: bool | None = None
    """Whether the requirement in force must hold for the agent; None: as the queue says."""


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
