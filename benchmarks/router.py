"""Shows what the router costs: commands through it, beside the bare engine; latencies; memory per idle tenant.

    python -m benchmarks.router [--rounds N] [--commands N] [--idle N] [--folder DIR] [--quick]

Commands are contacts that come and leave again, each sent when the answer to the sender's last one is there, by 1, 10
and 100 senders at once; they go to one router, or to 100 tenants in turn, over journals in memory or in SQLite, each
commit synced. In the same round the same commands are given to engines without a router: bare, and journalled one by
one. A latency is the time from ``send`` to its answer, durable and published. A round measures each way once, so that
slow hours of the machine hit all alike; medians of the rounds are shown. Memory is that of the process, per tenant that
was opened in it and does nothing, over journals in memory. Guards the claims of ``docs/explanation/performance.md``.

``--quick`` measures little once and writes nothing.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio
from anyio import to_thread

from benchmarks import children, page
from ccroute import (
    AbandonContact,
    Config,
    Engine,
    EnqueueContact,
    JournaledEngine,
    MemoryJournal,
    Router,
    SnapshotPolicy,
    SqliteJournal,
    Tenants,
)

ROUNDS: Final = 5
COMMANDS: Final = 20_000
"""Commands of one measurement; a tenth where each waits alone for the disk."""
IDLE: Final = 200
"""Tenants that are opened for the memory of one."""
WARM: Final = 20
"""Idle ones before the first that counts."""
TENANTS: Final = 100
SENDERS: Final = (1, 10, 100)
BEGIN_US: Final = 1_790_000_000_000_000
NO_SNAPSHOTS: Final = SnapshotPolicy(every_commands=None, every_bytes=None, on_close=False)
CONFIG: Final = Config.from_toml("""
[queues.support]
[agents.maxim]
skills = { english = 80 }
queues = { support = 1 }
""")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One way in one round."""

    way: str
    senders: int
    commands: int
    per_s: float
    per_cpu_s: float
    p50_us: float
    p99_us: float
    p999_us: float


def command(sender: int, number: int) -> EnqueueContact | AbandonContact:
    """Return the n-th command of a sender: a contact comes, and leaves with the next."""
    contact_id = f"{sender}-{number // 2}"
    if number % 2:
        return AbandonContact(contact_id=contact_id)
    return EnqueueContact(contact_id=contact_id, queue_id="support", channel="chat")


def percentile(values: list[float], share: float) -> float:
    """Return a percentile of sorted values."""
    return values[min(len(values) - 1, int(share * len(values)))]


def measured(way: str, senders: int, latencies_us: list[float], wall_s: float, cpu_s: float) -> Measured:
    """Return what was measured.

    :param cpu_s: of the whole process, threads that commit and the history included.
    """
    latencies_us.sort()
    return Measured(
        way=way,
        senders=senders,
        commands=len(latencies_us),
        per_s=len(latencies_us) / wall_s,
        per_cpu_s=len(latencies_us) / cpu_s,
        p50_us=percentile(latencies_us, 0.5),
        p99_us=percentile(latencies_us, 0.99),
        p999_us=percentile(latencies_us, 0.999),
    )


async def send_all(routers: list[Router], way: str, senders: int, commands: int) -> Measured:
    """Send commands from so many tasks at once, to routers in turn, and measure each."""
    latencies: list[float] = []
    clock = time.perf_counter

    async def sender(own: int) -> None:
        router = routers[own % len(routers)]
        for number in range(commands // senders):
            one = command(own, number)
            begin = clock()
            events = await router.send(one)
            latencies.append(1e6 * (clock() - begin))
            assert len(events) == 1

    begin, cpu = clock(), time.process_time()
    async with anyio.create_task_group() as group:
        for own in range(senders):
            group.start_soon(sender, own)
    return measured(way, senders, latencies, clock() - begin, time.process_time() - cpu)


def bare(engine: Engine | JournaledEngine, way: str, commands: int) -> Measured:
    """Give commands to an engine, one by one."""
    latencies: list[float] = []
    clock = time.perf_counter
    begin, cpu = clock(), time.process_time()
    for number in range(commands):
        one = command(0, number)
        start = clock()
        events = engine.handle(one, BEGIN_US + number)
        latencies.append(1e6 * (clock() - start))
        assert len(events) == 1
    return measured(way, 1, latencies, clock() - begin, time.process_time() - cpu)


async def through_routers(way: str, count: int, commands: int, path: Callable[[str], Path | None]) -> list[Measured]:
    """Measure so many tenants, with all counts of senders."""
    found: list[Measured] = []
    async with Tenants() as tenants:
        routers = [await tenants.open(f"t{number}", path(f"t{number}"), CONFIG) for number in range(count)]
        for senders in SENDERS:
            if count > 1 and senders == 1:
                continue
            waits_alone = path("t0") is not None and senders < 100
            some = commands // 10 if waits_alone else commands
            found.append(await send_all(routers, way, senders, max(some, 2 * senders)))
            # What the history has to write is not part of the next measurement.
            for router in routers:
                await router.history.contact("none")
    return found


def one_round(commands: int, folder: Path, tenants: int = TENANTS) -> list[Measured]:
    """Measure each way once."""
    bare(Engine(CONFIG), "engine alone", commands)  # so that nothing is done for the first time
    found = [bare(Engine(CONFIG), "engine alone", 5 * commands)]
    with JournaledEngine.open(MemoryJournal(), CONFIG, snapshots=NO_SNAPSHOTS) as durable:
        found.append(bare(durable, "journalled, in memory", commands))
    with JournaledEngine.open(SqliteJournal(folder / "bare"), CONFIG, snapshots=NO_SNAPSHOTS) as durable:
        found.append(bare(durable, "journalled, in SQLite", commands // 20))
    for count in (1, tenants):
        name = "1 router" if count == 1 else f"{count} tenants"
        found += anyio.run(through_routers, f"{name}, in memory", count, commands, lambda name: None)
        place = folder / name
        place.mkdir()
        found += anyio.run(through_routers, f"{name}, in SQLite", count, commands, place.joinpath)
    return found


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


async def idle_tenants(count: int) -> float:
    """Return the memory of one tenant that is open and does nothing."""
    async with Tenants() as tenants:
        for number in range(WARM):
            await tenants.open(f"warm{number}", config=CONFIG)
        gc.collect()
        before = resident_bytes()
        for number in range(count):
            await tenants.open(f"t{number}", config=CONFIG)
        gc.collect()
        return (resident_bytes() - before) / count


async def idle_engines(count: int) -> float:
    """Return the memory of one engine that is open and does nothing; made in a thread, as routers make theirs."""
    warm = [await to_thread.run_sync(Engine, CONFIG) for _ in range(WARM)]
    gc.collect()
    before = resident_bytes()
    engines = [await to_thread.run_sync(Engine, CONFIG) for _ in range(count)]
    gc.collect()
    assert len(warm) + len(engines) == WARM + count
    return (resident_bytes() - before) / count


IDLERS: Final = {"tenant": idle_tenants, "engine": idle_engines}


def idle_bytes(count: int) -> dict[str, float]:
    """Return the memory of one tenant, and of one engine, each measured in a process of its own."""
    return {what: float(children.run("benchmarks.router", "--idle", count, "--memory-of", what)) for what in IDLERS}


def table(found: list[Measured], idle: dict[str, float]) -> str:
    """Return what was measured as a table in Markdown."""
    keys = list(dict.fromkeys((one.way, one.senders) for one in found))
    bare_per_s = statistics.median(one.per_cpu_s for one in found if one.way == "engine alone")
    rows = []
    for way, senders in keys:
        own = [one for one in found if (one.way, one.senders) == (way, senders)]
        per_s, per_cpu_s, *latencies = (
            statistics.median(getattr(one, name) for one in own)
            for name in ("per_s", "per_cpu_s", "p50_us", "p99_us", "p999_us")
        )
        rows.append(
            [
                way,
                f"{senders}",
                f"{per_s:,.0f}",
                f"{per_cpu_s:,.0f}",
                f"{bare_per_s / per_cpu_s:,.1f} ×",
                *(f"{one / 1e3:,.3f}" for one in latencies),
            ]
        )
    head = [
        "way",
        "senders",
        "commands a second",
        "a CPU second",
        "CPU of the engine alone",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
    ]
    tenant_kb, engine_kb = idle["tenant"] / 1e3, idle["engine"] / 1e3
    memory = f"An idle tenant takes {tenant_kb:,.0f} kB; an idle engine alone {engine_kb:,.0f} kB."
    return f"{page.table(head, rows)}\n\n{memory}"


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each is measured (default {ROUNDS})")
    parser.add_argument(
        "--commands", type=int, default=COMMANDS, help=f"commands in a measurement (default {COMMANDS})"
    )
    parser.add_argument("--idle", type=int, default=IDLE, help=f"idle tenants (default {IDLE})")
    parser.add_argument("--folder", help="where the files are written (default: a temporary folder)")
    parser.add_argument("--quick", action="store_true", help="measure little once and write nothing")
    parser.add_argument("--memory-of", choices=IDLERS, help="tell the bytes of an idle one, and nothing else")
    arguments = parser.parse_args()
    if arguments.memory_of is not None:
        print(anyio.run(IDLERS[arguments.memory_of], arguments.idle))
        return
    rounds, commands, idle = arguments.rounds, arguments.commands, arguments.idle
    if arguments.quick:
        rounds, commands, idle = 1, 400, 10
    idle_found = idle_bytes(idle)
    found: list[Measured] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            found += one_round(commands, Path(name))
    shown = table(found, idle_found)
    print(shown)
    if not arguments.quick:
        page.keep("router", {"measured": found, "idle_bytes": idle_found, "idle": idle})
        page.show("router", f"{shown}\n\n{page.machine_line()}\nMedians of {rounds} rounds.")


if __name__ == "__main__":
    main()
