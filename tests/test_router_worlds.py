"""Worlds of luck, seeded: senders, channels of every kind, subscribers that come and go, journals that break off.

Whatever happened, the journal is the truth: what senders were told is in it, each subscriber heard all of it that it
asked for, once and in order, and every channel took all that is about its contacts or gave it up.
"""

from __future__ import annotations

from random import Random

import anyio
import pytest
from anyio.lowlevel import checkpoint

from ccroute import (
    AbandonContact,
    AcceptOffer,
    CommandRefused,
    CommandRepeated,
    CompleteContact,
    Event,
    JournaledEngine,
    JournalFailed,
    JournalFeed,
    MemoryHistory,
    MemoryJournal,
    OfferMade,
    Router,
    RouterClosed,
    RouterPolicy,
    SubscriptionLagged,
    Undeliverable,
)
from ccroute.journal.memory import MemoryLog
from ccroute.ports import Delivery, Inlet
from ccroute.runtime.quarantine import MemoryQuarantine
from ccroute.testing.clock import VirtualClock
from tests.living import BEGIN, CONFIG, SECOND, Tape, Wire, chat, comes, turns

pytestmark = [pytest.mark.outer, pytest.mark.slow, pytest.mark.anyio]

LIVES = 4
POLICY = RouterPolicy(
    inbox_max=8,
    inlet_max=4,
    slice_max=3,
    staged_max=16,
    recent_max=40,
    backlog_max=15,
    pending_max=10,
    deliveries_max=3,
    attempts_max=2,
    pause_us=SECOND,
    pause_max_us=2 * SECOND,
    delivery_us=SECOND,
    stop_us=1,
)


class Moody(Wire):
    """A channel that hangs, raises, refuses and floods, as luck has it."""

    def __init__(self, luck: Random, mood: float) -> None:
        super().__init__(self.luckily)
        self.luck, self.mood = luck, mood

    async def run(self, inlet: Inlet) -> None:
        """Bring contacts in, and break now and then."""
        self.runs += 1
        for number in range(30):
            await inlet.send(chat(f"{inlet.name}-{self.runs}-{number}", channel=inlet.name))
            if self.luck.random() < self.mood / 4:
                raise ConnectionError("lost")

    async def luckily(self, delivery: Delivery) -> None:
        """Do one thing or another."""
        mood = self.luck.random()
        if mood < self.mood / 3:
            await anyio.sleep_forever()
        elif mood < 2 * self.mood / 3:
            raise ConnectionError("lost")
        elif mood < self.mood:
            raise Undeliverable("gone")


class World:
    """What outlives the router."""

    def __init__(self, seed: int) -> None:
        self.luck = Random(seed)
        self.log = MemoryLog()
        self.history = MemoryHistory()
        self.clock = VirtualClock(BEGIN)
        self.channels = {"chat": Moody(self.luck, 0.3), "email": Moody(self.luck, 0.0), "sms": Moody(self.luck, 0.9)}
        self.quarantine = MemoryQuarantine()
        self.answers: list[Event] = []
        self.heard: list[Event] = []
        self.heard_through = 0
        self.contacts = 0
        self.lagged: list[tuple[int, int]] = []

    async def send(self, router: Router, number: int) -> None:
        """Be one of those who send."""
        for _ in range(self.luck.randrange(5, 40)):
            self.contacts += 1
            contact_id = f"s{number}-{self.contacts}"
            channel = self.luck.choice(["chat", "email", "sms", "voice"])
            self.answers += await router.send(
                chat(contact_id, self.luck.choice(["support", "billing"]), channel=channel)
            )
            if self.luck.random() < 0.5:
                self.answers += await router.send(AbandonContact(contact_id=contact_id))
            if self.luck.random() < 0.2:
                for events in await router.send_many([comes(), chat(f"{contact_id}-b"), chat(f"{contact_id}-c")]):
                    self.answers += events

    async def work(self, router: Router) -> None:
        """Be an agent."""
        self.answers += await router.send(comes())
        async with router.offers(agent_id="maxim") as offers:
            async for offer in offers:
                self.answers += await router.send(AcceptOffer(offer_id=offer.offer_id))
                self.answers += await router.send(CompleteContact(contact_id=offer.contact_id))

    async def listen(self, router: Router) -> None:
        """Be a subscriber who hears everything, leaves now and then, and goes on where it was."""
        while True:
            async with router.events(after_seq=self.heard_through) as events:
                try:
                    for _ in range(self.luck.randrange(1, 60)):
                        self.heard.append(await anext(events))
                        self.heard_through = events.seq
                        if self.luck.random() < 0.1:
                            await turns(self.luck.randrange(20))
                except SubscriptionLagged as error:
                    self.lagged.append((error.seq, self.heard_through))
                except StopAsyncIteration:
                    return

    async def live(self, life: int) -> None:
        """Open the router, live, and end it: by its journal, by being cancelled, or well."""
        tape = Tape(self.log) if self.luck.random() < 0.3 else MemoryJournal(self.log)
        async with (
            anyio.create_task_group() as everybody,
            Router.open(
                config=CONFIG,
                clock=self.clock,
                journal=tape,
                history=self.history,
                channels=self.channels,
                policy=POLICY,
            ) as router,
            anyio.create_task_group() as group,
        ):
            group.start_soon(self.listen, router)
            group.start_soon(self.work, router)
            for number in range(6):
                group.start_soon(self.send, router, life * 10 + number)
            for _ in range(self.luck.randrange(5, 30)):
                await self.clock.advance(self.luck.randrange(2 * SECOND))
            end = self.luck.randrange(3)
            if end == 0 and isinstance(tape, Tape):
                tape.failure = JournalFailed("lost power")
                await router.send(chat(f"end{life}"))
            elif end == 1:
                everybody.cancel_scope.cancel()
                await checkpoint()
            group.cancel_scope.cancel()

    async def settle(self) -> None:
        """Live once more, with channels that take everything, until all is done."""
        for channel in self.channels.values():
            channel.mood = 0.0
            channel.runs += 1_000
        async with Router.open(
            clock=self.clock,
            journal=MemoryJournal(self.log),
            history=self.history,
            channels=self.channels,
            policy=POLICY,
        ) as router:
            busy = True
            while busy:
                await self.clock.advance(SECOND)
                health = router.health()
                busy = any(one.pending or one.is_behind or one.state != "ended" for one in health.channels.values())
            last_seq = router.health().event_seq
            # Its end waits for the history no longer than the policy says.
            await router.history.contact("none")
            async with router.events(after_seq=self.heard_through) as events:
                while self.heard_through < last_seq:
                    self.heard.append(await anext(events))
                    self.heard_through = events.seq


def check(world: World) -> None:
    """Compare everything with the journal."""
    with JournaledEngine.open(MemoryJournal(world.log)) as durable:
        told = [event for record in JournalFeed(durable.journal).told() for event in record.events]
        created = durable.engine.counters().created
    truth = {event.seq: event for event in told}
    assert [event.seq for event in told] == list(range(1, len(told) + 1))
    for event in world.answers:
        assert truth[event.seq] == event
    assert all(seq == heard for seq, heard in world.lagged)
    assert world.heard == told[: len(world.heard)]
    assert len(world.heard) >= len(told) - 1 or world.heard_through == len(told)
    channel_of: dict[str, str] = {}
    done = {name: {one.key: one.event for one in channel.taken} for name, channel in world.channels.items()}
    for one in world.quarantine.all():
        done[one.channel].setdefault(one.key, one.event)
    for event in told:
        if isinstance(event, CommandRefused | CommandRepeated) or getattr(event, "contact_id", None) is None:
            continue
        contact_id: str = event.contact_id  # type: ignore[attr-defined]
        channel_of[contact_id] = getattr(event, "channel", None) or channel_of[contact_id]
        if channel_of[contact_id] in done:
            key = f"engine:{event.offer_id if isinstance(event, OfferMade) else event.seq}"
            assert done[channel_of[contact_id]].pop(key) == event
    assert not any(done.values())
    for channel in world.channels.values():
        first: dict[str, dict[str, int]] = {}
        for one in channel.taken:
            contact_id = one.event.contact_id  # type: ignore[attr-defined]
            first.setdefault(contact_id, {}).setdefault(one.key, one.event.seq)
        assert all(list(seqs.values()) == sorted(seqs.values()) for seqs in first.values())
    assert world.history.through_seq() == len(told)
    assert created == len(channel_of)


@pytest.mark.parametrize("seed", range(3))
async def test_the_journal_is_the_truth(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(seed)
    # What a file beside the journal is to other routers.
    monkeypatch.setattr("ccroute.runtime.opening._quarantine", lambda options: world.quarantine)
    for life in range(LIVES):
        try:
            await world.live(life)
        except* (JournalFailed, RouterClosed):
            pass
        world.log.owner = None
    await world.settle()
    check(world)
