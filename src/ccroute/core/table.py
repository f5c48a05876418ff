"""The transition table, once, as data: the core, the tests of all states × all commands and the docs' diagrams read it.

A contact is *new* (its id is not inside), queued, active, or has ended (closed, abandoned, cancelled). A leg is none,
active, held, wrapping, or has ended. An outcome is the state reached or, behind ``!``, the reason of the refusal.

- An ended contact of which a leg still wraps up answers ``contact.enqueue`` with ``!contact_exists`` and the commands
  on legs by the second table; without legs everything but ``contact.enqueue`` gives ``!contact_ended``.
- ``contact.complete`` without an agent takes every active and held leg; without any: ``!leg_wrapping`` if one wraps up,
  else ``!contact_queued``.
- A contact is closed when the last leg of an active contact ends; a contact that waits again after a transfer is not.
- Offers out are a count, not a state: they go with the contact's wait.
"""

from __future__ import annotations

from typing import Final

CONTACT_STATES: Final = ("new", "queued", "active", "closed", "abandoned", "cancelled")
LEG_STATES: Final = ("none", "active", "held", "wrapping")

CONTACT_TABLE: Final[dict[str, dict[str, str]]] = {
    "contact.enqueue": {
        "new": "queued",
        "queued": "!contact_exists",
        "active": "!contact_exists",
        "closed": "queued",
        "abandoned": "queued",
        "cancelled": "queued",
    },
    "offer.accept": {"queued": "active"},
    "contact.abandon": {
        "new": "!unknown_contact",
        "queued": "abandoned",
        "active": "!contact_active",
        "closed": "!contact_ended",
        "abandoned": "!contact_ended",
        "cancelled": "!contact_ended",
    },
    "contact.cancel": {
        "new": "!unknown_contact",
        "queued": "cancelled",
        "active": "cancelled",
        "closed": "!contact_ended",
        "abandoned": "!contact_ended",
        "cancelled": "!contact_ended",
    },
    "contact.transfer": {"active": "queued"},
    "contact.complete": {"active": "closed"},
    "leg.end_wrap_up": {"active": "closed"},
}
"""What a command makes of a contact. Rows of one state are reached through an offer or a leg, whose table refuses."""

LEG_TABLE: Final[dict[str, dict[str, str]]] = {
    "offer.accept": {"none": "active"},
    "leg.hold": {"none": "!no_leg", "active": "held", "held": "!leg_held", "wrapping": "!leg_wrapping"},
    "leg.resume": {"none": "!no_leg", "active": "!leg_active", "held": "active", "wrapping": "!leg_wrapping"},
    "contact.complete": {"none": "!no_leg", "active": "wrapping", "held": "wrapping", "wrapping": "!leg_wrapping"},
    "contact.transfer": {"none": "!no_leg", "active": "wrapping", "held": "wrapping", "wrapping": "!leg_wrapping"},
    "leg.end_wrap_up": {"none": "!no_leg", "active": "!leg_active", "held": "!leg_held", "wrapping": "ended"},
    "leg.extend_wrap_up": {"none": "!no_leg", "active": "!leg_active", "held": "!leg_held", "wrapping": "wrapping"},
    "contact.cancel": {"active": "ended", "held": "ended", "wrapping": "ended"},
}
"""What a command makes of the named agent's leg. Where the wrap-up is 0, ``wrapping`` is passed over to ``ended``."""

OFFER_TABLE: Final[dict[str, dict[str, str]]] = {
    "offer.accept": {"pending": "accepted", "ended": "!offer_ended", "unknown": "!unknown_offer"},
    "offer.decline": {"pending": "declined", "ended": "!offer_ended", "unknown": "!unknown_offer"},
    "timer:offer": {"pending": "expired"},
    "contact.abandon": {"pending": "rescinded"},
    "contact.cancel": {"pending": "rescinded"},
    "agent.presence": {"pending": "declined"},
}
"""What ends an offer; it ends exactly once. Leaving ``available`` may also rescind or keep it, as the command says."""

QUEUE_TABLE: Final[dict[str, dict[str, str]]] = {
    "queue.pause": {"open": "paused", "paused": "!queue_paused"},
    "queue.open": {"open": "!queue_open", "paused": "open"},
}
"""Pausing and opening a queue."""
