"""The web chat: a channel whose customers and agents talk over WebSockets, and whose host may talk, too.

Sessions survive reconnects, several sockets of one session, and the death of the server: what was acknowledged is in
the history, what was not is sent again by the client and said once. Customers of whom the engine knows nothing yet talk
with a bot of the host's, in the conversation that :meth:`WebChat.hand_over` later gives to an agent as a whole.

What travels over the sockets is told in ``webchat_protocol``; the host brings sockets of any framework.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import ClassVar, Final, final

import anyio
import msgspec
from anyio import to_thread

from ccroute.channels.attachments import BlobStore
from ccroute.channels.checking import check_calls, check_count, check_id, check_part, check_text, check_texts
from ccroute.channels.webchat_conversations import Conversation, PastMessages, Spoken
from ccroute.channels.webchat_following import Following, HandedOver, Heard, invitation
from ccroute.channels.webchat_limits import Buckets, ChatLimits, checked_limits
from ccroute.channels.webchat_peers import Peer, Socket
from ccroute.channels.webchat_protocol import (
    Attachment,
    ChatRefusal,
    CloseCode,
    Hello,
    Party,
    read_client_frame,
)
from ccroute.channels.webchat_serving import Service, close, joined, receive
from ccroute.channels.webchat_sessions import ChatSession, ChatState, MemorySessions, SessionStore, hash_of
from ccroute.channels.webchat_talking import Conversations
from ccroute.codec import encode_command
from ccroute.commands import EnqueueContact
from ccroute.errors import CcrouteError, ChatRefused, OutOfRange, StorageError, WrongType
from ccroute.personal import Personal, withheld
from ccroute.ports import Clock, Delivery, Inlet
from ccroute.types import AttributeValue

__all__ = ["ChatFigures", "HandedOver", "Heard", "OpenedSession", "WebChat"]

_US: Final = 1_000_000
_SWEEP_S: Final = 5.0
_SEEN_US: Final = 60 * _US
_CONVERSATION_ID: Final = 48
"""Characters of a conversation's id, so that the ids of its messages fit into what a history takes."""


class OpenedSession(Personal, frozen=True, kw_only=True):
    """A new session."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"session"})

    token: str
    """What opens it; told this once, and stored nowhere."""
    session: ChatSession
    """What is kept of it."""


class ChatFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How a chat is doing."""

    sockets: int
    """Sockets that are open."""
    conversations: int
    """Conversations in memory."""
    retries: int
    """How often something had to be written again, since the chat was made."""
    bot_failures: int
    """How often the bot raised, or took too long."""
    closed: dict[str, int]
    """Sockets that were closed, by the name of the code."""


@final
class WebChat:
    """A web chat, as a channel: give it to ``Router`` under the name of a channel of the configuration."""

    def __init__(
        self,
        *,
        history: PastMessages,
        sessions: SessionStore | None = None,
        blobs: BlobStore | None = None,
        limits: ChatLimits | None = None,
        clock: Clock | None = None,
        bot: Callable[[Heard], Awaitable[None]] | None = None,
        queue_id: str | None = None,
        position: Callable[[str], Awaitable[int | None]] | None = None,
        show_agent: Callable[[str], str] = str,
        opens_sessions: bool = False,
        bot_us: int = 30 * _US,
    ) -> None:
        """Take what the chat stands on.

        :param history: where the router's history is read; the same one.
        :param sessions: None: they end with the process.
        :param blobs: where attachments lie; None: none are taken.
        :param limits: None: as ``ChatLimits`` has it.
        :param clock: the time before a router runs the chat; None: the system's.
        :param bot: called with each message of a customer who has no contact inside, one after the other in each
            conversation, at least once; what it says, it says by ``say``.
        :param queue_id: without a bot: the queue that conversations are handed over to at the first message.
        :param position: tells a contact's place in line, as of ``router.position``; None: nobody is told.
        :param show_agent: what customers know an agent as, from its id.
        :param opens_sessions: whether a ``hello`` without a token begins a session, of a customer who is not known.
        :param bot_us: how long the bot may take for one message.
        :raises InvalidArgument: one of them is not allowed.
        """
        self._limits = checked_limits(limits)
        check_part("history", history, "a HistoryStore", "conversation")
        check_calls(or_none=True, bot=bot, position=position)
        check_calls(show_agent=show_agent)
        check_id("queue_id", queue_id, or_none=True)
        check_count("bot_us", bot_us, least=1)
        self._store = sessions if sessions is not None else MemorySessions()
        self._blobs = blobs
        self._clock = clock
        self._queue_id = queue_id
        self._position = position
        self._show_agent = show_agent
        self._opens_sessions = opens_sessions
        self._inlet: Inlet | None = None
        self._channel = ""
        self._peers: dict[Peer, str | None] = {}
        self._buckets: dict[str, Buckets] = {}
        self._closed: Counter[str] = Counter()
        self._talks = Conversations(
            store=self._store, history=history, blobs=blobs, limits=self._limits, now_us=self._now_us
        )
        self._following = Following(
            self._talks,
            self._store,
            self._limits,
            lambda: self._peers,
            bot=bot if bot is not None or queue_id is None else self._greet,
            bot_us=bot_us,
        )

    def _now_us(self) -> int:
        if self._inlet is not None:
            return self._inlet.now_us()
        return self._clock.now_us() if self._clock is not None else time.time_ns() // 1_000

    # ---- sessions ----------------------------------------------------------------------------------------------

    async def open_session(
        self, *, customer_id: str | None = None, conversation_id: str | None = None
    ) -> OpenedSession:
        """Begin a session, in a new conversation or in one that is there: on another device, or by another channel.

        Who may begin one is the host's affair, and so is how many.

        :param conversation_id: at most 48 printable characters; None: a new one.
        :raises InvalidArgument: an id is not allowed.
        :raises StorageError: it could not be kept.
        """
        check_id("customer_id", customer_id, or_none=True)
        if conversation_id is None:
            conversation_id = secrets.token_hex(12)
        check_text("conversation_id", conversation_id)
        if not 0 < len(conversation_id) <= _CONVERSATION_ID or not conversation_id.isprintable():
            allowed = f"1 to {_CONVERSATION_ID} printable characters"
            raise OutOfRange("conversation_id", len(conversation_id), allowed)
        token = secrets.token_urlsafe(32)
        now_us = self._now_us()
        session = ChatSession(
            session_id=secrets.token_hex(12),
            token_hash=hash_of(token),
            conversation_id=conversation_id,
            customer_id=customer_id,
            began_at_us=now_us,
            seen_at_us=now_us,
            ended_at_us=None,
        )
        await self._talks.begin(session, ChatState(conversation_id=conversation_id, customer_id=customer_id))
        return OpenedSession(token=token, session=session)

    async def session(self, token: str) -> ChatSession | None:
        """Return a session by its token; None: there is none, or it is over."""
        session = await to_thread.run_sync(self._store.session, hash_of(token))
        return None if session is None or self._ends_at_us(session) <= self._now_us() else session

    def _ends_at_us(self, session: ChatSession) -> int:
        if session.ended_at_us is not None:
            return session.ended_at_us
        last_us = session.began_at_us + self._limits.session_us
        # One that has a socket open is in use, whatever was noted last.
        if session.session_id in self._peers.values():
            return last_us
        return min(last_us, session.seen_at_us + self._limits.session_idle_us)

    async def end_session(self, token: str) -> None:
        """End a session: its sockets are closed, its token opens nothing any more. Its contact stays as it is."""
        session = await to_thread.run_sync(self._store.session, hash_of(token))
        if session is not None:
            await to_thread.run_sync(self._store.end, session.session_id, self._now_us())
            self._close_sockets(session.session_id)

    def _close_sockets(self, session_id: str) -> None:
        for peer, own in tuple(self._peers.items()):
            if own == session_id:
                peer.end(CloseCode.UNAUTHORIZED)

    # ---- sockets -----------------------------------------------------------------------------------------------

    async def serve(self, socket: Socket, *, token: str | None = None) -> None:
        """Serve a customer's socket, and return when it is closed.

        :param token: the session's, where the host has it from elsewhere, as from a cookie; None: ``hello`` tells it.
        """
        try:
            await self._serve(socket, token)
        except ChatRefused:  # the conversation was erased meanwhile
            await self._turn_away(socket, CloseCode.UNAUTHORIZED)
        except StorageError:
            await self._turn_away(socket, CloseCode.FAILED)

    async def _serve(self, socket: Socket, token: str | None) -> None:
        hello = await self._hello(socket)
        if isinstance(hello, CloseCode):
            await self._turn_away(socket, hello)
            return
        told = token if token is not None else hello.token
        opened = None
        if told is None and self._opens_sessions:
            opened = await self.open_session()
            session: ChatSession | None = opened.session
        else:
            session = None if told is None else await self.session(told)
        if session is None:
            await self._turn_away(socket, CloseCode.UNAUTHORIZED)
            return
        with self._seat(f"session:{session.session_id}") as buckets:
            if buckets is None:
                await self._turn_away(socket, CloseCode.TOO_MANY)
                return
            async with self._talks.holding(session.conversation_id) as conversation:
                peer = self._peer(socket, Party.CUSTOMER, None)
                told_token = None if opened is None else opened.token
                ends_at_us = session.began_at_us + self._limits.session_us
                peer.tell(joined(peer, conversation, token=told_token, ends_at_us=ends_at_us))
                peer.join(conversation, hello.after)
                conversation.absent_since_us = None
                service = self._service(socket, peer, buckets, conversation, session)
                await self._run(socket, peer, service, session.session_id)

    async def serve_agent(self, socket: Socket, agent_id: str) -> None:
        """Serve an agent's socket, and return when it is closed. That it is this agent's, the host has made sure.

        It is told of each conversation that the agent is in, at once and whenever that changes, and joins those that
        it wants to hear.
        """
        check_id("agent_id", agent_id)
        hello = await self._hello(socket)
        if isinstance(hello, CloseCode):
            await self._turn_away(socket, hello)
            return
        with self._seat(f"agent:{agent_id}") as buckets:
            if buckets is None:
                await self._turn_away(socket, CloseCode.TOO_MANY)
                return
            peer = self._peer(socket, Party.AGENT, agent_id)
            for conversation in self._talks.live():
                invited = invitation(conversation, agent_id)
                if invited is not None:
                    peer.tell(invited)
            service = self._service(socket, peer, buckets, None, None)
            await self._run(socket, peer, service, None)

    async def _hello(self, socket: Socket) -> Hello | CloseCode:
        text = await receive(socket, self._limits.hello_us / _US)
        if isinstance(text, CloseCode):
            return text
        if len(text) > self._limits.frame_bytes:
            return CloseCode.TOO_LARGE
        frame = read_client_frame(text) if isinstance(text, str) else None
        return frame if isinstance(frame, Hello) else CloseCode.MALFORMED

    async def _turn_away(self, socket: Socket, code: CloseCode) -> None:
        self._closed[code.name.lower()] += 1
        await close(socket, code, self._limits.send_us)

    def _peer(self, socket: Socket, party: Party, agent_id: str | None) -> Peer:
        return Peer(
            socket,
            party=party,
            agent_id=agent_id,
            show_agent=self._show_agent,
            read=self._talks.read,
            backlog=self._limits.backlog_frames,
            send_us=self._limits.send_us,
        )

    def _service(
        self, socket: Socket, peer: Peer, buckets: Buckets, own: Conversation | None, session: ChatSession | None
    ) -> Service:
        seen_us = [0 if session is None else session.seen_at_us]

        async def see() -> None:
            now_us = self._now_us()
            if session is not None and now_us >= seen_us[0] + _SEEN_US:
                seen_us[0] = now_us
                await to_thread.run_sync(self._store.see, session.session_id, now_us)

        return Service(
            socket,
            peer,
            self._talks,
            self._limits,
            buckets,
            own=own,
            now_us=self._now_us,
            ends_at_us=None if session is None else session.began_at_us + self._limits.session_us,
            on_post=self._following.heed,
            on_end=self._following.end_contact,
            position=self._position,
            on_frame=see,
        )

    async def _run(self, socket: Socket, peer: Peer, service: Service, session_id: str | None) -> None:
        self._peers[peer] = session_id
        try:
            async with anyio.create_task_group() as group:

                async def send() -> None:
                    try:
                        await peer.pump()
                    except CcrouteError:
                        peer.code = CloseCode.FAILED
                    except Exception:  # whatever a framework raises, the connection is over
                        pass
                    group.cancel_scope.cancel()

                group.start_soon(send)
                try:
                    await service.run()
                except CcrouteError:
                    peer.end(CloseCode.FAILED)
                peer.end(CloseCode.NORMAL)
        finally:
            del self._peers[peer]
            for conversation in peer.heard():
                peer.leave(conversation.conversation_id)
            self._closed[peer.code.name.lower()] += 1
            await close(socket, peer.code, self._limits.send_us)

    @contextlib.contextmanager
    def _seat(self, key: str) -> Iterator[Buckets | None]:
        """Count one more socket of somebody; None: there are as many as there may be."""
        buckets = self._buckets.setdefault(key, Buckets(self._limits))
        if buckets.sockets >= self._limits.sockets:
            yield None
            return
        buckets.sockets += 1
        try:
            yield buckets
        finally:
            buckets.sockets -= 1

    # ---- the host's voice --------------------------------------------------------------------------------------

    async def say(
        self,
        conversation_id: str,
        body: str,
        *,
        client_id: str | None = None,
        agent_id: str | None = None,
        attachments: Sequence[str] = (),
    ) -> Spoken:
        """Say something as the bot, or as an agent who is in the conversation, and return it once it is durable.

        :param client_id: said again under it, nothing is said; None: an id of its own.
        :param agent_id: the agent; None: the bot.
        :raises ChatRefused: it is not allowed, or cannot be taken now.
        :raises StorageError: an attachment could not be read.
        """
        async with self._talks.holding(conversation_id) as conversation:
            if agent_id is not None:
                _check_member(conversation, agent_id)
            one = await self._talks.post(
                conversation,
                party=Party.BOT if agent_id is None else Party.AGENT,
                agent_id=agent_id,
                client_id=client_id,
                body=body,
                attachments=attachments,
            )
            self._following.heed(conversation)
            return one

    async def typing(self, conversation_id: str, *, agent_id: str | None = None, is_typing: bool = True) -> None:
        """Tell that an agent, or the bot, writes.

        :raises ChatRefused: there is no such conversation.
        """
        async with self._talks.holding(conversation_id) as conversation:
            party = Party.BOT if agent_id is None else Party.AGENT
            if type(is_typing) is not bool:
                raise WrongType("is_typing", is_typing, "a bool")
            check_id("agent_id", agent_id, or_none=True)
            self._talks.typing(conversation, party=party, agent_id=agent_id, is_typing=is_typing)

    async def receipt(self, conversation_id: str, *, agent_id: str, delivered: int = 0, read: int = 0) -> None:
        """Note how far an agent has got with the messages.

        :raises ChatRefused: the agent is not in the conversation.
        """
        async with self._talks.holding(conversation_id) as conversation:
            check_count("delivered", delivered)
            check_count("read", read)
            _check_member(conversation, agent_id)
            self._talks.receipt(conversation, agent_id=agent_id, delivered=delivered, read=read)

    async def transcript(self, conversation_id: str, *, after: int = 0) -> list[Spoken]:
        """Return what was said behind a message, in order; all of it, as far as it was not forgotten.

        :raises ChatRefused: there is no such conversation.
        :raises StorageError: the history could not be read.
        """
        check_count("after", after)
        async with self._talks.holding(conversation_id) as conversation:
            return [one for one in await self._talks.log(conversation) if one.number > after]

    async def upload(self, conversation_id: str, name: str, content: bytes) -> Attachment:
        """Take a file, as over HTTP, to be named in a message; the host has made sure whose it is.

        :raises ChatRefused: it is not allowed.
        :raises StorageError: it could not be written.
        """
        check_text("name", name)
        if type(content) is not bytes:
            raise WrongType("content", withheld(content), "bytes")
        async with self._talks.holding(conversation_id) as conversation:
            return await self._talks.upload(conversation, name, content)

    async def attachment(self, conversation_id: str, attachment_id: str) -> tuple[Attachment, bytes]:
        """Return a file of a conversation, and its bytes; the host has made sure who asks.

        Serve it with ``Content-Disposition: attachment`` and ``X-Content-Type-Options: nosniff``.

        :raises ChatRefused: there is none.
        :raises StorageError: it could not be read, or is not what was stored.
        """
        check_text("attachment_id", attachment_id)
        async with self._talks.holding(conversation_id) as conversation:
            return await self._talks.attachment(conversation, attachment_id)

    async def state(self, conversation_id: str) -> ChatState:
        """Return where a conversation stands.

        :raises ChatRefused: there is no such conversation.
        """
        async with self._talks.holding(conversation_id) as conversation:
            return conversation.state

    async def conversation_of(self, contact_id: str) -> str | None:
        """Return the conversation whose last contact this is; None: it is of none."""
        check_id("contact_id", contact_id)
        return await self._following.conversation_of(contact_id)

    def figures(self) -> ChatFigures:
        """Return how the chat is doing."""
        return ChatFigures(
            sockets=len(self._peers),
            conversations=len(self._talks.live()),
            retries=self._talks.writer.retries,
            bot_failures=self._following.bot_failures,
            closed=dict(sorted(self._closed.items())),
        )

    # ---- contacts ----------------------------------------------------------------------------------------------

    async def hand_over(
        self,
        conversation_id: str,
        queue_id: str,
        *,
        requires: str | None = None,
        tier: int | None = None,
        head_start_us: int | None = None,
        preferred: Sequence[str] = (),
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> HandedOver:
        """Give a conversation to the agents of a queue, with all that was said in it.

        What routes it is as in ``EnqueueContact``. Where a contact of it is inside already, nothing happens. Behind a
        crash it is asked for again by itself.

        :raises ChatRefused: there is no such conversation, or the chat does not run.
        :raises InvalidArgument: the engine can never take it, as where the queue is unknown.
        :raises CcrouteError: it could not be noted, or the router takes no contacts any more.
        """

        check_texts("preferred", preferred)
        if attributes is not None and not isinstance(attributes, Mapping):
            raise WrongType("attributes", attributes, "a mapping, or None")

        def make(channel: str, contact_id: str) -> EnqueueContact:
            command = EnqueueContact(
                command_id=f"chat:{contact_id}",
                contact_id=contact_id,
                queue_id=queue_id,
                channel=channel,
                customer_id=conversation.state.customer_id,
                conversation_id=conversation_id,
                requires=requires,
                tier=tier,
                head_start_us=head_start_us,
                preferred=list(preferred),
                attributes=dict(attributes or {}),
            )
            # States are saved together: one that cannot be written would keep all others from it.
            encode_command(command)
            return command

        async with self._talks.holding(conversation_id) as conversation:
            return await self._following.hand_over(conversation, make)

    async def _greet(self, heard: Heard) -> None:
        assert self._queue_id is not None
        await self.hand_over(heard.conversation_id, self._queue_id)

    async def run(self, inlet: Inlet) -> None:
        """Take up what was under way, and go on until cancelled; see ``ccroute.ports.Channel``."""
        self._inlet, self._channel = inlet, inlet.name
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._talks.writer.run, inlet)
                await self._following.run(inlet, group)
                while True:
                    await anyio.sleep(_SWEEP_S)
                    await self.sweep()
        finally:
            self._inlet = None
            self._following.stop()
            for peer in tuple(self._peers):
                peer.end(CloseCode.GOING_AWAY)

    async def deliver(self, delivery: Delivery) -> None:
        """Take an event of a contact; see ``ccroute.ports.Channel``."""
        await self._following.take(delivery.event, self._channel)

    async def sweep(self) -> None:
        """Do what time asks for: ``run`` does so every 5 seconds."""
        await self._following.sweep()
        now_s = anyio.current_time()
        self._buckets = {key: one for key, one in self._buckets.items() if not one.are_full(now_s)}

    # ---- forgetting --------------------------------------------------------------------------------------------

    async def forget(self, before_us: int) -> int:
        """Remove sessions that nobody used since a moment, and files of conversations that nobody can open any more.

        Returns how many conversations went. What was said stays in the history, which forgets by itself.

        :raises StorageError: it could not be done.
        """
        check_count("before_us", before_us)
        return await self._remove(await to_thread.run_sync(self._store.forget, before_us))

    async def erase(self, customer_id: str) -> int:
        """Remove the sessions, conversations and files of a customer, and return how many conversations went.

        The customer's sockets are closed. Erase the customer in the history first, see ``ccroute.customers.Privacy``.

        :raises StorageError: it could not be done.
        """
        check_id("customer_id", customer_id)
        return await self._remove(await to_thread.run_sync(self._store.erase, customer_id))

    async def _remove(self, conversation_ids: list[str]) -> int:
        for conversation in self._talks.drop(conversation_ids):
            for peer in tuple(self._peers):
                if peer.hears(conversation.conversation_id) is conversation:
                    peer.end(CloseCode.UNAUTHORIZED)
        if self._blobs is not None:
            await to_thread.run_sync(self._blobs.forget, conversation_ids)
        return len(conversation_ids)


def _check_member(conversation: Conversation, agent_id: str) -> None:
    contact = conversation.state.contact
    if contact is None or agent_id not in contact.agents:
        raise ChatRefused(ChatRefusal.NOT_IN_CONVERSATION, "a conversation that the agent is in")
