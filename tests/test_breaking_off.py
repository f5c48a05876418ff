"""``bench trace --preempt`` breaks work off and resumes it exactly as a slow router of its own does."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from benchmarks.traces import RECIPES, Trace, make

from ccroute.bench.preempt import run_preempting, serve_preempting
from ccroute.bench.trace import RUNS, Through
from ccroute.cli.main import main
from ccroute.errors import OutOfRange
from tests.breaking_off import Router


def crowded(seed: int) -> Trace:
    """Return a small trace where all agents are busy most of the time and much happens at one instant."""
    pick = random.Random(seed)
    rows = []
    for at in sorted(pick.randrange(200) * 10 for _ in range(pick.randint(10, 90))):
        patience_us = pick.choice((-1, -1, 0, 10, 70, 300))
        rows.append((at, pick.randrange(3), int(pick.random() < 0.3), 10 * pick.randint(0, 40), patience_us))
    return Trace(rows=rows, profiles=[[0], [1, 2]], agents=[at % 2 for at in range(pick.randint(1, 6))])


def answer_of(trace: Trace, through: Through) -> list[tuple[int, int, int]]:
    """Return start or time of leaving, agent or -1, and end or -1 per contact."""
    answer = serve_preempting(*trace.columns(), through=through)
    return list(zip(answer.start_us, answer.agent, answer.end_us, strict=True))


@pytest.mark.parametrize("through", Through)
@pytest.mark.parametrize("seed", range(60))
def test_work_is_broken_off_and_resumed_as_the_slow_router_does(seed: int, through: Through) -> None:
    trace = crowded(seed)
    assert answer_of(trace, through) == Router(trace.rows, len(trace.agents)).run()


def test_vips_gain_and_others_lose() -> None:
    trace = crowded(7)
    broken = Router(trace.rows, len(trace.agents)).run()
    whole = Router(trace.rows, len(trace.agents), breaks_off=False).run()
    assert broken != whole
    served = [
        (vip, ended - row[0], unbroken - row[0])
        for row, (_, _, ended), (_, _, unbroken) in zip(trace.rows, broken, whole, strict=True)
        for vip in (row[2],)
        if ended >= 0 and unbroken >= 0
    ]
    assert sum(ended - unbroken for vip, ended, unbroken in served if vip) < 0
    assert sum(ended - unbroken for vip, ended, unbroken in served if not vip) > 0


@pytest.mark.slow
def test_trace_c_has_its_known_figures() -> None:
    trace = make("C")
    answer = serve_preempting(*trace.columns(), through=Through.CORE)
    sojourns: dict[int, list[int]] = {0: [], 1: []}
    for row, end_us in zip(trace.rows, answer.end_us, strict=True):
        sojourns[row[2]].append(end_us - row[0])
    means = [round(sum(sojourns[vip]) / len(sojourns[vip]) / 1e6, 4) for vip in (0, 1)]
    assert means == [185.7712, 177.5682]
    assert len(trace.rows) == RECIPES["C"].contacts


def write_trace(folder: Path, trace: Trace) -> tuple[str, str]:
    """Write the files of a trace and return their paths."""
    contacts, agents = folder / "contacts.csv", folder / "agents.csv"
    contacts.write_text("".join(f"{at},{','.join(map(str, row))}\n" for at, row in enumerate(trace.rows)))
    agents.write_text(
        "".join(
            f"{at},{profile},{'|'.join(map(str, trace.profiles[profile]))}\n" for at, profile in enumerate(trace.agents)
        )
    )
    return str(contacts), str(agents)


@pytest.mark.parametrize("through", Through)
def test_the_command_tells_sojourns_in_place_of_the_digest(
    through: Through, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = crowded(3)
    files = write_trace(tmp_path, trace)
    assert main(["bench", "trace", *files, "--preempt", "--through", through, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    right = Router(trace.rows, len(trace.agents)).run()
    ended = {vip: [end - row[0] for row, (_, _, end) in rows if end >= 0] for vip, rows in by_vip(trace, right).items()}
    waits = [start - row[0] for row, (start, _, end) in zip(trace.rows, right, strict=True) if end >= 0]
    assert set(told) == {
        "mean_sojourn_normal_s",
        "mean_sojourn_vip_s",
        "served",
        "left",
        "mean_wait_s",
        "contacts_per_cpu_second",
    }
    assert told["mean_sojourn_normal_s"] == pytest.approx(sum(ended[0]) / len(ended[0]) / 1e6)
    assert told["mean_sojourn_vip_s"] == pytest.approx(sum(ended[1]) / len(ended[1]) / 1e6)
    assert told["mean_wait_s"] == pytest.approx(sum(waits) / len(waits) / 1e6)
    assert (told["served"], told["left"]) == (len(waits), len(trace.rows) - len(waits))


def by_vip(
    trace: Trace, right: list[tuple[int, int, int]]
) -> dict[int, list[tuple[tuple[int, int, int, int, int], tuple[int, int, int]]]]:
    """Return rows with what became of them, normal ones and VIPs apart."""
    pairs = list(zip(trace.rows, right, strict=True))
    return {vip: [pair for pair in pairs if pair[0][2] == vip] for vip in (0, 1)}


def test_a_trace_without_contacts_has_no_figures(tmp_path: Path) -> None:
    contacts, agents = tmp_path / "contacts.csv", tmp_path / "agents.csv"
    contacts.write_text("id,arrival_us,skill,vip,service_us,patience_us\n")
    agents.write_text("0,0,0\n")
    result = run_preempting(contacts, agents)
    assert (result.served, result.left, result.mean_sojourn_vip_s, result.mean_wait_s) == (0, 0, 0.0, 0.0)


def test_an_unknown_way_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutOfRange) as raised:
        run_preempting(tmp_path / "contacts.csv", tmp_path / "agents.csv", through="fax")
    assert raised.value.argument == "through"
    assert set(RUNS) == set(Through)
