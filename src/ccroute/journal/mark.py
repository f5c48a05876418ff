"""The mark: up to which record a journal has acknowledged, in a file of its own, synced apart from the journal.

A log that loses its end looks like a shorter log. The mark tells the difference: who opens a journal compares. It has
two slots, written in turn, so that one is whole whatever happens to the other; each has a checksum. Every owner begins
a new file in place of the one before. What a former owner still writes goes nowhere, and it is told so.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import Final, Self, final

from ccroute.errors import JournalCorrupt, JournalFailed
from ccroute.ports import Mark
from ccroute.storage.disk import Disk

__all__ = ["MarkFile", "read_mark"]

_FIELDS: Final = struct.Struct("<8sQQ32s")
_MAGIC: Final = b"ccrmark\x01"
_CHECK_SIZE: Final = 16
_SLOT_SIZE: Final = 4_096
"""No medium tears more than this at once, so that a torn write leaves the other slot alone."""
_SLOTS: Final = 2


def read_mark(disk: Disk, path: str) -> Mark | None:
    """Return the newer mark of a file; None: there is no file.

    :raises JournalCorrupt: neither slot is whole.
    :raises OSError: the file cannot be read.
    """
    try:
        data = disk.read(path)
    except FileNotFoundError:
        return None
    whole = [mark for slot in range(_SLOTS) if (mark := _mark(data[slot * _SLOT_SIZE :])) is not None]
    if not whole:
        raise JournalCorrupt(path, "neither of its two marks is whole")
    return max(whole, key=lambda mark: mark.seq)


def _mark(data: bytes) -> Mark | None:
    fields = data[: _FIELDS.size]
    if len(fields) < _FIELDS.size or data[_FIELDS.size : _FIELDS.size + _CHECK_SIZE] != _check(fields):
        return None
    magic, seq, epoch, digest = _FIELDS.unpack(fields)
    return Mark(seq=seq, epoch=epoch, digest=digest) if magic == _MAGIC else None


def _check(fields: bytes) -> bytes:
    return blake2b(fields, digest_size=_CHECK_SIZE).digest()


@final
class MarkFile:
    """The mark of an owner."""

    def __init__(self, disk: Disk, path: str, descriptor: int, mark: Mark) -> None:
        self._disk: Final = disk
        self._path: Final = path
        self._descriptor: Final = descriptor
        self._slot = 0
        self.mark = mark
        """What stands in the file."""

    @classmethod
    def begin(cls, disk: Disk, path: str, mark: Mark) -> Self:
        """Begin a file with a mark in both slots, in place of the one of a former owner.

        :raises OSError: it cannot be written.
        """
        new = f"{path}-new"
        descriptor = disk.open(new, fresh=True)
        try:
            whole = _slot(mark)
            disk.write(descriptor, whole + bytes(_SLOT_SIZE - len(whole)) + whole, 0)
            disk.sync(descriptor)
            disk.replace(new, path)
        except BaseException:
            disk.close(descriptor)
            raise
        return cls(disk, path, descriptor, mark)

    def write(self, mark: Mark) -> None:
        """Write a mark into the older slot; it is on the medium on return, in the file that others read.

        :raises OSError: it is not known to be on the medium.
        :raises JournalFailed: another owner has put a file of its own in place of this one.
        """
        self._disk.write(self._descriptor, _slot(mark), self._slot * _SLOT_SIZE)
        self._disk.sync(self._descriptor)
        if not self._disk.is_named(self._descriptor):
            raise JournalFailed(f"{self._path}: another owner has replaced it")
        self._slot = (self._slot + 1) % _SLOTS
        self.mark = mark

    def close(self) -> None:
        """Give the file back."""
        self._disk.close(self._descriptor)


def _slot(mark: Mark) -> bytes:
    fields = _FIELDS.pack(_MAGIC, mark.seq, mark.epoch, mark.digest)
    return fields + _check(fields)
