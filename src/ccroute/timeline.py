"""What a history tells: past contacts, legs, and everything said and done around them, as frozen structs.

Contacts, legs and events come from the engine; messages, notes, recordings and answers to surveys are added by the
host, because nothing personal travels through the engine. Times are microseconds since the Unix epoch.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import msgspec

from ccroute.personal import Personal
from ccroute.types import ContactState, LegEnd

__all__ = [
    "BODY_LENGTH_MAX",
    "PAGE_SIZE_MAX",
    "Addition",
    "AnyAddition",
    "ContactFilter",
    "ContactPage",
    "ContactStory",
    "CustomerCard",
    "Forgotten",
    "Message",
    "Note",
    "PastContact",
    "PastLeg",
    "Recording",
    "StoryPage",
    "SurveyAnswer",
    "TimelineEntry",
    "TimelinePage",
]

BODY_LENGTH_MAX: Final = 1_000_000
"""Characters in the body of a message or a note, or in an answer."""

PAGE_SIZE_MAX: Final = 1_000
"""Most that one page holds."""


class Addition(Personal, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """What all additions share. At least one of contact, customer and conversation must be given."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"entry_id", "at_us", "agent_id", "channel"})

    entry_id: str
    """Id of the host's own, of one addition only: added again under it, nothing happens."""
    at_us: int
    """When it was said, made or given."""
    contact_id: str | None = None
    """The contact it belongs to: the last one of this id, or the next, if there was none yet."""
    customer_id: str | None = None
    """Whose it is, and with whose key it is sealed; None: nobody's who is known."""
    conversation_id: str | None = None
    """The conversation it belongs to, where there is one."""
    agent_id: str | None = None
    """The agent who said or made it, or to whom it was given; None: none had a part in it."""
    channel: str | None = None
    """The channel it came or went by."""


class Message(Addition, frozen=True, kw_only=True, tag="message", omit_defaults=True):
    """Something was said in writing, by the customer or to the customer."""

    body: str
    """What was said, at most 1 000 000 characters."""
    from_customer: bool
    """Whether the customer said it."""
    media_type: str = "text/plain"
    """How ``body`` is to be read."""
    attachments: list[str] = msgspec.field(default_factory=list)
    """Where attachments are, by reference, at most 64."""


class Note(Addition, frozen=True, kw_only=True, tag="note", omit_defaults=True):
    """An agent noted something about a contact or a customer."""

    body: str
    """What was noted, at most 1 000 000 characters."""


class Recording(Addition, frozen=True, kw_only=True, tag="recording", omit_defaults=True):
    """A recording was made; it lies elsewhere."""

    reference: str
    """Where it is, as in ``s3://recordings/4711.ogg``."""
    length_us: int
    """How long it is, microseconds."""
    media_type: str | None = None
    """How it is to be played."""


class SurveyAnswer(Addition, frozen=True, kw_only=True, tag="survey_answer", omit_defaults=True):
    """The customer answered one question about a contact."""

    question: str
    """The question, or its id."""
    answer: str = ""
    """The answer in words."""
    score: int | None = None
    """The answer as a number."""


AnyAddition = Message | Note | Recording | SurveyAnswer
"""The union that is decoded into."""


class PastLeg(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's part in a contact."""

    agent_id: str
    """The agent."""
    queue_id: str
    """The queue from which the agent got it."""
    channel: str
    """The channel when it began."""
    waited_us: int
    """Time the contact had been queued or offered by then, in its life."""
    began_at_us: int
    """When it began."""
    ended_at_us: int | None
    """When it ended; None: it has not."""
    handled_us: int | None
    """From the begin to the end of the work, holds included, wrap-up not; None: it has not ended."""
    wrapped_us: int | None
    """How long the wrap-up took; None: there was none, or it has not ended."""
    reason: LegEnd | None
    """Why it ended; None: it has not."""


class PastContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact, over or not, as far as history has been written."""

    contact_id: str
    """The contact. An id that is used again, once the contact has ended, means another contact."""
    customer_id: str | None
    """Whose it is; None: nobody's who is known, or the customer was erased."""
    conversation_id: str | None
    """The conversation, as given last."""
    parent_id: str | None
    """The contact it came from."""
    channel: str
    """The channel, the present or last one."""
    first_queue_id: str | None
    """The first queue it was in; None: it was in none yet."""
    queue_id: str | None
    """The queue it is in, or was in last; None: it was in none yet."""
    state: ContactState
    """Queued, parked, scheduled, active, or how it ended."""
    began_at_us: int
    """When it came."""
    ended_at_us: int | None
    """When it ended; None: it has not."""
    waited_us: int | None
    """Time it was queued or offered in its life; None: it has not ended."""
    disposition: str | None
    """What came of it, as given by the agent."""
    reason: str | None
    """Why it was abandoned or cancelled, as given by the command, or why it expired."""
    last_agent_id: str | None
    """The agent whose leg began last; None: no agent took it."""
    legs: int
    """How many legs it had."""


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, or was added."""

    at_us: int
    """When."""
    kind: str
    """The event's tag, as in ``contact.transferred``, or ``message``, ``note``, ``recording`` or ``survey_answer``."""
    contact_id: str | None
    """The contact."""
    customer_id: str | None
    """Whose it is."""
    agent_id: str | None
    """The agent it is about, or who said it."""
    queue_id: str | None
    """The queue it is about."""
    channel: str | None
    """The channel."""
    details: dict[str, Any]
    """What else the event said, by the names of its fields; empty for additions."""
    addition: AnyAddition | None
    """What was added. None: it is an event, or the customer's key was destroyed."""


class ContactStory(msgspec.Struct, frozen=True, kw_only=True):
    """A contact and all that belongs to it, in order of time."""

    contact: PastContact
    """The contact."""
    legs: list[PastLeg]
    """Its legs, in the order in which they began."""
    entries: list[TimelineEntry]
    """What happened and was added, oldest first; the newest 1 000 where there are more."""


class ContactPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some contacts, newest first."""

    contacts: list[PastContact]
    """The contacts, by when they came."""
    cursor: str | None
    """Give it back for the next page; None: this is the last one. Opaque."""


class StoryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some contacts and all that belongs to them, newest first."""

    stories: list[ContactStory]
    """The contacts, by when they came."""
    cursor: str | None
    """Give it back for the next page; None: this is the last one. Opaque."""


class TimelinePage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of a timeline, newest first."""

    entries: list[TimelineEntry]
    """What happened and was added."""
    cursor: str | None
    """Give it back for the next page; None: this is the last one. A page may hold less than was asked for and yet have
    a cursor. Opaque."""


class CustomerCard(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent wants to see at a glance when a customer comes."""

    customer_ids: list[str]
    """Under which ids the customer is known, as asked."""
    contacts: int
    """How many contacts there were, those that are not over included."""
    by_channel: dict[str, int]
    """Contacts per channel, the present or last one of each; most first, then by name."""
    by_state: dict[str, int]
    """Contacts per state; most first, then by name."""
    first_at_us: int | None
    """When the first one came; None: there is none."""
    last_at_us: int | None
    """When the last one came; None: there is none."""
    last_agent_id: str | None
    """The agent whose leg began last."""
    last_agent_at_us: int | None
    """When that leg began."""
    open_conversation_id: str | None
    """The conversation of the newest contact that is not over and has one."""
    last_contacts: list[PastContact]
    """The newest contacts, newest first."""


class ContactFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which contacts. What is not given does not matter; all that is given must hold."""

    customer_ids: list[str] | None = None
    """The customer is one of these, at most 100."""
    from_us: int | None = None
    """It came at this moment or later."""
    until_us: int | None = None
    """It came before this moment."""
    agent_id: str | None = None
    """This agent had a leg of it."""
    queue_id: str | None = None
    """It is in this queue, or was in it last."""
    channel: str | None = None
    """Its present or last channel."""
    disposition: str | None = None
    """What came of it."""
    conversation_id: str | None = None
    """The conversation it belongs to."""
    state: ContactState | None = None
    """Its state."""


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed from a history."""

    contacts: int
    """Contacts that were removed, or, where a customer was erased, that are nobody's now."""
    additions: int
    """Messages, notes, recordings and answers that were removed."""
