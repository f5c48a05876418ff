"""The promises of the engine, each as a property; the numbers are those of the routing rules' last section."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccroute import Engine
from ccroute.commands import (
    AbandonContact,
    AcceptOffer,
    AssignContact,
    CancelContact,
    Command,
    CompleteContact,
    EndWrapUp,
    EnqueueContact,
    HoldContact,
    JoinConference,
    OpenQueue,
    ParkContact,
    PauseQueue,
    SetPresence,
    TransferContact,
)
from ccroute.config.structs import Agent, Channel, Config, EngineSettings, Offer, PlanStep, Queue
from ccroute.events import (
    AnyEvent,
    CommandRefused,
    ContactActive,
    ContactQueued,
    ContactResumed,
    ContactSuspended,
    Event,
    OfferMade,
)
from ccroute.types import LEGS_MAX, OfferMode, Preempt, Presence, RefusalReason
from tests.host import Host
from tests.steps import Advance, Batch, Duel, Handle, Malformed, Restore, Step, counters_of
from tests.worlds import random_world

ROOT = Path(__file__).parent.parent
RANDOMS = st.randoms(use_true_random=False)
STEPS_COUNT = 30
ENDS = ("closed", "abandoned", "cancelled", "expired")
FEW = settings(max_examples=max(10, settings().max_examples // 2))


def open_centre(random: Random, focus: Sequence[str] = ()) -> tuple[Duel, Host]:
    """Return an engine and its model in a random centre without a limit on jumps, and who asks things of them."""
    world = random_world(random, focus)
    config = world.config
    duel = Duel(msgspec.structs.replace(config, engine=msgspec.structs.replace(config.engine, jump_max_us=None)))
    return duel, Host(random, world, duel.model)


def walk(duel: Duel, host: Host, count: int = STEPS_COUNT) -> list[Handle | Advance]:
    """Take random steps, commands or steps of time, and return them; the ledger audits each."""
    steps: list[Handle | Advance] = []
    for _ in range(count):
        passes = host.random.randrange(6) == 5
        steps.append(Advance(host.time()) if passes else Handle(host.command(), host.time()))
        duel.do(steps[-1])
    return steps


def as_bytes(events: list[Event]) -> bytes:
    return msgspec.json.encode(events)


# ---- 1 determinism


@FEW
@given(RANDOMS)
def test_1_same_commands_give_same_bytes(random: Random) -> None:
    duel, host = open_centre(random)
    steps = walk(duel, host)
    again = Duel(duel.config)
    for step in steps:
        again.do(step)
    assert as_bytes(again.told) == as_bytes(duel.told)
    assert again.engine.snapshot() == duel.engine.snapshot()


@pytest.mark.slow
def test_1_no_process_and_no_hash_seed_changes_a_byte() -> None:
    digests = set()
    for hash_seed in ("0", "1", "4242"):
        command = [sys.executable, "-m", "tests.random_world", "--seed", "7", "--worlds", "25", "--digest"]
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout)
    assert len(digests) == 1


# ---- 2 polling


@FEW
@given(RANDOMS)
def test_2_polling_does_not_matter(random: Random) -> None:
    duel, host = open_centre(random)
    steps = walk(duel, host)
    polled = Duel(duel.config)
    for step in steps:
        at_us = step.at_us if isinstance(step, Handle) else step.to_us
        for _ in range(random.randrange(3)):
            if at_us > polled.model.now:
                polled.do(Advance(polled.model.now + random.randrange(at_us - polled.model.now + 1)))
        polled.do(step)
    assert as_bytes(polled.told) == as_bytes(duel.told)
    assert polled.engine.snapshot() == duel.engine.snapshot()


@FEW
@given(RANDOMS)
def test_2_going_from_timer_to_timer_gives_the_events_of_one_leap(random: Random) -> None:
    duel, host = open_centre(random)
    walk(duel, host)
    target = duel.engine.now_us + 100
    leaper = type(duel.engine).restore(duel.engine.snapshot())
    expected = leaper.advance(target)
    events: list[Event] = []
    while (due := duel.engine.next_at_us()) is not None and due <= target:
        fired = duel.engine.advance(due)
        assert all(event.at_us == due for event in fired)
        events += fired
    assert events + duel.engine.advance(target) == expected


def test_2_handle_of_a_callback_does_not_tell_how_often_the_engine_was_called() -> None:
    config = Config(
        engine=EngineSettings(retain_us=10),
        channels={"voice": Channel(), "callback": Channel()},
        queues={"q": Queue(plan=[PlanStep(after=50, callback=True)])},
    )
    told = []
    for calls in ([60], [9, 10, 49, 50, 60], [20, 60]):
        engine = Engine(config)
        for contact_id in ("gone", "kept"):
            engine.handle(EnqueueContact(contact_id=contact_id, queue_id="q", channel="voice"), 0)
        engine.handle(CancelContact(contact_id="gone"), 0)
        told.append([event for at_us in calls for event in engine.advance(at_us)])
        assert any(event.contact_id == "callback:2" for event in told[-1] if isinstance(event, ContactQueued))
    assert told[0] == told[1] == told[2]


# ---- 3 a call that raises


@FEW
@given(RANDOMS)
def test_3_a_call_that_raises_changes_nothing(random: Random) -> None:
    duel, host = open_centre(random)
    steps = walk(duel, host)
    disturbed = Duel(duel.config)
    for step in steps:
        far = disturbed.engine.now_us + 1_000_000
        disturbed.do(Malformed(host.malformed(), far))
        disturbed.do(step)
    assert as_bytes(disturbed.told) == as_bytes(duel.told)


# ---- 4 snapshots, 5 replay


@FEW
@given(RANDOMS)
def test_4_the_restored_behaves_as_the_original(random: Random) -> None:
    duel, host = open_centre(random)
    steps: list[Step] = [*walk(duel, host)]
    restored = Duel(duel.config)
    for index, step in enumerate(steps):
        restored.do(step)
        if index % 3 == 0:
            restored.do(Restore())
    assert as_bytes(restored.told) == as_bytes(duel.told)
    assert restored.engine.snapshot() == duel.engine.snapshot()


@FEW
@given(RANDOMS)
def test_5_replaying_the_recorded_commands_gives_the_recorded_events(random: Random) -> None:
    duel, host = open_centre(random)
    pairs: list[tuple[Command, int]] = []
    for _ in range(STEPS_COUNT):
        command, at_us = host.command_of_batch(), host.time()
        pairs.append((duel.translated(command), at_us))
        duel.do(Handle(command, at_us))
    told = [event for events in type(duel.engine)(duel.config).handle_many(pairs) for event in events]
    assert as_bytes(told) == as_bytes(duel.told)


# ---- 6 lives, 7 no pair left, 8 units, 9 seq and time, 11 and 12 order, 13 counters, 14 legs: a duel checks them from
# ---- the events alone after every call, 7 and 14 by the model as well


@FEW
@given(RANDOMS)
def test_6_every_contact_offer_and_leg_ends_exactly_once(random: Random) -> None:
    duel, host = open_centre(random)
    walk(duel, host)
    ledger = duel.ledger
    for contact_id in list(ledger.lives):
        duel.do(Handle(CancelContact(contact_id=contact_id), duel.engine.now_us))
    for life in list(ledger.wrapping_on):
        for agent_id in list(life.legs):
            duel.do(Handle(EndWrapUp(contact_id=life.id, agent_id=agent_id), duel.engine.now_us))
    assert not ledger.lives
    assert not ledger.wrapping_on
    assert all(ledger.offers_seen.values())
    assert not any(desk.offers or desk.legs for desk in ledger.desks.values())
    assert ledger.counts["created"] == sum(ledger.counts[end] for end in ENDS)


@FEW
@given(RANDOMS)
def test_13_counters_reconcile_with_the_events(random: Random) -> None:
    duel, host = open_centre(random)
    walk(duel, host)
    counters = counters_of(duel.engine)
    assert counters == duel.ledger.counters()
    ended = sum(counters[end] for end in ENDS)
    assert counters["created"] == ended + counters["inside"]


@FEW
@given(RANDOMS)
def test_events_hold_exactly_the_types_they_declare(random: Random) -> None:
    duel, host = open_centre(random)
    walk(duel, host)
    assert msgspec.json.decode(as_bytes(duel.told), type=list[AnyEvent]) == duel.told
    for event in duel.told:
        for name in event.__struct_fields__:
            value = getattr(event, name)
            read_back = getattr(msgspec.convert(msgspec.to_builtins(event), type(event)), name)
            assert type(value) is type(read_back), (name, value)


# ---- time


@pytest.mark.parametrize("count", [1, 2, 3])
def test_first_call_may_jump_with_every_command_it_has(count: int) -> None:
    duel = Duel(Config(engine=EngineSettings(jump_max_us=10), queues={"q": Queue()}))
    pairs: list[tuple[Command, int]] = [(PauseQueue(queue_id="q"), 1_000 * number) for number in range(1, count + 1)]
    duel.do(Batch(tuple(pairs)))
    assert duel.engine.now_us == 1_000 * count
    duel.do(Batch(((OpenQueue(queue_id="q"), duel.engine.now_us + 11),)))
    assert duel.engine.now_us == 1_000 * count


# ---- 10 bounds


def test_10_what_has_ended_leaves_nothing_behind() -> None:
    config = Config(
        engine=EngineSettings(contacts_max=50, command_ids_max=20, retain_us=100),
        queues={"q": Queue(offer=Offer(mode=OfferMode.AUTO), wrap_up_us=1)},
        agents={"a": Agent(queues={"q": 1})},
    )
    duel = Duel(config)
    engine = duel.engine
    engine.handle(SetPresence(agent_id="a", presence=Presence.AVAILABLE), 0)
    sizes = []
    for number in range(4_000):
        contact_id = f"contact-{number:06}"
        at_us = 10_000 + 10 * number
        text = f"agent.attributes.n >= {number % 37}" if number % 2 else None
        engine.handle(
            EnqueueContact(
                contact_id=contact_id, queue_id="q", channel="voice", requires=text, command_id=f"k{number:06}"
            ),
            at_us,
        )
        ending = AbandonContact(contact_id=contact_id) if number % 2 else CompleteContact(contact_id=contact_id)
        engine.handle(ending, at_us + 1)
        if number % 1_000 == 999:
            sizes.append(len(engine.snapshot()))
    assert max(sizes[1:]) - min(sizes[1:]) <= 64, sizes
    known = [number for number in range(4_000) if engine.contact(f"contact-{number:06}") is not None]
    assert len(known) <= 50


def test_10_a_full_house_refuses_and_takes_again_when_there_is_room() -> None:
    config = Config(engine=EngineSettings(contacts_max=5), queues={"q": Queue()}, agents={"a": Agent()})
    duel = Duel(config)
    for number in range(7):
        duel.do(Handle(EnqueueContact(contact_id=f"c{number}", queue_id="q", channel="voice"), 0))
    duel.do(Handle(AbandonContact(contact_id="c0"), 1))
    duel.do(Handle(EnqueueContact(contact_id="c6", queue_id="q", channel="voice"), 1))
    assert counters_of(duel.engine) == {"created": 6, "abandoned": 1, "inside": 5} | dict.fromkeys(
        ("closed", "cancelled", "expired"), 0
    )


def test_10_a_contact_has_no_more_than_its_legs() -> None:
    agents = {f"a{number}": Agent(queues={"q": 1}) for number in range(LEGS_MAX + 1)}
    duel = Duel(Config(queues={"q": Queue()}, agents=agents))
    for agent in agents:
        duel.do(Handle(SetPresence(agent_id=agent, presence=Presence.AVAILABLE), 0))
    duel.do(Handle(EnqueueContact(contact_id="c", queue_id="q", channel="voice"), 0))
    duel.do(Handle(AcceptOffer(offer_id="o1"), 0))
    for number in range(1, LEGS_MAX):
        duel.do(Handle(JoinConference(contact_id="c", agent_id="a0", to_agent=f"a{number}"), 0))
        duel.do(Handle(AcceptOffer(offer_id=f"o{number + 1}"), 0))
    assert len(duel.ledger.lives["c"].legs) == LEGS_MAX
    for command in (
        JoinConference(contact_id="c", agent_id="a0", to_agent=f"a{LEGS_MAX}"),
        JoinConference(contact_id="c", agent_id="a0", to_queue="q"),
        TransferContact(contact_id="c", agent_id="a0", to_queue="q"),
    ):
        (refused,) = duel.do(Handle(command, 0))
        assert isinstance(refused, CommandRefused)
        assert refused.reason is RefusalReason.LEGS_MAX


@FEW
@given(RANDOMS)
def test_10_with_time_frozen_accepting_everything_comes_to_rest(random: Random) -> None:
    duel, host = open_centre(random)
    walk(duel, host)
    accepts = 0
    while pending := [offer_id for desk in duel.ledger.desks.values() for offer_id in desk.offers]:
        duel.do(Handle(AcceptOffer(offer_id=pending[0]), duel.engine.now_us))
        accepts += 1
        assert accepts <= 4 * len(duel.ledger.lives) * len(duel.ledger.desks), "offers go round in circles"


@FEW
@given(RANDOMS)
def test_10_no_timer_is_armed_for_what_is_parked_or_over(random: Random) -> None:
    duel, host = open_centre(random)
    walk(duel, host)
    for life in list(duel.ledger.lives.values()):
        kind = CancelContact if life.state in ("parked", "scheduled") else ParkContact
        duel.do(Handle(kind(contact_id=life.id), duel.engine.now_us))
    spans = [queue.hours.spans for queue in duel.model.config.queues.values() if queue.hours is not None]
    armed = len(duel.model.timers) + sum(2 * len(span or []) for span in spans) + len(duel.model.agents)
    while (due := duel.engine.next_at_us()) is not None:
        duel.do(Advance(due))
        armed -= 1
        assert armed >= 0


# ---- 11 and 12 order of service, by plain examples beside the audits above


def _two_queues(**queue: Any) -> Config:
    return Config(
        queues={"q": Queue(offer=Offer(mode=OfferMode.AUTO), **queue)},
        agents={"a": Agent(queues={"q": 1})},
    )


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-5, 5)), min_size=1, max_size=12))
def test_11_one_class_is_served_by_credit_then_by_arrival(arrivals: list[tuple[int, int]]) -> None:
    duel = Duel(_two_queues())
    at_us, expected = 0, []
    for number, (gap, head_start_us) in enumerate(arrivals):
        at_us += gap
        contact_id = f"c{number}"
        expected.append((at_us - head_start_us, number, contact_id))
        command = EnqueueContact(contact_id=contact_id, queue_id="q", channel="voice", head_start_us=head_start_us)
        duel.do(Handle(command, at_us))
    assert served_by_one(duel, at_us) == [contact_id for _, _, contact_id in sorted(expected)]


@given(st.lists(st.integers(-2, 2), min_size=1, max_size=12))
def test_12_tier_goes_before_everything(tiers: list[int]) -> None:
    duel = Duel(_two_queues())
    for number, tier in enumerate(tiers):
        head_start_us = 1_000_000 if tier < 0 else 0
        duel.do(
            Handle(
                EnqueueContact(
                    contact_id=f"c{number}", queue_id="q", channel="voice", tier=tier, head_start_us=head_start_us
                ),
                number,
            )
        )
    order = served_by_one(duel, len(tiers))
    by_tier = sorted(range(len(tiers)), key=lambda number: (-tiers[number], number))
    assert order == [f"c{number}" for number in by_tier]


def served_by_one(duel: Duel, at_us: int) -> list[str]:
    """Let the one agent serve everybody, one after the other, and return in which order."""
    events = duel.do(Handle(SetPresence(agent_id="a", presence=Presence.AVAILABLE), at_us))
    order = []
    while active := [event.contact_id for event in events if isinstance(event, ContactActive)]:
        order += active
        at_us += 1
        events = duel.do(Handle(CompleteContact(contact_id=active[0]), at_us))
    return order


def test_12_picks_and_assignments_aside_a_higher_tier_takes_the_agent_first() -> None:
    config = Config(
        queues={"q": Queue(offer=Offer(mode=OfferMode.MANUAL)), "r": Queue(preempt=Preempt.OFFERS)},
        agents={"a": Agent(queues={"q": 1, "r": 1})},
    )
    duel = Duel(config)
    duel.do(Handle(EnqueueContact(contact_id="low", queue_id="q", channel="voice"), 0))
    duel.do(Handle(SetPresence(agent_id="a", presence=Presence.AVAILABLE), 0))
    duel.do(Handle(AssignContact(contact_id="low", agent_id="a"), 0))
    told = duel.do(Handle(EnqueueContact(contact_id="high", queue_id="r", channel="voice", tier=1), 0))
    assert [(event.contact_id, event.victim) for event in told if isinstance(event, OfferMade)] == [("high", "low")]


# ---- 14 legs


def test_14_a_suspended_leg_goes_on_as_soon_as_there_is_room() -> None:
    config = Config(
        channels={"voice": Channel(interrupts=["email"])},
        queues={"q": Queue(offer=Offer(mode=OfferMode.AUTO), wrap_up_us=5)},
        agents={"a": Agent(queues={"q": 1}, capacity=100)},
    )
    duel = Duel(config)
    duel.do(Handle(SetPresence(agent_id="a", presence=Presence.AVAILABLE), 0))
    duel.do(Handle(EnqueueContact(contact_id="mail", queue_id="q", channel="email"), 0))
    told = duel.do(Handle(EnqueueContact(contact_id="call", queue_id="q", channel="voice"), 1))
    assert [event.contact_id for event in told if isinstance(event, ContactSuspended)] == ["mail"]
    told = duel.do(Handle(CompleteContact(contact_id="call"), 2))
    assert not any(isinstance(event, ContactResumed) for event in told)
    told = duel.do(Advance(7))
    assert [event.contact_id for event in told if isinstance(event, ContactResumed)] == ["mail"]


def test_14_a_held_leg_keeps_its_units_and_its_place_on_the_channel() -> None:
    config = Config(queues={"q": Queue()}, agents={"a": Agent(queues={"q": 1}, offers_max=2)})
    duel = Duel(config)
    duel.do(Handle(SetPresence(agent_id="a", presence=Presence.AVAILABLE), 0))
    duel.do(Handle(EnqueueContact(contact_id="c", queue_id="q", channel="voice"), 0))
    duel.do(Handle(AcceptOffer(offer_id="o1"), 0))
    duel.do(Handle(HoldContact(contact_id="c", agent_id="a"), 0))
    waiting = duel.do(Handle(EnqueueContact(contact_id="d", queue_id="q", channel="voice"), 1))
    assert not any(isinstance(event, OfferMade) for event in waiting)
    done = duel.do(Handle(CompleteContact(contact_id="c"), 2))
    assert [event.contact_id for event in done if isinstance(event, OfferMade)] == ["d"]
