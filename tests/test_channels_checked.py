"""The channels of the package keep what every channel promises, and a router runs them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest

from ccroute import (
    Config,
    ContactActive,
    ContactQueued,
    MemoryHistory,
    Presence,
    Router,
    SetPresence,
    SqliteHistory,
)
from ccroute.channels.messengers import read_telegram
from ccroute.channels.webchat import WebChat
from ccroute.channels.webchat_protocol import Ack, ChatPhase, Invited, Join, Joined, Post, Posted, Refused, Status
from ccroute.channels.webchat_sessions import MemorySessions, SqliteSessions
from ccroute.channels.webhook import Outbound, WebhookChannel
from ccroute.channels.webhook_storing import MemoryHooks
from ccroute.channels.webhook_verifying import HmacSignature, WebhookRequest
from ccroute.errors import ChatRefused
from ccroute.testing.channel import Visitor, check_channel
from tests.chat_floor import agent, customer

pytestmark = [pytest.mark.outer, pytest.mark.anyio]

SECRET = "a-secret-of-a-test"
CONFIG = Config.from_dict(
    {"queues": {"support": {}}, "agents": {"charles": {"queues": {"support": 1}}, "mary": {"queues": {"support": 1}}}}
)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Platform:
    """A messenger that sends what it has to say until somebody answers, and shows a message of one key once."""

    def __init__(self) -> None:
        self.store = MemoryHooks()
        self.states = MemorySessions()
        self.made: list[WebhookChannel] = []
        self.shown: list[str] = []

    def make(self) -> WebhookChannel:
        self.made.append(
            WebhookChannel(
                verifier=HmacSignature(SECRET),
                read=read_telegram,
                queue_id="support",
                key=b"a key that never changes",
                send=self.show,
                store=self.store,
                states=self.states,
                tell=lambda event: str(event.__struct_config__.tag),
            )
        )
        return self.made[-1]

    async def show(self, outbound: Outbound) -> None:
        if outbound.key not in self.shown:
            self.shown.append(outbound.key)

    async def come(self, visitor: Visitor) -> None:
        person = {"id": visitor.phone, "is_bot": False, "first_name": visitor.name}
        body = json.dumps(
            {
                "update_id": visitor.visitor_id,
                "message": {"from": person, "chat": {"id": visitor.phone}, "date": 1_700_000_000, "text": visitor.text},
            }
        ).encode()
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        request = WebhookRequest(
            method="POST", headers={"x-hub-signature-256": f"sha256={digest}"}, query={}, body=body
        )
        for channel in reversed(self.made):
            if (await channel.handle(request)).status == 200:
                return

    async def reached(self) -> Sequence[str]:
        return list(self.shown)


async def test_a_webhook_keeps_what_every_channel_promises() -> None:
    platform = Platform()
    await check_channel(platform.make, outside=platform)


class Browsers:
    """Customers with browsers, which send what they have not heard back of."""

    def __init__(self) -> None:
        self.history = MemoryHistory()
        self.sessions = MemorySessions()
        self.made: list[WebChat] = []
        self.tokens: dict[str, str] = {}

    def make(self) -> WebChat:
        self.made.append(WebChat(history=self.history, sessions=self.sessions, queue_id="support"))
        return self.made[-1]

    async def come(self, visitor: Visitor) -> None:
        for chat in reversed(self.made):
            if visitor.visitor_id not in self.tokens:
                self.tokens[visitor.visitor_id] = (await chat.open_session()).token
            async with customer(chat, self.tokens[visitor.visitor_id]) as browser:
                browser.say(Post(client_id=visitor.visitor_id, body=visitor.text))
                while not isinstance(frame := await browser.next(), Ack | Refused):
                    pass
                if isinstance(frame, Ack):
                    return

    async def reached(self) -> Sequence[str]:
        # States are told whole, and under no key: told twice they are the same.
        return []


async def test_a_web_chat_keeps_what_every_channel_promises() -> None:
    await check_channel(Browsers().make)


async def test_a_router_runs_a_chat_and_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "support.ccroute"
    for life in range(2):
        history = SqliteHistory(tmp_path / "history", vault=None)
        sessions = SqliteSessions(tmp_path / "chat")
        chat = WebChat(history=history, sessions=sessions, queue_id="support")
        async with Router.open(path, CONFIG, history=history, channels={"chat": chat}) as router:
            if life == 0:
                await _first_life(chat, router, tmp_path)
            else:
                await _second_life(chat, tmp_path)
        sessions.close()
        history.close()


async def _first_life(chat: WebChat, router: Router, folder: Path) -> None:
    await router.send(SetPresence(agent_id="charles", presence=Presence.AVAILABLE))
    token = (await chat.open_session(customer_id="ada")).token
    (folder / "token").write_text(token)
    async with customer(chat, token) as ada:
        await ada.until(Joined)
        while True:  # the router may not have begun to run the chat
            ada.say(Post(client_id="m1", body="hello"))
            if isinstance(await ada.until((Ack, Refused)), Ack):  # type: ignore[arg-type]
                break
        async with router.offers(agent_id="charles") as offers:
            with anyio.fail_after(10):
                offer = await anext(offers)
        await router.accept(offer)
        await ada.until(Status, lambda one: one.agents == ["charles"])
        async with agent(chat, "charles") as charles:
            where = (await charles.until(Invited)).conversation_id
            charles.say(Join(conversation_id=where))
            charles.say(Post(client_id="m1", body="Hi!", conversation_id=where))
            await charles.until(Ack)
    story = await router.history.contact(offer.contact_id)
    assert story is not None
    assert [one.addition.body for one in story.entries if one.addition is not None] == ["hello", "Hi!"]
    told = (await router.history.conversation(where)).entries
    assert {one.kind for one in told} >= {
        "message",
        ContactQueued.__struct_config__.tag,
        ContactActive.__struct_config__.tag,
    }


async def _second_life(chat: WebChat, folder: Path) -> None:
    token = (folder / "token").read_text()
    async with customer(chat, token, after=1) as ada:
        joined = await ada.until(Joined)
        assert (joined.phase, joined.agents, joined.number) == (ChatPhase.ACTIVE, ["charles"], 2)
        assert (await ada.until(Posted)).body == "Hi!"
    with pytest.raises(ChatRefused):
        await chat.say(joined.conversation_id, "x", agent_id="mary")
