"""Times changes of the configuration while contacts wait, and checks that they are served afterwards as they should be.

    python -m benchmarks.reconfigure [--waiting N] [--agents N] [--queues N]

Each figure is one command, whole: checked, carried out in place, decided. Nobody is available, so no offer is in it. At
the end the floor is compared with one restored from its snapshot, whose classes and profiles were built anew from the
configuration: when agents come to work, both give the same events.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from random import Random
from typing import Final

import msgspec
from msgspec.structs import replace

from ccroute import Engine
from ccroute.commands import (
    Command,
    Configure,
    EnqueueContact,
    PutAgent,
    PutChannel,
    PutQueue,
    RemoveAgent,
    RemoveQueue,
    SetPresence,
)
from ccroute.config import Agent, AgentQueue, Channel, Config, EngineSettings, Queue
from ccroute.events import Configured
from ccroute.types import Presence

SKILLS: Final = 20
SERVED: Final = 4
"""Queues that an agent serves, and skills that it has."""
COMING: Final = 50
"""Agents that come to work at the end."""
_JSON: Final = msgspec.json.Encoder()


def center(*, waiting: int, agents: int, queues: int) -> Config:
    """Return a centre whose queues require a skill each."""
    random = Random(1)
    return Config(
        engine=EngineSettings(contacts_max=waiting + 10, agents_max=agents + 10),
        queues={f"q{at}": Queue(requires=f"agent.skills.s{at % SKILLS} >= {1 + at % 3}") for at in range(queues)},
        agents={
            f"a{at}": Agent(
                queues={f"q{random.randrange(queues)}": 1 for _ in range(SERVED)},
                skills={f"s{skill}": random.randint(1, 9) for skill in random.sample(range(SKILLS), SERVED)},
            )
            for at in range(agents)
        },
    )


def crowd(engine: Engine, config: Config, waiting: int) -> None:
    """Have contacts wait; one in fourteen brings no requirement of its own."""
    random = Random(2)
    texts = [None, None, None, *(f"agent.skills.s{skill} >= {level}" for skill in range(SKILLS) for level in (2, 5))]
    queues = list(config.queues)
    for number in range(waiting):
        contact = EnqueueContact(
            contact_id=f"c{number}",
            queue_id=queues[number % len(queues)],
            channel="voice",
            requires=random.choice(texts),
            attributes={"gold": number % 7 == 0},
        )
        engine.handle(contact, number)


def changes(config: Config) -> Iterator[tuple[str, Command]]:
    """Yield the changes that are timed, each from what the one before left."""
    queue, agent = config.queues["q0"], config.agents["a0"]

    def put(**fields: object) -> Command:
        return PutQueue(queue_id="q0", config=replace(queue, **fields))

    yield "queue as it is", put()
    yield "queue: wrap-up", put(wrap_up_us=5)
    yield "queue: requirement", put(requires="agent.skills.s1 >= 2")
    yield "queue: requirement that reads the contact", put(requires="agent.skills.s1 >= 2 || contact.attributes.gold")
    yield "queue: back", put()
    yield "queue: ageing", put(ageing=500)
    yield "queue: last in, first out", put(ageing=-1_000)
    yield "queue: tier", put(tier=3)
    yield "queue: overdue", put(overdue_after_us=10**12)
    yield "queue: cost", put(cost=9)
    yield "queue: everybody serves it", put(members="all")
    yield "queue: back again", put()
    yield "agent: skills", PutAgent(agent_id="a0", config=replace(agent, skills={"s1": 3, "s2": 1}))
    yield "agent: capacity", PutAgent(agent_id="a0", config=replace(agent, skills={"s1": 3, "s2": 1}, capacity=50))
    later: dict[str, int | AgentQueue] = {"q0": AgentQueue(rank=1, after_us=7)}
    yield "agent: serves a queue later", PutAgent(agent_id="a0", config=replace(agent, queues=later))
    yield "agent: back", PutAgent(agent_id="a0", config=agent)
    yield "agent: new", PutAgent(agent_id="new", config=agent)
    yield "agent: removed", RemoveAgent(agent_id="new")
    yield "channel: cost", PutChannel(channel="voice", config=Channel(cost=90))
    yield "channel: new", PutChannel(channel="pigeon", config=Channel(cost=90))
    yield "queue: new", PutQueue(queue_id="new", config=Queue())
    yield "queue: removed", RemoveQueue(queue_id="new")
    yield "whole: as at first", Configure(config=config)
    every = {id_: replace(one, requires="agent.skills.s3 >= 1") for id_, one in config.queues.items()}
    yield "whole: requirement of every queue", Configure(config=replace(config, queues=every))
    every = {id_: replace(one, ageing=400) for id_, one in config.queues.items()}
    yield "whole: ageing of every queue", Configure(config=replace(config, queues=every))


def check_same(engine: Engine, now_us: int) -> None:
    """Raise unless the floor decides as one built anew does."""
    twin = Engine.restore(engine.snapshot())
    for number in range(COMING):
        arrival = SetPresence(agent_id=f"a{number}", presence=Presence.AVAILABLE)
        assert engine.handle(arrival, now_us + number) == twin.handle(arrival, now_us + number)


def main() -> None:
    """Time every change once, in turn, and write a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", type=int, default=1_000_000)
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--queues", type=int, default=50)
    given = parser.parse_args()
    config = center(waiting=given.waiting, agents=given.agents, queues=given.queues)
    engine = Engine(config)
    crowd(engine, config, given.waiting)
    now_us = given.waiting
    for name, command in changes(config):
        now_us += 1
        begin = time.perf_counter()
        told = engine.handle(command, now_us)
        took_ms = (time.perf_counter() - begin) * 1_000
        assert [type(event) for event in told] == [Configured], told[:2]
        line = {"change": name, "ms": round(took_ms, 2), "waiting": given.waiting, "agents": given.agents}
        print(_JSON.encode(line).decode())
    check_same(engine, now_us)


if __name__ == "__main__":
    main()
