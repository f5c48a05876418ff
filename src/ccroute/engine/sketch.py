"""Percentiles of lengths, mergeable and deterministic: a histogram whose buckets grow with the lengths.

Lengths below 32 have a bucket each; above, every octave (from one power of two to the next) is cut into 32 buckets of
equal width. That is the log-linear layout of HdrHistogram (Gil Tene, http://hdrhistogram.org) with 5 bits of
precision, and of the circular log-linear histograms of Hartmann and Schlossnagle (arXiv:2001.06561). No number is
rounded on the way, so merging is exact: it gives the sketch of all lengths together, in whatever order.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, final

import msgspec

from ccroute.errors import OutOfRange, WrongType

__all__ = ["PRECISION", "Sketch"]

PRECISION: Final = 32
"""Buckets of an octave: a quantile is at most its 32nd part too high."""


@final
class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    """How many of some lengths fell into each bucket."""

    buckets: list[tuple[int, int]] = []
    """Number of a bucket and how many fell into it, ascending; empty buckets are left out."""

    @property
    def count(self) -> int:
        """How many lengths there are. O(buckets)."""
        return sum(count for _, count in self.buckets)

    def quantile(self, share: float) -> int | None:
        """Return the length that ``share`` of all do not exceed, None where there are none. O(buckets).

        That is the ``⌈share · count⌉``-th smallest length, at least the first; never told too low, and too high by
        less than its 32nd part: it is the longest length of its bucket.

        :param share: 0 to 1; a float means the decimal number that it is printed as.
        :raises WrongType: it is neither float nor int.
        :raises OutOfRange: it is not from 0 to 1.
        """
        if type(share) not in (int, float):
            raise WrongType("share", share, "a number from 0 to 1")
        if not 0 <= share <= 1:
            raise OutOfRange("share", share, "from 0 to 1")
        # Not the float itself, which is a little more than 0.9: of ten lengths that would be the tenth.
        rank = max(1, -(-self.count * Fraction(repr(share)) // 1))
        for bucket, count in self.buckets:
            rank -= count
            if rank <= 0:
                return longest_of(bucket)
        return None

    def merge(self, other: Sketch) -> Sketch:
        """Return the sketch of the lengths of both. O(buckets of both)."""
        counts = dict(self.buckets)
        for bucket, count in other.buckets:
            counts[bucket] = counts.get(bucket, 0) + count
        return Sketch(buckets=sorted(counts.items()))


def bucket_of(length: int) -> int:
    """Return the number of the bucket of a length."""
    if length < PRECISION:
        return length
    octave = length.bit_length() - PRECISION.bit_length()
    return (octave << 5) + (length >> octave)


def longest_of(bucket: int) -> int:
    """Return the longest length of a bucket."""
    if bucket < PRECISION:
        return bucket
    octave = (bucket >> 5) - 1
    return ((PRECISION + (bucket & 31) + 1) << octave) - 1
