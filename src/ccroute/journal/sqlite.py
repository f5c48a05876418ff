"""The journal in a file of SQLite's: the embedded default.

A record is a row, an append a transaction; SQLite syncs its log at each commit, then the mark is synced, then the
append returns. The epoch is compared in the transaction that writes, so that no append of a former owner can come
between. SQLite's log is brought into its file here and not by SQLite itself, which would pass over a sync that fails.
Whatever fails while writing poisons the object: what is on the disk is known only when the file is opened anew.

Beside ``support.ccroute`` are ``support.ccroute-mark``, ``-lock`` and ``-snapshot-<record>``, and SQLite's own ``-wal``
and ``-shm`` while it is open.
"""

from __future__ import annotations

import contextlib
import os
import struct
import weakref
from collections.abc import Iterator
from hashlib import blake2b
from threading import RLock
from typing import TYPE_CHECKING, Final, NamedTuple, final

import msgspec

from ccroute.errors import (
    JournalConflict,
    JournalCorrupt,
    JournalFailed,
    NotOwner,
    OutOfRange,
    StorageCorrupt,
    StorageError,
    UnknownName,
)
from ccroute.journal.mark import MarkFile, read_mark
from ccroute.journal.ownership import Lock
from ccroute.journal.records import (
    NO_DIGEST,
    check_continues,
    check_kept,
    check_seq,
    check_subscriber,
    digest_of,
    head_of,
    opened,
)
from ccroute.journal.snapshot_files import SnapshotFiles
from ccroute.ports import Mark, Ownership, Record, Subscription
from ccroute.storage.disk import Disk, checked_path
from ccroute.storage.sqlite import connect, telling, transaction, write_log_anew

if TYPE_CHECKING:
    import apsw

__all__ = ["SqliteJournal"]

APPLICATION_ID: Final = int.from_bytes(b"ccrJ", "big")
"""Stands in the header of the file."""

SCHEMA_VERSION: Final = 2

CHECKPOINT_PAGES: Final = 4_096
"""From so many pages on, SQLite's log is brought into its file."""

_CHUNK_ROWS: Final = 1_024
_CHUNK_BYTES: Final = 8 * 1024 * 1024
_CHECK_SIZE: Final = 16
_STATE: Final = struct.Struct("<qq32s")
_SCHEMA: Final = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE journal (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,         -- of the present owner
    first_seq INTEGER NOT NULL,     -- of the first record that is kept
    before_first BLOB NOT NULL,     -- digest of the record before it
    subscribers BLOB NOT NULL,      -- the last record that each has confirmed, as JSON, by name
    checksum BLOB NOT NULL          -- of these
) STRICT;
CREATE TABLE records (seq INTEGER PRIMARY KEY, head BLOB NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE events (seq INTEGER PRIMARY KEY, lines BLOB NOT NULL) STRICT;
"""
_SUBSCRIBERS: Final = msgspec.json.Decoder(dict[str, int])
_NOBODY: Final = b"{}"
_READ: Final = """
SELECT records.seq, records.head, records.body, events.lines
FROM records LEFT JOIN events ON events.seq = records.seq
WHERE records.seq > ? ORDER BY records.seq LIMIT ?
"""

_live: Final[weakref.WeakSet[SqliteJournal]] = weakref.WeakSet()
_left_alone: Final[list[object]] = []


class _State(NamedTuple):
    """The row of the table ``journal``."""

    epoch: int
    first_seq: int
    before_first: bytes
    subscribers: bytes

    def checksum(self) -> bytes:
        """Return what stands beside it."""
        return _check(_STATE.pack(self.epoch, self.first_seq, self.before_first) + self.subscribers)


@final
class SqliteJournal:
    """A journal in a file. Any thread may call it; appends wait for one another, reading waits for no append.

    :param path: of the file, which is made where it is not.
    :param read_only: only ``records``, ``first_seq``, ``mark``, ``confirmed`` and ``snapshots`` are used; also while
        somebody else writes.
    :param vfs: name of a registered file system of SQLite's; None: the system's own.
    :param disk: for the files beside it.
    :raises InvalidArgument: the path is none.
    :raises ExtraMissing: ``apsw`` is not installed.
    :raises JournalCorrupt: the file is no journal.
    :raises JournalFailed: it cannot be opened.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        read_only: bool = False,
        vfs: str | None = None,
        disk: Disk | None = None,
    ) -> None:
        # Under whatever name it is opened, what lies beside it is one: SQLite's log, the mark and the lock.
        self._path: Final = os.path.realpath(checked_path("path", path))
        self._vfs: Final = vfs
        self._disk: Final = Disk() if disk is None else disk
        self._snapshots: Final = SnapshotFiles(self._path, self._disk)
        self._lock: Final = RLock()
        self._read_lock: Final = RLock()
        self._process: Final = os.getpid()
        self._epoch = 0
        self._owned: Lock | None = None
        self._mark: MarkFile | None = None
        self._last = Mark(seq=0, digest=NO_DIGEST, epoch=0)
        self._confirmed: dict[str, int] = {}
        self._is_changed = False
        self._pages = 0
        self._failure: str | None = None
        self._is_closed = False
        self._writer: apsw.Connection | None = None
        self._reader: apsw.Connection | None = None
        with _telling(self._path):
            if read_only:
                self._reader = connect(self._path, read_only=True, vfs=vfs)
            else:
                self._writer = connect(self._path, vfs=vfs, check=self._check_journal)
                self._set_up(self._writer)
        _live.add(self)

    def _set_up(self, connection: apsw.Connection) -> None:
        import apsw

        # A log that turns out to be damaged is left as it is; healthy journals are checkpointed by `close`.
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        # Nothing personal is in a journal.
        connection.pragma("secure_delete", False)
        connection.set_wal_hook(self._note_pages)

    def _check_journal(self, connection: apsw.Connection) -> None:
        """Raise if a database is somebody else's, before it gets a log."""
        is_new = not list(connection.execute("SELECT 1 FROM sqlite_master"))
        if connection.pragma("application_id") != (0 if is_new else APPLICATION_ID):
            raise JournalCorrupt(self._path, "it is a database of SQLite, but no journal")

    def _note_pages(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._pages = pages
        return 0

    @property
    def name(self) -> str:
        """Return the path of the file."""
        return self._path

    @property
    def snapshots(self) -> SnapshotFiles:
        """Return where the snapshots of this journal are kept."""
        return self._snapshots

    # ---- owning ------------------------------------------------------------------------------------------------

    def claim(self, *, take_over: bool = False) -> Ownership:
        """Become the owner; see ``ccroute.ports.Journal``."""
        with self._lock:
            connection = self._usable()
            if self._owned is None:
                with _telling(self._path):
                    self._owned = Lock.take(f"{self._path}-lock", take_over=take_over)
            try:
                with _telling(self._path), transaction(connection, self._path):
                    write_log_anew(self._disk, self._path)
                    self._begin_epoch(connection)
                with _telling(self._path):
                    # Pages whose sync failed while the file was made are written once more.
                    connection.wal_checkpoint()
                    former, self._mark = self._mark, MarkFile.begin(self._disk, self._mark_path, self._last)
                    if former is not None:
                        former.close()
                    self._snapshots.clear()
            except BaseException:
                self._epoch = 0
                self._give_back()
                raise
            return Ownership(epoch=self._epoch, last_seq=self._last.seq, last_digest=self._last.digest)

    def _begin_epoch(self, connection: apsw.Connection) -> None:
        mark = read_mark(self._disk, self._mark_path)
        if connection.pragma("application_id") == 0 and not list(connection.execute("SELECT 1 FROM sqlite_master")):
            if mark is not None and mark.seq:
                raise JournalCorrupt(self._path, f"it is empty, though record {mark.seq} was acknowledged")
            connection.execute(_SCHEMA)
            self._write_state(connection, _State(0, 1, NO_DIGEST, _NOBODY))
        state = self._read_state(connection)
        last = self._last_record(connection)
        if mark is not None:
            self._compare(connection, mark, last, state)
        elif last.seq or state.first_seq > 1:
            # The mark is there before the first record is.
            raise JournalCorrupt(self._mark_path, "it is not there, though the journal has records")
        epoch = max(state.epoch, 0 if mark is None else mark.epoch) + 1
        self._write_state(connection, state._replace(epoch=epoch))
        self._confirmed = _SUBSCRIBERS.decode(state.subscribers)
        self._is_changed = False
        self._epoch = epoch
        self._last = Mark(seq=last.seq, digest=last.digest, epoch=epoch)

    def _compare(self, connection: apsw.Connection, mark: Mark, last: Mark, state: _State) -> None:
        """Raise unless a journal holds what its mark says."""
        if last.seq < mark.seq:
            raise JournalCorrupt(self._path, f"it ends at record {last.seq}, though {mark.seq} was acknowledged")
        if mark.seq < state.first_seq:
            return
        if digest_of(self._head(connection, mark.seq)) != mark.digest:
            raise JournalCorrupt(self._path, f"record {mark.seq} is not what was acknowledged", record=mark.seq)

    def _last_record(self, connection: apsw.Connection) -> Mark:
        ((seq,),) = connection.execute("SELECT max(seq) FROM records")
        if seq is None:
            return Mark(seq=0, digest=NO_DIGEST, epoch=0)
        head = self._head(connection, seq)
        return Mark(seq=seq, digest=digest_of(head), epoch=head_of(head, self._path, seq).epoch)

    def _head(self, connection: apsw.Connection, seq: int) -> bytes:
        rows = list(connection.execute("SELECT head FROM records WHERE seq = ?", (seq,)))
        if len(rows) != 1 or type(rows[0][0]) is not bytes:
            raise JournalCorrupt(f"{self._path}, record {seq}", "it is not there", record=seq)
        head: bytes = rows[0][0]
        return head

    def _read_state(self, connection: apsw.Connection) -> _State:
        found = connection.pragma("application_id"), connection.pragma("user_version")
        if found[0] != APPLICATION_ID:
            raise JournalCorrupt(self._path, "it is a database of SQLite, but no journal")
        if found[1] != SCHEMA_VERSION:
            raise JournalCorrupt(self._path, f"its schema is {found[1]}, this release reads {SCHEMA_VERSION}")
        rows = list(connection.execute("SELECT epoch, first_seq, before_first, subscribers, checksum FROM journal"))
        if len(rows) != 1:
            raise JournalCorrupt(self._path, "it does not say whose it is")
        *fields, checksum = rows[0]
        state = _State(*fields)
        if [type(field) for field in fields] != [int, int, bytes, bytes] or checksum != state.checksum():
            raise JournalCorrupt(self._path, "what it says of owner and subscribers does not agree with its checksum")
        return state

    def _write_state(self, connection: apsw.Connection, state: _State) -> None:
        connection.execute("INSERT OR REPLACE INTO journal VALUES (1, ?, ?, ?, ?, ?)", (*state, state.checksum()))

    @property
    def _mark_path(self) -> str:
        return f"{self._path}-mark"

    # ---- writing -----------------------------------------------------------------------------------------------

    def append(self, record: Record, *, expected_seq: int, epoch: int) -> None:
        """Keep one more record; see ``ccroute.ports.Journal``."""
        with self._lock, self._writing(epoch) as connection:
            check_continues(self._path, record, self._last, expected_seq=expected_seq, epoch=epoch)
            connection.execute("INSERT INTO records VALUES (?, ?, ?)", (record.seq, record.head, record.body))
            if self._confirmed and record.events is not None:
                connection.execute("INSERT INTO events VALUES (?, ?)", (record.seq, record.events))
            self._last = Mark(seq=record.seq, digest=record.digest, epoch=epoch)

    @contextlib.contextmanager
    def _writing(self, epoch: int) -> Iterator[apsw.Connection]:
        """Open a transaction of the owner; what was confirmed goes with it, and the mark follows it."""
        connection = self._usable()
        before = self._last
        try:
            with _telling(self._path):
                with transaction(connection, self._path):
                    self._check_owner(connection, epoch)
                    yield connection
                    self._write_confirmed(connection)
                if self._last is not before and self._mark is not None:
                    self._mark.write(self._last)
                if self._pages >= CHECKPOINT_PAGES:
                    connection.wal_checkpoint()
        except (NotOwner, JournalConflict, OutOfRange):
            raise
        except BaseException as error:
            self._failure = f"writing failed with {type(error).__name__}: {error}; open the journal anew"
            if isinstance(error, JournalFailed):
                raise JournalFailed(f"{self._path}: {self._failure}") from error
            raise

    def _check_owner(self, connection: apsw.Connection, epoch: int) -> None:
        ((present,),) = connection.execute("SELECT epoch FROM journal")
        if epoch != present or epoch != self._epoch:
            self._epoch = 0
            raise NotOwner(f"{self._path}: epoch {epoch} is over, the present one is {present}")

    def _write_confirmed(self, connection: apsw.Connection) -> None:
        if not self._is_changed:
            return
        # In one row with the owner: a table of its own may lose a row to one flipped bit, and nobody would miss it.
        subscribers = msgspec.json.encode(dict(sorted(self._confirmed.items())))
        self._write_state(connection, self._read_state(connection)._replace(subscribers=subscribers))
        self._is_changed = False
        self._remove_events(connection)

    def _remove_events(self, connection: apsw.Connection) -> None:
        done = min(self._confirmed.values(), default=self._last.seq)
        connection.execute("DELETE FROM events WHERE seq <= ?", (done,))

    def subscribe(self, subscriber: str) -> Subscription:
        """Have events kept until this subscriber has confirmed them, too."""
        check_subscriber(subscriber)
        with self._lock, self._writing(self._epoch) as connection:
            ((first,),) = connection.execute("SELECT min(seq) FROM events")
            first_kept = self._last.seq + 1 if first is None else first
            if subscriber not in self._confirmed:
                self._confirmed[subscriber] = first_kept - 1
                self._is_changed = True
            confirmed = self._confirmed[subscriber]
            return Subscription(subscriber=subscriber, confirmed=confirmed, first_kept=first_kept)

    def unsubscribe(self, subscriber: str) -> None:
        """Let a subscriber go."""
        check_subscriber(subscriber)
        with self._lock, self._writing(self._epoch):
            if self._confirmed.pop(subscriber, None) is not None:
                self._is_changed = True

    def confirm(self, subscriber: str, record_seq: int) -> None:
        """Note what a subscriber is done with; see ``ccroute.ports.Journal``."""
        check_subscriber(subscriber)
        check_seq("record_seq", record_seq)
        with self._lock:
            if subscriber not in self._confirmed:
                raise UnknownName("subscriber", subscriber, "one that is subscribed")
            if not 0 <= record_seq <= self._last.seq:
                raise OutOfRange("record_seq", record_seq, f"from 0 to {self._last.seq}")
            if record_seq > self._confirmed[subscriber]:
                self._confirmed[subscriber] = record_seq
                self._is_changed = True

    def confirmed(self) -> dict[str, int]:
        """Return the seq of the last confirmed record per subscriber, by name."""
        with self._lock:
            if self._epoch:
                return dict(sorted(self._confirmed.items()))
        with self._reading() as connection:
            return _SUBSCRIBERS.decode(self._read_state(connection).subscribers)

    def forget(self, before: int) -> None:
        """Remove the records before a seq; see ``ccroute.ports.Journal``."""
        check_seq("before", before)
        with self._lock, self._writing(self._epoch) as connection:
            most = min([self._last.seq, *(seq + 1 for seq in self._confirmed.values())])
            if not 1 <= before <= most:
                raise OutOfRange("before", before, f"from 1 to {most}")
            state = self._read_state(connection)
            if before <= state.first_seq:
                return
            head = self._head(connection, before - 1)
            connection.execute("DELETE FROM events WHERE seq < ?", (before,))
            connection.execute("DELETE FROM records WHERE seq < ?", (before,))
            self._write_state(connection, state._replace(first_seq=before, before_first=digest_of(head)))

    # ---- reading -----------------------------------------------------------------------------------------------

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the records behind a seq; see ``ccroute.ports.Journal``."""
        mark = self.mark()
        state = self._state_behind(after)
        seq = after
        previous = state.before_first if after + 1 == state.first_seq else None
        while rows := self._chunk(seq):
            for found, head, body, events in rows:
                if found != seq + 1:
                    # The owner may have forgotten them meanwhile.
                    self._state_behind(seq)
                    raise JournalCorrupt(f"{self._path}, record {seq + 1}", "it is not there", record=seq + 1)
                record = opened(self._path, found, head, body, events, previous)
                if found == mark.seq and record.digest != mark.digest:
                    raise JournalCorrupt(self._path, f"record {found} is not what was acknowledged", record=found)
                yield record
                seq, previous = found, record.digest
        if seq < mark.seq:
            raise JournalCorrupt(self._path, f"it ends at record {seq}, though {mark.seq} was acknowledged")

    def _state_behind(self, after: int) -> _State:
        """Return what the table ``journal`` says, if records behind one are kept."""
        with self._reading() as connection:
            state = self._read_state(connection)
        check_kept(after, state.first_seq)
        return state

    def _chunk(self, after: int) -> list[tuple[int, bytes, bytes, bytes | None]]:
        rows: list[tuple[int, bytes, bytes, bytes | None]] = []
        size = 0
        with self._reading() as connection:
            for row in connection.execute(_READ, (after, _CHUNK_ROWS)):
                rows.append(row)
                # What is no blob any more is told where the record is opened.
                size += sum(len(cell) for cell in row if type(cell) is bytes)
                if size >= _CHUNK_BYTES:
                    break
        return rows

    @contextlib.contextmanager
    def _reading(self) -> Iterator[apsw.Connection]:
        with self._read_lock, _telling(self._path):
            self._check_open()
            if self._reader is None:
                self._reader = connect(self._path, read_only=True, vfs=self._vfs)
            connection = self._reader
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    def first_seq(self) -> int:
        """Return the seq of the first record that is kept."""
        with self._reading() as connection:
            return self._read_state(connection).first_seq

    def mark(self) -> Mark:
        """Return up to where appends have been acknowledged."""
        with _telling(self._path):
            mark = read_mark(self._disk, self._mark_path)
        if mark is None:
            raise JournalCorrupt(self._mark_path, "it is not there")
        return mark

    # ---- life --------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End the ownership, if there is one; see ``ccroute.ports.Journal``.

        :raises JournalFailed: what was confirmed last could not be noted. Everything is given back all the same.
        """
        with self._lock, self._read_lock:
            if self._is_closed or os.getpid() != self._process:
                return
            with _telling(self._path), contextlib.ExitStack() as giving_back:
                # In the order of the opposite, each whatever becomes of those before.
                giving_back.callback(self._give_back)
                for connection in (self._writer, self._reader):
                    if connection is not None:
                        giving_back.callback(connection.close, True)
                giving_back.callback(self._end)
                if self._failure is None and self._epoch and self._writer is not None:
                    self._finish(self._writer)

    def _end(self) -> None:
        self._is_closed = True
        _live.discard(self)

    def _finish(self, connection: apsw.Connection) -> None:
        """Note what was confirmed last and bring SQLite's log into its file, which ends it if nobody else reads it."""
        import apsw

        if self._is_changed:
            with contextlib.suppress(NotOwner), self._writing(self._epoch):
                pass
        connection.wal_checkpoint()
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)

    def _give_back(self) -> None:
        if self._mark is not None:
            self._mark.close()
            self._mark = None
        if self._owned is not None:
            self._owned.give_back()
            self._owned = None

    def _usable(self) -> apsw.Connection:
        self._check_open()
        if self._failure is not None:
            raise JournalFailed(f"{self._path}: {self._failure}")
        if self._writer is None:
            raise JournalFailed(f"{self._path}: opened for reading only")
        return self._writer

    def _check_open(self) -> None:
        if self._is_closed:
            raise JournalFailed(f"{self._path}: the journal is closed")
        if os.getpid() != self._process:  # pragma: no cover: forked processes of the tests end without telling
            raise JournalFailed(f"{self._path}: opened in another process; open it here anew")


def _check(data: bytes) -> bytes:
    return blake2b(data, digest_size=_CHECK_SIZE).digest()


@contextlib.contextmanager
def _telling(path: str) -> Iterator[None]:
    """Raise errors of SQLite and of the system as those of a journal."""
    try:
        with telling(path):
            yield
    except StorageCorrupt as error:
        raise JournalCorrupt(path, error.problem) from error
    except UnicodeDecodeError as error:
        raise JournalCorrupt(path, "a text in it is none") from error
    except StorageError as error:
        raise JournalFailed(str(error)) from error


def _leave_alone_in_child() -> None:  # pragma: no cover: forked processes of the tests end without telling
    # SQLite must not be used across a fork, not even to close: what the parent has open stays open here, unused.
    for journal in list(_live):
        _left_alone.append((journal._writer, journal._reader))


os.register_at_fork(after_in_child=_leave_alone_in_child)
