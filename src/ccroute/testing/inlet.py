"""An inlet for tests of channels and sources of presence: it remembers what was sent, and an engine answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from anyio.lowlevel import checkpoint

from ccroute.commands import (
    Command,
    EnqueueContact,
    Heartbeat,
    PutAgent,
    PutChannel,
    PutQueue,
    SetExternalLoad,
    SetPresence,
)
from ccroute.config import BUILT_IN_CHANNELS, Agent, Channel, Config, Queue
from ccroute.engine.engine import Engine
from ccroute.events import Event
from ccroute.history.memory import MemoryHistory
from ccroute.timeline import AnyAddition

__all__ = ["TrialInlet"]

BEGINS_US: Final = 1_700_000_000_000_000


@final
class TrialInlet:
    """A :class:`ccroute.ports.Inlet` behind which a whole engine stands. For one event loop.

    Without a configuration of your own it knows every queue, channel and agent that commands name: each is made when it
    is named first.
    """

    def __init__(self, name: str = "trial", config: Config | None = None, *, slowness: int = 1) -> None:
        """Begin with an engine of its own.

        :param name: the channel's id, or the source's name.
        :param config: by which the engine goes; None: it learns names as they come.
        :param slowness: how often others get their turn before a command is carried out.
        """
        self._name: Final = name
        self._learns: Final = config is None
        self.slowness = slowness
        """How often others get their turn before a command is carried out."""
        self._waiting = 0
        self._known: Final[set[str]] = set()
        self.engine: Final = Engine(config or Config())
        """The engine."""
        self.history: Final = MemoryHistory()
        """The history."""
        self.commands: Final[list[Command]] = []
        """What was sent, in order, what raised left out."""
        self.events: Final[list[Event]] = []
        """What that caused, in order."""
        self.additions: Final[list[AnyAddition]] = []
        """What was added, in order."""
        self.waiting_max = 0
        """How many commands were under way at once, at most."""
        self.on_command: Callable[[Command], None] | None = None
        """Called with each command before it is carried out; what it raises is raised by ``send``."""

    def __repr__(self) -> str:
        return f"TrialInlet({self._name!r}, {len(self.commands)} commands, {len(self.additions)} additions)"

    @property
    def name(self) -> str:
        """Return the name that it was given."""
        return self._name

    def now_us(self) -> int:
        """Return a moment that moves on by a millisecond with each command."""
        return BEGINS_US + len(self.commands) * 1_000

    async def send(self, command: Command) -> list[Event]:
        """Return what the command caused.

        :raises InvalidArgument: the command can never be right.
        """
        self._waiting += 1
        self.waiting_max = max(self.waiting_max, self._waiting)
        try:
            for _ in range(self.slowness):
                await checkpoint()
        finally:
            self._waiting -= 1
        if self.on_command is not None:
            self.on_command(command)
        return self.handle(command)

    async def add(self, *additions: AnyAddition) -> None:
        """Add to the history.

        :raises InvalidArgument: one is not allowed.
        """
        await checkpoint()
        self.history.add(*additions)
        self.additions.extend(additions)

    def handle(self, command: Command) -> list[Event]:
        """Carry a command out as if it had been sent, without waiting, and return what it caused.

        :raises InvalidArgument: the command can never be right.
        """
        if self._learns:
            self._learn(command)
        events = self.engine.handle(command, self.now_us())
        self.commands.append(command)
        self.events.extend(events)
        return events

    def _learn(self, command: Command) -> None:
        if isinstance(command, EnqueueContact):
            if command.channel not in BUILT_IN_CHANNELS:
                self._know(PutChannel(channel=command.channel, config=Channel()))
            if command.queue_id is not None:
                self._know(PutQueue(queue_id=command.queue_id, config=Queue()))
        elif isinstance(command, SetPresence | Heartbeat | SetExternalLoad) and isinstance(command.agent_id, str):
            self._know(PutAgent(agent_id=command.agent_id, config=Agent()))
            if isinstance(command, SetExternalLoad) and command.channel not in BUILT_IN_CHANNELS:
                self._know(PutChannel(channel=command.channel, config=Channel()))

    def _know(self, entry: PutAgent | PutChannel | PutQueue) -> None:
        if repr(entry) not in self._known:
            self.engine.handle(entry, self.now_us())
            self._known.add(repr(entry))
