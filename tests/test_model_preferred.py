"""The oracle: contacts that are kept a while for their preferred agents."""

from __future__ import annotations

from typing import Any

import pytest

from ccroute.commands import (
    AcceptOffer,
    AssignContact,
    CompleteContact,
    DeclineOffer,
    ParkContact,
    PickContact,
    RequeueContact,
    TransferContact,
    UnparkContact,
)
from ccroute.config.structs import AgentQueue, Prefer, Queue
from ccroute.types import Ignorable, OnUnanswered, PlanOn, PreferredScope, TransferMode
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
    offline,
    pairs_made,
    planned,
    said,
    step,
    told,
    wait,
)
from tests.model import Model

ANYONE = PreferredScope.ANYONE
TWENTY = Prefer(wait_us=20)


def keeping(prefer: Prefer = TWENTY, **fields: Any) -> Queue:
    """Return a queue that keeps contacts for their preferred agents."""
    return Queue(**({"offer": RING, "prefer": prefer} | fields))


def busy(agents: int | dict[str, Any] = 2, q: Queue | None = None, r: Queue | None = None) -> Model:
    """Return a centre whose agent ``a0`` is there and at work, and the others are there."""
    model = centre(q or keeping(), r, agents)
    model.handle(arrive("work"), 0)
    model.handle(PickContact(contact_id="work", agent_id="a0"), 0)
    return model


def test_contact_is_kept_for_its_preferred_agent_and_then_for_all() -> None:
    model = busy()
    assert ask(model, arrive("c", preferred=["a0"]), 1) == ["contact.queued c"]
    assert model.next_at_us() == 21
    ended, offered = model.advance(21)
    assert said([ended, offered]) == ["contact.preferred_ended c waited", "offer.made c a1"]
    assert (told(ended)["queue_id"], ended.cause) == ("q", "timer:rule")


def test_preferred_agent_gets_its_contact_before_one_that_waits_longer() -> None:
    model = busy()
    model.handle(away("a1"), 1)
    model.handle(arrive("c", preferred=["a0", "ghost"]), 1)
    model.handle(available("a1"), 2)
    assert ask(model, CompleteContact(contact_id="work"), 3)[-1] == "offer.made c a0"


def test_contact_is_kept_no_longer_when_the_last_of_them_goes() -> None:
    model = busy(agents=3)
    model.handle(away("a2"), 1)
    model.handle(arrive("c", preferred=["a0", "a2"]), 1)
    assert ask(model, away("a0", next_=True), 2) == ["agent.next_presence_set a0 away"]
    assert ask(model, away("a0"), 3) == [
        "agent.presence_changed a0 away",
        "contact.preferred_ended c nobody_online",
        "offer.made c a1",
    ]


def test_nobody_online_at_the_begin_ends_it_at_once() -> None:
    model = centre(keeping(), agents=2)
    model.handle(away("a0"), 0)
    assert ask(model, arrive("c", preferred=["a0"]), 1) == [
        "contact.queued c",
        "contact.preferred_ended c nobody_online",
        "offer.made c a1",
    ]


def test_queue_can_wait_for_those_who_are_away() -> None:
    model = centre(keeping(Prefer(wait_us=20, wait_for_away=True)), agents=2)
    model.handle(away("a0"), 0)
    assert ask(model, arrive("c", preferred=["a0"]), 1) == ["contact.queued c"]
    assert ask(model, offline("a0"), 2)[1:] == ["contact.preferred_ended c nobody_online", "offer.made c a1"]


@pytest.mark.parametrize("fields", [{"preferred": ["ghost"]}, {"preferred": ["a0"], "preferred_wait_us": 0}])
def test_without_known_agents_or_without_time_there_is_no_phase(fields: dict[str, Any]) -> None:
    assert ask(busy(), arrive("c", **fields), 1) == ["contact.queued c", "offer.made c a1"]


def test_bound_counts_contacts_that_wait_for_an_agent() -> None:
    model = busy(q=keeping(Prefer(wait_us=20, waiting_max=1)), agents=3)
    model.handle(away("a1"), 0)
    model.handle(away("a2"), 0)
    model.handle(arrive("c", preferred=["a0"]), 1)
    assert ask(model, arrive("d", preferred=["a0"]), 2) == ["contact.queued d", "contact.preferred_ended d bound"]
    # Those at the bound are left out, the others are kept.
    assert ask(model, arrive("e", preferred=["a0", "a1"]), 2)[1:] == ["contact.preferred_ended e nobody_online"]
    model.handle(ParkContact(contact_id="c"), 3)
    assert ask(model, arrive("f", preferred=["a0"]), 3) == ["contact.queued f"]


def test_scope_and_requirement_are_those_of_the_queue_unless_the_contact_says() -> None:
    agents = {"a0": agent(queues={"r": 1, "q": AgentQueue(rank=3, after_us=90)}), "a1": agent(queues={"r": 1})}
    queue = keeping(requires="agent.skills.french > 0")
    fields: dict[str, Any] = {"preferred": ["a1"], "preferred_scope": ANYONE}
    model = centre(queue, agents=agents)
    assert ask(model, arrive("c", **fields), 1) == ["contact.queued c"]
    (offered,) = [*model.handle(change("c", preferred_requires=False), 2)][1:]
    assert (told(offered)["agent_id"], told(offered)["rank"]) == ("a1", 1)
    events = model.handle(arrive("d", preferred=["a0"], preferred_scope=ANYONE, preferred_requires=False), 3)
    assert told(events[-1])["rank"] == 3


def test_excluded_agents_and_cooldowns_hold_for_preferred_agents_too() -> None:
    model = centre(keeping(cooldown_us=5), agents=2)
    assert ask(model, arrive("c", preferred=["a0"]), 0)[-1] == "offer.made c a0"
    assert ask(model, DeclineOffer(offer_id="o1"), 1) == ["offer.declined c a0"]
    assert wait(model, 6) == ["offer.made c a0"]
    assert ask(model, arrive("d", preferred=["a1"], excluded=["a1"]), 7) == ["contact.queued d"]


def test_offer_out_stands_when_the_phase_ends() -> None:
    model = centre(keeping(Prefer(wait_us=5)), agents={"a0": agent(queues={}), "a1": agent()})
    model.handle(arrive("c", preferred=["a0"], preferred_scope=ANYONE), 0)
    assert wait(model, 5) == ["contact.preferred_ended c waited"]
    assert ask(model, AcceptOffer(offer_id="o1"), 6)[0] == "offer.accepted c a0"


# ---- begun by a change


def test_change_of_preferred_agents_begins_anew_from_its_moment() -> None:
    model = busy(agents=3)
    model.handle(arrive("c", preferred=["a0"]), 1)
    assert ask(model, ParkContact(contact_id="work"), 2)[-1] == "offer.made c a0"
    model.handle(DeclineOffer(offer_id="o2"), 3)
    assert ask(model, change("c", preferred=["a1"]), 4) == ["contact.changed c", "offer.made c a1"]
    model.handle(away("a1"), 5)
    assert model.contacts[1].phase is None
    model.handle(change("c", queue_id="q", preferred=["a0"]), 6)
    assert model.contacts[1].phase is not None
    assert model.contacts[1].phase.ends == 26


def test_change_of_other_fields_does_not_touch_the_phase() -> None:
    model = busy()
    model.handle(arrive("c", preferred=["a0"]), 1)
    model.handle(change("c", preferred_wait_us=5, tier=1), 4)
    assert model.next_at_us() == 21


def test_step_of_a_plan_can_keep_a_contact() -> None:
    model = busy(q=keeping(plan=[step(5, preferred=["a0"], preferred_wait_us=10)], offer=RING))
    model.handle(away("a1"), 0)
    model.handle(arrive("c"), 1)
    # The step fires before a1 comes, in the same instant.
    assert ask(model, available("a1"), 6)[0] == "rule.fired c 0 after"
    assert wait(model, 15) == []
    assert wait(model, 16) == ["contact.preferred_ended c waited", "offer.made c a1"]


def test_agents_set_while_the_contact_does_not_wait_are_waited_for_when_it_does() -> None:
    model = centre(keeping(offer=AUTO), agents=2)
    model.handle(arrive("c"), 0)
    model.handle(arrive("d", "r"), 0)
    model.handle(AcceptOffer(offer_id="o2"), 0)
    assert ask(model, change("c", preferred=["a1"]), 5) == ["contact.changed c"]
    assert ask(model, RequeueContact(contact_id="c", cooldown=0), 9) == [
        "leg.ended c a0 requeued",
        "contact.requeued c command",
    ]
    assert model.next_at_us() == 29


# ---- gone on, and left


def test_phase_goes_on_after_parking_and_work() -> None:
    model = busy()
    model.handle(arrive("c", preferred=["a0"]), 1)
    model.handle(ParkContact(contact_id="c"), 4)
    model.handle(UnparkContact(contact_id="c"), 10)
    assert model.next_at_us() == 27
    model.handle(CompleteContact(contact_id="work"), 11)
    model.handle(AcceptOffer(offer_id="o2"), 12)
    assert wait(model, 30) == []
    assert ask(model, RequeueContact(contact_id="c", cooldown=0), 31)[1:] == [
        "contact.requeued c command",
        "contact.preferred_ended c waited",
        "offer.made c a1",
    ]


def test_leaving_the_queue_ends_the_phase_without_a_word_and_another_begins() -> None:
    model = busy(r=keeping(Prefer(wait_us=7)))
    model.handle(arrive("c", preferred=["a0"]), 1)
    assert ask(model, change("c", queue_id="r"), 4) == ["contact.changed c", "contact.queued c"]
    assert model.next_at_us() == 11


def test_contact_transferred_to_one_agent_is_not_kept_from_it() -> None:
    model = centre(keeping(), agents=3)
    model.handle(arrive("c", preferred=["a0"]), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(TransferContact(contact_id="c", agent_id="a0", to_agent="a1"), 1)
    assert ask(model, PickContact(contact_id="c", agent_id="a1"), 2)[0] == "offer.accepted c a1"


# ---- by name


def test_pick_by_another_is_refused_and_assignment_may_ignore_it() -> None:
    model = busy()
    model.handle(arrive("c", preferred=["a0"]), 1)
    assert ask(model, PickContact(contact_id="c", agent_id="a1"), 2) == ["command.refused c a1 not_eligible preferred"]
    assert ask(model, AssignContact(contact_id="c", agent_id="a1"), 2)[0].endswith("not_eligible preferred")
    ignoring = [Ignorable.MEMBERSHIP]
    assert ask(model, AssignContact(contact_id="c", agent_id="a1", ignoring=ignoring), 2) == ["offer.made c a1 manual"]
    assert ask(model, change("c", tier=1), 3) == ["contact.changed c", "offer.rescinded c a1 changed"]


def test_nobody_online_is_not_asked_while_a_contact_is_kept() -> None:
    queue = planned(step(PlanOn.NOBODY_ONLINE, report="empty"), prefer=TWENTY, offer=MANUAL)
    model = centre(queue, agents={"a0": agent(queues={})})
    assert ask(model, arrive("c", preferred=["a0"], preferred_scope=ANYONE), 0) == ["contact.queued c"]
    assert wait(model, 20) == [
        "contact.preferred_ended c waited",
        "rule.fired c 0 nobody_online",
        "action.requested c empty",
    ]


def test_phase_whose_time_is_over_does_not_begin() -> None:
    model = centre(keeping(offer=AUTO), planned(prefer=TWENTY, offer=MANUAL))
    model.handle(arrive("c", preferred=["a0"]), 0)
    model.handle(change("c", queue_id="r"), 1)
    assert ask(model, RequeueContact(contact_id="c"), 21)[1:] == ["contact.requeued c command"]


# ---- by a transfer


def given(mode: TransferMode = TransferMode.BLIND, to_agent: str | int = "a1", **fields: Any) -> TransferContact:
    """Return the command by which a0 gives contact c to queue r, to be kept there for an agent."""
    return TransferContact(contact_id="c", agent_id="a0", to_queue="r", to_agent=to_agent, mode=mode, **fields)


def giving(agents: int | dict[str, Any] = 3, r: Queue | None = None) -> Model:
    """Return a centre in which a0 has contact c, a1 is at work and the others are there."""
    model = centre(Queue(offer=RING), r or keeping(), agents)
    for contact_id, agent_id in (("c", "a0"), ("work", "a1")):
        model.handle(arrive(contact_id), 0)
        model.handle(PickContact(contact_id=contact_id, agent_id=agent_id), 0)
    return model


def test_transfer_to_a_queue_and_an_agent_waits_there_for_the_agent_and_then_for_all() -> None:
    model = giving()
    moved, ended, queued = model.handle(given(), 5)
    assert said([ended, queued]) == ["leg.ended c a0 transferred", "contact.queued c"]
    assert told(moved) | {"to_queue_id": "r", "to_agent_id": "a1", "from_queue_id": "q"} == told(moved)
    assert [(event.at_us, *said([event])) for event in model.advance(25)] == [
        (25, "contact.preferred_ended c waited"),
        (25, "offer.made c a2"),
    ]


def test_agent_named_gets_the_contact_when_it_is_free() -> None:
    model = giving()
    model.handle(given(), 5)
    offered = model.handle(CompleteContact(contact_id="work", wrap_up_us=0), 8)[-1]
    assert (said([offered]), told(offered)["mode"]) == (["offer.made c a1"], "ring")


def test_agent_who_is_not_there_is_not_waited_for() -> None:
    model = giving(r=keeping(Prefer(wait_us=20, wait_for_away=False)))
    model.handle(away("a1"), 1)
    assert ask(model, given(), 5)[-2:] == ["contact.preferred_ended c nobody_online", "offer.made c a2"]


def test_transfer_says_how_the_contact_is_kept_and_nothing_else_counts() -> None:
    agents = {"a0": agent(), "a1": agent(queues={"q": 1}), "a2": agent()}
    model = centre(Queue(offer=RING), keeping(), agents)
    model.handle(arrive("c", preferred=["a2"], preferred_wait_us=3, preferred_scope=PreferredScope.MEMBERS), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    assert pairs_made(model.handle(given(preferred_scope=ANYONE), 5)) == []
    model = centre(Queue(offer=RING), keeping(), agents)
    model.handle(arrive("c", preferred=["a0"], preferred_wait_us=3), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    assert pairs_made(model.handle(given(preferred_scope=ANYONE, preferred_wait_us=0), 5)) == [("c", "a2")]
    wishes = model.contacts[0].given
    assert (wishes.preferred, wishes.preferred_wait_us, wishes.preferred_scope) == (["a1"], 0, ANYONE)


def test_unanswered_the_contact_stays_in_the_queue_whatever_was_said() -> None:
    model = giving()
    model.handle(given(on_unanswered=OnUnanswered.RETURN), 5)
    model.handle(CompleteContact(contact_id="work", wrap_up_us=0), 8)
    assert ask(model, DeclineOffer(offer_id="o3"), 9) == ["offer.declined c a1"]
    assert wait(model, 25)[-1] == "offer.made c a2"


def test_transfer_to_a_queue_asks_nothing_of_the_agent_named() -> None:
    model = giving(agents={"a0": agent(), "a1": agent(queues={"q": 1}), "a2": agent(queues={})})
    model.handle(away("a1"), 1)
    assert "contact.queued c" in ask(model, given(), 5)
    assert ask(model, given(to_agent="ghost"), 6) == ["command.refused c a0 unknown_agent"]


def test_contact_can_be_kept_for_its_giver() -> None:
    model = giving()
    assert ask(model, given(to_agent="a0"), 5)[-1] == "contact.queued c"
    assert wait(model, 24) == []


def test_warm_transfer_seeks_among_all_of_the_queue() -> None:
    model = giving()
    assert ask(model, given(TransferMode.WARM), 5) == ["contact.transferred c a0 warm to r to a1", "offer.made c a2"]
    assert model.contacts[0].given.preferred == ["a1"]


def test_contact_of_a_warm_transfer_is_kept_when_it_waits_after_all() -> None:
    model = giving()
    model.handle(given(TransferMode.WARM), 5)
    assert ask(model, RequeueContact(contact_id="c"), 7)[-2:] == [
        "offer.rescinded c a2 withdrawn",
        "contact.requeued c command",
    ]
    assert wait(model, 25)[-2:] == ["contact.preferred_ended c waited", "offer.made c a2"]
