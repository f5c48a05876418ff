"""Engine, journal and history over a hostile disk: nothing acknowledged is lost, and every failure names its seed.

What runs here is little of what ``python -m tests.simulation`` and its neighbours can do; ``scripts/nightly`` does
more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.simulation.__main__ import MEMORY, run_world
from tests.simulation.disk import Fault, HostileDisk
from tests.simulation.each_call import fail_each
from tests.simulation.hostile_world import HostileWorld, Lost

pytestmark = pytest.mark.outer

SEED = 5
WORLDS = 12


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder where nothing waits for a disk."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(WORLDS))
def test_a_hostile_world_loses_nothing(number: int) -> None:
    world = run_world(SEED, number, 60)
    assert world.happened["opened"] > 0


@pytest.mark.slow
def test_a_world_is_the_same_each_time() -> None:
    tales = {run_world(SEED, 3, 40).tale.digest() for _ in range(2)}
    assert len(tales) == 1


@pytest.mark.slow
@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_at_any_call_loses_nothing(fault: Fault, folder: Path) -> None:
    outcomes = fail_each(folder, (fault,), first=1, every=23)
    assert sum(times for (_, told), times in outcomes.items() if told != "nothing") > 10


def test_the_simulation_sees_what_a_lying_disk_loses(folder: Path) -> None:
    # A journal without its mark beside it would open, shorter than it was: this is what the mark is for.
    seen = 0
    for number in range(4):
        for path in folder.iterdir():
            path.unlink()
        world = HostileWorld(f"lying/{number}", folder, lies=("support.ccroute", "support.ccroute-wal"))
        try:
            world.run(30)
        except Lost:
            seen += 1
    assert seen > 0


# ---- the disk ------------------------------------------------------------------------------------------------------


def disk_with(folder: Path, data: bytes) -> tuple[HostileDisk, int, str]:
    """Return a disk with a file whose first bytes are on the medium."""
    disk = HostileDisk(folder, Random(1))
    path = str(folder / "file")
    descriptor = disk.open(path, fresh=True)
    disk.write(descriptor, data, 0)
    disk.sync(descriptor)
    disk.sync_folder(str(folder))
    return disk, descriptor, path


def test_what_is_synced_stays(folder: Path) -> None:
    disk, descriptor, path = disk_with(folder, b"a" * 2_000)
    disk.close(descriptor)
    for _ in range(20):
        disk.boot(is_power_loss=True)
        assert disk.read(path) == b"a" * 2_000


def test_what_is_not_synced_may_be_there_or_not_or_torn(tmp_path: Path) -> None:
    seen = set()
    for number in range(60):
        folder = tmp_path / str(number)
        folder.mkdir()
        disk, descriptor, path = disk_with(folder, b"a" * 2_000)
        disk.random.seed(number)
        disk.write(descriptor, b"b" * 2_000, 0)
        disk.close(descriptor)
        disk.boot(is_power_loss=True)
        data = disk.read(path)
        assert len(data) == 2_000
        seen.add({2_000: "none", 0: "all"}.get(data.count(b"a"), "torn"))
    assert seen == {"none", "all", "torn"}


def test_a_kill_loses_nothing_that_was_written(folder: Path) -> None:
    disk, descriptor, path = disk_with(folder, b"a")
    disk.write(descriptor, b"b", 0)
    disk.plan(Fault.KILL)
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            disk.sync(descriptor)
    disk.close(descriptor)
    disk.boot(is_power_loss=False)
    assert disk.read(path) == b"b"


def test_a_sync_that_failed_is_not_made_good_by_the_next(folder: Path) -> None:
    disk, descriptor, path = disk_with(folder, b"a" * 512)
    disk.write(descriptor, b"b" * 512, 0)
    disk.random.seed(0)
    while not disk.is_behind("file"):
        disk.plan(Fault.ERROR)
        with pytest.raises(OSError, match="medium"):
            disk.sync(descriptor)
    disk.sync(descriptor)
    assert disk.read(path) == b"b" * 512
    disk.close(descriptor)
    disk.boot(is_power_loss=True)
    assert disk.read(path) != b"b" * 512 or not disk.is_behind("file")


def test_a_full_disk_stays_full(folder: Path) -> None:
    disk, descriptor, path = disk_with(folder, b"a")
    disk.plan(Fault.FULL)
    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            disk.write(descriptor, b"b", 0)
    disk.close(descriptor)
    disk.boot(is_power_loss=False)
    assert disk.read(path) == b"a"


def test_names_are_synced_apart(tmp_path: Path) -> None:
    seen = set()
    for number in range(40):
        folder = tmp_path / str(number)
        folder.mkdir()
        disk, descriptor, path = disk_with(folder, b"a")
        disk.random.seed(number)
        disk.close(descriptor)
        disk.remove(path)
        disk.boot(is_power_loss=True)
        seen.add(Path(path).exists())
    assert seen == {True, False}
