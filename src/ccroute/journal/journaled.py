"""The durable engine: what it was told is in its journal before anybody hears what came of it.

Threads may share one. Two locks do it: the engine's, held while it decides, and the commit's, held while a record is
written. Who comes while a record is being written decides meanwhile and waits for the next one, which takes everything
that came since: many commands are synced at once where there are many, and a single one waits for nobody.
"""

from __future__ import annotations

import contextlib
import enum
import os
from collections.abc import Callable, Iterator
from threading import Lock
from types import TracebackType
from typing import Final, NamedTuple, Self, final

import msgspec

from ccroute.commands import Command, Configure
from ccroute.config import Config, to_json
from ccroute.engine.engine import Engine, config_of, last_seq
from ccroute.engine.snapshots import RULES_VERSION
from ccroute.errors import (
    CcrouteError,
    EngineBug,
    JournalCorrupt,
    JournalError,
    JournalFailed,
    OutOfRange,
    WrongType,
)
from ccroute.errors.raising import again
from ccroute.events import Event
from ccroute.journal.batches import Batch
from ccroute.journal.records import FORMAT, Beginning, Head, seal
from ccroute.journal.recovery import recover
from ccroute.journal.snapshotting import SnapshotPolicy, SnapshotTaker
from ccroute.journal.sqlite import SqliteJournal
from ccroute.ports import Journal, Ownership, Record
from ccroute.types import Removal

__all__ = ["JournaledEngine", "Through"]

BATCH_COMMANDS_MAX: Final = 65_536
"""Most commands in one call of ``handle_many``; they become one record."""

STAGED_BYTES_MAX: Final = 16 * 1024 * 1024
"""With so much staged, the call that stages commits."""


class _Time(enum.Enum):
    """What stands where a command may: nothing is told, and time passes."""

    PASSES = enum.auto()


_TIME: Final = _Time.PASSES


class Through(NamedTuple):
    """Up to where everything is durable."""

    record_seq: int
    """Seq of the last durable record."""
    event_seq: int
    """Seq of the last durable event; 0: there is none."""


@final
class JournaledEngine:
    """An engine whose every command is durable when its events are returned.

    Made by :meth:`open`. Any thread may call any method. After a failure to write, the engine is closed and every call
    raises ``JournalFailed`` or ``NotOwner``; opening the journal anew recovers what was acknowledged.
    """

    def __init__(
        self, journal: Journal, engine: Engine, ownership: Ownership, policy: SnapshotPolicy, good_through: int = 0
    ) -> None:
        self._journal: Final = journal
        self._engine: Final = engine
        self._epoch: Final = ownership.epoch
        self._last_seq = ownership.last_seq
        self._last_digest = ownership.last_digest
        self._through = Through(ownership.last_seq, last_seq(engine))
        self._engine_lock: Final = Lock()
        self._commit_lock: Final = Lock()
        self._policy: Final = policy
        self._taker: Final = SnapshotTaker(journal, policy, good_through)
        self._batch = Batch(last_seq(engine) + 1)
        self._is_torn = False
        self._is_closed = False
        self._failure: JournalError | None = None
        self.opening_events: list[Event] = []
        """What came of applying a configuration that differs from the journalled one; durable."""
        self.passed_over: list[str] = []
        """What was wrong with snapshots that recovery could not use."""

    # ---- opening -----------------------------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        journal: Journal | str | os.PathLike[str],
        config: Config | str | os.PathLike[str] | None = None,
        *,
        at_us: int | None = None,
        take_over: bool = False,
        snapshots: SnapshotPolicy | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Self:
        """Claim a journal and return the engine as it stood behind its last record.

        :param journal: a journal, or the path of one in a file. It is closed with the engine.
        :param config: a configuration, or the path of a ``.toml`` or ``.json``. A new journal needs one. Where its
            content differs from what the engine goes by it is applied as ``Configure``, what is gone drains; None: as
            journalled.
        :param at_us: the host's present, for that command; None: where the engine stands.
        :param take_over: claim it also where another owner lives, which writes nothing from then on.
        :param snapshots: when snapshots are taken; None: as ``SnapshotPolicy`` has it.
        :param progress: called with how much of the replay is done, 0 to 1.
        :raises JournalInUse: another owner lives.
        :raises JournalCorrupt: the journal does not hold what was written to it.
        :raises JournalFailed: it cannot be read or written.
        :raises OtherRules: records behind the newest good snapshot were written under other rules.
        :raises ReplayDiverged: records do not give what they gave then.
        :raises ConfigError: the configuration has faults.
        :raises WrongType: the journal is new and ``config`` is None, or an argument has another type than stated.
        """
        wanted = _config(config)
        policy = _policy(snapshots)
        owned = _owned(journal)
        try:
            ownership = owned.claim(take_over=take_over)
            if ownership.last_seq == 0:
                if wanted is None:
                    raise WrongType("config", config, "a Config, or the path of one: the journal is new")
                return cls(owned, Engine(wanted), _begin(owned, ownership, wanted), policy)
            origin = recover(owned, ownership.last_seq, progress)
            if origin.digest != ownership.last_digest:
                raise JournalCorrupt(owned.name, f"record {ownership.last_seq} changed while it was read")
            self = cls(owned, origin.engine, ownership, policy, origin.snapshot_seq)
            self._taker.note(*origin.replayed)
            self.passed_over = origin.passed_over
            if wanted is not None:
                self._configure(wanted, at_us)
            return self
        except BaseException:
            owned.close()
            raise

    def _configure(self, config: Config, at_us: int | None) -> None:
        if to_json(config) == to_json(config_of(self._engine)):
            return
        command = Configure(config=config, removal=Removal.DRAIN)
        self.opening_events = self.handle(command, self._engine.now_us if at_us is None else at_us, allow_jump=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """Return the engine, to be asked and not told. It is ahead of the journal by what is staged.

        While another thread is inside it a query raises ``ConcurrentUse``; :meth:`reading` waits instead.
        """
        return self._engine

    @property
    def journal(self) -> Journal:
        """Return the journal, for subscribers."""
        return self._journal

    @property
    def record_seq(self) -> int:
        """Return the seq of the last durable record."""
        return self._last_seq

    @property
    def through(self) -> Through:
        """Return up to where everything is durable."""
        return self._through

    @contextlib.contextmanager
    def reading(self) -> Iterator[Engine]:
        """Give the engine for queries, and keep other threads out of it until they are answered."""
        with self._engine_lock:
            self._check_usable()
            yield self._engine

    # ---- durable on return -------------------------------------------------------------------------------------

    def handle(self, command: Command, at_us: int, *, allow_jump: bool = False) -> list[Event]:
        """Carry out one command; it is durable when its events are returned. Otherwise as ``Engine.handle``.

        What raises anything but a ``JournalError`` is not journalled.

        :raises JournalFailed: it could not be written; whether it will have happened shows when the journal is opened
            anew.
        :raises NotOwner: the journal has another owner; the command has not happened.
        """
        events, batch = self._stage(command, at_us, allow_jump=allow_jump)
        self._commit(batch)
        return events

    def handle_many(
        self, commands: list[tuple[Command, int]] | tuple[tuple[Command, int], ...], *, allow_jump: bool = False
    ) -> list[list[Event]]:
        """Carry out commands in order; all are durable, as one record, on return. Otherwise as ``Engine.handle_many``.

        :raises OutOfRange: there are more than 65 536.
        :raises JournalFailed: as in ``handle``.
        :raises NotOwner: as in ``handle``.
        """
        answers, batch = self._stage_many(commands, allow_jump=allow_jump)
        self._commit(batch)
        return answers

    def advance(self, to_us: int, *, allow_jump: bool = False) -> list[Event]:
        """Let time pass; what came of it is durable on return. Where nothing did, nothing is written.

        :raises JournalFailed: as in ``handle``.
        :raises NotOwner: as in ``handle``.
        """
        events, batch = self._stage(_TIME, to_us, allow_jump=allow_jump)
        if events:
            self._commit(batch)
        return events

    # ---- durable with the next commit --------------------------------------------------------------------------

    def stage(self, command: Command, at_us: int, *, allow_jump: bool = False) -> list[Event]:
        """Carry out one command; nobody may hear of its events before ``commit`` has returned.

        With 16 MiB staged it commits by itself.
        """
        events, batch = self._stage(command, at_us, allow_jump=allow_jump)
        self._relieve(batch)
        return events

    def stage_many(
        self, commands: list[tuple[Command, int]] | tuple[tuple[Command, int], ...], *, allow_jump: bool = False
    ) -> list[list[Event]]:
        """Carry out commands in order, as ``stage`` does."""
        answers, batch = self._stage_many(commands, allow_jump=allow_jump)
        self._relieve(batch)
        return answers

    def stage_advance(self, to_us: int, *, allow_jump: bool = False) -> list[Event]:
        """Let time pass, as ``stage`` does."""
        events, batch = self._stage(_TIME, to_us, allow_jump=allow_jump)
        self._relieve(batch)
        return events

    def commit(self) -> int:
        """Make everything durable that was staged before this call, and return the seq of the last record.

        Another thread may stage meanwhile.

        :raises JournalFailed: it could not be written, now or before.
        :raises NotOwner: the journal has another owner.
        """
        with self._engine_lock:
            self._check_usable()
            batch = self._batch
        self._commit(batch)
        return self._last_seq

    def snapshot(self, *, fork: bool = True, wait: bool = True) -> None:
        """Keep a snapshot behind the last record, which shortens the next recovery. What is staged is made durable.

        :param fork: let a forked process write it, where the policy and the journal allow; False: the engine waits.
        :param wait: return only once it is kept; False: as soon as the engine may go on.
        :raises JournalFailed: what was staged could not be written.
        :raises NotOwner: the journal has another owner.
        """
        with self._commit_lock:
            self._taker.wait()
            with self._engine_lock:
                self._check_usable()
                batch = self._batch
                if batch.calls:
                    with self._ending():
                        self._batch = Batch(batch.first_event + batch.events)
                        self._append(batch, self._sealed(batch))
                snapshot = self._taker.begin(self._engine, self._last_seq, self._last_digest, may_fork=fork)
            if snapshot is not None:
                self._taker.save(snapshot)
            if wait:
                self._taker.wait()

    @property
    def snapshot_failure(self) -> str | None:
        """Return what went wrong with the last snapshot; None: nothing."""
        return self._taker.failure

    # ---- inside ------------------------------------------------------------------------------------------------

    def _stage(self, command: Command | _Time, at_us: int, *, allow_jump: bool) -> tuple[list[Event], Batch]:
        with self._engine_lock:
            self._check_usable()
            engine, batch = self._engine, self._batch
            now = engine.now_us
            with self._moving():
                if command is _TIME:
                    events = engine.advance(at_us, allow_jump=allow_jump)
                else:
                    events = engine.handle(command, at_us, allow_jump=allow_jump)
            if events or command is not _TIME:
                # A time before the engine's present means the present.
                batch.add(None if command is _TIME else command, max(now, at_us), events)
            self._is_torn = False
            return events, batch

    def _stage_many(
        self, commands: list[tuple[Command, int]] | tuple[tuple[Command, int], ...], *, allow_jump: bool
    ) -> tuple[list[list[Event]], Batch]:
        if isinstance(commands, list | tuple) and len(commands) > BATCH_COMMANDS_MAX:
            raise OutOfRange("commands", len(commands), f"at most {BATCH_COMMANDS_MAX} commands")
        with self._engine_lock:
            self._check_usable()
            pairs = tuple(commands) if isinstance(commands, list) else commands
            now = self._engine.now_us
            with self._moving():
                answers = self._engine.handle_many(pairs, allow_jump=allow_jump)
            if pairs:
                self._batch.add_many(pairs, now, answers)
            self._is_torn = False
            return answers, self._batch

    @contextlib.contextmanager
    def _moving(self) -> Iterator[None]:
        """Note that the engine moves; the caller notes when the batch has followed. Nothing is built upon one alone."""
        self._is_torn = True
        try:
            yield
        except EngineBug:
            raise
        except CcrouteError:
            # Nothing has moved, unless the engine is closed.
            self._is_torn = False
            raise

    def _relieve(self, batch: Batch) -> None:
        if batch.size >= STAGED_BYTES_MAX:
            self._commit(batch)

    def _commit(self, batch: Batch) -> None:
        """Return once a batch is durable."""
        with self._commit_lock:
            if batch.is_durable:
                return
            snapshot = None
            with self._ending():
                with self._engine_lock:
                    self._check_whole()
                    if batch.calls == 0:
                        return
                    # What is neither durable nor failed is the present batch: all others were written under this lock.
                    self._batch = Batch(batch.first_event + batch.events)
                    is_due = self._taker.is_due(batch.calls, batch.size)
                    if is_due:
                        # The engine stands behind this batch now. That its record is not durable yet does no harm: a
                        # snapshot names the digest of its record, and is passed over where the record is not there.
                        record = self._sealed(batch)
                        snapshot = self._taker.begin(self._engine, record.seq, record.digest)
                self._append(batch, record if is_due else self._sealed(batch))
            if not is_due:
                self._taker.note(batch.calls, batch.size)
            if snapshot is not None:
                self._taker.save(snapshot)
            self._taker.poll()

    def _sealed(self, batch: Batch) -> Record:
        return batch.seal(seq=self._last_seq + 1, epoch=self._epoch, rules=RULES_VERSION, previous=self._last_digest)

    def _append(self, batch: Batch, record: Record) -> None:
        self._journal.append(record, expected_seq=self._last_seq, epoch=self._epoch)
        self._last_seq, self._last_digest = record.seq, record.digest
        # At once, for who looks without a lock.
        self._through = Through(record.seq, batch.first_event + batch.events - 1)
        batch.is_durable = True

    @contextlib.contextmanager
    def _ending(self) -> Iterator[None]:
        """Note what goes wrong while a batch is written: nothing is acknowledged from then on."""
        try:
            yield
        except BaseException as error:
            if self._failure is None and isinstance(error, JournalError):
                self._failure = error
            elif self._failure is None:
                self._failure = JournalFailed(f"{self._journal.name}: writing was broken off by {type(error).__name__}")
            raise

    def _check_whole(self) -> None:
        if self._is_torn and self._failure is None:
            self._failure = JournalFailed(f"{self._journal.name}: a call was broken off between engine and journal")
        if self._failure is not None:
            self._engine.close()
            raise again(self._failure)

    def _check_usable(self) -> None:
        self._check_whole()
        if self._is_closed:
            raise JournalFailed(f"{self._journal.name}: the engine is closed")

    def close(self) -> None:
        """Make durable what is staged, and give engine and journal back. Closing a closed one does nothing.

        :raises JournalFailed: what was staged could not be written. Everything is given back all the same.
        """
        if self._is_closed:
            return
        try:
            if self._failure is None and not self._is_torn:
                self.commit()
                if self._policy.on_close and self._taker.has_news:
                    self.snapshot(fork=False)
                    self._taker.end()
        finally:
            with self._commit_lock, self._engine_lock:
                self._is_closed = True
                self._engine.close()
                self._taker.wait()
            self._journal.close()


def _config(config: Config | str | os.PathLike[str] | None) -> Config | None:
    if config is None or type(config) is Config:
        return config
    if isinstance(config, str | os.PathLike):
        return Config.from_file(config)
    raise WrongType("config", config, "a Config, the path of one, or None")


def _policy(snapshots: SnapshotPolicy | None) -> SnapshotPolicy:
    policy = SnapshotPolicy() if snapshots is None else snapshots
    if type(policy) is not SnapshotPolicy:
        raise WrongType("snapshots", snapshots, "a SnapshotPolicy, or None")
    for name in ("every_commands", "every_bytes", "keep"):
        value = getattr(policy, name)
        if value is None and name != "keep":
            continue
        if type(value) is not int:
            raise WrongType(f"snapshots.{name}", value, "an integer" if name == "keep" else "an integer, or None")
        if value < 1:
            raise OutOfRange(f"snapshots.{name}", value, "1 or more")
    for name in ("on_close", "forget_records", "fork"):
        if type(getattr(policy, name)) is not bool:
            raise WrongType(f"snapshots.{name}", getattr(policy, name), "True or False")
    return policy


def _owned(journal: Journal | str | os.PathLike[str]) -> Journal:
    if isinstance(journal, str | os.PathLike):
        return SqliteJournal(journal)
    if isinstance(journal, type) or not callable(getattr(journal, "claim", None)):
        raise WrongType("journal", journal, "a Journal, or the path of one")
    return journal


def _begin(journal: Journal, ownership: Ownership, config: Config) -> Ownership:
    """Append the first record and return what to continue from."""
    # Reading what is installed needs modules that nothing else here does.
    from importlib.metadata import PackageNotFoundError, version

    try:
        package = version("ccroute")
    except PackageNotFoundError:
        package = "source"
    body = Beginning(format=FORMAT, rules=RULES_VERSION, package=package, config=msgspec.Raw(to_json(config)))
    head = Head(
        format=FORMAT,
        rules=RULES_VERSION,
        entries=0,
        seq=1,
        epoch=ownership.epoch,
        at_us=0,
        first_event=1,
        events=0,
        body_size=0,
        events_size=0,
        previous=ownership.last_digest,
        body_digest=b"",
        events_digest=b"",
    )
    record = seal(head, msgspec.json.encode(body), b"")
    journal.append(record, expected_seq=0, epoch=ownership.epoch)
    return Ownership(epoch=ownership.epoch, last_seq=1, last_digest=record.digest)
