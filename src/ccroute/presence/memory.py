"""A source of presence in memory: for tests, and for hosts whose own code knows where agents are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, final

import msgspec

from ccroute.commands import Command, Heartbeat, SetExternalLoad, SetPresence
from ccroute.errors import InvalidArgument
from ccroute.events import Event
from ccroute.ports import Inlet
from ccroute.presence.standing import Seen, Standing
from ccroute.types import Presence

if TYPE_CHECKING:
    import anyio

__all__ = ["MemoryPresence"]


@final
class MemoryPresence:
    """Tells what it is told. What is set before a router runs it, is told when one does. For one event loop."""

    def __init__(self, agents: Mapping[str, Presence] | None = None) -> None:
        """Begin with how agents stand, by id."""
        self._seen = {agent_id: Seen(presence=presence) for agent_id, presence in (agents or {}).items()}
        self._inlet: Inlet | None = None
        self._turn: anyio.Lock | None = None

    def __repr__(self) -> str:
        return f"MemoryPresence({len(self._seen)} agents)"

    async def run(self, inlet: Inlet) -> None:
        """Tell how all agents stand, then what is set, until cancelled."""
        import anyio

        try:
            async with self._own_turn():
                for command in Standing().news(self._seen):
                    try:
                        await inlet.send(command)
                    except InvalidArgument:
                        continue  # the fault of what was set; the others are told
                self._inlet = inlet
            await anyio.sleep_forever()
        finally:
            self._inlet = None

    async def set(self, agent_id: str, presence: Presence, *, label: str | None = None) -> list[Event]:
        """Say where an agent is, and return what that caused; nothing, where it is told later."""
        async with self._own_turn():
            before = self._seen.get(agent_id, Seen(presence=presence))
            self._seen[agent_id] = msgspec.structs.replace(before, presence=presence, label=label)
            return await self._send(SetPresence(agent_id=agent_id, presence=presence, label=label))

    async def set_load(self, agent_id: str, channel: str, units: int) -> list[Event]:
        """Say how many units are booked by work that the engine did not route, and return what that caused."""
        async with self._own_turn():
            before = self._seen.get(agent_id, Seen(presence=Presence.OFFLINE))
            self._seen[agent_id] = msgspec.structs.replace(before, load={**before.load, channel: units})
            return await self._send(SetExternalLoad(agent_id=agent_id, channel=channel, units=units))

    async def heartbeat(self, agent_id: str) -> list[Event]:
        """Say that an agent is still there, and return what that caused; nothing, where no router runs this source."""
        async with self._own_turn():
            return await self._send(Heartbeat(agent_id=agent_id))

    def _own_turn(self) -> anyio.Lock:
        import anyio

        if self._turn is None:
            self._turn = anyio.Lock()
        return self._turn

    async def _send(self, command: Command) -> list[Event]:
        return [] if self._inlet is None else await self._inlet.send(command)
