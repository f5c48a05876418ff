"""Contacts that go from hand to hand: transfers, consults, conferences, and what follows where nobody answers."""

from __future__ import annotations

import msgspec

from ccroute import commands, events
from ccroute.commands import EnqueueContact
from ccroute.types import (
    ID_LENGTH_MAX,
    LEGS_MAX,
    ContactState,
    LegEnd,
    LegState,
    OfferMode,
    OnUnanswered,
    RefusalReason,
    RequeueReason,
    Rule,
    TransferMode,
)
from tests.model.ground import refuse, refuse_if_broken
from tests.model.room import without
from tests.model.state import WORKING_STATES, Agent, Contact, Direct, Leg, Seek
from tests.model.taking import Taking

ASKED_OF_TAKER = (
    Rule.PRESENCE,
    Rule.NEXT_PRESENCE,
    Rule.OFFERS_MAX,
    Rule.EXCLUDED,
    Rule.LEG,
    Rule.CHANNEL_CLOSED,
    Rule.CHANNEL_MAX,
    Rule.CAPACITY,
    Rule.SUSPENDED,
)
"""What an agent must meet to get a contact that is kept for it."""
ASKED_OF_CONSULTED = (Rule.LEG, Rule.CHANNEL_CLOSED, Rule.CHANNEL_MAX, Rule.CAPACITY)
"""What an agent must meet to come over from a consult; nothing is set aside for it."""


class Handover(Taking):
    """Commands that bring further agents to a contact."""

    def _rules_against_taker(self, contact: Contact, agent: Agent) -> list[Rule]:
        """Return the rules that keep an agent from getting a contact directly; an offer it has of it does not count."""
        own = [offer for offer in contact.offers if offer.agent is agent]
        return [rule for rule in self.choice.rules_against(contact, agent, own) if rule in ASKED_OF_TAKER]

    def _to_agent(self, key: str | int | None) -> Agent | None:
        return None if key is None else self._agent(key)

    # ---- transfer

    def _on_contact_transfer(self, command: commands.TransferContact) -> None:
        agent = self._agent(command.agent_id)
        taker = self._to_agent(command.to_agent)
        contact = self._contact(command.contact_id)
        leg = self._leg(contact, agent, LegState.ACTIVE, LegState.HELD)
        if len(contact.legs) >= LEGS_MAX:
            refuse(RefusalReason.LEGS_MAX)
        if contact.working_legs() != [leg]:
            refuse(RefusalReason.CONFERENCE)
        self._refuse_if_draining(command.to_queue)
        only = taker if command.to_queue is None else None
        if only is not None:
            refuse_if_broken(self._rules_against_taker(contact, only))
        elif taker is not None:
            contact.given = kept_for(contact.given, taker, command)
        from_queue = contact.queue
        contact.queue = command.to_queue or contact.queue
        self._tell(
            events.ContactTransferred,
            **leg.ids(),
            from_queue_id=from_queue,
            to_queue_id=command.to_queue,
            to_agent_id=None if taker is None else taker.id,
            mode=command.mode,
            cooldown_us=self._cool_down(contact, agent),
        )
        self._withdraw_seek(contact)
        if command.mode == TransferMode.BLIND:
            self._transfer_blindly(leg, only, command)
        else:
            self._transfer_warmly(leg, only, command)

    def _transfer_blindly(self, leg: Leg, taker: Agent | None, command: commands.TransferContact) -> None:
        contact = leg.contact
        self._finish_work(leg, LegEnd.TRANSFERRED)
        self._set_place(contact, command.keeps_place or self.choice.queue(contact).keeps_place)
        if taker is not None:
            contact.direct = Direct(taker, "transfer", leg.agent, command.on_unanswered)
        self._begin_to_wait(contact)
        self._enter_queue(contact, contact.present_queue)
        self._tell_queued(contact)
        self._take_next_presence(leg.agent)
        if taker is not None:
            self._offer_directly(contact)

    def _transfer_warmly(self, leg: Leg, taker: Agent | None, command: commands.TransferContact) -> None:
        contact = leg.contact
        contact.seek = Seek(leg, is_warm=True)
        if taker is None:
            self._set_place(contact, command.keeps_place or self.choice.queue(contact).keeps_place)
            self._enter_queue(contact, contact.present_queue)
        else:
            contact.direct = Direct(taker, "warm", leg.agent, command.on_unanswered)
            self._look_at_overdue(contact)
            self._offer_directly(contact)

    # ---- loose ends

    def _loose_ends(self) -> list[Contact]:
        """Return the contacts whose one agent did not take them, and the consults whose parents have ended."""
        return [
            contact
            for contact in self.contacts
            if (contact.direct is not None and contact.waits() and not contact.offers)
            or (contact.is_orphan and contact.state == ContactState.QUEUED)
        ]

    def _tie_loose_end(self, contact: Contact) -> None:
        if contact.is_orphan:
            self._cancel(contact, "parent ended")
        else:
            self._go_unanswered(contact)

    def _go_unanswered(self, contact: Contact) -> None:
        """See to a contact whose one agent did not take it."""
        direct = contact.direct
        assert direct is not None
        contact.direct = None
        if direct.purpose == "consult":
            self._cancel(contact, "unanswered")
        elif direct.purpose == "transfer":
            self._return_or_queue(contact, direct)
        elif direct.purpose == "warm" and direct.on_unanswered == OnUnanswered.QUEUE:
            assert contact.seek is not None
            self._queue_after_all(contact, contact.seek.leg)
        else:
            self._withdraw_seek(contact)

    def _return_or_queue(self, contact: Contact, direct: Direct) -> None:
        """Offer a contact to its giver if that can have it, else put it into line."""
        giver = direct.giver
        returns = direct.on_unanswered == OnUnanswered.RETURN and giver is not None
        if returns and giver is not None and not self._rules_against_taker(contact, giver):
            contact.direct = Direct(giver, "transfer")
            self._offer_directly(contact)
        else:
            self._requeue(contact, RequeueReason.UNANSWERED)

    def _queue_after_all(self, contact: Contact, leg: Leg) -> None:
        """Let the giver of a warm transfer go all the same."""
        contact.seek = None
        self._finish_work(leg, LegEnd.TRANSFERRED)
        self._begin_to_wait(contact)
        self._enter_queue(contact, contact.present_queue)
        self._tell_queued(contact)
        self._take_next_presence(leg.agent)

    # ---- consult

    def _on_contact_consult(self, command: commands.ConsultAgent) -> None:
        agent = self._agent(command.agent_id)
        taker = self._to_agent(command.to_agent)
        contact = self._contact(command.contact_id)
        self._leg(contact, agent, LegState.ACTIVE, LegState.HELD)
        self._refuse_if_draining(command.to_queue)
        self._check_contacts_max()
        given = EnqueueContact(
            contact_id=self._consult_id(contact),
            queue_id=command.to_queue or contact.present_queue,
            channel=contact.channel,
            customer_id=contact.given.customer_id,
            conversation_id=contact.given.conversation_id,
            parent_id=contact.id,
            tier=self.choice.tier(contact),
            head_start_us=self.choice.head_start(contact),
            excluded=[agent.id],
            attributes=contact.given.attributes,
        )
        if taker is not None:
            unborn = Contact(self.contacts_made + 1, given, given.queue_id, self.now, self.now)
            refuse_if_broken(self._rules_against_taker(unborn, taker))
        self._make_room_for_contact()
        child = self._new_contact(given, given.queue_id, ContactState.QUEUED)
        child.consulted = contact
        if taker is not None:
            child.direct = Direct(taker, "consult")
        self._enter_queue(child, child.present_queue)
        self._tell_queued(child)
        if taker is not None:
            self._offer_directly(child)

    def _consult_id(self, contact: Contact) -> str:
        """Return the first of the names of consults about a contact that is not inside."""
        inside = [other.id for other in self.contacts if other.over_at is None]
        number = 1
        while True:
            suffix = f"#{number}"
            name = contact.id[: ID_LENGTH_MAX - len(suffix)] + suffix
            if name not in inside:
                return name
            number += 1

    # ---- conference

    def _on_contact_join(self, command: commands.JoinConference) -> None:
        agent = self._agent(command.agent_id)
        taker = self._to_agent(command.to_agent)
        contact = self._contact(command.contact_id)
        leg = self._leg(contact, agent, LegState.ACTIVE, LegState.HELD)
        if len(contact.legs) >= LEGS_MAX:
            refuse(RefusalReason.LEGS_MAX)
        self._refuse_if_draining(command.to_queue)
        if taker is None:
            assert command.to_queue is not None
            self._seek_in_queue(contact, leg, command.to_queue)
            return
        consult = self._consult_leg(contact, taker)
        if consult is not None:
            self._join_from_consult(contact, consult)
            return
        refuse_if_broken(self._rules_against_taker(contact, taker))
        self._withdraw_seek(contact)
        contact.seek = Seek(leg, is_warm=False)
        contact.direct = Direct(taker, "join")
        self._look_at_overdue(contact)
        self._offer_directly(contact)

    def _seek_in_queue(self, contact: Contact, leg: Leg, queue_id: str) -> None:
        self._withdraw_seek(contact)
        contact.seek = Seek(leg, is_warm=False)
        self._set_place(contact, self.config.queues[queue_id].keeps_place)
        self._enter_queue(contact, queue_id)
        self._tell_changed(contact, ["queue_id"])

    def _consult_leg(self, contact: Contact, agent: Agent) -> Leg | None:
        """Return the leg by which an agent is at work in a consult about a contact."""
        working = (LegState.ACTIVE, LegState.HELD)
        legs = [leg for leg in agent.legs if leg.contact.consulted is contact and leg.state in working]
        return min(legs, key=lambda leg: leg.contact.seq, default=None)

    def _join_from_consult(self, contact: Contact, leg: Leg) -> None:
        agent, child = leg.agent, leg.contact
        need = self.choice.need(contact, agent, needs_slot=False)
        own = [offer for offer in contact.offers if offer.agent is agent]
        broken = self.choice.room.broken(need, without([*agent.offers, *agent.legs], [leg, *own]))
        broken += [Rule.LEG] * any(other.agent is agent for other in contact.legs)
        refuse_if_broken([rule for rule in broken if rule in ASKED_OF_CONSULTED])
        self._withdraw_seek(contact)
        self._end_leg(leg, LegEnd.JOINED)
        self._withdraw_seek_of([leg])
        self._close_if_done(child)
        self._make_offer(contact, agent, OfferMode.MANUAL, accepts=True, is_by_name=True)

    def _on_contact_leave(self, command: commands.LeaveConference) -> None:
        agent = self._agent(command.agent_id)
        contact = self._contact(command.contact_id)
        leg = self._leg(contact, agent, *WORKING_STATES)
        if contact.working_legs() == [leg]:
            refuse(RefusalReason.LAST_LEG)
        self._finish_work(leg, LegEnd.LEFT)
        self._withdraw_seek_of([leg])
        self._take_next_presence(agent)

    # ---- what the contact is from now on

    def _tell_changed(self, contact: Contact, changed: list[str]) -> None:
        contact.version += 1
        self._tell(
            events.ContactChanged,
            contact_id=contact.id,
            changed=changed,
            queue_id=contact.queue,
            channel=contact.channel,
            conversation_id=contact.given.conversation_id,
            requires=contact.given.requires,
            tier=self.choice.tier(contact),
            head_start_us=self.choice.head_start(contact),
            cost=contact.given.cost,
            place_at_us=contact.place,
            version=contact.version,
        )
        if contact.state == ContactState.QUEUED:
            self._look_at(contact)
        self._watch_callback(contact)


def kept_for(given: EnqueueContact, agent: Agent, command: commands.TransferContact) -> EnqueueContact:
    """Return what a contact asks for that goes to a queue, to be kept there for an agent."""
    return msgspec.structs.replace(
        given,
        preferred=[agent.id],
        preferred_wait_us=command.preferred_wait_us,
        preferred_scope=command.preferred_scope,
        preferred_requires=command.preferred_requires,
    )
