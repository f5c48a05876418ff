"""``ccroute hours``: when the queues of a configuration are open, as their own clocks show it."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final

import typer

from ccroute.cli.screen import NOTHING, show, show_json, show_line, table
from ccroute.types import TIME_US_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from ccroute.config import Config, Hours

_SHOWN_DAYS: Final = 7
_DAYS_HELP: Final = "How many days ahead, 1 to 3660; without: 7, and 366 with --resolved."


def hours(
    config: str = typer.Argument(metavar="CONFIG", help="The configuration, a file .toml or .json."),
    days: int | None = typer.Option(None, "--days", metavar="N", help=_DAYS_HELP),
    from_: str | None = typer.Option(
        None, "--from", metavar="WHEN", help="A moment such as 2026-11-23 or 2026-11-23T08:00+03:00; without: now."
    ),
    as_json: bool = typer.Option(False, "--json", help="Show the openings as one line of JSON."),
    resolved: bool = typer.Option(False, "--resolved", help="Write the configuration that an engine takes, as JSON."),
) -> int:
    """Show when queues are open: hours, holidays and zones, resolved to moments."""
    from ccroute.calendars import HOURS_DAYS, resolve
    from ccroute.config import Config, to_json

    from_us = moment_us(from_)
    length = days if days is not None else HOURS_DAYS if resolved else _SHOWN_DAYS
    whole = resolve(Config.from_file(config), from_us, length)
    if resolved:
        show_line(to_json(whole))
    elif as_json:
        show_json({"from_us": from_us, "queues": {queue_id: _plain(one) for queue_id, one in _hours_of(whole)}})
    else:
        tables = [_table(queue_id, one, from_us) for queue_id, one in _hours_of(whole)]
        show(*tables, *([] if tables else [f"{config}: no queue has hours"]))
    return 0


def moment_us(text: str | None) -> int:
    """Return a moment in microseconds; one without an offset is UTC."""
    if text is None:
        at = datetime.datetime.now(datetime.UTC)
    else:
        try:
            at = datetime.datetime.fromisoformat(text)
        except ValueError as error:
            raise typer.BadParameter(f"{text!r} is no moment such as 2026-11-23T08:00+03:00") from error
    since = at.replace(tzinfo=at.tzinfo or datetime.UTC) - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return since // datetime.timedelta(microseconds=1)


def _hours_of(config: Config) -> Iterator[tuple[str, Hours]]:
    for queue_id, queue in config.queues.items():
        if queue.hours is not None:
            yield queue_id, queue.hours


def _plain(hours: Hours) -> dict[str, object]:
    return {
        "zone": hours.zone,
        "spans": hours.spans,
        "offsets": hours.offsets,
        "resolved_until_us": hours.resolved_until_us,
    }


def _table(queue_id: str, hours: Hours, from_us: int) -> Table:
    spans = hours.spans or []
    is_open = any(opens_us <= from_us < closes_us for opens_us, closes_us in spans)
    title = f"{queue_id} ({hours.zone}), {'open' if is_open else 'closed'} at {_clock(hours, from_us)}"
    rows = [
        (_clock(hours, opens_us), _clock(hours, closes_us), _length(opens_us, closes_us))
        for opens_us, closes_us in spans
    ]
    return table(title, ["opens", "closes", "for"], rows)


def _clock(hours: Hours, at_us: int) -> str:
    """Return a moment as the clock of the queue's zone shows it."""
    if at_us == TIME_US_MAX:
        return NOTHING
    offset_us = 0
    for begins_us, given_us in hours.offsets:
        if begins_us <= at_us or begins_us == hours.offsets[0][0]:
            offset_us = given_us
    local = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=at_us + offset_us)
    hours_off, minutes_off = divmod(abs(offset_us) // 60_000_000, 60)
    return f"{local:%a %Y-%m-%d %H:%M} {'-' if offset_us < 0 else '+'}{hours_off:02}:{minutes_off:02}"


def _length(opens_us: int, closes_us: int) -> str:
    if closes_us == TIME_US_MAX:
        return NOTHING
    whole, minutes = divmod((closes_us - opens_us) // 60_000_000, 60)
    return f"{whole}:{minutes:02} h"
