"""The loft: a folder to which pigeons bring letters, and from which they take answers. All of it blocks."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True)
class Letter:
    """What a pigeon has brought."""

    name: str
    """The pigeon's ring and the day: the same, if the letter is brought twice."""
    text: str
    """What it says."""


class Loft:
    """A folder with ``in``, ``read`` and ``out``. What it has written stays, whatever becomes of the process."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        for part in ("in", "read", "out"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)

    def letters(self) -> list[Letter]:
        """Return the letters that nobody has read, by name."""
        return [
            Letter(path.stem, path.read_text(errors="replace"))
            for path in sorted((self._folder / "in").glob("*.letter"))
        ]

    def put_away(self, letter: Letter) -> None:
        """Keep a letter among those that were read."""
        path = self._folder / "in" / f"{letter.name}.letter"
        path.replace(self._folder / "read" / path.name)

    def send(self, contact_id: str, key: str, words: str) -> None:
        """Give an answer to a pigeon, unless one has it under this key."""
        path = self._folder / "out" / f"{quote(contact_id, safe='')}.answers"
        answers = _answers(path)
        if key in {sent_key for sent_key, _ in answers}:
            return
        _cut_off(path)
        with path.open("a") as file:
            file.write(json.dumps([key, words]) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def sent(self) -> list[tuple[str, str]]:
        """Return key and words of all answers, those of one contact in order."""
        return [one for path in sorted((self._folder / "out").glob("*.answers")) for one in _answers(path)]


def _answers(path: Path) -> list[tuple[str, str]]:
    if not path.exists():
        return []
    lines = path.read_text().split("\n")[:-1]
    return [(key, words) for key, words in map(json.loads, lines)]


def _cut_off(path: Path) -> None:
    # A line without its end comes from a crash; it was never acknowledged, and comes again.
    if path.exists():
        with path.open("rb+") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
