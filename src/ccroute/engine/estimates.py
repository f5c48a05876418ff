"""How long a contact will wait: a mean and an interval from what the engine knows now.

Who stands before it and competes for its agents is counted; how fast those agents work, how soon customers lose
patience and how often contacts come that go first is learned from the statistics of the last intervals. What becomes of
these numbers is told in :mod:`ccroute.engine.waiting_times`; how well it does, in ``docs/explanation/estimates.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from ccroute.config import AgentQueue
from ccroute.core import outlook
from ccroute.engine.observed import Observed, Observer
from ccroute.engine.positions import Position
from ccroute.engine.queries import agent_view, is_waiting
from ccroute.engine.waiting_times import COVERAGE, Line, Lines, clearing_of, interval_of
from ccroute.errors import OutOfRange, UnknownName, WrongType
from ccroute.requirement import evaluate
from ccroute.types import DURATION_US_MAX, TIER_MAX, TIER_MIN, TIME_US_MAX, OfferMode

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["WaitEstimate", "estimate_wait"]

ARRIVED_US: Final = 1_800_000_000
"""Contacts that came within this time tell which share of later ones goes first."""
GROUPS_MAX: Final = 65_536
"""Pairs of a class that waits and a group of agents who serve it, beyond which all agents are taken for one group."""


class WaitEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """How long a contact will go on waiting until an agent has it, as far as can be said now."""

    contact_id: str | None
    """The contact; None: one that might come now."""
    queue_id: str
    """Queue it waits in."""
    position: Position
    """Its place in line."""
    expected_us: int | None
    """Mean of the time from now until an agent has it, microseconds; None: unknown."""
    low_us: int | None
    """Begin of the interval; None: unknown."""
    high_us: int | None
    """End of the interval; None: unknown."""
    coverage: float
    """Share of true waits that are meant to fall into the interval."""
    method: str
    """``ql_m``: by those before it, the rate of its agents and the patience of customers; ``free``: an agent is free;
    ``offered``: it is being offered; ``unknown``."""
    unknown: str | None
    """Why nothing can be said: ``nobody_online``, ``nobody_available``, ``no_handling_time``, ``queue_paused``,
    ``manual`` or ``overloaded`` (contacts that go first take all the time there is); None: it can."""
    agents_online: int
    """Agents who are not offline, serve it and take its channel."""
    places: int
    """Contacts like it that those of them who are available can have in hand at once."""
    ahead_thousandths: int
    """Contacts before it, each counted by the share of its own agents that it competes for, in thousandths."""
    handled: int
    """Handling times that the estimate was learned from."""
    handling_us: int | None
    """Their mean, of the work that comes first; None: unknown."""
    left: int
    """Customers that lost patience from whom patience was learned."""


class _Asker(NamedTuple):
    """Who asks."""

    contact: int
    """Its slot; -1: it might come."""
    class_slot: int
    """Its class; -1: there is none like it."""
    queue: int
    channel: int
    own_cost: int
    tier: int
    head_start: int
    agents: bytearray
    """Rank by agent, see ``core.outlook``."""
    ranks: bytearray
    """Rank by profile."""


def estimate_wait(
    names: Names,
    contact_id: str | int | None = None,
    *,
    queue_id: str | None = None,
    channel: str | None = None,
    requires: str | None = None,
    tier: int | None = None,
    head_start_us: int | None = None,
) -> WaitEstimate | None:
    """Return how long a contact will wait, None where it does not wait. O(contacts + agents + classes · profiles)."""
    if contact_id is None:
        asker = _guest(names, queue_id, channel, requires, tier, head_start_us)
        return _estimate(names, asker, None)
    for argument, value in (("queue_id", queue_id), ("channel", channel), ("requires", requires), ("tier", tier)):
        if value is not None:
            raise WrongType(argument, value, "None where a contact is given")
    if head_start_us is not None:
        raise WrongType("head_start_us", head_start_us, "None where a contact is given")
    slot = names.find_contact(contact_id)
    if slot is None:
        return None
    known = names.acd.contact(slot)
    if not is_waiting(known):
        return None
    agents = outlook.ranks_for(names.acd, slot)
    asker = _Asker(
        contact=slot,
        class_slot=known["class"],
        queue=known["queue"],
        channel=known["channel"],
        own_cost=known["own_cost"],
        tier=known["tier"],
        head_start=known["head_start_us"],
        agents=agents,
        ranks=outlook.by_profile(names.acd, agents),
    )
    return _estimate(names, asker, names.contacts[slot].contact_id)


def _guest(
    names: Names,
    queue_id: str | None,
    channel: str | None,
    requires: str | None,
    tier: int | None,
    head_start_us: int | None,
) -> _Asker:
    """Return a contact that might come now; it must be one that could."""
    for argument, value, slots in (
        ("queue_id", queue_id, names.queue_slots),
        ("channel", channel, names.channel_slots),
    ):
        if type(value) is not str:
            raise WrongType(argument, value, "a str where no contact is given")
        if value not in slots:
            raise UnknownName(argument, value, f"the id of a {argument.removesuffix('_id')} of the configuration")
    if requires is not None and type(requires) is not str:
        raise WrongType("requires", requires, "None or a str")
    if requires is not None:
        names.classes.requirement(requires)
    assert queue_id is not None
    assert channel is not None
    _check_int("tier", tier, TIER_MIN, TIER_MAX)
    _check_int("head_start_us", head_start_us, -DURATION_US_MAX, DURATION_US_MAX)
    queue, queue_slot, channel_slot = (
        names.config.queues[queue_id],
        names.queue_slots[queue_id],
        names.channel_slots[channel],
    )
    class_slot = names.classes.find(queue_slot, channel_slot, requires, tier, {})
    expression = names.classes.in_force(queue_slot, channel_slot, requires, tier, {})
    agents = bytearray(
        _rank_in(names, slot, queue_id) if evaluate(expression, agent_view(names, slot), None, None) is True else 0
        for slot in range(len(names.agent_ids))
    )
    return _Asker(
        contact=-1,
        class_slot=-1 if class_slot is None else class_slot,
        queue=queue_slot,
        channel=channel_slot,
        own_cost=-1,
        tier=queue.tier if tier is None else tier,
        head_start=queue.head_start_us if head_start_us is None else head_start_us,
        agents=agents,
        ranks=outlook.by_profile(names.acd, agents),
    )


def _rank_in(names: Names, agent_slot: int, queue_id: str) -> int:
    """Return the rank at which an agent serves a queue, 0 where it does not, only later, or was removed."""
    agent = names.config.agents.get(names.agent_ids[agent_slot])
    if agent is None:
        return 0
    served = agent.queues.get(queue_id)
    if served is None:
        return 1 if names.config.queues[queue_id].members == "all" else 0
    if isinstance(served, AgentQueue):
        return 0 if served.after_us else served.rank
    return served


def _check_int(argument: str, value: object, low: int, high: int) -> None:
    if value is not None and type(value) is not int:
        raise WrongType(argument, value, f"None or an integer from {low} to {high}")
    if type(value) is int and not low <= value <= high:
        raise OutOfRange(argument, value, f"an integer from {low} to {high}")


# ---- putting it together ---------------------------------------------------------------------------------------


class _Outcome(NamedTuple):
    """What is to be told of the wait."""

    method: str
    unknown: str | None = None
    times: tuple[float, float, float] | None = None
    """Expected, low, high."""


class _Ahead(NamedTuple):
    """Those who stand before the asker, in numbers."""

    contacts: float
    """How many, each by the share of the asker's agents that it competes for, in places for contacts like the asker."""
    handling: float | None
    """Mean handling time of their work, else of the asker's own; None: unknown."""
    leaving: float
    """Rate at which one of them loses patience."""
    handled: int
    left: int


def _estimate(names: Names, asker: _Asker, contact_id: str | None) -> WaitEstimate:
    *places, by_class, bystanders = outlook.standing_before(
        names.acd, asker.contact, asker.class_slot, asker.queue, asker.tier, asker.head_start, asker.agents, asker.ranks
    )
    crew = _Crew(names, asker)
    ahead = crew.look_ahead(by_class, bystanders)
    outcome = _outcome(names, asker, crew, ahead)
    if outcome.times is not None and (own := outlook.undisputed(names.acd, asker.ranks)) != asker.ranks and any(own):
        # At some of its agents others go first by rank; it may be quicker to count on the rest alone.
        alone = _Crew(names, asker._replace(ranks=own))
        outcome = _sooner(outcome, _outcome(names, alone.asker, alone, alone.look_ahead(by_class, bystanders)))
    times = [None] * 3 if outcome.times is None else [min(round(time), TIME_US_MAX) for time in outcome.times]
    in_class, in_queue, overall = places
    outranking = sum(by_class.values())
    return WaitEstimate(
        contact_id=contact_id,
        queue_id=names.queue_ids[asker.queue],
        position=Position(in_class=in_class, in_queue=in_queue, overall=overall, outranking=outranking),
        expected_us=times[0],
        low_us=times[1],
        high_us=times[2],
        coverage=COVERAGE,
        method=outcome.method,
        unknown=outcome.unknown,
        agents_online=crew.online,
        places=crew.places,
        ahead_thousandths=round(1000 * ahead.contacts),
        handled=ahead.handled,
        handling_us=None if ahead.handling is None else round(ahead.handling),
        left=ahead.left,
    )


def _sooner(one: _Outcome, other: _Outcome) -> _Outcome:
    """Return that of two outcomes which is known and sooner."""
    if one.times is None or other.times is None:
        return one
    return other if other.times[0] < one.times[0] else one


def _outcome(names: Names, asker: _Asker, crew: _Crew, ahead: _Ahead) -> _Outcome:
    """Say how long, or why that cannot be said."""
    if asker.contact >= 0 and (offers := names.acd.offers_out(asker.contact)):
        left_us = min(names.acd.offer(seq)[3] for seq in offers) - names.acd.now()  # type: ignore[index]
        return _Outcome("offered", times=(left_us / 2, 0.0, float(left_us)))
    unknown = _why_unknown(names, asker, crew)
    if unknown is not None:
        return _Outcome("unknown", unknown)
    if crew.idle and ahead.contacts < crew.idle and asker.contact < 0:
        return _Outcome("free", times=(0.0, 0.0, 0.0))
    if ahead.handling is None:
        return _Outcome("unknown", "no_handling_time")
    before, leads = crew.look_behind(ahead.handling)
    rate = crew.places / ahead.handling
    clearing = clearing_of(
        Line(
            ahead=ahead.contacts,
            places=crew.places,
            rate_in_hand=crew.rate_in_hand() or rate,
            rate_ahead=rate,
            leaving=ahead.leaving,
            load_before=before,
            leads=leads,
            known=ahead.handled,
        )
    )
    if clearing is None:
        return _Outcome("unknown", "overloaded")
    return _Outcome("ql_m", times=(clearing.mean, *interval_of(clearing)))


def _why_unknown(names: Names, asker: _Asker, crew: _Crew) -> str | None:
    queue_id = names.queue_ids[asker.queue]
    if names.acd.queue_state(asker.queue)[1]:
        return "queue_paused"
    if names.config.queues[queue_id].offer.mode is OfferMode.MANUAL:
        return "manual"
    if not crew.online:
        return "nobody_online"
    return None if crew.places else "nobody_available"


class _Crowd(NamedTuple):
    """Contacts of a class who stand before the asker."""

    class_slot: int
    kind: tuple[int, int, int]
    """Queue, channel, own cost."""
    contacts: int
    handling: float
    """Mean handling time, microseconds; 0: unknown."""


class _Crew:
    """The agents who may serve an asker, and what keeps them busy."""

    def __init__(self, names: Names, asker: _Asker) -> None:
        self._names = names
        self.asker = asker
        """Who asks."""
        self._observer = Observer(names)
        self._held: dict[tuple[int, int, int], list[int]] = {}
        terms = asker.queue, asker.channel, asker.own_cost
        held, online, idle = outlook.crew(names.acd, *terms, asker.contact)
        self.places = self._own(held)
        """Contacts like the asker that they can have in hand at once."""
        self.online = self._own(online)
        self.idle = self._own(idle)
        """Places that are free."""

    def _own(self, by_profile: list[int]) -> int:
        return sum(count for count, rank in zip(by_profile, self.asker.ranks, strict=True) if rank)

    def _places_for(self, queue: int, channel: int, own_cost: int) -> list[int]:
        """Return the places of all agents for contacts of a kind, by profile."""
        held = self._held.get((queue, channel, own_cost))
        if held is None:
            held = self._held[queue, channel, own_cost] = outlook.crew(self._names.acd, queue, channel, own_cost, -1)[0]
        return held

    def look_ahead(self, by_class: dict[int, int], bystanders: dict[int, int]) -> _Ahead:
        """Return what those amount to who stand before the asker."""
        count = work = leaving = weights = 0.0
        cells: dict[tuple[int, int], Observed] = {}
        crowds = self._crowds(by_class)
        for crowd in crowds:
            places = self._places_for(*crowd.kind)
            whole, both, _ = outlook.shared(self._names.acd, crowd.class_slot, self.asker.ranks, places)
            if not both:
                continue
            seen = cells[crowd.kind[:2]] = self._observer.of(*crowd.kind[:2])
            competing = crowd.contacts * both / whole
            count += competing * self.places / max(1, self._own(places))
            leaving += competing * seen.leaving
            work += competing * crowd.handling
            weights += competing
        own = self._observer.of(self.asker.queue, self.asker.channel)
        if not weights or not work:
            return _Ahead(count, self._own_handling(), own.leaving, max(own.handled, 1), own.left)
        handling = work / weights
        count = self._balanced([*crowds, *self._crowds(bystanders)], handling, count)
        handled = max(1, sum(seen.handled for seen in cells.values()))
        return _Ahead(count, handling, leaving / weights, handled, sum(seen.left for seen in cells.values()))

    def _crowds(self, by_class: dict[int, int]) -> list[_Crowd]:
        """Return those contacts that are offered to somebody, by class."""
        crowds = []
        for class_slot, contacts in by_class.items():
            kind = outlook.class_terms(self._names.acd, class_slot)
            # What needs more room lets smaller contacts pass, which fit where it does not.
            needs_more = 0 < self._own(self._places_for(*kind)) < self.places
            if self._makes_offers(kind[0]) and not needs_more:
                mean_us = self._observer.of(*kind[:2]).mean_us or self._own_handling() or 0.0
                crowds.append(_Crowd(class_slot, kind, contacts, mean_us))
        return crowds

    def _balanced(self, crowds: list[_Crowd], handling: float, count: float) -> float:
        """Return how many of those before the asker count where each goes to those agents who are free for it soonest.

        ``count`` where that is no other number, or too long to work out.
        """
        served = {}
        for crowd in crowds:
            profiles = outlook.profiles_of(self._names.acd, crowd.class_slot)
            served[crowd.class_slot] = outlook.profiles_first(self._names.acd, crowd.class_slot) or profiles
        own = [profile for profile, rank in enumerate(self.asker.ranks) if rank]
        if not 0 < sum(len(profiles) for profiles in served.values()) <= GROUPS_MAX or all(
            profiles == own for profiles in served.values()
        ):
            return count
        lines = Lines()
        for crowd in sorted(crowds, key=lambda crowd: (len(served[crowd.class_slot]), crowd.class_slot)):
            places = self._places_for(*crowd.kind)
            lines.join(
                {at: places[at] for at in served[crowd.class_slot] if places[at]}, crowd.contacts * crowd.handling
            )
        places = self._places_for(self.asker.queue, self.asker.channel, self.asker.own_cost)
        begins = lines.turn({at: places[at] / handling for at in own if places[at]})
        return max(0.0, begins * self.places / handling - 1)

    def _own_handling(self) -> float | None:
        """Return the mean handling time of the asker's queue and channel, else of what its agents have in hand."""
        own = self._observer.of(self.asker.queue, self.asker.channel).mean_us
        if own is not None:
            return own
        means = [(self._observer.of(*cell).mean_us, count) for cell, count in self._in_hand().items()]
        known = [(mean, count) for mean, count in means if mean is not None]
        return sum(mean * count for mean, count in known) / sum(count for _, count in known) if known else None

    def _makes_offers(self, queue: int) -> bool:
        config = self._names.config.queues.get(self._names.queue_ids[queue])
        if config is None:  # it was removed; contacts that were in it are still known
            return False
        return config.offer.mode is not OfferMode.MANUAL and not self._names.acd.queue_state(queue)[1]

    def _in_hand(self) -> dict[tuple[int, int], int]:
        return outlook.in_hand(self._names.acd, self.asker.ranks)

    def rate_in_hand(self) -> float | None:
        """Return how many contacts end per microsecond of those that the agents have in hand; None: unknown."""
        rate = 0.0
        for (queue, channel), count in self._in_hand().items():
            mean = self._observer.of(queue, channel).mean_us or self._own_handling()
            if mean is None:
                return None
            rate += count / mean
        return rate or None

    def look_behind(self, handling: float) -> tuple[float, tuple[tuple[float, float], ...]]:
        """Return the load of later contacts that go first, and of those that do so if they come soon enough."""
        names, asker = self._names, self.asker
        before = 0.0
        leads: dict[float, float] = {}
        ageing = names.config.queues[names.queue_ids[asker.queue]].ageing
        for (queue, channel), kinds in outlook.arrivals(
            names.acd, asker.contact, max(0, names.acd.now() - ARRIVED_US), asker.tier, asker.head_start
        ).items():
            seen = self._observer.of(queue, channel)
            share, ranked = self._share_of(queue, channel)
            if not seen.arrived or not share or not self._makes_offers(queue):
                continue
            places = self._own(self._places_for(queue, channel, -1))
            load = seen.arrived / seen.over_us * (seen.mean_us or handling) / max(1, places)
            if places > self.places:
                before += load * share
                continue
            total = sum(kinds.values())
            for (above, lead), contacts in kinds.items():
                part = load * contacts / total
                before += part * (share if above > 0 else ranked if above == 0 else 0.0)
                if lead and ageing > 0 and above == 0:
                    within = 1000 * lead / ageing
                    leads[within] = leads.get(within, 0.0) + part * (share - ranked)
        return before, tuple(sorted(leads.items()))

    def _share_of(self, queue: int, channel: int) -> tuple[float, float]:
        """Return which share of the contacts of a queue compete for the asker's agents; and go first there by rank."""
        places = self._places_for(queue, channel, -1)
        whole = both = ranked = 0.0
        for class_slot in outlook.classes_of(self._names.acd, queue, channel):
            one, other, first = outlook.shared(self._names.acd, class_slot, self.asker.ranks, places)
            contacts = max(1, self._names.acd.class_refs(class_slot))
            if one:
                whole += contacts
                both += contacts * other / one
                ranked += contacts * first / one
        return (both / whole, ranked / whole) if whole else (0.0, 0.0)
