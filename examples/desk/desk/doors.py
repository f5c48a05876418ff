"""Between the routes and the rooms: who asks, how often, with what role, and with what in hand."""

from __future__ import annotations

import contextlib
import hmac
import logging
import math
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Final, final

import anyio
import msgspec
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from desk.calls import BODY_SIZE_MAX, ID_LENGTH_MAX, Access, Call, Operation, SocketDoor, Visit, may_enter
from desk.faults import Fault, FaultTold, fault
from desk.limits import Allowances, Buckets
from desk.metrics import Meter
from desk.people import People, Session, csrf_of

__all__ = ["COOKIE", "Doors", "told"]

COOKIE: Final = "desk_session"
"""Name of the cookie of a session; over https with ``__Host-`` before it."""
CSRF_HEADER: Final = "x-csrf-token"
SESSION_CHECKED_S: Final = 10.0
"""How often it is looked whether the session of an open WebSocket has ended."""

_LOG: Final = logging.getLogger("desk")
_CLOSED_BY: Final = {"signed_out": 4401, "forbidden": 4403, "no_agent": 4403, "too_many": 4429}


def told(error: Fault) -> Response:
    """Return the answer that tells a fault."""
    response = Response(
        msgspec.json.encode(FaultTold(error=error.told)), status_code=error.status, media_type="application/json"
    )
    if error.told.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.told.retry_after_s)
    return response


@final
class Doors:
    """Guards in front of every operation and every WebSocket."""

    def __init__(
        self,
        people: People,
        *,
        now_us: Callable[[], int],
        is_https: bool = False,
        allowances: Allowances | None = None,
        meter: Meter | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take who knows the users, and the limits.

        :param now_us: the time on the wall, by which sessions end.
        :param is_https: whether cookies are kept to encrypted connections.
        :param clock_s: seconds that only go forward, by which limits count.
        """
        allowed = Allowances() if allowances is None else allowances
        self.people: Final = people
        self.cookie: Final = f"__Host-{COOKIE}" if is_https else COOKIE
        self.is_https: Final = is_https
        self.now_us: Final = now_us
        self.clock_s: Final = clock_s
        self.meter: Final = Meter() if meter is None else meter
        self._visitors = Buckets(allowed.visitor)
        self._users = Buckets(allowed.user)
        self._sockets = Buckets(allowed.sockets)

    def endpoint(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        """Return what Starlette calls for an operation."""

        async def answer(request: Request) -> Response:
            began_s = self.clock_s()
            response = await self._answer(request, operation)
            self.meter.answered(operation.name, response.status_code, self.clock_s() - began_s)
            return response

        return answer

    async def _answer(self, request: Request, operation: Operation) -> Response:
        try:
            call = await self._enter(request, operation)
            found = await operation.handle(call)
        except Fault as error:
            return told(error)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # whatever it is, the server goes on, and says so
            _note(operation.name, error)
            return told(fault("failed"))
        if isinstance(found, Response):
            return found
        if found is None:
            return Response(status_code=204)
        return Response(msgspec.json.encode(found), media_type=operation.media_type)

    def socket_endpoint(self, door: SocketDoor) -> Callable[[WebSocket], Awaitable[None]]:
        """Return what Starlette calls for a WebSocket."""

        async def talk(socket: WebSocket) -> None:
            await socket.accept()
            token = socket.cookies.get(self.cookie)
            session = self._session(token)
            try:
                self._let_in(socket, door.access, session, self._sockets)
            except Fault as error:
                await socket.close(_CLOSED_BY[error.told.code], error.told.code)
                return
            visit = _visit(socket, session, _address(socket))
            self.meter.opened(door.name)
            try:
                async with anyio.create_task_group() as group:
                    if session is not None:
                        group.start_soon(self._close_with_session, visit, token)
                    await door.handle(visit)
                    group.cancel_scope.cancel()
            except BaseExceptionGroup as errors:
                for one in _leaves(errors):
                    _note(door.name, one)
                await visit.close(1011, "failed")
            else:
                await visit.close()
            finally:
                self.meter.closed(door.name)

        return talk

    async def _enter(self, request: Request, operation: Operation) -> Call:
        token = request.cookies.get(self.cookie)
        session = self._session(token)
        self._let_in(request, operation.access, session, self._visitors)
        if not operation.is_safe and session is not None and operation.access is not Access.ANYONE:
            sent = request.headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(sent.encode(), csrf_of(token or "").encode()):
                raise fault("bad_csrf")
        # What can be no id names nothing.
        if not all(1 <= len(one) <= ID_LENGTH_MAX and one.isprintable() for one in request.path_params.values()):
            raise fault("not_found")
        query = _query(request, operation)
        body = await _body(request, operation)
        return Call(request, session=session, token=token, body=body, query=query)

    def _session(self, token: str | None) -> Session | None:
        return None if token is None else self.people.session(token, self.now_us())

    def _let_in(self, asked: HTTPConnection, access: Access, session: Session | None, limit: Buckets) -> None:
        if limit is self._visitors and session is not None:
            wait_s = self._users.take(session.user.name, self.clock_s())
        else:
            wait_s = limit.take(_address(asked), self.clock_s())
        if wait_s:
            raise fault("too_many", retry_after_s=math.ceil(wait_s))
        if session is None and access is not Access.ANYONE:
            raise fault("signed_out")
        if not may_enter(access, session):
            raise fault("forbidden")

    async def _close_with_session(self, visit: Visit, token: str | None) -> None:
        while self._session(token) is not None:
            await anyio.sleep(SESSION_CHECKED_S)
        await visit.close(4401, "signed_out")


def _query(request: Request, operation: Operation) -> object:
    if operation.query is None:
        return None
    try:
        return msgspec.convert(dict(request.query_params), operation.query, strict=False)
    except msgspec.ValidationError as error:
        raise fault("bad_request", f"What stands behind the question mark: {error}.") from error


async def _body(request: Request, operation: Operation) -> object:
    if operation.body is None:
        return None
    content = await read(request, BODY_SIZE_MAX)
    if not content and not any(one.required for one in msgspec.structs.fields(operation.body)):
        return operation.body()
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise fault("not_json")
    try:
        return msgspec.json.decode(content, type=operation.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # What msgspec says names the place and the type that was expected, and not the value.
        raise fault("bad_request", f"The body: {error}.") from error


async def read(request: Request, size_max: int) -> bytes:
    """Return the body of a request; one that is larger is not read to its end."""
    said = request.headers.get("content-length", "0")
    if not said.isdecimal() or len(said) > len(str(size_max)) or int(said) > size_max:
        raise fault("too_large", f"The body is larger than {size_max} bytes.")
    chunks: list[bytes] = []
    size = 0
    async with contextlib.aclosing(request.stream()) as stream:
        async for chunk in stream:
            size += len(chunk)
            if size > size_max:
                raise fault("too_large", f"The body is larger than {size_max} bytes.")
            chunks.append(chunk)
    return b"".join(chunks)


def _visit(socket: WebSocket, session: Session | None, address: str) -> Visit:
    async def receive() -> str | bytes | None:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text: str | None = message.get("text")
        return message.get("bytes") if text is None else text

    async def send(text: str) -> None:
        if socket.application_state is WebSocketState.CONNECTED:
            try:
                await socket.send_text(text)
            except (WebSocketDisconnect, OSError):
                return

    async def close(code: int, reason: str) -> None:
        is_open = socket.application_state is WebSocketState.CONNECTED
        if is_open and socket.client_state is WebSocketState.CONNECTED:
            try:
                await socket.close(code, reason)
            except (WebSocketDisconnect, OSError, RuntimeError):  # it went in this moment
                return

    return Visit(session=session, address=address, parts=socket.path_params, receive=receive, send=send, close=close)


def _address(asked: HTTPConnection) -> str:
    return "" if asked.client is None else asked.client.host


def _note(name: str, error: BaseException) -> None:
    # Without its message, which may quote anything that somebody said.
    _LOG.error("%s: %s\n%s", name, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))


def _leaves(errors: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in errors.exceptions:
        found.extend(_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    return found
