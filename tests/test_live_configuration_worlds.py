"""Random worlds whose configuration changes while contacts wait and agents work, against floors built anew."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from ccroute import Engine
from ccroute.commands import CompleteContact, Configure, PutQueue, SetPresence
from ccroute.errors import ConfigError, InvalidArgument
from ccroute.events import CommandRefused, Configured, ContactActive, OfferMade
from ccroute.types import Presence
from tests.changing_centers import World


@pytest.mark.parametrize("seed", range(40))
def test_a_floor_changed_in_place_behaves_as_one_built_anew(seed: int) -> None:
    random = Random(seed)
    world = World(random)
    engine = Engine(world.config)
    twin: Engine | None = None
    now_us = 0
    for _ in range(90):
        now_us += random.choice((0, 1, 5, 12))
        is_change = random.random() < 0.25
        command = world.change() if is_change else world.ordinary()
        try:
            events = engine.handle(command, now_us)
        except (ConfigError, InvalidArgument) as error:
            if twin is not None:
                with pytest.raises(type(error)):
                    twin.handle(command, now_us)
            continue
        if twin is not None:
            assert twin.handle(command, now_us) == events
        world.note(events)
        if any(isinstance(event, Configured) for event in events):
            if not isinstance(events[-1], CommandRefused):
                world.take(command, engine)
            twin = Engine.restore(engine.snapshot())
        if twin is not None:
            assert twin.snapshot() == engine.snapshot()


@pytest.mark.parametrize("seed", range(40))
def test_contacts_that_waited_through_changes_are_served_as_on_a_new_floor(seed: int) -> None:
    random = Random(seed)
    world = World(random, excludes=False)
    engine = Engine(world.config)
    came: list[tuple[Any, int]] = []
    now_us = 0
    for _ in range(60):
        now_us += random.choice((0, 1, 5))
        command: Any = world.enqueue() if random.random() < 0.6 else world.change()
        try:
            events = engine.handle(command, now_us)
        except (ConfigError, InvalidArgument):
            continue
        if any(isinstance(event, Configured) for event in events):
            world.take(command, engine)
        elif not isinstance(events[-1], CommandRefused):
            came.append((command, now_us))
    # Who was told to be overdue stays so, and draining queues take nobody: neither is looked at here.
    queues = {id_: replace(queue, overdue_after_us=None, draining=False) for id_, queue in world.config.queues.items()}
    agents = {id_: replace(agent, draining=False) for id_, agent in world.config.agents.items()}
    last = replace(world.config, queues=queues, agents=agents)
    assert isinstance(engine.handle(Configure(config=last), now_us)[0], Configured)
    if any(contact.overdue for contact in engine.contacts(limit=1_000)):
        return
    fresh = Engine(last)
    for command, at_us in came:
        fresh.handle(command, at_us)
    assert _served(engine, last, now_us) == _served(fresh, last, now_us)


def _served(engine: Engine, config: Any, now_us: int) -> list[tuple[object, ...]]:
    """Have everybody come to work, and finish what they get; return who got what."""
    told: list[tuple[object, ...]] = []
    waiting: list[Any] = []
    for round_ in range(60):
        now_us += 3
        if round_ < len(config.agents):
            agent = list(config.agents)[round_]
            waiting += engine.handle(SetPresence(agent_id=agent, presence=Presence.AVAILABLE), now_us)
        while waiting:
            event = waiting.pop(0)
            if isinstance(event, OfferMade):
                told.append(("offer", event.contact_id, event.agent_id, event.rank, event.cost, event.at_us))
            if isinstance(event, ContactActive):
                told.append(("active", event.contact_id, event.agent_id, event.at_us))
                waiting += engine.handle(CompleteContact(contact_id=event.contact_id, agent_id=event.agent_id), now_us)
        waiting += engine.advance(now_us + 2)
    told += [("left", one.contact_id, one.queue_id, one.tier, one.place_at_us) for one in engine.contacts(limit=1_000)]
    return told


def test_the_worlds_reach_what_they_are_for() -> None:
    """Changes are carried out in them, most of all those of queues in which contacts wait."""
    changed = 0
    for seed in range(10):
        random = Random(seed)
        world = World(random)
        engine = Engine(world.config)
        for at_us in range(40):
            command = world.change() if at_us % 3 == 2 else world.enqueue()
            try:
                events = engine.handle(command, at_us)
            except (ConfigError, InvalidArgument):
                continue
            if isinstance(events[0], Configured):
                world.take(command, engine)
                changed += isinstance(command, PutQueue)
    assert changed > 20
