"""``ccroute run``: lines of commands into an engine, lines of events out of it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import IO, TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from typing import TypeAlias

    from ccroute import Engine
    from ccroute.events import Event

    Writer: TypeAlias = Callable[[Sequence[Event | dict[str, object]]], None]

LINE_BYTES_MAX: Final = 4 * 1024 * 1024
"""Longest line of commands; a longer one is told as an error and passed over."""

_SHOWN_LINE_BYTES: Final = 256


def run(
    commands: str = typer.Argument(metavar="COMMANDS", help="JSON Lines of commands with at_us; - is standard input."),
    config: str | None = typer.Option(
        None, "--config", metavar="FILE", help="The configuration; without: an empty one."
    ),
    allow_jump: bool = typer.Option(False, "--allow-jump", help="Time may jump further ahead than jump_max_us."),
    as_json: bool = typer.Option(False, "--json", help="Write JSON Lines also where standard output is a terminal."),
) -> int:
    """Feed commands to an engine and write its events, as JSON Lines.

    The first line may be the one with which an exported journal begins: without --config the engine begins with it.
    A line that cannot be carried out gives an object of type "error", and the run goes on.
    """
    from ccroute import Config, Engine
    from ccroute.cli.resolved import resolved_for
    from ccroute.journal.exchange import beginning_in

    given = None if config is None else Config.from_file(config)
    write = _json_writer() if as_json or not sys.stdout.isatty() else _readable_writer()
    with opened(commands) as source:
        lines = lines_of(source)
        first = next(lines, b"")
        # An exported journal says in its first line with what it began.
        begun = beginning_in(first)
        if given is not None:
            given = resolved_for(given, commands, first)
        engine = Engine(given or begun or Config())
        with contextlib.closing(engine):
            rest = lines if begun is not None else chain([first], lines)
            run_lines(
                rest,
                engine,
                write,
                allow_jump=allow_jump,
                flush_each=commands == "-",
                first_number=1 if begun is None else 2,
            )
    return 0


def run_lines(
    lines: Iterable[bytes],
    engine: Engine,
    write: Writer,
    *,
    allow_jump: bool,
    flush_each: bool,
    first_number: int = 1,
) -> None:
    """Carry out commands line by line. Empty lines are passed over.

    :param write: called after each line with what came of it, events or one error.
    :param flush_each: let the reader have it at once, because the writer may wait for it.
    """
    from ccroute.codec import decode_timed
    from ccroute.errors import CcrouteError, CodecError

    for number, line in enumerate(lines, start=first_number):
        if not line.strip():
            continue
        try:
            if len(line) > LINE_BYTES_MAX:
                raise CodecError("line", line[:_SHOWN_LINE_BYTES], f"at most {LINE_BYTES_MAX} bytes long")
            command, at_us = decode_timed(line.strip())
            if command is None:
                events = engine.advance(at_us, allow_jump=allow_jump)
            else:
                events = engine.handle(command, at_us, allow_jump=allow_jump)
        except CcrouteError as error:
            write([_error(error, number)])
        else:
            write(events)
        if flush_each:
            sys.stdout.flush()


def opened(commands: str) -> contextlib.AbstractContextManager[IO[bytes]]:
    """Open a file of commands, ``-`` standard input, until the context ends."""
    if commands != "-":
        return open(commands, "rb")
    if sys.stdin is None:
        raise FileNotFoundError("standard input is closed")
    return contextlib.nullcontext(sys.stdin.buffer)


def lines_of(source: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of ``source``; of one that is too long only the begin, one byte more than allowed."""
    while line := source.readline(LINE_BYTES_MAX + 1):
        yield line
        while len(line) > LINE_BYTES_MAX and not line.endswith(b"\n"):
            line = source.readline(LINE_BYTES_MAX + 1)


def _error(error: Exception, line: int) -> dict[str, object]:
    return {
        "type": "error",
        "error": type(error).__name__,
        "argument": getattr(error, "argument", None),
        "message": str(error),
        "line": line,
    }


def _json_writer() -> Writer:
    import msgspec

    from ccroute.codec import encode_event

    output = sys.stdout.buffer

    def write(told: Sequence[Event | dict[str, object]]) -> None:
        lines = [msgspec.json.encode(one) if isinstance(one, dict) else encode_event(one) for one in told]
        if lines:
            output.write(b"\n".join(lines) + b"\n")  # one write a command, for standard output may be unbuffered

    return write


def _readable_writer() -> Writer:
    from rich.console import Console
    from rich.text import Text

    console = Console()

    def write(told: Sequence[Event | dict[str, object]]) -> None:
        for one in told:
            if isinstance(one, dict):
                line = Text(f"line {one['line']}: {one['error']}: {one['message']}", style="red")
            else:
                line = Text.assemble(f"{one.at_us / 1e6:>16.6f} s  ", (_tag(one), "bold"), f"  {_fields(one)}")
            console.print(line, soft_wrap=True)

    return write


def _tag(event: Event) -> str:
    return f"{event.__struct_config__.tag!s:<24}"


def _fields(event: Event) -> str:
    names = [name for name in event.__struct_fields__ if name not in {"seq", "at_us"}]
    values = [(name, getattr(event, name)) for name in names]
    return " ".join(f"{name}={value}" for name, value in values if value is not None)
