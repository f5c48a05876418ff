"""Planted words of a customer never come out: of the journal, of commands, of errors, of logs, of what is shown."""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from rich.console import Console

import ccroute.customers
import ccroute.ports
import ccroute.timeline
from ccroute import Config, JournaledEngine
from ccroute.commands import COMMANDS, Command, ContactPatch, EnqueueContact
from ccroute.customers import Answer, ArrivalPolicy, Customers, MemoryDirectory, Privacy, Reception, Vault, handle
from ccroute.events import EVENTS
from ccroute.history import MemoryHistory, PostgresHistory, SqliteHistory
from ccroute.personal import Personal
from ccroute.ports import CustomerRecord, DirectoryQuestion, Handle, HistoryStore
from ccroute.storage.keys import MemoryKeys
from ccroute.storage.postgres import PostgresDatabase
from ccroute.storage.sqlite import SqliteDatabase
from ccroute.timeline import Message, Note, Recording, SurveyAnswer
from tests.customer_book import MASTER, counted_ids
from tests.postgres import unused_schema

pytestmark = pytest.mark.outer

CANARY = "kanarienvogel"
NUMBER = "4930901820"
RECORD = CustomerRecord(
    name=f"Ada {CANARY}",
    addresses=[f"1 {CANARY} Square"],
    remarks=f"{CANARY} remarks",
    language="en",
    tier=3,
    attributes={"segment": "private", "greeting": f"Dear Ada {CANARY}", "phone": int(NUMBER)},
)
CONFIG = Config.from_dict({"queues": {"loans": {}}})


class Birdcage:
    """Stores into which canaries were put, by ways that a host takes."""

    def __init__(self, customers: Customers, vault: Vault, history: HistoryStore) -> None:
        self.customers = customers
        self.vault = vault
        self.history = history
        self.privacy = Privacy(vault, customers=customers, history=history)
        self.phone = handle("phone", f"+{NUMBER}")
        self.email = handle("email", f"{CANARY}@example.com")
        customers.find_or_create(self.phone)
        customers.add("c1", self.email)
        customers.remember("c1", RECORD)
        customers.find_or_create(handle("telegram", f"@{CANARY}"))
        history.add(*ADDITIONS)


ADDITIONS = (
    Message(entry_id="m1", at_us=1, customer_id="c1", body=f"{CANARY} message", from_customer=True),
    Note(entry_id="n1", at_us=2, customer_id="c1", body=f"{CANARY} note"),
    SurveyAnswer(entry_id="s1", at_us=3, customer_id="c1", question="why", answer=f"{CANARY} answer"),
    Recording(entry_id="r1", at_us=4, customer_id="c1", reference=f"s3://{CANARY}", length_us=5),
)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def cage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Birdcage]:
    """Give stores of each kind that hold canaries."""
    vault = Vault(MemoryKeys(), lambda: MASTER)
    history: HistoryStore
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        customers = Customers(PostgresDatabase(server.dsn, schema=unused_schema()), vault, new_id=counted_ids())
        history = PostgresHistory(server.dsn, vault=vault, schema=unused_schema())
    else:
        customers = Customers(SqliteDatabase(tmp_path / "c"), vault, new_id=counted_ids())
        history = MemoryHistory() if request.param == "memory" else SqliteHistory(tmp_path / "c-history", vault=vault)
    yield Birdcage(customers, vault, history)
    customers.close()
    history.close()


def told_by(error: BaseException) -> str:
    """Return all that an error shows: its chain, its traceback, its arguments and attributes."""
    shown = "".join(traceback.format_exception(error))
    links: list[BaseException | None] = [error]
    for link in links:
        if link is not None:
            shown += f"{link} {link!r} {link.args!r} {vars(link)!r}"
            links += [one for one in (link.__cause__, link.__context__) if one not in links]
            if isinstance(link, BaseExceptionGroup):
                links += link.exceptions
    return shown


def has_canary(shown: str) -> bool:
    """Return whether a canary is in what was shown."""
    return CANARY in shown.lower() or NUMBER in shown


# ---- errors and logs ---------------------------------------------------------------------------------------------

WORD = CANARY
Wrong = Callable[[Birdcage], object]


def _message(**fields: Any) -> Message:
    return msgspec.structs.replace(ADDITIONS[0], **{"entry_id": "m9", **fields})


WRONG: dict[str, Wrong] = {
    "no number": lambda _: handle("phone", WORD),
    "an impossible number": lambda _: handle("phone", f"+{NUMBER * 3}"),
    "no region": lambda _: handle("phone", NUMBER, region=WORD),
    "no address": lambda _: handle("email", f"{WORD} @example.com"),
    "an address of two lines": lambda _: handle("email", f"{WORD}\n@example.com"),
    "a long handle": lambda _: handle("cookie", WORD * 100),
    "no kind": lambda _: handle(WORD.upper(), WORD),
    "no text": lambda _: handle("cookie", [WORD]),  # type: ignore[arg-type]
    "a taken handle": lambda cage: cage.customers.add("c3", cage.phone),
    "a record of others": lambda cage: cage.customers.remember("c1", {"name": WORD}),  # type: ignore[arg-type]
    "a record of wrong types": lambda cage: cage.customers.remember("c1", CustomerRecord(name=[WORD])),  # type: ignore[arg-type]
    "a long record": lambda cage: cage.customers.remember("c1", CustomerRecord(name=WORD * 10_000)),
    "a record of no Unicode": lambda cage: cage.customers.remember("c1", CustomerRecord(name=f"{WORD}\ud800")),
    "a record of nobody": lambda cage: cage.customers.remember("who", RECORD),
    "an export of nobody": lambda cage: cage.privacy.export("who"),
    "a broken seal": lambda cage: cage.vault.decrypt("c1", WORD.encode() * 3, kind="note"),
    "another's seal": lambda cage: cage.vault.decrypt(
        "c2", cage.vault.encrypt("c1", WORD.encode(), kind="note"), kind="note"
    ),
    "a long message": lambda cage: cage.history.add(_message(body=WORD * 100_000)),
    "a message of no text": lambda cage: cage.history.add(_message(body=[WORD])),
    "a message of no Unicode": lambda cage: cage.history.add(_message(body=f"{WORD}\ud800")),
    "a message of nobody": lambda cage: cage.history.add(_message(customer_id=None)),
    "a message of no time": lambda cage: cage.history.add(_message(at_us=-1)),
    "no addition": lambda cage: cage.history.add({"body": WORD}),  # type: ignore[arg-type]
    "a search of nothing": lambda cage: cage.history.search(WORD * 20, from_us=0),
    "a search without a bound": lambda cage: cage.history.search(WORD),
    "a message of somebody erased": lambda cage: (cage.privacy.erase("c1"), cage.history.add(_message())),
    "a closed history": lambda cage: (cage.history.close(), cage.history.add(_message()), cage.history.search(WORD)),
    "closed customers": lambda cage: (cage.customers.close(), cage.customers.find_or_create(handle("cookie", WORD))),
}
MAY_PASS = {"a closed history"}
"""What a history in memory takes."""


@pytest.mark.parametrize("name", list(WRONG))
def test_no_error_tells_what_was_personal(cage: Birdcage, name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = ""
    try:
        WRONG[name](cage)
        has_passed = True
    except Exception as error:
        has_passed = False
        shown = told_by(error)
    assert has_passed <= (name in MAY_PASS)
    assert not has_canary(shown)
    assert not has_canary(caplog.text)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("kind", ["raises", "tells wrong types", "tells too much"])
def test_no_arrival_tells_what_was_personal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, backend: str
) -> None:
    caplog.set_level(logging.DEBUG)

    class Directory:
        """A directory that has canaries in all it tells."""

        async def look_up(self, question: DirectoryQuestion) -> CustomerRecord:
            if kind == "raises":
                raise ConnectionError(f"{CANARY} {question.handles[0].value}")
            return RECORD if kind == "tells too much" else CustomerRecord(tier=CANARY)  # type: ignore[arg-type]

    with _journaled(tmp_path) as (engine, submit, told):
        customers = Customers(SqliteDatabase(tmp_path / "c"), Vault(MemoryKeys(), lambda: MASTER))
        reception = Reception(submit, _Clock(), customers=customers, directory=Directory())
        command = EnqueueContact(contact_id="call1", queue_id="loans", channel="voice")
        arrived = anyio.run(reception.arrive, command, handle("phone", f"+{NUMBER}"), backend=backend)
        assert arrived.answer is (Answer.IN_TIME if kind == "tells too much" else Answer.FAILED)
        assert not has_canary(f"{arrived!r} {told!r}")
        assert not has_canary(caplog.text)
        customers.close()
        engine.close()
    assert not has_canary(b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode("latin-1"))


class _Clock:
    def now_us(self) -> int:
        return 1_000_000


@contextlib.contextmanager
def _journaled(
    folder: Path,
) -> Iterator[tuple[JournaledEngine, Callable[[Command], Awaitable[None]], list[object]]]:
    told: list[object] = []
    engine = JournaledEngine.open(folder / "center.ccroute", CONFIG)

    async def submit(command: Command) -> None:
        told.append(command)
        told.extend(engine.handle(command, 1_000_000))

    yield engine, submit, told


# ---- the journal -------------------------------------------------------------------------------------------------


def test_nothing_personal_reaches_the_journal(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.mkdir()
    vault = Vault(MemoryKeys(), lambda: MASTER)
    customers = Customers(SqliteDatabase(tmp_path / "customers"), vault, new_id=counted_ids())
    history = SqliteHistory(tmp_path / "history", vault=vault)
    cage = Birdcage(customers, vault, history)
    with _journaled(journal) as (engine, submit, told):
        directory = MemoryDirectory({cage.phone: RECORD})
        policy = ArrivalPolicy(deadline_us=60_000_000)
        reception = Reception(
            submit, _Clock(), customers=customers, directory=directory, history=history, policy=policy
        )
        command = EnqueueContact(contact_id="call1", queue_id="loans", channel="voice")
        arrived = anyio.run(reception.arrive, command, cage.phone)
        assert (arrived.answer, arrived.withheld) == (Answer.IN_TIME, ("greeting", "phone"))
        assert arrived.record == RECORD
        history.add(_message(contact_id="call1", customer_id=None))
        engine.close()
    stored = b"".join(path.read_bytes() for path in sorted(journal.iterdir())).decode("latin-1")
    assert "call1" in stored
    assert "private" in stored
    assert not has_canary(stored)
    assert not has_canary(repr(told))
    customers.close()
    history.close()
    # Beside the journal they are sealed: not even there do they lie open.
    assert not has_canary(
        b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file()).decode("latin-1")
    )


# fmt: off
KNOWN_FIELDS = {
    "actor", "agent_id", "as_", "attributes", "channel", "clock", "command_id", "config", "contact_id",
    "conversation_id", "cooldown", "cooldown_until_us", "cost", "customer_id", "disposition", "due_at_us", "excluded",
    "head_start_us", "if_version", "ignoring", "keeps_place", "label", "limits", "mode", "next_", "next_presence",
    "offer_id", "offers", "on_unanswered", "or_requeue", "parent_id", "parked", "patch", "plan", "preferred",
    "preferred_requires", "preferred_scope", "preferred_wait_us", "presence", "queue_id", "reason", "removal",
    "requires", "scores", "tier", "to_agent", "to_queue", "units", "until_us", "wrap_up_us",
}
# fmt: on
"""Every field of every command, each looked at: ids, times, closed sets and routing attributes; nothing that a customer
said or is called."""

PERSONAL_WORDS = {
    "name",
    "body",
    "address",
    "addresses",
    "phone",
    "email",
    "note",
    "text",
    "message",
    "value",
    "remarks",
}


def test_no_command_has_a_field_for_what_is_personal() -> None:
    fields = {name for command in (*COMMANDS, ContactPatch) for name in command.__struct_fields__}
    assert fields - KNOWN_FIELDS == set(), "a new field: is it free of what a customer said or is called?"


def test_no_event_has_a_field_for_what_is_personal() -> None:
    fields = {name for event in EVENTS for name in event.__struct_fields__}
    assert fields & PERSONAL_WORDS == set()


# ---- what is shown -----------------------------------------------------------------------------------------------


def test_nothing_that_is_personal_shows_itself(cage: Birdcage) -> None:
    customer = cage.customers.customer("c1")
    timeline = cage.history.timeline("c1")
    shown = [
        RECORD,
        *ADDITIONS,
        customer,
        timeline,
        cage.history.search(CANARY, from_us=0),
        cage.customers.find(cage.phone),
        DirectoryQuestion(customer_id="c1", identity_ids=("c1",), handles=(cage.phone, cage.email)),
        cage.customers,
        cage.history,
        cage.vault,
        cage.privacy,
        MemoryDirectory({cage.phone: RECORD}),
    ]
    assert len(timeline.entries) == 4
    console = Console(width=500, record=True, file=io.StringIO())
    for one in shown:
        console.print(one)
        assert not has_canary(f"{one!r} {one} {[one]!r} {one!a}")
    assert not has_canary(console.export_text())
    assert has_canary(msgspec.json.encode([customer.record, timeline]).decode()), "the values are there"


def _structs(module: object) -> Iterator[type[msgspec.Struct]]:
    for _, one in inspect.getmembers(module, inspect.isclass):
        if issubclass(one, msgspec.Struct) and one.__module__.startswith("ccroute"):
            yield one


@pytest.mark.parametrize("module", [ccroute.ports, ccroute.timeline, ccroute.customers], ids=lambda one: one.__name__)
def test_what_holds_something_personal_hides_it(module: object) -> None:
    words = PERSONAL_WORDS | {"answer", "reference", "handle"}
    # The body of a journal's record is commands.
    structs = [one for one in _structs(module) if one is not ccroute.ports.Record]
    holding = {one for one in structs if words & set(one.__struct_fields__)} - {ccroute.customers.Arrived}
    assert {one.__name__ for one in holding if not issubclass(one, Personal)} == set()
    assert Handle in holding or module is not ccroute.ports
    for one in holding:
        assert not one.shown_fields & words, one  # type: ignore[attr-defined]
