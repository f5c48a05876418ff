"""A deterministic simulation: engine, journal and history over a hostile disk, from one seed, in one thread."""
