"""What plans did, and callbacks that are owed."""

from __future__ import annotations

from ccroute.events.event import Event
from ccroute.types import CallbackEnd

__all__ = [
    "ActionRequested",
    "CallbackDropped",
    "CallbackDue",
    "RuleFired",
]


class RuleFired(Event, frozen=True, kw_only=True, tag="rule.fired", gc=False):
    """A step of a plan was due and its condition held. What it brings about follows."""

    contact_id: str
    """The contact."""
    queue_id: str
    """The queue whose plan it is; with a plan of the contact's own, the queue it stands in."""
    rule: int
    """Index of the step in its plan. The number of the queue's steps: what its hours say where it is closed; one more:
    a limit for which there is no step."""
    own: bool
    """The step is of the contact's own plan."""
    when: str
    """What made it due: ``after``, ``ahead``, ``entry``, ``offers_exhausted``, ``nobody_online``, ``overdue``,
    ``closed``, ``opened`` or ``limit``; ``expedited``: ``ExpediteContact``."""


class ActionRequested(Event, frozen=True, kw_only=True, tag="action.requested", gc=False):
    """A step of a plan asks the host for something."""

    contact_id: str
    """The contact."""
    queue_id: str
    """The queue it is in."""
    customer_id: str | None
    """As given at enqueue."""
    conversation_id: str | None
    """As given last."""
    report: str
    """What is asked for, in the configuration's own words."""


class CallbackDue(Event, frozen=True, kw_only=True, tag="callback.due", gc=False):
    """A callback waits in line: the customer is to be called when an agent has taken it."""

    contact_id: str
    """The callback, a contact of its own."""
    queue_id: str
    """The queue it waits in."""
    parent_id: str | None
    """The contact it came from."""
    customer_id: str | None
    """As given at enqueue."""
    attempt: int
    """Which attempt this will be, 1 at first."""
    attempts_max: int
    """After so many that failed it is dropped."""
    expires_at_us: int
    """When it is dropped, unless an agent is at work on it."""


class CallbackDropped(Event, frozen=True, kw_only=True, tag="callback.dropped", gc=False):
    """A callback is no longer owed, or could not be made."""

    contact_id: str
    """The callback; with ``contacts_max`` the contact that would have left it."""
    queue_id: str
    """The queue it was in."""
    parent_id: str | None
    """The contact it came from."""
    customer_id: str | None
    """As given at enqueue."""
    reason: CallbackEnd
    """Why."""
    by_contact_id: str | None
    """With ``returned``: the contact by which the customer came back."""
