"""What the oracle remembers: timers, legs, offers, contacts and agents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ccroute.commands import EnqueueContact
from ccroute.config.structs import Agent as AgentConfig
from ccroute.config.structs import Config
from ccroute.types import (
    ContactState,
    LegEnd,
    LegState,
    Limit,
    OfferMode,
    OnUnanswered,
    ParkClock,
    PendingOffers,
    PlanOn,
    Presence,
)

ENDED_STATES = (ContactState.CLOSED, ContactState.ABANDONED, ContactState.CANCELLED, ContactState.EXPIRED)
OUT_OF_LINE = (ContactState.PARKED, ContactState.SCHEDULED)
"""Inside, with no agent, and not waiting for one."""
WORKING_STATES = (LegState.ACTIVE, LegState.HELD, LegState.SUSPENDED)


CALLBACK = "callback"
"""The channel of callbacks."""


@dataclass(eq=False)
class Timer:
    """An armed timer."""

    due: int
    arming: int
    name: str
    fire: Callable[[], None]


@dataclass(eq=False, kw_only=True)
class Thing:
    """What takes units of an agent, and can give way: a leg or an offer."""

    contact: Contact
    agent: Agent
    channel: str
    """Fixed when the offer is made, as is the cost; a change of channel gives a leg others."""
    cost: int
    began: int
    """When the offer was made; of a leg, when it was accepted."""


@dataclass(eq=False, kw_only=True)
class Leg(Thing):
    """An agent's part in a contact."""

    seq: int
    queue: str
    state: LegState = LegState.ACTIVE
    end: LegEnd = LegEnd.COMPLETED
    suspension: int = 0
    """Number of its last suspension among all."""
    wrap_began: int = 0
    wrap_ends: int | None = None
    timer: Timer | None = None

    def ids(self) -> dict[str, str]:
        """Return the ids that events about the leg carry."""
        return {"contact_id": self.contact.id, "agent_id": self.agent.id}

    def works(self) -> bool:
        """Tell whether the work has not ended."""
        return self.state in WORKING_STATES


@dataclass(eq=False, kw_only=True)
class Offer(Thing):
    """An offer that is out."""

    number: int
    mode: OfferMode
    is_exempt: bool = False
    """Assigned ignoring capacity: it is never unfit."""
    timer: Timer | None = None

    def ids(self) -> dict[str, str]:
        """Return the ids that events about the offer carry."""
        return {"offer_id": f"o{self.number}", "contact_id": self.contact.id, "agent_id": self.agent.id}


@dataclass(eq=False)
class Seek:
    """What an active contact looks for: a taker (warm transfer) or a further agent (conference)."""

    leg: Leg
    """Whose wish it is."""
    is_warm: bool


@dataclass(eq=False)
class Direct:
    """The one agent for whom a contact is kept, and what follows where it does not take it."""

    agent: Agent
    purpose: str
    """``transfer``, ``warm``, ``consult`` or ``join``."""
    giver: Agent | None = None
    on_unanswered: OnUnanswered = OnUnanswered.RETURN


@dataclass(eq=False)
class Cooldown:
    """Why an agent is not offered a contact for a while; with a timer, with the next presence, or for ever."""

    timer: Timer | None = None
    until_available: bool = False


StepKey = tuple[str, int]
"""Where a step stands: ``queue``, ``own`` or ``closed``, and its index."""


@dataclass(eq=False)
class Course:
    """How far a contact is in the plans that it follows. The caller sees to what begins anew at an entry."""

    queue: str | None
    """The queue whose plan it follows; None: it has no queue, or kept the plan of one that had none."""
    began: int
    """When the clock of the plans began; a stopped clock moves it on."""
    consumed: set[StepKey] = field(default_factory=set)
    spent: set[StepKey] = field(default_factory=set)
    """Steps of its own plan that moved it: they never fire again."""
    asked: set[StepKey] = field(default_factory=set)
    """Steps whose condition did not hold, in this processing and entry."""
    own_fields: set[str] = field(default_factory=set)
    """Fields that its own plan has set; the queue's plan leaves them alone."""
    requires: str | None = None
    """What a rule put in the place of the queue's requirement."""
    flags: set[PlanOn] = field(default_factory=set)
    limits_told: set[Limit] = field(default_factory=set)
    limits_raised: dict[Limit, bool] = field(default_factory=dict)
    """Limits reached, and whether a step has fired for them."""
    saw_open: bool | None = None
    """Whether its queue was open when it was last looked at; None: it has just entered."""
    timer: Timer | None = None
    entries: int = 0
    """How many queues it has entered."""


@dataclass(eq=False)
class Phase:
    """A contact is kept for some of its preferred agents."""

    kept: list[str]
    """Their ids, in the contact's order."""
    ends: int


@dataclass(eq=False)
class Contact:
    """A contact, inside or retained. ``given`` is what it asks for now, with every change since it was enqueued."""

    seq: int
    given: EnqueueContact
    queue: str | None
    """None: it has none, and is parked or scheduled."""
    place: int
    queued_since: int
    """When it entered its present queue."""
    waits_since: int = 0
    """When the wait began that goes on now."""
    state: ContactState = ContactState.QUEUED
    waited_before: int = 0
    version: int = 1
    offers: list[Offer] = field(default_factory=list)
    offers_made: int = 0
    exhausted_told: bool = False
    legs: list[Leg] = field(default_factory=list)
    cooldowns: dict[str, Cooldown] = field(default_factory=dict)
    disposition: str | None = None
    over_at: int | None = None
    """When it had ended and had no leg left."""
    seek: Seek | None = None
    direct: Direct | None = None
    consulted: Contact | None = None
    """The contact that this one is a consult about."""
    is_orphan: bool = False
    """It waited when the contact that it is about met its end."""
    is_overdue: bool = False
    after_timer: Timer | None = None
    overdue_timer: Timer | None = None
    park_timer: Timer | None = None
    parked_since: int = 0
    clock_runs: bool = False
    displaced_offers: int = 0
    displaced_work: int = 0
    born: int = 0
    """When it was made, or the moment for which it was made."""
    is_left: bool = False
    """The engine made it as a callback; then it leaves none by a rule, by whatever channel it goes on."""
    made: int = 0
    parks_when_due: bool = False
    """Scheduled: it is parked at its moment, and does not enter the queue."""
    parks_as: tuple[ParkClock, int | None] = (ParkClock.STOPS, None)
    """Scheduled: clock and end of that parking."""
    attempts: int = 0
    """Failed attempts to reach the customer of a callback."""
    is_due_told: bool = False
    """``CallbackDue`` was told for the next attempt."""
    expires_at: int | None = None
    """When it is dropped as a callback; None for what never was one."""
    callback_timer: Timer | None = None
    phase: Phase | None = None
    phase_from: str | None = None
    """What begins a phase when the contact is looked at next: ``entry`` or ``change``."""
    course: Course = field(init=False)

    def __post_init__(self) -> None:
        self.course = Course(self.queue, self.queued_since)

    @property
    def id(self) -> str:
        return self.given.contact_id

    @property
    def channel(self) -> str:
        return self.given.channel

    @property
    def present_queue(self) -> str:
        """The queue that it is in; only what is parked or scheduled has none."""
        assert self.queue is not None
        return self.queue

    @property
    def offer(self) -> Offer | None:
        """The oldest offer that is out."""
        return self.offers[0] if self.offers else None

    def is_live(self) -> bool:
        """Tell whether it has met no end."""
        return self.state not in ENDED_STATES

    def is_callback(self) -> bool:
        """Tell whether it is a call that is owed to a customer; a consult about one is none.

        Nor is what has no queue yet, whose policy says for how long.
        """
        return self.channel == CALLBACK and self.consulted is None and self.queue is not None

    def waits(self) -> bool:
        """Tell whether it may get an agent: it is queued, or active and seeks one."""
        return self.state == ContactState.QUEUED or self.seek is not None

    def working_legs(self) -> list[Leg]:
        """Return the legs whose work has not ended, by agent seq."""
        return [leg for leg in in_agent_order(self.legs) if leg.works()]


@dataclass(frozen=True)
class Loss:
    """Where an agent was when it was lost."""

    at: int
    presence: Presence
    label: str | None


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
    external: dict[str, int] = field(default_factory=dict)
    """Units per channel booked by work that was not routed here."""
    lease_timer: Timer | None = None
    lost_timer: Timer | None = None
    loss: Loss | None = None
    """Nothing was heard of it since."""

    def taken(self) -> int:
        """Return the units that legs, pending offers and external load take; suspended legs take none."""
        legs = [leg for leg in self.legs if leg.state != LegState.SUSPENDED]
        return sum(leg.cost for leg in legs) + sum(offer.cost for offer in self.offers) + sum(self.external.values())


class Centre:
    """All that there is at a moment; the parts of the rules that only look, look at this."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.now = 0
        self.contacts: list[Contact] = []
        self.agents = {id_: Agent(seq, id_, agent) for seq, (id_, agent) in enumerate(config.agents.items())}
        self.paused = {id_ for id_, queue in config.queues.items() if queue.paused}


def in_agent_order(legs: list[Leg]) -> list[Leg]:
    """Return legs by the seq of their agents."""
    return sorted(legs, key=lambda leg: leg.agent.seq)
