"""Kills, flipped bits, memory that fails, servers that stop: a little of each; the modules named say how to do more."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

import ccroute
from tests.flips import NAME, flip_file, flip_many, samples
from tests.outages import stop_and_start
from tests.postgres import PostgresServer
from tests.simulation.__main__ import MEMORY
from tests.soak import soak

pytestmark = pytest.mark.outer

ROOT = Path(__file__).parents[1]
PAGE_BYTES = 4_096
FILE_HEADER_BYTES = 100
PACKAGES = Path(ccroute.__file__).parents[1]


def run(*words: str) -> str:
    """Run a module of the tests in a process of its own, and return what it says."""
    environment = os.environ | {"PYTHONPATH": str(PACKAGES)}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"status {done.returncode}: {done.stdout[-500:]}\n{done.stderr[-4_000:]}"
    return done.stdout


@pytest.mark.slow
def test_killed_processes_lose_nothing() -> None:
    told = run("tests.kills", "--count", "24")
    assert "24 processes killed" in told
    assert " 0 lost" in told


@pytest.mark.slow
def test_no_flipped_bit_is_silently_wrong() -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        outcomes = flip_many(Path(folder), every=2_003)
    assert {said for _, _, said in outcomes} >= {"JournalCorrupt", "snapshot passed over", "the same"}


@pytest.mark.slow
def test_no_page_that_seems_to_have_other_rows_is_taken(tmp_path: Path) -> None:
    made, work = tmp_path / "made", tmp_path / "work"
    made.mkdir()
    work.mkdir()
    sample = samples(made)["closed in order"]
    outcomes: Counter[str] = Counter()
    for page in range(0, len(sample.files[NAME]), PAGE_BYTES):
        header = page + (FILE_HEADER_BYTES if page == 0 else 0)
        # Its kind, a free place, the count of its cells, where they begin.
        outcomes += flip_file(str(work), sample, NAME, range(8 * header, 8 * (header + 8)))
    assert outcomes["JournalCorrupt"] > 100


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("_testcapi") is None, reason="this Python comes without _testcapi")
def test_a_recovery_without_memory_raises_and_harms_nothing() -> None:
    assert "raised=" in run("tests.failing_recovery")


@pytest.mark.slow
def test_a_server_that_stops_and_starts_loses_nothing(postgres_server: PostgresServer) -> None:
    seen = stop_and_start(postgres_server, 2, seed=1)
    assert seen.stops == 2
    assert seen.kinds <= {"StorageUnavailable", "StorageFailed"}


@pytest.mark.slow
def test_a_short_soak_is_recovered_alike(tmp_path: Path) -> None:
    assert soak(tmp_path / "support.ccroute", 1.0).commands >= 30_000
