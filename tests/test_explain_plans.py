"""What time will do to a contact that waits is told: until when it is kept for agents, which rule falls due next."""

from __future__ import annotations

from typing import Any

from ccroute import Config, Engine, EnqueueContact, Explanation, NextRule, Presence, SetPresence, explain_decision
from ccroute.commands import Command, PickContact
from ccroute.config import Agent, PlanStep, Queue
from ccroute.types import ChangeOffers, Rule

PLAN = [PlanStep(after=60, tier=1), PlanStep(after=20, if_="queue.waiting > 5", requires="agent.skills.s >= 10")]


def centre(**queue: Any) -> Config:
    skills = {"none": {}, "some": {"s": 10}, "best": {"s": 50}}
    queues = {"q": Queue(requires="agent.skills.s >= 50", **queue), "r": Queue()}
    return Config(queues=queues, agents={id_: Agent(skills=levels, queues={"q": 1}) for id_, levels in skills.items()})


def explained(config: Config, contact: EnqueueContact, *, online: str, until_us: int = 5) -> Explanation:
    engine = Engine(config)
    for agent_id in online.split():
        engine.handle(SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE), 1)
    engine.handle(contact, 2)
    engine.advance(until_us)
    told = engine.explain(contact.contact_id)
    assert told is not None
    assert engine.explain(contact.contact_id) == Engine.restore(engine.snapshot()).explain(contact.contact_id)
    return told


def contact(**fields: Any) -> EnqueueContact:
    return EnqueueContact(contact_id="c", queue_id="q", channel="voice", **fields)


def rules(told: Explanation) -> dict[str, list[Rule]]:
    return {one.agent_id: [obstacle.rule for obstacle in one.obstacles] for one in told.agents}


def test_a_contact_is_kept_for_its_preferred_agents() -> None:
    kept = contact(preferred=["some", "best"], preferred_wait_us=100)
    told = explained(centre(), kept, online="none some")
    assert (told.kept_for, told.kept_until_us) == (["some", "best"], 102)
    assert rules(told) == {
        "none": [Rule.REQUIREMENT, Rule.PREFERRED],
        "some": [Rule.REQUIREMENT],
        "best": [Rule.PRESENCE],
    }
    assert "  kept for some, best until 102 µs" in str(told).splitlines()
    assert "it is kept for some, best until 102 µs" in str(told)
    over = explained(centre(), kept, online="none some", until_us=102)
    assert (over.kept_for, over.kept_until_us) == ([], None)
    assert rules(over)["none"] == [Rule.REQUIREMENT]


def test_the_step_that_falls_due_next_is_told_with_its_condition() -> None:
    told = explained(centre(plan=PLAN), contact(plan=[PlanStep(after=30, report="slow")]), online="")
    assert told.next_rules == [
        NextRule(own=False, queue_id="q", rule=1, at_us=22, step=PLAN[1]),
        NextRule(own=True, queue_id=None, rule=0, at_us=32, step=PlanStep(after=30, report="slow")),
    ]
    lines = str(told).splitlines()
    assert "  next: step 1 of the plan of q at 22 µs, if queue.waiting > 5" in lines
    assert "  next: step 0 of its own plan at 32 µs" in lines
    later = explained(centre(plan=PLAN), contact(), online="", until_us=22)
    assert [(one.rule, one.at_us) for one in later.next_rules] == [(0, 62)]
    assert explained(centre(), contact(), online="").next_rules == []


def test_a_requirement_of_a_rule_counts_in_place_of_the_queues() -> None:
    plan = [PlanStep(after=20, requires="agent.skills.s >= 20")]
    told = explained(centre(plan=plan), contact(), online="some", until_us=22)
    assert "some: lacks agent.skills.s >= 20 (s is 10)" in str(told)


def test_an_offer_that_a_rule_made_possible_is_told_the_rule() -> None:
    plan = [PlanStep(after=20, requires="agent.skills.s >= 10", offers=ChangeOffers.KEEP)]
    commands: list[tuple[Command | None, int]] = [
        (SetPresence(agent_id="some", presence=Presence.AVAILABLE), 1),
        (contact(), 2),
        (None, 30),
    ]
    told = explain_decision(centre(plan=plan), commands, 5)
    assert told.choice is not None
    assert told.choice.agent_id == "some"
    assert [type(one).__name__ for one in told.led_by] == ["RuleFired", "ContactChanged"]
    changed = explain_decision(centre(plan=plan), commands, 4)
    assert changed.event.cause == "rule:q/0"
    assert (changed.command, [type(one).__name__ for one in changed.led_by]) == (None, ["RuleFired"])
    assert "rule:q/0" in str(changed)


def test_a_pick_of_a_contact_kept_for_others_names_the_rule() -> None:
    engine = Engine(centre())
    engine.handle(SetPresence(agent_id="none", presence=Presence.AVAILABLE), 1)
    engine.handle(SetPresence(agent_id="some", presence=Presence.AVAILABLE), 1)
    engine.handle(contact(preferred=["some"], preferred_wait_us=100), 2)
    (refused,) = engine.handle(PickContact(contact_id="c", agent_id="none"), 3)
    assert refused.rule is Rule.REQUIREMENT  # type: ignore[attr-defined]
