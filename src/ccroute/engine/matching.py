"""Which agents could serve a contact that is not there: now, or when something of theirs changes; nothing moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ccroute.commands import AttributeValue, EnqueueContact
from ccroute.config import AgentChannel, Prefer
from ccroute.core import hindsight, replanning
from ccroute.engine.criteria import Readiness
from ccroute.engine.explain import Obstacle, SetAside, aside_text, broken_rules, obstacles_of, set_aside
from ccroute.engine.ordering import AgentTerms, agent_keys
from ccroute.engine.queries import agent_view, check_limit, serves_from, unserved_such
from ccroute.engine.scrutiny import recheck
from ccroute.engine.standing import CALLBACK
from ccroute.errors import OutOfRange, UnknownName, WrongType
from ccroute.requirement import Expression
from ccroute.types import RANK_MAX, TIME_US_MAX, ClosedAction, PreferredScope, Rule

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["AgentMatch"]

_READINESS: Final = tuple(Readiness)
_NEVER: Final = {Rule.MEMBERSHIP, Rule.REQUIREMENT, Rule.EXCLUDED, Rule.CHANNEL_CLOSED}
_EARLY: Final = {Rule.AFTER, Rule.PREFERRED}
_ABSENT: Final = {Rule.PRESENCE, Rule.NEXT_PRESENCE}
_ROOM: Final = {Rule.OFFERS_MAX, Rule.CHANNEL_MAX, Rule.CAPACITY, Rule.SUSPENDED}


class AgentMatch(msgspec.Struct, frozen=True, kw_only=True):
    """How well an agent goes with a contact that is not there. ``str()`` gives it as text."""

    agent_id: str
    """The agent."""
    readiness: Readiness
    """When it could be offered the contact."""
    rank: int | None
    """At which it serves the queue: 1 is own work, more is backup; None: it does not."""
    after_us: int | None
    """For how long a contact must have been in the queue that it serve it, 0 at once; None: it does not."""
    levels: dict[str, int]
    """Its levels of the skills that the requirement in force names, 0 where it has one not; by name."""
    level_sum: int
    """Their sum."""
    cost: int
    """Units that the contact would take of it."""
    sets_aside: list[SetAside]
    """What would give way to the contact, in the order taken; empty where it fits without, or nothing helps."""
    obstacles: list[Obstacle]
    """Every rule in the way, in the order of ``Rule``."""

    def __str__(self) -> str:
        why = "; ".join(one.text for one in self.obstacles)
        if self.sets_aside:
            why += "; would give way: " + ", ".join(aside_text(one) for one in self.sets_aside)
        rank = "" if self.rank is None else f", rank {self.rank}"
        return f"{self.agent_id}: {self.readiness}{rank}" + (f": {why.removeprefix('; ')}" if why else "")


class _Sought(msgspec.Struct, frozen=True):
    """A contact that is not there."""

    known: dict[str, Any]
    """What would be known of it, as of a contact of the core."""
    requirement: Expression
    """In force, folded until it reads only the agent."""
    excluded: frozenset[str]
    terms: AgentTerms


def match(
    names: Names,
    requirement: str | None,
    queue_id: str,
    channel: str,
    *,
    tier: int | None = None,
    cost: int | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
    excluded: list[str] | None = None,
    scores: Mapping[str, int] | None = None,
    preferred: list[str] | None = None,
    preferred_wait_us: int | None = None,
    preferred_scope: PreferredScope | None = None,
    preferred_requires: bool | None = None,
    in_queue_us: int = 0,
    readiness: Readiness | None = None,
    after: str | int | None = None,
    limit: int = 100,
) -> list[AgentMatch]:
    """Return how agents go with a contact, the first to be offered it first. O(agents log agents)."""
    check_limit(limit)
    if readiness is not None and type(readiness) is not Readiness:
        raise WrongType("readiness", readiness, "None or a Readiness")
    if type(queue_id) is not str:
        # A contact that is put aside may have no queue; but then nobody could serve it.
        raise WrongType("queue_id", queue_id, "a str, the id of a queue")
    if type(in_queue_us) is not int:
        raise WrongType("in_queue_us", in_queue_us, f"an integer from 0 to {TIME_US_MAX}")
    if not 0 <= in_queue_us <= TIME_US_MAX:
        raise OutOfRange("in_queue_us", in_queue_us, f"an integer from 0 to {TIME_US_MAX}")
    if type(requirement) is str:
        names.classes.requirement(requirement, "requirement")
    elif requirement is not None:
        raise WrongType("requirement", requirement, "None or a str, a requirement")
    contact = EnqueueContact(
        contact_id="-",
        queue_id=queue_id,
        channel=channel,
        requires=requirement,
        tier=tier,
        cost=cost,
        attributes={} if attributes is None else attributes,  # type: ignore[arg-type]  # checked below
        excluded=[] if excluded is None else excluded,
        scores={} if scores is None else scores,  # type: ignore[arg-type]  # checked below
        preferred=[] if preferred is None else preferred,
        preferred_wait_us=preferred_wait_us,
        preferred_scope=preferred_scope,
        preferred_requires=preferred_requires,
    )
    recheck(names, contact)
    behind = None
    if after is not None:
        behind = names.find_agent(after, "after")
        if behind is None:
            raise UnknownName("after", after, "an agent of the configuration")
    if _turns_away(names, contact, queue_id, in_queue_us):
        return []
    return _page(names, _sought(names, contact, queue_id, in_queue_us), readiness, behind, limit)


def _turns_away(names: Names, contact: EnqueueContact, queue_id: str, in_queue_us: int) -> bool:
    """Say whether the queue has no such contact wait: it drains, or is closed and does something else with it."""
    queue = names.config.queues[queue_id]
    if queue.draining:
        return True
    if queue.hours is None or queue.hours.closed is ClosedAction.WAIT or contact.channel == CALLBACK:
        return False
    is_closed = replanning.is_closed(names.acd, names.queue_slots[queue_id])
    return is_closed and (in_queue_us == 0 or queue.hours.closes_waiting)


def _sought(names: Names, contact: EnqueueContact, queue_id: str, in_queue_us: int) -> _Sought:
    queue, channel = names.queue_slots[queue_id], names.channel_slots[contact.channel]
    tier = names.config.queues[queue_id].tier if contact.tier is None else contact.tier
    return _Sought(
        {
            "queue": queue,
            "channel": channel,
            "own_cost": -1 if contact.cost is None else contact.cost,
            "tier": tier,
            "in_queue_at_us": names.acd.now() - in_queue_us,
            "direct": -1,
            **_preference(names, contact, queue_id, in_queue_us),
        },
        names.classes.in_force(queue, channel, contact.requires, contact.tier, contact.attributes),
        frozenset(contact.excluded),
        AgentTerms(
            queue,
            names.classes.skills_named(queue, contact.requires),
            {names.agent_slots[one]: score for one, score in contact.scores.items() if one in names.agent_slots},
        ),
    )


def _preference(names: Names, contact: EnqueueContact, queue_id: str, in_queue_us: int) -> dict[str, Any]:
    """Return for whom the contact is kept and how, as of a contact of the core; nothing where it is kept for nobody."""
    queue = names.queue_slots[queue_id]
    prefer = names.config.queues[queue_id].prefer or Prefer()
    wait_us = prefer.wait_us if contact.preferred_wait_us is None else contact.preferred_wait_us
    if in_queue_us >= wait_us:
        return {}
    known = dict.fromkeys(names.agent_slots[one] for one in contact.preferred if one in names.agent_slots)
    scope = prefer.scope if contact.preferred_scope is None else contact.preferred_scope
    return {
        "favourites": hindsight.kept_for(names.acd, queue, list(known)),
        "preferring_until_us": names.acd.now() - in_queue_us + wait_us,
        "scope": int(scope is PreferredScope.ANYONE),
        "preferred_requires": int(
            prefer.requires if contact.preferred_requires is None else contact.preferred_requires
        ),
    }


def _page(
    names: Names, sought: _Sought, readiness: Readiness | None, behind: int | None, limit: int
) -> list[AgentMatch]:
    """Return the agents behind one, None: all, in order, up to ``limit``."""
    found = {}
    for agent in names.agent_slots.values():
        broken = _broken(names, sought, agent)
        how = _readiness(names, sought, agent, broken)
        rank = _rank(names, sought, agent)
        aside = [] if broken & _ROOM else _aside(names, sought, agent)
        keys = agent_keys(names, sought.terms, agent, RANK_MAX + 1 if rank is None else rank, len(aside))
        order = (_READINESS.index(how), *(key.order for key in keys))
        found[agent] = (order, how, broken, rank, aside)
    first = None if behind is None else found[behind][0]
    wanted = [
        agent
        for agent, (order, how, *_) in found.items()
        if (readiness is None or how is readiness) and (first is None or order > first)
    ]
    wanted.sort(key=lambda agent: found[agent][0])
    return [_told(names, sought, agent, *found[agent][1:]) for agent in wanted[:limit]]


def rank_of(names: Names, agent: int, queue_id: str) -> int | None:
    """Return the rank at which an agent serves a queue, whatever ``after_us`` says; None where it does not."""
    if serves_from(names, agent, queue_id) is None:
        return None
    served = names.config.agents[names.agent_ids[agent]].queues.get(queue_id, 1)
    return served if isinstance(served, int) else served.rank


def _is_kept_whatever(sought: _Sought, agent: int) -> bool:
    """Say whether the contact is kept for an agent even if it does not serve the queue."""
    return bool(sought.known.get("scope")) and agent in sought.known["favourites"]


def _rank(names: Names, sought: _Sought, agent: int) -> int | None:
    rank = rank_of(names, agent, names.queue_ids[sought.known["queue"]])
    return 1 if rank is None and _is_kept_whatever(sought, agent) else rank


def _such(sought: _Sought) -> tuple[int, int, int, int]:
    known = sought.known
    return known["queue"], known["channel"], known["own_cost"], known["tier"]


def _aside(names: Names, sought: _Sought, agent: int) -> list[tuple[str, int]]:
    return hindsight.aside_for_such(names.acd, agent, *_such(sought))


def _broken(names: Names, sought: _Sought, agent: int) -> set[Rule]:
    """Return the rules that keep an agent from the contact."""
    broken = set(broken_rules(hindsight.why_not_such(names.acd, agent, *_such(sought))))
    broken.update(broken_rules(unserved_such(names, sought.known, agent, sought.requirement)))
    if names.agent_ids[agent] in sought.excluded:
        broken.add(Rule.EXCLUDED)
    return broken


def _readiness(names: Names, sought: _Sought, agent: int, broken: set[Rule]) -> Readiness:
    if broken & _NEVER or (broken & _ROOM and not _fits_ever(names, sought, agent)):
        return Readiness.NEVER
    if broken & _ABSENT:
        return Readiness.ONLINE
    if broken & _ROOM:
        return Readiness.FREE
    return Readiness.AFTER if broken & _EARLY else Readiness.NOW


def _fits_ever(names: Names, sought: _Sought, agent: int) -> bool:
    """Say whether there is room for the contact where the agent has nothing in hand."""
    configured = names.config.agents[names.agent_ids[agent]]
    channel_id = names.channel_ids[sought.known["channel"]]
    queue, channel, own_cost, _ = _such(sought)
    cost = hindsight.cost_of_such(names.acd, agent, queue, channel, own_cost)
    kept = sum(units for other, units in configured.reserve.items() if other != channel_id)
    return configured.channels.get(channel_id, AgentChannel()).max != 0 and cost + kept <= configured.capacity


def _told(
    names: Names,
    sought: _Sought,
    agent: int,
    how: Readiness,
    broken: set[Rule],
    rank: int | None,
    aside: list[tuple[str, int]],
) -> AgentMatch:
    known = sought.known
    levels = agent_view(names, agent).skills
    named = {skill: levels.get(skill, 0) for skill in sought.terms.skills}
    return AgentMatch(
        agent_id=names.agent_ids[agent],
        readiness=how,
        rank=rank,
        after_us=0 if _is_kept_whatever(sought, agent) else serves_from(names, agent, names.queue_ids[known["queue"]]),
        levels=named,
        level_sum=sum(named.values()),
        cost=hindsight.cost_of_such(names.acd, agent, known["queue"], known["channel"], known["own_cost"]),
        sets_aside=[set_aside(names, agent, kind, number) for kind, number in aside],
        obstacles=obstacles_of(names, -1, agent, known, sought.requirement, broken),
    )
