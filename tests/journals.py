"""What tests of journals share: a small contact centre, commands for it, and journals that fail when told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from ccroute import (
    AcceptOffer,
    Config,
    EnqueueContact,
    JournaledEngine,
    MemoryJournal,
    Presence,
    SetPresence,
    SnapshotPolicy,
)
from ccroute.commands import Command
from ccroute.journal.memory import MemoryLog
from ccroute.journal.snapshot_files import MemorySnapshots
from ccroute.ports import Journal, Mark, Ownership, Record, Subscription

CENTER = """
[queues.support]
offer = { mode = "ring", offer_timeout = "15s" }

[queues.other]

[agents.maxim]
skills = { billing = 40 }
queues = { support = 1 }
"""
NO_SNAPSHOTS = SnapshotPolicy(every_commands=None, every_bytes=None, on_close=False)
THERE = SetPresence(agent_id="maxim", presence=Presence.AVAILABLE)


def center() -> Config:
    """Return the configuration."""
    return Config.from_toml(CENTER)


def comes(number: int) -> EnqueueContact:
    """Return the command by which a contact comes."""
    return EnqueueContact(contact_id=f"c{number}", queue_id="support", channel="chat")


def day(count: int) -> list[tuple[Command, int]]:
    """Return commands of which some ring, some are accepted, and some are refused."""
    commands: list[tuple[Command, int]] = [(THERE, 0)]
    for number in range(count):
        commands.append((comes(number), number * 1_000_000))
        if number % 3 == 0:
            commands.append((AcceptOffer(offer_id=f"o{number // 3 + 1}"), number * 1_000_000 + 500_000))
    return commands


def filled(log: MemoryLog, count: int = 10, policy: SnapshotPolicy = NO_SNAPSHOTS) -> bytes:
    """Journal a day into a log, a record per command, and return the engine's snapshot at its end."""
    with JournaledEngine.open(MemoryJournal(log), center(), snapshots=policy) as durable:
        for command, at_us in day(count):
            durable.handle(command, at_us)
        return durable.engine.snapshot()


@final
class FailingJournal:
    """A journal whose appends do something first, such as waiting or failing."""

    def __init__(self, inner: MemoryJournal) -> None:
        self.inner = inner
        self.appended: list[int] = []
        """How many calls each record has."""

    def before(self, record: Record) -> None:
        """Do something; to be replaced."""

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def snapshots(self) -> MemorySnapshots:
        return self.inner.snapshots

    def claim(self, *, take_over: bool = False) -> Ownership:
        return self.inner.claim(take_over=take_over)

    def append(self, record: Record, *, expected_seq: int, epoch: int) -> None:
        self.before(record)
        self.inner.append(record, expected_seq=expected_seq, epoch=epoch)
        self.appended.append(int.from_bytes(record.head[12:16], "little"))

    def records(self, after: int = 0) -> Iterator[Record]:
        return self.inner.records(after)

    def first_seq(self) -> int:
        return self.inner.first_seq()

    def mark(self) -> Mark:
        return self.inner.mark()

    def subscribe(self, subscriber: str) -> Subscription:
        return self.inner.subscribe(subscriber)

    def unsubscribe(self, subscriber: str) -> None:
        self.inner.unsubscribe(subscriber)

    def confirm(self, subscriber: str, record_seq: int) -> None:
        self.inner.confirm(subscriber, record_seq)

    def confirmed(self) -> dict[str, int]:
        return self.inner.confirmed()

    def forget(self, before: int) -> None:
        self.inner.forget(before)

    def close(self) -> None:
        self.inner.close()


def is_journal(journal: Journal) -> Journal:
    """Return a journal; what the type checker takes is one."""
    return journal
