"""What leaves the house: the sdist, and the wheel built from it, hold what they should and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = [pytest.mark.slow, pytest.mark.distribution]

GENERATED = {".c", ".so", ".o", ".pyc", ".html"}

WRITTEN_PAGES = "examples/desk/desk/pages/"
"""Where .html is written by people, and not by Cython."""


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an sdist from the tree and a wheel from the sdist; return their folder."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        env={**os.environ, "CCROUTE_BUILD": "release"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="module")
def sdist_files(distributions: Path) -> set[str]:
    """Return the paths in the sdist, below its top folder."""
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        return {str(PurePosixPath(*PurePosixPath(member.name).parts[1:])) for member in opened if member.isfile()}


@pytest.fixture(scope="module")
def wheel_files(distributions: Path) -> set[str]:
    """Return the paths in the wheel."""
    (wheel,) = distributions.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist())


def sources(*folders: str, suffixes: set[str] | None = None) -> set[str]:
    """Return the paths of the tree's own files in these folders."""
    return {
        str(path.relative_to(ROOT))
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and path.suffix not in GENERATED
        and not any(part == "__pycache__" or part.endswith(".egg-info") for part in path.parts)
        and (suffixes is None or path.suffix in suffixes)
    }


def test_sdist_holds_every_source(sdist_files: set[str]) -> None:
    wanted = sources("src", "tests", "benchmarks", "examples", "docs", "scripts")
    assert wanted - sdist_files == set()
    front = {"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml", "setup.py", ".ci/run"}
    assert front - sdist_files == set()


def test_sdist_holds_nothing_generated(sdist_files: set[str]) -> None:
    others = {name for name in sdist_files if not name.startswith(WRITTEN_PAGES)}
    assert {name for name in others if PurePosixPath(name).suffix in GENERATED} == set()


def test_wheel_holds_modules_stubs_kernels_and_the_type_mark_only(wheel_files: set[str]) -> None:
    package = {name for name in wheel_files if not name.split("/")[0].endswith(".dist-info")}
    strange = {
        name
        for name in package
        if PurePosixPath(name).suffix not in {".py", ".pyi", ".so"} and name != "ccroute/py.typed"
    }
    assert strange == set()
    assert all(name.startswith("ccroute/") for name in package)


def test_wheel_holds_every_module_and_every_kernel(wheel_files: set[str]) -> None:
    wanted = {name.removeprefix("src/") for name in sources("src", suffixes={".py", ".pyi", ".typed"})}
    assert wanted - wheel_files == set()
    kernels = {name.split(".")[0] for name in wheel_files if name.endswith(".so")}
    assert kernels == {
        str(Path(name).with_suffix("")).removeprefix("src/") for name in sources("src", suffixes={".pyx"})
    }


def test_wheel_carries_the_licence(wheel_files: set[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel_files)


def test_installed_wheel_routes_a_contact(distributions: Path, tmp_path: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(tmp_path)
    program = (
        "import ccroute\n"
        f"assert ccroute.__file__.startswith({str(tmp_path)!r}), ccroute.__file__\n"
        "engine = ccroute.Engine(ccroute.Config.from_toml('[queues.q]\\n[agents.a]\\nqueues = {q = 1}'))\n"
        "engine.handle(ccroute.SetPresence(agent_id='a', presence=ccroute.Presence.AVAILABLE), at_us=0)\n"
        "events = engine.handle(ccroute.EnqueueContact(contact_id='c', queue_id='q', channel='voice'), at_us=1)\n"
        "print(*[type(event).__name__ for event in events])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["ContactQueued", "OfferMade"], done.stderr
