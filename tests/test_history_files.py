"""What a history leaves in its files: sealed texts, an index that can be made anew, and nothing of who was erased."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccroute.errors import (
    InvalidArgument,
    KeyDestroyed,
    OutOfRange,
    SchemaTooNew,
    StorageBusy,
    StorageError,
    StorageFull,
    StorageUnavailable,
    WrongType,
)
from ccroute.history import MemoryHistory, PostgresHistory, SqliteHistory
from ccroute.history import asking as asking_module
from ccroute.history import searching as searching_module
from ccroute.history import store as store_module
from ccroute.history.cursors import Place, read_cursor, write_cursor
from ccroute.history.schema import INDEX_OWNER, OWNER, STEPS
from ccroute.history.searching import PLACES_PER_US, SearchIndex
from ccroute.history.words import grams_of, narrowing, plain
from ccroute.storage.keys import MemoryKeys
from ccroute.storage.migrations import migrate
from ccroute.storage.postgres import PostgresDatabase, PostgresSession
from ccroute.storage.sqlite import SqliteDatabase
from ccroute.storage.vault import Vault
from ccroute.testing.history import history_events
from ccroute.timeline import Message, Note, SurveyAnswer
from tests.postgres import PostgresServer, unused_schema

pytestmark = pytest.mark.outer

CANARY = "canary-Кенар-金丝雀"
NUMBER = "+49 170 7654321"


@pytest.fixture
def vault() -> Vault:
    """Give a vault in memory."""
    return Vault(MemoryKeys(), lambda: bytes(range(32)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a history."""
    return tmp_path / "support.ccroute-history"


@pytest.fixture
def history(path: Path, vault: Vault) -> Iterator[SqliteHistory]:
    """Give a history in a file, with the events of a day and a message of ann's."""
    with contextlib.closing(SqliteHistory(path, vault=vault)) as made:
        made.write(history_events())
        made.add(said("m-1", CANARY), said("m-2", f"call me: {NUMBER}"))
        yield made


def said(entry_id: str, body: str, customer_id: str | None = "ann") -> Message:
    """Return a message."""
    return Message(
        entry_id=entry_id, at_us=10, contact_id="chat-1", customer_id=customer_id, body=body, from_customer=True
    )


def bytes_of(path: Path) -> bytes:
    """Return all that lies in the files of a history."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


def test_texts_lie_sealed(history: SqliteHistory, path: Path) -> None:
    assert [one.addition for one in history.search("金丝", from_us=0).entries] == [said("m-1", CANARY)]
    whole = bytes_of(path)
    for text in (CANARY, "金丝雀", "canary", NUMBER, "7654321"):
        assert text.encode() not in whole


def test_texts_lie_open_without_a_vault(tmp_path: Path) -> None:
    with contextlib.closing(SqliteHistory(tmp_path / "open", vault=None)) as history:
        history.add(said("m-1", CANARY))
    assert CANARY.encode() in bytes_of(tmp_path / "open")


def test_a_backup_is_unreadable_once_the_key_is_destroyed(
    history: SqliteHistory, path: Path, vault: Vault, tmp_path: Path
) -> None:
    history.scrub()
    (tmp_path / "backup").mkdir()
    backup = tmp_path / "backup" / path.name
    shutil.copy(path, backup)
    history.erase("ann")
    vault.destroy("ann")
    with contextlib.closing(SqliteHistory(backup, vault=vault)) as restored:
        entries = [one for one in restored.timeline("ann").entries if one.kind == "message"]
        assert [(one.kind, one.addition, one.contact_id) for one in entries] == [("message", None, "chat-1")] * 2
        assert restored.search("canary", customer_ids=["ann"]).entries == []
        with pytest.raises(KeyDestroyed):
            restored.add(said("m-3", "again"))


def test_sealed_texts_stay_closed_without_the_vault(history: SqliteHistory, path: Path) -> None:
    with contextlib.closing(SqliteHistory(path, vault=None)) as other:
        assert [one.addition for one in other.timeline("ann").entries if one.kind == "message"] == [None, None]
        other.rebuild_search()
        assert other.search("canary", from_us=0).entries == []
    # What could not be opened is still to be indexed.
    assert len(history.search("canary", from_us=0).entries) == 1


def test_nothing_of_the_erased_stays_in_the_files(history: SqliteHistory, path: Path) -> None:
    # An index leaves out what a gram shares with the one before.
    gram = b"zyx".hex()[1:].encode()
    history.add(said("m-3", "zyx"))
    history.scrub()
    before = bytes_of(path)
    assert b"talk-1" in before
    assert gram in before
    history.erase("ann")
    assert history.scrub()
    after = bytes_of(path)
    assert b"talk-1" not in after
    assert gram not in after


def test_what_was_nobodys_is_erased_with_its_contact(tmp_path: Path, vault: Vault) -> None:
    with contextlib.closing(SqliteHistory(tmp_path / "history", vault=vault)) as history:
        history.add(said("m-1", CANARY, None), Note(entry_id="n", at_us=0, conversation_id="k", body="x"))
        history.write(history_events()[:5])
        (sealed_for,) = {
            owner
            for owner in _column(history, "SELECT sealed_for FROM additions WHERE contact_number IS NOT NULL")
            if isinstance(owner, str)
        }
        assert vault.existing_cipher(sealed_for) is not None
        assert history.erase("ann").additions == 1
        assert vault.existing_cipher(sealed_for) is None


def _column(history: SqliteHistory, statement: str) -> list[object]:
    with history._database.reading() as session:
        return [row[0] for row in session.execute(statement)]


def test_a_lost_index_is_made_anew(history: SqliteHistory, path: Path, vault: Vault) -> None:
    history.close()
    for file in path.parent.glob("*-search*"):
        file.unlink()
    with contextlib.closing(SqliteHistory(path, vault=vault)) as again:
        assert len(again.search("canary", from_us=0).entries) == 1
        again.rebuild_search()
        assert len(again.search("canary", from_us=0).entries) == 1


def test_what_a_crash_left_unindexed_is_found(history: SqliteHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(SearchIndex, "put", _fail)
        patch.setattr(SearchIndex, "remove", _fail)
        with pytest.raises(StorageFull):
            history.add(said("m-3", "added before the crash"))
        with pytest.raises(StorageFull):
            history.erase("ann")
    assert _column(history, "SELECT number FROM additions_to_unindex") == [1, 2, 3]
    history.add(said("m-4", "added before and after", "bob"))
    assert [one.addition.entry_id for one in history.search("before", from_us=0).entries if one.addition] == ["m-4"]
    assert _column(history, "SELECT number FROM additions_to_unindex") == []


def _fail(*arguments: object, **named: object) -> None:
    raise StorageFull("index", "the disk is full")


def test_who_indexed_before_is_not_repeated(tmp_path: Path) -> None:
    with contextlib.closing(SearchIndex(SqliteDatabase(tmp_path / "index"))) as index:
        assert index.put([(1, 5, "aa")], behind=0, through=1)
        assert not index.put([(1, 5, "aa")], behind=0, through=1)
        assert index.through_number() == 1


def test_a_moment_with_many_additions_takes_places_of_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching_module, "PLACES_PER_US", 4)
    with contextlib.closing(SearchIndex(SqliteDatabase(tmp_path / "index"))) as index:
        index.put([(number, 5, "6161") for number in range(10)], behind=0, through=9)
        found = index.find(["aa"], None, first=0, last=1_000, most=100)
        assert sorted(number for _, number in found) == list(range(10))
        assert sorted(place for place, _ in found) == list(range(20, 30))


def test_a_search_ends_where_too_many_candidates_fail(history: SqliteHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    # The grams of all are those of the term, the text is not.
    history.add(*(said(f"x-{number}", "abcd bcde", "bob") for number in range(10)), said("y", "abcde", "bob"))
    monkeypatch.setattr(asking_module, "_CANDIDATES_AT_ONCE", 3)
    monkeypatch.setattr(asking_module, "_CANDIDATES_MAX", 6)
    found: list[str] = []
    pages, cursor = 0, None
    while pages == 0 or cursor is not None:
        page = history.search("abcde", from_us=0, cursor=cursor)
        found += [one.addition.entry_id for one in page.entries if one.addition is not None]
        cursor = page.cursor
        pages += 1
    assert found == ["y"]
    assert pages == 2


def test_what_is_removed_during_a_search_is_left_out(history: SqliteHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SearchIndex, "find", lambda *arguments, **named: [(10 * PLACES_PER_US, 999)])
    assert history.search("canary", from_us=0).entries == []


def test_a_history_has_only_so_many_sources(history: SqliteHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "SOURCES_MAX", 2)
    history.write(history_events()[:1], source="second")
    with pytest.raises(OutOfRange):
        history.write(history_events()[:1], source="third")
    assert history.through_seq("third") == 0


def test_a_newer_history_is_refused(path: Path) -> None:
    for database, owner in ((path, OWNER), (Path(f"{path}-search"), INDEX_OWNER)):
        with contextlib.closing(SqliteDatabase(database)) as made:
            migrate(made, owner, [*(STEPS if owner == OWNER else []), "SELECT 1", "SELECT 1"])
        with pytest.raises(SchemaTooNew):
            SqliteHistory(path, vault=None)
        database.unlink()


def test_what_cannot_be_opened_gives_everything_back(
    path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(f"{path}-search").mkdir()
    with pytest.raises(StorageError):
        SqliteHistory(path, vault=None)
    with pytest.raises(OutOfRange):
        PostgresHistory(postgres_server.dsn, vault=None, schema="x" * 48)
    with pytest.raises(StorageUnavailable):
        SqliteHistory(path.parent / "nowhere" / "history", vault=None)


def test_histories_do_not_show_what_they_hold(history: SqliteHistory, path: Path) -> None:
    assert repr(history) == f"SqliteHistory({str(path)!r})"
    assert repr(MemoryHistory()) == "MemoryHistory(contacts=0)"
    shown = repr(history.timeline("ann")) + repr(history.contact("chat-1")) + repr(history.search("7654", from_us=0))
    assert CANARY not in shown
    assert "7654321" not in shown


@pytest.mark.parametrize(
    "refused",
    [
        said("m-9", CANARY, f"{CANARY}\n"),
        said("m-9", f"{CANARY}\udc00"),
        said("m-9", CANARY * 100_000),
        said("m-9", CANARY, 42),  # type: ignore[arg-type]
        said("m-9", 42),  # type: ignore[arg-type]
        SurveyAnswer(entry_id="s", at_us=0, customer_id="ann", question=CANARY, score=CANARY),  # type: ignore[arg-type]
    ],
)
def test_refusals_do_not_show_what_was_given(history: SqliteHistory, refused: Message) -> None:
    with pytest.raises((InvalidArgument, WrongType)) as caught:
        history.add(refused)
    assert "canary" not in str(caught.value)
    with pytest.raises(InvalidArgument) as caught:
        history.search(CANARY * 100, from_us=0)
    assert "canary" not in str(caught.value)


def test_the_same_history_is_on_the_server(postgres_server: PostgresServer, vault: Vault) -> None:
    schema = unused_schema()
    with contextlib.closing(PostgresHistory(postgres_server.dsn, vault=vault, schema=schema)) as history:
        history.write(history_events())
        history.add(said("m-1", CANARY))
        assert history.erase("ann").additions == 1
        assert history.scrub()
    with contextlib.closing(PostgresHistory(postgres_server.dsn, vault=vault, schema=schema)) as again:
        assert again.through_seq() == len(history_events())
        assert again.customer("ann").contacts == 0


def test_nobody_writes_while_a_customer_is_erased(postgres_server: PostgresServer, vault: Vault) -> None:
    schema = unused_schema()
    with (
        contextlib.closing(PostgresHistory(postgres_server.dsn, vault=vault, schema=schema)) as history,
        contextlib.closing(PostgresDatabase(postgres_server.dsn, schema=schema)) as other,
    ):
        history.write(history_events()[:1])
        with other.writing() as session:
            session.execute("SET LOCAL lock_timeout = 1")
            store_module._lock_out(session)
            with pytest.raises(StorageBusy), history._database.writing() as writer:
                _try(writer, "UPDATE sources SET through_seq = 9")
            with pytest.raises(StorageBusy), history._database.writing() as writer:
                _try(writer, "UPDATE last_addition SET number = 9")
        assert history.erase("ann").contacts == 0
        assert history.through_seq() == 1


def _try(session: PostgresSession, statement: str) -> None:
    session.execute("SET LOCAL lock_timeout = 1")
    session.execute(statement)


def test_cursors_come_back_as_they_were() -> None:
    place = Place(2**53, 1, 2**63 - 1)
    assert read_cursor("timeline", write_cursor("timeline", place)) == place
    assert read_cursor("timeline", None) is None


@pytest.mark.parametrize("cursor", ["", "!", "äöü", "QUJD", write_cursor("contacts", Place(1, 0, 1))])
def test_other_texts_are_no_cursors(cursor: str) -> None:
    with pytest.raises(OutOfRange):
        read_cursor("timeline", cursor)


@pytest.mark.parametrize(
    ("text", "alike"),
    [("ÉTÉ", "ete"), ("Straße", "strasse"), ("ｆｕｌｌ", "full"), (" a\n\tb ", "a b"), ("Ёлка", "елка"), ("환", "환")],
)
def test_texts_are_made_plain(text: str, alike: str) -> None:
    assert plain(text) == alike


def test_every_part_of_a_word_is_narrowed_down_by_its_grams() -> None:
    text = plain("Ab金丝雀-x1 ok")
    grams = set(grams_of(text, None).split())
    for word in text.split():
        for begin in range(len(word)):
            for end in range(begin + 1, len(word) + 1):
                for gram, is_begin in narrowing([word[begin:end]]):
                    assert any(one.startswith(gram) for one in grams) if is_begin else gram in grams
