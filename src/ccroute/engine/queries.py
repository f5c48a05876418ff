"""Questions to the engine: single look-ups, keyset-paged lists, counters. Answers are frozen structs; nothing moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from ccroute.config import AgentQueue, Prefer
from ccroute.engine.standing import NOBODY
from ccroute.engine.statuses import AgentStatus, ContactStatus, Counters, LegStatus, OfferStatus, QueueStatus
from ccroute.errors import OutOfRange, UnknownName, WrongType
from ccroute.requirement import AgentView, ContactView, Expression, QueueView, Requirement, evaluate, holds, parse
from ccroute.types import ContactState, LegState, PreferredScope, Presence, Rule

if TYPE_CHECKING:
    from ccroute.engine.names import Names

PAGE_MAX: Final = 10_000
"""Most answers on one page."""

_RULES: Final = tuple(Rule)
_CONTACT_STATES: Final = (None, *ContactState)
_LEG_STATES: Final = (None, *LegState)
_PRESENCES: Final = (Presence.OFFLINE, Presence.AVAILABLE, Presence.AWAY)


# ---- single look-ups -------------------------------------------------------------------------------------------


def now_us(names: Names) -> int:
    """Return where the engine stands."""
    return names.acd.now()


def next_at_us(names: Names) -> int | None:
    """Return the deadline of the next timer, or None."""
    deadline = names.acd.next_timer()
    return None if deadline < 0 else deadline


def contact(names: Names, contact_id: str | int) -> ContactStatus | None:
    """Return a contact by id or handle, or None."""
    slot = names.find_contact(contact_id)
    return None if slot is None else _contact(names, slot)


def agent(names: Names, agent_id: str | int) -> AgentStatus | None:
    """Return an agent by id or handle, or None."""
    slot = names.find_agent(agent_id)
    return None if slot is None else _agent(names, slot)


def queue(names: Names, queue_id: str) -> QueueStatus | None:
    """Return a queue by id, or None."""
    names.check_id(queue_id, "queue_id")
    slot = names.queue_slots.get(queue_id)
    return None if slot is None else _queue(names, slot)


def offer(names: Names, offer_id: str) -> OfferStatus | None:
    """Return a pending offer by id, or None."""
    names.check_id(offer_id, "offer_id")
    number = offer_id[1:]
    if offer_id[0] != "o" or not (number.isascii() and number.isdigit()) or number[0] == "0" or len(number) > 16:
        return None
    return _offer(names, int(number))


def counters(names: Names) -> Counters:
    """Return the tallies of contacts."""
    created, closed, abandoned, cancelled, expired = names.acd.tallies()
    inside = created - closed - abandoned - cancelled - expired
    return Counters(
        created=created, closed=closed, abandoned=abandoned, cancelled=cancelled, expired=expired, inside=inside
    )


def is_waiting(known: dict[str, Any]) -> bool:
    """Say whether a contact waits for an agent: queued, or active and looking for one more."""
    return _CONTACT_STATES[known["state"]] is ContactState.QUEUED or known["seeks"] != 0


def _agent_id(names: Names, slot: int) -> str | None:
    return None if slot < 0 else names.agent_ids[slot]


def _moment(at_us: int) -> int | None:
    return None if at_us < 0 else at_us


def _contact(names: Names, slot: int) -> ContactStatus:
    known = names.acd.contact(slot)
    first = names.contacts[slot]
    state = _CONTACT_STATES[known["state"]]
    assert state is not None
    queue_id = names.queue_ids[known["queue"]] or None
    is_live = state in (ContactState.QUEUED, ContactState.ACTIVE, ContactState.PARKED, ContactState.SCHEDULED)
    return ContactStatus(
        contact_id=first.contact_id,
        handle=known["handle"],
        seq=known["seq"],
        state=state,
        version=known["version"],
        queue_id=queue_id,
        channel=first.channel,
        customer_id=first.customer_id,
        conversation_id=first.conversation_id,
        parent_id=first.parent_id,
        requires=first.requires,
        tier=known["tier"],
        head_start_us=known["head_start_us"],
        place_at_us=known["place_at_us"],
        in_queue_at_us=known["in_queue_at_us"] if is_live and queue_id is not None else None,
        waited_us=known["waited_us"],
        overdue=bool(known["is_overdue"]),
        parked_since_us=_moment(known["parked_since_us"]) if state is ContactState.PARKED else None,
        parked_until_us=_moment(known["parked_until_us"]) if state is ContactState.PARKED else None,
        due_at_us=_moment(known["parked_until_us"]) if state is ContactState.SCHEDULED else None,
        seeker_id=_agent_id(names, known["seeker"]),
        direct_to_id=_agent_id(names, known["direct"]),
        displaced_offers=known["displaced_offers"],
        displaced_work=known["displaced_work"],
        offers_made=known["offers_made"],
        agents=[names.agent_ids[one] for one in names.acd.agents_of(slot)],
        offers=[f"o{seq}" for seq in names.acd.offers_out(slot)],
        attributes={
            name: list(one) if isinstance(one, list) else one for name, one in names.attributes_of(slot).items()
        },
    )


def _agent(names: Names, slot: int) -> AgentStatus:
    known = names.acd.agent(slot)
    legs = []
    for contact_slot, state, cost, began_at_us, ends_at_us, channel in names.acd.legs_of(slot):
        leg_state = _LEG_STATES[state]
        assert leg_state is not None
        legs.append(
            LegStatus(
                contact_id=names.contacts[contact_slot].contact_id,
                state=leg_state,
                channel=names.channel_ids[channel],
                cost=cost,
                began_at_us=began_at_us,
                ends_at_us=_moment(ends_at_us),
            )
        )
    agent_id = names.agent_ids[slot]
    return AgentStatus(
        agent_id=agent_id,
        handle=slot,
        version=names.standing.version_of("agents", agent_id),
        draining=names.config.agents[agent_id].draining,
        presence=_PRESENCES[known["presence"]],
        label=names.agent_labels[slot],
        next_presence=None if known["next_presence"] < 0 else _PRESENCES[known["next_presence"]],
        idle_since_us=known["idle_since_us"],
        taken=known["taken"],
        external={names.channel_ids[one]: units for one, units in sorted(known["external"].items())},
        capacity=known["capacity"],
        handled=known["handled"],
        legs=legs,
        offers=[f"o{seq}" for seq, _, _ in names.acd.offers_of(slot)],
    )


def _queue(names: Names, slot: int) -> QueueStatus:
    waiting, paused = names.acd.queue_state(slot)
    queue_id = names.queue_ids[slot]
    return QueueStatus(
        queue_id=queue_id,
        version=names.standing.version_of("queues", queue_id),
        draining=names.config.queues[queue_id].draining,
        waiting=waiting,
        paused=paused,
    )


def _offer(names: Names, seq: int) -> OfferStatus | None:
    known = names.acd.offer(seq)
    if known is None:
        return None
    contact_slot, agent_slot, cost, expires_at_us, channel = known
    stands_on = names.acd.standing(seq)
    return OfferStatus(
        offer_id=f"o{seq}",
        contact_id=names.contacts[contact_slot].contact_id,
        agent_id=names.agent_ids[agent_slot],
        queue_id=names.queue_ids[names.acd.contact(contact_slot)["queue"]],
        channel=names.channel_ids[channel],
        cost=cost,
        expires_at_us=expires_at_us,
        stands_on=None if stands_on < 0 else names.contacts[stands_on].contact_id,
    )


# ---- lists -----------------------------------------------------------------------------------------------------


def contacts(
    names: Names,
    *,
    state: ContactState | None = None,
    queue_id: str | None = None,
    channel: str | None = None,
    where: str | None = None,
    after: str | int | None = None,
    limit: int = 100,
) -> list[ContactStatus]:
    """Return contacts inside or retained in order of creation, those behind the contact ``after``.

    ``where`` is an expression over contact and queue. O(contacts log contacts).
    """
    _check_member(state, "state", ContactState)
    queue_slot = _known(names.queue_slots, queue_id, "queue_id", "queue")
    channel_slot = _known(names.channel_slots, channel, "channel", "channel")
    condition = _condition(where)

    def is_wanted(slot: int) -> bool:
        known = names.acd.contact(slot)
        return (
            (state is None or _CONTACT_STATES[known["state"]] is state)
            and (queue_slot is None or known["queue"] == queue_slot)
            and (channel_slot is None or known["channel"] == channel_slot)
            and (condition is None or _holds_for_contact(names, condition, slot))
        )

    return [_contact(names, slot) for slot in page(contacts_behind(names, after), is_wanted, limit)]


def contacts_behind(names: Names, after: str | int | None) -> list[int]:
    """Return the slots of contacts created after one, in order of creation.

    :raises UnknownName: that one answers no more queries.
    """
    if after is None:
        return names.acd.contacts_behind(-1)
    behind = names.find_contact(after, "after")
    if behind is None:
        raise UnknownName("after", after, "a contact that still answers queries")
    return names.acd.contacts_behind(names.acd.contact_seq(behind))


def agents(
    names: Names,
    *,
    presence: Presence | None = None,
    queue_id: str | None = None,
    channel: str | None = None,
    where: str | None = None,
    after: str | int | None = None,
    limit: int = 100,
) -> list[AgentStatus]:
    """Return agents in order of creation, those behind the agent ``after``.

    ``queue_id``: those that serve it. ``channel``: those at work on it, here or elsewhere, or offered a contact of it.
    ``where`` is an expression over agent. O(agents).
    """
    _check_member(presence, "presence", Presence)
    queue_slot = _known(names.queue_slots, queue_id, "queue_id", "queue")
    channel_slot = _known(names.channel_slots, channel, "channel", "channel")
    condition = _condition(where)
    first = 0
    if after is not None:
        behind = names.find_agent(after, "after")
        if behind is None:
            raise UnknownName("after", after, "an agent of the configuration")
        first = behind + 1

    def is_wanted(slot: int) -> bool:
        return (
            (presence is None or _PRESENCES[names.acd.agent(slot)["presence"]] is presence)
            and (queue_id is None or serves(names, slot, queue_id))
            and (channel_slot is None or names.acd.channel_count_of(slot, channel_slot) > 0)
            and (condition is None or holds(condition, agent_view(names, slot), None, None))
        )

    assert queue_id is None or queue_slot is not None
    slots = [slot for slot in range(first, len(names.agent_ids)) if names.agent_ids[slot] != NOBODY]
    return [_agent(names, slot) for slot in page(slots, is_wanted, limit)]


def queues(
    names: Names, *, paused: bool | None = None, after: str | None = None, limit: int = 100
) -> list[QueueStatus]:
    """Return queues in order of creation, those behind the queue ``after``. O(queues)."""
    if paused is not None and type(paused) is not bool:
        raise WrongType("paused", paused, "None, True or False")
    behind = _known(names.queue_slots, after, "after", "queue")
    slots = [slot for slot in sorted(names.queue_slots.values()) if behind is None or slot > behind]
    wanted = page(slots, lambda slot: paused is None or names.acd.queue_state(slot)[1] is paused, limit)
    return [_queue(names, slot) for slot in wanted]


def offers(
    names: Names,
    *,
    agent_id: str | int | None = None,
    queue_id: str | None = None,
    channel: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[OfferStatus]:
    """Return pending offers in order of making, those behind ``after``, ended or not. O(offers log offers)."""
    _known(names.queue_slots, queue_id, "queue_id", "queue")
    _known(names.channel_slots, channel, "channel", "channel")
    agent_slot = None if agent_id is None else names.find_agent(agent_id)
    if agent_id is not None and agent_slot is None:
        raise UnknownName("agent_id", agent_id, "an agent of the configuration")
    floor_seq = 0
    if after is not None:
        names.check_id(after, "after")
        if not (after[0] == "o" and after[1:].isascii() and after[1:].isdigit()):
            raise UnknownName("after", after, "an offer id")
        floor_seq = int(after[1:])

    def is_wanted(seq: int) -> bool:
        one = _offer(names, seq)
        return (
            one is not None
            and (agent_slot is None or one.agent_id == names.agent_ids[agent_slot])
            and (queue_id is None or one.queue_id == queue_id)
            and (channel is None or one.channel == channel)
        )

    found = (_offer(names, seq) for seq in page(names.acd.offers_behind(floor_seq), is_wanted, limit))
    return [one for one in found if one is not None]


def check_limit(limit: int) -> None:
    """Raise unless a page may have this many answers."""
    if type(limit) is not int:
        raise WrongType("limit", limit, f"an integer from 1 to {PAGE_MAX}")
    if not 1 <= limit <= PAGE_MAX:
        raise OutOfRange("limit", limit, f"an integer from 1 to {PAGE_MAX}")


def page(slots: Any, is_wanted: Callable[[int], bool], limit: int) -> Iterator[int]:
    """Yield the first ``limit`` of the slots that are wanted."""
    check_limit(limit)
    left = limit
    for slot in slots:
        if is_wanted(slot):
            yield slot
            left -= 1
            if left == 0:
                return


def _known(slots: dict[str, int], value: str | None, argument: str, what: str) -> int | None:
    if value is None:
        return None
    if type(value) is not str:
        raise WrongType(argument, value, f"None or a str, the id of a {what}")
    if value not in slots:
        raise UnknownName(argument, value, f"the id of a {what} of the configuration")
    return slots[value]


def _check_member(value: object, argument: str, closed_set: type) -> None:
    if value is not None and type(value) is not closed_set:
        raise WrongType(argument, value, f"None or a {closed_set.__name__}")


# ---- expressions -----------------------------------------------------------------------------------------------

_NOBODY: Final = AgentView(id="-")


def _condition(where: str | None) -> Requirement | None:
    return None if where is None else parse(where, argument="where")


def _holds_for_contact(names: Names, condition: Requirement, slot: int) -> bool:
    return holds(condition, _NOBODY, contact_view(names, slot), queue_view(names, names.acd.contact(slot)["queue"]))


def contact_view(names: Names, slot: int) -> ContactView:
    """Return what expressions see of a contact."""
    first = names.contacts[slot]
    return ContactView(channel=first.channel, tier=first.tier, attributes=names.attributes_of(slot))


def queue_view(names: Names, slot: int) -> QueueView:
    """Return what expressions see of a queue."""
    queue_id = names.queue_ids[slot]
    queue = names.config.queues.get(queue_id)
    return QueueView(id=queue_id, attributes={} if queue is None else queue.attributes)


def agent_view(names: Names, slot: int) -> AgentView:
    """Return what expressions see of an agent."""
    return names.classes.agents[slot]


def serves(names: Names, agent_slot: int, queue_id: str) -> bool:
    """Say whether an agent serves a queue, be it only for contacts that have been in it for some time."""
    return serves_from(names, agent_slot, queue_id) is not None


def in_force(names: Names, slot: int) -> Expression:
    """Return the requirement in force of a contact, folded until it reads only the agent."""
    known, first = names.acd.contact(slot), names.contacts[slot]
    tier = known["tier"] if known["own_tier"] else None
    return names.classes.in_force(
        known["queue"], known["channel"], first.requires, tier, names.attributes_of(slot), ruled_text(names, known)
    )


def ruled_text(names: Names, known: dict[str, Any]) -> str | None:
    """Return the requirement that a rule put in place of the queue's, None without."""
    if known.get("ruled_plan", -1) < 0:
        return None
    requires: str | None = names.plans.steps(known["ruled_plan"])[known["ruled_step"]].requires
    return requires


def serves_from(names: Names, agent_slot: int, queue_id: str) -> int | None:
    """Return for how long a contact must have been in a queue that an agent serve it, None where it serves it never."""
    agent = names.config.agents.get(names.agent_ids[agent_slot])
    if agent is None or queue_id not in names.config.queues:
        # It was removed.
        return None
    served = agent.queues.get(queue_id)
    if served is None:
        return 0 if names.config.queues[queue_id].members == "all" else None
    return served.after_us if isinstance(served, AgentQueue) else 0


def members_of(names: Names, queue_id: str) -> list[int]:
    """Return the agents (slots) that serve a queue, from whatever time on. O(agents)."""
    return [slot for slot in range(len(names.agent_ids)) if serves_from(names, slot, queue_id) is not None]


def unserved(names: Names, contact_slot: int, agent_slot: int, requirement: Expression | None = None) -> int:
    """Return which of the rules on queues, skills and preferred agents keep an agent from a contact, as bits.

    ``requirement``: the one in force, where it is at hand.
    """
    requirement = in_force(names, contact_slot) if requirement is None else requirement
    return unserved_such(names, names.acd.contact(contact_slot), agent_slot, requirement)


def is_for_anyone(names: Names, known: dict[str, Any]) -> bool:
    """Say whether a contact is kept for its preferred agents even where they do not serve its queue."""
    if known["scope"] > 1:
        return _prefer(names, known).scope is PreferredScope.ANYONE
    return bool(known["scope"])


def _prefer(names: Names, known: dict[str, Any]) -> Prefer:
    return names.config.queues[names.queue_ids[known["queue"]]].prefer or Prefer()


def unserved_such(names: Names, known: dict[str, Any], agent_slot: int, requirement: Expression) -> int:
    """Return the same bits of a contact of which ``known`` says what there is to know, and the requirement in force."""
    broken = 0
    is_member_asked = is_requirement_asked = True
    favourites = known.get("favourites")
    if favourites and agent_slot in favourites:
        is_member_asked = not is_for_anyone(names, known)
        asked = known["preferred_requires"]
        is_requirement_asked = _prefer(names, known).requires if asked > 1 else bool(asked)
    elif favourites:
        broken |= _bit(Rule.PREFERRED)
    from_us = serves_from(names, agent_slot, names.queue_ids[known["queue"]])
    if not is_member_asked:
        pass
    elif from_us is None:
        broken |= _bit(Rule.MEMBERSHIP)
    elif names.acd.now() - known["in_queue_at_us"] < from_us:
        broken |= _bit(Rule.AFTER)
    if is_requirement_asked and evaluate(requirement, agent_view(names, agent_slot), None, None) is not True:
        broken |= _bit(Rule.REQUIREMENT)
    return broken


def _bit(rule: Rule) -> int:
    return 1 << _RULES.index(rule)
