"""Deliveries to one channel: at least once, in order per contact, several contacts at a time, and only so often.

What a channel has taken is confirmed to the journal record by record, so that what it has not comes again after a
crash. While it is slow, what waits for it stays in the journal. Whatever it does, nobody else waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, final

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint_if_cancelled

from ccroute.errors import CcrouteError, Undeliverable
from ccroute.events import ChannelChanged, CommandRefused, CommandRepeated, Event, OfferMade
from ccroute.ports import Channel, Delivery, Told
from ccroute.runtime.feeding import FeedReader
from ccroute.runtime.plugs import check_cancelled
from ccroute.runtime.policy import RouterPolicy
from ccroute.runtime.quarantine import GivenUp, Quarantine
from ccroute.runtime.subscriptions import Hub
from ccroute.runtime.threads import Threads
from ccroute.runtime.timekeeping import Timekeeper, monotonic_us
from ccroute.runtime.whereabouts import Place, Whereabouts

__all__ = ["Deliverer", "Surroundings"]

_ANSWERS: Final = (CommandRefused, CommandRepeated)
"""Events that are answers to a sender, and nothing that happened to a contact."""


class Surroundings(Protocol):
    """What of the router a deliverer needs."""

    @property
    def name(self) -> str:
        """Name of the engine."""

    @property
    def policy(self) -> RouterPolicy:
        """Bounds and pauses."""

    @property
    def time(self) -> Timekeeper:
        """The time."""

    @property
    def hub(self) -> Hub:
        """What was published."""

    @property
    def threads(self) -> Threads:
        """Where blocking work is done."""

    @property
    def quarantine(self) -> Quarantine:
        """Where what is given up is kept."""

    @property
    def quarantine_blocks(self) -> bool:
        """Whether that blocks."""

    def reader_behind(self, record_seq: int) -> FeedReader:
        """Return what reads the journal behind a record."""

    def place(self, contact_id: str) -> Place | None:
        """Return where a contact is, as far as the engine knows."""

    async def past_place(self, contact_id: str) -> Place | None:
        """Return where a contact was, as far as the history knows."""


class _Record:
    """A record of which something is to be delivered."""

    __slots__ = ("before", "left")

    def __init__(self, before: int, left: int) -> None:
        self.before: Final = before
        """Everything up to this record came before."""
        self.left = left
        """Events of it that are not done."""


class _Pending:
    """An event that is to be delivered."""

    __slots__ = ("attempts", "event", "record", "since_us")

    def __init__(self, event: Event, record: _Record | None, attempts: int = 0) -> None:
        self.event: Final = event
        self.record: Final = record
        """None: it comes from the quarantine."""
        self.attempts = attempts
        self.since_us: Final = monotonic_us()


@final
class Deliverer:
    """Delivers to one channel."""

    def __init__(
        self, channel_id: str, channel: Channel, around: Surroundings, *, confirmed: int, given_up: list[GivenUp]
    ) -> None:
        """Begin where the journal says that the channel was.

        :param confirmed: everything up to this record is done.
        :param given_up: what is in quarantine of this channel.
        """
        self.delivered = self.failed = self.pending = 0
        self.failure: str | None = None
        """Class of the last error of a delivery; None: there was none."""
        self.is_behind = True
        """Whether there may be more in the journal than is in memory."""
        self.quarantined: Final = {one.key: one for one in given_up}
        """What was given up."""
        self.may_begin: Final = anyio.Event()
        """Set when the channel runs, so that it can be delivered to."""
        self.has_begun: Final = anyio.Event()
        """Set when it is delivered to."""
        self._id: Final = channel_id
        self._channel: Final = channel
        self._around: Final = around
        self._policy: Final = around.policy
        self._lanes: Final[dict[str, deque[_Pending]]] = {}
        """What waits, in order, per contact."""
        self._records: Final[deque[_Record]] = deque()
        self._read_through = confirmed
        self._slots: Final = anyio.Semaphore(around.policy.deliveries_max)
        self._retrying: Final[set[str]] = set()
        self._reader: FeedReader | None = None
        self._whereabouts = Whereabouts(around.place)
        self._group: TaskGroup | None = None
        self._news = anyio.Event()
        self._is_ending = False
        self._ending: Final = anyio.Event()

    # ---- what comes --------------------------------------------------------------------------------------------

    @property
    def done_through(self) -> int:
        """Return the record up to which everything was taken or given up."""
        return self._records[0].before if self._records else self._read_through

    def oldest_us(self) -> int:
        """Return how long the oldest pending event has waited."""
        firsts = [lane[0].since_us for lane in self._lanes.values()]
        return monotonic_us() - min(firsts) if firsts else 0

    def hear(self, told: Told, places: list[Place | None]) -> None:
        """Take what is new, unless there is more than memory is meant for; a tap of the hub."""
        if not self.is_behind and self.pending >= self._policy.pending_max:
            self.is_behind = True
        if self.is_behind:
            self._news.set()
        else:
            self._take(told, places)

    def _take(self, told: Told, places: list[Place | None]) -> None:
        mine = [one for one, place in zip(told.events, places, strict=True) if self._is_mine(one, place)]
        before, self._read_through = self._read_through, told.record_seq
        if not mine:
            return
        record = _Record(before, len(mine))
        self._records.append(record)
        for event in mine:
            self._put(_Pending(event, record))

    def _is_mine(self, event: Event, place: Place | None) -> bool:
        if place is None or isinstance(event, _ANSWERS):
            return False
        if place.channel != self._id and not (type(event) is ChannelChanged and event.from_channel == self._id):
            return False
        # After a crash, what was given up may come from the journal once more.
        return self._key(event) not in self.quarantined

    def _put(self, pending: _Pending) -> None:
        contact_id = _contact_of(pending.event)
        self.pending += 1
        lane = self._lanes.get(contact_id)
        if lane is not None:
            lane.append(pending)
            return
        self._lanes[contact_id] = deque([pending])
        assert self._group is not None
        self._group.start_soon(self._serve, contact_id)

    def retry(self, key: str) -> None:
        """Try once more what was given up, behind what waits for its contact."""
        if key not in self._retrying and self._group is not None and not self._is_ending:
            self._retrying.add(key)
            one = self.quarantined[key]
            self._put(_Pending(one.event, None, one.attempts))

    # ---- the task ----------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Begin nothing new; :meth:`run` returns when what is under way is done."""
        self._is_ending = True
        self.is_behind = True
        self._ending.set()
        self._news.set()
        self.may_begin.set()

    async def run(self) -> None:
        """Deliver, until :meth:`end`."""
        await self.may_begin.wait()
        pause_us = self._policy.pause_us
        async with anyio.create_task_group() as group:
            self._group = group
            self.has_begun.set()
            while not self._is_ending:
                if not self.is_behind or self.pending >= self._policy.pending_max:
                    self._news = anyio.Event()
                    await self._news.wait()
                    continue
                try:
                    await self._catch_up()
                    pause_us = self._policy.pause_us
                except Exception as error:  # whatever it is, of whosever journal, others go on
                    self.failure, self._reader = type(error).__name__, None
                    await self._pause(pause_us)
                    pause_us = min(2 * pause_us, self._policy.pause_max_us)

    async def _catch_up(self) -> None:
        """Read on in the journal, until everything else is in memory."""
        if self._reader is None:
            self._reader = self._around.reader_behind(self._read_through)
        records = await self._reader.some()
        for told in records:
            self._take(told, [await self._place(event) for event in told.events])
        if records:
            return
        self._reader = None
        recent = self._around.hub.recent_records(self._read_through)
        if recent is not None and not self._is_ending:
            for told in recent:
                self._take(told, [self._whereabouts.follow(event) for event in told.events])
            self.is_behind = False
            self._whereabouts = Whereabouts(self._around.place)

    async def _place(self, event: Event) -> Place | None:
        place = self._whereabouts.follow(event)
        if place is None and type(getattr(event, "contact_id", None)) is str:
            place = await self._around.past_place(_contact_of(event))
        return place

    async def _pause(self, pause_us: int) -> None:
        time_ = self._around.time
        await time_.within(pause_us, self._ending.wait)

    # ---- one contact -------------------------------------------------------------------------------------------

    async def _serve(self, contact_id: str) -> None:
        lane = self._lanes[contact_id]
        while lane and not self._is_ending:
            pending = lane[0]
            if not await self._deliver(pending):
                break
            lane.popleft()
            self.pending -= 1
            if pending.record is not None:
                pending.record.left -= 1
            while self._records and self._records[0].left == 0:
                self._records.popleft()
            self._news.set()
        if not lane:
            del self._lanes[contact_id]

    async def _deliver(self, pending: _Pending) -> bool:
        """Try until it is taken or given up; return whether it was, which it is not if the router ends before."""
        policy, event = self._policy, pending.event
        key = self._key(event)
        limit = pending.attempts + policy.attempts_max
        pause_us = policy.pause_us
        while not self._is_ending:
            async with self._slots:
                reason, is_final = await self._attempt(key, pending)
            if reason is None:
                self.delivered += 1
                return await self._forget(key, pending)
            self.failed += 1
            if (is_final or pending.attempts >= limit) and await self._give_up(key, pending, reason):
                return True
            await self._pause(pause_us)
            pause_us = min(2 * pause_us, policy.pause_max_us)
        return False

    async def _attempt(self, key: str, pending: _Pending) -> tuple[str | None, bool]:
        """Try once; return why it was not taken, and whether that is for ever."""
        pending.attempts += 1
        delivery = Delivery(key=key, event=pending.event, attempt=pending.attempts)
        reason: str | None = None
        try:
            if not await self._around.time.within(self._policy.delivery_us, lambda: self._channel.deliver(delivery)):
                reason = "TimeoutError"
        except Undeliverable as error:
            self.failure = type(error).__name__
            return error.reason, True
        except Exception as error:  # somebody else's code: whatever it is, it is tried again
            reason = type(error).__name__
        except (anyio.get_cancelled_exc_class(), BaseExceptionGroup) as raised:
            check_cancelled(raised)
            # Not ours, unless it is raised again here: the channel let through that something of its own was cancelled.
            await checkpoint_if_cancelled()
            reason = "Cancelled"
        if reason is not None:
            self.failure = reason
        return reason, False

    async def _give_up(self, key: str, pending: _Pending, reason: str) -> bool:
        """Put a delivery into quarantine; return whether there was room, and it could be written."""
        around = self._around
        if key not in self.quarantined and len(self.quarantined) >= self._policy.quarantined_max:
            return False
        one = GivenUp(
            channel=self._id,
            key=key,
            event=pending.event,
            attempts=pending.attempts,
            reason=reason,
            at_us=around.time.now_us(),
        )
        if not await self._store(lambda: around.quarantine.put(one)):
            return False
        self.quarantined[key] = one
        self._retrying.discard(key)
        return True

    async def _forget(self, key: str, pending: _Pending) -> bool:
        """Take out of quarantine what was delivered. Where that fails, it stays and may be delivered once more."""
        if pending.record is None and await self._store(lambda: self._around.quarantine.remove(self._id, key)):
            self.quarantined.pop(key, None)
        self._retrying.discard(key)
        return True

    async def _store(self, call: Callable[[], None]) -> bool:
        try:
            await self._around.threads.run(call, blocks=self._around.quarantine_blocks)
        except CcrouteError as error:
            self.failure = type(error).__name__
            return False
        return True

    def _key(self, event: Event) -> str:
        own = event.offer_id if type(event) is OfferMade else str(event.seq)
        return f"{self._around.name}:{own}"


def _contact_of(event: Event) -> str:
    contact_id: str = event.contact_id  # type: ignore[attr-defined]  # only events of contacts get here
    return contact_id
