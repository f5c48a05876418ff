"""Figures by hand: service level, occupancy, intervals on the days the clocks change, and the bound of percentiles."""

from __future__ import annotations

import datetime
import re
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from ccroute import (
    AbandonContact,
    AcceptOffer,
    AssignAs,
    AssignContact,
    CancelContact,
    CompleteContact,
    Config,
    ConnectFailed,
    Engine,
    EnqueueContact,
    Ignorable,
    OutOfRange,
    Presence,
    SetPresence,
    Sketch,
    UnknownName,
    WrongType,
)
from ccroute.commands import Command, PutAgent, PutQueue, RemoveAgent, RemoveQueue
from ccroute.config.structs import Agent, Hours, Queue
from ccroute.engine import figures, reports
from ccroute.engine.intervals import interval_around
from ccroute.engine.sketch import PRECISION, bucket_of, longest_of

SECOND: Final = 1_000_000
HOUR: Final = 3_600 * SECOND
TALLIES: Final = Path(__file__).parents[1] / "src/ccroute/engine/tallies.pxd"


def centre(**queue: Any) -> Engine:
    """Return an engine with a queue ``q``, agents a0 and a1 available, and 20 s promised."""
    config = Config.from_dict(
        {"queues": {"q": {"cooldown_us": 0, **queue}}, "agents": {f"a{at}": {"queues": {"q": 1}} for at in range(2)}}
    )
    return Engine(config)


def sign_in(engine: Engine, agent_id: str, at_s: int, presence: Presence = Presence.AVAILABLE, **more: Any) -> None:
    engine.handle(SetPresence(agent_id=agent_id, presence=presence, **more), at_s * SECOND)


def call(engine: Engine, contact_id: str, at_s: int, channel: str = "voice") -> None:
    engine.handle(EnqueueContact(contact_id=contact_id, queue_id="q", channel=channel), at_s * SECOND)


def do(engine: Engine, command: Command, at_s: int) -> None:
    engine.handle(command, at_s * SECOND)


# ---- service level


def test_a_wait_of_just_what_is_promised_keeps_the_promise() -> None:
    engine = centre(offer={"offer_timeout_us": HOUR})
    sign_in(engine, "a0", 0)
    sign_in(engine, "a1", 0)
    call(engine, "in time", 0)
    call(engine, "late", 0)
    call(engine, "patient", 1)
    call(engine, "impatient", 1)
    do(engine, AcceptOffer(offer_id="o1"), 20)
    engine.handle(AcceptOffer(offer_id="o2"), 20 * SECOND + 1)
    do(engine, AbandonContact(contact_id="impatient"), 21)
    engine.handle(AbandonContact(contact_id="patient"), 21 * SECOND + 1)
    service = engine.statistics(queue_id="q").queues["q"].service
    assert (service.answered_within_us, service.answered, service.answered_within) == (20 * SECOND, 2, 1)
    assert (service.abandoned, service.abandoned_within, service.undecided) == (2, 1, 0)
    levels = (service.level, service.level_answered, service.level_patient)
    assert [(one.numerator, one.denominator, one.ratio) for one in levels] == [(1, 4, 0.25), (1, 2, 0.5), (1, 3, 1 / 3)]
    assert (service.wait.sum_us, service.wait.max_us) == (40 * SECOND + 1, 20 * SECOND + 1)
    assert (service.wait_abandoned.sum_us, service.wait_abandoned.max_us) == (40 * SECOND + 1, 20 * SECOND + 1)


def test_an_accept_that_is_undone_is_no_answer_and_leaves_no_trace_in_waits() -> None:
    engine = centre(offer={"offer_timeout_us": HOUR})
    sign_in(engine, "a0", 0)
    call(engine, "c", 0)
    do(engine, AcceptOffer(offer_id="o1"), 30)
    report = engine.statistics()
    assert report.total is not None
    assert (report.total.service.answered, report.total.service.wait.max_us) == (1, 30 * SECOND)
    do(engine, ConnectFailed(contact_id="c"), 40)
    report = engine.statistics()
    assert report.total is not None
    service, work, offers = report.total.service, report.total.work, report.total.offers
    assert (service.answered, service.undecided) == (0, 1)
    assert (service.wait.count, service.wait.sum_us, service.wait.max_us) == (0, 0, None)
    assert service.wait.sketch == Sketch()
    assert (work.handling.count, work.connect_failed, offers.undone) == (0, 1, 1)
    agent = report.agents["a0"]
    assert (agent.answered, agent.wait.count, agent.wait.max_us) == (0, 0, None)
    # What it lasted is time that the agent was at work.
    assert agent.times.working_us == 10 * SECOND


def test_nothing_yet_has_no_ratio() -> None:
    report = centre().statistics()
    assert report.total is not None
    assert report.total.service.level.ratio is None
    assert report.agents["a0"].times.occupancy.ratio is None
    assert report.total.service.wait.sketch is not None
    assert report.total.service.wait.sketch.quantile(0.5) is None
    assert report.agents_intervals == []


# ---- occupancy


def test_occupancy_and_presence_of_an_hour_by_hand() -> None:
    engine = centre(wrap_up_us=60 * SECOND, offer={"mode": "auto"})
    sign_in(engine, "a0", 600)
    call(engine, "c", 1_200)
    do(engine, CompleteContact(contact_id="c"), 1_800)
    sign_in(engine, "a0", 2_400, Presence.AWAY, label="lunch")
    engine.advance(3_600 * SECOND)
    times = engine.statistics(agent_id="a0").agents["a0"].times
    told = (times.idle_us, times.working_us, times.wrapping_us, times.away_us, times.offline_us)
    assert told == tuple(seconds * SECOND for seconds in (600 + 540, 600, 60, 1_200, 0))
    assert times.occupancy.ratio == 660 / 1_800
    assert times.utilisation.ratio == 660 / 3_000
    presences = engine.statistics(agent_id="a0").agents["a0"].presences
    assert [(one.presence, one.label, one.time_us // SECOND) for one in presences] == [
        (Presence.AVAILABLE, None, 1_800),
        (Presence.AWAY, "lunch", 1_200),
    ]
    intervals = engine.statistics(series=True).agents_intervals
    assert [(one.starts_at_us // SECOND, one.times.working_us // SECOND) for one in intervals] == [
        (0, 0),
        (900, 600),
        (1_800, 0),
        (2_700, 0),
        (3_600, 0),
    ]
    assert sum(one.times.idle_us for one in intervals) == times.idle_us


def test_labels_beyond_those_kept_count_together() -> None:
    engine = centre()
    for number in range(figures.LABELS_MAX + 3):
        sign_in(engine, "a0", number, Presence.AWAY, label=f"reason {number}")
    engine.advance((figures.LABELS_MAX + 3) * SECOND)
    presences = {one.label: one.time_us for one in engine.statistics(agent_id="a0").agents["a0"].presences}
    # The present one is told as it is until it ends.
    assert len(presences) == figures.LABELS_MAX + 2
    assert presences[figures.OTHER_LABELS] == 2 * SECOND
    restored = Engine.restore(engine.snapshot())
    assert restored.statistics() == engine.statistics()


def test_agents_that_were_silent_for_years_have_the_last_hundred_intervals() -> None:
    engine = centre()
    sign_in(engine, "a0", 0)
    for at_s in (10**8, 2 * 10**8):
        engine.advance(at_s * SECOND)
        intervals = engine.statistics(series=True).agents_intervals
        assert len(intervals) == figures.INTERVALS_MAX
        assert all(one.ends_at_us == other.starts_at_us for one, other in pairwise(intervals))
        assert all(one.times.idle_us == 900 * SECOND for one in intervals[:-1])
        sign_in(engine, "a0", at_s, Presence.AWAY)
        sign_in(engine, "a0", at_s)
        assert engine.statistics(series=True).agents_intervals[:-1] == intervals[:-1]


# ---- intervals


def offsets_of(zone: str, year: int) -> list[tuple[int, int]]:
    """Return the moments at which the clocks of a zone are changed in a year, found hour by hour."""
    found: list[tuple[int, int]] = []
    for hour in range(int(datetime.datetime(year, 1, 1, tzinfo=datetime.UTC).timestamp()) // 1_800, 10**9):
        moment = datetime.datetime.fromtimestamp(hour * 1_800, ZoneInfo(zone))
        if moment.year > year:
            return found
        offset = moment.utcoffset()
        assert offset is not None
        if not found or found[-1][1] != int(offset.total_seconds()) * SECOND:
            found.append((hour * 1_800 * SECOND, int(offset.total_seconds()) * SECOND))
    raise AssertionError


def lengths_of_day(zone: str, length_us: int, year: int, month: int, day: int) -> list[int]:
    """Return the lengths in minutes of the intervals from one local midnight to the next."""
    offsets = offsets_of(zone, year)
    midnight = datetime.datetime(year, month, day, tzinfo=ZoneInfo(zone))
    at = int(midnight.timestamp()) * SECOND
    until = int((midnight + datetime.timedelta(days=1)).timestamp()) * SECOND
    lengths = []
    while at < until:
        begin, end = interval_around(offsets, length_us, at)
        assert begin == at
        assert interval_around(offsets, length_us, end - 1) == (begin, end)
        lengths.append((end - begin) // (60 * SECOND))
        at = end
    assert at == until
    return lengths


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", (2026, 3, 29), 23),
        ("Europe/Berlin", (2026, 10, 25), 25),
        ("America/New_York", (2026, 11, 1), 25),
        ("Asia/Kolkata", (2026, 3, 29), 24),
        ("Australia/Lord_Howe", (2026, 4, 5), 24.5),
        ("Australia/Lord_Howe", (2026, 10, 4), 23.5),
    ],
)
def test_a_day_of_changed_clocks_is_one_day_and_cut_into_what_clocks_show(
    zone: str, day: tuple[int, int, int], hours: float
) -> None:
    assert lengths_of_day(zone, 24 * HOUR, *day) == [hours * 60]
    assert lengths_of_day(zone, HOUR // 4, *day) == [15] * int(hours * 4)
    odd = [] if hours == int(hours) else [30]
    assert sorted(lengths_of_day(zone, HOUR, *day)) == odd + [60] * int(hours)


def test_a_queue_counts_by_the_clocks_of_its_zone() -> None:
    offsets = offsets_of("Europe/Berlin", 2026)
    config = Config.from_toml(
        '[engine]\ninterval = "6h"\n[queues.q]\n[queues.u]\n[agents.a0]\nqueues = { q = 1, u = 1 }'
    )
    hours = Hours(zone="Europe/Berlin", spans=[], offsets=offsets)
    queues = {"q": structs.replace(config.queues["q"], hours=hours), "u": config.queues["u"]}
    engine = Engine(structs.replace(config, queues=queues))
    berlin = ZoneInfo("Europe/Berlin")
    for number, hour in enumerate((1, 2, 4, 6, 7)):
        at = datetime.datetime(2026, 3, 29, hour, 30, tzinfo=berlin)
        for queue_id in ("q", "u"):
            command = EnqueueContact(contact_id=f"{queue_id}{number}", queue_id=queue_id, channel="chat")
            engine.handle(command, int(at.timestamp()) * SECOND)
    report = engine.statistics(series=True)
    told = {
        id_: [
            (
                datetime.datetime.fromtimestamp(one.starts_at_us // SECOND, berlin).strftime("%H:%M"),
                (one.ends_at_us - one.starts_at_us) // HOUR,
                one.contacts.created,
            )
            for one in figures_of_queue.intervals
        ]
        for id_, figures_of_queue in report.queues.items()
    }
    assert told == {"q": [("00:00", 5, 3), ("06:00", 6, 2)], "u": [("01:00", 6, 5)]}
    assert Engine.restore(engine.snapshot()).statistics(series=True) == report


def test_intervals_beyond_those_kept_stay_in_the_sums() -> None:
    engine = centre()
    for number in range(figures.INTERVALS_MAX + 50):
        call(engine, f"c{number}", number * 900)
    report = engine.statistics(series=True)
    assert report.total is not None
    assert report.total.contacts.created == figures.INTERVALS_MAX + 50
    starts = [one.starts_at_us for one in report.total.intervals]
    assert starts == [number * 900 * SECOND for number in range(50, figures.INTERVALS_MAX + 50)]
    assert sum(one.contacts.created for one in report.total.intervals) == figures.INTERVALS_MAX
    assert Engine.restore(engine.snapshot()).statistics(series=True) == report


def test_an_answer_is_taken_out_of_the_interval_in_which_it_came() -> None:
    engine = centre(offer={"mode": "auto"})
    sign_in(engine, "a0", 0)
    call(engine, "c", 100)
    assert [one.service.answered for one in engine.statistics(series=True, queue_id="q").queues["q"].intervals] == [1]
    do(engine, ConnectFailed(contact_id="c", cooldown="for_ever"), 1_000)
    intervals = engine.statistics(series=True, queue_id="q").queues["q"].intervals
    assert [(one.service.answered, one.work.connect_failed) for one in intervals] == [(0, 0), (0, 1)]
    assert [(one.offers.accepted, one.offers.undone) for one in intervals] == [(1, 1), (0, 0)]


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(-50_000, 50_000))), st.integers(1, 90_000), st.data())
def test_intervals_leave_no_gap_and_do_not_overlap(pairs: list[tuple[int, int]], length: int, data: Any) -> None:
    offsets = sorted(dict(pairs).items())
    at = data.draw(st.integers(0, 10**9))
    begin, end = interval_around(offsets, length, at)
    assert begin <= at < end
    assert interval_around(offsets, length, end)[0] == end
    assert interval_around(offsets, length, end - 1) == (begin, end)
    assert interval_around(offsets, length, begin) == (begin, end)


# ---- sketches


@given(st.integers(0, 2**53 - 1))
def test_a_bucket_is_never_too_low_and_at_most_a_32nd_too_high(length: int) -> None:
    told = longest_of(bucket_of(length))
    assert length <= told <= length + length // PRECISION
    assert bucket_of(told) == bucket_of(length)
    assert bucket_of(told + 1) == bucket_of(length) + 1


def sketch(lengths: list[int]) -> Sketch:
    """Return the sketch of lengths."""
    whole = Sketch()
    for length in lengths:
        whole = whole.merge(Sketch(buckets=[(bucket_of(length), 1)]))
    return whole


LENGTHS: Final = st.lists(st.integers(0, 2**53 - 1), max_size=40)


@given(LENGTHS, LENGTHS, LENGTHS)
def test_merging_hangs_on_no_order(one: list[int], other: list[int], third: list[int]) -> None:
    a, b, c = sketch(one), sketch(other), sketch(third)
    assert a.merge(b) == b.merge(a) == sketch(one + other)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(Sketch()) == a


@given(LENGTHS.filter(bool), st.integers(0, 100))
def test_quantiles_keep_their_bound(lengths: list[int], percent: int) -> None:
    true = sorted(lengths)[max(1, -(-len(lengths) * percent // 100)) - 1]
    told = sketch(lengths).quantile(percent / 100)
    assert told is not None
    assert true <= told <= true + true // 32


def test_quantiles_of_no_share_are_refused() -> None:
    for share in (-0.1, 1.5, float("nan")):
        with pytest.raises(OutOfRange):
            Sketch().quantile(share)
    with pytest.raises(WrongType):
        Sketch().quantile("0.5")  # type: ignore[arg-type]


# ---- asking


def test_an_agent_that_never_signed_in_has_the_offers_it_was_assigned() -> None:
    engine = centre()
    call(engine, "c", 0)
    ignoring = [Ignorable.PRESENCE]
    do(engine, AssignContact(contact_id="c", agent_id="a0", as_=AssignAs.OFFER, ignoring=ignoring), 1)
    engine.advance(60 * SECOND)
    offers = engine.statistics(agent_id="a0").agents["a0"].offers
    assert (offers.made, offers.expired, offers.pending) == (1, 1, 0)


def test_wrong_questions_are_refused() -> None:
    engine = centre()
    for wrong in ({"queue_id": "x"}, {"channel": "x"}, {"skill": "x"}, {"agent_id": "x"}, {"agent_id": 9}):
        with pytest.raises(UnknownName):
            engine.statistics(**wrong)  # type: ignore[arg-type]
    for wrong in ({"queue_id": 1}, {"channel": 1}, {"skill": 1}, {"agent_id": 1.5}, {"series": 1}):
        with pytest.raises(WrongType):
            engine.statistics(**wrong)  # type: ignore[arg-type]


def test_a_selection_tells_what_it_names() -> None:
    config = Config.from_toml(
        '[skills.s]\n[queues.q]\nrequires = "agent.skills.t > 0"\n[queues.r]\n[agents.a0]\nskills = { t = 1 }'
    )
    engine = Engine(config)
    call(engine, "c", 1)
    call(engine, "d", 2, "chat")
    both = engine.statistics(queue_id="q", channel="chat")
    assert both.total is not None
    assert (both.total.contacts.created, list(both.queues), list(both.channels)) == (1, ["q"], ["chat"])
    assert (both.skills, both.agents) == ({}, {})
    skills = engine.statistics(skill="t")
    assert (skills.total, list(skills.queues), list(skills.skills)) == (None, [], ["t"])
    assert skills.skills["t"].contacts.created == 2
    assert engine.statistics(skill="s").skills["s"].contacts.created == 0
    agent = engine.statistics(agent_id=0)
    assert (agent.total, agent.skills, list(agent.agents)) == (None, {}, ["a0"])
    assert engine.statistics(channel="fax").channels["fax"].contacts.created == 0
    assert list(engine.statistics().channels) == ["voice", "chat"]


def test_counts_stand_in_the_order_of_the_kernel() -> None:
    names = re.findall(r"^    N_(\w+) = (\d+)$", TALLIES.read_text(), re.MULTILINE)
    assert [name.lower() for name, _ in sorted(names, key=lambda one: int(one[1]))] == list(reports.COUNTS)


def test_what_was_removed_still_adds_up_and_what_is_new_is_counted() -> None:
    engine = Engine(Config.from_toml("[queues.q]\n[queues.r]\n[agents.a]\nqueues = { q = 1 }\n[agents.b]"))
    call(engine, "c", 0)
    do(engine, EnqueueContact(contact_id="d", queue_id="r", channel="voice"), 0)
    do(engine, CancelContact(contact_id="d"), 1)
    do(engine, RemoveQueue(queue_id="r"), 2)
    do(engine, RemoveAgent(agent_id="b"), 2)
    do(engine, PutAgent(agent_id="z", config=Agent(skills={"fr": 9})), 3)
    do(engine, PutQueue(queue_id="n", config=Queue(requires="agent.skills.fr > 1")), 3)
    do(engine, PutAgent(agent_id="z", config=Agent(queues={"n": 1}, skills={"fr": 9})), 3)
    sign_in(engine, "z", 4)
    do(engine, EnqueueContact(contact_id="e", queue_id="n", channel="chat"), 5)
    report = engine.statistics(series=True)
    assert report.total is not None
    created = {id_: one.contacts.created for id_, one in report.queues.items()}
    assert created == {"q": 1, "n": 1, "r": 1}
    assert (report.total.contacts.created, list(report.agents), list(report.skills)) == (3, ["a", "z"], ["fr"])
    assert report.agents["z"].offers.pending == report.skills["fr"].offers.pending == 1
    assert (report.agents_now.offline, report.agents_now.idle) == (1, 1)
    assert Engine.restore(engine.snapshot()).statistics(series=True) == report
