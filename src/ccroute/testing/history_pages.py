"""What every history must do that tells long lists: pages make up the whole, whatever is written meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ccroute.errors import InvalidArgument
from ccroute.ports import HistoryStore
from ccroute.testing.small_day import AT, SECOND, is_so, message, raises, written
from ccroute.timeline import Note, TimelineEntry, TimelinePage

__all__ = ["pages", "pages_other_lists", "pages_what_it_finds", "pages_while_written"]

_T = TypeVar("_T")


def pages(history: HistoryStore) -> None:
    """A timeline comes in pages, and so do contacts; other cursors are refused."""
    written(history)
    history.add(message("m-1", 1, "hello"), message("m-2", 1, "hello?"), message("m-3", 90, "thanks"))
    whole = history.timeline("ann", page_size=1_000)
    is_so(whole.cursor, None, "the last page has no cursor")
    for page_size in (1, 2, 3, 7):
        entries: list[TimelineEntry] = []
        cursor = None
        while True:
            page = history.timeline("ann", page_size=page_size, cursor=cursor)
            entries += page.entries
            cursor = page.cursor
            if cursor is None:
                break
            is_so(len(page.entries), page_size, "a page that is not the last one is full")
        is_so(entries, whole.entries, f"pages of {page_size} make up the whole")
    contacts = history.contacts(page_size=2)
    rest = history.contacts(page_size=2, cursor=contacts.cursor)
    is_so(contacts.contacts + rest.contacts, history.contacts().contacts, "pages of contacts make up the whole")
    is_so(rest.cursor, None, "a last page that is full has no cursor either")
    for cursor in ("", "nonsense", "QQ==", contacts.cursor):
        raises(InvalidArgument, lambda cursor=cursor: history.timeline("ann", cursor=cursor), f"cursor {cursor!r}")  # type: ignore[misc]


def _walked(read: Callable[[str | None], tuple[list[_T], str | None]], what: str) -> list[list[_T]]:
    """Return the pages of a list, from the first to the last."""
    walked: list[list[_T]] = []
    cursor: str | None = None
    for _ in range(100):
        rows, cursor = read(cursor)
        walked.append(rows)
        if cursor is None:
            return walked
    raise AssertionError(f"{what} come to an end: 100 pages of 3 did not")


def pages_other_lists(history: HistoryStore) -> None:
    """Contacts, stories and conversations come in pages, too."""
    written(history)
    history.add(*(message(f"m-{number}", number // 2, "hello") for number in range(8)))

    def contacts(cursor: str | None) -> tuple[list[object], str | None]:
        page = history.contacts(page_size=3, cursor=cursor)
        return list(page.contacts), page.cursor

    def stories(cursor: str | None) -> tuple[list[object], str | None]:
        page = history.stories(page_size=3, cursor=cursor)
        return list(page.stories), page.cursor

    def conversation(cursor: str | None) -> tuple[list[object], str | None]:
        page = history.conversation("talk-1", page_size=3, cursor=cursor)
        return list(page.entries), page.cursor

    for what, read, whole in (
        ("contacts", contacts, list[object](history.contacts(page_size=1_000).contacts)),
        ("stories", stories, list[object](history.stories(page_size=1_000).stories)),
        ("a conversation", conversation, list[object](history.conversation("talk-1", page_size=1_000).entries)),
    ):
        walked = _walked(read, f"pages of {what}")
        is_so([row for rows in walked for row in rows], whole, f"pages of {what} make up the whole")
        is_so({len(rows) for rows in walked[:-1]}, {3}, f"a page of {what} has as many as were asked for")


def pages_while_written(history: HistoryStore) -> None:
    """Who turns pages sees everything that was there at first, each once, whatever comes meanwhile."""
    written(history)
    history.add(*(message(f"m-{number}", 10 * number, "hello") for number in range(10)))
    whole = _entry_ids(history.timeline("ann", page_size=1_000))
    seen: list[str] = []
    cursor = None
    for turn in range(len(whole) + 1):
        page = history.timeline("ann", page_size=4, cursor=cursor)
        seen += _entry_ids(page)
        cursor = page.cursor
        if cursor is None:
            break
        later = Note(entry_id=f"later-{turn}", at_us=AT + (500 + turn) * SECOND, customer_id="ann", body="meanwhile")
        history.add(later)
    is_so(seen, whole, "pages go on where they ended, though something newer is written meanwhile")


def _entry_ids(page: TimelinePage) -> list[str]:
    return [
        f"{one.kind} at {one.at_us - AT}" if one.addition is None else one.addition.entry_id for one in page.entries
    ]


def pages_what_it_finds(history: HistoryStore) -> None:
    """So does what is found."""
    history.add(*(message(f"m-{number}", number // 10, f"number {number}") for number in range(45)))
    whole = _entry_ids(history.search("number", from_us=0, page_size=1_000))
    is_so(sorted(whole), sorted(f"m-{number}" for number in range(45)), "everything is found")
    for page_size in (1, 10, 44):
        found: list[str] = []
        cursor = None
        while True:
            page = history.search("number", from_us=0, page_size=page_size, cursor=cursor)
            found += _entry_ids(page)
            cursor = page.cursor
            if cursor is None:
                break
        is_so(found, whole, f"pages of {page_size} make up what is found")
