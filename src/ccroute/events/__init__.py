"""What the engine says happened. Every event is a frozen struct with an explicit tag, its ``type`` on the wire.

Every event carries what a listener needs, so that nobody has to keep a shadow of the engine's state. Events of one
cause come in this order: the command's own first, then consequences: ends of offers and legs, what became of the
contact, what became of the agent; several of a kind by offer, contact, agent in order of creation; decisions last.
"""

from __future__ import annotations

from ccroute.events.commands import CommandRefused, CommandRepeated
from ccroute.events.contacts import (
    ChannelChanged,
    ContactAbandoned,
    ContactCancelled,
    ContactChanged,
    ContactClosed,
    ContactExpired,
    ContactOverdue,
    ContactParked,
    ContactQueued,
    ContactRequeued,
    ContactScheduled,
    PreferredEnded,
)
from ccroute.events.event import Event
from ccroute.events.floor import (
    AgentLost,
    Configured,
    ExternalLoadSet,
    HoursClosed,
    HoursOpened,
    NextPresenceSet,
    PresenceChanged,
    QueueOpened,
    QueuePaused,
)
from ccroute.events.rules import ActionRequested, CallbackDropped, CallbackDue, RuleFired
from ccroute.events.work import (
    ContactActive,
    ContactHeld,
    ContactResumed,
    ContactSuspended,
    ContactTransferred,
    LegEnded,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRescinded,
    OffersExhausted,
    WrapUpEnded,
    WrapUpExtended,
    WrapUpStarted,
)

__all__ = [
    "EVENTS",
    "ActionRequested",
    "AgentLost",
    "AnyEvent",
    "CallbackDropped",
    "CallbackDue",
    "ChannelChanged",
    "CommandRefused",
    "CommandRepeated",
    "Configured",
    "ContactAbandoned",
    "ContactActive",
    "ContactCancelled",
    "ContactChanged",
    "ContactClosed",
    "ContactExpired",
    "ContactHeld",
    "ContactOverdue",
    "ContactParked",
    "ContactQueued",
    "ContactRequeued",
    "ContactResumed",
    "ContactScheduled",
    "ContactSuspended",
    "ContactTransferred",
    "Event",
    "ExternalLoadSet",
    "HoursClosed",
    "HoursOpened",
    "LegEnded",
    "NextPresenceSet",
    "OfferAccepted",
    "OfferDeclined",
    "OfferExpired",
    "OfferMade",
    "OfferRescinded",
    "OffersExhausted",
    "PreferredEnded",
    "PresenceChanged",
    "QueueOpened",
    "QueuePaused",
    "RuleFired",
    "WrapUpEnded",
    "WrapUpExtended",
    "WrapUpStarted",
]

EVENTS: tuple[type[Event], ...] = (
    ContactQueued,
    ContactParked,
    ContactScheduled,
    ContactChanged,
    ChannelChanged,
    ContactOverdue,
    ContactRequeued,
    PreferredEnded,
    ContactClosed,
    ContactAbandoned,
    ContactCancelled,
    ContactExpired,
    OfferMade,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferRescinded,
    OffersExhausted,
    ContactActive,
    ContactHeld,
    ContactResumed,
    ContactSuspended,
    ContactTransferred,
    WrapUpStarted,
    WrapUpExtended,
    WrapUpEnded,
    LegEnded,
    RuleFired,
    ActionRequested,
    CallbackDue,
    CallbackDropped,
    PresenceChanged,
    NextPresenceSet,
    AgentLost,
    ExternalLoadSet,
    QueuePaused,
    QueueOpened,
    HoursClosed,
    HoursOpened,
    Configured,
    CommandRefused,
    CommandRepeated,
)
"""Every event, in the order of the reference."""

AnyEvent = (
    ContactQueued
    | ContactParked
    | ContactScheduled
    | ContactChanged
    | ChannelChanged
    | ContactOverdue
    | ContactRequeued
    | PreferredEnded
    | ContactClosed
    | ContactAbandoned
    | ContactCancelled
    | ContactExpired
    | OfferMade
    | OfferAccepted
    | OfferDeclined
    | OfferExpired
    | OfferRescinded
    | OffersExhausted
    | ContactActive
    | ContactHeld
    | ContactResumed
    | ContactSuspended
    | ContactTransferred
    | WrapUpStarted
    | WrapUpExtended
    | WrapUpEnded
    | LegEnded
    | RuleFired
    | ActionRequested
    | CallbackDue
    | CallbackDropped
    | PresenceChanged
    | NextPresenceSet
    | AgentLost
    | ExternalLoadSet
    | QueuePaused
    | QueueOpened
    | HoursClosed
    | HoursOpened
    | Configured
    | CommandRefused
    | CommandRepeated
)
"""The union the codec decodes into."""
