"""What a contact's whole life costs through the engine, at three sizes. The unit is 2 000 lives: 6 000 commands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.rounds import timed
from ccroute import Engine
from ccroute.bench.engine_bench import (
    call_for_each,
    call_for_many,
    carry_out,
    in_batches,
    life_commands,
    open_engine,
)

LIVES = 2_000
ROUNDS = 5
AGENTS = [100, 1_000, 4_000]


def _bench(benchmark: BenchmarkFixture, agents: int, call: Callable[[Engine], int]) -> None:
    """Carry the lives out in a new engine each round; ``carry_out`` raises unless every event of every life came."""

    def prepared() -> tuple[tuple[Engine], dict[str, object]]:
        return (open_engine(agents),), {}

    def lives(engine: Engine) -> float:
        return carry_out(engine, LIVES, call)

    cpu_s, _ = timed(benchmark, lives, setup=prepared, rounds=ROUNDS)
    assert cpu_s > 0


@pytest.mark.parametrize("agents", AGENTS)
def test_lives_one_by_one(benchmark: BenchmarkFixture, agents: int) -> None:
    """Guards: ``handle`` costs no more with more agents; every life gives its eight events."""
    commands = life_commands(LIVES, agents)
    assert len(commands) == 3 * LIVES
    _bench(benchmark, agents, lambda engine: call_for_each(engine, commands))


@pytest.mark.parametrize("agents", AGENTS)
def test_lives_in_batches(benchmark: BenchmarkFixture, agents: int) -> None:
    """Guards: ``handle_many`` costs no more with more agents either, with all events built."""
    batches = in_batches(life_commands(LIVES, agents))
    _bench(benchmark, agents, lambda engine: call_for_many(engine, batches))
