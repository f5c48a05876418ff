"""The history beside a router: written as a subscriber, at its own pace, and asked without blocking the event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar, final

import anyio

from ccroute.history.writing import HistoryWriter
from ccroute.journal.feed import JournalFeed
from ccroute.ports import HistoryStore, Journal, Subscription, Told
from ccroute.runtime.policy import RouterPolicy
from ccroute.runtime.subscriptions import Hub
from ccroute.runtime.threads import Threads
from ccroute.runtime.timekeeping import Timekeeper
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

__all__ = ["AsyncHistory", "HistoryKeeper", "RecentFeed"]

_NEVER: Final = 2**63
"""Behind every record."""

_EVERYTHING: Final = ContactFilter()
_T = TypeVar("_T")


@final
class RecentFeed:
    """The journal's feed, but for what is in memory anyway."""

    def __init__(self, journal: Journal, record_seq: int) -> None:
        self._feed: Final = JournalFeed(journal)
        self.recent: list[Told] = []
        """Records with events, all behind one."""
        self.recent_from = record_seq
        """That one."""

    def subscribe(self, subscriber: str) -> Subscription:
        """Have events kept; see ``EventFeed``."""
        return self._feed.subscribe(subscriber)

    def unsubscribe(self, subscriber: str) -> None:
        """Let a subscriber go."""
        self._feed.unsubscribe(subscriber)

    def confirm(self, subscriber: str, record_seq: int) -> None:
        """Note what a subscriber is done with."""
        self._feed.confirm(subscriber, record_seq)

    def told(self, after: int = 0) -> Iterator[Told]:
        """Yield the events of the records behind one."""
        if after < self.recent_from:
            return self._feed.told(after)
        return iter([told for told in self.recent if told.record_seq > after])


@final
class HistoryKeeper:
    """Writes what was published into the history. What fails is tried again, with growing pauses, and nobody waits."""

    def __init__(
        self,
        store: HistoryStore,
        writer: HistoryWriter,
        feed: RecentFeed,
        *,
        through_seq: int,
        threads: Threads,
        policy: RouterPolicy,
        blocks: bool,
    ) -> None:
        """Take what :mod:`ccroute.runtime.opening` has opened.

        :param feed: what the writer reads.
        """
        self.store: Final = store
        self.failure: str | None = None
        """What class of error the last attempt raised; None: it went well."""
        self.through_seq = through_seq
        """Seq of the last event that is in the history."""
        self._feed: Final = feed
        self._writer: Final = writer
        self._threads: Final = threads
        self._policy: Final = policy
        self._blocks: Final = blocks
        self._news = anyio.Event()
        self._wanted = anyio.Event()
        """Set when somebody waits for what is to be written; replaced when it is."""
        self._done = anyio.Event()
        self._heard: list[Told] = []
        self._heard_events = 0
        self._has_news = True
        self._is_behind = False
        self._is_ending = False

    def hear(self, told: Told, places: Sequence[object]) -> None:  # noqa: ARG002 - a tap of the hub
        """Take what there is to write; with too much of it, it is read from the journal."""
        self._heard.append(told)
        self._heard_events += len(told.events)
        if self._heard_events > self._policy.recent_max:
            self._heard, self._heard_events = [], 0
            self._is_behind = True
        self._has_news = True
        self._news.set()

    def end(self) -> None:
        """Have :meth:`run` return once everything is written, or cannot be."""
        self._is_ending = True
        self._news.set()
        self._wanted.set()

    async def run(self, time_: Timekeeper) -> None:
        """Write, until :meth:`end`."""
        try:
            await self._run(time_)
        finally:
            # Whatever ended it, nobody waits for it any more.
            self._is_ending = True
            self._done.set()

    async def _run(self, time_: Timekeeper) -> None:
        pause_us = self._policy.pause_us
        while True:
            if self._has_news:
                if not self._wanted.is_set():
                    # What comes meanwhile goes into the same transaction.
                    await time_.wait(self._wanted, time_.now_us() + self._policy.history_pause_us)
                await self._write()
                if self.failure is None:
                    pause_us = self._policy.pause_us
                elif not self._is_ending:
                    await time_.sleep(pause_us)
                    pause_us = min(2 * pause_us, self._policy.pause_max_us)
            elif self._is_ending:
                return
            else:
                self._news = anyio.Event()
                await self._news.wait()

    async def _write(self) -> None:
        feed, self._has_news, self._wanted = self._feed, False, anyio.Event()
        feed.recent, self._heard, self._heard_events = self._heard, [], 0
        if self._is_behind:
            # All of it is in the journal, and what is in memory lacks its beginning.
            feed.recent_from, self._is_behind = _NEVER, False
        try:
            self.through_seq = await self._threads.run(self._writer.catch_up, blocks=self._blocks)
        except Exception as error:  # whatever it is, of whosever history, routing goes on
            self.failure = type(error).__name__
            self._is_behind = True
            self._has_news = not self._is_ending
        else:
            self.failure = None
            if feed.recent:
                feed.recent_from = feed.recent[-1].record_seq
        done, self._done = self._done, anyio.Event()
        done.set()

    async def wait_through(self, seq: int) -> None:
        """Return once an event is in the history, or the history fails."""
        while self.through_seq < seq and self.failure is None and not self._is_ending:
            self._wanted.set()
            await self._done.wait()


@final
class AsyncHistory:
    """The history, to be awaited. What was published before a question is in the answer, unless the history fails.

    Each method is that of :class:`ccroute.ports.HistoryStore` of the same name.
    """

    def __init__(self, keeper: HistoryKeeper, hub: Hub, threads: Threads, *, blocks: bool) -> None:
        self._keeper: Final = keeper
        self._hub: Final = hub
        self._threads: Final = threads
        self._blocks: Final = blocks

    async def _ask(self, call: Callable[[HistoryStore], _T]) -> _T:
        self._hub.check_thread()
        await self._keeper.wait_through(self._hub.last_seq)
        return await self._threads.run(lambda: call(self._keeper.store), blocks=self._blocks)

    async def add(self, *additions: AnyAddition) -> int:
        """Add what was said or made, each exactly once, and return how many were new."""
        self._hub.check_thread()
        return await self._threads.run(lambda: self._keeper.store.add(*additions), blocks=self._blocks)

    async def customer(self, *customer_ids: str, contacts: int = 10) -> CustomerCard:
        """Return a customer's card, with the newest contacts."""
        return await self._ask(lambda store: store.customer(*customer_ids, contacts=contacts))

    async def contact(self, contact_id: str) -> ContactStory | None:
        """Return the newest contact of an id and all that belongs to it; None: there is none."""
        return await self._ask(lambda store: store.contact(contact_id))

    async def contacts(
        self, chosen: ContactFilter = _EVERYTHING, *, page_size: int = 50, cursor: str | None = None
    ) -> ContactPage:
        """Return a page of contacts, by when they came."""
        return await self._ask(lambda store: store.contacts(chosen, page_size=page_size, cursor=cursor))

    async def stories(
        self, chosen: ContactFilter = _EVERYTHING, *, page_size: int = 50, cursor: str | None = None
    ) -> StoryPage:
        """Return a page of contacts, by when they came, with all that belongs to them."""
        return await self._ask(lambda store: store.stories(chosen, page_size=page_size, cursor=cursor))

    async def timeline(self, *customer_ids: str, page_size: int = 50, cursor: str | None = None) -> TimelinePage:
        """Return a page of all that happened with a customer, over all channels."""
        return await self._ask(lambda store: store.timeline(*customer_ids, page_size=page_size, cursor=cursor))

    async def conversation(
        self, conversation_id: str, *, page_size: int = 50, cursor: str | None = None
    ) -> TimelinePage:
        """Return a page of all that belongs to a conversation."""
        return await self._ask(lambda store: store.conversation(conversation_id, page_size=page_size, cursor=cursor))

    async def search(
        self,
        text: str,
        *,
        customer_ids: Sequence[str] | None = None,
        from_us: int | None = None,
        until_us: int | None = None,
        page_size: int = 50,
        cursor: str | None = None,
    ) -> TimelinePage:
        """Return a page of messages, notes and answers in whose text all words are."""
        return await self._ask(
            lambda store: store.search(
                text,
                customer_ids=customer_ids,
                from_us=from_us,
                until_us=until_us,
                page_size=page_size,
                cursor=cursor,
            )
        )

    async def forget(self, before_us: int, *, queue_id: str | None = None, texts_only: bool = False) -> Forgotten:
        """Remove contacts that ended before a moment, with all that belongs to them."""
        return await self._ask(lambda store: store.forget(before_us, queue_id=queue_id, texts_only=texts_only))

    async def erase(self, customer_id: str) -> Forgotten:
        """Forget who a customer was and all that was said, for ever: contacts stay, as nobody's."""
        return await self._ask(lambda store: store.erase(customer_id))

    async def scrub(self) -> bool:
        """Take what was removed out of the files, too, and return whether that could be done."""
        return await self._ask(lambda store: store.scrub())
