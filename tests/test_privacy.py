"""Erasing reaches every copy, exporting tells all, forgetting keeps to its rules."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ccroute import Config, Engine
from ccroute.commands import AbandonContact, AcceptOffer, CompleteContact, EnqueueContact, SetPresence
from ccroute.customers import (
    Customers,
    Privacy,
    Retention,
    Vault,
    erased_callbacks,
    handle,
    make_master_file,
    master_file,
    memory_vault,
    postgres_customers,
    postgres_vault,
    sqlite_customers,
    sqlite_vault,
)
from ccroute.errors import KeyDestroyed, MasterKeyWrong, OutOfRange, StorageFailed, UnknownCustomer, WrongType
from ccroute.events import Event, OfferMade
from ccroute.history import MemoryHistory, PostgresHistory, SqliteHistory
from ccroute.ports import CustomerRecord, HistoryStore
from ccroute.timeline import ContactFilter, Forgotten, Message, Note, Recording
from ccroute.types import Presence
from tests.customer_book import MASTER, counted_ids
from tests.postgres import PostgresServer, unused_schema

pytestmark = pytest.mark.outer

CONFIG = Config.from_dict(
    {"queues": {"loans": {}, "cards": {}}, "agents": {"charles": {"queues": {"loans": 1, "cards": 1}}}}
)
NAME = "Ada Canary-Lovelace"
CANARIES = (NAME, "canary-message", "canary-note", "4930901820", "canary@example.com", "Canary Square")
HOUR = 3_600_000_000


class Center:
    """A contact centre's personal data, in files of one folder or on a server."""

    def __init__(self, vault: Vault, customers: Customers, history: HistoryStore) -> None:
        self.vault = vault
        self.customers = customers
        self.history = history
        self.privacy = Privacy(vault, customers=customers, history=history)

    def close(self) -> None:
        """Close everything."""
        self.history.close()
        self.customers.close()
        self.vault.close()


def open_center(folder: Path) -> Center:
    """Open a contact centre in files."""
    vault = sqlite_vault(folder / "center", lambda: MASTER)
    customers = sqlite_customers(folder / "center", vault)
    customers._new_id = counted_ids()
    return Center(vault, customers, SqliteHistory(folder / "center-history", vault=vault))


def one_life(contact_id: str, queue_id: str, customer_id: str | None, at_us: int, engine: Engine) -> list[Event]:
    """Return the events of one contact that is served and completed within a second."""
    call = EnqueueContact(contact_id=contact_id, queue_id=queue_id, channel="voice", customer_id=customer_id)
    events = engine.handle(call, at_us)
    (offer,) = (event for event in events if isinstance(event, OfferMade))
    events += engine.handle(AcceptOffer(offer_id=offer.offer_id), at_us + 1)
    return events + engine.handle(CompleteContact(contact_id=contact_id), at_us + 1_000_000)


def fill(center: Center) -> None:
    """Let Ada call twice and write once, and Bela call once."""
    center.customers.find_or_create(handle("phone", "+4930901820"))
    center.customers.add("c1", handle("email", "canary@example.com"), actor="agent:charles")
    center.customers.remember("c1", CustomerRecord(name=NAME, addresses=["1 Canary Square"], tier=2))
    center.customers.find_or_create(handle("phone", "+4930901829"))
    engine = Engine(CONFIG)
    events = engine.handle(SetPresence(agent_id="charles", presence=Presence.AVAILABLE), HOUR)
    for number, (queue_id, customer_id) in enumerate([("loans", "c1"), ("cards", "c2"), ("loans", "c3")], start=1):
        events += one_life(f"call{number}", queue_id, customer_id, number * 24 * HOUR, engine)
    engine.close()
    center.history.write(events)
    center.history.add(
        Message(
            entry_id="m1",
            at_us=25 * HOUR,
            contact_id="call1",
            customer_id="c1",
            body="canary-message one",
            from_customer=True,
        ),
        Note(
            entry_id="n1", at_us=49 * HOUR, contact_id="call2", customer_id="c2", body="canary-note", agent_id="charles"
        ),
        Recording(entry_id="r1", at_us=49 * HOUR, contact_id="call2", reference="s3://r/1", length_us=5),
        Message(
            entry_id="m2", at_us=73 * HOUR, contact_id="call3", customer_id="c3", body="of Bela", from_customer=True
        ),
    )


@pytest.fixture
def center(tmp_path: Path) -> Iterator[Center]:
    """Give a contact centre in files, with something in it."""
    made = open_center(tmp_path)
    fill(made)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgres", "memory"])
def any_center(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Center]:
    """Give a contact centre over each kind of history, with something in it."""
    if request.param == "sqlite":
        made = open_center(tmp_path)
    elif request.param == "memory":
        vault = memory_vault()
        customers = sqlite_customers(tmp_path / "center", vault)
        customers._new_id = counted_ids()
        made = Center(vault, customers, MemoryHistory())
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        vault = postgres_vault(server.dsn, lambda: MASTER, schema=unused_schema())
        customers = postgres_customers(server.dsn, vault, schema=unused_schema())
        customers._new_id = counted_ids()
        made = Center(vault, customers, PostgresHistory(server.dsn, vault=vault, schema=unused_schema()))
    fill(made)
    yield made
    made.close()


def bytes_of(folder: Path) -> bytes:
    """Return all that lies in a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_an_erased_customer_is_nowhere(any_center: Center) -> None:
    erasure = any_center.privacy.erase("c2")
    assert erasure.customer_ids == ("c1", "c2")
    assert (erasure.keys, erasure.identities, erasure.contacts, erasure.additions) == (2, 2, 2, 3)
    assert erasure.is_scrubbed
    with pytest.raises(UnknownCustomer):
        any_center.customers.customer("c1")
    with pytest.raises(UnknownCustomer):
        any_center.privacy.export("c1")
    assert any_center.customers.find(handle("phone", "+4930901820")) is None
    assert any_center.history.search("canary", from_us=0).entries == []
    card = any_center.history.customer("c1", "c2")
    assert (card.contacts, card.last_agent_id) == (0, None)


def test_callbacks_of_an_erased_customer_are_taken_back_under_all_ids(any_center: Center) -> None:
    engine = Engine(Config.from_dict({"queues": {"loans": {"callback": {"on_abandon": True}}}}))
    events: list[Event] = []
    for number, customer_id in enumerate(["c1", "c2", "c3"], start=1):
        call = EnqueueContact(contact_id=f"late{number}", queue_id="loans", channel="voice", customer_id=customer_id)
        events += engine.handle(call, 100 * HOUR + number)
        events += engine.handle(AbandonContact(contact_id=call.contact_id), 100 * HOUR + number)
    direct = EnqueueContact(contact_id="agreed", queue_id="loans", channel="callback", customer_id="c2")
    events += engine.handle(direct, 101 * HOUR)
    assert len(engine.missed()) == 4
    erasure = any_center.privacy.erase("c1")
    # Nothing leads from one id to the others any more, but for what erasing returned.
    assert any_center.customers.ids_of("c1") == ("c1",)
    commands = erased_callbacks(engine.missed(), erasure.customer_ids)
    assert {command.reason for command in commands} == {"customer erased"}
    for command in commands:
        events += engine.handle(command, 102 * HOUR)
    assert [one.customer_id for one in engine.missed()] == ["c3"]
    # What the journal tells of them later does not bring the customer back.
    any_center.history.write(events, source="later")
    for customer_id in erasure.customer_ids:
        assert any_center.history.contacts(ContactFilter(customer_ids=[customer_id])).contacts == []
    assert len(any_center.history.contacts(ContactFilter(customer_ids=["c3"])).contacts) == 3


def test_routing_ids_stay_and_lead_to_nobody(any_center: Center) -> None:
    any_center.privacy.erase("c1")
    story = any_center.history.contact("call1")
    assert story is not None
    assert (story.contact.contact_id, story.contact.queue_id, story.contact.last_agent_id) == (
        "call1",
        "loans",
        "charles",
    )
    assert story.contact.customer_id not in {"c1", "c2"}
    assert [entry.addition for entry in story.entries if entry.addition is not None] == []


def test_others_keep_what_is_theirs(any_center: Center) -> None:
    any_center.privacy.erase("c1")
    assert any_center.customers.customer("c3").identities[0].handle == handle("phone", "+4930901829")
    assert [
        entry.addition.entry_id for entry in any_center.history.search("bela", from_us=0).entries if entry.addition
    ] == ["m2"]


def test_an_erased_customer_who_calls_again_is_somebody_new(any_center: Center) -> None:
    any_center.privacy.erase("c1")
    assert any_center.customers.find_or_create(handle("phone", "+4930901820")).identity_id == "c4"
    with pytest.raises(KeyDestroyed):
        any_center.history.add(Note(entry_id="n9", at_us=HOUR, customer_id="c1", body="late"))


def test_to_erase_again_finds_nothing(any_center: Center) -> None:
    any_center.privacy.erase("c1")
    again = any_center.privacy.erase("c1", scrub=False)
    assert (again.keys, again.identities, again.contacts, again.additions) == (0, 0, 0, 0)
    assert not again.is_scrubbed


def test_nothing_of_an_erased_customer_is_in_the_files(center: Center, tmp_path: Path) -> None:
    sealed = [
        row[0]
        for database, table, column in (
            (center.customers._database, "identities", "sealed_value"),
            (center.history._database, "additions", "sealed"),  # type: ignore[attr-defined]
        )
        for row in _rows(database, f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
    ]
    assert len(sealed) == 7
    assert all(bytes(one) in bytes_of(tmp_path) for one in sealed)
    center.privacy.erase("c1")
    assert sum(bytes(one) in bytes_of(tmp_path) for one in sealed) == 2  # Bela's


def _rows(database: object, statement: str) -> list[tuple[bytes]]:
    with database.reading() as session:  # type: ignore[attr-defined]
        return session.execute(statement)  # type: ignore[no-any-return]


def test_nothing_personal_is_ever_in_the_files(center: Center, tmp_path: Path) -> None:
    stored = bytes_of(tmp_path)
    assert [canary for canary in CANARIES if canary.encode() in stored] == []


def test_merging_and_splitting_keep_the_history_right(any_center: Center) -> None:
    customers, history = any_center.customers, any_center.history

    def contacts_of(customer_id: str) -> list[str]:
        return [one.contact_id for one in history.customer(*customers.ids_of(customer_id)).last_contacts]

    assert contacts_of("c2") == ["call2", "call1"]
    customers.merge("c3", "c1")
    assert contacts_of("c1") == contacts_of("c3") == ["call3", "call2", "call1"]
    customers.split("c1")
    assert (contacts_of("c2"), contacts_of("c3")) == (["call2", "call1"], ["call3"])
    customers.split("c2")
    assert (contacts_of("c1"), contacts_of("c2")) == (["call1"], ["call2"])


# ---- backups -----------------------------------------------------------------------------------------------------


def restored(folder: Path, *names: str) -> Iterator[Center]:
    """Yield a filled contact centre from which Ada was erased, and some of whose files are from a backup before."""
    center = open_center(folder)
    fill(center)
    center.close()
    shutil.copytree(folder, folder / "backup")
    center = open_center(folder)
    center.privacy.erase("c1")
    center.close()
    for name in names:
        shutil.copy(folder / "backup" / name, folder / name)
    center = open_center(folder)
    yield center
    center.close()


BACKUP = ("center-customers", "center-history", "center-history-search")


def test_a_restored_backup_tells_nothing_of_who_was_erased(tmp_path: Path) -> None:
    for center in restored(tmp_path, *BACKUP):
        with pytest.raises(UnknownCustomer):
            center.customers.customer("c1")
        assert center.customers.find(handle("phone", "+4930901820")) is None
        shown = msgspec.json.encode(center.history.timeline("c1", "c2")).decode()
        shown += msgspec.json.encode(center.history.contact("call1")).decode()
        shown += msgspec.json.encode(center.history.search("canary", from_us=0)).decode()
        assert "call1" in shown
        assert [canary for canary in CANARIES if canary in shown] == []
        export = json.dumps(center.privacy.export("c1"))
        assert [canary for canary in CANARIES if canary in export] == []
        assert "of Bela" in msgspec.json.encode(center.history.timeline("c3")).decode()


def test_no_key_that_is_left_opens_what_a_backup_holds(tmp_path: Path) -> None:
    for center in restored(tmp_path, *BACKUP):
        sealed = _rows(center.history._database, "SELECT sealed FROM additions WHERE customer_id IN ('c1', 'c2')")  # type: ignore[attr-defined]
        sealed += _rows(center.customers._database, "SELECT sealed_value FROM identities WHERE identity_id <> 'c3'")
        assert len(sealed) == 5
        ciphers = [center.vault.existing_cipher(one) for one in center.vault._keys.read_all() if one]
        assert [cipher.customer_id for cipher in ciphers if cipher is not None] == ["c3"]
        assert [center.vault.existing_cipher(one) for one in ("c1", "c2")] == [None, None]


@pytest.mark.parametrize("names", [BACKUP, ("center-keys",), BACKUP[1:]])
def test_erasures_are_repeated_behind_a_restored_backup(tmp_path: Path, names: tuple[str, ...]) -> None:
    for center in restored(tmp_path, *names):
        erasure = center.privacy.repeat_erasures()
        assert set(erasure.customer_ids) >= {"c1", "c2"}
        assert erasure.keys == (2 if names == ("center-keys",) else 0)
        assert erasure.identities == (2 if "center-customers" in names else 0)
        assert erasure.contacts == (2 if "center-history" in names else 0)
        assert center.history.timeline("c1", "c2").entries == []
        assert center.customers.ids_of("c1") == ("c1",)
        assert center.privacy.repeat_erasures().keys == 0


class Failing:
    """A history that fails as often as it is told to."""

    def __init__(self, history: HistoryStore, times: int) -> None:
        self._history = history
        self._times = times

    def erase(self, customer_id: str) -> Forgotten:
        if self._times:
            self._times -= 1
            raise StorageFailed("history", "disk")
        return self._history.erase(customer_id)

    def __getattr__(self, name: str) -> object:
        return getattr(self._history, name)


@pytest.mark.parametrize("way", ["again", "repeat"])
def test_an_erasure_that_was_cut_short_is_finished(center: Center, way: str) -> None:
    failing = Privacy(center.vault, customers=center.customers, history=Failing(center.history, 1))  # type: ignore[arg-type]
    with pytest.raises(StorageFailed):
        failing.erase("c2")
    # What was sealed can be read no more already, and the erasure is known.
    assert center.vault.existing_cipher("c1") is None
    assert center.customers.erased() == ["c1", "c2"]
    erasure = failing.erase("c2") if way == "again" else failing.repeat_erasures()
    assert (erasure.customer_ids, erasure.identities, erasure.contacts) == (("c1", "c2"), 2, 2)
    assert center.history.timeline("c1", "c2").entries == []


def test_what_is_read_meanwhile_is_scrubbed_later(center: Center) -> None:
    with center.customers._database.reading() as session:
        session.execute("SELECT 1 FROM identities")
        assert not center.privacy.erase("c1").is_scrubbed
    assert center.privacy.scrub()


# ---- export ------------------------------------------------------------------------------------------------------


def test_an_export_tells_all(any_center: Center) -> None:
    told = any_center.privacy.export("c2")
    assert told["customer_id"] == "c1"
    assert [(one["identity_id"], one["kind"], one["value"], one["merged_into"]) for one in told["identities"]] == [
        ("c1", "phone", "+4930901820", None),
        ("c2", "email", "canary@example.com", "c1"),
    ]
    assert told["record"] == {"name": NAME, "addresses": ["1 Canary Square"], "tier": 2}
    assert [(move["identity_id"], move["actor"]) for move in told["moves"]] == [("c2", "agent:charles")]
    assert [one["contact_id"] for one in told["contacts"]] == ["call2", "call1"]
    text = json.dumps(told)
    assert [canary for canary in CANARIES if canary not in text] == []
    assert "s3://r/1" in text
    assert "of Bela" not in text


def test_a_long_history_is_exported_whole(center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = center.privacy.export("c1")
    monkeypatch.setattr("ccroute.customers.privacy._PAGE_SIZE", 1)
    assert center.privacy.export("c1") == whole


def test_without_a_store_of_customers_the_id_is_all_that_is_known(center: Center) -> None:
    privacy = Privacy(center.vault, history=center.history)
    told = privacy.export("c1")
    assert (told["identities"], told["record"], told["moves"]) == ([], None, [])
    assert [one["contact_id"] for one in told["contacts"]] == ["call1"]
    assert privacy.erase("c1").customer_ids == ("c1",)
    assert privacy.repeat_erasures().customer_ids == ("c1",)
    with pytest.raises(UnknownCustomer):
        privacy.export("c1")


def test_without_a_history_the_customer_is_all_that_is_known(center: Center) -> None:
    privacy = Privacy(center.vault, customers=center.customers)
    assert privacy.export("c1")["timeline"] == []
    assert privacy.forget_old({"loans": Retention(keep_us=0)}, now_us=0) == {}
    assert privacy.erase("c1").contacts == 0
    with pytest.raises(UnknownCustomer):
        privacy.export("c1")


def test_what_is_shown_tells_nobody(center: Center) -> None:
    center.customers.customer("c1")
    assert "Privacy(" in repr(center.privacy)
    assert "anary" not in repr(center.privacy)


# ---- retention ---------------------------------------------------------------------------------------------------


def test_queues_keep_what_their_rules_say(any_center: Center) -> None:
    rules = {"loans": Retention(keep_us=40 * HOUR), "cards": Retention(keep_us=HOUR, texts_only=True)}
    forgotten = any_center.privacy.forget_old(rules, now_us=75 * HOUR)
    assert forgotten == {"cards": Forgotten(contacts=0, additions=2), "loans": Forgotten(contacts=1, additions=1)}
    assert any_center.history.contact("call1") is None
    assert any_center.history.contact("call2") is not None
    assert any_center.history.contact("call3") is not None
    assert any_center.history.search("canary", from_us=0).entries == []
    assert len(any_center.history.search("bela", from_us=0).entries) == 1


def test_more_time_than_there_is_keeps_everything(center: Center) -> None:
    assert center.privacy.forget_old({"loans": Retention(keep_us=99 * HOUR)}, now_us=75 * HOUR) == {
        "loans": Forgotten(contacts=0, additions=0)
    }


@pytest.mark.parametrize(
    ("keep_us", "now_us", "error"),
    [(-1, 0, OutOfRange), (1.5, 0, WrongType), (0, -1, OutOfRange), (0, True, WrongType)],
)
def test_rules_are_checked(center: Center, keep_us: int, now_us: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        center.privacy.forget_old({"loans": Retention(keep_us=keep_us)}, now_us=now_us)


# ---- opening -----------------------------------------------------------------------------------------------------


def test_files_lie_beside_the_journal(tmp_path: Path) -> None:
    make_master_file(tmp_path / "master")
    vault = sqlite_vault(tmp_path / "support.ccroute", master_file(tmp_path / "master"))
    customers = sqlite_customers(tmp_path / "support.ccroute", vault)
    customers.close()
    vault.close()
    names = {path.name for path in tmp_path.iterdir()}
    assert {"support.ccroute-keys", "support.ccroute-customers", "master"} == names


def test_a_wrong_master_key_leaves_nothing_open(tmp_path: Path) -> None:
    sqlite_vault(tmp_path / "c", lambda: MASTER).close()
    with pytest.raises(MasterKeyWrong):
        sqlite_vault(tmp_path / "c", lambda: bytes(32))
    assert {path.name for path in tmp_path.iterdir()} == {"c-keys"}
