"""What is done with files beside SQLite, in one place, so that a test can make each call fail."""

from __future__ import annotations

import os
from typing import final

from ccroute.errors import InvalidId, WrongType

__all__ = ["Disk", "checked_path"]


def checked_path(argument: str, path: object) -> str:
    """Return a path as text, if SQLite and the system can take it.

    :raises WrongType: it is no path, or one of bytes.
    :raises InvalidId: it is empty, or holds a lone surrogate or a zero.
    """
    place = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(place, str):
        raise WrongType(argument, path, "a path, as a str or an os.PathLike of one")
    try:
        place.encode()
    except UnicodeEncodeError as error:
        raise InvalidId(argument, path, "a path in UTF-8") from error
    if not place or "\0" in place:
        raise InvalidId(argument, path, "a path, not empty and without zeros")
    return place


@final
class Disk:
    """The file system. Whatever it cannot do raises ``OSError``."""

    def open(self, path: str, *, create: bool = False, fresh: bool = False) -> int:
        """Return a descriptor for reading and writing.

        :param create: make the file where it is not there.
        :param fresh: make it anew, empty.
        """
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create or fresh else 0) | (os.O_TRUNC if fresh else 0)
        return os.open(path, flags, 0o600)

    def read(self, path: str, begin: int = 0, end: int | None = None) -> bytes:
        """Return what is in a file, from one place to another."""
        with open(path, "rb") as file:
            file.seek(begin)
            return file.read() if end is None else file.read(end - begin)

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        """Write all of some bytes at an offset."""
        rest = memoryview(data)
        while rest:
            written = os.pwrite(descriptor, rest, offset)
            offset += written
            rest = rest[written:]

    def sync(self, descriptor: int) -> None:
        """Return once what was written is on the medium, and what of the file's own data reading it needs."""
        os.fdatasync(descriptor)

    def is_named(self, descriptor: int) -> bool:
        """Say whether a file that is open still has a name."""
        return os.fstat(descriptor).st_nlink > 0

    def close(self, descriptor: int) -> None:
        """Give a descriptor back."""
        os.close(descriptor)

    def replace(self, source: str, target: str) -> None:
        """Give a file the name of another, which goes, and return once both is on the medium."""
        os.replace(source, target)
        self.sync_folder(os.path.dirname(target))

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        try:
            os.unlink(path)
        except FileNotFoundError:
            return

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted."""
        return sorted(os.listdir(folder))

    def sync_folder(self, folder: str) -> None:
        """Return once the names in a folder are on the medium."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
