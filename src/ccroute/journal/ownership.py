"""The lock that says that an owner lives: held on an open file, so that it goes with the process, however it ends.

The lock only keeps two from starting at once by mistake. What keeps a former owner from writing is the epoch in the
journal, which every append compares.
"""

from __future__ import annotations

import fcntl
import os
import weakref
from time import sleep
from typing import Final, Self, final

from ccroute.errors import JournalInUse

__all__ = ["Lock"]

_TRIES_MAX: Final = 100

_LET_GO_S: Final = 0.02
"""How long it is waited, between two tries, for who is about to let the lock go, seconds."""

_held: Final[weakref.WeakSet[Lock]] = weakref.WeakSet()


@final
class Lock:
    """A lock that is held until it is given back, or the process ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        _held.add(self)

    @classmethod
    def take(cls, path: str, *, take_over: bool = False) -> Self:
        """Take the lock.

        A lock of ``flock`` stands on the open file, so that it also keeps out a second owner in the same process.

        :param take_over: put a new file in place of the one that another owner holds.
        :raises JournalInUse: another owner holds it, and ``take_over`` is False.
        :raises OSError: the file cannot be made.
        """
        for _ in range(_TRIES_MAX):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = _holder(descriptor)
                os.close(descriptor)
                if take_over:
                    _move_away(path)
                elif _is_gone(holder):
                    # It was killed while it forked a process for a snapshot, which is about to let the lock go.
                    sleep(_LET_GO_S)
                else:
                    raise JournalInUse(f"{path.removesuffix('-lock')} is open in process {holder}") from error
                continue
            except BaseException:
                os.close(descriptor)
                raise
            # Another one may have put a new file in its place in between.
            if _is_at(descriptor, path):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
                return cls(descriptor)
            os.close(descriptor)
        raise JournalInUse(f"{path.removesuffix('-lock')} is being opened by others at this moment")

    def give_back(self) -> None:
        """Let another owner take it. Once given back, it may be given back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _holder(descriptor: int) -> str:
    text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    return text if text.isdecimal() else "(not known)"


def _is_gone(holder: str) -> bool:
    if not holder.isdecimal():
        return False
    try:
        os.kill(int(holder), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def _move_away(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def _is_at(descriptor: int, path: str) -> bool:
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    own = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)


def _give_back_in_child() -> None:  # pragma: no cover: forked processes of the tests end without telling
    # A process that a fork has made has the open file, too, and would hold the lock beyond the life of the owner.
    for lock in list(_held):
        lock.give_back()


os.register_at_fork(after_in_child=_give_back_in_child)
