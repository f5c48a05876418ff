"""What queries answer about contacts, agents and their legs, queues, offers and tallies: frozen structs."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from ccroute.types import ContactState, LegState, Presence

__all__ = ["AgentStatus", "ContactStatus", "Counters", "LegStatus", "OfferStatus", "QueueStatus"]


class LegStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's part in a contact."""

    contact_id: str
    """The contact."""
    state: LegState
    """``active``, ``held``, ``suspended`` or ``wrapping``."""
    channel: str
    """Channel it is on; the contact may have gone on to another since."""
    cost: int
    """Units it takes of the agent, fixed when the offer was made or the channel changed; none while it is suspended."""
    began_at_us: int
    """When it began, microseconds since the Unix epoch."""
    ends_at_us: int | None
    """When its wrap-up ends by itself; None where it does not wrap up, or only ``EndWrapUp`` ends it."""


class ContactStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that is inside, or has ended and is still retained."""

    contact_id: str
    """Its id; a newer contact may have taken it after this one ended."""
    handle: int
    """Integer handle, valid while the contact answers queries."""
    seq: int
    """Order of creation, from 1; the tie-break among contacts of equal place."""
    state: ContactState
    """``queued`` (offered or not), ``active``, ``parked``, ``scheduled``, or the end it came to."""
    version: int
    """1 when new, 1 more with each change; what ``ChangeContact.if_version`` means."""
    queue_id: str | None
    """Queue it waits in, was served from, or was in last; None: it was put aside without one."""
    channel: str
    """Its channel."""
    customer_id: str | None
    """As given at enqueue."""
    conversation_id: str | None
    """As given last."""
    parent_id: str | None
    """As given at enqueue; of a consult: the contact it is about."""
    requires: str | None
    """Its own requirement, as given last; the queue's holds beside it."""
    tier: int
    """Tier in force: its own, else the queue's."""
    head_start_us: int
    """Head start in force, microseconds: its own, else the queue's."""
    place_at_us: int
    """Moment its place in line is counted from."""
    in_queue_at_us: int | None
    """When it entered its present queue; None once it has ended, or where it has none."""
    waited_us: int
    """Time it was queued, offered or not, in its life so far, microseconds."""
    overdue: bool
    """Whether it has been in its queue for longer than ``overdue_after_us``, and was told to be."""
    parked_since_us: int | None
    """When it was parked; None where it is not."""
    parked_until_us: int | None
    """When the engine unparks it; None where only ``UnparkContact`` does, or it is not parked."""
    due_at_us: int | None
    """When it enters its queue, or is parked; None where it is not scheduled."""
    seeker_id: str | None
    """Agent for whom it looks for another one while it is active: a taker, or a further agent; None: it does not."""
    direct_to_id: str | None
    """Agent it is kept for; None: it waits in line, or does not wait."""
    displaced_offers: int
    """Offers of it that gave way to pre-emption."""
    displaced_work: int
    """Legs of it that gave way to pre-emption."""
    offers_made: int
    """Offers made since it entered its present queue; counted up to 65 535."""
    agents: list[str]
    """Agents with a leg of it, in order of creation."""
    offers: list[str]
    """Its pending offers, oldest first."""
    attributes: dict[str, bool | int | Decimal | str | list[str]]
    """Routing attributes, as given last; a copy."""


class AgentStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An agent."""

    agent_id: str
    """Its id."""
    handle: int
    """Integer handle: its number in order of creation, from 0; never another agent's."""
    version: int
    """1 at first, 1 more with each change of its entry in the configuration; what ``if_version`` means."""
    draining: bool
    """Whether it is removed once it is offline and nothing is left in its hands."""
    presence: Presence
    """``available``, ``away`` or ``offline``."""
    label: str | None
    """Label of the presence; ``no_answer`` where the engine set it."""
    next_presence: Presence | None
    """Presence it takes when its last leg ends; None where none was set."""
    idle_since_us: int
    """Latest of sign-in, accept, end of a leg, and return from being away longer than ``idle_grace_us``; 0 before the
    first."""
    taken: int
    """Units taken by legs that are not suspended, by pending offers and by external load."""
    external: dict[str, int]
    """Units by channel that work has booked which the engine did not route."""
    capacity: int
    """Units it has."""
    handled: int
    """Accepts since sign-in."""
    legs: list[LegStatus]
    """Its legs, earliest begun first."""
    offers: list[str]
    """Its pending offers, oldest first."""


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A queue."""

    queue_id: str
    """Its id."""
    version: int
    """1 at first, 1 more with each change of its entry in the configuration; what ``if_version`` means."""
    draining: bool
    """Whether it takes no new contacts, and is removed once it is not in use any more."""
    waiting: int
    """Contacts that wait in it, offered or not."""
    paused: bool
    """Whether it makes no offers until it is opened."""


class OfferStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A pending offer."""

    offer_id: str
    """Its id: ``o1``, ``o2`` … in order of making."""
    contact_id: str
    """The contact offered."""
    agent_id: str
    """The agent it is offered to."""
    queue_id: str
    """The queue the contact is in."""
    channel: str
    """Channel it was made on."""
    cost: int
    """Units it takes of the agent, fixed when it was made."""
    expires_at_us: int
    """When it expires if nothing else ends it."""
    stands_on: str | None
    """Contact whose work would be pre-empted if it were accepted now; None: it needs no victim."""


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """Contacts over the engine's life: created = closed + abandoned + cancelled + expired + inside."""

    created: int
    """Contacts that were enqueued, consults included."""
    closed: int
    """Contacts that were served to the end of their last leg."""
    abandoned: int
    """Contacts whose customer left while waiting."""
    cancelled: int
    """Contacts that the host took back."""
    expired: int
    """Contacts that time or a rule ended."""
    inside: int
    """Contacts queued, active, parked or scheduled now."""
