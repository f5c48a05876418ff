"""Figures of the engine are those that a recount of its events gives, after every call, in random worlds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from random import Random
from typing import Any, Final

import msgspec
import pytest

from ccroute import Engine, InvalidArgument
from ccroute.commands import Command
from ccroute.config.structs import Config
from ccroute.engine.figures import AgentFigures, AgentTimes, ContactCounts, OfferCounts, Service, Span, Work
from ccroute.events import Event
from tests.host import Host
from tests.model import Model
from tests.random_world import focus_of
from tests.recount import NO_QUEUE, Recount
from tests.steps import Advance, Batch, Handle, Restore, Step
from tests.worlds import random_world

WORLDS: Final = 30
STEPS: Final = 80
TOLD: Final = {
    "contacts": {
        **{name: name for name in ("created", "consults", "moved_in", "moved_out", "changed_in", "changed_out")},
        **{name: name for name in ("closed", "abandoned", "cancelled", "expired", "overdue")},
        **{name: name for name in ("callbacks_created", "callbacks_reached", "callbacks_dropped")},
    },
    "service": {
        **{name: name for name in ("answered", "answered_within", "unanswered")},
        "abandoned": "left",
        "abandoned_within": "left_within",
    },
    "offers": {
        **{name: name for name in ("made", "accepted", "declined", "rescinded", "undone", "exhausted")},
        "expired": "offers_expired",
        "preempted": "offers_preempted",
        "interrupted": "offers_interrupted",
    },
    "work": {
        **{name: name for name in ("connect_failed", "transfers_in", "transfers_out", "requeued", "lost")},
        "preempted": "work_preempted",
        "interrupted": "work_interrupted",
    },
}
"""Where a report tells what a recount counts."""


def check_part(part: ContactCounts | Service | OfferCounts | Work, name: str, counts: dict[str, int]) -> None:
    """Check one group of counts."""
    told = {field: getattr(part, field) for field in TOLD[name]}
    assert told == {field: counts.get(what, 0) for field, what in TOLD[name].items()}


def check_span(span: Span, lengths: list[int], *, has_sketch: bool) -> None:
    """Check count, sum, maximum and quantiles of lengths."""
    assert (span.count, span.sum_us) == (len(lengths), sum(lengths))
    assert span.max_us == (max(lengths) if lengths else None)
    assert (span.sketch is not None) is has_sketch
    if span.sketch is None:
        return
    assert span.sketch.count == len(lengths)
    ordered = sorted(lengths)
    for tenths in range(11):
        told = span.sketch.quantile(tenths / 10)
        if not ordered:
            assert told is None
            continue
        true = ordered[max(1, -(-len(ordered) * tenths // 10)) - 1]
        assert told is not None
        assert true <= told <= true + true // 32


def check_figures(figures: Any, expected: dict[str, Any], *, has_sketches: bool) -> None:
    """Check the figures of some contacts, or of an interval of theirs."""
    counts, lengths = expected["counts"], expected["lengths"]
    for name in TOLD:
        check_part(getattr(figures, name), name, counts)
    contacts, service, offers = figures.contacts, figures.service, figures.offers
    came = contacts.created + contacts.moved_in + contacts.changed_in
    ended = contacts.closed + contacts.abandoned + contacts.cancelled + contacts.expired
    assert came == contacts.moved_out + contacts.changed_out + ended + contacts.inside
    assert offers.made == offers.accepted + offers.declined + offers.expired + offers.rescinded + offers.pending
    judged = service.answered + service.abandoned + service.unanswered
    assert contacts.created - contacts.consults == judged + service.undecided
    check_span(service.wait, lengths["answered"], has_sketch=has_sketches)
    check_span(service.wait_abandoned, lengths["left"], has_sketch=has_sketches)
    check_span(figures.work.handling, lengths["handled"], has_sketch=has_sketches)
    check_span(figures.work.wrap_up, lengths["wrapped"], has_sketch=has_sketches)
    levels = [(one.numerator, one.denominator) for one in (service.level, service.level_answered)]
    assert levels == [
        (service.answered_within, service.answered + service.abandoned),
        (service.answered_within, service.answered),
    ]


def check_contacts(figures: Any, expected: dict[str, Any], *, series: bool) -> None:
    """Check the figures of some contacts, now and by interval."""
    check_figures(figures, expected, has_sketches=True)
    now = msgspec.to_builtins(figures.now)
    assert {name: now[name] for name in expected["now"]} == expected["now"]
    assert now["offers_out"] == figures.offers.pending
    assert figures.contacts.inside == now["waiting"] + now["active"] + now["parked"]
    if not series:
        assert figures.intervals == []
        return
    assert [one.starts_at_us for one in figures.intervals] == list(expected["intervals"])
    for interval in figures.intervals:
        assert interval.ends_at_us > interval.starts_at_us
        check_figures(interval, expected["intervals"][interval.starts_at_us], has_sketches=False)


def check_times(times: AgentTimes, expected: dict[str, int]) -> None:
    """Check time by state, occupancy and utilisation."""
    told = (times.offline_us, times.idle_us, times.away_us, times.working_us, times.wrapping_us)
    assert told == tuple(expected.values())
    busy = expected["working"] + expected["wrapping"]
    occupied, used = busy + expected["available"], busy + expected["available"] + expected["away"]
    assert (times.occupancy.numerator, times.occupancy.denominator) == (busy, occupied)
    assert (times.utilisation.numerator, times.utilisation.denominator) == (busy, used)
    assert times.occupancy.ratio == (busy / occupied if occupied else None)


def check_agent(figures: AgentFigures, expected: dict[str, Any]) -> None:
    """Check the figures of an agent."""
    counts, lengths = expected["counts"], expected["lengths"]
    exhausted = {"exhausted": 0}
    check_part(figures.offers, "offers", counts | exhausted)
    check_part(figures.work, "work", counts)
    assert (figures.answered, figures.answered_within) == (counts.get("answered", 0), counts.get("answered_within", 0))
    check_span(figures.wait, lengths["answered"], has_sketch=False)
    check_span(figures.work.handling, lengths["handled"], has_sketch=True)
    check_span(figures.work.wrap_up, lengths["wrapped"], has_sketch=False)
    check_times(figures.times, expected["times"])
    presences = {(one.presence.value, one.label): one.time_us for one in figures.presences}
    assert presences == expected["presences"]


def check_all(engine: Engine, recount: Recount) -> None:
    """Compare everything with everything."""
    config, now_us = recount.config, engine.now_us
    report = engine.statistics(series=True)
    assert report.total is not None
    check_contacts(report.total, recount.of_contacts(now_us), series=True)
    counters = engine.counters()
    contacts = report.total.contacts
    assert (counters.created, counters.closed) == (contacts.created, contacts.closed)
    assert (counters.abandoned, counters.cancelled) == (contacts.abandoned, contacts.cancelled)
    assert counters.inside == contacts.inside
    assert set(report.queues) == set(config.queues) | ({fact.queue for fact in recount.facts} - {None, NO_QUEUE})
    for id_, figures in report.queues.items():
        if id_ in config.queues:
            assert figures.service.answered_within_us == config.queues[id_].service_level.answered_within_us
        check_contacts(figures, recount.of_contacts(now_us, queue=id_), series=True)
    seen = {fact.channel for fact in recount.facts} - {None}
    assert set(report.channels) == seen
    for id_, figures in report.channels.items():
        check_contacts(figures, recount.of_contacts(now_us, channel=id_), series=True)
    assert set(report.skills) >= {skill for fact in recount.facts for skill in fact.skills}
    for id_, figures in report.skills.items():
        check_contacts(figures, recount.of_contacts(now_us, skill=id_), series=False)
    assert set(report.agents) == set(config.agents)
    for id_, one in report.agents.items():
        check_agent(one, recount.of_agent(id_, now_us))
    in_state = recount.agents_now()
    told = report.agents_now
    assert (told.offline, told.idle, told.away, told.working, told.wrapping) == tuple(in_state.values())
    for interval in report.agents_intervals:
        until = min(interval.ends_at_us, now_us)
        spent = [recount.times(id_, interval.starts_at_us, until) for id_ in recount.desks]
        check_times(interval.times, {state: sum(one[state] for one in spent) for state in spent[0]})
    for id_ in config.queues:
        for channel in sorted(seen):
            only = engine.statistics(queue_id=id_, channel=channel)
            assert only.total is not None
            check_contacts(only.total, recount.of_contacts(now_us, queue=id_, channel=channel), series=False)


class Counted:
    """An engine whose figures are counted again after every call, and the model that tells a host what there is.

    Whether engine and model agree is not looked at here: where they do not, some commands are refused, and that is all.
    """

    def __init__(self, config: Config) -> None:
        self.engine = Engine(config)
        self.model = Model(config)
        self.recount = Recount(config)

    def do(self, step: Step) -> None:
        """Take a step with both."""
        match step:
            case Handle():
                command, at_us, jumps = self._by_ids(step.command), step.at_us, step.allow_jump
                self._model(lambda: self.model.handle(command, at_us, jumps))
                self._call(lambda: [self.engine.handle(command, at_us, allow_jump=jumps)], command)
            case Batch(bad=None):
                pairs = [(self._by_ids(command), at_us) for command, at_us in step.pairs]
                self._model(lambda: self.model.handle_many(pairs, step.allow_jump))
                given = [command for command, _ in pairs]
                self._call(lambda: self.engine.handle_many(pairs, allow_jump=step.allow_jump), *given)
            case Advance():
                self._model(lambda: self.model.advance(step.to_us, step.allow_jump))
                self._call(lambda: [self.engine.advance(step.to_us, allow_jump=step.allow_jump)])
            case Restore():
                before = self.engine.snapshot()
                restored = Engine.restore(before)
                assert restored.snapshot() == before
                self.engine.close()
                self.engine = restored
        check_all(self.engine, self.recount)

    def _by_ids(self, command: Command) -> Command:
        """Return a command that names by ids whom it names by numbers, which are others for the engine."""
        contacts = {contact.seq: contact.id for contact in self.model.contacts}
        agents = {agent.seq: agent.id for agent in self.model.agents.values()}
        named = {"contact_id": contacts, "agent_id": agents, "to_agent": agents}
        given = {name: getattr(command, name, None) for name in named}
        known = {name: named[name].get(id_) for name, id_ in given.items() if type(id_) is int}
        return msgspec.structs.replace(command, **{name: id_ for name, id_ in known.items() if id_ is not None})

    @staticmethod
    def _model(call: Callable[[], object]) -> None:
        with contextlib.suppress(Exception):
            call()

    def _call(self, call: Callable[[], list[list[Event]]], *given: Command) -> None:
        """Call the engine; what it refuses to take changes nothing."""
        try:
            told = call()
        except InvalidArgument:
            return
        self.recount.read([event for events in told for event in events], *given)


@pytest.mark.parametrize("number", range(WORLDS))
def test_figures_are_those_of_a_recount(number: int) -> None:
    random = Random(f"statistics/{number}")
    world = random_world(random, focus_of(number))
    counted = Counted(world.config)
    host = Host(random, world, counted.model)
    for at in range(STEPS):
        counted.do(host.step())
        if at % 40 == 39:
            counted.do(Restore())
