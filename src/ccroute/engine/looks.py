"""What classes look at: in agents, value by value, and in the contacts that they are made for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ccroute.requirement import AgentView, Expression, Requirement, outcome
from ccroute.requirement.syntax import (
    Compare,
    ContactAttribute,
    ContactTier,
    DecimalLiteral,
    InMap,
    IntLiteral,
    Map,
    SkillLevel,
    walk,
)

__all__ = ["level_of", "level_sum", "outcome_of", "skills_in", "what_is_read"]


def level_of(skill: str) -> Callable[[AgentView], int]:
    """Return what tells an agent's level of a skill."""
    return lambda agent: agent.skills.get(skill, 0)


def level_sum(agent: AgentView, skills: Iterable[str]) -> int:
    """Return the sum of an agent's levels of some skills."""
    return sum(agent.skills.get(skill, 0) for skill in skills)


def outcome_of(atom: Expression) -> Callable[[AgentView], int]:
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


def skills_in(parts: Iterable[Requirement]) -> tuple[str, ...]:
    """Return the skills that requirements name, each once."""
    return tuple(sorted({skill for part in parts for skill in part.skills}))


def what_is_read(parts: Iterable[Requirement]) -> tuple[bool, tuple[str, ...] | None]:
    """Say whether requirements read the tier of a contact, and which of its attributes; None: all of them."""
    has_tier, reads_all = False, False
    names: dict[str, None] = {}
    for node in (node for part in parts for node in walk(part.expression)):
        has_tier = has_tier or isinstance(node, ContactTier)
        reads_all = reads_all or (isinstance(node, InMap) and node.map is Map.CONTACT_ATTRIBUTES)
        if isinstance(node, ContactAttribute):
            names[node.name] = None
    return has_tier, None if reads_all else tuple(names)
