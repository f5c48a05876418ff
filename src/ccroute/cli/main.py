"""The entry of the command line: what the commands are called, and what becomes of what goes wrong.

Exit status: 0 fine, 1 faults were found (``check``, ``journal verify``), 2 a usage that is not, a file that cannot be
read or written, or anything else that ccroute raises, told in one line on standard error. A reader of standard output
that goes away ends the command quietly, with 0; an interrupt ends it with 130.

Nothing heavy is imported before the command that needs it is called, so that ``--help`` is quick.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Final

import typer

from ccroute.cli.bench import bench_app
from ccroute.cli.check import check
from ccroute.cli.customers import customers_app
from ccroute.cli.explain import explain
from ccroute.cli.history import history_app
from ccroute.cli.hours import hours
from ccroute.cli.journal import journal_app
from ccroute.cli.plugins import plugins
from ccroute.cli.replay import replay
from ccroute.cli.run import run
from ccroute.cli.serve import serve
from ccroute.errors import CcrouteError, ConfigError

_FINE: Final = 0
_WRONG: Final = 2
_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status. Never raises what a user, a file or a pipe can cause.

    :param arguments: the words after ``ccroute``; None: those of this process. None at all shows the help.
    """
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if sys.stdout is None:
        return _tell("OSError", "standard output is closed")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = app()(args=words, prog_name="ccroute", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # typer turns a broken pipe, and nothing else, into SystemExit
        _forget_output()
        return _FINE
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except typer.TyperException as error:
        return _tell("UsageError", error.format_message())
    except CcrouteError as error:
        return _tell(type(error).__name__, _in_one_line(error))
    except OSError as error:
        _forget_output()
        return _tell(type(error).__name__, str(error))
    except MemoryError:
        return _tell("MemoryError", "there is not enough memory")
    return status if isinstance(status, int) else _FINE


def app() -> typer.Typer:
    """Return the command line with all its commands."""
    whole = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    whole.callback()(_options)
    for command in (check, hours, run, explain, replay, plugins):
        whole.command()(command)
    whole.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(serve)
    whole.add_typer(journal_app(), name="journal")
    whole.add_typer(history_app(), name="history")
    whole.add_typer(bench_app(), name="bench")
    whole.add_typer(customers_app(), name="customers")
    return whole


def _options(
    _version: bool = typer.Option(
        False,
        "--version",
        is_eager=True,
        callback=lambda wanted: _show_version(wanted),
        help="Show the version and exit.",
    ),
) -> None:
    """Decides which agent of a contact centre takes which contact."""


def _show_version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        print(version("ccroute"))
    except PackageNotFoundError:
        print("ccroute is used from its source and has no version")
    raise typer.Exit


def _in_one_line(error: CcrouteError) -> str:
    if isinstance(error, ConfigError) and len(error.faults) > 1:
        return f"{error.faults[0]} (and {len(error.faults) - 1} more, see ccroute check)"
    return "; ".join([str(error), *getattr(error, "__notes__", ())])


def _tell(kind: str, message: str) -> int:
    shown = "".join(letter if letter.isprintable() else " " for letter in message)
    print(f"ccroute: {kind}: {shown}", file=sys.stderr)
    return _WRONG


def _forget_output() -> None:
    # What is still in the buffer would fail again when the interpreter exits.
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        return
