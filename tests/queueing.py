"""Closed forms of queueing theory: what an ideal contact centre does on average, worked out without simulating it.

Arrivals are Poisson, work and patience exponential; rates are per second, waits in seconds. ``work`` is the load in
Erlangs: the rate of arrival by the rate at which one agent works.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations

CALLERS_MAX = 100_000


def erlang_c(agents: int, work: float) -> float:
    """Return the share of contacts that find all agents busy (A. K. Erlang, 1917)."""
    blocked = 1.0
    for agent in range(1, agents + 1):
        blocked = work * blocked / (agent + work * blocked)
    busy = work / agents
    return blocked / (1 - busy * (1 - blocked))


def mean_wait(agents: int, arrival: float, service: float) -> float:
    """Return the mean wait in a queue without abandonment."""
    return erlang_c(agents, arrival / service) / (agents * service - arrival)


def square_wait(agents: int, arrival: float, service: float, *, last_first: bool) -> float:
    """Return the mean of the squared wait; who waits, waits a busy period of the agents if the last is served first."""
    pace = agents * service
    idle = 1 - arrival / pace
    return erlang_c(agents, arrival / service) * 2 / (pace**2 * idle ** (3 if last_first else 2))


def left_share(agents: int, arrival: float, service: float, impatience: float) -> float:
    """Return the share of contacts that leave, where each that waits does at rate ``impatience`` (C. Palm, 1957)."""
    weights = [1.0]
    for callers in range(1, CALLERS_MAX):
        out = min(callers, agents) * service + max(0, callers - agents) * impatience
        weights.append(weights[-1] * arrival / out)
        if callers > agents and weights[-1] < 1e-15 * max(weights):
            break
    waiting = sum(weight * max(0, callers - agents) for callers, weight in enumerate(weights)) / sum(weights)
    return waiting * impatience / arrival


def tier_waits(agents: int, arrivals: Sequence[float], service: float) -> list[float]:
    """Return the mean wait by tier, the highest first, where work in hand is never broken off (A. Cobham, 1954)."""
    pace = agents * service
    residual = erlang_c(agents, sum(arrivals) / service) / pace
    sums = [sum(arrivals[:tier]) / pace for tier in range(len(arrivals) + 1)]
    return [residual / ((1 - before) * (1 - after)) for before, after in pairwise(sums)]


def broken_off_times(agents: int, arrivals: Sequence[float], service: float) -> list[float]:
    """Return the mean time from arrival to the end of work by tier, the highest first, where these break off others.

    Broken-off work resumes where it was. Tiers up to any one see nobody below, and work is exponential, so each such
    group is a queue of its own (J. Buzen and A. Bondi, 1983).
    """
    times: list[float] = []
    for tier in range(1, len(arrivals) + 1):
        arrival = sum(arrivals[:tier])
        inside = arrival * (mean_wait(agents, arrival, service) + 1 / service)
        above = sum(rate * time for rate, time in zip(arrivals, times, strict=False))
        times.append((inside - above) / arrivals[tier - 1])
    return times


def ageing_waits(agents: int, arrivals: Sequence[float], ageings: Sequence[float], service: float) -> list[float]:
    """Return the mean wait by class where credit grows at a rate per class, the slowest first (L. Kleinrock, 1964)."""
    pace = agents * service
    shares = [arrival / pace for arrival in arrivals]
    all_alike = mean_wait(agents, sum(arrivals), service)
    waits: list[float] = []
    for own, ageing in enumerate(ageings):
        slower = sum(shares[one] * waits[one] * (1 - ageings[one] / ageing) for one in range(own))
        faster = sum(shares[one] * (1 - ageing / ageings[one]) for one in range(own + 1, len(ageings)))
        waits.append((all_alike - slower) / (1 - faster))
    return waits


@dataclass(frozen=True, kw_only=True)
class SkillGraph:
    """Kinds of contacts, agents, and who can serve what."""

    arrivals: Mapping[str, float]
    """By kind: contacts a second."""
    services: Mapping[str, float]
    """By agent: contacts a second while busy."""
    serves: Mapping[str, frozenset[str]]
    """By agent: kinds."""

    def only(self, agents: Sequence[str]) -> frozenset[str]:
        """Return the kinds that nobody but these agents serves."""
        others = [kinds for agent, kinds in self.serves.items() if agent not in agents]
        return frozenset(self.arrivals).difference(*others)

    def any(self, agents: Sequence[str]) -> frozenset[str]:
        """Return the kinds that one of these agents serves."""
        return frozenset().union(*(self.serves[agent] for agent in agents))

    def rate(self, kinds: frozenset[str]) -> float:
        """Return how many contacts of some kinds come in a second."""
        return sum(self.arrivals[kind] for kind in sorted(kinds))


def first_come_longest_idle(graph: SkillGraph) -> tuple[dict[str, float], float]:
    """Return the mean wait by kind, and the share of time in which nobody works.

    A contact goes to the agent idle longest of those who can, an agent takes the contact that came first of those it
    can: the product form of I. Adan and G. Weiss, "A skill based parallel service system under FCFS-ALIS", 2014. A
    state is the busy agents in the order of the contacts they serve, with how many wait between them, and the idle
    ones, the longest idle first. Sums over the numbers that wait are geometric.
    """
    agents = sorted(graph.services)
    total = 0.0
    nobody = 0.0
    waiting = dict.fromkeys(graph.arrivals, 0.0)
    for order in permutations(agents):
        for count in range(len(agents) + 1):
            busy, idle = order[:count], order[count:]
            weight, between = _state(graph, busy, idle)
            total += weight
            nobody += weight if not busy else 0.0
            for kind, number in between.items():
                waiting[kind] += weight * number
    return {kind: number / total / graph.arrivals[kind] for kind, number in waiting.items()}, nobody / total


def _state(graph: SkillGraph, busy: Sequence[str], idle: Sequence[str]) -> tuple[float, dict[str, float]]:
    """Return the weight of all states with these agents busy and idle, in order, and how many wait in them by kind."""
    weight = 1.0
    between = dict.fromkeys(graph.arrivals, 0.0)
    for count in range(1, len(busy) + 1):
        only = graph.only(busy[:count])
        come, go = graph.rate(only), math.fsum(graph.services[agent] for agent in busy[:count])
        weight /= go - come
        for kind in only:
            between[kind] += graph.arrivals[kind] / (go - come)
    for count in range(1, len(idle) + 1):
        weight /= graph.rate(graph.any(idle[:count]))
    return weight, between
