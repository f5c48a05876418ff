"""Where a vault keeps its sealed keys: in memory, or in a database of their own."""

from __future__ import annotations

import threading
from typing import Final, final

from ccroute.errors import KeyDestroyed
from ccroute.storage.database import Database
from ccroute.storage.migrations import migrate

__all__ = ["MemoryKeys", "SqlKeys"]

_DESTROYED: Final = b""

_STEPS: Final = (
    """
    CREATE TABLE customer_keys (
        customer_id TEXT NOT NULL PRIMARY KEY,
        sealed BLOB NOT NULL
    ) WITHOUT ROWID, STRICT;
    CREATE TABLE known_by (
        digest BLOB NOT NULL PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customer_keys (customer_id)
    ) WITHOUT ROWID, STRICT;
    CREATE INDEX known_by_customer ON known_by (customer_id);
    """,
)
"""An empty ``sealed`` is a key that was destroyed."""

# Updating nothing makes the row that is there come back, and locks it until the end where several write at once.
_PUT_FIRST: Final = (
    "INSERT INTO customer_keys (customer_id, sealed) VALUES (?, ?) "
    "ON CONFLICT (customer_id) DO UPDATE SET sealed = customer_keys.sealed RETURNING sealed"
)
_LEAD_FIRST: Final = (
    "INSERT INTO known_by (digest, customer_id) VALUES (?, ?) "
    "ON CONFLICT (digest) DO UPDATE SET customer_id = known_by.customer_id RETURNING customer_id"
)
_DESTROY: Final = (
    "INSERT INTO customer_keys (customer_id, sealed) VALUES (?, ?) "
    "ON CONFLICT (customer_id) DO UPDATE SET sealed = excluded.sealed"
)
_READ: Final = "SELECT sealed FROM customer_keys WHERE customer_id = ?"
_FIND: Final = "SELECT customer_id FROM known_by WHERE digest = ?"
_DESTROYED_ONES: Final = "SELECT customer_id FROM customer_keys WHERE LENGTH(sealed) = 0 ORDER BY customer_id"


@final
class MemoryKeys:
    """Sealed keys in memory, gone with the process: for tests, and where nothing personal is kept."""

    def __init__(self) -> None:
        self._sealed: dict[str, bytes] = {}
        self._known_by: dict[bytes, str] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "MemoryKeys()"

    def read(self, customer_id: str) -> bytes | None:
        """Return the sealed key; empty: it was destroyed; None: there never was one."""
        return self._sealed.get(customer_id)

    def put_first(self, sealed: dict[str, bytes]) -> dict[str, bytes]:
        """Store sealed keys where there never was one, and return those that are there."""
        with self._lock:
            return {one: self._sealed.setdefault(one, key) for one, key in sealed.items()}

    def put_all(self, sealed: dict[str, bytes]) -> None:
        """Replace sealed keys that are there. Destroyed ones stay so."""
        with self._lock:
            self._sealed.update({one: key for one, key in sealed.items() if self._sealed.get(one)})

    def read_all(self) -> dict[str, bytes]:
        """Return all sealed keys by customer, those that were destroyed left out."""
        with self._lock:
            return {one: key for one, key in self._sealed.items() if key}

    def destroy(self, customer_id: str) -> bool:
        """Destroy a key and all that leads to it, and return whether there was a key."""
        with self._lock:
            self._known_by = {digest: one for digest, one in self._known_by.items() if one != customer_id}
            had = bool(self._sealed.get(customer_id))
            self._sealed[customer_id] = _DESTROYED
            return had

    def destroyed(self) -> list[str]:
        """Return whose keys were destroyed, in order."""
        with self._lock:
            return sorted(one for one, key in self._sealed.items() if not key)

    def scrub(self) -> bool:
        """Return True: what was destroyed is nowhere any more."""
        return True

    def find(self, digest: bytes) -> str | None:
        """Return the customer to whom a digest leads."""
        return self._known_by.get(digest)

    def lead_first(self, digest: bytes, customer_id: str, sealed: bytes) -> str:
        """Let a digest that led nowhere lead to a customer, and return to whom it leads.

        :raises KeyDestroyed: the digest led nowhere, and the customer's key was destroyed.
        """
        with self._lock:
            if (known := self._known_by.get(digest)) is not None:
                return known
            if self._sealed.setdefault(customer_id, sealed) == _DESTROYED:
                raise KeyDestroyed(customer_id)
            self._known_by[digest] = customer_id
            return customer_id

    def close(self) -> None:
        """Do nothing."""


@final
class SqlKeys:
    """Sealed keys in a database of their own, which belongs into no backup that is kept for long."""

    def __init__(self, database: Database) -> None:
        """Open the tables, which are made where they are not.

        :param database: closed with the keys.
        :raises StorageError: the database could not, or is of a newer release.
        """
        migrate(database, "keys", _STEPS)
        self._database = database

    def __repr__(self) -> str:
        return f"SqlKeys({self._database!r})"

    def read(self, customer_id: str) -> bytes | None:
        """Return the sealed key; empty: it was destroyed; None: there never was one.

        :raises StorageError: the database could not.
        """
        with self._database.reading() as session:
            rows = session.execute(_READ, (customer_id,))
        return bytes(rows[0][0]) if rows else None

    def put_first(self, sealed: dict[str, bytes]) -> dict[str, bytes]:
        """Store sealed keys where there never was one, and return those that are there; one step, durable on return.

        :raises StorageError: the database could not.
        """
        with self._database.writing() as session:
            # In the order of ids, so that two who do this at once do not wait for each other.
            return {one: bytes(session.execute(_PUT_FIRST, (one, sealed[one]))[0][0]) for one in sorted(sealed)}

    def put_all(self, sealed: dict[str, bytes]) -> None:
        """Replace sealed keys that are there, all or none. Destroyed ones stay so.

        :raises StorageError: the database could not.
        """
        with self._database.writing() as session:
            session.execute_many(
                "UPDATE customer_keys SET sealed = ? WHERE customer_id = ? AND LENGTH(sealed) > 0",
                [(key, customer_id) for customer_id, key in sealed.items()],
            )

    def read_all(self) -> dict[str, bytes]:
        """Return all sealed keys by customer, those that were destroyed left out.

        :raises StorageError: the database could not.
        """
        with self._database.reading() as session:
            rows = session.execute("SELECT customer_id, sealed FROM customer_keys WHERE LENGTH(sealed) > 0")
        return {customer_id: bytes(sealed) for customer_id, sealed in rows}

    def destroy(self, customer_id: str) -> bool:
        """Destroy a key and all that leads to it, durable on return, and return whether there was a key.

        :raises StorageError: the database could not.
        """
        with self._database.writing() as session:
            rows = session.execute(_READ, (customer_id,))
            session.execute(_DESTROY, (customer_id, _DESTROYED))
            session.execute("DELETE FROM known_by WHERE customer_id = ?", (customer_id,))
        return bool(rows and rows[0][0])

    def destroyed(self) -> list[str]:
        """Return whose keys were destroyed, in order.

        :raises StorageError: the database could not.
        """
        with self._database.reading() as session:
            rows = session.execute(
                "SELECT customer_id FROM customer_keys WHERE LENGTH(sealed) = 0 ORDER BY customer_id"
            )
        return [customer_id for (customer_id,) in rows]

    def scrub(self) -> bool:
        """Take destroyed keys out of the files, too, and return whether that could be done.

        :raises StorageError: the database could not.
        """
        return self._database.scrub("known_by", "customer_keys")

    def find(self, digest: bytes) -> str | None:
        """Return the customer to whom a digest leads.

        :raises StorageError: the database could not.
        """
        with self._database.reading() as session:
            rows = session.execute(_FIND, (digest,))
        return str(rows[0][0]) if rows else None

    def lead_first(self, digest: bytes, customer_id: str, sealed: bytes) -> str:
        """Let a digest that led nowhere lead to a customer, and return to whom it leads; one step, durable on return.

        :raises KeyDestroyed: the digest led nowhere, and the customer's key was destroyed.
        :raises StorageError: the database could not.
        """
        with self._database.writing() as session:
            known = session.execute(_FIND, (digest,))
            if not known:
                if not session.execute(_PUT_FIRST, (customer_id, sealed))[0][0]:
                    raise KeyDestroyed(customer_id)
                known = session.execute(_LEAD_FIRST, (digest, customer_id))
        return str(known[0][0])

    def close(self) -> None:
        """Close the database.

        :raises StorageError: the database could not.
        """
        self._database.close()
