"""A progress bar for work that turns out to take long."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, final

if TYPE_CHECKING:
    from rich.progress import Progress

_PATIENCE_S: Final = 2.0


@final
class Bar:
    """Shows on standard error how far the work is, once it has taken two seconds and only where that is a terminal."""

    def __init__(self, what: str) -> None:
        self._what: Final = what
        self._begin_s: Final = time.monotonic()
        self._shown: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown is not None:
            self._shown.stop()

    def told(self, share: float) -> None:
        """Take in that ``share`` of the work, 0 … 1, is done."""
        if self._shown is None and sys.stderr.isatty() and time.monotonic() - self._begin_s > _PATIENCE_S:
            self._shown = self._start()
        if self._shown is not None:
            self._shown.update(self._shown.task_ids[0], completed=share)

    def _start(self) -> Progress:
        from rich.console import Console
        from rich.progress import Progress

        shown = Progress(console=Console(stderr=True), transient=True)
        shown.add_task(self._what, total=1.0)
        shown.start()
        return shown
