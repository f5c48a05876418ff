"""Contacts taken out of turn, and given back: pick, assign, requeue, connect failed."""

from __future__ import annotations

from ccroute import commands
from ccroute.types import (
    OFFERS_OF_AGENT_MAX,
    AssignAs,
    ContactState,
    Ignorable,
    LegEnd,
    LegState,
    OfferMode,
    RefusalReason,
    RequeueReason,
    RescindReason,
    Rule,
)
from tests.model.ground import refuse, refuse_if_broken
from tests.model.offers import newest_first
from tests.model.room import without
from tests.model.service import Service
from tests.model.state import OUT_OF_LINE, WORKING_STATES, Agent, Contact, Leg, Offer, Thing

ASKED_OF_PICK = (
    Rule.PRESENCE,
    Rule.NEXT_PRESENCE,
    Rule.MEMBERSHIP,
    Rule.AFTER,
    Rule.REQUIREMENT,
    Rule.DIRECT,
    Rule.EXCLUDED,
    Rule.LEG,
    Rule.SUSPENDED,
    Rule.PREFERRED,
)
"""Beside room, which a pick makes."""
ASKED_OF_ASSIGN = (*ASKED_OF_PICK, Rule.COOLDOWN, Rule.CHANNEL_CLOSED, Rule.CHANNEL_MAX, Rule.CAPACITY)
IGNORED = {
    Ignorable.REQUIREMENT: (Rule.REQUIREMENT,),
    Ignorable.MEMBERSHIP: (Rule.MEMBERSHIP, Rule.AFTER, Rule.DIRECT, Rule.PREFERRED),
    Ignorable.PRESENCE: (Rule.PRESENCE, Rule.NEXT_PRESENCE),
    Ignorable.CAPACITY: (Rule.OFFERS_MAX, Rule.CHANNEL_CLOSED, Rule.CHANNEL_MAX, Rule.CAPACITY, Rule.SUSPENDED),
    Ignorable.COOLDOWN: (Rule.COOLDOWN,),
    Ignorable.EXCLUSION: (Rule.EXCLUDED,),
}


class Taking(Service):
    """Commands that give an agent a contact, or take it away again."""

    # ---- pick and assign

    def _contact_to_take(self, key: str | int) -> Contact:
        contact = self._live_contact(key)
        if contact.state in OUT_OF_LINE:
            refuse(RefusalReason(f"contact_{contact.state.value}"))
        if not contact.waits():
            refuse(RefusalReason.CONTACT_ACTIVE)
        return contact

    def _on_contact_pick(self, command: commands.PickContact) -> None:
        agent = self._agent(command.agent_id)
        contact = self._contact_to_take(command.contact_id)
        own = [offer for offer in contact.offers if offer.agent is agent]
        broken = [rule for rule in self.choice.rules_against(contact, agent, own) if rule in ASKED_OF_PICK]
        picked, aside, against_room = self._room_for_pick(contact, agent, own)
        refuse_if_broken([*broken, *against_room])
        for offer in picked:
            self._rescind(offer, RescindReason.PICKED, contact)
        self._take(contact, agent, aside)

    def _room_for_pick(
        self, contact: Contact, agent: Agent, own: list[Offer]
    ) -> tuple[list[Offer], list[Thing], list[Rule]]:
        """Return which of the agent's offers go for a pick, what is set aside besides, and the rules broken even so."""
        need = self.choice.need(contact, agent, needs_slot=False)
        others = newest_first([offer for offer in agent.offers if offer not in own])
        for count in range(len(others) + 1):
            left = without([*agent.offers, *agent.legs], [*own, *others[:count]])
            aside = self.choice.room.aside(need, left)
            if aside is not None:
                return others[:count], aside, []
            is_last = count == len(others)
            if is_last or self.choice.tier(others[count].contact) > self.choice.tier(contact):
                return [], [], self.choice.room.broken_at_best(need, left)
        raise AssertionError("the last count returns")

    def _take(self, contact: Contact, agent: Agent, aside: list[Thing]) -> None:
        """Let an agent have a contact at once, by the offer of it that the agent has, or by one made for it."""
        self._set_offers_aside(contact, aside)
        own = [offer for offer in contact.offers if offer.agent is agent]
        if own:
            self._accept(own[0])
        else:
            self._make_offer(contact, agent, OfferMode.MANUAL, aside, accepts=True, is_by_name=True)

    def _on_contact_assign(self, command: commands.AssignContact) -> None:
        agent = self._agent(command.agent_id)
        contact = self._contact_to_take(command.contact_id)
        own = [offer for offer in contact.offers if offer.agent is agent]
        as_offer = command.as_ == AssignAs.OFFER
        if as_offer and (own or len(contact.offers) >= self.choice.queue(contact).offer.k):
            refuse(RefusalReason.OFFER_OUT)
        ignored = [rule for name in command.ignoring for rule in IGNORED[name]]
        asked = [rule for rule in (*ASKED_OF_ASSIGN, *([Rule.OFFERS_MAX] if as_offer else [])) if rule not in ignored]
        needs_slot = Rule.OFFERS_MAX in asked
        broken = [rule for rule in self.choice.rules_against(contact, agent, own, needs_slot) if rule in asked]
        if as_offer and len(agent.offers) >= OFFERS_OF_AGENT_MAX:
            broken.append(Rule.OFFERS_MAX)
        refuse_if_broken(broken)
        need = self.choice.need(contact, agent, needs_slot)
        aside = self.choice.room.aside(need, without([*agent.offers, *agent.legs], own)) or []
        if as_offer:
            offer = self._make_offer(contact, agent, OfferMode.MANUAL, aside, is_by_name=True)
            offer.is_exempt = Ignorable.CAPACITY in command.ignoring
        else:
            self._take(contact, agent, aside)

    # ---- requeue and connect failed

    def _legs_of_active(self, key: str | int) -> list[Leg]:
        """Return the working legs of an active contact."""
        contact = self._live_contact(key)
        if contact.state != ContactState.ACTIVE:
            refuse(RefusalReason(f"contact_{contact.state.value}"))
        return self._legs_at_work(contact)

    def _on_contact_requeue(self, command: commands.RequeueContact) -> None:
        if command.agent_id is None:
            legs = self._legs_of_active(command.contact_id)
        else:
            agent = self._agent(command.agent_id)
            leg = self._leg(self._contact(command.contact_id), agent, *WORKING_STATES)
            legs = [leg]
            if leg.contact.working_legs() != legs:
                refuse(RefusalReason.CONFERENCE)
        contact = legs[0].contact
        for leg in legs:
            self._end_leg(leg, LegEnd.REQUEUED)
        for leg in legs:
            self._cool_down(contact, leg.agent, command.cooldown, command.cooldown_until_us)
        self._withdraw_seek_of(legs)
        self._requeue(contact, RequeueReason.COMMAND)
        self._look_at_overdue(contact)
        for leg in legs:
            self._take_next_presence(leg.agent)

    def _on_offer_connect_failed(self, command: commands.ConnectFailed) -> None:
        if command.agent_id is None:
            legs = self._legs_of_active(command.contact_id)
            if len(legs) > 1:
                refuse(RefusalReason.CONFERENCE)
            agent = legs[0].agent
        else:
            agent = self._agent(command.agent_id)
        contact = self._contact(command.contact_id)
        leg = self._leg(contact, agent, LegState.ACTIVE, LegState.HELD)
        self._end_leg(leg, LegEnd.CONNECT_FAILED)
        agent.handled = max(0, agent.handled - 1)
        self._cool_down(contact, agent, command.cooldown, command.cooldown_until_us)
        self._withdraw_seek_of([leg])
        if not contact.working_legs():
            self._begin_to_wait(contact)
            contact.waits_since = leg.began
            if contact.is_callback():
                self._count_failed_attempt(contact)
            else:
                self._requeue(contact, RequeueReason.CONNECT_FAILED)
                self._look_at_overdue(contact)
                self._tell_exhausted(contact)
        self._take_next_presence(agent)
