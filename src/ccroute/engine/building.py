"""From a configuration to a floor: every name gets its slot, in the order of the configuration."""

from __future__ import annotations

from typing import Final

from ccroute.config import (
    Agent,
    AgentChannel,
    AgentQueue,
    Config,
    Prefer,
    Queue,
    ResolvedChannel,
    check,
    resolve_select,
    resolved_channels,
    to_json,
    unresolved,
)
from ccroute.core.acd import Acd
from ccroute.engine.classes import Classes
from ccroute.engine.names import Names
from ccroute.engine.plans import Plans
from ccroute.engine.profiles import Profiles, Service
from ccroute.errors import ConfigError
from ccroute.requirement import AgentView
from ccroute.types import (
    UNLIMITED,
    ClosedAction,
    KeepsPlace,
    OfferMode,
    Order,
    PlanOnOverflow,
    Preempt,
    PreferredScope,
    SelectKey,
    Victim,
)

__all__ = ["build", "rule_queue"]

CALLBACK: Final = "callback"
"""The channel of callbacks."""

_UNLISTED: Final = 2**31 - 1
_KEY_CODES: Final = {
    SelectKey.IDLE: 0,
    SelectKey.LOAD: 1,
    SelectKey.LAST_OFFER: 2,
    SelectKey.HANDLED: 3,
    SelectKey.SKILL_SUM: 4,
    SelectKey.SCORE: 5,
    SelectKey.LISTED: 6,
    SelectKey.GIVEN_SCORE: 7,
}
_PLACE_CODES: Final = {KeepsPlace.WAITED: 0, KeepsPlace.AGE: 1, KeepsPlace.NONE: 2}
_MODE_CODES: Final = {mode: code for code, mode in enumerate(OfferMode)}
_CLOSED_CODES: Final = {action: code for code, action in enumerate(ClosedAction)}
_PREEMPT_CODES: Final = {preempt: code for code, preempt in enumerate(Preempt)}
_Select = tuple[tuple[int, ...], tuple[bool, ...], tuple[int, ...] | None]
_IDLE: Final[_Select] = ((0,), (False,), None)


def build(config: Config) -> Names:
    """Return the floor of a configuration under its names.

    :raises ConfigError: it has faults.
    """
    faults = check(config) or unresolved(config)
    if faults:
        raise ConfigError(faults)
    # The engine keeps a copy, so that nobody can change what was checked.
    config = Config.from_json(to_json(config))
    channels = resolved_channels(config)
    selects = _selects(config)
    acd = Acd(
        channels=_channels(channels),
        selects=list(selects),
        contacts_max=config.engine.contacts_max,
        agents_max=config.engine.agents_max,
        classes_max=config.engine.classes_max,
        idle_grace_us=config.engine.idle_grace_us,
        retain_us=config.engine.retain_us,
        ranks_first=config.engine.order is Order.RANK,
    )
    numbers = {select: number for number, select in enumerate(selects)}
    agent_slots = {id_: slot for slot, id_ in enumerate(config.agents)}
    for queue in config.queues.values():
        _add_queue(acd, queue, numbers[_select(queue, agent_slots)])
    plans = Plans(acd, {id_: slot for slot, id_ in enumerate(config.queues)})
    for slot, queue in enumerate(config.queues.values()):
        rule_queue(acd, plans, config, slot, queue)
    views = [_view(id_, agent) for id_, agent in config.agents.items()]
    profiles = Profiles(acd, views, _services(config))
    _add_agents(acd, config, channels, profiles)
    classes = Classes(acd, config, views, profiles, list(channels))
    return Names(acd, config, classes, plans, list(config.queues), list(channels), list(config.agents))


def _channels(channels: dict[str, ResolvedChannel]) -> list[tuple[int, int, bool, int, bool, bool]]:
    """Return what the core wants to know of each channel; whom it interrupts as a bit per channel."""
    bits = {id_: 1 << number for number, id_ in enumerate(channels)}
    return [
        (
            channel.cost,
            channel.away_after,
            channel.suspendable,
            sum(bits[one] for one in dict.fromkeys(channel.interrupts)),
            channel.live,
            id_ == CALLBACK,
        )
        for id_, channel in channels.items()
    ]


def _select(queue: Queue, agent_slots: dict[str, int]) -> _Select:
    keys = resolve_select(queue)
    listed = None
    if any(key is SelectKey.LISTED for key, _ in keys):
        positions = [_UNLISTED] * len(agent_slots)
        for position, agent in enumerate(queue.order_list):
            positions[agent_slots[agent]] = position
        listed = tuple(positions)
    return tuple(_KEY_CODES[key] for key, _ in keys), tuple(turned for _, turned in keys), listed


def _selects(config: Config) -> dict[_Select, None]:
    """Return every select in use, idle alone first, and behind each one its agents' own keys, which define an order."""
    agent_slots = {id_: slot for slot, id_ in enumerate(config.agents)}
    selects: dict[_Select, None] = {_IDLE: None}
    for queue in config.queues.values():
        keys, turns, listed = _select(queue, agent_slots)
        own = [(key, turn) for key, turn in zip(keys, turns, strict=True) if key < _KEY_CODES[SelectKey.SKILL_SUM]]
        if own and len(own) < len(keys) and listed is None and _KEY_CODES[SelectKey.GIVEN_SCORE] not in keys:
            selects.setdefault((tuple(key for key, _ in own), tuple(turn for _, turn in own), None), None)
        selects.setdefault((keys, turns, listed), None)
    return selects


def _add_queue(acd: Acd, queue: Queue, select: int) -> None:
    acd.add_queue(
        select=select,
        mode=_MODE_CODES[queue.offer.mode],
        k=queue.offer.k,
        offers_min=queue.offer.offers_min,
        offer_timeout_us=queue.offer.offer_timeout_us,
        wrap_up_us=-1 if queue.wrap_up_us == UNLIMITED else int(queue.wrap_up_us),
        cooldown_us=queue.cooldown_us,
        offers_max=queue.offers_max_per_contact,
        away_after=_or_none(queue.away_after),
        ageing=queue.ageing,
        tier=queue.tier,
        head_start_us=queue.head_start_us,
        cost=_or_none(queue.cost),
        keeps_place=_PLACE_CODES[queue.keeps_place],
        paused=queue.paused,
        overdue_after_us=_or_none(queue.overdue_after_us),
        preempt=_PREEMPT_CODES[queue.preempt],
        preempt_from=queue.preempt_from,
        requeues_victim=queue.victim is Victim.REQUEUE,
        preempt_guard_us=queue.preempt_guard_us,
        displaced_max=queue.displaced_max,
        displaced_work_max=_or_none(queue.displaced_work_max),
    )


def rule_queue(acd: Acd, plans: Plans, config: Config, slot: int, queue: Queue) -> None:
    """Tell the core what time does to contacts of a queue slot: its plan, limits, hours, preferred agents, callbacks."""
    prefer = queue.prefer or Prefer()
    hours = queue.hours
    if hours is not None:
        slots = {id_: number for number, id_ in enumerate(config.queues)}
        acd.set_hours(
            slot,
            [moment for span in hours.spans or () for moment in span],
            action=_CLOSED_CODES[hours.closed],
            to_queue=-1 if hours.queue is None else slots[hours.queue],
            keeps_plan=hours.plan is PlanOnOverflow.KEEP,
            closes_waiting=hours.closes_waiting,
        )
    acd.rule_queue(
        slot,
        plan=plans.of_queue(slot, queue.plan),
        length_max=_or_none(queue.limits.length),
        in_queue_us=_or_none(queue.limits.in_queue_us),
        ttl_us=_or_none(queue.limits.ttl_us),
        preferred_wait_us=prefer.wait_us,
        prefers_anyone=prefer.scope is PreferredScope.ANYONE,
        prefers_requires=prefer.requires,
        prefers_away=prefer.wait_for_away,
        prefers_max=prefer.waiting_max,
        calls_back=queue.callback.on_abandon,
        attempts_max=queue.callback.attempts_max,
        retry_us=queue.callback.retry_us,
        callback_expires_us=queue.callback.expires_us,
    )


def _or_none(value: int | None) -> int:
    """Return a number as the core takes it, -1 where none is given."""
    return -1 if value is None else value


def _rank(served: int | AgentQueue) -> int:
    return served if isinstance(served, int) else served.rank


def _view(agent_id: str, agent: Agent) -> AgentView:
    ranks = {queue: _rank(served) for queue, served in agent.queues.items()}
    return AgentView(id=agent_id, skills=agent.skills, attributes=agent.attributes, queues=ranks)


def _services(config: Config) -> list[dict[int, Service]]:
    """Return, by agent slot, how it serves queues, by slot: as listed, at rank 1 where the queue takes everyone."""
    slots = {id_: slot for slot, id_ in enumerate(config.queues)}
    everyone = Service(rank=1, after_us=0)
    open_to_all = {slots[id_]: everyone for id_, queue in config.queues.items() if queue.members == "all"}
    return [
        open_to_all | {slots[queue]: _service(served) for queue, served in agent.queues.items()}
        for agent in config.agents.values()
    ]


def _service(served: int | AgentQueue) -> Service:
    return Service(_rank(served), 0 if isinstance(served, int) else served.after_us)


def _add_agents(acd: Acd, config: Config, channels: dict[str, ResolvedChannel], profiles: Profiles) -> None:
    policies: dict[tuple[int, tuple[int, ...], tuple[int, ...], tuple[int, ...]], int] = {}
    nothing = AgentChannel()
    for slot, agent in enumerate(config.agents.values()):
        taken = [agent.channels.get(channel, nothing) for channel in channels]
        open_channels = sum(
            1 << number
            for number, (channel, one) in enumerate(zip(channels, taken, strict=True))
            if not one.blocked and (not agent.channels_closed or channel in agent.channels)
        )
        costs = tuple(_or_none(one.cost) for one in taken)
        maxes = tuple(_or_none(one.max) for one in taken)
        reserves = tuple(agent.reserve.get(channel, 0) for channel in channels)
        key = (open_channels, costs, maxes, reserves)
        policy = policies.get(key)
        if policy is None:
            policy = policies[key] = acd.add_policy(open_channels, costs, maxes, reserves)
        acd.add_agent(profiles.profile_of(slot), policy, agent.capacity, agent.offers_max)
        if agent.lease_us is not None:
            acd.set_lease(slot, agent.lease_us, agent.lease_grace_us)
