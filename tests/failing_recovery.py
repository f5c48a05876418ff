"""Recovers a journal while single allocations fail: ``python -m tests.failing_recovery``.

A recovery for which memory does not suffice raises, gives the journal back, and leaves it as it was: the next one, with
memory, gives the state that was. One that goes through gives that state, too. ``tests.failing_memory`` says how memory
is made to fail; what reads and writes JSON is left out, there and here, for the reason told there.
"""

from __future__ import annotations

import gc
from collections import Counter
from typing import Final

from ccroute import EngineOutOfMemory, JournaledEngine, MemoryJournal, SnapshotPolicy
from ccroute.journal import batches, records
from ccroute.journal.memory import MemoryLog
from tests.failing_memory import Remembered, attempt, remember_json
from tests.journals import NO_SNAPSHOTS, center, comes, day

POSITIONS_MAX: Final = 60
"""Positions tried per journal, spread evenly over the allocations of a recovery."""
ALLOCATIONS_MAX: Final = 60_000
_POLICY: Final = SnapshotPolicy(every_commands=None, every_bytes=None, on_close=True, fork=False)


class _Decoder:
    """A decoder of msgspec's that gives the answers of an earlier run again while memory fails."""

    def __init__(self, real: object) -> None:
        self.decode = Remembered(real.decode)  # type: ignore[attr-defined]


def remember_records() -> None:
    """Put a remembered function in front of everything that reads or writes records."""
    for name in ("_ENTRIES", "_LINE", "_BEGINNING"):
        records.__dict__[name] = _Decoder(records.__dict__[name])
    batches.__dict__["_encode"] = Remembered(batches.__dict__["_encode"])


def journals() -> dict[str, tuple[MemoryLog, bytes]]:
    """Return journals and the state behind each: one replayed from the beginning, one from a snapshot."""
    made: dict[str, tuple[MemoryLog, bytes]] = {}
    for name, policy in (("from the beginning", NO_SNAPSHOTS), ("from a snapshot", _POLICY)):
        log = MemoryLog()
        with JournaledEngine.open(MemoryJournal(log), center(), snapshots=policy) as durable:
            for command, at_us in day(6):
                durable.handle(command, at_us)
        with JournaledEngine.open(MemoryJournal(log), snapshots=NO_SNAPSHOTS) as durable:
            durable.handle(comes(99), 60_000_000)
            made[name] = log, durable.engine.snapshot()
    return made


def recovered(log: MemoryLog) -> JournaledEngine:
    """Recover a journal."""
    return JournaledEngine.open(MemoryJournal(log), snapshots=NO_SNAPSHOTS)


def allocations_of(log: MemoryLog) -> int:
    """Return how many allocations a recovery makes, by bisection."""
    low, high = 0, ALLOCATIONS_MAX
    while low < high:
        middle = (low + high) // 2
        result, met = attempt(lambda: recovered(log), middle, middle + 1)
        if met is None:
            result.close()
            high = middle
        else:
            low = middle + 1
    return low


def outcome_of(log: MemoryLog, expected: bytes, start: int) -> str:
    """Recover a journal while an allocation fails, then with memory, and say what came of it."""
    result, met = attempt(lambda: recovered(log), start, start + 1)
    if met is None:
        assert result.engine.snapshot() == expected, "went through, and is another state"
        result.close()
        return "through"
    assert isinstance(met, EngineOutOfMemory | MemoryError), repr(met)
    assert log.owner is None, "the journal was not given back"
    with recovered(log) as durable:
        assert durable.engine.snapshot() == expected, "another state the second time"
    return "raised"


def main() -> None:
    """Recover each journal at many positions."""
    made = journals()
    gc.disable()
    remember_json()
    remember_records()
    outcomes: Counter[str] = Counter()
    for name, (log, expected) in made.items():
        Remembered.all_to("record")
        for one in Remembered.everyone:
            one.answers.clear()
        recovered(log).close()
        count = allocations_of(log)
        for number in range(POSITIONS_MAX):
            start = count * number // POSITIONS_MAX
            print(f"{name}: {start} of {count}", flush=True)
            outcomes[outcome_of(log, expected, start)] += 1
    print(*(f"{name}={times}" for name, times in sorted(outcomes.items())))


if __name__ == "__main__":
    main()
