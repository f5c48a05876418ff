"""The room of supervisors: the board, the question why a contact waits, and stepping in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, final

import anyio

from ccroute import (
    AssignAs,
    AssignContact,
    ChangeContact,
    Config,
    ContactPatch,
    ContactState,
    Engine,
    ExpediteContact,
    Ignorable,
    OpenQueue,
    PauseQueue,
    RequeueContact,
    Router,
    SetPresence,
    SubscriptionLagged,
)
from desk.agent_shapes import Story
from desk.board import board_of, people_on, why
from desk.calls import Access, Call, Done, Operation, Room, SocketDoor, Visit, getting, posting
from desk.faults import fault
from desk.naming import Naming
from desk.pings import answer_pings, frame_of
from desk.stories import Stories
from desk.supervisor_shapes import Assign, Server, SetTheirPresence, TakeOver, Why
from desk.telling import ask, tell, tell_all

__all__ = ["SupervisorRoom"]

PAUSE_S: Final = 0.25
"""Boards are told no more often than this."""
ANYWAY_S: Final = 5.0
"""A board is told after this, even where nothing has happened: waits have grown."""
_TIER_MAX: Final = 2**31 - 1

_post = partial(posting, access=Access.SUPERVISOR, faults=("refused", "no_agent", "bad_request"))
_get = partial(getting, access=Access.SUPERVISOR)


@final
class SupervisorRoom:
    """The operations and the socket of supervisors. The board is made once for all who watch."""

    def __init__(
        self,
        router: Router,
        config: Config,
        stories: Stories,
        naming: Naming,
        server: Callable[[], Awaitable[Server]],
        beat: Callable[[str], Awaitable[None]],
    ) -> None:
        """Take who knows.

        :param beat: takes a sign of life of an agent: who looks at the board is there for the own chats, too.
        """
        self._router = router
        self._config = config
        self._stories = stories
        self._naming = naming
        self._server = server
        self._beat = beat
        self._taking = anyio.Lock()
        self._watching = 0
        self._wanted = anyio.Event()
        self._board = ""
        self._news = anyio.Event()

    def room(self) -> Room:
        """Return the room."""
        return Room(
            name="supervisor",
            about="What supervisors do: see everything, ask why, step in.",
            operations=tuple(self._operations()),
            sockets=(
                SocketDoor(
                    path="/api/supervisor/socket",
                    name="supervisor",
                    handle=self._talk,
                    access=Access.SUPERVISOR,
                ),
            ),
            tasks=(self._make_boards,),
        )

    def _operations(self) -> list[Operation]:
        contact = "/api/supervisor/contacts/{contact_id}"
        queue = "/api/supervisor/queues/{queue_id}"
        return [
            _get(contact, "any_story", "Tell a contact and what was said.", self._story, Story),
            _get(f"{contact}/why", "why", "Tell why a contact is where it is.", self._why, Why),
            _post(f"{contact}/assign", "assign", "Give a waiting contact to an agent.", self._assign, Assign),
            _post(f"{contact}/take-over", "take_over", "Take a contact into one's hands.", self._take_over, TakeOver),
            _post(f"{contact}/expedite", "expedite", "Take the next step of its plan now.", self._expedite),
            _post(f"{contact}/to-front", "to_front", "Serve a waiting contact before all others.", self._to_front),
            _post(f"{queue}/pause", "pause_queue", "Make no offers from a queue.", self._pause),
            _post(f"{queue}/open", "open_queue", "Make offers from a queue again.", self._open),
            _post(
                "/api/supervisor/agents/{agent_id}/presence",
                "set_their_presence",
                "Say where an agent is.",
                self._presence,
                SetTheirPresence,
            ),
        ]

    # ---- looking -----------------------------------------------------------------------------------------------

    async def _story(self, call: Call) -> Story:
        return await self._stories.story(call.part("contact_id"))

    async def _why(self, call: Call) -> Why:
        found = await ask(self._router, why(call.part("contact_id"), self._naming))
        if found is None:
            raise fault("not_found")
        return found

    # ---- stepping in -------------------------------------------------------------------------------------------

    async def _assign(self, call: Call) -> Done:
        wanted = call.body_as(Assign)
        command = AssignContact(
            contact_id=call.part("contact_id"),
            agent_id=wanted.agent_id,
            as_=wanted.as_,
            ignoring=wanted.ignoring,
            actor=call.who.user.name,
        )
        await tell(self._router, command)
        return Done()

    async def _take_over(self, call: Call) -> Done:
        """Take a contact, whether it waits or somebody else has it; the user need not be available for that."""
        # One after the other: what is looked at still holds when it is taken.
        async with self._taking:
            await self._take(call)
        return Done()

    async def _take(self, call: Call) -> None:
        contact_id, mine, actor = call.part("contact_id"), call.agent_id, call.who.user.name
        seen = call.body_as(TakeOver).agents
        contact = await ask(self._router, lambda engine: engine.contact(contact_id))
        if contact is None:
            raise fault("not_found")
        taken = AssignContact(
            contact_id=contact_id, agent_id=mine, as_=AssignAs.ACTIVE, ignoring=list(Ignorable), actor=actor
        )
        is_served = contact.state is ContactState.ACTIVE
        if is_served and seen is not None and sorted(seen) != sorted(contact.agents):
            raise fault("refused", "Somebody else has it by now.")
        if is_served and mine not in contact.agents:
            # At one moment, so that nobody can accept it in between.
            await tell_all(self._router, [RequeueContact(contact_id=contact_id, actor=actor), taken])
        else:
            await tell(self._router, taken)

    async def _expedite(self, call: Call) -> Done:
        await tell(self._router, ExpediteContact(contact_id=call.part("contact_id"), actor=call.who.user.name))
        return Done()

    async def _to_front(self, call: Call) -> Done:
        tier = min(_TIER_MAX, 1 + await ask(self._router, _highest_tier))
        command = ChangeContact(
            contact_id=call.part("contact_id"), patch=ContactPatch(tier=tier), actor=call.who.user.name
        )
        await tell(self._router, command)
        return Done()

    async def _pause(self, call: Call) -> Done:
        await tell(self._router, PauseQueue(queue_id=await self._queue(call), actor=call.who.user.name))
        return Done()

    async def _open(self, call: Call) -> Done:
        await tell(self._router, OpenQueue(queue_id=await self._queue(call), actor=call.who.user.name))
        return Done()

    async def _queue(self, call: Call) -> str:
        queue_id = call.part("queue_id")
        if await ask(self._router, lambda engine: engine.queue(queue_id)) is None:
            raise fault("not_found")
        return queue_id

    async def _presence(self, call: Call) -> Done:
        wanted = call.body_as(SetTheirPresence)
        command = SetPresence(
            agent_id=call.part("agent_id"),
            presence=wanted.presence,
            label=wanted.label,
            actor=call.who.user.name,
        )
        await tell(self._router, command)
        return Done()

    # ---- the board ---------------------------------------------------------------------------------------------

    async def _talk(self, visit: Visit) -> None:
        agent_id = None if visit.session is None else visit.session.user.agent_id
        beat = None if agent_id is None else partial(self._beat, agent_id)
        self._watching += 1
        self._wanted.set()
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._show, visit)
                await answer_pings(visit, self._router.now_us, beat)
                group.cancel_scope.cancel()
        finally:
            self._watching -= 1

    async def _show(self, visit: Visit) -> None:
        # A slow visitor is told the newest board, and never those that it has missed.
        while True:
            news, board = self._news, self._board
            if board:
                await visit.send(board)
            await news.wait()

    async def _make_boards(self) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._hear)
            while True:
                with anyio.move_on_after(ANYWAY_S):
                    await self._wanted.wait()
                self._wanted = anyio.Event()
                if self._watching:
                    await self._make_board()
                    await anyio.sleep(PAUSE_S)
                else:
                    self._board = ""

    async def _make_board(self) -> None:
        await self._naming.learn(await self._router.ask(people_on))
        server = await self._server()
        board = await self._router.ask(board_of(self._config, self._naming, server, self._router.now_us()))
        self._board = frame_of(board)
        news, self._news = self._news, anyio.Event()
        news.set()

    async def _hear(self) -> None:
        while True:
            try:
                async with self._router.events() as events:
                    async for _ in events:
                        self._wanted.set()
            except SubscriptionLagged:  # a board is whole, so that nothing is missed
                continue


def _highest_tier(engine: Engine) -> int:
    waiting = engine.contacts(state=ContactState.QUEUED, limit=1_000)
    return max((one.tier for one in waiting), default=0)
