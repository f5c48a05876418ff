"""What time it is for an engine: never back, at the pace of the monotonic clock, and told when the wall clock jumps.

A clock that can sleep (``sleep_until``) is a world of its own, such as the virtual one of tests: what it says is right,
and all waiting goes by it. Any other is compared with the monotonic clock of the system at every look.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final, final

import anyio
import msgspec

from ccroute.errors import OutOfRange, WrongType
from ccroute.ports import Clock
from ccroute.runtime.policy import OnJump
from ccroute.types import TIME_US_MAX

__all__ = ["ClockHealth", "Timekeeper"]

LOOK_AGAIN_US: Final = 10_000_000
"""Longest wait for a timer without a look at the clock, which may have been set meanwhile."""

_US: Final = 1_000_000


class ClockHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the clock."""

    offset_us: int
    """How far the engine is ahead of the clock; negative: behind."""
    jumps: int
    """How often the clock jumped ahead by more than is allowed."""
    steps_back: int
    """How often the clock was set back."""
    largest_jump_us: int
    """The longest of these ways, ahead or back; 0: there was none."""


def monotonic_us() -> int:
    """Return microseconds of the monotonic clock."""
    return time.monotonic_ns() // 1_000


@final
class Timekeeper:
    """Stamps commands. For one event loop."""

    def __init__(
        self,
        clock: Clock,
        *,
        not_before_us: int,
        jump_max_us: int,
        on_jump: OnJump,
        monotonic: Callable[[], int] = monotonic_us,
    ) -> None:
        """Look at the clock for the first time.

        :param not_before_us: where the engine stands; the clock may be behind it.
        :param jump_max_us: what counts as a jump.
        """
        sleep: Callable[[int], Awaitable[None]] | None = getattr(clock, "sleep_until", None)
        self._clock: Final = clock
        self._sleep_until: Final = sleep
        self._monotonic: Final = monotonic if sleep is None else clock.now_us
        self._jump_max_us: Final = jump_max_us
        self._on_jump: Final = on_jump
        self._reading = self._look()
        self._pace = self._monotonic()
        self._offset = max(0, not_before_us - self._reading)
        self._jumps = self._steps_back = self._largest_jump_us = 0

    def now_us(self) -> int:
        """Return the engine's time. Never less than before."""
        reading, pace = self._look(), self._monotonic()
        ahead = (reading - self._reading) - max(0, pace - self._pace)
        if reading < self._reading:
            # Set back: time goes on from where it was.
            self._offset -= ahead
            self._steps_back += 1
            self._largest_jump_us = max(self._largest_jump_us, -ahead)
        elif ahead > self._jump_max_us:
            self._jumps += 1
            self._largest_jump_us = max(self._largest_jump_us, ahead)
            if self._on_jump is OnJump.REFUSE:
                self._offset -= ahead
        self._reading, self._pace = reading, pace
        return reading + self._offset

    def _look(self) -> int:
        reading = self._clock.now_us()
        if type(reading) is not int:
            raise WrongType("clock.now_us()", reading, "an integer of microseconds")
        if reading > TIME_US_MAX:
            # Time would never come back from there.
            raise OutOfRange("clock.now_us()", reading, f"at most {TIME_US_MAX}")
        return reading

    def health(self) -> ClockHealth:
        """Return what became of the clock."""
        return ClockHealth(
            offset_us=self._offset,
            jumps=self._jumps,
            steps_back=self._steps_back,
            largest_jump_us=self._largest_jump_us,
        )

    async def wait(self, event: anyio.Event, until_us: int | None) -> None:
        """Return when an event is set, at a moment of the engine's time, or before it, to look at the clock again."""
        if until_us is None:
            await event.wait()
        elif self._sleep_until is None:
            wait_us = min(until_us - self.now_us(), LOOK_AGAIN_US)
            with anyio.move_on_after(max(0, wait_us) / _US):
                await event.wait()
        else:
            async with anyio.create_task_group() as group:
                group.start_soon(self._wake, self._sleep_until, until_us - self._offset, group.cancel_scope)
                await event.wait()
                group.cancel_scope.cancel()

    async def sleep(self, duration_us: int) -> None:
        """Return after a time."""
        if self._sleep_until is None:
            await anyio.sleep(duration_us / _US)
        else:
            await self._sleep_until(self._clock.now_us() + duration_us)

    async def within(self, duration_us: int, call: Callable[[], Awaitable[object]]) -> bool:
        """Await a call for a time, and return whether it has returned; else it was cancelled."""
        if self._sleep_until is None:
            with anyio.move_on_after(duration_us / _US) as scope:
                await call()
            return not scope.cancelled_caught
        has_returned, raised = False, None
        async with anyio.create_task_group() as group:
            group.start_soon(self._wake, self._sleep_until, self._clock.now_us() + duration_us, group.cancel_scope)
            try:
                await call()
                has_returned = True
            except Exception as error:
                raised = error
            group.cancel_scope.cancel()
        if raised is not None:
            raise raised
        return has_returned

    async def _wake(self, sleep_until: Callable[[int], Awaitable[None]], at_us: int, scope: anyio.CancelScope) -> None:
        await sleep_until(at_us)
        scope.cancel()
