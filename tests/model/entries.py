"""The entries of configurations: their key paths, what is different in another one, and what it is to lose a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import structs

from ccroute.config.structs import Agent, Config, PlanStep, Queue

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

    Agents list such a queue as they did.
    """
    queues = {id_: structs.replace(before.queues[id_], draining=True) for id_ in queue_ids}
    agents = dict(after.agents)
    for id_, agent in before.agents.items():
        if id_ in agents:
            served = {queue: rank for queue, rank in agent.queues.items() if queue in queues}
            agents[id_] = structs.replace(agents[id_], queues=agents[id_].queues | served)
        elif id_ in agent_ids:
            served = {queue: rank for queue, rank in agent.queues.items() if queue in queues or queue in after.queues}
            agents[id_] = structs.replace(agent, draining=True, queues=served)
    kept = structs.replace(after, queues=after.queues | queues, agents=agents)
    for agent_id in before.agents:
        if agent_id not in agents:
            kept = without_agent(kept, agent_id)
    return kept


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
