"""The oracle: contacts scheduled for a moment, and callbacks: left, due, tried again, dropped."""

from __future__ import annotations

from typing import Any

import pytest

from ccroute.commands import (
    AbandonContact,
    AcceptOffer,
    CancelContact,
    ChangeChannel,
    CompleteContact,
    ConnectFailed,
    ConsultAgent,
    EnqueueContact,
    JoinConference,
    ParkContact,
    RequeueContact,
    UnparkContact,
)
from ccroute.config.structs import CallbackPolicy, EngineSettings, Hours, Limits, Queue
from ccroute.types import ContactState, KeepsPlace, ParkClock, PlanOn, RefusalReason
from tests.examples import (
    AUTO,
    IN_LINE_OR_AT_WORK,
    MANUAL,
    RING,
    arrive,
    ask,
    available,
    centre,
    change,
    entry,
    planned,
    reason,
    said,
    step,
    told,
    wait,
)
from tests.model import Model


def later(contact_id: str = "c", due_at_us: int = 9, **other: Any) -> EnqueueContact:
    """Return the command by which a contact comes for a moment."""
    return arrive(contact_id, due_at_us=due_at_us, **other)


def owed(contact_id: str = "c", **other: Any) -> EnqueueContact:
    """Return the command by which the host puts in a callback."""
    return arrive(contact_id, channel="callback", **other)


def abandon(contact_id: str = "c") -> AbandonContact:
    return AbandonContact(contact_id=contact_id)


def leaving(**fields: Any) -> Queue:
    """Return a queue whose abandoned contacts leave callbacks."""
    policy = {name: fields.pop(name) for name in list(fields) if name in CallbackPolicy.__struct_fields__}
    return Queue(**({"offer": RING, "callback": CallbackPolicy(on_abandon=True, **policy)} | fields))


# ---- scheduled


def test_scheduled_contact_enters_its_queue_at_its_moment_with_its_place_there() -> None:
    model = centre()
    (event,) = model.handle(later(customer_id="anna"), 2)
    assert told(event) == {
        "contact_id": "c",
        "handle": 1,
        "queue_id": "q",
        "channel": "voice",
        "customer_id": "anna",
        "conversation_id": None,
        "parent_id": None,
        "due_at_us": 9,
    }
    assert model.counters()["inside"] == 1
    queued, offered = model.advance(20)[:2]
    assert (queued.at_us, queued.cause, offered.cause) == (9, "timer:park", "timer:park")
    assert told(queued)["place_at_us"] == 9
    assert model.contacts[0].queued_since == 9


def test_due_moment_that_is_past_is_as_none() -> None:
    assert ask(centre(), later(due_at_us=2), 2) == ["contact.queued c", "offer.made c a0"]
    assert ask(centre(), later(due_at_us=1, parked=True), 2) == ["contact.parked c"]


def test_scheduled_contact_can_be_parked_when_it_is_due() -> None:
    model = centre()
    assert ask(model, later(parked=True), 2) == ["contact.scheduled c"]
    assert wait(model, 9) == ["contact.parked c"]
    assert told(model.handle(UnparkContact(contact_id="c"), 12)[0])["place_at_us"] == 12


def test_unparking_a_scheduled_contact_lets_it_enter_now() -> None:
    model = centre(present=False)
    model.handle(later(parked=True), 2)
    assert ask(model, UnparkContact(contact_id="c"), 5) == ["contact.queued c"]
    assert model.next_at_us() is None


@pytest.mark.parametrize("command", IN_LINE_OR_AT_WORK)
def test_scheduled_contact_refuses_what_is_for_those_in_line_or_at_work(command: Any) -> None:
    model = centre()
    model.handle(later(), 0)
    assert reason(model.handle(command, 1)) == RefusalReason.CONTACT_SCHEDULED


def test_scheduled_contact_can_be_abandoned_cancelled_and_change_its_channel() -> None:
    model = centre()
    for contact_id in ("c", "d"):
        model.handle(later(contact_id), 0)
    model.handle(ChangeChannel(contact_id="c", channel="chat"), 1)
    assert ask(model, abandon(), 2) == ["contact.abandoned c"]
    assert ask(model, CancelContact(contact_id="d"), 2) == ["contact.cancelled d"]
    assert model.next_at_us() is None


def test_entry_steps_wait_for_the_due_moment_and_life_counts_from_it() -> None:
    model = centre(planned(entry(report="new"), limits=Limits(ttl_us=4)), present=False)
    assert ask(model, later(), 0) == ["contact.scheduled c"]
    assert wait(model, 9) == ["contact.queued c", "rule.fired c 0 entry", "action.requested c new"]
    assert model.next_at_us() == 13


@pytest.mark.parametrize(
    ("state", "events"),
    [
        ("queued", ["contact.changed c", "contact.scheduled c", "offer.rescinded c a0 parked"]),
        ("parked", ["contact.changed c", "contact.scheduled c"]),
        ("active", ["contact.changed c", "contact.scheduled c", "leg.ended c a0 parked"]),
        ("scheduled", ["contact.changed c", "contact.scheduled c"]),
    ],
)
def test_change_can_schedule_a_contact_in_any_live_state(state: str, events: list[str]) -> None:
    model = centre(Queue(offer=AUTO if state == "active" else RING))
    fields: dict[str, Any] = {"parked": {"parked": True}, "scheduled": {"due_at_us": 50}}.get(state, {})
    model.handle(arrive("c", **fields), 0)
    assert model.contacts[0].state == ContactState(state)
    assert ask(model, change("c", due_at_us=9), 4) == events
    assert model.next_at_us() == 9
    assert wait(model, 9)[0] == "contact.queued c"
    assert model.contacts[0].place == {"queued": 5, "active": 5}.get(state, 9)


def test_change_to_a_past_moment_lets_a_scheduled_contact_in_and_no_other() -> None:
    model = centre(present=False)
    model.handle(later("c"), 0)
    model.handle(arrive("p", parked=True), 0)
    assert ask(model, change("p", due_at_us=3), 4) == ["contact.changed p"]
    assert ask(model, change("c", due_at_us=None), 4) == ["contact.changed c", "contact.queued c"]
    assert model.next_at_us() is None


def test_parked_of_a_scheduled_contact_says_what_it_becomes() -> None:
    model = centre(present=False)
    model.handle(later(), 0)
    assert ask(model, change("c", parked=True), 4) == ["contact.changed c"]
    assert wait(model, 9) == ["contact.parked c"]


def test_scheduling_a_contact_parked_with_a_running_clock_keeps_what_it_waited() -> None:
    model = centre(present=False)
    model.handle(arrive("c"), 0)
    model.handle(ParkContact(contact_id="c", clock=ParkClock.RUNS), 2)
    model.handle(change("c", due_at_us=9), 5)
    (queued,) = model.advance(9)
    assert told(queued)["place_at_us"] == 4
    assert told(model.handle(abandon(), 10)[0])["waited_us"] == 6


# ---- the place after a parent


@pytest.mark.parametrize(
    ("keeps_place", "place"), [(KeepsPlace.WAITED, 8), (KeepsPlace.AGE, 3), (KeepsPlace.NONE, 12), (None, 12)]
)
def test_new_contact_can_have_the_place_of_its_parent(keeps_place: KeepsPlace | None, place: int) -> None:
    model = centre(Queue(offer=AUTO), present=False)
    model.handle(arrive("parent"), 3)
    model.handle(available("a0"), 7)
    model.handle(CompleteContact(contact_id="parent"), 9)
    (queued, *_) = model.handle(arrive("c", parent_id="parent", keeps_place=keeps_place), 12)
    assert told(queued)["place_at_us"] == place


def test_parent_that_is_not_known_gives_no_place() -> None:
    events = centre().handle(arrive("c", parent_id="ghost", keeps_place=KeepsPlace.AGE), 12)
    assert told(events[0])["place_at_us"] == 12


# ---- left by policy


def test_abandoned_contact_leaves_a_callback_at_its_place() -> None:
    model = centre(leaving(expires_us=100), present=False)
    model.handle(arrive("c", customer_id="anna", tier=2, excluded=["a0", "a7"], attributes={"x": 1}, cost=5), 3)
    abandoned, queued, due = model.handle(abandon(), 8)
    assert said([abandoned, queued, due]) == [
        "contact.abandoned c",
        "contact.queued callback:1",
        "callback.due callback:1",
    ]
    assert (told(queued)["parent_id"], told(queued)["place_at_us"], told(queued)["tier"]) == ("c", 3, 2)
    assert told(due) == {
        "contact_id": "callback:1",
        "queue_id": "q",
        "parent_id": "c",
        "customer_id": "anna",
        "attempt": 1,
        "attempts_max": 3,
        "expires_at_us": 108,
    }
    given = model.contacts[1].given
    assert (given.excluded, given.attributes, given.cost) == (["a0"], {"x": 1}, None)
    assert {event.cause for event in (abandoned, queued, due)} == {"command:2"}


@pytest.mark.parametrize(("keeps_place", "place"), [(KeepsPlace.AGE, 6), (KeepsPlace.NONE, 9)])
def test_place_of_a_callback_is_as_the_queue_says(keeps_place: KeepsPlace, place: int) -> None:
    model = centre(leaving(keeps_place=keeps_place), present=False)
    model.handle(arrive("c"), 3)
    model.handle(ParkContact(contact_id="c"), 6)
    assert told(model.handle(abandon(), 9)[1])["place_at_us"] == place


def test_callbacks_and_consults_leave_none() -> None:
    model = centre(leaving(offer=AUTO))
    model.handle(arrive("c"), 0)
    model.handle(ConsultAgent(contact_id="c", agent_id="a0", to_queue="q"), 0)
    assert ask(model, abandon("c#1"), 1) == ["contact.abandoned c#1"]
    model.handle(owed("d"), 1)
    assert ask(model, abandon("d"), 1) == ["contact.abandoned d"]


def test_name_of_a_callback_is_one_that_is_not_inside() -> None:
    model = centre(leaving(), present=False)
    for contact_id in ("callback:3", "callback:3+1", "c"):
        model.handle(arrive(contact_id), 0)
    assert ask(model, abandon(), 0)[1] == "contact.queued callback:3+2"


def test_callback_for_which_there_is_no_room_is_told() -> None:
    engine = EngineSettings(contacts_max=2)
    model = centre(leaving(), engine=engine)
    model.handle(arrive("c", customer_id="anna", parent_id="p"), 0)
    # The contact itself is retained and can be forgotten.
    assert ask(model, abandon(), 0)[-3:] == [
        "contact.queued callback:1",
        "callback.due callback:1",
        "offer.made callback:1 a0",
    ]
    model.handle(arrive("d"), 0)
    full = centre(leaving(), planned(entry(callback=True), offer=MANUAL), engine=engine)
    full.handle(arrive("c", "r", "callback"), 0)
    events = full.handle(arrive("d", "r"), 0)
    assert said(events) == ["contact.queued d", "rule.fired d 0 entry", "callback.dropped d contacts_max"]
    assert full.contacts[1].state == ContactState.QUEUED


# ---- left by a rule


def test_rule_leaves_a_callback_and_closes_the_contact() -> None:
    model = centre(planned(step(5, tier=3, report="call", callback=True), offer=MANUAL))
    model.handle(arrive("c"), 0)
    events = model.advance(5)
    assert said(events) == [
        "rule.fired c 0 after",
        "contact.changed c",
        "action.requested c call",
        "contact.queued callback:1",
        "callback.due callback:1",
        "contact.closed c",
    ]
    assert {event.cause for event in events[1:]} == {"rule:q/0"}
    assert told(events[3])["tier"] == 3


def test_callback_is_no_contact_to_be_called_back() -> None:
    model = centre(planned(entry(callback=True)), present=False)
    assert ask(model, arrive("c"), 0) == [
        "contact.queued c",
        "rule.fired c 0 entry",
        "contact.queued callback:1",
        "callback.due callback:1",
        "contact.closed c",
        "rule.fired callback:1 0 entry",
    ]


def test_rule_of_a_closed_queue_leaves_a_callback_for_its_opening() -> None:
    model = centre(planned(entry(callback=True), hours=Hours(spans=[(20, 30)])), present=False)
    events = model.handle(arrive("c"), 5)
    assert said(events)[2:] == ["contact.scheduled callback:1", "contact.closed c"]
    assert told(events[2])["due_at_us"] == 20
    assert model.contacts[1].expires_at == 20 + CallbackPolicy().expires_us
    assert wait(model, 20)[-3:] == [
        "contact.queued callback:1",
        "callback.due callback:1",
        "rule.fired callback:1 0 entry",
    ]


# ---- attempts


def test_failed_attempt_schedules_the_next_one_until_there_have_been_enough() -> None:
    policy = CallbackPolicy(attempts_max=2, retry_us=50, expires_us=1_000)
    model = centre(Queue(offer=AUTO, cooldown_us=0, callback=policy))
    events = ask(model, owed(), 0)
    assert events == [
        "contact.queued c",
        "callback.due c",
        "offer.made c a0",
        "offer.accepted c a0",
        "contact.active c a0",
    ]
    events = model.handle(ConnectFailed(contact_id="c"), 4)
    assert said(events) == ["leg.ended c a0 connect_failed", "contact.scheduled c"]
    assert told(events[1])["due_at_us"] == 54
    queued, due, *_ = model.advance(54)
    assert told(queued)["place_at_us"] == 50
    assert told(due)["attempt"] == 2
    events = model.handle(ConnectFailed(contact_id="c"), 60)
    assert said(events) == [
        "leg.ended c a0 connect_failed",
        "callback.dropped c attempts",
        "contact.expired c callback_attempts",
    ]
    assert told(events[2])["waited_us"] == 4 + 6
    assert model.counters()["expired"] == 1


def test_failed_attempt_of_one_among_several_is_none() -> None:
    model = centre(Queue(offer=AUTO), agents=2)
    model.handle(owed(), 0)
    model.handle(JoinConference(contact_id="c", agent_id="a0", to_agent="a1"), 0)
    assert ask(model, ConnectFailed(contact_id="c", agent_id="a1"), 1) == ["leg.ended c a1 connect_failed"]
    assert model.contacts[0].attempts == 0


def test_due_is_told_once_for_each_attempt() -> None:
    model = centre(present=False)
    assert ask(model, owed(), 0) == ["contact.queued c", "callback.due c"]
    model.handle(ParkContact(contact_id="c"), 0)
    assert ask(model, UnparkContact(contact_id="c"), 1) == ["contact.queued c"]


# ---- the end of its time


def test_callback_expires_unless_somebody_is_about_to_make_it() -> None:
    policy = CallbackPolicy(expires_us=15)
    model = centre(Queue(offer=RING, callback=policy, cooldown_us=0), present=False)
    model.handle(owed(), 0)
    assert model.next_at_us() == 15
    events = model.advance(20)
    assert said(events) == ["callback.dropped c expired", "contact.expired c callback_expired"]
    assert (events[0].at_us, events[0].cause) == (15, "timer:callback")


def test_callback_that_is_on_offer_expires_all_the_same() -> None:
    model = centre(Queue(offer=RING, callback=CallbackPolicy(expires_us=5), cooldown_us=0))
    model.handle(owed(), 0)
    assert wait(model, 7) == [
        "callback.dropped c expired",
        "contact.expired c callback_expired",
        "offer.rescinded c a0 rule",
    ]


def test_callback_that_is_made_in_time_may_go_on_after_it() -> None:
    model = centre(Queue(offer=RING, callback=CallbackPolicy(expires_us=5)))
    model.handle(owed(), 0)
    model.handle(AcceptOffer(offer_id="o1"), 1)
    assert model.next_at_us() is None
    assert ask(model, RequeueContact(contact_id="c"), 9)[1:] == [
        "contact.requeued c command",
        "callback.dropped c expired",
        "contact.expired c callback_expired",
    ]


def test_callback_expires_while_it_is_scheduled_or_parked_too() -> None:
    model = centre(Queue(callback=CallbackPolicy(expires_us=5)))
    model.handle(owed("p", parked=True), 0)
    model.handle(owed("s", due_at_us=10), 0)
    model.handle(change("s", due_at_us=100), 1)
    assert wait(model, 50) == [
        "callback.dropped p expired",
        "contact.expired p callback_expired",
        "callback.dropped s expired",
        "contact.expired s callback_expired",
    ]
    assert model.now == 50


def test_attempt_that_fails_too_late_is_the_last() -> None:
    model = centre(Queue(offer=AUTO, callback=CallbackPolicy(expires_us=5)))
    model.handle(owed(), 0)
    events = model.handle(ConnectFailed(contact_id="c"), 9)
    assert [(line, event.cause) for line, event in zip(said(events), events, strict=True)][1:] == [
        ("contact.scheduled c", "command:3"),
        ("callback.dropped c expired", "timer:callback"),
        ("contact.expired c callback_expired", "timer:callback"),
    ]


def test_contact_that_becomes_a_callback_too_late_is_dropped() -> None:
    model = centre(Queue(offer=MANUAL, callback=CallbackPolicy(expires_us=5)))
    model.handle(arrive("c"), 0)
    assert ask(model, ChangeChannel(contact_id="c", channel="callback"), 5)[1:] == [
        "callback.dropped c expired",
        "contact.expired c callback_expired",
    ]


def test_change_of_channel_makes_a_callback_and_unmakes_it() -> None:
    model = centre(Queue(offer=MANUAL, callback=CallbackPolicy(expires_us=50)))
    model.handle(arrive("c"), 10)
    model.handle(ChangeChannel(contact_id="c", channel="callback"), 20)
    assert model.next_at_us() == 60
    model.handle(ChangeChannel(contact_id="c", channel="chat"), 30)
    assert model.next_at_us() is None


# ---- the customer comes back


def test_customer_who_comes_back_drops_what_is_owed() -> None:
    model = centre(leaving(), agents=2, present=False)
    model.handle(arrive("c", customer_id="anna"), 0)
    model.handle(abandon(), 1)
    model.handle(owed("s", customer_id="anna", parent_id="old", due_at_us=99), 1)
    model.handle(owed("host", customer_id="anna"), 1)
    model.handle(owed("other", customer_id="bert", parent_id="old", parked=True), 1)
    model.handle(available("a0"), 1)
    events = model.handle(arrive("back", customer_id="anna"), 2)
    assert said(events) == [
        "contact.queued back",
        "callback.dropped callback:1 returned by back",
        "contact.cancelled callback:1 customer returned",
        "offer.rescinded callback:1 a0 cancelled",
        "callback.dropped s returned by back",
        "contact.cancelled s customer returned",
        "offer.made host a0",
    ]
    assert [one.contact_id for one in model.missed()] == ["host", "other"]


def test_customer_who_is_called_at_present_or_comes_by_a_callback_drops_nothing() -> None:
    model = centre(Queue(offer=AUTO))
    model.handle(owed("at-work", customer_id="anna", parent_id="old"), 0)
    model.handle(owed("waits", customer_id="anna", parent_id="old"), 0)
    assert ask(model, owed("third", customer_id="anna"), 1) == ["contact.queued third", "callback.due third"]
    assert ask(model, arrive("back", customer_id="anna"), 1)[1:] == [
        "callback.dropped waits returned by back",
        "contact.cancelled waits customer returned",
    ]


# ---- what is owed


def test_missed_lists_what_is_still_owed() -> None:
    model: Model = centre(leaving(offer=AUTO, retry_us=10, expires_us=100), agents=1)
    model.handle(owed("c", customer_id="anna"), 1)
    model.handle(arrive("d"), 2)
    model.handle(abandon("d"), 3)
    model.handle(ConnectFailed(contact_id="c"), 4)
    first, second = model.missed()
    assert (first.contact_id, first.state, first.attempts) == ("c", ContactState.SCHEDULED, 1)
    assert (first.created_at_us, first.due_at_us, first.expires_at_us) == (1, 14, 101)
    assert (second.contact_id, second.parent_id, second.due_at_us) == ("callback:2", "d", None)
    assert second.state == ContactState.ACTIVE


def test_limits_and_plans_hold_for_callbacks_too() -> None:
    model = centre(planned(step(PlanOn.LIMIT, report="stale"), limits=Limits(in_queue_us=5), offer=MANUAL))
    model.handle(owed(), 0)
    assert wait(model, 5) == ["rule.fired c 0 limit", "action.requested c stale"]
