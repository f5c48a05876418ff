"""Rows of the tables, and lists of values in statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

from ccroute.history.projecting import ContactRow, EntryRow, LegRow
from ccroute.storage.database import Row

__all__ = [
    "CONTACT_COLUMNS",
    "ENTRY_COLUMNS",
    "LEG_COLUMNS",
    "chunks",
    "contact_rows",
    "entry_rows",
    "leg_rows",
    "marks",
    "padded",
]

CONTACT_COLUMNS: Final = ", ".join(ContactRow.__struct_fields__)
LEG_COLUMNS: Final = ", ".join(LegRow.__struct_fields__)
ENTRY_COLUMNS: Final = ", ".join(EntryRow.__struct_fields__)

_VALUES_MAX: Final = 512

_Value = TypeVar("_Value")


def contact_rows(rows: Iterable[Row]) -> list[ContactRow]:
    """Return contacts from their columns."""
    return [ContactRow(*row) for row in rows]


def leg_rows(rows: Iterable[Row]) -> list[LegRow]:
    """Return legs from their columns."""
    return [LegRow(*row) for row in rows]


def entry_rows(rows: Iterable[Row]) -> list[EntryRow]:
    """Return entries from their columns."""
    return [EntryRow(*row) for row in rows]


def marks(count: int) -> str:
    """Return as many question marks, with commas between them."""
    return ", ".join("?" * count)


def chunks(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """Yield values in parts that fit into one statement."""
    for start in range(0, len(values), _VALUES_MAX):
        yield values[start : start + _VALUES_MAX]


def padded(values: Sequence[_Value]) -> list[_Value]:
    """Return values, the last one repeated up to a power of two, so that few different statements are prepared."""
    return [*values, *[values[-1]] * ((1 << (len(values) - 1).bit_length()) - len(values))]
