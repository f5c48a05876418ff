"""A source of presence that asks somebody every now and then: a telephone system, a rota, a calendar."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, final

from ccroute.commands import Command, Heartbeat
from ccroute.errors import InvalidArgument, OutOfRange
from ccroute.ports import Inlet, SleepingClock
from ccroute.presence.standing import Seen, Standing
from ccroute.types import Presence

__all__ = ["PollingPresence", "Seen"]

EVERY_US_MAX: Final = 3_600_000_000
"""Longest time between two polls: an hour."""

_US: Final = 1_000_000


@final
class PollingPresence:
    """Asks how agents stand, and tells what has changed. Who is not told of any more is offline.

    What was refused, because the engine does not know the agent, is told again when it has changed, or in the next run.
    """

    def __init__(
        self,
        poll: Callable[[], Awaitable[Mapping[str, Presence | Seen]]],
        *,
        every_us: int = 5_000_000,
        has_heartbeats: bool = True,
        failures_max: int = 3,
        clock: SleepingClock | None = None,
    ) -> None:
        """Take what is asked.

        :param poll: returns how agents stand, by id; never blocks, and may raise.
        :param every_us: how long to wait between the end of one poll and the next, 1 to an hour.
        :param has_heartbeats: whether each poll that succeeds is a heartbeat of all agents that are not offline, so
            that agents with a lease are lost when nobody knows of them any more.
        :param failures_max: how many polls in a row may fail before the run does.
        :param clock: whose time it is; None: that of the event loop.
        :raises OutOfRange: ``every_us`` or ``failures_max`` is not in range.
        """
        if not 1 <= every_us <= EVERY_US_MAX:
            raise OutOfRange("every_us", every_us, f"in range(1, {EVERY_US_MAX + 1})")
        if failures_max < 0:
            raise OutOfRange("failures_max", failures_max, "0 or more")
        self._poll: Final = poll
        self._every_us: Final = every_us
        self._has_heartbeats: Final = has_heartbeats
        self._failures_max: Final = failures_max
        self._clock: Final = clock
        self._standing: Final = Standing()

    def __repr__(self) -> str:
        return f"PollingPresence(every_us={self._every_us}, {self._standing!r})"

    async def run(self, inlet: Inlet) -> None:
        """Poll and tell, until cancelled.

        :raises Exception: what the poll raised, too often in a row.
        """
        self._standing.forget()
        failures = 0
        while True:
            try:
                polled = await self._poll()
            except Exception:
                failures += 1
                if failures > self._failures_max:
                    raise
            else:
                failures = 0
                await self._tell(inlet, polled)
            await self._wait()

    async def _tell(self, inlet: Inlet, polled: Mapping[str, Presence | Seen]) -> None:
        seen = {
            agent_id: one if isinstance(one, Seen) else Seen(presence=Presence(one)) for agent_id, one in polled.items()
        }
        for command in self._standing.news(seen):
            await _send(inlet, command)
        if self._has_heartbeats:
            for agent_id in self._standing.agents_there():
                await _send(inlet, Heartbeat(agent_id=agent_id))

    async def _wait(self) -> None:
        import anyio

        if self._clock is None:
            await anyio.sleep(self._every_us / _US)
        else:
            await self._clock.sleep_until(self._clock.now_us() + self._every_us)


async def _send(inlet: Inlet, command: Command) -> None:
    try:
        await inlet.send(command)
    except InvalidArgument:
        return  # the fault of what was told of one agent, such as an unknown channel; the others are told
