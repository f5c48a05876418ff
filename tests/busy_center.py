"""A contact centre in the middle of its work: one contact, leg, offer and agent in every state there is."""

from __future__ import annotations

from typing import Final

from ccroute import Config, Engine, EnqueueContact, Presence, SetPresence, commands
from ccroute.config import Agent, EngineSettings, Offer, Queue, Skill
from ccroute.types import OfferMode

START_US: Final = 1_000_000_000
NOW_US: Final = START_US + 8
LATER_US: Final = START_US + 60_000_000
"""Timers of the centre are due before, so a call that moves it by mistake is seen."""

CONFIG: Final = Config(
    engine=EngineSettings(jump_max_us=3_600_000_000, command_ids_max=3),
    skills={"german": Skill()},
    queues={
        "ring": Queue(offer=Offer(offer_timeout_us=30_000_000), wrap_up_us=20_000_000),
        "auto": Queue(offer=Offer(mode=OfferMode.AUTO), wrap_up_us="unlimited", requires="agent.skills.german >= 1"),
        "scored": Queue(select=["given_score", "idle"], tier=2, head_start_us=5, members="all"),
        "shut": Queue(paused=True),
    },
    agents={
        f"a{number}": Agent(queues={"ring": 1, "auto": 2, "shut": 1}, skills={"german": 50}) for number in range(5)
    },
)


def _presence(agent_id: str, presence: Presence = Presence.AVAILABLE) -> SetPresence:
    return SetPresence(agent_id=agent_id, presence=presence, label="here", command_id=f"in-{agent_id}")


def _contact(contact_id: str, queue_id: str = "auto") -> EnqueueContact:
    return EnqueueContact(
        contact_id=contact_id,
        queue_id=queue_id,
        channel="voice",
        excluded=["a4", "nobody"],
        scores={"a1": 5},
        attributes={"lang": "de", "tags": ["x"]},
        requires="agent.skills.german > 1",
    )


def busy_engine() -> Engine:
    """Return an engine in which a0 rings, a1 talks, a2 holds, a3 wraps up, a4 is away; contacts wait and have ended."""
    engine = Engine(CONFIG)
    both = {"contact_id": "held", "agent_id": "a2"}
    for at_us, some in enumerate(
        (
            [_presence("a1"), _contact("talk")],
            [_presence("a2"), _contact("held"), commands.HoldContact(**both)],
            [_presence("a3"), _contact("wrap"), commands.CompleteContact(contact_id="wrap", disposition="sold")],
            [_presence("a4"), _presence("a4", Presence.AWAY)],
            [_presence("a0"), _contact("rung", "ring"), _contact("wait", "ring")],
            [_contact("gone", "scored"), commands.CancelContact(contact_id="gone", reason="test")],
            [SetPresence(agent_id="a2", presence=Presence.AWAY, next_=True, label="lunch")],
            [_contact("late", "shut"), commands.AbandonContact(contact_id="nobody")],
            [commands.CancelContact(contact_id="wait"), _contact("wait", "ring")],
        )
    ):
        for command in some:
            engine.handle(command, START_US + at_us)
    return engine


WORKING: Final[tuple[commands.Command, ...]] = (
    EnqueueContact(contact_id="new", queue_id="ring", channel="voice"),
    commands.AbandonContact(contact_id="wait"),
    commands.CancelContact(contact_id="wait"),
    commands.AcceptOffer(offer_id="o4"),
    commands.DeclineOffer(offer_id="o4"),
    commands.HoldContact(contact_id="talk", agent_id="a1"),
    commands.ResumeContact(contact_id="held", agent_id="a2"),
    commands.CompleteContact(contact_id="talk", agent_id="a1"),
    commands.EndWrapUp(contact_id="wrap", agent_id="a3"),
    commands.ExtendWrapUp(contact_id="wrap", agent_id="a3", wrap_up_us=5),
    commands.TransferContact(contact_id="talk", agent_id="a1", to_queue="ring"),
    SetPresence(agent_id="a4", presence=Presence.AVAILABLE),
    commands.PauseQueue(queue_id="ring"),
    commands.OpenQueue(queue_id="shut"),
)
"""One command of every kind that a busy engine carries out."""
