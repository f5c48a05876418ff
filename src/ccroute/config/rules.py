"""Rules for the values of a configuration: each reads one value, and notes a fault where it is not allowed.

A rule returns the value in its final type. Where it noted a fault it may return anything, since the whole is refused.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, Protocol, final

import msgspec

from ccroute.config.attributes import attribute_allowed
from ccroute.config.durations import DURATION_EXAMPLES, parse_duration
from ccroute.config.reader import Path, Reader, id_allowed, quoted
from ccroute.config.selection import SHORT_FORMS, read_select_key
from ccroute.config.surroundings import Kind
from ccroute.errors import InvalidArgument
from ccroute.types import ATTRIBUTES_MAX, DURATION_US_MAX, UNLIMITED, SelectKey

__all__ = [
    "ATTRIBUTES",
    "AttributeValues",
    "Boolean",
    "Choice",
    "Digits",
    "Duration",
    "Expression",
    "Id",
    "Integer",
    "Interrupts",
    "Known",
    "OrderList",
    "RankOr",
    "Rule",
    "Section",
    "Select",
    "Share",
    "Table",
]


class Rule(Protocol):
    """What every rule can do."""

    def read(self, value: object, path: Path, reader: Reader) -> object:
        """Return ``value`` in its final type; note a fault at ``path`` where it is not allowed."""


@final
class Integer:
    """A whole number from ``low`` to ``high``; None only where ``optional``."""

    def __init__(self, low: int, high: int, *, optional: bool = False) -> None:
        self.low, self.high, self.optional = low, high, optional

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if not (type(value) is int and self.low <= value <= self.high) and not (value is None and self.optional):
            reader.wrong(path, value, f"an integer, {self.low} to {self.high}")
        return value


@final
class Boolean:
    """True or false; None only where ``optional``."""

    def __init__(self, *, optional: bool = False) -> None:
        self.optional = optional

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if type(value) is not bool and not (value is None and self.optional):
            reader.wrong(path, value, "true or false")
        return value


@final
class Share:
    """A number from 0 to 1, which decides nothing and so may be a float."""

    def read(self, value: object, path: Path, reader: Reader) -> object:
        number: object = value
        if type(value) is Decimal and not reader.exact:
            number = float(value) if value.is_finite() else None
        if not ((type(number) is int or type(number) is float) and 0 <= number <= 1):  # NaN fails
            reader.wrong(path, value, "a number, 0 to 1")
            return value
        return float(number)


@final
class Choice:
    """One of a closed set, which is an enum in Python and text in a table; None only where ``optional``."""

    def __init__(
        self, choices: Iterable[str], enumeration: type[enum.StrEnum] | None = None, *, optional: bool = False
    ) -> None:
        self.choices = {str(choice): enumeration(choice) if enumeration else choice for choice in choices}
        self.enumeration = enumeration
        self.optional = optional

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if value is None and self.optional:
            return value
        if self.enumeration is not None and type(value) is self.enumeration:
            return value
        if type(value) is str and value in self.choices and (self.enumeration is None or not reader.exact):
            return self.choices[value]
        allowed = " or ".join(quoted(choice) for choice in self.choices)
        if self.enumeration is not None and reader.exact:
            allowed = f"a {self.enumeration.__name__} ({allowed})"
        reader.wrong(path, value, allowed)
        return value


@final
class Duration:
    """Microseconds from ``low`` to ``high``; in tables also text. None and "unlimited" only where said."""

    def __init__(self, low: int, high: int, *, optional: bool = False, unlimited: bool = False) -> None:
        self.low, self.high, self.optional, self.unlimited = low, high, optional, unlimited

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if (value is None and self.optional) or (self.unlimited and type(value) is str and value == UNLIMITED):
            return value
        length = value
        if type(value) is str and not reader.exact:
            try:
                length = parse_duration(value)
            except InvalidArgument:
                length = None
        if type(length) is not int or not self.low <= length <= self.high:
            reader.wrong(path, value, self._allowed(exact=reader.exact))
            return value
        return length

    def _allowed(self, *, exact: bool) -> str:
        texts = "" if exact else f" or {DURATION_EXAMPLES}"
        unlimited = f', or "{UNLIMITED}"' if self.unlimited else ""
        most = " (90 days)" if self.high == DURATION_US_MAX else ""
        return f"a duration, {self.low} to {self.high} microseconds{most}, as an integer{texts}{unlimited}"


@final
class Expression:
    """Text of a requirement, a condition or a score, or None; the skills and queues that it names must exist."""

    def __init__(self, argument: str) -> None:
        self.argument = argument

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if type(value) is str:
            reader.expression(path, value, self.argument)
        elif value is not None:
            reader.wrong(path, value, "an expression as text")
        return value


@final
class Select:
    """A short form, or a list of keys, each at most once."""

    _SHORT: Final = "one of " + ", ".join(SHORT_FORMS)
    _KEY: Final = "one of " + ", ".join(SelectKey) + ', each with or without " asc" or " desc" behind it'

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if type(value) is list:
            self._read_keys(value, path, reader)
        elif type(value) is not str or value not in SHORT_FORMS:
            proposal = reader.proposal(value, "select", SHORT_FORMS) if type(value) is str else ""
            reader.wrong(path, value, f"{self._SHORT}, or a list of keys", proposal)
        return value

    def _read_keys(self, texts: list[object], path: Path, reader: Reader) -> None:
        if not 1 <= len(texts) <= len(SelectKey):
            reader.fault(path, f"must be a list of 1 to {len(SelectKey)} keys, was one of {len(texts)}")
            return
        seen: dict[SelectKey, None] = {}
        for index, text in enumerate(texts):
            key = read_select_key(text) if type(text) is str else None
            if key is None:
                proposal = reader.proposal(text, "select key", tuple(SelectKey)) if type(text) is str else ""
                reader.wrong((path, index), text, self._KEY, proposal)
            elif key[0] in seen:
                reader.fault((path, index), f"names the key {key[0]} a second time")
            else:
                seen[key[0]] = None


@final
class OrderList:
    """A list of agents, each once."""

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if type(value) is not list:
            reader.wrong(path, value, "a list of agents")
            return value
        seen: dict[str, None] = {}
        for index, agent in enumerate(value):
            if type(agent) is not str:
                reader.wrong((path, index), agent, "the id of an agent")
                continue
            if agent in seen:
                reader.fault((path, index), f"names the agent {quoted(agent)} a second time")
            seen[agent] = None
            reader.known((path, index), Kind.AGENT, agent)
        return value


@final
class Interrupts:
    """A list of suspendable channels, each once, none of which comes back to the channel whose entry this is."""

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if type(value) is not list:
            reader.wrong(path, value, "a list of channels")
            return value
        seen: dict[str, None] = {}
        for index, other in enumerate(value):
            if type(other) is not str:
                reader.wrong((path, index), other, "the id of a channel")
                continue
            if other in seen:
                reader.fault((path, index), f"names the channel {quoted(other)} a second time")
            else:
                self._read_channel(other, path, index, reader)
            seen[other] = None
        return value

    def _read_channel(self, other: str, path: Path, index: int, reader: Reader) -> None:
        assert path is not None
        assert path[0] is not None
        own = path[0][1]  # the step before "interrupts"
        if other not in reader.around.suspendable:
            reader.known((path, index), Kind.CHANNEL, other)
        elif not reader.around.suspendable[other]:
            reader.fault((path, index), f"must be a suspendable channel, was {quoted(other)}")
        elif (own, index) in reader.around.closing:
            comes_back = f"a channel that does not itself, or by others, interrupt {quoted(str(own))}"
            reader.fault((path, index), f"must be {comes_back}, was {quoted(other)}")


@final
class Id:
    """An id, as a key."""

    def read(self, value: str, path: Path, reader: Reader) -> None:
        if (allowed := id_allowed(value)) is not None:
            reader.fault(path, f"an id must be {allowed}, was {quoted(value)}")


@final
class Known:
    """A name that is declared elsewhere, as a key."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def read(self, value: str, path: Path, reader: Reader) -> None:
        reader.known(path, self.kind, value)


@final
class Digits:
    """A whole number in digits, as a key."""

    _PATTERN: Final = re.compile(r"[0-9]{1,18}")

    def read(self, value: str, path: Path, reader: Reader) -> None:
        if self._PATTERN.fullmatch(value) is None:
            reader.fault(path, f"a priority must be 1 to 18 digits, was {quoted(value)}")


@final
class Table:
    """Values of one kind by name, kept in order."""

    def __init__(self, keys: Id | Known | Digits, values: Rule, *, count_max: int | None = None) -> None:
        self.keys, self.values, self.count_max = keys, values, count_max

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if type(value) is not dict:
            reader.wrong(path, value, "a table")
            return value
        if self.count_max is not None and len(value) > self.count_max:
            reader.fault(path, f"must be at most {self.count_max} entries, were {len(value)}")
        read: dict[str, object] = {}
        for key, item in value.items():
            if type(key) is not str:
                reader.wrong(path, key, "a table with texts as keys")
                continue
            at = (path, key)
            self.keys.read(key, at, reader)
            read[key] = self.values.read(item, at, reader)
        return read


@final
class AttributeValues:
    """One value of an attribute."""

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if (allowed := attribute_allowed(value)) is not None:
            reader.wrong(path, value, allowed)
        return value


@final
class Section:
    """A table with stated keys, which becomes a struct. Its other checks, which see several keys, come last."""

    def __init__(
        self,
        struct: type[msgspec.Struct],
        fields: Mapping[str, Rule],
        also: Callable[[Mapping[str, Any], Path, Reader], None] | None = None,
    ) -> None:
        self.struct, self.fields, self.also = struct, fields, also
        self.make: Callable[..., object] = struct
        # In tables the unit may be left out of a key, and the line behind a word that Python keeps for itself.
        self.keys = {key: name for name in fields for key in (_short(name), name)}

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if reader.exact:
            return self._read_struct(value, path, reader)
        if type(value) is not dict:
            reader.wrong(path, value, "a table")
            return value
        read: dict[str, object] = {}
        for key, item in value.items():
            name = self.keys.get(key) if type(key) is str else None
            if name is None:
                self._unknown(key, path, reader)
            elif name in read:
                reader.fault((path, key), f"says again what {_short(name)} or {name} said above")
            else:
                read[name] = self.fields[name].read(item, (path, key), reader)
        if self.also is not None:
            self.also(read, path, reader)
        return self.make(**read) if not reader.faults else None

    def _read_struct(self, value: object, path: Path, reader: Reader) -> object:
        if type(value) is not self.struct:
            reader.wrong(path, value, f"a {self.struct.__name__}")
            return value
        read = {name: getattr(value, name) for name in self.fields}
        for name, item in read.items():
            self.fields[name].read(item, (path, name), reader)
        if self.also is not None:
            self.also(read, path, reader)
        return value

    def _unknown(self, key: object, path: Path, reader: Reader) -> None:
        if type(key) is not str:
            reader.wrong(path, key, "a table with texts as keys")
            return
        proposal = reader.proposal(key, self.struct.__name__, self.keys)
        reader.fault((path, key), f"no such key{proposal or '; allowed are ' + ', '.join(self.fields)}")


def _short(name: str) -> str:
    return name.removesuffix("_us").removesuffix("_")


@final
class RankOr:
    """A bare rank, or a section that holds one."""

    def __init__(self, rank: Integer, section: Section) -> None:
        self.rank, self.section = rank, section

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if type(value) is dict or type(value) is self.section.struct:
            return self.section.read(value, path, reader)
        return self.rank.read(value, path, reader)


ATTRIBUTES: Final = Table(Id(), AttributeValues(), count_max=ATTRIBUTES_MAX)
"""Attributes of an agent or a queue."""
