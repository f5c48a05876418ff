"""Look-ups, lists, places in line and explanations say what the model says, in random worlds."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ccroute.types import ContactState
from tests.model import Model
from tests.model.state import Agent, Contact
from tests.steps import Advance, Duel, Handle, Malformed
from tests.worlds import random_config, random_step

STEPS_COUNT = 40
PAGE = 3
FEW = settings(max_examples=max(10, settings().max_examples // 2))
RANDOMS = st.randoms(use_true_random=False)


def looks(random: Random) -> Duel:
    """Walk through a random world and return it at a random moment."""
    duel = Duel(random_config(random))
    for _ in range(random.randrange(STEPS_COUNT)):
        step = random_step(random, duel.model)
        if isinstance(step, Handle | Advance | Malformed):
            duel.do(step)
    return duel


def fields(status: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(status, name) for name in names}


def contact_as_told(contact: Contact, model: Model) -> dict[str, Any]:
    is_live = contact.state in (ContactState.QUEUED, ContactState.ACTIVE)
    now_waits = model.now - contact.queued_since if contact.state == ContactState.QUEUED else 0
    return {
        "contact_id": contact.id,
        "state": contact.state,
        "queue_id": contact.queue,
        "channel": contact.given.channel,
        "customer_id": contact.given.customer_id,
        "conversation_id": contact.given.conversation_id,
        "parent_id": contact.given.parent_id,
        "requires": contact.given.requires,
        "tier": model.choice.tier(contact),
        "head_start_us": model.choice.head_start(contact),
        "place_at_us": contact.place,
        "in_queue_at_us": contact.queued_since if is_live else None,
        "waited_us": contact.waited_before + now_waits,
        "offers_made": contact.offers_made,
        "offers": [] if contact.offer is None else [f"o{contact.offer.number}"],
        "attributes": contact.given.attributes,
    }


def agent_as_told(agent: Agent) -> dict[str, Any]:
    return {
        "agent_id": agent.id,
        "presence": agent.presence,
        "label": agent.label,
        "next_presence": agent.next and agent.next[0],
        "taken": agent.taken(),
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
        legs = [(leg.contact.id, leg.state, leg.cost, leg.began, leg.wrap_ends) for leg in agent.legs]
        assert [(leg.contact_id, leg.state, leg.cost, leg.began_at_us, leg.ends_at_us) for leg in status.legs] == legs
        if agent.presence != "offline":
            assert (status.idle_since_us, status.handled) == (agent.idle_since, agent.handled)
        for offer in agent.offers:
            told = duel.engine.offer(f"o{offer.number}")
            assert offer.timer is not None
            assert (told.contact_id, told.agent_id, told.cost) == (offer.contact.id, agent.id, offer.cost)
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
    waiting = [contact for contact in model.contacts if contact.state == ContactState.QUEUED]
    line = sorted(waiting, key=lambda contact: model.choice.place(model.now, contact))
    for number, contact in enumerate(line, 1):
        of_queue = [other for other in line if other.queue == contact.queue]
        position = duel.engine.position(contact.id)
        assert (position.overall, position.in_queue) == (number, of_queue.index(contact) + 1)


@FEW
@given(RANDOMS)
def test_explanation_names_every_rule_that_keeps_an_agent_away(random: Random) -> None:
    duel = looks(random)
    model = duel.model
    before = duel.engine.snapshot()
    for contact in model.contacts:
        if contact.state != ContactState.QUEUED:
            continue
        told = duel.engine.explain(contact.id)
        assert str(told)
        assert [one.rule for one in told.obstacles] == model.choice.rules_against_all(contact, model.paused)
        assert [verdict.agent_id for verdict in told.agents] == list(model.agents)
        for verdict, agent in zip(told.agents, model.agents.values(), strict=True):
            rules = list(dict.fromkeys(one.rule for one in verdict.obstacles))
            assert rules == model.choice.rules_against(contact, agent), (contact.id, agent.id)
            assert rules or told.obstacles, "a contact that an agent may have does not wait"
    assert duel.engine.snapshot() == before
