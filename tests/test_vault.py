"""The vault: what is sealed opens for whom it was sealed, and for nobody once the key is destroyed."""

from __future__ import annotations

import os
import pickle
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccroute.errors import ExtraMissing, InvalidId, KeyDestroyed, MasterKeyWrong, SealBroken, StorageClosed, WrongType
from ccroute.storage.database import Database
from ccroute.storage.keys import MemoryKeys, SqlKeys
from ccroute.storage.masters import make_master_file, master_file
from ccroute.storage.postgres import PostgresDatabase
from ccroute.storage.sqlite import SqliteDatabase
from ccroute.storage.vault import KEY_BYTES, Cipher, KeyTable, Vault
from tests.postgres import PostgresServer, unused_schema

pytestmark = pytest.mark.outer

MASTER = bytes(range(KEY_BYTES))
OTHER = bytes(reversed(range(KEY_BYTES)))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def open_keys(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], KeyTable]]:
    """Open one and the same table, as often as it is called."""
    memory = MemoryKeys()
    schema = unused_schema()
    opened: list[KeyTable] = []

    def keys() -> KeyTable:
        if request.param == "memory":
            opened.append(memory)
        elif request.param == "sqlite":
            opened.append(SqlKeys(SqliteDatabase(tmp_path / "c-keys")))
        else:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            opened.append(SqlKeys(PostgresDatabase(server.dsn, schema=schema, connections_max=2)))
        return opened[-1]

    yield keys
    for one in opened:
        one.close()


@pytest.fixture
def vault(open_keys: Callable[[], KeyTable]) -> Vault:
    """Return an open vault."""
    return Vault(open_keys(), lambda: MASTER)


def test_what_is_sealed_opens(vault: Vault) -> None:
    sealed = vault.encrypt("ada", "Grüße".encode(), kind="message")
    assert vault.decrypt("ada", sealed, kind="message") == "Grüße".encode()
    assert vault.cipher("ada").decrypt(sealed, kind="message") == "Grüße".encode()
    assert b"Gr" not in sealed


def test_the_same_is_sealed_differently_each_time(vault: Vault) -> None:
    cipher = vault.cipher("ada")
    assert len({cipher.encrypt(b"", kind="note") for _ in range(64)}) == 64


def test_nothing_sealed_passes_for_something_else(vault: Vault) -> None:
    sealed = vault.encrypt("ab", b"x", kind="c")
    vault.encrypt("a", b"x", kind="bc")
    for customer_id, kind in (("ab", "d"), ("a", "bc")):
        with pytest.raises(SealBroken):
            vault.decrypt(customer_id, sealed, kind=kind)


def test_every_changed_byte_is_found(vault: Vault) -> None:
    sealed = vault.encrypt("ada", b"four", kind="note")
    for index in range(len(sealed)):
        broken = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        with pytest.raises(SealBroken):
            vault.decrypt("ada", broken, kind="note")
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            vault.decrypt("ada", sealed[:length], kind="note")


def test_many_keys_are_made_in_one_step(vault: Vault) -> None:
    sealed = vault.encrypt("ada", b"x", kind="note")
    vault.destroy("bela")
    assert vault.destroyed() == ["bela"]
    ciphers = vault.ciphers(["cleo", "ada", "bela", "ada"])
    assert sorted(ciphers) == ["ada", "cleo"]
    assert ciphers["ada"].decrypt(sealed, kind="note") == b"x"
    assert vault.decrypt("cleo", ciphers["cleo"].encrypt(b"y", kind="note"), kind="note") == b"y"
    assert vault.ciphers([]) == {}


def test_a_destroyed_key_opens_nothing_and_never_comes_back(vault: Vault) -> None:
    sealed = vault.encrypt("ada", b"secret", kind="note")
    assert vault.destroy("ada")
    assert not vault.destroy("ada")
    assert vault.existing_cipher("ada") is None
    with pytest.raises(KeyDestroyed) as raised:
        vault.decrypt("ada", sealed, kind="note")
    assert raised.value.customer_id == "ada"
    with pytest.raises(KeyDestroyed):
        vault.encrypt("ada", b"more", kind="note")
    with pytest.raises(KeyDestroyed):
        vault.lead("phone", "+4930123", "ada")


def test_a_key_that_never_was_can_be_destroyed_ahead(vault: Vault) -> None:
    assert not vault.destroy("ada")
    with pytest.raises(KeyDestroyed):
        vault.cipher("ada")


def test_asking_for_a_key_that_never_was_makes_none(vault: Vault) -> None:
    assert vault.existing_cipher("ada") is None
    with pytest.raises(KeyDestroyed):
        vault.decrypt("ada", bytes(40), kind="note")
    assert vault.existing_cipher("ada") is None


def test_two_vaults_over_one_table_share_keys_at_once(open_keys: Callable[[], KeyTable]) -> None:
    one, other = (Vault(open_keys(), lambda: MASTER) for _ in range(2))
    sealed = one.encrypt("ada", b"x", kind="note")
    assert other.decrypt("ada", sealed, kind="note") == b"x"
    assert other.destroy("ada")
    with pytest.raises(KeyDestroyed):
        one.decrypt("ada", sealed, kind="note")


def test_a_value_leads_to_the_customer_who_came_first(vault: Vault) -> None:
    assert vault.find("phone", "+4930123") is None
    assert vault.lead("phone", "+4930123", "ada") == "ada"
    assert vault.lead("phone", "+4930123", "bela") == "ada"
    assert vault.lead("email", "a@example.com", "ada") == "ada"
    assert vault.find("phone", "+4930123") == "ada"
    assert vault.find("email", "+4930123") is None


def test_any_text_can_be_asked_for(vault: Vault) -> None:
    assert vault.find("phone", "\ud800") is None


def test_nothing_leads_to_an_erased_customer(vault: Vault) -> None:
    vault.lead("phone", "+4930123", "ada")
    vault.lead("phone", "+4930999", "bela")
    vault.destroy("ada")
    assert vault.find("phone", "+4930123") is None
    assert vault.find("phone", "+4930999") == "bela"
    assert vault.lead("phone", "+4930123", "new") == "new"


def test_digests_tell_nothing_without_the_master_key(open_keys: Callable[[], KeyTable]) -> None:
    vault = Vault(open_keys(), lambda: MASTER)
    vault.lead("phone", "+4930123", "ada")
    twin = Vault(MemoryKeys(), lambda: MASTER)
    assert twin._digest("phone", "+4930123") != vault._digest("phone", "+4930123")


def test_another_master_key_is_refused_at_once(open_keys: Callable[[], KeyTable]) -> None:
    Vault(open_keys(), lambda: MASTER)
    with pytest.raises(MasterKeyWrong) as raised:
        Vault(open_keys(), lambda: OTHER)
    assert raised.value.argument == "master"


@pytest.mark.parametrize("key", [b"", MASTER[1:], MASTER + b"x", bytearray(MASTER), MASTER.hex()])
def test_what_is_no_master_key_is_refused_untold(key: object) -> None:
    with pytest.raises(MasterKeyWrong) as raised:
        Vault(MemoryKeys(), lambda: key)  # type: ignore[arg-type,return-value]
    assert MASTER.hex()[2:20] not in str(raised.value)
    assert repr(MASTER[1:20]) not in f"{raised.value} {raised.value.got!r}"


def test_the_master_key_is_changed_and_what_was_sealed_stays(open_keys: Callable[[], KeyTable]) -> None:
    vault = Vault(open_keys(), lambda: MASTER)
    sealed = vault.encrypt("ada", b"x", kind="note")
    vault.lead("phone", "+4930123", "ada")
    vault.encrypt("bela", b"x", kind="note")
    vault.destroy("bela")
    vault.change_master(lambda: OTHER)
    assert vault.decrypt("ada", sealed, kind="note") == b"x"
    again = Vault(open_keys(), lambda: OTHER)
    assert again.decrypt("ada", sealed, kind="note") == b"x"
    assert again.find("phone", "+4930123") == "ada"
    assert again.existing_cipher("bela") is None
    with pytest.raises(MasterKeyWrong):
        Vault(open_keys(), lambda: MASTER)
    with pytest.raises(MasterKeyWrong):
        vault.change_master(lambda: b"short")


@pytest.mark.parametrize("customer_id", ["", "x" * 129, "a\nb", "\ud800"])
def test_what_is_no_id_is_refused(vault: Vault, customer_id: str) -> None:
    with pytest.raises(InvalidId):
        vault.cipher(customer_id)


def test_an_id_is_text(vault: Vault) -> None:
    with pytest.raises(WrongType):
        vault.destroy(7)  # type: ignore[arg-type]


def test_vaults_are_closed(open_keys: Callable[[], KeyTable]) -> None:
    vault = Vault(open_keys(), lambda: MASTER)
    vault.close()
    vault.close()


def test_what_is_shown_tells_no_key(vault: Vault) -> None:
    shown = f"{vault!r} {vault.cipher('ada')!r}"
    assert "Keys(" in shown
    assert "Cipher('ada')" in shown
    assert MASTER.hex() not in shown
    assert repr(MASTER) not in shown


@pytest.mark.parametrize(
    "error", [KeyDestroyed("ada"), SealBroken("ada", "note"), MasterKeyWrong("master", 1, "bytes")]
)
def test_errors_survive_pickling(error: Exception) -> None:
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_without_the_extra_it_is_told_which_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(ExtraMissing) as raised:
        Vault(MemoryKeys(), lambda: MASTER)
    assert raised.value.extra == "customers"


def test_a_master_file_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    place = tmp_path / "master"
    make_master_file(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    key = master_file(place)()
    assert len(key) == KEY_BYTES
    assert place.read_text() == key.hex() + "\n"
    with pytest.raises(FileExistsError):
        make_master_file(place)
    assert master_file(place)() == key


@pytest.mark.parametrize("text", [b"", b"00" * 31, b"00" * 33, b"xx" * 32, b"\xff" * 64, b"00" * 32 + b"\n" * 9])
def test_a_file_that_holds_no_master_key_is_refused(tmp_path: Path, text: bytes) -> None:
    place = tmp_path / "master"
    place.write_bytes(text)
    place.chmod(0o600)
    with pytest.raises(MasterKeyWrong, match="64 hexadecimal digits"):
        master_file(place)()


def test_a_master_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "master"
    make_master_file(place)
    place.chmod(0o640)
    with pytest.raises(MasterKeyWrong, match="chmod 600"):
        master_file(place)()


def test_a_master_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyWrong, match=os.strerror(2)):
        master_file(tmp_path / "none")()


def test_a_cipher_says_whose_it_is(vault: Vault) -> None:
    cipher = vault.cipher("ada")
    assert isinstance(cipher, Cipher)
    assert cipher.customer_id == "ada"


def test_who_loses_the_race_for_a_key_takes_the_first_one(open_keys: Callable[[], KeyTable]) -> None:
    keys = open_keys()
    vault = Vault(keys, lambda: MASTER)
    sealed = vault.encrypt("ada", b"x", kind="note")
    late = Vault(_Late(keys), lambda: MASTER)
    assert late.decrypt("ada", late.encrypt("ada", b"y", kind="note"), kind="note") == b"y"
    assert late.decrypt("ada", sealed, kind="note") == b"x"


def test_a_destroyed_key_is_nowhere_in_the_files(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "c-keys")
    vault = Vault(SqlKeys(database), lambda: MASTER)
    for number in range(8):
        vault.lead("phone", f"+49{number}", f"customer-{number}")
    sealed = SqlKeys(database).read("customer-3")
    digest = vault._digest("phone", "+493")
    assert sealed is not None
    assert sealed in _bytes_of(tmp_path)
    assert vault.destroy("customer-3")
    assert vault.scrub()
    assert sealed not in _bytes_of(tmp_path)
    assert digest not in _bytes_of(tmp_path)
    assert vault.existing_cipher("customer-4") is not None
    vault.close()


def test_scrubbing_gives_up_while_somebody_looks_at_what_was(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "c-keys")
    vault = Vault(SqlKeys(database), lambda: MASTER)
    vault.cipher("ada")
    with database.reading() as session:
        session.execute("SELECT 1 FROM customer_keys")
        vault.destroy("ada")
        assert not vault.scrub()
    assert vault.scrub()
    vault.close()


def test_scrubbing_leaves_what_is_there(vault: Vault) -> None:
    sealed = vault.encrypt("ada", b"x", kind="note")
    vault.destroy("bela")
    assert vault.scrub()
    assert vault.decrypt("ada", sealed, kind="note") == b"x"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_closed_database_scrubs_nothing(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    database: Database
    if kind == "sqlite":
        database = SqliteDatabase(tmp_path / "c")
    else:
        database = PostgresDatabase(request.getfixturevalue("postgres_server").dsn, schema=unused_schema())
    database.close()
    with pytest.raises(StorageClosed):
        database.scrub("pets")


def _bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


class _Late:
    """A table that does not see the key at the first look, as if another process were about to store it."""

    def __init__(self, keys: KeyTable) -> None:
        self._keys = keys
        self._has_looked = False

    def read(self, customer_id: str) -> bytes | None:
        if customer_id and not self._has_looked:
            self._has_looked = True
            return None
        return self._keys.read(customer_id)

    def __getattr__(self, name: str) -> object:
        return getattr(self._keys, name)
