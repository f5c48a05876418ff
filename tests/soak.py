"""Loads a journalled engine for long: ``python -m tests.soak --minutes 1``.

Whole lives of contacts (enqueue, ring, accept, complete, wrap-up) in batches of a thousand, each a record that is
synced to the disk before it counts, with snapshots in forked processes and compaction. It must carry out at least a
million commands a minute, on the wall clock, and hold no more memory at the end than after its first fifth, within a
bound. At the end it is closed, recovered, and compared.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from msgspec import structs

from ccroute import AcceptOffer, CompleteContact, EnqueueContact, JournaledEngine, SnapshotPolicy
from ccroute.bench.engine_bench import Batch, floor_config, life_commands, opening_commands
from ccroute.commands import Command

AGENTS: Final = 1_000
LIVES: Final = 10_000
"""Lives that are made at once; making them is not timed."""
BATCH: Final = 1_000
PER_MINUTE_MIN: Final = 1_000_000
PAUSE_US: Final = 100_000_000
"""Between one round of lives and the next; wrap-ups end."""
GROWTH_MAX: Final = 64 * 1024 * 1024
"""Bytes that the process may grow after its first fifth: what is in flight differs."""
POLICY: Final = SnapshotPolicy(every_commands=200_000, keep=2, forget_records=True)
_PAGE: Final = resource.getpagesize()


@dataclass(frozen=True, kw_only=True)
class Soaked:
    """What was measured."""

    commands: int
    seconds: float
    """Wall clock, of carrying them out and making them durable."""
    growth_bytes: int
    journal_bytes: int

    @property
    def per_minute(self) -> float:
        """Return commands a minute."""
        return 60 * self.commands / self.seconds


def soak(path: Path, seconds: float) -> Soaked:
    """Carry out commands for so many seconds.

    :raises AssertionError: what is recovered is not what was there.
    """
    durable = JournaledEngine.open(path, floor_config(AGENTS), snapshots=POLICY)
    durable.handle_many(opening_commands(AGENTS))
    lives = life_commands(LIVES, AGENTS)
    done, spent, early = 0, 0.0, 0
    for turn in count():
        if spent >= seconds:
            break
        # Everybody is idle again.
        durable.advance(durable.engine.now_us + PAUSE_US)
        commands = later(lives, turn * LIVES, durable.engine.now_us)
        begun = time.perf_counter()
        for at in range(0, len(commands), BATCH):
            durable.handle_many(commands[at : at + BATCH])
        spent += time.perf_counter() - begun
        done += len(commands)
        if not early and spent >= seconds / 5:
            early = _resident()
    growth = _resident() - early
    durable.advance(durable.engine.now_us + PAUSE_US)
    closed = durable.engine.counters().closed
    assert closed == done // 3, f"{closed} of {done // 3} contacts were closed"
    state = durable.engine.snapshot()
    durable.close()
    size = sum(file.stat().st_size for file in path.parent.iterdir())
    with JournaledEngine.open(path, snapshots=POLICY) as again:
        assert again.engine.snapshot() == state, "recovered otherwise than it was"
    return Soaked(commands=done, seconds=spent, growth_bytes=growth, journal_bytes=size)


def later(lives: Batch, first: int, begin_us: int) -> Batch:
    """Return the commands of as many lives of other contacts, later."""
    commands: Batch = []
    for command, at_us in lives:
        again: Command
        if isinstance(command, AcceptOffer):
            again = AcceptOffer(offer_id=f"o{first + int(command.offer_id[1:])}")
        else:
            assert isinstance(command, EnqueueContact | CompleteContact)
            contact_id = f"contact-{first + int(str(command.contact_id)[len('contact-') :])}"
            again = structs.replace(command, contact_id=contact_id)
        commands.append((again, begin_us + at_us))
    return commands


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def main() -> None:
    """Soak as long as the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--folder", help="where the files are written (default: a temporary folder)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        soaked = soak(Path(folder) / "support.ccroute", 60 * arguments.minutes)
    print(
        f"{soaked.commands:,} commands in {soaked.seconds:.0f} s: {soaked.per_minute:,.0f} a minute; process grew by "
        f"{soaked.growth_bytes / 1e6:.0f} MB, files {soaked.journal_bytes / 1e6:.0f} MB; recovered alike"
    )
    if soaked.per_minute < PER_MINUTE_MIN or soaked.growth_bytes > GROWTH_MAX:
        raise SystemExit(f"less than {PER_MINUTE_MIN:,} a minute, or more memory than {GROWTH_MAX:,} bytes on top")


if __name__ == "__main__":
    main()
