"""What ``Engine.statistics`` tells: frozen structs of whole numbers, ratios with numerator and denominator.

Every figure is exact, but for quantiles, which a :class:`ccroute.engine.sketch.Sketch` bounds. Times are microseconds.
"""

from __future__ import annotations

from typing import Final, final

import msgspec

from ccroute.engine.sketch import Sketch
from ccroute.types import Presence

__all__ = [
    "INTERVALS_MAX",
    "LABELS_MAX",
    "OTHER_LABELS",
    "AgentFigures",
    "AgentTimes",
    "AgentsNow",
    "ContactCounts",
    "ContactsNow",
    "Figures",
    "FloorInterval",
    "Interval",
    "OfferCounts",
    "PresenceTime",
    "Service",
    "Share",
    "Span",
    "StatisticsReport",
    "Work",
]

INTERVALS_MAX: Final = 100
"""Intervals of a queue and channel that are kept, those in which nothing happened not counted; a day of 25 hours has
100."""
LABELS_MAX: Final = 64
"""Presences with different labels whose time is kept per agent; further labels count together as ``OTHER_LABELS``."""
OTHER_LABELS: Final = "…"


@final
class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A ratio, exactly."""

    numerator: int
    """What is counted."""
    denominator: int
    """Of how much; 0 where there is nothing yet."""
    ratio: float | None
    """Their quotient, nearest float; None where the denominator is 0."""


@final
class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Lengths of one kind."""

    count: int
    """How many."""
    sum_us: int
    """All together, microseconds."""
    max_us: int | None
    """The longest, microseconds; None without any."""
    sketch: Sketch | None = None
    """For percentiles; None where none is kept: in intervals, and of agents for all but handling."""


@final
class ContactCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How contacts came, moved and ended.

    ``created + moved_in + changed_in = moved_out + changed_out + closed + abandoned + cancelled + expired + inside``.
    Of a skill, contacts belong for life to the skills that they named when they came, and do not move.
    """

    created: int
    """Contacts that came in here."""
    consults: int
    """Of these, how many were consults."""
    moved_in: int
    """Contacts that came from another queue: transfer, change, overflow."""
    moved_out: int
    """Contacts that went to another queue."""
    changed_in: int
    """Contacts that came over from another channel."""
    changed_out: int
    """Contacts that went over to another channel."""
    closed: int
    """Contacts that were served to the end of their last leg."""
    abandoned: int
    """Contacts whose customer left, whether they had been answered before or not."""
    cancelled: int
    """Contacts that the host took back."""
    expired: int
    """Contacts that the engine gave up: a limit, a rule, hours."""
    inside: int
    """What is left: contacts that have not ended. In an interval: by how many they became more."""
    overdue: int
    """How often one became overdue."""
    callbacks_created: int
    """Callbacks that came in here: contacts created on channel ``callback``."""
    callbacks_reached: int
    """Callbacks that came in here and were closed after an agent had answered them."""
    callbacks_dropped: int
    """Callbacks that came in here and were dropped; one for which there was no room counts with the contact it was
    for."""


@final
class Service(msgspec.Struct, frozen=True, kw_only=True):
    """How long customers waited for an answer.

    Every contact that is no consult is judged once: when it is answered for the first time, or leaves without an
    answer. It is judged in the queue, on the channel and with the skills by which it came in. An accept whose
    connection failed is no answer: it is taken out again, in the interval in which it was counted.
    """

    answered_within_us: int | None
    """The wait that keeps the promise, ``service_level.answered_within_us`` of the queue; None where there are
    several."""
    answered: int
    """Contacts that an agent answered."""
    answered_within: int
    """Of these, those that waited no longer than promised: ``wait <= answered_within_us``."""
    abandoned: int
    """Contacts whose customer left without having been answered."""
    abandoned_within: int
    """Of these, those that left no later than promised: ``wait <= answered_within_us``."""
    unanswered: int
    """Contacts that ended in another way without having been answered: cancelled, expired, closed by a rule."""
    undecided: int
    """Contacts that came in and are not judged yet. In an interval: by how many they became more."""
    level: Share
    """Service level, abandoned counted: ``answered_within / (answered + abandoned)``. It is the one that a target
    means."""
    level_answered: Share
    """Abandoned not counted: ``answered_within / answered``."""
    level_patient: Share
    """Those not counted who left within the promise: ``answered_within / (answered + abandoned -
    abandoned_within)``."""
    wait: Span
    """Wait of the answered: time queued, offered or not, until the first answer."""
    wait_abandoned: Span
    """Wait of the abandoned: time queued until the customer left."""


@final
class OfferCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of offers to agents: ``made = accepted + declined + expired + rescinded + pending``."""

    made: int
    """Offers made."""
    accepted: int
    """Offers accepted; also those taken by pick or assignment."""
    declined: int
    """Offers that their agent declined."""
    expired: int
    """Offers that nobody answered in time."""
    rescinded: int
    """Offers that were taken back."""
    preempted: int
    """Of the rescinded: those that a contact of higher tier displaced."""
    interrupted: int
    """Of the rescinded: those that made room for a contact on an interrupting channel."""
    pending: int
    """Offers that are out. In an interval: by how many they became more."""
    undone: int
    """Of the accepted: those whose connection failed later; ``accepted - undone`` accepts stand."""
    exhausted: int
    """How often ``OffersExhausted`` was told."""


@final
class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What agents did, and what became of it. A leg counts where its offer was made."""

    handling: Span
    """Legs that ended, by the time from their begin to the end of the work, holds and suspensions included, wrap-up
    not."""
    wrap_up: Span
    """Wrap-ups that ended."""
    connect_failed: int
    """Legs whose connection never stood: counted in no other figure but ``undone`` and the time of agents."""
    transfers_in: int
    """Transfers to this queue, or agent. One to an agent stays in its queue and is counted there, one to a queue for
    an agent counts with both."""
    transfers_out: int
    """Transfers from this queue, or by this agent."""
    requeued: int
    """How often a contact went back to its place here. Of an agent: legs that ended by ``RequeueContact``."""
    preempted: int
    """Legs that gave way to a contact of higher tier, suspended or sent back."""
    interrupted: int
    """Legs that were suspended for a contact on an interrupting channel."""
    lost: int
    """Legs that ended because their agent was lost."""


@final
class AgentsNow(msgspec.Struct, frozen=True, kw_only=True):
    """How many agents are in each state. One with a leg active or on hold is working, whatever its presence."""

    idle: int
    """Available, without a leg at work or in wrap-up."""
    working: int
    """With a leg active or on hold."""
    wrapping: int
    """Else, with a leg in wrap-up."""
    away: int
    """Else, away."""
    offline: int
    """Else: signed out, or never signed in."""


@final
class ContactsNow(msgspec.Struct, frozen=True, kw_only=True):
    """What is there at the present moment."""

    waiting: int
    """Contacts queued, offered or not."""
    longest_wait_us: int | None
    """Longest time that one of these has been queued in its life, microseconds; None where nobody waits."""
    active: int
    """Contacts that agents have in hand."""
    parked: int
    """Contacts parked or scheduled."""
    offers_out: int
    """Offers that are out."""
    agents: AgentsNow | None = None
    """Agents that serve this queue, by state; None for what is no queue."""


@final
class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in an interval: each event counts in that of its moment."""

    starts_at_us: int
    """Begin, a whole multiple of the length by the clocks of the queue's zone."""
    ends_at_us: int
    """End; what happens then counts in the next one."""
    contacts: ContactCounts
    """Contacts."""
    service: Service
    """Waits."""
    offers: OfferCounts
    """Offers."""
    work: Work
    """Work that ended in it."""


@final
class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a queue, a channel, a skill, or of all contacts."""

    contacts: ContactCounts
    """Contacts."""
    service: Service
    """Waits."""
    offers: OfferCounts
    """Offers."""
    work: Work
    """Work that ended."""
    now: ContactsNow
    """The present."""
    intervals: list[Interval] = []
    """With ``series=True``: those kept in which something happened, oldest first. A skill has none."""


@final
class AgentTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Time in each state since the first sign-in or leg, up to now, microseconds."""

    idle_us: int
    """Available, without a leg at work or in wrap-up."""
    working_us: int
    """With a leg active or on hold, whatever the presence."""
    wrapping_us: int
    """Else, with a leg in wrap-up."""
    away_us: int
    """Else, away."""
    offline_us: int
    """Else, signed out."""
    occupancy: Share
    """``(working + wrapping) / (working + wrapping + idle)``: of the time for contacts, the part that contacts took."""
    utilisation: Share
    """``(working + wrapping) / (working + wrapping + idle + away)``: the same of all time but offline."""


@final
class FloorInterval(msgspec.Struct, frozen=True, kw_only=True):
    """Time of all agents in an interval of UTC; the present one up to now."""

    starts_at_us: int
    """Begin, a whole multiple of the length since the Unix epoch."""
    ends_at_us: int
    """End."""
    times: AgentTimes
    """Time of all agents together."""


@final
class PresenceTime(msgspec.Struct, frozen=True, kw_only=True):
    """Time that an agent spent in a presence under a label, whatever it did meanwhile."""

    presence: Presence
    """The presence."""
    label: str | None
    """Its label: the reason; ``…``: labels beyond the 64 that are kept."""
    time_us: int
    """Time since the first sign-in, up to now, microseconds."""


@final
class AgentFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of an agent."""

    offers: OfferCounts
    """Offers made to it."""
    answered: int
    """Contacts whose first answer it was."""
    answered_within: int
    """Of these, those that waited no longer than promised."""
    wait: Span
    """Wait of these."""
    work: Work
    """What it did."""
    times: AgentTimes
    """Time in each state."""
    presences: list[PresenceTime]
    """Time by presence and label, in the order of the presences in ``Presence``, then of labels, none first."""


@final
class StatisticsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Figures up to a moment. Queues add up to ``total``, and so do channels."""

    at_us: int
    """The engine's present."""
    interval_us: int
    """Length of an interval, microseconds."""
    total: Figures | None
    """All contacts of the selection; None where only an agent or a skill was asked for."""
    queues: dict[str, Figures]
    """By queue."""
    channels: dict[str, Figures]
    """By channel, those on which there ever was a contact."""
    skills: dict[str, Figures]
    """By skill that ever a contact named."""
    agents: dict[str, AgentFigures]
    """By agent."""
    agents_now: AgentsNow
    """All agents by state."""
    agents_times: AgentTimes
    """Time of all agents together."""
    agents_intervals: list[FloorInterval] = []
    """With ``series=True``: the last 100 intervals since the first sign-in, oldest first."""
