"""What goes between the supervisor's board and the server: structs, documented where they stand."""

from __future__ import annotations

import msgspec

from ccroute import AssignAs, ContactState, Ignorable, LegState, Presence

__all__ = [
    "ActiveNow",
    "AgentObstacles",
    "AgentRow",
    "Assign",
    "Board",
    "ChatOf",
    "OfferOf",
    "Place",
    "QueueRow",
    "Server",
    "SetTheirPresence",
    "StandsInTheWay",
    "TakeOver",
    "Totals",
    "WaitingNow",
    "Why",
]


class SetTheirPresence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say where an agent is."""

    presence: Presence
    """``available``, ``away`` or ``offline``."""
    label: str | None = None
    """The reason."""


class Assign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give a waiting contact to an agent."""

    agent_id: str
    """The agent."""
    as_: AssignAs = msgspec.field(default=AssignAs.OFFER, name="as")
    """``offer``, which the agent may decline, or ``active``, accepted at once."""
    ignoring: list[Ignorable] = []
    """What is left out of account."""


class TakeOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take a contact into one's own hands."""

    agents: list[str] | None = None
    """Who had it when one decided so; refused where others have it by now. None: whoever has it."""


class QueueRow(msgspec.Struct, frozen=True, kw_only=True):
    """A queue."""

    queue_id: str
    """The queue."""
    paused: bool
    """Whether it makes no offers."""
    waiting: int
    """Contacts that wait."""
    active: int
    """Contacts that are being served."""
    offers_out: int
    """Offers that wait for an answer."""
    longest_wait_us: int | None
    """How long the one waits that waits longest."""
    service_level: float | None
    """Of those who were answered or left, the part that was answered in time; None: there were none."""
    target: float
    """What it should be."""
    answered: int
    """Contacts that were answered."""
    abandoned: int
    """Contacts whose customer left."""
    mean_wait_us: int | None
    """How long the answered waited on average."""


class ChatOf(msgspec.Struct, frozen=True, kw_only=True):
    """A contact in an agent's hands."""

    contact_id: str
    """The contact."""
    state: LegState
    """How it is."""
    began_at_us: int
    """Since when."""


class OfferOf(msgspec.Struct, frozen=True, kw_only=True):
    """An offer to an agent."""

    offer_id: str
    """The offer."""
    contact_id: str
    """The contact."""
    expires_at_us: int
    """When it ends if nobody answers."""


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agent."""

    agent_id: str
    """The agent."""
    shown_name: str
    """What others see."""
    presence: Presence
    """Where the agent is."""
    label: str | None
    """Why."""
    taken: int
    """Units that are taken."""
    capacity: int
    """Units that there are."""
    handled: int
    """Contacts accepted since it came."""
    idle_since_us: int
    """Since when it had nothing new."""
    chats: list[ChatOf]
    """Contacts in hand."""
    offers: list[OfferOf]
    """Offers to it."""
    queues: list[str]
    """Queues it serves, by id."""


class WaitingNow(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that waits."""

    contact_id: str
    """The contact."""
    queue_id: str | None
    """The queue."""
    channel: str
    """The channel."""
    customer_id: str | None
    """Whose it is."""
    customer_name: str | None
    """What the customer is called."""
    tier: int
    """Its right of way."""
    overdue: bool
    """Whether it waits longer than it should."""
    waited_us: int
    """How long it has waited."""
    in_queue_at_us: int | None
    """Since when it is in this queue."""
    offered_to: list[str]
    """Agents it is offered to."""


class ActiveNow(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that is being served."""

    contact_id: str
    """The contact."""
    queue_id: str | None
    """The queue."""
    channel: str
    """The channel."""
    customer_id: str | None
    """Whose it is."""
    customer_name: str | None
    """What the customer is called."""
    tier: int
    """Its right of way."""
    agents: list[str]
    """Who serves it."""
    waited_us: int
    """How long it had waited."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Everything together."""

    waiting: int
    """Contacts that wait."""
    active: int
    """Contacts that are being served."""
    created: int
    """Contacts that ever came."""
    closed: int
    """Of these, those that were served to their end."""
    abandoned: int
    """Of these, those whose customer left."""
    available: int
    """Agents who are available."""
    away: int
    """Agents who are away."""
    offline: int
    """Agents who are not there."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """How the server is."""

    status: str
    """``ok``, ``draining`` or ``failing``."""
    inbox: int
    """Commands that wait."""
    last_commit_us: int | None
    """How long the last write to disk took."""
    journal_seq: int | None
    """The last record of the journal."""
    quarantined: int
    """Deliveries that came to nothing."""
    channels: dict[str, str]
    """How each channel is: ``up`` or ``failing``."""


class Board(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="board"):
    """All that the board shows, whole."""

    at_us: int
    """The server's time."""
    queues: list[QueueRow]
    """Queues, as configured."""
    agents: list[AgentRow]
    """Agents, as configured."""
    waiting: list[WaitingNow]
    """Contacts that wait, those first that wait longest, at most 200."""
    active: list[ActiveNow]
    """Contacts that are being served, at most 200."""
    totals: Totals
    """Everything together."""
    server: Server
    """How the server is."""


class StandsInTheWay(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that keeps a contact from an agent."""

    rule: str
    """Its name."""
    text: str
    """What is so."""
    change: str
    """What would have to change."""


class AgentObstacles(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps one agent from a contact."""

    agent_id: str
    """The agent."""
    shown_name: str
    """What others see."""
    obstacles: list[StandsInTheWay]
    """Empty: only the contact itself stands in the way."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place in line."""

    in_queue: int
    """1 is first in its queue."""
    overall: int
    """1 is first of all."""


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why a contact is where it is."""

    contact_id: str
    """The contact."""
    state: ContactState
    """How it is."""
    text: str
    """All of it in words."""
    position: Place | None
    """Its place in line; None: it does not wait."""
    obstacles: list[StandsInTheWay]
    """What keeps it from every agent."""
    agents: list[AgentObstacles]
    """What keeps it from each agent."""
    next_rules: list[str]
    """What its plan does next."""
    estimate_us: int | None
    """How long it will wait yet, as far as can be told."""
