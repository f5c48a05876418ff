"""Shows what the steps of plans cost while a crowd waits, beside timers of the same wheel that do nothing.

    python -m benchmarks.waiting_plans [--rounds N] [--sizes N ...] [--quick]

Every contact waits under a plan of four steps, ten seconds apart, each of which relaxes what its queue requires. In the
core alone, without names and events: the wheel by itself; a plan that only reports, so that the same contacts have the
same timers and as many records; the plan that relaxes. Through the engine, with every event built: contacts that become
overdue, which is one timer and one event; the plan that reports and the plan that relaxes, two events a step.

A round measures everything once, in turn, each in a process of its own; figures are CPU nanoseconds by timer fired,
medians over the rounds, ratios within a round. Writes a table of ``docs/explanation/performance.md`` and
``benchmarks/results/waiting_plans.json``; ``--quick`` measures few contacts once and writes nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from benchmarks import children, page
from benchmarks.core_features import NONE, QUEUE, UNITS
from ccroute import Config, Engine, EnqueueContact
from ccroute.core.acd import Acd
from ccroute.sim.crowd import Crowd, run_wheel

ROUNDS: Final = 5
SIZES: Final = (10_000, 100_000, 1_000_000)
QUICK_SIZES: Final = (500,)
STEPS: Final = 4
SECOND: Final = 1_000_000
APART_US: Final = 10 * SECOND
AGENTS: Final = 100
SLICES: Final = 200
"""Calls in which the time passes, so that neither events nor records of the whole crowd are kept at once."""
WHEEL: Final = "core: the wheel alone"
WAYS: Final = {
    WHEEL: "timers that do nothing",
    "core: reports": "a plan of four steps that tell and change nothing",
    "core: relaxes": "a plan of four steps, each leads to another class",
    "engine: overdue": "`overdue_after`: one timer, one event",
    "engine: reports": "a plan of four `report`, two events each",
    "engine: relaxes": "a plan of four `requires`, two events each",
}


@dataclass(frozen=True, kw_only=True)
class Fired:
    """What timers cost in one round."""

    way: str
    contacts: int
    timers: int
    events: int
    """Told by the engine; 0 in the core, where they are records."""
    cpu_ns: float
    """By timer fired."""


# ---- in the core -------------------------------------------------------------------------------------------------


def _step(number: int, *, relaxes: bool) -> dict[str, int]:
    """Return a step as the core takes it; see ``Ground.add_plan``."""
    fields = {"fields": 2, "reports": 0} if relaxes else {"fields": 0, "reports": 1}
    nothing = {"ahead": 0, "asks": 0, "queue": NONE, "keeps_plan": 0, "tier": 0, "head_start": 0, "place": NONE}
    ends = {"offers": 1, "park": -1, "calls_back": 0, "end": 0}
    return {"when": 0, "after": (number + 1) * APART_US, **nothing, **ends, **fields}


def floor_under_plan(contacts: int, *, relaxes: bool) -> tuple[Acd, list[int]]:
    """Return a core without agents whose queue has a plan, and a class to come to and for each step one it leads to."""
    acd = Acd(
        channels=[(UNITS, 0, True, 0, False, False)],
        selects=[((0,), (False,), None)],
        contacts_max=contacts,
        classes_max=64,
        idle_grace_us=0,
        retain_us=0,
    )
    queue = acd.add_queue(**QUEUE)
    classes = [acd.open_class(queue, 0, NONE) for _ in range(STEPS + 1)]
    acd.rule_queue(queue, plan=acd.add_plan(queue, [_step(number, relaxes=relaxes) for number in range(STEPS)]))
    return acd, classes


def time_core(contacts: int, *, relaxes: bool) -> float:
    """Return the CPU seconds in which all steps of a crowd are carried out in the core."""
    acd, classes = floor_under_plan(contacts, relaxes=relaxes)
    crowd = Crowd(acd, classes[1:])
    crowd.fill(contacts, classes[0])
    until_us = acd.now() + STEPS * APART_US
    began_s = time.process_time()
    fired = crowd.pass_time(until_us, until_us // SLICES + 1)
    cpu_s = time.process_time() - began_s
    assert fired == STEPS * contacts, fired
    assert acd.next_timer() == NONE
    assert acd.class_refs(classes[-1] if relaxes else classes[0]) == contacts
    return cpu_s


def time_wheel(contacts: int) -> float:
    """Return the CPU seconds in which as many timers fire on a wheel by itself."""
    acd, _ = floor_under_plan(1, relaxes=False)
    began_s = time.process_time()
    fired = run_wheel(acd, contacts, STEPS, APART_US)
    cpu_s = time.process_time() - began_s
    assert fired == STEPS * contacts, fired
    return cpu_s


# ---- through the engine ------------------------------------------------------------------------------------------


def config_of(contacts: int, way: str) -> Config:
    """Return a centre of agents who are offline, with what happens to those who wait."""
    plan: dict[str, list[dict[str, Any]]] = {
        "engine: reports": [{"report": "waits"} for _ in range(STEPS)],
        "engine: relaxes": [{"requires": f"agent.skills.french >= {80 - 20 * at}"} for at in range(STEPS)],
    }
    steps = [{"after": (at + 1) * APART_US, **step} for at, step in enumerate(plan.get(way, []))]
    happens = {"plan": steps} if steps else {"overdue_after_us": APART_US}
    return Config.from_dict(
        {
            "engine": {"contacts_max": contacts, "command_ids_max": 0},
            "queues": {"support": {"members": "all", "requires": "agent.skills.french >= 100", **happens}},
            "agents": {f"agent-{at}": {"skills": {"french": 1 + at}} for at in range(AGENTS)},
        }
    )


def time_engine(contacts: int, way: str) -> tuple[float, Counter[str]]:
    """Return the CPU seconds in which everything happens to a crowd that waits, and what the engine told."""
    engine = Engine(config_of(contacts, way))
    for number in range(contacts):
        engine.handle(EnqueueContact(contact_id=f"c{number}", queue_id="support", channel="chat"), number)
    until_us = contacts + STEPS * APART_US
    told: Counter[str] = Counter()
    cpu_s = 0.0
    for at in range(1, SLICES + 1):
        began_s = time.process_time()
        events = engine.advance(contacts + (until_us - contacts) * at // SLICES)
        cpu_s += time.process_time() - began_s
        told.update(type(event).__name__ for event in events)
    assert engine.next_at_us() is None
    engine.close()
    return cpu_s, told


def measure_one(way: str, contacts: int) -> Fired:
    """Measure one way once, and see that everything happened."""
    timers = contacts if way == "engine: overdue" else STEPS * contacts
    told: Counter[str] = Counter()
    if way == WHEEL:
        cpu_s = time_wheel(contacts)
    elif way.startswith("core"):
        cpu_s = time_core(contacts, relaxes=way == "core: relaxes")
    else:
        cpu_s, told = time_engine(contacts, way)
        names = {
            "engine: overdue": ["ContactOverdue"],
            "engine: reports": ["RuleFired", "ActionRequested"],
            "engine: relaxes": ["RuleFired", "ContactChanged"],
        }
        assert told == Counter(dict.fromkeys(names[way], timers)), told
    return Fired(way=way, contacts=contacts, timers=timers, events=told.total(), cpu_ns=cpu_s * 1e9 / timers)


# ---- all of it ---------------------------------------------------------------------------------------------------


def measure(rounds: int, sizes: Sequence[int]) -> list[Fired]:
    """Measure all ways at all sizes, ``rounds`` times in turn, each in a process of its own."""
    runs = [(way, size) for _ in range(rounds) for size in sizes for way in WAYS]
    found = []
    with children.steps(runs) as shown:
        for way, size in runs:
            shown.next(f"{way}, {size:,}")
            printed = children.run("benchmarks.waiting_plans", "--one", way, "--sizes", size)
            found.append(msgspec.json.decode(printed, type=Fired))
            shown.done()
    return found


def figures(found: Sequence[Fired], way: str, size: int) -> list[float]:
    """Return what a timer cost in each round."""
    return [one.cpu_ns for one in found if one.way == way and one.contacts == size]


def ratio(found: Sequence[Fired], way: str, size: int) -> float:
    """Return the median over the rounds of how many times the CPU time of the bare wheel a timer takes."""
    pairs = zip(figures(found, way, size), figures(found, WHEEL, size), strict=True)
    return statistics.median(own / bare for own, bare in pairs)


def plans_table(found: Sequence[Fired]) -> str:
    """Return what timers cost by way and size, as a table in Markdown."""
    sizes = sorted({one.contacts for one in found})
    rows = [
        [
            f"**{way}**: {what}",
            *(
                f"{statistics.median(figures(found, way, size)):,.0f} ({ratio(found, way, size):.1f} ×)"
                for size in sizes
            ),
        ]
        for way, what in WAYS.items()
    ]
    return page.table(["CPU ns by timer fired", *(f"{size:,} wait" for size in sizes)], rows)


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each is measured (default {ROUNDS})")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="contacts that wait")
    parser.add_argument("--one", choices=WAYS, help="measure this once, in this process, and print it as JSON")
    parser.add_argument("--quick", action="store_true", help="measure few contacts once and write nothing")
    arguments = parser.parse_args()
    if arguments.one:
        sys.stdout.buffer.write(msgspec.json.encode(measure_one(arguments.one, arguments.sizes[0])))
        return
    found = measure(1 if arguments.quick else arguments.rounds, QUICK_SIZES if arguments.quick else arguments.sizes)
    print(plans_table(found))
    if not arguments.quick:
        page.keep("waiting_plans", found)
        machine = f"{page.machine_line()}\nMedians of {arguments.rounds} rounds."
        page.show("waiting plans", f"{plans_table(found)}\n\n{machine}")


if __name__ == "__main__":
    main()
