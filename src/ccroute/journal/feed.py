"""What a journal tells its subscribers: the events of every record, those that are not kept any more included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, final

from ccroute.errors import JournalCorrupt, OutOfRange
from ccroute.events import Event
from ccroute.journal.records import entries_of, event_lines_of, head_of
from ccroute.journal.recovery import Origin, begin_at, replay, replay_record
from ccroute.ports import Journal, Subscription, Told

__all__ = ["JournalFeed"]


@final
class JournalFeed:
    """The events of a journal, in order, each record's at once."""

    def __init__(self, journal: Journal) -> None:
        self._journal: Final = journal

    def subscribe(self, subscriber: str) -> Subscription:
        """Have events kept until this subscriber has confirmed them; see ``Journal.subscribe``."""
        return self._journal.subscribe(subscriber)

    def unsubscribe(self, subscriber: str) -> None:
        """Let a subscriber go."""
        self._journal.unsubscribe(subscriber)

    def confirm(self, subscriber: str, record_seq: int) -> None:
        """Note that a subscriber is done with the events of all records up to one; see ``Journal.confirm``."""
        self._journal.confirm(subscriber, record_seq)

    def told(self, after: int = 0) -> Iterator[Told]:
        """Yield the events of the records behind one, up to the last that is acknowledged.

        What is not kept any more is made again by a replay from the snapshot before, with an engine of its own:
        O(records behind that snapshot), and the memory of an engine meanwhile.

        :param after: seq of a record.
        :raises OutOfRange: records behind it are not kept any more.
        :raises JournalCorrupt: the journal does not hold what was written to it.
        :raises OtherRules: events would have to be made again from records under other rules.
        :raises ReplayDiverged: a replay gives other events.
        """
        last = self._journal.mark().seq
        again: Origin | None = None
        for record in self._journal.records(after):
            if record.seq > last:
                return
            head = head_of(record.head, self._journal.name, record.seq)
            if record.events is not None or head.events == 0:
                again = None
                events: list[Event] = [event for line in event_lines_of(record) for event in line]
            else:
                if again is None:
                    again = self._before(record.seq)
                given = replay_record(again.engine, record, head, entries_of(record))
                events = [event for line in given for event in line]
            yield Told(record_seq=record.seq, events=events)

    def _before(self, seq: int) -> Origin:
        """Return the engine as it stood before a record."""
        journal = self._journal
        # Each round but the last sees the first record move, which it does up to `seq` at most.
        while True:
            first = journal.first_seq()
            try:
                self._check_reachable(seq)
                origin = begin_at(journal, seq - 1)
                for _ in replay(journal, origin, seq - 1):
                    pass
                return origin
            except (OutOfRange, JournalCorrupt):
                # The owner may have forgotten records meanwhile; behind them is a newer snapshot.
                if journal.first_seq() == first:
                    raise

    def _check_reachable(self, seq: int) -> None:
        """Raise unless the engine can be had as it stood before a record: from a snapshot, or from the beginning."""
        journal = self._journal
        first = journal.first_seq()
        # One whose record is gone may be there again after a loss of power, which takes back that it was removed.
        kept = [one for one in journal.snapshots.seqs() if one >= first]
        if first > 1 and kept and kept[-1] >= seq:
            raise OutOfRange("after", seq - 1, f"at least {kept[-1]}: events before it are not kept any more")
