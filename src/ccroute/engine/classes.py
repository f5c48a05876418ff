"""Contact classes: contacts that the same agents may serve at the same cost, found by name and kept in the matrix.

A class is a queue, a channel, a cost of its own and the requirement in force, folded until it reads only the agent. To
the core it is a chain: one class for each time in the queue from which on more agents serve it (``after_us``).

Classes without contacts are freed from time to time, but for those that were asked for again since the last sweep; and
with enough of them what they looked at in agents. When ``classes_max`` classes hold contacts, further contacts go to
the slow class of their queue, channel and cost; which class a contact is in changes no decision, only what it costs.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from ccroute.config import AgentQueue, Config, Queue, resolve_select
from ccroute.engine.names import empty_classes
from ccroute.engine.profiles import Look, Profiles, Service
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

__all__ = ["ClassPlace", "ClassSpec", "Classes"]

REQUIREMENTS_CACHED_MAX: Final = 65_536
SWEEP_FIRST: Final = 64
"""Classes, and things looked at in agents, beyond which sweeping them pays."""
_SCORE_ERROR: Final = -(2**63) + 1
_TRUE: Final = BoolLiteral(value=True)


class ClassSpec(NamedTuple):
    """What makes a class, in names that outlive a process."""

    queue: int
    channel: int
    own_cost: int
    """-1: contacts bring none."""
    requirement: Expression
    """The requirement in force, folded until it reads only the agent; of a slow class: true, its contacts say it."""
    skills: tuple[str, ...]
    """Skills that the requirement in force names, for ``skill_sum``; empty where the queue does not select by it."""
    is_slow: bool
    """Takes contacts for which there is no class any more; each is asked agent by agent."""
    scope: int = 0
    """Of a class of contacts that wait for their preferred agents: 1 where those must serve the queue, 2 where anyone
    will do; 0 of any other class."""


class ClassPlace(NamedTuple):
    """A class and how long its contacts have been in the queue."""

    spec: ClassSpec
    stage: int
    """0 on entering the queue; 1 from the least ``after_us`` of its agents on, and so forth."""


class _Chain(NamedTuple):
    """The core's classes that make one class here."""

    stages: tuple[int, ...]
    """Slots by stage: from each on, more agents serve."""
    companions: tuple[int, ...]
    """Slots by stage, for contacts with an offer out; empty where the queue's ``offers_min`` is 1."""


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
        self._thresholds = _thresholds(config)
        keys = [{key for key, _ in resolve_select(queue)} for queue in self._queues]
        self._sums_skills = [SelectKey.SKILL_SUM in chosen for chosen in keys]
        self._scores = [
            self._folded_score(queue, view) if SelectKey.SCORE in chosen else None
            for queue, view, chosen in zip(self._queues, self._queue_views, keys, strict=True)
        ]
        self._known_skills = set(config.skills).union(*(agent.skills for agent in agents))
        self.requirements: dict[str, Requirement] = {}
        """Texts that were read and found right; what is in here needs no second look."""
        self._chains: dict[ClassSpec, _Chain] = {}
        self._slow: dict[ClassSpec, _Chain] = {}
        self._places: dict[int, ClassPlace] = {}
        self._asked_again: set[ClassSpec] = set()
        self._sweep_at = SWEEP_FIRST
        self._freed_count = 0
        self.quick: dict[tuple[int, int, int, str | None, str | None], int] = {}
        """Slot by queue, channel, own cost, own text and the text a rule put in place of the queue's, for classes that
        hang on nothing else of the contact."""
        self._asks: dict[str, int] = {}

    def requirement(self, text: str, argument: str = "requires") -> Requirement:
        """Return the requirement of a text, read once.

        :raises RequirementError: the text is none.
        :raises UnknownName: it names a skill that is not declared and that no agent has.
        """
        known = self.requirements.get(text)
        if known is not None:
            return known
        requirement = parse(text, argument=argument)
        for skill in requirement.skills:
            if skill not in self._known_skills:
                column = column_of_skill(text, skill)
                raise UnknownName(argument, skill, f"a skill that is declared or that an agent has (column {column})")
        if len(self.requirements) >= REQUIREMENTS_CACHED_MAX:
            self.requirements.clear()
        self.requirements[text] = requirement
        return requirement

    # ---- finding a class -------------------------------------------------------------------------------------------

    def slot_for(
        self,
        queue: int,
        channel: int,
        own_cost: int,
        requires: str | None,
        tier: int | None,
        attributes: Mapping[str, Any],
        ruled: str | None = None,
    ) -> int:
        """Return the slot of a contact's class that is not in ``quick``, opened where it is new.

        ``ruled``: the requirement that a rule put in place of the queue's.

        Where ``classes_max`` other classes hold contacts, it is that of the slow class of queue, channel and cost.
        """
        parts = self._parts(queue, requires, ruled)
        expression = self._folded(parts, queue, channel, tier, attributes)
        spec = ClassSpec(queue, channel, own_cost, expression, self._skills(parts, queue), is_slow=False)
        chain = self._chains.get(spec)
        if chain is None:
            # Not quick yet: who is asked for a second time is worth keeping.
            return self._opened(spec if self._has_room() else _slow(spec)).stages[0]
        self._asked_again.add(spec)
        slot = chain.stages[0]
        if not any(part.reads_contact for part in parts):
            if len(self.quick) >= REQUIREMENTS_CACHED_MAX:
                self.quick.clear()
            self.quick[queue, channel, own_cost, requires, ruled] = slot
        return slot

    def preferring_slot(self, queue: int, channel: int, own_cost: int, is_anyone: bool) -> int:
        """Return the slot of the class of contacts that wait for their preferred agents."""
        spec = ClassSpec(queue, channel, own_cost, _TRUE, (), is_slow=True, scope=2 if is_anyone else 1)
        return self._opened(spec).stages[0]

    def asks_number(self, requires: str | None) -> int:
        """Return the number of a requirement that contacts bring, 0 for none, -1 for one that reads the contact."""
        if requires is None:
            return 0
        number = self._asks.get(requires)
        if number is None:
            if self.requirement(requires).reads_contact or len(self._asks) >= REQUIREMENTS_CACHED_MAX:
                return -1
            number = self._asks[requires] = len(self._asks) + 1
        return number

    def find(
        self, queue: int, channel: int, requires: str | None, tier: int | None, attributes: Mapping[str, Any]
    ) -> int | None:
        """Return the slot of the class of contacts like this without a cost of their own, None where there is none."""
        parts = self._parts(queue, requires, None)
        expression = self._folded(parts, queue, channel, tier, attributes)
        chain = self._chains.get(ClassSpec(queue, channel, -1, expression, self._skills(parts, queue), is_slow=False))
        return None if chain is None else chain.stages[0]

    def in_force(
        self,
        queue: int,
        channel: int,
        requires: str | None,
        tier: int | None,
        attributes: Mapping[str, Any],
        ruled: str | None = None,
    ) -> Expression:
        """Return the requirement in force of a contact, folded until it reads only the agent."""
        return self._folded(self._parts(queue, requires, ruled), queue, channel, tier, attributes)

    def skills_named(self, queue: int, requires: str | None, ruled: str | None = None) -> tuple[str, ...]:
        """Return the skills that the requirement in force names, a queue's or rule's and a contact's own, each once."""
        return tuple(sorted({skill for part in self._parts(queue, requires, ruled) for skill in part.skills}))

    def score(self, queue: int, agent: int) -> int | None:
        """Return what a queue that selects by its score makes of an agent, None where that is an error."""
        score = self._scores[queue]
        assert score is not None
        return score_of(score, self.agents[agent], None, None)

    def allowance(
        self,
        queue: int,
        channel: int,
        requires: str | None,
        tier: int | None,
        attributes: Mapping[str, Any],
        ruled: str | None = None,
        only: Collection[int] | None = None,
        asks: bool = True,
    ) -> tuple[array[int], array[int] | None]:
        """Return what a contact of a slow class says by itself.

        First a bit per agent, set where its requirement in force holds, in words of 64; then the skill sum per agent,
        None where the queue does not select by it. O(agents · parts of the requirement).

        :param only: agents that come into question at all; None: every one.
        :param asks: False: the requirement does not matter for them.
        """
        parts = self._parts(queue, requires, ruled)
        expression = self._folded(parts, queue, channel, tier, attributes)
        tests = {atom: _outcome_of(atom) for atom in atoms(expression)}
        known: dict[tuple[int, ...], int] = {}
        words = array("Q", bytes(8 * (len(self.agents) // 64 + 1)))
        for agent in range(len(self.agents)) if only is None else only:
            view = self.agents[agent]
            if not asks:
                words[agent >> 6] |= 1 << (agent & 63)
                continue
            outcomes = tuple([test(view) for test in tests.values()])
            holds = known.get(outcomes)
            if holds is None:
                # Rows of one profile, this agent.
                is_true = {atom: int(value == 1) for atom, value in zip(tests, outcomes, strict=True)}
                is_false = {atom: int(value == 0) for atom, value in zip(tests, outcomes, strict=True)}
                holds = known[outcomes] = row(expression, is_true, is_false, 1)
            words[agent >> 6] |= holds << (agent & 63)
        skills = self._skills(parts, queue)
        if not self._sums_skills[queue]:
            return words, None
        return words, array("i", [sum(agent.skills.get(skill, 0) for skill in skills) for agent in self.agents])

    def queue_view(self, queue: int) -> QueueView:
        """Return what expressions see of a queue."""
        return self._queue_views[queue]

    def place(self, slot: int) -> ClassPlace:
        """Return what a slot of the core stands for."""
        return self._places[slot]

    def restore(self, place: ClassPlace) -> int:
        """Open a class of a snapshot and return the slot of its stage.

        :raises IndexError: the queue has no such stage.
        """
        chain = (self._slow if place.spec.is_slow else self._chains).get(place.spec)
        return (self._opened(place.spec) if chain is None else chain).stages[place.stage]

    def _parts(self, queue: int, requires: str | None, ruled: str | None) -> list[Requirement]:
        own = None if requires is None else self.requirement(requires)
        from_queue = self._queue_requires[queue] if ruled is None else self.requirement(ruled)
        return [part for part in (from_queue, own) if part is not None]

    def _folded(
        self, parts: list[Requirement], queue: int, channel: int, tier: int | None, attributes: Mapping[str, Any]
    ) -> Expression:
        view = ContactView(channel=self._channel_ids[channel], tier=tier, attributes=attributes)
        expression: Expression = _TRUE
        for part in parts:
            expression = conjoin(expression, fold(part.expression, view, self._queue_views[queue]))
        return fold(expression, view, self._queue_views[queue])

    def _skills(self, parts: list[Requirement], queue: int) -> tuple[str, ...]:
        return tuple(sorted({skill for part in parts for skill in part.skills})) if self._sums_skills[queue] else ()

    # ---- opening and freeing ---------------------------------------------------------------------------------------

    def _has_room(self) -> bool:
        """Say whether one more class may be opened; free those without contacts where it is time."""
        if len(self._chains) >= self._classes_max:
            self._sweep(set())
        elif len(self._chains) >= self._sweep_at:
            self._sweep(self._asked_again)
            self._asked_again.clear()
            # From now on every class that is asked for must be seen to be.
            self.quick.clear()
            self._sweep_at = 2 * len(self._chains) + SWEEP_FIRST
        return len(self._chains) < self._classes_max

    def _opened(self, spec: ClassSpec) -> _Chain:
        """Return a class, opened where it is new: a stage for each time from which on more agents serve the queue."""
        chains = self._slow if spec.is_slow else self._chains
        known = chains.get(spec)
        if known is not None:
            return known
        before = self._profiles.everyone
        for observable, look in self._looks(spec).items():
            self._profiles.observe(observable, look)
        split_off = self._profiles.everyone & ~before
        if split_off:
            self._fill_all(split_off)
        thresholds = self._thresholds[spec.queue]
        has_companions = self._queues[spec.queue].offer.offers_min > 1
        chain = _Chain(
            stages=tuple(self._open_class(spec) for _ in thresholds),
            companions=tuple(self._open_class(spec) for _ in thresholds if has_companions),
        )
        for stage, slot in enumerate(chain.stages):
            is_last = stage + 1 == len(thresholds)
            self._acd.link_class(
                slot,
                -1 if is_last else chain.stages[stage + 1],
                0 if is_last else thresholds[stage + 1],
                chain.companions[stage] if has_companions else -1,
            )
            self._places[slot] = ClassPlace(spec, stage)
        chains[spec] = chain
        self._fill(spec, chain, self._profiles.everyone)
        return chain

    def _open_class(self, spec: ClassSpec) -> int:
        return self._acd.open_class(
            spec.queue, spec.channel, spec.own_cost, is_slow=spec.is_slow, is_preferring=spec.scope > 0
        )

    def _sweep(self, spared: set[ClassSpec]) -> None:
        """Free the classes that hold no contact, but for those that are spared. O(classes)."""
        empty = [self._places[slot].spec for slot in empty_classes(self._acd)]
        freed = [spec for spec in empty if spec not in spared]
        for spec in freed:
            chain = (self._slow if spec.is_slow else self._chains).pop(spec)
            for slot in chain.stages:
                del self._places[slot]
            for slot in chain.stages + chain.companions:
                self._acd.close_class(slot)
        if freed:
            self._asked_again.difference_update(freed)
            self.quick.clear()
            self._freed_count += len(freed)
            self._free_profiles()

    def _free_profiles(self) -> None:
        """Make profiles anew where agents are told apart by far more than anybody asks for."""
        # Finding out costs as much as there are classes: not before as many have gone.
        if self._freed_count < len(self._chains) + len(self._slow) + SWEEP_FIRST:
            return
        self._freed_count = 0
        looks: dict[Hashable, Look] = {}
        for spec in [*self._chains, *self._slow]:
            looks |= self._looks(spec)
        if self._profiles.observed_count() > 2 * len(looks) + SWEEP_FIRST:
            self._profiles.rebuild(looks)
            self._fill_all(self._profiles.everyone)

    # ---- the matrix ------------------------------------------------------------------------------------------------

    def _looks(self, spec: ClassSpec) -> dict[Hashable, Look]:
        """Return everything in agents that a class asks for."""
        looks: dict[Hashable, Look] = {atom: _outcome_of(atom) for atom in atoms(spec.requirement)}
        for skill in spec.skills:
            looks["level", skill] = _level_of(skill)
        score = self._scores[spec.queue]
        if score is not None:
            looks[score] = lambda agent: score_of(score, agent, None, None)
        return looks

    def _fill_all(self, only: int) -> None:
        for chains in (self._chains, self._slow):
            for spec, chain in chains.items():
                self._fill(spec, chain, only)

    def _fill(self, spec: ClassSpec, chain: _Chain, only: int) -> None:
        """State in the matrix which of some profiles (a row) serve a class, and their sums and scores."""
        profiles = self._profiles
        rows = [(atom, profiles.rows(atom)) for atom in atoms(spec.requirement)]
        is_true = {atom: by_value.get(1, 0) for atom, by_value in rows}
        is_false = {atom: by_value.get(0, 0) for atom, by_value in rows}
        allowed = row(spec.requirement, is_true, is_false, profiles.everyone) & only
        for service, served in self._services(spec):
            bits = _bits(served & allowed)
            for stage, after_us in enumerate(self._thresholds[spec.queue]):
                if bits and service.after_us <= after_us:
                    for slots in chain:
                        if slots:
                            self._acd.serve(slots[stage], service.rank, bits)
        for slot in chain.stages + chain.companions:
            self._fill_values(slot, spec, only)

    def _services(self, spec: ClassSpec) -> list[tuple[Service, int]]:
        """Return how agents serve a class, and the row of profiles that do so."""
        rows = self._profiles.service_rows(spec.queue)
        if spec.scope < 2:
            return sorted(rows.items())
        by_rank: dict[int, int] = {}
        strangers = self._profiles.everyone
        for service, served in rows.items():
            by_rank[service.rank] = by_rank.get(service.rank, 0) | served
            strangers &= ~served
        by_rank[1] = by_rank.get(1, 0) | strangers
        return [(Service(rank, 0), served) for rank, served in sorted(by_rank.items())]

    def _fill_values(self, slot: int, spec: ClassSpec, only: int) -> None:
        if self._sums_skills[spec.queue] and not spec.is_slow:
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

    @staticmethod
    def _folded_score(queue: Queue, view: QueueView) -> Score:
        assert queue.score is not None
        return Score(fold(parse_score(queue.score).expression, None, view))


def _thresholds(config: Config) -> list[list[int]]:
    """Return, by queue slot, the times in the queue from which on more agents serve it; the first is 0."""
    times = {id_: {0} for id_ in config.queues}
    for agent in config.agents.values():
        for queue_id, served in agent.queues.items():
            if isinstance(served, AgentQueue):
                times[queue_id].add(served.after_us)
    return [sorted(one) for one in times.values()]


def _slow(spec: ClassSpec) -> ClassSpec:
    """Return the slow class of the queue, channel and cost of a class."""
    return ClassSpec(spec.queue, spec.channel, spec.own_cost, _TRUE, (), is_slow=True)


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
