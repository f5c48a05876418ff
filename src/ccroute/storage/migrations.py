"""Schemas that grow: numbered steps, each carried out once, all that are missing in one transaction.

Several owners may share one database, each with its own numbers in the table ``schema_versions``. A schema that a newer
release has made is refused: what this release would write could be wrong for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ccroute.errors import SchemaTooNew, StorageUnavailable
from ccroute.storage.database import Database, Dialect, Session

__all__ = ["check_schema", "migrate"]

_VERSIONS: Final = """
CREATE TABLE IF NOT EXISTS schema_versions (
    owner TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL
) WITHOUT ROWID, STRICT
"""

_HAS_VERSIONS: Final = {
    Dialect.SQLITE: "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_versions'",
    Dialect.POSTGRES: "SELECT count(to_regclass('schema_versions'))",
}

_MIGRATION_LOCK: Final = 0x6363_726F_7574
"""Of PostgreSQL's advisory locks: one process migrates at a time."""


def migrate(database: Database, owner: str, steps: Sequence[str]) -> int:
    """Bring the schema of an owner to the newest version and return from which it came: 0, where there was none.

    Step ``n`` (from 1) leads from version ``n - 1`` to ``n``: statements separated by semicolons, in the words that
    :mod:`ccroute.storage.database` allows. A step that was released never changes.

    :raises SchemaTooNew: the schema is of a newer release. Nothing was changed.
    :raises StorageError: the database could not; nothing was changed.
    """
    with database.writing() as session:
        if database.dialect is Dialect.POSTGRES:
            session.execute("SELECT pg_advisory_xact_lock(?)", (_MIGRATION_LOCK,))
        session.define(_VERSIONS)
        before = _version(session, owner)
        if before > len(steps):
            raise SchemaTooNew(database.place, owner, before, len(steps))
        for step in steps[before:]:
            session.define(step)
        session.execute(
            "INSERT INTO schema_versions (owner, version) VALUES (?, ?) "
            "ON CONFLICT (owner) DO UPDATE SET version = excluded.version",
            (owner, len(steps)),
        )
        return before


def check_schema(database: Database, owner: str, steps: Sequence[str]) -> None:
    """Check that the schema of an owner is the newest one, where it may not be changed.

    :raises SchemaTooNew: it is of a newer release.
    :raises StorageUnavailable: it is of an older one, or there is none.
    :raises StorageError: the database could not.
    """
    with database.reading() as session:
        [[is_there]] = session.execute(_HAS_VERSIONS[database.dialect])
        version = _version(session, owner) if is_there else 0
    if version > len(steps):
        raise SchemaTooNew(database.place, owner, version, len(steps))
    if version < len(steps):
        raise StorageUnavailable(
            database.place,
            f"the schema {owner} must be of version {len(steps)}, was {version}: open it once for writing",
        )


def _version(session: Session, owner: str) -> int:
    rows = session.execute("SELECT version FROM schema_versions WHERE owner = ?", (owner,))
    return int(rows[0][0]) if rows else 0
