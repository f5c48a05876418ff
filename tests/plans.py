"""What time brings in random worlds: plans, hours, limits, leases and what becomes of callbacks.

Moments are a few microseconds apart, so that a host who goes from timer to timer crosses many of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from ccroute.config.structs import CallbackPolicy, Hours, Limits, PlanStep, Prefer
from ccroute.types import (
    ChangeOffers,
    ClosedAction,
    KeepsPlace,
    PlanOn,
    PlanOnOverflow,
    PreferredScope,
    RuleEnd,
)
from tests.choices import CONDITIONS, DAY_US, Chooser, some

PATCHES = (
    *("tier", "requires", "head_start_us", "keeps_place", "channel", "excluded", "scores", "attributes", "cost"),
    *("preferred", "preferred_wait_us", "preferred_scope", "preferred_requires"),
)


class Plans(Chooser):
    """Draws plans, and what else time brings, for the queues of a centre or for its contacts."""

    def __init__(self, random: Random, features: Sequence[str], queues: Sequence[str], agents: Sequence[str]) -> None:
        super().__init__(random, features)
        self.queues = queues
        """Queues that a plan may lead to."""
        self.named_agents = agents[:6]

    # ---- plans

    def plan(self, own_queue: str | None = None) -> list[PlanStep]:
        """Return a plan of a queue, or of a contact."""
        return [self.step(own_queue) for _ in range(self._pick(1, 2, 3, 4, 7))]

    def step(self, own_queue: str | None) -> PlanStep:
        """Return a step; most only patch, as what ends or parks contacts leaves the others nothing to do."""
        when = self._when()
        keys: dict[str, Any] = {}
        ends = when.get("on") in (PlanOn.LIMIT, PlanOn.CLOSED)
        kind = self.random.randrange(10 if ends else 16)
        if kind == 0:
            keys["report"] = "told"
        elif kind == 1:
            keys["park"] = self._pick(True, 3, 12, 1)
        elif kind == 2:
            keys["end"] = self._pick(*RuleEnd)
        elif kind == 3 and self._has("callbacks"):
            keys["callback"] = True
        elif kind < 6:
            keys |= self._overflow(own_queue)
        if not keys or self._one_in(4):
            keys |= self._fields()
        if "callback" not in keys and "end" not in keys and self._one_in(4):
            keys["offers"] = self._pick(*ChangeOffers)
        if self._one_in(6):
            keys["report"] = self._pick("told", "again")
        return PlanStep(if_=self._pick(*CONDITIONS) if self._one_in(3) else None, **when, **keys)

    def _when(self) -> dict[str, Any]:
        """Return when a step is due: most often after a while."""
        kind = self.random.randrange(6)
        if kind < 2:
            return {"after": self._pick(3, 0, 1, 6, 12, 30, 2)}
        if kind == 2:
            return {"ahead": self._pick(1, 2, 3)}
        events = [PlanOn.ENTRY, PlanOn.OFFERS_EXHAUSTED, PlanOn.NOBODY_ONLINE, PlanOn.OVERDUE]
        for feature, others in (("hours", [PlanOn.CLOSED, PlanOn.OPENED]), ("limits", [PlanOn.LIMIT])):
            if self._has(feature):
                events += others * 2
        return {"on": self._pick(*events, *([] if self.random.randrange(8) else PlanOn))}

    def _overflow(self, own_queue: str | None) -> dict[str, Any]:
        """Return where to: to later queues only, so that none goes round."""
        later = [queue for queue in self.queues if own_queue is None or queue > own_queue]
        return {"queue": self._pick(*later), "plan": self._pick(*PlanOnOverflow)} if later else {}

    def _fields(self) -> dict[str, Any]:
        """Return one or a few fields of a patch."""
        names = [name for name in PATCHES if self._has("preferred") or not name.startswith("preferred")]
        return {name: self._field(name) for name in self.random.sample(names, self._pick(1, 1, 2, 4))}

    def _field(self, name: str) -> Any:
        match name:
            case "tier":
                return self._pick(1, 0, 2, -1, 3)
            case "requires":
                return self._requirement()
            case "head_start_us":
                return self._head_start() or 0
            case "keeps_place":
                return self._pick(*KeepsPlace)
            case "channel":
                return self._pick(*self.channels)
            case "excluded":
                return some(self.random, self.named_agents)
            case "scores":
                return self._scores()
            case "attributes":
                return self._attributes()
            case "cost":
                return self._pick(20, 0, 50, 101)
            case "preferred":
                return self._preferred()
            case _:
                return self.preference(name)

    def preference(self, name: str) -> Any:
        """Return how a contact is kept for its preferred agents, one thing of it."""
        if name == "preferred_wait_us":
            return self._pick(6, 0, 2, 20)
        return self._pick(*PreferredScope) if name == "preferred_scope" else bool(self.random.randrange(2))

    # ---- the rest

    def prefer(self) -> Prefer | None:
        """Return how a queue keeps contacts for preferred agents."""
        if not self._has("preferred", "kept_transfer") or self._one_in(5):
            return None
        return Prefer(
            wait_us=self._pick(8, 2, 30, 0),
            scope=self._pick(*PreferredScope),
            requires=bool(self.random.randrange(2)),
            wait_for_away=bool(self.random.randrange(2)),
            waiting_max=self._pick(10, 1, 2, 1_000),
        )

    def limits(self) -> Limits:
        """Return limits, of a queue or of a contact."""
        return Limits(
            length=self._pick(None, 2, 1, 3, 4),
            in_queue_us=self._pick(None, 8, 3, 20),
            ttl_us=self._pick(None, 30, 10, 80),
        )

    def callback(self) -> CallbackPolicy:
        """Return how a queue treats callbacks."""
        if not self._has("callbacks"):
            return CallbackPolicy()
        return CallbackPolicy(
            on_abandon=bool(self.random.randrange(3)),
            attempts_max=self._pick(3, 1, 2),
            retry_us=self._pick(4, 0, 1, 15),
            expires_us=self._pick(60, 15, 300, DAY_US),
        )

    def hours(self, own_queue: str) -> Hours | None:
        """Return when a queue is open: spans one after the other, from early on."""
        if not self._has("hours") or self._one_in(4):
            return None
        at_us = self._pick(0, 5, 12)
        spans = []
        for _ in range(self._pick(6, 1, 2, 15, 30, 0)):
            closes_us = at_us + self._pick(8, 1, 3, 20)
            spans.append((at_us, closes_us))
            at_us = closes_us + self._pick(5, 1, 2, 12)
        action = self._pick(*ClosedAction)
        where = self._overflow(own_queue) if action is ClosedAction.OVERFLOW else {}
        if (action is ClosedAction.OVERFLOW and not where) or (
            action is ClosedAction.CALLBACK and not self._has("callbacks")
        ):
            action = ClosedAction.REFUSE
        return Hours(
            closed=action,
            closes_waiting=bool(self.random.randrange(2)),
            spans=spans,
            resolved_until_us=at_us + 5 if spans and self._one_in(2) else None,
            **where,
        )

    def lease(self) -> dict[str, Any]:
        """Return the lease of an agent, if any."""
        if not self._has("lease") or self._one_in(4):
            return {}
        return {"lease_us": self._pick(12, 4, 30, 100), "lease_grace_us": self._pick(4, 0, 1, 15)}
