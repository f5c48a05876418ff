"""The journal in a file: what stands beside it, what is damaged in it, and calls of the disk that fail."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ccroute import JournalCorrupt, JournaledEngine, JournalError, JournalFailed, JournalInUse, NotOwner, SqliteJournal
from ccroute.journal import ownership
from ccroute.journal.mark import MarkFile, read_mark
from ccroute.journal.ownership import Lock
from ccroute.journal.records import NO_DIGEST
from ccroute.journal.snapshot_files import SnapshotFiles
from ccroute.ports import Mark, StoredSnapshot
from ccroute.storage.disk import Disk
from tests.journals import NO_SNAPSHOTS, center, comes, day

pytestmark = pytest.mark.outer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a journal of seven commands, each a record."""
    with JournaledEngine.open(tmp_path / "support.ccroute", center(), snapshots=NO_SNAPSHOTS) as durable:
        durable.journal.subscribe("history")
        for command, at_us in day(4):
            durable.handle(command, at_us)
        durable.journal.confirm("history", 3)
    return tmp_path


def opened(folder: Path, **options: object) -> JournaledEngine:
    journal = SqliteJournal(folder / "support.ccroute", **options)  # type: ignore[arg-type]
    return JournaledEngine.open(journal, snapshots=NO_SNAPSHOTS)


def state(folder: Path) -> bytes:
    with opened(folder) as durable:
        return durable.engine.snapshot()


# ---- the files -------------------------------------------------------------------------------------------------


def test_these_files_stand_beside_a_journal(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "support.ccroute",
        "support.ccroute-lock",
        "support.ccroute-mark",
    ]
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o600"}
    with opened(folder) as durable:
        durable.handle(comes(9), 9_000_000)
        assert {path.name for path in folder.iterdir()} >= {"support.ccroute-wal"}


def test_a_journal_without_its_mark_is_corrupt(folder: Path) -> None:
    (folder / "support.ccroute-mark").unlink()
    with pytest.raises(JournalCorrupt, match=r"support\.ccroute-mark: it is not there"):
        opened(folder)
    with pytest.raises(JournalCorrupt, match="it is not there"):
        list(SqliteJournal(folder / "support.ccroute", read_only=True).records())


def test_a_mark_without_its_journal_is_corrupt(folder: Path) -> None:
    (folder / "support.ccroute").unlink()
    with pytest.raises(JournalCorrupt, match="it is empty, though record 8 was acknowledged"):
        opened(folder)


def test_a_mark_of_another_journal_is_corrupt(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    with JournaledEngine.open(other / "support.ccroute", center(), snapshots=NO_SNAPSHOTS) as durable:
        durable.handle(comes(1), 1)
    shutil.copy(other / "support.ccroute-mark", folder / "support.ccroute-mark")
    with pytest.raises(JournalCorrupt, match="record 2 is not what was acknowledged"):
        opened(folder)
    with pytest.raises(JournalCorrupt, match="record 2 is not what was acknowledged"):
        list(SqliteJournal(folder / "support.ccroute", read_only=True).records())


def test_a_log_that_lost_its_end_is_corrupt(folder: Path) -> None:
    journal = opened(folder)
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    journal.handle(comes(9), 9_000_000)
    (folder / "copy").mkdir()
    for name, data in kept.items():
        (folder / "copy" / name).write_bytes(data)
    shutil.copy(folder / "support.ccroute-mark", folder / "copy" / "support.ccroute-mark")
    journal.close()
    with pytest.raises(JournalCorrupt, match="it ends at record 8, though 9 was acknowledged") as caught:
        opened(folder / "copy")
    assert caught.value.place == str(folder / "copy" / "support.ccroute")
    with pytest.raises(JournalCorrupt, match="it ends at record 8, though 9 was acknowledged"):
        list(SqliteJournal(folder / "copy" / "support.ccroute", read_only=True).records())


def test_another_database_is_no_journal(tmp_path: Path) -> None:
    import apsw

    connection = apsw.Connection(str(tmp_path / "support.ccroute"))
    connection.execute("CREATE TABLE mine (id INTEGER PRIMARY KEY)")
    connection.close()
    with pytest.raises(JournalCorrupt, match="but no journal"):
        JournaledEngine.open(tmp_path / "support.ccroute", center())


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("PRAGMA user_version = 9", "its schema is 9"),
        ("DELETE FROM journal", "does not say whose it is"),
        ("UPDATE journal SET epoch = 9", "what it says of owner and"),
        ("UPDATE journal SET subscribers = x'7b7d'", "and subscribers does not agree with its checksum"),
        ("DELETE FROM records WHERE seq = 3", "record 3: it is not there"),
        ("DELETE FROM records WHERE seq = 8", "ends at record 7"),
        ("UPDATE records SET head = zeroblob(length(head)) WHERE seq = 8", "record 8: its head does not agree"),
        ("UPDATE records SET head = zeroblob(length(head)) WHERE seq = 5", "record 5: its head does not agree"),
        ("UPDATE records SET head = (SELECT head FROM records WHERE seq = 4) WHERE seq = 5", "that of record 4"),
        ("UPDATE records SET body = x'5b5d' WHERE seq = 5", "record 5: its body does not agree"),
        ("DROP TABLE records", "SQLite failed with SQLError"),
    ],
)
def test_damage_is_told_with_its_place(folder: Path, statement: str, message: str) -> None:
    import apsw

    connection = apsw.Connection(str(folder / "support.ccroute"))
    connection.execute(statement)
    connection.close()
    with pytest.raises(JournalError, match=message):
        opened(folder)


def test_damaged_events_are_told_to_who_reads_them(folder: Path) -> None:
    import apsw

    connection = apsw.Connection(str(folder / "support.ccroute"))
    connection.execute("UPDATE events SET lines = x'5b5d' WHERE seq = 5")
    connection.close()
    with pytest.raises(JournalCorrupt, match="record 5: its events do not agree"):
        opened(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["support.ccroute", "support.ccroute-wal", "support.ccroute-mark"])
def test_no_flipped_bit_goes_unseen(folder: Path, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    durable = opened(folder)
    durable.handle(comes(9), 9_000_000)
    source = folder if name == "support.ccroute" else tmp_path_factory.mktemp("open")
    if source is not folder:
        for path in folder.iterdir():
            shutil.copy(path, source / path.name)
    expected = durable.engine.snapshot()
    durable.close()
    size = (source / name).stat().st_size
    work = tmp_path_factory.mktemp("work") / "damaged"
    for place in range(0, size, 61):
        shutil.copytree(source, work)
        data = bytearray((work / name).read_bytes())
        data[place] ^= 1 << place % 8
        (work / name).write_bytes(data)
        try:
            with opened(work) as again:
                assert again.engine.snapshot() == expected
                assert again.journal.confirmed() == {"history": 3}
        except JournalError:
            pass
        shutil.rmtree(work)


# ---- the mark --------------------------------------------------------------------------------------------------


def test_one_slot_of_a_mark_is_enough(tmp_path: Path) -> None:
    path = str(tmp_path / "mark")
    disk = Disk()
    assert read_mark(disk, path) is None
    mark = MarkFile.begin(disk, path, Mark(seq=1, digest=NO_DIGEST, epoch=1))
    for seq in (2, 3):
        mark.write(Mark(seq=seq, digest=NO_DIGEST, epoch=1))
    mark.close()
    whole = Path(path).read_bytes()
    assert read_mark(disk, path) == Mark(seq=3, digest=NO_DIGEST, epoch=1)
    # Torn anywhere, the other slot stands.
    for end in range(4_096, len(whole)):
        Path(path).write_bytes(whole[:end])
        assert read_mark(disk, path) == Mark(seq=2, digest=NO_DIGEST, epoch=1)
        if end == 4_100:
            break
    for data in (b"", bytes(8_192), whole[:10]):
        Path(path).write_bytes(data)
        with pytest.raises(JournalCorrupt, match="neither of its two marks is whole"):
            read_mark(disk, path)


def test_what_a_former_owner_marks_goes_nowhere(tmp_path: Path) -> None:
    path = str(tmp_path / "mark")
    former = MarkFile.begin(Disk(), path, Mark(seq=1, digest=NO_DIGEST, epoch=1))
    present = MarkFile.begin(Disk(), path, Mark(seq=5, digest=NO_DIGEST, epoch=2))
    with pytest.raises(JournalFailed, match="another owner has replaced it"):
        former.write(Mark(seq=2, digest=NO_DIGEST, epoch=1))
    assert read_mark(Disk(), path) == present.mark
    former.close()
    present.close()


# ---- the lock --------------------------------------------------------------------------------------------------


def test_who_holds_a_journal_is_told(folder: Path) -> None:
    with opened(folder), pytest.raises(JournalInUse, match=rf"support\.ccroute is open in process {os.getpid()}$"):
        opened(folder)
    assert opened(folder).close() is None


def test_a_lock_ends_with_its_process(folder: Path) -> None:
    program = (
        "import sys\nfrom ccroute import JournaledEngine\n"
        "durable = JournaledEngine.open(sys.argv[1])\nprint('open', flush=True)\nsys.stdin.read()\n"
    )
    words = [sys.executable, "-c", program, str(folder / "support.ccroute")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(JournalInUse, match=f"is open in process {other.pid}"):
            opened(folder)
        other.kill()
    assert len(state(folder)) > 0


def test_a_lock_does_not_outlive_its_owner_in_a_fork(tmp_path: Path) -> None:
    path = str(tmp_path / "x-lock")
    lock = Lock.take(path)
    begin, end = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.write(begin[1], b"x")
        os.read(end[0], 1)
        os._exit(0)
    os.read(begin[0], 1)
    lock.give_back()
    Lock.take(path).give_back()
    os.write(end[1], b"x")
    os.waitpid(child, 0)
    for descriptor in (*begin, *end):
        os.close(descriptor)


def test_a_lock_that_is_taken_over_stays_with_who_took_it(tmp_path: Path) -> None:
    path = str(tmp_path / "x-lock")
    former = Lock.take(path)
    present = Lock.take(path, take_over=True)
    former.give_back()
    with pytest.raises(JournalInUse):
        Lock.take(path)
    present.give_back()
    present.give_back()


def test_a_lock_whose_holder_is_not_known_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x-lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(JournalInUse, match=r"process \(not known\)"):
            Lock.take(str(path))


def test_a_lock_that_others_take_at_the_same_moment_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "x-lock")
    monkeypatch.setattr("ccroute.journal.ownership._is_at", lambda *_: False)
    with pytest.raises(JournalInUse, match="at this moment"):
        Lock.take(path)


def test_a_lock_file_that_is_replaced_meanwhile_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "x-lock")
    flock = fcntl.flock
    left = [2]

    def meanwhile(descriptor: int, how: int) -> None:
        flock(descriptor, how)
        left[0] -= 1
        if left[0] == 1:
            os.unlink(path)
        elif left[0] == 0:
            os.replace(path, f"{path}-old")
            Path(path).touch()

    monkeypatch.setattr(fcntl, "flock", meanwhile)
    Lock.take(path).give_back()
    assert left == [-1]


# ---- calls that fail -------------------------------------------------------------------------------------------


class Failing:
    """A disk of which one call, counted from 0, fails."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.disk = Disk()

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self.disk, name)
        if name == "close":
            return method  # type: ignore[no-any-return]

        def call(*arguments: object, **options: object) -> object:
            self.left -= 1
            if self.left == -1:
                raise OSError(28, "No space left on device")
            return method(*arguments, **options)

        return call


def test_every_failing_call_of_the_disk_poisons_and_opening_anew_recovers(tmp_path: Path) -> None:
    path = tmp_path / "support.ccroute"
    acknowledged = 0
    for at in range(100):
        failing = Failing(at)
        try:
            journal = SqliteJournal(path, disk=failing)  # type: ignore[arg-type]
            durable = JournaledEngine.open(journal, center(), snapshots=NO_SNAPSHOTS)
        except JournalFailed:
            continue
        try:
            for _ in range(5):
                durable.handle(comes(acknowledged), 0)
                acknowledged += 1
        except JournalFailed:
            with pytest.raises(JournalFailed):
                durable.handle(comes(acknowledged), 0)
        durable.close()
        with JournaledEngine.open(path, center(), snapshots=NO_SNAPSHOTS) as again:
            created = again.engine.counters().created
            # What was acknowledged is there; the one that failed may be.
            assert acknowledged <= created <= acknowledged + 1
            acknowledged = created
        if failing.left >= 0:
            break
    else:
        pytest.fail("there is no end to what can fail")


def test_a_snapshot_that_does_not_read_back_is_not_kept(tmp_path: Path) -> None:
    class Lying:
        def __getattr__(self, name: str) -> Callable[..., object]:
            return (lambda *_: b"other") if name == "read" else getattr(Disk(), name)

    files = SnapshotFiles(str(tmp_path / "support.ccroute"), Lying())  # type: ignore[arg-type]
    with pytest.raises(JournalFailed, match="does not hold what was written"):
        files.save(StoredSnapshot(record_seq=1, record_digest=bytes(32), data=b"state"))
    assert files.seqs() == []


def test_damaged_snapshots_are_told(tmp_path: Path) -> None:
    files = SnapshotFiles(str(tmp_path / "support.ccroute"), Disk())
    files.save(StoredSnapshot(record_seq=1, record_digest=bytes(32), data=b"state"))
    path = Path(files.path(1))
    whole = path.read_bytes()
    for data in (whole[:20], whole[:-1], whole + b"x", b"x" + whole[1:], whole[:-2] + b"xx"):
        path.write_bytes(data)
        with pytest.raises(JournalCorrupt, match=r"support\.ccroute-snapshot-1: its?"):
            files.load(1)
    path.unlink()
    path.mkdir()
    with pytest.raises(JournalFailed, match="could not be removed"):
        files.forget(1)


def test_a_journal_of_a_former_process_is_not_used_after_a_fork(folder: Path) -> None:
    with opened(folder) as durable:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                durable.journal.close()
                list(durable.journal.records())
            except JournalFailed as error:
                status = 0 if "open it here anew" in str(error) else 2
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        durable.handle(comes(9), 9_000_000)


def test_a_journal_opened_for_reading_only_writes_nothing(folder: Path) -> None:
    journal = SqliteJournal(folder / "support.ccroute", read_only=True)
    with pytest.raises(JournalFailed, match="for reading only"):
        journal.claim()
    assert journal.confirmed() == {"history": 3}
    assert journal.first_seq() == 1
    journal.close()
    with pytest.raises(JournalFailed, match="the journal is closed"):
        list(journal.records())


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(JournalFailed, match="No such file"):
        SqliteJournal(tmp_path / "no" / "support.ccroute")
    with pytest.raises(JournalFailed):
        SqliteJournal(tmp_path / "support.ccroute", read_only=True)


def test_the_log_of_sqlite_is_brought_into_its_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccroute.journal.sqlite.CHECKPOINT_PAGES", 4)
    with opened(folder) as durable:
        for at in range(50):
            durable.handle(comes(10 + at), 9_000_000)
        assert (folder / "support.ccroute-wal").stat().st_size < 100_000


def test_an_owner_whose_mark_was_replaced_acknowledges_nothing(folder: Path) -> None:
    durable = opened(folder)
    mark = folder / "support.ccroute-mark"
    (folder / "other").write_bytes(mark.read_bytes())
    (folder / "other").rename(mark)
    for _ in range(2):
        with pytest.raises(JournalFailed, match="another owner has replaced it"):
            durable.handle(comes(9), 9_000_000)
    durable.close()
    with opened(folder) as again:
        assert again.engine.counters().created == 5


def test_a_former_owner_closes_without_harm(folder: Path) -> None:
    former = opened(folder)
    present = SqliteJournal(folder / "support.ccroute")
    present.claim(take_over=True)
    former.journal.confirm("history", 5)
    with pytest.raises(NotOwner):
        former.handle(comes(9), 9_000_000)
    former.close()
    present.close()
    assert SqliteJournal(folder / "support.ccroute", read_only=True).confirmed() == {"history": 3}


def test_a_lock_that_outlives_its_owner_for_a_moment_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where an owner is killed while it forks: its child holds the file open until it has had its first turn."""
    path = tmp_path / "support.ccroute"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / "support.ccroute-lock").write_text(f"{gone.pid}\n")
    child = os.open(tmp_path / "support.ccroute-lock", os.O_RDWR)
    fcntl.flock(child, fcntl.LOCK_EX)
    waits: list[float] = []

    def let_go(duration_s: float) -> None:
        waits.append(duration_s)
        if len(waits) == 3:
            os.close(child)

    monkeypatch.setattr(ownership, "sleep", let_go)
    with JournaledEngine.open(path, center()):
        assert len(waits) == 3


def test_a_lock_that_is_never_let_go_is_not_waited_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "sleep", lambda _: None)
    place = tmp_path / "support.ccroute-lock"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    place.write_text(f"{gone.pid}\n")
    child = os.open(place, os.O_RDWR)
    fcntl.flock(child, fcntl.LOCK_EX)
    with pytest.raises(JournalInUse):
        JournaledEngine.open(tmp_path / "support.ccroute", center())
    os.close(child)
