"""The room of agents: where they say that they are there, take offers, work, hand over and finish.

A page hears of everything over one WebSocket, which tells the whole state after each change, so that a page that comes
back has missed nothing. What it wants done goes over HTTP. The chat itself has a socket of its own, see
``desk.customer_chat``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, final

import anyio

from ccroute import (
    AcceptOffer,
    AgentLost,
    CcrouteError,
    CompleteContact,
    Config,
    ContactStatus,
    DeclineOffer,
    EndWrapUp,
    Engine,
    Event,
    ExtendWrapUp,
    Heartbeat,
    HoldContact,
    LegEnd,
    LegEnded,
    Note,
    OfferExpired,
    OfferRescinded,
    PastContact,
    ResumeContact,
    Router,
    SetPresence,
    SubscriptionLagged,
    TransferContact,
)
from desk.agent_shapes import (
    AgentTarget,
    CannedAnswers,
    Card,
    Complete,
    Decline,
    Directory,
    ExtendMyWrapUp,
    Happened,
    NewNote,
    Notice,
    QueueTarget,
    SetMyPresence,
    Story,
    TimelineQuestion,
    Transfer,
)
from desk.agent_view import customers_of, holds, state_of
from desk.calls import Access, Call, Done, Operation, Room, SocketDoor, Visit, getting, posting
from desk.faults import fault
from desk.naming import Naming
from desk.pings import answer_pings, frame_of
from desk.stories import Stories
from desk.telling import as_fault, ask, tell

__all__ = ["AgentRoom"]

HEARTBEAT_US: Final = 4_000_000
"""An agent's pages may ping more often; the engine is told no more often than this."""
_ENTRY_ID_LENGTH_MAX: Final = 64
_ROWS_MAX: Final = 1_000
_QUIET: Final = {LegEnd.COMPLETED, LegEnd.TRANSFERRED, LegEnd.LEFT, LegEnd.JOINED}
"""Ends of work that an agent does not wonder about."""

_post = partial(posting, access=Access.AGENT, faults=("refused", "bad_request", "not_found"))
_get = partial(getting, access=Access.AGENT, faults=("bad_request",))


@final
class AgentRoom:
    """The operations and the socket of agents."""

    def __init__(self, router: Router, config: Config, stories: Stories, naming: Naming, canned: CannedAnswers) -> None:
        self._router = router
        self._config = config
        self._stories = stories
        self._naming = naming
        self._canned = canned
        self._beaten_at_us: dict[str, int] = {}

    def room(self) -> Room:
        """Return the room."""
        return Room(
            name="agent",
            about="What agents do: be there, take offers, work, hand over, finish.",
            operations=tuple(self._operations()),
            sockets=(SocketDoor(path="/api/agent/socket", name="agent", handle=self._talk, access=Access.AGENT),),
        )

    def _operations(self) -> list[Operation]:
        contact = "/api/agent/contacts/{contact_id}"
        return [
            _post("/api/agent/presence", "set_presence", "Say where one is.", self._presence, SetMyPresence),
            _post("/api/agent/offers/{offer_id}/accept", "accept_offer", "Take an offer.", self._accept),
            _post("/api/agent/offers/{offer_id}/decline", "decline_offer", "Let an offer go.", self._decline, Decline),
            _post(f"{contact}/hold", "hold", "Put a contact on hold.", self._of_own(HoldContact)),
            _post(f"{contact}/resume", "resume", "Take a contact off hold.", self._of_own(ResumeContact)),
            _post(f"{contact}/complete", "complete", "The work is done; wrap-up begins.", self._complete, Complete),
            _post(f"{contact}/wrap-up/end", "end_wrap_up", "The wrap-up is done.", self._of_own(EndWrapUp)),
            _post(f"{contact}/wrap-up/extend", "extend_wrap_up", "Have more time.", self._extend, ExtendMyWrapUp),
            _post(f"{contact}/transfer", "transfer", "Give a contact to somebody else.", self._transfer, Transfer),
            _post(f"{contact}/notes", "add_note", "Note something for colleagues.", self._note, NewNote),
            _get(contact, "story", "Tell a contact and what was said.", self._story, Story),
            _get(f"{contact}/card", "card", "Tell who the customer is.", self._card, Card),
            _get(
                f"{contact}/timeline",
                "timeline",
                "Tell what happened with this customer, newest first.",
                self._timeline,
                Happened,
                TimelineQuestion,
            ),
            _get(
                "/api/agent/directory", "directory", "Tell whom contacts may be given to.", self._directory, Directory
            ),
            _get("/api/agent/canned", "canned", "Tell what is said often.", self._canned_answers, CannedAnswers),
        ]

    # ---- what agents do ----------------------------------------------------------------------------------------

    async def _presence(self, call: Call) -> Done:
        wanted = call.body_as(SetMyPresence)
        agent_id = call.agent_id
        command = SetPresence(
            agent_id=agent_id, presence=wanted.presence, label=wanted.label, next_=wanted.when_done, actor=agent_id
        )
        await tell(self._router, command)
        return Done()

    async def _accept(self, call: Call) -> Done:
        offer_id = await self._offer_of(call)
        await tell(self._router, AcceptOffer(offer_id=offer_id, actor=call.agent_id))
        return Done()

    async def _decline(self, call: Call) -> Done:
        offer_id = await self._offer_of(call)
        reason = call.body_as(Decline).reason
        await tell(self._router, DeclineOffer(offer_id=offer_id, reason=reason, actor=call.agent_id))
        return Done()

    async def _offer_of(self, call: Call) -> str:
        """Return the offer of the path, which is this agent's, or over."""
        offer_id = call.part("offer_id")
        offer = await ask(self._router, lambda engine: engine.offer(offer_id))
        if offer is not None and offer.agent_id != call.agent_id:
            raise fault("not_found")
        return offer_id

    def _of_own(self, kind: type[HoldContact | ResumeContact | EndWrapUp]) -> Callable[[Call], Awaitable[Done]]:
        """Return what tells the engine one thing of the agent's own work on a contact, which needs no more words."""

        async def handle(call: Call) -> Done:
            agent_id = call.agent_id
            await tell(self._router, kind(contact_id=call.part("contact_id"), agent_id=agent_id, actor=agent_id))
            return Done()

        return handle

    async def _complete(self, call: Call) -> Done:
        command = CompleteContact(
            contact_id=call.part("contact_id"),
            agent_id=call.agent_id,
            disposition=call.body_as(Complete).disposition,
            actor=call.agent_id,
        )
        await tell(self._router, command)
        return Done()

    async def _extend(self, call: Call) -> Done:
        command = ExtendWrapUp(
            contact_id=call.part("contact_id"),
            agent_id=call.agent_id,
            wrap_up_us=call.body_as(ExtendMyWrapUp).by_us,
            actor=call.agent_id,
        )
        await tell(self._router, command)
        return Done()

    async def _transfer(self, call: Call) -> Done:
        wanted = call.body_as(Transfer)
        if (wanted.to_queue is None) == (wanted.to_agent is None):
            raise fault("bad_request", "Exactly one of to_queue and to_agent must be given.")
        command = TransferContact(
            contact_id=call.part("contact_id"),
            agent_id=call.agent_id,
            to_queue=wanted.to_queue,
            to_agent=wanted.to_agent,
            mode=wanted.mode,
            actor=call.agent_id,
        )
        await tell(self._router, command)
        return Done()

    async def _note(self, call: Call) -> Done:
        noted = call.body_as(NewNote)
        contact = await self._served(call)
        if not 1 <= len(noted.entry_id) <= _ENTRY_ID_LENGTH_MAX or not noted.body.strip():
            raise fault("bad_request", f"A note has an id of 1 to {_ENTRY_ID_LENGTH_MAX} characters, and a text.")
        note = Note(
            entry_id=f"note:{contact.contact_id}:{call.agent_id}:{noted.entry_id}",
            at_us=self._router.now_us(),
            contact_id=contact.contact_id,
            customer_id=contact.customer_id,
            conversation_id=contact.conversation_id,
            agent_id=call.agent_id,
            body=noted.body,
        )
        try:
            await self._router.history.add(note)
        except CcrouteError as error:
            raise as_fault(error) from error
        return Done()

    # ---- what agents know --------------------------------------------------------------------------------------

    async def _own(self, call: Call) -> str:
        """Return the contact of the path, which is in the agent's hands, or offered to it."""
        contact_id = call.part("contact_id")
        if not await ask(self._router, holds(call.agent_id, contact_id)):
            raise fault("not_found")
        return contact_id

    async def _served(self, call: Call) -> ContactStatus | PastContact:
        """Return the contact of the path, which is in the agent's hands or offered to it, or was in its hands."""
        contact_id, agent_id = call.part("contact_id"), call.agent_id
        found: ContactStatus | PastContact | None = None
        if await ask(self._router, holds(agent_id, contact_id)):
            found = await ask(self._router, lambda engine: engine.contact(contact_id))
        if found is None:
            # A wrap-up ends while a note is written.
            found = await self._stories.served(agent_id, contact_id)
        if found is None:
            raise fault("not_found")
        return found

    async def _customer(self, call: Call) -> str | None:
        contact_id = await self._own(call)
        contact = await ask(self._router, lambda engine: engine.contact(contact_id))
        return None if contact is None else contact.customer_id

    async def _story(self, call: Call) -> Story:
        return await self._stories.story(await self._own(call))

    async def _card(self, call: Call) -> Card:
        return await self._stories.card(await self._customer(call))

    async def _timeline(self, call: Call) -> Happened:
        return await self._stories.happened(await self._customer(call), call.query_as(TimelineQuestion).cursor)

    async def _directory(self, call: Call) -> Directory:
        own = call.agent_id

        def look(engine: Engine) -> Directory:
            agents = [
                AgentTarget(agent_id=one.agent_id, shown_name=self._naming.agent(one.agent_id), presence=one.presence)
                for one in engine.agents(limit=_ROWS_MAX)
                if one.agent_id != own
            ]
            return Directory(
                queues=[
                    QueueTarget(queue_id=one.queue_id, waiting=one.waiting) for one in engine.queues(limit=_ROWS_MAX)
                ],
                agents=sorted(agents, key=lambda one: (one.shown_name, one.agent_id)),
            )

        return await ask(self._router, look)

    async def _canned_answers(self, _: Call) -> CannedAnswers:
        return self._canned

    # ---- the socket --------------------------------------------------------------------------------------------

    async def _talk(self, visit: Visit) -> None:
        assert visit.session is not None
        agent_id = visit.session.user.agent_id
        assert agent_id is not None
        async with anyio.create_task_group() as group:
            news = _News()
            group.start_soon(self._hear, agent_id, news, visit)
            group.start_soon(self._show, agent_id, news, visit)
            await answer_pings(visit, self._router.now_us, partial(self.beat, agent_id))
            group.cancel_scope.cancel()

    async def beat(self, agent_id: str) -> None:
        """Take a sign of life of an agent, from whichever page."""
        agent = self._config.agents.get(agent_id)
        if agent is None or agent.lease_us is None:
            return  # the engine does not ask, and the journal would only grow
        now_us = self._router.now_us()
        if now_us - self._beaten_at_us.get(agent_id, 0) >= HEARTBEAT_US:
            self._beaten_at_us[agent_id] = now_us
            await tell(self._router, Heartbeat(agent_id=agent_id, actor=agent_id))

    async def _hear(self, agent_id: str, news: _News, visit: Visit) -> None:
        while True:
            try:
                async with self._router.events(agent_id=agent_id) as events:
                    # The state behind the beginning of the subscription has all that came before.
                    news.come()
                    async for event in events:
                        news.come()
                        if (notice := notice_of(event)) is not None:
                            await visit.send(frame_of(notice))
            except SubscriptionLagged:  # the state is told whole, so that nothing is missed
                continue

    async def _show(self, agent_id: str, news: _News, visit: Visit) -> None:
        while True:
            await news.wait()
            await self._naming.learn(await self._router.ask(customers_of(agent_id)))
            state = await self._router.ask(state_of(agent_id, self._config, self._naming, self._router.now_us))
            if state is None:
                await visit.close(4403, "no_agent")
                return
            await visit.send(frame_of(state))


class _News:
    """That something has changed since one looked; however often, one look is enough."""

    def __init__(self) -> None:
        self._came = anyio.Event()

    def come(self) -> None:
        self._came.set()

    async def wait(self) -> None:
        await self._came.wait()
        self._came = anyio.Event()


def notice_of(event: Event) -> Notice | None:
    """Return what an agent should notice of an event that is about it; None: nothing that it has not done itself."""
    match event:
        case OfferExpired():
            text = "You did not answer an offer in time."
            return Notice(kind="offer_lost", contact_id=event.contact_id, reason="expired", text=text)
        case OfferRescinded():
            text = "An offer was taken back."
            return Notice(kind="offer_lost", contact_id=event.contact_id, reason=event.reason.value, text=text)
        case LegEnded() if event.reason not in _QUIET:
            text = "A contact is no longer yours."
            return Notice(kind="contact_lost", contact_id=event.contact_id, reason=event.reason.value, text=text)
        case AgentLost():
            text = "Nothing was heard of this page for too long: you get no contacts until you are available again."
            return Notice(kind="agent_lost", reason="lease", text=text)
    return None
