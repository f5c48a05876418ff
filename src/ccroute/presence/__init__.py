"""Sources of presence: who knows from elsewhere whether agents are there, as ``ccroute.ports.PresenceSource``."""

from ccroute.presence.memory import MemoryPresence
from ccroute.presence.polling import PollingPresence, Seen

__all__ = ["MemoryPresence", "PollingPresence", "Seen"]
