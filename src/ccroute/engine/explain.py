"""Why a contact waits: per agent the rules of eligibility that keep it away, and what would have to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, assert_never

import msgspec

from ccroute.engine.queries import Position, agent_view, in_force, position, serves
from ccroute.requirement import AgentView, Expression, evaluate, print_expression
from ccroute.requirement.syntax import And, SkillLevel, walk
from ccroute.types import ContactState, Presence, Rule

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["AgentVerdict", "Explanation", "Obstacle"]

_RULES: Final = tuple(Rule)
_OF_CONTACT: Final = (Rule.CONTACT_STATE, Rule.OFFER_OUT, Rule.QUEUE_PAUSED)
_STATES: Final = (None, *ContactState)
_PRESENCES: Final = (Presence.OFFLINE, Presence.AVAILABLE, Presence.AWAY)


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that keeps an agent from a contact."""

    rule: Rule
    """Stable name of the rule."""
    text: str
    """What is so, with its values."""
    change: str
    """What would have to change."""


class AgentVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps one agent from the contact."""

    agent_id: str
    """The agent."""
    obstacles: list[Obstacle]
    """In the order of ``Rule``; empty where only rules on the contact itself stand in the way."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a contact is where it is. ``str()`` gives it as text."""

    contact_id: str
    """The contact."""
    state: ContactState
    """Its state."""
    queue_id: str
    """Queue it waits in, was served from, or was in last."""
    position: Position | None
    """Its place in line; None where it does not wait."""
    obstacles: list[Obstacle]
    """Rules on the contact itself, which keep every agent away."""
    agents: list[AgentVerdict]
    """Every agent, in order of creation; empty where the contact does not wait."""

    def __str__(self) -> str:
        lines = [f"{self.contact_id}: {self.state} in {self.queue_id}"]
        if self.position is not None:
            lines[0] += f", number {self.position.in_queue} of its queue, {self.position.overall} of all"
        lines += [f"  {one.text}; {one.change}" for one in self.obstacles]
        for verdict in self.agents:
            why = "; ".join(one.text for one in verdict.obstacles) or "nothing keeps this agent away"
            lines.append(f"  {verdict.agent_id}: {why}")
        return "\n".join(lines)


def explain(names: Names, contact_id: str | int) -> Explanation | None:
    """Return why a contact waits, or None where it is not known. O(agents)."""
    slot = names.find_contact(contact_id)
    if slot is None:
        return None
    known = names.acd.contact(slot)
    state = _STATES[known["state"]]
    assert state is not None
    verdicts = []
    own: list[Obstacle] = []
    if state is ContactState.QUEUED:
        requirement = in_force(names, slot)
        own = [_of_contact(names, rule, known) for rule in _broken(names.acd.why_nobody(slot)) if rule in _OF_CONTACT]
        for agent in range(len(names.agent_ids)):
            obstacles = _of_agent(names, slot, agent, known, requirement)
            verdicts.append(AgentVerdict(agent_id=names.agent_ids[agent], obstacles=obstacles))
    return Explanation(
        contact_id=names.contacts[slot].contact_id,
        state=state,
        queue_id=names.queue_ids[known["queue"]],
        position=position(names, contact_id),
        obstacles=own,
        agents=verdicts,
    )


def _broken(bits: int) -> list[Rule]:
    return [rule for number, rule in enumerate(_RULES) if bits >> number & 1]


def _of_contact(names: Names, rule: Rule, known: dict[str, Any]) -> Obstacle:
    queue_id = names.queue_ids[known["queue"]]
    if rule is Rule.QUEUE_PAUSED:
        return Obstacle(rule=rule, text=f"queue {queue_id} is paused", change="open the queue")
    return Obstacle(
        rule=rule,
        text=f"{known['offers_out']} offer is out",
        change="the offer must end without an accept",
    )


def _of_agent(names: Names, slot: int, agent: int, known: dict[str, Any], requirement: Expression) -> list[Obstacle]:
    bits = names.acd.why_not(slot, agent)
    queue_id = names.queue_ids[known["queue"]]
    view = agent_view(names, agent)
    obstacles = []
    for rule in _broken(bits):
        if rule in _OF_CONTACT or rule is Rule.MEMBERSHIP:
            continue
        obstacles.append(_obstacle(names, rule, slot, agent, known))
    if not serves(names, agent, queue_id):
        text = f"does not serve {queue_id}"
        obstacles.append(Obstacle(rule=Rule.MEMBERSHIP, text=text, change=f"list {queue_id} among its queues"))
    obstacles += [
        Obstacle(rule=Rule.REQUIREMENT, text=_lack(term, view), change=f"{print_expression(term)} must hold")
        for term in _terms(requirement)
        if evaluate(term, view, None, None) is not True
    ]
    return sorted(obstacles, key=lambda one: _RULES.index(one.rule))


def _terms(requirement: Expression) -> tuple[Expression, ...]:
    return requirement.terms if isinstance(requirement, And) else (requirement,)


def _lack(term: Expression, view: AgentView) -> str:
    """Say which part of a requirement does not hold, with the levels of the skills it names."""
    skills = dict.fromkeys(node.skill for node in walk(term) if isinstance(node, SkillLevel))
    levels = ", ".join(f"{skill} is {view.skills.get(skill, 0)}" for skill in skills)
    return f"lacks {print_expression(term)}" + (f" ({levels})" if levels else "")


def _obstacle(names: Names, rule: Rule, slot: int, agent: int, known: dict[str, Any]) -> Obstacle:
    """Put one broken rule on an agent into words."""
    state = names.acd.agent(agent)
    channel = names.channel_ids[known["channel"]]
    match rule:
        case Rule.PRESENCE:
            text = f"is {_PRESENCES[state['presence']]}"
            label = names.agent_labels[agent]
            return Obstacle(rule=rule, text=text + (f" ({label})" if label else ""), change="become available")
        case Rule.NEXT_PRESENCE:
            text = f"will be {_PRESENCES[state['next_presence']]} when its work ends"
            return Obstacle(rule=rule, text=text, change="take back the next presence")
        case Rule.OFFERS_MAX:
            text = f"has {state['pending']} of {state['offers_max']} offers pending"
            return Obstacle(rule=rule, text=text, change="answer an offer")
        case Rule.EXCLUDED:
            return Obstacle(rule=rule, text="is excluded by the contact", change="take it off the contact's exclusions")
        case Rule.COOLDOWN:
            until = names.acd.cooldown_until(slot, agent)
            return Obstacle(rule=rule, text=f"is in cool-down until {until} µs", change=f"wait until {until} µs")
        case Rule.LEG:
            return Obstacle(rule=rule, text="still wraps up its earlier part of it", change="end that wrap-up")
        case Rule.CHANNEL_CLOSED:
            return Obstacle(rule=rule, text=f"takes no {channel}", change=f"open {channel} for it")
        case Rule.CHANNEL_MAX:
            text = f"has its {names.acd.channel_count_of(agent, known['channel'])} {channel} contacts"
            return Obstacle(rule=rule, text=text, change=f"finish a {channel} contact, or allow more")
        case Rule.CAPACITY:
            cost = names.acd.cost_for(slot, agent)
            text = f"has {state['capacity'] - state['taken']} of {state['capacity']} units free, {cost} are needed"
            return Obstacle(rule=rule, text=text, change=f"free {cost - state['capacity'] + state['taken']} units")
        case Rule.CONTACT_STATE | Rule.OFFER_OUT | Rule.QUEUE_PAUSED | Rule.MEMBERSHIP | Rule.REQUIREMENT:
            raise AssertionError(rule)
        case _:
            assert_never(rule)
