"""Many at once: a short run of what ``python -m tests.browser.loads`` measures with 100 customers for half a minute."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples.load import percentiles, users_in

from tests.browser.loads import measure

pytestmark = pytest.mark.outer


@pytest.mark.slow
def test_nothing_is_lost_under_load(tmp_path: Path) -> None:
    report = measure(tmp_path, customers=10, agents=3, seconds=3, pause_s=0.5)
    assert report["faults"] == []
    assert (report["lost"], report["doubled"]) == (0, 0)
    assert report["chats"] >= 10
    assert report["latency_ms"]["durable"]["count"] == report["latency_ms"]["heard"]["count"]


def test_users_are_read_from_what_a_desk_prints() -> None:
    printed = "desk: user agent maxim password a-b\ndesk: user customer ada password c-d\ndesk: listening on http://x\n"
    assert users_in(printed) == [("maxim", "a-b")]
    assert users_in("maxim a-b\n") == [("maxim", "a-b")]


def test_percentiles_are_of_the_nearest_rank() -> None:
    assert percentiles([]) == {"count": 0}
    assert percentiles([n / 1_000 for n in range(1, 101)]) == {
        "count": 100,
        "p50": 50,
        "p95": 95,
        "p99": 99,
        "max": 100,
    }
