"""How long what is kept: rules per queue, carried out by whoever has a clock."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ccroute.history.checking import check_moment
from ccroute.ports import HistoryStore
from ccroute.timeline import Forgotten

__all__ = ["RetentionRule", "apply_retention"]


class RetentionRule(msgspec.Struct, frozen=True, kw_only=True):
    """How long contacts are kept, counted from their ends. Several rules may hold for a queue: the shortest counts."""

    queue_id: str | None = None
    """Contacts that were in this queue last; None: all, and what belongs to no contact, too."""
    contacts_us: int | None = None
    """How long a contact is kept, with all that belongs to it, microseconds; None: for ever."""
    texts_us: int | None = None
    """How long messages, notes, recordings and answers are kept, microseconds; None: as long as their contact."""


def apply_retention(history: HistoryStore, rules: Sequence[RetentionRule], now_us: int) -> Forgotten:
    """Forget what the rules do not keep any longer, and return how much that was. May be repeated at any time.

    Contacts that have not ended are kept, however old.

    :param now_us: the present, microseconds since the Unix epoch.
    :raises InvalidArgument: ``now_us`` is no moment, or a rule keeps something for less than nothing.
    :raises StorageError: the history could not be written; what is gone is gone.
    """
    check_moment("now_us", now_us)
    for rule in rules:
        for name in ("contacts_us", "texts_us"):
            if getattr(rule, name) is not None:
                check_moment(name, getattr(rule, name))
    contacts = additions = 0
    for rule in rules:
        for kept_us, texts_only in ((rule.contacts_us, False), (rule.texts_us, True)):
            if kept_us is not None:
                gone = history.forget(max(0, now_us - kept_us), queue_id=rule.queue_id, texts_only=texts_only)
                contacts += gone.contacts
                additions += gone.additions
    return Forgotten(contacts=contacts, additions=additions)
