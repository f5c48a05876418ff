from collections.abc import Sequence
from typing import Any

from typing_extensions import disjoint_base

from ccroute.config import Config
from ccroute.core.acd import Acd

@disjoint_base
class Accounts:
    def __new__(
        cls, acd: Acd, config: Config, queue_ids: list[str], channel_ids: list[str], contacts: list[Any]
    ) -> Accounts: ...
    def configure(self, config: Config, queue_ids: Sequence[str], channel_ids: Sequence[str]) -> None: ...
    @property
    def skill_ids(self) -> list[str]: ...
    @property
    def presences(self) -> dict[int, dict[tuple[int, str | None], int]]: ...
