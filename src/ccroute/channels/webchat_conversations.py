"""Conversations of a web chat: what was said, numbered; who listens; and how a message is made durable, once.

The history is the only place where messages are. An addition's id holds the conversation, the message's number, who
said it and the sender's own id of it, so that a history read again gives all that is needed to go on: which number
comes next, and what was said already. One task alone gives numbers, and gives none again before it knows what became
of the last ones; so there are neither holes nor doubles, whenever the process dies.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import ClassVar, Protocol, final

import anyio

from ccroute.channels.attachments import reference_of, referred
from ccroute.channels.webchat_protocol import Attachment, Party, ServerFrame
from ccroute.channels.webchat_sessions import ChatState
from ccroute.personal import Personal
from ccroute.timeline import PAGE_SIZE_MAX, Message, TimelinePage

__all__ = [
    "Conversation",
    "Listener",
    "Log",
    "PastMessages",
    "Spoken",
    "addition_of",
    "origin_of",
    "read_log",
    "spoken",
]


class Spoken(Personal, frozen=True, kw_only=True):
    """A message of a conversation."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"number", "at_us", "party", "agent_id", "client_id"})

    number: int
    """1, 2, 3 … in its conversation."""
    at_us: int
    """When it was taken."""
    party: Party
    """Who said it."""
    agent_id: str | None
    """The agent, where it was one."""
    client_id: str
    """The sender's own id of it."""
    body: str
    """The text."""
    attachments: tuple[Attachment, ...]
    """Files."""


class PastMessages(Protocol):
    """What a web chat asks of a history; any ``HistoryStore`` will do."""

    def conversation(self, conversation_id: str, *, page_size: int = 50, cursor: str | None = None) -> TimelinePage:
        """Return a page of all that belongs to a conversation, newest first."""


class Listener(Protocol):
    """Somebody who hears a conversation."""

    @property
    def party(self) -> Party:
        """What it is."""

    @property
    def agent_id(self) -> str | None:
        """Which agent, where it is one."""

    def shown(self, agent_id: str | None) -> str | None:
        """Return what it knows an agent as."""

    def is_mine(self, party: Party, agent_id: str | None) -> bool:
        """Return whether somebody is who is behind it."""

    def tell(self, frame: ServerFrame) -> None:
        """Take a frame, soon."""

    def wake(self) -> None:
        """Look for new messages, soon."""


def origin_of(party: Party, agent_id: str | None) -> str:
    """Return who said something, as it stands in ids: short, and without what an id of somebody else's may hold."""
    if agent_id is None:
        return party.value[0]
    return f"a{hashlib.sha256(agent_id.encode()).hexdigest()[:12]}"


def addition_of(state: ChatState, one: Spoken, channel: str) -> Message:
    """Return a message as it goes into the history."""
    return Message(
        entry_id=f"chat:{state.conversation_id}:{one.number}:{origin_of(one.party, one.agent_id)}:{one.client_id}",
        at_us=one.at_us,
        contact_id=state.contact_id,
        customer_id=state.customer_id,
        conversation_id=state.conversation_id,
        agent_id=one.agent_id,
        channel=channel,
        body=one.body,
        from_customer=one.party is Party.CUSTOMER,
        attachments=[reference_of(attachment) for attachment in one.attachments],
    )


def spoken(message: Message) -> Spoken | None:
    """Return a message of the history as one of its conversation; None: a web chat did not write it."""
    parts = message.entry_id.rsplit(":", 3)
    if len(parts) != 4 or not parts[1].isdecimal() or parts[0] != f"chat:{message.conversation_id}":
        return None
    party = Party.CUSTOMER if message.from_customer else Party.BOT if message.agent_id is None else Party.AGENT
    if parts[2] != origin_of(party, message.agent_id):
        return None
    found = (referred(reference) for reference in message.attachments)
    return Spoken(
        number=int(parts[1]),
        at_us=message.at_us,
        party=party,
        agent_id=message.agent_id,
        client_id=parts[3],
        body=message.body,
        attachments=tuple(one for one in found if one is not None),
    )


@final
class Log:
    """The messages of a conversation, in the order of their numbers."""

    def __init__(self, messages: list[Spoken]) -> None:
        self._messages = sorted(messages, key=lambda one: one.number)
        self._numbers = [one.number for one in self._messages]
        self._sent = {(origin_of(one.party, one.agent_id), one.client_id): one for one in self._messages}

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def last_number(self) -> int:
        """Return the number of the last message; 0: there is none."""
        return self._numbers[-1] if self._numbers else 0

    @property
    def last_at_us(self) -> int:
        """Return when the last message was taken; 0: there is none."""
        return self._messages[-1].at_us if self._messages else 0

    def add(self, one: Spoken) -> None:
        """Take the next message. O(1)."""
        self._messages.append(one)
        self._numbers.append(one.number)
        self._sent[(origin_of(one.party, one.agent_id), one.client_id)] = one

    def said(self, origin: str, client_id: str) -> Spoken | None:
        """Return what somebody said under an id of its own; None: nothing yet. O(1)."""
        return self._sent.get((origin, client_id))

    def after(self, number: int) -> Spoken | None:
        """Return the first message behind a number; None: there is none. O(log n)."""
        place = bisect_right(self._numbers, number)
        return self._messages[place] if place < len(self._messages) else None

    def __iter__(self) -> Iterator[Spoken]:
        return iter(self._messages)


def read_log(history: PastMessages, conversation_id: str, messages_max: int) -> Log:
    """Return what was said in a conversation, the newest messages where there are more than ``messages_max``. Blocks.

    :raises StorageError: the history could not be read.
    """
    found: list[Spoken] = []
    cursor: str | None = None
    while True:
        page = history.conversation(conversation_id, page_size=PAGE_SIZE_MAX, cursor=cursor)
        for entry in page.entries:
            one = spoken(entry.addition) if isinstance(entry.addition, Message) else None
            if one is not None:
                found.append(one)
        cursor = page.cursor
        if cursor is None or len(found) >= messages_max:
            return Log(found[:messages_max])


@final
class Conversation:
    """A conversation that somebody listens to, or that has a contact inside."""

    def __init__(self, state: ChatState) -> None:
        self.state = state
        """Where it stands; what is durable of it may be a moment behind."""
        self.log: Log | None = None
        """What was said; None: it was not read yet, or must be read anew."""
        self.listeners: list[Listener] = []
        """Who hears it, in the order in which they came."""
        self.version = 1
        """1 more with each change of ``state``."""
        self.saved_version = 1
        """The version that is durable."""
        self.is_heeded = False
        """Whether a task of the bot's runs for it."""
        self.absent_since_us: int | None = None
        """Since when the customer has had no socket; None: it has one, or nobody has looked."""
        self.reading = anyio.Lock()
        """Held while ``log`` is read."""
        self.uploading = anyio.Lock()
        """Held while a file is measured and stored."""
        self.uploads: dict[str, Attachment] = {}
        """Files that were uploaded lately, by id; the others are in the store of files."""
        self.users = 0
        """How many tasks hold it, so that it must stay the one of its id."""

    @property
    def conversation_id(self) -> str:
        """Return its id."""
        return self.state.conversation_id

    def change(self, state: ChatState) -> None:
        """Take a new state, which is to be saved."""
        self.state = state
        self.version += 1

    def tell(self, frame_for: Callable[[Listener], ServerFrame | None]) -> None:
        """Give each listener what is for it."""
        for one in tuple(self.listeners):
            frame = frame_for(one)
            if frame is not None:
                one.tell(frame)

    def wake(self) -> None:
        """Let each listener look for new messages."""
        for one in tuple(self.listeners):
            one.wake()
