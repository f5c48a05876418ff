"""The durable engine: nothing acknowledged is lost, nothing else is acknowledged, and threads share one sync."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import pytest

from ccroute import (
    CancelContact,
    Config,
    Configured,
    Engine,
    EngineClosed,
    EnqueueContact,
    JournalCorrupt,
    JournaledEngine,
    JournalFailed,
    MemoryJournal,
    NotOwner,
    OutOfRange,
    PutQueue,
    Removal,
    RemoveQueue,
    SnapshotPolicy,
    TimeJump,
    UnknownName,
    WrongType,
)
from ccroute.config.structs import Queue
from ccroute.journal.memory import MemoryLog
from ccroute.journal.records import entries_of
from tests.journals import CENTER, NO_SNAPSHOTS, THERE, FailingJournal, center, comes, filled

pytestmark = pytest.mark.outer


def opened(log: MemoryLog, config: Config | None = None, policy: SnapshotPolicy = NO_SNAPSHOTS) -> JournaledEngine:
    return JournaledEngine.open(MemoryJournal(log), config, snapshots=policy)


def test_a_new_journal_needs_a_configuration() -> None:
    with pytest.raises(WrongType, match="the journal is new"):
        opened(MemoryLog())


@pytest.mark.parametrize("wrong", [1, b"x", object()])
def test_what_is_no_configuration_and_no_path_is_told(wrong: object) -> None:
    with pytest.raises(WrongType, match="config must be a Config, the path of one, or None"):
        JournaledEngine.open(MemoryJournal(), wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "error"),
    [
        (SnapshotPolicy(keep=0), OutOfRange),
        (SnapshotPolicy(keep=None), WrongType),  # type: ignore[arg-type]
        (SnapshotPolicy(every_commands="250"), WrongType),  # type: ignore[arg-type]
        (SnapshotPolicy(every_bytes=0), OutOfRange),
        (SnapshotPolicy(fork="no"), WrongType),  # type: ignore[arg-type]
        ("often", WrongType),
    ],
    ids=["keep", "keep's type", "every_commands", "every_bytes", "fork", "type"],
)
def test_a_policy_that_is_none_is_told(policy: SnapshotPolicy, error: type[Exception]) -> None:
    log = MemoryLog()
    with pytest.raises(error, match="snapshots"):
        JournaledEngine.open(MemoryJournal(log), center(), snapshots=policy)
    assert log.owner is None


@pytest.mark.parametrize("wrong", [None, 5, b"center.ccroute", MemoryJournal])
def test_what_is_no_journal_and_no_path_is_told(wrong: object) -> None:
    with pytest.raises(WrongType, match="journal must be a Journal, or the path of one"):
        JournaledEngine.open(wrong, center())  # type: ignore[arg-type]


def test_a_configuration_can_be_a_path(tmp_path: Path) -> None:
    (tmp_path / "center.toml").write_text(CENTER)
    with JournaledEngine.open(tmp_path / "support.ccroute", tmp_path / "center.toml") as durable:
        assert durable.engine.queue("other") is not None


def test_the_same_configuration_changes_nothing() -> None:
    log = MemoryLog()
    opened(log, center()).close()
    with opened(log, center()) as durable:
        assert (durable.opening_events, durable.record_seq) == ([], 1)


def test_another_configuration_is_applied_and_journalled() -> None:
    log = MemoryLog()
    filled(log)
    other = Config.from_toml(CENTER + "[queues.third]\n")
    with opened(log, other) as durable:
        assert [type(event) for event in durable.opening_events] == [Configured]
        seq = durable.record_seq
    with opened(log) as durable:
        assert durable.engine.queue("third") is not None
        assert durable.record_seq == seq
    with opened(log, other) as durable:
        assert durable.opening_events == []


def test_a_configuration_is_applied_at_the_moment_given() -> None:
    log = MemoryLog()
    filled(log)
    journal = MemoryJournal(log)
    with JournaledEngine.open(journal, Config.from_toml(CENTER + "[queues.third]\n"), at_us=90_000_000) as durable:
        assert durable.engine.now_us == 90_000_000


def test_what_raises_is_not_journalled_and_what_is_refused_is() -> None:
    log = MemoryLog()
    with opened(log, center()) as durable:
        durable.handle(THERE, 1)
        with pytest.raises(UnknownName):
            durable.handle(EnqueueContact(contact_id="x", queue_id="none", channel="chat"), 5)
        with pytest.raises(UnknownName):
            durable.handle_many([(comes(1), 5), (EnqueueContact(contact_id="x", queue_id="none", channel="chat"), 5)])
        assert durable.handle_many([]) == []
        assert durable.record_seq == 2
        durable.handle(comes(1), 6)
        assert [type(event).__name__ for event in durable.handle(comes(1), 6)] == ["CommandRefused"]
        assert durable.record_seq == 4
        with pytest.raises(OutOfRange, match="at most 65536"):
            durable.handle_many([(comes(1), 6)] * 65_537)


def test_time_that_passes_without_trace_is_not_journalled_but_counts() -> None:
    log = MemoryLog()
    bare = Engine(center())
    with opened(log, center()) as durable:
        for engine in (durable, bare):
            engine.handle(comes(1), 5)
            assert engine.advance(1_000) == []
            engine.stage_advance(2_000) if isinstance(engine, JournaledEngine) else engine.advance(2_000)
            # The host's clock went back: the command stands for where the engine was.
            engine.handle(THERE, 7)
        assert durable.record_seq == 3
        assert [entry.at_us for record in log_records(log) for entry in entries_of(record)] == [5, 2_000]
    with opened(log) as durable:
        assert durable.engine.snapshot() == bare.snapshot()


def log_records(log: MemoryLog) -> list:
    return list(MemoryJournal(log).records(1))


def test_a_step_of_time_that_was_allowed_is_allowed_again() -> None:
    log = MemoryLog()
    config = Config.from_toml("[engine]\njump_max = '1s'\n" + CENTER)
    with opened(log, config) as durable:
        durable.handle(comes(1), 0)
        with pytest.raises(TimeJump):
            durable.handle(comes(2), 5_000_000)
        durable.handle(comes(2), 5_000_000, allow_jump=True)
        durable.advance(5_900_000)
        durable.handle(comes(3), 6_800_000)
        told = durable.engine.snapshot()
    with opened(log) as durable:
        assert durable.engine.snapshot() == told


def test_what_was_checked_at_once_is_checked_at_once_again() -> None:
    # The queue drains away in the middle of a batch: a command that names it is refused, where it would raise alone.
    log = MemoryLog()
    with opened(log, center()) as durable:
        durable.handle(EnqueueContact(contact_id="c1", queue_id="other", channel="chat", requires="false"), 1)
        durable.handle(RemoveQueue(queue_id="other", removal=Removal.DRAIN), 2)
        last = EnqueueContact(contact_id="c2", queue_id="other", channel="chat")
        answers = durable.handle_many([(CancelContact(contact_id="c1"), 3), (last, 4)])
        assert answers[1][-1].reason == "queue_draining"
        with pytest.raises(UnknownName):
            durable.handle(last, 5)
        told = durable.engine.snapshot()
    with opened(log) as durable:
        assert durable.engine.snapshot() == told


def test_every_kind_of_value_comes_back() -> None:
    log = MemoryLog()
    attributes = {
        "a": Decimal("1.10"),
        "b": Decimal(5),
        "c": 7,
        "d": True,
        "e": ["x"],
        "f": "1.5",
        "g": Decimal("1E+2"),
    }
    with opened(log, center()) as durable:
        durable.handle(
            EnqueueContact(contact_id="é\u2028", queue_id="support", channel="chat", attributes=attributes), 1
        )
        durable.handle(PutQueue(queue_id="new", config=Queue(attributes=attributes)), 2)
        told = durable.engine.snapshot()
    with opened(log) as durable:
        assert durable.engine.snapshot() == told


def test_staged_commands_become_one_record_with_the_commit() -> None:
    log = MemoryLog()
    with opened(log, center()) as durable:
        durable.stage(THERE, 1)
        durable.stage_many([(comes(1), 2), (comes(2), 3)])
        assert durable.stage_advance(30_000_000)
        assert log.mark.seq == 1
        assert durable.commit() == 2
        assert durable.commit() == 2
        told = durable.engine.snapshot()
    with opened(log) as durable:
        assert durable.engine.snapshot() == told


def test_what_is_staged_is_what_was_given_even_if_it_changes_afterwards() -> None:
    log = MemoryLog()
    with opened(log, center()) as durable:
        command = EnqueueContact(contact_id="c1", queue_id="support", channel="chat", attributes={"a": 1})
        durable.stage(command, 1)
        command.attributes["a"] = 2
        durable.commit()
        told = durable.engine.snapshot()
    with opened(log) as durable:
        assert durable.engine.snapshot() == told


def test_staging_commits_by_itself_before_it_holds_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccroute.journal.journaled.STAGED_BYTES_MAX", 100)
    log = MemoryLog()
    with opened(log, center()) as durable:
        durable.stage(THERE, 1)
        assert durable.record_seq == 2


def test_threads_share_a_sync() -> None:
    journal = FailingJournal(MemoryJournal())
    durable = JournaledEngine.open(journal, center(), snapshots=NO_SNAPSHOTS)
    begun, go_on = threading.Event(), threading.Event()

    def wait_once(_record: object) -> None:
        begun.set()
        go_on.wait(10)

    journal.before = wait_once  # type: ignore[method-assign]
    staged = [threading.Event() for _ in range(5)]

    def work(number: int) -> None:
        if number:
            durable.stage(comes(number), 1)
            staged[number].set()
            durable.commit()
        else:
            durable.handle(comes(number), 1)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    # They decide while the first record is being written, and wait for the next.
    assert all(event.wait(10) for event in staged[1:])
    assert durable.record_seq == 1
    go_on.set()
    for thread in threads:
        thread.join()
    assert journal.appended == [0, 1, 4]
    durable.close()


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    durable = JournaledEngine.open(tmp_path / "support.ccroute", center(), snapshots=NO_SNAPSHOTS)
    threads = [
        threading.Thread(target=lambda begin=begin: [durable.handle(comes(begin + at), at) for at in range(20)])
        for begin in range(0, 100, 20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with durable.reading() as engine:
        assert engine.counters().created == 100
        told = engine.snapshot()
    durable.close()
    with JournaledEngine.open(tmp_path / "support.ccroute") as durable:
        assert durable.engine.snapshot() == told


def test_a_failed_append_ends_everything_and_opening_anew_recovers() -> None:
    log = MemoryLog()
    before = filled(log)
    journal = FailingJournal(MemoryJournal(log))
    durable = JournaledEngine.open(journal, snapshots=NO_SNAPSHOTS)

    def fail(_record: object) -> None:
        raise JournalFailed("the disk is full")

    journal.before = fail  # type: ignore[method-assign]
    for _ in range(2):
        with pytest.raises(JournalFailed, match="the disk is full"):
            durable.handle(comes(99), 100_000_000)
    for call in (lambda: durable.advance(1), durable.commit, durable.snapshot, lambda: durable.stage(THERE, 1)):
        with pytest.raises(JournalFailed, match="the disk is full"):
            call()
    with pytest.raises(JournalFailed), durable.reading():
        pass
    with pytest.raises(EngineClosed):
        durable.engine.counters()
    durable.close()
    with opened(log) as durable:
        assert durable.engine.snapshot() == before


def test_an_append_that_breaks_off_otherwise_ends_everything_too() -> None:
    journal = FailingJournal(MemoryJournal())
    durable = JournaledEngine.open(journal, center())

    def interrupt(_record: object) -> None:
        raise KeyboardInterrupt

    journal.before = interrupt  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        durable.handle(THERE, 1)
    with pytest.raises(JournalFailed, match="broken off by KeyboardInterrupt"):
        durable.handle(THERE, 1)
    durable.close()


def test_a_call_broken_off_between_engine_and_journal_ends_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    log = MemoryLog()
    durable = opened(log, center())

    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ccroute.journal.batches.Batch.add", interrupt)
        with pytest.raises(KeyboardInterrupt):
            durable.handle(THERE, 1)
    with pytest.raises(JournalFailed, match="between engine and journal"):
        durable.handle(THERE, 1)
    durable.close()
    assert log.mark.seq == 1


def test_an_owner_that_lost_its_right_writes_nothing_more() -> None:
    log = MemoryLog()
    former = opened(log, center())
    former.handle(THERE, 1)
    with JournaledEngine.open(MemoryJournal(log), take_over=True, snapshots=NO_SNAPSHOTS) as present:
        present.handle(comes(1), 2)
        for _ in range(2):
            with pytest.raises(NotOwner):
                former.handle(comes(2), 3)
        former.close()
        present.handle(comes(3), 4)
        assert present.record_seq == log.mark.seq == 4


def test_a_closed_engine_is_told_so_and_closed_again() -> None:
    durable = opened(MemoryLog(), center())
    durable.stage(THERE, 1)
    durable.close()
    durable.close()
    with pytest.raises(JournalFailed, match="is closed"):
        durable.handle(THERE, 2)
    assert durable.journal.mark().seq == 2


def test_an_engine_that_is_closed_by_others_is_told() -> None:
    durable = opened(MemoryLog(), center())
    durable.engine.close()
    for _ in range(2):
        with pytest.raises(EngineClosed):
            durable.handle(THERE, 2)


def test_a_journal_whose_record_changes_while_it_is_read_is_corrupt() -> None:
    log = MemoryLog()
    filled(log)
    log.mark = type(log.mark)(seq=log.mark.seq, digest=bytes(32), epoch=1)
    with pytest.raises(JournalCorrupt, match="changed while it was read"):
        opened(log)
    assert log.owner is None
