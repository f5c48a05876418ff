"""Who hears what: subscribers with a bounded backlog, found by what an event is about; the offers that stand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence, Set
from threading import get_ident
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar, cast, final

import anyio
from anyio.lowlevel import checkpoint

from ccroute.errors import ConcurrentUse, OutOfRange, RouterClosed, SubscriptionLagged, UnknownName, WrongType
from ccroute.errors.raising import again
from ccroute.events import (
    EVENTS,
    Event,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRescinded,
)
from ccroute.ports import Told
from ccroute.runtime.feeding import FeedReader
from ccroute.runtime.whereabouts import Place, Whereabouts

__all__ = ["BACKLOG_MAX", "Choice", "Hub", "Subscription"]

BACKLOG_MAX: Final = 1_000_000
"""Largest backlog that a subscriber may ask for."""

_E = TypeVar("_E", bound=Event)
_OFFER_ENDS: Final = (OfferAccepted, OfferDeclined, OfferExpired, OfferRescinded)


@final
class Choice:
    """Which events. What is None does not matter; all that is given must hold."""

    __slots__ = ("agent_id", "contact_id", "key", "kinds", "queue_id")

    def __init__(
        self,
        *,
        agent_id: str | None = None,
        queue_id: str | None = None,
        contact_id: str | None = None,
        kinds: Sequence[type[Event]] | Set[type[Event]] | None = None,
    ) -> None:
        for name, value in (("agent_id", agent_id), ("queue_id", queue_id), ("contact_id", contact_id)):
            if value is not None and type(value) is not str:
                raise WrongType(name, value, "a str, or None")
        if kinds is not None and not isinstance(kinds, list | tuple | Set):
            raise WrongType("kinds", kinds, "a list, tuple or set of classes of events, or None")
        for kind in kinds or ():
            if not isinstance(kind, type) or kind not in EVENTS:
                raise UnknownName("kinds", kind, "classes of events")
        self.agent_id: Final = agent_id
        self.queue_id: Final = queue_id
        self.contact_id: Final = contact_id
        self.kinds: Final = None if kinds is None else frozenset(kinds)
        self.key: Final = self._key()
        """By what it is found: the rarest of what is given."""

    def _key(self) -> tuple[str, object]:
        for name in ("contact_id", "agent_id", "queue_id"):
            value = getattr(self, name)
            if value is not None:
                return name, value
        if self.kinds is not None and len(self.kinds) == 1:
            return "kind", next(iter(self.kinds))
        return "all", None

    def holds(self, event: Event, queue_id: str | None) -> bool:
        """Say whether an event is chosen.

        :param queue_id: the queue that its contact is in.
        """
        return (
            (self.kinds is None or type(event) in self.kinds)
            and (self.agent_id is None or getattr(event, "agent_id", None) == self.agent_id)
            and (self.contact_id is None or getattr(event, "contact_id", None) == self.contact_id)
            and (self.queue_id is None or getattr(event, "queue_id", queue_id) == self.queue_id)
        )


@final
class Subscription(Generic[_E]):
    """Events as they become durable, in order: ``async with router.events() as events: async for event in events``.

    Tasks that share one share out its events. What is not taken waits, up to ``backlog_max``; with more,
    ``SubscriptionLagged`` says from where to subscribe anew.
    """

    def __init__(
        self, hub: Hub, choice: Choice, *, backlog_max: int, after_seq: int | None = None, standing: bool = False
    ) -> None:
        """Take what is wanted; nothing is heard before it is entered.

        :param after_seq: begin behind this event; None: with the next one.
        :param standing: it is for offers, and begins with those that stand.
        """
        if type(backlog_max) is not int or not 1 <= backlog_max <= BACKLOG_MAX:
            raise OutOfRange("backlog_max", backlog_max, f"from 1 to {BACKLOG_MAX}")
        if after_seq is not None and type(after_seq) is not int:
            raise WrongType("after_seq", after_seq, "an integer, or None")
        self.choice: Final = choice
        """Which events it hears."""
        self.seq = 0
        """Seq of the last event that it has given, or began behind. Give it as ``after_seq`` to resume."""
        self._hub: Final = hub
        self._backlog_max: Final = backlog_max
        self._after_seq: Final = after_seq
        self._standing: Final = standing
        self._waiting: Final[deque[Event]] = deque()
        self._news = anyio.Event()
        self._reading: Final = anyio.Lock()
        self._is_open = self._is_live = self._has_ended = False
        self._error: Exception | None = None
        self._reader: FeedReader | None = None
        self._seen = 0

    async def __aenter__(self) -> Self:
        hub = self._hub
        hub.check_open()
        after_seq = hub.last_seq if self._after_seq is None else self._after_seq
        if not 0 <= after_seq <= hub.last_seq:
            raise OutOfRange("after_seq", after_seq, f"from 0 to {hub.last_seq}")
        self.seq = self._seen = after_seq
        self._is_open = True
        if self._standing:
            self._waiting.extend(hub.standing(self.choice))
        self._go_live()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        self._hub.remove(self)
        self._waiting.clear()
        # Another task may wait for the next one.
        self._news.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _E:
        """Return the next event. Cancelled, it has taken none.

        :raises StopAsyncIteration: the router has ended, and everything was given.
        :raises SubscriptionLagged: the subscriber was too slow.
        :raises EventsGone: the events behind ``after_seq`` are not kept any more.
        :raises RouterClosed: the subscription was not entered, or was left.
        :raises JournalError: the router has failed.
        """
        await checkpoint()
        while self._is_open:
            while self._waiting:
                event = self._waiting.popleft()
                if self._standing and not self._hub.stands(event):
                    continue
                self.seq = max(self.seq, event.seq)
                return cast(_E, event)  # kinds say what it hears, and offers hear OfferMade only
            if self._error is not None:
                raise again(self._error)
            if not self._is_live:
                async with self._reading:
                    if not self._waiting and not self._is_live:
                        await self._catch_up()
            elif self._has_ended:
                raise StopAsyncIteration
            else:
                if self._news.is_set():
                    self._news = anyio.Event()
                await self._news.wait()
        raise RouterClosed("subscription")

    async def _catch_up(self) -> None:
        """Take some of what lies behind, from memory or from the journal; hear what comes, once nothing more does."""
        if self._reader is None:
            self._go_live()
            if self._is_live or self._waiting:
                return
            self._reader = self._hub.reader(self._seen)
        records = await self._reader.some()
        for told in records:
            for event in told.events:
                if event.seq > self._seen:
                    self._take(event, self._hub.queue_of(event))
        if not records:
            self._reader = None

    def _go_live(self) -> None:
        """Hear what comes from now on, if what came before is in memory, and not too much to wait together."""
        recent = self._hub.recent_behind(self._seen)
        if recent is None:
            return
        for event in recent:
            if len(self._waiting) >= self._backlog_max:
                return
            self._take(event, self._hub.queue_of(event))
        self._is_live = True
        self._hub.add(self)

    def _take(self, event: Event, queue_id: str | None) -> None:
        self._seen = event.seq
        if self.choice.holds(event, queue_id):
            self._waiting.append(event)

    def hear(self, event: Event, queue_id: str | None) -> None:
        """Take an event that is new."""
        if event.seq <= self._seen or not self.choice.holds(event, queue_id):
            return
        if len(self._waiting) >= self._backlog_max:
            last = self._waiting[-1].seq
            self.end(SubscriptionLagged(last, self._backlog_max))
            self._hub.remove(self)
            return
        self._waiting.append(event)
        self._news.set()

    def end(self, error: Exception | None) -> None:
        """Hear nothing more; what waits is given first."""
        if self._error is None:
            self._error = error
        self._has_ended = True
        self._news.set()


@final
class Hub:
    """Tells subscribers what was published, each event once, in order. For one event loop."""

    def __init__(
        self, *, name: str, record_seq: int, last_seq: int, recent_max: int, ask: Callable[[str], Place | None]
    ) -> None:
        """Begin behind an event, the last of a record.

        :param recent_max: events that are kept for who resumes.
        :param ask: tells where a contact is of which there was no event yet.
        """
        self._name: Final = name
        self._thread: Final = get_ident()
        self.last_seq = last_seq
        """Seq of the last event that was published."""
        self.make_reader: Callable[[int], FeedReader]
        """Gives what reads the journal behind an event."""
        self.taps: Final[list[Callable[[Told, list[Place | None]], None]]] = []
        """Who hears every record: channels and the history."""
        self._whereabouts: Final = Whereabouts(ask)
        self._recent: Final[deque[Told]] = deque()
        self._recent_max: Final = recent_max
        self._recent_events = 0
        self._recent_from: tuple[int, int] = record_seq, last_seq
        """All records, and all events, behind these are in memory."""
        self._offers: Final[dict[str, OfferMade]] = {}
        self._by: Final[dict[tuple[str, object], dict[Subscription[Any], None]]] = {}
        self._error: Exception | None = None
        self._has_ended = False

    def check_thread(self) -> None:
        """Raise unless it is the event loop's own thread that asks: from another one, nobody here would wake.

        :raises ConcurrentUse: it is another one.
        """
        if get_ident() != self._thread:
            raise ConcurrentUse(
                f"router {self._name} belongs to the event loop of another thread; "
                "call it there, with anyio.from_thread or asyncio.run_coroutine_threadsafe"
            )

    def check_open(self) -> None:
        """Raise unless there is something to hear."""
        self.check_thread()
        if self._error is not None:
            raise again(self._error)
        if self._has_ended:
            raise RouterClosed(f"router {self._name}")

    def publish(self, told: Told) -> None:
        """Tell everybody the events of a record, which is durable."""
        places: list[Place | None] = []
        for event in told.events:
            place = self._whereabouts.follow(event)
            places.append(place)
            self.last_seq = event.seq
            self.note_offer(event)
            if self._by:
                self._tell(event, place)
        if told.events:
            self._keep(told)
        for tap in self.taps:
            tap(told, places)

    def _tell(self, event: Event, place: Place | None) -> None:
        queue_id: str | None = getattr(event, "queue_id", None if place is None else place.queue_id)
        keys: tuple[tuple[str, object], ...] = (
            ("contact_id", getattr(event, "contact_id", None)),
            ("agent_id", getattr(event, "agent_id", None)),
            ("queue_id", queue_id),
            ("kind", type(event)),
            ("all", None),
        )
        for key in keys:
            for subscription in tuple(self._by.get(key, ())):
                subscription.hear(event, queue_id)

    def _keep(self, told: Told) -> None:
        self._recent.append(told)
        self._recent_events += len(told.events)
        while self._recent_events > self._recent_max and len(self._recent) > 1:
            gone = self._recent.popleft()
            self._recent_events -= len(gone.events)
            self._recent_from = gone.record_seq, gone.events[-1].seq

    def note_offer(self, event: Event) -> None:
        """Note which offers stand."""
        if type(event) is OfferMade:
            self._offers[event.offer_id] = event
        elif isinstance(event, _OFFER_ENDS):
            self._offers.pop(event.offer_id, None)

    def standing(self, choice: Choice) -> list[OfferMade]:
        """Return the offers that stand, in order of making."""
        return [offer for offer in self._offers.values() if choice.holds(offer, offer.queue_id)]

    def stands(self, event: Event) -> bool:
        """Say whether an offer stands."""
        return type(event) is OfferMade and event.offer_id in self._offers

    def queue_of(self, event: Event) -> str | None:
        """Return the queue an event is about: its own, or the one its contact is in now."""
        if hasattr(event, "queue_id"):
            own: str | None = event.queue_id
            return own
        place = self._whereabouts.place(getattr(event, "contact_id", None))
        return None if place is None else place.queue_id

    def recent_behind(self, seq: int) -> list[Event] | None:
        """Return what was published behind an event; None: not all of it is in memory."""
        if seq < self._recent_from[1]:
            return None
        return [event for told in self._recent for event in told.events if event.seq > seq]

    def recent_records(self, record_seq: int) -> list[Told] | None:
        """Return the records with events behind one; None: not all of them are in memory."""
        if record_seq < self._recent_from[0]:
            return None
        return [told for told in self._recent if told.record_seq > record_seq]

    def reader(self, after_seq: int) -> FeedReader:
        """Return what reads the journal behind an event."""
        return self.make_reader(after_seq)

    def add(self, subscription: Subscription[Any]) -> None:
        """Have a subscription told what comes."""
        if self._has_ended:
            subscription.end(self._error)
        else:
            self._by.setdefault(subscription.choice.key, {})[subscription] = None

    def remove(self, subscription: Subscription[Any]) -> None:
        """Tell a subscription nothing more."""
        key = subscription.choice.key
        listeners = self._by.get(key)
        if listeners is not None:
            listeners.pop(subscription, None)
            if not listeners:
                del self._by[key]

    @property
    def subscriptions(self) -> int:
        """Return how many there are."""
        return sum(map(len, self._by.values()))

    def end(self, error: Exception | None) -> None:
        """Tell everybody that nothing more comes."""
        self._has_ended, self._error = True, error
        for listeners in list(self._by.values()):
            for subscription in listeners:
                subscription.end(error)
        self._by.clear()
