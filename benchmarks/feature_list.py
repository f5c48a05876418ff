"""The features whose cost is measured: what is said in the configuration, and what is done with each contact.

Every contact is a call that comes to one of 1 000 agents, rings for 2 s, is worked on for 20 s and wrapped up for 5 s;
a third of the agents is busy. A feature changes the centre, or does something more with each call, or both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ccroute import (
    AssignAs,
    AssignContact,
    ChangeChannel,
    ChangeContact,
    CompleteContact,
    ConnectFailed,
    ConsultAgent,
    ContactPatch,
    HoldContact,
    JoinConference,
    LeaveConference,
    ParkContact,
    PickContact,
    PlanStep,
    RequeueContact,
    ResumeContact,
    SetExternalLoad,
    TransferContact,
    TransferMode,
    UnparkContact,
)

if TYPE_CHECKING:
    from benchmarks.features import Desk

SECOND: Final = 1_000_000
WORKED_US: Final = 20 * SECOND
AGENTS: Final = 1_000
EVERY_US: Final = 80 * SECOND // AGENTS
"""Time between two calls: each agent has one every 80 s, and is busy for 27 s."""
FIRST_US: Final = 11 * SECOND
"""When the first call comes."""

Keys = Mapping[str, Any]
Work = Callable[["Desk", str, str, int], None]
"""What is done when an agent begins: desk, contact, agent, and how often this contact was begun before."""


def complete(desk: Desk, contact_id: str, agent_id: str, before: int) -> None:
    """Work, then complete."""
    desk.after(WORKED_US, CompleteContact(contact_id=contact_id))


def _hold(desk: Desk, contact_id: str, agent_id: str, before: int) -> None:
    desk.after(WORKED_US // 4, HoldContact(contact_id=contact_id, agent_id=agent_id))
    desk.after(WORKED_US // 2, ResumeContact(contact_id=contact_id, agent_id=agent_id))
    complete(desk, contact_id, agent_id, before)


def _transfer(mode: TransferMode, *, to_agent: bool) -> Work:
    def work(desk: Desk, contact_id: str, agent_id: str, before: int) -> None:
        if before:
            desk.after(WORKED_US // 2, CompleteContact(contact_id=contact_id))
            return
        if to_agent:
            desk.after_with_idle(
                WORKED_US // 2,
                lambda idle: TransferContact(contact_id=contact_id, agent_id=agent_id, to_agent=idle, mode=mode),
            )
        else:
            command = TransferContact(contact_id=contact_id, agent_id=agent_id, to_queue="second", mode=mode)
            desk.after(WORKED_US // 2, command)

    return work


def _consult(desk: Desk, contact_id: str, agent_id: str, before: int) -> None:
    if "#" in contact_id:
        desk.after(WORKED_US // 4, CompleteContact(contact_id=contact_id))
        return
    desk.after_with_idle(
        WORKED_US // 4, lambda idle: ConsultAgent(contact_id=contact_id, agent_id=agent_id, to_agent=idle)
    )
    complete(desk, contact_id, agent_id, before)


def _conference(desk: Desk, contact_id: str, agent_id: str, before: int) -> None:
    if before:
        desk.after(WORKED_US // 4, LeaveConference(contact_id=contact_id, agent_id=agent_id))
        return
    desk.after_with_idle(
        WORKED_US // 4, lambda idle: JoinConference(contact_id=contact_id, agent_id=agent_id, to_agent=idle)
    )
    complete(desk, contact_id, agent_id, before)


def _change_channel(desk: Desk, contact_id: str, agent_id: str, before: int) -> None:
    desk.after(WORKED_US // 2, ChangeChannel(contact_id=contact_id, channel="video"))
    complete(desk, contact_id, agent_id, before)


def _change(desk: Desk, contact_id: str, agent_id: str, before: int) -> None:
    patch = ContactPatch(tier=1, attributes={"step": before})
    desk.after(WORKED_US // 2, ChangeContact(contact_id=contact_id, patch=patch))
    complete(desk, contact_id, agent_id, before)


def _park(desk: Desk, contact_id: str, agent_id: str, before: int) -> None:
    if before:
        desk.after(WORKED_US // 2, CompleteContact(contact_id=contact_id))
        return
    desk.after(WORKED_US // 2, ParkContact(contact_id=contact_id))
    desk.after(WORKED_US, UnparkContact(contact_id=contact_id))


def _back(command: type[RequeueContact | ConnectFailed]) -> Work:
    def work(desk: Desk, contact_id: str, agent_id: str, before: int) -> None:
        if before:
            complete(desk, contact_id, agent_id, before)
            return
        desk.after(SECOND, command(contact_id=contact_id))

    return work


def _loaded(desk: Desk, contact_id: str, agent_id: str, before: int) -> None:
    desk.after(WORKED_US // 2, SetExternalLoad(agent_id=agent_id, channel="task", units=10))
    desk.after(3 * WORKED_US // 4, SetExternalLoad(agent_id=agent_id, channel="task", units=0))
    complete(desk, contact_id, agent_id, before)


def _pick(desk: Desk, contact_id: str, number: int) -> None:
    desk.after(2 * SECOND, PickContact(contact_id=contact_id, agent_id=f"agent-{number % AGENTS}"))


def _assign(desk: Desk, contact_id: str, number: int) -> None:
    command = AssignContact(contact_id=contact_id, agent_id=f"agent-{number % AGENTS}", as_=AssignAs.ACTIVE)
    desk.after(2 * SECOND, command)


def _nothing(number: int) -> Keys:
    return {}


def _scores(number: int) -> Keys:
    return {"scores": {f"agent-{(number + step) % AGENTS}": 10 * step for step in range(1, 9)}}


def _excluded(number: int) -> Keys:
    return {"excluded": [f"agent-{(number + step) % AGENTS}" for step in range(4)]}


def _scheduled(number: int) -> Keys:
    return {"due_at_us": FIRST_US + number * EVERY_US + SECOND}


def _preferred(number: int) -> Keys:
    return {"preferred": [f"agent-{number % AGENTS}"], "preferred_wait_us": SECOND, "preferred_requires": False}


def _callback(number: int) -> Keys:
    return {"channel": "callback"}


def _steps(**step: object) -> Keys:
    return {"plan": [{"after": f"{minutes}m", **step} for minutes in range(1, 5)]}


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One line of the table."""

    name: str
    what: str
    """In words, for the table."""
    engine: Keys = field(default_factory=dict)
    queue: Keys = field(default_factory=dict)
    """Keys of the queue that all calls come to."""
    offer: Keys = field(default_factory=dict)
    """Keys of its ``offer``."""
    channels: Keys = field(default_factory=dict)
    agent: Keys = field(default_factory=dict)
    """Keys of every agent."""
    contact: Callable[[int], Keys] = _nothing
    """Further fields of a call, by its number."""
    waiting: Callable[[Desk, str, int], None] | None = None
    """What is done with a call that was queued; None: it is offered."""
    work: Work = complete
    letters: bool = False
    """Every agent has an e-mail in hand beforehand, which a call sets aside."""


_OWN_PLAN: Final = {"plan": [PlanStep(after=minutes * 60 * SECOND, tier=1) for minutes in range(1, 5)]}
_MAIL: Final = {"email": {"cost": 100}}

FEATURES: Final = (
    Feature(name="spine", what="nothing: the life that all others begin with"),
    Feature(name="auto", what='`mode = "auto"`: no command to accept', offer={"mode": "auto"}),
    # ---- said in the configuration, and not used
    Feature(name="reserve", what="`reserve` for another channel", agent={"capacity": 130, "reserve": {"chat": 30}}),
    Feature(
        name="interrupts", what="`interrupts`, nothing to set aside", channels={"voice": {"interrupts": ["email"]}}
    ),
    Feature(name="preempt", what='`preempt = "work"`, nobody of a higher tier', queue={"preempt": "work"}),
    Feature(name="overdue", what="`overdue_after`: a timer per contact", queue={"overdue_after": "10m"}),
    Feature(name="after", what="`after_us`: agents in two stages", agent={"queues": {"support": 1}}),
    Feature(name="offers_max", what="`offers_max = 3`", agent={"offers_max": 3}),
    Feature(name="rank", what='`order = "rank"`', engine={"order": "rank"}),
    Feature(name="plan", what="a `plan` of four steps that are not due yet: a timer per contact", queue=_steps(tier=1)),
    Feature(
        name="limits",
        what="`limits` nobody reaches",
        queue={"limits": {"length": 1_000, "in_queue": "10m", "ttl": "1h"}},
    ),
    Feature(name="hours", what="`hours`, open all the time", queue={"hours": {"spans": [[0, 10**15]]}}),
    Feature(name="lease", what="`lease` of an hour: a timer per agent", agent={"lease": "1h"}),
    # ---- used by every contact
    Feature(name="step", what="a step on entry that changes the tier", queue={"plan": [{"on": "entry", "tier": 1}]}),
    Feature(
        name="condition",
        what="a step on entry whose `if` asks how many wait: no",
        queue={"plan": [{"on": "entry", "if": "queue.waiting > 100", "tier": 1}]},
    ),
    Feature(name="own plan", what="the contact brings the `plan` of four steps", contact=lambda _: _OWN_PLAN),
    Feature(name="preferred", what="kept 1 s for one agent, who may be busy", contact=_preferred),
    Feature(name="scheduled", what="`due_at_us` 1 s later", contact=_scheduled),
    Feature(name="callback", what="it is a callback", contact=_callback),
    Feature(name="scores", what="8 given scores, `best_score`", queue={"select": "best_score"}, contact=_scores),
    Feature(name="excluded", what="4 agents excluded", contact=_excluded),
    Feature(name="slow class", what="past `classes_max`: all contacts in slow classes", engine={"classes_max": 1}),
    Feature(name="broadcast", what="`k = 3`: three offers, two rescinded", offer={"mode": "broadcast", "k": 3}),
    Feature(
        name="offers_min", what="the same with `offers_min = 3`", offer={"mode": "broadcast", "k": 3, "offers_min": 3}
    ),
    Feature(name="pick", what='`mode = "manual"`, picked', offer={"mode": "manual"}, waiting=_pick),
    Feature(name="assign", what='`mode = "manual"`, assigned as active', offer={"mode": "manual"}, waiting=_assign),
    Feature(name="hold", what="held and resumed", work=_hold),
    Feature(name="external load", what="external load set and taken off", agent={"capacity": 110}, work=_loaded),
    Feature(name="change", what="changed at work: tier and attributes", work=_change),
    Feature(name="channel", what="changed to video at work", work=_change_channel),
    Feature(name="park", what="parked, unparked, served again", work=_park),
    Feature(name="requeue", what="requeued once", work=_back(RequeueContact)),
    Feature(name="connect failed", what="connect failed once", work=_back(ConnectFailed)),
    Feature(name="blind to queue", what="transferred", work=_transfer(TransferMode.BLIND, to_agent=False)),
    Feature(name="blind to agent", what="transferred", work=_transfer(TransferMode.BLIND, to_agent=True)),
    Feature(name="warm to queue", what="transferred", work=_transfer(TransferMode.WARM, to_agent=False)),
    Feature(name="warm to agent", what="transferred", work=_transfer(TransferMode.WARM, to_agent=True)),
    Feature(name="consult", what="a colleague is asked: a second contact", work=_consult),
    Feature(name="conference", what="a colleague joins and leaves", work=_conference),
    # ---- something gives way
    Feature(
        name="interruption",
        what="sets an e-mail aside, which resumes",
        channels={**_MAIL, "voice": {"interrupts": ["email"]}},
        letters=True,
    ),
    Feature(
        name="pre-emption, suspend",
        what="a VIP sets an e-mail aside, which resumes",
        channels=_MAIL,
        queue={"tier": 1, "preempt": "work"},
        letters=True,
    ),
    Feature(
        name="pre-emption, requeue",
        what="a VIP sends an e-mail back, which is offered again",
        channels=_MAIL,
        queue={"tier": 1, "preempt": "work", "victim": "requeue"},
        letters=True,
    ),
)
