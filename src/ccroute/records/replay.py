"""Routing a record through the engine: the same calls, customers and agents, other decisions.

One engine a day. Order at one instant: agents that go, calls that end, customers who hang up, agents that come, calls
that arrive. An agent who goes finishes its call first; an offer that rings is accepted at once.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Final, final

import msgspec

from ccroute import Engine
from ccroute.commands import AbandonContact, AcceptOffer, Command, CompleteContact, SetPresence
from ccroute.config import Config
from ccroute.events import ContactActive, ContactQueued, ContactScheduled, Event, LegEnded, OfferMade
from ccroute.records.calls import Call
from ccroute.records.center import config_of_day, enqueue
from ccroute.records.days import Day, Shift, days_of
from ccroute.records.figures import Fate, Figures, Presence, figures
from ccroute.records.spans import union_us
from ccroute.types import OfferMode
from ccroute.types import Presence as AgentPresence

_GOES, _ENDS, _LEAVES, _COMES, _ARRIVES = range(5)


@final
class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What the record says happened, beside what the engine would have done."""

    record: Figures
    """From the record."""
    engine: Figures
    """From the engine."""


def replay(calls: Iterable[Call], config: Config, told: Callable[[float], None] | None = None) -> Replay:
    """Return the figures of the record and of the engine under this configuration.

    :param told: called after every day with the share of calls that are through.
    :raises ConfigError: the configuration does not go with the record (see ``ccroute.records.center``).
    """
    every = list(calls)
    days = days_of(every)
    types = {call.type for call in every}
    fates: list[Fate] = []
    presences: list[Presence] = []
    for day in days:
        routed = _RoutedDay(config, day, types)
        routed.run()
        fates += routed.fates()
        presences += routed.presences()
        if told is not None:
            told(len(fates) / len(every))
    return Replay(record=figures(map(_recorded, every), _recorded_presences(days)), engine=figures(fates, presences))


def _recorded(call: Call) -> Fate:
    return Fate(call=call, waited_us=call.waited_us if call.answered else None, left=not call.answered)


def _recorded_presences(days: Iterable[Day]) -> list[Presence]:
    return [
        Presence(agent_id=shift.agent_id, there_us=shift.to_us - shift.from_us, busy_us=shift.busy_us)
        for day in days
        for shift in day.shifts
    ]


@final
class _RoutedDay:
    """One day under way: the engine, what is due, and what came of each call."""

    def __init__(self, config: Config, day: Day, types: set[str]) -> None:
        self._config: Final = config_of_day(config, day, types)
        self._engine: Final = Engine(self._config)
        self._day: Final = day
        self._calls: Final = {call.contact_id: call for call in day.calls}
        self._callbacks: Final[dict[str, Call]] = {}
        self._waiting: Final[set[str]] = set()
        self._left: Final[set[str]] = set()
        self._waited_us: Final[dict[str, int]] = {}
        self._spans: Final[defaultdict[str, list[tuple[int, int]]]] = defaultdict(list)
        # (moment, kind, number of the call's line or the shift, what): the number is the tie-break, so that structs are
        # never compared.
        self._due: list[tuple[int, int, int, Call | Shift | str]] = [
            (call.arrived_at_us, _ARRIVES, call.line, call) for call in day.calls
        ]
        for number, shift in enumerate(day.shifts):
            self._due += [(shift.from_us, _COMES, number, shift), (shift.to_us, _GOES, number, shift)]
        heapq.heapify(self._due)

    def run(self) -> None:
        """Let the day pass, until nothing more can happen."""
        while True:
            timer_us = self._engine.next_at_us()
            if timer_us is not None and not (self._due and self._due[0][0] < timer_us):
                self._take(self._engine.advance(timer_us, allow_jump=True))
            elif self._due:
                at_us, kind, _, what = heapq.heappop(self._due)
                self._step(at_us, kind, what)
            else:
                break
        self._engine.close()

    def fates(self) -> list[Fate]:
        """Return what became of the calls, in order of arrival."""
        return [
            Fate(call=call, waited_us=self._waited_us.get(contact_id), left=contact_id in self._left)
            for contact_id, call in self._calls.items()
        ]

    def presences(self) -> list[Presence]:
        """Return how long the agents were there, overtime included, and how much of that they worked."""
        result = []
        for shift in self._day.shifts:
            spans = self._spans[shift.agent_id]
            until_us = max([shift.to_us, *(ended_at_us for _, ended_at_us in spans)])
            there_us = until_us - shift.from_us
            result.append(Presence(agent_id=shift.agent_id, there_us=there_us, busy_us=union_us(spans)))
        return result

    def _step(self, at_us: int, kind: int, what: Call | Shift | str) -> None:
        if isinstance(what, str):
            self._tell(CompleteContact(contact_id=what), at_us)
        elif isinstance(what, Shift):
            presence = AgentPresence.AVAILABLE if kind == _COMES else AgentPresence.OFFLINE
            self._tell(SetPresence(agent_id=what.agent_id, presence=presence, next_=kind == _GOES), at_us)
        elif kind == _ARRIVES:
            self._waiting.add(what.contact_id)
            if not what.answered:
                heapq.heappush(self._due, (at_us + what.waited_us, _LEAVES, what.line, what))
            self._tell(enqueue(self._config, what), at_us)
        elif what.contact_id in self._waiting:
            self._waiting.discard(what.contact_id)
            self._left.add(what.contact_id)
            self._tell(AbandonContact(contact_id=what.contact_id), at_us)

    def _tell(self, command: Command, at_us: int) -> None:
        self._take(self._engine.handle(command, at_us, allow_jump=True))

    def _take(self, events: list[Event]) -> None:
        pending = deque(events)
        while pending:
            event = pending.popleft()
            if isinstance(event, ContactActive):
                self._begin(event)
            elif isinstance(event, ContactQueued | ContactScheduled) and event.contact_id not in self._calls:
                self._callbacks[event.contact_id] = self._calls[str(event.parent_id)]
            elif isinstance(event, LegEnded):
                self._spans[event.agent_id].append((event.began_at_us, event.at_us))
            elif isinstance(event, OfferMade) and event.mode is OfferMode.RING:
                accept = AcceptOffer(offer_id=event.offer_id)
                pending.extend(self._engine.handle(accept, event.at_us, allow_jump=True))

    def _begin(self, event: ContactActive) -> None:
        """Have the work end after its time; a callback takes as long as the call that it makes up for."""
        call = self._callbacks.get(event.contact_id)
        if call is None:
            call = self._calls[event.contact_id]
            self._waiting.discard(event.contact_id)
            self._waited_us[event.contact_id] = event.waited_us
        ends_at_us = event.at_us + self._day.handling_of(call)
        heapq.heappush(self._due, (ends_at_us, _ENDS, call.line, event.contact_id))
