"""What became of contacts, and what was said: one timeline per customer."""

from ccroute.history.memory import MemoryHistory

__all__ = ["MemoryHistory"]
