"""A contact centre in the middle of its work: one contact, leg, offer and agent in every state there is."""

from __future__ import annotations

from typing import Final

from ccroute import Config, Engine, EnqueueContact, Presence, SetPresence, commands
from ccroute.commands import ContactPatch
from ccroute.config import Agent, Channel, EngineSettings, Offer, PlanStep, Queue, Skill
from ccroute.types import OfferMode, Removal

START_US: Final = 1_000_000_000
NOW_US: Final = START_US + 12
HOUR_US: Final = 3_600_000_000
LATER_US: Final = START_US + 60_000_000
"""Timers of the centre are due before, so a call that moves it by mistake is seen."""

CONFIG: Final = Config(
    engine=EngineSettings(jump_max_us=3_600_000_000, command_ids_max=3),
    skills={"german": Skill()},
    channels={"voice": Channel(interrupts=["chat"])},
    queues={
        "ring": Queue(offer=Offer(offer_timeout_us=30_000_000), wrap_up_us=20_000_000),
        "auto": Queue(offer=Offer(mode=OfferMode.AUTO), wrap_up_us="unlimited", requires="agent.skills.german >= 1"),
        "scored": Queue(select=["given_score", "idle"], tier=2, head_start_us=5, members="all"),
        "shut": Queue(paused=True),
        "pair": Queue(offer=Offer(mode=OfferMode.AUTO)),
        "desk": Queue(offer=Offer(mode=OfferMode.AUTO)),
        "many": Queue(offer=Offer(mode=OfferMode.BROADCAST, k=2, offers_min=2)),
    },
    agents={f"a{number}": Agent(queues={"ring": 1, "auto": 2, "shut": 1}, skills={"german": 50}) for number in range(5)}
    | {
        f"a{number}": Agent(queues={queue_id: 1}, skills={"german": 50})
        for number, queue_id in enumerate(("pair", "pair", "desk", "shut", "many", "many"), start=5)
    }
    | {"a4": Agent(queues={"ring": 1, "auto": 2, "shut": 1}, skills={"german": 50}, lease_us=5)},
)


def _presence(agent_id: str, presence: Presence = Presence.AVAILABLE) -> SetPresence:
    return SetPresence(agent_id=agent_id, presence=presence, label="here", command_id=f"in-{agent_id}")


def _contact(contact_id: str, queue_id: str = "auto", channel: str = "voice", parked: bool = False) -> EnqueueContact:
    return EnqueueContact(
        contact_id=contact_id,
        queue_id=queue_id,
        channel=channel,
        parked=parked,
        excluded=["a4", "nobody"],
        scores={"a1": 5},
        attributes={"lang": "de", "tags": ["x"]},
        requires="agent.skills.german > 1",
    )


def busy_engine() -> Engine:
    """Return an engine in the middle of its work.

    a0 rings, a1 talks and asks, a2 holds, a3 wraps up, a4 is lost, a5 and a6 confer and look for a third, a7 has one
    contact suspended for another, a8 is free, a9 and a10 are called at once; contacts wait, are parked and have ended.
    """
    engine = Engine(CONFIG)
    both = {"contact_id": "held", "agent_id": "a2"}
    pair = {"contact_id": "both", "agent_id": "a5"}
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
            [
                _presence("a5"),
                _contact("both", "pair"),
                _presence("a6"),
                commands.JoinConference(**pair, to_agent="a6"),
            ],
            [_presence("a7"), _contact("aside", "desk", "chat"), _contact("over", "desk")],
            [_presence("a9"), _presence("a10"), _contact("called", "many"), _contact("parked", parked=True)],
            [
                commands.JoinConference(**pair, to_queue="shut"),
                commands.ConsultAgent(contact_id="talk", agent_id="a1", to_queue="shut"),
                commands.SetExternalLoad(agent_id="a4", channel="email", units=10),
                _contact("rest", "shut"),
                commands.ParkContact(contact_id="rest", until_us=START_US + 30_000_000),
                _presence("a8"),
                EnqueueContact(
                    contact_id="plan", queue_id="shut", channel="voice", plan=[PlanStep(after=HOUR_US, tier=1)]
                ),
            ],
        )
    ):
        for command in some:
            engine.handle(command, START_US + at_us)
    return engine


BATCH: Final[tuple[commands.Command, ...]] = (
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
    commands.ChangeContact(contact_id="wait", patch=ContactPatch(tier=1)),
    commands.ParkContact(contact_id="wait"),
    commands.UnparkContact(contact_id="parked"),
    commands.RequeueContact(contact_id="talk"),
    commands.ConnectFailed(contact_id="talk"),
    commands.ConsultAgent(contact_id="talk", agent_id="a1", to_queue="ring"),
    commands.JoinConference(contact_id="talk", agent_id="a1", to_queue="ring"),
    commands.LeaveConference(contact_id="both", agent_id="a6"),
    commands.ChangeChannel(contact_id="talk", channel="chat"),
    commands.PickContact(contact_id="late", agent_id="a8"),
    commands.AssignContact(contact_id="late", agent_id="a8"),
    commands.SetExternalLoad(agent_id="a1", channel="voice", units=5),
    commands.ExpediteContact(contact_id="plan"),
    commands.Heartbeat(agent_id="a4"),
)
"""One command of every kind that a busy engine carries out, also many at once."""
CONFIGURING: Final[tuple[commands.Command, ...]] = (
    commands.Configure(config=CONFIG),
    commands.PutQueue(queue_id="ring", config=Queue(tier=3)),
    commands.PutAgent(agent_id="a11", config=Agent(queues={"ring": 1})),
    commands.PutChannel(channel="fax", config=Channel(cost=5)),
    commands.RemoveQueue(queue_id="scored"),
    commands.RemoveAgent(agent_id="a8", removal=Removal.DRAIN),
)
"""One command of every kind that changes the configuration, which no batch takes."""
WORKING: Final = (*BATCH, *CONFIGURING)
