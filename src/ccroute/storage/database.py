"""The port over a relational database: sessions that run hand-written SQL, the same text for SQLite and PostgreSQL.

Rules for that text, so that it means the same on both:

- Values are given as ``?``, in order; a statement holds no other question mark, in a literal neither.
- Schemas are written in SQLite's words: ``INTEGER`` (64 bits), ``TEXT``, ``BLOB``, ``INTEGER PRIMARY KEY`` for a number
  that the database gives, and ``STRICT`` or ``WITHOUT ROWID`` at the end of a table. PostgreSQL's own words are put in
  for them, and texts are compared by their bytes on both.
- ``ON CONFLICT``, ``RETURNING``, comparisons of rows and common table expressions are alike on both. Where nothing is,
  ``Database.dialect`` tells which one it is.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

__all__ = ["Database", "Dialect", "Row", "Session", "Value"]

Value = int | float | str | bytes | None
"""What a statement takes."""

Row = tuple[Any, ...]
"""One row of an answer. What is in it follows from the statement, which no type can tell."""


class Dialect(enum.StrEnum):
    """Whose SQL it is."""

    SQLITE = "sqlite"
    """SQLite."""
    POSTGRES = "postgres"
    """PostgreSQL."""


class Session(Protocol):
    """One transaction. It belongs to the thread that opened it and ends with the ``with`` that opened it."""

    def execute(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run one statement and return its rows, none where it has none.

        :raises StorageError: the database could not; the transaction is lost.
        """

    def execute_many(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement once for each row of values, in order.

        :raises StorageError: the database could not; the transaction is lost.
        """

    def define(self, schema: str) -> None:
        """Run statements that define a schema, in SQLite's words, separated by semicolons.

        :raises StorageError: the database could not; the transaction is lost.
        """


class Database(Protocol):
    """A database. Safe to share between threads; each session takes a connection of its own meanwhile."""

    @property
    def dialect(self) -> Dialect:
        """Whose SQL it speaks."""

    @property
    def place(self) -> str:
        """Where it is, as it stands in messages: a path or a server, never with a password."""

    def writing(self) -> AbstractContextManager[Session]:
        """Open a transaction that may write: committed, and durable, when the ``with`` ends; undone if it raises.

        SQLite has one writer at a time, so that two sessions of one thread would wait for each other: do not nest.

        :raises StorageError: the database could not, at the begin or at the end.
        """

    def reading(self) -> AbstractContextManager[Session]:
        """Open a transaction that only reads, and sees the same all through, whatever is written meanwhile.

        :raises StorageError: the database could not.
        """

    def scrub(self, *tables: str) -> bool:
        """Take what was deleted or replaced in tables out of the files, too, and return whether that could be done.

        It cannot while another session looks at what was there before; it may be tried again. What the file system or
        the disk keeps of bytes that were overwritten, and what backups keep, is out of reach.

        :raises StorageError: the database could not.
        """

    def close(self) -> None:
        """Give everything back, once sessions have ended. Calls after the first do nothing."""
