"""Both stores of sessions keep the same, and the file keeps it for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from ccroute import EnqueueContact
from ccroute.channels.webchat_contacts import asked
from ccroute.channels.webchat_protocol import ChatPhase
from ccroute.channels.webchat_sessions import (
    ChatSession,
    ChatState,
    MemorySessions,
    SessionStore,
    SqliteSessions,
    hash_of,
)
from ccroute.errors import SchemaTooNew, StorageUnavailable
from ccroute.storage.migrations import migrate
from ccroute.storage.sqlite import SqliteDatabase

pytestmark = pytest.mark.outer


@pytest.fixture(params=["memory", "sqlite"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], SessionStore]]:
    memory = MemorySessions()
    opened: list[SessionStore] = []

    def open_it() -> SessionStore:
        opened.append(memory if request.param == "memory" else SqliteSessions(tmp_path / "chat"))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


def session(name: str, *, conversation_id: str = "c1", at_us: int = 10) -> ChatSession:
    return ChatSession(
        session_id=name,
        token_hash=hash_of(name),
        conversation_id=conversation_id,
        customer_id="ada",
        began_at_us=at_us,
        seen_at_us=at_us,
        ended_at_us=None,
    )


def state(conversation_id: str = "c1", customer_id: str | None = "ada") -> ChatState:
    return ChatState(conversation_id=conversation_id, customer_id=customer_id)


def with_contact(one: ChatState) -> ChatState:
    command = EnqueueContact(
        contact_id=f"{one.conversation_id}.1", queue_id="support", channel="chat", attributes={"language": "en"}
    )
    return asked(one, command)


def test_a_session_is_found_by_its_token_until_it_is_gone(open_store: Callable[[], SessionStore]) -> None:
    store = open_store()
    store.begin(session("s1"), state())
    store.begin(session("s2", at_us=20), state(customer_id="nobody"))
    again = open_store()
    assert again.session(hash_of("s1")) == session("s1")
    assert again.session(hash_of("s3")) is None
    assert again.sessions("c1") == [session("s1"), session("s2", at_us=20)]
    assert again.state("c1") == state()
    assert again.state("c2") is None


def test_a_session_that_ended_stays_ended(open_store: Callable[[], SessionStore]) -> None:
    store = open_store()
    store.begin(session("s1"), state())
    store.see("s1", 30)
    store.end("s1", 40)
    store.end("s1", 50)
    store.see("s1", 60)
    store.see("s9", 60)
    found = open_store().session(hash_of("s1"))
    assert found is not None
    assert (found.seen_at_us, found.ended_at_us) == (30, 40)
    assert store.sessions("c1") == []


def test_states_are_found_by_what_is_to_be_done(open_store: Callable[[], SessionStore]) -> None:
    store = open_store()
    waiting = with_contact(state("c2"))
    unheard = msgspec.structs.replace(state("c3"), number=3, heard=2, receipts={"": (3, 2), "charles": (1, 1)})
    store.save([state("c1"), unheard, waiting])
    again = open_store()
    assert again.unattended() == [waiting, unheard]
    assert again.conversation_of("c2.1") == "c2"
    assert again.conversation_of("c1.1") is None
    assert waiting.phase is ChatPhase.ASKED
    store.save([msgspec.structs.replace(unheard, heard=3)])
    assert open_store().unattended() == [waiting]


def test_what_nobody_uses_is_forgotten(open_store: Callable[[], SessionStore]) -> None:
    store = open_store()
    store.begin(session("old", conversation_id="c1"), state("c1"))
    store.begin(session("old too", conversation_id="c2"), state("c2"))
    store.begin(session("new", conversation_id="c2", at_us=100), state("c2"))
    store.begin(session("busy", conversation_id="c3"), with_contact(state("c3")))
    assert store.forget(50) == ["c1"]
    assert [store.state(one) is None for one in ("c1", "c2", "c3")] == [True, False, False]
    assert store.session(hash_of("old too")) is None
    assert store.session(hash_of("new")) is not None
    assert store.session(hash_of("busy")) is not None
    assert store.forget(50) == []


def test_a_customer_is_erased_with_sessions_and_conversations(open_store: Callable[[], SessionStore]) -> None:
    store = open_store()
    store.begin(session("s1"), state())
    store.begin(session("s2", conversation_id="c2"), state("c2", "mary"))
    assert store.erase("ada") == ["c1"]
    assert store.session(hash_of("s1")) is None
    assert store.session(hash_of("s2")) is not None


def test_a_store_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "chat")
    migrate(database, "webchat", [f"CREATE TABLE t{number} (a INTEGER) STRICT;" for number in range(9)])
    database.close()
    with pytest.raises(SchemaTooNew):
        SqliteSessions(tmp_path / "chat")
    with pytest.raises(StorageUnavailable):
        SqliteSessions(tmp_path / "nowhere" / "chat")
