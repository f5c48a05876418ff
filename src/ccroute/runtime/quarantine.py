"""Deliveries that were given up, kept until somebody retries or discards them: in a file beside the journal, or memory.

What stands here is an event, which names nobody, and why it was not taken.
"""

from __future__ import annotations

from typing import Final, Protocol, final

import msgspec

from ccroute.events import AnyEvent, Event
from ccroute.runtime.health import Quarantined
from ccroute.storage.database import Database
from ccroute.storage.migrations import migrate

__all__ = ["GivenUp", "MemoryQuarantine", "Quarantine", "SqlQuarantine"]

_STEPS: Final = (
    """
    CREATE TABLE given_up (
        number INTEGER NOT NULL PRIMARY KEY,
        channel TEXT NOT NULL,
        delivery_key TEXT NOT NULL,
        event BLOB NOT NULL,
        attempts INTEGER NOT NULL,
        reason TEXT NOT NULL,
        at_us INTEGER NOT NULL,
        UNIQUE (channel, delivery_key)
    ) STRICT;
    """,
)
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_DECODER: Final[msgspec.json.Decoder[AnyEvent]] = msgspec.json.Decoder(AnyEvent)


class GivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that was given up, with its event."""

    channel: str
    """The channel that did not take it."""
    key: str
    """Its idempotency key."""
    event: Event
    """The event."""
    attempts: int
    """How often it was tried."""
    reason: str
    """Why it was given up."""
    at_us: int
    """When."""

    def shown(self) -> Quarantined:
        """Return what people are shown."""
        contact_id: str = self.event.contact_id  # type: ignore[attr-defined]  # only events of contacts are delivered
        return Quarantined(
            key=self.key,
            channel=self.channel,
            contact_id=contact_id,
            seq=self.event.seq,
            kind=str(self.event.__struct_config__.tag),
            attempts=self.attempts,
            reason=self.reason,
            at_us=self.at_us,
        )


class Quarantine(Protocol):
    """Keeps what was given up. Blocks."""

    def put(self, given_up: GivenUp) -> None:
        """Keep one; durable on return. One of the same channel and key is replaced where it stands.

        :raises StorageError: it could not be written.
        """

    def all(self) -> list[GivenUp]:
        """Return what there is, in the order in which it came."""

    def remove(self, channel: str, key: str) -> None:
        """Let one go, if it is there.

        :raises StorageError: it could not be written.
        """

    def close(self) -> None:
        """Give everything back."""


@final
class MemoryQuarantine:
    """A :class:`Quarantine` that ends with the process."""

    def __init__(self) -> None:
        self._kept: Final[dict[tuple[str, str], GivenUp]] = {}

    def put(self, given_up: GivenUp) -> None:
        """Keep one."""
        self._kept[given_up.channel, given_up.key] = given_up

    def all(self) -> list[GivenUp]:
        """Return what there is."""
        return list(self._kept.values())

    def remove(self, channel: str, key: str) -> None:
        """Let one go."""
        self._kept.pop((channel, key), None)

    def close(self) -> None:
        """Do nothing: it may be looked at afterwards."""


@final
class SqlQuarantine:
    """A :class:`Quarantine` in a database."""

    def __init__(self, database: Database) -> None:
        """Make the table where it is not; the database is closed with this.

        :raises StorageError: the database could not.
        """
        migrate(database, "deliveries", _STEPS)
        self._database: Final = database

    def put(self, given_up: GivenUp) -> None:
        """Keep one."""
        one = given_up
        with self._database.writing() as session:
            session.execute(
                "INSERT INTO given_up (channel, delivery_key, event, attempts, reason, at_us) "
                "VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (channel, delivery_key) DO UPDATE "
                "SET attempts = excluded.attempts, reason = excluded.reason, at_us = excluded.at_us",
                (one.channel, one.key, _encode(one.event), one.attempts, one.reason, one.at_us),
            )

    def all(self) -> list[GivenUp]:
        """Return what there is."""
        with self._database.reading() as session:
            rows = session.execute(
                "SELECT channel, delivery_key, event, attempts, reason, at_us FROM given_up ORDER BY number"
            )
        return [
            GivenUp(
                channel=channel, key=key, event=_DECODER.decode(event), attempts=attempts, reason=reason, at_us=at_us
            )
            for channel, key, event, attempts, reason, at_us in rows
        ]

    def remove(self, channel: str, key: str) -> None:
        """Let one go."""
        with self._database.writing() as session:
            session.execute("DELETE FROM given_up WHERE channel = ? AND delivery_key = ?", (channel, key))

    def close(self) -> None:
        """Close the database."""
        self._database.close()
