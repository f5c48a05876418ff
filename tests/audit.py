"""The promises about choices, judged by what a listener knows: who may serve whom, and in which order.

Written from the rules of routing once more, neither with the engine's eyes nor with the oracle's: what has no shadow in
events (the keys by which a queue selects) is left to them, as are victims of pre-emption.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from ccroute.config.structs import AgentChannel, AgentQueue, Channel, Config, Prefer
from ccroute.types import OfferMode, Order, Preempt, PreferredScope, Presence
from tests.lives import Desk, Life, Work
from tests.model.expressions import Expressions

if TYPE_CHECKING:
    from tests.book import Book

BUILT_IN_COST: Final = {"voice": 100, "chat": 30, "email": 20}
ASIDE_MAX: Final = 64


class Audit:
    """Judges the book of one engine."""

    def __init__(self, config: Config, book: Book) -> None:
        self.config = config
        self.book = book
        self.expressions = Expressions(config)
        self._begun: list[tuple[str, Work]] = []
        """Legs that began or went on in this instant, with their agents."""

    # ---- units and places

    def cost(self, life: Life, agent_id: str) -> int:
        """Return the units the contact takes of the agent."""
        channel = life.wish.channel
        for cost in (
            life.wish.cost,
            self.config.agents[agent_id].channels.get(channel, AgentChannel()).cost,
            self.config.queues[life.queue_id].cost,
            self.config.channels.get(channel, Channel()).cost,
        ):
            if cost is not None:
                return cost
        return BUILT_IN_COST.get(channel, 100)

    def interrupts(self, channel: str) -> list[str]:
        """Return the channels that give way to one."""
        return self.config.channels.get(channel, Channel()).interrupts

    def is_live(self, channel: str) -> bool:
        """Tell whether the customer is on the line."""
        live = self.config.channels.get(channel, Channel()).live
        return channel in ("voice", "video") if live is None else live

    def is_open(self, desk: Desk, channel: str) -> bool:
        """Tell whether the agent takes the channel at all."""
        takes = desk.config.channels.get(channel)
        return not desk.config.channels_closed if takes is None else not takes.blocked

    def fits(self, desk: Desk, channel: str, cost: int, things: Iterable[Work]) -> bool:
        """Tell whether the agent has units and a place beside some things and its external load."""
        used = dict.fromkeys((*desk.config.reserve, channel), 0) | desk.load
        places = int(desk.load.get(channel, 0) > 0)
        for thing in things:
            if thing.takes_units:
                used[thing.channel] = used.get(thing.channel, 0) + thing.cost
                places += thing.channel == channel
        takes = desk.config.channels.get(channel)
        if takes is not None and takes.max is not None and places >= takes.max:
            return False
        kept = sum(max(0, units - used[other]) for other, units in desk.config.reserve.items() if other != channel)
        return bool(sum(used.values()) + cost + kept <= desk.config.capacity)

    def aside(self, desk: Desk, wanted: Work, things: list[Work], *, slots: int | None = None) -> list[Work] | None:
        """Return what the agent would set aside for an offer, in the order taken, or None if that does not help."""

        def has_room(gone: list[Work]) -> bool:
            kept = [thing for thing in things if thing not in gone]
            has_slot = slots is None or sum(thing.state == "offer" for thing in kept) < slots
            return has_slot and self.fits(desk, wanted.channel, wanted.cost, kept)

        given_way = self.interrupts(wanted.channel)
        candidates = [thing for thing in things if thing.channel in given_way and thing.life.tier <= wanted.life.tier]
        offers = sorted((one for one in candidates if one.state == "offer"), key=lambda one: -one.number)
        legs = sorted((one for one in candidates if one.state == "active"), key=lambda one: -one.number)
        taken: list[Work] = []
        for thing in [*offers, *legs]:
            if has_room(taken) or len(taken) == ASIDE_MAX:
                break
            taken.append(thing)
        if not has_room(taken):
            return None
        for thing in list(taken):
            without = [one for one in taken if one is not thing]
            if has_room(without):
                taken = without
        return taken

    def holds_back(self, desk: Desk, life: Life) -> bool:
        """Tell whether suspended work of the agent goes before the contact."""
        given_way = self.interrupts(life.wish.channel)
        return any(
            leg.life.tier > life.tier or (leg.life.tier == life.tier and leg.channel not in given_way)
            for leg in desk.suspended()
        )

    # ---- who may serve whom

    def rank(self, life: Life, agent_id: str) -> int | None:
        """Return the rank at which the agent serves the contact, or None; a preferred agent may be no member."""
        rank = self._rank(life, agent_id)
        kept = life.phase is not None and agent_id in life.wish.preferred
        return 1 if rank is None and kept else rank

    def _rank(self, life: Life, agent_id: str) -> int | None:
        listed = self.config.agents[agent_id].queues.get(life.queue_id)
        if listed is None:
            return 1 if self.config.queues[life.queue_id].members == "all" else None
        return listed.rank if isinstance(listed, AgentQueue) else listed

    def serves(self, life: Life, desk: Desk, at_us: int, *, surely: bool) -> bool:
        """Tell whether the agent serves the contact now, by queue, requirement and preferred agents.

        Events leave open whom the bound of a favourite left out: surely or at all.
        """
        phase = life.phase if life.state == "queued" else None
        answers = []
        if phase is None or not phase.is_sure:
            answers.append(self.is_served_by(life, desk, at_us))
        if phase is not None:
            prefer = self.config.queues[life.queue_id].prefer or Prefer()
            scope = life.wish.preferred_scope or prefer.scope
            requires = prefer.requires if life.wish.preferred_requires is None else life.wish.preferred_requires
            member = scope is PreferredScope.MEMBERS
            kept = self._serves(life, desk, at_us, after=member, requires=requires, member=member)
            answers.append(desk.id in life.wish.preferred and kept)
            if not phase.keeps_all:
                answers.append(False)
        return all(answers) if surely else any(answers)

    def is_served_by(self, life: Life, desk: Desk, at_us: int) -> bool:
        """Tell whether the agent serves the contact now, preferred agents aside."""
        return self._serves(life, desk, at_us, after=True, requires=True, member=True)

    def _serves(self, life: Life, desk: Desk, at_us: int, *, after: bool, requires: bool, member: bool) -> bool:
        listed = desk.config.queues.get(life.queue_id)
        after_us = listed.after_us if isinstance(listed, AgentQueue) else 0
        if member and self._rank(life, desk.id) is None:
            return False
        if after and at_us - life.entered_at_us < after_us:
            return False
        return not requires or self.meets(life, desk.id)

    def meets(self, life: Life, agent_id: str) -> bool:
        """Tell whether the requirement in force holds for the agent: the contact's, and its queue's or a rule's."""
        of_queue = self.config.queues[life.queue_id].requires if life.requires is None else life.requires
        texts = (of_queue, life.wish.requires)
        return all(self.expressions.holds(text, agent_id, life.wish, life.queue_id) for text in texts)  # type: ignore[arg-type]

    def bars_as_preferred(self, life: Life, agent_id: str) -> bool | None:
        """Tell whether the contact is kept for other agents; None where events do not tell."""
        if life.phase is None or life.state != "queued":
            return False
        if agent_id in life.wish.preferred:
            return False if life.phase.keeps_all else None
        return True if life.phase.is_sure else None

    def favourite_online(self, life: Life, prefer: Prefer) -> bool:
        """Tell whether a preferred agent is there, so that it is worth waiting."""
        there = (Presence.AVAILABLE, Presence.AWAY) if prefer.wait_for_away else (Presence.AVAILABLE,)
        return any(
            agent_id in self.book.desks and self.book.desks[agent_id].presence in there
            for agent_id in life.wish.preferred
        )

    def anybody_online(self, life: Life) -> bool:
        """Tell whether an agent is online who could ever serve the contact in its queue."""
        return any(
            desk.presence != Presence.OFFLINE
            and self._rank(life, desk.id) is not None
            and self.meets(life, desk.id)
            and desk.id not in life.wish.excluded
            and self.is_open(desk, life.wish.channel)
            for desk in self.book.desks.values()
        )

    def _may(self, life: Life, desk: Desk, at_us: int, *, surely: bool) -> bool:
        """Tell whether all but the contact's own state and the units let the agent have it."""
        if desk.presence != Presence.AVAILABLE or desk.next or not self.serves(life, desk, at_us, surely=surely):
            return False
        if desk.id in life.wish.excluded or desk.id in life.legs or self.is_cooling(life, desk.id, at_us):
            return False
        if any(work.life is life for work in desk.offers.values()) or not self.is_open(desk, life.wish.channel):
            return False
        return not self.holds_back(desk, life)

    def is_cooling(self, life: Life, agent_id: str, at_us: int) -> bool:
        """Tell whether the agent is in cool-down for the contact."""
        until = life.cooldowns.get(agent_id, 0)
        return isinstance(until, str) or until > at_us

    def _could(self, life: Life, desk: Desk, at_us: int, *, surely: bool) -> bool:
        """Tell whether rules 2 to 6 hold, setting aside included."""
        slots = None if self._mode(life) == OfferMode.AUTO else desk.config.offers_max
        wanted = Work(life, life.wish.channel, self.cost(life, desk.id), 0, "offer")
        return (
            self._may(life, desk, at_us, surely=surely)
            and self.aside(desk, wanted, desk.things(), slots=slots) is not None
        )

    def _mode(self, life: Life) -> OfferMode:
        return self.config.queues[life.queue_id].offer.mode

    def is_eligible(self, life: Life, agent_id: str, at_us: int, *, surely: bool = True) -> bool:
        """Tell whether section 4 lets the agent have the contact now, surely or at all."""
        if not life.is_in_line or life.queue_id in self.book.paused:
            return False
        offer = self.config.queues[life.queue_id].offer
        if offer.mode == OfferMode.MANUAL:
            return False
        if len(life.offers) >= offer.k or not self._could(life, self.book.desks[agent_id], at_us, surely=surely):
            return False
        if life.offers or offer.offers_min == 1:
            return True
        return (
            sum(self._could(life, desk, at_us, surely=surely) for desk in self.book.desks.values()) >= offer.offers_min
        )

    # ---- in which order

    def order(self, life: Life, agent_id: str, at_us: int) -> tuple[Any, ...]:
        """Return the contact's part of the key of section 5, for one agent."""
        slope = Fraction(self.config.queues[life.queue_id].ageing, 1000)
        credit = life.head_start_us + slope * (at_us - life.place_at_us)
        rank = self.rank(life, agent_id)
        key = (-life.tier, bool(life.offers), not life.is_overdue, rank, -credit, life.order)
        return (rank, *key) if self.config.engine.order == Order.RANK else key

    def is_passed_over(self, life: Life, agent_id: str, at_us: int, *, surely: bool = True) -> bool:
        """Tell whether another contact of the tier that interrupts this one's channel is eligible for the agent."""
        return any(
            other is not life
            and other.tier == life.tier
            and life.wish.channel in self.interrupts(other.wish.channel)
            and self.is_eligible(other, agent_id, at_us, surely=surely)
            for other in self.book.lives.values()
        )

    def check_decision(self, life: Life, agent_id: str, at_us: int, *, is_least: bool) -> None:
        """Check that a pair is eligible and that no other contact has the better right to this agent.

        The second and further offers of a broadcast and those that pre-empt are not least: only the tier goes before.
        """
        assert not is_least or self.is_eligible(life, agent_id, at_us, surely=False), "the pair is not eligible"
        assert not is_least or not self.is_passed_over(life, agent_id, at_us), "the pair is passed over"
        own = self.order(life, agent_id, at_us)
        for other in self.book.lives.values():
            if other is life or not self.is_eligible(other, agent_id, at_us):
                continue
            if self.config.engine.order == Order.TIER:
                assert other.tier <= life.tier, f"{other.id}, of higher tier, is eligible for the agent"
            if is_least and not self.is_passed_over(other, agent_id, at_us, surely=False):
                assert own < self.order(other, agent_id, at_us), f"{other.id} comes first"

    # ---- what has to hold after each call

    def note_begun(self, agent_id: str, leg: Work) -> None:
        """Take note of a leg that takes units from now on."""
        self._begun.append((agent_id, leg))

    def check_units(self) -> None:
        """Check that no decision since the last check put an agent above its units or a channel's maximum."""
        for agent_id, leg in self._begun:
            desk = self.book.desks[agent_id]
            if leg.is_exempt or leg not in desk.legs or not leg.takes_units:
                continue
            legs = [one for one in desk.legs if one.takes_units]
            units = sum(one.cost for one in legs) + sum(desk.load.values())
            assert units <= desk.config.capacity, f"{agent_id} has more units at work than there are"
            places = sum(one.channel == leg.channel for one in legs) + (desk.load.get(leg.channel, 0) > 0)
            takes = desk.config.channels.get(leg.channel, AgentChannel())
            assert takes.max is None or places <= takes.max, f"{agent_id} has more than the channel's maximum"
        self._begun.clear()

    def check_settled(self, now_us: int) -> None:
        """Check that nothing is left to decide: no pair, no suspended leg that fits, no offer that does not."""
        for desk in self.book.desks.values():
            for life in self.book.lives.values():
                assert not self.is_eligible(life, desk.id, now_us), f"{life.id} is eligible for {desk.id}"
            for leg in desk.suspended():
                rest = [thing for thing in desk.things() if thing is not leg]
                assert not self.fits(desk, leg.channel, leg.cost, rest), f"{leg.life.id} could resume at {desk.id}"
            for offer in desk.offers.values():
                self._check_offer(desk, offer)

    def _check_offer(self, desk: Desk, offer: Work) -> None:
        queue = self.config.queues[offer.life.queue_id]
        if offer.is_exempt:
            return
        if queue.preempt == Preempt.WORK and offer.life.tier >= queue.preempt_from:
            return
        assert not self.holds_back(desk, offer.life), f"an offer of {offer.life.id} is barred at {desk.id}"
        fits = self.aside(desk, offer, desk.legs) is not None
        assert fits, f"an offer of {offer.life.id} does not fit at {desk.id}"
