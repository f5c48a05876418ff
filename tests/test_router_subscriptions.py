"""Subscribers hear what they asked for, each event once, in order, from memory or the journal, or are told why not."""

from __future__ import annotations

import pickle

import anyio
import pytest

from ccroute import (
    CancelContact,
    CcrouteError,
    ContactQueued,
    Event,
    EventsGone,
    MemoryHistory,
    MemoryJournal,
    OfferMade,
    OutOfRange,
    PresenceChanged,
    Router,
    RouterClosed,
    RouterDraining,
    RouterPolicy,
    SnapshotPolicy,
    Subscription,
    SubscriptionLagged,
    UnknownName,
    WrongType,
)
from ccroute.journal.memory import MemoryLog
from ccroute.testing.clock import VirtualClock
from tests.living import BEGIN, CONFIG, SECOND, Wire, chat, clock, comes, names, turns

pytestmark = [pytest.mark.outer, pytest.mark.anyio]


async def all_of(subscription: Subscription[Event]) -> list[Event]:
    """Return what waits."""
    found: list[Event] = []
    with anyio.move_on_after(0):
        while True:
            found.append(await anext(subscription))
    return found


async def test_each_hears_what_it_asked_for() -> None:
    async with (
        Router.open(config=CONFIG, clock=clock()) as router,
        router.events() as everything,
        router.events(agent_id="maxim") as of_agent,
        router.events(queue_id="support") as of_queue,
        router.events(contact_id="c2") as of_contact,
        router.events(kinds=[ContactQueued]) as of_kind,
        router.events(kinds=[OfferMade, PresenceChanged], agent_id="maxim") as of_both,
    ):
        await router.send_many([comes(), chat("c1"), chat("c2", "billing")])
        await router.accept("o1")
        assert router.health().subscriptions == 6
        kinds = ["PresenceChanged", "ContactQueued", "OfferMade", "ContactQueued", "OfferAccepted", "ContactActive"]
        assert names([await anext(everything) for _ in kinds]) == kinds
        found = [await anext(of_agent) for _ in range(4)]
        assert names(found) == ["PresenceChanged", "OfferMade", "OfferAccepted", "ContactActive"]
        # OfferAccepted names no queue; its contact is in one.
        found = [await anext(of_queue) for _ in range(4)]
        assert names(found) == ["ContactQueued", "OfferMade", "OfferAccepted", "ContactActive"]
        assert names([await anext(of_contact)]) == ["ContactQueued"]
        assert [one.seq for one in [await anext(of_kind), await anext(of_kind)]] == [2, 4]
        assert names([await anext(of_both), await anext(of_both)]) == ["PresenceChanged", "OfferMade"]


async def test_who_is_too_slow_is_told_from_where_to_resume() -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router:
        async with router.events(backlog_max=3) as events:
            await router.send_many([chat(f"c{number}") for number in range(5)])
            assert [(await anext(events)).seq for _ in range(3)] == [1, 2, 3]
            with pytest.raises(SubscriptionLagged, match="after_seq=3") as raised:
                await anext(events)
        async with router.events(after_seq=raised.value.seq, backlog_max=1) as events:
            assert [(await anext(events)).seq for _ in range(2)] == [4, 5]
            await router.send(chat("c9"))
            assert (await anext(events)).seq == 6


async def test_who_resumes_reads_memory_or_the_journal() -> None:
    policy = RouterPolicy(recent_max=10)
    async with Router.open(config=CONFIG, clock=clock(), policy=policy) as router:
        for number in range(30):
            await router.send(chat(f"c{number}", "support" if number % 2 else "billing"))
        for after_seq in (0, 5, 19, 25, 29):
            async with router.events(after_seq=after_seq, queue_id="support") as events:
                expected = [seq for seq in range(after_seq + 1, 31) if seq % 2 == 0]
                assert [(await anext(events)).seq for _ in expected] == expected
                await router.send(chat(f"d{after_seq}", "billing"))
                with anyio.move_on_after(0) as scope:
                    await anext(events)
                assert scope.cancelled_caught


async def test_a_reader_that_is_overtaken_reads_on() -> None:
    policy = RouterPolicy(recent_max=5)
    async with Router.open(config=CONFIG, clock=clock(), policy=policy) as router:
        await router.send_many([chat(f"c{number}") for number in range(20)])
        await router.send(chat("last"))
        async with router.events(after_seq=0) as events:
            for seq in range(1, 21):
                assert (await anext(events)).seq == seq
                await router.send(chat(f"d{seq}"))
            assert [(await anext(events)).seq for _ in range(21)] == list(range(21, 42))


async def test_what_the_journal_does_not_keep_is_told() -> None:
    snapshots = SnapshotPolicy(every_commands=2, keep=1, forget_records=True, fork=False)
    policy = RouterPolicy(recent_max=1, snapshots=snapshots, history_pause_us=1)
    log, time_ = MemoryLog(), clock()
    async with Router.open(config=CONFIG, clock=time_, journal=MemoryJournal(log), policy=policy) as router:
        for number in range(10):
            await router.send(chat(f"c{number}", customer_id="ann"))
            await router.history.customer("ann")
            await turns()
        async with router.events(after_seq=0) as events:
            with pytest.raises(EventsGone) as raised:
                await anext(events)
        assert 1 < raised.value.first_seq <= 11
    # Whatever is asked for is there, or it is told from where.
    async with Router.open(clock=time_, journal=MemoryJournal(log)) as router:
        gone: list[int] = []
        for after_seq in range(10):
            async with router.events(after_seq=after_seq) as events:
                try:
                    assert (await anext(events)).seq == after_seq + 1
                except EventsGone as error:
                    gone.append(error.first_seq)
        assert len(set(gone)) == 1
        assert len(gone) < gone[0]
        async with router.events(after_seq=gone[0] - 1) as events:
            await router.send(chat("new"))
            assert (await anext(events)).seq == gone[0]


async def test_an_end_comes_behind_everything_that_waits() -> None:
    async with anyio.create_task_group() as group:
        found: list[Event] = []

        async def listen(router: Router) -> None:
            async with router.events() as events:
                found.extend([event async for event in events])

        async with Router.open(config=CONFIG, clock=clock()) as router:
            group.start_soon(listen, router)
            await turns()
            await router.send_many([chat("c1"), chat("c2")])
    assert names(found) == ["ContactQueued", "ContactQueued"]


async def test_draining_sees_what_ends_right_behind_its_question() -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router, anyio.create_task_group() as group:
        await router.send(chat("c1"))
        # Both are carried out together: the question first, and then what makes its answer old.
        group.start_soon(router.drain)
        group.start_soon(router.send, CancelContact(contact_id="c1"))


async def test_who_drains_a_router_that_ends_is_told() -> None:
    async with anyio.create_task_group() as group:

        async def drain(router: Router) -> None:
            with pytest.raises(RouterClosed):
                await router.drain()

        async with Router.open(config=CONFIG, clock=clock()) as router:
            await router.send(chat("c1"))
            group.start_soon(drain, router)
            await turns()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"agent_id": 1}, WrongType),
        ({"kinds": [int]}, UnknownName),
        ({"backlog_max": 0}, OutOfRange),
        ({"backlog_max": 1.0}, OutOfRange),
        ({"after_seq": "1"}, WrongType),
        ({"after_seq": 1}, OutOfRange),
        ({"after_seq": -1}, OutOfRange),
    ],
)
async def test_what_cannot_be_asked_for_is_named(options: dict[str, object], error: type[Exception]) -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router:
        with pytest.raises(error, match=next(iter(options))):
            async with router.events(**options):  # type: ignore[arg-type]
                raise AssertionError


async def test_one_that_was_not_entered_tells_nothing() -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router:
        with pytest.raises(RouterClosed, match="subscription is not open"):
            await anext(router.events())


@pytest.mark.parametrize(
    "error", [RouterClosed("router x"), RouterDraining("x"), SubscriptionLagged(3, 5), EventsGone(1, 7)]
)
def test_errors_travel_between_processes(error: CcrouteError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


async def test_standing_offers_are_found_in_a_long_journal() -> None:
    log = MemoryLog()
    config = CONFIG.__class__.from_toml(
        '[queues.support]\noffer = { offer_timeout = "1h" }\n[queues.billing]\n'
        "[agents.maxim]\nqueues = { support = 1 }\n"
    )
    async with Router.open(config=config, clock=clock(), journal=MemoryJournal(log)) as router:
        await router.send_many([comes(), chat("c1")])
        for number in range(100):
            await router.send(chat(f"d{number}", "billing"))
    later = VirtualClock(BEGIN + 60 * SECOND)
    async with Router.open(clock=later, journal=MemoryJournal(log)) as router, router.offers() as offers:
        assert (await anext(offers)).seq == 3


async def test_standing_offers_that_nobody_can_tell_are_left_out() -> None:
    log = MemoryLog()
    snapshots = SnapshotPolicy(every_commands=1, keep=1, forget_records=True, fork=False)
    policy = RouterPolicy(snapshots=snapshots, history_pause_us=1)
    async with Router.open(config=CONFIG, clock=clock(), journal=MemoryJournal(log), policy=policy) as router:
        await router.send_many([comes(), chat("c1")])
        for number in range(6):
            await router.send(chat(f"d{number}", "billing"))
            await router.history.customer("ann")
            await turns()
    assert min(log.heads) > 3
    async with Router.open(clock=clock(), journal=MemoryJournal(log)) as router, router.offers() as offers:
        assert await router.ask(lambda engine: len(engine.offers())) == 1
        assert await all_of(offers) == []


async def test_a_channel_is_told_of_contacts_that_are_over() -> None:
    """What became of a contact before a restart is told, though the engine has forgotten it."""
    config = CONFIG.__class__.from_toml('[engine]\nretain = "0s"\n[queues.support]\n[channels.chat]\n')
    log, history = MemoryLog(), MemoryHistory()
    wire = Wire()
    open_with = {"clock": clock(), "journal": MemoryJournal(log), "history": history}
    async with Router.open(config=config, channels={"chat": wire}, **open_with) as router:  # type: ignore[arg-type]
        await router.send_many([chat("c1"), chat("c2")])
        await turns()
        assert len(wire.taken) == 2
    async with Router.open(clock=clock(), journal=MemoryJournal(log), history=history) as router:
        await router.send(CancelContact(contact_id="c1"))
        await router.history.contact("c1")
    async with Router.open(
        clock=clock(), journal=MemoryJournal(log), history=history, channels={"chat": wire}
    ) as router:
        await turns(60)
    assert wire.told("c1") == ["ContactQueued", "ContactCancelled"]
