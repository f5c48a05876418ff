"""Enough classes and profiles that rows of the matrix are read by blocks: the choice is still the model's.

Past ``classes_max``, and after sweeps, what classes and profiles there are must change no event either.
"""

from __future__ import annotations

from collections.abc import Hashable
from random import Random

import msgspec
import pytest

from ccroute import Engine
from ccroute.commands import (
    AcceptOffer,
    CancelContact,
    ChangeChannel,
    ChangeContact,
    Command,
    CompleteContact,
    ContactPatch,
    EnqueueContact,
    SetPresence,
    TransferContact,
)
from ccroute.config.structs import Agent, AgentQueue, Config, EngineSettings, Offer, Queue
from ccroute.engine import classes
from ccroute.engine.building import build
from ccroute.engine.profiles import Look, Profiles
from ccroute.events import ContactActive, ContactClosed
from ccroute.types import OfferMode, Presence, Rule
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


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
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


# ---- classes past the limit, and classes of the past


QUEUES = ("sum", "score", "many")


def mixed_config(random: Random, classes_max: int) -> Config:
    """Make a floor whose queues choose by what classes know of agents, with backup agents that come in later."""
    broadcast = Offer(mode=OfferMode.BROADCAST, k=3, offers_min=2, offer_timeout_us=7)
    return Config(
        engine=EngineSettings(classes_max=classes_max),
        queues={
            "sum": Queue(offer=Offer(mode=OfferMode.AUTO), select="most_skilled", requires="agent.skills.x >= 1"),
            "score": Queue(offer=Offer(offer_timeout_us=5), select="best_score", score="agent.skills.x"),
            "many": Queue(offer=broadcast, cooldown_us=3),
        },
        agents={
            f"a{at}": Agent(
                skills={"x": random.randint(1, 100), "y": random.randint(1, 100)},
                queues={
                    queue: AgentQueue(rank=random.choice((1, 2)), after_us=random.choice((0, 0, 4, 9)))
                    for queue in QUEUES
                },
                capacity=200,
            )
            for at in range(9)
        },
    )


def mixed_life(random: Random, count: int) -> list[tuple[Command, int]]:
    """Make contacts of ever other requirements come, change, be served and go."""
    pairs: list[tuple[Command, int]] = [
        (SetPresence(agent_id=f"a{at}", presence=Presence.AVAILABLE), 0) for at in range(9)
    ]
    now_us = newest = 0
    for number in range(count):
        now_us += random.choice((0, 1, 2, 3))
        about = f"c{random.randint(max(0, newest - 12), newest)}"
        match random.randrange(10):
            case 0:
                command: Command = CompleteContact(contact_id=about)
            case 1 | 6 | 7:
                command = CancelContact(contact_id=about)
            case 2:
                patch = ContactPatch(requires=random_requirement(random), queue_id=random.choice(QUEUES))
                command = ChangeContact(contact_id=about, patch=patch)
            case 3:
                command = ChangeChannel(contact_id=about, channel=random.choice(("voice", "chat")), or_requeue=True)
            case 4:
                agent_id = f"a{random.randrange(9)}"
                command = TransferContact(contact_id=about, agent_id=agent_id, to_queue=random.choice(("sum", "many")))
            case 5:
                command = AcceptOffer(offer_id=f"o{random.randint(1, number + 1)}")
            case _:
                newest += 1
                command = EnqueueContact(
                    contact_id=f"c{newest}",
                    queue_id=random.choice(QUEUES),
                    channel=random.choice(("voice", "chat")),
                    requires=random_requirement(random),
                    attributes={"n": random.randrange(3)},
                    tier=random.choice((None, 1)),
                )
        pairs.append((command, now_us))
    return pairs


def random_requirement(random: Random) -> str | None:
    level = random.randrange(100)
    return random.choice(
        (
            f"agent.skills.x >= {level}",
            f"agent.skills.y < {level} || agent.skills.x > 50",
            f"agent.skills.x > contact.attributes.n + {level // 2}",
            f"agent.attributes.none == {level}" if level < 5 else None,
        )
    )


def told(config: Config, pairs: list[tuple[Command, int]], every: int = 10_000) -> list[bytes]:
    """Return the events of each command, from an engine that is restored from its snapshot every so often."""
    engine = Engine(config)
    events = []
    for number, (command, at_us) in enumerate(pairs):
        events.append(msgspec.json.encode(engine.handle(command, at_us)))
        if number % every == every - 1:
            snapshot = engine.snapshot()
            engine = Engine.restore(snapshot)
            assert engine.snapshot() == snapshot
    return events


@pytest.mark.parametrize("classes_max", [1, 2, 5])
@pytest.mark.parametrize("seed", range(4))
def test_past_the_limit_of_classes_everything_goes_on_as_below_it(seed: int, classes_max: int) -> None:
    pairs = mixed_life(Random(seed), 300)
    expected = told(mixed_config(Random(seed), 16_384), pairs)
    assert told(mixed_config(Random(seed), classes_max), pairs, every=40) == expected
    assert any(b"offer.made" in events for events in expected)
    assert not any(b"classes_max" in events for events in expected)


@pytest.mark.parametrize("seed", range(4))
def test_sweeps_of_classes_and_profiles_change_no_event(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = mixed_life(Random(seed), 400)
    expected = told(mixed_config(Random(seed), 16_384), pairs)
    rebuilt: list[int] = []
    rebuild = Profiles.rebuild

    def counted(profiles: Profiles, looks: dict[Hashable, Look]) -> None:
        rebuilt.append(len(looks))
        rebuild(profiles, looks)

    monkeypatch.setattr(classes, "SWEEP_FIRST", 0)
    monkeypatch.setattr(Profiles, "rebuild", counted)
    assert told(mixed_config(Random(seed), 16_384), pairs) == expected
    assert len(rebuilt) > 1


def test_classes_and_profiles_that_nobody_asks_for_are_freed() -> None:
    names = build(mixed_config(Random(1), 16_384))
    held = [names.acd.totals()]
    for number in range(3_000):
        requires = f"agent.skills.x >= {number % 100} && agent.skills.y != {number}"
        names.classes.slot_for(number % 3, 0, -1, requires, None, {})
        if number % 1_000 == 999:
            held.append(names.acd.totals())
    # A class here is three in the core, and three companions in the queue that needs several agents.
    assert max(totals["classes"] for totals in held) <= 6 * 3 * 64
    assert max(totals["profiles"] for totals in held) <= 9 + 3 * 64


def test_a_class_that_is_asked_for_again_and_again_stays() -> None:
    names = build(mixed_config(Random(1), 16_384))
    slots = set()
    for number in range(500):
        slots.add(names.classes.slot_for(0, 0, -1, "agent.skills.x >= 7", None, {}))
        names.classes.slot_for(0, 0, -1, f"agent.skills.x != {number}", None, {})
    assert len(slots) == 1


def test_a_contact_past_the_limit_is_explained_by_its_own_requirement() -> None:
    engine = Engine(mixed_config(Random(3), 1))
    for number, level in enumerate((1, 101, 102)):
        requires = f"agent.skills.y >= {level}"
        engine.handle(EnqueueContact(contact_id=f"c{number}", queue_id="sum", channel="voice", requires=requires), 0)
    for verdict in engine.explain("c2").agents:
        texts = [one.text for one in verdict.obstacles if one.rule is Rule.REQUIREMENT]
        assert len(texts) == 1
        assert "lacks agent.skills.y >= 102" in texts[0]
