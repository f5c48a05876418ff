"""The journals keep their promises, and the durable engine loses nothing that it has acknowledged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from ccroute import (
    Config,
    Engine,
    EnqueueContact,
    Presence,
    SetPresence,
    UnknownName,
)
from ccroute.journal.journaled import JournaledEngine
from ccroute.journal.memory import MemoryJournal, MemoryLog
from ccroute.journal.sqlite import SqliteJournal
from ccroute.ports import Journal
from ccroute.testing.journal import check_journal

pytestmark = pytest.mark.outer

CENTER = """
[queues.support]
offer = { mode = "ring", offer_timeout = "15s" }

[agents.maxim]
skills = { billing = 40 }
queues = { support = 1 }
"""
Open = Callable[[], Journal]


@pytest.fixture(params=["memory", "sqlite"])
def open_named(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Journal]:
    """Return a function that opens the journal of a name."""
    if request.param == "sqlite":
        return lambda name: SqliteJournal(tmp_path / f"{name}.ccroute")
    logs: dict[str, MemoryLog] = defaultdict(MemoryLog)
    return lambda name: MemoryJournal(logs[name])


def test_a_journal_keeps_its_promises(open_named: Callable[[str], Journal]) -> None:
    check_journal(open_named)


def config() -> Config:
    return Config.from_toml(CENTER)


def comes(number: int) -> EnqueueContact:
    return EnqueueContact(contact_id=f"c{number}", queue_id="support", channel="chat")


def test_what_was_told_is_there_when_opened_anew(open_named: Callable[[str], Journal]) -> None:
    bare = Engine(config())
    with JournaledEngine.open(open_named("support"), config()) as durable:
        for at_us in range(5):
            assert durable.handle(comes(at_us), at_us) == bare.handle(comes(at_us), at_us)
        there = SetPresence(agent_id="maxim", presence=Presence.AVAILABLE)
        assert durable.handle_many([(there, 7), (comes(9), 3)]) == bare.handle_many([(there, 7), (comes(9), 3)])
        assert durable.advance(10) == bare.advance(10) == []
        with pytest.raises(UnknownName):
            durable.handle(EnqueueContact(contact_id="x", queue_id="none", channel="chat"), 11)
    with JournaledEngine.open(open_named("support")) as durable:
        bare.advance(20_000_000)
        durable.advance(20_000_000)
        assert durable.engine.snapshot() == bare.snapshot()
