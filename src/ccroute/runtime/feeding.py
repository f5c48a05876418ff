"""Reading a journal from an event on, in pieces, beside the event loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, final

from ccroute.errors import EventsGone, OutOfRange
from ccroute.journal.feed import JournalFeed
from ccroute.journal.records import Head, head_of
from ccroute.ports import Journal, Told
from ccroute.runtime.threads import Threads

__all__ = ["FeedReader", "record_before"]

EVENTS_AT_ONCE: Final = 2_000
"""Events that one look brings into memory, those of the last record all."""


@final
class FeedReader:
    """Reads on from where it stands. For one task."""

    def __init__(
        self, journal: Journal, threads: Threads, *, blocks: bool, after_seq: int = 0, after_record: int | None = None
    ) -> None:
        """Take from where to read.

        :param blocks: whether the journal does; one in memory does not.
        :param after_record: a record; None: the one before that of the event behind ``after_seq``.
        """
        self._journal: Final = journal
        self._threads: Final = threads
        self._blocks: Final = blocks
        self._after_seq: Final = after_seq
        self._after_record: Final = after_record
        self._told: Iterator[Told] | None = None

    async def some(self) -> list[Told]:
        """Return some records; none: all that were acknowledged when it began were returned.

        :raises EventsGone: they are not kept any more.
        :raises JournalError: the journal cannot be read.
        """
        return await self._threads.run(self._some, blocks=self._blocks)

    def _some(self) -> list[Told]:
        records: list[Told] = []
        events = 0
        try:
            if self._told is None:
                after = self._after_record
                if after is None:
                    after = record_before(self._journal, self._after_seq)
                self._told = JournalFeed(self._journal).told(after)
            for told in self._told:
                records.append(told)
                events += len(told.events)
                if events >= EVENTS_AT_ONCE:
                    break
        except OutOfRange as error:
            raise EventsGone(self._after_seq, _first_seq(self._journal)) from error
        return records


def record_before(journal: Journal, seq: int) -> int:
    """Return a record behind which all events behind an event are, as few others as can be. O(log records) looks.

    :raises EventsGone: some of them are not kept any more.
    """
    first, last = journal.first_seq(), journal.mark().seq
    if _head(journal, first).first_event > seq + 1:
        raise EventsGone(seq, _first_seq(journal))
    while first < last:
        middle = (first + last + 1) // 2
        if _head(journal, middle).first_event <= seq + 1:
            first = middle
        else:
            last = middle - 1
    return first - 1


def _head(journal: Journal, record_seq: int) -> Head:
    record = next(journal.records(record_seq - 1))
    return head_of(record.head, journal.name, record.seq)


def _first_seq(journal: Journal) -> int:
    """Return the seq of the first event that can be had: behind the oldest snapshot, where the beginning is gone."""
    first = journal.first_seq()
    kept = [seq for seq in journal.snapshots.seqs() if seq >= first]
    if first == 1 or not kept:
        return _head(journal, first).first_event
    head = _head(journal, kept[-1])
    return head.first_event + head.events
