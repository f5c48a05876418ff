"""What callers give to a history is checked here, once, before anything moves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from ccroute.errors import HistoryGap, InvalidId, OtherSource, OutOfRange, WrongType
from ccroute.events import Event
from ccroute.personal import withheld
from ccroute.storage.ids import check_id
from ccroute.timeline import BODY_LENGTH_MAX, PAGE_SIZE_MAX, AnyAddition, ContactFilter, Message, Note, SurveyAnswer
from ccroute.types import DURATION_US_MAX, TEXT_LENGTH_MAX, TIME_US_MAX, ContactState

__all__ = [
    "ATTACHMENTS_MAX",
    "CUSTOMER_IDS_MAX",
    "SourceState",
    "check_addition",
    "check_customer_ids",
    "check_filter",
    "check_forgetting",
    "check_moment",
    "check_page_size",
    "check_search",
    "is_within",
    "new_events",
    "state_behind",
]

CUSTOMER_IDS_MAX: Final = 100
"""Ids under which one customer can be asked for."""

ATTACHMENTS_MAX: Final = 64
"""Attachments of one message."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

_IDS: Final = ("contact_id", "customer_id", "conversation_id", "agent_id", "channel")


class SourceState(msgspec.Struct, frozen=True):
    """How far the events of a source have been written."""

    first_seq: int = 0
    """Seq of the first event; 0: none was."""
    first_at_us: int = 0
    """When it happened."""
    through_seq: int = 0
    """Seq of the last event."""
    last_at_us: int = 0
    """When it happened."""
    position: int = 0
    """Where the source stood behind it, in its own count."""


def new_events(events: Sequence[Event], source: str, state: SourceState, *, allow_gap: bool) -> Sequence[Event]:
    """Return those of the events that have not been written.

    :raises WrongType: they are no events.
    :raises OutOfRange: they do not follow each other without gaps.
    :raises OtherSource: one that has been written was another one.
    :raises HistoryGap: some between what was written and these are missing, and ``allow_gap`` is False.
    """
    if type(events) is not list and type(events) is not tuple:
        raise WrongType("events", withheld(events), "a list or tuple of events")
    if not events:
        return events
    first = events[0].seq if isinstance(events[0], Event) else 0
    for place, event in enumerate(events):
        if not isinstance(event, Event):
            raise WrongType("events", withheld(event), "a sequence of events")
        if event.seq != first + place:
            raise OutOfRange("events", event.seq, f"in order without gaps: seq {first + place}")
    if state.through_seq:
        for seq, at_us in ((state.first_seq, state.first_at_us), (state.through_seq, state.last_at_us)):
            if 0 <= seq - first < len(events) and events[seq - first].at_us != at_us:
                got_us = events[seq - first].at_us
                raise OtherSource(source, f"event {seq} must be of {at_us}, as it was written, was of {got_us}")
    if first > state.through_seq + 1 and not allow_gap:
        raise HistoryGap(state.through_seq + 1, first)
    return events[max(0, state.through_seq + 1 - first) :]


def state_behind(state: SourceState, events: Sequence[Event], position: int) -> SourceState:
    """Return how far a source has been written with some new events."""
    begin = (state.first_seq, state.first_at_us) if state.through_seq else (events[0].seq, events[0].at_us)
    return SourceState(*begin, events[-1].seq, events[-1].at_us, max(state.position, position))


def check_addition(addition: AnyAddition) -> None:
    """Check one addition, which may be anything, as its fields may.

    :raises InvalidArgument: it is none, or a field is not allowed. Its value is not told where it may be personal.
    """
    if not isinstance(addition, AnyAddition):
        raise WrongType("addition", withheld(addition), "a Message, Note, Recording or SurveyAnswer")
    check_id("entry_id", addition.entry_id)
    _check_number("at_us", addition.at_us, 0, TIME_US_MAX)
    for name in _IDS:
        if (value := getattr(addition, name)) is not None:
            check_id(name, value)
    if addition.contact_id is None and addition.customer_id is None and addition.conversation_id is None:
        raise OutOfRange("addition", withheld(addition), "of a contact, a customer or a conversation")
    if isinstance(addition, Message):
        _check_text("body", addition.body, BODY_LENGTH_MAX)
        _check_text("media_type", addition.media_type, TEXT_LENGTH_MAX)
        if type(addition.from_customer) is not bool:
            raise WrongType("from_customer", withheld(addition.from_customer), "True or False")
        if type(addition.attachments) is not list:
            raise WrongType("attachments", withheld(addition.attachments), "a list of references")
        if len(addition.attachments) > ATTACHMENTS_MAX:
            raise OutOfRange("attachments", withheld(addition.attachments), f"{ATTACHMENTS_MAX} at most")
        for reference in addition.attachments:
            _check_text("attachments", reference, TEXT_LENGTH_MAX)
    elif isinstance(addition, Note):
        _check_text("body", addition.body, BODY_LENGTH_MAX)
    elif isinstance(addition, SurveyAnswer):
        _check_text("question", addition.question, BODY_LENGTH_MAX)
        _check_text("answer", addition.answer, BODY_LENGTH_MAX)
        if addition.score is not None:
            _check_number("score", addition.score, -TIME_US_MAX, TIME_US_MAX)
    else:
        _check_text("reference", addition.reference, TEXT_LENGTH_MAX)
        _check_number("length_us", addition.length_us, 0, DURATION_US_MAX)
        if addition.media_type is not None:
            _check_text("media_type", addition.media_type, TEXT_LENGTH_MAX)


def check_customer_ids(customer_ids: Sequence[str]) -> None:
    """Check under which ids a customer is asked for.

    :raises InvalidArgument: there is none, there are too many, or one is no id.
    """
    if not isinstance(customer_ids, list | tuple):
        raise WrongType("customer_ids", withheld(customer_ids), "a list or tuple of ids")
    if not 0 < len(customer_ids) <= CUSTOMER_IDS_MAX:
        raise OutOfRange("customer_ids", len(customer_ids), f"1 to {CUSTOMER_IDS_MAX} ids")
    for customer_id in customer_ids:
        check_id("customer_ids", customer_id)


def check_filter(chosen: ContactFilter) -> None:
    """Check which contacts are asked for.

    :raises InvalidArgument: a field is not allowed.
    """
    if type(chosen) is not ContactFilter:
        raise WrongType("chosen", withheld(chosen), "a ContactFilter")
    if chosen.state is not None and type(chosen.state) is not ContactState:
        raise WrongType("state", withheld(chosen.state), "a member of ContactState, or None")
    if chosen.customer_ids is not None:
        check_customer_ids(chosen.customer_ids)
    _check_span(chosen.from_us, chosen.until_us)
    for name in ("agent_id", "queue_id", "channel", "conversation_id"):
        if (value := getattr(chosen, name)) is not None:
            check_id(name, value)
    if chosen.disposition is not None:
        _check_text("disposition", chosen.disposition, TEXT_LENGTH_MAX)


def check_search(customer_ids: Sequence[str] | None, from_us: int | None, until_us: int | None) -> None:
    """Check what bounds a search.

    :raises InvalidArgument: a bound is not allowed, or there is none that keeps the search short.
    """
    if customer_ids is not None:
        check_customer_ids(customer_ids)
    elif from_us is None:
        raise OutOfRange("from_us", from_us, "given where customer_ids is not")
    _check_span(from_us, until_us)


def check_forgetting(before_us: int, queue_id: str | None, texts_only: bool) -> None:
    """Check what is to be forgotten.

    :raises InvalidArgument: an argument is not allowed.
    """
    check_moment("before_us", before_us)
    if queue_id is not None:
        check_id("queue_id", queue_id)
    if type(texts_only) is not bool:
        raise WrongType("texts_only", withheld(texts_only), "True or False")


def is_within(at_us: int, from_us: int | None, until_us: int | None) -> bool:
    """Return whether a moment lies in a span whose ends may be open."""
    return (from_us is None or from_us <= at_us) and (until_us is None or at_us < until_us)


def _check_span(from_us: int | None, until_us: int | None) -> None:
    """Check a span of time.

    :raises InvalidArgument: an end of it is no moment.
    """
    for name, moment in (("from_us", from_us), ("until_us", until_us)):
        if moment is not None:
            _check_number(name, moment, 0, TIME_US_MAX)


def check_page_size(page_size: int) -> None:
    """Check how many are asked for.

    :raises InvalidArgument: it is not from 1 to 1 000.
    """
    _check_number("page_size", page_size, 1, PAGE_SIZE_MAX)


def check_moment(name: str, at_us: int) -> None:
    """Check a moment.

    :raises InvalidArgument: it is none.
    """
    _check_number(name, at_us, 0, TIME_US_MAX)


def _check_text(name: str, value: str, length_max: int) -> None:
    if type(value) is not str:
        raise WrongType(name, withheld(value), "text")
    if len(value) > length_max:
        raise OutOfRange(name, withheld(value), f"{length_max} characters at most")
    if _SURROGATE.search(value) is not None:
        raise InvalidId(name, withheld(value), "text without lone surrogates")


def _check_number(name: str, value: int, least: int, most: int) -> None:
    if type(value) is not int:
        raise WrongType(name, withheld(value), "an integer")
    if not least <= value <= most:
        raise OutOfRange(name, value, f"from {least} to {most}")
