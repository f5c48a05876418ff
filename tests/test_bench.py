"""Measuring measures what it says: the loops give the answers of an independent router, and notice a wrong one."""

from __future__ import annotations

import random
from array import array

import pytest
from benchmarks import pure_python
from benchmarks.traces import RECIPES, Trace, answer_digest, make

from ccroute.bench.core_bench import CoreSize, Regime, Skilled, busy_floor, half_idle_floor, run_core
from ccroute.bench.engine_bench import AGENTS_MIN, carry_out, open_engine, run_engine
from ccroute.bench.trace import Through, serve
from ccroute.errors import EngineBug, OutOfRange
from ccroute.sim.floor import Staff, open_floor
from ccroute.sim.steady import SteadyFloor

SIZES = [
    CoreSize(agents=1, profiles=1, classes=1, waiting=1, skills=1),
    CoreSize(agents=7, profiles=20, classes=3, waiting=11, skills=60),
    CoreSize(agents=50, profiles=50, classes=500, waiting=5, skills=3),
    CoreSize(agents=300, profiles=3, classes=100, waiting=700, skills=9),
    CoreSize(agents=70, profiles=65, classes=129, waiting=200, skills=20),
]


def answer_of(trace: Trace, through: Through) -> list[tuple[int, int]]:
    """Return (agent or -1, start or time of leaving) per contact."""
    answer = serve(*trace.columns(), through=through)
    return list(zip(answer.agent, answer.start_us, strict=True))


def crowded(seed: int) -> Trace:
    """Return a small trace where much happens at one instant, and many lose patience."""
    pick = random.Random(seed)
    profiles = [sorted(pick.sample(range(4), pick.randint(1, 3))) for _ in range(5)]
    profiles.append([0, 1, 2, 3])
    arrivals = sorted(pick.randrange(300) * 10 for _ in range(80))
    rows = [
        (
            at,
            pick.randrange(4),
            pick.randrange(2),
            10 * pick.randint(1, 60) + pick.randrange(3),
            pick.choice((-1, 0, 10, 70)),
        )
        for at in arrivals
    ]
    return Trace(rows=rows, profiles=profiles, agents=[at % 6 for at in range(9)])


@pytest.mark.parametrize("seed", range(40))
def test_core_and_engine_serve_a_crowded_trace_alike(seed: int) -> None:
    trace = crowded(seed)
    assert answer_of(trace, Through.CORE) == answer_of(trace, Through.ENGINE)


def test_core_serves_as_the_pure_python_router_does() -> None:
    compared = 0
    for seed in range(40):
        trace = crowded(seed)
        right = pure_python.route(trace.rows, trace.profiles, trace.agents)
        ends = [start + row[3] for (agent, start), row in zip(right, trace.rows, strict=True) if agent >= 0]
        # Of two agents who are done at one instant either may be the first.
        if len(ends) == len(set(ends)):
            compared += 1
            assert answer_of(trace, Through.CORE) == right, f"seed {seed}"
    assert compared > 3


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_known_traces_have_their_known_answers(name: str) -> None:
    trace = make(name)
    assert answer_digest(answer_of(trace, Through.CORE)) == RECIPES[name].answer_digest
    assert answer_digest(pure_python.route(trace.rows, trace.profiles, trace.agents)) == RECIPES[name].answer_digest


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size.agents}-agents")
def test_every_assignment_is_the_least_pair(size: CoreSize) -> None:
    people = Skilled(size)
    acd, floor = busy_floor(people, size, size.waiting)
    floor.fill(size.waiting)
    floor.checked(400, False)
    assert acd.totals()["contacts"] == size.agents + size.waiting
    _, floor = half_idle_floor(people, size)
    floor.checked(400, True)


@pytest.mark.parametrize("size", SIZES[-1:])
def test_a_wrong_assignment_is_noticed(size: CoreSize) -> None:
    # The checker is told that nobody serves anything, the core that agents have all skills they need.
    profile_of = array("i", (agent % 2 for agent in range(10)))
    staff = Staff(profiles=[frozenset({0}), frozenset({0, 1})], agents=profile_of)
    floor = open_floor(staff, [frozenset({0}), frozenset({0, 1})], contacts_max=20)
    steady = SteadyFloor(floor.acd, array("i", floor.class_slots), b"\0\0", profile_of, 2, 1)
    steady.sign_in([-1] * 10)
    steady.fill(5)
    with pytest.raises(EngineBug):
        steady.checked(10, True)


@pytest.mark.parametrize(
    ("class_slots", "serves", "agents", "seed", "argument"),
    [
        (array("i", [0]), b"\1", 1, 0, "seed"),
        (array("i", [0]), b"\1\1", 1, 1, "serves"),
        (array("i", [0]), b"\1", 2, 1, "profile_of"),
        (array("i", []), b"", 1, 1, "profile_of"),
    ],
)
def test_a_floor_that_does_not_fit_together_is_refused(
    class_slots: array[int], serves: bytes, agents: int, seed: int, argument: str
) -> None:
    floor = open_floor(Staff(profiles=[frozenset({0})], agents=[0]), [frozenset({0})], contacts_max=2)
    with pytest.raises(OutOfRange) as raised:
        SteadyFloor(floor.acd, class_slots, serves, array("i", [0] * agents), 1, seed)
    assert raised.value.argument == argument


def test_the_core_is_timed_in_both_regimes() -> None:
    results = run_core(agents=20, profiles=5, classes=8, waiting=50, skills=6, iterations=200)
    assert [result.regime for result in results] == [Regime.SATURATED, Regime.IDLE]
    assert all(result.ns_per_decision > 0 for result in results)


@pytest.mark.slow  # left out of checked builds, whose allocators take more
def test_a_waiting_contact_takes_at_most_128_bytes() -> None:
    results = run_core(agents=20, profiles=5, classes=8, waiting=50, skills=6, iterations=200)
    assert all(100 < result.bytes_per_waiting <= 128 for result in results)


@pytest.mark.parametrize("argument", ["agents", "profiles", "classes", "waiting", "skills", "iterations"])
def test_a_size_of_nothing_is_refused(argument: str) -> None:
    sizes = {"agents": 2, "profiles": 2, "classes": 2, "waiting": 2, "skills": 2, "iterations": 2}
    with pytest.raises(OutOfRange) as raised:
        run_core(**{**sizes, argument: 0})
    assert raised.value.argument == argument


@pytest.mark.parametrize("argument", ["lives", "runs", "agents"])
def test_an_engine_without_lives_is_refused(argument: str) -> None:
    with pytest.raises(OutOfRange) as raised:
        run_engine(**{argument: 0})
    assert raised.value.argument == argument


def test_a_lost_life_is_noticed() -> None:
    with pytest.raises(EngineBug):
        carry_out(open_engine(AGENTS_MIN), 1, lambda engine: 0)
