"""Call records under configurations whose queues open and close, or call back."""

from __future__ import annotations

import pytest

from ccroute import Config
from ccroute.records.calls import Call
from ccroute.records.prediction import predict
from ccroute.records.replay import replay

pytestmark = pytest.mark.outer

S = 1_000_000
DAY = 86_400 * S
MIDNIGHT = 19_783 * DAY  # 2024-03-01


def answered(line: int, begins: int, works: int, day: int = 0) -> Call:
    """Return a call that agent A1 answered at once, in seconds of a day."""
    midnight_us = MIDNIGHT + day * DAY
    at_us = midnight_us + begins * S
    return Call(
        line=line,
        midnight_us=midnight_us,
        arrived_at_us=at_us,
        type="PS",
        priority="0",
        queued=False,
        answered=True,
        waited_us=0,
        began_at_us=at_us,
        handled_us=works * S,
        agent_id="A1",
    )


def hung_up(line: int, arrives: int, waits: int) -> Call:
    """Return a call that nobody answered."""
    return Call(
        line=line,
        midnight_us=MIDNIGHT,
        arrived_at_us=MIDNIGHT + arrives * S,
        type="PS",
        priority="0",
        queued=True,
        answered=False,
        waited_us=waits * S,
        began_at_us=None,
        handled_us=None,
        agent_id=None,
    )


def test_hours_hold_by_the_calendar_of_the_day() -> None:
    center = Config.from_toml("""
    [queues.calls]
    members = "all"
    offer = { mode = "auto" }
    [queues.calls.hours]
    open = "00:01-24:00"
    closed = "refuse"
    """)
    calls = [answered(1, 30, 60), answered(2, 90, 10), answered(3, 61, 10, day=1)]
    engine = replay(calls, center).engine
    assert (engine.answered, engine.waiting) == (2, 1)
    assert [one.decisions for one in predict(calls, center)] == [0] * 5


def test_a_callback_takes_an_agent_as_long_as_its_call_and_is_none() -> None:
    center = Config.from_toml("""
    [queues.calls]
    members = "all"
    offer = { mode = "auto" }
    callback = { on_abandon = true }
    """)
    calls = [answered(1, 100, 50), hung_up(2, 110, 10), answered(3, 160, 40)]
    engine = replay(calls, center).engine
    assert (engine.calls, engine.answered, engine.left) == (3, 2, 1)
    # The callback begins at 150, when the first call ends, and takes 45 s, the mean of the day.
    assert engine.mean_wait_s == (195 - 160) / 2
