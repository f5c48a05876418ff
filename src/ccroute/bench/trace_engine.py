"""A trace through the engine: string ids, commands in, events out, and an event queue around it."""

from __future__ import annotations

import heapq
import time
from array import array
from collections.abc import Iterator
from itertools import count
from typing import Final

from ccroute import (
    AbandonContact,
    CompleteContact,
    Config,
    ContactActive,
    Engine,
    EnqueueContact,
    OfferMode,
    Presence,
    SetPresence,
)
from ccroute.bench.trace_files import TraceAgents, TraceContacts
from ccroute.config.structs import Agent, EngineSettings, Offer, Queue, Skill

_QUEUE: Final = "all"
_CHANNEL: Final = "voice"
_ENDS, _LEAVES = 0, 1  # what happens first at one instant


def floor_config(contacts: TraceContacts, agents: TraceAgents) -> Config:
    """Return the contact centre of a trace: one queue that every agent serves, contacts bring what they require."""
    needed = set(contacts.skill)
    return Config(
        engine=EngineSettings(
            retain_us=0,
            command_ids_max=0,
            contacts_max=max(1, len(contacts)),
            agents_max=max(1, len(agents.ids)),
            classes_max=max(1, len(needed)),
        ),
        skills={f"s{skill}": Skill() for skill in sorted(needed)},
        queues={_QUEUE: Queue(members="all", offer=Offer(mode=OfferMode.AUTO))},
        agents={
            f"a{agent}": Agent(skills={f"s{skill}": 1 for skill in sorted(agents.skills[profile])})
            for agent, profile in zip(agents.ids, agents.profile, strict=True)
        },
    )


def through_engine(contacts: TraceContacts, agents: TraceAgents) -> tuple[array[int], array[int], float]:
    """Serve a trace; return start and agent's id (-1: nobody) by contact in order of arrival, and the CPU time it took.

    Building commands counts; making the engine and signing the agents in do not.
    """
    engine = Engine(floor_config(contacts, agents))
    for agent in agents.ids:
        engine.handle(SetPresence(agent_id=f"a{agent}", presence=Presence.AVAILABLE), 0)
    requires = {skill: f"agent.skills.s{skill} >= 1" for skill in set(contacts.skill)}
    start_us = array("q", [-1]) * len(contacts)
    agent_of = array("q", [-1]) * len(contacts)
    began_s = time.process_time()
    _run(engine, contacts, requires, start_us, agent_of)
    cpu_s = time.process_time() - began_s
    engine.close()
    return start_us, agent_of, cpu_s


def _run(
    engine: Engine, contacts: TraceContacts, requires: dict[int, str], start_us: array[int], agent_of: array[int]
) -> None:
    """Go from event to event until there is none; contacts are named by their place in the order of arrival."""
    agenda: list[tuple[int, int, int, int]] = []
    seqs = count()
    names = [f"c{at}" for at in range(len(contacts))]
    handle, service_us = engine.handle, contacts.service_us
    command: EnqueueContact | CompleteContact | AbandonContact
    for arriving, arrival_us in _arrivals_and_end(contacts):
        while agenda and agenda[0][0] <= arrival_us:
            at_us, kind, _, index = heapq.heappop(agenda)
            if kind == _ENDS:
                command = CompleteContact(contact_id=names[index])
            elif start_us[index] < 0:
                command = AbandonContact(contact_id=names[index])
                start_us[index] = at_us
            else:
                continue
            for event in handle(command, at_us):
                if type(event) is ContactActive:
                    taken = int(event.contact_id[1:])
                    start_us[taken], agent_of[taken] = event.at_us, int(event.agent_id[1:])
                    heapq.heappush(agenda, (event.at_us + service_us[taken], _ENDS, next(seqs), taken))
        if arriving < 0:
            return
        command = EnqueueContact(
            contact_id=names[arriving],
            queue_id=_QUEUE,
            channel=_CHANNEL,
            requires=requires[contacts.skill[arriving]],
            tier=contacts.vip[arriving],
        )
        for event in handle(command, arrival_us):
            if type(event) is ContactActive:
                start_us[arriving], agent_of[arriving] = event.at_us, int(event.agent_id[1:])
                heapq.heappush(agenda, (arrival_us + service_us[arriving], _ENDS, next(seqs), arriving))
        if contacts.patience_us[arriving] >= 0 and start_us[arriving] < 0:
            heapq.heappush(agenda, (arrival_us + contacts.patience_us[arriving], _LEAVES, next(seqs), arriving))


def _arrivals_and_end(contacts: TraceContacts) -> Iterator[tuple[int, int]]:
    """Yield the place and time of every arrival, then (-1, later than anything)."""
    yield from enumerate(contacts.arrival_us)
    yield -1, 2**63
