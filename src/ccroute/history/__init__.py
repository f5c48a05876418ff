"""What became of contacts, and what was said: one timeline per customer, in memory, in SQLite or in PostgreSQL.

A history is written from the engine's events, exactly once each, so that what the engine knew can be written anew from
the journal; what the host adds (messages, notes, recordings, answers) is only here, sealed with the customer's key.
"""

from ccroute.history.exporting import Table, customer_data, write_csv, write_parquet
from ccroute.history.memory import MemoryHistory
from ccroute.history.opening import PostgresHistory, SqliteHistory
from ccroute.history.retention import RetentionRule, apply_retention
from ccroute.history.writing import HistoryWriter, rebuild_history

__all__ = [
    "HistoryWriter",
    "MemoryHistory",
    "PostgresHistory",
    "RetentionRule",
    "SqliteHistory",
    "Table",
    "apply_retention",
    "customer_data",
    "rebuild_history",
    "write_csv",
    "write_parquet",
]
