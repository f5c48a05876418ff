"""The oracle: picks and assignments, contacts sent back to their place, and accepts undone."""

from __future__ import annotations

from typing import Any

import pytest

from ccroute.commands import (
    AbandonContact,
    AcceptOffer,
    AssignContact,
    CompleteContact,
    ConnectFailed,
    DeclineOffer,
    EnqueueContact,
    HoldContact,
    JoinConference,
    ParkContact,
    PickContact,
    RequeueContact,
    SetExternalLoad,
    SetPresence,
    TransferContact,
)
from ccroute.config.structs import Agent, AgentChannel, AgentQueue, EngineSettings, Offer, Queue
from ccroute.events import CommandRefused, ContactRequeued, OfferMade
from ccroute.types import AssignAs, Ignorable, OfferMode, Presence, Rule, TransferMode
from tests.examples import AUTO, MANUAL, RING, agent, arrive, ask, available, away, centre, room_for, said, told, wait
from tests.model import Model


def pick(contact_id: str = "c", agent_id: str = "a0") -> PickContact:
    return PickContact(contact_id=contact_id, agent_id=agent_id)


def assign(contact_id: str = "c", agent_id: str = "a0", **fields: Any) -> AssignContact:
    return AssignContact(contact_id=contact_id, agent_id=agent_id, **fields)


# ---- pick


def test_pick_takes_a_waiting_contact_of_a_manual_and_paused_queue() -> None:
    model = centre(Queue(offer=MANUAL, paused=True))
    model.handle(arrive("c"), 1)
    events = model.handle(pick(), 5)
    assert said(events) == ["offer.made c a0 manual", "offer.accepted c a0", "contact.active c a0"]
    made = events[0]
    assert isinstance(made, OfferMade)
    assert (made.mode, made.expires_at_us, made.victim, made.rank) == (OfferMode.MANUAL, None, None, 1)
    assert told(events[2])["waited_us"] == 4


def test_pick_of_an_offered_contact_accepts_the_own_offer_or_takes_it_from_others() -> None:
    queue = Queue(offer=Offer(mode=OfferMode.BROADCAST, k=2, offer_timeout_us=10))
    model = centre(queue, agents=3)
    model.handle(arrive("c"), 0)
    assert ask(model, pick("c", "a1"), 1) == [
        "offer.accepted c a1",
        "contact.active c a1",
        "offer.rescinded c a0 taken",
    ]
    model = centre(queue, agents=3)
    model.handle(arrive("c"), 0)
    assert ask(model, pick("c", "a2"), 1) == [
        "offer.made c a2 manual",
        "offer.accepted c a2",
        "contact.active c a2",
        "offer.rescinded c a0 taken",
        "offer.rescinded c a1 taken",
    ]


def test_units_of_the_own_offer_are_free_for_the_pick() -> None:
    model = centre()
    model.handle(arrive("c"), 0)
    assert ask(model, pick(), 1) == ["offer.accepted c a0", "contact.active c a0"]


def test_own_offers_go_newest_first_until_the_picked_contact_fits() -> None:
    model = centre(r=Queue(offer=MANUAL), agents={"a0": agent(offers_max=3)}, channels={})
    for number, cost in enumerate((40, 30, 30)):
        model.handle(arrive(f"c{number}", channel="chat", cost=cost), 0)
    model.handle(arrive("mine", "r", "chat", cost=50), 0)
    events = model.handle(pick("mine"), 1)
    assert said(events)[:4] == [
        "offer.rescinded c2 a0 picked by mine",
        "offer.rescinded c1 a0 picked by mine",
        "offer.made mine a0 manual",
        "offer.accepted mine a0",
    ]
    assert said(events)[4:] == ["contact.active mine a0"]


def test_pick_against_an_own_offer_of_higher_tier_is_refused() -> None:
    model = centre(r=Queue(offer=MANUAL))
    model.handle(arrive("vip", tier=1), 0)
    model.handle(arrive("mine", "r"), 0)
    (refused,) = model.handle(pick("mine"), 1)
    assert isinstance(refused, CommandRefused)
    assert (refused.reason, refused.rule) == ("not_eligible", Rule.CAPACITY)
    # An offer of its own tier is no obstacle, nor is the place it takes among the pending ones.
    model = centre(r=Queue(offer=MANUAL))
    model.handle(arrive("same"), 0)
    model.handle(arrive("mine", "r"), 0)
    assert ask(model, pick("mine"), 1)[0] == "offer.rescinded same a0 picked by mine"
    model = centre(r=Queue(offer=MANUAL), agents={"a0": agent(capacity=200)})
    model.handle(arrive("vip", tier=1), 0)
    model.handle(arrive("mine", "r"), 0)
    assert ask(model, pick("mine"), 1)[0] == "offer.made mine a0 manual"


def test_pick_sets_aside_what_its_channel_interrupts_before_other_offers_go() -> None:
    model = centre(r=Queue(offer=MANUAL), agents={"a0": agent(offers_max=3)})
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(arrive("mail", channel="email"), 0)
    model.handle(arrive("mine", "r"), 0)
    assert ask(model, pick("mine"), 1) == [
        "offer.rescinded mail a0 interrupted by mine",
        "offer.made mine a0 manual over chat",
        "offer.accepted mine a0",
        "contact.active mine a0",
        "contact.suspended chat a0 interrupted by mine",
    ]


def test_pick_asks_neither_cooldown_nor_offers_max() -> None:
    model = centre(Queue(offer=Offer(offer_timeout_us=1_000)), agents={"a0": agent(capacity=200)})
    model.handle(arrive("c"), 0)
    model.handle(DeclineOffer(offer_id="o1", cooldown="for_ever"), 0)
    model.handle(arrive("other"), 0)
    assert ask(model, pick(), 1) == ["offer.made c a0 manual", "offer.accepted c a0", "contact.active c a0"]


@pytest.mark.parametrize(
    ("fields", "contact", "rule"),
    [
        ({}, {"excluded": ["a0"]}, "excluded"),
        ({}, {"requires": "agent.skills.s > 0"}, "requirement"),
        ({"queues": {"r": 1}}, {}, "membership"),
        ({"queues": {"q": AgentQueue(after_us=9)}}, {}, "after"),
        ({"channels": {"voice": AgentChannel(blocked=True)}}, {}, "channel_closed"),
        ({"channels": {"voice": AgentChannel(max=0)}}, {}, "channel_max"),
        ({"capacity": 99}, {}, "capacity"),
        ({"capacity": 99}, {"excluded": ["a0"]}, "excluded"),
    ],
)
def test_pick_is_refused_for_the_first_rule_that_is_broken(
    fields: dict[str, Any], contact: dict[str, Any], rule: str
) -> None:
    model = centre(Queue(offer=MANUAL), agents={"a0": agent(**fields)})
    model.handle(arrive("c", **contact), 0)
    assert ask(model, pick(), 1) == [f"command.refused c a0 not_eligible {rule}"]


def test_pick_is_refused_to_an_agent_that_is_away_or_about_to_be() -> None:
    model = centre(Queue(offer=MANUAL), agents={"a0": room_for(2)})
    model.handle(arrive("c"), 0)
    model.handle(arrive("d"), 0)
    model.handle(pick("d"), 0)
    model.handle(away("a0", next_=True), 0)
    assert ask(model, pick(), 1) == ["command.refused c a0 not_eligible next_presence"]
    model.handle(away("a0"), 2)
    assert ask(model, pick(), 3) == ["command.refused c a0 not_eligible presence"]


def test_pick_behind_suspended_work_of_higher_tier_is_refused() -> None:
    model = centre(Queue(offer=AUTO), Queue(offer=MANUAL), agents={"a0": agent(capacity=150)})
    model.handle(arrive("chat", channel="chat", tier=1, cost=60), 0)
    model.handle(arrive("call", tier=1), 0)
    model.handle(arrive("c", "r", cost=10), 0)
    assert ask(model, pick(), 1) == ["command.refused c a0 not_eligible suspended"]


def test_pick_is_refused_by_the_state_of_the_contact() -> None:
    model = centre(Queue(offer=AUTO))
    assert ask(model, pick("ghost"), 0) == ["command.refused ghost a0 unknown_contact"]
    assert ask(model, pick("ghost", "nobody"), 0) == ["command.refused ghost nobody unknown_agent"]
    model.handle(arrive("c"), 0)
    assert ask(model, pick(), 1) == ["command.refused c a0 contact_active"]
    model.handle(ParkContact(contact_id="c"), 2)
    assert ask(model, pick(), 3) == ["command.refused c a0 contact_parked"]
    model.handle(AbandonContact(contact_id="c"), 4)
    assert ask(model, pick(), 5) == ["command.refused c a0 contact_ended"]


def test_pick_of_a_contact_that_seeks_a_taker_ends_the_givers_leg() -> None:
    model = centre(Queue(offer=AUTO, wrap_up_us=5), Queue(offer=MANUAL), agents=2)
    model.handle(arrive("c"), 0)
    model.handle(TransferContact(contact_id="c", agent_id="a0", to_queue="r", mode=TransferMode.WARM), 1)
    assert ask(model, pick("c", "a0"), 2) == ["command.refused c a0 not_eligible leg"]
    assert ask(model, pick("c", "a1"), 3) == [
        "offer.made c a1 manual",
        "offer.accepted c a1",
        "contact.active c a1",
        "leg.wrap_up_started c a0",
    ]


def test_pick_of_a_contact_kept_for_another_agent_is_refused() -> None:
    model = centre(Queue(offer=AUTO), r=Queue(offer=RING), agents=3)
    model.handle(arrive("c", "r"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(TransferContact(contact_id="c", agent_id="a0", to_agent="a1"), 1)
    assert ask(model, pick("c", "a2"), 2) == ["command.refused c a2 not_eligible direct"]
    assert ask(model, pick("c", "a1"), 2) == ["offer.accepted c a1", "contact.active c a1"]


# ---- assign


def test_assignment_as_an_offer_expires_as_the_queue_says() -> None:
    model = centre(Queue(offer=MANUAL))
    model.handle(arrive("c"), 0)
    (made,) = model.handle(assign(actor="boss"), 1)
    assert isinstance(made, OfferMade)
    assert (made.mode, made.expires_at_us, made.actor) == (OfferMode.MANUAL, 11, "boss")
    assert wait(model, 11) == ["offer.expired c a0", "agent.presence_changed a0 away"]


def test_active_assignment_is_as_a_pick_that_takes_no_own_offers_away() -> None:
    model = centre(r=Queue(offer=MANUAL), agents={"a0": agent(capacity=150)})
    model.handle(arrive("ringing"), 0)
    model.handle(arrive("c", "r"), 0)
    assert ask(model, assign(as_=AssignAs.ACTIVE), 1) == ["command.refused c a0 not_eligible capacity"]
    model.handle(arrive("d", "r", cost=50), 0)
    assert ask(model, assign("d", as_=AssignAs.ACTIVE), 1) == [
        "offer.made d a0 manual",
        "offer.accepted d a0",
        "contact.active d a0",
    ]
    assert ask(model, assign("ringing", as_=AssignAs.ACTIVE), 2) == [
        "offer.accepted ringing a0",
        "contact.active ringing a0",
    ]


def test_assignment_as_an_offer_is_refused_where_offers_are_out() -> None:
    model = centre(agents=2)
    model.handle(arrive("c"), 0)
    for agent_id in ("a0", "a1"):
        assert ask(model, assign("c", agent_id), 1) == [f"command.refused c {agent_id} offer_out"]
    assert ask(model, assign("c", "a1", as_=AssignAs.ACTIVE), 2)[-1] == "offer.rescinded c a0 taken"


IGNORABLE_CASES: list[tuple[Agent, EnqueueContact, str, Ignorable]] = [
    (agent(), arrive("c", requires="agent.skills.s > 0"), "requirement", Ignorable.REQUIREMENT),
    (agent(queues={"r": 1}), arrive("c"), "membership", Ignorable.MEMBERSHIP),
    (agent(queues={"q": AgentQueue(after_us=9)}), arrive("c"), "after", Ignorable.MEMBERSHIP),
    (agent(), arrive("c", excluded=["a0"]), "excluded", Ignorable.EXCLUSION),
    (agent(capacity=99), arrive("c"), "capacity", Ignorable.CAPACITY),
    (agent(channels={"voice": AgentChannel(max=0)}), arrive("c"), "channel_max", Ignorable.CAPACITY),
    (agent(channels_closed=True), arrive("c"), "channel_closed", Ignorable.CAPACITY),
]


@pytest.mark.parametrize("as_", AssignAs)
@pytest.mark.parametrize(("agent_", "contact", "rule", "ignorable"), IGNORABLE_CASES)
def test_assignment_ignores_what_it_says_and_nothing_else(
    agent_: Agent, contact: EnqueueContact, rule: str, ignorable: Ignorable, as_: AssignAs
) -> None:
    model = centre(Queue(offer=MANUAL), agents={"a0": agent_})
    model.handle(contact, 0)
    others = [other for other in Ignorable if other != ignorable]
    assert ask(model, assign(as_=as_, ignoring=others), 1) == [f"command.refused c a0 not_eligible {rule}"]
    assert ask(model, assign(as_=as_, ignoring=[ignorable]), 1)[0] == "offer.made c a0 manual"


def test_assignment_may_ignore_presence_cooldown_and_places_among_pending_offers() -> None:
    model = centre(Queue(offer=MANUAL), Queue(offer=Offer(offer_timeout_us=1_000)), agents={"a0": agent(capacity=300)})
    model.handle(arrive("c", "r"), 0)
    model.handle(DeclineOffer(offer_id="o1", cooldown="for_ever"), 0)
    assert ask(model, assign(), 1) == ["command.refused c a0 not_eligible cooldown"]
    model.handle(arrive("ringing", "r"), 1)
    assert ask(model, assign(), 2) == ["command.refused c a0 not_eligible offers_max"]
    ignoring = [Ignorable.CAPACITY, Ignorable.COOLDOWN]
    assert ask(model, assign(ignoring=ignoring), 3) == ["offer.made c a0 manual"]
    model.handle(away("a0", offers="keep"), 4)
    model.handle(arrive("d"), 4)
    assert ask(model, assign("d"), 5) == ["command.refused d a0 not_eligible presence"]
    assert ask(model, assign("d", as_=AssignAs.ACTIVE, ignoring=[Ignorable.PRESENCE]), 5)[-1] == "contact.active d a0"


def test_an_agent_without_a_rank_for_the_queue_is_told_with_rank_1() -> None:
    model = centre(Queue(offer=MANUAL), agents={"a0": agent(queues={})})
    model.handle(arrive("c"), 0)
    (made,) = model.handle(assign(ignoring=[Ignorable.MEMBERSHIP]), 1)
    assert told(made)["rank"] == 1


def test_an_agent_has_at_most_256_pending_offers() -> None:
    model = centre(Queue(offer=MANUAL))
    for number in range(257):
        model.handle(arrive(f"c{number}"), 0)
    outcomes = [ask(model, assign(f"c{number}", ignoring=[Ignorable.CAPACITY]), 0) for number in range(257)]
    assert outcomes[255] == ["offer.made c255 a0 manual"]
    assert outcomes[256] == ["command.refused c256 a0 not_eligible offers_max"]


def test_rule_leg_is_never_ignored() -> None:
    model = centre(Queue(offer=AUTO), Queue(offer=MANUAL))
    model.handle(arrive("c"), 0)
    model.handle(TransferContact(contact_id="c", agent_id="a0", to_queue="r", mode=TransferMode.WARM), 1)
    assert ask(model, assign(ignoring=list(Ignorable)), 2) == ["command.refused c a0 not_eligible leg"]


def test_exempt_offer_stands_where_others_would_be_rescinded() -> None:
    model = centre(Queue(offer=MANUAL))
    model.handle(arrive("c"), 0)
    model.handle(assign(ignoring=[Ignorable.CAPACITY]), 0)
    assert ask(model, SetExternalLoad(agent_id="a0", channel="task", units=100), 1) == ["agent.external_load_set a0"]
    model = centre(Queue(offer=MANUAL))
    model.handle(arrive("c"), 0)
    model.handle(assign(), 0)
    assert ask(model, SetExternalLoad(agent_id="a0", channel="task", units=100), 1)[1:] == [
        "offer.rescinded c a0 no_room"
    ]


# ---- requeue


def test_requeue_sends_a_contact_back_to_its_place_with_a_cooldown() -> None:
    model = centre(Queue(offer=AUTO, wrap_up_us=9, cooldown_us=6))
    model.handle(arrive("c", tier=2, head_start_us=3), 1)
    model.handle(HoldContact(contact_id="c", agent_id="a0"), 2)
    model.handle(away("a0", next_=True), 2)
    events = model.handle(RequeueContact(contact_id="c"), 5)
    assert said(events) == [
        "leg.ended c a0 requeued",
        "contact.requeued c command",
        "agent.presence_changed a0 away",
    ]
    assert told(events[1]) == {
        "contact_id": "c",
        "queue_id": "q",
        "place_at_us": 1,
        "tier": 2,
        "head_start_us": 3,
        "reason": "command",
        "by_contact_id": None,
    }
    assert model.next_at_us() == 11
    assert ask(model, RequeueContact(contact_id="c"), 6) == ["command.refused c contact_queued"]


def test_requeue_waits_on_without_counting_the_work_as_waited() -> None:
    model = centre(Queue(offer=AUTO))
    model.handle(away("a0"), 0)
    model.handle(arrive("c"), 0)
    model.handle(SetExternalLoad(agent_id="a0", channel="task", units=0), 3)
    model.handle(assign(as_=AssignAs.ACTIVE, ignoring=[Ignorable.PRESENCE]), 4)
    model.handle(RequeueContact(contact_id="c"), 10)
    events = model.handle(AbandonContact(contact_id="c"), 13)
    assert told(events[0])["waited_us"] == 4 + 3


def test_requeue_takes_all_working_legs_or_names_the_only_one() -> None:
    model = conference()
    assert ask(model, RequeueContact(contact_id="c", agent_id="a0"), 5) == ["command.refused c a0 conference"]
    assert ask(model, RequeueContact(contact_id="c", cooldown="for_ever"), 5) == [
        "leg.ended c a0 requeued",
        "leg.ended c a1 requeued",
        "contact.requeued c command",
    ]


def test_requeue_is_refused_where_nobody_works() -> None:
    model = centre(Queue(offer=AUTO, wrap_up_us=9))
    model.handle(arrive("c"), 0)
    model.handle(CompleteContact(contact_id="c"), 1)
    assert ask(model, RequeueContact(contact_id="c"), 2) == ["command.refused c leg_wrapping"]
    assert ask(model, RequeueContact(contact_id="c", agent_id="a0"), 2) == ["command.refused c a0 leg_wrapping"]
    model.handle(ParkContact(contact_id="c"), 3)
    assert ask(model, RequeueContact(contact_id="c"), 4) == ["command.refused c contact_parked"]


# ---- connect failed


def conference() -> Model:
    """Return a centre in which a0 and a1 are at work on contact c."""
    model = centre(Queue(offer=AUTO), agents=2)
    model.handle(arrive("c"), 0)
    model.handle(JoinConference(contact_id="c", agent_id="a0", to_agent="a1"), 1)
    assert [leg.agent.id for leg in model.contacts[0].legs] == ["a0", "a1"]
    return model


def test_connect_failed_undoes_an_accept() -> None:
    model = centre(Queue(offer=RING, cooldown_us=6, offers_max_per_contact=1, overdue_after_us=12))
    model.handle(arrive("c"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 5)
    assert model.agents["a0"].handled == 1
    events = model.handle(ConnectFailed(contact_id="c"), 15)
    assert said(events) == [
        "leg.ended c a0 connect_failed",
        "contact.requeued c connect_failed",
        "contact.overdue c",
        "offer.exhausted c",
    ]
    assert model.agents["a0"].handled == 0
    assert isinstance(events[1], ContactRequeued)
    assert events[1].place_at_us == 0
    # All the time since the accept counts as waited.
    model.advance(21)
    events = model.handle(AcceptOffer(offer_id="o2"), 22)
    assert told(events[1])["waited_us"] == 22


def test_connect_failed_of_one_of_several_leaves_the_others_at_work() -> None:
    model = conference()
    assert ask(model, ConnectFailed(contact_id="c"), 2) == ["command.refused c conference"]
    assert ask(model, ConnectFailed(contact_id="c", agent_id="a1"), 2) == ["leg.ended c a1 connect_failed"]
    assert model.contacts[0].state == "active"
    assert ask(model, ConnectFailed(contact_id="c", agent_id="a1"), 2) == ["command.refused c a1 no_leg"]


def test_connect_failed_takes_back_no_accept_of_before_the_sign_in() -> None:
    model = centre(Queue(offer=AUTO))
    model.handle(arrive("c"), 0)
    model.handle(SetPresence(agent_id="a0", presence=Presence.OFFLINE), 1)
    model.handle(available("a0"), 2)
    model.handle(ConnectFailed(contact_id="c"), 3)
    assert model.agents["a0"].handled == 0


def test_connect_failed_of_suspended_work_is_refused() -> None:
    model = centre(Queue(offer=AUTO), engine=EngineSettings())
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(arrive("call"), 1)
    for command in (ConnectFailed(contact_id="chat"), ConnectFailed(contact_id="chat", agent_id="a0")):
        assert ask(model, command, 2)[0].endswith("leg_suspended")
    assert ask(model, RequeueContact(contact_id="chat"), 3) == [
        "leg.ended chat a0 requeued",
        "contact.requeued chat command",
    ]
