"""Everything that reads bytes or text bears changed ones; ``python -m tests.fuzz`` goes on longer."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.fuzz import TARGETS, run


@pytest.mark.parametrize("name", TARGETS)
def test_changed_bytes_are_read_or_refused(name: str) -> None:
    run(name, runs=settings.default.max_examples * 2, seed=1)
