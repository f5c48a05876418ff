"""What is raced on the traces: each contender routes a trace and tells its answer and the CPU time that took.

Run as ``python -m benchmarks.contenders NAME TRACE [CONTACTS]`` it makes the trace, routes it (its first CONTACTS) in
this process alone and prints one line of JSON. Making the trace, and making what the contender starts from, is not
timed; arrivals, decisions and the event queue are.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from benchmarks import pure_python
from benchmarks.traces import RECIPES, Trace, answer_digest, make
from ccroute.bench.trace import Through, serve

Answer = list[tuple[int, int]]

ROUNDING_US_MAX: Final = 2
"""Rounding of a contender that counts seconds in floats."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """Something that routes traces."""

    title: str
    route: Callable[[Trace], tuple[Answer, float]]
    """Returns (agent, start) per contact and CPU seconds."""
    contacts_max: int | None = None
    """Only so many contacts are routed; None: all."""
    has_skills: bool = True
    """False: all agents can take all contacts, which is an easier task."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One run of a contender on a trace."""

    contender: str
    trace: str
    contacts: int
    cpu_s: float
    digest: str


def _through(way: Through) -> Callable[[Trace], tuple[Answer, float]]:
    def route(trace: Trace) -> tuple[Answer, float]:
        contacts, agents = trace.columns()
        answer = serve(contacts, agents, through=way)
        return list(zip(answer.agent, answer.start_us, strict=True)), answer.cpu_s

    return route


def _timed(route: Callable[[Trace], Answer]) -> Callable[[Trace], tuple[Answer, float]]:
    def timed(trace: Trace) -> tuple[Answer, float]:
        began_s = time.process_time()
        answer = route(trace)
        return answer, time.process_time() - began_s

    return timed


def _simpy(trace: Trace) -> Answer:
    from benchmarks.simpy_router import route

    return route(trace)


def _ciw(trace: Trace) -> Answer:
    from benchmarks.ciw_router import route

    return route(trace)


def _pure_python(trace: Trace) -> Answer:
    return pure_python.route(trace.rows, trace.profiles, trace.agents)


CONTENDERS: Final = {
    "core": Contender(title="ccroute, core", route=_through(Through.CORE)),
    "engine": Contender(title="ccroute, engine", route=_through(Through.ENGINE)),
    "python": Contender(title="right structures, pure Python", route=_timed(_pure_python)),
    "simpy": Contender(title="simpy", route=_timed(_simpy), contacts_max=10_000),
    "ciw": Contender(title="ciw, skills ignored", route=_timed(_ciw), contacts_max=10_000, has_skills=False),
}


def measure(name: str, trace_name: str, contacts_max: int | None = None) -> Measured:
    """Route a trace, or as many of its first contacts as given, and check the answer.

    :raises AssertionError: the answer is wrong.
    """
    contender = CONTENDERS[name]
    if contacts_max is None:
        contacts_max = contender.contacts_max
    trace = make(trace_name)
    if contacts_max is not None:
        trace = trace.first(contacts_max)
    # Rivals are imported, and memory is warm, before anything is timed.
    contender.route(trace.first(1_000))
    answer, cpu_s = contender.route(trace)
    check(answer, trace, trace_name, has_skills=contender.has_skills)
    return Measured(contender=name, trace=trace_name, contacts=len(answer), cpu_s=cpu_s, digest=answer_digest(answer))


def check(answer: Answer, trace: Trace, trace_name: str, *, has_skills: bool) -> None:
    """Raise AssertionError unless an answer is right.

    It must have the known digest, or where only a part was routed that of the pure-Python router's answer; without
    skills it must have the times of a trace where every agent has the one skill there is.
    """
    if not has_skills:
        rows = [
            (arrival_us, 0, vip, service_us, patience_us) for arrival_us, _, vip, service_us, patience_us in trace.rows
        ]
        right = pure_python.route(rows, [[0]], [0] * len(trace.agents))
        for contact, ((_, start_us), (_, right_us)) in enumerate(zip(answer, right, strict=True)):
            assert abs(start_us - right_us) <= ROUNDING_US_MAX, (trace_name, contact, start_us, right_us)
        return
    recipe = RECIPES[trace_name]
    right_digest = recipe.answer_digest
    if len(trace.rows) < recipe.contacts:
        right_digest = answer_digest(_pure_python(trace))
    made = answer_digest(answer)
    assert made == right_digest, f"trace {trace_name}: digest {made}, not {right_digest}"


def main() -> None:
    """Measure what the arguments name and print it as JSON."""
    contacts_max = int(sys.argv[3]) if len(sys.argv) > 3 else None
    print(msgspec.json.encode(measure(sys.argv[1], sys.argv[2], contacts_max)).decode())


if __name__ == "__main__":
    main()
