"""Files in a web chat: sent in parts, looked at, counted, and read by everybody."""

from __future__ import annotations

import pytest

from ccroute import ChatRefused
from ccroute.channels.webchat import WebChat
from ccroute.channels.webchat_protocol import Attachment, ChatRefusal, Post, Refused, Upload, Uploaded
from tests.chat_floor import Floor, Wire, chat_on, customer, refused

pytestmark = [pytest.mark.outer, pytest.mark.anyio]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def upload(wire: Wire, content: bytes, *, name: str = "photo.png", cut: int = 7) -> Uploaded:
    wire.say(Upload(upload_id="u", name=name, bytes=len(content)))
    for begin in range(0, len(content), cut):
        wire.say(content[begin : begin + cut])
    return await wire.until(Uploaded)


async def test_a_file_is_sent_in_parts_and_read_by_everybody() -> None:
    floor = Floor()
    chat = chat_on(floor, queue_id="support")
    async with floor.running():
        await floor.come("charles")
        opened = await chat.open_session()
        conversation_id = opened.session.conversation_id
        async with customer(chat, opened.token) as ada:
            told = (await upload(ada, PNG, name="../my photo.png")).attachment
            assert (told.name, told.media_type, told.bytes) == ("my photo.png", "image/png", len(PNG))
            ada.say(Post(client_id="m1", attachments=[told.attachment_id]))
            (message,) = await ada.messages(1)
            assert message.attachments == [told]
        assert await chat.attachment(conversation_id, told.attachment_id) == (told, PNG)
        # Named again behind a restart, it is read where it lies.
        again = WebChat(history=floor.history, sessions=chat._store, blobs=chat._blobs)
        (spoken,) = await again.transcript(conversation_id)
        assert spoken.attachments == (told,)
        assert await again.upload(conversation_id, "other.txt", b"hello") == Attachment(
            attachment_id=(await again.upload(conversation_id, "other.txt", b"hello")).attachment_id,
            name="other.txt",
            media_type="text/plain",
            bytes=5,
        )


@pytest.mark.parametrize(
    ("limits", "content", "code"),
    [
        ({}, b"<html>", ChatRefusal.ATTACHMENT_TYPE),
        ({"media_types": ("text/plain",)}, PNG, ChatRefusal.ATTACHMENT_TYPE),
        ({"quota_bytes": 100}, PNG, ChatRefusal.QUOTA),
    ],
)
async def test_a_file_that_is_not_allowed_is_refused(
    limits: dict[str, object], content: bytes, code: ChatRefusal
) -> None:
    floor = Floor()
    chat = chat_on(floor, limits=limits)
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        ada.say(Upload(upload_id="u", name="a", bytes=len(content)))
        assert (await refused(ada, content)).code is code


async def test_files_of_a_conversation_are_counted() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"quota_attachments": 1})
    conversation_id = (await chat.open_session()).session.conversation_id
    await chat.upload(conversation_id, "a.txt", b"one")
    with pytest.raises(ChatRefused) as raised:
        await chat.upload(conversation_id, "a.txt", b"two")
    assert raised.value.code == ChatRefusal.QUOTA


@pytest.mark.parametrize("parts", [[b"12345", b"6"], [b"123", b""], [b"1" * 9]])
async def test_bytes_that_are_not_as_many_as_told_are_refused(parts: list[bytes]) -> None:
    floor = Floor()
    chat = chat_on(floor)
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        ada.say(Upload(upload_id="u", name="a", bytes=5 if parts[0] != b"12345" else 4))
        for part in parts:
            ada.say(part)
        assert (await ada.until(Refused)).code is ChatRefusal.ATTACHMENT_TOO_LARGE


async def test_a_chat_without_a_store_takes_no_files() -> None:
    floor = Floor()
    chat = chat_on(floor, blobs=None)
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        told = await refused(ada, Upload(upload_id="u", name="a", bytes=5))
        assert told.code is ChatRefusal.NO_ATTACHMENTS
