"""What a web chat and a webhook do when their host gives them what it should not: say so, and keep all others going."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from ccroute import ChatRefused, EnqueueContact, InvalidArgument, MemoryHistory, StorageFailed
from ccroute.channels import ChatLimits, MemoryBlobs, MemorySessions, SqliteSessions, WebChat
from ccroute.channels.messengers import Parsed
from ccroute.channels.webchat_contacts import asked
from ccroute.channels.webchat_protocol import CloseCode, Hello
from ccroute.channels.webchat_sessions import ChatState
from ccroute.channels.webhook import Outbound, WebhookChannel
from ccroute.channels.webhook_verifying import HmacSignature, WebhookRequest
from tests.chat_floor import Floor, Wire, chat_on
from tests.hook_requests import SECRET, request, signed

pytestmark = [pytest.mark.outer, pytest.mark.anyio]


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Text(str):
    __slots__ = ()


WRONG: Final = (True, 2**70, 1.5, "\ud800", Text("c1"), b"x", [], [[]], {}, object(), str)
"""Values that hardly any argument allows."""

CALLS: Final[dict[str, Callable[[WebChat, str, Any], Any]]] = {
    "open_session, customer_id": lambda chat, _, value: chat.open_session(customer_id=value),
    "open_session, conversation_id": lambda chat, _, value: chat.open_session(conversation_id=value),
    "say, conversation_id": lambda chat, _, value: chat.say(value, "hello"),
    "say, body": lambda chat, own, value: chat.say(own, value),
    "say, client_id": lambda chat, own, value: chat.say(own, "hello", client_id=value),
    "say, agent_id": lambda chat, own, value: chat.say(own, "hello", agent_id=value),
    "say, attachments": lambda chat, own, value: chat.say(own, "hello", attachments=value),
    "say, attachment": lambda chat, own, value: chat.say(own, "hello", attachments=[value]),
    "typing, agent_id": lambda chat, own, value: chat.typing(own, agent_id=value),
    "typing, is_typing": lambda chat, own, value: chat.typing(own, is_typing=value),
    "receipt, agent_id": lambda chat, own, value: chat.receipt(own, agent_id=value),
    "receipt, read": lambda chat, own, value: chat.receipt(own, agent_id="charles", read=value),
    "transcript, after": lambda chat, own, value: chat.transcript(own, after=value),
    "upload, name": lambda chat, own, value: chat.upload(own, value, b"text"),
    "upload, content": lambda chat, own, value: chat.upload(own, "name", value),
    "attachment": lambda chat, own, value: chat.attachment(own, value),
    "state": lambda chat, _, value: chat.state(value),
    "hand_over, queue_id": lambda chat, own, value: chat.hand_over(own, value),
    "hand_over, tier": lambda chat, own, value: chat.hand_over(own, "support", tier=value),
    "hand_over, preferred": lambda chat, own, value: chat.hand_over(own, "support", preferred=value),
    "hand_over, attributes": lambda chat, own, value: chat.hand_over(own, "support", attributes=value),
    "hand_over, attribute": lambda chat, own, value: chat.hand_over(own, "support", attributes={"topic": value}),
    "forget": lambda chat, _, value: chat.forget(value),
    "erase": lambda chat, _, value: chat.erase(value),
    "conversation_of": lambda chat, _, value: chat.conversation_of(value),
    "session": lambda chat, _, value: chat.session(value),
}
ALLOWED: Final[dict[str, tuple[object, ...]]] = {
    "say, attachments": ([],),
    "typing, is_typing": (True,),
    "transcript, after": (2**70,),
    "receipt, read": (),
    "upload, name": ("\ud800",),
    "upload, content": (b"x",),
    "hand_over, preferred": ([],),
    "hand_over, attributes": ({},),
    "hand_over, attribute": (True, []),
    "forget": (2**70,),
    "session": ("\ud800",),
}


@pytest.mark.parametrize("is_on_disk", [False, True])
@pytest.mark.parametrize("call", CALLS)
async def test_one_bad_value_is_named_and_others_talk_on(call: str, is_on_disk: bool, tmp_path: Path) -> None:
    floor = Floor()
    sessions = SqliteSessions(tmp_path / "chat") if is_on_disk else MemorySessions()
    chat = floor.channel = WebChat(history=floor.history, sessions=sessions, blobs=MemoryBlobs())
    async with floor.running():
        for value in WRONG:
            if any(value is one or value == one for one in ALLOWED.get(call, ()) if type(value) is type(one)):
                continue
            own = (await chat.open_session(customer_id="ada")).session.conversation_id
            with pytest.raises((InvalidArgument, ChatRefused)):
                await CALLS[call](chat, own, value)
            contact = (await chat.state(own)).contact
            assert contact is None or not contact.is_open
        other = (await chat.open_session()).session.conversation_id
        assert (await chat.say(other, "hello")).number == 1
        assert (await chat.hand_over(other, "support")).reason is None
        await chat.sweep()


@pytest.mark.parametrize("option", ["history", "limits", "bot", "position", "show_agent", "queue_id", "bot_us"])
def test_what_a_chat_cannot_stand_on_is_named(option: str) -> None:
    for value in WRONG:
        if callable(value) and option in ("bot", "position", "show_agent"):
            continue
        if option == "bot_us" and value == 2**70:
            continue
        options: dict[str, Any] = {"history": MemoryHistory(), option: value}
        with pytest.raises(InvalidArgument, match=option):
            WebChat(**options)
    with pytest.raises(InvalidArgument, match="media_types"):
        ChatLimits(media_types=None).check()  # type: ignore[arg-type]


def test_decimals_that_route_are_decimals_after_a_crash(tmp_path: Path) -> None:
    store = SqliteSessions(tmp_path / "chat")
    command = EnqueueContact(contact_id="k.1", queue_id="support", channel="chat", attributes={"score": Decimal("1.5")})
    store.save([asked(ChatState(conversation_id="k", customer_id=None), command)])
    found = store.state("k")
    store.close()
    assert found is not None
    assert found.contact is not None
    assert found.contact.command.attributes["score"] == Decimal("1.5")


@pytest.mark.parametrize("broken", ["session", "state", "begin"])
async def test_a_store_that_fails_at_hello_closes_the_socket(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StorageFailed("chat", "broken")

    floor = Floor()
    chat = chat_on(floor, opens_sessions=True)
    token = None if broken == "begin" else (await chat.open_session()).token
    monkeypatch.setattr(MemorySessions, broken, fail)
    wire = Wire()
    wire.say(Hello(token=token))
    await chat.serve(wire)
    assert wire.code == CloseCode.FAILED
    assert chat.figures().closed == {"failed": 1}


def hooks(**options: Any) -> WebhookChannel:
    async def send(_: Outbound) -> None:
        return None

    own: dict[str, Any] = {
        "verifier": HmacSignature(SECRET),
        "read": lambda body: Parsed(messages=(), passed_over=()),
        "queue_id": "support",
        "key": b"k" * 16,
        "send": send,
    }
    return WebhookChannel(**{**own, **options})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("key", "k" * 32),
        ("verifier", HmacSignature),
        ("verifier", None),
        ("handshake", 5),
        ("read", None),
        ("send", "send"),
        ("tell", None),
        ("identify", 5),
        ("queue_id", ""),
        ("at_once", 0),
        ("answer_us", -1),
        ("body_bytes", "1"),
    ],
)
def test_what_a_webhook_cannot_stand_on_is_named(option: str, value: object) -> None:
    with pytest.raises(InvalidArgument, match=option):
        hooks(**{option: value})


class Broken:
    """Raises whatever is asked."""

    def is_genuine(self, *_: object) -> bool:
        raise ZeroDivisionError

    def answer(self, *_: object) -> None:
        raise ZeroDivisionError


async def test_handling_never_raises_whatever_the_host_has_got_wrong() -> None:
    wrong: list[tuple[WebhookChannel, WebhookRequest]] = [
        (hooks(verifier=Broken()), signed(b"{}")),
        (hooks(handshake=Broken()), signed(b"{}")),
        (hooks(), request("{}")),  # type: ignore[arg-type]
        (hooks(), request(b"{}", headers={"x-hub-signature-256": b"sha256=0"})),  # type: ignore[dict-item]
        (hooks(), request(None)),  # type: ignore[arg-type]
    ]
    for channel, asked_for in wrong:
        floor = Floor(channel)
        async with floor.running():
            assert (await channel.handle(asked_for)).status in (403, 503)
