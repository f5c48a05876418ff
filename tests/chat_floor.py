"""A real engine and a real history behind a channel's inlet, and sockets that a test holds in its hand."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from anyio import to_thread

from ccroute import (
    AcceptOffer,
    Config,
    Engine,
    Event,
    HistoryStore,
    MemoryHistory,
    OfferMade,
    Presence,
    SetPresence,
    Undeliverable,
)
from ccroute.channels.attachments import MemoryBlobs
from ccroute.channels.webchat import WebChat
from ccroute.channels.webchat_limits import ChatLimits
from ccroute.channels.webchat_protocol import (
    ClientFrame,
    CloseCode,
    FromServer,
    Hello,
    Posted,
    Refused,
    read_server_frame,
    write_frame,
)
from ccroute.commands import Command
from ccroute.ports import Channel, Delivery
from ccroute.timeline import AnyAddition

_T = TypeVar("_T")

CONFIG = Config.from_dict(
    {
        "queues": {"support": {}, "loans": {}, "wrapped": {"wrap_up_us": 60_000_000}},
        "agents": {"charles": {"queues": {"support": 1, "wrapped": 1}}, "mary": {"queues": {"loans": 1}}},
    }
)
PATIENCE_S = 10


class Floor:
    """Runs one engine, writes its events into a history, and hands them to a channel, in order."""

    def __init__(self, channel: Channel | None = None, *, history: HistoryStore | None = None) -> None:
        self.engine = Engine(CONFIG)
        self.history = history if history is not None else MemoryHistory()
        self.channel = channel
        self.name = "chat"
        self.events: list[Event] = []
        self.additions_failing: list[Exception] = []
        self.lost_answers = 0
        self._now_us = 1_000_000
        self._delivered = 0
        self._news = anyio.Event()

    def now_us(self) -> int:
        self._now_us += 1_000
        return self._now_us

    def pass_time(self, us: int) -> None:
        self._now_us += us

    async def send(self, command: Command) -> list[Event]:
        events = self.engine.handle(command, self.now_us(), allow_jump=True)
        self.history.write(events)
        self.events += events
        self._news.set()
        await anyio.lowlevel.checkpoint()
        return events

    async def add(self, *additions: AnyAddition) -> None:
        if self.additions_failing:
            raise self.additions_failing.pop(0)
        await to_thread.run_sync(self.history.add, *additions)
        if self.lost_answers:
            self.lost_answers -= 1
            raise OSError("the answer was lost")

    async def deliver(self) -> None:
        """Hand events to the channel, until cancelled."""
        assert self.channel is not None
        while True:
            self._news = anyio.Event()
            while self._delivered < len(self.events):
                event = self.events[self._delivered]
                with contextlib.suppress(Undeliverable):
                    await self.channel.deliver(Delivery(key=f"engine:{event.seq}", event=event, attempt=1))
                self._delivered += 1
            await self._news.wait()

    async def come(self, *agent_ids: str) -> None:
        for agent_id in agent_ids:
            await self.send(SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE))

    async def accept(self) -> OfferMade:
        """Accept the offer made last."""
        offer = [one for one in self.events if isinstance(one, OfferMade)][-1]
        await self.send(AcceptOffer(offer_id=offer.offer_id))
        return offer

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the channel and hand events to it meanwhile."""
        assert self.channel is not None
        async with anyio.create_task_group() as group:
            group.start_soon(self.channel.run, self)
            group.start_soon(self.deliver)
            await settle()
            yield
            group.cancel_scope.cancel()


async def settle() -> None:
    """Let other tasks run."""
    for _ in range(10):
        await anyio.lowlevel.checkpoint()


class Wire:
    """Both ends of a socket: the server has the three methods of ``Socket``, the test has the others."""

    def __init__(self) -> None:
        self._inward: deque[str | bytes] = deque()
        self._outward: deque[str] = deque()
        self._news = anyio.Event()
        self._is_cut = False
        self.code: int | None = None
        self.closed = anyio.Event()
        self.frames: list[FromServer] = []
        self.is_deaf = False
        """Whether the client reads nothing, so that sending hangs."""

    async def receive(self) -> str | bytes | None:
        while not self._inward:
            if self._is_cut:
                return None
            await self._wait()
        return self._inward.popleft()

    async def send(self, text: str) -> None:
        await anyio.lowlevel.checkpoint()
        while self.is_deaf and not self._is_cut:
            await self._wait()
        if self._is_cut:
            raise ConnectionResetError
        self._outward.append(text)
        self._tell()

    async def _wait(self) -> None:
        await self._news.wait()

    def _tell(self) -> None:
        news, self._news = self._news, anyio.Event()
        news.set()

    async def close(self, code: int, reason: str) -> None:
        self.code = code
        self.closed.set()
        self.cut()

    def cut(self) -> None:
        """End the connection; what the server had to say, and has not said, is lost."""
        self._is_cut = True
        self._tell()

    def say(self, frame: ClientFrame | str | bytes) -> None:
        """Send a frame to the server."""
        self._inward.append(write_frame(frame) if isinstance(frame, ClientFrame) else frame)
        self._tell()

    async def next(self) -> FromServer:
        """Return the next frame from the server."""
        with anyio.fail_after(PATIENCE_S):
            while not self._outward:
                await self._wait()
        frame = read_server_frame(self._outward.popleft())
        self.frames.append(frame)
        return frame

    async def until(self, kind: type[_T], has: Callable[[_T], bool] = lambda _: True) -> _T:
        """Return the next frame of a kind, and pass over others."""
        while True:
            frame = await self.next()
            if isinstance(frame, kind) and has(frame):
                return frame

    async def messages(self, count: int) -> list[Posted]:
        """Return the next messages, and pass over other frames."""
        return [await self.until(Posted) for _ in range(count)]

    async def end(self) -> CloseCode:
        """Return the code with which the server closed."""
        with anyio.fail_after(PATIENCE_S):
            await self.closed.wait()
        assert self.code is not None
        return CloseCode(self.code)


@asynccontextmanager
async def customer(chat: object, token: str | None, *, after: int = 0) -> AsyncIterator[Wire]:
    """Connect a customer's socket."""
    wire = Wire()
    async with anyio.create_task_group() as group:
        group.start_soon(chat.serve, wire)
        wire.say(Hello(token=token, after=after))
        yield wire
        wire.cut()


@asynccontextmanager
async def agent(chat: object, agent_id: str) -> AsyncIterator[Wire]:
    """Connect an agent's socket."""
    wire = Wire()
    async with anyio.create_task_group() as group:
        group.start_soon(chat.serve_agent, wire, agent_id)
        wire.say(Hello())
        yield wire
        wire.cut()


def chat_on(floor: Floor, **options: object) -> WebChat:
    """Put a chat on a floor; ``limits`` may be a dict of those that differ."""
    limits = options.pop("limits", {})
    assert isinstance(limits, dict)
    chat = WebChat(
        history=floor.history,
        limits=ChatLimits(**limits),
        **{"blobs": MemoryBlobs()} | options,  # type: ignore[arg-type]
    )
    floor.channel = chat
    return chat


async def refused(wire: Wire, frame: ClientFrame | str | bytes) -> Refused:
    """Return how a frame is refused."""
    wire.say(frame)
    return await wire.until(Refused)
