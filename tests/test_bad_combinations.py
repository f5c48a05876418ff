"""What does not go together in a command is refused with a typed error, and nothing moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from ccroute import Engine, OutOfRange, commands
from ccroute.commands import Command
from ccroute.types import ParkClock, PreferredScope
from tests.busy_center import LATER_US, busy_engine
from tests.test_bad_input import COMMAND_OF, COOLING, ENQUEUE, GIVING, check_refused


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Give one engine to all tests of this module, none of which may move it."""
    engine = busy_engine()
    yield engine
    engine.close()


@pytest.mark.parametrize("kind", GIVING, ids=lambda kind: kind.__name__)
def test_a_contact_goes_to_a_queue_or_to_an_agent(engine: Engine, kind: type[Command]) -> None:
    both = {"to_queue": "ring", "to_agent": "a8"}
    neither = {"to_queue": None, "to_agent": None}
    for targets in (neither,) if kind is commands.TransferContact else (neither, both):
        bad = msgspec.structs.replace(COMMAND_OF[kind], **targets)
        error = check_refused(engine, "to_queue", lambda bad=bad: engine.handle(bad, LATER_US), repr(targets))
        assert isinstance(error, OutOfRange)


ASIDE: dict[str, Any] = {"queue_id": None, "parked": True}


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("queue_id", {"queue_id": None}),
        ("queue_id", {"queue_id": None, "due_at_us": LATER_US}),
        ("clock", {"clock": ParkClock.STOPS}),
        ("until_us", {"until_us": LATER_US}),
        ("until_us", ASIDE | {"until_us": LATER_US}),
        ("until_us", {"parked": True, "until_us": LATER_US, "due_at_us": LATER_US}),
        ("until_us", {"parked": True, "until_us": 0, "due_at_us": 1}),
    ],
)
def test_what_is_said_of_parking_must_fit_together(engine: Engine, field: str, given: dict[str, Any]) -> None:
    bad = msgspec.structs.replace(ENQUEUE, **given)
    assert isinstance(check_refused(engine, field, lambda: engine.handle(bad, LATER_US), repr(given)), OutOfRange)
    for good in (ASIDE, ASIDE | {"due_at_us": LATER_US + 1}, {"parked": True, "until_us": 1, "due_at_us": 0}):
        assert Engine.restore(engine.snapshot()).handle(msgspec.structs.replace(ENQUEUE, **good), LATER_US)


@pytest.mark.parametrize("name", ["preferred_wait_us", "preferred_scope", "preferred_requires"])
@pytest.mark.parametrize("targets", [{"to_queue": None, "to_agent": "a8"}, {"to_agent": None}])
def test_only_who_waits_in_a_queue_is_kept(engine: Engine, name: str, targets: dict[str, Any]) -> None:
    value = {"preferred_wait_us": 0, "preferred_scope": PreferredScope.ANYONE, "preferred_requires": False}[name]
    bad = msgspec.structs.replace(COMMAND_OF[commands.TransferContact], **(targets | {name: value}))
    assert isinstance(check_refused(engine, name, lambda: engine.handle(bad, LATER_US), name), OutOfRange)


@pytest.mark.parametrize("kind", COOLING, ids=lambda kind: kind.__name__)
def test_a_cool_down_has_a_length_or_an_end(engine: Engine, kind: type[Command]) -> None:
    for cooldown in (0, 5, "next_available"):
        bad = msgspec.structs.replace(COMMAND_OF[kind], cooldown=cooldown, cooldown_until_us=LATER_US)
        error = check_refused(engine, "cooldown_until_us", lambda bad=bad: engine.handle(bad, LATER_US), repr(cooldown))
        assert isinstance(error, OutOfRange)
