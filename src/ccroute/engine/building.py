"""From a configuration to a floor: every name gets its slot, in the order of the configuration."""

from __future__ import annotations

from typing import Final

from ccroute.config import Agent, Config, Hours, Prefer, Queue, check, to_json, unresolved
from ccroute.core import gears
from ccroute.core.acd import Acd
from ccroute.engine.classes import Classes
from ccroute.engine.names import Names
from ccroute.engine.plans import Plans
from ccroute.engine.profiles import Profiles
from ccroute.engine.standing import NO_QUEUE, Slots, Standing, view_of
from ccroute.errors import ConfigError
from ccroute.types import (
    UNLIMITED,
    ClosedAction,
    KeepsPlace,
    OfferMode,
    Order,
    PlanOnOverflow,
    Preempt,
    PreferredScope,
    Victim,
)

__all__ = ["build", "keep_hours", "open_no_queue", "policy_for", "put_agent", "put_queue", "rule_queue"]

NO_AGENT: Final = Agent()
"""In the place of the entry of an agent that was removed."""

_PLACE_CODES: Final = {KeepsPlace.WAITED: 0, KeepsPlace.AGE: 1, KeepsPlace.NONE: 2}
_MODE_CODES: Final = {mode: code for code, mode in enumerate(OfferMode)}
_CLOSED_CODES: Final = {action: code for code, action in enumerate(ClosedAction)}
_PREEMPT_CODES: Final = {preempt: code for code, preempt in enumerate(Preempt)}


def build(config: Config, slots: Slots | None = None, habits: int = 0) -> Names:
    """Return the floor of a configuration under its names.

    :param slots: what stands in which slot; None: in the order of the configuration.
    :param habits: what may happen on the floor besides what the configuration says, see ``core.gears``.
    :raises ConfigError: it has faults.
    """
    faults = check(config) or unresolved(config)
    if faults:
        raise ConfigError(faults)
    # The engine keeps a copy, so that nobody can change what was checked.
    standing = Standing(Config.from_json(to_json(config)), slots)
    config = standing.config
    acd = Acd(
        channels=standing.channel_rows(),
        selects=standing.number_selects(),
        contacts_max=config.engine.contacts_max,
        classes_max=config.engine.classes_max,
        idle_grace_us=config.engine.idle_grace_us,
        retain_us=config.engine.retain_us,
        ranks_first=config.engine.order is Order.RANK,
    )
    gears.set_habits(acd, habits)
    for _, queue in standing.queue_entries():
        put_queue(acd, queue, standing.selects.get(standing.select_of(queue), 0))
    plans = Plans(acd, standing.queue_slots)
    for slot, (_, queue) in enumerate(standing.queue_entries()):
        keep_hours(acd, standing, slot, queue.hours)
        rule_queue(acd, slot, queue, plans.of_queue(slot, queue.plan))
    if NO_QUEUE in standing.queue_ids:
        gears.set_no_queue(acd, standing.add_no_queue())
    views = [view_of(id_, agent) for id_, agent in standing.agent_entries()]
    open_to_all = standing.open_to_all()
    services = [standing.services_of(agent, open_to_all) for _, agent in standing.agent_entries()]
    profiles = Profiles(acd, views, services)
    for slot, (_, agent) in enumerate(standing.agent_entries()):
        put_agent(acd, standing, agent, profiles.profile_of(slot))
    return Names(acd, standing, Classes(acd, standing, views, profiles), plans)


def put_agent(acd: Acd, standing: Standing, agent: Agent | None, profile: int, slot: int = -1) -> None:
    """Add an agent, or state anew what that of a slot takes; one that was removed takes nothing."""
    policy = policy_for(acd, standing, agent)
    one = NO_AGENT if agent is None else agent
    if slot < 0:
        slot = acd.add_agent(profile, policy, one.capacity, one.offers_max)
    else:
        gears.set_agent(acd, slot, policy, one.capacity, one.offers_max)
    acd.set_lease(slot, _or_none(one.lease_us), one.lease_grace_us)


def policy_for(acd: Acd, standing: Standing, agent: Agent | None) -> int:
    """Return the slot of what an agent takes of each channel, stated where it is new."""
    terms = standing.policy_of(agent)
    policy, is_new = standing.use_policy(terms)
    if is_new:
        acd.add_policy(*terms, slot=policy if policy < acd.policy_count() else -1)
    return policy


def put_queue(acd: Acd, queue: Queue, select: int, slot: int = -1, *, paused: bool | None = None) -> None:
    """Add a queue, or state anew what holds for that of a slot.

    :param paused: None: as its entry says.
    """
    acd.add_queue(
        slot=slot,
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
        paused=queue.paused if paused is None else paused,
        overdue_after_us=_or_none(queue.overdue_after_us),
        preempt=_PREEMPT_CODES[queue.preempt],
        preempt_from=queue.preempt_from,
        requeues_victim=queue.victim is Victim.REQUEUE,
        preempt_guard_us=queue.preempt_guard_us,
        displaced_max=queue.displaced_max,
        displaced_work_max=_or_none(queue.displaced_work_max),
    )


def open_no_queue(names: Names) -> None:
    """Make a queue for contacts that are in none: nobody serves it, no rule is in it, and nobody is told of it."""
    acd, standing = names.acd, names.standing
    nothing = Queue()
    # Should memory run out on the way, the next one who needs it goes on.
    if acd.queue_count() == len(standing.queue_ids):
        put_queue(acd, nothing, standing.selects[standing.select_of(nothing)])
    slot = standing.add_no_queue()
    rule_queue(acd, slot, nothing, -1)
    names.classes.state_queue(slot, NO_QUEUE, nothing)
    names.statistics.configure(names.config, names.queue_ids, names.channel_ids)
    gears.set_no_queue(acd, slot)


def keep_hours(acd: Acd, standing: Standing, slot: int, hours: Hours | None) -> None:
    """Tell the core when a queue slot is open, and what becomes of contacts while it is not."""
    if hours is None:
        acd.unset_hours(slot)
    else:
        acd.set_hours(
            slot,
            [moment for span in hours.spans or () for moment in span],
            action=_CLOSED_CODES[hours.closed],
            to_queue=-1 if hours.queue is None else standing.queue_slots[hours.queue],
            keeps_plan=hours.plan is PlanOnOverflow.KEEP,
            closes_waiting=hours.closes_waiting,
        )


def rule_queue(acd: Acd, slot: int, queue: Queue, plan: int) -> None:
    """Tell the core what else time does to contacts of a queue slot: plan, limits, preferred agents, callbacks."""
    prefer = queue.prefer or Prefer()
    acd.rule_queue(
        slot,
        plan=plan,
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
