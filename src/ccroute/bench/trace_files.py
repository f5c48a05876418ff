"""Reading traces: contacts with their times, agents with their skills, as CSV, plain or compressed with gzip.

Contacts: ``id, arrival_us, skill, vip (0 or 1), service_us, patience_us (-1: waits for ever)``. Agents: ``id, profile,
skill|skill|…``; agents of one profile have the same skills. All are integers; a first line that begins with ``id`` is a
header. Ids of contacts and of agents do not repeat.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from ccroute.errors import RecordError

CONTACTS_MAX: Final = 10_000_000
AGENTS_MAX: Final = 1_000_000
SKILL_MAX: Final = 65_535
TIME_US_MAX: Final = 2**53 - 1
"""The latest arrival, the longest service and the longest patience."""

_ID_MAX: Final = 2**53 - 1
_CONTACT_COLUMNS: Final = (
    ("id", 0, _ID_MAX),
    ("arrival_us", 0, TIME_US_MAX),
    ("skill", 0, SKILL_MAX),
    ("vip", 0, 1),
    ("service_us", 0, TIME_US_MAX),
    ("patience_us", -1, TIME_US_MAX),
)
_AGENT_COLUMNS: Final = (("id", 0, _ID_MAX), ("profile", 0, _ID_MAX))
_SKILLS_COLUMN: Final = "skills"
_GZIP_MAGIC: Final = b"\x1f\x8b"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class TraceContacts:
    """The contacts of a trace in order of arrival, ties in the order of their ids: one array per column."""

    ids: array[int]
    arrival_us: array[int]
    skill: array[int]
    vip: array[int]
    service_us: array[int]
    patience_us: array[int]

    def __len__(self) -> int:
        return len(self.ids)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class TraceAgents:
    """The agents of a trace in the order of their ids."""

    ids: Sequence[int]
    profile: Sequence[int]
    """Index into :attr:`skills`, by agent."""
    skills: Sequence[frozenset[int]]
    """By profile."""


def read_contacts(path: str | os.PathLike[str]) -> TraceContacts:
    """Return the contacts in ``path``.

    :raises RecordError: naming the first line and column that cannot be read.
    :raises OSError: the file cannot be opened or read.
    """
    rows: list[tuple[int, ...]] = []
    seen: set[int] = set()
    for line, fields in _lines(path, len(_CONTACT_COLUMNS)):
        row = tuple(
            _number(line, name, text, least, most)
            for (name, least, most), text in zip(_CONTACT_COLUMNS, fields, strict=True)
        )
        _once(line, row[0], seen)
        if len(seen) > CONTACTS_MAX:
            raise RecordError(f"line {line}", len(seen), f"the last of at most {CONTACTS_MAX} contacts")
        rows.append(row)
    rows.sort(key=lambda row: (row[1], row[0]))
    columns = [array("i" if at in (2, 3) else "q", (row[at] for row in rows)) for at in range(len(_CONTACT_COLUMNS))]
    return TraceContacts(
        ids=columns[0],
        arrival_us=columns[1],
        skill=columns[2],
        vip=columns[3],
        service_us=columns[4],
        patience_us=columns[5],
    )


def read_agents(path: str | os.PathLike[str]) -> TraceAgents:
    """Return the agents in ``path``.

    :raises RecordError: naming the first line and column that cannot be read.
    :raises OSError: the file cannot be opened or read.
    """
    agents: list[tuple[int, int]] = []
    seen: set[int] = set()
    index_of: dict[int, int] = {}
    skills: list[frozenset[int]] = []
    for line, fields in _lines(path, len(_AGENT_COLUMNS) + 1):
        agent, profile = (
            _number(line, name, text, least, most)
            for (name, least, most), text in zip(_AGENT_COLUMNS, fields[:2], strict=True)
        )
        _once(line, agent, seen)
        if len(seen) > AGENTS_MAX:
            raise RecordError(f"line {line}", len(seen), f"the last of at most {AGENTS_MAX} agents")
        has = frozenset(_number(line, _SKILLS_COLUMN, text, 0, SKILL_MAX) for text in fields[2].split("|"))
        if profile not in index_of:
            index_of[profile] = len(skills)
            skills.append(has)
        elif skills[index_of[profile]] != has:
            raise RecordError(f"line {line}, column {_SKILLS_COLUMN}", fields[2], "as in the profile's first line")
        agents.append((agent, index_of[profile]))
    if not agents:
        raise RecordError("line 1", "", "an agent")
    agents.sort()
    return TraceAgents(ids=[agent for agent, _ in agents], profile=[profile for _, profile in agents], skills=skills)


def _lines(path: str | os.PathLike[str], columns: int) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of each line that is not empty and no header."""
    with open(path, "rb") as file:
        is_packed = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        with io.TextIOWrapper(
            gzip.GzipFile(fileobj=file) if is_packed else file, encoding="utf-8", errors="replace", newline=""
        ) as text:
            reader = csv.reader(text, strict=True)
            try:
                for fields in reader:
                    if not fields or (reader.line_num == 1 and fields[0].strip() == "id"):
                        continue
                    if len(fields) != columns:
                        raise RecordError(f"line {reader.line_num}", len(fields), f"{columns} fields")
                    yield reader.line_num, fields
            except csv.Error as error:
                raise RecordError(f"line {reader.line_num}", str(error), "readable as CSV") from error
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                allowed = "whole; the compressed file is damaged"
                raise RecordError(f"line {reader.line_num + 1}", str(error), allowed) from error


def _number(line: int, name: str, text: str, least: int, most: int) -> int:
    digits = text.strip()
    # int() would also take 1_0 and digits of other scripts.
    if not (digits.removeprefix("-").isdigit() and digits.isascii() and len(digits) <= 20):
        raise RecordError(f"line {line}, column {name}", text, f"an integer in {least}…{most}")
    number = int(digits)
    if not least <= number <= most:
        raise RecordError(f"line {line}, column {name}", number, f"in {least}…{most}")
    return number


def _once(line: int, number: int, seen: set[int]) -> None:
    if number in seen:
        raise RecordError(f"line {line}, column id", number, "an id that no earlier line has")
    seen.add(number)
