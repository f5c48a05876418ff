"""What all events share."""

from __future__ import annotations

import msgspec

__all__ = [
    "Event",
]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True, gc=False):
    """What all events share."""

    seq: int
    """1, 2, 3 … without gaps over the engine's life."""
    at_us: int
    """When it happened, microseconds since the Unix epoch; never less than the event before."""
    cause: str
    """``command:<n>``, the n-th command that did not raise, from 1; ``timer:<name>``, one of ``offer``, ``wrap_up``,
    ``cooldown``, ``after``, ``overdue``, ``park``, ``guard``, ``rule``, ``lease``, ``lost``, ``hours`` and
    ``callback``; ``rule:<queue>/<n>``, what step ``n`` of the queue's plan brought about, or ``rule:<queue>/own/<n>``,
    of the plan of a contact in that queue."""
    actor: str | None = None
    """The ``actor`` of the command that caused it."""
