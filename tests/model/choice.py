"""Who may serve whom, and which pair is the least: sections 4 and 5 of the rules, over plain lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ccroute.config.structs import AgentChannel, AgentQueue, Channel, Config
from ccroute.config.structs import Queue as QueueConfig
from ccroute.types import ContactState, OfferMode, Presence, Rule
from tests.model.expressions import Expressions
from tests.model.state import Agent, Contact

SHORT_FORMS = {
    "longest_idle": ["idle"],
    "least_loaded": ["load"],
    "most_skilled": ["skill_sum"],
    "least_skilled": ["skill_sum asc"],
    "round_robin": ["last_offer"],
    "fewest_handled": ["handled"],
    "in_order": ["listed"],
}
NATURAL = {
    "idle": "desc",
    "load": "asc",
    "skill_sum": "desc",
    "last_offer": "asc",
    "handled": "asc",
    "listed": "asc",
    "score": "desc",
    "given_score": "desc",
}
CHANNEL_COST = {"voice": 100, "video": 100, "callback": 100, "chat": 30, "messenger": 30, "social": 30, "sms": 30}
CHANNEL_COST |= {"email": 20, "fax": 20, "task": 20}
LIVE_CHANNELS = ("voice", "video")


@dataclass(eq=False)
class Pair:
    """A contact and an agent that are eligible for each other."""

    contact: Contact
    agent: Agent
    rank: int
    cost: int
    key: tuple[Any, ...]


class Choice:
    """The part of the rules that looks and never changes anything."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.expressions = Expressions(config)

    def pairs(self, now: int, contacts: Iterable[Contact], agents: Iterable[Agent], paused: set[str]) -> list[Pair]:
        """Return every eligible pair, least first."""
        free = [agent for agent in agents if agent.presence == Presence.AVAILABLE and agent.next is None]
        found = []
        for contact in contacts:
            if self.rules_against_all(contact, paused):
                continue
            for agent in free:
                rank = self.rank(contact.queue, agent)
                if rank is not None and not self.rules_against(contact, agent):
                    cost = self.cost(contact, agent)
                    found.append(Pair(contact, agent, rank, cost, self.key(now, contact, agent, rank)))
        return sorted(found, key=lambda pair: pair.key)

    def rules_against_all(self, contact: Contact, paused: set[str]) -> list[Rule]:
        """Return the rules that keep every agent from the contact."""
        rules = {
            Rule.CONTACT_STATE: contact.state != ContactState.QUEUED,
            Rule.OFFER_OUT: contact.offer is not None,
            Rule.QUEUE_PAUSED: contact.queue in paused,
        }
        return [rule for rule, is_broken in rules.items() if is_broken]

    def rules_against(self, contact: Contact, agent: Agent) -> list[Rule]:
        """Return the rules that keep this agent from the contact, beside those that keep every agent from it."""
        queue = self.config.queues[contact.queue]
        given, channel = contact.given, contact.given.channel
        rings = queue.offer.mode == OfferMode.RING
        taken_as = agent.config.channels.get(channel, AgentChannel())
        is_unlisted = agent.config.channels_closed and channel not in agent.config.channels
        rules = {
            Rule.PRESENCE: agent.presence != Presence.AVAILABLE,
            Rule.NEXT_PRESENCE: agent.next is not None,
            Rule.OFFERS_MAX: rings and len(agent.offers) >= agent.config.offers_max,
            Rule.MEMBERSHIP: self.rank(contact.queue, agent) is None,
            Rule.REQUIREMENT: not all(
                self.expressions.holds(text, agent.id, given, contact.queue)
                for text in (queue.requires, given.requires)
            ),
            Rule.EXCLUDED: agent.id in given.excluded,
            Rule.COOLDOWN: agent.id in contact.cooldowns,
            Rule.LEG: any(leg.agent is agent for leg in contact.legs),
            Rule.CHANNEL_CLOSED: taken_as.blocked or is_unlisted,
            Rule.CHANNEL_MAX: taken_as.max is not None and agent.on_channel(channel) >= taken_as.max,
            Rule.CAPACITY: agent.taken() + self.cost(contact, agent) > agent.config.capacity,
        }
        return [rule for rule, is_broken in rules.items() if is_broken]

    def rank(self, queue_id: str, agent: Agent) -> int | None:
        """Return the rank at which an agent serves a queue, or None where it does not."""
        listed = agent.config.queues.get(queue_id)
        if isinstance(listed, AgentQueue):
            return listed.rank
        if listed is not None:
            return listed
        return 1 if self.config.queues[queue_id].members == "all" else None

    def cost(self, contact: Contact, agent: Agent) -> int:
        """Return the units the contact would take of the agent: the first that is set."""
        channel = contact.given.channel
        candidates = (
            contact.given.cost,
            agent.config.channels.get(channel, AgentChannel()).cost,
            self.config.queues[contact.queue].cost,
            self.config.channels.get(channel, Channel()).cost,
            CHANNEL_COST.get(channel, 100),
        )
        return next(cost for cost in candidates if cost is not None)

    def key(self, now: int, contact: Contact, agent: Agent, rank: int) -> tuple[Any, ...]:
        """Return the whole key of section 5; the least pair is taken."""
        tier, credit, seq = self.place(now, contact)
        chosen = [
            self._preferred_first(key, now, contact, agent) for key in select_keys(self.config.queues[contact.queue])
        ]
        return (tier, rank, credit, seq, *chosen, agent.idle_since, agent.seq)

    def place(self, now: int, contact: Contact) -> tuple[int, Fraction, int]:
        """Return the contact's part of the key, without the rank; the least is first in line."""
        credit = Fraction(self.config.queues[contact.queue].ageing * (now - contact.place), 1000)
        return (-self.tier(contact), -credit - self.head_start(contact), contact.seq)

    def away_after(self, contact: Contact) -> int:
        """Return after how many expiries in a row an agent that does not answer the contact is away; 0 is never."""
        channel = self.config.channels.get(contact.given.channel, Channel())
        live = contact.given.channel in LIVE_CHANNELS if channel.live is None else channel.live
        candidates = (self.config.queues[contact.queue].away_after, channel.away_after, 1 if live else 3)
        return next(number for number in candidates if number is not None)

    def tier(self, contact: Contact) -> int:
        """Return the tier in force."""
        return self.config.queues[contact.queue].tier if contact.given.tier is None else contact.given.tier

    def head_start(self, contact: Contact) -> int:
        """Return the head start in force, microseconds."""
        own = contact.given.head_start_us
        return self.config.queues[contact.queue].head_start_us if own is None else own

    def _preferred_first(self, key: str, now: int, contact: Contact, agent: Agent) -> tuple[Fraction | int, ...]:
        """Return what sorts lowest for the agent that the key prefers."""
        name, _, direction = key.partition(" ")
        measure = self._measure(name, now, contact, agent)
        return measure if (direction or NATURAL[name]) == "asc" else tuple(-part for part in measure)

    def _measure(self, name: str, now: int, contact: Contact, agent: Agent) -> tuple[Fraction | int, ...]:
        """Return the measure that ``asc`` sorts upwards; what is absent sorts last in the natural direction."""
        queue = self.config.queues[contact.queue]
        if name == "idle":
            return (now - agent.idle_since,)
        if name == "load":
            return (Fraction(agent.taken(), agent.config.capacity),)
        if name == "skill_sum":
            skills = self.expressions.skills_named(queue.requires, contact.given.requires)
            return (sum(agent.config.skills.get(skill, 0) for skill in skills),)
        if name == "last_offer":
            return (agent.last_offer,)
        if name == "handled":
            return (agent.handled,)
        if name == "listed":
            is_listed = agent.id in queue.order_list
            return (queue.order_list.index(agent.id) if is_listed else len(queue.order_list),)
        if name == "given_score":
            return (contact.given.scores.get(agent.id, 0),)
        assert name == "score"
        score = self.expressions.score(queue.score, agent.id, contact.given, contact.queue)
        return (0, 0) if score is None else (1, score)


def select_keys(queue: QueueConfig) -> list[str]:
    """Return the keys by which a queue chooses, each with or without its direction."""
    if isinstance(queue.select, list):
        return queue.select
    if queue.select == "best_score":
        return ["given_score" if queue.score is None else "score"]
    return SHORT_FORMS[queue.select]
