"""Canned answers and dispositions: from a file, where there is one, else a few that suit everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from desk.agent_shapes import CannedAnswer, CannedAnswers

__all__ = ["CannedWrong", "read_canned"]

_STANDARD: Final = CannedAnswers(
    answers=[
        CannedAnswer(id="hello", title="Hello", body="Hello, how can I help you?"),
        CannedAnswer(id="moment", title="One moment", body="One moment, please: I am looking it up."),
        CannedAnswer(id="number", title="Order number", body="Could you tell me your order number, please?"),
        CannedAnswer(id="colleague", title="To a colleague", body="I am passing you on to a colleague who knows more."),
        CannedAnswer(id="bye", title="Goodbye", body="You are welcome. Have a nice day!"),
    ],
    dispositions=["solved", "passed on", "to be called back", "not solved"],
)


class CannedWrong(ValueError):
    """The file of canned answers is not what it should be."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path}: {what}")


def read_canned(path: Path) -> CannedAnswers:
    """Return the canned answers of a file; those that suit everybody, where there is none.

    The file has ``dispositions = [...]`` and tables ``[[answers]]`` with ``id``, ``title`` and ``body``.

    :raises CannedWrong: the file is not like that.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return _STANDARD
    try:
        return msgspec.toml.decode(content, type=CannedAnswers)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CannedWrong(path, str(error)) from error
