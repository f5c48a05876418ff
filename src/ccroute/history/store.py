"""A history in a database: how it is written, and how things are forgotten. :mod:`ccroute.history.asking` asks it.

Events are written together with how far they have been written, in one transaction, so that each is there once. What is
added is stored sealed, and then indexed; what an index lacks after a crash is put in before the next search.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ccroute.errors import KeyDestroyed, OutOfRange
from ccroute.events import Event
from ccroute.history.asking import Asking
from ccroute.history.checking import (
    SourceState,
    check_addition,
    check_forgetting,
    new_events,
    state_behind,
)
from ccroute.history.projecting import (
    ERASED,
    SEQS_PER_SOURCE,
    ContactRow,
    EntryRow,
    LegRow,
    Projection,
    contact_ids_of,
)
from ccroute.history.rows import CONTACT_COLUMNS, LEG_COLUMNS, chunks, contact_rows, leg_rows, marks, padded
from ccroute.history.schema import OWNER, STEPS
from ccroute.history.sealing import Sealing, owner_of
from ccroute.history.searching import SearchIndex
from ccroute.history.words import grams_of, searched
from ccroute.storage.database import Database, Row, Session, Value
from ccroute.storage.ids import check_id
from ccroute.storage.migrations import migrate
from ccroute.storage.vault import Vault
from ccroute.timeline import AnyAddition, Forgotten

__all__ = ["SOURCES_MAX", "SqlHistory"]

SOURCES_MAX: Final = 1_024
"""Sources that one history can have."""

_INDEXED_AT_ONCE: Final = 500
_REMOVED_AT_ONCE: Final = 1_000

_FIXED_IN_CONTACT: Final = frozenset({"number", "contact_id", "customer_id", "parent_id", "began_at_us"})
_CHANGED_IN_CONTACT: Final = [name for name in ContactRow.__struct_fields__ if name not in _FIXED_IN_CONTACT]
_CHANGED_IN_LEG: Final = ["ended_at_us", "handled_us", "wrapped_us", "reason"]

_STATE: Final = SourceState.__struct_fields__

_TABLES: Final = ("contacts", "legs", "entries", "additions")


def _insert(table: str, row: type[msgspec.Struct]) -> str:
    names = row.__struct_fields__
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks(len(names))})"


def _update(table: str, names: Sequence[str]) -> str:
    return f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in names)} WHERE number = ?"


_INSERT_CONTACT: Final = _insert("contacts", ContactRow)
_UPDATE_CONTACT: Final = _update("contacts", _CHANGED_IN_CONTACT)
_INSERT_LEG: Final = _insert("legs", LegRow)
_UPDATE_LEG: Final = _update("legs", _CHANGED_IN_LEG)
_INSERT_ENTRY: Final = _insert("entries", EntryRow)
_INSERT_ADDITION: Final = (
    "INSERT INTO additions (entry_id, number, at_us, kind, contact_number, contact_id, customer_id, conversation_id, "
    f"sealed_for, sealed) VALUES ({marks(10)})"
)


class SqlHistory(Asking):
    """A :class:`~ccroute.ports.HistoryStore` in a database. Safe to share between threads, and between processes."""

    def __init__(self, database: Database, index: Database, *, vault: Vault | None) -> None:
        """Open the history, whose tables are made where they are not.

        :param database: where it is; closed with it.
        :param index: where its search index is, which is derived and needs no backup; closed with it.
        :param vault: has the keys of customers, with which additions are sealed; not closed. None: they are stored as
            they are, so that copies of the database stay readable when a customer is erased.
        :raises StorageError: the database could not, or is of a newer release.
        """
        self._database = database
        self._vault = vault
        try:
            migrate(database, OWNER, STEPS)
            self._index = SearchIndex(index)
        except BaseException:
            index.close()
            database.close()
            raise

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._database.place!r})"

    # ---- writing ------------------------------------------------------------------------------------------------

    def write(
        self, events: Sequence[Event], *, source: str = "engine", position: int = 0, allow_gap: bool = False
    ) -> int:
        """Write events, each once; see ``ccroute.ports.HistoryStore``."""
        check_id("source", source)
        with self._database.writing() as session:
            number, state = _locked_source(session, source)
            new = new_events(events, source, state, allow_gap=allow_gap)
            if not new:
                return state.through_seq
            projection = _projection(session, number, new)
            for event in new:
                projection.follow(event)
            _keep(session, projection, number * SEQS_PER_SOURCE + new[0].seq)
            _set_state(session, "number", number, state_behind(state, new, position))
            return new[-1].seq

    def through_seq(self, source: str = "engine") -> int:
        """Return the seq of the last event written; see ``ccroute.ports.HistoryStore``."""
        check_id("source", source)
        return self._state(source).through_seq

    def position(self, source: str = "engine") -> int:
        """Return the position of the last event written; see ``ccroute.ports.HistoryStore``."""
        check_id("source", source)
        return self._state(source).position

    def _state(self, source: str) -> SourceState:
        with self._database.reading() as session:
            rows = session.execute(f"SELECT {', '.join(_STATE)} FROM sources WHERE name = ?", (source,))
        return SourceState(*rows[0]) if rows else SourceState()

    def add(self, *additions: AnyAddition) -> int:
        """Add what was said or made; see ``ccroute.ports.HistoryStore``."""
        for addition in additions:
            check_addition(addition)
        with self._database.writing() as session:
            # Locks out who else adds, so that numbers are seen in order.
            [[last]] = session.execute(
                "UPDATE last_addition SET number = number + ? RETURNING number", (len(additions),)
            )
            owned = _owned(session, _new(session, additions))
            _check_not_erased(session, [addition for _, addition in owned])
            sealed = Sealing(self._vault).sealed([addition for _, addition in owned])
            session.execute_many(
                _INSERT_ADDITION,
                [
                    (
                        one.entry_id,
                        number,
                        one.at_us,
                        str(one.__struct_config__.tag),
                        contact_number,
                        one.contact_id,
                        one.customer_id,
                        one.conversation_id,
                        owner_of(one),
                        seal,
                    )
                    for number, (contact_number, one), seal in zip(
                        range(last - len(owned) + 1, last + 1), owned, sealed, strict=True
                    )
                ],
            )
        self.index_pending()
        return len(owned)

    def index_pending(self) -> None:
        """Bring the search index up to what is stored. Called by what adds, removes and searches.

        Without the vault it stops at what is sealed, and goes on when the history is opened with it.
        """
        with self._database.reading() as session:
            gone = _numbers(session.execute("SELECT number FROM additions_to_unindex"))
        if gone:
            self._index.remove(gone)
            with self._database.writing() as session:
                _delete(session, "additions_to_unindex", gone)
        while True:
            through = self._index.through_number()
            with self._database.reading() as session:
                rows = session.execute(
                    "SELECT number, at_us, customer_id, sealed_for, sealed FROM additions "
                    "WHERE number > ? ORDER BY number LIMIT ?",
                    (through, _INDEXED_AT_ONCE),
                )
            grams = self._grams(rows)
            if grams is None:
                return
            self._index.put(grams, behind=through, through=int(rows[-1][0]))

    def _grams(self, rows: Sequence[Row]) -> list[tuple[int, int, str]] | None:
        """Return number, moment and grams of additions; None: there are none, or some cannot be opened here."""
        sealing = Sealing(self._vault)
        if not rows or not all(sealing.can_open(sealed) for *_, sealed in rows):
            return None
        return [
            (int(number), int(at_us), grams_of(text, customer_id))
            for number, at_us, customer_id, owner, sealed in rows
            if (addition := sealing.opened(owner, sealed)) is not None and (text := searched(addition))
        ]

    def rebuild_search(self) -> None:
        """Make the search index anew from what is stored."""
        self._index.clear()
        self.index_pending()

    # ---- forgetting ---------------------------------------------------------------------------------------------

    def forget(self, before_us: int, *, queue_id: str | None = None, texts_only: bool = False) -> Forgotten:
        """Remove what ended before a moment; see ``ccroute.ports.HistoryStore``."""
        check_forgetting(before_us, queue_id, texts_only)
        contacts = additions = 0
        after = (-1, -1)
        while True:
            with self._database.writing() as session:
                _lock_out(session)
                rows = _ended(session, before_us, queue_id, after)
                if not rows:
                    break
                numbers = _numbers(rows)
                after = (int(rows[-1][1]), numbers[-1])
                additions += _remove_additions(session, "contact_number", numbers)
                if not texts_only:
                    contacts += len(numbers)
                    _remove_contacts(session, numbers)
        if queue_id is None:
            additions += self._forget_loose(before_us)
        self.index_pending()
        return Forgotten(contacts=contacts, additions=additions)

    def _forget_loose(self, before_us: int) -> int:
        """Remove additions that belong to no contact."""
        removed = 0
        while True:
            with self._database.writing() as session:
                _lock_out(session)
                rows = session.execute(
                    "SELECT number FROM additions WHERE contact_number IS NULL AND at_us < ? LIMIT ?",
                    (before_us, _REMOVED_AT_ONCE),
                )
                if not rows:
                    return removed
                removed += _remove_additions(session, "number", _numbers(rows))

    def erase(self, customer_id: str) -> Forgotten:
        """Forget who a customer was, and all that was said; see ``ccroute.ports.HistoryStore``."""
        check_id("customer_id", customer_id)
        with self._database.writing() as session:
            _lock_out(session)
            session.execute(
                "INSERT INTO erased_customers (customer_id) VALUES (?) ON CONFLICT (customer_id) DO NOTHING",
                (customer_id,),
            )
            numbers = _numbers(
                session.execute(
                    "UPDATE contacts SET customer_id = ?, conversation_id = NULL WHERE customer_id = ? "
                    "RETURNING number",
                    (ERASED, customer_id),
                )
            )
            session.execute("UPDATE entries SET customer_id = NULL WHERE customer_id = ?", (customer_id,))
            own = _numbers(session.execute("SELECT number FROM additions WHERE customer_id = ?", (customer_id,)))
            # What came before its contact was known, and so was sealed as nobody's, goes with the keys for that.
            keys = _keys_of_nobody(session, numbers)
            additions = _remove_additions(session, "number", own)
            additions += _remove_additions(session, "contact_number", numbers)
        if self._vault is not None:
            for key in keys:
                self._vault.destroy(key)
        self.index_pending()
        return Forgotten(contacts=len(numbers), additions=additions)

    def scrub(self) -> bool:
        """Take what was removed out of the files, too; see ``ccroute.ports.HistoryStore``."""
        is_index_scrubbed = self._index.scrub()
        return self._database.scrub(*_TABLES) and is_index_scrubbed

    def reset(self, source: str = "engine") -> None:
        """Remove what the events of a source made; see ``ccroute.ports.HistoryStore``."""
        check_id("source", source)
        with self._database.writing() as session:
            for (number,) in _set_state(session, "name", source, SourceState()):
                # The last number of the last source is the greatest that there is.
                span = (number * SEQS_PER_SOURCE, number * SEQS_PER_SOURCE + (SEQS_PER_SOURCE - 1))
                for table in ("entries", "legs", "contacts"):
                    session.execute(f"DELETE FROM {table} WHERE number BETWEEN ? AND ?", span)

    def close(self) -> None:
        """Give everything back. Calls after the first do nothing."""
        try:
            self._index.close()
        finally:
            self._database.close()


def _lock_out(session: Session) -> None:
    """Keep everybody from writing and adding until the session ends, so that nothing new belongs to what goes."""
    session.execute("UPDATE sources SET name = name")
    session.execute("UPDATE last_addition SET number = number")


def _locked_source(session: Session, source: str) -> tuple[int, SourceState]:
    """Return number and state of a source, which is locked until the session ends."""
    lock = f"UPDATE sources SET name = name WHERE name = ? RETURNING number, {', '.join(_STATE)}"
    rows = session.execute(lock, (source,))
    if not rows:
        [[count]] = session.execute("SELECT count(*) FROM sources")
        if count >= SOURCES_MAX:
            raise OutOfRange("source", source, f"one of the {SOURCES_MAX} that this history has")
        session.execute(
            f"INSERT INTO sources (number, name, {', '.join(_STATE)}) VALUES (?, ?, {marks(len(_STATE))})",
            (count, source, *msgspec.structs.astuple(SourceState())),
        )
        return int(count), SourceState()
    [[number, *state]] = rows
    return int(number), SourceState(*state)


def _set_state(session: Session, column: str, value: Value, state: SourceState) -> list[Row]:
    """Set how far a source has been written, and return its number, if it is there."""
    return session.execute(
        f"UPDATE sources SET {', '.join(f'{name} = ?' for name in _STATE)} WHERE {column} = ? RETURNING number",
        (*msgspec.structs.astuple(state), value),
    )


def _projection(session: Session, number: int, events: Sequence[Event]) -> Projection:
    span = (number * SEQS_PER_SOURCE, number * SEQS_PER_SOURCE + (SEQS_PER_SOURCE - 1))
    contacts: list[ContactRow] = []
    for ids in chunks(contact_ids_of(events)):
        wanted = padded(ids)
        rows = session.execute(
            f"SELECT {CONTACT_COLUMNS} FROM contacts WHERE number IN (SELECT max(number) FROM contacts "
            f"WHERE contact_id IN ({marks(len(wanted))}) AND number BETWEEN ? AND ? GROUP BY contact_id)",
            (*wanted, *span),
        )
        contacts += contact_rows(rows)
    legs: list[LegRow] = []
    for numbers in chunks([row.number for row in contacts if row.legs]):
        wanted_legs = padded(numbers)
        rows = session.execute(
            f"SELECT {LEG_COLUMNS} FROM legs WHERE contact_number IN ({marks(len(wanted_legs))}) "
            "AND ended_at_us IS NULL",
            wanted_legs,
        )
        legs += leg_rows(rows)
    customers = [one for event in events if (one := getattr(event, "customer_id", None)) is not None]
    return Projection(number, contacts, legs, _erased(session, customers))


def _keep(session: Session, projection: Projection, first_number: int) -> None:
    """Store what is new and what has changed; what is new has a number of this batch."""
    contacts, legs = projection.contacts.values(), projection.legs.values()
    for insert, update, changed, rows in (
        (_INSERT_CONTACT, _UPDATE_CONTACT, _CHANGED_IN_CONTACT, contacts),
        (_INSERT_LEG, _UPDATE_LEG, _CHANGED_IN_LEG, legs),
    ):
        new = [msgspec.structs.astuple(row) for row in rows if row.number >= first_number]
        old = [(*(getattr(row, name) for name in changed), row.number) for row in rows if row.number < first_number]
        if new:
            session.execute_many(insert, new)
        if old:
            session.execute_many(update, old)
    if projection.entries:
        session.execute_many(_INSERT_ENTRY, [msgspec.structs.astuple(row) for row in projection.entries])
    for begun in chunks(projection.begun):
        _link_waiting(session, begun)


def _link_waiting(session: Session, begun: Sequence[ContactRow]) -> None:
    """Give new contacts the additions that came before them."""
    ids = padded([row.contact_id for row in begun])
    rows = session.execute(
        f"SELECT DISTINCT contact_id FROM additions WHERE contact_number IS NULL AND contact_id IN ({marks(len(ids))})",
        ids,
    )
    waiting = {contact_id for (contact_id,) in rows}
    for row in begun:
        if row.contact_id in waiting:
            session.execute(
                "UPDATE additions SET contact_number = ? WHERE contact_number IS NULL AND contact_id = ?",
                (row.number, row.contact_id),
            )


def _erased(session: Session, customer_ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for ids in chunks(list(dict.fromkeys(customer_ids))):
        wanted = padded(ids)
        rows = session.execute(
            f"SELECT customer_id FROM erased_customers WHERE customer_id IN ({marks(len(wanted))})", wanted
        )
        found.update(customer_id for (customer_id,) in rows)
    return found


def _check_not_erased(session: Session, additions: Iterable[AnyAddition]) -> None:
    erased = _erased(session, [one.customer_id for one in additions if one.customer_id is not None])
    if erased:
        raise KeyDestroyed(min(erased))


def _new(session: Session, additions: Sequence[AnyAddition]) -> list[AnyAddition]:
    """Return the additions whose ids are new, the first of each."""
    firsts: dict[str, AnyAddition] = {}
    for addition in additions:
        firsts.setdefault(addition.entry_id, addition)
    for ids in chunks(list(firsts)):
        wanted = padded(ids)
        rows = session.execute(f"SELECT entry_id FROM additions WHERE entry_id IN ({marks(len(wanted))})", wanted)
        for (entry_id,) in rows:
            del firsts[entry_id]
    return list(firsts.values())


def _owned(session: Session, additions: Sequence[AnyAddition]) -> list[tuple[int | None, AnyAddition]]:
    """Return additions with the number of their contact, and of its customer where they name none."""
    ids = list(dict.fromkeys(one.contact_id for one in additions if one.contact_id is not None))
    known: dict[str, tuple[int, str | None]] = {}
    for some in chunks(ids):
        wanted = padded(some)
        rows = session.execute(
            "SELECT contact_id, number, customer_id FROM contacts WHERE number IN (SELECT max(number) FROM contacts "
            f"WHERE contact_id IN ({marks(len(wanted))}) GROUP BY contact_id)",
            wanted,
        )
        known |= {contact_id: (int(number), customer_id) for contact_id, number, customer_id in rows}
    owned: list[tuple[int | None, AnyAddition]] = []
    for one in additions:
        number, customer_id = known.get(one.contact_id or "", (None, None))
        if one.customer_id is None and customer_id:
            one = msgspec.structs.replace(one, customer_id=customer_id)
        owned.append((number, one))
    return owned


def _ended(session: Session, before_us: int, queue_id: str | None, after: tuple[int, int]) -> list[Row]:
    """Return number and begin of some contacts that ended before a moment, in order of their begin."""
    of_queue = "" if queue_id is None else "queue_id = ? AND "
    return session.execute(
        f"SELECT number, began_at_us FROM contacts WHERE {of_queue}began_at_us <= ? AND ended_at_us < ? "
        "AND (began_at_us, number) > (?, ?) ORDER BY began_at_us, number LIMIT ?",
        (*(() if queue_id is None else (queue_id,)), before_us, before_us, *after, _REMOVED_AT_ONCE),
    )


def _remove_contacts(session: Session, numbers: Sequence[int]) -> None:
    for some in chunks(numbers):
        wanted = padded(some)
        for table, column in (("entries", "contact_number"), ("legs", "contact_number"), ("contacts", "number")):
            session.execute(f"DELETE FROM {table} WHERE {column} IN ({marks(len(wanted))})", wanted)


def _remove_additions(session: Session, column: str, numbers: Sequence[int]) -> int:
    """Remove additions by their own numbers, or their contacts', and note that they are to leave the index."""
    removed = 0
    for some in chunks(numbers):
        wanted = padded(some)
        gone = session.execute(
            f"DELETE FROM additions WHERE {column} IN ({marks(len(wanted))}) RETURNING number", wanted
        )
        session.execute_many("INSERT INTO additions_to_unindex (number) VALUES (?)", gone)
        removed += len(gone)
    return removed


def _keys_of_nobody(session: Session, contact_numbers: Sequence[int]) -> list[str]:
    found: dict[str, None] = {}
    for some in chunks(contact_numbers):
        wanted = padded(some)
        rows = session.execute(
            f"SELECT DISTINCT sealed_for FROM additions WHERE contact_number IN ({marks(len(wanted))}) "
            "AND customer_id IS NULL",
            wanted,
        )
        found |= dict.fromkeys(owner for (owner,) in rows)
    return list(found)


def _delete(session: Session, table: str, numbers: Sequence[int]) -> None:
    for some in chunks(numbers):
        wanted = padded(some)
        session.execute(f"DELETE FROM {table} WHERE number IN ({marks(len(wanted))})", wanted)


def _numbers(rows: Iterable[Row]) -> list[int]:
    return [int(row[0]) for row in rows]
