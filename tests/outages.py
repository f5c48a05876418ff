"""Stops a PostgreSQL server and starts it again, under load: ``python -m tests.outages --count 10``.

An engine is commanded all the time; a history on the server follows its journal. Again and again the server is stopped
at once, whoever is connected, and started a random moment later. The engine does not notice; the history says that it
cannot write, and goes on when it can. At the end it must tell what one in memory tells that is given every event once.
"""

from __future__ import annotations

import argparse
import threading
import time
from dataclasses import dataclass, field
from random import Random
from typing import Final

from ccroute import JournaledEngine, JournalFeed, MemoryJournal
from ccroute.errors import StorageError
from ccroute.history import HistoryWriter, MemoryHistory, PostgresHistory
from tests.journals import NO_SNAPSHOTS, THERE, center
from tests.kills import comes, stories_of
from tests.postgres import PostgresServer, running_server, unused_schema

WAIT_S: Final = 1.0
"""How long the history waits for a connection."""
SECONDS_MAX: Final = 60
"""How long the history may take to catch up at the end."""


@dataclass
class Outages:
    """What was seen."""

    stops: int = 0
    commands: int = 0
    failures: int = 0
    """How often the history could not write."""
    kinds: set[str] = field(default_factory=set)
    """As what that was told."""


def stop_and_start(server: PostgresServer, count: int, seed: int) -> Outages:
    """Stop and start a server so many times, while a history on it is written.

    :raises AssertionError: the history tells something else at the end.
    """
    random, seen, is_over = Random(seed), Outages(), threading.Event()
    durable = JournaledEngine.open(MemoryJournal(), center(), snapshots=NO_SNAPSHOTS)
    feed = JournalFeed(durable.journal)
    feed.subscribe("history")
    durable.handle(THERE, 0)
    history = PostgresHistory(server.dsn, vault=None, schema=unused_schema(), wait_s=WAIT_S)
    writer = HistoryWriter(feed, history)

    def command() -> None:
        while not is_over.is_set():
            durable.handle(comes(seen.commands), 1_000 * seen.commands)
            seen.commands += 1
            # So that the load is bounded by nothing but the sight of the end.
            is_over.wait(0.001)

    def follow() -> bool:
        try:
            writer.catch_up()
        except StorageError as error:
            seen.failures += 1
            seen.kinds.add(type(error).__name__)
            return False
        return True

    def follow_on() -> None:
        while not is_over.is_set():
            follow()

    threads = [threading.Thread(target=command), threading.Thread(target=follow_on)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(count):
            is_over.wait(random.random() * 0.3)
            server.stop()
            seen.stops += 1
            is_over.wait(random.random() * 0.3)
            server.start()
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    until = time.monotonic() + SECONDS_MAX
    while not follow():
        assert time.monotonic() < until, "the history does not come back"
    expected = MemoryHistory()
    expected.write([event for told in feed.told() for event in told.events])
    try:
        assert stories_of(expected) == stories_of(history), f"another history, seed {seed}"
    finally:
        history.close()
        durable.close()
    return seen


def main() -> None:
    """Stop and start as often as the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=10, help="how often (default 10)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    begun = time.monotonic()
    with running_server(is_durable=True) as server:
        seen = stop_and_start(server, arguments.count, arguments.seed)
    print(
        f"{seen.stops} stops in {time.monotonic() - begun:.0f} s under {seen.commands:,} commands; the history could "
        f"not write {seen.failures} times ({', '.join(sorted(seen.kinds))}), and has everything once"
    )


if __name__ == "__main__":
    main()
