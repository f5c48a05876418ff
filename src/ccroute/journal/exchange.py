"""Journals as JSON Lines: first with what the engine began, then a line per command, as ``ccroute run`` reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from ccroute.codec import decode_timed, encode_timed
from ccroute.commands import Command
from ccroute.config import Config
from ccroute.errors import CcrouteError, CodecError, JournalCompacted, JournalConflict
from ccroute.journal.journaled import JournaledEngine
from ccroute.journal.records import Beginning, beginning_of, entries_of
from ccroute.journal.recovery import CONFIGURING
from ccroute.journal.snapshotting import SnapshotPolicy
from ccroute.ports import Journal

__all__ = ["BEGINNING", "beginning_in", "export_lines", "import_lines"]

BEGINNING: Final = "journal"
"""The ``type`` of the first line."""

_BATCH_MAX: Final = 1_000


class _FirstLine(Beginning, frozen=True, kw_only=True, tag_field="type", tag=BEGINNING):
    """What the first line holds."""


_FIRST: Final = msgspec.json.Decoder(_FirstLine)


def export_lines(journal: Journal) -> Iterator[bytes]:
    """Yield a journal as lines without line breaks. O(commands).

    :raises JournalCompacted: the beginning is not kept any more.
    :raises JournalCorrupt: the journal does not hold what was written to it.
    """
    if journal.first_seq() > 1:
        raise JournalCompacted(journal.name, journal.first_seq())
    for record in journal.records():
        if record.seq == 1:
            begun = beginning_of(record)
            first = _FirstLine(format=begun.format, rules=begun.rules, package=begun.package, config=begun.config)
            yield msgspec.json.encode(first)
            continue
        for entry in entries_of(record):
            yield encode_timed(entry.command, entry.at_us)


def beginning_in(line: bytes) -> Config | None:
    """Return the configuration in the first line of what was exported; None: the line is another one.

    :raises CodecError: the line begins a journal, but cannot be read.
    :raises ConfigError: its configuration has faults.
    """
    try:
        kind = msgspec.json.decode(line, type=dict[str, msgspec.Raw]).get("type")
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if kind is None or bytes(kind) != b'"%b"' % BEGINNING.encode():
        return None
    try:
        return Config.from_json(bytes(_FIRST.decode(line).config))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if isinstance(error, CcrouteError):
            raise
        raise CodecError("line 1", line[:80], f"the beginning of a journal ({error})") from error


def import_lines(journal: Journal, lines: Iterable[bytes]) -> int:
    """Fill a new journal with what was exported, and return how many lines were carried out. It is then closed.

    The commands are carried out anew, under the rules of this release; of what they gave then nothing is compared.

    :raises JournalConflict: the journal is not new.
    :raises CodecError: a line is none that was exported; those before it are in the journal.
    :raises CcrouteError: a command raises; ``__notes__`` names the lines. Those before them are in the journal.
    """
    source = iter(lines)
    config = beginning_in(next(source, b""))
    if config is None:
        journal.close()
        raise CodecError("line 1", None, f'an object of type "{BEGINNING}", with which an export begins')
    with JournaledEngine.open(journal, snapshots=SnapshotPolicy(), config=config) as durable:
        if durable.record_seq > 1:
            raise JournalConflict(f"{journal.name}: it is not new, and only a new journal can be filled")
        count = 0
        for number, batch in _batches(source):
            try:
                _carry_out(durable, batch)
            except CcrouteError as error:
                error.add_note(f"lines {number - len(batch) + 1} to {number}")
                raise
            count += len(batch)
        durable.commit()
    return count


def _batches(lines: Iterator[bytes]) -> Iterator[tuple[int, list[tuple[Command | None, int]]]]:
    """Yield the number of the last line, and what can be carried out by one call."""
    batch: list[tuple[Command | None, int]] = []
    number = 1
    for number, line in enumerate(lines, start=2):
        try:
            command, at_us = decode_timed(line)
        except CodecError as error:
            error.add_note(f"line {number}")
            raise
        if command is None or isinstance(command, CONFIGURING):
            if batch:
                yield number - 1, batch
                batch = []
            yield number, [(command, at_us)]
            continue
        batch.append((command, at_us))
        if len(batch) >= _BATCH_MAX:
            yield number, batch
            batch = []
    if batch:
        yield number, batch


def _carry_out(durable: JournaledEngine, batch: list[tuple[Command | None, int]]) -> None:
    command, at_us = batch[0]
    if command is None:
        durable.stage_advance(at_us, allow_jump=True)
    elif isinstance(command, CONFIGURING):
        durable.stage(command, at_us, allow_jump=True)
    else:
        durable.stage_many([(one, moment) for one, moment in batch if one is not None], allow_jump=True)
