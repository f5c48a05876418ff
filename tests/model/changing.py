"""Contacts that become others while they live: parked and unparked, changed, on another channel."""

from __future__ import annotations

from typing import Any

import msgspec

from ccroute import commands, events
from ccroute.commands import ContactPatch, EnqueueContact
from ccroute.types import (
    ChangeOffers,
    ContactState,
    KeepsPlace,
    LegEnd,
    LegState,
    ParkClock,
    RefusalReason,
    RequeueReason,
    RescindReason,
    Rule,
    SuspendReason,
)
from tests.model.ground import refuse, refuse_if_broken
from tests.model.handover import Handover
from tests.model.room import Need, without
from tests.model.state import OUT_OF_LINE, Contact, Leg, Offer, Thing

SEEN_TO_APART = ("queue_id", "parked", "due_at_us", "keeps_place")
"""Fields of a patch that do not become what a contact asks for."""


class Changing(Handover):
    """Commands that change a contact, its channel or its clock."""

    # ---- parking

    def _on_contact_park(self, command: commands.ParkContact) -> None:
        contact = self._live_contact(command.contact_id)
        if contact.state in OUT_OF_LINE:
            refuse(RefusalReason(f"contact_{contact.state.value}"))
        self._park(contact, command.clock, command.until_us)

    def _park(self, contact: Contact, clock: ParkClock, until_us: int | None) -> None:
        self._put_aside(contact, ContactState.PARKED, clock, until_us)

    def _schedule(self, contact: Contact, due_at_us: int) -> None:
        self._put_aside(contact, ContactState.SCHEDULED, ParkClock.STOPS, due_at_us)

    def _put_aside(self, contact: Contact, state: ContactState, clock: ParkClock, until_us: int | None) -> None:
        was_active = contact.state == ContactState.ACTIVE
        if contact.state in OUT_OF_LINE:
            self._move_on_by_parking(contact)
        self._disarm(contact.park_timer)
        contact.park_timer = None
        self._leave_queue(contact, state)
        contact.parked_since = contact.waits_since = self.now
        contact.clock_runs = clock == ParkClock.RUNS
        contact.seek = contact.direct = None
        self._ignore_the_time(contact)
        if state == ContactState.PARKED:
            self._tell_parked(contact, clock, until_us)
        else:
            assert until_us is not None
            self._tell_scheduled(contact, until_us)
        if until_us is not None:
            contact.park_timer = self._arm(max(self.now, until_us), "park", lambda: self._come_back(contact))
        legs = contact.working_legs()
        for leg in legs:
            self._end_leg(leg, LegEnd.PARKED)
        for offer in list(contact.offers):
            self._rescind(offer, RescindReason.WITHDRAWN if was_active else RescindReason.PARKED)
        for leg in legs:
            self._take_next_presence(leg.agent)

    def _on_contact_unpark(self, command: commands.UnparkContact) -> None:
        contact = self._live_contact(command.contact_id)
        if contact.state == ContactState.QUEUED:
            refuse(RefusalReason.CONTACT_QUEUED)
        if contact.state == ContactState.ACTIVE:
            refuse(RefusalReason.CONTACT_ACTIVE)
        if contact.queue is None:
            refuse(RefusalReason.NO_QUEUE)
        self._unpark(contact)

    def _come_back(self, contact: Contact) -> None:
        """Let a contact wait for which the moment has come, or be parked, if that was said."""
        contact.park_timer = None
        if contact.state == ContactState.SCHEDULED and (contact.parks_when_due or contact.queue is None):
            clock, until_us = contact.parks_as
            contact.parks_as = ParkClock.STOPS, None
            self._park(contact, clock, until_us)
        else:
            self._unpark(contact)

    def _unpark(self, contact: Contact) -> None:
        self._move_on_by_parking(contact)
        self._disarm(contact.park_timer)
        contact.park_timer = None
        contact.parks_as = ParkClock.STOPS, None
        contact.waited_before = self._waited(contact)
        self._begin_to_wait(contact)
        self._watch_the_time(contact)
        self._tell_queued(contact)
        self._look_at_overdue(contact)

    def _move_on_by_parking(self, contact: Contact) -> None:
        """Move place and time in the queue on by the parking so far, where its clock stopped."""
        if not contact.clock_runs:
            contact.place += self.now - contact.parked_since
            contact.queued_since += self.now - contact.parked_since
            contact.course.began += self.now - contact.parked_since
            if contact.phase is not None:
                contact.phase.ends += self.now - contact.parked_since
            contact.parked_since = self.now

    # ---- channel

    def _on_contact_change_channel(self, command: commands.ChangeChannel) -> None:
        contact = self._live_contact(command.contact_id)
        before = contact.given
        plans: list[tuple[Leg, int, list[Thing]]] = []
        broken: list[Rule] = []
        if command.channel != contact.channel:
            contact.given = msgspec.structs.replace(before, channel=command.channel)
            try:
                plans, broken = self._plans_for_channel(contact)
                if not command.or_requeue:
                    refuse_if_broken(broken)
            except Exception:
                contact.given = before
                raise
        contact.version += 1
        self._tell(
            events.ChannelChanged,
            contact_id=contact.id,
            from_channel=before.channel,
            to_channel=command.channel,
            version=contact.version,
        )
        self._watch_callback(contact)
        if contact.state == ContactState.QUEUED and contact.is_callback() and before.channel != contact.channel:
            self._look_at(contact)
        if broken:
            self._requeue_for_channel(contact)
            return
        self._move_legs(plans)
        if command.channel != before.channel:
            self._recheck(contact, (Rule.CHANNEL_CLOSED,))

    def _plans_for_channel(self, contact: Contact) -> tuple[list[tuple[Leg, int, list[Thing]]], list[Rule]]:
        """Return each working leg with its new cost and what it sets aside on the channel that the contact has now.

        Where one has no room: the rules that are broken for the first such leg.
        """
        legs = contact.working_legs()
        if any(leg.state == LegState.SUSPENDED for leg in legs):
            refuse(RefusalReason.LEG_SUSPENDED)
        plans = []
        for leg in legs:
            cost = self.choice.cost(contact, leg.agent)
            need = Need(contact, leg.agent, contact.channel, cost, needs_slot=False)
            things = without([*leg.agent.offers, *leg.agent.legs], [leg])
            aside = self.choice.room.aside(need, things)
            if aside is None:
                return [], self.choice.room.broken_at_best(need, things)
            plans.append((leg, cost, aside))
        return plans, []

    def _move_legs(self, plans: list[tuple[Leg, int, list[Thing]]]) -> None:
        """Put legs on the channel of their contact, agent by agent."""
        for leg, cost, aside in plans:
            leg.channel, leg.cost = leg.contact.channel, cost
            for thing in aside:
                if isinstance(thing, Leg):
                    self._suspend(thing, leg.contact, SuspendReason.INTERRUPTED)
                elif thing in thing.agent.offers:
                    self._rescind(thing, RescindReason.INTERRUPTED, leg.contact)

    def _requeue_for_channel(self, contact: Contact) -> None:
        legs = contact.working_legs()
        for leg in legs:
            self._end_leg(leg, LegEnd.CHANNEL_CHANGED)
        self._withdraw_seek_of(legs)
        self._requeue(contact, RequeueReason.CHANNEL)
        self._look_at_overdue(contact)
        for leg in legs:
            self._take_next_presence(leg.agent)

    def _recheck(self, contact: Contact, asked: tuple[Rule, ...]) -> None:
        """Rescind the offers of a contact whose agents one of these rules keeps from it now."""
        for offer in list(contact.offers):
            if offer in contact.offers and self._is_broken_now(offer, asked):
                self._rescind(offer, RescindReason.CHANGED)

    def _is_broken_now(self, offer: Offer, asked: tuple[Rule, ...]) -> bool:
        rules = self.choice.rules_against(offer.contact, offer.agent)
        closed = self.choice.room.broken(self.choice.need(offer.contact, offer.agent, needs_slot=False), [])
        rules += [rule for rule in closed if rule == Rule.CHANNEL_CLOSED]
        return any(rule in asked for rule in rules)

    # ---- change

    def _on_contact_change(self, command: commands.ChangeContact) -> None:
        contact = self._live_contact(command.contact_id)
        if command.if_version is not None and command.if_version != contact.version:
            refuse(RefusalReason.VERSION)
        patch = given_fields(command.patch)
        if patch.get("queue_id", contact.queue) not in (None, *self.config.queues):
            refuse(RefusalReason.QUEUE_DRAINING)
        before, queue_before = contact.given, contact.queue
        contact.given = self._known_agents(patched(before, patch))
        contact.queue = patch.get("queue_id", contact.queue)
        plans: list[tuple[Leg, int, list[Thing]]] = []
        moves = contact.queue != queue_before
        try:
            if contact.channel != before.channel and contact.state == ContactState.ACTIVE:
                plans, broken = self._plans_for_channel(contact)
                refuse_if_broken(broken)
            self._refuse_if_draining(contact.queue if moves else None, *(step.queue for step in patch.get("plan", ())))
            if contact.queue is None and self._ends_parking(contact, patch):
                refuse(RefusalReason.NO_QUEUE)
        except Exception:
            contact.given, contact.queue = before, queue_before
            raise
        keeps_place = None if command.patch.keeps_place is msgspec.UNSET else command.patch.keeps_place
        if moves and queue_before is None:
            keeps_place = keeps_place or KeepsPlace.AGE
            contact.born = self._first_moment(contact, patch)
        self._place_changed(contact, keeps_place, moves)
        if "preferred" in patch:
            self._prefer_others(contact)
        if "plan" in patch:
            contact.course.spent.clear()
            contact.course.consumed = {key for key in contact.course.consumed if key[0] != "own"}
        self._tell_changed(contact, list(patch))
        self._move_legs(plans)
        self._see_to_offers(contact, command.offers)
        if moves and contact.state == ContactState.QUEUED:
            self._tell_queued(contact)
        self._put_aside_as_said(contact, patch)

    def _first_moment(self, contact: Contact, patch: dict[str, Any]) -> int:
        """Return from when the time counts of a contact that has got its first queue: from its due moment, or now."""
        if "due_at_us" in patch:
            return max(self.now, patch["due_at_us"] or 0)
        is_scheduled = contact.state == ContactState.SCHEDULED and contact.park_timer is not None
        return contact.park_timer.due if is_scheduled and contact.park_timer else self.now

    def _ends_parking(self, contact: Contact, patch: dict[str, Any]) -> bool:
        """Tell whether a patch lets a parked contact wait."""
        due_at_us = patch.get("due_at_us")
        comes_later = due_at_us is not None and due_at_us > self.now
        return contact.state == ContactState.PARKED and patch.get("parked") is False and not comes_later

    def _put_aside_as_said(self, contact: Contact, patch: dict[str, Any]) -> None:
        """Schedule, park or unpark a changed contact; what is scheduled is parked or not only when it is due."""
        due_at_us, parked = patch.get("due_at_us"), patch.get("parked")
        if due_at_us is not None and due_at_us > self.now:
            was_scheduled = contact.state == ContactState.SCHEDULED
            contact.parks_when_due = (was_scheduled and contact.parks_when_due) if parked is None else parked
            self._schedule(contact, due_at_us)
        elif contact.state == ContactState.SCHEDULED:
            contact.parks_when_due = contact.parks_when_due if parked is None else parked
            if "due_at_us" in patch:
                self._disarm(contact.park_timer)
                self._come_back(contact)
        elif parked is True and contact.state != ContactState.PARKED:
            self._park(contact, ParkClock.STOPS, None)
        elif parked is False and contact.state == ContactState.PARKED:
            self._unpark(contact)

    def _place_changed(
        self, contact: Contact, keeps_place: KeepsPlace | None, moves: bool, keeps_plan: bool = False
    ) -> None:
        """Set the place of a changed contact, and let it enter the queue it has now, if it moves."""
        if not moves and keeps_place is None:
            return
        if contact.state in OUT_OF_LINE:
            self._move_on_by_parking(contact)
        self._set_place(contact, keeps_place or self.choice.queue(contact).keeps_place)
        if moves:
            contact.direct = None
            self._enter_queue(contact, contact.present_queue, keeps_plan)

    def _prefer_others(self, contact: Contact) -> None:
        """End the phase of a contact whose preferred agents have changed, without a word; another may begin."""
        contact.phase = None
        contact.phase_from = contact.phase_from or "change"

    def _see_to_offers(self, contact: Contact, offers: ChangeOffers) -> None:
        if offers == ChangeOffers.RESCIND:
            for offer in list(contact.offers):
                if offer in contact.offers:
                    self._rescind(offer, RescindReason.CHANGED)
        elif offers == ChangeOffers.RECHECK:
            asked: tuple[Rule, ...] = (Rule.EXCLUDED, Rule.CHANNEL_CLOSED)
            if contact.direct is None:
                asked += (Rule.MEMBERSHIP, Rule.AFTER, Rule.REQUIREMENT, Rule.PREFERRED)
            self._recheck(contact, asked)


def given_fields(patch: ContactPatch) -> dict[str, Any]:
    """Return the fields that a patch gives, in order."""
    fields = {name: getattr(patch, name) for name in patch.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}


def patched(given: EnqueueContact, patch: dict[str, Any]) -> EnqueueContact:
    """Return what a contact asks for after a patch; queue, place and parking are seen to elsewhere."""
    own = {name: value for name, value in patch.items() if name not in SEEN_TO_APART}
    return msgspec.structs.replace(given, **own)
