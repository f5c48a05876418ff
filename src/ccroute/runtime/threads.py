"""Blocking work beside the event loop: in threads that are shared and bounded, or at once where it does not block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar, final

import anyio
from anyio import to_thread
from anyio.lowlevel import checkpoint

__all__ = ["COMMITS_MAX", "THREADS_MAX", "Threads"]

COMMITS_MAX: Final = 8
"""Commits that are written at the same time, unless it is said otherwise."""

THREADS_MAX: Final = 16
"""Other blocking calls at the same time: histories, customers, feeds."""

_T = TypeVar("_T")


@final
class Threads:
    """How many threads there may be. Routers of one process may share them; a slow history keeps no commit waiting."""

    def __init__(self, *, commits_max: int = COMMITS_MAX, others_max: int = THREADS_MAX) -> None:
        self._commits: Final = anyio.CapacityLimiter(commits_max)
        self._others: Final = anyio.CapacityLimiter(others_max)

    async def commit(self, call: Callable[[], _T]) -> _T:
        """Return what a commit returns. Once begun, it is not cancelled."""
        return await to_thread.run_sync(call, limiter=self._commits)

    async def run(self, call: Callable[[], _T], *, blocks: bool = True) -> _T:
        """Return what another call returns. Once begun, it is not cancelled, and its answer is not lost.

        :param blocks: False: it is done here and now.
        """
        if blocks:
            return await to_thread.run_sync(call, limiter=self._others)
        await checkpoint()
        return call()
