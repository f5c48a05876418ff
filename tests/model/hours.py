"""When a queue is open, by the moments to which its hours were resolved: pure functions, all from the earliest span on.

Before the first span and after the last a queue is closed; without hours it is open always.
"""

from __future__ import annotations

from ccroute.config.structs import Hours, PlanStep
from ccroute.types import ClosedAction, PlanOn, RuleEnd


def is_open(hours: Hours | None, now: int) -> bool:
    """Tell whether a queue is open."""
    return hours is None or any(opens <= now < closes for opens, closes in spans(hours))


def next_change(hours: Hours | None, now: int) -> int | None:
    """Return the next moment at which a queue opens or closes, or None."""
    moments = [] if hours is None else [moment for span in spans(hours) for moment in span]
    return min((moment for moment in moments if moment > now), default=None)


def next_opening(hours: Hours, now: int) -> int | None:
    """Return when a closed queue opens next; None for an open one and where that is not known."""
    if is_open(hours, now):
        return None
    return min((opens for opens, _ in spans(hours) if opens > now), default=None)


def step_when_closed(hours: Hours | None) -> PlanStep | None:
    """Return what becomes of contacts in a closed queue as a step of a plan; None where they wait."""
    if hours is None or hours.closed == ClosedAction.WAIT:
        return None
    if hours.closed == ClosedAction.OVERFLOW:
        return PlanStep(on=PlanOn.CLOSED, queue=hours.queue, plan=hours.plan)
    if hours.closed == ClosedAction.CALLBACK:
        return PlanStep(on=PlanOn.CLOSED, callback=True)
    return PlanStep(on=PlanOn.CLOSED, end=RuleEnd.EXPIRED)


def spans(hours: Hours) -> list[tuple[int, int]]:
    """Return the spans of resolved hours."""
    assert hours.spans is not None, "the engine takes no hours that are not resolved"
    return hours.spans
