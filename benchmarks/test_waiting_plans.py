"""What the steps of plans cost while a crowd waits, beside the bare wheel, at three sizes.

The unit is a crowd that comes and of which all timers fire.
"""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.rounds import timed
from benchmarks.waiting_plans import STEPS, WAYS, measure, measure_one, plans_table

ROUNDS = 3
SIZES = [100, 1_000, 10_000]


@pytest.mark.parametrize("contacts", SIZES)
@pytest.mark.parametrize("way", WAYS)
def test_every_timer_of_a_crowd_fires(benchmark: BenchmarkFixture, way: str, contacts: int) -> None:
    """Guards: every step of every contact is carried out and told, be the crowd large or small."""
    fired, _ = timed(benchmark, measure_one, way, contacts, rounds=ROUNDS)
    assert fired.timers == (contacts if way == "engine: overdue" else STEPS * contacts)
    assert fired.cpu_ns > 0


def test_the_table_is_made() -> None:
    table = plans_table(measure(1, [50]))
    assert table.count("\n") == len(WAYS) + 1
