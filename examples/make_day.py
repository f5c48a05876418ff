"""Makes ``day.csv``: one made-up day of a small call centre, in the columns of a bank's record.

Run ``python examples/make_day.py > examples/day.csv`` to make it again: same seed, same day. Nobody in it exists. Eight
agents on two shifts take calls of three types; a caller of priority 2 is served as if it had called 90 seconds earlier,
of several idle agents the one idle longest answers, and callers hang up when their patience ends.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import TextIO

SEED = 20260302
DATE = "2026-03-02"
COLUMNS = (
    *("date", "line", "call_id", "identified", "priority", "type", "vru_entry", "vru_exit"),
    *("q_start", "q_exit", "q_time", "outcome", "ser_start", "ser_exit", "ser_time", "server"),
)

HOUR = 3600
OPENS, CLOSES = 8 * HOUR, 17 * HOUR
CALLS_AN_HOUR = (50, 80, 130, 120, 80, 60, 75, 75, 30)
TYPES = (("PS", 0.65, 225), ("NW", 0.25, 150), ("IN", 0.10, 420))
"""Type, share of the calls, mean handling time in seconds."""
VIP_HEAD_START = 90
VIP_SHARE, KNOWN_SHARE = 0.22, 0.35
MENU_ONLY_SHARE, PHANTOM_SHARE = 0.12, 0.01
PATIENCE_MEAN = 420

SHIFTS = (
    ("A01", "PS NW", 8 * HOUR, 14 * HOUR),
    ("A02", "PS", 8 * HOUR, 14 * HOUR),
    ("A03", "PS IN", 8 * HOUR, 15 * HOUR),
    ("A04", "PS NW", 9 * HOUR, 16 * HOUR),
    ("A05", "NW IN", 9 * HOUR, 16 * HOUR),
    ("A06", "PS NW", 10 * HOUR, 17 * HOUR),
    ("A07", "PS", 10 * HOUR, 17 * HOUR),
    ("A08", "PS NW IN", 11 * HOUR, 17 * HOUR),
)


@dataclass(kw_only=True)
class Caller:
    """What a caller brings along, and what comes of it. Times are seconds after midnight, 0 where there was none."""

    call_id: int
    line: str
    priority: int
    type: str
    entered: int
    arrives: int
    patience: int
    work: int
    fate: str
    began: int = 0
    left: int = 0
    agent: str = ""

    def credit(self) -> int:
        """Return the second it counts as having come in."""
        return self.arrives - (VIP_HEAD_START if self.priority == 2 else 0)

    def row(self) -> tuple[object, ...]:
        """Return its line of the record."""
        ended = self.began or self.left
        queued = ended > self.arrives
        outcome = self.fate or ("AGENT" if self.began else "HANG")
        clocks = (self.arrives, ended, ended - self.arrives) if queued else (0, 0, 0)
        service = (self.began, self.began + self.work, self.work) if self.began else (0, 0, 0)
        known = int(self.priority > 0)
        head = (DATE, self.line, self.call_id, known, self.priority, self.type, self.entered, self.arrives)
        return (*head, *clocks, outcome, *service, self.agent)


@dataclass(kw_only=True)
class Agent:
    """Somebody who answers."""

    name: str
    types: list[str]
    comes: int
    goes: int
    busy_until: int = 0
    idle_since: int = field(init=False)

    def __post_init__(self) -> None:
        self.idle_since = self.comes

    def is_free(self, now: int) -> bool:
        """Return whether it could answer at this second."""
        return self.comes <= now < self.goes and self.busy_until <= now


def callers(random: Random) -> Iterator[Caller]:
    """Yield the day's callers in the order in which they leave the menu."""
    clock = float(OPENS)
    call_id = 1000
    while True:
        clock += random.expovariate(CALLS_AN_HOUR[min(len(CALLS_AN_HOUR) - 1, int(clock - OPENS) // HOUR)] / HOUR)
        if clock >= CLOSES - HOUR // 4:
            return
        call_id += 1
        type_, _, handling = random.choices(TYPES, [share for _, share, _ in TYPES])[0]
        importance, end = random.random(), random.random()
        yield Caller(
            call_id=call_id,
            line=f"L{random.randrange(1, 17):02d}",
            priority=2 if importance < VIP_SHARE else int(importance < VIP_SHARE + KNOWN_SHARE),
            type=type_,
            entered=int(clock) - random.randrange(5, 40),
            arrives=int(clock),
            patience=1 + int(random.expovariate(1 / PATIENCE_MEAN)),
            work=10 + int(random.expovariate(1 / (handling - 10))),
            fate="HANG" if end < MENU_ONLY_SHARE else "PHANTOM" if end > 1 - PHANTOM_SHARE else "",
        )


def answer(waiting: list[Caller], agents: list[Agent], now: int) -> None:
    """Let every free agent answer who can: the call of most credit first, of several agents the longest idle."""
    for caller in sorted(waiting, key=lambda caller: (caller.credit(), caller.call_id)):
        free = [agent for agent in agents if agent.is_free(now) and caller.type in agent.types]
        if free:
            agent = min(free, key=lambda agent: (agent.idle_since, agent.name))
            caller.began, caller.agent = now, agent.name
            agent.busy_until = agent.idle_since = now + caller.work
            waiting.remove(caller)


def make_day() -> list[Caller]:
    """Return the callers of the day with what came of them. In each second calls end, callers leave, callers come."""
    everybody = list(callers(Random(SEED)))
    agents = [Agent(name=name, types=types.split(), comes=comes, goes=goes) for name, types, comes, goes in SHIFTS]
    coming = [caller for caller in everybody if not caller.fate]
    waiting: list[Caller] = []
    for now in range(OPENS, CLOSES + HOUR):
        answer(waiting, agents, now)
        for caller in [caller for caller in waiting if caller.arrives + caller.patience <= now]:
            caller.left = now
            waiting.remove(caller)
        while coming and coming[0].arrives == now:
            waiting.append(coming.pop(0))
            answer(waiting, agents, now)
    return everybody


def write_day(everybody: Iterable[Caller], output: TextIO) -> None:
    """Write the record."""
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(caller.row() for caller in everybody)


if __name__ == "__main__":
    write_day(make_day(), sys.stdout)
