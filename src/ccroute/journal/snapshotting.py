"""When snapshots are taken, and how without stopping the world: a forked process writes down the state that it
inherits.

A fork costs the engine the copy of its page tables; memory itself is shared until one of the two writes to it. The
child touches no connection and no lock of its parent: it computes the bytes, writes, syncs and reads back the file, and
is gone. Where there is no fork, or it fails, the state is written down here, and the engine waits meanwhile.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import warnings
from typing import Final, NoReturn, final

import msgspec

from ccroute.engine.engine import Engine, adopt
from ccroute.errors import CcrouteError, JournalError, JournalFailed
from ccroute.ports import Journal, StoredSnapshot

__all__ = ["SnapshotPolicy", "SnapshotTaker"]

_PATIENCE: Final = 20
"""A child that has not ended after so many times what makes a snapshot due is ended."""

_NICE: Final = 10
"""How much the child stands back behind its parent."""


@final
class SnapshotPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When an engine takes snapshots, and what becomes of older ones. Recovery replays what lies behind the newest."""

    every_commands: int | None = 250_000
    """After so many commands, 1 or more; None: their count does not matter."""
    every_bytes: int | None = 256 * 1024 * 1024
    """After so many bytes of records, 1 or more; None: their size does not matter."""
    on_close: bool = True
    """When the engine is closed, if anything happened since the last: so a release with other rules can go on."""
    keep: int = 3
    """How many are kept, 1 or more. Where the newest is damaged, recovery falls back to the one before."""
    forget_records: bool = False
    """Whether records before the oldest snapshot that is kept are removed; without, a journal keeps everything."""
    fork: bool = True
    """Whether a forked process writes them while the engine goes on; False: the engine waits."""


@final
class SnapshotTaker:
    """Takes the snapshots of one engine. Its methods are called one at a time."""

    def __init__(self, journal: Journal, policy: SnapshotPolicy, good_through: int) -> None:
        """Take over the snapshots that are there.

        :param good_through: seq of the newest one that is good; 0: there is none.
        """
        self._journal: Final = journal
        self._policy: Final = policy
        self._good = {seq for seq in journal.snapshots.seqs() if seq <= good_through}
        self._child = 0
        self._child_seq = 0
        self._commands = 0
        self._bytes = 0
        self.failure: str | None = None
        """What went wrong with the last one; None: nothing."""

    def note(self, commands: int, size: int) -> None:
        """Note what has been journalled since."""
        self._commands += commands
        self._bytes += size

    @property
    def has_news(self) -> bool:
        """Say whether anything was journalled since the last snapshot was begun."""
        return self._commands > 0

    def is_due(self, commands: int, size: int) -> bool:
        """Say whether it is time for one, with a batch that is about to be journalled."""
        policy = self._policy
        # While one is being written the next waits, but not for ever: a child may hang.
        times = _PATIENCE if self._child else 1
        return (policy.every_commands is not None and self._commands + commands >= times * policy.every_commands) or (
            policy.every_bytes is not None and self._bytes + size >= times * policy.every_bytes
        )

    def begin(
        self, engine: Engine, record_seq: int, record_digest: bytes, *, may_fork: bool = True
    ) -> StoredSnapshot | None:
        """Begin the snapshot of an engine as it stands; the record may not be durable yet.

        :return: what is to be saved once the record is durable; None: a child does it, or ``failure`` says why not.
        """
        self._commands = self._bytes = 0
        self.poll()
        if self._child:
            os.kill(self._child, signal.SIGKILL)
            self.wait()
        if may_fork and self._policy.fork and self._journal.snapshots.takes_from_fork and hasattr(os, "fork"):
            with contextlib.suppress(OSError):
                self._child, self._child_seq = self._forked(engine, record_seq, record_digest), record_seq
                return None
        try:
            return StoredSnapshot(record_seq=record_seq, record_digest=record_digest, data=engine.snapshot())
        except CcrouteError as error:
            # No memory for it, or the engine is closed: commands are journalled all the same.
            self.failure = str(error)
            return None

    def _forked(self, engine: Engine, record_seq: int, record_digest: bytes) -> int:
        with warnings.catch_warnings():
            # From Python 3.12 on it warns where there are other threads: what the child runs waits for none of theirs.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:  # pragma: no cover: what it does is tested in the process of the tests
            _write_down(self._journal, engine, record_seq, record_digest)
        return child

    def save(self, snapshot: StoredSnapshot) -> None:
        """Save what ``begin`` returned; what goes wrong is noted and costs only time at the next recovery."""
        try:
            self._journal.snapshots.save(snapshot)
            self._good.add(snapshot.record_seq)
            self.failure = None
            self._tidy()
        except JournalError as error:
            self.failure = str(error)

    def poll(self) -> None:
        """See whether the child is done."""
        self._reap(os.WNOHANG)

    def wait(self) -> None:
        """Wait until the child is done, if there is one."""
        self._reap(0)

    def _reap(self, options: int) -> None:
        if not self._child:
            return
        try:
            done, status = os.waitpid(self._child, options)
        except ChildProcessError:
            # Somebody else in this process waits for all children; whether it is there is seen by looking.
            done, status = self._child, 0 if self._child_seq in self._journal.snapshots.seqs() else 1
        if not done:
            return
        self._child = 0
        if status:
            self.failure = f"the process that wrote snapshot {self._child_seq} ended with status {status}"
            return
        self._good.add(self._child_seq)
        self.failure = None
        with contextlib.suppress(JournalError):
            self._tidy()

    def _tidy(self) -> None:
        """Let older snapshots go, and the records that only they needed, if so asked."""
        # What is not good counts for nothing: it is damaged, or a process that outlived its owner has written it down
        # for a record that never became durable.
        kept = [seq for seq in self._journal.snapshots.seqs() if seq in self._good][: self._policy.keep]
        for seq in self._journal.snapshots.seqs():
            if seq not in kept:
                self._journal.snapshots.forget(seq)
        self._good.intersection_update(kept)
        if self._policy.forget_records and kept:
            confirmed = [seq + 1 for seq in self._journal.confirmed().values()]
            self._journal.forget(min([kept[-1], *confirmed]))

    def end(self) -> None:
        """Raise what went wrong with the last snapshot.

        :raises JournalFailed: it could not be kept.
        """
        if self.failure is not None:
            raise JournalFailed(f"no snapshot on closing, nothing else is lost: {self.failure}")


def _write_down(journal: Journal, engine: Engine, record_seq: int, record_digest: bytes) -> NoReturn:
    """Save the snapshot of an engine in a process that was forked for it, and end that process."""
    status = 1
    try:
        gc.disable()
        _detach()
        adopt(engine)
        data = engine.snapshot()
        journal.snapshots.save(StoredSnapshot(record_seq=record_seq, record_digest=record_digest, data=data))
        status = 0
    except (CcrouteError, OSError, MemoryError):
        status = 2
    finally:
        # Neither buffers nor finalizers of the parent are to run twice.
        os._exit(status)


def _detach() -> None:
    """Let go of what belongs to the parent, which may end before: its sockets, its pipes, what wakes it up."""
    with contextlib.suppress(ValueError):
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.nice(_NICE)
