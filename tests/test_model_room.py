"""The oracle: units, places, reserves, external load, and what is set aside for a channel that interrupts."""

from __future__ import annotations

import pytest

from ccroute.commands import AcceptOffer, CompleteContact, HoldContact, PauseQueue, SetExternalLoad
from ccroute.config.structs import AgentChannel, Queue
from ccroute.events import ContactSuspended, OfferMade, OfferRescinded
from ccroute.types import Rule
from tests.examples import AUTO, RING, agent, arrive, ask, away, centre, pairs_made, told, wait
from tests.model import Model


def load(units: int, channel: str = "task", agent_id: str = "a0") -> SetExternalLoad:
    return SetExternalLoad(agent_id=agent_id, channel=channel, units=units)


def rules(model: Model, contact_id: str, agent_id: str = "a0") -> list[Rule]:
    contact = next(contact for contact in model.contacts if contact.id == contact_id)
    return model.choice.rules_against(contact, model.agents[agent_id])


# ---- units


def test_what_a_channel_has_in_reserve_and_not_in_use_is_kept_from_others() -> None:
    model = centre(Queue(offer=AUTO), agents={"a0": agent(reserve={"voice": 60})}, channels={})
    for contact_id, channel, cost, fits in (
        ("c0", "chat", 30, True),  # 30 + 60 kept
        ("c1", "chat", 30, False),  # 60 + 60 kept
        ("c2", "email", 11, False),  # 41 + 60 kept
        ("c3", "email", 10, True),  # 40 + 60 kept
        ("c4", "voice", 61, False),  # 101, nothing kept from voice itself
        ("c5", "voice", 40, True),  # 80, and 20 of the 60 still kept
        ("c6", "email", 1, False),  # 81 + 20 kept
        ("c7", "voice", 20, True),
    ):
        made = pairs_made(model.handle(arrive(contact_id, channel=channel, cost=cost), 1))
        assert bool(made) is fits, contact_id


def test_external_load_counts_as_use_of_a_reserve() -> None:
    for channel, fits in (("voice", True), ("email", False)):
        model = centre(Queue(offer=AUTO), agents={"a0": agent(reserve={"voice": 60})}, channels={})
        model.handle(load(60, channel), 1)
        # 60 + 40, and nothing of the reserve is left to keep if the load is on voice; else 60 more.
        assert bool(pairs_made(model.handle(arrive("c", channel="chat", cost=40), 2))) is fits


def test_external_load_takes_units_and_one_place_on_its_channel() -> None:
    model = centre(Queue(offer=AUTO), agents={"a0": agent(channels={"chat": AgentChannel(max=1)})}, channels={})
    (event,) = model.handle(load(40, "chat"), 1)
    assert told(event) == {"agent_id": "a0", "channel": "chat", "units": 40}
    model.handle(arrive("c", channel="chat", cost=61), 1)
    assert rules(model, "c") == [Rule.CHANNEL_MAX, Rule.CAPACITY]
    model.handle(load(1, "chat"), 2)
    assert rules(model, "c") == [Rule.CHANNEL_MAX]
    assert ask(model, load(0, "chat"), 3)[1:] == ["offer.made c a0", "offer.accepted c a0", "contact.active c a0"]


def test_load_selects_by_external_units_too() -> None:
    model = centre(Queue(offer=AUTO, select="least_loaded"), agents=2)
    model.handle(load(10), 1)
    assert pairs_made(model.handle(arrive("c", channel="email"), 1)) == [("c", "a1")]


def test_offer_that_no_longer_fits_is_rescinded_and_made_again() -> None:
    model = centre(agents={"a0": agent(offers_max=2)}, channels={})
    model.handle(arrive("c", channel="chat"), 1)
    model.handle(arrive("d", channel="chat"), 1)
    assert ask(model, load(70), 2) == ["agent.external_load_set a0"]  # each fits beside the load alone
    events = model.handle(load(71), 3)
    assert [told(event) for event in events[1:]] == [
        {"offer_id": "o2", "contact_id": "d", "agent_id": "a0", "reason": "no_room", "by_contact_id": None},
        {"offer_id": "o1", "contact_id": "c", "agent_id": "a0", "reason": "no_room", "by_contact_id": None},
    ]
    # 70 + 30 has room for one, as a new offer counts the pending ones.
    assert ask(model, load(70), 4) == ["agent.external_load_set a0", "offer.made c a0"]


def test_unfit_offers_are_found_with_agents_away_and_queues_paused() -> None:
    model = centre()
    model.handle(arrive("c"), 0)
    model.handle(away("a0", offers="keep"), 1)
    model.handle(PauseQueue(queue_id="q"), 1)
    assert ask(model, load(1), 2) == ["agent.external_load_set a0", "offer.rescinded c a0 no_room"]


# ---- setting aside


def test_pending_offer_is_set_aside_when_the_new_one_is_made() -> None:
    model = centre(agents={"a0": agent(offers_max=2)})
    model.handle(arrive("mail", channel="email"), 0)
    events = model.handle(arrive("call"), 1)
    assert isinstance(events[1], OfferRescinded)
    assert told(events[1]) == {
        "offer_id": "o1",
        "contact_id": "mail",
        "agent_id": "a0",
        "reason": "interrupted",
        "by_contact_id": "call",
    }
    assert isinstance(events[2], OfferMade)
    assert (events[2].contact_id, events[2].victim) == ("call", "mail")
    assert len(events) == 3


def test_active_leg_is_set_aside_when_the_offer_is_accepted_and_resumes_whatever_the_presence() -> None:
    model = centre()
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    assert ask(model, arrive("call"), 1) == ["contact.queued call", "offer.made call a0 over chat"]
    events = model.handle(AcceptOffer(offer_id="o2"), 2)
    assert [event.at_us for event in events] == [2] * 3
    assert isinstance(events[2], ContactSuspended)
    assert told(events[2]) == {
        "contact_id": "chat",
        "agent_id": "a0",
        "by_contact_id": "call",
        "reason": "interrupted",
    }
    model.handle(away("a0"), 3)
    assert ask(model, CompleteContact(contact_id="call"), 4) == [
        "leg.ended call a0 completed",
        "contact.closed call",
        "contact.resumed chat a0",
    ]
    (ended, _) = model.handle(CompleteContact(contact_id="chat"), 9)
    assert told(ended)["handled_us"] == 9


def test_offers_go_first_newest_first_then_legs_last_begun_first_and_what_proves_unnecessary_is_put_back() -> None:
    model = centre(agents={"a0": agent(offers_max=3)})
    for number, cost in enumerate((60, 20)):
        model.handle(arrive(f"leg{number}", channel="chat", cost=cost), number)
        model.handle(AcceptOffer(offer_id=f"o{number + 1}"), number)
    model.handle(arrive("pending", channel="email", cost=5), 3)
    # 85 are taken. Taken in turn: pending (80 + 60), leg1 (60 + 60), leg0 (0 + 60 fits).
    # Put back in that order: pending (5 + 60), leg1 (25 + 60); leg0 does not fit back.
    assert ask(model, arrive("call", cost=60), 4) == ["contact.queued call", "offer.made call a0 over leg0"]
    assert ask(model, AcceptOffer(offer_id="o4"), 5) == [
        "offer.accepted call a0",
        "contact.active call a0",
        "contact.suspended leg0 a0 interrupted by call",
        "offer.rescinded pending a0 no_room",  # it would fit, but the suspended chat goes before a mail
    ]


def test_set_aside_in_the_order_taken_and_the_victim_told_is_the_first_leg() -> None:
    model = centre(agents={"a0": agent(offers_max=3)})
    model.handle(arrive("leg0", channel="chat", cost=40), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(arrive("leg1", channel="chat", cost=30), 0)
    model.handle(AcceptOffer(offer_id="o2"), 0)
    model.handle(arrive("mail0", channel="email", cost=10), 0)
    model.handle(arrive("mail1", channel="email", cost=10), 0)
    assert ask(model, arrive("call"), 1) == [
        "contact.queued call",
        "offer.rescinded mail1 a0 interrupted by call",
        "offer.rescinded mail0 a0 interrupted by call",
        "offer.made call a0 over leg1",
    ]
    assert ask(model, AcceptOffer(offer_id="o5"), 1)[2:] == [
        "contact.suspended leg1 a0 interrupted by call",
        "contact.suspended leg0 a0 interrupted by call",
    ]


def test_set_aside_offer_frees_its_place_among_the_pending_ones() -> None:
    model = centre()
    model.handle(arrive("mail", channel="email"), 0)
    assert ask(model, arrive("chat", channel="chat"), 1)[1:] == [
        "offer.rescinded mail a0 interrupted by chat",
        "offer.made chat a0 over mail",
    ]
    assert ask(model, AcceptOffer(offer_id="o2"), 2)[2:] == ["offer.made mail a0"]


@pytest.mark.parametrize(
    ("channel", "tier", "makes_room"),
    [("chat", 0, True), ("chat", -1, True), ("chat", 1, False), ("voice", 0, False), ("fax", 0, False)],
)
def test_only_what_is_interrupted_and_of_the_same_tier_or_lower_is_set_aside(
    channel: str, tier: int, makes_room: bool
) -> None:
    model = centre(Queue(offer=AUTO))
    model.handle(arrive("work", channel=channel, tier=tier, cost=50), 0)
    assert bool(pairs_made(model.handle(arrive("call"), 1))) is makes_room


def test_held_and_wrapping_legs_are_not_set_aside() -> None:
    model = centre(Queue(offer=AUTO, wrap_up_us="unlimited"))
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(HoldContact(contact_id="chat", agent_id="a0"), 1)
    model.handle(arrive("call"), 2)
    assert rules(model, "call") == [Rule.CAPACITY]
    model.handle(CompleteContact(contact_id="chat"), 3)
    assert rules(model, "call") == [Rule.CAPACITY]


def test_nothing_is_set_aside_where_it_would_not_be_enough() -> None:
    model = centre(Queue(offer=AUTO))
    model.handle(arrive("chat", channel="chat", cost=50), 0)
    model.handle(arrive("fax", channel="fax", cost=20), 0)
    assert ask(model, arrive("call", cost=81), 1) == ["contact.queued call"]
    assert rules(model, "call") == [Rule.CAPACITY]


def test_more_than_64_are_not_set_aside_for_one() -> None:
    agents = {"a0": agent(capacity=65)}
    model = centre(Queue(offer=AUTO), agents=agents)
    for number in range(65):
        model.handle(arrive(f"mail{number}", channel="email", cost=1), 0)
    assert ask(model, arrive("call", cost=65), 1) == ["contact.queued call"]
    assert rules(model, "call") == [Rule.CAPACITY]
    events = ask(model, arrive("shorter", cost=64), 2)
    assert len([event for event in events if event.startswith("contact.suspended")]) == 64


def test_an_agent_that_need_set_nothing_aside_goes_before_one_that_must() -> None:
    model = centre(Queue(offer=AUTO), agents={"a0": agent(capacity=40), "a1": agent(capacity=40)})
    model.handle(arrive("mail0", channel="email", excluded=["a1"]), 1)
    model.handle(arrive("mail1", channel="email", excluded=["a0"]), 2)
    model.handle(CompleteContact(contact_id="mail1"), 3)
    # a0 is idle longer, but has mail to set aside for a chat.
    assert pairs_made(model.handle(arrive("chat", channel="chat"), 4)) == [("chat", "a1")]


# ---- suspended legs


def test_suspended_work_keeps_lower_contacts_away_and_those_of_its_tier_that_do_not_interrupt_it() -> None:
    model = centre(Queue(offer=AUTO), agents={"a0": agent(capacity=140)})
    model.handle(arrive("chat", channel="chat", cost=60), 0)
    assert ask(model, arrive("call"), 1)[-1] == "contact.suspended chat a0 interrupted by call"
    # 40 units are free.
    model.handle(arrive("mail", channel="email"), 2)
    assert rules(model, "mail") == [Rule.SUSPENDED]
    model.handle(arrive("lower", channel="voice", tier=-1, cost=20), 2)
    assert rules(model, "lower") == [Rule.SUSPENDED]
    assert pairs_made(model.handle(arrive("short-call", cost=20), 3)) == [("short-call", "a0")]
    assert pairs_made(model.handle(arrive("urgent-mail", channel="email", tier=1), 3)) == [("urgent-mail", "a0")]


def test_suspended_legs_resume_by_tier_then_in_the_order_of_suspension_and_one_that_does_not_fit_is_passed_over() -> (
    None
):
    model = centre(Queue(offer=AUTO), agents={"a0": agent(capacity=100)})
    for contact_id, tier, cost in (("first", 0, 20), ("second", 0, 30), ("big", 1, 50)):
        model.handle(arrive(contact_id, channel="chat", tier=tier, cost=cost), 0)
    # Taken: the last begun first.
    assert ask(model, arrive("call", tier=1), 1)[-3:] == [
        "contact.suspended big a0 interrupted by call",
        "contact.suspended second a0 interrupted by call",
        "contact.suspended first a0 interrupted by call",
    ]
    model.handle(load(55), 2)
    assert ask(model, CompleteContact(contact_id="call"), 3)[-1] == "contact.resumed second a0"
    assert ask(model, load(50), 4)[1:] == ["contact.resumed first a0"]
    assert ask(model, load(0), 5)[1:] == ["contact.resumed big a0"]


def test_a_suspended_leg_counts_no_units_and_keeps_its_begin() -> None:
    model = centre(Queue(offer=AUTO, wrap_up_us=5))
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(arrive("call"), 1)
    assert model.agents["a0"].taken() == 100
    (ended, closed) = model.handle(CompleteContact(contact_id="chat", agent_id="a0"), 7)
    # Completed while suspended: no wrap-up.
    assert told(ended) == {
        "contact_id": "chat",
        "agent_id": "a0",
        "reason": "completed",
        "began_at_us": 0,
        "handled_us": 7,
    }
    assert told(closed)["contact_id"] == "chat"


def test_resume_counts_offers_that_are_out() -> None:
    model = centre(Queue(offer=RING), agents={"a0": agent(capacity=100, offers_max=2)})
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(arrive("call"), 0)
    model.handle(AcceptOffer(offer_id="o2"), 0)
    model.handle(arrive("next", "r"), 1)
    # The chat would fit once the call is over, but pairs come before legs that resume.
    assert ask(model, CompleteContact(contact_id="call"), 2) == [
        "leg.ended call a0 completed",
        "contact.closed call",
        "offer.made next a0",
    ]
    assert wait(model, 11) == []
    assert wait(model, 12) == [
        "offer.expired next a0",
        "agent.presence_changed a0 away",
        "contact.resumed chat a0",
    ]
