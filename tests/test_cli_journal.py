"""The commands on journals: what they check, show, write and read."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from ccroute import (
    CancelContact,
    Config,
    EventNotReached,
    JournalCompacted,
    JournalConflict,
    JournaledEngine,
    OutOfRange,
    RemoveQueue,
    SnapshotPolicy,
)
from ccroute.errors import CodecError, UnknownName
from ccroute.journal import MemoryJournal, MemoryLog, SqliteJournal
from ccroute.journal.exchange import beginning_in, export_lines, import_lines
from ccroute.journal.explaining import explain_event
from ccroute.types import Removal
from tests.journals import NO_SNAPSHOTS, center, comes, day, filled
from tests.terminal import Run, runner
from tests.test_journal_recovery import OFTEN, bare

pytestmark = pytest.mark.outer


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return the path of a journal of a day, a record per command, with snapshots."""
    path = tmp_path / "support.ccroute"
    policy = msgspec.structs.replace(OFTEN, fork=False)
    with JournaledEngine.open(path, center(), snapshots=policy) as durable:
        for command, at_us in day(10):
            durable.handle(command, at_us)
    return path


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Return a function that runs the command."""
    return runner(capsysbinary)


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize("options", [(), ("--replay",)], ids=["records", "replay"])
def test_a_whole_journal_is_verified(run, journal: Path, options: tuple[str, ...]) -> None:
    status, out, _ = run("journal", "verify", journal, *options, "--json")
    assert (status, json.loads(out)) == (
        0,
        {"ok": True, "records": 16, "commands": 15, "events": 21, "snapshots": 2, "faults": []},
    )
    status, out, _ = run("journal", "verify", journal, *options)
    assert (status, out) == (0, f"{journal}: 16 records, 15 commands, 21 events, 2 snapshots; nothing wrong\n")


def test_what_is_wrong_with_a_journal_is_told(run, journal: Path) -> None:
    flip(journal.with_name("support.ccroute-snapshot-9"), 100)
    status, out, _ = run("journal", "verify", journal)
    assert status == 1
    assert "snapshot-9: it does not agree with its checksum" in out
    place = journal.read_bytes().index(b"c9")
    flip(journal, place)
    status, out, _ = run("journal", "verify", journal, "--json")
    assert status == 1
    assert len(json.loads(out)["faults"]) == 2


def test_records_are_shown(run, journal: Path) -> None:
    status, out, _ = run("journal", "show", journal)
    assert status == 0
    assert [row.split()[0] for row in out.splitlines() if row.strip()[:1].isdecimal()] == [
        str(seq) for seq in range(1, 17)
    ]
    status, out, _ = run("journal", "show", journal, "--limit", 2, "--json")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == [15, 16]


def test_the_commands_of_a_record_are_shown(run, journal: Path) -> None:
    status, out, _ = run("journal", "show", journal, "--record", 3)
    line = json.loads(out)
    assert (status, line["type"], line["contact_id"], line["at_us"]) == (0, "contact.enqueue", "c0", 0)
    assert run("journal", "show", journal, "--record", 3, "--json")[1] == out
    begun = json.loads(run("journal", "show", journal, "--record", 1)[1])
    assert Config.from_json(json.dumps(begun["config"])) == center()


@pytest.mark.parametrize("seq", [0, 17])
def test_a_record_that_is_not_there_is_told(run, journal: Path, seq: int) -> None:
    status, _, error = run("journal", "show", journal, "--record", seq)
    assert status == 2
    assert error.startswith("ccroute: UsageError: ")
    assert "--record" in error


@pytest.mark.parametrize("command", ["verify", "show", "export"])
def test_what_is_no_journal_is_told(run, tmp_path: Path, command: str) -> None:
    assert run("journal", command, tmp_path / "nowhere")[2].startswith("ccroute: FileNotFoundError: ")
    (tmp_path / "text").write_text("words " * 1_000)
    assert run("journal", command, tmp_path / "text")[2].startswith("ccroute: Journal")


def test_a_journal_that_somebody_writes_can_be_read(run, journal: Path) -> None:
    with JournaledEngine.open(journal, snapshots=NO_SNAPSHOTS) as durable:
        durable.handle(comes(60), 60_000_000)
        assert run("journal", "verify", journal)[0] == 0
        assert len(run("journal", "export", journal)[1].splitlines()) == 17


def test_what_is_exported_can_be_imported_and_run(run, journal: Path, tmp_path: Path) -> None:
    lines = tmp_path / "day.jsonl"
    status, out, _ = run("journal", "export", journal)
    lines.write_text(out)
    assert (status, len(out.splitlines())) == (0, 16)
    status, out, _ = run("journal", "import", lines, tmp_path / "again.ccroute")
    assert (status, out) == (0, f"{tmp_path / 'again.ccroute'}: 15 commands\n")
    with JournaledEngine.open(tmp_path / "again.ccroute") as durable:
        assert durable.engine.snapshot() == bare().snapshot()
    status, out, _ = run("run", lines)
    assert (status, len(out.splitlines())) == (0, 21)
    status, _, error = run("journal", "import", lines, journal)
    assert (status, error) == (
        2,
        f"ccroute: FileExistsError: {journal} is there; a journal is imported into a new file\n",
    )


def test_an_event_of_a_journal_is_explained(run, journal: Path) -> None:
    status, out, _ = run("explain", journal, "--event", 3)
    assert status == 0
    assert "maxim" in out
    told = json.loads(run("explain", journal, "--event", 3, "--json")[1])
    assert told["event"]["type"] == "offer.made"
    assert run("explain", journal, "--event", 3, "--allow-jump")[0] == 2
    assert run("explain", journal, "--event", 1_000)[2].startswith("ccroute: EventNotReached: event 1000 ")


def test_an_event_is_explained_from_the_snapshot_before_it() -> None:
    log = MemoryLog()
    filled(log, policy=OFTEN)
    journal = MemoryJournal(log)
    journal.claim()
    assert explain_event(journal, 19).event.seq == 19
    journal.forget(9)
    first = next(iter(journal.records(8)))
    with pytest.raises(OutOfRange, match="the seq of an event that is kept"):
        explain_event(journal, 1)
    assert explain_event(journal, 21).event.seq == 21
    assert first.seq == 9
    with pytest.raises(EventNotReached):
        explain_event(journal, 22)


def test_a_journal_that_forgot_its_beginning_says_how_to_copy_it(run, tmp_path: Path) -> None:
    path = tmp_path / "support.ccroute"
    forgetting = SnapshotPolicy(every_commands=3, keep=1, forget_records=True, fork=False)
    with JournaledEngine.open(path, center(), snapshots=forgetting) as durable:
        for command, at_us in day(5):
            durable.handle(command, at_us)
        state = durable.engine.snapshot()
    status, told, error = run("journal", "export", path)
    assert (status, told) == (2, "")
    assert "ccroute: JournalCompacted: " in error
    assert "copy its files" in error
    copied = tmp_path / "copy"
    copied.mkdir()
    for file in tmp_path.glob("support.ccroute*"):
        shutil.copy(file, copied)
    with JournaledEngine.open(copied / "support.ccroute") as again:
        assert again.engine.snapshot() == state
        with pytest.raises(JournalCompacted) as caught:
            next(export_lines(again.journal))
        assert caught.value.first_seq == again.journal.first_seq()


def exported(log: MemoryLog) -> list[bytes]:
    return list(export_lines(MemoryJournal(log)))


@pytest.mark.parametrize("line", [b"no command", b'{"at_us": 2, "type": "queue.pause", "queue_id": "none"}'])
def test_an_import_that_fails_names_the_line_and_leaves_no_journal(run, tmp_path: Path, line: bytes) -> None:
    lines = tmp_path / "lines.jsonl"
    begun = b'{"type": "journal", "format": 1, "rules": 3, "package": "0.1.0", "config": {}}'
    lines.write_bytes(b"\n".join([begun, b'{"at_us": 1, "type": "advance"}', line]))
    status, _, error = run("journal", "import", lines, tmp_path / "new.ccroute")
    assert status == 2
    assert re.search(r"; lines? 3( to 3)?$", error)
    assert list(tmp_path.iterdir()) == [lines]


def test_every_kind_of_call_is_exported_and_imported() -> None:
    log = MemoryLog()
    with JournaledEngine.open(MemoryJournal(log), center(), snapshots=NO_SNAPSHOTS) as durable:
        durable.handle_many([(command, at_us) for command, at_us in day(3)])
        durable.advance(40_000_000)
        durable.handle(RemoveQueue(queue_id="other", removal=Removal.DRAIN), 41_000_000)
        durable.handle(CancelContact(contact_id="c2"), 42_000_000)
        told = durable.engine.snapshot()
    again = MemoryLog()
    assert import_lines(MemoryJournal(again), exported(log)) == len(exported(log)) - 1
    with JournaledEngine.open(MemoryJournal(again)) as durable:
        assert durable.engine.snapshot() == told


def test_many_commands_are_imported_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccroute.journal.exchange._BATCH_MAX", 4)
    log = MemoryLog()
    told = filled(log)
    again = MemoryLog()
    assert import_lines(MemoryJournal(again), exported(log)) == 15
    with JournaledEngine.open(MemoryJournal(again)) as durable:
        assert durable.engine.snapshot() == told


def test_only_a_new_journal_is_filled() -> None:
    log = MemoryLog()
    filled(log)
    with pytest.raises(JournalConflict, match="only a new journal"):
        import_lines(MemoryJournal(log), exported(log))
    assert log.owner is None


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b'{"type": "advance", "at_us": 1}', b'{"at_us": 1}'], ids=lambda line: line.decode()
)
def test_lines_that_begin_otherwise_are_none(line: bytes) -> None:
    assert beginning_in(line) is None
    with pytest.raises(CodecError, match='an object of type "journal"'):
        import_lines(MemoryJournal(), [line])


@pytest.mark.parametrize("line", [b'{"type": "journal"}', b'{"type": "journal", "format": "x"}'])
def test_a_beginning_that_cannot_be_read_is_told(line: bytes) -> None:
    with pytest.raises(CodecError, match="the beginning of a journal"):
        beginning_in(line)


def test_a_beginning_with_faults_tells_them() -> None:
    line = exported_first().replace(b'"support"', b'"sup\\u0000port"')
    with pytest.raises(ValueError, match="an id must be"):
        beginning_in(line)


def exported_first() -> bytes:
    log = MemoryLog()
    filled(log)
    return exported(log)[0]


@pytest.mark.parametrize(
    ("line", "error", "note"),
    [
        (b'{"at_us": 1, "type": "nothing"}', CodecError, "line 3"),
        (
            b'{"at_us": 1, "type": "contact.enqueue", "contact_id": "x", "queue_id": "none", "channel": "chat"}',
            UnknownName,
            "lines 2 to 3",
        ),
    ],
    ids=["codec", "engine"],
)
def test_a_line_that_cannot_be_carried_out_is_named(line: bytes, error: type[Exception], note: str) -> None:
    log = MemoryLog()
    filled(log)
    begun, first, *_ = exported(log)
    with pytest.raises(error) as caught:
        import_lines(MemoryJournal(), [begun, first, line])
    assert caught.value.__notes__ == [note]


def test_a_journal_of_sqlite_is_known_by_its_header(journal: Path) -> None:
    assert journal.read_bytes()[68:72] == b"ccrJ"
    assert SqliteJournal(journal, read_only=True).name == str(journal)
