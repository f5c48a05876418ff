"""Who could serve a contact that enters a queue now: preferred agents, what drains, and hours."""

from __future__ import annotations

from typing import Any, Final

import pytest

from ccroute import Config, Engine, EnqueueContact, InvalidId, OutOfRange, Presence, SetPresence, WrongType
from ccroute.commands import Command, PutAgent, RemoveAgent, RemoveQueue
from ccroute.config import Agent, AgentQueue, Channel, Hours, Offer, Prefer, Queue
from ccroute.types import ClosedAction, OfferMode, PreferredScope, Removal

ANYONE: Final = PreferredScope.ANYONE
SILENT: Final = Offer(mode=OfferMode.MANUAL)
CLOSING_US: Final = 50


def centre(queue: Queue | None = None, **agents: Presence) -> Engine:
    """Return an engine with an agent of each kind: two members, one who serves later, and an outsider."""
    config = Config(
        channels={"voice": Channel()},
        queues={"q": Queue(offer=SILENT) if queue is None else queue, "r": Queue()},
        agents={
            "ann": Agent(queues={"q": 1}, skills={"s": 1}),
            "bob": Agent(queues={"q": 1}),
            "late": Agent(queues={"q": AgentQueue(rank=2, after_us=30)}),
            "other": Agent(queues={"r": 1}),
        },
    )
    engine = Engine(config)
    for agent_id in config.agents:
        engine.handle(SetPresence(agent_id=agent_id, presence=agents.get(agent_id, Presence.AVAILABLE)), 1)
    return engine


def told(engine: Engine, requirement: str | None = None, **given: Any) -> dict[str, str]:
    """Return who is told, in order, and when."""
    return {one.agent_id: one.readiness.value for one in engine.match(requirement, "q", "voice", **given)}


def obstacles(engine: Engine, agent_id: str, **given: Any) -> list[str]:
    answers = engine.match(None, "q", "voice", **given)
    return [one.rule.value for answer in answers for one in answer.obstacles if answer.agent_id == agent_id]


def do(engine: Engine, *commands: Command) -> Engine:
    for command in commands:
        engine.handle(command, engine.now_us)
    return engine


# ---- preferred agents


def test_who_is_none_of_its_preferred_agents_comes_later() -> None:
    engine = centre()
    assert told(engine) == {"ann": "now", "bob": "now", "late": "after", "other": "never"}
    assert told(engine, preferred=["bob", "ghost"]) == {"bob": "now", "ann": "after", "late": "after", "other": "never"}
    assert obstacles(engine, "ann", preferred=["bob"]) == ["preferred"]
    (text,) = [str(one) for one in engine.match(None, "q", "voice", preferred=["bob"]) if one.agent_id == "ann"]
    assert text == "ann: after, rank 1: it is kept for bob until 30000001 µs"


def test_anyone_may_be_preferred_where_it_is_said_so() -> None:
    engine = centre()
    assert told(engine, preferred=["other"])["other"] == "never"
    first = engine.match(None, "q", "voice", preferred=["other"], preferred_scope=ANYONE)[0]
    assert (first.agent_id, first.readiness.value, first.rank, first.after_us) == ("other", "now", 1, 0)
    late = engine.match(None, "q", "voice", preferred=["late"], preferred_scope=ANYONE)[0]
    assert (late.agent_id, late.readiness.value, late.rank, late.after_us) == ("late", "now", 2, 0)
    engine = centre(Queue(offer=SILENT, prefer=Prefer(scope=ANYONE)))
    assert told(engine, preferred=["other"])["other"] == "now"
    assert told(engine, preferred=["other"], preferred_scope=PreferredScope.MEMBERS)["other"] == "never"


def test_preferred_agents_need_not_have_what_is_required_where_it_is_said_so() -> None:
    engine = centre()
    lacking = "agent.skills.s > 1"
    assert told(engine, lacking, preferred=["bob"])["bob"] == "never"
    assert told(engine, lacking, preferred=["bob"], preferred_requires=False)["bob"] == "now"
    engine = centre(Queue(offer=SILENT, prefer=Prefer(requires=False)))
    assert told(engine, lacking, preferred=["bob"])["bob"] == "now"


def test_a_contact_is_kept_for_nobody_when_its_time_is_over_or_nobody_is_there() -> None:
    engine = centre(Queue(offer=SILENT, prefer=Prefer(wait_us=20)))
    assert told(engine, preferred=["bob"], in_queue_us=19)["ann"] == "after"
    assert told(engine, preferred=["bob"], in_queue_us=20)["ann"] == "now"
    assert told(engine, preferred=["bob"], in_queue_us=20, preferred_wait_us=21)["ann"] == "after"
    assert told(engine, preferred=["bob"], preferred_wait_us=0)["ann"] == "now"
    away = centre(bob=Presence.AWAY)
    assert told(away, preferred=["bob"]) == {"ann": "now", "late": "after", "bob": "online", "other": "never"}
    waiting = centre(Queue(offer=SILENT, prefer=Prefer(wait_for_away=True)), bob=Presence.AWAY)
    assert told(waiting, preferred=["bob"])["ann"] == "after"


def test_a_contact_is_kept_for_nobody_for_whom_too_many_are() -> None:
    engine = centre(Queue(offer=SILENT, prefer=Prefer(waiting_max=1)))
    do(engine, EnqueueContact(contact_id="c", queue_id="q", channel="voice", preferred=["bob"]))
    assert told(engine, preferred=["bob"])["ann"] == "now"
    assert told(engine, preferred=["bob", "ann"]) == {"ann": "now", "bob": "after", "late": "after", "other": "never"}


# ---- what drains


def test_nobody_is_told_of_a_queue_that_drains() -> None:
    engine = centre()
    do(engine, EnqueueContact(contact_id="c", queue_id="q", channel="voice"))
    do(engine, RemoveQueue(queue_id="q", removal=Removal.DRAIN))
    assert told(engine) == {}


def test_an_agent_that_drains_comes_later_and_one_that_is_gone_not_at_all() -> None:
    engine = centre(Queue(offer=Offer(mode=OfferMode.AUTO)))
    do(engine, EnqueueContact(contact_id="c", queue_id="q", channel="voice", preferred=["bob"]))
    do(engine, RemoveAgent(agent_id="bob", removal=Removal.DRAIN))
    assert obstacles(engine, "bob") == ["next_presence", "capacity"]
    assert told(engine, preferred=["bob"])["bob"] == "online"
    do(engine, RemoveAgent(agent_id="ann", removal=Removal.DRAIN))
    assert told(engine) == {"late": "after", "bob": "online", "other": "never"}
    assert told(engine, preferred=["ann"]) == {"late": "after", "bob": "online", "other": "never"}
    do(engine, PutAgent(agent_id="ann", config=Agent(queues={"q": 1})))
    assert told(engine)["ann"] == "online"


# ---- hours


def closing(closed: ClosedAction, *, closes_waiting: bool = False) -> Engine:
    """Return a centre whose queue has closed."""
    over = "r" if closed is ClosedAction.OVERFLOW else None
    hours = Hours(closed=closed, queue=over, closes_waiting=closes_waiting, spans=[(0, CLOSING_US)])
    engine = centre(Queue(offer=SILENT, hours=hours))
    assert told(engine)["ann"] == "now"
    engine.advance(CLOSING_US)
    return engine


@pytest.mark.parametrize("closed", [ClosedAction.REFUSE, ClosedAction.CALLBACK, ClosedAction.OVERFLOW])
def test_nobody_is_told_of_a_closed_queue_in_which_nobody_waits(closed: ClosedAction) -> None:
    engine = closing(closed)
    assert told(engine) == {}
    assert engine.match(None, "q", "callback") != []
    assert told(engine, in_queue_us=1)["ann"] == "now"
    assert told(closing(closed, closes_waiting=True), in_queue_us=1) == {}


def test_agents_are_told_of_a_closed_queue_in_which_contacts_wait() -> None:
    assert told(closing(ClosedAction.WAIT))["ann"] == "now"


# ---- arguments


@pytest.mark.parametrize(
    ("given", "error", "argument"),
    [
        ({"preferred": "bob"}, WrongType, "preferred"),
        ({"preferred": ["bob"] * 17}, OutOfRange, "preferred"),
        ({"preferred": [""]}, InvalidId, "preferred[0]"),
        ({"preferred_wait_us": -1}, OutOfRange, "preferred_wait_us"),
        ({"preferred_wait_us": True}, WrongType, "preferred_wait_us"),
        ({"preferred_scope": "anyone"}, WrongType, "preferred_scope"),
        ({"preferred_requires": 1}, WrongType, "preferred_requires"),
    ],
)
def test_wrong_preferences_raise(given: dict[str, Any], error: type[Exception], argument: str) -> None:
    with pytest.raises(error) as raised:
        centre().match(None, "q", "voice", **given)
    assert raised.value.argument == argument  # type: ignore[attr-defined]
