"""Events come from a journal into a history exactly once, whatever is lost on either side."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccroute import Config, EnqueueContact
from ccroute.errors import OtherSource, OutOfRange, StorageFull
from ccroute.events import ContactParked, ContactQueued, Event
from ccroute.history import HistoryWriter, MemoryHistory, SqliteHistory, rebuild_history
from ccroute.history import writing as writing_module
from ccroute.journal import JournaledEngine, JournalFeed, MemoryJournal, MemoryLog, SqliteJournal
from ccroute.timeline import ContactFilter, Note
from ccroute.types import ParkClock

pytestmark = pytest.mark.outer

CENTER = "[queues.q]\n[agents.a]\nqueues = { q = 1 }"


class Center:
    """An engine over a journal in memory, and what it said."""

    def __init__(self, begins_us: int = 1_000) -> None:
        self.log = MemoryLog()
        self.engine = JournaledEngine.open(MemoryJournal(self.log), Config.from_toml(CENTER))
        self.feed = JournalFeed(MemoryJournal(self.log))
        self.now_us = begins_us
        self.events: list[Event] = []

    def enqueue(self, *contact_ids: str) -> None:
        """Let contacts come, one record each."""
        for contact_id in contact_ids:
            self.now_us += 1_000
            contact = EnqueueContact(contact_id=contact_id, queue_id="q", channel="chat", customer_id="ann")
            self.events += self.engine.handle(contact, self.now_us)


@pytest.fixture
def center() -> Iterator[Center]:
    """Give a centre in which nothing has happened."""
    made = Center()
    yield made
    made.engine.close()


def contact_ids(history: MemoryHistory | SqliteHistory) -> list[str]:
    """Return the contacts of a history, oldest first."""
    return [one.contact_id for one in reversed(history.contacts().contacts)]


def test_what_happens_comes_into_the_history(center: Center) -> None:
    history = MemoryHistory()
    writer = HistoryWriter(center.feed, history)
    assert writer.catch_up() == 0
    center.enqueue("c1", "c2")
    assert writer.catch_up() == center.events[-1].seq
    assert contact_ids(history) == ["c1", "c2"]
    assert center.log.confirmed["history"] == center.engine.record_seq
    center.enqueue("c3")
    told: list[int] = []
    assert writer.catch_up(told.append) == center.events[-1].seq
    assert told == [center.engine.record_seq]
    assert contact_ids(history) == ["c1", "c2", "c3"]
    assert writer.catch_up() == center.events[-1].seq


def test_many_events_are_written_in_batches(center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    history = MemoryHistory()
    writer = HistoryWriter(center.feed, history)
    center.enqueue("c1", "c2", "c3", "c4")
    monkeypatch.setattr(writing_module, "EVENTS_AT_ONCE", 2)
    told: list[int] = []
    writer.catch_up(told.append)
    assert told == [3, 5]
    assert contact_ids(history) == ["c1", "c2", "c3", "c4"]


def test_what_was_written_and_not_confirmed_is_passed_over(center: Center) -> None:
    history = MemoryHistory()
    HistoryWriter(center.feed, history)
    center.enqueue("c1", "c2")
    history.write(center.events)
    assert HistoryWriter(center.feed, history).catch_up() == center.events[-1].seq
    assert contact_ids(history) == ["c1", "c2"]
    assert len(history.contact("c1").entries) == 1  # type: ignore[union-attr]


def test_a_history_that_was_lost_is_written_anew(center: Center) -> None:
    HistoryWriter(center.feed, MemoryHistory()).catch_up()
    center.enqueue("c1", "c2")
    HistoryWriter(center.feed, MemoryHistory()).catch_up()
    # The events are not kept any more: they are made again from the commands.
    center.enqueue("c3")
    assert len(center.log.events) == 1
    empty = MemoryHistory()
    assert HistoryWriter(center.feed, empty).catch_up() == center.events[-1].seq
    assert contact_ids(empty) == ["c1", "c2", "c3"]


def test_a_history_from_a_backup_catches_up(center: Center) -> None:
    backup = MemoryHistory()
    center.enqueue("c1")
    HistoryWriter(center.feed, backup).catch_up()
    center.enqueue("c2", "c3")
    HistoryWriter(center.feed, MemoryHistory()).catch_up()
    assert HistoryWriter(center.feed, backup).catch_up() == center.events[-1].seq
    assert contact_ids(backup) == ["c1", "c2", "c3"]


def test_a_history_can_be_rebuilt_and_keeps_what_was_added(center: Center) -> None:
    history = MemoryHistory()
    writer = HistoryWriter(center.feed, history)
    center.enqueue("c1", "c2")
    writer.catch_up()
    history.add(Note(entry_id="n", at_us=5_000, contact_id="c1", agent_id="a", body="called before"))
    before = history.stories()
    told: list[int] = []
    assert writer.rebuild(told.append) == center.events[-1].seq
    assert told == [center.engine.record_seq]
    assert history.stories() == before


def test_another_journal_is_another_source(center: Center) -> None:
    history = MemoryHistory()
    center.enqueue("c1")
    HistoryWriter(center.feed, history).catch_up()
    other = Center(begins_us=7_000)
    other.enqueue("c1", "c2")
    with pytest.raises(OtherSource):
        HistoryWriter(other.feed, history).catch_up()
    assert HistoryWriter(other.feed, history, source="second site").catch_up() == other.events[-1].seq
    assert contact_ids(history) == ["c1", "c1", "c2"]
    other.engine.close()


def test_a_journal_that_is_shorter_than_what_was_written_is_another_one(center: Center) -> None:
    history = MemoryHistory()
    center.enqueue("c1", "c2")
    HistoryWriter(center.feed, history).catch_up()
    other = Center()
    with pytest.raises(OtherSource, match="must reach record 3"):
        HistoryWriter(other.feed, history).catch_up()
    other.engine.close()


def test_what_was_written_last_may_not_be_kept_any_more(center: Center) -> None:
    history = MemoryHistory()
    center.enqueue("c1", "c2")
    HistoryWriter(center.feed, history).catch_up()
    center.enqueue("c3")
    center.engine.snapshot()
    HistoryWriter(center.feed, MemoryHistory(), subscriber="other").catch_up()
    assert history.position() == center.engine.record_seq - 1
    center.engine.journal.forget(center.engine.record_seq)
    assert HistoryWriter(center.feed, history).catch_up() == center.events[-1].seq
    assert contact_ids(history) == ["c1", "c2", "c3"]


def test_a_journal_of_which_nothing_came_gives_an_empty_history(center: Center) -> None:
    history = MemoryHistory()
    assert rebuild_history(center.feed, history) == 0
    assert HistoryWriter(center.feed, history).rebuild() == 0
    assert contact_ids(history) == []


def test_a_contact_may_come_without_a_queue() -> None:
    history = MemoryHistory()
    parked: dict[str, Any] = {
        "seq": 1,
        "at_us": 5,
        "cause": "command:1",
        "contact_id": "c1",
        "handle": 1,
        "queue_id": None,
        "channel": "chat",
        "customer_id": "ann",
        "conversation_id": None,
        "parent_id": None,
    }
    queued = parked | {"seq": 2, "queue_id": "q", "tier": 0, "head_start_us": 0, "place_at_us": 0}
    history.write([ContactParked(**parked, clock=ParkClock.RUNS, until_us=None)])
    assert (history.contacts().contacts[0].state, history.contacts().contacts[0].queue_id) == ("parked", None)
    history.write([ContactQueued(**queued)])
    assert history.contacts().contacts[0].first_queue_id == "q"


def test_what_nobody_has_any_more_can_be_skipped(center: Center) -> None:
    center.enqueue("c1", "c2")
    center.engine.snapshot()
    center.engine.journal.forget(center.engine.record_seq)
    history = MemoryHistory()
    writer = HistoryWriter(center.feed, history)
    center.enqueue("c3")
    with pytest.raises(OutOfRange):
        writer.catch_up()
    with pytest.raises(OutOfRange):
        writer.rebuild()
    assert writer.skip() == center.events[-1].seq
    assert contact_ids(history) == ["c3"]
    center.enqueue("c4")
    assert writer.catch_up() == center.events[-1].seq
    assert contact_ids(history) == ["c3", "c4"]


def test_what_could_not_be_written_is_not_confirmed(center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    history = MemoryHistory()
    writer = HistoryWriter(center.feed, history)
    confirmed = center.log.confirmed["history"]
    center.enqueue("c1")

    def fail(*arguments: object, **named: object) -> int:
        raise StorageFull("history", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(MemoryHistory, "write", fail)
        with pytest.raises(StorageFull):
            writer.catch_up()
    assert center.log.confirmed["history"] == confirmed
    assert writer.catch_up() == center.events[-1].seq
    assert contact_ids(history) == ["c1"]


def test_a_history_in_a_file_follows_a_journal_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "support.ccroute"
    with (
        JournaledEngine.open(path, Config.from_toml(CENTER)) as engine,
        contextlib.closing(SqliteHistory(f"{path}-history", vault=None)) as history,
    ):
        writer = HistoryWriter(JournalFeed(engine.journal), history)
        contact = EnqueueContact(contact_id="c1", queue_id="q", channel="chat", customer_id="ann")
        events = engine.handle(contact, 1_000)
        assert writer.catch_up() == events[-1].seq
        assert history.contacts(ContactFilter(customer_ids=["ann"])).contacts[0].contact_id == "c1"
    with (
        contextlib.closing(SqliteJournal(path)) as journal,
        contextlib.closing(SqliteHistory(f"{path}-history", vault=None)) as history,
    ):
        journal.claim()
        assert HistoryWriter(JournalFeed(journal), history).rebuild() == events[-1].seq
        assert contact_ids(history) == ["c1"]
