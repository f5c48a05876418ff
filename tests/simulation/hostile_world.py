"""Engine, journal and history in a hostile world, from one seed: what goes wrong, and what must be right all the same.

A random centre is driven by its host through a journalled engine over the hostile disk, beside a twin that nothing
happens to: an engine and the model of ``tests.model``, compared with each other at every step. A history follows the
journal on the same disk. In between the power goes, the process is killed, calls of the disk fail, the disk is full,
owners take over from one another, and clients repeat commands. After each such end the journal is opened anew, and:

- every command that was acknowledged has happened, exactly once, in order; of those that were on the way all or none;
- the state is that of the twin, byte for byte, and so are all events from then on;
- the history tells what one in memory tells that was given every event once.

Nothing else is let pass: an error that no fault explains is a failure.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from hashlib import blake2b
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from ccroute import (
    Engine,
    InvalidArgument,
    JournalCorrupt,
    JournaledEngine,
    JournalFailed,
    JournalFeed,
    JournalInUse,
    NotOwner,
    SnapshotPolicy,
    SqliteJournal,
)
from ccroute.errors import CcrouteError, StorageError
from ccroute.events import Event
from ccroute.history import HistoryWriter, MemoryHistory
from ccroute.history.store import SqlHistory
from ccroute.storage.sqlite import SqliteDatabase
from tests.host import Host
from tests.simulation.disk import Fault, HostileDisk
from tests.simulation.vfs import HostileVfs
from tests.steps import Advance, Batch, Duel, Handle, Malformed, Restore, Step
from tests.worlds import random_world

STEPS: Final = 60
OPENINGS_MAX: Final = 12
"""Most attempts to open a journal in a row; faults come during these, too."""
FAULTS: Final = (None, Fault.POWER, Fault.POWER, Fault.POWER, Fault.KILL, Fault.ERROR, Fault.ERROR, Fault.FULL)
_STORIES_MAX: Final = 1_000
_names: Final = count()


class Lost(AssertionError):
    """What was acknowledged is not there, or something is there that never was."""


class HostileWorld:
    """One world."""

    def __init__(self, seed: str, folder: Path, *, lies: tuple[str, ...] = ()) -> None:
        self.random: Final = Random(seed)
        self.world: Final = random_world(self.random)
        self.disk: Final = HostileDisk(folder, self.random)
        self.happened: Counter[str] = Counter()
        """How often everything happened."""
        self.tale: Final = blake2b(digest_size=16)
        """Of all that happened, in order, so that two runs can be compared."""
        self._lies: Final = lies
        self._path: Final = str(folder / "support.ccroute")
        self._vfs: Final = HostileVfs(f"hostile-{next(_names)}", self.disk)
        self._steps: list[Step] = []
        """Acknowledged ones, in order."""
        self._doubtful: list[Step] = []
        """Those on the way to the disk, as one record."""
        self._twin = Duel(self.world.config)
        self._twin_steps: list[Step] = []
        """What the twin has done: acknowledged steps, and doubtful ones that were staged."""
        self._host: Final = Host(self.random, self.world, self._twin.model)
        self._durable: JournaledEngine | None = None
        self._history: SqlHistory | None = None
        self._is_begun = self._is_followed = False

    def run(self, steps: int = STEPS) -> None:
        """Live through so many steps and a last clean stop.

        :raises AssertionError: something is not as it must be.
        """
        try:
            for _ in range(steps):
                if self._durable is None:
                    self._open()
                self._do_something()
            self.disk.plan(None)
            self._stop_cleanly()
            self.disk.boot(is_power_loss=True)
            self._open(may_fail=False)
            self._stop_cleanly()
        finally:
            self._abandon()
            self.unregister()

    @property
    def vfs_name(self) -> str:
        """Return the name of SQLite's file system over the disk."""
        return self._vfs.name

    def unregister(self) -> None:
        """Give the file system back."""
        self._vfs.unregister()

    # ---- opening ---------------------------------------------------------------------------------------------------

    def _open(self, *, may_fail: bool = True) -> None:
        """Recover, with faults on the way, and compare with the twin."""
        for attempt in range(OPENINGS_MAX):
            last = not may_fail or attempt == OPENINGS_MAX - 1
            fault = None if last else self.random.choice(FAULTS)
            self.disk.plan(fault, self.random.choice((20, 60, 150, 400, 1_000)) * self.random.randrange(1, 100) // 100)
            self.disk.lies = () if last else self._lies
            try:
                self._durable = self._opened()
                self._compare()
                self._follow()
            except (JournalFailed, JournalCorrupt, StorageError) as error:
                self._end(error)
                continue
            self._is_begun = True
            self._tell("opened")
            return
        raise Lost(f"not to be opened {OPENINGS_MAX} times in a row")

    def _opened(self, *, take_over: bool = False) -> JournaledEngine:
        journal = SqliteJournal(self._path, vfs=self._vfs.name, disk=self.disk)  # type: ignore[arg-type]
        random = self.random
        policy = SnapshotPolicy(
            every_commands=random.choice((None, 3, 10, 30)),
            on_close=bool(random.randrange(2)),
            keep=1 + random.randrange(3),
            # A history that comes late would lack what is gone.
            forget_records=random.randrange(3) == 0 and self._is_followed,
            fork=False,
        )
        config = None if self._is_begun else self.world.config
        return JournaledEngine.open(journal, config, take_over=take_over, snapshots=policy)

    def _compare(self) -> None:
        """Find out whether what was on the way has happened, and compare the state with the twin's."""
        durable = self._durable
        assert durable is not None
        snapshot = durable.engine.snapshot()
        doubtful, self._doubtful = self._doubtful, []
        if doubtful:
            if len(self._twin_steps) > len(self._steps):
                self._set_twin(self._steps)
            if self._is_twin(snapshot):
                self._tell("had not happened")
            else:
                self._steps += doubtful
                self._set_twin(self._steps)
                self._tell("had happened")
        if not self._is_twin(snapshot):
            raise Lost(f"another state than that of {len(self._steps)} acknowledged steps, {len(doubtful)} doubtful")
        # Time that passed and did nothing is not journalled.
        is_behind = snapshot != self._twin.engine.snapshot()
        if is_behind and durable.advance(self._twin.engine.now_us, allow_jump=True):
            raise Lost("something happened in time that had passed without")

    def _is_twin(self, snapshot: bytes) -> bool:
        now_us = self._twin.engine.now_us
        copies = Engine.restore(snapshot), Engine.restore(self._twin.engine.snapshot())
        if copies[0].now_us > now_us or any(copy.advance(now_us, allow_jump=True) for copy in copies):
            return False
        return copies[0].snapshot() == copies[1].snapshot()

    def _set_twin(self, steps: list[Step]) -> None:
        self._twin = Duel(self.world.config)
        for step in steps:
            self._twin.do(step)
        self._twin_steps = list(steps)
        self._host.model = self._twin.model
        self.happened["twins made anew"] += 1

    # ---- what happens ------------------------------------------------------------------------------------------------

    def _do_something(self) -> None:
        chance = self.random.randrange(100)
        try:
            if chance < 70:
                self._step(self._host.step())
            elif chance < 76:
                self._stage_some()
            elif chance < 84:
                self._follow()
            elif chance < 87:
                self._repeat()
            elif chance < 90:
                self._change_owner()
            elif chance < 93:
                self._stop_cleanly()
            elif chance < 96:
                self._usable.snapshot(fork=False)
            else:
                self._end(None)
        except (JournalFailed, JournalCorrupt, StorageError) as error:
            self._end(error)

    @property
    def _usable(self) -> JournaledEngine:
        assert self._durable is not None
        return self._durable

    def _step(self, step: Step) -> None:
        if isinstance(step, Restore):
            self._stop_cleanly()
            return
        self._doubtful = [step]
        told = self._carry_out(step, staged=False)
        self._doubtful = []
        self._acknowledge(step, told)

    def _acknowledge(self, step: Step, told: list[Event]) -> None:
        before = len(self._twin.told)
        self._twin.do(step)
        self._steps.append(step)
        self._twin_steps.append(step)
        if told != self._twin.told[before:]:
            raise Lost(f"other events than the twin's: {told}")
        self._tell(type(step).__name__)

    def _carry_out(self, step: Step, *, staged: bool) -> list[Event]:
        """Take a step; one that raises must leave no trace."""
        durable, twin = self._usable, self._twin
        try:
            match step:
                case Handle():
                    call = durable.stage if staged else durable.handle
                    return call(twin.translated(step.command), step.at_us, allow_jump=step.allow_jump)
                case Advance():
                    pass_time = durable.stage_advance if staged else durable.advance
                    return pass_time(step.to_us, allow_jump=step.allow_jump)
                case Batch():
                    pairs = [(twin.translated(command), at_us) for command, at_us in step.pairs]
                    many = durable.stage_many if staged else durable.handle_many
                    answers = many(pairs, allow_jump=step.allow_jump or step.bad is not None)
                    return [event for told in answers for event in told]
                case Malformed():
                    return durable.handle(step.command, step.at_us, allow_jump=True)
        except InvalidArgument:
            self._tell("raised")
        return []

    def _stage_some(self) -> None:
        """Stage several steps and commit them at once."""
        for _ in range(1 + self.random.randrange(4)):
            step = self._host.step()
            if isinstance(step, Restore):
                continue
            self._doubtful.append(step)
            before = len(self._twin.told)
            told = self._carry_out(step, staged=True)
            self._twin.do(step)
            self._twin_steps.append(step)
            if told != self._twin.told[before:]:
                raise Lost("other events than the twin's, staged")
        self._usable.commit()
        self._steps += self._doubtful
        self._doubtful = []
        self._tell("committed")

    def _repeat(self) -> None:
        """Give the last commands once more, as a client does that has not heard; the twin is told twice, too."""
        for step in self._steps[-2:]:
            if isinstance(step, Handle | Batch):
                self._step(step)
                self.happened["repeated"] += 1

    def _change_owner(self) -> None:
        """Let a second owner come; it is refused, then it takes over, and the former one writes nothing more."""
        with contextlib.suppress(JournalInUse):
            self._opened().close()
            raise Lost("two owners")
        former = self._usable
        self._durable = self._opened(take_over=True)
        self._compare()
        before = self._durable.record_seq
        try:
            former.handle(self._twin.translated(self._host.command()), self._twin.engine.now_us)
            if former.record_seq >= before:
                raise Lost("a former owner wrote")
        except InvalidArgument:
            pass
        except NotOwner:
            self._tell("former owner refused")
        finally:
            with contextlib.suppress(CcrouteError):
                former.close()

    def _follow(self) -> None:
        """Let the history catch up, and compare it with one in memory."""
        if self._history is None:
            own = self._database(f"{self._path}-history")
            try:
                index = self._database(f"{self._path}-history-search")
            except BaseException:
                with contextlib.suppress(StorageError):
                    own.close()
                raise
            self._history = SqlHistory(own, index, vault=None)
        HistoryWriter(JournalFeed(self._usable.journal), self._history).catch_up()
        self._is_followed = True
        self._tell("followed")

    def _database(self, path: str) -> SqliteDatabase:
        return SqliteDatabase(path, vfs=self._vfs.name, disk=self.disk)  # type: ignore[arg-type]

    def _compare_histories(self) -> None:
        assert self._history is not None
        expected = MemoryHistory()
        if self._twin.told:
            expected.write(self._twin.told)
        stories = [one.stories(page_size=_STORIES_MAX).stories for one in (expected, self._history)]
        if stories[0] != stories[1]:
            raise Lost("the history tells something else than one that was given every event once")
        self._tell("histories compared")

    # ---- ends --------------------------------------------------------------------------------------------------------

    def _stop_cleanly(self) -> None:
        """Close everything in order."""
        if self._durable is None:
            return
        try:
            self._follow()
            self._compare_histories()
            durable, self._durable = self._durable, None
            durable.close()
            history, self._history = self._history, None
            assert history is not None
            history.close()
        except (JournalFailed, JournalCorrupt, StorageError) as error:
            self._end(error)
            return
        self._tell("stopped cleanly")
        if self.random.randrange(3) == 0:
            self.disk.boot(is_power_loss=True)

    def _end(self, error: CcrouteError | None) -> None:
        """Let everything end as it is, by what the disk did, or by a loss of power or a kill at this moment."""
        # Snapshots that cannot be read are passed over; where that leaves none, it is told so.
        if isinstance(error, JournalCorrupt) and not self._lies and "cannot be read" not in str(error):
            raise Lost("the journal is corrupt") from error
        if error is not None and self.disk.counts.total() == self.happened["faults"]:
            raise Lost("an error that no fault explains") from error
        self.happened["faults"] = self.disk.counts.total()
        self._abandon()
        is_power_loss = bool(self.random.randrange(2))
        self.disk.boot(is_power_loss=is_power_loss)
        self._tell("power lost" if is_power_loss else "killed")

    def _abandon(self) -> None:
        """Give back what the process would have had, without a trace on the disk."""
        self.disk.plan(None)
        self.disk.is_on = False
        with contextlib.suppress(CcrouteError):
            if self._durable is not None:
                self._durable.close()
        with contextlib.suppress(CcrouteError):
            if self._history is not None:
                self._history.close()
        self._durable = self._history = None

    def _tell(self, what: str) -> None:
        self.happened[what] += 1
        self.tale.update(f"{what} {self.disk.calls} {len(self._twin.told)} {self._twin.engine.now_us}\n".encode())
