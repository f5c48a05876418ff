"""Commands that were not carried out."""

from __future__ import annotations

from ccroute.events.event import Event
from ccroute.types import RefusalReason, Rule

__all__ = [
    "CommandRefused",
    "CommandRepeated",
]


class CommandRefused(Event, frozen=True, kw_only=True, tag="command.refused", gc=False):
    """A well-formed command could not be carried out right now. Nothing but this happened."""

    reason: RefusalReason
    """Why."""
    rule: Rule | None = None
    """With ``not_eligible``: the first rule that keeps the agent from the contact."""
    command: str
    """The command's tag."""
    contact_id: str | int | None = None
    """As in the command."""
    agent_id: str | int | None = None
    """As in the command."""
    offer_id: str | None = None
    """As in the command."""
    queue_id: str | None = None
    """As in the command."""


class CommandRepeated(Event, frozen=True, kw_only=True, tag="command.repeated", gc=False):
    """A command with this id was carried out before; this one was not."""

    command_id: str
    """The id."""
    first_seq: int
    """Seq of the first event of the first time."""
    count: int
    """How many events the first time had; may be 0."""
