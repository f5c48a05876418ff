"""A channel in memory: for tests, and for hosts whose own code is the channel."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final, final

from ccroute.commands import Command
from ccroute.errors import OutOfRange
from ccroute.events import Event
from ccroute.ports import Delivery, Inlet
from ccroute.timeline import AnyAddition

if TYPE_CHECKING:
    import anyio

__all__ = ["MemoryChannel"]

RECEIVED_MAX: Final = 65_536
"""How many deliveries a channel in memory holds, and how many keys it knows; the oldest go first."""


@final
class MemoryChannel:
    """Brings in what :meth:`arrive` is given, and keeps what it was handed. For one event loop."""

    def __init__(self, *, received_max: int = RECEIVED_MAX) -> None:
        """Begin with nothing.

        :param received_max: how many deliveries are held, 1 to ``RECEIVED_MAX``.
        :raises OutOfRange: it is not in that range.
        """
        if not 1 <= received_max <= RECEIVED_MAX:
            raise OutOfRange("received_max", received_max, f"in range(1, {RECEIVED_MAX + 1})")
        self._received: Final[deque[Delivery]] = deque(maxlen=received_max)
        self._keys: Final[OrderedDict[str, None]] = OrderedDict()
        self._keys_max: Final = received_max
        self._count = 0
        self._failures: Final[deque[Exception]] = deque()
        self._inlet: Inlet | None = None
        self._news: anyio.Event | None = None

    def __repr__(self) -> str:
        return f"MemoryChannel({self._count} received)"

    @property
    def received(self) -> list[Delivery]:
        """Return what was taken, in order, each once; the newest where there was more than it holds."""
        return list(self._received)

    @property
    def received_count(self) -> int:
        """Return how many deliveries were ever taken."""
        return self._count

    async def run(self, inlet: Inlet) -> None:
        """Bring in what ``arrive`` is given, until cancelled."""
        import anyio

        self._inlet = inlet
        self._tell()
        try:
            await anyio.sleep_forever()
        finally:
            self._inlet = None

    async def arrive(self, command: Command, *additions: AnyAddition) -> list[Event]:
        """Bring in a contact, or anything else that its customer does, and return what that caused.

        Waits until a router runs this channel.

        :param additions: what was said on arrival; added to the history before the command is sent.
        :raises InvalidArgument: the command or an addition can never be right.
        """
        while (inlet := self._inlet) is None:
            await self._wait_news()
        if additions:
            await inlet.add(*additions)
        return await inlet.send(command)

    async def deliver(self, delivery: Delivery) -> None:
        """Take one event; one whose key was taken is passed over.

        :raises Exception: what ``fail`` was told to.
        """
        from anyio.lowlevel import checkpoint

        await checkpoint()
        if self._failures:
            raise self._failures.popleft()
        if delivery.key in self._keys:
            return
        if len(self._keys) == self._keys_max:
            self._keys.popitem(last=False)
        self._keys[delivery.key] = None
        self._received.append(delivery)
        self._count += 1
        self._tell()

    def fail(self, error: Exception, *, times: int = 1) -> None:
        """Have the next deliveries raise, as many as ``times`` says, 0 to ``RECEIVED_MAX``.

        :raises OutOfRange: ``times`` is not in that range.
        """
        if not 0 <= times <= RECEIVED_MAX:
            raise OutOfRange("times", times, f"in range({RECEIVED_MAX + 1})")
        self._failures.extend([error] * times)

    async def wait_received(self, count: int) -> list[Delivery]:
        """Return what was taken, as soon as so many deliveries have ever been."""
        while self._count < count:
            await self._wait_news()
        return self.received

    async def _wait_news(self) -> None:
        import anyio

        if self._news is None:
            self._news = anyio.Event()
        await self._news.wait()

    def _tell(self) -> None:
        if self._news is not None:
            self._news.set()
            self._news = None
