"""A process with a router and a web chat, over TCP with one frame a line: ``python -m tests.chat_server FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
from anyio.abc import SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from ccroute import Config, Router, SqliteHistory
from ccroute.channels import ChatLimits, SqliteSessions, WebChat

CONFIG = Config.from_dict({"queues": {"support": {}}, "agents": {"charles": {"queues": {"support": 1}}}})
LIMITS = ChatLimits(messages_at_once=1_000_000, frames_at_once=1_000_000)
LINE = 100_000


class LineSocket:
    """A TCP connection as a socket of a chat."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream
        self._reader = BufferedByteReceiveStream(stream)

    async def receive(self) -> str | None:
        try:
            return (await self._reader.receive_until(b"\n", LINE)).decode()
        except (anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return None

    async def send(self, text: str) -> None:
        await self._stream.send(text.encode() + b"\n")

    async def close(self, code: int, reason: str) -> None:
        await self._stream.aclose()


async def main(folder: Path) -> None:
    """Serve until killed; print the port, and in the first life a token, when ready."""
    history = SqliteHistory(folder / "history", vault=None)
    chat = WebChat(history=history, sessions=SqliteSessions(folder / "chat"), limits=LIMITS, queue_id="support")
    async with Router.open(folder / "journal", CONFIG, history=history, channels={"chat": chat}):
        token = folder / "token"
        if not token.exists():
            token.write_text((await chat.open_session(customer_id="ada")).token)
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")

        async def serve(stream: SocketStream) -> None:
            await chat.serve(LineSocket(stream))

        print(listener.extra(anyio.abc.SocketAttribute.local_port), flush=True)
        await listener.serve(serve)


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]))
