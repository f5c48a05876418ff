"""A router carries out commands, tells what is durable, answers, and ends in order; under asyncio and trio."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from ccroute import (
    AbandonContact,
    CommandRefused,
    CompleteContact,
    ContactFilter,
    ContactQueued,
    ContactScheduled,
    Engine,
    InvalidArgument,
    JournaledEngine,
    JournalFailed,
    MemoryJournal,
    Message,
    OfferMade,
    OutOfRange,
    PresenceChanged,
    Router,
    RouterClosed,
    RouterDraining,
    RouterPolicy,
    RouterState,
    TimeJump,
    UnknownName,
    WrongType,
)
from ccroute.journal.memory import MemoryLog
from ccroute.testing.clock import VirtualClock
from tests.living import BEGIN, CONFIG, SECOND, chat, clock, comes, names, turns

pytestmark = [pytest.mark.outer, pytest.mark.anyio]


async def test_a_command_gives_its_events() -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router:
        [presence] = await router.send(comes())
        queued, made = await router.send(chat("c1"))
    assert isinstance(presence, PresenceChanged)
    assert isinstance(queued, ContactQueued)
    assert isinstance(made, OfferMade)
    assert (queued.at_us, made.expires_at_us) == (BEGIN, BEGIN + 15 * SECOND)


async def test_hours_are_resolved_from_the_present_on(tmp_path: Path) -> None:
    center = tmp_path / "center.toml"
    hours = 'zone = "Asia/Kathmandu", open = "mon-fri 09:00-18:00", closed = "callback"'
    center.write_text(f"[queues.support]\nhours = {{ {hours} }}\n")
    opens_us = 1_790_046_900 * SECOND  # 2026-09-22 at 09:00 there; 400 days later is a Wednesday, too
    for days in (0, 400):
        at = VirtualClock(BEGIN + days * 86_400 * SECOND)
        async with Router.open(tmp_path / "center.ccroute", center, clock=at) as router:
            events = await router.send(chat(f"c{days}"))
        due = [event.due_at_us for event in events if isinstance(event, ContactScheduled)]
        assert due == [opens_us + days * 86_400 * SECOND]


async def test_what_can_never_be_right_raises_and_moves_nothing() -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router:
        with pytest.raises(UnknownName, match="queue_id"):
            await router.send(chat("c1", "suport"))
        with pytest.raises(WrongType, match="command"):
            await router.send("hello")  # type: ignore[arg-type]
        with pytest.raises(WrongType, match="command must be one of the commands"):
            await router.send(None)  # type: ignore[arg-type]
        with pytest.raises(WrongType, match="command must be one of the commands"):
            await router.send_many([None])  # type: ignore[list-item]
        with pytest.raises(WrongType, match="command must be an EnqueueContact"):
            await router.arrive(comes())  # type: ignore[arg-type]
        with pytest.raises(WrongType, match="kinds must be a list, tuple or set of classes of events"):
            router.events(kinds=ContactQueued)  # type: ignore[call-overload]
        assert router.health().event_seq == 0
        [refused] = await router.send(AbandonContact(contact_id="c1"))
        assert isinstance(refused, CommandRefused)


async def test_many_commands_are_carried_out_together_or_not_at_all() -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router:
        answers = await router.send_many([comes(), chat("c1"), chat("c2")])
        assert [names(events) for events in answers] == [
            ["PresenceChanged"],
            ["ContactQueued", "OfferMade"],
            ["ContactQueued"],
        ]
        records = router.health().record_seq
        with pytest.raises(UnknownName):
            await router.send_many([chat("c3"), chat("c4", "suport")])
        assert await router.contact("c3") is None
        assert await router.send_many([]) == []
        with pytest.raises(OutOfRange, match="at most"):
            await router.send_many([comes()] * 65_537)
        with pytest.raises(WrongType):
            await router.send_many(comes())  # type: ignore[arg-type]
        await router.send_many([chat("c5"), chat("c6")])
        assert router.health().record_seq == records + 1


async def test_more_than_the_inbox_holds_goes_in_alone() -> None:
    async with Router.open(config=CONFIG, clock=clock(), policy=RouterPolicy(inbox_max=2)) as router:
        answers = await router.send_many([chat(f"c{number}") for number in range(10)])
        assert len(answers) == 10


async def test_offers_begin_with_those_that_stand_and_end_in_time() -> None:
    time_ = clock()
    async with Router.open(config=CONFIG, clock=time_) as router:
        await router.send(comes())
        await router.send(chat("c1"))
        async with router.offers(agent_id="maxim") as offers, router.offers(agent_id="dorit") as others:
            offer = await anext(offers)
            assert offer.contact_id == "c1"
            assert names(await router.decline(offer, "busy"))[0] == "OfferDeclined"
            second = await anext(offers)
            assert names(await router.accept(second.offer_id)) == ["OfferAccepted", "ContactActive"]
            await router.send(CompleteContact(contact_id="c1"))
            await router.send(chat("c2"))
            await time_.advance(16 * SECOND)
            # The one that was made has expired meanwhile, and was made again.
            third = await anext(offers)
            assert third.at_us == BEGIN + 15 * SECOND
            with anyio.move_on_after(0) as scope:
                await anext(others)
            assert scope.cancelled_caught


async def test_a_timer_fires_without_a_command() -> None:
    time_ = clock()
    async with Router.open(config=CONFIG, clock=time_) as router, router.events() as events:
        await router.send(comes())
        await router.send(chat("c1"))
        await time_.advance(15 * SECOND)
        found = [type(await anext(events)).__name__ for _ in range(4)]
        assert found == ["PresenceChanged", "ContactQueued", "OfferMade", "OfferExpired"]


async def test_a_moment_before_the_present_means_the_present_and_one_far_ahead_raises() -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router:
        [first] = await router.send(chat("c1"), at_us=BEGIN + SECOND)
        [second] = await router.send(chat("c2"), at_us=BEGIN)
        assert (first.at_us, second.at_us) == (BEGIN + SECOND, BEGIN + SECOND)
        with pytest.raises(TimeJump):
            await router.send(chat("c3"), at_us=BEGIN + 2 * 3_600 * SECOND)
        with pytest.raises(WrongType):
            await router.send(chat("c3"), at_us="now")  # type: ignore[arg-type]


async def test_questions_are_answered_between_commands() -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router:
        await router.send(chat("c1"))
        contact, agent, queue = await router.contact("c1"), await router.agent("maxim"), await router.queue("support")
        position = await router.position("c1")
        assert [contact and contact.queue_id, agent and agent.agent_id] == ["support", "maxim"]
        assert [queue and queue.queue_id, position and position.overall] == ["support", 1]
        assert await router.explain("c1") is not None
        assert (await router.statistics(queue_id="support")).at_us == BEGIN
        assert await router.ask(lambda engine: engine.counters().inside) == 1
        with pytest.raises(ZeroDivisionError):
            await router.ask(lambda engine: 1 // 0)
        assert router.now_us() == BEGIN
        assert repr(router) == "<Router 'engine', running>"


@pytest.mark.parametrize(
    "moves", [lambda engine: engine.handle(chat("c9"), BEGIN), lambda engine: engine.advance(2 * BEGIN)]
)
async def test_a_question_that_moves_the_engine_ends_the_router(moves: Callable[[Engine], object]) -> None:
    with pytest.raises(JournalFailed, match="moved the engine"):
        async with Router.open(config=CONFIG, clock=clock()) as router:
            await router.ask(moves)


async def test_the_history_has_what_was_published_before_it_is_asked() -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router:
        await router.send(chat("c1", customer_id="ann"))
        card = await router.history.customer("ann")
        assert card.contacts == 1
        message = Message(
            entry_id="m1",
            at_us=BEGIN,
            contact_id="c1",
            customer_id="ann",
            body="hello there",
            channel="chat",
            from_customer=True,
        )
        assert await router.history.add(message) == 1
        assert (await router.history.timeline("ann")).entries[0].kind == "message"
        assert len((await router.history.search("hello", customer_ids=["ann"])).entries) == 1
        assert (await router.history.contact("c1")) is not None
        assert len((await router.history.contacts()).contacts) == 1
        assert len((await router.history.stories(ContactFilter(queue_id="support"))).stories) == 1
        assert (await router.history.conversation("none")).entries == []
        assert (await router.history.forget(BEGIN - 1)).contacts == 0
        assert (await router.history.erase("ann")).contacts == 1
        assert await router.history.scrub()


async def test_an_arrival_is_received() -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router:
        arrived = await router.arrive(chat("c1"))
        assert arrived.contact_id == "c1"
        assert await router.contact("c1") is not None


async def test_draining_takes_no_new_contacts_and_ends_with_the_last_one() -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router:
        await router.send(comes())
        await router.send(chat("c1"))
        async with anyio.create_task_group() as group:
            group.start_soon(router.drain)
            await turns()
            assert router.state is RouterState.DRAINING
            with pytest.raises(RouterDraining, match="drains"):
                await router.send(chat("c2"))
            with pytest.raises(RouterDraining):
                await router.send_many([chat("c2")])
            await router.accept("o1")
            await router.send(CompleteContact(contact_id="c1"))
        await router.drain()


async def test_an_ended_router_takes_nothing() -> None:
    async with Router.open(config=CONFIG, clock=clock()) as router:
        events = router.events()
        async with router.events() as open_ones:
            pass
        with pytest.raises(RouterClosed):
            await anext(open_ones)
    assert router.state is RouterState.ENDED
    with pytest.raises(RouterClosed, match="router engine is not open"):
        await router.send(chat("c1"))
    with pytest.raises(RouterClosed):
        await router.ask(lambda engine: 1)
    with pytest.raises(RouterClosed, match="router engine"):
        async with events:
            pass


async def test_what_is_in_the_inbox_is_carried_out_when_the_router_ends() -> None:
    log = MemoryLog()
    journal = MemoryJournal(log)
    answers: list[int] = []

    async def send(router: Router, number: int) -> None:
        answers.append(len(await router.send(chat(f"c{number}"))))

    async with (
        anyio.create_task_group() as group,
        Router.open(config=CONFIG, clock=clock(), journal=journal) as router,
    ):
        for number in range(5):
            group.start_soon(send, router, number)
        await turns(3)
    assert answers == [1] * 5
    with JournaledEngine.open(MemoryJournal(log)) as durable:
        assert durable.engine.counters().inside == 5


async def test_an_error_of_the_application_comes_out_as_it_is() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with Router.open(config=CONFIG, clock=clock()):
            raise KeyError("mine")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"name": ""}, OutOfRange),
        ({"name": 1}, WrongType),
        ({"path": "x", "journal": MemoryJournal()}, InvalidArgument),
        ({"config": None}, WrongType),
        ({"policy": RouterPolicy(inbox_max=0)}, OutOfRange),
        ({"policy": RouterPolicy(inbox_max=1.5)}, WrongType),  # type: ignore[arg-type]
        ({"policy": RouterPolicy(on_jump="steps")}, WrongType),  # type: ignore[arg-type]
        ({"policy": RouterPolicy(take_over=1)}, WrongType),  # type: ignore[arg-type]
    ],
)
async def test_what_a_router_cannot_be_opened_with_is_named(options: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        async with Router.open(**{"config": CONFIG, **options}):  # type: ignore[arg-type]
            raise AssertionError


async def test_a_file_brings_everything_back(tmp_path: Path) -> None:
    path = tmp_path / "support.ccroute"
    async with Router.open(path, CONFIG, clock=clock()) as router:
        await router.send(comes())
        await router.send(chat("c1", customer_id="ann"))
    assert {"support.ccroute", "support.ccroute-history"} <= {one.name for one in tmp_path.iterdir()}
    async with Router.open(path, clock=clock()) as router:
        assert await router.contact("c1") is not None
        async with router.offers() as offers:
            assert (await anext(offers)).offer_id == "o1"
        assert (await router.history.customer("ann")).contacts == 1
        async with router.events(after_seq=1) as events:
            assert [(await anext(events)).seq for _ in range(2)] == [2, 3]


async def test_another_configuration_is_applied_when_it_is_opened() -> None:
    log = MemoryLog()
    async with Router.open(config=CONFIG, clock=clock(), journal=MemoryJournal(log)):
        pass
    other = CONFIG.__class__.from_toml("[queues.support]\n[queues.sales]\n")
    later = VirtualClock(BEGIN + 5 * SECOND)
    async with Router.open(config=other, clock=later, journal=MemoryJournal(log)) as router:
        assert await router.queue("sales") is not None
        async with router.events(after_seq=0) as events:
            assert (await anext(events)).at_us == BEGIN + 5 * SECOND
