"""What a webhook must know again: which updates were taken, and where answers to a conversation go.

Ids of updates are kept as digests, for a window and up to a number. What is removed by number moves a horizon: an
update that says it is older than the horizon, and is not known, may be one that was taken and forgotten, and is refused
as stale. So the bound costs late messages under a flood, and never lets a replay through.
"""

from __future__ import annotations

import enum
import hashlib
import heapq
import os
import threading
from collections.abc import Collection
from typing import TYPE_CHECKING, Final, Protocol, final

from ccroute.errors import KeyDestroyed
from ccroute.storage.database import Database
from ccroute.storage.migrations import migrate
from ccroute.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from ccroute.storage.vault import Vault

__all__ = ["HookStore", "MemoryHooks", "Novelty", "SqliteHooks"]

_IDS: Final = 100_000
_WINDOW_US: Final = 8 * 24 * 3600 * 1_000_000
_KIND: Final = "webhook_address"


class Novelty(enum.StrEnum):
    """Whether an update was there before."""

    NEW = "new"
    """It was not."""
    SEEN = "seen"
    """It was."""
    STALE = "stale"
    """It is too old to tell."""


class HookStore(Protocol):
    """Keeps ids of updates, and addresses. Its methods block, and may be called from any thread; durable on return.

    Each raises ``StorageError`` where it cannot do so.
    """

    def novelty(self, update_id: str, at_us: int) -> Novelty:
        """Return whether an update that was sent at a moment was there before."""

    def note(self, update_id: str, at_us: int, now_us: int) -> None:
        """Note an update that was taken, and remove what the window and the number leave out."""

    def remember(self, conversation_id: str, customer_id: str | None, address: str) -> None:
        """Keep where answers to a conversation go; the last one counts."""

    def address(self, conversation_id: str) -> str | None:
        """Return where answers to a conversation go; None: nowhere, or the customer was erased."""

    def forget(self, conversation_ids: Collection[str]) -> None:
        """Remove addresses."""

    def close(self) -> None:
        """Give everything back. Calls after the first do nothing."""


def _digest(update_id: str) -> bytes:
    return hashlib.sha256(update_id.encode("utf-8", "surrogatepass")).digest()


@final
class MemoryHooks:
    """What is known until the process ends."""

    def __init__(self, *, ids: int = _IDS, window_us: int = _WINDOW_US) -> None:
        """Begin with nothing.

        :param ids: how many updates are remembered at the most.
        :param window_us: for how long.
        """
        self._ids = ids
        self._window_us = window_us
        self._seen: set[bytes] = set()
        self._oldest: list[tuple[int, bytes]] = []
        self._horizon_us = -1
        self._addresses: dict[str, str] = {}
        self._lock = threading.Lock()

    def novelty(self, update_id: str, at_us: int) -> Novelty:
        """Return whether an update was there before; see ``HookStore``."""
        with self._lock:
            if _digest(update_id) in self._seen:
                return Novelty.SEEN
            return Novelty.STALE if at_us <= self._horizon_us else Novelty.NEW

    def note(self, update_id: str, at_us: int, now_us: int) -> None:
        """Note an update that was taken; see ``HookStore``."""
        with self._lock:
            digest = _digest(update_id)
            if digest in self._seen:
                return
            self._seen.add(digest)
            heapq.heappush(self._oldest, (at_us, digest))
            while len(self._oldest) > self._ids or (self._oldest and self._oldest[0][0] < now_us - self._window_us):
                sent_us, gone = heapq.heappop(self._oldest)
                self._seen.remove(gone)
                self._horizon_us = max(self._horizon_us, sent_us)

    def remember(self, conversation_id: str, customer_id: str | None, address: str) -> None:  # noqa: ARG002 - as asked
        """Keep where answers go; see ``HookStore``."""
        with self._lock:
            self._addresses[conversation_id] = address

    def address(self, conversation_id: str) -> str | None:
        """Return where answers go; see ``HookStore``."""
        with self._lock:
            return self._addresses.get(conversation_id)

    def forget(self, conversation_ids: Collection[str]) -> None:
        """Remove addresses; see ``HookStore``."""
        with self._lock:
            for conversation_id in conversation_ids:
                self._addresses.pop(conversation_id, None)

    def close(self) -> None:
        """Do nothing."""


_OWNER: Final = "webhook"

_STEPS: Final = (
    """
    CREATE TABLE hook_updates (
        digest BLOB NOT NULL PRIMARY KEY,
        at_us INTEGER NOT NULL
    ) WITHOUT ROWID, STRICT;
    CREATE INDEX hook_updates_by_time ON hook_updates (at_us, digest);
    CREATE TABLE hook_horizon (at_us INTEGER NOT NULL, updates INTEGER NOT NULL) STRICT;
    INSERT INTO hook_horizon (at_us, updates) VALUES (-1, 0);
    CREATE TABLE hook_addresses (
        conversation_id TEXT NOT NULL PRIMARY KEY,
        sealed_for TEXT,
        address BLOB NOT NULL
    ) STRICT;
    """,
)


@final
class SqliteHooks:
    """What is known, in a file of SQLite's, or in any other database that the package knows."""

    def __init__(
        self,
        place: str | os.PathLike[str] | Database,
        *,
        vault: Vault | None,
        ids: int = 10 * _IDS,
        window_us: int = _WINDOW_US,
    ) -> None:
        """Open the file, which is made where it is not.

        :param place: the path of the file, or a database, which is closed with the store.
        :param vault: seals addresses with the key of their customer; not closed. None: they are stored as they are.
        :param ids: how many updates are remembered at the most.
        :param window_us: for how long.
        :raises ExtraMissing: the extra ``sqlite`` is not installed.
        :raises StorageError: it cannot be opened, or is of a newer release.
        """
        self._database: Final[Database] = SqliteDatabase(place) if isinstance(place, str | os.PathLike) else place
        self._vault = vault
        self._ids = ids
        self._window_us = window_us
        try:
            migrate(self._database, _OWNER, _STEPS)
        except BaseException:
            self._database.close()
            raise

    def novelty(self, update_id: str, at_us: int) -> Novelty:
        """Return whether an update was there before; see ``HookStore``."""
        with self._database.reading() as reading:
            if reading.execute("SELECT 1 FROM hook_updates WHERE digest = ?", (_digest(update_id),)):
                return Novelty.SEEN
            [[horizon_us]] = reading.execute("SELECT at_us FROM hook_horizon")
        return Novelty.STALE if at_us <= horizon_us else Novelty.NEW

    def note(self, update_id: str, at_us: int, now_us: int) -> None:
        """Note an update that was taken; see ``HookStore``."""
        with self._database.writing() as writing:
            new = writing.execute(
                "INSERT INTO hook_updates (digest, at_us) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING "
                "RETURNING at_us",
                (_digest(update_id), at_us),
            )
            if not new:
                return
            [[count]] = writing.execute("UPDATE hook_horizon SET updates = updates + 1 RETURNING updates")
            gone = writing.execute(
                "SELECT digest, at_us FROM hook_updates WHERE at_us < ? ORDER BY at_us, digest",
                (now_us - self._window_us,),
            )
            if count - len(gone) > self._ids:
                gone = writing.execute(
                    "SELECT digest, at_us FROM hook_updates ORDER BY at_us, digest LIMIT ?", (count - self._ids,)
                )
            if gone:
                writing.execute_many("DELETE FROM hook_updates WHERE digest = ?", [(row[0],) for row in gone])
                writing.execute("UPDATE hook_horizon SET updates = updates - ?", (len(gone),))
                writing.execute("UPDATE hook_horizon SET at_us = ? WHERE at_us < ?", (gone[-1][1], gone[-1][1]))

    def remember(self, conversation_id: str, customer_id: str | None, address: str) -> None:
        """Keep where answers go; see ``HookStore``."""
        # Of who is not known, the conversation stands for the customer.
        owner = customer_id or conversation_id
        sealed = address.encode()
        if self._vault is not None:
            sealed = self._vault.encrypt(owner, sealed, kind=_KIND)
        with self._database.writing() as writing:
            writing.execute(
                "INSERT INTO hook_addresses (conversation_id, sealed_for, address) VALUES (?, ?, ?) "
                "ON CONFLICT (conversation_id) DO UPDATE SET sealed_for = excluded.sealed_for, "
                "address = excluded.address",
                (conversation_id, None if self._vault is None else owner, sealed),
            )

    def address(self, conversation_id: str) -> str | None:
        """Return where answers go; see ``HookStore``."""
        with self._database.reading() as reading:
            rows = reading.execute(
                "SELECT sealed_for, address FROM hook_addresses WHERE conversation_id = ?", (conversation_id,)
            )
        if not rows:
            return None
        owner, sealed = rows[0]
        if owner is None:
            return bytes(sealed).decode()
        try:
            return None if self._vault is None else self._vault.decrypt(owner, sealed, kind=_KIND).decode()
        except KeyDestroyed:
            return None

    def forget(self, conversation_ids: Collection[str]) -> None:
        """Remove addresses; see ``HookStore``."""
        with self._database.writing() as writing:
            writing.execute_many(
                "DELETE FROM hook_addresses WHERE conversation_id = ?", [(one,) for one in conversation_ids]
            )

    def close(self) -> None:
        """Close the database; see ``HookStore``."""
        self._database.close()
