"""How the suites of asynchronous ports run what they try: step by step, cancelled at will, with an eye on the loop."""

from __future__ import annotations

import sys
import sysconfig
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import Any, Final, Self, final

import anyio
from anyio.lowlevel import checkpoint

from ccroute.errors import shown

__all__ = ["Driven", "LoopWatch", "running", "settled", "wait_until", "watched"]

WAITS_TRIED: Final = 12
"""At how many waits in turn something is cancelled."""
CANCELLATIONS_BORNE: Final = 8
"""How often an awaitable may swallow its cancellation until it is taken for one that never ends."""
SETTLE_ROUNDS: Final = 64
"""How often others get their turn before what has not happened counts as not happening."""

_LIBRARIES: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
_WAITING_FILES: Final = ("selectors.py", "_io_epoll.py", "_io_kqueue.py", "_io_windows.py")


@final
class Driven:
    """Awaits something and sees each of its steps: how often it waited, and what became of its cancellation."""

    def __init__(
        self,
        awaitable: Awaitable[Any],
        what: str,
        scope: anyio.CancelScope,
        *,
        on_wait: Callable[[int], None] | None = None,
    ) -> None:
        """Take what is awaited.

        :param what: what messages call it.
        :param scope: by which it is cancelled. Deadlines of its own are cancellations, too, and its own affair.
        :param on_wait: called with 1, 2, … when it waits for the first time, the second time, ….
        """
        if not hasattr(awaitable, "__await__"):
            raise AssertionError(f"{what} is asynchronous: it gave {type(awaitable).__name__}, which cannot be awaited")
        self._awaitable: Final = awaitable
        self._what: Final = what
        self._scope: Final = scope
        self._on_wait: Final = on_wait
        self._cancelled_class: Final = anyio.get_cancelled_exc_class()
        self.waits = 0
        """How often it has waited so far."""
        self.cancellations = 0
        """How often it was told that it is cancelled."""

    def __await__(self) -> Generator[Any, Any, None]:
        steps: Generator[Any, Any, Any] = self._awaitable.__await__()
        resume, value = steps.send, None
        while True:
            try:
                asked = resume(value)
            except StopIteration:
                self._swallowed_none()
                return
            self.waits += 1
            if self._on_wait is not None:
                self._on_wait(self.waits)
            try:
                value = yield asked
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:
                self._note(error, steps)
                resume, value = steps.throw, error
            else:
                # Trio sends what befalls a task as an outcome; asyncio throws it.
                self._note(getattr(value, "error", None), steps)
                resume = steps.send

    def _note(self, error: object, steps: Generator[Any, Any, Any]) -> None:
        if self._scope.cancel_called and isinstance(error, self._cancelled_class):
            self.cancellations += 1
            if self.cancellations > CANCELLATIONS_BORNE:
                steps.close()
                raise AssertionError(f"{self._what} lets cancellation through: it swallows it and goes on")

    def _swallowed_none(self) -> None:
        if self.cancellations:
            raise AssertionError(f"{self._what} lets cancellation through: it swallowed it and returned")


@final
class LoopWatch:
    """Sees from a thread of its own whether something blocks the event loop, and where."""

    def __init__(self, blocked_s_max: float) -> None:
        self._blocked_s_max: Final = blocked_s_max
        self._ticks = 0
        self._loop_thread: Final = threading.get_ident()
        self._done: Final = threading.Event()
        self.place: str | None = None
        """Where the loop was blocked; None: it was not."""

    async def __aenter__(self) -> Self:
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._group.start_soon(self._tick)
        self._thread = threading.Thread(target=self._watch, name="ccroute-loop-watch", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(self, *problem: Any) -> None:
        self._done.set()
        self._thread.join()
        self._group.cancel_scope.cancel()
        await self._group.__aexit__(*problem)

    def check(self, what: str) -> None:
        """Raise where the loop was blocked by what messages call so."""
        if self.place is not None:
            raise AssertionError(
                f"{what} never blocks the event loop: it did for more than {self._blocked_s_max} s, at {self.place}"
            )

    async def _tick(self) -> None:
        while True:
            self._ticks += 1
            await anyio.sleep(self._blocked_s_max / 8)

    def _watch(self) -> None:
        # Counted in looks, not in time: where the whole process stands still, this thread does so, too.
        seen, looks = -1, 0
        while not self._done.wait(self._blocked_s_max / 4):
            frame = sys._current_frames().get(self._loop_thread)
            if frame is None or seen != self._ticks or frame.f_code.co_filename.endswith(_WAITING_FILES):
                seen, looks = self._ticks, 0
                continue
            looks += 1
            if looks >= 4 and self.place is None:
                self.place = _place(frame)


def _place(frame: FrameType) -> str:
    """Return the innermost place outside of libraries, which is whoever called what blocks."""
    innermost, outer = frame, frame.f_back
    while innermost.f_code.co_filename.startswith(_LIBRARIES) and outer is not None:
        innermost, outer = outer, outer.f_back
    return f"{innermost.f_code.co_filename}:{innermost.f_lineno} in {innermost.f_code.co_qualname}"


@final
class Run:
    """One run of a channel or a source."""

    def __init__(self, cancel_at: int | None) -> None:
        self.failure: Exception | None = None
        """What it raised."""
        self.waits = 0
        """How often it has waited."""
        self.cancel_at = cancel_at
        """The wait at which it is cancelled; None: it is not, but at the end."""


@asynccontextmanager
async def running(run: Callable[[], Awaitable[None]], what: str, *, cancel_at: int | None = None) -> AsyncIterator[Run]:
    """Have something run meanwhile and cancel it at the end; raise where it does not end as it should.

    :param cancel_at: the wait at which it is cancelled already, from 1.
    """
    tasks_before = {task.id for task in anyio.get_running_tasks()}
    state = Run(cancel_at)

    async def drive() -> None:
        def on_wait(wait: int) -> None:
            state.waits = wait
            if wait == state.cancel_at:
                group.cancel_scope.cancel()

        try:
            await Driven(run(), what, group.cancel_scope, on_wait=on_wait)
        except Exception as failure:
            state.failure = failure

    async with anyio.create_task_group() as group:
        group.start_soon(drive)
        with anyio.CancelScope(shield=True):
            await settled()
            try:
                yield state
            except AssertionError:
                # What a run raised explains better what did not happen.
                if state.failure is None:
                    raise
        group.cancel_scope.cancel()
    if state.failure is not None:
        if isinstance(state.failure, AssertionError):
            raise state.failure
        told = f"{type(state.failure).__name__}: {shown(str(state.failure))}"
        raise AssertionError(f"{what} runs on until it is cancelled: it raised {told}") from state.failure
    await settled()
    if left := _left(tasks_before):
        raise AssertionError(f"what {what} has started ends with it: tasks are left, {', '.join(left)}")


def _left(tasks_before: set[int]) -> list[str]:
    """Return the names of tasks that were not there before, but for those of others, such as a server of the tests."""
    tasks = {task.id: task for task in anyio.get_running_tasks()}
    others = tasks_before - {anyio.get_current_task().id}
    left = []
    for task_id in tasks.keys() - tasks_before:
        begun_by: int | None = task_id
        while begun_by in tasks.keys() - tasks_before:
            begun_by = tasks[begun_by].parent_id
        if begun_by not in others:
            left.append(str(tasks[task_id].name))
    return sorted(left)


async def settled(settle_s: float = 0.0) -> None:
    """Let all others have their turns, and some time where that is asked for."""
    for _ in range(SETTLE_ROUNDS):
        await checkpoint()
    if settle_s:
        await anyio.sleep(settle_s)


async def wait_until(condition: Callable[[], bool], promise: str, *, patience_s: float) -> None:
    """Return as soon as a condition holds; raise the promise where it does not in time."""
    with anyio.move_on_after(patience_s):
        while not condition():
            await settled(0.001)
        return
    raise AssertionError(f"{promise}: waited {patience_s} s in vain")


@asynccontextmanager
async def watched(what: str, blocked_s_max: float) -> AsyncIterator[Callable[[], None]]:
    """Have an eye on the loop meanwhile; a loop that was blocked is told before what came of it.

    What it yields raises, if it was blocked so far.
    """
    with single_failure():
        async with LoopWatch(blocked_s_max) as watch:
            try:
                yield lambda: watch.check(what)
            except BaseException:
                watch.check(what)
                raise
            watch.check(what)


@contextmanager
def single_failure() -> Generator[None]:
    """Take a broken promise out of the groups of errors that task groups make."""
    try:
        yield
    except BaseExceptionGroup as group:
        found = _first_assertion(group)
        if found is None:
            raise
        raise found from None


def _first_assertion(group: BaseExceptionGroup[BaseException]) -> AssertionError | None:
    for error in group.exceptions:
        if isinstance(error, AssertionError):
            return error
        if isinstance(error, BaseExceptionGroup) and (found := _first_assertion(error)) is not None:
            return found
    return None
