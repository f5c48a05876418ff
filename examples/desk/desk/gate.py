"""What every request meets first: is it meant for this server, from a page of this server; and headers for browsers.

A browser tells with every request that could change something which page it comes from (``Origin``). A page of another
server gets nothing done, and opens no WebSocket, whatever cookies the browser sends along. The ``Host`` must be one of
ours, so that no other name can be made to point here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final
from urllib.parse import urlsplit

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.faults import FaultTold, fault

__all__ = ["POLICY", "Gate", "Origins"]

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""What a page may load and do: what comes from here, and nothing that stands in the page itself."""

_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The rooms for voice and video will ask for these; a page of another origin never may.
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()",
}
_STRICT_TRANSPORT: Final = "max-age=31536000"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Probes and collectors come by address and not by name; nothing here changes anything or knows anybody.
_BY_ANY_NAME: Final = ("/health/", "/metrics")


class Origins(msgspec.Struct, frozen=True, kw_only=True):
    """From where the pages of this server come."""

    origins: frozenset[str]
    """As a browser tells them: ``http://127.0.0.1:8000``."""
    hosts: frozenset[str]
    """The same without the scheme."""
    is_https: bool
    """Whether all of them are encrypted, so that cookies may be kept to such connections."""

    @classmethod
    def of(cls, origins: Sequence[str]) -> Origins:
        """Take origins.

        :raises ValueError: one is none: a scheme, a host, perhaps a port, and nothing behind.
        """
        parts = [(one, urlsplit(one)) for one in origins]
        for one, split in parts:
            if split.scheme not in {"http", "https"} or not split.netloc or f"{split.scheme}://{split.netloc}" != one:
                raise ValueError(f"an origin must be as in https://desk.example or http://127.0.0.1:8000, was {one!r}")
        return cls(
            origins=frozenset(one.lower() for one in origins),
            hosts=frozenset(split.netloc.lower() for _, split in parts),
            is_https=bool(parts) and all(split.scheme == "https" for _, split in parts),
        )


@final
class Gate:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it with a fault."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["type"] == "websocket":
            # A browser always tells its origin here; who does not is no page.
            if self._is_ours(headers) and headers.get("origin", "").lower() in self._origins.origins:
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 4403, "reason": "bad_origin"})
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        if self._may_come(scope, headers):
            await self._app(scope, receive, with_headers)
        else:
            await _tell_bad_origin(with_headers)

    def _is_ours(self, headers: Headers) -> bool:
        return headers.get("host", "").lower() in self._origins.hosts

    def _may_come(self, scope: Scope, headers: Headers) -> bool:
        if scope["path"].startswith(_BY_ANY_NAME):
            return True
        if not self._is_ours(headers):
            return False
        if scope["method"] in _SAFE:
            return True
        origin = headers.get("origin")
        if origin is not None:
            return origin.lower() in self._origins.origins
        # No browser: nobody's cookies are borrowed. Browsers that tell no origin tell this.
        return headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}

    def _add_headers(self, headers: MutableHeaders, path: str) -> None:
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store" if path.startswith("/api/") else "no-cache")
        if self._origins.is_https:
            headers.setdefault("Strict-Transport-Security", _STRICT_TRANSPORT)


async def _tell_bad_origin(send: Send) -> None:
    told = fault("bad_origin")
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": told.status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(FaultTold(error=told.told))})
