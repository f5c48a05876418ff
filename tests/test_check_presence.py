"""The suites of presence and clocks find what those get wrong: tables of what is broken on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint

from ccroute import (
    Clock,
    EnqueueContact,
    Inlet,
    InvalidArgument,
    MemoryPresence,
    PollingPresence,
    Presence,
    SetPresence,
)
from ccroute.testing import Employee, VirtualClock, check_clock, check_presence
from ccroute.types import TIME_US_MAX

pytestmark = [pytest.mark.outer, pytest.mark.slow]

BACKENDS = ["asyncio", "trio"]


# ---- presence ----------------------------------------------------------------------------------------------------


class Rota:
    """An outside: a list of who is where, by the names that people have there."""

    def __init__(self, kind: type[RotaPresence]) -> None:
        self.kind = kind
        self.entries: dict[str, tuple[Employee, Presence]] = {}

    def make(self) -> RotaPresence:
        """Return a source that reads this list."""
        return self.kind(self)

    async def become(self, employee: Employee, presence: Presence) -> None:
        """Write it into the list."""
        self.entries[employee.agent_id] = (employee, presence)


class RotaPresence:
    """A source that does everything right; those below get one thing wrong each."""

    def __init__(self, rota: Rota) -> None:
        self.rota = rota

    async def run(self, inlet: Inlet) -> None:
        """Look at the list again and again, until cancelled."""
        told: dict[str, Presence] = {}
        while True:
            await checkpoint()
            for employee, presence in list(self.rota.entries.values()):
                if told.get(employee.agent_id) is not presence:
                    told[employee.agent_id] = presence
                    await self.tell(inlet, employee, presence)

    async def tell(self, inlet: Inlet, employee: Employee, presence: Presence) -> None:
        """Send one command."""
        with contextlib.suppress(InvalidArgument):
            await inlet.send(SetPresence(agent_id=employee.agent_id, presence=presence))


class Blocks(RotaPresence):
    async def run(self, inlet: Inlet) -> None:
        time.sleep(0.25)
        await super().run(inlet)


class ReturnsWhenCancelled(RotaPresence):
    async def run(self, inlet: Inlet) -> None:
        with contextlib.suppress(anyio.get_cancelled_exc_class()):
            await super().run(inlet)


class Raises(RotaPresence):
    async def run(self, inlet: Inlet) -> None:
        raise ConnectionError("the rota is lost")


class LeavesTasks(RotaPresence):
    async def run(self, inlet: Inlet) -> None:
        self.task = asyncio.create_task(anyio.sleep(1))
        await super().run(inlet)


class NotAsynchronous(RotaPresence):
    def run(self, inlet: Inlet) -> None:  # type: ignore[override]
        """Be no coroutine."""


class TellsAtOnce(RotaPresence):
    async def run(self, inlet: Inlet) -> None:
        told: dict[str, Presence] = {}
        async with anyio.create_task_group() as group:
            while True:
                await checkpoint()
                for employee, presence in list(self.rota.entries.values()):
                    if told.get(employee.agent_id) is not presence:
                        told[employee.agent_id] = presence
                        group.start_soon(self.tell, inlet, employee, presence)


class TellsNumbers(RotaPresence):
    async def tell(self, inlet: Inlet, employee: Employee, presence: Presence) -> None:
        digits = employee.phone.removeprefix("+")
        await inlet.send(SetPresence(agent_id=employee.agent_id, presence=presence, label=f"at {digits}"))


class BringsContacts(RotaPresence):
    async def run(self, inlet: Inlet) -> None:
        await inlet.send(EnqueueContact(contact_id="c1", queue_id="q", channel="voice"))
        await super().run(inlet)


class TellsNothing(RotaPresence):
    async def run(self, inlet: Inlet) -> None:
        await anyio.sleep_forever()


class TellsNames(RotaPresence):
    async def tell(self, inlet: Inlet, employee: Employee, presence: Presence) -> None:
        await inlet.send(SetPresence(agent_id=employee.agent_id, presence=presence, label=employee.name))


class CallsByNumber(RotaPresence):
    async def tell(self, inlet: Inlet, employee: Employee, presence: Presence) -> None:
        await inlet.send(SetPresence(agent_id=employee.phone, presence=presence))


class TellsTwice(RotaPresence):
    async def tell(self, inlet: Inlet, employee: Employee, presence: Presence) -> None:
        for _ in range(2):
            await super().tell(inlet, employee, presence)


class TellsOnce(RotaPresence):
    told: set[tuple[str, Presence]]

    def __init__(self, rota: Rota) -> None:
        super().__init__(rota)
        self.told = set()

    async def tell(self, inlet: Inlet, employee: Employee, presence: Presence) -> None:
        if (employee.agent_id, presence) not in self.told:
            self.told.add((employee.agent_id, presence))
            await super().tell(inlet, employee, presence)


class EndsAtAnError(RotaPresence):
    async def tell(self, inlet: Inlet, employee: Employee, presence: Presence) -> None:
        await inlet.send(SetPresence(agent_id=employee.agent_id, presence=presence))


class StopsAtAnError(EndsAtAnError):
    async def run(self, inlet: Inlet) -> None:
        with contextlib.suppress(InvalidArgument):
            await super().run(inlet)


BROKEN = [
    (ReturnsWhenCancelled, "run lets cancellation through"),
    (Raises, "run runs on until it is cancelled: it raised ConnectionError"),
    (BringsContacts, "a source sends SetPresence, Heartbeat and SetExternalLoad, and nothing else: EnqueueContact"),
    (TellsNothing, "how an agent stands is told by SetPresence, with the agent's id"),
    (CallsByNumber, "how an agent stands is told by SetPresence, with the agent's id"),
    (TellsNames, "commands carry ids, never names or numbers: SetPresence has the agent's name"),
    (TellsNumbers, "commands carry ids, never names or numbers: SetPresence has the agent's phone"),
    (NotAsynchronous, "run is asynchronous: it gave NoneType, which cannot be awaited"),
    (
        TellsAtOnce,
        "what changes is told, in order, and what does not is not told again: expected ['available', 'away'], ",
    ),
    (TellsTwice, "what does not is not told again: expected ['available'], got ['available', 'available']"),
    (TellsOnce, "at first a source tells how all agents stand"),
    (EndsAtAnError, "run goes on after InvalidArgument: it runs on until it is cancelled: it raised OutOfRange"),
    (StopsAtAnError, "keeps nothing from being told of the others"),
]


def check(kind: type[RotaPresence], backend: str, **how: float) -> None:
    """Check a source with its rota."""
    rota = Rota(kind)

    # What never happens is waited for in vain; all else has time enough on a busy machine.
    patience_s = 1.0 if kind in {TellsNothing, CallsByNumber, TellsOnce, EndsAtAnError, StopsAtAnError} else 30.0

    async def main() -> None:
        await check_presence(rota.make, outside=rota, patience_s=patience_s, **how)

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sound_source_passes(backend: str) -> None:
    check(RotaPresence, backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("kind", "promise"), BROKEN, ids=[kind.__name__ for kind, _ in BROKEN])
def test_a_broken_promise_of_presence_is_told(kind: type[RotaPresence], promise: str, backend: str) -> None:
    with pytest.raises(AssertionError) as told:
        check(kind, backend)
    assert promise in str(told.value)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_source_that_blocks_the_loop_is_named(backend: str) -> None:
    with pytest.raises(AssertionError, match=r"a source of presence never blocks .* in Blocks\.run"):
        check(Blocks, backend, blocked_s_max=0.05)


def test_tasks_that_a_source_leaves_are_named() -> None:
    with pytest.raises(AssertionError, match="what run has started ends with it: tasks are left, "):
        check(LeavesTasks, "asyncio")


def test_employees_are_not_shown() -> None:
    assert repr(Employee(agent_id="a", name="Ada", phone="1")) == "Employee(agent_id='a', name=…, phone=…)"


class Host:
    """The outside of a source in memory: the host itself, which tells what changes."""

    def __init__(self) -> None:
        self.source = MemoryPresence()
        self.known: dict[str, Presence] = {}

    async def become(self, employee: Employee, presence: Presence) -> None:
        """Tell the source, unless it was told."""
        if self.known.get(employee.agent_id) is not presence:
            self.known[employee.agent_id] = presence
            with contextlib.suppress(InvalidArgument):
                await self.source.set(employee.agent_id, presence)


class Polled:
    """The outside of a source that polls."""

    def __init__(self) -> None:
        self.known: dict[str, Presence] = {}

    async def become(self, employee: Employee, presence: Presence) -> None:
        """Know it."""
        self.known[employee.agent_id] = presence

    async def poll(self) -> dict[str, Presence]:
        """Tell all."""
        await checkpoint()
        return dict(self.known)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_sources_of_the_package_keep_their_promises(backend: str) -> None:
    host, polled = Host(), Polled()

    async def main() -> None:
        await check_presence(MemoryPresence)
        await check_presence(lambda: host.source, outside=host)
        await check_presence(lambda: PollingPresence(polled.poll, every_us=1), outside=polled)

    anyio.run(main, backend=backend)


# ---- clocks ------------------------------------------------------------------------------------------------------


class WallClock:
    """A clock of the system."""

    def now_us(self) -> int:
        """Return the time."""
        return time.time_ns() // 1_000


class Stopped(WallClock):
    def now_us(self) -> int:
        return 7


class InSeconds(WallClock):
    def now_us(self) -> int:
        return time.time()  # type: ignore[return-value]


class InWholeSeconds(WallClock):
    def now_us(self) -> int:
        return int(time.time())


class InMilliseconds(WallClock):
    def now_us(self) -> int:
        return time.time_ns() // 1_000_000


class Unreadable(WallClock):
    def now_us(self) -> int:
        raise OSError("no such device")


class BeforeTheEpoch(WallClock):
    def now_us(self) -> int:
        return -1


class Backwards(WallClock):
    left = TIME_US_MAX

    def now_us(self) -> int:
        self.left -= 1
        return self.left


class Asleep(WallClock):
    """A clock whose sleepers wake in time; those below get it wrong."""

    async def sleep_until(self, at_us: int) -> None:
        """Sleep in the time of the event loop."""
        await checkpoint()
        while self.now_us() < at_us:
            await anyio.sleep((at_us - self.now_us()) / 1_000_000)


class TooEarly(Asleep):
    async def sleep_until(self, at_us: int) -> None:
        await checkpoint()


class Never(Asleep):
    async def sleep_until(self, at_us: int) -> None:
        await anyio.sleep_forever()


class LastFirst:
    """A clock that time has to be let pass on, and that wakes who waits for less last."""

    def __init__(self) -> None:
        self.inside = VirtualClock()

    def now_us(self) -> int:
        """Return the time."""
        return self.inside.now_us()

    async def sleep_until(self, at_us: int) -> None:
        """Sleep the longer, the earlier it is."""
        await self.inside.sleep_until(max(at_us, 100_000 - at_us))


class RefusesThePast(Asleep):
    async def sleep_until(self, at_us: int) -> None:
        if at_us <= self.now_us():
            raise ValueError("in the past")
        await super().sleep_until(at_us)


class SleepsAtOnce(WallClock):
    def sleep_until(self, at_us: int) -> None:
        """Be no coroutine."""


class KeepsTheTurn(Asleep):
    async def sleep_until(self, at_us: int) -> None:
        if at_us > self.now_us():
            await super().sleep_until(at_us)


class SwallowsCancellation(Asleep):
    async def sleep_until(self, at_us: int) -> None:
        with contextlib.suppress(anyio.get_cancelled_exc_class()):
            await super().sleep_until(at_us)


class BlocksAsleep(Asleep):
    async def sleep_until(self, at_us: int) -> None:
        await checkpoint()
        while self.now_us() < at_us:
            time.sleep((at_us - self.now_us()) / 1_000_000)


CLOCKS: list[tuple[Callable[[], Clock], str]] = [
    (InSeconds, "now_us is microseconds since the Unix epoch"),
    (InWholeSeconds, "looks like seconds"),
    (InMilliseconds, "looks like milliseconds"),
    (Unreadable, "now_us tells the time: it raised OSError"),
    (RefusesThePast, "sleep_until is asynchronous, and returns: it raised ValueError: 'in the past'"),
    (SleepsAtOnce, "sleep_until is asynchronous, and returns: it raised TypeError"),
    (BeforeTheEpoch, "now_us is microseconds since the Unix epoch"),
    (Backwards, "time does not go back by itself"),
    (TooEarly, "sleep_until returns at its moment or later"),
    (Never, "sleep_until returns when its moment has come: 3 of 3 never woke"),
    (LastFirst, "who waits for less wakes first"),
    (KeepsTheTurn, "sleep_until lets others run"),
    (SwallowsCancellation, "sleep_until lets cancellation through"),
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_sound_clocks_pass(backend: str) -> None:
    async def main() -> None:
        for make in (WallClock, Stopped, Asleep):
            await check_clock(make)
        await check_clock(VirtualClock, pass_time=VirtualClock.advance)

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("make", "promise"), CLOCKS)
def test_a_broken_promise_of_a_clock_is_told(make: Callable[[], Clock], promise: str, backend: str) -> None:
    async def main() -> None:
        pass_time = (lambda clock, by_us: clock.inside.advance(by_us)) if make is LastFirst else None
        patience_s = 0.2 if make is Never else 30.0
        # What wakes too early is waited for in vain; a step that a busy machine may pass over would make it right.
        step_us = 2_000_000 if make is TooEarly else 5_000
        await check_clock(make, pass_time=pass_time, patience_s=patience_s, step_us=step_us)

    with pytest.raises(AssertionError) as told:
        anyio.run(main, backend=backend)
    assert promise in str(told.value)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_clock_that_blocks_the_loop_is_named(backend: str) -> None:
    async def main() -> None:
        await check_clock(BlocksAsleep, step_us=150_000, blocked_s_max=0.05)

    with pytest.raises(AssertionError, match=r"a clock never blocks .* in BlocksAsleep\.sleep_until"):
        anyio.run(main, backend=backend)


def test_a_moment_that_has_come_is_not_waited_for() -> None:
    class Oversleeps(Asleep):
        slept = 0

        async def sleep_until(self, at_us: int) -> None:
            self.slept += 1
            if self.slept > 3:
                await anyio.sleep_forever()
            await super().sleep_until(at_us)

    async def main() -> None:
        await check_clock(Oversleeps, patience_s=1.0)

    with pytest.raises(AssertionError, match="a moment that has come is not waited for"):
        anyio.run(main)
