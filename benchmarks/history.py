"""What a history costs: events and messages written, cards read and texts found a second, in SQLite and PostgreSQL.

    python -m benchmarks.history [--contacts 20000] [--batch 5000] [--rounds 3] [--no-postgres] [--keep]

Contacts are calls of 2 000 customers: each queues, is offered, accepted, handled and closed, six events. Messages have
12 words, are sealed with their customer's key and indexed. Results are asserted: what was written is counted again.
The PostgreSQL server is one of the tests' own, on this machine, with ``fsync`` on.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tests.postgres import running_server

from benchmarks.page import keep
from ccroute.commands import AcceptOffer, CompleteContact, EnqueueContact, SetPresence
from ccroute.config import Config
from ccroute.engine.engine import Engine
from ccroute.events import Event, OfferMade
from ccroute.history import PostgresHistory, SqliteHistory
from ccroute.ports import HistoryStore
from ccroute.storage.keys import MemoryKeys
from ccroute.storage.vault import Vault
from ccroute.timeline import Message
from ccroute.types import TIME_US_MAX, Presence

CUSTOMERS = 2_000
MESSAGES_AT_ONCE = 100
LOOKS = 500
SEARCHES = 50
WORDS = ("refund", "card", "loan", "order", "退款", "订单", "возврат", "заказ", "where", "my", "the", "hello", "thanks")


def events_of(contacts: int) -> list[Event]:
    """Return the events of so many calls, one after the other, with one agent."""
    engine = Engine(Config.from_toml("[queues.q]\n[agents.a]\nqueues = { q = 1 }"))
    events = engine.handle(SetPresence(agent_id="a", presence=Presence.AVAILABLE), 0)
    for number in range(contacts):
        at_us = number * 1_000_000
        contact_id, customer_id = f"c{number}", f"customer-{number % CUSTOMERS}"
        made = engine.handle(
            EnqueueContact(contact_id=contact_id, queue_id="q", channel="voice", customer_id=customer_id), at_us
        )
        events += made
        offers = [event.offer_id for event in made if isinstance(event, OfferMade)]
        events += engine.handle(AcceptOffer(offer_id=offers[0]), at_us + 1)
        events += engine.handle(CompleteContact(contact_id=contact_id), at_us + 2)
    return events


def messages_of(count: int) -> list[Message]:
    """Return so many messages, of contacts in turn."""
    random = Random(1)
    return [
        Message(
            entry_id=f"m{number}",
            at_us=number * 1_000_000,
            contact_id=f"c{number}",
            customer_id=f"customer-{number % CUSTOMERS}",
            body=" ".join(random.choices(WORDS, k=12)) + f" n{number}",
            from_customer=True,
        )
        for number in range(count)
    ]


def per_second(count: int, call: Callable[[], None]) -> float:
    """Return how many a second."""
    begin = time.perf_counter()
    call()
    return count / (time.perf_counter() - begin)


def measure(history: HistoryStore, events: list[Event], batch: int) -> dict[str, float]:
    """Return the figures of one history, which is empty."""

    def write() -> None:
        for start in range(0, len(events), batch):
            history.write(events[start : start + batch])

    figures = {"events_written_per_s": per_second(len(events), write)}
    contacts = history.customer("customer-0").contacts
    assert contacts * CUSTOMERS == sum(event.__struct_config__.tag == "contact.queued" for event in events)
    messages = messages_of(min(5_000, contacts * CUSTOMERS))

    def add() -> None:
        for start in range(0, len(messages), MESSAGES_AT_ONCE):
            assert history.add(*messages[start : start + MESSAGES_AT_ONCE]) == MESSAGES_AT_ONCE

    figures["messages_added_per_s"] = per_second(len(messages), add)
    figures["cards_read_per_s"] = per_second(
        LOOKS, lambda: [history.customer(f"customer-{number}") for number in range(LOOKS)] and None
    )
    one = [_milliseconds(lambda: history.search("n1 退款", from_us=0)) for _ in range(SEARCHES)]
    figures["search_ms"] = statistics.median(one)
    of_one = [_milliseconds(lambda: history.search("refund", customer_ids=["customer-7"])) for _ in range(SEARCHES)]
    figures["search_of_one_customer_ms"] = statistics.median(of_one)
    assert len(history.search("n4999", from_us=0).entries) == (len(messages) > 4_999)
    return figures


def best(history: HistoryStore, events: list[Event], batch: int, rounds: int) -> dict[str, float]:
    """Return the best figures of several rounds: others share the machine, and none of them makes it faster."""
    measured = []
    for _ in range(rounds):
        measured.append(measure(history, events, batch))
        history.forget(TIME_US_MAX)
        history.reset()
    return {name: (min if name.endswith("_ms") else max)(figures[name] for figures in measured) for name in measured[0]}


def _milliseconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1_000


@contextlib.contextmanager
def histories(folder: Path, *, with_postgres: bool) -> Iterator[dict[str, HistoryStore]]:
    """Give an empty history of each kind."""
    with contextlib.ExitStack() as ended:
        vault = Vault(MemoryKeys(), lambda: bytes(32))
        made: dict[str, HistoryStore] = {"sqlite": SqliteHistory(folder / "history", vault=vault)}
        ended.callback(made["sqlite"].close)
        if with_postgres:
            server = ended.enter_context(running_server(is_durable=True))
            made["postgres"] = PostgresHistory(server.dsn, vault=vault)
            ended.callback(made["postgres"].close)
        yield made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contacts", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-postgres", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/history.json")
    given = parser.parse_args()
    events = events_of(given.contacts // CUSTOMERS * CUSTOMERS)
    with (
        tempfile.TemporaryDirectory(prefix="ccroute-history-") as folder,
        histories(Path(folder), with_postgres=not given.no_postgres) as made,
    ):
        kept = []
        for name, history in made.items():
            figures = best(history, events, given.batch, given.rounds)
            kept.append({"store": name, "events": len(events), "batch": given.batch, **figures})
            if given.json:
                print(json.dumps(kept[-1]))
            else:
                print(f"{name}, {len(events)} events in batches of {given.batch}")
                for what, figure in figures.items():
                    print(f"  {what:28}{figure:12,.1f}")
        if given.keep:
            keep("history", kept)


if __name__ == "__main__":
    main()
