"""How texts are searched: what is compared, what is asked for, and the grams by which an index narrows it down.

Every term that is asked for must be in the text, as a substring of any length, in any script. Compared is what
:func:`plain` leaves: letters of one case and width, without accents, with single blanks. So one rule serves languages
with and without blanks between words, word forms, numbers and addresses; nothing is stemmed and no word is left out.

An index holds, of each word of a text, what begins at each of its characters and is three characters long, or shorter
at its end. A term of three characters or more is narrowed down by its own grams, a shorter one by what grams begin
with. What the index finds is a superset; the text itself decides.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from ccroute.errors import InvalidId, OutOfRange, WrongType
from ccroute.personal import withheld
from ccroute.timeline import AnyAddition, Message, Note, Recording, SurveyAnswer

__all__ = [
    "INDEXED_LENGTH_MAX",
    "TERMS_MAX",
    "contains",
    "customer_gram",
    "grams_of",
    "narrowing",
    "plain",
    "searched",
    "terms_of",
    "text_of",
]

TERMS_MAX: Final = 16
"""Terms that can be asked for at once."""

TERM_LENGTH_MAX: Final = 256
"""Characters in what is asked for."""

INDEXED_LENGTH_MAX: Final = 16_384
"""Characters of a text that an index looks at; a term that stands only behind them is not found."""

_GRAM_LENGTH: Final = 3
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_TERM: Final = re.compile(r'"([^"]*)"?|(\S+)')


def plain(text: str) -> str:
    """Return what of a text is compared: compatibility forms, case and accents made alike, single blanks."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", folded))
    # Put together again, so that a Korean syllable is one character as others are.
    return " ".join(unicodedata.normalize("NFC", bare).split())


def text_of(addition: AnyAddition) -> str:
    """Return what an addition says: the body, the answer or, of a recording, where it is."""
    if isinstance(addition, Message | Note):
        return addition.body
    return addition.answer if isinstance(addition, SurveyAnswer) else addition.reference


def searched(addition: AnyAddition) -> str:
    """Return what of an addition can be found, made plain and cut to what an index looks at."""
    return "" if isinstance(addition, Recording) else plain(text_of(addition)[:INDEXED_LENGTH_MAX])


def terms_of(text: str) -> list[str]:
    """Return what is asked for, made plain: words, and with ``"`` around them several words that follow each other.

    :raises WrongType: it is no text.
    :raises OutOfRange: there is no term, there are too many, or the text is too long.
    :raises InvalidId: it has a lone surrogate.
    """
    if type(text) is not str:
        raise WrongType("text", withheld(text), "text")
    if not 0 < len(text) <= TERM_LENGTH_MAX:
        raise OutOfRange("text", withheld(text), f"1 to {TERM_LENGTH_MAX} characters")
    if not text.isascii() and _SURROGATE.search(text) is not None:
        raise InvalidId("text", withheld(text), "text without lone surrogates")
    terms = list(dict.fromkeys(filter(None, (plain(quoted or word) for quoted, word in _TERM.findall(text)))))
    if not 0 < len(terms) <= TERMS_MAX:
        raise OutOfRange("text", withheld(text), f"1 to {TERMS_MAX} words")
    return terms


def contains(text: str, terms: Iterable[str]) -> bool:
    """Return whether all terms are in a text; both are plain."""
    return all(term in text for term in terms)


def grams_of(text: str, customer_id: str | None) -> str:
    """Return what an index keeps of a plain text, as words of ``0-9a-z`` with blanks between them."""
    kept = dict.fromkeys(
        word[start : start + _GRAM_LENGTH] for word in dict.fromkeys(text.split()) for start in range(len(word))
    )
    grams = [_written(gram) for gram in kept]
    return " ".join([*grams, customer_gram(customer_id)] if customer_id is not None else grams)


def customer_gram(customer_id: str) -> str:
    """Return the gram that stands for a customer; two may share one, and the text's own row decides."""
    return "z" + hashlib.blake2b(customer_id.encode(), digest_size=8).hexdigest()


def narrowing(terms: Iterable[str]) -> list[tuple[str, bool]]:
    """Return the grams of which an index must have all, each once, and whether it is only the begin of one."""
    wanted: dict[tuple[str, bool], None] = {}
    for word in (word for term in terms for word in term.split()):
        if len(word) < _GRAM_LENGTH:
            wanted[_written(word), True] = None
        for start in range(len(word) - _GRAM_LENGTH + 1):
            wanted[_written(word[start : start + _GRAM_LENGTH]), False] = None
    return list(wanted)


def _written(gram: str) -> str:
    # Digits of its bytes: no tokenizer takes them for anything else, and a begin of the one is one of the other.
    return gram.encode().hex()
