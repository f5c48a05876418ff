"""What every channel must do: :func:`check_channel` tells what one gets wrong."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import ClassVar, Final, Protocol, final

import anyio
import msgspec

from ccroute.commands import (
    AcceptOffer,
    AssignContact,
    CancelContact,
    Command,
    CompleteContact,
    EnqueueContact,
    PutAgent,
)
from ccroute.config import Agent, Config
from ccroute.errors import Undeliverable, UnknownName, shown
from ccroute.events import CommandRefused, Event, OfferMade
from ccroute.personal import Personal
from ccroute.ports import Channel, Delivery
from ccroute.testing.inlet import TrialInlet
from ccroute.testing.leaks import leak
from ccroute.testing.trial import WAITS_TRIED, Driven, running, settled, wait_until, watched
from ccroute.types import Ignorable

__all__ = ["ChannelOutside", "Visitor", "check_channel"]

AGENT: Final = "trial-agent"

_COMES: Final = "who comes from outside is brought in by EnqueueContact"


class Visitor(Personal, frozen=True, kw_only=True):
    """Somebody who comes to a channel from outside, and what the outside says of them."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"visitor_id"})

    visitor_id: str
    """What the outside calls this visit: the same, where it tells of it twice."""
    name: str
    """A name, which is nobody's business but the history's."""
    phone: str
    """And a number, likewise."""
    text: str
    """And the first words."""


class ChannelOutside(Protocol):
    """The outside of a channel, played by its tests: those who come, and those who are told."""

    async def come(self, visitor: Visitor) -> None:
        """Have somebody come from outside; the same visitor again: the outside tells of it once more.

        Returns when the outside has said it; the channel need not have heard it.
        """

    async def reached(self) -> Sequence[str]:
        """Return the keys of the deliveries that have reached the outside, in order, once for each time it was told.

        Where the outside itself passes over a key that it knows, it is told once. What the channel tells nobody, is
        left out.
        """


class UnheardOf(Event, frozen=True, kw_only=True, tag="contact.unheard_of"):
    """An event of a release to come."""

    contact_id: str
    """The contact."""


async def check_channel(
    make: Callable[[], Channel],
    *,
    outside: ChannelOutside | None = None,
    name: str = "trial",
    config: Config | None = None,
    patience_s: float = 5.0,
    settle_s: float = 0.0,
    blocked_s_max: float = 0.25,
) -> None:
    """Check that a channel keeps what it promises; raise ``AssertionError`` with the promise that it does not.

    Runs under asyncio and trio; try both. Without ``outside`` it sees how a channel runs, ends and takes events; with
    it also whether anything comes in and gets out, once, in order and by ids.

    :param make: returns a new channel; of the same outside, as after a restart of the process.
    :param outside: plays those who are out there.
    :param name: the channel's id in the configuration.
    :param config: by which the engine goes that answers; None: one that knows whatever the channel names.
    :param patience_s: how long to wait for what should happen.
    :param settle_s: how long to wait for what should not happen; where a network is between channel and outside, as
        long as that may take.
    :param blocked_s_max: how long the event loop may stand still.
    """
    trial = _Trial(make, outside, name, config, patience_s, settle_s)
    async with watched("a channel", blocked_s_max) as look:
        for check in _ALWAYS if outside is None else (*_ALWAYS, *_WITH_OUTSIDE):
            await check(trial)
            look()


@final
class _Trial:
    """What the checks share: fresh inlets, visitors and keys."""

    def __init__(
        self,
        make: Callable[[], Channel],
        outside: ChannelOutside | None,
        name: str,
        config: Config | None,
        patience_s: float,
        settle_s: float,
    ) -> None:
        self.make: Final = make
        self.inlet: Final = TrialInlet(name, config)
        """The only one: what a check has left outside may come in while the next one runs."""
        self._outside: Final = outside
        self.patience_s: Final = patience_s
        self.settle_s: Final = settle_s
        self._run_id: Final = uuid.uuid4().hex[:8]
        """Keeps apart what several runs of the suite ask of an outside that remembers."""
        self._visits = 0
        self._engines = 0

    @property
    def outside(self) -> ChannelOutside:
        assert self._outside is not None, "only checks of the outside ask for it"
        return self._outside

    def visitor(self) -> Visitor:
        """Return somebody who was not there yet."""
        self._visits += 1
        number = self._visits
        return Visitor(
            visitor_id=f"visit-{self._run_id}-{number}",
            name=f"Zoë Ångström the {number}th",
            phone=f"+4930555{number:05}",
            text=f"my account {number:05} is empty, and I never touched it",
        )

    def deliveries(self, events: Sequence[Event]) -> list[Delivery]:
        """Return what a router would hand over, under keys that were not there yet."""
        self._engines += 1
        engine = f"trial-{self._run_id}-{self._engines}"
        return [
            Delivery(
                key=f"{engine}:{event.offer_id if isinstance(event, OfferMade) else event.seq}", event=event, attempt=1
            )
            for event in events
        ]

    async def arrived(self, visitor: Visitor) -> EnqueueContact:
        """Have a visitor come, and return the command by which it came in."""
        known = len(self.came())
        await self.outside.come(visitor)
        await self.wait_came(known + 1, _COMES)
        return self.came()[known]

    async def wait_came(self, count: int, promise: str) -> None:
        """Return when so many contacts have come in."""
        await wait_until(lambda: len(self.came()) >= count, promise, patience_s=self.patience_s)

    def came(self) -> list[EnqueueContact]:
        """Return the commands by which contacts came in, repeats with the same command_id left out."""
        kept: dict[str, EnqueueContact] = {}
        for number, command in enumerate(self.inlet.commands):
            if isinstance(command, EnqueueContact):
                kept.setdefault(f"{number}" if command.command_id is None else f"id {command.command_id}", command)
        return list(kept.values())

    def came_once(self) -> None:
        """Raise where more contacts came in than visitors came."""
        came = len(self.came())
        if came > self._visits:
            raise AssertionError(
                f"what the outside tells twice is sent once, or with the same command_id: of {self._visits} visits "
                f"came {came} contacts"
            )

    async def reached(self) -> list[str]:
        return list(await self.outside.reached())

    async def deliver(self, channel: Channel, delivery: Delivery) -> None:
        """Hand an event over, and see that it is taken in time."""
        with anyio.move_on_after(self.patience_s) as scope:
            try:
                await channel.deliver(delivery)
            except Undeliverable:
                if self._outside is not None and not isinstance(delivery.event, UnheardOf):
                    raise AssertionError(
                        f"what becomes of a contact that it brought in is taken: Undeliverable was raised of "
                        f"{type(delivery.event).__name__}"
                    ) from None
            except Exception as failure:
                raise AssertionError(
                    f"deliver takes every event, of kinds that it does not know, too: of "
                    f"{type(delivery.event).__name__} it raised {type(failure).__name__}: {shown(str(failure))}"
                ) from failure
        if scope.cancelled_caught:
            raise AssertionError(
                f"deliver returns: {type(delivery.event).__name__} was not taken in {self.patience_s} s"
            )


def _life(inlet: TrialInlet, contact: EnqueueContact | None = None) -> list[Event]:
    """Return what becomes of a contact: it is offered, taken and completed. None: of one that nobody brought in."""
    if contact is None:
        contact = EnqueueContact(contact_id="trial-contact", queue_id="trial-queue", channel=inlet.name)
        inlet.handle(contact)
    contact_id = contact.contact_id
    inlet.engine.handle(PutAgent(agent_id=AGENT, config=Agent(capacity=1_000_000)), inlet.now_us())
    inlet.handle(AssignContact(contact_id=contact_id, agent_id=AGENT, ignoring=list(Ignorable)))
    steps: list[Command] = [
        AcceptOffer(offer_id=event.offer_id)
        for event in inlet.events[-4:]
        if isinstance(event, OfferMade) and event.contact_id == contact_id
    ]
    for step in [*steps, CompleteContact(contact_id=contact_id), CancelContact(contact_id=contact_id)]:
        inlet.handle(step)
    told = [
        event
        for event in inlet.events
        if getattr(event, "contact_id", None) == contact_id and not isinstance(event, CommandRefused)
    ]
    last = told[-1]
    return [*told, UnheardOf(seq=last.seq + 1_000, at_us=last.at_us, cause=last.cause, contact_id=contact_id)]


async def _runs_until_cancelled(trial: _Trial) -> None:
    channel = trial.make()
    async with running(lambda: channel.run(trial.inlet), "run"):
        await settled(trial.settle_s)


async def _runs_again(trial: _Trial) -> None:
    """Cancel it at each wait in turn, and run it again."""
    channel = trial.make()
    for wait in range(1, WAITS_TRIED + 1):
        async with running(lambda: channel.run(trial.inlet), "run", cancel_at=wait) as run:
            await settled()
        if run.waits < wait:
            break


async def _takes_events(trial: _Trial) -> None:
    channel, inlet = trial.make(), trial.inlet
    async with running(lambda: channel.run(inlet), "run"):
        contact = None if trial._outside is None else await trial.arrived(trial.visitor())
        deliveries = trial.deliveries(_life(inlet, contact))
        for delivery in deliveries:
            await trial.deliver(channel, delivery)
        # After a restart of the router it may be asked of what it has forgotten.
        for delivery in deliveries:
            await trial.deliver(channel, msgspec.structs.replace(delivery, attempt=2))


async def _is_cancelled_while_it_takes(trial: _Trial) -> None:
    """Cancel a delivery at each of its waits in turn, and hand it over again."""
    channel, inlet = trial.make(), trial.inlet
    keys: list[str] = []
    async with running(lambda: channel.run(inlet), "run"):
        kind = None if trial._outside is None else await _kind_that_gets_out(trial, channel)
        for wait in range(1, WAITS_TRIED + 1):
            if trial._outside is None:
                delivery = _one(trial, inlet, wait)
            else:
                life = trial.deliveries(_life(inlet, await trial.arrived(trial.visitor())))
                place = next((at for at, one in enumerate(life) if type(one.event) is kind), 0)
                for earlier in life[:place]:
                    await trial.deliver(channel, earlier)
                delivery = life[place]
            keys.append(delivery.key)
            waits = await _cancelled_at(channel, delivery, wait)
            await trial.deliver(channel, msgspec.structs.replace(delivery, attempt=2))
            if waits < wait:
                break
        if kind is not None:
            await _all_reach(
                trial, keys, f"a delivery that was cancelled is taken when it comes again: {kind.__name__}"
            )
    if trial._outside is not None:
        promise = "a delivery that was cancelled is taken once when it comes again"
        _each_once(await trial.reached(), keys, promise)


async def _all_reach(trial: _Trial, keys: Sequence[str], promise: str) -> None:
    lost = list(keys)
    with anyio.move_on_after(trial.patience_s):
        while lost:
            await settled(0.001)
            reached = await trial.reached()
            lost = [key for key in keys if key not in reached]
    if lost:
        raise AssertionError(f"{promise} {lost[0]} never reached the outside")


async def _kind_that_gets_out(trial: _Trial, channel: Channel) -> type[Event] | None:
    """Return the kind of the first event in the life of a contact of which the outside is told; None: it never is."""
    life = trial.deliveries(_life(trial.inlet, await trial.arrived(trial.visitor())))
    for delivery in life:
        await trial.deliver(channel, delivery)
    await settled(trial.settle_s)
    reached = await trial.reached()
    return next((type(one.event) for one in life if one.key in reached), None)


def _one(trial: _Trial, inlet: TrialInlet, number: int) -> Delivery:
    contact = EnqueueContact(contact_id=f"trial-{number}", queue_id="trial-queue", channel=inlet.name)
    return trial.deliveries(inlet.handle(contact)[:1])[0]


async def _cancelled_at(channel: Channel, delivery: Delivery, wait: int) -> int:
    """Hand an event over, cancel that at one of its waits, and return how often it waited."""
    with anyio.CancelScope() as scope:

        def on_wait(number: int) -> None:
            if number == wait:
                scope.cancel()

        driven = Driven(channel.deliver(delivery), "deliver", scope, on_wait=on_wait)
        try:
            await driven
        except AssertionError:
            raise
        except Exception as failure:
            if not isinstance(failure, Undeliverable):
                raise AssertionError(f"deliver takes every event: it raised {type(failure).__name__}") from failure
    return driven.waits


def _each_once(reached: Sequence[str], keys: Sequence[str], promise: str) -> None:
    for key in keys:
        count = list(reached).count(key)
        if count > 1:
            raise AssertionError(f"{promise}: {key} has reached the outside {count} times")


async def _brings_in(trial: _Trial) -> None:
    channel, inlet = trial.make(), trial.inlet
    visitors = [trial.visitor() for _ in range(3)]
    contact_ids = []
    async with running(lambda: channel.run(inlet), "run"):
        for visitor in visitors:
            contact = await trial.arrived(visitor)
            contact_ids.append(contact.contact_id)
            if contact.channel != inlet.name:
                raise AssertionError(
                    f"contacts are of the channel by whose name the inlet goes: expected {inlet.name!r}, "
                    f"got {contact.channel!r}"
                )
    if len(set(contact_ids)) < len(visitors):
        raise AssertionError("each who comes is a contact of its own: two have the same contact_id")
    for command in inlet.commands:
        for visitor in visitors:
            kind = leak(command, {"name": visitor.name, "phone": visitor.phone, "text": visitor.text})
            if kind is not None:
                raise AssertionError(
                    f"commands carry ids, never names, numbers or texts: {type(command).__name__} has the "
                    f"visitor's {kind}; it belongs into the history, through inlet.add"
                )


async def _brings_in_once(trial: _Trial) -> None:
    first, second = trial.make(), trial.make()
    visitor = trial.visitor()
    async with running(lambda: first.run(trial.inlet), "run"):
        await trial.arrived(visitor)
        await trial.outside.come(visitor)
        await settled(trial.settle_s)
        await trial.arrived(trial.visitor())
    trial.came_once()
    async with running(lambda: second.run(trial.inlet), "run"):
        await trial.outside.come(visitor)
        await settled(trial.settle_s)
    trial.came_once()
    known = len(trial.came())
    async with running(lambda: first.run(trial.inlet), "run"):
        await trial.outside.come(trial.visitor())
        await trial.wait_came(known + 1, "a channel that has ended can be run again: who comes then is brought in")


async def _brings_in_though_cancelled(trial: _Trial) -> None:
    """Cancel the run at each wait in turn while somebody comes, run it again, and have the outside tell it again."""
    for wait in range(1, WAITS_TRIED + 1):
        if not await _is_cancelled_while_somebody_comes(trial, wait):
            break


async def _is_cancelled_while_somebody_comes(trial: _Trial, wait: int) -> bool:
    first, second = trial.make(), trial.make()
    known, visitor = len(trial.came()), trial.visitor()
    trial.inlet.slowness = 3
    async with running(lambda: first.run(trial.inlet), "run") as run, anyio.create_task_group() as group:
        run.cancel_at = cancelled_at = run.waits + wait
        group.start_soon(trial.outside.come, visitor)
        await settled(trial.settle_s)
        group.cancel_scope.cancel()
    async with running(lambda: second.run(trial.inlet), "run"):
        await trial.outside.come(visitor)
        await trial.wait_came(
            known + 1, "who came while the channel was stopped is brought in when the outside tells of it again"
        )
        await settled(trial.settle_s)
    trial.inlet.slowness = 1
    trial.came_once()
    return run.waits >= cancelled_at


async def _goes_on_after_an_error(trial: _Trial) -> None:
    channel, inlet = trial.make(), trial.inlet
    refused: list[Command] = []

    def refuse(command: Command) -> None:
        if isinstance(command, EnqueueContact) and not refused:
            refused.append(command)
            raise UnknownName("queue_id", command.queue_id, "the id of a queue of the configuration")

    inlet.on_command = refuse
    async with running(lambda: channel.run(inlet), "run goes on after InvalidArgument: it"):
        await trial.outside.come(trial.visitor())
        await wait_until(lambda: bool(refused), _COMES, patience_s=trial.patience_s)
        inlet.on_command = None
        known = len(trial.came())
        await trial.outside.come(trial.visitor())
        await trial.wait_came(
            known + 1,
            "a command that can never be right harms nobody but whom it is about: the next one who comes is brought in",
        )


async def _tells_once_in_order(trial: _Trial) -> None:
    channel, inlet = trial.make(), trial.inlet
    lives: list[list[Delivery]] = []
    at_once: dict[str, list[str]] = {}

    async def tell(life: list[Delivery]) -> None:
        for delivery in life:
            await trial.deliver(channel, delivery)
            at_once[delivery.key] = await trial.reached()

    async with running(lambda: channel.run(inlet), "run"):
        for _ in range(2):
            contact = await trial.arrived(trial.visitor())
            lives.append(trial.deliveries(_life(inlet, contact)))
        async with anyio.create_task_group() as group:
            for life in lives:
                group.start_soon(tell, life)
        await settled(trial.settle_s)
        reached = await trial.reached()
        _in_order(reached, lives, at_once)
        for life in lives:
            for delivery in life:
                await trial.deliver(channel, msgspec.structs.replace(delivery, attempt=2))
        await settled(trial.settle_s)
    again = trial.make()
    keys = [delivery.key for life in lives for delivery in life]
    _each_once(await trial.reached(), keys, "what was taken under a key is not taken again")
    async with running(lambda: again.run(trial.inlet), "run"):
        for life in lives:
            for delivery in life:
                await trial.deliver(again, delivery)
        await settled(trial.settle_s)
    _each_once(await trial.reached(), keys, "what was taken under a key is not taken again after a restart")


def _in_order(reached: list[str], lives: list[list[Delivery]], at_once: dict[str, list[str]]) -> None:
    keys = [delivery.key for life in lives for delivery in life]
    if not set(keys) & set(reached):
        raise AssertionError("something of what becomes of a contact reaches the outside: nothing did")
    _each_once(reached, keys, "each delivery is taken once")
    for life in lives:
        expected = [delivery.key for delivery in life if delivery.key in reached]
        got = [key for key in reached if key in expected]
        if got != expected:
            raise AssertionError(f"the events of one contact get out in their order: expected {expected}, got {got}")
    for key in keys:
        if key in reached and key not in at_once[key]:
            raise AssertionError(f"deliver returns when the event was taken: {key} got out later")


_ALWAYS: Final = (_runs_until_cancelled, _runs_again, _takes_events, _is_cancelled_while_it_takes)
_WITH_OUTSIDE: Final = (
    _brings_in,
    _brings_in_once,
    _brings_in_though_cancelled,
    _goes_on_after_an_error,
    _tells_once_in_order,
)
