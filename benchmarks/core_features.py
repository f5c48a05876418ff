"""What features cost the core alone: trace C through the compiled loop, with one of them switched on.

No names, no events and no checks are in these figures, so that they show what a feature costs the decision. Skills are
those of the trace, but for pre-emption, which is raced on 200 alike agents.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.traces import Trace
from ccroute.core.acd import Acd
from ccroute.sim.arrivals import Arrivals, Assignments
from ccroute.sim.trace import open_doors, simulate

NONE: Final = -1
UNITS: Final = 100
INTERRUPTS_SECOND: Final = 2
IDLE, LOAD, LAST_OFFER, HANDLED = 0, 1, 2, 3

QUEUE: Final[Mapping[str, Any]] = {
    "select": 0,
    "mode": 0,
    "offer_timeout_us": 1,
    "wrap_up_us": 0,
    "cooldown_us": 0,
    "offers_max": 65_535,
    "away_after": 0,
    "ageing": 1_000,
    "tier": 0,
    "head_start_us": 0,
    "cost": NONE,
    "keeps_place": 0,
    "paused": False,
    "k": 1,
    "offers_min": 1,
    "overdue_after_us": NONE,
    "preempt": 0,
    "preempt_from": 1,
    "requeues_victim": True,
    "preempt_guard_us": 0,
    "displaced_max": 0,
    "displaced_work_max": NONE,
}
"""The queue of a trace; see ``Acd.add_queue``."""


@dataclass(frozen=True, kw_only=True)
class CoreFeature:
    """One line of the table."""

    name: str
    what: str
    queue: Mapping[str, Any] = field(default_factory=dict)
    interrupts: int = 0
    """Bit per channel that the contacts' channel interrupts."""
    reserve: int = 0
    """Units every agent keeps for the other channel, beside those it needs."""
    select: tuple[int, ...] = (IDLE,)
    ranks_first: bool = False
    is_alike: bool = False
    """Skills are ignored."""
    breaks_off: bool = False
    base: str = "spine"
    """The feature whose time it is divided by."""


CORE_FEATURES: Final = (
    CoreFeature(name="spine", what="trace C as it is"),
    CoreFeature(name="reserve", what="`reserve` for another channel", reserve=30),
    CoreFeature(name="interrupts", what="`interrupts`, nothing to take", interrupts=INTERRUPTS_SECOND),
    CoreFeature(name="overdue", what="a timer per contact", queue={"overdue_after_us": 600_000_000}),
    CoreFeature(
        name="pre-emption, unused",
        what='`preempt = "work"` from a tier nobody has',
        queue={"preempt": 2, "preempt_from": 9},
    ),
    CoreFeature(name="rank first", what='`order = "rank"`', ranks_first=True),
    CoreFeature(name="handled", what='`select = ["handled"]`', select=(HANDLED,)),
    CoreFeature(name="last offer", what='`select = ["last_offer"]`', select=(LAST_OFFER,)),
    CoreFeature(name="alike", what="200 alike agents, skills ignored", is_alike=True),
    CoreFeature(
        name="pre-emption, used",
        what="alike agents; a VIP in twenty breaks normal work off",
        queue={"preempt": 2},
        is_alike=True,
        breaks_off=True,
        base="alike",
    ),
)


def time_core(feature: CoreFeature, trace: Trace) -> tuple[float, Assignments]:
    """Return the CPU seconds of a trace on a floor with a feature, and the answer."""
    acd, class_of = _floor(feature, trace)
    contacts, _ = trace.columns()
    arrivals = Arrivals(
        arrival_us=contacts.arrival_us,
        class_slot=array("i", (class_of[0 if feature.is_alike else skill] for skill in contacts.skill)),
        tier=contacts.vip,
        service_us=contacts.service_us,
        patience_us=contacts.patience_us,
    )
    open_doors(acd)
    began_s = time.process_time()
    assignments = simulate(acd, arrivals, breaks_off=feature.breaks_off)
    return time.process_time() - began_s, assignments


def _floor(feature: CoreFeature, trace: Trace) -> tuple[Acd, dict[int, int]]:
    """Return a core with the agents of a trace, and the class slot by skill."""
    profiles = [[0]] if feature.is_alike else trace.profiles
    acd = Acd(
        channels=[(UNITS, 0, True, feature.interrupts, False, False), (UNITS, 0, True, 0, False, False)],
        selects=[(feature.select, (False,) * len(feature.select), None)],
        contacts_max=len(trace.rows),
        classes_max=64,
        idle_grace_us=0,
        retain_us=0,
        ranks_first=feature.ranks_first,
    )
    queue = acd.add_queue(**{**QUEUE, **feature.queue})
    policy = acd.add_policy(0b11, [NONE, NONE], [NONE, NONE], [0, feature.reserve])
    for _ in profiles:
        acd.add_profile()
    for profile in trace.agents:
        acd.add_agent(0 if feature.is_alike else profile, policy, UNITS + feature.reserve, 1)
    class_of = {}
    for skill in sorted({skill for profile in profiles for skill in profile}):
        class_of[skill] = acd.open_class(queue, 0, NONE)
        acd.serve(class_of[skill], 1, [at for at, profile in enumerate(profiles) if skill in profile])
    return acd, class_of
