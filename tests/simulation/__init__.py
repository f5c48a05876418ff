"""A deterministic simulation: the real engine, journal and history over a hostile disk, from one seed, in one thread."""
