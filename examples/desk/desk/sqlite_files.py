"""Small files of SQLite's, opened as everything here needs them: durable on return, readable for their owner alone."""

from __future__ import annotations

import os

import apsw

__all__ = ["opened"]

_BUSY_MS = 5_000


def opened(path: str | os.PathLike[str], schema: str) -> apsw.Connection:
    """Open a file, which is made where it is not.

    :param schema: what a new file gets; sets ``user_version`` to something but 0.
    :raises apsw.Error: it cannot be opened, or is no database.
    """
    place = os.fspath(path)
    os.close(os.open(place, os.O_CREAT | os.O_RDWR, 0o600))
    connection = apsw.Connection(place)
    connection.set_busy_timeout(_BUSY_MS)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("foreign_keys", True)
    with connection:
        if connection.pragma("user_version") == 0:
            connection.execute(schema)
    return connection
