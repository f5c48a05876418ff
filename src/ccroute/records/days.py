"""The days of a record: who was there, for which types, and how long a call took on average."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import final

import msgspec

from ccroute.records.calls import Call
from ccroute.records.spans import union_us


@final
class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One agent's day as the record shows it."""

    agent_id: str
    """The agent."""
    from_us: int
    """Begin of the first call it answered."""
    to_us: int
    """End of the last call it answered."""
    types: tuple[str, ...]
    """Types it handled that day, sorted."""
    busy_us: int
    """Time in calls; where the record lets calls overlap, that time counts once."""


@final
class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day of a record."""

    midnight_us: int
    """Its begin."""
    calls: list[Call]
    """In order of arrival; ties: the earlier line."""
    shifts: list[Shift]
    """Sorted by agent."""
    handling_us: dict[str, int]
    """Mean handling time by type, for every type among the calls, rounded to the microsecond (halves up)."""

    def handling_of(self, call: Call) -> int:
        """Return how long an agent works on this call: as recorded, else the mean of its type."""
        return self.handling_us[call.type] if call.handled_us is None else call.handled_us


def days_of(calls: Iterable[Call]) -> list[Day]:
    """Return the days of these calls, earliest first.

    A type that nobody handled on a day has its mean over the whole record there; where nobody ever handled it, the mean
    of all calls of the record (0 where there is no handled call at all).
    """
    every = list(calls)
    by_day: defaultdict[int, list[Call]] = defaultdict(list)
    for call in every:
        by_day[call.midnight_us].append(call)
    fallback_us = _means(every)
    overall_us = _mean([call.handled_us for call in every if call.handled_us is not None])
    days = []
    for midnight_us in sorted(by_day):
        of_day = sorted(by_day[midnight_us], key=lambda call: (call.arrived_at_us, call.line))
        means_us = _means(of_day)
        types = sorted({call.type for call in of_day})
        handling_us = {type_: means_us.get(type_, fallback_us.get(type_, overall_us)) for type_ in types}
        days.append(Day(midnight_us=midnight_us, calls=of_day, shifts=_shifts(of_day), handling_us=handling_us))
    return days


def _shifts(calls: list[Call]) -> list[Shift]:
    types: defaultdict[str, set[str]] = defaultdict(set)
    spans: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for call in calls:
        if call.agent_id is not None:
            types[call.agent_id].add(call.type)
            if call.began_at_us is not None:
                spans[call.agent_id].append((call.began_at_us, call.began_at_us + (call.handled_us or 0)))
    return [
        Shift(
            agent_id=agent_id,
            from_us=min(began_at_us for began_at_us, _ in spans[agent_id]),
            to_us=max(ended_at_us for _, ended_at_us in spans[agent_id]),
            types=tuple(sorted(types[agent_id])),
            busy_us=union_us(spans[agent_id]),
        )
        for agent_id in sorted(spans)
    ]


def _means(calls: list[Call]) -> dict[str, int]:
    by_type: defaultdict[str, list[int]] = defaultdict(list)
    for call in calls:
        if call.handled_us is not None:
            by_type[call.type].append(call.handled_us)
    return {type_: _mean(lengths_us) for type_, lengths_us in by_type.items()}


def _mean(lengths_us: list[int]) -> int:
    count = len(lengths_us)
    return (2 * sum(lengths_us) + count) // (2 * count) if count else 0
