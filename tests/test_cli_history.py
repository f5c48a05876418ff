"""The commands on histories: what they show, find, write, forget and rebuild."""

from __future__ import annotations

import contextlib
import csv
import datetime
import json
from pathlib import Path

import pytest
from pyarrow import parquet

from ccroute import Config, EnqueueContact, JournaledEngine
from ccroute.history import HistoryWriter, PostgresHistory, SqliteHistory
from ccroute.journal import JournalFeed
from ccroute.storage.keys import SqlKeys
from ccroute.storage.masters import make_master_file, master_file
from ccroute.storage.sqlite import SqliteDatabase
from ccroute.storage.vault import Vault
from ccroute.testing.history import history_events
from ccroute.timeline import Message, Note, Recording, SurveyAnswer
from tests.postgres import PostgresServer, unused_schema
from tests.terminal import Run, runner

pytestmark = pytest.mark.outer

CANARY = "canary-4711"


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Return a function that runs ``ccroute history``."""
    return runner(capsysbinary, "history")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return the path of a journal; beside it lie a history of a day, sealed, and its keys."""
    path = tmp_path / "support.ccroute"
    make_master_file(tmp_path / "master")
    with (
        contextlib.closing(Vault(SqlKeys(SqliteDatabase(f"{path}-keys")), master_file(tmp_path / "master"))) as vault,
        contextlib.closing(SqliteHistory(f"{path}-history", vault=vault)) as history,
    ):
        events = history_events()
        history.write(events)
        at_us = events[-1].at_us
        history.add(
            Message(entry_id="m", at_us=at_us, contact_id="call-2", body=f"my number is\n{CANARY}", from_customer=True),
            Note(entry_id="n", at_us=at_us, contact_id="call-2", agent_id="maxim", body="canary bird"),
            SurveyAnswer(entry_id="s", at_us=at_us, contact_id="call-2", question="happy?", answer="no canary"),
            Recording(entry_id="r", at_us=at_us, contact_id="call-2", reference="calls/2.ogg", length_us=5),
        )
    return path


def test_a_contact_is_shown(run: Run, journal: Path) -> None:
    status, out, _ = run("show", journal, "call-2")
    assert status == 0
    assert "contact call-2 of bob: abandoned" in out
    assert "contact.abandoned" in out
    assert "reason hung up" in out
    assert CANARY not in out


def test_what_was_said_is_shown_with_the_master_key(run: Run, journal: Path) -> None:
    status, out, _ = run("show", journal, "call-2", "--master", journal.parent / "master")
    assert status == 0
    for said in (f"my number is {CANARY}", "canary bird", "no canary", "calls/2.ogg"):
        assert said in out
    status, out, _ = run("show", journal, "call-2", "--json", "--master", journal.parent / "master")
    assert {one["addition"]["entry_id"] for one in json.loads(out)["entries"] if one["addition"]} == set("mnsr")


def test_legs_are_shown(run: Run, journal: Path) -> None:
    with contextlib.closing(SqliteHistory(f"{journal}-history", vault=None)) as history:
        history.reset()
        again = [event.seq for event in history_events() if event.at_us == history_events()[-1].at_us]
        history.write(history_events()[: again[0] - 1])
    status, out, _ = run("show", journal, "chat-1")
    assert status == 0
    assert "maxim" in out
    assert "5.0 s" in out
    assert "loan granted" in out


def test_a_contact_that_is_not_there_is_told(run: Run, journal: Path) -> None:
    status, out, _ = run("show", journal, "call-9")
    assert (status, out) == (1, f"{journal}: there is no contact 'call-9'\n")


def test_texts_are_found(run: Run, journal: Path) -> None:
    master = ("--master", journal.parent / "master")
    status, out, _ = run("search", journal, "CANARY", "--customer", "bob", *master)
    assert status == 0
    assert [line.split("  ")[2] for line in out.splitlines()] == ["survey_answer", "note", "message"]
    status, out, _ = run("search", journal, "canary", "--from", "2023-11-14", "--limit", 1, "--json", *master)
    assert json.loads(out)["addition"]["entry_id"] == "s"
    assert run("search", journal, "canary", "--from", "2023-11-14", "--until", "2023-11-14T01:00", *master)[1] == ""
    assert run("search", journal, "canary", *master)[1] == ""
    status, _, error = run("search", journal, " ", "--customer", "bob")
    assert (status, error.startswith("ccroute: OutOfRange: text must be")) == (2, True)


def test_tables_are_written(run: Run, journal: Path, tmp_path: Path) -> None:
    target = tmp_path / "contacts.csv"
    assert run("export", journal, target) == (0, f"{target}: 4 contacts\n", "")
    assert len(list(csv.DictReader(target.read_text().splitlines()))) == 4
    status, out, _ = run("export", journal, "-", "--of", "legs", "--customer", "ann", "--queue", "loans")
    assert (status, len(out.splitlines())) == (0, 3)
    span = ("--from", "2023-11-14T22:15:10", "--until", "2023-11-14T22:15:11")
    assert len(run("export", journal, "-", *span)[1].splitlines()) == 2
    target = tmp_path / "entries.parquet"
    options = ("--of", "entries", "--texts", "--master", journal.parent / "master")
    status, out, _ = run("export", journal, target, *options)
    assert (status, out) == (0, f"{target}: {parquet.read_table(target).num_rows:,} entries\n")
    assert "canary bird" in parquet.read_table(target).column("text").to_pylist()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("export", "{}", "table.xml"), "must end with .csv or .parquet"),
        (("export", "{}", "-", "--of", "agents"), "--of must be one of contacts, legs, entries"),
        (("forget", "{}"), "one of --before and --older-than"),
        (("forget", "{}", "--before", "2026-01-01", "--older-than", "9d"), "one of --before and --older-than"),
        (("forget", "{}", "--older-than", "long"), "must be a duration"),
        (("show", "{}x", "c"), "No such file"),
        (("show", "{}", "c", "--master", "{}x"), "MasterKeyWrong"),
    ],
)
def test_wrong_usage_is_told(run: Run, journal: Path, words: tuple[str, ...], told: str) -> None:
    status, _, error = run(*(word.format(journal) for word in words))
    assert status == 2
    assert told in error


def test_what_ended_long_ago_is_forgotten(run: Run, journal: Path) -> None:
    status, out, _ = run("forget", journal, "--before", "2023-11-15", "--queue", "support", "--texts-only")
    assert (status, out) == (0, f"{journal}: 0 contacts and 4 texts are gone\n")
    days = (datetime.datetime.now(datetime.UTC) - datetime.datetime(2023, 11, 13, tzinfo=datetime.UTC)).days
    assert run("forget", journal, "--older-than", f"{days}d")[1] == f"{journal}: 0 contacts and 0 texts are gone\n"
    assert run("forget", journal, "--older-than", "1d")[1] == f"{journal}: 2 contacts and 0 texts are gone\n"


def test_a_history_is_rebuilt_from_its_journal(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "support.ccroute"
    with JournaledEngine.open(path, Config.from_toml("[queues.q]")) as engine:
        events = engine.handle(EnqueueContact(contact_id="c1", queue_id="q", channel="chat"), 1_000)
        assert run("rebuild", path) == (0, f"{path}: {events[-1].seq} events\n", "")
        assert run("show", path, "c1")[0] == 0
        assert run("rebuild", path)[0] == 0
        with contextlib.closing(SqliteHistory(f"{path}-history", vault=None)) as history:
            assert HistoryWriter(JournalFeed(engine.journal), history).catch_up() == events[-1].seq
            assert len(history.contacts().contacts) == 1


def test_an_index_is_made_anew(run: Run, journal: Path) -> None:
    for file in journal.parent.glob("*-search*"):
        file.unlink()
    master = ("--master", journal.parent / "master")
    assert run("reindex", journal, *master) == (0, f"{journal}: the search index is made\n", "")
    assert len(run("search", journal, "canary", "--customer", "bob", *master)[1].splitlines()) == 3


def test_a_history_on_a_server_is_shown(run: Run, journal: Path, postgres_server: PostgresServer) -> None:
    schema = unused_schema()
    with contextlib.closing(PostgresHistory(postgres_server.dsn, vault=None, schema=schema)) as history:
        history.write(history_events())
    words = ("--postgres", postgres_server.dsn, "--schema", schema)
    assert "abandoned" in run("show", journal, "call-2", *words)[1]
