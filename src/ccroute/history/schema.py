"""The tables of a history, in SQLite's words; a step that was released never changes."""

from __future__ import annotations

from typing import Final

from ccroute.storage.database import Dialect

__all__ = ["INDEX_OWNER", "INDEX_STEPS", "OWNER", "STEPS"]

OWNER: Final = "history"
INDEX_OWNER: Final = "history_search"

STEPS: Final = (
    """
    CREATE TABLE sources (
        number INTEGER NOT NULL PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        first_seq INTEGER NOT NULL,
        first_at_us INTEGER NOT NULL,
        through_seq INTEGER NOT NULL,
        last_at_us INTEGER NOT NULL,
        position INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE contacts (
        number INTEGER NOT NULL PRIMARY KEY,
        contact_id TEXT NOT NULL,
        customer_id TEXT,
        conversation_id TEXT,
        parent_id TEXT,
        channel TEXT NOT NULL,
        first_queue_id TEXT,
        queue_id TEXT,
        state TEXT NOT NULL,
        began_at_us INTEGER NOT NULL,
        ended_at_us INTEGER,
        waited_us INTEGER,
        disposition TEXT,
        reason TEXT,
        last_agent_id TEXT,
        last_leg_at_us INTEGER,
        legs INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX contacts_by_id ON contacts (contact_id, number);
    CREATE INDEX contacts_by_time ON contacts (began_at_us, number);
    CREATE INDEX contacts_by_queue ON contacts (queue_id, began_at_us, number);
    CREATE INDEX contacts_by_customer ON contacts (customer_id, began_at_us, number) WHERE customer_id IS NOT NULL;
    CREATE INDEX contacts_by_conversation ON contacts (conversation_id, began_at_us, number)
        WHERE conversation_id IS NOT NULL;

    CREATE TABLE legs (
        number INTEGER NOT NULL PRIMARY KEY,
        contact_number INTEGER NOT NULL,
        agent_id TEXT NOT NULL,
        queue_id TEXT NOT NULL,
        channel TEXT NOT NULL,
        waited_us INTEGER NOT NULL,
        began_at_us INTEGER NOT NULL,
        ended_at_us INTEGER,
        handled_us INTEGER,
        wrapped_us INTEGER,
        reason TEXT
    ) STRICT;
    CREATE INDEX legs_by_contact ON legs (contact_number, number);
    CREATE INDEX legs_by_agent ON legs (agent_id, began_at_us);

    CREATE TABLE entries (
        number INTEGER NOT NULL PRIMARY KEY,
        at_us INTEGER NOT NULL,
        kind TEXT NOT NULL,
        contact_number INTEGER NOT NULL,
        contact_id TEXT NOT NULL,
        customer_id TEXT,
        agent_id TEXT,
        queue_id TEXT,
        channel TEXT,
        details TEXT
    ) STRICT;
    CREATE INDEX entries_by_contact ON entries (contact_number, number);
    CREATE INDEX entries_by_customer ON entries (customer_id, at_us, number) WHERE customer_id IS NOT NULL;

    CREATE TABLE additions (
        number INTEGER NOT NULL PRIMARY KEY,
        entry_id TEXT NOT NULL UNIQUE,
        at_us INTEGER NOT NULL,
        kind TEXT NOT NULL,
        contact_number INTEGER,
        contact_id TEXT,
        customer_id TEXT,
        conversation_id TEXT,
        sealed_for TEXT NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;
    CREATE INDEX additions_by_contact ON additions (contact_number, at_us, number);
    CREATE INDEX additions_by_customer ON additions (customer_id, at_us, number) WHERE customer_id IS NOT NULL;
    CREATE INDEX additions_by_conversation ON additions (conversation_id, at_us, number)
        WHERE conversation_id IS NOT NULL;
    CREATE INDEX additions_that_wait ON additions (contact_id) WHERE contact_number IS NULL;

    CREATE TABLE last_addition (number INTEGER NOT NULL) STRICT;
    INSERT INTO last_addition (number) VALUES (0);

    CREATE TABLE erased_customers (customer_id TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID, STRICT;

    CREATE TABLE additions_to_unindex (number INTEGER NOT NULL PRIMARY KEY) STRICT;
    """,
)
"""A contact whose customer was erased has an empty ``customer_id``. Numbers of additions only grow, and are seen in
order: ``last_addition`` is locked by who adds."""

_PROGRESS: Final = """
    CREATE TABLE progress (through_number INTEGER NOT NULL) STRICT;
    INSERT INTO progress (through_number) VALUES (0);
    CREATE TABLE places (
        place INTEGER NOT NULL PRIMARY KEY,
        number INTEGER NOT NULL UNIQUE
    ) STRICT;
"""

INDEX_STEPS: Final = {
    Dialect.SQLITE: (
        f"""{_PROGRESS}
    CREATE VIRTUAL TABLE grams USING fts5(
        content, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
    );
    """,
    ),
    Dialect.POSTGRES: (
        f"""{_PROGRESS}
    CREATE TABLE grams (place INTEGER NOT NULL PRIMARY KEY, content TSVECTOR NOT NULL);
    CREATE INDEX grams_by_content ON grams USING gin (content);
    """,
    ),
}
