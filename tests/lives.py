"""What a listener remembers of contacts and agents, from events alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from ccroute.commands import AttributeValue
from ccroute.config.structs import Limits, PlanStep

NEXT_AVAILABLE: Final = "next_available"
WORKING: Final = ("active", "held", "suspended")


@dataclass(eq=False)
class Wish:
    """What the host asked of a contact's routing, which events do not always repeat."""

    channel: str
    requires: str | None
    tier: int | None
    head_start_us: int | None
    excluded: list[str]
    scores: dict[str, int]
    attributes: dict[str, AttributeValue]
    cost: int | None
    preferred: list[str] = field(default_factory=list)
    preferred_wait_us: int | None = None
    preferred_scope: str | None = None
    preferred_requires: bool | None = None
    plan: list[PlanStep] = field(default_factory=list)
    limits: Limits | None = None


@dataclass(eq=False)
class Work:
    """A leg, or an offer that is out: what takes units of an agent and a place on a channel."""

    life: Life
    channel: str
    cost: int
    number: int
    """Rises with every offer, and with every leg."""
    state: str
    """Of a leg; ``offer`` for an offer."""
    is_exempt: bool = False
    """Assigned whatever the capacity."""
    began_us: int = 0
    """Of a leg: when it was accepted."""

    @property
    def takes_units(self) -> bool:
        return self.state != "suspended"


@dataclass(eq=False)
class Seek:
    """An active contact looks for a taker, or for a further agent."""

    seeker: str
    direct: str | None = None
    """The only agent asked; None: it stands in line."""
    queues_unanswered: bool = False


@dataclass(eq=False)
class Phase:
    """A contact is kept for its preferred agents."""

    ends_us: int
    keeps_all: bool
    """The bound leaves none of them out; events do not tell whom it does."""
    is_sure: bool = True
    """Events tell no begin; this one has begun for certain, unless its end is told."""


@dataclass(eq=False)
class Entry:
    """One stay in a queue, and what its plans did so far."""

    at_us: int
    """When it entered, moved on by parking."""
    plan_of: str | None
    """The queue whose plan it follows."""
    plan_at_us: int
    """What the plan's times count from, moved on by parking; where the plan is kept, it is kept too."""
    fired: list[tuple[bool, int]] = field(default_factory=list)
    """Steps that fired: whether of its own plan, and which."""
    limits_told: int = 0
    """Steps and fallbacks that a limit brought."""
    own_fields: list[str] = field(default_factory=list)
    """What steps of its own plan have set."""
    is_looked_at: bool = False
    """It has been queued since, so that preferred agents and steps at entry had their time."""
    is_reconfigured: bool = False
    """The configuration changed meanwhile, and steps may have been passed over."""
    is_own_replaced: bool = False
    """Its own plan is another one than at entry, and steps at entry are of no use."""
    is_closed_told: bool = False
    """What its queue's hours say for the time it is closed was done."""
    exhausted_count: int = 0
    """How often its offers were told to be exhausted since a step fired."""


@dataclass(eq=False)
class Owed:
    """A callback, for as long as the contact that it is lives."""

    is_ours: bool
    """Made by the engine, or with a parent: dropped when the customer comes back."""
    expires_us: int
    attempts: int = 0
    is_dropped: bool = False


@dataclass(eq=False)
class Life:
    """One life of a contact, from its first event to its end."""

    id: str
    order: int
    wish: Wish
    state: str
    """``queued``, ``active``, ``parked``, ``scheduled`` or an end; ``transferred`` between two events of a transfer."""
    queue_id: str | None
    """None: it has none yet, and is parked or scheduled."""
    tier: int = 0
    head_start_us: int = 0
    place_at_us: int = 0
    entry: Entry = field(default_factory=lambda: Entry(0, "", 0))
    requires: str | None = None
    """What a step put in the place of its queue's requirement."""
    phase: Phase | None = None
    is_phase_due: bool = False
    """Its preferred agents are others since it waited last."""
    own_gone: list[int] = field(default_factory=list)
    """Steps of its own plan that moved it, and so do not fire again."""
    created_us: int = 0
    """When it was made; of one that was made for later, its moment."""
    due_at_us: int = 0
    """Of a scheduled one."""
    until_us: int | None = None
    """Of a parked one: when that ends."""
    customer_id: str | None = None
    parent_id: str | None = None
    is_made_by_host: bool = True
    is_consult: bool = False
    callback: Owed | None = None
    """What is owed while it is a callback."""
    owed: Owed | None = None
    """What was owed when it was one last."""
    is_place_told: bool = True
    """Its place was told, or follows from what was."""
    parked_at_us: int = 0
    clock_stops: bool = False
    moves: bool = False
    """A change sent it to another queue, and ``ContactQueued`` has to follow."""
    direct: str | None = None
    """While it waits: the only agent asked."""
    seek: Seek | None = None
    is_unanswered: bool = False
    """Its seek came to nothing, and ``ContactQueued`` has to follow."""
    is_overdue: bool = False
    limits_told: int = 0
    """Steps and fallbacks that limits brought over its life."""
    waited_us: int = 0
    """As its last ``ContactActive`` says."""
    version: int = 1
    offers: list[str] = field(default_factory=list)
    """Ids of the offers that are out."""
    legs: dict[str, Work] = field(default_factory=dict)
    """Its leg per agent."""
    cooldowns: dict[str, int | str] = field(default_factory=dict)
    """End of the cool-down per agent, or what ends it."""

    @property
    def is_in_line(self) -> bool:
        if self.state == "queued":
            return self.direct is None
        return self.state == "active" and self.seek is not None and self.seek.direct is None

    @property
    def entered_at_us(self) -> int:
        """When it entered its queue, moved on by parking with a stopped clock."""
        return self.entry.at_us

    @property
    def works(self) -> bool:
        return any(leg.state in WORKING for leg in self.legs.values())


@dataclass(eq=False)
class Desk:
    """An agent."""

    id: str
    config: Any
    presence: str = "offline"
    next: bool = False
    is_lost: bool = False
    grace_ends_us: int | None = None
    """While it is lost: when its work on channels that are not live goes back."""
    offers: dict[str, Work] = field(default_factory=dict)
    """Pending offers by id, oldest first."""
    legs: list[Work] = field(default_factory=list)
    """In the order in which they began."""
    load: dict[str, int] = field(default_factory=dict)
    """External units by channel."""

    def things(self) -> list[Work]:
        """Return all that takes units or did before it was suspended."""
        return [*self.legs, *self.offers.values()]

    def suspended(self) -> list[Work]:
        return [leg for leg in self.legs if leg.state == "suspended"]
