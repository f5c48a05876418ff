"""Shows what each feature costs when it is switched on, beside the spine without it, through the engine.

    python -m benchmarks.features [--rounds N] [--quick]

Through the engine: the lives of calls are carried out once by a host in virtual time, which writes the commands down;
then these are given to new engines and timed, one call of ``handle`` each, with all events built. Figures are CPU
microseconds per call. In the core: trace C through the compiled loop, in CPU nanoseconds per contact.

A round times every feature once, so that slow hours of the machine hit all alike; figures are medians over the rounds,
ratios within a round. Writes tables of ``docs/explanation/performance.md`` and ``benchmarks/results/features.json``;
``--quick`` measures little once and writes nothing.
"""

from __future__ import annotations

import argparse
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from benchmarks import page
from benchmarks.children import steps
from benchmarks.core_features import CORE_FEATURES, time_core
from benchmarks.feature_list import AGENTS, EVERY_US, FEATURES, FIRST_US, SECOND, Feature
from benchmarks.recorder import Journal, Recorder, time_whole
from benchmarks.traces import make
from ccroute import (
    AcceptOffer,
    CancelContact,
    Command,
    Config,
    ContactActive,
    EnqueueContact,
    Event,
    LegEnded,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRescinded,
    Presence,
    SetPresence,
)

ROUNDS: Final = 7
LIVES: Final = 3_000
QUICK_LIVES: Final = 100
CONTACTS: Final = 100_000
QUICK_CONTACTS: Final = 2_000
SKILLS: Final = 20
ANSWERED_AFTER_US: Final = 2 * SECOND


@dataclass(frozen=True, kw_only=True)
class CoreCost:
    """What a feature cost the core in one round."""

    feature: str
    cpu_ns: float
    """Per contact."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a feature cost in one round."""

    feature: str
    cpu_us: float
    """Per call that came."""
    commands: float
    """Per call that came."""
    events: float
    """Per call that came."""


class Desk:
    """Carries out the lives of calls in a centre that has a feature switched on."""

    def __init__(self, feature: Feature) -> None:
        self.feature = feature
        self.recorder = Recorder(config_of(feature), self._listen)
        self._begun: Counter[str] = Counter()
        self._asked: set[str] = set()
        """Contacts of which an offer is about to be accepted."""
        self._pending: set[str] = set()
        """Offers that are out."""
        self._load: Counter[str] = Counter()
        """Offers and legs by agent."""
        self._idle = dict.fromkeys(self.recorder.journal.config.agents)
        """Agents without any; who became so last is the last."""

    def after(self, delay_us: int, command: Command) -> None:
        """Give a command later."""
        self.recorder.give_after(delay_us, command)

    def after_with_idle(self, delay_us: int, command: Callable[[str], Command]) -> None:
        """Give a command later that is made for an agent who is idle then."""
        self.recorder.at(
            self.recorder.now_us + delay_us, lambda _: self.recorder.give(command(next(reversed(self._idle))))
        )

    def play(self, lives: int) -> Journal:
        """Let so many calls live, and return what was done."""
        self._prepare()
        self.recorder.begin()
        for number in range(lives):
            self.recorder.at(FIRST_US + number * EVERY_US, partial(self._come, number))
        self.recorder.run(FIRST_US + lives * EVERY_US + 600 * SECOND)
        return self.recorder.journal

    def _prepare(self) -> None:
        for number in range(SKILLS):
            contact_id = f"first-{number}"
            self.recorder.give(call(contact_id, number, {}))
            self.recorder.give(CancelContact(contact_id=contact_id))
        for number in range(AGENTS):
            self.recorder.give(SetPresence(agent_id=f"agent-{number}", presence=Presence.AVAILABLE))
        for number in range(AGENTS if self.feature.letters else 0):
            self.recorder.give(EnqueueContact(contact_id=f"letter-{number}", queue_id="letters", channel="email"))
        self.recorder.run(FIRST_US - SECOND)

    def _come(self, number: int, at_us: int) -> None:
        contact_id = f"call-{number}"
        self.recorder.give(call(contact_id, number, dict(self.feature.contact(number))))
        if self.feature.waiting is not None:
            self.feature.waiting(self, contact_id, number)

    def _accept(self, offer: OfferMade) -> None:
        self._asked.discard(offer.contact_id)
        if offer.offer_id in self._pending:
            self.recorder.give(AcceptOffer(offer_id=offer.offer_id))

    def _book(self, agent_id: str, more: int) -> None:
        self._load[agent_id] += more
        if self._load[agent_id]:
            self._idle.pop(agent_id, None)
        else:
            self._idle[agent_id] = None

    def _listen(self, event: Event) -> None:
        match event:
            case OfferMade():
                self._book(event.agent_id, 1)
            case OfferDeclined() | OfferExpired() | OfferRescinded() | LegEnded():
                self._book(event.agent_id, -1)
        match event:
            case OfferMade(expires_at_us=int()):
                self._pending.add(event.offer_id)
                if event.contact_id not in self._asked:
                    self._asked.add(event.contact_id)
                    self.recorder.at(event.at_us + ANSWERED_AFTER_US, lambda _: self._accept(event))
            case OfferAccepted() | OfferDeclined() | OfferExpired() | OfferRescinded():
                self._pending.discard(event.offer_id)
            case ContactActive() if not event.contact_id.startswith("letter-"):
                self.feature.work(self, event.contact_id, event.agent_id, self._begun[event.contact_id])
                self._begun[event.contact_id] += 1


def call(contact_id: str, number: int, further: dict[str, Any]) -> EnqueueContact:
    """Return the command with which a call comes; each needs one of 20 skills."""
    requires = f"agent.skills.s{number % SKILLS} >= 1"
    said: dict[str, Any] = {"channel": "voice", **further}
    return EnqueueContact(contact_id=contact_id, queue_id="support", requires=requires, **said)


def config_of(feature: Feature) -> Config:
    """Return a centre of 1 000 agents, who have two of 20 skills each, with a feature switched on."""
    offer = {"mode": "ring", "offer_timeout": "20s", **feature.offer}
    agents = {f"agent-{number}": {**_agent(number), **feature.agent} for number in range(AGENTS)}
    if feature.name == "after":
        for number in range(0, AGENTS, 2):
            agents[f"agent-{number}"]["queues"] = {"support": {"rank": 1, "after_us": 600 * SECOND}}
    return Config.from_dict(
        {
            "engine": {"retain_us": 0, **feature.engine},
            "channels": dict(feature.channels),
            "queues": {
                "support": {"members": "all", "wrap_up": "5s", "offer": offer, **feature.queue},
                "second": {"members": "all", "wrap_up": "5s", "offer": offer},
                "letters": {"members": "all"},
            },
            "agents": agents,
        }
    )


def _agent(number: int) -> dict[str, Any]:
    return {"skills": {f"s{number % SKILLS}": 1, f"s{(number // SKILLS + number + 1) % SKILLS}": 1}}


def measure(rounds: int, lives: int) -> list[Cost]:
    """Time every feature, ``rounds`` times in turn, after each was played once."""
    journals = {feature.name: Desk(feature).play(lives) for feature in FEATURES}
    runs = [feature.name for _ in range(rounds) for feature in FEATURES]
    costs = []
    with steps(runs) as shown:
        for name in runs:
            shown.next(name)
            journal = journals[name]
            costs.append(
                Cost(
                    feature=name,
                    cpu_us=time_whole(journal) * 1e6 / lives,
                    commands=len(journal.commands) / lives,
                    events=sum(journal.events.values()) / lives,
                )
            )
            shown.done()
    return costs


def measure_core(rounds: int, contacts: int) -> list[CoreCost]:
    """Time the core with every feature on the first contacts of trace C, ``rounds`` times in turn."""
    trace = make("C").first(contacts)
    costs = []
    for _ in range(rounds):
        for feature in CORE_FEATURES:
            cpu_s, answer = time_core(feature, trace)
            assert min(answer.end_us) >= 0
            costs.append(CoreCost(feature=feature.name, cpu_ns=cpu_s * 1e9 / contacts))
    return costs


def by_round(costs: Sequence[Cost] | Sequence[CoreCost], name: str) -> list[float]:
    """Return what a feature cost in each round."""
    return [one.cpu_us if isinstance(one, Cost) else one.cpu_ns for one in costs if one.feature == name]


def ratio(costs: Sequence[Cost] | Sequence[CoreCost], name: str, base: str) -> float:
    """Return the median over the rounds of how many times the CPU time of another a feature takes."""
    pairs = zip(by_round(costs, name), by_round(costs, base), strict=True)
    return statistics.median(own / other for own, other in pairs)


def cost_table(costs: list[Cost]) -> str:
    """Return the features with what they cost, as a table in Markdown."""
    rows = []
    for feature in FEATURES:
        own = [one for one in costs if one.feature == feature.name]
        rows.append(
            [
                f"**{feature.name}**: {feature.what}",
                f"{own[0].commands:.1f}",
                f"{own[0].events:.1f}",
                f"{statistics.median(by_round(costs, feature.name)):.1f}",
                f"{ratio(costs, feature.name, FEATURES[0].name):.2f}",
            ]
        )
    return page.table(["switched on", "commands", "events", "CPU µs", "ratio"], rows)


def core_table(costs: list[CoreCost]) -> str:
    """Return the same of the core."""
    rows = [
        [
            f"**{feature.name}**: {feature.what}",
            f"{statistics.median(by_round(costs, feature.name)):,.0f}",
            f"{ratio(costs, feature.name, feature.base):.2f}",
        ]
        for feature in CORE_FEATURES
    ]
    return page.table(["switched on", "CPU ns", "ratio"], rows)


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each is measured (default {ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="measure few lives once and write nothing")
    arguments = parser.parse_args()
    rounds = 1 if arguments.quick else arguments.rounds
    costs = measure(rounds, QUICK_LIVES if arguments.quick else LIVES)
    core_costs = measure_core(rounds, QUICK_CONTACTS if arguments.quick else CONTACTS)
    print(cost_table(costs), core_table(core_costs), sep="\n\n")
    if not arguments.quick:
        page.keep("features", {"engine": costs, "core": core_costs})
        page.show("features", cost_table(costs))
        machine = f"{page.machine_line()}\nMedians of {rounds} rounds."
        page.show("core features", f"{core_table(core_costs)}\n\n{machine}")


if __name__ == "__main__":
    main()
