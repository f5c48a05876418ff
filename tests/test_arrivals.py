"""Contacts learn of their customers in time, and wait in line in time whatever becomes of those who are asked."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from pathlib import Path

import anyio
import msgspec
import pytest
from msgspec import UNSET

from ccroute import Config, Engine
from ccroute.commands import (
    AbandonContact,
    CancelContact,
    ChangeContact,
    Command,
    ContactPatch,
    EnqueueContact,
    UnparkContact,
)
from ccroute.customers import (
    Answer,
    ArrivalPolicy,
    Arrived,
    Customers,
    Late,
    MemoryDirectory,
    Reception,
    StoredDirectory,
    change_of,
    commands_of,
    handle,
    parked_until,
    routing_attributes,
    superseded_callbacks,
)
from ccroute.errors import ExtraMissing, OutOfRange, StorageUnavailable, UnknownName, WrongType
from ccroute.events import ContactParked, ContactQueued, Event
from ccroute.ports import CustomerRecord, DirectoryQuestion, Handle
from ccroute.testing.directory import check_directory
from ccroute.types import ContactState, ParkClock, PreferWho
from tests.customer_book import House, memory_house

pytestmark = pytest.mark.outer

CONFIG = Config.from_dict(
    {
        "queues": {"loans": {"requires": "agent.skills.loans > 0 && contact.attributes.language == 'en'"}},
        "agents": {"charles": {"queues": {"loans": 1}, "skills": {"loans": 9}}},
    }
)
CALL = EnqueueContact(contact_id="c1", queue_id="loans", channel="voice")
PHONE = handle("phone", "+49 30 901820")
ADA = CustomerRecord(
    name="Ada Lovelace",
    language="en",
    tier=2,
    manager_id="charles",
    attributes={"segment": "private", "greeting": "Dear Ms. ADA LOVELACE", "callback": Decimal("4930901820")},
)
SECOND = 1_000_000
BACKENDS = ["asyncio", "trio"]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What the past tells."""

    last_agent_id: str | None = None
    open_conversation_id: str | None = None


class Past:
    """A history that answers at once, or raises."""

    def __init__(self, card: Card | Exception) -> None:
        self.card = card
        self.asked: list[tuple[str, ...]] = []

    def customer(self, *customer_ids: str, contacts: int = 10) -> Card:
        self.asked.append(customer_ids)
        if isinstance(self.card, Exception):
            raise self.card
        return self.card


class SlowPast:
    """A history that answers once the engine was told something behind the enqueueing."""

    def __init__(self, desk: Desk, card: Card) -> None:
        self._card = card
        self._has_told = threading.Event()
        desk.on_told = self._has_told.set

    def customer(self, *customer_ids: str, contacts: int = 10) -> Card:
        assert self._has_told.wait(60)
        return self._card


class Desk:
    """An engine and its clock, to which a reception gives commands."""

    def __init__(self) -> None:
        self.engine = Engine(CONFIG)
        self.us = 10 * SECOND
        self.commands: list[Command] = []
        self.events: list[Event] = []
        self.on_command: Callable[[Command], None] = lambda _: None
        self.on_told: Callable[[], None] = lambda: None

    def now_us(self) -> int:
        return self.us

    async def submit(self, command: Command) -> None:
        self.on_command(command)
        self.commands.append(command)
        self.events += self.engine.handle(command, self.us)
        if not isinstance(command, EnqueueContact):
            self.on_told()

    def state(self) -> ContactState:
        status = self.engine.contact("c1")
        assert status is not None
        return status.state


class Directory:
    """A directory whose answer is what a function awaits."""

    def __init__(self, answer: Callable[[DirectoryQuestion], Awaitable[CustomerRecord | None]]) -> None:
        self.look_up = answer


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Give an engine whose time stands."""
    made = Desk()
    yield made
    made.engine.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Give a store of customers."""
    yield from memory_house(tmp_path)


@pytest.fixture(params=BACKENDS)
def run(request: pytest.FixtureRequest) -> Callable[..., Arrived]:
    """Let one contact arrive, under each event loop."""

    def arrive(reception: Reception, command: EnqueueContact = CALL, by: Handle | None = None) -> Arrived:
        return anyio.run(reception.arrive, command, by, backend=request.param)

    return arrive


Run = Callable[..., Arrived]


def test_a_known_customer_changes_its_contact_before_it_waits(desk: Desk, house: House, run: Run) -> None:
    directory = MemoryDirectory({PHONE: ADA})
    past = Past(Card(last_agent_id="mary", open_conversation_id="conv-7"))
    reception = Reception(desk.submit, desk, customers=house.customers, directory=directory, history=past)
    arrived = run(reception, by=PHONE)
    assert arrived.answer is Answer.IN_TIME
    assert arrived.identified is not None
    assert arrived.identified.identity_id == "c1"
    assert arrived.record == ADA
    assert arrived.withheld == ("greeting", "callback")
    assert [type(command) for command in desk.commands] == [EnqueueContact, ChangeContact, UnparkContact]
    parked, queued = desk.events[0], desk.events[2]
    assert isinstance(parked, ContactParked)
    assert (parked.clock, parked.until_us, parked.customer_id) == (ParkClock.RUNS, 12 * SECOND, "c1")
    assert isinstance(queued, ContactQueued)
    assert (queued.tier, queued.conversation_id, queued.place_at_us) == (2, "conv-7", 10 * SECOND)
    status = desk.engine.contact("c1")
    assert status is not None
    assert status.attributes == {"language": "en", "segment": "private"}
    assert past.asked == [("c1",)]
    assert "Ada" not in repr(arrived)
    assert "Ada" not in repr(desk.commands)


def test_all_ids_of_a_customer_are_asked_for(desk: Desk, house: House, run: Run) -> None:
    house.customers.find_or_create(PHONE)
    house.customers.add("c1", handle("email", "ada@example.com"))
    asked: list[DirectoryQuestion] = []

    async def answer(question: DirectoryQuestion) -> None:
        asked.append(question)

    past = Past(Card())
    reception = Reception(desk.submit, desk, customers=house.customers, directory=Directory(answer), history=past)
    arrived = run(reception, by=handle("email", "ada@example.com"))
    assert arrived.answer is Answer.UNKNOWN
    (question,) = asked
    assert (question.customer_id, question.identity_ids) == ("c1", ("c1", "c2"))
    assert question.handles == (handle("email", "ada@example.com"), PHONE)
    assert past.asked == [("c1", "c2")]
    assert desk.commands[0].customer_id == "c2"  # type: ignore[attr-defined]
    assert "901820" not in repr(question)


async def _never(_: DirectoryQuestion) -> None:
    await anyio.sleep_forever()


async def _at_once(_: DirectoryQuestion) -> CustomerRecord:
    return ADA


async def _fails(_: DirectoryQuestion) -> None:
    raise ConnectionError("canary: +49 30 901820 is not known here")


def _pass_the_deadline(desk: Desk) -> None:
    """Let the deadline be over before anybody was asked."""

    def see(command: Command) -> None:
        if isinstance(command, EnqueueContact):
            desk.us += 3 * SECOND

    desk.on_command = see


KNOWN = msgspec.structs.replace(CALL, customer_id="ada")


def test_who_never_answers_does_not_keep_a_contact(desk: Desk, run: Run) -> None:
    _pass_the_deadline(desk)
    arrived = run(Reception(desk.submit, desk, directory=Directory(_never)), KNOWN)
    assert (arrived.answer, arrived.failure, arrived.record) == (Answer.NEVER, None, None)
    assert [type(command) for command in desk.commands] == [EnqueueContact]
    desk.engine.advance(desk.us)
    assert desk.state() is ContactState.QUEUED


def test_it_is_waited_no_longer_than_the_deadline(desk: Desk, run: Run) -> None:
    policy = ArrivalPolicy(deadline_us=1_000)
    arrived = run(Reception(desk.submit, desk, directory=Directory(_never), policy=policy), KNOWN)
    assert arrived.answer is Answer.NEVER
    # The engine's time stands still here, so that this one is unparked by the command.
    assert desk.state() is ContactState.QUEUED


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_engine_itself_ends_the_waiting(desk: Desk, backend: str) -> None:
    async def arrive() -> None:
        with anyio.CancelScope() as scope:

            async def leave(_: DirectoryQuestion) -> None:
                scope.cancel()
                await anyio.sleep_forever()

            await Reception(desk.submit, desk, directory=Directory(leave)).arrive(KNOWN)

    anyio.run(arrive, backend=backend)
    assert desk.state() is ContactState.PARKED
    desk.engine.advance(12 * SECOND - 1)
    assert desk.state() is ContactState.PARKED
    (queued, *_) = desk.engine.advance(12 * SECOND)
    assert isinstance(queued, ContactQueued)
    assert queued.place_at_us == 10 * SECOND


def test_a_late_answer_is_ignored(desk: Desk, run: Run) -> None:
    _pass_the_deadline(desk)
    arrived = run(Reception(desk.submit, desk, directory=Directory(_at_once)), KNOWN)
    assert arrived.answer is Answer.NEVER
    assert [type(command) for command in desk.commands] == [EnqueueContact]


LATE = ArrivalPolicy(late=Late.PATCH)


def test_a_late_answer_changes_the_contact_where_that_is_wanted(desk: Desk, run: Run) -> None:
    past = SlowPast(desk, Card(last_agent_id="mary"))
    _pass_the_deadline(desk)
    arrived = run(Reception(desk.submit, desk, directory=Directory(_at_once), history=past, policy=LATE), KNOWN)
    assert (arrived.answer, arrived.record) == (Answer.LATE, ADA)
    # The history answered behind the directory, which answered behind the deadline.
    change, another = desk.commands[1:]
    assert isinstance(change, ChangeContact)
    assert (change.patch.preferred, change.patch.tier, change.if_version) == (["charles"], 2, 1)
    assert another == ChangeContact(contact_id="c1", patch=ContactPatch(preferred=["charles", "mary"]), if_version=2)
    status = desk.engine.contact("c1")
    assert status is not None
    assert (status.state, status.tier) == (ContactState.QUEUED, 2)


def test_a_late_answer_does_not_undo_what_others_changed(desk: Desk, run: Run) -> None:
    _pass_the_deadline(desk)

    async def answer(_: DirectoryQuestion) -> CustomerRecord:
        await desk.submit(ChangeContact(contact_id="c1", patch=ContactPatch(tier=7)))
        return ADA

    run(Reception(desk.submit, desk, directory=Directory(answer), policy=LATE), KNOWN)
    status = desk.engine.contact("c1")
    assert status is not None
    assert (status.tier, status.attributes) == (7, {})


def test_what_is_later_than_late_is_given_up(desk: Desk, run: Run) -> None:
    _pass_the_deadline(desk)
    policy = msgspec.structs.replace(LATE, late_us=0)
    arrived = run(Reception(desk.submit, desk, directory=Directory(_never), policy=policy), KNOWN)
    assert arrived.answer is Answer.NEVER


def test_a_contact_that_has_ended_is_left_alone(desk: Desk, run: Run) -> None:
    async def hang_up(_: DirectoryQuestion) -> CustomerRecord:
        await desk.submit(AbandonContact(contact_id="c1"))
        return ADA

    assert run(Reception(desk.submit, desk, directory=Directory(hang_up)), KNOWN).answer is Answer.IN_TIME
    assert desk.state() is ContactState.ABANDONED


def test_a_late_history_is_told_behind_a_directory_in_time(desk: Desk, run: Run) -> None:
    past = SlowPast(desk, Card(last_agent_id="mary", open_conversation_id="conv-7"))
    policy = msgspec.structs.replace(LATE, deadline_us=1_000)
    assert run(Reception(desk.submit, desk, history=past, policy=policy), KNOWN).answer is Answer.NOT_ASKED
    assert [type(command) for command in desk.commands] == [EnqueueContact, UnparkContact, ChangeContact]


@pytest.mark.parametrize("policy", [ArrivalPolicy(), LATE])
def test_what_a_directory_raises_stops_nothing_and_is_not_told(desk: Desk, run: Run, policy: ArrivalPolicy) -> None:
    arrived = run(Reception(desk.submit, desk, directory=Directory(_fails), policy=policy), KNOWN)
    assert (arrived.answer, arrived.failure) == (Answer.FAILED, "ConnectionError")
    assert desk.state() is ContactState.QUEUED
    assert "canary" not in repr(arrived)


def test_what_a_history_raises_stops_nothing(desk: Desk, run: Run) -> None:
    past = Past(StorageUnavailable("past", "the server stops"))
    arrived = run(Reception(desk.submit, desk, directory=Directory(_at_once), history=past), KNOWN)
    assert (arrived.answer, arrived.failure) == (Answer.IN_TIME, "StorageUnavailable")
    assert desk.state() is ContactState.QUEUED


def test_a_history_alone_is_asked_too(desk: Desk, run: Run) -> None:
    arrived = run(Reception(desk.submit, desk, history=Past(Card(last_agent_id="charles"))), KNOWN)
    assert arrived.answer is Answer.NOT_ASKED
    assert [type(command) for command in desk.commands] == [EnqueueContact, ChangeContact, UnparkContact]


def test_a_store_that_fails_leaves_the_contact_without_a_customer(desk: Desk, run: Run) -> None:
    class Down:
        """A store whose database is away."""

        def find_or_create(self, handle: Handle) -> None:
            raise StorageUnavailable("customers", "the server stops")

        customer = find_or_create

    reception = Reception(desk.submit, desk, customers=Down(), directory=Directory(_at_once))  # type: ignore[arg-type]
    arrived = run(reception, by=PHONE)
    assert (arrived.identified, arrived.answer, arrived.failure) == (None, Answer.NOT_ASKED, "StorageUnavailable")
    assert desk.state() is ContactState.QUEUED
    assert run(reception, msgspec.structs.replace(KNOWN, contact_id="c2"), PHONE).answer is Answer.IN_TIME


def test_a_customer_of_the_hosts_own_need_not_be_known(desk: Desk, house: House, run: Run) -> None:
    reception = Reception(desk.submit, desk, customers=house.customers, directory=MemoryDirectory({"ada": ADA}))
    arrived = run(reception, KNOWN)
    assert (arrived.answer, arrived.failure, arrived.identified) == (Answer.IN_TIME, None, None)


def test_nobody_is_asked_about_nobody(desk: Desk, run: Run) -> None:
    assert run(Reception(desk.submit, desk, directory=Directory(_fails))).answer is Answer.NOT_ASKED
    assert desk.commands == [CALL]


def test_without_anybody_to_ask_a_contact_waits_at_once(desk: Desk, house: House, run: Run) -> None:
    assert run(Reception(desk.submit, desk, customers=house.customers), by=PHONE).answer is Answer.NOT_ASKED
    assert desk.state() is ContactState.QUEUED


def test_without_a_deadline_a_contact_waits_at_once(desk: Desk, run: Run) -> None:
    policy = msgspec.structs.replace(LATE, deadline_us=0)
    arrived = run(Reception(desk.submit, desk, directory=Directory(_at_once), policy=policy), KNOWN)
    assert arrived.answer is Answer.LATE
    assert [type(command) for command in desk.commands] == [EnqueueContact, ChangeContact]
    assert desk.commands[0] == KNOWN


@pytest.mark.parametrize("times", [{"parked": True}, {"due_at_us": 60 * SECOND}])
def test_a_contact_that_has_time_is_changed_and_not_unparked(
    desk: Desk, run: Run, times: dict[str, bool | int]
) -> None:
    command = msgspec.structs.replace(KNOWN, **times)
    assert run(Reception(desk.submit, desk, directory=Directory(_at_once)), command).answer is Answer.IN_TIME
    assert desk.commands[0] == command
    assert [type(one) for one in desk.commands] == [EnqueueContact, ChangeContact]


@pytest.mark.parametrize(
    "record",
    [
        CustomerRecord(tier=2**40),
        CustomerRecord(manager_id=""),
        CustomerRecord(attributes={f"a{number}": 1 for number in range(65)}),
        CustomerRecord(attributes={"a": object()}),
    ],
)
def test_an_answer_that_can_never_be_right_leaves_the_contact_as_it_came(
    desk: Desk, run: Run, record: CustomerRecord
) -> None:
    arrived = run(Reception(desk.submit, desk, directory=MemoryDirectory({"ada": record})), KNOWN)
    assert arrived.answer is Answer.FAILED
    assert arrived.failure in {"OutOfRange", "InvalidId", "WrongType"}
    assert desk.state() is ContactState.QUEUED


def test_a_contact_that_can_never_be_right_raises(desk: Desk) -> None:
    reception = Reception(desk.submit, desk, directory=Directory(_at_once))
    with pytest.raises(UnknownName):
        anyio.run(reception.arrive, msgspec.structs.replace(KNOWN, queue_id="cards"))


@pytest.mark.parametrize(
    ("policy", "error"),
    [
        (ArrivalPolicy(deadline_us=-1), OutOfRange),
        (ArrivalPolicy(late_us=2**60), OutOfRange),
        (ArrivalPolicy(late_us=1.5), WrongType),  # type: ignore[arg-type]
    ],
)
def test_durations_are_checked(desk: Desk, policy: ArrivalPolicy, error: type[Exception]) -> None:
    with pytest.raises(error):
        Reception(desk.submit, desk, policy=policy)


def test_without_the_extra_it_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "anyio", None)
    with pytest.raises(ExtraMissing, match="customers"):
        Reception(desk.submit, desk)


# ---- the pure part -----------------------------------------------------------------------------------------------


def test_what_the_host_said_stays() -> None:
    command = EnqueueContact(
        contact_id="c1",
        queue_id="loans",
        channel="voice",
        tier=0,
        preferred=["bob"],
        conversation_id="conv-1",
        attributes={"language": "de", "x": 1},
    )
    card = Card(last_agent_id="mary", open_conversation_id="conv-7")
    patch = change_of(command, ADA, card, prefer=[PreferWho.MANAGER, PreferWho.LAST_AGENT])
    assert patch == ContactPatch(
        attributes={"language": "de", "x": 1, "segment": "private", "callback": Decimal("4930901820")}
    )


def test_nothing_known_changes_nothing() -> None:
    prefer = [PreferWho.MANAGER, PreferWho.LAST_AGENT]
    assert change_of(CALL, None, None, prefer=prefer) == ContactPatch()
    assert change_of(CALL, CustomerRecord(name="Ada"), Card(), prefer=prefer) == ContactPatch()
    assert commands_of("c1", ContactPatch(), unpark=False, if_version=1) == []
    assert commands_of("c1", ContactPatch(), unpark=True, if_version=1) == [UnparkContact(contact_id="c1")]


@pytest.mark.parametrize(
    ("prefer", "preferred"),
    [
        ((PreferWho.MANAGER, PreferWho.LAST_AGENT), ["charles", "mary"]),
        ((PreferWho.LAST_AGENT, PreferWho.MANAGER), ["mary", "charles"]),
        ((PreferWho.LAST_AGENT,), ["mary"]),
        ((PreferWho.GIVEN,), UNSET),
        ((), UNSET),
    ],
)
def test_who_is_preferred_is_as_the_policy_says(prefer: tuple[PreferWho, ...], preferred: object) -> None:
    patch = change_of(CALL, ADA, Card(last_agent_id="mary"), prefer=prefer)
    assert patch.preferred == preferred


def test_one_agent_is_preferred_once() -> None:
    patch = change_of(CALL, ADA, Card(last_agent_id="charles"), prefer=[PreferWho.LAST_AGENT, PreferWho.MANAGER])
    assert patch.preferred == ["charles"]


@pytest.mark.parametrize(
    ("attributes", "withheld"),
    [
        ({"who": "ada lovelace", "vip": True}, ["who"]),
        ({"home": "lives at 12 St. James's Square, London"}, ["home"]),
        ({"reach": ["x", "mail ada@example.com"]}, ["reach"]),
        ({"number": 4930901820}, ["number"]),
        ({"number": "0049 (30) 901-820"}, ["number"]),
        ({"Ada Lovelace": True}, ["Ada Lovelace"]),
        ({"initials": "AL", "letters": "salt"}, []),
        ({"remark": "owes us money"}, ["remark"]),
        ({"dial": "030 901820", "order": 1820, "ticket": "4711-0815"}, ["dial"]),
        ({"mail": "Ada.King@example.org", "plain": "ada at home", "sign": "3 @ 5.00"}, ["mail"]),
        ({"other": ["call +44 (20) 7946-0018"], "sum": "2+2", "score": "+12.5"}, ["other"]),
    ],
)
def test_what_is_personal_is_withheld(attributes: dict[str, object], withheld: list[str]) -> None:
    record = CustomerRecord(
        name="Ada Lovelace",
        addresses=["12 St James's Square"],
        remarks="owes us money",
        attributes=attributes,  # type: ignore[arg-type]
    )
    told, hidden = routing_attributes(record, ["+4930901820", "ada@example.com"])
    assert hidden == withheld
    assert list(told) == [name for name in attributes if name not in withheld]


def test_a_short_name_is_withheld_only_as_a_whole() -> None:
    record = CustomerRecord(name="Li", language="li", attributes={"a": "Li", "b": "list"})
    assert routing_attributes(record) == ({"b": "list"}, ["language", "a"])


def test_a_contact_is_parked_once() -> None:
    parked = parked_until(CALL, 5)
    assert parked is not None
    assert (parked.parked, parked.clock, parked.until_us) == (True, ParkClock.RUNS, 5)
    assert parked_until(parked, 6) is None


def test_callbacks_under_other_ids_are_taken_back() -> None:
    config = Config.from_dict({"queues": {"loans": {"callback": {"on_abandon": True}}}})
    engine = Engine(config)
    for number, customer_id in enumerate(["c1", "c2", "c3", "c1"], start=1):
        call = EnqueueContact(contact_id=f"call{number}", queue_id="loans", channel="voice", customer_id=customer_id)
        engine.handle(call, number)
        engine.handle(AbandonContact(contact_id=f"call{number}"), number)
    commands = superseded_callbacks(engine.missed(), ["c1", "c2"])
    assert [type(command) for command in commands] == [CancelContact] * len(commands)
    for command in commands:
        engine.handle(command, 10)
    assert {one.customer_id for one in engine.missed()} == {"c3"}
    assert len(commands) >= 2
    engine.close()


# ---- directories -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_directory_in_memory_keeps_its_promises(backend: str) -> None:
    async def make(records: dict[Handle, CustomerRecord]) -> MemoryDirectory:
        directory = MemoryDirectory()
        for key, record in records.items():
            directory.put(key, record)
        return directory

    anyio.run(check_directory, make, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_directory_of_the_store_keeps_its_promises(house: House, backend: str) -> None:
    async def make(records: dict[Handle, CustomerRecord]) -> StoredDirectory:
        for key, record in records.items():
            house.customers.remember(house.customers.find_or_create(key).identity_id, record)
        return StoredDirectory(house.customers)

    anyio.run(check_directory, make, backend=backend)


def test_a_store_that_remembers_nothing_knows_nobody(house: House) -> None:
    house.customers.find_or_create(PHONE)
    question = DirectoryQuestion(customer_id="c1", identity_ids=("c1",), handles=())
    assert anyio.run(StoredDirectory(house.customers).look_up, question) is None


def test_a_directory_that_breaks_a_promise_is_found() -> None:
    async def make(_: object) -> Directory:
        return Directory(_at_once)

    with pytest.raises(AssertionError, match="told as it is known"):
        anyio.run(check_directory, make)


def test_directories_show_nobody(house: House) -> None:
    shown = f"{MemoryDirectory({PHONE: ADA})!r} {StoredDirectory(house.customers)!r} {Customers}"
    assert "Ada" not in shown
    assert "901820" not in shown
