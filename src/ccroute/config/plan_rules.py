"""Rules for the values of plans, limits and hours; see :mod:`ccroute.config.rules` for what a rule is."""

from __future__ import annotations

from typing import Final, final

from ccroute.config.durations import DURATION_EXAMPLES, parse_duration
from ccroute.config.reader import Path, Reader, id_allowed, quoted
from ccroute.config.rules import Rule, Section
from ccroute.config.surroundings import Kind
from ccroute.errors import InvalidArgument
from ccroute.types import DURATION_US_MAX, HOURS_SPANS_MAX, TEXT_LENGTH_MAX, TIME_US_MAX

__all__ = ["AgentIds", "Declared", "Listing", "Name", "Offsets", "OrNone", "OtherQueue", "Park", "Spans", "Texts"]

OFFSET_US_MAX: Final = 24 * 3600 * 1_000_000
"""Offsets from UTC are below a day either way."""


@final
class OrNone:
    """What another rule takes, or None."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def read(self, value: object, path: Path, reader: Reader) -> object:
        return None if value is None else self.rule.read(value, path, reader)


@final
class Listing:
    """A list of sections, as many as ``count_max``."""

    def __init__(self, section: Section, *, count_max: int) -> None:
        self.section, self.count_max = section, count_max

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if type(value) is not list:
            reader.wrong(path, value, "a list of tables" if not reader.exact else f"a list of {self._struct()}")
            return value
        if len(value) > self.count_max:
            reader.fault(path, f"must be at most {self.count_max} entries, were {len(value)}")
            return value
        return [self.section.read(item, (path, index), reader) for index, item in enumerate(value)]

    def _struct(self) -> str:
        return self.section.struct.__name__


@final
class Name:
    """A text of the length of an id; None only where ``optional``."""

    def __init__(self, *, optional: bool = True) -> None:
        self.optional = optional

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if not (value is None and self.optional) and (allowed := id_allowed(value)) is not None:
            reader.wrong(path, value, f"a text of {allowed}")
        return value


@final
class Declared:
    """The name of something that is declared elsewhere, as a value."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if type(value) is str:
            reader.known(path, self.kind, value)
        else:
            reader.wrong(path, value, f"the id of a {self.kind}")
        return value


@final
class Texts:
    """A text, or a list of them, as many as ``count_max``; what they say is read above the engine."""

    def __init__(self, *, count_max: int, optional: bool = False) -> None:
        self.count_max, self.optional = count_max, optional

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if value is None and self.optional:
            return value
        if type(value) is not list:
            self._read_text(value, path, reader, "a text or a list of texts")
        elif len(value) > self.count_max:
            reader.fault(path, f"must be at most {self.count_max} texts, were {len(value)}")
        else:
            for index, text in enumerate(value):
                self._read_text(text, (path, index), reader, "a text")
        return value

    def _read_text(self, value: object, path: Path, reader: Reader, allowed: str) -> None:
        if type(value) is not str or len(value) > TEXT_LENGTH_MAX or not _can_be_written(value):
            reader.wrong(path, value, f"{allowed}, of at most {TEXT_LENGTH_MAX} characters without lone surrogates")


def _can_be_written(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


@final
class Park:
    """True, false, or a duration of at least a microsecond."""

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if type(value) is bool:
            return value
        length = value
        if type(value) is str and not reader.exact:
            try:
                length = parse_duration(value)
            except InvalidArgument:
                length = None
        if type(length) is not int or not 1 <= length <= DURATION_US_MAX:
            texts = "" if reader.exact else f" or {DURATION_EXAMPLES}"
            allowed = f"a duration, 1 to {DURATION_US_MAX} microseconds (90 days), as an integer{texts}"
            reader.wrong(path, value, f"true or false, or {allowed}")
            return value
        return length


@final
class OtherQueue:
    """The id of another queue than the one whose entry this is, or None; it closes no circle of overflows."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        """Steps from this value up to the id of the queue whose entry this is."""

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if value is None:
            return value
        if type(value) is not str:
            reader.wrong(path, value, "the id of a queue")
            return value
        steps, own = _up(path, self.depth)
        if value == own:
            reader.fault(path, f"must be another queue than {quoted(own)} itself")
        elif value not in reader.around.names[Kind.QUEUE]:
            reader.known(path, Kind.QUEUE, value)
        elif value in reader.around.draining:
            reader.fault(path, f"must be a queue that takes new contacts, was {quoted(value)}, which is draining")
        elif (own, steps) in reader.around.looping:
            reader.fault(path, f"must be a queue that closes no circle of overflows, was {quoted(value)}")
        return value


def _up(path: Path, depth: int) -> tuple[int | None, str]:
    """Return the index on the way from a queue's id down to a value, where there is one, and the id."""
    index: int | None = None
    for _ in range(depth):
        assert path is not None
        path, step = path
        index = step if isinstance(step, int) else index
    assert path is not None
    return index, str(path[1])


@final
class AgentIds:
    """A list of agents, each once, as many as ``count_max``; or None."""

    def __init__(self, count_max: int) -> None:
        self.count_max = count_max

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if value is None:
            return value
        if type(value) is not list:
            reader.wrong(path, value, "a list of agents")
            return value
        if len(value) > self.count_max:
            reader.fault(path, f"must be at most {self.count_max} agents, were {len(value)}")
            return value
        for index, agent in enumerate(value):
            if type(agent) is not str:
                reader.wrong((path, index), agent, "the id of an agent")
            elif agent in value[:index]:
                reader.fault((path, index), f"names the agent {quoted(agent)} a second time")
            else:
                reader.known((path, index), Kind.AGENT, agent)
        return value


@final
class Spans:
    """Pairs of moments at which a queue opens and closes, ascending and not touching; or None."""

    _ALLOWED: Final = f"a pair of moments, 0 to {TIME_US_MAX} microseconds"

    def read(self, value: object, path: Path, reader: Reader) -> object:
        if value is None:
            return value
        pairs = _pairs(value, path, reader, self._ALLOWED)
        before = -1
        for index, (opens, closes) in enumerate(pairs):
            if not 0 <= opens <= TIME_US_MAX or not 0 <= closes <= TIME_US_MAX:
                reader.wrong((path, index), [opens, closes], self._ALLOWED)
                continue
            if opens >= closes:
                reader.fault((path, index), f"must close after it opens, was [{opens}, {closes}]")
            elif opens <= before:
                reader.fault((path, index), f"must open after the span before closes ({before}), was {opens}")
            before = closes
        return pairs


@final
class Offsets:
    """Pairs of a moment and the zone's offset from UTC from then on, ascending."""

    _ALLOWED: Final = f"a pair of a moment, 0 to {TIME_US_MAX} microseconds, and an offset below a day in microseconds"

    def read(self, value: object, path: Path, reader: Reader) -> object:
        pairs = _pairs(value, path, reader, self._ALLOWED)
        before = -1
        for index, (begins, offset) in enumerate(pairs):
            if not 0 <= begins <= TIME_US_MAX or not -OFFSET_US_MAX < offset < OFFSET_US_MAX:
                reader.wrong((path, index), [begins, offset], self._ALLOWED)
                continue
            if begins <= before:
                reader.fault((path, index), f"must begin after the one before ({before}), was {begins}")
            before = begins
        return pairs


def _pairs(value: object, path: Path, reader: Reader, allowed: str) -> list[tuple[int, int]]:
    """Return the pairs of integers in a list, none where one is none; in tables a pair is a list."""
    if type(value) is not list:
        reader.wrong(path, value, "a list of pairs")
        return []
    if len(value) > HOURS_SPANS_MAX:
        reader.fault(path, f"must be at most {HOURS_SPANS_MAX} pairs, were {len(value)}")
        return []
    pairs: list[tuple[int, int]] = []
    for index, pair in enumerate(value):
        is_pair = type(pair) is tuple or (type(pair) is list and not reader.exact)
        if not is_pair or len(pair) != 2 or type(pair[0]) is not int or type(pair[1]) is not int:
            reader.wrong((path, index), pair, allowed)
            return []
        pairs.append((pair[0], pair[1]))
    return pairs
