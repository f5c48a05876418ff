"""What tests of routers share: a small contact centre, channels that behave in every way, journals that fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import anyio
from anyio.lowlevel import checkpoint

from ccroute import Config, EnqueueContact, Event, MemoryJournal, Presence, SetPresence
from ccroute.journal.memory import MemoryLog
from ccroute.journal.snapshot_files import MemorySnapshots
from ccroute.ports import Delivery, Inlet, Mark, Ownership, Record, Subscription
from ccroute.testing.clock import VirtualClock

SECOND = 1_000_000
BEGIN = 1_790_000_000 * SECOND
CONFIG = Config.from_toml("""
[queues.support]
offer = { offer_timeout = "15s" }
cooldown = "0s"
away_after = 20
[queues.billing]
[agents.maxim]
queues = { support = 1 }
[agents.dorit]
queues = { billing = 1 }
""")


def clock() -> VirtualClock:
    """Return a clock that goes only when it is told to."""
    return VirtualClock(BEGIN)


def chat(
    contact_id: str, queue_id: str = "support", *, channel: str = "chat", customer_id: str | None = None
) -> EnqueueContact:
    """Return the command by which a contact comes."""
    return EnqueueContact(contact_id=contact_id, queue_id=queue_id, channel=channel, customer_id=customer_id)


def comes(agent_id: str = "maxim") -> SetPresence:
    """Return the command by which an agent comes."""
    return SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE)


def names(events: list[Event]) -> list[str]:
    """Return what kinds of events there are."""
    return [type(event).__name__ for event in events]


async def turns(count: int = 30) -> None:
    """Let all others have so many turns."""
    for _ in range(count):
        await checkpoint()


class Wire:
    """A channel that keeps what it takes, and does what it is told before: ``behave`` is awaited with each delivery."""

    def __init__(self, behave: Callable[[Delivery], Awaitable[None]] | None = None) -> None:
        self.taken: list[Delivery] = []
        self.tried: list[Delivery] = []
        self.inlet: Inlet | None = None
        self.runs = 0
        self.behave = behave

    async def run(self, inlet: Inlet) -> None:
        """Bring nothing in."""
        self.runs += 1
        self.inlet = inlet
        await anyio.sleep_forever()

    async def deliver(self, delivery: Delivery) -> None:
        """Take one event."""
        self.tried.append(delivery)
        if self.behave is not None:
            await self.behave(delivery)
        await checkpoint()
        self.taken.append(delivery)

    def told(self, contact_id: str) -> list[str]:
        """Return what kinds of events of a contact it took."""
        return [type(one.event).__name__ for one in self.taken if getattr(one.event, "contact_id", "") == contact_id]


class Tape:
    """A journal in memory that takes threads, as one on a disk does, and fails when it is told to."""

    def __init__(self, log: MemoryLog | None = None) -> None:
        self.log = MemoryLog() if log is None else log
        self._journal = MemoryJournal(self.log)
        self.failure: Exception | None = None
        self.appended: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return "tape"

    @property
    def snapshots(self) -> MemorySnapshots:
        """Return where the snapshots are."""
        return self._journal.snapshots

    def claim(self, *, take_over: bool = False) -> Ownership:
        """Become the owner."""
        return self._journal.claim(take_over=take_over)

    def append(self, record: Record, *, expected_seq: int, epoch: int) -> None:
        """Keep one more record, or fail."""
        self.appended()
        if self.failure is not None:
            raise self.failure
        self._journal.append(record, expected_seq=expected_seq, epoch=epoch)

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the records behind a seq."""
        return self._journal.records(after)

    def first_seq(self) -> int:
        """Return the seq of the first record."""
        return self._journal.first_seq()

    def mark(self) -> Mark:
        """Return up to where appends have been acknowledged."""
        return self._journal.mark()

    def subscribe(self, subscriber: str) -> Subscription:
        """Have events kept."""
        return self._journal.subscribe(subscriber)

    def unsubscribe(self, subscriber: str) -> None:
        """Let a subscriber go."""
        self._journal.unsubscribe(subscriber)

    def confirm(self, subscriber: str, record_seq: int) -> None:
        """Note what a subscriber is done with."""
        self._journal.confirm(subscriber, record_seq)

    def confirmed(self) -> dict[str, int]:
        """Return who is how far."""
        return self._journal.confirmed()

    def forget(self, before: int) -> None:
        """Remove the records before a seq."""
        self._journal.forget(before)

    def close(self) -> None:
        """End the ownership."""
        self._journal.close()
