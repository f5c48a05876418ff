"""Who may serve whom, and which pair is the least: sections 2 and 3 of the rules, over plain lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ccroute.config.structs import Queue as QueueConfig
from ccroute.types import LegState, OfferMode, Order, Presence, Rule
from tests.model.expressions import Expressions
from tests.model.room import Need, Room, without
from tests.model.state import Agent, Centre, Contact, Thing
from tests.model.terms import Terms

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


@dataclass(eq=False)
class Pair:
    """A contact and an agent that are eligible for each other."""

    contact: Contact
    agent: Agent
    aside: list[Thing]
    """What must be set aside for it, in the order taken."""
    key: tuple[Any, ...]


class Choice(Terms):
    """The part of the rules that looks and never changes anything."""

    def __init__(self, centre: Centre) -> None:
        super().__init__(centre.config)
        self.centre = centre
        self.room = Room(self)
        self.expressions = Expressions(centre.config)

    # ---- who may serve whom

    def pairs(self) -> list[Pair]:
        """Return every eligible pair, least first."""
        agents = self.centre.agents.values()
        found = [
            Pair(contact, agent, self.aside(contact, agent) or [], self.key(contact, agent))
            for contact in self.centre.contacts
            if contact.waits() and contact.direct is None and not self.rules_against_all(contact)
            for agent in agents
            if self.meets(contact, agent)
        ]
        return sorted(found, key=lambda pair: pair.key)

    def least(self, contact: Contact | None = None) -> Pair | None:
        """Return the least pair, of one contact if one is given, that is not passed over."""
        pairs = self.pairs()
        free = (pair for pair in pairs if not self.is_passed_over(pair, pairs))
        return next((pair for pair in free if contact is None or pair.contact is contact), None)

    def is_passed_over(self, pair: Pair, pairs: Sequence[Pair]) -> bool:
        """Tell whether a contact of the same tier that interrupts this one's channel is eligible for the same agent."""
        return any(
            other.agent is pair.agent
            and other.contact is not pair.contact
            and self.tier(other.contact) == self.tier(pair.contact)
            and self.interrupts(other.contact.channel, pair.contact.channel)
            for other in pairs
        )

    def is_open(self, contact: Contact) -> bool:
        """Tell whether it stands in line and no rule keeps every agent away, ``offers_min`` aside."""
        return contact.direct is None and not [
            rule for rule in self.rules_against_all(contact) if rule != Rule.OFFERS_MIN
        ]

    def rules_against_all(self, contact: Contact) -> list[Rule]:
        """Return the rules that keep every agent from the contact."""
        offer = self.queue(contact).offer
        rules = {
            Rule.CONTACT_STATE: not contact.waits(),
            Rule.OFFER_OUT: len(contact.offers) >= offer.k,
            Rule.QUEUE_PAUSED: contact.queue in self.centre.paused,
            Rule.MANUAL: offer.mode == OfferMode.MANUAL,
            Rule.OFFERS_MIN: self._are_too_few(contact),
        }
        return [rule for rule, is_broken in rules.items() if is_broken]

    def _are_too_few(self, contact: Contact) -> bool:
        offers_min = self.queue(contact).offer.offers_min
        if offers_min == 1 or contact.offers:
            return False
        return sum(self.meets(contact, agent) for agent in self.centre.agents.values()) < offers_min

    def rules_against(
        self, contact: Contact, agent: Agent, gone: Sequence[Thing] = (), needs_slot: bool | None = None
    ) -> list[Rule]:
        """Return the rules that keep this agent from the contact, were some of its things gone.

        ``needs_slot`` is as the mode of the contact's queue says if it is None.
        """
        queue = self.queue(contact)
        is_member = self.rank_for(contact, agent) is not None
        things = without([*agent.offers, *agent.legs], gone)
        rules = [
            (Rule.OFFER_OUT, any(thing in contact.offers for thing in things)),
            (Rule.PRESENCE, agent.presence != Presence.AVAILABLE),
            (Rule.NEXT_PRESENCE, agent.next is not None),
            (Rule.MEMBERSHIP, not is_member),
            (Rule.AFTER, is_member and not self.serves(contact, agent)),
            (Rule.REQUIREMENT, not self.suits(contact, agent)),
            (Rule.DIRECT, contact.direct is not None and contact.direct.agent is not agent),
            (Rule.EXCLUDED, agent.id in contact.given.excluded),
            (Rule.COOLDOWN, agent.id in contact.cooldowns),
            (Rule.LEG, any(leg.agent is agent for leg in contact.legs if leg in things)),
            (Rule.SUSPENDED, self.is_barred(contact, contact.channel, agent)),
            (Rule.PREFERRED, self.is_kept_from(contact, agent)),
        ]
        broken = [rule for rule, is_broken in rules if is_broken]
        if needs_slot is None:
            needs_slot = queue.offer.mode != OfferMode.AUTO
        broken += self.room.broken_at_best(self.need(contact, agent, needs_slot), things)
        return [rule for rule in Rule if rule in broken]

    def meets(self, contact: Contact, agent: Agent, gone: Sequence[Thing] = ()) -> bool:
        """Tell whether no rule about the agent alone keeps it from the contact, were some of its things gone."""
        if agent.presence != Presence.AVAILABLE or agent.next is not None or self.rank_for(contact, agent) is None:
            return False  # found below, too; this is only sooner
        return not self.rules_against(contact, agent, gone)

    def serves(self, contact: Contact, agent: Agent) -> bool:
        """Tell whether the agent serves the contact's queue, and does so for contacts that have been in it so long.

        A contact that is kept for it, of whatever queue, is served by it.
        """
        if self.is_kept_for_anyone(contact, agent):
            return True
        queue_id, in_queue_us = contact.present_queue, self.centre.now - contact.queued_since
        return self.rank(queue_id, agent) is not None and in_queue_us >= self.after(queue_id, agent)

    def requirement_holds(self, contact: Contact, agent: Agent) -> bool:
        """Tell whether the queue's requirement and the contact's own hold."""
        texts = (self.queue_requires(contact), contact.given.requires)
        return all(self.expressions.holds(text, agent.id, contact.given, contact.present_queue) for text in texts)

    def suits(self, contact: Contact, agent: Agent) -> bool:
        """Tell whether the requirement in force holds, or is not asked of an agent for whom the contact is kept."""
        if self.is_kept_for(contact, agent) and not self.asks_preferred(contact):
            return True
        return self.requirement_holds(contact, agent)

    def queue_requires(self, contact: Contact) -> str | None:
        """Return the requirement of its queue for a contact, or what a rule put in its place."""
        return self.queue(contact).requires if contact.course.requires is None else contact.course.requires

    def is_barred(self, contact: Contact, channel: str, agent: Agent) -> bool:
        """Tell whether a suspended leg of the agent keeps it from the contact, coming by a channel."""
        tier = self.tier(contact)
        return any(
            self.tier(leg.contact) > tier
            or (self.tier(leg.contact) == tier and not self.interrupts(channel, leg.channel))
            for leg in agent.legs
            if leg.state == LegState.SUSPENDED
        )

    def need(self, contact: Contact, agent: Agent, needs_slot: bool) -> Need:
        """Return what the contact would take of the agent."""
        return Need(contact, agent, contact.channel, self.cost(contact, agent), needs_slot)

    def aside(self, contact: Contact, agent: Agent, gone: Sequence[Thing] = ()) -> list[Thing] | None:
        """Return what must be set aside for a pair, were some things gone; None where there is no room even so."""
        needs_slot = self.queue(contact).offer.mode != OfferMode.AUTO
        return self.room.aside(self.need(contact, agent, needs_slot), without([*agent.offers, *agent.legs], gone))

    # ---- the order

    def key(self, contact: Contact, agent: Agent) -> tuple[Any, ...]:
        """Return the whole key of an eligible pair; the least pair is taken."""
        tier, *place = self.place(self.centre.now, contact)
        rank = self.rank_for(contact, agent)
        first: list[Any] = [rank] if self.config.engine.order == Order.RANK else []
        assert rank is not None
        needs_aside = bool(self.aside(contact, agent))
        keys = [self._preferred_first(key, contact, agent) for key in select_keys(self.queue(contact))]
        is_overdue, credit, seq = place
        line = [tier, bool(contact.offers), is_overdue, rank, credit, seq]
        return (*first, *line, needs_aside, *keys, agent.idle_since, agent.seq)

    def place(self, now: int, contact: Contact) -> tuple[int, bool, Fraction, int]:
        """Return the contact's part of the key, without rank and offers; the least is first in line."""
        return (-self.tier(contact), not contact.is_overdue, -self.credit(now, contact), contact.seq)

    def _preferred_first(self, key: str, contact: Contact, agent: Agent) -> tuple[Fraction | int, ...]:
        """Return what sorts lowest for the agent that the key prefers."""
        name, _, direction = key.partition(" ")
        measure = self._measure(name, contact, agent)
        return measure if (direction or NATURAL[name]) == "asc" else tuple(-part for part in measure)

    def _measure(self, name: str, contact: Contact, agent: Agent) -> tuple[Fraction | int, ...]:
        """Return the measure that ``asc`` sorts upwards; what is absent sorts last in the natural direction."""
        queue = self.queue(contact)
        if name == "idle":
            return (self.centre.now - agent.idle_since,)
        if name == "load":
            return (Fraction(agent.taken(), agent.config.capacity),)
        if name == "skill_sum":
            skills = self.expressions.skills_named(self.queue_requires(contact), contact.given.requires)
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
        score = self.expressions.score(queue.score, agent.id, contact.given, contact.present_queue)
        return (0, 0) if score is None else (1, score)


def select_keys(queue: QueueConfig) -> list[str]:
    """Return the keys by which a queue chooses, each with or without its direction."""
    if isinstance(queue.select, list):
        return queue.select
    if queue.select == "best_score":
        return ["given_score" if queue.score is None else "score"]
    return SHORT_FORMS[queue.select]
