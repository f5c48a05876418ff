"""Words that every floor of the house shares: closed sets, limits and the names of rules.

Nothing here holds state or decides anything. Numbers that bound something end in ``_MAX``.
"""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

TIME_US_MAX: Final = 2**53 - 1
"""Latest moment the engine can stand at, in microseconds since the Unix epoch."""

DURATION_US_MAX: Final = 90 * 24 * 3600 * 1_000_000
"""Longest duration in configuration and commands: 90 days."""

ID_LENGTH_MAX: Final = 128
"""Characters in an id."""

TEXT_LENGTH_MAX: Final = 1024
"""Characters in a reason, a label or a disposition."""

REQUIREMENT_LENGTH_MAX: Final = 8192
"""Characters in the text of one requirement."""

TIER_MIN: Final = -(2**31)
TIER_MAX: Final = 2**31 - 1
RANK_MAX: Final = 255
SKILL_LEVEL_MAX: Final = 100
AGEING_MAX: Final = 1_000_000
COST_MAX: Final = 1_000_000
"""Units one contact may take."""
CAPACITY_MAX: Final = 1_000_000
"""Units one agent may have."""
EXCLUDED_MAX: Final = 16
SCORES_MAX: Final = 128
SCORE_MAX: Final = 2**53 - 1
"""Largest magnitude of a given score."""
ATTRIBUTES_MAX: Final = 64
ATTRIBUTE_LIST_MAX: Final = 64
"""Strings in one attribute that is a list."""

AGENTS_LIMIT: Final = 1_000_000
"""``agents_max`` can be set no higher than this."""
CONTACTS_LIMIT: Final = 10_000_000
"""``contacts_max`` can be set no higher than this."""
CLASSES_LIMIT: Final = 65_536
QUEUES_MAX: Final = 65_536
SKILLS_MAX: Final = 65_536
CHANNELS_MAX: Final = 64
LEGS_MAX: Final = 16
"""Legs a contact can have at once, those in wrap-up included."""
OFFERS_K_MAX: Final = 64
"""Offers a queue can make of one contact at once."""
AFTER_STEPS_MAX: Final = 16
"""Different ``after_us`` above 0 that agents can have for one queue."""
OFFERS_OF_AGENT_MAX: Final = 256
"""Pending offers an agent can have, whatever an assignment ignores."""
ASIDE_MAX: Final = 64
"""Offers and legs of an agent that can be set aside for one contact."""
COMMAND_IDS_LIMIT: Final = 1_000_000
PREFERRED_MAX: Final = 16
PLAN_STEPS_MAX: Final = 32
"""Steps of a plan, of a queue's or of a contact's own."""
PLAN_AHEAD_MAX: Final = 1_000_000
"""Contacts before it that a step of a plan can ask for."""
HOURS_SPANS_MAX: Final = 2_048
"""Spans of time for which a queue can be open, as far as they are resolved."""

if TYPE_CHECKING:
    AttributeValue = bool | str | int | Decimal | list[str]
else:
    # msgspec cannot decode a union of str and Decimal: the codec and the configuration check these values themselves.
    AttributeValue = Any
"""Value of an attribute: exact decimals have up to six digits after the point and a magnitude below 2⁵³ millionths."""

UNLIMITED: Final = "unlimited"
"""The wrap-up that only ``EndWrapUp`` ends."""
NEXT_AVAILABLE: Final = "next_available"
"""The cool-down that ends when the agent becomes available again, coming from another presence."""
FOR_EVER: Final = "for_ever"
"""The cool-down that ends with the contact."""


class Presence(enum.StrEnum):
    """Where an agent is, as far as routing is concerned; a label says the rest."""

    OFFLINE = "offline"
    """Signed out. Leaving it is the sign-in, which begins the count of accepts anew."""
    AVAILABLE = "available"
    """Takes offers, as far as channels and units allow."""
    AWAY = "away"
    """Signed in, but takes no offers."""


class ContactState(enum.StrEnum):
    """State of a contact. Closed, abandoned, cancelled and expired are ends; a contact reaches exactly one, once."""

    QUEUED = "queued"
    """Waits in a queue, offered or not."""
    ACTIVE = "active"
    """At least one agent took it, and a leg of it has not ended."""
    CLOSED = "closed"
    """Served: its last leg ended."""
    ABANDONED = "abandoned"
    """The customer left while it waited."""
    CANCELLED = "cancelled"
    """The host took it back."""
    PARKED = "parked"
    """Inside, but out of line: never offered, until it is unparked."""
    SCHEDULED = "scheduled"
    """Inside, but not due yet: never offered, until the moment for which it was made."""
    EXPIRED = "expired"
    """A rule, a limit or its due window ended it before an agent took it."""


class LegState(enum.StrEnum):
    """State of an agent's part in a contact."""

    ACTIVE = "active"
    """The agent is at work on the contact."""
    HELD = "held"
    """The agent has put the contact on hold; the leg keeps its units."""
    WRAPPING = "wrapping"
    """The work is done and the agent writes it up; the leg keeps its units."""
    SUSPENDED = "suspended"
    """The leg gave way to another contact and takes no units; the engine resumes it when it fits again."""


class OfferMode(enum.StrEnum):
    """How a queue hands its contacts to agents."""

    AUTO = "auto"
    """The offer is accepted in the moment it is made."""
    RING = "ring"
    """The agent accepts or declines within the time-out of the queue."""
    BROADCAST = "broadcast"
    """Several agents at once are asked as with ``ring``; the first to accept has it, the others' offers are taken back.
    """
    MANUAL = "manual"
    """The engine makes no offers: agents pick contacts, supervisors assign them."""


class PendingOffers(enum.StrEnum):
    """What becomes of an agent's pending offers when it leaves ``available``."""

    DECLINE = "decline"
    """They end as declined, with cool-down."""
    RESCIND = "rescind"
    """They are taken back, without cool-down."""
    KEEP = "keep"
    """They stay pending and may still be accepted."""
    REFUSE = "refuse"
    """The command is refused while there are any."""


class KeepsPlace(enum.StrEnum):
    """Which place a contact takes in the queue it is transferred to."""

    WAITED = "waited"
    """As if it had come now, less the time it was queued or offered so far."""
    AGE = "age"
    """The place it had."""
    NONE = "none"
    """As if it had come now."""


class TransferMode(enum.StrEnum):
    """How a contact changes hands."""

    BLIND = "blind"
    """The giver's leg ends, or goes to wrap-up, at once."""
    WARM = "warm"
    """The giver stays at work on the contact until the taker accepts."""


class OnUnanswered(enum.StrEnum):
    """What becomes of a contact transferred to an agent who does not take it."""

    RETURN = "return"
    """It is offered to the giver, where the giver can take it; else it waits in line."""
    QUEUE = "queue"
    """It waits in line in its present queue."""


class ParkClock(enum.StrEnum):
    """Whether a contact grows older while it is parked."""

    STOPS = "stops"
    """Its place and its time in queue move on by the time it was parked."""
    RUNS = "runs"
    """The time it was parked counts as waited."""


class ChangeOffers(enum.StrEnum):
    """What becomes of the pending offers of a contact that is changed."""

    RECHECK = "recheck"
    """Those stay whose agents serve the contact as it is now: queue, requirement, exclusion, open channel."""
    KEEP = "keep"
    """All stay."""
    RESCIND = "rescind"
    """All are taken back."""


class AssignAs(enum.StrEnum):
    """What an assignment gives the agent."""

    OFFER = "offer"
    """An offer, which the agent accepts or declines."""
    ACTIVE = "active"
    """The contact itself: accepted in the moment it is assigned."""


class Ignorable(enum.StrEnum):
    """What an assignment may leave out of account."""

    REQUIREMENT = "requirement"
    """The requirement in force (rule ``requirement``)."""
    MEMBERSHIP = "membership"
    """Which queues the agent serves, and since when (rules ``membership``, ``after`` and ``direct``)."""
    PRESENCE = "presence"
    """Where the agent is (rules ``presence`` and ``next_presence``)."""
    CAPACITY = "capacity"
    """What the agent has room for (rules ``offers_max``, ``channel_closed``, ``channel_max``, ``capacity`` and
    ``suspended``)."""
    COOLDOWN = "cooldown"
    """That the agent let the contact go (rule ``cooldown``)."""
    EXCLUSION = "exclusion"
    """That the contact excludes the agent (rule ``excluded``)."""


class Preempt(enum.StrEnum):
    """What the contacts of a queue may take from contacts of lower tier."""

    NEVER = "never"
    """Nothing."""
    OFFERS = "offers"
    """Pending offers."""
    WORK = "work"
    """Pending offers, and active legs on suspendable channels."""


class Victim(enum.StrEnum):
    """What becomes of work that is pre-empted."""

    SUSPEND = "suspend"
    """It stays with its agent, suspended."""
    REQUEUE = "requeue"
    """It goes back to its place, for any agent."""


class Order(enum.StrEnum):
    """What goes first in the engine's order of pairs."""

    TIER = "tier"
    """Higher tier, then lower rank."""
    RANK = "rank"
    """Lower rank, then higher tier."""


class LegEnd(enum.StrEnum):
    """Why a leg ended."""

    COMPLETED = "completed"
    """Its work was completed."""
    TRANSFERRED = "transferred"
    """Its agent gave the contact away."""
    CANCELLED = "cancelled"
    """The contact was cancelled."""
    LEFT = "left"
    """Its agent left a conference that goes on."""
    JOINED = "joined"
    """Its agent went over from this consult into the contact it was about."""
    REQUEUED = "requeued"
    """The contact was sent back to its place."""
    CONNECT_FAILED = "connect_failed"
    """The connection never stood: the accept was undone."""
    PREEMPTED = "preempted"
    """A contact of higher tier took the agent, and the contact went back to its place."""
    PARKED = "parked"
    """The contact was parked."""
    CHANNEL_CHANGED = "channel_changed"
    """The contact changed to a channel that the agent cannot take, and went back to its place."""
    LOST = "lost"
    """Nothing was heard of its agent for longer than its lease and grace."""


class RescindReason(enum.StrEnum):
    """Why an offer was taken back."""

    ABANDONED = "abandoned"
    """The customer left."""
    CANCELLED = "cancelled"
    """The host took the contact back."""
    PRESENCE = "presence"
    """The agent left ``available``, by somebody else's command or for want of an answer."""
    TAKEN = "taken"
    """Another agent has the contact."""
    PREEMPTED = "preempted"
    """A contact of higher tier took its place."""
    INTERRUPTED = "interrupted"
    """A contact on a channel that interrupts this one needed the room."""
    NO_ROOM = "no_room"
    """It fits no more beside what the agent has in hand."""
    CHANGED = "changed"
    """The contact was changed, so that the offer does not stand any more."""
    PARKED = "parked"
    """The contact was parked."""
    PICKED = "picked"
    """The agent picked another contact, for which it had no room beside this offer."""
    WITHDRAWN = "withdrawn"
    """The contact does not look for a further agent any more."""
    LOST = "lost"
    """Nothing was heard of the agent for longer than its lease."""
    RULE = "rule"
    """A rule or a limit took the contact out of line."""


class RequeueReason(enum.StrEnum):
    """Why a contact went back to its place."""

    COMMAND = "command"
    """``RequeueContact`` said so."""
    CONNECT_FAILED = "connect_failed"
    """The connection to its agent never stood."""
    PREEMPTED = "preempted"
    """A contact of higher tier took its agent."""
    CHANNEL = "channel"
    """It changed to a channel that its agents cannot take."""
    UNANSWERED = "unanswered"
    """The agent to whom it was transferred did not take it."""
    LOST = "lost"
    """Nothing was heard of its agent for longer than its lease and grace."""


class SuspendReason(enum.StrEnum):
    """Why a leg was suspended."""

    INTERRUPTED = "interrupted"
    """A contact on a channel that interrupts this one needed the room."""
    PREEMPTED = "preempted"
    """A contact of higher tier took the agent."""


class RefusalReason(enum.StrEnum):
    """Why a well-formed command could not be carried out right now."""

    UNKNOWN_CONTACT = "unknown_contact"
    """No contact of this id or handle is inside or retained."""
    UNKNOWN_AGENT = "unknown_agent"
    """The configuration has no agent of this id or handle."""
    UNKNOWN_OFFER = "unknown_offer"
    """No offer of this id was ever made."""
    CONTACT_EXISTS = "contact_exists"
    """A contact of this id is inside, or has ended while an agent still wraps it up."""
    CONTACT_ENDED = "contact_ended"
    """The contact has ended and has no leg left."""
    CONTACT_ACTIVE = "contact_active"
    """An agent is at work on the contact, so that it cannot be abandoned."""
    CONTACT_QUEUED = "contact_queued"
    """The contact waits and has no leg to complete."""
    CONTACTS_MAX = "contacts_max"
    """``contacts_max`` contacts are inside and none of them can be forgotten."""
    OFFER_ENDED = "offer_ended"
    """The offer was accepted, declined or rescinded before, or has expired."""
    OFFERS_PENDING = "offers_pending"
    """The agent has pending offers, and the command said to refuse then."""
    NO_LEG = "no_leg"
    """The agent has no leg in this contact."""
    LEG_ACTIVE = "leg_active"
    """The leg is active."""
    LEG_HELD = "leg_held"
    """The leg is on hold."""
    LEG_WRAPPING = "leg_wrapping"
    """The leg is in wrap-up."""
    QUEUE_PAUSED = "queue_paused"
    """The queue is paused already."""
    QUEUE_OPEN = "queue_open"
    """The queue is open already."""
    CONTACT_PARKED = "contact_parked"
    """The contact is parked."""
    LEG_SUSPENDED = "leg_suspended"
    """The leg is suspended."""
    NOT_ELIGIBLE = "not_eligible"
    """A rule keeps the agent from the contact; the event names the first one broken."""
    LAST_LEG = "last_leg"
    """No other agent is at work on the contact."""
    LEGS_MAX = "legs_max"
    """The contact has as many legs as it can have, those in wrap-up included."""
    CONFERENCE = "conference"
    """Several agents are at work on the contact, and the command is for one alone."""
    VERSION = "version"
    """The contact was changed since the version that the command names."""
    OFFER_OUT = "offer_out"
    """The contact has as many offers out as its queue makes at once, or one to this agent."""
    CONTACT_SCHEDULED = "contact_scheduled"
    """The contact is not due yet."""
    NO_RULE = "no_rule"
    """No step of the contact's plans is left that time would make due and whose condition holds now."""
    QUEUE_DRAINING = "queue_draining"
    """The queue takes no new contacts, because it is to be removed."""
    IN_USE = "in_use"
    """What the command would take away is still needed."""
    NO_QUEUE = "no_queue"
    """The contact is in no queue in which it could wait."""


class Rule(enum.StrEnum):
    """Stable names of the rules that keep an agent from a contact, in the order they are told."""

    CONTACT_STATE = "contact_state"
    """The contact is not waiting."""
    OFFER_OUT = "offer_out"
    """The contact has as many offers out as its queue makes at once."""
    QUEUE_PAUSED = "queue_paused"
    """The queue makes no offers until it is opened."""
    MANUAL = "manual"
    """The queue leaves offers to agents and supervisors."""
    OFFERS_MIN = "offers_min"
    """Fewer agents than the queue's ``offers_min`` could take the contact."""
    PRESENCE = "presence"
    """The agent is not available."""
    NEXT_PRESENCE = "next_presence"
    """The agent takes another presence when its work ends, and nothing new before."""
    OFFERS_MAX = "offers_max"
    """The agent has as many pending offers as it takes at once."""
    MEMBERSHIP = "membership"
    """The agent does not serve the queue."""
    AFTER = "after"
    """The agent serves the queue only for contacts that have been in it for longer."""
    REQUIREMENT = "requirement"
    """The requirement in force does not hold for the agent."""
    DIRECT = "direct"
    """The contact is kept for another agent."""
    EXCLUDED = "excluded"
    """The contact excludes the agent."""
    COOLDOWN = "cooldown"
    """The agent let an offer of this contact go, or gave the contact away, a short time ago."""
    LEG = "leg"
    """The agent is at work on this contact, or still wraps up its earlier leg of it."""
    CHANNEL_CLOSED = "channel_closed"
    """The channel is blocked for the agent, or not in its closed list."""
    CHANNEL_MAX = "channel_max"
    """The agent has as many contacts of the channel as it takes at once."""
    CAPACITY = "capacity"
    """The agent has too few free units."""
    SUSPENDED = "suspended"
    """The agent has a suspended leg of higher tier, or of equal tier on a channel that the contact's does not
    interrupt."""
    PREFERRED = "preferred"
    """The contact is kept for its preferred agents, of whom the agent is none."""


class SelectKey(enum.StrEnum):
    """Keys by which a queue chooses among agents. Each has a natural direction, which ``desc`` or ``asc`` overrides."""

    IDLE = "idle"
    """Time since the agent's last sign-in, accept or end of a leg; longest first."""
    LOAD = "load"
    """Units taken / capacity, compared as exact fractions; lowest first."""
    SKILL_SUM = "skill_sum"
    """Sum of the agent's levels of the skills the requirement in force names, each once; highest first."""
    LAST_OFFER = "last_offer"
    """Seq of the last offer made to the agent; never offered first, then earliest."""
    HANDLED = "handled"
    """Accepts since sign-in; fewest first."""
    LISTED = "listed"
    """Position in the queue's ``order_list``; unlisted last."""
    SCORE = "score"
    """Value of the queue's ``score`` expression; highest first, an error last."""
    GIVEN_SCORE = "given_score"
    """The contact's own score of the agent, 0 where it gives none; highest first."""


class PlanOn(enum.StrEnum):
    """What makes a step of a plan due, other than time and the number ahead."""

    ENTRY = "entry"
    """The contact entered the queue."""
    OFFERS_EXHAUSTED = "offers_exhausted"
    """``OffersExhausted`` was told of it."""
    NOBODY_ONLINE = "nobody_online"
    """No agent is online who could ever serve it."""
    OVERDUE = "overdue"
    """``ContactOverdue`` was told of it."""
    CLOSED = "closed"
    """It entered while the queue is closed, or the queue closed while it waits."""
    OPENED = "opened"
    """The queue opened while it waits."""
    LIMIT = "limit"
    """It reached a limit of the queue, or of its own."""


class PlanOnOverflow(enum.StrEnum):
    """Which plan a contact follows in the queue it overflows to."""

    KEEP = "keep"
    """The one it follows goes on, with its clock."""
    RESTART = "restart"
    """The plan of that queue begins."""


class RuleEnd(enum.StrEnum):
    """How a rule ends a contact."""

    CLOSED = "closed"
    """As served: ``ContactClosed``."""
    CANCELLED = "cancelled"
    """As taken back: ``ContactCancelled``."""
    EXPIRED = "expired"
    """As given up: ``ContactExpired``."""


class Limit(enum.StrEnum):
    """Limits of a queue or of a contact."""

    LENGTH = "length"
    """Contacts that wait in the queue."""
    IN_QUEUE = "in_queue"
    """Time of the contact in its queue."""
    TTL = "ttl"
    """Time since the contact was made or fell due."""


class PreferWho(enum.StrEnum):
    """Which agents the host puts into ``preferred``; the engine itself reads only what the command says."""

    GIVEN = "given"
    """Those that the host chooses."""
    LAST_AGENT = "last_agent"
    """The agent who served the customer last."""
    MANAGER = "manager"
    """The customer's personal manager."""


class PreferredScope(enum.StrEnum):
    """Which preferred agents a contact waits for."""

    MEMBERS = "members"
    """Those who serve its queue."""
    ANYONE = "anyone"
    """All of them."""


class PreferredEnd(enum.StrEnum):
    """Why a contact is no longer kept for its preferred agents."""

    WAITED = "waited"
    """The time for it is over."""
    NOBODY_ONLINE = "nobody_online"
    """None of them is online."""
    BOUND = "bound"
    """As many contacts wait for each of them as the queue allows."""


class ClosedAction(enum.StrEnum):
    """What becomes of contacts in a closed queue."""

    WAIT = "wait"
    """They wait."""
    REFUSE = "refuse"
    """They expire."""
    CALLBACK = "callback"
    """They become callbacks, due when the queue opens."""
    OVERFLOW = "overflow"
    """They go to another queue."""


class CallbackEnd(enum.StrEnum):
    """Why a callback is no longer owed."""

    RETURNED = "returned"
    """The customer came back."""
    ATTEMPTS = "attempts"
    """As many attempts failed as the queue makes."""
    EXPIRED = "expired"
    """The time for it is over."""
    CONTACTS_MAX = "contacts_max"
    """There was no room for it."""


class Removal(enum.StrEnum):
    """What a command does where the thing to be removed is still in use."""

    REFUSE = "refuse"
    """The command is refused."""
    DRAIN = "drain"
    """It takes nothing new, and is removed when it is empty."""
