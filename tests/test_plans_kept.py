"""Plans stay as long as somebody carries them or is ruled by them, through snapshots too, and no longer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest

from ccroute import Engine
from ccroute.commands import (
    CancelContact,
    ChangeContact,
    Command,
    ContactPatch,
    EnqueueContact,
    PutQueue,
    RemoveAgent,
    RemoveQueue,
)
from ccroute.config import Agent, Config, PlanStep, Queue
from ccroute.engine import building
from ccroute.engine.plans import Plans
from ccroute.types import PlanOnOverflow

FREED_MAX: Final = 2 * 3 + 256
"""Most plans of a floor on which three are in use."""

QUIET: Final = "agent.id != 'nobody'"


def floor(**plans: list[PlanStep]) -> Engine:
    """Return an engine with a queue for each plan, and one agent."""
    queues = {queue_id: Queue(plan=plan) for queue_id, plan in plans.items()}
    return Engine(Config(queues=queues, agents={"ann": Agent(queues=dict.fromkeys(queues, 1), skills={"de": 3})}))


def arrive(contact_id: str, queue_id: str = "q", **fields: Any) -> EnqueueContact:
    return EnqueueContact(contact_id=contact_id, queue_id=queue_id, channel="voice", **fields)


def own_plan(contact_id: str, *steps: PlanStep) -> ChangeContact:
    return ChangeContact(contact_id=contact_id, patch=ContactPatch(plan=list(steps)))


def do(engine: Engine, at_us: int, *commands: Command) -> list[str]:
    return [type(event).__name__ for command in commands for event in engine.handle(command, at_us)]


@pytest.fixture
def floors(monkeypatch: pytest.MonkeyPatch) -> list[Plans]:
    """Have the plans of every engine that is made noted, in the order in which they are."""
    noted = []

    class Noted(Plans):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            noted.append(self)

    monkeypatch.setattr(building, "Plans", Noted)
    return noted


def restored(engine: Engine) -> Engine:
    """Return the engine of a snapshot, that gives the same snapshot."""
    snapshot = engine.snapshot()
    other = Engine.restore(snapshot)
    assert other.snapshot() == snapshot
    return other


def futures(engine: Engine, until_us: int) -> list[str]:
    """Return what happens to an engine until a moment; to a restored one the same does."""
    events = restored(engine).advance(until_us)
    assert engine.advance(until_us) == events
    return [type(event).__name__ for event in events]


# ---- freed


@pytest.mark.slow
def test_plans_of_a_queue_that_changes_often_are_freed(floors: list[Plans]) -> None:
    engine = floor(q=[PlanStep(after=90, tier=1)], r=[])
    do(engine, 1, arrive("one"), arrive("two", "r", plan=[PlanStep(after=1_000_000, tier=2)]))
    most = 0
    for number in range(10_000):
        do(engine, 2, PutQueue(queue_id="q", config=Queue(plan=[PlanStep(after=100 + number, tier=5)])))
        most = max(most, len(floors[0]))
    assert most <= FREED_MAX
    assert futures(engine, 99) == []
    assert futures(engine, 100 + 9_999 + 1) == ["RuleFired", "ContactChanged"]


def test_plans_that_contacts_bring_are_freed_when_they_have_ended(floors: list[Plans]) -> None:
    engine = floor(q=[])
    for number in range(1_000):
        do(engine, 1, arrive("c", plan=[PlanStep(after=number, tier=5)]), CancelContact(contact_id="c"))
    assert len(floors[0]) <= FREED_MAX


# ---- kept


def test_every_plan_that_contacts_carry_is_restored(floors: list[Plans]) -> None:
    engine = floor(q=[])
    for number in range(600):
        do(engine, 1, arrive(f"c{number}", plan=[PlanStep(after=100 + number, tier=1 + number % 3)]))
    restored(engine)
    assert len(floors[1]) == 600
    assert futures(engine, 1_000) == ["RuleFired", "ContactChanged"] * 600


def test_a_plan_kept_from_another_queue_goes_on_after_restore() -> None:
    over = PlanStep(after=10, queue="r", plan=PlanOnOverflow.KEEP)
    engine = floor(q=[over, PlanStep(after=50, tier=4)], r=[])
    do(engine, 1, arrive("c"))
    assert futures(engine, 20) == ["RuleFired", "ContactChanged", "ContactQueued"]
    for number in range(600):
        do(engine, 21, PutQueue(queue_id="r", config=Queue(plan=[PlanStep(after=9_000 + number, tier=5)])))
    assert futures(engine, 60) == ["RuleFired", "ContactChanged"]
    assert engine.contact("c").tier == 4  # type: ignore[union-attr]


def test_what_a_replaced_plan_requires_goes_on_to_rule(floors: list[Plans]) -> None:
    engine = floor(q=[PlanStep(after=10, requires=QUIET)])
    do(engine, 1, arrive("by its queue"), arrive("by its own", plan=[PlanStep(after=10, requires=QUIET)]))
    engine.advance(20)
    do(engine, 21, own_plan("by its own"))
    for number in range(600):
        do(engine, 21, PutQueue(queue_id="q", config=Queue(plan=[PlanStep(after=9_000 + number, tier=5)])))
        do(engine, 21, own_plan("by its queue", PlanStep(after=9_000 + number, tier=5)))
    assert len(floors[0]) <= FREED_MAX
    explained = str(engine.explain("by its own")), str(engine.explain("by its queue"))
    engine = restored(restored(engine))
    assert (str(engine.explain("by its own")), str(engine.explain("by its queue"))) == explained


@pytest.mark.parametrize("removed", [PutQueue(queue_id="q", config=Queue()), RemoveQueue(queue_id="q")])
def test_a_plan_that_only_rules_may_lead_to_a_queue_that_is_gone(removed: Command) -> None:
    engine = floor(q=[PlanStep(after=10, queue="r", requires=QUIET), PlanStep(after=50, queue="s")], r=[], s=[])
    do(engine, 1, arrive("c"))
    engine.advance(20)
    assert do(engine, 21, removed, RemoveQueue(queue_id="s")) == ["Configured", "Configured"]
    assert futures(engine, 1_000) == []


@pytest.mark.parametrize("of_queue", [True, False])
def test_a_plan_may_name_a_skill_that_is_gone(of_queue: bool) -> None:
    plan = [PlanStep(after=10 if of_queue else 100, requires="agent.skills.de >= 1")]
    engine = floor(q=plan if of_queue else [])
    do(engine, 1, arrive("c", plan=[] if of_queue else plan))
    engine.advance(20)
    if of_queue:
        do(engine, 21, PutQueue(queue_id="q", config=Queue()))
    assert do(engine, 21, RemoveAgent(agent_id="ann")) == ["Configured"]
    assert futures(engine, 1_000) == ([] if of_queue else ["RuleFired", "ContactChanged"])


def test_a_plan_that_a_contact_brings_keeps_its_numbers() -> None:
    engine = floor(q=[])
    do(engine, 1, arrive("c", plan=[PlanStep(after=10, attributes={"balance": Decimal("1.5")})]))
    engine = restored(engine)
    engine.advance(20)
    assert engine.contact("c").attributes == {"balance": Decimal("1.5")}  # type: ignore[union-attr]
