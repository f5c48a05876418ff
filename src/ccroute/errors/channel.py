"""What a channel refuses to its host."""

from __future__ import annotations

from typing import final

from ccroute.errors.argument import CcrouteError

__all__ = [
    "ChatRefused",
]


@final
class ChatRefused(CcrouteError, ValueError):
    """A web chat does not take what it was given; nothing has happened. What was given is not told."""

    def __init__(self, code: str, allowed: str, retry_after_us: int | None = None) -> None:
        super().__init__(f"{code}: {allowed}")
        self.code = code
        """Why, a ``ChatRefusal``."""
        self.allowed = allowed
        """What is allowed, in words."""
        self.retry_after_us = retry_after_us
        """When it may be tried again, microseconds from now; None: not as it is, or nobody knows when."""

    def __reduce__(self) -> tuple[type[ChatRefused], tuple[object, ...]]:
        return type(self), (self.code, self.allowed, self.retry_after_us)
