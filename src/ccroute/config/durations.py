"""Durations as people write them: ``"20s"``, ``"1m30s"``, ``"250ms"``."""

from __future__ import annotations

import re
from typing import Final

from ccroute.errors import InvalidArgument, WrongType

__all__ = ["DURATION_EXAMPLES", "parse_duration"]

DURATION_EXAMPLES: Final = 'text like "20s", "1m30s", "2h", "250ms" or "3d"'
"""How messages describe what :func:`parse_duration` takes."""

_UNITS_US: Final = {
    "d": 24 * 3600 * 1_000_000,
    "h": 3600 * 1_000_000,
    "m": 60 * 1_000_000,
    "s": 1_000_000,
    "ms": 1_000,
    "us": 1,
}
# Fourteen digits hold any allowed duration in any unit, and keep hostile text from becoming huge integers.
_PATTERN: Final = re.compile("-?" + "".join(f"(?:([0-9]{{1,14}}){unit})?" for unit in _UNITS_US))


def parse_duration(text: str) -> int:
    """Return the microseconds that ``text`` stands for.

    Whole numbers with the units ``d h m s ms us``, largest first, each at most once, without blanks; a minus sign in
    front turns the whole around. ``"1.5s"`` is not taken: write ``"1s500ms"``. No range is checked here.

    :raises WrongType: ``text`` is no ``str``.
    :raises InvalidArgument: ``text`` is no duration.
    """
    if type(text) is not str:
        raise WrongType("text", text, f"a duration: {DURATION_EXAMPLES}")
    match = _PATTERN.fullmatch(text)
    if match is None or not any(match.groups()):
        raise InvalidArgument("text", text, f"a duration: {DURATION_EXAMPLES}")
    total = sum(int(digits) * unit for digits, unit in zip(match.groups(), _UNITS_US.values(), strict=True) if digits)
    return -total if text[0] == "-" else total
