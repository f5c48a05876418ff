"""Errors of the runtime: a router that takes nothing more, and subscribers that are behind."""

from __future__ import annotations

from typing import final

from ccroute.errors.argument import CcrouteError

__all__ = ["EventsGone", "RouterClosed", "RouterDraining", "SubscriptionLagged"]


@final
class RouterClosed(CcrouteError, RuntimeError):
    """The router, or the subscription, is not open."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not open")
        self.what = what
        """Which one: ``router <name>`` or ``subscription``."""

    def __reduce__(self) -> tuple[type[RouterClosed], tuple[str]]:
        return type(self), (self.what,)


@final
class RouterDraining(CcrouteError, RuntimeError):
    """The router takes no new contacts any more; those that are inside are served to their end."""

    def __init__(self, name: str) -> None:
        super().__init__(f"router {name} drains: it takes no new contacts")
        self.name = name
        """Name of the router's engine."""

    def __reduce__(self) -> tuple[type[RouterDraining], tuple[str]]:
        return type(self), (self.name,)


@final
class SubscriptionLagged(CcrouteError, RuntimeError):
    """A subscriber was too slow: more events waited for it than it may have. Subscribe anew from ``seq``."""

    def __init__(self, seq: int, backlog_max: int) -> None:
        super().__init__(f"more than {backlog_max} events waited for the subscriber; resume with after_seq={seq}")
        self.seq = seq
        """Seq of the last event that it had; give it as ``after_seq``."""
        self.backlog_max = backlog_max
        """How many may wait."""

    def __reduce__(self) -> tuple[type[SubscriptionLagged], tuple[int, int]]:
        return type(self), (self.seq, self.backlog_max)


@final
class EventsGone(CcrouteError, LookupError):
    """The journal does not keep the events behind a seq any more."""

    def __init__(self, after_seq: int, first_seq: int) -> None:
        super().__init__(
            f"the events behind {after_seq} are not kept any more; the first that is has seq {first_seq}: "
            f"resume with after_seq={first_seq - 1} or later"
        )
        self.after_seq = after_seq
        """What was asked for."""
        self.first_seq = first_seq
        """Seq of the first event that can still be had."""

    def __reduce__(self) -> tuple[type[EventsGone], tuple[int, int]]:
        return type(self), (self.after_seq, self.first_seq)
