"""The entries of configurations: their key paths, what is different in another one, and what it is to lose a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import structs

from ccroute.config import BUILT_IN_CHANNELS
from ccroute.config.structs import Agent, Config, PlanStep, Queue, Skill
from ccroute.types import ClosedAction, PlanOnOverflow

SKILL = re.compile(r"agent\.skills(?:\.(\w+)|\[\"([^\"]*)\"\])|\"([^\"]*)\" in agent\.skills")
QUEUE = re.compile(r"agent\.queues(?:\.(\w+)|\[\"([^\"]*)\"\])|\"([^\"]*)\" in agent\.queues")
SECTIONS = ("skills", "channels", "queues", "agents")


def entries(config: Config) -> dict[str, Any]:
    """Return every entry by its key path."""
    found: dict[str, Any] = {"engine": config.engine}
    for section in SECTIONS:
        named: Mapping[str, Any] = getattr(config, section)
        found |= {f"{section}.{name}": entry for name, entry in named.items()}
    return found


def entry_paths(config: Config) -> list[str]:
    """Return the key paths of all entries, in order."""
    return list(entries(config))


def changed(before: Config, after: Config) -> list[str]:
    """Return the key paths of the entries that are new or different; true is not 1 here."""
    old = entries(before)
    return [path for path, entry in entries(after).items() if path not in old or not is_same(old[path], entry)]


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two entries say the same, in whatever order their names stand."""
    return msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")


def removed(before: Config, after: Config) -> list[str]:
    """Return the key paths of the entries that are gone."""
    new = entries(after)
    return [path for path in entries(before) if path not in new]


def without_queue(config: Config, queue_id: str) -> Config:
    """Return a configuration without a queue, which no agent lists any more."""
    return structs.replace(
        config,
        queues={id_: queue for id_, queue in config.queues.items() if id_ != queue_id},
        agents={id_: _not_serving(agent, queue_id) for id_, agent in config.agents.items()},
    )


def without_agent(config: Config, agent_id: str) -> Config:
    """Return a configuration without an agent, whom no queue names any more."""
    return structs.replace(
        config,
        agents={id_: agent for id_, agent in config.agents.items() if id_ != agent_id},
        queues={id_: _not_naming(queue, agent_id) for id_, queue in config.queues.items()},
    )


def with_draining(before: Config, after: Config, queue_ids: list[str], agent_ids: list[str]) -> Config:
    """Return a configuration that still has some queues and agents of the one before it, draining.

    Agents list such a queue as they did. What its requirements name stays, too: queues draining, skills declared. Its
    steps and hours that lead to a queue that takes nobody go, and so does what is said of channels that are gone.
    """
    left = list(queue_ids)
    for id_ in left:
        named = [other for other in _queues_named(before.queues[id_]) if other not in after.queues]
        left += [other for other in named if other not in left]
    queues = {id_: _draining_queue(queue, after) for id_, queue in before.queues.items() if id_ in left}
    agents = dict(after.agents)
    for id_, agent in before.agents.items():
        if id_ in agents:
            served = {queue: rank for queue, rank in agent.queues.items() if queue in queues}
            agents[id_] = structs.replace(agents[id_], queues=agents[id_].queues | served)
        elif id_ in agent_ids:
            served = {queue: rank for queue, rank in agent.queues.items() if queue in queues or queue in after.queues}
            agents[id_] = structs.replace(_on_channels(agent, after), draining=True, queues=served)
    had = {skill for agent in agents.values() for skill in agent.skills}
    named = [skill for queue in queues.values() for skill in _skills_named(queue) if skill not in had]
    skills = after.skills | {skill: Skill() for skill in named if skill not in after.skills}
    kept = structs.replace(after, skills=skills, queues=after.queues | queues, agents=agents)
    for agent_id in before.agents:
        if agent_id not in agents:
            kept = without_agent(kept, agent_id)
    return kept


def _draining_queue(queue: Queue, after: Config) -> Queue:
    plan = [step for step in queue.plan if _has_channel(step.channel, after) and _takes_contacts(step.queue, after)]
    hours = queue.hours
    if hours is not None and not _takes_contacts(hours.queue, after):
        hours = structs.replace(hours, closed=ClosedAction.WAIT, queue=None, plan=PlanOnOverflow.RESTART)
    return structs.replace(queue, draining=True, plan=plan, hours=hours)


def _has_channel(channel: str | None, config: Config) -> bool:
    return channel is None or channel in (*BUILT_IN_CHANNELS, *config.channels)


def _takes_contacts(queue_id: str | None, config: Config) -> bool:
    return queue_id is None or (queue_id in config.queues and not config.queues[queue_id].draining)


def _on_channels(agent: Agent, config: Config) -> Agent:
    return structs.replace(
        agent,
        reserve={id_: units for id_, units in agent.reserve.items() if _has_channel(id_, config)},
        channels={id_: what for id_, what in agent.channels.items() if _has_channel(id_, config)},
    )


def _texts(queue: Queue) -> str:
    return " ; ".join(filter(None, (queue.requires, queue.score, *(step.requires for step in queue.plan))))


def _skills_named(queue: Queue) -> list[str]:
    return [name for found in SKILL.findall(_texts(queue)) for name in found if name]


def _queues_named(queue: Queue) -> list[str]:
    return [name for found in QUEUE.findall(_texts(queue)) for name in found if name]


def _not_serving(agent: Agent, queue_id: str) -> Agent:
    return structs.replace(agent, queues={id_: rank for id_, rank in agent.queues.items() if id_ != queue_id})


def _not_naming(queue: Queue, agent_id: str) -> Queue:
    listed = [id_ for id_ in queue.order_list if id_ != agent_id]
    return structs.replace(queue, order_list=listed, plan=[_step_not_naming(step, agent_id) for step in queue.plan])


def _step_not_naming(step: PlanStep, agent_id: str) -> PlanStep:
    return structs.replace(
        step,
        preferred=None if step.preferred is None else [id_ for id_ in step.preferred if id_ != agent_id],
        excluded=None if step.excluded is None else [id_ for id_ in step.excluded if id_ != agent_id],
        scores=None if step.scores is None else {id_: one for id_, one in step.scores.items() if id_ != agent_id},
    )
