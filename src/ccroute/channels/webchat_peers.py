"""One socket of a web chat: what waits to be sent over it, and the task that sends.

Messages do not wait here. A socket has a place in each conversation that it hears, the number of the message sent last,
and the task takes the next one from there: a client that reads slowly costs its place, not a copy of everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol, final

import anyio

from ccroute.channels.webchat_conversations import Conversation, Listener, Spoken
from ccroute.channels.webchat_protocol import (
    ChatRefusal,
    CloseCode,
    Closing,
    Party,
    Posted,
    Receipts,
    Refused,
    ServerFrame,
    Upload,
    write_frame,
)
from ccroute.errors import ChatRefused

__all__ = ["Peer", "Socket", "UnderWay"]

_US = 1_000_000


class Socket(Protocol):
    """A WebSocket, whatever framework it is of. ``receive`` and ``send`` are called by one task each, at the same time.

    Whatever they raise is taken as the end of the connection.
    """

    async def receive(self) -> str | bytes | None:
        """Return the next frame; None: the other side has gone."""

    async def send(self, text: str) -> None:
        """Send a frame of text."""

    async def close(self, code: int, reason: str) -> None:
        """Close it with a code. One that is closed may be closed."""


@final
class UnderWay:
    """An upload whose bytes are coming."""

    __slots__ = ("conversation", "frame", "parts", "received")

    def __init__(self, frame: Upload, conversation: Conversation) -> None:
        self.frame = frame
        self.conversation = conversation
        self.parts: list[bytes] = []
        self.received = 0


@final
class Peer:
    """A socket, and who is behind it."""

    def __init__(
        self,
        socket: Socket,
        *,
        party: Party,
        agent_id: str | None,
        show_agent: Callable[[str], str],
        read: Callable[[Conversation], Awaitable[None]],
        backlog: int,
        send_us: int,
    ) -> None:
        self._socket = socket
        self._party = party
        self._agent_id = agent_id
        self._show_agent = show_agent
        self._read = read
        self._backlog = backlog
        self._send_s = send_us / _US
        self._frames: deque[ServerFrame] = deque()
        self._places: dict[str, tuple[Conversation, int]] = {}
        self._news = anyio.Event()
        self._is_ending = False
        self.code = CloseCode.NORMAL
        """With what it is closed."""
        self.refusals = 0
        """Frames of it that were refused."""
        self.upload: UnderWay | None = None
        """The upload whose bytes are coming; None: none are expected."""

    @property
    def party(self) -> Party:
        """Return what it is."""
        return self._party

    @property
    def agent_id(self) -> str | None:
        """Return which agent it is; None: it is none."""
        return self._agent_id

    @property
    def is_ending(self) -> bool:
        """Return whether it is to be closed."""
        return self._is_ending

    def hears(self, conversation_id: str) -> Conversation | None:
        """Return a conversation that it hears; None: it does not hear it."""
        place = self._places.get(conversation_id)
        return None if place is None else place[0]

    def heard(self) -> list[Conversation]:
        """Return the conversations that it hears."""
        return [conversation for conversation, _ in self._places.values()]

    def join(self, conversation: Conversation, after: int) -> None:
        """Hear a conversation from behind a message on."""
        if conversation.conversation_id not in self._places:
            conversation.listeners.append(self)
            conversation.users += 1
        self._places[conversation.conversation_id] = (conversation, after)
        self.wake()

    def leave(self, conversation_id: str) -> bool:
        """Hear a conversation no longer, and return whether it was heard."""
        place = self._places.pop(conversation_id, None)
        if place is None:
            return False
        mine: Listener = self
        place[0].listeners = [one for one in place[0].listeners if one is not mine]
        place[0].users -= 1
        return True

    def tell(self, frame: ServerFrame) -> None:
        """Send a frame, soon; a socket that has too many to read is closed."""
        if len(self._frames) >= self._backlog:
            self.end(CloseCode.TOO_SLOW)
        elif not self._is_ending:
            self._frames.append(frame)
            self._news.set()

    def refuse(
        self,
        refusal: ChatRefused,
        *,
        client_id: str | None = None,
        upload_id: str | None = None,
        conversation_id: str | None = None,
        most: int,
    ) -> None:
        """Tell that a frame was not taken."""
        self.refusals += 1
        self.tell(
            Refused(
                code=ChatRefusal(refusal.code),
                message=refusal.allowed,
                client_id=client_id,
                upload_id=upload_id,
                conversation_id=conversation_id,
                retry_after_us=refusal.retry_after_us,
            )
        )
        if self.refusals >= most:
            self.end(CloseCode.TOO_MANY)

    def wake(self) -> None:
        """Look for messages to be sent, soon."""
        self._news.set()

    def end(self, code: CloseCode) -> None:
        """Close the socket behind what waits to be sent; the first code counts."""
        if not self._is_ending:
            self._is_ending = True
            self.code = code
            self._frames.append(Closing(code=code))
        self._news.set()

    async def pump(self) -> None:
        """Send until the socket is to be closed, then return."""
        while True:
            self._news = anyio.Event()
            while self._frames:
                await self._send(self._frames.popleft())
            if self._is_ending:
                return
            sent = False
            for conversation_id in tuple(self._places):
                sent = await self._send_next(conversation_id) or sent
            if not sent and not self._frames and not self._is_ending:
                await self._news.wait()

    async def _send_next(self, conversation_id: str) -> bool:
        """Send the next message of a conversation, and return whether there was one."""
        place = self._places.get(conversation_id)
        if place is None:
            return False
        conversation, number = place
        if conversation.log is None:
            await self._read(conversation)
        log = conversation.log
        one = None if log is None else log.after(number)
        # It may have left, or joined anew from elsewhere, while the log was read.
        if one is None or self._places.get(conversation_id) != place:
            return False
        self._places[conversation_id] = (conversation, one.number)
        await self._send(self.posted(conversation_id, one))
        return True

    async def _send(self, frame: ServerFrame) -> None:
        with anyio.move_on_after(self._send_s) as scope:
            await self._socket.send(write_frame(frame))
        if scope.cancelled_caught:
            # What was being sent may be cut off: nothing can follow it.
            self._frames.clear()
            self._is_ending = True
            self.code = CloseCode.TOO_SLOW

    def shown(self, agent_id: str | None) -> str | None:
        """Return what this peer knows an agent as."""
        return agent_id if agent_id is None or self._party is Party.AGENT else self._show_agent(agent_id)

    def is_mine(self, party: Party, agent_id: str | None) -> bool:
        """Return whether somebody is who is behind this socket."""
        return party is self._party and agent_id == self._agent_id

    def posted(self, conversation_id: str, one: Spoken) -> Posted:
        """Return a message as this peer may see it."""
        return Posted(
            conversation_id=conversation_id,
            number=one.number,
            at_us=one.at_us,
            party=one.party,
            body=one.body,
            agent=self.shown(one.agent_id),
            client_id=one.client_id if self.is_mine(one.party, one.agent_id) else None,
            attachments=list(one.attachments),
        )

    def receipts(self, conversation: Conversation) -> list[Receipts]:
        """Return how far everybody has got, as this peer may see it."""
        return [
            Receipts(
                party=Party.AGENT if agent_id else Party.CUSTOMER,
                agent=self.shown(agent_id or None),
                delivered=delivered,
                read=read,
            )
            for agent_id, (delivered, read) in conversation.state.receipts.items()
        ]
