"""What kind of day each date is: named on a line of its own, a holiday, or a day of the week.

National calendars come from the package ``holidays``, which knows observed days and moved working days, too.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from ccroute.calendars.hours import HoursLine, parse_days
from ccroute.errors import ExtraMissing, HoursError

__all__ = ["NationalCalendar", "Timetable", "read_holidays", "timetable_of"]

_NATIONAL: Final = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,6})?")
_DAY: Final = datetime.timedelta(days=1)
_CALENDARS_MAX: Final = 64
"""National calendars that are kept for the next call."""

HOLIDAY: Final = HoursLine(on_holidays=True)
"""Says of a date that it is a holiday."""
WORKING_DAY: Final = HoursLine(is_working_day=True)
"""Says of a date that it is a working day."""


class NationalCalendar(msgspec.Struct, frozen=True, kw_only=True):
    """Holidays of a country, or of a part of it, in some years."""

    holidays: tuple[datetime.date, ...]
    """Days off, ascending, observed ones included."""
    working_days: tuple[datetime.date, ...]
    """Days of a weekend on which people work, ascending."""


class Timetable(msgspec.Struct, frozen=True, kw_only=True):
    """Opening hours put together from lines."""

    weekly: tuple[tuple[tuple[int, int], ...], ...]
    """Spans per weekday, Monday first: those of all lines that name it."""
    on_holidays: tuple[tuple[int, int], ...]
    """Spans on holidays."""
    days: dict[datetime.date, HoursLine]
    """What is said of single dates; of several lines the last one counts."""

    def spans_of(self, date: datetime.date) -> tuple[tuple[int, int], ...]:
        """Return the spans that begin on a date, minutes since its midnight; they may overlap."""
        line = self.days.get(date)
        if line is None:
            return self.weekly[date.weekday()]
        if line.as_weekday is not None:
            return self.weekly[line.as_weekday]
        if line.is_working_day:
            return self._working(date.weekday())
        return self.on_holidays if line.on_holidays and not line.spans else line.spans

    def _working(self, weekday: int) -> tuple[tuple[int, int], ...]:
        """Return the spans of a weekday, or of the nearest one before it that has any."""
        candidates = (self.weekly[(weekday - back) % 7] for back in range(7))
        return next((spans for spans in candidates if spans), ())


def timetable_of(
    lines: Iterable[HoursLine],
    holidays: Iterable[HoursLine | NationalCalendar],
    first: datetime.date,
    last: datetime.date,
) -> Timetable:
    """Return the hours that lines and holidays amount to, dates from ``first`` to ``last`` only."""
    lines = list(lines)
    weekly: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for line in lines:
        for weekday in line.weekdays:
            weekly[weekday] += line.spans
    days: dict[datetime.date, HoursLine] = {}
    for calendar in holidays:
        if isinstance(calendar, NationalCalendar):
            days.update(dict.fromkeys(calendar.holidays, HOLIDAY))
            days.update(dict.fromkeys(calendar.working_days, WORKING_DAY))
        else:
            days.update(dict.fromkeys(_within(calendar, first, last), calendar))
    for line in lines:
        days.update(dict.fromkeys(_within(line, first, last), line))
    on_holidays = [span for line in lines if line.on_holidays for span in line.spans]
    return Timetable(
        weekly=tuple(tuple(spans) for spans in weekly),
        on_holidays=tuple(on_holidays),
        days={date: line for date, line in days.items() if first <= date <= last},
    )


def _within(line: HoursLine, first: datetime.date, last: datetime.date) -> Iterator[datetime.date]:
    for begin, end in line.dates:
        date = max(begin, first)
        while date <= min(end, last):
            yield date
            date += _DAY


def read_holidays(entry: str, argument: str, years: range) -> HoursLine | NationalCalendar:
    """Return what an entry of holidays says.

    :raises WrongType: it is no text.
    :raises HoursError: it is neither dates nor a country whose holidays are known in these years.
    :raises ExtraMissing: it names a country, and the package ``holidays`` is not installed.
    """
    if type(entry) is str and _NATIONAL.fullmatch(entry) is not None:
        return _known_calendar(entry, argument, years)
    return parse_days(entry, argument)


def _known_calendar(code: str, argument: str, years: range) -> NationalCalendar:
    try:
        return _national(code, years.start, years.stop)
    except ImportError as error:
        raise ExtraMissing("calendars", f"the holidays of {code}") from error
    except NotImplementedError as error:
        allowed = 'a country such as "RU", or a part of one such as "US-CA", that the package holidays knows'
        raise HoursError(argument, code, allowed, 1) from error
    except LookupError as error:
        allowed = f"a country whose holidays are known from {years.start} to {years.stop - 1}; {error.args[0]}"
        raise HoursError(argument, code, allowed, 1) from error


@functools.lru_cache(maxsize=_CALENDARS_MAX)
def _national(code: str, first: int, end: int) -> NationalCalendar:
    import holidays

    country, _, part = code.partition("-")
    found = holidays.country_holidays(country, subdiv=part or None, years=range(first, end), expand=False)
    if first < end and not found.start_year <= first <= end - 1 <= found.end_year:
        raise LookupError(f"those of {code} from {found.start_year} to {found.end_year}")
    return NationalCalendar(holidays=tuple(sorted(found)), working_days=tuple(sorted(found.weekend_workdays)))
