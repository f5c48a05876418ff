"""Flips every bit of small journals, one at a time: ``python -m tests.flips``; ``--every 97`` takes each 97th bit.

Two journals: one closed in order, one of a killed process, with SQLite's log beside it; each with a mark, a subscriber,
events that are kept and two snapshots. After each flip the journal is opened as its next owner does. Either it raises a
``JournalError``, or everything is byte for byte what was written: records, events, subscribers, snapshots. A damaged
snapshot is passed over, and events that are not found are made again by a replay. Nothing else is let pass.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec import structs

from ccroute import JournaledEngine, JournalError, SnapshotPolicy, SqliteJournal
from ccroute.journal.snapshot_files import SnapshotFiles
from ccroute.ports import Record
from ccroute.storage.disk import Disk
from tests.journals import center, comes, day

NAME: Final = "support.ccroute"
ENGINE_EVERY: Final = 499
"""The engine itself is recovered once in so many flips; records, byte for byte, are compared each time."""
_SNAPSHOT: Final = "-snapshot-"
_NOT_KEPT: Final = ("-lock", "-shm")
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
    """Make the two journals: few and short records, because every bit of them is flipped."""
    path = folder / NAME
    commands = day(1)
    with JournaledEngine.open(path, center(), snapshots=_KEPT) as durable:
        journal = durable.journal
        journal.subscribe("history")
        durable.handle_many(commands[:2])
        durable.handle_many(commands[2:])
        journal.confirm("history", 2)
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
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if not path.name.endswith(_NOT_KEPT)}


def _lay(folder: str, files: dict[str, bytes], name: str, changed: bytes) -> None:
    """Lay the files of a journal, one of them changed, and nothing else."""
    for other in os.listdir(folder):
        if other not in files:
            os.unlink(f"{folder}/{other}")
    for other, data in files.items():
        # Nothing writes to snapshots here.
        if other == name or _SNAPSHOT not in other or not os.path.exists(f"{folder}/{other}"):
            with open(f"{folder}/{other}", "wb", buffering=0) as file:
                file.write(changed if other == name else data)


def _flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def flip_file(folder: str, sample: Sample, name: str, bits: range) -> Counter[str]:
    """Flip bits of a file, one at a time, open the journal each time, and return what came of it how often.

    :raises Unseen: something changed, and nobody was told.
    """
    outcomes: Counter[str] = Counter()
    data = sample.files[name]
    path = f"{folder}/{NAME}"
    for number, bit in enumerate(bits):
        _lay(folder, sample.files, name, _flipped(data, bit))
        try:
            # Whoever opens a journal looks at its snapshots only to recover the engine.
            said = _snapshot_compared(path, sample, name) if _SNAPSHOT in name else _compared(path, sample)
            if number % ENGINE_EVERY == 0:
                with JournaledEngine.open(path, snapshots=_KEPT) as durable:
                    if durable.engine.snapshot() != sample.state:
                        raise Unseen("another state")
        except JournalError as error:
            said = type(error).__name__
        except Unseen as error:
            raise Unseen(f"{name}, bit {bit}: {error}") from error
        outcomes[said] += 1
    _lay(folder, sample.files, name, data)
    return outcomes


def _snapshot_compared(path: str, sample: Sample, name: str) -> str:
    """Return what is found in the file of a snapshot."""
    seq = int(name.rpartition("-")[2])
    try:
        found = SnapshotFiles(path, Disk()).load(seq).data
    except JournalError:
        return "snapshot passed over"
    if found != sample.snapshots[seq]:
        raise Unseen("another snapshot")
    return "the same"


def _compared(path: str, sample: Sample) -> str:
    """Return what the next owner of the journal finds."""
    journal = SqliteJournal(path)
    try:
        journal.claim()
        found = list(journal.records())
        # Events that are not found are made again by a replay, as those are that were confirmed.
        has_all = [one.events is None for one in found] == [one.events is None for one in sample.records]
        if [_with_events(one, other) for one, other in zip(found, sample.records, strict=False)] != sample.records:
            raise Unseen("other records")
        if journal.confirmed() != sample.confirmed:
            raise Unseen("other subscribers")
        return "the same" if has_all else "events made again"
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
            told = flip_file(str(work), sample, name, range(first % every, 8 * len(data), every))
            outcomes.update({(kind, name, said): count for said, count in told.items()})
    return outcomes


def main() -> None:
    """Flip what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="each so many-th bit only (default 1: all)")
    parser.add_argument("--first", type=int, default=0, help="begin at this bit")
    arguments = parser.parse_args()
    memory = Path("/dev/shm")
    begun, begun_cpu = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        outcomes = flip_many(Path(folder), arguments.every, arguments.first)
    for (kind, name, said), count in sorted(outcomes.items()):
        print(f"{count:9,} {kind}, {name}: {said}")
    print(
        f"{outcomes.total():,} bits flipped in {time.monotonic() - begun:.0f} s, of which CPU "
        f"{time.process_time() - begun_cpu:.0f} s: none silently wrong"
    )


if __name__ == "__main__":
    main()
