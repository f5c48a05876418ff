"""Whatever network and server do, a web chat loses no message and says none twice."""

from __future__ import annotations

from collections import Counter

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccroute import MemoryHistory, Message
from ccroute.channels import webchat_writer
from ccroute.channels.webchat import WebChat
from ccroute.channels.webchat_limits import ChatLimits
from ccroute.channels.webchat_protocol import (
    Ack,
    FromServer,
    Hello,
    Invited,
    Join,
    Joined,
    Party,
    Post,
    Posted,
    Refused,
)
from ccroute.channels.webchat_sessions import MemorySessions
from tests.chat_floor import Floor, Wire, settle

pytestmark = pytest.mark.outer

LIMITS = ChatLimits(messages_at_once=10_000, frames_at_once=100_000, refusals=100_000)
ROUNDS_MAX = 200


class Client:
    """What a client keeps: what it has not heard back of, and the number of the last message it saw."""

    def __init__(self, name: str, party: Party) -> None:
        self.name = name
        self.party = party
        self.count = 0
        self.pending: dict[str, str] = {}
        self.acked: dict[str, int] = {}
        self.seen: dict[int, Posted] = {}
        self.after = 0
        self.conversation_id: str | None = None
        self.wire: Wire | None = None

    def say(self) -> None:
        self.count += 1
        client_id = f"{self.name}-{self.count}"
        self.pending[client_id] = f"{client_id} says {self.count}"
        self.send(client_id)

    def send(self, client_id: str) -> None:
        if self.wire is not None and self.conversation_id is not None:
            self.wire.say(Post(client_id=client_id, body=self.pending[client_id], conversation_id=self.conversation_id))

    def take(self, frame: FromServer) -> None:
        """Do what the reference page tells a client to do."""
        if isinstance(frame, Invited):
            assert self.wire is not None
            self.wire.say(Join(conversation_id=frame.conversation_id, after=self.after))
        elif isinstance(frame, Joined):
            self.conversation_id = frame.conversation_id
            for client_id in self.pending:
                self.send(client_id)
        elif isinstance(frame, Posted):
            assert frame.number == self.after + 1, "one was left out, or came twice"
            self.after = frame.number
            self.seen[frame.number] = frame
        elif isinstance(frame, Ack):
            assert self.acked.setdefault(frame.client_id, frame.number) == frame.number
            self.pending.pop(frame.client_id, None)
        elif isinstance(frame, Refused):
            assert frame.code.value == "unavailable"

    async def read(self, wire: Wire) -> None:
        while True:
            frame = await wire.next()
            if wire is not self.wire:  # a client forgets a socket before it opens the next one
                return
            self.take(frame)


class World:
    """Two sockets of one customer, one agent, a server that is killed, and a history that loses answers."""

    def __init__(self) -> None:
        self.history = MemoryHistory()
        self.sessions = MemorySessions()
        self.floor = Floor(history=self.history)
        self.clients = [
            Client("phone", Party.CUSTOMER),
            Client("laptop", Party.CUSTOMER),
            Client("charles", Party.AGENT),
        ]
        self.token = ""
        self.chat: WebChat
        self.scopes: dict[str, anyio.CancelScope] = {}
        self.ended: dict[str, anyio.Event] = {}

    async def live(self, steps: list[tuple[str, int]]) -> None:
        async with anyio.create_task_group() as group:
            await self.start(group)
            self.token = (await self.chat.open_session(customer_id="ada")).token
            for verb, place in steps:
                await self.step(group, verb, self.clients[place % 3], place)
            await self.finish(group)
            group.cancel_scope.cancel()
        self.check()

    async def start(self, group: anyio.abc.TaskGroup, chat: WebChat | None = None) -> None:
        self.chat = self.floor.channel = chat or WebChat(
            history=self.history, sessions=self.sessions, limits=LIMITS, queue_id="support"
        )
        await self.begin(group, "server", self.serve)
        await settle()
        await self.floor.come("charles")

    async def serve(self) -> None:
        async with self.floor.running():
            await anyio.sleep_forever()

    async def begin(self, group: anyio.abc.TaskGroup, name: str, call, *arguments: object) -> None:
        scope = self.scopes[name] = anyio.CancelScope()
        ended = self.ended[name] = anyio.Event()

        async def run() -> None:
            with scope:
                await call(*arguments)
            ended.set()

        group.start_soon(run)

    async def step(self, group: anyio.abc.TaskGroup, verb: str, client: Client, place: int) -> None:
        if verb == "say":
            client.say()
        elif verb == "connect":
            await self.connect(group, client)
        elif verb == "cut":
            self.cut(client)
        elif verb == "wait":
            for _ in range(place):
                await anyio.lowlevel.checkpoint()
        elif verb == "kill":
            await self.kill(group, is_process=place % 3 > 0)
        elif verb == "lose the answer":
            self.floor.lost_answers += 1
        elif verb == "fail":
            self.floor.additions_failing.append(OSError("no disk"))
        elif verb == "accept" and any(type(one).__name__ == "OfferMade" for one in self.floor.events):
            await self.floor.accept()

    async def connect(self, group: anyio.abc.TaskGroup, client: Client) -> None:
        self.cut(client)
        wire = client.wire = Wire()
        client.conversation_id = None
        wire.say(Hello(token=self.token, after=client.after) if client.party is Party.CUSTOMER else Hello())
        if client.party is Party.CUSTOMER:
            await self.begin(group, f"{client.name}'s socket", self.chat.serve, wire)
        else:
            await self.begin(group, f"{client.name}'s socket", self.chat.serve_agent, wire, client.name)
        await self.begin(group, client.name, client.read, wire)

    def cut(self, client: Client) -> None:
        if client.wire is not None:
            client.wire.cut()
            client.wire = None
        if client.name in self.scopes:
            self.scopes[client.name].cancel()

    async def kill(self, group: anyio.abc.TaskGroup, *, is_process: bool) -> None:
        """End everything of the server at once, wherever it stands; begin anew on what is durable.

        :param is_process: the channel goes, too, and not only its run, as where a router runs it again.
        """
        for client in self.clients:
            self.cut(client)
        for scope in self.scopes.values():
            scope.cancel()
        # What a thread was writing is written; before that, nothing of the next life begins.
        await self.ended["server"].wait()
        await self.start(group, None if is_process else self.chat)

    async def finish(self, group: anyio.abc.TaskGroup) -> None:
        self.floor.lost_answers = 0
        self.floor.additions_failing.clear()
        is_served = False
        for client in self.clients[:2]:
            await self.connect(group, client)
        for _ in range(ROUNDS_MAX):
            await anyio.sleep(0.001)
            offers = [one for one in self.floor.events if type(one).__name__ == "OfferMade"]
            if offers and not is_served:
                await self.floor.accept()
                await self.connect(group, self.clients[2])
                is_served = True
            for client in self.clients:
                for client_id in client.pending:
                    client.send(client_id)
            if self.is_quiet():
                return
        pytest.fail("it never became quiet")

    def is_quiet(self) -> bool:
        expected = self.clients[0].after
        heard = [one for one in self.clients if one.party is Party.CUSTOMER or one.conversation_id is not None]
        is_said = not any(one.pending for one in heard)
        return is_said and expected == self.said() and all(one.after == expected for one in heard)

    def said(self) -> int:
        return sum(one.count for one in self.clients if not one.pending)

    def check(self) -> None:
        kept = [one.addition for one in self.history._additions.values() if isinstance(one.addition, Message)]
        bodies = Counter(one.body for one in kept)
        assert max(bodies.values(), default=1) == 1
        for client in self.clients:
            assert {int(one.entry_id.split(":")[2]) for one in kept} >= set(client.acked.values())
            for client_id, number in client.acked.items():
                assert sum(client_id in one.entry_id for one in kept) == 1
                if number in client.seen:
                    assert client.seen[number].body.startswith(f"{client_id} ")


VERBS = ["say", "say", "connect", "connect", "cut", "wait", "wait", "kill", "lose the answer", "fail", "accept"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@given(steps=st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 40)), max_size=40))
def test_nothing_is_lost_and_nothing_is_said_twice(backend: str, steps: list[tuple[str, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webchat_writer, "_RETRY_S", (0.0,))
        anyio.run(World().live, steps, backend=backend)
