"""What the statistics of the last intervals say of a queue and a channel: handling times, patience, arrivals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ccroute.engine.reports import ANSWERED, COUNTS, HANDLING, LEFT, SPANS, WRAP_UP

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["Observed", "Observer"]

ENOUGH: Final = 200
"""Handling times, or ends of waits, that are enough: older intervals are not looked at for more."""
ARRIVAL_INTERVALS: Final = 2
"""Intervals over which arrivals are counted, the present one included."""

_CREATED: Final = COUNTS.index("created")
_MOVED_IN: Final = COUNTS.index("moved_in")


class Observed(NamedTuple):
    """What is known of the contacts of a queue and channel."""

    handled: int = 0
    """Legs that ended."""
    handling_us: int = 0
    """Time they took together, wrap-up included."""
    left: int = 0
    """Customers that lost patience."""
    answered: int = 0
    """Customers that did not, up to the answer."""
    waited_us: int = 0
    """Time that both waited."""
    arrived: int = 0
    """Contacts that came into the queue ..."""
    over_us: int = 1
    """... within this time up to now."""

    @property
    def mean_us(self) -> float | None:
        """Mean handling time, microseconds; None: unknown."""
        return self.handling_us / self.handled if self.handled and self.handling_us else None

    @property
    def leaving(self) -> float:
        """Rate at which one waiting customer loses patience, per microsecond: exponential, from censored waits."""
        return self.left / self.waited_us if self.waited_us else 0.0


class Observer:
    """Reads the statistics of an engine, each queue and channel once."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._known: dict[tuple[int, int], Observed] = {}

    def of(self, queue: int, channel: int) -> Observed:
        """Return what is known of a queue and a channel. O(intervals kept)."""
        known = self._known.get((queue, channel))
        if known is None:
            known = self._known[queue, channel] = self._read(queue, channel)
        return known

    def _read(self, queue: int, channel: int) -> Observed:
        cells = self._names.statistics.cells_of(queue, channel, True)
        if not cells:
            return Observed()
        now = self._names.acd.now()
        (_, _, _, whole, _, intervals), *_ = cells
        handled = handling = left = answered = waited = 0
        for _, _, tally in reversed(intervals):
            if handled < ENOUGH:
                handled += _count(tally, HANDLING)
                handling += _sum(tally, HANDLING) + _sum(tally, WRAP_UP)
            if left + answered < ENOUGH:
                left += _count(tally, LEFT)
                answered += _count(tally, ANSWERED)
                waited += _sum(tally, LEFT) + _sum(tally, ANSWERED)
        if not handled:
            handled, handling = _count(whole, HANDLING), _sum(whole, HANDLING) + _sum(whole, WRAP_UP)
        recent = [row for row in intervals if row[1] > now - ARRIVAL_INTERVALS * self._names.statistics.interval_us]
        arrived = sum(tally[_CREATED] + tally[_MOVED_IN] for _, _, tally in recent)
        over = max(1, now - recent[0][0]) if recent else 1
        return Observed(handled, handling, left, answered, waited, arrived, over)


def _count(tally: list[int], span: int) -> int:
    return tally[len(COUNTS) + span]


def _sum(tally: list[int], span: int) -> int:
    return tally[len(COUNTS) + SPANS + span]
