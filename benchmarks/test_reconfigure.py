"""What changes of the configuration cost while contacts wait, at three sizes. The unit is every change once."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.reconfigure import QUICK, Size, changes_table, measure, measure_one
from benchmarks.rounds import timed

ROUNDS = 2
SIZES = [
    pytest.param(Size(waiting=100, agents=60, queues=8), id="100-waiting"),
    pytest.param(QUICK, id="1000-waiting"),
    pytest.param(Size(waiting=10_000, agents=1_000), id="10000-waiting"),
]


@pytest.mark.parametrize("size", SIZES)
def test_changes_while_contacts_wait(benchmark: BenchmarkFixture, size: Size) -> None:
    """Guards: a change is carried out in place, and the floor then decides as one that is built anew."""
    found, _ = timed(benchmark, measure_one, size, rounds=ROUNDS)
    assert len({one.change for one in found}) == len(found)


def test_the_table_is_made() -> None:
    found = measure(1, QUICK)
    assert changes_table(found).count("\n") == len(found) + 1
