"""What databases raise."""

from __future__ import annotations

from typing import final

from ccroute.errors.argument import CcrouteError

__all__ = [
    "SchemaTooNew",
    "StorageBusy",
    "StorageClosed",
    "StorageConflict",
    "StorageCorrupt",
    "StorageError",
    "StorageFailed",
    "StorageFull",
    "StorageUnavailable",
]


class StorageError(CcrouteError):
    """A database could not do what it was asked. Messages name the database and the problem, never a value in it."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        """The path of the file, or the server; never with a password."""
        self.problem = problem
        """What is wrong."""

    def __reduce__(self) -> tuple[type[StorageError], tuple[object, ...]]:
        return type(self), (self.place, self.problem)


@final
class StorageUnavailable(StorageError):
    """The file cannot be opened or written, or the server not be reached; nothing was done."""


@final
class StorageClosed(StorageError):
    """The database was closed here."""


@final
class StorageBusy(StorageError):
    """Somebody else holds a lock for too long, or two transactions were in each other's way; nothing was done."""


@final
class StorageFull(StorageError):
    """The disk is full; nothing was done."""


@final
class StorageConflict(StorageError):
    """A row contradicts another one or the schema; nothing was done."""


@final
class StorageCorrupt(StorageError):
    """The file is no database, or is damaged: restore it from a backup, or rebuild it where that can be."""


@final
class StorageFailed(StorageError):
    """The database failed in another way, such as an I/O error. Whether a commit that ends so was done is not known."""


@final
class SchemaTooNew(StorageError):
    """A newer release has made the schema; this one neither reads nor writes it."""

    def __init__(self, place: str, owner: str, version: int, version_max: int) -> None:
        super().__init__(place, f"the schema {owner} must be of version {version_max} at most, was {version}")
        self.owner = owner
        """Whose schema it is."""
        self.version = version
        """Its version."""
        self.version_max = version_max
        """The newest version that this release knows."""

    def __reduce__(self) -> tuple[type[StorageError], tuple[object, ...]]:
        return type(self), (self.place, self.owner, self.version, self.version_max)
