"""What expressions look at and what they give: views of agent, contact and queue, values and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias, final

import msgspec

from ccroute.requirement.printing import print_expression
from ccroute.requirement.syntax import Expression, Fault

Attribute: TypeAlias = bool | int | Decimal | str | Sequence[str]
"""Value of an attribute."""

Attributes: TypeAlias = Mapping[str, Attribute]

Value: TypeAlias = "bool | int | Decimal | str | Sequence[Value]"
"""A value without error."""


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """What expressions see of an agent."""

    id: str
    skills: Mapping[str, int] = {}
    """Levels by skill, 0 to 100; 0 is the same as absent."""
    attributes: Attributes = {}
    queues: Mapping[str, int] = {}
    """Ranks by queue, for the queues that the agent lists."""


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    """What expressions see of a contact."""

    channel: str
    tier: int | None = None
    """The contact's own tier; None: it has none, and reading it is an error."""
    attributes: Attributes = {}


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """What expressions see of a queue."""

    id: str
    attributes: Attributes = {}


@final
class EvaluationError:
    """The value of an expression that has none: something is missing, or has the wrong type."""

    __slots__ = ("_complaint", "_where")

    def __init__(self, where: Expression, complaint: str) -> None:
        self._where = where
        self._complaint = complaint

    @property
    def reason(self) -> str:
        """What is wrong, as in ``agent.attributes.lang is missing``."""
        if isinstance(self._where, Fault):
            return self._where.reason
        return f"{print_expression(self._where)} {self._complaint}"

    def __repr__(self) -> str:
        return f"EvaluationError({self.reason!r})"


class Figures(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What conditions see of a queue and its agents right now; see :class:`ccroute.requirement.syntax.Figure`."""

    waiting: int
    """Contacts that wait in the queue."""
    oldest_us: int
    """Longest time that one of them has waited in its life, microseconds."""
    online: int
    """Agents that serve the queue and are not offline."""
    available: int
    """Those of them that are available."""
    away: int
    """Those of them that are away."""
    free: int
    """Those available that have nothing to do."""


Outcome: TypeAlias = "Value | EvaluationError"
"""What an expression gives."""


class Scene(msgspec.Struct, frozen=True, gc=False):
    """All that an expression can look at."""

    agent: AgentView
    contact: ContactView | None
    queue: QueueView | None
    figures: Figures | None = None
