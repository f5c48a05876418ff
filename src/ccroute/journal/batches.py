"""A batch: the calls of an engine that will be one record, written down as they are made."""

from __future__ import annotations

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

    __slots__ = ("_entries", "_lines", "at_us", "events", "first_event", "is_durable", "size")

    def __init__(self, first_event: int) -> None:
        self._entries: Final[list[bytes]] = []
        self._lines: Final[list[bytes]] = []
        self.first_event: Final = first_event
        """Seq of the first event that comes into it."""
        self.events = 0
        """How many there are."""
        self.at_us = 0
        """Where the engine stood behind the last call."""
        self.size = 0
        """Bytes of the record, nearly."""
        self.is_durable = False
        """Whether it has been journalled."""

    @property
    def calls(self) -> int:
        """Return how many calls are in it."""
        return len(self._entries)

    def add(self, command: Command | None, at_us: int, events: list[Event]) -> None:
        """Add a call.

        :param command: None: ``advance``.
        :param at_us: where the engine stood behind it.
        """
        line = _encode(events)
        entry = _encode((at_us, crc32(line), command))
        self._lines.append(line)
        self._entries.append(entry)
        self.events += len(events)
        self.at_us = at_us
        self.size += len(line) + len(entry)

    def seal(self, *, seq: int, epoch: int, rules: int, previous: bytes) -> Record:
        """Return the record of everything that was added."""
        head = Head(
            format=FORMAT,
            rules=rules,
            entries=len(self._entries),
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
