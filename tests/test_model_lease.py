"""The oracle: agents of whom nothing is heard, and their return."""

from __future__ import annotations

from typing import Any

import pytest

from ccroute.commands import (
    CompleteContact,
    Heartbeat,
    HoldContact,
    JoinConference,
    PickContact,
    TransferContact,
)
from ccroute.config.structs import Agent, EngineSettings, Offer, Prefer, Queue
from ccroute.types import PendingOffers, Presence, TransferMode
from tests.examples import AUTO, MANUAL, agent, arrive, ask, available, away, centre, offline, said, told, wait
from tests.model import Model

LONG = Queue(offer=AUTO, wrap_up_us=500)


def leased(grace_us: int = 5, **fields: Any) -> Agent:
    """Return an agent of whom something must be heard every 10 µs."""
    return agent(lease_us=10, lease_grace_us=grace_us, **fields)


def floor(q: Queue | None = None, grace_us: int = 5, others: int = 0, **fields: Any) -> Model:
    """Return a centre whose agent ``a0`` has a lease; the others have none."""
    agents = {"a0": leased(grace_us, **fields)} | {f"a{number + 1}": agent() for number in range(others)}
    return centre(q or Queue(offer=AUTO), agents=agents, engine=EngineSettings(idle_grace_us=3))


def beat(agent_id: str = "a0") -> Heartbeat:
    return Heartbeat(agent_id=agent_id)


def test_lease_lapses_without_a_heartbeat() -> None:
    model = floor()
    assert model.next_at_us() == 10
    lost, changed = model.advance(12)
    assert (lost.at_us, lost.cause, changed.cause) == (10, "timer:lease", "timer:lease")
    assert told(lost) == {"agent_id": "a0", "lease_us": 10, "grace_ends_at_us": 15}
    assert told(changed) == {"agent_id": "a0", "presence": "away", "label": "lost", "previous": "available"}
    assert wait(model, 100) == []
    assert model.next_at_us() is None


def test_heartbeats_and_presences_renew_it() -> None:
    model = floor()
    assert ask(model, beat(), 7) == []
    assert model.next_at_us() == 17
    model.handle(away("a0"), 9)
    assert model.next_at_us() == 19
    model.handle(offline("a0"), 11)
    assert model.next_at_us() is None
    assert ask(model, beat(), 12) == []
    assert model.next_at_us() is None


def test_agents_without_lease_and_unknown_ones() -> None:
    model = centre()
    assert ask(model, beat(), 5) == []
    assert model.next_at_us() is None
    assert ask(model, beat("ghost"), 5) == ["command.refused ghost unknown_agent"]


def test_offers_are_taken_back_and_the_next_presence_is_dropped() -> None:
    model = floor(Queue(offer=Offer(offer_timeout_us=50)), others=1, capacity=900, offers_max=2)
    model.handle(arrive("work", channel="chat"), 0)
    model.handle(PickContact(contact_id="work", agent_id="a0"), 0)
    model.handle(arrive("c"), 0)
    model.handle(arrive("d"), 0)
    model.handle(offline("a0", next_=True, offers=PendingOffers.KEEP), 1)
    assert wait(model, 11) == [
        "agent.lost a0",
        "agent.presence_changed a0 away",
        "offer.rescinded c a0 lost",
        "offer.rescinded d a0 lost",
        "offer.made c a1",
    ]
    assert model.agents["a0"].next is None


def test_work_goes_back_to_its_place_after_the_grace_unless_it_is_live() -> None:
    model = floor(LONG, capacity=900)
    for contact_id, channel in (("wrap", "email"), ("voice", "voice"), ("chat", "chat"), ("held", "email")):
        model.handle(arrive(contact_id, channel=channel), 0)
    model.handle(CompleteContact(contact_id="wrap"), 0)
    model.handle(HoldContact(contact_id="held", agent_id="a0"), 0)
    model.handle(beat(), 2)
    events = model.advance(17)
    assert said(events)[2:] == [
        "leg.ended chat a0 lost",
        "contact.requeued chat lost",
        "leg.ended held a0 lost",
        "contact.requeued held lost",
    ]
    assert (events[2].at_us, events[2].cause) == (17, "timer:lost")
    assert told(events[3])["place_at_us"] == 0
    assert sorted(leg.contact.id for leg in model.agents["a0"].legs) == ["voice", "wrap"]


def test_suspended_work_goes_back_too() -> None:
    model = floor()
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(arrive("call"), 0)
    assert "contact.requeued chat lost" in wait(model, 15)


def test_no_grace_means_the_same_instant() -> None:
    model = floor(grace_us=0)
    model.handle(arrive("chat", channel="chat"), 0)
    events = model.advance(10)
    assert [event.at_us for event in events] == [10] * 4
    assert [event.cause for event in events] == ["timer:lease"] * 2 + ["timer:lost"] * 2


def test_contact_on_which_another_works_loses_only_the_leg() -> None:
    model = floor(others=1)
    model.handle(away("a1"), 0)
    model.handle(arrive("chat", channel="chat"), 0)
    model.handle(available("a1"), 0)
    model.handle(JoinConference(contact_id="chat", agent_id="a0", to_agent="a1"), 0)
    assert wait(model, 15)[2:] == ["leg.ended chat a0 lost"]


def test_what_the_lost_agent_sought_is_withdrawn() -> None:
    model = centre(Queue(offer=AUTO), Queue(offer=MANUAL), {"a0": leased()})
    model.handle(arrive("chat", channel="chat"), 0)
    command = TransferContact(contact_id="chat", agent_id="a0", to_queue="r", mode=TransferMode.WARM)
    model.handle(command, 0)
    assert wait(model, 15)[2:] == ["leg.ended chat a0 lost", "contact.requeued chat lost"]
    assert model.contacts[0].seek is None


# ---- the return


def test_heartbeat_brings_a_lost_agent_back_as_it_was() -> None:
    model = floor(grace_us=50)
    model.handle(available("a0", label="desk"), 0)
    model.handle(arrive("chat", channel="chat"), 0)
    model.advance(40)
    assert model.next_at_us() == 60
    (changed,) = model.handle(beat(), 40)
    assert told(changed) == {"agent_id": "a0", "presence": "available", "label": "desk", "previous": "away"}
    assert model.next_at_us() == 50
    assert model.agents["a0"].idle_since == 0
    assert ask(model, beat(), 41) == []


def test_presence_set_while_lost_counts_and_the_loss_does_not() -> None:
    model = floor(grace_us=90)
    model.advance(40)
    assert ask(model, available("a0"), 40) == ["agent.presence_changed a0 available"]
    assert model.agents["a0"].idle_since == 0
    assert model.next_at_us() == 50


@pytest.mark.parametrize(("lunch_until", "idle_since"), [(39, 0), (42, 42)])
def test_time_lost_is_none_that_the_agent_was_away(lunch_until: int, idle_since: int) -> None:
    model = centre(agents={"a0": leased()}, engine=EngineSettings(idle_grace_us=13))
    model.handle(away("a0", label="lunch"), 8)
    (changed,) = model.advance(37)[-1:]
    assert told(changed)["label"] == "lost"
    (changed,) = model.handle(beat(), 38)
    assert told(changed)["label"] == "lunch"
    # Away from 8 to 18, lost until 38, away again: 11 at 39, and 14 at 42.
    model.handle(available("a0"), lunch_until)
    assert model.agents["a0"].idle_since == idle_since


def test_offline_while_lost_is_the_end_of_it() -> None:
    model = floor(grace_us=50)
    model.handle(arrive("chat", channel="chat"), 0)
    model.advance(12)
    assert ask(model, offline("a0"), 13) == ["agent.presence_changed a0 offline"]
    assert model.next_at_us() is None


def test_next_presence_is_a_sign_of_life_too() -> None:
    model = floor(grace_us=50)
    model.handle(arrive("chat", channel="chat"), 0)
    model.advance(12)
    assert ask(model, away("a0", next_=True), 13) == ["agent.next_presence_set a0 away"]
    assert model.agents["a0"].presence == Presence.AWAY
    assert model.next_at_us() == 23
    assert ask(model, CompleteContact(contact_id="chat"), 14)[-1] == "agent.presence_changed a0 away"
    assert model.next_at_us() == 23


def test_loss_of_a_preferred_agent_ends_the_waiting_for_it() -> None:
    model = floor(Queue(offer=AUTO, prefer=Prefer(wait_us=99)), others=1)
    model.handle(arrive("one"), 0)
    model.handle(arrive("two"), 0)
    model.handle(CompleteContact(contact_id="two"), 0)
    assert ask(model, arrive("c", preferred=["a0"]), 1) == ["contact.queued c"]
    assert wait(model, 10)[2:4] == ["contact.preferred_ended c nobody_online", "offer.made c a1"]
