"""The server as a process: killed in mid-conversation and started again, stopped, told what cannot be, given users."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from desk.serve import main
from tests.desk.houses import CONFIG, PASSWORD
from tests.desk.processes import Person, Process, running

pytestmark = [pytest.mark.outer, pytest.mark.slow]


@pytest.fixture
def folder(tmp_path: Path, people_file: Path) -> Path:
    """Return a folder with users and a configuration."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "people.sqlite").write_bytes(people_file.read_bytes())
    (tmp_path / "center.toml").write_text(CONFIG)
    return data


def config_of(folder: Path) -> str:
    """Return the path of the configuration."""
    return str(folder.parent / "center.toml")


def test_nobody_loses_a_message_or_a_place_when_the_server_is_killed(folder: Path) -> None:
    with running(folder, "--config", config_of(folder)) as server:
        maxim = Person(server.url, "maxim", PASSWORD)
        first, second = Person(server.url), Person(server.url)
        try:
            talks = _talk_and_be_killed(server, maxim, first, second)
            with running(folder, "--config", config_of(folder)) as again:
                for person in (maxim, first, second):
                    person.move(again.url)
                _go_on(maxim, first, second, talks)
        finally:
            for person in (maxim, first, second):
                person.close()


def _talk_and_be_killed(server: Process, maxim: Person, first: Person, second: Person) -> dict[str, object]:
    maxim.post("/api/agent/presence", presence="available")
    page, chat = maxim.open("/api/agent/socket"), maxim.open("/api/agent/chat")
    chat.say(type="hello")
    one = first.post("/api/chat/begin", name="Grace")
    customer = first.open("/api/chat/socket")
    customer.say(type="hello", token=one["token"])
    customer.say(type="post", client_id="m1", body="first")
    customer.wait_for("ack", client_id="m1")
    while not (offers := page.wait_for("state")["offers"]):
        pass
    offer = offers[0]  # type: ignore[index]
    maxim.post(f"/api/agent/offers/{offer['offer_id']}/accept")
    conversation_id = chat.wait_for("invited")["conversation_id"]
    chat.say(type="join", conversation_id=conversation_id)
    chat.say(type="post", client_id="a1", body="answer", conversation_id=conversation_id)
    chat.wait_for("ack", client_id="a1")
    maxim.post("/api/agent/presence", presence="away")
    two = second.post("/api/chat/begin")
    waiting = second.open("/api/chat/socket")
    waiting.say(type="hello", token=two["token"])
    waiting.say(type="post", client_id="w1", body="I wait")
    queued = waiting.wait_for("status", phase="waiting")
    for number in range(2, 20):
        customer.say(type="post", client_id=f"m{number}", body=f"line {number}")
    customer.wait_for("ack", client_id="m10")  # so that it dies with some on their way
    server.kill()
    return {"one": one["token"], "two": two["token"], "contact": offer["contact_id"], "waiting": queued["contact_id"]}


def _go_on(maxim: Person, first: Person, second: Person, talks: dict[str, object]) -> None:
    page = maxim.open("/api/agent/socket")
    state = page.wait_for("state")
    assert [(one["contact_id"], one["state"]) for one in state["chats"]] == [(talks["contact"], "active")]  # type: ignore[attr-defined]
    customer = first.open("/api/chat/socket")
    customer.say(type="hello", token=talks["one"])
    assert customer.wait_for("joined")["phase"] == "active"
    # What was not acknowledged is sent again; what was, too: it is said once.
    for number in range(2, 20):
        customer.say(type="post", client_id=f"m{number}", body=f"line {number}")
        customer.wait_for("ack", client_id=f"m{number}")
    story = maxim.get(f"/api/agent/contacts/{talks['contact']}").json()
    said = [one["body"] for one in story["messages"] if one["from_customer"]]
    assert said == ["first", *(f"line {number}" for number in range(2, 20))]
    assert [one["body"] for one in story["messages"] if one["agent_id"] == "maxim"] == ["answer"]
    waiting = second.open("/api/chat/socket")
    waiting.say(type="hello", token=talks["two"])
    stood = waiting.wait_for("joined")
    assert (stood["phase"], stood["contact_id"]) == ("waiting", talks["waiting"])
    waiting.say(type="position")
    assert waiting.wait_for("position")["position"] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order_when_it_is_told_to(folder: Path, number: signal.Signals) -> None:
    with running(folder, "--config", config_of(folder)) as server:
        person = Person(server.url)
        person.open("/api/chat/socket")
        assert server.stop(number) == (0, "")
        person.close()


def test_the_demonstration_tells_its_users_once(tmp_path: Path) -> None:
    with running(tmp_path / "demo", "--demo", "--no-demo-people") as server:
        users = {line.split()[3]: line.split()[5] for line in server.lines if line.startswith("desk: user ")}
        assert set(users) == {"maxim", "dorit", "lena", "root", "ada"}
        lena = Person(server.url, "lena", users["lena"])
        assert lena.get("/api/supervisor/contacts/nothing").status_code == 404
        lena.close()
    with running(tmp_path / "demo", "--demo", "--no-demo-people") as server:
        assert [line for line in server.lines if "password" in line] == []


def test_ccroute_serve_starts_the_server_that_is_installed(tmp_path: Path) -> None:
    entry = ("-m", "ccroute", "serve", "--demo")
    with running(tmp_path / "demo", "--no-demo-people", entry=entry) as server:
        person = Person(server.url)
        told = [person.get(path) for path in ("/health/ready", "/", "/agent", "/supervisor", "/static/desk.css")]
        person.close()
        assert [one.status_code for one in told] == [200] * len(told)
        assert told[0].json()["status"] == "ok"


def test_two_servers_do_not_share_a_folder(folder: Path) -> None:
    with running(folder, "--config", config_of(folder)):
        command = [sys.executable, "-m", "desk", "--port", "0", "--data", str(folder), "--config", config_of(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 2
        assert done.stderr.startswith("desk: JournalInUse: ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "either --demo or --config FILE is needed"),
        (["--demo", "--host", "0.0.0.0"], "needs --origin"),
        (["--demo", "--origin", "desk.example"], "an origin must be as in"),
        (["--demo", "--port", "70000"], "cannot listen at 127.0.0.1, port 70000"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
        (["add-user", "--name", "x", "--role", "agent"], "--role agent needs --agent"),
        (["remove-user", "--name", "nobody"], "there is no user 'nobody'"),
        (["add-user", "--name", " ", "--role", "admin"], "a name must have"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    words: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("desk: ")
    assert told in error
    assert error.count("\n") == 1


def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["--demo", "--port", str(taken.getsockname()[1])]) == 2
    assert "Address already in use" in capsys.readouterr().err


def test_users_are_added_shown_and_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path / "data")]
    new = ["--name", "maxim", "--role", "agent", "--agent", "maxim", "--shown-name", "Maxim M."]
    assert main(["add-user", *data, *new]) == 0
    assert capsys.readouterr().out.startswith("desk: user agent maxim password ")
    assert main(["add-user", *data, *new]) == 2
    assert "there is a user 'maxim' already" in capsys.readouterr().err
    assert main(["users", *data]) == 0
    assert capsys.readouterr().out == "maxim\tagent\tmaxim\tMaxim M.\n"
    assert main(["remove-user", *data, "--name", "maxim"]) == 0
    assert main(["users", *data]) == 0
    assert capsys.readouterr().out == ""


def test_a_password_of_ones_own_is_read_and_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["add-user", "--data", str(tmp_path), "--name", "root", "--role", "admin", "--password-stdin"]
    for password, status in (("short", 2), (PASSWORD, 0)):
        with open(tmp_path / "password", "w+") as file:
            file.write(f"{password}\n")
            file.seek(0)
            monkeypatch.setattr("sys.stdin", file)
            assert main(words) == status
    told = capsys.readouterr()
    assert told.out == "desk: user admin root\n"
    assert PASSWORD not in told.out + told.err
