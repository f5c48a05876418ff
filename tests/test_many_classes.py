"""Enough classes and profiles that rows of the matrix are read by blocks: the choice is still the model's."""

from __future__ import annotations

from random import Random

import pytest

from ccroute.commands import CompleteContact, EnqueueContact, SetPresence
from ccroute.config.structs import Agent, Config, Offer, Queue
from ccroute.events import ContactActive, ContactClosed
from ccroute.types import OfferMode, Presence
from tests.steps import Duel, Handle, Restore

AGENTS = 36
LEVELS = 90
"""Thresholds of requirements: as many classes per queue, two blocks of 64 and more in all."""


def config_of(random: Random) -> Config:
    """Make a floor on which nearly everybody serves most classes, at two ranks and two slopes."""
    offer = Offer(mode=OfferMode.AUTO)
    return Config(
        queues={"near": Queue(offer=offer), "far": Queue(offer=offer, ageing=random.choice((500, 1_000, 2_000)))},
        agents={
            f"a{at}": Agent(
                skills={"level": random.randint(60, 100)},
                queues={"near": random.choice((1, 1, 1, 2)), "far": random.choice((1, 2))},
            )
            for at in range(AGENTS)
        },
    )


@pytest.mark.parametrize("seed", range(6))
def test_rows_read_by_blocks_decide_as_the_model_does(seed: int) -> None:
    random = Random(seed)
    duel = Duel(config_of(random))
    now_us = 0
    working: list[str] = []
    away = [f"a{at}" for at in range(AGENTS)]
    for number in range(220):
        now_us += random.choice((0, 1, 3))
        if number % 4 == 3 and away:
            duel.do(Handle(command=SetPresence(agent_id=away.pop(), presence=Presence.AVAILABLE), at_us=now_us))
        elif number % 4 == 2 and working:
            done = working.pop(random.randrange(len(working)))
            duel.do(Handle(command=CompleteContact(contact_id=done), at_us=now_us))
        else:
            enqueue = EnqueueContact(
                contact_id=f"c{number}",
                queue_id=random.choice(("near", "far")),
                channel="voice",
                requires=f"agent.skills.level >= {random.randrange(LEVELS)}",
                tier=int(random.randrange(8) == 0),
                head_start_us=random.choice((None, None, 5)),
            )
            duel.do(Handle(command=enqueue, at_us=now_us))
        ended = {event.contact_id for event in duel.told if isinstance(event, ContactClosed)}
        begun = [event.contact_id for event in duel.told if isinstance(event, ContactActive)]
        working = [contact_id for contact_id in begun if contact_id not in ended]
    duel.do(Restore())
    assert len(working) > 10
