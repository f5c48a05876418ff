"""Four small contact centres with known answers, made from seeds: nothing has to be downloaded to repeat a run.

A contact needs its one skill; agents take one contact at a time, answer at once and have no wrap-up. A contact goes to
the agent idle longest who has the skill, an agent takes VIPs first and then the earliest arrival. Several engines that
share no code answer these traces alike, byte for byte.
"""

from __future__ import annotations

import hashlib
import random
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ccroute.bench.trace_files import TraceAgents, TraceContacts

Row = tuple[int, int, int, int, int]
"""``arrival_us, skill, vip, service_us, patience_us`` of a contact, in order of arrival."""

DIGEST_LENGTH: Final = 16
AGENTS_PER_PROFILE: Final = 5
SERVICE_S: Final = 180
US_PER_S: Final = 1e6
WAITS_FOR_EVER: Final = -1


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a trace is made, and what is known of it."""

    what: str
    """In words."""
    seed: int
    agents_seed: int
    load: float
    """Work that arrives, by work that the agents can do."""
    profiles: int
    skills: int
    further_skills: int
    """Skills of a profile beside its first."""
    contacts: int
    vip_share: float | None = None
    """Share of VIPs; None: there are none, and no random number is drawn for it."""
    hot_share: float | None = None
    """Share of the contacts that need the last skill; None: all are alike, and no random number is drawn."""
    csv_digest: str
    """First 16 hex digits of the SHA-256 of the contacts as CSV."""
    answer_digest: str
    """First 16 hex digits of the SHA-256 over a line ``contact,agent,start_us`` per contact."""


RECIPES: Final = {
    "A": Recipe(
        what="200 agents, load .90",
        seed=1,
        agents_seed=20240601,
        load=0.90,
        profiles=40,
        skills=20,
        further_skills=2,
        contacts=100_000,
        vip_share=0.0,
        csv_digest="1e94e39c777bf42c",
        answer_digest="bd427022eecbb97d",
    ),
    "C": Recipe(
        what="200 agents, load .95, 5 % VIP",
        seed=3,
        agents_seed=20240601,
        load=0.95,
        profiles=40,
        skills=20,
        further_skills=2,
        contacts=100_000,
        vip_share=0.05,
        csv_digest="e00b75c7b6aa8480",
        answer_digest="3bfeb6abed333568",
    ),
    "F": Recipe(
        what="200 agents, load .80, a fifth of it on a skill of 20 agents: up to 7 613 wait",
        seed=6,
        agents_seed=20240601,
        load=0.80,
        profiles=40,
        skills=20,
        further_skills=2,
        contacts=100_000,
        hot_share=0.20,
        csv_digest="47c286546cab921d",
        answer_digest="e439c1622e6eef53",
    ),
    "G": Recipe(
        what="5 000 agents, 1 000 profiles, load .92, 5 % VIP",
        seed=8,
        agents_seed=777,
        load=0.92,
        profiles=1_000,
        skills=200,
        further_skills=3,
        contacts=200_000,
        vip_share=0.05,
        hot_share=0.0,
        csv_digest="1d6535e431b3f717",
        answer_digest="f37eda652d831c7b",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A trace as rows, in order of arrival, which is the order of the contacts' ids from 0."""

    rows: list[Row]
    profiles: list[list[int]]
    """Skills of each profile, ascending."""
    agents: list[int]
    """Profile of each agent; the index is its id."""

    def first(self, contacts: int) -> Trace:
        """Return the trace without the contacts behind the first so many."""
        return Trace(rows=self.rows[:contacts], profiles=self.profiles, agents=self.agents)

    def columns(self) -> tuple[TraceContacts, TraceAgents]:
        """Return the trace as ccroute reads it from files."""
        arrival_us, skill, vip, service_us, patience_us = zip(*self.rows, strict=True)
        contacts = TraceContacts(
            ids=array("q", range(len(self.rows))),
            arrival_us=array("q", arrival_us),
            skill=array("i", skill),
            vip=array("i", vip),
            service_us=array("q", service_us),
            patience_us=array("q", patience_us),
        )
        agents = TraceAgents(
            ids=array("q", range(len(self.agents))),
            profile=array("i", self.agents),
            skills=[frozenset(skills) for skills in self.profiles],
        )
        return contacts, agents


def make(name: str) -> Trace:
    """Return trace A, C, F or G; raise AssertionError if this Python's random numbers make another one."""
    recipe = RECIPES[name]
    trace = _made(recipe)
    made = digest(f"{at},{','.join(map(str, row))}\n" for at, row in enumerate(trace.rows))
    assert made == recipe.csv_digest, f"trace {name} has digest {made}, not {recipe.csv_digest}"
    return trace


def _made(recipe: Recipe) -> Trace:
    pick = random.Random(recipe.agents_seed)
    profiles = []
    for at in range(recipe.profiles):
        first = at % recipe.skills
        others = [skill for skill in range(recipe.skills) if skill != first]
        profiles.append(sorted([first, *pick.sample(others, recipe.further_skills)]))
    agents = [profile for profile in range(recipe.profiles) for _ in range(AGENTS_PER_PROFILE)]
    return Trace(rows=_rows(recipe, len(agents)), profiles=profiles, agents=agents)


def _rows(recipe: Recipe, agents: int) -> list[Row]:
    pick = random.Random(recipe.seed)
    rate = recipe.load * agents / SERVICE_S
    arrival_s = 0.0
    rows = []
    for _ in range(recipe.contacts):
        arrival_s += pick.expovariate(rate)
        if recipe.hot_share is not None and pick.random() < recipe.hot_share:
            skill = recipe.skills - 1
        else:
            skill = pick.randrange(recipe.skills - 1 if recipe.hot_share else recipe.skills)
        vip = recipe.vip_share is not None and pick.random() < recipe.vip_share
        service_us = max(1, int(pick.expovariate(1 / SERVICE_S) * US_PER_S))
        rows.append((int(arrival_s * US_PER_S), skill, int(vip), service_us, WAITS_FOR_EVER))
    return rows


def answer_digest(answer: list[tuple[int, int]]) -> str:
    """Return the digest of (agent or -1, start or time of leaving) per contact in order of the ids."""
    return digest(f"{contact},{agent},{start_us}\n" for contact, (agent, start_us) in enumerate(answer))


def digest(lines: Iterable[str]) -> str:
    """Return the first 16 hex digits of the SHA-256 over some lines."""
    hashed = hashlib.sha256()
    for line in lines:
        hashed.update(line.encode())
    return hashed.hexdigest()[:DIGEST_LENGTH]
