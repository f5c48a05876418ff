"""Many routers in one process: isolated, fairly scheduled, with threads that they share.

Each has tasks of its own and no thread. They take turns on the event loop: a router carries out ``slice_max`` commands
at most before the next one has its turn, so that a busy tenant makes others wait for a slice and no longer.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, final

import anyio
from anyio.abc import TaskGroup, TaskStatus

from ccroute.config import Config
from ccroute.errors import InvalidArgument, OutOfRange, ReentrantCall, RouterClosed, UnknownName, WrongType
from ccroute.errors.raising import again
from ccroute.ports import Channel, Clock, CustomerDirectory, HistoryStore, Journal, PresenceSource
from ccroute.runtime.life import opened
from ccroute.runtime.options import Options
from ccroute.runtime.policy import RouterPolicy
from ccroute.runtime.router import NO_CHANNELS, NO_PRESENCE, Router
from ccroute.runtime.threads import COMMITS_MAX, THREADS_MAX, Threads

if TYPE_CHECKING:
    from ccroute.customers.store import Customers

__all__ = ["Tenants"]


class _Tenant:
    """A router and how it is ended."""

    def __init__(self) -> None:
        self.router: Router | None = None
        self.stop: Final = anyio.Event()
        self.has_ended: Final = anyio.Event()
        self.error: Exception | None = None


@final
class Tenants:
    """Routers by name: ``async with Tenants() as tenants: north = await tenants.open("north", path, config)``.

    What becomes of one harms no other: where its journal fails, it ends with that error, which :meth:`close` raises.
    """

    def __init__(self, *, commits_max: int = COMMITS_MAX, threads_max: int = THREADS_MAX) -> None:
        """Take how many threads there may be for all of them.

        :param commits_max: commits that are written at the same time.
        :param threads_max: other blocking calls at the same time.
        :raises InvalidArgument: one is no integer from 1 on.
        """
        for argument, value in (("commits_max", commits_max), ("threads_max", threads_max)):
            if type(value) is not int:
                raise WrongType(argument, value, "an integer")
            if value < 1:
                raise OutOfRange(argument, value, "1 or more")
        self._limits: Final = commits_max, threads_max
        self._tenants: Final[dict[str, _Tenant]] = {}
        self._threads: Threads | None = None
        self._group: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        if self._group is not None:
            raise ReentrantCall("tenants are entered once at a time")
        commits_max, threads_max = self._limits
        self._threads = Threads(commits_max=commits_max, others_max=threads_max)
        self._group = await anyio.create_task_group().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """End all of them, each as its own ``async with`` would."""
        assert self._group is not None
        group, self._group = self._group, None
        for tenant in self._tenants.values():
            tenant.stop.set()
        if error is not None:
            group.cancel_scope.cancel()
        try:
            # Wrapped by the group, what the application raised would not be what it raised.
            await group.__aexit__(None, None, None)
        finally:
            for name in [name for name, tenant in self._tenants.items() if tenant.error is None]:
                del self._tenants[name]
        return None

    def __getitem__(self, name: str) -> Router:
        """Return a router that is open.

        :raises UnknownName: there is none of this name.
        """
        router = self._tenant(name).router
        assert router is not None
        return router

    def _tenant(self, name: str) -> _Tenant:
        tenant = self._tenants.get(name) if type(name) is str else None
        if tenant is None or tenant.router is None:
            raise UnknownName("name", name, "the name of an open tenant")
        return tenant

    def names(self) -> list[str]:
        """Return the names of those that are open, or have failed and were not closed, in the order of opening."""
        return [name for name, tenant in self._tenants.items() if tenant.router is not None]

    async def open(
        self,
        name: str,
        path: str | os.PathLike[str] | None = None,
        config: Config | str | os.PathLike[str] | None = None,
        *,
        journal: Journal | None = None,
        history: HistoryStore | None = None,
        clock: Clock | None = None,
        channels: Mapping[str, Channel] = NO_CHANNELS,
        presence: Mapping[str, PresenceSource] = NO_PRESENCE,
        directory: CustomerDirectory | None = None,
        customers: Customers | None = None,
        policy: RouterPolicy | None = None,
        plugins: bool = False,
    ) -> Router:
        """Open a router and return it; see ``Router.open``. Its engine has the name of the tenant.

        :raises InvalidArgument: a tenant of this name is open, or as in ``Router.open``.
        :raises RouterClosed: the tenants were not entered, or have ended.
        """
        if self._group is None or self._threads is None:
            raise RouterClosed("tenants")
        options = Options(
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
        options.check()
        if name in self._tenants:
            raise InvalidArgument("name", name, "that of no open tenant")
        tenant = self._tenants[name] = _Tenant()
        try:
            router: Router = await self._group.start(self._live, tenant, options, self._threads)
        except BaseException:
            del self._tenants[name]
            raise
        return router

    async def _live(
        self, tenant: _Tenant, options: Options, threads: Threads, *, task_status: TaskStatus[Router]
    ) -> None:
        try:
            async with opened(options, threads) as router:
                tenant.router = router
                task_status.started(router)
                await tenant.stop.wait()
        except Exception as error:
            if tenant.router is None:
                raise
            tenant.error = error
        finally:
            tenant.has_ended.set()

    async def close(self, name: str) -> None:
        """End a router, as its ``async with`` would, and forget it. Cancelled, it ends all the same.

        :raises UnknownName: there is none of this name.
        :raises JournalError: it has failed.
        """
        tenant = self._tenant(name)
        tenant.stop.set()
        await tenant.has_ended.wait()
        if self._tenants.get(name) is tenant:
            del self._tenants[name]
        if tenant.error is not None:
            raise again(tenant.error)
