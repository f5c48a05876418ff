"""``bench core``: what a decision costs on a large floor, and what a waiting contact takes of memory.

Two regimes. *Saturated*: all agents are at work and contacts wait, spread over the classes; an iteration finishes the
contact of a random agent, which takes its best next one, and adds a contact (one in 16 a VIP). *Idle*: half of the
agents are idle and nobody waits; an iteration adds a contact, which goes to its longest-idle eligible agent, and
finishes the one of a random busy agent.

The figure is the CPU time of the iterations by the contacts that agents took in them, so one decision with all that
belongs to it: the end of one contact, the arrival of another, the choice, the offer, the beginning of work, and the
records of all that, in the compiled loop of ``sim/steady.pyx``. An iteration has one such decision, except where an
agent finds nothing that it can serve, or a contact nobody; then the next arrival or the next end makes up for it. It is
the median of a few parts of the run. Before it some hundred iterations are checked, pair by pair, against a look at
every contact and every agent.
"""

from __future__ import annotations

import enum
import functools
import operator
import os
import random
import statistics
import time
from array import array
from pathlib import Path
from typing import Final, final

import msgspec

from ccroute.core.acd import Acd
from ccroute.errors import EngineBug, OutOfRange
from ccroute.sim.floor import Staff, open_floor
from ccroute.sim.steady import SteadyFloor

AGENTS_MAX: Final = 1_000_000
CLASSES_MAX: Final = 65_536
WAITING_MAX: Final = 10_000_000
SKILLS_MAX: Final = 65_536
ITERATIONS_MAX: Final = 1_000_000_000
SKILLS_HELD_MAX: Final = 8
SKILLS_NEEDED_MAX: Final = 2
_SEED: Final = 20_240_601
_PARTS: Final = 8
_CHECKED: Final = 500
_LOOKS_MAX: Final = 50_000_000
"""Contacts and agents looked at while checking, at the most."""
_WARM: Final = 0.05
"""Part of the iterations done before those that are timed."""
_NOBODY: Final = -1
_NS_PER_S: Final = 1_000_000_000
_WEIGHED_MIN: Final = 100_000
"""Contacts that wait while their memory is measured, at the least."""
_DISAGREEMENT: Final = 0.03


@final
class Regime(enum.StrEnum):
    """What limits the floor."""

    SATURATED = "saturated"
    """Agents: all are busy and contacts wait."""
    IDLE = "idle"
    """Contacts: half of the agents are idle."""


@final
class CoreResult(msgspec.Struct, frozen=True, kw_only=True):
    """What decisions of one regime cost."""

    regime: Regime
    """The regime."""
    ns_per_decision: float
    """CPU nanoseconds by contact taken; see the module."""
    bytes_per_waiting: float
    """Core memory by waiting contact: what was added when the contacts of the saturated regime came, or 100 000 if they
    are fewer, as memory is taken in pages. Nobody waits in the idle regime; its line repeats the figure."""


@final
class CoreSize(msgspec.Struct, frozen=True, kw_only=True):
    """How large the floor is."""

    agents: int
    profiles: int
    """Different sets of 1 to 8 skills among the agents."""
    classes: int
    """Different requirements, of 1 or 2 skills, among the contacts."""
    waiting: int
    """Contacts that wait in the saturated regime."""
    skills: int

    def __post_init__(self) -> None:
        for name, most in (
            ("agents", AGENTS_MAX),
            ("profiles", AGENTS_MAX),
            ("classes", CLASSES_MAX),
            ("waiting", WAITING_MAX),
            ("skills", SKILLS_MAX),
        ):
            if not 1 <= getattr(self, name) <= most:
                raise OutOfRange(name, getattr(self, name), f"from 1 to {most}")


def run_core(
    *, agents: int, profiles: int, classes: int, waiting: int, skills: int, iterations: int
) -> list[CoreResult]:
    """Time decisions of both regimes, the saturated one first. Equal arguments make equal floors and equal picks.

    :raises OutOfRange: an argument is below 1 or above what the core allows.
    :raises EngineBug: the core did not take the least pair, or lost count.
    """
    size = CoreSize(agents=agents, profiles=profiles, classes=classes, waiting=waiting, skills=skills)
    if not 1 <= iterations <= ITERATIONS_MAX:
        raise OutOfRange("iterations", iterations, f"from 1 to {ITERATIONS_MAX}")
    people = Skilled(size)
    bytes_per_waiting = _bytes_per_waiting(people, size)
    saturated_ns = _saturated(people, size, iterations)
    idle_ns = _idle(people, size, iterations)
    return [
        CoreResult(regime=Regime.SATURATED, ns_per_decision=saturated_ns, bytes_per_waiting=bytes_per_waiting),
        CoreResult(regime=Regime.IDLE, ns_per_decision=idle_ns, bytes_per_waiting=bytes_per_waiting),
    ]


def _bytes_per_waiting(people: Skilled, size: CoreSize) -> float:
    """Return what waiting contacts take of memory, by contact; see :class:`CoreResult`."""
    waiting = max(size.waiting, _WEIGHED_MIN)
    acd, floor = busy_floor(people, size, waiting)
    rss_bytes, held_bytes = _rss_bytes(), acd.contact_bytes()
    floor.fill(waiting)
    rss_bytes, held_bytes = _rss_bytes() - rss_bytes, acd.contact_bytes() - held_bytes
    # The core counts what it holds for contacts; the size of the process tells what it would have forgotten to count.
    return (rss_bytes if rss_bytes > held_bytes * (1 + _DISAGREEMENT) else held_bytes) / waiting


def _saturated(people: Skilled, size: CoreSize, iterations: int) -> float:
    """Return nanoseconds by decision."""
    acd, floor = busy_floor(people, size, size.waiting)
    floor.fill(size.waiting)
    floor.checked(max(1, min(_CHECKED, iterations, _LOOKS_MAX // (size.waiting + size.agents))), False)
    cost_ns = _timed(floor, Regime.SATURATED, iterations)
    _expect_inside(acd, size.agents + size.waiting)
    return cost_ns


def _idle(people: Skilled, size: CoreSize, iterations: int) -> float:
    """Return nanoseconds by decision."""
    acd, floor = half_idle_floor(people, size)
    inside = acd.totals()["contacts"]
    floor.checked(max(1, min(_CHECKED, iterations, _LOOKS_MAX // (2 * size.agents))), True)
    cost_ns = _timed(floor, Regime.IDLE, iterations)
    _expect_inside(acd, inside)
    return cost_ns


def busy_floor(people: Skilled, size: CoreSize, waiting: int) -> tuple[Acd, SteadyFloor]:
    """Return a floor with room for this many waiting contacts, all agents at work."""
    acd, floor = people.floor(contacts_max=size.agents + waiting + 1)
    floor.sign_in([people.class_for(agent) for agent in range(size.agents)])
    if floor.busy_agents != size.agents:
        raise EngineBug(f"{floor.busy_agents} of {size.agents} agents are busy")
    return acd, floor


def half_idle_floor(people: Skilled, size: CoreSize) -> tuple[Acd, SteadyFloor]:
    """Return a floor with half as many contacts inside as there are agents."""
    inside = max(1, size.agents // 2)
    acd, floor = people.floor(contacts_max=inside + 1)
    floor.sign_in([_NOBODY] * size.agents)
    floor.fill(inside)
    return acd, floor


def _expect_inside(acd: Acd, contacts: int) -> None:
    inside = acd.totals()["contacts"]
    if inside != contacts:
        raise EngineBug(f"{inside} contacts are inside, not {contacts}")


def _timed(floor: SteadyFloor, regime: Regime, iterations: int) -> float:
    """Return the median of nanoseconds by decision over the parts of a run."""
    run = floor.saturated if regime is Regime.SATURATED else floor.idle
    run(int(iterations * _WARM))
    costs = []
    parts = min(_PARTS, iterations)
    for part in range(parts):
        count = iterations * (part + 1) // parts - iterations * part // parts
        taken, busy = floor.taken_contacts, floor.busy_agents
        began_s = time.process_time()
        run(count)
        cpu_s = time.process_time() - began_s
        taken, busy = floor.taken_contacts - taken, floor.busy_agents - busy
        if taken != count + busy:
            raise EngineBug(f"{taken} contacts taken in {count} iterations, with {busy} more agents busy")
        if taken:
            costs.append(cpu_s * _NS_PER_S / taken)
    return statistics.median(costs) if costs else 0.0


def _rss_bytes() -> int:
    """Return what the process holds of memory; 0 where it cannot be seen."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


@final
class Skilled:
    """Profiles of 1 to 8 skills and classes that need 1 or 2: each profile serves some class, each class is served."""

    def __init__(self, size: CoreSize) -> None:
        pick = random.Random(_SEED)
        self._size: Final = size
        self._needs: Final = [self._need(pick, range(size.skills)) for _ in range(min(size.classes, size.profiles))]
        self._profiles: Final = [self._profile(pick, self._needs[at % len(self._needs)]) for at in range(size.profiles)]
        for at in range(size.profiles, size.classes):
            self._needs.append(self._need(pick, sorted(self._profiles[at % size.profiles])))

    @staticmethod
    def _need(pick: random.Random, skills: range | list[int]) -> frozenset[int]:
        return frozenset(pick.sample(skills, min(len(skills), pick.randint(1, SKILLS_NEEDED_MAX))))

    def _profile(self, pick: random.Random, serves: frozenset[int]) -> frozenset[int]:
        count = min(self._size.skills, max(len(serves), pick.randint(1, SKILLS_HELD_MAX)))
        has = set(serves)
        while len(has) < count:
            has.add(pick.randrange(self._size.skills))
        return frozenset(has)

    def class_for(self, agent: int) -> int:
        """Return a class that an agent serves."""
        return agent % self._size.profiles % min(self._size.classes, self._size.profiles)

    def floor(self, *, contacts_max: int) -> tuple[Acd, SteadyFloor]:
        """Return the core of a new floor, and the floor; nobody is there yet."""
        size = self._size
        profile_of = array("i", (agent % size.profiles for agent in range(size.agents)))
        floor = open_floor(Staff(profiles=self._profiles, agents=profile_of), self._needs, contacts_max=contacts_max)
        steady = SteadyFloor(floor.acd, array("i", floor.class_slots), self._serves(), profile_of, size.profiles, _SEED)
        return floor.acd, steady

    def _serves(self) -> bytes:
        """Return who serves what, worked out without the core."""
        holders = dict.fromkeys(range(self._size.skills), 0)
        for at, has in enumerate(self._profiles):
            for skill in has:
                holders[skill] |= 1 << at
        row_bytes = (self._size.profiles + 7) // 8
        return b"".join(
            functools.reduce(operator.and_, (holders[skill] for skill in need)).to_bytes(row_bytes, "little")
            for need in self._needs
        )
