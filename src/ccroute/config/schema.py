"""Which rule each key of a configuration follows: the ranges of :mod:`ccroute.config.structs`, once, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ccroute.config.plan_rules import (
    AgentIds,
    Declared,
    Listing,
    Name,
    Offsets,
    OrNone,
    OtherQueue,
    Park,
    Spans,
    Texts,
)
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
    CallbackPolicy,
    Channel,
    Config,
    EngineSettings,
    Hours,
    Limits,
    Offer,
    PlanStep,
    Prefer,
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
    EXCLUDED_MAX,
    HOURS_SPANS_MAX,
    OFFERS_K_MAX,
    PLAN_AHEAD_MAX,
    PLAN_STEPS_MAX,
    PREFERRED_MAX,
    QUEUES_MAX,
    RANK_MAX,
    SCORE_MAX,
    SCORES_MAX,
    SKILL_LEVEL_MAX,
    TIER_MAX,
    TIER_MIN,
    TIME_US_MAX,
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
    SelectKey,
    Victim,
)

__all__ = ["CONFIG", "SECTIONS"]

CHANNEL_CONTACTS_MAX: Final = 10_000
AGENT_OFFERS_MAX: Final = 64
AWAY_AFTER_MAX: Final = 1_000
OFFERS_PER_CONTACT_MAX: Final = 10_000
DISPLACED_MAX: Final = 10_000
PREFERRED_WAITING_MAX: Final = 1_000
ATTEMPTS_MAX: Final = 100
OPEN_TEXTS_MAX: Final = 128
INTERVAL_US_MIN: Final = 60 * 1_000_000
INTERVAL_US_MAX: Final = 24 * 3600 * 1_000_000

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


_STEP_PATCH: Final = (
    *("channel", "requires", "tier", "head_start_us", "preferred", "preferred_wait_us", "preferred_scope"),
    *("preferred_requires", "excluded", "scores", "attributes", "cost", "keeps_place", "queue"),
)
_STEP_WHENS: Final = ("after", "on", "ahead")


def _step_is_whole(step: Mapping[str, Any], path: Path, reader: Reader) -> None:
    whens = [name for name in _STEP_WHENS if step.get(name) is not None]
    if len(whens) != 1:
        told = " and ".join(whens) or "none"
        reader.fault(path, f"must say when by exactly one of after, on and ahead, was {told}")
    acts = [name for name in ("park", "callback", "end") if _is_said(step.get(name))]
    if len(acts) > 1:
        reader.fault((path, acts[1]), f"must be left out where {acts[0]} is given")
    if not acts and step.get("report") is None and all(step.get(name) is None for name in _STEP_PATCH):
        reader.fault(path, "must patch a field or do something, did neither")
    if step.get("queue") is not None:
        for name in acts:
            if name != "park":
                reader.fault((path, name), "must be left out where queue is given")
    elif step.get("plan") is PlanOnOverflow.KEEP:
        reader.fault((path, "plan"), "must be left out where no queue is given")


def _is_said(value: object) -> bool:
    return value is not None and value is not False


def _hours_lead_away(hours: Mapping[str, Any], path: Path, reader: Reader) -> None:
    queue, closed = hours.get("queue"), hours.get("closed", ClosedAction.WAIT)
    if closed is ClosedAction.OVERFLOW and queue is None:
        reader.fault((path, "queue"), 'must be given where closed is "overflow"')
    elif type(closed) is ClosedAction and closed is not ClosedAction.OVERFLOW:
        if type(queue) is str:
            reader.fault((path, "queue"), f'must be left out where closed is not "overflow", was {quoted(queue)}')
        if hours.get("plan") is PlanOnOverflow.KEEP:
            reader.fault((path, "plan"), 'must be left out where closed is not "overflow"')


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
        "interval_us": Duration(INTERVAL_US_MIN, INTERVAL_US_MAX),
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
_PLAN_STEP: Final = Section(
    PlanStep,
    {
        "after": Duration(0, DURATION_US_MAX, optional=True),
        "on": Choice(PlanOn, PlanOn, optional=True),
        "ahead": Integer(1, PLAN_AHEAD_MAX, optional=True),
        "if_": Expression("if_"),
        "channel": OrNone(Declared(Kind.CHANNEL)),
        "requires": Expression("requires"),
        "tier": Integer(TIER_MIN, TIER_MAX, optional=True),
        "head_start_us": Duration(-DURATION_US_MAX, DURATION_US_MAX, optional=True),
        "preferred": AgentIds(PREFERRED_MAX),
        "preferred_wait_us": Duration(0, DURATION_US_MAX, optional=True),
        "preferred_scope": Choice(PreferredScope, PreferredScope, optional=True),
        "preferred_requires": Boolean(optional=True),
        "excluded": AgentIds(EXCLUDED_MAX),
        "scores": OrNone(Table(Known(Kind.AGENT), Integer(-SCORE_MAX, SCORE_MAX), count_max=SCORES_MAX)),
        "attributes": OrNone(ATTRIBUTES),
        "cost": _cost,
        "keeps_place": Choice(KeepsPlace, KeepsPlace, optional=True),
        "queue": OtherQueue(3),
        "plan": Choice(PlanOnOverflow, PlanOnOverflow),
        "offers": Choice(ChangeOffers, ChangeOffers),
        "report": Name(),
        "park": Park(),
        "callback": Boolean(),
        "end": Choice(RuleEnd, RuleEnd, optional=True),
    },
    also=_step_is_whole,
)
_PREFER: Final = Section(
    Prefer,
    {
        "who": Choice(PreferWho, PreferWho),
        "wait_us": _duration,
        "scope": Choice(PreferredScope, PreferredScope),
        "requires": Boolean(),
        "wait_for_away": Boolean(),
        "waiting_max": Integer(1, PREFERRED_WAITING_MAX),
    },
)
_HOURS: Final = Section(
    Hours,
    {
        "zone": Name(optional=False),
        "open": Texts(count_max=OPEN_TEXTS_MAX),
        "holidays": Texts(count_max=HOURS_SPANS_MAX, optional=True),
        "closed": Choice(ClosedAction, ClosedAction),
        "queue": OtherQueue(2),
        "plan": Choice(PlanOnOverflow, PlanOnOverflow),
        "closes_waiting": Boolean(),
        "spans": Spans(),
        "offsets": Offsets(),
        "resolved_until_us": Integer(0, TIME_US_MAX, optional=True),
    },
    also=_hours_lead_away,
)
_LIMITS: Final = Section(
    Limits,
    {
        "length": Integer(1, CONTACTS_LIMIT, optional=True),
        "in_queue_us": _duration_or_none,
        "ttl_us": _duration_or_none,
    },
)
_CALLBACK: Final = Section(
    CallbackPolicy,
    {
        "on_abandon": Boolean(),
        "attempts_max": Integer(1, ATTEMPTS_MAX),
        "retry_us": _duration,
        "expires_us": Duration(1, DURATION_US_MAX),
    },
)
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
        "plan": Listing(_PLAN_STEP, count_max=PLAN_STEPS_MAX),
        "prefer": OrNone(_PREFER),
        "hours": OrNone(_HOURS),
        "limits": _LIMITS,
        "service_level": _SERVICE_LEVEL,
        "callback": _CALLBACK,
        "attributes": ATTRIBUTES,
        "paused": Boolean(),
        "draining": Boolean(),
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
        "lease_us": _duration_or_none,
        "lease_grace_us": _duration,
        "draining": Boolean(),
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
    _PLAN_STEP,
    _PREFER,
    _HOURS,
    _LIMITS,
    _SERVICE_LEVEL,
    _CALLBACK,
    _AGENT,
    _AGENT_QUEUE,
    _AGENT_CHANNEL,
    _RECORDS,
    _RECORD_PRIORITY,
)
"""Every section, for documentation and tests."""
