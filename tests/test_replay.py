"""Recorded cases, each a bug, a doubt or the course of a feature: engine and model still say what the file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import recordings
from tests.steps import Duel

CASES = sorted((Path(__file__).parent / "replay").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_recorded_case_gives_the_recorded_events(path: Path) -> None:
    config, steps, expected = recordings.read(path)
    events = recordings.run(Duel(config), steps)
    assert [recordings.plain(event) for event in events] == expected
