"""Houses for tests: a whole server in a folder of its own, with users whose password is known, and no network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx

from ccroute import Clock, Config
from desk.gate import Origins
from desk.house import Files, House, Plan, opened
from desk.limits import Allowances, Rate
from desk.people import People, Role, User
from tests.desk.visitors import ORIGIN, client, sign_in

PASSWORD = "a-password-of-the-tests"
PLENTY = Rate(burst=100_000, per_s=100_000.0)
"""So much that no test meets the limit."""

CONFIG = """
[queues.support]
offer = { offer_timeout = "20s" }
wrap_up = "15s"

[queues.billing]
requires = "agent.skills.billing >= 30"

[agents.maxim]
lease = "20s"
skills = { billing = 40 }
queues = { support = 1, billing = 1 }

[agents.dorit]
queues = { support = 1 }

[agents.lena]
queues = { support = 9 }
"""

USERS = {
    "maxim": (Role.AGENT, "maxim"),
    "dorit": (Role.AGENT, "dorit"),
    "lena": (Role.SUPERVISOR, "lena"),
    "root": (Role.ADMIN, None),
    "ada": (Role.CUSTOMER, None),
}


def make_people(path: Path) -> None:
    """Make the users; slow on purpose, so that it is done once and the file is copied."""
    people = People(path)
    for name, (role, agent_id) in USERS.items():
        people.add(User(name=name, shown_name=name.title(), role=role, agent_id=agent_id), PASSWORD)
    people.close()


def plan_in(folder: Path, config: str = CONFIG, begin: Rate = PLENTY) -> Plan:
    """Return the plan of a house in a folder.

    :param begin: how many chats may be begun.
    """
    return Plan(
        files=Files(folder=folder),
        config=Config.from_toml(config),
        origins=Origins.of([ORIGIN]),
        allowances=Allowances(sign_in=PLENTY, visitor=PLENTY, user=PLENTY, sockets=PLENTY, begin=begin),
    )


@asynccontextmanager
async def house_in(
    folder: Path, people: Path, *, config: str = CONFIG, clock: Clock | None = None, begin: Rate = PLENTY
) -> AsyncIterator[House]:
    """Open a house in a folder, with the users of a file where it has none."""
    folder.mkdir(exist_ok=True)
    plan = plan_in(folder, config, begin)
    if not plan.files.people.exists():
        plan.files.people.write_bytes(people.read_bytes())
    async with opened(plan, clock=clock) as house, anyio.create_task_group() as group:
        group.start_soon(house.run_tasks)
        yield house
        group.cancel_scope.cancel()


@asynccontextmanager
async def visitor_of(house: House, name: str | None) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of a house, signed in under a name."""
    async with client(house.app) as visitor:
        if name is not None:
            await sign_in(visitor, name, PASSWORD)
        yield visitor
