"""How offers are made and how they end, and what becomes of a contact that is closed or cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ccroute import events
from ccroute.types import (
    ContactState,
    LegEnd,
    OfferMode,
    PendingOffers,
    PlanOn,
    Presence,
    RequeueReason,
    RescindReason,
    SuspendReason,
    Victim,
)
from tests.model.legs import Legs
from tests.model.state import Agent, Contact, Leg, Offer, Thing, in_agent_order


class Offers(Legs):
    """The offers of contacts to agents."""

    # ---- making

    def _make_offer(
        self,
        contact: Contact,
        agent: Agent,
        mode: OfferMode,
        aside: Sequence[Thing] = (),
        victim: Contact | None = None,
        accepts: bool = False,
        is_by_name: bool = False,
    ) -> Offer:
        """Set offers aside, make an offer, and accept it where it is so said or the mode is ``auto``.

        Somebody may have named the agent, ``is_by_name``; it need not serve the queue then.
        """
        self._set_offers_aside(contact, aside)
        accepts = accepts or mode == OfferMode.AUTO
        cost = self.choice.cost(contact, agent)
        offer = Offer(
            number=len(self.offer_ids) + 1,
            contact=contact,
            agent=agent,
            channel=contact.channel,
            cost=cost,
            began=self.now,
            mode=mode,
        )
        self.offer_ids.append(offer.ids()["offer_id"])
        contact.offers.append(offer)
        contact.offers_made += 1
        agent.offers.append(offer)
        agent.last_offer = offer.number
        expires_at_us = None if accepts else self.now + self.choice.queue(contact).offer.offer_timeout_us
        self._tell(
            events.OfferMade,
            **offer.ids(),
            queue_id=contact.queue,
            channel=contact.channel,
            customer_id=contact.given.customer_id,
            mode=mode,
            rank=self._told_rank(contact, agent, is_by_name),
            cost=cost,
            expires_at_us=expires_at_us,
            victim=told_victim(aside, victim),
        )
        if accepts:
            self._accept(offer)
        elif expires_at_us is not None:
            offer.timer = self._arm(expires_at_us, "offer", lambda: self._expire(offer))
        return offer

    def _told_rank(self, contact: Contact, agent: Agent, is_by_name: bool) -> int:
        serves = self.choice.serves(contact, agent) and self.choice.suits(contact, agent)
        rank = self.choice.rank_for(contact, agent) if serves or not is_by_name else None
        return 1 if rank is None else rank

    def _set_offers_aside(self, contact: Contact, aside: Sequence[Thing]) -> None:
        for thing in aside:
            if isinstance(thing, Offer) and thing in thing.agent.offers:
                self._rescind(thing, RescindReason.INTERRUPTED, contact)

    def _offer_directly(self, contact: Contact) -> None:
        """Offer a contact to the one agent for whom it is kept."""
        direct = contact.direct
        assert direct is not None
        is_auto = self.choice.queue(contact).offer.mode == OfferMode.AUTO
        aside = self.choice.aside(contact, direct.agent) or []
        mode = OfferMode.AUTO if is_auto else OfferMode.MANUAL
        self._make_offer(contact, direct.agent, mode, aside, is_by_name=True)

    # ---- accepting

    def _accept(self, offer: Offer) -> None:
        contact, agent = offer.contact, offer.agent
        accepting = self.giving_way.accepting(offer)
        seek, was_active = contact.seek, contact.state == ContactState.ACTIVE
        self._take_off(offer)
        if not was_active:
            self._leave_queue(contact, ContactState.ACTIVE)
        contact.seek = contact.direct = None
        self.legs_made += 1
        leg = Leg(
            seq=self.legs_made,
            contact=contact,
            agent=agent,
            queue=contact.present_queue,
            channel=offer.channel,
            cost=offer.cost,
            began=self.now,
        )
        contact.legs.append(leg)
        agent.legs.append(leg)
        agent.handled += 1
        agent.idle_since = self.now
        agent.expiries = 0
        self._tell(events.OfferAccepted, **offer.ids())
        self._tell(
            events.ContactActive,
            **offer.ids(),
            queue_id=contact.queue,
            channel=offer.channel,
            cost=offer.cost,
            waited_us=self._waited(contact),
        )
        for other in list(contact.offers):
            self._rescind(other, RescindReason.TAKEN)
        if accepting is not None:
            for other_leg in accepting.interrupted:
                assert isinstance(other_leg, Leg)
                self._suspend(other_leg, contact, SuspendReason.INTERRUPTED)
            if accepting.victim is not None:
                self._give_way(accepting.victim, contact)
        if seek is not None and seek.is_warm:
            self._finish_work(seek.leg, LegEnd.TRANSFERRED)
            self._take_next_presence(seek.leg.agent)

    def _give_way(self, leg: Leg, by: Contact) -> None:
        """Take an agent from its work for a contact that pre-empts."""
        contact = leg.contact
        contact.displaced_work += 1
        if self.choice.queue(by).victim == Victim.SUSPEND:
            self._suspend(leg, by, SuspendReason.PREEMPTED)
            return
        self._end_leg(leg, LegEnd.PREEMPTED)
        self._withdraw_seek_of([leg])
        if not contact.working_legs():
            self._requeue(contact, RequeueReason.PREEMPTED, by)
            self._look_at_overdue(contact)

    # ---- ending without an accept

    def _take_off(self, offer: Offer) -> None:
        self._disarm(offer.timer)
        offer.contact.offers.remove(offer)
        offer.agent.offers.remove(offer)

    def _decline(
        self, offer: Offer, reason: str | None, cooldown: int | str | None = None, until_us: int | None = None
    ) -> None:
        self._take_off(offer)
        told = self._cool_down(offer.contact, offer.agent, cooldown, until_us)
        self._tell(events.OfferDeclined, **offer.ids(), reason=reason, cooldown_us=told)
        self._tell_exhausted(offer.contact)

    def _rescind(self, offer: Offer, reason: RescindReason, by: Contact | None = None) -> None:
        self._take_off(offer)
        by_contact_id = None if by is None else by.id
        self._tell(events.OfferRescinded, **offer.ids(), reason=reason, by_contact_id=by_contact_id)
        self._tell_exhausted(offer.contact)

    def _expire(self, offer: Offer) -> None:
        contact, agent = offer.contact, offer.agent
        self._take_off(offer)
        agent.expiries += 1
        cooldown_us = self._cool_down(contact, agent)
        self._tell(events.OfferExpired, **offer.ids(), expiries=agent.expiries, cooldown_us=cooldown_us)
        away_after = self.choice.away_after(contact)
        self._tell_exhausted(contact)
        if agent.presence == Presence.AVAILABLE and 0 < away_after <= agent.expiries:
            agent.expiries = 0
            self._set_presence_to(agent, Presence.AWAY, "no_answer", PendingOffers.RESCIND)

    def _tell_exhausted(self, contact: Contact) -> None:
        offers_max = self.choice.queue(contact).offers_max_per_contact
        if contact.waits() and contact.offers_made >= offers_max and not contact.exhausted_told:
            contact.exhausted_told = True
            self._tell(
                events.OffersExhausted, contact_id=contact.id, queue_id=contact.queue, offers=contact.offers_made
            )
            self._raise_flag(contact, PlanOn.OFFERS_EXHAUSTED)

    def _withdraw_seek(self, contact: Contact) -> None:
        """Let an active contact look for nobody any more."""
        if contact.seek is None:
            return
        contact.seek = contact.direct = None
        for offer in list(contact.offers):
            self._rescind(offer, RescindReason.WITHDRAWN)

    def _withdraw_seek_of(self, legs: Sequence[Leg]) -> None:
        """Let the contacts of legs that are done look for nobody any more, where it was the wish of these legs."""
        for leg in legs:
            if leg.contact.seek is not None and leg.contact.seek.leg is leg:
                self._withdraw_seek(leg.contact)

    # ---- ends of contacts

    def _ending(self, contact: Contact) -> dict[str, Any]:
        return {"contact_id": contact.id, "queue_id": contact.queue, "waited_us": contact.waited_before}

    def _close_if_done(self, contact: Contact) -> None:
        if contact.state == ContactState.ACTIVE and not contact.legs:
            self._end(contact, ContactState.CLOSED)
            self._tell(events.ContactClosed, **self._ending(contact), disposition=contact.disposition)

    def _end_wrap_up(self, leg: Leg) -> None:
        self._tell(events.WrapUpEnded, **leg.ids(), wrapped_us=self.now - leg.wrap_began)
        self._end_leg(leg, leg.end)
        self._close_if_done(leg.contact)
        self._take_next_presence(leg.agent)

    def _cancel(self, contact: Contact, reason: str | None) -> None:
        self._end(contact, ContactState.CANCELLED)
        self._tell(events.ContactCancelled, **self._ending(contact), reason=reason)
        for offer in list(contact.offers):
            self._rescind(offer, RescindReason.CANCELLED)
        legs = in_agent_order(contact.legs)
        for leg in legs:
            self._end_leg(leg, LegEnd.CANCELLED)
        for leg in legs:
            self._take_next_presence(leg.agent)


def told_victim(aside: Sequence[Thing], victim: Contact | None) -> str | None:
    """Return the contact told to give way: the pre-empted one, else that of the first leg, else of the first offer."""
    if victim is not None:
        return victim.id
    things = [thing for thing in aside if isinstance(thing, Leg)] + [
        thing for thing in aside if isinstance(thing, Offer)
    ]
    return things[0].contact.id if things else None


def newest_first(offers: Sequence[Offer]) -> list[Offer]:
    """Return offers, the newest first."""
    return sorted(offers, key=lambda offer: -offer.number)
