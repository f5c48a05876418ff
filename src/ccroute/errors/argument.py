"""What can never be right under the present configuration: raised before anything moves."""

from __future__ import annotations

from typing import Any, final

__all__ = [
    "CcrouteError",
    "CodecError",
    "ConfigError",
    "ConfigFault",
    "HoursError",
    "InvalidArgument",
    "InvalidId",
    "OutOfRange",
    "RecordError",
    "RequirementError",
    "SnapshotError",
    "TimeJump",
    "UnknownName",
    "WrongType",
    "shown",
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
