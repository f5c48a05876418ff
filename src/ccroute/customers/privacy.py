"""Erasing a customer, telling a customer all that is known, keeping what is said no longer than it may be kept.

To erase is to destroy keys first, which reaches every copy of what they sealed, and to delete rows then. An erasure
that is cut short is finished by :meth:`Privacy.repeat_erasures`, which also follows the restoring of a backup.

What stays is what routing needs: ids of contacts, agents and queues with their times. Which customer they were of is
known nowhere any more: the history forgets it, and the journal's ids lead nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Protocol, final

import msgspec

from ccroute.customers.store import Customer, Customers, Identity
from ccroute.errors import OutOfRange, UnknownCustomer, WrongType
from ccroute.ports import Handle, HistoryStore
from ccroute.storage.vault import Vault
from ccroute.timeline import ContactFilter, Forgotten, PastContact, TimelineEntry
from ccroute.types import TIME_US_MAX

__all__ = ["Erasure", "Privacy", "Retention"]

_PAGE_SIZE: Final = 500
_SCRUBS_MAX: Final = 3
"""How often it is tried to take what was deleted out of files that somebody reads."""


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to erase a customer. Holds ids and counts, so that it can be kept as the proof that it was done."""

    customer_ids: tuple[str, ...]
    """All ids the customer was known by; contacts keep none of them in the history."""
    keys: int
    """Keys that were destroyed now."""
    identities: int
    """Numbers, addresses and names that were deleted."""
    contacts: int
    """Contacts that are nobody's now."""
    additions: int
    """Messages, notes, recordings and answers that were deleted."""
    is_scrubbed: bool
    """Whether what was deleted is out of the files, too. If not, somebody read them: scrub again."""


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long what belongs to the contacts of a queue is kept, counted from their end."""

    keep_us: int
    """Microseconds from 0."""
    texts_only: bool = False
    """True: messages, notes, recordings and answers go; contacts and their times stay."""


@final
class Privacy:
    """Erases, exports and forgets, over the store of customers, the vault of their keys and the history."""

    def __init__(
        self, vault: Vault, *, customers: Customers | None = None, history: HistoryStore | None = None
    ) -> None:
        """Take the stores.

        :param vault: the keys that customers and history are sealed with.
        :param customers: None: the host keeps customers itself, and their ids are all that is known here.
        :param history: None: none is kept.
        """
        self._vault = vault
        self._customers = customers
        self._history = history

    def __repr__(self) -> str:
        return f"Privacy({self._vault!r}, customers={self._customers!r}, history={self._history!r})"

    def find(self, handle: Handle) -> str | None:
        """Return the id of the customer who is known by a handle; None: nobody is, or no customers are kept here.

        :raises StorageError: a database could not.
        """
        found = None if self._customers is None else self._customers.find(handle)
        return None if found is None else found.customer_id

    def erase(self, customer_id: str, *, scrub: bool = True) -> Erasure:
        """Erase a customer, by any id: keys, what it was known by, what was said. Durable on return, and for ever.

        Done twice, it finds nothing more to do. Of an id that is not known, everything is erased that is to come.

        :param scrub: also take what was deleted out of the files; False: :meth:`scrub` does, once for several.
        :raises InvalidId: ``customer_id`` is none.
        :raises StorageError: a database could not; erase again, or :meth:`repeat_erasures`.
        """
        ids = (customer_id,) if self._customers is None else self._customers.ids_of(customer_id)
        erasure = self._erase(ids)
        return msgspec.structs.replace(erasure, is_scrubbed=self.scrub()) if scrub else erasure

    def repeat_erasures(self) -> Erasure:
        """Finish erasures that were cut short, and repeat those that a restored backup has undone.

        To be called whenever a backup was restored. The keys and the customers both remember which ids were erased, so
        that one of the two may be older than the erasure.

        :raises StorageError: a database could not.
        """
        erased = dict.fromkeys(self._vault.destroyed())
        if self._customers is not None:
            erased |= dict.fromkeys(self._customers.erased())
        erasure = self._erase(tuple(sorted(erased)))
        return msgspec.structs.replace(erasure, is_scrubbed=self.scrub())

    def _erase(self, ids: tuple[str, ...]) -> Erasure:
        if self._customers is not None:
            self._customers.begin_erasing(ids)
        # Keys first: from here on no copy can be read, whatever becomes of the rest.
        keys = sum([self._vault.destroy(one) for one in ids])
        forgotten = [self._history.erase(one) for one in ids] if self._history is not None else []
        # What leads from one id of the customer to the others goes last, so that an erasure can be done again.
        identities = 0 if self._customers is None else self._customers.forget(ids)
        return Erasure(
            customer_ids=ids,
            keys=keys,
            identities=identities,
            contacts=sum(one.contacts for one in forgotten),
            additions=sum(one.additions for one in forgotten),
            is_scrubbed=False,
        )

    def scrub(self) -> bool:
        """Take what was deleted out of the files, too, and return whether that could be done everywhere.

        It cannot where somebody reads what was there before. O(size of the databases) on PostgreSQL.

        :raises StorageError: a database could not.
        """
        stores: list[_Scrubbed] = [self._vault]
        stores += [one for one in (self._customers, self._history) if one is not None]
        # Each of them is scrubbed, also where one before could not be.
        are_scrubbed = [any(one.scrub() for _ in range(_SCRUBS_MAX)) for one in stores]
        return all(are_scrubbed)

    def export(self, customer_id: str) -> dict[str, Any]:
        """Return all that is known of a customer, as what JSON can hold: for the customer, by any of its ids.

        ``customer_id``; ``identities`` with ``kind`` and ``value``; ``record``; ``moves``, the merges and splits;
        ``contacts``, newest first; ``timeline``, all that happened and was said, newest first. Times are microseconds
        since the Unix epoch. Recordings are told by reference; the host adds them.

        :raises UnknownCustomer: nobody is known by this id, or not any more, and no contact is kept of it.
        :raises SealBroken: a value cannot be opened.
        :raises StorageError: a database could not.
        """
        customer = self._known(customer_id)
        ids = (customer_id,) if customer is None else tuple(one.identity_id for one in customer.identities)
        contacts = list(self._contacts(ids))
        timeline = list(self._timeline(ids))
        if customer is None and not contacts and not timeline:
            raise UnknownCustomer(customer_id)
        told: dict[str, object] = {
            "customer_id": ids[0],
            "identities": [] if customer is None else [_identity(one) for one in customer.identities],
            "record": None if customer is None else customer.record,
            "moves": [] if self._customers is None else self._customers.moves(ids[0]),
            "contacts": contacts,
            "timeline": timeline,
        }
        plain: dict[str, Any] = msgspec.to_builtins(told)
        return plain

    def _known(self, customer_id: str) -> Customer | None:
        if self._customers is None:
            return None
        try:
            return self._customers.customer(customer_id)
        except UnknownCustomer:
            return None

    def _contacts(self, ids: tuple[str, ...]) -> Iterator[PastContact]:
        if self._history is None:
            return
        cursor = None
        while True:
            page = self._history.contacts(ContactFilter(customer_ids=list(ids)), page_size=_PAGE_SIZE, cursor=cursor)
            yield from page.contacts
            if (cursor := page.cursor) is None:
                return

    def _timeline(self, ids: tuple[str, ...]) -> Iterator[TimelineEntry]:
        if self._history is None:
            return
        cursor = None
        while True:
            page = self._history.timeline(*ids, page_size=_PAGE_SIZE, cursor=cursor)
            yield from page.entries
            if (cursor := page.cursor) is None:
                return

    def forget_old(self, rules: Mapping[str, Retention], *, now_us: int) -> dict[str, Forgotten]:
        """Forget what is older than it may be kept, per queue, and return what went by queue. Call it once a day.

        :param rules: how long, by the queue a contact was in last; queues that are not named keep everything.
        :param now_us: microseconds since the Unix epoch.
        :raises WrongType: a duration is no integer.
        :raises OutOfRange: a duration is negative, or ``now_us`` is no moment.
        :raises StorageError: a database could not; call it again.
        """
        check_rules(rules, now_us)
        if self._history is None:
            return {}
        forgotten: dict[str, Forgotten] = {}
        for queue_id in sorted(rules):
            rule = rules[queue_id]
            before_us = max(0, now_us - rule.keep_us)
            forgotten[queue_id] = self._history.forget(before_us, queue_id=queue_id, texts_only=rule.texts_only)
        return forgotten


class _Scrubbed(Protocol):
    def scrub(self) -> bool: ...


def check_rules(rules: Mapping[str, Retention], now_us: int) -> None:
    """Check how long things are to be kept.

    :raises WrongType: a duration is no integer.
    :raises OutOfRange: a duration is negative, or ``now_us`` is no moment.
    """
    durations: Iterable[tuple[str, object]] = [
        ("now_us", now_us),
        *((f"rules[{queue_id}].keep_us", rule.keep_us) for queue_id, rule in rules.items()),
    ]
    for argument, value in durations:
        if type(value) is not int:
            raise WrongType(argument, value, "an integer of microseconds")
        if not 0 <= value <= TIME_US_MAX:
            raise OutOfRange(argument, value, f"in 0 … {TIME_US_MAX}")


def _identity(identity: Identity) -> dict[str, object]:
    return {
        "identity_id": identity.identity_id,
        "kind": None if identity.handle is None else identity.handle.kind,
        "value": None if identity.handle is None else identity.handle.value,
        "created_at_us": identity.created_at_us,
        "merged_into": identity.merged_into,
    }
