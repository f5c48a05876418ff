"""A history in memory: for tests, for trying things out, and the slow and obvious reading of what the others do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar, final

import msgspec

from ccroute.errors import KeyDestroyed
from ccroute.events import Event
from ccroute.history import telling
from ccroute.history.checking import (
    SourceState,
    check_addition,
    check_customer_ids,
    check_filter,
    check_forgetting,
    check_page_size,
    check_search,
    is_within,
    new_events,
    state_behind,
)
from ccroute.history.cursors import Place, read_cursor, write_cursor
from ccroute.history.projecting import (
    ERASED,
    SEQS_PER_SOURCE,
    ContactRow,
    EntryRow,
    LegRow,
    Projection,
    contact_ids_of,
)
from ccroute.history.words import contains, searched, terms_of
from ccroute.storage.ids import check_id
from ccroute.timeline import (
    AnyAddition,
    ContactFilter,
    ContactPage,
    ContactStory,
    CustomerCard,
    Forgotten,
    StoryPage,
    TimelineEntry,
    TimelinePage,
)

__all__ = ["MemoryHistory"]

_Row = TypeVar("_Row")
_EVERYTHING = ContactFilter()


class _Added(msgspec.Struct):
    number: int
    contact_number: int | None
    addition: AnyAddition

    @property
    def place(self) -> Place:
        return Place(self.addition.at_us, 1, self.number)


@final
class MemoryHistory:
    """A :class:`~ccroute.ports.HistoryStore` in memory, gone with the process. Safe to share between threads."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.RLock()
        self._sources: dict[str, int] = {}
        self._states: dict[str, SourceState] = {}
        self._contacts: dict[int, ContactRow] = {}
        self._legs: dict[int, LegRow] = {}
        self._numbers: dict[str, list[int]] = {}
        """Numbers of contacts by their ids, and of legs by the number of their contact: who writes often finds them."""
        self._legs_of: dict[int, list[int]] = {}
        self._entries: dict[int, EntryRow] = {}
        self._additions: dict[str, _Added] = {}
        self._erased: set[str] = set()
        self._last_number = 0

    def __repr__(self) -> str:
        return f"MemoryHistory(contacts={len(self._contacts)})"

    # ---- writing ------------------------------------------------------------------------------------------------

    def write(
        self, events: Sequence[Event], *, source: str = "engine", position: int = 0, allow_gap: bool = False
    ) -> int:
        """Write events, each once; see ``ccroute.ports.HistoryStore``."""
        check_id("source", source)
        with self._lock:
            state = self._states.get(source, SourceState())
            new = new_events(events, source, state, allow_gap=allow_gap)
            if not new:
                return state.through_seq
            self._project(self._sources.setdefault(source, len(self._sources)), new)
            self._states[source] = state_behind(state, new, position)
            return new[-1].seq

    def _project(self, number: int, events: Sequence[Event]) -> None:
        numbers = sorted(
            one
            for contact_id in dict.fromkeys(contact_ids_of(events))
            for one in self._numbers.get(contact_id, ())
            if one // SEQS_PER_SOURCE == number
        )
        rows = [self._contacts[one] for one in numbers]
        legs = [self._legs[leg] for one in numbers for leg in self._legs_of.get(one, ())]
        legs = [leg for leg in legs if leg.ended_at_us is None]
        projection = Projection(number, rows, legs, self._erased)
        for event in events:
            projection.follow(event)
        for one, row in projection.contacts.items():
            if one not in self._contacts:
                self._numbers.setdefault(row.contact_id, []).append(one)
        for one, leg in projection.legs.items():
            if one not in self._legs:
                self._legs_of.setdefault(leg.contact_number, []).append(one)
        self._contacts |= projection.contacts
        self._legs |= projection.legs
        self._entries |= {row.number: row for row in projection.entries}
        for contact in projection.begun:
            for added in self._additions.values():
                if added.contact_number is None and added.addition.contact_id == contact.contact_id:
                    added.contact_number = contact.number

    def through_seq(self, source: str = "engine") -> int:
        """Return the seq of the last event written; see ``ccroute.ports.HistoryStore``."""
        check_id("source", source)
        return self._states.get(source, SourceState()).through_seq

    def position(self, source: str = "engine") -> int:
        """Return the position of the last event written; see ``ccroute.ports.HistoryStore``."""
        check_id("source", source)
        return self._states.get(source, SourceState()).position

    def add(self, *additions: AnyAddition) -> int:
        """Add what was said or made; see ``ccroute.ports.HistoryStore``."""
        for addition in additions:
            check_addition(addition)
        with self._lock:
            owned = [self._owned(addition) for addition in additions if addition.entry_id not in self._additions]
            for one in owned:
                if one.addition.customer_id in self._erased:
                    raise KeyDestroyed(one.addition.customer_id)
            before = self._last_number
            for one in owned:
                if one.addition.entry_id not in self._additions:
                    self._last_number += 1
                    one.number = self._last_number
                    self._additions[one.addition.entry_id] = one
            return self._last_number - before

    def _owned(self, addition: AnyAddition) -> _Added:
        numbers = self._numbers.get(addition.contact_id or "")
        if not numbers:
            return _Added(0, None, addition)
        contact = self._contacts[max(numbers)]
        if addition.customer_id is None and contact.customer_id:
            addition = msgspec.structs.replace(addition, customer_id=contact.customer_id)
        return _Added(0, contact.number, addition)

    # ---- asking -------------------------------------------------------------------------------------------------

    def customer(self, *customer_ids: str, contacts: int = 10) -> CustomerCard:
        """Return a customer's card; see ``ccroute.ports.HistoryStore``."""
        check_customer_ids(customer_ids)
        check_page_size(contacts)
        with self._lock:
            rows = self._chosen(ContactFilter(customer_ids=list(customer_ids)))
            last_legs = [
                (row.last_leg_at_us, row.number, row.last_agent_id)
                for row in rows
                if row.last_leg_at_us is not None and row.last_agent_id is not None
            ]
            last = max(last_legs, default=None)
            conversations = [row.conversation_id for row in rows if row.conversation_id and row.ended_at_us is None]
            return telling.card(
                customer_ids,
                [(row.channel, row.state, 1) for row in rows],
                (rows[-1].began_at_us, rows[0].began_at_us) if rows else (None, None),
                None if last is None else (last[2], last[0]),
                conversations[0] if conversations else None,
                rows[:contacts],
            )

    def contact(self, contact_id: str) -> ContactStory | None:
        """Return a contact and all that belongs to it; see ``ccroute.ports.HistoryStore``."""
        check_id("contact_id", contact_id)
        with self._lock:
            rows = [row for row in self._contacts.values() if row.contact_id == contact_id]
            return self._story(max(rows, key=lambda row: row.number)) if rows else None

    def contacts(
        self, chosen: ContactFilter = _EVERYTHING, *, page_size: int = 50, cursor: str | None = None
    ) -> ContactPage:
        """Return a page of contacts, newest first; see ``ccroute.ports.HistoryStore``."""
        with self._lock:
            rows, after = self._page_of_contacts(chosen, page_size, cursor)
            return ContactPage(contacts=[telling.past_contact(row) for row in rows], cursor=after)

    def stories(
        self, chosen: ContactFilter = _EVERYTHING, *, page_size: int = 50, cursor: str | None = None
    ) -> StoryPage:
        """Return a page of contacts with all that belongs to them; see ``ccroute.ports.HistoryStore``."""
        with self._lock:
            rows, after = self._page_of_contacts(chosen, page_size, cursor)
            return StoryPage(stories=[self._story(row) for row in rows], cursor=after)

    def timeline(self, *customer_ids: str, page_size: int = 50, cursor: str | None = None) -> TimelinePage:
        """Return a page of all that happened with a customer, newest first; see ``ccroute.ports.HistoryStore``."""
        check_customer_ids(customer_ids)
        with self._lock:
            return self._page_of_entries(
                lambda row: row.customer_id in customer_ids,
                lambda one: one.addition.customer_id in customer_ids,
                page_size,
                cursor,
            )

    def conversation(self, conversation_id: str, *, page_size: int = 50, cursor: str | None = None) -> TimelinePage:
        """Return a page of all that belongs to a conversation, newest first; see ``ccroute.ports.HistoryStore``."""
        check_id("conversation_id", conversation_id)
        with self._lock:
            numbers = {row.number for row in self._contacts.values() if row.conversation_id == conversation_id}
            return self._page_of_entries(
                lambda row: row.contact_number in numbers,
                lambda one: one.contact_number in numbers or one.addition.conversation_id == conversation_id,
                page_size,
                cursor,
            )

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
        """Return a page of additions in whose text all terms are, newest first; see ``ccroute.ports.HistoryStore``."""
        terms = terms_of(text)
        check_search(customer_ids, from_us, until_us)
        check_page_size(page_size)
        behind = read_cursor("search", cursor)
        with self._lock:
            found = [
                one
                for one in self._additions.values()
                if (customer_ids is None or one.addition.customer_id in customer_ids)
                and is_within(one.addition.at_us, from_us, until_us)
                and contains(searched(one.addition), terms)
            ]
            shown, after = _page("search", found, lambda one: one.place, page_size, behind)
            return TimelinePage(entries=[telling.entry_of_addition(one.addition) for one in shown], cursor=after)

    def _chosen(self, chosen: ContactFilter) -> list[ContactRow]:
        of_agent = {leg.contact_number for leg in self._legs.values() if leg.agent_id == chosen.agent_id}
        rows = [
            row
            for row in self._contacts.values()
            if (chosen.customer_ids is None or row.customer_id in chosen.customer_ids)
            and is_within(row.began_at_us, chosen.from_us, chosen.until_us)
            and (chosen.agent_id is None or row.number in of_agent)
            and chosen.queue_id in (None, row.queue_id)
            and chosen.channel in (None, row.channel)
            and chosen.disposition in (None, row.disposition)
            and chosen.conversation_id in (None, row.conversation_id)
            and chosen.state in (None, row.state)
        ]
        return sorted(rows, key=lambda row: (row.began_at_us, row.number), reverse=True)

    def _page_of_contacts(
        self, chosen: ContactFilter, page_size: int, cursor: str | None
    ) -> tuple[list[ContactRow], str | None]:
        check_filter(chosen)
        check_page_size(page_size)
        behind = read_cursor("contacts", cursor)
        return _page(
            "contacts",
            self._chosen(chosen),
            lambda row: Place(row.began_at_us, 0, row.number),
            page_size,
            behind,
        )

    def _page_of_entries(
        self,
        has_entry: Callable[[EntryRow], bool],
        has_addition: Callable[[_Added], bool],
        page_size: int,
        cursor: str | None,
    ) -> TimelinePage:
        check_page_size(page_size)
        behind = read_cursor("timeline", cursor)
        placed = list(self._placed(has_entry, has_addition))
        shown, after = _page("timeline", placed, lambda pair: pair[0], page_size, behind)
        return TimelinePage(entries=[entry for _, entry in shown], cursor=after)

    def _placed(
        self, has_entry: Callable[[EntryRow], bool], has_addition: Callable[[_Added], bool]
    ) -> Iterator[tuple[Place, TimelineEntry]]:
        for row in self._entries.values():
            if has_entry(row):
                yield Place(row.at_us, 0, row.number), telling.entry(row)
        for one in self._additions.values():
            if has_addition(one):
                yield one.place, telling.entry_of_addition(one.addition)

    def _story(self, contact: ContactRow) -> ContactStory:
        number = contact.number
        placed = self._placed(lambda row: row.contact_number == number, lambda one: one.contact_number == number)
        legs = sorted((leg for leg in self._legs.values() if leg.contact_number == number), key=lambda leg: leg.number)
        return telling.story(contact, legs, [entry for _, entry in sorted(placed, key=lambda pair: pair[0])])

    # ---- forgetting ---------------------------------------------------------------------------------------------

    def forget(self, before_us: int, *, queue_id: str | None = None, texts_only: bool = False) -> Forgotten:
        """Remove what ended before a moment; see ``ccroute.ports.HistoryStore``."""
        check_forgetting(before_us, queue_id, texts_only)
        with self._lock:
            numbers = {
                row.number
                for row in self._contacts.values()
                if row.ended_at_us is not None and row.ended_at_us < before_us and queue_id in (None, row.queue_id)
            }
            additions = self._remove_additions(
                lambda one: (
                    one.contact_number in numbers
                    if one.contact_number is not None
                    else queue_id is None and one.addition.at_us < before_us
                )
            )
            if texts_only:
                return Forgotten(contacts=0, additions=additions)
            self._remove_contacts(numbers)
            return Forgotten(contacts=len(numbers), additions=additions)

    def erase(self, customer_id: str) -> Forgotten:
        """Forget who a customer was, and all that was said; see ``ccroute.ports.HistoryStore``."""
        check_id("customer_id", customer_id)
        with self._lock:
            self._erased.add(customer_id)
            rows = [row for row in self._contacts.values() if row.customer_id == customer_id]
            numbers = {row.number for row in rows}
            for row in rows:
                row.customer_id = ERASED
                row.conversation_id = None
            for entry in self._entries.values():
                if entry.customer_id == customer_id:
                    entry.customer_id = None
            additions = self._remove_additions(
                lambda one: one.addition.customer_id == customer_id or one.contact_number in numbers
            )
            return Forgotten(contacts=len(rows), additions=additions)

    def reset(self, source: str = "engine") -> None:
        """Remove what the events of a source made; see ``ccroute.ports.HistoryStore``."""
        check_id("source", source)
        with self._lock:
            if source in self._states:
                number = self._sources[source]
                self._remove_contacts({one for one in self._contacts if one // SEQS_PER_SOURCE == number})
                del self._states[source]

    def scrub(self) -> bool:
        """Return True: what was removed is nowhere any more."""
        return True

    def close(self) -> None:
        """Do nothing."""

    def _remove_contacts(self, numbers: set[int]) -> None:
        self._contacts = {number: row for number, row in self._contacts.items() if number not in numbers}
        self._legs = {number: row for number, row in self._legs.items() if row.contact_number not in numbers}
        self._legs_of = {number: legs for number, legs in self._legs_of.items() if number not in numbers}
        kept = ((contact_id, [one for one in own if one not in numbers]) for contact_id, own in self._numbers.items())
        self._numbers = {contact_id: own for contact_id, own in kept if own}
        self._entries = {number: row for number, row in self._entries.items() if row.contact_number not in numbers}

    def _remove_additions(self, is_gone: Callable[[_Added], bool]) -> int:
        gone = [entry_id for entry_id, one in self._additions.items() if is_gone(one)]
        for entry_id in gone:
            del self._additions[entry_id]
        return len(gone)


def _page(
    of: str, rows: Iterable[_Row], place: Callable[[_Row], Place], page_size: int, behind: Place | None
) -> tuple[list[_Row], str | None]:
    """Return the rows of a page, newest first, and the cursor behind it."""
    ordered = sorted((row for row in rows if behind is None or place(row) < behind), key=place, reverse=True)
    shown = ordered[:page_size]
    return shown, write_cursor(of, place(shown[-1])) if len(ordered) > page_size else None
