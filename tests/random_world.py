"""Drives engine and model through many random worlds: ``python -m tests.random_world --seed 1 --worlds 1000``.

Plain ``random.Random``, no hypothesis, hence fast. The first failure is shrunk and printed, and with ``--write NAME``
stored as ``tests/replay/NAME.json``. ``--world N`` runs that one world of the seed again. Most worlds are about some
feature, each in its turn; ``--feature NAME`` (more than once, if you like) makes every world have that one.
``--counts`` tells how often everything happened, ``--complete`` asks for everything: a run that never pre-empts says
nothing of pre-emption.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from ccroute.config.structs import Config
from ccroute.events import Event
from tests import recordings
from tests.happenings import happenings
from tests.host import Host
from tests.shrinking import failure_of, shrink
from tests.steps import Duel, Solo, Step
from tests.worlds import FEATURES, World, random_world

REPLAY = Path(__file__).parent / "replay"
FOCI: Final[tuple[tuple[str, ...], ...]] = (
    *((feature,) for feature in FEATURES),
    ("preempt_work",),
    ("interrupts", "preempt_work"),
    ("interrupts", "pick"),
    ("preempt_offers", "preempt_work"),
    ("preempt_work", "reserve"),
    ("interrupts", "direct"),
    ("consult", "conference"),
    ("interrupts", "assign"),
)
"""What worlds are about: each feature, and those pairs that need many worlds before something happens."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What became of one world."""

    world: World
    steps: list[Step]
    """The steps taken; where something went wrong, it did so in the last of them."""
    error: BaseException | None
    happened: Counter[str]
    """How often everything happened, by the names of :meth:`tests.ledger.Ledger.read`."""


def run_world(
    seed: int,
    number: int,
    steps_count: int,
    focus: Sequence[str] = (),
    duel_type: type[Solo] = Duel,
    among: Sequence[str] = FEATURES,
) -> Run:
    """Run one world."""
    random = Random(f"{seed}/{number}")
    world = random_world(random, focus, among)
    steps: list[Step] = []
    duel = duel_type(world.config)
    host = Host(random, world, duel.model)
    for _ in range(steps_count):
        steps.append(host.step())
        try:
            duel.do(steps[-1])
        except Exception as error:  # whatever goes wrong is the finding
            return Run(world=world, steps=steps, error=error, happened=duel.ledger.happened)
    return Run(world=world, steps=steps, error=None, happened=duel.ledger.happened)


def focus_of(number: int) -> Sequence[str]:
    """Return the features that a world of a series is about: in every fourth none, else one of :data:`FOCI` in turn."""
    return FOCI[number * 3 // 4 % len(FOCI)] if number % 4 else ()


def model_events(config: Config, steps: list[Step]) -> list[Event]:
    """Return what the model says to steps, the last of which fails."""
    duel = Solo(config)
    with contextlib.suppress(Exception):
        recordings.run(duel, steps)
    return duel.expected


def digest(seed: int, worlds: int, steps_count: int) -> str:
    """Return a digest of everything that engines say in some worlds, snapshots included."""
    hasher = hashlib.sha256()
    for number in range(worlds):
        random = Random(f"{seed}/{number}")
        world = random_world(random)
        duel = Duel(world.config)
        host = Host(random, world, duel.model)
        for _ in range(steps_count):
            duel.do(host.step())
        hasher.update(msgspec.json.encode(duel.told) + duel.engine.snapshot())
    return hasher.hexdigest()


def report(config: Config, steps: list[Step], write: str | None, duel_type: type[Solo] = Duel) -> None:
    """Shrink a failing run, print it and store it if asked."""
    config, steps = shrink(config, steps, duel_type)
    found = failure_of(config, steps, duel_type)
    assert found is not None
    print("configuration:", compact(config))
    duel = duel_type(config)
    for step in steps:
        print("  ", compact(step))
        before = len(duel.expected)
        with contextlib.suppress(Exception):
            duel.do(step)
        for event in duel.expected[before:]:
            print("      ", compact(event))
    print("".join(traceback.format_exception(found[1])[-3:]))
    if write is not None:
        path = REPLAY / f"{write}.json"
        recordings.write(path, config, steps, model_events(config, steps))
        print("written:", path)


def compact(value: object) -> str:
    """Return a struct as text, without what has its default."""
    if isinstance(value, msgspec.Struct):
        told = [
            f"{field.name}={compact(getattr(value, field.name))}"
            for field in msgspec.structs.fields(value)
            if getattr(value, field.name) != recordings.default_of(field)
        ]
        return f"{type(value).__name__}({', '.join(told)})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {compact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(compact(item) for item in value) + "]"
    return repr(str(value)) if isinstance(value, str) else repr(value)


def main() -> int:
    """Run the worlds that the command line asks for; return 1 after a failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worlds", type=int, default=1_000_000, help="how many at most")
    parser.add_argument("--world", type=int, help="only this one")
    parser.add_argument("--steps", type=int, default=150, help="per world")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long at most")
    parser.add_argument("--feature", action="append", default=[], choices=FEATURES, help="that every world has")
    parser.add_argument(
        "--among", action="append", default=[], choices=FEATURES, help="that worlds may have; default all"
    )
    parser.add_argument("--solo", action="store_true", help="drive the oracle alone")
    parser.add_argument("--counts", action="store_true", help="tell how often everything happened")
    parser.add_argument("--complete", action="store_true", help="fail if something never happened")
    parser.add_argument("--digest", action="store_true", help="print a digest of every event of the engine")
    parser.add_argument("--write", metavar="NAME", help="store the shrunk case as tests/replay/NAME.json")
    arguments = parser.parse_args()
    if arguments.digest:
        print(digest(arguments.seed, arguments.worlds, arguments.steps))
        return 0
    return _run(arguments)


def _run(arguments: Any) -> int:
    worlds = range(arguments.worlds) if arguments.world is None else [arguments.world]
    duel_type = Solo if arguments.solo else Duel
    began = time.monotonic()
    steps_done = worlds_done = 0
    happened: Counter[str] = Counter()
    for number in worlds:
        among = arguments.among or FEATURES
        focus = arguments.feature or [feature for feature in focus_of(number) if feature in among]
        run = run_world(arguments.seed, number, arguments.steps, focus, duel_type, among)
        if run.error is not None:
            print(f"seed {arguments.seed}, world {number}, step {len(run.steps)}: {run.error!r}")
            report(run.world.config, run.steps, arguments.write, duel_type)
            return 1
        steps_done += len(run.steps)
        worlds_done += 1
        happened += run.happened
        if time.monotonic() - began > arguments.seconds:
            break
    if arguments.counts:
        for name, count in sorted(happened.items()):
            print(f"{count:9}  {name}")
    print(f"seed {arguments.seed}: {worlds_done} worlds, {steps_done} steps, no difference")
    never = [name for name in happenings() if not happened[name]]
    if arguments.complete and never:
        print("never happened:", ", ".join(never))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
