"""A host in virtual time that writes down the commands it gives, so that the same ones can be timed without the host.

The engine is deterministic: a new one that is given the journal answers alike, command by command. So what is timed is
the engine alone, and it can be timed as often as wanted.
"""

from __future__ import annotations

import heapq
import time
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ccroute import Command, CommandRefused, Config, Engine, Event

Entry = tuple[Command, int]
"""A command and the time it is given at."""
Step = Callable[[int], None]
"""Something that happens at a moment."""


@dataclass(kw_only=True)
class Journal:
    """Commands in order, and how many events of which type they gave."""

    config: Config
    before: list[Entry] = field(default_factory=list)
    """What sets the stage, and is not timed."""
    begins_us: int = 0
    """When the timed part begins."""
    commands: list[Entry] = field(default_factory=list)
    """What is timed."""
    ends_us: int = 0
    """When the timed part ends."""
    events: Counter[str] = field(default_factory=Counter)
    """By name, of the timed commands."""
    refused: Counter[str] = field(default_factory=Counter)
    """By reason, likewise."""


class Recorder:
    """Gives commands to an engine as they become due, tells what happened to whom it concerns, and writes down all.

    :param listen: called with every event.
    """

    def __init__(self, config: Config, listen: Callable[[Event], None]) -> None:
        self.journal = Journal(config=config)
        self.engine = Engine(config)
        self.now_us = 0
        self._listen = listen
        self._is_timed = False
        self._agenda: list[tuple[int, int, Step]] = []
        self._steps = 0

    def begin(self) -> None:
        """From now on, commands are what is timed."""
        self._is_timed = True
        self.journal.begins_us = self.now_us

    def at(self, at_us: int, step: Step) -> None:
        """Have something happen at a moment; of several, in the order of these calls."""
        self._steps += 1
        heapq.heappush(self._agenda, (at_us, self._steps, step))

    def give(self, command: Command) -> None:
        """Give the engine a command now."""
        self.now_us = max(self.now_us, self.engine.now_us)
        (self.journal.commands if self._is_timed else self.journal.before).append((command, self.now_us))
        for event in self.engine.handle(command, self.now_us):
            self._note(event)

    def give_after(self, delay_us: int, command: Command) -> None:
        """Give the engine a command later."""
        self.at(self.now_us + delay_us, lambda _: self.give(command))

    def run(self, until_us: int) -> None:
        """Let everything happen that is due until then, timers of the engine among it."""
        while self._agenda and self._agenda[0][0] <= until_us:
            at_us, _, step = heapq.heappop(self._agenda)
            # Timers before it may change what is on the agenda: a step may find itself late.
            self._pass_timers(at_us)
            self.now_us = at_us
            step(at_us)
        self._pass_timers(until_us)
        self.now_us = self.journal.ends_us = until_us

    def _pass_timers(self, until_us: int) -> None:
        while (due_us := self.engine.next_at_us()) is not None and due_us <= until_us:
            self.now_us = due_us
            for event in self.engine.advance(due_us):
                self._note(event)

    def _note(self, event: Event) -> None:
        if self._is_timed:
            self.journal.events[type(event).__name__] += 1
            if isinstance(event, CommandRefused):
                self.journal.refused[event.reason] += 1
        self._listen(event)


def set_stage(journal: Journal) -> Engine:
    """Return a new engine to which everything before the timed commands was given."""
    engine = Engine(journal.config)
    for command, at_us in journal.before:
        engine.handle(command, at_us)
    engine.advance(journal.begins_us)
    return engine


def time_whole(journal: Journal) -> float:
    """Return the CPU seconds that the timed commands take through ``handle`` of a new engine, one by one."""
    engine = set_stage(journal)
    handle = engine.handle
    told = 0
    began_s = time.process_time()
    for command, at_us in journal.commands:
        told += len(handle(command, at_us))
    told += len(engine.advance(journal.ends_us))
    cpu_s = time.process_time() - began_s
    engine.close()
    assert told == sum(journal.events.values()), (told, journal.events)
    return cpu_s


def time_each(journal: Journal) -> array[int]:
    """Return the nanoseconds that each timed command takes, by the wall clock."""
    engine = set_stage(journal)
    handle = engine.handle
    clock = time.perf_counter_ns
    spans = array("q", bytes(8 * len(journal.commands)))
    for at, (command, at_us) in enumerate(journal.commands):
        began_ns = clock()
        handle(command, at_us)
        spans[at] = clock() - began_ns
    engine.close()
    return spans


def least(runs: Sequence[array[int]]) -> array[int]:
    """Return the least of several runs for each command: what it takes when nothing else disturbs it."""
    return array("q", map(min, zip(*runs, strict=True)))
