"""Between whom an offer is decided: asked of an engine that has stopped just before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ccroute.core import hindsight
from ccroute.engine.criteria import Criterion, Turn
from ccroute.engine.decisions import CONTACTS_TOLD_MAX, AgentCandidate, Choice, ContactCandidate, VictimCandidate
from ccroute.engine.explain import OF_CONTACT, set_aside, verdict
from ccroute.engine.ordering import AgentTerms, Comparison, Key, agent_keys, compare, contact_keys, victim_keys
from ccroute.engine.queries import in_force, ruled_text
from ccroute.errors import EngineBug
from ccroute.types import Rule

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["choice"]

_TURNS: Final = tuple(Turn)
_RULES: Final = tuple(Rule)
_ON_CONTACT: Final = sum(1 << _RULES.index(rule) for rule in OF_CONTACT)
_IN_LINE: Final = (Turn.LINE, Turn.TOGETHER)
_PASSED: Final = Comparison(criterion=Criterion.PASSED_OVER, winner=None, loser=None, margin=None, unit="")


def choice(names: Names, contact: int, agent: int, turn_code: int) -> Choice:
    """Return between whom the offer of a contact to an agent (slots) is decided. O(agents + contacts).

    :raises EngineBug: the order that is told is not that of the decision.
    """
    turn = _TURNS[turn_code]
    known, requirement = names.acd.contact(contact), in_force(names, contact)
    candidates, excluded = _agents(names, contact, agent, turn)
    contacts: list[ContactCandidate] = []
    if turn is Turn.LINE:
        contacts = _contacts(names, contact, agent)
    elif turn is Turn.PREEMPTION:
        contacts = _contenders(names, contact)
    return Choice(
        turn=turn,
        contact_id=names.contacts[contact].contact_id,
        agent_id=names.agent_ids[agent],
        agents=candidates,
        excluded=[verdict(names, contact, one, known, requirement) for one in excluded],
        contacts=contacts[:CONTACTS_TOLD_MAX],
        contacts_count=len(contacts),
        victims=_victims(names, contact, agent) if turn is Turn.PREEMPTION else [],
    )


def _agents(names: Names, contact: int, agent: int, turn: Turn) -> tuple[list[AgentCandidate], list[int]]:
    """Return the agents eligible for a contact, in order, and the slots of all others."""
    eligible = hindsight.agents_for(names.acd, contact, 0 if turn in _IN_LINE else _ON_CONTACT)
    known = names.acd.contact(contact)
    skills = names.classes.skills_named(known["queue"], names.contacts[contact].requires, ruled_text(names, known))
    terms = AgentTerms(known["queue"], skills, hindsight.scores_of(names.acd, contact))
    aside = {one: names.acd.aside(contact, one) for one, _, _ in eligible}
    keys = {one: agent_keys(names, terms, one, rank, len(aside[one])) for one, rank, _ in eligible}
    found = []
    for one, rank, is_passed in sorted(eligible, key=lambda row: (row[2], [key.order for key in keys[row[0]]])):
        lost_by = None
        if turn in _IN_LINE and one != agent:
            lost_by = _why(keys.get(agent, []), keys[one], is_passed)
        found.append(
            AgentCandidate(
                agent_id=names.agent_ids[one],
                rank=rank,
                sets_aside=[set_aside(names, one, kind, number) for kind, number in aside[one]],
                passed_over=is_passed,
                lost_by=lost_by,
            )
        )
    return found, [one for one in names.agent_slots.values() if one not in aside]


def _contacts(names: Names, contact: int, agent: int) -> list[ContactCandidate]:
    """Return the other contacts that an agent is eligible for, in order."""
    rows = hindsight.contacts_for(names.acd, agent, contact)
    ((_, own_rank, _),) = [row for row in hindsight.agents_for(names.acd, contact, 0) if row[0] == agent]
    own = contact_keys(names, contact, own_rank)
    keys = {one: contact_keys(names, one, rank) for one, rank, _ in rows}
    return [
        _contact(names, one, is_passed, _why(own, keys[one], is_passed))
        for one, _, is_passed in sorted(rows, key=lambda row: (row[2], [key.order for key in keys[row[0]]]))
    ]


def _contenders(names: Names, contact: int) -> list[ContactCandidate]:
    """Return the other contacts that may pre-empt, in the order in which they try."""
    own = contact_keys(names, contact, None)
    keys = {one: contact_keys(names, one, None) for one in hindsight.contenders(names.acd, contact)}
    in_order = sorted(keys, key=lambda one: [key.order for key in keys[one]])
    return [_contact(names, one, False, compare(own, keys[one])) for one in in_order]


def _contact(names: Names, slot: int, is_passed: bool, lost_by: Comparison | None) -> ContactCandidate:
    return ContactCandidate(
        contact_id=names.contacts[slot].contact_id,
        queue_id=names.queue_ids[names.acd.contact(slot)["queue"]],
        passed_over=is_passed,
        lost_by=lost_by,
    )


def _victims(names: Names, contact: int, agent: int) -> list[VictimCandidate]:
    """Return what could give way to a contact, in order."""
    rows = hindsight.victims_of(names.acd, contact)
    keys = [victim_keys(tier, offer == 0, begun, one, _seq(names, other)) for one, other, offer, tier, begun in rows]
    in_order = sorted(range(len(rows)), key=lambda at: [key.order for key in keys[at]])
    if not in_order or rows[in_order[0]][0] != agent:
        raise EngineBug("what gives way is not with the agent of the offer")
    return [
        VictimCandidate(
            contact_id=names.contacts[other].contact_id,
            agent_id=names.agent_ids[one],
            offer_id=f"o{offer}" if offer else None,
            tier=tier,
            begun_at_us=begun,
            lost_by=None if at == in_order[0] else compare(keys[in_order[0]], keys[at]),
        )
        for at in in_order
        for one, other, offer, tier, begun in (rows[at],)
    ]


def _seq(names: Names, slot: int) -> int:
    seq: int = names.acd.contact(slot)["seq"]
    return seq


def _why(winner: Sequence[Key], loser: Sequence[Key], is_passed: bool) -> Comparison:
    """Return why a pair came before another one of its contact, or of its agent."""
    found = compare(winner, loser) if winner else None
    if found is not None:
        return found
    if not is_passed:
        raise EngineBug("a pair that comes first was not chosen")
    return _PASSED
