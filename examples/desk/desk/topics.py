"""What conversations are for: the queue that a customer chose before saying the first word, kept over a restart."""

from __future__ import annotations

import os
import threading
from typing import Final, final

from desk.sqlite_files import opened

__all__ = ["KEPT_US", "Topics"]

KEPT_US: Final = 2 * 86_400_000_000
"""How long a topic is kept: longer than a session of the chat lasts."""
_SCHEMA: Final = """
create table topics (
    conversation_id text primary key,
    queue_id text not null,
    began_at_us integer not null
) strict, without rowid;
pragma user_version = 1;
"""


@final
class Topics:
    """Topics in a file. Its methods block, and may be called from any thread."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file, which is made where it is not."""
        self._lock = threading.Lock()
        self._connection = opened(path, _SCHEMA)

    def put(self, conversation_id: str, queue_id: str, now_us: int) -> None:
        """Keep the topic of a conversation, and forget those of long ago."""
        with self._lock, self._connection:
            self._connection.execute("delete from topics where began_at_us < ?", (now_us - KEPT_US,))
            row = (conversation_id, queue_id, now_us)
            self._connection.execute("insert or replace into topics values (?, ?, ?)", row)

    def get(self, conversation_id: str) -> str | None:
        """Return the topic of a conversation; None: none is known."""
        with self._lock:
            rows = self._connection.execute(
                "select queue_id from topics where conversation_id = ?", (conversation_id,)
            ).fetchall()
        return str(rows[0][0]) if rows else None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
