"""Spans of time as pairs of begin and end."""

from __future__ import annotations

from collections.abc import Iterable


def union_us(spans: Iterable[tuple[int, int]]) -> int:
    """Return how much time lies in at least one of these spans. O(n log n)."""
    total = 0
    reached: int | None = None
    for begin, end in sorted(spans):
        if reached is not None:
            begin = max(begin, reached)
        if end > begin:
            total += end - begin
        reached = end if reached is None else max(reached, end)
    return total
