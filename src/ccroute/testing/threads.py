"""How suites of stores call them from other threads than the one that made them, and from several at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Final, TypeVar

from ccroute.errors import shown

__all__ = ["at_once", "in_a_thread"]

PATIENCE_S: Final = 30.0
"""How long a thread may take."""

_T = TypeVar("_T")


def in_a_thread(call: Callable[[], _T], what: str) -> _T:
    """Return what a call gives in another thread; raise the promise where it does not.

    :param what: what messages call it.
    """
    return _in_threads([call], what)[0]


def at_once(calls: Sequence[Callable[[], _T]]) -> list[_T]:
    """Return what calls give that are made in threads of their own at once; raise the promise where one does not."""
    return _in_threads(calls, "several threads at once")


def _in_threads(calls: Sequence[Callable[[], _T]], what: str) -> list[_T]:
    gate = Barrier(len(calls))
    given: dict[int, _T] = {}
    failures: list[Exception] = []

    def run(place: int) -> None:
        gate.wait()
        try:
            given[place] = calls[place]()
        except Exception as failure:
            failures.append(failure)

    threads = [Thread(target=run, args=(place,), daemon=True) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    for failure in failures:
        if isinstance(failure, AssertionError):
            raise failure
        raise AssertionError(
            f"its methods may be called from any thread: {what} raised {type(failure).__name__}: {shown(str(failure))}"
        ) from failure
    if len(given) < len(calls):
        raise AssertionError(f"its methods may be called from any thread: {what} did not return in {PATIENCE_S} s")
    return [given[place] for place in range(len(calls))]
