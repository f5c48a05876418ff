"""What every clock must do: :func:`check_clock` tells what one gets wrong."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import anyio

from ccroute.errors import shown
from ccroute.ports import Clock
from ccroute.testing.trial import settled, watched
from ccroute.types import TIME_US_MAX

__all__ = ["check_clock"]

LOOKS: Final = 1_000
"""How often a clock is looked at in a row."""


Sleep = Callable[[int], Awaitable[None]]
Pass = Callable[[int], Awaitable[object]]


async def check_clock(
    make: Callable[[], Clock],
    *,
    pass_time: Callable[[Any, int], Awaitable[object]] | None = None,
    step_us: int = 1_000,
    patience_s: float = 5.0,
    blocked_s_max: float = 0.25,
) -> None:
    """Check that a clock keeps what it promises; raise ``AssertionError`` with the promise that it does not.

    A clock that has ``sleep_until`` is waited for, too. Runs under asyncio and trio; try both.

    :param make: returns a clock.
    :param pass_time: lets time pass on a clock that stands still by itself, so many microseconds; None: it goes by
        itself, and the order of those who wake is not looked at.
    :param step_us: how long sleeps are: some steps of the clock.
    :param patience_s: how long to wait for somebody to wake.
    :param blocked_s_max: how long the event loop may stand still.
    """
    async with watched("a clock", blocked_s_max) as look:
        _tells_time(make())
        clock = make()
        sleep_until: Callable[[int], Awaitable[None]] | None = getattr(clock, "sleep_until", None)
        if sleep_until is not None:
            pass_on = _goes_by_itself if pass_time is None else partial(pass_time, clock)
            for check in (_wakes_in_time, _lets_others_run, _may_be_cancelled):
                await check(clock, sleep_until, pass_on, step_us, patience_s)
                look()


def _now_us(clock: Clock) -> int:
    try:
        now_us = clock.now_us()
    except Exception as failure:
        raise AssertionError(f"now_us tells the time: it raised {type(failure).__name__}") from failure
    if type(now_us) is not int or not 0 <= now_us <= TIME_US_MAX:
        raise AssertionError(
            f"now_us is microseconds since the Unix epoch, an int in range({TIME_US_MAX + 1}): was {now_us!r}"
        )
    # Whatever time a clock has, it is hardly that of today by another measure.
    for unit, per_second in (("seconds", 1), ("milliseconds", 1_000)):
        if abs(now_us - int(time.time() * per_second)) < 60 * per_second:
            raise AssertionError(f"now_us is microseconds since the Unix epoch: {now_us} looks like {unit}")
    return now_us


async def _slept(sleep_until: Sleep, at_us: int) -> None:
    try:
        await sleep_until(at_us)
    except Exception as failure:
        raise AssertionError(
            f"sleep_until is asynchronous, and returns: it raised {type(failure).__name__}: {shown(str(failure))}"
        ) from failure


async def _goes_by_itself(by_us: int) -> None:
    await settled(2 * by_us / 1_000_000)


def _tells_time(clock: Clock) -> None:
    before = _now_us(clock)
    for _ in range(LOOKS):
        now = _now_us(clock)
        if now < before:
            raise AssertionError(f"time does not go back by itself: {now} came after {before}")
        before = now


async def _wakes_in_time(clock: Clock, sleep_until: Sleep, pass_on: Pass, step_us: int, patience_s: float) -> None:
    woken: list[tuple[int, int, int]] = []
    begin_us = clock.now_us()

    async def sleep(steps: int) -> None:
        at_us = begin_us + steps * step_us
        await _slept(sleep_until, at_us)
        woken.append((steps, at_us, clock.now_us()))

    with anyio.move_on_after(patience_s):
        async with anyio.create_task_group() as group:
            for steps in (3, 1, 2):
                group.start_soon(sleep, steps)
                await settled()
            while len(woken) < 3:
                await pass_on(step_us)
                await settled()
    if len(woken) < 3:
        raise AssertionError(f"sleep_until returns when its moment has come: {3 - len(woken)} of 3 never woke")
    for _, at_us, now_us in woken:
        if now_us < at_us:
            raise AssertionError(f"sleep_until returns at its moment or later: at {now_us}, for {at_us}")
    # By itself time may pass all three moments at once, where the machine is busy; then nobody can tell who was first.
    if pass_on is not _goes_by_itself and [steps for steps, _, _ in woken] != [1, 2, 3]:
        raise AssertionError(f"who waits for less wakes first: in the order of {[steps for steps, _, _ in woken]}")


async def _lets_others_run(clock: Clock, sleep_until: Sleep, pass_on: Pass, step_us: int, patience_s: float) -> None:
    del pass_on, step_us
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.sleep(0)

    with anyio.move_on_after(patience_s) as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(others)
            for _ in range(10):
                await _slept(sleep_until, clock.now_us())
            seen = turns
            group.cancel_scope.cancel()
    if scope.cancelled_caught:
        raise AssertionError("a moment that has come is not waited for: sleep_until did not return")
    if not seen:
        raise AssertionError("sleep_until lets others run, also where its moment has come: nobody had a turn")


async def _may_be_cancelled(clock: Clock, sleep_until: Sleep, pass_on: Pass, step_us: int, patience_s: float) -> None:
    del patience_s
    returned = False

    async def sleep() -> None:
        nonlocal returned
        await _slept(sleep_until, clock.now_us() + 1_000 * step_us)
        returned = True

    async with anyio.create_task_group() as group:
        group.start_soon(sleep)
        await settled()
        group.cancel_scope.cancel()
    if returned:
        raise AssertionError("sleep_until lets cancellation through: it swallowed it and returned")
    await pass_on(step_us)
