"""What every field of a step of a plan, and of limits, takes, in the configuration and in commands alike."""

from __future__ import annotations

from typing import Any, Final

from ccroute.config import Limits, PlanStep
from ccroute.types import ChangeOffers, PlanOn, PlanOnOverflow, RuleEnd

A_STEP: Final = PlanStep(on=PlanOn.ENTRY, tier=1, report="x")
"""A step that stays one whatever single field is taken away, but for when it is due."""

STEP_KINDS: Final[dict[str, str]] = {
    "after": "none",
    "on": "nothing",
    "ahead": "none",
    "if_": "none",
    "channel": "none",
    "requires": "none",
    "tier": "whole or none",
    "head_start_us": "whole or none",
    "preferred": "list of ids or none",
    "preferred_wait_us": "natural or none",
    "preferred_scope": "none",
    "preferred_requires": "flag or none",
    "excluded": "list of ids or none",
    "scores": "table or none",
    "attributes": "table or none",
    "cost": "natural or none",
    "keeps_place": "place or none",
    "queue": "none",
    "plan": "nothing",
    "offers": "change",
    "report": "id or none",
    "park": "flag",
    "callback": "flag",
    "end": "none",
}
"""By the words of ``bad_values.TAKEN``. Agents that a queue's plan names must exist, those of a contact's need not."""

LIMITS_KINDS: Final = {"length": "none", "in_queue_us": "none", "ttl_us": "none"}

STEP_BY_OTHERS: Final = {("on", "none"), ("after", "zero")}
"""Fields and samples whose fault is told of the step as a whole: it says when it is due not once, or twice."""

STEP_RANGES: Final[tuple[tuple[str, dict[str, Any], dict[str, Any]], ...]] = (
    # Where the fault is told; a step that has it, the step's other fields left at their defaults; one that has not.
    ("", {"tier": 1}, {"on": PlanOn.LIMIT, "tier": 1}),
    ("", {"after": 1, "ahead": 1, "tier": 1}, {"after": 1, "tier": 1}),
    ("", {"after": 1}, {"after": 1, "cost": 0}),
    ("", {"after": 1, "if_": "true", "offers": ChangeOffers.RESCIND}, {"after": 0, "report": "x"}),
    (".after", {"after": 7_776_000_000_001, "tier": 1}, {"after": 7_776_000_000_000, "tier": 1}),
    (".ahead", {"ahead": 0, "tier": 1}, {"ahead": 1, "tier": 1}),
    (".ahead", {"ahead": 1_000_001, "tier": 1}, {"ahead": 1_000_000, "tier": 1}),
    (".tier", {"after": 1, "tier": 2**31}, {"after": 1, "tier": 2**31 - 1}),
    (".if_", {"after": 1, "tier": 1, "if_": "queue.waitin > 1"}, {"after": 1, "tier": 1, "if_": "queue.waiting > 1"}),
    (".if_", {"after": 1, "tier": 1, "if_": "agent.id == 'a'"}, {"after": 1, "tier": 1, "if_": "queue.id == 'a'"}),
    (".requires", {"after": 1, "requires": "agent.skills.x > 1"}, {"after": 1, "requires": "agent.skills.german > 1"}),
    (".queue", {"after": 1, "queue": "nowhere"}, {"after": 1, "queue": "auto"}),
    (".channel", {"after": 1, "channel": "telepathy"}, {"after": 1, "channel": "fax"}),
    (".preferred", {"after": 1, "preferred": ["a"] * 17}, {"after": 1, "preferred": ["a"] * 16}),
    (".preferred[1]", {"after": 1, "preferred": ["a", ""]}, {"after": 1, "preferred": ["a", "b"]}),
    (".excluded", {"after": 1, "excluded": ["a"] * 17}, {"after": 1, "excluded": ["a"] * 16}),
    (".scores", {"after": 1, "scores": {"a": 2**53}}, {"after": 1, "scores": {"a": 2**53 - 1}}),
    (".attributes", {"after": 1, "attributes": {"n": 0.5}}, {"after": 1, "attributes": {"n": 5}}),
    (".cost", {"after": 1, "cost": 1_000_001}, {"after": 1, "cost": 1_000_000}),
    (".report", {"after": 1, "report": "x" * 129}, {"after": 1, "report": "x" * 128}),
    (".park", {"after": 1, "park": 0}, {"after": 1, "park": 1}),
    (".park", {"after": 1, "park": 7_776_000_000_001}, {"after": 1, "park": 7_776_000_000_000}),
    (".plan", {"after": 1, "tier": 1, "plan": PlanOnOverflow.KEEP}, {"after": 1, "queue": "auto", "plan": "keep"}),
    (".callback", {"after": 1, "callback": True, "park": True}, {"after": 1, "callback": True}),
    (".callback", {"after": 1, "callback": True, "queue": "auto"}, {"after": 1, "park": True, "queue": "auto"}),
    (".end", {"after": 1, "end": RuleEnd.CLOSED, "park": 5}, {"after": 1, "end": RuleEnd.CLOSED}),
    (".end", {"after": 1, "end": RuleEnd.CLOSED, "callback": True}, {"after": 1, "end": RuleEnd.EXPIRED}),
    (".end", {"after": 1, "end": RuleEnd.CANCELLED, "queue": "auto"}, {"after": 1, "end": RuleEnd.CANCELLED}),
)


def step_of(fields: dict[str, Any]) -> PlanStep:
    """Return a step with these fields, enums given by their texts."""
    plan = fields.get("plan", PlanOnOverflow.RESTART)
    return PlanStep(**fields | {"plan": PlanOnOverflow(plan)})


def limits_of(field: str, value: object) -> Limits:
    """Return limits with one field of any type."""
    return Limits(**{field: value})  # type: ignore[arg-type]
