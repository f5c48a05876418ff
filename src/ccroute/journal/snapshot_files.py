"""Snapshots as files beside a journal: ``support.ccroute-snapshot-<record>``."""

from __future__ import annotations

import os
import struct
from hashlib import blake2b
from typing import Final, final
from zlib import crc32

from ccroute.errors import JournalCorrupt, JournalFailed
from ccroute.ports import StoredSnapshot
from ccroute.storage.disk import Disk

__all__ = ["MemorySnapshots", "SnapshotFiles"]

_FIELDS: Final = struct.Struct("<8sQ32sQI16s")
_MAGIC: Final = b"ccrsnap\x01"
_DIGEST_SIZE: Final = 16


@final
class SnapshotFiles:
    """Keeps each snapshot in a file, written under another name first, so that there is never half a one."""

    def __init__(self, path: str, disk: Disk) -> None:
        self._folder: Final = os.path.dirname(path)
        self._prefix: Final = f"{os.path.basename(path)}-snapshot-"
        self._disk: Final = disk

    @property
    def takes_from_fork(self) -> bool:
        """Return True: a file is there for every process."""
        return True

    def path(self, record_seq: int) -> str:
        """Return the path of the snapshot behind a record."""
        return os.path.join(self._folder, f"{self._prefix}{record_seq}")

    def save(self, snapshot: StoredSnapshot) -> None:
        """Write the file of a snapshot, read it back and compare.

        :raises JournalFailed: it could not be written, or is not what was written.
        """
        path = self.path(snapshot.record_seq)
        new = f"{path}-new-{os.getpid()}"
        front = _front(snapshot)
        try:
            descriptor = self._disk.open(new, fresh=True)
            try:
                self._disk.write(descriptor, front, 0)
                self._disk.write(descriptor, snapshot.data, len(front))
                self._disk.sync(descriptor)
            finally:
                self._disk.close(descriptor)
            if self._disk.read(new, 0, len(front)) != front or self._disk.read(new, len(front)) != snapshot.data:
                raise JournalFailed(f"{new} does not hold what was written to it")
            self._disk.replace(new, path)
        except OSError as error:
            raise JournalFailed(f"{path} could not be written: {error}") from error

    def clear(self) -> None:
        """Remove what a process that was killed left of a snapshot; one that is still writing it does so in vain."""
        for name in self._disk.names(self._folder):
            if name.startswith(self._prefix) and "-new-" in name:
                self._disk.remove(os.path.join(self._folder, name))

    def seqs(self) -> list[int]:
        """Return the record seqs of the files there are, newest first.

        :raises JournalFailed: the folder cannot be read.
        """
        try:
            names = self._disk.names(self._folder)
        except OSError as error:
            raise JournalFailed(f"{self._folder} could not be read: {error}") from error
        rests = (name.removeprefix(self._prefix) for name in names if self._is_own(name))
        return sorted((int(rest) for rest in rests), reverse=True)

    def _is_own(self, name: str) -> bool:
        rest = name.removeprefix(self._prefix)
        return name.startswith(self._prefix) and rest.isascii() and rest.isdecimal() and str(int(rest)) == rest

    def load(self, record_seq: int) -> StoredSnapshot:
        """Read the file of a snapshot.

        :raises JournalCorrupt: it is not there, or not what was written.
        """
        path = self.path(record_seq)
        try:
            front, data = self._disk.read(path, 0, _FIELDS.size), self._disk.read(path, _FIELDS.size)
        except OSError as error:
            raise JournalCorrupt(path, f"it cannot be read: {error}") from error
        if len(front) < _FIELDS.size:
            raise JournalCorrupt(path, "it is cut off")
        magic, seq, record_digest, size, checksum, digest = _FIELDS.unpack(front)
        if (magic, seq, digest) != (_MAGIC, record_seq, _digest(front)):
            raise JournalCorrupt(path, "its head does not agree with its digest")
        # An engine's snapshot has a digest of its own inside, so that a quick look at the bytes is enough here.
        if size != len(data) or checksum != crc32(data):
            raise JournalCorrupt(path, "it does not agree with its checksum")
        return StoredSnapshot(record_seq=record_seq, record_digest=record_digest, data=data)

    def forget(self, record_seq: int) -> None:
        """Remove the file of a snapshot, if it is there.

        :raises JournalFailed: it cannot be removed.
        """
        try:
            self._disk.remove(self.path(record_seq))
        except OSError as error:
            raise JournalFailed(f"{self.path(record_seq)} could not be removed: {error}") from error


def _front(snapshot: StoredSnapshot) -> bytes:
    data = snapshot.data
    front = _FIELDS.pack(
        _MAGIC, snapshot.record_seq, snapshot.record_digest, len(data), crc32(data), bytes(_DIGEST_SIZE)
    )
    return front[:-_DIGEST_SIZE] + _digest(front)


def _digest(front: bytes) -> bytes:
    return blake2b(front[:-_DIGEST_SIZE], digest_size=_DIGEST_SIZE).digest()


@final
class MemorySnapshots:
    """Keeps snapshots as long as the process lives."""

    def __init__(self) -> None:
        self._kept: Final[dict[int, StoredSnapshot]] = {}

    @property
    def takes_from_fork(self) -> bool:
        """Return False: what a forked process keeps in memory goes with it."""
        return False

    def save(self, snapshot: StoredSnapshot) -> None:
        """Keep a snapshot."""
        self._kept[snapshot.record_seq] = snapshot

    def seqs(self) -> list[int]:
        """Return the record seqs of the snapshots there are, newest first."""
        return sorted(self._kept, reverse=True)

    def load(self, record_seq: int) -> StoredSnapshot:
        """Return the snapshot of a record.

        :raises JournalCorrupt: it is not there.
        """
        if (snapshot := self._kept.get(record_seq)) is None:
            raise JournalCorrupt(f"snapshot {record_seq}", "there is none")
        return snapshot

    def forget(self, record_seq: int) -> None:
        """Remove the snapshot of a record, if it is there."""
        self._kept.pop(record_seq, None)
