"""``bench engine``: whole lives of contacts through the engine, by string ids, all events built.

A life is three commands and a timer: a contact is enqueued and rings at the agent idle longest who has its skill, the
agent accepts, and later completes it, which begins a wrap-up that its timer ends: eight events in all. Contacts come 20 ms
apart, an agent answers after 2 s and works for 20 s, and wraps up for 5 s, so a third of the agents is busy.

Commands are built beforehand; offers are numbered as they are made, so their ids are known. Making the engine and
signing the agents in is not timed, nor is building commands; every event is built and kept in the list that the call
returned until the next call. The garbage collector stands as Python starts it, as it does for a host. The figure is
the median of a few runs, each through an engine of its own.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from typing import Final, final

import msgspec

from ccroute import (
    AcceptOffer,
    CompleteContact,
    Config,
    ContactClosed,
    Engine,
    EnqueueContact,
    Event,
    OfferMade,
    OfferMode,
    Presence,
    SetPresence,
)
from ccroute.commands import Command
from ccroute.config.structs import Agent, EngineSettings, Offer, Queue, Skill
from ccroute.errors import EngineBug, OutOfRange

LIVES_MAX: Final = 10_000_000
EVENTS_PER_LIFE: Final = 8
"""Queued, offer made, offer accepted, active, wrap-up started, wrap-up ended, leg ended, closed."""
BATCH: Final = 1_000
"""Commands in one call of ``handle_many``."""
_LIVES: Final = 30_000
_RUNS: Final = 5
_AGENTS: Final = 4_000
_SKILLS: Final = 20
_QUEUE: Final = "support"
_CHANNEL: Final = "voice"
_MS: Final = 1_000
_ARRIVAL_EVERY_US: Final = 20 * _MS
_ANSWERED_AFTER_US: Final = 2_000 * _MS
_WORKED_US: Final = 20_000 * _MS
_WRAP_UP_US: Final = 5_000 * _MS
_RINGS_US: Final = 20_000 * _MS

Batch = list[tuple[Command, int]]
