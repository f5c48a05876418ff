"""What a source of presence has told, so that it tells only what is new: no I/O, no event loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import final

import msgspec

from ccroute.commands import Command, SetExternalLoad, SetPresence
from ccroute.types import Presence

__all__ = ["Seen", "Standing"]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """How an agent was seen."""

    presence: Presence
    """Where the agent is."""
    label: str | None = None
    """The reason in the host's own words."""
    load: Mapping[str, int] = {}
    """Units booked by work that the engine did not route, per channel; a channel that is left out has 0."""


@final
class Standing:
    """What was told of each agent. Who is gone from what is seen is offline, and without load."""

    def __init__(self) -> None:
        self._told: dict[str, Seen] = {}
        self._again = False

    def __repr__(self) -> str:
        return f"Standing({len(self._told)} agents)"

    def agents_there(self) -> list[str]:
        """Return the ids of the agents that were told not to be offline, in the order in which they came."""
        return [agent_id for agent_id, seen in self._told.items() if seen.presence is not Presence.OFFLINE]

    def forget(self) -> None:
        """Tell everything again at the next look that is told to its end."""
        self._again = True

    def news(self, seen: Mapping[str, Seen]) -> Iterator[Command]:
        """Yield a command for all that differs from what was told; taken as told when the next one is asked for.

        Those who are seen in the order of ``seen``, then those who are gone. Load is told before presence, so that
        nobody is offered what there is no room for.
        """
        gone = [agent_id for agent_id in self._told if agent_id not in seen]
        left = Seen(presence=Presence.OFFLINE)
        for agent_id, now in [*seen.items(), *((agent_id, left) for agent_id in gone)]:
            told = self._told.get(agent_id)
            before: Mapping[str, int] = {} if told is None else told.load
            for channel in dict.fromkeys([*before, *now.load]):
                if self._again or before.get(channel, 0) != now.load.get(channel, 0):
                    units = now.load.get(channel, 0)
                    yield SetExternalLoad(agent_id=agent_id, channel=channel, units=units)
            if told is None or self._again or (told.presence, told.label) != (now.presence, now.label):
                yield SetPresence(agent_id=agent_id, presence=now.presence, label=now.label)
            self._told[agent_id] = now
            if agent_id not in seen:
                del self._told[agent_id]
        self._again = False
