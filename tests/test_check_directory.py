"""The suite of directories finds what directories get wrong: a table of directories that are broken on purpose."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping

import anyio
import pytest
from anyio.lowlevel import checkpoint

from ccroute import CustomerRecord, DirectoryQuestion, Handle
from ccroute.testing import check_directory

pytestmark = [pytest.mark.outer, pytest.mark.slow]

BACKENDS = ["asyncio", "trio"]


class Crm:
    """A directory that does everything right; those below get one thing wrong each."""

    def __init__(self, records: Mapping[Handle, CustomerRecord]) -> None:
        self.records = records

    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        """Look a customer up by all handles."""
        await checkpoint()
        return self.find(question)

    def find(self, question: DirectoryQuestion) -> CustomerRecord | None:
        """Return the record of the first handle that has one."""
        return next((self.records[one] for one in question.handles if one in self.records), None)


class KnowsNobody(Crm):
    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        return None


class InventsSomebody(Crm):
    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        return await super().look_up(question) or CustomerRecord()


class NeedsAHandle(Crm):
    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        return self.records.get(question.handles[0])


class KnowsFirstHandles(Crm):
    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        return self.records.get(question.handles[0]) if question.handles else None


class SaysItIsNotThere(Crm):
    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        record = await super().look_up(question)
        if record is None:
            raise ConnectionError("404")
        return record


class NotAsynchronous(Crm):
    def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:  # type: ignore[override]
        return self.records.get(question.handles[0])


class HangsAfterCancellation(Crm):
    is_busy = False

    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        await checkpoint()
        while self.is_busy:
            await anyio.sleep(0.001)
        self.is_busy = True
        record = await super().look_up(question)
        self.is_busy = False
        return record


class ForgetsTiers(Crm):
    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        record = await super().look_up(question)
        return None if record is None else CustomerRecord(name=record.name, language=record.language)


class MixesThemUp(Crm):
    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        self.question = question
        for _ in range(3):
            await checkpoint()
        return await super().look_up(self.question)


class NotCancelled(Crm):
    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        with contextlib.suppress(anyio.get_cancelled_exc_class()):
            await checkpoint()
        return self.find(question)


class BusyForEver(Crm):
    was_cancelled = False

    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        if self.was_cancelled:
            return None
        try:
            return await super().look_up(question)
        except anyio.get_cancelled_exc_class():
            self.was_cancelled = True
            raise


class BlocksAsking(Crm):
    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        time.sleep(0.2)
        return await super().look_up(question)


DIRECTORIES = [
    (KnowsNobody, "what is known is told as a CustomerRecord"),
    (InventsSomebody, "of whom it does not know it tells None"),
    (NeedsAHandle, "of who is known by nothing it tells None: look_up raised IndexError"),
    (KnowsFirstHandles, "who is known by any of the handles is known"),
    (SaysItIsNotThere, "of whom it does not know it tells None: look_up raised ConnectionError: '404'"),
    (NotAsynchronous, "what is known is told as a CustomerRecord: look_up raised TypeError"),
    (HangsAfterCancellation, "leaves it able to answer the next one: look_up did not return in 0.5 s"),
    (ForgetsTiers, "tier is told as it is known"),
    (MixesThemUp, "asked for several at once, it tells each of its own"),
    (NotCancelled, "look_up lets cancellation through"),
    (BusyForEver, "a question that is cancelled leaves it able to answer the next one"),
    (BlocksAsking, "a directory never blocks the event loop"),
]


def made_by(kind: type[Crm]) -> Callable[[Mapping[Handle, CustomerRecord]], Awaitable[Crm]]:
    """Return what makes directories of a kind."""

    async def make(records: Mapping[Handle, CustomerRecord]) -> Crm:
        return kind(records)

    return make


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sound_directory_passes(backend: str) -> None:
    anyio.run(check_directory, made_by(Crm), backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("kind", "promise"), DIRECTORIES, ids=[kind.__name__ for kind, _ in DIRECTORIES])
def test_a_broken_promise_of_a_directory_is_told(kind: type[Crm], promise: str, backend: str) -> None:
    async def main() -> None:
        await check_directory(made_by(kind), patience_s=0.5, blocked_s_max=0.05)

    with pytest.raises(AssertionError) as told:
        anyio.run(main, backend=backend)
    assert promise in str(told.value)
