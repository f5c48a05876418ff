"""Opening hours as text: what a line says, what is wrong with one, and which days are holidays."""

from __future__ import annotations

import builtins
import contextlib
import datetime
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccroute.calendars import HOURS_DAYS_MAX, faults, parse_hours, resolve, resolve_queue
from ccroute.calendars import days as days_module
from ccroute.config import Config, Hours, Queue, check, to_json
from ccroute.errors import ConfigError, ExtraMissing, HoursError, OutOfRange, UnknownName, WrongType
from ccroute.types import HOURS_SPANS_MAX, TIME_US_MAX

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000


def moment(text: str) -> int:
    """Return a moment in microseconds; text without an offset is UTC."""
    at = datetime.datetime.fromisoformat(text)
    at = at.replace(tzinfo=at.tzinfo or datetime.UTC)
    return int(at.timestamp()) * 1_000_000


def center(**hours: object) -> Config:
    """Return a configuration with one queue that has these hours."""
    return Config(queues={"q": Queue(hours=Hours(**hours))})  # type: ignore[arg-type]


def openings(begin: str, days: int, **hours: object) -> list[tuple[str, str]]:
    """Return the resolved openings of such a queue, as text in UTC."""
    resolved = resolve(center(**hours), moment(begin), days).queues["q"].hours
    assert resolved is not None
    assert resolved.spans is not None
    return [(_shown(opens), _shown(closes)) for opens, closes in resolved.spans]


def _shown(at_us: int) -> str:
    return f"{datetime.datetime.fromtimestamp(at_us // 1_000_000, datetime.UTC):%m-%d %H:%M}"


# ---- a line ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "weekdays", "spans"),
    [
        ("mon-fri 09:00-18:00", (0, 1, 2, 3, 4), ((540, 1080),)),
        ("sat 10:00-14:00", (5,), ((600, 840),)),
        ("fri-mon 9:00-10:00", (0, 4, 5, 6), ((540, 600),)),
        ("mon-mon 09:00-10:00", (0,), ((540, 600),)),
        ("mon,wed, fri  09:00-13:00, 14:00-18:00", (0, 2, 4), ((540, 780), (840, 1080))),
        ("daily 22:00-06:00", tuple(range(7)), ((1320, 1800),)),
        ("00:00-24:00", tuple(range(7)), ((0, 1440),)),
        ("Mon 18:00-00:00", (0,), ((1080, 1440),)),
        ("sun 23:59-23:58", (6,), ((1439, 2878),)),
    ],
)
def test_a_line_says_days_and_spans(text: str, weekdays: tuple[int, ...], spans: tuple[tuple[int, int], ...]) -> None:
    line = parse_hours(text)
    assert (line.weekdays, line.spans) == (weekdays, spans)
    assert (line.dates, line.on_holidays, line.is_working_day, line.as_weekday) == ((), False, False, None)


def test_a_line_says_dates() -> None:
    first, last = datetime.date(2026, 12, 24), datetime.date(2026, 12, 26)
    assert parse_hours("2026-12-24..2026-12-26 closed").dates == ((first, last),)
    assert parse_hours("2026-12-24 open").is_working_day
    assert parse_hours("2026-12-24 as fri").as_weekday == 4
    line = parse_hours("holidays 2026-12-24, sat 10:00-12:00")
    assert (line.dates, line.on_holidays, line.weekdays, line.spans) == (((first, first),), True, (5,), ((600, 720),))


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 1),
        ("mon", 4),
        ("mon-fry 09:00-18:00", 1),
        ("tue x 09:00-18:00", 5),
        ("mon 24:00-10:00", 5),
        ("mon 10:00-24:01", 5),
        ("mon 10:60-11:00", 5),
        ("mon 10:00", 5),
        ("mon 10:00-10:00", 5),
        ("mon 09:00-10:00 x", 17),
        ("mon 09:00-10:00 closed", 17),
        ("mon closed", 5),
        ("closed", 1),
        ("mon 2026-12-24 open", 16),
        ("2026-02-29 closed", 1),
        ("1969-12-31 closed", 1),
        ("2101-01-01 closed", 1),
        ("2026-1-1 closed", 1),
        ("2026-12-26..2026-12-24 closed", 1),
        ("2026-12-24 as", 14),
        ("2026-12-24 as monday", 15),
        ("2026-12-24 open now", 17),
        ("mon " * 80, 257),
    ],
)
def test_what_is_no_line_is_told_with_its_column(text: str, column: int) -> None:
    with pytest.raises(HoursError) as caught:
        parse_hours(text)
    assert caught.value.column == column
    assert caught.value.argument == "text"
    assert f"column {column}: must be " in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("value", [None, 1, b"mon", ["mon"]])
def test_a_line_is_text(value: object) -> None:
    with pytest.raises(WrongType):
        parse_hours(value)  # type: ignore[arg-type]


@given(st.text(alphabet="monfrisat,-:0123456789. opencladhy", max_size=40))
def test_any_text_is_a_line_or_a_typed_error(text: str) -> None:
    with contextlib.suppress(HoursError):
        line = parse_hours(text)
        assert all(0 <= begins < 1440 and begins < ends <= 2878 for begins, ends in line.spans)


# ---- days ------------------------------------------------------------------------------------------------------


def test_lines_of_weekdays_add_up_and_join() -> None:
    lines = ["mon 09:00-12:00", "mon 11:00-13:00 13:00-14:00", "mon 15:00-16:00"]
    assert openings("2026-11-23", 1, open=lines) == [("11-23 09:00", "11-23 14:00"), ("11-23 15:00", "11-23 16:00")]


def test_of_lines_with_the_same_date_the_last_one_counts() -> None:
    lines = ["daily 09:00-18:00", "2026-11-23..2026-11-25 closed", "2026-11-24 09:00-13:00"]
    assert openings("2026-11-23", 4, open=lines) == [("11-24 09:00", "11-24 13:00"), ("11-26 09:00", "11-26 18:00")]


def test_holidays_close_and_their_own_hours_open() -> None:
    lines = ["daily 09:00-18:00"]
    holidays = ["2026-11-24..2026-11-25", "2026-11-25 open"]
    expected = [("11-23 09:00", "11-23 18:00"), ("11-25 09:00", "11-25 18:00")]
    assert openings("2026-11-23", 3, open=lines, holidays=holidays) == expected
    lines.append("holidays 10:00-12:00")
    expected.insert(1, ("11-24 10:00", "11-24 12:00"))
    assert openings("2026-11-23", 3, open=lines, holidays=holidays) == expected


def test_a_working_day_has_its_own_hours_or_those_of_the_day_before_that_has_any() -> None:
    lines = ["mon-thu 09:00-18:00", "fri 09:00-17:00", "sun 10:00-11:00"]
    moved = ["2026-11-28..2026-11-29 open", "2026-11-29 as mon"]
    expected = [("11-28 09:00", "11-28 17:00"), ("11-29 09:00", "11-29 18:00")]
    assert openings("2026-11-28", 2, open=[*lines, *moved]) == expected
    assert openings("2026-11-28", 2, open=lines, holidays=moved) == expected
    assert openings("2026-11-29", 1, open=[*lines, "2026-11-29 open"]) == [("11-29 10:00", "11-29 11:00")]
    assert openings("2026-11-28", 1, open="2026-11-28 open") == []


def test_a_span_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    lines = ["daily 22:00-06:00"]
    assert openings("2026-11-23T12:00", 2, open=lines, holidays="2026-11-24") == [("11-23 22:00", "11-24 06:00")]


def test_what_is_open_at_either_end_keeps_its_own_times() -> None:
    assert openings("2026-11-23T03:00", 1, open="22:00-06:00") == [
        ("11-22 22:00", "11-23 06:00"),
        ("11-23 22:00", "11-24 06:00"),
    ]
    assert openings("2026-11-23T06:00", 1, open="22:00-06:00")[0] == ("11-23 22:00", "11-24 06:00")
    assert openings("2026-11-23T22:00", 1, open="22:00-06:00") == [("11-23 22:00", "11-24 06:00")]


def test_what_never_closes_ends_with_time_itself() -> None:
    for lines in ("00:00-24:00", ["00:00-12:00", "12:00-00:00"], "08:00-07:59 07:59-08:00"):
        resolved = resolve(center(open=lines), moment("2026-11-23T12:00"), 3).queues["q"].hours
        assert resolved is not None
        assert resolved.spans is not None
        ((opens, closes),) = resolved.spans
        assert opens <= moment("2026-11-23")
        assert closes == TIME_US_MAX


# ---- national holidays -----------------------------------------------------------------------------------------


def test_national_holidays_close_and_moved_working_days_open() -> None:
    pytest.importorskip("holidays")
    zone, lines = "Europe/Moscow", "mon-fri 09:00-18:00"
    russian = openings("2026-12-31T00:00+03:00", 13, zone=zone, open=lines, holidays="RU")
    assert russian == [("01-11 06:00", "01-11 15:00"), ("01-12 06:00", "01-12 15:00")]
    saturday = openings("2027-02-20T00:00+03:00", 1, zone=zone, open=lines, holidays="RU")
    assert saturday == [("02-20 06:00", "02-20 15:00")]
    assert openings("2027-02-20T00:00+03:00", 1, zone=zone, open=lines, holidays=["RU", "2027-02-20"]) == []


def test_parts_of_countries_differ() -> None:
    pytest.importorskip("holidays")
    begin, lines = "2026-03-31", "daily 09:00-18:00"
    assert openings(begin, 1, open=lines, holidays="US-CA") == []
    assert openings(begin, 1, open=lines, holidays="US-NY") == [("03-31 09:00", "03-31 18:00")]


@pytest.mark.parametrize("code", ["XX", "US-ZZ"])
def test_a_country_that_is_not_known_is_a_fault(code: str) -> None:
    pytest.importorskip("holidays")
    (fault,) = faults(center(open="09:00-18:00", holidays=[code]))
    assert fault.path == "queues.q.hours.holidays[0]"
    assert "that the package holidays knows" in fault.message


def test_a_country_whose_holidays_are_not_known_then_is_a_fault() -> None:
    pytest.importorskip("holidays")
    config = center(open="09:00-18:00", holidays="TL")  # the law begins in 2006
    assert faults(config) == []
    with pytest.raises(ConfigError, match=r"known from 1970 to 1970; those of TL from 2006"):
        resolve(config, 30 * DAY_US, 30)


def test_without_the_extra_countries_raise_and_dates_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == "holidays":
            raise ImportError(name)
        return real_import(name, *rest)  # type: ignore[arg-type]

    days_module._national.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExtraMissing, match=r"the holidays of RU need the extra calendars: pip install") as caught:
        resolve(center(open="09:00-18:00", holidays=["RU"]), 0)
    assert isinstance(caught.value, ImportError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    (fault,) = faults(center(open="09:00-18:00", holidays=["RU"]))
    assert (fault.path, "pip install" in fault.message) == ("queues.q.hours.holidays[0]", True)
    assert openings("2026-11-24", 1, open="09:00-18:00", holidays=["2026-11-24"]) == []


# ---- resolving -------------------------------------------------------------------------------------------------


def test_every_fault_is_told_at_its_place() -> None:
    config = Config(
        queues={
            "a": Queue(hours=Hours(zone="Europe/Moskow", open=["mon 09:00-18:00", "mon 18-19"], holidays="2026-02-30")),
            "b": Queue(),
            "c": Queue(hours=Hours()),
            "d": Queue(hours=Hours(open="never", holidays=["2026-01-01", "RU!"])),
        }
    )
    assert check(config) == []
    found = faults(config)
    assert [fault.path for fault in found] == [
        "queues.a.hours.zone",
        "queues.a.hours.open[1]",
        "queues.a.hours.holidays",
        "queues.c.hours.open",
        "queues.d.hours.open",
        "queues.d.hours.holidays[1]",
    ]
    assert "did you mean Europe/Moscow?" in found[0].message
    with pytest.raises(ConfigError) as caught:
        resolve(config, 0)
    assert caught.value.faults == found
    with pytest.raises(ConfigError) as caught:
        resolve_queue(config, "d", 0)
    assert caught.value.faults == found[4:]


@pytest.mark.parametrize("zone", ["localtime", "posix/UTC", "../UTC", "Europe", "", "x" * 128, "a\0b", "utc+3", "Ä"])
def test_what_is_no_zone_everywhere_is_a_fault(zone: str) -> None:
    assert [fault.path for fault in faults(center(zone=zone, open="09:00-18:00"))] == ["queues.q.hours.zone"]


def test_without_zone_data_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    (fault,) = faults(center(zone="Nowhere", open="09:00-18:00"))
    assert "install ccroute[calendars]" in fault.message


def test_resolved_hours_are_a_configuration_like_any_other() -> None:
    lines = ["mon-fri 09:00-13:00 14:00-18:00", "sat 10:00-14:00"]
    config = center(zone="Europe/Berlin", open=lines, holidays=["2026-12-25..2026-12-26"])
    begin = moment("2026-11-23T07:30")
    resolved = resolve(config, begin)
    hours = resolved.queues["q"].hours
    assert hours is not None
    assert hours.spans is not None
    assert check(resolved) == []
    assert Config.from_json(to_json(resolved)) == resolved
    assert hours.resolved_until_us == begin + 366 * DAY_US
    assert hours.offsets == [
        (begin - 2 * DAY_US, HOUR_US),
        (moment("2027-03-28T01:00"), 2 * HOUR_US),
        (moment("2027-10-31T01:00"), HOUR_US),
    ]
    assert resolve(resolved, begin) == resolved
    assert resolve_queue(config, "q", begin) == resolved.queues["q"]


def test_hours_given_as_moments_and_queues_without_hours_stay() -> None:
    config = Config(queues={"a": Queue(), "b": Queue(hours=Hours(spans=[(1, 2)]))})
    assert resolve(config, 0) == config
    assert faults(config) == []


def test_more_spans_than_may_be_are_a_fault_that_says_so() -> None:
    line = "daily " + " ".join(f"{hour:02}:00-{hour:02}:30" for hour in range(10))
    days = HOURS_SPANS_MAX // 10
    resolved = resolve(center(open=line), 0, days).queues["q"].hours
    assert resolved is not None
    assert resolved.spans is not None
    assert len(resolved.spans) == days * 10
    with pytest.raises(ConfigError, match=rf"queues\.q\.hours\.open: must give at most {HOURS_SPANS_MAX} openings"):
        resolve(center(open=line), 0, days + 1)


END_US = moment("2101-01-01")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda config: resolve(None, 0), WrongType),  # type: ignore[arg-type]
        (lambda config: resolve(config, 0.0), WrongType),  # type: ignore[arg-type]
        (lambda config: resolve(config, 0, True), WrongType),
        (lambda config: resolve(config, -1), OutOfRange),
        (lambda config: resolve(config, 0, 0), OutOfRange),
        (lambda config: resolve(config, 0, HOURS_DAYS_MAX + 1), OutOfRange),
        (lambda config: resolve(config, END_US), OutOfRange),
        (lambda config: resolve(config, END_US - DAY_US + 1, 1), OutOfRange),
        (lambda config: resolve_queue(None, "q", 0), WrongType),  # type: ignore[arg-type]
        (lambda config: resolve_queue(config, 1, 0), WrongType),  # type: ignore[arg-type]
        (lambda config: resolve_queue(config, "x", 0), UnknownName),
        (lambda config: resolve_queue(config, "q", -1), OutOfRange),
        (lambda config: faults(None), WrongType),  # type: ignore[arg-type]
    ],
)
def test_arguments_are_checked(call: Callable[[Config], object], error: type[Exception]) -> None:
    with pytest.raises(error):
        call(center(open="09:00-18:00"))


def test_the_first_and_the_last_day_that_can_be_resolved() -> None:
    assert openings("1970-01-01", 1, open="09:00-18:00") == [("01-01 09:00", "01-01 18:00")]
    assert openings("2100-12-31", 1, open="09:00-18:00") == [("12-31 09:00", "12-31 18:00")]
    assert openings("1970-01-01", 1, open="22:00-06:00")[0] == ("01-01 00:00", "01-01 06:00")
