"""What every source of presence must do: :func:`check_presence` tells what one gets wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, Protocol, final

import anyio

from ccroute.commands import Command, Heartbeat, SetExternalLoad, SetPresence
from ccroute.errors import OutOfRange
from ccroute.events import Event
from ccroute.personal import Personal
from ccroute.ports import PresenceSource
from ccroute.testing.inlet import TrialInlet
from ccroute.testing.leaks import leak
from ccroute.testing.trial import WAITS_TRIED, running, settled, wait_until, watched
from ccroute.timeline import AnyAddition
from ccroute.types import Presence

__all__ = ["Employee", "PresenceOutside", "check_presence"]

_TOLD: Final = "how an agent stands is told by SetPresence, with the agent's id"


class Employee(Personal, frozen=True, kw_only=True):
    """Somebody of whom the outside knows, and what it knows of them."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"agent_id"})

    agent_id: str
    """The id in the configuration."""
    name: str
    """A name, which never goes into commands."""
    phone: str
    """And a number, likewise."""


class PresenceOutside(Protocol):
    """What a source of presence asks, played by its tests: a telephone system, a rota."""

    async def become(self, employee: Employee, presence: Presence) -> None:
        """Have the outside know that somebody is there, away or gone; it may know so already.

        Returns when the outside knows it; the source need not have noticed.
        """


async def check_presence(
    make: Callable[[], PresenceSource],
    *,
    outside: PresenceOutside | None = None,
    patience_s: float = 5.0,
    settle_s: float = 0.0,
    blocked_s_max: float = 0.25,
) -> None:
    """Check that a source of presence keeps what it promises; raise ``AssertionError`` with the promise it does not.

    Runs under asyncio and trio; try both. Without ``outside`` it sees how a source runs and ends; with it also whether
    what happens is told, once, in order and by ids.

    :param make: returns a new source; of the same outside, as after a restart of the process. Have it look often.
    :param outside: plays what the source asks.
    :param patience_s: how long to wait for what should happen.
    :param settle_s: how long to wait for what should not happen: longer than the source takes to look again.
    :param blocked_s_max: how long the event loop may stand still.
    """
    trial = _Trial(make, outside, patience_s, settle_s)
    async with watched("a source of presence", blocked_s_max) as look:
        for check in _ALWAYS if outside is None else (*_ALWAYS, *_WITH_OUTSIDE):
            await check(trial)
            look()


@final
class _Trial:
    """What the checks share: sources, and agents who were not there yet."""

    def __init__(
        self,
        make: Callable[[], PresenceSource],
        outside: PresenceOutside | None,
        patience_s: float,
        settle_s: float,
    ) -> None:
        self.make: Final = make
        self._outside: Final = outside
        self.patience_s: Final = patience_s
        self.settle_s: Final = settle_s
        self._employees = 0

    @property
    def outside(self) -> PresenceOutside:
        assert self._outside is not None, "only checks of the outside ask for it"
        return self._outside

    def employee(self) -> Employee:
        self._employees += 1
        number = self._employees
        return Employee(agent_id=f"agent-{number}", name=f"Zoë Ångström the {number}th", phone=f"+4930555{number:05}")

    async def told(self, inlet: TrialInlet, employee: Employee, *presences: Presence) -> None:
        """Return when the last that was told of an agent is what it should be; raise where anything else was told."""
        await wait_until(lambda: _told(inlet, employee)[-1:] == list(presences[-1:]), _TOLD, patience_s=self.patience_s)
        await settled(self.settle_s)
        told = _told(inlet, employee)
        if told != list(presences):
            raise AssertionError(
                f"what changes is told, in order, and what does not is not told again: expected "
                f"{[one.value for one in presences]}, got {[one.value for one in told]}"
            )


def _told(inlet: TrialInlet, employee: Employee) -> list[Presence]:
    return [
        command.presence
        for command in inlet.commands
        if isinstance(command, SetPresence) and command.agent_id == employee.agent_id
    ]


async def _runs_until_cancelled(trial: _Trial) -> None:
    source, inlet = trial.make(), TrialInlet("trial")
    async with running(lambda: source.run(inlet), "run"):
        await settled(trial.settle_s)
    strange = {type(one).__name__ for one in inlet.commands if not isinstance(one, _COMMANDS)}
    if strange:
        raise AssertionError(
            f"a source sends SetPresence, Heartbeat and SetExternalLoad, and nothing else: {', '.join(sorted(strange))}"
        )


async def _runs_again(trial: _Trial) -> None:
    """Cancel it at each wait in turn, and run it again."""
    source = trial.make()
    for wait in range(1, WAITS_TRIED + 1):
        async with running(lambda: source.run(TrialInlet("trial", slowness=3)), "run", cancel_at=wait) as run:
            await settled()
        if run.waits < wait:
            break


async def _tells(trial: _Trial) -> None:
    source, inlet = trial.make(), TrialInlet("trial", slowness=3)
    first, second = trial.employee(), trial.employee()
    await trial.outside.become(first, Presence.AVAILABLE)
    async with running(lambda: source.run(inlet), "run"):
        await trial.told(inlet, first, Presence.AVAILABLE)
        await trial.outside.become(first, Presence.AVAILABLE)
        await trial.outside.become(second, Presence.AWAY)
        await trial.told(inlet, second, Presence.AWAY)
        await trial.told(inlet, first, Presence.AVAILABLE)
        await trial.outside.become(first, Presence.AWAY)
        await trial.told(inlet, first, Presence.AVAILABLE, Presence.AWAY)
        await trial.outside.become(first, Presence.OFFLINE)
        await trial.told(inlet, first, Presence.AVAILABLE, Presence.AWAY, Presence.OFFLINE)
        await trial.told(inlet, second, Presence.AWAY)
    _names_nobody(inlet, [first, second])
    await trial.outside.become(first, Presence.AVAILABLE)
    for one in (source, trial.make()):
        await _tells_all(trial, one, [first, second])


async def _tells_all(trial: _Trial, source: PresenceSource, employees: list[Employee]) -> None:
    inlet = TrialInlet("trial")
    async with running(lambda: source.run(inlet), "run"):
        await wait_until(
            lambda: all(_told(inlet, employee) for employee in employees),
            "at first a source tells how all agents stand, when it is run again and after a restart, too",
            patience_s=trial.patience_s,
        )


def _names_nobody(inlet: TrialInlet, employees: list[Employee]) -> None:
    for command in inlet.commands:
        for employee in employees:
            kind = leak(command, {"name": employee.name, "phone": employee.phone})
            if kind is not None:
                raise AssertionError(
                    f"commands carry ids, never names or numbers: {type(command).__name__} has the agent's {kind}"
                )


@final
class _Holding:
    """An inlet that holds one change back until it is let go."""

    def __init__(self, inlet: TrialInlet, agent_id: str) -> None:
        self._inlet: Final = inlet
        self._agent_id: Final = agent_id
        self.has_begun = False
        self.let_go: Final = anyio.Event()

    @property
    def name(self) -> str:
        return self._inlet.name

    def now_us(self) -> int:
        return self._inlet.now_us()

    async def add(self, *additions: AnyAddition) -> None:
        await self._inlet.add(*additions)

    async def send(self, command: Command) -> list[Event]:
        if isinstance(command, SetPresence) and command.agent_id == self._agent_id and not self.has_begun:
            self.has_begun = True
            await self.let_go.wait()
        return await self._inlet.send(command)


async def _tells_in_order(trial: _Trial) -> None:
    """Have the engine take its time over one change while the next one happens."""
    source, inlet, employee = trial.make(), TrialInlet("trial"), trial.employee()
    holding = _Holding(inlet, employee.agent_id)
    await trial.outside.become(employee, Presence.AVAILABLE)
    async with running(lambda: source.run(holding), "run"):
        await wait_until(lambda: holding.has_begun, _TOLD, patience_s=trial.patience_s)
        async with anyio.create_task_group() as group:
            # An outside may wait until the engine has heard of it.
            group.start_soon(trial.outside.become, employee, Presence.AWAY)
            await settled(trial.settle_s)
            holding.let_go.set()
        await trial.told(inlet, employee, Presence.AVAILABLE, Presence.AWAY)


async def _goes_on_after_an_error(trial: _Trial) -> None:
    source, inlet = trial.make(), TrialInlet("trial")
    wrong, right = trial.employee(), trial.employee()
    refused: list[Command] = []

    def refuse(command: Command) -> None:
        if isinstance(command, _COMMANDS) and command.agent_id == wrong.agent_id:
            refused.append(command)
            raise OutOfRange("agent_id", command.agent_id, "what this trial lets pass")

    inlet.on_command = refuse
    await trial.outside.become(wrong, Presence.AVAILABLE)
    async with running(lambda: source.run(inlet), "run goes on after InvalidArgument: it"):
        await wait_until(lambda: bool(refused), _TOLD, patience_s=trial.patience_s)
        await trial.outside.become(right, Presence.AVAILABLE)
        await wait_until(
            lambda: bool(_told(inlet, right)),
            "what can never be right of one agent keeps nothing from being told of the others",
            patience_s=trial.patience_s,
        )


_COMMANDS: Final = (SetPresence, Heartbeat, SetExternalLoad)
_ALWAYS: Final = (_runs_until_cancelled, _runs_again)
_WITH_OUTSIDE: Final = (_tells, _tells_in_order, _goes_on_after_an_error)
