"""The command ``ccroute``: every command's JSON and tables, exit statuses, and input that is nothing like input."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccroute import Config, Engine, Presence, SetPresence
from ccroute.cli import progress
from ccroute.cli.run import LINE_BYTES_MAX
from tests.terminal import runner

EXAMPLES = Path(__file__).parents[1] / "examples"
CENTER = """
[queues.support]
offer = { mode = "ring", offer_timeout = "15s" }

[agents.maxim]
skills = { billing = 40 }
queues = { support = 1 }
"""
GROUP = ["calls", "answered", "left", "waiting", "mean_wait_s", "p90_wait_s", "within_20s"]
MAXIM_COMES = '{"at_us": 1, "type": "agent.presence", "agent_id": "maxim", "presence": "available"}'
BILL_COMES = '{"at_us": 2, "type": "contact.enqueue", "contact_id": "c1", "queue_id": "support", "channel": "chat"}'


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run of the command left."""

    status: int
    out: str
    error: str

    def objects(self) -> list[dict[str, object]]:
        """Return the lines of output as JSON objects."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def command(capsysbinary: pytest.CaptureFixture[bytes]):
    """Return a function that runs the command in this process."""
    run = runner(capsysbinary)

    def result_of(*words: object) -> Result:
        status, out, error = run(*words)
        return Result(status=status, out=out, error=error)

    return result_of


@pytest.fixture
def center(tmp_path: Path) -> Path:
    """Return the path of a small configuration."""
    path = tmp_path / "center.toml"
    path.write_text(CENTER)
    return path


def lines_file(tmp_path: Path, *lines: str | bytes) -> Path:
    path = tmp_path / "commands.jsonl"
    path.write_bytes(b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines))
    return path


def process(*words: object, stdin: bytes = b"", **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "ccroute", *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False, **options)  # type: ignore[call-overload,no-any-return]


# What all have in common.


def test_help_names_the_commands_and_needs_nothing_heavy(command) -> None:
    shown = command("--help")
    assert shown.status == 0
    assert all(name in shown.out for name in ("check", "hours", "run", "explain", "replay", "bench"))
    assert command() == shown
    heavy = "import sys, ccroute.cli.main as m; m.app(); print([n for n in sys.modules if n in {'csv', 'rich.table'}])"
    assert subprocess.run([sys.executable, "-c", heavy], capture_output=True, check=True).stdout == b"[]\n"


@pytest.mark.parametrize("name", ["check", "hours", "run", "explain", "replay", "bench"])
def test_every_command_has_help(command, name: str) -> None:
    assert command(name, "--help").status == 0


def test_the_version_is_told(command) -> None:
    assert command("--version").status == 0


@pytest.mark.parametrize(
    "words",
    [
        ["nothing"],
        ["check"],
        ["check", "a", "b"],
        ["run", "--config"],
        ["explain", "-"],
        ["explain", "-", "--event", "x"],
        ["explain", "-", "--event", "1", "--config", "a", "--snapshot", "b"],
        ["replay", "--wrong"],
        ["bench"],
        ["bench", "trace", "a"],
        ["bench", "core", "--agents", "x"],
    ],
    ids=" ".join,
)
def test_a_wrong_usage_is_one_line_and_status_2(command, words: list[str]) -> None:
    result = command(*words)
    assert (result.status, result.out) == (2, "")
    assert result.error.startswith("ccroute: UsageError: ")
    assert result.error.count("\n") == 1


@pytest.mark.parametrize("words", [["check"], ["run"], ["replay"], ["run", "-", "--config"]], ids=" ".join)
@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_an_unreadable_file_is_one_line_and_status_2(command, words: list[str], name: str, tmp_path: Path) -> None:
    result = command(*words, tmp_path / name)
    assert (result.status, result.out) == (2, "")
    assert result.error.startswith("ccroute: ")
    assert result.error.count("\n") == 1


def test_a_faulty_configuration_is_one_line_and_status_2(command, tmp_path: Path) -> None:
    path = tmp_path / "center.toml"
    path.write_text("[queues.a]\ntier = true\nageing = 1.5\n")
    result = command("run", os.devnull, "--config", path)
    assert result.status == 2
    assert result.error.startswith("ccroute: ConfigError: queues.a.")
    assert result.error.endswith("(and 1 more, see ccroute check)\n")


def test_output_that_cannot_be_written_is_one_line_and_status_2(center: Path) -> None:
    with open("/dev/full", "wb") as full:
        words = [sys.executable, "-m", "ccroute", "check", str(center), "--json"]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert done.stderr.startswith(b"ccroute: OSError: ")


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    path = lines_file(tmp_path, *["x"] * 5000)
    words = [sys.executable, "-m", "ccroute", "run", str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.readline()
        started.stdout.close()
        assert started.stderr.read() == b""
        assert started.wait(60) == 0


def test_an_output_that_is_closed_is_no_traceback(center: Path) -> None:
    words = f"exec {sys.executable} -m ccroute check {center} --json >&-"
    done = subprocess.run(["bash", "-c", words], stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr.count(b"\n"), b"Traceback" in done.stderr) == (2, 1, False)


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt(), 130), (MemoryError(), 2)], ids=["^C", "memory"])
def test_an_interrupt_or_want_of_memory_is_no_traceback(
    command, monkeypatch, error: BaseException, status: int
) -> None:
    def fail(path: str) -> None:
        raise error

    monkeypatch.setattr("ccroute.config.faults_of_file", fail)
    result = command("check", os.devnull)
    assert (result.status, result.out, result.error.count("\n")) == (status, "", status == 2)


# check


def test_check_finds_no_fault_in_a_right_configuration(command, center: Path) -> None:
    assert command("check", center, "--json").objects() == [{"ok": True, "faults": []}]
    shown = command("check", center)
    assert (shown.status, shown.out) == (0, f"{center}: no faults\n")


def test_check_tells_every_fault_with_its_place(command, tmp_path: Path) -> None:
    path = tmp_path / "center.toml"
    path.write_text("[queues.a]\ntier = true\n\n[agents.x]\nqueues = { b = 1 }\n")
    result = command("check", path, "--json")
    (told,) = result.objects()
    assert (result.status, told["ok"]) == (1, False)
    assert isinstance(told["faults"], list)
    assert [list(fault) for fault in told["faults"]] == [["path", "message", "line"]] * 2
    assert [fault["path"] for fault in told["faults"]] == ["queues.a.tier", "agents.x.queues.b"]
    shown = command("check", path)
    assert (shown.status, len(shown.out.splitlines())) == (1, 2)
    assert shown.out.startswith("queues.a.tier: ")


def test_check_tells_the_line_where_the_text_cannot_be_read(command, tmp_path: Path) -> None:
    path = tmp_path / "center.toml"
    path.write_text("[queues.a]\ntier =\n")
    (told,) = command("check", path, "--json").objects()
    assert isinstance(told["faults"], list)
    assert told["faults"][0]["line"] == 2


# run


def test_run_writes_the_events_of_every_command_in_order(command, center: Path, tmp_path: Path) -> None:
    accept = '{"at_us": 3, "type": "offer.accept", "offer_id": "o1"}'
    path = lines_file(tmp_path, MAXIM_COMES, BILL_COMES, "", " ", accept, '{"at_us": 9, "type": "advance"}')
    result = command("run", path, "--config", center)
    assert result.status == 0
    assert [(event["type"], event["at_us"]) for event in result.objects()] == [
        ("agent.presence_changed", 1),
        ("contact.queued", 2),
        ("offer.made", 2),
        ("offer.accepted", 3),
        ("contact.active", 3),
    ]
    assert [event["seq"] for event in result.objects()] == [1, 2, 3, 4, 5]
    assert command("run", path, "--config", center, "--json") == result


def test_advance_moves_time_and_fires_timers(command, center: Path, tmp_path: Path) -> None:
    path = lines_file(tmp_path, MAXIM_COMES, BILL_COMES, '{"at_us": 20000000, "type": "advance"}')
    expired = command("run", path, "--config", center).objects()[3]
    assert (expired["type"], expired["at_us"]) == ("offer.expired", 15_000_002)


def test_a_command_that_raises_is_told_and_the_run_goes_on(command, center: Path, tmp_path: Path) -> None:
    unknown = BILL_COMES.replace("support", "suport")
    result = command("run", lines_file(tmp_path, unknown, MAXIM_COMES), "--config", center)
    error, event = result.objects()
    assert list(error) == ["type", "error", "argument", "message", "line"]
    assert (error["type"], error["error"], error["argument"], error["line"]) == ("error", "UnknownName", "queue_id", 1)
    assert event["type"] == "agent.presence_changed"
    assert result.status == 0


@pytest.mark.parametrize(
    "line",
    [
        "x",
        "{}",
        "[]",
        "null",
        "5",
        '{"at_us": 1}',
        '{"type": "advance"}',
        '{"at_us": "1", "type": "advance"}',
        '{"at_us": 1.5, "type": "advance"}',
        '{"at_us": true, "type": "advance"}',
        '{"at_us": -1, "type": "advance"}',
        '{"at_us": 9007199254740992, "type": "advance"}',
        '{"at_us": 1e400, "type": "advance"}',
        '{"at_us": 1, "type": "nothing"}',
        '{"at_us": 1, "type": "queue.pause", "queue_id": 5}',
        '{"at_us": 1, "type": "queue.pause", "queue_id": "support", "more": 1}',
        b"\xff\xfe\x00",
        b"\x00",
        b'{"at_us": 1, "type": "queue.pause", "queue_id": "\xff"}',
        b'{"at_us": 1, "type": "queue.pause", "queue_id": "\\ud800"}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "1" * 10_000,
        MAXIM_COMES + "x" * LINE_BYTES_MAX,
    ],
    ids=lambda line: repr(line[:60]),
)
def test_a_line_that_is_no_command_is_told(command, center: Path, tmp_path: Path, line: str) -> None:
    error, event = command("run", lines_file(tmp_path, line, MAXIM_COMES), "--config", center).objects()
    assert (error["type"], error["line"], event["type"]) == ("error", 1, "agent.presence_changed")
    assert isinstance(error["message"], str)
    assert len(error["message"]) < 2_000


def test_the_last_line_needs_no_end(command, center: Path, tmp_path: Path) -> None:
    path = tmp_path / "commands.jsonl"
    path.write_text(MAXIM_COMES)
    assert len(command("run", path, "--config", center).objects()) == 1


def test_a_jump_of_time_needs_leave(command, tmp_path: Path) -> None:
    config = tmp_path / "jump.toml"
    config.write_text('[engine]\njump_max = "1s"\n')
    path = lines_file(tmp_path, '{"at_us": 1, "type": "advance"}', '{"at_us": 5000000, "type": "advance"}')
    assert [error["error"] for error in command("run", path, "--config", config).objects()] == ["TimeJump"]
    assert command("run", path, "--config", config, "--allow-jump").out == ""


def test_run_without_configuration_has_an_empty_one(command, tmp_path: Path) -> None:
    (error,) = command("run", lines_file(tmp_path, BILL_COMES)).objects()
    assert error["error"] == "UnknownName"


def test_run_answers_each_line_of_standard_input_before_the_next_comes(center: Path) -> None:
    words = [sys.executable, "-m", "ccroute", "run", "-", "--config", str(center)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdin is not None
        assert started.stdout is not None
        for line, kinds in ((MAXIM_COMES, ["agent.presence_changed"]), (BILL_COMES, ["contact.queued", "offer.made"])):
            started.stdin.write(line.encode() + b"\n")
            started.stdin.flush()
            assert [json.loads(started.stdout.readline())["type"] for _ in kinds] == kinds
        started.stdin.close()
        assert started.wait(60) == 0


def test_a_closed_standard_input_is_one_line_and_status_2() -> None:
    done = subprocess.run(
        ["bash", "-c", f"exec {sys.executable} -m ccroute run - <&-"], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)


@given(st.lists(st.binary(max_size=80) | st.sampled_from([MAXIM_COMES.encode(), BILL_COMES.encode()]), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_lines_make_run_crash(command, monkeypatch: pytest.MonkeyPatch, center: Path, lines: list[bytes]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n".join(lines))))
    result = command("run", "-", "--config", center)
    assert (result.status, result.error) == (0, "")
    assert all("type" in told for told in result.objects())


def test_commands_with_a_byte_changed_never_crash_run(command, center: Path, tmp_path: Path) -> None:
    source = random.Random(3)
    lines = []
    for _ in range(2_000):
        line = bytearray(source.choice([MAXIM_COMES, BILL_COMES]).encode())
        for _ in range(source.randrange(4)):
            line[source.randrange(len(line))] = source.randrange(256)
        lines.append(bytes(line))
    result = command("run", lines_file(tmp_path, *lines), "--config", center)
    assert (result.status, result.error) == (0, "")
    assert {told["type"] for told in result.objects()} >= {"error", "command.refused", "agent.presence_changed"}


def test_at_a_terminal_events_are_readable(command, monkeypatch, center: Path, tmp_path: Path) -> None:
    monkeypatch.setattr("ccroute.cli.run.sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    path = lines_file(tmp_path, MAXIM_COMES, "x")
    shown = command("run", path, "--config", center).out
    assert "0.000001 s  agent.presence_changed" in shown
    assert "agent_id=maxim presence=available" in shown
    assert "line 2: CodecError: " in shown
    assert command("run", path, "--config", center, "--json").objects()[0]["type"] == "agent.presence_changed"


# explain


def test_explain_tells_between_whom_was_chosen(command, center: Path, tmp_path: Path) -> None:
    path = lines_file(tmp_path, MAXIM_COMES, "no command", "", BILL_COMES)
    shown = command("explain", path, "--config", center, "--event", 3)
    assert shown.status == 0
    assert shown.out.splitlines() == [
        "event 3: offer.made offer o1 contact c1 agent maxim at 2 µs",
        "caused by command:2, contact.enqueue",
        "led to by:",
        "  event 2: contact.queued contact c1 queue support",
        "c1 was offered to maxim in its turn",
        "candidates: only maxim",
        "no other contact could have had maxim",
    ]
    (told,) = command("explain", path, "--config", center, "--event", 3, "--json").objects()
    assert list(told) == ["event", "call", "command", "led_by", "replaced_by", "choice"]
    assert told["choice"] == {
        "turn": "line",
        "contact_id": "c1",
        "agent_id": "maxim",
        "agents": [{"agent_id": "maxim", "rank": 1, "sets_aside": [], "passed_over": False, "lost_by": None}],
        "excluded": [],
        "contacts": [],
        "contacts_count": 0,
        "victims": [],
    }


def test_explain_passes_over_what_run_tells_as_errors(command, center: Path, tmp_path: Path) -> None:
    unknown = BILL_COMES.replace("support", "suport")
    long = b" " * (LINE_BYTES_MAX + 1)
    path = lines_file(tmp_path, unknown, MAXIM_COMES, long, BILL_COMES)
    run = command("run", path, "--config", center).objects()
    (told,) = command("explain", path, "--config", center, "--event", 3, "--json").objects()
    assert told["event"] == run[-1]


def test_explain_begins_with_a_snapshot(command, center: Path, tmp_path: Path) -> None:
    engine = Engine(Config.from_file(center))
    engine.handle(SetPresence(agent_id="maxim", presence=Presence.AVAILABLE), 1)
    snapshot = tmp_path / "engine.snapshot"
    snapshot.write_bytes(engine.snapshot())
    done = process("explain", "-", "--snapshot", snapshot, "--event", 3, "--json", stdin=BILL_COMES.encode())
    assert json.loads(done.stdout)["choice"]["agent_id"] == "maxim"
    done = process("explain", "-", "--snapshot", snapshot, "--event", 1, stdin=BILL_COMES.encode())
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"ccroute: OutOfRange: event must be the seq of an event behind the snapshot")


def test_explain_of_an_event_that_is_not_reached_is_one_line_and_status_2(
    command, center: Path, tmp_path: Path
) -> None:
    result = command("explain", lines_file(tmp_path, MAXIM_COMES), "--config", center, "--event", 9)
    assert (result.status, result.out) == (2, "")
    assert result.error.startswith("ccroute: EventNotReached: event 9 is not reached")


# replay


def test_replay_shows_the_record_beside_the_engine(command) -> None:
    result = command("replay", EXAMPLES / "day.csv", "--config", EXAMPLES / "day.toml", "--json")
    (told,) = result.objects()
    assert list(told) == ["record", "engine"]
    for side in told.values():
        assert isinstance(side, dict)
        assert list(side) == [*GROUP, "by_type", "by_priority", "by_hour", "occupancy"]
        assert side["calls"] == side["answered"] + side["left"] + side["waiting"]
        for parts in ("by_type", "by_priority", "by_hour"):
            assert all(list(part) == GROUP for part in side[parts].values())
            assert sum(part["calls"] for part in side[parts].values()) == side["calls"]
        assert all(0 <= share <= 1 for share in (side["within_20s"], *side["occupancy"].values()))
    shown = command("replay", EXAMPLES / "day.csv", "--config", EXAMPLES / "day.toml")
    assert shown.status == 0
    assert all(word in shown.out for word in ("record", "engine", "by type", "by hour", "occupancy", "A08", "NW"))
    assert max(map(len, shown.out.splitlines())) <= 80


def test_predict_has_one_line_a_rule(command) -> None:
    result = command("replay", EXAMPLES / "day.csv", "--predict", "--json")
    assert [list(line) for line in result.objects()] == [["head_start_s", "decisions", "share"]] * 5
    assert [line["head_start_s"] for line in result.objects()] == [0, 60, 90, 120, "strict"]
    shown = command("replay", EXAMPLES / "day.csv", "--predict").out
    assert "head start 90 s" in shown
    assert "before everybody else" in shown


def test_a_malformed_record_is_named_with_line_and_column(command, tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    lines = (EXAMPLES / "day.csv").read_text().splitlines()
    lines[7] = lines[7].replace("2026-03-02", "2026-03-32")
    path.write_text("\n".join(lines))
    result = command("replay", path)
    assert (result.status, result.error.count("\n")) == (2, 1)
    assert result.error.startswith("ccroute: RecordError: line 8, column date must be")


def test_long_work_shows_a_bar_at_a_terminal(monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "_PATIENCE_S", -1.0)
    with progress.Bar("routing") as bar:
        bar.told(0.2)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress.Bar("routing") as bar:
        bar.told(0.4)
        bar.told(1.0)
    assert "routing" in capsys.readouterr().err


# bench


def test_bench_trace_tells_every_assignment_in_its_digest(command, tmp_path: Path) -> None:
    contacts, agents = tmp_path / "contacts.csv", tmp_path / "agents.csv"
    agents.write_text("id,profile,skills\n0,0,1|2\n")
    contacts.write_text(
        "id,arrival_us,skill,vip,service_us,patience_us\n"
        "0,0,1,0,10000000,-1\n"
        "1,1000000,2,0,10000000,5000000\n"  # leaves at 6 s
        "2,2000000,1,0,10000000,-1\n"  # waits for the VIP
        "3,3000000,2,1,10000000,-1\n"
    )
    answer = b"0,0,0\n1,-1,6000000\n2,0,20000000\n3,0,10000000\n"
    for through in ("core", "engine"):
        (told,) = command("bench", "trace", contacts, agents, "--through", through, "--json").objects()
        assert list(told) == ["digest", "served", "left", "mean_wait_s", "contacts_per_cpu_second"]
        assert told["digest"] == hashlib.sha256(answer).hexdigest()[:16]
        assert (told["served"], told["left"], told["mean_wait_s"]) == (3, 1, pytest.approx(25 / 3))
    assert str(told["digest"]) in command("bench", "trace", contacts, agents).out
    wrong = command("bench", "trace", contacts, agents, "--through", "luck")
    assert (wrong.status, wrong.error) == (2, "ccroute: OutOfRange: through must be core or engine, was 'luck'\n")


def test_bench_core_has_a_line_a_regime(command) -> None:
    sizes = {"agents": 20, "profiles": 5, "classes": 5, "waiting": 50, "skills": 10, "iterations": 200}
    words = [word for name, size in sizes.items() for word in (f"--{name}", size)]
    told = command("bench", "core", *words, "--json").objects()
    assert [list(line) for line in told] == [["regime", "ns_per_decision", "bytes_per_waiting"]] * 2
    assert [line["regime"] for line in told] == ["saturated", "idle"]
    assert "ns per decision" in command("bench", "core", *words).out
    assert command("bench", "core", "--agents", "0").status == 2


def test_bench_engine_tells_lives_a_second_both_ways(command) -> None:
    (told,) = command("bench", "engine", "--lives", "50", "--runs", "1", "--json").objects()
    assert list(told) == ["lives_per_cpu_second_handle", "lives_per_cpu_second_handle_many"]
    assert "handle many" in command("bench", "engine", "--lives", "50", "--runs", "1").out


def test_the_embedding_example_runs() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLES / "embed.py")], capture_output=True, text=True, check=True)
    assert "offer.made" in done.stdout
    assert done.stdout.rstrip().endswith("contact.closed")
