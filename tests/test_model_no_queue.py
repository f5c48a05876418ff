"""The oracle: contacts that are put aside without a queue, and those that come in parked."""

from __future__ import annotations

from typing import Any

import pytest

from ccroute.commands import (
    AbandonContact,
    CancelContact,
    EnqueueContact,
    PickContact,
    RemoveQueue,
    UnparkContact,
)
from ccroute.config.structs import AgentQueue, CallbackPolicy, Hours, Limits, Prefer, Queue
from ccroute.types import ChangeOffers, ContactState, KeepsPlace, ParkClock, PlanOn, RefusalReason, Removal
from tests.examples import (
    IN_LINE_OR_AT_WORK,
    RING,
    agent,
    arrive,
    ask,
    available,
    centre,
    change,
    change_channel,
    entry,
    planned,
    reason,
    said,
    step,
    told,
    unpark,
    wait,
)
from tests.model import Model

RUNS = ParkClock.RUNS


def aside(contact_id: str = "c", **other: Any) -> EnqueueContact:
    """Return the command by which a contact comes that has no queue."""
    return EnqueueContact(**({"contact_id": contact_id, "channel": "voice", "parked": True} | other))


def put_aside(*queues: Queue, at_us: int = 2, **other: Any) -> Model:
    """Return a centre with contact ``c``, which came at that moment and has no queue."""
    model = centre(*queues)
    model.handle(aside(**other), at_us)
    return model


# ---- without a queue


def test_contact_without_a_queue_is_parked_and_inside() -> None:
    model = centre()
    (event,) = model.handle(aside(customer_id="anna"), 2)
    assert told(event) == {
        "contact_id": "c",
        "handle": 1,
        "queue_id": None,
        "channel": "voice",
        "customer_id": "anna",
        "conversation_id": None,
        "parent_id": None,
        "clock": "stops",
        "until_us": None,
    }
    assert model.counters()["inside"] == 1
    assert model.next_at_us() is None


def test_contact_without_a_queue_can_be_scheduled_and_is_parked_when_it_is_due() -> None:
    model = centre()
    (event,) = model.handle(aside(due_at_us=9, clock=RUNS), 2)
    assert (told(event)["queue_id"], told(event)["due_at_us"]) == (None, 9)
    (parked,) = model.advance(20)
    assert (parked.at_us, parked.cause) == (9, "timer:park")
    assert (told(parked)["queue_id"], told(parked)["clock"]) == (None, "runs")


@pytest.mark.parametrize("due_at_us", [None, 9])
def test_contact_without_a_queue_cannot_be_unparked(due_at_us: int | None) -> None:
    model = put_aside(due_at_us=due_at_us)
    assert reason(model.handle(unpark(), 3)) == RefusalReason.NO_QUEUE


@pytest.mark.parametrize("command", IN_LINE_OR_AT_WORK)
def test_contact_without_a_queue_refuses_what_a_parked_one_refuses(command: Any) -> None:
    assert reason(put_aside().handle(command, 3)) == RefusalReason.CONTACT_PARKED


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"parked": False}, "command.refused c no_queue"),
        ({"parked": False, "tier": 2}, "command.refused c no_queue"),
        ({"parked": True}, "contact.changed c"),
        ({"tier": 2}, "contact.changed c"),
        ({"due_at_us": 1}, "contact.changed c"),
    ],
)
def test_change_that_would_let_it_wait_nowhere_is_refused(patch: dict[str, Any], expected: str) -> None:
    model = put_aside()
    assert ask(model, change(**patch), 3) == [expected]
    assert model.contacts[0].version == 1 + (expected == "contact.changed c")


def test_change_tells_own_terms_and_no_queue() -> None:
    model = put_aside()
    (event,) = model.handle(change(tier=2, head_start_us=7, cost=5), 4)
    changed = told(event)
    assert (changed["queue_id"], changed["tier"], changed["head_start_us"], changed["cost"]) == (None, 2, 7, 5)
    assert changed["place_at_us"] == 2


def test_parked_without_a_queue_it_can_be_scheduled_and_is_parked_again() -> None:
    model = put_aside()
    assert ask(model, change(due_at_us=9), 4) == ["contact.changed c", "contact.scheduled c"]
    assert wait(model, 9) == ["contact.parked c"]


def test_scheduled_without_a_queue_it_cannot_fall_due_into_line() -> None:
    model = put_aside(due_at_us=9)
    assert ask(model, change(parked=False), 3) == ["contact.changed c"]
    assert ask(model, change(due_at_us=None), 4) == ["contact.changed c", "contact.parked c"]


def test_what_was_said_of_its_due_moment_holds_for_the_queue_that_it_has_by_then() -> None:
    model = put_aside(due_at_us=9)
    model.handle(change(parked=False), 3)
    assert ask(model, change(queue_id="q"), 4) == ["contact.changed c"]
    assert wait(model, 9) == ["contact.queued c", "offer.made c a0"]


def test_channel_of_a_contact_without_a_queue_can_be_changed() -> None:
    model = put_aside()
    assert ask(model, change_channel("chat"), 3) == ["contact.channel_changed c to chat"]


@pytest.mark.parametrize(
    ("command", "state"),
    [
        (AbandonContact(contact_id="c"), ContactState.ABANDONED),
        (CancelContact(contact_id="c"), ContactState.CANCELLED),
    ],
)
def test_contact_without_a_queue_ends_and_leaves_no_callback(command: Any, state: ContactState) -> None:
    model = put_aside(Queue(offer=RING, callback=CallbackPolicy(on_abandon=True)))
    (event,) = model.handle(command, 5)
    assert (told(event)["queue_id"], told(event)["waited_us"]) == (None, 0)
    assert model.contacts[0].state == state
    assert model.counters() | {"created": 1, state.value: 1, "inside": 0} == model.counters()


def test_queue_goes_irrespective_of_contacts_without_one() -> None:
    model = put_aside()
    (event,) = model.handle(RemoveQueue(queue_id="r"), 3)
    assert told(event)["removed"] == ["queues.r"]


def test_own_plan_keeps_its_queues_without_one_of_its_own() -> None:
    model = put_aside(plan=[step(3, queue="r")])
    assert reason(model.handle(RemoveQueue(queue_id="r"), 3)) == RefusalReason.IN_USE


def test_own_plan_leads_to_no_queue_that_drains() -> None:
    model = centre()
    model.handle(arrive("old", "r", parked=True), 1)
    model.handle(RemoveQueue(queue_id="r", removal=Removal.DRAIN), 2)
    assert reason(model.handle(aside(plan=[step(3, queue="r")]), 3)) == RefusalReason.QUEUE_DRAINING


# ---- the first queue


def test_contact_gets_its_queue_and_stays_parked() -> None:
    model = put_aside()
    (event,) = model.handle(change(queue_id="q"), 6)
    assert (told(event)["queue_id"], told(event)["place_at_us"]) == ("q", 6)
    assert model.contacts[0].state == ContactState.PARKED
    (queued, _) = model.handle(unpark(), 9)
    assert told(queued)["place_at_us"] == 9
    assert model.contacts[0].queued_since == 9


def test_contact_can_get_its_queue_and_wait_there_at_once() -> None:
    model = put_aside()
    assert ask(model, change(queue_id="q", parked=False), 6) == [
        "contact.changed c",
        "contact.queued c",
        "offer.made c a0",
    ]


@pytest.mark.parametrize("own", list(KeepsPlace))
def test_place_is_the_first_arrival_where_the_clock_ran(own: KeepsPlace) -> None:
    model = put_aside(Queue(offer=RING, keeps_place=own), clock=RUNS)
    assert told(model.handle(change(queue_id="q"), 6)[0])["place_at_us"] == 2
    model.handle(unpark(), 9)
    contact = model.contacts[0]
    assert (contact.place, contact.queued_since, contact.waited_before) == (2, 6, 7)


@pytest.mark.parametrize("keeps_place", list(KeepsPlace))
def test_place_is_now_where_the_clock_stopped(keeps_place: KeepsPlace) -> None:
    model = put_aside()
    assert told(model.handle(change(queue_id="q", keeps_place=keeps_place), 6)[0])["place_at_us"] == 6


@pytest.mark.parametrize(("keeps_place", "place"), [("waited", 2), ("age", 2), ("none", 6)])
def test_place_can_be_said_where_the_clock_ran(keeps_place: str, place: int) -> None:
    model = put_aside(clock=RUNS)
    event = model.handle(change(queue_id="q", keeps_place=KeepsPlace(keeps_place)), 6)[0]
    assert told(event)["place_at_us"] == place


def test_place_after_a_parent_is_kept_for_the_first_queue() -> None:
    model = centre(present=False)
    model.handle(arrive("parent"), 1)
    model.handle(aside(parent_id="parent", keeps_place=KeepsPlace.AGE, clock=RUNS), 4)
    assert told(model.handle(change(queue_id="q"), 6)[0])["place_at_us"] == 1


def test_time_in_the_queue_begins_with_the_queue() -> None:
    model = centre(present=False, agents={"a0": agent(queues={"q": AgentQueue(after_us=4)})})
    model.handle(available("a0"), 0)
    model.handle(aside(clock=RUNS), 2)
    model.handle(change(queue_id="q", parked=False), 6)
    (offered,) = model.advance(20)[:1]
    assert (said([offered]), offered.at_us) == (["offer.made c a0"], 10)


def test_own_plan_and_limits_begin_with_the_queue() -> None:
    plan = [entry(report="here"), step(3, report="late")]
    model = put_aside(plan=plan, limits=Limits(ttl_us=9))
    assert wait(model, 50) == []
    model.handle(change(queue_id="r", channel="email"), 50)
    model.handle(change(cost=101, parked=False), 50)
    told_later = [line for line in wait(model, 60) if not line.startswith("offer.")]
    assert told_later == [
        "rule.fired c own 1 after",
        "action.requested c late",
        "rule.fired c 1 limit",
        "contact.expired c ttl",
    ]
    assert model.contacts[0].born == 50


def test_own_plan_fires_at_entry_where_it_waits_at_once() -> None:
    model = put_aside(Queue(offer=RING), planned(entry(report="queue")), plan=[entry(report="own")])
    lines = ask(model, change(queue_id="r", parked=False), 5)
    assert [line for line in lines if line.startswith("action")] == [
        "action.requested c queue",
        "action.requested c own",
    ]


def test_life_of_a_scheduled_contact_counts_from_its_due_moment() -> None:
    model = put_aside(due_at_us=30)
    model.handle(change(queue_id="q"), 6)
    assert model.contacts[0].born == 30


def test_queue_that_drains_takes_no_contact_from_nowhere() -> None:
    model = put_aside()
    model.handle(arrive("old", "r", parked=True), 3)
    model.handle(RemoveQueue(queue_id="r", removal=Removal.DRAIN), 4)
    assert reason(model.handle(change(queue_id="r"), 5)) == RefusalReason.QUEUE_DRAINING


def test_preferred_agents_have_their_time_from_the_queue_on() -> None:
    model = centre(Queue(offer=RING, prefer=Prefer(wait_us=20)), agents=2)
    model.handle(arrive("work"), 0)
    model.handle(aside(preferred=["a0"]), 1)
    model.handle(PickContact(contact_id="work", agent_id="a0"), 1)
    assert ask(model, change(queue_id="q", parked=False), 5) == ["contact.changed c", "contact.queued c"]
    assert [(event.at_us, *said([event])) for event in model.advance(25)] == [
        (25, "contact.preferred_ended c waited"),
        (25, "offer.made c a1"),
    ]


def test_hours_of_the_first_queue_count_as_at_an_entry() -> None:
    model = put_aside(Queue(offer=RING, hours=Hours(closed="refuse", spans=[])))
    lines = ask(model, change(queue_id="q", parked=False), 5)
    assert lines[2:] == ["rule.fired c 0 closed", "contact.expired c closed"]


# ---- callbacks


def test_without_a_queue_nothing_is_owed() -> None:
    model = put_aside(Queue(offer=RING, callback=CallbackPolicy(expires_us=10)), channel="callback")
    assert wait(model, 100) == []
    assert model.missed() == []
    model.handle(change(queue_id="q"), 100)
    assert [(one.contact_id, one.queue_id, one.expires_at_us) for one in model.missed()] == [("c", "q", 110)]
    assert wait(model, 110) == ["callback.dropped c expired", "contact.expired c callback_expired"]


def test_callback_is_due_when_it_waits_in_its_first_queue() -> None:
    model = put_aside(channel="callback")
    lines = ask(model, change(queue_id="q", parked=False), 5)
    assert lines == ["contact.changed c", "contact.queued c", "callback.due c", "offer.made c a0"]


def test_customer_who_comes_back_is_owed_nothing_whatever_the_queue() -> None:
    model = put_aside(channel="callback", customer_id="anna", parent_id="gone")
    model.handle(arrive("owed", channel="callback", customer_id="anna", parent_id="gone", parked=True), 3)
    assert ask(model, aside("back", customer_id="anna"), 4) == [
        "contact.parked back",
        "callback.dropped owed returned by back",
        "contact.cancelled owed customer returned",
    ]
    assert model.contacts[0].state == ContactState.PARKED


# ---- parked as it comes


def test_contact_comes_in_parked_with_its_clock_running_until_a_moment() -> None:
    model = centre()
    (event,) = model.handle(arrive("c", parked=True, clock=RUNS, until_us=9), 2)
    assert (told(event)["clock"], told(event)["until_us"]) == ("runs", 9)
    queued, offered = model.advance(9)
    assert (queued.at_us, queued.cause, told(queued)["place_at_us"]) == (9, "timer:park", 2)
    contact = model.contacts[0]
    assert (contact.queued_since, contact.waited_before) == (2, 7)
    assert said([offered]) == ["offer.made c a0"]


def test_contact_comes_in_parked_with_its_clock_stopped_until_a_moment() -> None:
    model = centre()
    model.handle(arrive("c", parked=True, until_us=9), 2)
    assert told(model.advance(9)[0])["place_at_us"] == 9
    assert model.contacts[0].waited_before == 0


@pytest.mark.parametrize("until_us", [0, 2])
def test_end_of_parking_that_is_past_is_now(until_us: int) -> None:
    assert ask(centre(), arrive("c", parked=True, until_us=until_us), 2) == [
        "contact.parked c",
        "contact.queued c",
        "offer.made c a0",
    ]


def test_unparked_by_command_it_is_unparked_once() -> None:
    model = centre()
    model.handle(arrive("c", parked=True, until_us=90), 2)
    model.handle(UnparkContact(contact_id="c"), 5)
    model.handle(CancelContact(contact_id="c"), 6)
    assert model.next_at_us() is None


def test_scheduled_contact_is_parked_as_it_was_said_when_it_came() -> None:
    model = centre()
    model.handle(arrive("c", parked=True, due_at_us=5, clock=RUNS, until_us=9), 2)
    parked, queued = model.advance(9)[:2]
    assert (parked.at_us, told(parked)["clock"], told(parked)["until_us"]) == (5, "runs", 9)
    assert (queued.at_us, told(queued)["place_at_us"]) == (9, 5)


def test_due_moment_moved_beyond_the_end_of_parking_lets_it_wait_at_once() -> None:
    model = centre()
    model.handle(arrive("c", parked=True, due_at_us=5, until_us=9), 2)
    model.handle(change(due_at_us=20), 3)
    assert [(event.at_us, *said([event])) for event in model.advance(20)] == [
        (20, "contact.parked c"),
        (20, "contact.queued c"),
        (20, "offer.made c a0"),
    ]


def test_what_was_said_of_parking_is_for_the_first_one() -> None:
    model = centre()
    model.handle(arrive("c", parked=True, due_at_us=5, clock=RUNS, until_us=90), 2)
    model.handle(change(parked=False), 3)
    model.handle(UnparkContact(contact_id="c"), 4)
    model.handle(change(due_at_us=8, parked=True, offers=ChangeOffers.RESCIND), 4)
    parked = model.advance(8)[-1]
    assert (told(parked)["clock"], told(parked)["until_us"]) == ("stops", None)


def test_parked_callback_expires_before_its_parking_ends_at_the_same_moment() -> None:
    model = centre(Queue(offer=RING, callback=CallbackPolicy(expires_us=7)))
    model.handle(arrive("c", channel="callback", parked=True, until_us=9), 2)
    assert wait(model, 9) == ["callback.dropped c expired", "contact.expired c callback_expired"]


def test_rules_of_entry_wait_for_the_end_of_parking() -> None:
    model = centre(planned(step(PlanOn.ENTRY, report="here")))
    assert ask(model, arrive("c", parked=True, clock=RUNS, until_us=9), 2) == ["contact.parked c"]
    assert wait(model, 9)[:2] == ["contact.queued c", "rule.fired c 0 entry"]
