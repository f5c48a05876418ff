"""Requests as platforms sign them, for tests of webhooks."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from ccroute.channels.webhook_verifying import WebhookRequest

PAYLOADS = Path(__file__).parent / "payloads"
SECRET = "a-secret-of-a-test"
NOW_US = 1_700_000_000_000_000


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def request(
    body: bytes = b"{}", *, method: str = "POST", headers: dict[str, str] | None = None, **query: str
) -> WebhookRequest:
    return WebhookRequest(
        method=method,
        headers=headers or {},
        query={name.replace("_", ".", 1): value for name, value in query.items()},
        body=body,
    )


def signed(body: bytes, secret: str = SECRET) -> WebhookRequest:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return request(body, headers={"x-hub-signature-256": f"sha256={digest}"})


def slack(body: bytes, at_s: int | str, secret: str = SECRET) -> WebhookRequest:
    digest = hmac.new(secret.encode(), f"v0:{at_s}:".encode() + body, hashlib.sha256).hexdigest()
    return request(body, headers={"x-slack-signature": f"v0={digest}", "x-slack-request-timestamp": str(at_s)})
