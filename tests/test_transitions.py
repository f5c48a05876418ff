"""Every state of a contact × every command: the events that follow, or the reason of the refusal.

The table below is written from the rules, not from the engine's own table. Agent ``a`` is the one whose offer or leg it
is; ``b`` has none. Queue ``q`` rings and wraps up without limit, ``n`` has no agents, so that contacts just wait there.
"""

from __future__ import annotations

from typing import Any

import pytest

from ccroute.commands import (
    COMMANDS,
    AbandonContact,
    AcceptOffer,
    CancelContact,
    Command,
    CompleteContact,
    DeclineOffer,
    EndWrapUp,
    EnqueueContact,
    ExtendWrapUp,
    HoldContact,
    OpenQueue,
    PauseQueue,
    ResumeContact,
    SetPresence,
    TransferContact,
)
from ccroute.config.structs import Agent, Config, EngineSettings, Offer, Queue
from ccroute.core.table import CONTACT_TABLE, LEG_TABLE, OFFER_TABLE, QUEUE_TABLE
from ccroute.events import CommandRefused, Event
from ccroute.types import OfferMode, PendingOffers, Presence, RefusalReason
from tests.model import Model
from tests.steps import Duel, Handle

RING = Offer(mode=OfferMode.RING, offer_timeout_us=1_000_000)
CONFIG = Config(
    engine=EngineSettings(retain_us=1_000),
    queues={"q": Queue(offer=RING, wrap_up_us="unlimited"), "n": Queue(offer=RING)},
    agents={"a": Agent(queues={"q": 1}), "b": Agent()},
)
FORGOTTEN_US = 2_000

AVAILABLE = SetPresence(agent_id="a", presence=Presence.AVAILABLE)
OFFERED = (AVAILABLE, EnqueueContact(contact_id="c", queue_id="q", channel="voice"))
ACTIVE = (*OFFERED, AcceptOffer(offer_id="o1"))
TRANSFERRED = (*ACTIVE, TransferContact(contact_id="c", agent_id="a", to_queue="n"))
CLOSED = (*ACTIVE, CompleteContact(contact_id="c", wrap_up_us=0))

STATES: dict[str, tuple[Command, ...]] = {
    "none": (AVAILABLE,),
    "queued": (AVAILABLE, EnqueueContact(contact_id="c", queue_id="n", channel="voice")),
    "offered": OFFERED,
    "queued, giver wraps up": TRANSFERRED,
    "active": ACTIVE,
    "held": (*ACTIVE, HoldContact(contact_id="c", agent_id="a")),
    "wrapping": (*ACTIVE, CompleteContact(contact_id="c")),
    "closed": CLOSED,
    "abandoned": (*OFFERED, AbandonContact(contact_id="c")),
    "cancelled": (*ACTIVE, CancelContact(contact_id="c")),
    "abandoned, giver wraps up": (*TRANSFERRED, AbandonContact(contact_id="c")),
    "forgotten": CLOSED,
}
"""What leads to a state, all at time 0."""

LEG: dict[str, Any] = {"contact_id": "c", "agent_id": "a"}
NO_LEG: dict[str, Any] = {"contact_id": "c", "agent_id": "b"}
INPUTS: dict[str, Command] = {
    "enqueue": EnqueueContact(contact_id="c", queue_id="n", channel="voice"),
    "abandon": AbandonContact(contact_id="c"),
    "cancel": CancelContact(contact_id="c"),
    "accept": AcceptOffer(offer_id="o1"),
    "decline": DeclineOffer(offer_id="o1"),
    "decline, next away": DeclineOffer(offer_id="o1", next_presence=Presence.AWAY),
    "hold": HoldContact(**LEG),
    "hold by b": HoldContact(**NO_LEG),
    "resume": ResumeContact(**LEG),
    "resume by b": ResumeContact(**NO_LEG),
    "complete": CompleteContact(contact_id="c"),
    "complete at once": CompleteContact(contact_id="c", wrap_up_us=0),
    "complete by a": CompleteContact(**LEG),
    "complete by b": CompleteContact(**NO_LEG),
    "end wrap-up": EndWrapUp(**LEG),
    "end wrap-up by b": EndWrapUp(**NO_LEG),
    "extend wrap-up": ExtendWrapUp(wrap_up_us=5, **LEG),
    "extend wrap-up by b": ExtendWrapUp(wrap_up_us=5, **NO_LEG),
    "transfer": TransferContact(to_queue="n", **LEG),
    "transfer by b": TransferContact(to_queue="n", **NO_LEG),
    "away": SetPresence(agent_id="a", presence=Presence.AWAY),
    "away, offers refuse": SetPresence(agent_id="a", presence=Presence.AWAY, offers=PendingOffers.REFUSE),
    "away, offers keep": SetPresence(agent_id="a", presence=Presence.AWAY, offers=PendingOffers.KEEP),
    "away when done": SetPresence(agent_id="a", presence=Presence.AWAY, next_=True),
    "pause": PauseQueue(queue_id="n"),
    "open": OpenQueue(queue_id="n"),
}

LEG_COMMANDS = ("hold", "resume", "complete by a", "end wrap-up", "extend wrap-up", "transfer")
ENDINGS = ("closed", "abandoned", "cancelled")
HAS_LEG = ("queued, giver wraps up", "active", "held", "wrapping", "abandoned, giver wraps up")
WRAPS = ("queued, giver wraps up", "wrapping", "abandoned, giver wraps up")


def _expected(state: str, name: str) -> str | list[str]:
    """Return the reason of the refusal, or the tags of the events."""
    rows = {
        "enqueue": _of_enqueue,
        "abandon": _of_abandon,
        "cancel": _of_cancel,
        "accept": _of_offer,
        "decline": _of_offer,
        "decline, next away": _of_offer,
        "complete": _of_complete,
        "complete at once": _of_complete,
    }
    if name in rows:
        return rows[name](state, name)
    if name in LEG_COMMANDS:
        return _of_leg(state, name)
    if name.endswith("by b"):
        return _without_leg(state) or "no_leg"
    return _of_agent_or_queue(state, name)


def _unknown_or_ended(state: str) -> str | None:
    if state in ("none", "forgotten"):
        return "unknown_contact"
    return "contact_ended" if state in ENDINGS else None


def _of_enqueue(state: str, _: str) -> str | list[str]:
    return ["contact.queued"] if _unknown_or_ended(state) else "contact_exists"


def _of_abandon(state: str, _: str) -> str | list[str]:
    if state in ("active", "held", "wrapping"):
        return "contact_active"
    if state == "abandoned, giver wraps up":
        return "contact_ended"
    outcome = ["contact.abandoned"] + (["offer.rescinded"] if state == "offered" else [])
    return _unknown_or_ended(state) or outcome


def _of_cancel(state: str, _: str) -> str | list[str]:
    if state == "abandoned, giver wraps up":
        return "contact_ended"
    consequence = ["offer.rescinded"] if state == "offered" else ["leg.ended"] if state in HAS_LEG else []
    return _unknown_or_ended(state) or ["contact.cancelled", *consequence]


def _of_offer(state: str, name: str) -> str | list[str]:
    if state in ("none", "queued"):
        return "unknown_offer"
    if state != "offered":
        return "offer_ended"
    if name == "accept":
        return ["offer.accepted", "contact.active"]
    return ["offer.declined"] + (["agent.presence_changed"] if name == "decline, next away" else [])


def _of_complete(state: str, name: str) -> str | list[str]:
    if state in ("queued", "offered"):
        return "contact_queued"
    if state in WRAPS:
        return "leg_wrapping"
    done = ["leg.ended", "contact.closed"] if name == "complete at once" else ["leg.wrap_up_started"]
    return _unknown_or_ended(state) or done


def _without_leg(state: str) -> str | None:
    return _unknown_or_ended(state) or ("no_leg" if state not in HAS_LEG else None)


def _of_leg(state: str, name: str) -> str | list[str]:
    refusal = _without_leg(state)
    if refusal is not None:
        return refusal
    leg = "wrapping" if state in WRAPS else state
    table: dict[tuple[str, str], list[str]] = {
        ("active", "hold"): ["contact.held"],
        ("held", "resume"): ["contact.resumed"],
        ("wrapping", "end wrap-up"): ["leg.wrap_up_ended", "leg.ended"],
        ("wrapping", "extend wrap-up"): ["leg.wrap_up_extended"],
    }
    for working in ("active", "held"):
        table[working, "complete by a"] = ["leg.wrap_up_started"]
        table[working, "transfer"] = ["contact.transferred", "leg.wrap_up_started", "contact.queued"]
    if (leg, name) not in table:
        return f"leg_{leg}"
    closes = name == "end wrap-up" and state == "wrapping"
    return table[leg, name] + (["contact.closed"] if closes else [])


def _of_agent_or_queue(state: str, name: str) -> str | list[str]:
    if name == "pause":
        return ["queue.paused"]
    if name == "open":
        return "queue_open"
    if name == "away, offers refuse" and state == "offered":
        return "offers_pending"
    if name == "away when done" and state in HAS_LEG:
        return ["agent.next_presence_set"]
    declines = state == "offered" and name in ("away", "away when done")
    return ["agent.presence_changed"] + (["offer.declined"] if declines else [])


def _reach(handle: Any, state: str) -> int:
    """Lead to a state and return the time of the next command."""
    for command in STATES[state]:
        assert not any(isinstance(event, CommandRefused) for event in handle(command, 0))
    return FORGOTTEN_US if state == "forgotten" else 1


def _outcome(events: list[Event]) -> str | list[str]:
    if isinstance(events[0], CommandRefused):
        assert len(events) == 1
        return events[0].reason.value
    return [str(event.__struct_config__.tag) for event in events]


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
    if isinstance(outcome, str):
        assert _seen(engine) == before


def _seen(engine: Any) -> list[Any]:
    """Return all that look-ups tell."""
    seen = [engine.contact("c"), engine.offer("o1"), engine.next_at_us(), engine.now_us, engine.counters()]
    seen += [engine.agent(agent) for agent in CONFIG.agents]
    return seen + [engine.queue(queue) for queue in CONFIG.queues]


def test_every_command_and_every_reason_that_a_transition_can_give_is_in_the_table() -> None:
    assert {type(command) for command in INPUTS.values()} == set(COMMANDS)
    given = {outcome for cell in CELLS if isinstance(outcome := _expected(*cell), str)}
    of_ids_and_limits = {"unknown_agent", "contacts_max", "classes_max", "queue_paused"}
    assert given == {reason.value for reason in RefusalReason} - of_ids_and_limits


# ---- the engine's own table

INPUT_OF_TAG = {
    "contact.enqueue": "enqueue",
    "contact.abandon": "abandon",
    "contact.cancel": "cancel",
    "contact.complete": "complete by a",
    "contact.transfer": "transfer",
    "offer.accept": "accept",
    "offer.decline": "decline",
    "leg.hold": "hold",
    "leg.resume": "resume",
    "leg.end_wrap_up": "end wrap-up",
    "leg.extend_wrap_up": "extend wrap-up",
    "queue.pause": "pause",
    "queue.open": "open",
}
REFUSALS_OF_ENGINE = [
    (table, tag, state, outcome.removeprefix("!"))
    for table, rows in (("contact", CONTACT_TABLE), ("leg", LEG_TABLE), ("offer", OFFER_TABLE), ("queue", QUEUE_TABLE))
    for tag, row in rows.items()
    for state, outcome in row.items()
    if outcome.startswith("!") and (table, state) != ("queue", "paused")
]


@pytest.mark.parametrize(("table", "tag", "state", "reason"), REFUSALS_OF_ENGINE)
def test_table_of_the_engine_refuses_what_ours_refuses(table: str, tag: str, state: str, reason: str) -> None:
    name = INPUT_OF_TAG[tag]
    if (table, state) == ("leg", "none"):
        assert _expected("active", f"{name.removesuffix(' by a')} by b") == reason
        return
    states = {"new": "none", "unknown": "none", "ended": "closed", "open": "queued"}
    assert _expected(states.get(state, state), name) == reason


def test_table_of_the_engine_knows_every_command() -> None:
    tags = {command.__struct_config__.tag for command in COMMANDS}
    assert tags == {tag for rows in (CONTACT_TABLE, LEG_TABLE, OFFER_TABLE, QUEUE_TABLE) for tag in rows} - {
        "timer:offer"
    }
