"""How a router is: what a health page shows, and what an alarm looks at."""

from __future__ import annotations

import enum

import msgspec

from ccroute.runtime.timekeeping import ClockHealth

__all__ = ["HistoryHealth", "PlugHealth", "PlugState", "Quarantined", "RouterHealth", "RouterState"]


class RouterState(enum.StrEnum):
    """What a router does."""

    RUNNING = "running"
    """It takes everything."""
    DRAINING = "draining"
    """It takes no new contacts, and serves those that are inside."""
    ENDING = "ending"
    """It takes nothing, and finishes what it has."""
    ENDED = "ended"
    """It has ended."""
    FAILED = "failed"
    """It cannot go on; the journal must be opened anew."""


class PlugState(enum.StrEnum):
    """What the ``run`` of a channel or a source of presence does."""

    STARTING = "starting"
    """It was not run yet."""
    RUNNING = "running"
    """It runs."""
    PAUSING = "pausing"
    """It raised, and is run again after a pause."""
    ENDED = "ended"
    """It has returned: it has nothing more to bring. A channel is delivered to all the same."""


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that was given up."""

    key: str
    """Its idempotency key; what ``retry`` and ``discard`` take."""
    channel: str
    """The channel that did not take it."""
    contact_id: str
    """The contact that it is about."""
    seq: int
    """Seq of its event."""
    kind: str
    """What happened: the event's tag, as in ``contact.queued``."""
    attempts: int
    """How often it was tried."""
    reason: str
    """The reason of ``Undeliverable``, or the class of the last error; ``TimeoutError``: it took too long."""
    at_us: int
    """When it was given up, by the router's time."""


class PlugHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel or a source of presence is."""

    state: PlugState
    """What its ``run`` does."""
    restarts: int
    """How often that raised."""
    failure: str | None
    """Class of the last error, of ``run`` or of a delivery; None: there was none."""
    inbox: int
    """Commands of it that wait."""
    delivered: int = 0
    """Deliveries that it took since the router was opened."""
    failed: int = 0
    """Attempts at deliveries that failed since then."""
    pending: int = 0
    """Events in memory that it has not taken yet."""
    oldest_us: int = 0
    """For how long the oldest of them has waited, microseconds."""
    is_behind: bool = False
    """Whether there are more of them in the journal."""
    quarantined: int = 0
    """Deliveries that were given up, and that nobody has retried or discarded."""


class HistoryHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How the history is."""

    through_seq: int
    """Seq of the last event that is in it."""
    failure: str | None
    """Class of what the last attempt to write raised; None: it went well."""


class RouterHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a router is."""

    name: str
    """Name of its engine."""
    state: RouterState
    """What it does."""
    failure: str | None
    """Class of the error with which it failed; None: it has not."""
    now_us: int
    """Its time."""
    inbox: int
    """Commands that wait."""
    oldest_us: int
    """For how long the oldest of them has waited, microseconds; 0: there is none."""
    commit_us: int
    """How long the last commit took."""
    commits: int
    """How many there were since it was opened."""
    record_seq: int
    """Seq of the last durable record."""
    event_seq: int
    """Seq of the last published event."""
    subscriptions: int
    """Subscribers that listen."""
    clock: ClockHealth
    """What became of the clock."""
    history: HistoryHealth
    """How the history is."""
    channels: dict[str, PlugHealth]
    """How each channel is."""
    presence: dict[str, PlugHealth]
    """How each source of presence is."""
