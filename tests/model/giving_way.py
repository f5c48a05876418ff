"""What gives way to what, and what comes back: pre-emption, accepts without room, unfit offers, suspended legs.

Like the choice of pairs, this only looks. Every possible victim is built and judged; the least by the whole key goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ccroute.types import LegState
from tests.model.choice import Choice
from tests.model.room import Need, without
from tests.model.state import Agent, Centre, Contact, Leg, Offer, Thing


@dataclass(frozen=True, eq=False)
class Accepting:
    """What gives way at an accept."""

    interrupted: list[Thing]
    """Legs, in the order taken."""
    victim: Leg | None


@dataclass(frozen=True, eq=False)
class Preemption:
    """One victim whose going lets a contact have its agent."""

    contact: Contact
    agent: Agent
    victim: Thing
    aside: list[Thing]
    """What must be set aside besides, in the order taken."""
    safe_until: int
    """When the guard of the contact's queue ends; it may be past."""
    key: tuple[Any, ...]


class GivingWay:
    """The part of the rules about who must give way."""

    def __init__(self, centre: Centre, choice: Choice) -> None:
        self.centre = centre
        self.choice = choice
        self.room = choice.room

    # ---- accepts and unfit offers

    def accepting(self, offer: Offer) -> Accepting | None:
        """Return what an accept of the offer would take away, or None where there is no room whatever goes."""
        agent, contact = offer.agent, offer.contact
        need = Need(contact, agent, offer.channel, offer.cost, needs_slot=False)
        higher = [
            other
            for other in agent.offers
            if other is not offer and self.choice.tier(other.contact) > self.choice.tier(contact)
        ]
        for offers in (higher, []):
            aside = self.room.aside(need, [*agent.legs, *offers], fixed=offers)
            if aside is not None:
                return Accepting(aside, None)
        for offers in (higher, []):
            victim = self._least_leg(need, offers)
            if victim is not None:
                left = without([*agent.legs, *offers], [victim])
                return Accepting(self.room.aside(need, left, fixed=offers) or [], victim)
        return None

    def _least_leg(self, need: Need, offers: Sequence[Offer]) -> Leg | None:
        """Return the one leg whose going makes room beside the other legs and these offers."""
        if not self.choice.may_preempt_work(need.contact):
            return None
        things: list[Thing] = [*need.agent.legs, *offers]
        legs = [
            leg
            for leg in need.agent.legs
            if self._can_go(leg, need.contact)
            and self.room.aside(need, without(things, [leg]), fixed=offers) is not None
        ]
        return min(legs, key=lambda leg: (self.choice.tier(leg.contact), -leg.began, -leg.contact.seq), default=None)

    def _can_go(self, leg: Leg, contact: Contact) -> bool:
        """Tell whether a leg is such that a contact could pre-empt it."""
        is_lower = self.choice.tier(leg.contact) < self.choice.tier(contact)
        return is_lower and leg.state == LegState.ACTIVE and self.choice.is_suspendable(leg.channel)

    def is_unfit(self, offer: Offer) -> bool:
        """Tell whether an offer cannot stand: there would be no room at its accept, or a suspended leg bars it."""
        if offer.is_exempt:
            return False
        return self.accepting(offer) is None or self.choice.is_barred(offer.contact, offer.channel, offer.agent)

    def stands_on(self, offer: Offer) -> Leg | None:
        """Return the leg that an accept of the offer would pre-empt."""
        accepting = self.accepting(offer)
        return None if accepting is None else accepting.victim

    # ---- pre-emption

    def preemption(self, tier_above: int | None) -> Preemption | None:
        """Return the pre-emption that is due, by a contact of a tier above the one given."""
        for contact in self.contenders(tier_above):
            ready = [one for one in self._preemptions(contact) if one.safe_until <= self.centre.now]
            if ready:
                return min(ready, key=lambda one: one.key)
        return None

    def guard_at(self) -> int | None:
        """Return when a victim ceases to be safe that nothing but its age protects, or None."""
        moments = [
            one.safe_until
            for contact in self.contenders(None)
            for one in self._preemptions(contact)
            if one.safe_until > self.centre.now
        ]
        return min(moments, default=None)

    def contenders(self, tier_above: int | None) -> list[Contact]:
        """Return the contacts that may pre-empt, in the order in which they try."""
        found = [
            contact
            for contact in self.centre.contacts
            if contact.waits()
            and contact.direct is None
            and not contact.offers
            and self.choice.is_open(contact)
            and self.choice.may_preempt(contact)
            and (tier_above is None or self.choice.tier(contact) > tier_above)
        ]
        return sorted(found, key=lambda contact: self.choice.place(self.centre.now, contact))

    def _preemptions(self, contact: Contact) -> list[Preemption]:
        """Return every pre-emption by a contact that is allowed, guards aside."""
        agents = list(self.centre.agents.values())
        meeting = [agent for agent in agents if self.choice.meets(contact, agent)]
        if len(meeting) + 1 < self.choice.queue(contact).offer.offers_min:
            return []
        found = []
        for agent in agents:
            victims: list[Thing] = [] if agent in meeting else [*agent.offers, *agent.legs]
            found += [self._judge(contact, agent, victim) for victim in victims]
        return [one for one in found if one is not None]

    def _judge(self, contact: Contact, agent: Agent, victim: Thing) -> Preemption | None:
        """Return the pre-emption of one thing, or None where it is not allowed."""
        choice, other = self.choice, victim.contact
        if choice.tier(other) >= choice.tier(contact) or self._is_spared(victim):
            return None
        gone = [victim]
        if isinstance(victim, Leg) and not (choice.may_preempt_work(contact) and self._can_go(victim, contact)):
            return None
        if isinstance(victim, Offer) and choice.may_preempt_work(contact):
            stood_on = self.stands_on(victim)
            gone += [] if stood_on is None else [stood_on]
        if not choice.meets(contact, agent, gone) or self._lets_another(contact, agent, gone):
            return None
        key = (choice.tier(other), isinstance(victim, Leg), -victim.began, agent.seq, -other.seq)
        aside = choice.aside(contact, agent, gone) or []
        safe_until = victim.began + choice.queue(contact).preempt_guard_us
        return Preemption(contact, agent, victim, aside, safe_until, key)

    def _is_spared(self, victim: Thing) -> bool:
        """Tell whether the victim's contact has lost as much as its queue lets it lose."""
        contact, queue = victim.contact, self.choice.queue(victim.contact)
        if isinstance(victim, Offer):
            return contact.displaced_offers >= queue.displaced_max
        return queue.displaced_work_max is not None and contact.displaced_work >= queue.displaced_work_max

    def _lets_another(self, contact: Contact, agent: Agent, gone: Sequence[Thing]) -> bool:
        """Tell whether the agent, without what is gone, could serve a waiting contact with a better right to it."""
        choice = self.choice
        return any(
            self._has_better_right(other, contact)
            and choice.is_open(other)
            and choice.meets(other, agent, gone)
            and (bool(other.offers) or self._meeting(other, agent) + 1 >= choice.queue(other).offer.offers_min)
            for other in self.centre.contacts
            if other.waits() and other is not contact
        )

    def _has_better_right(self, other: Contact, contact: Contact) -> bool:
        tier, other_tier = self.choice.tier(contact), self.choice.tier(other)
        interrupts = self.choice.interrupts(other.channel, contact.channel)
        return other_tier > tier or (other_tier == tier and interrupts)

    def _meeting(self, contact: Contact, besides: Agent) -> int:
        """Return how many agents, one left out, could take a contact as far as they are concerned."""
        agents = (agent for agent in self.centre.agents.values() if agent is not besides)
        return sum(self.choice.meets(contact, agent) for agent in agents)

    # ---- coming back

    def resumable(self) -> list[Leg]:
        """Return the suspended legs that fit beside all that their agents have, in the order in which they resume."""
        legs = [leg for agent in self.centre.agents.values() for leg in agent.legs if leg.state == LegState.SUSPENDED]
        fitting = [leg for leg in legs if self._fits_again(leg)]
        return sorted(fitting, key=lambda leg: (-self.choice.tier(leg.contact), leg.suspension))

    def _fits_again(self, leg: Leg) -> bool:
        need = Need(leg.contact, leg.agent, leg.channel, leg.cost, needs_slot=False, asks_open=False)
        return self.room.fits(need, [*leg.agent.offers, *leg.agent.legs])
