"""What happens when a contact arrives, as a task: who it is, what a directory and the past know, and in time.

Works under asyncio and trio, through ``anyio``. Stores block, so that they are asked in threads. Whatever they do, fail
or hang included, the contact is enqueued and waits in line from its deadline on.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Final, Protocol, TypeVar, final

import msgspec

from ccroute.commands import ChangeContact, Command, ContactPatch, EnqueueContact
from ccroute.customers.arriving import (
    ArrivalPolicy,
    Card,
    Late,
    change_of,
    commands_of,
    parked_until,
    routing_attributes,
    without,
)
from ccroute.customers.records import check_record
from ccroute.customers.store import Customer, Identified
from ccroute.errors import ExtraMissing, InvalidArgument, UnknownCustomer, WrongType
from ccroute.personal import Personal, withheld
from ccroute.ports import Clock, CustomerDirectory, CustomerRecord, DirectoryQuestion, Handle

__all__ = ["Answer", "Arrived", "PastContacts", "Reception", "WhoIsWho"]

_A = TypeVar("_A")
_T = TypeVar("_T")

_US: Final = 1_000_000


class Answer(enum.StrEnum):
    """What came of asking the directory."""

    NOT_ASKED = "not_asked"
    """There is no directory, or nobody known to ask about."""
    IN_TIME = "in_time"
    """It knew the customer, and the contact was changed before it waited in line."""
    UNKNOWN = "unknown"
    """It does not know the customer."""
    LATE = "late"
    """It knew the customer, behind the deadline."""
    NEVER = "never"
    """It did not answer in the time there was, and was not waited for any longer."""
    FAILED = "failed"
    """It raised, or told what the engine does not take; ``Arrived.failure`` is of what class."""


class Arrived(Personal, frozen=True, kw_only=True):
    """What came of an arrival."""

    shown_fields: ClassVar[frozenset[str]] = frozenset(
        {"contact_id", "identified", "answer", "failure", "withheld", "record"}
    )

    contact_id: str
    """The contact."""
    identified: Identified | None
    """Who it is; None: it came by no handle, or nobody could say in time."""
    answer: Answer
    """What came of asking the directory."""
    failure: str | None
    """Name of the class of what was raised, by the directory, the history, or the store of customers; the last one."""
    withheld: tuple[str, ...]
    """Names of attributes that did not go to the engine, because they hold something personal."""
    record: CustomerRecord | None
    """What the directory told, for the agent's screen."""


class WhoIsWho(Protocol):
    """Who is known by what: :class:`ccroute.customers.Customers`."""

    def find_or_create(self, handle: Handle) -> Identified:
        """Return who is known by a handle; somebody new, where nobody was."""

    def customer(self, customer_id: str) -> Customer:
        """Return a customer by any of its ids."""


class PastContacts(Protocol):
    """What was before: a history."""

    def customer(self, *customer_ids: str, contacts: int = 10) -> Card:
        """Return the last agent and the open conversation of a customer of several ids."""


class _Known:
    """What is known so far of one arrival, what of it the engine was told, and whether more is to come."""

    def __init__(self, expected: int, answer: Answer) -> None:
        import anyio

        self.done: Final = anyio.Event()
        """Set when everybody who was asked is done."""
        self.news = anyio.Event()
        """Set when one more of them is."""
        self.failure: str | None = None
        self.record: CustomerRecord | None = None
        self.answer = answer
        """What came of asking the directory, so far."""
        self.card: Card | None = None
        self.told: ContactPatch = ContactPatch()
        """What the engine was told."""
        self._expected = expected

    def learn(self, record: CustomerRecord | None, *, is_in_time: bool) -> None:
        """Take the directory's answer."""
        self.record = record
        if record is None:
            self.answer = Answer.UNKNOWN
        else:
            self.answer = Answer.IN_TIME if is_in_time else Answer.LATE

    def fail(self, error: Exception) -> None:
        """Note what was raised; only of what class it is, for its message may quote anything."""
        self.failure = type(error).__name__

    def settle(self) -> None:
        """Note that one of those who were asked is done."""
        self._expected -= 1
        self.news.set()
        if self._expected == 0:
            self.done.set()


@final
class Reception:
    """Lets contacts arrive. Share one between all tasks of an event loop."""

    def __init__(
        self,
        submit: Callable[[Command], Awaitable[object]],
        clock: Clock,
        *,
        customers: WhoIsWho | None = None,
        directory: CustomerDirectory | None = None,
        history: PastContacts | None = None,
        policy: ArrivalPolicy | None = None,
    ) -> None:
        """Take those who are to be asked.

        :param submit: gives a command to whoever runs the engine; what it returns is not looked at.
        :param clock: the engine's time, by which deadlines are set.
        :param customers: says who is known by what; None: nobody is asked.
        :param directory: says what is known of a customer; None: nobody is asked.
        :param history: says who served a customer last, and what conversation goes on; None: nobody is asked.
        :param policy: None: as ``ArrivalPolicy`` has it.
        :raises WrongType: a duration of the policy is no integer.
        :raises OutOfRange: a duration of the policy is out of range.
        :raises ExtraMissing: the extra ``customers`` is not installed.
        """
        try:
            import anyio  # noqa: F401 - that it is there
        except ImportError as error:
            raise ExtraMissing("customers", "arrivals") from error
        self._submit = submit
        self._clock = clock
        self._customers = customers
        self._directory = directory
        self._history = history
        self._policy = policy if policy is not None else ArrivalPolicy()
        self._policy.check()

    async def arrive(self, command: EnqueueContact, handle: Handle | None = None) -> Arrived:
        """Enqueue a contact and tell the engine what is known of its customer, as far as it is known in time.

        Returns when nothing more is waited for. What ``command`` says itself stays as it says. Cancelled, it leaves a
        contact that waits in line from its deadline on.

        :param command: the contact. Its ``customer_id``, if it has one, stays; else it becomes the identity's.
        :param handle: what the customer came by; None: nobody knows.
        :raises WrongType: an argument has another type than stated.
        :raises CcrouteError: what ``submit`` raised for the contact itself; it is not inside then.
        """
        if type(command) is not EnqueueContact:
            raise WrongType("command", command, "an EnqueueContact")
        if handle is not None and type(handle) is not Handle:
            raise WrongType("handle", withheld(handle), "a Handle, or None")
        deadline_us = self._clock.now_us() + self._policy.deadline_us
        known = _Known(
            (self._directory is not None) + (self._history is not None),
            Answer.NOT_ASKED if self._directory is None else Answer.NEVER,
        )
        identified = None
        if handle is not None and self._customers is not None and command.customer_id is None:
            identified = await self._in_time(deadline_us, known, self._customers.find_or_create, handle)
            if identified is not None:
                command = msgspec.structs.replace(command, customer_id=identified.identity_id)
        customer_id = command.customer_id
        if customer_id is None or (self._directory is None and self._history is None):
            await self._submit(command)
            known.answer = Answer.NOT_ASKED
            return _arrived(command, identified, known, ())
        parked = parked_until(command, deadline_us) if self._is_in_time(deadline_us) else None
        await self._submit(command if parked is None else parked)
        question = await self._question(customer_id, handle, deadline_us, known)
        hidden = [one.value for one in question.handles]
        await self._learn(command, question, deadline_us, known, hidden, is_parked=parked is not None)
        return _arrived(command, identified, known, hidden)

    async def _learn(
        self,
        command: EnqueueContact,
        question: DirectoryQuestion,
        deadline_us: int,
        known: _Known,
        hidden: Sequence[str],
        *,
        is_parked: bool,
    ) -> None:
        import anyio

        async with anyio.create_task_group() as group:
            if self._directory is not None:
                group.start_soon(self._ask_directory, self._directory, question, deadline_us, known)
            if self._history is not None:
                group.start_soon(self._ask_history, self._history, question, known)
            with anyio.move_on_after(self._left_s(deadline_us)):
                await known.done.wait()
            # Behind the deadline the engine has unparked it by itself.
            unpark = is_parked and self._is_in_time(deadline_us)
            version = await self._tell(command, known, hidden, version=1, unpark=unpark)
            if self._policy.late is Late.PATCH:
                await self._learn_late(command, known, hidden, version)
            group.cancel_scope.cancel()

    async def _learn_late(self, command: EnqueueContact, known: _Known, hidden: Sequence[str], version: int) -> None:
        import anyio

        end_s = anyio.current_time() + self._policy.late_us / _US
        while known.news.is_set() or not known.done.is_set():
            with anyio.move_on_after(end_s - anyio.current_time()) as scope:
                await known.news.wait()
            if scope.cancelled_caught:
                return
            # Anew before it is told, so that what comes meanwhile is news again.
            known.news = anyio.Event()
            version = await self._tell(command, known, hidden, version=version, unpark=False)

    async def _tell(
        self, command: EnqueueContact, known: _Known, hidden: Sequence[str], *, version: int, unpark: bool
    ) -> int:
        """Tell the engine what it was not told yet, and return the contact's version behind that."""
        patch = change_of(command, known.record, known.card, prefer=self._policy.prefer, personal=hidden)
        for one in commands_of(command.contact_id, without(patch, known.told), unpark=unpark, if_version=version):
            try:
                await self._submit(one)
            except InvalidArgument as error:
                # The directory told what the engine never takes. The contact goes on as it came.
                known.fail(error)
                known.answer = Answer.FAILED
            else:
                version += isinstance(one, ChangeContact)
        known.told = patch
        return version

    async def _question(
        self, customer_id: str, handle: Handle | None, deadline_us: int, known: _Known
    ) -> DirectoryQuestion:
        """Return whom the directory is asked about, with all that is known of who it is."""
        ids = [customer_id]
        handles = [] if handle is None else [handle]
        if self._customers is not None:
            customer = await self._in_time(deadline_us, known, self._known_customer, customer_id)
            if customer is not None:
                ids = [customer.customer_id, *(one.identity_id for one in customer.identities), customer_id]
                handles += [one.handle for one in customer.identities if one.handle is not None]
        return DirectoryQuestion(
            customer_id=ids[0],
            identity_ids=tuple(dict.fromkeys(ids)),
            handles=tuple(dict.fromkeys(handles)),
        )

    def _known_customer(self, customer_id: str) -> Customer | None:
        assert self._customers is not None
        try:
            return self._customers.customer(customer_id)
        except UnknownCustomer:  # an id of the host's own
            return None

    async def _in_time(self, deadline_us: int, known: _Known, call: Callable[[_A], _T], argument: _A) -> _T | None:
        """Return what a blocking call returns; None: it raised, or not before the deadline."""
        import anyio
        from anyio import to_thread

        with anyio.move_on_after(self._left_s(deadline_us)):
            try:
                return await to_thread.run_sync(call, argument, abandon_on_cancel=True)
            except Exception as error:  # whatever it is, the contact goes on
                known.fail(error)
        return None

    async def _ask_directory(
        self, directory: CustomerDirectory, question: DirectoryQuestion, deadline_us: int, known: _Known
    ) -> None:
        try:
            record = await directory.look_up(question)
            if record is not None:
                check_record(record)
        except Exception as error:  # somebody else's code and network: whatever it is, the contact goes on
            known.fail(error)
            known.answer = Answer.FAILED
        else:
            is_in_time = self._is_in_time(deadline_us)
            if is_in_time or self._policy.late is Late.PATCH:
                known.learn(record, is_in_time=is_in_time)
        known.settle()

    async def _ask_history(self, history: PastContacts, question: DirectoryQuestion, known: _Known) -> None:
        from anyio import to_thread

        def ask() -> Card:
            return history.customer(*question.identity_ids, contacts=1)

        try:
            known.card = await to_thread.run_sync(ask, abandon_on_cancel=True)
        except Exception as error:  # whatever it is, the contact goes on
            known.fail(error)
        known.settle()

    def _is_in_time(self, deadline_us: int) -> bool:
        return self._clock.now_us() < deadline_us

    def _left_s(self, deadline_us: int) -> float:
        return max(0, deadline_us - self._clock.now_us()) / _US


def _arrived(command: EnqueueContact, identified: Identified | None, known: _Known, hidden: Sequence[str]) -> Arrived:
    return Arrived(
        contact_id=command.contact_id,
        identified=identified,
        answer=known.answer,
        failure=known.failure,
        withheld=tuple(routing_attributes(known.record, hidden)[1]),
        record=known.record,
    )
