"""What goes wrong around a router: journals that fail, owners that are gone, histories, clocks that jump."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from ccroute import (
    ClockHealth,
    EnqueueContact,
    Event,
    JournalCorrupt,
    JournaledEngine,
    JournalFailed,
    MemoryHistory,
    MemoryJournal,
    NotOwner,
    OnJump,
    PlugState,
    Router,
    RouterClosed,
    RouterPolicy,
    RouterState,
    SqliteJournal,
    StorageFailed,
    Undeliverable,
)
from ccroute.journal.memory import MemoryLog
from ccroute.ports import Delivery, Inlet, Record
from ccroute.runtime.quarantine import GivenUp, MemoryQuarantine
from ccroute.runtime.timekeeping import Timekeeper
from ccroute.testing.clock import VirtualClock
from tests.living import BEGIN, CONFIG, SECOND, Tape, Wire, chat, clock, comes, turns

pytestmark = [pytest.mark.outer, pytest.mark.anyio]


async def test_a_journal_that_fails_ends_everything_with_its_error() -> None:
    tape = Tape()

    async def listen(router: Router) -> None:
        with pytest.raises(JournalFailed, match="no space"):
            async with router.events() as events:
                _ = [event async for event in events]

    async def send(router: Router, number: int) -> None:
        with pytest.raises(JournalFailed, match="no space"):
            await router.send(chat(f"c{number}"))

    async with anyio.create_task_group() as group:
        with pytest.raises(JournalFailed, match="no space"):  # noqa: PT012
            async with Router.open(config=CONFIG, clock=clock(), journal=tape, channels={"chat": Wire()}) as router:
                group.start_soon(listen, router)
                await router.send(chat("first"))
                await turns()
                tape.failure = JournalFailed("no space")
                for number in range(20):
                    group.start_soon(send, router, number)
                await anyio.sleep_forever()
    assert router.state is RouterState.FAILED
    assert router.health().failure == "JournalFailed"
    with pytest.raises(JournalFailed, match="no space"):
        await router.send(chat("later"))
    with pytest.raises(JournalFailed, match="no space"):
        async with router.events():
            pass
    with JournaledEngine.open(MemoryJournal(tape.log)) as durable:
        assert durable.engine.counters().inside == 1


async def test_the_error_that_the_application_met_is_the_one_that_comes_out() -> None:
    tape = Tape()
    with pytest.raises(JournalFailed, match="no space"):  # noqa: PT012
        async with Router.open(config=CONFIG, clock=clock(), journal=tape) as router:
            tape.failure = JournalFailed("no space")
            await router.send(chat("c1"))


async def test_a_fault_of_another_kind_ends_the_router_too() -> None:
    tape = Tape()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with Router.open(config=CONFIG, clock=clock(), journal=tape) as router:
            tape.failure = ZeroDivisionError("ours")
            with pytest.raises(ZeroDivisionError):
                await router.send(chat("c1"))
            await anyio.sleep_forever()


async def test_an_engine_that_breaks_in_a_command_ends_the_router(monkeypatch: pytest.MonkeyPatch) -> None:
    def stage(*_: object, **__: object) -> list[Event]:
        raise ZeroDivisionError("ours")

    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with Router.open(config=CONFIG, clock=clock()) as router:
            monkeypatch.setattr(JournaledEngine, "stage", stage)
            await router.send(chat("c1"))


async def test_a_task_that_is_broken_off_lets_nobody_wait() -> None:
    class BreakOff(BaseException):
        pass

    async def broken() -> None:
        raise BreakOff

    with pytest.raises(JournalFailed, match="broken off"):  # noqa: PT012
        async with Router.open(config=CONFIG, clock=clock()) as router:
            with pytest.raises(BreakOff):
                await router._parts.owner._guarded(broken)
            await router.send(chat("c1"))


async def test_a_router_whose_journal_was_taken_ends() -> None:
    log = MemoryLog()
    with pytest.raises(NotOwner):  # noqa: PT012
        async with Router.open(config=CONFIG, clock=clock(), journal=MemoryJournal(log)) as router:
            MemoryJournal(log).claim(take_over=True)
            await router.send(chat("c1"))


async def test_a_router_takes_a_journal_over() -> None:
    log = MemoryLog()
    former = MemoryJournal(log)
    former.claim()
    policy = RouterPolicy(take_over=True)
    async with Router.open(config=CONFIG, clock=clock(), journal=MemoryJournal(log), policy=policy) as router:
        assert len(await router.send(chat("c1"))) == 1


async def test_what_is_told_is_in_the_journal_and_many_share_a_commit() -> None:
    tape = Tape()
    gate, begun = threading.Event(), threading.Event()
    durable: list[int] = []

    def appended() -> None:
        begun.set()
        gate.wait()

    async with Router.open(config=CONFIG, clock=clock(), journal=tape) as router:
        tape.appended = appended
        async with anyio.create_task_group() as group, router.events() as events:
            first = router.send(chat("first"))

            async def send(command: EnqueueContact) -> None:
                await router.send(command)
                durable.append(tape.mark().seq)

            group.start_soon(send, chat("first"))
            first.close()
            await anyio.to_thread.run_sync(begun.wait)
            for number in range(50):
                group.start_soon(send, chat(f"c{number}"))
            await turns()
            assert durable == []
            with anyio.move_on_after(0) as scope:
                await anext(events)
            assert scope.cancelled_caught
            assert router.health().event_seq == 0
            gate.set()
        assert len(durable) == 51
        assert router.health().record_seq <= 4
        assert router.health().event_seq == 51


async def test_who_sends_too_much_waits_for_the_commit() -> None:
    tape = Tape()
    gate, begun = threading.Event(), threading.Event()

    def appended() -> None:
        begun.set()
        gate.wait()

    policy = RouterPolicy(inbox_max=4, staged_max=8, slice_max=4)
    async with Router.open(config=CONFIG, clock=clock(), journal=tape, policy=policy) as router:
        tape.appended = appended
        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(router.send, chat(f"c{number}"))
            await anyio.to_thread.run_sync(begun.wait)
            await turns()
            health = router.health()
            assert health.inbox >= 20
            assert health.oldest_us > 0
            gate.set()
        assert router.health().inbox == 0


async def test_nothing_turns_while_the_disk_is_waited_for() -> None:
    class Looked:
        looks = 0

        def now_us(self) -> int:
            self.looks += 1
            return BEGIN

    tape, looked = Tape(), Looked()
    gate, begun = threading.Event(), threading.Event()

    def appended() -> None:
        begun.set()
        gate.wait()

    async with Router.open(config=CONFIG, clock=looked, journal=tape) as router, anyio.create_task_group() as group:
        tape.appended = appended
        group.start_soon(router.send, chat("c1"))
        await anyio.to_thread.run_sync(begun.wait)
        await turns()
        looks = looked.looks
        await turns(100)
        assert looked.looks == looks
        gate.set()


async def test_a_history_that_fails_is_told_and_tried_again() -> None:
    class Shaky:
        def __init__(self) -> None:
            self.own = MemoryHistory()
            self.is_broken = True

        def __getattr__(self, name: str) -> object:
            return getattr(self.own, name)

        def write(self, events: list[Event], **options: object) -> int:
            if self.is_broken:
                raise StorageFailed("history", "broken")
            return self.own.write(events, **options)  # type: ignore[arg-type]

    time_, shaky = clock(), Shaky()
    async with Router.open(config=CONFIG, clock=time_, history=shaky) as router:  # type: ignore[arg-type]
        await router.send(chat("c1", customer_id="ann"))
        assert (await router.history.customer("ann")).contacts == 0  # it does not hang
        assert router.health().history.failure == "StorageFailed"
        shaky.is_broken = False
        while router.health().history.failure is not None:
            await time_.advance(SECOND)
        assert router.health().history.through_seq == 1
        assert (await router.history.customer("ann")).contacts == 1


async def test_a_history_that_falls_behind_reads_the_journal() -> None:
    policy = RouterPolicy(recent_max=3)
    async with Router.open(config=CONFIG, clock=clock(), policy=policy) as router:
        for number in range(20):
            await router.send(chat(f"c{number}", customer_id="ann"))
        assert (await router.history.customer("ann")).contacts == 20


async def test_a_fault_while_many_wait_ends_them_all() -> None:
    tape, failed = Tape(), []
    gate, begun = threading.Event(), threading.Event()

    def appended() -> None:
        begun.set()
        gate.wait()

    async def send(router: Router, number: int) -> None:
        try:
            await router.send(chat(f"c{number}"))
        except JournalFailed:
            failed.append(number)

    policy = RouterPolicy(inbox_max=4, staged_max=4, slice_max=2)
    async with anyio.create_task_group() as group:
        with pytest.raises(JournalFailed, match="no space"):  # noqa: PT012
            async with Router.open(config=CONFIG, clock=clock(), journal=tape, policy=policy) as router:
                tape.appended = appended
                for number in range(30):
                    group.start_soon(send, router, number)
                await anyio.to_thread.run_sync(begun.wait)
                await turns()
                tape.failure = JournalFailed("no space")
                gate.set()
                await anyio.sleep_forever()
    assert sorted(failed) == list(range(30))


async def test_who_waits_for_room_when_the_router_ends_is_told() -> None:
    closed: list[int] = []

    async def send(router: Router, number: int) -> None:
        try:
            await router.send(chat(f"c{number}"))
        except RouterClosed:
            closed.append(number)

    policy = RouterPolicy(inbox_max=1, slice_max=1)
    async with (
        anyio.create_task_group() as group,
        Router.open(config=CONFIG, clock=clock(), policy=policy) as router,
    ):
        for number in range(30):
            group.start_soon(send, router, number)
        await turns(3)
    assert 0 < len(closed) < 30
    assert router.state is RouterState.ENDED


async def test_a_quarantine_that_cannot_be_written_keeps_the_delivery_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(delivery: Delivery) -> None:
        raise Undeliverable("never")

    broken, put = True, MemoryQuarantine.put

    def keep(self: MemoryQuarantine, one: GivenUp) -> None:
        if broken:
            raise StorageFailed("deliveries", "broken")
        put(self, one)

    monkeypatch.setattr(MemoryQuarantine, "put", keep)
    time_, wire = clock(), Wire(never)
    policy = RouterPolicy(pause_us=SECOND, quarantined_max=1)
    async with Router.open(config=CONFIG, clock=time_, channels={"chat": wire}, policy=policy) as router:
        await router.send(chat("c1"))
        await turns()
        assert router.health().channels["chat"].failure == "StorageFailed"
        assert await router.quarantined() == []
        broken = False
        await time_.advance(SECOND)
        assert [one.attempts for one in await router.quarantined()] == [2]
        # There is room for one.
        await router.send(chat("c2"))
        await time_.advance(10 * SECOND)
        assert len(await router.quarantined()) == 1
        assert router.health().channels["chat"].pending == 1
        await router.discard("engine:1")
        await time_.advance(10 * SECOND)
        assert [one.contact_id for one in await router.quarantined()] == ["c2"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_a_channel_cancels_of_its_own_harms_nobody() -> None:
    """Under trio nobody can raise that on their own."""

    class Careless(Wire):
        async def run(self, inlet: Inlet) -> None:
            self.runs += 1
            raise anyio.get_cancelled_exc_class()

    async def careless(delivery: Delivery) -> None:
        if delivery.attempt == 1:
            raise anyio.get_cancelled_exc_class()

    time_, wire = clock(), Careless(careless)
    async with Router.open(config=CONFIG, clock=time_, channels={"chat": wire}) as router:
        await router.send(chat("c1"))
        await turns()
        health = router.health().channels["chat"]
        assert (health.failed, health.failure, health.state) == (1, "Cancelled", PlugState.PAUSING)
        await time_.advance(SECOND)
        assert wire.told("c1") == ["ContactQueued"]
        assert wire.runs == 2


async def test_a_feed_that_fails_is_read_again() -> None:
    class Shaky:
        def __init__(self) -> None:
            self.own = MemoryJournal()
            self.is_broken = False

        def __getattr__(self, name: str) -> object:
            return getattr(self.own, name)

        def records(self, after: int = 0) -> Iterator[Record]:
            if self.is_broken:
                raise JournalCorrupt("shaky", "it cannot be read")
            return self.own.records(after)

    gate = anyio.Event()

    async def behave(delivery: Delivery) -> None:
        await gate.wait()

    shaky, time_, wire = Shaky(), clock(), Wire(behave)
    policy = RouterPolicy(pending_max=2, recent_max=3, delivery_us=3_600 * SECOND)
    async with Router.open(
        config=CONFIG,
        clock=time_,
        journal=shaky,  # type: ignore[arg-type]
        channels={"chat": wire},
        policy=policy,
    ) as router:
        for number in range(10):
            await router.send(chat(f"c{number}"))
        while router.health().channels["chat"].pending < 2:
            await turns()
        shaky.is_broken = True
        gate.set()
        while router.health().channels["chat"].failure is None:
            await turns()
        assert router.health().channels["chat"].failure == "JournalCorrupt"
        shaky.is_broken = False
        while len(wire.taken) < 10:
            await time_.advance(SECOND)
            await anyio.sleep(0.001)


# ---- clocks ------------------------------------------------------------------------------------------------------


class Hands:
    """Two clocks that are set by hand."""

    def __init__(self) -> None:
        self.wall_us, self.pace_us = BEGIN, 0

    def now_us(self) -> int:
        return self.wall_us

    def go(self, duration_us: int, *, jump_us: int = 0) -> None:
        self.wall_us += duration_us + jump_us
        self.pace_us += duration_us

    def keeper(self, on_jump: OnJump, not_before_us: int = 0) -> Timekeeper:
        return Timekeeper(
            self, not_before_us=not_before_us, jump_max_us=60 * SECOND, on_jump=on_jump, monotonic=lambda: self.pace_us
        )


@pytest.mark.parametrize("on_jump", OnJump)
def test_a_clock_that_is_set_back_does_not_stop_time(on_jump: OnJump) -> None:
    hands = Hands()
    keeper = hands.keeper(on_jump)
    hands.go(SECOND, jump_us=-3_600 * SECOND)
    assert keeper.now_us() == BEGIN + SECOND
    hands.go(2 * SECOND)
    assert keeper.now_us() == BEGIN + 3 * SECOND
    assert keeper.health() == ClockHealth(
        offset_us=3_600 * SECOND, jumps=0, steps_back=1, largest_jump_us=3_600 * SECOND
    )


@pytest.mark.parametrize(("on_jump", "seen"), [(OnJump.STEPS, 3_600 * SECOND), (OnJump.REFUSE, 0)])
def test_a_clock_that_jumps_ahead_is_followed_or_not(on_jump: OnJump, seen: int) -> None:
    hands = Hands()
    keeper = hands.keeper(on_jump)
    hands.go(SECOND, jump_us=3_600 * SECOND)
    assert keeper.now_us() == BEGIN + SECOND + seen
    hands.go(SECOND, jump_us=30 * SECOND)
    assert keeper.now_us() == BEGIN + 32 * SECOND + seen
    health = keeper.health()
    assert (health.jumps, health.largest_jump_us, health.offset_us) == (1, 3_600 * SECOND, seen - 3_600 * SECOND)


def test_a_long_quiet_time_is_no_jump() -> None:
    hands = Hands()
    keeper = hands.keeper(OnJump.REFUSE)
    hands.go(86_400 * SECOND)
    assert keeper.now_us() == BEGIN + 86_400 * SECOND
    assert keeper.health().jumps == 0


def test_an_engine_that_is_ahead_of_the_clock_goes_on_from_there() -> None:
    hands = Hands()
    keeper = hands.keeper(OnJump.STEPS, not_before_us=BEGIN + 50 * SECOND)
    hands.go(SECOND)
    assert keeper.now_us() == BEGIN + 51 * SECOND
    assert keeper.health().offset_us == 50 * SECOND


async def test_time_that_passed_while_it_was_closed_is_made_up_for_in_steps() -> None:
    log = MemoryLog()
    async with Router.open(config=CONFIG, clock=clock(), journal=MemoryJournal(log)) as router:
        await router.send(comes())
        await router.send(chat("c1"))
    later = VirtualClock(BEGIN + 7_200 * SECOND)
    async with Router.open(clock=later, journal=MemoryJournal(log)) as router, router.events(after_seq=3) as events:
        made = [(await anext(events)) for _ in range(4)]
        assert made[0].at_us == BEGIN + 15 * SECOND
        [refused] = await router.send(chat("c1"))
        assert refused.at_us == BEGIN + 7_200 * SECOND


async def test_a_clock_of_the_system_drives_timers() -> None:
    config = CONFIG.__class__.from_toml(
        '[queues.support]\noffer = { offer_timeout = "1ms" }\n[agents.maxim]\nqueues = { support = 1 }\n'
    )
    async with Router.open(config=config) as router, router.events() as events:
        await router.send(comes())
        await router.send(chat("c1"))
        kinds = [type(await anext(events)).__name__ for _ in range(4)]
        assert kinds[-1] == "OfferExpired"


async def test_a_clock_of_the_system_is_slept_by() -> None:
    async def fail(delivery: object) -> None:
        if len(wire.tried) == 1:
            raise ConnectionError
        if len(wire.tried) == 2:
            await anyio.sleep_forever()

    wire = Wire(fail)
    policy = RouterPolicy(pause_us=1, delivery_us=1_000)
    async with Router.open(config=CONFIG, channels={"chat": wire}, policy=policy) as router:
        await router.send(chat("c1"))
        while not wire.taken:
            await turns()
    assert [one.attempt for one in wire.tried] == [1, 2, 3]


async def test_a_file_that_is_taken_over_ends_the_former_router(tmp_path: Path) -> None:
    path = tmp_path / "support.ccroute"
    with pytest.raises(NotOwner):  # noqa: PT012
        async with Router.open(path, CONFIG) as router:
            await router.send(chat("c1"))
            other = SqliteJournal(path)
            other.claim(take_over=True)
            other.close()
            await router.send(chat("c2"))
