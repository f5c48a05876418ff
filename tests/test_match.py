"""Who could serve a contact that is not there: in order of readiness, then as the decision would choose."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccroute import (
    AgentMatch,
    Config,
    Engine,
    EnqueueContact,
    InvalidId,
    OutOfRange,
    Presence,
    Readiness,
    RequirementError,
    SetAside,
    SetPresence,
    UnknownName,
    WrongType,
)
from ccroute.config import Agent, AgentChannel, AgentQueue, Channel, Offer, Queue
from ccroute.types import ClosedAction, OfferMode, Rule
from tests.host import Host
from tests.model.state import Contact
from tests.steps import Duel
from tests.test_promises import open_centre, walk

BY_CONTACT: Final = {Rule.COOLDOWN, Rule.LEG, Rule.DIRECT}
"""Rules that only a contact which is there can break."""

CENTRE: Final = Config(
    channels={"voice": Channel(interrupts=["email"])},
    queues={"q": Queue(requires="agent.skills.s >= 10", select=["skill_sum"], offer=Offer(mode=OfferMode.AUTO))},
    agents={
        "free": Agent(skills={"s": 40, "t": 5}, queues={"q": 1}),
        "best": Agent(skills={"s": 90}, queues={"q": 1}),
        "backup": Agent(skills={"s": 99}, queues={"q": 2}),
        "late": Agent(skills={"s": 50}, queues={"q": AgentQueue(rank=1, after_us=30)}),
        "busy": Agent(skills={"s": 60}, queues={"q": 1}, channels={"voice": AgentChannel(max=1)}, capacity=150),
        "away": Agent(skills={"s": 70}, queues={"q": 1}),
        "small": Agent(skills={"s": 80}, queues={"q": 1}, capacity=50),
        "poor": Agent(skills={"s": 5}, queues={"q": 1}),
        "other": Agent(skills={"s": 80}),
    },
)


def centre() -> Engine:
    """Return an engine with an agent of each kind; ``busy`` has a call."""
    engine = Engine(CENTRE)
    engine.handle(SetPresence(agent_id="busy", presence=Presence.AVAILABLE), 1)
    engine.handle(EnqueueContact(contact_id="c", queue_id="q", channel="voice"), 1)
    for at_us, agent_id in enumerate(("late", "free", "best", "backup", "small", "poor", "other"), start=2):
        engine.handle(SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE), at_us)
    engine.handle(SetPresence(agent_id="away", presence=Presence.AWAY, label="lunch"), 10)
    return engine


def told(answers: list[AgentMatch]) -> list[tuple[str, str]]:
    return [(one.agent_id, one.readiness.value) for one in answers]


def test_agents_come_in_order_of_readiness_then_as_the_queue_chooses() -> None:
    engine = centre()
    before = engine.snapshot()
    assert told(engine.match(None, "q", "voice")) == [
        ("best", "now"),
        ("free", "now"),
        ("backup", "now"),
        ("late", "after"),
        ("busy", "free"),
        ("away", "online"),
        ("small", "never"),
        ("poor", "never"),
        ("other", "never"),
    ]
    assert engine.snapshot() == before


def test_an_answer_tells_rank_levels_cost_and_every_rule_in_the_way() -> None:
    answers = {one.agent_id: one for one in centre().match("agent.skills.t > 0", "q", "voice")}
    free = answers["free"]
    assert (free.rank, free.after_us, free.cost, free.level_sum) == (1, 0, 100, 45)
    assert free.levels == {"s": 40, "t": 5}
    assert str(free) == "free: now, rank 1"
    assert str(answers["best"]) == "best: never, rank 1: lacks agent.skills.t > 0 (t is 0)"
    assert (answers["late"].rank, answers["late"].after_us) == (1, 30)
    assert (answers["other"].rank, answers["other"].after_us) == (None, None)
    assert [one.rule for one in answers["other"].obstacles] == ["membership", "requirement"]
    assert [one.rule for one in answers["busy"].obstacles] == ["requirement", "channel_max", "capacity"]
    assert "away: never, rank 1: is away (lunch); lacks" in str(answers["away"])


def test_what_the_contact_brings_counts() -> None:
    engine = centre()
    assert told(engine.match(None, "q", "voice", in_queue_us=30, readiness=Readiness.NOW, excluded=["best"])) == [
        ("late", "now"),
        ("free", "now"),
        ("backup", "now"),
    ]
    assert ("small", "now") in told(engine.match(None, "q", "voice", cost=50))
    requirement = "agent.skills.s >= contact.attributes.least"
    wanted = engine.match(requirement, "q", "voice", attributes={"least": 90}, readiness=Readiness.NOW)
    assert [one.agent_id for one in wanted] == ["best", "backup"]


def test_given_scores_choose_where_the_queue_says_so() -> None:
    agents = {name: Agent(queues={"q": 1}) for name in ("a", "b", "c")}
    engine = Engine(Config(queues={"q": Queue(select="best_score")}, agents=agents))
    answers = engine.match(None, "q", "voice", scores={"b": 7, "c": 9, "ghost": 1})
    assert [one.agent_id for one in answers] == ["c", "b", "a"]


def test_what_would_give_way_is_told_and_comes_behind() -> None:
    config = Config(
        channels={"voice": Channel(interrupts=["email"])},
        queues={"q": Queue(offer=Offer(mode=OfferMode.AUTO))},
        agents={name: Agent(queues={"q": 1}) for name in ("a", "b")},
    )
    engine = Engine(config)
    engine.handle(SetPresence(agent_id="a", presence=Presence.AVAILABLE), 1)
    engine.handle(EnqueueContact(contact_id="mail", queue_id="q", channel="email"), 1)
    engine.handle(SetPresence(agent_id="b", presence=Presence.AVAILABLE), 9)
    first, second = engine.match(None, "q", "voice")
    assert (first.agent_id, second.agent_id, second.readiness) == ("b", "a", Readiness.NOW)
    assert second.sets_aside == [SetAside(contact_id="mail", offer_id=None)]
    assert str(second) == "a: now, rank 1: would give way: work on mail"
    assert [one.sets_aside for one in engine.match(None, "q", "voice", tier=-1)] == [[], []]


def test_pages_follow_each_other() -> None:
    engine = centre()
    whole = engine.match(None, "q", "voice")
    assert list(pages(engine, 2)) == whole
    assert engine.match(None, "q", "voice", after="other") == []
    now = engine.match(None, "q", "voice", readiness=Readiness.NOW, after="busy")
    assert now == []


def pages(engine: Engine, limit: int) -> Iterator[AgentMatch]:
    page = engine.match(None, "q", "voice", limit=limit)
    while page:
        yield from page
        page = engine.match(None, "q", "voice", limit=limit, after=page[-1].agent_id)


@pytest.mark.parametrize(
    ("given_arguments", "error", "argument"),
    [
        ({"requirement": 1}, WrongType, "requirement"),
        ({"requirement": "agent.skills."}, RequirementError, "requirement"),
        ({"requirement": "agent.skills.nobody > 1"}, UnknownName, "requirement"),
        ({"queue_id": "x"}, UnknownName, "queue_id"),
        ({"queue_id": None}, WrongType, "queue_id"),
        ({"channel": "x"}, UnknownName, "channel"),
        ({"tier": 2**31}, OutOfRange, "tier"),
        ({"cost": 1.5}, WrongType, "cost"),
        ({"attributes": []}, WrongType, "attributes"),
        ({"attributes": {"n": None}}, WrongType, "attributes[n]"),
        ({"excluded": ["free"] * 17}, OutOfRange, "excluded"),
        ({"excluded": "free"}, WrongType, "excluded"),
        ({"excluded": [""]}, InvalidId, "excluded[0]"),
        ({"scores": {"free": "1"}}, WrongType, "scores[free]"),
        ({"in_queue_us": True}, WrongType, "in_queue_us"),
        ({"in_queue_us": -1}, OutOfRange, "in_queue_us"),
        ({"readiness": "now"}, WrongType, "readiness"),
        ({"after": "x"}, UnknownName, "after"),
        ({"after": 1.0}, WrongType, "after"),
        ({"limit": 0}, OutOfRange, "limit"),
        ({"limit": 10_001}, OutOfRange, "limit"),
        ({"limit": "1"}, WrongType, "limit"),
    ],
)
def test_wrong_arguments_raise(given_arguments: dict[str, Any], error: type[Exception], argument: str) -> None:
    engine = centre()
    arguments: dict[str, Any] = {"requirement": None, "queue_id": "q", "channel": "voice"} | given_arguments
    with pytest.raises(error) as raised:
        engine.match(**arguments)
    assert raised.value.argument == argument  # type: ignore[attr-defined]
    engine.handle(SetPresence(agent_id="free", presence=Presence.AVAILABLE), 20)


# ---- in random centres


@given(st.randoms(use_true_random=False))
def test_a_contact_like_one_that_waits_meets_the_same_rules_in_the_order_of_the_oracle(random: Random) -> None:
    duel, host = open_centre(random, ("live_configuration",) if random.randrange(2) else ())
    walk(duel, host)
    for contact in duel.model.contacts:
        if is_like_new(contact):
            check_match(duel, host, contact)


def is_like_new(contact: Contact) -> bool:
    """Tell whether a contact waits as one would that was enqueued as it is now."""
    is_free = contact.direct is None and not contact.offers and not contact.legs
    return contact.waits() and is_free and contact.phase is None and contact.course.requires is None


def check_match(duel: Duel, _host: Host, contact: Contact) -> None:
    """Compare what is told of a contact that waits with what is told of one like it."""
    explained = duel.engine.explain(contact.id)
    if explained is None or not explained.agents:
        return  # another contact has its id by now
    assert contact.queue is not None, "who waits is in a queue"
    queue = duel.model.config.queues[contact.queue]
    if queue.draining or (queue.hours is not None and queue.hours.closed is not ClosedAction.WAIT):
        return  # it waits there, but one that came now might not
    given_terms = contact.given
    answers = duel.engine.match(
        given_terms.requires,
        contact.queue,
        contact.channel,
        tier=given_terms.tier,
        cost=given_terms.cost,
        attributes=given_terms.attributes,
        excluded=given_terms.excluded,
        scores=given_terms.scores,
        in_queue_us=duel.model.now - contact.queued_since,
    )
    assert {one.agent_id: {obstacle.rule for obstacle in one.obstacles} for one in answers} == {
        verdict.agent_id: {obstacle.rule for obstacle in verdict.obstacles} - BY_CONTACT for verdict in explained.agents
    }
    for readiness in Readiness:
        members = [one.agent_id for one in answers if one.readiness is readiness and one.rank is not None]
        by_key = sorted(members, key=lambda agent_id: duel.model.choice.key(contact, duel.model.agents[agent_id]))
        assert members == by_key
    readiness_told = [list(Readiness).index(one.readiness) for one in answers]
    assert readiness_told == sorted(readiness_told)
