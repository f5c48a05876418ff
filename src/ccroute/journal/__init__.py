"""Nothing acknowledged is ever lost: what an engine was told is on disk before anybody hears what came of it."""

from ccroute.journal.feed import JournalFeed
from ccroute.journal.journaled import JournaledEngine
from ccroute.journal.memory import MemoryJournal, MemoryLog
from ccroute.journal.snapshotting import SnapshotPolicy
from ccroute.journal.sqlite import SqliteJournal

__all__ = ["JournalFeed", "JournaledEngine", "MemoryJournal", "MemoryLog", "SnapshotPolicy", "SqliteJournal"]
