"""The configuration as frozen structs, every default in one place.

A struct that was built in Python has not been checked; :func:`ccroute.config.check` and :class:`ccroute.Engine` do that
and tell every fault at once. Times and durations are integers of microseconds.
"""

from __future__ import annotations

import os
from typing import Any

import msgspec

from ccroute.types import AttributeValue, KeepsPlace, OfferMode, Order, Preempt, Victim


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
    service_level: ServiceLevel = ServiceLevel()
    """The promise to customers."""
    attributes: dict[str, AttributeValue] = {}
    """Read by requirements as ``queue.attributes.<name>``, at most 64."""
    paused: bool = False
    """Makes no offers until opened."""


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
