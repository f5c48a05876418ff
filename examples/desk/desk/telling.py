"""Giving commands to the router for a page, and telling the page what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from ccroute import (
    CcrouteError,
    Command,
    CommandRefused,
    Engine,
    Event,
    InvalidArgument,
    RefusalReason,
    Router,
)
from desk.faults import Fault, fault

__all__ = ["as_fault", "ask", "tell"]

_T = TypeVar("_T")

_WORDS: Final = {
    RefusalReason.CONTACT_ACTIVE: "Somebody has the contact already.",
    RefusalReason.CONTACT_ENDED: "The contact is over.",
    RefusalReason.LEG_WRAPPING: "The talk is over; only its wrap-up is left.",
    RefusalReason.NO_LEG: "The contact is not this agent's any more.",
    RefusalReason.OFFER_ENDED: "The offer is over.",
    RefusalReason.NOT_ELIGIBLE: "This agent cannot take the contact right now.",
}
_NOT_THERE: Final = {RefusalReason.UNKNOWN_CONTACT, RefusalReason.UNKNOWN_AGENT, RefusalReason.UNKNOWN_OFFER}


async def tell(router: Router, command: Command) -> list[Event]:
    """Carry out a command and return what it caused.

    :raises Fault: it was refused, is wrong, or cannot be taken now.
    """
    try:
        return _carried_out(await router.send(command))
    except CcrouteError as error:
        raise as_fault(error) from error


async def tell_all(router: Router, commands: Sequence[Command]) -> list[Event]:
    """Carry out commands at one moment and return what they caused. The first refusal is told, the others stand.

    :raises Fault: one was refused, is wrong, or they cannot be taken now.
    """
    try:
        answers = await router.send_many(commands)
    except CcrouteError as error:
        raise as_fault(error) from error
    return _carried_out([event for events in answers for event in events])


def _carried_out(events: list[Event]) -> list[Event]:
    for event in events:
        if isinstance(event, CommandRefused):
            if event.reason in _NOT_THERE:
                raise fault("not_found")
            rule = None if event.rule is None else event.rule.value
            raise fault("refused", _WORDS.get(event.reason), reason=event.reason.value, rule=rule)
    return events


async def ask(router: Router, question: Callable[[Engine], _T]) -> _T:
    """Return what the engine answers.

    :raises Fault: it cannot be asked now.
    """
    try:
        return await router.ask(question)
    except CcrouteError as error:
        raise as_fault(error) from error


def as_fault(error: CcrouteError) -> Fault:
    """Return what to tell a page of an error of ccroute's: what was wrong with its request, or that it must wait."""
    if isinstance(error, InvalidArgument):
        return fault("bad_request", f"{error}.")
    return fault("unavailable")
