"""Asks for estimates of waiting times in worlds whose future is known, and shows how often they were right.

    python -m benchmarks.estimates [--quick] [--world NAME]

In each world one contact in ten, chosen by seed, waits for ever, so that its true wait is known. When it comes and has
to wait, the engine is asked. Told per world: how often the true wait lay in the interval, below it and above it; the
mean true wait, the mean error (estimate less truth) and the mean size of the error. Writes the table of
``docs/explanation/estimates.md`` and ``benchmarks/results/estimates.json``; ``--quick`` writes nothing.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from benchmarks import page
from benchmarks.estimate_worlds import NEVER, US_PER_S, Caller, World, worlds
from ccroute import AbandonContact, CompleteContact, ContactActive, Engine, EnqueueContact, Event, Presence, SetPresence

SEED: Final = 20_261_122
SAMPLED_SHARE: Final = 0.1
WARM_SHARE: Final = 0.1
"""Contacts at the begin that only teach the engine."""
QUICK_CONTACTS: Final = 3_000


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of one contact, and what was true."""

    kind: str
    method: str
    wait_us: int
    expected_us: int | None
    low_us: int | None
    high_us: int | None


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How good the estimates of one kind of contact were."""

    world: str
    kind: str
    asked: int
    """Contacts that had to wait and were asked for."""
    unknown: int
    """Of them those of whom nothing could be said."""
    inside: float
    """Share of true waits in the interval, 0 to 1."""
    below: float
    above: float
    mean_wait_s: float
    mean_error_s: float
    mean_size_s: float
    """Mean of the error without its sign."""


def main() -> None:
    """Ask and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few contacts, and write nothing")
    parser.add_argument("--world", help="only this one, and write nothing")
    arguments = parser.parse_args()
    scores = []
    for name, world in worlds().items():
        if arguments.world in (None, name):
            answers = ask(world, QUICK_CONTACTS if arguments.quick else world.contacts, SEED)
            scores += scores_of(name, answers)
    shown = table(scores)
    print(shown)
    if not arguments.quick and arguments.world is None:
        page.keep("estimates", scores)
        page.show("estimates", shown, page.PAGE.with_name("estimates.md"))


@dataclass(kw_only=True)
class _Host:
    """One run of a world."""

    engine: Engine
    agenda: list[tuple[int, int, str, str]] = field(default_factory=list)
    """Moment, number, what happens, to whom."""
    numbers: Iterator[int] = field(default_factory=itertools.count)
    callers: dict[str, Caller] = field(default_factory=dict)
    asked: dict[str, tuple[str, int | None, int | None, int | None]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    def plan(self, at_us: int, what: str, contact_id: str) -> None:
        """Have something happen."""
        heapq.heappush(self.agenda, (at_us, next(self.numbers), what, contact_id))

    def hear(self, events: list[Event], world: World) -> None:
        """See who began to be served."""
        for event in events:
            if type(event) is ContactActive:
                caller = self.callers[event.contact_id]
                self.plan(event.at_us + caller.handling_us, "ends", event.contact_id)
                if (asked := self.asked.pop(event.contact_id, None)) is not None:
                    method, expected_us, low_us, high_us = asked
                    self.answers.append(
                        Answer(
                            kind=world.kinds(caller),
                            method=method,
                            wait_us=event.at_us - caller.at_us,
                            expected_us=expected_us,
                            low_us=low_us,
                            high_us=high_us,
                        )
                    )

    def run_until(self, at_us: int, world: World) -> None:
        """Let happen what comes before a moment."""
        while self.agenda and self.agenda[0][0] <= at_us:
            now_us, _, what, contact_id = heapq.heappop(self.agenda)
            if what in ("comes", "goes"):
                presence = Presence.AVAILABLE if what == "comes" else Presence.AWAY
                command = SetPresence(agent_id=contact_id, presence=presence, next_=what == "goes")
                self.hear(self.engine.handle(command, now_us), world)
            elif what == "ends":
                del self.callers[contact_id]
                self.hear(self.engine.handle(CompleteContact(contact_id=contact_id), now_us), world)
            elif contact_id in self.callers and self.engine.position(contact_id) is not None:
                del self.callers[contact_id]
                self.hear(self.engine.handle(AbandonContact(contact_id=contact_id), now_us), world)

    def ask(self, contact_id: str) -> None:
        """Ask how long a contact will wait that has just come."""
        estimate = self.engine.estimate_wait(contact_id)
        if estimate is not None:
            told = estimate.expected_us, estimate.low_us, estimate.high_us
            self.asked[contact_id] = (estimate.unknown or estimate.method, *told)


def ask(world: World, contacts: int, seed: int) -> list[Answer]:
    """Run a world and return what was said of the contacts asked for."""
    pick, choose = random.Random(seed), random.Random(seed + 1)
    host = _Host(engine=Engine(world.config))
    for agent_id in world.config.agents:
        host.engine.handle(SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE), 0)
    for at_us, agent_id, comes in world.presences:
        host.plan(at_us, "comes" if comes else "goes", agent_id)
    for number, caller in enumerate(world.callers(pick, contacts)):
        host.run_until(caller.at_us, world)
        contact_id = f"c{number}"
        host.callers[contact_id] = caller
        is_sampled = choose.random() < SAMPLED_SHARE
        host.hear(
            host.engine.handle(
                EnqueueContact(
                    contact_id=contact_id,
                    queue_id=caller.queue_id,
                    channel=caller.channel,
                    requires=caller.requires,
                    tier=caller.tier,
                    head_start_us=caller.head_start_us,
                ),
                caller.at_us,
            ),
            world,
        )
        if not is_sampled and caller.patience_us != NEVER:
            host.plan(caller.at_us + caller.patience_us, "leaves", contact_id)
        if is_sampled and number >= contacts * WARM_SHARE:
            host.ask(contact_id)
    host.run_until(2**62, world)
    host.engine.close()
    return host.answers


def scores_of(name: str, answers: list[Answer]) -> list[Score]:
    """Return how good the answers were, by kind of contact."""
    return [
        _score(name, kind, [answer for answer in answers if answer.kind == kind])
        for kind in sorted({answer.kind for answer in answers})
    ]


def _score(name: str, kind: str, answers: list[Answer]) -> Score:
    known = [answer for answer in answers if answer.expected_us is not None]
    count = max(1, len(known))
    errors = [(answer.expected_us or 0) - answer.wait_us for answer in known]
    return Score(
        world=name,
        kind=kind,
        asked=len(answers),
        unknown=len(answers) - len(known),
        inside=sum((one.low_us or 0) <= one.wait_us <= (one.high_us or 0) for one in known) / count,
        below=sum(one.wait_us < (one.low_us or 0) for one in known) / count,
        above=sum(one.wait_us > (one.high_us or 0) for one in known) / count,
        mean_wait_s=sum(one.wait_us for one in known) / count / US_PER_S,
        mean_error_s=sum(errors) / count / US_PER_S,
        mean_size_s=sum(abs(error) for error in errors) / count / US_PER_S,
    )


def table(scores: list[Score]) -> str:
    """Return the figures as a table."""
    rows = [
        [
            one.world if one.kind == "all" else f"{one.world}: {one.kind}",
            str(one.asked),
            str(one.unknown),
            f"{100 * one.inside:.0f} %",
            f"{100 * one.below:.0f} %",
            f"{100 * one.above:.0f} %",
            f"{one.mean_wait_s:.0f} s",
            f"{one.mean_error_s:+.0f} s",
            f"{one.mean_size_s:.0f} s",
        ]
        for one in scores
    ]
    head = ["world", "asked", "unknown", "inside", "below", "above", "mean wait", "mean error", "mean size"]
    return page.table(head, rows)


if __name__ == "__main__":
    main()
