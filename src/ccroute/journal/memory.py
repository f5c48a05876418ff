"""A journal in memory: for tests, and for those who want the order of things but not the disk.

It outlives the engine, not the process. What a file is to other journals, a ``MemoryLog`` is to this one: journals over
one log are owners of one journal.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import RLock
from typing import Final, final

from ccroute.errors import JournalCorrupt, JournalInUse, NotOwner, OutOfRange, UnknownName
from ccroute.journal.records import NO_DIGEST, check_continues, check_kept, check_seq, check_subscriber, opened
from ccroute.journal.snapshot_files import MemorySnapshots
from ccroute.ports import Mark, Ownership, Record, Subscription

__all__ = ["MemoryJournal", "MemoryLog"]


@final
class MemoryLog:
    """What journals in memory hold, until nobody holds it."""

    def __init__(self) -> None:
        self.lock: Final = RLock()
        self.heads: dict[int, tuple[bytes, bytes]] = {}
        """Head and body of every record, by seq."""
        self.events: dict[int, bytes] = {}
        """Events of the records of which somebody has not confirmed them."""
        self.mark = Mark(seq=0, digest=NO_DIGEST, epoch=0)
        self.before_first = NO_DIGEST
        """Digest of the record before the first that is kept."""
        self.epoch = 0
        self.owner: MemoryJournal | None = None
        self.confirmed: dict[str, int] = {}
        self.snapshots: Final = MemorySnapshots()


@final
class MemoryJournal:
    """A journal of which nothing is left when the process ends."""

    def __init__(self, log: MemoryLog | None = None) -> None:
        self._log: Final = MemoryLog() if log is None else log
        self._epoch = 0

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return "journal in memory"

    @property
    def snapshots(self) -> MemorySnapshots:
        """Return where the snapshots of this journal are kept."""
        return self._log.snapshots

    def claim(self, *, take_over: bool = False) -> Ownership:
        """Become the owner; see ``ccroute.ports.Journal``."""
        log = self._log
        with log.lock:
            if log.owner is not None and log.owner is not self and not take_over:
                raise JournalInUse(f"{self.name} has an owner")
            if log.mark.seq and log.mark.seq not in log.heads:
                raise JournalCorrupt(self.name, f"record {log.mark.seq} was acknowledged and is not there")
            log.owner = self
            log.epoch += 1
            self._epoch = log.epoch
            return Ownership(epoch=log.epoch, last_seq=log.mark.seq, last_digest=log.mark.digest)

    def append(self, record: Record, *, expected_seq: int, epoch: int) -> None:
        """Keep one more record; see ``ccroute.ports.Journal``."""
        log = self._log
        with log.lock:
            if epoch != log.epoch or log.owner is not self:
                raise NotOwner(f"{self.name}: epoch {epoch} is over, the present one is {log.epoch}")
            check_continues(self.name, record, log.mark, expected_seq=expected_seq, epoch=epoch)
            log.heads[record.seq] = (record.head, record.body)
            if log.confirmed and record.events is not None:
                log.events[record.seq] = record.events
            log.mark = Mark(seq=record.seq, digest=record.digest, epoch=epoch)
            self._tidy()

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the records behind a seq; see ``ccroute.ports.Journal``."""
        log = self._log
        with log.lock:
            check_kept(after, self.first_seq())
            previous = log.before_first if after + 1 == self.first_seq() else None
        seq = after + 1
        while (parts := log.heads.get(seq)) is not None:
            record = opened(self.name, seq, *parts, log.events.get(seq), previous)
            yield record
            previous = record.digest
            seq += 1
        # The owner may have forgotten them meanwhile.
        check_kept(seq - 1, self.first_seq())

    def first_seq(self) -> int:
        """Return the seq of the first record that is kept."""
        with self._log.lock:
            return next(iter(self._log.heads), 1)

    def mark(self) -> Mark:
        """Return up to where appends have been acknowledged."""
        return self._log.mark

    def subscribe(self, subscriber: str) -> Subscription:
        """Have events kept until this subscriber has confirmed them, too."""
        check_subscriber(subscriber)
        log = self._log
        with log.lock:
            first_kept = min(log.events, default=log.mark.seq + 1)
            confirmed = log.confirmed.setdefault(subscriber, first_kept - 1)
            return Subscription(subscriber=subscriber, confirmed=confirmed, first_kept=first_kept)

    def unsubscribe(self, subscriber: str) -> None:
        """Let a subscriber go."""
        check_subscriber(subscriber)
        with self._log.lock:
            self._log.confirmed.pop(subscriber, None)

    def confirm(self, subscriber: str, record_seq: int) -> None:
        """Note what a subscriber is done with; see ``ccroute.ports.Journal``."""
        check_subscriber(subscriber)
        check_seq("record_seq", record_seq)
        log = self._log
        with log.lock:
            if subscriber not in log.confirmed:
                raise UnknownName("subscriber", subscriber, "one that is subscribed")
            if not 0 <= record_seq <= log.mark.seq:
                raise OutOfRange("record_seq", record_seq, f"from 0 to {log.mark.seq}")
            log.confirmed[subscriber] = max(log.confirmed[subscriber], record_seq)

    def confirmed(self) -> dict[str, int]:
        """Return the seq of the last confirmed record per subscriber, by name."""
        with self._log.lock:
            return dict(sorted(self._log.confirmed.items()))

    def forget(self, before: int) -> None:
        """Remove the records before a seq; see ``ccroute.ports.Journal``."""
        check_seq("before", before)
        log = self._log
        with log.lock:
            most = min([log.mark.seq, *(seq + 1 for seq in log.confirmed.values())])
            if not 1 <= before <= most:
                raise OutOfRange("before", before, f"from 1 to {most}")
            for seq in [seq for seq in log.heads if seq < before]:
                log.before_first = opened(self.name, seq, *log.heads[seq], None, None).digest
                del log.heads[seq]
                log.events.pop(seq, None)

    def close(self) -> None:
        """End the ownership, if there is one."""
        with self._log.lock:
            self._tidy()
            if self._log.owner is self:
                self._log.owner = None

    def _tidy(self) -> None:
        done = min(self._log.confirmed.values(), default=self._log.mark.seq)
        for seq in [seq for seq in self._log.events if seq <= done]:
            del self._log.events[seq]
