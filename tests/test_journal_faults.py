"""What the simulation of faults has found once, each told again in a few lines."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from ccroute import (
    JournaledEngine,
    JournalFailed,
    JournalFeed,
    MemoryJournal,
    OutOfRange,
    SnapshotPolicy,
    SqliteJournal,
)
from ccroute.errors import StorageClosed, StorageError
from ccroute.history import HistoryWriter, MemoryHistory
from ccroute.journal.memory import MemoryLog
from ccroute.journal.snapshot_files import SnapshotFiles
from ccroute.ports import Journal, Record, StoredSnapshot
from ccroute.storage import sqlite
from ccroute.storage.disk import Disk
from ccroute.storage.sqlite import SqliteDatabase, connect
from tests.journals import NO_SNAPSHOTS, center, comes, day
from tests.simulation.disk import Fault, HostileDisk
from tests.simulation.hostile_world import HostileWorld

FORGETTING = SnapshotPolicy(every_commands=1, keep=1, forget_records=True, fork=False)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[HostileWorld]:
    """Return a disk and a file system over it."""
    world = HostileWorld("faults", tmp_path)
    yield world
    world.unregister()


def opened(world: HostileWorld, path: Path) -> JournaledEngine:
    journal = SqliteJournal(path, vfs=world.vfs_name, disk=world.disk)  # type: ignore[arg-type]
    return JournaledEngine.open(journal, center(), snapshots=NO_SNAPSHOTS)


@pytest.mark.slow
def test_nothing_is_built_on_a_sync_that_failed(world: HostileWorld, tmp_path: Path) -> None:
    disk = world.disk
    for number in range(8):
        disk.random.seed(number)
        path = tmp_path / f"{number}.ccroute"
        durable = opened(world, path)
        before = disk.calls
        durable.handle(comes(1), 1)
        disk.plan(Fault.ERROR, disk.trace[before:].index(("sync", f"{path.name}-wal", 0)) + 1)
        with pytest.raises(JournalFailed):
            durable.handle(comes(2), 2)
        assert disk.is_behind(f"{path.name}-wal")
        durable.close()
        # The system goes on, and shows what is not on the medium.
        disk.boot(is_power_loss=False)
        durable = opened(world, path)
        durable.handle(comes(3), 3)
        state = durable.engine.snapshot()
        disk.is_on = False
        with contextlib.suppress(JournalFailed):
            durable.close()
        disk.boot(is_power_loss=True)
        durable = opened(world, path)
        assert durable.engine.snapshot() == state
        durable.close()


@pytest.mark.slow
def test_no_database_is_built_on_a_sync_that_failed(world: HostileWorld, tmp_path: Path) -> None:
    disk = world.disk

    def database(path: Path) -> SqliteDatabase:
        return SqliteDatabase(path, vfs=world.vfs_name, disk=disk)  # type: ignore[arg-type]

    def note(name: str, made: SqliteDatabase) -> None:
        with made.writing() as session:
            session.execute("INSERT INTO notes VALUES (?)", (name,))

    for number in range(8):
        disk.random.seed(number)
        path = tmp_path / f"{number}-history"
        made = database(path)
        with made.writing() as session:
            session.define("CREATE TABLE notes (name TEXT)")
        disk.plan(Fault.ERROR, _calls_to_sync(disk, path, lambda made=made: note("first", made)))  # type: ignore[misc]
        with pytest.raises(StorageError):
            note("second", made)
        assert disk.is_behind(f"{path.name}-wal")
        _kill(disk, made)
        made = database(path)
        note("third", made)
        with made.reading() as session:
            noted = session.execute("SELECT name FROM notes ORDER BY rowid")
        assert {("first",), ("third",)} <= set(noted)
        _kill(disk, made, is_power_loss=True)
        made = database(path)
        with made.reading() as session:
            assert session.execute("SELECT name FROM notes ORDER BY rowid") == noted
        made.close()


def _calls_to_sync(disk: HostileDisk, path: Path, does: Callable[[], None]) -> int:
    """Return at which call of the disk SQLite's log is synced where something is done once more."""
    before = len(disk.trace)
    does()
    return disk.trace[before:].index(("sync", f"{path.name}-wal", 0)) + 1


def _kill(disk: HostileDisk, made: SqliteDatabase, *, is_power_loss: bool = False) -> None:
    disk.is_on = False
    with contextlib.suppress(StorageError):
        made.close()
    disk.boot(is_power_loss=is_power_loss)


def test_a_database_that_cannot_be_made_certain_is_not_opened(world: HostileWorld, tmp_path: Path) -> None:
    disk, path = world.disk, tmp_path / "history"
    with SqliteDatabase(path, vfs=world.vfs_name).writing() as session:
        session.define("CREATE TABLE notes (name TEXT)")
    refused = 0
    for at in range(1, 60):
        disk.plan(Fault.ERROR, at)
        try:
            SqliteDatabase(path, vfs=world.vfs_name, disk=disk).close()  # type: ignore[arg-type]
        except StorageError:
            refused += 1
        disk.boot(is_power_loss=False)
        SqliteDatabase(path, vfs=world.vfs_name, disk=disk).close()  # type: ignore[arg-type]
    assert refused >= 20


def test_a_database_that_somebody_writes_to_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SqliteDatabase(tmp_path / "history")
    monkeypatch.setattr(sqlite, "connect", partial(connect, busy_ms=0))
    with writer.writing():
        SqliteDatabase(tmp_path / "history").close()
    writer.close()


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    with pytest.raises(JournalFailed, match="could not be read"):
        SnapshotFiles(str(tmp_path / "gone" / "support.ccroute"), Disk()).seqs()


def test_events_before_the_oldest_snapshot_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "support.ccroute"
    with JournaledEngine.open(path, center(), snapshots=FORGETTING) as durable:
        durable.journal.subscribe("history")
        for command, at_us in day(5):
            durable.journal.confirm("history", durable.record_seq)
            durable.handle(command, at_us)
    with JournaledEngine.open(path, snapshots=NO_SNAPSHOTS) as durable:
        durable.journal.confirm("history", durable.record_seq)
        durable.handle(comes(9), 9_000_000)
        first = durable.journal.first_seq()
        assert first > 1
        with pytest.raises(OutOfRange, match="events before it are not kept any more"):
            list(JournalFeed(durable.journal).told(first - 1))


def test_a_history_goes_on_where_records_without_events_are_forgotten() -> None:
    log = MemoryLog()
    history, expected = MemoryHistory(), MemoryHistory()
    with JournaledEngine.open(MemoryJournal(log), center(), snapshots=FORGETTING) as durable:
        writer = HistoryWriter(JournalFeed(durable.journal), history)
        events = []
        for command, at_us in day(6):
            events += durable.handle(command, at_us)
            writer.catch_up()
        assert durable.journal.first_seq() > 1
        HistoryWriter(JournalFeed(durable.journal), history).catch_up()
    expected.write(events)
    assert history.stories().stories == expected.stories().stories


def test_a_journal_is_given_back_though_closing_fails(world: HostileWorld, tmp_path: Path) -> None:
    path = tmp_path / "support.ccroute"
    durable = opened(world, path)
    durable.handle(comes(1), 1)
    list(durable.journal.records())
    world.disk.plan(Fault.FULL)
    with pytest.raises(JournalFailed):
        durable.close()
    world.disk.boot(is_power_loss=False)
    opened(world, path).close()


def test_a_database_is_closed_though_closing_fails(world: HostileWorld, tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "history", vfs=world.vfs_name)
    with database.writing() as session:
        session.define("CREATE TABLE notes (id INTEGER PRIMARY KEY)")
    with database.reading() as session:
        session.execute("SELECT 1 FROM notes")
    world.disk.plan(Fault.FULL)
    with pytest.raises(StorageError):
        database.close()
    with pytest.raises(StorageClosed), database.reading():
        pass
    world.disk.boot(is_power_loss=False)
    SqliteDatabase(tmp_path / "history", vfs=world.vfs_name).close()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_records_that_are_forgotten_while_they_are_read_are_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("ccroute.journal.sqlite._CHUNK_ROWS", 2)
    journal: Journal = MemoryJournal() if kind == "memory" else SqliteJournal(tmp_path / "support.ccroute")
    with JournaledEngine.open(journal, center(), snapshots=NO_SNAPSHOTS) as durable:
        for command, at_us in day(6):
            durable.handle(command, at_us)
        reading = journal.records()
        assert [next(reading).seq for _ in range(2)] == [1, 2]
        journal.forget(6)
        with pytest.raises(OutOfRange, match="at least 5: what lies before is not kept any more"):
            next(reading)


def test_events_are_made_again_from_a_newer_snapshot_where_the_older_one_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = MemoryJournal()
    with JournaledEngine.open(journal, center(), snapshots=NO_SNAPSHOTS) as durable:
        for command, at_us in day(6):
            durable.handle(command, at_us)
        last, records = durable.record_seq, journal.records

        def forgetting(after: int = 0) -> Iterator[Record]:
            # What the owner does in another thread as the replay begins.
            if after == 1 and journal.first_seq() == 1:
                durable.snapshot(fork=False)
                journal.forget(last)
            return records(after)

        monkeypatch.setattr(MemoryJournal, "records", lambda _, after=0: forgetting(after))
        feed = JournalFeed(journal)
        assert feed._before(last + 1).engine.snapshot() == durable.engine.snapshot()
        assert journal.first_seq() == last
        with pytest.raises(OutOfRange, match="events before it are not kept any more"):
            feed._before(last)


@pytest.mark.parametrize("comes_late", [False, True], ids=["there at the opening", "written behind it"])
def test_a_snapshot_of_a_record_that_never_was_counts_for_nothing(comes_late: bool) -> None:
    log = MemoryLog()
    forgetting = SnapshotPolicy(every_commands=None, on_close=False, keep=2, forget_records=True, fork=False)
    with JournaledEngine.open(MemoryJournal(log), center(), snapshots=forgetting) as durable:
        for command, at_us in day(3):
            durable.handle(command, at_us)
        durable.snapshot(fork=False)
        good = durable.record_seq
        durable.handle(comes(7), 7_000_000)
        # What a forked process writes down when its owner was killed before the record was appended.
        never = StoredSnapshot(record_seq=durable.record_seq + 1, record_digest=bytes(32), data=b"never")
    if not comes_late:
        log.snapshots.save(never)
    with JournaledEngine.open(MemoryJournal(log), snapshots=forgetting) as durable:
        if comes_late:
            log.snapshots.save(never)
        for number in (8, 9):
            durable.handle(comes(number), number * 1_000_000)
        durable.snapshot(fork=False)
        assert log.snapshots.seqs() == [durable.record_seq, good]
        assert durable.journal.first_seq() == good
        state = durable.engine.snapshot()
        log.snapshots.forget(durable.record_seq)
    with JournaledEngine.open(MemoryJournal(log), snapshots=forgetting) as durable:
        assert durable.engine.snapshot() == state
