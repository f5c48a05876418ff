"""Profiles: agents that no live requirement tells apart, kept as fine as what is looked at and no finer.

Everything that classes look at in an agent is an *observable*: whether an atom of a requirement holds, the level of a
skill that a queue sums, the value of a score. A new observable splits the profiles whose agents differ in it. Per value
of an observable there is a row, a whole number with one bit per profile. What nobody asks for any more stays until
:meth:`Profiles.rebuild` makes all profiles anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ccroute.requirement import AgentView

if TYPE_CHECKING:
    from ccroute.core.acd import Acd

__all__ = ["Look", "Profiles", "Service"]

Look: TypeAlias = Callable[[AgentView], Hashable]
"""Looks at something in an agent and gives its value."""


class Service(NamedTuple):
    """How an agent serves a queue."""

    rank: int
    after_us: int
    """Only contacts that have been in it this long, microseconds."""


class Profiles:
    """The profiles of one floor and what is known of them.

    :param agents: by agent slot.
    :param services: by agent slot, by queue slot.
    """

    def __init__(self, acd: Acd, agents: list[AgentView], services: list[dict[int, Service]]) -> None:
        self._acd = acd
        self._agents = agents
        self._services_of_agent = services
        self._of_agent: list[int] = []
        self._forget()
        self._open_all({})

    def profile_of(self, agent: int) -> int:
        """Return the profile slot of an agent slot."""
        return self._of_agent[agent]

    def service_rows(self, queue: int) -> dict[Service, int]:
        """Return, by how they serve a queue, the row of profiles that do."""
        return self._service_rows.get(queue, {})

    def rows(self, observable: Hashable) -> dict[Hashable, int]:
        """Return, by value, the row of profiles that have this value of something observed."""
        return self._rows[self._index[observable]]

    def observed_count(self) -> int:
        """Return how much is looked at in every agent."""
        return len(self._rows)

    def observe(self, observable: Hashable, look: Look) -> None:
        """Look at something in agents, split profiles where they differ in it. O(agents) the first time, then O(1)."""
        if observable in self._index:
            return
        column = self._index[observable] = len(self._rows)
        self._rows.append({})
        for profile in range(len(self._members)):
            groups: dict[Hashable, list[int]] = {}
            for agent in self._members[profile]:
                groups.setdefault(look(self._agents[agent]), []).append(agent)
            for at, (value, members) in enumerate(groups.items()):
                target = profile if at == 0 else self._open(self._services[profile], self._values[profile][:column])
                self._values[target].append(value)
                self._rows[column][value] = self._rows[column].get(value, 0) | 1 << target
                if at:
                    self._move(members, target)
                else:
                    self._members[profile] = members
            if not groups:
                # Nobody left here; a value all the same, so that every profile has one of everything.
                self._values[profile].append(None)

    def rebuild(self, looks: Mapping[Hashable, Look]) -> None:
        """Make all profiles anew, as fine as ``looks`` tell agents apart. Every row of a class must be stated again.

        O(agents · looks).
        """
        self._acd.forget_profiles()
        self._forget()
        self._open_all(looks)
        for agent, profile in enumerate(self._of_agent):
            self._acd.place_agent(agent, profile)

    def _forget(self) -> None:
        self._members: list[list[int]] = []
        self._services: list[dict[int, Service]] = []
        self._values: list[list[Hashable]] = []
        self._index: dict[Hashable, int] = {}
        self._rows: list[dict[Hashable, int]] = []
        self._service_rows: dict[int, dict[Service, int]] = {}
        self.everyone = 0
        """Row of all profiles."""

    def _open_all(self, looks: Mapping[Hashable, Look]) -> None:
        """Put every agent into the profile of those that it cannot be told apart from."""
        self._index = {observable: column for column, observable in enumerate(looks)}
        self._rows = [{} for _ in looks]
        self._of_agent.clear()
        known: dict[Hashable, int] = {}
        for agent, served in enumerate(self._services_of_agent):
            values = [look(self._agents[agent]) for look in looks.values()]
            key = (tuple(sorted(served.items())), tuple(values))
            profile = known.get(key)
            if profile is None:
                profile = known[key] = self._open(served, values)
            self._of_agent.append(profile)
            self._members[profile].append(agent)

    def _open(self, services: dict[int, Service], values: list[Hashable]) -> int:
        profile = self._acd.add_profile()
        self._members.append([])
        self._services.append(services)
        self._values.append(list(values))
        self.everyone |= 1 << profile
        for queue, service in services.items():
            rows = self._service_rows.setdefault(queue, {})
            rows[service] = rows.get(service, 0) | 1 << profile
        for column, value in enumerate(values):
            self._rows[column][value] = self._rows[column].get(value, 0) | 1 << profile
        return profile

    def _move(self, agents: list[int], profile: int) -> None:
        self._members[profile] = agents
        for agent in agents:
            self._of_agent[agent] = profile
            self._acd.move_agent(agent, profile)
