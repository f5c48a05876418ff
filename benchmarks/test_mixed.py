"""What the features cost one by one, and a mixed floor with many at once.

The unit is 200 lives of calls, or 1 000 contacts of the mixed floor.
"""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.core_features import CORE_FEATURES, CoreFeature, time_core
from benchmarks.feature_list import FEATURES, Feature
from benchmarks.features import Cost, Desk, core_table, cost_table, measure, measure_core
from benchmarks.mixed_floor import QUICK, Floor, Size, calls_table, speed_line
from benchmarks.mixed_floor import measure as measure_floor
from benchmarks.recorder import time_whole
from benchmarks.rounds import timed
from benchmarks.traces import make

LIVES = 200
CONTACTS = 1_000
ROUNDS = 3
SIZES = [
    pytest.param(QUICK, id="60-agents"),
    pytest.param(Size(agents=600, teams=60, queues=60, skills=30), id="600-agents"),
    pytest.param(Size(agents=2_000, teams=100), id="2000-agents"),
]
EXTRA = {
    # what a feature must be seen to do, as events per life
    "plan": {"RuleFired": 0},
    "own plan": {"RuleFired": 0},
    "step": {"RuleFired": 1, "ContactChanged": 1},
    "condition": {"RuleFired": 0},
    "scheduled": {"ContactScheduled": 1, "ContactQueued": 1},
    "callback": {"CallbackDue": 1},
    "broadcast": {"OfferMade": 3, "OfferRescinded": 2},
    "offers_min": {"OfferMade": 3, "OfferRescinded": 2},
    "hold": {"ContactHeld": 1, "ContactResumed": 1},
    "external load": {"ExternalLoadSet": 2},
    "change": {"ContactChanged": 1},
    "channel": {"ChannelChanged": 1},
    "park": {"ContactParked": 1, "ContactQueued": 2},
    "requeue": {"ContactRequeued": 1, "OfferMade": 2},
    "connect failed": {"ContactRequeued": 1, "OfferMade": 2},
    "blind to queue": {"ContactTransferred": 1, "WrapUpStarted": 2},
    "blind to agent": {"ContactTransferred": 1, "WrapUpStarted": 2},
    "warm to queue": {"ContactTransferred": 1, "WrapUpStarted": 2},
    "warm to agent": {"ContactTransferred": 1, "WrapUpStarted": 2},
    "consult": {"ContactQueued": 2, "ContactClosed": 2},
    "conference": {"LegEnded": 2, "ContactClosed": 1},
    "interruption": {"ContactSuspended": 1, "ContactResumed": 1},
    "pre-emption, suspend": {"ContactSuspended": 1, "ContactResumed": 1},
}


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_lives_with_a_feature(benchmark: BenchmarkFixture, feature: Feature) -> None:
    """Guards: every feature does what its line in the table says, and costs what it costs there."""
    journal = Desk(feature).play(LIVES)
    cpu_s, _ = timed(benchmark, time_whole, journal, rounds=ROUNDS)
    assert cpu_s > 0
    assert journal.events["OfferAccepted"] >= LIVES
    assert not journal.refused
    for event, times in EXTRA.get(feature.name, {}).items():
        assert journal.events[event] == times * LIVES, event
    if feature.name == "pre-emption, requeue":
        assert journal.events["ContactRequeued"] > LIVES // 2


@pytest.mark.parametrize("feature", CORE_FEATURES, ids=lambda feature: feature.name)
def test_trace_with_a_feature_in_the_core(benchmark: BenchmarkFixture, feature: CoreFeature) -> None:
    """Guards: rules that are switched on and not used change no assignment; those that are used serve everybody."""
    trace = make("C").first(CONTACTS)
    (_, answer), _ = timed(benchmark, time_core, feature, trace, rounds=ROUNDS)
    _, spine = time_core(CORE_FEATURES[0], trace)
    assert min(answer.end_us) >= 0
    if not (feature.queue or feature.is_alike or feature.select != CORE_FEATURES[0].select):
        assert answer.start_us == spine.start_us


@pytest.mark.parametrize("size", SIZES)
def test_mixed_floor(benchmark: BenchmarkFixture, size: Size) -> None:
    """Guards: a full floor of every channel, with VIPs who pre-empt e-mail, stays full and leaves nobody behind."""
    floor = Floor(size)
    journal = floor.play(CONTACTS)
    cpu_s, _ = timed(benchmark, time_whole, journal, rounds=ROUNDS)
    assert cpu_s > 0
    assert not journal.refused
    assert journal.events["ContactSuspended"] > 0
    counters = floor.recorder.engine.counters()
    assert counters.created == floor.contacts
    assert counters.inside > 2 * size.agents


def test_the_tables_are_made() -> None:
    costs = measure(1, 20)
    assert {one.feature for one in costs} == {feature.name for feature in FEATURES}
    assert all(isinstance(one, Cost) for one in costs)
    assert cost_table(costs).count("\n") == len(FEATURES) + 1
    assert core_table(measure_core(1, 50)).count("\n") == len(CORE_FEATURES) + 1
    figures = measure_floor(QUICK, 300, 1)
    assert "contacts per CPU-second" in speed_line(figures)
    assert "`EnqueueContact`" in calls_table(figures)
