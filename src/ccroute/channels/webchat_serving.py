"""What happens with the frames of one socket, one after the other.

A frame is answered before the next one is read, so that who floods waits for itself. Each kind of frame has one method
here; what is not allowed is told as ``refused`` and changes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, final

import anyio

from ccroute.channels.webchat_conversations import Conversation, Spoken
from ccroute.channels.webchat_limits import Buckets, ChatLimits
from ccroute.channels.webchat_peers import Peer, Socket, UnderWay
from ccroute.channels.webchat_protocol import (
    Ack,
    ChatRefusal,
    CloseCode,
    End,
    FromClient,
    Hello,
    Join,
    Joined,
    Leave,
    Left,
    Ping,
    Pong,
    Post,
    Receipt,
    Typing,
    Upload,
    Uploaded,
    WhichPosition,
    YourPosition,
    read_client_frame,
)
from ccroute.channels.webchat_talking import Conversations
from ccroute.errors import ChatRefused

__all__ = ["Service", "close", "joined", "receive"]

_US: Final = 1_000_000


async def receive(socket: Socket, within_s: float) -> str | bytes | CloseCode:
    """Return the next frame, or why there is none."""
    with anyio.move_on_after(within_s):
        try:
            frame = await socket.receive()
        except Exception:  # whatever a framework raises, the connection is over
            return CloseCode.NORMAL
        return CloseCode.NORMAL if frame is None else frame
    return CloseCode.IDLE


async def close(socket: Socket, code: CloseCode, within_us: int) -> None:
    """Close a socket, also where the task is cancelled, and whatever a framework raises of one that has gone."""
    with anyio.CancelScope(shield=True), anyio.move_on_after(within_us / _US), contextlib.suppress(Exception):
        await socket.close(code, code.name.lower())


def joined(
    peer: Peer,
    conversation: Conversation,
    *,
    customer_id: str | None = None,
    token: str | None = None,
    ends_at_us: int | None = None,
) -> Joined:
    """Return how a conversation stands, as a peer may see it."""
    state = conversation.state
    contact = state.contact
    return Joined(
        conversation_id=state.conversation_id,
        number=state.number,
        phase=state.phase,
        contact_id=None if contact is None else contact.command.contact_id,
        agents=[] if contact is None else [peer.shown(one) or one for one in contact.agents],
        receipts=peer.receipts(conversation),
        customer_id=customer_id,
        token=token,
        ends_at_us=ends_at_us,
    )


@final
class Service:
    """Serves one socket, behind its hello."""

    def __init__(
        self,
        socket: Socket,
        peer: Peer,
        talks: Conversations,
        limits: ChatLimits,
        buckets: Buckets,
        *,
        own: Conversation | None,
        now_us: Callable[[], int],
        ends_at_us: int | None,
        on_post: Callable[[Conversation], None],
        on_end: Callable[[Conversation], Awaitable[None]],
        position: Callable[[str], Awaitable[int | None]] | None,
        on_frame: Callable[[], Awaitable[None]],
    ) -> None:
        self._socket = socket
        self._peer = peer
        self._talks = talks
        self._limits = limits
        self._buckets = buckets
        self._own = own
        self._now_us = now_us
        self._ends_at_us = ends_at_us
        self._on_post = on_post
        self._on_end = on_end
        self._position = position
        self._on_frame = on_frame

    async def run(self) -> None:
        """Read and answer until the socket is to be closed, then return."""
        while not self._peer.is_ending:
            within_us = self._limits.socket_idle_us
            is_last = False
            if self._ends_at_us is not None:
                left_us = max(0, self._ends_at_us - self._now_us())
                within_us, is_last = min(within_us, left_us), left_us <= within_us
            frame = await receive(self._socket, within_us / _US)
            if isinstance(frame, CloseCode):
                is_over = frame is CloseCode.IDLE and is_last
                self._peer.end(CloseCode.UNAUTHORIZED if is_over else frame)
                return
            if len(frame) > self._limits.frame_bytes:
                self._refuse(_refused(ChatRefusal.FRAME_TOO_LARGE, f"frames of {self._limits.frame_bytes} bytes"))
                self._peer.end(CloseCode.TOO_LARGE)
                return
            await self._on_frame()
            await (self._bytes(frame) if isinstance(frame, bytes) else self._text(frame))

    def _refuse(self, refusal: ChatRefused, frame: FromClient | None = None) -> None:
        self._peer.refuse(
            refusal,
            client_id=frame.client_id[:36] if isinstance(frame, Post) else None,
            upload_id=frame.upload_id[:36] if isinstance(frame, Upload) else None,
            conversation_id=(getattr(frame, "conversation_id", None) or "")[:128] or None,
            most=self._limits.refusals,
        )

    async def _text(self, text: str) -> None:
        # Its length in characters was looked at; in bytes it may be up to four times as long.
        frame = read_client_frame(text) if len(text.encode(errors="replace")) <= self._limits.frame_bytes else None
        if frame is None or isinstance(frame, Hello):
            self._refuse(_refused(ChatRefusal.MALFORMED, "a frame of this protocol, behind one hello"))
            return
        try:
            self._take(frame)
            await self._answer(frame)
        except ChatRefused as refusal:
            self._refuse(refusal, frame)

    def _take(self, frame: FromClient) -> None:
        """Count a frame.

        :raises ChatRefused: there were too many.
        """
        now_s = anyio.current_time()
        wait_us = self._buckets.frames.take(now_s)
        if not wait_us and isinstance(frame, Post):
            wait_us = self._buckets.messages.take(now_s)
        elif not wait_us and isinstance(frame, Upload):
            wait_us = self._buckets.uploads.take(now_s)
        if wait_us:
            raise ChatRefused(ChatRefusal.RATE_LIMITED, "fewer of them in so short a time", wait_us)

    async def _answer(self, frame: FromClient) -> None:
        match frame:
            case Ping():
                self._peer.tell(Pong())
            case Post():
                await self._post(frame)
            case Typing():
                self._talks.typing(
                    self._where(frame.conversation_id),
                    party=self._peer.party,
                    agent_id=self._peer.agent_id,
                    is_typing=frame.is_typing,
                )
            case Receipt():
                self._talks.receipt(
                    self._where(frame.conversation_id),
                    agent_id=self._peer.agent_id,
                    delivered=frame.delivered,
                    read=frame.read,
                )
            case Upload():
                self._begin_upload(frame)
            case Join():
                await self._join(frame)
            case Leave():
                if self._own is not None or not self._peer.leave(frame.conversation_id):
                    raise _refused(ChatRefusal.NOT_IN_CONVERSATION, "a conversation that was joined")
                self._peer.tell(Left(conversation_id=frame.conversation_id))
            case WhichPosition():
                await self._tell_position()
            case End():
                await self._on_end(self._customers())
            case Hello():  # pragma: no cover - refused before it is counted
                raise AssertionError

    # ---- one method for each ------------------------------------------------------------------------------------

    def _where(self, conversation_id: str | None) -> Conversation:
        """Return the conversation that a frame is about.

        :raises ChatRefused: this socket does not hear it.
        """
        if self._own is not None and conversation_id in (None, self._own.conversation_id):
            return self._own
        found = None if conversation_id is None else self._peer.hears(conversation_id)
        if found is None:
            raise _refused(ChatRefusal.NOT_IN_CONVERSATION, "a conversation that was joined")
        return found

    def _customers(self) -> Conversation:
        if self._own is None:
            raise _refused(ChatRefusal.MALFORMED, "a frame of a customer, from a customer")
        return self._own

    async def _post(self, frame: Post) -> None:
        conversation = self._where(frame.conversation_id)
        one: Spoken = await self._talks.post(
            conversation,
            party=self._peer.party,
            agent_id=self._peer.agent_id,
            client_id=frame.client_id,
            body=frame.body,
            attachments=frame.attachments,
        )
        self._peer.tell(
            Ack(
                conversation_id=conversation.conversation_id,
                client_id=one.client_id,
                number=one.number,
                at_us=one.at_us,
            )
        )
        self._on_post(conversation)

    async def _join(self, frame: Join) -> None:
        if self._own is not None:
            raise _refused(ChatRefusal.MALFORMED, "a frame of an agent, from an agent")
        async with self._talks.holding(frame.conversation_id) as conversation:
            contact = conversation.state.contact
            if contact is None or self._peer.agent_id not in contact.agents:
                raise _refused(ChatRefusal.NOT_IN_CONVERSATION, "a conversation that the agent is in")
            self._peer.tell(joined(self._peer, conversation, customer_id=conversation.state.customer_id))
            self._peer.join(conversation, frame.after)

    async def _tell_position(self) -> None:
        conversation = self._customers()
        contact = conversation.state.contact
        position = None
        if contact is not None and contact.is_open and self._position is not None:
            try:
                position = await self._position(contact.command.contact_id)
            except Exception as error:  # the host's own code: a customer who asks is not thrown out for it
                raise _refused(ChatRefusal.UNAVAILABLE, "a position that can be told now") from error
        self._peer.tell(YourPosition(conversation_id=conversation.conversation_id, position=position))

    # ---- uploads ------------------------------------------------------------------------------------------------

    def _begin_upload(self, frame: Upload) -> None:
        self._peer.upload = None
        conversation = self._where(frame.conversation_id)
        if not 0 < len(frame.upload_id) <= 36:
            raise _refused(ChatRefusal.MALFORMED, "upload_id: 1 to 36 characters")
        self._talks.check_size(frame.bytes)
        self._peer.upload = UnderWay(frame, conversation)

    async def _bytes(self, part: bytes) -> None:
        upload = self._peer.upload
        if upload is None:
            # Bytes of an upload that was refused may be on their way; a flood of them is none of those.
            if wait_us := self._buckets.frames.take(anyio.current_time()):
                self._refuse(ChatRefused(ChatRefusal.RATE_LIMITED, "bytes behind an upload that is taken", wait_us))
            return
        upload.received += len(part)
        upload.parts.append(part)
        if upload.received < upload.frame.bytes and part:
            return
        self._peer.upload = None
        try:
            if upload.received != upload.frame.bytes:
                raise _refused(ChatRefusal.ATTACHMENT_TOO_LARGE, f"{upload.frame.bytes} bytes, as it was told")
            where = self._where(upload.conversation.conversation_id)
            attachment = await self._talks.upload(where, upload.frame.name, b"".join(upload.parts))
        except ChatRefused as refusal:
            self._refuse(refusal, upload.frame)
            return
        self._peer.tell(
            Uploaded(
                conversation_id=upload.conversation.conversation_id,
                upload_id=upload.frame.upload_id,
                attachment=attachment,
            )
        )


def _refused(code: ChatRefusal, allowed: str) -> ChatRefused:
    return ChatRefused(code, allowed)
