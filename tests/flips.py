"""Flips every bit of small journals, one at a time: ``python -m tests.flips``; ``--every 97`` takes each 97th bit.

Two journals: one closed in order, one of a killed process, with SQLite's log beside it; each with a mark, a subscriber,
events that are kept and two snapshots. After each flip the journal is opened as its next owner does. Either it raises a
``JournalError``, or everything is byte for byte what was written: records, events, subscribers, snapshots. A damaged
snapshot is passed over, and events that are not found are made again by a replay. Nothing else is let pass.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec import structs

from ccroute import JournaledEngine, JournalError, SnapshotPolicy, SqliteJournal
from ccroute.ports import Record
from tests.journals import center, comes, day

NAME: Final = "support.ccroute"
ENGINE_EVERY: Final = 50
"""The engine itself is recovered once in so many flips; records, byte for byte, are compared each time."""
_KEPT: Final = SnapshotPolicy(every_commands=None, on_close=False, fork=False)


class Unseen(AssertionError):
    """A flipped bit changed something, and nobody was told."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A journal and what it says."""

    files: dict[str, bytes]
    """By name."""
    records: list[Record]
    confirmed: dict[str, int]
    snapshots: dict[int, bytes]
    """Their bytes, by record."""
    state: bytes
    """The snapshot of the recovered engine."""


def samples(folder: Path) -> dict[str, Sample]:
    """Make the two journals."""
    path = folder / NAME
    with JournaledEngine.open(path, center(), snapshots=_KEPT) as durable:
        journal = durable.journal
        journal.subscribe("history")
        for command, at_us in day(4):
            durable.handle(command, at_us)
        journal.confirm("history", 3)
        durable.snapshot(fork=False)
        durable.handle(comes(9), 9_000_000)
        durable.snapshot(fork=False)
        durable.handle(comes(10), 9_000_000)
        known = (
            list(journal.records()),
            journal.confirmed(),
            {seq: journal.snapshots.load(seq).data for seq in journal.snapshots.seqs()},
            durable.engine.snapshot(),
        )
        killed = _files(folder)
    closed = _files(folder)
    return {
        name: Sample(files=files, records=known[0], confirmed=known[1], snapshots=known[2], state=known[3])
        for name, files in (("closed in order", closed), ("killed", killed))
    }


def _files(folder: Path) -> dict[str, bytes]:
    left_out = ("-lock", "-shm")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if not path.name.endswith(left_out)}


def flip(folder: Path, sample: Sample, name: str, bit: int, *, recovers: bool) -> str:
    """Flip one bit, open the journal, and return what came of it.

    :raises Unseen: something changed, and nobody was told.
    """
    for path in folder.iterdir():
        path.unlink()
    for other, data in sample.files.items():
        if other == name:
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            data = bytes(changed)
        (folder / other).write_bytes(data)
    try:
        said = _compared(folder, sample)
        if recovers:
            with JournaledEngine.open(folder / NAME, snapshots=_KEPT) as durable:
                if durable.engine.snapshot() != sample.state:
                    raise Unseen(f"{name}, bit {bit}: another state")
        return said
    except JournalError as error:
        return type(error).__name__
    except Unseen as error:
        raise Unseen(f"{name}, bit {bit}: {error}") from error


def _compared(folder: Path, sample: Sample) -> str:
    """Return what the next owner of the journal finds."""
    journal = SqliteJournal(folder / NAME)
    try:
        journal.claim()
        found = list(journal.records())
        # Events that are not found are made again by a replay, as those are that were confirmed.
        has_all = [one.events is None for one in found] == [one.events is None for one in sample.records]
        if [_with_events(one, other) for one, other in zip(found, sample.records, strict=False)] != sample.records:
            raise Unseen("other records")
        if journal.confirmed() != sample.confirmed:
            raise Unseen("other subscribers")
        said = "the same" if has_all else "events made again"
        for seq, data in sample.snapshots.items():
            try:
                if journal.snapshots.load(seq).data != data:
                    raise Unseen("another snapshot")
            except JournalError:
                said = "snapshot passed over"
        return said
    finally:
        journal.close()


def _with_events(record: Record, other: Record) -> Record:
    return structs.replace(record, events=other.events) if record.events is None else record


def flip_many(folder: Path, every: int = 1, first: int = 0) -> Counter[tuple[str, str, str]]:
    """Flip each so many-th bit of every file of every journal, and return what came of it, by journal, file, outcome.

    :raises Unseen: something changed, and nobody was told.
    """
    source, work = folder / "source", folder / "work"
    for path in (source, work):
        path.mkdir()
    outcomes: Counter[tuple[str, str, str]] = Counter()
    for kind, sample in samples(source).items():
        for name, data in sample.files.items():
            for number, bit in enumerate(range(first % every, 8 * len(data), every)):
                said = flip(work, sample, name, bit, recovers=number % ENGINE_EVERY == 0)
                outcomes[kind, name, said] += 1
    return outcomes


def main() -> None:
    """Flip what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="each so many-th bit only (default 1: all)")
    parser.add_argument("--first", type=int, default=0, help="begin at this bit")
    arguments = parser.parse_args()
    memory = Path("/dev/shm")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        outcomes = flip_many(Path(folder), arguments.every, arguments.first)
    for (kind, name, said), count in sorted(outcomes.items()):
        print(f"{count:9,} {kind}, {name}: {said}")
    print(f"{outcomes.total():,} bits flipped in {time.monotonic() - begun:.0f} s, none silently wrong")


if __name__ == "__main__":
    main()
