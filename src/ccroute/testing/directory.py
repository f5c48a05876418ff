"""What every directory of customers must do: :func:`check_directory` tells what one gets wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, final

import anyio

from ccroute.errors import shown
from ccroute.ports import CustomerDirectory, CustomerRecord, DirectoryQuestion, Handle
from ccroute.testing.trial import WAITS_TRIED, Driven, watched

__all__ = ["check_directory"]

Make = Callable[[Mapping[Handle, CustomerRecord]], Awaitable[CustomerDirectory]]

_RECORDS: Final = {
    Handle(kind="phone", value="+4930901820"): CustomerRecord(
        name="Ada Lovelace", language="en", tier=2, manager_id="charles", attributes={"segment": "private"}
    ),
    Handle(kind="email", value="bela@example.com"): CustomerRecord(name="Béla Bartók", language="hu"),
}
_NOBODY: Final = DirectoryQuestion(
    customer_id="nobody", identity_ids=("nobody",), handles=(Handle(kind="phone", value="+4930901829"),)
)


async def check_directory(make: Make, *, patience_s: float = 5.0, blocked_s_max: float = 0.25) -> None:
    """Check that directories answer as they promise; raise ``AssertionError`` with the promise that one does not keep.

    Runs under asyncio and trio; try both.

    :param make: makes a directory in which customers are known by handles, as given: a CRM filled for the test.
    :param patience_s: how long to wait for an answer.
    :param blocked_s_max: how long the event loop may stand still.
    """
    directories = [await make(_RECORDS) for _ in _CHECKS]
    async with watched("a directory", blocked_s_max) as look:
        for check, directory in zip(_CHECKS, directories, strict=True):
            await check(_Asked(directory, patience_s))
            look()


@final
class _Asked:
    """A directory, and how it is asked."""

    def __init__(self, directory: CustomerDirectory, patience_s: float) -> None:
        self.directory: Final = directory
        self._patience_s: Final = patience_s

    async def tells(self, question: DirectoryQuestion, of_whom: str) -> CustomerRecord | None:
        """Return what it tells; raise where it does not, in time."""
        with anyio.move_on_after(self._patience_s):
            try:
                return await self.directory.look_up(question)
            except Exception as failure:
                raise AssertionError(
                    f"{of_whom}: look_up raised {type(failure).__name__}: {shown(str(failure))}"
                ) from failure
        raise AssertionError(f"{of_whom}: look_up did not return in {self._patience_s} s")


def _question(number: int, *handles: Handle) -> DirectoryQuestion:
    customer_id = f"customer-{number}"
    return DirectoryQuestion(customer_id=customer_id, identity_ids=(customer_id,), handles=handles)


async def _knows(asked: _Asked) -> None:
    for number, (handle, record) in enumerate(_RECORDS.items()):
        for _ in range(2):
            told = await asked.tells(_question(number, handle), _KNOWN)
            if type(told) is not CustomerRecord:
                raise AssertionError(f"{_KNOWN}, was {type(told).__name__}")
            for name in ("name", "language", "tier", "manager_id"):
                _agree(getattr(told, name) == getattr(record, name), f"{name} is told as it is known, each time")
            _agree(record.attributes.items() <= told.attributes.items(), "attributes are told as they are known")


async def _knows_by_any_handle(asked: _Asked) -> None:
    (handle, record), *_ = _RECORDS.items()
    told = await asked.tells(_question(0, Handle(kind="cookie", value="4711"), handle), _KNOWN)
    _agree(told is not None and told.name == record.name, "who is known by any of the handles is known")


async def _does_not_know(asked: _Asked) -> None:
    _agree(await asked.tells(_NOBODY, _UNKNOWN) is None, _UNKNOWN)
    _agree(await asked.tells(_question(0), _NAMELESS) is None, _NAMELESS)


async def _answers_several(asked: _Asked) -> None:
    told: dict[int, CustomerRecord | None] = {}

    async def ask(number: int, handle: Handle) -> None:
        told[number] = await asked.tells(_question(number, handle), _SEVERAL)

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(ask, number, list(_RECORDS)[number % len(_RECORDS)])
    names = [None if (record := told[number]) is None else record.name for number in range(8)]
    _agree(names == [record.name for record in _RECORDS.values()] * 4, _SEVERAL)


async def _can_be_cancelled(asked: _Asked) -> None:
    """Cancel a question at each of its waits in turn, and ask again: of handles that no cache knows yet."""
    for wait in range(1, WAITS_TRIED + 1):
        question = _question(wait, Handle(kind="cookie", value=f"{wait}"), next(iter(_RECORDS)))
        waits = await _cancelled_at(asked.directory, question, wait)
        _agree(await asked.tells(question, _CANCELLED) is not None, _CANCELLED)
        if waits < wait:
            break


async def _cancelled_at(directory: CustomerDirectory, question: DirectoryQuestion, wait: int) -> int:
    with anyio.CancelScope() as scope:

        def on_wait(number: int) -> None:
            if number == wait:
                scope.cancel()

        driven = Driven(directory.look_up(question), "look_up", scope, on_wait=on_wait)
        await driven
    return driven.waits


def _agree(is_so: bool, promise: str) -> None:
    if not is_so:
        raise AssertionError(promise)


_KNOWN: Final = "what is known is told as a CustomerRecord"
_UNKNOWN: Final = "of whom it does not know it tells None"
_NAMELESS: Final = "of who is known by nothing it tells None"
_SEVERAL: Final = "asked for several at once, it tells each of its own"
_CANCELLED: Final = "a question that is cancelled leaves it able to answer the next one"
_CHECKS: Final = (_knows, _does_not_know, _knows_by_any_handle, _answers_several, _can_be_cancelled)
