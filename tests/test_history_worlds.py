"""Whatever an engine does, all histories tell the same of it, in whichever batches it was written.

The engines are those of random small centres with every feature there is; the history in memory is the slow and obvious
one. What they tell of contacts is compared with the engine's own events, too.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ccroute.events import ContactAbandoned, ContactActive, ContactCancelled, ContactClosed, ContactExpired, Event
from ccroute.history import MemoryHistory, PostgresHistory, SqliteHistory
from ccroute.history.projecting import DETAILS
from ccroute.ports import HistoryStore
from ccroute.timeline import ContactFilter, Note
from ccroute.types import ContactState
from tests.host import Host
from tests.postgres import PostgresServer, unused_schema
from tests.steps import Solo
from tests.worlds import random_world

pytestmark = pytest.mark.outer

STEPS = 120
ENDS = {
    ContactClosed: ContactState.CLOSED,
    ContactAbandoned: ContactState.ABANDONED,
    ContactCancelled: ContactState.CANCELLED,
    ContactExpired: ContactState.EXPIRED,
}


def events_of(seed: str) -> list[Event]:
    """Return what happens in a random world."""
    random = Random(seed)
    world = random_world(random)
    centre = Solo(world.config)
    host = Host(random, world, centre.model)
    for _ in range(STEPS):
        centre.do(host.step())
    return centre.expected


def write_in_batches(history: HistoryStore, events: list[Event], random: Random) -> None:
    """Write events in batches of random lengths, some of them twice, with notes in between."""
    done = 0
    while done < len(events):
        begin = random.randint(max(0, done - 3), done)
        done = min(len(events), done + random.randint(1, 40))
        assert history.write(events[begin:done]) == events[done - 1].seq
        named = [one for event in events[begin:done] if type(one := getattr(event, "contact_id", None)) is str]
        if named:
            history.add(
                Note(entry_id=f"note-{done}", at_us=events[done - 1].at_us, contact_id=named[0], body=f"note {done}")
            )


def all_told(history: HistoryStore) -> dict[str, Any]:
    """Return everything that a history tells."""
    stories = history.stories(page_size=1_000).stories
    customers = sorted({one.contact.customer_id for one in stories} - {None})
    conversations = sorted({one.contact.conversation_id for one in stories} - {None})
    return {
        "stories": stories,
        "newest": [history.contact(one.contact.contact_id) for one in stories],
        "cards": [history.customer(one) for one in customers],
        "timelines": [history.timeline(one, page_size=1_000) for one in customers],
        "conversations": [history.conversation(one, page_size=1_000) for one in conversations],
        "by agent": [history.contacts(ContactFilter(agent_id=one)).contacts for one in ("a0", "a1", "a2")],
        "by queue": [history.contacts(ContactFilter(queue_id=one)).contacts for one in ("q0", "q1")],
        "found": [history.search(text, from_us=0, page_size=1_000).entries for text in ("note", "1", "te 2")],
    }


def check_against_events(history: HistoryStore, events: list[Event]) -> None:
    """Check what a history tells of contacts against the events themselves."""
    stories = history.stories(page_size=1_000).stories
    ended = Counter((event.contact_id, ENDS[type(event)], event.at_us) for event in events if type(event) in ENDS)  # type: ignore[attr-defined]
    told = Counter(
        (one.contact.contact_id, one.contact.state, one.contact.ended_at_us)
        for one in stories
        if one.contact.ended_at_us is not None
    )
    assert told == ended
    assert sum(len(one.legs) for one in stories) == sum(type(event) is ContactActive for event in events)
    assert all(len(one.legs) == one.contact.legs for one in stories)
    kinds = Counter(entry.kind for one in stories for entry in one.entries if entry.addition is None)
    tags = Counter(str(type(event).__struct_config__.tag) for event in events if type(event) in DETAILS)
    assert kinds - tags == Counter()
    for tag in ("contact.active", "contact.closed", "leg.ended", "contact.transferred"):
        assert kinds[tag] == tags[tag]


@pytest.mark.parametrize("number", range(12))
def test_sqlite_tells_what_memory_tells(tmp_path: Path, number: int) -> None:
    events = events_of(f"history/{number}")
    with (
        contextlib.closing(MemoryHistory()) as model,
        contextlib.closing(SqliteHistory(tmp_path / "history", vault=None)) as history,
    ):
        write_in_batches(model, events, Random(number))
        write_in_batches(history, events, Random(number))
        expected = all_told(model)
        assert all_told(history) == expected
        check_against_events(history, events)
        for one in (model, history):
            one.reset()
            one.write(events)
            assert all_told(one) == expected


@pytest.mark.parametrize("number", range(3))
def test_postgres_tells_what_memory_tells(postgres_server: PostgresServer, number: int) -> None:
    events = events_of(f"history/{number}")
    with (
        contextlib.closing(MemoryHistory()) as model,
        contextlib.closing(PostgresHistory(postgres_server.dsn, vault=None, schema=unused_schema())) as history,
    ):
        write_in_batches(model, events, Random(number))
        write_in_batches(history, events, Random(number))
        assert all_told(history) == all_told(model)
        check_against_events(history, events)
