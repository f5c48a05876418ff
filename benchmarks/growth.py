"""Shows how the cost of a decision, and the memory of a waiting contact, grow with the floor.

    python -m benchmarks.growth [--rounds N] [--quick]

One size at a time is varied around a floor of 1 000 agents, 200 profiles, 200 classes and 100 000 waiting contacts.
Each point is a process of its own, measured by ``ccroute bench core``, in turn; figures are medians over the rounds. It
writes the tables and picture of ``docs/explanation/performance.md`` and ``benchmarks/results/growth.json``; ``--quick``
measures small floors once and writes nothing.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import asdict, dataclass, replace
from typing import Final

import msgspec

from benchmarks import children, page
from ccroute.bench.core_bench import CoreResult, Regime

ROUNDS: Final = 3
ITERATIONS: Final = 200_000
QUICK_ITERATIONS: Final = 1_000
QUICK_WAITING: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Sizes of a floor."""

    agents: int = 1_000
    profiles: int = 200
    classes: int = 200
    waiting: int = 100_000
    skills: int = 60


@dataclass(frozen=True, kw_only=True)
class Point:
    """What was measured of one floor in one round."""

    varied: str
    floor: Floor
    saturated_ns: float
    idle_ns: float
    bytes_per_waiting: float


def floors() -> list[tuple[str, Floor]]:
    """Return what is varied and the floor, for each point."""
    base = Floor()
    return [
        *(("waiting", replace(base, waiting=10**power)) for power in range(3, 8)),
        *(
            ("agents", replace(base, agents=agents, profiles=profiles))
            for agents, profiles in ((100, 20), (1_000, 200), (10_000, 2_000), (100_000, 10_000))
        ),
        *(("classes", replace(base, classes=10**power)) for power in range(1, 5)),
        ("all", Floor(agents=10_000, profiles=2_000, classes=4_000, waiting=1_000_000)),
        ("all", Floor(agents=100_000, profiles=10_000, classes=10_000, waiting=1_000_000)),
    ]


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each is measured (default {ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="measure small floors once and write nothing")
    arguments = parser.parse_args()
    points = measure(1 if arguments.quick else arguments.rounds, quick=arguments.quick)
    for varied in ("waiting", "agents", "classes", "all"):
        print(growth_table(points, varied), end="\n\n")
    if not arguments.quick:
        from benchmarks import pictures

        page.keep("growth", points)
        for varied in ("waiting", "agents", "classes", "all"):
            page.show(f"growth {varied}", growth_table(points, varied))
        page.show("growth machine", f"{page.machine_line()}\nMedians of {arguments.rounds} rounds.")
        panels = {varied: _curves(points, varied) for varied in ("waiting", "agents", "classes")}
        top = 1.1 * max(y for panel in panels.values() for curve in panel.values() for _, y in curve)
        pictures.curves("growth", "Nanoseconds per decision", panels, top=top)


def measure(rounds: int, *, quick: bool) -> list[Point]:
    """Measure all floors, ``rounds`` times in turn."""
    chosen = floors()
    if quick:
        chosen = [(varied, replace(floor, waiting=QUICK_WAITING)) for varied, floor in chosen if floor.agents <= 1_000]
    runs = [one for _ in range(rounds) for one in chosen]
    points = []
    with children.steps(runs) as steps:
        for varied, floor in runs:
            steps.next(f"{floor.agents:,} agents, {floor.classes:,} classes, {floor.waiting:,} waiting")
            points.append(_measured(varied, floor, QUICK_ITERATIONS if quick else ITERATIONS))
            steps.done()
    return points


def _measured(varied: str, floor: Floor, iterations: int) -> Point:
    options = [part for name, size in asdict(floor).items() for part in (f"--{name}", size)]
    printed = children.run("ccroute", "bench", "core", *options, "--iterations", iterations, "--json")
    results = [msgspec.json.decode(line, type=CoreResult) for line in printed.splitlines()]
    by_regime = {result.regime: result for result in results}
    return Point(
        varied=varied,
        floor=floor,
        saturated_ns=by_regime[Regime.SATURATED].ns_per_decision,
        idle_ns=by_regime[Regime.IDLE].ns_per_decision,
        bytes_per_waiting=by_regime[Regime.SATURATED].bytes_per_waiting,
    )


def medians(points: list[Point], varied: str) -> list[Point]:
    """Return one point per floor, its figures medians over the rounds, in the order of measuring."""
    by_floor: dict[Floor, list[Point]] = {}
    for point in points:
        if point.varied == varied:
            by_floor.setdefault(point.floor, []).append(point)
    return [
        Point(
            varied=varied,
            floor=floor,
            saturated_ns=statistics.median(one.saturated_ns for one in same),
            idle_ns=statistics.median(one.idle_ns for one in same),
            bytes_per_waiting=statistics.median(one.bytes_per_waiting for one in same),
        )
        for floor, same in by_floor.items()
    ]


def growth_table(points: list[Point], varied: str) -> str:
    """Return the cost of a decision by floor, as a table in Markdown."""
    sizes = ("agents", "profiles", "classes", "waiting")
    rows = [
        [
            *(
                f"**{size:,}**" if name == varied else f"{size:,}"
                for name, size in asdict(point.floor).items()
                if name in sizes
            ),
            f"{point.saturated_ns:,.0f}",
            f"{point.idle_ns:,.0f}",
            f"{point.bytes_per_waiting:.1f}",
        ]
        for point in medians(points, varied)
    ]
    return page.table([*sizes, "saturated, ns", "idle, ns", "bytes per waiting contact"], rows)


def _curves(points: list[Point], varied: str) -> dict[str, list[tuple[float, float]]]:
    found = medians(points, varied)
    sizes = [asdict(point.floor)[varied] for point in found]
    return {
        "saturated": [(size, point.saturated_ns) for size, point in zip(sizes, found, strict=True)],
        "idle": [(size, point.idle_ns) for size, point in zip(sizes, found, strict=True)],
    }


if __name__ == "__main__":
    main()
