from collections.abc import Iterable, Mapping, Sequence

from typing_extensions import disjoint_base

_Select = tuple[tuple[int, ...], tuple[bool, ...], tuple[int, ...] | None]
"""Keys, which of them are turned around, and positions by agent slot where a key is ``listed``."""

@disjoint_base
class Ground:
    def __new__(
        cls,
        *,
        channels: Sequence[tuple[int, int, bool, int, bool, bool]],
        selects: Sequence[_Select],
        contacts_max: int,
        classes_max: int,
        idle_grace_us: int,
        retain_us: int,
        ranks_first: bool = False,
    ) -> Ground: ...
    def add_queue(
        self,
        *,
        select: int,
        mode: int,
        offer_timeout_us: int,
        wrap_up_us: int,
        cooldown_us: int,
        offers_max: int,
        away_after: int,
        ageing: int,
        tier: int,
        head_start_us: int,
        cost: int,
        keeps_place: int,
        paused: bool,
        k: int = 1,
        offers_min: int = 1,
        overdue_after_us: int = -1,
        preempt: int = 0,
        preempt_from: int = 1,
        requeues_victim: bool = False,
        preempt_guard_us: int = 0,
        displaced_max: int = 2,
        displaced_work_max: int = -1,
        slot: int = -1,
    ) -> int: ...
    def rule_queue(
        self,
        queue: int,
        *,
        plan: int = -1,
        length_max: int = -1,
        in_queue_us: int = -1,
        ttl_us: int = -1,
        preferred_wait_us: int = 0,
        prefers_anyone: bool = False,
        prefers_requires: bool = True,
        prefers_away: bool = False,
        prefers_max: int = 0,
        calls_back: bool = False,
        attempts_max: int = 1,
        retry_us: int = 0,
        callback_expires_us: int = 0,
    ) -> None: ...
    def set_hours(
        self,
        queue: int,
        moments: Sequence[int],
        action: int = 0,
        to_queue: int = -1,
        keeps_plan: bool = False,
        closes_waiting: bool = False,
    ) -> None: ...
    def unset_hours(self, queue: int) -> None: ...
    def add_plan(self, queue: int, steps: Sequence[Mapping[str, int]]) -> int: ...
    def plan_refs(self, number: int) -> int: ...
    def is_plan_left(self, number: int) -> bool: ...
    def drop_plan(self, number: int) -> None: ...
    def add_policy(
        self,
        open_channels: int,
        costs: Sequence[int],
        maxes: Sequence[int],
        reserves: Sequence[int] | None = None,
        slot: int = -1,
    ) -> int: ...
    def queue_count(self) -> int: ...
    def policy_count(self) -> int: ...
    def add_profile(self) -> int: ...
    def add_agent(self, profile: int, policy: int, capacity: int, offers_max: int) -> int: ...
    def set_lease(self, agent: int, lease_us: int, grace_us: int) -> None: ...
    def move_agent(self, agent: int, profile: int) -> None: ...
    def forget_profiles(self) -> None: ...
    def place_agent(self, agent: int, profile: int) -> None: ...
    def open_class(
        self, queue: int, channel: int, own_cost: int, is_slow: bool = False, is_preferring: bool = False
    ) -> int: ...
    def link_class(self, class_slot: int, next_stage: int, after_us: int, companion: int) -> None: ...
    def close_class(self, class_slot: int) -> None: ...
    def class_refs(self, class_slot: int) -> int: ...
    def serve(self, class_slot: int, rank: int, profiles: Iterable[int]) -> None: ...
    def value(self, class_slot: int, profile: int, is_score: bool, value: int) -> None: ...
