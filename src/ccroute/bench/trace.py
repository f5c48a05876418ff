"""``bench trace``: a trace with a known answer, through the core or through the engine.

Both ways serve the same small contact centre: a contact needs its one skill, agents answer at once, take one contact at
a time and have no wrap-up; VIPs are a tier. At one instant services end first, then contacts leave, then others arrive.

The figure is contacts per CPU-second: arrivals, decisions and the event queue count; reading the files, setting the
floor up and hashing the answer do not. It is the median of a few runs, each on a floor of its own, as the first is
always slower.
"""

from __future__ import annotations

import enum
import hashlib
import os
import time
from array import array
from dataclasses import dataclass
from typing import Final, final

import msgspec

from ccroute.bench.trace_files import TraceAgents, TraceContacts, read_agents, read_contacts
from ccroute.errors import OutOfRange
from ccroute.sim.arrivals import Arrivals
from ccroute.sim.floor import Staff, open_floor
from ccroute.sim.trace import open_doors, simulate

DIGEST_LENGTH: Final = 16
RUNS: Final = {"core": 5, "engine": 1}
"""How often a trace is served for one figure."""
_NOBODY: Final = -1
_US_PER_S: Final = 1_000_000


@final
class Through(enum.StrEnum):
    """What serves a trace."""

    CORE = "core"
    """The compiled loop on the core: integers only."""
    ENGINE = "engine"
    """The engine: string ids, commands in, events out."""


@final
class TraceResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a trace, and how fast."""

    digest: str
    """First 16 hex digits of the SHA-256 over a line ``contact,agent,start_us`` per contact in order of the ids; for
    one who left, agent is -1 and start is when."""
    served: int
    """Contacts that an agent took."""
    left: int
    """Contacts that lost patience."""
    mean_wait_s: float
    """Mean wait of the served, seconds; 0 if there is none."""
    contacts_per_cpu_second: float
    """Speed of the run."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What became of the contacts of a trace, in order of arrival, and the CPU time it took."""

    start_us: array[int]
    agent: array[int]
    """Agent's id, -1: nobody."""
    cpu_s: float


def run_trace(
    contacts_path: str | os.PathLike[str], agents_path: str | os.PathLike[str], *, through: str = Through.CORE
) -> TraceResult:
    """Serve the trace in two files and return what became of it.

    :param through: ``core`` or ``engine``.
    :raises RecordError: naming the line and column of a file that cannot be read.
    :raises OutOfRange: ``through`` is neither.
    :raises OSError: a file cannot be opened or read.
    """
    way = way_named(through)
    contacts = read_contacts(contacts_path)
    agents = read_agents(agents_path)
    answers = [serve(contacts, agents, through=way) for _ in range(RUNS[way])]
    return summary(contacts, sorted(answers, key=lambda answer: answer.cpu_s)[len(answers) // 2])


def way_named(through: str) -> Through:
    """Return what serves a trace, by its name.

    :raises OutOfRange: nothing is called so.
    """
    if through not in tuple(Through):
        raise OutOfRange("through", through, "core or engine")
    return Through(through)


def serve(contacts: TraceContacts, agents: TraceAgents, *, through: Through) -> Answer:
    """Serve a trace and return every assignment."""
    if through is Through.ENGINE:
        from ccroute.bench.trace_engine import through_engine

        start_us, agent, cpu_s = through_engine(contacts, agents)
        return Answer(start_us=start_us, agent=agent, cpu_s=cpu_s)
    return _through_core(contacts, agents)


def _through_core(contacts: TraceContacts, agents: TraceAgents) -> Answer:
    staff = Staff(profiles=agents.skills, agents=agents.profile)
    skills = sorted(set(contacts.skill))
    floor = open_floor(staff, [frozenset({skill}) for skill in skills], contacts_max=len(contacts))
    class_of = dict(zip(skills, floor.class_slots, strict=True))
    arrivals = Arrivals(
        arrival_us=contacts.arrival_us,
        class_slot=array("i", map(class_of.__getitem__, contacts.skill)),
        tier=contacts.vip,
        service_us=contacts.service_us,
        patience_us=contacts.patience_us,
    )
    open_doors(floor.acd)
    began_s = time.process_time()
    assignments = simulate(floor.acd, arrivals)
    cpu_s = time.process_time() - began_s
    ids = array("q", (_NOBODY if slot == _NOBODY else agents.ids[slot] for slot in assignments.agent))
    return Answer(start_us=assignments.start_us, agent=ids, cpu_s=cpu_s)


def digest(contacts: TraceContacts, answer: Answer) -> str:
    """Return the digest of an answer; see :class:`TraceResult`."""
    hashed = hashlib.sha256()
    for contact, agent, start_us in sorted(zip(contacts.ids, answer.agent, answer.start_us, strict=True)):
        hashed.update(f"{contact},{agent},{start_us}\n".encode())
    return hashed.hexdigest()[:DIGEST_LENGTH]


def summary(contacts: TraceContacts, answer: Answer) -> TraceResult:
    """Return the figures of an answer."""
    waits_us = [
        start_us - arrival_us
        for start_us, arrival_us, agent in zip(answer.start_us, contacts.arrival_us, answer.agent, strict=True)
        if agent != _NOBODY
    ]
    left = sum(
        agent == _NOBODY and start_us != _NOBODY for agent, start_us in zip(answer.agent, answer.start_us, strict=True)
    )
    return TraceResult(
        digest=digest(contacts, answer),
        served=len(waits_us),
        left=left,
        mean_wait_s=sum(waits_us) / len(waits_us) / _US_PER_S if waits_us else 0.0,
        contacts_per_cpu_second=len(contacts) / answer.cpu_s if answer.cpu_s > 0 else 0.0,
    )
