"""Profiles: agents that no live requirement tells apart, kept as fine as what is looked at and no finer.

Everything that classes look at in an agent is an *observable*: whether an atom of a requirement holds, the level of a
skill that a queue sums, the value of a score. A new observable splits the profiles whose agents differ in it. Per value
of an observable there is a row, a whole number with one bit per profile.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from ccroute.requirement import AgentView

if TYPE_CHECKING:
    from ccroute.core.acd import Acd

__all__ = ["Profiles"]


class Profiles:
    """The profiles of one floor and what is known of them.

    :param agents: by agent slot.
    :param ranks: by agent slot, rank by queue slot.
    """

    def __init__(self, acd: Acd, agents: list[AgentView], ranks: list[dict[int, int]]) -> None:
        self._acd = acd
        self._agents = agents
        self._of_agent: list[int] = []
        self._members: list[list[int]] = []
        self._ranks: list[dict[int, int]] = []
        self._values: list[list[Hashable]] = []
        self._index: dict[Hashable, int] = {}
        self._rows: list[dict[Hashable, int]] = []
        self._rank_rows: dict[int, dict[int, int]] = {}
        self.everyone = 0
        """Row of all profiles."""
        by_ranks: dict[tuple[tuple[int, int], ...], int] = {}
        for agent, served in enumerate(ranks):
            key = tuple(sorted(served.items()))
            profile = by_ranks.get(key)
            if profile is None:
                profile = by_ranks[key] = self._open(served, [])
            self._of_agent.append(profile)
            self._members[profile].append(agent)

    def profile_of(self, agent: int) -> int:
        """Return the profile slot of an agent slot."""
        return self._of_agent[agent]

    def rank_rows(self, queue: int) -> dict[int, int]:
        """Return, by rank, the row of profiles that serve a queue."""
        return self._rank_rows.get(queue, {})

    def rows(self, observable: Hashable) -> dict[Hashable, int]:
        """Return, by value, the row of profiles that have this value of something observed."""
        return self._rows[self._index[observable]]

    def observe(self, observable: Hashable, value_of: Callable[[AgentView], Hashable]) -> None:
        """Look at something in agents, split profiles where they differ in it. O(agents) the first time, then O(1)."""
        if observable in self._index:
            return
        column = self._index[observable] = len(self._rows)
        self._rows.append({})
        for profile in range(len(self._members)):
            groups: dict[Hashable, list[int]] = {}
            for agent in self._members[profile]:
                groups.setdefault(value_of(self._agents[agent]), []).append(agent)
            for at, (value, members) in enumerate(groups.items()):
                target = profile if at == 0 else self._open(self._ranks[profile], self._values[profile][:column])
                self._values[target].append(value)
                self._rows[column][value] = self._rows[column].get(value, 0) | 1 << target
                if at:
                    self._move(members, target)
                else:
                    self._members[profile] = members
            if not groups:
                # Nobody left here; a value all the same, so that every profile has one of everything.
                self._values[profile].append(None)

    def _open(self, ranks: dict[int, int], values: list[Hashable]) -> int:
        profile = self._acd.add_profile()
        self._members.append([])
        self._ranks.append(ranks)
        self._values.append(list(values))
        self.everyone |= 1 << profile
        for queue, rank in ranks.items():
            rows = self._rank_rows.setdefault(queue, {})
            rows[rank] = rows.get(rank, 0) | 1 << profile
        for column, value in enumerate(values):
            self._rows[column][value] = self._rows[column].get(value, 0) | 1 << profile
        return profile

    def _move(self, agents: list[int], profile: int) -> None:
        self._members[profile] = agents
        for agent in agents:
            self._of_agent[agent] = profile
            self._acd.move_agent(agent, profile)
