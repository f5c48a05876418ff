"""Opening hours as people write them: one line of text, read into days and spans of the clock.

A line says when: days, then times. Blanks and commas separate.

- days: ``mon`` … ``sun``, ranges of them (``mon-fri``, ``fri-mon``), ``daily``, ``holidays``, dates (``2026-12-31``)
  and ranges of dates (``2026-12-24..2026-12-26``); a line without days holds daily;
- times: spans (``09:00-13:00 14:00-18:00``), whose end may be ``24:00`` or lie on the next day (``22:00-06:00``);
  after dates also ``closed``, ``open`` (a working day) and ``as mon`` (the hours of that weekday).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Final

import msgspec

from ccroute.errors import HoursError, WrongType

__all__ = ["DAY_MINUTES", "HOURS_LENGTH_MAX", "YEAR_MAX", "YEAR_MIN", "HoursLine", "parse_days", "parse_hours"]

HOURS_LENGTH_MAX: Final = 256
"""Characters in a line of opening hours, and in an entry of holidays."""
YEAR_MIN: Final = 1970
YEAR_MAX: Final = 2100
"""Years that can be named and resolved."""

DAY_MINUTES: Final = 24 * 60
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_WORD: Final = re.compile(r"[^\s,]+")
_SPAN: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_DAYS_ALLOWED: Final = (
    'days such as "mon", "mon-fri", "daily", "holidays", "2026-12-31" or "2026-12-24..2026-12-26", '
    'then times such as "09:00-18:00"'
)
_SPAN_ALLOWED: Final = 'a span such as "09:00-18:00", "22:00-06:00" or "18:00-24:00"'
_DATE_ALLOWED: Final = f"a date from {YEAR_MIN}-01-01 to {YEAR_MAX}-12-31, written as 2026-12-31"


class HoursLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one line of opening hours says."""

    weekdays: tuple[int, ...] = ()
    """Weekdays it holds for, 0 is Monday, ascending."""
    dates: tuple[tuple[datetime.date, datetime.date], ...] = ()
    """Dates it holds for: first and last of each range, as written."""
    on_holidays: bool = False
    """Whether it holds for holidays."""
    spans: tuple[tuple[int, int], ...] = ()
    """Minutes since the day's midnight at which it opens, 0 to 1 439, and closes, up to 2 878; none where it is closed,
    or follows a weekday."""
    is_working_day: bool = False
    """Open as on a working day, whatever holiday it may be."""
    as_weekday: int | None = None
    """Open as on this weekday; None: not said."""


def parse_hours(text: str, argument: str = "text") -> HoursLine:
    """Return what a line of opening hours says.

    :param text: at most 256 characters, upper or lower case.
    :param argument: what errors call it.
    :raises WrongType: ``text`` is no ``str``.
    :raises HoursError: it is no line of opening hours; ``column`` says where.
    """
    line = _Line(text, argument)
    weekdays, dates, on_holidays = _days(line)
    is_dates_only = bool(dates) and not weekdays and not on_holidays
    if not (weekdays or dates or on_holidays):
        weekdays = dict.fromkeys(range(7))
    word = line.word
    if word in ("closed", "open", "as"):
        if not is_dates_only:
            raise line.wrong(f'{_SPAN_ALLOWED}; "{word}" is for dates only')
        line.step()
        as_weekday = _weekday_after_as(line) if word == "as" else None
        line.expect_end()
        return HoursLine(dates=tuple(dates), is_working_day=word == "open", as_weekday=as_weekday)
    spans = _spans(line)
    return HoursLine(weekdays=tuple(sorted(weekdays)), dates=tuple(dates), on_holidays=on_holidays, spans=spans)


def parse_days(text: str, argument: str = "text") -> HoursLine:
    """Return what an entry of holidays says: dates, or dates and ``open`` or ``as`` and a weekday.

    :raises WrongType: ``text`` is no ``str``.
    :raises HoursError: it is no such entry.
    """
    line = _Line(text, argument)
    dates: list[tuple[datetime.date, datetime.date]] = []
    while line.word and (line.word[0].isdigit() or not dates) and not _is_times(line.word):
        if not line.word[0].isdigit():
            raise line.wrong(f'{_DATE_ALLOWED}, or a country such as "RU" or "US-CA"')
        dates.append(_dates(line, line.word))
        line.step()
    if not dates:
        raise line.wrong(f'{_DATE_ALLOWED}, or a country such as "RU" or "US-CA"')
    if not line.word:
        return HoursLine(dates=tuple(dates), on_holidays=True)
    word = line.word
    if word not in ("open", "as"):
        raise line.wrong('"open" or "as mon" behind the dates, or nothing')
    line.step()
    as_weekday = _weekday_after_as(line) if word == "as" else None
    line.expect_end()
    return HoursLine(dates=tuple(dates), is_working_day=word == "open", as_weekday=as_weekday)


class _Line:
    """The words of a line, the present one in ``word``, which is empty at the end."""

    def __init__(self, text: str, argument: str) -> None:
        if type(text) is not str:
            raise WrongType(argument, text, f"text: {_DAYS_ALLOWED}")
        self.text = text
        self.argument = argument
        if len(text) > HOURS_LENGTH_MAX:
            raise HoursError(argument, text, f"at most {HOURS_LENGTH_MAX} characters long", HOURS_LENGTH_MAX + 1)
        self._words = [(found[0].lower(), found.start() + 1) for found in _WORD.finditer(text)]
        self._next = 0
        self.word = ""
        self.column = 1
        self.step()

    def step(self) -> None:
        """Go on to the next word."""
        if self._next < len(self._words):
            self.word, self.column = self._words[self._next]
            self._next += 1
        else:
            self.word, self.column = "", len(self.text) + 1

    def wrong(self, allowed: str) -> HoursError:
        """Return the error that says what is allowed in place of the present word."""
        return HoursError(self.argument, self.text, allowed, self.column)

    def expect_end(self) -> None:
        """Raise unless the line ends here."""
        if self.word:
            raise self.wrong("the end of the line")


def _days(line: _Line) -> tuple[dict[int, None], list[tuple[datetime.date, datetime.date]], bool]:
    """Read the words that name days."""
    weekdays: dict[int, None] = {}
    dates: list[tuple[datetime.date, datetime.date]] = []
    on_holidays = False
    while line.word and not _is_times(line.word):
        word = line.word
        if word == "daily":
            weekdays.update(dict.fromkeys(range(7)))
        elif word == "holidays":
            on_holidays = True
        elif word[0].isdigit():
            dates.append(_dates(line, word))
        else:
            weekdays.update(dict.fromkeys(_weekdays(line, word)))
        line.step()
    return weekdays, dates, on_holidays


def _is_times(word: str) -> bool:
    return ":" in word or word in ("closed", "open", "as")


def _weekdays(line: _Line, word: str) -> list[int]:
    first, dash, last = word.partition("-")
    if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
        raise line.wrong(_DAYS_ALLOWED)
    begin = WEEKDAYS.index(first)
    count = (WEEKDAYS.index(last) - begin) % 7 if dash else 0
    return [(begin + step) % 7 for step in range(count + 1)]


def _dates(line: _Line, word: str) -> tuple[datetime.date, datetime.date]:
    first, dots, last = word.partition("..")
    begin = _date(line, first)
    end = _date(line, last) if dots else begin
    if end < begin:
        raise line.wrong(f"a range of dates that does not end before {begin}")
    return begin, end


def _date(line: _Line, word: str) -> datetime.date:
    if _DATE.fullmatch(word) is None:
        raise line.wrong(_DATE_ALLOWED)
    try:
        date = datetime.date.fromisoformat(word)
    except ValueError as error:
        raise line.wrong(f"{_DATE_ALLOWED}; {error}") from error
    if not YEAR_MIN <= date.year <= YEAR_MAX:
        raise line.wrong(_DATE_ALLOWED)
    return date


def _weekday_after_as(line: _Line) -> int:
    if line.word not in WEEKDAYS:
        raise line.wrong('a weekday behind "as": ' + ", ".join(WEEKDAYS))
    weekday = WEEKDAYS.index(line.word)
    line.step()
    return weekday


def _spans(line: _Line) -> tuple[tuple[int, int], ...]:
    spans = []
    while line.word:
        match = _SPAN.fullmatch(line.word)
        if match is None:
            raise line.wrong(_SPAN_ALLOWED)
        begins = _minutes(line, match[1], match[2], lambda hours, minutes: hours <= 23 and minutes <= 59)
        ends = _minutes(line, match[3], match[4], _may_end)
        if begins == ends:
            raise line.wrong('a span that does not end when it begins; the whole day is "00:00-24:00"')
        spans.append((begins, ends if ends > begins else ends + DAY_MINUTES))
        line.step()
    if not spans:
        raise line.wrong(f"{_SPAN_ALLOWED} behind the days")
    return tuple(spans)


def _may_end(hours: int, minutes: int) -> bool:
    return minutes <= 59 and (hours <= 23 or (hours == 24 and minutes == 0))


def _minutes(line: _Line, hours: str, minutes: str, is_allowed: Callable[[int, int], bool]) -> int:
    if not is_allowed(int(hours), int(minutes)):
        raise line.wrong(f"{_SPAN_ALLOWED}; times go from 00:00 to 23:59, an end up to 24:00")
    return int(hours) * 60 + int(minutes)
