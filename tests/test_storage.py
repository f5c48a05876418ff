"""Databases behind one port: transactions, errors, migrations, on SQLite and on PostgreSQL."""

from __future__ import annotations

import builtins
import contextlib
import os
import pickle
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import psycopg
import psycopg_pool
import pytest

from ccroute.errors import (
    ExtraMissing,
    OutOfRange,
    SchemaTooNew,
    StorageBusy,
    StorageClosed,
    StorageConflict,
    StorageCorrupt,
    StorageError,
    StorageFailed,
    StorageFull,
    StorageUnavailable,
)
from ccroute.storage import postgres, sqlite
from ccroute.storage.database import Database, Dialect, Session
from ccroute.storage.migrations import check_schema, migrate
from ccroute.storage.postgres import PostgresDatabase
from ccroute.storage.sqlite import SqliteDatabase, check_version, connect
from tests.postgres import PostgresServer, unused_schema

pytestmark = pytest.mark.outer

PETS = """
CREATE TABLE pets (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, photo BLOB) STRICT;
CREATE TABLE visits (pet INTEGER NOT NULL REFERENCES pets (number), at_us INTEGER NOT NULL,
    PRIMARY KEY (pet, at_us)) WITHOUT ROWID, STRICT
"""
CANARY = "canary-of-a-customer"


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give an empty database of each kind."""
    made: Database
    if request.param == "sqlite":
        made = SqliteDatabase(tmp_path / "pets.sqlite")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        made = PostgresDatabase(server.dsn, schema=unused_schema())
    yield made
    made.close()


@pytest.fixture
def pets(database: Database) -> Database:
    """Give a database with two tables."""
    assert migrate(database, "pets", [PETS]) == 0
    return database


def names(database: Database) -> list[str]:
    """Return the names in the database, in the order of their bytes."""
    with database.reading() as session:
        return [name for (name,) in session.execute("SELECT name FROM pets ORDER BY name")]


def _fail_after(session: Session, *statements: str) -> None:
    for statement in statements:
        session.execute(statement)
    raise ZeroDivisionError


def test_what_a_session_wrote_is_there(pets: Database) -> None:
    with pets.writing() as session:
        assert session.execute("INSERT INTO pets (name, photo) VALUES (?, ?) RETURNING number", ("rex", b"\0\xff")) == [
            (1,)
        ]
        session.execute_many("INSERT INTO pets (name) VALUES (?)", [("Zora",), ("ёж",), ("amy",)])
        assert session.execute("UPDATE pets SET photo = ? WHERE name = ?", (None, "amy")) == []
    assert names(pets) == ["Zora", "amy", "rex", "ёж"]
    with pets.reading() as session:
        assert session.execute("SELECT number, photo FROM pets WHERE name = ?", ("rex",)) == [(1, b"\0\xff")]


def test_numbers_have_64_bits(pets: Database) -> None:
    with pets.writing() as session:
        session.execute("INSERT INTO pets (number, name) VALUES (?, ?)", (2**63 - 1, "rex"))
        session.execute("INSERT INTO visits (pet, at_us) VALUES (?, ?)", (2**63 - 1, -(2**63)))
    with pets.reading() as session:
        assert session.execute("SELECT pet, at_us FROM visits") == [(2**63 - 1, -(2**63))]


def test_a_session_that_raises_leaves_nothing(pets: Database) -> None:
    with pytest.raises(ZeroDivisionError), pets.writing() as session:
        _fail_after(session, "INSERT INTO pets (name) VALUES ('rex')")
    with pytest.raises(ZeroDivisionError), pets.reading() as session:
        _fail_after(session, "SELECT 1")
    assert names(pets) == []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO pets (name) VALUES ('rex'), (?)",
        "INSERT INTO pets (name) VALUES (?), (NULL)",
        "INSERT INTO visits (pet, at_us) VALUES (length(?), 0)",
    ],
    ids=["unique", "not null", "reference"],
)
def test_a_contradiction_is_told_without_its_values(pets: Database, statement: str) -> None:
    with pets.writing() as session:
        session.execute("INSERT INTO pets (name) VALUES (?)", (CANARY,))
    with pytest.raises(StorageConflict) as caught, pets.writing() as session:
        session.execute(statement, (CANARY,))
    assert CANARY not in str(caught.value)
    assert pets.place in str(caught.value)
    assert names(pets) == [CANARY]


def test_a_failure_is_told_without_its_values(pets: Database) -> None:
    with pytest.raises(StorageFailed) as caught, pets.writing() as session:
        session.execute("SELECT number FROM cats WHERE name = ?", (CANARY,))
    assert CANARY not in str(caught.value)
    with pytest.raises(StorageError), pets.writing() as session:
        session.execute_many("INSERT INTO cats (name) VALUES (?)", [(CANARY,)])


def test_a_session_that_reads_does_not_write(pets: Database) -> None:
    with pytest.raises(StorageUnavailable), pets.reading() as session:
        session.execute("INSERT INTO pets (name) VALUES ('rex')")
    assert names(pets) == []


def test_a_session_sees_the_same_all_through(pets: Database) -> None:
    with pets.reading() as session:
        assert session.execute("SELECT count(*) FROM pets") == [(0,)]
        with pets.writing() as other:
            other.execute("INSERT INTO pets (name) VALUES ('rex')")
        assert session.execute("SELECT count(*) FROM pets") == [(0,)]
    assert names(pets) == ["rex"]


def test_threads_share_a_database(pets: Database) -> None:
    def work(number: int) -> None:
        for turn in range(5):
            with pets.writing() as session:
                session.execute("INSERT INTO pets (name) VALUES (?)", (f"{number}-{turn}",))
            assert f"{number}-{turn}" in names(pets)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(pets)) == 30


def test_a_closed_database_says_so(database: Database) -> None:
    database.close()
    database.close()
    with pytest.raises(StorageClosed), database.reading():
        pass
    with pytest.raises(StorageClosed), database.writing():
        pass
    with pytest.raises(StorageClosed):
        database.scrub("pets")


def test_each_step_is_carried_out_once(pets: Database) -> None:
    steps = [PETS, "ALTER TABLE pets ADD COLUMN owner TEXT"]
    assert migrate(pets, "pets", steps) == 1
    assert migrate(pets, "pets", steps) == 2
    assert migrate(pets, "cats", ["CREATE TABLE cats (name TEXT NOT NULL) STRICT"]) == 0
    check_schema(pets, "pets", steps)
    with pets.writing() as session:
        session.execute("INSERT INTO pets (name, owner) VALUES ('rex', 'ann')")


def test_a_step_that_fails_leaves_the_schema_as_it_was(pets: Database) -> None:
    with pytest.raises(StorageError):
        migrate(pets, "pets", [PETS, "CREATE TABLE more (a INTEGER) STRICT", "CREATE TABLE pets (a INTEGER)"])
    assert migrate(pets, "pets", [PETS, "CREATE TABLE more (a INTEGER) STRICT"]) == 1


def test_a_newer_schema_is_refused(pets: Database) -> None:
    migrate(pets, "pets", [PETS, "CREATE TABLE more (a INTEGER) STRICT"])
    with pytest.raises(SchemaTooNew) as caught:
        migrate(pets, "pets", [PETS])
    assert (caught.value.owner, caught.value.version, caught.value.version_max) == ("pets", 2, 1)
    with pytest.raises(SchemaTooNew):
        check_schema(pets, "pets", [PETS])


def test_a_schema_that_is_missing_or_older_is_told(database: Database) -> None:
    with pytest.raises(StorageUnavailable, match="version 1, was 0"):
        check_schema(database, "pets", [PETS])
    migrate(database, "pets", [PETS])
    with pytest.raises(StorageUnavailable, match="version 2, was 1"):
        check_schema(database, "pets", [PETS, "SELECT 1"])


def test_errors_can_be_pickled() -> None:
    for error in [StorageFull("place", "problem"), SchemaTooNew("place", "pets", 2, 1)]:
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_many_rows_are_all_there(pets: Database) -> None:
    expected = [(number, f"pet {number:04}") for number in range(250)]
    with pets.writing() as session:
        session.execute_many("INSERT INTO pets (number, name) VALUES (?, ?)", iter(expected))
        session.execute_many("UPDATE pets SET photo = ? WHERE number = ?", [(b"\0", 7), (b"\1", 8)])
        session.execute_many("INSERT INTO pets (number, name) VALUES (?, ?)", [])
    with pets.reading() as session:
        assert session.execute("SELECT number, name FROM pets ORDER BY number") == expected
        assert session.execute("SELECT number FROM pets WHERE photo IS NOT NULL ORDER BY number") == [(7,), (8,)]


def test_a_contradiction_among_many_rows_leaves_none(pets: Database) -> None:
    with pytest.raises(StorageConflict), pets.writing() as session:
        session.execute_many("INSERT INTO pets (name) VALUES (?)", [(str(number % 110),) for number in range(120)])
    assert names(pets) == []


@pytest.mark.parametrize(
    ("statement", "together"),
    [
        ("INSERT INTO a (b) VALUES (?)", "INSERT INTO a (b) VALUES (?), (?)"),
        ("INSERT INTO a (b, c) VALUES (?, f(g(?)))", "INSERT INTO a (b, c) VALUES (?, f(g(?))), (?, f(g(?)))"),
    ],
)
def test_rows_are_inserted_together(statement: str, together: str) -> None:
    assert postgres.of_many_rows(statement, 2) == together


# SQLite


def test_a_file_is_opened_as_promised(tmp_path: Path) -> None:
    connection = connect(tmp_path / "a.sqlite")
    asked = ["journal_mode", "synchronous", "foreign_keys", "secure_delete", "trusted_schema"]
    assert [connection.pragma(name) for name in asked] == ["wal", 2, 1, 1, 0]
    assert stat.S_IMODE(os.stat(tmp_path / "a.sqlite").st_mode) == 0o600
    connection.close()


def test_a_database_says_what_it_is(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.sqlite")
    assert (database.dialect, database.place) == (Dialect.SQLITE, str(tmp_path / "a.sqlite"))
    assert "a.sqlite" in repr(database)
    database.close()


def test_a_file_can_be_opened_for_reading_only(tmp_path: Path) -> None:
    writer = SqliteDatabase(tmp_path / "a.sqlite")
    migrate(writer, "pets", [PETS])
    reader = SqliteDatabase(tmp_path / "a.sqlite", read_only=True)
    assert names(reader) == []
    with pytest.raises(StorageUnavailable, match="for reading only"), reader.writing():
        pass
    check_schema(reader, "pets", [PETS])
    reader.close()
    writer.close()


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2"])
def test_an_old_sqlite_is_refused(version: str) -> None:
    with pytest.raises(StorageUnavailable, match=rf"3\.51\.3 or newer, was {version}"):
        check_version("a.sqlite", version)


@pytest.mark.parametrize("version", ["3.51.3", "3.52.0", "4.0.0"])
def test_a_current_sqlite_is_taken(version: str) -> None:
    check_version("a.sqlite", version)


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageCorrupt):
        SqliteDatabase(tmp_path / "a.sqlite")
    with pytest.raises(StorageCorrupt):
        SqliteDatabase(tmp_path / "a.sqlite", read_only=True)


def test_a_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="No such file or directory"):
        SqliteDatabase(tmp_path / "nowhere" / "a.sqlite")
    with pytest.raises(StorageUnavailable):
        SqliteDatabase(tmp_path / "a.sqlite", read_only=True)


def test_a_lock_of_somebody_else_is_told(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.sqlite")
    other = connect(tmp_path / "a.sqlite", busy_ms=0)
    database._writer.set_busy_timeout(0)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageBusy), database.writing():
        pass
    other.execute("ROLLBACK")
    other.close()
    with database.writing():
        pass
    database.close()


def test_a_log_that_cannot_be_had_is_told() -> None:
    with pytest.raises(StorageUnavailable, match="write-ahead log"):
        connect("pets", vfs="memdb")


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (apsw.FullError(CANARY), StorageFull),
        (apsw.IOError(CANARY), StorageFailed),
        (apsw.ConnectionClosedError(CANARY), StorageClosed),
        (apsw.CantOpenError(CANARY), StorageUnavailable),
    ],
    ids=lambda given: getattr(given, "__name__", type(given).__name__),
)
def test_errors_of_sqlite_become_ours(raised: Exception, told: type[StorageError]) -> None:
    with pytest.raises(told) as caught, sqlite.telling("a.sqlite"):
        raise raised
    assert CANARY not in str(caught.value)


def test_the_transaction_is_undone_where_its_commit_fails(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.sqlite")
    migrate(database, "pets", [PETS])
    statements = ["PRAGMA defer_foreign_keys = ON", "INSERT INTO visits (pet, at_us) VALUES (7, 0)"]
    with pytest.raises(StorageConflict), database.writing() as session:
        assert [session.execute(statement) for statement in statements] == [[], []]
    with database.reading() as session:
        assert session.execute("SELECT count(*) FROM visits") == [(0,)]
    database.close()


def test_a_transaction_that_has_ended_is_not_undone_again(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.sqlite")
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        _fail_after(session, "ROLLBACK")
    with database.writing():
        pass
    database.close()


@pytest.mark.parametrize(
    ("library", "open_", "extra"),
    [
        ("apsw", lambda: SqliteDatabase("a.sqlite"), "sqlite"),
        ("psycopg_pool", lambda: PostgresDatabase("host=127.0.0.1"), "postgres"),
    ],
)
def test_a_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, library: str, open_: Callable[[], Database], extra: str
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == library:
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExtraMissing) as caught:
        open_()
    assert caught.value.extra == extra


# PostgreSQL


def test_a_server_says_what_it_is_but_not_the_password(postgres_server: PostgresServer) -> None:
    database = PostgresDatabase(f"{postgres_server.dsn} password={CANARY}", schema="said")
    assert database.dialect is Dialect.POSTGRES
    assert database.place == f"postgresql://127.0.0.1:{postgres_server.port}/postgres/said"
    assert CANARY not in repr(database)
    database.close()


def test_a_connection_string_that_is_none_is_told_without_it() -> None:
    with pytest.raises(StorageError) as caught:
        PostgresDatabase(CANARY)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("schema", ["", "Pets", "a-b", "x" * 49])
def test_a_schema_that_would_need_quotes_is_refused(schema: str) -> None:
    with pytest.raises(OutOfRange):
        PostgresDatabase("host=127.0.0.1", schema=schema)


def test_a_pool_without_connections_is_refused() -> None:
    with pytest.raises(OutOfRange):
        PostgresDatabase("host=127.0.0.1", connections_max=0)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("08006", StorageUnavailable),
        ("53100", StorageFull),
        ("53300", StorageUnavailable),
        ("40001", StorageBusy),
        ("57014", StorageBusy),
        ("57P01", StorageUnavailable),
        ("XX001", StorageCorrupt),
        ("42P01", StorageFailed),
    ],
)
def test_states_of_the_server_become_errors_of_ours(state: str, told: type[StorageError]) -> None:
    raised = psycopg.errors.lookup(state)(CANARY)
    with pytest.raises(told, match=state) as caught, postgres.telling("server"):
        raise raised
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_errors_of_the_driver_become_ours() -> None:
    with pytest.raises(StorageUnavailable), postgres.telling("server"):
        raise psycopg.OperationalError(CANARY)
    with pytest.raises(StorageClosed), postgres.telling("server"):
        raise psycopg_pool.PoolClosed(CANARY)
    with pytest.raises(StorageFailed, match="InterfaceError"), postgres.telling("server"):
        raise psycopg.InterfaceError(CANARY)


def _end_connections(server: PostgresServer, schema: str) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND query LIKE %s",
            (f"%/* {schema} */",),
        )


@pytest.mark.parametrize("connections_max", [1, 2])
def test_a_connection_that_the_server_ended_is_replaced(postgres_server: PostgresServer, connections_max: int) -> None:
    schema = unused_schema()
    with contextlib.closing(
        PostgresDatabase(postgres_server.dsn, schema=schema, connections_max=connections_max)
    ) as database:
        with database.reading() as session:
            assert session.execute(f"SELECT 1 /* {schema} */") == [(1,)]
            session._connection.execute("COMMIT")
            session.execute(f"SELECT 2 /* {schema} */")
        _end_connections(postgres_server, schema)
        if connections_max == 1:
            with pytest.raises(StorageUnavailable, match="was lost"), database.reading():
                pass
        with database.reading() as session:
            assert session.execute("SELECT 3") == [(3,)]


def test_a_transaction_that_cannot_begin_gives_its_connection_back(postgres_server: PostgresServer) -> None:
    with contextlib.closing(
        PostgresDatabase(postgres_server.dsn, schema=unused_schema(), connections_max=1)
    ) as database:
        for _ in range(3):
            with pytest.raises(StorageFailed), database._transaction("NONSENSE"):
                pass
        with database.writing() as session:
            assert session.execute("SELECT 1") == [(1,)]


def _stop_meanwhile(server: PostgresServer, session: Session) -> None:
    session.execute("INSERT INTO pets (name) VALUES ('rex')")
    server.stop()
    session.execute("INSERT INTO pets (name) VALUES ('amy')")


@pytest.mark.slow
def test_a_server_that_restarts_costs_the_session_under_way_only() -> None:
    server = PostgresServer()
    database = PostgresDatabase(server.dsn, wait_s=3)
    try:
        migrate(database, "pets", [PETS])
        with pytest.raises(StorageUnavailable), database.writing() as session:
            _stop_meanwhile(server, session)
        with pytest.raises(StorageUnavailable, match="in time"), database.writing():
            pass
        with pytest.raises(StorageUnavailable):
            PostgresDatabase(server.dsn, wait_s=3)
        server.start()
        with contextlib.closing(PostgresDatabase(server.dsn)) as other:
            assert names(other) == []
        assert names(database) == []
    finally:
        database.close()
        server.remove()
