"""Where plans and hours send contacts, and the circles in which they would send them round for ever.

A contact stands in a queue and follows a plan: that of the queue, or one that it kept. A step fires once per plan, so a
step that keeps the plan ends by itself. What never ends is a circle with a way on which a plan begins anew, and one of
hours alone, which send on whoever comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

__all__ = ["Overflow", "Way", "looping"]

Overflow: TypeAlias = tuple[str, int | None]
"""A place from which contacts are sent: the queue, and the index of the step of its plan, or None for its hours."""


class Way(NamedTuple):
    """A way out of a queue into another."""

    step: int | None
    """Index of the step of the queue's plan; None: its hours."""
    to: str
    """The other queue."""
    keeps: bool
    """Whether the plan that a contact follows goes on there."""


def looping(ways: dict[str, list[Way]]) -> dict[Overflow, None]:
    """Return the places that close a circle, queues and their ways in order, those of hours last. O(queues + ways)."""
    hours = {queue: way for queue, some in ways.items() for way in some if way.step is None and way.to in ways}
    found, ends = _followed(hours)
    begins = {queue: list(_begins(queue, some, ends, hours)) for queue, some in ways.items()}
    is_done: dict[str, bool] = {}
    for root in ways:
        if root in is_done:
            continue
        is_done[root] = False
        walk = [(root, iter(begins[root]))]
        while walk:
            queue, rest = walk[-1]
            place, other = next(rest, (None, ""))
            if place is None:
                is_done[queue] = True
                walk.pop()
            elif other not in is_done and other in ways:
                is_done[other] = False
                walk.append((other, iter(begins[other])))
            elif is_done.get(other) is False:
                found[place] = None
    return found


def _followed(hours: dict[str, Way]) -> tuple[dict[Overflow, None], dict[str, str]]:
    """Return the circles of hours that keep the plan, and where such hours lead from a queue in the end, by queue."""
    circles: dict[Overflow, None] = {}
    ends: dict[str, str] = {}
    for root in hours:
        passed: dict[str, None] = {}
        at = root
        while at not in ends and at not in passed and at in hours and hours[at].keeps:
            passed[at] = None
            at = hours[at].to
        if at in passed:
            circles[list(passed)[-1], None] = None
        end = ends.get(at, at)
        ends.update(dict.fromkeys(passed, end))
    return circles, ends


def _begins(queue: str, some: list[Way], ends: dict[str, str], hours: dict[str, Way]) -> Iterator[tuple[Overflow, str]]:
    """Yield where the plan of a queue ends because another begins: the place, and the queue whose plan begins."""
    for way in some:
        if way.step is not None and not way.keeps:
            yield (queue, way.step), way.to
            continue
        # With its plan a contact stands in the other queue, whose hours may send it on.
        stands = way.to if way.step is not None else queue
        end = ends.get(stands, stands)
        if end in hours and not hours[end].keeps:
            yield (end, None), hours[end].to
