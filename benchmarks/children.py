"""Measuring in child processes, one after the other, so that no measurement meets another's memory or warm-up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from benchmarks.page import ROOT

SECONDS_MAX = 1_800


def run(module: str, *arguments: object) -> bytes:
    """Run a module with arguments in a process of its own and return what it printed.

    :raises SystemExit: it failed; what it told is shown.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=SECONDS_MAX, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[1:])} failed:\n{done.stderr.decode(errors='replace')}")
    return done.stdout


class Steps:
    """How far a series of measurements is, shown at a terminal."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def next(self, what: str) -> None:
        """Say what is measured now."""
        self._progress.update(self._task, description=what)

    def done(self) -> None:
        """Say that it is measured."""
        self._progress.advance(self._task)


@contextmanager
def steps(whole: Sequence[object]) -> Iterator[Steps]:
    """Show a bar on standard error while so many things are measured, where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Steps(progress, progress.add_task("", total=len(whole)))
