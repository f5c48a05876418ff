"""``ccroute customers``: exporting, erasing, repeating erasures, making a master key."""

from __future__ import annotations

import io
import json
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccroute.customers import (
    handle,
    make_master_file,
    master_file,
    postgres_customers,
    postgres_vault,
    sqlite_customers,
    sqlite_vault,
)
from ccroute.history import PostgresHistory, SqliteHistory
from ccroute.ports import CustomerRecord
from ccroute.storage.database import Session
from ccroute.storage.sqlite import SqliteDatabase
from ccroute.timeline import Note
from tests.customer_book import counted_ids
from tests.postgres import PostgresServer, unused_schema
from tests.terminal import Run, runner

pytestmark = pytest.mark.outer


@pytest.fixture
def command(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Return a function that runs ``ccroute customers``."""
    return runner(capsysbinary, "customers")


@pytest.fixture
def center(tmp_path: Path) -> Path:
    """Return the path of a contact centre that knows Ada."""
    path = tmp_path / "center.ccroute"
    make_master_file(tmp_path / "master")
    vault = sqlite_vault(path, master_file(tmp_path / "master"))
    customers = sqlite_customers(path, vault)
    customers._new_id = counted_ids()
    customers.find_or_create(handle("phone", "+4930901820"))
    customers.remember("c1", CustomerRecord(name="Ada Lovelace"))
    history = SqliteHistory(f"{path}-history", vault=vault)
    history.add(Note(entry_id="n1", at_us=5, customer_id="c1", body="of Ada"))
    for one in (history, customers, vault):
        one.close()
    return path


@pytest.fixture
def master(center: Path) -> tuple[str, Path]:
    """Return the option for the master key."""
    return "--master", center.parent / "master"


def test_an_export_is_all_that_is_known(command: Run, center: Path, master: tuple[str, Path]) -> None:
    status, out, error = command("export", center, "030 901820", "--by", "phone", "--region", "DE", *master)
    assert (status, error) == (0, "")
    told = json.loads(out)
    assert (told["customer_id"], told["record"]) == ("c1", {"name": "Ada Lovelace"})
    assert told["timeline"][0]["addition"]["body"] == "of Ada"


def test_who_is_meant_is_read_from_standard_input(
    command: Run, center: Path, master: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("+49 30 901820\n"))
    assert command("export", center, "-", "--by", "phone", *master)[0] == 0
    monkeypatch.setattr(sys, "stdin", None)
    status, _, error = command("export", center, "-", "--by", "phone", *master)
    assert (status, error.startswith("ccroute: InvalidHandle: value must be 1 to 512")) == (2, True)


def test_an_erased_customer_is_gone(command: Run, center: Path, master: tuple[str, Path]) -> None:
    status, out, error = command("erase", center, "c1", "--yes", *master)
    assert (status, error) == (0, "")
    assert out == (
        "c1: 1 keys destroyed, 1 identities and 1 texts deleted, 0 contacts are nobody's; "
        "nothing is left in the files\n"
    )
    status, out, error = command("export", center, "+4930901820", "--by", "phone", *master)
    assert (status, out) == (2, "")
    assert error == "ccroute: UnknownCustomer: customer 'by phone' is not known, or was erased\n"
    assert b"901820" not in b"".join(path.read_bytes() for path in center.parent.iterdir())


def test_an_erasure_is_told_as_json(command: Run, center: Path, master: tuple[str, Path]) -> None:
    status, out, _ = command("erase", center, "c1", "c7", "--yes", "--json", *master)
    assert status == 0
    assert [json.loads(line)["customer_ids"] for line in out.splitlines()] == [["c1"], ["c7"]]
    assert json.loads(out.splitlines()[0])["is_scrubbed"]


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 130), ("", 130)])
def test_an_erasure_is_asked_for(
    command: Run, center: Path, master: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, answer: str, status: int
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    assert command("erase", center, "c1", *master)[0] == status
    assert command("export", center, "c1", *master)[0] == (2 if status == 0 else 0)


def test_erasures_are_repeated(command: Run, center: Path, master: tuple[str, Path]) -> None:
    files = [Path(f"{center}-customers"), Path(f"{center}-history")]
    for file in files:
        shutil.copy(file, f"{file}.backup")
    assert command("erase", center, "c1", "--yes", *master)[0] == 0
    for file in files:
        shutil.copy(f"{file}.backup", file)
    status, out, _ = command("repeat-erasures", center, "--json", *master)
    assert status == 0
    assert json.loads(out) == {
        "customer_ids": ["c1"],
        "keys": 0,
        "identities": 1,
        "contacts": 0,
        "additions": 1,
        "is_scrubbed": True,
    }


@pytest.fixture
def reader(center: Path) -> Iterator[Session]:
    """Read the customers all the time."""
    database = SqliteDatabase(f"{center}-customers")
    with database.reading() as session:
        session.execute("SELECT 1 FROM identities")
        yield session
    database.close()


@pytest.mark.parametrize("words", [("erase", "c1", "--yes"), ("repeat-erasures",)])
def test_what_could_not_be_scrubbed_is_told(
    command: Run, center: Path, master: tuple[str, Path], reader: Session, words: tuple[str, ...]
) -> None:
    first, *others = words
    # Without a write nothing is behind the reader, so that there is one.
    assert command("erase", center, "c9", "--yes", *master)[0] == 1
    status, out, _ = command(first, center, *others, *master)
    assert (status, "run repeat-erasures later" in out) == (1, True)


def test_a_center_without_a_history_has_customers(command: Run, center: Path, master: tuple[str, Path]) -> None:
    Path(f"{center}-history").unlink()
    status, out, _ = command("export", center, "c1", *master)
    assert (status, json.loads(out)["timeline"]) == (0, [])
    assert not Path(f"{center}-history").exists()


def test_what_is_not_there_is_told(command: Run, tmp_path: Path) -> None:
    status, _, error = command("export", tmp_path / "none", "c1", "--master", tmp_path / "master")
    assert (status, "FileNotFoundError" in error) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_master_key_is_made(command: Run, tmp_path: Path) -> None:
    status, out, _ = command("make-master", tmp_path / "master")
    assert (status, "master: a master key" in out) == (0, True)
    assert stat.S_IMODE((tmp_path / "master").stat().st_mode) == 0o600
    status, _, error = command("make-master", tmp_path / "master")
    assert (status, "FileExistsError" in error) == (2, True)


def test_customers_are_on_a_server(command: Run, tmp_path: Path, postgres_server: PostgresServer) -> None:
    schema, dsn = unused_schema(), postgres_server.dsn
    make_master_file(tmp_path / "master")
    vault = postgres_vault(dsn, master_file(tmp_path / "master"), schema=f"{schema}_keys")
    customers = postgres_customers(dsn, vault, schema=f"{schema}_customers")
    customers._new_id = counted_ids()
    customers.find_or_create(handle("phone", "+4930901820"))
    history = PostgresHistory(dsn, vault=vault, schema=schema)
    history.add(Note(entry_id="n1", at_us=5, customer_id="c1", body="of Ada"))
    for one in (history, customers, vault):
        one.close()
    server = ("--postgres", dsn, "--keys", dsn, "--schema", schema, "--master", tmp_path / "master")
    status, out, error = command("export", "center", "c1", *server)
    assert (status, error) == (0, "")
    assert json.loads(out)["timeline"][0]["addition"]["body"] == "of Ada"
    status, out, _ = command("erase", "center", "c1", "--yes", *server)
    assert (status, out.startswith("c1: 1 keys destroyed, 1 identities and 1 texts deleted")) == (0, True)
