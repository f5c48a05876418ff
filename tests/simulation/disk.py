"""A hostile disk: its files are real, and it knows what a loss of power would leave of them.

What programs see is a folder, as the page cache of a system shows it. Beside that the disk keeps, for each file, what
is on the medium and which writes have not been synced, and the same for names. When the power goes, unsynced writes are
there, not there, or torn, each by itself; a write that came later may be there where one before it is not. Names are
synced apart from files. A sync that fails loses writes for ever, though reading still shows them and the next sync
succeeds: that is what Linux does.

A fault is set off by the count of calls, so that every call can be the one. All luck is of one generator.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Final

SECTOR: Final = 512


class Fault(StrEnum):
    """What goes wrong."""

    POWER = "power"
    """The power goes: nothing works until ``boot``, and what was not synced is uncertain."""
    KILL = "kill"
    """The process is gone: nothing it does from now on happens; the system, and all it has in memory, lives on."""
    ERROR = "error"
    """One call fails; of a write some may be done, a sync that fails loses writes."""
    FULL = "full"
    """No write succeeds until ``boot``."""


@dataclass
class _File:
    """A file, whatever its name."""

    medium: bytearray = field(default_factory=bytearray)
    """What is on the medium for certain."""
    unsynced: list[tuple[int, bytes | None]] = field(default_factory=list)
    """What was written since: an offset and bytes, or a length and None where it was cut."""
    is_behind: bool = False
    """Whether a sync failed, so that what is seen is more than what will ever be on the medium."""


class HostileDisk:
    """What programs do with files of one folder. It stands in for ``ccroute.storage.disk.Disk``."""

    def __init__(self, folder: Path, random: Random) -> None:
        self.folder: Final = folder
        self.random: Final = random
        self.calls = 0
        """Calls since the last boot."""
        self.trace: list[tuple[str, str, int]] = []
        """Every call since the last boot: what, of which file, how many bytes."""
        self.counts: Counter[str] = Counter()
        """How often each fault came."""
        self.is_on = True
        """Whether anything works; nothing does after ``Fault.POWER`` and ``Fault.KILL``."""
        self.lies: tuple[str, ...] = ()
        """Ends of names of files whose syncs do nothing and say that they did."""
        self._fault: Fault | None = None
        self._at = 0
        self._is_full = False
        self._files: dict[str, _File] = {}
        self._medium_names: dict[str, _File] = {}
        self._unsynced_names: list[dict[str, _File | None]] = []
        self._descriptors: dict[int, str] = {}

    def plan(self, fault: Fault | None, at: int = 0) -> None:
        """Let something go wrong at a call, counted from 1 from now on."""
        self._fault, self._at = fault, self.calls + at

    @property
    def has_failed(self) -> bool:
        """Say whether what was planned has happened."""
        return self._fault is None

    def is_behind(self, words: str) -> bool:
        """Say whether a file whose name has these words is seen with more than will ever be on the medium."""
        return any(file.is_behind for path, file in self._files.items() if words in path)

    # ---- what every call passes ----------------------------------------------------------------------------------

    def passes(self, what: str, name: str, size: int = 0) -> None:
        """Count a call and let it fail if it is time to.

        :raises OSError: it is.
        """
        if not self.is_on:
            raise OSError(errno.EIO, "the disk is gone")
        self.calls += 1
        self.trace.append((what, os.path.basename(name), size))
        if self._fault is not None and self.calls >= self._at:
            fault, self._fault = self._fault, None
            self.counts[f"{fault} at {what}"] += 1
            if fault is Fault.FULL:
                self._is_full = True
            elif fault is Fault.ERROR:
                raise OSError(errno.EIO, "an error of the medium")
            else:
                self.is_on = False
                raise OSError(errno.EIO, "the disk is gone")
        if self._is_full and what in {"write", "open"}:
            raise OSError(errno.ENOSPC, "the disk is full")

    # ---- what was done, noted -------------------------------------------------------------------------------------

    def note_created(self, path: str) -> None:
        """Note that a file has been made, or made empty."""
        file = self._files.get(path)
        if file is None:
            file = self._files[path] = _File()
            self._unsynced_names.append({path: file})
        else:
            file.unsynced.append((0, None))

    def note_written(self, path: str, data: bytes, offset: int) -> None:
        """Note that bytes have been written to a file."""
        self._files[path].unsynced.append((offset, bytes(data)))

    def note_cut(self, path: str, size: int) -> None:
        """Note that a file has been cut to a length."""
        self._files[path].unsynced.append((size, None))

    def note_synced(self, path: str, name: str | None = None) -> None:
        """Note that what was written to a file is on the medium, unless the disk lies."""
        if (name or path).endswith(self.lies) and self.lies:
            self.counts["lie"] += 1
            return
        file = self._files[path]
        for offset, data in file.unsynced:
            _apply(file.medium, offset, data)
        file.unsynced.clear()

    def note_failed_sync(self, path: str) -> None:
        """Lose some of what was written, for ever; it is still seen."""
        file = self._files[path]
        if file.unsynced:
            file.is_behind = True
        self._survive(file, file.medium, self.random.choice(("none", "some", "torn")))
        file.unsynced.clear()

    def note_removed(self, path: str) -> None:
        """Note that a file has gone."""
        self._files.pop(path)
        self._unsynced_names.append({path: None})

    def note_names_synced(self) -> None:
        """Note that names are on the medium."""
        for change in self._unsynced_names:
            self._rename(change)
        self._unsynced_names.clear()

    def _rename(self, change: dict[str, _File | None]) -> None:
        for path, file in change.items():
            if file is None:
                self._medium_names.pop(path, None)
            else:
                self._medium_names[path] = file

    # ---- losing power ---------------------------------------------------------------------------------------------

    def boot(self, *, is_power_loss: bool) -> None:
        """Start anew: without power everything seen is what was left on the medium, else what was seen before."""
        self.is_on, self._fault, self._is_full = True, None, False
        self.calls = 0
        self.trace = []
        self._descriptors = {}
        if not is_power_loss:
            return
        way = self.random.choice(("none", "all", "some", "torn", "torn"))
        for change in self._surviving_names(way):
            self._rename(change)
        for path in self.folder.iterdir():
            path.unlink()
        kept = dict(sorted(self._medium_names.items()))
        self._files = self._medium_names = {}
        self._unsynced_names = []
        for path, file in kept.items():
            content = bytearray(file.medium)
            self._survive(file, content, way)
            Path(path).write_bytes(content)
            self._files[path] = _File(medium=content)
        self._medium_names = dict(self._files)

    def _surviving_names(self, way: str) -> list[dict[str, _File | None]]:
        if way in {"none", "all"}:
            return self._unsynced_names if way == "all" else []
        return [change for change in self._unsynced_names if self.random.randrange(2)]

    def _survive(self, file: _File, content: bytearray, way: str) -> None:
        """Put into what is on a medium what became of writes that were not synced."""
        for offset, data in file.unsynced:
            if way == "none" or (way != "all" and self.random.randrange(2)):
                continue
            if data is None or way != "torn":
                _apply(content, offset, data)
                continue
            for begin in range(0, len(data), SECTOR):
                end = min(begin + SECTOR - (offset + begin) % SECTOR, begin + SECTOR, len(data))
                if self.random.randrange(8) == 0:
                    end = self.random.randrange(begin, end + 1)
                if self.random.randrange(2):
                    _apply(content, offset + begin, data[begin:end])

    # ---- in the place of ``ccroute.storage.disk.Disk`` ---------------------------------------------------------------

    def open(self, path: str, *, create: bool = False, fresh: bool = False) -> int:
        """Return a descriptor for reading and writing."""
        self.passes("open", path)
        was_there = os.path.exists(path)
        flags = os.O_RDWR | (os.O_CREAT if create or fresh else 0) | (os.O_TRUNC if fresh else 0)
        descriptor = os.open(path, flags, 0o600)
        if fresh or not was_there:
            self.note_created(path)
        self._descriptors[descriptor] = path
        return descriptor

    def read(self, path: str, begin: int = 0, end: int | None = None) -> bytes:
        """Return what is in a file, from one place to another."""
        self.passes("read", path)
        return Path(path).read_bytes()[begin:end]

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        """Write bytes at an offset; where that fails, some of them may be written."""
        path = self._descriptors[descriptor]
        try:
            self.passes("write", path, len(data))
        except OSError:
            data = data[: self.random.randrange(len(data) + 1)] if not self._is_full else b""
            self._write(descriptor, path, data, offset)
            raise
        self._write(descriptor, path, data, offset)

    def _write(self, descriptor: int, path: str, data: bytes, offset: int) -> None:
        os.pwrite(descriptor, data, offset)
        # A file that another one has replaced is nobody's.
        if path in self._files and os.fstat(descriptor).st_nlink:
            self.note_written(path, data, offset)

    def sync(self, descriptor: int) -> None:
        """Return once what was written is on the medium."""
        path = self._descriptors[descriptor]
        is_there = path in self._files and os.fstat(descriptor).st_nlink > 0
        try:
            self.passes("sync", path)
        except OSError:
            if is_there and self.is_on:
                self.note_failed_sync(path)
            raise
        if is_there:
            self.note_synced(path)

    def is_named(self, descriptor: int) -> bool:
        """Say whether a file that is open still has a name."""
        self.passes("stat", self._descriptors[descriptor])
        return os.fstat(descriptor).st_nlink > 0

    def close(self, descriptor: int) -> None:
        """Give a descriptor back; it never fails."""
        self._descriptors.pop(descriptor, None)
        os.close(descriptor)

    def replace(self, source: str, target: str) -> None:
        """Give a file the name of another, which goes, and return once both is on the medium."""
        self.passes("replace", target)
        os.replace(source, target)
        file = self._files[target] = self._files.pop(source)
        self._unsynced_names.append({target: file, source: None})
        self._descriptors = {one: target if path == source else path for one, path in self._descriptors.items()}
        self.sync_folder(os.path.dirname(target))

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        self.passes("remove", path)
        if os.path.exists(path):
            os.unlink(path)
            self.note_removed(path)

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted."""
        self.passes("names", folder)
        return sorted(os.listdir(folder))

    def sync_folder(self, folder: str) -> None:
        """Return once the names in a folder are on the medium."""
        self.passes("sync_folder", folder)
        self.note_names_synced()


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        if len(content) > offset:
            del content[offset:]
        else:
            content.extend(bytes(offset - len(content)))
        return
    if not data:
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data
