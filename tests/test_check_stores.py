"""The suites of journals and histories find what those get wrong: tables of stores that are broken on purpose."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import msgspec
import pytest

from ccroute import Event, Forgotten, HistoryStore, Journal, MemoryHistory, MemoryJournal
from ccroute.errors import JournalConflict, JournalInUse, NotOwner
from ccroute.journal import MemoryLog
from ccroute.journal.snapshot_files import MemorySnapshots
from ccroute.ports import Mark, Ownership, Record, StoredSnapshot
from ccroute.testing import check_history, check_journal
from ccroute.timeline import AnyAddition, ContactStory, Message, TimelinePage

pytestmark = pytest.mark.outer


# ---- journals ----------------------------------------------------------------------------------------------------


class Wrapped:
    """A journal that does everything right; those below get one thing wrong each."""

    def __init__(self, log: MemoryLog) -> None:
        self.inside = MemoryJournal(log)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inside, name)


class KeepsNothing(Wrapped):
    def append(self, record: Record, **how: int) -> None:
        return None


class TakesAnything(Wrapped):
    def append(self, record: Record, **how: int) -> None:
        try:
            self.inside.append(record, **how)
        except JournalConflict:
            return


class HasNoEpochs(Wrapped):
    def append(self, record: Record, **how: int) -> None:
        try:
            self.inside.append(record, **how)
        except NotOwner:
            return


class IsAnybodys(Wrapped):
    def claim(self, *, take_over: bool = False) -> Ownership:
        return self.inside.claim(take_over=True)


class IsNobodysAnyMore(Wrapped):
    def claim(self, *, take_over: bool = False) -> Ownership:
        if take_over:
            raise JournalInUse("no")
        return self.inside.claim()


class TurnsAround(Wrapped):
    def records(self, after: int = 0) -> Iterator[Record]:
        return iter(list(self.inside.records(after))[::-1])


class LeavesOut(Wrapped):
    def records(self, after: int = 0) -> Iterator[Record]:
        return itertools.islice(self.inside.records(after), 0, None, 2)


class IsReadByOneThread(Wrapped):
    def __init__(self, log: MemoryLog) -> None:
        super().__init__(log)
        self.thread = threading.get_ident()

    def records(self, after: int = 0) -> Iterator[Record]:
        if threading.get_ident() != self.thread:
            raise RuntimeError("objects created in a thread can only be used in that same thread")
        return self.inside.records(after)


class ReadsTwice(Wrapped):
    def records(self, after: int = 0) -> Iterator[Record]:
        for record in self.inside.records(after):
            yield record
            if threading.current_thread() is not threading.main_thread():
                yield record


class MarksNoEpoch(Wrapped):
    def mark(self) -> Mark:
        return msgspec.structs.replace(self.inside.mark(), epoch=0)


class DropsEvents(Wrapped):
    def records(self, after: int = 0) -> Iterator[Record]:
        return (msgspec.structs.replace(one, events=None) for one in self.inside.records(after))


class MarksNothing(Wrapped):
    def mark(self) -> Mark:
        return Mark(seq=0, digest=bytes(32), epoch=1)


class ConfirmsNothing(Wrapped):
    def confirm(self, subscriber: str, record_seq: int) -> None:
        return None


class ConfirmsAnybody(Wrapped):
    def confirm(self, subscriber: str, record_seq: int) -> None:
        if subscriber in self.inside.confirmed():
            self.inside.confirm(subscriber, record_seq)


class KeepsSubscribers(Wrapped):
    def unsubscribe(self, subscriber: str) -> None:
        return None


class ForgetsNothing(Wrapped):
    def forget(self, before: int) -> None:
        return None


class LosesSnapshots(Wrapped):
    @property
    def snapshots(self) -> MemorySnapshots:
        return MemorySnapshots()


class Texts:
    """Snapshots that are kept as texts."""

    def __init__(self, inside: MemorySnapshots) -> None:
        self.inside = inside

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inside, name)

    def save(self, snapshot: StoredSnapshot) -> None:
        self.inside.save(msgspec.structs.replace(snapshot, data=snapshot.data.decode().encode()))


class KeepsTexts(Wrapped):
    @property
    def snapshots(self) -> Texts:
        return Texts(self.inside.snapshots)


class NeverCloses(Wrapped):
    def close(self) -> None:
        return None


JOURNALS = [
    (KeepsNothing, "records come back as they were appended, in order"),
    (TakesAnything, "appending a gap raises JournalConflict"),
    (HasNoEpochs, "appending under an epoch that is over raises NotOwner"),
    (IsAnybodys, "claiming what somebody else owns raises JournalInUse"),
    (IsNobodysAnyMore, "a journal has one owner: it raised JournalInUse"),
    (TurnsAround, "records come back as they were appended, in order"),
    (LeavesOut, "records come back as they were appended, in order"),
    (DropsEvents, "events are kept until all have confirmed them"),
    (MarksNothing, "the mark follows"),
    (ConfirmsNothing, "a confirmation is not taken back"),
    (ConfirmsAnybody, "confirming without a subscription raises UnknownName"),
    (KeepsSubscribers, "who unsubscribes is forgotten"),
    (ForgetsNothing, "forgetting what is not there or not confirmed raises OutOfRange"),
    (LosesSnapshots, "snapshots are told newest first"),
    (IsReadByOneThread, "its methods may be called from any thread: several threads at once raised RuntimeError"),
    (ReadsTwice, "a reader sees no gap while another thread appends"),
    (MarksNoEpoch, "the mark has the epoch of its owner"),
    (KeepsTexts, "a journal keeps snapshots: it raised UnicodeDecodeError"),
    (NeverCloses, "a journal keeps order: it raised JournalInUse"),
]


@pytest.mark.parametrize(("kind", "promise"), JOURNALS, ids=[kind.__name__ for kind, _ in JOURNALS])
def test_a_broken_promise_of_a_journal_is_told(kind: type[Wrapped], promise: str) -> None:
    with pytest.raises(AssertionError) as told:
        check_journal(opener(kind))
    assert promise in str(told.value)


def test_a_journal_that_is_only_wrapped_passes() -> None:
    check_journal(opener(Wrapped))


def opener(kind: type[Wrapped]) -> Callable[[str], Journal]:
    """Return what opens journals of a kind by name."""
    logs: dict[str, MemoryLog] = defaultdict(MemoryLog)
    return lambda name: cast(Journal, kind(logs[name]))


# ---- histories ---------------------------------------------------------------------------------------------------


class Past:
    """A history that does everything right; those below get one thing wrong each."""

    def __init__(self) -> None:
        self.inside = MemoryHistory()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inside, name)


class TakesGaps(Past):
    def write(self, events: Sequence[Event], **how: Any) -> int:
        return self.inside.write(events, **how | {"allow_gap": True})


class HasOneSource(Past):
    def write(self, events: Sequence[Event], **how: Any) -> int:
        return self.inside.write(events, **how | {"source": "engine"})


class HasNoPosition(Past):
    def position(self, source: str = "engine") -> int:
        return 0


class WritesOneByOne(Past):
    def write(self, events: Sequence[Event], **how: Any) -> int:
        for event in events:
            self.inside.write([event], **how)
        return self.inside.through_seq(how.get("source", "engine"))


class AddsTwice(Past):
    count = itertools.count()

    def add(self, *additions: AnyAddition) -> int:
        return self.inside.add(
            *(msgspec.structs.replace(one, entry_id=f"{one.entry_id} {next(self.count)}") for one in additions)
        )


class KnowsNoContact(Past):
    def contact(self, contact_id: str) -> ContactStory | None:
        return None


class OldestFirst(Past):
    def timeline(self, *customer_ids: str, **how: Any) -> TimelinePage:
        page = self.inside.timeline(*customer_ids, **how)
        return msgspec.structs.replace(page, entries=page.entries[::-1])


class PagesForEver(Past):
    def timeline(self, *customer_ids: str, **how: Any) -> TimelinePage:
        page = self.inside.timeline(*customer_ids, **how)
        return msgspec.structs.replace(page, cursor=page.cursor or "more")


class FindsNothing(Past):
    def search(self, text: str, **how: Any) -> TimelinePage:
        page = self.inside.search(text, **how)
        return msgspec.structs.replace(page, entries=[])


class ForgetsTooMuch(Past):
    def forget(self, before_us: int, **how: Any) -> Forgotten:
        return self.inside.forget(before_us + (10**12 if before_us > 0 else 0), **how)


class ErasesNothing(Past):
    def erase(self, customer_id: str) -> Forgotten:
        return Forgotten(contacts=2, additions=2)


class ResetsNothing(Past):
    def reset(self, source: str = "engine") -> None:
        return None


class IsOfOneThread(Past):
    def __init__(self) -> None:
        super().__init__()
        self.thread = threading.get_ident()

    def write(self, events: Sequence[Event], **how: Any) -> int:
        if threading.get_ident() != self.thread:
            raise RuntimeError("objects created in a thread can only be used in that same thread")
        return self.inside.write(events, **how)


class Hangs(IsOfOneThread):
    def write(self, events: Sequence[Event], **how: Any) -> int:
        while threading.get_ident() != self.thread:
            threading.Event().wait()
        return self.inside.write(events, **how)


class AddsOneByOne(Past):
    def add(self, *additions: AnyAddition) -> int:
        return sum(self.inside.add(one) for one in additions)


class WritesTextsInOneWay(Past):
    def add(self, *additions: AnyAddition) -> int:
        return self.inside.add(
            *(
                msgspec.structs.replace(one, body=one.body.strip())
                if isinstance(one, Message) and isinstance(one.body, str)
                else one
                for one in additions
            )
        )


class CountsRows(Past):
    def timeline(self, *customer_ids: str, page_size: int = 50, cursor: str | None = None) -> TimelinePage:
        inside = self.inside.timeline(*customer_ids, page_size=page_size, cursor=None if cursor == "row" else cursor)
        whole = self.inside.timeline(*customer_ids, page_size=1_000)
        begin = 0 if cursor is None else self.row
        self.row = begin + page_size
        rows = whole.entries[begin : self.row]
        return msgspec.structs.replace(inside, entries=rows, cursor="row" if self.row < len(whole.entries) else None)


class PagesNoConversations(Past):
    def conversation(self, conversation_id: str, **how: Any) -> TimelinePage:
        page = self.inside.conversation(conversation_id, page_size=1_000)
        return msgspec.structs.replace(page, cursor=None)


class TellsHalf(Past):
    def contact(self, contact_id: str) -> ContactStory | None:
        story = self.inside.contact(contact_id)
        if story is None:
            return None
        return msgspec.structs.replace(
            story, entries=[msgspec.structs.replace(one, agent_id=None) for one in story.entries]
        )


class ClosesOnce(Past):
    def close(self) -> None:
        if vars(self).setdefault("closed", 0):
            raise RuntimeError("closed twice")
        self.closed = 1


class Fails(Past):
    def conversation(self, conversation_id: str, **how: Any) -> TimelinePage:
        raise KeyError(conversation_id)


HISTORIES = [
    (TakesGaps, "a gap before the events is refused: HistoryGap was not raised"),
    (HasOneSource, "each source has its own seqs"),
    (HasNoPosition, "and only with events that are new"),
    (WritesOneByOne, "a history takes no gap unless told: it raised HistoryGap"),
    (AddsTwice, "what was added before is passed over"),
    (KnowsNoContact, "a contact that was written is told"),
    (OldestFirst, "make up the whole"),
    (PagesForEver, "the last page has no cursor"),
    (FindsNothing, "found by "),
    (ForgetsTooMuch, "what ended before the moment goes, and what is nobody's: expected (1, 1), got (2, 2)"),
    (ErasesNothing, "an erased customer has no contacts"),
    (ResetsNothing, "reset"),
    (Fails, "a history tells a conversation: it raised KeyError"),
    (
        IsOfOneThread,
        "its methods may be called from any thread: write raised RuntimeError: ",
    ),
    (Hangs, "its methods may be called from any thread: write did not return in 0.1 s"),
    (AddsOneByOne, "where one is not allowed, nothing is added"),
    (WritesTextsInOneWay, "a text comes back to the letter"),
    (CountsRows, "pages go on where they ended, though something newer is written meanwhile"),
    (PagesNoConversations, "a page of a conversation has as many as were asked for"),
    (TellsHalf, "an entry has the agent and the queue it is about"),
    (ClosesOnce, "a history closes for good: it raised RuntimeError: 'closed twice'"),
]


@pytest.mark.parametrize(("kind", "promise"), HISTORIES, ids=[kind.__name__ for kind, _ in HISTORIES])
def test_a_broken_promise_of_a_history_is_told(kind: type[Past], promise: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind is Hangs:
        monkeypatch.setattr("ccroute.testing.threads.PATIENCE_S", 0.1)
    with pytest.raises(AssertionError) as told:
        check_history(lambda: cast(HistoryStore, kind()))
    assert promise in str(told.value)


def test_a_history_that_is_only_wrapped_passes() -> None:
    check_history(lambda: cast(HistoryStore, Past()))
