"""Small contact centres, and short ways to ask and to hear, for cases that are worked by hand.

Times are microseconds, small enough to add up. Unless a case says otherwise: voice interrupts chat and email, chat
interrupts email; voice costs 100 units, chat 30, email 20; agents have 100, serve queues ``q`` and ``r``, and are there
from moment 0 on.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ccroute.commands import (
    AssignContact,
    ChangeChannel,
    ChangeContact,
    Command,
    CompleteContact,
    ConnectFailed,
    ContactPatch,
    EnqueueContact,
    ExpediteContact,
    ParkContact,
    PickContact,
    RequeueContact,
    SetPresence,
    UnparkContact,
)
from ccroute.config.structs import Agent, Channel, Config, EngineSettings, Offer, PlanStep, Queue
from ccroute.events import CommandRefused, Event, OfferMade
from ccroute.types import ChangeOffers, OfferMode, PlanOn, Presence, RefusalReason
from tests.model import Model

AUTO = Offer(mode=OfferMode.AUTO)
RING = Offer(offer_timeout_us=10)
MANUAL = Offer(mode=OfferMode.MANUAL, offer_timeout_us=10)
CHANNELS = {"voice": Channel(interrupts=["chat", "email"]), "chat": Channel(interrupts=["email"])}
BOTH: dict[str, Any] = {"q": 1, "r": 1}
"""Queues of an agent that serves both as its own."""

IN_LINE_OR_AT_WORK: tuple[Command, ...] = (
    ParkContact(contact_id="c"),
    PickContact(contact_id="c", agent_id="a0"),
    AssignContact(contact_id="c", agent_id="a0"),
    RequeueContact(contact_id="c"),
    ExpediteContact(contact_id="c"),
    CompleteContact(contact_id="c"),
    ConnectFailed(contact_id="c"),
)
"""What is asked of a contact in line or at work, and refused of one that is put aside."""

UNSAID = ("seq", "at_us", "cause", "actor")
WORDS = {
    "contact_id": "{}",
    "agent_id": "{}",
    "reason": "{}",
    "rule": "{}",
    "when": "{}",
    "report": "{}",
    "presence": "{}",
    "mode": "{}",
    "to_queue_id": "to {}",
    "to_agent_id": "to {}",
    "to_channel": "to {}",
    "by_contact_id": "by {}",
    "victim": "over {}",
}
"""Fields that :func:`said` tells, in this order."""
SAID_MODES = ("manual", "warm")


def agent(**fields: Any) -> Agent:
    """Return an agent that serves both queues."""
    return Agent(**({"queues": BOTH} | fields))


def room_for(many: int, **fields: Any) -> Agent:
    """Return an agent with units and pending offers for so many calls."""
    return agent(capacity=100 * many, offers_max=many, **fields)


def centre(
    q: Queue | None = None,
    r: Queue | None = None,
    agents: int | dict[str, Agent] = 1,
    engine: EngineSettings | None = None,
    present: bool = True,
    **other: Any,
) -> Model:
    """Return the oracle of a centre with queues ``q`` and ``r`` and agents ``a0``, ``a1`` …, who are there."""
    if isinstance(agents, int):
        agents = {f"a{number}": agent() for number in range(agents)}
    config = Config(
        engine=engine or EngineSettings(),
        queues={"q": q or Queue(offer=RING), "r": r or Queue(offer=RING)},
        agents=agents,
        **({"channels": CHANNELS} | other),
    )
    model = Model(config)
    for agent_id in agents if present else ():
        model.handle(available(agent_id), 0)
    return model


def step(when: int | PlanOn | None = None, **fields: Any) -> PlanStep:
    """Return a step that is due after a time or on an event."""
    if isinstance(when, PlanOn):
        return PlanStep(on=when, **fields)
    return PlanStep(after=when, **fields)


def entry(**fields: Any) -> PlanStep:
    """Return a step that is due when a contact enters."""
    return step(PlanOn.ENTRY, **fields)


def planned(*steps: PlanStep, **fields: Any) -> Queue:
    """Return a queue with a plan, whose offers agents must answer."""
    return Queue(**({"offer": RING, "plan": list(steps)} | fields))


def arrive(contact_id: str, queue_id: str = "q", channel: str = "voice", **other: Any) -> EnqueueContact:
    """Return the command by which a contact comes."""
    return EnqueueContact(contact_id=contact_id, queue_id=queue_id, channel=channel, **other)


def available(agent_id: str, **other: Any) -> SetPresence:
    """Return the command by which an agent becomes available."""
    return SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE, **other)


def away(agent_id: str, **other: Any) -> SetPresence:
    """Return the command by which an agent goes away."""
    return SetPresence(agent_id=agent_id, presence=Presence.AWAY, **other)


def offline(agent_id: str, **other: Any) -> SetPresence:
    """Return the command by which an agent signs out."""
    return SetPresence(agent_id=agent_id, presence=Presence.OFFLINE, **other)


def change(contact_id: str = "c", offers: ChangeOffers = ChangeOffers.RECHECK, **patch: Any) -> ChangeContact:
    """Return the command by which a contact is patched."""
    return ChangeContact(contact_id=contact_id, patch=ContactPatch(**patch), offers=offers)


def change_channel(channel: str, contact_id: str = "c", **fields: Any) -> ChangeChannel:
    """Return the command by which a contact goes on by another channel."""
    return ChangeChannel(contact_id=contact_id, channel=channel, **fields)


def unpark(contact_id: str = "c") -> UnparkContact:
    """Return the command by which parking ends."""
    return UnparkContact(contact_id=contact_id)


def tags(events: list[Event]) -> list[str]:
    """Return the tags of events."""
    return [tag(event) for event in events]


def tag(event: Event) -> str:
    """Return the tag of an event."""
    return str(event.__struct_config__.tag)


def pairs_made(events: list[Event]) -> list[tuple[str, str]]:
    """Return contact and agent of every offer made."""
    return [(event.contact_id, event.agent_id) for event in events if isinstance(event, OfferMade)]


def said(events: list[Event]) -> list[str]:
    """Return events in short: what happened, to whom, why, and for whose sake."""
    return [" ".join([tag(event), *_details(event)]) for event in events]


def _details(event: Event) -> list[str]:
    found = {name: getattr(event, name, None) for name in WORDS}
    if found["mode"] not in SAID_MODES:
        found["mode"] = None
    if getattr(event, "own", False):
        found["rule"] = f"own {found['rule']}"
    return [WORDS[name].format(value) for name, value in found.items() if value is not None]


def reason(events: list[Event]) -> RefusalReason:
    """Return why the one command was refused."""
    (event,) = events
    assert isinstance(event, CommandRefused)
    return event.reason


def told(event: Event) -> dict[str, Any]:
    """Return every field that is particular to the kind of event, plain."""
    fields: dict[str, Any] = msgspec.to_builtins(event)
    return {name: fields.get(name) for name in event.__struct_fields__ if name not in UNSAID}


def ask(model: Model, command: Command, at_us: int) -> list[str]:
    """Carry a command out and return in short what it gave."""
    return said(model.handle(command, at_us))


def wait(model: Model, to_us: int) -> list[str]:
    """Let time pass and return in short what it gave."""
    return said(model.advance(to_us))
