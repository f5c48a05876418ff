"""The parts of a router that block while they are opened and closed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Final, final

from ccroute.calendars.resolving import resolve_rest
from ccroute.config import Config, check
from ccroute.engine.engine import Engine, config_of, last_seq
from ccroute.errors import CcrouteError, OutOfRange
from ccroute.events import OfferMade
from ccroute.history.memory import MemoryHistory
from ccroute.history.opening import SqliteHistory
from ccroute.history.writing import HistoryWriter
from ccroute.journal.feed import JournalFeed
from ccroute.journal.journaled import JournaledEngine
from ccroute.journal.memory import MemoryJournal
from ccroute.ports import Channel, HistoryStore
from ccroute.runtime.histories import RecentFeed
from ccroute.runtime.options import Options
from ccroute.runtime.plugins import channels_of
from ccroute.runtime.policy import JUMP_MAX_US
from ccroute.runtime.quarantine import MemoryQuarantine, Quarantine, SqlQuarantine
from ccroute.storage.sqlite import SqliteDatabase

__all__ = ["HISTORY_SUFFIX", "Opened", "close_parts", "open_parts"]

HISTORY_SUFFIX: Final = "-history"
"""Behind the path of a contact centre: the file of its history."""

HISTORY_SUBSCRIBER: Final = "history"
"""Under which name the journal keeps events for the history."""

CHANNEL_SUBSCRIBER: Final = "channel:"
"""Before the id of a channel: the name under which the journal keeps events for it."""

DELIVERIES_SUFFIX: Final = "-deliveries"
"""Behind the path of a contact centre: the file of deliveries that were given up."""

_RECORDS_BACK: Final = 64
"""How far behind the end standing offers are looked for at first."""


@final
class Opened:
    """The parts that were opened."""

    def __init__(
        self,
        durable: JournaledEngine,
        history: HistoryStore,
        quarantine: Quarantine,
        *,
        name: str,
        channels: Mapping[str, Channel],
        owns_history: bool,
    ) -> None:
        self.durable: Final = durable
        self.history: Final = history
        self.channels: Final = channels
        """Those that were given, and those that plug-ins made."""
        self.owns_history: Final = owns_history
        """Whether the history is closed with the router: it was opened for it."""
        self.blocks: Final = not isinstance(durable.journal, MemoryJournal)
        """Whether the journal does; one in memory does not."""
        self.history_blocks: Final = self.blocks or not isinstance(history, MemoryHistory)
        """Whether writing the history does; it reads the journal, too."""
        self.offers: Final = _standing(durable)
        """The offers that stand."""
        self.feed: Final = RecentFeed(durable.journal, durable.record_seq)
        """What the history is written from."""
        self.writer: Final = HistoryWriter(self.feed, history, subscriber=HISTORY_SUBSCRIBER, source=name)
        """What writes it."""
        self.quarantine: Final[Quarantine] = quarantine
        """Where deliveries are kept that were given up."""
        self.given_up: Final = quarantine.all()
        """Those that there are."""
        self.confirmed: Final = _subscribed(durable, channels)
        """Up to which record each channel is done, by its id."""
        self.confirm: Callable[[], None] = _confirm_nothing
        """Tells the journal, at last, what channels are done with."""
        self.through_seq: Final = history.through_seq(name)
        """Seq of the last event that is in it."""

    @property
    def engine(self) -> Engine:
        """Return the engine."""
        return self.durable.engine

    @property
    def jump_max_us(self) -> int:
        """Return what counts as a jump of the clock, if the policy does not say."""
        own = config_of(self.engine).engine.jump_max_us
        return JUMP_MAX_US if own is None else own

    @property
    def last_seq(self) -> int:
        """Return the seq of the last event."""
        return last_seq(self.engine)


def open_parts(options: Options, at_us: int) -> Opened:
    """Open journal, engine and history. Blocks.

    :param at_us: the present, at which a changed configuration is applied.
    :raises InvalidArgument: the configuration has faults.
    :raises JournalError: the journal cannot be opened.
    :raises StorageError: the history cannot be opened.
    :raises PluginBroken: a channel cannot be made by the package that has it.
    """
    target = options.journal if options.path is None else options.path
    with contextlib.ExitStack() as opened:
        durable = JournaledEngine.open(
            MemoryJournal() if target is None else target,
            _resolved(options.config, at_us),
            at_us=at_us,
            take_over=options.policy.take_over,
            snapshots=options.policy.snapshots,
        )
        opened.callback(durable.close)
        if options.plugins:
            options = options._replace(channels=_with_plugins(options.channels, durable))
        history, owns_history = _history(options)
        if owns_history:
            opened.callback(history.close)
        quarantine = _quarantine(options)
        opened.callback(quarantine.close)
        parts = Opened(
            durable,
            history,
            quarantine,
            name=options.name,
            channels=options.channels,
            owns_history=owns_history,
        )
        opened.pop_all()
        return parts


def _resolved(config: Config | str | os.PathLike[str] | None, at_us: int) -> Config | None:
    """Return a configuration whose hours are resolved from the present on, where they are not yet."""
    if isinstance(config, str | os.PathLike):
        config = Config.from_file(config)
    # What is no configuration at all is for the engine to refuse, and so is one with faults.
    return config if type(config) is not Config or check(config) else resolve_rest(config, at_us)


def _with_plugins(channels: Mapping[str, Channel], durable: JournaledEngine) -> Mapping[str, Channel]:
    return {**channels, **channels_of(config_of(durable.engine).channels, except_for=channels)}


def _history(options: Options) -> tuple[HistoryStore, bool]:
    if options.history is not None:
        return options.history, False
    if options.path is None:
        return MemoryHistory(), True
    vault = None if options.customers is None else options.customers.vault
    return SqliteHistory(f"{os.path.realpath(options.path)}{HISTORY_SUFFIX}", vault=vault), True


def _quarantine(options: Options) -> Quarantine:
    if options.path is None:
        return MemoryQuarantine()
    place = f"{os.path.realpath(options.path)}{DELIVERIES_SUFFIX}"
    if not options.channels and not os.path.exists(place):
        return MemoryQuarantine()
    return SqlQuarantine(SqliteDatabase(place))


def _subscribed(durable: JournaledEngine, channels: Iterable[str]) -> dict[str, int]:
    """Subscribe channels to the journal, let those go that nobody knows any more, and return where each stands."""
    journal = durable.journal
    known = {f"{CHANNEL_SUBSCRIBER}{one}" for one in (*channels, *config_of(durable.engine).channels)}
    for subscriber in journal.confirmed():
        if subscriber.startswith(CHANNEL_SUBSCRIBER) and subscriber not in known:
            journal.unsubscribe(subscriber)
    return {one: journal.subscribe(f"{CHANNEL_SUBSCRIBER}{one}").confirmed for one in channels}


def _standing(durable: JournaledEngine) -> list[OfferMade]:
    """Return the events of the offers that stand, from as short a piece of the journal as has them all."""
    wanted: set[str] = set()
    after: str | None = None
    while page := durable.engine.offers(after=after, limit=1_000):
        wanted.update(offer.offer_id for offer in page)
        after = page[-1].offer_id
    if not wanted:
        return []
    last, back, first = durable.record_seq, _RECORDS_BACK, durable.journal.first_seq()
    while True:
        begin = max(first - 1, last - back)
        try:
            found = [
                event
                for told in JournalFeed(durable.journal).told(begin)
                for event in told.events
                if type(event) is OfferMade and event.offer_id in wanted
            ]
        except OutOfRange:
            # What lies there can neither be read nor made again; these offers end without having been shown anew.
            return []
        if len(found) == len(wanted) or begin < first:
            return found
        back *= 8


def close_parts(parts: Opened, *, has_failed: bool) -> None:
    """Close engine, journal and history. Blocks.

    :param has_failed: an error is told already.
    :raises JournalError: the end could not be written. Everything is closed all the same.
    """
    with contextlib.ExitStack() as closing:
        if has_failed:
            closing.enter_context(contextlib.suppress(CcrouteError))
        if parts.owns_history:
            closing.callback(parts.history.close)
        closing.callback(parts.quarantine.close)
        closing.callback(parts.durable.close)
        if not has_failed:
            parts.confirm()


def _confirm_nothing() -> None:
    """Do nothing: no channel was begun."""
