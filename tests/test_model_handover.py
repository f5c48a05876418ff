"""The oracle: transfers to agents, warm transfers, consults and conferences."""

from __future__ import annotations

from typing import Any

import pytest

from ccroute.commands import (
    AbandonContact,
    AcceptOffer,
    AssignContact,
    CancelContact,
    CompleteContact,
    ConsultAgent,
    DeclineOffer,
    HoldContact,
    JoinConference,
    LeaveConference,
    PickContact,
    RequeueContact,
    TransferContact,
)
from ccroute.config.structs import AgentQueue, EngineSettings, Offer, Queue
from ccroute.events import CommandRefused, ContactChanged, ContactQueued, ContactTransferred, OfferMade
from ccroute.types import Ignorable, KeepsPlace, OfferMode, OnUnanswered, TransferMode
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
    said,
    told,
    wait,
)
from tests.model import Model


def working(q: Queue | None = None, r: Queue | None = None, **fields: Any) -> Model:
    """Return a centre in which a0 took contact c at 0; other agents are there, too."""
    fields = {"agents": 3} | fields
    model = centre(q or Queue(offer=RING), r, **fields)
    model.handle(arrive("c"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    return model


def transfer(to: str, mode: TransferMode = TransferMode.BLIND, **fields: Any) -> TransferContact:
    """Return the command by which a0 gives contact c to an agent or a queue."""
    target: dict[str, Any] = {"to_agent": to} if to.startswith("a") else {"to_queue": to}
    return TransferContact(contact_id="c", agent_id="a0", mode=mode, **target, **fields)


def consult(to: str, contact_id: str = "c", agent_id: str = "a0") -> ConsultAgent:
    target: dict[str, Any] = {"to_agent": to} if to.startswith("a") else {"to_queue": to}
    return ConsultAgent(contact_id=contact_id, agent_id=agent_id, **target)


def join(to: str, contact_id: str = "c", agent_id: str = "a0") -> JoinConference:
    target: dict[str, Any] = {"to_agent": to} if to.startswith("a") else {"to_queue": to}
    return JoinConference(contact_id=contact_id, agent_id=agent_id, **target)


WARM = TransferMode.WARM


# ---- blind, to an agent


def test_blind_transfer_to_an_agent_is_an_offer_to_it_alone() -> None:
    model = working(Queue(offer=RING, wrap_up_us=5, cooldown_us=7, keeps_place=KeepsPlace.NONE))
    events = model.handle(transfer("a2"), 3)
    assert said(events) == [
        "contact.transferred c a0 to a2",
        "leg.wrap_up_started c a0",
        "contact.queued c",
        "offer.made c a2 manual",
    ]
    assert isinstance(events[0], ContactTransferred)
    assert told(events[0]) == {
        "contact_id": "c",
        "agent_id": "a0",
        "from_queue_id": "q",
        "to_queue_id": None,
        "to_agent_id": "a2",
        "mode": "blind",
        "cooldown_us": 7,
    }
    assert isinstance(events[2], ContactQueued)
    assert (events[2].queue_id, events[2].place_at_us) == ("q", 3)
    assert isinstance(events[3], OfferMade)
    assert events[3].expires_at_us == 13
    # a1 is free all the time.
    assert ask(model, AcceptOffer(offer_id="o2"), 4) == ["offer.accepted c a2", "contact.active c a2"]


def test_unanswered_contact_returns_to_its_giver_once_and_then_goes_into_line() -> None:
    model = working(Queue(offer=RING, cooldown_us=100, away_after=0, offers_max_per_contact=1))
    model.handle(transfer("a2"), 1)
    # The cool-down of the giver is not asked.
    assert ask(model, DeclineOffer(offer_id="o2"), 2) == [
        "offer.declined c a2",
        "offer.exhausted c",
        "offer.made c a0 manual",
    ]
    assert wait(model, 12) == ["offer.expired c a0", "contact.requeued c unanswered", "offer.made c a1"]


@pytest.mark.parametrize("hindrance", ["policy", "wrap-up", "away", "busy"])
def test_unanswered_contact_that_cannot_return_goes_into_line_at_once(hindrance: str) -> None:
    model = working(Queue(offer=RING, wrap_up_us=50 if hindrance == "wrap-up" else 0))
    policy = OnUnanswered.QUEUE if hindrance == "policy" else OnUnanswered.RETURN
    model.handle(transfer("a2", on_unanswered=policy), 1)
    if hindrance == "away":
        model.handle(away("a0"), 1)
    if hindrance == "busy":
        model.handle(arrive("other", "r", excluded=["a1"]), 1)
    assert ask(model, DeclineOffer(offer_id="o2"), 2) == [
        "offer.declined c a2",
        "contact.requeued c unanswered",
        "offer.made c a1",
    ]


def test_direct_contact_of_an_auto_queue_is_accepted_at_once() -> None:
    model = centre(Queue(offer=AUTO), agents=2)
    model.handle(arrive("c"), 0)
    assert ask(model, transfer("a1"), 1)[-3:] == ["offer.made c a1", "offer.accepted c a1", "contact.active c a1"]


@pytest.mark.parametrize(
    ("to", "rule"),
    [("a0", "leg"), ("a1", "excluded"), ("a2", "presence"), ("a3", "offers_max"), ("a4", "capacity")],
)
def test_transfer_to_an_agent_that_cannot_have_the_contact_is_refused(to: str, rule: str) -> None:
    agents = {f"a{number}": agent() for number in range(5)} | {"a3": agent(capacity=200)}
    model = centre(Queue(offer=RING), Queue(offer=RING), agents=agents)
    model.handle(arrive("c", excluded=["a1"]), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(away("a2"), 0)
    model.handle(arrive("ringing", excluded=["a0", "a1", "a4"]), 0)
    model.handle(arrive("work", excluded=["a0", "a1"]), 0)
    model.handle(AcceptOffer(offer_id="o3"), 0)
    (refused,) = model.handle(transfer(to), 1)
    assert isinstance(refused, CommandRefused)
    assert (refused.reason, refused.rule) == ("not_eligible", rule)


def test_transfer_to_an_agent_asks_neither_membership_nor_requirement() -> None:
    model = working(
        Queue(offer=RING, requires="agent.skills.s > 0"), agents={"a0": agent(skills={"s": 1}), "a1": agent(queues={})}
    )
    assert ask(model, transfer("a1"), 1)[-1] == "offer.made c a1 manual"


def test_direct_offer_sets_aside_what_it_interrupts() -> None:
    model = working()
    model.handle(arrive("mail", channel="email"), 0)
    assert ask(model, transfer("a1"), 1)[-3:] == [
        "offer.rescinded mail a1 interrupted by c",
        "offer.made c a1 manual over mail",
        "offer.made mail a2",
    ]


def test_abandoned_direct_contact_is_over() -> None:
    model = working()
    model.handle(transfer("a2"), 1)
    assert ask(model, AbandonContact(contact_id="c"), 2) == ["contact.abandoned c", "offer.rescinded c a2 abandoned"]


# ---- warm


def test_warm_transfer_to_a_queue_ends_the_givers_leg_when_the_taker_accepts() -> None:
    model = working(Queue(offer=RING, wrap_up_us=5), Queue(offer=RING, cooldown_us=7, keeps_place=KeepsPlace.NONE))
    model.handle(HoldContact(contact_id="c", agent_id="a0"), 1)
    model.handle(away("a0", next_=True), 1)
    events = model.handle(transfer("r", WARM), 3)
    assert said(events) == ["contact.transferred c a0 warm to r", "offer.made c a1"]
    assert told(events[0])["cooldown_us"] == 7
    assert (model.contacts[0].queue, model.contacts[0].place) == ("r", 3)
    assert ask(model, AbandonContact(contact_id="c"), 4) == ["command.refused c contact_active"]
    events = model.handle(AcceptOffer(offer_id="o2"), 6)
    assert said(events) == ["offer.accepted c a1", "contact.active c a1", "leg.wrap_up_started c a0"]
    assert told(events[1])["waited_us"] == 0
    assert wait(model, 11) == [
        "leg.wrap_up_ended c a0",
        "leg.ended c a0 transferred",
        "agent.presence_changed a0 away",
    ]


def test_warm_transfer_ends_without_wrap_up_with_the_next_presence() -> None:
    model = working()
    model.handle(away("a0", next_=True), 1)
    model.handle(transfer("r", WARM), 3)
    assert ask(model, AcceptOffer(offer_id="o2"), 6) == [
        "offer.accepted c a1",
        "contact.active c a1",
        "leg.ended c a0 transferred",
        "agent.presence_changed a0 away",
    ]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            CompleteContact(contact_id="c"),
            ["leg.ended c a0 completed", "offer.rescinded c a1 withdrawn", "contact.closed c"],
        ),
        (
            RequeueContact(contact_id="c", cooldown="for_ever"),
            [
                "leg.ended c a0 requeued",
                "offer.rescinded c a1 withdrawn",
                "contact.requeued c command",
                "offer.made c a1",
            ],
        ),
        (
            CancelContact(contact_id="c"),
            ["contact.cancelled c", "offer.rescinded c a1 cancelled", "leg.ended c a0 cancelled"],
        ),
        (
            transfer("r"),
            [
                "contact.transferred c a0 to r",
                "offer.rescinded c a1 withdrawn",
                "leg.ended c a0 transferred",
                "contact.queued c",
                "offer.made c a1",
            ],
        ),
        (
            transfer("a2", WARM),
            ["contact.transferred c a0 warm to a2", "offer.rescinded c a1 withdrawn", "offer.made c a2 manual"],
        ),
        (join("a2"), ["offer.rescinded c a1 withdrawn", "offer.made c a2 manual"]),
    ],
)
def test_a_seek_goes_with_the_leg_it_belongs_to_or_gives_way_to_a_new_one(command: Any, expected: list[str]) -> None:
    model = working()
    model.handle(transfer("r", WARM), 1)
    assert ask(model, command, 2) == expected


def test_giver_may_hold_and_resume_while_it_seeks() -> None:
    model = working()
    model.handle(transfer("r", WARM), 1)
    assert ask(model, HoldContact(contact_id="c", agent_id="a0"), 2) == ["contact.held c a0"]
    assert ask(model, AcceptOffer(offer_id="o2"), 3)[-1] == "leg.ended c a0 transferred"


def test_warm_transfer_to_an_agent_who_does_not_answer_stays_with_the_giver_or_goes_into_line() -> None:
    model = working()
    assert ask(model, transfer("a2", WARM), 4) == ["contact.transferred c a0 warm to a2", "offer.made c a2 manual"]
    assert ask(model, DeclineOffer(offer_id="o2"), 5) == ["offer.declined c a2"]
    assert (model.contacts[0].state, model.contacts[0].seek) == ("active", None)
    model = working(Queue(offer=RING, cooldown_us=50))
    model.handle(transfer("a2", WARM, on_unanswered=OnUnanswered.QUEUE), 4)
    model.handle(away("a0", next_=True), 4)
    events = model.handle(DeclineOffer(offer_id="o2"), 5)
    assert said(events) == [
        "offer.declined c a2",
        "leg.ended c a0 transferred",
        "contact.queued c",
        "agent.presence_changed a0 away",
        "offer.made c a1",
    ]
    assert told(events[2])["place_at_us"] == 0
    assert model.contacts[0].queued_since == 5


def test_seeking_contact_stands_in_line_by_its_place() -> None:
    model = working(r=Queue(offer=RING, keeps_place=KeepsPlace.AGE), agents=2)
    model.handle(away("a1"), 0)
    model.handle(arrive("other", "r"), 1)
    model.handle(transfer("r", WARM), 2)
    assert pairs_made(model.handle(available("a1"), 3)) == [("c", "a1")]


def test_transfer_out_of_a_conference_is_refused() -> None:
    model = working()
    model.handle(join("a1"), 1)
    model.handle(AcceptOffer(offer_id="o2"), 1)
    for mode in TransferMode:
        assert ask(model, transfer("r", mode), 2) == ["command.refused c a0 conference"]
    model.handle(LeaveConference(contact_id="c", agent_id="a1"), 3)
    assert ask(model, transfer("r", WARM), 4)[0] == "contact.transferred c a0 warm to r"


# ---- consult


def test_consult_is_a_child_with_a_name_and_what_its_parent_has() -> None:
    model = centre(Queue(offer=RING, tier=3, head_start_us=9), Queue(offer=MANUAL), agents=1)
    parent = arrive("c", customer_id="anna", conversation_id="talk", cost=50, requires="true", attributes={"x": 1})
    model.handle(parent, 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    (event,) = model.handle(consult("r"), 5)
    assert told(event) == {
        "contact_id": "c#1",
        "handle": 2,
        "queue_id": "r",
        "channel": "voice",
        "customer_id": "anna",
        "conversation_id": "talk",
        "parent_id": "c",
        "tier": 3,
        "head_start_us": 9,
        "place_at_us": 5,
    }
    child = model.contacts[1].given
    assert (child.excluded, child.requires, child.cost, child.attributes) == (["a0"], None, None, {"x": 1})
    assert model.counters()["created"] == 2


def test_consults_take_the_first_free_number_and_may_be_consulted_about() -> None:
    model = working(Queue(offer=RING), Queue(offer=MANUAL))
    for name in ("c#1", "c#2"):
        assert ask(model, consult("r"), 1) == [f"contact.queued {name}"]
    model.handle(CancelContact(contact_id="c#1"), 2)
    assert ask(model, consult("r"), 3) == ["contact.queued c#1"]
    model.handle(arrive("c#3", "r"), 3)
    assert ask(model, consult("r"), 4) == ["contact.queued c#4"]
    model.handle(AssignContact(contact_id="c#4", agent_id="a1"), 5)
    model.handle(AcceptOffer(offer_id="o2"), 5)
    assert ask(model, consult("r", "c#4", "a1"), 6) == ["contact.queued c#4#1"]


def test_consult_of_an_agent_who_does_not_answer_is_cancelled() -> None:
    model = working()
    assert ask(model, consult("a2"), 1) == ["contact.queued c#1", "offer.made c#1 a2 manual"]
    events = model.handle(DeclineOffer(offer_id="o2"), 2)
    assert said(events) == ["offer.declined c#1 a2", "contact.cancelled c#1 unanswered"]
    assert model.counters()["cancelled"] == 1


def test_consult_of_the_asker_or_of_one_who_is_busy_is_refused() -> None:
    model = working(agents=2)
    assert ask(model, consult("a0"), 1) == ["command.refused c a0 not_eligible excluded"]
    model.handle(arrive("other"), 1)
    assert ask(model, consult("a1"), 1) == ["command.refused c a0 not_eligible offers_max"]


def test_consult_counts_against_the_limit_of_contacts() -> None:
    model = working(engine=EngineSettings(contacts_max=1))
    assert ask(model, consult("r"), 1) == ["command.refused c a0 contacts_max"]


def test_waiting_consults_are_cancelled_when_their_parent_ends_and_those_at_work_go_on() -> None:
    for command, ending in (
        (CompleteContact(contact_id="c"), ["leg.ended c a0 completed", "contact.closed c"]),
        (CancelContact(contact_id="c"), ["contact.cancelled c", "leg.ended c a0 cancelled"]),
    ):
        model = working(Queue(offer=RING), Queue(offer=MANUAL))
        for _ in range(3):
            model.handle(consult("r"), 1)
        model.handle(AssignContact(contact_id="c#1", agent_id="a1"), 1)
        model.handle(AcceptOffer(offer_id="o2"), 1)
        model.handle(AssignContact(contact_id="c#2", agent_id="a2"), 1)
        model.handle(away("a0", next_=True), 1)
        assert ask(model, command, 2) == [
            *ending,
            "agent.presence_changed a0 away",
            "contact.cancelled c#2 parent ended",
            "offer.rescinded c#2 a2 cancelled",
            "contact.cancelled c#3 parent ended",
        ]
        assert ask(model, CompleteContact(contact_id="c#1"), 3)[-1] == "contact.closed c#1"


# ---- conference


def test_consulted_agent_joins_at_once() -> None:
    model = working(Queue(offer=RING, wrap_up_us=50))
    model.handle(consult("a2"), 1)
    model.handle(AcceptOffer(offer_id="o2"), 2)
    events = model.handle(join("a2"), 5)
    assert said(events) == [
        "leg.ended c#1 a2 joined",
        "contact.closed c#1",
        "offer.made c a2 manual",
        "offer.accepted c a2",
        "contact.active c a2",
    ]
    assert told(events[0])["handled_us"] == 3
    assert told(events[2])["expires_at_us"] is None
    assert [leg.agent.id for leg in model.contacts[0].working_legs()] == ["a0", "a2"]


def test_consulted_agent_without_room_for_the_contact_cannot_join() -> None:
    agents = {"a0": agent(capacity=200), "a1": agent()}
    model = centre(Queue(offer=RING), Queue(offer=RING, cost=30), agents=agents, channels={})
    model.handle(arrive("c", cost=101), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(consult("r"), 1)
    model.handle(AcceptOffer(offer_id="o2"), 1)
    assert ask(model, join("a1"), 2) == ["command.refused c a0 not_eligible capacity"]


def test_other_agents_join_by_an_offer_and_nothing_follows_if_they_do_not() -> None:
    model = working()
    assert ask(model, join("a1"), 1) == ["offer.made c a1 manual"]
    assert ask(model, DeclineOffer(offer_id="o2"), 2) == ["offer.declined c a1"]
    assert model.contacts[0].seek is None
    assert ask(model, join("a2"), 3) == ["offer.made c a2 manual"]
    assert ask(model, AcceptOffer(offer_id="o3"), 4) == ["offer.accepted c a2", "contact.active c a2"]
    assert ask(model, join("a2"), 5) == ["command.refused c a0 not_eligible leg"]


def test_a_further_agent_may_come_from_a_queue() -> None:
    model = working(r=Queue(offer=RING, keeps_place=KeepsPlace.NONE, tier=4))
    events = model.handle(join("r"), 3)
    assert said(events) == ["contact.changed c", "offer.made c a1"]
    assert isinstance(events[0], ContactChanged)
    assert told(events[0]) == {
        "contact_id": "c",
        "changed": ["queue_id"],
        "queue_id": "r",
        "channel": "voice",
        "conversation_id": None,
        "requires": None,
        "tier": 4,
        "head_start_us": 0,
        "cost": None,
        "place_at_us": 3,
        "version": 2,
    }
    assert ask(model, AcceptOffer(offer_id="o2"), 4) == ["offer.accepted c a1", "contact.active c a1"]


def test_leaving_ends_one_leg_with_its_own_wrap_up_and_the_last_cannot_leave() -> None:
    model = working(Queue(offer=RING, wrap_up_us=5))
    model.handle(join("a1"), 1)
    model.handle(AcceptOffer(offer_id="o2"), 1)
    assert ask(model, LeaveConference(contact_id="c", agent_id="a0"), 2) == ["leg.wrap_up_started c a0"]
    assert wait(model, 7) == ["leg.wrap_up_ended c a0", "leg.ended c a0 left"]
    assert ask(model, LeaveConference(contact_id="c", agent_id="a1"), 8) == ["command.refused c a1 last_leg"]


def test_the_seek_of_another_stays_when_somebody_leaves() -> None:
    model = working(agents=4)
    model.handle(join("a1"), 1)
    model.handle(AcceptOffer(offer_id="o2"), 1)
    model.handle(join("a2", agent_id="a1"), 2)
    assert ask(model, LeaveConference(contact_id="c", agent_id="a0"), 3) == ["leg.ended c a0 left"]
    assert ask(model, AcceptOffer(offer_id="o3"), 4)[-1] == "contact.active c a2"
    model.handle(join("a3", agent_id="a1"), 5)
    assert ask(model, LeaveConference(contact_id="c", agent_id="a1"), 6) == [
        "leg.ended c a1 left",
        "offer.rescinded c a3 withdrawn",
    ]


def test_a_contact_has_at_most_16_legs() -> None:
    model = centre(Queue(offer=AUTO), agents=17)
    model.handle(arrive("c"), 0)
    for number in range(1, 16):
        assert ask(model, join(f"a{number}"), 1)[-1] == f"contact.active c a{number}"
    assert ask(model, join("a16"), 2) == ["command.refused c a0 legs_max"]
    assert ask(model, join("r"), 2) == ["command.refused c a0 legs_max"]


def test_complete_ends_every_leg_of_a_conference_and_requires_no_order_of_joining() -> None:
    model = working(agents=3)
    model.handle(join("a2"), 1)
    model.handle(AcceptOffer(offer_id="o2"), 1)
    model.handle(join("a1"), 1)
    model.handle(AcceptOffer(offer_id="o3"), 1)
    assert ask(model, CompleteContact(contact_id="c"), 2) == [
        "leg.ended c a0 completed",
        "leg.ended c a1 completed",
        "leg.ended c a2 completed",
        "contact.closed c",
    ]


def test_suspended_work_can_be_given_to_nobody() -> None:
    model = centre(Queue(offer=AUTO), agents=2)
    model.handle(arrive("c", channel="chat", excluded=["a1"]), 0)
    model.handle(arrive("call", excluded=["a1"]), 1)
    for command in (
        transfer("r"),
        transfer("a1", WARM),
        consult("r"),
        join("r"),
        HoldContact(contact_id="c", agent_id="a0"),
    ):
        assert ask(model, command, 2)[0] == "command.refused c a0 leg_suspended"


def test_suspended_giver_of_a_warm_transfer_goes_without_wrap_up() -> None:
    model = centre(Queue(offer=AUTO, wrap_up_us=50), Queue(offer=RING, keeps_place=KeepsPlace.NONE), agents=2)
    model.handle(away("a1"), 0)
    model.handle(arrive("c", channel="chat"), 0)
    model.handle(transfer("r", WARM), 1)
    model.handle(arrive("call", excluded=["a1"]), 2)
    model.handle(available("a1"), 3)
    assert ask(model, AcceptOffer(offer_id="o3"), 4) == [
        "offer.accepted c a1",
        "contact.active c a1",
        "leg.ended c a0 transferred",
    ]


def test_direct_contact_is_unanswered_when_none_of_its_offers_is_out() -> None:
    queue = Queue(offer=Offer(mode=OfferMode.BROADCAST, k=2, offer_timeout_us=10))
    model = centre(queue, agents=3)
    model.handle(arrive("c"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(join("a1"), 1)
    assign = AssignContact(contact_id="c", agent_id="a2", ignoring=[Ignorable.MEMBERSHIP])
    assert ask(model, assign, 2) == ["offer.made c a2 manual"]
    assert ask(model, away("a1"), 3) == ["agent.presence_changed a1 away", "offer.declined c a1"]
    assert model.contacts[0].seek is not None
    assert ask(model, DeclineOffer(offer_id="o4"), 4) == ["offer.declined c a2"]
    assert model.contacts[0].seek is None


def test_consult_goes_with_an_abandoned_parent_too() -> None:
    model = working(Queue(offer=MANUAL), Queue(offer=MANUAL), agents=1)
    model.handle(PickContact(contact_id="c", agent_id="a0"), 0)
    model.handle(consult("r"), 1)
    model.handle(RequeueContact(contact_id="c"), 2)
    assert ask(model, AbandonContact(contact_id="c"), 3) == [
        "contact.abandoned c",
        "contact.cancelled c#1 parent ended",
    ]


def test_unanswered_contacts_are_seen_to_after_the_command_the_earliest_first() -> None:
    model = centre(Queue(offer=RING, cooldown_us=50), agents={"a0": room_for(2), "a1": room_for(2)})
    for number in (1, 2):
        model.handle(arrive(f"c{number}"), 0)
        model.handle(PickContact(contact_id=f"c{number}", agent_id="a0"), 0)
    for number in (2, 1):
        model.handle(TransferContact(contact_id=f"c{number}", agent_id="a0", to_agent="a1"), 1)
    assert ask(model, away("a1"), 2) == [
        "agent.presence_changed a1 away",
        "offer.declined c2 a1",
        "offer.declined c1 a1",
        "offer.made c1 a0 manual",
        "offer.made c2 a0 manual",
    ]


def test_rank_told_of_an_offer_by_name_is_that_of_an_agent_who_serves_the_contact() -> None:
    for fields, rank in (
        ({"queues": {"q": 4}}, 4),
        ({"queues": {"r": 4}}, 1),
        ({"queues": {"q": AgentQueue(rank=4, after_us=9)}}, 1),
        ({"queues": {"q": 4}, "skills": {}}, 1),
    ):
        taker = agent(**({"skills": {"s": 1}} | fields))
        model = working(
            Queue(offer=RING, requires="agent.skills.s > 0"), agents={"a0": agent(skills={"s": 1}), "a1": taker}
        )
        (*_, made) = model.handle(transfer("a1"), 2)
        assert told(made)["rank"] == rank


def test_transfer_of_a_contact_with_16_legs_is_refused() -> None:
    model = centre(Queue(offer=AUTO, wrap_up_us="unlimited"), agents=17)
    model.handle(arrive("c"), 0)
    for number in range(15):
        model.handle(TransferContact(contact_id="c", agent_id=f"a{number}", to_agent=f"a{number + 1}"), number)
    give = TransferContact(contact_id="c", agent_id="a15", to_agent="a16")
    assert ask(model, give, 20) == ["command.refused c a15 legs_max"]
