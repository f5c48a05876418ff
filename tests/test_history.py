"""Histories keep what they promise: in memory, in SQLite and in PostgreSQL, sealed and not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from ccroute.history import MemoryHistory, PostgresHistory, SqliteHistory
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
