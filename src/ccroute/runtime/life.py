"""The life of a router: how its parts begin, how they end, and what becomes of all when one of them cannot go on."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from typing import Final, final

import anyio

from ccroute.ports import Clock
from ccroute.runtime.feeding import FeedReader
from ccroute.runtime.health import RouterState
from ccroute.runtime.histories import AsyncHistory, HistoryKeeper
from ccroute.runtime.inbox import Inbox
from ccroute.runtime.opening import Opened, Options, close_parts, open_parts
from ccroute.runtime.owner import Owner
from ccroute.runtime.router import Router
from ccroute.runtime.subscriptions import Hub
from ccroute.runtime.threads import Threads
from ccroute.runtime.timekeeping import Timekeeper
from ccroute.runtime.whereabouts import Place

__all__ = ["Parts", "opened"]


class _WallClock:
    """The system's clock; the timekeeper compares it with the monotonic one."""

    def now_us(self) -> int:
        return time.time_ns() // 1_000


@final
class Parts:
    """What a router consists of."""

    def __init__(self, options: Options, found: Opened, clock: Clock, threads: Threads) -> None:
        policy = options.policy
        engine = found.engine
        jump_max_us = found.jump_max_us if policy.jump_max_us is None else policy.jump_max_us
        self.name: Final = options.name
        self.policy: Final = policy
        self.customers: Final = options.customers
        self.directory: Final = options.directory
        self.durable: Final = found.durable
        self.history: Final = found.history
        self.threads: Final = threads
        self.keeper: Final = HistoryKeeper(
            found.history,
            found.writer,
            found.feed,
            through_seq=found.through_seq,
            threads=threads,
            policy=policy,
            blocks=found.blocks,
        )
        self.time: Final = Timekeeper(
            clock, not_before_us=engine.now_us, jump_max_us=jump_max_us, on_jump=policy.on_jump
        )
        self.clock: Final[Clock] = self.time
        self.inbox: Final = Inbox(options.name)
        self.hub: Final = Hub(
            name=options.name,
            record_seq=found.durable.record_seq,
            last_seq=found.last_seq,
            recent_max=policy.recent_max,
            ask=self._place,
        )
        for offer in found.offers:
            self.hub.note_offer(offer)
        self.hub.taps.append(self.keeper.hear)
        self.hub.make_reader = lambda after_seq: FeedReader(
            found.durable.journal, threads, blocks=found.blocks, after_seq=after_seq
        )
        self.owner: Final = Owner(
            found.durable,
            self.inbox,
            self.time,
            policy,
            threads,
            blocks=found.blocks,
            publish=self.hub.publish,
            jump_max_us=jump_max_us,
        )
        self.async_history: Final = AsyncHistory(self.keeper, self.hub, threads, blocks=found.blocks)
        self.state = RouterState.RUNNING
        self.has_ended: Final = anyio.Event()
        """Set when the engine carries out nothing any more."""
        self._is_kept: Final = anyio.Event()
        self._finishing: Final = anyio.CancelScope(shield=True)

    def inside(self) -> int:
        """Return how many contacts are inside."""
        with self.durable.reading() as engine:
            return engine.counters().inside

    def _place(self, contact_id: str) -> Place | None:
        with self.durable.reading() as engine:
            status = engine.contact(contact_id)
        return None if status is None else Place(status.channel, status.queue_id)

    # ---- tasks -------------------------------------------------------------------------------------------------

    async def own(self, all_of_it: anyio.CancelScope) -> None:
        """Run the engine until it ends, or fails: then everything does. Cancelled with care only, by :meth:`end`."""
        with anyio.CancelScope(shield=True):
            await self.owner.run()
        self.hub.end(self.owner.failure)
        self.has_ended.set()
        if self.owner.failure is not None:
            self.state = RouterState.FAILED
            all_of_it.cancel()

    async def keep(self) -> None:
        """Write the history until it is done."""
        with self._finishing:
            await self.keeper.run(self.time)
        self._is_kept.set()

    async def end(self) -> None:
        """Carry out what is in the inbox and have it written into the history, as far as there is time."""
        if self.owner.failure is None:
            self.state = RouterState.ENDING
        self.owner.end()
        await self.has_ended.wait()
        self.keeper.end()
        with anyio.move_on_after(self.policy.stop_us / 1_000_000 if self.owner.failure is None else 0):
            await self._is_kept.wait()
        self._finishing.cancel()
        if self.owner.failure is None:
            self.state = RouterState.ENDED


@asynccontextmanager
async def opened(options: Options, threads: Threads | None = None) -> AsyncIterator[Router]:
    """Open a router; see ``Router.open``.

    :param threads: shared with other routers.
    """
    shared = Threads() if threads is None else threads
    clock = _WallClock() if options.clock is None else options.clock
    found = await shared.run(lambda: open_parts(options, clock.now_us()))
    has_failed = True
    try:
        parts = Parts(options, found, clock, shared)
        async with _living(parts) as router:
            yield router
        has_failed = False
    finally:
        with anyio.CancelScope(shield=True):
            await shared.run(lambda: close_parts(found, has_failed=has_failed))


@asynccontextmanager
async def _living(parts: Parts) -> AsyncIterator[Router]:
    """Run all tasks of a router, and end them in their order."""
    raised: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(parts.own, group.cancel_scope)
        group.start_soon(parts.keep)
        try:
            yield Router(parts)
        except Exception as error:
            raised = error
        finally:
            with anyio.CancelScope(shield=True):
                await parts.end()
            group.cancel_scope.cancel()
    failure = parts.owner.failure
    if failure is not None and not isinstance(raised, type(failure)):
        raise copy(failure) from failure
    if raised is not None:
        raise raised
