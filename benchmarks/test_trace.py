"""What a contact of a known trace costs, event queue included, at three sizes. The unit is the whole trace."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import pure_python
from benchmarks.rounds import timed
from benchmarks.traces import RECIPES, Trace, answer_digest, make
from ccroute.bench.trace import Through, serve

CONTACTS = [1_000, 10_000, 100_000]
ROUNDS = 3
THROUGH_ENGINE_MAX = 10_000


@pytest.fixture(scope="module")
def trace() -> Trace:
    """Return trace C."""
    return make("C")


def _bench(benchmark: BenchmarkFixture, trace: Trace, contacts: int, way: Through) -> None:
    part = trace.first(contacts)
    contacts_read, agents_read = part.columns()

    answer, _ = timed(benchmark, lambda: serve(contacts_read, agents_read, through=way), rounds=ROUNDS)

    right = RECIPES["C"].answer_digest
    if contacts < RECIPES["C"].contacts:
        right = answer_digest(pure_python.route(part.rows, part.profiles, part.agents))
    assert answer_digest(list(zip(answer.agent, answer.start_us, strict=True))) == right


@pytest.mark.parametrize("contacts", CONTACTS)
def test_trace_through_the_core(benchmark: BenchmarkFixture, trace: Trace, contacts: int) -> None:
    """Guards: the compiled loop gives the known answer at millions of contacts a second, whatever the length."""
    _bench(benchmark, trace, contacts, Through.CORE)


@pytest.mark.parametrize("contacts", [count for count in CONTACTS if count <= THROUGH_ENGINE_MAX])
def test_trace_through_the_engine(benchmark: BenchmarkFixture, trace: Trace, contacts: int) -> None:
    """Guards: the engine gives the same answer as the core, at above 100 000 contacts a second."""
    _bench(benchmark, trace, contacts, Through.ENGINE)


@pytest.mark.parametrize("contacts", CONTACTS)
def test_trace_through_pure_python(benchmark: BenchmarkFixture, trace: Trace, contacts: int) -> None:
    """Guards the yardstick: the 45 lines that ccroute is compared with give the same answer."""
    part = trace.first(contacts)
    answer, _ = timed(benchmark, pure_python.route, part.rows, part.profiles, part.agents, rounds=ROUNDS)
    if contacts == RECIPES["C"].contacts:
        assert answer_digest(answer) == RECIPES["C"].answer_digest
    assert len(answer) == contacts
