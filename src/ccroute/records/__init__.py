"""Call records: reading a call centre's own log, and asking the engine what it would have done with the same calls."""
