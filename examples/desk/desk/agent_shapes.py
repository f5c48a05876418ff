"""What goes between the agent's page and the server, besides the chat itself: structs, documented where they stand."""

from __future__ import annotations

import msgspec

from ccroute import ContactState, LegState, Presence, TransferMode

__all__ = [
    "AgentNow",
    "AgentState",
    "AgentTarget",
    "CannedAnswer",
    "CannedAnswers",
    "Card",
    "CardContact",
    "ChatNow",
    "Complete",
    "Decline",
    "Directory",
    "ExtendMyWrapUp",
    "Happened",
    "HappenedEntry",
    "NewNote",
    "Notice",
    "OfferNow",
    "Pong",
    "QueueTarget",
    "SetMyPresence",
    "Story",
    "StoryFile",
    "StoryMessage",
    "StoryNote",
    "TimelineQuestion",
    "Transfer",
]


class SetMyPresence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say where one is."""

    presence: Presence
    """``available``, ``away`` or ``offline``."""
    label: str | None = None
    """The reason, as in ``lunch``."""
    when_done: bool = False
    """Whether it holds only from when the work in hand has ended; no new offers come until then."""


class Decline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let an offer go."""

    reason: str | None = None
    """Why; told to supervisors."""


class Complete(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The work on a contact is done."""

    disposition: str | None = None
    """What came of it."""


class ExtendMyWrapUp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give a wrap-up more time."""

    by_us: int
    """How much, microseconds."""


class Transfer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give a contact to somebody else: exactly one of a queue and an agent."""

    to_queue: str | None = None
    """The queue."""
    to_agent: str | None = None
    """The agent."""
    mode: TransferMode = TransferMode.BLIND
    """``blind``: one is free at once; ``warm``: one stays until the taker accepts."""


class NewNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Note something about a contact, for colleagues."""

    entry_id: str
    """Made by the page, 1 to 64 characters; the same again changes nothing."""
    body: str
    """What is noted."""


class AgentNow(msgspec.Struct, frozen=True, kw_only=True):
    """The agent."""

    agent_id: str
    """Its id."""
    shown_name: str
    """What others see."""
    presence: Presence
    """Where it is."""
    label: str | None
    """Why; ``no_answer`` where an offer was not answered."""
    next_presence: Presence | None
    """Where it will be when its work ends."""
    taken: int
    """Units that are taken."""
    capacity: int
    """Units that there are."""
    handled: int
    """Contacts it accepted since it came."""


class OfferNow(msgspec.Struct, frozen=True, kw_only=True):
    """An offer that waits for an answer."""

    offer_id: str
    """Its id."""
    contact_id: str
    """The contact."""
    conversation_id: str | None
    """Its conversation."""
    queue_id: str
    """The queue."""
    channel: str
    """The channel."""
    customer_id: str | None
    """Whose it is."""
    customer_name: str | None
    """What the customer is called, where that is known."""
    tier: int
    """Its right of way; above 0: a VIP in the demonstration."""
    made_at_us: int | None
    """When it was made, as far as can be told from the queue's time for answers."""
    expires_at_us: int | None
    """When it ends if nobody answers."""
    waited_us: int
    """How long the customer has waited."""


class ChatNow(msgspec.Struct, frozen=True, kw_only=True):
    """A contact in the agent's hands."""

    contact_id: str
    """Its id."""
    conversation_id: str | None
    """Its conversation."""
    state: LegState
    """``active``, ``held``, ``suspended`` or ``wrapping``."""
    queue_id: str | None
    """The queue it came from."""
    channel: str
    """The channel."""
    customer_id: str | None
    """Whose it is."""
    customer_name: str | None
    """What the customer is called, where that is known."""
    tier: int
    """Its right of way."""
    began_at_us: int
    """When the agent took it."""
    ends_at_us: int | None
    """When the wrap-up ends by itself."""


class AgentState(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="state"):
    """All that an agent's page shows, whole."""

    at_us: int
    """The server's time."""
    agent: AgentNow
    """The agent."""
    offers: list[OfferNow]
    """Offers, oldest first."""
    chats: list[ChatNow]
    """Contacts in hand, by when they were taken."""


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="notice"):
    """Something that the agent should notice."""

    kind: str
    """``offer_lost``, ``contact_lost`` or ``agent_lost``."""
    text: str
    """In words."""
    contact_id: str | None = None
    """What it is about."""
    reason: str | None = None
    """Why, in a word."""


class Pong(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="pong"):
    """The answer to a ping."""

    at_us: int
    """The server's time."""


class StoryFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was sent."""

    attachment_id: str
    """By which it is fetched."""
    name: str
    """What it is called."""
    media_type: str
    """What it is."""
    bytes: int
    """Its size."""


class StoryMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said."""

    entry_id: str
    """Its id."""
    at_us: int
    """When."""
    from_customer: bool
    """Whether the customer said it."""
    agent_id: str | None
    """The agent who said it."""
    body: str
    """What."""
    attachments: list[StoryFile]
    """Files."""


class StoryNote(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was noted."""

    entry_id: str
    """Its id."""
    at_us: int
    """When."""
    agent_id: str | None
    """Who noted it."""
    body: str
    """What."""


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One contact, and what was said in it."""

    contact_id: str
    """The contact."""
    state: ContactState
    """How it is."""
    queue_id: str | None
    """The queue."""
    channel: str
    """The channel."""
    customer_id: str | None
    """Whose it is."""
    customer_name: str | None
    """What the customer is called, where that is known."""
    conversation_id: str | None
    """Its conversation."""
    began_at_us: int
    """When it came."""
    messages: list[StoryMessage]
    """What was said, oldest first."""
    notes: list[StoryNote]
    """What was noted, oldest first."""


class CardContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact of before."""

    contact_id: str
    """The contact."""
    channel: str
    """By which channel it came."""
    queue_id: str | None
    """The queue."""
    state: ContactState
    """How it ended, or is."""
    began_at_us: int
    """When it came."""
    ended_at_us: int | None
    """When it ended."""
    disposition: str | None
    """What came of it."""
    last_agent_id: str | None
    """Who had it last."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent wants to know of a customer at a glance."""

    customer_id: str | None
    """Who; None: nobody who is known."""
    customer_name: str | None
    """What the customer is called."""
    tier: int | None
    """The customer's right of way."""
    remarks: str | None
    """What else people should know."""
    contacts: int
    """How many contacts there were."""
    by_channel: dict[str, int]
    """Contacts per channel."""
    first_at_us: int | None
    """When the first one came."""
    last_at_us: int | None
    """When the last one came."""
    last_agent_id: str | None
    """Who spoke with the customer last."""
    last_contacts: list[CardContact]
    """The newest ones, newest first."""


class HappenedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened with a customer."""

    at_us: int
    """When."""
    kind: str
    """The tag of an event, or ``message``, ``note``, ``recording``, ``survey_answer``."""
    contact_id: str | None
    """The contact."""
    agent_id: str | None
    """The agent."""
    queue_id: str | None
    """The queue."""
    channel: str | None
    """The channel."""
    text: str | None
    """What was said or noted; None: an event."""
    from_customer: bool | None
    """Whether the customer said it; None: it was not said."""


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what happened with a customer, newest first."""

    entries: list[HappenedEntry]
    """What happened."""
    cursor: str | None
    """Leads to what was before; None: nothing was."""


class TimelineQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of what happened."""

    cursor: str | None = None
    """As the part before told it; left out: the newest."""


class QueueTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A queue that a contact may be given to."""

    queue_id: str
    """The queue."""
    waiting: int
    """Contacts that wait in it."""


class AgentTarget(msgspec.Struct, frozen=True, kw_only=True):
    """An agent whom a contact may be given to."""

    agent_id: str
    """The agent."""
    shown_name: str
    """What others see."""
    presence: Presence
    """Where the agent is."""


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """Whom contacts may be given to."""

    queues: list[QueueTarget]
    """Queues, by id."""
    agents: list[AgentTarget]
    """Other agents, by what others see."""


class CannedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is said often."""

    id: str
    """Its id."""
    title: str
    """What it is called."""
    body: str
    """What is said."""


class CannedAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """What is said often, and how contacts end."""

    answers: list[CannedAnswer]
    """Answers, as they are to be shown."""
    dispositions: list[str]
    """What may come of a contact."""
