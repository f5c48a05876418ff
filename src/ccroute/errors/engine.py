"""What an engine raises that cannot take a call at all, and what is a fault of our own."""

from __future__ import annotations

from typing import final

from ccroute.errors.argument import CcrouteError

__all__ = [
    "ConcurrentUse",
    "EngineBug",
    "EngineClosed",
    "EngineOutOfMemory",
    "EngineStateError",
    "ForkedEngine",
    "ReentrantCall",
]


class EngineStateError(CcrouteError, RuntimeError):
    """The engine cannot take this call at all, whatever the arguments."""


@final
class EngineClosed(EngineStateError):
    """The engine was closed, by ``close()`` or by a failure it could not undo."""


@final
class ReentrantCall(EngineStateError):
    """The engine was called from inside one of its own calls, in the same thread."""


@final
class ConcurrentUse(EngineStateError):
    """The engine was called while another thread was inside it, or a router from a thread that is not its loop's.

    One engine belongs to one thread at a time.
    """


@final
class ForkedEngine(EngineStateError):
    """The engine was made in another process; a copy made by ``fork`` must not go on by itself."""


@final
class EngineOutOfMemory(CcrouteError, MemoryError):
    """Memory ran out. If the engine could not undo what it had begun it is closed, and a snapshot must be restored."""


@final
class EngineBug(CcrouteError, AssertionError):
    """A promise of the engine was broken; the engine is closed. Please report it with the snapshot and the command."""
