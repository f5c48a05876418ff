"""Histories keep what they promise."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

import pytest

from ccroute.history import MemoryHistory
from ccroute.ports import HistoryStore
from ccroute.testing.history import check_history
from ccroute.timeline import Forgotten, TimelinePage


def test_a_history_keeps_its_promises() -> None:
    check_history(MemoryHistory)


class Broken:
    """A history that does one thing wrong."""

    def __init__(self, name: str, does: Callable[..., object]) -> None:
        self._history = MemoryHistory()
        self._name = name
        self._does = does

    def __getattr__(self, name: str) -> object:
        return self._does if name == self._name else getattr(self._history, name)


@pytest.mark.parametrize(
    ("name", "does", "told"),
    [
        ("write", lambda *given, **named: 0, "write returns the seq of the last event: expected 5, got 0"),
        ("through_seq", lambda *given: 1, "an empty history has no event"),
        ("add", lambda *given: 1, "a conversation has its contacts and what lies between"),
        ("search", lambda *given, **named: TimelinePage(entries=[], cursor=None), "InvalidArgument was not raised"),
        ("erase", lambda *given: Forgotten(contacts=0, additions=0), "erasing tells what went"),
    ],
)
def test_a_broken_promise_is_told(name: str, does: Callable[..., object], told: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(told)):
        check_history(lambda: cast(HistoryStore, Broken(name, does)))
