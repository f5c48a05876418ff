"""What happens rarely in a web chat: errors at the seams, races, and what came from somebody else."""

from __future__ import annotations

import anyio
import msgspec
import pytest

from ccroute import ChatRefused, ContactActive, EnqueueContact, OutOfRange
from ccroute.channels import webchat_writer
from ccroute.channels.messengers import read_vk
from ccroute.channels.webchat import WebChat
from ccroute.channels.webchat_contacts import adopted
from ccroute.channels.webchat_conversations import Conversation
from ccroute.channels.webchat_protocol import ChatPhase, Joined, Party, Post, Posted
from ccroute.channels.webchat_sessions import ChatContact, ChatState, MemorySessions
from ccroute.channels.webhook_storing import SqliteHooks
from ccroute.errors import StorageUnavailable
from ccroute.events import CommandRefused, ContactQueued, Event
from ccroute.ports import Delivery
from ccroute.storage.migrations import migrate
from ccroute.storage.sqlite import SqliteDatabase
from ccroute.timeline import AnyAddition
from ccroute.types import RefusalReason
from tests.chat_floor import Floor, Wire, agent, chat_on, customer, settle

pytestmark = [pytest.mark.outer, pytest.mark.anyio]


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_history_that_loses_answers_is_asked_until_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webchat_writer, "_RETRY_S", (0.0,))
    floor = Floor()
    chat = chat_on(floor)
    conversation_id = (await chat.open_session()).session.conversation_id
    floor.lost_answers = 2
    floor.additions_failing.append(OSError("no disk"))
    async with floor.running():
        assert (await chat.say(conversation_id, "hello")).number == 1
        assert (await chat.say(conversation_id, "again")).number == 2
    assert chat.figures().retries == 3


async def test_what_a_history_never_takes_is_refused_alone() -> None:
    floor = Floor()
    chat = chat_on(floor)
    conversation_id = (await chat.open_session()).session.conversation_id
    real = floor.add

    async def add(*additions: AnyAddition) -> None:
        if any(getattr(one, "body", "") == "never" for one in additions):
            raise OutOfRange("body", 0, "something else")
        await real(*additions)

    floor.add = add  # type: ignore[method-assign]
    results: list[str] = []

    async def say(body: str) -> None:
        try:
            results.append((await chat.say(conversation_id, body, client_id=body)).body)
        except ChatRefused as refusal:
            results.append(refusal.code)

    async with floor.running(), anyio.create_task_group() as group:
        for body in ("first", "never", "never", "last"):
            group.start_soon(say, body)
    assert sorted(results) in (
        ["first", "last", "malformed", "malformed"],
        ["first", "last", "malformed", "unavailable"],
    )
    assert [one.number for one in await chat.transcript(conversation_id)] == [1, 2]


async def test_a_text_that_is_none_is_refused() -> None:
    floor = Floor()
    chat = chat_on(floor)
    conversation_id = (await chat.open_session()).session.conversation_id
    async with floor.running():
        with pytest.raises(ChatRefused, match="surrogates"):
            await chat.say(conversation_id, "\ud800")


async def test_what_was_being_written_when_the_chat_stopped_is_to_be_sent_again() -> None:
    floor = Floor()
    chat = chat_on(floor)
    conversation_id = (await chat.open_session()).session.conversation_id
    begun = anyio.Event()

    async def hang(*additions: AnyAddition) -> None:
        begun.set()
        await anyio.sleep_forever()

    floor.add = hang  # type: ignore[method-assign]
    codes: list[str] = []

    async def say() -> None:
        with pytest.raises(ChatRefused) as raised:
            await chat.say(conversation_id, "hello")
        codes.append(raised.value.code)

    async with anyio.create_task_group() as group, floor.running():
        group.start_soon(say)
        await begun.wait()
    assert codes == ["unavailable"]
    with pytest.raises(ChatRefused, match="unavailable"):
        await chat.hand_over(conversation_id, "support")


async def test_two_who_look_for_a_conversation_find_the_same() -> None:
    floor = Floor()
    chat = chat_on(floor)
    conversation_id = (await chat.open_session()).session.conversation_id
    found: list[Conversation] = []

    async def look() -> None:
        async with chat._talks.holding(conversation_id) as conversation:
            found.append(conversation)
            await chat._talks.read(conversation)

    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(look)
    assert found[0] is found[1]


async def test_one_agent_of_several_is_invited_and_other_sockets_stay() -> None:
    floor = Floor()
    chat = chat_on(floor, queue_id="support")
    async with floor.running():
        await floor.come("charles")
        async with agent(chat, "charles") as charles, agent(chat, "mary") as mary:
            first, second = [(await chat.open_session()).token for _ in range(2)]
            async with customer(chat, first) as ada, customer(chat, second) as bela:
                ada.say(Post(client_id="m1", body="hello"))
                await ada.until(Posted)
                with anyio.fail_after(10):
                    while not any(isinstance(one, ContactQueued) for one in floor.events):
                        await anyio.sleep(0.001)
                await floor.accept()
                await charles.next()
                await bela.until(Joined)
                await chat.end_session(first)
                assert (await ada.end()).name == "UNAUTHORIZED"
                bela.say(Post(client_id="m1", body="hello"))
                await bela.until(Posted)
            assert mary.frames == []


async def test_messages_of_a_page_follow_those_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    from ccroute.channels import webchat_conversations

    monkeypatch.setattr(webchat_conversations, "PAGE_SIZE_MAX", 2)
    floor = Floor()
    sessions = MemorySessions()
    chat = chat_on(floor, sessions=sessions)
    conversation_id = (await chat.open_session()).session.conversation_id
    async with floor.running():
        for number in range(5):
            await chat.say(conversation_id, f"{number}")
    again = chat_on(floor, sessions=sessions)
    assert [one.body for one in await again.transcript(conversation_id)] == ["0", "1", "2", "3", "4"]


async def test_a_contact_that_exists_already_is_the_one_that_was_asked_for() -> None:
    floor = Floor()
    chat = chat_on(floor)
    real = floor.send

    async def send(command: object) -> list[Event]:
        return [
            CommandRefused(
                seq=1, at_us=1, cause="command:1", command="contact.enqueue", reason=RefusalReason.CONTACT_EXISTS
            )
        ]

    async with floor.running():
        conversation_id = (await chat.open_session()).session.conversation_id
        floor.send = send  # type: ignore[method-assign]
        assert (await chat.hand_over(conversation_id, "support")).reason is None
        floor.send = real  # type: ignore[method-assign]
        assert (await chat.state(conversation_id)).phase is ChatPhase.ASKED


async def test_a_contact_that_was_begun_meanwhile_is_not_given_up() -> None:
    floor = Floor()
    chat = chat_on(floor)
    async with floor.running():
        conversation_id = (await chat.open_session()).session.conversation_id
        async with chat._talks.holding(conversation_id) as conversation:
            await chat._following._give_up(
                conversation, EnqueueContact(contact_id="c", queue_id="support", channel="chat")
            )
            assert conversation.state.phase is ChatPhase.BOT


async def test_a_store_that_fails_makes_the_delivery_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    floor = Floor()
    sessions = MemorySessions()
    chat = chat_on(floor, sessions=sessions)
    async with floor.running():
        conversation_id = (await chat.open_session()).session.conversation_id
        handed = await chat.hand_over(conversation_id, "support")
        await settle()
        event = ContactActive(
            seq=99,
            at_us=1,
            cause="command:1",
            contact_id=handed.contact_id,
            agent_id="charles",
            offer_id="o1",
            queue_id="support",
            channel="chat",
            cost=1,
            waited_us=0,
        )
        with monkeypatch.context() as patch:
            patch.setattr(sessions, "save", _fail)
            with pytest.raises(StorageUnavailable):
                await chat.deliver(Delivery(key="engine:99", event=event, attempt=1))
        await chat.deliver(Delivery(key="engine:99", event=event, attempt=2))
        state = sessions.state(conversation_id)
        assert state is not None
        assert state.phase is ChatPhase.ACTIVE


def _fail(*arguments: object) -> None:
    raise StorageUnavailable("chat", "no disk")


def test_only_what_is_new_in_a_conversation_is_adopted() -> None:
    state = ChatState(conversation_id="c", customer_id=None)
    queued = ContactQueued(
        seq=5,
        at_us=5,
        cause="command:1",
        contact_id="vip",
        handle=1,
        queue_id="support",
        channel="chat",
        customer_id=None,
        conversation_id="c",
        parent_id=None,
        tier=0,
        head_start_us=0,
        place_at_us=5,
    )
    found = adopted(state, queued, "chat")
    assert found is not None
    assert found.contact is not None
    assert adopted(found, queued, "chat") is None
    assert adopted(state, msgspec.structs.replace(queued, parent_id="other"), "chat") is None
    assert adopted(state, msgspec.structs.replace(queued, conversation_id="other"), "chat") is None
    over = ChatContact(command=found.contact.command, phase=ChatPhase.OVER, seq=5)
    assert adopted(msgspec.structs.replace(state, contact=over), queued, "chat") is None
    assert (
        adopted(state, CommandRefused(seq=5, at_us=5, cause="c", command="x", reason=RefusalReason.VERSION), "c")
        is None
    )


async def test_a_peer_that_is_ending_hears_no_more() -> None:
    floor = Floor()
    chat = WebChat(history=floor.history)
    wire = Wire()
    peer = chat._peer(wire, Party.AGENT, "charles")
    from ccroute.channels.webchat_protocol import CloseCode, Pong

    peer.end(CloseCode.IDLE)
    peer.end(CloseCode.FAILED)
    peer.tell(Pong())
    assert peer.code is CloseCode.IDLE
    await peer.pump()
    assert (await wire.next()).code is CloseCode.IDLE  # type: ignore[union-attr]
    assert not await peer._send_next("unknown")


def test_a_store_of_hooks_of_a_newer_release_is_refused(tmp_path) -> None:
    database = SqliteDatabase(tmp_path / "hooks")
    migrate(database, "webhook", [f"CREATE TABLE t{number} (a INTEGER) STRICT;" for number in range(9)])
    with pytest.raises(Exception, match="must be of version"):
        SqliteHooks(database, vault=None)


def test_a_time_of_vk_may_be_of_digits() -> None:
    body = (
        b'{"type":"message_new","group_id":1,"object":{"peer_id":5,"from_id":5,"id":7,"date":"1700000000","text":"x"}}'
    )
    assert read_vk(body).messages[0].at_us == 1_700_000_000_000_000
    assert read_vk(body.replace(b'"1700000000"', b"[]")).passed_over == ("malformed",)
    assert read_vk(body.replace(b'"object":{', b'"object":[],"o":{')).passed_over == ("malformed",)


def test_refusals_survive_pickling() -> None:
    import pickle

    refusal = ChatRefused("busy", "later", 5)
    again = pickle.loads(pickle.dumps(refusal))
    assert (again.code, again.allowed, again.retry_after_us, str(again)) == ("busy", "later", 5, "busy: later")


async def test_a_chat_that_runs_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    from ccroute.channels import webchat

    monkeypatch.setattr(webchat, "_SWEEP_S", 0.001)
    floor = Floor()
    chat = chat_on(floor)
    conversation_id = (await chat.open_session()).session.conversation_id
    async with floor.running():
        await chat.say(conversation_id, "hello")
        with anyio.fail_after(10):
            while chat.figures().conversations:
                await anyio.sleep(0.001)


async def test_a_store_that_is_behind_the_history_follows_it() -> None:
    floor = Floor()
    sessions = MemorySessions()
    chat = chat_on(floor, sessions=sessions)
    opened = await chat.open_session()
    async with floor.running():
        await chat.say(opened.session.conversation_id, "hello")
    # As a crash leaves it between the history and the store.
    sessions.save([ChatState(conversation_id=opened.session.conversation_id, customer_id=None)])
    chat = chat_on(floor, sessions=sessions)
    async with floor.running(), customer(chat, opened.token) as ada:
        assert (await ada.until(Posted)).number == 1
        ada.say(Post(client_id="m1", body="again"))
        assert (await ada.until(Posted)).number == 2
