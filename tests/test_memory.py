"""Memory: when it runs out an engine is as before or closed with a typed error, and it gives back what it took."""

from __future__ import annotations

import gc
import importlib.util
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

import ccroute
from ccroute import Engine
from tests.busy_center import BATCH, CONFIG, CONFIGURING, LATER_US, busy_engine

ROOT = Path(__file__).parents[1]
PACKAGES = Path(ccroute.__file__).parents[1]
CASES = (
    *("build", "enqueue", "grow", "offers", "accept", "complete", "transfer", "change", "sweep", "consult", "park"),
    *("pick", "assign", "load", "cancel", "refusal", "timers", "snapshot", "restore", "queries"),
)

needs_failing_memory = pytest.mark.skipif(
    importlib.util.find_spec("_testcapi") is None, reason="this Python comes without _testcapi, which makes memory fail"
)


@needs_failing_memory
@pytest.mark.parametrize("case", CASES)
def test_a_failing_allocation_leaves_the_engine_as_it_was_or_closed(case: str) -> None:
    # The interpreter itself leaks a little where memory fails.
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    environment = os.environ | {"PYTHONPATH": str(PACKAGES), "ASAN_OPTIONS": sanitizer}
    done = subprocess.run(
        [sys.executable, "-m", "tests.failing_memory", case],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"status {done.returncode}, last at {done.stdout[-200:]}\n{done.stderr[-4_000:]}"
    assert "undone=" in done.stdout or "closed=" in done.stdout


@needs_failing_memory
def test_every_case_of_failing_memory_is_run() -> None:
    from tests import failing_memory

    assert tuple(failing_memory.CASES) == CASES


def test_engines_give_back_what_they_took() -> None:
    def life() -> None:
        engine = busy_engine()
        engine.handle_many([(command, LATER_US) for command in BATCH])
        for command in CONFIGURING:
            engine.handle(command, LATER_US)
        restored = Engine.restore(engine.snapshot())
        engine.close()
        restored.close()
        Engine(CONFIG).handle(BATCH[-1], 5)  # never closed

    for _ in range(5):
        life()
    gc.collect()
    tracemalloc.start()
    try:
        life()
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(100):
            life()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # An engine takes some hundred kilobytes: two hundred that stay would be told from caches that grow a little.
    assert after - before < 200_000
