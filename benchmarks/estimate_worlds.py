"""Contact centres in which estimates of waiting times are tried out, made from seeds."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from benchmarks.traces import SERVICE_S, make
from ccroute import Config
from ccroute.bench.trace_engine import floor_config
from ccroute.config import Agent, AgentQueue, EngineSettings, Offer, Queue, ServiceLevel
from ccroute.types import OfferMode

US_PER_S: Final = 1_000_000
NEVER: Final = -1
HANDLING_S: Final = 180.0
PATIENCE_S: Final = 240.0


@dataclass(frozen=True, kw_only=True)
class Caller:
    """One who will contact."""

    at_us: int
    queue_id: str
    handling_us: int
    patience_us: int
    """-1: waits for ever."""
    channel: str = "voice"
    requires: str | None = None
    tier: int | None = None
    head_start_us: int | None = None


@dataclass(frozen=True, kw_only=True)
class World:
    """A contact centre and those who contact it."""

    what: str
    config: Config
    callers: Callable[[random.Random, int], Iterator[Caller]]
    contacts: int
    """How many make a whole run."""
    presences: tuple[tuple[int, str, bool], ...] = ()
    """Moment, agent, whether it comes back from a break or goes into one when its work ends."""
    kinds: Callable[[Caller], str] = lambda caller: "all"
    """What its figures are told apart by."""


def worlds() -> dict[str, World]:
    """Return every world by name."""
    return {
        **{f"load {load}": _one_queue(load) for load in (0.7, 0.85, 0.95, 1.1)},
        "4 agents": _one_queue(0.9, agents=4),
        "for ever": _one_queue(0.95, patience_s=None),
        "lognormal": _one_queue(0.95, handle=_lognormal),
        "constant": _one_queue(0.95, handle=_constant),
        "VIPs": _vips(),
        "head start": _head_starts(),
        "skills": _skills(),
        "backup": _backup(),
        "rush hour": _rush(),
        "breaks": _breaks(),
        "blended": _blended(),
        "trace C": _trace_c(),
    }


def _exponential(pick: random.Random) -> int:
    return max(1, round(pick.expovariate(1 / HANDLING_S) * US_PER_S))


def _lognormal(pick: random.Random) -> int:
    """Handling times as calls have them: the same mean, standard deviation 1.2 times that."""
    sigma = math.sqrt(math.log(1 + 1.2**2))
    return max(1, round(pick.lognormvariate(math.log(HANDLING_S) - sigma**2 / 2, sigma) * US_PER_S))


def _constant(pick: random.Random) -> int:
    return round(HANDLING_S * US_PER_S)


def _patience(pick: random.Random, mean_s: float | None) -> int:
    return NEVER if mean_s is None else max(1, round(pick.expovariate(1 / mean_s) * US_PER_S))


def _settings() -> EngineSettings:
    return EngineSettings(command_ids_max=0)


def _queue(**fields: object) -> Queue:
    return Queue(offer=Offer(mode=OfferMode.AUTO), service_level=ServiceLevel(), **fields)  # type: ignore[arg-type]


def _agents(count: int, queues: dict[str, int | AgentQueue], prefix: str = "a") -> dict[str, Agent]:
    return {f"{prefix}{number}": Agent(queues=queues) for number in range(count)}


def _moments(pick: random.Random, rate_s: Callable[[float], float], rate_max_s: float) -> Iterator[int]:
    """Yield the moments of a Poisson process whose rate changes with time, by thinning."""
    now_s = 0.0
    while True:
        now_s += pick.expovariate(rate_max_s)
        if pick.random() * rate_max_s < rate_s(now_s):
            yield round(now_s * US_PER_S)


def _one_queue(
    load: float,
    *,
    agents: int = 20,
    patience_s: float | None = PATIENCE_S,
    handle: Callable[[random.Random], int] = _exponential,
) -> World:
    rate = load * agents / HANDLING_S

    def callers(pick: random.Random, count: int) -> Iterator[Caller]:
        for at_us in itertools.islice(_moments(pick, lambda now: rate, rate), count):
            yield Caller(at_us=at_us, queue_id="q", handling_us=handle(pick), patience_us=_patience(pick, patience_s))

    kinds = {_lognormal: "handling times log-normal", _constant: "handling times constant"}
    kind = kinds.get(handle, "M/M/n")
    patience = "without abandonment" if patience_s is None else "with abandonment"
    return World(
        what=f"{kind} {patience}, {agents} agents, load {load}",
        config=Config(engine=_settings(), queues={"q": _queue()}, agents=_agents(agents, {"q": 1})),
        callers=callers,
        contacts=60_000 if load < 0.8 else 30_000,
    )


def _vips() -> World:
    rate = 0.97 * 30 / HANDLING_S

    def callers(pick: random.Random, count: int) -> Iterator[Caller]:
        for at_us in itertools.islice(_moments(pick, lambda now: rate, rate), count):
            yield Caller(
                at_us=at_us,
                queue_id="q",
                handling_us=_exponential(pick),
                patience_us=_patience(pick, PATIENCE_S),
                tier=1 if pick.random() < 0.2 else 0,
            )

    return World(
        what="one queue, 30 agents, load 0.97, 20 % VIPs of a higher tier",
        config=Config(engine=_settings(), queues={"q": _queue()}, agents=_agents(30, {"q": 1})),
        callers=callers,
        contacts=30_000,
        kinds=lambda caller: "VIP" if caller.tier else "normal",
    )


def _head_starts() -> World:
    rate = 0.97 * 30 / HANDLING_S

    def callers(pick: random.Random, count: int) -> Iterator[Caller]:
        for at_us in itertools.islice(_moments(pick, lambda now: rate, rate), count):
            yield Caller(
                at_us=at_us,
                queue_id="q",
                handling_us=_exponential(pick),
                patience_us=_patience(pick, PATIENCE_S),
                head_start_us=90 * US_PER_S if pick.random() < 0.3 else 0,
            )

    return World(
        what="one queue, 30 agents, load 0.97, 30 % with a head start of 90 s",
        config=Config(engine=_settings(), queues={"q": _queue()}, agents=_agents(30, {"q": 1})),
        callers=callers,
        contacts=30_000,
        kinds=lambda caller: "ahead" if caller.head_start_us else "normal",
    )


def _skills() -> World:
    shares = {"cards": 0.5, "loans": 0.3, "fraud": 0.2}
    rate = 0.95 * 36 / HANDLING_S

    def callers(pick: random.Random, count: int) -> Iterator[Caller]:
        for at_us in itertools.islice(_moments(pick, lambda now: rate, rate), count):
            (queue_id,) = pick.choices(list(shares), list(shares.values()))
            yield Caller(
                at_us=at_us,
                queue_id=queue_id,
                handling_us=_exponential(pick) * (2 if queue_id == "fraud" else 1),
                patience_us=_patience(pick, PATIENCE_S),
            )

    agents = {
        **_agents(14, {"cards": 1}, "c"),
        **_agents(12, {"cards": 1, "loans": 1}, "l"),
        **_agents(17, {"loans": 1, "fraud": 1}, "f"),
    }
    return World(
        what="three queues, 43 agents of three groups that overlap, one queue with handling times twice as long",
        config=Config(engine=_settings(), queues={name: _queue() for name in shares}, agents=agents),
        callers=callers,
        contacts=40_000,
        kinds=lambda caller: caller.queue_id,
    )


def _backup() -> World:
    rate = 0.97 * 30 / HANDLING_S

    def callers(pick: random.Random, count: int) -> Iterator[Caller]:
        for at_us in itertools.islice(_moments(pick, lambda now: rate, rate), count):
            yield Caller(
                at_us=at_us,
                queue_id="small" if pick.random() < 0.4 else "large",
                handling_us=_exponential(pick),
                patience_us=_patience(pick, PATIENCE_S),
            )

    agents = {
        **_agents(10, {"small": 1}, "s"),
        **_agents(12, {"large": 1, "small": 2}, "b"),
        **_agents(8, {"large": 1}, "l"),
    }
    return World(
        what="two queues, 30 agents, 12 of the large queue back up the small one at rank 2",
        config=Config(engine=_settings(), queues={"small": _queue(), "large": _queue()}, agents=agents),
        callers=callers,
        contacts=40_000,
        kinds=lambda caller: caller.queue_id,
    )


def _rush() -> World:
    mean = 20 / HANDLING_S
    top = 1.4 * mean

    def rate(now_s: float) -> float:
        # Up from 0.6 to 1.4 of what the agents can do and down again, every four hours.
        return mean * (1 - 0.4 * math.cos(now_s * 2 * math.pi / 14_400))

    def callers(pick: random.Random, count: int) -> Iterator[Caller]:
        for at_us in itertools.islice(_moments(pick, rate, top), count):
            yield Caller(
                at_us=at_us, queue_id="q", handling_us=_exponential(pick), patience_us=_patience(pick, PATIENCE_S)
            )

    return World(
        what="one queue, 20 agents, load that goes from 0.6 to 1.4 and back in four hours",
        config=Config(engine=_settings(), queues={"q": _queue()}, agents=_agents(20, {"q": 1})),
        callers=callers,
        contacts=30_000,
    )


def _breaks() -> World:
    agents, rate = 24, 20 / HANDLING_S

    def callers(pick: random.Random, count: int) -> Iterator[Caller]:
        for at_us in itertools.islice(_moments(pick, lambda now: rate, rate), count):
            yield Caller(
                at_us=at_us, queue_id="q", handling_us=_exponential(pick), patience_us=_patience(pick, PATIENCE_S)
            )

    # Every hour a third of them goes into a break of twenty minutes together.
    presences = [
        (round((hour * 3600 + end * 1200) * US_PER_S), f"a{number}", bool(end))
        for hour in range(1, 80)
        for end in (0, 1)
        for number in range(hour % 3, agents, 3)
    ]
    return World(
        what="one queue, 24 agents, load 0.83, a third of them in a break for the first twenty minutes of each hour",
        config=Config(engine=_settings(), queues={"q": _queue()}, agents=_agents(agents, {"q": 1})),
        callers=callers,
        contacts=30_000,
        presences=tuple(presences),
    )


def _blended() -> World:
    rate = 0.1

    def callers(pick: random.Random, count: int) -> Iterator[Caller]:
        for at_us in itertools.islice(_moments(pick, lambda now: rate, rate), count):
            is_chat = pick.random() < 0.5
            yield Caller(
                at_us=at_us,
                queue_id="q",
                channel="chat" if is_chat else "voice",
                handling_us=_exponential(pick) * (2 if is_chat else 1),
                patience_us=_patience(pick, PATIENCE_S),
            )

    return World(
        what="one queue, 16 agents with 100 units, calls of 100 units and chats of 30 that take twice as long",
        config=Config(engine=_settings(), queues={"q": _queue()}, agents=_agents(16, {"q": 1})),
        callers=callers,
        contacts=30_000,
        kinds=lambda caller: caller.channel,
    )


def _trace_c() -> World:
    trace = make("C")

    def callers(pick: random.Random, count: int) -> Iterator[Caller]:
        for arrival_us, skill, vip, service_us, patience_us in itertools.islice(trace.rows, count):
            yield Caller(
                at_us=arrival_us,
                queue_id="all",
                handling_us=service_us,
                patience_us=patience_us,
                requires=f"agent.skills.s{skill} >= 1",
                tier=vip,
            )

    config = msgspec.structs.replace(floor_config(*trace.columns()), engine=_settings())
    return World(
        what=f"recipe C of the traces: 200 agents, 40 profiles, 20 skills, load 0.95, 5 % VIPs, {SERVICE_S} s",
        config=config,
        callers=callers,
        contacts=len(trace.rows),
        kinds=lambda caller: "VIP" if caller.tier else "normal",
    )
