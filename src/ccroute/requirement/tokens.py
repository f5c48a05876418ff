"""Cuts the text of an expression into tokens, one at a time, and knows the column of each.

The next token is looked at only when the one before it is known to be right, so that the first fault of a text is the
one that is told.
"""

from __future__ import annotations

import difflib
import enum
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from ccroute.errors import RequirementError
from ccroute.requirement.syntax import DECIMAL_DIGITS_MAX, DECIMAL_MAX, INT_MAX, INT_MIN

_SPACE: Final = re.compile(r"(?:[ \t\n\f\r]|//[^\n]*)*")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER: Final = re.compile(r"[0-9]*\.[0-9]+|[0-9]+")
_SIGN: Final = re.compile(r"&&|\|\||[=!<>]=|[<>!?:+\-*()\[\],.]")
_PLAIN: Final = {"'": re.compile(r"[^'\\\n\r]+"), '"': re.compile(r'[^"\\\n\r]+')}
_NUMERIC_ESCAPE: Final = re.compile(
    r"\\(?:[xX]([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-3][0-7]{2}))",
)
_ESCAPES: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "?": "?",
    '"': '"',
    "'": "'",
    "`": "`",
}
# What people write from habit, and what the language has for it.
_HABITS: Final = {
    "&": "written &&",
    "|": "written ||",
    "=": "written ==",
    "/": "+, - or *; there is no division",
    "%": "+, - or *; there is no division",
}


class TokenKind(enum.Enum):
    """What a token is."""

    NAME = enum.auto()
    INT = enum.auto()
    DECIMAL = enum.auto()
    TEXT = enum.auto()
    SIGN = enum.auto()
    END = enum.auto()


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean x?)"`` for the name of ``known`` nearest to ``name``, else an empty text."""
    near = difflib.get_close_matches(name[:64], list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


class Tokens:
    """The tokens of one text, the present one in ``kind``, ``word`` and ``column``."""

    __slots__ = ("_argument", "_next", "_text", "column", "kind", "word")

    def __init__(self, text: str, argument: str) -> None:
        self._text = text
        self._argument = argument
        self._next = 0
        self.kind = TokenKind.END
        self.word = ""
        """The token as written; of a text its value."""
        self.column = 1
        """1-based column of its first character; one past the text at the end."""
        self.advance()

    def fault(self, allowed: str, column: int | None = None) -> RequirementError:
        """Return the error that says what is allowed at ``column``, or else at the present token."""
        return RequirementError(self._argument, self._text, allowed, self.column if column is None else column)

    def is_sign(self, sign: str) -> bool:
        """Return whether the present token is this operator or bracket."""
        return self.word == sign and self.kind is TokenKind.SIGN

    def advance(self) -> None:
        """Go to the next token.

        :raises RequirementError: no token begins there.
        """
        text = self._text
        space = _SPACE.match(text, self._next)
        start = self._next if space is None else space.end()
        self.column = start + 1
        if start == len(text):
            self._take(TokenKind.END, "", start)
        elif found := _NAME.match(text, start):
            self._take(TokenKind.NAME, found[0], found.end())
        elif found := _NUMBER.match(text, start):
            self._number(found[0], found.end())
        elif found := _SIGN.match(text, start):
            self._take(TokenKind.SIGN, found[0], found.end())
        elif text[start] in _PLAIN:
            self._quoted(start)
        else:
            raise self.fault(_HABITS.get(text[start], "a literal, a name or an operator"))

    def _take(self, kind: TokenKind, word: str, end: int) -> None:
        self.kind = kind
        self.word = word
        self._next = end

    def _number(self, word: str, end: int) -> None:
        if _NAME.match(self._text, end):
            raise self.fault("a number in plain digits, without exponent, suffix or prefix", end + 1)
        _, point, fraction = word.partition(".")
        if len(fraction) > DECIMAL_DIGITS_MAX:
            column = end - len(fraction) + DECIMAL_DIGITS_MAX + 1
            raise self.fault(f"a decimal with at most {DECIMAL_DIGITS_MAX} digits after the point", column)
        self._take(TokenKind.DECIMAL if point else TokenKind.INT, word, end)

    def _quoted(self, start: int) -> None:
        text = self._text
        quote = text[start]
        plain = _PLAIN[quote]
        parts: list[str] = []
        index = start + 1
        while True:
            if found := plain.match(text, index):
                parts.append(found[0])
                index = found.end()
            if index == len(text) or text[index] in "\n\r":
                raise self.fault(f"closed by {quote} on the same line", index + 1)
            if text[index] == quote:
                break
            character, index = self._escape(index)
            parts.append(character)
        self._take(TokenKind.TEXT, "".join(parts), index + 1)

    def _escape(self, start: int) -> tuple[str, int]:
        """Return the character that the escape at ``start`` stands for, and the index behind it."""
        if found := _NUMERIC_ESCAPE.match(self._text, start):
            octal = found[4]
            code = int(octal, 8) if octal else int(found[1] or found[2] or found[3], 16)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise self.fault("a Unicode character that is no surrogate", start + 1)
            return chr(code), found.end()
        letter = self._text[start + 1 : start + 2]
        if letter not in _ESCAPES:  # an empty letter, at the end of the text, is not in it either
            raise self.fault(
                r"an escape of CEL: \a \b \f \n \r \t \v \\ \? \" \' \` \xHH \uHHHH \UHHHHHHHH \OOO", start + 1
            )
        return _ESCAPES[letter], start + 2

    def int_value(self, *, is_negative: bool, column: int) -> int:
        """Return the present whole number.

        :param column: where the number begins, its minus included.
        :raises RequirementError: it needs more than 64 bits.
        """
        # Length first: turning thousands of digits into an int is slow, and Python may refuse it.
        digits = self.word.lstrip("0") or "0"
        value = int(digits) if len(digits) <= len(str(INT_MAX)) else INT_MAX + 2
        value = -value if is_negative else value
        if not INT_MIN <= value <= INT_MAX:
            raise self.fault("a whole number in -9223372036854775808 to 9223372036854775807", column)
        return value

    def decimal_value(self, *, is_negative: bool, column: int) -> Decimal:
        """Return the present decimal.

        :param column: where the number begins, its minus included.
        :raises RequirementError: its magnitude is 2⁵³ millionths or more.
        """
        value = Decimal(self.word)
        if value > DECIMAL_MAX:
            raise self.fault(f"a decimal in -{DECIMAL_MAX} to {DECIMAL_MAX}", column)
        return value.copy_negate() if is_negative and value else value
