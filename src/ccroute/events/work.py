"""Offers and their ends, legs from their begin to their end."""

from __future__ import annotations

from ccroute.events.event import Event
from ccroute.types import LegEnd, OfferMode, RescindReason, SuspendReason, TransferMode

__all__ = [
    "ContactActive",
    "ContactHeld",
    "ContactResumed",
    "ContactSuspended",
    "ContactTransferred",
    "LegEnded",
    "OfferAccepted",
    "OfferDeclined",
    "OfferExpired",
    "OfferMade",
    "OfferRescinded",
    "OffersExhausted",
    "WrapUpEnded",
    "WrapUpExtended",
    "WrapUpStarted",
]


class OfferMade(Event, frozen=True, kw_only=True, tag="offer.made", gc=False):
    """The decision: a contact is offered to an agent. In mode ``auto`` the accept follows at once."""

    offer_id: str
    """Id of the offer: ``o1``, ``o2`` … in order of making."""
    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    queue_id: str
    """The queue the contact waits in."""
    channel: str
    """The contact's channel."""
    customer_id: str | None
    """As given at enqueue."""
    mode: OfferMode
    """``ring`` and ``broadcast`` wait for an accept, ``auto`` does not; ``manual``: somebody chose this agent."""
    rank: int
    """Rank of the queue for this agent: 1 is own work, more is backup."""
    cost: int
    """Units it takes of the agent, fixed here."""
    expires_at_us: int | None
    """When it expires if nothing else ends it; None where the accept follows at once."""
    victim: str | None
    """The contact that gives way: the pre-empted one, else the first to be interrupted, now or at the accept."""


class OfferAccepted(Event, frozen=True, kw_only=True, tag="offer.accepted", gc=False):
    """An offer ended well: the agent took it, or the queue's mode is ``auto``."""

    offer_id: str
    """The offer."""
    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""


class OfferDeclined(Event, frozen=True, kw_only=True, tag="offer.declined", gc=False):
    """An offer ended because its agent declined it, or left ``available`` of its own accord."""

    offer_id: str
    """The offer."""
    contact_id: str
    """The contact; it goes back to its place."""
    agent_id: str
    """The agent."""
    reason: str | None
    """As given by the command that declined."""
    cooldown_us: int | str
    """How long this agent is not offered this contact, microseconds; ``"next_available"``: until it becomes available
    again; ``"for_ever"``: until the contact ends."""


class OfferExpired(Event, frozen=True, kw_only=True, tag="offer.expired", gc=False):
    """An offer ended because nobody answered it in time."""

    offer_id: str
    """The offer."""
    contact_id: str
    """The contact; it goes back to its place."""
    agent_id: str
    """The agent."""
    expiries: int
    """Offers in a row that this agent let expire, this one included."""
    cooldown_us: int
    """How long this agent is not offered this contact, microseconds."""


class OfferRescinded(Event, frozen=True, kw_only=True, tag="offer.rescinded", gc=False):
    """An offer ended because it was taken back; no cool-down follows."""

    offer_id: str
    """The offer."""
    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    reason: RescindReason
    """Why."""
    by_contact_id: str | None
    """The contact that needed the agent, where there is one."""


class OffersExhausted(Event, frozen=True, kw_only=True, tag="offer.exhausted", gc=False):
    """As many offers of a contact as ``offers_max_per_contact`` came to nothing since it entered its queue.

    Told once; offers go on.
    """

    contact_id: str
    """The contact."""
    queue_id: str
    """The queue it waits in."""
    offers: int
    """Offers made since it entered the queue."""


class ContactActive(Event, frozen=True, kw_only=True, tag="contact.active", gc=False):
    """An agent is at work on a contact: a leg began."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    offer_id: str
    """The offer it came from."""
    queue_id: str
    """The queue it came from."""
    channel: str
    """The contact's channel."""
    cost: int
    """Units the leg takes of the agent."""
    waited_us: int
    """Time the contact was queued or offered so far in its life, microseconds."""


class ContactHeld(Event, frozen=True, kw_only=True, tag="contact.held", gc=False):
    """An agent put its leg on hold."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""


class ContactResumed(Event, frozen=True, kw_only=True, tag="contact.resumed", gc=False):
    """A leg goes on: its agent took it off hold, or the engine resumed it when it fitted again."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""


class ContactSuspended(Event, frozen=True, kw_only=True, tag="contact.suspended", gc=False):
    """A leg gave way to another contact: its units are free until the engine resumes it."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    by_contact_id: str
    """The contact that needed the agent."""
    reason: SuspendReason
    """Why."""


class ContactTransferred(Event, frozen=True, kw_only=True, tag="contact.transferred", gc=False):
    """An agent gives a contact to another queue or to an agent."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The giver."""
    from_queue_id: str
    """The queue it came from."""
    to_queue_id: str | None
    """The queue it goes to; None: it goes to an agent and stays in its queue."""
    to_agent_id: str | None
    """The agent it goes to; None: it goes to a queue."""
    mode: TransferMode
    """How."""
    cooldown_us: int
    """How long the giver is not offered this contact, microseconds."""


class WrapUpStarted(Event, frozen=True, kw_only=True, tag="leg.wrap_up_started", gc=False):
    """A leg's work is done and its wrap-up runs; its units stay taken."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    ends_at_us: int | None
    """When the engine ends it; None: only ``EndWrapUp`` does."""


class WrapUpExtended(Event, frozen=True, kw_only=True, tag="leg.wrap_up_extended", gc=False):
    """A wrap-up was given more time."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    ends_at_us: int | None
    """When the engine ends it now; None: only ``EndWrapUp`` does."""


class WrapUpEnded(Event, frozen=True, kw_only=True, tag="leg.wrap_up_ended", gc=False):
    """A wrap-up is over, by command or by its own time."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    wrapped_us: int
    """How long it took, microseconds."""


class LegEnded(Event, frozen=True, kw_only=True, tag="leg.ended", gc=False):
    """An agent's part in a contact is over; its units are free."""

    contact_id: str
    """The contact."""
    agent_id: str
    """The agent."""
    reason: LegEnd
    """Why."""
    began_at_us: int
    """When the leg began."""
    handled_us: int
    """From the begin to the end of the work, holds included, wrap-up not, microseconds."""
