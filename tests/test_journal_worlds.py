"""Random centres over a journal: whatever the engine is told, in whatever portions, comes back when opened anew."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given

from ccroute import Engine, JournaledEngine, JournalFeed, MemoryJournal, SnapshotPolicy
from ccroute.commands import Command
from ccroute.engine.engine import config_of
from ccroute.events import Event
from ccroute.journal.exchange import export_lines, import_lines
from ccroute.journal.memory import MemoryLog
from ccroute.journal.recovery import CONFIGURING
from tests.steps import Advance
from tests.test_promises import FEW, RANDOMS, open_centre, walk

pytestmark = pytest.mark.outer

Call = tuple[Command | None, int]
POLICIES = (
    SnapshotPolicy(every_commands=None, every_bytes=None, on_close=False),
    SnapshotPolicy(every_commands=7, on_close=False, keep=1),
    SnapshotPolicy(every_commands=5, keep=2),
)


def calls_of(random: Random) -> tuple[Engine, list[Call]]:
    """Return a new engine in a random centre, and what it will be told."""
    duel, host = open_centre(random)
    steps = walk(duel, host)
    calls: list[Call] = [
        (None, step.to_us) if isinstance(step, Advance) else (duel.translated(step.command), step.at_us)
        for step in steps
    ]
    return Engine(duel.config), calls


def tell(engine: Engine, call: Call) -> list[Event]:
    command, at_us = call
    return engine.advance(at_us) if command is None else engine.handle(command, at_us)


def portion(random: Random, calls: list[Call]) -> list[Call]:
    """Take the next few calls that one call of ``handle_many`` may hold, or one."""
    count = 1
    while count < min(len(calls), random.randrange(1, 5)) and all(
        command is not None and not isinstance(command, CONFIGURING) for command, _ in calls[: count + 1]
    ):
        count += 1
    taken = calls[:count]
    del calls[:count]
    return taken


def tell_durably(random: Random, durable: JournaledEngine, taken: list[Call]) -> list[list[Event]]:
    command, at_us = taken[0]
    staged = random.randrange(3)
    if command is None:
        return [durable.stage_advance(at_us) if staged else durable.advance(at_us)]
    if len(taken) == 1:
        return [durable.stage(command, at_us) if staged else durable.handle(command, at_us)]
    pairs = [(one, moment) for one, moment in taken if one is not None]
    return durable.stage_many(pairs) if staged else durable.handle_many(pairs)


@FEW
@given(RANDOMS)
def test_what_was_told_comes_back(random: Random) -> None:
    bare, calls = calls_of(random)
    log = MemoryLog()
    policy = POLICIES[random.randrange(len(POLICIES))]
    durable = JournaledEngine.open(MemoryJournal(log), config_of(bare), snapshots=policy)
    told: list[Event] = []
    while calls:
        taken = portion(random, calls)
        given_events = [tell(bare, call) for call in taken]
        assert tell_durably(random, durable, taken) == given_events
        told += [event for events in given_events for event in events]
        if random.randrange(6) == 5:
            durable.close()
            durable = JournaledEngine.open(MemoryJournal(log), snapshots=policy)
            # The host's clock goes on; what passed without a trace is not in the journal.
            assert durable.advance(bare.now_us) == []
            assert durable.engine.snapshot() == bare.snapshot()
    durable.close()
    feed = JournalFeed(MemoryJournal(log))
    assert [event for one in feed.told() for event in one.events] == told
    again = MemoryLog()
    import_lines(MemoryJournal(again), export_lines(MemoryJournal(log)))
    with JournaledEngine.open(MemoryJournal(again)) as imported:
        assert imported.advance(bare.now_us) == []
        assert imported.engine.snapshot() == bare.snapshot()
