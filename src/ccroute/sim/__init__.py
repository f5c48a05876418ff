"""Simulation: the core in virtual time, driven by compiled loops that make no Python object per contact."""
