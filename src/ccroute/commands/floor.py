"""Commands on agents and queues as they are: presence, load, pause."""

from __future__ import annotations

from ccroute.commands.command import Command
from ccroute.types import PendingOffers, Presence

__all__ = [
    "Heartbeat",
    "OpenQueue",
    "PauseQueue",
    "SetExternalLoad",
    "SetPresence",
]


class SetPresence(Command, frozen=True, kw_only=True, tag="agent.presence", gc=False):
    """Say where the agent is, now or when its work ends."""

    agent_id: str | int
    """The agent."""
    presence: Presence
    """``available``, ``away`` or ``offline``."""
    label: str | None = None
    """The reason in the host's own words, as in ``"lunch"``; at most 1 024 characters."""
    offers: PendingOffers | None = None
    """What becomes of pending offers on leaving ``available``; None: declined, or rescinded if ``actor`` is someone
    else."""
    next_: bool = False
    """Taken when the agent's last leg ends; until then no new offers. Without a leg: taken now."""
    if_version: int | None = None
    """Refused unless this is the agent's version: 1 at first, 1 more with each change of its entry; None: any."""


class Heartbeat(Command, frozen=True, kw_only=True, tag="agent.heartbeat", gc=False):
    """Say that the agent is still there: its lease begins anew. Without a lease, or offline, nothing happens."""

    agent_id: str | int
    """The agent."""


class SetExternalLoad(Command, frozen=True, kw_only=True, tag="agent.external_load", gc=False):
    """Say how many units of an agent are booked by work of one channel that the engine did not route."""

    agent_id: str | int
    """The agent."""
    channel: str
    """The channel; units above 0 take one place on it. Unknown: ``UnknownName``."""
    units: int
    """Units from now on, 0 to 1 000 000; they may exceed what the agent has."""


class PauseQueue(Command, frozen=True, kw_only=True, tag="queue.pause", gc=False):
    """Make no offers from this queue until it is opened; offers that are out stand."""

    queue_id: str
    """The queue. Unknown: ``UnknownName``."""
    if_version: int | None = None
    """Refused unless this is the queue's version: 1 at first, 1 more with each change of its entry; None: any."""


class OpenQueue(Command, frozen=True, kw_only=True, tag="queue.open", gc=False):
    """Make offers from this queue again."""

    queue_id: str
    """The queue. Unknown: ``UnknownName``."""
    if_version: int | None = None
    """Refused unless this is the queue's version: 1 at first, 1 more with each change of its entry; None: any."""
