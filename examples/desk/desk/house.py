"""The whole house, opened and closed as one: files, router, chat, rooms, and the application over them.

Everything lies in one folder. What is lost when a file is lost stands beside its name here.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Final, final

import anyio
import msgspec
from anyio import to_thread
from starlette.types import ASGIApp

from ccroute import Clock, Config, Router, SqliteHistory
from ccroute.channels.attachments import DirectoryBlobs
from ccroute.channels.webchat import WebChat
from ccroute.channels.webchat_limits import ChatLimits
from ccroute.channels.webchat_sessions import SqliteSessions
from ccroute.customers import Customers, make_master_file, master_file, sqlite_customers, sqlite_vault
from desk import health, metrics
from desk.agent_api import AgentRoom
from desk.app import make_app
from desk.calls import Room
from desk.canned import read_canned
from desk.customer_chat import ChatRoom, Greeter
from desk.doors import Doors
from desk.gate import Origins
from desk.limits import Allowances
from desk.metrics import Meter
from desk.naming import Naming
from desk.people import People
from desk.sign_in import SignIn
from desk.stories import Stories, name_of
from desk.supervisor_api import SupervisorRoom
from desk.topics import Topics
from desk.watch import Watch

__all__ = ["CHANNEL", "Files", "House", "Plan", "opened"]

CHANNEL: Final = "chat"
"""The channel of the configuration that the web chat is."""


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything lies."""

    folder: Path

    @property
    def center(self) -> Path:
        """The journal: all that routing knows; beside it history, customers, their keys."""
        return self.folder / "center.ccroute"

    @property
    def people(self) -> Path:
        """Users and sessions."""
        return self.folder / "people.sqlite"

    @property
    def chat(self) -> Path:
        """Sessions of the chat: who may go on with which conversation."""
        return self.folder / "chat.sqlite"

    @property
    def topics(self) -> Path:
        """What conversations are for that nobody has taken yet."""
        return self.folder / "topics.sqlite"

    @property
    def attachments(self) -> Path:
        """Files that were sent."""
        return self.folder / "attachments"

    @property
    def master(self) -> Path:
        """The master key, unless it lies elsewhere, as it should: without it nothing personal can be read."""
        return self.folder / "master.key"

    @property
    def metrics_token(self) -> Path:
        """What Prometheus sends to be let in."""
        return self.folder / "metrics-token"

    @property
    def canned(self) -> Path:
        """Canned answers and dispositions; may be missing."""
        return self.folder / "canned.toml"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a house is opened with."""

    files: Files
    """Where everything lies."""
    config: Config
    """The contact centre."""
    origins: Origins
    """From where its pages come."""
    master: Path | None = None
    """The file of the master key; None: in the folder, made where it is not."""
    allowances: Allowances = Allowances()
    """Limits on visitors."""
    chat_limits: ChatLimits = ChatLimits()
    """Limits of the chat."""


@final
class House:
    """What is open."""

    def __init__(
        self,
        plan: Plan,
        *,
        router: Router,
        chat: WebChat,
        customers: Customers,
        people: People,
        topics: Topics,
        app: ASGIApp,
        rooms: tuple[Room, ...],
        clock: Clock | None,
    ) -> None:
        self.plan: Final = plan
        self.router: Final = router
        self.chat: Final = chat
        self.customers: Final = customers
        self.people: Final = people
        self.topics: Final = topics
        self._sleep_until = getattr(clock, "sleep_until", None)
        self.app: Final = app
        self.rooms: Final = rooms

    async def sleep(self, span_us: int) -> None:
        """Wait by the router's clock."""
        if self._sleep_until is None:
            await anyio.sleep(span_us / 1_000_000)
        else:
            await self._sleep_until(self.router.now_us() + span_us)

    async def run_tasks(self) -> None:
        """Run what rooms do by themselves, until cancelled."""
        async with anyio.create_task_group() as group:
            for room in self.rooms:
                for task in room.tasks:
                    group.start_soon(task)


class _Stores(msgspec.Struct, frozen=True, kw_only=True):
    people: People
    topics: Topics
    customers: Customers
    history: SqliteHistory
    sessions: SqliteSessions
    blobs: DirectoryBlobs
    metrics_token: str


@final
class _Lines:
    """Tells places in line, once there is a router."""

    def __init__(self) -> None:
        self.router: Router | None = None

    async def position(self, contact_id: str) -> int | None:
        """Return a contact's place in its queue; None: it does not wait."""
        found = None if self.router is None else await self.router.position(contact_id)
        return None if found is None else found.in_queue


@contextlib.asynccontextmanager
async def opened(plan: Plan, *, clock: Clock | None = None) -> AsyncIterator[House]:
    """Open a house, and close it when the context ends. What was acknowledged before is there again.

    :param clock: None: the system's.
    :raises CcrouteError: something in the folder cannot be opened, or is in use by another process.
    """
    now_us = _wall_us if clock is None else clock.now_us
    async with contextlib.AsyncExitStack() as closing:
        stores = await to_thread.run_sync(_open, plan, closing)
        look_up = partial(name_of, stores.customers)
        naming = Naming(look_up=look_up, agents=stores.people.agents, now_us=now_us)
        greeter = Greeter(stores.topics, stores.customers, next(iter(plan.config.queues)))
        lines = _Lines()
        chat = WebChat(
            history=stores.history,
            sessions=stores.sessions,
            blobs=stores.blobs,
            limits=plan.chat_limits,
            clock=clock,
            bot=greeter,
            position=lines.position,
            show_agent=naming.agent,
        )
        greeter.chat = chat
        router = await closing.enter_async_context(
            Router.open(
                plan.files.center,
                plan.config,
                name="desk",
                history=stores.history,
                customers=stores.customers,
                channels={CHANNEL: chat},
                clock=clock,
            )
        )
        lines.router = router
        yield _house(plan, stores, router, chat, naming, clock)


def _open(plan: Plan, closing: contextlib.AsyncExitStack) -> _Stores:
    files = plan.files
    files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    master = files.master if plan.master is None else plan.master
    if plan.master is None and not master.exists():
        make_master_file(master)
    vault = sqlite_vault(files.center, master_file(master))
    closing.callback(vault.close)
    customers = sqlite_customers(files.center, vault)
    closing.callback(customers.close)
    history = SqliteHistory(f"{files.center}-history", vault=vault)
    closing.callback(history.close)
    sessions = SqliteSessions(files.chat)
    closing.callback(sessions.close)
    people = People(files.people)
    closing.callback(people.close)
    topics = Topics(files.topics)
    closing.callback(topics.close)
    return _Stores(
        people=people,
        topics=topics,
        customers=customers,
        history=history,
        sessions=sessions,
        blobs=DirectoryBlobs(files.attachments),
        metrics_token=_metrics_token(files.metrics_token),
    )


def _metrics_token(path: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return path.read_text().strip()
    token = secrets.token_urlsafe(32)
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(f"{token}\n")
    return token


def _house(
    plan: Plan,
    stores: _Stores,
    router: Router,
    chat: WebChat,
    naming: Naming,
    clock: Clock | None,
) -> House:
    meter = Meter()
    doors = Doors(
        stores.people,
        now_us=_wall_us if clock is None else clock.now_us,
        is_https=plan.origins.is_https,
        allowances=plan.allowances,
        meter=meter,
    )
    stories = Stories(router, stores.customers, naming)
    watch = Watch(router, chat)
    agents = AgentRoom(router, plan.config, stories, naming, read_canned(plan.files.canned))
    rooms = (
        SignIn(doors, plan.allowances).room(),
        ChatRoom(
            chat,
            plan.chat_limits,
            router=router,
            config=plan.config,
            customers=stores.customers,
            naming=naming,
            topics=stores.topics,
            doors=doors,
            channel=CHANNEL,
            begin=plan.allowances.begin,
        ).room(),
        agents.room(),
        SupervisorRoom(router, plan.config, stories, naming, watch.server, agents.beat).room(),
        health.room(watch.health),
        metrics.room(meter, watch.figures, stores.metrics_token),
    )
    return House(
        plan,
        router=router,
        chat=chat,
        customers=stores.customers,
        people=stores.people,
        topics=stores.topics,
        clock=clock,
        app=make_app(rooms, doors, plan.origins),
        rooms=rooms,
    )


def _wall_us() -> int:
    return time.time_ns() // 1_000
