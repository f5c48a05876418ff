"""The figures of a report, each defined under its name, for what happened and for what would have.

Shares lie in 0 … 1, times are in seconds with six digits after the point, figures of nothing are None.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final, final

import msgspec

from ccroute.records.calls import Call

WITHIN_US: Final = 20_000_000
"""The limit of ``within_20s``; a wait of just this length is within."""

_DIGITS: Final = 6
_HOUR_US: Final = 3_600_000_000


@final
class Fate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a call: it was answered, it left, or it still waits (neither)."""

    call: Call
    """The call."""
    waited_us: int | None
    """How long it waited for its answer; None where it was not answered."""
    left: bool
    """It hung up before an answer."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of some calls."""

    calls: int
    """Calls that queued or were answered in the record."""
    answered: int
    """Those that an agent answered."""
    left: int
    """Those that hung up before an answer."""
    waiting: int
    """Those still waiting when the last agent had gone; calls = answered + left + waiting."""
    mean_wait_s: float | None
    """Mean wait of the answered calls."""
    p90_wait_s: float | None
    """90th percentile of the waits of the answered calls, by nearest rank: the least that nine in ten do not pass."""
    within_20s: float | None
    """Answered after at most 20 s, as a share of all calls: one who left counts against it."""


@final
class Figures(Group, frozen=True, kw_only=True):
    """Figures of all calls, and of their parts."""

    by_type: dict[str, Group]
    """By the type asked for."""
    by_priority: dict[str, Group]
    """By the priority column."""
    by_hour: dict[str, Group]
    """By the hour of arrival, ``"00"`` to ``"23"`` (later for clocks past midnight), all days together."""
    occupancy: dict[str, float | None]
    """By agent, all days together: time at work on calls as a share of the time it was there."""


@final
class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """How long an agent was there on a day, and how much of that it worked."""

    agent_id: str
    """The agent."""
    there_us: int
    """From sign-in to sign-off, or to the end of its last call if that is later."""
    busy_us: int
    """At work on at least one call, wrap-up included."""


def figures(fates: Iterable[Fate], presences: Iterable[Presence]) -> Figures:
    """Return the report's figures. Keys are sorted, priorities by number. O(n log n)."""
    everything = list(fates)
    whole = _group(everything)
    return Figures(
        **{name: getattr(whole, name) for name in Group.__struct_fields__},
        by_type=_grouped(everything, lambda fate: fate.call.type),
        by_priority=_grouped(everything, lambda fate: fate.call.priority, order=int),
        by_hour=_grouped(everything, lambda fate: _hour(fate.call)),
        occupancy=_occupancy(presences),
    )


def _hour(call: Call) -> str:
    return f"{(call.arrived_at_us - call.midnight_us) // _HOUR_US:02d}"


def _grouped(
    fates: list[Fate], key: Callable[[Fate], str], order: Callable[[str], str | int] = str
) -> dict[str, Group]:
    parts: defaultdict[str, list[Fate]] = defaultdict(list)
    for fate in fates:
        parts[key(fate)].append(fate)
    return {name: _group(parts[name]) for name in sorted(parts, key=order)}


def _group(fates: list[Fate]) -> Group:
    waits_us = sorted(fate.waited_us for fate in fates if fate.waited_us is not None)
    left = sum(fate.left for fate in fates)
    answered = len(waits_us)
    within = sum(wait_us <= WITHIN_US for wait_us in waits_us)
    return Group(
        calls=len(fates),
        answered=answered,
        left=left,
        waiting=len(fates) - answered - left,
        mean_wait_s=round(sum(waits_us) / answered / 1e6, _DIGITS) if answered else None,
        p90_wait_s=round(waits_us[-(-answered * 9 // 10) - 1] / 1e6, _DIGITS) if answered else None,
        within_20s=round(within / len(fates), _DIGITS) if fates else None,
    )


def _occupancy(presences: Iterable[Presence]) -> dict[str, float | None]:
    there_us: defaultdict[str, int] = defaultdict(int)
    busy_us: defaultdict[str, int] = defaultdict(int)
    for presence in presences:
        there_us[presence.agent_id] += presence.there_us
        busy_us[presence.agent_id] += presence.busy_us
    return {
        agent_id: round(busy_us[agent_id] / there_us[agent_id], _DIGITS) if there_us[agent_id] else None
        for agent_id in sorted(there_us)
    }
