"""Engine and model side by side: whatever is done to both, both say the same, event by event."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.happenings import RARE, happenings
from tests.host import Host
from tests.random_world import focus_of, run_world
from tests.steps import Advance, Batch, Duel, Handle, Malformed, Restore, Step
from tests.worlds import World, worlds

RANDOMS = st.randoms(use_true_random=False)
WORLDS_COUNT = max(settings().max_examples, 100) * 5 // 2
"""Worlds of the plain random run, 150 steps each, beside those that hypothesis makes."""


class EngineAndModel(RuleBasedStateMachine):
    """Drives both with commands that fit, are stale, repeated or malformed, and with time going every way."""

    def __init__(self) -> None:
        super().__init__()
        self.duel: Duel
        self.world: World

    @initialize(world=worlds())
    def open_centre(self, world: World) -> None:
        note(f"{world}")
        self.world = world
        self.duel = Duel(world.config)

    def _host(self, random: Random) -> Host:
        return Host(random, self.world, self.duel.model)

    def _do(self, step: Step) -> None:
        note(f"{step}")
        self.duel.do(step)

    @rule(random=RANDOMS, allow_jump=st.booleans())
    def handle(self, random: Random, allow_jump: bool) -> None:
        host = self._host(random)
        self._do(Handle(host.command(), host.time(), allow_jump))

    @rule(random=RANDOMS)
    def handle_again(self, random: Random) -> None:
        self.handle(random, True)

    @rule(random=RANDOMS, count=st.integers(0, 5), allow_jump=st.booleans())
    def handle_many(self, random: Random, count: int, allow_jump: bool) -> None:
        self._do(Batch(tuple(self._host(random).pairs(count)), None, allow_jump))

    @rule(random=RANDOMS, count=st.integers(1, 4))
    def handle_many_with_one_bad(self, random: Random, count: int) -> None:
        host = self._host(random)
        pairs = host.pairs(count)
        bad = random.randrange(count)
        pairs[bad] = (host.malformed(), self.duel.model.now)
        self._do(Batch(tuple(pairs), bad))

    @rule(random=RANDOMS, allow_jump=st.booleans())
    def advance(self, random: Random, allow_jump: bool) -> None:
        self._do(Advance(self._host(random).time(), allow_jump))

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
        self._do(Malformed(self._host(random).malformed(), self.duel.model.now))


TestEngineAndModel = EngineAndModel.TestCase
TestEngineAndModel.settings = settings(max_examples=settings().max_examples * 2, stateful_step_count=40)


@pytest.fixture(scope="module")
def happened() -> Counter[str]:
    """Run the worlds of the plain random run and tell how often everything happened in them."""
    total: Counter[str] = Counter()
    for number in range(WORLDS_COUNT):
        run = run_world(0, number, 150, focus_of(number))
        repeat = f"python -m tests.random_world --seed 0 --world {number}"
        assert run.error is None, f"{repeat}: step {len(run.steps)}: {run.error!r}"
        total += run.happened
    return total


@pytest.mark.slow
def test_engine_and_model_agree_in_many_random_worlds(happened: Counter[str]) -> None:
    assert happened


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in happenings() if name not in RARE])
def test_everything_happened_in_the_random_worlds(happened: Counter[str], name: str) -> None:
    assert happened[name] > 0
