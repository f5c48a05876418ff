"""Runs hostile worlds: ``python -m tests.simulation --seed 1 --worlds 1000`` or ``--seconds 60``.

The first failure stops it, with the words that run that one world again. ``--world N`` is that one world. At the end it
says how often everything happened: a run in which no power went says nothing of power.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Final

from tests.simulation.hostile_world import STEPS, HostileWorld

MEMORY: Final = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
"""Where nothing waits for a disk."""


def run_world(seed: int, number: int, steps: int) -> HostileWorld:
    """Run one world and return it."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        world = HostileWorld(f"{seed}/{number}", Path(folder))
        world.run(steps)
        return world


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worlds", type=int, default=100, help="how many worlds (default 100)")
    parser.add_argument("--seconds", type=float, help="as many worlds as so many seconds allow")
    parser.add_argument("--world", type=int, help="run this one world of the seed")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"steps of each world (default {STEPS})")
    arguments = parser.parse_args()
    happened: Counter[str] = Counter()
    begun = time.monotonic()
    number = arguments.world or 0
    while True:
        try:
            world = run_world(arguments.seed, number, arguments.steps)
        except Exception:
            traceback.print_exc()
            print(
                f"again: python -m tests.simulation --seed {arguments.seed} --world {number} --steps {arguments.steps}",
                file=sys.stderr,
            )
            raise SystemExit(1) from None
        happened += world.happened
        happened += Counter({f"fault: {name}": times for name, times in world.disk.counts.items()})
        number += 1
        seconds = time.monotonic() - begun
        if arguments.world is not None or (
            number >= arguments.worlds if arguments.seconds is None else seconds >= arguments.seconds
        ):
            break
    for name, times in sorted(happened.items()):
        print(f"{times:8} {name}")
    print(f"{number - (arguments.world or 0)} worlds of seed {arguments.seed} in {seconds:.0f} s: nothing was lost")


if __name__ == "__main__":
    main()
