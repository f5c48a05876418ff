"""What holds personal data and does not show it: structs whose ``repr`` leaves it out, and what errors may tell of it.

A log line, an error and a traceback with local variables show objects by their ``repr``. So whatever holds a message, a
name, a number or an address is :class:`Personal`, and an error about such a value tells :func:`withheld` in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final, final

import msgspec

__all__ = ["Personal", "Withheld", "withheld"]

HIDDEN: Final = "…"
"""Stands for a value that is not shown."""


@final
class Withheld:
    """Stands in an error for a value that is personal or secret: says of what kind it was, and not what it was."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Withheld) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> tuple[type[Withheld], tuple[str]]:
        return type(self), (self._text,)


def withheld(value: object) -> Withheld:
    """Return what an error may tell of a value that is personal or secret: its kind and its length."""
    if type(value) is str:
        return Withheld(f"a text of {len(value)} characters")
    if type(value) is bytes:
        return Withheld(f"{len(value)} bytes")
    return Withheld(f"of type {type.__repr__(type(value))[:80]}")


class Personal(msgspec.Struct, frozen=True, kw_only=True):
    """A struct that holds personal data. Its ``repr`` shows the fields in ``shown_fields`` only, the others as ``…``.

    A field that is None shows as None: that there is nothing is not personal.
    """

    shown_fields: ClassVar[frozenset[str]] = frozenset()
    """Names of the fields that are not personal: ids, times, kinds."""

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value}" for name, value in self._fields())
        return f"{type(self).__name__}({fields})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Return what rich shows: the same as ``repr``."""
        return [(name, Withheld(value)) for name, value in self._fields()]

    def _fields(self) -> Iterator[tuple[str, str]]:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            yield name, repr(value) if value is None or name in self.shown_fields else HIDDEN
