"""Shows how fast a large mixed floor is routed, and how long its longest call of the engine takes.

    python -m benchmarks.mixed_floor [--contacts N] [--runs R] [--quick]

The floor: 10 000 agents, 200 queues, 60 skills, six channels, three contacts at once each. Each queue belongs to a
channel and requires one skill; each of 500 teams has five skills, lists all queues that require one of them, and has
two of these skills at rank 1, the others at rank 2. Offers ring and are accepted after 3 s. One contact in twenty is a
VIP, who pre-empts e-mail where nobody is free; e-mails stay with their agents and resume. Customers on the line lose
patience. A little more comes than can be done, so that the floor is full and most queues wait.

A host in virtual time plays the floor until it is full and then as many contacts again as asked for, and writes the
commands down. These are given to new engines and timed, one call of ``handle`` each, with ids as strings and all events
built. What a call takes is the least of all runs, so that what else the machine does is left out; what the engine does
is the same in every run. Writes the tables of ``docs/explanation/performance.md`` and
``benchmarks/results/mixed_floor.json``; ``--quick`` plays a small floor once and writes nothing.
"""

from __future__ import annotations

import argparse
import random
import statistics
from array import array
from collections import Counter
from dataclasses import dataclass
from typing import Final

from benchmarks import page
from benchmarks.recorder import Journal, Recorder, least, time_each, time_whole
from ccroute import (
    AbandonContact,
    AcceptOffer,
    CompleteContact,
    Config,
    ContactActive,
    ContactResumed,
    ContactSuspended,
    EnqueueContact,
    Event,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRescinded,
    Presence,
    SetPresence,
)

CONTACTS: Final = 60_000
RUNS: Final = 5
SEED: Final = 20_240_601
SECOND: Final = 1_000_000
ANSWERED_AFTER_US: Final = 3 * SECOND
VIP_SHARE: Final = 0.05
COST: Final = 33
"""Units of every contact, of 100: three at once."""
AT_ONCE: Final = 3
FULL_SHARE: Final = 1.03
"""Work that comes, by work that the agents can do: a little too much, as in a rush hour."""
RUSH: Final = 4
"""How many times as fast contacts come while the floor fills."""
SHARES: Final = {"voice": 0.35, "chat": 0.25, "email": 0.17, "messenger": 0.15, "sms": 0.05, "video": 0.03}
"""Of the contacts, by channel."""
WORK_S: Final = {"voice": 240, "chat": 420, "email": 300, "messenger": 420, "sms": 120, "video": 480}
"""Mean work on a contact."""
PATIENCE_S: Final = {"voice": 180, "chat": 240, "video": 180}
"""Mean patience of customers who wait; on other channels they wait for ever."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large the floor is."""

    agents: int = 10_000
    teams: int = 500
    queues: int = 200
    skills: int = 60
    skills_of_team: int = 5

    @property
    def contacts_a_second(self) -> float:
        """Contacts that fill the floor."""
        work_s = sum(share * (WORK_S[channel] + ANSWERED_AFTER_US / SECOND) for channel, share in SHARES.items())
        return self.agents * AT_ONCE * FULL_SHARE / work_s


QUICK: Final = Size(agents=60, teams=12, queues=24, skills=12)


@dataclass(frozen=True, kw_only=True)
class Calls:
    """What one kind of call took, microseconds."""

    command: str
    calls: int
    mean_us: float
    p99_us: float
    worst_us: float


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured."""

    contacts: int
    """That came in the timed part."""
    commands: int
    contacts_per_cpu_second: list[float]
    """By run."""
    calls: list[Calls]
    """By kind of command, the one with the worst call first."""
    events: dict[str, int]
    """By name: what happened."""
    at_once: float
    """Contacts in hand by agent, at the end."""


class Floor:
    """Plays the floor."""

    def __init__(self, size: Size) -> None:
        self._pick = random.Random(SEED)
        self._size = size
        self._channels = sorted(SHARES)
        self._queues_of: dict[str, list[str]] = {channel: [] for channel in self._channels}
        for queue in range(size.queues):
            self._queues_of[self._channels[queue % len(self._channels)]].append(f"queue-{queue}")
        self.recorder = Recorder(self._config(), self._listen)
        self._pending: set[str] = set()
        self._rest_us: dict[str, int] = {}
        self._begun_us: dict[str, int] = {}
        self._turns: Counter[str] = Counter()
        """How often the work on a contact began or stopped: what was planned before that is void."""
        self.contacts = 0

    def play(self, contacts: int) -> Journal:
        """Fill the floor, then let so many contacts come, and return what was done."""
        for number in range(self._size.agents):
            self.recorder.give(SetPresence(agent_id=f"agent-{number}", presence=Presence.AVAILABLE))
        self._let_come(self._size.agents * AT_ONCE * 4 // 3, RUSH)
        self._let_come(self._size.agents * AT_ONCE // 2)
        self.recorder.begin()
        self._let_come(contacts)
        return self.recorder.journal

    def _let_come(self, contacts: int, times: int = 1) -> None:
        at_s = self.recorder.now_us / SECOND
        for _ in range(contacts):
            at_s += self._pick.expovariate(times * self._size.contacts_a_second)
            self.recorder.at(int(at_s * SECOND), self._come)
        self.recorder.run(int(at_s * SECOND) + 1)

    def _come(self, at_us: int) -> None:
        contact_id = f"contact-{self.contacts}"
        self.contacts += 1
        (channel,) = self._pick.choices(self._channels, [SHARES[one] for one in self._channels])
        self._rest_us[contact_id] = max(1, int(self._pick.expovariate(1 / WORK_S[channel]) * SECOND))
        tier = 1 if self._pick.random() < VIP_SHARE else None
        queue_id = self._pick.choice(self._queues_of[channel])
        if channel in PATIENCE_S:
            patience_us = int(self._pick.expovariate(1 / PATIENCE_S[channel]) * SECOND)
            self.recorder.at(at_us + patience_us, lambda _: self._leave(contact_id))
        self.recorder.give(EnqueueContact(contact_id=contact_id, queue_id=queue_id, channel=channel, tier=tier))

    def _leave(self, contact_id: str) -> None:
        if contact_id in self._rest_us and contact_id not in self._begun_us:
            del self._rest_us[contact_id]
            self.recorder.give(AbandonContact(contact_id=contact_id))

    def _accept(self, offer_id: str) -> None:
        if offer_id in self._pending:
            self.recorder.give(AcceptOffer(offer_id=offer_id))

    def _complete(self, contact_id: str, turn: int) -> None:
        if self._turns[contact_id] == turn:
            del self._rest_us[contact_id], self._begun_us[contact_id], self._turns[contact_id]
            self.recorder.give(CompleteContact(contact_id=contact_id))

    def _listen(self, event: Event) -> None:
        match event:
            case OfferMade():
                self._pending.add(event.offer_id)
                self.recorder.at(event.at_us + ANSWERED_AFTER_US, lambda _: self._accept(event.offer_id))
            case OfferAccepted() | OfferDeclined() | OfferExpired() | OfferRescinded():
                self._pending.discard(event.offer_id)
            case ContactActive() | ContactResumed():
                self._turns[event.contact_id] += 1
                turn = self._turns[event.contact_id]
                self._begun_us[event.contact_id] = event.at_us
                end_us = event.at_us + self._rest_us[event.contact_id]
                self.recorder.at(end_us, lambda _: self._complete(event.contact_id, turn))
            case ContactSuspended():
                self._turns[event.contact_id] += 1
                self._rest_us[event.contact_id] -= event.at_us - self._begun_us[event.contact_id]

    def _config(self) -> Config:
        size, pick = self._size, self._pick
        skill_of = [(queue // len(SHARES) + 11 * queue) % size.skills for queue in range(size.queues)]
        teams = []
        for team in range(size.teams):
            # Every skill has its share of teams.
            skills = [team % size.skills]
            skills += pick.sample([one for one in range(size.skills) if one != skills[0]], size.skills_of_team - 1)
            teams.append(
                {
                    "skills": {f"s{skill}": 10 * pick.randint(4, 9) for skill in skills},
                    "queues": {
                        f"queue-{queue}": 1 if skill in skills[:2] else 2
                        for queue, skill in enumerate(skill_of)
                        if skill in skills
                    },
                }
            )
        return Config.from_dict(
            {
                "engine": {"retain_us": 0, "command_ids_max": 0},
                "skills": {f"s{skill}": {} for skill in range(size.skills)},
                "channels": {channel: {"cost": COST, "suspendable": channel == "email"} for channel in SHARES},
                "queues": {
                    f"queue-{queue}": {
                        "requires": f"agent.skills.s{skill} >= 40",
                        "preempt": "work",
                        "displaced_max": 0,
                    }
                    for queue, skill in enumerate(skill_of)
                },
                "agents": {f"agent-{number}": teams[number % size.teams] for number in range(size.agents)},
            }
        )


def measure(size: Size, contacts: int, runs: int) -> Figures:
    """Play a floor once and time it ``runs`` times as a whole and call by call."""
    floor = Floor(size)
    journal = floor.play(contacts)
    assert not journal.refused, journal.refused
    state = floor.recorder.engine.counters()
    whole_s, each_ns = [], []
    for _ in range(runs):
        whole_s.append(time_whole(journal))
        each_ns.append(time_each(journal))
    return Figures(
        contacts=contacts,
        commands=len(journal.commands),
        contacts_per_cpu_second=[contacts / cpu_s for cpu_s in whole_s],
        calls=_by_command(journal, least(each_ns)),
        events=dict(sorted(journal.events.items())),
        at_once=state.inside / size.agents,
    )


def _by_command(journal: Journal, spans_ns: array[int]) -> list[Calls]:
    by_name: dict[str, list[int]] = {}
    for (command, _), span_ns in zip(journal.commands, spans_ns, strict=True):
        by_name.setdefault(type(command).__name__, []).append(span_ns)
    calls = [
        Calls(
            command=name,
            calls=len(spans),
            mean_us=statistics.fmean(spans) / 1e3,
            p99_us=sorted(spans)[len(spans) * 99 // 100] / 1e3,
            worst_us=max(spans) / 1e3,
        )
        for name, spans in by_name.items()
    ]
    return sorted(calls, key=lambda one: -one.worst_us)


def speed_line(figures: Figures) -> str:
    """Return in words how fast it was."""
    speed = statistics.median(figures.contacts_per_cpu_second)
    worst = figures.calls[0]
    suspended = figures.events.get("ContactSuspended", 0)
    return (
        f"{page.short(speed)} contacts per CPU-second, in {figures.commands / figures.contacts:.2f} commands and "
        f"{sum(figures.events.values()) / figures.contacts:.1f} events each; the longest call was an "
        f"`{worst.command}` of {worst.worst_us:,.0f} µs.\n"
        f"{figures.contacts:,} contacts came; {suspended:,} e-mails were laid aside for a VIP and "
        f"{figures.events.get('ContactResumed', 0):,} taken up again; {figures.events.get('ContactAbandoned', 0):,} "
        f"customers left. At the end {figures.at_once:.2f} contacts were inside for each agent."
    )


def calls_table(figures: Figures) -> str:
    """Return what calls took, as a table in Markdown."""
    rows = [
        [f"`{one.command}`", f"{one.calls:,}", f"{one.mean_us:.1f}", f"{one.p99_us:.1f}", f"{one.worst_us:.0f}"]
        for one in figures.calls
    ]
    return page.table(["call", "calls", "mean, µs", "99 in 100 below, µs", "longest, µs"], rows)


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--contacts", type=int, default=CONTACTS, help=f"contacts timed (default {CONTACTS})")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"how often they are timed (default {RUNS})")
    parser.add_argument("--quick", action="store_true", help="play a small floor once and write nothing")
    arguments = parser.parse_args()
    figures = measure(QUICK, 1000, 1) if arguments.quick else measure(Size(), arguments.contacts, arguments.runs)
    print(speed_line(figures), calls_table(figures), sep="\n\n")
    if not arguments.quick:
        page.keep("mixed_floor", figures)
        page.show(
            "mixed floor",
            f"{speed_line(figures)}\n\n{calls_table(figures)}\n\n{page.machine_line()}\n"
            f"Speed is the median of {arguments.runs} runs, a call's span the least of as many.",
        )


if __name__ == "__main__":
    main()
