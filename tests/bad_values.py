"""Values that callers should not give but do, and the table that says which kind of parameter takes which of them."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple, NoReturn

import msgspec

from ccroute import (
    AssignAs,
    ChangeOffers,
    EnqueueContact,
    Ignorable,
    KeepsPlace,
    OffersExhausted,
    OnUnanswered,
    ParkClock,
    PendingOffers,
    Presence,
    TransferMode,
)
from ccroute.config import Queue

MEBIBYTE: Final = 1 << 20


class OddText(str):
    """A text that is equal to everything, and to nothing in a dict."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 7


class HostileText(str):
    """A text none of whose operations work."""

    __slots__ = ()

    def __eq__(self, other: object) -> NoReturn:
        raise RuntimeError("no comparison")

    def __hash__(self) -> NoReturn:
        raise RuntimeError("no hash")

    def __getitem__(self, key: object) -> NoReturn:
        raise RuntimeError("no characters")

    def __len__(self) -> NoReturn:
        raise RuntimeError("no length")

    def __repr__(self) -> NoReturn:
        raise RuntimeError("no words")

    def encode(self, *_: object) -> NoReturn:
        raise RuntimeError("no bytes")


class OddNumber(int):
    """A number that is another one wherever it is looked at from Python."""

    def __index__(self) -> int:
        return 10**30

    def __int__(self) -> int:
        return -1

    def __lt__(self, other: object) -> bool:
        return True

    def bit_length(self) -> NoReturn:
        raise RuntimeError("no bits")


class Number(enum.IntEnum):
    """An enum whose members are integers."""

    ONE = 1


class NumberLike:
    """Something that converts to 1 in every way there is."""

    def __index__(self) -> int:
        return 1

    __int__ = __index__

    def __float__(self) -> float:
        return 1.0

    def __bool__(self) -> bool:
        return True


class Silent:
    """Something that cannot be shown."""

    def __repr__(self) -> NoReturn:
        raise RuntimeError("no words")


class Loud:
    """Something whose words are odd texts themselves, and long."""

    def __repr__(self) -> str:
        return _long_words()


class Hidden:
    """Something that does not even say what it is."""

    @property
    def __class__(self) -> Any:
        raise RuntimeError("no class")

    def __getattribute__(self, name: str) -> NoReturn:
        raise RuntimeError("no attributes")


class OddType(type):
    """The type of types that cannot be looked up."""

    def __hash__(cls) -> NoReturn:
        raise RuntimeError("no hash")

    def __eq__(cls, other: object) -> NoReturn:
        raise RuntimeError("no comparison")


class OfOddType(metaclass=OddType):
    """Something whose type cannot be looked up."""


class OddList(list[Any]):
    """A list that says it is empty."""

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> NoReturn:
        raise RuntimeError("no items")


class OddDict(dict[Any, Any]):
    """A table that gives no entries."""

    def items(self) -> NoReturn:
        raise RuntimeError("no items")


class EnqueueSubclass(EnqueueContact, frozen=True, kw_only=True, tag="contact.enqueue"):
    """A command that is none."""


def _knot() -> list[Any]:
    knot: list[Any] = []
    knot.append(knot)
    return knot


def _knotted_table() -> dict[str, Any]:
    knot: dict[str, Any] = {}
    knot["a"] = knot
    return knot


@functools.cache
def _deep() -> list[Any]:
    inner: list[Any] = []
    for _ in range(100_000):
        inner = [inner]
    return inner


@functools.cache
def _long_table() -> dict[str, int]:
    return dict.fromkeys(map(str, range(10_001)), 1)


@functools.cache
def _long_text() -> str:
    return "ü" * MEBIBYTE


@functools.cache
def _long_words() -> str:
    return HostileText("\ud800" * MEBIBYTE)


class Sample(NamedTuple):
    """One value, made anew for each use; what takes long to make is made once, as nobody may change it."""

    name: str
    make: Callable[[], Any]


SAMPLES: Final[tuple[Sample, ...]] = (
    # Numbers and what looks like one.
    Sample("none", lambda: None),
    Sample("not given", lambda: msgspec.UNSET),
    Sample("true", lambda: True),
    Sample("false", lambda: False),
    Sample("zero", lambda: 0),
    Sample("minus one", lambda: -1),
    Sample("2**63", lambda: 2**63),
    Sample("-2**63-1", lambda: -(2**63) - 1),
    Sample("10**30", lambda: 10**30),
    Sample("10**10000", lambda: 10**10_000),
    Sample("1.5", lambda: 1.5),
    Sample("1.0", lambda: 1.0),
    Sample("nan", lambda: float("nan")),
    Sample("inf", lambda: float("inf")),
    Sample("decimal", lambda: Decimal("1.5")),
    Sample("decimal nan", lambda: Decimal("sNaN")),
    Sample("fraction", lambda: Fraction(1, 3)),
    Sample("complex", lambda: 1j),
    Sample("odd number", lambda: OddNumber(1)),
    Sample("int enum", lambda: Number.ONE),
    Sample("number-like", NumberLike),
    # Texts and what looks like one.
    Sample("text", lambda: "available"),
    Sample("no text", lambda: ""),
    Sample("nul", lambda: "a\x00b"),
    Sample("newline", lambda: "a\nb"),
    Sample("c1 control", lambda: "a\x85b"),
    Sample("lone surrogate", lambda: "\ud800"),
    Sample("surrogate inside", lambda: "ä\udfff\U0001f600"),
    Sample("129 characters", lambda: "x" * 129),
    Sample("1 MiB", _long_text),
    Sample("odd text", lambda: OddText("a1")),
    Sample("hostile text", lambda: HostileText("a1")),
    Sample("bytes", lambda: b"a1"),
    Sample("bytearray", lambda: bytearray(b"a1")),
    # Members of enums.
    Sample("presence", lambda: Presence.AWAY),
    Sample("place", lambda: KeepsPlace.AGE),
    Sample("pending", lambda: PendingOffers.KEEP),
    Sample("mode", lambda: TransferMode.BLIND),
    Sample("unanswered", lambda: OnUnanswered.QUEUE),
    Sample("clock", lambda: ParkClock.RUNS),
    Sample("change", lambda: ChangeOffers.KEEP),
    Sample("assign as", lambda: AssignAs.ACTIVE),
    Sample("ignorable", lambda: Ignorable.CAPACITY),
    # Collections.
    Sample("empty list", list),
    Sample("list of texts", lambda: ["available"]),
    Sample("list of numbers", lambda: [1, None]),
    Sample("long list", lambda: ["a1"] * 10_001),
    Sample("knot", _knot),
    Sample("deep list", _deep),
    Sample("odd list", lambda: OddList(["a1"])),
    Sample("tuple", lambda: ("a1", 1, 2)),
    Sample("empty table", dict),
    Sample("table of numbers", lambda: {1: 2}),
    Sample("table of odd keys", lambda: {OddText("a1"): 1, None: 1, 1.5: 1}),
    Sample("long table", _long_table),
    Sample("knotted table", _knotted_table),
    Sample("odd table", lambda: OddDict(a=1)),
    Sample("set", lambda: {"a1"}),
    Sample("generator", lambda: (text for text in ("a1",))),
    Sample("range", lambda: range(3)),
    # Structs, types and things.
    Sample("event", lambda: OffersExhausted(seq=1, at_us=0, cause=None, contact_id="c", queue_id="q", offers=1)),
    Sample("queue", Queue),
    Sample("subclass of a command", lambda: EnqueueSubclass(contact_id="c", queue_id="q", channel="voice")),
    Sample("command type", lambda: EnqueueContact),
    Sample("function", lambda: _knot),
    Sample("object", object),
    Sample("silent", Silent),
    Sample("loud", Loud),
    Sample("hidden", Hidden),
    Sample("of odd type", OfOddType),
)

NAMES: Final = frozenset(sample.name for sample in SAMPLES)

_ID: Final = frozenset({"text"})
_PRINTABLE: Final = frozenset({"text", "no text", "newline", "c1 control", "129 characters"})
_NONE: Final = frozenset({"none"})
_NATURAL: Final = frozenset({"zero"})
_WHOLE: Final = frozenset({"zero", "minus one"})
_FLAG: Final = frozenset({"true", "false"})

TAKEN: Final[dict[str, frozenset[str]]] = {
    "nothing": frozenset(),
    "id": _ID,
    "id or none": _ID | _NONE,
    "reference": _ID | _NATURAL,
    "reference or none": _ID | _NATURAL | _NONE,
    "text or none": _PRINTABLE | _NONE,
    "natural": _NATURAL,
    "natural or none": _NATURAL | _NONE,
    "whole": _WHOLE,
    "whole or none": _WHOLE | _NONE,
    "flag": _FLAG,
    "flag or none": _FLAG | _NONE,
    "none": _NONE,
    "presence": frozenset({"presence"}),
    "presence or none": frozenset({"presence"}) | _NONE,
    "pending or none": frozenset({"pending"}) | _NONE,
    "place": frozenset({"place"}),
    "place or none": frozenset({"place"}) | _NONE,
    "mode": frozenset({"mode"}),
    "unanswered": frozenset({"unanswered"}),
    "clock": frozenset({"clock"}),
    "clock or none": frozenset({"clock"}) | _NONE,
    "change": frozenset({"change"}),
    "assign as": frozenset({"assign as"}),
    "ignorable": frozenset({"ignorable"}),
    "table or none": frozenset({"empty table"}) | _NONE,
    "empty list or none": frozenset({"empty list"}) | _NONE,
    "texts": _PRINTABLE | {"nul", "empty list", "list of texts"},
    "texts or none": _PRINTABLE | {"nul", "empty list", "list of texts"} | _NONE,
    "list of ids": frozenset({"empty list", "list of texts"}),
    "list of ids or none": frozenset({"empty list", "list of texts"}) | _NONE,
    "table": frozenset({"empty table"}),
    "attribute": _FLAG | _WHOLE | _PRINTABLE | {"nul", "decimal", "empty list", "list of texts"},
    "text in a list": _PRINTABLE | {"nul"},
    "empty list": frozenset({"empty list"}),
    "share": frozenset({"zero", "1.0"}),
    "queue": frozenset({"queue"}),
    "skills": frozenset({"empty table", "long table"}),
    "event": frozenset({"event"}),
    "toml": frozenset({"no text"}),
    "any int": _WHOLE | {"2**63", "-2**63-1", "10**30"},
}
"""Names of the samples that each kind of parameter takes; every other sample is refused with a typed error."""


def refused_by(kind: str) -> list[Sample]:
    """Return the samples that a parameter of some kind must refuse."""
    return [sample for sample in SAMPLES if sample.name not in TAKEN[kind]]


def taken_by(kind: str) -> list[Sample]:
    """Return the samples that a parameter of some kind must take."""
    return [sample for sample in SAMPLES if sample.name in TAKEN[kind]]
