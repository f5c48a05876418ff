"""Values that random worlds and their hosts choose from, and how they choose."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final

from ccroute.types import AttributeValue

CHANNELS: Final = ("voice", "chat", "email", "pigeon")
SKILLS: Final = ("s0", "s1", "s2")
REQUIREMENTS: Final = (
    "agent.skills.s0 >= 1",
    "agent.skills.s1 >= 50",
    "agent.skills.s0 >= 0 && agent.skills.s2 >= 0",
    "agent.skills.s0 >= 30 && agent.skills.s1 >= 10",
    'agent.skills.s2 > 10 || agent.attributes.lang == "de"',
    "!(agent.attributes.n > 3)",
    "has(agent.attributes.lang) && agent.skills.s1 >= 0",
    '"x" in agent.attributes.tags',
    'agent.id in ["a0", "a2"]',
    'agent.id != "a1"',
    "agent.attributes.lang == queue.attributes.lang",
    "agent.attributes.lang == contact.attributes.lang",
    "agent.skills.s2 >= contact.attributes.level",
    "agent.attributes.lang in contact.attributes.langs || agent.attributes.vip",
    "contact.attributes.level > 1 && agent.skills.s0 > 0 || contact.attributes.level <= 1",
    "agent.attributes.mix > 1",
)
CONDITIONS: Final = (
    'contact.channel == "voice"',
    "contact.tier >= 1",
    "contact.attributes.level > 1",
    "!(contact.attributes.level > 1)",
    "has(contact.attributes.lang) && contact.attributes.lang == queue.attributes.lang",
    'queue.id == "q0"',
    "queue.waiting > 1",
    "queue.waiting <= 2",
    "queue.oldest_us >= 5",
    "queue.oldest_us < 12",
    "queue.online > 0",
    "queue.available == 0",
    "queue.away >= 1 || queue.free == 0",
    "queue.free > 0",
    "queue.free <= queue.available && queue.online >= queue.away",
)
"""Conditions of steps of plans, over contact, queue and now-figures."""
SOME_AGENTS: Final = ("a0", "a1", "a2", "ghost")
DAY_US: Final = 24 * 3600 * 1_000_000


def one_in(random: Random, many: int) -> bool:
    """Return true once in so many times."""
    return random.randrange(many) == many - 1


def pick(random: Random, values: Sequence[Any]) -> Any:
    """Return one of the values."""
    return values[random.randrange(len(values))]


def some(random: Random, values: Sequence[str]) -> list[str]:
    """Return about half of the values, in their order."""
    return [value for value in values if random.randrange(2)]


class Chooser:
    """Chooses for a centre with some features."""

    def __init__(self, random: Random, features: Sequence[str]) -> None:
        self.random = random
        self.features = features
        self.named_agents: Sequence[str] = SOME_AGENTS
        """Agents that contacts name; their own wishes may name such as are not there."""

    def _pick(self, *values: Any) -> Any:
        return pick(self.random, values)

    def _one_in(self, many: int) -> bool:
        return one_in(self.random, many)

    def _has(self, *features: str) -> bool:
        return any(feature in self.features for feature in features)

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels by which contacts come."""
        return (*CHANNELS, "callback") if self._has("callbacks") else CHANNELS

    # ---- what a contact asks of its routing

    def _requirement(self) -> str:
        return random_requirement(self.random, easy=bool(self.random.randrange(2)))

    def _head_start(self) -> int | None:
        head_start: int | None = self._pick(None, None, None, 0, 2, 5, -3, 90_000_000, 90 * DAY_US, -90 * DAY_US)
        return head_start

    def _scores(self) -> dict[str, int]:
        return {agent: self.random.randrange(-2, 4) for agent in some(self.random, self.named_agents)}

    def _attributes(self) -> dict[str, AttributeValue]:
        attributes: dict[str, AttributeValue] = {}
        if self.random.randrange(2):
            attributes["lang"] = self._pick("de", "en")
        if self.random.randrange(2):
            attributes["level"] = self._pick(0, 1, 40, 60)
        if self._one_in(3):
            attributes["langs"] = some(self.random, ("de", "en"))
        return attributes

    def _preferred(self) -> list[str]:
        """Return preferred agents, mostly one."""
        many = self.random.randrange(3) == 0 or not self.named_agents
        return some(self.random, self.named_agents) if many else [self._pick(*self.named_agents[:3])]


def random_requirement(random: Random, *, easy: bool) -> str:
    """Return a requirement."""
    return str(pick(random, REQUIREMENTS[:3] if easy else REQUIREMENTS))
