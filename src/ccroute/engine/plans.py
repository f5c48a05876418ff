"""Plans by number: steps as the core takes them, their conditions, and the words that only the host needs."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ccroute.commands import ContactPatch
from ccroute.config import PlanStep
from ccroute.requirement import Condition, parse_condition
from ccroute.types import ChangeOffers, KeepsPlace, PlanOn, PlanOnOverflow, RuleEnd

if TYPE_CHECKING:
    from ccroute.core.acd import Acd

__all__ = ["FIELD_BITS", "Plans", "field_names", "mere_requirements"]

FIELD_BITS: Final = {
    "queue": 1,
    "requires": 2,
    "tier": 4,
    "head_start_us": 8,
    "keeps_place": 16,
    "channel": 32,
    "preferred": 64,
    "preferred_wait_us": 128,
    "preferred_scope": 256,
    "preferred_requires": 512,
    "excluded": 1024,
    "scores": 2048,
    "attributes": 4096,
    "cost": 8192,
}
"""By field of a step, its bit in the core. From ``channel`` on, only the host can carry a patch out."""
_TRIGGERS: Final = {
    PlanOn.ENTRY: 2,
    PlanOn.OFFERS_EXHAUSTED: 3,
    PlanOn.NOBODY_ONLINE: 4,
    PlanOn.OVERDUE: 5,
    PlanOn.CLOSED: 6,
    PlanOn.OPENED: 7,
    PlanOn.LIMIT: 8,
}
_AFTER: Final = 0
_AHEAD: Final = 1
_ENDS: Final = {None: 0, RuleEnd.CLOSED: 1, RuleEnd.CANCELLED: 2, RuleEnd.EXPIRED: 3}
_PLACES: Final = {None: -1, KeepsPlace.WAITED: 0, KeepsPlace.AGE: 1, KeepsPlace.NONE: 2}
_OFFERS: Final = {ChangeOffers.RECHECK: 0, ChangeOffers.KEEP: 1, ChangeOffers.RESCIND: 2}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(list[PlanStep], float_hook=Decimal)
_PARK_NOT: Final = -1
_PARK_OPEN: Final = -2
_SWEEP_FIRST: Final = 256
"""Plans there are beside as many as twice those kept, beyond which the ones that are left are looked for."""
_NAMES_KEPT_MAX: Final = 1_024
"""Sets of fields whose names are kept; each step has one, so most centres have few."""


@lru_cache(maxsize=_NAMES_KEPT_MAX)
def field_names(bits: int) -> tuple[str, ...]:
    """Return the names of the fields of some bits, in the order of ``ContactPatch``."""
    chosen = {"queue_id" if name == "queue" else name for name, bit in FIELD_BITS.items() if bits & bit}
    return tuple(name for name in ContactPatch.__struct_fields__ if name in chosen)


def mere_requirements(steps: list[PlanStep]) -> list[PlanStep]:
    """Return steps that keep of others what they require, in their places. What else these name may be gone."""
    return [PlanStep(after=0, requires="true" if step.requires is None else step.requires) for step in steps]


def _when(step: PlanStep) -> int:
    if step.on is not None:
        return _TRIGGERS[step.on]
    return _AFTER if step.after is not None else _AHEAD


def _park(step: PlanStep) -> int:
    if isinstance(step.park, bool):
        return _PARK_OPEN if step.park else _PARK_NOT
    return step.park


def _for_core(step: PlanStep, queue_slots: dict[str, int], *, is_own: bool) -> dict[str, Any]:
    return {
        "when": _when(step),
        "after": step.after or 0,
        "ahead": step.ahead or 0,
        # No plan of a queue leads to one that drains or to a channel that is gone, but that of a contact may.
        "asks": step.if_ is not None or (is_own and (step.queue is not None or step.channel is not None)),
        "fields": sum(bit for name, bit in FIELD_BITS.items() if getattr(step, name) is not None),
        "queue": -1 if step.queue is None else queue_slots[step.queue],
        "keeps_plan": step.plan is PlanOnOverflow.KEEP,
        "tier": step.tier or 0,
        "head_start": step.head_start_us or 0,
        "place": _PLACES[step.keeps_place],
        "offers": _OFFERS[step.offers],
        "reports": step.report is not None,
        "park": _park(step),
        "calls_back": step.callback,
        "end": _ENDS[step.end],
    }


class _Plan(msgspec.Struct, frozen=True):
    steps: list[PlanStep]
    conditions: list[Condition | None]
    key: bytes | None
    """Of a plan that contacts bring: its words."""


class Plans:
    """The plans of one floor, of queues and of contacts that bring one.

    A plan is left when it is no queue's and no contact carries it or is ruled by what a step of it requires. Plans that
    are left are freed now and then, before one is added: there are never more than 256 and twice those kept last time.
    """

    def __init__(self, acd: Acd, queue_slots: dict[str, int]) -> None:
        self._acd = acd
        self._queue_slots = queue_slots
        self._plans: dict[int, _Plan] = {}
        self._own: dict[bytes, int] = {}
        self._sweep_at = _SWEEP_FIRST

    def __len__(self) -> int:
        return len(self._plans)

    def of_queue(self, queue: int, steps: list[PlanStep]) -> int:
        """Return the number of a new plan of a queue slot, which has to have it before one more is added; -1: none."""
        if not steps:
            return -1
        self._free_left()
        return self._add(queue, steps, None)

    def own(self, steps: list[PlanStep]) -> int:
        """Return the number of a plan that contacts bring, the same for the same words; -1 where it has no steps."""
        if not steps:
            return -1
        # The words are kept, too, as the lists of a command are its giver's.
        key = _ENCODER.encode(steps)
        known = self._own.get(key)
        if known is not None:
            return known
        self._free_left()
        return self._add_own(key)

    def restore(self, queue: int, steps: list[PlanStep], *, rules_only: bool) -> int:
        """Return the number of a plan of a snapshot, that was of a queue slot or (-1) brought by contacts.

        None is freed, as the contacts that carry them are still to come. ``rules_only``: nobody carries it.
        """
        if queue >= 0 or rules_only:
            return self._add(queue, steps, None)
        key = _ENCODER.encode(steps)
        known = self._own.get(key)
        return self._add_own(key) if known is None else known

    def of_queue_now(self, queue: int) -> int:
        """Return the number of the plan that a queue slot has.

        :raises ValueError: it has none.
        """
        number = self._acd.plan_of_queue(queue)
        if number < 0:
            raise ValueError("a queue whose plan contacts keep has a plan")
        return number

    def steps(self, number: int) -> list[PlanStep]:
        """Return the steps of a plan."""
        return self._plans[number].steps

    def condition(self, number: int, step: int) -> Condition | None:
        """Return the condition of a step, None where it has none."""
        return self._plans[number].conditions[step]

    def lead_to(self, queue_id: str) -> bool:
        """Say whether a plan that a contact carries leads to a queue. O(plans)."""
        return any(
            any(step.queue == queue_id for step in plan.steps) and self._acd.plan_refs(number) > 0
            for number, plan in self._plans.items()
        )

    def _free_left(self) -> None:
        """Free the plans that are left, if there may be many. O(plans), and O(1) for each that was added since."""
        if len(self._plans) < self._sweep_at:
            return
        for number in [number for number in self._plans if self._acd.is_plan_left(number)]:
            plan = self._plans.pop(number)
            if plan.key is not None:
                del self._own[plan.key]
            self._acd.drop_plan(number)
        self._sweep_at = 2 * len(self._plans) + _SWEEP_FIRST

    def _add_own(self, key: bytes) -> int:
        number = self._own[key] = self._add(-1, _DECODER.decode(key), key)
        return number

    def _add(self, queue: int, steps: list[PlanStep], key: bytes | None) -> int:
        number = self._acd.add_plan(queue, [_for_core(step, self._queue_slots, is_own=queue < 0) for step in steps])
        conditions = [None if step.if_ is None else parse_condition(step.if_) for step in steps]
        self._plans[number] = _Plan(steps, conditions, key)
        return number
