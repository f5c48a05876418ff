"""Estimates of waiting times: known cases by hand, what cannot be said, and how often small runs prove them right."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from benchmarks.estimate_worlds import worlds
from benchmarks.estimates import ask, scores_of
from hypothesis import given
from hypothesis import strategies as st

from ccroute import (
    AbandonContact,
    CompleteContact,
    Config,
    Engine,
    EnqueueContact,
    PauseQueue,
    Presence,
    RemoveAgent,
    RemoveQueue,
    SetPresence,
    WaitEstimate,
)
from ccroute.config import Agent, AgentQueue, Offer, Queue
from ccroute.engine.waiting_times import COVERAGE, Clearing, Line, Lines, clearing_of, interval_of
from ccroute.errors import InvalidId, OutOfRange, RequirementError, UnknownName, WrongType
from ccroute.types import OfferMode

S = 1_000_000
AUTO = Offer(mode=OfferMode.AUTO)


def center(agents: int = 2, **queue: object) -> Config:
    """Return a centre with one queue that agents serve."""
    whole = Queue(**{"offer": AUTO, **queue})  # type: ignore[arg-type]
    return Config(queues={"q": whole}, agents={f"a{number}": Agent(queues={"q": 1}) for number in range(agents)})


def opened(config: Config) -> Engine:
    """Return an engine whose agents are all available."""
    engine = Engine(config)
    for agent_id in config.agents:
        engine.handle(SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE), 0)
    return engine


def come(engine: Engine, contact_id: str, at_s: int, **fields: object) -> None:
    """Have a contact come."""
    fields = {"queue_id": "q", "channel": "voice", **fields}
    engine.handle(EnqueueContact(contact_id=contact_id, **fields), at_s * S)  # type: ignore[arg-type]


def busy(config: Config, handling_s: int = 100) -> Engine:
    """Return an engine that has learned a handling time, and whose agents all have a contact in hand."""
    engine = opened(config)
    come(engine, "first", 0)
    engine.handle(CompleteContact(contact_id="first"), handling_s * S)
    for number in range(len(config.agents)):
        come(engine, f"taken{number}", handling_s)
    return engine


def estimated(engine: Engine, contact_id: str) -> WaitEstimate:
    """Return the estimate of a contact that waits."""
    estimate = engine.estimate_wait(contact_id)
    assert estimate is not None
    assert estimate.contact_id == contact_id
    return estimate


# ---- the arithmetic --------------------------------------------------------------------------------------------


def line(**fields: float | tuple[tuple[float, float], ...]) -> Line:
    """Return a line of one server with rate 1, nobody ahead, everything learned from ever so much."""
    plain = {"ahead": 0, "places": 1, "rate_in_hand": 1.0, "rate_ahead": 1.0, "leaving": 0.0, "load_before": 0.0}
    return Line(**{**plain, "leads": (), "known": 10**12, **fields})  # type: ignore[arg-type]


def cleared(**fields: float | tuple[tuple[float, float], ...]) -> tuple[float, float]:
    """Return mean and variance of a line."""
    clearing = clearing_of(line(**fields))
    assert clearing is not None
    return pytest.approx(clearing.mean), pytest.approx(clearing.variance)  # type: ignore[return-value]


def test_those_ahead_are_departures_of_the_servers() -> None:
    assert cleared() == (1, 1)
    assert cleared(ahead=9, places=4, rate_in_hand=4.0, rate_ahead=4.0) == (10 / 4, 10 / 16)
    assert cleared(ahead=2.5) == (3.5, 3.5)


def test_what_is_in_hand_leaves_first() -> None:
    assert cleared(ahead=3, places=2, rate_in_hand=1.0, rate_ahead=4.0) == (1 + 1 + 2 / 4, 1 + 1 + 2 / 16)


def test_those_ahead_lose_patience() -> None:
    assert cleared(ahead=2, leaving=0.5) == (1 / 2 + 1 / 1.5 + 1, 1 / 4 + 1 / 2.25 + 1)


def test_a_long_line_is_added_up_in_pieces() -> None:
    exact = sum(1 / (10 + left * 0.01) for left in range(50_001))
    clearing = clearing_of(line(ahead=50_000, places=10, rate_in_hand=10.0, rate_ahead=10.0, leaving=0.01))
    assert clearing is not None
    assert clearing.mean == pytest.approx(exact, rel=1e-3)


def test_later_ones_who_go_first_make_it_longer_up_to_a_point() -> None:
    # A delay cycle: mean / (1 − ρ), variance / (1 − ρ)² + 2 · mean · ρ / (1 − ρ)³.
    assert cleared(load_before=0.5) == (2, 4 + 2 * 0.5 / 0.125)
    assert clearing_of(line(load_before=0.95)) is None


def test_a_lead_counts_only_as_long_as_it_lasts() -> None:
    for leads, load_before, mean in (((1e9, 0.5),), 0.0, 20), (((4.0, 0.5),), 0.0, 12), (((4.0, 0.5),), 0.2, 15):
        clearing = clearing_of(line(ahead=9, leads=leads, load_before=load_before))
        assert clearing is not None
        assert clearing.mean == pytest.approx(mean, rel=1e-4)


def test_few_handling_times_make_it_less_sure() -> None:
    assert cleared(known=4) == (1, 1.25)


@given(st.floats(0.001, 1e6), st.floats(0.1, 1e4))
def test_the_interval_is_that_of_a_gamma_distribution(mean: float, shape: float) -> None:
    low, high = interval_of(Clearing(mean, mean**2 / shape))
    assert 0 <= low < high
    if shape >= 1:
        assert low < mean < high
    if shape == 1.0:
        assert low == pytest.approx(-mean * math.log(0.9), rel=0.1)


def test_what_is_certain_has_no_width() -> None:
    assert interval_of(Clearing(5.0, 0.0)) == (5.0, 5.0)
    # Quantiles of the exponential distribution, for which the cube root is least exact.
    assert interval_of(Clearing(1.0, 1.0)) == (pytest.approx(0.105, abs=0.01), pytest.approx(2.303, abs=0.03))


def test_everybody_joins_the_line_that_clears_first() -> None:
    lines = Lines()
    lines.join({1: 2}, 10.0)
    assert lines.turn({1: 2.0}) == pytest.approx(5 + 1 / 2)
    lines.join({1: 2, 2: 1}, 2.0)  # all of it fits before the second group, up to 2
    assert lines.turn({2: 1.0}) == pytest.approx(2 + 1)
    lines.join({1: 2, 2: 1}, 9.0)  # 3 of it until both clear at 5, then 6 before both
    assert lines.turn({1: 2.0, 2: 1.0}) == pytest.approx(7 + 1 / 3)
    lines.join({}, 5.0)
    assert lines.turn({3: 1.0}) == pytest.approx(1)


def test_groups_race_once_their_lines_are_cleared() -> None:
    lines = Lines()
    lines.join({1: 1}, 1.0)
    # Group 2 takes from now on at rate 1; from 1 on both do.
    assert lines.turn({1: 1.0, 2: 1.0}) == pytest.approx((1 - math.exp(-1)) + math.exp(-1) / 2)


# ---- known cases -----------------------------------------------------------------------------------------------


def test_the_first_in_line_waits_for_one_of_its_agents() -> None:
    engine = busy(center(agents=4))
    come(engine, "c", 100)
    estimate = estimated(engine, "c")
    assert (estimate.expected_us, estimate.method, estimate.unknown) == (25 * S, "ql_m", None)
    assert estimate.low_us is not None
    assert estimate.high_us is not None
    assert estimate.low_us < 25 * S < estimate.high_us
    assert (estimate.coverage, estimate.agents_online, estimate.places) == (COVERAGE, 4, 4)
    assert (estimate.handled, estimate.handling_us, estimate.ahead_thousandths) == (1, 100 * S, 0)


def test_those_before_it_count_and_those_behind_do_not() -> None:
    engine = busy(center(agents=4))
    for number in range(5):
        come(engine, f"c{number}", 100)
    assert estimated(engine, "c3").expected_us == 4 * 25 * S
    assert estimated(engine, "c3").position == engine.position("c3")
    come(engine, "vip", 100, tier=1)
    assert estimated(engine, "vip").expected_us == 25 * S
    assert estimated(engine, "c3").ahead_thousandths == 4_000


def test_one_that_might_come_is_told_as_one_that_came() -> None:
    engine = busy(center(agents=3))
    for number in range(3):
        come(engine, f"c{number}", 100)
    before = engine.snapshot()
    guess = engine.estimate_wait(queue_id="q", channel="voice")
    vip = engine.estimate_wait(queue_id="q", channel="voice", tier=1)
    lead = engine.estimate_wait(queue_id="q", channel="voice", head_start_us=1)
    assert engine.snapshot() == before
    assert guess is not None
    assert vip is not None
    assert lead is not None
    come(engine, "c", 100)
    told = estimated(engine, "c")
    assert (guess.expected_us, guess.low_us, guess.high_us) == (told.expected_us, told.low_us, told.high_us)
    assert guess.position == told.position
    assert guess.contact_id is None
    assert (vip.position.overall, vip.position.outranking) == (1, 0)
    assert (lead.position.overall, lead.position.outranking) == (1, 0)


def test_a_free_agent_takes_it_at_once() -> None:
    engine = opened(center())
    estimate = engine.estimate_wait(queue_id="q", channel="voice")
    assert estimate is not None
    assert (estimate.method, estimate.expected_us, estimate.high_us) == ("free", 0, 0)


def test_one_that_rings_is_taken_before_the_offer_ends() -> None:
    engine = opened(center(offer=Offer(offer_timeout_us=20 * S)))
    come(engine, "c", 0)
    engine.advance(4 * S)
    estimate = estimated(engine, "c")
    assert (estimate.method, estimate.low_us, estimate.expected_us, estimate.high_us) == ("offered", 0, 8 * S, 16 * S)


def test_agents_who_share_other_work_count_by_their_share() -> None:
    agents = {"a0": Agent(queues={"q": 1}), "a1": Agent(queues={"q": 1, "r": 1}), "a2": Agent(queues={"r": 1})}
    engine = busy(Config(queues={"q": Queue(offer=AUTO), "r": Queue(offer=AUTO)}, agents=agents))
    engine.handle(CompleteContact(contact_id="taken0"), 100 * S)  # a0 takes the third
    come(engine, "taken", 100, queue_id="r")
    come(engine, "other", 100, queue_id="r")
    come(engine, "c", 100)
    # One before it, who can go to two agents, one of whom is one of its two.
    assert estimated(engine, "c").position.outranking == 1
    assert 0 < estimated(engine, "c").ahead_thousandths < 1_000


def test_patience_is_learned_and_shortens_the_wait() -> None:
    engine = busy(center(agents=1))
    for number in range(4):
        come(engine, f"c{number}", 100)
    patient = estimated(engine, "c3").expected_us
    come(engine, "left", 100)
    engine.handle(AbandonContact(contact_id="left"), 101 * S)
    impatient = estimated(engine, "c3").expected_us
    assert patient is not None
    assert impatient is not None
    assert impatient < patient == 4 * 100 * S
    assert estimated(engine, "c3").left == 1


def test_what_was_removed_from_the_configuration_does_not_count() -> None:
    agents = {"gone": Agent(queues={"q": 1}), "a0": Agent(queues={"q": 1, "old": 1})}
    config = Config(queues={"q": Queue(offer=AUTO), "old": Queue(offer=AUTO)}, agents=agents)
    engine = Engine(config)
    engine.handle(SetPresence(agent_id="a0", presence=Presence.AVAILABLE), 0)
    come(engine, "before", 0, queue_id="old")
    engine.handle(CompleteContact(contact_id="before"), 100 * S)
    come(engine, "first", 100)
    engine.handle(CompleteContact(contact_id="first"), 200 * S)
    engine.handle(RemoveQueue(queue_id="old"), 200 * S)
    engine.handle(RemoveAgent(agent_id="gone"), 200 * S)
    assert engine.queue("old") is None
    come(engine, "taken", 200)
    come(engine, "c", 200)
    assert estimated(engine, "c").expected_us == 100 * S
    guess = engine.estimate_wait(queue_id="q", channel="voice")
    assert guess is not None
    assert (guess.expected_us, guess.agents_online, guess.position.outranking) == (200 * S, 1, 1)


# ---- what cannot be said ---------------------------------------------------------------------------------------


def _nobody(engine: Engine) -> None:
    for number in range(2):
        engine.handle(SetPresence(agent_id=f"a{number}", presence=Presence.OFFLINE), 100 * S)


def _away(engine: Engine) -> None:
    for number in range(2):
        engine.handle(SetPresence(agent_id=f"a{number}", presence=Presence.AWAY), 100 * S)


@pytest.mark.parametrize(
    ("happens", "reason", "online"),
    [
        (_nobody, "nobody_online", 0),
        (_away, "nobody_available", 2),
        (lambda engine: engine.handle(PauseQueue(queue_id="q"), 100 * S), "queue_paused", 2),
    ],
)
def test_what_cannot_be_said_says_why(happens: Callable[[Engine], object], reason: str, online: int) -> None:
    engine = busy(center())
    come(engine, "c", 100)
    happens(engine)
    estimate = estimated(engine, "c")
    assert (estimate.method, estimate.unknown, estimate.agents_online) == ("unknown", reason, online)
    assert (estimate.expected_us, estimate.low_us, estimate.high_us) == (None, None, None)


def test_without_a_handling_time_nothing_can_be_said() -> None:
    engine = opened(center())
    for number in range(3):
        come(engine, f"c{number}", 1)
    assert estimated(engine, "c2").unknown == "no_handling_time"


def test_a_queue_without_offers_of_its_own_has_no_estimate() -> None:
    engine = opened(center(offer=Offer(mode=OfferMode.MANUAL)))
    come(engine, "c", 1)
    assert estimated(engine, "c").unknown == "manual"


def test_contacts_that_go_first_can_take_all_the_time() -> None:
    engine = busy(center(agents=1))
    come(engine, "c", 100)
    for number in range(50):
        come(engine, f"vip{number}", 101 + number, tier=1)
    assert estimated(engine, "c").unknown == "overloaded"


def test_one_that_does_not_wait_has_no_estimate() -> None:
    engine = busy(center())
    assert engine.estimate_wait("taken0") is None
    assert engine.estimate_wait("never") is None


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, WrongType),
        ({"queue_id": "q"}, WrongType),
        ({"queue_id": "x", "channel": "voice"}, UnknownName),
        ({"queue_id": "q", "channel": "x"}, UnknownName),
        ({"queue_id": "q", "channel": 1}, WrongType),
        ({"queue_id": "q", "channel": "voice", "requires": 1}, WrongType),
        ({"queue_id": "q", "channel": "voice", "requires": "agent."}, RequirementError),
        ({"queue_id": "q", "channel": "voice", "requires": "agent.skills.x > 1"}, UnknownName),
        ({"queue_id": "q", "channel": "voice", "tier": True}, WrongType),
        ({"queue_id": "q", "channel": "voice", "tier": 2**31}, OutOfRange),
        ({"queue_id": "q", "channel": "voice", "head_start_us": 1.0}, WrongType),
        ({"queue_id": "q", "channel": "voice", "head_start_us": -(10**15)}, OutOfRange),
        ({"contact_id": "c", "queue_id": "q"}, WrongType),
        ({"contact_id": "c", "head_start_us": 0}, WrongType),
        ({"contact_id": ""}, InvalidId),
        ({"contact_id": 1.5}, WrongType),
    ],
)
def test_arguments_are_checked(arguments: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        opened(center()).estimate_wait(**arguments)  # type: ignore[arg-type]


def test_backup_agents_who_come_in_later_do_not_count_yet() -> None:
    agents = {"a0": Agent(queues={"q": 1}), "a1": Agent(queues={"q": AgentQueue(rank=2, after_us=10 * S)})}
    engine = opened(Config(queues={"q": Queue(offer=AUTO)}, agents=agents))
    estimate = engine.estimate_wait(queue_id="q", channel="voice")
    assert estimate is not None
    assert estimate.agents_online == 1


# ---- how often it is right -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("load 0.85", 0.72, 0.88),
        ("load 1.1", 0.72, 0.88),
        ("4 agents", 0.72, 0.88),
        ("VIPs", 0.75, 0.95),
        ("head start", 0.75, 0.95),
        ("skills", 0.70, 0.90),
        ("backup", 0.70, 0.90),
        ("trace C", 0.72, 0.88),
    ],
)
def test_true_waits_fall_into_the_interval_about_as_often_as_meant(name: str, least: float, most: float) -> None:
    answers = ask(worlds()[name], 6_000, seed=4)
    inside = asked = 0.0
    for score in scores_of(name, answers):
        asked += score.asked - score.unknown
        inside += score.inside * (score.asked - score.unknown)
    assert asked >= 100
    assert least <= inside / asked <= most
