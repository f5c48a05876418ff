"""The tools behind the comparisons: a planted fault is found and made small, and cases survive the file."""

from __future__ import annotations

from pathlib import Path
from random import Random

from ccroute.commands import Command
from ccroute.config.structs import Config
from ccroute.events import Event
from tests import recordings
from tests.host import Host
from tests.model import Model
from tests.shrinking import failure_of, shrink
from tests.steps import Advance, Duel, Handle, Step
from tests.worlds import random_world

WORLDS_MAX = 50


class Faulty(Model):
    """An engine look-alike that from its twentieth event on does not tell the last offer of a call."""

    @property
    def now_us(self) -> int:
        return self.now

    def agent(self, agent_id: str) -> None:
        return None

    def handle(self, command: Command, at_us: int, allow_jump: bool = True) -> list[Event]:
        events = super().handle(command, at_us, allow_jump)
        if self.seq >= 20 and events and events[-1].__struct_config__.tag == "offer.made":
            return events[:-1]
        return events


def faulty_duel(config: Config) -> Duel:
    return Duel(config, Faulty)


def steps_in(random: Random) -> tuple[Model, list[Step]]:
    world = random_world(random)
    model = Model(world.config)
    host = Host(random, world, model)
    steps: list[Step] = []
    for _ in range(60):
        at_us = host.time()
        if random.randrange(8):
            command = host.command()
            steps.append(Handle(command, at_us, True))
            model.handle(command, at_us, True)
        else:
            steps.append(Advance(at_us, True))
            model.advance(at_us, True)
    return model, steps


def test_planted_fault_is_found_and_made_small() -> None:
    for seed in range(WORLDS_MAX):
        model, steps = steps_in(Random(seed))
        if failure_of(model.config, steps, faulty_duel) is not None:
            break
    config, fewer = shrink(model.config, steps, faulty_duel)
    assert failure_of(config, fewer, faulty_duel) is not None
    assert len(fewer) < len(steps)
    for index in range(len(fewer)):
        assert failure_of(config, fewer[:index] + fewer[index + 1 :], faulty_duel) is None


def test_case_survives_the_file(tmp_path: Path) -> None:
    for seed in range(WORLDS_MAX):
        random = Random(seed)
        world = random_world(random)
        host = Host(random, world, Model(world.config))
        steps = [step for step in (host.step() for _ in range(40)) if _has_a_place(step)]
        path = tmp_path / "case.json"
        recordings.write(path, world.config, steps, [])
        assert recordings.read(path) == (world.config, steps, [])


def _has_a_place(step: Step) -> bool:
    return isinstance(step, Handle | Advance) or recordings.is_whole(step)
