"""What people see instead of ids: names of agents, which users have, and of customers, which their records have.

Names of customers are personal: they are read when they are shown, kept for a few minutes, and never go to the engine.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final, final

from anyio import to_thread

__all__ = ["Naming"]

KNOWN_MAX: Final = 10_000
"""Customers whose names are kept in memory."""
KNOWN_US: Final = 300_000_000
"""How long a name is taken as it was."""


@final
class Naming:
    """Knows names, as far as they were learned."""

    def __init__(
        self,
        *,
        look_up: Callable[[str], str | None],
        agents: Callable[[], dict[str, str]],
        now_us: Callable[[], int],
    ) -> None:
        """Take who knows them.

        :param look_up: tells what a customer is called; blocks.
        :param agents: tells what all agents are called that users are.
        """
        self._look_up = look_up
        self._agents = agents
        self._now_us = now_us
        self._known: OrderedDict[str, tuple[str | None, int]] = OrderedDict()
        self._agents_known: tuple[dict[str, str], int] | None = None

    def agent(self, agent_id: str) -> str:
        """Return what an agent is called; its id with a capital letter, where no user is this agent."""
        now_us = self._now_us()
        if self._agents_known is None or now_us - self._agents_known[1] > KNOWN_US:
            self._agents_known = (self._agents(), now_us)
        return self._agents_known[0].get(agent_id) or agent_id[:1].upper() + agent_id[1:]

    def customer(self, customer_id: str | None) -> str | None:
        """Return what a customer is called, as far as it was learned."""
        return None if customer_id is None else self._known.get(customer_id, (None, 0))[0]

    async def learn(self, customer_ids: Iterable[str]) -> bool:
        """Look up those whose names are not known, or were learned long ago, and say whether there were any."""
        now_us = self._now_us()
        wanted = [
            one
            for one in dict.fromkeys(customer_ids)
            if one not in self._known or now_us - self._known[one][1] > KNOWN_US
        ]
        if not wanted:
            return False
        found = await to_thread.run_sync(lambda: {one: self._look_up(one) for one in wanted})
        for customer_id, name in found.items():
            self._known[customer_id] = (name, now_us)
            self._known.move_to_end(customer_id)
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
        return True

    def forget(self, customer_id: str) -> None:
        """Look this customer up anew when it is shown next."""
        self._known.pop(customer_id, None)
