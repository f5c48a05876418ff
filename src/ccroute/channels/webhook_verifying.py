"""Who a webhook is from: small strategies, each of which compares in constant time and never tells a secret.

A signature is taken over the raw bytes of the body, before anything reads them. Several secrets may be given, so that
one can be changed without losing a message: all of them are compared, whichever fits.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import ClassVar, Final, Protocol, final

import msgspec

from ccroute.errors import OutOfRange, WrongType
from ccroute.personal import Personal, withheld

__all__ = [
    "HmacSignature",
    "HubChallenge",
    "SecretHeader",
    "SecretInBody",
    "SignedTimestamp",
    "Verifier",
    "VkConfirmation",
    "WebhookHandshake",
    "WebhookRequest",
    "WebhookResponse",
]

_SECRET_BYTES: Final = 8
_US: Final = 1_000_000
_TIMESTAMP_DIGITS: Final = 12


class WebhookRequest(Personal, frozen=True, kw_only=True):
    """A request, as any framework has it."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"method"})

    method: str
    """``GET`` or ``POST``, in capitals."""
    headers: Mapping[str, str]
    """Headers, their names in small letters."""
    query: Mapping[str, str]
    """What stands behind the question mark, decoded; of a name that stands there twice, the first."""
    body: bytes
    """The body as it came, raw."""


class WebhookResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered."""

    status: int
    """HTTP's status."""
    body: str = ""
    """The body, ``text/plain``."""


class Verifier(Protocol):
    """Says whether a request is from whom it should be."""

    def is_genuine(self, request: WebhookRequest, now_us: int) -> bool:
        """Return whether it is. Never raises, whatever the request holds, and takes as long where it is not."""


class WebhookHandshake(Protocol):
    """Answers what a platform asks before it sends messages."""

    def answer(self, request: WebhookRequest) -> WebhookResponse | None:
        """Return the answer; None: the request is none of these questions. Never raises."""


def _secrets(secrets: tuple[str | bytes, ...]) -> tuple[bytes, ...]:
    if not secrets:
        raise OutOfRange("secrets", 0, "one or more")
    for secret in secrets:
        if not isinstance(secret, str | bytes):
            raise WrongType("secrets", withheld(secret), "text or bytes")
    found = tuple(one.encode() if isinstance(one, str) else one for one in secrets)
    if any(len(one) < _SECRET_BYTES for one in found):
        raise OutOfRange("secrets", withheld(b""), f"of at least {_SECRET_BYTES} bytes")
    return found


def _is_one_of(got: bytes, wanted: list[bytes]) -> bool:
    """Return whether something is one of a few, in a time that does not tell which, or how much of it fits."""
    fits = False
    for one in wanted:
        fits |= hmac.compare_digest(got, one)
    return fits


def _header(request: WebhookRequest, name: str) -> bytes:
    return request.headers.get(name, "").encode("utf-8", "surrogatepass")


@final
class HmacSignature:
    """HMAC-SHA-256 of the body in a header, in hexadecimal, as of WhatsApp, Messenger, Instagram and GitHub."""

    def __init__(self, *secrets: str | bytes, header: str = "x-hub-signature-256", prefix: str = "sha256=") -> None:
        """Take the secrets, of at least 8 bytes each.

        :param header: its name.
        :param prefix: what stands in front of the digest.
        :raises WrongType: a secret is neither text nor bytes.
        :raises OutOfRange: there is none, or one is too short.
        """
        self._secrets = _secrets(secrets)
        self._header = header.lower()
        self._prefix = prefix.encode()

    def __repr__(self) -> str:
        return f"HmacSignature(header={self._header!r})"

    def is_genuine(self, request: WebhookRequest, now_us: int) -> bool:  # noqa: ARG002 - as the protocol has it
        """Return whether the body was signed with one of the secrets."""
        wanted = [self._prefix + _signed(secret, request.body) for secret in self._secrets]
        return _is_one_of(_header(request, self._header), wanted)


@final
class SecretHeader:
    """The secret itself in a header, as of Telegram. The connection must be encrypted, and nobody may log headers."""

    def __init__(self, *secrets: str | bytes, header: str = "x-telegram-bot-api-secret-token") -> None:
        """Take the secrets, of at least 8 bytes each; otherwise as ``HmacSignature``."""
        self._secrets = _secrets(secrets)
        self._header = header.lower()

    def __repr__(self) -> str:
        return f"SecretHeader(header={self._header!r})"

    def is_genuine(self, request: WebhookRequest, now_us: int) -> bool:  # noqa: ARG002 - as the protocol has it
        """Return whether the header has one of the secrets."""
        return _is_one_of(_header(request, self._header), list(self._secrets))


@final
class SecretInBody:
    """The secret in a field of the JSON, as of VK. The connection must be encrypted, and nobody may log bodies."""

    def __init__(self, *secrets: str | bytes, field: str = "secret") -> None:
        """Take the secrets, of at least 8 bytes each; otherwise as ``HmacSignature``.

        :param field: name of the field, at the top of the object.
        """
        self._secrets = _secrets(secrets)
        self._field = field

    def __repr__(self) -> str:
        return f"SecretInBody(field={self._field!r})"

    def is_genuine(self, request: WebhookRequest, now_us: int) -> bool:  # noqa: ARG002 - as the protocol has it
        """Return whether the field has one of the secrets."""
        found = read_object(request.body).get(self._field)
        got = found.encode("utf-8", "surrogatepass") if isinstance(found, str) else b""
        return _is_one_of(got, list(self._secrets))


@final
class SignedTimestamp:
    """HMAC-SHA-256 of ``v0:<seconds>:<body>``, and a time not far from now, as of Slack.

    Who records a request can send it again for the tolerance only, and within it, its id is remembered.
    """

    def __init__(
        self,
        *secrets: str | bytes,
        header: str = "x-slack-signature",
        timestamp_header: str = "x-slack-request-timestamp",
        version: str = "v0",
        tolerance_us: int = 300 * _US,
    ) -> None:
        """Take the secrets, of at least 8 bytes each; otherwise as ``HmacSignature``.

        :param timestamp_header: name of the header that has seconds since the epoch.
        :param version: stands in front of what is signed, behind it a colon, and of the signature, behind it ``=``.
        :param tolerance_us: how far the time may be from now, either way.
        """
        self._secrets = _secrets(secrets)
        self._header = header.lower()
        self._timestamp_header = timestamp_header.lower()
        self._version = version.encode()
        self._tolerance_us = tolerance_us

    def __repr__(self) -> str:
        return f"SignedTimestamp(header={self._header!r}, tolerance_us={self._tolerance_us})"

    def is_genuine(self, request: WebhookRequest, now_us: int) -> bool:
        """Return whether time and body were signed with one of the secrets, not long ago."""
        told = _header(request, self._timestamp_header)
        signed = b":".join((self._version, told, request.body))
        wanted = [self._version + b"=" + _signed(secret, signed) for secret in self._secrets]
        fits = _is_one_of(_header(request, self._header), wanted)
        if not told.isdigit() or len(told) > _TIMESTAMP_DIGITS:
            return False
        return fits and abs(now_us - int(told) * _US) <= self._tolerance_us


def _signed(secret: bytes, body: bytes) -> bytes:
    return hmac.new(secret, body, "sha256").hexdigest().encode()


def read_object(body: bytes) -> dict[str, object]:
    """Return a JSON object; an empty one where it is none."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


@final
class HubChallenge:
    """Meta's question when a webhook is set up: ``GET`` with ``hub.mode``, ``hub.verify_token``, ``hub.challenge``."""

    _CHALLENGE: Final = 1024

    def __init__(self, *verify_tokens: str | bytes) -> None:
        """Take the tokens that were typed in at Meta's, of at least 8 bytes each.

        :raises WrongType: one is neither text nor bytes.
        :raises OutOfRange: there is none, or one is too short.
        """
        self._tokens = _secrets(verify_tokens)

    def __repr__(self) -> str:
        return "HubChallenge()"

    def answer(self, request: WebhookRequest) -> WebhookResponse | None:
        """Return the challenge to who knows the token, 403 to others; None: it is no such question."""
        query = request.query
        if request.method != "GET" or query.get("hub.mode") != "subscribe":
            return None
        token = query.get("hub.verify_token", "").encode("utf-8", "surrogatepass")
        challenge = query.get("hub.challenge", "")
        # It goes back as plain text, and holds nothing that a browser could take for more.
        is_plain = 0 < len(challenge) <= self._CHALLENGE and challenge.isascii() and challenge.isalnum()
        if _is_one_of(token, list(self._tokens)) and is_plain:
            return WebhookResponse(status=200, body=challenge)
        return WebhookResponse(status=403)


@final
class VkConfirmation:
    """VK's question when a server is set up: a body of the type ``confirmation`` for a group."""

    def __init__(self, *, group_id: int, confirmation: str) -> None:
        """Take what VK's settings show.

        :param confirmation: the text that VK wants to hear.
        """
        self._group_id = group_id
        self._confirmation = confirmation

    def __repr__(self) -> str:
        return f"VkConfirmation(group_id={self._group_id})"

    def answer(self, request: WebhookRequest) -> WebhookResponse | None:
        """Return the text for this group, 403 for another; None: it is no such question."""
        if request.method != "POST":
            return None
        found = read_object(request.body)
        if found.get("type") != "confirmation":
            return None
        if found.get("group_id") == self._group_id:
            return WebhookResponse(status=200, body=self._confirmation)
        return WebhookResponse(status=403)
