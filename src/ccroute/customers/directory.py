"""Directories of our own: what a process holds in memory, and what the store of customers remembers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import final

from ccroute.customers.store import Customers
from ccroute.errors import UnknownCustomer
from ccroute.ports import CustomerRecord, DirectoryQuestion, Handle

__all__ = ["MemoryDirectory", "StoredDirectory"]


@final
class MemoryDirectory:
    """A directory in memory: for tests, and where the host keeps what it knows itself."""

    def __init__(self, records: Mapping[Handle | str, CustomerRecord] | None = None) -> None:
        """Take what is known, by handle or by id."""
        self._records = dict(records or {})

    def __repr__(self) -> str:
        return f"MemoryDirectory({len(self._records)} records)"

    def put(self, key: Handle | str, record: CustomerRecord) -> None:
        """Keep what is known of who has a handle or an id, instead of what was known before."""
        self._records[key] = record

    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        """Return what is known by the first of the question's handles, then of its ids, that anything is known by."""
        keys: list[Handle | str] = [*question.handles, *question.identity_ids]
        for key in keys:
            if (record := self._records.get(key)) is not None:
                return record
        return None


@final
class StoredDirectory:
    """A directory of what :meth:`ccroute.customers.Customers.remember` keeps: for hosts without a CRM."""

    def __init__(self, customers: Customers) -> None:
        """Take the store."""
        self._customers = customers

    def __repr__(self) -> str:
        return f"StoredDirectory({self._customers!r})"

    async def look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        """Return what is remembered of who has the question's id, or one of its handles; None: nothing is.

        :raises StorageError: the database could not.
        """
        from anyio import to_thread

        return await to_thread.run_sync(self._look_up, question, abandon_on_cancel=True)

    def _look_up(self, question: DirectoryQuestion) -> CustomerRecord | None:
        found = (self._customers.find(handle) for handle in question.handles)
        ids = (one.customer_id for one in found if one is not None)
        for customer_id in itertools.chain(question.identity_ids, ids):
            try:
                record = self._customers.customer(customer_id).record
            except UnknownCustomer:
                continue
            return None if record == CustomerRecord() else record
        return None
