"""Histories as tables, all about one customer, and what is kept no longer."""

from __future__ import annotations

import builtins
import csv
import io
import json
from pathlib import Path

import pytest
from pyarrow import parquet

from ccroute.errors import ExtraMissing, OutOfRange
from ccroute.history import (
    MemoryHistory,
    RetentionRule,
    Table,
    apply_retention,
    customer_data,
    write_csv,
    write_parquet,
)
from ccroute.history import exporting as exporting_module
from ccroute.testing.history import history_events
from ccroute.timeline import ContactFilter, Message, Note, PastContact, PastLeg, Recording, SurveyAnswer

pytestmark = pytest.mark.outer

DAY_US = 24 * 3_600 * 1_000_000


@pytest.fixture
def history() -> MemoryHistory:
    """Give a history of a day, with what was said."""
    made = MemoryHistory()
    events = history_events()
    made.write(events)
    at_us = events[-1].at_us
    made.add(
        Message(
            entry_id="m", at_us=at_us, contact_id="call-2", customer_id="bob", body='a, "b"\n=c', from_customer=True
        ),
        Recording(entry_id="r", at_us=at_us, contact_id="call-2", reference="calls/2.ogg", length_us=5),
        SurveyAnswer(entry_id="s", at_us=at_us, contact_id="call-2", question="happy?", answer="no", score=1),
        Note(entry_id="n", at_us=at_us, customer_id="ann", agent_id="maxim", body="likes tea"),
    )
    return made


def rows_of(history: MemoryHistory, of: Table, **options: bool) -> list[dict[str, str]]:
    """Return a table as it is read back from CSV."""
    target = io.StringIO(newline="")
    count = write_csv(history, of, target, **options)
    rows = list(csv.DictReader(io.StringIO(target.getvalue(), newline="")))
    assert len(rows) == count
    return rows


def test_contacts_are_written(history: MemoryHistory) -> None:
    rows = rows_of(history, Table.CONTACTS)
    assert list(rows[0]) == list(PastContact.__struct_fields__)
    assert [row["contact_id"] for row in rows] == ["chat-1", "mail-3", "call-2", "chat-1"]
    assert (rows[2]["state"], rows[2]["reason"], rows[2]["last_agent_id"]) == ("abandoned", "hung up", "")


def test_legs_are_written(history: MemoryHistory) -> None:
    rows = rows_of(history, Table.LEGS)
    assert list(rows[0]) == ["contact_id", "customer_id", *PastLeg.__struct_fields__]
    assert [(row["contact_id"], row["agent_id"], row["reason"]) for row in rows] == [
        ("chat-1", "maxim", "transferred"),
        ("chat-1", "dorit", "completed"),
    ]


def test_entries_are_written_without_what_was_said(history: MemoryHistory) -> None:
    rows = rows_of(history, Table.ENTRIES)
    assert "text" not in rows[0]
    transferred = [row for row in rows if row["kind"] == "contact.transferred"]
    assert json.loads(transferred[0]["details"])["to_queue_id"] == "loans"


def test_entries_are_written_with_what_was_said(history: MemoryHistory) -> None:
    rows = rows_of(history, Table.ENTRIES, with_texts=True)
    said = [(row["entry_id"], row["text"], row["score"]) for row in rows if row["entry_id"]]
    assert said == [("s", "no", "1"), ("r", "calls/2.ogg", ""), ("m", 'a, "b"\n=c', "")]


def test_pages_make_up_the_table(history: MemoryHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [rows_of(history, of) for of in Table]
    monkeypatch.setattr(exporting_module, "PAGE_SIZE_MAX", 1)
    monkeypatch.setattr(exporting_module, "_STORIES_AT_ONCE", 1)
    assert [rows_of(history, of) for of in Table] == whole


@pytest.mark.parametrize("of", Table)
def test_parquet_has_what_csv_has(history: MemoryHistory, of: Table, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    count = write_parquet(history, of, path, with_texts=True)
    read = parquet.read_table(path)
    rows = rows_of(history, of, with_texts=True)
    assert count == len(rows)
    assert [{name: "" if v is None else str(v) for name, v in row.items()} for row in read.to_pylist()] == rows
    times = [field.name for field in read.schema if field.name.endswith("_us")]
    assert times
    assert {str(read.schema.field(name).type) for name in times} == {"int64"}


def test_an_empty_table_has_names(tmp_path: Path) -> None:
    assert write_csv(MemoryHistory(), Table.CONTACTS, target := io.StringIO()) == 0
    assert target.getvalue().startswith("contact_id,")
    assert write_parquet(MemoryHistory(), Table.LEGS, tmp_path / "table.parquet") == 0
    assert parquet.read_table(tmp_path / "table.parquet").column_names[0] == "contact_id"


def test_parquet_needs_its_extra(history: MemoryHistory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == "pyarrow":
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExtraMissing):
        write_parquet(history, Table.LEGS, tmp_path / "table.parquet")


def test_all_about_a_customer_is_told(history: MemoryHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting_module, "PAGE_SIZE_MAX", 2)
    told = json.loads(json.dumps(customer_data(history, "bob", "ann")))
    assert told["customer_ids"] == ["bob", "ann"]
    assert [one["contact"]["contact_id"] for one in told["contacts"]] == ["chat-1", "mail-3", "call-2", "chat-1"]
    assert [len(one["legs"]) for one in told["contacts"]] == [0, 0, 0, 2]
    assert [one["addition"]["entry_id"] for one in told["timeline"] if one["addition"]] == ["n", "s", "r", "m"]
    assert [one["contact"]["contact_id"] for one in customer_data(history, "bob")["contacts"]] == ["call-2"]


def test_rules_say_how_long_what_is_kept(history: MemoryHistory) -> None:
    now_us = history_events()[-1].at_us + 30 * DAY_US
    rules = [
        RetentionRule(queue_id="support", texts_us=29 * DAY_US),
        RetentionRule(queue_id="loans", contacts_us=29 * DAY_US),
        RetentionRule(contacts_us=365 * DAY_US),
    ]
    gone = apply_retention(history, rules, now_us)
    assert (gone.contacts, gone.additions) == (1, 3)
    assert [one.contact_id for one in history.contacts().contacts] == ["chat-1", "mail-3", "call-2"]
    assert apply_retention(history, rules, now_us).additions == 0
    gone = apply_retention(history, rules, now_us + 365 * DAY_US)
    assert (gone.contacts, gone.additions) == (1, 1)
    assert [one.contact_id for one in history.contacts(ContactFilter()).contacts] == ["chat-1", "mail-3"]
    with pytest.raises(OutOfRange):
        apply_retention(history, rules, -1)
