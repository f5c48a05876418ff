"""What a history in a database is asked: cards, contacts, timelines and searches, a page at a time.

Pages go on behind the last row that was shown, by its moment and number, so that a page costs the same wherever it is
and nothing is shown twice, whatever is written meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from ccroute.history import telling
from ccroute.history.checking import (
    check_customer_ids,
    check_filter,
    check_page_size,
    check_search,
    is_within,
)
from ccroute.history.cursors import Place, read_cursor, write_cursor
from ccroute.history.projecting import ContactRow, LegRow
from ccroute.history.rows import (
    CONTACT_COLUMNS,
    ENTRY_COLUMNS,
    LEG_COLUMNS,
    chunks,
    contact_rows,
    entry_rows,
    leg_rows,
    marks,
    padded,
)
from ccroute.history.sealing import ADDITION_COLUMNS, Sealing, open_entry
from ccroute.history.searching import PLACES_PER_US, SearchIndex
from ccroute.history.words import contains, searched, terms_of
from ccroute.storage.database import Database, Row, Session, Value
from ccroute.storage.ids import check_id
from ccroute.storage.vault import Vault
from ccroute.timeline import (
    ContactFilter,
    ContactPage,
    ContactStory,
    CustomerCard,
    StoryPage,
    TimelineEntry,
    TimelinePage,
)
from ccroute.types import TIME_US_MAX

__all__ = ["Asking"]

_EVERYTHING: Final = ContactFilter()

_CANDIDATES_AT_ONCE: Final = 200
_CANDIDATES_MAX: Final = 5_000
"""Additions that one page of a search looks at; it ends there, with a cursor, however few it found."""

_ENTRYS_CONTACT: Final = ENTRY_COLUMNS.split(", ").index("contact_number")
_ADDITIONS_CONTACT: Final = ADDITION_COLUMNS.split(", ").index("contact_number")

_Placed = tuple[Place, TimelineEntry]


class Asking:
    """The questions of a history in a database; what is written is in :mod:`ccroute.history.store`."""

    _database: Database
    _index: SearchIndex
    _vault: Vault | None

    if TYPE_CHECKING:

        def index_pending(self) -> None:
            """Bring the search index up to what is stored."""

    def customer(self, *customer_ids: str, contacts: int = 10) -> CustomerCard:
        """Return a customer's card; see ``ccroute.ports.HistoryStore``."""
        check_customer_ids(customer_ids)
        check_page_size(contacts)
        wanted = padded(customer_ids)
        theirs = f"customer_id IN ({marks(len(wanted))})"
        with self._database.reading() as session:
            counts = session.execute(
                f"SELECT channel, state, count(*), min(began_at_us), max(began_at_us) FROM contacts WHERE {theirs} "
                "GROUP BY channel, state",
                wanted,
            )
            # Fenced off, so that no planner walks all contacts from the newest in search of theirs.
            legs = session.execute(
                "WITH theirs AS MATERIALIZED (SELECT last_agent_id, last_leg_at_us, number FROM contacts "
                f"WHERE {theirs} AND last_leg_at_us IS NOT NULL) "
                "SELECT last_agent_id, last_leg_at_us FROM theirs ORDER BY last_leg_at_us DESC, number DESC LIMIT 1",
                wanted,
            )
            conversations = session.execute(
                "WITH theirs AS MATERIALIZED (SELECT conversation_id, began_at_us, number FROM contacts "
                f"WHERE {theirs} AND ended_at_us IS NULL AND conversation_id IS NOT NULL) "
                "SELECT conversation_id FROM theirs ORDER BY began_at_us DESC, number DESC LIMIT 1",
                wanted,
            )
            last = _contacts(session, ContactFilter(customer_ids=list(customer_ids)), None, contacts)
        return telling.card(
            customer_ids,
            [(channel, state, int(count)) for channel, state, count, _, _ in counts],
            (min((row[3] for row in counts), default=None), max((row[4] for row in counts), default=None)),
            (legs[0][0], legs[0][1]) if legs else None,
            conversations[0][0] if conversations else None,
            last,
        )

    def contact(self, contact_id: str) -> ContactStory | None:
        """Return a contact and all that belongs to it; see ``ccroute.ports.HistoryStore``."""
        check_id("contact_id", contact_id)
        with self._database.reading() as session:
            rows = session.execute(
                f"SELECT {CONTACT_COLUMNS} FROM contacts WHERE contact_id = ? ORDER BY number DESC LIMIT 1",
                (contact_id,),
            )
            stories = self._stories(session, contact_rows(rows))
        return stories[0] if stories else None

    def contacts(
        self, chosen: ContactFilter = _EVERYTHING, *, page_size: int = 50, cursor: str | None = None
    ) -> ContactPage:
        """Return a page of contacts, newest first; see ``ccroute.ports.HistoryStore``."""
        with self._database.reading() as session:
            rows, after = _page_of_contacts(session, chosen, page_size, cursor)
        return ContactPage(contacts=[telling.past_contact(row) for row in rows], cursor=after)

    def stories(
        self, chosen: ContactFilter = _EVERYTHING, *, page_size: int = 50, cursor: str | None = None
    ) -> StoryPage:
        """Return a page of contacts with all that belongs to them; see ``ccroute.ports.HistoryStore``."""
        with self._database.reading() as session:
            rows, after = _page_of_contacts(session, chosen, page_size, cursor)
            return StoryPage(stories=self._stories(session, rows), cursor=after)

    def timeline(self, *customer_ids: str, page_size: int = 50, cursor: str | None = None) -> TimelinePage:
        """Return a page of all that happened with a customer, newest first; see ``ccroute.ports.HistoryStore``."""
        check_customer_ids(customer_ids)
        wanted = padded(customer_ids)
        theirs = f"customer_id IN ({marks(len(wanted))})"
        return self._page((theirs, wanted), (theirs, wanted), page_size, cursor)

    def conversation(self, conversation_id: str, *, page_size: int = 50, cursor: str | None = None) -> TimelinePage:
        """Return a page of all that belongs to a conversation, newest first; see ``ccroute.ports.HistoryStore``."""
        check_id("conversation_id", conversation_id)
        of_contacts = "contact_number IN (SELECT number FROM contacts WHERE conversation_id = ?)"
        return self._page(
            (of_contacts, [conversation_id]),
            (f"({of_contacts} OR conversation_id = ?)", [conversation_id, conversation_id]),
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
        first = (from_us or 0) * PLACES_PER_US
        last = (TIME_US_MAX + 1 if until_us is None else until_us) * PLACES_PER_US - 1
        last = last if behind is None else min(last, behind.number - 1)
        self.index_pending()
        found: list[tuple[int, TimelineEntry]] = []
        looked_at = 0
        while True:
            candidates = self._index.find(terms, customer_ids, first=first, last=last, most=_CANDIDATES_AT_ONCE)
            for place, entry in self._candidates(candidates):
                addition = entry.addition
                if (
                    addition is not None
                    and (customer_ids is None or addition.customer_id in customer_ids)
                    and is_within(entry.at_us, from_us, until_us)
                    and contains(searched(addition), terms)
                ):
                    found.append((place, entry))
            is_last = len(candidates) < _CANDIDATES_AT_ONCE
            looked_at += len(candidates)
            if is_last or len(found) > page_size or looked_at >= _CANDIDATES_MAX:
                break
            last = candidates[-1][0] - 1
        return _page_of_search(found, page_size, None if is_last else candidates[-1][0])

    def _candidates(self, candidates: Sequence[tuple[int, int]]) -> list[tuple[int, TimelineEntry]]:
        """Return what the index found, in its order; what was removed meanwhile is left out."""
        opened: dict[int, TimelineEntry] = {}
        sealing = Sealing(self._vault)
        with self._database.reading() as session:
            for some in chunks([number for _, number in candidates]):
                wanted = padded(some)
                rows = session.execute(
                    f"SELECT {ADDITION_COLUMNS} FROM additions WHERE number IN ({marks(len(wanted))})", wanted
                )
                opened |= {int(row[0]): open_entry(sealing, row) for row in rows}
        return [(place, opened[number]) for place, number in candidates if number in opened]

    def _page(
        self,
        of_entries: tuple[str, Sequence[Value]],
        of_additions: tuple[str, Sequence[Value]],
        page_size: int,
        cursor: str | None,
    ) -> TimelinePage:
        """Return a page of entries and additions, merged, newest first."""
        check_page_size(page_size)
        behind = read_cursor("timeline", cursor)
        with self._database.reading() as session:
            entries = _newest(session, ENTRY_COLUMNS, "entries", of_entries, _bound(behind, 0), page_size + 1)
            additions = _newest(session, ADDITION_COLUMNS, "additions", of_additions, _bound(behind, 1), page_size + 1)
        placed = self._placed(entries, additions)
        shown = sorted(placed, key=_place_of, reverse=True)[: page_size + 1]
        more = len(shown) > page_size
        shown = shown[:page_size]
        return TimelinePage(
            entries=[entry for _, entry in shown],
            cursor=write_cursor("timeline", shown[-1][0]) if more else None,
        )

    def _placed(self, entries: Iterable[Row], additions: Iterable[Row]) -> list[_Placed]:
        sealing = Sealing(self._vault)
        placed = [(Place(row.at_us, 0, row.number), telling.entry(row)) for row in entry_rows(entries)]
        return placed + [(Place(row[1], 1, row[0]), open_entry(sealing, row)) for row in additions]

    def _stories(self, session: Session, contacts: Sequence[ContactRow]) -> list[ContactStory]:
        """Return contacts with their legs and their newest entries."""
        legs: dict[int, list[LegRow]] = {row.number: [] for row in contacts}
        placed: dict[int, list[_Placed]] = {row.number: [] for row in contacts}
        for some in chunks(list(legs)):
            wanted = padded(some)
            rows = session.execute(
                f"SELECT {LEG_COLUMNS} FROM legs WHERE contact_number IN ({marks(len(wanted))}) ORDER BY number", wanted
            )
            for leg in leg_rows(rows):
                legs[leg.contact_number].append(leg)
            entries = _newest_of_each(session, ENTRY_COLUMNS, "entries", wanted)
            additions = _newest_of_each(session, ADDITION_COLUMNS, "additions", wanted)
            numbers = [row[_ENTRYS_CONTACT] for row in entries] + [row[_ADDITIONS_CONTACT] for row in additions]
            for number, one in zip(numbers, self._placed(entries, additions), strict=True):
                placed[number].append(one)
        return [
            telling.story(row, legs[row.number], [entry for _, entry in sorted(placed[row.number], key=_place_of)])
            for row in contacts
        ]


def _page_of_contacts(
    session: Session, chosen: ContactFilter, page_size: int, cursor: str | None
) -> tuple[list[ContactRow], str | None]:
    check_filter(chosen)
    check_page_size(page_size)
    rows = _contacts(session, chosen, read_cursor("contacts", cursor), page_size + 1)
    if len(rows) <= page_size:
        return rows, None
    last = rows[page_size - 1]
    return rows[:page_size], write_cursor("contacts", Place(last.began_at_us, 0, last.number))


def _contacts(session: Session, chosen: ContactFilter, behind: Place | None, most: int) -> list[ContactRow]:
    """Return the newest contacts that are chosen."""
    conditions, values = _conditions(chosen)
    if behind is not None:
        conditions.append("(began_at_us, number) < (?, ?)")
        values += [behind.at_us, behind.number]
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    rows = session.execute(
        f"SELECT {CONTACT_COLUMNS} FROM contacts {where}ORDER BY began_at_us DESC, number DESC LIMIT ?",
        (*values, most),
    )
    return contact_rows(rows)


def _conditions(chosen: ContactFilter) -> tuple[list[str], list[Value]]:
    conditions: list[str] = []
    values: list[Value] = []
    if chosen.customer_ids is not None:
        wanted = padded(chosen.customer_ids)
        conditions.append(f"customer_id IN ({marks(len(wanted))})")
        values += wanted
    for condition, value in (
        ("began_at_us >= ?", chosen.from_us),
        ("began_at_us < ?", chosen.until_us),
        ("queue_id = ?", chosen.queue_id),
        ("channel = ?", chosen.channel),
        ("disposition = ?", chosen.disposition),
        ("conversation_id = ?", chosen.conversation_id),
        ("state = ?", None if chosen.state is None else chosen.state.value),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if chosen.agent_id is not None:
        # A leg begins no earlier than its contact.
        conditions.append("number IN (SELECT contact_number FROM legs WHERE agent_id = ? AND began_at_us >= ?)")
        values += [chosen.agent_id, chosen.from_us or 0]
    return conditions, values


def _bound(behind: Place | None, rank: int) -> tuple[int, int]:
    """Return before which moment and number the rows of a rank stand that come behind a place."""
    if behind is None:
        return TIME_US_MAX + 1, 0
    if behind.rank == rank:
        return behind.at_us, behind.number
    return (behind.at_us, -1) if behind.rank < rank else (behind.at_us + 1, -1)


def _newest(
    session: Session, columns: str, table: str, chosen: tuple[str, Sequence[Value]], before: tuple[int, int], most: int
) -> list[Row]:
    condition, values = chosen
    return session.execute(
        f"SELECT {columns} FROM {table} WHERE {condition} AND (at_us, number) < (?, ?) "
        "ORDER BY at_us DESC, number DESC LIMIT ?",
        (*values, *before, most),
    )


def _newest_of_each(session: Session, columns: str, table: str, contact_numbers: Sequence[int]) -> list[Row]:
    """Return the newest rows of each contact, as many as its story tells."""
    return session.execute(
        f"SELECT {columns} FROM (SELECT {columns}, row_number() OVER (PARTITION BY contact_number "
        f"ORDER BY at_us DESC, number DESC) AS place FROM {table} "
        f"WHERE contact_number IN ({marks(len(contact_numbers))})) AS placed WHERE place <= ?",
        (*contact_numbers, telling.STORY_ENTRIES_MAX),
    )


def _page_of_search(
    found: Sequence[tuple[int, TimelineEntry]], page_size: int, looked_down_to: int | None
) -> TimelinePage:
    """Return a page of what a search found.

    :param looked_down_to: the place of the last candidate; None: there are no more.
    """
    shown = found[:page_size]
    ends_at = shown[-1][0] if len(found) > page_size else looked_down_to
    return TimelinePage(
        entries=[entry for _, entry in shown],
        cursor=None if ends_at is None else write_cursor("search", Place(0, 1, ends_at)),
    )


def _place_of(placed: _Placed) -> Place:
    return placed[0]
