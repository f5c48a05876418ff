"""``ccroute bench``: how fast it is, here."""

from __future__ import annotations

import typer


def bench_app() -> typer.Typer:
    """Return the group of measuring commands."""
    group = typer.Typer(help="Measure how fast ccroute is, here.")
    return group
