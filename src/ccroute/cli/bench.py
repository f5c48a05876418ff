"""``ccroute bench``: how fast it is, here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import msgspec

_JSON_HELP: Final = "Show the figures as JSON."
_LARGE: Final = 1_000
"""From here on a figure is shown without digits after the point."""


def bench_app() -> typer.Typer:
    """Return the group of measuring commands."""
    group = typer.Typer(
        help="Measure how fast ccroute is, here. Figures are of one run; repeat it to see their spread."
    )
    group.command("trace")(trace)
    group.command("core")(core)
    group.command("engine")(engine)
    return group


def trace(
    contacts: str = typer.Argument(metavar="CONTACTS", help="CSV: id, arrival_us, skill, vip, service_us, patience_us"),
    agents: str = typer.Argument(metavar="AGENTS", help="CSV: id, profile, skill|skill|…"),
    through: str = typer.Option("core", "--through", metavar="core|engine", help="What serves the trace."),
    preempt: bool = typer.Option(
        False, "--preempt", help="Ignore skills; VIPs who find nobody free break off normal work, resumed later."
    ),
    as_json: bool = typer.Option(False, "--json", help=_JSON_HELP),
) -> int:
    """Route a trace of contacts and tell the digest of all assignments. Loading the files is not timed."""
    from ccroute.bench.preempt import run_preempting
    from ccroute.bench.trace import run_trace

    result: msgspec.Struct
    if preempt:
        result = run_preempting(contacts, agents, through=through)
    else:
        result = run_trace(contacts, agents, through=through)
    _show("trace", [result], as_json=as_json)
    return 0


def core(
    agents: int = typer.Option(1_000, "--agents", help="Agents."),
    profiles: int = typer.Option(100, "--profiles", help="Different sets of skills among the agents."),
    classes: int = typer.Option(100, "--classes", help="Different requirements among the contacts."),
    waiting: int = typer.Option(10_000, "--waiting", help="Contacts that wait."),
    skills: int = typer.Option(50, "--skills", help="Skills."),
    iterations: int = typer.Option(200_000, "--iterations", help="Decisions that are timed."),
    as_json: bool = typer.Option(False, "--json", help=_JSON_HELP),
) -> int:
    """Time the core's decisions, with all agents busy and with half of them idle."""
    from ccroute.bench.core_bench import run_core

    results = run_core(
        agents=agents, profiles=profiles, classes=classes, waiting=waiting, skills=skills, iterations=iterations
    )
    _show("core", results, as_json=as_json)
    return 0


def engine(
    lives: int = typer.Option(30_000, "--lives", help="Lives in one run."),
    runs: int = typer.Option(5, "--runs", help="Runs each way, of which the median is told."),
    as_json: bool = typer.Option(False, "--json", help=_JSON_HELP),
) -> int:
    """Time whole contact lives through the engine: enqueue, ring, accept, complete, wrap-up, all events built."""
    from ccroute.bench.engine_bench import run_engine

    _show("engine", [run_engine(lives=lives, runs=runs)], as_json=as_json)
    return 0


def _show(title: str, results: Sequence[msgspec.Struct], *, as_json: bool) -> None:
    """Show results of one kind: one line of JSON each, or a table with a column each."""
    from ccroute.cli.screen import show, show_json, table

    if as_json:
        for result in results:
            show_json(result)
        return
    names = results[0].__struct_fields__
    rows = [(_words(name), *(_figure(getattr(result, name)) for result in results)) for name in names]
    show(table(title, ("", *("" for _ in results)), rows))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _figure(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
