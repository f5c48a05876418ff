"""Whether a command has what is nobody's business: names, numbers and texts, however they are written."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from ccroute.codec import encode_command
from ccroute.commands import Command

__all__ = ["leak"]

TELLING: Final = 10
"""How many letters and digits in a row, of what is personal, tell who somebody is or what was said."""


def leak(command: Command, personal: Mapping[str, str]) -> str | None:
    """Return which of the personal values a command has, whole or in part; None: it has none.

    Case, accents, blanks and signs do not matter, so that ``4930…`` is the number ``+49 30 …``, too.

    :param personal: values by what they are, of ``TELLING`` letters and digits or more.
    """
    sent = _letters(f"{encode_command(command).decode()} {command!r}")
    for kind, value in personal.items():
        letters = _letters(value)
        if any(letters[at : at + TELLING] in sent for at in range(len(letters) - TELLING + 1)):
            return kind
    return None


def _letters(text: str) -> str:
    taken_apart = unicodedata.normalize("NFKD", unquote(text)).casefold()
    return "".join(one for one in taken_apart if one.isalnum())
