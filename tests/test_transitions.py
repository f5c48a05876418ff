"""Every state of a contact × every command: the events that follow, or the reason of the refusal.

The table below is written from the rules, not from the engine's own table. Agent ``a`` is the one whose offer or leg it
is, ``b`` whom things go to, ``x`` has nothing. Queue ``q`` is that of ``a``, rings and wraps up without limit; in ``n``
contacts just wait, until ``b`` picks them. ``voice`` interrupts the chat ``c``.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pytest

from ccroute.commands import (
    COMMANDS,
    AbandonContact,
    AcceptOffer,
    AssignContact,
    CancelContact,
    ChangeChannel,
    ChangeContact,
    Command,
    CompleteContact,
    Configure,
    ConnectFailed,
    ConsultAgent,
    ContactPatch,
    DeclineOffer,
    EndWrapUp,
    EnqueueContact,
    ExpediteContact,
    ExtendWrapUp,
    Heartbeat,
    HoldContact,
    JoinConference,
    LeaveConference,
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
    ResumeContact,
    SetExternalLoad,
    SetPresence,
    TransferContact,
    UnparkContact,
)
from ccroute.config.structs import Agent, AgentChannel, Channel, Config, EngineSettings, Offer, PlanStep, Queue
from ccroute.core.table import CONTACT_TABLE, LEG_TABLE, OFFER_TABLE, QUEUE_TABLE
from ccroute.events import CommandRefused, Event
from ccroute.types import (
    AssignAs,
    Ignorable,
    OfferMode,
    PendingOffers,
    PlanOn,
    Presence,
    RefusalReason,
    Removal,
    RuleEnd,
    TransferMode,
)
from tests.model import Model
from tests.steps import Duel, Handle

CONFIG: Final = Config(
    engine=EngineSettings(retain_us=1_000),
    channels={"voice": Channel(interrupts=["chat"]), "chat": Channel(cost=100), "email": Channel(cost=100)},
    queues={
        "q": Queue(offer=Offer(mode=OfferMode.RING, offer_timeout_us=1_000_000), wrap_up_us="unlimited"),
        "n": Queue(offer=Offer(mode=OfferMode.MANUAL, offer_timeout_us=1_000_000)),
    },
    agents={
        "a": Agent(queues={"q": 1}, channels={"fax": AgentChannel(max=0)}),
        "b": Agent(queues={"n": 1}, offers_max=2, capacity=200),
        "x": Agent(),
    },
)
FORGOTTEN_US: Final = 2_000

NONE: Final = tuple(SetPresence(agent_id=agent, presence=Presence.AVAILABLE) for agent in ("a", "b"))
LEG: Final[dict[str, Any]] = {"contact_id": "c", "agent_id": "a"}
NO_LEG: Final[dict[str, Any]] = {"contact_id": "c", "agent_id": "x"}
OF_B: Final[dict[str, Any]] = {"contact_id": "c", "agent_id": "b"}
COMES: Final[dict[str, Any]] = {"contact_id": "c", "queue_id": "n", "channel": "chat"}
COMES_ASIDE: Final[dict[str, Any]] = {"contact_id": "c", "channel": "chat", "parked": True}
ACCEPT: Final = AcceptOffer(offer_id="o1")
OFFERED: Final = (*NONE, EnqueueContact(contact_id="c", queue_id="q", channel="chat"))
ACTIVE: Final = (*OFFERED, ACCEPT)
TRANSFERRED: Final = (*ACTIVE, TransferContact(to_queue="n", **LEG))
CLOSED: Final = (*ACTIVE, CompleteContact(contact_id="c", wrap_up_us=0))
INTERRUPTION: Final = (EnqueueContact(contact_id="d", queue_id="q", channel="voice"), AcceptOffer(offer_id="o2"))

STATES: Final[dict[str, tuple[Command, ...]]] = {
    "none": NONE,
    "queued": (*NONE, EnqueueContact(**COMES)),
    "offered": OFFERED,
    "kept for b": (*ACTIVE, TransferContact(to_agent="b", **LEG)),
    "queued, a wraps": TRANSFERRED,
    "active": ACTIVE,
    "held": (*ACTIVE, HoldContact(**LEG)),
    "suspended": (*ACTIVE, *INTERRUPTION),
    "seeking": (*ACTIVE, TransferContact(to_queue="n", mode=TransferMode.WARM, **LEG)),
    "conference": (*ACTIVE, JoinConference(to_agent="b", **LEG), AcceptOffer(offer_id="o2")),
    "wrapping": (*ACTIVE, CompleteContact(contact_id="c")),
    "parked": (*NONE, EnqueueContact(parked=True, **COMES)),
    "parked, a wraps": (*TRANSFERRED, ParkContact(contact_id="c")),
    "parked nowhere": (*NONE, EnqueueContact(**COMES_ASIDE)),
    "with a plan": (*NONE, EnqueueContact(plan=[PlanStep(after=1_000, tier=1)], **COMES)),
    "scheduled": (*NONE, EnqueueContact(due_at_us=10_000, **COMES)),
    "scheduled nowhere": (*NONE, EnqueueContact(due_at_us=10_000, **COMES_ASIDE)),
    "scheduled, a wraps": (*TRANSFERRED, ChangeContact(contact_id="c", patch=ContactPatch(due_at_us=10_000))),
    "callback at work": (*NONE, EnqueueContact(contact_id="c", queue_id="q", channel="callback"), ACCEPT),
    "expired": (*NONE, EnqueueContact(plan=[PlanStep(on=PlanOn.ENTRY, end=RuleEnd.EXPIRED)], **COMES)),
    "closed": CLOSED,
    "abandoned": (*OFFERED, AbandonContact(contact_id="c")),
    "cancelled": (*ACTIVE, CancelContact(contact_id="c")),
    "abandoned, a wraps": (*TRANSFERRED, AbandonContact(contact_id="c")),
    "forgotten": CLOSED,
}
"""What leads to a state, all at time 0."""

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "unknown": ("none", "forgotten"),
    "ended": ("closed", "abandoned", "cancelled", "expired"),
    "queued": ("with a plan",),
    "active": ("callback at work",),
    "at work": ("active", "held", "seeking", "callback at work"),
    "a wraps": (
        *("kept for b", "queued, a wraps", "wrapping", "parked, a wraps", "abandoned, a wraps"),
        "scheduled, a wraps",
    ),
    "waits": ("queued", "with a plan", "offered", "kept for b", "queued, a wraps"),
    "parks": ("parked", "parked nowhere", "parked, a wraps"),
    "comes later": ("scheduled", "scheduled nowhere", "scheduled, a wraps"),
    "nowhere": ("parked nowhere", "scheduled nowhere"),
    "in n": (
        *("queued", "with a plan", "queued, a wraps", "seeking", "parked", "parked, a wraps"),
        *("scheduled", "scheduled, a wraps"),
    ),
    "live": (
        *("queued", "with a plan", "offered", "kept for b", "queued, a wraps", "active", "held", "suspended"),
        *("seeking", "conference", "wrapping", "parked", "parked, a wraps", "scheduled", "scheduled, a wraps"),
        *("callback at work", "parked nowhere", "scheduled nowhere"),
    ),
}
"""States that a row of the table may answer together; a state's own cell goes first, then these in their order."""

INPUTS: Final[dict[str, Command]] = {
    "enqueue": EnqueueContact(**COMES),
    "enqueue for later": EnqueueContact(due_at_us=10_000, **COMES),
    "enqueue nowhere": EnqueueContact(**COMES_ASIDE),
    "abandon": AbandonContact(contact_id="c"),
    "cancel": CancelContact(contact_id="c"),
    "park": ParkContact(contact_id="c"),
    "unpark": UnparkContact(contact_id="c"),
    "expedite": ExpediteContact(contact_id="c"),
    "change": ChangeContact(contact_id="c", patch=ContactPatch(tier=1)),
    "change for later": ChangeContact(contact_id="c", patch=ContactPatch(due_at_us=10_000)),
    "change, not parked": ChangeContact(contact_id="c", patch=ContactPatch(parked=False)),
    "change queue": ChangeContact(contact_id="c", patch=ContactPatch(queue_id="n")),
    "change, wrong version": ChangeContact(contact_id="c", patch=ContactPatch(tier=1), if_version=9),
    "channel": ChangeChannel(contact_id="c", channel="email"),
    "channel without room": ChangeChannel(contact_id="c", channel="fax"),
    "channel without room, or requeue": ChangeChannel(contact_id="c", channel="fax", or_requeue=True),
    "accept": AcceptOffer(offer_id="o1"),
    "decline": DeclineOffer(offer_id="o1"),
    "decline, next away": DeclineOffer(offer_id="o1", next_presence=Presence.AWAY),
    "pick by b": PickContact(**OF_B),
    "assign to b": AssignContact(ignoring=[Ignorable.MEMBERSHIP], **OF_B),
    "assign to b, active": AssignContact(as_=AssignAs.ACTIVE, ignoring=[Ignorable.MEMBERSHIP], **OF_B),
    "hold": HoldContact(**LEG),
    "resume": ResumeContact(**LEG),
    "complete": CompleteContact(contact_id="c"),
    "complete at once": CompleteContact(contact_id="c", wrap_up_us=0),
    "complete by a": CompleteContact(**LEG),
    "end wrap-up": EndWrapUp(**LEG),
    "extend wrap-up": ExtendWrapUp(wrap_up_us=5, **LEG),
    "transfer": TransferContact(to_queue="n", **LEG),
    "transfer, kept for b": TransferContact(to_queue="n", to_agent="b", preferred_wait_us=5_000, **LEG),
    "transfer to b": TransferContact(to_agent="b", **LEG),
    "transfer warm": TransferContact(to_queue="n", mode=TransferMode.WARM, **LEG),
    "transfer warm, kept for b": TransferContact(to_queue="n", to_agent="b", mode=TransferMode.WARM, **LEG),
    "transfer warm to b": TransferContact(to_agent="b", mode=TransferMode.WARM, **LEG),
    "consult": ConsultAgent(to_queue="n", **LEG),
    "consult b": ConsultAgent(to_agent="b", **LEG),
    "join": JoinConference(to_queue="n", **LEG),
    "join b": JoinConference(to_agent="b", **LEG),
    "leave": LeaveConference(**LEG),
    "requeue": RequeueContact(contact_id="c"),
    "requeue by a": RequeueContact(**LEG),
    "connect failed": ConnectFailed(contact_id="c"),
    "connect failed at a": ConnectFailed(**LEG),
    "hold by x": HoldContact(**NO_LEG),
    "resume by x": ResumeContact(**NO_LEG),
    "complete by x": CompleteContact(**NO_LEG),
    "end wrap-up by x": EndWrapUp(**NO_LEG),
    "extend wrap-up by x": ExtendWrapUp(wrap_up_us=5, **NO_LEG),
    "transfer by x": TransferContact(to_queue="n", **NO_LEG),
    "consult by x": ConsultAgent(to_queue="n", **NO_LEG),
    "join by x": JoinConference(to_queue="n", **NO_LEG),
    "leave by x": LeaveConference(**NO_LEG),
    "requeue by x": RequeueContact(**NO_LEG),
    "connect failed at x": ConnectFailed(**NO_LEG),
    "away": SetPresence(agent_id="a", presence=Presence.AWAY),
    "away, offers refuse": SetPresence(agent_id="a", presence=Presence.AWAY, offers=PendingOffers.REFUSE),
    "away, offers keep": SetPresence(agent_id="a", presence=Presence.AWAY, offers=PendingOffers.KEEP),
    "away when done": SetPresence(agent_id="a", presence=Presence.AWAY, next_=True),
    "load": SetExternalLoad(agent_id="x", channel="chat", units=5),
    "pause": PauseQueue(queue_id="n"),
    "open": OpenQueue(queue_id="n"),
    "open, wrong version": OpenQueue(queue_id="n", if_version=9),
    "heartbeat": Heartbeat(agent_id="a"),
    "configure": Configure(config=CONFIG),
    "put queue": PutQueue(queue_id="n", config=msgspec.structs.replace(CONFIG.queues["n"], tier=1)),
    "put agent": PutAgent(agent_id="y", config=Agent()),
    "put channel": PutChannel(channel="fax", config=Channel(cost=5)),
    "put queue, wrong version": PutQueue(queue_id="n", config=CONFIG.queues["n"], if_version=9),
    "remove queue": RemoveQueue(queue_id="n"),
    "remove queue when empty": RemoveQueue(queue_id="n", removal=Removal.DRAIN),
    "remove agent": RemoveAgent(agent_id="x"),
    "remove agent at work": RemoveAgent(agent_id="a"),
    "remove agent when done": RemoveAgent(agent_id="a", removal=Removal.DRAIN),
}

Row = dict[str, str]
OF_CONTACT: Final[Row] = {"unknown": "!unknown_contact", "ended": "!contact_ended"}
OF_LEG: Final[Row] = {
    **OF_CONTACT,
    "held": "!leg_held",
    "suspended": "!leg_suspended",
    "a wraps": "!leg_wrapping",
    "active": "!leg_active",
    "seeking": "!leg_active",
    "conference": "!leg_active",
    "live": "!no_leg",
}
GONE: Final[Row] = {"abandoned, a wraps": "!contact_ended"}
STARTS, ENDS, ENDED = "leg.wrap_up_started", "leg.wrap_up_ended leg.ended", "leg.ended"
NO_OFFER: Final = dict.fromkeys(("none", "queued", "parked", "scheduled", "expired", "nowhere"), "!unknown_offer")
LATER: Final = "contact.changed contact.scheduled"
TAKEN: Final = "offer.accepted contact.active"

TABLE: Final[dict[str, Row]] = {
    "enqueue": {"unknown": "contact.queued", "ended": "contact.queued", "else": "!contact_exists"},
    "enqueue for later": {
        "unknown": "contact.scheduled",
        "ended": "contact.scheduled",
        "else": "!contact_exists",
    },
    "enqueue nowhere": {"unknown": "contact.parked", "ended": "contact.parked", "else": "!contact_exists"},
    "abandon": OF_CONTACT
    | {
        "comes later": "contact.abandoned",
        "queued": "contact.abandoned",
        "queued, a wraps": "contact.abandoned",
        "parks": "contact.abandoned",
    }
    | {"waits": "contact.abandoned offer.rescinded", "live": "!contact_active"}
    | GONE,
    "cancel": OF_CONTACT
    | {"queued": "contact.cancelled", "offered": "contact.cancelled offer.rescinded", "parked": "contact.cancelled"}
    | {"scheduled": "contact.cancelled", "nowhere": "contact.cancelled"}
    | {"kept for b": "contact.cancelled offer.rescinded leg.ended", "live": "contact.cancelled leg.ended"}
    | {"conference": "contact.cancelled leg.ended leg.ended"}
    | GONE,
    "park": OF_CONTACT
    | {"queued": "contact.parked", "queued, a wraps": "contact.parked", "waits": "contact.parked offer.rescinded"}
    | {"wrapping": "contact.parked", "parks": "!contact_parked", "live": "contact.parked leg.ended"}
    | {"comes later": "!contact_scheduled"}
    | {"conference": "contact.parked leg.ended leg.ended"}
    | GONE,
    "expedite": OF_CONTACT
    | {"with a plan": "rule.fired contact.changed", "waits": "!no_rule", "live": "!contact_active"}
    | {"parks": "!contact_parked", "comes later": "!contact_scheduled"}
    | GONE,
    "change for later": OF_CONTACT
    | {"offered": LATER + " offer.rescinded", "kept for b": LATER + " offer.rescinded"}
    | dict.fromkeys(("at work", "suspended"), LATER + " leg.ended")
    | {"conference": LATER + " leg.ended leg.ended", "live": LATER}
    | GONE,
    "unpark": OF_CONTACT
    | {
        "parked nowhere": "!no_queue",
        "scheduled nowhere": "!no_queue",
        "parks": "contact.queued",
        "comes later": "contact.queued",
        "waits": "!contact_queued",
        "live": "!contact_active",
    }
    | GONE,
    "change": OF_CONTACT | {"live": "contact.changed"} | GONE,
    "change, not parked": OF_CONTACT
    | {"parked nowhere": "!no_queue", "parks": "contact.changed contact.queued", "live": "contact.changed"}
    | GONE,
    "change queue": OF_CONTACT
    | {"offered": "contact.changed offer.rescinded contact.queued"}
    | {"kept for b": "contact.changed contact.queued", "live": "contact.changed"}
    | GONE,
    "change, wrong version": OF_CONTACT | {"live": "!version"} | GONE,
    "channel": OF_CONTACT | {"suspended": "!leg_suspended", "live": "contact.channel_changed"} | GONE,
    "channel without room": OF_CONTACT
    | {"at work": "!not_eligible:channel_max", "conference": "!not_eligible:channel_max"}
    | {"suspended": "!leg_suspended", "live": "contact.channel_changed"}
    | GONE,
    "channel without room, or requeue": OF_CONTACT
    | {"at work": "contact.channel_changed leg.ended contact.requeued"}
    | {"conference": "contact.channel_changed leg.ended leg.ended contact.requeued"}
    | {"suspended": "!leg_suspended", "live": "contact.channel_changed"}
    | GONE,
    "accept": NO_OFFER | {"offered": TAKEN, "else": "!offer_ended"},
    "decline": NO_OFFER | {"offered": "offer.declined", "else": "!offer_ended"},
    "decline, next away": NO_OFFER | {"offered": "offer.declined agent.presence_changed", "else": "!offer_ended"},
    "pick by b": OF_CONTACT
    | {"queued": f"offer.made {TAKEN}", "queued, a wraps": f"offer.made {TAKEN}"}
    | {"seeking": f"offer.made {TAKEN} {STARTS}", "waits": "!not_eligible:membership"}
    | {"parks": "!contact_parked", "comes later": "!contact_scheduled", "live": "!contact_active"}
    | GONE,
    "assign to b": OF_CONTACT
    | {"queued": "offer.made", "queued, a wraps": "offer.made", "seeking": "offer.made", "waits": "!offer_out"}
    | {"parks": "!contact_parked", "comes later": "!contact_scheduled", "live": "!contact_active"}
    | GONE,
    "assign to b, active": OF_CONTACT
    | {"queued": f"offer.made {TAKEN}", "queued, a wraps": f"offer.made {TAKEN}", "kept for b": TAKEN}
    | {"offered": f"offer.made {TAKEN} offer.rescinded", "seeking": f"offer.made {TAKEN} {STARTS}"}
    | {"parks": "!contact_parked", "comes later": "!contact_scheduled", "live": "!contact_active"}
    | GONE,
    "hold": OF_LEG | dict.fromkeys(("active", "seeking", "conference"), "contact.held"),
    "resume": OF_LEG | {"held": "contact.resumed"},
    "complete": OF_CONTACT
    | {"at work": STARTS, "conference": f"{STARTS} {STARTS}", "suspended": "leg.ended contact.closed"}
    | {"a wraps": "!leg_wrapping", "waits": "!contact_queued", "parks": "!contact_parked"}
    | {"comes later": "!contact_scheduled"},
    "complete at once": OF_CONTACT
    | {"at work": "leg.ended contact.closed", "conference": "leg.ended leg.ended contact.closed"}
    | {"suspended": "leg.ended contact.closed"}
    | {"a wraps": "!leg_wrapping", "waits": "!contact_queued", "parks": "!contact_parked"}
    | {"comes later": "!contact_scheduled"},
    "complete by a": OF_LEG
    | dict.fromkeys(("active", "held", "seeking", "conference"), STARTS)
    | {"suspended": "leg.ended contact.closed"},
    "end wrap-up": OF_LEG | {"a wraps": ENDS, "wrapping": f"{ENDS} contact.closed"},
    "extend wrap-up": OF_LEG | {"a wraps": "leg.wrap_up_extended"},
    "transfer": OF_LEG
    | dict.fromkeys(("active", "held", "seeking"), f"contact.transferred {STARTS} contact.queued")
    | {"conference": "!conference"},
    "transfer, kept for b": OF_LEG
    | dict.fromkeys(("active", "held", "seeking"), f"contact.transferred {STARTS} contact.queued")
    | {"conference": "!conference"},
    "transfer to b": OF_LEG
    | dict.fromkeys(("active", "held", "seeking"), f"contact.transferred {STARTS} contact.queued offer.made")
    | {"conference": "!conference"},
    "transfer warm": OF_LEG
    | dict.fromkeys(("active", "held", "seeking"), "contact.transferred")
    | {"conference": "!conference"},
    "transfer warm, kept for b": OF_LEG
    | dict.fromkeys(("active", "held", "seeking"), "contact.transferred")
    | {"conference": "!conference"},
    "transfer warm to b": OF_LEG
    | dict.fromkeys(("active", "held", "seeking"), "contact.transferred offer.made")
    | {"conference": "!conference"},
    "consult": OF_LEG | dict.fromkeys(("active", "held", "seeking", "conference"), "contact.queued"),
    "consult b": OF_LEG | dict.fromkeys(("active", "held", "seeking", "conference"), "contact.queued offer.made"),
    "join": OF_LEG | dict.fromkeys(("active", "held", "seeking", "conference"), "contact.changed"),
    "join b": OF_LEG | dict.fromkeys(("active", "held", "seeking"), "offer.made") | {"conference": "!not_eligible:leg"},
    "leave": OF_LEG | dict.fromkeys(("active", "held", "seeking", "suspended"), "!last_leg") | {"conference": STARTS},
    "requeue": OF_CONTACT
    | {"at work": "leg.ended contact.requeued", "suspended": "leg.ended contact.requeued"}
    | {"conference": "leg.ended leg.ended contact.requeued", "wrapping": "!leg_wrapping"}
    | {"waits": "!contact_queued", "parks": "!contact_parked", "comes later": "!contact_scheduled"}
    | GONE,
    "requeue by a": OF_LEG
    | dict.fromkeys(("active", "held", "seeking", "suspended"), "leg.ended contact.requeued")
    | {"conference": "!conference"},
    "connect failed": OF_CONTACT
    | {"at work": "leg.ended contact.requeued", "suspended": "!leg_suspended", "conference": "!conference"}
    | {"wrapping": "!leg_wrapping", "parks": "!contact_parked", "comes later": "!contact_scheduled"}
    | {"callback at work": "leg.ended contact.scheduled"}
    | dict.fromkeys(("queued", "offered", "kept for b", "queued, a wraps"), "!contact_queued")
    | GONE,
    "connect failed at a": OF_LEG
    | dict.fromkeys(("active", "held", "seeking"), "leg.ended contact.requeued")
    | {"conference": "leg.ended", "callback at work": "leg.ended contact.scheduled"},
    **{name: OF_CONTACT | {"else": "!no_leg"} for name in INPUTS if name.endswith(" x")},
    "away": {"offered": "agent.presence_changed offer.declined", "else": "agent.presence_changed"},
    "away, offers refuse": {"offered": "!offers_pending", "else": "agent.presence_changed"},
    "away, offers keep": {"else": "agent.presence_changed"},
    "away when done": {"offered": "agent.presence_changed offer.declined"}
    | dict.fromkeys(("at work", "suspended", "conference", "a wraps"), "agent.next_presence_set")
    | {"else": "agent.presence_changed"},
    "load": {"else": "agent.external_load_set"},
    "pause": {"else": "queue.paused"},
    "open": {"else": "!queue_open"},
    "open, wrong version": {"else": "!version"},
    "heartbeat": {"else": ""},
    "configure": {"else": "configured"},
    "put queue": {"else": "configured"},
    "put agent": {"else": "configured"},
    "put channel": {"else": "configured"},
    "put queue, wrong version": {"else": "!version"},
    "remove queue": {"in n": "!in_use", "else": "configured"},
    "remove queue when empty": {"else": "configured"},
    "remove agent": {"else": "configured"},
    "remove agent at work": {"else": "!in_use"},
    "remove agent when done": dict.fromkeys(
        ("at work", "suspended", "conference", "a wraps"), "configured agent.next_presence_set"
    )
    | {"offered": "configured agent.presence_changed offer.rescinded configured"}
    | {"else": "configured agent.presence_changed configured"},
}
"""For each input what a state answers: ``!reason``, ``!reason:rule``, or the tags of the events."""


def _expected(state: str, name: str) -> str:
    row = TABLE[name]
    names = [state, *(group for group, states in GROUPS.items() if state in states), "else"]
    return next(row[one] for one in names if one in row)


def _reach(handle: Any, state: str) -> int:
    """Lead to a state and return the time of the next command."""
    for command in STATES[state]:
        assert not any(isinstance(event, CommandRefused) for event in handle(command, 0))
    return FORGOTTEN_US if state == "forgotten" else 1


def _outcome(events: list[Event]) -> str:
    if events and isinstance(events[0], CommandRefused):
        assert len(events) == 1
        rule = events[0].rule
        return f"!{events[0].reason}" + (f":{rule}" if rule is not None else "")
    return " ".join(str(event.__struct_config__.tag) for event in events)


CELLS = [(state, name) for state in STATES for name in INPUTS]


@pytest.mark.parametrize(("state", "name"), CELLS)
def test_oracle_answers_as_the_table_says(state: str, name: str) -> None:
    model = Model(CONFIG)
    at_us = _reach(model.handle, state)
    assert _outcome(model.handle(INPUTS[name], at_us)) == _expected(state, name)


@pytest.mark.parametrize(("state", "name"), CELLS)
def test_engine_answers_as_the_table_says_and_a_refusal_changes_nothing(state: str, name: str) -> None:
    duel = Duel(CONFIG)
    engine = duel.engine
    at_us = _reach(lambda command, at_us: duel.do(Handle(command, at_us)), state)
    engine.advance(at_us)
    before = _seen(engine)
    outcome = _outcome(engine.handle(INPUTS[name], at_us))
    assert outcome == _expected(state, name)
    if outcome.startswith("!"):
        assert _seen(engine) == before


def _seen(engine: Any) -> list[Any]:
    """Return all that look-ups tell."""
    seen = [engine.contact("c"), engine.offer("o1"), engine.next_at_us(), engine.now_us, engine.counters()]
    seen += [engine.agent(agent) for agent in CONFIG.agents]
    return seen + [engine.queue(queue) for queue in CONFIG.queues]


def test_every_command_and_every_reason_that_a_transition_can_give_is_in_the_table() -> None:
    assert {type(command) for command in INPUTS.values()} == set(COMMANDS)
    given = {outcome[1:].partition(":")[0] for cell in CELLS if (outcome := _expected(*cell)).startswith("!")}
    of_ids_and_limits = {"unknown_agent", "contacts_max", "legs_max", "queue_paused", "queue_draining"}
    assert given == {reason.value for reason in RefusalReason} - of_ids_and_limits


# ---- the engine's own table

INPUT_OF_TAG: Final = {
    "contact.enqueue": "enqueue",
    "contact.abandon": "abandon",
    "contact.cancel": "cancel",
    "contact.park": "park",
    "contact.unpark": "unpark",
    "contact.expedite": "expedite",
    "contact.change": "change",
    "contact.change_channel": "channel",
    "contact.pick": "pick by b",
    "contact.assign": "assign to b",
    "contact.complete": "complete by a",
    "contact.transfer": "transfer",
    "contact.consult": "consult",
    "contact.join": "join",
    "contact.leave": "leave",
    "offer.accept": "accept",
    "offer.decline": "decline",
    "leg.hold": "hold",
    "leg.resume": "resume",
    "leg.end_wrap_up": "end wrap-up",
    "leg.extend_wrap_up": "extend wrap-up",
    "queue.pause": "pause",
    "queue.open": "open",
}
"""The input that stands for a command; those that mean a contact or a leg have one for each table."""
INPUTS_OF_TWO_TABLES: Final = {
    ("contact", "contact.requeue"): "requeue",
    ("leg", "contact.requeue"): "requeue by a",
    ("contact", "offer.connect_failed"): "connect failed",
    ("leg", "offer.connect_failed"): "connect failed at a",
}
OF_NO_TABLE: Final = {"agent.heartbeat", "queue.remove", "agent.remove"}
"""Tags of commands that change neither a contact, a leg, an offer nor whether a queue is open."""
REFUSALS_OF_ENGINE: Final = [
    (table, tag, state, outcome)
    for table, rows in (("contact", CONTACT_TABLE), ("leg", LEG_TABLE), ("offer", OFFER_TABLE), ("queue", QUEUE_TABLE))
    for tag, row in rows.items()
    for state, outcome in row.items()
    if outcome.startswith("!") and (table, state) != ("queue", "paused")
    if tag != "contact.expedite" and state not in ("scheduled", "expired")
]


@pytest.mark.parametrize(("table", "tag", "state", "outcome"), REFUSALS_OF_ENGINE)
def test_table_of_the_engine_refuses_what_ours_refuses(table: str, tag: str, state: str, outcome: str) -> None:
    name = INPUTS_OF_TWO_TABLES.get((table, tag)) or INPUT_OF_TAG[tag]
    states = {"new": "none", "none": "queued", "unknown": "none", "ended": "closed", "open": "queued"}
    assert _expected(states.get(state, state), name) == outcome


def test_table_of_the_engine_knows_every_command() -> None:
    tags = {command.__struct_config__.tag for command in COMMANDS}
    known = {tag for rows in (CONTACT_TABLE, LEG_TABLE, OFFER_TABLE, QUEUE_TABLE) for tag in rows}
    assert tags - OF_NO_TABLE == {tag for tag in known if not tag.startswith(("timer:", "decision:"))}
