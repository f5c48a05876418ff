"""For those who write a backend, and for its tests: what everybody may rely on, as functions that check it."""
