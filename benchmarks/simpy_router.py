"""The rule of the traces in simpy: idle agents are a ``FilterStore``, every contact a process.

This is how simpy lets one write it: the store looks through waiting contacts in their order whenever an agent comes
back, and through idle agents, longest idle first, whenever a contact comes. Both looks are linear.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy
from simpy.resources.resource import SortedQueue
from simpy.resources.store import FilterStore, FilterStoreGet

from benchmarks.traces import Trace


class _Wish(FilterStoreGet):
    """A contact's wish for an agent, with its place in line."""

    def __init__(self, store: FilterStore, suits: Callable[[Any], bool], key: tuple[int, int]) -> None:
        self.key = key
        super().__init__(store, suits)


class _IdleAgents(FilterStore):
    """Idle agents, longest idle first, and waiting contacts, VIPs first."""

    GetQueue = SortedQueue


def route(trace: Trace) -> list[tuple[int, int]]:
    """Return (agent, start) per contact; patience is left out, as no trace here has any."""
    environment = simpy.Environment()
    idle = _IdleAgents(environment)
    idle.items.extend(range(len(trace.agents)))
    has = [frozenset(trace.profiles[profile]) for profile in trace.agents]
    answer = [(-2, 0)] * len(trace.rows)

    def life(contact: int) -> Generator[simpy.Event, Any, None]:
        _, skill, vip, service_us, _ = trace.rows[contact]
        agent = yield _Wish(idle, lambda agent: skill in has[agent], (-vip, contact))
        answer[contact] = (agent, int(environment.now))
        yield environment.timeout(service_us)
        yield idle.put(agent)

    def arrivals() -> Generator[simpy.Event, Any, None]:
        for contact, row in enumerate(trace.rows):
            yield environment.timeout(row[0] - environment.now)
            environment.process(life(contact))

    environment.process(arrivals())
    environment.run()
    return answer
