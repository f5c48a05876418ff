"""The one task that gives messages their numbers and makes them durable, many at once where many come.

A message is numbered, added to the history, noted as the conversation's last one, and only then told to anybody. Where
nobody knows whether an addition was written, the very same additions are added again until it is known: a number is
never given to another message meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, final

import anyio
import msgspec

from ccroute.channels.webchat_conversations import Conversation, Spoken, addition_of, origin_of
from ccroute.channels.webchat_protocol import Attachment, ChatRefusal, Party
from ccroute.errors import ChatRefused, InvalidArgument, KeyDestroyed
from ccroute.ports import Inlet

__all__ = ["Draft", "Writer"]

_BATCH: Final = 256
"""Messages that are added at once."""

_RETRY_S: Final = (0.05, 0.2, 1.0, 5.0)
"""How long it is waited before the same additions are tried again; the last one again and again."""


@final
class Draft:
    """A message on its way, and what became of it."""

    __slots__ = ("agent_id", "attachments", "body", "client_id", "conversation", "done", "is_new", "party", "result")

    def __init__(
        self,
        conversation: Conversation,
        *,
        party: Party,
        agent_id: str | None,
        client_id: str,
        body: str,
        attachments: tuple[Attachment, ...],
    ) -> None:
        self.conversation = conversation
        self.party = party
        self.agent_id = agent_id
        self.client_id = client_id
        self.body = body
        self.attachments = attachments
        self.done = anyio.Event()
        self.result: Spoken | ChatRefused | None = None
        self.is_new = False

    def end(self, result: Spoken | ChatRefused) -> None:
        """Tell what became of it."""
        self.result = result
        self.done.set()

    async def wait(self) -> Spoken:
        """Return the message once it is durable; of one that was said before, the one of then.

        :raises ChatRefused: it was not taken.
        """
        await self.done.wait()
        assert self.result is not None
        if isinstance(self.result, ChatRefused):
            raise self.result
        return self.result


@final
class Writer:
    """Takes drafts from anybody; :meth:`run` is one task's."""

    def __init__(
        self,
        *,
        read: Callable[[Conversation], Awaitable[None]],
        save: Callable[[Conversation], Awaitable[None]],
        waiting: int,
        messages: int,
        now_us: Callable[[], int],
    ) -> None:
        self._read = read
        self._save = save
        self._waiting = waiting
        self._messages = messages
        self._now_us = now_us
        self._drafts: deque[Draft] = deque()
        self._news = anyio.Event()
        self._is_running = False
        self.retries = 0
        """How often additions were tried again."""

    def put(self, draft: Draft) -> None:
        """Take a draft.

        :raises ChatRefused: too many wait, or nobody writes.
        """
        if not self._is_running:
            raise _unavailable("a server that runs")
        if len(self._drafts) >= self._waiting:
            raise _unavailable("fewer messages that wait to be written")
        draft.conversation.users += 1
        self._drafts.append(draft)
        self._news.set()

    async def run(self, inlet: Inlet) -> None:
        """Write until cancelled. What was not written then is refused, and may be sent again."""
        self._is_running = True
        batch: list[Draft] = []
        try:
            while True:
                if not self._drafts:
                    self._news = anyio.Event()
                    await self._news.wait()
                batch = [self._drafts.popleft() for _ in range(min(_BATCH, len(self._drafts)))]
                await self._write(inlet, batch)
                self._end(batch)
                batch = []
        finally:
            self._is_running = False
            self._end([*batch, *self._drafts])
            self._drafts.clear()

    def _end(self, drafts: list[Draft]) -> None:
        for draft in drafts:
            draft.conversation.users -= 1
            if not draft.done.is_set():
                # Whether it is in the history shows when the log is read anew.
                draft.conversation.log = None
                draft.end(_unavailable("a server that runs"))

    async def _write(self, inlet: Inlet, batch: list[Draft]) -> None:
        for draft in batch:
            if draft.conversation.log is None:
                await self._again(partial(self._read, draft.conversation))
        numbered = self._number(batch)
        if not numbered:
            return
        additions = [addition_of(draft.conversation.state, one, inlet.name) for draft, one in numbered]
        try:
            await self._again(partial(inlet.add, *additions))
        except (InvalidArgument, KeyDestroyed) as error:
            # Nothing was added. One of them cannot be; alone it harms only itself.
            if len(numbered) == 1:
                numbered[0][0].end(_never(error))
                return
            for draft in batch:
                if not draft.done.is_set():
                    await self._write(inlet, [draft])
            return
        for draft, one in numbered:
            conversation = draft.conversation
            assert conversation.log is not None
            conversation.log.add(one)
            conversation.change(msgspec.structs.replace(conversation.state, number=one.number))
        touched = {id(draft.conversation): draft.conversation for draft, _ in numbered}
        for conversation in touched.values():
            await self._again(partial(self._save, conversation))
        for draft, one in numbered:
            draft.is_new = True
            draft.end(one)
        self._repeat(batch)
        for conversation in touched.values():
            conversation.wake()

    def _number(self, batch: list[Draft]) -> list[tuple[Draft, Spoken]]:
        """Give numbers to what is new, and end what is not, or cannot be taken."""
        numbered: list[tuple[Draft, Spoken]] = []
        added: dict[str, int] = {}
        under_way: set[tuple[str, str, str]] = set()
        for draft in batch:
            conversation = draft.conversation
            log = conversation.log
            assert log is not None
            origin = origin_of(draft.party, draft.agent_id)
            before = log.said(origin, draft.client_id)
            key = (conversation.conversation_id, origin, draft.client_id)
            if before is not None:
                draft.end(before)
            elif key not in under_way:
                count = added.get(conversation.conversation_id, 0)
                if len(log) + count >= self._messages:
                    draft.end(ChatRefused(ChatRefusal.CONVERSATION_FULL, f"at most {self._messages} messages"))
                    continue
                under_way.add(key)
                added[conversation.conversation_id] = count + 1
                numbered.append((draft, self._spoken(draft, count)))
        return numbered

    def _repeat(self, batch: list[Draft]) -> None:
        """End drafts that came twice in one batch."""
        for draft in batch:
            if not draft.done.is_set():
                log = draft.conversation.log
                assert log is not None
                before = log.said(origin_of(draft.party, draft.agent_id), draft.client_id)
                assert before is not None
                draft.end(before)

    def _spoken(self, draft: Draft, place: int) -> Spoken:
        conversation = draft.conversation
        assert conversation.log is not None
        last = max(conversation.state.number, conversation.log.last_number)
        return Spoken(
            number=last + 1 + place,
            at_us=max(self._now_us(), conversation.log.last_at_us),
            party=draft.party,
            agent_id=draft.agent_id,
            client_id=draft.client_id,
            body=draft.body,
            attachments=draft.attachments,
        )

    async def _again(self, call: Callable[[], Awaitable[None]]) -> None:
        """Do what can be done twice, until it is known to be done.

        :raises InvalidArgument: it can never be done, and nothing was.
        :raises KeyDestroyed: likewise.
        """
        attempt = 0
        while True:
            try:
                await call()
                return
            except (InvalidArgument, KeyDestroyed):
                raise
            except Exception:  # whatever it is, nobody knows what was done; a cancellation is no Exception
                self.retries += 1
                await anyio.sleep(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
                attempt += 1


def _never(error: InvalidArgument | KeyDestroyed) -> ChatRefused:
    if isinstance(error, KeyDestroyed):
        return ChatRefused(ChatRefusal.ERASED, "a conversation of a customer who was not erased")
    return ChatRefused(ChatRefusal.MALFORMED, f"{error.argument}: {error.allowed}")


def _unavailable(allowed: str) -> ChatRefused:
    return ChatRefused(ChatRefusal.UNAVAILABLE, allowed)
