"""Small contact centres, made by ``random.Random`` or, through its look-alike, by hypothesis.

Every choice lists the plainest value first, so that hypothesis shrinks towards it. Durations are a few microseconds, so
that offers, wrap-ups, cool-downs and guards end together often.

A world has some of the *features*: what a centre can do beyond offers, legs and transfers. A feature shapes the
configuration, the commands (:mod:`tests.requests`) or both. Worlds have none, one, two or all of them, so that
each is seen alone, with each other one, and in the crowd.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from ccroute.config import check
from ccroute.config.structs import (
    Agent,
    AgentChannel,
    AgentQueue,
    Channel,
    Config,
    EngineSettings,
    Limits,
    Offer,
    Queue,
    Skill,
)
from ccroute.types import AttributeValue, KeepsPlace, OfferMode, Order, Preempt, Victim
from tests.choices import CHANNELS, SKILLS, Chooser, one_in, pick, random_requirement, some
from tests.plans import Plans

FEATURES: Final = (
    "interrupts",
    "preempt_offers",
    "preempt_work",
    "broadcast",
    "reserve",
    "after",
    "overdue",
    "manual",
    "rank_first",
    "load",
    "pick",
    "assign",
    "requeue",
    "connect_failed",
    "cooldowns",
    "warm",
    "direct",
    "consult",
    "conference",
    "park",
    "change",
    "channel",
    "plans",
    "own_plans",
    "limits",
    "expedite",
    "preferred",
    "scheduled",
    "callbacks",
    "hours",
    "lease",
    "live_configuration",
    "versions",
    "no_queue",
    "parked_in",
    "kept_transfer",
)
TRIES_MAX: Final = 50
"""Configurations drawn for a world; the rare ones whose plans lead in a circle are thrown away."""
PREEMPTS: Final = ("preempt_offers", "preempt_work")
SCORES: Final = (
    "agent.skills.s0",
    "agent.attributes.n * 10 + agent.skills.s1",
    "3 - agent.skills.s2",
    "agent.attributes.n",
)
SHORT_FORMS: Final = (
    "longest_idle",
    "least_loaded",
    "most_skilled",
    "least_skilled",
    "round_robin",
    "fewest_handled",
    "in_order",
    "best_score",
)
SELECT_KEYS: Final = ("idle", "load", "skill_sum", "last_offer", "handled", "listed", "score", "given_score")


@dataclass(frozen=True, kw_only=True)
class World:
    """A contact centre and what goes on in it."""

    config: Config
    features: tuple[str, ...]
    """Those of :data:`FEATURES` it has, in their order."""
    contact_ids: tuple[str, ...]
    """Ids that the host gives its contacts; few, so that they are used again."""
    is_busy: bool
    """Agents stay and accept, and work is seldom done, so that it is in the way of other work."""


# ---- worlds


def random_world(random: Random, focus: Sequence[str] = (), among: Sequence[str] = FEATURES) -> World:
    """Make a world that passes every check of configurations; it has the features of the focus, and maybe others.

    In half of the worlds nearly everybody can serve nearly everything, so that there is a choice among agents. One in
    three is crowded: more agents and, above all, more contacts. Where contacts can take something from each other, most
    worlds are busy.
    """
    features = _random_features(random, focus, among)
    is_crowded = one_in(random, 3)
    takes = any(feature in features for feature in (*PREEMPTS, "interrupts"))
    is_busy = bool(random.randrange(4)) if takes else one_in(random, 4)
    agents = [f"a{number}" for number in range(3 + random.randrange(6) if is_crowded else 1 + random.randrange(5))]
    queues = [f"q{number}" for number in range(1 + random.randrange(4 if is_crowded else 3))]
    draft = Draft(random, features, agents, queues, is_busy=is_busy)
    configs = (draft.config() for _ in range(TRIES_MAX))
    return World(
        config=next(config for config in configs if not check(config)),
        features=features,
        is_busy=is_busy,
        contact_ids=tuple(f"c{number}" for number in range(24 if is_crowded else 14)),
    )


def _random_features(random: Random, focus: Sequence[str], among: Sequence[str]) -> tuple[str, ...]:
    many = pick(random, (len(among), 0, 1, 1, 2, 2, len(among)))
    chosen = [*focus, *random.sample(among, min(many, len(among)))]
    if any(feature in PREEMPTS for feature in chosen) and "rank_first" in chosen:
        ranks = "rank_first" in focus or (one_in(random, 4) and not any(feature in PREEMPTS for feature in focus))
        chosen = [one for one in chosen if not (one in PREEMPTS if ranks else one == "rank_first")]
    return tuple(feature for feature in FEATURES if feature in chosen)


def configs() -> st.SearchStrategy[Config]:
    """Make configurations with all features; they shrink to few agents and plain values."""
    return worlds().map(lambda world: world.config)


def worlds() -> st.SearchStrategy[World]:
    """Make worlds; they shrink to few agents and plain values."""
    return st.randoms(use_true_random=False).map(random_world)


class Draft(Chooser):
    """A configuration that is being made."""

    def __init__(
        self, random: Random, features: Sequence[str], agents: list[str], queues: list[str], *, is_busy: bool
    ) -> None:
        super().__init__(random, features)
        self.agents = agents
        self.queues = queues
        self.is_busy = is_busy
        self.easy = is_busy or bool(random.randrange(2))
        self.plans = Plans(random, features, queues, agents)

    def config(self) -> Config:
        """Return a whole configuration."""
        return Config(
            engine=EngineSettings(
                retain_us=self._pick(300_000_000, 0, 4, 12),
                command_ids_max=self._pick(65_536, 0, 1, 3),
                jump_max_us=20 if self._one_in(10) else None,
                idle_grace_us=self._pick(300_000_000, 0, 3),
                classes_max=1 + self.random.randrange(3) if self._one_in(8) else 16_384,
                contacts_max=1 + self.random.randrange(6) if self._one_in(12) else 1_000_000,
                agents_max=100,
                order=Order.RANK if "rank_first" in self.features else Order.TIER,
            ),
            skills={skill: Skill() for skill in SKILLS},
            channels=self.all_channels(),
            queues={queue: self.queue(queue) for queue in self.queues},
            agents={agent: self.agent() for agent in self.agents},
        )

    # ---- channels

    def all_channels(self) -> dict[str, Channel]:
        """Return channels; one may interrupt only those behind it in an order drawn anew."""
        order = self.random.sample(CHANNELS, len(CHANNELS)) if self._one_in(3) else list(CHANNELS)
        interrupts: dict[str, list[str]] = {channel: [] for channel in CHANNELS}
        if self._has("interrupts"):
            interrupts = {
                channel: [one for one in order[at + 1 :] if self.random.randrange(3)]
                for at, channel in enumerate(order)
            }
        given_way = [channel for others in interrupts.values() for channel in others]
        channels = {}
        for channel in CHANNELS:
            gives_way = channel in given_way
            if gives_way or interrupts[channel] or channel == "pigeon" or self._one_in(5) or self._has("preempt_work"):
                channels[channel] = self._channel(interrupts[channel], gives_way)
        return channels

    def _channel(self, interrupts: list[str], gives_way: bool) -> Channel:
        live = self._pick(None, True, False)
        suspendable = self._pick(None, True, *((True, True) if self._has("preempt_work") else ()), False)
        if gives_way and not (live is False and suspendable is None):
            suspendable = True
        return Channel(
            cost=self._pick(None, 30, 50, 100, 100 if self.is_busy else 0),
            live=live,
            away_after=self._away_after(),
            suspendable=suspendable,
            interrupts=interrupts,
        )

    # ---- queues

    def queue(self, id_: str) -> Queue:
        """Return a queue; ids tell which queues come later."""
        select = self._select()
        needs_score = any(key.startswith("score") for key in ([select] if isinstance(select, str) else select))
        return Queue(
            requires=self._requirement() if self._one_in(6 if self.is_busy else 3) else None,
            members="all" if self._one_in(2 if self.easy else 4) else "listed",
            select=select,
            order_list=self.random.sample(self.agents, self.random.randrange(len(self.agents) + 1)),
            score=self._pick(*SCORES) if needs_score or self._one_in(3) else None,
            offer=self._offer(),
            cost=self._pick(None, None, 30, 50, 100 if self.is_busy else 0),
            wrap_up_us=self._pick(0, *((0, 0) if self._has("direct") else ()), 2, 5, "unlimited"),
            cooldown_us=self._pick(5, 0, 1, 2, 30),
            offers_max_per_contact=self._pick(20, 1, 2, 3),
            away_after=self._away_after(),
            ageing=self._pick(1_000, 1_000, 0, -1_000, 1, 500, 1_500, -7, 1_000_000),
            tier=self._pick(0, 0, 0, 1, -1),
            head_start_us=self._pick(0, 0, 3, -2, 90_000_000),
            keeps_place=self._pick(*KeepsPlace),
            attributes={"lang": self._pick("de", "en")} if self._one_in(2) else {},
            paused=self._one_in(40 if self.is_busy else 10),
            plan=self.plans.plan(id_) if self._has("plans") and not self._one_in(4) else [],
            prefer=self.plans.prefer(),
            hours=self.plans.hours(id_),
            limits=self.plans.limits() if self._has("limits") and not self._one_in(4) else Limits(),
            callback=self.plans.callback(),
            **self._priority(),
        )

    def _offer(self) -> Offer:
        timeout_us = self._pick(*((40, 10, 200) if self.is_busy else (10, 1, 2, 3, 5, 40)))
        if self._has("manual") and self._one_in(3):
            return Offer(mode=OfferMode.MANUAL, offer_timeout_us=timeout_us)
        if self._has("broadcast") and self.random.randrange(3):
            k = self._pick(2, 1, 3, 5)
            offers_min = 1 + self.random.randrange(k) if self.random.randrange(2) else 1
            return Offer(mode=OfferMode.BROADCAST, offer_timeout_us=timeout_us, k=k, offers_min=offers_min)
        return Offer(mode=self._pick(OfferMode.RING, OfferMode.RING, OfferMode.AUTO), offer_timeout_us=timeout_us)

    def _away_after(self) -> int | None:
        away_after: int | None = self._pick(0, None, 0, 3) if self.is_busy else self._pick(None, 0, 1, 2)
        return away_after

    def _priority(self) -> dict[str, Any]:
        """Return what a queue's contacts may do to others, and how long they wait for it."""
        keys: dict[str, Any] = {}
        if self._has("overdue") and self.random.randrange(3):
            keys["overdue_after_us"] = self._pick(5, 1, 2, 12, 30)
        preempts = [Preempt.OFFERS] * self._has("preempt_offers") + [Preempt.WORK] * (2 * self._has("preempt_work"))
        if preempts:
            # Bounds and guards of the victims' queues count as well, so every queue has some.
            keys["preempt"] = Preempt.NEVER if self._one_in(5) else self._pick(*preempts)
            keys["preempt_from"] = self._pick(1, 0, 0, 2, -1)
            keys["victim"] = self._pick(*Victim)
            keys["preempt_guard_us"] = self._pick(0, 0, 0, 2, 4, 9)
            keys["displaced_max"] = self._pick(2, 0, 1, 100)
            keys["displaced_work_max"] = self._pick(None, None, None, 0, 1, 3)
        return keys

    def _requirement(self) -> str:
        """Return a requirement; an easy one holds for nearly everybody and names skills, as ``skill_sum`` wants it."""
        return random_requirement(self.random, easy=self.easy)

    def _select(self) -> str | list[str]:
        if self.random.randrange(2):
            return str(self._pick(*SHORT_FORMS))
        keys = self.random.sample(SELECT_KEYS, 1 + self.random.randrange(3))
        return [key + self._pick("", " asc", " desc") for key in keys]

    # ---- agents

    def agent(self) -> Agent:
        """Return an agent."""
        capacities = (100, 200, 250, 300, 500) if self.easy else (100, 100, 60, 200, 300, 1)
        capacity = self._pick(*((100, 130, 200) if self.is_busy else capacities))
        many = 3 if self._has("channel") or not self.easy else 12
        return Agent(
            skills={skill: self._pick(1, 10, 40, 60, 100) for skill in SKILLS if self.random.randrange(4)},
            queues={queue: self._serves() for queue in self.queues if not self._one_in(4)},
            capacity=capacity,
            reserve=self._reserve(capacity) if self._has("reserve") else {},
            channels={channel: self._takes() for channel in CHANNELS if self._one_in(many)},
            channels_closed=not self.easy and self._one_in(8),
            offers_max=1 + self.random.randrange(3),
            attributes=self._agent_attributes(),
            **self.plans.lease(),
        )

    def _serves(self) -> int | AgentQueue:
        rank: int = self._pick(*((1, 1, 1, 1, 2) if self.easy else (1, 1, 2, 3)))
        after_us = self._pick(0, 0, 3, 1, 8) if self._has("after") else 0
        return AgentQueue(rank=rank, after_us=after_us) if after_us or self.random.randrange(2) else rank

    def _takes(self) -> AgentChannel:
        return AgentChannel(
            cost=self._pick(None, None, 0, 30, 50, 100), max=self._pick(None, 1, 2, 0), blocked=self._one_in(8)
        )

    def _reserve(self, capacity: int) -> dict[str, int]:
        reserve, left = {}, capacity
        for channel in CHANNELS:
            if self.random.randrange(2):
                reserve[channel] = min(left, self._pick(30, 50, 100, 0))
                left -= reserve[channel]
        return reserve

    def _agent_attributes(self) -> dict[str, AttributeValue]:
        attributes: dict[str, AttributeValue] = {}
        if self.random.randrange(2):
            attributes["lang"] = self._pick("de", "en")
        if self.random.randrange(2):
            attributes["n"] = self.random.randrange(6)
        if self._one_in(3):
            attributes["tags"] = some(self.random, ("x", "y"))
        if self._one_in(3):
            attributes["vip"] = self._one_in(2)
        if self._one_in(3):
            attributes["mix"] = self._pick(2, "2", True)
        return attributes
