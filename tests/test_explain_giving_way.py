"""What would give way to a contact is told, and to whom a contact gave way last, and why; restoring forgets nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ccroute import Config, Engine, EnqueueContact, GaveWay, Presence, SetAside, SetPresence
from ccroute.commands import AcceptOffer, CancelContact, Command, PickContact
from ccroute.config import Agent, Channel, EngineSettings, Offer, Queue
from ccroute.types import OfferMode, Preempt, RescindReason, Victim

VOICE = {"voice": Channel(interrupts=["email"])}


def floor(queue: Queue, **agent: Any) -> Engine:
    """Return a floor of one queue with one agent, available."""
    config = Config(
        engine=EngineSettings(retain_us=10),
        queues={"q": queue},
        agents={"a": Agent(**({"queues": {"q": 1}} | agent))},
        channels=VOICE,
    )
    engine = Engine(config)
    tell(engine, SetPresence(agent_id="a", presence=Presence.AVAILABLE))
    return engine


def contact(contact_id: str, channel: str = "voice", **fields: Any) -> EnqueueContact:
    return EnqueueContact(contact_id=contact_id, queue_id="q", channel=channel, **fields)


def tell(engine: Engine, *commands: Command, at_us: int = 5) -> None:
    for command in commands:
        engine.handle(command, at_us)


def interrupted_work() -> Engine:
    engine = floor(Queue(offer=Offer(mode=OfferMode.AUTO)))
    tell(engine, contact("low", "email"), contact("high"))
    return engine


def interrupted_offer() -> Engine:
    engine = floor(Queue())
    tell(engine, contact("low", "email"), contact("high"))
    return engine


def preempted_offer() -> Engine:
    engine = floor(Queue(preempt=Preempt.OFFERS))
    tell(engine, contact("low"), contact("high", tier=1))
    return engine


def preempted_work(victim: Victim) -> Engine:
    engine = floor(Queue(offer=Offer(mode=OfferMode.AUTO), preempt=Preempt.WORK, victim=victim))
    tell(engine, contact("low", "chat", cost=100), contact("high", tier=1))
    return engine


def picked() -> Engine:
    engine = floor(Queue())
    tell(engine, contact("low"), contact("high"), PickContact(contact_id="high", agent_id="a"))
    return engine


CASES: dict[str, tuple[Callable[[], Engine], str, RescindReason, str]] = {
    "interrupted work": (
        interrupted_work,
        "contact.suspended",
        RescindReason.INTERRUPTED,
        "gave way to high at 5 µs: its work with a was suspended (interrupted)",
    ),
    "interrupted offer": (
        interrupted_offer,
        "offer.rescinded",
        RescindReason.INTERRUPTED,
        "gave way to high at 5 µs: its offer to a was taken back (interrupted)",
    ),
    "pre-empted offer": (
        preempted_offer,
        "offer.rescinded",
        RescindReason.PREEMPTED,
        "gave way to high at 5 µs: its offer to a was taken back (preempted)",
    ),
    "suspended work": (
        lambda: preempted_work(Victim.SUSPEND),
        "contact.suspended",
        RescindReason.PREEMPTED,
        "gave way to high at 5 µs: its work with a was suspended (preempted)",
    ),
    "requeued work": (
        lambda: preempted_work(Victim.REQUEUE),
        "leg.ended",
        RescindReason.PREEMPTED,
        "gave way to high at 5 µs: its work with a ended (preempted)",
    ),
    "picked": (
        picked,
        "offer.rescinded",
        RescindReason.PICKED,
        "gave way to high at 5 µs: its offer to a was taken back (picked)",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_who_gave_way_is_told_by_whom_and_why(case: str) -> None:
    make, event, reason, text = CASES[case]
    engine = make()
    expected = GaveWay(by_contact_id="high", agent_id="a", event=event, reason=reason, at_us=5)
    for one in (engine, Engine.restore(engine.snapshot())):
        told = one.explain("low")
        assert told is not None
        assert told.gave_way == expected
        assert text in str(told)
        winner = one.explain("high")
        assert winner is not None
        assert winner.gave_way is None


def test_the_last_time_counts_and_is_forgotten_with_the_contact() -> None:
    engine = interrupted_offer()
    tell(engine, AcceptOffer(offer_id="o2"), at_us=6)
    tell(engine, CancelContact(contact_id="high"), at_us=7)
    tell(engine, contact("other"), at_us=8)
    told = engine.explain("low")
    assert told is not None
    assert told.gave_way is not None
    assert (told.gave_way.by_contact_id, told.gave_way.at_us) == ("other", 8)
    before = len(engine.snapshot())
    tell(engine, CancelContact(contact_id="low"), at_us=9)
    engine.advance(100)
    assert engine.explain("low") is None
    assert b'gave_way":[]' in engine.snapshot()
    assert len(engine.snapshot()) < before


def test_what_would_be_set_aside_is_told() -> None:
    engine = floor(Queue(offer=Offer(mode=OfferMode.AUTO)))
    tell(engine, contact("m1", "email"), contact("m2", "email"))
    tell(engine, SetPresence(agent_id="a", presence=Presence.AWAY, next_=True))
    tell(engine, contact("c", cost=80))
    told = engine.explain("c")
    assert told is not None
    assert told.agents[0].sets_aside == [SetAside(contact_id="m2", offer_id=None)]
    assert "would give way: work on m2" in str(told)


def test_offers_that_would_be_set_aside_come_first() -> None:
    engine = floor(Queue(), offers_max=2)
    tell(engine, contact("m1", "email"), AcceptOffer(offer_id="o1"), contact("m2", "email"))
    tell(engine, SetPresence(agent_id="a", presence=Presence.AWAY, next_=True))
    tell(engine, contact("c"))
    told = engine.explain("c")
    assert told is not None
    expected = [SetAside(contact_id="m2", offer_id="o2"), SetAside(contact_id="m1", offer_id=None)]
    assert told.agents[0].sets_aside == expected
    assert "would give way: offer o2 of m2, work on m1" in str(told)


def test_nothing_is_set_aside_where_it_does_not_help() -> None:
    engine = floor(Queue(offer=Offer(mode=OfferMode.AUTO)))
    tell(engine, contact("m1", "email"), contact("c", cost=101))
    told = engine.explain("c")
    assert told is not None
    assert told.agents[0].sets_aside == []
    assert [one.rule for one in told.agents[0].obstacles] == ["capacity"]


def test_an_offer_tells_the_work_that_it_stands_on() -> None:
    engine = floor(Queue(preempt=Preempt.WORK, displaced_max=0))
    tell(engine, contact("low", "chat", cost=100), AcceptOffer(offer_id="o1"), contact("high", tier=1))
    told = engine.offer("o2")
    assert told is not None
    assert told.stands_on == "low"
    tell(engine, AcceptOffer(offer_id="o2"))
    status = engine.agent("a")
    assert status is not None
    assert [(leg.contact_id, leg.state, leg.channel) for leg in status.legs] == [
        ("low", "suspended", "chat"),
        ("high", "active", "voice"),
    ]
    assert status.taken == 100
    assert engine.contact("low").displaced_work == 1  # type: ignore[union-attr]
