"""What a web chat must know again after a crash, besides what was said: sessions, and where conversations stand.

What was said is in the history, and only there. Tokens are not kept, only their SHA-256: who reads the file opens no
session with it. Stores block; the channel calls them in threads.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Protocol, final

import msgspec

from ccroute.channels.checking import check_text
from ccroute.channels.webchat_protocol import ChatPhase
from ccroute.commands import EnqueueContact
from ccroute.storage.database import Database
from ccroute.storage.migrations import migrate
from ccroute.storage.sqlite import SqliteDatabase

__all__ = [
    "ChatContact",
    "ChatSession",
    "ChatState",
    "MemorySessions",
    "SessionStore",
    "SqliteSessions",
    "hash_of",
]


class ChatSession(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's session, which its token opens."""

    session_id: str
    """Its id, which opens nothing."""
    token_hash: bytes
    """SHA-256 of the token."""
    conversation_id: str
    """The conversation it is in."""
    customer_id: str | None
    """Whose it is; None: nobody's who is known."""
    began_at_us: int
    """When it began."""
    seen_at_us: int
    """When the customer was there last, to the minute."""
    ended_at_us: int | None
    """When it ended; None: it has not."""


class ChatContact(msgspec.Struct, frozen=True, kw_only=True):
    """The last contact of a conversation."""

    command: EnqueueContact
    """As the engine was, or is to be, asked for it."""
    phase: ChatPhase
    """Where it stands."""
    agents: tuple[str, ...] = ()
    """Who is in it, in the order in which they came."""
    is_handed_on: bool = False
    """Whether an agent has given it away, and nobody has taken it yet."""
    seq: int = 0
    """Seq of the last event that was taken; those before it come again and do nothing."""

    @property
    def is_open(self) -> bool:
        """Return whether it may still be inside."""
        return self.phase is not ChatPhase.OVER


class ChatState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a conversation stands."""

    conversation_id: str
    """The conversation."""
    customer_id: str | None
    """Whose it is; None: nobody's who is known."""
    number: int = 0
    """Number of its last message. The history may have more after a crash, and fewer where some were forgotten."""
    heard: int = 0
    """Number of the last message that the bot is done with."""
    contacts: int = 0
    """How many contacts it had."""
    contact: ChatContact | None = None
    """The last one; None: there was none."""
    receipts: dict[str, tuple[int, int]] = msgspec.field(default_factory=dict)
    """Delivered and read up to, by agent id; the customer's under the empty id."""

    @property
    def phase(self) -> ChatPhase:
        """Where it stands."""
        return ChatPhase.BOT if self.contact is None else self.contact.phase

    @property
    def contact_id(self) -> str:
        """What is said now belongs to this contact: the one that is inside, or else the next one."""
        if self.contact is not None and self.contact.is_open:
            return self.contact.command.contact_id
        return f"{self.conversation_id}.{self.contacts + 1}"

    @property
    def needs_attention(self) -> bool:
        """Whether something is to be done about it: a contact is inside, or the bot has not heard all."""
        return (self.contact is not None and self.contact.is_open) or self.heard < self.number


def hash_of(token: str) -> bytes:
    """Return what is kept of a token. It has 256 random bits, so that no salt and no slow hash is needed.

    :raises WrongType: it is no text.
    """
    check_text("token", token)
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class SessionStore(Protocol):
    """Keeps sessions and states of conversations. Durable on return; its methods may be called from any thread.

    Each raises ``StorageError`` where it cannot do so.
    """

    def begin(self, session: ChatSession, state: ChatState) -> None:
        """Keep a new session; the state, too, if nothing is known of the conversation."""

    def session(self, token_hash: bytes) -> ChatSession | None:
        """Return a session by the hash of its token; None: there is none."""

    def sessions(self, conversation_id: str) -> list[ChatSession]:
        """Return the sessions of a conversation that have not ended, the oldest first."""

    def see(self, session_id: str, at_us: int) -> None:
        """Note that a customer was there."""

    def end(self, session_id: str, at_us: int) -> None:
        """End a session; one that has ended stays as it is."""

    def save(self, states: Sequence[ChatState]) -> None:
        """Keep states, all or none."""

    def state(self, conversation_id: str) -> ChatState | None:
        """Return the state of a conversation; None: nothing is known of it."""

    def conversation_of(self, contact_id: str) -> str | None:
        """Return the conversation whose last contact this is; None: it is of none."""

    def unattended(self) -> list[ChatState]:
        """Return the states that need attention, by conversation id."""

    def forget(self, before_us: int) -> list[str]:
        """Remove sessions that nobody used since a moment, and conversations left without one, unless they need
        attention; return the ids of those conversations.
        """

    def erase(self, customer_id: str) -> list[str]:
        """Remove the sessions and conversations of a customer, and return the ids of the conversations."""

    def close(self) -> None:
        """Give everything back. Calls after the first do nothing."""


@final
class MemorySessions:
    """Sessions that end with the process."""

    def __init__(self) -> None:
        self._sessions: dict[str, ChatSession] = {}
        self._states: dict[str, ChatState] = {}
        self._lock = threading.Lock()

    def begin(self, session: ChatSession, state: ChatState) -> None:
        """Keep a new session; see ``SessionStore``."""
        with self._lock:
            self._sessions[session.session_id] = session
            self._states.setdefault(state.conversation_id, state)

    def session(self, token_hash: bytes) -> ChatSession | None:
        """Return a session by the hash of its token; see ``SessionStore``."""
        with self._lock:
            return next((one for one in self._sessions.values() if one.token_hash == token_hash), None)

    def sessions(self, conversation_id: str) -> list[ChatSession]:
        """Return the sessions of a conversation that have not ended; see ``SessionStore``."""
        with self._lock:
            found = [
                one
                for one in self._sessions.values()
                if one.conversation_id == conversation_id and one.ended_at_us is None
            ]
        return sorted(found, key=lambda one: (one.began_at_us, one.session_id))

    def see(self, session_id: str, at_us: int) -> None:
        """Note that a customer was there; see ``SessionStore``."""
        self._replace(session_id, seen_at_us=at_us)

    def end(self, session_id: str, at_us: int) -> None:
        """End a session; see ``SessionStore``."""
        self._replace(session_id, ended_at_us=at_us)

    def _replace(self, session_id: str, **changed: int) -> None:
        with self._lock:
            session = self._sessions.get(session_id)
            if session is not None and session.ended_at_us is None:
                self._sessions[session_id] = msgspec.structs.replace(session, **changed)

    def save(self, states: Sequence[ChatState]) -> None:
        """Keep states; see ``SessionStore``."""
        with self._lock:
            self._states |= {one.conversation_id: one for one in states}

    def state(self, conversation_id: str) -> ChatState | None:
        """Return the state of a conversation; see ``SessionStore``."""
        with self._lock:
            return self._states.get(conversation_id)

    def conversation_of(self, contact_id: str) -> str | None:
        """Return the conversation whose last contact this is; see ``SessionStore``."""
        with self._lock:
            for state in self._states.values():
                if state.contact is not None and state.contact.command.contact_id == contact_id:
                    return state.conversation_id
        return None

    def unattended(self) -> list[ChatState]:
        """Return the states that need attention; see ``SessionStore``."""
        with self._lock:
            return [self._states[one] for one in sorted(self._states) if self._states[one].needs_attention]

    def forget(self, before_us: int) -> list[str]:
        """Remove what nobody used since a moment; see ``SessionStore``."""
        with self._lock:
            busy = {one.conversation_id for one in self._states.values() if one.needs_attention}
            old = {
                one.session_id: one.conversation_id
                for one in self._sessions.values()
                if one.seen_at_us < before_us and one.conversation_id not in busy
            }
            kept = {one.conversation_id for one in self._sessions.values() if one.session_id not in old}
            return self._remove(old, set(old.values()) - kept)

    def erase(self, customer_id: str) -> list[str]:
        """Remove what is of a customer; see ``SessionStore``."""
        with self._lock:
            gone = {one.conversation_id for one in self._states.values() if one.customer_id == customer_id}
            of_it = {one.session_id: "" for one in self._sessions.values() if one.conversation_id in gone}
            return self._remove(of_it, gone)

    def _remove(self, session_ids: dict[str, str], conversation_ids: set[str]) -> list[str]:
        self._sessions = {key: one for key, one in self._sessions.items() if key not in session_ids}
        self._states = {key: one for key, one in self._states.items() if key not in conversation_ids}
        return sorted(conversation_ids)

    def close(self) -> None:
        """Do nothing."""


_OWNER: Final = "webchat"

_STEPS: Final = (
    """
    CREATE TABLE chat_sessions (
        session_id TEXT NOT NULL PRIMARY KEY,
        token_hash BLOB NOT NULL UNIQUE,
        conversation_id TEXT NOT NULL,
        customer_id TEXT,
        began_at_us INTEGER NOT NULL,
        seen_at_us INTEGER NOT NULL,
        ended_at_us INTEGER
    ) STRICT;
    CREATE INDEX chat_sessions_by_conversation ON chat_sessions (conversation_id);
    CREATE INDEX chat_sessions_by_time ON chat_sessions (seen_at_us);
    CREATE TABLE chat_states (
        conversation_id TEXT NOT NULL PRIMARY KEY,
        customer_id TEXT,
        contact_id TEXT,
        needs_attention INTEGER NOT NULL,
        state BLOB NOT NULL
    ) STRICT;
    CREATE INDEX chat_states_by_contact ON chat_states (contact_id) WHERE contact_id IS NOT NULL;
    CREATE INDEX chat_states_by_customer ON chat_states (customer_id) WHERE customer_id IS NOT NULL;
    CREATE INDEX chat_states_unattended ON chat_states (conversation_id) WHERE needs_attention = 1;
    """,
)

_SESSION: Final = (
    "SELECT session_id, token_hash, conversation_id, customer_id, began_at_us, seen_at_us, ended_at_us "
    "FROM chat_sessions"
)
_SAVE: Final = (
    "INSERT INTO chat_states (conversation_id, customer_id, contact_id, needs_attention, state) "
    "VALUES (?, ?, ?, ?, ?) ON CONFLICT (conversation_id) DO "
)
_OVERWRITE: Final = (
    "UPDATE SET customer_id = excluded.customer_id, contact_id = excluded.contact_id, "
    "needs_attention = excluded.needs_attention, state = excluded.state"
)
_LEFT: Final = "NOT EXISTS (SELECT 1 FROM chat_sessions s WHERE s.conversation_id = chat_states.conversation_id)"

# Decimals among attributes stay what they are.
_decode: Final = msgspec.json.Decoder(ChatState, float_hook=Decimal).decode
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


@final
class SqliteSessions:
    """Sessions in a file of SQLite's, or in any other database that the package knows."""

    def __init__(self, place: str | os.PathLike[str] | Database) -> None:
        """Open the file, which is made where it is not.

        :param place: the path of the file, or a database, which is closed with the store.
        :raises ExtraMissing: the extra ``sqlite`` is not installed.
        :raises StorageError: it cannot be opened, or is of a newer release.
        """
        self._database: Final[Database] = SqliteDatabase(place) if isinstance(place, str | os.PathLike) else place
        try:
            migrate(self._database, _OWNER, _STEPS)
        except BaseException:
            self._database.close()
            raise

    def begin(self, session: ChatSession, state: ChatState) -> None:
        """Keep a new session; see ``SessionStore``."""
        with self._database.writing() as writing:
            writing.execute(
                "INSERT INTO chat_sessions (session_id, token_hash, conversation_id, customer_id, began_at_us, "
                "seen_at_us, ended_at_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    session.session_id,
                    session.token_hash,
                    session.conversation_id,
                    session.customer_id,
                    session.began_at_us,
                    session.seen_at_us,
                    session.ended_at_us,
                ),
            )
            writing.execute(f"{_SAVE}NOTHING", _row(state))

    def session(self, token_hash: bytes) -> ChatSession | None:
        """Return a session by the hash of its token; see ``SessionStore``."""
        with self._database.reading() as reading:
            rows = reading.execute(f"{_SESSION} WHERE token_hash = ?", (token_hash,))
        return _session(rows[0]) if rows else None

    def sessions(self, conversation_id: str) -> list[ChatSession]:
        """Return the sessions of a conversation that have not ended; see ``SessionStore``."""
        with self._database.reading() as reading:
            rows = reading.execute(
                f"{_SESSION} WHERE conversation_id = ? AND ended_at_us IS NULL ORDER BY began_at_us, session_id",
                (conversation_id,),
            )
        return [_session(row) for row in rows]

    def see(self, session_id: str, at_us: int) -> None:
        """Note that a customer was there; see ``SessionStore``."""
        with self._database.writing() as writing:
            writing.execute(
                "UPDATE chat_sessions SET seen_at_us = ? WHERE session_id = ? AND ended_at_us IS NULL",
                (at_us, session_id),
            )

    def end(self, session_id: str, at_us: int) -> None:
        """End a session; see ``SessionStore``."""
        with self._database.writing() as writing:
            writing.execute(
                "UPDATE chat_sessions SET ended_at_us = ? WHERE session_id = ? AND ended_at_us IS NULL",
                (at_us, session_id),
            )

    def save(self, states: Sequence[ChatState]) -> None:
        """Keep states; see ``SessionStore``."""
        with self._database.writing() as writing:
            writing.execute_many(f"{_SAVE}{_OVERWRITE}", [_row(state) for state in states])

    def state(self, conversation_id: str) -> ChatState | None:
        """Return the state of a conversation; see ``SessionStore``."""
        with self._database.reading() as reading:
            rows = reading.execute("SELECT state FROM chat_states WHERE conversation_id = ?", (conversation_id,))
        return _decode(rows[0][0]) if rows else None

    def conversation_of(self, contact_id: str) -> str | None:
        """Return the conversation whose last contact this is; see ``SessionStore``."""
        with self._database.reading() as reading:
            rows = reading.execute(
                "SELECT conversation_id FROM chat_states WHERE contact_id = ? ORDER BY conversation_id", (contact_id,)
            )
        return str(rows[0][0]) if rows else None

    def unattended(self) -> list[ChatState]:
        """Return the states that need attention; see ``SessionStore``."""
        with self._database.reading() as reading:
            rows = reading.execute("SELECT state FROM chat_states WHERE needs_attention = 1 ORDER BY conversation_id")
        return [_decode(row[0]) for row in rows]

    def forget(self, before_us: int) -> list[str]:
        """Remove what nobody used since a moment; see ``SessionStore``."""
        with self._database.writing() as writing:
            old = "conversation_id IN (SELECT conversation_id FROM chat_sessions WHERE seen_at_us < ?)"
            rows = writing.execute(
                f"SELECT conversation_id FROM chat_states WHERE needs_attention = 0 AND {old} ORDER BY conversation_id",
                (before_us,),
            )
            writing.execute_many(
                "DELETE FROM chat_sessions WHERE seen_at_us < ? AND conversation_id = ?",
                [(before_us, row[0]) for row in rows],
            )
            return [
                str(row[0])
                for row in rows
                if writing.execute(
                    f"DELETE FROM chat_states WHERE conversation_id = ? AND {_LEFT} RETURNING conversation_id", row
                )
            ]

    def erase(self, customer_id: str) -> list[str]:
        """Remove what is of a customer; see ``SessionStore``."""
        with self._database.writing() as writing:
            gone = writing.execute(
                "DELETE FROM chat_states WHERE customer_id = ? RETURNING conversation_id", (customer_id,)
            )
            writing.execute_many("DELETE FROM chat_sessions WHERE conversation_id = ?", gone)
        return sorted(str(row[0]) for row in gone)

    def close(self) -> None:
        """Close the database; see ``SessionStore``."""
        self._database.close()


def _row(state: ChatState) -> tuple[str, str | None, str | None, int, bytes]:
    contact_id = None if state.contact is None else state.contact.command.contact_id
    return state.conversation_id, state.customer_id, contact_id, int(state.needs_attention), _encode(state)


def _session(row: tuple[object, ...]) -> ChatSession:
    return msgspec.convert(dict(zip(ChatSession.__struct_fields__, row, strict=True)), ChatSession)
