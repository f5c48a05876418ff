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
COMMAND_IDS_LIMIT: Final = 1_000_000

if TYPE_CHECKING:
    AttributeValue = bool | str | int | Decimal | list[str]
else:
    # msgspec cannot decode a union of str and Decimal: the codec and the configuration check these values themselves.
    AttributeValue = Any
"""Value of an attribute: exact decimals have up to six digits after the point and a magnitude below 2⁵³ millionths."""

UNLIMITED: Final = "unlimited"
"""The wrap-up that only ``EndWrapUp`` ends."""


class Presence(enum.StrEnum):
    """Where an agent is, as far as routing is concerned; a label says the rest."""

    OFFLINE = "offline"
    AVAILABLE = "available"
    AWAY = "away"


class ContactState(enum.StrEnum):
    """State of a contact. The last three are ends: a contact reaches exactly one of them, once."""

    QUEUED = "queued"
    ACTIVE = "active"
    CLOSED = "closed"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"


class LegState(enum.StrEnum):
    """State of an agent's part in a contact."""

    ACTIVE = "active"
    HELD = "held"
    WRAPPING = "wrapping"


class OfferMode(enum.StrEnum):
    """How a queue hands its contacts to agents."""

    AUTO = "auto"
    RING = "ring"


class PendingOffers(enum.StrEnum):
    """What becomes of an agent's pending offers when it leaves ``available``."""

    DECLINE = "decline"
    RESCIND = "rescind"
    KEEP = "keep"
    REFUSE = "refuse"


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


class LegEnd(enum.StrEnum):
    """Why a leg ended."""

    COMPLETED = "completed"
    TRANSFERRED = "transferred"
    CANCELLED = "cancelled"


class RescindReason(enum.StrEnum):
    """Why an offer was taken back."""

    ABANDONED = "abandoned"
    CANCELLED = "cancelled"
    PRESENCE = "presence"


class RefusalReason(enum.StrEnum):
    """Why a well-formed command could not be carried out right now."""

    UNKNOWN_CONTACT = "unknown_contact"
    UNKNOWN_AGENT = "unknown_agent"
    UNKNOWN_OFFER = "unknown_offer"
    CONTACT_EXISTS = "contact_exists"
    CONTACT_ENDED = "contact_ended"
    CONTACT_ACTIVE = "contact_active"
    CONTACT_QUEUED = "contact_queued"
    CONTACTS_MAX = "contacts_max"
    CLASSES_MAX = "classes_max"
    OFFER_ENDED = "offer_ended"
    OFFERS_PENDING = "offers_pending"
    NO_LEG = "no_leg"
    LEG_ACTIVE = "leg_active"
    LEG_HELD = "leg_held"
    LEG_WRAPPING = "leg_wrapping"
    QUEUE_PAUSED = "queue_paused"
    QUEUE_OPEN = "queue_open"


class Rule(enum.StrEnum):
    """Stable names of the rules that keep an agent from a contact, in the order they are told."""

    CONTACT_STATE = "contact_state"
    """The contact is not waiting."""
    OFFER_OUT = "offer_out"
    """The contact has as many offers out as its queue makes at once."""
    QUEUE_PAUSED = "queue_paused"
    """The queue makes no offers until it is opened."""
    PRESENCE = "presence"
    """The agent is not available."""
    NEXT_PRESENCE = "next_presence"
    """The agent takes another presence when its work ends, and nothing new before."""
    OFFERS_MAX = "offers_max"
    """The agent has as many pending offers as it takes at once."""
    MEMBERSHIP = "membership"
    """The agent does not serve the queue."""
    REQUIREMENT = "requirement"
    """The requirement in force does not hold for the agent."""
    EXCLUDED = "excluded"
    """The contact excludes the agent."""
    COOLDOWN = "cooldown"
    """The agent let an offer of this contact go, or gave the contact away, a short time ago."""
    LEG = "leg"
    """The agent is still wrapping up its earlier leg of this contact."""
    CHANNEL_CLOSED = "channel_closed"
    """The channel is blocked for the agent, or not in its closed list."""
    CHANNEL_MAX = "channel_max"
    """The agent has as many contacts of the channel as it takes at once."""
    CAPACITY = "capacity"
    """The agent has too few free units."""


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
