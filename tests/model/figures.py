"""What is known of a queue now: who stands before a contact, who waits, who is there, and who could ever serve."""

from __future__ import annotations

from typing import Any

from ccroute.config.structs import Limits
from ccroute.types import ContactState, Presence, Rule
from tests.model.choice import Choice
from tests.model.state import Agent, Centre, Contact
from tests.model.terms import Terms


class Figures:
    """Looks at queues and never changes anything."""

    def __init__(self, centre: Centre, choice: Choice) -> None:
        self.centre = centre
        self.choice = choice

    def queued(self, queue_id: str) -> list[Contact]:
        """Return the contacts in state queued of a queue, by seq."""
        return [
            contact
            for contact in self.centre.contacts
            if contact.queue == queue_id and contact.state == ContactState.QUEUED
        ]

    def serving(self, queue_id: str) -> list[Agent]:
        """Return the agents who serve a queue, after whatever time, by seq."""
        return [agent for agent in self.centre.agents.values() if self.choice.rank(queue_id, agent) is not None]

    def ahead(self, contact: Contact) -> int:
        """Return how many waiting contacts stand before one in its queue, ranks aside."""
        line = [other for other in self.centre.contacts if other.queue == contact.queue and other.waits()]
        place = self.choice.place(self.centre.now, contact)
        return sum(self.choice.place(self.centre.now, other) < place for other in line if other is not contact)

    def waited(self, contact: Contact) -> int:
        """Return all the time that a queued contact has waited in its life, microseconds."""
        return contact.waited_before + self.centre.now - contact.waits_since

    def of_queue(self, queue_id: str) -> dict[str, int]:
        """Return the figures that conditions read."""
        queued, serving = self.queued(queue_id), self.serving(queue_id)
        there = [agent.presence for agent in serving]
        return {
            "waiting": len(queued),
            "oldest_us": max((self.waited(contact) for contact in queued), default=0),
            "online": sum(presence != Presence.OFFLINE for presence in there),
            "available": there.count(Presence.AVAILABLE),
            "away": there.count(Presence.AWAY),
            "free": sum(is_free(agent) for agent in serving),
        }

    def holds(self, text: str | None, contact: Contact) -> bool:
        """Tell whether the condition of a step holds for a contact."""
        seen: dict[str, Any] = {
            "channel": contact.channel,
            "tier": self.choice.tier(contact),
            "attributes": contact.given.attributes,
        }
        queue_id = contact.present_queue
        return self.choice.expressions.condition(text, seen, queue_id, self.of_queue(queue_id))

    def is_nobody_online(self, contact: Contact) -> bool:
        """Tell whether nobody is online who could ever serve the contact as it is."""
        return not any(
            agent.presence != Presence.OFFLINE
            and agent.id not in contact.given.excluded
            and self.choice.requirement_holds(contact, agent)
            and self._is_channel_open(contact, agent)
            for agent in self.serving(contact.present_queue)
        )

    def _is_channel_open(self, contact: Contact, agent: Agent) -> bool:
        need = self.choice.need(contact, agent, needs_slot=False)
        return Rule.CHANNEL_CLOSED not in self.choice.room.broken(need, [])


def is_free(agent: Agent) -> bool:
    """Tell whether an agent takes contacts and has none."""
    return agent.presence == Presence.AVAILABLE and not agent.legs and not agent.offers and agent.next is None


def limits_in_force(terms: Terms, contact: Contact) -> Limits:
    """Return the limits of a contact, its own before those of its queue, one by one."""
    own, queue = contact.given.limits or Limits(), terms.queue(contact).limits
    return Limits(
        length=queue.length if own.length is None else own.length,
        in_queue_us=queue.in_queue_us if own.in_queue_us is None else own.in_queue_us,
        ttl_us=queue.ttl_us if own.ttl_us is None else own.ttl_us,
    )
