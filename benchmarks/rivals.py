"""Races ccroute, a pure-Python router with the right structures, simpy and ciw on four traces, and shows the figures.

    python -m benchmarks.rivals [--rounds N] [--quick]

Each measurement is a process of its own, all in sequence on one core; a round measures everybody once, so that slow
hours of the machine hit all alike. Figures are contacts per CPU-second: medians over the rounds, ratios within a round.
Every answer is checked. Writes the table and picture of ``docs/explanation/performance.md`` and
``benchmarks/results/rivals.json``; ``--quick`` routes 2 000 contacts of each trace once and writes nothing.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Final

import msgspec

from benchmarks import children, page
from benchmarks.contenders import CONTENDERS, Measured
from benchmarks.traces import RECIPES

ROUNDS: Final = 5
QUICK_CONTACTS: Final = 2_000
YARDSTICK: Final = "python"
"""The contender by which the others are divided."""


def main() -> None:
    """Race and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each is measured (default {ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="route little, once, and write nothing")
    arguments = parser.parse_args()
    races = race(1 if arguments.quick else arguments.rounds, QUICK_CONTACTS if arguments.quick else None)
    print(speed_table(races))
    if not arguments.quick:
        from benchmarks import pictures

        page.keep("rivals", races)
        page.show("rivals", f"{speed_table(races)}\n\n{page.machine_line()}\nMedians of {arguments.rounds} rounds.")
        heights = {
            contender.title: [median_speed(races, name, trace) for trace in RECIPES]
            for name, contender in CONTENDERS.items()
        }
        pictures.bars("rivals", "Contacts per CPU-second", [f"trace {name}" for name in RECIPES], heights)


def race(rounds: int, contacts_max: int | None) -> list[Measured]:
    """Measure every contender on every trace, ``rounds`` times in turn."""
    heats = [(trace, name) for _ in range(rounds) for trace in RECIPES for name in CONTENDERS]
    races = []
    with children.steps(heats) as steps:
        for trace, name in heats:
            steps.next(f"{CONTENDERS[name].title} on trace {trace}")
            limit = [] if contacts_max is None else [contacts_max]
            printed = children.run("benchmarks.contenders", name, trace, *limit)
            races.append(msgspec.json.decode(printed, type=Measured))
            steps.done()
    return races


def speeds(races: list[Measured], name: str, trace: str) -> list[float]:
    """Return contacts per CPU-second by round."""
    return [one.contacts / one.cpu_s for one in races if (one.contender, one.trace) == (name, trace)]


def median_speed(races: list[Measured], name: str, trace: str) -> float:
    """Return the median of contacts per CPU-second."""
    return statistics.median(speeds(races, name, trace))


def ratio(races: list[Measured], name: str, trace: str) -> float:
    """Return the median over the rounds of how many times the yardstick's speed a contender had."""
    pairs = zip(speeds(races, name, trace), speeds(races, YARDSTICK, trace), strict=True)
    return statistics.median(own / yardstick for own, yardstick in pairs)


def speed_table(races: list[Measured]) -> str:
    """Return contacts per CPU-second, and in brackets how many times the yardstick's that is."""
    rows = []
    for name, contender in CONTENDERS.items():
        part = f" (first {contender.contacts_max:,} contacts)" if contender.contacts_max is not None else ""
        cells = [
            f"{page.short(median_speed(races, name, trace))} ({ratio(races, name, trace):.2g} ×)" for trace in RECIPES
        ]
        rows.append([contender.title + part, *cells])
    return page.table(["contacts per CPU-second", *RECIPES], rows)


if __name__ == "__main__":
    main()
