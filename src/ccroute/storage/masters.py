"""The master key in a file: made once, read by its owner alone, kept apart from what it seals."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import Final

from ccroute.errors import MasterKeyWrong
from ccroute.storage.vault import KEY_BYTES

__all__ = ["make_master_file", "master_file"]

_MODE: Final = 0o600
_TEXT_BYTES_MAX: Final = 2 * KEY_BYTES + 2
"""A key in hexadecimal, and the end of a line."""


def make_master_file(path: str | os.PathLike[str]) -> None:
    """Make a file with a new master key: one line of 64 hexadecimal digits, for its owner alone.

    :raises FileExistsError: the file is there; what it sealed would be lost with it.
    """
    place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    with os.fdopen(place, "w") as file:
        file.write(os.urandom(KEY_BYTES).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())


def master_file(path: str | os.PathLike[str]) -> Callable[[], bytes]:
    """Return what reads the master key from a file, as a vault asks for it.

    What is returned raises ``MasterKeyWrong`` where the file cannot be read, holds no key, or is open to others.
    """
    place = os.fspath(path)

    def read() -> bytes:
        try:
            with open(place, "rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                text = file.read(_TEXT_BYTES_MAX + 1)
        except OSError as error:
            raise MasterKeyWrong(
                "master", place, f"a file that can be read ({os.strerror(error.errno or 0)})"
            ) from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise MasterKeyWrong("master", place, "a file that only its owner can read (chmod 600)")
        key = _key(text)
        if key is None:
            raise MasterKeyWrong("master", place, f"a file of {2 * KEY_BYTES} hexadecimal digits")
        return key

    return read


def _key(text: bytes) -> bytes | None:
    try:
        key = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES and len(text) <= _TEXT_BYTES_MAX else None
