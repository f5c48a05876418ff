"""Contacts put aside on arrival, in a queue or in none: what becomes of them, worked out by hand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ccroute import Engine
from ccroute.commands import (
    AbandonContact,
    AcceptOffer,
    AssignContact,
    CancelContact,
    ChangeChannel,
    ChangeContact,
    Command,
    Configure,
    ContactPatch,
    EnqueueContact,
    ExpediteContact,
    ParkContact,
    PickContact,
    PutQueue,
    RemoveQueue,
    RequeueContact,
    UnparkContact,
)
from ccroute.config import Agent, CallbackPolicy, Config, EngineSettings, Limits, PlanStep, Prefer, Queue
from ccroute.errors import InvalidArgument, OutOfRange, SnapshotError, UnknownName
from ccroute.types import ContactState, KeepsPlace, ParkClock, Rule
from tests.examples import RING, available
from tests.snapshot_tape import head_of, sealed, taken_apart

RUNS = ParkClock.RUNS
CENTRE = Config(
    queues={"q": Queue(offer=RING, tier=3, head_start_us=7), "r": Queue(offer=RING, keeps_place=KeepsPlace.NONE)},
    agents={"a0": Agent(queues={"q": 1}), "a1": Agent(queues={"q": 1, "r": 1})},
)
TOLD = (
    *("queue_id", "agent_id", "clock", "until_us", "due_at_us", "place_at_us", "version", "reason"),
    *("channel", "attempt", "expires_at_us", "rule", "when"),
)
"""Fields that :func:`heard` tells, where an event has them."""


def heard(events: list[Any]) -> list[str]:
    """Return events in short, with everything that can hang on how a contact was put aside."""
    found = []
    for event in events:
        fields = msgspec.to_builtins(event)
        told = [f"{name.removesuffix('_us')}={fields[name]}" for name in TOLD if name in fields]
        found.append(" ".join([fields["type"], fields.get("contact_id") or "", *told]).replace("  ", " "))
    return found


class Floor:
    """An engine that goes on as its own snapshot after each call."""

    def __init__(self, config: Config = CENTRE) -> None:
        self.engine = Engine(config)

    def do(self, command: Command, at_us: int) -> list[str]:
        """Carry out a command and return in short what it gave."""
        events = self.engine.handle(command, at_us)
        self._again()
        return heard(events)

    def advance(self, to_us: int) -> list[str]:
        """Let time pass and return in short what it gave."""
        events = self.engine.advance(to_us)
        self._again()
        return heard(events)

    def _again(self) -> None:
        snapshot = self.engine.snapshot()
        self.engine = Engine.restore(snapshot)
        assert self.engine.snapshot() == snapshot


def arrive(contact_id: str = "c", queue_id: str | None = None, **fields: Any) -> EnqueueContact:
    """Return the command by which a contact comes parked."""
    return EnqueueContact(
        **{"contact_id": contact_id, "queue_id": queue_id, "channel": "voice", "parked": True} | fields
    )


def change(**patch: Any) -> ChangeContact:
    """Return the command that changes the contact."""
    return ChangeContact(contact_id="c", patch=ContactPatch(**patch))


PARKED = "contact.parked c queue_id=None clock=stops until=None channel=voice"


def refused(reason: str) -> list[str]:
    """Return what a command on the contact gives that cannot be carried out."""
    return [f"command.refused c reason={reason}"]


def test_a_contact_without_a_queue_is_parked_and_nothing_else_moves() -> None:
    floor = Floor()
    floor.do(available("a0"), 0)
    assert floor.do(arrive(tier=2, head_start_us=5), 10) == [PARKED]
    assert floor.advance(1_000_000_000) == []
    assert floor.engine.next_at_us() is None
    known = floor.engine.contact("c")
    assert known is not None
    assert (known.state, known.queue_id, known.in_queue_at_us) == (ContactState.PARKED, None, None)
    assert (known.tier, known.head_start_us, known.waited_us, known.version) == (2, 5, 0, 1)
    assert (known.parked_since_us, known.parked_until_us, known.due_at_us) == (10, None, None)
    assert floor.engine.position("c") is None
    assert floor.engine.estimate_wait("c") is None
    explanation = floor.engine.explain("c")
    assert explanation is not None
    assert (explanation.queue_id, explanation.agents, explanation.obstacles) == (None, [], [])
    assert str(explanation) == "c: parked in no queue"


def test_it_is_listed_by_state_and_in_no_queue() -> None:
    floor = Floor()
    floor.do(arrive(), 10)
    floor.do(arrive("d", due_at_us=90), 10)
    floor.do(arrive("e", "q"), 10)
    engine = floor.engine
    listed = [
        [one.contact_id for one in engine.contacts(state=state)]
        for state in (ContactState.PARKED, ContactState.SCHEDULED)
    ]
    assert listed == [["c", "e"], ["d"]]
    assert [one.contact_id for one in engine.contacts(queue_id="q")] == ["e"]
    assert [one.contact_id for one in engine.contacts(where='queue.id == "q"')] == ["e"]
    assert [one.queue_id for one in engine.queues()] == ["q", "r"]
    assert engine.queue("q") == engine.queues()[0]
    assert engine.counters().inside == 3


def test_its_terms_in_force_are_its_own_or_none() -> None:
    floor = Floor()
    floor.do(arrive(), 10)
    told = "contact.changed c queue_id=None place_at=25 version=2 channel=voice"
    assert floor.do(change(tier=4, cost=9, conversation_id="talk", keeps_place=KeepsPlace.WAITED), 25) == [told]
    assert floor.do(ChangeChannel(contact_id="c", channel="chat"), 26) == ["contact.channel_changed c version=3"]
    known = floor.engine.contact("c")
    assert known is not None
    assert (known.channel, known.tier, known.head_start_us, known.conversation_id) == ("chat", 4, 0, "talk")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (UnparkContact(contact_id="c"), "no_queue"),
        (change(parked=False), "no_queue"),
        (change(parked=False, due_at_us=10), "no_queue"),
        (change(parked=False, due_at_us=None, tier=1), "no_queue"),
        (ParkContact(contact_id="c"), "contact_parked"),
        (ExpediteContact(contact_id="c"), "contact_parked"),
        (RequeueContact(contact_id="c"), "contact_parked"),
    ],
)
def test_what_needs_a_queue_is_refused_without_one(command: Command, reason: str) -> None:
    floor = Floor()
    floor.do(arrive(), 10)
    before = floor.engine.snapshot()
    (told,) = floor.engine.handle(command, 10)
    assert heard([told]) == refused(reason)
    replayed = Engine.restore(before)
    replayed.handle(command, 10)
    assert replayed.contacts() == Engine.restore(before).contacts()


@pytest.mark.parametrize("kind", [PickContact, AssignContact])
def test_nobody_takes_it(kind: Any) -> None:
    floor = Floor()
    floor.do(available("a0"), 0)
    floor.do(arrive(), 10)
    told = ["command.refused c agent_id=a0 reason=contact_parked"]
    assert floor.do(kind(contact_id="c", agent_id="a0"), 11) == told


def test_no_queue_comes_behind_the_version() -> None:
    floor = Floor()
    floor.do(arrive(), 10)
    stale = ChangeContact(contact_id="c", patch=ContactPatch(parked=False), if_version=2)
    assert floor.do(stale, 11) == refused("version")
    floor.do(CancelContact(contact_id="c"), 12)
    assert floor.do(change(parked=False), 13) == refused("contact_ended")
    assert floor.do(UnparkContact(contact_id="c"), 13) == refused("contact_ended")


def test_the_customer_leaves_and_the_host_takes_back() -> None:
    floor = Floor()
    floor.do(arrive(), 10)
    assert floor.do(AbandonContact(contact_id="c"), 20) == ["contact.abandoned c queue_id=None reason=None"]
    known = floor.engine.contact("c")
    assert known is not None
    assert (known.state, known.queue_id) == (ContactState.ABANDONED, None)
    floor.do(arrive(), 30)
    assert floor.do(CancelContact(contact_id="c"), 40) == ["contact.cancelled c queue_id=None reason=None"]
    assert floor.engine.counters() == msgspec.structs.replace(
        floor.engine.counters(), created=2, abandoned=1, cancelled=1, inside=0
    )


def test_it_enters_its_first_queue_parked_and_then_waits_from_the_moment_it_was_unparked() -> None:
    floor = Floor()
    floor.do(available("a0"), 0)
    floor.do(arrive(), 10)
    told = ["contact.changed c queue_id=q place_at=30 version=2 channel=voice"]
    assert floor.do(change(queue_id="q"), 30) == told
    known = floor.engine.contact("c")
    assert known is not None
    assert (known.state, known.queue_id, known.in_queue_at_us) == (ContactState.PARKED, "q", 30)
    assert (known.tier, known.head_start_us) == (3, 7)
    assert floor.do(UnparkContact(contact_id="c"), 50) == [
        "contact.queued c queue_id=q place_at=50 channel=voice",
        "offer.made c queue_id=q agent_id=a0 channel=voice expires_at=60",
    ]


@pytest.mark.parametrize("queue_id", ["q", "r"])
def test_where_its_clock_ran_its_place_is_that_of_its_arrival(queue_id: str) -> None:
    floor = Floor()
    told = ["contact.parked c queue_id=None clock=runs until=None channel=voice"]
    assert floor.do(arrive(clock=RUNS), 10) == told
    assert floor.do(change(queue_id=queue_id, parked=False), 30) == [
        f"contact.changed c queue_id={queue_id} place_at=10 version=2 channel=voice",
        f"contact.queued c queue_id={queue_id} place_at=10 channel=voice",
    ]
    known = floor.engine.contact("c")
    assert known is not None
    assert (known.in_queue_at_us, known.waited_us) == (30, 20)


def test_the_patch_may_say_which_place_it_takes() -> None:
    floor = Floor()
    floor.do(arrive(clock=RUNS), 10)
    told = ["contact.changed c queue_id=q place_at=30 version=2 channel=voice"]
    assert floor.do(change(queue_id="q", keeps_place=KeepsPlace.NONE), 30) == told


def test_in_one_command_it_enters_a_queue_and_is_scheduled() -> None:
    floor = Floor()
    floor.do(arrive(), 10)
    assert floor.do(change(queue_id="q", due_at_us=60), 30) == [
        "contact.changed c queue_id=q place_at=30 version=2 channel=voice",
        "contact.scheduled c queue_id=q due_at=60 channel=voice",
    ]
    assert floor.advance(60) == ["contact.queued c queue_id=q place_at=60 channel=voice"]


def test_a_scheduled_one_is_parked_when_due_whatever_was_said() -> None:
    floor = Floor()
    scheduled = "contact.scheduled c queue_id=None due_at={} channel=voice"
    assert floor.do(arrive(due_at_us=60), 10) == [scheduled.format(60)]
    assert floor.do(UnparkContact(contact_id="c"), 11) == refused("no_queue")
    assert floor.do(ParkContact(contact_id="c"), 11) == refused("contact_scheduled")
    changed = "contact.changed c queue_id=None place_at={} version={} channel=voice"
    assert floor.do(change(due_at_us=40, parked=False), 12) == [changed.format(10, 2), scheduled.format(40)]
    assert floor.advance(40) == [PARKED]
    assert floor.do(change(due_at_us=90), 50) == [changed.format(40, 3), scheduled.format(90)]
    assert floor.do(change(due_at_us=None), 60) == [changed.format(50, 4), PARKED]


def test_one_scheduled_enters_a_queue_and_is_parked_there_when_due() -> None:
    floor = Floor()
    floor.do(arrive(due_at_us=60, clock=RUNS), 10)
    told = ["contact.changed c queue_id=q place_at=20 version=2 channel=voice"]
    assert floor.do(change(queue_id="q"), 20) == told
    assert floor.advance(60) == ["contact.parked c queue_id=q clock=runs until=None channel=voice"]
    told = ["contact.queued c queue_id=q place_at=60 channel=voice"]
    assert floor.do(UnparkContact(contact_id="c"), 100) == told


def test_limits_and_plan_of_its_own_begin_in_its_first_queue() -> None:
    floor = Floor()
    plan = [PlanStep(after=15, tier=9)]
    floor.do(arrive(limits=Limits(ttl_us=40), plan=plan, preferred=["a0"]), 10)
    assert floor.advance(500) == []
    assert floor.do(change(queue_id="r", parked=False), 500) == [
        "contact.changed c queue_id=r place_at=500 version=2 channel=voice",
        "contact.queued c queue_id=r place_at=500 channel=voice",
        "contact.preferred_ended c queue_id=r reason=nobody_online",
    ]
    assert floor.advance(600) == [
        "rule.fired c queue_id=r rule=0 when=after",
        "contact.changed c queue_id=r place_at=500 version=3 channel=voice",
        "rule.fired c queue_id=r rule=1 when=limit",
        "contact.expired c queue_id=r reason=ttl",
    ]


def test_a_callback_is_owed_from_its_first_queue_on() -> None:
    policy = CallbackPolicy(expires_us=100)
    floor = Floor(Config(queues={"q": Queue(callback=policy)}, agents={"a0": Agent(queues={"q": 1})}))
    callback = arrive(channel="callback", customer_id="ada", parent_id="p")
    assert floor.do(callback, 10) == [PARKED.replace("voice", "callback")]
    assert floor.engine.missed() == []
    ada = EnqueueContact(contact_id="d", queue_id="q", channel="voice", customer_id="ada")
    assert floor.do(ada, 20) == ["contact.queued d queue_id=q place_at=20 channel=voice"]
    told = ["contact.changed c queue_id=q place_at=500 version=2 channel=callback"]
    assert floor.do(change(queue_id="q"), 500) == told
    (owed,) = floor.engine.missed()
    assert (owed.queue_id, owed.state, owed.expires_at_us) == ("q", ContactState.PARKED, 600)
    assert owed.created_at_us == 10
    assert floor.do(UnparkContact(contact_id="c"), 520) == [
        "contact.queued c queue_id=q place_at=520 channel=callback",
        "callback.due c queue_id=q attempt=1 expires_at=600",
    ]
    assert floor.advance(600) == [
        "callback.dropped c queue_id=q reason=expired",
        "contact.expired c queue_id=q reason=callback_expired",
    ]


def test_a_callback_scheduled_ahead_is_owed_from_its_due_moment_on() -> None:
    policy = CallbackPolicy(expires_us=100)
    floor = Floor(Config(queues={"q": Queue(callback=policy)}, agents={"a0": Agent(queues={"q": 1})}))
    floor.do(arrive(channel="callback", due_at_us=300), 10)
    floor.do(change(queue_id="q"), 20)
    (owed,) = floor.engine.missed()
    assert (owed.created_at_us, owed.due_at_us, owed.expires_at_us) == (10, 300, 400)


def test_no_callback_is_left_by_one_without_a_queue() -> None:
    policy = CallbackPolicy(on_abandon=True)
    floor = Floor(Config(queues={"q": Queue(callback=policy)}, agents={"a0": Agent(queues={"q": 1})}))
    floor.do(arrive(customer_id="ada"), 10)
    assert floor.do(AbandonContact(contact_id="c"), 20) == ["contact.abandoned c queue_id=None reason=None"]


def test_it_fills_the_floor_as_any_other() -> None:
    floor = Floor(msgspec.structs.replace(CENTRE, engine=EngineSettings(contacts_max=2)))
    floor.do(arrive(), 10)
    floor.do(arrive("d", due_at_us=90), 10)
    assert floor.do(arrive("e"), 10) == ["command.refused e reason=contacts_max"]
    assert floor.do(arrive(), 10) == refused("contact_exists")


def test_statistics_count_it_on_the_floor_and_in_no_queue() -> None:
    floor = Floor()
    floor.do(arrive(), 10)
    floor.do(arrive("d"), 10)
    floor.do(arrive("e"), 10)
    floor.do(CancelContact(contact_id="d"), 20)
    floor.do(change(queue_id="q"), 30)
    report = floor.engine.statistics()
    assert list(report.queues) == ["q", "r"]
    assert report.total is not None
    assert (report.total.contacts.created, report.total.contacts.cancelled, report.total.now.parked) == (3, 1, 2)
    assert report.channels["voice"].contacts.created == 3
    assert (report.queues["q"].contacts.created, report.queues["q"].contacts.moved_in) == (0, 1)
    assert (report.queues["q"].now.parked, report.queues["r"].now.parked) == (1, 0)


def test_the_configuration_changes_around_it() -> None:
    floor = Floor()
    floor.do(arrive(requires='agent.id == "a1"'), 10)
    assert floor.do(PutQueue(queue_id="s", config=Queue(members="all")), 11) == ["configured version=2"]
    assert floor.do(RemoveQueue(queue_id="q"), 12) == ["configured version=3"]
    everything = Config(queues={"t": Queue(), "r": Queue(tier=1)}, agents={"a1": Agent(queues={"t": 1})})
    assert floor.do(Configure(config=everything), 13) == ["configured version=4"]
    assert floor.do(arrive("d", channel="chat"), 14) == [PARKED.replace("voice", "chat").replace(" c ", " d ")]
    assert [one.queue_id for one in floor.engine.queues()] == ["r", "t"]
    with pytest.raises(UnknownName):
        floor.engine.handle(change(queue_id="q"), 15)
    floor.do(available("a1"), 15)
    assert floor.do(change(queue_id="t", parked=False), 16) == [
        "contact.changed c queue_id=t place_at=16 version=2 channel=voice",
        "contact.queued c queue_id=t place_at=16 channel=voice",
        "offer.made c queue_id=t agent_id=a1 channel=voice expires_at=20000016",
    ]
    floor.do(AcceptOffer(offer_id="o1"), 17)
    assert floor.engine.contact("c").state is ContactState.ACTIVE  # type: ignore[union-attr]


def test_a_draining_queue_does_not_take_it() -> None:
    floor = Floor()
    floor.do(arrive(), 10)
    floor.do(EnqueueContact(contact_id="w", queue_id="r", channel="voice"), 10)
    floor.do(PutQueue(queue_id="r", config=Queue(draining=True)), 11)
    assert floor.do(change(queue_id="r", parked=False), 12) == refused("queue_draining")


# ---- parked on arrival in a queue ----------------------------------------------------------------------------------


def test_it_comes_parked_until_a_moment() -> None:
    floor = Floor()
    told = ["contact.parked c queue_id=q clock=runs until=40 channel=voice"]
    assert floor.do(arrive("c", "q", clock=RUNS, until_us=40), 10) == told
    assert floor.engine.next_at_us() == 40
    assert floor.advance(40) == ["contact.queued c queue_id=q place_at=10 channel=voice"]
    told = ["contact.parked d queue_id=q clock=stops until=70 channel=voice"]
    assert floor.do(arrive("d", "q", clock=ParkClock.STOPS, until_us=70), 50) == told
    assert floor.advance(70) == ["contact.queued d queue_id=q place_at=70 channel=voice"]


def test_a_past_moment_means_at_once() -> None:
    floor = Floor()
    assert floor.do(arrive("c", "q", until_us=40), 50) == [
        "contact.parked c queue_id=q clock=stops until=40 channel=voice",
        "contact.queued c queue_id=q place_at=50 channel=voice",
    ]
    assert floor.do(arrive("d", "q", due_at_us=30, until_us=40), 50) == [
        "contact.parked d queue_id=q clock=stops until=40 channel=voice",
        "contact.queued d queue_id=q place_at=50 channel=voice",
    ]


def test_what_is_scheduled_is_parked_when_due_as_it_was_said() -> None:
    floor = Floor()
    told = ["contact.scheduled c queue_id=q due_at=60 channel=voice"]
    assert floor.do(arrive("c", "q", due_at_us=60, clock=RUNS, until_us=90), 10) == told
    assert floor.advance(60) == ["contact.parked c queue_id=q clock=runs until=90 channel=voice"]
    assert floor.advance(90) == ["contact.queued c queue_id=q place_at=60 channel=voice"]


def test_how_it_is_parked_is_said_for_once() -> None:
    floor = Floor()
    floor.do(arrive("c", "q", due_at_us=60, clock=RUNS, until_us=90), 10)
    floor.advance(60)
    floor.do(change(due_at_us=80, parked=True), 70)
    assert floor.advance(80) == ["contact.parked c queue_id=q clock=stops until=None channel=voice"]


def test_one_that_falls_due_behind_its_last_moment_waits_at_once() -> None:
    floor = Floor()
    floor.do(arrive("c", "q", due_at_us=60, until_us=90), 10)
    floor.do(change(due_at_us=100), 20)
    assert floor.advance(100) == [
        "contact.parked c queue_id=q clock=stops until=90 channel=voice",
        "contact.queued c queue_id=q place_at=100 channel=voice",
    ]


def test_one_unparked_before_it_is_due_is_not_parked_then() -> None:
    floor = Floor()
    floor.do(arrive("c", "q", due_at_us=60, clock=RUNS, until_us=90), 10)
    assert floor.do(UnparkContact(contact_id="c"), 20) == ["contact.queued c queue_id=q place_at=20 channel=voice"]
    floor.do(change(due_at_us=80, parked=True), 30)
    assert floor.advance(80) == ["contact.parked c queue_id=q clock=stops until=None channel=voice"]


# ---- bad values ----------------------------------------------------------------------------------------------------

BAD: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"parked": False}, "queue_id", "the id of a queue, unless the contact comes parked"),
    ({"parked": False, "due_at_us": 90}, "queue_id", "the id of a queue, unless the contact comes parked"),
    ({"until_us": 90}, "until_us", "None where the contact has no queue to wait in then"),
    ({"until_us": 90, "due_at_us": 50}, "until_us", "None where the contact has no queue to wait in then"),
    ({"queue_id": "q", "parked": False, "clock": RUNS}, "clock", "None unless the contact comes parked"),
    ({"queue_id": "q", "parked": False, "until_us": 90}, "until_us", "None unless the contact comes parked"),
    ({"queue_id": "q", "until_us": 90, "due_at_us": 90}, "until_us", "later than due_at_us, 90"),
    ({"queue_id": "q", "until_us": 5, "due_at_us": 6}, "until_us", "later than due_at_us, 6"),
)


@pytest.mark.parametrize(("fields", "argument", "allowed"), BAD)
def test_what_does_not_go_together_is_refused_and_nothing_moves(
    fields: dict[str, Any], argument: str, allowed: str
) -> None:
    engine = Engine(CENTRE)
    engine.advance(10)
    before = engine.snapshot()
    with pytest.raises(InvalidArgument) as caught:
        engine.handle(arrive(**fields), 20)
    assert isinstance(caught.value, OutOfRange)
    assert (caught.value.argument, caught.value.allowed) == (argument, allowed)
    with pytest.raises(InvalidArgument):
        engine.handle_many([(arrive("d"), 20), (arrive(**fields), 20)])
    assert engine.snapshot() == before


def test_an_unknown_queue_is_unknown_parked_or_not() -> None:
    with pytest.raises(UnknownName):
        Engine(CENTRE).handle(arrive("c", "nowhere"), 0)


# ---- snapshots -----------------------------------------------------------------------------------------------------


def test_a_snapshot_in_which_somebody_waits_in_no_queue_is_refused() -> None:
    floor = Floor()
    floor.do(arrive(), 10)
    floor.do(EnqueueContact(contact_id="d", queue_id="q", channel="voice"), 20)
    snapshot = floor.engine.snapshot()
    head, (front, _) = head_of(snapshot), taken_apart(snapshot)
    assert front["changes"]["slots"]["queues"] == ["q", "r", None]
    for name in ("", "x"):
        spoilt, tape = taken_apart(snapshot)
        spoilt["changes"]["slots"]["queues"][2] = name
        with pytest.raises(SnapshotError):
            Engine.restore(sealed(head, spoilt, tape))
    # The contact that waits is in the slot of none, and the other one in its queue.
    spoilt, tape = taken_apart(snapshot)
    spoilt["changes"]["slots"]["queues"] = [None, "r", "q"]
    first, second = (command for _, command in spoilt["contacts"])
    first["queue_id"], second["queue_id"], second["parked"] = "q", None, True
    with pytest.raises(SnapshotError, match="contacts in no queue are put aside"):
        Engine.restore(sealed(head, spoilt, tape))


def test_rules_are_named_where_it_waits_again() -> None:
    floor = Floor()
    floor.do(arrive(excluded=["a0"]), 10)
    floor.do(available("a0"), 11)
    floor.do(change(queue_id="q", parked=False), 12)
    explanation = floor.engine.explain("c")
    assert explanation is not None
    assert [one.rule for one in explanation.agents[0].obstacles] == [Rule.EXCLUDED]


def test_a_centre_that_keeps_contacts_for_agents_keeps_one_that_had_no_queue() -> None:
    prefer = Prefer(wait_us=30)
    floor = Floor(Config(queues={"q": Queue(offer=RING, prefer=prefer)}, agents=CENTRE.agents | {"a1": Agent()}))
    floor.do(available("a0"), 0)
    floor.do(available("a1"), 0)
    floor.do(EnqueueContact(contact_id="w", queue_id="q", channel="voice"), 1)
    floor.do(AcceptOffer(offer_id="o1"), 1)
    floor.do(arrive(preferred=["a0"]), 10)
    floor.do(change(queue_id="q", parked=False), 20)
    assert floor.engine.explain("c").kept_until_us == 50  # type: ignore[union-attr]
    assert floor.advance(50) == ["contact.preferred_ended c queue_id=q reason=waited"]
