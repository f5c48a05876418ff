"""Messengers, and whatever else calls a URL: a channel that takes signed requests, and answers through a function.

A request is answered once what it brought is durable: its messages in the history, under the platform's own ids, and
its contact in the engine. Until then the platform sends it again, and nothing is taken twice. What cannot be read is
counted and passed over, and never keeps a platform from sending the next.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Final, final

import anyio
import msgspec
from anyio import to_thread

from ccroute.channels import webchat_contacts
from ccroute.channels.checking import check_calls, check_counts, check_id, check_part
from ccroute.channels.messengers import Incoming, Parsed
from ccroute.channels.webchat_protocol import ChatPhase
from ccroute.channels.webchat_sessions import ChatState, MemorySessions, SessionStore
from ccroute.channels.webhook_storing import HookStore, MemoryHooks, Novelty
from ccroute.channels.webhook_verifying import Verifier, WebhookHandshake, WebhookRequest, WebhookResponse
from ccroute.commands import EnqueueContact
from ccroute.errors import InvalidArgument, KeyDestroyed, OutOfRange, Undeliverable, WrongType
from ccroute.events import CommandRefused, Event
from ccroute.personal import Personal, withheld
from ccroute.ports import Delivery, Inlet
from ccroute.timeline import Message
from ccroute.types import RefusalReason

__all__ = ["Outbound", "WebhookChannel", "WebhookFigures"]

_US: Final = 1_000_000
_KEY_BYTES: Final = 16
_KINDS: Final = 64
_LOCKS: Final = 256


class Outbound(Personal, frozen=True, kw_only=True):
    """Something to be sent out."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"key", "conversation_id", "event"})

    key: str
    """The same for each attempt; platforms that take one keep from sending twice by it."""
    conversation_id: str
    """The conversation."""
    address: str
    """Where it goes, as ``Incoming.address`` had it."""
    body: str
    """The text."""
    attachments: tuple[str, ...] = ()
    """References, as they were given."""
    event: Event | None = None
    """The event that it tells of; None: somebody said it."""


class WebhookFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What became of requests and messages, since the channel was made."""

    answered: dict[int, int]
    """Requests by the status of their answer."""
    taken: int
    """Messages that were new."""
    repeated: int
    """Messages that were there before."""
    stale: int
    """Messages that were too old to tell."""
    refused: int
    """Messages that neither history nor engine would take: of customers who were erased, or beyond limits."""
    failed: int
    """Requests that failed, because of a store or of the host's own functions, and are to be sent again."""
    passed_over: dict[str, int]
    """What else came, by its kind; the 65th and further kinds under ``others``."""


@final
class WebhookChannel:
    """A channel of one platform: give it to ``Router`` under the name of a channel of the configuration."""

    def __init__(
        self,
        *,
        verifier: Verifier,
        read: Callable[[bytes], Parsed],
        queue_id: str,
        key: bytes,
        send: Callable[[Outbound], Awaitable[None]],
        handshake: WebhookHandshake | None = None,
        store: HookStore | None = None,
        states: SessionStore | None = None,
        identify: Callable[[Incoming], Awaitable[str | None]] | None = None,
        tell: Callable[[Event], str | None] = lambda event: None,  # noqa: ARG005 - nobody is told of anything
        body_bytes: int = 1024 * 1024,
        answer_us: int = 8 * _US,
        at_once: int = 100,
        answer: str = "",
    ) -> None:
        """Take what the channel stands on.

        :param verifier: says whether a request is genuine.
        :param read: what a body holds, as of ``messengers``.
        :param queue_id: where contacts go.
        :param key: at least 16 bytes that stay secret and never change: conversations are named by addresses through
            it, so that no number is in the engine.
        :param send: sends something out; what it raises is tried again by the router, ``Undeliverable`` is not.
        :param handshake: answers the platform's questions at setting up; None: it asks none.
        :param store: None: what was seen is known until the process ends.
        :param states: where conversations stand; None: it is known until the process ends.
        :param identify: says which customer a message is of; None: nobody is asked.
        :param tell: the text that tells the customer of an event; None from it: nothing is told.
        :param body_bytes: the largest body that is taken.
        :param answer_us: how long a request may take; then the platform is to send it again.
        :param at_once: how many requests are worked on at once; further ones are to be sent again.
        :param answer: the body of a good answer; VK wants ``ok``.
        :raises InvalidArgument: one of them is not allowed.
        """
        _check_parts(key, queue_id, verifier, handshake, identify)
        check_calls(read=read, send=send, tell=tell)
        check_counts(body_bytes=body_bytes, answer_us=answer_us, at_once=at_once)
        self._verifier = verifier
        self._read = read
        self._queue_id = queue_id
        self._key = key
        self._send = send
        self._handshake = handshake
        self._store = store if store is not None else MemoryHooks()
        self._states = states if states is not None else MemorySessions()
        self._identify = identify
        self._tell = tell
        self._body_bytes = body_bytes
        self._answer_s = answer_us / _US
        self._at_once = at_once
        self._answer = answer
        self._inlet: Inlet | None = None
        self._under_way = 0
        self._locks = [anyio.Lock() for _ in range(_LOCKS)]
        self._answered: Counter[int] = Counter()
        self._counts: Counter[str] = Counter()
        self._passed_over: Counter[str] = Counter()

    # ---- requests ----------------------------------------------------------------------------------------------

    async def handle(self, request: WebhookRequest) -> WebhookResponse:
        """Return the answer to a request; never raises, whatever the request holds."""
        response = await self._respond(request)
        self._answered[response.status] += 1
        return response

    async def _respond(self, request: WebhookRequest) -> WebhookResponse:
        try:
            inlet, refused = self._inlet, self._refused(request)
            if refused is not None:
                return refused
            if inlet is None or self._under_way >= self._at_once:
                return WebhookResponse(status=503)
            self._under_way += 1
            try:
                with anyio.move_on_after(self._answer_s):
                    await self._take(inlet, self._read(request.body))
                    return WebhookResponse(status=200, body=self._answer)
            finally:
                self._under_way -= 1
        except Exception:  # a store that fails, or the host's own code: the platform sends it again
            self._counts["failed"] += 1
        return WebhookResponse(status=503)

    def _refused(self, request: WebhookRequest) -> WebhookResponse | None:
        """Return the answer to what brings no messages; None: it may, if the channel runs."""
        if len(request.body) > self._body_bytes:
            return WebhookResponse(status=413)
        answered = None if self._handshake is None else self._handshake.answer(request)
        if answered is not None:
            return answered
        if request.method != "POST":
            return WebhookResponse(status=405)
        if self._inlet is not None and not self._verifier.is_genuine(request, self._inlet.now_us()):
            return WebhookResponse(status=403)
        return None

    async def _take(self, inlet: Inlet, parsed: Parsed) -> None:
        for kind in parsed.passed_over:
            known = kind in self._passed_over or len(self._passed_over) < _KINDS
            self._passed_over[kind if known else "others"] += 1
        for message in parsed.messages:
            conversation_id = self.conversation_id(inlet.name, message.address)
            # One at a time for each conversation, so that of two messages one begins the contact.
            async with self._locks[int(conversation_id[:8], 16) % _LOCKS]:
                await self._take_message(inlet, message, conversation_id)

    def conversation_id(self, channel: str, address: str) -> str:
        """Return the conversation of an address: the same for ever, and nothing that leads back without the key."""
        named = f"{channel}\0{address}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, named, "sha256").hexdigest()[:32]

    async def _take_message(self, inlet: Inlet, message: Incoming, conversation_id: str) -> None:
        update_id = f"{inlet.name}:{message.update_id}"
        novelty = await to_thread.run_sync(self._store.novelty, update_id, message.at_us)
        if novelty is not Novelty.NEW:
            self._counts["repeated" if novelty is Novelty.SEEN else "stale"] += 1
            return
        state = await self._state(conversation_id)
        if state.customer_id is None and self._identify is not None:
            state = msgspec.structs.replace(state, customer_id=await self._identify(message))
        try:
            await to_thread.run_sync(self._store.remember, conversation_id, state.customer_id, message.address)
            await self._enter(inlet, message, update_id, state)
        except (InvalidArgument, KeyDestroyed):
            # It never can be taken; sent again it would keep those behind it from coming.
            self._counts["refused"] += 1
        else:
            self._counts["taken"] += 1
        await to_thread.run_sync(self._store.note, update_id, message.at_us, inlet.now_us())

    async def _state(self, conversation_id: str) -> ChatState:
        found = await to_thread.run_sync(self._states.state, conversation_id)
        return found if found is not None else ChatState(conversation_id=conversation_id, customer_id=None)

    async def _enter(self, inlet: Inlet, message: Incoming, update_id: str, state: ChatState) -> None:
        digest = hashlib.sha256(update_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        contact = state.contact
        if contact is None or not contact.is_open:
            command = EnqueueContact(
                command_id=f"hook:{digest}",
                contact_id=f"{state.conversation_id}.{digest[:16]}",
                queue_id=self._queue_id,
                channel=inlet.name,
                customer_id=state.customer_id,
                conversation_id=state.conversation_id,
            )
            state = webchat_contacts.asked(state, command)
            await to_thread.run_sync(self._states.save, [state])
        assert state.contact is not None
        await inlet.add(
            Message(
                entry_id=f"hook:{digest}",
                at_us=message.at_us,
                contact_id=state.contact.command.contact_id,
                customer_id=state.customer_id,
                conversation_id=state.conversation_id,
                channel=inlet.name,
                body=message.body,
                from_customer=True,
                attachments=list(message.attachments),
            )
        )
        if state.phase is ChatPhase.ASKED:
            await self._ask(inlet, state)

    async def _ask(self, inlet: Inlet, state: ChatState) -> None:
        assert state.contact is not None
        try:
            events = await inlet.send(state.contact.command)
        except InvalidArgument:
            await to_thread.run_sync(self._states.save, [webchat_contacts.refused(state)])
            raise
        for event in events:
            if isinstance(event, CommandRefused) and event.reason is not RefusalReason.CONTACT_EXISTS:
                await to_thread.run_sync(self._states.save, [webchat_contacts.refused(state)])
                self._passed_over[f"contact_refused.{event.reason.value}"] += 1

    # ---- answers -----------------------------------------------------------------------------------------------

    async def say(
        self,
        conversation_id: str,
        body: str,
        *,
        client_id: str,
        agent_id: str | None = None,
        attachments: Sequence[str] = (),
    ) -> None:
        """Say something to the customer: into the history, once, and out.

        :param client_id: one's own id of it; after a failure, said again under it, it is sent again with the same key.
        :param agent_id: who says it; None: the host itself.
        :raises Undeliverable: nobody knows where it goes to.
        :raises CcrouteError: it could not be noted.
        :raises Exception: what ``send`` raised; it is in the history.
        """
        inlet = self._inlet
        if inlet is None:
            raise Undeliverable("the channel does not run")
        address = await to_thread.run_sync(self._store.address, conversation_id)
        if address is None:
            raise Undeliverable("no address is known for the conversation, or its customer was erased")
        state = await self._state(conversation_id)
        contact = state.contact
        named = f"{conversation_id}\0{agent_id or ''}\0{client_id}".encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(named).hexdigest()[:32]
        await inlet.add(
            Message(
                entry_id=f"hook-out:{digest}",
                at_us=inlet.now_us(),
                contact_id=contact.command.contact_id if contact is not None and contact.is_open else None,
                customer_id=state.customer_id,
                conversation_id=conversation_id,
                agent_id=agent_id,
                channel=inlet.name,
                body=body,
                from_customer=False,
                attachments=list(attachments),
            )
        )
        await self._send(
            Outbound(
                key=f"said:{digest}",
                conversation_id=conversation_id,
                address=address,
                body=body,
                attachments=tuple(attachments),
            )
        )

    # ---- the port ----------------------------------------------------------------------------------------------

    async def run(self, inlet: Inlet) -> None:
        """Take requests until cancelled; see ``ccroute.ports.Channel``."""
        self._inlet = inlet
        try:
            for state in await to_thread.run_sync(self._states.unattended):
                if state.phase is ChatPhase.ASKED:
                    async with self._locks[int(state.conversation_id[:8], 16) % _LOCKS]:
                        await self._ask_again(inlet, state.conversation_id)
            await anyio.sleep_forever()
        finally:
            self._inlet = None

    async def _ask_again(self, inlet: Inlet, conversation_id: str) -> None:
        state = await self._state(conversation_id)
        if state.phase is ChatPhase.ASKED:
            try:
                await self._ask(inlet, state)
            except InvalidArgument:
                self._counts["refused"] += 1

    async def deliver(self, delivery: Delivery) -> None:
        """Follow an event, and tell the customer of it; see ``ccroute.ports.Channel``."""
        contact_id = webchat_contacts.contact_id_of(delivery.event)
        if contact_id is None:
            return
        conversation_id = await to_thread.run_sync(self._states.conversation_of, contact_id)
        if conversation_id is None:
            return
        async with self._locks[int(conversation_id[:8], 16) % _LOCKS]:
            state = await self._state(conversation_id)
            changed = webchat_contacts.follow(state, delivery.event)
            if changed is not None:
                await to_thread.run_sync(self._states.save, [changed])
        body = self._tell(delivery.event)
        if body is None:
            return
        address = await to_thread.run_sync(self._store.address, conversation_id)
        if address is None:
            raise Undeliverable("no address is known for the conversation, or its customer was erased")
        await self._send(
            Outbound(
                key=delivery.key,
                conversation_id=conversation_id,
                address=address,
                body=body,
                event=delivery.event,
            )
        )

    async def erase(self, customer_id: str) -> int:
        """Forget the conversations and addresses of a customer, and return how many conversations there were.

        :raises StorageError: it could not be done.
        """
        gone = await to_thread.run_sync(self._states.erase, customer_id)
        await to_thread.run_sync(self._store.forget, gone)
        return len(gone)

    def figures(self) -> WebhookFigures:
        """Return what became of requests and messages."""
        return WebhookFigures(
            answered=dict(sorted(self._answered.items())),
            taken=self._counts["taken"],
            repeated=self._counts["repeated"],
            stale=self._counts["stale"],
            refused=self._counts["refused"],
            failed=self._counts["failed"],
            passed_over=dict(sorted(self._passed_over.items())),
        )


def _check_parts(key: object, queue_id: object, verifier: object, handshake: object, identify: object) -> None:
    if type(key) is not bytes:
        raise WrongType("key", withheld(key), "bytes")
    if len(key) < _KEY_BYTES:
        raise OutOfRange("key", withheld(key), f"at least {_KEY_BYTES} bytes")
    check_id("queue_id", queue_id)
    check_part("verifier", verifier, "a Verifier", "is_genuine")
    if handshake is not None:
        check_part("handshake", handshake, "a WebhookHandshake, or None", "answer")
    check_calls(or_none=True, identify=identify)
