"""What a command costs through a router, at three counts of senders. The unit is 200 commands."""

from __future__ import annotations

import anyio
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.rounds import timed
from benchmarks.router import CONFIG, SENDERS, Measured, idle_bytes, one_round, send_all, table
from ccroute import Router

COMMANDS = 200
ROUNDS = 5


async def through_one(senders: int) -> Measured:
    """Send commands through a router of their own."""
    async with Router.open(config=CONFIG) as router:
        return await send_all([router], "1 router, in memory", senders, COMMANDS)


@pytest.mark.parametrize("senders", SENDERS)
def test_commands_through_a_router(benchmark: BenchmarkFixture, senders: int) -> None:
    """Guards: every command is answered, whoever else sends."""
    found, _ = timed(benchmark, anyio.run, through_one, senders, rounds=ROUNDS)
    assert found.commands == COMMANDS


def test_the_table_is_made(tmp_path) -> None:
    found = one_round(200, tmp_path, tenants=3)
    assert table(found, idle_bytes(3)).count("\n") == len({(one.way, one.senders) for one in found}) + 3
