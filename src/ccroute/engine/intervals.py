"""Intervals of a series: how the time of a zone is cut into pieces that begin at whole multiples of a length, by its
clocks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

__all__ = ["interval_around"]


def interval_around(offsets: Sequence[tuple[int, int]], length_us: int, at_us: int) -> tuple[int, int]:
    """Return begin and end of the interval that a moment lies in, microseconds since the Unix epoch.

    An interval begins where the clocks of the zone show a whole multiple of ``length_us`` since local midnight of 1
    January 1970. Where they are put forward or back, those of at least the change's length become shorter or longer
    by it, so that a day from midnight to midnight may take 23 or 25 hours; shorter ones are those that the clocks
    show, an hour that is shown twice being two.

    :param offsets: ascending pairs: from this moment on, the clocks are ahead of UTC by so many microseconds. Before
    the
        first one its offset holds; without any it is 0.
    :param length_us: length of an interval, at least 1.
    """
    if not offsets:
        begin = at_us - at_us % length_us
        return begin, begin + length_us
    piece = max(0, bisect_right(offsets, at_us, key=lambda one: one[0]) - 1)
    return _begin(offsets, length_us, piece, at_us), _end(offsets, length_us, piece, at_us)


def _begin(offsets: Sequence[tuple[int, int]], length_us: int, piece: int, at_us: int) -> int:
    while True:
        from_us, offset_us = offsets[piece]
        begin = at_us - (at_us + offset_us) % length_us
        if piece == 0 or begin >= from_us:
            return begin
        # The clocks were changed since: go on from the moment of the change, as they stood before it.
        at_us, piece = from_us, piece - 1


def _end(offsets: Sequence[tuple[int, int]], length_us: int, piece: int, at_us: int) -> int:
    is_first = True
    while True:
        past = (at_us + offsets[piece][1]) % length_us
        # A change to a whole multiple ends the interval.
        end = at_us if past == 0 and not is_first else at_us + length_us - past
        if piece + 1 == len(offsets) or end <= offsets[piece + 1][0]:
            return end
        at_us, piece, is_first = offsets[piece + 1][0], piece + 1, False
