"""Every call of the disk fails once: ``python -m tests.simulation.each_call``.

A short life of a journal, the same each time: made, commanded one by one and in batches, confirmed, kept in snapshots,
compacted, closed, opened again, followed by a history. It is lived once for each of its calls and each fault there is:
a failed call, a full disk, a kill, a loss of power. Afterwards the journal is opened anew, after the power has gone
once more, and what was acknowledged must be there, and nothing that was not asked for.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections import Counter
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from ccroute import Engine, JournaledEngine, JournalFailed, JournalFeed, SnapshotPolicy, SqliteJournal
from ccroute.commands import Command
from ccroute.errors import CcrouteError, JournalCorrupt, StorageError
from ccroute.history import HistoryWriter
from ccroute.history.store import SqlHistory
from ccroute.storage.sqlite import SqliteDatabase
from tests.journals import center, day
from tests.simulation.disk import Fault, HostileDisk
from tests.simulation.vfs import HostileVfs

COMMANDS: Final = tuple(day(8))
_BATCHES: Final = ((0, 3), (3, 4), (4, 8), (8, 9), (9, 12))
"""From which command to which each call takes."""
_names: Final = count()


class Life:
    """One life of a journal, in which a call fails."""

    def __init__(self, folder: Path, fault: Fault | None, at: int) -> None:
        self.disk: Final = HostileDisk(folder, Random(f"{fault}/{at}"))
        self.acknowledged = 0
        """Commands."""
        self._asked = 0
        self._path: Final = str(folder / "support.ccroute")
        self._vfs: Final = HostileVfs(f"each-call-{next(_names)}", self.disk)
        self.disk.plan(fault, at)

    def close(self) -> None:
        """Give the file system back."""
        self._vfs.unregister()

    def live(self) -> CcrouteError | None:
        """Live until the end, or until something fails; return what."""
        try:
            for begin, end in ((0, 3), (3, len(_BATCHES))):
                self._day(begin, end)
        except (JournalFailed, JournalCorrupt, StorageError) as error:
            return error
        return None

    def _open(self) -> JournaledEngine:
        policy = SnapshotPolicy(every_commands=5, keep=1, forget_records=True, fork=False)
        journal = SqliteJournal(self._path, vfs=self._vfs.name, disk=self.disk)  # type: ignore[arg-type]
        return JournaledEngine.open(journal, center(), snapshots=policy)

    def _day(self, begin: int, end: int) -> None:
        durable = self._open()
        try:
            with contextlib.closing(self._history()) as history:
                writer = HistoryWriter(JournalFeed(durable.journal), history)
                for first, last in _BATCHES[begin:end]:
                    self._give(durable, list(COMMANDS[first:last]), last)
                    writer.catch_up()
        finally:
            durable.close()

    def _give(self, durable: JournaledEngine, commands: list[tuple[Command, int]], last: int) -> None:
        self._asked = last
        try:
            durable.handle_many(commands) if len(commands) > 1 else durable.handle(*commands[0])
        except JournalFailed:
            # Nothing is acknowledged from then on.
            with contextlib.suppress(JournalFailed):
                durable.handle(*COMMANDS[-1])
                raise AssertionError("an engine went on after it failed to write") from None
            raise
        self.acknowledged = last

    def _history(self) -> SqlHistory:
        own = self._database(f"{self._path}-history")
        try:
            index = self._database(f"{self._path}-history-search")
        except BaseException:
            own.close()
            raise
        return SqlHistory(own, index, vault=None)

    def _database(self, path: str) -> SqliteDatabase:
        return SqliteDatabase(path, vfs=self._vfs.name, disk=self.disk)  # type: ignore[arg-type]

    def check(self) -> None:
        """Open the journal anew and compare: with every acknowledged command, and then one that was on the way."""
        durable = self._open()
        try:
            now = durable.engine.snapshot()
            if now not in {_state(self.acknowledged), _state(self._asked)}:
                raise AssertionError(
                    f"neither {self.acknowledged} commands, which were acknowledged, nor {self._asked}"
                )
            with contextlib.closing(self._history()) as history:
                HistoryWriter(JournalFeed(durable.journal), history).catch_up()
        finally:
            durable.close()


_states: Final[dict[int, bytes]] = {}


def _state(commands: int) -> bytes:
    """Return the snapshot of an engine that had so many of the commands."""
    if commands not in _states:
        engine = Engine(center())
        done = 0
        for _, last in _BATCHES:
            if last <= commands:
                engine.handle_many(list(COMMANDS[done:last]))
                done = last
        _states[commands] = engine.snapshot()
    return _states[commands]


def live_and_fail(folder: Path, fault: Fault, at: int) -> tuple[str, bool]:
    """Live one life in which a call fails, and check what is left; return what failed, and whether it came to that.

    :raises AssertionError: something was lost, or failed without a reason.
    """
    for path in folder.iterdir():
        path.unlink()
    life = Life(folder, fault, at)
    try:
        error = life.live()
        has_failed = life.disk.has_failed
        if error is not None and not has_failed:
            raise AssertionError("failed without a reason") from error
        for is_power_loss in (fault is Fault.POWER, True):
            life.disk.boot(is_power_loss=is_power_loss)
            life.check()
        return type(error).__name__ if error is not None else "nothing", has_failed
    except (AssertionError, CcrouteError) as error:
        error.add_note(f"{fault} at call {at}: python -m tests.simulation.each_call --fault {fault} --first {at}")
        raise
    finally:
        life.close()


def fail_each(folder: Path, faults: tuple[Fault, ...], first: int = 1, every: int = 1) -> Counter[tuple[str, str]]:
    """Let each so many-th call fail, by each fault, and return how often what was told."""
    outcomes: Counter[tuple[str, str]] = Counter()
    for fault in faults:
        for at in count(first, every):
            told, has_failed = live_and_fail(folder, fault, at)
            if not has_failed:
                break
            outcomes[fault.value, told] += 1
    return outcomes


def main() -> None:
    """Let fail what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--fault", choices=[one.value for one in Fault], help="this fault only (default: each)")
    parser.add_argument("--first", type=int, default=1, help="begin at this call")
    parser.add_argument("--every", type=int, default=1, help="each so many-th call only (default 1: all)")
    arguments = parser.parse_args()
    faults = tuple(Fault) if arguments.fault is None else (Fault(arguments.fault),)
    memory = Path("/dev/shm")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        outcomes = fail_each(Path(folder), faults, arguments.first, arguments.every)
    for (fault, told), times in sorted(outcomes.items()):
        print(f"{times:6} {fault}: {told}")
    print(f"{outcomes.total()} lives in {time.monotonic() - begun:.0f} s: nothing was lost")


if __name__ == "__main__":
    main()
