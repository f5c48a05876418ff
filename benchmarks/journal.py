"""Shows what durability costs: journalled beside unjournalled, beside raw inserts; replay, recovery, and snapshots.

    python -m benchmarks.journal [--rounds N] [--lives N] [--live N] [--folder DIR] [--quick]

The lives are those of ``ccroute bench engine``: enqueue, ring, accept, complete, wrap-up. They are carried out by
``handle_many`` in batches of several sizes: by an engine alone, by one over a journal in memory, by one over a journal
in SQLite, each batch a record that is synced, and by one that stages the next batch while another thread commits the
one before. Raw inserts put rows of the same sizes into the same SQLite with the same settings, a transaction each, and
nothing else. A round measures each once, so that slow hours of the machine hit all alike.

Recovery and the pause of a snapshot are measured with many live contacts, all waiting: the wall-clock time of opening a
journal whose newest snapshot is behind the last record, and of the one call during which the engine is forked, beside
the time of the calls before it. Guards the claims of ``docs/explanation/reliability.md``: at least half of the
unjournalled throughput in batches, recovery in less than 5 s and a pause below 100 ms with a million live contacts.

``--quick`` measures little once and writes nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Final

from benchmarks import page
from ccroute import (
    Config,
    EnqueueContact,
    JournaledEngine,
    MemoryJournal,
    SnapshotPolicy,
    SqliteJournal,
)
from ccroute.bench.engine_bench import (
    EVENTS_PER_LIFE,
    Batch,
    floor_config,
    life_commands,
    open_engine,
    opening_commands,
)
from ccroute.engine.engine import last_seq
from ccroute.storage.sqlite import connect

RELIABILITY: Final = page.PAGE.parent / "reliability.md"
ROUNDS: Final = 5
LIVES: Final = 30_000
LIVE: Final = 1_000_000
AGENTS: Final = 1_000
SIZES: Final = (1, 100, 1_000, 10_000)
"""Commands in a batch."""
SINGLES_MAX: Final = 1_000
"""Most commands that are journalled one by one; each is synced."""
NO_SNAPSHOTS: Final = SnapshotPolicy(every_commands=None, every_bytes=None, on_close=False)
_PAUSES: Final = 3
_FILL: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Commands per second of one way, in one round."""

    way: str
    size: int
    per_cpu_s: float
    per_wall_s: float


@dataclass(frozen=True, kw_only=True)
class Floor:
    """What was measured with many live contacts."""

    live: int
    snapshot_bytes: int
    recovery_s: float
    recovery_cpu_s: float
    child_s: float
    """From the fork until the child is gone."""
    pauses_ms: list[float]
    """Of the calls that forked, wall clock."""
    fork_free_ms: list[float]
    """Of as many calls just before, which did not."""


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return CPU seconds of the process and wall-clock seconds that work takes."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def durable(journal: MemoryJournal | SqliteJournal) -> JournaledEngine:
    """Return a new engine over a journal that has had the commands with which that of ``open_engine`` begins."""
    engine = JournaledEngine.open(journal, floor_config(AGENTS), snapshots=NO_SNAPSHOTS)
    engine.handle_many(opening_commands(AGENTS))
    return engine


def alone(batches: list[Batch], _folder: Path) -> tuple[float, float]:
    """Carry out batches without a journal."""
    engine = open_engine(AGENTS)
    return timed(lambda: [engine.handle_many(batch) for batch in batches])


def in_memory(batches: list[Batch], _folder: Path) -> tuple[float, float]:
    """Carry out batches over a journal in memory: what writing down costs, without a disk."""
    engine = durable(MemoryJournal())
    return timed(lambda: [engine.handle_many(batch) for batch in batches])


def on_disk(batches: list[Batch], folder: Path) -> tuple[float, float]:
    """Carry out batches over a journal in SQLite, each synced."""
    engine = durable(SqliteJournal(folder / "support.ccroute"))
    spent = timed(lambda: [engine.handle_many(batch) for batch in batches])
    engine.close()
    return spent


def pipelined(batches: list[Batch], folder: Path) -> tuple[float, float]:
    """Stage each batch while a thread commits the one before."""
    engine = durable(SqliteJournal(folder / "support.ccroute"))
    staged: Queue[bool] = Queue(maxsize=1)

    def commit() -> None:
        while staged.get():
            engine.commit()

    def work() -> None:
        thread = threading.Thread(target=commit)
        thread.start()
        for batch in batches:
            engine.stage_many(batch)
            staged.put(True)
        staged.put(False)
        thread.join()
        engine.commit()

    spent = timed(work)
    engine.close()
    return spent


def raw(batches: list[Batch], folder: Path) -> tuple[float, float]:
    """Insert rows of the size that records of these batches have, a transaction each, and nothing else."""
    body = 170 * len(batches[0])
    connection = connect(folder / "raw.sqlite")
    connection.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")
    rows = [os.urandom(body) for _ in range(4)]

    def work() -> None:
        for seq in range(len(batches)):
            connection.execute("INSERT INTO records VALUES (?, ?)", (seq, rows[seq % 4]))

    spent = timed(work)
    connection.close()
    return spent


WAYS: Final[dict[str, Callable[[list[Batch], Path], tuple[float, float]]]] = {
    "engine alone": alone,
    "journal in memory": in_memory,
    "journal in SQLite": on_disk,
    "journal in SQLite, staged and committed in two threads": pipelined,
    "raw inserts": raw,
}


def measure(rounds: int, lives: int, folder: Path) -> list[Rate]:
    """Measure every way with every size of batches, once a round."""
    commands = life_commands(lives, AGENTS)
    rates: list[Rate] = []
    for _ in range(rounds):
        for size in SIZES:
            some = commands[:SINGLES_MAX] if size == 1 else commands
            batches = [some[at : at + size] for at in range(0, len(some), size)]
            for way, work in WAYS.items():
                place = folder / "work"
                place.mkdir()
                cpu_s, wall_s = work(batches, place)
                shutil.rmtree(place)
                rates.append(Rate(way=way, size=size, per_cpu_s=len(some) / cpu_s, per_wall_s=len(some) / wall_s))
    return rates


def measure_replay(rounds: int, lives: int, folder: Path) -> dict[str, float]:
    """Return commands per CPU second of a replay that compares every call, and of the same commands given anew."""
    commands = life_commands(lives, AGENTS)
    batches = [commands[at : at + 1_000] for at in range(0, len(commands), 1_000)]
    path = folder / "replay.ccroute"
    engine = durable(SqliteJournal(path))
    first = last_seq(engine.engine) + 1
    for batch in batches:
        engine.handle_many(batch)
    engine.advance(engine.engine.now_us + 100_000_000)
    assert last_seq(engine.engine) + 1 - first == EVENTS_PER_LIFE * lives
    engine.close()
    replayed, given = [], []
    for _ in range(rounds):
        cpu_s, _ = timed(lambda: JournaledEngine.open(path, snapshots=NO_SNAPSHOTS).close())
        replayed.append(len(commands) / cpu_s)
        cpu_s, _ = alone(batches, folder)
        given.append(len(commands) / cpu_s)
    return {"replayed": statistics.median(replayed), "given anew": statistics.median(given)}


def measure_floor(live: int, folder: Path) -> Floor:
    """Measure snapshots and recovery with contacts that all wait."""
    config = Config.from_toml(
        f"[engine]\ncontacts_max = {live + 1_000}\n[queues.support]\n"
        "[agents.maxim]\nskills = { billing = 40 }\nqueues = { support = 1 }\n"
    )
    path = folder / "floor.ccroute"
    engine = JournaledEngine.open(path, config, snapshots=NO_SNAPSHOTS)
    for begin in range(0, live, _FILL):
        engine.stage_many([(comes(number), number) for number in range(begin, begin + _FILL)])
    engine.commit()
    pauses, before, child_s = [], [], 0.0
    for turn in range(_PAUSES):
        before.append(1e3 * timed(lambda: engine.handle(comes(live + 2 * turn), live + turn))[1])  # noqa: B023
        pauses.append(1e3 * timed(lambda: engine.snapshot(wait=False))[1])
        child_s = timed(engine._taker.wait)[1]
        assert engine.snapshot_failure is None
    size = Path(engine.journal.snapshots.path(engine.journal.snapshots.seqs()[0])).stat().st_size
    told = engine.engine.counters().created
    engine.close()
    opened: list[JournaledEngine] = []
    cpu_s, wall_s = timed(lambda: opened.append(JournaledEngine.open(path, snapshots=NO_SNAPSHOTS)))
    assert opened[0].engine.counters().created == told
    opened[0].close()
    return Floor(
        live=live,
        snapshot_bytes=size,
        recovery_s=wall_s,
        recovery_cpu_s=cpu_s,
        child_s=child_s,
        pauses_ms=pauses,
        fork_free_ms=before,
    )


def comes(number: int) -> EnqueueContact:
    """Return the command by which a contact comes that nobody will take."""
    return EnqueueContact(
        contact_id=f"contact-{number}",
        queue_id="support",
        channel="chat",
        customer_id=f"customer-{number}",
        requires="agent.skills.billing >= 30",
    )


def rate_table(rates: list[Rate]) -> str:
    """Return thousands of commands per second by way and size of batch, as a table in Markdown."""
    rows = []
    for way in WAYS:
        cells = []
        for size in SIZES:
            own = [one for one in rates if (one.way, one.size) == (way, size)]
            cpu, wall = (statistics.median(getattr(one, name) for one in own) for name in ("per_cpu_s", "per_wall_s"))
            cells.append(f"{cpu / 1e3:,.0f} / {wall / 1e3:,.1f}")
        rows.append([way, *cells])
    return page.table(["thousands of commands a second, CPU / wall", *(f"batches of {size:,}" for size in SIZES)], rows)


def floor_table(floor: Floor, replay: dict[str, float]) -> str:
    """Return the other figures as a table in Markdown."""
    rows = [
        ["replay, compared call by call", f"{replay['replayed'] / 1e3:,.0f} k commands a CPU second"],
        ["the same commands given to an engine", f"{replay['given anew'] / 1e3:,.0f} k commands a CPU second"],
        [
            f"recovery with {floor.live:,} live contacts",
            f"{floor.recovery_s:.1f} s, of which CPU {floor.recovery_cpu_s:.1f} s",
        ],
        ["its snapshot", f"{floor.snapshot_bytes / 1e6:,.0f} MB, written in {floor.child_s:.1f} s beside the engine"],
        [
            "pause of the engine for it",
            f"{statistics.median(floor.pauses_ms):.0f} ms, at most {max(floor.pauses_ms):.0f} ms",
        ],
    ]
    return page.table(["what", "measured"], rows)


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each is measured (default {ROUNDS})")
    parser.add_argument("--lives", type=int, default=LIVES, help=f"lives in a round (default {LIVES})")
    parser.add_argument("--live", type=int, default=LIVE, help=f"live contacts to recover (default {LIVE})")
    parser.add_argument("--folder", help="where the files are written (default: a temporary folder)")
    parser.add_argument("--quick", action="store_true", help="measure little once and write nothing")
    arguments = parser.parse_args()
    rounds, lives, live = arguments.rounds, arguments.lives, arguments.live
    if arguments.quick:
        rounds, lives, live = 1, 500, 1_000
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        rates = measure(rounds, lives, Path(name))
        replay = measure_replay(rounds, lives, Path(name))
        floor = measure_floor(live, Path(name))
    print(rate_table(rates), floor_table(floor, replay), sep="\n\n")
    if not arguments.quick:
        page.keep("journal", {"rates": rates, "replay": replay, "floor": [floor]})
        machine = f"{page.machine_line()}\nMedians of {rounds} rounds."
        page.show("journal", f"{rate_table(rates)}\n\n{floor_table(floor, replay)}\n\n{machine}", RELIABILITY)


if __name__ == "__main__":
    main()
