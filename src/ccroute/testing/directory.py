"""What every directory of customers must do: :func:`check_directory` tells what one gets wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ccroute.ports import CustomerDirectory, CustomerRecord, DirectoryQuestion, Handle

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


async def check_directory(make: Make, *, blocked_s_max: float = 0.25) -> None:
    """Check that directories answer as they promise; raise ``AssertionError`` with the promise that one does not keep.

    Runs under asyncio and trio.

    :param make: makes a directory in which customers are known by handles, as given: a CRM filled for the test.
    :param blocked_s_max: how long the event loop may stand still.
    """
    from ccroute.testing.trial import watched

    directories = [await make(_RECORDS) for _ in _CHECKS]
    async with watched("a directory", blocked_s_max) as look:
        for check, directory in zip(_CHECKS, directories, strict=True):
            await check(directory)
            look()


def _question(handle: Handle, number: int) -> DirectoryQuestion:
    customer_id = f"customer-{number}"
    return DirectoryQuestion(customer_id=customer_id, identity_ids=(customer_id,), handles=(handle,))


async def _knows(directory: CustomerDirectory) -> None:
    for number, (handle, record) in enumerate(_RECORDS.items()):
        for _ in range(2):
            told = await directory.look_up(_question(handle, number))
            assert type(told) is CustomerRecord, f"what is known is told as a CustomerRecord, was {type(told).__name__}"
            for name in ("name", "language", "tier", "manager_id"):
                assert getattr(told, name) == getattr(record, name), f"{name} is told as it is known, each time"
            assert record.attributes.items() <= told.attributes.items(), "attributes are told as they are known"


async def _does_not_know(directory: CustomerDirectory) -> None:
    assert await directory.look_up(_NOBODY) is None, "of whom it does not know it tells None"
    nameless = DirectoryQuestion(customer_id="nobody", identity_ids=("nobody",), handles=())
    try:
        told = await directory.look_up(nameless)
    except Exception as failure:
        raise AssertionError(
            f"of who is known by nothing it tells None: it raised {type(failure).__name__}"
        ) from failure
    assert told is None, "of who is known by nothing it tells None"


async def _answers_several(directory: CustomerDirectory) -> None:
    import anyio

    told: dict[int, CustomerRecord | None] = {}

    async def ask(number: int, handle: Handle) -> None:
        told[number] = await directory.look_up(_question(handle, number))

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(ask, number, list(_RECORDS)[number % len(_RECORDS)])
    names = [None if (record := told[number]) is None else record.name for number in range(8)]
    expected = [record.name for record in _RECORDS.values()] * 4
    assert names == expected, "asked for several at once, it tells each of its own"


async def _can_be_cancelled(directory: CustomerDirectory) -> None:
    import anyio

    from ccroute.testing.trial import Driven

    handle = next(iter(_RECORDS))
    with anyio.CancelScope() as scope:
        scope.cancel()
        await Driven(directory.look_up(_question(handle, 0)), "look_up", scope)
    told = await directory.look_up(_question(handle, 0))
    assert told is not None, "a question that is cancelled leaves it able to answer the next one"


_CHECKS: Final = (_knows, _does_not_know, _answers_several, _can_be_cancelled)
