"""Opening hours on the days on which a clock jumps, against a clock that is read minute by minute."""

from __future__ import annotations

import datetime
import itertools
import zoneinfo
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccroute.calendars import resolve
from ccroute.config import Config, Hours, Queue
from ccroute.types import TIME_US_MAX

MINUTE_US = 60_000_000
DAY_US = 1440 * MINUTE_US
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def us(moment: datetime.datetime) -> int:
    """Return a moment in microseconds."""
    return int(moment.timestamp()) * 1_000_000


def spans_of(hours: Hours, from_us: int, days: int) -> list[tuple[int, int]]:
    """Return resolved spans."""
    resolved = resolve(Config(queues={"q": Queue(hours=hours)}), from_us, days).queues["q"].hours
    assert resolved is not None
    assert resolved.spans is not None
    return resolved.spans


# ---- single days -----------------------------------------------------------------------------------------------


def shown(zone: str, day: str, lines: str | list[str], days: int = 1) -> list[str]:
    """Return the openings from the midnight of a day on, as its own clock shows them, with the offset."""
    tz = zoneinfo.ZoneInfo(zone)
    begin = datetime.datetime.fromisoformat(day).replace(tzinfo=tz)

    def clock(at_us: int) -> str:
        return f"{datetime.datetime.fromtimestamp(at_us // 1_000_000, tz):%d %H:%M%z}"

    spans = spans_of(Hours(zone=zone, open=lines), us(begin), days)
    return [f"{clock(opens)} {clock(closes)}" for opens, closes in spans]


@pytest.mark.parametrize(
    ("zone", "day", "line", "expected"),
    [
        # Berlin, 29 March 2026: 02:00 is 03:00. What begins or ends inside the gap does so behind it.
        ("Europe/Berlin", "2026-03-29", "02:30-05:00", ["29 03:00+0200 29 05:00+0200"]),
        ("Europe/Berlin", "2026-03-29", "01:00-02:30", ["29 01:00+0100 29 03:00+0200"]),
        ("Europe/Berlin", "2026-03-29", "02:15-02:45", []),
        # Berlin, 25 October 2026: 03:00 is 02:00 again. A span inside begins at the first and ends at the second.
        ("Europe/Berlin", "2026-10-25", "02:30-05:00", ["25 02:30+0200 25 05:00+0100"]),
        ("Europe/Berlin", "2026-10-25", "01:00-02:30", ["25 01:00+0200 25 02:30+0100"]),
        ("Europe/Berlin", "2026-10-25", "02:15-02:45", ["25 02:15+0200 25 02:45+0100"]),
        ("Europe/Berlin", "2026-10-25", "01:00-03:00", ["25 01:00+0200 25 03:00+0100"]),
        # The clock goes back at midnight: 24:00 of the 16th is 23:00 of the 16th.
        ("America/Sao_Paulo", "2019-02-16", "22:00-24:00", ["16 22:00-0200 17 00:00-0300"]),
        # The day begins at 01:00.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04 00:00-02:00", ["04 01:00-0200 04 02:00-0200"]),
        # Half an hour back and forth.
        ("Australia/Lord_Howe", "2026-10-04", "02:10-04:00", ["04 02:30+1100 04 04:00+1100"]),
        # A zone of +12:45 that turns to +13:45.
        ("Pacific/Chatham", "2026-09-27", "02:00-05:00", ["27 02:00+1245 27 05:00+1345"]),
        ("Asia/Kathmandu", "2026-01-05", "09:00-18:00", ["05 09:00+0545 05 18:00+0545"]),
        # By law: Moscow puts its clock back for good on 26 October 2014; Samoa leaves out 30 December 2011.
        ("Europe/Moscow", "2014-10-26", "01:30-03:00", ["26 01:30+0400 26 03:00+0300"]),
        ("Pacific/Apia", "2011-12-29", "2011-12-30 09:00-18:00", []),
    ],
)
def test_a_day_on_which_the_clock_jumps(zone: str, day: str, line: str, expected: list[str]) -> None:
    assert shown(zone, day, line) == expected


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_whole_day_has_as_many_hours_as_the_clock_gives_it(day: str, hours: int) -> None:
    begin = us(datetime.datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")))
    (span,) = spans_of(Hours(zone="Europe/Berlin", open=f"{day} 00:00-24:00"), begin, 1)
    assert span == (begin, begin + hours * 60 * MINUTE_US)


def test_a_night_over_the_jump_is_an_hour_shorter_or_longer() -> None:
    for day, hours in (("2026-03-28", 7), ("2026-10-24", 9), ("2026-06-01", 8)):
        begin = us(datetime.datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")))
        (span,) = spans_of(Hours(zone="Europe/Berlin", open=f"{day} 22:00-06:00"), begin, 1)
        assert span[1] - span[0] == hours * 60 * MINUTE_US


def test_every_zone_has_its_moments_where_its_clock_shows_them() -> None:
    begin, days = us(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)), 366
    for zone in sorted(zoneinfo.available_timezones() - {"localtime", "posixrules"}):
        tz = zoneinfo.ZoneInfo(zone)
        for opens, closes in spans_of(Hours(zone=zone, open="12:15-17:45"), begin, days)[:-1]:
            for at_us, text in ((opens, "12:15"), (closes, "17:45")):
                assert f"{datetime.datetime.fromtimestamp(at_us // 1_000_000, tz):%H:%M}" == text, zone


# ---- minute by minute ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of hours with what it means."""

    weekdays: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]

    def text(self) -> str:
        """Return it as people write it."""
        times = " ".join(f"{begins // 60:02}:{begins % 60:02}-{_end_text(ends, begins)}" for begins, ends in self.spans)
        return f"{','.join(WEEKDAYS[weekday] for weekday in self.weekdays)} {times}"


def _end_text(ends: int, begins: int) -> str:
    within = ends if ends == 1440 and begins > 0 else ends % 1440
    return f"{within // 60:02}:{within % 60:02}" if (ends, begins) != (1440, 0) else "24:00"


TIMES = st.integers(0, 95).map(lambda quarter: quarter * 15) | st.integers(0, 1439)
SPANS = st.tuples(TIMES, st.integers(1, 1439)).map(lambda pair: (pair[0], pair[0] + pair[1]))
LINES = st.builds(
    Line,
    weekdays=st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True).map(lambda days: tuple(sorted(days))),
    spans=st.lists(SPANS | st.just((0, 1440)), min_size=1, max_size=3).map(tuple),
)
JUMPS = [
    ("Europe/Berlin", datetime.datetime(2026, 3, 29, 1)),
    ("Europe/Berlin", datetime.datetime(2026, 10, 25, 1)),
    ("America/New_York", datetime.datetime(2026, 11, 1, 6)),
    ("America/Sao_Paulo", datetime.datetime(2019, 2, 17, 2)),
    ("America/Sao_Paulo", datetime.datetime(2018, 11, 4, 3)),
    ("Australia/Lord_Howe", datetime.datetime(2026, 4, 4, 15)),
    ("Pacific/Chatham", datetime.datetime(2026, 9, 26, 14)),
    ("Pacific/Apia", datetime.datetime(2011, 12, 30, 10)),
    ("Pacific/Kwajalein", datetime.datetime(1993, 8, 21, 12)),
    ("Europe/Moscow", datetime.datetime(2014, 10, 25, 22)),
    ("Asia/Pyongyang", datetime.datetime(2018, 5, 4, 15)),
    ("America/Caracas", datetime.datetime(2016, 5, 1, 7)),
    ("Africa/Casablanca", datetime.datetime(2026, 2, 15, 2)),
    ("Africa/Monrovia", datetime.datetime(1972, 1, 7, 0, 44)),
    ("Asia/Kathmandu", datetime.datetime(1985, 12, 31, 18)),
    ("Antarctica/Troll", datetime.datetime(2026, 3, 29, 1)),
]
ZONES = st.sampled_from(sorted({zone for zone, _ in JUMPS} | {"UTC", "Asia/Kolkata", "America/St_Johns"}))
ANY_MOMENT = st.integers(3, 47_800).map(lambda days: datetime.datetime(1970, 1, 1) + datetime.timedelta(days=days))
NEAR_A_JUMP = st.tuples(st.sampled_from(JUMPS), st.integers(0, 2 * 1440)).map(
    lambda drawn: (drawn[0][0], drawn[0][1] - datetime.timedelta(minutes=drawn[1]))
)


def open_minutes(lines: list[Line], zone: str, from_us: int, days: int) -> list[bool]:
    """Say of every minute from ``from_us`` on whether a clock on the wall says open.

    A span begins with the first minute at which the clock shows its begin or later, and goes on up to the last minute
    at which the clock shows less than its end.
    """
    tz = zoneinfo.ZoneInfo(zone)
    margin = 3 * 1440
    first_us = from_us - margin * MINUTE_US
    clock = []
    for step in range(days * 1440 + 2 * margin):
        at = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(
            microseconds=first_us + step * MINUTE_US
        )
        clock.append(at.astimezone(tz).replace(tzinfo=None))
    is_open = [False] * len(clock)
    for day in range((clock[-1].date() - clock[0].date()).days - 1):
        date = clock[0].date() + datetime.timedelta(days=day + 1)
        midnight = datetime.datetime.combine(date, datetime.time())
        for line in lines:
            if date.weekday() not in line.weekdays:
                continue
            for begins, ends in line.spans:
                opens = midnight + datetime.timedelta(minutes=begins)
                closes = midnight + datetime.timedelta(minutes=ends)
                first = next((step for step, time in enumerate(clock) if time >= opens), len(clock))
                before = [step for step, time in enumerate(clock) if time < closes]
                for step in range(first, before[-1] + 1 if before else 0):
                    is_open[step] = True
    return is_open[margin : margin + days * 1440]


@given(lines=st.lists(LINES, min_size=1, max_size=2), where=NEAR_A_JUMP | st.tuples(ZONES, ANY_MOMENT))
def test_a_queue_is_open_when_the_clock_on_the_wall_says_so(
    lines: list[Line], where: tuple[str, datetime.datetime]
) -> None:
    zone, begin = where
    from_us = us(begin.replace(tzinfo=datetime.UTC))
    days = 2
    spans = spans_of(Hours(zone=zone, open=[line.text() for line in lines]), from_us, days)
    assert all(opens < closes for opens, closes in spans)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))
    told = [any(opens <= from_us + step * MINUTE_US < closes for opens, closes in spans) for step in range(days * 1440)]
    assert told == open_minutes(lines, zone, from_us, days)


@given(where=NEAR_A_JUMP | st.tuples(ZONES, ANY_MOMENT), lines=st.lists(LINES, min_size=1, max_size=2))
def test_later_resolutions_agree_with_earlier_ones(where: tuple[str, datetime.datetime], lines: list[Line]) -> None:
    zone, begin = where
    hours = Hours(zone=zone, open=[line.text() for line in lines])
    from_us = us(begin.replace(tzinfo=datetime.UTC))
    early = spans_of(hours, from_us, 10)
    late_us = from_us + 5 * DAY_US
    late = spans_of(hours, late_us, 5)
    # The first opening may be known from another begin on, where it has lasted for longer than was looked back.
    known = [span for span in early if span[1] > late_us]
    assert [closes for _, closes in known] == [closes for _, closes in late]
    assert known[1:] == late[1:]


@given(where=NEAR_A_JUMP | st.tuples(ZONES, ANY_MOMENT), time=TIMES)
def test_a_time_that_exists_makes_the_round_trip(where: tuple[str, datetime.datetime], time: int) -> None:
    zone, begin = where
    tz = zoneinfo.ZoneInfo(zone)
    from_us = us(begin.replace(tzinfo=datetime.UTC))
    ends = (time + 30) % 1440
    text = f"{time // 60:02}:{time % 60:02}-{ends // 60:02}:{ends % 60:02}"
    for opens, closes in spans_of(Hours(zone=zone, open=text), from_us, 3):
        for at_us, minute, fold in ((opens, time, 0), (closes, ends, 1)):
            assert at_us < TIME_US_MAX
            local = datetime.datetime.fromtimestamp(at_us // 1_000_000, tz)
            wanted = local.replace(hour=minute // 60, minute=minute % 60, second=0, fold=fold)
            if wanted == wanted.astimezone(datetime.UTC).astimezone(tz) and _exists(wanted):
                assert us(wanted) == at_us or _is_behind_a_gap(local)
            else:
                assert _is_behind_a_gap(local)


def _exists(local: datetime.datetime) -> bool:
    back = local.astimezone(datetime.UTC).astimezone(local.tzinfo)
    return back.replace(tzinfo=None) == local.replace(tzinfo=None)


def _is_behind_a_gap(local: datetime.datetime) -> bool:
    at = local.astimezone(datetime.UTC)
    before = (at - datetime.timedelta(seconds=1)).astimezone(local.tzinfo)
    return before.utcoffset() != local.utcoffset()


def test_a_clock_is_never_read_below_the_epoch() -> None:
    spans = spans_of(Hours(zone="Pacific/Auckland", open="00:00-24:00"), 0, 1)
    assert spans == [(0, TIME_US_MAX)]
