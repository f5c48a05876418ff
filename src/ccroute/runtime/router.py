"""The router: an engine in an application, with its journal, its history, its channels, and everybody who listens."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Final, TypeVar, final, overload

import anyio
from anyio.lowlevel import checkpoint

from ccroute.commands import AcceptOffer, Command, DeclineOffer, EnqueueContact
from ccroute.config import Config
from ccroute.customers.reception import Arrived, Reception
from ccroute.engine.engine import Engine
from ccroute.engine.explain import Explanation
from ccroute.engine.figures import StatisticsReport
from ccroute.engine.positions import Position
from ccroute.engine.statuses import AgentStatus, ContactStatus, QueueStatus
from ccroute.errors import OutOfRange, UnknownName, WrongType
from ccroute.events import Event, OfferMade
from ccroute.ports import Channel, Clock, CustomerDirectory, Handle, HistoryStore, Journal, PresenceSource
from ccroute.runtime.deliveries import Deliverer
from ccroute.runtime.health import Quarantined, RouterHealth, RouterState
from ccroute.runtime.inbox import Ticket
from ccroute.runtime.looking import health_of
from ccroute.runtime.policy import RouterPolicy
from ccroute.runtime.subscriptions import Choice, Subscription
from ccroute.types import Presence

if TYPE_CHECKING:
    from ccroute.customers.store import Customers
    from ccroute.runtime.life import Parts

__all__ = ["Router"]

COMMANDS_MAX: Final = 65_536
"""Most commands in one call of ``send_many``; they become one record."""

NO_CHANNELS: Final[Mapping[str, Channel]] = {}
NO_PRESENCE: Final[Mapping[str, PresenceSource]] = {}
_E = TypeVar("_E", bound=Event)
_T = TypeVar("_T")


@final
class Router:
    """An engine that lives: made by :meth:`open`, for the tasks of one event loop, asyncio's or trio's.

    What it tells is durable: a command's events are in the journal when ``send`` returns them, and before anybody hears
    of them. A task that is cancelled leaves nothing half done: its command happened wholly, or not at all. Other
    threads come by ``anyio.from_thread`` or ``asyncio.run_coroutine_threadsafe``; else they meet ``ConcurrentUse``.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts: Final = parts
        self._lane: Final = parts.inbox.lane("application", parts.policy.inbox_max)
        self.history: Final = parts.async_history
        """What was, and what was said; ``HistoryStore``'s methods, to be awaited."""
        self._reception: Final = Reception(
            self.send,
            parts.time,
            customers=parts.customers,
            directory=parts.directory,
            history=parts.history,
            policy=parts.policy.arrivals,
        )

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        config: Config | str | os.PathLike[str] | None = None,
        *,
        name: str = "engine",
        journal: Journal | None = None,
        history: HistoryStore | None = None,
        clock: Clock | None = None,
        channels: Mapping[str, Channel] = NO_CHANNELS,
        presence: Mapping[str, PresenceSource] = NO_PRESENCE,
        directory: CustomerDirectory | None = None,
        customers: Customers | None = None,
        policy: RouterPolicy | None = None,
        plugins: bool = False,
    ) -> AbstractAsyncContextManager[Router]:
        """Open a router for an ``async with``; when that ends, what is in the inbox is carried out and all is closed.

        :param path: of the journal's file; the history is in ``<path>-history``, deliveries that were given up in
            ``<path>-deliveries``. None: everything is in memory, or where ``journal`` and ``history`` are.
        :param config: a configuration, or the path of one. A new journal needs one; where its content differs from what
            is journalled it is applied as ``Configure``, and what is gone drains. Hours that are not resolved are, from
            the present on for 366 days.
        :param name: of the engine: in idempotency keys, and in a history that several engines share.
        :param journal: where there is no path; closed with the router.
        :param history: None: one of its own. One that is given is not closed.
        :param clock: None: the system's. One that has ``sleep_until`` is slept by, too.
        :param channels: what brings contacts in and is told what becomes of them, by the id of the channel.
        :param presence: what knows whether agents are there, by a name for it.
        :param directory: asked for what is known of a customer who arrives.
        :param customers: knows who is known by what. Its vault seals the history that the router opens.
        :param policy: bounds, pauses, limits of time.
        :param plugins: make channels of the configuration that have the name of an installed entry point.
        :raises InvalidArgument: an argument is not allowed, or the configuration has faults.
        :raises JournalError: the journal cannot be opened, or failed later.
        :raises StorageError: a file beside it cannot be opened.
        :raises PluginBroken: a channel cannot be made by the package that has it.
        """
        from ccroute.runtime.life import opened
        from ccroute.runtime.options import Options

        return opened(
            Options(
                path=path,
                config=config,
                name=name,
                journal=journal,
                history=history,
                clock=clock,
                channels=channels,
                presence=presence,
                directory=directory,
                customers=customers,
                policy=RouterPolicy() if policy is None else policy,
                plugins=plugins,
            )
        )

    def __repr__(self) -> str:
        return f"<Router {self.name!r}, {self.state}>"

    @property
    def name(self) -> str:
        """Return the name of the engine."""
        return self._parts.name

    @property
    def state(self) -> RouterState:
        """Return what the router does."""
        own = self._parts.state
        return RouterState.DRAINING if own is RouterState.RUNNING and self._parts.is_draining else own

    def now_us(self) -> int:
        """Return the router's time, microseconds since the Unix epoch; never less than before."""
        return self._parts.time.now_us()

    # ---- commands ----------------------------------------------------------------------------------------------

    async def send(self, command: Command, *, at_us: int | None = None) -> list[Event]:
        """Carry out a command and return what it caused: durable, and published.

        Waits for room in the inbox, then for the commit. What is refused gives ``CommandRefused``. Cancelled, the
        command happened wholly or not at all; with a ``command_id`` it may be sent again in either case.

        :param at_us: the moment for which it stands; one before the engine's present means the present. None: now.
        :raises InvalidArgument: the command can never be right. Nothing has moved.
        :raises RouterDraining: it is a new contact, and the router drains.
        :raises RouterClosed: the router has ended.
        :raises JournalError: the journal failed; whether the command happened shows when it is opened anew.
        """
        return await self._parts.send(self._lane, command, at_us)

    async def send_many(self, commands: Sequence[Command]) -> list[list[Event]]:
        """Carry out commands, all or none, at one moment and in one record, and return what each caused.

        :param commands: at most 65 536; no configuration. More than the inbox has room for wait until it is empty.
        :raises InvalidArgument: one can never be right. Nothing has moved.
        :raises RouterDraining: one is a new contact, and the router drains.
        :raises RouterClosed: as in ``send``.
        :raises JournalError: as in ``send``.
        """
        if not isinstance(commands, Sequence):
            raise WrongType("commands", commands, "a sequence of commands")
        some = tuple(commands)
        if len(some) > COMMANDS_MAX:
            raise OutOfRange("commands", len(some), f"at most {COMMANDS_MAX} commands")
        for command in some:
            self._parts.check(command)
        ticket = Ticket(some, many=True)
        answers: list[list[Event]] = await self._parts.answer(self._lane, ticket)
        return answers

    async def accept(self, offer: OfferMade | str) -> list[Event]:
        """Accept an offer, given as the event or by its id; ``CommandRefused`` where it is over."""
        return await self.send(AcceptOffer(offer_id=_offer_id(offer)))

    async def decline(
        self,
        offer: OfferMade | str,
        reason: str | None = None,
        *,
        cooldown: int | str | None = None,
        next_presence: Presence | None = None,
    ) -> list[Event]:
        """Decline an offer; see ``DeclineOffer``."""
        return await self.send(
            DeclineOffer(offer_id=_offer_id(offer), reason=reason, cooldown=cooldown, next_presence=next_presence)
        )

    async def arrive(self, command: EnqueueContact, handle: Handle | None = None) -> Arrived:
        """Enqueue a contact with what is known of its customer, as far as it is known in time; see ``Reception``.

        :param handle: what the customer came by; None: nobody knows.
        :raises CcrouteError: what ``send`` raises; the contact is not inside then.
        """
        if type(command) is not EnqueueContact:
            raise WrongType("command", command, "an EnqueueContact")
        return await self._reception.arrive(command, handle)

    # ---- listening ---------------------------------------------------------------------------------------------

    def offers(
        self, *, agent_id: str | None = None, queue_id: str | None = None, backlog_max: int | None = None
    ) -> Subscription[OfferMade]:
        """Hear offers: at first those that stand, then each that is made. One that is over is not told any more.

        :param agent_id: those to this agent only.
        :param queue_id: those of contacts of this queue only.
        :param backlog_max: how many may wait, 1 to 1 000 000; None: as the policy says.
        """
        choice = Choice(agent_id=agent_id, queue_id=queue_id, kinds=(OfferMade,))
        return Subscription(self._parts.hub, choice, backlog_max=self._backlog(backlog_max), standing=True)

    @overload
    def events(
        self,
        *,
        agent_id: str | None = None,
        queue_id: str | None = None,
        contact_id: str | None = None,
        kinds: Sequence[type[_E]] | Set[type[_E]],
        after_seq: int | None = None,
        backlog_max: int | None = None,
    ) -> Subscription[_E]: ...

    @overload
    def events(
        self,
        *,
        agent_id: str | None = None,
        queue_id: str | None = None,
        contact_id: str | None = None,
        kinds: Sequence[type[Event]] | Set[type[Event]] | None = None,
        after_seq: int | None = None,
        backlog_max: int | None = None,
    ) -> Subscription[Event]: ...

    def events(
        self,
        *,
        agent_id: str | None = None,
        queue_id: str | None = None,
        contact_id: str | None = None,
        kinds: Sequence[type[Event]] | Set[type[Event]] | None = None,
        after_seq: int | None = None,
        backlog_max: int | None = None,
    ) -> Subscription[Any]:
        """Hear what happens. All that is given must hold; without any, everything is heard.

        :param agent_id: what is about this agent.
        :param queue_id: what is about this queue, or a contact that is in it.
        :param contact_id: what is about this contact.
        :param kinds: classes of events.
        :param after_seq: begin behind this event, from the journal; None: with the next one.
        :param backlog_max: how many may wait, 1 to 1 000 000; None: as the policy says.
        """
        choice = Choice(agent_id=agent_id, queue_id=queue_id, contact_id=contact_id, kinds=kinds)
        return Subscription(self._parts.hub, choice, backlog_max=self._backlog(backlog_max), after_seq=after_seq)

    def _backlog(self, backlog_max: int | None) -> int:
        return self._parts.policy.backlog_max if backlog_max is None else backlog_max

    # ---- questions ---------------------------------------------------------------------------------------------

    async def ask(self, question: Callable[[Engine], _T]) -> _T:
        """Return what a function says of the engine, asked between commands; all it may have seen is durable by then.

        It is to ask, not to tell: one that gives the engine a command, or moves its time, ends the router. Keep it
        short: nothing else happens meanwhile. What it raises is raised here.

        :raises RouterClosed: the router has ended.
        :raises JournalError: the router has failed.
        """
        if not callable(question):
            raise WrongType("question", question, "a function of the engine")
        answer: _T = await self._parts.answer(self._lane, Ticket((), many=False, question=question))
        return answer

    async def contact(self, contact_id: str) -> ContactStatus | None:
        """Return how a contact is; None: it is not inside any more, and not retained."""
        return await self.ask(lambda engine: engine.contact(contact_id))

    async def agent(self, agent_id: str) -> AgentStatus | None:
        """Return how an agent is; None: there is none of this id."""
        return await self.ask(lambda engine: engine.agent(agent_id))

    async def queue(self, queue_id: str) -> QueueStatus | None:
        """Return how a queue is; None: there is none of this id."""
        return await self.ask(lambda engine: engine.queue(queue_id))

    async def position(self, contact_id: str) -> Position | None:
        """Return how many contacts come first; None: it does not wait."""
        return await self.ask(lambda engine: engine.position(contact_id))

    async def explain(self, contact_id: str) -> Explanation | None:
        """Return why a contact waits; None: it is not inside."""
        return await self.ask(lambda engine: engine.explain(contact_id))

    async def statistics(
        self,
        *,
        queue_id: str | None = None,
        channel: str | None = None,
        skill: str | None = None,
        agent_id: str | None = None,
        series: bool = False,
    ) -> StatisticsReport:
        """Return figures of all, of a queue, a channel, a skill or an agent; see ``Engine.statistics``."""
        return await self.ask(
            lambda engine: engine.statistics(
                queue_id=queue_id, channel=channel, skill=skill, agent_id=agent_id, series=series
            )
        )

    # ---- life --------------------------------------------------------------------------------------------------

    def health(self) -> RouterHealth:
        """Return how the router is; asks nobody and waits for nobody."""
        return health_of(self._parts, self.state)

    async def quarantined(self, channel: str | None = None) -> list[Quarantined]:
        """Return the deliveries that were given up, in the order in which they were, channel by channel.

        :param channel: those of this channel only.
        """
        await checkpoint()
        parts = self._parts
        given_up = [one for deliverer in parts.deliverers.values() for one in deliverer.quarantined.values()]
        return [one.shown() for one in (*given_up, *parts.left_over) if channel in (None, one.channel)]

    async def retry(self, key: str) -> None:
        """Have a delivery in quarantine tried again, behind what waits for its contact; ``quarantined`` tells whether.

        :raises UnknownName: there is none of this key, or its channel is not there.
        """
        for deliverer in self._holding(key):
            await deliverer.has_begun.wait()
            # Somebody may have discarded it meanwhile.
            if key in deliverer.quarantined:
                deliverer.retry(key)

    async def discard(self, key: str) -> None:
        """Let a delivery in quarantine go.

        :raises UnknownName: there is none of this key, or its channel is not there.
        :raises StorageError: it could not be written down.
        """
        parts = self._parts
        for deliverer in self._holding(key):
            one = deliverer.quarantined[key]
            await parts.threads.run(
                lambda one=one: parts.quarantine.remove(one.channel, key),  # type: ignore[misc]
                blocks=parts.quarantine_blocks,
            )
            deliverer.quarantined.pop(key, None)

    def _holding(self, key: str) -> list[Deliverer]:
        if type(key) is not str:
            raise WrongType("key", key, "a str")
        holding = [one for one in self._parts.deliverers.values() if key in one.quarantined]
        if not holding:
            raise UnknownName("key", key, "the key of a delivery in quarantine")
        return holding

    async def drain(self) -> None:
        """Take no new contacts, and return when nothing is inside any more; then the context may end.

        Contacts that wait for a moment, such as callbacks, are inside. Cancelled, it goes on draining.

        :raises RouterClosed: the router has ended.
        :raises JournalError: the router has failed.
        """
        self._parts.is_draining = True
        owner = self._parts.owner
        while True:
            # Before it is asked, so that nothing that moves behind the answer is missed.
            if owner.moved.is_set():
                owner.moved = anyio.Event()
            moved = owner.moved
            if not await self.ask(_inside):
                return
            await moved.wait()


def _inside(engine: Engine) -> int:
    return engine.counters().inside


def _offer_id(offer: OfferMade | str) -> str:
    return offer.offer_id if isinstance(offer, OfferMade) else offer
