"""``ccroute hours``, and what ``ccroute check`` says of opening hours."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from ccroute import Config, Engine
from ccroute.types import TIME_US_MAX
from tests.terminal import Run, runner

CENTER = """
[queues.loans.hours]
zone = "Europe/Berlin"
open = ["mon-fri 09:00-18:00", "sat 10:00-14:00"]
holidays = ["2026-10-26"]

[queues.night.hours]
zone = "America/St_Johns"
open = "22:00-06:00"

[queues.always.hours]
open = "00:00-24:00"

[queues.plain]
attributes = { rate = 1.5 }
"""


@pytest.fixture
def command(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Return a function that runs the command."""
    return runner(capsysbinary)


@pytest.fixture
def center(tmp_path: Path) -> Path:
    """Return the path of a configuration with hours."""
    path = tmp_path / "center.toml"
    path.write_text(CENTER)
    return path


def test_openings_are_shown_by_the_queues_own_clock(command: Run, center: Path) -> None:
    status, out, error = command("hours", center, "--from", "2026-10-23T12:00+02:00", "--days", 5)
    assert (status, error) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "loans (Europe/Berlin), open at Fri 2026-10-23 12:00 +02:00" in lines
    assert "Fri 2026-10-23 09:00 +02:00 Fri 2026-10-23 18:00 +02:00 9:00 h" in lines
    assert "Tue 2026-10-27 09:00 +01:00 Tue 2026-10-27 18:00 +01:00 9:00 h" in lines
    assert not any("2026-10-26 09:00" in line for line in lines)
    assert "night (America/St_Johns), closed at Fri 2026-10-23 07:30 -02:30" in lines
    assert "Wed 2026-10-21 10:00 +00:00 – –" in lines
    assert "plain" not in out


def test_openings_are_told_as_json(command: Run, center: Path) -> None:
    status, out, _ = command("hours", center, "--from", "2026-10-23", "--json")
    told = json.loads(out)
    assert status == 0
    assert list(told["queues"]) == ["loans", "night", "always"]
    begin = told["from_us"]
    assert told["queues"]["loans"]["resolved_until_us"] == begin + 7 * 86_400_000_000
    assert told["queues"]["loans"]["zone"] == "Europe/Berlin"
    assert [offset for _, offset in told["queues"]["loans"]["offsets"]] == [7_200_000_000, 3_600_000_000]
    assert told["queues"]["always"]["spans"] == [[begin - 2 * 86_400_000_000, TIME_US_MAX]]


def test_without_a_moment_it_is_now(command: Run, center: Path) -> None:
    status, out, _ = command("hours", center, "--json")
    assert status == 0
    assert json.loads(out)["from_us"] > 1_700_000_000_000_000


def test_a_resolved_configuration_is_one_that_an_engine_takes(command: Run, center: Path) -> None:
    status, out, _ = command("hours", center, "--from", "2026-10-23", "--resolved")
    assert status == 0
    config = Config.from_json(out)
    Engine(config).close()
    hours = config.queues["night"].hours
    assert hours is not None
    assert hours.spans is not None
    assert len(hours.spans) == 366


def test_a_configuration_without_hours_is_told_so(command: Run, tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text("[queues.plain]\n")
    assert command("hours", path)[:2] == (0, f"{path}: no queue has hours\n")


@pytest.mark.parametrize("words", [["--from", "yesterday"], ["--days", "0"], ["--days", "x"], ["--from", "9999-01-01"]])
def test_what_cannot_be_resolved_is_one_line_and_status_2(command: Run, center: Path, words: list[str]) -> None:
    status, out, error = command("hours", center, *words)
    assert (status, out, error.count("\n")) == (2, "", 1)


def test_check_tells_faults_of_hours_once_nothing_else_is_wrong(command: Run, tmp_path: Path) -> None:
    path = tmp_path / "center.toml"
    path.write_text('[queues.a.hours]\nzone = "Europe/Moskow"\nopen = ["mon-fri 09:00-18:00", "sat 10-14"]\n')
    status, out, _ = command("check", path, "--json")
    assert status == 1
    assert [fault["path"] for fault in json.loads(out)["faults"]] == ["queues.a.hours.zone", "queues.a.hours.open[1]"]
    path.write_text('[queues.a]\ntier = "high"\n[queues.a.hours]\nzone = "Europe/Moskow"\n')
    _, out, _ = command("check", path, "--json")
    assert [fault["path"] for fault in json.loads(out)["faults"]] == ["queues.a.tier"]


def test_check_finds_nothing_wrong_with_right_hours(command: Run, center: Path) -> None:
    assert command("check", center)[0] == 0


CLOSED = 1_795_305_600_000_000  # 2026-11-22, a Sunday, 00:00 UTC
"""A moment at which the queue of the test below is closed, until 08:00 UTC of the next day."""


@pytest.mark.parametrize("begin_us", [CLOSED, 0])
def test_run_and_explain_resolve_hours_for_the_time_of_their_lines(command: Run, tmp_path: Path, begin_us: int) -> None:
    (tmp_path / "center.toml").write_text(
        '[queues.loans.hours]\nzone = "Europe/Berlin"\nopen = "mon-fri 09:00-18:00"\nclosed = "refuse"\n'
    )
    lines = [
        {"at_us": begin_us, "type": "queue.pause", "queue_id": "loans"},
        {"at_us": CLOSED + 1, "type": "contact.enqueue", "contact_id": "c1", "queue_id": "loans", "channel": "voice"},
        {"at_us": CLOSED + 32 * 3_600_000_000, "type": "advance"},
    ]
    (tmp_path / "lines.jsonl").write_text("no line\n" + "\n".join(json.dumps(line) for line in lines))
    words = (tmp_path / "lines.jsonl", "--config", tmp_path / "center.toml")
    status, out, error = command("run", *words)
    assert (status, error) == (0, "")
    told = [json.loads(line) for line in out.splitlines()]
    kinds = ["error", "queue.paused", "contact.queued", "rule.fired", "contact.expired", "hours.opened"]
    assert [one["type"] for one in told] == kinds
    assert told[-1]["at_us"] == CLOSED + 32 * 3_600_000_000
    assert "contact.expired" in command("explain", *words, "--event", 4)[1]


def test_run_resolves_hours_for_the_first_line_of_standard_input(
    command: Run, center: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = {"at_us": CLOSED, "type": "contact.enqueue", "contact_id": "c1", "queue_id": "loans", "channel": "voice"}
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(line).encode())))
    status, out, _ = command("run", "-", "--config", center)
    assert status == 0
    assert json.loads(out.splitlines()[-1])["type"] == "contact.queued"


def test_run_goes_on_without_holidays_that_nobody_knows(command: Run, tmp_path: Path) -> None:
    pytest.importorskip("holidays")
    (tmp_path / "center.toml").write_text('[queues.loans.hours]\nopen = "09:00-18:00"\nholidays = "RU"\n')
    (tmp_path / "lines.jsonl").write_text('{"at_us": 5, "type": "queue.pause", "queue_id": "loans"}')
    status, out, error = command("run", tmp_path / "lines.jsonl", "--config", tmp_path / "center.toml")
    assert (status, json.loads(out)["type"]) == (0, "queue.paused")
    assert error.startswith("ccroute: holidays are left out: queues.loans.hours.holidays: ")
