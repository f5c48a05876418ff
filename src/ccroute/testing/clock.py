"""A clock that stands still until it is told to go on: tests of what waits take no time, and no luck."""

from __future__ import annotations

import heapq
from typing import Final, final

import anyio
from anyio.lowlevel import checkpoint

from ccroute.errors import OutOfRange
from ccroute.types import TIME_US_MAX

__all__ = ["VirtualClock"]

SETTLE_ROUNDS: Final = 32
"""How often others get their turn after somebody was woken, before time goes on."""


@final
class VirtualClock:
    """A :class:`ccroute.ports.SleepingClock` whose time is told. For one event loop, asyncio's or trio's.

    >>> clock = VirtualClock(at_us=1_000)
    >>> clock.now_us()
    1000
    """

    def __init__(self, at_us: int = 0) -> None:
        """Begin at a moment, 0 to ``TIME_US_MAX``.

        :raises OutOfRange: it is not in that range.
        """
        self._now_us = _moment(at_us)
        self._sleepers: list[tuple[int, int, anyio.Event]] = []
        self._slept = 0
        self._news: anyio.Event | None = None

    def __repr__(self) -> str:
        return f"VirtualClock(at_us={self._now_us}, {len(self._sleepers)} asleep)"

    def now_us(self) -> int:
        """Return the present moment."""
        return self._now_us

    @property
    def sleepers(self) -> int:
        """Return how many tasks are asleep."""
        return len(self._sleepers)

    def next_at_us(self) -> int | None:
        """Return when the next of them wakes; None: nobody is asleep."""
        return min((at_us for at_us, _, _ in self._sleepers), default=None)

    async def sleep_until(self, at_us: int) -> None:
        """Return when time has come to a moment; who sleeps until the same moment wakes in the order of falling asleep.

        A moment that has passed only lets others run.
        """
        await checkpoint()
        if at_us <= self._now_us:
            return
        self._slept += 1
        sleeper = (at_us, self._slept, anyio.Event())
        heapq.heappush(self._sleepers, sleeper)
        if self._news is not None:
            self._news.set()
            self._news = None
        try:
            await sleeper[2].wait()
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)

    async def advance(self, by_us: int) -> None:
        """Let time pass. Whoever sleeps wakes at its own moment and has its turn before time goes on.

        Those who fall asleep meanwhile wake too, if their moment is on the way. What is under way in threads is not
        waited for.

        :raises OutOfRange: ``by_us`` is negative, or leads too far.
        """
        if by_us < 0:
            raise OutOfRange("by_us", by_us, "0 or more")
        await self.advance_to(self._now_us + by_us)

    async def advance_to(self, at_us: int) -> None:
        """Let time pass up to a moment; see :meth:`advance`.

        :raises OutOfRange: it is before the present one, or too far.
        """
        if _moment(at_us) < self._now_us:
            raise OutOfRange("at_us", at_us, f"{self._now_us} or more: time does not go back, but for jump")
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= at_us:
            due_at_us, _, event = heapq.heappop(self._sleepers)
            self._now_us = max(self._now_us, due_at_us)
            event.set()
            await self.settle()
        self._now_us = max(self._now_us, at_us)
        await self.settle()

    def jump(self, by_us: int) -> None:
        """Set the clock, ahead or back, as somebody sets a wall clock. Whoever is due wakes, all at once.

        :raises OutOfRange: it leads out of 0 to ``TIME_US_MAX``.
        """
        self._now_us = _moment(self._now_us + by_us)
        while self._sleepers and self._sleepers[0][0] <= self._now_us:
            heapq.heappop(self._sleepers)[2].set()

    async def settle(self) -> None:
        """Let all others have their turns, :data:`SETTLE_ROUNDS` of them, while time stands still."""
        for _ in range(SETTLE_ROUNDS):
            await checkpoint()

    async def wait_sleepers(self, count: int) -> None:
        """Return when so many tasks are asleep."""
        while len(self._sleepers) < count:
            if self._news is None:
                self._news = anyio.Event()
            await self._news.wait()


def _moment(at_us: int) -> int:
    if not 0 <= at_us <= TIME_US_MAX:
        raise OutOfRange("at_us", at_us, f"in range({TIME_US_MAX + 1})")
    return at_us
