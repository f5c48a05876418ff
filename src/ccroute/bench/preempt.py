"""``bench trace --preempt``: a trace where VIPs break off normal work, through the core or through the engine.

Skills are ignored: every agent can take every contact. A VIP who finds nobody free takes the agent of the normal
contact that was begun last, of equal ones the agent first in order; that contact goes back to its old place and later
brings the rest of its work to whoever takes it. A contact that waits at ``arrival + patience`` leaves, also one whose
work was broken off; one that is served then does not. All else is as without ``--preempt``, and so is what is timed.
"""

from __future__ import annotations

import heapq
import os
import time
from array import array
from dataclasses import dataclass
from typing import Final, final

import msgspec

from ccroute import (
    AbandonContact,
    Command,
    CompleteContact,
    Config,
    ContactActive,
    Engine,
    EnqueueContact,
    Event,
    LegEnd,
    LegEnded,
    OfferMode,
    Preempt,
    Presence,
    SetPresence,
    Victim,
)
from ccroute.bench.trace import RUNS, Through, way_named
from ccroute.bench.trace_files import TraceAgents, TraceContacts, read_agents, read_contacts
from ccroute.config.structs import Agent, Channel, EngineSettings, Offer, Queue
from ccroute.sim.arrivals import Arrivals
from ccroute.sim.floor import Staff, open_floor
from ccroute.sim.trace import open_doors, simulate

_NOBODY: Final = -1
_NEVER: Final = -1
_US_PER_S: Final = 1_000_000
_QUEUE: Final = "all"
_CHANNEL: Final = "email"
_ENDS, _LEAVES = 0, 1  # what happens first at one instant


@final
class PreemptResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a trace where VIPs break off normal work, and how fast."""

    mean_sojourn_normal_s: float
    """Mean time from arrival to the end of the work, of normal contacts that were served to the end; 0 if none was."""
    mean_sojourn_vip_s: float
    """The same of VIPs."""
    served: int
    """Contacts that were served to the end."""
    left: int
    """Contacts that lost patience."""
    mean_wait_s: float
    """Mean time from arrival to the first agent, of the served; 0 if there is none."""
    contacts_per_cpu_second: float
    """Speed of the run."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Endings:
    """What became of the contacts of a trace, in order of arrival, and the CPU time it took."""

    start_us: array[int]
    """When an agent first took each, or when it left."""
    agent: array[int]
    """Id of the agent who worked on it to the end; -1: nobody."""
    end_us: array[int]
    """When the work was done; -1: never."""
    cpu_s: float


def run_preempting(
    contacts_path: str | os.PathLike[str], agents_path: str | os.PathLike[str], *, through: str = Through.CORE
) -> PreemptResult:
    """Serve the trace in two files, VIPs breaking off normal work, and return what became of it.

    :param through: ``core`` or ``engine``.
    :raises RecordError: naming the line and column of a file that cannot be read.
    :raises OutOfRange: ``through`` is neither.
    :raises OSError: a file cannot be opened or read.
    """
    way = way_named(through)
    contacts = read_contacts(contacts_path)
    agents = read_agents(agents_path)
    answers = [serve_preempting(contacts, agents, through=way) for _ in range(RUNS[way])]
    return _summary(contacts, sorted(answers, key=lambda answer: answer.cpu_s)[len(answers) // 2])


def serve_preempting(contacts: TraceContacts, agents: TraceAgents, *, through: Through) -> Endings:
    """Serve a trace, VIPs breaking off normal work, and return every ending."""
    return _through_engine(contacts, agents) if through is Through.ENGINE else _through_core(contacts, agents)


def _through_core(contacts: TraceContacts, agents: TraceAgents) -> Endings:
    all_alike = frozenset({0})
    staff = Staff(profiles=[all_alike], agents=array("i", [0]) * len(agents.ids))
    floor = open_floor(staff, [all_alike], contacts_max=len(contacts), breaks_off=True)
    arrivals = Arrivals(
        arrival_us=contacts.arrival_us,
        class_slot=array("i", floor.class_slots) * len(contacts),
        tier=contacts.vip,
        service_us=contacts.service_us,
        patience_us=contacts.patience_us,
    )
    open_doors(floor.acd)
    began_s = time.process_time()
    assignments = simulate(floor.acd, arrivals, breaks_off=True)
    cpu_s = time.process_time() - began_s
    ids = array("q", (_NOBODY if slot == _NOBODY else agents.ids[slot] for slot in assignments.agent))
    return Endings(start_us=assignments.start_us, agent=ids, end_us=assignments.end_us, cpu_s=cpu_s)


def _summary(contacts: TraceContacts, answer: Endings) -> PreemptResult:
    sojourns_us: tuple[list[int], list[int]] = ([], [])
    waited_us = left = 0
    for arrival_us, vip, start_us, agent, end_us in zip(
        contacts.arrival_us, contacts.vip, answer.start_us, answer.agent, answer.end_us, strict=True
    ):
        if end_us != _NEVER:
            sojourns_us[vip].append(end_us - arrival_us)
            waited_us += start_us - arrival_us
        elif agent == _NOBODY and start_us != _NEVER:
            left += 1
    served = len(sojourns_us[0]) + len(sojourns_us[1])
    normal_s, vip_s = (sum(those) / len(those) / _US_PER_S if those else 0.0 for those in sojourns_us)
    return PreemptResult(
        mean_sojourn_normal_s=normal_s,
        mean_sojourn_vip_s=vip_s,
        served=served,
        left=left,
        mean_wait_s=waited_us / served / _US_PER_S if served else 0.0,
        contacts_per_cpu_second=len(contacts) / answer.cpu_s if answer.cpu_s > 0 else 0.0,
    )


def floor_config(contacts: int, agents: TraceAgents) -> Config:
    """Return the contact centre: one queue that everybody serves, whose VIPs send normal work back to its place."""
    return Config(
        engine=EngineSettings(retain_us=0, command_ids_max=0, contacts_max=max(1, contacts)),
        channels={_CHANNEL: Channel(cost=100)},
        queues={
            _QUEUE: Queue(members="all", offer=Offer(mode=OfferMode.AUTO), preempt=Preempt.WORK, victim=Victim.REQUEUE)
        },
        agents={f"a{agent}": Agent() for agent in agents.ids},
    )


def _through_engine(contacts: TraceContacts, agents: TraceAgents) -> Endings:
    engine = Engine(floor_config(len(contacts), agents))
    for agent in agents.ids:
        engine.handle(SetPresence(agent_id=f"a{agent}", presence=Presence.AVAILABLE), 0)
    host = _Host(engine, contacts)
    began_s = time.process_time()
    host.run()
    cpu_s = time.process_time() - began_s
    engine.close()
    return Endings(start_us=host.start_us, agent=host.agent, end_us=host.end_us, cpu_s=cpu_s)


@final
class _Host:
    """Hands a trace to an engine; contacts are named by their place in the order of arrival."""

    def __init__(self, engine: Engine, contacts: TraceContacts) -> None:
        nothing = array("q", [-1]) * len(contacts)
        self.start_us, self.agent, self.end_us = nothing[:], nothing[:], nothing[:]
        self._engine = engine
        self._contacts = contacts
        self._agenda: list[tuple[int, int, int, int]] = []
        self._puts = 0
        self._rest_us = contacts.service_us[:]
        self._begun_us = nothing[:]
        self._ends = nothing[:]
        """Number of the entry that ends the work on each; other such entries are void."""

    def run(self) -> None:
        """Go from event to event until there is none."""
        contacts = self._contacts
        for index, arrival_us in enumerate(contacts.arrival_us):
            self._go_to(arrival_us)
            enqueue = EnqueueContact(contact_id=str(index), queue_id=_QUEUE, channel=_CHANNEL, tier=contacts.vip[index])
            self._handle(enqueue, arrival_us)
            if contacts.patience_us[index] >= 0:
                self._put(arrival_us + contacts.patience_us[index], _LEAVES, index)
        self._go_to(None)

    def _go_to(self, until_us: int | None) -> None:
        while self._agenda and (until_us is None or self._agenda[0][0] <= until_us):
            at_us, kind, number, index = heapq.heappop(self._agenda)
            if kind == _ENDS and self._ends[index] == number:
                self.end_us[index] = at_us
                self._handle(CompleteContact(contact_id=str(index)), at_us)
            elif kind == _LEAVES and self.agent[index] == _NOBODY:
                self.start_us[index] = at_us
                self._handle(AbandonContact(contact_id=str(index)), at_us)

    def _handle(self, command: Command, at_us: int) -> None:
        for event in self._engine.handle(command, at_us):
            self._note(event)

    def _note(self, event: Event) -> None:
        if isinstance(event, ContactActive):
            index = int(event.contact_id)
            if self.start_us[index] == _NEVER:
                self.start_us[index] = event.at_us
            self.agent[index] = int(event.agent_id[1:])
            self._begun_us[index] = event.at_us
            self._ends[index] = self._put(event.at_us + self._rest_us[index], _ENDS, index)
        elif isinstance(event, LegEnded) and event.reason is LegEnd.PREEMPTED:
            index = int(event.contact_id)
            self._rest_us[index] -= event.at_us - self._begun_us[index]
            self.agent[index] = _NOBODY
            self._ends[index] = _NEVER

    def _put(self, at_us: int, kind: int, index: int) -> int:
        self._puts += 1
        heapq.heappush(self._agenda, (at_us, kind, self._puts, index))
        return self._puts
