"""The host of a random world: which step comes next, and when.

Which step it is depends on the model's present state. Steps in time go to the deadlines of timers, exactly or a
microsecond beside them, more often than anywhere else.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

from ccroute.commands import Command
from ccroute.types import TIME_US_MAX
from tests.choices import DAY_US, one_in, pick
from tests.edits import Edits
from tests.malformed import random_malformed
from tests.model import Model
from tests.requests import Requests
from tests.steps import Advance, Batch, Handle, Malformed, Restore, Step
from tests.worlds import World

LATEST_US: Final = TIME_US_MAX - 200 * DAY_US
"""As far as random steps go, so that every deadline is a time."""


class Host:
    """Asks an engine, through its model, whatever comes to mind."""

    def __init__(self, random: Random, world: World, model: Model) -> None:
        self.random = random
        self.world = world
        self.model = model

    def step(self) -> Step:
        """Make the next step, fit for what is going on."""
        chance = self.random.randrange(100)
        allow_jump = one_in(self.random, 4)
        if chance < 80:
            return Handle(self.command(), self.time(), allow_jump)
        if chance < 87:
            return Advance(self.time(), allow_jump)
        if chance < 92:
            return Malformed(self.malformed(), self.model.now)
        if chance < 96:
            return Restore()
        pairs = self.pairs(self.random.randrange(5))
        bad = self._spoil(pairs) if pairs and self.random.randrange(3) == 0 else None
        return Batch(tuple(pairs), bad, allow_jump)

    def command(self) -> Command:
        """Make a well-formed command; most can be carried out."""
        return Requests(self.random, self.world, self.model).command()

    def command_of_batch(self) -> Command:
        """Make a well-formed command that is none of configuration, as batches take none."""
        return Requests(self.random, self.world, self.model, configures=False).command()

    def pairs(self, count: int) -> list[tuple[Command, int]]:
        """Make commands for a batch; all fit the state before it."""
        return [(self.command_of_batch(), self.time(far=False)) for _ in range(count)]

    def malformed(self) -> Any:
        """Make something that no engine takes as a command."""
        if "live_configuration" in self.world.features and one_in(self.random, 3):
            bad = Edits(self.random, self.world, self.model.config).bad()
            if bad is not None:
                return bad
        return random_malformed(self.random)

    def _spoil(self, pairs: list[tuple[Command, int]]) -> int:
        index = self.random.randrange(len(pairs))
        pairs[index] = (self.malformed(), self.model.now)
        return index

    def time(self, far: bool = True) -> int:
        """Return the present or a time near it, the deadline of a timer or one beside it, a past one, or one far ahead.

        It goes far only without timers, as a contact that nobody answers is offered all the way.
        """
        now = self.model.now
        if far and one_in(self.random, 40) and not self.model.timers:
            return min(now + int(pick(self.random, (DAY_US, 10**12, 10**15))), LATEST_US)
        chance = self.random.randrange(40 if self.world.is_busy else 20)
        if chance < 9 or chance >= 20:
            return now
        if chance < 12:
            return now + 1 + self.random.randrange(3)
        if chance < 16:
            return max(0, self._deadline() + int(pick(self.random, (0, 0, 0, 1, -1))))
        if chance < 18:
            return max(0, now - 1 - self.random.randrange(4))
        return now + int(pick(self.random, (4, 7, 25)))

    def _deadline(self) -> int:
        """Return when a timer is due; rare kinds of timers are as likely as frequent ones."""
        due: dict[str, list[int]] = {}
        for timer in self.model.timers:
            if timer.due <= self.model.now + 1_000:
                due.setdefault(timer.name, []).append(timer.due)
        if not due:
            return self.model.now
        return int(pick(self.random, due[pick(self.random, list(due))]))
