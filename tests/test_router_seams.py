"""What others do to a router at its seams: tasks that share, errors that nobody expects, clocks that break."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import anyio
import anyio.abc
import anyio.from_thread
import anyio.to_thread
import pytest

from ccroute import (
    CcrouteError,
    ConcurrentUse,
    Engine,
    EngineClosed,
    Event,
    InvalidArgument,
    JournaledEngine,
    JournalFailed,
    OutOfRange,
    Router,
    RouterClosed,
    RouterDraining,
    RouterPolicy,
    RouterState,
    Subscription,
)
from ccroute.ports import Delivery, Inlet, Record
from tests.living import BEGIN, CONFIG, SECOND, Tape, Wire, chat, clock, comes, names, turns

pytestmark = [pytest.mark.outer, pytest.mark.anyio]


class BreakOff(BaseException):
    """What no task catches, as an interrupt of the keyboard is."""


class OddError(Exception):
    """One that cannot be copied."""

    def __init__(self, code: int, what: str) -> None:
        super().__init__(what)
        self.code = code


class OddFailure(JournalFailed):
    """One of a journal of somebody else's, that cannot be copied."""

    def __init__(self, code: int, what: str) -> None:
        super().__init__(what)
        self.code = code


# ---- subscriptions -------------------------------------------------------------------------------------------------


async def test_who_waits_in_a_subscription_that_is_left_is_told() -> None:
    told: list[str] = []

    async def listen(events: Subscription[Event]) -> None:
        told.append(type(await anext(events)).__name__)
        with pytest.raises(RouterClosed):
            await anext(events)
        told.append("left")

    async with Router.open(config=CONFIG, clock=clock()) as router:
        events = router.events()
        async with anyio.create_task_group() as group:
            await events.__aenter__()
            group.start_soon(listen, events)
            await router.send(chat("c1"))
            await turns()
            await events.__aexit__(None, None, None)
    assert told == ["ContactQueued", "left"]


@pytest.mark.parametrize("after_seq", [None, 0])
async def test_tasks_that_share_a_subscription_share_out_its_events(after_seq: int | None) -> None:
    told: list[list[int]] = []
    policy = RouterPolicy(recent_max=1)

    async def listen(events: Subscription[Event]) -> None:
        told.append([event.seq async for event in events])

    async def live(group: anyio.abc.TaskGroup) -> list[int]:
        async with Router.open(config=CONFIG, clock=clock(), journal=Tape(), policy=policy) as router:
            before = [await router.send(chat(f"before{number}")) for number in range(5)]
            events = await router.events(after_seq=after_seq).__aenter__()
            group.start_soon(listen, events)
            group.start_soon(listen, events)
            after = [await router.send(chat(f"after{number}")) for number in range(5)]
            await turns(100)
            return [event.seq for some in ([*before, *after] if after_seq == 0 else after) for event in some]

    async with anyio.create_task_group() as group:
        wanted = await live(group)
    # Both have heard that the router ended.
    assert len(told) == 2
    assert sorted(seq for some in told for seq in some) == wanted


# ---- errors of others ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [OddError(5, "odd"), OddFailure(5, "odd"), ExceptionGroup("odd", [OSError("odd")])])
async def test_an_error_that_cannot_be_copied_reaches_all_who_wait(failure: Exception) -> None:
    tape = Tape()
    met: list[Exception] = []

    async def send(router: Router, number: int) -> None:
        try:
            await router.send(chat(f"c{number}"))
        except Exception as error:
            met.append(error)

    async with anyio.create_task_group() as group:
        with pytest.raises(type(failure)):  # noqa: PT012
            async with Router.open(config=CONFIG, clock=clock(), journal=tape) as router:
                tape.failure = failure
                for number in range(5):
                    group.start_soon(send, router, number)
                await anyio.sleep_forever()
    assert [str(one) for one in met] == [str(failure)] * 5
    assert router.state is RouterState.FAILED


def test_an_engine_whose_journal_failed_oddly_says_so_again_and_again() -> None:
    tape = Tape()
    durable = JournaledEngine.open(tape, CONFIG)
    tape.failure = OddFailure(5, "odd")
    for number in range(3):
        with pytest.raises(OddFailure):
            durable.handle(chat(f"c{number}"), BEGIN)
    durable.close()


class Unreadable(Tape):
    """A journal of somebody else's, whose reading fails in its own way for a while."""

    is_broken = False

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the records behind a seq, or fail."""
        if self.is_broken:
            raise OSError("unreadable")
        return super().records(after)


async def test_a_journal_that_cannot_be_read_for_a_while_keeps_one_channel_waiting() -> None:
    tape, time_, go = Unreadable(), clock(), anyio.Event()

    async def behave(_: Delivery) -> None:
        await go.wait()

    wire = Wire(behave)
    policy = RouterPolicy(pending_max=1)
    async with Router.open(config=CONFIG, clock=time_, journal=tape, channels={"chat": wire}, policy=policy) as router:
        await turns()
        tape.is_broken = True
        for number in range(5):
            await router.send(chat(f"c{number}"))
        go.set()
        with anyio.fail_after(10):
            while router.health().channels["chat"].failure is None:
                await anyio.sleep(0.001)
        assert router.health().channels["chat"].failure == "OSError"
        assert router.state is RouterState.RUNNING
        tape.is_broken = False
        with anyio.fail_after(10):
            while len(wire.taken) < 5:
                await time_.advance(SECOND)


@pytest.mark.parametrize("error", [JournalFailed("another one's"), EngineClosed("another one's"), OddError(5, "odd")])
async def test_what_a_question_raises_harms_only_who_asks(error: Exception) -> None:
    def ask(_: Engine) -> None:
        raise error

    async with Router.open(config=CONFIG, clock=clock()) as router:
        with pytest.raises(type(error)):
            await router.ask(ask)
        assert names(await router.send(chat("c1"))) == ["ContactQueued"]


@pytest.mark.parametrize("blocks", [False, True])
async def test_what_no_task_catches_ends_the_router_and_lets_nobody_wait(blocks: bool) -> None:
    met: list[CcrouteError] = []

    def ask(_: Engine) -> None:
        raise BreakOff

    async def wait(router: Router) -> None:
        try:
            async with router.events() as events:
                async for _ in events:
                    pass
        except CcrouteError as error:
            met.append(error)

    async with anyio.create_task_group() as group:
        with pytest.raises(BaseExceptionGroup) as told:  # noqa: PT012
            async with Router.open(config=CONFIG, clock=clock(), journal=Tape() if blocks else None) as router:
                group.start_soon(wait, router)
                await turns()
                await router.ask(ask)
    assert told.value.subgroup(BreakOff) is not None
    assert [type(one) for one in met] == [JournalFailed]
    assert router.state is RouterState.FAILED


class FailsInTheEnd(Wire):
    """A channel, and a source of presence, whose tasks raise when they are cancelled."""

    error: BaseException = OSError("in the end")

    async def run(self, inlet: Inlet) -> None:
        """Bring nothing in."""
        await super().run(inlet) if self.behave is None else await self._fail()

    async def deliver(self, delivery: Delivery) -> None:
        """Take nothing."""
        self.tried.append(delivery)
        await self._fail()

    async def _fail(self) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._end)
            await anyio.sleep_forever()

    async def _end(self) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            raise self.error


async def test_what_fails_when_it_is_cancelled_does_not_fail_the_router() -> None:
    async def behave(_: Delivery) -> None:
        return None

    runs, delivers = FailsInTheEnd(behave), FailsInTheEnd()
    policy = RouterPolicy(stop_us=1)
    async with Router.open(
        config=CONFIG, clock=clock(), channels={"chat": delivers, "sms": runs}, presence={"rota": runs}, policy=policy
    ) as router:
        await router.send(chat("c1"))
        await turns()
        assert len(delivers.tried) == 1
    assert router.state is RouterState.ENDED


async def test_an_interrupt_that_meets_a_channel_comes_out() -> None:
    async def behave(_: Delivery) -> None:
        return None

    runs = FailsInTheEnd(behave)
    runs.error = BreakOff()
    with pytest.raises(BaseExceptionGroup) as told:
        async with Router.open(config=CONFIG, clock=clock(), channels={"sms": runs}):
            await turns()
    assert told.value.subgroup(BreakOff) is not None


# ---- time ----------------------------------------------------------------------------------------------------------


async def test_what_can_never_be_right_at_a_moment_to_come_lets_no_time_pass() -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router:
        await router.send(comes())
        await router.send(chat("c1"))
        before = await router.ask(lambda engine: engine.snapshot())
        with pytest.raises(InvalidArgument, match="nowhere"):
            await router.send(chat("c2", "nowhere"), at_us=BEGIN + 600 * SECOND)
        assert await router.ask(lambda engine: engine.snapshot()) == before
        async with router.events() as events:
            answer = await router.send(chat("c2"), at_us=BEGIN + 16 * SECOND)
            heard = [await anext(events)]
            while heard[-1] != answer[-1]:
                heard.append(await anext(events))
        assert names(heard)[0] == "OfferExpired"
        assert names(answer) == ["ContactQueued"]
        assert [event.seq for event in heard] == list(range(heard[0].seq, answer[-1].seq + 1))


class Clock:
    """A clock that says what it is told to say, or breaks."""

    def __init__(self) -> None:
        self.reading: object = BEGIN

    def now_us(self) -> int:
        """Return the reading."""
        if isinstance(self.reading, Exception):
            raise self.reading
        return self.reading  # type: ignore[return-value]


async def test_a_clock_that_breaks_ends_the_router_with_its_error() -> None:
    time_ = Clock()
    with pytest.raises(OSError, match="no clock"):  # noqa: PT012
        async with Router.open(config=CONFIG, clock=time_, channels={"chat": Wire()}) as router:
            await router.send(chat("c1"))
            time_.reading = OSError("no clock")
            with pytest.raises(OSError, match="no clock"):
                await router.send(chat("c2"))
            await anyio.sleep_forever()


async def test_a_clock_that_is_out_of_all_bounds_takes_no_time_along() -> None:
    time_ = Clock()
    async with Router.open(config=CONFIG, clock=time_) as router:
        for reading in (2**60, 1.5, None):
            time_.reading = reading
            with pytest.raises(InvalidArgument, match="clock"):
                router.now_us()
        time_.reading = BEGIN
        assert router.now_us() - BEGIN < SECOND
        assert names(await router.send(chat("c1"))) == ["ContactQueued"]
    time_.reading = 2**60
    with pytest.raises(OutOfRange, match="clock"):
        async with Router.open(config=CONFIG, clock=time_):
            raise AssertionError


# ---- draining ------------------------------------------------------------------------------------------------------


async def test_a_contact_that_waited_in_the_inbox_does_not_come_in_behind_the_draining() -> None:
    wire = Wire()
    met: list[str] = []

    async def bring() -> None:
        assert wire.inlet is not None
        try:
            await wire.inlet.send(chat("c1"))
        except RouterDraining:
            met.append("refused")

    async def drain(router: Router) -> None:
        await router.drain()
        met.append("drained")

    gate, tape = threading.Event(), Tape()
    policy = RouterPolicy(staged_max=1)
    async with Router.open(
        config=CONFIG, clock=clock(), journal=tape, channels={"chat": wire}, policy=policy
    ) as router:
        await turns()
        assert wire.inlet is not None
        tape.appended = lambda: gate.wait() and None  # type: ignore[func-returns-value]
        async with anyio.create_task_group() as group:
            # While the disk is waited for come presence, presence by the channel, the contact behind it, the question.
            for send, command in ((router.send, comes()), (router.send, comes()), (wire.inlet.send, comes("dorit"))):
                group.start_soon(send, command)
                await turns(3)
            group.start_soon(bring)
            await turns(3)
            group.start_soon(drain, router)
            await turns(3)
            gate.set()
        assert met == ["refused", "drained"]
        assert await router.ask(lambda engine: engine.counters().inside) == 0


# ---- threads -------------------------------------------------------------------------------------------------------


async def test_the_loop_of_another_thread_is_told_that_it_is_another() -> None:
    met: list[str] = []

    async def call(router: Router) -> None:
        for work in (router.send(chat("c1")), router.agent("maxim"), router.history.contact("c1"), anext_of(router)):
            try:
                await work
            except ConcurrentUse as error:
                met.append(str(error))

    async def anext_of(router: Router) -> None:
        async with router.events():
            raise AssertionError

    async with Router.open(config=CONFIG, clock=clock()) as router:
        await anyio.to_thread.run_sync(lambda: anyio.run(call, router))
        assert len(met) == 4
        assert "anyio.from_thread" in met[0]
        answer = await anyio.to_thread.run_sync(lambda: anyio.from_thread.run(router.send, chat("c1")))
        assert names(answer) == ["ContactQueued"]
