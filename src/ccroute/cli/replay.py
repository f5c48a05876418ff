"""``ccroute replay``: a call record beside what the engine would have done with the same calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from ccroute.records.figures import Group
    from ccroute.records.prediction import Prediction
    from ccroute.records.replay import Replay


def replay(
    record: str = typer.Argument(metavar="RECORD", help="The call record, CSV, plain or compressed with gzip."),
    config: str | None = typer.Option(
        None, "--config", metavar="FILE", help="The configuration; without: an empty one."
    ),
    predict: bool = typer.Option(
        False, "--predict", help="Ask at each answer which waiting call the engine would have chosen for that agent."
    ),
    as_json: bool = typer.Option(False, "--json", help="Show the figures as JSON."),
) -> int:
    """Route a call record through the engine, beside what the record says happened."""
    from ccroute import Config
    from ccroute.cli.progress import Bar
    from ccroute.cli.screen import show, show_json
    from ccroute.records.prediction import predict as predictions_of
    from ccroute.records.reading import read_calls
    from ccroute.records.replay import replay as replay_of

    center = Config() if config is None else Config.from_file(config)
    with Bar("reading") as bar:
        calls = read_calls(record, bar.told)
    if predict:
        with Bar("predicting") as bar:
            predictions = predictions_of(calls, center, bar.told)
        if as_json:
            for prediction in predictions:
                show_json(prediction)
        else:
            show(_predictions_table(predictions))
        return 0
    with Bar("routing") as bar:
        result = replay_of(calls, center, bar.told)
    if as_json:
        show_json(result)
    else:
        show(*_tables(result))
    return 0


def _tables(result: Replay) -> list[Table]:
    from ccroute.cli.screen import percent, table

    record, engine = result.record, result.engine
    occupancy = [
        (agent_id, percent(record.occupancy.get(agent_id)), percent(share))
        for agent_id, share in engine.occupancy.items()
    ]
    return [
        _whole(record, engine),
        _parts("by type", record.by_type, engine.by_type),
        _parts("by priority", record.by_priority, engine.by_priority),
        _parts("by hour of arrival", record.by_hour, engine.by_hour),
        table("occupancy", ("agent", "record", "engine"), occupancy),
    ]


def _whole(record: Group, engine: Group) -> Table:
    from ccroute.cli.screen import percent, seconds, table

    rows = [
        ("calls", *(str(side.calls) for side in (record, engine))),
        ("answered", *(str(side.answered) for side in (record, engine))),
        ("left", *(str(side.left) for side in (record, engine))),
        ("still waiting at the end", *(str(side.waiting) for side in (record, engine))),
        ("mean wait of the answered", *(seconds(side.mean_wait_s) for side in (record, engine))),
        ("90th percentile of it", *(seconds(side.p90_wait_s) for side in (record, engine))),
        ("of all, answered within 20 s", *(percent(side.within_20s) for side in (record, engine))),
    ]
    return table("all calls", ("", "record", "engine"), rows)


def _parts(title: str, record: Mapping[str, Group], engine: Mapping[str, Group]) -> Table:
    from ccroute.cli.screen import table

    columns = ("", "calls", "", "answered", "left", "mean wait", "90th pct.", "≤ 20 s")
    rows: list[tuple[str, ...]] = []
    for name, recorded in record.items():
        rows.append((name, str(recorded.calls), "record", *_cells(recorded)))
        rows.append(("", "", "engine", *_cells(engine[name])))
    return table(title, columns, rows)


def _cells(side: Group) -> tuple[str, ...]:
    from ccroute.cli.screen import percent, seconds

    times = (seconds(side.mean_wait_s), seconds(side.p90_wait_s))
    return (str(side.answered), str(side.left), *times, percent(side.within_20s))


def _predictions_table(predictions: list[Prediction]) -> Table:
    from ccroute.cli.screen import percent, table

    rows = [(_rule(prediction), str(prediction.decisions), percent(prediction.share)) for prediction in predictions]
    return table("calls that the rule would have chosen too", ("rule for priority 2", "decisions", "predicted"), rows)


def _rule(prediction: Prediction) -> str:
    head_start_s = prediction.head_start_s
    return "before everybody else" if isinstance(head_start_s, str) else f"head start {head_start_s} s"
