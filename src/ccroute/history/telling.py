"""Rows as a history tells them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from ccroute.history.projecting import ContactRow, EntryRow, LegRow
from ccroute.timeline import (
    AnyAddition,
    ContactStory,
    CustomerCard,
    PastContact,
    PastLeg,
    TimelineEntry,
)
from ccroute.types import ContactState, LegEnd

__all__ = ["STORY_ENTRIES_MAX", "card", "entry", "entry_of_addition", "past_contact", "past_leg", "story"]

STORY_ENTRIES_MAX: Final = 1_000
"""Entries that the story of one contact tells."""

_details: Final = msgspec.json.Decoder(dict[str, Any]).decode
_STATES: Final = {state.value: state for state in ContactState}
_LEG_ENDS: Final = {reason.value: reason for reason in LegEnd}


def past_contact(row: ContactRow) -> PastContact:
    """Return a contact as it is told."""
    return PastContact(
        contact_id=row.contact_id,
        customer_id=row.customer_id or None,
        conversation_id=row.conversation_id,
        parent_id=row.parent_id,
        channel=row.channel,
        first_queue_id=row.first_queue_id,
        queue_id=row.queue_id,
        state=_STATES[row.state],
        began_at_us=row.began_at_us,
        ended_at_us=row.ended_at_us,
        waited_us=row.waited_us,
        disposition=row.disposition,
        reason=row.reason,
        last_agent_id=row.last_agent_id,
        legs=row.legs,
    )


def past_leg(row: LegRow) -> PastLeg:
    """Return a leg as it is told."""
    return PastLeg(
        agent_id=row.agent_id,
        queue_id=row.queue_id,
        channel=row.channel,
        waited_us=row.waited_us,
        began_at_us=row.began_at_us,
        ended_at_us=row.ended_at_us,
        handled_us=row.handled_us,
        wrapped_us=row.wrapped_us,
        reason=None if row.reason is None else _LEG_ENDS[row.reason],
    )


def entry(row: EntryRow) -> TimelineEntry:
    """Return an event as it is told."""
    return TimelineEntry(
        at_us=row.at_us,
        kind=row.kind,
        contact_id=row.contact_id,
        customer_id=row.customer_id,
        agent_id=row.agent_id,
        queue_id=row.queue_id,
        channel=row.channel,
        details={} if row.details is None else _details(row.details),
        addition=None,
    )


def entry_of_addition(addition: AnyAddition) -> TimelineEntry:
    """Return an addition as it is told."""
    return TimelineEntry(
        at_us=addition.at_us,
        kind=str(addition.__struct_config__.tag),
        contact_id=addition.contact_id,
        customer_id=addition.customer_id,
        agent_id=addition.agent_id,
        queue_id=None,
        channel=addition.channel,
        details={},
        addition=addition,
    )


def story(contact: ContactRow, legs: Iterable[LegRow], entries: Iterable[TimelineEntry]) -> ContactStory:
    """Return a contact with its legs and entries, both in order."""
    return ContactStory(
        contact=past_contact(contact), legs=[past_leg(leg) for leg in legs], entries=list(entries)[-STORY_ENTRIES_MAX:]
    )


def card(
    customer_ids: Sequence[str],
    counts: Iterable[tuple[str, str, int]],
    span: tuple[int | None, int | None],
    last_leg: tuple[str, int] | None,
    open_conversation_id: str | None,
    last_contacts: Iterable[ContactRow],
) -> CustomerCard:
    """Return a customer's card.

    :param counts: contacts per channel and state.
    :param span: when the first and the last contact came.
    :param last_leg: agent of the leg that began last, and when it did.
    """
    by_channel: Counter[str] = Counter()
    by_state: Counter[str] = Counter()
    for channel, state, count in counts:
        by_channel[channel] += count
        by_state[state] += count
    return CustomerCard(
        customer_ids=list(customer_ids),
        contacts=by_state.total(),
        by_channel=_most_first(by_channel),
        by_state=_most_first(by_state),
        first_at_us=span[0],
        last_at_us=span[1],
        last_agent_id=None if last_leg is None else last_leg[0],
        last_agent_at_us=None if last_leg is None else last_leg[1],
        open_conversation_id=open_conversation_id,
        last_contacts=[past_contact(row) for row in last_contacts],
    )


def _most_first(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
