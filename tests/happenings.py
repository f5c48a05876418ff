"""What can happen at all, by the names under which the ledger counts it."""

from __future__ import annotations

from typing import Final

from ccroute.events import EVENTS
from ccroute.types import (
    CallbackEnd,
    LegEnd,
    OfferMode,
    ParkClock,
    PlanOn,
    PreferredEnd,
    RefusalReason,
    RequeueReason,
    RescindReason,
    Rule,
    SuspendReason,
    TransferMode,
)

TIMERS: Final = (
    "offer",
    "wrap_up",
    "cooldown",
    "after",
    "overdue",
    "park",
    "guard",
    "rule",
    "lease",
    "lost",
    "hours",
    "callback",
)
RULES_FIRED: Final = (*PlanOn, "after", "ahead", "expedited", "queue", "own", "kept", "closed_action", "fallback")
"""What makes steps of plans due, and whose they are."""
EXPIRED: Final = ("length", "in_queue", "ttl", "closed", "callback_attempts", "callback_expired", "rule")
"""Why contacts expire."""
NEVER_FIRST: Final = (Rule.CONTACT_STATE, Rule.OFFER_OUT, Rule.QUEUE_PAUSED, Rule.MANUAL, Rule.OFFERS_MIN)
"""Rules that refuse no pick, assignment or transfer, or do so by a reason of their own."""
OF_MANY_AGENTS: Final = ("command.refused:legs_max",)
"""What needs more agents than random worlds have; it has tests of its own."""
RARE: Final = (
    "offer.rescinded:picked",
    "callback.dropped:contacts_max",
    "offer.made:returned",
    "leg.ended:joined",
    "command.refused:direct",
    "command.refused:suspended",
)
"""What a short run need not meet."""


def happenings() -> list[str]:
    """Return every event, and every reason, mode, rule and timer that a random world can give."""
    names = [str(event.__struct_config__.tag) for event in EVENTS]
    for tag, closed_set in (
        ("offer.made", OfferMode),
        ("offer.rescinded", RescindReason),
        ("contact.suspended", SuspendReason),
        ("contact.requeued", RequeueReason),
        ("contact.transferred", TransferMode),
        ("contact.parked", ParkClock),
        ("leg.ended", LegEnd),
        ("contact.preferred_ended", PreferredEnd),
        ("callback.dropped", CallbackEnd),
        ("command.refused", RefusalReason),
    ):
        names += [f"{tag}:{member}" for member in closed_set]
    names += [f"command.refused:{rule}" for rule in Rule if rule not in NEVER_FIRST]
    names += [f"timer:{name}" for name in TIMERS]
    names += [f"rule.fired:{when}" for when in RULES_FIRED]
    names += [f"contact.expired:{reason}" for reason in EXPIRED]
    names += [f"configured:{what} {section}" for what in ("changed", "removed") for section in ("queues", "agents")]
    names += ["configured:changed engine", "configured:changed channels", "configured:drained"]
    names += ["callback:abandoned", "callback:rule", "callback:retried", "agent.lost:returned", "contact.kept"]
    names += ["contact.parked:no_queue", "contact.scheduled:no_queue", "contact.changed:first_queue"]
    names += ["contact.transferred:kept"]
    names += ["offer.made:direct", "offer.made:returned", "contact.resumed:suspended"]
    return [name for name in dict.fromkeys(names) if name not in OF_MANY_AGENTS]
