"""Showing results: as JSON for programs, as tables for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.table import Table

_WIDTH_WITHOUT_TERMINAL: Final = 120

NOTHING: Final = "–"
"""Stands in a table where there is no figure."""


def show_json(value: object) -> None:
    """Write ``value`` to standard output as one line of JSON."""
    import msgspec

    show_line(msgspec.json.encode(value))


def show_line(line: bytes) -> None:
    """Write a line of bytes to standard output."""
    sys.stdout.flush()
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def show(*parts: Table | str) -> None:
    """Write tables and lines of text to standard output, coloured and fitted where it is a terminal."""
    from rich.console import Console
    from rich.text import Text

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDTH_WITHOUT_TERMINAL
    console = Console(width=width)
    for part in parts:
        if isinstance(part, str):
            console.print(Text(part), soft_wrap=True)
        else:
            console.print(part)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table whose first column holds names and whose other columns hold figures."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    result = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        result.add_column(column, justify="left" if number == 0 else "right", overflow="fold")
    for row in rows:
        result.add_row(*(Text(cell) for cell in row))
    return result


def seconds(value: float | None) -> str:
    """Return a time for a table."""
    return NOTHING if value is None else f"{value:.1f} s"


def percent(value: float | None) -> str:
    """Return a share for a table."""
    return NOTHING if value is None else f"{100 * value:.1f} %"
