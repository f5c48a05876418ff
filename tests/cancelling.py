"""Cancelling a task at each of its awaits in turn: the n-th time it is suspended, for n = 1, 2 … until it gets by."""

from __future__ import annotations

import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

import anyio

__all__ = ["cancelled_at"]

AWAITS_MAX = 2_000


@types.coroutine
def _counted(work: Coroutine[Any, Any, None], at: int, cancel: Callable[[], None]) -> Generator[Any, Any, None]:
    """Run a coroutine as it is, and call ``cancel`` when it is suspended for the n-th time."""
    sent: object = None
    raised: BaseException | None = None
    count = 0
    while True:
        try:
            yielded = work.send(sent) if raised is None else work.throw(raised)
        except StopIteration:
            return
        raised, sent = None, None
        count += 1
        if count == at:
            cancel()
        try:
            sent = yield yielded
        except BaseException as error:
            raised = error


async def cancelled_at(at: int, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
    """Do some work, cancel it when it is suspended for the n-th time, and return whether it got so far."""
    with anyio.CancelScope() as scope:
        await _awaited(_counted(work(), at, scope.cancel))
    return scope.cancel_called


async def _awaited(generator: Generator[Any, Any, None]) -> None:
    await generator  # type: ignore[misc]  # what types.coroutine makes of a generator may be awaited


async def at_each_await(
    work: Callable[[], Coroutine[Any, Any, None]], check: Callable[[int, bool], Awaitable[None]]
) -> int:
    """Cancel some work at each await in turn, check after each, and return how many there were."""
    for at in range(1, AWAITS_MAX):
        was_cancelled = await cancelled_at(at, work)
        await check(at, was_cancelled)
        if not was_cancelled:
            return at - 1
    raise AssertionError(f"there are more than {AWAITS_MAX} awaits")
