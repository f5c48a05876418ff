"""How a router behaves: bounds, pauses, limits of time. Every queue and every retry has its end here."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from ccroute.customers.arriving import ArrivalPolicy
from ccroute.errors import OutOfRange, WrongType
from ccroute.journal.snapshotting import SnapshotPolicy

__all__ = ["JUMP_MAX_US", "OnJump", "RouterPolicy"]

JUMP_MAX_US: Final = 3_600_000_000
"""What counts as a jump of the clock where neither policy nor configuration say: one hour, microseconds."""

_DURATION_MAX_US: Final = 86_400_000_000
_COUNT_MAX: Final = 1_000_000


class OnJump(enum.StrEnum):
    """What becomes of a clock that jumps ahead."""

    STEPS = "steps"
    """The engine follows, in steps: every timer fires at its own deadline."""
    REFUSE = "refuse"
    """The engine goes on where it was, at the pace of the monotonic clock."""


class RouterPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How a router behaves. Durations are 1 µs to one day, counts 1 to 1 000 000."""

    inbox_max: int = 1_024
    """Commands of the application that wait at most; who sends more waits for room."""
    inlet_max: int = 256
    """Commands that wait at most per channel and per source of presence."""
    slice_max: int = 256
    """Commands that are carried out before others get a turn."""
    staged_max: int = 8_192
    """Commands that are carried out ahead of the journal."""
    backlog_max: int = 1_000
    """Events that wait at most for a subscriber, unless it says otherwise."""
    recent_max: int = 10_000
    """Events that are kept in memory, for subscribers that resume and channels that are behind."""
    deliveries_max: int = 16
    """Contacts of one channel that are delivered to at the same time."""
    pending_max: int = 1_000
    """Events of one channel that are in memory until they are delivered; the others stay in the journal."""
    delivery_us: int = 10_000_000
    """How long one attempt at a delivery may take."""
    attempts_max: int = 8
    """Attempts at a delivery before it is put into quarantine."""
    pause_us: int = 1_000_000
    """First pause before something that failed is tried again; each one after is twice as long."""
    pause_max_us: int = 60_000_000
    """Longest pause."""
    quarantined_max: int = 10_000
    """Deliveries in quarantine per channel; with more, those that fail are tried for ever, and the channel stands."""
    history_pause_us: int = 100_000
    """How long events are gathered before they are written into the history, unless somebody asks it."""
    jump_max_us: int | None = None
    """What counts as a jump of the clock; None: ``jump_max_us`` of the configuration, else one hour."""
    on_jump: OnJump = OnJump.STEPS
    """What becomes of a clock that jumps ahead."""
    stop_us: int = 5_000_000
    """How long channels and history may take to finish when the router ends."""
    take_over: bool = False
    """Claim the journal also where another owner lives."""
    snapshots: SnapshotPolicy | None = None
    """When snapshots are taken; None: as ``SnapshotPolicy`` has it."""
    arrivals: ArrivalPolicy | None = None
    """How long an arrival waits for what is known of its customer; None: as ``ArrivalPolicy`` has it."""

    def check(self) -> None:
        """Check every value.

        :raises WrongType: one has another type than stated.
        :raises OutOfRange: one is out of range.
        """
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if name == "jump_max_us" and value is None:
                continue
            if name.endswith("_us"):
                _check_range(name, value, _DURATION_MAX_US)
            elif name.endswith("_max"):
                _check_range(name, value, _COUNT_MAX)
        if type(self.on_jump) is not OnJump:
            raise WrongType("policy.on_jump", self.on_jump, "an OnJump")
        if type(self.take_over) is not bool:
            raise WrongType("policy.take_over", self.take_over, "a bool")
        if self.arrivals is not None and type(self.arrivals) is not ArrivalPolicy:
            raise WrongType("policy.arrivals", self.arrivals, "an ArrivalPolicy, or None")
        if self.arrivals is not None:
            self.arrivals.check()
        if self.snapshots is not None and type(self.snapshots) is not SnapshotPolicy:
            raise WrongType("policy.snapshots", self.snapshots, "a SnapshotPolicy, or None")


def _check_range(name: str, value: object, most: int) -> None:
    if type(value) is not int:
        raise WrongType(f"policy.{name}", value, "an integer")
    if not 1 <= value <= most:
        raise OutOfRange(f"policy.{name}", value, f"from 1 to {most}")
