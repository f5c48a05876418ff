"""Where a page ends, as an opaque text that a caller hands back for the next one."""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Final, NamedTuple

from ccroute.errors import OutOfRange

__all__ = ["Place", "read_cursor", "write_cursor"]

_LETTERS: Final = {"contacts": b"C", "timeline": b"T", "search": b"S"}
_LAYOUT: Final = struct.Struct(">cqBq")


class Place(NamedTuple):
    """Where a row stands in a list; lists are in descending order of it."""

    at_us: int
    """When it happened or came."""
    rank: int
    """0: an event or a contact; 1: an addition, which comes after the events of its moment."""
    number: int
    """The row's number."""


def write_cursor(of: str, place: Place) -> str:
    """Return the cursor behind a row of a kind of list."""
    return base64.urlsafe_b64encode(_LAYOUT.pack(_LETTERS[of], *place)).decode()


def read_cursor(of: str, cursor: str | None) -> Place | None:
    """Return behind which row to go on; None: from the start.

    :raises OutOfRange: this is no cursor of such a list.
    """
    if cursor is None:
        return None
    try:
        letter, at_us, rank, number = _LAYOUT.unpack(base64.b64decode(cursor, altchars="-_", validate=True))
    except (struct.error, binascii.Error, ValueError, TypeError) as error:
        raise OutOfRange("cursor", cursor, "one that the page before gave") from error
    if letter != _LETTERS[of]:
        raise OutOfRange("cursor", cursor, f"one that a page of {of} gave")
    return Place(at_us, rank, number)
