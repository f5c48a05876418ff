"""Every rule of eligibility is told in words, with the values that make it so and what would have to change."""

from __future__ import annotations

from typing import Any

import pytest

from ccroute import Config, Engine, EnqueueContact, Obstacle, Presence, Rule, SetPresence
from ccroute.commands import (
    AcceptOffer,
    Command,
    CompleteContact,
    DeclineOffer,
    PauseQueue,
    SetExternalLoad,
    TransferContact,
)
from ccroute.config import Agent, AgentChannel, AgentQueue, Channel, Offer, Queue
from ccroute.types import FOR_EVER, NEXT_AVAILABLE, OfferMode, TransferMode

AUTO = Offer(mode=OfferMode.AUTO)


def floor(queue: Queue | None = None, agents: int = 1, **agent: Any) -> Engine:
    """Return a floor of one queue, which the agents a0, a1 … serve; all of them are available."""
    known = {f"a{at}": Agent(**({"queues": {"q": 1}} | agent)) for at in range(agents)}
    channels = {"voice": Channel(interrupts=["email"])}
    engine = Engine(Config(queues={"q": queue or Queue(offer=AUTO)}, agents=known, channels=channels))
    for agent_id in known:
        engine.handle(SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE), 0)
    return engine


def contact(contact_id: str, channel: str = "voice", **fields: Any) -> EnqueueContact:
    return EnqueueContact(contact_id=contact_id, queue_id="q", channel=channel, **fields)


def tell(engine: Engine, *commands: Command, at_us: int = 5) -> None:
    for command in commands:
        engine.handle(command, at_us)


def of_contact(engine: Engine, contact_id: str) -> list[Obstacle]:
    told = engine.explain(contact_id)
    assert told is not None
    assert all(f"  {one.text}; {one.change}" in str(told).splitlines() for one in told.obstacles)
    return told.obstacles


def of_agent(engine: Engine, contact_id: str, agent_id: str = "a0") -> list[Obstacle]:
    told = engine.explain(contact_id)
    assert told is not None
    verdict = next(verdict for verdict in told.agents if verdict.agent_id == agent_id)
    line = next(line for line in str(told).splitlines() if line.startswith(f"  {agent_id}: "))
    assert all(one.text in line for one in verdict.obstacles)
    return verdict.obstacles


def only(rule: Rule, text: str, change: str) -> list[Obstacle]:
    return [Obstacle(rule=rule, text=text, change=change)]


# ---- on the contact itself


def test_a_paused_queue_is_told() -> None:
    engine = floor()
    tell(engine, PauseQueue(queue_id="q"), contact("c"))
    assert of_contact(engine, "c") == only(Rule.QUEUE_PAUSED, "queue q is paused", "open the queue")
    assert of_agent(engine, "c") == []


def test_a_manual_queue_is_told() -> None:
    engine = floor(Queue(offer=Offer(mode=OfferMode.MANUAL)))
    tell(engine, contact("c"))
    assert of_contact(engine, "c") == only(Rule.MANUAL, "queue q makes no offers of itself", "pick or assign it")


def test_too_few_agents_for_the_first_offer_are_counted() -> None:
    engine = floor(Queue(offer=Offer(mode=OfferMode.BROADCAST, k=3, offers_min=3)), agents=2)
    tell(engine, contact("c"))
    expected = only(
        Rule.OFFERS_MIN,
        "2 agents could take it, 3 are needed before the first offer",
        "1 more agents must be able to take it",
    )
    assert of_contact(engine, "c") == expected
    assert of_agent(engine, "c") == []


def test_the_offer_that_is_out_is_told_of_contact_and_agent() -> None:
    engine = floor(Queue())
    tell(engine, contact("c"))
    change = "the offer must end without an accept"
    assert of_contact(engine, "c") == only(Rule.OFFER_OUT, "1 offer is out", change)
    told = of_agent(engine, "c")
    assert told[0] == Obstacle(rule=Rule.OFFER_OUT, text="is offered it already (o1)", change="answer that offer")


def test_offers_of_a_broadcast_are_counted() -> None:
    engine = floor(Queue(offer=Offer(mode=OfferMode.BROADCAST, k=2)), agents=3)
    tell(engine, contact("c"))
    change = "an offer must end without an accept"
    assert of_contact(engine, "c") == only(Rule.OFFER_OUT, "2 of 2 offers are out", change)
    assert of_agent(engine, "c", "a2") == []


# ---- on an agent


def test_presences_are_told_with_their_label() -> None:
    engine = floor()
    tell(engine, SetPresence(agent_id="a0", presence=Presence.AWAY, label="lunch"), contact("c"))
    assert of_agent(engine, "c") == only(Rule.PRESENCE, "is away (lunch)", "become available")


def test_a_next_presence_is_told() -> None:
    engine = floor(capacity=200)
    tell(engine, contact("first"), SetPresence(agent_id="a0", presence=Presence.OFFLINE, next_=True), contact("c"))
    expected = only(Rule.NEXT_PRESENCE, "will be offline when its work ends", "take back the next presence")
    assert of_agent(engine, "c") == expected


def test_pending_offers_are_counted() -> None:
    engine = floor(Queue(), capacity=200)
    tell(engine, contact("first"), contact("c"))
    assert of_agent(engine, "c") == only(Rule.OFFERS_MAX, "has 1 of 1 offers pending", "answer an offer")


def test_an_agent_of_another_queue_is_told() -> None:
    engine = floor(queues={})
    tell(engine, contact("c"))
    assert of_agent(engine, "c") == only(Rule.MEMBERSHIP, "does not serve q", "list q among its queues")


def test_an_agent_that_comes_in_later_is_told_with_the_moment() -> None:
    engine = floor(queues={"q": AgentQueue(after_us=100)})
    tell(engine, contact("c"))
    engine.advance(45)
    expected = only(Rule.AFTER, "serves q after 100 µs, the contact has been in it for 40 µs", "wait until 105 µs")
    assert of_agent(engine, "c") == expected
    assert [event.cause for event in engine.advance(105)] == ["timer:after"] * 3


def test_a_requirement_is_told_part_by_part() -> None:
    engine = floor(skills={"german": 40})
    tell(engine, contact("c", requires="agent.skills.german >= 50 && agent.skills.german < 10"))
    expected = [
        Obstacle(rule=Rule.REQUIREMENT, text=f"lacks {term} (german is 40)", change=f"{term} must hold")
        for term in ("agent.skills.german >= 50", "agent.skills.german < 10")
    ]
    assert of_agent(engine, "c") == expected


def test_a_contact_kept_for_another_agent_is_told() -> None:
    engine = floor(Queue(), agents=3)
    tell(engine, contact("c"), AcceptOffer(offer_id="o1"))
    tell(engine, TransferContact(contact_id="c", agent_id="a0", to_agent="a1"))
    assert of_agent(engine, "c", "a2") == only(Rule.DIRECT, "it is kept for a1", "a1 must let it go")
    status = engine.contact("c")
    assert status is not None
    assert status.direct_to_id == "a1"


def test_an_excluded_agent_is_told() -> None:
    engine = floor()
    tell(engine, contact("c", excluded=["a0"]))
    change = "take it off the contact's exclusions"
    assert of_agent(engine, "c") == only(Rule.EXCLUDED, "is excluded by the contact", change)


@pytest.mark.parametrize(
    ("cooldown", "text", "change"),
    [
        (10, "is in cool-down until 15 µs", "wait until 15 µs"),
        (None, "is in cool-down until 30000005 µs", "wait until 30000005 µs"),
        (NEXT_AVAILABLE, "is in cool-down until it next becomes available", "leave available and come back"),
        (FOR_EVER, "is in cool-down for ever", "nothing ends that but the contact"),
    ],
)
def test_every_kind_of_cool_down_is_told(cooldown: int | str | None, text: str, change: str) -> None:
    engine = floor(Queue())
    tell(engine, contact("c"), DeclineOffer(offer_id="o1", cooldown=cooldown))
    assert of_agent(engine, "c") == only(Rule.COOLDOWN, text, change)


def test_a_cool_down_until_a_moment_is_told() -> None:
    engine = floor(Queue())
    tell(engine, contact("c"), DeclineOffer(offer_id="o1", cooldown_until_us=77))
    assert of_agent(engine, "c") == only(Rule.COOLDOWN, "is in cool-down until 77 µs", "wait until 77 µs")


def test_the_wrap_up_of_an_earlier_part_is_told() -> None:
    engine = floor(Queue(offer=AUTO, wrap_up_us=50, cooldown_us=0), capacity=200)
    tell(engine, contact("c"), TransferContact(contact_id="c", agent_id="a0", to_queue="q"))
    assert of_agent(engine, "c") == only(Rule.LEG, "still wraps up its earlier part of it", "end that wrap-up")


def test_the_giver_of_a_warm_transfer_has_the_contact_in_hand() -> None:
    engine = floor(Queue(offer=AUTO, cooldown_us=0), capacity=200)
    tell(engine, contact("c"), TransferContact(contact_id="c", agent_id="a0", to_queue="q", mode=TransferMode.WARM))
    expected = only(Rule.LEG, "has it in hand already (active)", "another agent must take it")
    assert of_agent(engine, "c") == expected
    status = engine.contact("c")
    assert status is not None
    assert (status.state, status.seeker_id) == ("active", "a0")
    assert engine.position("c") is not None


def test_a_closed_channel_is_told() -> None:
    engine = floor(channels_closed=True)
    tell(engine, contact("c"))
    assert of_agent(engine, "c") == only(Rule.CHANNEL_CLOSED, "takes no voice", "open voice for it")


def test_a_full_channel_is_told() -> None:
    engine = floor(capacity=500, channels={"voice": AgentChannel(max=1)})
    tell(engine, contact("first"), contact("c"))
    change = "finish a voice contact, or allow more"
    assert of_agent(engine, "c") == only(Rule.CHANNEL_MAX, "has its 1 voice contacts", change)


def test_missing_units_are_counted() -> None:
    engine = floor()
    tell(engine, contact("first", "chat"), contact("c"))
    assert of_agent(engine, "c") == only(Rule.CAPACITY, "has 70 of 100 units free, 100 are needed", "free 30 units")


def test_units_kept_for_other_channels_are_counted() -> None:
    engine = floor(reserve={"chat": 40, "email": 10, "voice": 50})
    tell(engine, contact("first", "chat"), contact("c"))
    text = "has 70 of 100 units free, 100 are needed and 20 are kept for other channels"
    assert of_agent(engine, "c") == only(Rule.CAPACITY, text, "free 50 units")


def test_units_booked_elsewhere_are_counted() -> None:
    engine = floor()
    tell(engine, SetExternalLoad(agent_id="a0", channel="fax", units=25), contact("c"))
    assert of_agent(engine, "c") == only(Rule.CAPACITY, "has 75 of 100 units free, 100 are needed", "free 25 units")
    status = engine.agent("a0")
    assert status is not None
    assert status.external == {"fax": 25}
    assert status.taken == 25


def test_suspended_work_that_comes_first_is_told() -> None:
    engine = floor(capacity=130)
    tell(engine, contact("mail", "email", tier=2), contact("call", tier=2, cost=115))
    tell(engine, contact("c", "email", cost=0))
    text = "has suspended work on mail of tier 2, the contact is of tier 0"
    assert of_agent(engine, "c") == only(Rule.SUSPENDED, text, "mail must be resumed or end")
    tell(engine, CompleteContact(contact_id="call"))
    status = engine.contact("c")
    assert status is not None
    assert status.state == "active"


def test_a_contact_that_does_not_wait_has_no_list_of_agents() -> None:
    engine = floor()
    tell(engine, contact("parked", parked=True), contact("active"))
    for contact_id in ("parked", "active"):
        told = engine.explain(contact_id)
        assert told is not None
        assert (told.state, told.agents, told.obstacles, told.position) == (contact_id, [], [], None)
        assert str(told) == f"{contact_id}: {contact_id} in q"
