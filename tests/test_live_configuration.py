"""The configuration changes while contacts wait and agents work: single cases, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from ccroute import Engine
from ccroute.commands import (
    AcceptOffer,
    CancelContact,
    Command,
    CompleteContact,
    Configure,
    EnqueueContact,
    OpenQueue,
    PauseQueue,
    PutAgent,
    PutChannel,
    PutQueue,
    RemoveAgent,
    RemoveQueue,
    SetPresence,
)
from ccroute.config import Agent, AgentQueue, Channel, Config, EngineSettings, Offer, Queue, Skill
from ccroute.errors import ConfigError, UnknownName, WrongType
from ccroute.types import OfferMode, Presence, RefusalReason, Removal

AUTO = Offer(mode=OfferMode.AUTO)
CENTER = Config(
    skills={"tax": Skill()},
    queues={"near": Queue(requires="agent.skills.de >= 2"), "far": Queue(offer=AUTO, wrap_up_us=10)},
    agents={"ann": Agent(skills={"de": 3}, queues={"near": 1, "far": 1}), "bob": Agent(queues={"far": 1})},
)


class Floor:
    """An engine that stands at a moment of its own, one microsecond later with each command."""

    def __init__(self, config: Config = CENTER) -> None:
        self.engine = Engine(config)
        self.now_us = 0

    def do(self, command: Command) -> list[str]:
        """Carry out a command and return what happened, in short; a restored engine has the same future."""
        self.now_us += 1
        events = self.engine.handle(command, self.now_us)
        self.engine = Engine.restore(self.engine.snapshot())
        return [_short(event) for event in events]

    def advance(self, us: int) -> list[str]:
        """Let time pass."""
        self.now_us += us
        return [_short(event) for event in self.engine.advance(self.now_us)]

    def arrive(self, contact_id: str, queue_id: str = "near", **fields: Any) -> list[str]:
        """Bring a contact."""
        return self.do(EnqueueContact(contact_id=contact_id, queue_id=queue_id, channel="voice", **fields))

    def come(self, agent_id: str) -> list[str]:
        """Have an agent come to work."""
        return self.do(SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE))


def _short(event: Any) -> str:
    match event.__class__.__name__:
        case "OfferMade":
            return f"{event.contact_id} offered to {event.agent_id}"
        case "OfferRescinded":
            return f"{event.contact_id} taken from {event.agent_id}: {event.reason}"
        case "Configured":
            return f"{event.version}: {' '.join(event.changed)} - {' '.join(event.removed)}".strip(" -")
        case "CommandRefused":
            return f"refused: {event.reason}"
        case "PresenceChanged":
            return f"{event.agent_id} {event.presence}"
        case name:
            return f"{name} {getattr(event, 'contact_id', '')}".strip()


def queue(id_: str, **fields: Any) -> PutQueue:
    """Return a command that puts a queue of CENTER with other fields."""
    return PutQueue(queue_id=id_, config=replace(CENTER.queues[id_], **fields))


def agent(id_: str, **fields: Any) -> PutAgent:
    """Return a command that puts an agent of CENTER, or a new one, with other fields."""
    return PutAgent(agent_id=id_, config=replace(CENTER.agents.get(id_, Agent()), **fields))


def test_a_waiting_contact_is_served_by_the_new_requirement() -> None:
    floor = Floor()
    floor.do(queue("near", requires="agent.skills.de >= 4"))
    floor.arrive("c1")
    assert floor.come("ann") == ["ann available"]
    assert floor.do(queue("near", requires="agent.skills.de >= 1")) == ["3: queues.near", "c1 offered to ann"]


def test_an_offer_that_could_not_be_made_now_is_taken_back() -> None:
    floor = Floor()
    floor.come("ann")
    floor.arrive("c1")
    assert floor.do(agent("ann", skills={"de": 1})) == ["2: agents.ann", "c1 taken from ann: changed"]
    assert floor.do(agent("ann")) == ["3: agents.ann", "c1 offered to ann"]


def test_a_lower_capacity_leaves_work_in_hand_and_takes_offers_back() -> None:
    floor = Floor()
    floor.come("ann")
    floor.arrive("c1")
    floor.do(AcceptOffer(offer_id="o1"))
    assert floor.do(agent("ann", capacity=1)) == ["2: agents.ann"]
    assert floor.engine.agent("ann").taken == 100  # type: ignore[union-attr]
    floor.do(CompleteContact(contact_id="c1"))
    assert floor.arrive("c2") == ["ContactQueued c2"]
    assert floor.do(agent("ann")) == ["3: agents.ann", "c2 offered to ann"]
    assert floor.do(agent("ann", capacity=1)) == ["4: agents.ann", "c2 taken from ann: no_room"]


def test_place_and_seq_stay_through_changes_of_order() -> None:
    floor = Floor()
    for number in range(1, 4):
        floor.arrive(f"c{number}", tier=1 if number == 2 else None)
    floor.do(queue("near", ageing=-1_000))
    order = [floor.engine.position(f"c{number}").in_queue for number in range(1, 4)]  # type: ignore[union-attr]
    assert order == [3, 1, 2]
    floor.do(queue("near", tier=5))
    order = [floor.engine.position(f"c{number}").in_queue for number in range(1, 4)]  # type: ignore[union-attr]
    assert order == [1, 3, 2]
    assert [one.place_at_us for one in floor.engine.contacts()] == [1, 2, 3]


def test_contacts_past_a_new_time_are_overdue_at_once_and_stay_so() -> None:
    floor = Floor()
    floor.arrive("c1")
    floor.advance(50)
    floor.arrive("c2")
    assert floor.do(queue("near", overdue_after_us=20)) == ["2: queues.near", "ContactOverdue c1"]
    assert floor.do(queue("near")) == ["3: queues.near"]
    assert floor.engine.contact("c1").overdue  # type: ignore[union-attr]
    assert floor.advance(50) == []


def test_agents_who_serve_a_queue_later_come_in_by_the_new_times() -> None:
    floor = Floor()
    floor.do(agent("bob", skills={"de": 9}, queues={"near": AgentQueue(after_us=100)}))
    floor.come("bob")
    floor.arrive("c1")
    floor.do(agent("bob", skills={"de": 9}, queues={"near": AgentQueue(after_us=10)}))
    assert floor.advance(9) == ["c1 offered to bob"]


def test_who_is_new_comes_behind_all_and_who_comes_back_is_new() -> None:
    floor = Floor()
    floor.do(agent("eve"))
    floor.do(RemoveAgent(agent_id="bob"))
    floor.do(agent("bob"))
    assert [one.agent_id for one in floor.engine.agents()] == ["ann", "eve", "bob"]
    assert floor.engine.agent("bob").handle == 3  # type: ignore[union-attr]
    assert floor.do(SetPresence(agent_id=1, presence=Presence.AVAILABLE)) == ["refused: unknown_agent"]


def test_a_queue_in_use_drains() -> None:
    floor = Floor()
    floor.arrive("c1", "far")
    assert floor.do(RemoveQueue(queue_id="far")) == ["refused: in_use"]
    assert floor.do(RemoveQueue(queue_id="far", removal=Removal.DRAIN)) == ["2: queues.far"]
    assert floor.arrive("c2", "far") == ["refused: queue_draining"]
    assert floor.engine.queue("far").draining  # type: ignore[union-attr]
    floor.come("bob")
    told = floor.do(CompleteContact(contact_id="c1"))
    assert told == ["WrapUpStarted c1"]
    told = floor.advance(100)
    assert told[-1] == "3: agents.ann agents.bob - queues.far"
    assert floor.engine.queue("far") is None
    with pytest.raises(UnknownName):
        floor.arrive("c3", "far")
    assert floor.engine.contact("c1").queue_id == "far"  # type: ignore[union-attr]
    floor.do(queue("far"))
    assert floor.arrive("c3", "far") == ["ContactQueued c3"]


def test_an_agent_at_work_drains_at_the_moment_its_work_ends() -> None:
    floor = Floor()
    floor.come("bob")
    floor.arrive("c1", "far")
    assert floor.do(RemoveAgent(agent_id="bob")) == ["refused: in_use"]
    told = floor.do(RemoveAgent(agent_id="bob", removal=Removal.DRAIN))
    assert told == ["2: agents.bob", "NextPresenceSet"]
    floor.do(CompleteContact(contact_id="c1"))
    events = floor.engine.advance(floor.now_us + 500)
    assert [_short(event) for event in events][-2:] == ["bob offline", "3:  - agents.bob"]
    assert events[-1].at_us == floor.now_us + 10
    assert events[-1].cause == "timer:wrap_up"


def test_polling_does_not_move_the_end_of_draining() -> None:
    once, often = Floor(), Floor()
    for floor in (once, often):
        floor.come("bob")
        floor.arrive("c1", "far")
        floor.do(RemoveAgent(agent_id="bob", removal=Removal.DRAIN))
        floor.do(CompleteContact(contact_id="c1"))
    told = [event for at_us in range(once.now_us, once.now_us + 50) for event in often.engine.advance(at_us)]
    assert told == once.engine.advance(once.now_us + 49)


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (queue("near", requires="agent.skills.nobody >= 1"), "queues.near.requires"),
        (agent("bob", queues={"nowhere": 1}), "agents.bob.queues.nowhere"),
        (agent("ann", skills={}), "queues.near.requires"),
        (RemoveAgent(agent_id="ann"), "queues.near.requires"),
        (PutChannel(channel="voice", config=Channel(cost=-1)), "channels.voice.cost"),
        (PutChannel(channel="voice", config=Channel(interrupts=["video"])), "channels.voice.interrupts[0]"),
        (Configure(config=Config(engine=EngineSettings(classes_max=0))), "engine.classes_max"),
    ],
)
def test_a_faulty_configuration_raises_and_moves_nothing(command: Command, path: str) -> None:
    engine = Engine(CENTER)
    before = engine.snapshot()
    with pytest.raises(ConfigError) as raised:
        engine.handle(command, 5)
    assert [fault.path for fault in raised.value.faults] == [path]
    assert engine.snapshot() == before


def test_commands_on_the_configuration_are_not_taken_in_batches() -> None:
    with pytest.raises(WrongType):
        Engine(CENTER).handle_many([(queue("near"), 1)])


def test_versions_are_counted_by_entry_and_looked_at() -> None:
    floor = Floor()
    assert floor.do(queue("near")) == ["1:"]
    floor.do(queue("near", tier=1))
    assert floor.engine.queue("near").version == 2  # type: ignore[union-attr]
    assert floor.do(replace(queue("near"), if_version=1)) == [f"refused: {RefusalReason.VERSION}"]
    assert floor.do(PauseQueue(queue_id="near", if_version=1)) == ["refused: version"]
    assert floor.do(PauseQueue(queue_id="near", if_version=2)) == ["QueuePaused"]
    assert floor.do(replace(queue("near"), if_version=2)) == ["3: queues.near"]
    assert floor.engine.queue("near").paused  # type: ignore[union-attr]
    assert floor.do(OpenQueue(queue_id="near", if_version=2)) == ["refused: version"]
    new = PutQueue(queue_id="new", config=Queue(), if_version=1)
    assert floor.do(new) == ["refused: version"]
    assert floor.do(replace(new, if_version=0)) == ["4: queues.new"]


def test_fewer_contacts_than_are_inside_cannot_be_allowed() -> None:
    floor = Floor()
    floor.arrive("c1")
    floor.arrive("c2")
    floor.do(CancelContact(contact_id="c2"))
    smaller = replace(CENTER, engine=EngineSettings(contacts_max=1))
    assert floor.do(Configure(config=smaller)) == ["2: engine"]
    assert floor.engine.contact("c2") is None
    assert floor.arrive("c3") == ["refused: contacts_max"]
    assert floor.do(Configure(config=CENTER)) == ["3: engine"]
    assert floor.arrive("c3") == ["ContactQueued c3"]
    assert floor.do(Configure(config=smaller)) == ["refused: in_use"]


def test_a_skill_that_a_waiting_contact_names_stays_or_counts_as_none() -> None:
    floor = Floor()
    floor.arrive("c1", requires="agent.skills.tax == 0")
    less = replace(CENTER, skills={})
    assert floor.do(Configure(config=less)) == ["refused: in_use"]
    assert floor.do(Configure(config=less, removal=Removal.DRAIN)) == ["2:  - skills.tax"]
    with pytest.raises(UnknownName):
        floor.arrive("c2", requires="agent.skills.tax == 0")
    assert floor.come("ann") == ["ann available", "c1 offered to ann"]


def test_a_channel_in_use_stays() -> None:
    floor = Floor()
    floor.do(PutChannel(channel="pigeon", config=Channel(cost=5)))
    floor.do(EnqueueContact(contact_id="c1", queue_id="near", channel="pigeon"))
    assert floor.do(Configure(config=CENTER, removal=Removal.DRAIN)) == ["refused: in_use"]
    floor.do(CancelContact(contact_id="c1"))
    assert floor.do(Configure(config=CENTER)) == ["3:  - channels.pigeon"]


def test_a_queue_may_list_agents_that_come_with_it() -> None:
    floor = Floor()
    queue = Queue(select="in_order", order_list=["eve", "bob"], offer=AUTO)
    eve = Agent(queues={"far": 1})
    listed = replace(CENTER, queues=CENTER.queues | {"far": queue}, agents=CENTER.agents | {"eve": eve})
    floor.do(Configure(config=listed))
    floor.come("bob")
    floor.come("eve")
    assert "c offered to eve" in floor.arrive("c", "far")
