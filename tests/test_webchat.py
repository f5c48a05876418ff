"""A web chat says everything once, in order, to everybody, whatever becomes of sockets."""

from __future__ import annotations

import anyio
import pytest

from ccroute import (
    CancelContact,
    CommandRefused,
    CompleteContact,
    ContactAbandoned,
    ContactActive,
    ContactQueued,
    EndWrapUp,
    EnqueueContact,
    Event,
    Message,
    Note,
    RefusalReason,
    TransferContact,
    UnknownName,
)
from ccroute.channels import webchat_following
from ccroute.channels.attachments import MemoryBlobs
from ccroute.channels.webchat import Heard, WebChat
from ccroute.channels.webchat_limits import ChatLimits
from ccroute.channels.webchat_protocol import (
    Ack,
    ChatPhase,
    ChatRefusal,
    CloseCode,
    End,
    Invited,
    Join,
    Joined,
    Leave,
    Left,
    Party,
    Post,
    Posted,
    Receipt,
    ReceiptTold,
    Refused,
    Status,
    Typing,
    TypingNow,
    read_server_frame,
)
from ccroute.channels.webchat_sessions import ChatState, MemorySessions
from ccroute.commands import Command
from ccroute.errors import StorageUnavailable
from ccroute.ports import Delivery
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


async def waiting(floor: Floor, chat: WebChat, **options: str) -> str:
    """Have a customer wait, without a socket, and return the conversation."""
    opened = await chat.open_session(**options)
    await chat.hand_over(opened.session.conversation_id, "support")
    await until_phase(chat, opened.session.conversation_id, ChatPhase.WAITING)
    return opened.session.conversation_id


async def until_phase(chat: WebChat, conversation_id: str, phase: ChatPhase) -> None:
    with anyio.fail_after(10):
        while (await chat.state(conversation_id)).phase is not phase:
            await anyio.sleep(0.001)


# ---- several sockets, typing, receipts -----------------------------------------------------------------------------


async def test_all_sockets_of_a_session_hear_the_same() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history)
    token = (await chat.open_session()).token
    async with floor.running(), customer(chat, token) as phone, customer(chat, token) as laptop:
        phone.say(Post(client_id="m1", body="from the phone"))
        (heard,) = await laptop.messages(1)
        assert (heard.client_id, heard.number) == ("m1", 1)
        laptop.say(Post(client_id="m2", body="from the laptop"))
        assert [one.client_id for one in await phone.messages(2)] == ["m1", "m2"]
        async with customer(chat, token, after=1) as tablet:
            assert (await tablet.until(Joined)).number == 2
            assert [one.number for one in await tablet.messages(1)] == [2]


async def test_what_is_posted_again_is_said_once() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history)
    token = (await chat.open_session()).token
    async with floor.running():
        async with customer(chat, token) as ada:
            for _ in range(3):
                ada.say(Post(client_id="m1", body="hello"))
            assert [(await ada.until(Ack)).number for _ in range(3)] == [1, 1, 1]
        # Behind a restart, too: what is known is in the history.
        floor.channel = chat = WebChat(history=floor.history, sessions=chat._store)
    async with floor.running(), customer(chat, token, after=1) as ada:
        ada.say(Post(client_id="m1", body="hello"))
        assert (await ada.until(Ack)).number == 1
        ada.say(Post(client_id="m2", body="hello"))
        assert (await ada.until(Ack)).number == 2


async def test_what_comes_twice_at_once_is_said_once() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history)
    conversation_id = (await chat.open_session()).session.conversation_id
    numbers: list[int] = []

    async def say() -> None:
        numbers.append((await chat.say(conversation_id, "hello", client_id="m1")).number)

    async with floor.running(), anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(say)
    assert numbers == [1, 1, 1]
    assert len(await chat.transcript(conversation_id)) == 1


async def test_typing_and_receipts_are_told_to_the_others() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history, queue_id="support", show_agent=str.upper)
    async with floor.running():
        await floor.come("charles")
        token = (await chat.open_session()).token
        async with customer(chat, token) as ada:
            ada.say(Post(client_id="m1", body="hello"))
            await ada.until(Status, lambda one: one.phase is ChatPhase.WAITING)
            async with agent(chat, "charles") as charles:
                await floor.accept()
                where = (await charles.until(Invited)).conversation_id
                charles.say(Join(conversation_id=where))
                await charles.until(Posted)
                charles.say(Typing(conversation_id=where))
                typing = await ada.until(TypingNow)
                assert (typing.party, typing.agent, typing.is_typing) == (Party.AGENT, "CHARLES", True)
                charles.say(Receipt(conversation_id=where, read=99))
                told = await ada.until(ReceiptTold)
                assert (told.agent, told.delivered, told.read) == ("CHARLES", 1, 1)
                charles.say(Receipt(conversation_id=where, read=0))
                ada.say(Typing(is_typing=False))
                ada.say(Receipt(delivered=1))
                assert not (await charles.until(TypingNow)).is_typing
                assert (await charles.until(ReceiptTold)).party is Party.CUSTOMER
                await chat.typing(where, agent_id="charles")
                await chat.typing(where)
                assert [(await ada.until(TypingNow)).party.value for _ in range(2)] == ["agent", "bot"]
                await chat.say(where, "Hi!", agent_id="charles")
                assert (await ada.until(Posted, lambda one: one.number == 2)).agent == "CHARLES"
                await chat.receipt(where, agent_id="charles", delivered=2)
                assert (await ada.until(ReceiptTold)).delivered == 2
        await chat.sweep()
        again = WebChat(history=floor.history, sessions=chat._store)
        assert (await again.state(where)).receipts == {"charles": (2, 1), "": (1, 0)}


# ---- contacts ------------------------------------------------------------------------------------------------------


async def test_whoever_a_contact_is_transferred_to_reads_everything() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history, queue_id="support")
    async with floor.running():
        await floor.come("charles", "mary")
        async with customer(chat, (await chat.open_session()).token) as ada, agent(chat, "charles") as charles:
            ada.say(Post(client_id="m1", body="hello"))
            await ada.until(Status, lambda one: one.phase is ChatPhase.WAITING)
            contact_id = (await floor.accept()).contact_id
            where = (await charles.until(Invited)).conversation_id
            charles.say(Join(conversation_id=where))
            await charles.until(Posted)
            charles.say(Post(client_id="m1", body="I hand you on", conversation_id=where))
            await charles.until(Ack)
            async with agent(chat, "mary") as mary:
                await floor.send(TransferContact(contact_id=contact_id, agent_id="charles", to_queue="loans"))
                assert (await ada.until(Status, lambda one: one.event == "contact.transferred")).agents == ["charles"]
                assert (await charles.until(Left)).conversation_id == where
                await floor.accept()
                assert (await mary.until(Invited)).conversation_id == where
                mary.say(Join(conversation_id=where))
                assert [one.body for one in await mary.messages(2)] == ["hello", "I hand you on"]
                charles.say(Post(client_id="m2", body="still here?", conversation_id=where))
                assert (await charles.until(Refused)).code is ChatRefusal.NOT_IN_CONVERSATION
                mary.say(Leave(conversation_id=where))
                assert (await mary.until(Left)).conversation_id == where
                mary.say(Join(conversation_id=where, after=1))
                assert [one.number for one in await mary.messages(1)] == [2]
                status = await ada.until(Status, lambda one: one.phase is ChatPhase.ACTIVE and one.agents == ["mary"])
                assert status.contact_id == contact_id


async def test_an_agent_who_comes_later_is_invited_at_once() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history)
    async with floor.running():
        await floor.come("charles")
        conversation_id = await waiting(floor, chat)
        await floor.accept()
        await until_phase(chat, conversation_id, ChatPhase.ACTIVE)
        await waiting(floor, chat)
        async with agent(chat, "charles") as charles:
            assert (await charles.until(Invited)).conversation_id == conversation_id


@pytest.mark.parametrize("is_active", [False, True])
async def test_a_customer_ends_the_contact(is_active: bool) -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history, queue_id="support")
    async with floor.running():
        await floor.come("charles")
        async with customer(chat, (await chat.open_session()).token) as ada:
            ada.say(Post(client_id="m1", body="hello"))
            await ada.until(Status, lambda one: one.phase is ChatPhase.WAITING)
            if is_active:
                await floor.accept()
                await ada.until(Status, lambda one: one.phase is ChatPhase.ACTIVE)
            ada.say(End())
            over = await ada.until(Status, lambda one: one.phase is ChatPhase.OVER)
            assert over.event == ("contact.closed" if is_active else "contact.abandoned")
            # What is said next begins anew, in the same conversation.
            ada.say(Post(client_id="m2", body="one more thing"))
            again = await ada.until(Status, lambda one: one.phase is ChatPhase.WAITING)
            assert again.contact_id != over.contact_id


async def test_it_is_over_for_the_customer_when_the_last_agent_writes_it_up() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history, queue_id="support")
    async with floor.running():
        await floor.come("charles")
        async with customer(chat, (await chat.open_session()).token) as ada:
            ada.say(Post(client_id="m1", body="hello"))
            await ada.until(Status, lambda one: one.phase is ChatPhase.WAITING)
            contact_id = (await floor.accept()).contact_id
            await ada.until(Status, lambda one: one.agents == ["charles"])
            await floor.send(CompleteContact(contact_id=contact_id, wrap_up_us="unlimited"))
            over = await ada.until(Status)
            assert (over.agents, over.phase) == ([], ChatPhase.OVER)
            ada.say(Post(client_id="m2", body="wait!"))
            again = await ada.until(Status, lambda one: one.phase is ChatPhase.WAITING)
            assert again.contact_id != contact_id
            await floor.send(EndWrapUp(contact_id=contact_id, agent_id="charles"))
            await settle()
            assert (await chat.state(again.conversation_id)).phase is ChatPhase.WAITING


async def test_it_waits_for_the_customer_while_the_giver_writes_it_up() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history, queue_id="wrapped")
    async with floor.running():
        await floor.come("charles")
        async with customer(chat, (await chat.open_session()).token) as ada:
            ada.say(Post(client_id="m1", body="hello"))
            await ada.until(Status, lambda one: one.phase is ChatPhase.WAITING)
            contact_id = (await floor.accept()).contact_id
            await ada.until(Status, lambda one: one.agents == ["charles"])
            await floor.send(TransferContact(contact_id=contact_id, agent_id="charles", to_queue="loans"))
            told = [await ada.until(Status) for _ in range(3)]
            assert [one.event for one in told] == ["contact.transferred", "leg.wrap_up_started", "contact.queued"]
            assert [one.phase.value for one in told] == ["active", "waiting", "waiting"]
            await floor.send(EndWrapUp(contact_id=contact_id, agent_id="charles"))
            assert (await ada.until(Status)).phase is ChatPhase.WAITING


async def test_handing_over_twice_gives_one_contact() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history)
    async with floor.running():
        conversation_id = (await chat.open_session(customer_id="ada")).session.conversation_id
        first = await chat.hand_over(conversation_id, "support", tier=2, attributes={"language": "en"})
        assert await chat.hand_over(conversation_id, "support") == first
        await until_phase(chat, conversation_id, ChatPhase.WAITING)
        assert await chat.hand_over(conversation_id, "support") == first
        assert await chat.conversation_of(first.contact_id) == conversation_id
        assert await chat.conversation_of("unknown") is None
    (queued,) = [one for one in floor.events if isinstance(one, ContactQueued)]
    assert (queued.customer_id, queued.conversation_id, queued.tier) == ("ada", conversation_id, 2)


async def test_what_the_engine_can_never_take_raises_and_is_over() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history)
    async with floor.running():
        conversation_id = (await chat.open_session()).session.conversation_id
        with pytest.raises(UnknownName):
            await chat.hand_over(conversation_id, "nowhere")
        assert (await chat.state(conversation_id)).phase is ChatPhase.OVER
        assert (await chat.hand_over(conversation_id, "support")).reason is None


async def test_what_the_engine_refuses_is_told_and_over() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history)
    real = floor.send

    async def refuse(command: Command) -> list[Event]:
        return [
            CommandRefused(
                seq=1, at_us=1, cause="command:1", command="contact.enqueue", reason=RefusalReason.CONTACTS_MAX
            )
        ]

    async with floor.running():
        conversation_id = (await chat.open_session()).session.conversation_id
        floor.send = refuse  # type: ignore[method-assign]
        assert (await chat.hand_over(conversation_id, "support")).reason is RefusalReason.CONTACTS_MAX
        floor.send = real  # type: ignore[method-assign]
        assert (await chat.state(conversation_id)).phase is ChatPhase.OVER


@pytest.mark.parametrize("queue_id", ["support", "nowhere"])
async def test_a_contact_that_was_asked_for_when_the_server_died_is_asked_for_again(queue_id: str) -> None:
    floor = Floor()
    store = MemorySessions()
    chat = floor.channel = WebChat(history=floor.history, sessions=store)
    real = floor.send

    async def die(command: Command) -> list[Event]:
        raise OSError("the process dies here")

    async with floor.running():
        conversation_id = (await chat.open_session()).session.conversation_id
        floor.send = die  # type: ignore[method-assign]
        with pytest.raises(OSError, match="dies"):
            await chat.hand_over(conversation_id, queue_id)
        floor.send = real  # type: ignore[method-assign]
    chat = floor.channel = WebChat(history=floor.history, sessions=store)
    async with floor.running():
        phase = ChatPhase.WAITING if queue_id == "support" else ChatPhase.OVER
        await until_phase(chat, conversation_id, phase)


async def test_a_contact_that_the_host_enqueued_is_adopted() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history)
    async with floor.running():
        conversation_id = (await chat.open_session()).session.conversation_id
        for contact_id, conversation in (("vip", conversation_id), ("other", "unknown"), ("none", None)):
            await floor.send(
                EnqueueContact(contact_id=contact_id, queue_id="support", channel="chat", conversation_id=conversation)
            )
        await until_phase(chat, conversation_id, ChatPhase.WAITING)
        assert await chat.conversation_of("vip") == conversation_id
        await floor.send(
            EnqueueContact(contact_id="second", queue_id="support", channel="chat", conversation_id=conversation_id)
        )
        await floor.send(CancelContact(contact_id="second"))
        await floor.send(CancelContact(contact_id="vip"))
        await until_phase(chat, conversation_id, ChatPhase.OVER)


async def test_an_event_that_comes_again_changes_nothing() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history)
    async with floor.running():
        await floor.come("charles")
        conversation_id = await waiting(floor, chat)
        await floor.accept()
        await until_phase(chat, conversation_id, ChatPhase.ACTIVE)
        before = await chat.state(conversation_id)
        for event in floor.events:
            await chat.deliver(Delivery(key=f"engine:{event.seq}", event=event, attempt=2))
        assert await chat.state(conversation_id) == before


async def test_a_customer_who_went_away_gives_up_the_place() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history, limits=ChatLimits(absent_us=1_000_000))
    async with floor.running():
        conversation_id = await waiting(floor, chat)
        await chat.sweep()
        await chat.sweep()
        assert (await chat.state(conversation_id)).phase is ChatPhase.WAITING
        floor.pass_time(2_000_000)
        await chat.sweep()
        await until_phase(chat, conversation_id, ChatPhase.OVER)
        assert any(isinstance(one, ContactAbandoned) for one in floor.events)


async def test_what_nobody_uses_is_put_away_and_found_again() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history)
    async with floor.running():
        conversation_id = (await chat.open_session()).session.conversation_id
        await chat.say(conversation_id, "hello")
        with anyio.fail_after(10):
            while chat.figures().conversations:
                await chat.sweep()
                await anyio.sleep(0.001)
        assert [one.body for one in await chat.transcript(conversation_id)] == ["hello"]


# ---- bots ----------------------------------------------------------------------------------------------------------


async def test_a_bot_that_fails_is_asked_again_and_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webchat_following, "_BOT_RETRY_S", 0.0)
    floor = Floor()
    heard: list[tuple[str, int]] = []

    async def bot(one: Heard) -> None:
        heard.append((one.message.body, one.attempt))
        if one.message.body == "hang":
            await anyio.sleep_forever()
        if one.message.body == "raise":
            raise ZeroDivisionError

    chat = floor.channel = WebChat(history=floor.history, bot=bot, bot_us=1_000)
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        for number, body in enumerate(["raise", "hang", "fine"]):
            ada.say(Post(client_id=f"m{number}", body=body))
        with anyio.fail_after(10):
            while ("fine", 1) not in heard:
                await anyio.sleep(0.001)
    assert heard == [*[("raise", one) for one in (1, 2, 3)], *[("hang", one) for one in (1, 2, 3)], ("fine", 1)]
    assert chat.figures().bot_failures == 6


async def test_what_a_bot_has_not_heard_it_hears_behind_a_restart() -> None:
    floor = Floor()
    store = MemorySessions()
    heard: list[str] = []

    async def deaf(one: Heard) -> None:
        await anyio.sleep_forever()

    async def bot(one: Heard) -> None:
        heard.append(one.message.body)

    chat = floor.channel = WebChat(history=floor.history, sessions=store, bot=deaf)
    async with floor.running(), customer(chat, (await chat.open_session()).token) as ada:
        ada.say(Post(client_id="m1", body="hello"))
        await ada.until(Ack)
    floor.channel = WebChat(history=floor.history, sessions=store, bot=bot)
    async with floor.running():
        with anyio.fail_after(10):
            while heard != ["hello"]:
                await anyio.sleep(0.001)


async def test_a_history_that_fails_keeps_the_bot_waiting_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    floor = Floor()
    store = MemorySessions()
    heard: list[str] = []

    async def bot(one: Heard) -> None:
        heard.append(one.message.body)

    store.save([ChatState(conversation_id="c1", customer_id=None, number=1)])
    floor.history.add(
        Message(entry_id="chat:c1:1:c:m1", at_us=1, conversation_id="c1", body="hello", from_customer=True)
    )
    real = floor.history.conversation
    failures = [StorageUnavailable("history", "no disk")]

    def conversation(conversation_id: str, *, page_size: int = 50, cursor: str | None = None) -> object:
        if failures:
            raise failures.pop()
        return real(conversation_id, page_size=page_size, cursor=cursor)

    monkeypatch.setattr(floor.history, "conversation", conversation)
    chat = floor.channel = WebChat(history=floor.history, sessions=store, bot=bot)
    async with floor.running():
        with anyio.fail_after(10):
            while heard != ["hello"]:
                await anyio.sleep(0.001)
                await chat.sweep()


# ---- forgetting ----------------------------------------------------------------------------------------------------


async def test_a_customer_is_erased_with_sockets_sessions_and_files() -> None:
    floor = Floor()
    blobs = MemoryBlobs()
    chat = floor.channel = WebChat(history=floor.history, blobs=blobs)
    opened = await chat.open_session(customer_id="ada")
    async with floor.running(), customer(chat, opened.token) as ada:
        await ada.until(Joined)
        await chat.upload(opened.session.conversation_id, "a.txt", b"hello")
        floor.history.erase("ada")
        assert await chat.erase("ada") == 1
        assert await ada.end() is CloseCode.UNAUTHORIZED
        assert await chat.session(opened.token) is None
        assert blobs.usage(opened.session.conversation_id) == (0, 0)


async def test_old_sessions_are_forgotten() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history, clock=floor)
    opened = await chat.open_session()
    assert await chat.forget(before_us=opened.session.began_at_us) == 0
    assert await chat.forget(before_us=opened.session.began_at_us + 1) == 1
    assert await chat.session(opened.token) is None


async def test_numbers_go_on_where_messages_were_forgotten() -> None:
    floor = Floor()
    store = MemorySessions()
    chat = floor.channel = WebChat(history=floor.history, sessions=store)
    opened = await chat.open_session()
    async with floor.running():
        for number in range(3):
            await chat.say(opened.session.conversation_id, f"{number}")
    floor.history.forget(before_us=floor.now_us())
    chat = floor.channel = WebChat(history=floor.history, sessions=store)
    async with floor.running(), customer(chat, opened.token, after=2) as ada:
        assert (await ada.until(Joined)).number == 3
        ada.say(Post(client_id="m1", body="hello"))
        assert (await ada.messages(1))[0].number == 4


async def test_messages_of_others_in_the_conversation_are_passed_over() -> None:
    floor = Floor()
    chat = floor.channel = WebChat(history=floor.history)
    conversation_id = (await chat.open_session()).session.conversation_id
    for entry_id in ("mail-1", f"chat:{conversation_id}:x:c:m1", "chat:other:1:c:m1", f"chat:{conversation_id}:1:b:m1"):
        floor.history.add(
            Message(entry_id=entry_id, at_us=1, conversation_id=conversation_id, body="hello", from_customer=True)
        )
    floor.history.add(Note(entry_id="note", at_us=1, conversation_id=conversation_id, body="hello"))
    assert await chat.transcript(conversation_id) == []


async def test_a_server_frame_that_is_none_raises() -> None:
    with pytest.raises(ValueError, match="JSON"):
        read_server_frame("nonsense")
