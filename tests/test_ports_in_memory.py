"""Channels, sources of presence and clocks in memory: what they do beyond what every one of them must."""

from __future__ import annotations

import anyio
import pytest

from ccroute import (
    Delivery,
    EnqueueContact,
    Heartbeat,
    MemoryChannel,
    MemoryPresence,
    Message,
    OutOfRange,
    PollingPresence,
    Presence,
    PresenceChanged,
    Seen,
    SetExternalLoad,
    SetPresence,
)
from ccroute.channels.memory import RECEIVED_MAX
from ccroute.events import ContactQueued, Event
from ccroute.presence.polling import EVERY_US_MAX
from ccroute.testing import TrialInlet, VirtualClock
from ccroute.types import TIME_US_MAX

pytestmark = pytest.mark.outer


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run each test under both event loops."""
    return str(request.param)


def delivery(number: int) -> Delivery:
    """Return the delivery of an event."""
    event = Event(seq=number, at_us=number, cause="command:1")
    return Delivery(key=f"engine:{number}", event=event, attempt=1)


# ---- MemoryChannel -----------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_who_arrives_waits_until_somebody_runs_the_channel() -> None:
    channel, inlet = MemoryChannel(), TrialInlet("pigeon")
    events: list[Event] = []

    async def arrive() -> None:
        said = Message(entry_id="m1", at_us=1, contact_id="c1", body="coo", from_customer=True)
        events.extend(await channel.arrive(EnqueueContact(contact_id="c1", queue_id="q", channel="pigeon"), said))
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(arrive)
        await anyio.lowlevel.checkpoint()
        assert inlet.commands == []
        group.start_soon(channel.run, inlet)
    assert [type(event) for event in events] == [ContactQueued]
    assert len(inlet.additions) == 1


@pytest.mark.anyio
async def test_several_may_arrive_at_once_and_need_say_nothing() -> None:
    channel, inlet = MemoryChannel(), TrialInlet("pigeon")
    async with anyio.create_task_group() as group:
        for number in (1, 2):
            contact = EnqueueContact(contact_id=f"c{number}", queue_id="q", channel="pigeon")
            group.start_soon(channel.arrive, contact)
        await VirtualClock().settle()
        group.start_soon(channel.run, inlet)
        await VirtualClock().settle()
        group.cancel_scope.cancel()
    assert (len(inlet.commands), inlet.additions) == (2, [])


@pytest.mark.anyio
async def test_what_is_received_can_be_waited_for() -> None:
    channel = MemoryChannel()
    got: list[Delivery] = []

    async def wait() -> None:
        got.extend(await channel.wait_received(2))

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        for number in (1, 1, 2):
            await channel.deliver(delivery(number))
    assert [one.key for one in got] == ["engine:1", "engine:2"]
    assert repr(channel) == "MemoryChannel(2 received)"


@pytest.mark.anyio
async def test_a_channel_in_memory_holds_the_newest_only() -> None:
    channel = MemoryChannel(received_max=2)
    for number in (1, 2, 3):
        await channel.deliver(delivery(number))
    assert [one.event.seq for one in channel.received] == [2, 3]
    assert channel.received_count == 3


@pytest.mark.anyio
async def test_a_channel_in_memory_fails_when_told() -> None:
    channel = MemoryChannel()
    channel.fail(ConnectionError("gone"), times=2)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await channel.deliver(delivery(1))
    await channel.deliver(delivery(1))
    assert channel.received_count == 1


@pytest.mark.parametrize("received_max", [0, RECEIVED_MAX + 1])
def test_a_channel_in_memory_is_bounded(received_max: int) -> None:
    with pytest.raises(OutOfRange, match="received_max"):
        MemoryChannel(received_max=received_max)


@pytest.mark.parametrize("times", [-1, RECEIVED_MAX + 1])
def test_failures_are_bounded(times: int) -> None:
    with pytest.raises(OutOfRange, match="times"):
        MemoryChannel().fail(ConnectionError(), times=times)


# ---- MemoryPresence ----------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_what_was_set_before_is_told_first() -> None:
    source, inlet = MemoryPresence({"maxim": Presence.AWAY}), TrialInlet("rota")
    assert await source.set("dorit", Presence.AVAILABLE, label="early") == []
    assert await source.set_load("dorit", "voice", 20) == []
    assert await source.heartbeat("dorit") == []
    async with anyio.create_task_group() as group:
        group.start_soon(source.run, inlet)
        await VirtualClock().settle()
        events = await source.set("maxim", Presence.AVAILABLE)
        await source.heartbeat("maxim")
        group.cancel_scope.cancel()
    assert inlet.commands == [
        SetPresence(agent_id="maxim", presence=Presence.AWAY),
        SetExternalLoad(agent_id="dorit", channel="voice", units=20),
        SetPresence(agent_id="dorit", presence=Presence.AVAILABLE, label="early"),
        SetPresence(agent_id="maxim", presence=Presence.AVAILABLE),
        Heartbeat(agent_id="maxim"),
    ]
    assert [type(event) for event in events] == [PresenceChanged]
    assert repr(source) == "MemoryPresence(2 agents)"
    assert await source.set("maxim", Presence.OFFLINE) == []


# ---- PollingPresence ---------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_only_what_changes_is_told_and_who_is_gone_is_offline() -> None:
    clock, inlet = VirtualClock(), TrialInlet("telephones")
    polled: dict[str, Presence | Seen] = {}

    async def poll() -> dict[str, Presence | Seen]:
        return dict(polled)

    source = PollingPresence(poll, every_us=1_000, clock=clock)
    maxim, dorit = Presence.AVAILABLE, Seen(presence=Presence.AWAY, label="call", load={"voice": 100})
    async with anyio.create_task_group() as group:
        group.start_soon(source.run, inlet)
        await clock.settle()
        for step in ({"maxim": maxim, "dorit": dorit}, {"maxim": maxim}, {"maxim": maxim, "strange channel": dorit}):
            polled = dict(step)
            await clock.advance(1_000)
        group.cancel_scope.cancel()
    beat = Heartbeat(agent_id="maxim")
    assert inlet.commands == [
        SetPresence(agent_id="maxim", presence=Presence.AVAILABLE),
        SetExternalLoad(agent_id="dorit", channel="voice", units=100),
        SetPresence(agent_id="dorit", presence=Presence.AWAY, label="call"),
        *(beat, Heartbeat(agent_id="dorit")),
        SetExternalLoad(agent_id="dorit", channel="voice", units=0),
        SetPresence(agent_id="dorit", presence=Presence.OFFLINE),
        beat,
        SetExternalLoad(agent_id="strange channel", channel="voice", units=100),
        SetPresence(agent_id="strange channel", presence=Presence.AWAY, label="call"),
        *(beat, Heartbeat(agent_id="strange channel")),
    ]
    assert repr(source) == "PollingPresence(every_us=1000, Standing(2 agents))"


@pytest.mark.anyio
async def test_an_inlet_for_tests_knows_channels_of_which_load_is_told() -> None:
    inlet = TrialInlet("rota")
    await inlet.send(SetExternalLoad(agent_id="maxim", channel="telegraph", units=5))
    await inlet.send(Heartbeat(agent_id=inlet.engine.agent("maxim").handle))
    assert [type(event).__name__ for event in inlet.events] == ["ExternalLoadSet"]


@pytest.mark.anyio
async def test_load_that_stays_is_not_told_again() -> None:
    clock, inlet = VirtualClock(), TrialInlet("telephones")
    presence = [Presence.AVAILABLE, Presence.AWAY]

    async def poll() -> dict[str, Seen]:
        return {"maxim": Seen(presence=presence.pop(0), load={"voice": 10})}

    source = PollingPresence(poll, every_us=1_000, failures_max=9, has_heartbeats=False, clock=clock)
    async with anyio.create_task_group() as group:
        group.start_soon(source.run, inlet)
        await clock.advance(2_000)
        group.cancel_scope.cancel()
    assert [type(command).__name__ for command in inlet.commands] == ["SetExternalLoad", "SetPresence", "SetPresence"]


@pytest.mark.anyio
async def test_polls_may_fail_a_few_times_in_a_row() -> None:
    clock, inlet = VirtualClock(), TrialInlet("telephones")
    answers: list[dict[str, Presence] | Exception] = [
        ConnectionError("1"),
        ConnectionError("2"),
        {"maxim": Presence.AVAILABLE},
        *(ConnectionError(str(number)) for number in (3, 4, 5)),
    ]

    async def poll() -> dict[str, Presence]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    source = PollingPresence(poll, every_us=1_000, failures_max=2, has_heartbeats=False, clock=clock)

    async def poll_on() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(source.run, inlet)
            await clock.advance(10_000)

    with pytest.raises(ExceptionGroup) as raised:
        await poll_on()
    assert raised.group_contains(ConnectionError, match="5")
    assert inlet.commands == [SetPresence(agent_id="maxim", presence=Presence.AVAILABLE)]


@pytest.mark.parametrize(("argument", "value"), [("every_us", 0), ("every_us", EVERY_US_MAX + 1), ("failures_max", -1)])
def test_polling_is_bounded(argument: str, value: int) -> None:
    async def poll() -> dict[str, Presence]:
        return {}

    with pytest.raises(OutOfRange, match=argument):
        PollingPresence(poll, **{argument: value})


# ---- VirtualClock ------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_sleepers_wake_at_their_moments_in_order() -> None:
    clock = VirtualClock(at_us=100)
    woken: list[tuple[str, int]] = []

    async def sleep(name: str, at_us: int) -> None:
        await clock.sleep_until(at_us)
        woken.append((name, clock.now_us()))
        if name == "first":
            await clock.sleep_until(250)
            woken.append(("again", clock.now_us()))

    async with anyio.create_task_group() as group:
        for number, (name, at_us) in enumerate([("last", 300), ("first", 200), ("tie", 300), ("beyond", 900)], 1):
            group.start_soon(sleep, name, at_us)
            await clock.wait_sleepers(number)
        assert (clock.sleepers, clock.next_at_us()) == (4, 200)
        await clock.advance(300)
        assert woken == [("first", 200), ("again", 250), ("last", 300), ("tie", 300)]
        assert clock.now_us() == 400
        assert repr(clock) == "VirtualClock(at_us=400, 1 asleep)"
        group.cancel_scope.cancel()
    assert (clock.sleepers, clock.next_at_us()) == (0, None)


@pytest.mark.anyio
async def test_sleepers_can_be_waited_for() -> None:
    clock = VirtualClock()
    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(clock.wait_sleepers, 1)
        await clock.settle()
        group.start_soon(clock.sleep_until, 10)
        await clock.settle()
        assert clock.sleepers == 1
        await clock.advance_to(10)
    assert clock.sleepers == 0


@pytest.mark.anyio
async def test_a_jump_wakes_who_is_due_and_may_lead_back() -> None:
    clock = VirtualClock(at_us=100)
    async with anyio.create_task_group() as group:
        group.start_soon(clock.sleep_until, 150)
        await clock.wait_sleepers(1)
        clock.jump(-50)
        assert (clock.now_us(), clock.sleepers) == (50, 1)
        clock.jump(200)
        assert (clock.now_us(), clock.sleepers) == (250, 0)


@pytest.mark.anyio
async def test_time_stays_in_its_range() -> None:
    with pytest.raises(OutOfRange, match="at_us"):
        VirtualClock(at_us=-1)
    clock = VirtualClock(at_us=5)
    with pytest.raises(OutOfRange, match="by_us must be 0 or more"):
        await clock.advance(-1)
    with pytest.raises(OutOfRange, match="time does not go back"):
        await clock.advance_to(4)
    with pytest.raises(OutOfRange, match="at_us"):
        await clock.advance_to(TIME_US_MAX + 1)
    with pytest.raises(OutOfRange, match="at_us"):
        clock.jump(-6)
