"""A host in virtual time: it hands contacts to an engine, ends their work in time, and notes who took what when.

At one instant work ends first, then contacts lose patience, then others arrive. Work that is broken off is taken up
where it was. Offers that ring are accepted at once.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from ccroute import (
    AbandonContact,
    AcceptOffer,
    CommandRefused,
    CompleteContact,
    Config,
    ContactActive,
    ContactResumed,
    ContactSuspended,
    Engine,
    EnqueueContact,
    Event,
    LegEnded,
    OfferMade,
    Presence,
    SetPresence,
)
from ccroute.commands import Command
from ccroute.types import LegEnd, OfferMode

_ENDS, _LEAVES = 0, 1


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A contact, when it comes, and how long an agent works on it."""

    at_us: int
    work_us: int
    enqueue: EnqueueContact
    patience_us: int | None = None
    """None: it waits for ever."""


@dataclass(kw_only=True)
class Life:
    """What became of a contact."""

    agents: list[str] = field(default_factory=list)
    """Who took it, in order of time."""
    began_us: int = -1
    """When the first of them did."""
    ended_us: int = -1
    """When the work was done; -1: never."""
    left_us: int = -1
    """When it lost patience; -1: it did not."""


class VirtualHost:
    """An engine whose agents came in at time 0, in the order of the configuration."""

    def __init__(self, config: Config) -> None:
        self.engine = Engine(config)
        self.lives: dict[str, Life] = {}
        self._agenda: list[tuple[int, int, int, str]] = []
        self._seqs = count()
        self._rest_us: dict[str, int] = {}
        self._began_us: dict[str, int] = {}
        self._current: dict[str, int] = {}
        for agent_id in config.agents:
            self._handle(SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE), 0)

    def run(self, arrivals: Iterable[Arrival]) -> dict[str, Life]:
        """Go through contacts in order of arrival until nothing more happens, and return what became of each."""
        for arrival in arrivals:
            self._go_to(arrival.at_us)
            contact_id = arrival.enqueue.contact_id
            assert isinstance(contact_id, str)
            self.lives[contact_id] = Life()
            self._rest_us[contact_id] = arrival.work_us
            self._handle(arrival.enqueue, arrival.at_us)
            if arrival.patience_us is not None:
                self._put(arrival.at_us + arrival.patience_us, _LEAVES, contact_id)
        self._go_to(2**52)
        return self.lives

    def _go_to(self, to_us: int) -> None:
        while self._agenda and self._agenda[0][0] <= to_us:
            at_us, kind, seq, contact_id = heapq.heappop(self._agenda)
            if kind == _LEAVES:
                self._leave(contact_id, at_us)
            elif self._current.get(contact_id) == seq:
                self.lives[contact_id].ended_us = at_us
                del self._current[contact_id]
                self._handle(CompleteContact(contact_id=contact_id), at_us)

    def _leave(self, contact_id: str, at_us: int) -> None:
        life = self.lives[contact_id]
        if contact_id not in self._current and life.ended_us < 0:
            life.left_us = at_us
            self._handle(AbandonContact(contact_id=contact_id), at_us)

    def _handle(self, command: Command, at_us: int) -> None:
        todo: list[Command] = [command]
        while todo:
            for event in self.engine.handle(todo.pop(), at_us):
                assert not isinstance(event, CommandRefused), event
                todo += self._note(event)

    def _note(self, event: Event) -> list[Command]:
        match event:
            case ContactActive():
                life = self.lives[event.contact_id]
                life.agents.append(event.agent_id)
                if life.began_us < 0:
                    life.began_us = event.at_us
                self._begin(event.contact_id, event.at_us)
            case ContactResumed():
                self._begin(event.contact_id, event.at_us)
            case ContactSuspended() | LegEnded(reason=LegEnd.PREEMPTED):
                self._rest_us[event.contact_id] -= event.at_us - self._began_us[event.contact_id]
                del self._current[event.contact_id]
            case OfferMade() if event.mode is OfferMode.RING:
                return [AcceptOffer(offer_id=event.offer_id)]
        return []

    def _begin(self, contact_id: str, at_us: int) -> None:
        self._began_us[contact_id] = at_us
        self._current[contact_id] = self._put(at_us + self._rest_us[contact_id], _ENDS, contact_id)

    def _put(self, at_us: int, kind: int, contact_id: str) -> int:
        seq = next(self._seqs)
        heapq.heappush(self._agenda, (at_us, kind, seq, contact_id))
        return seq
