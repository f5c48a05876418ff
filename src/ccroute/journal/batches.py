"""A batch: the calls of an engine that will be one record, written down as they are made."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Final, final
from zlib import crc32

import msgspec

from ccroute.commands import Command
from ccroute.events import Event
from ccroute.journal.records import FORMAT, Head, seal
from ccroute.ports import Record

__all__ = ["Batch", "line_of"]

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_encode: Final = _ENCODER.encode


def line_of(events: list[Event]) -> bytes:
    """Return the events of one call as they stand in a journal."""
    return _encode(events)


@final
class Batch:
    """Calls that wait to be journalled together. What was added does not change when the caller's commands do."""

    __slots__ = ("_entries", "_lines", "at_us", "calls", "events", "first_event", "is_durable", "size")

    def __init__(self, first_event: int) -> None:
        self._entries: Final[list[bytes]] = []
        self._lines: Final[list[bytes]] = []
        self.first_event: Final = first_event
        """Seq of the first event that comes into it."""
        self.calls = 0
        """How many calls are in it."""
        self.events = 0
        """How many events there are."""
        self.at_us = 0
        """Where the engine stood behind the last call."""
        self.size = 0
        """Bytes of the record, nearly."""
        self.is_durable = False
        """Whether it has been journalled."""

    def add(self, command: Command | None, at_us: int, events: list[Event]) -> None:
        """Add a call.

        :param command: None: ``advance``.
        :param at_us: where the engine stood behind it.
        """
        line = _encode(events)
        entry = _encode((at_us, crc32(line), command))
        self._lines.append(line)
        self._entries.append(entry)
        self.calls += 1
        self.events += len(events)
        self.at_us = at_us
        self.size += len(line) + len(entry)

    def add_many(self, calls: Sequence[tuple[Command, int]], now_us: int, answers: list[list[Event]]) -> None:
        """Add calls that were made at once; every loop over them is one of C.

        :param now_us: where the engine stood before them.
        """
        commands, times = zip(*calls, strict=True)
        # A time before the engine's present means the present.
        moments = list(accumulate(times, max, initial=now_us))
        lines = list(map(_encode, answers))
        entries = _encode(list(zip(moments[1:], map(crc32, lines), commands, strict=True)))[1:-1]
        self._lines.extend(lines)
        self._entries.append(entries)
        self.calls += len(calls)
        self.events += sum(map(len, answers))
        self.at_us = moments[-1]
        self.size += sum(map(len, lines)) + len(entries)

    def seal(self, *, seq: int, epoch: int, rules: int, previous: bytes) -> Record:
        """Return the record of everything that was added."""
        head = Head(
            format=FORMAT,
            rules=rules,
            entries=self.calls,
            seq=seq,
            epoch=epoch,
            at_us=self.at_us,
            first_event=self.first_event,
            events=self.events,
            body_size=0,
            events_size=0,
            previous=previous,
            body_digest=b"",
            events_digest=b"",
        )
        return seal(head, b"[" + b",".join(self._entries) + b"]", b"\n".join(self._lines))
