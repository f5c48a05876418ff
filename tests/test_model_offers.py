"""The oracle: order and modes of offers: broadcast, manual, stages, overdue, rank first, passing over, cool-downs."""

from __future__ import annotations

import pytest

from ccroute.commands import (
    AbandonContact,
    AcceptOffer,
    AssignContact,
    DeclineOffer,
    OpenQueue,
    PauseQueue,
    RequeueContact,
    TransferContact,
)
from ccroute.config.structs import AgentQueue, EngineSettings, Offer, Queue
from ccroute.events import ContactOverdue, OfferDeclined, OfferMade
from ccroute.types import Ignorable, OfferMode, Order, Rule
from tests.examples import (
    AUTO,
    MANUAL,
    RING,
    agent,
    arrive,
    ask,
    available,
    away,
    centre,
    pairs_made,
    room_for,
    told,
    wait,
)


def broadcast(k: int, offers_min: int = 1) -> Queue:
    return Queue(offer=Offer(mode=OfferMode.BROADCAST, k=k, offers_min=offers_min, offer_timeout_us=10), cooldown_us=5)


# ---- broadcast


def test_broadcast_offers_to_k_agents_in_one_step_and_the_first_to_accept_has_it() -> None:
    model = centre(broadcast(2), agents=3)
    events = model.handle(arrive("c"), 1)
    assert pairs_made(events) == [("c", "a0"), ("c", "a1")]
    assert [(event.mode, event.expires_at_us) for event in events if isinstance(event, OfferMade)] == [
        (OfferMode.BROADCAST, 11)
    ] * 2
    events = model.handle(AcceptOffer(offer_id="o2"), 2)
    assert told(events[2]) == {
        "offer_id": "o1",
        "contact_id": "c",
        "agent_id": "a0",
        "reason": "taken",
        "by_contact_id": None,
    }
    assert len(events) == 3


def test_first_offers_of_a_broadcast_come_before_those_of_the_next_in_line_and_further_ones_after() -> None:
    model = centre(broadcast(2), agents=3, present=False)
    model.handle(PauseQueue(queue_id="q"), 0)
    model.handle(arrive("c"), 0)
    model.handle(arrive("d", excluded=["a0"]), 1)
    model.handle(available("a0"), 2)
    model.handle(available("a1"), 2)
    assert pairs_made(model.handle(OpenQueue(queue_id="q"), 3)) == [("c", "a0"), ("c", "a1")]
    model.handle(DeclineOffer(offer_id="o1"), 4)
    # c has an offer out, so d goes first now.
    assert pairs_made(model.handle(available("a2"), 5)) == [("d", "a2")]


def test_broadcast_with_fewer_than_k_offers_out_goes_on_offering() -> None:
    model = centre(broadcast(3), agents=3, present=False)
    model.handle(arrive("c"), 0)
    assert pairs_made(model.handle(available("a0"), 1)) == [("c", "a0")]
    assert pairs_made(model.handle(available("a1"), 2)) == [("c", "a1")]
    # Each offer expires at its own time.
    assert wait(model, 11) == ["offer.expired c a0", "agent.presence_changed a0 away"]
    assert wait(model, 12) == ["offer.expired c a1", "agent.presence_changed a1 away"]


def test_offers_min_agents_must_be_there_before_the_first_offer_only() -> None:
    model = centre(broadcast(3, offers_min=2), agents=3, present=False)
    model.handle(arrive("c"), 0)
    assert pairs_made(model.handle(available("a0"), 1)) == []
    assert model.choice.rules_against_all(model.contacts[0]) == [Rule.OFFERS_MIN]
    assert pairs_made(model.handle(available("a1"), 2)) == [("c", "a0"), ("c", "a1")]
    model.handle(DeclineOffer(offer_id="o1"), 3)
    assert pairs_made(model.handle(available("a2"), 4)) == [("c", "a2")]


def test_offers_min_counts_agents_that_must_set_something_aside() -> None:
    model = centre(broadcast(2, offers_min=2), r=Queue(offer=AUTO), agents=2)
    model.handle(arrive("chat", "r", "chat"), 0)
    assert ask(model, arrive("call"), 1) == [
        "contact.queued call",
        "offer.made call a1",
        "offer.made call a0 over chat",
    ]


def test_next_presence_away_and_abandon_rescind_all_offers_of_a_broadcast() -> None:
    model = centre(broadcast(2), agents=2)
    model.handle(arrive("c"), 0)
    assert ask(model, AbandonContact(contact_id="c"), 1) == [
        "contact.abandoned c",
        "offer.rescinded c a0 abandoned",
        "offer.rescinded c a1 abandoned",
    ]


def test_an_agent_is_never_offered_a_contact_twice_at_once() -> None:
    model = centre(broadcast(3), agents={"a0": room_for(3)})
    assert pairs_made(model.handle(arrive("c"), 0)) == [("c", "a0")]
    assert model.choice.rules_against(model.contacts[0], model.agents["a0"]) == [Rule.OFFER_OUT]


# ---- manual, stages, overdue


def test_manual_queue_makes_no_offers() -> None:
    model = centre(Queue(offer=MANUAL))
    assert ask(model, arrive("c"), 0) == ["contact.queued c"]
    assert model.choice.rules_against_all(model.contacts[0]) == [Rule.MANUAL]
    assert model.next_at_us() is None


def test_agents_serve_a_queue_after_their_time_and_one_timer_goes_from_stage_to_stage() -> None:
    agents = {f"a{number}": agent(queues={"q": AgentQueue(after_us=after)}) for number, after in enumerate((8, 5, 8))}
    model = centre(agents=agents)
    model.handle(arrive("c"), 2)
    assert model.choice.rules_against(model.contacts[0], model.agents["a0"]) == [Rule.AFTER]
    assert model.next_at_us() == 7
    events = model.advance(7)
    assert [(event.cause, event.contact_id, event.agent_id) for event in events if isinstance(event, OfferMade)] == [
        ("timer:after", "c", "a1")
    ]
    assert model.next_at_us() == 10
    assert ask(model, DeclineOffer(offer_id="o1"), 8) == ["offer.declined c a1"]
    assert wait(model, 10) == ["offer.made c a0"]


def test_a_transfer_begins_the_time_in_the_queue_anew() -> None:
    agents = {"a0": agent(), "a1": agent(queues={"r": AgentQueue(after_us=5)})}
    model = centre(Queue(offer=AUTO), Queue(offer=AUTO, cooldown_us=100), agents=agents)
    model.handle(arrive("c"), 0)
    model.handle(TransferContact(contact_id="c", agent_id="a0", to_queue="r"), 20)
    assert wait(model, 24) == []
    assert wait(model, 25)[0] == "offer.made c a1"


def test_overdue_contact_goes_before_credit_but_not_before_tier() -> None:
    model = centre(Queue(offer=RING, overdue_after_us=10), present=False)
    model.handle(arrive("old"), 0)
    model.handle(arrive("rich", head_start_us=100), 5)
    model.handle(arrive("vip", tier=1), 6)
    (event,) = model.advance(10)
    assert isinstance(event, ContactOverdue)
    assert event.cause == "timer:overdue"
    assert told(event) == {"contact_id": "old", "queue_id": "q", "in_queue_us": 10}
    assert pairs_made(model.handle(available("a0"), 11)) == [("vip", "a0")]
    assert pairs_made(model.handle(AbandonContact(contact_id="vip"), 11)) == [("old", "a0")]


def test_contact_that_became_overdue_at_work_is_told_when_it_waits_again() -> None:
    model = centre(Queue(offer=AUTO, overdue_after_us=10))
    model.handle(arrive("c"), 0)
    assert wait(model, 20) == []
    events = model.handle(RequeueContact(contact_id="c", cooldown="for_ever"), 25)
    assert ask(model, PauseQueue(queue_id="r"), 25) == ["queue.paused"]
    assert told(events[2]) == {"contact_id": "c", "queue_id": "q", "in_queue_us": 25}
    assert [event.at_us for event in events] == [25] * 3


def test_overdue_is_told_once_per_queue() -> None:
    model = centre(Queue(offer=AUTO, overdue_after_us=10), Queue(offer=AUTO, overdue_after_us=3))
    model.handle(away("a0"), 0)
    model.handle(arrive("c"), 0)
    assert wait(model, 10) == ["contact.overdue c"]
    model.handle(available("a0"), 11)
    assert ask(model, RequeueContact(contact_id="c", cooldown=2), 12) == [
        "leg.ended c a0 requeued",
        "contact.requeued c command",
    ]
    wait(model, 14)
    model.handle(TransferContact(contact_id="c", agent_id="a0", to_queue="r"), 15)
    assert wait(model, 17) == []
    assert wait(model, 18) == ["contact.overdue c"]


# ---- order


def test_with_rank_first_own_work_goes_before_higher_tiers() -> None:
    agents = {"a0": agent(queues={"q": 1, "r": 2})}
    for order, first in ((Order.TIER, "vip"), (Order.RANK, "own")):
        model = centre(agents=agents, engine=EngineSettings(order=order), present=False)
        model.handle(arrive("vip", "r", tier=5), 0)
        model.handle(arrive("own"), 1)
        assert pairs_made(model.handle(available("a0"), 2)) == [(first, "a0")]


def test_a_contact_is_passed_over_where_one_of_its_tier_interrupts_its_channel() -> None:
    model = centre(agents=2, present=False)
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(arrive("call"), 9)
    # The chat is first in line, but the call would only interrupt it.
    assert pairs_made(model.handle(available("a0"), 10)) == [("call", "a0")]
    assert pairs_made(model.handle(available("a1"), 10)) == [("chat", "a1")]


def test_a_contact_is_not_passed_over_for_another_tier_or_for_an_agent_that_the_other_cannot_have() -> None:
    model = centre(agents=2, present=False)
    model.handle(arrive("chat", channel="chat", tier=1), 0)
    model.handle(arrive("call", excluded=["a1"]), 0)
    assert pairs_made(model.handle(available("a1"), 1)) == [("chat", "a1")]
    model.handle(arrive("mail", channel="email", tier=1), 2)
    # Of higher tier than the call, the mail goes first; the call then sets nothing of it aside.
    assert pairs_made(model.handle(available("a0"), 3)) == [("mail", "a0")]


# ---- cool-downs


@pytest.mark.parametrize(
    ("cooldown", "told_us", "again_at"),
    [
        ({}, 5, 7),
        ({"cooldown": 3}, 3, 5),
        ({"cooldown": 0}, 0, 2),
        ({"cooldown_until_us": 9}, 7, 9),
        ({"cooldown_until_us": 1}, 0, 2),
        ({"cooldown": "next_available"}, "next_available", None),
        ({"cooldown": "for_ever"}, "for_ever", None),
    ],
)
def test_decline_may_bring_its_own_cooldown(
    cooldown: dict[str, int | str], told_us: int | str, again_at: int | None
) -> None:
    model = centre(Queue(offer=Offer(offer_timeout_us=1_000), cooldown_us=5))
    model.handle(arrive("c"), 1)
    events = model.handle(DeclineOffer(offer_id="o1", **cooldown), 2)  # type: ignore[arg-type]
    assert isinstance(events[0], OfferDeclined)
    assert events[0].cooldown_us == told_us
    made = [event.at_us for event in [*events, *model.advance(500)] if isinstance(event, OfferMade)]
    assert made == ([] if again_at is None else [again_at])


def test_cooldown_until_available_ends_when_the_agent_becomes_available_again() -> None:
    model = centre(Queue(offer=RING))
    model.handle(arrive("c"), 0)
    model.handle(DeclineOffer(offer_id="o1", cooldown="next_available"), 1)
    assert ask(model, available("a0"), 2) == ["agent.presence_changed a0 available"]  # it was available all the time
    model.handle(away("a0"), 3)
    assert ask(model, available("a0"), 4) == ["agent.presence_changed a0 available", "offer.made c a0"]


def test_cooldown_for_ever_lasts_as_long_as_the_contact() -> None:
    model = centre(Queue(offer=RING))
    model.handle(arrive("c"), 0)
    model.handle(DeclineOffer(offer_id="o1", cooldown="for_ever"), 1)
    model.handle(away("a0"), 2)
    assert pairs_made(model.handle(available("a0"), 3)) == []
    model.handle(AbandonContact(contact_id="c"), 4)
    assert pairs_made(model.handle(arrive("c"), 5)) == [("c", "a0")]


@pytest.mark.parametrize(("cooldown_us", "again_at"), [(7, 19), (0, 12)])
def test_a_new_cooldown_takes_the_place_of_the_old_one(cooldown_us: int, again_at: int) -> None:
    model = centre(Queue(offer=RING, cooldown_us=cooldown_us, away_after=0))
    model.handle(arrive("c"), 0)
    model.handle(DeclineOffer(offer_id="o1", cooldown="for_ever"), 1)
    assign = AssignContact(contact_id="c", agent_id="a0", ignoring=[Ignorable.COOLDOWN])
    assert ask(model, assign, 2) == ["offer.made c a0 manual"]
    assert wait(model, 12)[0] == "offer.expired c a0"
    model.advance(again_at)
    assert model.contacts[0].offers[0].began == again_at
