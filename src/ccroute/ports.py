"""What ccroute asks of the outside: protocols, and the small structs that go through them.

Whatever satisfies a protocol fits; nothing is to be inherited. Stores *block*: a runtime calls them in threads of their
own, so that they work alike under every event loop. Channels, sources of presence and directories are asynchronous,
and know neither threads nor which event loop it is. ``ccroute.testing`` has the conformance suites.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Protocol

import msgspec

from ccroute.commands import Command
from ccroute.events import Event
from ccroute.personal import Personal
from ccroute.timeline import (
    AnyAddition,
    ContactFilter,
    ContactPage,
    ContactStory,
    CustomerCard,
    Forgotten,
    StoryPage,
    TimelinePage,
)
from ccroute.types import AttributeValue

__all__ = [
    "Channel",
    "Clock",
    "CustomerDirectory",
    "CustomerRecord",
    "Delivery",
    "DirectoryQuestion",
    "EventFeed",
    "Handle",
    "HistoryStore",
    "Inlet",
    "Journal",
    "Mark",
    "Ownership",
    "PresenceSource",
    "Record",
    "SleepingClock",
    "SnapshotStore",
    "StoredSnapshot",
    "Subscription",
    "Told",
]


class Clock(Protocol):
    """Tells what time it is."""

    def now_us(self) -> int:
        """Return microseconds since the Unix epoch."""


class SleepingClock(Clock, Protocol):
    """A clock that can be waited for, too: one whose time is not that of the event loop."""

    async def sleep_until(self, at_us: int) -> None:
        """Return when ``now_us`` is ``at_us`` or later; lets others run, also where it is so already.

        May be cancelled, and may be asked by several tasks at once; who waits for less wakes first.
        """


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A batch of commands as it stands in a journal, sealed by ``ccroute.journal.records``; bytes to a backend."""

    seq: int
    """1, 2, 3 … without gaps."""
    epoch: int
    """Epoch of the owner who wrote it."""
    previous: bytes
    """``digest`` of the record before; of the first record, 32 zero bytes."""
    digest: bytes
    """BLAKE2b-256 of ``head``, which holds the digests of ``body`` and ``events``, and ``previous``."""
    head: bytes
    """What the record says of itself, of a fixed length, with a checksum of its own."""
    body: bytes
    """The commands."""
    events: bytes | None
    """The events they gave. None: not kept, because every subscriber has confirmed them; ``head`` has their digest."""


class Ownership(msgspec.Struct, frozen=True, kw_only=True):
    """What who claimed a journal needs to know to continue it."""

    epoch: int
    """The epoch of this owner; those before it are over."""
    last_seq: int
    """Seq of the last record; 0: there is none."""
    last_digest: bytes
    """Its digest; 32 zero bytes: there is none."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where a journal has acknowledged."""

    seq: int
    """Seq of the record; 0: nothing yet."""
    digest: bytes
    """Its digest."""
    epoch: int
    """Epoch of its owner."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """Where a subscriber of events stands."""

    subscriber: str
    """Its name."""
    confirmed: int
    """Seq of the last record that it has confirmed, or that it came too late for."""
    first_kept: int
    """Seq of the first record whose events the journal still had when this was told; one past the last: none."""


class StoredSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an engine behind a record."""

    record_seq: int
    """The record."""
    record_digest: bytes
    """Its digest, so that a snapshot of another journal is known."""
    data: bytes
    """What ``Engine.snapshot`` gave."""


class SnapshotStore(Protocol):
    """Keeps snapshots beside a journal. Losing one costs time, never state: recovery begins at the one before."""

    @property
    def takes_from_fork(self) -> bool:
        """Say whether ``save`` in a forked process keeps the snapshot for the process that forked."""

    def save(self, snapshot: StoredSnapshot) -> None:
        """Keep a snapshot; durable, read back and compared on return. One of the same record is replaced.

        :raises JournalFailed: it could not be kept.
        """

    def seqs(self) -> list[int]:
        """Return the record seqs of the snapshots there are, newest first."""

    def load(self, record_seq: int) -> StoredSnapshot:
        """Return the snapshot of a record.

        :raises JournalCorrupt: it is not there, or not what was kept.
        """

    def forget(self, record_seq: int) -> None:
        """Remove the snapshot of a record, if it is there."""


class Journal(Protocol):
    """Keeps records in order, durably, for one owner at a time. Its methods may be called from any thread.

    Shaped for a replicated log, too: an append compares before it writes, a record is a batch with the hash of the one
    before, and an owner whose epoch is over is refused, however late its append arrives.
    """

    @property
    def name(self) -> str:
        """Return what messages call it: the path of its file, where it has one."""

    @property
    def snapshots(self) -> SnapshotStore:
        """Return where the snapshots of this journal are kept."""

    def claim(self, *, take_over: bool = False) -> Ownership:
        """Become the owner, under an epoch above all before it.

        :param take_over: also where another owner lives; its next append raises ``NotOwner``.
        :raises JournalInUse: another owner lives, and ``take_over`` is False.
        :raises JournalCorrupt: the journal is shorter than was acknowledged, or another one.
        :raises JournalFailed: it could not be read or written.
        """

    def append(self, record: Record, *, expected_seq: int, epoch: int) -> None:
        """Keep one more record; durable, and its mark too, on return. Compares before it writes.

        :param expected_seq: seq of the last record so far.
        :param epoch: that of the ownership under which the record was sealed.
        :raises NotOwner: ``epoch`` is not the present one; nothing was written.
        :raises JournalConflict: the record does not continue the journal; nothing was written.
        :raises JournalFailed: writing failed, or has failed before. Whether this record is kept shows when the journal
            is opened anew.
        """

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the records behind a seq, in order, gap-free, each checked against its checksums and the one before.

        Those that are appended meanwhile may be among them.

        :raises OutOfRange: they are not kept any more.
        :raises JournalCorrupt: a record is not what was written, or there are fewer than the mark says.
        """

    def first_seq(self) -> int:
        """Return the seq of the first record that is kept; 1, unless ``forget`` removed some."""

    def mark(self) -> Mark:
        """Return up to where appends have been acknowledged."""

    def subscribe(self, subscriber: str) -> Subscription:
        """Have events kept until this subscriber has confirmed them, too; those that are still there, and all to come.

        Who is subscribed stays so, and stays where it was.
        """

    def unsubscribe(self, subscriber: str) -> None:
        """Let a subscriber go; nothing is kept for it any more. One that is not there may go, too."""

    def confirm(self, subscriber: str, record_seq: int) -> None:
        """Note that a subscriber has done what it had to with the events of all records up to one.

        Events that every subscriber has confirmed are removed with the next append, or when the journal closes. Where
        that does not come to be, the subscriber meets some events again: it must know what it has seen, by their seq.

        :raises UnknownName: nobody of this name is subscribed.
        :raises OutOfRange: the record is not there yet. One that was confirmed before stays so.
        """

    def confirmed(self) -> dict[str, int]:
        """Return the seq of the last confirmed record per subscriber, by name."""

    def forget(self, before: int) -> None:
        """Remove the records before a seq, of which a snapshot makes them needless.

        :raises OutOfRange: there is no record of this seq, or a subscriber has not confirmed all that would go.
        """

    def close(self) -> None:
        """End the ownership, if there is one, and give everything back. A closed journal may be closed."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one record tells."""

    record_seq: int
    """Seq of the record."""
    events: list[Event]
    """Its events, in order; there may be none."""


class EventFeed(Protocol):
    """What subscribers of a journal read."""

    def subscribe(self, subscriber: str) -> Subscription:
        """Have events kept until this subscriber has confirmed them; see ``Journal.subscribe``."""

    def unsubscribe(self, subscriber: str) -> None:
        """Let a subscriber go; see ``Journal.unsubscribe``."""

    def confirm(self, subscriber: str, record_seq: int) -> None:
        """Note that a subscriber is done with the events of all records up to one; see ``Journal.confirm``."""

    def told(self, after: int = 0) -> Iterator[Told]:
        """Yield the events of the records behind one, in order, up to the last that is acknowledged."""


class HistoryStore(Protocol):
    """Keeps what became of contacts, and what was said around them. Its methods may be called from any thread.

    What events say can be written anew from the journal; what is added is nowhere else. A customer may be known under
    several ids, so that those who merge customers ask for all of them at once; the store knows nothing of that. Lists
    come in pages of ``page_size``, 1 to 1 000, newest first; ``cursor`` is that of the page before, None for the first.
    """

    def write(
        self, events: Sequence[Event], *, source: str = "engine", position: int = 0, allow_gap: bool = False
    ) -> int:
        """Write events, in order without gaps, each exactly once, and return the seq of the last one written so far.

        Those that were written before are passed over. Durable on return, all or nothing.

        :param source: name of the engine that they are from, where several write into one history.
        :param position: where the source stands behind the last of them, in its own count, such as the record of a
            journal; kept with them, so that who writes knows where to go on.
        :param allow_gap: events may be missing before the first; a contact that began among them begins where it enters
            a queue next.
        :raises OtherSource: an event that was written before under this source was another one. Nothing was written.
        :raises HistoryGap: events are missing before the first, and ``allow_gap`` is False. Nothing was written.
        :raises InvalidArgument: the events do not follow each other, or there are too many sources.
        :raises StorageError: it could not be written, or not be known whether it was: write them again.
        """

    def through_seq(self, source: str = "engine") -> int:
        """Return the seq of the last event of a source that was written; 0: none was."""

    def position(self, source: str = "engine") -> int:
        """Return the position that was given with the last event of a source; 0: none was."""

    def add(self, *additions: AnyAddition) -> int:
        """Add what was said or made, each exactly once, and return how many were new. Durable on return.

        Ids that are there are passed over.
        An addition that names a contact belongs to the newest one of that id, or to the next, where there was none
        yet; where it names no customer, it is the contact's, if that is known by now.

        :raises InvalidArgument: one is not allowed. Nothing was added.
        :raises KeyDestroyed: the customer of one was erased. Nothing was added.
        :raises StorageError: it could not be written, or not be known whether it was: add them again.
        """

    def customer(self, *customer_ids: str, contacts: int = 10) -> CustomerCard:
        """Return a customer's card, with the newest contacts, as many as ``contacts`` says, 1 to 1 000.

        :param customer_ids: all ids under which the customer is known, 1 to 100.
        """

    def contact(self, contact_id: str) -> ContactStory | None:
        """Return the newest contact of an id and all that belongs to it; None: there is none."""

    def contacts(self, chosen: ContactFilter = ..., *, page_size: int = 50, cursor: str | None = None) -> ContactPage:
        """Return a page of contacts, by when they came."""

    def stories(self, chosen: ContactFilter = ..., *, page_size: int = 50, cursor: str | None = None) -> StoryPage:
        """Return a page of contacts, by when they came, with all that belongs to them."""

    def timeline(self, *customer_ids: str, page_size: int = 50, cursor: str | None = None) -> TimelinePage:
        """Return a page of all that happened with a customer, over all channels.

        :param customer_ids: all ids under which the customer is known, 1 to 100.
        """

    def conversation(self, conversation_id: str, *, page_size: int = 50, cursor: str | None = None) -> TimelinePage:
        """Return a page of all that belongs to a conversation."""

    def search(
        self,
        text: str,
        *,
        customer_ids: Sequence[str] | None = None,
        from_us: int | None = None,
        until_us: int | None = None,
        page_size: int = 50,
        cursor: str | None = None,
    ) -> TimelinePage:
        """Return a page of messages, notes and answers in whose text all words are, as parts of words, too.

        Case, accents and width do not matter; ``"…"`` holds words that follow each other. At most 16 words, of 256
        characters together; the first 16 384 characters of a text are looked at.

        :param customer_ids: whose; None: anybody's, and then ``from_us`` must be given.
        :param from_us: said at this moment or later.
        :param until_us: said before this moment.
        :raises InvalidArgument: there is no word, or no bound. The text is not told.
        """

    def forget(self, before_us: int, *, queue_id: str | None = None, texts_only: bool = False) -> Forgotten:
        """Remove contacts that ended before a moment, with all that belongs to them.

        Without ``queue_id`` also what was added before that moment and belongs to no contact. What a rebuilding from
        the journal brings back must be forgotten again.

        :param queue_id: those only that were in this queue last.
        :param texts_only: what was added only; contacts, legs and events stay.
        """

    def erase(self, customer_id: str) -> Forgotten:
        """Forget who a customer was and all that was said, for ever: contacts stay, as nobody's.

        Events that are written later, again from the journal, too, do not bring the customer back. The key of the
        customer is destroyed by who holds the vault, behind this.
        """

    def scrub(self) -> bool:
        """Take what was removed out of the files, too, and return whether that could be done; it may be tried again.

        O(size of the search index).
        """

    def reset(self, source: str = "engine") -> None:
        """Remove what the events of a source made, so that they can be written anew. What was added stays."""

    def close(self) -> None:
        """Give everything back. Calls after the first do nothing."""


class Handle(Personal, frozen=True, kw_only=True, order=True):
    """What a customer is known by. :func:`ccroute.customers.handle` makes it, and writes the value in one way."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"kind"})

    kind: str
    """``phone``, ``email``, or a name of the host's: the network, or ``cookie``."""
    value: str
    """As it is compared."""


class DirectoryQuestion(Personal, frozen=True, kw_only=True):
    """Who arrived, as a directory is asked."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"customer_id", "identity_ids"})

    customer_id: str
    """The customer's present id."""
    identity_ids: tuple[str, ...]
    """All ids under which the customer was ever known to the engine, ``customer_id`` first."""
    handles: tuple[Handle, ...]
    """What the customer is known by; the one by which it arrived first."""


class CustomerRecord(Personal, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a customer. Tier, manager, language and attributes route; the rest is for people alone."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"tier"})

    name: str | None = None
    """What people call the customer. Never goes to the engine."""
    addresses: list[str] = []
    """Postal addresses, one text each, at most 16. Never go to the engine."""
    remarks: str | None = None
    """Whatever else people should know. Never goes to the engine."""
    language: str | None = None
    """Goes to the engine as the attribute ``language``."""
    tier: int | None = None
    """Absolute right of way, signed 32-bit; None: the queue's."""
    manager_id: str | None = None
    """The agent who is the customer's personal manager."""
    attributes: dict[str, AttributeValue] = {}
    """What requirements may read of the customer as ``contact.attributes.<name>``; nothing personal."""


class CustomerDirectory(Protocol):
    """Knows customers: a CRM. Asked once for each contact that arrives, which waits for the answer for a while.

    It answers over a network as a rule, so that it is asynchronous. It may be cancelled at any await, and asked for
    several customers at once.
    """

    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        """Return what is known of a customer, by whichever of the handles; None: nothing is.

        What it raises is taken as no answer; routing goes on.
        """


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event, as it is handed to a channel."""

    key: str
    """The same for every attempt at this event, after a restart too: what was taken under it is not taken again.

    ``<name of the engine>:<seq of the event>``; of an ``OfferMade`` ``<name of the engine>:<offer_id>``."""
    event: Event
    """What happened. Of a kind that the channel does not know, or does not tell anybody: it is taken all the same."""
    attempt: int
    """1 at first, 1 more each time it is tried again. After a restart it begins at 1."""


class Inlet(Protocol):
    """How a channel or a source of presence speaks to the engine: a router hands it to ``run``."""

    @property
    def name(self) -> str:
        """Return the channel's id in the configuration, or the name of the source."""

    def now_us(self) -> int:
        """Return the router's time, microseconds since the Unix epoch."""

    async def send(self, command: Command) -> list[Event]:
        """Return what the command caused: journalled, and published.

        Waits while too much is under way through this inlet, so that who floods waits, alone. A command that is
        refused gives ``CommandRefused``. Where it is cancelled, the command may have been carried out: give a
        ``command_id`` to what is sent again.

        :raises InvalidArgument: the command can never be right, and nothing happened. Whoever runs goes on.
        :raises CcrouteError: the router takes no commands any more.
        """

    async def add(self, *additions: AnyAddition) -> None:
        """Add what was said or made to the history, each exactly once, by its id; durable on return.

        :raises InvalidArgument: one is not allowed. Nothing was added.
        :raises CcrouteError: it could not be written, or not be known whether it was: add them again.
        """


class Channel(Protocol):
    """Brings contacts in, and tells the outside what becomes of them: web chat, telephony, carrier pigeons.

    A router runs it in a task of its own. Whatever it does, hanging, raising and flooding included, harms no other
    channel. It never blocks the event loop: what blocks goes into a thread. It lets cancellation through.
    """

    async def run(self, inlet: Inlet) -> None:
        """Bring contacts in, until cancelled. To return means that there is nothing more to bring.

        What the outside tells twice is sent once, or with the same ``command_id``. Names, numbers and texts never go
        into commands: they go into the history, through ``inlet.add``. What it started has ended when it ends.

        What it raises is told by the router's health, and it is run again after a while.
        """

    async def deliver(self, delivery: Delivery) -> None:
        """Take one event of a contact of this channel. To return means that it was taken, wherever it had to go.

        Called once ``run`` was started, and after it has returned, too. The events of one contact come in their order,
        each when the one before was taken or given up; contacts do not wait for each other, so that it is called for
        several at once. At least once: after a crash, and where it was cancelled or raised, the same delivery comes
        again, by its ``key``.

        :raises Undeliverable: it can never be taken, and is put into quarantine at once. What else is raised is tried
            again.
        """


class PresenceSource(Protocol):
    """Knows from elsewhere whether agents are there, and what keeps them busy: a telephone system, a rota, a calendar.

    A router runs it in a task of its own. It never blocks the event loop, and lets cancellation through.
    """

    async def run(self, inlet: Inlet) -> None:
        """Send ``SetPresence``, ``Heartbeat`` and ``SetExternalLoad``, until cancelled.

        At first how things stand, then what changes, in order. What is refused, as of an agent that the engine does not
        know, and what raises ``InvalidArgument`` there, as of an unknown channel, keeps nothing else from being told.
        What it started has ended when it ends.

        What it raises is told by the router's health, and it is run again after a while.
        """
