"""What a web chat does not take is refused by name, and whoever misuses it harms only itself."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from ccroute import ChatRefused, OutOfRange, WrongType
from ccroute.channels.webchat import WebChat
from ccroute.channels.webchat_limits import Bucket, Buckets, ChatLimits
from ccroute.channels.webchat_protocol import (
    Ack,
    ChatRefusal,
    ClientFrame,
    CloseCode,
    Closing,
    End,
    Hello,
    Join,
    Joined,
    Leave,
    Ping,
    Pong,
    Post,
    Posted,
    Refused,
    Typing,
    Upload,
    Uploaded,
    WhichPosition,
)
from ccroute.errors import StorageUnavailable
from tests.chat_floor import Floor, Wire, agent, chat_on, customer, refused, settle

pytestmark = [pytest.mark.outer, pytest.mark.anyio]

QUICK_US = 20_000


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# ---- frames --------------------------------------------------------------------------------------------------------

REFUSED: list[tuple[ClientFrame | str, ChatRefusal]] = [
    ("nonsense", ChatRefusal.MALFORMED),
    ("{}", ChatRefusal.MALFORMED),
    ('{"type": "shout"}', ChatRefusal.MALFORMED),
    ('{"type": "post", "client_id": 7}', ChatRefusal.MALFORMED),
    ("\ud800", ChatRefusal.MALFORMED),
    ("[" * 5000, ChatRefusal.MALFORMED),
    (Hello(), ChatRefusal.MALFORMED),
    (Join(conversation_id="c"), ChatRefusal.MALFORMED),
    (Post(client_id="not an id!", body="x"), ChatRefusal.MALFORMED),
    (Post(client_id="x" * 37, body="x"), ChatRefusal.MALFORMED),
    (Post(client_id="a", body="x" * 8_001), ChatRefusal.TOO_LONG),
    (Post(client_id="a", body=" \n"), ChatRefusal.EMPTY),
    (Post(client_id="a", attachments=["0" * 64] * 11), ChatRefusal.TOO_MANY_ATTACHMENTS),
    (Post(client_id="a", attachments=["0" * 64]), ChatRefusal.UNKNOWN_ATTACHMENT),
    (Post(client_id="a", attachments=["../etc/passwd"]), ChatRefusal.UNKNOWN_ATTACHMENT),
    (Post(client_id="a", body="x", conversation_id="other"), ChatRefusal.NOT_IN_CONVERSATION),
    (Typing(conversation_id="other"), ChatRefusal.NOT_IN_CONVERSATION),
    (Leave(conversation_id="other"), ChatRefusal.NOT_IN_CONVERSATION),
    (Upload(upload_id="", name="a", bytes=1), ChatRefusal.MALFORMED),
    (Upload(upload_id="u", name="a", bytes=0), ChatRefusal.ATTACHMENT_TOO_LARGE),
    (Upload(upload_id="u", name="a", bytes=2**40), ChatRefusal.ATTACHMENT_TOO_LARGE),
    (End(), ChatRefusal.NO_CONTACT),
]


async def test_frames_that_are_not_allowed_are_refused_by_name() -> None:
    floor = Floor()
    chat = chat_on(floor)
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        for frame, code in REFUSED:
            assert (await refused(ada, frame)).code is code, frame
        ada.say(Post(client_id="good", body="x"))
        assert (await ada.until(Ack)).number == 1


async def test_a_refusal_names_what_it_is_about() -> None:
    floor = Floor()
    chat = chat_on(floor)
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        assert (await refused(ada, Post(client_id="a"))).client_id == "a"
        assert (await refused(ada, Upload(upload_id="u", name="a", bytes=0))).upload_id == "u"
        assert (await refused(ada, Typing(conversation_id="x"))).conversation_id == "x"


async def test_a_frame_that_is_too_large_closes_the_socket() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"frame_bytes": 100})
    token = (await chat.open_session()).token
    async with floor.running():
        async with customer(chat, token) as ada:
            assert (await refused(ada, "x" * 101)).code is ChatRefusal.FRAME_TOO_LARGE
            assert (await ada.until(Closing)).code is CloseCode.TOO_LARGE
            assert await ada.end() is CloseCode.TOO_LARGE
        async with customer(chat, token) as ada:
            assert (await refused(ada, "ß" * 60)).code is ChatRefusal.MALFORMED
        wire = Wire()
        wire.say("x" * 101)
        await chat.serve(wire)
        assert await wire.end() is CloseCode.TOO_LARGE


async def test_who_is_refused_too_often_is_shown_out() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"refusals": 3})
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        for _ in range(5):
            ada.say("nonsense")
        assert await ada.end() is CloseCode.TOO_MANY
    assert chat.figures().closed == {"too_many": 1}


# ---- rates ---------------------------------------------------------------------------------------------------------


async def test_too_many_messages_are_refused_with_a_time() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"messages_at_once": 2, "messages_per_minute": 1})
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        for number in range(2):
            ada.say(Post(client_id=f"m{number}", body="x"))
        await ada.messages(2)
        told = await refused(ada, Post(client_id="m3", body="x"))
        assert (told.code, told.client_id) == (ChatRefusal.RATE_LIMITED, "m3")
        assert 0 < (told.retry_after_us or 0) <= 60_000_000
        ada.say(Ping())
        await ada.until(Pong)


async def test_rates_are_those_of_the_session_whatever_socket() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"frames_at_once": 2, "frames_per_minute": 1})
    token = (await chat.open_session()).token
    async with floor.running():
        async with customer(chat, token) as ada:
            for _ in range(2):
                ada.say(Ping())
                await ada.until(Pong)
        await chat.sweep()
        async with customer(chat, token) as ada:
            assert (await refused(ada, Ping())).code is ChatRefusal.RATE_LIMITED


async def test_too_many_uploads_are_refused_and_their_bytes_passed_over() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"uploads_at_once": 1, "uploads_per_minute": 1, "frames_at_once": 4})
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        ada.say(Upload(upload_id="u1", name="a.png", bytes=5))
        ada.say(b"12345")
        await ada.until(Uploaded)
        assert (await refused(ada, Upload(upload_id="u2", name="a.png", bytes=5))).code is ChatRefusal.RATE_LIMITED
        for _ in range(4):
            ada.say(b"12345")
        assert (await ada.until(Refused)).code is ChatRefusal.RATE_LIMITED


def test_a_bucket_fills_with_time() -> None:
    bucket = Bucket(per_minute=60, at_once=2)
    assert [bucket.take(0.0) for _ in range(2)] == [0, 0]
    assert bucket.take(0.0) == 1_000_001
    assert bucket.take(0.5) == 500_001
    assert bucket.take(1.0) == 0
    assert not bucket.is_full(1.0)
    assert bucket.is_full(10.0)
    assert Buckets(ChatLimits()).are_full(0.0)


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        ({"messages": 0}, OutOfRange),
        ({"messages": 1.5}, WrongType),
        ({"attachments": 65}, OutOfRange),
        ({"body_characters": 1_000_001}, OutOfRange),
        ({"media_types": ("text/html",)}, OutOfRange),
    ],
)
def test_a_limit_that_is_none_is_refused(limits: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        WebChat(history=Floor().history, limits=ChatLimits(**limits))  # type: ignore[arg-type]


# ---- sockets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["nonsense", Ping(), b"bytes"])
async def test_who_does_not_say_hello_is_turned_away(first: ClientFrame | str | bytes) -> None:
    chat = chat_on(Floor())
    for serve in (chat.serve, lambda wire: chat.serve_agent(wire, "charles")):
        wire = Wire()
        wire.say(first)
        await serve(wire)
        assert await wire.end() is CloseCode.MALFORMED


async def test_who_says_nothing_is_turned_away() -> None:
    chat = chat_on(Floor(), limits={"hello_us": QUICK_US})
    wire = Wire()
    await chat.serve(wire)
    assert await wire.end() is CloseCode.IDLE


async def test_a_silent_socket_is_closed() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"socket_idle_us": QUICK_US})
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        assert await ada.end() is CloseCode.IDLE


@pytest.mark.parametrize("token", [None, "", "guess", "\ud800"])
async def test_without_a_session_nobody_gets_in(token: str | None) -> None:
    chat = chat_on(Floor())
    wire = Wire()
    wire.say(Hello(token=token) if token != "\ud800" else '{"type": "hello", "token": "guess"}')
    await chat.serve(wire)
    assert await wire.end() is CloseCode.UNAUTHORIZED


async def test_too_many_sockets_of_one_session_or_agent_are_turned_away() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"sockets": 1})
    token = (await chat.open_session()).token
    async with floor.running():
        async with customer(chat, token) as first:
            await first.until(Joined)
            async with customer(chat, token) as second:
                assert await second.end() is CloseCode.TOO_MANY
        async with agent(chat, "charles") as one:
            one.say(Ping())
            await one.until(Pong)
            async with agent(chat, "charles") as two:
                assert await two.end() is CloseCode.TOO_MANY


async def test_a_client_that_does_not_read_is_closed() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"send_us": QUICK_US})
    async with floor.running():
        wire = Wire()
        wire.is_deaf = True
        wire.say(Hello(token=(await chat.open_session()).token))
        await chat.serve(wire)
        assert await wire.end() is CloseCode.TOO_SLOW


async def test_a_client_with_too_many_frames_to_read_is_closed() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"backlog_frames": 5, "send_us": QUICK_US})
    async with floor.running():
        wire = Wire()
        wire.is_deaf = True
        wire.say(Hello(token=(await chat.open_session()).token))
        for _ in range(10):
            wire.say(Ping())
        await chat.serve(wire)
        assert await wire.end() is CloseCode.TOO_SLOW


async def test_sockets_are_told_when_the_server_goes() -> None:
    floor = Floor()
    chat = chat_on(floor)
    async with anyio.create_task_group() as group:
        wire = Wire()
        async with floor.running():
            group.start_soon(chat.serve, wire)
            wire.say(Hello(token=(await chat.open_session()).token))
            await wire.until(Joined)
        assert await wire.end() is CloseCode.GOING_AWAY


class Broken:
    """A history that cannot be read."""

    def conversation(self, conversation_id: str, *, page_size: int = 50, cursor: str | None = None) -> object:
        raise StorageUnavailable("history", "no disk")


async def test_a_history_that_fails_closes_the_socket_and_nothing_else() -> None:
    floor = Floor()
    chat = WebChat(history=Broken())  # type: ignore[arg-type]
    floor.channel = chat
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        assert await ada.end() is CloseCode.FAILED


async def test_a_store_that_fails_closes_the_socket_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    floor = Floor()
    chat = chat_on(floor)
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        await ada.until(Joined)
        assert chat._blobs is not None
        monkeypatch.setattr(chat._blobs, "put", _fail)
        ada.say(Upload(upload_id="u", name="a", bytes=3))
        ada.say(b"abc")
        assert await ada.end() is CloseCode.FAILED


def _fail(*arguments: object) -> None:
    raise StorageUnavailable("files", "no disk")


async def test_a_socket_that_raises_is_one_that_went() -> None:
    class Raising(Wire):
        async def receive(self) -> str | bytes | None:
            if self.count:
                raise ConnectionResetError
            self.count += 1
            return await super().receive()

        count = 0

        async def close(self, code: int, reason: str) -> None:
            raise ConnectionResetError

    floor = Floor()
    chat = chat_on(floor)
    async with floor.running():
        wire = Raising()
        wire.say(Hello(token=(await chat.open_session()).token))
        await chat.serve(wire)
    assert chat.figures().sockets == 0


# ---- sessions ------------------------------------------------------------------------------------------------------


async def test_a_session_ends_by_command_by_idleness_and_by_age() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"session_idle_us": 1_000_000, "session_us": 10_000_000})
    async with floor.running():
        ended, idle, old = [(await chat.open_session()).token for _ in range(3)]
        async with customer(chat, ended) as ada:
            await ada.until(Joined)
            await chat.end_session(ended)
            assert await ada.end() is CloseCode.UNAUTHORIZED
        assert await chat.session(ended) is None
        await chat.end_session("nobody's")
        floor.pass_time(1_100_000)
        assert await chat.session(idle) is None
        async with customer(chat, (await chat.open_session()).token) as bela:
            await bela.until(Joined)
            floor.pass_time(11_000_000)
            bela.say(Ping())
            assert await bela.end() is CloseCode.UNAUTHORIZED
        assert await chat.session(old) is None


async def test_a_session_in_use_is_seen() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"session_idle_us": 120_000_000})
    async with floor.running():
        opened = await chat.open_session()
        async with customer(chat, opened.token) as ada:
            floor.pass_time(100_000_000)
            assert (await chat.session(opened.token)) is not None
            ada.say(Ping())
            await ada.until(Pong)
            floor.pass_time(100_000_000)
            assert await chat.session(opened.token) is not None
        await settle()
        floor.pass_time(100_000_000)
        assert await chat.session(opened.token) is None


async def test_a_hello_may_begin_a_session_where_the_host_lets() -> None:
    floor = Floor()
    chat = chat_on(floor, opens_sessions=True)
    async with floor.running():
        async with customer(chat, None) as ada:
            begun = await ada.until(Joined)
            assert begun.token is not None
            ada.say(Post(client_id="m1", body="x"))
            await ada.until(Ack)
        async with customer(chat, begun.token) as ada:
            again = await ada.until(Joined)
            assert (again.conversation_id, again.token, again.number) == (begun.conversation_id, None, 1)


async def test_a_host_may_have_the_token_from_elsewhere() -> None:
    floor = Floor()
    chat = chat_on(floor)
    token = (await chat.open_session()).token
    async with floor.running(), anyio.create_task_group() as group:
        wire = Wire()
        wire.say(Hello(token="another"))
        group.start_soon(lambda: chat.serve(wire, token=token))
        await wire.until(Joined)
        wire.cut()


@pytest.mark.parametrize("conversation_id", ["", "x" * 49, "a\nb"])
async def test_a_conversations_id_that_is_none_is_refused(conversation_id: str) -> None:
    with pytest.raises(OutOfRange):
        await chat_on(Floor()).open_session(conversation_id=conversation_id)


# ---- the whole -----------------------------------------------------------------------------------------------------


async def test_a_full_conversation_takes_no_more() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"messages": 2})
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        for number in range(3):
            ada.say(Post(client_id=f"m{number}", body="x"))
        assert (await ada.until(Refused)).code is ChatRefusal.CONVERSATION_FULL


async def test_too_many_that_wait_are_refused() -> None:
    floor = Floor()
    chat = chat_on(floor, limits={"waiting_messages": 1})
    first, second = [(await chat.open_session()).session.conversation_id for _ in range(2)]
    async with floor.running():
        answers: list[str] = []

        async def say(conversation_id: str) -> None:
            try:
                await chat.say(conversation_id, "x")
            except ChatRefused as refusal:
                answers.append(refusal.code)

        async with anyio.create_task_group() as group:
            for conversation_id in (first, second, first):
                group.start_soon(say, conversation_id)
        assert set(answers) == {"unavailable"}
    with pytest.raises(ChatRefused, match="unavailable"):
        await chat.say(first, "x")


async def test_what_an_erased_customer_says_is_refused_alone() -> None:
    floor = Floor()
    chat = chat_on(floor)
    erased = await chat.open_session(customer_id="ada")
    other = await chat.open_session(customer_id="bela")
    floor.history.erase("ada")
    async with floor.running():
        results: dict[str, str] = {}

        async def say(name: str, conversation_id: str) -> None:
            try:
                results[name] = (await chat.say(conversation_id, "x")).body
            except ChatRefused as refusal:
                results[name] = refusal.code

        async with anyio.create_task_group() as group:
            group.start_soon(say, "ada", erased.session.conversation_id)
            group.start_soon(say, "bela", other.session.conversation_id)
        assert results == {"ada": "erased", "bela": "x"}


async def test_a_position_is_told_where_the_host_tells_it() -> None:
    floor = Floor()

    async def position(contact_id: str) -> int | None:
        if asked:
            raise ZeroDivisionError
        asked.append(contact_id)
        return 3

    asked: list[str] = []
    chat = chat_on(floor, queue_id="support", position=position)
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        from ccroute.channels.webchat_protocol import Status, YourPosition

        ada.say(WhichPosition())
        assert (await ada.until(YourPosition)).position is None
        ada.say(Post(client_id="m1", body="x"))
        await ada.until(Status, lambda one: one.phase.value == "waiting")
        ada.say(WhichPosition())
        assert (await ada.until(YourPosition)).position == 3
        assert (await refused(ada, WhichPosition())).code is ChatRefusal.UNAVAILABLE


async def test_agents_are_held_to_their_frames() -> None:
    floor = Floor()
    chat = chat_on(floor, queue_id="support")
    conversation_id = (await chat.open_session()).session.conversation_id
    async with floor.running(), agent(chat, "charles") as charles:
        cases: list[tuple[ClientFrame, ChatRefusal]] = [
            (End(), ChatRefusal.MALFORMED),
            (WhichPosition(), ChatRefusal.MALFORMED),
            (Post(client_id="a", body="x"), ChatRefusal.NOT_IN_CONVERSATION),
            (Join(conversation_id=conversation_id), ChatRefusal.NOT_IN_CONVERSATION),
            (Join(conversation_id="unknown"), ChatRefusal.NOT_IN_CONVERSATION),
            (Leave(conversation_id=conversation_id), ChatRefusal.NOT_IN_CONVERSATION),
        ]
        for frame, code in cases:
            assert (await refused(charles, frame)).code is code, frame


CALLS: list[Callable[[WebChat, str], object]] = [
    lambda chat, conversation_id: chat.say(conversation_id, "x", agent_id="mary"),
    lambda chat, conversation_id: chat.receipt(conversation_id, agent_id="mary", read=1),
    lambda chat, _: chat.transcript("unknown"),
    lambda chat, _: chat.hand_over("unknown", "support"),
]


@pytest.mark.parametrize("call", CALLS)
async def test_calls_about_conversations_of_others_are_refused(call: Callable[[WebChat, str], object]) -> None:
    chat = chat_on(Floor())
    conversation_id = (await chat.open_session()).session.conversation_id
    with pytest.raises(ChatRefused) as raised:
        await call(chat, conversation_id)  # type: ignore[misc]
    assert raised.value.code == ChatRefusal.NOT_IN_CONVERSATION


async def test_nothing_that_was_said_is_shown() -> None:
    floor = Floor()
    chat = chat_on(floor)
    opened = await chat.open_session()
    async with floor.running():
        spoken = await chat.say(opened.session.conversation_id, "my account is empty")
        frame = Posted(conversation_id="c", number=1, at_us=1, party=spoken.party, body="my account is empty")
    assert opened.token not in repr(opened)
    for one in (spoken, frame, Post(client_id="a", body="my account is empty"), Hello(token=opened.token)):
        assert "account" not in repr(one)
        assert opened.token not in repr(one)
