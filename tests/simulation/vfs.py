"""A file system of SQLite's over the hostile disk: SQLite does what it does, and the disk knows of every call."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Final

import apsw

from tests.simulation.disk import HostileDisk

_BASE: Final = "unix"
_SYNCS_NAME: Final = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL | apsw.SQLITE_OPEN_WAL
"""Files whose folder SQLite's own file system syncs with the first sync of the file, if it made the file."""
_LAST: Final = {"read": apsw.SQLITE_IOERR_READ, "write": apsw.SQLITE_IOERR_WRITE, "sync": apsw.SQLITE_IOERR_FSYNC}


def _failed(what: str, error: OSError) -> Exception:
    """Return the exception that tells SQLite of an error."""
    if error.errno == errno.ENOSPC:
        return apsw.exception_for(apsw.SQLITE_FULL)
    if what == "open":
        return apsw.exception_for(apsw.SQLITE_CANTOPEN)
    return apsw.exception_for(_LAST.get(what, apsw.SQLITE_IOERR))


class HostileVfs(apsw.VFS):
    """The file system of one disk; registered under ``name`` as long as it lives."""

    def __init__(self, name: str, disk: HostileDisk) -> None:
        self._disk: Final = disk
        self.name: Final = name
        super().__init__(name, _BASE)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        """Open a file; one without a name is no concern of the disk."""
        if name is None:
            return apsw.VFSFile(_BASE, None, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        _passing(self._disk, "open", path)
        return HostileFile(self._disk, path, name, flags)

    def xDelete(self, name: str, sync_folder: bool) -> None:  # noqa: N802
        """Remove a file."""
        _passing(self._disk, "remove", name)
        super().xDelete(name, sync_folder)
        self._disk.note_removed(name)
        if sync_folder:
            _passing(self._disk, "sync_folder", name)
            self._disk.note_names_synced()

    def xAccess(self, name: str, flags: int) -> bool:  # noqa: N802
        """Say whether a file is there."""
        _passing(self._disk, "access", name)
        return super().xAccess(name, flags)


class HostileFile(apsw.VFSFile):
    """An open file. Locks and shared memory are the system's own."""

    def __init__(self, disk: HostileDisk, path: str, name: str | apsw.URIFilename, flags: list[int]) -> None:
        self._disk: Final = disk
        self._path: Final = path
        is_there = path in disk._files
        super().__init__(_BASE, name, flags)
        if not is_there:
            disk.note_created(path)
        self._syncs_name = not is_there and bool(flags[0] & _SYNCS_NAME)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        """Read bytes."""
        _passing(self._disk, "read", self._path, amount)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        """Write bytes; where that fails, some of them may be written."""
        data = bytes(data)

        def write(some: bytes) -> None:
            if some:
                super(HostileFile, self).xWrite(some, offset)
                self._disk.note_written(self._path, some, offset)

        _passing(self._disk, "write", self._path, len(data), lambda: write(data[: self._part(len(data))]))
        write(data)

    def _part(self, size: int) -> int:
        return self._disk.random.randrange(size + 1)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        """Cut the file."""
        _passing(self._disk, "truncate", self._path)
        super().xTruncate(size)
        self._disk.note_cut(self._path, size)

    def xSync(self, flags: int) -> None:  # noqa: N802
        """Sync the file, and the first time its name, where SQLite's own file system does."""
        disk = self._disk
        _passing(disk, "sync", self._path, 0, lambda: disk.note_failed_sync(self._path) if disk.is_on else None)
        disk.note_synced(self._path)
        if self._syncs_name:
            _passing(disk, "sync_folder", self._path)
            disk.note_names_synced()
            self._syncs_name = False


def _passing(disk: HostileDisk, what: str, path: str, size: int = 0, failing: Callable[[], None] | None = None) -> None:
    """Let the disk count a call; tell SQLite if it fails."""
    try:
        disk.passes(what, path, size)
    except OSError as error:
        if failing is not None and error.errno != errno.ENOSPC:
            failing()
        raise _failed(what, error) from None
