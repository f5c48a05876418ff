"""Closed sets of what explains: how offers come to be made, and what comes first. On the wire they are their texts."""

from __future__ import annotations

import enum

__all__ = ["Criterion", "Readiness", "Turn"]


class Readiness(enum.StrEnum):
    """When an agent could be offered a contact, were there one; what stands longest in the way counts."""

    NOW = "now"
    """At once: nothing stands in the way."""
    AFTER = "after"
    """When the contact has been in the queue for longer, or is no longer kept for its preferred agents."""
    FREE = "free"
    """When the agent has room: its work ends, or an offer."""
    ONLINE = "online"
    """When the agent is available."""
    NEVER = "never"
    """Not as it is configured: it does not serve the queue, the requirement does not hold, the contact excludes it, the
    channel is closed to it, or it never has as much room."""


class Turn(enum.StrEnum):
    """How an offer came to be made."""

    LINE = "line"
    """In its turn: contact and agent were the least eligible pair."""
    TOGETHER = "together"
    """In one step with the contact's first offer, as its queue asks several agents at once."""
    PREEMPTION = "preemption"
    """The contact found no agent with room and took one from a contact of lower tier."""
    PICK = "pick"
    """The agent picked the contact."""
    ASSIGNMENT = "assignment"
    """A supervisor assigned the contact to the agent."""
    DIRECT = "direct"
    """The contact was meant for this agent: a transfer, a consult or a conference, or back to who gave it away."""
    JOIN = "join"
    """The agent was consulted about the contact and joined it."""


class Criterion(enum.StrEnum):
    """What comes first, between two contacts for an agent, two agents for a contact, or two that could give way."""

    TIER = "tier"
    """The contact of higher tier."""
    OFFER_OUT = "offer_out"
    """The contact without an offer out."""
    OVERDUE = "overdue"
    """The contact that is overdue."""
    RANK = "rank"
    """The lower rank: own work before backup work."""
    CREDIT = "credit"
    """The larger credit: head start and time since the contact's place, aged by its queue."""
    SEQ = "seq"
    """The contact that was created first."""
    ASIDE = "aside"
    """The agent at which nothing gives way."""
    IDLE = "idle"
    """By the time since the agent's last sign-in, accept or end of a leg."""
    LOAD = "load"
    """By units taken / capacity."""
    SKILL_SUM = "skill_sum"
    """By the agent's levels of the skills that the requirement in force names."""
    LAST_OFFER = "last_offer"
    """By the seq of the last offer made to the agent."""
    HANDLED = "handled"
    """By the agent's accepts since sign-in."""
    LISTED = "listed"
    """By the position in the queue's ``order_list``."""
    SCORE = "score"
    """By the queue's ``score``."""
    GIVEN_SCORE = "given_score"
    """By the contact's own score of the agent."""
    AGENT_SEQ = "agent_seq"
    """The agent that was created first."""
    PASSED_OVER = "passed_over"
    """The other contact had to let one of its tier, on a channel that interrupts its own, go first at this agent."""
    VICTIM_TIER = "victim_tier"
    """The victim of lower tier."""
    VICTIM_KIND = "victim_kind"
    """An offer gives way before work."""
    VICTIM_BEGUN = "victim_begun"
    """The victim that was begun last."""
    VICTIM_SEQ = "victim_seq"
    """The victim whose contact was created last."""
