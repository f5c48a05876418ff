"""Channels: what they are told, again and again until they take it, in order; and that they harm only themselves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import anyio
import pytest

from ccroute import (
    ChangeChannel,
    CompleteContact,
    MemoryHistory,
    MemoryJournal,
    Message,
    PlugState,
    Router,
    RouterPolicy,
    Undeliverable,
    UnknownName,
)
from ccroute.journal.memory import MemoryLog
from ccroute.ports import Delivery, Inlet
from ccroute.presence.memory import MemoryPresence
from ccroute.types import Presence
from tests.living import CONFIG, SECOND, Wire, chat, clock, comes, turns

pytestmark = [pytest.mark.outer, pytest.mark.anyio]

POLICY = RouterPolicy(pause_us=SECOND, pause_max_us=4 * SECOND, attempts_max=3, delivery_us=2 * SECOND)


async def test_a_channel_is_told_what_becomes_of_its_contacts_only() -> None:
    wire, other = Wire(), Wire()
    channels = {"chat": wire, "email": other}
    async with Router.open(config=CONFIG, clock=clock(), name="centre", channels=channels) as router:
        await router.send(comes())
        await router.send(chat("c1"))
        await router.accept("o1")
        await router.send(CompleteContact(contact_id="c1"))
        await router.send(chat("c2", channel="email"))
        await turns()
    assert wire.told("c1") == [
        "ContactQueued",
        "OfferMade",
        "OfferAccepted",
        "ContactActive",
        "LegEnded",
        "ContactClosed",
    ]
    assert [one.key for one in wire.taken][:3] == ["centre:2", "centre:o1", "centre:4"]
    assert {one.attempt for one in wire.taken} == {1}
    assert other.told("c2") == ["ContactQueued", "OfferMade"]
    assert len(other.taken) == 2


async def test_a_contact_that_changes_its_channel_is_told_to_both() -> None:
    chats, mails = Wire(), Wire()
    async with Router.open(config=CONFIG, clock=clock(), channels={"chat": chats, "email": mails}) as router:
        await router.send(chat("c1"))
        await router.send(ChangeChannel(contact_id="c1", channel="email"))
        await router.send(comes())
        await turns()
    assert chats.told("c1") == ["ContactQueued", "ChannelChanged"]
    assert mails.told("c1") == ["ChannelChanged", "OfferMade"]


async def test_what_is_refused_is_told_to_the_sender_only() -> None:
    wire = Wire()
    async with Router.open(config=CONFIG, clock=clock(), channels={"chat": wire}) as router:
        await router.send(chat("c1"))
        await router.send(chat("c1"))
        await turns()
    assert wire.told("c1") == ["ContactQueued"]


async def test_what_raises_is_tried_again_in_order_while_others_go_on() -> None:
    failures = {"c1": 2}

    async def behave(delivery: Delivery) -> None:
        contact_id = delivery.event.contact_id  # type: ignore[attr-defined]
        if failures.get(contact_id, 0):
            failures[contact_id] -= 1
            raise ConnectionError("not now")

    time_, wire = clock(), Wire(behave)
    async with Router.open(config=CONFIG, clock=time_, channels={"chat": wire}, policy=POLICY) as router:
        await router.send(chat("c1"))
        await router.send(comes())
        await router.send(chat("c2"))
        await turns()
        assert (wire.told("c1"), wire.told("c2")) == ([], ["ContactQueued"])
        health = router.health().channels["chat"]
        assert (health.failed, health.pending, health.failure) == (1, 2, "ConnectionError")
        await time_.advance(SECOND)
        assert wire.told("c1") == []
        await time_.advance(2 * SECOND)
        assert wire.told("c1") == ["ContactQueued", "OfferMade"]
        assert [one.attempt for one in wire.tried if one.key == "engine:1"] == [1, 2, 3]
        assert router.health().channels["chat"].pending == 0


async def test_what_is_never_taken_is_given_up_kept_and_retried(tmp_path: Path) -> None:
    path, time_ = tmp_path / "support.ccroute", clock()
    is_broken = True

    async def behave(delivery: Delivery) -> None:
        if is_broken and delivery.key == "engine:2":
            raise Undeliverable("no such number")
        if is_broken:
            raise ConnectionError

    wire = Wire(behave)
    async with Router.open(path, CONFIG, clock=time_, channels={"chat": wire}, policy=POLICY) as router:
        await router.send(chat("c1"))
        await router.send(chat("c2"))
        while len(await router.quarantined("chat")) < 2:
            await time_.advance(SECOND)
        final, tried = await router.quarantined()
        assert (tried.key, tried.attempts, tried.reason) == ("engine:1", 3, "ConnectionError")
        assert (final.key, final.attempts, final.reason) == ("engine:2", 1, "no such number")
        assert (final.contact_id, final.kind, final.seq) == ("c2", "contact.queued", 2)
        assert router.health().channels["chat"].quarantined == 2
    is_broken = False
    async with Router.open(path, clock=time_, channels={"chat": wire}, policy=POLICY) as router:
        assert [one.key for one in await router.quarantined()] == ["engine:2", "engine:1"]
        await router.retry("engine:1")
        await router.retry("engine:1")
        await router.discard("engine:2")
        while await router.quarantined():
            await turns()
        assert [(one.key, one.attempt) for one in wire.taken] == [("engine:1", 4)]
        with pytest.raises(UnknownName, match="quarantine"):
            await router.retry("engine:2")
        with pytest.raises(UnknownName, match="quarantine"):
            await router.discard("engine:2")
    async with Router.open(path, clock=time_) as router:
        assert await router.quarantined() == []


async def test_what_was_given_up_of_a_channel_that_is_gone_is_shown(tmp_path: Path) -> None:
    async def behave(delivery: Delivery) -> None:
        raise Undeliverable("never")

    path = tmp_path / "support.ccroute"
    async with Router.open(path, CONFIG, channels={"chat": Wire(behave)}) as router:
        await router.send(chat("c1"))
        while not await router.quarantined():
            await turns()
    async with Router.open(path) as router:
        assert [one.key for one in await router.quarantined()] == ["engine:1"]
        with pytest.raises(UnknownName):
            await router.retry("engine:1")


async def test_a_retry_that_fails_goes_back_into_quarantine() -> None:
    async def behave(delivery: Delivery) -> None:
        raise Undeliverable("never")

    wire = Wire(behave)
    async with Router.open(config=CONFIG, clock=clock(), channels={"chat": wire}) as router:
        await router.send(chat("c1"))
        await turns()
        await router.retry("engine:1")
        await turns()
        assert [one.attempts for one in await router.quarantined()] == [2]


async def test_a_channel_that_hangs_harms_only_itself() -> None:
    async def hang(delivery: Delivery) -> None:
        await anyio.sleep_forever()

    time_, wire, fine = clock(), Wire(hang), Wire()
    channels = {"chat": wire, "email": fine}
    policy = RouterPolicy(attempts_max=1, delivery_us=2 * SECOND, deliveries_max=2, stop_us=1)
    async with Router.open(config=CONFIG, clock=time_, channels=channels, policy=policy) as router:
        for number in range(5):
            await router.send(chat(f"c{number}"))
        await router.send(chat("e1", channel="email"))
        await turns()
        assert len(wire.tried) == 2  # two at a time
        assert fine.told("e1") == ["ContactQueued"]
        await time_.advance(2 * SECOND)
        assert [one.reason for one in await router.quarantined()] == ["TimeoutError"] * 2
        await router.send(chat("c9"))
        assert router.health().channels["chat"].oldest_us >= 0


async def test_a_channel_that_floods_waits_alone() -> None:
    class Flood(Wire):
        async def run(self, inlet: Inlet) -> None:
            self.sent = 0

            async def one(number: int) -> None:
                await inlet.send(chat(f"f{number}"))
                self.sent += 1

            async with anyio.create_task_group() as group:
                for number in range(500):
                    group.start_soon(one, number)

    flood = Flood()
    policy = RouterPolicy(inlet_max=10, slice_max=4)
    async with Router.open(config=CONFIG, clock=clock(), channels={"chat": flood}, policy=policy) as router:
        await turns(2)
        await router.send(chat("c1"))
        # Four of the flood had a turn for one of ours, at most some slices long.
        assert flood.sent < 100
        await turns(600)
        assert flood.sent == 500
        assert router.health().channels["chat"].state is PlugState.ENDED


async def test_a_channel_that_raises_is_run_again_after_growing_pauses() -> None:
    class Broken(Wire):
        async def run(self, inlet: Inlet) -> None:
            self.runs += 1
            await inlet.add(
                Message(
                    entry_id=f"m{self.runs}",
                    at_us=inlet.now_us(),
                    contact_id="c1",
                    customer_id="ann",
                    body="hello",
                    channel=inlet.name,
                    from_customer=True,
                )
            )
            if self.runs == 4:
                await time_.sleep_until(time_.now_us() + 3_600 * SECOND)
            raise ConnectionError

    time_, broken = clock(), Broken()
    async with Router.open(config=CONFIG, clock=time_, channels={"chat": broken}, policy=POLICY) as router:
        await turns()
        health = router.health().channels["chat"]
        assert (health.state, health.restarts, health.failure) == (PlugState.PAUSING, 1, "ConnectionError")
        runs = []
        for _ in range(9):
            runs.append(broken.runs)
            await time_.advance(SECOND)
        assert runs == [1, 2, 2, 3, 3, 3, 3, 4, 4]
        # It ran for so long that the next pause is the first one again.
        await time_.advance(3_600 * SECOND)
        assert broken.runs == 5
        assert len((await router.history.timeline("ann")).entries) == 5


async def test_plug_ins_make_channels_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    given, made = Wire(), Wire()

    def channels_of(channel_ids: Iterable[str], *, except_for: Iterable[str]) -> dict[str, Wire]:
        assert set(channel_ids) >= {"chat", "pigeon"}
        assert list(except_for) == ["chat"]
        return {"pigeon": made}

    monkeypatch.setattr("ccroute.runtime.opening.channels_of", channels_of)
    config = CONFIG.__class__.from_toml("[queues.support]\n[channels.pigeon]\n[channels.chat]\n")
    async with Router.open(config=config, clock=clock(), channels={"chat": given}, plugins=True) as router:
        await router.send(chat("c1", channel="pigeon"))
        await turns()
    assert made.told("c1") == ["ContactQueued"]
    assert given.taken == []


async def test_presence_comes_by_its_own_way() -> None:
    presence = MemoryPresence()
    async with Router.open(config=CONFIG, clock=clock(), presence={"rota": presence}) as router:
        await presence.set("maxim", Presence.AVAILABLE)
        await turns()
        agent = await router.agent("maxim")
        assert agent is not None
        assert agent.presence is Presence.AVAILABLE
        assert router.health().presence["rota"].state is PlugState.RUNNING


async def test_what_a_channel_has_not_taken_comes_again_after_a_restart() -> None:
    log = MemoryLog()

    async def hang(delivery: Delivery) -> None:
        await anyio.sleep_forever()

    policy = RouterPolicy(stop_us=1)
    history = MemoryHistory()
    first = Wire(hang)
    async with Router.open(
        config=CONFIG,
        clock=clock(),
        journal=MemoryJournal(log),
        channels={"chat": first},
        policy=RouterPolicy(stop_us=1),
        history=history,
    ) as router:
        await router.send(comes())
        await router.send(chat("c1"))
        await router.accept("o1")
        await router.send(CompleteContact(contact_id="c1"))
        await turns()
    second = Wire()
    async with Router.open(
        clock=clock(), journal=MemoryJournal(log), channels={"chat": second}, policy=policy, history=history
    ) as router:
        await turns(100)
        assert second.told("c1")[0] == "ContactQueued"
        assert second.told("c1")[-1] == "ContactClosed"
        await router.send(chat("c2"))
        await turns()
        assert second.told("c2") == ["ContactQueued", "OfferMade"]
    third = Wire()
    async with Router.open(clock=clock(), journal=MemoryJournal(log), channels={"chat": third}, history=history):
        await turns()
        assert third.taken == []


async def test_what_is_too_much_for_memory_stays_in_the_journal() -> None:
    gate = anyio.Event()

    async def behave(delivery: Delivery) -> None:
        await gate.wait()

    wire = Wire(behave)
    policy = RouterPolicy(pending_max=5, recent_max=10, delivery_us=3_600 * SECOND)
    async with Router.open(config=CONFIG, clock=clock(), channels={"chat": wire}, policy=policy) as router:
        for number in range(60):
            await router.send(chat(f"c{number}"))
        await turns()
        health = router.health().channels["chat"]
        assert health.is_behind
        assert health.pending <= 16
        gate.set()
        while len(wire.taken) < 60:
            await turns()
        assert sorted(one.event.seq for one in wire.taken) == list(range(1, 61))
        assert not router.health().channels["chat"].is_behind
        await router.send(chat("last"))
        await turns()
        assert wire.told("last") == ["ContactQueued"]
    assert len(wire.tried) == 61
