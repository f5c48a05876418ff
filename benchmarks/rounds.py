"""Timing a call of which the number of rounds is known, for the tests here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

Returned = TypeVar("Returned")


def timed(
    benchmark: BenchmarkFixture,
    call: Callable[..., Returned],
    *arguments: object,
    rounds: int,
    setup: Callable[[], tuple[tuple[Any, ...], dict[str, Any]]] | None = None,
) -> tuple[Returned, int]:
    """Call in each round, time that, and return what the last call returned and how many calls there were.

    :param setup: called before each round, not timed; returns the arguments of the round.
    """
    returned = benchmark.pedantic(call, args=arguments, setup=setup, rounds=rounds)  # type: ignore[no-untyped-call]
    # With --benchmark-disable the call is made once.
    return returned, rounds if benchmark.enabled else 1
