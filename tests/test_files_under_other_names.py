"""Files that are somebody else's, or that are opened under more than one name."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest

from ccroute import JournalCorrupt, JournalInUse, Message, Router, SqliteJournal
from ccroute.storage.sqlite import SqliteDatabase
from tests.living import BEGIN, CONFIG, chat

pytestmark = pytest.mark.outer


def test_a_database_of_somebody_else_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(JournalCorrupt, match="no journal"):
        SqliteJournal(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.anyio
async def test_a_link_leads_to_the_same_journal_history_and_owner(tmp_path: Path) -> None:
    path, link = tmp_path / "support.ccroute", tmp_path / "links" / "current"
    link.parent.mkdir()
    link.symlink_to(path)
    said = Message(entry_id="m1", at_us=BEGIN, contact_id="c1", body="hello", from_customer=True)
    async with Router.open(path, CONFIG) as router:
        await router.send(chat("c1", customer_id="ann"))
        await router.history.add(said)
        with pytest.raises(JournalInUse):
            async with Router.open(link):
                raise AssertionError
    async with Router.open(link) as router:
        story = await router.history.contact("c1")
        assert story is not None
        assert "hello" in str(msgspec.json.encode(story))
        with pytest.raises(JournalInUse):
            SqliteJournal(path).claim()
    assert list(link.parent.iterdir()) == [link]


def test_a_database_stays_where_it_is_when_the_working_directory_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = SqliteDatabase("here.db")
    with database.writing() as session:
        session.define("CREATE TABLE kept (number INTEGER NOT NULL) STRICT")
        session.execute("INSERT INTO kept VALUES (5)")
    monkeypatch.chdir("/")
    with database.reading() as session:
        assert session.execute("SELECT number FROM kept") == [(5,)]
    database.close()
