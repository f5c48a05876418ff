"""Kills loaded processes: ``python -m tests.kills --count 1000 --seed 1``.

A process of its own opens the journal and is loaded by several threads: single commands, batches, staged ones,
snapshots in forked processes, compaction, a history that follows. It says of every command when it is acknowledged,
through a pipe. At a random moment, while it recovers, too, it is killed with signal 9, which nothing can catch. Then
the journal is opened, and

- every acknowledged command is there, and each exactly once;
- the state recovered from the newest snapshot is that of a replay from the very beginning, byte for byte, where the
  journal still has it, and of the snapshot before where not;
- a history that caught up has each contact once; at the last kill of a journal it tells what one in memory tells that
  is given the journal's events.

Half of the kills are counted from the start of the process, so that many come while it recovers, half from the first
command that it acknowledged. After some kills a new journal is begun. What is killed is the process, not the system:
what it wrote is in the page cache of the system. For losses of power see ``tests.simulation``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import struct
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, NoReturn

from ccroute import (
    AcceptOffer,
    CompleteContact,
    Config,
    EnqueueContact,
    JournaledEngine,
    JournalFeed,
    Presence,
    SetPresence,
    SnapshotPolicy,
    UnknownName,
)
from ccroute.errors import CcrouteError, JournalCorrupt
from ccroute.history import HistoryWriter, MemoryHistory, SqliteHistory
from ccroute.journal.recovery import Origin, begin_at, replay
from ccroute.ports import HistoryStore, Journal
from ccroute.timeline import ContactStory, PastContact
from tests.journals import CENTER

THREADS: Final = 4
KILLS_PER_JOURNAL: Final = 10
SECONDS_BEFORE_KILL: Final = (0.02, 0.1, 0.3)
"""At most so long a process lives before it is killed; one of these."""
SECONDS_MAX: Final = 60
"""How long a killed process may take to go."""
_NUMBER: Final = struct.Struct("<q")
_IDS_PER_ROUND: Final = 1_000_000
"""Contacts of one process have ids from its own range."""
_PAGE_SIZE: Final = 1_000


class Lost(AssertionError):
    """What was acknowledged is not there, or something is there that never was."""


def policy(seed: str, *, forgets: bool) -> SnapshotPolicy:
    """Return when snapshots are taken: often."""
    random = Random(seed)
    return SnapshotPolicy(every_commands=random.choice((50, 200, 1_000)), keep=2, forget_records=forgets)


# ---- the process that is killed ----------------------------------------------------------------------------------


class Load:
    """Threads that command an engine and tell what was acknowledged."""

    def __init__(self, durable: JournaledEngine, pipe: int, first: int, seed: str) -> None:
        self._durable: Final = durable
        self._pipe: Final = pipe
        self._next = first
        self._seed: Final = seed
        self._lock: Final = threading.Lock()

    def numbers(self, count: int) -> list[int]:
        """Return numbers that nobody else has."""
        with self._lock:
            self._next += count
            return list(range(self._next - count, self._next))

    def work(self, thread: int) -> None:
        """Command until the process is killed."""
        random = Random(f"{self._seed}/{thread}")
        now_us = 0
        while True:
            now_us += 1_000
            numbers = self.numbers(1 if random.randrange(2) else 1 + random.randrange(50))
            arrivals = [(comes(number), now_us) for number in numbers]
            way = random.randrange(3)
            if way == 0 and len(arrivals) == 1:
                events = self._durable.handle(*arrivals[0])
            elif way == 1:
                events = [event for told in self._durable.handle_many(arrivals) for event in told]
            else:
                events = [event for told in self._durable.stage_many(arrivals) for event in told]
                self._durable.commit()
            # One write of less than a page to a pipe is never torn.
            os.write(self._pipe, b"".join(_NUMBER.pack(number) for number in numbers))
            for event in events:
                if type(event).__name__ == "OfferMade":
                    with contextlib.suppress(UnknownName):
                        self._durable.handle(AcceptOffer(offer_id=event.offer_id), now_us)
                        self._durable.handle(CompleteContact(contact_id=event.contact_id), now_us)

    def follow(self, path: Path) -> None:
        """Let a history follow until the process is killed."""
        history = SqliteHistory(f"{path}-history", vault=None)
        writer = HistoryWriter(JournalFeed(self._durable.journal), history)
        while True:
            writer.catch_up()
            time.sleep(0.002)


def comes(number: int) -> EnqueueContact:
    """Return the command by which a contact comes."""
    return EnqueueContact(contact_id=f"c{number}", queue_id="support", channel="chat", customer_id=f"k{number % 9}")


def live(path: Path, pipe: int, first: int, seed: str, *, forgets: bool) -> NoReturn:
    """Be the process that is killed."""
    status = 1
    try:
        config = Config.from_toml(CENTER)
        durable = JournaledEngine.open(path, config, snapshots=policy(seed, forgets=forgets))
        # The history subscribes before there are events: what came before it may be forgotten unseen.
        JournalFeed(durable.journal).subscribe("history")
        durable.handle(SetPresence(agent_id="maxim", presence=Presence.AVAILABLE), 0)
        load = Load(durable, pipe, first, seed)
        failures: list[BaseException] = []

        def guarded(work: object, *arguments: object) -> None:
            try:
                work(*arguments)  # type: ignore[operator]
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=guarded, args=(load.work, number)) for number in range(THREADS)]
        threads.append(threading.Thread(target=guarded, args=(load.follow, path)))
        for thread in threads:
            thread.start()
        while not failures:
            time.sleep(0.001)
        traceback.print_exception(failures[0])
        status = 3
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


# ---- the one who kills -------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What was seen."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    replays: int = 0
    """Replays from the beginning, or from another snapshot, that gave the same state."""
    histories: int = 0
    while_opening: int = 0
    """Kills before anything was acknowledged by the process."""


def run_and_kill(path: Path, first: int, seed: str, *, forgets: bool) -> list[int]:
    """Start a process, kill it at a random moment, and return the numbers that it said were acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        live(path, writing, first, seed, forgets=forgets)
    os.close(writing)
    random = Random(seed)
    is_recovering = random.randrange(2) == 0
    seconds = random.choice(SECONDS_BEFORE_KILL) * random.random()
    told = bytearray()
    try:
        if not is_recovering and select.select([reading], [], [], SECONDS_MAX)[0]:
            told += os.read(reading, 65_536)
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([reading], [], [], left)[0]:
                told += os.read(reading, 65_536)
        os.kill(child, signal.SIGKILL)
        while some := os.read(reading, 65_536):
            told += some
        status = os.waitpid(child, 0)[1]
    finally:
        os.close(reading)
    if os.WTERMSIG(status) != signal.SIGKILL:
        raise Lost(f"the process ended by itself, with status {status}")
    return [number for (number,) in _NUMBER.iter_unpack(told)]


def check(path: Path, acknowledged: set[int], tally: Tally, *, is_last: bool) -> None:
    """Open the journal as the next process would, and compare; whole histories where it is the last time."""
    kept = SnapshotPolicy(every_commands=None, on_close=False)
    with JournaledEngine.open(path, Config.from_toml(CENTER), snapshots=kept) as durable:
        journal, last = durable.journal, durable.record_seq
        recovered = durable.engine.snapshot()
        for origin in _origins(journal, last):
            for _ in replay(journal, origin, last):
                pass
            if origin.engine.snapshot() != recovered:
                raise Lost(f"a replay from record {origin.seq} gives another state")
            tally.replays += 1
        happened = _happened(path, journal, tally, is_last=is_last)
    missing = acknowledged - happened
    tally.lost += len(missing)
    if missing:
        raise Lost(f"{len(missing)} acknowledged commands are lost, {min(missing)} first")


def _origins(journal: Journal, last: int) -> list[Origin]:
    """Return where else a replay can begin: at the beginning, or at the snapshot before the newest."""
    if journal.first_seq() == 1:
        first = begin_at(journal, 1)
        return [first] if first.seq < last else []
    for seq in journal.snapshots.seqs()[1:]:
        # A process that outlived its owner may have written one down for a record that never became durable.
        with contextlib.suppress(JournalCorrupt):
            return [begin_at(journal, seq)]
    return []


def _happened(path: Path, journal: Journal, tally: Tally, *, is_last: bool) -> set[int]:
    """Return the numbers of the contacts that came, by the history, in which each is once."""
    history = SqliteHistory(f"{path}-history", vault=None)
    try:
        feed = JournalFeed(journal)
        HistoryWriter(feed, history).catch_up()
        if is_last and journal.first_seq() == 1:
            expected = MemoryHistory()
            expected.write([event for told in feed.told() for event in told.events])
            if stories_of(expected) != stories_of(history):
                raise Lost("the history tells something else than the journal's events")
            tally.histories += 1
        numbers = [int(one.contact_id[1:]) for one in contacts_of(history)]
    finally:
        history.close()
    if len(numbers) != len(set(numbers)):
        raise Lost("a contact came twice")
    return set(numbers)


def contacts_of(history: HistoryStore) -> list[PastContact]:
    """Return all contacts of a history."""
    contacts: list[PastContact] = []
    cursor = None
    while True:
        page = history.contacts(page_size=_PAGE_SIZE, cursor=cursor)
        contacts += page.contacts
        cursor = page.cursor
        if cursor is None:
            return contacts


def stories_of(history: HistoryStore) -> list[ContactStory]:
    """Return all that a history tells of contacts."""
    stories: list[ContactStory] = []
    cursor = None
    while True:
        page = history.stories(page_size=_PAGE_SIZE, cursor=cursor)
        stories += page.stories
        cursor = page.cursor
        if cursor is None:
            return stories


def kill_many(count: int, seed: int, folder: Path) -> Tally:
    """Kill so many processes, and check after each.

    :raises Lost: something is not as it must be; the message has what repeats it, as far as luck of timing allows.
    """
    tally = Tally()
    acknowledged: set[int] = set()
    path = folder
    for number in range(count):
        if number % KILLS_PER_JOURNAL == 0:
            acknowledged = set()
            path = folder / f"{number}" / "support.ccroute"
            path.parent.mkdir()
        forgets = number // KILLS_PER_JOURNAL % 2 == 1
        told = run_and_kill(path, number * _IDS_PER_ROUND, f"{seed}/{number}", forgets=forgets)
        tally.kills += 1
        tally.while_opening += not told
        acknowledged.update(told)
        tally.acknowledged += len(told)
        is_last = number % KILLS_PER_JOURNAL == KILLS_PER_JOURNAL - 1
        check(path, acknowledged, tally, is_last=is_last)
    return tally


def main() -> None:
    """Kill what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=100, help="how many processes (default 100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where the files are written (default: a temporary folder)")
    arguments = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        try:
            tally = kill_many(arguments.count, arguments.seed, Path(folder))
        except (Lost, CcrouteError):
            traceback.print_exc()
            print(f"again: python -m tests.kills --count {arguments.count} --seed {arguments.seed}", file=sys.stderr)
            raise SystemExit(1) from None
    print(
        f"{tally.kills} processes killed, {tally.while_opening} of them before they had acknowledged anything, in "
        f"{time.monotonic() - begun:.0f} s\n{tally.acknowledged} commands acknowledged, {tally.lost} lost\n"
        f"{tally.replays} replays from elsewhere, all equal; {tally.histories} histories, all equal"
    )


if __name__ == "__main__":
    main()
