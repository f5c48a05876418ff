"""Contacts that are kept a while for their preferred agents: when that begins, for whom, and when it ends.

How long and for whom is settled where it begins; whether they must serve the queue and meet the requirement is read
anew whenever it is asked.
"""

from __future__ import annotations

from ccroute import events
from ccroute.types import ContactState, PreferredEnd
from tests.model.callbacks import Callbacks
from tests.model.state import Agent, Contact, Phase


class Preferring(Callbacks):
    """The phase in which a contact is kept."""

    def _see_to_preferred(self, contact: Contact) -> None:
        """Begin the phase of a queued contact that has entered or prefers others now, and end one that is over.

        One whose time would be over already does not begin.
        """
        if contact.phase_from is not None:
            self._begin_to_keep(contact)
        if contact.phase is not None and self.now >= contact.phase.ends:
            self._end_phase(contact, PreferredEnd.WAITED)
        elif self._is_kept_in_vain(contact):
            self._end_phase(contact, PreferredEnd.NOBODY_ONLINE)

    def _begin_to_keep(self, contact: Contact) -> None:
        since = contact.queued_since if contact.phase_from == "entry" else self.now
        contact.phase_from = None
        prefer, own_wait_us = self.choice.prefer(contact), contact.given.preferred_wait_us
        wait_us = prefer.wait_us if own_wait_us is None else own_wait_us
        listed = [self.agents[id_] for id_ in dict.fromkeys(contact.given.preferred) if id_ in self.agents]
        if not listed or since + wait_us <= self.now:
            return
        kept = [agent for agent in listed if self._count_kept_for(agent) < prefer.waiting_max]
        if not kept:
            self._end_phase(contact, PreferredEnd.BOUND)
        elif not any(self.choice.is_there(contact, agent) for agent in kept):
            self._end_phase(contact, PreferredEnd.NOBODY_ONLINE)
        else:
            contact.phase = Phase([agent.id for agent in kept], since + wait_us)

    def _count_kept_for(self, agent: Agent) -> int:
        return sum(
            contact.phase is not None and agent.id in contact.phase.kept
            for contact in self.contacts
            if contact.state == ContactState.QUEUED
        )

    def _is_kept_in_vain(self, contact: Contact) -> bool:
        """Tell whether none of those for whom a contact is kept is there."""
        if contact.phase is None:
            return False
        kept = [self.agents[id_] for id_ in contact.phase.kept if id_ in self.agents]
        return not any(self.choice.is_there(contact, agent) for agent in kept)

    def _end_phase(self, contact: Contact, reason: PreferredEnd) -> None:
        contact.phase = None
        self._tell(events.PreferredEnded, contact_id=contact.id, queue_id=contact.queue, reason=reason)
