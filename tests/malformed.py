"""What no engine of a random world takes as a command."""

from __future__ import annotations

from random import Random
from typing import Any

from ccroute import commands
from ccroute.commands import ContactPatch
from ccroute.config import Limits, PlanStep
from ccroute.types import ParkClock, PlanOn, Presence
from tests.choices import DAY_US, pick

_ENQUEUE: dict[str, Any] = {"contact_id": "c0", "queue_id": "q0", "channel": "voice"}
_LEG: dict[str, Any] = {"contact_id": "c0", "agent_id": "a0"}
_BAD_ENQUEUES: tuple[dict[str, Any], ...] = (
    {"queue_id": "nowhere"},
    {"queue_id": None},
    {"until_us": 5},
    {"channel": "telepathy"},
    {"contact_id": ""},
    {"contact_id": "x" * 129},
    {"contact_id": 1},
    {"contact_id": "a\0b"},
    {"contact_id": "\ud800"},
    {"requires": "agent.skills."},
    {"requires": "agent.skills.unheard_of >= 1"},
    {"requires": 1},
    {"tier": 2**31},
    {"tier": True},
    {"tier": 1.0},
    {"head_start_us": 90 * DAY_US + 1},
    {"head_start_us": "5s"},
    {"excluded": ["a0"] * 17},
    {"excluded": "a0"},
    {"excluded": [3]},
    {"scores": {"a0": 1.5}},
    {"scores": {"a0": 2**53}},
    {"scores": []},
    {"attributes": {"x": None}},
    {"attributes": {"x": float("nan")}},
    {"attributes": {"x": [1]}},
    {"attributes": {f"x{number}": 1 for number in range(65)}},
    {"cost": -1},
    {"cost": 1_000_001},
    {"customer_id": 5},
    {"preferred": ["a0"] * 17},
    {"preferred": [3]},
    {"preferred_wait_us": -1},
    {"preferred_scope": "members"},
    {"preferred_requires": 1},
    {"plan": [PlanStep(after=1)]},
    {"plan": [PlanStep(after=1, on=PlanOn.ENTRY, tier=1)]},
    {"plan": [PlanStep(after=1, tier=1), PlanStep(after=1, queue="nowhere")]},
    {"plan": [PlanStep(after=1, tier=1, if_="queue.waitin > 1")]},
    {"plan": [PlanStep(ahead=0, tier=1)]},
    {"plan": [PlanStep(after=1, park=True, callback=True)]},
    {"plan": [PlanStep(after=1, tier=1)] * 33},
    {"plan": [{"after": 1, "tier": 1}]},
    {"limits": {"length": 1}},
    {"limits": Limits(length=0)},
    {"due_at_us": -1},
    {"queue_id": None},
    {"queue_id": None, "due_at_us": DAY_US},
    {"queue_id": None, "parked": True, "until_us": DAY_US},
    {"clock": ParkClock.RUNS},
    {"clock": "runs", "parked": True},
    {"until_us": DAY_US},
    {"until_us": 2**53, "parked": True},
    {"until_us": DAY_US, "due_at_us": DAY_US, "parked": True},
    {"keeps_place": "age"},
    {"parked": 1},
    {"command_id": 5},
    {"command_id": ""},
    {"actor": 5},
)
_MALFORMED: tuple[Any, ...] = (
    commands.TransferContact(to_queue="nowhere", **_LEG),
    commands.TransferContact(to_queue="q0", mode="cold", **_LEG),  # type: ignore[arg-type]
    commands.TransferContact(**_LEG),
    commands.TransferContact(to_queue="nowhere", to_agent="a0", **_LEG),
    commands.TransferContact(to_queue="q0", preferred_wait_us=5, **_LEG),
    commands.TransferContact(to_agent="a0", preferred_requires=True, **_LEG),
    commands.TransferContact(to_queue="q0", to_agent="a0", preferred_wait_us=-1, **_LEG),
    commands.TransferContact(to_queue="q0", to_agent="a0", preferred_scope="all", **_LEG),  # type: ignore[arg-type]
    commands.TransferContact(to_queue="q0", preferred_wait_us=0, **_LEG),
    commands.ConsultAgent(to_queue="q0", to_agent="a0", **_LEG),
    commands.TransferContact(to_agent=1.5, **_LEG),  # type: ignore[arg-type]
    commands.TransferContact(to_queue="q0", on_unanswered="ask", **_LEG),  # type: ignore[arg-type]
    commands.ConsultAgent(**_LEG),
    commands.ConsultAgent(to_queue="nowhere", **_LEG),
    commands.JoinConference(to_queue="q0", to_agent=0, **_LEG),
    commands.LeaveConference(contact_id="c0", agent_id=None),  # type: ignore[arg-type]
    commands.TransferContact(to_queue="q0", keeps_place=1, **_LEG),  # type: ignore[arg-type]
    commands.PauseQueue(queue_id="nowhere"),
    commands.OpenQueue(queue_id=None),  # type: ignore[arg-type]
    commands.PauseQueue(queue_id="q0", if_version=-1),
    commands.SetPresence(agent_id="a0", presence=Presence.AWAY, if_version=True),
    commands.CompleteContact(contact_id="c0", wrap_up_us=-1),
    commands.CompleteContact(contact_id="c0", wrap_up_us="for ever"),
    commands.CompleteContact(contact_id="c0", disposition="x" * 1025),
    commands.ExtendWrapUp(wrap_up_us=90 * DAY_US + 1, **_LEG),
    commands.ExtendWrapUp(wrap_up_us=None, **_LEG),  # type: ignore[arg-type]
    commands.HoldContact(contact_id=None, agent_id="a0"),  # type: ignore[arg-type]
    commands.HoldContact(contact_id="c0", agent_id=True),
    commands.AcceptOffer(offer_id=1),  # type: ignore[arg-type]
    commands.DeclineOffer(offer_id="o1", next_presence="lunch"),  # type: ignore[arg-type]
    commands.DeclineOffer(offer_id="o1", cooldown=90 * DAY_US + 1),
    commands.DeclineOffer(offer_id="o1", cooldown="tomorrow"),
    commands.DeclineOffer(offer_id="o1", cooldown=1, cooldown_until_us=1),
    commands.RequeueContact(contact_id="c0", cooldown=-1),
    commands.ConnectFailed(contact_id="c0", cooldown_until_us=2**53),
    commands.ChangeContact(contact_id="c0", patch=None),  # type: ignore[arg-type]
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(queue_id="nowhere")),
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(channel=None)),  # type: ignore[arg-type]
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(requires="agent.skills.")),
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(tier=2**31)),
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(excluded=["a0"] * 17)),
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(attributes={"x": None})),  # type: ignore[dict-item]
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(parked=1)),  # type: ignore[arg-type]
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(), offers="drop"),  # type: ignore[arg-type]
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(), if_version=-1),
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(preferred=["a0", 5])),  # type: ignore[list-item]
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(preferred_scope="all")),  # type: ignore[arg-type]
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(plan=[PlanStep(on=PlanOn.LIMIT)])),
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(plan=None)),  # type: ignore[arg-type]
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(limits=Limits(ttl_us=0))),
    commands.ChangeContact(contact_id="c0", patch=ContactPatch(due_at_us=2**53)),
    commands.ParkContact(contact_id="c0", until_us=-1),
    commands.ParkContact(contact_id="c0", until_us=2**53),
    commands.ParkContact(contact_id="c0", clock="slow"),  # type: ignore[arg-type]
    commands.UnparkContact(contact_id=None),  # type: ignore[arg-type]
    commands.ChangeChannel(contact_id="c0", channel="telepathy"),
    commands.ChangeChannel(contact_id="c0", channel="chat", or_requeue=1),  # type: ignore[arg-type]
    commands.PickContact(contact_id="c0", agent_id=1.5),  # type: ignore[arg-type]
    commands.AssignContact(as_="gift", **_LEG),  # type: ignore[arg-type]
    commands.AssignContact(ignoring=["tier"], **_LEG),  # type: ignore[list-item]
    commands.AssignContact(ignoring="capacity", **_LEG),  # type: ignore[arg-type]
    commands.SetExternalLoad(agent_id="a0", channel="telepathy", units=1),
    commands.SetExternalLoad(agent_id="a0", channel="chat", units=1_000_001),
    commands.SetExternalLoad(agent_id="a0", channel="chat", units=True),
    commands.AbandonContact(contact_id=1.5),  # type: ignore[arg-type]
    commands.CancelContact(contact_id="c0", reason=b"x"),  # type: ignore[arg-type]
    commands.SetPresence(agent_id="a0", presence="lunch"),  # type: ignore[arg-type]
    commands.SetPresence(agent_id="a0", presence=Presence.AWAY, offers="drop"),  # type: ignore[arg-type]
    commands.SetPresence(agent_id="a0", presence=Presence.AWAY, next_=1),  # type: ignore[arg-type]
    commands.SetPresence(agent_id=[], presence=Presence.AWAY),  # type: ignore[arg-type]
    None,
    "contact.enqueue",
    commands.EnqueueContact,
    _ENQUEUE,
)


def random_malformed(random: Random) -> Any:
    """Make something that no engine takes as a command."""
    if random.randrange(3) == 0:
        return commands.EnqueueContact(**(_ENQUEUE | pick(random, _BAD_ENQUEUES)))
    return pick(random, _MALFORMED)
