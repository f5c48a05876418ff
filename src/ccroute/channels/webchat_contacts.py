"""How a conversation follows the events of its contact: one table, and nothing else decides.

A conversation has one contact at a time. Its events come in order and at least once, so that those up to the last one
taken do nothing. What is not in the table changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from ccroute.channels.webchat_protocol import ChatPhase
from ccroute.channels.webchat_sessions import ChatContact, ChatState
from ccroute.commands import EnqueueContact
from ccroute.events import (
    ContactAbandoned,
    ContactActive,
    ContactCancelled,
    ContactClosed,
    ContactExpired,
    ContactParked,
    ContactQueued,
    ContactRequeued,
    ContactScheduled,
    ContactTransferred,
    Event,
    LegEnded,
    WrapUpStarted,
)

__all__ = ["PHASE_AFTER", "adopted", "asked", "contact_id_of", "follow", "refused"]

PHASE_AFTER: Final[Mapping[type[Event], ChatPhase]] = MappingProxyType(
    {
        ContactQueued: ChatPhase.WAITING,
        ContactRequeued: ChatPhase.WAITING,
        ContactParked: ChatPhase.PARKED,
        ContactScheduled: ChatPhase.PARKED,
        ContactActive: ChatPhase.ACTIVE,
        ContactClosed: ChatPhase.OVER,
        ContactAbandoned: ChatPhase.OVER,
        ContactCancelled: ChatPhase.OVER,
        ContactExpired: ChatPhase.OVER,
    }
)
"""The phase behind each event that has one. ``ContactActive`` also brings an agent in, ``WrapUpStarted`` and
``LegEnded`` take one out: behind the last ``WrapUpStarted`` it is over for the customer, unless ``ContactTransferred``
came before, behind which it waits."""

_WITHOUT_AGENTS: Final[Mapping[type[Event], ChatPhase]] = MappingProxyType({WrapUpStarted: ChatPhase.OVER})

_TOLD: Final = (LegEnded, ContactTransferred, WrapUpStarted)


def contact_id_of(event: Event) -> str | None:
    """Return the contact that an event is about; None: it is about none."""
    return getattr(event, "contact_id", None)


def follow(state: ChatState, event: Event) -> ChatState | None:
    """Return the state behind an event of the conversation's contact; None: it was taken before, or changes nothing."""
    contact = state.contact
    if contact is None or contact_id_of(event) != contact.command.contact_id or event.seq <= contact.seq:
        return None
    phase = PHASE_AFTER.get(type(event))
    if phase is None and not isinstance(event, _TOLD):
        return None
    if contact.phase is ChatPhase.OVER and phase in (None, ChatPhase.OVER):
        # It was over for the customer when its last agent began to write it up.
        return None
    agents, is_handed_on = contact.agents, contact.is_handed_on
    if isinstance(event, ContactTransferred):
        is_handed_on = True
    elif isinstance(event, ContactActive):
        is_handed_on = False
        agents = agents if event.agent_id in agents else (*agents, event.agent_id)
    elif isinstance(event, LegEnded | WrapUpStarted):
        agents = tuple(one for one in agents if one != event.agent_id)
        if not agents and contact.phase is ChatPhase.ACTIVE:
            phase = ChatPhase.WAITING if is_handed_on else _WITHOUT_AGENTS.get(type(event))
    elif phase is ChatPhase.OVER:
        agents = ()
    changed = msgspec.structs.replace(
        contact, phase=phase or contact.phase, agents=agents, is_handed_on=is_handed_on, seq=event.seq
    )
    # What was said while the contact was inside was said to its agents, and is nothing to the bot.
    return msgspec.structs.replace(state, contact=changed, heard=state.number)


def asked(state: ChatState, command: EnqueueContact) -> ChatState:
    """Return the state in which the engine is to be asked for a contact."""
    contact = ChatContact(command=command, phase=ChatPhase.ASKED)
    return msgspec.structs.replace(state, contact=contact, contacts=state.contacts + 1, heard=state.number)


def refused(state: ChatState) -> ChatState:
    """Return the state behind a contact that the engine would not take."""
    assert state.contact is not None
    return msgspec.structs.replace(
        state, contact=msgspec.structs.replace(state.contact, phase=ChatPhase.OVER, agents=())
    )


def adopted(state: ChatState, event: Event, channel: str) -> ChatState | None:
    """Return the state with a contact that the host enqueued for the conversation itself; None: it did not."""
    if not isinstance(event, ContactQueued | ContactParked | ContactScheduled):
        return None
    if event.conversation_id != state.conversation_id or event.parent_id is not None:
        return None
    if state.contact is not None and (state.contact.is_open or event.seq <= state.contact.seq):
        return None
    command = EnqueueContact(
        contact_id=event.contact_id,
        queue_id=event.queue_id,
        channel=channel,
        conversation_id=state.conversation_id,
        customer_id=event.customer_id,
    )
    return asked(state, command)
