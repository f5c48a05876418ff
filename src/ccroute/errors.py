"""Everything ccroute raises.

Three kinds of wrong are kept apart. What can never be right under the present configuration raises an
:class:`InvalidArgument` before anything moves. What is not right just now (a lost race, a transition that is not)
is no exception but the event ``CommandRefused``. A fault of our own raises :class:`EngineBug`, after which the engine
refuses to go on.
"""

from __future__ import annotations

from functools import partial
from typing import Any, final

__all__ = [
    "CcrouteError",
    "CodecError",
    "ConcurrentUse",
    "ConfigError",
    "ConfigFault",
    "EngineBug",
    "EngineClosed",
    "EngineOutOfMemory",
    "EngineStateError",
    "EventNotReached",
    "ExtraMissing",
    "ForkedEngine",
    "HistoryGap",
    "HoursError",
    "IdentityTaken",
    "InvalidArgument",
    "InvalidHandle",
    "InvalidId",
    "JournalConflict",
    "JournalCorrupt",
    "JournalError",
    "JournalFailed",
    "JournalInUse",
    "KeyDestroyed",
    "MasterKeyWrong",
    "NotOwner",
    "OtherRules",
    "OtherSource",
    "OutOfRange",
    "RecordError",
    "ReentrantCall",
    "ReplayDiverged",
    "RequirementError",
    "SchemaTooNew",
    "SealBroken",
    "SnapshotError",
    "StorageBusy",
    "StorageClosed",
    "StorageConflict",
    "StorageCorrupt",
    "StorageError",
    "StorageFailed",
    "StorageFull",
    "StorageUnavailable",
    "TimeJump",
    "UnknownCustomer",
    "UnknownName",
    "WrongType",
]

_SHOWN_MAX = 80


def shown(value: object) -> str:
    """Return ``repr(value)``, cut to a length that fits a message; safe for values that do odd things when shown."""
    if type(value) is str or type(value) is bytes:
        value = value[:_SHOWN_MAX]
    elif type(value) is int and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    try:
        text = repr(value)
    except Exception:  # a caller's own __repr__ may do anything, and its type may have no plain name
        text = type.__repr__(type(value))
    # What comes back may be of a class of the caller's own, so that only the methods of str itself are asked.
    text = str.__getitem__(text, slice(_SHOWN_MAX + 1)).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 1] + "…"


class CcrouteError(Exception):
    """Base of every exception of this package."""


class InvalidArgument(CcrouteError, ValueError):
    """An argument can never be right under the present configuration. Nothing has moved, the clock included."""

    def __init__(self, argument: str, got: object, allowed: str) -> None:
        super().__init__(f"{argument} must be {allowed}, was {shown(got)}")
        self.argument = argument
        """Name of the argument or field, as in ``contact_id`` or ``attributes[lang]``."""
        self.got: Any = got
        """The value that was given."""
        self.allowed = allowed
        """What is allowed, in words that follow "must be"."""

    def __reduce__(self) -> tuple[type[InvalidArgument], tuple[object, ...]]:
        return type(self), (self.argument, self.got, self.allowed)


@final
class WrongType(InvalidArgument, TypeError):
    """An argument has the wrong type; numbers are never converted and subclasses of ``str`` and ``int`` not taken."""


@final
class OutOfRange(InvalidArgument):
    """A number, a length or a count is outside what is allowed."""


@final
class InvalidId(InvalidArgument):
    """An id or a text is empty, too long, or holds a control character or a lone surrogate."""


@final
class UnknownName(InvalidArgument, LookupError):
    """A queue, a skill or a channel is not in the configuration."""


@final
class TimeJump(InvalidArgument):
    """``at_us`` is further ahead than ``jump_max_us`` allows, and the call did not say ``allow_jump=True``."""


@final
class RequirementError(InvalidArgument):
    """A requirement or score cannot be read; ``column`` says where."""

    def __init__(self, argument: str, got: object, allowed: str, column: int = 1) -> None:
        super().__init__(argument, got, allowed)
        self.args = (f"{argument}, column {column}: must be {allowed}, in {shown(got)}",)
        self.column = column
        """1-based column of the first character that cannot be right."""

    def __reduce__(self) -> tuple[type[RequirementError], tuple[object, ...]]:
        return type(self), (self.argument, self.got, self.allowed, self.column)


@final
class HoursError(InvalidArgument):
    """A line of opening hours, or an entry of holidays, cannot be read; ``column`` says where."""

    def __init__(self, argument: str, got: object, allowed: str, column: int = 1) -> None:
        super().__init__(argument, got, allowed)
        self.without_argument = f"column {column}: must be {allowed}, in {shown(got)}"
        """The message as it stands behind a key path."""
        self.args = (f"{argument}, {self.without_argument}",)
        self.column = column
        """1-based column of the first character that cannot be right."""

    def __reduce__(self) -> tuple[type[HoursError], tuple[object, ...]]:
        return type(self), (self.argument, self.got, self.allowed, self.column)


@final
class ConfigFault:
    """One fault of a configuration: where it is and what would be right."""

    __slots__ = ("line", "message", "path")

    def __init__(self, path: str, message: str, line: int | None = None) -> None:
        self.path = path
        """Key path, as in ``queues.loans.plan[1].queue``; empty where the text as a whole cannot be read."""
        self.message = message
        """What is wrong, the value, and what is allowed."""
        self.line = line
        """1-based line where the parser gives it, else None."""

    def __repr__(self) -> str:
        return f"ConfigFault({self.path!r}, {self.message!r}, line={self.line})"

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path or 'text'} (line {self.line})"
        return f"{where}: {self.message}" if where else self.message

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConfigFault):
            return NotImplemented
        return (self.path, self.message, self.line) == (other.path, other.message, other.line)

    def __hash__(self) -> int:
        return hash((self.path, self.message, self.line))


@final
class ConfigError(InvalidArgument):
    """A configuration has faults; all of them are told at once in ``faults``."""

    def __init__(self, faults: list[ConfigFault]) -> None:
        first = faults[0]
        super().__init__(first.path or "config", None, first.message)
        self.args = ("\n".join(str(fault) for fault in faults),)
        self.faults = faults
        """Every fault found, in the order of the text's keys."""

    def __reduce__(self) -> tuple[type[ConfigError], tuple[object, ...]]:
        return type(self), (self.faults,)


@final
class CodecError(InvalidArgument):
    """Bytes are not a command or an event in the stated format."""


@final
class RecordError(InvalidArgument):
    """A file of call records or a trace cannot be read; the message names the line and the column."""


@final
class SnapshotError(InvalidArgument):
    """Bytes are not a whole snapshot of a rules version this release restores."""


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


@final
class ExtraMissing(CcrouteError, ImportError):
    """What was asked for needs an optional part of ccroute that is not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} need the extra {extra}: pip install 'ccroute[{extra}]'")
        self.extra = extra
        """Name of the extra."""
        self.purpose = purpose
        """What needs it, in the plural."""

    def __reduce__(self) -> tuple[type[ExtraMissing], tuple[object, ...]]:
        return type(self), (self.extra, self.purpose)


class StorageError(CcrouteError):
    """A database could not do what it was asked. Messages name the database and the problem, never a value in it."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        """The path of the file, or the server; never with a password."""
        self.problem = problem
        """What is wrong."""

    def __reduce__(self) -> tuple[type[StorageError], tuple[object, ...]]:
        return type(self), (self.place, self.problem)


@final
class StorageUnavailable(StorageError):
    """The file cannot be opened or written, or the server not be reached; nothing was done."""


@final
class StorageClosed(StorageError):
    """The database was closed here."""


@final
class StorageBusy(StorageError):
    """Somebody else holds a lock for too long, or two transactions were in each other's way; nothing was done."""


@final
class StorageFull(StorageError):
    """The disk is full; nothing was done."""


@final
class StorageConflict(StorageError):
    """A row contradicts another one or the schema; nothing was done."""


@final
class StorageCorrupt(StorageError):
    """The file is no database, or is damaged: restore it from a backup, or rebuild it where that can be."""


@final
class StorageFailed(StorageError):
    """The database failed in another way, such as an I/O error. Whether a commit that ends so was done is not known."""


@final
class SchemaTooNew(StorageError):
    """A newer release has made the schema; this one neither reads nor writes it."""

    def __init__(self, place: str, owner: str, version: int, version_max: int) -> None:
        super().__init__(place, f"the schema {owner} must be of version {version_max} at most, was {version}")
        self.owner = owner
        """Whose schema it is."""
        self.version = version
        """Its version."""
        self.version_max = version_max
        """The newest version that this release knows."""

    def __reduce__(self) -> tuple[type[StorageError], tuple[object, ...]]:
        return type(self), (self.place, self.owner, self.version, self.version_max)


@final
class KeyDestroyed(CcrouteError, LookupError):
    """A customer's data cannot be opened or sealed: the customer was erased, or never had a key."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(f"customer {shown(customer_id)} was erased, or never had a key")
        self.customer_id = customer_id
        """Whose key it was."""

    def __reduce__(self) -> tuple[type[KeyDestroyed], tuple[str]]:
        return type(self), (self.customer_id,)


@final
class SealBroken(CcrouteError, ValueError):
    """Sealed bytes are not whole, or were sealed for another customer or as another kind."""

    def __init__(self, customer_id: str, kind: str) -> None:
        super().__init__(
            f"sealed bytes of customer {shown(customer_id)} and kind {shown(kind)} must be whole, "
            "and sealed for this customer as this kind"
        )
        self.customer_id = customer_id
        """For whom they were to be opened."""
        self.kind = kind
        """As what they were to be opened."""

    def __reduce__(self) -> tuple[type[SealBroken], tuple[str, str]]:
        return type(self), (self.customer_id, self.kind)


@final
class MasterKeyWrong(InvalidArgument):
    """The master key is none, or another than the one that sealed the keys of customers."""


@final
class InvalidHandle(InvalidArgument):
    """A phone number, an address or a name in a network is none. The message does not show it."""


@final
class UnknownCustomer(CcrouteError, LookupError):
    """Nobody is known by this id, or not any more."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(f"customer {shown(customer_id)} is not known, or was erased")
        self.customer_id = customer_id
        """The id."""

    def __reduce__(self) -> tuple[type[UnknownCustomer], tuple[str]]:
        return type(self), (self.customer_id,)


@final
class IdentityTaken(CcrouteError, ValueError):
    """What somebody is known by belongs to another customer already; merge the two, if they are one."""

    def __init__(self, identity_id: str, customer_id: str) -> None:
        super().__init__(f"identity {shown(identity_id)} must be of no other customer, was of {shown(customer_id)}")
        self.identity_id = identity_id
        """The identity."""
        self.customer_id = customer_id
        """Whose it is."""

    def __reduce__(self) -> tuple[type[IdentityTaken], tuple[str, str]]:
        return type(self), (self.identity_id, self.customer_id)


class EngineStateError(CcrouteError, RuntimeError):
    """The engine cannot take this call at all, whatever the arguments."""


@final
class EngineClosed(EngineStateError):
    """The engine was closed, by ``close()`` or by a failure it could not undo."""


@final
class ReentrantCall(EngineStateError):
    """The engine was called from inside one of its own calls, in the same thread."""


@final
class ConcurrentUse(EngineStateError):
    """The engine was called while another thread was inside it. One engine belongs to one thread at a time."""


@final
class ForkedEngine(EngineStateError):
    """The engine was made in another process; a copy made by ``fork`` must not go on by itself."""


@final
class EngineOutOfMemory(CcrouteError, MemoryError):
    """Memory ran out. If the engine could not undo what it had begun it is closed, and a snapshot must be restored."""


@final
class EngineBug(CcrouteError, AssertionError):
    """A promise of the engine was broken; the engine is closed. Please report it with the snapshot and the command."""
