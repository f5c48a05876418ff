"""Commands that change the configuration, whole or by one entry."""

from __future__ import annotations

from ccroute.commands.command import Command
from ccroute.config.structs import Agent, Channel, Config, Queue
from ccroute.types import Removal

__all__ = [
    "Configure",
    "PutAgent",
    "PutChannel",
    "PutQueue",
    "RemoveAgent",
    "RemoveQueue",
]


class Configure(Command, frozen=True, kw_only=True, tag="configure", gc=False):
    """Put another configuration in the place of the present one, whole and at once."""

    config: Config
    """The configuration. Faults: ``ConfigError``, and nothing has moved."""
    removal: Removal = Removal.REFUSE
    """What becomes of queues, agents and skills that are not in it any more, but still in use."""


class PutQueue(Command, frozen=True, kw_only=True, tag="queue.put", gc=False):
    """Add a queue to the configuration, or put another entry in the place of its present one."""

    queue_id: str
    """The queue, known or new."""
    config: Queue
    """Its whole entry. Faults: ``ConfigError``, and nothing has moved."""
    if_version: int | None = None
    """Refused unless this is the queue's version: 1 at first, 1 more with each change of its entry; None: any."""


class PutAgent(Command, frozen=True, kw_only=True, tag="agent.put", gc=False):
    """Add an agent to the configuration, or put another entry in the place of its present one."""

    agent_id: str
    """The agent, known or new."""
    config: Agent
    """Its whole entry. Faults: ``ConfigError``, and nothing has moved."""
    if_version: int | None = None
    """Refused unless this is the agent's version: 1 at first, 1 more with each change of its entry; None: any."""


class PutChannel(Command, frozen=True, kw_only=True, tag="channel.put", gc=False):
    """Add a channel to the configuration, or put another entry in the place of its present one."""

    channel: str
    """The channel, known or new."""
    config: Channel
    """Its whole entry. Faults: ``ConfigError``, and nothing has moved."""
    if_version: int | None = None
    """Refused unless this is the channel's version: 1 at first, 1 more with each change of its entry; None: any."""


class RemoveQueue(Command, frozen=True, kw_only=True, tag="queue.remove", gc=False):
    """Take a queue out of the configuration."""

    queue_id: str
    """The queue. Unknown: ``UnknownName``."""
    removal: Removal = Removal.REFUSE
    """What to do where it is still in use."""
    if_version: int | None = None
    """Refused unless this is the queue's version: 1 at first, 1 more with each change of its entry; None: any."""


class RemoveAgent(Command, frozen=True, kw_only=True, tag="agent.remove", gc=False):
    """Take an agent out of the configuration."""

    agent_id: str | int
    """The agent."""
    removal: Removal = Removal.REFUSE
    """What to do where it is still in use."""
    if_version: int | None = None
    """Refused unless this is the agent's version: 1 at first, 1 more with each change of its entry; None: any."""
