"""A day of a record as a configuration and as commands: how the record maps onto queues, skills and agents.

- A call of type T enters queue T where the configuration has one, else queue ``calls``. Where the configuration has no
  ``calls`` either, it is made: mode ``auto``, every agent a member. Other queues get no calls.
- It comes by channel ``voice`` and requires skill T. Its priority gives tier and head start by
  ``[records.priorities]``; a call of a priority not named there has its queue's.
- The agents are those that the record has on that day, with the types they handled that day as skills: at the level the
  configuration gives them, else 100. Where the configuration has an entry for one, its other keys and its skills that
  are no types hold too; an agent for whom it names no queues lists every queue that gets calls, at rank 1. Agents of
  the configuration come first, in its order, then the others by name; those that were not there are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from ccroute.calendars.resolving import resolve_rest
from ccroute.commands import EnqueueContact
from ccroute.config import Agent, AgentQueue, Config, Offer, Queue, RecordPriority, Skill
from ccroute.records.calls import Call
from ccroute.records.days import Day, Shift
from ccroute.types import SKILL_LEVEL_MAX, OfferMode

QUEUE: Final = "calls"
"""The queue of types that have none of their own."""

CHANNEL: Final = "voice"

_MADE_QUEUE: Final = Queue(members="all", offer=Offer(mode=OfferMode.AUTO))


def config_of_day(config: Config, day: Day, types: Collection[str]) -> Config:
    """Return the configuration for one day.

    :param types: every type of the whole record, so that a skill is not taken for a type on one day only.
    """
    shifts = {shift.agent_id: shift for shift in day.shifts}
    order = [name for name in config.agents if name in shifts]
    order += [name for name in shifts if name not in config.agents]
    used = dict.fromkeys(queue_of(config, type_) for type_ in day.handling_us)
    queues = {
        name: msgspec.structs.replace(queue, order_list=[agent for agent in queue.order_list if agent in shifts])
        for name, queue in config.queues.items()
    }
    if QUEUE in used:
        queues.setdefault(QUEUE, _MADE_QUEUE)
    agents = {name: _agent(config.agents.get(name, Agent()), shifts[name], used, types) for name in order}
    # Requirements may name a skill that nobody has on this day.
    known = [*sorted(types), *(name for agent in config.agents.values() for name in agent.skills)]
    skills = dict.fromkeys(known, Skill()) | config.skills
    of_day = msgspec.structs.replace(config, queues=queues, agents=agents, skills=skills)
    return resolve_rest(of_day, day.midnight_us)


def queue_of(config: Config, type_: str) -> str:
    """Return the queue that calls of this type enter."""
    return type_ if type_ in config.queues else QUEUE


def enqueue(config: Config, call: Call) -> EnqueueContact:
    """Return the command that brings this call."""
    priority: RecordPriority | None = config.records.priorities.get(call.priority)
    return EnqueueContact(
        contact_id=call.contact_id,
        queue_id=queue_of(config, call.type),
        channel=CHANNEL,
        requires=f"agent.skills[{_quoted(call.type)}] >= 1",
        tier=None if priority is None else priority.tier,
        head_start_us=None if priority is None else priority.head_start_us,
    )


def _agent(agent: Agent, shift: Shift, used: Collection[str], types: Collection[str]) -> Agent:
    skills = {name: level for name, level in agent.skills.items() if name not in types}
    for type_ in shift.types:
        skills[type_] = agent.skills.get(type_, SKILL_LEVEL_MAX)
    queues: Mapping[str, int | AgentQueue] = agent.queues or dict.fromkeys(used, 1)
    return msgspec.structs.replace(agent, skills=skills, queues=dict(queues))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
