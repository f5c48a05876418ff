"""The one task that owns an engine: it takes commands from the inbox, stamps them, and tells what is durable.

What waits in the inbox is carried out at once, up to a bound, and committed together. A journal that blocks is written
in a thread, while the next commands are carried out; a second task waits for the disk. When nothing else is going on, a
command is committed at once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, final

import anyio
from anyio.lowlevel import checkpoint

from ccroute.commands import Command
from ccroute.engine.engine import Engine, last_seq
from ccroute.errors import CcrouteError, EngineBug, EngineClosed, JournalError, JournalFailed, TimeJump, WrongType
from ccroute.errors.raising import again
from ccroute.events import Event
from ccroute.journal.journaled import JournaledEngine
from ccroute.ports import Told
from ccroute.runtime.inbox import Inbox, Ticket
from ccroute.runtime.policy import RouterPolicy
from ccroute.runtime.threads import Threads
from ccroute.runtime.timekeeping import Timekeeper

__all__ = ["Owner"]

STEP_MAX_US: Final = 60_000_000
"""Longest way that time goes ahead at once; a router that slept takes many such steps, each a turn."""


class _Staged(NamedTuple):
    ticket: Ticket | None
    events: list[Event]


@final
class Owner:
    """Carries out what is in the inbox, and what is due."""

    def __init__(
        self,
        durable: JournaledEngine,
        inbox: Inbox,
        time_: Timekeeper,
        policy: RouterPolicy,
        threads: Threads,
        *,
        blocks: bool,
        publish: Callable[[Told], None],
        jump_max_us: int,
    ) -> None:
        """Take over an engine.

        :param blocks: whether its journal does, so that it is written in a thread.
        :param publish: told what is durable.
        """
        self.confirm: Callable[[], None] = lambda: None
        """Tells the journal what subscribers are done with; called where the journal is written."""
        self.check: Callable[[Command], None] = lambda command: None  # noqa: ARG005 - every command is taken
        """Raises if a command is not taken now."""
        self.failure: Exception | None = None
        """Why nothing can be carried out any more; None: it can."""
        self.moved = anyio.Event()
        """Set when something was published; replaced by who waits for it."""
        self.commit_us = 0
        """How long the last commit took."""
        self.commits = 0
        """How many there were."""
        self._durable: Final = durable
        self._engine: Final[Engine] = durable.engine
        self._inbox: Final = inbox
        self._time: Final = time_
        self._policy: Final = policy
        self._threads: Final = threads
        self._blocks: Final = blocks
        self._publish: Final = publish
        self._jump_max_us: Final = jump_max_us
        self._taken: Final[deque[Ticket]] = deque()
        self._staged: Final[deque[_Staged]] = deque()
        """What was carried out and is not durable yet."""
        self._staged_weight = 0
        self._wanted = anyio.Event()
        """Set when there is something to commit."""
        self._room = anyio.Event()
        """Set when what was staged was told."""
        self._has_staged = False
        """Whether something was carried out since it was handed over last."""
        self._has_moved = False
        """Whether any of it must be made durable; questions move nothing."""
        self._is_ending = False

    # ---- the task ----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Own the engine until :meth:`end`, or until it fails."""
        if self._blocks:
            async with anyio.create_task_group() as group:
                group.start_soon(self._guarded, self._write)
                await self._guarded(self._turns)
                self._wanted.set()
        else:
            await self._guarded(self._turns)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:
            self.fail(error)
        except BaseException:
            self.fail(JournalFailed("the router was broken off"))
            raise

    def end(self) -> None:
        """Carry out what is in the inbox, and no more; then the task returns."""
        self._is_ending = True
        self._inbox.close()

    async def _turns(self) -> None:
        while not self._has_failed():
            is_behind = self._advance()
            if not is_behind:
                self._taken.extend(self._inbox.take(self._policy.slice_max))
                while self._taken:
                    # It stays there meanwhile, so that whatever is raised, it is answered.
                    self._carry_out(self._taken[0])
                    self._taken.popleft()
            if self._has_staged:
                self._has_staged = False
                await self._hand_over()
            elif is_behind:
                await checkpoint()
            elif self._is_ending and self._inbox.is_empty:
                break
            else:
                await self._rest()
        self._is_ending = True

    async def _rest(self) -> None:
        if self._inbox.is_empty:
            self._inbox.news = anyio.Event()
            if not self._is_ending:
                await self._time.wait(self._inbox.news, self._engine.next_at_us())

    async def _hand_over(self) -> None:
        """Have what was staged committed, and give everybody else a turn."""
        if not self._blocks:
            self._commit_here()
            await checkpoint()
            return
        self._wanted.set()
        await checkpoint()
        while self._staged_weight >= self._policy.staged_max and not self._has_failed():
            self._room = anyio.Event()
            await self._room.wait()

    def _has_failed(self) -> bool:
        return self.failure is not None

    # ---- carrying out ------------------------------------------------------------------------------------------

    def _advance(self) -> bool:
        """Let time pass up to now, or a step of it, and return whether there is more to come."""
        now_us, engine = self._time.now_us(), self._engine
        due_us = engine.next_at_us()
        if due_us is None or due_us > now_us:
            return False
        to_us = min(now_us, max(due_us, engine.now_us) + STEP_MAX_US)
        events = self._durable.stage_advance(to_us, allow_jump=True)
        if events:
            self._stage(None, events)
        return to_us < now_us

    def _stage(self, ticket: Ticket | None, events: list[Event], *, moved: bool = True) -> None:
        self._has_staged = True
        self._has_moved = self._has_moved or moved
        self._staged.append(_Staged(ticket, events))
        self._staged_weight += 1 if ticket is None else ticket.weight

    def _carry_out(self, ticket: Ticket) -> None:
        try:
            if ticket.question is not None:
                self._ask(ticket)
            else:
                self._command(ticket)
        except (JournalError, EngineBug, EngineClosed) as error:
            ticket.fail(error)
            raise
        except Exception as error:
            ticket.fail(error)
            if not isinstance(error, CcrouteError):
                raise
            # The sender's fault; nothing has moved.

    def _command(self, ticket: Ticket) -> None:
        # Once more: it may have been put in before the router drained.
        for command in ticket.commands:
            self.check(command)
        durable, now_us = self._durable, self._time.now_us()
        at_us, due_us = self._moment(ticket, now_us), self._engine.next_at_us()
        if due_us is not None and due_us <= min(at_us, now_us):
            self._stage(None, durable.stage_advance(min(at_us, now_us), allow_jump=True))
        if ticket.many:
            answers = durable.stage_many([(one, at_us) for one in ticket.commands], allow_jump=True)
            ticket.answer = answers
            self._stage(ticket, [event for events in answers for event in events])
        else:
            # Ahead of the clock, timers fire with the command: if that can never be right, they do not either.
            timers, ticket.answer = _parted(durable.stage(ticket.commands[0], at_us, allow_jump=True))
            if timers:
                self._stage(None, timers)
            self._stage(ticket, ticket.answer)

    def _moment(self, ticket: Ticket, now_us: int) -> int:
        if ticket.at_us is None:
            return now_us
        if type(ticket.at_us) is not int:
            raise WrongType("at_us", ticket.at_us, "an int, or None")
        if ticket.at_us - now_us > self._jump_max_us:
            raise TimeJump("at_us", ticket.at_us, f"at most {self._jump_max_us} µs ahead of the clock")
        return ticket.at_us

    def _ask(self, ticket: Ticket) -> None:
        assert ticket.question is not None
        raised: Exception | None = None
        with self._durable.reading() as engine:
            before = last_seq(engine), engine.now_us
            try:
                ticket.answer = ticket.question(engine)
            except EngineBug:
                raise
            except Exception as error:  # the asker's own code: whatever it is, nobody else is harmed
                raised = error
            if (last_seq(engine), engine.now_us) != before:
                raise JournalFailed("a question moved the engine past its journal") from raised
        if raised is not None:
            ticket.fail(raised)
            return
        # Behind what was carried out before, of which it may tell.
        self._stage(ticket, [], moved=False)

    # ---- committing --------------------------------------------------------------------------------------------

    def _commit_here(self) -> None:
        staged = len(self._staged)
        if self._has_moved:
            self._has_moved = False
            self._commit()
        self._tell(staged)

    async def _write(self) -> None:
        """Commit in a thread what was staged meanwhile, until there is no more."""
        while not self._has_failed():
            if self._staged:
                staged = len(self._staged)
                if self._has_moved:
                    self._has_moved = False
                    await self._threads.commit(self._commit)
                self._tell(staged)
            elif self._is_ending:
                break
            else:
                self._wanted = anyio.Event()
                await self._wanted.wait()

    def _commit(self) -> None:
        begin_ns = time.perf_counter_ns()
        self.confirm()
        self._durable.commit()
        self.commit_us = (time.perf_counter_ns() - begin_ns) // 1_000
        self.commits += 1

    def _tell(self, staged: int) -> None:
        """Tell what is durable: so many calls, and those behind them that were in time for the record.

        All events of the record are told with it, no more and no less, so that who is done with them is done with it.
        """
        record_seq, event_seq = self._durable.through
        for place, one in enumerate(self._staged, start=1):
            if one.events and place > staged:
                if one.events[-1].seq > event_seq:
                    break
                staged = place
        told = [self._staged.popleft() for _ in range(staged)]
        self._staged_weight -= sum(1 if one.ticket is None else one.ticket.weight for one in told)
        events = [event for one in told for event in one.events]
        if events:
            self._publish(Told(record_seq=record_seq, events=events))
            self.moved.set()
        for one in told:
            if one.ticket is not None:
                one.ticket.done.set()
        self._room.set()

    # ---- failing -----------------------------------------------------------------------------------------------

    def fail(self, error: Exception) -> None:
        """Carry out nothing any more, and let nobody wait."""
        if self.failure is None:
            self.failure = error
        told = [one.ticket for one in self._staged if one.ticket is not None]
        self._staged.clear()
        for ticket in (*told, *self._taken):
            ticket.fail(again(self.failure))
        self._taken.clear()
        self._inbox.fail(self.failure)
        for event in (self._wanted, self._room, self.moved):
            event.set()


def _parted(events: list[Event]) -> tuple[list[Event], list[Event]]:
    """Return what timers did before a command, and what the command did, whose own event comes first."""
    for place, event in enumerate(events):
        if event.cause.startswith("command:"):
            return events[:place], events[place:]
    return events, []
