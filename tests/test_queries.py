"""Look-ups, lists, places in line and explanations say what the model says, in random worlds."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ccroute.events import ContactParked, ContactQueued, ContactSuspended, Event, LegEnded, OfferRescinded
from ccroute.types import ContactState, LegEnd, Rule
from tests.host import Host
from tests.model import Model
from tests.model.state import Agent, Contact
from tests.steps import Advance, Duel, Handle, Malformed
from tests.worlds import random_world

STEPS_COUNT = 40
PAGE = 3
FEW = settings(max_examples=max(10, settings().max_examples // 2))
RANDOMS = st.randoms(use_true_random=False)


def looks(random: Random) -> Duel:
    """Walk through a random world and return it at a random moment."""
    world = random_world(random)
    duel = Duel(world.config)
    host = Host(random, world, duel.model)
    for _ in range(random.randrange(STEPS_COUNT)):
        step = host.step()
        if isinstance(step, Handle | Advance | Malformed):
            duel.do(step)
    return duel


def fields(status: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(status, name) for name in names}


def contact_as_told(contact: Contact, model: Model) -> dict[str, Any]:
    is_parked = contact.state == ContactState.PARKED
    is_scheduled = contact.state == ContactState.SCHEDULED
    is_growing = contact.state == ContactState.QUEUED or (is_parked and contact.clock_runs)
    return {
        "contact_id": contact.id,
        "state": contact.state,
        "version": contact.version,
        "queue_id": contact.queue,
        "channel": contact.given.channel,
        "customer_id": contact.given.customer_id,
        "conversation_id": contact.given.conversation_id,
        "parent_id": contact.given.parent_id,
        "requires": contact.given.requires,
        "tier": model.choice.tier(contact),
        "head_start_us": model.choice.head_start(contact),
        "place_at_us": contact.place,
        "in_queue_at_us": contact.queued_since if contact.is_live() and contact.queue is not None else None,
        "waited_us": contact.waited_before + (model.now - contact.waits_since if is_growing else 0),
        "overdue": contact.is_overdue and contact.is_live(),
        "parked_since_us": contact.parked_since if is_parked else None,
        "parked_until_us": contact.park_timer.due if is_parked and contact.park_timer else None,
        "due_at_us": contact.park_timer.due if is_scheduled and contact.park_timer else None,
        "seeker_id": contact.seek.leg.agent.id if contact.seek else None,
        "direct_to_id": contact.direct.agent.id if contact.direct and contact.waits() else None,
        "displaced_offers": contact.displaced_offers,
        "displaced_work": contact.displaced_work,
        "offers_made": contact.offers_made,
        "offers": [f"o{offer.number}" for offer in contact.offers],
        "attributes": contact.given.attributes,
    }


def agent_as_told(agent: Agent) -> dict[str, Any]:
    return {
        "agent_id": agent.id,
        "presence": agent.presence,
        "label": agent.label,
        "next_presence": agent.next and agent.next[0],
        "taken": agent.taken(),
        "external": {channel: units for channel, units in agent.external.items() if units},
        "capacity": agent.config.capacity,
        "offers": [f"o{offer.number}" for offer in agent.offers],
    }


@FEW
@given(RANDOMS)
def test_contacts_are_told_as_they_are(random: Random) -> None:
    duel = looks(random)
    newest = {contact.id: contact for contact in duel.model.contacts}
    for contact in newest.values():
        expected = contact_as_told(contact, duel.model)
        status = duel.engine.contact(contact.id)
        assert fields(status, *expected) == expected
        assert sorted(status.agents) == sorted(leg.agent.id for leg in contact.legs)
        assert duel.engine.contact(status.handle) == status
    assert duel.engine.contact("nobody") is None


@FEW
@given(RANDOMS)
def test_agents_their_legs_and_offers_are_told_as_they_are(random: Random) -> None:
    duel = looks(random)
    for agent in duel.model.agents.values():
        expected = agent_as_told(agent)
        status = duel.engine.agent(agent.id)
        assert fields(status, *expected) == expected
        legs = [(leg.contact.id, leg.state, leg.channel, leg.cost, leg.began, leg.wrap_ends) for leg in agent.legs]
        told_legs = [
            (leg.contact_id, leg.state, leg.channel, leg.cost, leg.began_at_us, leg.ends_at_us) for leg in status.legs
        ]
        assert told_legs == legs
        if agent.presence != "offline":
            assert (status.idle_since_us, status.handled) == (agent.idle_since, agent.handled)
        for offer in agent.offers:
            told = duel.engine.offer(f"o{offer.number}")
            assert offer.timer is not None
            assert (told.contact_id, told.agent_id, told.cost) == (offer.contact.id, agent.id, offer.cost)
            assert told.channel == offer.channel
            assert (told.queue_id, told.expires_at_us) == (offer.contact.queue, offer.timer.due)
    pending = [f"o{offer.number}" for agent in duel.model.agents.values() for offer in agent.offers]
    assert all(duel.engine.offer(offer_id) is None for offer_id in duel.model.offer_ids if offer_id not in pending)


@FEW
@given(RANDOMS)
def test_queues_are_told_as_they_are(random: Random) -> None:
    duel = looks(random)
    for queue_id in duel.config.queues:
        status = duel.engine.queue(queue_id)
        waiting = [c for c in duel.model.contacts if c.state == ContactState.QUEUED and c.queue == queue_id]
        assert (status.waiting, status.paused) == (len(waiting), queue_id in duel.model.paused)


@FEW
@given(RANDOMS)
def test_pages_of_contacts_come_in_order_of_creation_and_miss_nobody(random: Random) -> None:
    duel = looks(random)
    expected = [contact.id for contact in duel.model.contacts]
    told: list[str] = []
    after = None
    while page := duel.engine.contacts(after=after, limit=PAGE):
        told += [status.contact_id for status in page]
        after = page[-1].handle
    assert told == expected
    for state in ContactState:
        of_state = [contact.id for contact in duel.model.contacts if contact.state == state]
        assert [status.contact_id for status in duel.engine.contacts(state=state)] == of_state


@FEW
@given(RANDOMS)
def test_place_in_line_is_the_place_in_the_order_of_service(random: Random) -> None:
    duel = looks(random)
    model = duel.model
    waiting = [contact for contact in model.contacts if contact.waits()]
    line = sorted(waiting, key=lambda contact: model.choice.place(model.now, contact))
    for number, contact in enumerate(line, 1):
        of_queue = [other for other in line if other.queue == contact.queue]
        position = duel.engine.position(contact.id)
        assert (position.overall, position.in_queue) == (number, of_queue.index(contact) + 1)
        assert 1 <= position.in_class <= position.in_queue
        assert position.outranking == len([other for other in line if outranks(model, other, contact)])


NOT_ABLE = {Rule.MEMBERSHIP, Rule.AFTER, Rule.REQUIREMENT, Rule.DIRECT, Rule.EXCLUDED, Rule.PREFERRED}
"""Rules that say that an agent may not serve a contact, whatever it does now."""


def outranks(model: Model, other: Contact, contact: Contact) -> bool:
    """Say whether some agent who may serve both would serve the other one first."""
    return other is not contact and any(
        turn(model, other, agent) < turn(model, contact, agent)
        for agent in model.agents.values()
        if not NOT_ABLE.intersection(model.choice.rules_against(other, agent))
        and not NOT_ABLE.intersection(model.choice.rules_against(contact, agent))
    )


def turn(model: Model, contact: Contact, agent: Agent) -> tuple[Any, ...]:
    """Return the contact's part of the key for an agent, offers aside."""
    tier, is_overdue, credit, seq = model.choice.place(model.now, contact)
    rank = model.choice.rank_for(contact, agent)
    return (
        (rank, tier, is_overdue, credit, seq)
        if model.config.engine.order == "rank"
        else (tier, is_overdue, rank, credit, seq)
    )


@FEW
@given(RANDOMS)
def test_explanation_names_every_rule_that_keeps_an_agent_away(random: Random) -> None:
    duel = looks(random)
    model = duel.model
    before = duel.engine.snapshot()
    for contact in model.contacts:
        if not contact.waits():
            continue
        told = duel.engine.explain(contact.id)
        assert str(told)
        assert [one.rule for one in told.obstacles] == model.choice.rules_against_all(contact)
        assert [verdict.agent_id for verdict in told.agents] == list(model.agents)
        for verdict, agent in zip(told.agents, model.agents.values(), strict=True):
            rules = list(dict.fromkeys(one.rule for one in verdict.obstacles))
            # Its own offer does not take an agent's room from a contact.
            own = [offer for offer in contact.offers if offer.agent is agent]
            expected = [Rule.OFFER_OUT] * len(own) + model.choice.rules_against(contact, agent, own)
            assert rules == expected, (contact.id, agent.id)
            assert rules or told.obstacles, "a contact that an agent may have does not wait"
    assert duel.engine.snapshot() == before


@FEW
@given(RANDOMS)
def test_explanation_tells_to_whom_a_contact_gave_way_last(random: Random) -> None:
    duel = looks(random)
    gave_way: dict[str, Event] = {}
    handles: dict[str, int] = {}
    for event in duel.told:
        if isinstance(event, ContactQueued | ContactParked) and handles.get(event.contact_id) != event.handle:
            handles[event.contact_id] = event.handle
            gave_way.pop(event.contact_id, None)
        elif (
            isinstance(event, ContactSuspended)
            or (isinstance(event, OfferRescinded) and event.by_contact_id is not None)
            or (isinstance(event, LegEnded) and event.reason == LegEnd.PREEMPTED)
        ):
            gave_way[event.contact_id] = event
    newest = {contact.id: contact for contact in duel.model.contacts}
    for contact in newest.values():
        told = duel.engine.explain(contact.id).gave_way
        event = gave_way.get(contact.id)
        assert (told is None) is (event is None)
        if event is None:
            continue
        assert (told.agent_id, told.at_us) == (event.agent_id, event.at_us)
        assert (told.event, told.reason) == (event.__struct_config__.tag, event.reason)
        assert told.by_contact_id == getattr(event, "by_contact_id", told.by_contact_id)
