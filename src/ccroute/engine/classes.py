"""Contact classes: contacts that the same agents may serve at the same cost, found by name and kept in the matrix.

A class is a queue, a channel, a cost of its own and the requirement in force, folded until it reads only the agent.
Classes without contacts stay until room is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from ccroute.config import Config, Queue, resolve_select
from ccroute.engine.profiles import Profiles
from ccroute.errors import UnknownName
from ccroute.requirement import (
    AgentView,
    ContactView,
    Expression,
    QueueView,
    Requirement,
    Score,
    atoms,
    column_of_skill,
    conjoin,
    fold,
    outcome,
    parse,
    parse_score,
    row,
    score_of,
)
from ccroute.requirement.syntax import BoolLiteral, Compare, DecimalLiteral, IntLiteral, SkillLevel
from ccroute.types import SelectKey

if TYPE_CHECKING:
    from ccroute.core.acd import Acd

__all__ = ["ClassSpec", "Classes"]

REQUIREMENTS_CACHED_MAX: Final = 65_536
_SCORE_ERROR: Final = -(2**63) + 1
_TRUE: Final = BoolLiteral(value=True)


class ClassSpec(NamedTuple):
    """What makes a class, in names that outlive a process."""

    queue: int
    channel: int
    own_cost: int
    """-1: contacts bring none."""
    requirement: Expression
    """The requirement in force, folded until it reads only the agent."""
    skills: tuple[str, ...]
    """Skills that the requirement in force names, for ``skill_sum``; empty where the queue does not select by it."""


class Classes:
    """The classes of one floor."""

    def __init__(
        self, acd: Acd, config: Config, agents: list[AgentView], profiles: Profiles, channel_ids: list[str]
    ) -> None:
        self._acd = acd
        self._profiles = profiles
        self.agents = agents
        """What expressions see of each agent, by slot."""
        self._channel_ids = channel_ids
        self._classes_max = config.engine.classes_max
        self._queues = list(config.queues.values())
        self._queue_views = [QueueView(id=id_, attributes=queue.attributes) for id_, queue in config.queues.items()]
        self._queue_requires = [None if queue.requires is None else parse(queue.requires) for queue in self._queues]
        keys = [{key for key, _ in resolve_select(queue)} for queue in self._queues]
        self._sums_skills = [SelectKey.SKILL_SUM in chosen for chosen in keys]
        self._scores = [
            self._folded_score(queue, view) if SelectKey.SCORE in chosen else None
            for queue, view, chosen in zip(self._queues, self._queue_views, keys, strict=True)
        ]
        self._known_skills = set(config.skills).union(*(agent.skills for agent in agents))
        self.requirements: dict[str, Requirement] = {}
        """Texts that were read and found right; what is in here needs no second look."""
        self._slots: dict[ClassSpec, int] = {}
        self._specs: dict[int, ClassSpec] = {}
        self.quick: dict[tuple[int, int, int, str | None], int] = {}
        """Slot by queue, channel, own cost and own text, for classes that hang on nothing else of the contact."""

    def requirement(self, text: str) -> Requirement:
        """Return the requirement of a text, read once.

        :raises RequirementError: the text is none.
        :raises UnknownName: it names a skill that is not declared and that no agent has.
        """
        known = self.requirements.get(text)
        if known is not None:
            return known
        requirement = parse(text)
        for skill in requirement.skills:
            if skill not in self._known_skills:
                column = column_of_skill(text, skill)
                raise UnknownName("requires", skill, f"a skill that is declared or that an agent has (column {column})")
        if len(self.requirements) >= REQUIREMENTS_CACHED_MAX:
            self.requirements.clear()
        self.requirements[text] = requirement
        return requirement

    def slot_for(
        self,
        queue: int,
        channel: int,
        own_cost: int,
        requires: str | None,
        tier: int | None,
        attributes: Mapping[str, Any],
        leaving: int = -1,
    ) -> int:
        """Return the slot of a contact's class that is not in ``quick``, opened where it is new.

        -1 where ``classes_max`` hold contacts.
        ``leaving`` is the class that the contact is in so far; if it is alone there, its going makes room.
        """
        own = None if requires is None else self.requirement(requires)
        parts = [part for part in (self._queue_requires[queue], own) if part is not None]
        view = ContactView(channel=self._channel_ids[channel], tier=tier, attributes=attributes)
        expression: Expression = _TRUE
        for part in parts:
            expression = conjoin(expression, fold(part.expression, view, self._queue_views[queue]))
        expression = fold(expression, view, self._queue_views[queue])
        skills = _named(parts) if self._sums_skills[queue] else ()
        spec = ClassSpec(queue, channel, own_cost, expression, skills)
        slot = self._slots.get(spec)
        if slot is None:
            slot = self._open(spec, leaving)
        if slot >= 0 and not any(part.reads_contact for part in parts):
            if len(self.quick) >= REQUIREMENTS_CACHED_MAX:
                self.quick.clear()
            self.quick[queue, channel, own_cost, requires] = slot
        return slot

    def trim(self) -> None:
        """Free the class that a contact left for one too many."""
        if len(self._slots) > self._classes_max:
            self._sweep()

    def spec(self, slot: int) -> ClassSpec:
        """Return what makes a class."""
        return self._specs[slot]

    def restore(self, spec: ClassSpec) -> int:
        """Open the class of a snapshot and return its slot."""
        slot = self._slots.get(spec)
        return self._open(spec, -1) if slot is None else slot

    def _open(self, spec: ClassSpec, leaving: int) -> int:
        if len(self._slots) >= self._classes_max:
            self._sweep()
        if len(self._slots) >= self._classes_max and (leaving < 0 or self._acd.class_refs(leaving) > 1):
            return -1
        before = self._profiles.everyone
        self._observe(spec)
        split_off = self._profiles.everyone & ~before
        slot = self._acd.open_class(spec.queue, spec.channel, spec.own_cost)
        if split_off:
            for one in self._specs:
                self._fill(one, split_off)
        self._slots[spec] = slot
        self._specs[slot] = spec
        self._fill(slot, self._profiles.everyone)
        return slot

    def _observe(self, spec: ClassSpec) -> None:
        """Look at everything in agents that a class asks for; profiles may be split."""
        for atom in atoms(spec.requirement):
            self._profiles.observe(atom, _outcome_of(atom))
        for skill in spec.skills:
            self._profiles.observe(("level", skill), _level_of(skill))
        score = self._scores[spec.queue]
        if score is not None:
            self._profiles.observe(score, lambda agent: score_of(score, agent, None, None))

    def _fill(self, slot: int, only: int) -> None:
        """State in the matrix which of some profiles (a row) serve a class, and their sums and scores."""
        spec, profiles = self._specs[slot], self._profiles
        rows = [(atom, profiles.rows(atom)) for atom in atoms(spec.requirement)]
        is_true = {atom: by_value.get(1, 0) for atom, by_value in rows}
        is_false = {atom: by_value.get(0, 0) for atom, by_value in rows}
        allowed = row(spec.requirement, is_true, is_false, profiles.everyone) & only
        for rank, served in sorted(profiles.rank_rows(spec.queue).items()):
            bits = _bits(served & allowed)
            if bits:
                self._acd.serve(slot, rank, bits)
        self._fill_values(slot, spec, only)

    def _fill_values(self, slot: int, spec: ClassSpec, only: int) -> None:
        if self._sums_skills[spec.queue]:
            sums = dict.fromkeys(_bits(only), 0)
            for skill in spec.skills:
                for level, holders in self._profiles.rows(("level", skill)).items():
                    for profile in _bits(holders & only):
                        sums[profile] += cast(int, level)  # the observable's own values
            for profile, total in sums.items():
                self._acd.value(slot, profile, False, total)
        score = self._scores[spec.queue]
        if score is not None:
            for value, holders in self._profiles.rows(score).items():
                for profile in _bits(holders & only):
                    self._acd.value(slot, profile, True, _SCORE_ERROR if value is None else cast(int, value))

    def _sweep(self) -> None:
        """Free the classes that hold no contact."""
        for spec, slot in list(self._slots.items()):
            if self._acd.class_refs(slot) == 0:
                self._acd.close_class(slot)
                del self._slots[spec], self._specs[slot]
        self.quick.clear()

    @staticmethod
    def _folded_score(queue: Queue, view: QueueView) -> Score:
        assert queue.score is not None
        return Score(fold(parse_score(queue.score).expression, None, view))


def _named(parts: list[Requirement]) -> tuple[str, ...]:
    return tuple(sorted({skill for part in parts for skill in part.skills}))


def _level_of(skill: str) -> Callable[[AgentView], int]:
    return lambda agent: agent.skills.get(skill, 0)


def _outcome_of(atom: Expression) -> Callable[[AgentView], int]:
    """Return how an atom comes out for an agent; found once per level where it compares a skill with a number."""
    match atom:
        case Compare(left=SkillLevel(skill=skill), right=IntLiteral() | DecimalLiteral()):
            known: dict[int, int] = {}

            def by_level(agent: AgentView) -> int:
                level = agent.skills.get(skill, 0)
                if level not in known:
                    known[level] = outcome(atom, agent)
                return known[level]

            return by_level
        case _:
            return lambda agent: outcome(atom, agent)


def _bits(row_of_profiles: int) -> list[int]:
    """Return the positions of the bits that are set, lowest first."""
    found = []
    while row_of_profiles:
        lowest = row_of_profiles & -row_of_profiles
        found.append(lowest.bit_length() - 1)
        row_of_profiles ^= lowest
    return found
