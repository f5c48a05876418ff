"""The inbox of a router: bounded lanes, one per sender, that take turns. Who floods waits, alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, final

import anyio

from ccroute.commands import Command
from ccroute.engine.engine import Engine
from ccroute.errors import RouterClosed
from ccroute.errors.raising import again
from ccroute.runtime.timekeeping import monotonic_us

__all__ = ["Inbox", "Lane", "Ticket"]


@final
class Ticket:
    """What somebody waits for: an answer to commands or to a question."""

    __slots__ = ("answer", "at_us", "commands", "done", "error", "is_taken", "many", "question", "since_us", "weight")

    def __init__(
        self,
        commands: Sequence[Command],
        *,
        many: bool,
        at_us: int | None = None,
        question: Callable[[Engine], object] | None = None,
    ) -> None:
        self.commands: Final = commands
        """Empty: it is a question."""
        self.many: Final = many
        """Whether they are carried out together or not at all."""
        self.at_us: Final = at_us
        """The moment for which they stand; None: when they are carried out."""
        self.question: Final = question
        """What is asked of the engine; None: it is commands."""
        self.weight: Final = max(1, len(commands))
        """How much room it takes."""
        self.since_us: Final = monotonic_us()
        """When it came, by the monotonic clock."""
        self.done: Final = anyio.Event()
        """Set when there is an answer, or an error."""
        self.answer: Any = None
        self.error: BaseException | None = None
        self.is_taken = False
        """Whether it is too late to withdraw it."""

    def fail(self, error: BaseException) -> None:
        """Answer with an error."""
        self.error = error
        self.done.set()


class _Waiter:
    __slots__ = ("room", "weight")

    def __init__(self, weight: int) -> None:
        self.room: Final = anyio.Event()
        self.weight: Final = weight


@final
class Lane:
    """What one sender has in the inbox, in order."""

    def __init__(self, inbox: Inbox, name: str, capacity: int) -> None:
        self._inbox: Final = inbox
        self.name: Final = name
        self._capacity: Final = capacity
        self._used = 0
        self._waiters: Final[deque[_Waiter]] = deque()
        self.tickets: Final[deque[Ticket]] = deque()
        self.has_turn = False
        """Whether it is among those that are to have a turn."""

    @property
    def waiting(self) -> int:
        """Return how many commands wait: in the lane, and for room in it."""
        return self._used + sum(waiter.weight for waiter in self._waiters)

    async def put(self, ticket: Ticket) -> None:
        """Wait for room and put a ticket in. Cancelled, it is not in.

        :raises RouterClosed: the router ended meanwhile.
        :raises JournalError: the router failed meanwhile.
        """
        self._inbox.check_open()
        if self._waiters or not self._fits(ticket.weight):
            await self._wait_room(ticket.weight)
        else:
            self._used += ticket.weight
        self.tickets.append(ticket)
        self._inbox.note(self)

    async def _wait_room(self, weight: int) -> None:
        waiter = _Waiter(weight)
        self._waiters.append(waiter)
        try:
            await waiter.room.wait()
            self._inbox.check_open()
        except BaseException:
            if waiter.room.is_set():
                self.release(weight)
            else:
                self._waiters.remove(waiter)
                self._give_room()
            raise

    def _fits(self, weight: int) -> bool:
        # What is larger than the lane goes in alone.
        return self._used == 0 or self._used + weight <= self._capacity

    def release(self, weight: int) -> None:
        """Give room back, to who waits for it longest."""
        self._used -= weight
        self._give_room()

    def _give_room(self) -> None:
        while self._waiters and self._fits(self._waiters[0].weight):
            waiter = self._waiters.popleft()
            self._used += waiter.weight
            waiter.room.set()

    def withdraw(self, ticket: Ticket) -> None:
        """Take a ticket out again, if it is still there."""
        if not ticket.is_taken and ticket in self.tickets:
            self.tickets.remove(ticket)
            self.release(ticket.weight)

    def fail(self, error: BaseException) -> None:
        """Answer everything with an error, and let nobody wait for room."""
        while self.tickets:
            ticket = self.tickets.popleft()
            self.release(ticket.weight)
            ticket.fail(again(error))
        self.turn_away()

    def turn_away(self) -> None:
        """Wake who waits for room; the inbox tells them why there is none."""
        while self._waiters:
            waiter = self._waiters.popleft()
            self._used += waiter.weight
            waiter.room.set()


@final
class Inbox:
    """All lanes of a router."""

    def __init__(self, name: str) -> None:
        self._name: Final = name
        self._lanes: Final[list[Lane]] = []
        self._turns: Final[deque[Lane]] = deque()
        """Lanes with something in them, the next to have its turn first."""
        self._error: BaseException | None = None
        self._is_closed = False
        self.news = anyio.Event()
        """Set when something was put in, or the inbox was closed; replaced by who waits for it."""

    def lane(self, name: str, capacity: int) -> Lane:
        """Return a new lane."""
        lane = Lane(self, name, capacity)
        self._lanes.append(lane)
        return lane

    def note(self, lane: Lane) -> None:
        """Note that there is one more ticket in a lane."""
        if not lane.has_turn:
            lane.has_turn = True
            self._turns.append(lane)
        self.news.set()

    def take(self, weight_max: int) -> list[Ticket]:
        """Take tickets in turn, one of each lane, until they weigh so much or there are no more."""
        taken: list[Ticket] = []
        weight = 0
        while self._turns and weight < weight_max:
            lane = self._turns.popleft()
            if lane.tickets:
                ticket = lane.tickets.popleft()
                ticket.is_taken = True
                self._turns.append(lane)
            else:
                lane.has_turn = False
                continue
            lane.release(ticket.weight)
            weight += ticket.weight
            taken.append(ticket)
        return taken

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing to take."""
        return not any(lane.tickets for lane in self._lanes)

    def waiting(self) -> dict[str, int]:
        """Return how many commands wait, per lane."""
        return {lane.name: lane.waiting for lane in self._lanes}

    def oldest_us(self) -> int:
        """Return how long the oldest ticket has been in, microseconds; 0: there is none."""
        firsts = [lane.tickets[0].since_us for lane in self._lanes if lane.tickets]
        return monotonic_us() - min(firsts) if firsts else 0

    def check_open(self) -> None:
        """Raise unless commands are taken.

        :raises RouterClosed: the router has ended, or is ending.
        :raises JournalError: the router has failed.
        """
        if self._error is not None:
            raise again(self._error)
        if self._is_closed:
            raise RouterClosed(f"router {self._name}")

    def close(self) -> None:
        """Take nothing more; what is in will be taken out."""
        self._is_closed = True
        for lane in self._lanes:
            # Who waits for room is told; who has a ticket in gets an answer.
            lane.turn_away()
        self.news.set()

    def fail(self, error: BaseException) -> None:
        """Answer everything with an error, from now on."""
        if self._error is None:
            self._error = error
        for lane in self._lanes:
            lane.fail(error)
        self.news.set()
