"""The transition table, once, as data: the core, the tests of all states × all commands and the docs' diagrams read it.

A contact is *new* (its id is not inside), queued, active, parked, scheduled, or has ended (closed, abandoned,
cancelled, expired). A leg is none, active, held, suspended, wrapping, or has ended. An outcome is the state reached or,
behind ``!``, the reason of the refusal. ``timer:…`` is a deadline, ``decision:…`` what the engine does of itself: work
``gives_way`` to another contact, and ``resumes`` when there is room again; a ``rule`` ends or parks what waits.

- An ended contact of which a leg still wraps up answers ``contact.enqueue`` with ``!contact_exists`` and the commands
  on legs by the second table; without legs everything but ``contact.enqueue`` gives ``!contact_ended``.
- ``contact.requeue`` and ``offer.connect_failed`` answer by the second table if they name an agent. If not, they take
  the working legs (active, held, suspended) of an active contact; where only wrapping legs are left: ``!leg_wrapping``.
- ``contact.complete`` likewise, whatever the state of the contact; without a leg: ``!contact_queued`` or
  ``!contact_parked``.
- A contact is closed when the last leg of an active contact ends; one that waits again or is parked then is not.
- An active contact that seeks a taker (warm transfer) or a further agent (conference) is picked and assigned as a
  queued one.
- ``contact.enqueue`` also parks or schedules, as it says; a callback that was not reached goes from active to
  scheduled or expired by ``offer.connect_failed``; a rule may also close, cancel or park.
- Offers out are a count, not a state: they go with the contact's wait.
"""

from __future__ import annotations

from typing import Final

CONTACT_STATES: Final = (
    "new",
    "queued",
    "active",
    "closed",
    "abandoned",
    "cancelled",
    "parked",
    "scheduled",
    "expired",
)
LEG_STATES: Final = ("none", "active", "held", "wrapping", "suspended")

_Table = dict[str, dict[str, str]]
_GONE: Final = dict.fromkeys(("closed", "abandoned", "cancelled", "expired"), "!contact_ended")
_NOT_INSIDE: Final = {"new": "!unknown_contact"} | _GONE
_FREE_ID: Final = dict.fromkeys(("new", "closed", "abandoned", "cancelled", "expired"), "queued")
_EXISTS: Final = dict.fromkeys(("queued", "active", "parked", "scheduled"), "!contact_exists")
_OUT_OF_LINE: Final = {"parked": "!contact_parked", "scheduled": "!contact_scheduled"}

CONTACT_TABLE: Final[_Table] = {
    "contact.enqueue": _FREE_ID | _EXISTS,
    "contact.abandon": _NOT_INSIDE
    | {"queued": "abandoned", "active": "!contact_active", "parked": "abandoned", "scheduled": "abandoned"},
    "contact.cancel": _NOT_INSIDE
    | {"queued": "cancelled", "active": "cancelled", "parked": "cancelled", "scheduled": "cancelled"},
    "contact.park": _NOT_INSIDE
    | {"queued": "parked", "active": "parked", "parked": "!contact_parked", "scheduled": "!contact_scheduled"},
    "contact.unpark": _NOT_INSIDE
    | {"queued": "!contact_queued", "active": "!contact_active", "parked": "queued", "scheduled": "queued"},
    "contact.expedite": _NOT_INSIDE | {"queued": "queued", "active": "!contact_active"} | _OUT_OF_LINE,
    "timer:park": {"parked": "queued", "scheduled": "queued"},
    "timer:callback": {"queued": "expired", "parked": "expired", "scheduled": "expired"},
    "contact.change": _NOT_INSIDE
    | {"queued": "queued", "active": "active", "parked": "parked", "scheduled": "scheduled"},
    "contact.change_channel": _NOT_INSIDE
    | {"queued": "queued", "active": "active", "parked": "parked", "scheduled": "scheduled"},
    "offer.accept": {"queued": "active"},
    "contact.pick": _NOT_INSIDE | {"queued": "active", "active": "!contact_active"} | _OUT_OF_LINE,
    "contact.assign": _NOT_INSIDE | {"queued": "active", "active": "!contact_active"} | _OUT_OF_LINE,
    "contact.requeue": _NOT_INSIDE | {"queued": "!contact_queued", "active": "queued"} | _OUT_OF_LINE,
    "offer.connect_failed": _NOT_INSIDE | {"queued": "!contact_queued", "active": "queued"} | _OUT_OF_LINE,
    "timer:lost": {"active": "queued"},
    "decision:rule": {"queued": "expired"},
    "contact.transfer": {"active": "queued"},
    "decision:gives_way": {"active": "queued"},
    "contact.complete": {"active": "closed"},
    "leg.end_wrap_up": {"active": "closed"},
}
"""What a command makes of a contact. Rows of one state are reached through an offer or a leg, whose table refuses."""

LEG_TABLE: Final[_Table] = {
    "offer.accept": {"none": "active"},
    "contact.pick": {"none": "active"},
    "contact.assign": {"none": "active"},
    "leg.hold": {
        "none": "!no_leg",
        "active": "held",
        "held": "!leg_held",
        "wrapping": "!leg_wrapping",
        "suspended": "!leg_suspended",
    },
    "leg.resume": {
        "none": "!no_leg",
        "active": "!leg_active",
        "held": "active",
        "wrapping": "!leg_wrapping",
        "suspended": "!leg_suspended",
    },
    "decision:gives_way": {"active": "suspended"},
    "decision:resumes": {"suspended": "active"},
    "contact.complete": {
        "none": "!no_leg",
        "active": "wrapping",
        "held": "wrapping",
        "wrapping": "!leg_wrapping",
        "suspended": "ended",
    },
    "contact.transfer": {
        "none": "!no_leg",
        "active": "wrapping",
        "held": "wrapping",
        "wrapping": "!leg_wrapping",
        "suspended": "!leg_suspended",
    },
    "contact.leave": {
        "none": "!no_leg",
        "active": "wrapping",
        "held": "wrapping",
        "wrapping": "!leg_wrapping",
        "suspended": "ended",
    },
    "leg.end_wrap_up": {
        "none": "!no_leg",
        "active": "!leg_active",
        "held": "!leg_held",
        "wrapping": "ended",
        "suspended": "!leg_suspended",
    },
    "leg.extend_wrap_up": {
        "none": "!no_leg",
        "active": "!leg_active",
        "held": "!leg_held",
        "wrapping": "wrapping",
        "suspended": "!leg_suspended",
    },
    "contact.consult": {
        "none": "!no_leg",
        "active": "active",
        "held": "held",
        "wrapping": "!leg_wrapping",
        "suspended": "!leg_suspended",
    },
    "contact.join": {
        "none": "!no_leg",
        "active": "active",
        "held": "held",
        "wrapping": "!leg_wrapping",
        "suspended": "!leg_suspended",
    },
    "contact.requeue": {
        "none": "!no_leg",
        "active": "ended",
        "held": "ended",
        "wrapping": "!leg_wrapping",
        "suspended": "ended",
    },
    "offer.connect_failed": {
        "none": "!no_leg",
        "active": "ended",
        "held": "ended",
        "wrapping": "!leg_wrapping",
        "suspended": "!leg_suspended",
    },
    "contact.park": {"active": "ended", "held": "ended", "suspended": "ended"},
    "contact.cancel": {"active": "ended", "held": "ended", "suspended": "ended", "wrapping": "ended"},
    "timer:lost": {"active": "ended", "held": "ended", "suspended": "ended"},
}
"""What a command makes of the named agent's leg. Where the wrap-up is 0, ``wrapping`` is passed over to ``ended``."""

OFFER_TABLE: Final[_Table] = {
    "offer.accept": {"pending": "accepted", "ended": "!offer_ended", "unknown": "!unknown_offer"},
    "offer.decline": {"pending": "declined", "ended": "!offer_ended", "unknown": "!unknown_offer"},
    "timer:offer": {"pending": "expired"},
    "contact.pick": {"pending": "accepted"},
    "contact.abandon": {"pending": "rescinded"},
    "contact.cancel": {"pending": "rescinded"},
    "contact.park": {"pending": "rescinded"},
    "contact.change": {"pending": "rescinded"},
    "contact.change_channel": {"pending": "rescinded"},
    "decision:gives_way": {"pending": "rescinded"},
    "decision:rule": {"pending": "rescinded"},
    "timer:lease": {"pending": "rescinded"},
    "configure": {"pending": "rescinded"},
    "queue.put": {"pending": "rescinded"},
    "agent.put": {"pending": "rescinded"},
    "channel.put": {"pending": "rescinded"},
    "agent.external_load": {"pending": "rescinded"},
    "agent.presence": {"pending": "declined"},
}
"""What ends an offer; it ends exactly once. Leaving ``available`` may also rescind or keep it, as the command says.

Every offer but the one accepted is rescinded when a broadcast contact is taken, and with the seek it belongs to."""

QUEUE_TABLE: Final[_Table] = {
    "queue.pause": {"open": "paused", "paused": "!queue_paused"},
    "queue.open": {"open": "!queue_open", "paused": "open"},
}
"""Pausing and opening a queue."""
