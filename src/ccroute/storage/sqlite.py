"""SQLite in a file: how it is opened, how its errors are told, and the port over it.

A version of SQLite before 3.51.3 can corrupt its write-ahead log when several connections checkpoint it, so only newer
ones are opened; the wheel ``apsw`` brings its own. What was committed is on disk: ``synchronous=FULL`` syncs the log at
each commit. A connection is for one thread at a time: :class:`SqliteDatabase` keeps one that writes, behind a lock, and
a few that read beside it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, final

from ccroute.errors import (
    ExtraMissing,
    StorageBusy,
    StorageClosed,
    StorageConflict,
    StorageCorrupt,
    StorageError,
    StorageFailed,
    StorageFull,
    StorageUnavailable,
)
from ccroute.storage.database import Dialect, Row, Value
from ccroute.storage.disk import Disk, checked_path

if TYPE_CHECKING:
    import apsw

__all__ = [
    "BUSY_MS",
    "READERS_MAX",
    "SQLITE_MIN",
    "SqliteDatabase",
    "connect",
    "telling",
    "transaction",
    "write_log_anew",
]

SQLITE_MIN: Final = (3, 51, 3)
"""Oldest SQLite that is opened: those before can corrupt a write-ahead log with several connections."""

BUSY_MS: Final = 5_000
"""How long a connection waits for a lock of another process, milliseconds."""

READERS_MAX: Final = 4
"""Connections of one database that read at the same time."""

_SCRUB_MS: Final = 100
"""How long emptying the log waits for who still reads it, milliseconds."""

_FILE_MODE: Final = 0o600


def connect(
    path: str | os.PathLike[str],
    *,
    read_only: bool = False,
    vfs: str | None = None,
    busy_ms: int = BUSY_MS,
    check: Callable[[apsw.Connection], None] | None = None,
) -> apsw.Connection:
    """Open a file, which is made where it is not, for its owner alone; write-ahead log, synced at each commit.

    What is deleted is overwritten. Tables may refer to one another.

    :param vfs: name of a registered file system of SQLite's; None: the system's own.
    :param check: looks at what is there, and raises before anything of it is changed.
    :raises InvalidArgument: the path is none.
    :raises ExtraMissing: ``apsw`` is not installed.
    :raises StorageError: the file cannot be opened, or SQLite is too old.
    """
    try:
        import apsw
    except ImportError as error:
        raise ExtraMissing("sqlite", "files of SQLite") from error
    place = checked_path("path", path)
    check_version(place, apsw.sqlite_lib_version())
    flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    with telling(place):
        if vfs is None and not read_only:
            # SQLite gives its log the mode of the database, so that nobody else reads either. A file that is there is
            # left alone: closing it would end the locks that other connections of this process have on it.
            with contextlib.suppress(FileExistsError):
                os.close(os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE))
        connection = apsw.Connection(place, flags=flags, vfs=vfs)
        try:
            _set_up(connection, place, read_only=read_only, busy_ms=busy_ms, check=check)
        except BaseException:
            _abandon(connection, place)
            raise
    return connection


def _abandon(connection: apsw.Connection, place: str) -> None:
    """Close a connection after something else has failed, which is what is told."""
    with contextlib.suppress(StorageError), telling(place):
        connection.close(True)


def check_version(place: str, version: str) -> None:
    """Check that a version of SQLite is one that keeps its write-ahead log whole.

    :raises StorageUnavailable: it is older than ``SQLITE_MIN``.
    """
    if tuple(int(part) for part in version.split(".")[:3]) < SQLITE_MIN:
        oldest = ".".join(str(part) for part in SQLITE_MIN)
        raise StorageUnavailable(place, f"SQLite must be {oldest} or newer, was {version}: pip install -U apsw")


def _set_up(
    connection: apsw.Connection,
    place: str,
    *,
    read_only: bool,
    busy_ms: int,
    check: Callable[[apsw.Connection], None] | None,
) -> None:
    connection.set_busy_timeout(busy_ms)
    connection.pragma("trusted_schema", False)
    connection.pragma("foreign_keys", True)
    if read_only:
        # The first look at the file: whether it is a database at all.
        connection.pragma("schema_version")
        return
    if check is not None:
        check(connection)
    mode = connection.pragma("journal_mode", "wal")
    if mode != "wal":
        raise StorageUnavailable(place, f"the file system must allow a write-ahead log, SQLite's mode is {mode}")
    connection.pragma("synchronous", "full")
    connection.pragma("secure_delete", True)


@contextlib.contextmanager
def telling(place: str) -> Iterator[None]:
    """Raise errors of SQLite and of the system as ours. Messages name the place, never a value.

    :raises StorageError: what was raised inside.
    """
    import apsw

    try:
        yield
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StorageBusy(place, _told(error, "locked by somebody else")) from error
    except apsw.FullError as error:
        raise StorageFull(place, _told(error, "the disk is full")) from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StorageCorrupt(place, _told(error, "not a whole database of SQLite")) from error
    except apsw.ConstraintError as error:
        raise StorageConflict(place, _told(error, "a row contradicts another or the schema")) from error
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError, apsw.AuthError) as error:
        raise StorageUnavailable(place, _told(error, "cannot be opened, or not for writing")) from error
    except apsw.ConnectionClosedError as error:
        raise StorageClosed(place, "closed") from error
    except apsw.Error as error:
        raise StorageFailed(place, _told(error, f"SQLite failed with {type(error).__name__}")) from error
    except OSError as error:
        raise StorageUnavailable(place, os.strerror(error.errno or 0)) from error


@contextlib.contextmanager
def transaction(connection: apsw.Connection, place: str, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Open a transaction: committed when the ``with`` ends, undone if it raises. What the body raises is left as it is.

    :raises StorageError: it could not be begun or committed.
    """
    with telling(place):
        connection.execute(begin)
    try:
        yield
        with telling(place):
            connection.execute("COMMIT")
    except BaseException:
        # Some errors have ended the transaction themselves; what comes of the rest shows when the file is opened anew.
        with contextlib.suppress(StorageError), telling(place):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise


def write_log_anew(disk: Disk, path: str) -> None:
    """Write SQLite's log over itself and sync it.

    After a sync that failed the system may show what is not on the medium, and call it synced from then on. What is
    built on that is lost with it. To be called in a transaction that may write, with which the log is there and nobody
    else writes to it, by who then writes a page of the file and brings the log into it.

    :raises OSError: it cannot be read or written.
    """
    log = f"{path}-wal"
    data = disk.read(log)
    descriptor = disk.open(log)
    try:
        disk.write(descriptor, data, 0)
        disk.sync(descriptor)
    finally:
        disk.close(descriptor)


def _told(error: apsw.Error, problem: str) -> str:
    # The text of SQLite's own may quote what a statement was given; its code does not.
    code = getattr(error, "extendedresult", None)
    return problem if code is None else f"{problem} (SQLite's code {code})"


@final
class SqliteDatabase:
    """A file of SQLite's as a :class:`~ccroute.storage.database.Database`. Safe to share between threads.

    One session writes at a time, those of other threads wait for it; up to ``READERS_MAX`` read beside it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        read_only: bool = False,
        vfs: str | None = None,
        disk: Disk | None = None,
    ) -> None:
        """Open the file, which is made where it is not.

        :param read_only: no session writes; the file must be there.
        :param vfs: name of a registered file system of SQLite's; None: the system's own.
        :param disk: for what is done with SQLite's log beside SQLite.
        :raises InvalidArgument: the path is none.
        :raises ExtraMissing: ``apsw`` is not installed.
        :raises StorageError: the file cannot be opened, or SQLite is too old.
        """
        # Whatever becomes of the working directory; and SQLite's log is beside the file, not beside a link to it.
        self._path = os.path.realpath(checked_path("path", path))
        self._vfs = vfs
        self._read_only = read_only
        self._writer = connect(self._path, read_only=read_only, vfs=vfs)
        self._write_lock = threading.Lock()
        self._idle: list[apsw.Connection] = []
        self._idle_lock = threading.Lock()
        self._reading = threading.Semaphore(READERS_MAX)
        self._is_closed = False
        if not read_only:
            try:
                self._settle(Disk() if disk is None else disk)
            except BaseException:
                _abandon(self._writer, self._path)
                raise

    def _settle(self, disk: Disk) -> None:
        """Let everything that is in the file be on the medium, whatever became of syncs before."""
        # Who writes at this moment has opened the file in the same way.
        with contextlib.suppress(StorageBusy), transaction(self._writer, self._path), telling(self._path):
            write_log_anew(disk, self._path)
            # The first page comes into the log, and from there into the file: without it there is no file.
            self._writer.pragma("user_version", self._writer.pragma("user_version"))
        with telling(self._path):
            self._writer.wal_checkpoint()

    def __repr__(self) -> str:
        return f"SqliteDatabase({self._path!r})"

    @property
    def dialect(self) -> Dialect:
        """SQLite."""
        return Dialect.SQLITE

    @property
    def place(self) -> str:
        """The path."""
        return self._path

    @contextlib.contextmanager
    def writing(self) -> Iterator[SqliteSession]:
        """Open a transaction that may write.

        :raises StorageError: the database could not, at the begin or at the end.
        """
        if self._read_only:
            raise StorageUnavailable(self._path, "opened for reading only")
        with self._write_lock:
            self._check_open()
            with transaction(self._writer, self._path):
                yield SqliteSession(self._writer, self._path)

    @contextlib.contextmanager
    def reading(self) -> Iterator[SqliteSession]:
        """Open a transaction that only reads, and sees the same all through.

        :raises StorageError: the database could not.
        """
        with self._reading:
            self._check_open()
            connection = self._take()
            try:
                with transaction(connection, self._path, "BEGIN"):
                    yield SqliteSession(connection, self._path)
            except BaseException:
                _abandon(connection, self._path)
                raise
            with self._idle_lock:
                self._idle.append(connection)

    def _take(self) -> apsw.Connection:
        with self._idle_lock:
            if self._idle:
                return self._idle.pop()
        return connect(self._path, read_only=True, vfs=self._vfs)

    def _check_open(self) -> None:
        if self._is_closed:
            raise StorageClosed(self._path, "closed")

    def scrub(self, *tables: str) -> bool:  # noqa: ARG002 - the log is one for all tables
        """Bring the log into the file and empty it, and return whether nobody stood in the way. Of all tables.

        Deleted bytes in the file itself are overwritten as they are deleted.

        :raises StorageError: the database could not.
        """
        with self._write_lock:
            self._check_open()
            self._writer.set_busy_timeout(_SCRUB_MS)
            try:
                with telling(self._path):
                    ((busy, _, _),) = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                self._writer.set_busy_timeout(BUSY_MS)
        return not busy

    def close(self) -> None:
        """Close all connections, once sessions have ended. Calls after the first do nothing.

        :raises StorageError: the log could not be brought into the file; everything is closed, and nothing is lost.
        """
        with contextlib.ExitStack() as ended:
            ended.enter_context(self._write_lock)
            for _ in range(READERS_MAX):
                ended.enter_context(self._reading)
            if self._is_closed:
                return
            self._is_closed = True
            with telling(self._path), contextlib.ExitStack() as closing:
                # The writer comes last: SQLite brings its log into the file when the last connection goes.
                for connection in [self._writer, *self._idle]:
                    closing.callback(connection.close)


@final
class SqliteSession:
    """One transaction of a :class:`SqliteDatabase`."""

    __slots__ = ("_connection", "_place")

    def __init__(self, connection: apsw.Connection, place: str) -> None:
        self._connection = connection
        self._place = place

    def execute(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run one statement and return its rows.

        :raises StorageError: the database could not; the transaction is lost.
        """
        with telling(self._place):
            return self._connection.execute(statement, tuple(values)).fetchall()

    def execute_many(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement once for each row of values, in order.

        :raises StorageError: the database could not; the transaction is lost.
        """
        with telling(self._place):
            self._connection.executemany(statement, rows)

    def define(self, schema: str) -> None:
        """Run statements that define a schema.

        :raises StorageError: the database could not; the transaction is lost.
        """
        with telling(self._place):
            self._connection.execute(schema)
