"""Callbacks that are owed: nothing that was missed is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from ccroute.engine.queries import contacts_behind, page
from ccroute.types import ContactState

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["MissedCallback", "missed"]

_STATES: Final = (None, *ContactState)


class MissedCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that is owed to a customer."""

    contact_id: str
    """The callback, a contact of its own."""
    handle: int
    """Its integer handle."""
    parent_id: str | None
    """The contact it came from."""
    customer_id: str | None
    """As given at enqueue."""
    queue_id: str
    """The queue it waits in, or will."""
    state: ContactState
    """Scheduled, queued, parked or active."""
    attempts: int
    """Calls so far that did not connect."""
    created_at_us: int
    """When it was made, by a command or by the engine; what was scheduled then may have fallen due later."""
    due_at_us: int | None
    """When it waits in line again; None: it is not scheduled."""
    expires_at_us: int
    """When it is given up, unless an agent is at work on it."""


def missed(names: Names, *, after: str | int | None = None, limit: int = 100) -> list[MissedCallback]:
    """Return a page of callbacks that are owed, in order of creation. O(contacts · log contacts)."""

    def is_owed(slot: int) -> bool:
        return int(names.acd.contact(slot).get("expires_at_us", -1)) >= 0

    return [_missed(names, slot) for slot in page(contacts_behind(names, after), is_owed, limit)]


def _missed(names: Names, slot: int) -> MissedCallback:
    known = names.acd.contact(slot)
    first = names.contacts[slot]
    state = _STATES[known["state"]]
    assert state is not None
    return MissedCallback(
        contact_id=first.contact_id,
        handle=known["handle"],
        parent_id=first.parent_id,
        customer_id=first.customer_id,
        queue_id=names.queue_ids[known["queue"]],
        state=state,
        attempts=known["attempts"],
        created_at_us=known["made_at_us"],
        due_at_us=known["parked_until_us"] if state is ContactState.SCHEDULED else None,
        expires_at_us=known["expires_at_us"],
    )
