"""What journals and histories raise, and replays of them."""

from __future__ import annotations

from functools import partial
from typing import Any, final

from ccroute.errors.argument import CcrouteError, shown

__all__ = [
    "EventNotReached",
    "HistoryGap",
    "JournalCompacted",
    "JournalConflict",
    "JournalCorrupt",
    "JournalError",
    "JournalFailed",
    "JournalInUse",
    "NotOwner",
    "OtherRules",
    "OtherSource",
    "ReplayDiverged",
]


@final
class EventNotReached(CcrouteError, LookupError):
    """The commands to be replayed end before the event that was asked for."""


@final
class ReplayDiverged(CcrouteError, ValueError):
    """A replay does not give what happened: the commands, or the engine they began with, are not those of then."""

    def __init__(
        self, message: str, *, record: int | None = None, entry: int | None = None, event: int | None = None
    ) -> None:
        super().__init__(message)
        self.record = record
        """Seq of the record of a journal in which it was noticed; None: it was no replay of a journal."""
        self.entry = entry
        """Which entry of the record, from 1; None: it is not known, or it was no replay of a journal."""
        self.event = event
        """Seq of the first event that differs; None: it was no replay of a journal."""

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), record=self.record, entry=self.entry, event=self.event), (str(self),)


class JournalError(CcrouteError):
    """A journal cannot do what it was asked; what it has acknowledged before stays."""


@final
class JournalInUse(JournalError, RuntimeError):
    """Somebody else has the journal open for writing, or claimed it at the same moment."""


@final
class NotOwner(JournalError, RuntimeError):
    """This owner's epoch is over: the journal was claimed by another one, or never by this one. Nothing was written."""


@final
class JournalConflict(JournalError, ValueError):
    """A record does not continue the journal: another seq, or another record before it. Nothing was written."""


@final
class JournalCorrupt(JournalError, ValueError):
    """A journal does not hold what was written to it; the message names the place. No record was changed."""

    def __init__(self, place: str, message: str, *, record: int | None = None) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place
        """Where: the file, or the journal and its record."""
        self.record = record
        """Seq of the record; None: it is no single record."""

    def __reduce__(self) -> tuple[Any, ...]:
        message = str(self)[len(self.place) + 2 :]
        return partial(type(self), record=self.record), (self.place, message)


@final
class JournalFailed(JournalError, RuntimeError):
    """Writing failed or was broken off; this journal acknowledges nothing any more. Opening it anew recovers."""


@final
class OtherRules(JournalError, ValueError):
    """Records were written under other rules than this release has, and no snapshot stands behind them."""


@final
class JournalCompacted(JournalError, LookupError):
    """A journal was asked for all its commands, and the first ones were removed (``forget_records``)."""

    def __init__(self, name: str, first_seq: int) -> None:
        super().__init__(
            f"{name}: records before {first_seq} are not kept any more, and the commands behind them alone do not lead "
            "to the same state; close the journal and copy its files, -mark and -snapshot-<record> among them, or keep "
            "all records from the beginning (SnapshotPolicy.forget_records)"
        )
        self.name = name
        """What the journal is called."""
        self.first_seq = first_seq
        """Seq of the first record that is kept."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.first_seq)


@final
class HistoryGap(CcrouteError, LookupError):
    """Events are missing between what a history has and what it was given; nothing was written."""

    def __init__(self, expected_seq: int, first_seq: int) -> None:
        super().__init__(f"the first event must be of seq {expected_seq} or less, was {first_seq}")
        self.expected_seq = expected_seq
        """Seq of the event that comes next in the history."""
        self.first_seq = first_seq
        """Seq of the first event that was given."""

    def __reduce__(self) -> tuple[type[HistoryGap], tuple[int, int]]:
        return type(self), (self.expected_seq, self.first_seq)


@final
class OtherSource(CcrouteError, ValueError):
    """Events are not those that a history has of this source: another journal needs another. Nothing was written."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(f"source {shown(source)}: {problem}; another journal needs another source")
        self.source = source
        """The source."""
        self.problem = problem
        """What differs."""

    def __reduce__(self) -> tuple[type[OtherSource], tuple[str, str]]:
        return type(self), (self.source, self.problem)
