"""What of a configuration is in use, so that it cannot simply go."""

from __future__ import annotations

from ccroute.config import BUILT_IN_CHANNELS
from ccroute.config.structs import Config
from ccroute.types import Presence, Removal
from tests.model.expressions import skills_known
from tests.model.leases import Leases
from tests.model.state import Agent


class Use(Leases):
    """Looks for what still needs an entry."""

    def _is_queue_used(self, queue_id: str) -> bool:
        """Tell whether a live contact is in a queue, follows its plan or may be led there, or a leg came from it."""
        return any(leg.queue == queue_id for agent in self.agents.values() for leg in agent.legs) or any(
            queue_id in (contact.queue, contact.course.queue, *(step.queue for step in contact.given.plan))
            for contact in self.contacts
            if contact.is_live()
        )

    def _is_agent_used(self, agent: Agent) -> bool:
        return agent.presence != Presence.OFFLINE or bool(agent.legs) or bool(agent.offers)

    def _is_more_used(self, config: Config, removal: Removal) -> bool:
        """Tell whether what is there needs more than another configuration has, queues and agents aside."""
        inside = sum(contact.over_at is None for contact in self.contacts)
        return (
            inside > config.engine.contacts_max
            or any(channel not in config.channels for channel in self._channels_used())
            or (removal == Removal.REFUSE and self._is_skill_used(config))
        )

    def _channels_used(self) -> list[str]:
        """Return the channels of the host's own on which something is going on."""
        things = [thing for agent in self.agents.values() for thing in (*agent.legs, *agent.offers)]
        used = [thing.channel for thing in things]
        used += [contact.channel for contact in self.contacts if contact.is_live()]
        return [channel for channel in used if channel not in BUILT_IN_CHANNELS]

    def _is_skill_used(self, config: Config) -> bool:
        """Tell whether the requirement of a live contact names a skill that is known, and would be no more."""
        gone = set(skills_known(self.config)) - set(skills_known(config))
        return any(
            skill in gone
            for contact in self.contacts
            if contact.is_live()
            for skill in self.choice.expressions.skills_named(contact.given.requires)
        )

    def _is_agent_gone(self, agent: Agent) -> bool:
        """Tell whether a draining agent has nothing left to do."""
        return agent.config.draining and not self._is_agent_used(agent)
