"""The oracle: queues that open and close, and what becomes of their contacts."""

from __future__ import annotations

from typing import Any

import pytest

from ccroute.commands import AbandonContact, ParkContact, RequeueContact, UnparkContact
from ccroute.config.structs import CallbackPolicy, Hours, PlanStep, Queue
from ccroute.types import ClosedAction, PlanOn, PlanOnOverflow
from tests.examples import AUTO, MANUAL, RING, arrive, ask, centre, change, entry, planned, said, step, told, wait
from tests.model import Model


def hours(*spans: tuple[int, int], **fields: Any) -> Hours:
    return Hours(spans=list(spans), **fields)


def open_at(*spans: tuple[int, int], plan: list[PlanStep] | None = None, **fields: Any) -> Queue:
    """Return a queue that is open in some spans; nobody is offered its contacts. ``plan_`` is that of its hours."""
    fields = {name.rstrip("_"): value for name, value in fields.items()}
    return planned(*plan or [], hours=hours(*spans, **fields), offer=MANUAL)


def heard(model: Model, to_us: int) -> list[tuple[int, str]]:
    """Let time pass and return when what happened."""
    found = model.advance(to_us)
    return [(event.at_us, line) for event, line in zip(found, said(found), strict=True)]


# ---- opening and closing


def test_queue_opens_and_closes_by_timers() -> None:
    model = centre(open_at((10, 20), (30, 40)), present=False)
    assert model.next_at_us() == 10
    opened, closed, *rest = model.advance(100)
    assert (opened.at_us, opened.cause, told(opened)) == (10, "timer:hours", {"queue_id": "q", "until_us": 20})
    assert (closed.at_us, told(closed)) == (20, {"queue_id": "q", "until_us": 30})
    assert [event.at_us for event in rest] == [30, 40]
    assert told(rest[1])["until_us"] is None
    assert model.next_at_us() is None


def test_state_at_moment_zero_is_not_told() -> None:
    model = centre(open_at((0, 5)), present=False)
    assert heard(model, 9) == [(5, "hours.closed")]


def test_hours_do_not_stop_offers() -> None:
    model = centre(Queue(offer=RING, hours=hours((10, 20))))
    assert ask(model, arrive("c"), 0) == ["contact.queued c", "offer.made c a0"]


# ---- steps of plans


def test_contact_that_enters_while_closed_and_those_who_wait_meet_steps_on_closed() -> None:
    model = centre(open_at((0, 10), plan=[step(PlanOn.CLOSED, report="shut")]), present=False)
    assert ask(model, arrive("a"), 1) == ["contact.queued a"]
    assert ask(model, arrive("b", tier=1), 1) == ["contact.queued b"]
    assert wait(model, 10) == [
        "hours.closed",
        "rule.fired a 0 closed",
        "action.requested a shut",
        "rule.fired b 0 closed",
        "action.requested b shut",
    ]
    assert ask(model, arrive("c"), 11)[1:] == ["rule.fired c 0 closed", "action.requested c shut"]


def test_step_on_opened_is_for_those_who_wait() -> None:
    model = centre(open_at((10, 20), plan=[step(PlanOn.OPENED, report="open")]), present=False)
    model.handle(arrive("c"), 0)
    assert wait(model, 10) == ["hours.opened", "rule.fired c 0 opened", "action.requested c open"]
    assert ask(model, arrive("d"), 10) == ["contact.queued d"]


@pytest.mark.parametrize(("until", "events"), [(15, ["rule.fired c 0 closed"]), (25, [])])
def test_change_of_hours_while_the_contact_does_not_wait_counts_on_return(until: int, events: list[str]) -> None:
    model = centre(open_at((0, 10), (20, 90), plan=[step(PlanOn.CLOSED, tier=0)]), present=False)
    model.handle(arrive("c"), 0)
    model.handle(ParkContact(contact_id="c"), 5)
    assert [line for line in ask(model, UnparkContact(contact_id="c"), until) if "rule" in line] == events


def test_what_the_hours_are_now_counts_and_not_what_they_were_at_entry() -> None:
    plan = [entry(park=True), step(PlanOn.CLOSED, report="shut"), step(PlanOn.OPENED, report="open")]
    model = centre(open_at((10, 20), plan=plan), present=False)
    model.handle(arrive("c"), 0)
    assert ask(model, UnparkContact(contact_id="c"), 12)[-1] == "action.requested c open"


# ---- the closed-action


def test_closed_queue_refuses_new_contacts_and_keeps_those_who_wait() -> None:
    model = centre(open_at((0, 10), plan=[entry(report="new")], closed=ClosedAction.REFUSE), present=False)
    model.handle(arrive("a"), 0)
    assert wait(model, 10) == ["hours.closed"]
    events = model.handle(arrive("c"), 11)
    assert said(events)[-2:] == ["rule.fired c 1 closed", "contact.expired c closed"]
    assert [event.cause for event in events[-2:]] == ["command:2", "rule:q/1"]


def test_closed_queue_may_treat_those_who_wait_alike() -> None:
    model = centre(open_at((0, 10), closed=ClosedAction.REFUSE, closes_waiting=True), present=False)
    model.handle(arrive("a"), 0)
    assert wait(model, 10) == ["hours.closed", "rule.fired a 0 closed", "contact.expired a closed"]


def test_closed_queue_where_contacts_wait_says_nothing() -> None:
    model = centre(open_at(closes_waiting=True), present=False)
    assert ask(model, arrive("c"), 0) == ["contact.queued c"]


def test_closed_queue_leaves_callbacks_for_its_opening() -> None:
    model = centre(open_at((20, 30), closed=ClosedAction.CALLBACK), present=False)
    assert ask(model, arrive("c"), 5) == [
        "contact.queued c",
        "rule.fired c 0 closed",
        "contact.scheduled callback:1",
        "contact.closed c",
    ]
    # Nothing of the kind becomes of a callback.
    assert ask(model, arrive("d", channel="callback"), 6) == ["contact.queued d", "callback.due d"]
    assert wait(model, 20) == ["hours.opened", "contact.queued callback:1", "callback.due callback:1"]
    # No opening is known any more: the callback waits at once.
    assert wait(model, 30) == ["hours.closed"]
    assert ask(model, arrive("e"), 31)[2:4] == ["contact.queued callback:4", "callback.due callback:4"]


def test_abandoned_contact_of_a_closed_queue_leaves_its_callback_at_once() -> None:
    queue = Queue(hours=hours((20, 30)), callback=CallbackPolicy(on_abandon=True))
    model = centre(queue, present=False)
    model.handle(arrive("c"), 0)
    assert ask(model, AbandonContact(contact_id="c"), 1)[1] == "contact.queued callback:1"


@pytest.mark.parametrize(
    ("plan", "fired"),
    [(PlanOnOverflow.RESTART, "rule.fired c 0 entry"), (PlanOnOverflow.KEEP, "rule.fired c 1 after")],
)
def test_closed_queue_overflows_with_either_plan(plan: PlanOnOverflow, fired: str) -> None:
    queue = open_at(
        plan=[entry(if_="false", report="no"), step(5, report="kept")],
        closed=ClosedAction.OVERFLOW,
        queue="r",
        plan_=plan,
    )
    model = centre(queue, planned(entry(report="there"), offer=MANUAL), present=False)
    events = [*model.handle(arrive("c"), 0), *model.advance(5)]
    assert said(events)[:4] == ["contact.queued c", "rule.fired c 2 closed", "contact.changed c", "contact.queued c"]
    assert told(events[2])["changed"] == ["queue_id"]
    assert said(events)[4] == fired


def test_hours_of_the_queue_it_stands_in_count_under_a_plan_kept() -> None:
    first = planned(step(5, queue="r", plan=PlanOnOverflow.KEEP), entry(report="new"), offer=MANUAL)
    model = centre(first, open_at(closed=ClosedAction.REFUSE, plan=[entry(report="there")]), present=False)
    model.handle(arrive("c"), 0)
    fired, *_, refused, expired = model.advance(5)
    assert told(fired)["queue_id"] == "q"
    assert (told(refused)["queue_id"], told(refused)["rule"]) == ("r", 1)
    assert (said([expired]), expired.cause) == (["contact.expired c closed"], "rule:r/1")


def test_contact_at_work_when_its_queue_closes_meets_it_on_return() -> None:
    queue = Queue(offer=AUTO, hours=hours((0, 10), closed=ClosedAction.REFUSE, closes_waiting=True))
    model = centre(queue)
    model.handle(arrive("c"), 0)
    assert wait(model, 10) == ["hours.closed"]
    assert ask(model, RequeueContact(contact_id="c"), 11)[2:] == ["rule.fired c 0 closed", "contact.expired c closed"]


def test_contact_changed_into_a_closed_queue_is_new_there() -> None:
    model = centre(Queue(offer=MANUAL), open_at(closed=ClosedAction.REFUSE), present=False)
    model.handle(arrive("c"), 0)
    assert ask(model, change("c", queue_id="r"), 1)[-1] == "contact.expired c closed"


def test_contact_that_plans_lead_in_a_circle_rests_after_so_many_queues() -> None:
    away_from = planned(entry(queue="r", plan=PlanOnOverflow.KEEP), offer=MANUAL)
    model = centre(away_from, open_at(closed=ClosedAction.OVERFLOW, queue="q"), present=False)
    events = ask(model, arrive("c"), 0)
    assert events.count("contact.queued c") == 1 + 64
    # It goes on when something else happens to it.
    assert ask(model, change("c", tier=1), 1).count("contact.queued c") == 64


def test_rule_of_an_open_queue_leaves_a_callback_at_once() -> None:
    queue = planned(entry(callback=True), hours=hours((0, 10), (20, 30)))
    model = centre(queue, present=False)
    assert ask(model, arrive("c"), 5)[2] == "contact.queued callback:1"
