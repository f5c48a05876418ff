"""``bench engine``: whole lives of contacts through the engine, by string ids, all events built.

A life is three commands and a timer: a contact is enqueued and rings at the agent idle longest who has its skill, the
agent accepts, and later completes it, which begins a wrap-up that its timer ends: eight events in all. An agent answers
after 2 s, works for 20 s and wraps up for 5 s; contacts come so often that a third of the agents is busy.

Commands are built beforehand; offers are numbered as they are made, so their ids are known. Not timed are building the
commands, making the engine, signing the agents in and the first contact of each requirement, which sorts the agents by
it. Every event is built, and kept in the list that the call returned until the next call. The garbage collector stands
as Python starts it, as it does for a host. The figure is the median of a few runs, each through an engine of its own.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Final, final

import msgspec

from ccroute import (
    AcceptOffer,
    CancelContact,
    CompleteContact,
    Config,
    Engine,
    EnqueueContact,
    OfferMode,
    Presence,
    SetPresence,
)
from ccroute.commands import Command
from ccroute.config.structs import Agent, EngineSettings, Offer, Queue, Skill
from ccroute.errors import EngineBug, OutOfRange

LIVES_MAX: Final = 10_000_000
AGENTS_MIN: Final = 100
AGENTS_MAX: Final = 100_000
EVENTS_PER_LIFE: Final = 8
"""Queued, offer made, offer accepted, active, wrap-up started, wrap-up ended, leg ended, closed."""
BATCH: Final = 1_000
"""Commands in one call of ``handle_many``."""
_LIVES: Final = 30_000
_RUNS: Final = 5
_AGENTS: Final = 4_000
_SKILLS: Final = 20
_REQUIRES: Final = tuple(f"agent.skills.s{skill} >= 1" for skill in range(_SKILLS))
_QUEUE: Final = "support"
_CHANNEL: Final = "voice"
_US_PER_S: Final = 1_000_000
_AGENT_EVERY_US: Final = 80 * _US_PER_S
"""Time between two contacts of one agent: three times what a contact takes."""
_ANSWERED_AFTER_US: Final = 2 * _US_PER_S
_WORKED_US: Final = 20 * _US_PER_S
_WRAP_UP_US: Final = 5 * _US_PER_S
_RINGS_US: Final = 20 * _US_PER_S

Batch = list[tuple[Command, int]]


@final
class EngineResult(msgspec.Struct, frozen=True, kw_only=True):
    """How many lives of contacts the engine carries through in a second of CPU time."""

    lives_per_cpu_second_handle: float
    """One call of ``handle`` per command."""
    lives_per_cpu_second_handle_many: float
    """One call of ``handle_many`` per 1 000 commands."""


def run_engine(*, lives: int = _LIVES, runs: int = _RUNS) -> EngineResult:
    """Time ``lives`` lives through ``handle`` and as many through ``handle_many``, ``runs`` times in turn.

    :raises OutOfRange: ``lives`` or ``runs`` is below 1, or there are too many lives.
    :raises EngineBug: not every contact was closed, or not every event was told.
    """
    if not 1 <= lives <= LIVES_MAX:
        raise OutOfRange("lives", lives, f"from 1 to {LIVES_MAX}")
    if runs < 1:
        raise OutOfRange("runs", runs, "at least 1")
    commands = life_commands(lives)
    batches = [commands[at : at + BATCH] for at in range(0, len(commands), BATCH)]
    one_by_one, many = [], []
    for _ in range(runs):
        one_by_one.append(_timed(lives, lambda engine: _one_by_one(engine, commands)))
        many.append(_timed(lives, lambda engine: _in_batches(engine, batches)))
    return EngineResult(
        lives_per_cpu_second_handle=statistics.median(one_by_one),
        lives_per_cpu_second_handle_many=statistics.median(many),
    )


def floor_config() -> Config:
    """Return the contact centre: one queue, contacts that need one of 20 skills, agents that have two each."""
    return Config(
        engine=EngineSettings(),
        skills={f"s{skill}": Skill() for skill in range(_SKILLS)},
        queues={
            _QUEUE: Queue(
                members="all", wrap_up_us=_WRAP_UP_US, offer=Offer(mode=OfferMode.RING, offer_timeout_us=_RINGS_US)
            )
        },
        agents={
            f"agent-{at}": Agent(skills={f"s{at % _SKILLS}": 1, f"s{(at // _SKILLS + at + 1) % _SKILLS}": 1})
            for at in range(_AGENTS)
        },
    )


def open_engine() -> Engine:
    """Return an engine that has seen every requirement once, its agents available."""
    engine = Engine(floor_config())
    for at, requires in enumerate(_REQUIRES):
        contact_id = f"first-{at}"
        engine.handle(EnqueueContact(contact_id=contact_id, queue_id=_QUEUE, channel=_CHANNEL, requires=requires), 0)
        engine.handle(CancelContact(contact_id=contact_id), 0)
    for at in range(_AGENTS):
        engine.handle(SetPresence(agent_id=f"agent-{at}", presence=Presence.AVAILABLE), 0)
    return engine


def life_commands(lives: int) -> Batch:
    """Return the commands of as many lives, in order of time; each contact finds an idle agent at once."""
    commands: Batch = []
    for at in range(lives):
        contact_id = f"contact-{at}"
        arrival_us = at * _ARRIVAL_EVERY_US
        enqueue = EnqueueContact(
            contact_id=contact_id, queue_id=_QUEUE, channel=_CHANNEL, requires=_REQUIRES[at % _SKILLS]
        )
        commands.append((enqueue, arrival_us))
        commands.append((AcceptOffer(offer_id=f"o{at + 1}"), arrival_us + _ANSWERED_AFTER_US))
        commands.append((CompleteContact(contact_id=contact_id), arrival_us + _ANSWERED_AFTER_US + _WORKED_US))
    commands.sort(key=lambda pair: pair[1])
    return commands


def _timed(lives: int, carry_out: Callable[[Engine], int]) -> float:
    """Return lives by CPU-second through a new engine; ``carry_out`` returns how many events it was told."""
    engine = open_engine()
    began_s = time.process_time()
    told = carry_out(engine)
    told += len(engine.advance(engine.now_us + _WRAP_UP_US))
    cpu_s = time.process_time() - began_s
    closed = engine.counters().closed
    engine.close()
    if told != EVENTS_PER_LIFE * lives or closed != lives:
        raise EngineBug(f"{lives} lives gave {told} events and {closed} closed contacts")
    return lives / cpu_s


def _one_by_one(engine: Engine, commands: Batch) -> int:
    told = 0
    handle = engine.handle
    for command, at_us in commands:
        told += len(handle(command, at_us))
    return told


def _in_batches(engine: Engine, batches: list[Batch]) -> int:
    told = 0
    for batch in batches:
        for events in engine.handle_many(batch):
            told += len(events)
    return told
