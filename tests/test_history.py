"""Histories keep what they promise: in memory, in SQLite and in PostgreSQL, sealed and not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from ccroute import Config, ContactFilter, Engine, EnqueueContact, InvalidArgument, Note
from ccroute.history import MemoryHistory, PostgresHistory, SqliteHistory
from ccroute.history.retention import RetentionRule, apply_retention
from ccroute.ports import HistoryStore
from ccroute.storage.keys import MemoryKeys
from ccroute.storage.vault import Vault
from ccroute.testing.history import check_history
from ccroute.timeline import Forgotten, TimelinePage
from tests.postgres import PostgresServer, unused_schema

pytestmark = pytest.mark.outer

BACKENDS = [
    "memory",
    "sqlite",
    pytest.param("sqlite without a vault", marks=pytest.mark.slow),
    pytest.param("postgres", marks=pytest.mark.slow),
]


def new_vault() -> Vault:
    """Return a vault with no keys in it yet."""
    return Vault(MemoryKeys(), lambda: bytes(32))


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], HistoryStore]]:
    """Give what makes empty histories of a kind."""
    made: list[HistoryStore] = []

    def make_one(backend: str) -> HistoryStore:
        history: HistoryStore
        if backend == "memory":
            history = MemoryHistory()
        elif backend != "postgres":
            vault = new_vault() if backend == "sqlite" else None
            history = SqliteHistory(tmp_path / f"history-{len(made)}", vault=vault)
        else:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            history = PostgresHistory(server.dsn, vault=new_vault(), schema=unused_schema())
        made.append(history)
        return history

    yield make_one
    for history in made:
        history.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_history_keeps_its_promises(make: Callable[[str], HistoryStore], backend: str) -> None:
    check_history(lambda: make(backend))


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_can_never_be_right_is_refused_by_name(make: Callable[[str], HistoryStore], backend: str) -> None:
    history: Any = make(backend)
    for argument, call in (
        ("text", lambda: history.search(5, customer_ids=["ann"])),
        ("text", lambda: history.search("\ud800", customer_ids=["ann"])),
        ("customer_ids", lambda: history.search("x", customer_ids="ann")),
        ("customer_ids", lambda: history.search("x", customer_ids=7)),
        ("customer_ids", lambda: history.contacts(ContactFilter(customer_ids="ann"))),  # type: ignore[arg-type]
        ("state", lambda: history.contacts(ContactFilter(state="closed"))),  # type: ignore[arg-type]
        ("chosen", lambda: history.contacts({})),
        ("queue_id", lambda: history.forget(0, queue_id="a\0")),
        ("texts_only", lambda: history.forget(0, texts_only=None)),
        ("events", lambda: history.write(["contact.queued"])),
        ("events", lambda: history.write(7)),
        ("texts_us", lambda: apply_retention(history, [RetentionRule(texts_us=-1)], 5)),
    ):
        with pytest.raises(InvalidArgument) as caught:
            call()
        assert caught.value.argument == argument


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_an_id_for_the_engine_is_one_here(make: Callable[[str], HistoryStore], backend: str) -> None:
    history = make(backend)
    family, blank, persian = "\U0001f469\u200d\U0001f467", "田中\u3000太郎", "می\u200cخواهم"
    config = Config.from_dict({"queues": {persian: {}}})
    events = Engine(config).handle(
        EnqueueContact(
            contact_id=family, queue_id=persian, channel="chat", customer_id=blank, conversation_id="\u00a0"
        ),
        1,
    )
    history.write(events)
    assert history.add(Note(entry_id="\u2028", at_us=2, contact_id=family, customer_id=blank, body="hello")) == 1
    story = history.contact(family)
    assert story is not None
    assert story.contact.customer_id == blank
    assert len(history.timeline(blank).entries) == len(history.conversation("\u00a0").entries) == 2
    assert len(history.contacts(ContactFilter(queue_id=persian)).contacts) == 1
    assert history.erase(blank).additions == 1


class Broken:
    """A history that does one thing wrong."""

    def __init__(self, name: str, does: Callable[..., object]) -> None:
        self._history = MemoryHistory()
        self._name = name
        self._does = does

    def __getattr__(self, name: str) -> object:
        return self._does if name == self._name else getattr(self._history, name)


@pytest.mark.parametrize(
    ("name", "does", "told"),
    [
        ("write", lambda *given, **named: 0, "write returns the seq of the last event: expected 5, got 0"),
        ("through_seq", lambda *given: 1, "an empty history has no event"),
        ("add", lambda *given: 1, "a conversation has its contacts and what lies between"),
        ("search", lambda *given, **named: TimelinePage(entries=[], cursor=None), "InvalidArgument was not raised"),
        ("erase", lambda *given: Forgotten(contacts=0, additions=0), "erasing tells what went"),
    ],
)
def test_a_broken_promise_is_told(name: str, does: Callable[..., object], told: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(told)):
        check_history(lambda: cast(HistoryStore, Broken(name, does)))
