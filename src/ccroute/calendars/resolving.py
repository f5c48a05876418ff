"""Opening hours become moments: what a configuration says of zones and days, as the engine can follow it.

The engine knows no calendar. What is resolved here travels to it in the configuration, a stated number of days ahead,
and the host resolves anew before that time is over.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

import msgspec

from ccroute.calendars.days import NationalCalendar, Timetable, read_holidays, timetable_of
from ccroute.calendars.hours import DAY_MINUTES, YEAR_MAX, YEAR_MIN, HoursLine, parse_hours
from ccroute.calendars.zones import DAY_US, MINUTE_US, Segments, find_zone, segments_of, zone_allowed
from ccroute.config import Config, Hours, Queue
from ccroute.config.reader import Path, rendered
from ccroute.errors import (
    ConfigError,
    ConfigFault,
    ExtraMissing,
    HoursError,
    OutOfRange,
    UnknownName,
    WrongType,
    shown,
)
from ccroute.types import HOURS_SPANS_MAX, TIME_US_MAX

__all__ = ["HOURS_DAYS", "HOURS_DAYS_MAX", "faults", "resolve", "resolve_queue", "resolve_rest"]

HOURS_DAYS: Final = 366
"""Days that are resolved where the caller does not say."""
HOURS_DAYS_MAX: Final = 3_660
"""Most days that can be resolved at once."""
HOURS_FROM_US_MAX: Final = (datetime.date(YEAR_MAX + 1, 1, 1) - datetime.date(1970, 1, 1)).days * DAY_US - 1
"""Latest moment that can be resolved: the end of the year 2100."""

_BEFORE_DAYS: Final = 2
"""Days looked at before the first moment: one for spans over midnight, one for zones far from UTC."""
_BEYOND_DAYS: Final = 9
"""Days looked at behind the last moment, for the end of what is open then; longer than any week with a gap in it."""
_NO_YEARS: Final = range(0)
_EPOCH: Final = datetime.date(1970, 1, 1)

Read = TypeVar("Read")


class _Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The hours of one queue, read."""

    zone: str
    lines: list[HoursLine]
    holidays: list[HoursLine | NationalCalendar]


def resolve(config: Config, from_us: int, days: int = HOURS_DAYS) -> Config:
    """Return a configuration in which the hours of every queue are moments: spans, offsets, and how far they reach.

    Spans are those open at ``from_us`` or later that begin before ``from_us`` + ``days`` · 24 h, which is
    ``resolved_until_us``. What is open then keeps its own end, up to 9 days later; what never closes ends with time
    itself, at 2⁵³−1. Queues without hours stay as they are, and so do hours that have spans and no ``open``.
    O(queues with hours · days).

    :param config: one that ``check`` finds without faults.
    :param from_us: the host's present, microseconds since the Unix epoch, to the end of the year 2100.
    :param days: 1 to 3 660.
    :raises WrongType: an argument has another type than stated.
    :raises OutOfRange: ``from_us`` or ``days`` is outside its range, or the time resolved ends after the year 2100.
    :raises ConfigError: hours, holidays or a zone cannot be read, or a queue would have more than 2 048 spans.
    :raises ExtraMissing: holidays name a country, and the extra ``calendars`` is not installed.
    """
    if type(config) is not Config:
        raise WrongType("config", config, "a Config")
    _check_range(from_us, days)
    found: list[ConfigFault] = []
    queues = {
        queue_id: _resolved(queue, ((None, "queues"), queue_id), from_us, days, found)
        for queue_id, queue in config.queues.items()
    }
    if found:
        raise ConfigError(found)
    return msgspec.structs.replace(config, queues=queues)


def resolve_rest(config: Config, from_us: int) -> Config:
    """Return a configuration in which hours that are not resolved yet are, as by ``resolve``; others stay as they are.

    A moment from which 366 days would end after the year 2100 counts as the last one from which they do not.

    :raises ConfigError: as ``resolve``.
    :raises ExtraMissing: as ``resolve``.
    """
    rest = {
        queue_id: queue
        for queue_id, queue in config.queues.items()
        if queue.hours is not None and queue.hours.spans is None
    }
    if not rest:
        return config
    begin_us = min(from_us, HOURS_FROM_US_MAX - HOURS_DAYS * DAY_US)
    resolved = resolve(msgspec.structs.replace(config, queues=rest), begin_us).queues
    return msgspec.structs.replace(config, queues=config.queues | resolved)


def resolve_queue(config: Config, queue_id: str, from_us: int, days: int = HOURS_DAYS) -> Queue:
    """Return one queue of a configuration, resolved as ``resolve`` does it: what ``PutQueue`` takes.

    :raises WrongType: as ``resolve``; or ``queue_id`` is no ``str``.
    :raises UnknownName: the configuration has no such queue.
    :raises OutOfRange: as ``resolve``.
    :raises ConfigError: as ``resolve``.
    :raises ExtraMissing: as ``resolve``.
    """
    if type(config) is not Config:
        raise WrongType("config", config, "a Config")
    if type(queue_id) is not str:
        raise WrongType("queue_id", queue_id, "a str, the id of a queue")
    if queue_id not in config.queues:
        raise UnknownName("queue_id", queue_id, "the id of a queue of the configuration")
    _check_range(from_us, days)
    found: list[ConfigFault] = []
    queue = _resolved(config.queues[queue_id], ((None, "queues"), queue_id), from_us, days, found)
    if found:
        raise ConfigError(found)
    return queue


def faults(config: Config) -> list[ConfigFault]:
    """Return every fault of the hours, holidays and zones of a configuration, in its order.

    What ``resolve`` would raise is told here as a fault at its place, also where the extra is not installed; but for
    what hangs on the time that is resolved: whether holidays are known for its years, and how many spans there are.

    :raises WrongType: ``config`` is no :class:`Config`.
    """
    if type(config) is not Config:
        raise WrongType("config", config, "a Config")
    found: list[ConfigFault] = []
    for queue_id, queue in config.queues.items():
        if queue.hours is not None:
            _read(queue.hours, (((None, "queues"), queue_id), "hours"), _NO_YEARS, found, is_strict=False)
    return found


# ---- reading ---------------------------------------------------------------------------------------------------


def _read(hours: Hours, path: Path, years: range, found: list[ConfigFault], *, is_strict: bool) -> _Reading | None:
    """Read the hours of a queue; note what is wrong. Where ``is_strict``, a missing extra raises instead."""
    before = len(found)
    if (allowed := zone_allowed(hours.zone)) is not None:
        found.append(ConfigFault(rendered((path, "zone")), f"must be {allowed}, was {shown(hours.zone)}"))
    lines = [
        line
        for place, text in _entries(hours.open, (path, "open"))
        if (line := _noted(parse_hours, text, place, found)) is not None
    ]
    if not hours.open and hours.spans is None:
        message = 'must name at least one time, such as "mon-fri 09:00-18:00"'
        found.append(ConfigFault(rendered((path, "open")), message))
    holidays: list[HoursLine | NationalCalendar] = []
    for place, text in _entries(hours.holidays, (path, "holidays")):
        try:
            calendar = _noted(lambda entry, argument: read_holidays(entry, argument, years), text, place, found)
        except ExtraMissing as error:
            if is_strict:
                raise
            found.append(ConfigFault(rendered(place), str(error)))
            continue
        if calendar is not None:
            holidays.append(calendar)
    return _Reading(zone=hours.zone, lines=lines, holidays=holidays) if len(found) == before else None


def _entries(texts: str | list[str] | None, path: Path) -> list[tuple[Path, str]]:
    if texts is None:
        return []
    return [(path, texts)] if type(texts) is str else [((path, index), text) for index, text in enumerate(texts)]


def _noted(read: Callable[[str, str], Read], text: str, path: Path, found: list[ConfigFault]) -> Read | None:
    try:
        return read(text, rendered(path))
    except HoursError as error:
        found.append(ConfigFault(rendered(path), error.without_argument))
        return None


# ---- resolving -------------------------------------------------------------------------------------------------


def _check_range(from_us: int, days: int) -> None:
    for argument, value, low, high in (("from_us", from_us, 0, HOURS_FROM_US_MAX), ("days", days, 1, HOURS_DAYS_MAX)):
        if type(value) is not int:
            raise WrongType(argument, value, f"an integer from {low} to {high}")
        if not low <= value <= high:
            raise OutOfRange(argument, value, f"an integer from {low} to {high}")
    if from_us + days * DAY_US > HOURS_FROM_US_MAX + 1:
        raise OutOfRange("days", days, f"so many that they end with the year {YEAR_MAX}")


def _resolved(queue: Queue, path: Path, from_us: int, days: int, found: list[ConfigFault]) -> Queue:
    """Return a queue with its hours as moments; note what is wrong."""
    hours = queue.hours
    if hours is None or (not hours.open and hours.spans is not None):
        return queue
    until_us = from_us + days * DAY_US
    years = range(max(YEAR_MIN, _date_at(from_us, -1).year), min(YEAR_MAX, _date_at(until_us, _BEYOND_DAYS).year) + 1)
    reading = _read(hours, (path, "hours"), years, found, is_strict=True)
    if reading is None:
        return queue
    zone = find_zone(reading.zone)
    assert zone is not None  # it was read
    begins_us = max(0, from_us - _BEFORE_DAYS * DAY_US)
    segments = segments_of(zone, from_us - (_BEFORE_DAYS + 2) * DAY_US, until_us + (_BEYOND_DAYS + 3) * DAY_US)
    first, last = _date_at(from_us, -_BEFORE_DAYS), _date_at(until_us, _BEYOND_DAYS)
    timetable = timetable_of(reading.lines, reading.holidays, first, last)
    spans = [
        (max(opens_us, begins_us), closes_us)
        for opens_us, closes_us in _joined(_moments(timetable, segments, first, last))
        if closes_us > from_us and opens_us < until_us
    ]
    if spans and spans[-1][1] >= segments.end_at(_local(last, DAY_MINUTES)):
        spans[-1] = (spans[-1][0], TIME_US_MAX)
    if len(spans) > HOURS_SPANS_MAX:
        message = f"must give at most {HOURS_SPANS_MAX} openings in {days} days, gave {len(spans)}; resolve fewer days"
        found.append(ConfigFault(rendered(((path, "hours"), "open")), message))
        return queue
    resolved = msgspec.structs.replace(
        hours, spans=spans, offsets=_offsets(segments, begins_us), resolved_until_us=until_us
    )
    return msgspec.structs.replace(queue, hours=resolved)


def _date_at(at_us: int, days: int) -> datetime.date:
    return _EPOCH + datetime.timedelta(days=at_us // DAY_US + days)


def _local(date: datetime.date, minutes: int) -> int:
    return (date - _EPOCH).days * DAY_US + minutes * MINUTE_US


def _moments(
    timetable: Timetable, segments: Segments, first: datetime.date, last: datetime.date
) -> Iterator[tuple[int, int]]:
    """Yield when it opens and closes by each span that begins on the dates, in order of the dates."""
    for step in range((last - first).days + 1):
        date = first + datetime.timedelta(days=step)
        for begins, ends in timetable.spans_of(date):
            yield segments.begin_at(_local(date, begins)), segments.end_at(_local(date, ends))


def _joined(moments: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, joined where they overlap or touch; what a gap of the clock swallows is left out."""
    joined: list[tuple[int, int]] = []
    for opens_us, closes_us in sorted(moments):
        if joined and opens_us <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes_us))
        elif opens_us < closes_us:
            joined.append((opens_us, closes_us))
    return joined


def _offsets(segments: Segments, begins_us: int) -> list[tuple[int, int]]:
    """Return the offsets from ``begins_us`` on, the first from there."""
    pairs = zip(segments.begins_us, segments.offsets_us, strict=True)
    kept: list[tuple[int, int]] = []
    for at_us, offset_us in pairs:
        if at_us <= begins_us:
            kept = [(begins_us, offset_us)]
        else:
            kept.append((at_us, offset_us))
    return kept
