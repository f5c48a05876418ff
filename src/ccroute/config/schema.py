"""Which rule each key of a configuration follows: the ranges of :mod:`ccroute.config.structs`, once, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ccroute.config.reader import Path, Reader, quoted
from ccroute.config.rules import (
    ATTRIBUTES,
    Boolean,
    Choice,
    Digits,
    Duration,
    Expression,
    Id,
    Integer,
    Interrupts,
    Known,
    OrderList,
    RankOr,
    Section,
    Select,
    Share,
    Table,
)
from ccroute.config.selection import read_select_key
from ccroute.config.structs import (
    Agent,
    AgentChannel,
    AgentQueue,
    Channel,
    Config,
    EngineSettings,
    Offer,
    Queue,
    RecordPriority,
    Records,
    ServiceLevel,
    Skill,
)
from ccroute.config.surroundings import Kind
from ccroute.types import (
    AGEING_MAX,
    AGENTS_LIMIT,
    CAPACITY_MAX,
    CLASSES_LIMIT,
    COMMAND_IDS_LIMIT,
    CONTACTS_LIMIT,
    COST_MAX,
    DURATION_US_MAX,
    OFFERS_K_MAX,
    QUEUES_MAX,
    RANK_MAX,
    SKILL_LEVEL_MAX,
    TIER_MAX,
    TIER_MIN,
    KeepsPlace,
    OfferMode,
    Order,
    Preempt,
    SelectKey,
    Victim,
)

__all__ = ["CONFIG", "SECTIONS"]

CHANNEL_CONTACTS_MAX: Final = 10_000
AGENT_OFFERS_MAX: Final = 64
AWAY_AFTER_MAX: Final = 1_000
OFFERS_PER_CONTACT_MAX: Final = 10_000
DISPLACED_MAX: Final = 10_000

_cost = Integer(0, COST_MAX, optional=True)
_away_after = Integer(0, AWAY_AFTER_MAX, optional=True)
_duration = Duration(0, DURATION_US_MAX)
_duration_or_none = Duration(1, DURATION_US_MAX, optional=True)
_head_start = Duration(-DURATION_US_MAX, DURATION_US_MAX)
_tier = Integer(TIER_MIN, TIER_MAX)
_rank = Integer(1, RANK_MAX)


def _score_is_there(queue: Mapping[str, Any], path: Path, reader: Reader) -> None:
    keys = queue.get("select")
    if type(keys) is not list or queue.get("score") is not None:
        return
    for index, text in enumerate(keys):
        key = read_select_key(text) if type(text) is str else None
        if key is not None and key[0] is SelectKey.SCORE:
            reader.fault(((path, "select"), index), "needs the queue's score, which is not set")


def _only_tier_preempts(queue: Mapping[str, Any], path: Path, reader: Reader) -> None:
    preempt = queue.get("preempt")
    if reader.around.is_rank_first and type(preempt) is Preempt and preempt is not Preempt.NEVER:
        reader.fault((path, "preempt"), f'must be "never" where engine.order is "rank", was {quoted(preempt)}')


def _check_queue(queue: Mapping[str, Any], path: Path, reader: Reader) -> None:
    _score_is_there(queue, path, reader)
    _only_tier_preempts(queue, path, reader)


def _only_broadcast_counts(offer: Mapping[str, Any], path: Path, reader: Reader) -> None:
    mode = offer.get("mode", Offer().mode)
    k, offers_min = offer.get("k", 1), offer.get("offers_min", 1)
    if type(mode) is OfferMode and mode is not OfferMode.BROADCAST:
        for name, value in (("k", k), ("offers_min", offers_min)):
            if _is_in(value, 2, OFFERS_K_MAX):
                reader.fault((path, name), f'must be 1 where the mode is not "broadcast", was {value}')
    elif _is_in(k, 1, OFFERS_K_MAX) and _is_in(offers_min, k + 1, OFFERS_K_MAX):
        reader.fault((path, "offers_min"), f"must be at most k ({k}), was {offers_min}")


def _reserve_fits(agent: Mapping[str, Any], path: Path, reader: Reader) -> None:
    reserve, capacity = agent.get("reserve"), agent.get("capacity", Agent().capacity)
    if type(reserve) is not dict or not _is_in(capacity, 1, CAPACITY_MAX):
        return
    total = sum(units for units in reserve.values() if _is_in(units, 0, CAPACITY_MAX))
    if total > capacity:
        reader.fault((path, "reserve"), f"must be together at most capacity ({capacity}), were {total}")


def _is_in(value: object, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


_ENGINE: Final = Section(
    EngineSettings,
    {
        "order": Choice(Order, Order),
        "retain_us": _duration,
        "command_ids_max": Integer(0, COMMAND_IDS_LIMIT),
        "jump_max_us": _duration_or_none,
        "idle_grace_us": _duration,
        "classes_max": Integer(1, CLASSES_LIMIT),
        "contacts_max": Integer(1, CONTACTS_LIMIT),
        "agents_max": Integer(1, AGENTS_LIMIT),
    },
)
_SKILL: Final = Section(Skill, {})
_CHANNEL: Final = Section(
    Channel,
    {
        "cost": _cost,
        "live": Boolean(optional=True),
        "suspendable": Boolean(optional=True),
        "interrupts": Interrupts(),
        "away_after": _away_after,
    },
)
_OFFER: Final = Section(
    Offer,
    {
        "mode": Choice(OfferMode, OfferMode),
        "offer_timeout_us": Duration(1, DURATION_US_MAX),
        "k": Integer(1, OFFERS_K_MAX),
        "offers_min": Integer(1, OFFERS_K_MAX),
    },
    also=_only_broadcast_counts,
)
_SERVICE_LEVEL: Final = Section(ServiceLevel, {"answered_within_us": _duration, "target": Share()})
_QUEUE: Final = Section(
    Queue,
    {
        "requires": Expression("requires"),
        "members": Choice(("listed", "all")),
        "select": Select(),
        "order_list": OrderList(),
        "score": Expression("score"),
        "offer": _OFFER,
        "cost": _cost,
        "wrap_up_us": Duration(0, DURATION_US_MAX, unlimited=True),
        "cooldown_us": _duration,
        "offers_max_per_contact": Integer(1, OFFERS_PER_CONTACT_MAX),
        "away_after": _away_after,
        "ageing": Integer(-AGEING_MAX, AGEING_MAX),
        "tier": _tier,
        "head_start_us": _head_start,
        "overdue_after_us": _duration_or_none,
        "preempt": Choice(Preempt, Preempt),
        "preempt_from": _tier,
        "victim": Choice(Victim, Victim),
        "preempt_guard_us": _duration,
        "displaced_max": Integer(0, DISPLACED_MAX),
        "displaced_work_max": Integer(0, DISPLACED_MAX, optional=True),
        "keeps_place": Choice(KeepsPlace, KeepsPlace),
        "service_level": _SERVICE_LEVEL,
        "attributes": ATTRIBUTES,
        "paused": Boolean(),
    },
    also=_check_queue,
)
_AGENT_QUEUE: Final = Section(AgentQueue, {"rank": _rank, "after_us": _duration})
_AGENT_CHANNEL: Final = Section(
    AgentChannel,
    {"cost": _cost, "max": Integer(0, CHANNEL_CONTACTS_MAX, optional=True), "blocked": Boolean()},
)
_AGENT: Final = Section(
    Agent,
    {
        "skills": Table(Id(), Integer(1, SKILL_LEVEL_MAX)),
        "queues": Table(Known(Kind.QUEUE), RankOr(_rank, _AGENT_QUEUE)),
        "capacity": Integer(1, CAPACITY_MAX),
        "reserve": Table(Known(Kind.CHANNEL), Integer(0, CAPACITY_MAX)),
        "channels": Table(Known(Kind.CHANNEL), _AGENT_CHANNEL),
        "channels_closed": Boolean(),
        "offers_max": Integer(1, AGENT_OFFERS_MAX),
        "attributes": ATTRIBUTES,
    },
    also=_reserve_fits,
)
_RECORD_PRIORITY: Final = Section(RecordPriority, {"tier": _tier, "head_start_us": _head_start})
_RECORDS: Final = Section(Records, {"priorities": Table(Digits(), _RECORD_PRIORITY)})

CONFIG: Final = Section(
    Config,
    {
        "engine": _ENGINE,
        "skills": Table(Id(), _SKILL),
        "channels": Table(Id(), _CHANNEL),
        "queues": Table(Id(), _QUEUE, count_max=QUEUES_MAX),
        "agents": Table(Id(), _AGENT),
        "records": _RECORDS,
    },
)
"""A whole configuration."""

SECTIONS: Final = (
    CONFIG,
    _ENGINE,
    _SKILL,
    _CHANNEL,
    _QUEUE,
    _OFFER,
    _SERVICE_LEVEL,
    _AGENT,
    _AGENT_QUEUE,
    _AGENT_CHANNEL,
    _RECORDS,
    _RECORD_PRIORITY,
)
"""Every section, for documentation and tests."""
