"""The people of the demonstration: simulated customers and agents, who use the chat as browsers do.

A customer comes, says what it came for, answers each answer, and goes when nobody comes in time. An agent is available,
reads, answers, finishes, and takes a break now and then; people may chat with it, too. All of it takes time of the
router's clock, so that tests may let an hour pass at once.
"""

from __future__ import annotations

import itertools
import random
from typing import Final, final

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from ccroute import AcceptOffer, CcrouteError, CompleteContact, EndWrapUp, OfferMade, Presence, SetPresence
from ccroute.channels.webchat_protocol import (
    ChatPhase,
    End,
    Hello,
    Invited,
    Join,
    Joined,
    Left,
    Party,
    Ping,
    Post,
    Posted,
    Status,
    Typing,
)
from ccroute.customers import handle
from desk.customer_chat import ACCOUNT
from desk.demo import ADA, SIMULATED_AGENTS, TOPICS, Caller, callers, record_of
from desk.house import House
from desk.wires import Wire

__all__ = ["furnish", "run_demo"]

CUSTOMERS_MAX: Final = 40
"""Simulated customers at a time; those beyond do not come."""

_US: Final = 1_000_000
_PING_US: Final = 30 * _US
_KIND: Final = "demo"
_SMALL_TALK: Final = (
    "Hello! What can I do for you?",
    "I see. Let me look that up.",
    "Could you tell me a little more?",
    "I have noted it; we will take care of it.",
    "Is there anything else?",
    "Thank you for your patience. Goodbye!",
)
"""What a simulated agent says to people who stand in no script."""


def furnish(house: House) -> None:
    """Make known who has an account in the demonstration; blocks."""
    found = house.customers.find_or_create(handle(ACCOUNT, "ada"))
    house.customers.remember(found.identity_id, ADA)


async def run_demo(house: House, seed: int, speed: float) -> None:
    """Let simulated customers come, and simulated agents serve them, until cancelled."""
    pace = _Pace(house, speed)
    async with anyio.create_task_group() as group:
        for agent_id in SIMULATED_AGENTS:
            if agent_id in house.plan.config.agents:
                group.start_soon(_Agent(house, pace, agent_id, seed).run)
        inside = anyio.CapacityLimiter(CUSTOMERS_MAX)
        for caller in callers(seed):
            await pace.pause(caller.after_us)
            if inside.available_tokens >= 1:
                group.start_soon(_come, house, pace, caller, inside)


@final
class _Pace:
    """How time passes for them."""

    def __init__(self, house: House, speed: float) -> None:
        self._house = house
        self._speed = speed

    async def pause(self, span_us: int) -> None:
        await self._house.sleep(int(span_us / self._speed))

    async def ping(self, wire: Wire) -> None:
        """Show now and then that one is there."""
        while True:
            await self.pause(_PING_US)
            wire.say(Ping())


# ---- customers -------------------------------------------------------------------------------------------------


async def _come(house: House, pace: _Pace, caller: Caller, inside: anyio.CapacityLimiter) -> None:
    async with inside:
        try:
            token = await _begin(house, caller)
        except CcrouteError:  # the house is about to close, or the disk is full: this one does not come
            return
        wire = Wire()
        async with anyio.create_task_group() as group:
            group.start_soon(house.chat.serve, wire)
            group.start_soon(pace.ping, wire)
            await _Customer(pace, caller, wire).talk(token, group)
            group.cancel_scope.cancel()


async def _begin(house: House, caller: Caller) -> str:
    def identify() -> str:
        found = house.customers.find_or_create(handle(_KIND, str(caller.customer)))
        if found.is_new:
            house.customers.remember(found.identity_id, record_of(caller))
        return found.identity_id

    opened = await house.chat.open_session(customer_id=await to_thread.run_sync(identify))
    conversation_id = opened.session.conversation_id
    now_us = house.router.now_us()
    await to_thread.run_sync(house.topics.put, conversation_id, caller.topic.queue_id, now_us)
    return opened.token


@final
class _Customer:
    def __init__(self, pace: _Pace, caller: Caller, wire: Wire) -> None:
        self._pace = pace
        self._caller = caller
        self._wire = wire
        self._phase = ChatPhase.BOT
        self._said = 0

    async def talk(self, token: str, group: TaskGroup) -> None:
        """Say the lines, one after each answer, until the conversation is over."""
        self._wire.say(Hello(token=token))
        self._say()
        group.start_soon(self._lose_patience)
        while (frame := await self._wire.hear()) is not None:
            if isinstance(frame, Joined | Status):
                self._phase = frame.phase
                if self._phase is ChatPhase.OVER:
                    return
            elif isinstance(frame, Posted) and frame.party is Party.AGENT:
                group.start_soon(self._answer)

    async def _answer(self) -> None:
        if self._said >= len(self._caller.topic.lines):
            return
        self._wire.say(Typing(is_typing=True))
        await self._pace.pause(self._caller.think_us[self._said - 1])
        self._say()

    def _say(self) -> None:
        line = self._caller.topic.lines[self._said]
        self._wire.say(Post(client_id=f"line-{self._said}", body=line))
        self._said += 1

    async def _lose_patience(self) -> None:
        await self._pace.pause(self._caller.patience_us)
        if self._phase is not ChatPhase.ACTIVE:
            self._wire.say(End())


# ---- agents ----------------------------------------------------------------------------------------------------


@final
class _Agent:
    def __init__(self, house: House, pace: _Pace, agent_id: str, seed: int) -> None:
        self._house = house
        self._pace = pace
        self._agent_id = agent_id
        self._chance = random.Random(f"{seed}:{agent_id}")
        self._wire = Wire()
        self._talks: dict[str, _Talk] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._house.chat.serve_agent, self._wire, self._agent_id)
            group.start_soon(self._pace.ping, self._wire)
            group.start_soon(self._be_there)
            group.start_soon(self._take_offers, group)
            self._wire.say(Hello())
            while (frame := await self._wire.hear()) is not None:
                self._heed(frame, group)

    def _heed(self, frame: object, group: TaskGroup) -> None:
        if isinstance(frame, Invited) and frame.conversation_id not in self._talks:
            talk = self._talks[frame.conversation_id] = _Talk(frame.conversation_id, frame.contact_id)
            self._wire.say(Join(conversation_id=frame.conversation_id))
            group.start_soon(self._serve, talk)
        elif isinstance(frame, Left) and frame.conversation_id in self._talks:
            self._talks.pop(frame.conversation_id).scope.cancel()
        elif isinstance(frame, Posted) and frame.party is Party.CUSTOMER and frame.conversation_id in self._talks:
            self._talks[frame.conversation_id].hear(frame.body)

    async def _be_there(self) -> None:
        for label in itertools.cycle(("coffee", "lunch", "training")):
            await self._set(Presence.AVAILABLE, None)
            await self._pause(150, 420)
            await self._set(Presence.AWAY, label)
            await self._pause(20, 45)

    async def _set(self, presence: Presence, label: str | None) -> None:
        command = SetPresence(
            agent_id=self._agent_id,
            presence=presence,
            label=label,
            next_=presence is Presence.AWAY,
            actor=self._agent_id,
        )
        await self._house.router.send(command)

    async def _take_offers(self, group: TaskGroup) -> None:
        async with self._house.router.offers(agent_id=self._agent_id) as offers:
            async for offer in offers:
                group.start_soon(self._take, offer)

    async def _take(self, offer: OfferMade) -> None:
        await self._pause(1, 4)
        await self._house.router.send(AcceptOffer(offer_id=offer.offer_id, actor=self._agent_id))

    async def _serve(self, talk: _Talk) -> None:
        with talk.scope:
            for number in itertools.count():
                await talk.wait()
                answers = talk.answers
                self._wire.say(Typing(conversation_id=talk.conversation_id, is_typing=True))
                await self._pause(2, 6)
                body = answers[min(number, len(answers) - 1)]
                client_id = f"{self._agent_id[:16]}-{number}-{self._chance.randrange(10**9)}"
                self._wire.say(Post(client_id=client_id, body=body, conversation_id=talk.conversation_id))
                if number >= len(answers) - 1:
                    break
            await self._pause(1, 3)
            await self._finish(talk)

    async def _finish(self, talk: _Talk) -> None:
        done = CompleteContact(
            contact_id=talk.contact_id,
            agent_id=self._agent_id,
            disposition=talk.disposition,
            actor=self._agent_id,
        )
        await self._house.router.send(done)
        await self._pause(4, 12)
        end = EndWrapUp(contact_id=talk.contact_id, agent_id=self._agent_id, actor=self._agent_id)
        await self._house.router.send(end)

    async def _pause(self, from_s: float, to_s: float) -> None:
        await self._pace.pause(int(self._chance.uniform(from_s, to_s) * _US))


@final
class _Talk:
    """A conversation that an agent is in."""

    def __init__(self, conversation_id: str, contact_id: str) -> None:
        self.conversation_id: Final = conversation_id
        self.contact_id: Final = contact_id
        self.scope: Final = anyio.CancelScope()
        self.answers: tuple[str, ...] = _SMALL_TALK
        self.disposition = "solved"
        self._has_heard = False
        self._heard = anyio.Event()

    def hear(self, body: str) -> None:
        """Take what the customer says; the first line tells what it is about."""
        topic = next((one for one in TOPICS if one.lines[0] == body), None)
        if topic is not None and not self._has_heard:
            self.answers, self.disposition = topic.answers, topic.disposition
        self._has_heard = True
        self._heard.set()

    async def wait(self) -> None:
        """Return when the customer has said something since."""
        await self._heard.wait()
        self._heard = anyio.Event()
