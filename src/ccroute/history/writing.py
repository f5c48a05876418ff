"""How events come from a journal into a history: each once, in batches, confirmed once they are durable there.

The history keeps, in the transaction of the events, up to which record they go. So it is the history that says where to
go on, after a crash or when it comes from a backup; what the journal no longer keeps is made again by a replay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, final

from ccroute.errors import HistoryGap, OtherSource, OutOfRange
from ccroute.events import Event
from ccroute.ports import EventFeed, HistoryStore

__all__ = ["EVENTS_AT_ONCE", "HistoryWriter", "rebuild_history"]

EVENTS_AT_ONCE: Final = 5_000
"""Events that are gathered for one transaction; those of one record stay together."""


@final
class HistoryWriter:
    """Writes the events of one journal into a history. For one thread at a time.

    It does not wait: who appends to the journal, or a timer, calls :meth:`catch_up`.
    """

    def __init__(
        self, feed: EventFeed, history: HistoryStore, *, subscriber: str = "history", source: str = "engine"
    ) -> None:
        """Subscribe to the journal, unless that was done before.

        :param subscriber: name under which the journal keeps events for this history.
        :param source: name under which the history keeps how far this journal has been written.
        """
        self._feed = feed
        self._history = history
        self._subscriber = subscriber
        self._source = source
        self._is_agreed = False
        feed.subscribe(subscriber)

    def catch_up(self, tell: Callable[[int], None] | None = None) -> int:
        """Write what has been acknowledged since, and return the seq of the last event written.

        The first time it compares with what was written last, too.

        :param tell: called with the seq of the last record behind each transaction.
        :raises OutOfRange: the journal no longer has what the history lacks; ``skip`` goes on without it.
        :raises OtherSource: the history has other events of this source: they are another journal's.
        :raises StorageError: the history could not be written; what was confirmed is there.
        :raises JournalError: the journal could not be read.
        """
        position = self._history.position(self._source)
        if self._is_agreed and position:
            return self._follow(position, tell)
        try:
            return self._follow(max(0, position - 1), tell)
        except OutOfRange as error:
            # The record itself is not kept any more, or the first ones: those behind may be all that have events. If
            # not, the history sees it by their seq.
            try:
                return self._follow(position or self._feed.subscribe(self._subscriber).confirmed, tell)
            except HistoryGap:
                raise error from None

    def rebuild(self, tell: Callable[[int], None] | None = None) -> int:
        """Write everything anew, from the journal's beginning; what was added to the history stays.

        :param tell: called with the seq of the last record behind each transaction.
        :raises OutOfRange: the journal's beginning is not kept any more. Nothing was changed.
        :raises StorageError: the history could not be written; try again.
        :raises JournalError: the journal could not be read.
        """
        through_seq = rebuild_history(self._feed, self._history, source=self._source, tell=tell)
        self._feed.confirm(self._subscriber, self._history.position(self._source))
        self._is_agreed = True
        return through_seq

    def skip(self) -> int:
        """Go on behind events that nobody has any more, and return the seq of the last event written.

        A contact that began among them begins where it enters a queue next.

        :raises StorageError: the history could not be written.
        :raises JournalError: the journal could not be read.
        """
        kept = self._feed.subscribe(self._subscriber).first_kept
        return self._follow(kept - 1, None, allow_gap=True)

    def _follow(self, after: int, tell: Callable[[int], None] | None, *, allow_gap: bool = False) -> int:
        position = self._history.position(self._source)
        through_seq = self._history.through_seq(self._source)
        record_seq = after
        for record_seq, events in _batches(self._feed, after):
            if events:
                through_seq = self._history.write(events, source=self._source, position=record_seq, allow_gap=allow_gap)
                # Records without events are confirmed with the next that have some: what is confirmed may be forgotten,
                # and the history does not know of them.
                self._feed.confirm(self._subscriber, min(record_seq, self._history.position(self._source)))
            if tell is not None:
                tell(record_seq)
        if record_seq < position:
            raise OtherSource(self._source, f"the journal must reach record {position}, was {record_seq} long")
        self._is_agreed = True
        return through_seq


def rebuild_history(
    feed: EventFeed, history: HistoryStore, *, source: str = "engine", tell: Callable[[int], None] | None = None
) -> int:
    """Write a history anew, from a journal's beginning, and return the seq of the last event; confirms nothing.

    What was added to the history stays. Nobody else may write into it meanwhile.

    :param tell: called with the seq of the last record behind each transaction.
    :raises OutOfRange: the journal's beginning is not kept any more. Nothing was changed.
    :raises StorageError: the history could not be written; try again.
    :raises JournalError: the journal could not be read.
    """
    # Whether it can be read at all shows with its first record, before anything is removed.
    next(feed.told(0), None)
    history.reset(source)
    through_seq = 0
    for record_seq, events in _batches(feed, 0):
        if events:
            through_seq = history.write(events, source=source, position=record_seq)
        if tell is not None:
            tell(record_seq)
    return through_seq


def _batches(feed: EventFeed, after: int) -> Iterator[tuple[int, list[Event]]]:
    record_seq = given_seq = after
    gathered: list[Event] = []
    for told in feed.told(after):
        record_seq = told.record_seq
        gathered += told.events
        if len(gathered) >= EVENTS_AT_ONCE:
            yield record_seq, gathered
            given_seq, gathered = record_seq, []
    if record_seq > given_seq:
        yield record_seq, gathered
