"""How long a line takes to clear: the time until the last of some departures, as a mean, a variance and an interval.

Pure arithmetic, without an engine. Rates are per microsecond, times in microseconds. Floats, as they decide nothing.

The line is that of Whitt (1999) for the delay of a customer who sees how many stand before him, with abandonment as
QL_m of Ibrahim and Whitt (2009): with k before him he waits for k + 1 departures, each of them exponential, at the rate
of the servers and of the patience of those who still stand before him. Later customers who go first lengthen that as
the delay cycle of a priority queue does (Conway, Maxwell and Miller 1967, chapter 8).
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

__all__ = ["COVERAGE", "Clearing", "Line", "Lines", "clearing_of", "interval_of"]

COVERAGE: Final = 0.8
"""Share of true waits that are meant to fall into an interval."""
LOAD_MAX: Final = 0.95
"""Load of later contacts that go first, from which on no end is in sight."""

_NORMAL_QUANTILE: Final = 1.2815515655446004
"""Of the standard normal distribution at (1 + coverage) / 2."""
_ROUNDS_MAX: Final = 64
_EXACT_ENOUGH: Final = 1e-6
_STEPS_MAX: Final = 4_096
"""Departures that are added one by one; of more, some at a time."""


class Line(NamedTuple):
    """What lies between a contact and its agent."""

    ahead: float
    """Contacts that go first and compete for its agents, in places that these have for contacts like it."""
    places: float
    """Contacts like it that its agents can have in hand at once."""
    rate_in_hand: float
    """Departures per microsecond of the work that its agents have in hand."""
    rate_ahead: float
    """The same once those ahead are in hand."""
    leaving: float
    """Rate at which one of those ahead loses patience."""
    load_before: float
    """Share of its agents' time that later contacts will take which go first, whenever they come."""
    leads: tuple[tuple[float, float], ...]
    """Of later contacts that go first if they come soon enough: how soon, and the load they bring until then."""
    known: int
    """Handling times that the rates were learned from, at least 1."""


class Clearing(NamedTuple):
    """The time until it is a contact's turn."""

    mean: float
    variance: float


def clearing_of(line: Line) -> Clearing | None:
    """Return the time until a contact's turn, or None where later ones that go first leave no time for it.

    O(departures), up to a fixed number of them.
    """
    if line.load_before >= LOAD_MAX:
        return None
    own, variance = _departures(line)
    mean = _with_later_ones(own, line)
    # The share of the time that later ones take; those with a lead only as long as it lasts.
    load = 1 - own / mean
    service = 1 / line.rate_ahead
    variance = variance / (1 - load) ** 2 + 2 * own * load * service / (1 - load) ** 3
    return Clearing(mean, variance + mean**2 / line.known)


def _with_later_ones(own: float, line: Line) -> float:
    """Return the mean time that is ``own`` and what later contacts take until then who go first."""
    mean = own / (1 - line.load_before)
    for _ in range(_ROUNDS_MAX if line.leads else 0):
        extra = sum(load * min(within, mean) for within, load in line.leads)
        more = (own + extra) / (1 - line.load_before)
        if more - mean < _EXACT_ENOUGH * mean:
            return more
        mean = more
    return mean


def _departures(line: Line) -> tuple[float, float]:
    """Return mean and variance of the time of ``ahead`` + 1 departures, the last of which makes room."""
    whole = math.floor(line.ahead)
    size = max(1, -(-whole // _STEPS_MAX))
    mean = variance = 0.0
    done = 0
    while done < whole:
        count = min(size, whole - done)
        rate = _rate(line, done + (count - 1) / 2)
        mean += count / rate
        variance += count / rate**2
        done += count
    # The part of a contact that is left over, then the departure that is for the contact itself.
    rate = _rate(line, whole)
    rest = line.ahead - whole
    own = line.rate_in_hand if line.ahead < line.places else line.rate_ahead
    return mean + rest / rate + 1 / own, variance + rest / rate**2 + 1 / own**2


def _rate(line: Line, done: float) -> float:
    served = line.rate_in_hand if done < line.places else line.rate_ahead
    return served + max(0.0, line.ahead - done) * line.leaving


class Lines:
    """Lines before groups of agents, as fluids: everybody joins the line that clears first."""

    def __init__(self) -> None:
        self._clear: dict[int, float] = {}
        """By group: when its line is cleared, from now."""

    def join(self, groups: dict[int, int], work: float) -> None:
        """Have work join the lines of some groups, so that those that it joins clear at one time.

        :param groups: places by group, at least 1 each; none: it goes nowhere.
        """
        level = width = 0.0
        for group in sorted(groups, key=lambda group: (self._clear.get(group, 0.0), group)):
            clear = self._clear.get(group, 0.0)
            if width and work <= (clear - level) * width:
                break
            work -= (clear - level) * width
            level = clear
            width += groups[group]
        if not width:
            return
        level += work / width
        for group in groups:
            self._clear[group] = max(self._clear.get(group, 0.0), level)

    def turn(self, rates: dict[int, float]) -> float:
        """Return the mean time until one of some groups takes a contact: each at its rate once its line is cleared.

        :param rates: above 0 each, at least one.
        """
        clears = sorted((self._clear.get(group, 0.0), rates[group]) for group in rates)
        mean, waits, rate = clears[0][0], 1.0, 0.0
        for (clear, more), following in zip(clears, [*clears[1:], None], strict=True):
            rate += more
            if following is None:
                return mean + waits / rate
            stays = math.exp(-rate * (following[0] - clear))
            mean += waits * (1 - stays) / rate
            waits *= stays
        return mean


def interval_of(clearing: Clearing) -> tuple[float, float]:
    """Return where the middle ``COVERAGE`` of a gamma distribution lies that has this mean and variance.

    By the cube root of Wilson and Hilferty (1931).
    """
    if clearing.variance <= 0:
        return clearing.mean, clearing.mean
    shape = clearing.mean**2 / clearing.variance
    spread = _NORMAL_QUANTILE / (3 * math.sqrt(shape))
    middle = 1 - 1 / (9 * shape)
    low = clearing.mean * max(0.0, middle - spread) ** 3
    return low, clearing.mean * (middle + spread) ** 3
