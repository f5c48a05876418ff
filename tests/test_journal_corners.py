"""Corners of journals that only a broken machine, or a bug, comes to."""

from __future__ import annotations

import os
import pickle
from collections import defaultdict
from pathlib import Path

import msgspec
import pytest

from ccroute import (
    EngineBug,
    EngineClosed,
    EngineOutOfMemory,
    InvalidArgument,
    JournalCorrupt,
    JournaledEngine,
    JournalError,
    JournalFailed,
    MemoryJournal,
    OutOfRange,
    ReplayDiverged,
    SnapshotPolicy,
    SqliteJournal,
)
from ccroute.cli.journal import is_journal
from ccroute.engine.engine import config_of, last_seq
from ccroute.journal import records, snapshotting
from ccroute.journal.exchange import import_lines
from ccroute.journal.memory import MemoryLog
from ccroute.journal.ownership import Lock
from ccroute.journal.records import FORMAT, Head, beginning_of, entries_of, event_lines_of, head_of, opened, seal
from ccroute.journal.recovery import begin_at, recover, replay
from ccroute.ports import Journal, Record
from ccroute.testing import journal as conformance
from tests.journals import NO_SNAPSHOTS, THERE, FailingJournal, center, comes, filled

pytestmark = pytest.mark.outer


def record(**changes: object) -> Record:
    fields: dict[str, object] = {
        **dict.fromkeys(("format", "rules", "entries", "seq", "epoch", "at_us", "first_event", "events"), 1),
        "body_size": 0,
        "events_size": 0,
        "previous": bytes(32),
        "body_digest": b"",
        "events_digest": b"",
    }
    return seal(Head(**fields | changes), b"nothing", b"nothing")  # type: ignore[arg-type]


# ---- records ---------------------------------------------------------------------------------------------------


def test_a_record_of_a_later_format_is_told() -> None:
    one = record(format=FORMAT + 1)
    with pytest.raises(JournalCorrupt, match="x, record 1: it has format 2, this release reads 1 to 1"):
        head_of(one.head, "x", 1)


def test_a_record_that_is_not_made_of_bytes_is_told() -> None:
    one = record()
    for parts in ((None, one.body, None), (one.head, "text", None), (one.head, one.body, 1)):
        with pytest.raises(JournalCorrupt, match="it is not made of bytes"):
            opened("x", 1, *parts, None)  # type: ignore[arg-type]


def test_a_record_behind_another_one_is_told() -> None:
    one = record()
    with pytest.raises(JournalCorrupt, match="it does not continue record 0"):
        opened("x", 1, one.head, one.body, one.events, b"another")


@pytest.mark.parametrize("read", [entries_of, event_lines_of, beginning_of], ids=lambda read: read.__name__)
def test_what_a_whole_record_holds_may_still_be_nothing(read) -> None:
    with pytest.raises(JournalCorrupt, match="cannot be read") as caught:
        read(record())
    assert caught.value.record == 1


def test_errors_of_journals_can_be_sent_to_other_processes() -> None:
    corrupt = pickle.loads(pickle.dumps(JournalCorrupt("here", "it is gone", record=3)))
    assert (str(corrupt), corrupt.place, corrupt.record) == ("here: it is gone", "here", 3)
    diverged = pickle.loads(pickle.dumps(ReplayDiverged("other events", record=1, entry=2, event=3)))
    assert (str(diverged), diverged.record, diverged.entry, diverged.event) == ("other events", 1, 2, 3)


# ---- recovery --------------------------------------------------------------------------------------------------


def test_a_journal_that_has_nothing_has_no_beginning() -> None:
    with pytest.raises(JournalCorrupt, match="record 1 is not there"):
        begin_at(MemoryJournal(), 0)


def test_a_replay_behind_another_record_is_told() -> None:
    log = MemoryLog()
    filled(log)
    origin = begin_at(MemoryJournal(log), 1)._replace(digest=bytes(32))
    with pytest.raises(JournalCorrupt, match="record 2 does not continue"):
        list(replay(MemoryJournal(log), origin, 3))


def test_memory_that_runs_out_in_a_replay_is_no_divergence(monkeypatch: pytest.MonkeyPatch) -> None:
    log = MemoryLog()
    filled(log)

    def no_memory(*_: object) -> None:
        raise EngineOutOfMemory("no memory")

    with monkeypatch.context() as patched:
        patched.setattr("ccroute.journal.recovery._carry_out", no_memory)
        with pytest.raises(EngineOutOfMemory):
            recover(MemoryJournal(log), 16)
    assert recover(MemoryJournal(log), 16).seq == 16


def test_a_journal_in_memory_that_lost_its_end_is_corrupt() -> None:
    log = MemoryLog()
    filled(log)
    del log.heads[16]
    with pytest.raises(JournalCorrupt, match="record 16 was acknowledged and is not there"):
        MemoryJournal(log).claim()


# ---- the durable engine ----------------------------------------------------------------------------------------


class Buggy:
    """What stands for an engine that breaks a promise."""

    now_us = 0

    def handle(self, *_: object, **__: object) -> None:
        raise EngineBug("a promise was broken")

    def close(self) -> None:
        return


def test_a_bug_of_the_engine_ends_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    log = MemoryLog()
    durable = JournaledEngine.open(MemoryJournal(log), center(), snapshots=NO_SNAPSHOTS)
    durable.stage(comes(1), 1)
    monkeypatch.setattr(durable, "_engine", Buggy())
    with pytest.raises(EngineBug):
        durable.handle(THERE, 1)
    for call in (lambda: durable.handle(THERE, 1), durable.commit):
        with pytest.raises(JournalFailed, match="between engine and journal"):
            call()
    durable.close()
    assert log.mark.seq == 1


def test_who_waits_for_a_record_that_fails_is_told() -> None:
    journal = FailingJournal(MemoryJournal())
    durable = JournaledEngine.open(journal, center(), snapshots=NO_SNAPSHOTS)

    def fail(_record: object) -> None:
        # Somebody else decides while the record is being written, and will wait for the next one.
        durable.stage(comes(2), 2)
        raise JournalFailed("no")

    journal.before = fail  # type: ignore[method-assign]
    durable.stage(comes(1), 1)
    batch = durable._batch
    with pytest.raises(JournalFailed):
        durable._commit(batch)
    with pytest.raises(JournalFailed):
        durable._commit(durable._batch)
    durable.close()


def test_a_torn_batch_is_not_written_by_others_either(monkeypatch: pytest.MonkeyPatch) -> None:
    log = MemoryLog()
    durable = JournaledEngine.open(MemoryJournal(log), center(), snapshots=NO_SNAPSHOTS)
    durable.stage(comes(1), 1)
    batch = durable._batch

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ccroute.journal.batches.crc32", interrupt)
        with pytest.raises(KeyboardInterrupt):
            durable.stage(comes(2), 2)
    with pytest.raises(JournalFailed, match="between engine and journal"):
        durable._commit(batch)
    durable.close()
    assert log.mark.seq == 1


def test_memory_that_runs_out_while_a_record_is_sealed_ends_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    durable = JournaledEngine.open(MemoryJournal(), center(), snapshots=SnapshotPolicy(every_commands=1))

    def no_memory(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("ccroute.journal.batches.seal", no_memory)
        with pytest.raises(MemoryError):
            durable.handle(comes(1), 1)
    with pytest.raises(JournalFailed, match="broken off by MemoryError"):
        durable.handle(comes(1), 1)
    durable.close()


def test_a_corrupt_journal_stays_so_for_all_calls() -> None:
    journal = FailingJournal(MemoryJournal())
    durable = JournaledEngine.open(journal, center(), snapshots=NO_SNAPSHOTS)

    def fail(_record: object) -> None:
        raise JournalCorrupt("here", "not what was written", record=2)

    journal.before = fail  # type: ignore[method-assign]
    for _ in range(2):
        with pytest.raises(JournalCorrupt, match="here: not what was written"):
            durable.handle(comes(1), 1)
    durable.close()


def test_what_was_staged_is_journalled_though_the_engine_is_closed() -> None:
    log = MemoryLog()
    durable = JournaledEngine.open(MemoryJournal(log), center(), snapshots=SnapshotPolicy(every_commands=1))
    durable.stage(comes(1), 1)
    durable.engine.close()
    durable.commit()
    assert (log.mark.seq, durable.snapshot_failure) == (2, "the engine is closed")
    with pytest.raises(EngineClosed):
        last_seq(durable.engine)
    with pytest.raises(EngineClosed):
        config_of(durable.engine)
    durable.close()


def test_a_snapshot_waits_for_the_one_that_is_being_written(tmp_path: Path) -> None:
    policy = SnapshotPolicy(every_commands=1, every_bytes=None, on_close=False)
    with JournaledEngine.open(tmp_path / "support.ccroute", center(), snapshots=policy) as durable:
        durable.snapshot(wait=False)
        child = durable._taker._child
        assert not durable._taker.is_due(19, 0)
        assert durable._taker.is_due(20, 0)
        assert durable._taker._child == child
        durable._taker.wait()
        assert durable._taker.is_due(1, 0)


def test_a_batch_that_was_written_is_not_written_again() -> None:
    durable = JournaledEngine.open(MemoryJournal(), center(), snapshots=NO_SNAPSHOTS)
    durable.stage(comes(1), 1)
    batch = durable._batch
    durable.commit()
    durable._commit(batch)
    assert durable.record_seq == 2
    durable.close()


def test_an_export_without_commands_is_imported() -> None:
    first = msgspec.json.encode({"type": "journal", "format": 1, "rules": 3, "package": "0", "config": {}})
    assert import_lines(MemoryJournal(), [first]) == 0


# ---- the file --------------------------------------------------------------------------------------------------


def test_large_records_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccroute.journal.sqlite._CHUNK_BYTES", 300)
    with JournaledEngine.open(tmp_path / "support.ccroute", center(), snapshots=NO_SNAPSHOTS) as durable:
        for number in range(10):
            durable.handle(comes(number), number)
        assert [one.seq for one in durable.journal.records()] == list(range(1, 12))


def test_a_journal_that_failed_says_so_ever_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = SqliteJournal(tmp_path / "support.ccroute")
    ownership = journal.claim()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(SqliteJournal, "_check_owner", interrupt)
        with pytest.raises(KeyboardInterrupt):
            journal.subscribe("history")
    for call in (journal.claim, lambda: journal.subscribe("x"), lambda: journal.unsubscribe("x")):
        with pytest.raises(JournalFailed, match="writing failed with KeyboardInterrupt"):
            call()
    journal.close()
    again = SqliteJournal(tmp_path / "support.ccroute")
    assert again.claim().epoch == ownership.epoch + 1
    # Who owns it may claim it once more.
    assert again.claim().epoch == ownership.epoch + 2
    again.close()


def test_a_text_that_is_none_is_corrupt(tmp_path: Path) -> None:
    import apsw

    path = tmp_path / "support.ccroute"
    JournaledEngine.open(path, center(), snapshots=NO_SNAPSHOTS).close()
    connection = apsw.Connection(str(path))
    connection.execute("ALTER TABLE records RENAME TO formerly")
    connection.execute("CREATE TABLE records AS SELECT seq, CAST(x'b5' AS TEXT) AS head, body FROM formerly")
    connection.close()
    with pytest.raises(JournalCorrupt, match="a text in it is none"):
        SqliteJournal(path).claim()


def test_a_head_that_is_gone_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "support.ccroute"
    with JournaledEngine.open(path, center(), snapshots=NO_SNAPSHOTS) as durable:
        durable.handle(comes(1), 1)
    journal = SqliteJournal(path)
    journal.claim()
    with pytest.raises(JournalCorrupt, match="record 9: it is not there"):
        journal._head(journal._usable(), 9)
    journal.close()


def test_a_lock_that_cannot_be_taken_for_another_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    with monkeypatch.context() as patched:
        patched.setattr("fcntl.flock", unsupported)
        with pytest.raises(OSError, match="not supported"):
            Lock.take(str(tmp_path / "x-lock"))
        with pytest.raises(JournalFailed, match="Operation not supported"):
            JournaledEngine.open(tmp_path / "support.ccroute", center())


def test_a_lock_file_that_is_gone_already_may_be_moved_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "x-lock")
    former = Lock.take(path)
    holder = "ccroute.journal.ownership._holder"
    monkeypatch.setattr(holder, lambda _descriptor: os.unlink(path))
    Lock.take(path, take_over=True).give_back()
    former.give_back()


def test_what_is_no_file_is_no_journal(tmp_path: Path) -> None:
    assert not is_journal(str(tmp_path))
    assert not is_journal(str(tmp_path / "nowhere"))


# ---- the child -------------------------------------------------------------------------------------------------


class Ended(BaseException):
    """What stands for the end of a process."""


def written_down(monkeypatch: pytest.MonkeyPatch, durable: JournaledEngine) -> int:
    """Do what a child does, in this process, and return its exit status."""
    status: list[int] = []

    def end(number: int) -> None:
        status.append(number)
        raise Ended

    done: list[object] = []
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(os, "dup2", lambda *given: done.append(given))
    monkeypatch.setattr(os, "closerange", lambda *given: done.append(given))
    monkeypatch.setattr(os, "nice", lambda given: done.append(given))
    monkeypatch.setattr(snapshotting.gc, "disable", lambda: done.append("gc"))
    monkeypatch.setattr(snapshotting.signal, "signal", lambda *given: done.append(given))
    with pytest.raises(Ended):
        snapshotting._write_down(durable.journal, durable.engine, 1, bytes(32))
    monkeypatch.undo()
    assert 10 in done
    return status[0]


def test_a_child_lets_go_of_its_parent_and_writes_the_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with JournaledEngine.open(tmp_path / "support.ccroute", center(), snapshots=NO_SNAPSHOTS) as durable:
        assert written_down(monkeypatch, durable) == 0
        assert durable.journal.snapshots.seqs() == [1]
        durable.journal.snapshots.forget(1)
        (tmp_path / "support.ccroute-snapshot-1").mkdir()
        assert written_down(monkeypatch, durable) == 2


def test_records_are_forgotten_only_once_they_are_confirmed() -> None:
    policy = SnapshotPolicy(every_commands=2, on_close=False, keep=1, forget_records=True)
    log = MemoryLog()
    with JournaledEngine.open(MemoryJournal(log), center(), snapshots=policy) as durable:
        durable.journal.subscribe("history")
        for number in range(6):
            durable.handle(comes(number), number)
        assert durable.journal.first_seq() == 2
        durable.journal.confirm("history", 5)
        durable.handle(comes(7), 7)
        durable.handle(comes(8), 8)
        assert durable.journal.first_seq() == 6


# ---- the conformance suite -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("append", lambda *_, **__: None),
        ("claim", lambda self, **_: type(self).inner_claim(self, take_over=True)),
        ("forget", lambda *_: None),
        ("confirm", lambda *_: None),
    ],
    ids=["keeps nothing", "takes over always", "forgets nothing", "confirms nothing"],
)
def test_a_journal_that_breaks_a_promise_is_found(monkeypatch: pytest.MonkeyPatch, name: str, broken) -> None:
    monkeypatch.setattr(MemoryJournal, "inner_claim", MemoryJournal.claim, raising=False)
    monkeypatch.setattr(MemoryJournal, name, broken)
    logs: dict[str, MemoryLog] = defaultdict(MemoryLog)

    def open_named(name: str) -> Journal:
        return MemoryJournal(logs[name])

    with pytest.raises((AssertionError, JournalError, OutOfRange)):
        conformance.check_journal(open_named)
    assert records.FORMAT == 1


@pytest.mark.parametrize("is_on_disk", [False, True])
def test_a_bad_name_or_place_is_named_and_the_journal_writes_on(is_on_disk: bool, tmp_path: Path) -> None:
    journal: Journal = SqliteJournal(tmp_path / "support.ccroute") if is_on_disk else MemoryJournal()
    with JournaledEngine.open(journal, center()) as durable:
        for subscriber in (None, 5, b"x", [], "\ud800", object()):
            for call in (journal.subscribe, journal.unsubscribe, lambda one: journal.confirm(one, 1)):
                with pytest.raises(InvalidArgument, match="subscriber"):
                    call(subscriber)  # type: ignore[arg-type]
        journal.subscribe("history")
        for seq in (None, True, 1.5, "1", [], 2**70):
            with pytest.raises(InvalidArgument, match="record_seq"):
                journal.confirm("history", seq)  # type: ignore[arg-type]
            with pytest.raises(InvalidArgument, match="before"):
                journal.forget(seq)  # type: ignore[arg-type]
            with pytest.raises(InvalidArgument, match="after"):
                list(journal.records(seq))  # type: ignore[arg-type]
        durable.handle(THERE, 0)
        assert durable.record_seq == 2
