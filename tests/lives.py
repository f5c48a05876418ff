"""What a listener remembers of contacts and agents, from events alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from ccroute.commands import AttributeValue

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
class Life:
    """One life of a contact, from its first event to its end."""

    id: str
    order: int
    wish: Wish
    state: str
    """``queued``, ``active``, ``parked`` or an end; ``transferred`` between two events of a transfer."""
    queue_id: str
    tier: int = 0
    head_start_us: int = 0
    place_at_us: int = 0
    entered_at_us: int = 0
    """When it entered its queue, moved on by parking with a stopped clock."""
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
    def works(self) -> bool:
        return any(leg.state in WORKING for leg in self.legs.values())


@dataclass(eq=False)
class Desk:
    """An agent."""

    id: str
    config: Any
    presence: str = "offline"
    next: bool = False
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
