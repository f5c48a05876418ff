"""A book kept from events alone: what a listener can know, and whether the promises hold in it.

It reads commands only for what an enqueued contact asked for (requirement, excluded agents, cost), which events do not
repeat. Every event is checked against the state before it; :meth:`Ledger.check_settled` checks the state after a call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ccroute import events
from ccroute.commands import Command, EnqueueContact
from ccroute.config.structs import AgentChannel, AgentQueue, Channel, Config
from ccroute.events import Event
from ccroute.types import OfferMode, Presence
from tests.model.expressions import Expressions

ENDS = {"contact.closed": "closed", "contact.abandoned": "abandoned", "contact.cancelled": "cancelled"}
OFFER_ENDS = ("offer.accepted", "offer.declined", "offer.expired", "offer.rescinded")
LEG_STATES = {
    "contact.held": ("active", "held"),
    "contact.resumed": ("held", "active"),
    "leg.wrap_up_extended": ("wrapping", "wrapping"),
}
BUILT_IN_COST = {"voice": 100, "chat": 30, "email": 20}


@dataclass(eq=False)
class Life:
    """One life of a contact, from its first ``ContactQueued`` to its end."""

    given: EnqueueContact
    order: int
    state: str
    queued: events.ContactQueued
    offer: str | None = None
    legs: dict[str, str] = field(default_factory=dict)
    """State of the leg per agent."""
    cooldown_until: dict[str, int] = field(default_factory=dict)


@dataclass(eq=False)
class Desk:
    """An agent."""

    presence: str = "offline"
    next: bool = False
    offers: dict[str, tuple[Life, int]] = field(default_factory=dict)
    legs: dict[int, tuple[Life, int]] = field(default_factory=dict)
    """By the order of the contact: its life and the cost of the leg."""


class Ledger:
    """Follows one engine by its events."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.expressions = Expressions(config)
        self.seq = 0
        self.at_us = 0
        self.commands: list[Command] = []
        self.lives: dict[str, Life] = {}
        self.wrapping_on: list[Life] = []
        self.desks = {id_: Desk() for id_ in config.agents}
        self.paused = {id_ for id_, queue in config.queues.items() if queue.paused}
        self.offers_seen: dict[str, bool] = {}
        """Every offer made: whether it has ended."""
        self.counts = dict.fromkeys(("created", "closed", "abandoned", "cancelled"), 0)

    def read(self, told: list[Event], command: Command | None = None) -> None:
        """Take in the events of a call, in order."""
        if command is not None:
            self.commands.append(command)
        for event in told:
            self.seq += 1
            assert event.seq == self.seq, "seq has a gap"
            assert event.at_us >= self.at_us, "time goes back"
            self.at_us = event.at_us
            tag = str(event.__struct_config__.tag)
            if tag in ENDS:
                self._on_end(event, ENDS[tag])
            elif tag in OFFER_ENDS:
                self._on_offer_end(event)
            elif tag in LEG_STATES:
                before, after = LEG_STATES[tag]
                assert self._leg(event) == before
                self._set_leg(event, after)
            else:
                getattr(self, "_on_" + tag.replace(".", "_"))(event)

    # ---- contacts

    def _on_contact_queued(self, event: events.ContactQueued) -> None:
        life = self.lives.get(event.contact_id)
        if life is not None and life.state == "transferred":
            life.state, life.queued = "queued", event
            return
        assert life is None, "a contact of this id is inside"
        assert all(other.given.contact_id != event.contact_id for other in self.wrapping_on)
        given = self.commands[int(event.cause.removeprefix("command:")) - 1]
        assert isinstance(given, EnqueueContact)
        self.counts["created"] += 1
        self.lives[event.contact_id] = Life(given, self.counts["created"], "queued", event)

    def _on_contact_active(self, event: events.ContactActive) -> None:
        life = self.lives[event.contact_id]
        assert life.state == "queued"
        assert life.offer is None
        assert event.agent_id not in life.legs
        life.state = "active"
        life.legs[event.agent_id] = "active"
        self.desks[event.agent_id].legs[life.order] = (life, event.cost)

    def _on_contact_transferred(self, event: events.ContactTransferred) -> None:
        life = self.lives[event.contact_id]
        assert life.state == "active"
        assert life.legs[event.agent_id] in ("active", "held")
        life.state = "transferred"
        life.cooldown_until[event.agent_id] = event.at_us + event.cooldown_us

    def _on_end(self, event: Any, state: str) -> None:
        life = self.lives.pop(event.contact_id)
        assert life.state == ("queued" if state == "abandoned" else "active") or state == "cancelled"
        assert state != "closed" or not life.legs
        life.state = state
        life.cooldown_until.clear()
        self.counts[state] += 1
        if life.legs or life.offer is not None:
            self.wrapping_on.append(life)

    # ---- offers

    def _on_offer_made(self, event: events.OfferMade) -> None:
        life = self.lives[event.contact_id]
        self._check_choice(event, life)
        assert event.offer_id not in self.offers_seen
        self.offers_seen[event.offer_id] = False
        life.offer = event.offer_id
        self.desks[event.agent_id].offers[event.offer_id] = (life, event.cost)

    def _on_offer_end(self, event: Any) -> None:
        assert self.offers_seen[event.offer_id] is False, "an offer ends once"
        self.offers_seen[event.offer_id] = True
        life, _ = self.desks[event.agent_id].offers.pop(event.offer_id)
        assert life.offer == event.offer_id
        life.offer = None
        if life in self.wrapping_on and not life.legs:
            self.wrapping_on.remove(life)
        if isinstance(event, events.OfferDeclined | events.OfferExpired):
            life.cooldown_until[event.agent_id] = event.at_us + event.cooldown_us

    def _on_offer_exhausted(self, event: events.OffersExhausted) -> None:
        assert self.lives[event.contact_id].state == "queued"

    # ---- legs

    def _life(self, event: Any) -> Life:
        ended = (life for life in self.wrapping_on if life.given.contact_id == event.contact_id)
        found = self.lives.get(event.contact_id) or next(ended, None)
        assert found is not None
        return found

    def _leg(self, event: Any) -> str:
        return self._life(event).legs[event.agent_id]

    def _set_leg(self, event: Any, state: str) -> None:
        self._life(event).legs[event.agent_id] = state

    def _on_leg_wrap_up_started(self, event: events.WrapUpStarted) -> None:
        assert self._leg(event) in ("active", "held")
        self._set_leg(event, "wrapping")

    def _on_leg_wrap_up_ended(self, event: events.WrapUpEnded) -> None:
        assert self._leg(event) == "wrapping"
        self._set_leg(event, "wrapped")

    def _on_leg_ended(self, event: events.LegEnded) -> None:
        life = self._life(event)
        state = life.legs.pop(event.agent_id)
        assert event.reason == "cancelled" or state != "wrapping", "a wrap-up ends before its leg"
        del self.desks[event.agent_id].legs[life.order]
        if life in self.wrapping_on and not life.legs and life.offer is None:
            self.wrapping_on.remove(life)

    # ---- agents, queues, answers

    def _on_agent_presence_changed(self, event: events.PresenceChanged) -> None:
        desk = self.desks[event.agent_id]
        assert event.previous == desk.presence
        desk.presence, desk.next = event.presence, False

    def _on_agent_next_presence_set(self, event: events.NextPresenceSet) -> None:
        assert self.desks[event.agent_id].legs
        self.desks[event.agent_id].next = True

    def _on_queue_paused(self, event: events.QueuePaused) -> None:
        self.paused.add(event.queue_id)

    def _on_queue_opened(self, event: events.QueueOpened) -> None:
        self.paused.remove(event.queue_id)

    def _on_command_refused(self, event: events.CommandRefused) -> None:
        pass

    def _on_command_repeated(self, event: events.CommandRepeated) -> None:
        assert event.first_seq <= event.seq

    # ---- the promises about choices

    def rank(self, life: Life, agent_id: str) -> int | None:
        """Return the rank at which the agent serves the contact's queue, or None."""
        listed = self.config.agents[agent_id].queues.get(life.queued.queue_id)
        if listed is None:
            return 1 if self.config.queues[life.queued.queue_id].members == "all" else None
        return listed.rank if isinstance(listed, AgentQueue) else listed

    def cost(self, life: Life, agent_id: str) -> int:
        """Return the units the contact takes of the agent."""
        channel = life.given.channel
        for cost in (
            life.given.cost,
            self.config.agents[agent_id].channels.get(channel, AgentChannel()).cost,
            self.config.queues[life.queued.queue_id].cost,
            self.config.channels.get(channel, Channel()).cost,
        ):
            if cost is not None:
                return cost
        return BUILT_IN_COST.get(channel, 100)

    def is_eligible(self, life: Life, agent_id: str, at_us: int) -> bool:
        """Tell whether section 4 lets the agent have the contact now."""
        agent, desk, queue = (
            self.config.agents[agent_id],
            self.desks[agent_id],
            self.config.queues[life.queued.queue_id],
        )
        channel = life.given.channel
        room = agent.channels.get(channel)
        if life.state != "queued" or life.offer is not None or life.queued.queue_id in self.paused:
            return False
        if desk.presence != Presence.AVAILABLE or desk.next or self.rank(life, agent_id) is None:
            return False
        if queue.offer.mode == OfferMode.RING and len(desk.offers) >= agent.offers_max:
            return False
        if agent_id in life.given.excluded or life.cooldown_until.get(agent_id, 0) > at_us or agent_id in life.legs:
            return False
        if room is None and agent.channels_closed:
            return False
        if room is not None and (
            room.blocked or (room.max is not None and self._on_channel(desk, channel) >= room.max)
        ):
            return False
        if self._taken(desk) + self.cost(life, agent_id) > agent.capacity:
            return False
        return all(
            self.expressions.holds(text, agent_id, life.given, life.queued.queue_id)
            for text in (queue.requires, life.given.requires)
        )

    def _taken(self, desk: Desk) -> int:
        return sum(cost for _, cost in [*desk.offers.values(), *desk.legs.values()])

    def _on_channel(self, desk: Desk, channel: str) -> int:
        return sum(life.given.channel == channel for life, _ in [*desk.offers.values(), *desk.legs.values()])

    def order(self, life: Life, agent_id: str, at_us: int) -> tuple[Any, ...]:
        """Return the contact's part of the key of section 5, for one agent."""
        slope = Fraction(self.config.queues[life.queued.queue_id].ageing, 1000)
        credit = life.queued.head_start_us + slope * (at_us - life.queued.place_at_us)
        return -life.queued.tier, self.rank(life, agent_id), -credit, life.order

    def _check_choice(self, event: events.OfferMade, life: Life) -> None:
        """Check that the pair is eligible and that no other contact had the better right to this agent."""
        assert self.is_eligible(life, event.agent_id, event.at_us), "the pair is not eligible"
        assert event.cost == self.cost(life, event.agent_id)
        assert event.rank == self.rank(life, event.agent_id)
        own = self.order(life, event.agent_id, event.at_us)
        for other in self.lives.values():
            if other is not life and self.is_eligible(other, event.agent_id, event.at_us):
                assert own < self.order(other, event.agent_id, event.at_us), "another contact comes first"

    def check_settled(self, now_us: int) -> None:
        """Check that no eligible pair is left and that no agent has more than it may."""
        for life in self.lives.values():
            assert life.state in ("queued", "active")
            assert life.state == "queued" or life.legs
        for agent_id, agent in self.config.agents.items():
            desk = self.desks[agent_id]
            assert self._taken(desk) <= agent.capacity, "more units than there are"
            for channel, room in agent.channels.items():
                assert room.max is None or self._on_channel(desk, channel) <= room.max, (
                    "more than the channel's maximum"
                )
            for life in self.lives.values():
                assert not self.is_eligible(life, agent_id, now_us), "an eligible pair is left"

    def counters(self) -> dict[str, int]:
        """Return how many contacts were created, met each end, and are inside."""
        return self.counts | {"inside": len(self.lives)}
