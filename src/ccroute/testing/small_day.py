"""The small day with which suites of histories begin: its events, what is said on it, and how promises are compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ccroute.commands import (
    AbandonContact,
    AcceptOffer,
    ChangeChannel,
    Command,
    CompleteContact,
    EnqueueContact,
    HoldContact,
    ResumeContact,
    SetPresence,
    TransferContact,
)
from ccroute.config import Config
from ccroute.engine.engine import Engine
from ccroute.events import Event, OfferMade
from ccroute.ports import HistoryStore
from ccroute.timeline import Message
from ccroute.types import Presence

__all__ = ["AT", "SECOND", "history_events", "is_so", "message", "raises", "written"]

CENTER: Final = """
[channels.chat]
cost = 30

[queues.support]
wrap_up = "5s"

[queues.loans]

[agents.maxim]
queues = { support = 1 }

[agents.dorit]
queues = { support = 2, loans = 1 }
"""

SECOND: Final = 1_000_000
AT: Final = 1_700_000_000 * SECOND
"""When the day begins."""


def history_events() -> list[Event]:
    """Return the events of a small day: a chat that becomes a call and is transferred, a call that is abandoned, an
    e-mail that waits, and the customer of the chat, who comes back.
    """
    engine = Engine(Config.from_toml(CENTER))
    events: list[Event] = []

    def do(second: int, command: Command) -> None:
        events.extend(engine.handle(command, AT + second * SECOND))

    def accept(second: int) -> None:
        offers = [event for event in events if isinstance(event, OfferMade)]
        do(second, AcceptOffer(offer_id=offers[-1].offer_id))

    do(0, SetPresence(agent_id="maxim", presence=Presence.AVAILABLE))
    do(1, enqueue("chat-1", "chat", "ann", "talk-1"))
    accept(3)
    do(20, HoldContact(contact_id="chat-1", agent_id="maxim"))
    do(30, ResumeContact(contact_id="chat-1", agent_id="maxim"))
    do(40, ChangeChannel(contact_id="chat-1", channel="voice"))
    do(50, SetPresence(agent_id="dorit", presence=Presence.AVAILABLE))
    do(60, TransferContact(contact_id="chat-1", agent_id="maxim", to_queue="loans"))
    accept(61)
    do(90, CompleteContact(contact_id="chat-1", disposition="loan granted"))
    do(100, SetPresence(agent_id="dorit", presence=Presence.OFFLINE))
    do(101, SetPresence(agent_id="maxim", presence=Presence.OFFLINE))
    do(110, enqueue("call-2", "voice", "bob", None))
    do(130, AbandonContact(contact_id="call-2", reason="hung up"))
    do(140, enqueue("mail-3", "email", "ann", "talk-3", queue_id="loans"))
    do(150, enqueue("chat-1", "chat", "ann", "talk-1"))
    return events


def enqueue(
    contact_id: str, channel: str, customer_id: str | None, conversation_id: str | None, queue_id: str = "support"
) -> EnqueueContact:
    return EnqueueContact(
        contact_id=contact_id,
        queue_id=queue_id,
        channel=channel,
        customer_id=customer_id,
        conversation_id=conversation_id,
    )


def written(history: HistoryStore) -> list[Event]:
    """Write the day, and return its events."""
    events = history_events()
    history.write(events)
    return events


def message(
    entry_id: str,
    second: int,
    body: str,
    customer_id: str | None = "ann",
    *,
    contact_id: str | None = "chat-1",
    conversation_id: str | None = None,
) -> Message:
    """Return what a customer said on that day."""
    return Message(
        entry_id=entry_id,
        at_us=AT + second * SECOND,
        contact_id=contact_id,
        customer_id=customer_id,
        conversation_id=conversation_id,
        body=body,
        from_customer=True,
    )


def is_so(got: object, expected: object, promise: str) -> None:
    """Raise the promise, where something is not what is expected."""
    if got != expected:
        raise AssertionError(f"{promise}: expected {expected}, got {got}")


def raises(kind: type[Exception], call: Callable[[], object], promise: str) -> None:
    """Raise the promise, where a call does not raise what is expected."""
    try:
        call()
    except kind:
        return
    raise AssertionError(f"{promise}: {kind.__name__} was not raised")
