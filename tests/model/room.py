"""Whether an agent has room for one contact more, and what must be set aside for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ccroute.config.structs import AgentChannel
from ccroute.types import ASIDE_MAX, LegState, Rule
from tests.model.state import Agent, Contact, Leg, Offer, Thing
from tests.model.terms import Terms


@dataclass(frozen=True, eq=False)
class Need:
    """What a contact would take of an agent."""

    contact: Contact
    agent: Agent
    channel: str
    cost: int
    needs_slot: bool
    """Whether it takes a place among the pending offers."""
    asks_open: bool = True
    """Whether the channel must be open to the agent."""


class Room:
    """The part of the rules about units, places and what gives way to a channel that interrupts."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms

    def broken(self, need: Need, things: Sequence[Thing]) -> list[Rule]:
        """Return the rules against the need where the agent has these things and its external load."""
        agent, channel = need.agent, need.channel
        takes = agent.config.channels.get(channel, AgentChannel())
        is_unlisted = agent.config.channels_closed and channel not in agent.config.channels
        counted = [thing for thing in things if not (isinstance(thing, Leg) and thing.state == LegState.SUSPENDED)]
        pending = [thing for thing in counted if isinstance(thing, Offer)]
        units = dict(agent.external)
        for thing in counted:
            units[thing.channel] = units.get(thing.channel, 0) + thing.cost
        kept = sum(
            max(0, reserve - units.get(other, 0)) for other, reserve in agent.config.reserve.items() if other != channel
        )
        places = sum(thing.channel == channel for thing in counted) + (agent.external.get(channel, 0) > 0)
        rules = {
            Rule.OFFERS_MAX: need.needs_slot and len(pending) >= agent.config.offers_max,
            Rule.CHANNEL_CLOSED: need.asks_open and (takes.blocked or is_unlisted),
            Rule.CHANNEL_MAX: takes.max is not None and places >= takes.max,
            Rule.CAPACITY: sum(units.values()) + need.cost + kept > agent.config.capacity,
        }
        return [rule for rule, is_broken in rules.items() if is_broken]

    def fits(self, need: Need, things: Sequence[Thing]) -> bool:
        """Tell whether there is room beside these things, nothing set aside."""
        return not self.broken(need, things)

    def candidates(self, need: Need, things: Sequence[Thing], fixed: Sequence[Thing] = ()) -> list[Thing]:
        """Return what may be set aside for the need, in the order in which it is taken; what is fixed never is."""
        free = [thing for thing in things if thing not in fixed]
        offers = sorted((thing for thing in free if isinstance(thing, Offer)), key=lambda offer: -offer.number)
        legs = sorted((thing for thing in free if isinstance(thing, Leg)), key=lambda leg: -leg.seq)
        in_order: list[Thing] = [*offers, *(leg for leg in legs if leg.state == LegState.ACTIVE)]
        return [
            thing
            for thing in in_order
            if self.terms.tier(thing.contact) <= self.terms.tier(need.contact)
            and self.terms.interrupts(need.channel, thing.channel)
        ]

    def aside(self, need: Need, things: Sequence[Thing], fixed: Sequence[Thing] = ()) -> list[Thing] | None:
        """Return what must be set aside beside these things, in the order taken; None where that does not help."""
        if self.fits(need, things):
            return []
        taken: list[Thing] = []
        for thing in self.candidates(need, things, fixed)[:ASIDE_MAX]:
            taken.append(thing)
            if self.fits(need, without(things, taken)):
                break
        else:
            return None
        for thing in list(taken):
            fewer = without(taken, [thing])
            if self.fits(need, without(things, fewer)):
                taken = fewer
        return taken

    def broken_at_best(self, need: Need, things: Sequence[Thing]) -> list[Rule]:
        """Return the rules against the need that setting aside does not mend."""
        if self.aside(need, things) is not None:
            return []
        return self.broken(need, without(things, self.candidates(need, things)[:ASIDE_MAX]))


def without(things: Sequence[Thing], gone: Sequence[Thing]) -> list[Thing]:
    """Return the things that are not gone."""
    return [thing for thing in things if thing not in gone]
