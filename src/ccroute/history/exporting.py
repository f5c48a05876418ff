"""Histories as tables for other programs, CSV or Parquet, and all that is known of one customer.

Rows come a page at a time, newest first, so that the length of a history costs no memory. What is written meanwhile may
be among them or not.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, TextIO

import msgspec

from ccroute.errors import ExtraMissing
from ccroute.history.words import text_of
from ccroute.ports import HistoryStore
from ccroute.timeline import (
    PAGE_SIZE_MAX,
    ContactFilter,
    ContactStory,
    PastContact,
    PastLeg,
    SurveyAnswer,
    TimelineEntry,
)

if TYPE_CHECKING:
    import pyarrow

__all__ = ["Table", "customer_data", "write_csv", "write_parquet"]

_EVERYTHING: Final = ContactFilter()
_STORIES_AT_ONCE: Final = 200

_ENTRY_FIELDS: Final = ("at_us", "kind", "contact_id", "customer_id", "agent_id", "queue_id", "channel")
_NUMBERS: Final = frozenset({"legs", "score"})


class Table(enum.StrEnum):
    """What of a history is written."""

    CONTACTS = "contacts"
    """A row per contact."""
    LEGS = "legs"
    """A row per leg, with the ids of its contact."""
    ENTRIES = "entries"
    """A row per entry of the timelines of contacts."""


_COLUMNS: Final[dict[Table, tuple[str, ...]]] = {
    Table.CONTACTS: PastContact.__struct_fields__,
    Table.LEGS: ("contact_id", "customer_id", *PastLeg.__struct_fields__),
    Table.ENTRIES: (*_ENTRY_FIELDS, "details"),
}
_TEXT_COLUMNS: Final = ("entry_id", "text", "score")


def write_csv(
    history: HistoryStore,
    of: Table,
    target: TextIO,
    chosen: ContactFilter = _EVERYTHING,
    *,
    with_texts: bool = False,
) -> int:
    """Write a table as CSV, with a line of names, and return how many rows it has. What is missing is an empty cell.

    :param target: opened with ``newline=""``.
    :param chosen: which contacts.
    :param with_texts: entries also with what was said, which is personal. A spreadsheet may take a cell that begins
        with ``=`` for a formula.
    :raises StorageError: the history could not be read.
    """
    import csv  # which the command line needs for this alone

    writer = csv.writer(target)
    writer.writerow(_columns(of, with_texts=with_texts))
    count = 0
    for page in _pages(history, of, chosen, with_texts=with_texts):
        writer.writerows(page)
        count += len(page)
    return count


def write_parquet(
    history: HistoryStore,
    of: Table,
    path: str | os.PathLike[str],
    chosen: ContactFilter = _EVERYTHING,
    *,
    with_texts: bool = False,
) -> int:
    """Write a table as a Parquet file and return how many rows it has. Times and lengths are 64-bit microseconds.

    :param chosen: which contacts.
    :param with_texts: entries also with what was said, which is personal.
    :raises ExtraMissing: the extra ``parquet`` is not installed.
    :raises StorageError: the history could not be read.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ExtraMissing("parquet", "Parquet files") from error
    names = _columns(of, with_texts=with_texts)
    schema = pyarrow.schema([(name, _type_of(name)) for name in names])
    count = 0
    with parquet.ParquetWriter(os.fspath(path), schema) as writer:
        for page in _pages(history, of, chosen, with_texts=with_texts):
            columns = list(zip(*page, strict=True)) or [()] * len(names)
            arrays = [pyarrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
            count += len(page)
    return count


def _type_of(name: str) -> pyarrow.DataType:
    import pyarrow

    return pyarrow.int64() if name.endswith("_us") or name in _NUMBERS else pyarrow.string()


def customer_data(history: HistoryStore, *customer_ids: str) -> dict[str, Any]:
    """Return all that a history knows of a customer, as it goes into JSON: contacts, and the timeline, newest first.

    :param customer_ids: all ids under which the customer is known, 1 to 100.
    :raises StorageError: the history could not be read.
    """
    stories: list[ContactStory] = []
    chosen = ContactFilter(customer_ids=list(customer_ids))
    for page in _story_pages(history, chosen):
        stories += page
    entries: list[TimelineEntry] = []
    cursor = None
    while True:
        timeline = history.timeline(*customer_ids, page_size=PAGE_SIZE_MAX, cursor=cursor)
        entries += timeline.entries
        cursor = timeline.cursor
        if cursor is None:
            break
    told: dict[str, Any] = msgspec.to_builtins(
        {
            "customer_ids": list(customer_ids),
            "contacts": [{"contact": one.contact, "legs": one.legs} for one in stories],
            "timeline": entries,
        }
    )
    return told


def _columns(of: Table, *, with_texts: bool) -> tuple[str, ...]:
    return _COLUMNS[of] + _TEXT_COLUMNS if of is Table.ENTRIES and with_texts else _COLUMNS[of]


def _pages(
    history: HistoryStore, of: Table, chosen: ContactFilter, *, with_texts: bool
) -> Iterator[list[tuple[object, ...]]]:
    if of is Table.CONTACTS:
        cursor = None
        while True:
            page = history.contacts(chosen, page_size=PAGE_SIZE_MAX, cursor=cursor)
            yield [_plain(msgspec.structs.astuple(contact)) for contact in page.contacts]
            cursor = page.cursor
            if cursor is None:
                return
    for stories in _story_pages(history, chosen):
        if of is Table.LEGS:
            yield [
                _plain((story.contact.contact_id, story.contact.customer_id, *msgspec.structs.astuple(leg)))
                for story in stories
                for leg in story.legs
            ]
        else:
            yield [_entry(one, with_texts=with_texts) for story in stories for one in reversed(story.entries)]


def _story_pages(history: HistoryStore, chosen: ContactFilter) -> Iterator[list[ContactStory]]:
    cursor = None
    while True:
        page = history.stories(chosen, page_size=_STORIES_AT_ONCE, cursor=cursor)
        yield page.stories
        cursor = page.cursor
        if cursor is None:
            return


def _plain(values: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(value.value if isinstance(value, enum.Enum) else value for value in values)


def _entry(entry: TimelineEntry, *, with_texts: bool) -> tuple[object, ...]:
    details = msgspec.json.encode(entry.details).decode() if entry.details else None
    row: tuple[object, ...] = (*(getattr(entry, name) for name in _ENTRY_FIELDS), details)
    if not with_texts:
        return row
    addition = entry.addition
    if addition is None:
        return (*row, None, None, None)
    score = addition.score if isinstance(addition, SurveyAnswer) else None
    return (*row, addition.entry_id, text_of(addition), score)
