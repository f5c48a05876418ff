"""A web chat says everything once, in order, to everybody, whatever becomes of sockets."""

from __future__ import annotations

import pytest

from ccroute import ContactActive
from ccroute.channels.attachments import MemoryBlobs
from ccroute.channels.webchat import Heard, WebChat
from ccroute.channels.webchat_protocol import (
    Ack,
    ChatPhase,
    Invited,
    Join,
    Joined,
    Party,
    Post,
    Posted,
    Status,
)
from tests.chat_floor import Floor, agent, customer, settle

pytestmark = [pytest.mark.outer, pytest.mark.anyio]


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_customer_and_agent_talk() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history, blobs=MemoryBlobs(), queue_id="support")
    async with floor.running():
        await floor.come("charles")
        token = (await chat.open_session(customer_id="ada")).token
        async with customer(chat, token) as ada:
            beginning = await ada.next()
            assert isinstance(beginning, Joined)
            assert (beginning.number, beginning.phase) == (0, ChatPhase.BOT)
            ada.say(Post(client_id="m1", body="Hello"))
            assert (await ada.until(Ack)).number == 1
            await ada.until(Status, lambda one: one.phase is ChatPhase.WAITING)
            await floor.accept()
            status = await ada.until(Status, lambda one: one.phase is ChatPhase.ACTIVE)
            assert status.agents == ["charles"]
            async with agent(chat, "charles") as charles:
                invited = await charles.until(Invited)
                charles.say(Join(conversation_id=invited.conversation_id))
                assert (await charles.until(Joined)).customer_id == "ada"
                assert (await charles.until(Posted)).body == "Hello"
                charles.say(Post(client_id="m1", body="Hi!", conversation_id=invited.conversation_id))
                heard = await ada.until(Posted, lambda one: one.party is Party.AGENT)
                assert (heard.number, heard.body, heard.agent) == (2, "Hi!", "charles")


async def test_what_a_bot_heard_is_in_the_conversation_of_the_contact() -> None:
    floor = Floor()

    async def bot(heard: Heard) -> None:
        if heard.message.body == "a person, please":
            await chat.hand_over(heard.conversation_id, "support")
        else:
            await chat.say(heard.conversation_id, "How can I help?", client_id=f"answer-{heard.message.number}")

    chat = floor.channel = WebChat(history=floor.history, bot=bot)
    async with floor.running():
        await floor.come("charles")
        async with customer(chat, (await chat.open_session()).token) as ada:
            ada.say(Post(client_id="m1", body="hello"))
            assert [one.body for one in await ada.messages(2)] == ["hello", "How can I help?"]
            ada.say(Post(client_id="m2", body="a person, please"))
            await ada.until(Status, lambda one: one.phase is ChatPhase.WAITING)
            await floor.accept()
            await settle()
            async with agent(chat, "charles") as charles:
                invited = await charles.until(Invited)
                charles.say(Join(conversation_id=invited.conversation_id))
                assert [one.body for one in await charles.messages(3)] == [
                    "hello",
                    "How can I help?",
                    "a person, please",
                ]
    assert any(isinstance(one, ContactActive) for one in floor.events)
