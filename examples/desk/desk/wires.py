"""A WebSocket of the chat within the process, for those who have no browser."""

from __future__ import annotations

from collections import deque
from typing import Final, final

import anyio

from ccroute.channels.webchat_protocol import ClientFrame, FromServer, read_server_frame, write_frame

__all__ = ["Wire"]

_FRAMES_MAX: Final = 1_000


@final
class _Pipe:
    """Frames in one direction; None behind the last."""

    def __init__(self) -> None:
        self._frames: deque[str | None] = deque()
        self._news = anyio.Event()

    def put(self, frame: str | None) -> None:
        if len(self._frames) < _FRAMES_MAX:
            self._frames.append(frame)
            self._news.set()

    async def take(self) -> str | None:
        while not self._frames:
            self._news = anyio.Event()
            await self._news.wait()
        return self._frames.popleft()


@final
class Wire:
    """Both ends: ``receive``, ``send`` and ``close`` are the chat's, ``say`` and ``hear`` are the other one's."""

    def __init__(self) -> None:
        self._to_chat = _Pipe()
        self._from_chat = _Pipe()

    async def receive(self) -> str | bytes | None:
        """Return the next frame that was said."""
        return await self._to_chat.take()

    async def send(self, text: str) -> None:
        """Let a frame be heard."""
        self._from_chat.put(text)

    async def close(self, code: int, reason: str) -> None:
        """Let nothing more be heard."""
        self._from_chat.put(None)

    def say(self, frame: ClientFrame) -> None:
        """Send a frame to the chat."""
        self._to_chat.put(write_frame(frame))

    def leave(self) -> None:
        """Go."""
        self._to_chat.put(None)

    async def hear(self) -> FromServer | None:
        """Return the next frame of the chat; None: it has closed."""
        text = await self._from_chat.take()
        return None if text is None else read_server_frame(text)
