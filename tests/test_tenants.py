"""Many routers in one process: apart from each other, in turns, and closed one by one or all at once."""

from __future__ import annotations

import anyio
import pytest

from ccroute import (
    InvalidArgument,
    JournalFailed,
    MemoryJournal,
    ReentrantCall,
    RouterClosed,
    RouterPolicy,
    RouterState,
    Tenants,
    UnknownName,
    WrongType,
)
from ccroute.journal.memory import MemoryLog
from tests.cancelling import at_each_await
from tests.living import CONFIG, Tape, chat, clock, comes, turns

pytestmark = [pytest.mark.outer, pytest.mark.anyio]


async def test_tenants_do_not_see_each_other() -> None:
    async with Tenants() as tenants:
        north = await tenants.open("north", config=CONFIG)
        south = await tenants.open("south", config=CONFIG)
        await north.send(chat("c1"))
        assert await south.contact("c1") is None
        assert (north.name, tenants["south"], tenants.names()) == ("north", south, ["north", "south"])
        await tenants.close("north")
        assert north.state is RouterState.ENDED
        assert tenants.names() == ["south"]
        again = await tenants.open("north", config=CONFIG)
        assert again is not north
    assert south.state is again.state is RouterState.ENDED


async def test_a_tenant_that_fails_harms_no_other() -> None:
    tape = Tape()
    async with Tenants() as tenants:
        north = await tenants.open("north", config=CONFIG, journal=tape)
        south = await tenants.open("south", config=CONFIG)
        tape.failure = JournalFailed("no space")
        with pytest.raises(JournalFailed, match="no space"):
            await north.send(chat("c1"))
        await south.send(chat("c1"))
        assert tenants["north"].state is RouterState.FAILED
        with pytest.raises(JournalFailed, match="no space"):
            await tenants.close("north")
        assert tenants.names() == ["south"]


async def test_a_tenant_that_cannot_be_opened_is_none() -> None:
    async with Tenants() as tenants:
        with pytest.raises(WrongType):
            await tenants.open("north")
        assert tenants.names() == []
        await tenants.open("north", config=CONFIG)
        with pytest.raises(InvalidArgument, match="no open tenant"):
            await tenants.open("north", config=CONFIG)
        with pytest.raises(UnknownName):
            await tenants.close("south")
        with pytest.raises(UnknownName):
            tenants["south"]
    with pytest.raises(RouterClosed):
        await tenants.open("south", config=CONFIG)


async def test_what_the_application_raises_comes_out_as_it_is() -> None:
    with pytest.raises(KeyError, match="mine"):  # noqa: PT012
        async with Tenants() as tenants:
            await tenants.open("north", config=CONFIG)
            raise KeyError("mine")


async def test_a_busy_tenant_makes_others_wait_for_a_slice_only() -> None:
    policy = RouterPolicy(slice_max=10)
    async with Tenants() as tenants, anyio.create_task_group() as group:
        busy = await tenants.open("busy", config=CONFIG, policy=policy)
        calm = await tenants.open("calm", config=CONFIG, policy=policy)
        done: list[int] = []

        async def flood(number: int) -> None:
            await busy.send(chat(f"f{number}"))
            done.append(number)

        for number in range(1_000):
            group.start_soon(flood, number)
        await turns(2)
        await calm.send(chat("c1"))
        assert len(done) <= 200


async def test_opening_and_closing_may_be_cancelled() -> None:
    log = MemoryLog()

    async with Tenants() as tenants:

        async def live() -> None:
            router = await tenants.open("north", config=CONFIG, journal=MemoryJournal(log))
            await router.send(comes())
            await tenants.close("north")

        async def check(at: int, was_cancelled: bool) -> None:
            nonlocal log
            if tenants.names():
                await tenants.close("north")
            await turns()
            assert log.owner is None
            log = MemoryLog()

        assert await at_each_await(live, check) >= 2


async def test_what_has_ended_is_no_tenant_and_may_be_opened_anew() -> None:
    tenants = Tenants()
    for _ in range(2):
        async with tenants:
            router = await tenants.open("north", config=CONFIG, clock=clock())
            assert tenants["north"] is router
            with pytest.raises(ReentrantCall):
                await tenants.__aenter__()
        assert tenants.names() == []
        with pytest.raises(UnknownName):
            tenants["north"]
