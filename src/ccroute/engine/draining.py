"""What stays of a configuration, draining, while another one takes its place. Nothing here moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from ccroute.config import BUILT_IN_CHANNELS, Agent, Config, Hours, PlanStep, Queue, Skill
from ccroute.engine.differences import queue_without_agents
from ccroute.requirement import Statement, parse, parse_score
from ccroute.types import ClosedAction, PlanOnOverflow

__all__ = ["with_draining"]


def with_draining(old: Config, new: Config, queue_ids: list[str], agent_ids: list[str]) -> Config:
    """Return ``new`` with some queues and agents of ``old`` that it does not have, draining.

    They keep what they say, but for what is gone: agents, channels, and steps and hours that lead to a queue that takes
    nobody. Skills and queues that their requirements name stay with them, the queues draining too.
    """
    agents = new.agents | {id_: old.agents[id_] for id_ in agent_ids}
    queues = new.queues | {
        id_: _draining_queue(old.queues[id_], old, new, agents) for id_ in _needed(old, new, queue_ids)
    }
    kept = [id_ for id_ in queues if id_ not in new.queues]
    served = {
        id_: replace(
            agent,
            queues={one: how for one, how in agent.queues.items() if one in queues}
            | _serving(old.agents.get(id_), kept),
        )
        for id_, agent in (new.agents | {id_: _draining_agent(agents[id_], new) for id_ in agent_ids}).items()
    }
    known = dict.fromkeys(skill for agent in served.values() for skill in agent.skills)
    named = dict.fromkeys(skill for id_ in kept for one in _statements(queues[id_]) for skill in one.skills)
    skills = new.skills | {skill: Skill() for skill in named if skill not in known and skill not in new.skills}
    return replace(new, skills=skills, queues=queues, agents=served)


def _needed(old: Config, new: Config, queue_ids: list[str]) -> list[str]:
    """Return the queues that stay: some, and those that their requirements name, in the order of ``old``."""
    needed = dict.fromkeys(queue_ids)
    left = list(queue_ids)
    while left:
        for statement in _statements(old.queues[left.pop()]):
            more = [id_ for id_ in statement.queues if id_ not in needed and id_ not in new.queues]
            needed.update(dict.fromkeys(more))
            left += more
    return [id_ for id_ in old.queues if id_ in needed]


def _statements(queue: Queue) -> Iterator[Statement]:
    """Yield what a queue says of agents."""
    for text in (queue.requires, *(step.requires for step in queue.plan)):
        if text is not None:
            yield parse(text)
    if queue.score is not None:
        yield parse_score(queue.score)


def _draining_queue(queue: Queue, old: Config, new: Config, agents: dict[str, Agent]) -> Queue:
    cleared = queue_without_agents(queue, [id_ for id_ in old.agents if id_ not in agents])
    return replace(
        cleared,
        plan=[step for step in cleared.plan if _leads_on(step, new)],
        hours=_hours_of(queue.hours, new),
        draining=True,
    )


def _leads_on(step: PlanStep, new: Config) -> bool:
    is_known = step.channel is None or step.channel in BUILT_IN_CHANNELS or step.channel in new.channels
    return is_known and (step.queue is None or _takes_contacts(step.queue, new))


def _hours_of(hours: Hours | None, new: Config) -> Hours | None:
    if hours is None or hours.queue is None or _takes_contacts(hours.queue, new):
        return hours
    return replace(hours, closed=ClosedAction.WAIT, queue=None, plan=PlanOnOverflow.RESTART)


def _takes_contacts(queue_id: str, new: Config) -> bool:
    return queue_id in new.queues and not new.queues[queue_id].draining


def _draining_agent(agent: Agent, new: Config) -> Agent:
    known = BUILT_IN_CHANNELS.keys() | new.channels.keys()
    return replace(
        agent,
        reserve={id_: units for id_, units in agent.reserve.items() if id_ in known},
        channels={id_: what for id_, what in agent.channels.items() if id_ in known},
        draining=True,
    )


def _serving(agent: Agent | None, queues: list[str]) -> dict[str, Any]:
    """Return how an agent served some queues before."""
    return {} if agent is None else {id_: agent.queues[id_] for id_ in queues if id_ in agent.queues}
