"""Webhooks take what is signed, once, and tell of everything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from ccroute import (
    CancelContact,
    CommandRefused,
    ContactQueued,
    EnqueueContact,
    Event,
    MemoryHistory,
    Message,
    OutOfRange,
    RefusalReason,
    Undeliverable,
)
from ccroute.channels.messengers import Incoming, Parsed, read_telegram, read_vk, read_whatsapp
from ccroute.channels.webchat_protocol import ChatPhase
from ccroute.channels.webchat_sessions import MemorySessions
from ccroute.channels.webhook import Outbound, WebhookChannel
from ccroute.channels.webhook_storing import HookStore, MemoryHooks, Novelty, SqliteHooks
from ccroute.channels.webhook_verifying import (
    HmacSignature,
    SecretInBody,
    VkConfirmation,
    WebhookRequest,
    WebhookResponse,
)
from ccroute.commands import Command
from ccroute.customers import memory_vault
from ccroute.errors import StorageUnavailable
from ccroute.ports import Delivery
from tests.chat_floor import Floor, settle
from tests.hook_requests import NOW_US, SECRET, payload, request, signed

pytestmark = pytest.mark.outer

KEY = b"a key that never changes"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# ---- storing -------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "sqlite", "sealed"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., HookStore]]:
    made: list[HookStore] = []

    def make(**options: int) -> HookStore:
        if request.param == "memory":
            store: HookStore = MemoryHooks(**options)
        else:
            vault = memory_vault() if request.param == "sealed" else None
            store = SqliteHooks(tmp_path / "hooks", vault=vault, **options)
        made.append(store)
        return store

    yield make
    for store in made:
        store.close()


def test_an_update_is_new_once(make_store: Callable[..., HookStore]) -> None:
    store = make_store()
    assert store.novelty("u1", 10) is Novelty.NEW
    store.note("u1", 10, 10)
    store.note("u1", 10, 10)
    assert store.novelty("u1", 10) is Novelty.SEEN
    assert store.novelty("u2", 10) is Novelty.NEW


def test_behind_the_number_old_updates_are_stale_and_never_new(make_store: Callable[..., HookStore]) -> None:
    store = make_store(ids=3)
    for number in range(5):
        store.note(f"u{number}", number, 5)
    assert [store.novelty(f"u{number}", number).value for number in range(5)] == ["stale"] * 2 + ["seen"] * 3
    assert store.novelty("late", 1) is Novelty.STALE
    assert store.novelty("late", 2) is Novelty.NEW


def test_behind_the_window_old_updates_are_stale(make_store: Callable[..., HookStore]) -> None:
    store = make_store(window_us=10)
    store.note("u1", 1, 1)
    store.note("u2", 20, 20)
    assert store.novelty("u1", 1) is Novelty.STALE
    assert store.novelty("u2", 20) is Novelty.SEEN


def test_the_last_address_counts_until_it_is_forgotten(make_store: Callable[..., HookStore]) -> None:
    store = make_store()
    assert store.address("c1") is None
    store.remember("c1", "ada", "15550100123")
    store.remember("c1", None, "15550100124")
    assert store.address("c1") == "15550100124"
    store.forget(["c1", "c2"])
    assert store.address("c1") is None


def test_an_address_is_sealed_and_gone_with_the_key(tmp_path: Path) -> None:
    vault = memory_vault()
    store = SqliteHooks(tmp_path / "hooks", vault=vault)
    store.remember("c1", "ada", "15550100123")
    assert b"15550100123" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    vault.destroy("ada")
    assert store.address("c1") is None
    store.close()
    unsealed = SqliteHooks(tmp_path / "hooks", vault=None)
    assert unsealed.address("c1") is None
    unsealed.close()


# ---- the channel ---------------------------------------------------------------------------------------------------


class Hook:
    """A channel on a floor, and what it sent out."""

    def __init__(self, **options: object) -> None:
        self.history = MemoryHistory()
        self.floor = Floor(history=self.history)
        self.floor._now_us = NOW_US
        self.sent: list[Outbound] = []
        self.failing: list[Exception] = []
        self.channel = self.floor.channel = self.make(**options)

    def make(self, **options: object) -> WebhookChannel:
        defaults: dict[str, object] = {
            "verifier": HmacSignature(SECRET),
            "read": read_telegram,
            "queue_id": "support",
            "key": KEY,
            "send": self.send,
        }
        return WebhookChannel(**defaults | options)  # type: ignore[arg-type]

    async def send(self, outbound: Outbound) -> None:
        if self.failing:
            raise self.failing.pop(0)
        self.sent.append(outbound)

    def messages(self) -> list[Message]:
        return [one.addition for one in self.history._additions.values() if isinstance(one.addition, Message)]

    def contacts(self) -> list[ContactQueued]:
        return [one for one in self.floor.events if isinstance(one, ContactQueued)]


def update(number: int, text: str = "Hello", chat: int = 5) -> WebhookRequest:
    return signed(
        json.dumps(
            {
                "update_id": number,
                "message": {
                    "message_id": number,
                    "from": {"id": chat, "is_bot": False, "first_name": "Test"},
                    "chat": {"id": chat, "type": "private"},
                    "date": NOW_US // 1_000_000 + number,
                    "text": text,
                },
            }
        ).encode()
    )


@pytest.mark.anyio
async def test_messages_become_one_contact_of_their_conversation() -> None:
    hook = Hook()
    async with hook.floor.running():
        for number, text in enumerate(["Hello", "Where is my parcel?"], start=1):
            assert (await hook.channel.handle(update(number, text))).status == 200
        assert (await hook.channel.handle(update(3, "Me too", chat=6))).status == 200
        await settle()
    assert len(hook.contacts()) == 2
    first = hook.contacts()[0]
    assert [one.body for one in hook.messages()] == ["Hello", "Where is my parcel?", "Me too"]
    assert {one.contact_id for one in hook.messages()[:2]} == {first.contact_id}
    assert hook.messages()[0].conversation_id == first.conversation_id
    assert first.conversation_id != "5"
    assert hook.channel.figures().taken == 3


@pytest.mark.anyio
async def test_an_update_that_comes_again_is_taken_once() -> None:
    hook = Hook()
    async with hook.floor.running():
        for _ in range(3):
            assert (await hook.channel.handle(update(1))).status == 200
        await settle()
        await hook.floor.send(CancelContact(contact_id=hook.contacts()[0].contact_id))
        await settle()
        assert (await hook.channel.handle(update(1))).status == 200
    assert (len(hook.messages()), len(hook.contacts())) == (1, 1)
    assert hook.channel.figures().repeated == 3


@pytest.mark.anyio
async def test_behind_the_end_of_a_contact_the_next_message_begins_another() -> None:
    hook = Hook()
    async with hook.floor.running():
        await hook.channel.handle(update(1))
        await settle()
        await hook.floor.send(CancelContact(contact_id=hook.contacts()[0].contact_id))
        for _ in range(20):
            await anyio.sleep(0.001)
            if (await hook.channel._state(hook.messages()[0].conversation_id or "")).phase is ChatPhase.OVER:
                break
        await hook.channel.handle(update(2))
    assert len({one.contact_id for one in hook.contacts()}) == 2


@pytest.mark.anyio
async def test_what_is_not_genuine_changes_nothing() -> None:
    hook = Hook()
    async with hook.floor.running():
        assert (await hook.channel.handle(request(update(1).body))).status == 403
        assert (await hook.channel.handle(request(b"", method="GET"))).status == 405
        assert (await hook.channel.handle(signed(b"x" * (1024 * 1024 + 1)))).status == 413
    assert (await hook.channel.handle(update(1))).status == 503
    assert hook.messages() == []
    assert hook.channel.figures().answered == {403: 1, 405: 1, 413: 1, 503: 1}


@pytest.mark.anyio
async def test_what_is_no_message_is_counted_and_answered() -> None:
    hook = Hook()
    async with hook.floor.running():
        for name in ("telegram_edited", "telegram_edited", "telegram_joined"):
            assert (await hook.channel.handle(signed(payload(name)))).status == 200
        assert (await hook.channel.handle(signed(b"nonsense"))).status == 200
        for number in range(70):
            body = json.dumps({"update_id": 1, f"kind_{number}": {}}).encode()
            assert (await hook.channel.handle(signed(body))).status == 200
    counted = hook.channel.figures().passed_over
    assert (counted["edited_message"], counted["service_message"], counted["malformed"]) == (2, 1, 1)
    assert len(counted) == 65
    assert counted["others"] == 9


@pytest.mark.anyio
async def test_the_platforms_question_is_answered() -> None:
    hook = Hook(
        verifier=SecretInBody(SECRET),
        read=read_vk,
        handshake=VkConfirmation(group_id=1, confirmation="0a1b2c3d"),
        answer="ok",
    )
    assert (await hook.channel.handle(request(payload("vk_confirmation")))).body == "0a1b2c3d"
    async with hook.floor.running():
        assert await hook.channel.handle(request(payload("vk_message"))) == WebhookResponse(status=200, body="ok")


@pytest.mark.anyio
async def test_what_fails_is_to_be_sent_again() -> None:
    hook = Hook()
    hook.floor.additions_failing.append(StorageUnavailable("history", "no disk"))
    async with hook.floor.running():
        assert (await hook.channel.handle(update(1))).status == 503
        assert hook.messages() == []
        assert (await hook.channel.handle(update(1))).status == 200
    assert (len(hook.messages()), len(hook.contacts()), hook.channel.figures().failed) == (1, 1, 1)


@pytest.mark.anyio
async def test_who_takes_too_long_is_asked_to_send_again() -> None:
    async def hang(message: Incoming) -> str | None:
        await anyio.sleep_forever()

    hook = Hook(identify=hang, answer_us=1)
    async with hook.floor.running():
        assert (await hook.channel.handle(update(1))).status == 503
    assert hook.messages() == []


@pytest.mark.anyio
async def test_more_requests_than_are_worked_on_are_to_be_sent_again() -> None:
    begun, gone_on = anyio.Event(), anyio.Event()

    async def wait(message: Incoming) -> str | None:
        begun.set()
        await gone_on.wait()
        return None

    hook = Hook(identify=wait, at_once=1)
    answers: list[int] = []

    async def ask() -> None:
        answers.append((await hook.channel.handle(update(1))).status)

    async with hook.floor.running(), anyio.create_task_group() as group:
        group.start_soon(ask)
        await begun.wait()
        answers.append((await hook.channel.handle(update(2))).status)
        gone_on.set()
    assert answers == [503, 200]


@pytest.mark.anyio
async def test_a_contact_that_the_engine_refuses_is_counted() -> None:
    hook = Hook()
    real = hook.floor.send

    async def refuse(command: Command) -> list[Event]:
        await real(command)
        return [
            CommandRefused(
                seq=1, at_us=1, cause="command:1", command="contact.enqueue", reason=RefusalReason.CONTACTS_MAX
            )
        ]

    hook.floor.send = refuse  # type: ignore[method-assign]
    async with hook.floor.running():
        assert (await hook.channel.handle(update(1))).status == 200
    assert hook.channel.figures().passed_over == {"contact_refused.contacts_max": 1}


@pytest.mark.anyio
async def test_a_customer_who_was_erased_keeps_nobody_from_coming() -> None:
    async def ada(message: Incoming) -> str | None:
        return "ada"

    hook = Hook(identify=ada)
    hook.history.erase("ada")
    async with hook.floor.running():
        assert (await hook.channel.handle(update(1))).status == 200
    assert (hook.channel.figures().refused, hook.messages()) == (1, [])


@pytest.mark.anyio
async def test_a_queue_that_is_not_there_refuses_the_contact_and_keeps_the_message() -> None:
    hook = Hook(queue_id="nowhere")
    async with hook.floor.running():
        assert (await hook.channel.handle(update(1))).status == 200
    assert (hook.channel.figures().refused, len(hook.messages())) == (1, 1)


@pytest.mark.anyio
async def test_a_contact_that_was_asked_for_when_the_process_died_is_asked_for_again() -> None:
    states, store = MemorySessions(), MemoryHooks()
    hook = Hook(states=states, store=store)
    real = hook.floor.send

    async def die(command: object) -> list[Event]:
        raise OSError("the process dies here")

    hook.floor.send = die  # type: ignore[method-assign, assignment]
    async with hook.floor.running():
        assert (await hook.channel.handle(update(1))).status == 503
    hook.floor.send = real  # type: ignore[method-assign]
    hook.channel = hook.floor.channel = hook.make(states=states, store=store)
    async with hook.floor.running():
        await anyio.sleep(0.02)
        assert len(hook.contacts()) == 1
        assert (await hook.channel.handle(update(1))).status == 200
    assert (len(hook.contacts()), len(hook.messages())) == (1, 1)


@pytest.mark.anyio
async def test_a_contact_that_can_never_be_is_given_up_behind_a_restart() -> None:
    states = MemorySessions()
    hook = Hook(states=states, queue_id="support")
    real = hook.floor.send

    async def die(command: object) -> list[Event]:
        raise OSError("the process dies here")

    hook.floor.send = die  # type: ignore[method-assign, assignment]
    async with hook.floor.running():
        await hook.channel.handle(update(1))
    (state,) = states.unattended()
    assert state.contact is not None
    import msgspec

    command = msgspec.structs.replace(state.contact.command, queue_id="nowhere")
    states.save([msgspec.structs.replace(state, contact=msgspec.structs.replace(state.contact, command=command))])
    hook.floor.send = real  # type: ignore[method-assign]
    async with hook.floor.running():
        await anyio.sleep(0.02)
    assert states.unattended() == []
    assert hook.channel.figures().refused == 1


@pytest.mark.anyio
async def test_events_are_told_to_the_customer_under_their_key() -> None:
    hook = Hook(tell=lambda event: "You are in line." if isinstance(event, ContactQueued) else None)
    async with hook.floor.running():
        await hook.channel.handle(update(1))
        for _ in range(50):
            await anyio.sleep(0.001)
            if hook.sent:
                break
    (sent,) = hook.sent
    assert (sent.address, sent.body, sent.event) == ("5", "You are in line.", hook.contacts()[0])
    assert sent.key == f"engine:{hook.contacts()[0].seq}"
    assert "in line" not in repr(sent)


@pytest.mark.anyio
async def test_an_event_whose_address_is_gone_is_undeliverable() -> None:
    store = MemoryHooks()
    hook = Hook(tell=lambda event: "hello", store=store)
    async with hook.floor.running():
        await hook.channel.handle(update(1))
        await settle()
        queued = hook.contacts()[0]
        store.forget([queued.conversation_id or ""])
        with pytest.raises(Undeliverable):
            await hook.channel.deliver(Delivery(key="k", event=queued, attempt=1))


@pytest.mark.anyio
async def test_events_of_others_are_taken_and_do_nothing() -> None:
    hook = Hook(tell=lambda event: "hello")
    async with hook.floor.running():
        await hook.floor.come("charles")
        await hook.floor.send(EnqueueContact(contact_id="mine", queue_id="support", channel="chat"))
        for _ in range(20):
            await anyio.sleep(0.001)
    assert hook.sent == []


@pytest.mark.anyio
async def test_an_answer_is_said_once_and_sent_until_it_is_out() -> None:
    hook = Hook()
    with pytest.raises(Undeliverable):
        await hook.channel.say("nobody", "Hi", client_id="a1")
    async with hook.floor.running():
        await hook.channel.handle(update(1))
        await settle()
        conversation_id = hook.contacts()[0].conversation_id or ""
        hook.failing.append(OSError("no network"))
        with pytest.raises(OSError, match="no network"):
            await hook.channel.say(conversation_id, "Hi!", client_id="a1", agent_id="charles")
        await hook.channel.say(conversation_id, "Hi!", client_id="a1", agent_id="charles")
        with pytest.raises(Undeliverable):
            await hook.channel.say("nobody", "Hi", client_id="a1")
    assert [(one.body, one.agent_id, one.from_customer) for one in hook.messages()[1:]] == [("Hi!", "charles", False)]
    assert [(one.body, one.address) for one in hook.sent] == [("Hi!", "5")]


@pytest.mark.anyio
async def test_an_erased_customer_leaves_no_address() -> None:
    async def ada(message: Incoming) -> str | None:
        return "ada"

    hook = Hook(identify=ada)
    async with hook.floor.running():
        await hook.channel.handle(update(1))
        await settle()
        assert await hook.channel.erase("ada") == 1
        with pytest.raises(Undeliverable):
            await hook.channel.say(hook.contacts()[0].conversation_id or "", "Hi", client_id="a1")


@pytest.mark.anyio
async def test_messages_of_whatsapp_are_told_apart_by_sender() -> None:
    hook = Hook(read=read_whatsapp)
    async with hook.floor.running():
        assert (await hook.channel.handle(signed(payload("whatsapp_several")))).status == 200
    assert len(hook.contacts()) == 2
    assert hook.channel.figures().passed_over == {"malformed": 1, "message_template_status_update": 1}


@pytest.mark.anyio
async def test_a_reader_that_raises_is_nobodys_end() -> None:
    def broken(body: bytes) -> Parsed:
        raise ZeroDivisionError

    hook = Hook(read=broken)
    async with hook.floor.running():
        assert (await hook.channel.handle(update(1))).status == 503


def test_a_short_key_is_refused() -> None:
    with pytest.raises(OutOfRange):
        Hook(key=b"short")
