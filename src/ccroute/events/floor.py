"""What became of agents, queues and the configuration."""

from __future__ import annotations

from ccroute.events.event import Event
from ccroute.types import Presence

__all__ = [
    "AgentLost",
    "Configured",
    "ExternalLoadSet",
    "HoursClosed",
    "HoursOpened",
    "NextPresenceSet",
    "PresenceChanged",
    "QueueOpened",
    "QueuePaused",
]


class PresenceChanged(Event, frozen=True, kw_only=True, tag="agent.presence_changed", gc=False):
    """An agent's presence was set: by command, by the end of its work, or by the engine (``no_answer``)."""

    agent_id: str
    """The agent."""
    presence: Presence
    """Presence from now on."""
    label: str | None
    """Its label; ``no_answer`` where the engine set it."""
    previous: Presence
    """Presence before, which may be the same."""


class NextPresenceSet(Event, frozen=True, kw_only=True, tag="agent.next_presence_set", gc=False):
    """An agent will take another presence when its last leg ends, and gets no offers until then."""

    agent_id: str
    """The agent."""
    presence: Presence
    """The presence to come."""
    label: str | None
    """Its label."""


class AgentLost(Event, frozen=True, kw_only=True, tag="agent.lost", gc=False):
    """Nothing was heard of an agent for longer than its lease."""

    agent_id: str
    """The agent."""
    lease_us: int
    """The lease, microseconds."""
    grace_ends_at_us: int
    """When its work on channels that are not live goes back to its place."""


class ExternalLoadSet(Event, frozen=True, kw_only=True, tag="agent.external_load_set", gc=False):
    """Units of an agent are booked by work that the engine did not route."""

    agent_id: str
    """The agent."""
    channel: str
    """The channel they are booked on."""
    units: int
    """Units from now on."""


class QueuePaused(Event, frozen=True, kw_only=True, tag="queue.paused", gc=False):
    """A queue makes no offers from now on."""

    queue_id: str
    """The queue."""


class QueueOpened(Event, frozen=True, kw_only=True, tag="queue.opened", gc=False):
    """A queue makes offers again."""

    queue_id: str
    """The queue."""


class HoursClosed(Event, frozen=True, kw_only=True, tag="hours.closed", gc=False):
    """A queue is closed from now on, by its hours."""

    queue_id: str
    """The queue."""
    until_us: int | None
    """The next change of its hours that is known; None: none is."""


class HoursOpened(Event, frozen=True, kw_only=True, tag="hours.opened", gc=False):
    """A queue is open from now on, by its hours."""

    queue_id: str
    """The queue."""
    until_us: int | None
    """The next change of its hours that is known; None: none is."""


class Configured(Event, frozen=True, kw_only=True, tag="configured", gc=False):
    """Another configuration is in force."""

    version: int
    """Version of the configuration: 1 at first, 1 more with each change."""
    changed: list[str]
    """Key paths of the entries that are new or different, as in ``queues.loans``: sections in the order of ``Config``,
    names in the order of the new configuration."""
    removed: list[str]
    """Key paths of the entries that are gone, in the order of the configuration before."""
