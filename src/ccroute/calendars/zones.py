"""Time zones as lists of offsets, and the moments at which a zone's clock shows a time.

``zoneinfo`` is asked for offsets only; what they mean where a time does not exist, or exists twice, is decided here:

- something *begins* at the first moment at which the clock shows its time or a later one: behind a gap that swallows
  the time, and at the first of two occurrences;
- something *ends* at the moment from which on the clock shows no earlier time than its own: behind a gap, too, and at
  the second of two occurrences.

So what begins before it ends by the clock never ends before it begins.
"""

from __future__ import annotations

import datetime
import difflib
import zoneinfo
from typing import Final

import msgspec

__all__ = ["DAY_US", "MINUTE_US", "Segments", "find_zone", "segments_of", "zone_allowed"]

MINUTE_US: Final = 60 * 1_000_000
DAY_US: Final = 24 * 60 * MINUTE_US

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_STEP_US: Final = DAY_US // 4
"""Offsets are looked at this often; since 1970 no zone has changed its offset twice within 6 days."""
_OF_THE_MACHINE: Final = ("localtime", "posixrules")
"""Names that mean another zone on another machine."""


class Segments(msgspec.Struct, frozen=True, kw_only=True):
    """The offsets of a zone in a stretch of time."""

    begins_us: tuple[int, ...]
    """Moments from which the offsets hold, ascending; the first is where the stretch begins."""
    offsets_us: tuple[int, ...]
    """Offset from UTC per moment."""
    ends_us: int
    """Where the stretch ends."""

    def begin_at(self, local_us: int) -> int:
        """Return the first moment at which the clock shows ``local_us``, or a later time. O(changes of offset).

        :param local_us: microseconds from the epoch by the zone's own clock, shown within the stretch.
        """
        for begin_us, end_us, offset_us in self._pieces():
            if end_us + offset_us > local_us:
                return max(begin_us, local_us - offset_us)
        return self.ends_us

    def end_at(self, local_us: int) -> int:
        """Return the moment from which on the clock shows no time before ``local_us``. O(changes of offset)."""
        for begin_us, end_us, offset_us in reversed(self._pieces()):
            if begin_us + offset_us < local_us:
                return min(end_us, local_us - offset_us)
        return self.begins_us[0]

    def _pieces(self) -> list[tuple[int, int, int]]:
        ends_us = (*self.begins_us[1:], self.ends_us)
        return list(zip(self.begins_us, ends_us, self.offsets_us, strict=True))


def zone_allowed(name: object) -> str | None:
    """Return None if ``name`` is a time zone known here, else what is allowed, in words that follow "must be"."""
    if type(name) is str and find_zone(name) is not None:
        return None
    allowed = 'a time zone such as "Europe/Moscow" or "UTC"'
    known = sorted(zoneinfo.available_timezones())
    if len(known) <= 1:
        return f"{allowed}; there is no time zone data, install ccroute[calendars]"
    near = difflib.get_close_matches(name[:64], known, n=1) if type(name) is str else []
    return f"{allowed}, did you mean {near[0]}?" if near else allowed


def find_zone(name: str) -> zoneinfo.ZoneInfo | None:
    """Return a time zone by name, or None: from the system's data, else from the package ``tzdata``."""
    if name in _OF_THE_MACHINE or name.startswith(("posix/", "right/")):
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # unknown; no possible name; a folder of names
        return None


def segments_of(zone: datetime.tzinfo, begins_us: int, ends_us: int) -> Segments:
    """Return the offsets of a zone between two moments. O(days)."""
    begins, offsets = [begins_us], [_offset_at(zone, begins_us)]
    low_us = begins_us
    while low_us < ends_us:
        high_us = min(low_us + _STEP_US, ends_us)
        offset_us = _offset_at(zone, high_us)
        if offset_us != offsets[-1]:
            begins.append(_change_between(zone, low_us, high_us))
            offsets.append(offset_us)
        low_us = high_us
    return Segments(begins_us=tuple(begins), offsets_us=tuple(offsets), ends_us=ends_us)


def _change_between(zone: datetime.tzinfo, low_us: int, high_us: int) -> int:
    """Return the first whole second at which the offset of ``high_us`` holds."""
    before_us = _offset_at(zone, low_us)
    low, high = low_us // 1_000_000, -(-high_us // 1_000_000)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_at(zone, middle * 1_000_000) == before_us:
            low = middle
        else:
            high = middle
    return high * 1_000_000


def _offset_at(zone: datetime.tzinfo, at_us: int) -> int:
    moment = (_EPOCH + datetime.timedelta(microseconds=at_us)).astimezone(zone)
    offset = moment.utcoffset()
    assert offset is not None
    return offset // datetime.timedelta(microseconds=1)
