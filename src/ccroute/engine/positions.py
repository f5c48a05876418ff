"""Where a contact stands in line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ccroute.core import outlook
from ccroute.engine.queries import is_waiting

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["Position", "position"]


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Place in line by tier, overdue or not, credit and seq, among those that wait, offered or not."""

    in_class: int
    """1 is first of those that the same agents may serve at the same cost, ranks aside."""
    in_queue: int
    """1 is first in its queue, ranks aside."""
    overall: int
    """1 is first of all queues, ranks aside."""
    outranking: int
    """Contacts anywhere that come before it, by rank too, for some agent who may serve both, wherever that agent is."""


def position(names: Names, contact_id: str | int) -> Position | None:
    """Return the place in line of a waiting contact, None where it does not wait."""
    slot = names.find_contact(contact_id)
    if slot is None or not is_waiting(names.acd.contact(slot)):
        return None
    known = names.acd.contact(slot)
    ranks = outlook.ranks_for(names.acd, slot)
    terms = known["class"], known["queue"], known["tier"], known["head_start_us"]
    in_class, in_queue, overall, by_class, _ = outlook.standing_before(
        names.acd, slot, *terms, ranks, outlook.by_profile(names.acd, ranks)
    )
    return Position(in_class=in_class, in_queue=in_queue, overall=overall, outranking=sum(by_class.values()))
