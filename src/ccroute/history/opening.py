"""Histories by where they are: a file of SQLite's, or a PostgreSQL server."""

from __future__ import annotations

import os
from typing import Final, final

from ccroute.history.store import SqlHistory
from ccroute.storage.disk import checked_path
from ccroute.storage.postgres import CONNECTIONS_MAX, WAIT_S, PostgresDatabase
from ccroute.storage.sqlite import SqliteDatabase
from ccroute.storage.vault import Vault

__all__ = ["PostgresHistory", "SqliteHistory"]

SEARCH_SUFFIX: Final = "-search"
"""Behind the name of a history's file: the file of its search index."""


@final
class SqliteHistory(SqlHistory):
    """A history in two files of SQLite's: its own, and ``<path>-search``, which needs no backup."""

    def __init__(self, path: str | os.PathLike[str], *, vault: Vault | None) -> None:
        """Open the files, which are made where they are not. A lost search index is made anew.

        :param vault: has the keys of customers, with which additions are sealed; not closed. None: they are stored as
            they are, so that copies of the files stay readable when a customer is erased.
        :raises InvalidArgument: the path is none.
        :raises ExtraMissing: the extra ``sqlite`` is not installed.
        :raises StorageError: a file cannot be opened, or is of a newer release.
        """
        place = checked_path("path", path)
        own = SqliteDatabase(place)
        try:
            index = SqliteDatabase(f"{place}{SEARCH_SUFFIX}")
        except BaseException:
            own.close()
            raise
        super().__init__(own, index, vault=vault)


@final
class PostgresHistory(SqlHistory):
    """A history in two schemas of a PostgreSQL database: its own, and ``<schema>_search``, which needs no backup."""

    def __init__(
        self,
        dsn: str,
        *,
        vault: Vault | None,
        schema: str = "ccroute",
        connections_max: int = CONNECTIONS_MAX,
        wait_s: float = WAIT_S,
    ) -> None:
        """Connect, and make the schemas where they are not. A lost search index is made anew.

        :param dsn: a connection string of libpq's, ``host=… dbname=…`` or ``postgresql://…``.
        :param vault: has the keys of customers, with which additions are sealed; not closed. None: they are stored as
            they are, so that copies of the database stay readable when a customer is erased.
        :param schema: name of the schema: lower-case letters, digits and underscores, at most 41.
        :param connections_max: how many connections are opened at most for each schema.
        :param wait_s: how long a call waits for a connection, seconds.
        :raises ExtraMissing: the extra ``postgres`` is not installed.
        :raises InvalidArgument: a parameter is not allowed.
        :raises StorageError: the server cannot be reached, does not let us, or has a newer release's schema.
        """
        own = PostgresDatabase(dsn, schema=schema, connections_max=connections_max, wait_s=wait_s)
        try:
            index = PostgresDatabase(dsn, schema=f"{schema}_search", connections_max=connections_max, wait_s=wait_s)
        except BaseException:
            own.close()
            raise
        super().__init__(own, index, vault=vault)
