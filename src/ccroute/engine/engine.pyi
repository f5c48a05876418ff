from collections.abc import Callable, Mapping
from typing import final

from ccroute.commands import AttributeValue, Command
from ccroute.config import Config
from ccroute.core.hindsight import Watch
from ccroute.engine.criteria import Readiness
from ccroute.engine.estimates import WaitEstimate
from ccroute.engine.explain import Explanation
from ccroute.engine.figures import StatisticsReport
from ccroute.engine.matching import AgentMatch
from ccroute.engine.missed import MissedCallback
from ccroute.engine.names import Names
from ccroute.engine.positions import Position
from ccroute.engine.statuses import AgentStatus, ContactStatus, Counters, OfferStatus, QueueStatus
from ccroute.events import Event
from ccroute.types import ContactState, PreferredScope, Presence

@final
class Engine:
    def __init__(self, config: Config) -> None: ...

    # Commands.
    def handle(self, command: Command, at_us: int, *, allow_jump: bool = False) -> list[Event]: ...
    def handle_many(
        self,
        commands: list[tuple[Command, int]] | tuple[tuple[Command, int], ...],
        *,
        allow_jump: bool = False,
    ) -> list[list[Event]]: ...
    def advance(self, to_us: int, *, allow_jump: bool = False) -> list[Event]: ...

    # Time and life.
    @property
    def now_us(self) -> int: ...
    def next_at_us(self) -> int | None: ...
    def close(self) -> None: ...
    def snapshot(self) -> bytes: ...
    @staticmethod
    def restore(data: bytes) -> Engine: ...

    # Queries.
    def contact(self, contact_id: str | int) -> ContactStatus | None: ...
    def agent(self, agent_id: str | int) -> AgentStatus | None: ...
    def queue(self, queue_id: str) -> QueueStatus | None: ...
    def offer(self, offer_id: str) -> OfferStatus | None: ...
    def contacts(
        self,
        *,
        state: ContactState | None = None,
        queue_id: str | None = None,
        channel: str | None = None,
        where: str | None = None,
        after: str | int | None = None,
        limit: int = 100,
    ) -> list[ContactStatus]: ...
    def agents(
        self,
        *,
        presence: Presence | None = None,
        queue_id: str | None = None,
        channel: str | None = None,
        where: str | None = None,
        after: str | int | None = None,
        limit: int = 100,
    ) -> list[AgentStatus]: ...
    def queues(
        self, *, paused: bool | None = None, after: str | None = None, limit: int = 100
    ) -> list[QueueStatus]: ...
    def offers(
        self,
        *,
        agent_id: str | int | None = None,
        queue_id: str | None = None,
        channel: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[OfferStatus]: ...
    def counters(self) -> Counters: ...
    def missed(self, *, after: str | int | None = None, limit: int = 100) -> list[MissedCallback]: ...
    def statistics(
        self,
        *,
        queue_id: str | None = None,
        channel: str | None = None,
        skill: str | None = None,
        agent_id: str | int | None = None,
        series: bool = False,
    ) -> StatisticsReport: ...
    def position(self, contact_id: str | int) -> Position | None: ...
    def estimate_wait(
        self,
        contact_id: str | int | None = None,
        *,
        queue_id: str | None = None,
        channel: str | None = None,
        requires: str | None = None,
        tier: int | None = None,
        head_start_us: int | None = None,
    ) -> WaitEstimate | None: ...
    def explain(self, contact_id: str | int) -> Explanation | None: ...
    def match(
        self,
        requirement: str | None,
        queue_id: str,
        channel: str,
        *,
        tier: int | None = None,
        cost: int | None = None,
        attributes: Mapping[str, AttributeValue] | None = None,
        excluded: list[str] | None = None,
        scores: Mapping[str, int] | None = None,
        preferred: list[str] | None = None,
        preferred_wait_us: int | None = None,
        preferred_scope: PreferredScope | None = None,
        preferred_requires: bool | None = None,
        in_queue_us: int = 0,
        readiness: Readiness | None = None,
        after: str | int | None = None,
        limit: int = 100,
    ) -> list[AgentMatch]: ...

def last_seq(engine: Engine) -> int: ...
def config_of(engine: Engine) -> Config: ...
def adopt(engine: Engine) -> None: ...
def watch_offer(engine: Engine, offer: int, told: Callable[[Names, int, int, int], None]) -> Watch: ...
