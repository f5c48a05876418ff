"""Strategies for configurations without faults, and for tables that may have any."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import strategies as st

from ccroute.config import (
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
    resolved_channels,
)
from ccroute.types import (
    DURATION_US_MAX,
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

IDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
DECIMALS = st.integers(-(2**53) + 1, 2**53 - 1).map(lambda millionths: Decimal(millionths).scaleb(-6))
ATTRIBUTE_VALUES = st.booleans() | TEXTS | st.integers(-(2**63), 2**63 - 1) | DECIMALS | st.lists(TEXTS, max_size=3)
ATTRIBUTES = st.dictionaries(IDS, ATTRIBUTE_VALUES, max_size=3)
DURATIONS = st.integers(0, DURATION_US_MAX)
DURATIONS_OR_NONE = st.none() | st.integers(1, DURATION_US_MAX)
HEAD_STARTS = st.integers(-DURATION_US_MAX, DURATION_US_MAX)
TIERS = st.integers(-(2**31), 2**31 - 1)
COSTS = st.none() | st.integers(0, 1_000_000)
AWAY_AFTERS = st.none() | st.integers(0, 1_000)
SHORT_FORMS = ("longest_idle", "least_loaded", "most_skilled", "least_skilled", "round_robin", "best_score")

ENGINES = st.builds(
    EngineSettings,
    order=st.sampled_from(Order),
    retain_us=DURATIONS,
    command_ids_max=st.integers(0, 1_000_000),
    jump_max_us=st.none() | st.integers(1, DURATION_US_MAX),
    idle_grace_us=DURATIONS,
    classes_max=st.integers(1, 65_536),
    contacts_max=st.integers(1, 10_000_000),
    agents_max=st.integers(1_000, 1_000_000),
    interval_us=st.integers(60_000_000, 86_400_000_000),
)
FLAGS_OR_NONE = st.none() | st.booleans()
CHANNELS = st.builds(Channel, cost=COSTS, live=FLAGS_OR_NONE, suspendable=FLAGS_OR_NONE, away_after=AWAY_AFTERS)
RING_OFFERS = st.builds(
    Offer,
    mode=st.sampled_from([mode for mode in OfferMode if mode is not OfferMode.BROADCAST]),
    offer_timeout_us=st.integers(1, DURATION_US_MAX),
)


@st.composite
def broadcast_offers(draw: st.DrawFn) -> Offer:
    """Return ways to offer to several agents at once, without faults."""
    k = draw(st.integers(1, 64))
    return Offer(
        mode=OfferMode.BROADCAST,
        offer_timeout_us=draw(st.integers(1, DURATION_US_MAX)),
        k=k,
        offers_min=draw(st.integers(1, k)),
    )


@st.composite
def channels(draw: st.DrawFn) -> dict[str, Channel]:
    """Return channels without faults: each interrupts only such as come later in some order of all."""
    declared = {"pigeon": draw(CHANNELS), **draw(st.dictionaries(IDS | st.just("voice"), CHANNELS, max_size=3))}
    resolved = resolved_channels(Config(channels=declared))
    order = draw(st.permutations(list(resolved)))
    later = {id_: [other for other in order[at + 1 :] if resolved[other].suspendable] for at, id_ in enumerate(order)}
    return {
        id_: msgspec.structs.replace(
            channel,
            interrupts=draw(st.lists(st.sampled_from(later[id_]), max_size=4, unique=True)) if later[id_] else [],
        )
        for id_, channel in declared.items()
    }


def _select_keys(key: SelectKey) -> st.SearchStrategy[str]:
    return st.sampled_from([str(key), f"{key} asc", f"{key} desc"])


LIMITS = st.builds(
    Limits,
    length=st.none() | st.integers(1, 10_000_000),
    in_queue_us=DURATIONS_OR_NONE,
    ttl_us=DURATIONS_OR_NONE,
)
PREFERS = st.builds(
    Prefer,
    who=st.sampled_from(PreferWho),
    wait_us=DURATIONS,
    scope=st.sampled_from(PreferredScope),
    requires=st.booleans(),
    wait_for_away=st.booleans(),
    waiting_max=st.integers(1, 1_000),
)
CALLBACKS = st.builds(
    CallbackPolicy,
    on_abandon=st.booleans(),
    attempts_max=st.integers(1, 100),
    retry_us=DURATIONS,
    expires_us=st.integers(1, DURATION_US_MAX),
)
MOMENTS = st.integers(0, TIME_US_MAX)


@st.composite
def plan_steps(draw: st.DrawFn, agents: list[str], others: list[str]) -> PlanStep:
    """Return steps without faults in a centre with these agents, which may lead to these queues."""
    some_agents = st.none() | (st.lists(st.sampled_from(agents), unique=True) if agents else st.just([]))
    whens = {"after": DURATIONS, "on": st.sampled_from(PlanOn), "ahead": st.integers(1, 1_000_000)}
    when = draw(st.sampled_from(list(whens)))
    queue = draw(st.none() | st.sampled_from(others)) if others else None
    acts = {"park": st.just(True) | st.integers(1, DURATION_US_MAX)}
    if queue is None:
        acts |= {"callback": st.just(True), "end": st.sampled_from(RuleEnd)}
    act = draw(st.none() | st.sampled_from(list(acts)))
    given = {when: draw(whens[when])} | ({} if act is None else {act: draw(acts[act])})
    return PlanStep(
        if_=draw(st.none() | st.just("queue.waiting > 5")),
        channel=draw(st.none() | st.sampled_from(["voice", "pigeon"])),
        requires=draw(st.none() | st.just("agent.skills.known >= 10")),
        tier=draw(st.none() | TIERS),
        head_start_us=draw(st.none() | HEAD_STARTS),
        preferred=draw(some_agents),
        preferred_wait_us=draw(st.none() | DURATIONS),
        preferred_scope=draw(st.none() | st.sampled_from(PreferredScope)),
        preferred_requires=draw(FLAGS_OR_NONE),
        excluded=draw(some_agents),
        scores=draw(st.none() | (st.dictionaries(st.sampled_from(agents), TIERS) if agents else st.just({}))),
        attributes=draw(st.none() | ATTRIBUTES),
        cost=draw(COSTS),
        keeps_place=draw(st.none() | st.sampled_from(KeepsPlace)),
        queue=queue,
        plan=PlanOnOverflow.RESTART if queue is None else draw(st.sampled_from(PlanOnOverflow)),
        offers=draw(st.sampled_from(ChangeOffers)),
        report=draw(st.just("x") | IDS),
        **given,
    )


@st.composite
def hours(draw: st.DrawFn, others: list[str]) -> Hours:
    """Return resolved hours without faults, which may lead to these queues."""
    moments = sorted(draw(st.lists(MOMENTS, max_size=6, unique=True)))
    closed = draw(st.sampled_from([one for one in ClosedAction if others or one is not ClosedAction.OVERFLOW]))
    leads = closed is ClosedAction.OVERFLOW
    return Hours(
        zone=draw(IDS),
        open=draw(TEXTS | st.lists(TEXTS, max_size=3)),
        holidays=draw(st.none() | TEXTS | st.lists(TEXTS, max_size=3)),
        closed=closed,
        queue=draw(st.sampled_from(others)) if leads else None,
        plan=draw(st.sampled_from(PlanOnOverflow)) if leads else PlanOnOverflow.RESTART,
        closes_waiting=draw(st.booleans()),
        spans=list(zip(moments[::2], moments[1::2], strict=False)),
        offsets=[(moment, draw(st.integers(-86_399_999_999, 86_399_999_999))) for moment in moments],
        resolved_until_us=draw(st.none() | MOMENTS),
    )


def queues(agents: list[str], order: Order, others: list[str]) -> st.SearchStrategy[Queue]:
    """Return queues without faults in a centre with these agents and this order, which may lead to these queues."""
    keys = st.lists(st.sampled_from([key for key in SelectKey if key is not SelectKey.SCORE]), min_size=1, unique=True)
    return st.builds(
        Queue,
        requires=st.none() | st.just("agent.skills.known >= 30"),
        members=st.sampled_from(["listed", "all"]),
        select=st.sampled_from(SHORT_FORMS) | keys.flatmap(lambda some: st.tuples(*map(_select_keys, some)).map(list)),
        order_list=st.lists(st.sampled_from(agents), unique=True) if agents else st.just([]),
        score=st.none() | st.just("agent.skills.known * 2"),
        offer=RING_OFFERS | broadcast_offers(),
        cost=COSTS,
        wrap_up_us=DURATIONS | st.just("unlimited"),
        cooldown_us=DURATIONS,
        offers_max_per_contact=st.integers(1, 10_000),
        away_after=AWAY_AFTERS,
        ageing=st.integers(-1_000_000, 1_000_000),
        tier=TIERS,
        head_start_us=HEAD_STARTS,
        overdue_after_us=st.none() | st.integers(1, DURATION_US_MAX),
        preempt=st.just(Preempt.NEVER) if order is Order.RANK else st.sampled_from(Preempt),
        preempt_from=TIERS,
        victim=st.sampled_from(Victim),
        preempt_guard_us=DURATIONS,
        displaced_max=st.integers(0, 10_000),
        displaced_work_max=st.none() | st.integers(0, 10_000),
        keeps_place=st.sampled_from(KeepsPlace),
        plan=st.lists(plan_steps(agents, others), max_size=2),
        prefer=st.none() | PREFERS,
        hours=st.none() | hours(others),
        limits=LIMITS,
        callback=CALLBACKS,
        service_level=st.builds(ServiceLevel, answered_within_us=DURATIONS, target=st.floats(0, 1)),
        attributes=ATTRIBUTES,
        paused=st.booleans(),
    )


def agents(queue_ids: list[str]) -> st.SearchStrategy[Agent]:
    """Return agents without faults in a centre with these queues."""
    rank = st.integers(1, 255)
    serves = rank | st.builds(AgentQueue, rank=rank, after_us=DURATIONS)
    takes = st.builds(AgentChannel, cost=COSTS, max=st.none() | st.integers(0, 10_000), blocked=st.booleans())
    return st.builds(
        Agent,
        skills=st.dictionaries(IDS, st.integers(1, 100), max_size=3),
        queues=st.dictionaries(st.sampled_from(queue_ids), serves, max_size=3) if queue_ids else st.just({}),
        capacity=st.integers(60, 1_000_000),
        reserve=st.dictionaries(st.sampled_from(["voice", "chat", "pigeon"]), st.integers(0, 20), max_size=3),
        channels=st.dictionaries(st.sampled_from(["voice", "chat", "pigeon"]), takes, max_size=2),
        channels_closed=st.booleans(),
        offers_max=st.integers(1, 64),
        attributes=ATTRIBUTES,
        lease_us=DURATIONS_OR_NONE,
        lease_grace_us=DURATIONS,
        draining=st.booleans(),
    )


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Return configurations without faults."""
    engine = draw(ENGINES)
    queue_ids = draw(st.lists(IDS, max_size=3, unique=True))
    agent_ids = draw(st.lists(IDS, max_size=3, unique=True))
    priorities = st.dictionaries(
        st.text("0123456789", min_size=1, max_size=3),
        st.builds(RecordPriority, tier=TIERS, head_start_us=HEAD_STARTS),
        max_size=2,
    )
    return Config(
        engine=engine,
        skills={"known": Skill()},
        channels=draw(channels()),
        queues={id_: draw(queues(agent_ids, engine.order, queue_ids[at + 1 :])) for at, id_ in enumerate(queue_ids)},
        agents={id_: draw(agents(queue_ids)) for id_ in agent_ids},
        records=Records(priorities=draw(priorities)),
    )


KEYS = st.sampled_from(
    (
        *("engine", "skills", "channels", "queues", "agents", "records", "priorities", "offer", "service_level"),
        *("requires", "select", "score", "order_list", "attributes", "wrap_up", "wrap_up_us", "target", "rank"),
        *("plan", "hours", "limits", "prefer", "callback", "if", "queue", "park", "spans", "on", "report"),
        *("order", "preempt", "interrupts", "suspendable", "reserve", "capacity", "k", "offers_min", "after", "live"),
        *("voice", "7", "a", "mode", "", "a.b", "\ud800", "\x00", "ä", "x" * 200),
    )
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=4)
    | st.sampled_from(["20s", "unlimited", "best_score", "idle desc", "agent.skills.x > 1", "\ud800", "9" * 400])
    | st.sampled_from(["rank", "work", "broadcast", "chat"])
)
ANY_TABLES = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.integers(), inner, max_size=4),
        max_leaves=12,
    ),
    max_size=4,
)
"""Tables as a JSON or TOML text might hold them, and worse, mostly with faults."""
