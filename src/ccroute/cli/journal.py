"""``ccroute journal``: looks at journals, checks them whole, and turns them into JSON Lines and back."""

from __future__ import annotations

import contextlib
import glob
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from ccroute.cli.screen import show, show_json, show_line, table

if TYPE_CHECKING:
    from ccroute.journal import SqliteJournal
    from ccroute.ports import Record

_JOURNAL: Final = typer.Argument(metavar="JOURNAL", help="The file of a journal; also while somebody else writes it.")
_SHOWN: Final = 20
_SQLITE: Final = b"SQLite format 3\x00"
_US_PER_S: Final = 1_000_000


def journal_app() -> typer.Typer:
    """Return the group of commands on journals."""
    group = typer.Typer(help="Look at a journal, check it whole, turn it into JSON Lines and back.")
    group.command("verify")(verify)
    group.command("show")(show_records)
    group.command("export")(export)
    group.command("import")(import_)
    return group


def is_journal(path: str) -> bool:
    """Say whether a file is a database of SQLite's, as journals are."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE
    return False


def opened_journal(path: str) -> contextlib.AbstractContextManager[SqliteJournal]:
    """Open the journal in a file for reading, until the context ends."""
    from ccroute.journal import SqliteJournal

    with open(path, "rb"):  # what cannot be opened is told as of any file
        pass
    return contextlib.closing(SqliteJournal(path, read_only=True))


def verify(
    journal: str = _JOURNAL,
    replay: bool = typer.Option(False, "--replay", help="Carry out all commands again and compare what they give."),
    as_json: bool = typer.Option(False, "--json", help="Show what was found as one line of JSON."),
) -> int:
    """Check every record, the mark and every snapshot of a journal. Exit status 1 if something is wrong.

    Nothing is changed. With --replay every command that is kept is carried out again, under the rules of this release.
    """
    from ccroute.errors import JournalError, ReplayDiverged

    found: dict[str, object] = {"ok": True, "records": 0, "commands": 0, "events": 0, "snapshots": 0, "faults": []}
    faults: list[str] = []
    with opened_journal(journal) as source:
        try:
            _count(source, found)
            if replay:
                _replay(source)
        except (JournalError, ReplayDiverged) as error:
            faults.append(str(error))
        for seq in source.snapshots.seqs():
            try:
                source.snapshots.load(seq)
                found["snapshots"] = _sum(found["snapshots"], 1)
            except JournalError as error:
                faults.append(str(error))
    found |= {"ok": not faults, "faults": faults}
    if as_json:
        show_json(found)
    else:
        counts = ", ".join(f"{found[name]:,} {name}" for name in ("records", "commands", "events", "snapshots"))
        show(*faults, f"{journal}: {counts}; {'nothing wrong' if not faults else f'{len(faults)} faults'}")
    return 1 if faults else 0


def _sum(before: object, more: int) -> int:
    return more + (before if isinstance(before, int) else 0)


def _count(source: SqliteJournal, found: dict[str, object]) -> None:
    from ccroute.cli.progress import Bar
    from ccroute.journal.records import entries_of, head_of

    last = max(1, source.mark().seq)
    with Bar("checking") as bar:
        for record in source.records(source.first_seq() - 1):
            head = head_of(record.head, source.name, record.seq)
            if head.entries:
                entries_of(record)
            found["records"] = _sum(found["records"], 1)
            found["commands"] = _sum(found["commands"], head.entries)
            found["events"] = _sum(found["events"], head.events)
            bar.told(min(1.0, record.seq / last))


def _replay(source: SqliteJournal) -> None:
    from ccroute.cli.progress import Bar
    from ccroute.journal.recovery import begin_at, replay

    last = source.mark().seq
    oldest = 1 if source.first_seq() == 1 else min(source.snapshots.seqs(), default=1)
    origin = begin_at(source, oldest)
    with Bar("replaying") as bar:
        for step in replay(source, origin, last):
            bar.told(step.record.seq / last)


def show_records(
    journal: str = _JOURNAL,
    record: int | None = typer.Option(None, "--record", metavar="SEQ", help="Show the commands of this record."),
    limit: int = typer.Option(_SHOWN, "--limit", metavar="N", help="Show so many records, the last ones."),
    as_json: bool = typer.Option(False, "--json", help="Show JSON, a line per record or command."),
) -> int:
    """Show the last records of a journal, or the commands of one."""
    with opened_journal(journal) as source:
        if record is None:
            begin = max(source.first_seq() - 1, source.mark().seq - max(0, limit))
            _show_all(source.records(begin), source.name, as_json=as_json)
            return 0
        if record < 1:
            raise typer.BadParameter("--record is the seq of a record, from 1")
        found = next(source.records(record - 1), None)
        if found is None:
            raise typer.BadParameter(f"--record: there is no record {record}, the last one is {source.mark().seq}")
        _show_one(found, as_json=as_json)
    return 0


def _show_all(records: Iterator[Record], name: str, *, as_json: bool) -> None:
    from ccroute.journal.records import head_of

    heads = [(head_of(one.head, name, one.seq), one) for one in records]
    if as_json:
        for head, one in heads:
            told = {name: getattr(head, name) for name in ("seq", "epoch", "rules", "at_us", "entries", "first_event")}
            show_json(told | {"events": head.events, "bytes": head.body_size, "digest": one.digest.hex()})
        return
    rows = [
        (
            *(f"{head.seq:,}", f"{head.epoch}", f"{head.at_us / _US_PER_S:,.6f} s", f"{head.entries:,}"),
            *(f"{head.events:,}", f"{head.first_event:,}", f"{head.body_size:,}", one.digest.hex()[:12]),
        )
        for head, one in heads
    ]
    show(table("records", ("seq", "epoch", "at", "commands", "events", "first event", "bytes", "digest"), rows))


def _show_one(record: Record, *, as_json: bool) -> None:
    from ccroute.codec import encode_timed
    from ccroute.journal.records import beginning_of, entries_of

    if record.seq == 1:
        show_json(beginning_of(record))
        return
    for entry in entries_of(record):
        line = encode_timed(entry.command, entry.at_us)
        if as_json:
            show_line(line)
        else:
            show(line.decode())


def export(journal: str = _JOURNAL) -> int:
    """Write a journal as JSON Lines: what the engine began with, then its commands, as run reads them."""
    from ccroute.journal.exchange import export_lines

    with opened_journal(journal) as source:
        sys.stdout.flush()
        for line in export_lines(source):
            sys.stdout.buffer.write(line + b"\n")
    return 0


def import_(
    lines: str = typer.Argument(metavar="LINES", help="What export has written; - is standard input."),
    journal: str = typer.Argument(metavar="JOURNAL", help="The file of the new journal."),
) -> int:
    """Make a new journal of what export has written, by carrying out its commands."""
    from ccroute.cli.run import lines_of, opened
    from ccroute.journal import SqliteJournal
    from ccroute.journal.exchange import import_lines

    if Path(journal).exists():
        raise FileExistsError(f"{journal} is there; a journal is imported into a new file")
    with opened(lines) as source:
        try:
            count = import_lines(SqliteJournal(journal), (line.strip() for line in lines_of(source) if line.strip()))
        except BaseException:
            _remove(Path(journal))
            raise
    show(f"{journal}: {count:,} commands")
    return 0


def _remove(journal: Path) -> None:
    """Remove the files of a journal that was made in vain."""
    snapshots = journal.parent.glob(f"{glob.escape(journal.name)}-snapshot-*")
    for path in (journal, *(Path(f"{journal}{end}") for end in ("-lock", "-mark", "-wal", "-shm")), *snapshots):
        path.unlink(missing_ok=True)
