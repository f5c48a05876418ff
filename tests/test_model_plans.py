"""The oracle: plans of queues and of contacts, step by step, and limits."""

from __future__ import annotations

from typing import Any

import pytest

from ccroute.commands import (
    AcceptOffer,
    CompleteContact,
    DeclineOffer,
    ExpediteContact,
    ParkContact,
    RequeueContact,
    TransferContact,
    UnparkContact,
)
from ccroute.config.structs import AgentChannel, Limits, PlanStep, Queue
from ccroute.types import ChangeOffers, ContactState, KeepsPlace, PlanOn, PlanOnOverflow, RuleEnd
from tests.examples import (
    AUTO,
    MANUAL,
    agent,
    arrive,
    ask,
    available,
    away,
    centre,
    change,
    entry,
    offline,
    planned,
    said,
    step,
    told,
    wait,
)
from tests.model import Model

KEEP = PlanOnOverflow.KEEP


def waiting(*steps: PlanStep, r: Queue | None = None, **fields: Any) -> Model:
    """Return a centre with a plan on ``q`` and agent ``a0``, who is away, so that contacts wait."""
    model = centre(planned(*steps, **fields), r, present=False)
    model.handle(away("a0"), 0)
    return model


def expedite(contact_id: str = "c") -> ExpediteContact:
    return ExpediteContact(contact_id=contact_id)


# ---- when a step is due


def test_step_of_time_fires_once_at_its_moment_and_what_follows_has_the_rule_for_cause() -> None:
    model = waiting(step(5, tier=3, head_start_us=7, report="late"))
    model.handle(arrive("c", customer_id="anna"), 1)
    assert model.next_at_us() == 6
    fired, changed, requested = model.advance(10)
    assert (fired.at_us, fired.cause, fired.actor) == (6, "timer:rule", None)
    assert told(fired) == {"contact_id": "c", "queue_id": "q", "rule": 0, "own": False, "when": "after"}
    assert (changed.cause, requested.cause) == ("rule:q/0", "rule:q/0")
    assert told(changed)["changed"] == ["tier", "head_start_us"]
    assert (told(changed)["tier"], told(changed)["head_start_us"], told(changed)["version"]) == (3, 7, 2)
    assert told(requested) == {
        "contact_id": "c",
        "queue_id": "q",
        "customer_id": "anna",
        "conversation_id": None,
        "report": "late",
    }
    assert model.next_at_us() is None
    assert wait(model, 100) == []


def test_cause_and_actor_are_afterwards_what_they_were() -> None:
    model = centre(planned(entry(report="new")))
    events = model.handle(arrive("c", actor="boss"), 1)
    assert [(line, event.cause, event.actor) for line, event in zip(said(events), events, strict=True)] == [
        ("contact.queued c", "command:2", "boss"),
        ("rule.fired c 0 entry", "command:2", "boss"),
        ("action.requested c new", "rule:q/0", None),
        ("offer.made c a0", "command:2", "boss"),
    ]


def test_entry_steps_fire_in_order_and_the_queues_before_the_contacts_own() -> None:
    model = waiting(entry(report="one"), step(0, report="two"))
    events = model.handle(arrive("c", plan=[entry(report="mine")]), 1)
    assert said(events) == [
        "contact.queued c",
        "rule.fired c 0 entry",
        "action.requested c one",
        "rule.fired c 1 after",
        "action.requested c two",
        "rule.fired c own 0 entry",
        "action.requested c mine",
    ]
    assert events[-1].cause == "rule:q/own/0"


def test_number_ahead_counts_at_entry_only() -> None:
    model = waiting(PlanStep(ahead=2, report="long"))
    assert ask(model, arrive("a"), 0) == ["contact.queued a"]
    assert ask(model, arrive("vip", tier=1), 0) == ["contact.queued vip"]
    assert ask(model, arrive("c"), 0) == ["contact.queued c", "rule.fired c 0 ahead", "action.requested c long"]
    # One of higher tier stands before all; that three stand behind it does not count.
    assert ask(model, arrive("top", tier=2), 0) == ["contact.queued top"]
    # Two have come before ``a`` by now, but that is not entry.
    assert ask(model, change("a", head_start_us=0), 0) == ["contact.changed a"]


def test_exhausted_offers_make_a_step_due_again_only_for_the_next_step() -> None:
    exhausted = PlanOn.OFFERS_EXHAUSTED
    model = centre(
        planned(step(exhausted, report="one"), step(exhausted, report="two"), offers_max_per_contact=1, cooldown_us=0)
    )
    model.handle(arrive("c"), 0)
    assert ask(model, DeclineOffer(offer_id="o1"), 1) == [
        "offer.declined c a0",
        "offer.exhausted c",
        "rule.fired c 0 offers_exhausted",
        "action.requested c one",
        "rule.fired c 1 offers_exhausted",
        "action.requested c two",
        "offer.made c a0",
    ]
    # Counted anew at each rule, it is told again; both steps have fired.
    assert ask(model, DeclineOffer(offer_id="o2"), 2) == ["offer.declined c a0", "offer.exhausted c", "offer.made c a0"]
    assert ask(model, DeclineOffer(offer_id="o3"), 3) == ["offer.declined c a0", "offer.made c a0"]


def test_overdue_makes_a_step_due() -> None:
    model = waiting(step(PlanOn.OVERDUE, report="late"), overdue_after_us=5)
    model.handle(arrive("c"), 0)
    assert wait(model, 5) == ["contact.overdue c", "rule.fired c 0 overdue", "action.requested c late"]


def test_overdue_told_at_the_return_counts_then() -> None:
    model = centre(planned(step(PlanOn.OVERDUE, report="late"), overdue_after_us=5, offer=AUTO))
    model.handle(arrive("c"), 0)
    assert wait(model, 6) == []
    assert ask(model, RequeueContact(contact_id="c"), 7) == [
        "leg.ended c a0 requeued",
        "contact.requeued c command",
        "contact.overdue c",
        "rule.fired c 0 overdue",
        "action.requested c late",
    ]


# ---- nobody online


def test_nobody_online_is_looked_at_at_entry_and_when_somebody_leaves() -> None:
    model = centre(planned(step(PlanOn.NOBODY_ONLINE, report="empty"), offer=MANUAL), agents=2)
    assert ask(model, arrive("c"), 0) == ["contact.queued c"]
    assert ask(model, offline("a0"), 1) == ["agent.presence_changed a0 offline"]
    assert ask(model, offline("a1"), 2) == [
        "agent.presence_changed a1 offline",
        "rule.fired c 0 nobody_online",
        "action.requested c empty",
    ]
    assert ask(model, arrive("d"), 3) == [
        "contact.queued d",
        "rule.fired d 0 nobody_online",
        "action.requested d empty",
    ]


@pytest.mark.parametrize(
    ("fields", "is_nobody"),
    [
        ({}, False),
        ({"excluded": ["a0"]}, True),
        ({"requires": "agent.skills.french > 0"}, True),
        ({"channel": "chat"}, True),
    ],
)
def test_nobody_online_asks_who_could_ever_serve(fields: dict[str, Any], is_nobody: bool) -> None:
    agents = {
        "a0": agent(channels={"chat": AgentChannel(blocked=True)}),
        "a1": agent(skills={"french": 9}),
    }
    model = centre(planned(step(PlanOn.NOBODY_ONLINE, report="empty")), agents=agents, present=False)
    model.handle(away("a0"), 0)
    events = ask(model, arrive("c", **fields), 1)
    assert ("rule.fired c 0 nobody_online" in events) == is_nobody


def test_contacts_for_whom_nobody_is_left_are_looked_at_by_seq() -> None:
    model = centre(planned(step(PlanOn.NOBODY_ONLINE, end=RuleEnd.EXPIRED), offer=MANUAL))
    model.handle(arrive("c"), 0)
    model.handle(arrive("d", tier=1), 0)
    assert ask(model, offline("a0"), 1) == [
        "agent.presence_changed a0 offline",
        "rule.fired c 0 nobody_online",
        "contact.expired c rule",
        "rule.fired d 0 nobody_online",
        "contact.expired d rule",
    ]


# ---- conditions


def test_condition_sees_contact_and_figures_of_the_queue() -> None:
    condition = (
        "contact.channel == 'chat' && contact.tier == 4 && contact.attributes.gold && queue.id == 'q' &&"
        " queue.attributes.tongue == 'fr' && queue.waiting == 2 && queue.oldest_us == 7 && queue.online == 2 &&"
        " queue.available == 1 && queue.away == 1 && queue.free == 1"
    )
    queue = planned(step(0, if_=condition, report="yes"), attributes={"tongue": "fr"}, offer=MANUAL)
    model = centre(queue, agents=3, present=False)
    model.handle(arrive("before"), 0)
    model.handle(away("a0"), 0)
    model.handle(available("a1"), 0)
    events = ask(model, arrive("c", channel="chat", tier=4, attributes={"gold": True}), 7)
    assert events[-1] == "action.requested c yes"


def test_condition_that_fails_is_no_and_time_and_number_ask_once() -> None:
    model = waiting(
        step(5, if_="contact.attributes.gold", report="once"),
        PlanStep(ahead=1, if_="queue.waiting > 9", report="ahead"),
        step(PlanOn.NOBODY_ONLINE, if_="queue.waiting == 1", report="again"),
    )
    model.handle(arrive("d"), 0)
    model.handle(arrive("c"), 0)
    assert wait(model, 5) == []
    model.handle(change("c", attributes={"gold": True}), 6)
    assert ask(model, offline("a0"), 7) == ["agent.presence_changed a0 offline"]
    # What hangs on an event asks again when it happens again.
    model.handle(away("a0"), 8)
    model.handle(change("d", queue_id="r"), 8)
    assert ask(model, offline("a0"), 9)[1:] == ["rule.fired c 2 nobody_online", "action.requested c again"]


# ---- what becomes due while the contact does not wait


def test_step_due_during_work_fires_on_return_before_any_offer() -> None:
    model = centre(planned(step(5, tier=1), offer=AUTO))
    model.handle(arrive("c"), 0)
    assert wait(model, 20) == []
    assert ask(model, RequeueContact(contact_id="c", cooldown=0), 21) == [
        "leg.ended c a0 requeued",
        "contact.requeued c command",
        "rule.fired c 0 after",
        "contact.changed c",
        "offer.made c a0",
        "offer.accepted c a0",
        "contact.active c a0",
    ]


def test_parking_stops_the_clock_of_the_plan() -> None:
    model = waiting(step(5, report="late"))
    model.handle(arrive("c"), 0)
    model.handle(ParkContact(contact_id="c"), 3)
    assert model.next_at_us() is None
    model.handle(UnparkContact(contact_id="c"), 10)
    assert model.next_at_us() == 12


def test_parked_entrant_meets_its_entry_steps_when_it_is_unparked() -> None:
    model = waiting(entry(report="new"))
    assert ask(model, arrive("c", parked=True), 0) == ["contact.parked c"]
    assert ask(model, UnparkContact(contact_id="c"), 5) == [
        "contact.queued c",
        "rule.fired c 0 entry",
        "action.requested c new",
    ]


def test_steps_after_one_that_parks_fire_on_return() -> None:
    model = waiting(entry(park=5), entry(report="back"), step(8, park=True))
    assert ask(model, arrive("c"), 0) == ["contact.queued c", "rule.fired c 0 entry", "contact.parked c"]
    assert told(model.handle(expedite(), 1)[0])["reason"] == "contact_parked"
    assert wait(model, 5) == ["contact.queued c", "rule.fired c 1 entry", "action.requested c back"]
    (fired, parked) = model.advance(20)
    assert (fired.at_us, told(parked)["until_us"], told(parked)["clock"]) == (13, None, "stops")


# ---- patches


def test_requirement_of_a_rule_takes_the_place_of_the_queues_until_the_contact_leaves() -> None:
    agents = {"a0": agent(skills={"english": 5})}
    queue = planned(step(5, requires="agent.skills.english > 3"), requires="agent.skills.english > 8")
    model = centre(queue, Queue(offer=MANUAL), agents)
    model.handle(arrive("c", requires="agent.skills.english > 1"), 0)
    fired, changed, offered = model.advance(5)
    assert told(changed)["changed"] == ["requires"]
    assert told(changed)["requires"] == "agent.skills.english > 1"
    assert said([fired, offered]) == ["rule.fired c 0 after", "offer.made c a0"]
    model.handle(change("c", queue_id="r"), 6)
    events = ask(model, change("c", queue_id="q"), 7)
    assert "offer.made c a0" not in events


def test_own_requirement_stays_beside_that_of_a_rule() -> None:
    model = centre(planned(entry(requires="true"), requires="false"))
    assert "offer.made c a0" not in ask(model, arrive("c", requires="agent.skills.none > 0"), 0)
    assert "offer.made d a0" in ask(model, arrive("d"), 0)


def test_own_plan_wins_field_by_field() -> None:
    model = waiting(step(5, tier=1, cost=7), step(6, tier=2))
    model.handle(arrive("c", plan=[step(2, tier=9)]), 0)
    first, second = (event for event in model.advance(10) if "changed" in event.__struct_fields__)
    assert (told(first)["changed"], told(first)["tier"]) == (["tier"], 9)
    assert (told(second)["changed"], told(second)["tier"], told(second)["cost"]) == (["cost"], 9, 7)


def test_step_all_of_whose_fields_the_own_plan_has_set_fires_and_does_nothing_else() -> None:
    model = waiting(step(5, tier=2))
    model.handle(arrive("c", plan=[step(2, tier=9)]), 0)
    assert wait(model, 10) == ["rule.fired c own 0 after", "contact.changed c", "rule.fired c 0 after"]


def test_offers_stand_unless_the_patch_says_otherwise() -> None:
    model = centre(planned(step(2, excluded=["a0"]), step(4, tier=1, offers=ChangeOffers.RECHECK)))
    model.handle(arrive("c"), 0)
    assert wait(model, 3) == ["rule.fired c 0 after", "contact.changed c"]
    assert wait(model, 4) == ["rule.fired c 1 after", "contact.changed c", "offer.rescinded c a0 changed"]


# ---- overflow


def test_overflow_moves_the_contact_and_begins_the_plan_of_the_other_queue() -> None:
    other = planned(step(4, report="there"), keeps_place=KeepsPlace.NONE)
    model = waiting(step(5, queue="r", tier=2), step(6, report="here"), r=other)
    model.handle(arrive("c"), 0)
    fired, changed, queued = model.advance(5)
    assert said([fired, changed, queued]) == ["rule.fired c 0 after", "contact.changed c", "contact.queued c"]
    assert told(changed)["changed"] == ["queue_id", "tier"]
    assert (queued.cause, told(queued)["queue_id"], told(queued)["place_at_us"]) == ("rule:q/0", "r", 5)
    fired, _ = model.advance(100)
    assert (fired.at_us, told(fired)["queue_id"], told(fired)["rule"]) == (9, "r", 0)


def test_overflow_can_keep_the_plan_with_its_clock_and_what_it_has_done() -> None:
    other = planned(entry(report="not followed"))
    model = waiting(
        step(5, queue="r", plan=KEEP, keeps_place=KeepsPlace.AGE), step(8, report="on"), entry(report="new"), r=other
    )
    model.handle(arrive("c"), 0)
    events = model.advance(5)
    assert said(events) == ["rule.fired c 0 after", "contact.changed c", "contact.queued c"]
    assert told(events[1])["changed"] == ["queue_id", "keeps_place"]
    assert told(events[2])["place_at_us"] == 0
    fired, asked = model.advance(100)
    assert (fired.at_us, told(fired)["queue_id"], told(asked)["queue_id"]) == (8, "q", "r")
    assert fired.cause == "timer:rule"
    assert asked.cause == "rule:q/1"


def test_moves_by_command_restart_both_plans_but_own_overflow_is_spent() -> None:
    model = waiting(entry(report="queue"))
    own = [entry(report="own"), step(5, queue="r")]
    model.handle(arrive("c", plan=own), 0)
    wait(model, 5)
    assert ask(model, change("c", queue_id="q"), 6) == [
        "contact.changed c",
        "contact.queued c",
        "rule.fired c 0 entry",
        "action.requested c queue",
        "rule.fired c own 0 entry",
        "action.requested c own",
    ]
    assert model.next_at_us() is None


def test_transfer_is_an_entry_too() -> None:
    model = centre(Queue(offer=AUTO), planned(entry(report="new"), offer=MANUAL))
    model.handle(arrive("c"), 0)
    events = ask(model, TransferContact(contact_id="c", agent_id="a0", to_queue="r"), 1)
    assert events[-2:] == ["rule.fired c 0 entry", "action.requested c new"]


# ---- ends


@pytest.mark.parametrize(
    ("end", "events", "field"),
    [
        (RuleEnd.CLOSED, ["contact.closed c", "offer.rescinded c a0 rule"], ("disposition", None)),
        (RuleEnd.CANCELLED, ["contact.cancelled c rule", "offer.rescinded c a0 cancelled"], ("reason", "rule")),
        (RuleEnd.EXPIRED, ["contact.expired c rule", "offer.rescinded c a0 rule"], ("reason", "rule")),
    ],
)
def test_rule_ends_a_contact(end: RuleEnd, events: list[str], field: tuple[str, Any]) -> None:
    model = centre(planned(step(5, end=end)))
    model.handle(arrive("c"), 0)
    found = model.advance(5)
    assert said(found) == ["rule.fired c 0 after", *events]
    assert told(found[1])[field[0]] == field[1]
    assert told(found[1])["waited_us"] == 5
    assert {event.cause for event in found[1:]} == {"rule:q/0"}
    assert model.contacts[0].state == ContactState(end.value)
    assert model.counters()["inside"] == 0


def test_wrap_up_outlives_a_contact_that_a_rule_ends_unless_it_is_cancelled() -> None:
    for end, has_leg in ((RuleEnd.EXPIRED, True), (RuleEnd.CLOSED, True), (RuleEnd.CANCELLED, False)):
        model = centre(Queue(offer=AUTO, wrap_up_us=50), planned(step(5, end=end)))
        model.handle(arrive("c"), 0)
        model.handle(TransferContact(contact_id="c", agent_id="a0", to_queue="r"), 1)
        model.advance(6)
        assert bool(model.agents["a0"].legs) == has_leg


# ---- limits


def test_length_counts_the_others_at_entry() -> None:
    model = waiting(limits=Limits(length=2))
    model.handle(arrive("a"), 0)
    model.handle(arrive("b"), 0)
    events = model.handle(arrive("c"), 0)
    assert said(events) == ["contact.queued c", "rule.fired c 1 limit", "contact.expired c length"]
    assert [event.cause for event in events] == ["command:4", "command:4", "rule:q/1"]
    assert ask(model, change("a", tier=1), 0) == ["contact.changed a"]


def test_time_in_queue_and_life_are_limited() -> None:
    model = waiting(limits=Limits(in_queue_us=5, ttl_us=8))
    model.handle(arrive("c"), 0)
    assert model.next_at_us() == 5
    assert wait(model, 5) == ["rule.fired c 1 limit", "contact.expired c in_queue"]
    model.handle(arrive("d", limits=Limits(in_queue_us=100)), 10)
    assert wait(model, 20) == ["rule.fired d 1 limit", "contact.expired d ttl"]


def test_limit_that_passes_during_work_is_reached_on_return() -> None:
    model = centre(planned(limits=Limits(ttl_us=5), offer=AUTO))
    model.handle(arrive("c"), 0)
    assert ask(model, RequeueContact(contact_id="c"), 9)[-1] == "contact.expired c ttl"
    assert ask(model, CompleteContact(contact_id="c"), 10) == ["command.refused c contact_ended"]


def test_steps_on_a_limit_take_the_place_of_the_fallback() -> None:
    model = waiting(step(PlanOn.LIMIT, report="one"), step(PlanOn.LIMIT, report="two"), limits=Limits(in_queue_us=5))
    model.handle(arrive("c"), 0)
    assert wait(model, 50) == [
        "rule.fired c 0 limit",
        "action.requested c one",
        "rule.fired c 1 limit",
        "action.requested c two",
    ]


def test_second_limit_without_a_step_left_expires_the_contact() -> None:
    model = waiting(step(PlanOn.LIMIT, report="one"), limits=Limits(in_queue_us=5, ttl_us=9))
    model.handle(arrive("c"), 0)
    wait(model, 5)
    assert wait(model, 9) == ["rule.fired c 2 limit", "contact.expired c ttl"]


def test_limit_can_overflow_and_the_life_is_limited_over_all_queues() -> None:
    limits = Limits(in_queue_us=5, ttl_us=8)
    model = waiting(step(PlanOn.LIMIT, queue="r"), limits=limits, r=planned(limits=limits))
    model.handle(arrive("c"), 0)
    assert wait(model, 5) == ["rule.fired c 0 limit", "contact.changed c", "contact.queued c"]
    assert wait(model, 8) == ["rule.fired c 1 limit", "contact.expired c ttl"]


def test_life_that_ends_as_the_contact_moves_for_another_reason_ends_in_the_other_queue() -> None:
    model = waiting(step(8, queue="r"), step(PlanOn.LIMIT, report="never"), limits=Limits(ttl_us=8), r=planned())
    model.handle(arrive("c", limits=Limits(ttl_us=8)), 0)
    assert wait(model, 8) == [
        "rule.fired c 0 after",
        "contact.changed c",
        "contact.queued c",
        "rule.fired c 1 limit",
        "contact.expired c ttl",
    ]


def test_new_limits_of_a_contact_that_waits_count_at_once() -> None:
    model = waiting()
    model.handle(arrive("c"), 0)
    assert ask(model, change("c", limits=Limits(in_queue_us=5)), 3) == ["contact.changed c"]
    assert model.next_at_us() == 5
    assert ask(model, change("c", limits=Limits(ttl_us=2)), 4)[1:] == ["rule.fired c 1 limit", "contact.expired c ttl"]


# ---- changes


def test_new_plan_of_a_contact_that_waits_begins_with_the_clock_it_has() -> None:
    model = waiting()
    model.handle(arrive("c"), 0)
    plan = [entry(report="no"), step(3, report="past"), step(9, report="to come")]
    assert ask(model, change("c", plan=plan), 5) == [
        "contact.changed c",
        "rule.fired c own 1 after",
        "action.requested c past",
    ]
    assert model.next_at_us() == 9


# ---- expedite


def test_expedite_fires_the_next_step_of_time() -> None:
    model = waiting(step(20, report="far"), entry(if_="false", report="no"), step(9, if_="false", report="vain"))
    model.handle(arrive("c", plan=[step(10, report="mine"), step(20, report="mine too")]), 0)
    events = model.handle(expedite(), 1)
    assert said(events) == ["rule.fired c own 0 expedited", "action.requested c mine"]
    assert [event.cause for event in events] == ["command:3", "rule:q/own/0"]
    assert ask(model, expedite(), 2) == ["rule.fired c 0 expedited", "action.requested c far"]
    assert model.next_at_us() == 9
    assert ask(model, expedite(), 3) == ["rule.fired c own 1 expedited", "action.requested c mine too"]
    assert ask(model, expedite(), 4) == ["command.refused c no_rule"]


def test_expedite_is_refused_where_the_contact_does_not_wait() -> None:
    model = centre(planned(step(5, report="x")))
    assert ask(model, expedite("ghost"), 0) == ["command.refused ghost unknown_contact"]
    model.handle(arrive("c"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    assert ask(model, expedite(), 0) == ["command.refused c contact_active"]
    model.handle(CompleteContact(contact_id="c"), 0)
    assert ask(model, expedite(), 0) == ["command.refused c contact_ended"]


def test_what_an_expedited_move_brings_follows_in_the_decision() -> None:
    model = waiting(step(20, queue="r"), r=planned(entry(report="there")))
    model.handle(arrive("c"), 0)
    assert ask(model, expedite(), 1) == [
        "rule.fired c 0 expedited",
        "contact.changed c",
        "contact.queued c",
        "rule.fired c 0 entry",
        "action.requested c there",
    ]
