"""The configuration as frozen structs, every default in one place.

A struct that was built in Python has not been checked; :func:`ccroute.config.check` and :class:`ccroute.Engine` do that
and tell every fault at once. Times and durations are integers of microseconds.
"""

from __future__ import annotations

import os
from typing import Any

import msgspec

from ccroute.types import (
    AttributeValue,
    ChangeOffers,
    ClosedAction,
    KeepsPlace,
    OfferMode,
    Order,
    PlanOn,
    PlanOnOverflow,
    Preempt,
    PreferredScope,
    PreferWho,
    RuleEnd,
    Victim,
)


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits and habits of the engine as a whole (``[engine]``)."""

    order: Order = Order.TIER
    """What goes first among pairs of contact and agent: ``tier``, or ``rank``, with which no queue may pre-empt."""
    retain_us: int = 300_000_000
    """How long ended contacts still answer queries, 0 to 90 days."""
    command_ids_max: int = 65_536
    """How many ``command_id`` are remembered, 0 to 1 000 000; the oldest is forgotten first."""
    jump_max_us: int | None = None
    """Longest step of time that a call may take, 1 µs to 90 days; None: any."""
    idle_grace_us: int = 300_000_000
    """An agent away longer than this comes back at the end of the idle order, 0 to 90 days."""
    classes_max: int = 16_384
    """Contact classes that may hold contacts at once, 1 to 65 536; past it, decisions take longer."""
    contacts_max: int = 1_000_000
    """Contacts inside and retained at once, 1 to 10 000 000."""
    agents_max: int = 100_000
    """Agents in the configuration, 1 to 1 000 000."""
    interval_us: int = 900_000_000
    """Length of the intervals of the statistics' series, 1 minute to 1 day."""


class Skill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Declares a skill (``[skills.<id>]``), so that requirements may name it before an agent has it."""


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A channel (``[channels.<id>]``). The ten built-in channels need no entry; a key left out keeps their default."""

    cost: int | None = None
    """Units a contact takes, 0 to 1 000 000. Default 100 for voice, video, callback and channels of the host's own;
    30 for chat, messenger, social and sms; 20 for email, fax and task."""
    live: bool | None = None
    """The customer is on the line. Default true for voice and video."""
    suspendable: bool | None = None
    """Work of this channel can be suspended. Default false where live, else true."""
    interrupts: list[str] = []
    """Suspendable channels whose offers and work give way to contacts of this one, of their own tier or higher; no
    channel comes back to itself this way."""
    away_after: int | None = None
    """Expired offers in a row after which an agent is away (``no_answer``), 0 (never) to 1 000.
    Default 1 where live, else 3."""


class Offer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a queue makes offers (``queues.<id>.offer``)."""

    mode: OfferMode = OfferMode.RING
    """``ring``: the agent accepts within the time-out. ``auto``: accepted at once. ``broadcast``: as ``ring``, but
    several agents at once. ``manual``: no offers but those that somebody assigns."""
    offer_timeout_us: int = 20_000_000
    """How long an offer rings, 1 µs to 90 days."""
    k: int = 1
    """Offers of one contact at once, 1 to 64; more than 1 only with ``broadcast``."""
    offers_min: int = 1
    """Agents that must be able to take a contact before the first offer of it, 1 to ``k``."""


class ServiceLevel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The promise to customers of a queue (``queues.<id>.service_level``)."""

    answered_within_us: int = 20_000_000
    """Wait that still keeps the promise, 0 to 90 days."""
    target: float = 0.8
    """Share of contacts for which it is to be kept, 0 to 1."""


class PlanStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A step of a plan (``queues.<id>.plan[i]``, and of a contact's own plan): when, if, and what then.

    Exactly one of ``after``, ``on`` and ``ahead`` says when. What else is not given, stays as it is.
    """

    after: int | None = None
    """Due so many microseconds after the contact entered the queue, 0 to 90 days."""
    on: PlanOn | None = None
    """Due when this happens."""
    ahead: int | None = None
    """Due at entry, where at least so many contacts stand before it in the queue, 1 to 1 000 000."""
    if_: str | None = None
    """Condition on contact, queue and now-figures without which it does not fire, also written ``if``; None: none."""
    channel: str | None = None
    """Channel from then on."""
    requires: str | None = None
    """Requirement that takes the place of the queue's, while the contact is in that queue."""
    tier: int | None = None
    """Tier from then on, signed 32-bit."""
    head_start_us: int | None = None
    """Head start from then on, ±90 days."""
    preferred: list[str] | None = None
    """Agents for whom the contact is kept from then on, at most 16."""
    preferred_wait_us: int | None = None
    """How long it is kept for them, 0 to 90 days."""
    preferred_scope: PreferredScope | None = None
    """Whether only those count who serve the queue."""
    preferred_requires: bool | None = None
    """Whether the requirement in force must hold for them."""
    excluded: list[str] | None = None
    """Agents not offered the contact from then on, at most 16."""
    scores: dict[str, int] | None = None
    """Scores of agents from then on, at most 128, each within ±(2⁵³−1)."""
    attributes: dict[str, AttributeValue] | None = None
    """Routing attributes from then on, at most 64."""
    cost: int | None = None
    """Units it takes from then on, 0 to 1 000 000."""
    keeps_place: KeepsPlace | None = None
    """Which place it takes, in the other queue or in the present one; None: as the other queue says, or no change."""
    queue: str | None = None
    """Overflow: the other queue that it goes to."""
    plan: PlanOnOverflow = PlanOnOverflow.RESTART
    """Whether this plan goes on there (``keep``) or that queue's begins; ``keep`` only with ``queue``."""
    offers: ChangeOffers = ChangeOffers.KEEP
    """What becomes of its pending offers."""
    report: str | None = None
    """Told to the host in ``ActionRequested``, 1 to 128 characters."""
    park: bool | int = False
    """Parks it, until it is unparked (true) or for so many microseconds, up to 90 days."""
    callback: bool = False
    """Leaves a callback in its place, and closes it."""
    end: RuleEnd | None = None
    """Ends it. At most one of ``park``, ``callback`` and ``end``; the latter two not with ``queue``."""


class Prefer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How contacts are kept for their preferred agents (``queues.<id>.prefer``), where they do not say themselves."""

    who: PreferWho = PreferWho.GIVEN
    """Tells the host which agents to name in ``preferred``; the engine does not read it."""
    wait_us: int = 30_000_000
    """How long, 0 (not at all) to 90 days."""
    scope: PreferredScope = PreferredScope.MEMBERS
    """Whether only those count who serve the queue."""
    requires: bool = True
    """Whether the requirement in force must hold for them."""
    wait_for_away: bool = False
    """Whether it is kept while they are all away."""
    waiting_max: int = 10
    """Contacts, of whatever queue, kept for one agent at once up to which this queue keeps another one, 1 to 1 000."""


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a queue is open (``queues.<id>.hours``): as people write it, and resolved to moments.

    The engine reads ``spans`` alone; ``ccroute.calendars`` fills them in.
    """

    zone: str = "UTC"
    """Time zone of ``open`` and ``holidays``, as in ``Europe/Berlin``."""
    open: str | list[str] = []
    """Weekly times, in words that ``ccroute.calendars`` reads; at most 128 texts."""
    holidays: str | list[str] | None = None
    """Days on which it is closed, in words that ``ccroute.calendars`` reads; at most 2 048 texts."""
    closed: ClosedAction = ClosedAction.WAIT
    """What becomes of contacts that come while it is closed."""
    queue: str | None = None
    """With ``overflow``: the other queue they go to."""
    plan: PlanOnOverflow = PlanOnOverflow.RESTART
    """With ``overflow``: whether the plan that the contact follows goes on there."""
    closes_waiting: bool = False
    """Whether contacts that wait when it closes are treated alike."""
    spans: list[tuple[int, int]] | None = None
    """Moments at which it opens and closes, ascending, not touching, at most 2 048 pairs; None: not resolved yet."""
    offsets: list[tuple[int, int]] = []
    """Moments from which the zone has another offset from UTC, with that offset in microseconds; ascending."""
    resolved_until_us: int | None = None
    """Moment up to which ``spans`` tell the hours."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many contacts may wait, and how long (``queues.<id>.limits``, and of a contact). None: no limit."""

    length: int | None = None
    """Contacts that wait in the queue besides a new one, 1 to 10 000 000."""
    in_queue_us: int | None = None
    """Time in the queue, 1 µs to 90 days."""
    ttl_us: int | None = None
    """Time since the contact was made or fell due, 1 µs to 90 days."""


class CallbackPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a queue treats callbacks (``queues.<id>.callback``)."""

    on_abandon: bool = False
    """A contact abandoned while it waits leaves a callback."""
    attempts_max: int = 3
    """Failed attempts after which it is dropped, 1 to 100."""
    retry_us: int = 900_000_000
    """Time from a failed attempt to the next, 0 to 90 days."""
    expires_us: int = 86_400_000_000
    """Time after which it is dropped unless an agent is at work on it, 1 µs to 90 days."""


class Queue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A queue (``[queues.<id>]``)."""

    requires: str | None = None
    """Requirement on agents, beside the contact's own."""
    members: str = "listed"
    """``listed``: agents that list the queue. ``all``: every agent, at rank 1 unless it lists another."""
    select: str | list[str] = "longest_idle"
    """Which of several agents: a short form, or a list of keys, each with ``asc`` or ``desc`` behind it where the
    natural direction is not meant."""
    order_list: list[str] = []
    """Agents in order, for the key ``listed``."""
    score: str | None = None
    """Integer expression over the agent, for the key ``score``."""
    offer: Offer = Offer()
    """How offers are made."""
    cost: int | None = None
    """Units a contact of this queue takes, 0 to 1 000 000, where neither contact nor agent × channel say; None: the
    channel's."""
    wrap_up_us: int | str = 0
    """Wrap-up after each leg, 0 to 90 days or ``"unlimited"``."""
    cooldown_us: int = 30_000_000
    """How long an agent that declined, let expire or gave away a contact is not offered it, 0 to 90 days."""
    offers_max_per_contact: int = 20
    """Offers of one contact after which ``OffersExhausted`` is told, 1 to 10 000."""
    away_after: int | None = None
    """Expired offers in a row after which an agent is away (``no_answer``), 0 (never) to 1 000; None: the channel's."""
    ageing: int = 1_000
    """Thousandths of a microsecond of credit per microsecond waited, ±1 000 000; −1 000 is last in, first out."""
    tier: int = 0
    """Tier of contacts that bring none."""
    head_start_us: int = 0
    """Head start of contacts that bring none, ±90 days."""
    overdue_after_us: int | None = None
    """Time in this queue after which a contact goes first within its tier, 1 µs to 90 days; None: never."""
    preempt: Preempt = Preempt.NEVER
    """What contacts of this queue may take from contacts of lower tier: nothing, ``offers``, or ``work`` too."""
    preempt_from: int = 1
    """Lowest tier of a contact that may."""
    victim: Victim = Victim.SUSPEND
    """What becomes of work they take: it stays with its agent (``suspend``) or goes back to its place (``requeue``)."""
    preempt_guard_us: int = 0
    """Offers and work younger than this are not taken, 0 to 90 days."""
    displaced_max: int = 2
    """Offers a contact of this queue can lose by pre-emption, 0 to 10 000; those after are safe."""
    displaced_work_max: int | None = None
    """How often work on a contact of this queue can be pre-empted, 0 to 10 000; None: without bound."""
    keeps_place: KeepsPlace = KeepsPlace.WAITED
    """Which place a contact transferred to this queue takes."""
    plan: list[PlanStep] = []
    """What happens to its contacts as they wait, at most 32 steps."""
    prefer: Prefer | None = None
    """How contacts are kept for their preferred agents; None: by the defaults."""
    hours: Hours | None = None
    """When it is open; None: always."""
    limits: Limits = Limits()
    """How many contacts may wait, and how long."""
    service_level: ServiceLevel = ServiceLevel()
    """The promise to customers."""
    callback: CallbackPolicy = CallbackPolicy()
    """How callbacks are treated."""
    attributes: dict[str, AttributeValue] = {}
    """Read by requirements as ``queue.attributes.<name>``, at most 64."""
    paused: bool = False
    """Makes no offers until opened."""
    draining: bool = False
    """Takes no new contacts; a queue that is removed with ``drain`` is so until it is empty."""


class AgentQueue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an agent serves a queue (``agents.<id>.queues.<queue>``); a bare number means its rank."""

    rank: int = 1
    """1 is own work, more is backup; 1 to 255."""
    after_us: int = 0
    """Serves the queue only for contacts that have been in it this long, 0 to 90 days; at most 16 different ones above
    0 among the agents of a queue."""


class AgentChannel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agent takes of a channel (``agents.<id>.channels.<channel>``)."""

    cost: int | None = None
    """Units a contact takes of this agent, 0 to 1 000 000; None: the queue's, else the channel's."""
    max: int | None = None
    """Contacts at once, 0 to 10 000; None: as many as the units allow."""
    blocked: bool = False
    """Takes none."""


class Agent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agent (``[agents.<id>]``)."""

    skills: dict[str, int] = {}
    """Level per skill, 1 to 100."""
    queues: dict[str, int | AgentQueue] = {}
    """Queues it serves."""
    capacity: int = 100
    """Units it has, 1 to 1 000 000."""
    reserve: dict[str, int] = {}
    """Units per channel that only this channel may use, 0 to 1 000 000; together at most ``capacity``."""
    channels: dict[str, AgentChannel] = {}
    """What it takes of single channels."""
    channels_closed: bool = False
    """True: takes only the channels listed in ``channels``."""
    offers_max: int = 1
    """Pending offers it takes at once, 1 to 64. Mode ``auto`` needs no place."""
    attributes: dict[str, AttributeValue] = {}
    """Read by requirements as ``agent.attributes.<name>``, at most 64."""
    lease_us: int | None = None
    """Silence after which it is taken for lost, 1 µs to 90 days; None: never."""
    lease_grace_us: int = 30_000_000
    """Time from then until its work on channels that are not live goes back to its place, 0 to 90 days."""
    draining: bool = False
    """Goes offline when its work ends; an agent that is removed with ``drain`` is so until then."""


class RecordPriority(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a priority of a call record means (``[records.priorities] 2 = {…}``)."""

    tier: int = 0
    """Tier of its calls."""
    head_start_us: int = 0
    """Head start of its calls, ±90 days."""


class Records(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How ``ccroute replay`` reads call records (``[records]``)."""

    priorities: dict[str, RecordPriority] = {}
    """By the priority column's value; a value not named means tier 0 without head start."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole contact centre. Read one with ``from_toml``, ``from_json`` or ``from_dict``, which check it whole."""

    engine: EngineSettings = EngineSettings()
    """Limits and habits of the engine as a whole."""
    skills: dict[str, Skill] = {}
    """Declared skills."""
    channels: dict[str, Channel] = {}
    """Channels of the host's own, and other defaults for built-in ones."""
    queues: dict[str, Queue] = {}
    """Queues, in order of creation."""
    agents: dict[str, Agent] = {}
    """Agents, in order of creation: the last tie-break of every choice."""
    records: Records = Records()
    """How call records are read."""

    # Reading knows these structs, so they can know it only once both are there.

    @classmethod
    def from_toml(cls, text: str) -> Config:
        """Return the configuration in TOML ``text``; see :func:`ccroute.config.reading.from_toml`.

        :raises ConfigError: with every fault of the text.
        """
        from ccroute.config.reading import from_toml

        return from_toml(text)

    @classmethod
    def from_json(cls, text: str | bytes) -> Config:
        """Return the configuration in JSON ``text``; see :func:`ccroute.config.reading.from_json`.

        :raises ConfigError: with every fault of the text.
        """
        from ccroute.config.reading import from_json

        return from_json(text)

    @classmethod
    def from_dict(cls, mapping: dict[str, Any]) -> Config:
        """Return the configuration in ``mapping``; see :func:`ccroute.config.reading.from_dict`.

        :raises ConfigError: with every fault of the mapping.
        """
        from ccroute.config.reading import from_dict

        return from_dict(mapping)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Config:
        """Return the configuration in a ``.toml`` or ``.json`` file; see :func:`ccroute.config.reading.from_file`.

        :raises ConfigError: with every fault of the file, also where it cannot be read.
        """
        from ccroute.config.reading import from_file

        return from_file(path)
