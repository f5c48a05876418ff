"""The life of a router: how its parts begin, how they end, and what becomes of all when one of them cannot go on."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, final

import anyio

from ccroute.commands import Command, EnqueueContact
from ccroute.errors import RouterDraining
from ccroute.errors.raising import again
from ccroute.events import Event
from ccroute.ports import Channel, Clock, Inlet
from ccroute.runtime.deliveries import Deliverer
from ccroute.runtime.feeding import FeedReader
from ccroute.runtime.health import RouterState
from ccroute.runtime.histories import AsyncHistory, HistoryKeeper
from ccroute.runtime.inbox import Inbox, Lane, Ticket
from ccroute.runtime.opening import CHANNEL_SUBSCRIBER, Opened, close_parts, open_parts
from ccroute.runtime.options import Options
from ccroute.runtime.owner import Owner
from ccroute.runtime.plugs import Plug, RouterInlet
from ccroute.runtime.quarantine import MemoryQuarantine
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
        jump_max_us = found.jump_max_us if policy.jump_max_us is None else policy.jump_max_us
        self.name: Final = options.name
        self.policy: Final = policy
        self.customers: Final = options.customers
        self.directory: Final = options.directory
        self.durable: Final = found.durable
        self.history: Final = found.history
        self.threads: Final = threads
        self.quarantine: Final = found.quarantine
        self.quarantine_blocks: Final = not isinstance(found.quarantine, MemoryQuarantine)
        self.keeper: Final = HistoryKeeper(
            found.history,
            found.writer,
            found.feed,
            through_seq=found.through_seq,
            threads=threads,
            policy=policy,
            blocks=found.history_blocks,
        )
        self.time: Final = Timekeeper(
            clock, not_before_us=found.engine.now_us, jump_max_us=jump_max_us, on_jump=policy.on_jump
        )
        self.inbox: Final = Inbox(options.name)
        self.hub: Final = self._hub(found)
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
        self.async_history: Final = AsyncHistory(self.keeper, self.hub, threads, blocks=found.history_blocks)
        self.state = RouterState.RUNNING
        self.is_draining = False
        """Whether no new contacts are taken."""
        self.has_ended: Final = anyio.Event()
        """Set when the engine carries out nothing any more."""
        self._blocks: Final = found.blocks
        self._has_finished: Final = anyio.Event()
        self._finishing: Final = anyio.CancelScope(shield=True)
        self.deliverers: Final = {one: self._deliverer(one, channel, found) for one, channel in found.channels.items()}
        self.left_over: Final = [one for one in found.given_up if one.channel not in self.deliverers]
        """What was given up of channels that are not there now."""
        self.channels: Final = {one: self._plug(one, "channel", it.run) for one, it in found.channels.items()}
        self.presence: Final = {one: self._plug(one, "presence", it.run) for one, it in options.presence.items()}
        self.hub.taps.extend(deliverer.hear for deliverer in self.deliverers.values())
        self.owner.confirm = found.confirm = self.confirm
        self.owner.check = self.check

    def _hub(self, found: Opened) -> Hub:
        hub = Hub(
            name=self.name,
            record_seq=found.durable.record_seq,
            last_seq=found.last_seq,
            recent_max=self.policy.recent_max,
            ask=self.place,
        )
        for offer in found.offers:
            hub.note_offer(offer)
        hub.taps.append(self.keeper.hear)
        hub.make_reader = lambda after_seq: FeedReader(
            found.durable.journal, self.threads, blocks=found.blocks, after_seq=after_seq
        )
        return hub

    def _deliverer(self, name: str, channel: Channel, found: Opened) -> Deliverer:
        given_up = [one for one in found.given_up if one.channel == name]
        return Deliverer(name, channel, self, confirmed=found.confirmed[name], given_up=given_up)

    def _plug(self, name: str, kind: str, run: Callable[[Inlet], Awaitable[None]]) -> Plug:
        lane = self.inbox.lane(f"{kind} {name}", self.policy.inlet_max)

        async def send(command: Command) -> list[Event]:
            return await self.send(lane, command)

        inlet = RouterInlet(name, self.time, send, self.async_history.add)
        return Plug(run, inlet, lambda: lane.waiting, self.time, self.policy)

    # ---- what the others need ----------------------------------------------------------------------------------

    def place(self, contact_id: str) -> Place | None:
        """Return where a contact is, as far as the engine knows."""
        with self.durable.reading() as engine:
            status = engine.contact(contact_id)
        return None if status is None else Place(status.channel, status.queue_id)

    async def past_place(self, contact_id: str) -> Place | None:
        """Return where a contact was, as far as the history knows."""
        try:
            story = await self.async_history.contact(contact_id)
        except Exception as error:  # whatever it is, of whosever history, deliveries go on without it
            self.keeper.failure = type(error).__name__
            return None
        return None if story is None else Place(story.contact.channel, story.contact.queue_id)

    def reader_behind(self, record_seq: int) -> FeedReader:
        """Return what reads the journal behind a record."""
        return FeedReader(self.durable.journal, self.threads, blocks=self._blocks, after_record=record_seq)

    def confirm(self) -> None:
        """Tell the journal what channels are done with. Blocks, like all of the journal."""
        for one, deliverer in self.deliverers.items():
            self.durable.journal.confirm(f"{CHANNEL_SUBSCRIBER}{one}", deliverer.done_through)

    async def send(self, lane: Lane, command: Command, at_us: int | None = None) -> list[Event]:
        """Carry out a command that comes by a lane; see ``Router.send``."""
        self.check(command)
        events: list[Event] = await self.answer(lane, Ticket((command,), many=False, at_us=at_us))
        return events

    def check(self, command: Command) -> None:
        """Raise if a command is not taken because the router drains."""
        if self.is_draining and isinstance(command, EnqueueContact):
            raise RouterDraining(self.name)

    async def answer(self, lane: Lane, ticket: Ticket) -> Any:
        """Put a ticket into a lane and return the answer. Cancelled before it is taken out, it is not carried out."""
        self.hub.check_thread()
        await lane.put(ticket)
        try:
            await ticket.done.wait()
        except BaseException:
            lane.withdraw(ticket)
            raise
        if ticket.error is not None:
            raise ticket.error
        return ticket.answer

    # ---- tasks -------------------------------------------------------------------------------------------------

    async def own(self, all_of_it: anyio.CancelScope) -> None:
        """Run the engine until it ends, or fails: then everything does."""
        try:
            with anyio.CancelScope(shield=True):
                await self.owner.run()
        finally:
            # Also where an interrupt of the keyboard met it: nobody waits for it any more.
            self.hub.end(self.owner.failure)
            self.owner.moved.set()
            self.has_ended.set()
            if self.owner.failure is not None:
                self.state = RouterState.FAILED
                all_of_it.cancel()

    async def finish(self) -> None:
        """Write the history and deliver, until that is done, or there is no more time for it."""
        try:
            with self._finishing:
                async with anyio.create_task_group() as group:
                    group.start_soon(self.guarded, self.keeper.run, self.time)
                    for deliverer in self.deliverers.values():
                        group.start_soon(self.guarded, deliverer.run)
        finally:
            self._has_finished.set()

    async def guarded(self, work: Callable[..., Awaitable[None]], *arguments: object) -> None:
        """Do the work of one task; what it raises, as where the clock does, ends the router with that error."""
        try:
            await work(*arguments)
        except Exception as error:
            while isinstance(error, ExceptionGroup):
                error = error.exceptions[0]
            self.owner.fail(error)

    async def end(self) -> None:
        """Carry out what is in the inbox; have it delivered and written into the history, as far as there is time."""
        if self.owner.failure is None:
            self.state = RouterState.ENDING
        self.owner.end()
        await self.has_ended.wait()
        self.keeper.end()
        for deliverer in self.deliverers.values():
            deliverer.end()
        if self.owner.failure is None:
            # By the event loop's clock, whatever the router's is: nobody may be there to let that one go on.
            with anyio.move_on_after(self.policy.stop_us / 1_000_000):
                await self._has_finished.wait()
            self.state = RouterState.ENDED
        self._finishing.cancel()


@asynccontextmanager
async def opened(options: Options, threads: Threads | None = None) -> AsyncIterator[Router]:
    """Open a router; see ``Router.open``.

    :param threads: shared with other routers.
    """
    options.check()
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
        group.start_soon(parts.finish)
        for one, plug in parts.channels.items():
            group.start_soon(parts.guarded, plug.run, parts.deliverers[one].may_begin.set)
        for plug in parts.presence.values():
            group.start_soon(parts.guarded, plug.run, _nothing)
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
        raise again(failure)
    if raised is not None:
        raise raised


def _nothing() -> None:
    """Do nothing: nobody waits for a source of presence to begin."""
