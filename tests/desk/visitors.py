"""Who comes to the server in tests: clients over HTTP and WebSocket that talk to the application without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import msgspec
from starlette.types import ASGIApp

ORIGIN = "http://desk.test"
HOST = "desk.test"


def client(app: ASGIApp, **headers: str) -> httpx.AsyncClient:
    """Return a client of the application that sends no origin, as no browser does."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, client=("192.0.2.1", 50_000)), base_url=ORIGIN, headers=headers
    )


def cookie_of(visitor: httpx.AsyncClient) -> str:
    """Return the cookies of a client as it sends them."""
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())


async def sign_in(visitor: httpx.AsyncClient, name: str, password: str) -> None:
    """Sign a client in; it sends the token of its session from then on."""
    answer = await visitor.post("/api/sign-in", json={"name": name, "password": password})
    assert answer.status_code == 200, answer.text
    visitor.headers["X-CSRF-Token"] = answer.json()["csrf"]


class Socket:
    """The far end of a WebSocket."""

    def __init__(self) -> None:
        self._to_app, self._app_reads = anyio.create_memory_object_stream[dict[str, Any]](1_000)
        self._app_writes, self._from_app = anyio.create_memory_object_stream[dict[str, Any]](10_000)
        self.closed_with: int | None = None
        self.is_accepted = False
        self.done = anyio.Event()
        self._to_app.send_nowait({"type": "websocket.connect"})

    async def send(self, frame: object) -> None:
        """Send a frame: text as it is, everything else as JSON."""
        text = frame if isinstance(frame, str) else msgspec.json.encode(frame).decode()
        await self._to_app.send({"type": "websocket.receive", "text": text})

    async def send_bytes(self, content: bytes) -> None:
        """Send a frame of bytes."""
        await self._to_app.send({"type": "websocket.receive", "bytes": content})

    async def receive(self) -> Any:
        """Return the next frame, decoded; None: the server has closed."""
        with anyio.fail_after(10):
            message = await self._from_app.receive()
        if message["type"] == "websocket.close":
            self.closed_with = message["code"]
            return None
        return msgspec.json.decode(message["text"])

    async def wait_for(self, kind: str, **wanted: object) -> Any:
        """Return the next frame of a type whose fields are as wanted; those before it are passed over."""
        while True:
            frame = await self.receive()
            assert frame is not None, f"closed with {self.closed_with} before {kind} came"
            if frame["type"] == kind and all(frame.get(name) == value for name, value in wanted.items()):
                return frame

    async def leave(self) -> None:
        """Go away."""
        await self._to_app.send({"type": "websocket.disconnect", "code": 1001})

    async def run(self, app: ASGIApp, path: str, headers: dict[str, str]) -> None:
        """Let the application serve it until both sides are done."""
        scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "ws",
            "client": ("192.0.2.1", 50_000),
            "server": (HOST, 80),
            "subprotocols": [],
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "state": {},
        }
        await app(scope, self._app_reads.receive, self._take)  # type: ignore[arg-type]
        self.done.set()

    def close(self) -> None:
        """Give everything back."""
        for stream in (self._to_app, self._app_reads, self._app_writes, self._from_app):
            stream.close()

    async def _take(self, message: Any) -> None:
        if message["type"] == "websocket.accept":
            self.is_accepted = True
            return
        await self._app_writes.send(message)


@asynccontextmanager
async def socket(
    app: ASGIApp, path: str, visitor: httpx.AsyncClient | None = None, **headers: str
) -> AsyncIterator[Socket]:
    """Open a WebSocket with the cookies of a client, from a page of the server unless ``origin`` says otherwise."""
    sent = {"host": HOST, "origin": ORIGIN} | headers
    if visitor is not None and visitor.cookies:
        sent["cookie"] = cookie_of(visitor)
    opened = Socket()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(opened.run, app, path, sent)
            yield opened
            await opened.leave()
            with anyio.fail_after(10):
                await opened.done.wait()
    finally:
        opened.close()
