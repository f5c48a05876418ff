"""Payloads of messengers are read as their documentation has them, and what nobody knows is named, never raised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccroute.channels.messengers import Parsed, read_telegram, read_vk, read_whatsapp

pytestmark = pytest.mark.outer

PAYLOADS = Path(__file__).parent / "payloads"
READERS = {"telegram": read_telegram, "whatsapp": read_whatsapp, "vk": read_vk}
RECORDED = sorted(PAYLOADS.glob("*.json"))


def read(name: str) -> Parsed:
    """Read a recorded payload."""
    return READERS[name.split("_")[0]]((PAYLOADS / f"{name}.json").read_bytes())


def changed(name: str, **fields: object) -> bytes:
    """Return a payload of Telegram's with other fields in its message."""
    payload = json.loads((PAYLOADS / f"{name}.json").read_bytes())
    payload["message"] |= fields
    return json.dumps(payload).encode()


def test_a_text_of_telegram_is_read() -> None:
    (message,) = read("telegram_text").messages
    assert message.update_id == "telegram:10000"
    assert (message.address, message.sender, message.name) == ("1111111", "1111111", "Test Lastname")
    assert (message.kind, message.body, message.at_us) == ("text", "Where is my parcel?", 1_441_645_532_000_000)
    assert "parcel" not in repr(message)
    assert "Lastname" not in repr(message)


def test_the_largest_photo_is_referred_to() -> None:
    (message,) = read("telegram_photo").messages
    assert (message.body, message.attachments) == ("It came like this", ("telegram:photo:AgADBAADlarge",))


def test_what_has_no_text_shows_its_kind() -> None:
    (message,) = read("telegram_voice").messages
    assert (message.kind, message.body) == ("voice", "[voice]")
    payload = json.loads((PAYLOADS / "telegram_voice.json").read_bytes())
    del payload["message"]["voice"]
    payload["message"]["location"] = {"latitude": 0.0, "longitude": 0.0}
    (message,) = read_telegram(json.dumps(payload).encode()).messages
    assert (message.kind, message.body, message.attachments) == ("location", "[location]", ())


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("telegram_edited", ("edited_message",)),
        ("telegram_callback_query", ("callback_query",)),
        ("telegram_joined", ("service_message",)),
        ("whatsapp_status", ("statuses",)),
        ("vk_confirmation", ("confirmation",)),
    ],
)
def test_what_is_no_message_is_named_and_passed_over(name: str, kinds: tuple[str, ...]) -> None:
    parsed = read(name)
    assert (parsed.messages, parsed.passed_over) == ((), kinds)


def test_a_text_of_whatsapp_is_read() -> None:
    (message,) = read("whatsapp_text").messages
    assert message.update_id == "whatsapp:wamid.HBgLMTU1NTAxMDAxMjMVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA="
    assert (message.address, message.sender) == ("106540352242922:15550100123", "15550100123")
    assert (message.name, message.body) == ("Test Customer", "Does it come in another color?")
    assert message.at_us == 1_749_416_383_000_000


def test_of_several_messages_one_that_cannot_be_read_takes_none_with_it() -> None:
    parsed = read("whatsapp_several")
    assert [(one.kind, one.body, one.name) for one in parsed.messages] == [
        ("image", "The label", "Test Customer"),
        ("interactive", "Change the appointment", "Other Customer"),
        ("location", "[location]", "Other Customer"),
    ]
    assert parsed.messages[0].attachments == ("whatsapp:image:1003383421387256",)
    assert parsed.passed_over == ("malformed", "message_template_status_update")


@pytest.mark.parametrize(
    ("kind", "content", "body"),
    [
        ("button", {"text": "Yes"}, "Yes"),
        ("interactive", {"list_reply": {"id": "1", "title": "The second"}}, "The second"),
        ("interactive", {"nfm_reply": {}}, "[interactive]"),
        ("Odd Kind!", {}, "[unknown]"),
    ],
)
def test_other_kinds_of_whatsapp_are_told_in_words(kind: str, content: dict[str, object], body: str) -> None:
    payload = json.loads((PAYLOADS / "whatsapp_text.json").read_bytes())
    message = payload["entry"][0]["changes"][0]["value"]["messages"][0]
    message |= {"type": kind, kind: content}
    assert read_whatsapp(json.dumps(payload).encode()).messages[0].body == body


def test_a_message_of_vk_is_read() -> None:
    (message,) = read("vk_message").messages
    assert (message.update_id, message.address, message.body) == ("vk:1:100000001:7", "100000001", "Good day")
    assert message.attachments == ("vk:photo:100000001_456239017",)


def test_a_message_of_vk_without_text_shows_what_is_attached() -> None:
    payload = json.loads((PAYLOADS / "vk_message.json").read_bytes())
    message = payload["object"]["message"]
    message["text"] = ""
    assert read_vk(json.dumps(payload).encode()).messages[0].body == "[photo]"
    message["attachments"] = [{"type": "sticker", "sticker": {}}]
    assert read_vk(json.dumps(payload).encode()).messages[0].attachments == ()
    message["attachments"] = []
    assert read_vk(json.dumps(payload).encode()).messages[0].body == "[message]"
    message["out"] = 1
    assert read_vk(json.dumps(payload).encode()).passed_over == ("own_message",)


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({"from": None}, ("message_of_nobody",)),
        ({"from": {"id": 5, "is_bot": True}}, ("message_of_nobody",)),
        ({"date": -1}, ("malformed",)),
        ({"date": "soon"}, ("malformed",)),
        ({"date": 10**30}, ("malformed",)),
        ({"text": 7}, ("malformed",)),
        ({"text": "\ud800"}, ("malformed",)),
        ({"chat": {"id": 10**30}}, ("malformed",)),
        ({"chat": []}, ("malformed",)),
        ({"chat": {"id": "\n"}}, ("malformed",)),
    ],
)
def test_what_is_not_as_documented_is_malformed(fields: dict[str, object], kinds: tuple[str, ...]) -> None:
    assert read_telegram(changed("telegram_text", **fields)).passed_over == kinds


def test_names_that_cannot_be_shown_are_left_out() -> None:
    sender = {"id": 5, "first_name": " ", "last_name": 7}
    (message,) = read_telegram(changed("telegram_text", **{"from": sender})).messages
    assert message.name is None


def test_a_reference_that_is_too_long_is_left_out() -> None:
    payload = json.loads((PAYLOADS / "telegram_voice.json").read_bytes())
    payload["message"]["voice"]["file_id"] = "x" * 256
    assert len(read_telegram(json.dumps(payload).encode()).messages[0].attachments) == 1
    payload["message"]["voice"]["file_id"] = "x" * 257
    assert read_telegram(json.dumps(payload).encode()).passed_over == ("malformed",)


@pytest.mark.parametrize("read_body", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"\xff", b"null", b'{"update_id": 1}', b'{"object": "page"}', b'{"type": 5}', b"[" * 5000],
    ids=range(9),
)
def test_nonsense_is_passed_over(read_body, body: bytes) -> None:
    parsed = read_body(body)
    assert parsed.messages == ()
    assert len(parsed.passed_over) == 1


@given(name=st.sampled_from([path.stem for path in RECORDED]), data=st.data())
def test_no_change_of_a_payload_raises(name: str, data: st.DataObject) -> None:
    payload = json.loads((PAYLOADS / f"{name}.json").read_bytes())
    node = payload
    while isinstance(node, dict | list) and node:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        if data.draw(st.booleans()) or not isinstance(node[key], dict | list):
            node[key] = data.draw(
                st.sampled_from([None, 0, -1, 2**70, 1.5, "", "x" * 300, [], {}, [[]], {"id": {}}, True])
            )
            break
        node = node[key]
    body = json.dumps(payload).encode()
    for read_body in READERS.values():
        assert isinstance(read_body(body), Parsed)
