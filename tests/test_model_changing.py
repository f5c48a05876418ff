"""The oracle: contacts that are parked, changed, or go on by another channel."""

from __future__ import annotations

from typing import Any

import pytest

from ccroute.commands import (
    AbandonContact,
    AcceptOffer,
    AssignContact,
    CancelContact,
    ChangeContact,
    CompleteContact,
    ContactPatch,
    HoldContact,
    JoinConference,
    ParkContact,
    TransferContact,
)
from ccroute.config.structs import AgentChannel, AgentQueue, Channel, Queue
from ccroute.events import ChannelChanged, CommandRefused, ContactChanged, ContactParked
from ccroute.types import AssignAs, ChangeOffers, ContactState, Ignorable, KeepsPlace, ParkClock, Preempt, TransferMode
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
    change,
    change_channel,
    room_for,
    said,
    told,
    unpark,
    wait,
)
from tests.model import Model

WARM = TransferMode.WARM


def park(contact_id: str = "c", **fields: Any) -> ParkContact:
    return ParkContact(contact_id=contact_id, **fields)


# ---- parking


def test_parked_contact_is_never_offered_and_its_clock_stops() -> None:
    model = centre(present=False)
    model.handle(arrive("c", customer_id="anna"), 2)
    (event,) = model.handle(park(), 5)
    assert isinstance(event, ContactParked)
    assert told(event) == {
        "contact_id": "c",
        "handle": 1,
        "queue_id": "q",
        "channel": "voice",
        "customer_id": "anna",
        "conversation_id": None,
        "parent_id": None,
        "clock": "stops",
        "until_us": None,
    }
    model.handle(available("a0"), 6)
    assert ask(model, park(), 7) == ["command.refused c contact_parked"]
    events = model.handle(unpark(), 9)
    assert said(events) == ["contact.queued c", "offer.made c a0"]
    assert told(events[0])["place_at_us"] == 6
    assert model.contacts[0].queued_since == 6
    events = model.handle(AcceptOffer(offer_id="o1"), 10)
    assert told(events[1])["waited_us"] == 3 + 1


def test_running_clock_counts_parking_as_waited() -> None:
    model = centre(present=False)
    model.handle(arrive("c"), 2)
    model.handle(park(clock=ParkClock.RUNS), 5)
    (event,) = model.handle(unpark(), 9)
    assert told(event)["place_at_us"] == 2
    assert model.contacts[0].queued_since == 2
    (event,) = model.handle(AbandonContact(contact_id="c"), 10)
    assert told(event)["waited_us"] == 8


def test_parking_ends_by_itself_at_its_time() -> None:
    model = centre(present=False)
    model.handle(arrive("c"), 0)
    (event,) = model.handle(park(until_us=9), 3)
    assert told(event)["until_us"] == 9
    assert model.next_at_us() == 9
    (event,) = model.advance(20)
    assert (event.at_us, event.cause) == (9, "timer:park")
    assert told(event)["place_at_us"] == 6


def test_parking_until_a_past_moment_ends_within_the_call() -> None:
    model = centre()
    model.handle(arrive("c"), 0)
    events = model.handle(park(until_us=1, actor="boss"), 3)
    assert [(line, event.cause, event.actor) for line, event in zip(said(events), events, strict=True)] == [
        ("contact.parked c", "command:3", "boss"),
        ("offer.rescinded c a0 parked", "command:3", "boss"),
        ("contact.queued c", "timer:park", None),
        ("offer.made c a0", "timer:park", None),
    ]


def test_parking_of_a_contact_at_work_ends_its_legs_without_wrap_up() -> None:
    model = centre(Queue(offer=AUTO, wrap_up_us=9), agents=2)
    model.handle(arrive("c"), 0)
    model.handle(away("a0", next_=True), 0)
    model.handle(JoinConference(contact_id="c", agent_id="a0", to_agent="a1"), 1)
    assert ask(model, park(), 4) == [
        "contact.parked c",
        "leg.ended c a0 parked",
        "leg.ended c a1 parked",
        "agent.presence_changed a0 away",
    ]
    assert ask(model, unpark(), 6)[:2] == ["contact.queued c", "offer.made c a1"]


def test_parking_withdraws_what_the_contact_sought() -> None:
    model = centre(Queue(offer=RING), agents=2)
    model.handle(arrive("c"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(TransferContact(contact_id="c", agent_id="a0", to_queue="r", mode=WARM), 1)
    assert ask(model, park(), 2) == ["contact.parked c", "leg.ended c a0 parked", "offer.rescinded c a1 withdrawn"]
    assert ask(model, unpark(), 3) == ["contact.queued c", "offer.made c a1"]


def test_a_wrap_up_goes_on_while_the_contact_is_parked() -> None:
    model = centre(Queue(offer=AUTO, wrap_up_us=5))
    model.handle(arrive("c"), 0)
    model.handle(CompleteContact(contact_id="c"), 1)
    assert ask(model, park(), 2) == ["contact.parked c"]
    assert wait(model, 6) == ["leg.wrap_up_ended c a0", "leg.ended c a0 completed"]
    assert model.contacts[0].state == ContactState.PARKED


def test_contact_that_comes_in_parked_counts_from_its_unparking() -> None:
    model = centre(present=False)
    assert ask(model, arrive("c", parked=True), 3) == ["contact.parked c"]
    (event,) = model.handle(unpark(), 8)
    assert told(event)["place_at_us"] == 8
    assert ask(model, unpark(), 9) == ["command.refused c contact_queued"]


def test_parked_contact_may_be_abandoned_or_cancelled_and_its_timer_goes() -> None:
    for command in (AbandonContact(contact_id="c"), CancelContact(contact_id="c")):
        model = centre(present=False)
        model.handle(arrive("c"), 0)
        model.handle(park(until_us=50), 0)
        assert len(ask(model, command, 1)) == 1
        assert model.next_at_us() is None
        assert ask(model, unpark(), 2) == ["command.refused c contact_ended"]


def test_parked_contact_has_nothing_to_complete_and_active_one_nothing_to_unpark() -> None:
    model = centre(Queue(offer=AUTO))
    model.handle(arrive("c"), 0)
    assert ask(model, unpark(), 0) == ["command.refused c contact_active"]
    model.handle(park(), 1)
    assert ask(model, CompleteContact(contact_id="c"), 1) == ["command.refused c contact_parked"]


def test_stages_and_overdue_stand_still_while_the_clock_is_stopped() -> None:
    agents = {"a0": agent(queues={"q": AgentQueue(after_us=5)})}
    model = centre(Queue(offer=MANUAL, overdue_after_us=8), agents=agents)
    model.handle(arrive("c"), 0)
    model.handle(park(), 3)
    assert model.next_at_us() is None
    model.handle(unpark(), 10)
    assert model.next_at_us() == 12
    assert wait(model, 14) == []
    assert wait(model, 15) == ["contact.overdue c"]


def test_stages_and_overdue_are_looked_at_when_a_running_clock_comes_back() -> None:
    agents = {"a0": agent(queues={"q": AgentQueue(after_us=5)})}
    model = centre(Queue(offer=RING, overdue_after_us=8), agents=agents)
    model.handle(arrive("c"), 0)
    model.handle(park(clock=ParkClock.RUNS), 3)
    assert ask(model, unpark(), 10) == ["contact.queued c", "contact.overdue c", "offer.made c a0"]


def test_parked_direct_contact_is_kept_for_nobody() -> None:
    model = centre(Queue(offer=AUTO), Queue(offer=RING), agents=3)
    model.handle(arrive("c", "r"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(TransferContact(contact_id="c", agent_id="a0", to_agent="a2"), 1)
    assert ask(model, park(), 2) == ["contact.parked c", "offer.rescinded c a2 parked"]
    assert ask(model, unpark(), 3) == ["contact.queued c", "offer.made c a1"]


# ---- change


def test_change_tells_what_is_in_force_and_counts_the_version() -> None:
    model = centre(r=Queue(offer=RING, tier=7), present=False)
    model.handle(arrive("c", tier=1), 2)
    patch: dict[str, Any] = {
        "requires": "true",
        "tier": None,
        "head_start_us": 4,
        "queue_id": "r",
        "cost": 9,
        "conversation_id": "talk",
        "excluded": ["a0"],
        "scores": {},
        "attributes": {},
        "keeps_place": KeepsPlace.AGE,
    }
    events = model.handle(change(**patch), 6)
    assert said(events) == ["contact.changed c", "contact.queued c"]
    assert isinstance(events[0], ContactChanged)
    assert told(events[0]) == {
        "contact_id": "c",
        "changed": [
            "queue_id",
            "conversation_id",
            "requires",
            "tier",
            "head_start_us",
            "excluded",
            "scores",
            "attributes",
            "cost",
            "keeps_place",
        ],
        "queue_id": "r",
        "channel": "voice",
        "conversation_id": "talk",
        "requires": "true",
        "tier": 7,
        "head_start_us": 4,
        "cost": 9,
        "place_at_us": 2,
        "version": 2,
    }
    assert model.contacts[0].queued_since == 6


def test_change_is_refused_for_another_version_and_for_what_has_ended() -> None:
    model = centre(present=False)
    model.handle(arrive("c"), 0)
    command = ChangeContact(contact_id="c", patch=ContactPatch(tier=1), if_version=1)
    assert ask(model, command, 1) == ["contact.changed c"]
    assert ask(model, command, 2) == ["command.refused c version"]
    model.handle(AbandonContact(contact_id="c"), 3)
    assert ask(model, command, 4) == ["command.refused c contact_ended"]


def test_empty_patch_changes_the_version_alone() -> None:
    model = centre(present=False)
    model.handle(arrive("c"), 0)
    (event,) = model.handle(change(), 1)
    assert (told(event)["changed"], told(event)["version"]) == ([], 2)


@pytest.mark.parametrize(
    ("patch", "stays"),
    [
        ({"tier": 3}, True),
        ({"requires": "agent.skills.s > 0"}, False),
        ({"excluded": ["a0"]}, False),
        ({"queue_id": "r"}, False),
        ({"channel": "chat"}, False),
        ({"channel": "email"}, True),
        ({"cost": 1_000}, True),
    ],
)
def test_recheck_rescinds_offers_that_could_not_be_made_any_more(patch: dict[str, Any], stays: bool) -> None:
    agents = {"a0": agent(queues={"q": 1}, channels={"chat": AgentChannel(blocked=True)})}
    model = centre(agents=agents)
    model.handle(arrive("c"), 0)
    events = ask(model, change(**patch), 1)
    assert ("offer.rescinded c a0 changed" in events) is not stays


def test_keep_and_rescind_do_so_with_all_offers() -> None:
    model = centre()
    model.handle(arrive("c"), 0)
    assert ask(model, change(offers=ChangeOffers.KEEP, excluded=["a0"]), 1) == ["contact.changed c"]
    assert ask(model, AcceptOffer(offer_id="o1"), 2) == ["offer.accepted c a0", "contact.active c a0"]
    model = centre()
    model.handle(arrive("c"), 0)
    assert ask(model, change(offers=ChangeOffers.RESCIND), 1) == [
        "contact.changed c",
        "offer.rescinded c a0 changed",
        "offer.made c a0",
    ]


def test_waiting_contact_enters_its_new_queue_after_its_offers_were_looked_at() -> None:
    agents = {"a0": agent(queues={"q": 1}), "a1": agent(queues={"r": 1})}
    model = centre(Queue(offer=RING, offers_max_per_contact=1), agents=agents)
    model.handle(arrive("c"), 0)
    assert ask(model, change(queue_id="r"), 3) == [
        "contact.changed c",
        "offer.rescinded c a0 changed",
        "contact.queued c",
        "offer.made c a1",
    ]
    assert model.contacts[0].offers_made == 1
    assert ask(model, change(queue_id="r"), 4) == ["contact.changed c"]


@pytest.mark.parametrize(("keeps_place", "place"), [("waited", 4), ("age", 1), ("none", 9)])
def test_change_may_set_the_place_alone(keeps_place: str, place: int) -> None:
    model = centre(Queue(offer=RING), present=False)
    model.handle(arrive("c"), 1)
    assign = AssignContact(contact_id="c", agent_id="a0", as_=AssignAs.ACTIVE, ignoring=list(Ignorable))
    model.handle(assign, 6)
    (event,) = model.handle(change(keeps_place=KeepsPlace(keeps_place)), 9)
    assert told(event)["place_at_us"] == place
    assert model.contacts[0].queued_since == 1


def test_change_of_tier_takes_effect_in_the_same_decision() -> None:
    model = centre(Queue(offer=RING), Queue(offer=RING, preempt=Preempt.OFFERS))
    model.handle(arrive("low"), 0)
    model.handle(arrive("c", "r"), 0)
    assert ask(model, change(tier=1), 1) == [
        "contact.changed c",
        "offer.rescinded low a0 preempted by c",
        "offer.made c a0 over low",
    ]


def test_change_at_work_moves_the_contact_to_another_queue_without_an_end() -> None:
    model = centre(Queue(offer=AUTO, wrap_up_us=3), Queue(offer=AUTO, keeps_place=KeepsPlace.NONE))
    model.handle(arrive("c"), 0)
    assert ask(model, change(queue_id="r"), 4) == ["contact.changed c"]
    assert (model.contacts[0].queue, model.contacts[0].place) == ("r", 4)
    # The wrap-up is that of the queue of the leg.
    assert ask(model, CompleteContact(contact_id="c"), 5) == ["leg.wrap_up_started c a0"]


def test_patch_may_park_and_unpark() -> None:
    model = centre()
    model.handle(arrive("c"), 0)
    assert ask(model, change(parked=False), 1) == ["contact.changed c"]
    assert ask(model, change(parked=True, offers=ChangeOffers.KEEP), 2) == [
        "contact.changed c",
        "contact.parked c",
        "offer.rescinded c a0 parked",
    ]
    assert ask(model, change(parked=True), 3) == ["contact.changed c"]
    assert ask(model, change(parked=False), 4) == ["contact.changed c", "contact.queued c", "offer.made c a0"]


def test_queue_changed_while_parked_is_counted_from_then_on() -> None:
    model = centre(present=False)
    model.handle(arrive("c"), 0)
    model.handle(park(), 10)
    (event,) = model.handle(change(queue_id="r", keeps_place=KeepsPlace.NONE), 25)
    assert told(event)["place_at_us"] == 25
    (event,) = model.handle(unpark(), 40)
    assert told(event)["place_at_us"] == 40
    assert model.contacts[0].queued_since == 40


def test_direct_contact_stays_so_unless_its_queue_changes() -> None:
    model = centre(Queue(offer=RING), Queue(offer=RING), agents={"a0": agent(), "a1": agent(queues={}), "a2": agent()})
    model.handle(arrive("c"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(TransferContact(contact_id="c", agent_id="a0", to_agent="a1"), 1)
    # Membership and requirement are not asked of an offer to one agent.
    assert ask(model, change(requires="agent.skills.s > 0"), 2) == ["contact.changed c"]
    assert ask(model, change(queue_id="r", requires=None), 3) == [
        "contact.changed c",
        "offer.rescinded c a1 changed",
        "contact.queued c",
        "offer.made c a2",
    ]


# ---- channel


def test_waiting_contact_changes_channel_where_it_stands() -> None:
    model = centre(agents={"a0": agent(channels={"fax": AgentChannel(blocked=True)})})
    model.handle(arrive("c"), 0)
    (event,) = model.handle(change_channel("chat"), 1)
    assert isinstance(event, ChannelChanged)
    assert told(event) == {"contact_id": "c", "from_channel": "voice", "to_channel": "chat", "version": 2}
    assert (model.contacts[0].offers[0].channel, model.contacts[0].offers[0].cost) == ("voice", 100)
    assert ask(model, change_channel("fax"), 2) == ["contact.channel_changed c to fax", "offer.rescinded c a0 changed"]


def test_offer_that_was_kept_is_accepted_on_its_own_channel_and_at_its_own_cost() -> None:
    model = centre()
    model.handle(arrive("c"), 0)
    model.handle(change_channel("email"), 1)
    events = model.handle(AcceptOffer(offer_id="o1"), 2)
    assert (told(events[1])["channel"], told(events[1])["cost"]) == ("voice", 100)


def test_channel_of_a_contact_at_work_changes_with_the_cost_of_its_leg() -> None:
    model = centre(Queue(offer=AUTO), agents={"a0": agent(capacity=130)})
    model.handle(arrive("c", channel="chat"), 0)
    model.handle(arrive("mail", channel="email"), 0)
    assert ask(model, change_channel("fax"), 1) == ["contact.channel_changed c to fax"]
    assert model.agents["a0"].taken() == 20 + 20
    assert ask(model, change_channel("voice"), 2) == ["contact.channel_changed c to voice"]
    assert model.agents["a0"].taken() == 100 + 20


def test_change_of_channel_sets_aside_what_the_new_channel_interrupts() -> None:
    model = centre(Queue(offer=RING), agents={"a0": agent(offers_max=2)})
    model.handle(arrive("c", channel="chat"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(arrive("mail0", channel="email"), 0)
    model.handle(AcceptOffer(offer_id="o2"), 0)
    model.handle(arrive("mail1", channel="email"), 0)
    events = model.handle(change_channel("voice"), 1)
    assert said(events) == [
        "contact.channel_changed c to voice",
        "offer.rescinded mail1 a0 interrupted by c",
        "contact.suspended mail0 a0 interrupted by c",
    ]


def test_change_of_channel_without_room_is_refused_or_requeues() -> None:
    model = centre(Queue(offer=AUTO, overdue_after_us=1), agents={"a0": room_for(1)}, channels={})
    model.handle(arrive("c", channel="chat"), 0)
    model.handle(arrive("mail", channel="email"), 0)
    (refused,) = model.handle(change_channel("voice"), 1)
    assert isinstance(refused, CommandRefused)
    assert (refused.reason, refused.rule) == ("not_eligible", "capacity")
    assert (model.contacts[0].channel, model.contacts[0].version) == ("chat", 1)
    assert ask(model, change_channel("voice", or_requeue=True), 2) == [
        "contact.channel_changed c to voice",
        "leg.ended c a0 channel_changed",
        "contact.requeued c channel",
        "contact.overdue c",
    ]
    # No cool-down: only the units keep it from its agent.
    assert ask(model, CompleteContact(contact_id="mail"), 3)[-1] == "contact.active c a0"


def test_every_leg_of_a_conference_must_have_room() -> None:
    agents = {"a0": agent(), "a1": agent(channels={"video": AgentChannel(max=0)})}
    model = centre(Queue(offer=AUTO), agents=agents)
    model.handle(arrive("c"), 0)
    model.handle(JoinConference(contact_id="c", agent_id="a0", to_agent="a1"), 0)
    assert ask(model, change_channel("video"), 1) == ["command.refused c not_eligible channel_max"]
    assert ask(model, change_channel("video", or_requeue=True), 2)[1:4] == [
        "leg.ended c a0 channel_changed",
        "leg.ended c a1 channel_changed",
        "contact.requeued c channel",
    ]


def test_the_same_channel_is_told_and_nothing_else() -> None:
    model = centre()
    model.handle(arrive("c"), 0)
    assert ask(model, change_channel("voice"), 1) == ["contact.channel_changed c to voice"]
    assert model.contacts[0].version == 2


def test_change_of_channel_of_suspended_work_is_refused() -> None:
    model = centre(Queue(offer=AUTO))
    model.handle(arrive("c", channel="chat"), 0)
    model.handle(arrive("call"), 1)
    assert ask(model, change_channel("fax"), 2) == ["command.refused c leg_suspended"]
    assert ask(model, change(channel="fax"), 2) == ["command.refused c leg_suspended"]
    assert ask(model, change_channel("fax", or_requeue=True), 2) == ["command.refused c leg_suspended"]


def test_patch_with_a_channel_at_work_is_a_change_of_channel_under_the_whole_patch() -> None:
    model = centre(Queue(offer=AUTO), agents={"a0": agent(offers_max=2)})
    model.handle(arrive("c", channel="email"), 0)
    model.handle(HoldContact(contact_id="c", agent_id="a0"), 0)
    model.handle(arrive("chat", channel="chat"), 0)
    # A call of 71 units does not fit beside the chat of 30, which a contact of tier 0 may interrupt.
    assert ask(model, change(channel="voice", cost=71, tier=-1), 1) == ["command.refused c not_eligible capacity"]
    assert model.contacts[0].given.cost is None
    assert ask(model, change(channel="voice", cost=71), 1) == [
        "contact.changed c",
        "contact.suspended chat a0 interrupted by c",
    ]


def test_change_of_channel_leaves_wrap_ups_alone_and_rechecks_what_the_contact_seeks() -> None:
    agents = {"a0": agent(), "a1": agent(channels={"fax": AgentChannel(blocked=True)})}
    model = centre(Queue(offer=RING, wrap_up_us=9), agents=agents)
    model.handle(arrive("c"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(TransferContact(contact_id="c", agent_id="a0", to_queue="r", mode=WARM), 1)
    assert ask(model, change_channel("fax"), 2) == ["contact.channel_changed c to fax", "offer.rescinded c a1 changed"]
    model.handle(CompleteContact(contact_id="c"), 3)
    model.handle(change_channel("email"), 4)
    assert [leg.channel for leg in model.contacts[0].legs] == ["fax"]


def test_channels_may_be_made_suspendable_or_not() -> None:
    model = Model(centre(channels={"voice": Channel(suspendable=True), "chat": Channel(live=True)}).config)
    assert [model.choice.is_suspendable(channel) for channel in ("voice", "chat", "email", "video")] == [
        True,
        False,
        True,
        False,
    ]
