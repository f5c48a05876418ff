"""The oracle: another configuration while contacts wait and agents work."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from ccroute.commands import (
    AbandonContact,
    AcceptOffer,
    AssignContact,
    CompleteContact,
    Configure,
    ConsultAgent,
    DeclineOffer,
    JoinConference,
    OpenQueue,
    ParkContact,
    PauseQueue,
    PickContact,
    PutAgent,
    PutChannel,
    PutQueue,
    RemoveAgent,
    RemoveQueue,
    RequeueContact,
    SetExternalLoad,
    TransferContact,
    UnparkContact,
)
from ccroute.config.structs import (
    Agent,
    AgentChannel,
    AgentQueue,
    CallbackPolicy,
    Channel,
    EngineSettings,
    Hours,
    Limits,
    PlanStep,
    Prefer,
    Queue,
)
from ccroute.types import Ignorable, PlanOn, PlanOnOverflow, RefusalReason, Removal
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
    entry,
    offline,
    planned,
    reason,
    said,
    step,
    told,
    wait,
)
from tests.model import Model

DRAIN = Removal.DRAIN
QUIET = Queue(offer=MANUAL)


def put(queue: Queue, queue_id: str = "q", **fields: Any) -> PutQueue:
    return PutQueue(queue_id=queue_id, config=queue, **fields)


def put_agent(agent_id: str, config: Agent | None = None, **fields: Any) -> PutAgent:
    return PutAgent(agent_id=agent_id, config=config or agent(), **fields)


def remove(queue_id: str = "q", **fields: Any) -> RemoveQueue:
    return RemoveQueue(queue_id=queue_id, **fields)


def dismiss(agent_id: str = "a0", **fields: Any) -> RemoveAgent:
    return RemoveAgent(agent_id=agent_id, **fields)


def configure(model: Model, removal: Removal = Removal.REFUSE, **sections: Any) -> Configure:
    """Return the command that changes whole sections of a model's configuration."""
    return Configure(config=structs.replace(model.config, **sections), removal=removal)


# ---- what is told


def test_change_is_told_by_key_paths_and_versions() -> None:
    model = centre(present=False)
    (event,) = model.handle(put(Queue(tier=1)), 1)
    assert told(event) == {"version": 2, "changed": ["queues.q"], "removed": []}
    command = configure(
        model,
        engine=EngineSettings(retain_us=5),
        skills={},
        channels={"chat": Channel(cost=7), "pigeon": Channel()},
        queues={"s": QUIET, "q": QUIET},
        agents={},
    )
    (event,) = model.handle(command, 2)
    assert told(event) == {
        "version": 3,
        "changed": ["engine", "channels.chat", "channels.pigeon", "queues.s", "queues.q"],
        "removed": ["channels.voice", "queues.r", "agents.a0"],
    }


def test_same_configuration_is_told_with_its_old_version() -> None:
    model = centre()
    (event,) = model.handle(configure(model), 1)
    assert told(event) == {"version": 1, "changed": [], "removed": []}


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (put(QUIET, if_version=2), "queues.q"),
        (put_agent("a0", if_version=2), "agents.a0"),
        (PutChannel(channel="chat", config=Channel(), if_version=2), "channels.chat"),
        (remove(if_version=2), "queues.q"),
        (dismiss(if_version=2), "agents.a0"),
        (put(QUIET, "new", if_version=1), "queues.new"),
        (available("a0", if_version=2), "agents.a0"),
        (PauseQueue(queue_id="q", if_version=2), "queues.q"),
        (OpenQueue(queue_id="q", if_version=2), "queues.q"),
    ],
)
def test_version_of_an_entry_is_asked(command: Any, path: str) -> None:
    model = centre()
    assert model.versions.get(path, 0) in (0, 1)
    assert reason(model.handle(command, 1)) == RefusalReason.VERSION


def test_version_of_an_entry_goes_up_and_begins_anew() -> None:
    model = centre(present=False)
    model.handle(put(QUIET, if_version=1), 1)
    model.handle(put(Queue(tier=9), if_version=2), 1)
    model.handle(PauseQueue(queue_id="q", if_version=3), 1)
    model.handle(remove(), 2)
    model.handle(put(QUIET), 3)
    assert model.versions["queues.q"] == 1
    assert ask(model, OpenQueue(queue_id="q"), 4) == ["command.refused queue_open"]


# ---- what waits, what is offered, what is in hand


def test_waiting_contacts_are_under_the_new_terms_in_their_places() -> None:
    model = centre(Queue(offer=RING, requires="agent.skills.french > 0"))
    model.handle(arrive("a"), 0)
    model.handle(arrive("b"), 1)
    assert ask(model, put(Queue(offer=RING)), 5) == ["configured", "offer.made a a0"]
    assert [contact.queued_since for contact in model.contacts] == [0, 1]


def test_offers_are_looked_at_again_where_queue_or_agent_is_different() -> None:
    model = centre(agents={"a0": agent(capacity=900, offers_max=9), "a1": agent(queues={}, skills={"french": 1})})
    model.handle(arrive("c"), 0)
    model.handle(arrive("d", "r"), 0)
    model.handle(arrive("e", "r"), 0)
    model.handle(AssignContact(contact_id="e", agent_id="a1"), 0)
    assert said(model.handle(put_agent("a0", Agent(queues={"r": 1}, capacity=900, offers_max=9)), 1)) == [
        "configured",
        "offer.rescinded c a0 changed",
    ]
    other = Queue(offer=RING, requires="agent.skills.french > 0")
    assert ask(model, put(other, "r"), 2) == [
        "configured",
        "offer.rescinded d a0 changed",
        "offer.rescinded e a0 changed",
    ]


def test_offer_that_ignores_what_is_asked_is_not_touched_by_other_changes() -> None:
    model = centre(agents={"a0": agent(queues={}), "a1": agent(queues={"r": 1})})
    model.handle(arrive("c"), 0)
    model.handle(AssignContact(contact_id="c", agent_id="a0", ignoring=[Ignorable.MEMBERSHIP]), 0)
    assert ask(model, put_agent("a1", agent(queues={"r": 2})), 1) == ["configured"]
    assert ask(model, put_agent("a0", agent(queues={"r": 2})), 1)[1:] == ["offer.rescinded c a0 changed"]


def test_lower_capacity_leaves_work_in_hand_and_takes_offers_back() -> None:
    model = centre(Queue(offer=RING), agents={"a0": agent(capacity=200, offers_max=2)})
    model.handle(arrive("c"), 0)
    model.handle(arrive("d"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    assert ask(model, put_agent("a0", agent(capacity=100)), 1) == ["configured", "offer.rescinded d a0 no_room"]
    assert ask(model, CompleteContact(contact_id="c"), 2)[-1] == "offer.made d a0"


def test_new_agents_come_behind_and_are_offline() -> None:
    model = centre(Queue(offer=RING))
    model.handle(put_agent("0-first-by-name"), 1)
    assert model.agents["0-first-by-name"].seq == 1
    model.handle(available("0-first-by-name"), 1)
    model.agents["0-first-by-name"].idle_since = 0
    assert ask(model, arrive("c"), 2)[-1] == "offer.made c a0"


def test_time_after_which_agents_serve_follows() -> None:
    model = centre(agents={"a0": agent(queues={"q": AgentQueue(after_us=50)})})
    model.handle(arrive("c"), 0)
    assert model.next_at_us() == 50
    assert ask(model, put_agent("a0", agent(queues={"q": AgentQueue(after_us=20)})), 5) == ["configured"]
    assert model.next_at_us() == 20
    assert ask(model, put_agent("a0", agent(queues={"q": AgentQueue(after_us=4)})), 6)[1:] == ["offer.made c a0"]


def test_contact_is_overdue_by_the_new_time_at_once() -> None:
    model = centre(QUIET)
    model.handle(arrive("c"), 0)
    events = model.handle(put(Queue(offer=MANUAL, overdue_after_us=5)), 9)
    assert [(line, event.cause) for line, event in zip(said(events), events, strict=True)] == [
        ("configured", "command:3"),
        ("contact.overdue c", "timer:overdue"),
    ]
    model.handle(put(Queue(offer=MANUAL, overdue_after_us=50)), 9)
    assert model.contacts[0].is_overdue
    assert wait(model, 100) == []


def test_pause_of_a_queue_is_not_touched() -> None:
    model = centre()
    assert ask(model, put(Queue(offer=RING, paused=True)), 0) == ["configured"]
    assert ask(model, arrive("c"), 0)[-1] == "offer.made c a0"


# ---- plans, limits, hours, leases


def test_contacts_go_on_with_a_new_plan_where_they_are_by_its_clock() -> None:
    model = centre(planned(step(30, report="old"), step(5, report="done"), offer=MANUAL))
    model.handle(arrive("c"), 0)
    model.advance(6)
    plan = [step(6, report="past"), entry(report="no"), PlanStep(ahead=1, report="no"), step(20, report="new")]
    assert ask(model, put(planned(*plan, offer=MANUAL)), 6) == ["configured"]
    assert model.next_at_us() == 20
    assert wait(model, 90) == ["rule.fired c 3 after", "action.requested c new"]


def test_clock_of_a_parked_contact_stands_still_for_a_new_plan() -> None:
    model = centre(planned(step(30, report="old"), offer=MANUAL))
    model.handle(arrive("c"), 0)
    model.handle(ParkContact(contact_id="c"), 5)
    model.handle(put(planned(step(5, report="past"), step(6, report="new"), offer=MANUAL)), 50)
    assert ask(model, UnparkContact(contact_id="c"), 60) == ["contact.queued c"]
    assert wait(model, 61) == ["rule.fired c 1 after", "action.requested c new"]


def test_new_limits_count_for_those_who_wait() -> None:
    model = centre(QUIET)
    model.handle(arrive("c"), 0)
    model.handle(arrive("d"), 4)
    limits = Limits(in_queue_us=5, length=1)
    assert ask(model, put(planned(offer=MANUAL, limits=limits)), 6)[1:] == [
        "rule.fired c 1 limit",
        "contact.expired c in_queue",
    ]
    assert model.next_at_us() == 9


def test_other_hours_close_at_once_and_wait_for_other_changes() -> None:
    plan = [step(PlanOn.CLOSED, report="shut")]
    model = centre(planned(*plan, offer=MANUAL, hours=Hours(spans=[(0, 50)])))
    model.handle(arrive("c"), 0)
    events = model.handle(put(planned(*plan, offer=MANUAL, hours=Hours(spans=[(40, 60)]))), 10)
    assert said(events) == ["configured", "hours.closed", "rule.fired c 0 closed", "action.requested c shut"]
    assert told(events[1]) == {"queue_id": "q", "until_us": 40}
    assert model.next_at_us() == 40
    assert ask(model, put(planned(*plan, offer=MANUAL)), 11) == ["configured", "hours.opened"]
    assert model.next_at_us() is None
    assert ask(model, put(planned(hours=Hours(spans=[(40, 60)])), "new"), 12) == ["configured"]
    assert wait(model, 40) == ["hours.opened"]


def test_new_lease_begins_for_those_who_are_there() -> None:
    model = centre(agents=2)
    model.handle(offline("a1"), 0)
    for agent_id in ("a0", "a1"):
        model.handle(put_agent(agent_id, agent(lease_us=10)), 5)
    assert [timer.due for timer in model.timers] == [15]
    model.handle(put_agent("a0", agent(lease_us=10, offers_max=2)), 7)
    assert model.next_at_us() == 15
    model.handle(put_agent("a0"), 8)
    assert model.next_at_us() is None


def test_nobody_online_is_looked_at_again() -> None:
    queue = planned(step(PlanOn.NOBODY_ONLINE, report="empty"), offer=MANUAL)
    model = centre(queue)
    model.handle(arrive("c"), 0)
    assert ask(model, put_agent("a0", agent(queues={"r": 1})), 1)[1:] == [
        "rule.fired c 0 nobody_online",
        "action.requested c empty",
    ]


# ---- agents go


def test_agent_that_is_there_is_in_use() -> None:
    model = centre(Queue(offer=AUTO))
    assert reason(model.handle(dismiss(), 0)) == RefusalReason.IN_USE
    model.handle(arrive("c"), 0)
    model.handle(offline("a0"), 0)
    assert reason(model.handle(dismiss(), 0)) == RefusalReason.IN_USE
    model.handle(CompleteContact(contact_id="c"), 0)
    (event,) = model.handle(dismiss(), 0)
    assert told(event) == {"version": 2, "changed": [], "removed": ["agents.a0"]}
    assert ask(model, dismiss(), 0) == ["command.refused a0 unknown_agent"]


def test_name_of_an_agent_goes_with_it() -> None:
    queue = Queue(offer=RING, order_list=["a0", "a1"], plan=[step(9, excluded=["a0"], scores={"a0": 1})])
    model = centre(queue, agents=2, present=False)
    model.handle(arrive("c", excluded=["a0"], preferred=["a0"]), 0)
    (event,) = model.handle(dismiss(), 1)
    assert told(event) == {"version": 2, "changed": ["queues.q"], "removed": ["agents.a0"]}
    assert model.config.queues["q"].order_list == ["a1"]
    assert (model.config.queues["q"].plan[0].excluded, model.config.queues["q"].plan[0].scores) == ([], {})
    # One of the same name that comes later is another.
    model.handle(put_agent("a0"), 2)
    assert model.agents["a0"].seq == 2
    assert ask(model, available("a0"), 3)[-1] == "offer.made c a0"


def test_draining_agent_goes_when_its_work_ends() -> None:
    model = centre(Queue(offer=RING))
    model.handle(arrive("c"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(arrive("d"), 0)
    assert ask(model, dismiss(removal=DRAIN), 1) == ["configured", "agent.next_presence_set a0 offline"]
    assert model.config.agents["a0"].draining
    events = model.handle(CompleteContact(contact_id="c", actor="a0"), 2)
    assert said(events)[-2:] == ["agent.presence_changed a0 offline", "configured"]
    assert (events[-1].cause, events[-1].actor) == ("command:6", "a0")
    assert told(events[-1]) == {"version": 3, "changed": [], "removed": ["agents.a0"]}
    assert model.agents == {}


def test_draining_agent_without_work_goes_at_once_with_its_offers() -> None:
    model = centre(Queue(offer=RING))
    model.handle(arrive("c"), 0)
    assert ask(model, dismiss(removal=DRAIN), 1) == [
        "configured",
        "agent.presence_changed a0 offline",
        "offer.rescinded c a0 presence",
        "configured",
    ]


def test_draining_agent_that_comes_back_stays_until_it_is_offline() -> None:
    model = centre(Queue(offer=AUTO))
    model.handle(arrive("c"), 0)
    model.handle(dismiss(removal=DRAIN), 1)
    model.handle(available("a0"), 1)
    model.handle(CompleteContact(contact_id="c"), 2)
    assert "a0" in model.agents
    assert ask(model, offline("a0"), 3) == ["agent.presence_changed a0 offline", "configured"]


def test_skill_of_a_draining_agent_keeps_it_while_a_queue_needs_it() -> None:
    agents = {"a0": agent(skills={"french": 3}), "a1": agent()}
    model = centre(Queue(offer=RING, requires="agent.skills.french > 0"), agents=agents, present=False)
    model.handle(available("a0"), 0)
    model.handle(dismiss(removal=DRAIN), 0)
    assert "a0" in model.agents
    assert ask(model, put(Queue(offer=RING)), 1) == ["configured", "configured"]
    assert "a0" not in model.agents


def test_agent_kept_for_a_contact_is_waited_for_no_more() -> None:
    model = centre(Queue(offer=MANUAL, prefer=Prefer(wait_for_away=True)), agents=2, present=False)
    model.handle(available("a0"), 0)
    model.handle(arrive("c", preferred=["a0"]), 0)
    assert ask(model, dismiss(removal=DRAIN), 1) == [
        "configured",
        "agent.presence_changed a0 offline",
        "contact.preferred_ended c nobody_online",
        "configured",
    ]


# ---- queues go


@pytest.mark.parametrize("where", ["waits", "parked", "leg", "own plan", "kept plan"])
def test_queue_that_somebody_needs_is_in_use(where: str) -> None:
    keeping = planned(entry(queue="r", plan=PlanOnOverflow.KEEP), entry(report="x"), offer=MANUAL)
    model = centre(keeping if where == "kept plan" else Queue(offer=AUTO if where == "leg" else MANUAL), QUIET)
    queue_id = "r" if where == "own plan" else "q"
    own = {"own plan": [step(9, queue="q")]}.get(where, [])
    model.handle(arrive("c", queue_id, plan=own, parked=where == "parked"), 0)
    if where == "leg":
        model.handle(change("c", queue_id="r"), 0)
    assert reason(model.handle(remove(), 1)) == RefusalReason.IN_USE
    assert ask(model, remove(removal=DRAIN), 1) == ["configured"]
    assert model.config.queues["q"].draining


def test_queue_that_nobody_needs_goes_and_agents_list_it_no_more() -> None:
    model = centre(present=False)
    (event,) = model.handle(remove(), 1)
    assert told(event) == {"version": 2, "changed": ["agents.a0"], "removed": ["queues.q"]}
    assert model.config.agents["a0"].queues == {"r": 1}


def test_draining_queue_goes_when_it_is_empty() -> None:
    model = centre(Queue(offer=RING))
    model.handle(arrive("c"), 0)
    model.handle(remove(removal=DRAIN), 1)
    model.handle(AcceptOffer(offer_id="o1"), 2)
    events = model.handle(CompleteContact(contact_id="c"), 3)
    assert said(events) == ["leg.ended c a0 completed", "contact.closed c", "configured"]
    assert told(events[-1]) == {"version": 3, "changed": ["agents.a0"], "removed": ["queues.q"]}


def test_draining_queue_goes_in_the_instant_in_which_a_rule_empties_it() -> None:
    model = centre(planned(limits=Limits(in_queue_us=5), offer=MANUAL))
    model.handle(arrive("c"), 0)
    model.handle(remove(removal=DRAIN), 1)
    events = model.advance(50)
    assert [(event.at_us, event.cause) for event in events[-2:]] == [(5, "rule:q/1")] * 2
    assert said(events)[-2:] == ["contact.expired c in_queue", "configured"]


def test_draining_queue_takes_nothing_new() -> None:
    model = centre(Queue(offer=AUTO), Queue(offer=MANUAL), agents=2)
    model.handle(arrive("stays", "r"), 0)
    model.handle(arrive("c"), 0)
    model.handle(arrive("w", "r"), 0)
    model.handle(remove("r", removal=DRAIN), 1)
    for command in (
        arrive("d", "r"),
        arrive("d", "q", plan=[step(5, queue="r")]),
        TransferContact(contact_id="c", agent_id="a0", to_queue="r"),
        ConsultAgent(contact_id="c", agent_id="a0", to_queue="r"),
        JoinConference(contact_id="c", agent_id="a0", to_queue="r"),
        change("c", queue_id="r"),
        change("c", plan=[step(5, queue="r")]),
    ):
        assert reason(model.handle(command, 2)) == RefusalReason.QUEUE_DRAINING
    assert ask(model, change("w", queue_id="r", tier=1), 2) == ["contact.changed w"]
    assert ask(model, arrive("stays", "r"), 2) == ["command.refused stays contact_exists"]


def test_own_plan_does_not_lead_into_a_draining_queue() -> None:
    model = centre(QUIET, QUIET)
    model.handle(arrive("c", plan=[step(5, queue="r", report="over")]), 0)
    model.handle(remove("r", removal=DRAIN), 1)
    assert wait(model, 5) == []
    assert "r" in model.config.queues
    assert ask(model, AbandonContact(contact_id="c"), 6) == ["contact.abandoned c", "configured"]


def test_callback_of_a_draining_queue_is_still_owed() -> None:
    model = centre(Queue(offer=MANUAL, callback=CallbackPolicy(on_abandon=True)))
    model.handle(arrive("c"), 0)
    model.handle(remove(removal=DRAIN), 1)
    assert ask(model, AbandonContact(contact_id="c"), 2)[1] == "contact.queued callback:1"
    assert "q" in model.config.queues


def test_paused_and_opened_while_it_drains_but_not_after() -> None:
    model = centre(QUIET, QUIET)
    model.handle(arrive("w", "r"), 0)
    model.handle(arrive("c"), 0)
    model.handle(remove(removal=DRAIN), 1)
    assert ask(model, PauseQueue(queue_id="q"), 1) == ["queue.paused"]
    model.handle(AbandonContact(contact_id="c"), 2)
    for command in (
        OpenQueue(queue_id="q"),
        PauseQueue(queue_id="q"),
        remove(),
        arrive("d"),
        change("w", queue_id="q"),
    ):
        assert reason(model.handle(command, 3)) == RefusalReason.QUEUE_DRAINING


# ---- the whole


def test_whole_configuration_refuses_or_drains_what_is_in_use() -> None:
    model = centre(Queue(offer=AUTO), agents=2)
    model.handle(arrive("c"), 0)
    agents = {"a1": agent(queues={"r": 3})}
    sections: dict[str, Any] = {"queues": {"r": QUIET}, "agents": agents}
    assert reason(model.handle(configure(model, **sections), 1)) == RefusalReason.IN_USE
    assert model.version == 1
    events = model.handle(configure(model, DRAIN, **sections), 2)
    assert said(events) == ["configured", "agent.next_presence_set a0 offline"]
    assert told(events[0])["changed"] == ["queues.r", "queues.q", "agents.a1", "agents.a0"]
    assert list(model.config.agents["a1"].queues) == ["r", "q"]
    events = model.handle(CompleteContact(contact_id="c"), 3)
    assert [told(event)["removed"] for event in events[-2:]] == [["queues.q"], ["agents.a0"]]


def test_fewer_contacts_than_are_inside_are_refused_and_retained_ones_forgotten() -> None:
    model = centre(QUIET)
    for contact_id in ("a", "b", "c"):
        model.handle(arrive(contact_id), 0)
    model.handle(AbandonContact(contact_id="a"), 0)
    assert reason(model.handle(configure(model, engine=EngineSettings(contacts_max=1)), 1)) == RefusalReason.IN_USE
    model.handle(configure(model, engine=EngineSettings(contacts_max=2)), 1)
    assert [contact.id for contact in model.contacts] == ["b", "c"]


def test_fewer_command_ids_are_remembered_at_once() -> None:
    model = centre(QUIET)
    for number in (1, 2):
        model.handle(arrive(f"c{number}", command_id=f"k{number}"), 0)
    model.handle(configure(model, engine=EngineSettings(command_ids_max=1)), 1)
    assert list(model.window) == ["k2"]


def test_skill_that_a_contact_asks_for_is_in_use_or_counts_nothing() -> None:
    model = centre(Queue(offer=RING), agents={"a0": agent(skills={"french": 3})})
    model.handle(arrive("c", requires="agent.skills.french < 1"), 0)
    assert reason(model.handle(put_agent("a0"), 1)) == RefusalReason.IN_USE
    command = configure(model, DRAIN, agents={"a0": agent()})
    assert ask(model, command, 2) == ["configured", "offer.made c a0"]


@pytest.mark.parametrize("removal", [Removal.REFUSE, DRAIN])
def test_channel_on_which_something_goes_on_is_in_use(removal: Removal) -> None:
    model = centre(QUIET, channels={"pigeon": Channel(cost=3)})
    model.handle(SetExternalLoad(agent_id="a0", channel="pigeon", units=5), 0)
    model.handle(arrive("c", channel="pigeon"), 0)
    assert reason(model.handle(configure(model, removal, channels={}), 1)) == RefusalReason.IN_USE
    model.handle(AbandonContact(contact_id="c"), 2)
    assert ask(model, configure(model, removal, channels={}), 3) == ["configured"]
    assert model.agents["a0"].external == {}


def test_cost_of_a_channel_counts_for_offers_to_come() -> None:
    model = centre(Queue(offer=RING), agents={"a0": agent(channels={"chat": AgentChannel(max=9)}, offers_max=9)})
    for number in range(4):
        model.handle(arrive(f"c{number}", channel="chat"), 0)
    assert len(model.agents["a0"].offers) == 3
    model.handle(PutChannel(channel="chat", config=Channel(cost=10)), 1)
    assert [offer.cost for offer in model.agents["a0"].offers] == [30, 30, 30, 10]


def test_returns_to_an_agent_that_is_gone_do_not_happen() -> None:
    model = centre(Queue(offer=AUTO), Queue(offer=RING), agents=2)
    model.handle(arrive("c", "r"), 0)
    model.handle(AcceptOffer(offer_id="o1"), 0)
    model.handle(TransferContact(contact_id="c", agent_id="a0", to_agent="a1"), 1)
    model.handle(offline("a0"), 1)
    model.handle(dismiss(), 2)
    assert ask(model, DeclineOffer(offer_id="o2"), 3) == ["offer.declined c a1", "contact.requeued c unanswered"]


def test_cooldown_of_an_agent_goes_with_it() -> None:
    model = centre(Queue(offer=AUTO, cooldown_us=90))
    model.handle(arrive("c"), 0)
    model.handle(RequeueContact(contact_id="c"), 0)
    model.handle(offline("a0"), 0)
    model.handle(dismiss(), 1)
    assert model.next_at_us() is None
    model.handle(put_agent("a0"), 2)
    assert ask(model, available("a0"), 2)[1] == "offer.made c a0"


def test_pick_of_an_unlisted_agent_follows_the_new_list() -> None:
    model = centre(QUIET, agents={"a0": agent(queues={"r": 1})})
    model.handle(arrive("c"), 0)
    assert reason(model.handle(PickContact(contact_id="c", agent_id="a0"), 0)) == RefusalReason.NOT_ELIGIBLE
    model.handle(away("a0"), 0)
    model.handle(put_agent("a0"), 0)
    model.handle(available("a0"), 0)
    assert ask(model, PickContact(contact_id="c", agent_id="a0"), 0)[0] == "offer.made c a0 manual"
