"""Engine and model side by side: whatever is done to both, both say the same, event by event."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ccroute.commands import Command
from ccroute.config.structs import Config
from tests.ledger import Ledger
from tests.random_world import run_world
from tests.steps import Advance, Batch, Duel, Handle, Malformed, Restore, Step
from tests.worlds import configs, random_command, random_malformed, random_time

RANDOMS = st.randoms(use_true_random=False)
WORLDS_COUNT = settings().max_examples * 3 // 2
"""Worlds of the plain random run, 150 steps each, beside those that hypothesis makes."""


class EngineAndModel(RuleBasedStateMachine):
    """Drives both with commands that fit, are stale, repeated or malformed, and with time going every way."""

    def __init__(self) -> None:
        super().__init__()
        self.duel: Duel
        self.ledger: Ledger

    @initialize(config=configs())
    def open_centre(self, config: Config) -> None:
        note(f"{config}")
        self.duel = Duel(config)
        self.ledger = Ledger(config)

    def _do(self, step: Step, command: Command | None = None) -> None:
        note(f"{step}")
        before = self.duel.model.command_number
        events = self.duel.do(step)
        if not isinstance(step, Batch) and (command is None or self.duel.model.command_number > before):
            self.ledger.read(events, command)

    @rule(random=RANDOMS, allow_jump=st.booleans())
    def handle(self, random: Random, allow_jump: bool) -> None:
        command = random_command(random, self.duel.model)
        self._do(Handle(command, random_time(random, self.duel.model), allow_jump), command)

    @rule(random=RANDOMS)
    def handle_again(self, random: Random) -> None:
        self.handle(random, True)

    @rule(random=RANDOMS, count=st.integers(0, 5), allow_jump=st.booleans())
    def handle_many(self, random: Random, count: int, allow_jump: bool) -> None:
        pairs = self._pairs(random, count)
        before = self.duel.model.command_number
        events = self.duel.do(Batch(tuple(pairs), None, allow_jump))
        note(f"{pairs}")
        if self.duel.model.command_number > before:
            self._read_batch([command for command, _ in pairs], events)

    def _read_batch(self, commands: list[Command], events: list[Any]) -> None:
        self.ledger.commands += commands
        self.ledger.read(events)

    def _pairs(self, random: Random, count: int) -> list[tuple[Command, int]]:
        model = self.duel.model
        return [(random_command(random, model), random_time(random, model, far=False)) for _ in range(count)]

    @rule(random=RANDOMS, count=st.integers(1, 4))
    def handle_many_with_one_bad(self, random: Random, count: int) -> None:
        pairs = self._pairs(random, count)
        bad = random.randrange(count)
        pairs[bad] = (random_malformed(random, self.duel.model), self.duel.model.now)
        self._do(Batch(tuple(pairs), bad))

    @rule(random=RANDOMS, allow_jump=st.booleans())
    def advance(self, random: Random, allow_jump: bool) -> None:
        self._do(Advance(random_time(random, self.duel.model), allow_jump))

    @rule(first=st.integers(0, 20), second=st.integers(0, 20))
    def advance_in_two_steps(self, first: int, second: int) -> None:
        now = self.duel.model.now
        in_one_step = type(self.duel.engine).restore(self.duel.engine.snapshot())
        expected = in_one_step.advance(now + first + second, allow_jump=True)
        before = len(self.duel.told)
        self._do(Advance(now + first, True))
        self._do(Advance(now + first + second, True))
        assert self.duel.told[before:] == expected

    @rule()
    def restore(self) -> None:
        self._do(Restore())

    @rule(random=RANDOMS)
    def malformed(self, random: Random) -> None:
        self._do(Malformed(random_malformed(random, self.duel.model), self.duel.model.now))

    @invariant()
    def nothing_is_left_to_do(self) -> None:
        if hasattr(self, "duel"):
            self.ledger.check_settled(self.duel.model.now)


TestEngineAndModel = EngineAndModel.TestCase
TestEngineAndModel.settings = settings(max_examples=settings().max_examples * 2, stateful_step_count=40)


def test_engine_and_model_agree_in_many_random_worlds() -> None:
    for world in range(WORLDS_COUNT):
        _, steps, error = run_world(0, world, 150)
        assert error is None, f"python -m tests.random_world --seed 0 --world {world}: step {len(steps)}: {error!r}"
