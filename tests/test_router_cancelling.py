"""Cancelled at every await in turn, nothing is half done: commands happen wholly or not, and the router goes on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import pytest

from ccroute import (
    CompleteContact,
    JournaledEngine,
    JournalFeed,
    MemoryHistory,
    MemoryJournal,
    Message,
    Router,
    RouterPolicy,
    SqliteJournal,
)
from ccroute.journal.memory import MemoryLog
from ccroute.ports import Delivery, Journal
from ccroute.testing.clock import VirtualClock
from tests.cancelling import at_each_await
from tests.living import BEGIN, CONFIG, Tape, Wire, chat, comes, names, turns

pytestmark = [pytest.mark.outer, pytest.mark.anyio]

Work = Callable[[Router, int], Coroutine[Any, Any, None]]


def journals() -> list[Callable[[MemoryLog], Journal]]:
    return [MemoryJournal, Tape]  # one that commits here and now, one that takes a thread


def happened(log: MemoryLog) -> list[str]:
    """Return what a journal says that happened, replayed and compared, and that it is whole."""
    with JournaledEngine.open(MemoryJournal(log)) as durable:
        told = [event for record in JournalFeed(durable.journal).told() for event in record.events]
        assert [event.seq for event in told] == list(range(1, len(told) + 1))
        return [f"{type(event).__name__} {getattr(event, 'contact_id', '')}" for event in told]


async def send_one(router: Router, number: int) -> None:
    await router.send(chat(f"c{number}"))


async def send_three(router: Router, number: int) -> None:
    await router.send_many([chat(f"c{number}"), chat(f"d{number}"), chat(f"e{number}")])


async def arrive(router: Router, number: int) -> None:
    await router.arrive(chat(f"c{number}", customer_id="ann"))


@pytest.mark.parametrize("journal", journals())
@pytest.mark.parametrize("work", [send_one, send_three])
async def test_commands_happen_wholly_or_not_at_all(journal: Callable[[MemoryLog], Journal], work: Work) -> None:
    log, number, returned = MemoryLog(), 0, 0

    async with Router.open(config=CONFIG, clock=VirtualClock(BEGIN), journal=journal(log)) as router:

        async def one() -> None:
            nonlocal returned
            await work(router, number)
            returned = number

        async def check(at: int, was_cancelled: bool) -> None:
            nonlocal number
            ids = [f"{letter}{number}" for letter in ("cde" if work is send_three else "c")]
            inside = [await router.contact(one) is not None for one in ids]
            assert len(set(inside)) == 1
            assert inside[0] or returned != number
            assert router.health().inbox == 0
            number += 1

        number = 1
        assert await at_each_await(one, check) >= 1
    events = happened(log)
    assert len(events) == len(set(events))


@pytest.mark.parametrize("journal", journals())
async def test_a_sender_that_waits_for_room_leaves_none_of_it_taken(journal: Callable[[MemoryLog], Journal]) -> None:
    log, number = MemoryLog(), 0
    policy = RouterPolicy(inbox_max=2, slice_max=1)
    async with Router.open(config=CONFIG, clock=VirtualClock(BEGIN), journal=journal(log), policy=policy) as router:

        async def one() -> None:
            async with anyio.create_task_group() as group:
                for extra in range(4):
                    group.start_soon(router.send, chat(f"x{number}-{extra}"))
                await anyio.lowlevel.checkpoint()
                await router.send(chat(f"c{number}"))

        async def check(at: int, was_cancelled: bool) -> None:
            nonlocal number
            number += 1
            # There is room for everybody again.
            await router.send_many([comes(), comes()])
            assert router.health().inbox == 0

        await at_each_await(one, check)
    happened(log)


@pytest.mark.parametrize("journal", journals())
async def test_a_subscriber_loses_nothing(journal: Callable[[MemoryLog], Journal]) -> None:
    log = MemoryLog()
    async with Router.open(config=CONFIG, clock=VirtualClock(BEGIN), journal=journal(log)) as router:
        await router.send_many([comes(), chat("c1"), chat("c2")])
        seen: list[int] = []
        after = 0

        async def listen() -> None:
            nonlocal after
            async with router.events(after_seq=after) as events, router.offers() as offers:
                await anext(offers)
                try:
                    while after + len(seen) < 4:
                        seen.append((await anext(events)).seq)
                finally:
                    after = events.seq

        async def check(at: int, was_cancelled: bool) -> None:
            nonlocal after
            assert seen == list(range(1, len(seen) + 1))
            assert after == len(seen)
            assert router.health().subscriptions == 0
            if was_cancelled:
                seen.clear()
                after = 0

        assert await at_each_await(listen, check) >= 2


@pytest.mark.parametrize("journal", journals())
async def test_questions_and_the_history_may_be_left(journal: Callable[[MemoryLog], Journal]) -> None:
    async with Router.open(config=CONFIG, clock=VirtualClock(BEGIN), journal=journal(MemoryLog())) as router:
        await router.send(chat("c1", customer_id="ann"))
        number = 0

        async def one() -> None:
            await router.contact("c1")
            await router.quarantined()
            await router.history.add(
                Message(
                    entry_id=f"m{number}",
                    at_us=BEGIN,
                    contact_id="c1",
                    customer_id="ann",
                    body="hello",
                    channel="chat",
                    from_customer=True,
                )
            )
            await router.history.customer("ann")

        async def check(at: int, was_cancelled: bool) -> None:
            nonlocal number
            number += 1
            assert (await router.history.customer("ann")).contacts == 1

        assert await at_each_await(one, check) >= 3


@pytest.mark.parametrize("journal", journals())
async def test_draining_may_be_left(journal: Callable[[MemoryLog], Journal]) -> None:
    async def one() -> None:
        async with Router.open(config=CONFIG, clock=VirtualClock(BEGIN), journal=journal(log)) as router:
            await router.send_many([comes(), chat("c1")])
            async with anyio.create_task_group() as group:
                group.start_soon(router.drain)
                await anyio.lowlevel.checkpoint()
                await router.accept("o1")
                await router.send(CompleteContact(contact_id="c1"))

    log = MemoryLog()

    async def check(at: int, was_cancelled: bool) -> None:
        nonlocal log
        if log.mark.seq:
            happened(log)
        assert log.owner is None
        log = MemoryLog()

    await at_each_await(one, check)


@pytest.mark.parametrize("journal", journals())
async def test_a_router_is_opened_and_closed_wholly(journal: Callable[[MemoryLog], Journal]) -> None:
    """A router with a channel, a subscriber and senders, cancelled at each await of its opening, life and end."""
    log, history = MemoryLog(), MemoryHistory()
    acknowledged: list[str] = []

    async def slow(delivery: Delivery) -> None:
        await turns(2)

    async def live() -> None:
        policy = RouterPolicy(stop_us=1)
        async with Router.open(
            config=CONFIG,
            clock=VirtualClock(BEGIN),
            journal=journal(log),
            history=history,
            channels={"chat": Wire(slow)},
            policy=policy,
        ) as router:
            async with router.offers(agent_id="maxim") as offers:
                acknowledged.extend(names(await router.send(comes())))
                acknowledged.extend(names(await router.send(chat("c1"))))
                offer = await anext(offers)
                acknowledged.extend(names(await router.accept(offer)))
                await router.position("c1")
            await router.send(CompleteContact(contact_id="c1"))
            await router.drain()

    async def check(at: int, was_cancelled: bool) -> None:
        nonlocal log, history
        assert log.owner is None  # it was closed, whatever happened
        if log.mark.seq:
            told = [one.split()[0] for one in happened(log)]
            assert told[: len(acknowledged)] == acknowledged
        log, history = MemoryLog(), MemoryHistory()
        acknowledged.clear()

    assert await at_each_await(live, check) >= 10


@pytest.mark.slow
async def test_a_router_in_a_file_is_opened_and_closed_wholly(tmp_path: Path) -> None:
    number = 0

    async def live() -> None:
        async with Router.open(tmp_path / f"centre-{number}", CONFIG, channels={"chat": Wire()}) as router:
            await router.send(comes())
            await router.send(chat("c1", customer_id="ann"))
            await router.history.customer("ann")

    async def check(at: int, was_cancelled: bool) -> None:
        nonlocal number
        path = tmp_path / f"centre-{number}"
        if path.exists():
            # Nobody has it open any more, and it is whole.
            with JournaledEngine.open(SqliteJournal(path), CONFIG) as durable:
                assert durable.engine.counters().inside in (0, 1)
        number += 1

    assert await at_each_await(live, check) >= 5
