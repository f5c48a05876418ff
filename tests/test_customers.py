"""Customers are found by what they are known by; merging and splitting keep what belongs to whom."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccroute.customers import IDENTITIES_MAX, Customers, Identified, handle
from ccroute.customers.records import ADDRESSES_MAX, RECORD_TEXT_LENGTH_MAX
from ccroute.errors import (
    IdentityTaken,
    InvalidId,
    KeyDestroyed,
    OutOfRange,
    UnknownCustomer,
    WrongType,
)
from ccroute.ports import CustomerRecord, Handle
from ccroute.storage.keys import MemoryKeys
from ccroute.storage.sqlite import SqliteDatabase
from ccroute.storage.vault import Vault
from tests.customer_book import MASTER, House, counted_ids, memory_house, opener, phone

pytestmark = pytest.mark.outer

ADA = CustomerRecord(
    name="Ada Lovelace",
    addresses=["12 St James's Square"],
    remarks="likes engines",
    language="en",
    tier=3,
    manager_id="charles",
    attributes={"gold": True, "rate": Decimal("1.5"), "count": 2, "products": ["loan", "card"], "segment": "a"},
)


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Give customers over each kind of database."""
    made = House(*(opener(request.param, request, tmp_path, name) for name in ("customers", "keys")))
    yield made
    made.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[House]:
    """Give customers over one kind of database, where the kind does not matter."""
    yield from memory_house(tmp_path)


def test_who_comes_first_is_new_and_then_known(house: House) -> None:
    number = phone(1)
    assert house.customers.find(number) is None
    assert house.customers.find_or_create(number) == Identified(identity_id="c1", customer_id="c1", is_new=True)
    assert house.customers.find_or_create(number) == Identified(identity_id="c1", customer_id="c1", is_new=False)
    assert house.customers.find(number) == Identified(identity_id="c1", customer_id="c1", is_new=False)


def test_a_customer_is_what_was_told(house: House) -> None:
    house.known("phone", "+4930901820")
    house.customers.remember("c1", ADA)
    customer = house.customers.customer("c1")
    assert customer.customer_id == "c1"
    assert [(one.identity_id, one.handle) for one in customer.identities] == [("c1", handle("phone", "+4930901820"))]
    assert customer.identities[0].created_at_us == 1_000_000
    assert customer.record == ADA


def test_nothing_personal_lies_open(house: House, tmp_path: Path) -> None:
    house.known("phone", "+4930901820")
    house.customers.remember("c1", ADA)
    shown = repr(house.customers.customer("c1"))
    assert "c1" in shown
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for word in ("Lovelace", "901820", "James", "engines", "gold"):
        assert word not in shown
        assert word.encode() not in stored


def test_two_handles_become_one_customer(house: House) -> None:
    house.known("phone", "+4930901820")
    found = house.customers.add("c1", handle("email", "ada@example.com"), actor="agent:bob")
    assert found == Identified(identity_id="c2", customer_id="c1", is_new=True)
    assert house.customers.add("c2", handle("email", "ada@example.com")).customer_id == "c1"
    assert house.customers.ids_of("c1") == house.customers.ids_of("c2") == ("c1", "c2")
    assert house.customers.customer("c2").customer_id == "c1"
    assert house.customers.find_or_create(handle("email", "ADA@example.com")).customer_id == "c1"
    (move,) = house.customers.moves("c2")
    assert (move.identity_id, move.merged_into, move.actor, move.at_us) == ("c2", "c1", "agent:bob", 1_000_000)


def test_a_handle_of_somebody_else_is_not_taken(house: House) -> None:
    house.known("phone", "+4930901820")
    house.known("email", "bela@example.com")
    with pytest.raises(IdentityTaken) as raised:
        house.customers.add("c1", handle("email", "bela@example.com"))
    assert (raised.value.identity_id, raised.value.customer_id) == ("c2", "c2")


def test_a_merge_is_undone_by_a_split(house: House) -> None:
    for number in range(1, 5):
        house.customers.find_or_create(phone(number))
    house.customers.merge("c3", "c4")
    assert house.customers.merge("c1", "c2") == "c1"
    assert house.customers.merge("c2", "c4") == "c1"
    assert house.customers.ids_of("c4") == ("c1", "c4", "c2", "c3")
    assert house.customers.merge("c3", "c2") == "c1"
    assert house.customers.split("c3")
    assert house.customers.ids_of("c3") == house.customers.ids_of("c4") == ("c3", "c4")
    assert house.customers.ids_of("c2") == ("c1", "c2")
    assert house.customers.split("c2")
    assert not house.customers.split("c2")
    assert house.customers.ids_of("c1") == ("c1",)
    assert [move.merged_into for move in house.customers.moves("c3")] == ["c3", "c1", None]


def test_splitting_what_the_customer_is_called_by_leaves_the_rest_together(house: House) -> None:
    for number in range(1, 5):
        house.customers.find_or_create(phone(number))
        house.customers.merge("c1", f"c{number}")
    assert house.customers.split("c1")
    assert house.customers.ids_of("c1") == ("c1",)
    assert house.customers.ids_of("c4") == ("c2", "c3", "c4")


def test_what_each_identity_was_told_goes_with_it(house: House) -> None:
    house.known("phone", "+4930901820")
    house.known("email", "ada@example.com")
    earlier = CustomerRecord(name="A. Lovelace", language="fr", attributes={"gold": False, "x": 1})
    house.customers.remember("c2", earlier)
    house.time.us += 1
    house.customers.remember("c1", ADA)
    house.customers.merge("c2", "c1")
    whole = house.customers.customer("c2").record
    assert (whole.name, whole.language, whole.tier) == ("Ada Lovelace", "en", 3)
    assert whole.attributes == {**ADA.attributes, "x": 1}
    house.customers.split("c1")
    assert house.customers.customer("c2").record == earlier
    assert house.customers.customer("c1").record == ADA


def test_an_id_of_the_hosts_own_is_adopted(house: House) -> None:
    assert house.customers.adopt("crm-7") == Identified(identity_id="crm-7", customer_id="crm-7", is_new=True)
    assert not house.customers.adopt("crm-7").is_new
    house.customers.add("crm-7", phone(1))
    assert house.customers.find_or_create(phone(1)).customer_id == "crm-7"
    assert house.customers.customer("crm-7").identities[0].handle is None
    with pytest.raises(InvalidId):
        house.customers.adopt("")


def test_an_id_that_is_not_known_stands_for_itself(house: House) -> None:
    assert house.customers.ids_of("who") == ("who",)
    assert house.customers.moves("who") == []
    calls = (
        lambda: house.customers.customer("who"),
        lambda: house.customers.remember("who", ADA),
        lambda: house.customers.add("who", phone(1)),
        lambda: house.customers.merge("who", "c1"),
        lambda: house.customers.split("who"),
    )
    for call in calls:
        with pytest.raises(UnknownCustomer) as raised:
            call()
        assert raised.value.customer_id == "who"


def test_what_was_forgotten_is_gone_and_leaves_the_others(house: House) -> None:
    for number in range(1, 4):
        house.customers.find_or_create(phone(number))
    house.customers.merge("c1", "c2")
    house.customers.merge("c2", "c3")
    house.customers.begin_erasing(["c1", "c2"])
    house.customers.begin_erasing(["c2"])
    assert house.customers.forget(["c1", "c2"]) == 2
    assert house.customers.forget(["c1"]) == 0
    assert house.customers.erased() == ["c1", "c2"]
    assert house.customers.ids_of("c3") == ("c3",)
    assert house.customers.moves("c3") == []
    assert house.customers.scrub()


def test_somebody_new_comes_by_what_an_erased_customer_was_known_by(house: House) -> None:
    house.known("phone", "+4930901820")
    house.vault.destroy("c1")
    with pytest.raises(UnknownCustomer):
        house.customers.customer("c1")
    with pytest.raises(UnknownCustomer):
        house.customers.remember("c1", ADA)
    house.customers.forget(["c1"])
    assert house.customers.find(handle("phone", "+4930901820")) is None
    assert house.known("phone", "+4930901820") == "c2"


def test_a_creation_that_was_cut_short_is_finished(small: House) -> None:
    number = phone(1)
    assert small.vault.lead(number.kind, number.value, "half") == "half"
    assert small.customers.find(number) is None
    assert small.customers.find_or_create(number) == Identified(identity_id="half", customer_id="half", is_new=False)
    assert small.customers.customer("half").identities[0].handle == number


class _Erasing:
    """A table of keys in which a new customer is erased between two steps, so many times."""

    def __init__(self, times: int) -> None:
        self._keys = MemoryKeys()
        self._times = times

    def lead_first(self, digest: bytes, customer_id: str, sealed: bytes) -> str:
        led = self._keys.lead_first(digest, customer_id, sealed)
        if self._times:
            self._times -= 1
            self._keys.destroy(led)
        return led

    def __getattr__(self, name: str) -> object:
        return getattr(self._keys, name)


@pytest.mark.parametrize(("times", "identity_id"), [(2, "c3"), (3, None)])
def test_who_is_erased_while_it_is_created_is_somebody_new(tmp_path: Path, times: int, identity_id: str | None) -> None:
    vault = Vault(_Erasing(times), lambda: MASTER)
    customers = Customers(SqliteDatabase(tmp_path / "c"), vault, new_id=counted_ids())
    if identity_id is None:
        with pytest.raises(KeyDestroyed):
            customers.find_or_create(phone(1))
    else:
        assert customers.find_or_create(phone(1)).identity_id == identity_id
    customers.close()


def test_of_two_who_create_at_once_one_does(house: House) -> None:
    found: list[Identified] = []
    threads = [
        threading.Thread(target=lambda: found.append(house.customers.find_or_create(phone(1)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.identity_id for one in found}) == 1
    assert sum(one.is_new for one in found) == 1


def test_two_who_merge_crosswise_make_one_customer(house: House) -> None:
    for number in range(1, 9):
        house.customers.find_or_create(phone(number))
    pairs = [(f"c{one}", f"c{other}") for one in range(1, 9) for other in range(1, 9) if one != other]
    threads = [
        threading.Thread(target=lambda part=part: [house.customers.merge(*pair) for pair in part])
        for part in (pairs[:14], pairs[:13:-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (ids,) = {frozenset(house.customers.ids_of(f"c{number}")) for number in range(1, 9)}
    assert ids == {f"c{number}" for number in range(1, 9)}


def test_a_customer_has_so_many_identities_at_most(small: House) -> None:
    with small.customers._database.writing() as session:
        session.execute("INSERT INTO identities (identity_id, created_at_us) VALUES ('root', 0)")
        session.execute_many(
            "INSERT INTO identities (identity_id, created_at_us, merged_into, merged_seq) VALUES (?, 0, 'root', ?)",
            [(f"i{number}", number) for number in range(IDENTITIES_MAX - 1)],
        )
    small.customers.find_or_create(phone(1))
    with pytest.raises(OutOfRange, match=f"at most {IDENTITIES_MAX} identities, was {IDENTITIES_MAX + 1}"):
        small.customers.merge("root", "c1")
    assert small.customers.ids_of("c1") == ("c1",)


@pytest.mark.parametrize(
    "record",
    [
        CustomerRecord(name="x" * (RECORD_TEXT_LENGTH_MAX + 1)),
        CustomerRecord(addresses=["x"] * (ADDRESSES_MAX + 1)),
        CustomerRecord(addresses=["x", "x" * (RECORD_TEXT_LENGTH_MAX + 1)]),
        CustomerRecord(attributes={f"a{number}": 1 for number in range(65)}),
    ],
)
def test_a_record_has_limits(small: House, record: CustomerRecord) -> None:
    small.customers.find_or_create(phone(1))
    with pytest.raises(OutOfRange) as raised:
        small.customers.remember("c1", record)
    assert "xx" not in str(raised.value)


@pytest.mark.parametrize(
    "record",
    [
        {"name": "canary"},
        CustomerRecord(name=7),  # type: ignore[arg-type]
        CustomerRecord(addresses="canary"),  # type: ignore[arg-type]
        CustomerRecord(attributes=["canary"]),  # type: ignore[arg-type]
        CustomerRecord(attributes={"a": Decimal("NaN")}),
        CustomerRecord(attributes={"a": object()}),
        CustomerRecord(attributes={"a": None, "b": {1}}),
        CustomerRecord(name="\ud800"),
    ],
)
def test_a_record_of_wrong_types_is_refused_untold(small: House, record: object) -> None:
    small.customers.find_or_create(phone(1))
    with pytest.raises(WrongType) as raised:
        small.customers.remember("c1", record)  # type: ignore[arg-type]
    assert "canary" not in f"{raised.value} {raised.value.__context__}"


def test_ids_are_random_where_none_are_given(tmp_path: Path) -> None:
    customers = Customers(SqliteDatabase(tmp_path / "c"), Vault(MemoryKeys(), lambda: MASTER))
    ids = {customers.find_or_create(phone(number)).identity_id for number in range(4)}
    assert {len(one) for one in ids} == {24}
    assert len(ids) == 4
    assert customers.customer(sorted(ids)[0]).identities[0].created_at_us > 1_600_000_000_000_000
    assert str(tmp_path) in repr(customers)
    customers.close()


@pytest.mark.parametrize("error", [UnknownCustomer("c1"), IdentityTaken("c1", "c2")])
def test_errors_survive_pickling(error: Exception) -> None:
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


class _Parents:
    """The slow and obvious model: who was merged into whom, in which order."""

    def __init__(self, count: int) -> None:
        self.parent: dict[int, int | None] = dict.fromkeys(range(count))
        self.order: list[int] = []

    def root(self, one: int) -> int:
        while (above := self.parent[one]) is not None:
            one = above
        return one

    def ids(self, one: int) -> list[int]:
        members = [other for other in self.parent if self.root(other) == self.root(one)]
        return sorted(members, key=lambda other: -1 if self.parent[other] is None else self.order.index(other))

    def move(self, one: int, into: int | None) -> None:
        self.parent[one] = into
        self.order = [other for other in self.order if other != one] + [one]

    def merge(self, into: int, other: int) -> None:
        if self.root(into) != self.root(other):
            self.move(self.root(other), self.root(into))

    def split(self, one: int) -> None:
        if self.parent[one] is not None:
            self.move(one, None)
            return
        rest = sorted((other for other in self.parent if self.parent[other] == one), key=self.order.index)
        for other in rest:
            self.move(other, None if other == rest[0] else rest[0])


_NUMBER = st.integers(0, 5)
_STEP = st.one_of(st.tuples(st.just("merge"), _NUMBER, _NUMBER), st.tuples(st.just("split"), _NUMBER))


@pytest.mark.slow
@settings(max_examples=settings.default.max_examples // 2)
@given(steps=st.lists(_STEP, max_size=12))
def test_merges_and_splits_in_any_order_are_those_of_the_model(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int] | tuple[str, int, int]]
) -> None:
    for house in memory_house(tmp_path_factory.mktemp("house")):
        handles: list[Handle] = [phone(number) for number in range(6)]
        ids = [house.customers.find_or_create(one).identity_id for one in handles]
        model = _Parents(6)
        for name, *numbers in steps:
            getattr(house.customers, name)(*(ids[number] for number in numbers))
            getattr(model, name)(*numbers)
        for number, one in enumerate(handles):
            assert house.customers.ids_of(ids[number]) == tuple(ids[other] for other in model.ids(number))
            found = house.customers.find(one)
            assert found is not None
            assert found.identity_id == ids[number]


def test_nothing_of_the_extras_is_imported_before_it_is_used() -> None:
    heavy = ["anyio", "apsw", "cryptography", "email_validator", "phonenumbers", "psycopg"]
    program = f"import sys, ccroute.customers; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
