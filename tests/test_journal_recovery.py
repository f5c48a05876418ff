"""Recovery: newest good snapshot and the records behind it, compared call by call; and what subscribers are told."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec
import pytest

from ccroute import (
    Engine,
    EnqueueContact,
    JournalCorrupt,
    JournaledEngine,
    JournalFailed,
    JournalFeed,
    MemoryJournal,
    OtherRules,
    OutOfRange,
    ReplayDiverged,
    SnapshotPolicy,
    SqliteJournal,
)
from ccroute.engine.snapshots import RULES_VERSION
from ccroute.events import AnyEvent
from ccroute.journal.batches import Batch
from ccroute.journal.memory import MemoryLog
from ccroute.journal.records import entries_of, head_of
from ccroute.journal.recovery import begin_at, replay_record
from ccroute.ports import StoredSnapshot
from tests.journals import NO_SNAPSHOTS, center, comes, day, filled

pytestmark = pytest.mark.outer

OFTEN = SnapshotPolicy(every_commands=4, on_close=False, keep=2)


def opened(log: MemoryLog, policy: SnapshotPolicy = NO_SNAPSHOTS) -> JournaledEngine:
    return JournaledEngine.open(MemoryJournal(log), snapshots=policy)


def bare(count: int = 10) -> Engine:
    engine = Engine(center())
    for command, at_us in day(count):
        engine.handle(command, at_us)
    return engine


def test_recovery_gives_the_engine_that_was(tmp_path: Path) -> None:
    for policy in (NO_SNAPSHOTS, OFTEN, SnapshotPolicy()):
        log = MemoryLog()
        assert filled(log, policy=policy) == bare().snapshot()
        with opened(log) as durable:
            assert durable.engine.snapshot() == bare().snapshot()


def test_progress_is_told() -> None:
    log = MemoryLog()
    filled(log)
    shares: list[float] = []
    JournaledEngine.open(MemoryJournal(log), progress=shares.append).close()
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_snapshots_are_taken_and_only_the_newest_are_kept() -> None:
    log = MemoryLog()
    filled(log, policy=OFTEN)
    assert log.snapshots.seqs() == [13, 9]
    with opened(log, SnapshotPolicy(keep=2)):
        pass
    assert log.snapshots.seqs() == [16, 13]
    with opened(log, SnapshotPolicy(keep=2)):
        pass
    assert log.snapshots.seqs() == [16, 13]


def test_bytes_make_a_snapshot_due_too() -> None:
    log = MemoryLog()
    filled(log, policy=SnapshotPolicy(every_commands=None, every_bytes=1_000, on_close=False))
    assert log.snapshots.seqs()


def test_records_that_no_snapshot_needs_are_forgotten_if_asked() -> None:
    log = MemoryLog()
    filled(log, policy=SnapshotPolicy(every_commands=4, on_close=False, keep=2, forget_records=True))
    assert MemoryJournal(log).first_seq() == 9
    with opened(log) as durable:
        assert durable.engine.snapshot() == bare().snapshot()
    for snapshot in log.snapshots.seqs():
        log.snapshots.forget(snapshot)
    with pytest.raises(JournalCorrupt, match="the beginning was compacted away"):
        opened(log)


def damage(log: MemoryLog, seq: int, **changes: object) -> None:
    log.snapshots.save(msgspec.structs.replace(log.snapshots.load(seq), **changes))


@pytest.mark.parametrize(
    "changes", [{"data": b"nothing"}, {"record_digest": bytes(32)}], ids=["bytes", "of another journal"]
)
def test_a_bad_snapshot_falls_back_to_the_one_before(changes: dict[str, object]) -> None:
    log = MemoryLog()
    filled(log, policy=OFTEN)
    damage(log, 13, **changes)
    with opened(log) as durable:
        assert durable.engine.snapshot() == bare().snapshot()
        assert len(durable.passed_over) == 1
    damage(log, 9, **changes)
    with opened(log) as durable:
        assert durable.engine.snapshot() == bare().snapshot()
        assert len(durable.passed_over) == 2


def test_a_snapshot_ahead_of_its_record_is_passed_over() -> None:
    log = MemoryLog()
    filled(log, policy=OFTEN)
    log.snapshots.save(StoredSnapshot(record_seq=40, record_digest=bytes(32), data=bare().snapshot()))
    with opened(log) as durable:
        assert durable.engine.snapshot() == bare().snapshot()


def test_a_journal_without_its_beginning_is_corrupt() -> None:
    log = MemoryLog()
    filled(log)
    del log.heads[1]
    with pytest.raises((JournalCorrupt, OutOfRange)):
        opened(log)


def append(log: MemoryLog, batch: Batch, rules: int = RULES_VERSION) -> None:
    """Append a record that no engine has made."""
    journal = MemoryJournal(log)
    ownership = journal.claim()
    record = batch.seal(seq=ownership.last_seq + 1, epoch=ownership.epoch, rules=rules, previous=ownership.last_digest)
    journal.append(record, expected_seq=ownership.last_seq, epoch=ownership.epoch)
    journal.close()


def next_events(log: MemoryLog) -> tuple[Engine, int]:
    with opened(log) as durable:
        engine = Engine.restore(durable.engine.snapshot())
    return engine, sum(len(told.events) for told in JournalFeed(MemoryJournal(log)).told()) + 1


@pytest.mark.parametrize("is_kept", [False, True], ids=["digest only", "with its events"])
def test_divergence_stops_with_the_place(is_kept: bool) -> None:
    log = MemoryLog()
    filled(log)
    if is_kept:
        journal = MemoryJournal(log)
        journal.claim()
        journal.subscribe("history")
        journal.close()
    engine, first = next_events(log)
    at_us = 60_000_000
    batch = Batch(first)
    batch.add(comes(50), at_us, engine.handle(comes(50), at_us))
    events = engine.handle(comes(51), at_us)
    batch.add(comes(51), at_us, [*engine.handle(comes(52), at_us)])
    append(log, batch)
    with pytest.raises(ReplayDiverged, match="record 17, entry 2") as caught:
        opened(log)
    assert (caught.value.record, caught.value.entry, caught.value.event) == (17, 2, events[0].seq)


def test_divergence_in_the_number_of_events_is_told() -> None:
    log = MemoryLog()
    filled(log)
    journal = MemoryJournal(log)
    journal.claim()
    journal.subscribe("history")
    journal.close()
    engine, first = next_events(log)
    batch = Batch(first)
    events: list[AnyEvent] = engine.handle(comes(50), 60_000_000)  # type: ignore[assignment]
    batch.add(comes(50), 60_000_000, [*events, events[-1]])
    append(log, batch)
    with pytest.raises(ReplayDiverged, match="gives nothing more where it gave") as caught:
        opened(log)
    assert caught.value.event == events[-1].seq + 1


def test_a_command_that_raises_in_a_replay_is_a_divergence() -> None:
    log = MemoryLog()
    filled(log)
    _, first = next_events(log)
    batch = Batch(first)
    batch.add(EnqueueContact(contact_id="x", queue_id="nowhere", channel="chat"), 60_000_000, [])
    append(log, batch)
    with pytest.raises(ReplayDiverged, match=r"entry 1, event \d+: UnknownName"):
        opened(log)


def test_events_of_another_place_are_a_divergence() -> None:
    log = MemoryLog()
    filled(log)
    engine, first = next_events(log)
    batch = Batch(first + 5)
    batch.add(comes(50), 60_000_000, engine.handle(comes(50), 60_000_000))
    append(log, batch)
    with pytest.raises(ReplayDiverged, match="the engine stands before event"):
        opened(log)


def test_checksums_that_agree_by_chance_are_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    log = MemoryLog()
    filled(log)
    engine, first = next_events(log)
    batch = Batch(first)
    monkeypatch.setattr("ccroute.journal.batches.crc32", lambda _data: 0)
    engine.handle(comes(49), 60_000_000)
    batch.add(comes(50), 60_000_000, engine.handle(comes(50), 60_000_000))
    append(log, batch)
    monkeypatch.undo()
    assert_only_the_digest_tells(log, monkeypatch)


def assert_only_the_digest_tells(log: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check that a replay finds nothing wrong with the last record but its digest."""
    journal = MemoryJournal(log)
    engine = begin_at(journal, 1).engine
    *records, last = journal.records(1)
    for record in records:
        replay_record(engine, record, head_of(record.head, "x", record.seq), entries_of(record))
    monkeypatch.setattr("ccroute.journal.recovery.crc32", lambda _data: 0)
    with pytest.raises(ReplayDiverged, match="though their checksums agree"):
        replay_record(engine, last, head_of(last.head, "x", last.seq), entries_of(last))


def test_records_of_other_rules_are_refused_with_what_to_do() -> None:
    log = MemoryLog()
    filled(log)
    engine, first = next_events(log)
    batch = Batch(first)
    batch.add(comes(50), 60_000_000, engine.handle(comes(50), 60_000_000))
    append(log, batch, rules=RULES_VERSION - 1)
    with pytest.raises(OtherRules, match=r"records from 17 on .* open the journal with the release that wrote it"):
        opened(log)
    # With a snapshot behind them they are not replayed.
    record = next(MemoryJournal(log).records(16))
    log.snapshots.save(StoredSnapshot(record_seq=17, record_digest=record.digest, data=engine.snapshot()))
    with opened(log) as durable:
        assert durable.engine.snapshot() == engine.snapshot()


# ---- snapshots of a forked process -----------------------------------------------------------------------------


def on_disk(path: Path, policy: SnapshotPolicy) -> JournaledEngine:
    return JournaledEngine.open(path / "support.ccroute", center(), snapshots=policy)


def test_a_forked_process_writes_the_snapshot(tmp_path: Path) -> None:
    with on_disk(tmp_path, NO_SNAPSHOTS) as durable:
        for command, at_us in day(10):
            durable.stage(command, at_us)
        durable.snapshot()
        assert durable.snapshot_failure is None
        assert durable.journal.snapshots.seqs() == [2]
        stored = durable.journal.snapshots.load(2)
        assert stored.data == durable.engine.snapshot() == bare().snapshot()
        durable.handle(comes(50), 60_000_000)
        told = durable.engine.snapshot()
    with on_disk(tmp_path, NO_SNAPSHOTS) as durable:
        assert durable.engine.snapshot() == told


def test_a_forked_snapshot_that_is_due_is_taken_in_passing(tmp_path: Path) -> None:
    with on_disk(tmp_path, OFTEN) as durable:
        for command, at_us in day(10)[:6]:
            durable.handle(command, at_us)
        durable._taker.wait()
        assert durable.journal.snapshots.seqs() == [5]
    with on_disk(tmp_path, NO_SNAPSHOTS) as durable:
        assert durable.passed_over == []


def test_a_fork_that_fails_makes_the_engine_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_fork() -> int:
        raise OSError("no more processes")

    monkeypatch.setattr("os.fork", no_fork)
    with on_disk(tmp_path, NO_SNAPSHOTS) as durable:
        durable.snapshot()
        assert durable.journal.snapshots.seqs() == [1]


def test_a_child_that_fails_costs_a_snapshot_and_nothing_else(tmp_path: Path) -> None:
    with on_disk(tmp_path, NO_SNAPSHOTS) as durable:
        (tmp_path / "support.ccroute-snapshot-1").mkdir()
        durable.snapshot()
        assert "ended with status" in (durable.snapshot_failure or "")
        durable.snapshot(fork=False)
        assert "could not be written" in (durable.snapshot_failure or "")
        durable.handle(comes(1), 1)
        durable.snapshot()
        assert durable.snapshot_failure is None


def test_a_child_that_somebody_else_waited_for_is_looked_for(tmp_path: Path) -> None:
    with on_disk(tmp_path, NO_SNAPSHOTS) as durable:
        durable.snapshot(wait=False)
        os.waitpid(durable._taker._child, 0)
        durable._taker.wait()
        assert durable.snapshot_failure is None
        durable.handle(comes(1), 1)
        (tmp_path / "support.ccroute-snapshot-2").mkdir()
        durable.snapshot(wait=False)
        os.waitpid(durable._taker._child, 0)
        (tmp_path / "support.ccroute-snapshot-2").rmdir()
        durable._taker.wait()
        assert durable.snapshot_failure is not None


def test_a_child_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccroute.journal.snapshotting._write_down", lambda *_: signal.pause() or os._exit(1))
    with on_disk(tmp_path, NO_SNAPSHOTS) as durable:
        durable.snapshot(wait=False)
        child = durable._taker._child
        assert durable._taker.begin(durable.engine, 1, bytes(32), may_fork=False) is not None
        assert durable._taker._child == 0
        with pytest.raises(ChildProcessError):
            os.waitpid(child, 0)


def test_a_snapshot_on_closing_that_cannot_be_kept_is_told_and_loses_nothing(tmp_path: Path) -> None:
    durable = on_disk(tmp_path, SnapshotPolicy())
    durable.handle(comes(1), 1)
    (tmp_path / "support.ccroute-snapshot-2").mkdir()
    with pytest.raises(JournalFailed, match="nothing else is lost"):
        durable.close()
    (tmp_path / "support.ccroute-snapshot-2").rmdir()
    with on_disk(tmp_path, NO_SNAPSHOTS) as durable:
        assert durable.engine.counters().created == 1


def test_what_a_killed_child_left_is_removed(tmp_path: Path) -> None:
    on_disk(tmp_path, NO_SNAPSHOTS).close()
    (tmp_path / "support.ccroute-snapshot-7-new-123").touch()
    (tmp_path / "support.ccroute-snapshot-x").touch()
    with on_disk(tmp_path, NO_SNAPSHOTS) as durable:
        assert durable.journal.snapshots.seqs() == []
    assert not (tmp_path / "support.ccroute-snapshot-7-new-123").exists()


# ---- what subscribers are told ---------------------------------------------------------------------------------


def test_a_feed_tells_every_event_also_those_not_kept(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "support.ccroute")
    engine = Engine(center())
    expected = []
    with JournaledEngine.open(journal, center(), snapshots=OFTEN) as durable:
        feed = JournalFeed(journal)
        for number, (command, at_us) in enumerate(day(10)):
            if number == 6:
                subscription = feed.subscribe("history")
            durable.handle(command, at_us)
            expected.append(engine.handle(command, at_us))
        durable._taker.wait()
        assert (subscription.confirmed, subscription.first_kept) == (7, 8)
        kept = [record.events is not None for record in journal.records(1)]
        assert kept == [False] * 6 + [True] * 9
        assert [told.events for told in feed.told(1)] == expected
        assert [told.record_seq for told in feed.told(3)] == list(range(4, 17))
        feed.confirm("history", 11)
        durable.handle(comes(50), 60_000_000)
        expected.append(engine.handle(comes(50), 60_000_000))
        assert [record.events is not None for record in journal.records(1)] == [False] * 10 + [True] * 6
        assert [told.events for told in feed.told(1)] == expected
        assert [told.events for told in feed.told(12)] == expected[11:]
        feed.unsubscribe("history")
        assert journal.confirmed() == {}


def test_a_feed_ends_at_what_is_acknowledged() -> None:
    log = MemoryLog()
    filled(log)
    log.mark = type(log.mark)(seq=3, digest=bytes(32), epoch=1)
    assert [told.record_seq for told in JournalFeed(MemoryJournal(log)).told(1)] == [2, 3]
