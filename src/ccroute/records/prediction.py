"""Was this the rule? At each answer in a record, compare the call taken with the one the engine would have chosen.

A call waits from ``vru_exit`` for ``q_time``. When an agent takes one of the calls that waited, the engine is asked
which of the calls waiting at that moment it offers this agent, who has the types it handled that day as skills; then
the call that was really taken goes. Only decisions with at least two candidates count. The record counts in seconds:
at one instant customers hang up, calls arrive, then agents answer, so that an answer has seen every call of its second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, final

import msgspec

from ccroute import Engine
from ccroute.commands import AbandonContact, CancelContact, SetPresence
from ccroute.config import Config, Offer, RecordPriority, Records
from ccroute.events import OfferMade
from ccroute.records.calls import Call
from ccroute.records.center import config_of_day, enqueue
from ccroute.records.days import Day, days_of
from ccroute.types import OfferMode, PendingOffers, Presence

VIP: Final = "2"
"""The priority that the rules under comparison favour; the others are served in order of arrival."""

STRICT: Final = "strict"
"""The rule by which a VIP goes before everybody else: a tier."""

HEAD_STARTS_S: Final = (0, 60, 90, 120)
"""The other rules: a VIP is served as if it had come so many seconds earlier."""

_LEAVES, _ARRIVES, _ANSWERED = range(3)


@final
class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """How well one rule predicts which call an agent took."""

    head_start_s: int | str
    """Head start of priority 2 in seconds, or ``strict``."""
    decisions: int
    """Answers with at least two calls to choose from."""
    share: float | None
    """Share of them in which the engine chose the call that was taken; None where there are none."""


def predict(calls: Iterable[Call], config: Config, told: Callable[[float], None] | None = None) -> list[Prediction]:
    """Return one prediction a rule: head starts of 0, 60, 90 and 120 s, then ``strict``.

    Queues, their requirements and ageing, and what agents take are the configuration's; its priorities and offer modes
    are not used.

    :param told: called now and then with the share of the work done.
    :raises ConfigError: the configuration does not go with the record (see ``ccroute.records.center``).
    """
    every = list(calls)
    days = days_of(every)
    types = {call.type for call in every}
    rules: list[int | str] = [*HEAD_STARTS_S, STRICT]
    predictions = []
    for number, rule in enumerate(rules):
        under = _under(config, rule)
        decisions = hits = 0
        for index, day in enumerate(days):
            asked = _AskedDay(under, day, types)
            asked.run()
            decisions += asked.decisions
            hits += asked.hits
            if told is not None:
                told((number + (index + 1) / len(days)) / len(rules))
        share = round(hits / decisions, 6) if decisions else None
        predictions.append(Prediction(head_start_s=rule, decisions=decisions, share=share))
    return predictions


def _under(config: Config, rule: int | str) -> Config:
    priority = RecordPriority(tier=1) if isinstance(rule, str) else RecordPriority(head_start_us=rule * 1_000_000)
    return msgspec.structs.replace(config, records=Records(priorities={VIP: priority}))


def _asked(config: Config, day: Day, types: set[str]) -> Config:
    """Return the day's configuration with offers that ring: such an offer names the choice and binds nobody."""
    of_day = config_of_day(config, day, types)
    ring = Offer(mode=OfferMode.RING)
    queues = {name: msgspec.structs.replace(queue, offer=ring) for name, queue in of_day.queues.items()}
    return msgspec.structs.replace(of_day, queues=queues)


@final
class _AskedDay:
    """One day under way: agents stay offline but for the moment in which the record has them answer."""

    def __init__(self, config: Config, day: Day, types: set[str]) -> None:
        self._config: Final = _asked(config, day, types)
        self._engine: Final = Engine(self._config)
        self._types: Final = {shift.agent_id: shift.types for shift in day.shifts}
        self._waiting: Final[Counter[str]] = Counter()
        self._steps: Final = sorted(
            step
            for call in day.calls
            if call.queued
            for step in (
                (call.arrived_at_us, _ARRIVES, call.line, call.contact_id),
                (call.arrived_at_us + call.waited_us, self._kind_of_end(call), call.line, call.contact_id),
            )
        )
        self._calls: Final = {call.contact_id: call for call in day.calls}
        self.decisions = 0
        self.hits = 0

    def run(self) -> None:
        """Let the day pass."""
        for at_us, kind, _, contact_id in self._steps:
            call = self._calls[contact_id]
            if kind == _ARRIVES:
                self._waiting[call.type] += 1
                self._engine.handle(enqueue(self._config, call), at_us, allow_jump=True)
            elif kind == _LEAVES:
                self._waiting[call.type] -= 1
                self._engine.handle(AbandonContact(contact_id=contact_id), at_us, allow_jump=True)
            else:
                self._answer(call, at_us)
        self._engine.close()

    def _kind_of_end(self, call: Call) -> int:
        # A hang-up without patience must not leave before it has come: like an answer it follows the arrivals.
        return _ANSWERED if call.answered or call.waited_us == 0 else _LEAVES

    def _answer(self, call: Call, at_us: int) -> None:
        types = self._types.get(call.agent_id or "", ())
        if sum(self._waiting[type_] for type_ in types) >= 2:
            self.decisions += 1
            self.hits += self._chosen(call.agent_id or "", at_us) == call.contact_id
        self._waiting[call.type] -= 1
        self._engine.handle(CancelContact(contact_id=call.contact_id), at_us, allow_jump=True)

    def _chosen(self, agent_id: str, at_us: int) -> str | None:
        comes = SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE)
        goes = SetPresence(agent_id=agent_id, presence=Presence.OFFLINE, offers=PendingOffers.RESCIND)
        events = self._engine.handle(comes, at_us, allow_jump=True)
        self._engine.handle(goes, at_us, allow_jump=True)
        # An agent with a larger capacity or ``offers_max`` is offered several; the first is the choice.
        return next((event.contact_id for event in events if isinstance(event, OfferMade)), None)
