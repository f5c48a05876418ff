"""Recovery: an engine as it stood behind the last record, from the newest good snapshot and the records behind it.

There is one path, whether the last owner closed its journal or was killed. What a replay gives is compared with what
the records say was given then, call by call, so that a difference stops it at the very command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple, NoReturn, cast
from zlib import crc32

from ccroute.commands import (
    Command,
    Configure,
    PutAgent,
    PutChannel,
    PutQueue,
    RemoveAgent,
    RemoveQueue,
)
from ccroute.config import Config
from ccroute.engine.engine import Engine, last_seq
from ccroute.engine.snapshots import RULES_VERSION
from ccroute.errors import (
    CcrouteError,
    EngineOutOfMemory,
    JournalCorrupt,
    OtherRules,
    OutOfRange,
    ReplayDiverged,
    SnapshotError,
)
from ccroute.events import Event
from ccroute.journal.batches import line_of
from ccroute.journal.records import DIGEST_SIZE, Entry, Head, beginning_of, entries_of, event_lines_of, head_of
from ccroute.ports import Journal, Record

__all__ = ["CONFIGURING", "Origin", "Replayed", "begin_at", "recover", "replay", "replay_record"]

CONFIGURING: Final = (Configure, PutQueue, PutAgent, PutChannel, RemoveQueue, RemoveAgent)
"""Commands that are carried out alone: ``handle_many`` takes none of them."""


class Origin(NamedTuple):
    """From where a replay begins."""

    engine: Engine
    """As it stood behind the record."""
    seq: int
    """Seq of the record; 1: the beginning, no snapshot."""
    digest: bytes
    """Digest of the record."""
    passed_over: list[str]
    """What was wrong with newer snapshots."""
    snapshot_seq: int = 0
    """Seq of the record of the snapshot that it began with; 0: the beginning."""
    replayed: tuple[int, int] = (0, 0)
    """How many calls were replayed since, and their bytes."""


class Replayed(NamedTuple):
    """A record once more."""

    record: Record
    head: Head
    entries: list[Entry]
    events: list[list[Event]]
    """What each entry gave."""


def begin_at(journal: Journal, last_seq: int) -> Origin:
    """Return the engine of the newest good snapshot that is not behind a record, or that of the beginning.

    :raises JournalCorrupt: there is neither a good snapshot nor the beginning.
    :raises OtherRules: there are snapshots, but none of this release, nor the beginning.
    """
    passed_over: list[str] = []
    for seq in journal.snapshots.seqs():
        if seq > last_seq:
            continue
        try:
            snapshot = journal.snapshots.load(seq)
            record = next(journal.records(seq - 1), None)
            if record is None or record.digest != snapshot.record_digest:
                raise JournalCorrupt(f"snapshot {seq}", "its record is not the one in the journal")
            return Origin(Engine.restore(snapshot.data), seq, record.digest, passed_over, seq)
        except (JournalCorrupt, SnapshotError, OutOfRange) as error:
            passed_over.append(str(error))
    if journal.first_seq() > 1:
        raise JournalCorrupt(
            journal.name, "the beginning was compacted away and no snapshot is good; " + "; ".join(passed_over)
        )
    first = next(journal.records(), None)
    if first is None:
        raise JournalCorrupt(journal.name, "record 1 is not there")
    config = Config.from_json(bytes(beginning_of(first).config))
    return Origin(Engine(config), 1, first.digest, passed_over)


def recover(journal: Journal, last_seq: int, progress: Callable[[float], None] | None = None) -> Origin:
    """Return the engine as it stood behind a record.

    :param progress: called with how much is done, 0 to 1.
    :raises JournalCorrupt: the journal does not hold what was written to it.
    :raises OtherRules: records behind the newest good snapshot were written under other rules.
    :raises ReplayDiverged: they do not give what they gave then.
    """
    origin = begin_at(journal, last_seq)
    digest, calls, size = origin.digest, 0, 0
    for step in replay(journal, origin, last_seq):
        digest = step.record.digest
        calls += len(step.entries)
        size += step.head.body_size + step.head.events_size
        if progress is not None:
            progress((step.record.seq - origin.seq) / (last_seq - origin.seq))
    return origin._replace(seq=last_seq, digest=digest, replayed=(calls, size))


def replay(journal: Journal, origin: Origin, last_seq: int) -> Iterator[Replayed]:
    """Carry out the records behind an origin up to one, and yield what each gave.

    :raises JournalCorrupt: the journal does not hold what was written to it.
    :raises OtherRules: a record was written under other rules.
    :raises ReplayDiverged: a record does not give what it gave then.
    """
    if origin.seq >= last_seq:
        return
    for record in journal.records(origin.seq):
        if record.seq == origin.seq + 1 and record.previous != origin.digest:
            raise JournalCorrupt(journal.name, f"record {record.seq} does not continue", record=record.seq)
        head = head_of(record.head, journal.name, record.seq)
        if head.rules != RULES_VERSION:
            raise OtherRules(
                f"{journal.name}: records from {record.seq} on were written under rules version {head.rules}, this "
                f"release has {RULES_VERSION}; open the journal with the release that wrote it and close it, which "
                "leaves a snapshot behind the last record, then open it with this one"
            )
        entries = entries_of(record)
        yield Replayed(record, head, entries, replay_record(origin.engine, record, head, entries))
        if record.seq == last_seq:
            return


def replay_record(engine: Engine, record: Record, head: Head, entries: list[Entry]) -> list[list[Event]]:
    """Carry out a record and return the events of each entry.

    :raises ReplayDiverged: they are not those of then.
    """
    if head.first_event != last_seq(engine) + 1:
        _diverged(record, 1, last_seq(engine) + 1, f"the engine stands before event {last_seq(engine) + 1}")
    given: list[list[Event]] = []
    digest = blake2b(digest_size=DIGEST_SIZE)
    lines: list[bytes] = []
    for run in _runs(entries):
        try:
            events = _carry_out(engine, run)
        except EngineOutOfMemory:
            raise
        except CcrouteError as error:
            _diverged(record, len(given) + 1, last_seq(engine) + 1, f"{type(error).__name__}: {error}", error)
        for entry, told in zip(run, events, strict=True):
            line = line_of(told)
            given.append(told)
            lines.append(line)
            if crc32(line) != entry.checksum:
                _other_events(record, given)
    digest.update(b"\n".join(lines))
    if digest.digest() != head.events_digest:
        _diverged(record, len(given), head.first_event, "the events are others, though their checksums agree")
    return given


def _runs(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Yield entries in groups that one call of the engine can carry out: what was checked at once is so again."""
    run: list[Entry] = []
    for entry in entries:
        if entry.command is None or isinstance(entry.command, CONFIGURING):
            if run:
                yield run
                run = []
            yield [entry]
        else:
            run.append(entry)
    if run:
        yield run


def _carry_out(engine: Engine, run: list[Entry]) -> list[list[Event]]:
    # Moments were taken then; what lies between may have had no trace.
    first = run[0]
    if first.command is None:
        return [engine.advance(first.at_us, allow_jump=True)]
    if isinstance(first.command, CONFIGURING):
        return [engine.handle(first.command, first.at_us, allow_jump=True)]
    calls = [(cast(Command, entry.command), entry.at_us) for entry in run]  # a run of several has commands only
    return engine.handle_many(calls, allow_jump=True)


def _other_events(record: Record, given: list[list[Event]]) -> NoReturn:
    """Say which event of the last entry differs."""
    place = len(given)
    told = given[-1]
    before = sum(len(one) for one in given[:-1])
    head_first = head_of(record.head, "journal", record.seq).first_event
    then = event_lines_of(record)[place - 1] if record.events is not None else None
    if then is None:
        _diverged(record, place, head_first + before, "its events are others than then")
    same = 0
    while same < min(len(then), len(told)) and then[same] == told[same]:
        same += 1
    _diverged(
        record,
        place,
        head_first + before + same,
        _difference(told[same:], then[same:]),
    )


def _difference(told: Sequence[Event], then: Sequence[Event]) -> str:
    """Say in what the first of two lists of events differ, without what is in them."""
    now, before = (type(events[0]).__name__ if events else "nothing more" for events in (told, then))
    if now != before:
        return f"it gives {now} where it gave {before}"
    names = [name for name in told[0].__struct_fields__ if getattr(told[0], name) != getattr(then[0], name)]
    return f"it gives {now} with another {', '.join(names)}"


def _diverged(record: Record, entry: int, event: int, message: str, error: Exception | None = None) -> NoReturn:
    raise ReplayDiverged(
        f"record {record.seq}, entry {entry}, event {event}: {message}", record=record.seq, entry=entry, event=event
    ) from error
