"""What can be asked of the server: each operation is declared once, and routing, guards, tests and OpenAPI read that.

A *room* is a part of the house: operations and sockets that belong together, such as those of agents. A new one, for
voice, e-mail, administration or reports, is added to the list in ``desk.app`` and touches no other.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Final, TypeVar, final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from desk.faults import fault
from desk.people import Role, Session

__all__ = [
    "BODY_SIZE_MAX",
    "ID_LENGTH_MAX",
    "Access",
    "Call",
    "Done",
    "Operation",
    "Room",
    "SocketDoor",
    "Visit",
    "getting",
    "may_enter",
    "posting",
]

_S = TypeVar("_S")

ID_LENGTH_MAX: Final = 128
"""Characters of an id in a path."""
BODY_SIZE_MAX: Final = 128 * 1_024
"""Bytes of a body of JSON."""


class Access(enum.StrEnum):
    """Who may ask."""

    ANYONE = "anyone"
    """Who is signed in, and who is not."""
    SIGNED_IN = "signed_in"
    """Every user."""
    AGENT = "agent"
    """Users who are an agent of the contact centre."""
    SUPERVISOR = "supervisor"
    """Supervisors and admins."""


_ROLES: Final = {
    Access.ANYONE: frozenset(Role),
    Access.SIGNED_IN: frozenset(Role),
    Access.AGENT: frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMIN}),
    Access.SUPERVISOR: frozenset({Role.SUPERVISOR, Role.ADMIN}),
}


def may_enter(access: Access, session: Session | None) -> bool:
    """Say whether somebody may ask for what is open to ``access``."""
    if session is None:
        return access is Access.ANYONE
    if access is Access.AGENT and session.user.agent_id is None:
        return False
    return session.user.role in _ROLES[access]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to what has nothing else to tell."""

    ok: bool = True
    """Always true: it has happened, and is on disk."""


@final
class Call:
    """One request that has passed the guards."""

    def __init__(
        self, request: Request, *, session: Session | None, token: str | None, body: object, query: object
    ) -> None:
        self.request = request
        self.session = session
        self.token = token
        self._body = body
        self._query = query

    @property
    def who(self) -> Session:
        """Return the session; there is one wherever access is not for anyone."""
        if self.session is None:
            raise fault("signed_out")
        return self.session

    @property
    def address(self) -> str:
        """Return from where the request comes."""
        return "" if self.request.client is None else self.request.client.host

    @property
    def agent_id(self) -> str:
        """Return the agent that the user is."""
        agent_id = self.who.user.agent_id
        if agent_id is None:
            raise fault("no_agent")
        return agent_id

    def part(self, name: str) -> str:
        """Return the part of the path of this name."""
        return str(self.request.path_params[name])

    def body_as(self, shape: type[_S]) -> _S:
        """Return the body, which is of the shape that the operation declares."""
        assert isinstance(self._body, shape)
        return self._body

    def query_as(self, shape: type[_S]) -> _S:
        """Return what stood behind the question mark, of the shape that the operation declares."""
        assert isinstance(self._query, shape)
        return self._query


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be asked over HTTP."""

    method: str
    """``GET`` or ``POST``."""
    path: str
    """The path, with parts in braces, such as ``/api/agent/offers/{offer_id}/accept``."""
    name: str
    """Its name in OpenAPI; no other operation has it."""
    summary: str
    """What it does, in a sentence."""
    handle: Callable[[Call], Awaitable[object]]
    """Does it, and returns the answer: a struct of ``answer``, or a response."""
    access: Access
    """Who may ask."""
    body: type[msgspec.Struct] | None = None
    """The shape of the body; None: there is none. One whose fields all have defaults may be left out."""
    raw: bool = False
    """Whether the body is bytes of any kind, which ``handle`` reads itself."""
    query: type[msgspec.Struct] | None = None
    """The shape of what stands behind the question mark; None: nothing does."""
    answer: type[msgspec.Struct] | None = None
    """The shape of the answer; None: there is no body, and the status is 204."""
    media_type: str = "application/json"
    """What the answer is."""
    faults: tuple[str, ...] = ()
    """Codes of faults that this operation tells beyond those that every one of its kind may tell."""

    @property
    def is_safe(self) -> bool:
        """Say whether it changes nothing."""
        return self.method == "GET"


def getting(
    path: str,
    name: str,
    summary: str,
    handle: Callable[[Call], Awaitable[object]],
    answer: type[msgspec.Struct],
    query: type[msgspec.Struct] | None = None,
    *,
    access: Access,
    faults: tuple[str, ...] = (),
) -> Operation:
    """Return an operation that looks and changes nothing."""
    return Operation(
        method="GET",
        path=path,
        name=name,
        summary=summary,
        handle=handle,
        access=access,
        query=query,
        answer=answer,
        faults=faults,
    )


def posting(
    path: str,
    name: str,
    summary: str,
    handle: Callable[[Call], Awaitable[object]],
    body: type[msgspec.Struct] | None = None,
    answer: type[msgspec.Struct] | None = Done,
    *,
    access: Access,
    faults: tuple[str, ...] = (),
) -> Operation:
    """Return an operation that does something."""
    return Operation(
        method="POST",
        path=path,
        name=name,
        summary=summary,
        handle=handle,
        access=access,
        body=body,
        answer=answer,
        faults=faults,
    )


@final
class Visit:
    """One WebSocket that has passed the guards: text in, text out."""

    def __init__(
        self,
        *,
        session: Session | None,
        address: str,
        parts: Mapping[str, str],
        receive: Callable[[], Awaitable[str | bytes | None]],
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int, str], Awaitable[None]],
    ) -> None:
        self.session = session
        self.address = address
        self.parts = parts
        self._receive = receive
        self._send = send
        self._close = close

    async def receive(self) -> str | bytes | None:
        """Return the next frame; None: the visitor is gone."""
        return await self._receive()

    async def send(self, text: str) -> None:
        """Send a frame; nothing happens where the visitor is gone."""
        await self._send(text)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """End the visit."""
        await self._close(code, reason)


class SocketDoor(msgspec.Struct, frozen=True, kw_only=True):
    """One WebSocket that can be opened."""

    path: str
    """The path."""
    name: str
    """Its name; no other socket has it."""
    handle: Callable[[Visit], Awaitable[None]]
    """Talks until the visitor goes; what is cancelled has ended."""
    access: Access
    """Who may open it."""


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the house."""

    name: str
    """Its name, the tag of its operations in OpenAPI."""
    about: str
    """What it is for, in a sentence."""
    operations: tuple[Operation, ...] = ()
    """What can be asked."""
    sockets: tuple[SocketDoor, ...] = ()
    """What can be opened."""
    tasks: tuple[Callable[[], Coroutine[object, object, None]], ...] = ()
    """What runs as long as the server does."""


def plain(content: bytes, media_type: str, status: int = 200) -> Response:
    """Return an answer that is not JSON."""
    return Response(content, status_code=status, media_type=media_type)
