"""The contacts of a web chat: asked for, followed, ended; and the bot that talks where there is none.

Whatever is begun here is noted before it is done, so that after a crash it is done again, under the same ids.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import ClassVar, Final, final

import anyio
import anyio.abc
import msgspec
from anyio import to_thread

from ccroute.channels import webchat_contacts
from ccroute.channels.webchat_conversations import Conversation, Listener, Spoken
from ccroute.channels.webchat_limits import ChatLimits
from ccroute.channels.webchat_peers import Peer
from ccroute.channels.webchat_protocol import ChatPhase, ChatRefusal, Invited, Left, Party, Status
from ccroute.channels.webchat_sessions import ChatState, SessionStore
from ccroute.channels.webchat_talking import Conversations
from ccroute.commands import AbandonContact, CompleteContact, EnqueueContact
from ccroute.errors import CcrouteError, ChatRefused, InvalidArgument
from ccroute.events import CommandRefused, ContactActive, Event
from ccroute.personal import Personal
from ccroute.ports import Inlet
from ccroute.types import RefusalReason

__all__ = ["Following", "HandedOver", "Heard", "invitation"]

_BOT_ATTEMPTS: Final = 3
_BOT_RETRY_S: Final = 1.0
_US: Final = 1_000_000
_LEFT_REASON: Final = "the customer left"


class Heard(Personal, frozen=True, kw_only=True):
    """What a bot is asked about."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"conversation_id", "message", "attempt"})

    conversation_id: str
    """Where."""
    customer_id: str | None
    """Who; None: nobody who is known."""
    message: Spoken
    """What the customer said."""
    attempt: int
    """1 at first; more where the bot raised. After a crash it begins at 1 again."""


class HandedOver(msgspec.Struct, frozen=True, kw_only=True):
    """What came of handing a conversation over."""

    contact_id: str
    """The contact; the one that was inside already, where there was one."""
    reason: RefusalReason | None
    """Why the engine would not take it; None: it did."""


def invitation(conversation: Conversation, agent_id: str) -> Invited | None:
    """Return the invitation of an agent into a conversation; None: the agent is not in it."""
    contact = conversation.state.contact
    if contact is None or agent_id not in contact.agents:
        return None
    return Invited(
        conversation_id=conversation.conversation_id,
        contact_id=contact.command.contact_id,
        number=conversation.state.number,
    )


@final
class Following:
    """Follows the contacts of all conversations."""

    def __init__(
        self,
        talks: Conversations,
        store: SessionStore,
        limits: ChatLimits,
        peers: Callable[[], Iterable[Peer]],
        *,
        bot: Callable[[Heard], Awaitable[None]] | None,
        bot_us: int,
    ) -> None:
        self._talks = talks
        self._store = store
        self._limits = limits
        self._peers = peers
        self._bot = bot
        self._bot_s = bot_us / _US
        self._inlet: Inlet | None = None
        self._tasks: anyio.abc.TaskGroup | None = None
        self.bot_failures = 0
        """How often the bot raised, or took too long."""

    async def run(self, inlet: Inlet, tasks: anyio.abc.TaskGroup) -> None:
        """Take up what was under way."""
        self._inlet, self._tasks = inlet, tasks
        for conversation in await self._talks.load_unattended():
            if conversation.state.phase is ChatPhase.ASKED:
                # A contact that the configuration has no room for any more is over; the customer may say more.
                with contextlib.suppress(InvalidArgument):
                    await self._ask(conversation)
            self.heed(conversation)

    def stop(self) -> None:
        """Begin nothing more."""
        self._inlet = self._tasks = None

    # ---- contacts ----------------------------------------------------------------------------------------------

    async def hand_over(self, conversation: Conversation, make: Callable[[str, str], EnqueueContact]) -> HandedOver:
        """Ask for a contact of a conversation, unless one is inside.

        :param make: gives the command for a channel and a contact's id.
        """
        inlet = self._running()
        state = conversation.state
        if state.contact is None or not state.contact.is_open:
            command = make(inlet.name, state.contact_id)
            self._change(conversation, webchat_contacts.asked(state, command), None)
        elif state.phase is not ChatPhase.ASKED:
            return HandedOver(contact_id=state.contact.command.contact_id, reason=None)
        await self._talks.save(conversation)
        return await self._ask(conversation)

    async def _ask(self, conversation: Conversation) -> HandedOver:
        contact = conversation.state.contact
        assert contact is not None
        command = contact.command
        try:
            events = await self._running().send(command)
        except InvalidArgument:
            await self._give_up(conversation, command)
            raise
        for event in events:
            # A contact of this id is this one: it was asked for before, and its id is nobody else's.
            if isinstance(event, CommandRefused) and event.reason is not RefusalReason.CONTACT_EXISTS:
                await self._give_up(conversation, command)
                return HandedOver(contact_id=command.contact_id, reason=event.reason)
        return HandedOver(contact_id=command.contact_id, reason=None)

    async def _give_up(self, conversation: Conversation, command: EnqueueContact) -> None:
        contact = conversation.state.contact
        if contact is not None and contact.command == command and contact.phase is ChatPhase.ASKED:
            self._change(conversation, webchat_contacts.refused(conversation.state), None)
            await self._talks.save(conversation)

    async def end_contact(self, conversation: Conversation) -> None:
        """End the contact of a conversation, as its customer wants.

        :raises ChatRefused: there is none.
        """
        contact = conversation.state.contact
        if contact is None or not contact.is_open:
            raise ChatRefused(ChatRefusal.NO_CONTACT, "a contact that is not over")
        inlet, contact_id = self._running(), contact.command.contact_id
        events = await inlet.send(AbandonContact(contact_id=contact_id, reason=_LEFT_REASON))
        if any(isinstance(one, CommandRefused) for one in events):
            await inlet.send(CompleteContact(contact_id=contact_id))

    def _running(self) -> Inlet:
        if self._inlet is None:
            raise ChatRefused(ChatRefusal.UNAVAILABLE, "a server that runs")
        return self._inlet

    # ---- events ------------------------------------------------------------------------------------------------

    async def conversation_of(self, contact_id: str) -> str | None:
        """Return the conversation whose last contact this is; None: it is of none."""
        for conversation in self._talks.live():
            contact = conversation.state.contact
            if contact is not None and contact.command.contact_id == contact_id:
                return conversation.conversation_id
        return await to_thread.run_sync(self._store.conversation_of, contact_id)

    async def take(self, event: Event, channel: str) -> None:
        """Follow one event; what it changed is durable on return. Of other contacts it does nothing.

        :raises StorageError: it could not be written.
        """
        contact_id = webchat_contacts.contact_id_of(event)
        if contact_id is None:
            return
        conversation_id = await self.conversation_of(contact_id) or getattr(event, "conversation_id", None)
        if conversation_id is None:
            return
        try:
            async with self._talks.holding(conversation_id) as conversation:
                state = webchat_contacts.adopted(conversation.state, event, channel) or conversation.state
                changed = webchat_contacts.follow(state, event)
                if changed is not None:
                    self._change(conversation, changed, event)
                # Also where it was taken before: what it changed then may not be durable yet.
                await self._talks.save(conversation)
                self.heed(conversation)
        except ChatRefused:  # a conversation of somebody else's
            return

    def _change(self, conversation: Conversation, state: ChatState, event: Event | None) -> None:
        conversation.change(state)
        contact = state.contact
        assert contact is not None

        def status(listener: Listener) -> Status:
            shown = [listener.shown(one) or one for one in contact.agents]
            return Status(
                conversation_id=state.conversation_id,
                phase=state.phase,
                contact_id=contact.command.contact_id,
                agents=shown,
                event=None if event is None else str(event.__struct_config__.tag),
            )

        conversation.tell(status)
        for peer in tuple(self._peers()):
            if isinstance(event, ContactActive) and peer.agent_id == event.agent_id:
                invited = invitation(conversation, event.agent_id)
                if invited is not None:
                    peer.tell(invited)
            elif (
                peer.agent_id is not None and peer.agent_id not in contact.agents and peer.leave(state.conversation_id)
            ):
                peer.tell(Left(conversation_id=state.conversation_id))

    # ---- the bot -----------------------------------------------------------------------------------------------

    def heed(self, conversation: Conversation) -> None:
        """Let the bot hear what it has not heard yet, soon."""
        if self._tasks is not None and not conversation.is_heeded and _has_unheard(conversation):
            conversation.is_heeded = True
            self._tasks.start_soon(self._heed, conversation)

    async def _heed(self, conversation: Conversation) -> None:
        try:
            while _has_unheard(conversation):
                one = (await self._talks.log(conversation)).after(conversation.state.heard)
                if one is not None and one.party is Party.CUSTOMER and self._bot is not None:
                    await self._let_hear(self._bot, conversation, one)
                heard = conversation.state.number if one is None else one.number
                heard = max(heard, conversation.state.heard)
                conversation.change(msgspec.structs.replace(conversation.state, heard=heard))
            await self._talks.save(conversation)
        except CcrouteError:
            # The history or the store failed; the next sweep tries again.
            return
        finally:
            conversation.is_heeded = False

    async def _let_hear(self, bot: Callable[[Heard], Awaitable[None]], conversation: Conversation, one: Spoken) -> None:
        for attempt in range(1, _BOT_ATTEMPTS + 1):
            heard = Heard(
                conversation_id=conversation.conversation_id,
                customer_id=conversation.state.customer_id,
                message=one,
                attempt=attempt,
            )
            with anyio.move_on_after(self._bot_s):
                try:
                    await bot(heard)
                    return
                except Exception:  # the host's own code; whatever it is, the other conversations go on
                    pass
            self.bot_failures += 1
            await anyio.sleep(_BOT_RETRY_S * attempt)

    # ---- who is gone -------------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        """Abandon what waits for customers who have gone, save what has changed, and put away what nobody uses."""
        inlet = self._running()
        now_us = inlet.now_us()
        for conversation in self._talks.live():
            contact = conversation.state.contact
            is_here = any(one.party is Party.CUSTOMER for one in conversation.listeners)
            if contact is None or contact.phase is not ChatPhase.WAITING or is_here:
                conversation.absent_since_us = None
            elif conversation.absent_since_us is None:
                conversation.absent_since_us = now_us
            elif now_us - conversation.absent_since_us >= self._limits.absent_us:
                contact_id = contact.command.contact_id
                # Refused where an agent took it meanwhile, which is as well.
                await inlet.send(AbandonContact(contact_id=contact_id, reason=_LEFT_REASON))
            self.heed(conversation)
        await self._talks.save_all()
        self._talks.put_away()


def _has_unheard(conversation: Conversation) -> bool:
    state = conversation.state
    return state.phase in (ChatPhase.BOT, ChatPhase.OVER) and state.heard < state.number
