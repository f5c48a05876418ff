"""Profiles: agents that no live requirement tells apart, kept as fine as what is looked at and no finer.

Everything that classes look at in an agent is an *observable*: whether an atom of a requirement holds, the level of a
skill that a queue sums, the value of a score. A new observable splits the profiles whose agents differ in it. Per value
of an observable there is a row, a whole number with one bit per profile. What nobody asks for any more stays until
:meth:`Profiles.rebuild` makes all profiles anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ccroute.core import gears
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
        self.services = services
        """How each agent serves queues, by slot; what is other here, ``fit`` or ``serve`` takes over."""
        self._of_agent: list[int] = []
        self._looks: dict[Hashable, Look] = {}
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

    def looks(self) -> dict[Hashable, Look]:
        """Return everything that is looked at in every agent."""
        return self._looks

    def observed_count(self) -> int:
        """Return how much is looked at in every agent."""
        return len(self._rows)

    def observe(self, observable: Hashable, look: Look) -> None:
        """Look at something in agents, split profiles where they differ in it. O(agents) the first time, then O(1)."""
        if observable in self._index:
            return
        column = self._index[observable] = len(self._rows)
        self._looks[observable] = look
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

    def rebuild(self, looks: Mapping[Hashable, Look], add: Callable[[int, int], None] | None = None) -> None:
        """Make all profiles anew, as fine as ``looks`` tell agents apart. Every row of a class must be stated again.

        ``add`` adds an agent, by slot, that the core does not know yet, to its profile. O(agents · looks).
        """
        known = len(self._of_agent)
        self._acd.forget_profiles()
        self._forget()
        self._looks = dict(looks)
        self._open_all(looks)
        for agent, profile in enumerate(self._of_agent):
            if agent < known or add is None:
                self._acd.place_agent(agent, profile)
            else:
                add(agent, profile)

    # ---- single agents and queues ----------------------------------------------------------------------------------

    def fit(self, agent: int) -> int:
        """Put an agent whose view or services changed, or who is new, where it belongs; return the row of new profiles.

        O(looks); the core is told unless the agent is new there.
        """
        served, view = self.services[agent], self._agents[agent]
        values = [look(view) for look in self._looks.values()]
        is_new = agent == len(self._of_agent)
        if not is_new:
            self._leave(agent)
        before = self.everyone
        profile = self._find(served, values)
        if profile is None:
            profile = self._open(served, values, in_vacant=True)
        self._members[profile].append(agent)
        if is_new:
            self._of_agent.append(profile)
        else:
            self._of_agent[agent] = profile
            self._acd.move_agent(agent, profile)
        return self.everyone & ~before

    def serve(self, queue: int) -> int:
        """Take over how agents serve a queue, and split profiles whose agents differ in it; return the new ones' row.

        O(agents). The rows of the queue's classes must be stated again.
        """
        before = self.everyone
        for profile in range(len(self._members)):
            groups: dict[Service | None, list[int]] = {}
            for agent in self._members[profile]:
                groups.setdefault(self.services[agent].get(queue), []).append(agent)
            for at, (service, members) in enumerate(groups.items()):
                if at:
                    served = {one: other for one, other in self._services[profile].items() if one != queue}
                    if service is not None:
                        served[queue] = service
                    self._move(members, self._open(served, self._values[profile]))
                else:
                    self._members[profile] = members
                    self._change_service(profile, queue, service)
        return self.everyone & ~before

    def _change_service(self, profile: int, queue: int, service: Service | None) -> None:
        old = self._services[profile].get(queue)
        if old == service:
            return
        rows = self._service_rows.setdefault(queue, {})
        served = dict(self._services[profile])
        if old is not None:
            rows[old] &= ~(1 << profile)
            del served[queue]
        if service is not None:
            rows[service] = rows.get(service, 0) | 1 << profile
            served[queue] = service
        self._services[profile] = served

    def _leave(self, agent: int) -> None:
        """Take an agent out of its profile; one without agents serves nothing, and is there for others."""
        profile = self._of_agent[agent]
        self._members[profile].remove(agent)
        if self._members[profile]:
            return
        bit = 1 << profile
        gears.clear_profile(self._acd, profile)
        for column, value in enumerate(self._values[profile]):
            if value in self._rows[column]:
                self._rows[column][value] &= ~bit
        for queue, service in self._services[profile].items():
            self._service_rows[queue][service] &= ~bit
        self._services[profile] = {}
        self.everyone &= ~bit
        self._vacant.append(profile)

    def _find(self, served: dict[int, Service], values: list[Hashable]) -> int | None:
        """Return the profile of agents that serve just this and have just these values, None where there is none."""
        row = self.everyone
        for queue, service in served.items():
            row &= self._service_rows.get(queue, {}).get(service, 0)
        for column, value in enumerate(values):
            if not row:
                return None
            row &= self._rows[column].get(value, 0)
        while row:
            profile = (row & -row).bit_length() - 1
            if len(self._services[profile]) == len(served):
                return profile
            row &= row - 1
        return None

    # ---- making ----------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._members: list[list[int]] = []
        self._services: list[dict[int, Service]] = []
        self._values: list[list[Hashable]] = []
        self._index: dict[Hashable, int] = {}
        self._rows: list[dict[Hashable, int]] = []
        self._service_rows: dict[int, dict[Service, int]] = {}
        self._vacant: list[int] = []
        self.everyone = 0
        """Row of all profiles."""

    def _open_all(self, looks: Mapping[Hashable, Look]) -> None:
        """Put every agent into the profile of those that it cannot be told apart from."""
        self._index = {observable: column for column, observable in enumerate(looks)}
        self._rows = [{} for _ in looks]
        self._of_agent.clear()
        known: dict[Hashable, int] = {}
        for agent, served in enumerate(self.services):
            values = [look(self._agents[agent]) for look in looks.values()]
            key = (tuple(sorted(served.items())), tuple(values))
            profile = known.get(key)
            if profile is None:
                profile = known[key] = self._open(served, values)
            self._of_agent.append(profile)
            self._members[profile].append(agent)

    def _open(self, services: dict[int, Service], values: list[Hashable], *, in_vacant: bool = False) -> int:
        if in_vacant and self._vacant:
            profile = self._vacant.pop()
            self._services[profile] = services
            self._values[profile] = list(values)
        else:
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
