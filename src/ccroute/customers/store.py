"""Who is who: what customers are known by, which of it belongs to one customer, and what is known of them.

Each thing that somebody is known by (a number, an address) is an *identity* with an id of its own, opaque and for ever.
That id is the ``customer_id`` which goes to the engine and into the history. A *customer* is a set of identities, and
is called by the id of one of them; any other of them names it, too. So merging two customers sets one pointer and
splitting takes it away: no event, no journal and no row of the history is rewritten, and each contact stays with the
identity it came by. Who reads the history of a customer asks for all of :meth:`Customers.ids_of`.

Values are sealed with the key of their identity, see :mod:`ccroute.storage.vault`; they are found by a keyed digest
that lies beside the keys. All methods block; call them in a thread where an event loop runs.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Final, final

import msgspec

from ccroute.customers.records import combine, read_record, write_record
from ccroute.errors import IdentityTaken, KeyDestroyed, OutOfRange, UnknownCustomer
from ccroute.personal import Personal
from ccroute.ports import CustomerRecord, Handle
from ccroute.storage.database import Database, Row, Session
from ccroute.storage.migrations import migrate
from ccroute.storage.vault import Cipher, Vault

__all__ = ["IDENTITIES_MAX", "Customer", "Customers", "Identified", "Identity", "Move"]

IDENTITIES_MAX: Final = 100
"""Identities one customer can have; of so many ids a history tells at once."""

_ATTEMPTS_MAX: Final = 3
"""How often a handle is looked for anew, where its customer is erased at the same moment."""

_STEPS: Final = (
    """
    CREATE TABLE identities (
        identity_id TEXT NOT NULL PRIMARY KEY,
        kind TEXT,
        sealed_value BLOB,
        created_at_us INTEGER NOT NULL,
        merged_into TEXT REFERENCES identities (identity_id),
        merged_seq INTEGER,
        sealed_record BLOB,
        recorded_at_us INTEGER
    ) STRICT;
    CREATE INDEX identities_merged ON identities (merged_into);
    CREATE TABLE moves (
        seq INTEGER PRIMARY KEY,
        identity_id TEXT NOT NULL,
        merged_into TEXT,
        at_us INTEGER NOT NULL,
        actor TEXT
    ) STRICT;
    CREATE INDEX moves_identity ON moves (identity_id);
    CREATE INDEX moves_into ON moves (merged_into);
    CREATE TABLE erased (identity_id TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID, STRICT;
    CREATE TABLE merging (turn INTEGER NOT NULL) STRICT;
    INSERT INTO merging (turn) VALUES (0);
    """,
)

_TAKE_TURN: Final = "UPDATE merging SET turn = turn + 1"
# UNION drops what was seen, so that a walk ends whatever the table holds.
_ROOT: Final = """
WITH RECURSIVE up (identity_id, merged_into) AS (
    SELECT identity_id, merged_into FROM identities WHERE identity_id = ?
    UNION SELECT i.identity_id, i.merged_into FROM identities i JOIN up ON i.identity_id = up.merged_into
) SELECT identity_id FROM up WHERE merged_into IS NULL
"""
_TREE: Final = """
WITH RECURSIVE down (identity_id) AS (
    SELECT identity_id FROM identities WHERE identity_id = ?
    UNION SELECT i.identity_id FROM identities i JOIN down ON i.merged_into = down.identity_id
) SELECT i.identity_id, i.kind, i.sealed_value, i.created_at_us, i.merged_into, i.sealed_record, i.recorded_at_us
FROM identities i JOIN down ON i.identity_id = down.identity_id
ORDER BY CASE WHEN i.merged_seq IS NULL THEN 0 ELSE i.merged_seq END, i.identity_id
"""
_INSERT: Final = (
    "INSERT INTO identities (identity_id, kind, sealed_value, created_at_us) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (identity_id) DO NOTHING"
)
_SET_FREE: Final = "UPDATE identities SET merged_into = NULL, merged_seq = NULL WHERE merged_into = ?"
_DELETE: Final = "DELETE FROM identities WHERE identity_id = ? RETURNING identity_id"
_MOVES: Final = "SELECT seq, identity_id, merged_into, at_us, actor FROM moves WHERE identity_id = ? OR merged_into = ?"


class Identity(Personal, frozen=True, kw_only=True):
    """Something a customer is known by."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"identity_id", "created_at_us", "merged_into"})

    identity_id: str
    """Opaque; the ``customer_id`` of contacts that come by it."""
    handle: Handle | None
    """What it is; None: an id that the host adopted."""
    created_at_us: int
    """When it was met first."""
    merged_into: str | None
    """The identity it was merged into; None: the customer is called by this one."""


class Customer(Personal, frozen=True, kw_only=True):
    """A customer, as far as it is known here."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"customer_id", "identities", "record"})

    customer_id: str
    """The id the customer is called by; all its identities name it, too."""
    identities: tuple[Identity, ...]
    """All of them, the one it is called by first, then in the order in which they were merged."""
    record: CustomerRecord
    """What is known of the customer, the newest first where identities were told different things."""


class Identified(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is that arrives."""

    identity_id: str
    """The ``customer_id`` to give to the engine."""
    customer_id: str
    """The customer it belongs to at present."""
    is_new: bool
    """Whether nobody was known by this before."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A merge or a split that was made."""

    seq: int
    """In order of time."""
    identity_id: str
    """What was moved, with all that had been merged into it."""
    merged_into: str | None
    """Where to; None: it was split off."""
    at_us: int
    """When."""
    actor: str | None
    """Who asked."""


@final
class Customers:
    """Customers in a database, found by what they are known by. Safe to share between threads and processes."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        *,
        new_id: Callable[[], str] = lambda: secrets.token_hex(12),
        now_us: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        """Open the tables, which are made where they are not.

        :param vault: keys of the identities, and what leads to them.
        :param new_id: gives ids that were never given before, and tell nothing.
        :param now_us: microseconds since the Unix epoch.
        :raises StorageError: the database could not, or is of a newer release.
        """
        migrate(database, "customers", _STEPS)
        self._database = database
        self.vault: Final = vault
        """Keys of the identities, and what leads to them."""
        self._new_id = new_id
        self._now_us = now_us

    def __repr__(self) -> str:
        return f"Customers({self._database!r})"

    # ---- who it is -------------------------------------------------------------------------------------------

    def find(self, handle: Handle) -> Identified | None:
        """Return who is known by a handle; None: nobody is.

        :raises StorageError: the database could not.
        """
        identity_id = self.vault.find(handle.kind, handle.value)
        customer_id = None if identity_id is None else self._root(identity_id)
        if identity_id is None or customer_id is None:
            return None
        return Identified(identity_id=identity_id, customer_id=customer_id, is_new=False)

    def find_or_create(self, handle: Handle) -> Identified:
        """Return who is known by a handle; somebody new, where nobody was. Of two who call at once, one creates.

        :raises StorageError: the database could not.
        """
        for _ in range(_ATTEMPTS_MAX):
            if (found := self.find(handle)) is not None:
                return found
            new_id = self._new_id()
            with contextlib.suppress(KeyDestroyed):  # the customer is erased at this moment: it is somebody new then
                identity_id = self.vault.lead(handle.kind, handle.value, new_id)
                # Where a creation was cut short, the value leads to an id without a row, which is made now.
                self._insert(identity_id, handle)
                root = self._root(identity_id) or identity_id
                return Identified(identity_id=identity_id, customer_id=root, is_new=identity_id == new_id)
        raise KeyDestroyed(new_id)

    def adopt(self, customer_id: str) -> Identified:
        """Take an id of the host's own for a customer, so that identities can be merged into it.

        :raises InvalidId: it is no id.
        :raises KeyDestroyed: a customer of this id was erased.
        :raises StorageError: the database could not.
        """
        self.vault.cipher(customer_id)
        root = self._root(customer_id)
        if root is None:
            self._insert(customer_id, None)
        return Identified(identity_id=customer_id, customer_id=root or customer_id, is_new=root is None)

    def customer(self, customer_id: str) -> Customer:
        """Return a customer by any of its ids.

        :raises UnknownCustomer: nobody is known by this id, or not any more.
        :raises SealBroken: a value cannot be opened.
        :raises StorageError: the database could not.
        """
        with self._database.reading() as session:
            rows = _tree(session, _known_root(session, customer_id))
        ciphers = {one: self.vault.existing_cipher(one) for one, *_ in rows}
        identities = []
        records = []
        for identity_id, kind, value, created_at_us, merged_into, record, recorded_at_us in rows:
            cipher = ciphers[identity_id]
            if cipher is None:  # being erased at this moment
                raise UnknownCustomer(customer_id)
            identities.append(
                Identity(
                    identity_id=identity_id,
                    handle=None if kind is None else _opened(cipher, kind, value),
                    created_at_us=created_at_us,
                    merged_into=merged_into,
                )
            )
            if record is not None:
                records.append((recorded_at_us, read_record(cipher.decrypt(bytes(record), kind="record"))))
        # The sort is stable: of records of one moment the first identity's counts.
        newest_first = [record for _, record in sorted(records, key=lambda dated: -dated[0])]
        return Customer(
            customer_id=identities[0].identity_id,
            identities=tuple(identities),
            record=combine(newest_first),
        )

    def ids_of(self, customer_id: str) -> tuple[str, ...]:
        """Return all ids of a customer, the one it is called by first; of an id that is not known, the id alone.

        :raises StorageError: the database could not.
        """
        with self._database.reading() as session:
            root = _root(session, customer_id)
            return (customer_id,) if root is None else tuple(row[0] for row in _tree(session, root))

    # ---- what is known of it ---------------------------------------------------------------------------------

    def remember(self, customer_id: str, record: CustomerRecord) -> None:
        """Keep what is known of a customer, instead of what was told of this id before.

        What other identities of the customer were told stays theirs, and goes with them when they are split off.

        :raises UnknownCustomer: nobody is known by this id, or not any more.
        :raises OutOfRange: a text or a list is too long.
        :raises StorageError: the database could not.
        """
        plain = write_record(record)
        cipher = self.vault.existing_cipher(customer_id)
        if cipher is None:
            raise UnknownCustomer(customer_id)
        with self._database.writing() as session:
            _known_root(session, customer_id)
            session.execute(
                "UPDATE identities SET sealed_record = ?, recorded_at_us = ? WHERE identity_id = ?",
                (cipher.encrypt(plain, kind="record"), self._now_us(), customer_id),
            )

    def add(self, customer_id: str, handle: Handle, *, actor: str | None = None) -> Identified:
        """Note that a customer is known by one more handle.

        :raises UnknownCustomer: nobody is known by ``customer_id``, or not any more.
        :raises IdentityTaken: another customer has more to it than this handle; merge the two, if they are one.
        :raises OutOfRange: the customer has ``IDENTITIES_MAX`` identities.
        :raises StorageError: the database could not.
        """
        with self._database.reading() as session:
            root = _known_root(session, customer_id)
        found = self.find_or_create(handle)
        if found.customer_id == root:
            return found
        if not found.is_new:
            raise IdentityTaken(found.identity_id, found.customer_id)
        self.merge(customer_id, found.identity_id, actor=actor)
        return msgspec.structs.replace(found, customer_id=root)

    # ---- who is who ------------------------------------------------------------------------------------------

    def merge(self, into: str, other: str, *, actor: str | None = None) -> str:
        """Make two customers one, which is called as ``into`` was, and return that id. One customer stays as it is.

        :raises UnknownCustomer: nobody is known by one of the ids, or not any more.
        :raises OutOfRange: together they have more than ``IDENTITIES_MAX`` identities.
        :raises StorageError: the database could not.
        """
        with self._database.writing() as session:
            session.execute(_TAKE_TURN)
            root, other_root = _known_root(session, into), _known_root(session, other)
            if root == other_root:
                return root
            count = len(_tree(session, root)) + len(_tree(session, other_root))
            if count > IDENTITIES_MAX:
                raise OutOfRange("other", count, f"a customer with whom it has at most {IDENTITIES_MAX} identities")
            self._move(session, other_root, root, actor)
            return root

    def split(self, identity_id: str, *, actor: str | None = None) -> bool:
        """Take an identity out of its customer, with all that was merged into it; return False: it was alone.

        Of the identity that the customer is called by, the rest is split off: all that was merged into it goes
        together, called by the one that was merged first.

        :raises UnknownCustomer: nobody is known by this id, or not any more.
        :raises StorageError: the database could not.
        """
        with self._database.writing() as session:
            session.execute(_TAKE_TURN)
            if _known_root(session, identity_id) != identity_id:
                self._move(session, identity_id, None, actor)
                return True
            rest = session.execute(
                "SELECT identity_id FROM identities WHERE merged_into = ? ORDER BY merged_seq", (identity_id,)
            )
            for (one,) in rest:
                self._move(session, one, None if one == rest[0][0] else rest[0][0], actor)
            return bool(rest)

    def moves(self, customer_id: str) -> list[Move]:
        """Return the merges and splits that a customer's identities took part in, in order of time.

        :raises StorageError: the database could not.
        """
        ids = self.ids_of(customer_id)
        with self._database.reading() as session:
            rows = [row for one in ids for row in session.execute(_MOVES, (one, one))]
        return [
            Move(seq=seq, identity_id=identity_id, merged_into=merged_into, at_us=at_us, actor=actor)
            for seq, identity_id, merged_into, at_us, actor in sorted(dict.fromkeys(rows))
        ]

    # ---- erasing ---------------------------------------------------------------------------------------------

    def begin_erasing(self, identity_ids: Iterable[str]) -> None:
        """Note, durably, that identities are to be erased, so that an erasure that is cut short can be finished.

        :raises StorageError: the database could not.
        """
        with self._database.writing() as session:
            session.execute(_TAKE_TURN)
            session.execute_many(
                "INSERT INTO erased (identity_id) VALUES (?) ON CONFLICT (identity_id) DO NOTHING",
                [(one,) for one in sorted(identity_ids)],
            )

    def erased(self) -> list[str]:
        """Return the ids that were erased, or are being erased, in order.

        :raises StorageError: the database could not.
        """
        with self._database.reading() as session:
            return [one for (one,) in session.execute("SELECT identity_id FROM erased ORDER BY identity_id")]

    def forget(self, identity_ids: Sequence[str]) -> int:
        """Delete all that is kept of identities here, and return how many there were. Others merged into them go free.

        Keys are not destroyed by this, and the history keeps what it has: see :class:`ccroute.customers.Privacy`.

        :raises StorageError: the database could not.
        """
        ids = [(one,) for one in sorted(identity_ids)]
        with self._database.writing() as session:
            session.execute(_TAKE_TURN)
            session.execute_many(
                "UPDATE identities SET merged_into = NULL, merged_seq = NULL WHERE merged_into = ?", ids
            )
            session.execute_many("DELETE FROM moves WHERE identity_id = ?", ids)
            session.execute_many("DELETE FROM moves WHERE merged_into = ?", ids)
            deleted = [
                session.execute("DELETE FROM identities WHERE identity_id = ? RETURNING identity_id", one)
                for one in ids
            ]
            return sum(map(len, deleted))

    def scrub(self) -> bool:
        """Take what was deleted out of the files, too, and return whether that could be done.

        :raises StorageError: the database could not.
        """
        return self._database.scrub("identities", "moves")

    def close(self) -> None:
        """Close the database. The vault stays open.

        :raises StorageError: the database could not.
        """
        self._database.close()

    # ---- inside ----------------------------------------------------------------------------------------------

    def _root(self, identity_id: str) -> str | None:
        with self._database.reading() as session:
            return _root(session, identity_id)

    def _insert(self, identity_id: str, handle: Handle | None) -> None:
        cipher = self.vault.cipher(identity_id)
        kind = None if handle is None else handle.kind
        value = None if handle is None else cipher.encrypt(handle.value.encode(), kind=f"handle:{handle.kind}")
        with self._database.writing() as session:
            session.execute(_INSERT, (identity_id, kind, value, self._now_us()))

    def _move(self, session: Session, identity_id: str, merged_into: str | None, actor: str | None) -> None:
        ((seq,),) = session.execute(
            "INSERT INTO moves (identity_id, merged_into, at_us, actor) VALUES (?, ?, ?, ?) RETURNING seq",
            (identity_id, merged_into, self._now_us(), actor),
        )
        session.execute(
            "UPDATE identities SET merged_into = ?, merged_seq = ? WHERE identity_id = ?",
            (merged_into, None if merged_into is None else seq, identity_id),
        )


def _root(session: Session, identity_id: str) -> str | None:
    rows = session.execute(_ROOT, (identity_id,))
    return str(rows[0][0]) if rows else None


def _known_root(session: Session, identity_id: str) -> str:
    root = _root(session, identity_id)
    if root is None:
        raise UnknownCustomer(identity_id)
    return root


def _tree(session: Session, root: str) -> list[Row]:
    return session.execute(_TREE, (root,))


def _opened(cipher: Cipher, kind: str, sealed: bytes) -> Handle:
    return Handle(kind=kind, value=cipher.decrypt(bytes(sealed), kind=f"handle:{kind}").decode())
