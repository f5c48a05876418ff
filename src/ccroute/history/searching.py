"""The index that narrows a search down: derived from what is stored, rebuilt when lost, needed in no backup.

It lies in a database of its own, which holds grams (see :mod:`ccroute.history.words`) and no text. Each addition has a
place: its moment times 1 024, or the next that is free behind it, so that the newest places are the newest additions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, final

from ccroute.history.schema import INDEX_OWNER, INDEX_STEPS
from ccroute.history.words import customer_gram, narrowing
from ccroute.storage.database import Database, Dialect, Session
from ccroute.storage.migrations import migrate

__all__ = ["PLACES_PER_US", "SearchIndex"]

PLACES_PER_US: Final = 1_024

_PUT: Final = {
    Dialect.SQLITE: "INSERT INTO grams (rowid, content) VALUES (?, ?)",
    Dialect.POSTGRES: "INSERT INTO grams (place, content) VALUES (?, array_to_tsvector(string_to_array(?, ' ')))",
}
_FIND: Final = {
    Dialect.SQLITE: (
        "SELECT grams.rowid, number FROM grams JOIN places ON place = grams.rowid "
        "WHERE grams MATCH ? AND grams.rowid >= ? AND grams.rowid <= ? ORDER BY grams.rowid DESC LIMIT ?"
    ),
    Dialect.POSTGRES: (
        "SELECT place, number FROM grams JOIN places USING (place) "
        "WHERE content @@ ?::tsquery AND place >= ? AND place <= ? ORDER BY place DESC LIMIT ?"
    ),
}
_REMOVE: Final = {
    Dialect.SQLITE: "DELETE FROM grams WHERE rowid = ?",
    Dialect.POSTGRES: "DELETE FROM grams WHERE place = ?",
}
_BEGINS: Final = {Dialect.SQLITE: "*", Dialect.POSTGRES: ":*"}
_AND: Final = {Dialect.SQLITE: " AND ", Dialect.POSTGRES: " & "}
_OR: Final = {Dialect.SQLITE: " OR ", Dialect.POSTGRES: " | "}


@final
class SearchIndex:
    """Places and grams of additions. Safe to share between threads and processes."""

    def __init__(self, database: Database) -> None:
        """Open the index, which is made where it is not.

        :param database: its own; closed with it.
        :raises StorageError: the database could not, or is of a newer release.
        """
        self._database = database
        self._dialect = database.dialect
        migrate(database, INDEX_OWNER, INDEX_STEPS[self._dialect])

    def through_number(self) -> int:
        """Return the number of the last addition that was looked at."""
        with self._database.reading() as session:
            return int(session.execute("SELECT through_number FROM progress")[0][0])

    def put(self, rows: Sequence[tuple[int, int, str]], *, behind: int, through: int) -> bool:
        """Index additions: number, moment and grams of each; return False where another did so before.

        :param behind: up to which number the index was complete.
        :param through: up to which it is then.
        """
        with self._database.writing() as session:
            moved = session.execute(
                "UPDATE progress SET through_number = ? WHERE through_number = ? RETURNING through_number",
                (through, behind),
            )
            if not moved:
                return False
            placed = [(self._free_place(session, number, at_us), grams) for number, at_us, grams in rows if grams]
            session.execute_many(_PUT[self._dialect], placed)
            return True

    def _free_place(self, session: Session, number: int, at_us: int) -> int:
        place = at_us * PLACES_PER_US
        while True:
            # Most moments have one addition; of a full one the next moment's places are taken.
            ends = (place // PLACES_PER_US + 1) * PLACES_PER_US - 1
            rows = session.execute("SELECT max(place) FROM places WHERE place >= ? AND place <= ?", (place, ends))
            last = rows[0][0]
            place = place if last is None else int(last) + 1
            if place <= ends:
                session.execute("INSERT INTO places (place, number) VALUES (?, ?)", (place, number))
                return place

    def find(
        self, terms: Iterable[str], customer_ids: Sequence[str] | None, *, first: int, last: int, most: int
    ) -> list[tuple[int, int]]:
        """Return place and number of additions that may have all terms, newest first.

        :param first: from which place on.
        :param last: up to which place.
        :param most: how many at most.
        """
        query = self._query(terms, customer_ids)
        with self._database.reading() as session:
            rows = session.execute(_FIND[self._dialect], (query, first, last, most))
            return [(int(place), int(number)) for place, number in rows]

    def _query(self, terms: Iterable[str], customer_ids: Sequence[str] | None) -> str:
        dialect = self._dialect
        wanted = [f"{gram}{_BEGINS[dialect]}" if is_begin else gram for gram, is_begin in narrowing(terms)]
        if customer_ids is not None:
            wanted.insert(0, f"({_OR[dialect].join(customer_gram(one) for one in customer_ids)})")
        return _AND[dialect].join(wanted)

    def remove(self, numbers: Iterable[int]) -> None:
        """Take additions out. Those that are not there may go, too."""
        with self._database.writing() as session:
            for number in numbers:
                for (place,) in session.execute("DELETE FROM places WHERE number = ? RETURNING place", (number,)):
                    session.execute(_REMOVE[self._dialect], (place,))

    def clear(self) -> None:
        """Take everything out, so that it is put in anew."""
        with self._database.writing() as session:
            for statement in ("DELETE FROM grams", "DELETE FROM places", "UPDATE progress SET through_number = 0"):
                session.execute(statement)

    def scrub(self) -> bool:
        """Take what was removed out of the files, too, and return whether that could be done. O(size of the index)."""
        if self._dialect is Dialect.SQLITE:
            # What is removed stays in the index until its parts are merged.
            with self._database.writing() as session:
                session.execute("INSERT INTO grams (grams) VALUES ('optimize')")
        return self._database.scrub("grams", "places")

    def close(self) -> None:
        """Give everything back. Calls after the first do nothing."""
        self._database.close()
