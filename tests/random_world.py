"""Drives engine and model through many random worlds: ``python -m tests.random_world --seed 1 --worlds 1000``.

Plain ``random.Random``, no hypothesis, hence fast. The first failure is shrunk and printed, and with ``--write NAME``
stored as ``tests/replay/NAME.json``. ``--world N`` runs that one world of the seed again.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import sys
import time
from pathlib import Path
from random import Random

import msgspec

from ccroute.config.structs import Config
from ccroute.events import Event
from tests import recordings
from tests.shrinking import failure_of, shrink
from tests.steps import Duel, Step
from tests.worlds import random_config, random_step

REPLAY = Path(__file__).parent / "replay"


def run_world(seed: int, world: int, steps_count: int) -> tuple[Config, list[Step], BaseException | None]:
    """Run one world; return its configuration, the steps taken and what went wrong in the last of them, if anything."""
    random = Random(f"{seed}/{world}")
    config = random_config(random)
    steps: list[Step] = []
    duel = Duel(config)
    for _ in range(steps_count):
        steps.append(random_step(random, duel.model))
        try:
            duel.do(steps[-1])
        except Exception as error:  # whatever goes wrong is the finding
            return config, steps, error
    return config, steps, None


def model_events(config: Config, steps: list[Step]) -> list[Event]:
    """Return what the model says to steps, the last of which fails."""
    duel = Duel(config)
    with contextlib.suppress(Exception):
        recordings.run(duel, steps)
    return duel.expected


def digest(seed: int, worlds: int, steps_count: int) -> str:
    """Return a digest of everything that engines say in some worlds, snapshots included."""
    hasher = hashlib.sha256()
    for world in range(worlds):
        random = Random(f"{seed}/{world}")
        duel = Duel(random_config(random))
        for _ in range(steps_count):
            duel.do(random_step(random, duel.model))
        hasher.update(msgspec.json.encode(duel.told) + duel.engine.snapshot())
    return hasher.hexdigest()


def report(config: Config, steps: list[Step], write: str | None) -> None:
    """Shrink a failing run, print it and store it if asked."""
    config, steps = shrink(config, steps)
    found = failure_of(config, steps)
    assert found is not None
    print("configuration:", compact(config))
    for step in steps:
        print("  ", compact(step))
    print(f"{type(found[1]).__name__}: {found[1]}")
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
    if isinstance(value, tuple):
        return "(" + ", ".join(compact(item) for item in value) + ")"
    return repr(str(value)) if isinstance(value, str) else repr(value)


def main() -> int:
    """Run the worlds that the command line asks for; return 1 after a failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worlds", type=int, default=1_000_000, help="how many at most")
    parser.add_argument("--world", type=int, help="only this one")
    parser.add_argument("--steps", type=int, default=150, help="per world")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long at most")
    parser.add_argument("--digest", action="store_true", help="print a digest of every event of the engine")
    parser.add_argument("--write", metavar="NAME", help="store the shrunk case as tests/replay/NAME.json")
    arguments = parser.parse_args()
    worlds = range(arguments.worlds) if arguments.world is None else [arguments.world]
    if arguments.digest:
        print(digest(arguments.seed, arguments.worlds, arguments.steps))
        return 0
    began = time.monotonic()
    steps_done = worlds_done = 0
    for world in worlds:
        config, steps, error = run_world(arguments.seed, world, arguments.steps)
        if error is not None:
            print(f"seed {arguments.seed}, world {world}, step {len(steps)}: {type(error).__name__}")
            report(config, steps, arguments.write)
            return 1
        worlds_done += 1
        steps_done += len(steps)
        if time.monotonic() - began > arguments.seconds:
            break
    print(f"seed {arguments.seed}: {worlds_done} worlds, {steps_done} steps, engine and model agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
