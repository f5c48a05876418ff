"""The demonstration: the same customers for the same seed, and a board that lives from the first minute on."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from anyio import to_thread

from ccroute import Config, Engine, Presence
from ccroute.customers import handle
from ccroute.testing.clock import VirtualClock
from desk.customer_chat import ACCOUNT
from desk.demo import ADA, DEMO_CONFIG, SIMULATED_AGENTS, TOPICS, callers, demo_users
from desk.demo_people import furnish, run_demo
from desk.house import House
from desk.passwords import PASSWORD_LENGTH_MIN
from tests.desk.houses import house_in

pytestmark = [pytest.mark.outer]

BEGIN_US = 1_790_000_000_000_000
SECOND = 1_000_000
STEP_US = 200_000
ROUNDS = 12
CUSTOMERS = 200


def test_the_same_seed_brings_the_same_customers() -> None:
    days = [list(itertools.islice(callers(seed), CUSTOMERS)) for seed in (1, 1, 2)]
    assert days[0] == days[1] != days[2]
    assert {one.topic.queue_id for one in days[0]} == {"support", "billing", "vip"}
    assert [one.number for one in days[0]] == list(range(CUSTOMERS))
    names = {(one.customer, one.name) for one in days[0]}
    assert len(names) == len({customer for customer, _ in names}) < CUSTOMERS


def test_every_topic_has_an_answer_to_each_line_and_a_queue() -> None:
    config = Config.from_toml(DEMO_CONFIG.read_text())
    for topic in TOPICS:
        assert len(topic.lines) == len(topic.answers)
        assert topic.queue_id in config.queues
    assert len({topic.lines[0] for topic in TOPICS}) == len(TOPICS)


def test_no_user_of_the_demonstration_has_the_password_of_another_run() -> None:
    first, second = demo_users(), demo_users()
    assert [user for user, _ in first] == [user for user, _ in second]
    passwords = [password for _, password in first + second]
    assert len(set(passwords)) == len(passwords)
    assert min(len(one) for one in passwords) >= PASSWORD_LENGTH_MIN
    agents = Config.from_toml(DEMO_CONFIG.read_text()).agents
    assert {user.agent_id for user, _ in first if user.agent_id is not None} | set(SIMULATED_AGENTS) == set(agents)


async def live_until(house: House, clock: VirtualClock, is_so: Callable[[Engine], bool], within_s: int) -> None:
    """Let time pass in steps until something is so.

    What is under way in threads takes none of this time, and some of the real one: time stands still until they are
    done, and what follows from it is begun.
    """
    threads = to_thread.current_default_thread_limiter()
    for _ in range(within_s * SECOND // STEP_US):
        for _ in range(ROUNDS):
            await to_thread.run_sync(lambda: None)
            while threads.borrowed_tokens:
                await anyio.lowlevel.checkpoint()
        if await house.router.ask(is_so):
            return
        await clock.advance(STEP_US)
    raise AssertionError(f"not so within {within_s} s")


def is_busy(engine: Engine) -> bool:
    """Say whether all simulated agents are there, and customers wait or are served."""
    agents = engine.agents()
    there = [one.agent_id for one in agents if one.presence is Presence.AVAILABLE]
    return there == list(SIMULATED_AGENTS) and any(one.legs for one in agents) and engine.counters().created >= 3


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_board_lives_from_the_first_minute_on(tmp_path: Path, people_file: Path) -> None:
    clock = VirtualClock(at_us=BEGIN_US)
    config = DEMO_CONFIG.read_text()
    async with house_in(tmp_path, people_file, config=config, clock=clock) as house, anyio.create_task_group() as group:
        await to_thread.run_sync(furnish, house)
        group.start_soon(run_demo, house, 1, 1.0)
        await live_until(house, clock, is_busy, within_s=60)
        await live_until(house, clock, lambda engine: engine.counters().closed >= 6, within_s=600)
        contacts = (await house.router.history.contacts(page_size=1_000)).contacts
        served = [one for one in contacts if one.disposition is not None]
        assert len({one.disposition for one in served}) >= 2
        told = await house.router.history.contact(served[-1].contact_id)
        assert told is not None
        assert len([one for one in told.entries if one.kind == "message"]) >= 4
        group.cancel_scope.cancel()


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_customer_who_has_an_account_goes_first(tmp_path: Path, people_file: Path) -> None:
    async with house_in(tmp_path, people_file) as house:
        for _ in range(2):
            await to_thread.run_sync(furnish, house)
        known = house.customers.find(handle(ACCOUNT, "ada"))
        assert known is not None
        assert house.customers.customer(known.customer_id).record == ADA
