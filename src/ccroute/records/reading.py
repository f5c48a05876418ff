"""Reading a call record: CSV in the columns of a bank's call centre, plain or compressed with gzip, into calls.

Eleven columns are read, in any order; others are ignored: ``date`` (year-month-day), ``priority``, ``type``,
``vru_exit, q_start, q_exit, q_time``, ``outcome`` (AGENT, HANG, PHANTOM), ``ser_start, ser_exit``, ``server``. Clocks
are seconds after midnight of ``date``, 0 where the step did not happen. The clocks of a call that goes past midnight
may start again at 0: a begin of service more than twelve hours before ``vru_exit``, and an end before its begin, belong
to the next day.

Left out are PHANTOM calls and those that neither queued nor were answered: nobody could have served them.
"""

from __future__ import annotations

import csv
import datetime
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final, final

from ccroute.errors import RecordError
from ccroute.records.calls import Call
from ccroute.records.lines import text_lines
from ccroute.types import ID_LENGTH_MAX

COLUMNS: Final = (
    "date",
    "priority",
    "type",
    "vru_exit",
    "q_start",
    "q_exit",
    "q_time",
    "outcome",
    "ser_start",
    "ser_exit",
    "server",
)
"""Columns that must be there."""

CALLS_MAX: Final = 10_000_000
"""Calls read from one record."""

CLOCK_S_MAX: Final = 2 * 86_400
"""Latest clock: the midnight after next."""

PRIORITY_MAX: Final = 999_999

_OUTCOMES: Final = ("AGENT", "HANG", "PHANTOM")
_NO_SERVER: Final = ("", "NO_SERVER")
_DAY_S: Final = 86_400
_SECOND_US: Final = 1_000_000
_YEAR_MIN, _YEAR_MAX = 1970, 2254  # what fits TIME_US_MAX
_TOLD_EVERY: Final = 1_000


def read_calls(path: str | os.PathLike[str], told: Callable[[float], None] | None = None) -> list[Call]:
    """Return the calls of the record in ``path``, in the order of the file. Memory and time grow with its length.

    :param told: called now and then with the share of the file that has been read.
    :raises RecordError: the first line and column that cannot be read, or more than ``CALLS_MAX`` calls.
    :raises OSError: the file cannot be opened or read.
    """
    calls: list[Call] = []
    size = max(1, Path(path).stat().st_size)
    with open(path, "rb") as file:
        for count, row in enumerate(_rows(file)):
            call = row.call()
            if call is not None:
                calls.append(call)
                if len(calls) > CALLS_MAX:
                    raise RecordError(f"line {row.line}", len(calls), f"the last of at most {CALLS_MAX} calls")
            if told is not None and count % _TOLD_EVERY == 0:
                told(min(1.0, file.tell() / size))
    return calls


def _rows(file: IO[bytes]) -> Iterator[_Row]:
    reader = csv.reader(text_lines(file), strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise RecordError("line 1", "", "a header with the columns " + ", ".join(COLUMNS))
        place = _places(header)
        for fields in reader:
            if not fields:
                continue
            if len(fields) != len(header):
                raise RecordError(f"line {reader.line_num}", len(fields), f"{len(header)} fields, as in the header")
            yield _Row(reader.line_num, {name: fields[index] for name, index in place.items()})
    except csv.Error as error:
        raise RecordError(f"line {reader.line_num}", str(error), "readable as CSV") from error
    except (EOFError, zlib.error) as error:
        raise RecordError(f"line {reader.line_num + 1}", str(error), "whole; the compressed file is damaged") from error


def _places(header: list[str]) -> dict[str, int]:
    for name in COLUMNS:
        if header.count(name) != 1:
            raise RecordError("line 1", ",".join(header), f"a header with one column {name}")
    return {name: header.index(name) for name in COLUMNS}


@final
class _Row:
    """The fields of one line, and the checks that turn them into a call."""

    __slots__ = ("fields", "line")

    def __init__(self, line: int, fields: dict[str, str]) -> None:
        self.line = line
        self.fields = fields

    def call(self) -> Call | None:
        """Return the call, or None where the record says that nobody could have served it.

        :raises RecordError: naming the column.
        """
        midnight_s = self._midnight_s()
        arrived_s = self._number("vru_exit", CLOCK_S_MAX)
        queued_s = self._number("q_start", CLOCK_S_MAX), self._number("q_exit", CLOCK_S_MAX)
        waited_s = self._number("q_time", CLOCK_S_MAX)
        work_s = self._number("ser_start", CLOCK_S_MAX), self._number("ser_exit", CLOCK_S_MAX)
        priority = self._number("priority", PRIORITY_MAX)
        type_ = self._name("type")
        agent_id = None if self.fields["server"] in _NO_SERVER else self._name("server")
        outcome = self.fields["outcome"]
        if outcome not in _OUTCOMES:
            raise self._fault("outcome", "one of " + ", ".join(_OUTCOMES))
        queued, answered = queued_s != (0, 0), outcome == "AGENT"
        if outcome == "PHANTOM" or not (queued or answered):
            return None
        began_at_us, handled_us = _work(midnight_s, arrived_s, work_s) if answered else (None, None)
        return Call(
            line=self.line,
            midnight_us=midnight_s * _SECOND_US,
            arrived_at_us=(midnight_s + arrived_s) * _SECOND_US,
            type=type_,
            priority=str(priority),
            queued=queued,
            answered=answered,
            waited_us=waited_s * _SECOND_US if queued else 0,
            began_at_us=began_at_us,
            handled_us=handled_us,
            agent_id=agent_id if answered else None,
        )

    def _midnight_s(self) -> int:
        text = self.fields["date"]
        try:
            day = datetime.date.fromisoformat(text)
        except ValueError:
            day = datetime.date.min
        if not _YEAR_MIN <= day.year <= _YEAR_MAX or len(text) != len("1999-08-01"):
            raise self._fault("date", f"a date such as 1999-08-01, from {_YEAR_MIN} to {_YEAR_MAX}")
        return (day - datetime.date(1970, 1, 1)).days * _DAY_S

    def _number(self, column: str, most: int) -> int:
        text = self.fields[column]
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) <= most):
            raise self._fault(column, f"a whole number from 0 to {most}")
        return int(text)

    def _name(self, column: str) -> str:
        text = self.fields[column]
        if not (0 < len(text) <= ID_LENGTH_MAX and text.isprintable()):
            raise self._fault(column, f"1 to {ID_LENGTH_MAX} printable characters")
        return text

    def _fault(self, column: str, allowed: str) -> RecordError:
        return RecordError(f"line {self.line}, column {column}", self.fields[column], allowed)


def _work(midnight_s: int, arrived_s: int, work_s: tuple[int, int]) -> tuple[int | None, int | None]:
    """Return begin and length of the agent's work, in microseconds. A begin of 0 is no begin, an end of 0 no end."""
    began_s, ended_s = work_s
    if began_s == 0:
        return None, None
    if began_s < arrived_s - _DAY_S // 2:
        began_s += _DAY_S
    began_at_us = (midnight_s + began_s) * _SECOND_US
    if ended_s == 0:
        return began_at_us, None
    if ended_s < began_s:
        ended_s += _DAY_S
    return began_at_us, max(0, ended_s - began_s) * _SECOND_US
