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
BATCH: Final = 100
"""Commands in one call of ``handle_many``; with many more, events leave the processor's cache before they are read."""
_LIVES: Final = 30_000
_RUNS: Final = 5
_AGENTS: Final = 1_000
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
    """One call of ``handle_many`` per 100 commands."""


def run_engine(*, lives: int = _LIVES, runs: int = _RUNS, agents: int = _AGENTS) -> EngineResult:
    """Time ``lives`` lives through ``handle`` and as many through ``handle_many``, ``runs`` times in turn.

    :raises OutOfRange: ``lives`` or ``runs`` is below 1, there are too many lives, or too few or too many agents.
    :raises EngineBug: not every contact was closed, or not every event was told.
    """
    if not 1 <= lives <= LIVES_MAX:
        raise OutOfRange("lives", lives, f"from 1 to {LIVES_MAX}")
    if runs < 1:
        raise OutOfRange("runs", runs, "at least 1")
    if not AGENTS_MIN <= agents <= AGENTS_MAX:
        raise OutOfRange("agents", agents, f"from {AGENTS_MIN} to {AGENTS_MAX}")
    commands = life_commands(lives, agents)
    batches = in_batches(commands)
    one_by_one, many = [], []
    for _ in range(runs):
        one_by_one.append(lives / carry_out(open_engine(agents), lives, lambda engine: call_for_each(engine, commands)))
        many.append(lives / carry_out(open_engine(agents), lives, lambda engine: call_for_many(engine, batches)))
    return EngineResult(
        lives_per_cpu_second_handle=statistics.median(one_by_one),
        lives_per_cpu_second_handle_many=statistics.median(many),
    )


def floor_config(agents: int) -> Config:
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
            for at in range(agents)
        },
    )


def open_engine(agents: int) -> Engine:
    """Return an engine that has seen every requirement once, its agents available."""
    engine = Engine(floor_config(agents))
    for command, at_us in opening_commands(agents):
        engine.handle(command, at_us)
    return engine


def opening_commands(agents: int) -> Batch:
    """Return the commands after which an engine has seen every requirement once, its agents available."""
    commands: Batch = []
    for at, requires in enumerate(_REQUIRES):
        contact_id = f"first-{at}"
        enqueue = EnqueueContact(contact_id=contact_id, queue_id=_QUEUE, channel=_CHANNEL, requires=requires)
        commands += [(enqueue, 0), (CancelContact(contact_id=contact_id), 0)]
    commands += [(SetPresence(agent_id=f"agent-{at}", presence=Presence.AVAILABLE), 0) for at in range(agents)]
    return commands


def life_commands(lives: int, agents: int) -> Batch:
    """Return the commands of as many lives, in order of time; each contact finds an idle agent at once."""
    commands: Batch = []
    for at in range(lives):
        contact_id = f"contact-{at}"
        arrival_us = at * _AGENT_EVERY_US // agents
        enqueue = EnqueueContact(
            contact_id=contact_id, queue_id=_QUEUE, channel=_CHANNEL, requires=_REQUIRES[at % _SKILLS]
        )
        commands.append((enqueue, arrival_us))
        commands.append((AcceptOffer(offer_id=f"o{at + 1}"), arrival_us + _ANSWERED_AFTER_US))
        commands.append((CompleteContact(contact_id=contact_id), arrival_us + _ANSWERED_AFTER_US + _WORKED_US))
    commands.sort(key=lambda pair: pair[1])
    return commands


def in_batches(commands: Batch) -> list[Batch]:
    """Return commands as ``handle_many`` is to get them."""
    return [commands[at : at + BATCH] for at in range(0, len(commands), BATCH)]


def carry_out(engine: Engine, lives: int, call: Callable[[Engine], int]) -> float:
    """Return the CPU seconds that lives take through a new engine, which is then closed.

    :param call: hands the commands to the engine and returns how many events came.

    :raises EngineBug: contacts were not closed, or events were not told.
    """
    began_s = time.process_time()
    told = call(engine)
    told += len(engine.advance(engine.now_us + _WRAP_UP_US))
    cpu_s = time.process_time() - began_s
    closed = engine.counters().closed
    engine.close()
    if told != EVENTS_PER_LIFE * lives or closed != lives:
        raise EngineBug(f"{lives} lives gave {told} events and {closed} closed contacts")
    return cpu_s


def call_for_each(engine: Engine, commands: Batch) -> int:
    """Call ``handle`` for each command and return how many events came."""
    told = 0
    handle = engine.handle
    for command, at_us in commands:
        told += len(handle(command, at_us))
    return told


def call_for_many(engine: Engine, batches: list[Batch]) -> int:
    """Call ``handle_many`` for each batch and return how many events came."""
    told = 0
    for batch in batches:
        for events in engine.handle_many(batch):
            told += len(events)
    return told
