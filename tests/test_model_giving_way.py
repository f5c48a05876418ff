"""The oracle: what gives way at an accept, offers that do not fit, pre-emption and its guards."""

from __future__ import annotations

from typing import Any

import pytest

from ccroute.commands import (
    AbandonContact,
    AcceptOffer,
    AssignContact,
    CompleteContact,
    DeclineOffer,
    HoldContact,
    OpenQueue,
    RequeueContact,
    SetExternalLoad,
)
from ccroute.config.structs import Channel, Config, EngineSettings, Offer, Queue
from ccroute.events import ContactRequeued, ContactSuspended, LegEnded, OfferMade
from ccroute.types import AssignAs, Ignorable, OfferMode, Preempt, Victim
from tests.examples import (
    AUTO,
    RING,
    agent,
    arrive,
    ask,
    available,
    away,
    centre,
    pairs_made,
    room_for,
    said,
    told,
    wait,
)
from tests.model import Model

LONG = Offer(offer_timeout_us=1_000)


def urgent(preempt: Preempt = Preempt.WORK, offer: Offer = LONG, **fields: Any) -> Queue:
    """Return a queue whose contacts of tier 1 and above may pre-empt."""
    return Queue(offer=offer, preempt=preempt, **fields)


def plain(offer: Offer = LONG, **fields: Any) -> Queue:
    return Queue(offer=offer, **fields)


# ---- accepts


def test_accept_counts_the_agents_offers_of_higher_tier_if_it_then_fits() -> None:
    model = centre(plain(), agents={"a0": room_for(2, attributes={})})
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(arrive("vip", tier=1), 1)
    assert ask(model, arrive("call"), 1)[1:] == ["offer.made call a0 over chat"]
    # 30 + 100 would fit without the offer of the vip; with it the chat has to go.
    assert ask(model, AcceptOffer(offer_id="o3"), 2)[2:] == ["contact.suspended chat a0 interrupted by call"]
    # Of lower tier, its offer would not have counted.
    model = centre(plain(), agents={"a0": room_for(2)})
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(arrive("vip", tier=1), 1)
    model.handle(arrive("call"), 1)
    assert ask(model, AcceptOffer(offer_id="o2"), 2)[2:] == []


def test_accept_that_cannot_fit_beside_offers_of_higher_tier_leaves_them_aside() -> None:
    model = centre(plain(), agents={"a0": room_for(2)})
    model.handle(arrive("vip", tier=1), 0)
    model.handle(arrive("call"), 0)
    model.handle(SetExternalLoad(agent_id="a0", channel="task", units=30), 1)
    # 30 + 100 + 100 > 200, and nothing can be set aside: only load and legs count, and then the vip does not fit.
    assert ask(model, AcceptOffer(offer_id="o2"), 2) == [
        "offer.accepted call a0",
        "contact.active call a0",
        "offer.rescinded vip a0 no_room",
    ]


# ---- pre-emption of offers


def test_offer_of_lower_tier_is_rescinded_at_once() -> None:
    model = centre(plain(), urgent(Preempt.OFFERS))
    model.handle(arrive("low"), 0)
    events = model.handle(arrive("vip", "r", tier=1), 1)
    assert [told(event) for event in events[1:]] == [
        {"offer_id": "o1", "contact_id": "low", "agent_id": "a0", "reason": "preempted", "by_contact_id": "vip"},
        {
            "offer_id": "o2",
            "contact_id": "vip",
            "agent_id": "a0",
            "queue_id": "r",
            "channel": "voice",
            "customer_id": None,
            "mode": "ring",
            "rank": 1,
            "cost": 100,
            "expires_at_us": 1_001,
            "victim": "low",
        },
    ]
    assert ask(model, DeclineOffer(offer_id="o2", cooldown="for_ever"), 2) == [
        "offer.declined vip a0",
        "offer.made low a0",
    ]


@pytest.mark.parametrize(
    ("queue", "tier"),
    [
        (urgent(Preempt.NEVER), 1),
        (urgent(Preempt.OFFERS, preempt_from=2), 1),
        (urgent(Preempt.OFFERS), 0),
        (urgent(Preempt.OFFERS, preempt_from=-5), 0),  # not of higher tier than the victim
    ],
)
def test_contact_does_not_preempt_beyond_what_its_queue_and_tier_allow(queue: Queue, tier: int) -> None:
    model = centre(plain(), queue)
    model.handle(arrive("low"), 0)
    assert ask(model, arrive("vip", "r", tier=tier), 1) == ["contact.queued vip"]


def test_contact_of_a_paused_or_manual_queue_does_not_preempt() -> None:
    model = centre(plain(), urgent(Preempt.OFFERS, paused=True))
    model.handle(arrive("low"), 0)
    assert ask(model, arrive("vip", "r", tier=1), 1) == ["contact.queued vip"]
    assert ask(model, OpenQueue(queue_id="r"), 2)[1:] == [
        "offer.rescinded low a0 preempted by vip",
        "offer.made vip a0 over low",
    ]
    model = centre(plain(), urgent(Preempt.OFFERS, offer=Offer(mode=OfferMode.MANUAL)))
    model.handle(arrive("low"), 0)
    assert ask(model, arrive("vip", "r", tier=1), 1) == ["contact.queued vip"]


def test_contact_loses_only_so_many_offers() -> None:
    model = centre(plain(displaced_max=1), urgent(Preempt.OFFERS))
    model.handle(arrive("low"), 0)
    model.handle(arrive("vip", "r", tier=1), 1)
    assert ask(model, AbandonContact(contact_id="vip"), 2)[-1] == "offer.made low a0"
    assert ask(model, arrive("vip2", "r", tier=1), 3) == ["contact.queued vip2"]
    assert model.contacts[0].displaced_offers == 1


def test_preemption_comes_before_a_pair_of_lower_tier_and_the_displaced_contact_is_placed_in_the_same_decision() -> (
    None
):
    model = centre(plain(), urgent(Preempt.OFFERS, paused=True), agents=2)
    model.handle(away("a1"), 0)
    model.handle(arrive("low"), 0)
    model.handle(arrive("vip", "r", tier=1, excluded=["a1"]), 1)
    model.handle(arrive("low2", "r"), 1)
    model.handle(available("a1"), 2)
    # a1 is free for low2, but vip comes first, and then low has the earlier place.
    assert ask(model, OpenQueue(queue_id="r"), 3)[1:] == [
        "offer.rescinded low a0 preempted by vip",
        "offer.made vip a0 over low",
        "offer.made low a1",
    ]


# ---- pre-emption of work


def test_work_gives_way_when_the_offer_is_accepted_and_comes_back() -> None:
    model = centre(plain(), urgent(), channels={})
    model.handle(arrive("low", channel="chat"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    assert ask(model, arrive("vip", "r", tier=1), 1) == ["contact.queued vip", "offer.made vip a0 over low"]
    events = model.handle(AcceptOffer(offer_id="o2"), 4)
    assert isinstance(events[2], ContactSuspended)
    assert told(events[2]) == {"contact_id": "low", "agent_id": "a0", "by_contact_id": "vip", "reason": "preempted"}
    assert model.contacts[0].displaced_work == 1
    assert ask(model, CompleteContact(contact_id="vip"), 5)[-1] == "contact.resumed low a0"


def test_victim_may_go_back_to_its_place_for_any_agent() -> None:
    model = centre(plain(overdue_after_us=3), urgent(victim=Victim.REQUEUE), agents=2, channels={})
    model.handle(away("a1"), 0)
    model.handle(arrive("low", channel="chat"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 2)
    model.handle(arrive("vip", "r", tier=1), 3)
    model.handle(available("a1", label="back"), 3)
    events = model.handle(AcceptOffer(offer_id="o2"), 4)
    assert said(events) == [
        "offer.accepted vip a0",
        "contact.active vip a0",
        "leg.ended low a0 preempted",
        "contact.requeued low preempted by vip",
        "contact.overdue low",
        "offer.made low a1",
    ]
    assert isinstance(events[2], LegEnded)
    assert (events[2].began_at_us, events[2].handled_us) == (2, 2)
    assert isinstance(events[3], ContactRequeued)
    assert told(events[3]) == {
        "contact_id": "low",
        "queue_id": "q",
        "place_at_us": 0,
        "tier": 0,
        "head_start_us": 0,
        "reason": "preempted",
        "by_contact_id": "vip",
    }


def test_auto_mode_takes_work_at_once() -> None:
    model = centre(plain(AUTO), urgent(offer=AUTO), channels={})
    model.handle(arrive("low", channel="email"), 0)
    assert ask(model, arrive("vip", "r", tier=1), 1) == [
        "contact.queued vip",
        "offer.made vip a0 over low",
        "offer.accepted vip a0",
        "contact.active vip a0",
        "contact.suspended low a0 preempted by vip",
    ]


def test_only_active_legs_on_suspendable_channels_give_way() -> None:
    for channel, holds, gives in (("chat", False, True), ("chat", True, False), ("voice", False, False)):
        model = centre(plain(AUTO), urgent(), channels={})
        model.handle(arrive("low", channel=channel), 0)
        if holds:
            model.handle(HoldContact(contact_id="low", agent_id="a0"), 0)
        assert bool(pairs_made(model.handle(arrive("vip", "r", tier=1), 1))) is gives
    model = centre(plain(AUTO), urgent(), channels={"voice": Channel(suspendable=True)})
    model.handle(arrive("low"), 0)
    assert pairs_made(model.handle(arrive("vip", "r", tier=1), 1)) == [("vip", "a0")]


def test_contact_that_would_need_two_victims_keeps_waiting() -> None:
    model = centre(plain(AUTO), urgent(), channels={})
    model.handle(arrive("low0", channel="chat"), 0)
    model.handle(arrive("low1", channel="chat"), 0)
    assert ask(model, arrive("vip", "r", tier=1), 1) == ["contact.queued vip"]
    assert ask(model, CompleteContact(contact_id="low0"), 2)[-1] == "offer.made vip a0 over low1"


def test_a_victim_and_what_the_channel_interrupts_go_together() -> None:
    model = centre(plain(AUTO), urgent(), channels={"voice": Channel(interrupts=["email"])})
    model.handle(arrive("mail", channel="email"), 0)
    model.handle(arrive("chat", channel="chat"), 0)
    assert ask(model, arrive("vip", "r", tier=1), 1)[1:] == ["offer.made vip a0 over chat"]
    assert ask(model, AcceptOffer(offer_id="o3"), 2)[2:] == [
        "contact.suspended mail a0 interrupted by vip",
        "contact.suspended chat a0 preempted by vip",
    ]


def test_work_may_be_lost_only_so_often() -> None:
    model = centre(plain(AUTO, displaced_work_max=1), urgent(offer=AUTO), channels={})
    model.handle(arrive("low", channel="chat"), 0)
    model.handle(arrive("vip", "r", tier=1), 1)
    assert ask(model, CompleteContact(contact_id="vip"), 2)[-1] == "contact.resumed low a0"
    assert ask(model, arrive("vip2", "r", tier=1), 3) == ["contact.queued vip2"]


# ---- the choice of victims


def victim_of(model: Model, **other: Any) -> str | None:
    events = model.handle(arrive("vip", "r", tier=5, **other), 50)
    return next((event.victim for event in events if isinstance(event, OfferMade)), None)


def test_victim_is_of_the_lowest_tier() -> None:
    model = centre(plain(), urgent(), agents=2, channels={})
    model.handle(arrive("offered", tier=1), 1)
    model.handle(arrive("worked", channel="chat", tier=0), 2)
    model.handle(AcceptOffer(offer_id="o2"), 2)
    assert victim_of(model) == "worked"


def test_victim_of_equal_tier_is_an_offer_before_work() -> None:
    model = centre(plain(), urgent(), agents=2, channels={})
    model.handle(arrive("offered"), 1)
    model.handle(arrive("worked", channel="chat"), 2)
    model.handle(AcceptOffer(offer_id="o2"), 2)
    assert victim_of(model) == "offered"


def test_victim_is_the_one_latest_begun_then_the_agent_of_lower_seq() -> None:
    for accepts_at, expected in ((4, "b"), (3, "a")):
        model = centre(plain(), urgent(), agents=2, channels={})
        model.handle(arrive("a", channel="chat"), 1)
        model.handle(arrive("b", channel="chat"), 1)
        model.handle(AcceptOffer(offer_id="o1"), 3)
        model.handle(AcceptOffer(offer_id="o2"), accepts_at)
        assert victim_of(model) == expected


def test_a_resume_does_not_make_a_victim_younger() -> None:
    model = centre(plain(AUTO), urgent(), agents=2)
    model.handle(arrive("a", channel="chat", excluded=["a1"]), 1)
    model.handle(arrive("b", channel="chat", excluded=["a0"]), 5)
    model.handle(arrive("call", excluded=["a1"]), 6)
    assert ask(model, CompleteContact(contact_id="call"), 7)[-1] == "contact.resumed a a0"
    assert victim_of(model, channel="fax", cost=100) == "b"


def test_victims_of_one_agent_and_moment_go_by_the_higher_contact_seq() -> None:
    model = centre(plain(AUTO), urgent(), agents={"a0": agent(capacity=120)}, channels={})
    model.handle(arrive("a", channel="chat"), 1)
    model.handle(arrive("b", channel="chat"), 1)
    assert victim_of(model, cost=90) == "b"


def test_no_victim_whose_going_would_serve_a_waiting_contact_of_higher_tier() -> None:
    for excluded, expected in (([], None), (["a0"], "low")):
        model = centre(plain(), urgent(Preempt.OFFERS))
        model.handle(arrive("low"), 0)
        # Of tier 9, but in a queue that does not pre-empt.
        model.handle(arrive("first", tier=9, excluded=excluded), 1)
        assert victim_of(model) == expected


def test_no_victim_whose_going_would_serve_one_of_the_same_tier_that_interrupts() -> None:
    for tier, expected in ((5, None), (4, "low")):
        model = centre(plain(), urgent(Preempt.OFFERS))
        model.handle(arrive("low", channel="voice", cost=100), 0)
        model.handle(arrive("call", tier=tier), 1)
        assert victim_of(model, channel="chat") == expected


def test_preemption_counts_one_agent_more_for_offers_min() -> None:
    offer = Offer(mode=OfferMode.BROADCAST, k=2, offers_min=2, offer_timeout_us=1_000)
    model = centre(plain(), urgent(Preempt.OFFERS, offer), agents=3)
    model.handle(away("a2"), 0)
    model.handle(arrive("low"), 0)
    # Only a1 is free, which is too few; with a0, where low gives way, they are two.
    assert ask(model, arrive("vip", "r", tier=1), 1)[1:] == [
        "offer.rescinded low a0 preempted by vip",
        "offer.made vip a0 over low",
        "offer.made vip a1",
    ]


# ---- guards


def test_guard_keeps_young_offers_for_a_while_and_its_end_is_a_timer() -> None:
    model = centre(plain(), urgent(Preempt.OFFERS, preempt_guard_us=7))
    model.handle(arrive("low"), 1)
    assert ask(model, arrive("vip", "r", tier=1), 3) == ["contact.queued vip"]
    assert model.next_at_us() == 8
    events = model.advance(8)
    assert said(events) == ["offer.rescinded low a0 preempted by vip", "offer.made vip a0 over low"]
    assert {event.cause for event in events} == {"timer:guard"}


def test_guard_is_disarmed_when_nobody_waits_for_it() -> None:
    model = centre(plain(), urgent(Preempt.OFFERS, preempt_guard_us=7))
    model.handle(arrive("low"), 1)
    model.handle(arrive("vip", "r", tier=1), 3)
    model.handle(AbandonContact(contact_id="vip"), 4)
    assert model.next_at_us() == 1_001


def test_guard_is_not_asked_again_at_the_accept() -> None:
    model = centre(plain(), urgent(preempt_guard_us=7), agents={"a0": agent(capacity=130)}, channels={})
    model.handle(arrive("old", channel="chat"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(arrive("big", channel="fax", cost=100), 1)
    model.handle(AcceptOffer(offer_id="o2"), 1)
    assert wait(model, 5) == []
    assert ask(model, arrive("vip", "r", tier=1, cost=30), 6) == ["contact.queued vip"]
    assert wait(model, 7) == ["offer.made vip a0 over old"]
    # At the accept both could give way; big is the one latest begun.
    assert ask(model, AcceptOffer(offer_id="o3"), 7)[2:] == ["contact.suspended big a0 preempted by vip"]


# ---- standing offers


def standing(r: Queue) -> Model:
    """Return a centre in which mid, of tier 1, is offered to an agent on the leg of low."""
    model = centre(plain(AUTO), r, channels={})
    model.handle(arrive("low", channel="chat"), 0)
    assert ask(model, arrive("mid", "r", tier=1), 1)[-1] == "offer.made mid a0 over low"
    return model


def test_an_offer_and_the_leg_it_stands_on_are_one_victim() -> None:
    model = standing(urgent())
    assert ask(model, arrive("high", "r", tier=2), 2) == [
        "contact.queued high",
        "offer.rescinded mid a0 preempted by high",
        "offer.made high a0 over mid",
    ]
    assert ask(model, AcceptOffer(offer_id="o3"), 3)[2:] == ["contact.suspended low a0 preempted by high"]
    assert (model.contacts[0].displaced_work, model.contacts[1].displaced_offers) == (1, 1)


def test_an_offer_stands_only_as_long_as_there_is_a_leg_that_can_go() -> None:
    model = standing(urgent())
    assert ask(model, HoldContact(contact_id="low", agent_id="a0"), 2) == [
        "contact.held low a0",
        "offer.rescinded mid a0 no_room",
    ]


def test_a_standing_offer_that_was_displaced_too_often_is_safe_with_its_leg() -> None:
    model = standing(urgent(displaced_max=0))
    # The leg by itself is no victim: beside the offer of mid there would be too little room.
    assert ask(model, arrive("high", "r", tier=2), 2) == ["contact.queued high"]


def test_contact_that_may_take_offers_only_takes_no_standing_one_as_it_could_not_take_the_leg() -> None:
    config_of_high = urgent(Preempt.OFFERS)
    model = Model(
        Config(
            engine=EngineSettings(),
            queues={"q": plain(AUTO), "r": urgent(), "s": config_of_high},
            agents={"a0": agent(queues={"q": 1, "r": 1, "s": 1})},
        )
    )
    model.handle(available("a0"), 0)
    model.handle(arrive("low", channel="chat"), 0)
    model.handle(arrive("mid", "r", tier=1), 1)
    assert ask(model, arrive("high", "s", tier=2), 2) == ["contact.queued high"]


def test_assigned_offer_beyond_capacity_is_not_unfit_and_its_accept_sets_nothing_aside() -> None:
    model = centre(plain(AUTO), channels={})
    model.handle(arrive("work"), 0)
    model.handle(arrive("more"), 0)
    assign = AssignContact(contact_id="more", agent_id="a0", ignoring=[Ignorable.CAPACITY])
    assert ask(model, assign, 1) == ["offer.made more a0 manual"]
    assert ask(model, AcceptOffer(offer_id="o2"), 2) == ["offer.accepted more a0", "contact.active more a0"]
    assert model.agents["a0"].taken() == 200


def test_active_assignment_sets_legs_aside_as_an_accept_does() -> None:
    model = centre(plain(AUTO))
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(arrive("call", excluded=["a0"]), 0)
    assign = AssignContact(contact_id="call", agent_id="a0", as_=AssignAs.ACTIVE, ignoring=[Ignorable.EXCLUSION])
    assert ask(model, assign, 1) == [
        "offer.made call a0 manual over chat",
        "offer.accepted call a0",
        "contact.active call a0",
        "contact.suspended chat a0 interrupted by call",
    ]


def test_requeued_work_frees_its_agent_for_what_was_suspended() -> None:
    model = centre(plain(AUTO))
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(arrive("call"), 1)
    assert ask(model, RequeueContact(contact_id="call"), 2) == [
        "leg.ended call a0 requeued",
        "contact.requeued call command",
        "contact.resumed chat a0",
    ]


def test_ring_offers_beside_work_expire_as_any() -> None:
    model = centre(plain(AUTO), urgent(offer=RING), channels={})
    model.handle(arrive("low", channel="chat"), 0)
    model.handle(arrive("vip", "r", tier=1), 1)
    assert wait(model, 11) == ["offer.expired vip a0", "agent.presence_changed a0 away"]


# ---- what the oracle tells of a decision


def test_what_is_left_to_do_is_told_and_nothing_is_left_after_a_call() -> None:
    model = centre(plain(), urgent(Preempt.OFFERS), agents={"a0": room_for(1)})
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(arrive("call"), 0)
    model.handle(AcceptOffer(offer_id="o2"), 0)
    assert (model.eligible_pairs(), model.preemption(), model.resumable(), model.unfit_offers()) == ([], None, [], [])
    # As if somebody had changed the state behind the back of the decision:
    model.agents["a0"].config = room_for(2)
    assert [leg.contact.id for leg in model.resumable()] == ["chat"]
    waiting = centre(plain(), urgent(Preempt.OFFERS))
    waiting.handle(arrive("low"), 0)
    waiting.handle(arrive("vip", "r", tier=1, excluded=["a0"]), 0)
    waiting.contacts[1].given.excluded.clear()
    preemption = waiting.preemption()
    assert preemption is not None
    assert (preemption.contact.id, preemption.victim.contact.id) == ("vip", "low")
    waiting.agents["a0"].external["task"] = 1
    assert [offer.contact.id for offer in waiting.unfit_offers()] == ["low"]
    waiting.agents["a0"].external.clear()
    waiting.agents["a0"].offers.clear()
    assert [(pair.contact.id, pair.agent.id) for pair in waiting.eligible_pairs()] == [("vip", "a0")]


def test_rounds_are_counted_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    model = centre(plain())
    assert model.rounds == 0
    model.handle(arrive("c"), 0)
    assert model.rounds == 1
    monkeypatch.setattr("tests.model.model.ROUNDS_MAX", 1)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(CompleteContact(contact_id="c"), 0)
    with pytest.raises(AssertionError, match="does not come to rest"):
        model.handle(arrive("d"), 0)
