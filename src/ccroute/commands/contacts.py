"""Commands on a contact alone: it comes, changes, is put aside, goes."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from ccroute.commands.command import Command
from ccroute.config.structs import Limits, PlanStep
from ccroute.types import AttributeValue, ChangeOffers, KeepsPlace, ParkClock, PreferredScope

__all__ = [
    "AbandonContact",
    "CancelContact",
    "ChangeChannel",
    "ChangeContact",
    "ContactPatch",
    "EnqueueContact",
    "ExpediteContact",
    "ParkContact",
    "UnparkContact",
]


class EnqueueContact(Command, frozen=True, kw_only=True, tag="contact.enqueue", gc=False):
    """Put a new contact into a queue, or put it aside. Refused while a contact of this id is inside."""

    contact_id: str
    """The contact's id; free again once the contact has ended."""
    queue_id: str | None = None
    """Queue to wait in. Unknown: ``UnknownName``. None: in no queue, until ``ChangeContact`` gives it one; only with
    ``parked``."""
    channel: str
    """Channel it comes by. Unknown: ``UnknownName``."""
    customer_id: str | None = None
    """Opaque id of the customer, told in events."""
    conversation_id: str | None = None
    """Opaque id that survives changes of channel, told in events."""
    parent_id: str | None = None
    """Contact this one came from, told in events."""
    requires: str | None = None
    """Requirement of its own, which must hold beside the queue's. Bad text: ``RequirementError``."""
    tier: int | None = None
    """Absolute right of way, signed 32-bit, higher first; None takes the queue's."""
    head_start_us: int | None = None
    """Served as if it had come this much earlier, ±90 days; None takes the queue's."""
    preferred: list[str] = []
    """Agents for whom it is kept a while, at most 16, first one first; agents not in the configuration are ignored."""
    preferred_wait_us: int | None = None
    """How long it is kept for them, 0 (not at all) to 90 days; None: as the queue says."""
    preferred_scope: PreferredScope | None = None
    """Whether only those count who serve the queue; None: as the queue says."""
    preferred_requires: bool | None = None
    """Whether the requirement in force must hold for them; None: as the queue says."""
    excluded: list[str] = []
    """Agents never offered this contact, at most 16; agents not in the configuration are ignored."""
    scores: dict[str, int] = {}
    """Own score of agents for queues that select by ``given_score``, at most 128, each within ±(2⁵³−1)."""
    attributes: dict[str, AttributeValue] = {}
    """Routing attributes that requirements read as ``contact.attributes.<name>``, at most 64."""
    plan: list[PlanStep] = []
    """Plan of its own, beside the queue's, whose patches yield to this one's; at most 32 steps."""
    limits: Limits | None = None
    """Limits of its own; those that it leaves out are the queue's."""
    cost: int | None = None
    """Units it takes of an agent, 0 to 1 000 000; None: agent × channel, queue, channel, the first that is set."""
    parked: bool = False
    """Comes in parked, or, with ``due_at_us``, is parked then."""
    clock: ParkClock | None = None
    """Whether it grows older while it is parked; None: it does not. Only with ``parked``."""
    until_us: int | None = None
    """The moment at which the engine unparks it, a past one: now; None: only ``UnparkContact`` does. Only with
    ``parked`` and a queue, and later than ``due_at_us``."""
    due_at_us: int | None = None
    """Comes in scheduled, and enters its queue, or is parked, at this moment; a past one: as if not given."""
    keeps_place: KeepsPlace | None = None
    """Place it takes after its parent, where that is inside or retained; None: as if it had come now."""


class AbandonContact(Command, frozen=True, kw_only=True, tag="contact.abandon", gc=False):
    """The customer left while waiting. Refused once an agent is at work on the contact."""

    contact_id: str | int
    """The contact, waiting, parked or scheduled."""
    reason: str | None = None
    """Told in the event, at most 1 024 characters."""


class CancelContact(Command, frozen=True, kw_only=True, tag="contact.cancel", gc=False):
    """The host takes the contact back, in any live state: offers are rescinded, legs end at once without wrap-up."""

    contact_id: str | int
    """The contact, live."""
    reason: str | None = None
    """Told in the event, at most 1 024 characters."""


class ContactPatch(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,
):
    """What ``ChangeContact`` changes. A field that is not given stays as it is; None, where allowed, takes it away.

    Not given is ``msgspec.UNSET`` in Python, and a key that is not there in JSON; None is ``null``.
    """

    queue_id: str | UnsetType = UNSET
    """Queue to be in; another than the present one is entered anew. Unknown: ``UnknownName``."""
    channel: str | UnsetType = UNSET
    """Channel, as ``ChangeChannel`` sets it. Unknown: ``UnknownName``."""
    conversation_id: str | UnsetType | None = UNSET
    """Opaque id that survives changes of channel; None: none."""
    requires: str | UnsetType | None = UNSET
    """Requirement of its own; None: none. Bad text: ``RequirementError``."""
    tier: int | UnsetType | None = UNSET
    """Tier of its own, signed 32-bit; None: the queue's."""
    head_start_us: int | UnsetType | None = UNSET
    """Head start of its own, ±90 days; None: the queue's."""
    preferred: list[str] | UnsetType = UNSET
    """Agents for whom it is kept a while, instead of those before, at most 16; the time for it begins anew."""
    preferred_wait_us: int | UnsetType | None = UNSET
    """How long it is kept for them, 0 to 90 days; None: as the queue says."""
    preferred_scope: PreferredScope | UnsetType | None = UNSET
    """Whether only those count who serve the queue; None: as the queue says."""
    preferred_requires: bool | UnsetType | None = UNSET
    """Whether the requirement in force must hold for them; None: as the queue says."""
    excluded: list[str] | UnsetType = UNSET
    """Agents never offered this contact, instead of those before, at most 16."""
    scores: dict[str, int] | UnsetType = UNSET
    """Own score of agents, instead of those before, at most 128, each within ±(2⁵³−1)."""
    attributes: dict[str, AttributeValue] | UnsetType = UNSET
    """Routing attributes, instead of those before, at most 64."""
    plan: list[PlanStep] | UnsetType = UNSET
    """Plan of its own, instead of the one before, at most 32 steps."""
    limits: Limits | UnsetType | None = UNSET
    """Limits of its own; None: the queue's."""
    cost: int | UnsetType | None = UNSET
    """Units of its own, 0 to 1 000 000; None: none. Offers and legs that are there keep theirs."""
    parked: bool | UnsetType = UNSET
    """True: as ``ParkContact``; false: as ``UnparkContact``; nothing where it is so already."""
    due_at_us: int | UnsetType | None = UNSET
    """A moment to come: it is scheduled for it, out of line until then; a past one or None: a scheduled contact enters
    its queue now, any other stays as it is."""
    keeps_place: KeepsPlace | UnsetType = UNSET
    """Which place it takes, in another queue or in the present one; not given: as another queue says, or no change."""


class ChangeContact(Command, frozen=True, kw_only=True, tag="contact.change", gc=False):
    """Change a contact in any live state, all at once."""

    contact_id: str | int
    """The contact, live."""
    patch: ContactPatch
    """What becomes different. Faults name their place, as in ``patch.tier``."""
    offers: ChangeOffers = ChangeOffers.RECHECK
    """What becomes of its pending offers."""
    if_version: int | None = None
    """Refused unless this is the contact's version: 1 when new, 1 more with each change; None: any."""


class ChangeChannel(Command, frozen=True, kw_only=True, tag="contact.change_channel", gc=False):
    """Let a contact go on by another channel. Agents at work on it need room there."""

    contact_id: str | int
    """The contact, live."""
    channel: str
    """The channel. Unknown: ``UnknownName``."""
    or_requeue: bool = False
    """Where an agent has no room: true sends the contact back to its place, false refuses the command."""


class ParkContact(Command, frozen=True, kw_only=True, tag="contact.park", gc=False):
    """Take a contact out of line, keeping it inside: offers are rescinded, legs end at once without wrap-up."""

    contact_id: str | int
    """The contact, queued or active."""
    clock: ParkClock = ParkClock.STOPS
    """Whether it grows older meanwhile."""
    until_us: int | None = None
    """The moment at which the engine unparks it, a past one: now; None: only ``UnparkContact`` does."""


class UnparkContact(Command, frozen=True, kw_only=True, tag="contact.unpark", gc=False):
    """Let a parked or scheduled contact wait in its queue. Refused while it has none."""

    contact_id: str | int
    """The contact, parked or scheduled."""


class ExpediteContact(Command, frozen=True, kw_only=True, tag="contact.expedite", gc=False):
    """Fire the next step of the contact's plans that waits for its time, without waiting for it."""

    contact_id: str | int
    """The contact, queued."""
