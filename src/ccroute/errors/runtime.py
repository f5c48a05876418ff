"""What a runtime raises, and what is raised to it."""

from __future__ import annotations

from typing import final

from ccroute.errors.argument import CcrouteError

__all__ = [
    "Undeliverable",
]


@final
class Undeliverable(CcrouteError, RuntimeError):
    """A channel raises it of what can never be delivered: it is put into quarantine, and not tried again by itself."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """Why, in words for whoever looks at the quarantine; nothing personal."""
