"""A slow and obvious router for one rule: alike agents, VIPs break normal work off, which is resumed where it was.

It knows nothing of ccroute. Whoever waits is looked for in a list, and so is the work to break off.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

Row = tuple[int, int, int, int, int]
"""``arrival_us, skill, vip, service_us, patience_us`` of a contact, in order of arrival; the skill is ignored."""

ENDS, LEAVES = 0, 1


@dataclass(kw_only=True)
class Contact:
    """A contact and what has become of it so far."""

    index: int
    arrival_us: int
    is_vip: bool
    rest_us: int
    agent: int = -1
    """Who works on it or did to the end; -1: nobody."""
    began_us: int = -1
    start_us: int = -1
    """When an agent first took it, or when it left."""
    end_us: int = -1
    is_waiting: bool = False
    due: int = -1
    """Number of the entry that ends its work."""


class Router:
    """Agents 0 to ``agents`` - 1, all idle since 0."""

    def __init__(self, rows: Sequence[Row], agents: int, *, breaks_off: bool = True) -> None:
        self.rows = rows
        self.breaks_off = breaks_off
        self.idle_since: dict[int, int] = dict.fromkeys(range(agents), 0)
        self.contacts: list[Contact] = []
        self.agenda: list[tuple[int, int, int, int]] = []
        self.entries = 0

    def run(self) -> list[tuple[int, int, int]]:
        """Return start or time of leaving, agent or -1, and end or -1 per contact."""
        for index, (arrival_us, _, vip, service_us, patience_us) in enumerate(self.rows):
            self.pass_time(arrival_us)
            contact = Contact(index=index, arrival_us=arrival_us, is_vip=vip == 1, rest_us=service_us)
            self.contacts.append(contact)
            contact.is_waiting = True
            if self.idle_since:
                self.begin(contact, min(self.idle_since, key=lambda one: (self.idle_since[one], one)), arrival_us)
            elif contact.is_vip and self.breaks_off:
                self.break_off_for(contact, arrival_us)
            if patience_us >= 0:
                self.put(arrival_us + patience_us, LEAVES, contact)
        self.pass_time(None)
        return [(contact.start_us, contact.agent, contact.end_us) for contact in self.contacts]

    def pass_time(self, until_us: int | None) -> None:
        """Let happen what happens until then, at one instant ends before leaving."""
        while self.agenda and (until_us is None or self.agenda[0][0] <= until_us):
            now_us, kind, entry, index = heapq.heappop(self.agenda)
            contact = self.contacts[index]
            if kind == LEAVES and contact.is_waiting:
                contact.is_waiting = False
                contact.start_us = now_us
            if kind == ENDS and contact.due == entry:
                contact.end_us = now_us
                self.free(contact.agent, now_us)

    def free(self, agent: int, now_us: int) -> None:
        """An agent takes the best contact that waits, or is idle."""
        waiting = [contact for contact in self.contacts if contact.is_waiting]
        if waiting:
            self.begin(min(waiting, key=lambda one: (not one.is_vip, one.index)), agent, now_us)
        else:
            self.idle_since[agent] = now_us

    def begin(self, contact: Contact, agent: int, now_us: int) -> None:
        """An agent begins with a contact, or goes on where the last one was."""
        self.idle_since.pop(agent, None)
        contact.is_waiting = False
        contact.agent, contact.began_us = agent, now_us
        if contact.start_us < 0:
            contact.start_us = now_us
        contact.due = self.put(now_us + contact.rest_us, ENDS, contact)

    def break_off_for(self, vip: Contact, now_us: int) -> None:
        """A VIP takes the agent of the normal contact last begun, if there is one; of equal ones the lowest agent."""
        at_work = [one for one in self.contacts if one.agent >= 0 and one.end_us < 0 and not one.is_vip]
        if not at_work:
            return
        victim = min(at_work, key=lambda one: (-one.began_us, one.agent))
        agent = victim.agent
        victim.rest_us -= now_us - victim.began_us
        victim.agent, victim.due, victim.is_waiting = -1, -1, True
        self.begin(vip, agent, now_us)

    def put(self, at_us: int, kind: int, contact: Contact) -> int:
        """Put something on the agenda and return its number."""
        self.entries += 1
        heapq.heappush(self.agenda, (at_us, kind, self.entries, contact.index))
        return self.entries
