"""What is in force: the wishes of a contact over those of its queue, its channel and the agent."""

from __future__ import annotations

from fractions import Fraction

from ccroute.config.structs import AgentChannel, AgentQueue, Channel, Config, Prefer
from ccroute.config.structs import Queue as QueueConfig
from ccroute.types import ContactState, Preempt, PreferredScope, Presence
from tests.model.state import Agent, Contact

CHANNEL_COST = {"voice": 100, "video": 100, "callback": 100, "chat": 30, "messenger": 30, "social": 30, "sms": 30}
CHANNEL_COST |= {"email": 20, "fax": 20, "task": 20}
LIVE_CHANNELS = ("voice", "video")
NO_QUEUE = QueueConfig()
"""What holds for a contact that has no queue."""


class Terms:
    """Reads a configuration together with a contact."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def queue(self, contact: Contact) -> QueueConfig:
        """Return the present queue of a contact; without one, all is as plain as it can be."""
        return NO_QUEUE if contact.queue is None else self.config.queues[contact.queue]

    def tier(self, contact: Contact) -> int:
        """Return the tier in force."""
        return self.queue(contact).tier if contact.given.tier is None else contact.given.tier

    def head_start(self, contact: Contact) -> int:
        """Return the head start in force, microseconds."""
        own = contact.given.head_start_us
        return self.queue(contact).head_start_us if own is None else own

    def credit(self, now: int, contact: Contact) -> Fraction:
        """Return the exact credit of a contact, microseconds."""
        return self.head_start(contact) + Fraction(self.queue(contact).ageing * (now - contact.place), 1000)

    def rank(self, queue_id: str, agent: Agent) -> int | None:
        """Return the rank at which an agent serves a queue, or None where it does not."""
        listed = agent.config.queues.get(queue_id)
        if isinstance(listed, AgentQueue):
            return listed.rank
        if listed is not None:
            return listed
        return 1 if self.config.queues[queue_id].members == "all" else None

    # ---- preferred agents

    def prefer(self, contact: Contact) -> Prefer:
        """Return how the present queue of a contact treats preferred agents."""
        return self.queue(contact).prefer or Prefer()

    def is_kept(self, contact: Contact) -> bool:
        """Tell whether a contact that stands in line is kept for some of its preferred agents."""
        return contact.phase is not None and contact.state == ContactState.QUEUED and contact.direct is None

    def is_kept_for(self, contact: Contact, agent: Agent) -> bool:
        """Tell whether the contact is kept for this agent, perhaps among others."""
        return contact.phase is not None and self.is_kept(contact) and agent.id in contact.phase.kept

    def is_kept_from(self, contact: Contact, agent: Agent) -> bool:
        """Tell whether the contact is kept for others."""
        return self.is_kept(contact) and not self.is_kept_for(contact, agent)

    def is_kept_for_anyone(self, contact: Contact, agent: Agent) -> bool:
        """Tell whether the contact is kept for this agent, who need not serve its queue."""
        own = contact.given.preferred_scope
        scope = self.prefer(contact).scope if own is None else own
        return scope == PreferredScope.ANYONE and self.is_kept_for(contact, agent)

    def asks_preferred(self, contact: Contact) -> bool:
        """Tell whether the requirement must hold for those for whom the contact is kept."""
        own = contact.given.preferred_requires
        return self.prefer(contact).requires if own is None else own

    def is_there(self, contact: Contact, agent: Agent) -> bool:
        """Tell whether an agent is such that a contact may be kept for it: online, busy or not."""
        away_counts = self.prefer(contact).wait_for_away
        return agent.presence == Presence.AVAILABLE or (agent.presence == Presence.AWAY and away_counts)

    # ---- membership

    def rank_for(self, contact: Contact, agent: Agent) -> int | None:
        """Return the rank at which an agent serves a contact, 1 where it need not serve the queue; None: not at all."""
        rank = self.rank(contact.present_queue, agent)
        return 1 if rank is None and self.is_kept_for_anyone(contact, agent) else rank

    def after(self, queue_id: str, agent: Agent) -> int:
        """Return how long a contact must have been in the queue before the agent serves it, microseconds."""
        listed = agent.config.queues.get(queue_id)
        return listed.after_us if isinstance(listed, AgentQueue) else 0

    def cost(self, contact: Contact, agent: Agent) -> int:
        """Return the units the contact would take of the agent: the first that is set."""
        candidates = (
            contact.given.cost,
            agent.config.channels.get(contact.channel, AgentChannel()).cost,
            self.queue(contact).cost,
            self.config.channels.get(contact.channel, Channel()).cost,
            CHANNEL_COST.get(contact.channel, 100),
        )
        return next(cost for cost in candidates if cost is not None)

    def is_live(self, channel: str) -> bool:
        """Tell whether the customer is on the line."""
        live = self.config.channels.get(channel, Channel()).live
        return channel in LIVE_CHANNELS if live is None else live

    def is_suspendable(self, channel: str) -> bool:
        """Tell whether work of a channel can be suspended."""
        suspendable = self.config.channels.get(channel, Channel()).suspendable
        return not self.is_live(channel) if suspendable is None else suspendable

    def interrupts(self, channel: str, other: str) -> bool:
        """Tell whether contacts of a channel may set aside what is on another."""
        return other in self.config.channels.get(channel, Channel()).interrupts

    def away_after(self, contact: Contact) -> int:
        """Return after how many expiries in a row an agent that does not answer the contact is away; 0 is never."""
        channel = self.config.channels.get(contact.channel, Channel())
        candidates = (self.queue(contact).away_after, channel.away_after, 1 if self.is_live(contact.channel) else 3)
        return next(number for number in candidates if number is not None)

    def may_preempt(self, contact: Contact) -> bool:
        """Tell whether queue and tier let the contact take what another has."""
        queue = self.queue(contact)
        return queue.preempt != Preempt.NEVER and self.tier(contact) >= queue.preempt_from

    def may_preempt_work(self, contact: Contact) -> bool:
        """Tell whether queue and tier let the contact take work from another."""
        return self.may_preempt(contact) and self.queue(contact).preempt == Preempt.WORK
