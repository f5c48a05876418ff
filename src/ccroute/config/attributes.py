"""What may be the value of an attribute, in configuration and in commands alike."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from ccroute.types import ATTRIBUTE_LIST_MAX, TEXT_LENGTH_MAX

__all__ = ["ATTRIBUTE_DECIMAL_BOUND", "ATTRIBUTE_DIGITS_MAX", "ATTRIBUTE_INT_MAX", "attribute_allowed"]

ATTRIBUTE_DIGITS_MAX: Final = 6
"""Digits after the point of a decimal attribute."""

ATTRIBUTE_DECIMAL_BOUND: Final = Decimal("9007199254.740992")
"""Decimals in attributes are below this in magnitude, so that their millionths are below 2⁵³."""

ATTRIBUTE_INT_MAX: Final = 2**63 - 1
"""Largest integer in an attribute; the smallest is −2⁶³."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

_ANY: Final = "true or false, text, an integer, an exact decimal or a list of texts"
_INT: Final = f"an integer, {-ATTRIBUTE_INT_MAX - 1} to {ATTRIBUTE_INT_MAX}"
_DECIMAL: Final = (
    f"a decimal below {ATTRIBUTE_DECIMAL_BOUND} in magnitude with at most {ATTRIBUTE_DIGITS_MAX} digits after the point"
)
_TEXT: Final = f"text of at most {TEXT_LENGTH_MAX} characters without lone surrogates"
_LIST: Final = f"a list of at most {ATTRIBUTE_LIST_MAX} texts, each of at most {TEXT_LENGTH_MAX} characters"
_FLOAT: Final = 'an exact number; write Decimal("0.5") instead of the float 0.5'


def attribute_allowed(value: object) -> str | None:
    """Return None if ``value`` may be an attribute, else what is allowed, in words that follow "must be".

    Types are exact: subclasses of ``str``, ``int`` and ``Decimal`` are not taken, nor are floats.
    """
    if type(value) is bool:
        return None
    if type(value) is str:
        return None if _is_text(value) else _TEXT
    if type(value) is int:
        return None if -ATTRIBUTE_INT_MAX - 1 <= value <= ATTRIBUTE_INT_MAX else _INT
    if type(value) is Decimal:
        return None if _is_exact(value) else _DECIMAL
    if type(value) is list:
        return None if len(value) <= ATTRIBUTE_LIST_MAX and all(_is_text(text) for text in value) else _LIST
    return _FLOAT if type(value) is float else _ANY


def _is_text(value: object) -> bool:
    if type(value) is not str or len(value) > TEXT_LENGTH_MAX:
        return False
    return value.isascii() or _SURROGATE.search(value) is None


def _is_exact(value: Decimal) -> bool:
    # Comparing and reading digits never round, whatever the caller's decimal context; arithmetic would.
    if not value.is_finite() or not -ATTRIBUTE_DECIMAL_BOUND < value < ATTRIBUTE_DECIMAL_BOUND:
        return False
    _, digits, exponent = value.as_tuple()
    beyond = -ATTRIBUTE_DIGITS_MAX - int(exponent)
    return beyond <= 0 or not any(digits[-beyond:])
