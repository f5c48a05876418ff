"""What every journal must do: :func:`check_journal` tells what one gets wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from ccroute.errors import (
    JournalConflict,
    JournalCorrupt,
    JournalError,
    JournalInUse,
    NotOwner,
    OutOfRange,
    UnknownName,
)
from ccroute.journal.records import FORMAT, NO_DIGEST, Head, seal
from ccroute.ports import Journal, Ownership, Record, StoredSnapshot
from ccroute.testing.promises import keeps
from ccroute.testing.threads import at_once, in_a_thread

__all__ = ["check_journal"]

Open = Callable[[str], Journal]


def check_journal(open_journal: Open) -> None:
    """Check that journals keep what they promise; raise ``AssertionError`` with the promise that one does not.

    :param open_journal: returns the journal of a name, new where the name is; called with the same name again it opens
        the same one, as another process would. Names are words of small letters.
    """
    for check in (
        _keeps_order,
        _compares,
        _has_one_owner,
        _keeps_events,
        _forgets,
        _keeps_snapshots,
        _may_be_called_from_any_thread,
        _ends,
    ):
        keeps("a journal", check, open_journal)


@contextmanager
def _owned(open_journal: Open, name: str, *, take_over: bool = False) -> Iterator[tuple[Journal, Ownership]]:
    journal = open_journal(name)
    try:
        yield journal, journal.claim(take_over=take_over)
    finally:
        journal.close()


def _record(seq: int, previous: bytes, epoch: int = 1, words: str = "") -> Record:
    head = Head(
        format=FORMAT,
        rules=1,
        entries=1,
        seq=seq,
        epoch=epoch,
        at_us=seq,
        first_event=seq,
        events=1,
        body_size=0,
        events_size=0,
        previous=previous,
        body_digest=b"",
        events_digest=b"",
    )
    return seal(head, b'[[1,0,null,"%b"]]' % words.encode(), b"[%d]" % seq)


def _fill(journal: Journal, ownership: Ownership, count: int) -> list[Record]:
    """Append records and return them."""
    records: list[Record] = []
    seq, previous = ownership.last_seq, ownership.last_digest
    for _ in range(count):
        record = _record(seq + 1, previous, ownership.epoch)
        journal.append(record, expected_seq=seq, epoch=ownership.epoch)
        records.append(record)
        seq, previous = record.seq, record.digest
    return records


def _keeps_order(open_journal: Open) -> None:
    with _owned(open_journal, "order") as (journal, ownership):
        _agree((ownership.last_seq, ownership.last_digest) == (0, NO_DIGEST), "a new journal is empty")
        _agree(journal.mark().seq == 0, "nothing of a new journal is acknowledged")
        _agree(journal.first_seq() == 1, "a new journal begins at record 1")
        _agree(list(journal.records()) == [], "a new journal has no records")
        records = _fill(journal, ownership, 20)
        _agree(_same(journal.records(), records), "records come back as they were appended, in order")
        _agree(_same(journal.records(15), records[15:]), "records behind a seq come back")
        _agree(list(journal.records(20)) == [], "behind the last record is nothing")
        _agree(journal.mark().seq == 20 and journal.mark().digest == records[-1].digest, "the mark follows")
        _agree(journal.mark().epoch == ownership.epoch, "the mark has the epoch of its owner")
        reading = journal.records(18)
        _agree(next(reading).seq == 19, "reading begins behind a seq")
        more = _fill(journal, _behind(ownership, records[-1]), 1)
        _agree(journal.mark().seq == 21, "a journal that is being read can be appended to")
        reading_on = [record.seq for record in reading]
        _agree(reading_on in ([20], [20, 21]), "a reader sees no gap while the journal grows")
    with _owned(open_journal, "order") as (journal, again):
        _agree(again.epoch > ownership.epoch, "every claim has an epoch above those before")
        _agree((again.last_seq, again.last_digest) == (21, more[0].digest), "what was appended is there")
        _agree(_same(journal.records(), records + more), "all records are there when opened anew")
        _agree(_same(_fill(journal, again, 1), list(journal.records(21))), "an opened journal is continued")


def _behind(ownership: Ownership, record: Record) -> Ownership:
    return Ownership(epoch=ownership.epoch, last_seq=record.seq, last_digest=record.digest)


def _same(found: Iterator[Record] | list[Record], expected: list[Record]) -> bool:
    """Compare all but the events, which are there or not."""
    return [(one.seq, one.epoch, one.digest, one.previous, one.head, one.body) for one in found] == [
        (one.seq, one.epoch, one.digest, one.previous, one.head, one.body) for one in expected
    ]


def _compares(open_journal: Open) -> None:
    with _owned(open_journal, "compares") as (journal, ownership):
        (first,) = _fill(journal, ownership, 1)
        epoch = ownership.epoch
        bad = [
            (_record(3, first.digest, epoch), 2, "a gap"),
            (_record(1, NO_DIGEST, epoch), 0, "a record once more"),
            (_record(2, NO_DIGEST, epoch), 1, "a record behind another one than the last"),
            (_record(2, first.digest, epoch), 0, "an expected seq that is not that of the last"),
            (_record(2, first.digest, epoch + 1), 1, "a record of another epoch than the owner's"),
        ]
        for record, expected_seq, what in bad:
            with _raises(JournalConflict, f"appending {what}"):
                journal.append(record, expected_seq=expected_seq, epoch=epoch)
        _agree([record.seq for record in journal.records()] == [1], "what conflicts is not written")
        _fill(journal, _behind(ownership, first), 1)
        _agree([record.seq for record in journal.records()] == [1, 2], "a conflict harms nobody")


def _has_one_owner(open_journal: Open) -> None:
    with _owned(open_journal, "owner") as (journal, ownership):
        (first,) = _fill(journal, ownership, 1)
        other = open_journal("owner")
        with _raises(JournalInUse, "claiming what somebody else owns"):
            other.claim()
        _fill(journal, _behind(ownership, first), 1)
        taken = other.claim(take_over=True)
        _agree(taken.epoch > ownership.epoch and taken.last_seq == 2, "who takes over has everything, and a new epoch")
        late = _record(3, taken.last_digest, ownership.epoch)
        with _raises(NotOwner, "appending under an epoch that is over"):
            journal.append(late, expected_seq=2, epoch=ownership.epoch)
        forged = _record(3, taken.last_digest, taken.epoch)
        with _raises(NotOwner, "appending under the epoch of somebody else"):
            journal.append(forged, expected_seq=2, epoch=taken.epoch)
        _fill(other, taken, 1)
        _agree([record.seq for record in other.records()] == [1, 2, 3], "only the owner has written")
        with _raises(JournalInUse, "claiming what was taken over"):
            open_journal("owner").claim()
        journal.close()
        with _raises(JournalInUse, "claiming what was taken over, once the former owner is gone"):
            open_journal("owner").claim()
        other.close()
    unclaimed = open_journal("owner")
    with _raises(NotOwner, "appending without a claim"):
        unclaimed.append(late, expected_seq=3, epoch=taken.epoch)
    unclaimed.close()


def _keeps_events(open_journal: Open) -> None:
    with _owned(open_journal, "events") as (journal, ownership):
        (first,) = _fill(journal, ownership, 1)
        _agree(journal.confirmed() == {}, "nobody is subscribed to a new journal")
        early = journal.subscribe("early")
        _agree((early.confirmed, early.first_kept) == (1, 2), "who subscribes is told what is still there")
        records = _fill(journal, _behind(ownership, first), 4)
        late = journal.subscribe("late")
        _agree((late.confirmed, late.first_kept) == (1, 2), "who subscribes late gets what is kept for others")
        journal.confirm("early", 4)
        journal.confirm("early", 3)
        journal.confirm("late", 2)
        _agree(journal.confirmed() == {"early": 4, "late": 2}, "a confirmation is not taken back")
        _fill(journal, _behind(ownership, records[-1]), 1)
        kept = [record.events for record in journal.records(2)]
        _agree(kept == [b"[3]", b"[4]", b"[5]", b"[6]"], "events are kept until all have confirmed them")
        with _raises(UnknownName, "confirming without a subscription"):
            journal.confirm("nobody", 1)
        for seq in (-1, 7):
            with _raises(OutOfRange, "confirming what is not there"):
                journal.confirm("late", seq)
        again = journal.subscribe("late")
        _agree(again.confirmed == 2, "who is subscribed stays where it was")
    with _owned(open_journal, "events") as (journal, _):
        _agree(journal.confirmed() == {"early": 4, "late": 2}, "subscriptions outlive the owner")
        journal.unsubscribe("late")
        journal.unsubscribe("late")
        _agree(journal.confirmed() == {"early": 4}, "who unsubscribes is forgotten")
        journal.confirm("early", 6)
    with _owned(open_journal, "events") as (journal, _):
        _agree(journal.confirmed() == {"early": 6}, "what was confirmed before closing is known")
        _agree([one.events for one in journal.records()] == [None] * 6, "what all have confirmed is removed")
        journal.subscribe("early")


def _forgets(open_journal: Open) -> None:
    with _owned(open_journal, "forgets") as (journal, ownership):
        records = _fill(journal, ownership, 6)
        journal.subscribe("slow")
        records += _fill(journal, _behind(ownership, records[-1]), 4)
        journal.confirm("slow", 7)
        for before in (0, 9, 11):
            with _raises(OutOfRange, "forgetting what is not there or not confirmed"):
                journal.forget(before)
        journal.forget(1)
        _agree(journal.first_seq() == 1, "forgetting nothing forgets nothing")
        journal.forget(5)
        _agree(journal.first_seq() == 5, "records before a seq are forgotten")
        _agree(_same(journal.records(4), records[4:]), "the records behind stay")
        with _raises(OutOfRange, "reading what was forgotten"):
            next(journal.records())
        journal.forget(8)
        journal.forget(3)
        _agree(journal.first_seq() == 8, "what was forgotten stays forgotten")
        _fill(journal, _behind(ownership, records[-1]), 1)
    with _owned(open_journal, "forgets") as (journal, again):
        _agree((journal.first_seq(), again.last_seq) == (8, 11), "what was forgotten stays so when opened anew")
        _agree([record.seq for record in journal.records(8)] == [9, 10, 11], "and the rest is there")


def _keeps_snapshots(open_journal: Open) -> None:
    with _owned(open_journal, "snapshots") as (journal, ownership):
        records = _fill(journal, ownership, 3)
        kept = [
            StoredSnapshot(record_seq=seq, record_digest=records[seq - 1].digest, data=b"state %d \x00\xff\r\n" % seq)
            for seq in (1, 3, 2)
        ]
        _agree(journal.snapshots.seqs() == [], "a new journal has no snapshots")
        for snapshot in kept:
            journal.snapshots.save(snapshot)
        _agree(journal.snapshots.seqs() == [3, 2, 1], "snapshots are told newest first")
        replaced = StoredSnapshot(record_seq=2, record_digest=records[1].digest, data=b"another")
        journal.snapshots.save(replaced)
        journal.snapshots.forget(1)
        journal.snapshots.forget(1)
    with _owned(open_journal, "snapshots") as (journal, _):
        _agree(journal.snapshots.seqs() == [3, 2], "snapshots outlive the owner, but for those forgotten")
        _agree(journal.snapshots.load(3) == kept[1], "a snapshot comes back as it was saved")
        _agree(journal.snapshots.load(2) == replaced, "a snapshot of the same record is replaced")
        with _raises(JournalCorrupt, "loading a snapshot that is not there"):
            journal.snapshots.load(1)


def _may_be_called_from_any_thread(open_journal: Open) -> None:
    with _owned(open_journal, "threads") as (journal, ownership):
        (first,) = _fill(journal, ownership, 1)
        owned = _behind(ownership, first)
        journal.subscribe("reader")
        ended = Event()

        def write() -> list[int]:
            try:
                return [record.seq for record in _fill(journal, owned, 20)]
            finally:
                ended.set()

        def read() -> list[int]:
            is_last = False
            while True:
                seen = [record.seq for record in journal.records()]
                _agree(seen == list(range(1, len(seen) + 1)), "a reader sees no gap while another thread appends")
                if is_last:
                    journal.confirm("reader", seen[-1])
                    return seen
                is_last = ended.is_set()

        written, seen = at_once([write, read])
        _agree(written == seen[1:], "what one thread appends, another one reads")
        _agree(journal.confirmed() == {"reader": 21}, "what one thread confirms is confirmed")
        in_a_thread(journal.close, "close")


def _ends(open_journal: Open) -> None:
    journal = open_journal("ends")
    ownership = journal.claim()
    (first,) = _fill(journal, ownership, 1)
    journal.close()
    journal.close()
    with _raises(JournalError, "appending to a closed journal"):
        journal.append(_record(2, first.digest, ownership.epoch), expected_seq=1, epoch=ownership.epoch)
    with _owned(open_journal, "ends") as (again, owned):
        _agree(owned.last_seq == 1 and _same(again.records(), [first]), "a closed journal can be opened anew")


@contextmanager
def _raises(kind: type[Exception], what: str) -> Iterator[None]:
    try:
        yield
    except kind:
        return
    raise AssertionError(f"{what} raises {kind.__name__}")


def _agree(is_so: bool, promise: str) -> None:
    if not is_so:
        raise AssertionError(promise)
