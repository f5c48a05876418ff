"""What a decision costs in the core, at three sizes.

The unit is 1 000 iterations of ``bench core``: one decision each.
"""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.rounds import timed
from ccroute.bench.core_bench import CoreSize, Skilled, busy_floor, half_idle_floor

ITERATIONS = 1_000
ROUNDS = 30

SIZES = [
    pytest.param(CoreSize(agents=100, profiles=20, classes=40, waiting=1_000, skills=20), id="100-agents"),
    pytest.param(CoreSize(agents=1_000, profiles=200, classes=400, waiting=10_000, skills=60), id="1000-agents"),
    pytest.param(CoreSize(agents=10_000, profiles=2_000, classes=4_000, waiting=100_000, skills=60), id="10000-agents"),
]


@pytest.mark.parametrize("size", SIZES)
def test_saturated_decisions(benchmark: BenchmarkFixture, size: CoreSize) -> None:
    """Guards: a freed agent gets its best contact in less than a microsecond up to 10 000 agents, however many wait."""
    acd, floor = busy_floor(Skilled(size), size, size.waiting)
    floor.fill(size.waiting)
    floor.checked(20, False)
    taken, busy = floor.taken_contacts, floor.busy_agents

    _, rounds = timed(benchmark, floor.saturated, ITERATIONS, rounds=ROUNDS)

    assert floor.taken_contacts - taken == rounds * ITERATIONS + floor.busy_agents - busy
    assert acd.totals()["contacts"] == size.agents + size.waiting


@pytest.mark.parametrize("size", SIZES)
def test_idle_decisions(benchmark: BenchmarkFixture, size: CoreSize) -> None:
    """Guards: a new contact gets its longest-idle agent in less than a microsecond up to 10 000 agents."""
    acd, floor = half_idle_floor(Skilled(size), size)
    inside = acd.totals()["contacts"]
    floor.checked(20, True)
    taken, busy = floor.taken_contacts, floor.busy_agents

    _, rounds = timed(benchmark, floor.idle, ITERATIONS, rounds=ROUNDS)

    assert floor.taken_contacts - taken == rounds * ITERATIONS + floor.busy_agents - busy
    assert acd.totals()["contacts"] == inside
