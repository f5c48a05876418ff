"""Structs of personal data and stand-ins for values do not show what they hold."""

from __future__ import annotations

import io
import pickle
from typing import ClassVar

import pytest
from rich.console import Console

from ccroute.personal import Personal, Withheld, withheld

pytestmark = pytest.mark.outer


class Note(Personal, frozen=True, kw_only=True):
    """A note."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"note_id"})

    note_id: str
    text: str
    author: str | None = None


NOTE = Note(note_id="n1", text="canary", author=None)


def test_a_struct_shows_ids_and_hides_the_rest() -> None:
    assert repr(NOTE) == "Note(note_id='n1', text=…, author=None)"
    assert f"{NOTE}" == repr(NOTE)
    assert repr([NOTE]) == f"[{NOTE}]"


def test_rich_shows_no_more() -> None:
    output = io.StringIO()
    console = Console(file=output, width=200)
    console.print(NOTE)
    console.print({"a": [NOTE]})
    assert "canary" not in output.getvalue()
    assert "note_id='n1'" in output.getvalue()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("canary", "a text of 6 characters"),
        (b"canary", "6 bytes"),
        (["canary"], "of type <class 'list'>"),
        (type("Text", (str,), {})("canary"), "of type <class 'tests.test_personal.Text'>"),
    ],
)
def test_a_withheld_value_tells_its_kind(value: object, told: str) -> None:
    hidden = withheld(value)
    assert repr(hidden) == told
    assert hidden == Withheld(told)
    assert hash(hidden) == hash(Withheld(told))
    assert hidden != told
    assert pickle.loads(pickle.dumps(hidden)) == hidden
