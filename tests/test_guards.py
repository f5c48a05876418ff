"""An engine that is inside a call, closed, or made in another process refuses every call with an error of its own."""

from __future__ import annotations

import gc
import os
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from ccroute import (
    ConcurrentUse,
    Engine,
    EngineBug,
    EngineClosed,
    EngineOutOfMemory,
    EnqueueContact,
    ForkedEngine,
    ReentrantCall,
    WrongType,
)
from ccroute.commands import Command
from tests.busy_center import CONFIG, LATER_US, NOW_US, WORKING, busy_engine

CALLS: dict[str, Callable[[Engine], object]] = {
    "handle": lambda engine: engine.handle(WORKING[0], LATER_US),
    "handle_many": lambda engine: engine.handle_many([(WORKING[0], LATER_US)]),
    "handle_many of nothing": lambda engine: engine.handle_many([]),
    "advance": lambda engine: engine.advance(LATER_US),
    "now_us": lambda engine: engine.now_us,
    "next_at_us": lambda engine: engine.next_at_us(),
    "snapshot": lambda engine: engine.snapshot(),
    "contact": lambda engine: engine.contact("wait"),
    "agent": lambda engine: engine.agent("a0"),
    "queue": lambda engine: engine.queue("ring"),
    "offer": lambda engine: engine.offer("o1"),
    "contacts": lambda engine: engine.contacts(),
    "agents": lambda engine: engine.agents(),
    "queues": lambda engine: engine.queues(),
    "offers": lambda engine: engine.offers(),
    "counters": lambda engine: engine.counters(),
    "position": lambda engine: engine.position("wait"),
    "estimate_wait": lambda engine: engine.estimate_wait("wait"),
    "explain": lambda engine: engine.explain("wait"),
}
"""Every call that an engine can refuse; closing is told apart, as closing twice is fine."""

CALLS_AND_CLOSE = CALLS | {"close": lambda engine: engine.close()}


class Intruder:
    """A bad argument that calls the engine when it is shown in the message about it."""

    def __init__(self, intrude: Callable[[], object]) -> None:
        self.intrude = intrude
        self.met: list[BaseException | None] = []
        """What each call from inside raised."""

    def __repr__(self) -> str:
        self.met.append(raised_by(self.intrude))
        return "an intruder"


def raised_by(call: Callable[[], object]) -> BaseException | None:
    """Return what a call raises, or None."""
    try:
        call()
    except BaseException as error:
        return error
    return None


def in_another_thread(call: Callable[[], object]) -> BaseException | None:
    """Return what a call raises in a thread of its own, which has ended by then."""
    met: list[BaseException | None] = []
    thread = threading.Thread(target=lambda: met.append(raised_by(call)))
    thread.start()
    thread.join()
    return met[0]


def pairs_of(count: int) -> list[tuple[Command, int]]:
    """Return a batch that makes many objects, so that the collector of garbage runs in its middle."""
    return [(EnqueueContact(contact_id=f"c{at}", queue_id="auto", channel="chat"), NOW_US + at) for at in range(count)]


COLLECTIONS_MAX: Final = 50


class Collector:
    """Calls something while the collector of garbage runs, which it does inside the engine when that makes objects."""

    def __init__(self, intrude: Callable[[], BaseException | None]) -> None:
        self.intrude = intrude
        self.met: list[BaseException | None] = []

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start" and len(self.met) < COLLECTIONS_MAX:
            self.met.append(self.intrude())


@pytest.fixture
def collecting() -> Iterator[Callable[[Callable[[], BaseException | None]], Collector]]:
    """Give a way to have something called by the collector of garbage, which runs at every chance meanwhile."""
    before = gc.get_threshold()
    callbacks = list(gc.callbacks)

    def begin(intrude: Callable[[], BaseException | None]) -> Collector:
        collector = Collector(intrude)
        gc.callbacks.append(collector)
        gc.set_threshold(1, 1, 1)
        return collector

    yield begin
    gc.set_threshold(*before)
    gc.callbacks[:] = callbacks


@pytest.mark.parametrize("name", CALLS_AND_CLOSE)
def test_a_call_from_inside_a_call_is_refused(name: str) -> None:
    engine = busy_engine()
    before = engine.snapshot()
    for outside in (
        lambda bad: engine.handle(bad, LATER_US),
        lambda bad: engine.handle_many([(WORKING[0], LATER_US), (bad, LATER_US)]),
        lambda bad: engine.advance(bad),
        lambda bad: engine.contact(bad),
        lambda bad: engine.agents(limit=bad),
    ):
        intruder: Any = Intruder(lambda: CALLS_AND_CLOSE[name](engine))
        with pytest.raises(WrongType):
            outside(intruder)
        assert {type(error) for error in intruder.met} == {ReentrantCall}
        assert engine.snapshot() == before


@pytest.mark.parametrize("name", CALLS_AND_CLOSE)
def test_a_call_from_another_thread_meanwhile_is_refused(name: str) -> None:
    engine = busy_engine()
    before = engine.snapshot()
    met: list[BaseException | None] = []
    intruder: Any = Intruder(lambda: met.append(in_another_thread(lambda: CALLS_AND_CLOSE[name](engine))))
    with pytest.raises(WrongType):
        engine.handle(intruder, LATER_US)
    assert {type(error) for error in met} == {ConcurrentUse}
    assert engine.snapshot() == before


@pytest.mark.parametrize("name", CALLS_AND_CLOSE)
def test_one_thread_after_another_is_fine(name: str) -> None:
    engine = busy_engine()
    assert in_another_thread(lambda: CALLS_AND_CLOSE[name](engine)) is None


def test_finalizers_and_threads_that_run_while_it_decides_disturb_nothing(
    collecting: Callable[[Callable[[], BaseException | None]], Collector],
) -> None:
    quiet, engine = busy_engine(), busy_engine()
    pairs = pairs_of(200)
    expected = quiet.handle_many(pairs)
    inside = collecting(lambda: raised_by(lambda: engine.now_us))
    first = engine.handle_many(pairs[:100])
    gc.callbacks.remove(inside)
    across = collecting(lambda: in_another_thread(lambda: engine.now_us))
    second = engine.handle_many(pairs[100:])
    gc.callbacks.remove(across)
    # Some of them came before the engine was inside its call.
    assert {type(error) for error in inside.met} - {type(None)} == {ReentrantCall}
    assert {type(error) for error in across.met} - {type(None)} == {ConcurrentUse}
    assert first + second == expected
    assert engine.snapshot() == quiet.snapshot()


def test_an_engine_that_was_refused_takes_the_next_call() -> None:
    engine = busy_engine()
    intruder: Any = Intruder(lambda: engine.handle(WORKING[1], LATER_US))
    for _ in range(3):
        with pytest.raises(WrongType):
            engine.handle(intruder, LATER_US)
    assert engine.handle(WORKING[1], LATER_US)


@pytest.mark.parametrize("name", CALLS)
def test_a_closed_engine_takes_no_call(name: str) -> None:
    engine = busy_engine()
    engine.close()
    engine.close()
    with pytest.raises(EngineClosed):
        CALLS[name](engine)
    with pytest.raises(EngineClosed):
        engine.__init__(CONFIG)  # type: ignore[misc]
    with pytest.raises(EngineClosed):
        CALLS[name](engine)


def test_closing_gives_back_what_the_snapshot_can_bring_again() -> None:
    engine = busy_engine()
    snapshot = engine.snapshot()
    engine.close()
    assert Engine.restore(snapshot).snapshot() == snapshot


def in_a_child(check: Callable[[], object]) -> str:
    """Return what a check says in a forked process; it says nothing where all is well."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - the child ends without a report of coverage
        said = "the child did not come to an end"
        try:
            said = str(check() or "")
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        finally:
            os.write(writing, said.encode()[:4096])
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return said


def test_a_copy_made_by_fork_takes_no_call() -> None:
    engine = busy_engine()
    before = engine.snapshot()

    def check() -> str:
        met = {name: raised_by(lambda call=call: call(engine)) for name, call in CALLS_AND_CLOSE.items()}
        wrong = {name: repr(error) for name, error in met.items() if type(error) is not ForkedEngine}
        return str(wrong) if wrong else ""

    assert in_a_child(check) == ""
    assert engine.snapshot() == before
    assert engine.handle(WORKING[0], LATER_US)


def test_a_forked_process_restores_a_snapshot_and_makes_engines() -> None:
    snapshot = busy_engine().snapshot()

    def check() -> str:
        restored = Engine.restore(snapshot)
        Engine(CONFIG).advance(5)
        return "" if restored.snapshot() == snapshot and restored.handle(WORKING[0], LATER_US) else "another state"

    assert in_a_child(check) == ""


def test_a_grandchild_cannot_use_the_engine_of_a_child() -> None:
    def check() -> str:
        engine = busy_engine()
        return in_a_child(lambda: type(raised_by(engine.snapshot)).__name__)

    assert in_a_child(check) == "ForkedEngine"


@pytest.fixture
def raise_inside() -> Iterator[Callable[[BaseException], None]]:
    """Give a way to have something raised in the middle of a decision, as by the handler of a signal."""
    before = sys.getprofile()

    def begin(error: BaseException) -> None:
        def profile(frame: types.FrameType, event: str, argument: object) -> None:
            if event == "call" and frame.f_code.co_name == "slot_for":
                sys.setprofile(None)
                raise error

        sys.setprofile(profile)

    yield begin
    sys.setprofile(before)


@pytest.mark.parametrize(
    ("error", "told"),
    [(KeyboardInterrupt(), KeyboardInterrupt), (TimeoutError("late"), EngineBug), (MemoryError(), EngineOutOfMemory)],
    ids=["interrupt", "error", "memory"],
)
@pytest.mark.parametrize("name", ["handle", "handle_many"])
def test_what_is_raised_while_it_decides_closes_it(
    raise_inside: Callable[[BaseException], None], name: str, error: BaseException, told: type[BaseException]
) -> None:
    engine = busy_engine()
    raise_inside(error)
    with pytest.raises(told) as caught:
        CALLS[name](engine)
    assert caught.value is error or caught.value.__cause__ is error or caught.value.__context__ is error
    with pytest.raises(EngineClosed):
        engine.snapshot()


def test_an_interrupt_before_anything_has_moved_leaves_it_as_it_is() -> None:
    engine = busy_engine()
    before = engine.snapshot()

    class Interrupt:
        def __repr__(self) -> str:
            raise KeyboardInterrupt

    bad: Any = Interrupt()
    with pytest.raises(KeyboardInterrupt):
        engine.handle(bad, LATER_US)
    assert engine.snapshot() == before
