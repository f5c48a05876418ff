"""Contact classes: contacts that the same agents may serve at the same cost, found by name and kept in the matrix.

A class is a queue, a channel, a cost of its own and the requirement in force, folded until it reads only the agent. To
the core it is a chain: one class for each time in the queue from which on more agents serve it (``after_us``).

Classes without contacts are freed from time to time, but for those that were asked for again since the last sweep; and
with enough of them what they looked at in agents. When ``classes_max`` classes hold contacts, further contacts go to
the slow class of their queue, channel and cost; which class a contact is in changes no decision, only what it costs.
"""

from __future__ import annotations

from array import array
from collections.abc import Container, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ccroute.config import Queue, resolve_select
from ccroute.core import gears
from ccroute.engine.filling import Filling
from ccroute.engine.looks import level_of, level_sum, outcome_of, skills_in, what_is_read
from ccroute.engine.names import empty_classes
from ccroute.engine.profiles import Look, Profiles
from ccroute.engine.standing import Standing
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
    holds,
    parse,
    parse_score,
    row,
    score_of,
)
from ccroute.requirement.syntax import BoolLiteral
from ccroute.types import SelectKey

if TYPE_CHECKING:
    from ccroute.core.acd import Acd

__all__ = ["REQUIRES", "STRUCTURE", "ClassPlace", "ClassSpec", "Classes", "Regrouping"]

REQUIREMENTS_CACHED_MAX: Final = 65_536
SWEEP_FIRST: Final = 64
"""Classes, and things looked at in agents, beyond which sweeping them pays."""
REQUIRES: Final = 1
"""Of a queue: what it requires, or what it sums and scores, may be other."""
STRUCTURE: Final = 2
"""Of a queue: its classes are chained, or put into blocks, in another way."""
_OTHERS: Final = "\0"
"""In the place of the own text of contacts that have several."""
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


class Regrouping(NamedTuple):
    """What becomes of classes whose queues have changed."""

    moved: dict[int, int]
    """By slot of the first stage of a class, that of the class to which all its contacts go over."""
    left: list[_Chain]
    """Those classes."""
    split: list[_Chain]
    """Classes whose contacts must be asked one by one where they go."""


class Classes:
    """The classes of one floor."""

    def __init__(self, acd: Acd, standing: Standing, agents: list[AgentView], profiles: Profiles) -> None:
        self._acd = acd
        self.profiles = profiles
        self._standing = standing
        self.agents = agents
        """What expressions see of each agent, by slot."""
        self._channel_ids = standing.channel_ids
        self._queue_views: list[QueueView] = []
        self._queue_requires: list[Requirement | None] = []
        self._thresholds: list[list[int]] = []
        self._has_companions: list[bool] = []
        self._sums_skills: list[bool] = []
        self._scores: list[Score | None] = []
        for slot, (id_, queue) in enumerate(standing.queue_entries()):
            self.state_queue(slot, id_, queue)
        self._known_skills: Container[str] = standing.skills()
        self.requirements: dict[str, Requirement] = {}
        """Texts that were read and found right; what is in here needs no second look."""
        self._chains: dict[ClassSpec, _Chain] = {}
        self._slow: dict[ClassSpec, _Chain] = {}
        self._places: dict[int, ClassPlace] = {}
        self._texts: dict[ClassSpec, str | None] = {}
        """Own text of all contacts of a class; a class is not in here where they have several, or it hangs on more."""
        self._is_held = False
        self._asked_again: set[ClassSpec] = set()
        self._sweep_at = SWEEP_FIRST
        self._freed_count = 0
        self.quick: dict[tuple[int, int, int, str | None, str | None], int] = {}
        """Slot by queue, channel, own cost, own text and the text a rule put in place of the queue's, for classes that
        hang on nothing else of the contact."""
        self._asks: dict[str, int] = {}

    def state_queue(self, slot: int, id_: str, queue: Queue) -> None:
        """State what classes want to know of a queue, new behind all others or known."""
        keys = {key for key, _ in resolve_select(queue)}
        view = QueueView(id=id_, attributes=queue.attributes)
        columns: list[tuple[list[Any], Any]] = [
            (self._queue_views, view),
            (self._queue_requires, None if queue.requires is None else parse(queue.requires)),
            (self._thresholds, self._standing.thresholds(slot)),
            (self._has_companions, queue.offer.offers_min > 1),
            (self._sums_skills, SelectKey.SKILL_SUM in keys),
            (self._scores, self._folded_score(queue, view) if SelectKey.SCORE in keys else None),
        ]
        for column, value in columns:
            column[slot : slot + 1] = [value]

    def state_skills(self, also: Iterable[str] = ()) -> None:
        """State which skills are known now; texts that name others are refused from now on."""
        known = self._standing.skills() | dict.fromkeys(also)
        if known != self._known_skills:
            self._known_skills = known
            self.requirements.clear()

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
        hangs_on_text = ruled is None and not any(part.reads_contact for part in parts)
        if chain is None:
            if not self._has_room():
                return self._opened(ClassSpec(queue, channel, own_cost, _TRUE, (), is_slow=True)).stages[0]
            if hangs_on_text:
                self._texts[spec] = requires
            # Not quick yet: who is asked for a second time is worth keeping.
            return self._opened(spec).stages[0]
        if not hangs_on_text or self._texts.get(spec, _OTHERS) != requires:
            self._texts.pop(spec, None)
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
            if self._known(requires).reads_contact or len(self._asks) >= REQUIREMENTS_CACHED_MAX:
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
        return skills_in(self._parts(queue, requires, ruled))

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
    ) -> tuple[array[int], array[int] | None]:
        """Return what a contact of a slow class says by itself.

        First a bit per agent, set where its requirement in force holds, in words of 64; then the skill sum per agent,
        None where the queue does not select by it. O(agents · parts of the requirement).
        """
        parts = self._parts(queue, requires, ruled)
        expression = self._folded(parts, queue, channel, tier, attributes)
        tests = {atom: outcome_of(atom) for atom in atoms(expression)}
        known: dict[tuple[int, ...], int] = {}
        words = self._nobody()
        for agent, view in enumerate(self.agents):
            outcomes = tuple([test(view) for test in tests.values()])
            is_allowed = known.get(outcomes)
            if is_allowed is None:
                # Rows of one profile, this agent.
                is_true = {atom: int(value == 1) for atom, value in zip(tests, outcomes, strict=True)}
                is_false = {atom: int(value == 0) for atom, value in zip(tests, outcomes, strict=True)}
                is_allowed = known[outcomes] = row(expression, is_true, is_false, 1)
            words[agent >> 6] |= is_allowed << (agent & 63)
        return words, self._sums(parts, queue)

    def kept_allowance(
        self,
        queue: int,
        channel: int,
        requires: str | None,
        tier: int | None,
        attributes: Mapping[str, Any],
        ruled: str | None,
        kept: Iterable[int],
        *,
        asks: bool,
    ) -> tuple[array[int], array[int] | None]:
        """Return as ``allowance`` does what a contact says that is kept for a few agents.

        :param asks: False: the requirement does not matter for them.
        """
        parts = self._parts(queue, requires, ruled)
        contact = ContactView(channel=self._channel_ids[channel], tier=tier, attributes=attributes)
        words = self._nobody()
        for agent in kept:
            if not asks or all(holds(part, self.agents[agent], contact, self._queue_views[queue]) for part in parts):
                words[agent >> 6] |= 1 << (agent & 63)
        return words, self._sums(parts, queue)

    def _nobody(self) -> array[int]:
        """Return a bit per agent, in words of 64, none of them set."""
        return array("Q", bytes(8 * (len(self.agents) // 64 + 1)))

    def _sums(self, parts: list[Requirement], queue: int) -> array[int] | None:
        if not self._sums_skills[queue]:
            return None
        skills = skills_in(parts)
        return array("i", [level_sum(agent, skills) for agent in self.agents])

    def queue_view(self, queue: int) -> QueueView:
        """Return what expressions see of a queue."""
        return self._queue_views[queue]

    def skill_sum(self, queue: int, requires: str | None, agent: AgentView) -> int:
        """Return an agent's levels of the skills that the requirement in force names, 0 where its queue sums none."""
        return level_sum(agent, self._skills(self._parts(queue, requires), queue))

    def place(self, slot: int) -> ClassPlace:
        """Return what a slot of the core stands for."""
        return self._places[slot]

    def restore(self, place: ClassPlace) -> int:
        """Open a class of a snapshot and return the slot of its stage.

        :raises IndexError: the queue has no such stage.
        """
        chain = (self._slow if place.spec.is_slow else self._chains).get(place.spec)
        return (self._opened(place.spec) if chain is None else chain).stages[place.stage]

    def _parts(self, queue: int, requires: str | None, ruled: str | None = None) -> list[Requirement]:
        from_queue = self._queue_requires[queue] if ruled is None else self._known(ruled)
        own = None if requires is None else self._known(requires)
        return [part for part in (from_queue, own) if part is not None]

    def _known(self, text: str) -> Requirement:
        # The text was found right when it came; a skill that it names may be gone since.
        return self.requirements.get(text) or self._reread(text)

    def _reread(self, text: str) -> Requirement:
        try:
            return self.requirement(text)
        except UnknownName:
            return parse(text)

    def _folded(
        self, parts: list[Requirement], queue: int, channel: int, tier: int | None, attributes: Mapping[str, Any]
    ) -> Expression:
        view = ContactView(channel=self._channel_ids[channel], tier=tier, attributes=attributes)
        expression: Expression = _TRUE
        for part in parts:
            expression = conjoin(expression, fold(part.expression, view, self._queue_views[queue]))
        return fold(expression, view, self._queue_views[queue])

    def _skills(self, parts: list[Requirement], queue: int) -> tuple[str, ...]:
        return skills_in(parts) if self._sums_skills[queue] else ()

    # ---- opening and freeing ---------------------------------------------------------------------------------------

    def _has_room(self) -> bool:
        """Say whether one more class may be opened; free those without contacts where it is time."""
        if self._is_held:
            return len(self._chains) < self._standing.config.engine.classes_max
        if len(self._chains) >= self._standing.config.engine.classes_max:
            self._sweep(set())
        elif len(self._chains) >= self._sweep_at:
            self._sweep(self._asked_again)
            self._asked_again.clear()
            # From now on every class that is asked for must be seen to be.
            self.quick.clear()
            self._sweep_at = 2 * len(self._chains) + SWEEP_FIRST
        return len(self._chains) < self._standing.config.engine.classes_max

    def _opened(self, spec: ClassSpec) -> _Chain:
        """Return a class, opened where it is new: a stage for each time from which on more agents serve the queue."""
        chains = self._slow if spec.is_slow else self._chains
        known = chains.get(spec)
        if known is not None:
            return known
        self._observe(spec)
        thresholds = self._thresholds[spec.queue]
        has_companions = self._has_companions[spec.queue]
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
        self._fill(spec, chain, Filling(self._acd, self.profiles, self.profiles.everyone))
        return chain

    def _observe(self, spec: ClassSpec) -> None:
        """Look at everything in agents that a class asks for."""
        before = self.profiles.everyone
        for observable, look in self._looks(spec).items():
            self.profiles.observe(observable, look)
        split_off = self.profiles.everyone & ~before
        if split_off:
            self.fill(split_off)

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
            self._texts.pop(spec, None)
            self._close(chain)
        if freed:
            self._asked_again.difference_update(freed)
            self.quick.clear()
            self._freed_count += len(freed)
            self._free_profiles()

    def _close(self, chain: _Chain) -> None:
        for slot in chain.stages:
            self._places.pop(slot, None)
        for slot in chain.stages + chain.companions:
            self._acd.close_class(slot)

    def _free_profiles(self) -> None:
        """Make profiles anew where agents are told apart by far more than anybody asks for."""
        # Finding out costs as much as there are classes: not before as many have gone.
        if self._freed_count < len(self._chains) + len(self._slow) + SWEEP_FIRST:
            return
        self._freed_count = 0
        looks = self.all_looks()
        if self.profiles.observed_count() > 2 * len(looks) + SWEEP_FIRST:
            self.profiles.rebuild(looks)
            self.fill(self.profiles.everyone)

    # ---- live configuration ----------------------------------------------------------------------------------------

    def all_looks(self) -> dict[Hashable, Look]:
        """Return everything in agents that the classes ask for."""
        looks: dict[Hashable, Look] = {}
        for spec in [*self._chains, *self._slow]:
            looks |= self._looks(spec)
        return looks

    def free_empty(self) -> None:
        """Free every class that holds no contact."""
        self._sweep(set())

    def slow_classes(self) -> list[int]:
        """Return the slots of the slow classes, of all stages."""
        return [slot for chain in self._slow.values() for slot in chain.stages]

    def is_slow(self, slot: int) -> bool:
        """Say whether a class is slow."""
        return self._places[slot].spec.is_slow

    def regroup(self, queues: Mapping[int, int]) -> Regrouping:
        """Have the classes of some queues be as their queues now are; contacts are not moved yet.

        A class keeps its slots where nothing but who serves it is other, and its contacts have one text of their own.

        :param queues: by slot, what is new: bits of ``REQUIRES`` and ``STRUCTURE``; 0: only who serves them.
        """
        self._is_held = True
        for key in [key for key in self.quick if key[0] in queues]:
            del self.quick[key]
        found = Regrouping({}, [], [])
        kept: list[tuple[ClassSpec, _Chain]] = []
        of_old = [
            (spec, chain)
            for chains in (self._chains, self._slow)
            for spec, chain in chains.items()
            if spec.queue in queues
        ]
        texts = {spec: self._texts.pop(spec, _OTHERS) for spec, _ in of_old}
        for spec, _ in of_old:
            del (self._slow if spec.is_slow else self._chains)[spec]
        for spec, chain in of_old:
            new = self._renewed(spec, texts[spec], queues[spec.queue])
            if new is None:
                found.split.append(chain)
                continue
            is_known = new in (self._slow if new.is_slow else self._chains)
            if is_known or queues[spec.queue] & STRUCTURE:
                found.moved[chain.stages[0]] = self._opened(new).stages[0]
                found.left.append(chain)
            else:
                # Before it is among those that are filled as soon as another class splits profiles.
                self._observe(new)
                self._keep(new, chain)
                kept.append((new, chain))
            if not is_known and texts[spec] is not _OTHERS:
                self._texts[new] = texts[spec]
            elif is_known and self._texts.get(new, _OTHERS) != texts[spec]:
                self._texts.pop(new, None)
        gears.clear_rows(self._acd, [slot for _, chain in kept for slots in chain for slot in slots])
        filling = Filling(self._acd, self.profiles, self.profiles.everyone)
        for spec, chain in kept:
            self._fill(spec, chain, filling)
        return found

    def _renewed(self, spec: ClassSpec, text: str | None, news: int) -> ClassSpec | None:
        """Return what a class is now, None where its contacts must be asked one by one."""
        if spec.is_slow or not news & REQUIRES:
            return None if spec.is_slow and news & REQUIRES else spec
        if text is _OTHERS:
            return None
        parts = self._parts(spec.queue, text)
        if any(part.reads_contact for part in parts):
            return None
        expression = self._folded(parts, spec.queue, spec.channel, None, {})
        return spec._replace(requirement=expression, skills=self._skills(parts, spec.queue))

    def _keep(self, spec: ClassSpec, chain: _Chain) -> None:
        (self._slow if spec.is_slow else self._chains)[spec] = chain
        for stage, slot in enumerate(chain.stages):
            self._places[slot] = ClassPlace(spec, stage)

    def stages_of(self, chains: Iterable[_Chain]) -> list[int]:
        """Return the slots of all stages of some chains."""
        return [slot for chain in chains for slot in chain.stages]

    def let_go(self, found: Regrouping) -> None:
        """Free the classes whose contacts have gone over to others."""
        self._is_held = False
        for chain in found.left + found.split:
            self._close(chain)

    def reads(self, queue: int, requires: str | None) -> tuple[bool, tuple[str, ...] | None]:
        """Say what of a contact its class hangs on: its tier, and which attributes, None: all of them."""
        return what_is_read(self._parts(queue, requires))

    # ---- the matrix ------------------------------------------------------------------------------------------------

    def _looks(self, spec: ClassSpec) -> dict[Hashable, Look]:
        """Return everything in agents that a class asks for."""
        looks: dict[Hashable, Look] = {atom: outcome_of(atom) for atom in atoms(spec.requirement)}
        for skill in spec.skills:
            looks["level", skill] = level_of(skill)
        score = self._scores[spec.queue]
        if score is not None:
            looks[score] = lambda agent: score_of(score, agent, None, None)
        return looks

    def fill(self, only: int) -> None:
        """State which classes some profiles (a row) serve, and their sums and scores. O(classes · profiles)."""
        filling = Filling(self._acd, self.profiles, only)
        for chains in (self._chains, self._slow):
            for spec, chain in chains.items():
                self._fill(spec, chain, filling)

    def _fill(self, spec: ClassSpec, chain: _Chain, filling: Filling) -> None:
        if not filling.serve(spec.queue, spec.scope, spec.requirement, self._thresholds[spec.queue], chain):
            return
        slots = chain.stages + chain.companions
        if self._sums_skills[spec.queue] and not spec.is_slow:
            filling.sum_skills(slots, spec.skills)
        score = self._scores[spec.queue]
        if score is not None:
            filling.score(slots, score)

    @staticmethod
    def _folded_score(queue: Queue, view: QueueView) -> Score:
        assert queue.score is not None
        return Score(fold(parse_score(queue.score).expression, None, view))
