"""The words of a web chat: what goes over its sockets, as tagged JSON, and how it is read and written.

Both sides send text frames with one object each, whose ``type`` says what it is; the client also sends bytes, which are
parts of an attachment. Fields that a reader does not know are passed over, so that words may grow. What is said here of
*conversation_id* holds for agents, who may be in several; a customer is in one, and need not name it.
"""

from __future__ import annotations

import enum
from typing import ClassVar, Final

import msgspec

from ccroute.personal import Personal

__all__ = [
    "Ack",
    "Attachment",
    "ChatPhase",
    "ChatRefusal",
    "ClientFrame",
    "CloseCode",
    "Closing",
    "End",
    "FromClient",
    "FromServer",
    "Hello",
    "Invited",
    "Join",
    "Joined",
    "Leave",
    "Left",
    "Party",
    "Ping",
    "Pong",
    "Post",
    "Posted",
    "Receipt",
    "ReceiptTold",
    "Receipts",
    "Refused",
    "ServerFrame",
    "Status",
    "Typing",
    "TypingNow",
    "Upload",
    "Uploaded",
    "WhichPosition",
    "YourPosition",
    "read_client_frame",
    "read_server_frame",
    "write_frame",
]


class Party(enum.StrEnum):
    """Who says something."""

    CUSTOMER = "customer"
    """The customer."""
    AGENT = "agent"
    """An agent."""
    BOT = "bot"
    """The host's own voice: a bot, or a greeting."""


class ChatPhase(enum.StrEnum):
    """Where a conversation stands."""

    BOT = "bot"
    """No contact of it is inside: a bot talks, or nobody does."""
    ASKED = "asked"
    """A contact was asked for, and the engine has not told of it yet."""
    WAITING = "waiting"
    """Its contact waits for an agent."""
    PARKED = "parked"
    """Its contact was put aside, or is scheduled."""
    ACTIVE = "active"
    """At least one agent is in it."""
    OVER = "over"
    """Its contact is over; what is said next begins anew."""


class ChatRefusal(enum.StrEnum):
    """Why a frame, or a call, is refused."""

    MALFORMED = "malformed"
    """It is no frame of this protocol, or a field of it is not allowed."""
    FRAME_TOO_LARGE = "frame_too_large"
    """It has more bytes than a frame may have."""
    UNAUTHORIZED = "unauthorized"
    """There is no session of this token, or it is over."""
    RATE_LIMITED = "rate_limited"
    """Too many in too short a time; ``retry_after_us`` says when to try again."""
    TOO_LONG = "too_long"
    """A message has more characters than it may have."""
    EMPTY = "empty"
    """A message has neither text nor attachments."""
    TOO_MANY_ATTACHMENTS = "too_many_attachments"
    """A message has more attachments than it may have."""
    ATTACHMENT_TOO_LARGE = "attachment_too_large"
    """An attachment has more bytes than it may have, or than were told."""
    ATTACHMENT_TYPE = "attachment_type"
    """What an attachment holds is not of a kind that is taken."""
    QUOTA = "quota"
    """The attachments of the conversation are too many, or too large together."""
    UNKNOWN_ATTACHMENT = "unknown_attachment"
    """No such attachment was taken in this conversation."""
    NO_ATTACHMENTS = "no_attachments"
    """This chat takes no attachments."""
    NOT_IN_CONVERSATION = "not_in_conversation"
    """There is no such conversation, or the agent is not in it, or has not joined it on this socket."""
    CONVERSATION_FULL = "conversation_full"
    """The conversation has as many messages as it may have."""
    NO_CONTACT = "no_contact"
    """No contact of the conversation is inside, which this would need."""
    UNAVAILABLE = "unavailable"
    """The server cannot take it now; send it again."""
    ERASED = "erased"
    """The customer was erased."""


class CloseCode(enum.IntEnum):
    """Why the server closes a socket, as WebSocket's close code; 4000 and above are of this protocol."""

    NORMAL = 1000
    """The client closed, or nothing more is to come."""
    GOING_AWAY = 1001
    """The server stops; connect again."""
    FAILED = 1011
    """The server failed; connect again."""
    MALFORMED = 4400
    """The first frame was no hello."""
    UNAUTHORIZED = 4401
    """There is no session of this token, or it is over: begin a new one."""
    IDLE = 4408
    """Nothing came for too long; connect again."""
    TOO_LARGE = 4413
    """A frame was too large."""
    TOO_MANY = 4429
    """Too much was refused, or too many sockets are open; connect again later."""
    TOO_SLOW = 4430
    """The client does not read what is sent; connect again."""


class Attachment(Personal, frozen=True, kw_only=True):
    """A file in a conversation."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"attachment_id", "media_type", "bytes"})

    attachment_id: str
    """What it is called by in messages: the SHA-256 of what is stored, 64 hexadecimal digits."""
    name: str
    """Its name, cleaned."""
    media_type: str
    """What it is, by its content."""
    bytes: int
    """Its size."""


class ClientFrame(Personal, frozen=True, kw_only=True, tag_field="type"):
    """What all frames of a client share."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"conversation_id", "after", "client_id"})


class Hello(ClientFrame, frozen=True, kw_only=True, tag="hello"):
    """The first frame of every socket."""

    token: str | None = None
    """The customer's session. None: the host has it otherwise, as from a cookie; or a new one, where the host lets."""
    after: int = 0
    """Number of the last message seen; those behind it are sent. An agent joins with ``join``."""


class Join(ClientFrame, frozen=True, kw_only=True, tag="join"):
    """An agent begins to hear a conversation; again: from another message on."""

    conversation_id: str
    """The conversation."""
    after: int = 0
    """Number of the last message seen; those behind it are sent."""


class Leave(ClientFrame, frozen=True, kw_only=True, tag="leave"):
    """An agent hears a conversation no longer on this socket; the contact is not changed."""

    conversation_id: str
    """The conversation."""


class Post(ClientFrame, frozen=True, kw_only=True, tag="post"):
    """Say something. It is said once, however often it is sent under one ``client_id``."""

    client_id: str
    """The sender's own id of the message: 1 to 36 of ``A-Za-z0-9_-``; a UUID fits."""
    body: str = ""
    """The text."""
    attachments: list[str] = msgspec.field(default_factory=list)
    """Ids of attachments that were uploaded in this conversation."""
    conversation_id: str | None = None
    """Where; None: in the customer's."""


class Typing(ClientFrame, frozen=True, kw_only=True, tag="typing"):
    """The sender began or stopped to write. Not stored."""

    is_typing: bool = True
    """Whether it writes."""
    conversation_id: str | None = None
    """Where; None: in the customer's."""


class Receipt(ClientFrame, frozen=True, kw_only=True, tag="receipt"):
    """Messages up to a number arrived, or were read. Numbers that go back are passed over."""

    delivered: int = 0
    """Up to which message they have arrived."""
    read: int = 0
    """Up to which message they were read; what was read has arrived."""
    conversation_id: str | None = None
    """Where; None: in the customer's."""


class Upload(ClientFrame, frozen=True, kw_only=True, tag="upload"):
    """An attachment follows, in frames of bytes, one upload after the other."""

    upload_id: str
    """The sender's own id: 1 to 36 of ``A-Za-z0-9_-``."""
    name: str
    """What the file is called."""
    bytes: int
    """Its size."""
    conversation_id: str | None = None
    """Where; None: in the customer's."""


class WhichPosition(ClientFrame, frozen=True, kw_only=True, tag="position"):
    """The customer asks for the place in line."""


class End(ClientFrame, frozen=True, kw_only=True, tag="end"):
    """The customer is done: a contact that waits is abandoned, one that is active is completed."""


class Ping(ClientFrame, frozen=True, kw_only=True, tag="ping"):
    """The client is there."""


class ServerFrame(Personal, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """What all frames of the server share."""

    shown_fields: ClassVar[frozenset[str]] = frozenset(
        {"conversation_id", "contact_id", "number", "client_id", "upload_id", "code", "phase", "at_us"}
    )


class Receipts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far somebody has got with the messages."""

    party: Party
    """Who."""
    agent: str | None = None
    """Which agent, where it is one."""
    delivered: int = 0
    """Up to which message they have arrived."""
    read: int = 0
    """Up to which message they were read."""


class Joined(ServerFrame, frozen=True, kw_only=True, tag="joined", omit_defaults=True):
    """The socket hears a conversation from now on; the answer to ``hello`` of a customer, and to ``join``."""

    conversation_id: str
    """The conversation."""
    number: int
    """Number of its last message; 0: there is none. All behind ``after`` follow."""
    phase: ChatPhase
    """Where it stands."""
    contact_id: str | None = None
    """Its last contact."""
    agents: list[str] = msgspec.field(default_factory=list)
    """Agents in it, as the reader knows them."""
    receipts: list[Receipts] = msgspec.field(default_factory=list)
    """How far everybody has got."""
    customer_id: str | None = None
    """Whose it is; told to agents only."""
    token: str | None = None
    """A session's token; told once, where ``hello`` began it."""
    ends_at_us: int | None = None
    """When the customer's session ends at the latest."""


class Invited(ServerFrame, frozen=True, kw_only=True, tag="invited", omit_defaults=True):
    """An agent is in a conversation, and may join it: told of each at the beginning, then of new ones."""

    conversation_id: str
    """The conversation."""
    contact_id: str
    """Its contact."""
    number: int
    """Number of its last message as far as it is known; 0: there is none, or nobody has looked."""


class Left(ServerFrame, frozen=True, kw_only=True, tag="left", omit_defaults=True):
    """The socket hears a conversation no longer: the agent's part in it is over, or it asked so."""

    conversation_id: str
    """The conversation."""


class Posted(ServerFrame, frozen=True, kw_only=True, tag="message", omit_defaults=True):
    """A message, durable. They come in the order of their numbers; one's own come, too."""

    conversation_id: str
    """Where."""
    number: int
    """1, 2, 3 … in the conversation. Where some were forgotten, numbers are missing; none is used again."""
    at_us: int
    """When the server took it."""
    party: Party
    """Who said it."""
    body: str
    """The text."""
    agent: str | None = None
    """Which agent, where it was one: to agents the id, to customers what the host calls it."""
    client_id: str | None = None
    """The sender's id, told to the sender."""
    attachments: list[Attachment] = msgspec.field(default_factory=list)
    """Files."""


class Ack(ServerFrame, frozen=True, kw_only=True, tag="ack", omit_defaults=True):
    """What was posted is durable, under this number. It may come before the messages in front of it."""

    conversation_id: str
    """Where."""
    client_id: str
    """The sender's id."""
    number: int
    """Its number."""
    at_us: int
    """When the server took it."""


class TypingNow(ServerFrame, frozen=True, kw_only=True, tag="typing", omit_defaults=True):
    """Somebody else began or stopped to write."""

    conversation_id: str
    """Where."""
    party: Party
    """Who."""
    is_typing: bool
    """Whether it writes."""
    agent: str | None = None
    """Which agent, where it is one."""


class ReceiptTold(ServerFrame, frozen=True, kw_only=True, tag="receipt", omit_defaults=True):
    """Somebody else has got further with the messages."""

    conversation_id: str
    """Where."""
    party: Party
    """Who."""
    delivered: int
    """Up to which message they have arrived."""
    read: int
    """Up to which message they were read."""
    agent: str | None = None
    """Which agent, where it is one."""


class Uploaded(ServerFrame, frozen=True, kw_only=True, tag="uploaded", omit_defaults=True):
    """An attachment is durable, and may be posted."""

    conversation_id: str
    """Where."""
    upload_id: str
    """The sender's id."""
    attachment: Attachment
    """What it is."""


class Status(ServerFrame, frozen=True, kw_only=True, tag="status", omit_defaults=True):
    """A conversation stands differently; the whole of it is told each time."""

    conversation_id: str
    """Which."""
    phase: ChatPhase
    """Where it stands."""
    contact_id: str | None = None
    """Its last contact."""
    agents: list[str] = msgspec.field(default_factory=list)
    """Agents in it, as the reader knows them."""
    event: str | None = None
    """Tag of the event that did it, as in ``contact.transferred``; None: it was no event."""


class YourPosition(ServerFrame, frozen=True, kw_only=True, tag="position", omit_defaults=True):
    """The answer to ``position``."""

    conversation_id: str
    """Which."""
    position: int | None
    """1 is first; None: it does not wait, or the host does not tell."""


class Refused(ServerFrame, frozen=True, kw_only=True, tag="refused", omit_defaults=True):
    """A frame was not taken; nothing has happened."""

    code: ChatRefusal
    """Why."""
    message: str
    """What is allowed, in words for people who write clients."""
    client_id: str | None = None
    """The message it is about."""
    upload_id: str | None = None
    """The upload it is about."""
    conversation_id: str | None = None
    """The conversation it is about, as it was named."""
    retry_after_us: int | None = None
    """When it may be tried again; None: not as it is, or at any time where the code is ``unavailable``."""


class Pong(ServerFrame, frozen=True, kw_only=True, tag="pong"):
    """The answer to ``ping``."""


class Closing(ServerFrame, frozen=True, kw_only=True, tag="closing", omit_defaults=True):
    """The server closes the socket behind this, with this code."""

    code: CloseCode
    """Why."""


FromClient = Hello | Join | Leave | Post | Typing | Receipt | Upload | WhichPosition | End | Ping
"""All that a client sends, besides bytes."""

FromServer = (
    Joined
    | Invited
    | Left
    | Posted
    | Ack
    | TypingNow
    | ReceiptTold
    | Uploaded
    | Status
    | YourPosition
    | Refused
    | Pong
    | Closing
)
"""All that the server sends."""

_from_client: Final[msgspec.json.Decoder[FromClient]] = msgspec.json.Decoder(FromClient)
_from_server: Final[msgspec.json.Decoder[FromServer]] = msgspec.json.Decoder(FromServer)
_encoder: Final = msgspec.json.Encoder()


def read_client_frame(text: str | bytes) -> FromClient | None:
    """Return a client's frame; None: it is none."""
    try:
        return _from_client.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def read_server_frame(text: str | bytes) -> FromServer:
    """Return a server's frame, for clients in Python.

    :raises ValueError: it is none.
    """
    return _from_server.decode(text)


def write_frame(frame: ClientFrame | ServerFrame) -> str:
    """Return a frame as it goes over the socket."""
    return _encoder.encode(frame).decode()
