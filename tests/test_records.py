"""Call records: what is read, what is refused and where, every figure worked by hand, and days routed by hand."""

from __future__ import annotations

import gzip
import math
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccroute import Config, RecordError
from ccroute.records.calls import Call
from ccroute.records.center import config_of_day, enqueue
from ccroute.records.days import days_of
from ccroute.records.figures import Fate, Presence, figures
from ccroute.records.lines import LINE_BYTES_MAX
from ccroute.records.prediction import predict
from ccroute.records.reading import COLUMNS, read_calls
from ccroute.records.replay import replay
from ccroute.records.spans import union_us

EXAMPLES = Path(__file__).parents[1] / "examples"
S = 1_000_000
MIDNIGHT = 19_783 * 86_400 * S  # 2024-03-01
HEADER = ",".join(COLUMNS)
VIP_90 = Config.from_toml('[records.priorities]\n2 = { head_start = "90s" }')


def row(  # one line of a record; an agent answers if ``server`` is named
    arrives: int,
    *,
    waits: int | None = None,
    begins: int = 0,
    works: int = 0,
    server: str = "",
    kind: str = "PS",
    priority: int = 0,
    outcome: str = "",
    date: str = "2024-03-01",
) -> str:
    queue = (0, 0, 0) if waits is None else (arrives, arrives + waits, waits)
    outcome = outcome or ("AGENT" if server else "HANG")
    ends = begins + works if begins else 0
    fields = (date, priority, kind, arrives, *queue, outcome, begins, ends, server)
    return ",".join(map(str, fields))


def read(tmp_path: Path, *rows: str, header: str = HEADER) -> list[Call]:
    path = tmp_path / "record.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return read_calls(path)


def test_a_queued_and_answered_call_is_read(tmp_path: Path) -> None:
    line = row(100, waits=30, begins=130, works=60, server="A1", priority=2)
    assert read(tmp_path, line) == [
        Call(
            line=2,
            midnight_us=MIDNIGHT,
            arrived_at_us=MIDNIGHT + 100 * S,
            type="PS",
            priority="2",
            queued=True,
            answered=True,
            waited_us=30 * S,
            began_at_us=MIDNIGHT + 130 * S,
            handled_us=60 * S,
            agent_id="A1",
        )
    ]


def test_phantoms_and_calls_that_never_wanted_an_agent_are_left_out(tmp_path: Path) -> None:
    phantom = row(100, waits=10, outcome="PHANTOM")
    in_the_menu = row(110)
    hang_up = row(120, waits=10)
    straight = row(130, begins=130, works=5, server="A1")
    assert [call.line for call in read(tmp_path, phantom, in_the_menu, hang_up, straight)] == [4, 5]


def test_a_hang_up_has_patience_but_no_work(tmp_path: Path) -> None:
    (call,) = read(tmp_path, row(120, waits=7, begins=127, works=9, outcome="HANG"))
    assert (call.answered, call.waited_us) == (False, 7 * S)
    assert (call.began_at_us, call.handled_us, call.agent_id) == (None, None, None)


def test_clocks_that_start_again_at_midnight_belong_to_the_next_day(tmp_path: Path) -> None:
    line = f"2024-03-01,0,PS,86390,86390,5,15,AGENT,{5},{65},A1"
    (call,) = read(tmp_path, line)
    assert (call.began_at_us, call.handled_us, call.waited_us) == (MIDNIGHT + 86_405 * S, 60 * S, 15 * S)
    (call,) = read(tmp_path, "2024-03-01,0,PS,86300,0,0,0,AGENT,86299,59,A1")
    assert (call.began_at_us, call.handled_us) == (MIDNIGHT + 86_299 * S, 160 * S)


def test_work_that_the_record_does_not_time_has_no_length(tmp_path: Path) -> None:
    calls = read(tmp_path, row(100, waits=5, server="A1"), "2024-03-01,0,PS,100,0,0,0,AGENT,100,0,NO_SERVER")
    assert [(call.began_at_us, call.handled_us, call.agent_id) for call in calls] == [
        (None, None, "A1"),
        (MIDNIGHT + 100 * S, None, None),
    ]


def test_columns_come_in_any_order_and_others_are_ignored(tmp_path: Path) -> None:
    names = ["call_id", *reversed(COLUMNS)]
    values = dict(zip(COLUMNS, row(100, begins=100, works=5, server="A1").split(","), strict=True)) | {"call_id": "x"}
    calls = read(tmp_path, ",".join(values[name] for name in names), "", header=",".join(names))
    assert calls == read(tmp_path, row(100, begins=100, works=5, server="A1"))


def test_compressed_records_and_byte_order_marks_are_read(tmp_path: Path) -> None:
    text = f"{HEADER}\r\n{row(100, waits=5)}\r\n"
    path = tmp_path / "record.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    told: list[float] = []
    assert len(read_calls(path, told.append)) == 1
    assert all(0 <= share <= 1 for share in told)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("date", "1999-8-01"),
        ("date", "19990801"),
        ("date", "1969-12-31"),
        ("date", "2255-01-01"),
        ("date", ""),
        ("priority", "-1"),
        ("priority", "1.0"),
        ("priority", "٣"),
        ("type", ""),
        ("type", "x" * 129),
        ("type", "a\tb"),
        ("vru_exit", ""),
        ("vru_exit", "12:00"),
        ("q_start", "172801"),
        ("q_exit", "1e3"),
        ("q_time", "9" * 5000),
        ("outcome", "agent"),
        ("ser_start", " 1"),
        ("ser_exit", "1_0"),
        ("server", "x" * 129),
    ],
)
def test_a_malformed_field_is_named_with_line_and_column(tmp_path: Path, column: str, value: str) -> None:
    good = row(100, waits=5, begins=105, works=5, server="A1")
    bad = dict(zip(COLUMNS, good.split(","), strict=True)) | {column: value}
    with pytest.raises(RecordError) as caught:
        read(tmp_path, good, ",".join(bad.values()))
    assert caught.value.argument == f"line 3, column {column}"
    assert caught.value.got == value


@pytest.mark.parametrize(
    ("data", "argument"),
    [
        (b"", "line 1"),
        (b"date,type\n", "line 1"),
        (HEADER.encode() + b",date\n", "line 1"),
        (HEADER.encode() + b"\n1,2\n", "line 2"),
        (HEADER.encode() + b"\n\xff\xfe\n", "line 2"),
        (HEADER.encode() + b'\n"open\n', "line 2"),
        (HEADER.encode() + b"\n" + b"x" * (LINE_BYTES_MAX + 1), "line 2"),
        (gzip.compress(HEADER.encode() + b"\n" + random.Random(1).randbytes(4000).hex().encode())[:-900], "line 2"),
    ],
    ids=["empty", "columns missing", "column twice", "too few", "no UTF-8", "open quote", "too long", "cut off"],
)
def test_a_file_that_is_no_record_is_refused_with_its_line(tmp_path: Path, data: bytes, argument: str) -> None:
    path = tmp_path / "record"
    path.write_bytes(data)
    with pytest.raises(RecordError) as caught:
        read_calls(path)
    assert caught.value.argument == argument


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_make_reading_crash(tmp_path_factory: pytest.TempPathFactory, data: bytes, with_header: bool) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(HEADER.encode() + b"\n" + data if with_header else data)
    try:
        read_calls(path)
    except (RecordError, OSError):
        return


def test_a_damaged_compressed_file_is_an_error_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "record.gz"
    path.write_bytes(b"\x1f\x8bnothing of gzip")
    with pytest.raises((RecordError, OSError)):
        read_calls(path)


def test_a_record_has_at_most_so_many_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccroute.records.reading.CALLS_MAX", 1)
    assert len(read(tmp_path, row(100, waits=5), row(110))) == 1
    with pytest.raises(RecordError, match="line 3 must be the last of at most 1 calls, was 2"):
        read(tmp_path, row(100, waits=5), row(110, waits=5))


# Days.


def test_a_shift_runs_from_the_first_begin_to_the_last_end(tmp_path: Path) -> None:
    calls = read(
        tmp_path,
        row(100, begins=100, works=50, server="A2", kind="NW"),
        row(140, begins=140, works=60, server="A2"),  # overlaps the first
        row(300, begins=300, works=10, server="A2"),
        row(310, waits=5, server="A3"),  # no time: nobody knows when A3 was there
        row(320, begins=320, works=40, server="A1"),
    )
    (day,) = days_of(calls)
    shifts = [(shift.agent_id, shift.from_us, shift.to_us, shift.types, shift.busy_us) for shift in day.shifts]
    assert shifts == [
        ("A1", MIDNIGHT + 320 * S, MIDNIGHT + 360 * S, ("PS",), 40 * S),
        ("A2", MIDNIGHT + 100 * S, MIDNIGHT + 310 * S, ("NW", "PS"), 110 * S),
    ]


def test_mean_handling_time_is_of_type_and_day_else_of_the_type_else_of_all(tmp_path: Path) -> None:
    calls = read(
        tmp_path,
        row(100, begins=100, works=10, server="A1"),
        row(200, begins=200, works=25, server="A1"),
        row(300, waits=5),
        row(100, waits=5, date="2024-03-02"),
        row(110, waits=5, date="2024-03-02", kind="NE"),
        row(120, begins=120, works=7, server="A1", date="2024-03-02", kind="IN"),
    )
    first, second = days_of(reversed(calls))
    assert first.handling_us == {"PS": 17_500_000}
    assert second.handling_us == {"IN": 7 * S, "NE": 14 * S, "PS": 17_500_000}
    assert [call.line for call in second.calls] == [5, 6, 7]
    assert [first.handling_of(call) for call in first.calls] == [10 * S, 25 * S, 17_500_000]


def test_a_record_without_work_has_no_handling_time(tmp_path: Path) -> None:
    (day,) = days_of(read(tmp_path, row(100, waits=5)))
    assert (day.handling_us, day.shifts) == ({"PS": 0}, [])


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: (min(pair), max(pair)))))
def test_the_union_of_spans_counts_every_moment_once(spans: list[tuple[int, int]]) -> None:
    assert union_us(spans) == len({moment for begin, end in spans for moment in range(begin, end)})


# Figures.


def call(line: int, *, at_s: int = 0, kind: str = "PS", priority: str = "0") -> Call:
    return Call(
        line=line,
        midnight_us=MIDNIGHT,
        arrived_at_us=MIDNIGHT + at_s * S,
        type=kind,
        priority=priority,
        queued=True,
        answered=True,
        waited_us=0,
        began_at_us=None,
        handled_us=None,
        agent_id=None,
    )


def test_figures_are_those_worked_by_hand() -> None:
    fates = [
        Fate(call=call(1, at_s=3599), waited_us=0, left=False),
        Fate(call=call(2, at_s=3600, kind="NW", priority="10"), waited_us=20 * S, left=False),
        Fate(call=call(3, at_s=3601, priority="2"), waited_us=20 * S + 1, left=False),
        Fate(call=call(4, at_s=90_000, kind="NW"), waited_us=None, left=True),
        Fate(call=call(5, at_s=3602, priority="2"), waited_us=None, left=False),
    ]
    presences = [
        Presence(agent_id="B", there_us=100 * S, busy_us=50 * S),
        Presence(agent_id="B", there_us=200 * S, busy_us=25 * S),
        Presence(agent_id="A", there_us=0, busy_us=0),
    ]
    result = figures(fates, presences)
    assert (result.calls, result.answered, result.left, result.waiting) == (5, 3, 1, 1)
    assert (result.mean_wait_s, result.p90_wait_s, result.within_20s) == (13.333334, 20.000001, 0.4)
    assert {key: (part.calls, part.answered, part.left, part.waiting) for key, part in result.by_type.items()} == {
        "NW": (2, 1, 1, 0),
        "PS": (3, 2, 0, 1),
    }
    assert list(result.by_priority) == ["0", "2", "10"]
    assert {key: part.calls for key, part in result.by_hour.items()} == {"00": 1, "01": 3, "25": 1}
    assert result.by_hour["25"].mean_wait_s is None
    assert result.by_hour["25"].within_20s == 0.0
    assert result.occupancy == {"A": None, "B": 0.25}


def test_figures_of_nothing_are_none() -> None:
    result = figures([], [])
    assert (result.calls, result.mean_wait_s, result.p90_wait_s, result.within_20s) == (0, None, None, None)
    assert (result.by_type, result.by_priority, result.by_hour, result.occupancy) == ({}, {}, {}, {})


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_the_90th_percentile_is_the_least_wait_that_nine_in_ten_do_not_pass(waits: list[int]) -> None:
    result = figures([Fate(call=call(1), waited_us=wait * S, left=False) for wait in waits], [])
    enough = math.ceil(len(waits) * 0.9 - 1e-9)
    assert result.p90_wait_s == min(wait for wait in waits if sum(other <= wait for other in waits) >= enough)


# The configuration of a day.


def test_without_configuration_everybody_serves_one_queue(tmp_path: Path) -> None:
    (day,) = days_of(read(tmp_path, row(100, begins=100, works=5, server="A1"), row(101, waits=5, kind="NW")))
    config = config_of_day(Config(), day, {"PS", "NW", "IN"})
    assert [(name, queue.members, queue.offer.mode) for name, queue in config.queues.items()] == [
        ("calls", "all", "auto")
    ]
    assert list(config.skills) == ["IN", "NW", "PS"]
    assert (config.agents["A1"].skills, config.agents["A1"].queues) == ({"PS": 100}, {"calls": 1})
    command = enqueue(config, day.calls[1])
    assert (command.queue_id, command.channel, command.contact_id) == ("calls", "voice", "line-3")
    assert (command.requires, command.tier, command.head_start_us) == ('agent.skills["NW"] >= 1', None, None)


def test_the_configuration_keeps_what_it_says_of_queues_agents_and_priorities(tmp_path: Path) -> None:
    center = Config.from_toml("""
        [queues.NW]
        requires = "agent.skills.polish >= 20"
        order_list = ["A9", "A2", "A1"]
        select = "in_order"
        [queues.spare]
        [agents.A9]
        [agents.A2]
        skills = { NW = 30, PS = 60, polish = 40 }
        capacity = 200
        [agents.A1]
        queues = { NW = 2 }
        [records.priorities]
        2 = { tier = 1, head_start = "5s" }
    """)
    calls = read(
        tmp_path,
        row(100, begins=100, works=5, server="A0"),
        row(110, begins=110, works=5, server="A1", kind="NW"),
        row(120, begins=120, works=5, server="A2", kind="NW", priority=2),
    )
    (day,) = days_of(calls)
    config = config_of_day(center, day, {"PS", "NW"})
    assert list(config.agents) == ["A2", "A1", "A0"]
    assert config.agents["A2"].skills == {"polish": 40, "NW": 30}
    assert (config.agents["A2"].capacity, config.agents["A2"].queues) == (200, {"calls": 1, "NW": 1})
    assert config.agents["A1"].queues == {"NW": 2}
    assert list(config.queues) == ["NW", "spare", "calls"]
    assert config.queues["NW"].order_list == ["A2", "A1"]
    assert (enqueue(config, calls[2]).tier, enqueue(config, calls[2]).head_start_us) == (1, 5 * S)
    assert enqueue(config, calls[2]).queue_id == "NW"


def test_a_queue_for_the_rest_is_made_only_where_there_is_a_rest(tmp_path: Path) -> None:
    center = Config.from_toml("[queues.PS]")
    (day,) = days_of(read(tmp_path, row(100, begins=100, works=5, server="A1")))
    config = config_of_day(center, day, {"PS"})
    assert (list(config.queues), config.agents["A1"].queues) == (["PS"], {"PS": 1})


def test_a_type_may_be_called_anything_printable(tmp_path: Path) -> None:
    name = r'in \ "quotes"'
    quoted = '"' + name.replace('"', '""') + '"'
    result = replay(read(tmp_path, row(100, begins=100, works=5, server="A1", kind=quoted)), Config())
    assert result.engine.by_type[name].answered == 1


# Replay.


def test_the_engine_answers_a_waiting_vip_first(tmp_path: Path) -> None:
    calls = read(
        tmp_path,
        row(100, begins=100, works=50, server="A1"),
        row(110, waits=40, begins=150, works=10, server="A1"),
        row(120, waits=40, begins=160, works=10, server="A1", priority=2),
    )
    result = replay(calls, VIP_90)
    assert result.record.mean_wait_s == result.engine.mean_wait_s == pytest.approx(80 / 3)
    assert result.record.by_priority["2"].mean_wait_s == 40.0
    assert result.engine.by_priority["2"].mean_wait_s == 30.0
    assert result.record.occupancy == result.engine.occupancy == {"A1": 1.0}
    assert replay(calls, Config()).engine == result.record


def test_a_customer_whom_the_record_lost_leaves_or_is_answered_for_the_mean(tmp_path: Path) -> None:
    calls = read(
        tmp_path,
        row(100, begins=100, works=40, server="A1"),
        row(110, waits=30),  # at 140 the call ends before the customer leaves: answered, for the mean of 45 s
        row(120, waits=60),  # A1 is busy until 185, this one leaves at 180
        row(300, begins=300, works=50, server="A1"),
    )
    result = replay(calls, Config())
    assert (result.record.answered, result.record.left) == (2, 2)
    assert (result.engine.answered, result.engine.left, result.engine.waiting) == (3, 1, 0)
    assert result.engine.mean_wait_s == 10.0
    assert result.engine.occupancy == {"A1": round((40 + 45 + 50) / 250, 6)}


def test_an_agent_is_there_only_in_its_shift(tmp_path: Path) -> None:
    calls = read(
        tmp_path,
        row(100, waits=10, begins=110, works=50, server="A1"),
        row(150, waits=10, begins=160, works=20, server="A1"),
        row(170, waits=30),  # still waits when A1 goes at 180
        row(185, begins=185, works=5, server="NO_SERVER"),  # by somebody the record does not name
    )
    result = replay(calls, Config())
    assert (result.engine.answered, result.engine.left, result.engine.waiting) == (2, 1, 1)
    assert result.engine.mean_wait_s == 10.0
    assert result.engine.occupancy == {"A1": 1.0}


def test_an_agent_who_goes_ends_its_call_first(tmp_path: Path) -> None:
    calls = read(
        tmp_path,
        row(100, waits=10, begins=110, works=50, server="A1"),
        row(120, waits=60),  # answered at 160, for the mean of 35 s
        row(150, waits=10, begins=160, works=20, server="A1"),
    )
    result = replay(calls, Config())
    assert (result.engine.answered, result.engine.left, result.engine.waiting) == (2, 0, 1)
    assert result.engine.occupancy == {"A1": 1.0}  # there from 110 to 195


def test_what_an_instant_holds_happens_in_the_stated_order(tmp_path: Path) -> None:
    calls = read(
        tmp_path,
        row(100, begins=100, works=50, server="A1"),
        row(120, waits=30),  # leaves at 150, when A1 is free: the end comes first, so it is answered
        row(150, begins=150, works=50, server="A1"),
        row(200, waits=0),  # arrives at 200, when A1 goes, and has no patience
    )
    result = replay(calls, Config())
    assert (result.engine.answered, result.engine.left, result.engine.waiting) == (2, 1, 1)


def test_offers_that_ring_are_accepted_at_once_and_wrap_up_keeps_the_agent(tmp_path: Path) -> None:
    center = Config.from_toml("""
        [queues.calls]
        members = "all"
        wrap_up = "5s"
    """)
    calls = read(
        tmp_path,
        row(100, begins=100, works=50, server="A1"),
        row(110, waits=40, begins=150, works=50, server="A1"),
    )
    result = replay(calls, center)
    assert (result.engine.answered, result.engine.mean_wait_s) == (2, 22.5)
    assert result.engine.occupancy == {"A1": 1.0}  # there until 210: 50 + 5 + 50 + 5


def test_days_are_apart(tmp_path: Path) -> None:
    calls = read(
        tmp_path,
        row(100, begins=100, works=50, server="A1"),
        row(50, waits=100, begins=150, works=10, server="A2", date="2024-03-02", kind="NW"),
        row(160, begins=160, works=10, server="A2", date="2024-03-02"),
    )
    told: list[float] = []
    result = replay(calls, Config(), told.append)
    assert told == [pytest.approx(1 / 3), 1.0]
    assert result.engine.mean_wait_s == result.record.mean_wait_s == pytest.approx(100 / 3)
    assert list(result.engine.occupancy) == ["A1", "A2"]


def test_an_empty_record_gives_empty_figures(tmp_path: Path) -> None:
    result = replay(read(tmp_path), Config())
    assert result.record == result.engine
    assert result.engine.calls == 0
    assert [prediction.share for prediction in predict([], Config())] == [None] * 5


# Prediction.


def shares(calls: list[Call], center: Config | None = None) -> dict[int | str, tuple[int, float | None]]:
    return {one.head_start_s: (one.decisions, one.share) for one in predict(calls, center or Config())}


def test_predictions_are_those_worked_by_hand(tmp_path: Path) -> None:
    calls = read(
        tmp_path,
        row(90, begins=90, works=70, server="A1"),
        row(100, waits=120, begins=220, works=50, server="A1"),
        row(170, waits=10, begins=180, works=40, server="A1", priority=2),  # taken 70 s before its turn
        row(175, waits=100, kind="NW"),  # A1 takes none of these
    )
    assert shares(calls) == {0: (1, 0.0), 60: (1, 0.0), 90: (1, 1.0), 120: (1, 1.0), "strict": (1, 1.0)}


def test_a_call_that_arrives_in_the_second_of_an_answer_is_a_candidate(tmp_path: Path) -> None:
    first = row(100, waits=50, begins=150, works=10, server="A1")
    assert shares(read(tmp_path, first, row(150, waits=9)))[0] == (1, 1.0)
    assert shares(read(tmp_path, first, row(151, waits=9)))[0] == (0, None)


def test_a_customer_who_leaves_in_the_second_of_an_answer_is_no_candidate(tmp_path: Path) -> None:
    first = row(100, waits=50, begins=150, works=10, server="A1")
    assert shares(read(tmp_path, first, row(120, waits=30)))[0] == (0, None)
    assert shares(read(tmp_path, first, row(120, waits=31)))[0] == (1, 1.0)


def test_the_queues_of_the_configuration_count_in_predictions(tmp_path: Path) -> None:
    calls = read(
        tmp_path,
        row(100, waits=50, begins=150, works=10, server="A1"),
        row(120, waits=10, begins=130, works=10, server="A1"),
    )
    last_in_first_out = Config.from_toml('[queues.calls]\nmembers = "all"\nageing = -1000\noffer = { mode = "auto" }')
    assert shares(calls)[0] == (1, 0.0)
    assert shares(calls, last_in_first_out)[0] == (1, 1.0)


def test_predictions_agree_with_a_plain_search(tmp_path: Path) -> None:
    source = random.Random(7)
    rows = []
    for _ in range(400):
        arrives, waits = source.randrange(1000, 8000), source.randrange(0, 300)
        server = source.choice(["A1", "A2", "A3", ""])
        kind, priority = source.choice("XYZ"), source.randrange(3)
        begins = arrives + waits if server else 0
        rows.append(row(arrives, waits=waits, begins=begins, works=5, server=server, kind=kind, priority=priority))
    calls = read(tmp_path, *rows)
    for head_start_s, expected in {rule: _plainly(calls, rule) for rule in (0, 60, 90, 120, "strict")}.items():
        decisions, share = shares(calls)[head_start_s]
        assert (decisions, share) == (expected[0], round(expected[1] / expected[0], 6))


def _plainly(calls: list[Call], rule: int | str) -> tuple[int, int]:
    types: dict[str | None, set[str]] = {}
    for one in calls:
        types.setdefault(one.agent_id, set()).add(one.type)

    def until(one: Call) -> tuple[int, int, int]:
        stays = one.answered or one.waited_us == 0
        return (one.arrived_at_us + one.waited_us, 2 if stays else 0, one.line)

    def order(one: Call) -> tuple[int, int, int]:
        is_vip = one.priority == "2"
        head_start_us = rule * S if isinstance(rule, int) and is_vip else 0
        return (-int(is_vip and rule == "strict"), one.arrived_at_us - head_start_us, arrival[one.line])

    in_order = sorted(calls, key=lambda one: (one.arrived_at_us, one.line))
    arrival = {one.line: number for number, one in enumerate(in_order)}
    decisions = hits = 0
    for taken in calls:
        if taken.agent_id is None:
            continue
        moment = until(taken)
        waiting = [
            one
            for one in calls
            if (one.arrived_at_us, 1) < moment[:2] and until(one) >= moment and one.type in types[taken.agent_id]
        ]
        if len(waiting) >= 2:
            decisions += 1
            hits += min(waiting, key=order) is taken
    return decisions, hits


# The example.


def test_the_example_day_is_what_its_generator_makes() -> None:
    script = EXAMPLES / "make_day.py"
    made = subprocess.run([sys.executable, str(script)], capture_output=True, check=True).stdout
    assert made == (EXAMPLES / "day.csv").read_bytes()


def test_the_example_day_comes_out_nearly_as_it_was() -> None:
    calls = read_calls(EXAMPLES / "day.csv")
    result = replay(calls, Config.from_file(EXAMPLES / "day.toml"))
    # Its agents answered by the rule that day.toml states. They differ where the shifts do: the record shows an agent
    # only from its first call to its last.
    assert result.record.mean_wait_s is not None
    assert result.engine.mean_wait_s == pytest.approx(result.record.mean_wait_s, abs=2)
    assert abs(result.engine.answered - result.record.answered) <= 2
    by_rule = {one.head_start_s: one.share or 0.0 for one in predict(calls, Config())}
    assert max(by_rule, key=by_rule.__getitem__) == 90
