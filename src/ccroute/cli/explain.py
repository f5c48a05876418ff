"""``ccroute explain``: what led to one event of a run, and between whom was chosen where it made an offer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ccroute.cli.journal import is_journal, opened_journal
from ccroute.cli.resolved import resolved_for
from ccroute.cli.run import LINE_BYTES_MAX, lines_of, opened

if TYPE_CHECKING:
    from ccroute.commands import Command
    from ccroute.engine.decisions import Decision


def explain(
    commands: str = typer.Argument(
        metavar="COMMANDS",
        help="JSON Lines of commands, as run reads them, or a journal; - is standard input.",
    ),
    event: int = typer.Option(..., "--event", metavar="SEQ", help="The seq of the event."),
    config: str | None = typer.Option(
        None, "--config", metavar="FILE", help="The configuration; without: an empty one."
    ),
    snapshot: str | None = typer.Option(
        None, "--snapshot", metavar="FILE", help="The engine before the first command; instead of --config."
    ),
    allow_jump: bool = typer.Option(False, "--allow-jump", help="Time may jump further ahead than jump_max_us."),
    as_json: bool = typer.Option(False, "--json", help="Show it as one line of JSON."),
) -> int:
    """Tell what led to an event, and between whom was chosen where it made an offer.

    Commands are carried out up to the event; lines that cannot be are passed over, as run does.
    """
    from ccroute import Config, explain_decision
    from ccroute.cli.progress import Bar
    from ccroute.journal.explaining import explain_event

    if config is not None and snapshot is not None:
        raise typer.BadParameter("--config and --snapshot exclude each other: a snapshot has its configuration in it")
    if is_journal(commands):
        if config is not None or snapshot is not None or allow_jump:
            raise typer.BadParameter("a journal says itself with what it began: leave the other options out")
        with opened_journal(commands) as journal:
            return _show(explain_event(journal, event), as_json=as_json)
    with opened(commands) as source, Bar("replaying") as bar:
        size = 0 if commands == "-" else os.stat(source.fileno()).st_size
        lines = lines_of(source)
        first = next(lines, b"")
        if snapshot is not None:
            origin: Config | bytes = Path(snapshot).read_bytes()
        else:
            origin = Config() if config is None else resolved_for(Config.from_file(config), commands, first)
        pairs = _pairs(chain([first], lines), lambda done: bar.told(done / size) if size else None)
        decision = explain_decision(origin, pairs, event, allow_jump=allow_jump, pass_over_errors=True)
    return _show(decision, as_json=as_json)


def _show(decision: Decision, *, as_json: bool) -> int:
    import msgspec

    from ccroute.cli.screen import show

    if as_json:
        show(msgspec.json.Encoder(decimal_format="number").encode(decision).decode())
    else:
        show(str(decision))
    return 0


def _pairs(lines: Iterable[bytes], tell: Callable[[int], None]) -> Iterator[tuple[Command | None, int]]:
    """Yield the commands of a file; lines that are none are passed over."""
    from ccroute.codec import decode_timed
    from ccroute.errors import CodecError

    done = 0
    for line in lines:
        done += len(line)
        tell(done)
        if not line.strip() or len(line) > LINE_BYTES_MAX:
            continue
        try:
            pair = decode_timed(line.strip())
        except CodecError:
            continue
        yield pair
