"""Hours of a configuration, resolved for the time of the commands that an engine is to carry out."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ccroute.cli.run import lines_of
from ccroute.types import TIME_US_MAX

if TYPE_CHECKING:
    from ccroute.config import Config


def resolved_for(config: Config, commands: str, first: bytes) -> Config:
    """Return a configuration whose hours are resolved for the time of some commands, if it has any that are not.

    They reach from the first line that lies no further before the last one than they do; of standard input, which
    cannot be read ahead, from the first one. Where a country's holidays are not known for that time, as for moments
    counted from 0, holidays are left out, and standard error says so.

    :param commands: path of the lines, or ``-``.
    :param first: the first line of them that may be a command.
    """
    from ccroute.calendars.resolving import HOURS_DAYS, faults, resolve_rest
    from ccroute.calendars.zones import DAY_US
    from ccroute.config import unresolved
    from ccroute.errors import ConfigError

    if not unresolved(config):
        return config
    moments = _moments([first])
    if commands != "-":
        with open(commands, "rb") as source:
            moments = _moments(lines_of(source))
    last = max(moments, default=0)
    begin_us = next((at_us for at_us in moments if at_us > last - HOURS_DAYS * DAY_US), 0)
    try:
        return resolve_rest(config, begin_us)
    except ConfigError as error:
        if faults(config):
            raise
        print(f"ccroute: holidays are left out: {error}", file=sys.stderr)
        return resolve_rest(_without_holidays(config), begin_us)


def _without_holidays(config: Config) -> Config:
    from msgspec.structs import replace

    queues = {
        queue_id: queue if queue.hours is None else replace(queue, hours=replace(queue.hours, holidays=None))
        for queue_id, queue in config.queues.items()
    }
    return replace(config, queues=queues)


def _moments(lines: Iterable[bytes]) -> list[int]:
    """Return the times of those lines that have one, in order."""
    import msgspec

    class Timed(msgspec.Struct):
        at_us: int

    decoder = msgspec.json.Decoder(Timed)
    found: list[int] = []
    for line in lines:
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
            at_us = decoder.decode(line).at_us
            if 0 <= at_us <= TIME_US_MAX:
                found.append(at_us)
    return found
