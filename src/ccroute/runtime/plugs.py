"""What is plugged into a router: the task that runs a channel or a source of presence, and their way in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, final

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from ccroute.commands import Command
from ccroute.events import Event
from ccroute.ports import Inlet
from ccroute.runtime.health import PlugState
from ccroute.runtime.policy import RouterPolicy
from ccroute.runtime.timekeeping import Timekeeper
from ccroute.timeline import AnyAddition

__all__ = ["Plug", "RouterInlet", "check_cancelled"]

WELL_AFTER: Final = 10
"""What ran for so many pauses is run again after the first pause."""


def check_cancelled(raised: BaseException) -> None:
    """Raise again what holds more than cancellations, and errors of tasks that were cancelled: an interrupt, say."""
    if isinstance(raised, BaseExceptionGroup):
        # Trio tells both in one group.
        rest = raised.split(anyio.get_cancelled_exc_class())[1]
        if rest is not None and not isinstance(rest, ExceptionGroup):
            raise raised


@final
class RouterInlet:
    """The way in for one channel or source: a lane of its own in the inbox."""

    def __init__(
        self,
        name: str,
        time_: Timekeeper,
        send: Callable[[Command], Awaitable[list[Event]]],
        add: Callable[..., Awaitable[int]],
    ) -> None:
        self._name: Final = name
        self._time: Final = time_
        self._send: Final = send
        self._add: Final = add

    @property
    def name(self) -> str:
        """Return the channel's id in the configuration, or the name of the source."""
        return self._name

    def now_us(self) -> int:
        """Return the router's time, microseconds since the Unix epoch."""
        return self._time.now_us()

    async def send(self, command: Command) -> list[Event]:
        """Return what the command caused; see ``ccroute.ports.Inlet``."""
        return await self._send(command)

    async def add(self, *additions: AnyAddition) -> None:
        """Add to the history; see ``ccroute.ports.Inlet``."""
        await self._add(*additions)


@final
class Plug:
    """Runs a channel or a source of presence; again, after growing pauses, when it raises."""

    def __init__(
        self,
        run: Callable[[Inlet], Awaitable[None]],
        inlet: RouterInlet,
        waiting: Callable[[], int],
        time_: Timekeeper,
        policy: RouterPolicy,
    ) -> None:
        """Take what is to be run.

        :param waiting: says how many of its commands wait.
        """
        self.inlet: Final = inlet
        self.waiting: Final = waiting
        """Says how many of its commands wait."""
        self.state = PlugState.STARTING
        self.restarts = 0
        self.failure: str | None = None
        """Class of the last error; None: there was none."""
        self._run: Final = run
        self._time: Final = time_
        self._policy: Final = policy

    async def run(self, begun: Callable[[], None]) -> None:
        """Run it until it returns.

        :param begun: called when it begins.
        """
        pause_us = self._policy.pause_us
        while True:
            self.state = PlugState.RUNNING
            began_us = self._time.now_us()
            begun()
            try:
                await self._run(self.inlet)
            except Exception as error:  # somebody else's code: whatever it is, nobody else is harmed
                self.failure = type(error).__name__
            except (anyio.get_cancelled_exc_class(), BaseExceptionGroup) as raised:
                check_cancelled(raised)
                # Not ours, unless it is raised again here.
                await checkpoint_if_cancelled()
                self.failure = "Cancelled"
            else:
                self.state = PlugState.ENDED
                return
            self.state = PlugState.PAUSING
            self.restarts += 1
            if self._time.now_us() - began_us >= WELL_AFTER * pause_us:
                pause_us = self._policy.pause_us
            await self._time.sleep(pause_us)
            pause_us = min(2 * pause_us, self._policy.pause_max_us)
