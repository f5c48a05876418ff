"""What is genuine is taken, what is forged is not, and no request makes a verifier raise or tell a secret."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccroute import OutOfRange, WrongType
from ccroute.channels.webhook_verifying import (
    HmacSignature,
    HubChallenge,
    SecretHeader,
    SecretInBody,
    SignedTimestamp,
    Verifier,
    VkConfirmation,
    WebhookRequest,
    WebhookResponse,
)
from tests.hook_requests import NOW_US, SECRET, payload, request, signed, slack

pytestmark = pytest.mark.outer

# ---- verifying -----------------------------------------------------------------------------------------------------

GENUINE: list[tuple[Verifier, WebhookRequest]] = [
    (HmacSignature(SECRET), signed(b"{}")),
    (HmacSignature("an-old-secret", SECRET), signed(b"{}")),
    (SecretHeader(SECRET), request(headers={"x-telegram-bot-api-secret-token": SECRET})),
    (SecretInBody(SECRET), request(payload("vk_message"))),
    (SignedTimestamp(SECRET), slack(b"{}", NOW_US // 1_000_000)),
    (SignedTimestamp(SECRET), slack(b"{}", NOW_US // 1_000_000 - 300)),
]

FORGED: list[tuple[Verifier, WebhookRequest]] = [
    (HmacSignature(SECRET), signed(b"{}", "another-secret")),
    (HmacSignature(SECRET), request(b"{}")),
    (HmacSignature(SECRET), request(b"{ }", headers=dict(signed(b"{}").headers))),
    (HmacSignature(SECRET), request(headers={"x-hub-signature-256": "\ud800"})),
    (SecretHeader(SECRET), request()),
    (SecretHeader(SECRET), request(headers={"x-telegram-bot-api-secret-token": SECRET + "x"})),
    (SecretInBody(SECRET), request()),
    (SecretInBody(SECRET), request(b"[1]")),
    (SecretInBody(SECRET), request(b"\xff")),
    (SecretInBody(SECRET), request(b'{"secret": ["a-secret-of-a-test"]}')),
    (SignedTimestamp(SECRET), slack(b"{}", NOW_US // 1_000_000 - 301)),
    (SignedTimestamp(SECRET), slack(b"{}", NOW_US // 1_000_000 + 301)),
    (SignedTimestamp(SECRET), slack(b"{}", "soon")),
    (SignedTimestamp(SECRET), slack(b"{}", 10**12)),
    (SignedTimestamp(SECRET), slack(b"{}", NOW_US // 1_000_000, "another-secret")),
]


@pytest.mark.parametrize(("verifier", "told"), GENUINE)
def test_what_is_genuine_is_taken(verifier: Verifier, told: WebhookRequest) -> None:
    assert verifier.is_genuine(told, NOW_US)


@pytest.mark.parametrize(("verifier", "told"), FORGED)
def test_what_is_forged_is_not(verifier: Verifier, told: WebhookRequest) -> None:
    assert not verifier.is_genuine(told, NOW_US)


@given(body=st.binary(max_size=200), headers=st.dictionaries(st.text(max_size=20), st.text(max_size=80), max_size=4))
def test_no_request_makes_a_verifier_raise(body: bytes, headers: dict[str, str]) -> None:
    names = ["x-hub-signature-256", "x-slack-signature", "x-slack-request-timestamp"]
    told = request(body, headers=headers | dict(zip(names, headers.values(), strict=False)))
    for verifier, _ in GENUINE:
        assert not verifier.is_genuine(told, NOW_US)


@pytest.mark.parametrize(
    "make",
    [
        lambda: HmacSignature(),
        lambda: SecretHeader("short"),
        lambda: SecretInBody(""),
        lambda: SignedTimestamp(b"1234567"),
        lambda: HubChallenge("short"),
    ],
)
def test_a_secret_that_is_none_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(OutOfRange) as raised:
        make()
    assert "short" not in str(raised.value)


def test_a_secret_of_another_type_is_refused() -> None:
    with pytest.raises(WrongType):
        HmacSignature(12345678)  # type: ignore[arg-type]


def test_no_repr_tells_a_secret() -> None:
    for verifier in (
        *(one for one, _ in GENUINE),
        HubChallenge(SECRET),
        VkConfirmation(group_id=1, confirmation="0a1b"),
    ):
        assert SECRET not in repr(verifier)
        assert "0a1b" not in repr(verifier)
    assert "secret" not in repr(request(payload("vk_message")))


# ---- handshakes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({"hub_mode": "subscribe", "hub_verify_token": SECRET, "hub_challenge": "1158201444"}, (200, "1158201444")),
        ({"hub_mode": "subscribe", "hub_verify_token": "wrong", "hub_challenge": "1158201444"}, (403, "")),
        ({"hub_mode": "subscribe", "hub_verify_token": SECRET, "hub_challenge": "<script>"}, (403, "")),
        ({"hub_mode": "subscribe", "hub_verify_token": SECRET}, (403, "")),
        ({"hub_mode": "unsubscribe"}, None),
    ],
)
def test_the_challenge_is_answered_to_who_knows_the_token(
    query: dict[str, str], answer: tuple[int, str] | None
) -> None:
    got = HubChallenge(SECRET).answer(request(b"", method="GET", **query))
    assert got == (None if answer is None else WebhookResponse(status=answer[0], body=answer[1]))


def test_the_confirmation_is_told_to_the_right_group() -> None:
    handshake = VkConfirmation(group_id=1, confirmation="0a1b2c3d")
    assert handshake.answer(request(payload("vk_confirmation"))) == WebhookResponse(status=200, body="0a1b2c3d")
    assert handshake.answer(request(b'{"type": "confirmation", "group_id": 2}')) == WebhookResponse(status=403)
    assert handshake.answer(request(payload("vk_message"))) is None
    assert handshake.answer(request(payload("vk_confirmation"), method="GET")) is None
