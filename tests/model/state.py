"""What the oracle remembers: timers, legs, offers, contacts and agents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ccroute.commands import EnqueueContact
from ccroute.config.structs import Agent as AgentConfig
from ccroute.types import ContactState, LegEnd, LegState, PendingOffers, Presence

ENDED_STATES = (ContactState.CLOSED, ContactState.ABANDONED, ContactState.CANCELLED)


@dataclass(eq=False)
class Timer:
    """An armed timer."""

    due: int
    arming: int
    name: str
    fire: Callable[[], None]


@dataclass(eq=False)
class Leg:
    """An agent's part in a contact."""

    contact: Contact
    agent: Agent
    queue: str
    cost: int
    began: int
    state: LegState = LegState.ACTIVE
    end: LegEnd = LegEnd.COMPLETED
    wrap_began: int = 0
    wrap_ends: int | None = None
    timer: Timer | None = None

    def ids(self) -> dict[str, str]:
        """Return the ids that events about the leg carry."""
        return {"contact_id": self.contact.id, "agent_id": self.agent.id}


@dataclass(eq=False)
class Offer:
    """An offer that is out."""

    number: int
    contact: Contact
    agent: Agent
    cost: int
    timer: Timer | None = None

    def ids(self) -> dict[str, str]:
        """Return the ids that events about the offer carry."""
        return {"offer_id": f"o{self.number}", "contact_id": self.contact.id, "agent_id": self.agent.id}


@dataclass(eq=False)
class Contact:
    """A contact, inside or retained."""

    seq: int
    given: EnqueueContact
    queue: str
    place: int
    queued_since: int
    state: ContactState = ContactState.QUEUED
    waited_before: int = 0
    offer: Offer | None = None
    offers_made: int = 0
    exhausted_told: bool = False
    legs: list[Leg] = field(default_factory=list)
    cooldowns: dict[str, Timer] = field(default_factory=dict)
    disposition: str | None = None
    over_at: int | None = None
    """When it had ended and had no leg left."""

    @property
    def id(self) -> str:
        return self.given.contact_id


@dataclass(eq=False)
class Agent:
    """An agent."""

    seq: int
    id: str
    config: AgentConfig
    presence: Presence = Presence.OFFLINE
    label: str | None = None
    next: tuple[Presence, str | None, PendingOffers] | None = None
    idle_since: int = 0
    away_since: int = 0
    handled: int = 0
    expiries: int = 0
    last_offer: int = 0
    legs: list[Leg] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)

    def taken(self) -> int:
        """Return the units that legs and pending offers take."""
        return sum(leg.cost for leg in self.legs) + sum(offer.cost for offer in self.offers)

    def on_channel(self, channel: str) -> int:
        """Return how many legs and pending offers of a channel there are."""
        contacts = [leg.contact for leg in self.legs] + [offer.contact for offer in self.offers]
        return sum(contact.given.channel == channel for contact in contacts)


def in_agent_order(legs: list[Leg]) -> list[Leg]:
    """Return legs by the seq of their agents."""
    return sorted(legs, key=lambda leg: leg.agent.seq)
