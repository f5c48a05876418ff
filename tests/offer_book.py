"""The book of offers, legs and agents: how each begins, goes on and ends."""

from __future__ import annotations

from typing import Any, Final

from ccroute import commands, events
from ccroute.types import Ignorable, OfferMode, Preempt, RescindReason, SuspendReason
from tests.book import Book
from tests.edits import CONFIGURATION_COMMANDS
from tests.lives import NEXT_AVAILABLE, Life, Seek, Work

SET_ASIDE: Final = (RescindReason.INTERRUPTED, RescindReason.PREEMPTED)

CUT = ("preempted", "transferred")
"""Why a leg may end by a new configuration: its work is another's, or a taker is found at once."""


class OfferBook(Book):
    """Enters events of offers, legs, agents and queues."""

    # ---- offers

    def _on_offer_made(self, event: events.OfferMade) -> None:
        life, desk = self.lives[event.contact_id], self.desks[event.agent_id]
        assert event.offer_id not in self.offers_seen
        assert life.state in ("queued", "active")
        self._check_choice(event, life)
        self.offers_seen[event.offer_id] = False
        number = len(self.offers_seen)
        given = self.command
        is_exempt = isinstance(given, commands.AssignContact) and Ignorable.CAPACITY in given.ignoring
        work = Work(life, event.channel, event.cost, number, "offer", is_exempt and event.mode == OfferMode.MANUAL)
        assert event.channel == life.wish.channel
        assert event.cost == self.audit.cost(life, event.agent_id)
        serves = [self.audit.serves(life, desk, event.at_us, surely=surely) for surely in (True, False)]
        serves.append(self.audit.is_served_by(life, desk, event.at_us))
        rank = self.audit.rank(life, event.agent_id)
        assert event.rank in [rank if served else 1 for served in serves]
        life.offers.append(event.offer_id)
        desk.offers[event.offer_id] = work
        self._set_aside.clear()

    def _check_choice(self, event: events.OfferMade, life: Life) -> None:
        """Check a decision as things stood before it set offers aside; what somebody chose is nobody's decision."""
        given = self.command
        is_meant = getattr(given, "contact_id", None) in (life.id, life.order)
        if isinstance(given, commands.PickContact | commands.AssignContact) and is_meant:
            is_kept = self.audit.bars_as_preferred(life, event.agent_id)
            if isinstance(given, commands.PickContact) or Ignorable.MEMBERSHIP not in given.ignoring:
                assert is_kept is not True, "it is kept for preferred agents"
            return
        if life.direct is not None:
            self.happened["offer.made:direct"] += 1
            self.happened["offer.made:returned"] += life.direct != event.agent_id
            life.direct = event.agent_id
            return
        if (
            isinstance(given, commands.JoinConference)
            and is_meant
            and event.agent_id == self.agent_named(given.to_agent)
        ):
            seeker = self.agent_named(given.agent_id)
            if event.expires_at_us is not None and seeker is not None:
                life.seek = Seek(seeker, event.agent_id)
            return
        if event.mode == OfferMode.MANUAL or (life.seek is not None and life.seek.direct is not None):
            return
        aside = [(gone, work) for gone, work in self._set_aside if gone.by_contact_id == life.id]
        preempts = any(gone.reason == RescindReason.PREEMPTED for gone, _ in aside)
        is_least = not preempts and not self._needs_work(event, life) and self._offered_last is not life
        for gone, work in aside:
            self.desks[gone.agent_id].offers[gone.offer_id] = work
            work.life.offers.append(gone.offer_id)
        self.audit.check_decision(life, event.agent_id, event.at_us, is_least=is_least)
        for gone, work in aside:
            del self.desks[gone.agent_id].offers[gone.offer_id]
            work.life.offers.remove(gone.offer_id)
        self._offered_last = life

    def _needs_work(self, event: events.OfferMade, life: Life) -> bool:
        """Tell whether an offer can only have been made because work of a lower tier is to give way."""
        may = self.config.queues[life.queue_id].preempt == Preempt.WORK and event.victim is not None
        return may and not self.audit.is_eligible(life, event.agent_id, event.at_us)

    def _on_offer_end(self, event: Any) -> None:
        assert self.offers_seen[event.offer_id] is False, "an offer ends once"
        self.offers_seen[event.offer_id] = True
        desk = self.desks[event.agent_id]
        work = desk.offers.pop(event.offer_id)
        life = work.life
        assert life.id == event.contact_id
        life.offers.remove(event.offer_id)
        if life in self.wrapping_on and not life.legs and not life.offers:
            self.wrapping_on.remove(life)
        if isinstance(event, events.OfferAccepted):
            self._accepted = work
            return
        if isinstance(event, events.OfferDeclined | events.OfferExpired):
            given = self.command
            if isinstance(given, commands.DeclineOffer) and given.offer_id == event.offer_id:
                until = given.cooldown_until_us
                assert until is None or event.cooldown_us == max(0, until - event.at_us)
            self._cool_down(life, event.agent_id, event.cooldown_us)
        if isinstance(event, events.OfferRescinded) and event.reason in SET_ASIDE:
            assert event.by_contact_id in self.lives
            self._set_aside.append((event, work))
        if life.state == "active" and life.seek is not None and life.seek.direct == event.agent_id:
            withdrawn = isinstance(event, events.OfferRescinded) and event.reason == RescindReason.WITHDRAWN
            life.is_unanswered = life.seek.queues_unanswered and not withdrawn

    def _on_offer_exhausted(self, event: events.OffersExhausted) -> None:
        life = self.lives[event.contact_id]
        assert life.state in ("queued", "active")
        life.entry.exhausted_count += 1
        assert life.entry.exhausted_count == 1, "told a second time"

    # ---- legs

    def _move_leg(self, event: Any, before: tuple[str, ...], after: str) -> Work:
        leg = self._life(event).legs[event.agent_id]
        assert leg.state in before, f"the leg is {leg.state}"
        leg.state = after
        return leg

    def _on_contact_held(self, event: events.ContactHeld) -> None:
        self._move_leg(event, ("active",), "held")

    def _on_contact_resumed(self, event: events.ContactResumed) -> None:
        leg = self._life(event).legs[event.agent_id]
        if leg.state == "suspended":
            self.happened["contact.resumed:suspended"] += 1
            desk = self.desks[event.agent_id]
            rest = [thing for thing in desk.things() if thing is not leg]
            assert self.audit.fits(desk, leg.channel, leg.cost, rest), "resumed without room"
            self.audit.note_begun(event.agent_id, leg)
            leg.is_exempt = False
        self._move_leg(event, ("held", "suspended"), "active")

    def _on_contact_suspended(self, event: events.ContactSuspended) -> None:
        leg = self._move_leg(event, ("active",), "suspended")
        by = self.lives[event.by_contact_id]
        assert by is not leg.life
        if event.reason == SuspendReason.INTERRUPTED:
            channel = by.legs[event.agent_id].channel  # of its offer, even where the contact's has changed since
            assert leg.channel in self.audit.interrupts(channel)
            assert leg.life.tier <= by.tier
        else:
            assert self.config.queues[by.queue_id].preempt == Preempt.WORK
            assert leg.life.tier < by.tier

    def _on_leg_wrap_up_started(self, event: events.WrapUpStarted) -> None:
        self._move_leg(event, ("active", "held"), "wrapping")
        self._note_done(event)

    def _on_leg_wrap_up_extended(self, event: events.WrapUpExtended) -> None:
        self._move_leg(event, ("wrapping",), "wrapping")

    def _on_leg_wrap_up_ended(self, event: events.WrapUpEnded) -> None:
        self._move_leg(event, ("wrapping",), "wrapped")

    def _on_leg_ended(self, event: events.LegEnded) -> None:
        life = self._life(event)
        leg = life.legs.pop(event.agent_id)
        assert event.reason == "cancelled" or leg.state != "wrapping", "a wrap-up ends before its leg"
        self.desks[event.agent_id].legs.remove(leg)
        self._note_done(event)
        given = self.command
        assert not isinstance(given, CONFIGURATION_COMMANDS) or event.reason in CUT, "work was cut"
        if event.reason == "lost":
            assert self.cause == "timer:lost"
            assert self.desks[event.agent_id].is_lost
            assert not self.audit.is_live(leg.channel)
        if event.reason == "connect_failed" and life.callback is not None and not life.works:
            life.callback.attempts += 1
            self.happened["callback:retried"] += 1
        if event.reason in ("requeued", "connect_failed"):
            assert isinstance(given, commands.RequeueContact | commands.ConnectFailed)
            own = self.config.queues[life.queue_id].cooldown_us if given.cooldown is None else given.cooldown
            moment = given.cooldown_until_us
            self._cool_down(life, event.agent_id, own if moment is None else max(0, moment - event.at_us))
        if life in self.wrapping_on and not life.legs and not life.offers:
            self.wrapping_on.remove(life)

    def _note_done(self, event: Any) -> None:
        """A seek ends with the work of the agent it belongs to."""
        life = self.lives.get(event.contact_id)
        if life is not None and life.seek is not None and life.seek.seeker == event.agent_id:
            life.seek = None

    # ---- agents, queues, answers

    def _on_agent_presence_changed(self, event: events.PresenceChanged) -> None:
        desk = self.desks[event.agent_id]
        assert event.previous == desk.presence
        desk.presence, desk.next = event.presence, False
        if self.cause != "timer:lease":
            self.happened["agent.lost:returned"] += desk.is_lost
            desk.is_lost, desk.grace_ends_us = False, None
        if event.presence == "available" and event.previous != "available":
            for life in self.lives.values():
                if life.cooldowns.get(desk.id) == NEXT_AVAILABLE:
                    del life.cooldowns[desk.id]

    def _on_agent_next_presence_set(self, event: events.NextPresenceSet) -> None:
        assert self.desks[event.agent_id].legs
        self.desks[event.agent_id].next = True
        self.desks[event.agent_id].grace_ends_us = None

    def _on_agent_external_load_set(self, event: events.ExternalLoadSet) -> None:
        self.audit.check_units()
        self.desks[event.agent_id].load[event.channel] = event.units

    def _on_queue_paused(self, event: events.QueuePaused) -> None:
        self.paused.add(event.queue_id)

    def _on_queue_opened(self, event: events.QueueOpened) -> None:
        self.paused.remove(event.queue_id)

    def _on_command_refused(self, event: events.CommandRefused) -> None:
        assert (event.rule is not None) == (event.reason == "not_eligible")

    def _on_command_repeated(self, event: events.CommandRepeated) -> None:
        assert event.first_seq <= event.seq
