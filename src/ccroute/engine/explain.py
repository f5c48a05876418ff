"""Why a contact waits: per agent the rules of eligibility that keep it away, and what would have to change."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final, assert_never

import msgspec

from ccroute.config import PlanStep
from ccroute.core import hindsight
from ccroute.engine.positions import Position, position
from ccroute.engine.queries import agent_view, in_force, is_waiting, serves_from, unserved
from ccroute.requirement import AgentView, Expression, evaluate, print_expression
from ccroute.requirement.syntax import And, SkillLevel, walk
from ccroute.types import ContactState, LegState, Presence, RescindReason, Rule

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["AgentVerdict", "Explanation", "GaveWay", "NextRule", "Obstacle", "SetAside"]

_RULES: Final = tuple(Rule)
OF_CONTACT: Final[tuple[Rule, ...]] = (
    Rule.CONTACT_STATE,
    Rule.OFFER_OUT,
    Rule.QUEUE_PAUSED,
    Rule.MANUAL,
    Rule.OFFERS_MIN,
)
"""Rules on the contact itself, which keep every agent away."""
OF_ROW: Final[tuple[Rule, ...]] = (Rule.MEMBERSHIP, Rule.AFTER, Rule.REQUIREMENT)
"""Rules on what an agent serves."""
_OF_ROOM: Final = {Rule.OFFERS_MAX, Rule.CHANNEL_CLOSED, Rule.CHANNEL_MAX, Rule.CAPACITY, Rule.SUSPENDED}
_STATES: Final = (None, *ContactState)
_LEG_STATES: Final = (None, *LegState)
_PRESENCES: Final = (Presence.OFFLINE, Presence.AVAILABLE, Presence.AWAY)
_NEXT_AVAILABLE: Final = -3
_FOR_EVER: Final = -4
GAVE_WAY_EVENTS: Final = {
    "offer.rescinded": "its offer to {agent} was taken back",
    "contact.suspended": "its work with {agent} was suspended",
    "leg.ended": "its work with {agent} ended",
}
"""What became of what gave way, by the tag of the event that told it."""


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that keeps an agent from a contact."""

    rule: Rule
    """Stable name of the rule."""
    text: str
    """What is so, with its values."""
    change: str
    """What would have to change."""


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """Something of an agent that would give way to the contact, whose channel interrupts that of the other."""

    contact_id: str
    """The contact whose offer or work it is."""
    offer_id: str | None
    """The offer, rescinded when the new one is made; None: work, suspended when the new offer is accepted."""


class AgentVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps one agent from the contact."""

    agent_id: str
    """The agent."""
    obstacles: list[Obstacle]
    """In the order of ``Rule``; empty where only rules on the contact itself stand in the way."""
    sets_aside: list[SetAside]
    """What would give way to the contact, in the order taken; empty where it fits without, or nothing helps."""


class GaveWay(msgspec.Struct, frozen=True, kw_only=True):
    """How a contact lost an offer or its agent to another contact."""

    by_contact_id: str
    """The contact that came first."""
    agent_id: str
    """The agent that it lost."""
    event: str
    """Tag of the event that told it: ``offer.rescinded``, ``contact.suspended`` or ``leg.ended``."""
    reason: RescindReason
    """``preempted``, ``interrupted`` or ``picked``."""
    at_us: int
    """When."""

    def __str__(self) -> str:
        what = GAVE_WAY_EVENTS[self.event].format(agent=self.agent_id)
        return f"gave way to {self.by_contact_id} at {self.at_us} µs: {what} ({self.reason})"


class NextRule(msgspec.Struct, frozen=True, kw_only=True):
    """The step of a plan that falls due next by time alone, unless the contact is served before."""

    own: bool
    """Whether it is of the contact's own plan."""
    queue_id: str | None
    """The queue whose plan it is, which the contact may have kept from there; None: the contact's own."""
    rule: int
    """Its index in the plan, from 0."""
    at_us: int
    """When it falls due."""
    step: PlanStep
    """What it says; a condition is asked when it is due."""

    def __str__(self) -> str:
        whose = "its own plan" if self.queue_id is None else f"the plan of {self.queue_id}"
        condition = "" if self.step.if_ is None else f", if {self.step.if_}"
        return f"next: step {self.rule} of {whose} at {self.at_us} µs{condition}"


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a contact is where it is. ``str()`` gives it as text."""

    contact_id: str
    """The contact."""
    state: ContactState
    """Its state."""
    queue_id: str | None
    """Queue it waits in, was served from, or was in last; None: it was put aside without one."""
    position: Position | None
    """Its place in line; None where it does not wait."""
    obstacles: list[Obstacle]
    """Rules on the contact itself, which keep every agent away."""
    agents: list[AgentVerdict]
    """Every agent, in order of creation; empty where the contact does not wait."""
    gave_way: GaveWay | None
    """To whom it gave way last, and why; None where it never did."""
    kept_for: list[str]
    """Preferred agents that it waits for, and for whom alone, in their order; empty where it waits for anyone."""
    kept_until_us: int | None
    """How long it does so; None where it waits for anyone."""
    next_rules: list[NextRule]
    """Of its queue's plan and of its own, the step that falls due next by time, the first due first. Only a queued
    contact has any."""

    def __str__(self) -> str:
        lines = [f"{self.contact_id}: {self.state} in {self.queue_id or 'no queue'}"]
        if self.position is not None:
            lines[0] += f", number {self.position.in_queue} of its queue, {self.position.overall} of all"
        if self.gave_way is not None:
            lines.append(f"  {self.gave_way}")
        if self.kept_until_us is not None:
            lines.append(f"  kept for {', '.join(self.kept_for)} until {self.kept_until_us} µs")
        lines += [f"  {one.text}; {one.change}" for one in self.obstacles]
        lines += [f"  {one}" for one in self.next_rules]
        for verdict in self.agents:
            why = "; ".join(one.text for one in verdict.obstacles) or "nothing keeps this agent away"
            if verdict.sets_aside:
                why += "; would give way: " + ", ".join(aside_text(one) for one in verdict.sets_aside)
            lines.append(f"  {verdict.agent_id}: {why}")
        return "\n".join(lines)


def aside_text(one: SetAside) -> str:
    """Name what gives way."""
    return f"work on {one.contact_id}" if one.offer_id is None else f"offer {one.offer_id} of {one.contact_id}"


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
    if is_waiting(known):
        requirement = in_force(names, slot)
        verdicts = [verdict(names, slot, agent, known, requirement) for agent in names.agent_slots.values()]
        able = sum(not one.obstacles for one in verdicts)
        own = [_of_contact(names, rule, known, able) for rule in broken_rules(names.acd.why_nobody(slot))]
    return Explanation(
        contact_id=names.contacts[slot].contact_id,
        state=state,
        queue_id=names.queue_ids[known["queue"]] or None,
        position=position(names, contact_id),
        obstacles=own,
        agents=verdicts,
        gave_way=names.gave_way.get(slot),
        kept_for=[names.agent_ids[one] for one in known.get("favourites", ())],
        kept_until_us=known["preferring_until_us"] if known.get("favourites") else None,
        next_rules=_next_rules(names, slot) if state is ContactState.QUEUED else [],
    )


def _next_rules(names: Names, slot: int) -> list[NextRule]:
    found = []
    for plan, own, step, at_us in names.acd.next_rules(slot):
        queue, _ = names.acd.plan_owner(plan)
        found.append(
            NextRule(
                own=own,
                queue_id=None if own else names.queue_ids[queue],
                rule=step,
                at_us=at_us,
                step=names.plans.steps(plan)[step],
            )
        )
    return sorted(found, key=lambda one: (one.at_us, one.own))


def broken_rules(bits: int) -> list[Rule]:
    """Return the rules whose bits are set, in their order."""
    return [rule for number, rule in enumerate(_RULES) if bits >> number & 1]


def _of_contact(names: Names, rule: Rule, known: dict[str, Any], able: int) -> Obstacle:
    """Put one broken rule on the contact itself into words. ``able``: the agents that no other rule keeps away."""
    queue_id = names.queue_ids[known["queue"]]
    offer = names.config.queues[queue_id].offer
    if rule is Rule.QUEUE_PAUSED:
        return Obstacle(rule=rule, text=f"queue {queue_id} is paused", change="open the queue")
    if rule is Rule.MANUAL:
        return Obstacle(rule=rule, text=f"queue {queue_id} makes no offers of itself", change="pick or assign it")
    if rule is Rule.OFFERS_MIN:
        text = f"{able} agents could take it, {offer.offers_min} are needed before the first offer"
        return Obstacle(rule=rule, text=text, change=f"{offer.offers_min - able} more agents must be able to take it")
    if offer.k == 1:
        text = f"{known['offers_out']} offer is out"
        return Obstacle(rule=rule, text=text, change="the offer must end without an accept")
    text = f"{known['offers_out']} of {offer.k} offers are out"
    return Obstacle(rule=rule, text=text, change="an offer must end without an accept")


def verdict(
    names: Names,
    slot: int,
    agent: int,
    known: dict[str, Any],
    requirement: Expression,
) -> AgentVerdict:
    """Say what keeps one agent from a contact, and what would give way there."""
    seen = broken_rules(names.acd.why_not(slot, agent))
    broken = [rule for rule in seen if rule not in OF_CONTACT + OF_ROW]
    broken += broken_rules(unserved(names, slot, agent, requirement))
    obstacles = obstacles_of(names, slot, agent, known, requirement, broken) + _offer_out(names, slot, agent)
    aside = [] if _OF_ROOM.intersection(broken) else names.acd.aside(slot, agent)
    return AgentVerdict(
        agent_id=names.agent_ids[agent],
        obstacles=sorted(obstacles, key=lambda one: _RULES.index(one.rule)),
        sets_aside=[set_aside(names, agent, kind, number) for kind, number in aside],
    )


def obstacles_of(
    names: Names,
    slot: int,
    agent: int,
    known: dict[str, Any],
    requirement: Expression,
    broken: Collection[Rule],
) -> list[Obstacle]:
    """Put the rules that keep one agent from a contact into words.

    ``slot`` -1: a contact that is not there, of which ``known`` says what there is to know.
    """
    obstacles = [_obstacle(names, rule, slot, agent, known) for rule in broken if rule is not Rule.REQUIREMENT]
    if Rule.REQUIREMENT in broken:
        view = agent_view(names, agent)
        obstacles += [
            Obstacle(rule=Rule.REQUIREMENT, text=_lack(term, view), change=f"{print_expression(term)} must hold")
            for term in _terms(requirement)
            if evaluate(term, view, None, None) is not True
        ]
    return sorted(obstacles, key=lambda one: _RULES.index(one.rule))


def _offer_out(names: Names, slot: int, agent: int) -> list[Obstacle]:
    """Say whether an offer of the contact to this very agent is out."""
    return [
        Obstacle(rule=Rule.OFFER_OUT, text=f"is offered it already (o{seq})", change="answer that offer")
        for seq, contact, _ in names.acd.offers_of(agent)
        if contact == slot
    ]


def _membership(names: Names, agent: int, known: dict[str, Any]) -> Obstacle:
    """The agent does not serve the contact's queue, or not yet."""
    queue_id = names.queue_ids[known["queue"]]
    from_us = serves_from(names, agent, queue_id)
    if from_us is None:
        text = f"does not serve {queue_id}"
        return Obstacle(rule=Rule.MEMBERSHIP, text=text, change=f"list {queue_id} among its queues")
    in_queue_us = names.acd.now() - known["in_queue_at_us"]
    text = f"serves {queue_id} after {from_us} µs, the contact has been in it for {in_queue_us} µs"
    return Obstacle(rule=Rule.AFTER, text=text, change=f"wait until {known['in_queue_at_us'] + from_us} µs")


def set_aside(names: Names, agent: int, kind: str, number: int) -> SetAside:
    """Name what would be set aside: an offer by seq, or a leg by the slot of its contact."""
    if kind == "leg":
        return SetAside(contact_id=names.contacts[number].contact_id, offer_id=None)
    contact = next(contact for seq, contact, _ in names.acd.offers_of(agent) if seq == number)
    return SetAside(contact_id=names.contacts[contact].contact_id, offer_id=f"o{number}")


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
        case Rule.DIRECT:
            keeper = names.agent_ids[known["direct"]]
            return Obstacle(rule=rule, text=f"it is kept for {keeper}", change=f"{keeper} must let it go")
        case Rule.EXCLUDED:
            return Obstacle(rule=rule, text="is excluded by the contact", change="take it off the contact's exclusions")
        case Rule.COOLDOWN:
            return _cooldown(names.acd.cooldown_until(slot, agent))
        case Rule.LEG:
            return _own_leg(names, slot, agent)
        case Rule.CHANNEL_CLOSED:
            return Obstacle(rule=rule, text=f"takes no {channel}", change=f"open {channel} for it")
        case Rule.CHANNEL_MAX:
            text = f"has its {names.acd.channel_count_of(agent, known['channel'])} {channel} contacts"
            return Obstacle(rule=rule, text=text, change=f"finish a {channel} contact, or allow more")
        case Rule.CAPACITY:
            return _capacity(names, agent, known, state)
        case Rule.SUSPENDED:
            return _suspended(names, agent, known)
        case Rule.PREFERRED:
            until = known["preferring_until_us"]
            favourites = ", ".join(names.agent_ids[one] for one in known["favourites"])
            return Obstacle(
                rule=rule, text=f"it is kept for {favourites} until {until} µs", change=f"wait until {until} µs"
            )
        case Rule.MEMBERSHIP | Rule.AFTER:
            return _membership(names, agent, known)
        case Rule.CONTACT_STATE | Rule.OFFER_OUT | Rule.QUEUE_PAUSED | Rule.MANUAL | Rule.OFFERS_MIN | Rule.REQUIREMENT:
            raise AssertionError(rule)
        case _:
            assert_never(rule)


def _cooldown(until: int) -> Obstacle:
    if until == _FOR_EVER:
        return Obstacle(rule=Rule.COOLDOWN, text="is in cool-down for ever", change="nothing ends that but the contact")
    if until == _NEXT_AVAILABLE:
        text = "is in cool-down until it next becomes available"
        return Obstacle(rule=Rule.COOLDOWN, text=text, change="leave available and come back")
    return Obstacle(rule=Rule.COOLDOWN, text=f"is in cool-down until {until} µs", change=f"wait until {until} µs")


def _own_leg(names: Names, slot: int, agent: int) -> Obstacle:
    """The agent has a leg of the contact, in whatever state."""
    state = next(_LEG_STATES[leg[1]] for leg in names.acd.legs_of(agent) if leg[0] == slot)
    if state is LegState.WRAPPING:
        return Obstacle(rule=Rule.LEG, text="still wraps up its earlier part of it", change="end that wrap-up")
    return Obstacle(rule=Rule.LEG, text=f"has it in hand already ({state})", change="another agent must take it")


def _capacity(names: Names, agent: int, known: dict[str, Any], state: dict[str, Any]) -> Obstacle:
    cost = hindsight.cost_of_such(names.acd, agent, known["queue"], known["channel"], known["own_cost"])
    reserve = names.config.agents[names.agent_ids[agent]].reserve
    kept = sum(
        max(0, units - state["units"].get(names.channel_slots[channel], 0))
        for channel, units in reserve.items()
        if names.channel_slots[channel] != known["channel"]
    )
    free = state["capacity"] - state["taken"]
    text = f"has {free} of {state['capacity']} units free, {cost} are needed"
    if kept:
        text += f" and {kept} are kept for other channels"
    return Obstacle(rule=Rule.CAPACITY, text=text, change=f"free {cost + kept - free} units")


def _suspended(names: Names, agent: int, known: dict[str, Any]) -> Obstacle:
    """Name the suspended work of the agent that comes first: of the highest tier, then first begun."""
    own = names.config.channels.get(names.channel_ids[known["channel"]])
    interrupted = [] if own is None else own.interrupts
    barring = []
    for contact, state, _, _, _, channel in names.acd.legs_of(agent):
        tier = names.acd.contact(contact)["tier"]
        if _LEG_STATES[state] is LegState.SUSPENDED and (
            tier > known["tier"] or (tier == known["tier"] and names.channel_ids[channel] not in interrupted)
        ):
            barring.append((tier, names.contacts[contact].contact_id))
    tier, contact_id = max(barring, key=lambda one: one[0])
    text = f"has suspended work on {contact_id} of tier {tier}, the contact is of tier {known['tier']}"
    return Obstacle(rule=Rule.SUSPENDED, text=text, change=f"{contact_id} must be resumed or end")
