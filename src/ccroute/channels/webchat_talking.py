"""All conversations of a web chat that are in use: found, read, spoken in, saved and put away again.

State that changes is changed here, in memory, by one event loop's tasks, and saved by whoever comes first with
everything that has changed by then: many changes, one transaction. Nobody is told of a message, and no event is
confirmed, before what it changed is durable.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, final

import anyio
import msgspec
from anyio import to_thread

from ccroute.channels.attachments import BlobStore, clean_name, media_type_of, pack, unpack
from ccroute.channels.checking import check_text, check_texts
from ccroute.channels.webchat_conversations import Conversation, Listener, Log, PastMessages, Spoken, read_log
from ccroute.channels.webchat_limits import ChatLimits
from ccroute.channels.webchat_protocol import Attachment, ChatRefusal, Party, ReceiptTold, ServerFrame, TypingNow
from ccroute.channels.webchat_sessions import ChatSession, ChatState, SessionStore
from ccroute.channels.webchat_writer import Draft, Writer
from ccroute.errors import ChatRefused

__all__ = ["Conversations"]

_CLIENT_ID: Final = re.compile("[A-Za-z0-9_-]{1,36}")
_ATTACHMENT_ID: Final = re.compile("[0-9a-f]{64}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

_NO_CONVERSATION: Final = "a conversation that is there, and that one is in"


@final
class Conversations:
    """The conversations of one chat."""

    def __init__(
        self,
        *,
        store: SessionStore,
        history: PastMessages,
        blobs: BlobStore | None,
        limits: ChatLimits,
        now_us: Callable[[], int],
    ) -> None:
        self._store = store
        self._history = history
        self._blobs = blobs
        self._limits = limits
        self._live: dict[str, Conversation] = {}
        self._loading = anyio.Lock()
        self._saving = anyio.Lock()
        self.writer = Writer(
            read=self.read,
            save=self.save,
            waiting=limits.waiting_messages,
            messages=limits.messages,
            now_us=now_us,
        )

    # ---- finding -----------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def holding(self, conversation_id: str) -> AsyncIterator[Conversation]:
        """Give a conversation, and keep it the only one of its id meanwhile.

        :raises ChatRefused: there is none.
        """
        conversation = await self._find(conversation_id)
        conversation.users += 1
        try:
            yield conversation
        finally:
            conversation.users -= 1

    async def _find(self, conversation_id: str) -> Conversation:
        check_text("conversation_id", conversation_id)
        found = self._live.get(conversation_id)
        if found is not None:
            return found
        if not conversation_id.isprintable():
            raise ChatRefused(ChatRefusal.NOT_IN_CONVERSATION, _NO_CONVERSATION)
        # One at a time, so that nobody puts a state there that was read before another one changed it.
        async with self._loading:
            found = self._live.get(conversation_id)
            if found is None:
                state = await to_thread.run_sync(self._store.state, conversation_id)
                if state is None:
                    raise ChatRefused(ChatRefusal.NOT_IN_CONVERSATION, _NO_CONVERSATION)
                found = self._live[conversation_id] = Conversation(state)
        return found

    async def load_unattended(self) -> list[Conversation]:
        """Take up all conversations in which something is to be done, and return them."""
        async with self._loading:
            states = await to_thread.run_sync(self._store.unattended)
            return [self._live.setdefault(one.conversation_id, Conversation(one)) for one in states]

    def live(self) -> list[Conversation]:
        """Return the conversations in use, in the order in which they came into use."""
        return list(self._live.values())

    def put_away(self) -> None:
        """Forget what nobody uses, as far as it is durable; it is read again when it is needed."""
        for conversation in self.live():
            if conversation.users or conversation.is_heeded:
                continue
            conversation.log = None
            if conversation.saved_version == conversation.version and not conversation.state.needs_attention:
                del self._live[conversation.conversation_id]

    def drop(self, conversation_ids: Sequence[str]) -> list[Conversation]:
        """Forget conversations that were erased, and return those that were in use."""
        return [one for key in conversation_ids if (one := self._live.pop(key, None)) is not None]

    async def begin(self, session: ChatSession, state: ChatState) -> None:
        """Keep a new session, and its conversation, if that is new."""
        await to_thread.run_sync(self._store.begin, session, state)

    # ---- reading and saving ------------------------------------------------------------------------------------

    async def read(self, conversation: Conversation) -> None:
        """Read what was said, unless it is there.

        :raises StorageError: the history could not be read.
        """
        async with conversation.reading:
            if conversation.log is None:
                log = await to_thread.run_sync(
                    read_log, self._history, conversation.conversation_id, self._limits.messages
                )
                # A crash between the history and the store leaves the store behind.
                if log.last_number > conversation.state.number:
                    conversation.change(msgspec.structs.replace(conversation.state, number=log.last_number))
                conversation.log = log

    async def log(self, conversation: Conversation) -> Log:
        """Return what was said."""
        while (log := conversation.log) is None:
            await self.read(conversation)
        return log

    async def save(self, conversation: Conversation) -> None:
        """Return when a conversation's present state is durable; what else has changed by then is so, too.

        :raises StorageError: it could not be written.
        """
        wanted = conversation.version
        async with self._saving:
            if conversation.saved_version < wanted:
                await self._save_all()

    async def save_all(self) -> None:
        """Return when everything that has changed is durable.

        :raises StorageError: it could not be written.
        """
        async with self._saving:
            await self._save_all()

    async def _save_all(self) -> None:
        changed = [(one, one.version) for one in self._live.values() if one.saved_version < one.version]
        if changed:
            await to_thread.run_sync(self._store.save, [one.state for one, _ in changed])
        for conversation, version in changed:
            conversation.saved_version = version

    # ---- speaking ----------------------------------------------------------------------------------------------

    async def post(
        self,
        conversation: Conversation,
        *,
        party: Party,
        agent_id: str | None,
        client_id: str | None,
        body: str,
        attachments: Sequence[str],
    ) -> Spoken:
        """Return a message once it is durable.

        :raises ChatRefused: it is not allowed, or cannot be taken now.
        :raises WrongType: an argument has another type than stated.
        """
        if client_id is None:
            client_id = secrets.token_hex(16)
        check_text("client_id", client_id)
        check_text("body", body)
        check_texts("attachments", attachments)
        self._check(client_id, body, attachments)
        files = tuple([await self._attached(conversation, one) for one in attachments])
        draft = Draft(conversation, party=party, agent_id=agent_id, client_id=client_id, body=body, attachments=files)
        self.writer.put(draft)
        return await draft.wait()

    def _check(self, client_id: str, body: str, attachments: Sequence[str]) -> None:
        if _CLIENT_ID.fullmatch(client_id) is None:
            raise ChatRefused(ChatRefusal.MALFORMED, "client_id: 1 to 36 of A-Z a-z 0-9 _ -")
        if len(body) > self._limits.body_characters:
            raise ChatRefused(ChatRefusal.TOO_LONG, f"at most {self._limits.body_characters} characters")
        if _SURROGATE.search(body) is not None:
            raise ChatRefused(ChatRefusal.MALFORMED, "body: text without lone surrogates")
        if len(attachments) > self._limits.attachments:
            raise ChatRefused(ChatRefusal.TOO_MANY_ATTACHMENTS, f"at most {self._limits.attachments} attachments")
        if not attachments and not body.strip():
            raise ChatRefused(ChatRefusal.EMPTY, "text, or an attachment")

    async def _attached(self, conversation: Conversation, attachment_id: str) -> Attachment:
        found = conversation.uploads.get(attachment_id)
        return found if found is not None else (await self.attachment(conversation, attachment_id))[0]

    async def attachment(self, conversation: Conversation, attachment_id: str) -> tuple[Attachment, bytes]:
        """Return a file of a conversation, and its bytes.

        :raises ChatRefused: there is none.
        :raises StorageError: it could not be read, or is not what was stored.
        """
        stored = None
        if self._blobs is not None and _ATTACHMENT_ID.fullmatch(attachment_id) is not None:
            stored = await to_thread.run_sync(self._blobs.get, conversation.conversation_id, attachment_id)
        if stored is None:
            raise ChatRefused(ChatRefusal.UNKNOWN_ATTACHMENT, "an attachment that was uploaded in this conversation")
        return unpack(attachment_id, stored)

    async def upload(self, conversation: Conversation, name: str, content: bytes) -> Attachment:
        """Return a file once it is durable.

        :raises ChatRefused: it is not allowed.
        :raises StorageError: it could not be written.
        """
        blobs = self.check_size(len(content))
        media_type = media_type_of(content)
        if media_type not in self._limits.media_types:
            raise ChatRefused(ChatRefusal.ATTACHMENT_TYPE, f"one of {', '.join(self._limits.media_types)}")
        shown = clean_name(name)
        stored = pack(shown, media_type, content)
        space = conversation.conversation_id
        async with conversation.uploading:
            count, size = await to_thread.run_sync(blobs.usage, space)
            if count >= self._limits.quota_attachments or size + len(stored) > self._limits.quota_bytes:
                raise ChatRefused(
                    ChatRefusal.QUOTA,
                    f"at most {self._limits.quota_attachments} attachments, {self._limits.quota_bytes} bytes together",
                )
            attachment_id = await to_thread.run_sync(blobs.put, space, stored)
        attachment = Attachment(attachment_id=attachment_id, name=shown, media_type=media_type, bytes=len(content))
        conversation.uploads[attachment_id] = attachment
        return attachment

    def check_size(self, size: int) -> BlobStore:
        """Return where files are kept, if one of this size is taken.

        :raises ChatRefused: it is not.
        """
        if self._blobs is None:
            raise ChatRefused(ChatRefusal.NO_ATTACHMENTS, "no attachments")
        if not 0 < size <= self._limits.attachment_bytes:
            raise ChatRefused(
                ChatRefusal.ATTACHMENT_TOO_LARGE, f"from 1 to {self._limits.attachment_bytes} bytes, as it was told"
            )
        return self._blobs

    # ---- what is not said --------------------------------------------------------------------------------------

    def typing(self, conversation: Conversation, *, party: Party, agent_id: str | None, is_typing: bool) -> None:
        """Tell everybody else that somebody writes."""

        def frame(listener: Listener) -> ServerFrame | None:
            if listener.is_mine(party, agent_id):
                return None
            return TypingNow(
                conversation_id=conversation.conversation_id,
                party=party,
                is_typing=is_typing,
                agent=listener.shown(agent_id),
            )

        conversation.tell(frame)

    def receipt(self, conversation: Conversation, *, agent_id: str | None, delivered: int, read: int) -> None:
        """Note how far somebody has got, and tell everybody else. It is saved with what is saved next.

        :param agent_id: None: the customer.
        """
        receipts = conversation.state.receipts
        before = receipts.get(agent_id or "", (0, 0))
        number = conversation.state.number
        read = max(before[1], min(read, number))
        delivered = max(before[0], read, min(delivered, number))
        if (delivered, read) == before:
            return
        changed = {**receipts, agent_id or "": (delivered, read)}
        conversation.change(msgspec.structs.replace(conversation.state, receipts=changed))
        party = Party.CUSTOMER if agent_id is None else Party.AGENT

        def frame(listener: Listener) -> ServerFrame | None:
            if listener.is_mine(party, agent_id):
                return None
            return ReceiptTold(
                conversation_id=conversation.conversation_id,
                party=party,
                agent=listener.shown(agent_id),
                delivered=delivered,
                read=read,
            )

        conversation.tell(frame)
