"""The suite of channels finds what channels get wrong: a table of channels that are broken on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import ClassVar

import anyio
import msgspec
import pytest
from anyio.lowlevel import checkpoint

from ccroute import (
    Config,
    Delivery,
    EnqueueContact,
    Event,
    Inlet,
    InvalidArgument,
    MemoryChannel,
    Message,
    Undeliverable,
)
from ccroute.testing import TrialInlet, Visitor, check_channel
from ccroute.testing.trial import Driven

pytestmark = [pytest.mark.outer, pytest.mark.slow]

BACKENDS = ["asyncio", "trio"]


class Post:
    """An outside: letters lie here until a channel acknowledges them, and it remembers under which keys it was told."""

    def __init__(self, kind: type[PostChannel]) -> None:
        self.kind = kind
        self.letters: list[Visitor] = []
        self.told: list[str] = []

    def make(self) -> PostChannel:
        """Return a channel of this post."""
        return self.kind(self)

    async def come(self, visitor: Visitor) -> None:
        """Post a letter."""
        self.letters.append(visitor)

    async def reached(self) -> Sequence[str]:
        """Return the keys."""
        return self.told


class PostChannel:
    """A channel that does everything right; those below get one thing wrong each."""

    def __init__(self, post: Post) -> None:
        self.post = post

    async def run(self, inlet: Inlet) -> None:
        """Read letters, until cancelled."""
        while True:
            await checkpoint()
            if self.post.letters:
                letter = self.post.letters[0]
                with contextlib.suppress(InvalidArgument):
                    await self.bring_in(inlet, letter)
                self.post.letters.remove(letter)

    async def bring_in(self, inlet: Inlet, letter: Visitor) -> None:
        """Send one contact, and what was said."""
        command = self.command(inlet, letter)
        await inlet.send(command)
        await inlet.add(
            Message(
                entry_id=letter.visitor_id,
                at_us=inlet.now_us(),
                contact_id=command.contact_id,
                body=letter.text,
                from_customer=True,
            )
        )

    def command(self, inlet: Inlet, letter: Visitor) -> EnqueueContact:
        """Return the command by which a letter comes in."""
        return EnqueueContact(
            command_id=f"post-{letter.visitor_id}",
            contact_id=f"letter-{letter.visitor_id}",
            queue_id="letters",
            channel=inlet.name,
        )

    async def deliver(self, delivery: Delivery) -> None:
        """Tell the outside, once."""
        await checkpoint()
        if delivery.key not in self.post.told:
            self.post.told.append(delivery.key)


class BlocksInRun(PostChannel):
    async def run(self, inlet: Inlet) -> None:
        time.sleep(0.25)
        await super().run(inlet)


class BlocksInDeliver(PostChannel):
    async def deliver(self, delivery: Delivery) -> None:
        await super().deliver(delivery)
        if len(self.post.told) == 1:
            time.sleep(0.25)


class ReturnsWhenCancelled(PostChannel):
    async def run(self, inlet: Inlet) -> None:
        with contextlib.suppress(anyio.get_cancelled_exc_class()):
            await super().run(inlet)


class GoesOnWhenCancelled(PostChannel):
    async def run(self, inlet: Inlet) -> None:
        while True:
            with contextlib.suppress(anyio.get_cancelled_exc_class()):
                await super().run(inlet)


class DeliversWhenCancelled(PostChannel):
    async def deliver(self, delivery: Delivery) -> None:
        with contextlib.suppress(anyio.get_cancelled_exc_class()):
            await super().deliver(delivery)


class TurnsCancellationIntoAnError(PostChannel):
    async def deliver(self, delivery: Delivery) -> None:
        try:
            await super().deliver(delivery)
        except anyio.get_cancelled_exc_class():
            raise ConnectionError("broken off") from None


class Raises(PostChannel):
    async def run(self, inlet: Inlet) -> None:
        await checkpoint()
        raise ConnectionError("the post office is closed")


class LeavesTasks(PostChannel):
    async def run(self, inlet: Inlet) -> None:
        self.task = asyncio.create_task(anyio.sleep(1))
        await super().run(inlet)


class KnowsNoNewKinds(PostChannel):
    async def deliver(self, delivery: Delivery) -> None:
        if not type(delivery.event).__module__.startswith("ccroute.events"):
            raise TypeError(type(delivery.event).__name__)
        await super().deliver(delivery)


class Hangs(PostChannel):
    async def deliver(self, delivery: Delivery) -> None:
        await anyio.sleep_forever()


class GivesUp(PostChannel):
    async def deliver(self, delivery: Delivery) -> None:
        raise Undeliverable("the address is not known")


class BringsNothing(PostChannel):
    async def bring_in(self, inlet: Inlet, letter: Visitor) -> None:
        await checkpoint()


class SaysAnotherChannel(PostChannel):
    def command(self, inlet: Inlet, letter: Visitor) -> EnqueueContact:
        return EnqueueContact(
            command_id=letter.visitor_id, contact_id=letter.visitor_id, queue_id="letters", channel="email"
        )


class CallsAllTheSame(PostChannel):
    def command(self, inlet: Inlet, letter: Visitor) -> EnqueueContact:
        return EnqueueContact(command_id=letter.visitor_id, contact_id="letter", queue_id="letters", channel=inlet.name)


class SendsNames(PostChannel):
    def command(self, inlet: Inlet, letter: Visitor) -> EnqueueContact:
        return EnqueueContact(
            command_id=letter.visitor_id,
            contact_id=letter.visitor_id,
            queue_id="letters",
            channel=inlet.name,
            customer_id=letter.name,
        )


class SendsTexts(PostChannel):
    def command(self, inlet: Inlet, letter: Visitor) -> EnqueueContact:
        return EnqueueContact(
            command_id=letter.visitor_id,
            contact_id=letter.visitor_id,
            queue_id="letters",
            channel=inlet.name,
            attributes={"subject": letter.text.upper()},
        )


class CallsByNumber(PostChannel):
    def command(self, inlet: Inlet, letter: Visitor) -> EnqueueContact:
        customer_id = f"wa-{letter.phone.removeprefix('+')}"
        return msgspec.structs.replace(super().command(inlet, letter), customer_id=customer_id)


class RunsOnce(PostChannel):
    has_run = False

    async def run(self, inlet: Inlet) -> None:
        if self.has_run:
            await anyio.sleep_forever()
        try:
            await super().run(inlet)
        finally:
            self.has_run = bool(self.post.told)


class NotesTooEarly(PostChannel):
    noted: ClassVar[set[str]] = set()

    async def deliver(self, delivery: Delivery) -> None:
        if delivery.key not in self.noted:
            self.noted.add(delivery.key)
            await super().deliver(delivery)


class CountsContacts(PostChannel):
    count = 0

    def command(self, inlet: Inlet, letter: Visitor) -> EnqueueContact:
        type(self).count += 1
        return EnqueueContact(contact_id=f"letter-{self.count}", queue_id="letters", channel=inlet.name)


class CommandIdsOfItsOwn(PostChannel):
    def command(self, inlet: Inlet, letter: Visitor) -> EnqueueContact:
        return EnqueueContact(
            command_id=f"{letter.visitor_id} {id(self)}",
            contact_id=f"letter-{letter.visitor_id}",
            queue_id="letters",
            channel=inlet.name,
        )


class ForgetsWhoComes(PostChannel):
    async def bring_in(self, inlet: Inlet, letter: Visitor) -> None:
        if letter.visitor_id in SEEN:
            return
        SEEN.add(letter.visitor_id)
        await super().bring_in(inlet, letter)


SEEN: set[str] = set()


class EndsAtAnError(PostChannel):
    async def run(self, inlet: Inlet) -> None:
        while True:
            await checkpoint()
            if self.post.letters:
                await self.bring_in(inlet, self.post.letters.pop(0))


class StopsAtAnError(EndsAtAnError):
    async def run(self, inlet: Inlet) -> None:
        with contextlib.suppress(InvalidArgument):
            await super().run(inlet)


class TellsNobody(PostChannel):
    async def deliver(self, delivery: Delivery) -> None:
        await checkpoint()


class TellsTwice(PostChannel):
    async def deliver(self, delivery: Delivery) -> None:
        self.post.told.append(delivery.key)


class ForgetsKeys(PostChannel):
    def __init__(self, post: Post) -> None:
        super().__init__(post)
        self.known: set[str] = set()

    async def deliver(self, delivery: Delivery) -> None:
        if delivery.key not in self.known:
            self.known.add(delivery.key)
            self.post.told.append(delivery.key)


class NotesTooLate(PostChannel):
    noted: set[str]

    def __init__(self, post: Post) -> None:
        super().__init__(post)
        self.noted = set()

    async def deliver(self, delivery: Delivery) -> None:
        if delivery.key not in self.noted:
            self.post.told.append(delivery.key)
            await checkpoint()
            self.noted.add(delivery.key)


class TurnsAround(PostChannel):
    async def deliver(self, delivery: Delivery) -> None:
        if delivery.key not in self.post.told:
            self.post.told.insert(0, delivery.key)


class TakesItLater(PostChannel):
    def __init__(self, post: Post) -> None:
        super().__init__(post)
        self.later: list[str] = []

    async def run(self, inlet: Inlet) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(super().run, inlet)
            while True:
                for _ in range(50):
                    await checkpoint()
                if self.later:
                    self.post.told.append(self.later.pop(0))

    async def deliver(self, delivery: Delivery) -> None:
        if delivery.key not in self.later + self.post.told:
            self.later.append(delivery.key)


BROKEN = [
    (ReturnsWhenCancelled, "run lets cancellation through: it swallowed it and returned"),
    (GoesOnWhenCancelled, "run lets cancellation through: it swallows it and goes on"),
    (DeliversWhenCancelled, "deliver lets cancellation through"),
    (TurnsCancellationIntoAnError, "deliver takes every event: it raised ConnectionError"),
    (Raises, "run runs on until it is cancelled: it raised ConnectionError"),
    (
        KnowsNoNewKinds,
        "deliver takes every event, of kinds that it does not know, too: of UnheardOf it raised TypeError",
    ),
    (Hangs, "deliver returns: ContactQueued was not taken in 1.0 s"),
    (GivesUp, "what becomes of a contact that it brought in is taken: Undeliverable"),
    (BringsNothing, "who comes from outside is brought in by EnqueueContact: waited 1.0 s in vain"),
    (SaysAnotherChannel, "contacts are of the channel by whose name the inlet goes: expected 'trial', got 'email'"),
    (CallsAllTheSame, "each who comes is a contact of its own"),
    (SendsNames, "commands carry ids, never names, numbers or texts: EnqueueContact has the visitor's name"),
    (SendsTexts, "commands carry ids, never names, numbers or texts: EnqueueContact has the visitor's text"),
    (CallsByNumber, "commands carry ids, never names, numbers or texts: EnqueueContact has the visitor's phone"),
    (RunsOnce, "a channel that has ended can be run again: who comes then is brought in"),
    (CountsContacts, "what the outside tells twice is sent once, or with the same command_id: of "),
    (CommandIdsOfItsOwn, "what the outside tells twice is sent once, or with the same command_id"),
    (ForgetsWhoComes, "who came while the channel was stopped is brought in when the outside tells of it again"),
    (EndsAtAnError, "run goes on after InvalidArgument: it"),
    (StopsAtAnError, "harms nobody but whom it is about"),
    (TellsNobody, "something of what becomes of a contact reaches the outside"),
    (TellsTwice, "taken once when it comes again"),
    (ForgetsKeys, "what was taken under a key is not taken again after a restart"),
    (NotesTooEarly, "a delivery that was cancelled is taken when it comes again: "),
    (NotesTooLate, "a delivery that was cancelled is taken once when it comes again"),
    (TurnsAround, "the events of one contact get out in their order"),
    (TakesItLater, "deliver returns when the event was taken"),
]


def check(kind: type[PostChannel], backend: str, **how: float) -> None:
    """Check a channel with its post."""
    post = Post(kind)

    # What never happens is waited for in vain; all else has time enough on a busy machine.
    in_vain = {Hangs, BringsNothing, ForgetsWhoComes, EndsAtAnError, NotesTooEarly, RunsOnce, StopsAtAnError}
    patience_s = 1.0 if kind in in_vain else 30.0

    async def main() -> None:
        await check_channel(post.make, outside=post, patience_s=patience_s, **how)

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sound_channel_passes(backend: str) -> None:
    post = Post(PostChannel)

    async def main() -> None:
        await check_channel(post.make)
        await check_channel(post.make, outside=post)
        config = Config.from_toml("[queues.letters]\n[channels.pigeon]")
        await check_channel(post.make, outside=post, name="pigeon", config=config)

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("kind", "promise"), BROKEN, ids=[kind.__name__ for kind, _ in BROKEN])
def test_a_broken_promise_is_told(kind: type[PostChannel], promise: str, backend: str) -> None:
    SEEN.clear()
    with pytest.raises(AssertionError) as told:
        check(kind, backend)
    assert promise in str(told.value)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("kind", "name"), [(BlocksInRun, "run"), (BlocksInDeliver, "deliver")])
def test_what_blocks_the_loop_is_named(kind: type[PostChannel], name: str, backend: str) -> None:
    with pytest.raises(AssertionError) as told:
        check(kind, backend, blocked_s_max=0.05)
    assert "never blocks the event loop: it did for more than 0.05 s, at " in str(told.value)
    assert f" in {kind.__name__}.{name}" in str(told.value)


def test_tasks_that_are_left_are_named() -> None:
    with pytest.raises(AssertionError, match="what run has started ends with it: tasks are left, "):
        check(LeavesTasks, "asyncio")


@pytest.mark.parametrize("backend", BACKENDS)
def test_tasks_of_a_server_that_plays_the_outside_are_not_the_channels(backend: str) -> None:
    class Served(Post):
        async def serve(self) -> None:
            async with anyio.create_task_group() as self.connections:
                await anyio.sleep_forever()

        async def come(self, visitor: Visitor) -> None:
            self.connections.start_soon(anyio.sleep_forever)
            await super().come(visitor)

    post = Served(PostChannel)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(post.serve)
            await checkpoint()
            await check_channel(post.make, outside=post)
            group.cancel_scope.cancel()

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_error_of_the_tests_own_outside_comes_through(backend: str) -> None:
    class Closed(Post):
        async def come(self, visitor: Visitor) -> None:
            raise ConnectionError("the tests' own fault")

    post = Closed(PostChannel)

    async def main() -> None:
        await check_channel(post.make, outside=post)

    with pytest.raises(BaseExceptionGroup) as raised:
        anyio.run(main, backend=backend)
    assert raised.group_contains(ConnectionError)


class TakesItsTime(PostChannel):
    async def bring_in(self, inlet: Inlet, letter: Visitor) -> None:
        for _ in range(20):
            await checkpoint()
        await super().bring_in(inlet, letter)

    async def deliver(self, delivery: Delivery) -> None:
        for _ in range(20):
            await checkpoint()
        await super().deliver(delivery)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_channel_may_wait_more_often_than_it_is_cancelled(backend: str) -> None:
    check(TakesItsTime, backend)


def test_a_channel_need_not_know_contacts_that_it_did_not_bring_in() -> None:
    anyio.run(lambda: check_channel(lambda: GivesUp(Post(GivesUp))))


def test_what_is_driven_can_be_closed() -> None:
    closed: list[bool] = []

    async def waits() -> None:
        try:
            await checkpoint()
        finally:
            closed.append(True)

    async def main() -> None:
        steps = Driven(waits(), "it", anyio.CancelScope()).__await__()
        next(steps)
        steps.close()

    anyio.run(main)
    assert closed == [True]


def test_names_are_imported_when_they_are_used() -> None:
    import ccroute.testing

    assert set(ccroute.testing.__all__) <= set(dir(ccroute.testing))
    assert all(getattr(ccroute.testing, name) is not None for name in ccroute.testing.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'check_pigeon'"):
        ccroute.testing.check_pigeon  # noqa: B018


@pytest.mark.parametrize(("missing", "kind"), [("anyio", "ExtraMissing"), ("ccroute.ports", "ModuleNotFoundError")])
def test_a_missing_part_is_told(missing: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import ccroute.testing

    def fails(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr("importlib.import_module", fails)
    with pytest.raises(ImportError) as told:
        ccroute.testing.VirtualClock  # noqa: B018
    assert type(told.value).__name__ == kind


def test_visitors_are_not_shown() -> None:
    visitor = Visitor(visitor_id="v1", name="Ada", phone="+4930", text="hello")
    assert repr(visitor) == "Visitor(visitor_id='v1', name=…, phone=…, text=…)"


class Host:
    """The outside of a channel in memory: the host itself, which goes on where a command is refused."""

    def __init__(self) -> None:
        self.channel = MemoryChannel()

    async def come(self, visitor: Visitor) -> None:
        """Have the host bring somebody in."""
        command = EnqueueContact(
            command_id=visitor.visitor_id, contact_id=visitor.visitor_id, queue_id="q", channel="trial"
        )
        said = Message(
            entry_id=visitor.visitor_id, at_us=1, contact_id=visitor.visitor_id, body=visitor.text, from_customer=True
        )
        with contextlib.suppress(InvalidArgument):
            await self.channel.arrive(command, said)

    async def reached(self) -> Sequence[str]:
        """Return what the channel holds."""
        return [delivery.key for delivery in self.channel.received]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_channel_in_memory_keeps_its_promises(backend: str) -> None:
    host = Host()

    async def main() -> None:
        await check_channel(MemoryChannel)
        await check_channel(lambda: host.channel, outside=host)

    anyio.run(main, backend=backend)


def test_an_inlet_for_tests_remembers_and_answers() -> None:
    async def main() -> list[Event]:
        inlet = TrialInlet("pigeon")
        events = await inlet.send(EnqueueContact(contact_id="c1", queue_id="q", channel="pigeon"))
        await inlet.add(Message(entry_id="m1", at_us=1, contact_id="c1", body="coo", from_customer=True))
        assert (len(inlet.commands), len(inlet.additions), inlet.events) == (1, 1, events)
        assert inlet.waiting_max == 1
        assert inlet.engine.contact("c1") is not None
        assert "pigeon" in repr(inlet)
        return events

    assert [type(event).__name__ for event in anyio.run(main)] == ["ContactQueued"]
