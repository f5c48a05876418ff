"""What goes into a simulation and what comes out: one array per property, one item per contact."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Arrivals:
    """The contacts of a simulation in order of arrival. All arrays have the same length, the number of contacts."""

    arrival_us: array[int]
    """``array("q")``: when each arrives, microseconds from 0, never falling; ties arrive in the order of the array."""
    class_slot: array[int]
    """``array("i")``: the contact class of the floor that each waits in."""
    tier: array[int]
    """``array("i")``: contacts of a higher tier come first, whatever they have waited."""
    service_us: array[int]
    """``array("q")``: how long an agent works on each, microseconds, from 0."""
    patience_us: array[int]
    """``array("q")``: how long after its arrival each leaves if it waits then, microseconds, from 0; -1: never."""

    def __len__(self) -> int:
        return len(self.arrival_us)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Assignments:
    """What became of the contacts of a simulation, in the order of their arrival."""

    start_us: array[int]
    """``array("q")``: when an agent first took each, or when it left; -1: still waits, as no agent can serve it."""
    agent: array[int]
    """``array("i")``: slot of the agent, of the last one where work was broken off; -1: nobody, or it left."""
    end_us: array[int]
    """``array("q")``: when the work on each was done; -1: never."""
