"""Times changes of the configuration while contacts wait, and checks that they are served afterwards as they should be.

    python -m benchmarks.reconfigure [--rounds N] [--waiting N] [--agents N] [--queues N] [--quick]

Each figure is the CPU time of one command, whole: checked, carried out in place, decided. Nobody is available, so no
offer is in it. At the end the floor is compared with one restored from its snapshot, whose classes and profiles were
built anew from the configuration: when agents come to work, both give the same events.

A round is a process of its own that makes every change once, in turn; figures are medians over the rounds. Writes a
table of ``docs/explanation/performance.md`` and ``benchmarks/results/reconfigure.json``; ``--quick`` measures a small
floor once and writes nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Final

import msgspec
from msgspec.structs import replace

from benchmarks import children, page
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
ROUNDS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large the floor is."""

    waiting: int = 1_000_000
    agents: int = 10_000
    queues: int = 50


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a change took in one round."""

    change: str
    cpu_ms: float


QUICK: Final = Size(waiting=1_000, agents=100, queues=10)


def center(size: Size) -> Config:
    """Return a centre whose queues require a skill each."""
    random = Random(1)
    waiting, agents, queues = size.waiting, size.agents, size.queues
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


def measure_one(size: Size) -> list[Change]:
    """Make every change once, in turn, and time each."""
    config = center(size)
    engine = Engine(config)
    crowd(engine, config, size.waiting)
    now_us = size.waiting
    found = []
    for name, command in changes(config):
        now_us += 1
        began_s = time.process_time()
        told = engine.handle(command, now_us)
        cpu_ms = (time.process_time() - began_s) * 1_000
        assert [type(event) for event in told] == [Configured], told[:2]
        found.append(Change(change=name, cpu_ms=cpu_ms))
    check_same(engine, now_us)
    return found


def measure(rounds: int, size: Size) -> list[Change]:
    """Make every change, ``rounds`` times in turn, each round in a process of its own."""
    sizes = ("--waiting", size.waiting, "--agents", size.agents, "--queues", size.queues)
    found = []
    with children.steps(range(rounds)) as shown:
        for number in range(rounds):
            shown.next(f"round {number + 1} of {rounds}")
            printed = children.run("benchmarks.reconfigure", "--one", *sizes)
            found += msgspec.json.decode(printed, type=list[Change])
            shown.done()
    return found


def changes_table(found: Sequence[Change]) -> str:
    """Return what each change took, as a table in Markdown."""
    by_name: dict[str, list[float]] = {}
    for one in found:
        by_name.setdefault(one.change, []).append(one.cpu_ms)
    rows = [
        [name, f"{statistics.median(spans):.2f}", f"{min(spans):.2f} to {max(spans):.2f}"]
        for name, spans in by_name.items()
    ]
    return page.table(["change", "CPU ms", "least to most"], rows)


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each is made (default {ROUNDS})")
    for name, usual in asdict(Size()).items():
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--one", action="store_true", help="make every change once, in this process, and print JSON")
    parser.add_argument("--quick", action="store_true", help="measure a small floor once and write nothing")
    given = parser.parse_args()
    size = QUICK if given.quick else Size(waiting=given.waiting, agents=given.agents, queues=given.queues)
    if given.one:
        sys.stdout.buffer.write(msgspec.json.encode(measure_one(size)))
        return
    found = measure(1 if given.quick else given.rounds, size)
    print(changes_table(found))
    if not given.quick:
        page.keep("reconfigure", {"size": size, "changes": found})
        machine = f"{page.machine_line()}\nMedians of {given.rounds} rounds."
        page.show("reconfigure", f"{changes_table(found)}\n\n{machine}")


if __name__ == "__main__":
    main()
