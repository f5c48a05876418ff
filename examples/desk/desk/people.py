"""Who may sign in, and who is signed in: users and sessions, in a small file of SQLite's of their own.

A session is known by a random token, of which only a hash is kept: who reads the file cannot sign in with it. Reading
takes some microseconds and happens where it is asked; writing waits for the disk, so that it belongs into a thread.
"""

from __future__ import annotations

import enum
import hmac
import os
import secrets
import threading
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, final

import apsw
import msgspec

from desk.passwords import hash_of, is_right
from desk.sqlite_files import opened

__all__ = ["SESSION_US", "NameTaken", "People", "Role", "Session", "User", "WrongName", "csrf_of"]

SESSION_US: Final = 12 * 3_600 * 1_000_000
"""How long a session lasts from sign-in: a shift."""
SESSIONS_MAX: Final = 20
"""Sessions that one user may have; the oldest one ends when there is one more."""
_TOKEN_BYTES: Final = 32
_NAME_LENGTH_MAX: Final = 128
_SCHEMA: Final = """
create table users (
    name text primary key,
    shown_name text not null,
    role text not null,
    agent_id text,
    password text not null
) strict, without rowid;
create table sessions (
    token blob primary key,
    name text not null references users (name) on delete cascade,
    began_at_us integer not null,
    expires_at_us integer not null
) strict, without rowid;
create index sessions_of on sessions (name, began_at_us);
pragma user_version = 1;
"""


class Role(enum.StrEnum):
    """What a user may do."""

    CUSTOMER = "customer"
    """Chat as somebody who is known."""
    AGENT = "agent"
    """Take contacts."""
    SUPERVISOR = "supervisor"
    """See everything and step in; take contacts, too, where an agent of the configuration belongs to the user."""
    ADMIN = "admin"
    """What a supervisor may, and what administration will need."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in."""

    name: str
    """What the user signs in with."""
    shown_name: str
    """What others see."""
    role: Role
    """What the user may do."""
    agent_id: str | None
    """The agent of the configuration that this user is; None: no agent."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in."""

    user: User
    """Who."""
    expires_at_us: int
    """When the session ends by itself."""


class NameTaken(ValueError):
    """There is a user of this name already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a user {name!r} already")


class WrongName(ValueError):
    """This is no name for a user."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"a name must have 1 to {_NAME_LENGTH_MAX} printable characters, no blanks around them; was {name!r}"
        )


@final
class People:
    """Users and sessions in one file. Reads on the thread that owns it; writes may come from any thread."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file, which is made where it is not.

        :param path: the file; nobody but its owner may read it.
        :raises apsw.Error: it cannot be opened, or is no database.
        """
        # One transaction at a time on a connection.
        self._lock = threading.Lock()
        self._writing = opened(path, _SCHEMA)
        # A connection waits while another thread writes with it, so that who only reads has one of its own.
        self._reading = opened(path, _SCHEMA)

    def add(self, user: User, password: str) -> None:
        """Let somebody sign in from now on.

        :raises WrongName: the name is empty, too long, or has blanks around it.
        :raises NameTaken: there is a user of this name.
        :raises PasswordTooShort: the password has too few characters, or too many.
        """
        if not 1 <= len(user.name) <= _NAME_LENGTH_MAX or user.name != user.name.strip() or not user.name.isprintable():
            raise WrongName(user.name)
        row = (user.name, user.shown_name, user.role.value, user.agent_id, hash_of(password))
        try:
            with self._lock:
                self._writing.execute("insert into users values (?, ?, ?, ?, ?)", row)
        except apsw.ConstraintError as error:
            raise NameTaken(user.name) from error

    def remove(self, name: str) -> bool:
        """Let somebody sign in no more, end the sessions, and say whether there was such a user."""
        with self._lock:
            return bool(self._writing.execute("delete from users where name = ? returning 1", (name,)).fetchall())

    def users(self) -> list[User]:
        """Return all users, by name."""
        rows = self._reading.execute("select name, shown_name, role, agent_id from users order by name")
        return [_user(row) for row in rows]

    def agents(self) -> dict[str, str]:
        """Return what the users are called that are agents, by agent."""
        return {one.agent_id: one.shown_name for one in self.users() if one.agent_id is not None}

    def who_is(self, name: str, password: str) -> User | None:
        """Return the user who has this name and password; None: nobody has. Takes as long for both; for a thread."""
        with self._lock:
            found = self._writing.execute(
                "select name, shown_name, role, agent_id, password from users where name = ?", (name,)
            ).fetchall()
        if not is_right(str(found[0][4]) if found else None, password):
            return None
        return _user(found[0])

    def begin(self, user: User, now_us: int) -> tuple[str, Session]:
        """Begin a session and return its token and itself."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        session = Session(user=user, expires_at_us=now_us + SESSION_US)
        with self._lock, self._writing:
            self._writing.execute("delete from sessions where expires_at_us <= ?", (now_us,))
            self._writing.execute(
                "insert into sessions values (?, ?, ?, ?)", (_kept(token), user.name, now_us, session.expires_at_us)
            )
            self._writing.execute(
                "delete from sessions where name = ?1 and token not in "
                "(select token from sessions where name = ?1 order by began_at_us desc, token limit ?2)",
                (user.name, SESSIONS_MAX),
            )
        return token, session

    def session(self, token: str, now_us: int) -> Session | None:
        """Return the session of a token; None: there is none, or it has ended."""
        row = self._reading.execute(
            "select u.name, u.shown_name, u.role, u.agent_id, s.expires_at_us from sessions s join users u "
            "on u.name = s.name where s.token = ? and s.expires_at_us > ?",
            (_kept(token), now_us),
        ).fetchall()
        return Session(user=_user(row[0]), expires_at_us=_integer(row[0][4])) if row else None

    def end(self, token: str) -> None:
        """End a session, if it is there."""
        with self._lock:
            self._writing.execute("delete from sessions where token = ?", (_kept(token),))

    def close(self) -> None:
        """Close the file."""
        self._reading.close()
        self._writing.close()


def csrf_of(token: str) -> str:
    """Return what a page of this server, and no other page, can send along with the requests of a session."""
    return hmac.new(token.encode(), b"csrf", "sha256").hexdigest()


def _kept(token: str) -> bytes:
    # Tokens are random, so that a plain hash is as hard to turn around as they are to guess.
    return blake2b(token.encode(errors="replace"), digest_size=32).digest()


def _user(row: Sequence[object]) -> User:
    name, shown_name, role, agent_id = row[:4]
    return User(
        name=str(name),
        shown_name=str(shown_name),
        role=Role(str(role)),
        agent_id=None if agent_id is None else str(agent_id),
    )


def _integer(value: object) -> int:
    assert isinstance(value, int)
    return value
