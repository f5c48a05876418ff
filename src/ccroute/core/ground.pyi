from collections.abc import Iterable, Sequence

from typing_extensions import disjoint_base

_Select = tuple[tuple[int, ...], tuple[bool, ...], tuple[int, ...] | None]
"""Keys, which of them are turned around, and positions by agent slot where a key is ``listed``."""

@disjoint_base
class Ground:
    def __new__(
        cls,
        *,
        channels: Sequence[tuple[int, int, bool, int]],
        selects: Sequence[_Select],
        contacts_max: int,
        agents_max: int,
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
    def move_agent(self, agent: int, profile: int) -> None: ...
    def forget_profiles(self) -> None: ...
    def place_agent(self, agent: int, profile: int) -> None: ...
    def open_class(self, queue: int, channel: int, own_cost: int, is_slow: bool = False) -> int: ...
    def link_class(self, class_slot: int, next_stage: int, after_us: int, companion: int) -> None: ...
    def close_class(self, class_slot: int) -> None: ...
    def class_refs(self, class_slot: int) -> int: ...
    def serve(self, class_slot: int, rank: int, profiles: Iterable[int]) -> None: ...
    def value(self, class_slot: int, profile: int, is_score: bool, value: int) -> None: ...
