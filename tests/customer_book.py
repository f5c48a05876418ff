"""Customers for tests: stores over each kind of database, ids that count, a clock that stands where it is put."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccroute.customers import Customers, handle
from ccroute.ports import Handle
from ccroute.storage.database import Database
from ccroute.storage.keys import MemoryKeys, SqlKeys
from ccroute.storage.postgres import PostgresDatabase
from ccroute.storage.sqlite import SqliteDatabase
from ccroute.storage.vault import Vault
from tests.postgres import unused_schema

MASTER = bytes(range(32))

Opener = Callable[[], Database]


class Time:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.us = 1_000_000

    def __call__(self) -> int:
        return self.us


def counted_ids(prefix: str = "c") -> Callable[[], str]:
    """Return what gives ``c1``, ``c2`` …"""
    numbers = itertools.count(1)
    return lambda: f"{prefix}{next(numbers)}"


def opener(kind: str, request: pytest.FixtureRequest, folder: Path, name: str) -> Opener:
    """Return what opens one database of a kind, as often as it is called."""
    if kind == "sqlite":
        return lambda: SqliteDatabase(folder / f"center.ccroute-{name}")
    server = request.getfixturevalue("postgres_server")
    schema = unused_schema()
    return lambda: PostgresDatabase(server.dsn, schema=schema, connections_max=2)


class House:
    """Customers and keys, each in a database of its own."""

    def __init__(self, open_customers: Opener, open_keys: Opener | None) -> None:
        self.time = Time()
        self.vault = Vault(MemoryKeys() if open_keys is None else SqlKeys(open_keys()), lambda: MASTER)
        self.customers = Customers(open_customers(), self.vault, new_id=counted_ids(), now_us=self.time)

    def close(self) -> None:
        """Close everything."""
        self.customers.close()
        self.vault.close()

    def known(self, kind: str, value: str) -> str:
        """Return the id of an identity, which is made where it is not."""
        return self.customers.find_or_create(handle(kind, value)).identity_id


def memory_house(folder: Path) -> Iterator[House]:
    """Give a house of one file, with its keys in memory."""
    house = House(lambda: SqliteDatabase(folder / "center.ccroute-customers"), None)
    yield house
    house.close()


def phone(number: int) -> Handle:
    """Return a phone number."""
    return handle("phone", f"+49301{number:06}")
