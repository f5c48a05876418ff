"""Serving a house over the network: the event loop, the server of HTTP, signals, and what is printed."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Final

import anyio
import msgspec
import uvicorn
from anyio import to_thread

from desk.demo import demo_users
from desk.demo_people import furnish, run_demo
from desk.house import House, Plan, opened
from desk.people import People

__all__ = ["DemoPlan", "Serving", "serve"]

_STOP_S: Final = 5
_FRAME_SIZE_MAX: Final = 1_048_576
_BACKLOG: Final = 1_024


class DemoPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a demonstration goes."""

    seed: int
    """Which customers come."""
    speed: float
    """How fast everybody lives."""
    has_people: bool
    """Whether there are simulated customers and agents."""


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """What is served, and where."""

    plan: Plan
    """The house."""
    bound: socket.socket
    """Where it listens."""
    url: str
    """What to open in a browser."""
    trusted_proxy: str | None
    """Whose word counts for where a request comes from; None: nobody's."""
    demo: DemoPlan | None
    """The demonstration; None: it is in earnest."""


class _Server(uvicorn.Server):
    """The server of HTTP, which leaves signals to us: a house is closed before the process ends."""

    def __init__(self, config: uvicorn.Config, begun: Callable[[], None]) -> None:
        super().__init__(config)
        self._begun = begun

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        self._begun()


async def serve(serving: Serving) -> None:
    """Serve until a signal says to stop, or the router fails.

    :raises CcrouteError: the house cannot be opened, or failed.
    """
    async with opened(serving.plan) as house, anyio.create_task_group() as group:
        if serving.demo is not None:
            await to_thread.run_sync(furnish, house)
            for line in await to_thread.run_sync(make_users, house.people):
                print(line, flush=True)

        def begun() -> None:
            print(f"desk: listening on {serving.url}", flush=True)

        server = _Server(_config(serving, house), begun)
        group.start_soon(_stop_on_signal, server)
        group.start_soon(house.run_tasks)
        if serving.demo is not None and serving.demo.has_people:
            group.start_soon(run_demo, house, serving.demo.seed, serving.demo.speed)
        await server.serve(sockets=[serving.bound])
        group.cancel_scope.cancel()


def make_users(people: People) -> list[str]:
    """Make the users of the demonstration that are not there, and return what is to be told of them, this once."""
    there = {one.name for one in people.users()}
    lines = []
    for user, password in demo_users():
        if user.name not in there:
            people.add(user, password)
            lines.append(f"desk: user {user.role} {user.name} password {password}")
    return lines


def _config(serving: Serving, house: House) -> uvicorn.Config:
    return uvicorn.Config(
        house.app,
        http="h11",
        ws="websockets-sansio",
        ws_max_size=_FRAME_SIZE_MAX,
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=serving.trusted_proxy is not None,
        forwarded_allow_ips=serving.trusted_proxy,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_STOP_S,
    )


async def _stop_on_signal(server: uvicorn.Server) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            # A second one does not wait for those who still talk.
            server.force_exit = server.should_exit
            server.should_exit = True
