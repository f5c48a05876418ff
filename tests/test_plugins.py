"""Packages of others add to ccroute: they are found, loaded when they are asked for, and named when they are broken."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from ccroute import (
    Config,
    InvalidArgument,
    MemoryChannel,
    MemoryPresence,
    OutOfRange,
    PluginBroken,
    PluginNotFound,
    Router,
)
from ccroute.cli.main import main
from ccroute.errors import UnknownName
from ccroute.runtime import plugins
from ccroute.runtime.plugins import Plugin, channels_of, installed, load, make

pytestmark = pytest.mark.outer

ROOT = Path(__file__).parents[1]

SOUND = """
from ccroute import MemoryChannel, MemoryPresence, MemoryHistory, MemoryJournal, UnknownName
from ccroute.customers import MemoryDirectory
made = []
def channel(name, options):
    if "wrong" in options:
        raise UnknownName("options", "wrong", "none")
    made.append(name)
    return MemoryChannel()
def presence(name, options): return MemoryPresence()
def history(name, options): return MemoryHistory()
def journal(name, options): return MemoryJournal()
def directory(name, options): return MemoryDirectory()
def main(arguments): return len(arguments)
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that puts a package with entry points on the path, as an installer does."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(package: str, entries: dict[str, dict[str, str]], **modules: str) -> None:
        info = tmp_path / f"{package.replace('-', '_')}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.5\n")
        lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in own.items()) for group, own in entries.items()]
        (info / "entry_points.txt").write_text("\n".join(lines))
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(text)
            monkeypatch.delitem(sys.modules, name, raising=False)

    return put


def ours(group: str | None = None) -> list[Plugin]:
    """Return the plug-ins of these tests, whatever else is installed here."""
    return [one for one in installed(group) if one.package.startswith("test-")]


def test_what_is_installed_is_told_and_not_loaded(install: Install) -> None:
    install(
        "test-two",
        {"ccroute.servers": {"desk": "nowhere:main"}, "ccroute.channels": {"b": "nowhere:b", "a": "nowhere:a"}},
    )
    told = [(one.group, one.name, one.package, one.version, one.target) for one in ours()]
    assert told == [
        ("ccroute.channels", "a", "test-two", "1.5", "nowhere:a"),
        ("ccroute.channels", "b", "test-two", "1.5", "nowhere:b"),
        ("ccroute.servers", "desk", "test-two", "1.5", "nowhere:main"),
    ]
    assert [one.name for one in ours("ccroute.servers")] == ["desk"]
    assert "nowhere" not in sys.modules


def test_every_port_can_be_plugged_in(install: Install) -> None:
    groups = ("channels", "presence", "histories", "journals", "directories")
    kinds = ("channel", "presence", "history", "journal", "directory")
    install(
        "test-all",
        {f"ccroute.{group}": {"mine": f"sound:{kind}"} for group, kind in zip(groups, kinds, strict=True)}
        | {"ccroute.servers": {"mine": "sound:main"}},
        sound=SOUND,
    )
    assert type(plugins.make_channel("mine")) is MemoryChannel
    assert type(plugins.make_presence("mine")) is MemoryPresence
    plugins.make_history("mine").close()
    plugins.make_journal("mine").close()
    assert hasattr(plugins.make_directory("mine"), "look_up")
    assert plugins.server("mine")(["--port", "80"]) == 2


def test_channels_of_a_configuration_are_made_unless_they_are_there(install: Install) -> None:
    entries = {"pigeon": "sound:channel", "owl": "sound:channel", "raven": "sound:channel"}
    install("test-birds", {"ccroute.channels": entries}, sound=SOUND)
    made = channels_of(["chat", "pigeon", "owl"], except_for=["owl"])
    assert list(made) == ["pigeon"]
    assert sys.modules["sound"].made == ["pigeon"]
    with pytest.raises(UnknownName, match="options"):
        channels_of(["pigeon"], options={"pigeon": {"wrong": 1}})


def test_one_that_is_not_there_is_told_with_those_that_are(install: Install) -> None:
    install("test-birds", {"ccroute.channels": {"pigeon": "nowhere:make"}})
    with pytest.raises(PluginNotFound) as told:
        make("ccroute.channels", "pidgeon")
    assert (told.value.group, told.value.name) == ("ccroute.channels", "pidgeon")
    assert "pigeon" in told.value.installed
    assert "no installed package has 'pidgeon' among its entry points ccroute.channels; there are: " in str(told.value)
    copy = pickle.loads(pickle.dumps(told.value))
    assert (str(copy), copy.installed) == (str(told.value), told.value.installed)


def test_where_none_is_installed_that_is_told() -> None:
    assert str(PluginNotFound("ccroute.journals", "x", ())).endswith("there are: none is installed")


def test_a_group_that_there_is_not_is_refused() -> None:
    for ask in (installed, lambda group: load(group, "x"), lambda group: make(group, "x")):
        with pytest.raises(OutOfRange, match=r"group must be one of ccroute\.channels, .* was 'ccroute\.birds'"):
            ask("ccroute.birds")


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("nowhere_at_all:make", "nowhere_at_all:make cannot be imported: ModuleNotFoundError"),
        ("broken:missing", "broken:missing cannot be imported: AttributeError"),
        ("broken:number", "broken:number is of type int, which cannot be called"),
        ("broken:raises", "broken:raises raised ZeroDivisionError"),
        ("broken:lacks", "what it made is of type Half and lacks deliver"),
    ],
)
def test_one_that_is_broken_is_told_with_its_package(install: Install, target: str, problem: str) -> None:
    broken = (
        "number = 7\n"
        "def raises(name, options): return 1 / 0\n"
        "class Half:\n    async def run(self, inlet): ...\n"
        "def lacks(name, options): return Half()\n"
    )
    install("test-broken", {"ccroute.channels": {"half": target}}, broken=broken)
    with pytest.raises(PluginBroken) as told:
        make("ccroute.channels", "half")
    error = told.value
    assert (error.group, error.name, error.package) == ("ccroute.channels", "half", "test-broken 1.5")
    assert error.problem.startswith(problem)
    assert str(error).startswith(f"entry point 'half' of ccroute.channels, from the package test-broken 1.5: {problem}")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.problem) == (str(error), error.problem)


def test_one_that_several_packages_have_is_told_with_all_of_them(install: Install) -> None:
    for name in ("test-one", "test-other"):
        install(name, {"ccroute.channels": {"pigeon": f"{name.replace('-', '_')}:make"}})
    with pytest.raises(PluginBroken, match=r"the package test-one 1\.5, test-other 1\.5: several packages have it"):
        load("ccroute.channels", "pigeon")


def test_an_option_that_is_not_allowed_is_no_fault_of_the_package(install: Install) -> None:
    install("test-birds", {"ccroute.channels": {"pigeon": "sound:channel"}}, sound=SOUND)
    with pytest.raises(InvalidArgument, match="options"):
        make("ccroute.channels", "pigeon", {"wrong": True})


CENTER = """
[channels.pigeon]
[channels.owl]
[queues.letters]
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_router_makes_the_channels_of_its_configuration(install: Install, backend: str) -> None:
    install("test-birds", {"ccroute.channels": dict.fromkeys(("pigeon", "owl"), "sound:channel")}, sound=SOUND)
    config, owl = Config.from_toml(CENTER), MemoryChannel()

    async def main() -> None:
        async with Router.open(config=config) as router:
            assert router.health().channels == {}
        async with Router.open(config=config, channels={"owl": owl}, plugins=True) as router:
            assert sorted(router.health().channels) == ["owl", "pigeon"]
        assert sys.modules["sound"].made == ["pigeon"]

    anyio.run(main, backend=backend)


def test_a_router_does_not_open_with_a_plug_in_that_is_broken(install: Install) -> None:
    install("test-birds", {"ccroute.channels": {"pigeon": "nowhere:make"}})

    async def main() -> None:
        async with Router.open(config=Config.from_toml(CENTER), plugins=True):
            raise AssertionError("it opened")

    with pytest.raises(PluginBroken, match="nowhere:make cannot be imported"):
        anyio.run(main)


# ---- the command -------------------------------------------------------------------------------------------------


def test_the_command_tells_what_is_installed(install: Install, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    install("test-birds", {"ccroute.channels": {"pigeon": "sound:channel", "owl": "nowhere:make"}}, sound=SOUND)
    assert main(["plugins"]) == 0
    out = capsysbinary.readouterr().out.decode()
    assert "pigeon" in out
    assert "test-birds 1.5" in out
    assert main(["plugins", "--check"]) == 1
    assert "cannot be imported" in " ".join(capsysbinary.readouterr().out.decode().split())
    assert main(["plugins", "--json", "--check"]) == 1
    told = {one["name"]: one for one in json.loads(capsysbinary.readouterr().out)["plugins"]}
    assert told["pigeon"]["problem"] is None
    assert told["owl"]["problem"].startswith("nowhere:make cannot be imported")


def test_the_command_says_that_there_is_nothing(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(plugins, "entry_points", lambda group: [])
    assert main(["plugins"]) == 0
    assert capsysbinary.readouterr().out == b"no installed package adds anything to ccroute\n"


# ---- the example -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pigeon(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Install the example as anybody would, beside this ccroute, and return the environment that has both."""
    folder = tmp_path_factory.mktemp("pigeon")
    source, site = folder / "source", folder / "site"
    shutil.copytree(ROOT / "examples" / "plugin", source, ignore=shutil.ignore_patterns("__pycache__", "build"))
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", site, source],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (source / "carrier_pigeon").rename(source / "not_to_be_imported")
    import ccroute

    path = os.pathsep.join([str(site), str(Path(ccroute.__file__).parents[1])])
    return {**os.environ, "PYTHONPATH": path, "SOURCE": str(source), "COLUMNS": "200"}


def _runs(pigeon: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], env=pigeon, cwd=pigeon["SOURCE"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_example_passes_its_own_tests_when_it_is_installed(pigeon: dict[str, str]) -> None:
    assert " passed" in _runs(pigeon, "-m", "pytest", "-q", "-p", "no:cacheprovider")


@pytest.mark.slow
def test_the_command_tells_the_example(pigeon: dict[str, str]) -> None:
    told = json.loads(_runs(pigeon, "-m", "ccroute", "plugins", "--json"))["plugins"]
    assert [one for one in told if one["name"] == "carrier-pigeon"] == [
        {
            "group": "ccroute.channels",
            "name": "carrier-pigeon",
            "package": "ccroute-carrier-pigeon",
            "version": "0.1.0",
            "target": "carrier_pigeon.channel:make",
            "problem": None,
        }
    ]


LIVES = """
import anyio, os, pathlib, sys
from ccroute import Config, Presence, Router, SetPresence

CENTER = '''
[channels.carrier-pigeon]
[queues.letters]
[agents.maxim]
queues = { letters = 1 }
'''

async def main(folder):
    loft = pathlib.Path(folder) / "loft"
    (loft / "in").mkdir(parents=True)
    (loft / "in" / "hugo-1.letter").write_text("coo")
    os.environ["CARRIER_PIGEON_LOFT"] = str(loft)
    answers = loft / "out" / "pigeon-hugo-1.answers"
    with anyio.fail_after(60):
        async with Router.open(config=Config.from_toml(CENTER), plugins=True, name="north") as router:
            async with router.offers(agent_id="maxim") as offers:
                await router.send(SetPresence(agent_id="maxim", presence=Presence.AVAILABLE))
                await router.accept(await anext(offers))
            while not answers.exists() or answers.read_text().count("\\n") < 2:
                await anyio.sleep(0.01)
            story = await router.history.contact("pigeon-hugo-1")
    print(answers.read_text())
    print([one.addition.body for one in story.entries if one.kind == "message"])

anyio.run(main, sys.argv[1], backend=sys.argv[2])
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_letter_comes_in_by_the_example_and_is_answered(pigeon: dict[str, str], tmp_path: Path, backend: str) -> None:
    told = _runs(pigeon, "-c", LIVES, str(tmp_path), backend)
    assert "Your letter has arrived." in told
    assert "maxim is reading it." in told
    assert "['coo']" in told
    assert '["north:' in told
