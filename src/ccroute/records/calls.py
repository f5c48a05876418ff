"""One call of a record, and what a record can say of it."""

from __future__ import annotations

from typing import final

import msgspec


@final
class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A call that queued or was answered.

    Moments are microseconds since the Unix epoch, the record's clock read as UTC; lengths are microseconds.
    """

    line: int
    """1-based line of the file it stands on; names the call, and breaks ties between calls of one second."""
    midnight_us: int
    """Begin of the day the record files it under."""
    arrived_at_us: int
    """When it left the menu (``vru_exit``) and wanted an agent."""
    type: str
    """Service it asked for."""
    priority: str
    """The priority column's number as text, without leading zeros."""
    queued: bool
    """It waited in the queue, be it for less than a second."""
    answered: bool
    """An agent answered it."""
    waited_us: int
    """Time in the queue (``q_time``), 0 where it did not queue. A hang-up's patience."""
    began_at_us: int | None
    """When an agent began; None where the record does not say."""
    handled_us: int | None
    """From begin to end of the agent's work; None where the record does not say, and for hang-ups."""
    agent_id: str | None
    """Who answered; None for hang-ups and where the record does not say."""

    @property
    def contact_id(self) -> str:
        """Id of the contact that stands for this call."""
        return f"line-{self.line}"
