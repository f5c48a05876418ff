"""What a customer is known by: a phone number, an address, a name in a network, a cookie; written in one way each.

Two ways of writing that reach the same person give one handle, so that the customer is found again:

- ``phone``: E.164 (``+4930123456``), and behind it the extension, where there is one (``;ext=5``). Whether a number is
  in use is not asked, only whether its length is possible: tables of numbers in use are older than the newest number.
- ``email``: the address as ``email-validator`` writes it, in lower case throughout. Case before the @ may count by the
  book and never does in life. That the domain answers is not asked.
- any other kind, such as ``telegram``, ``whatsapp`` or ``cookie``: as given, without spaces around it; one that begins
  with @ is a user name, which networks compare without case: in lower case.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ccroute.errors import ExtraMissing, InvalidHandle, WrongType
from ccroute.personal import withheld
from ccroute.ports import Handle

__all__ = ["EMAIL", "HANDLE_LENGTH_MAX", "PHONE", "handle"]

PHONE: Final = "phone"
"""The kind of phone numbers."""
EMAIL: Final = "email"
"""The kind of e-mail addresses."""

HANDLE_LENGTH_MAX: Final = 512
"""Characters in a handle, as given."""

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_KIND_ALLOWED: Final = "1 to 32 lower-case letters, digits and underscores, a letter first"
_REGION: Final = re.compile(r"[A-Z]{2}")


def handle(kind: str, value: str, *, region: str | None = None) -> Handle:
    """Return what a customer is known by, written in one way.

    :param kind: ``phone``, ``email``, or a name of the host's, 1 to 32 lower-case letters, digits and underscores.
    :param value: as the channel gives it, at most 512 characters.
    :param region: country, as in ``DE``, whose national numbers are meant where a phone number has no ``+``.
    :raises WrongType: a value is no text.
    :raises InvalidHandle: ``kind`` or ``region`` is none, or ``value`` is none of this kind; it is not told.
    :raises ExtraMissing: the extra ``customers`` is not installed.
    """
    if type(kind) is not str:
        raise WrongType("kind", withheld(kind), f"text: {_KIND_ALLOWED}")
    if _KIND.fullmatch(kind) is None:
        raise InvalidHandle("kind", withheld(kind), _KIND_ALLOWED)
    if type(value) is not str:
        raise WrongType("value", withheld(value), "text")
    line = _line(value)
    if not line or len(value) > HANDLE_LENGTH_MAX or not line.isprintable():
        raise InvalidHandle("value", withheld(value), f"1 to {HANDLE_LENGTH_MAX} printable characters, not only spaces")
    if kind == PHONE:
        written = _phone(line, region)
    elif kind == EMAIL:
        written = _email(line)
    else:
        written = _name(line)
    if written is None:
        raise InvalidHandle("value", withheld(value), _ALLOWED[kind])
    return Handle(kind=kind, value=written)


_ALLOWED: Final = {
    PHONE: "a phone number with +, or with a region in which it is dialled so",
    EMAIL: "an e-mail address",
}


def _line(value: str) -> str:
    # A number that was copied from a page comes with spaces of all kinds, and with marks of direction that nobody sees.
    seen = (" " if unicodedata.category(one) == "Zs" else one for one in value if unicodedata.category(one) != "Cf")
    return "".join(seen).strip()


def _phone(value: str, region: str | None) -> str | None:
    try:
        import phonenumbers
    except ImportError as error:
        raise ExtraMissing("customers", "phone numbers") from error
    if region is not None and (type(region) is not str or _REGION.fullmatch(region) is None):
        raise InvalidHandle("region", withheld(region), 'two capital letters, as in "DE", or None')
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    written: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{written};ext={number.extension}" if number.extension else written


def _email(value: str) -> str | None:
    try:
        import email_validator
    except ImportError as error:
        raise ExtraMissing("customers", "e-mail addresses") from error
    try:
        # What the error says quotes the address, so that it must not be chained, not even as a context.
        found = email_validator.validate_email(value, check_deliverability=False, allow_quoted_local=True)
    except email_validator.EmailNotValidError:
        return None
    return unicodedata.normalize("NFC", found.normalized.lower())


def _name(value: str) -> str:
    written = unicodedata.normalize("NFC", value)
    return unicodedata.normalize("NFC", written.lower()) if written.startswith("@") else written
