"""The rules of routing once more, slow and obvious: the oracle that the engine is compared with.

Everything is a list, a dict or a sorted list; every decision builds all pairs of waiting contacts and agents, sorts
them by the whole key and takes the least. It shares no code with the engine beyond commands, events, configuration
and closed sets, and never checks types. ``ContactQueued.handle`` is the number of the contact in
order of enqueue; the engine's own handle is its secret, so comparisons leave that field out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from sortedcontainers import SortedKeyList  # type: ignore[import-untyped]

from ccroute import commands, events
from ccroute.commands import Command
from ccroute.config.structs import Config
from ccroute.events import Event
from ccroute.types import (
    DURATION_US_MAX,
    ContactState,
    KeepsPlace,
    LegEnd,
    LegState,
    OfferMode,
    PendingOffers,
    Presence,
    RefusalReason,
    RescindReason,
)
from tests.model.choice import Choice, Pair
from tests.model.state import ENDED_STATES, Agent, Contact, Leg, Offer, Timer, in_agent_order


class TimeJumpError(Exception):
    """The call reaches further ahead than ``jump_max_us`` allows; nothing has moved."""


class RefusalError(Exception):
    """The command cannot be carried out right now."""

    def __init__(self, reason: RefusalReason) -> None:
        self.reason = reason


class Model:
    """What :class:`ccroute.Engine` must do."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.choice = Choice(config)
        self.now = 0
        self.called = False
        self.seq = 0
        self.command_number = 0
        self.offer_ids: list[str] = []
        self.contacts_made = 0
        self.timers_armed = 0
        self.timers: SortedKeyList[Timer, tuple[int, int]] = SortedKeyList(key=lambda timer: (timer.due, timer.arming))
        self.contacts: list[Contact] = []
        self.over: list[Contact] = []
        self.agents = {id_: Agent(seq, id_, agent) for seq, (id_, agent) in enumerate(config.agents.items())}
        self.paused = {id_ for id_, queue in config.queues.items() if queue.paused}
        self.window: dict[str, tuple[int, int]] = {}
        self.counts = dict.fromkeys(("created", "closed", "abandoned", "cancelled"), 0)
        self.cause = ""
        self.actor: str | None = None
        self.out: list[Event] = []

    # ---- the surface

    def handle(self, command: Command, at_us: int, allow_jump: bool = False) -> list[Event]:
        """Carry a command out and return every event, those of timers due before it included."""
        self._check_jump(self.now, at_us, allow_jump)
        self.called = True
        return self._handle(command, at_us)

    def handle_many(self, pairs: list[tuple[Command, int]], allow_jump: bool = False) -> list[list[Event]]:
        """Carry commands out in turn; check all times before the first."""
        reached = self.now
        for _, at_us in pairs:
            self._check_jump(reached, at_us, allow_jump)
            reached = max(reached, at_us)
        self.called = self.called or bool(pairs)
        return [self._handle(command, at_us) for command, at_us in pairs]

    def advance(self, to_us: int, allow_jump: bool = False) -> list[Event]:
        """Let time pass and return the events of the timers."""
        self._check_jump(self.now, to_us, allow_jump)
        self.called = True
        self.out = []
        self._pass_time(to_us)
        return self.out

    def next_at_us(self) -> int | None:
        """Return when the next timer is due, or None."""
        return self.timers[0].due if self.timers else None

    def counters(self) -> dict[str, int]:
        """Return how many contacts were created, how many met each end, and how many have met none."""
        return self.counts | {"inside": sum(self._is_live(contact) for contact in self.contacts)}

    def _check_jump(self, now: int, at_us: int, allow_jump: bool) -> None:
        jump_max_us = self.config.engine.jump_max_us
        if jump_max_us is not None and self.called and not allow_jump and at_us - now > jump_max_us:
            raise TimeJumpError

    def _handle(self, command: Command, at_us: int) -> list[Event]:
        self.out = []
        self._pass_time(at_us)
        before = len(self.out)
        first_seq = self.seq + 1
        self.command_number += 1
        self.cause, self.actor = f"command:{self.command_number}", command.actor
        if command.command_id is not None and command.command_id in self.window:
            first, count = self.window[command.command_id]
            self._tell(events.CommandRepeated, command_id=command.command_id, first_seq=first, count=count)
            return self.out
        try:
            self._carry_out(command)
        except RefusalError as refused:
            ids = {key: getattr(command, key, None) for key in ("contact_id", "agent_id", "offer_id", "queue_id")}
            tag = command.__struct_config__.tag
            self._tell(events.CommandRefused, reason=refused.reason, command=tag, **ids)
        self._decide()
        self._forget()
        if command.command_id is not None:
            self.window[command.command_id] = (first_seq, len(self.out) - before)
            while len(self.window) > self.config.engine.command_ids_max:
                del self.window[next(iter(self.window))]
        return self.out

    def _tell(self, kind: type[Event], **fields: Any) -> None:
        self.seq += 1
        self.out.append(kind(seq=self.seq, at_us=self.now, cause=self.cause, actor=self.actor, **fields))

    # ---- time

    def _pass_time(self, to_us: int) -> None:
        """Fire what is due up to ``to_us``, instant by instant, deciding after each."""
        target = max(self.now, to_us)
        while self.timers and self.timers[0].due <= target:
            self.now = self.timers[0].due
            while self.timers and self.timers[0].due == self.now:
                timer = self.timers.pop(0)
                self.cause, self.actor = f"timer:{timer.name}", None
                timer.fire()
            self._decide()
        self.now = target
        self._forget()

    def _arm(self, due: int, name: str, fire: Callable[[], None]) -> Timer:
        self.timers_armed += 1
        timer = Timer(due, self.timers_armed, name, fire)
        self.timers.add(timer)
        return timer

    def _disarm(self, timer: Timer | None) -> None:
        if timer is not None and timer in self.timers:
            self.timers.remove(timer)

    def _forget(self) -> None:
        while self.over and self.now >= (self.over[0].over_at or 0) + self.config.engine.retain_us:
            self._drop(self.over[0])

    def _drop(self, contact: Contact) -> None:
        self.contacts.remove(contact)
        self.over.remove(contact)

    def eligible_pairs(self) -> list[Pair]:
        """Return every pair that could be made now, least first; after a call there is none."""
        return self.choice.pairs(self.now, self.contacts, self.agents.values(), self.paused)

    def _decide(self) -> None:
        while pairs := self.eligible_pairs():
            self._make_offer(pairs[0])

    # ---- offers

    def _make_offer(self, pair: Pair) -> None:
        contact, agent = pair.contact, pair.agent
        queue = self.config.queues[contact.queue]
        offer = Offer(len(self.offer_ids) + 1, contact, agent, pair.cost)
        self.offer_ids.append(offer.ids()["offer_id"])
        contact.offer = offer
        contact.offers_made += 1
        agent.offers.append(offer)
        agent.last_offer = offer.number
        rings = queue.offer.mode == OfferMode.RING
        expires_at_us = self.now + queue.offer.offer_timeout_us if rings else None
        self._tell(
            events.OfferMade,
            **offer.ids(),
            queue_id=contact.queue,
            channel=contact.given.channel,
            customer_id=contact.given.customer_id,
            mode=queue.offer.mode,
            rank=pair.rank,
            cost=pair.cost,
            expires_at_us=expires_at_us,
        )
        if expires_at_us is None:
            self._accept(offer)
        else:
            offer.timer = self._arm(expires_at_us, "offer", lambda: self._expire(offer))

    def _accept(self, offer: Offer) -> None:
        contact, agent = offer.contact, offer.agent
        self._take_off(offer)
        self._leave_queue(contact, ContactState.ACTIVE)
        leg = Leg(contact, agent, contact.queue, offer.cost, self.now)
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
            channel=contact.given.channel,
            cost=offer.cost,
            waited_us=self._waited(contact),
        )

    def _take_off(self, offer: Offer) -> None:
        self._disarm(offer.timer)
        offer.contact.offer = None
        offer.agent.offers.remove(offer)

    def _decline(self, offer: Offer, reason: str | None) -> None:
        self._take_off(offer)
        cooldown_us = self._cool_down(offer.contact, offer.agent)
        self._tell(events.OfferDeclined, **offer.ids(), reason=reason, cooldown_us=cooldown_us)
        self._tell_exhausted(offer.contact)

    def _rescind(self, offer: Offer, reason: RescindReason) -> None:
        self._take_off(offer)
        self._tell(events.OfferRescinded, **offer.ids(), reason=reason)
        self._tell_exhausted(offer.contact)

    def _expire(self, offer: Offer) -> None:
        contact, agent = offer.contact, offer.agent
        self._take_off(offer)
        agent.expiries += 1
        cooldown_us = self._cool_down(contact, agent)
        self._tell(events.OfferExpired, **offer.ids(), expiries=agent.expiries, cooldown_us=cooldown_us)
        self._tell_exhausted(contact)
        away_after = self.choice.away_after(contact)
        if agent.presence == Presence.AVAILABLE and 0 < away_after <= agent.expiries:
            agent.expiries = 0
            self._change_presence(agent, Presence.AWAY, "no_answer", PendingOffers.RESCIND)

    def _cool_down(self, contact: Contact, agent: Agent) -> int:
        """Keep an agent from being offered a contact for as long as the contact's present queue says."""
        cooldown_us = self.config.queues[contact.queue].cooldown_us
        if cooldown_us > 0:
            self._disarm(contact.cooldowns.get(agent.id))
            due = self.now + cooldown_us
            contact.cooldowns[agent.id] = self._arm(due, "cooldown", lambda: contact.cooldowns.__delitem__(agent.id))
        return cooldown_us

    def _tell_exhausted(self, contact: Contact) -> None:
        offers_max = self.config.queues[contact.queue].offers_max_per_contact
        if contact.state == ContactState.QUEUED and contact.offers_made >= offers_max and not contact.exhausted_told:
            contact.exhausted_told = True
            self._tell(
                events.OffersExhausted, contact_id=contact.id, queue_id=contact.queue, offers=contact.offers_made
            )

    # ---- contacts and legs

    def _enter_queue(self, contact: Contact, queue_id: str) -> None:
        contact.queue = queue_id
        contact.state = ContactState.QUEUED
        contact.queued_since = self.now
        contact.offers_made = 0
        contact.exhausted_told = False
        self._tell(
            events.ContactQueued,
            contact_id=contact.id,
            handle=contact.seq,
            queue_id=queue_id,
            channel=contact.given.channel,
            customer_id=contact.given.customer_id,
            conversation_id=contact.given.conversation_id,
            parent_id=contact.given.parent_id,
            tier=self.choice.tier(contact),
            head_start_us=self.choice.head_start(contact),
            place_at_us=contact.place,
        )

    def _leave_queue(self, contact: Contact, state: ContactState) -> None:
        contact.waited_before = self._waited(contact)
        contact.state = state

    def _waited(self, contact: Contact) -> int:
        if contact.state == ContactState.QUEUED:
            return contact.waited_before + self.now - contact.queued_since
        return contact.waited_before

    def _end(self, contact: Contact, state: ContactState) -> None:
        """Bring a contact to its end; legs that still wrap up go on."""
        self._leave_queue(contact, state)
        self.counts[state.value] += 1
        for timer in contact.cooldowns.values():
            self._disarm(timer)
        contact.cooldowns.clear()
        self._note_over(contact)

    def _note_over(self, contact: Contact) -> None:
        if contact.state in ENDED_STATES and not contact.legs and contact.over_at is None:
            contact.over_at = self.now
            self.over.append(contact)

    def _finish_work(self, leg: Leg, end: LegEnd, wrap_up_us: int | str) -> None:
        """Let a leg wrap up, or end it where there is no wrap-up."""
        leg.end = end
        if wrap_up_us == 0:
            self._end_leg(leg)
            return
        leg.state = LegState.WRAPPING
        leg.wrap_began = self.now
        leg.wrap_ends = None if isinstance(wrap_up_us, str) else self.now + wrap_up_us
        self._tell(events.WrapUpStarted, **leg.ids(), ends_at_us=leg.wrap_ends)
        self._arm_wrap_up(leg)

    def _arm_wrap_up(self, leg: Leg) -> None:
        self._disarm(leg.timer)
        leg.timer = None
        if leg.wrap_ends is not None:
            leg.timer = self._arm(leg.wrap_ends, "wrap_up", lambda: self._end_wrap_up(leg))

    def _end_wrap_up(self, leg: Leg) -> None:
        self._tell(events.WrapUpEnded, **leg.ids(), wrapped_us=self.now - leg.wrap_began)
        self._end_leg(leg)
        self._close_if_done(leg.contact)
        self._take_next_presence(leg.agent)

    def _end_leg(self, leg: Leg) -> None:
        self._disarm(leg.timer)
        worked_until = leg.wrap_began if leg.state == LegState.WRAPPING else self.now
        leg.contact.legs.remove(leg)
        leg.agent.legs.remove(leg)
        leg.agent.idle_since = self.now
        handled_us = worked_until - leg.began
        self._tell(events.LegEnded, **leg.ids(), reason=leg.end, began_at_us=leg.began, handled_us=handled_us)
        self._note_over(leg.contact)

    def _close_if_done(self, contact: Contact) -> None:
        if contact.state == ContactState.ACTIVE and not contact.legs:
            self._end(contact, ContactState.CLOSED)
            self._tell(
                events.ContactClosed,
                contact_id=contact.id,
                queue_id=contact.queue,
                disposition=contact.disposition,
                waited_us=contact.waited_before,
            )

    # ---- agents

    def _change_presence(self, agent: Agent, presence: Presence, label: str | None, offers: PendingOffers) -> None:
        previous = agent.presence
        agent.presence = presence
        agent.label = label
        agent.next = None
        if previous == Presence.OFFLINE and presence != Presence.OFFLINE:
            agent.idle_since = self.now
            agent.handled = 0
            agent.expiries = 0
        comes_back = previous == Presence.AWAY and presence == Presence.AVAILABLE
        if comes_back and self.now - agent.away_since > self.config.engine.idle_grace_us:
            agent.idle_since = self.now
        if previous != Presence.AWAY and presence == Presence.AWAY:
            agent.away_since = self.now
        self._tell(events.PresenceChanged, agent_id=agent.id, presence=presence, label=label, previous=previous)
        if previous != Presence.AVAILABLE or presence == Presence.AVAILABLE or offers == PendingOffers.KEEP:
            return
        for offer in list(agent.offers):
            if offers == PendingOffers.RESCIND:
                self._rescind(offer, RescindReason.PRESENCE)
            else:
                self._decline(offer, None)

    def _take_next_presence(self, agent: Agent) -> None:
        if agent.next is not None and not agent.legs:
            self._change_presence(agent, *agent.next)

    def _pending_policy(self, agent: Agent, offers: PendingOffers | None) -> PendingOffers:
        if offers is not None:
            return offers
        return PendingOffers.DECLINE if self.actor in (None, agent.id) else PendingOffers.RESCIND

    def _set_presence(
        self, agent: Agent, presence: Presence, label: str | None, offers: PendingOffers | None, when_done: bool
    ) -> None:
        policy = self._pending_policy(agent, offers)
        if when_done and agent.legs:
            agent.next = (presence, label, policy)
            self._tell(events.NextPresenceSet, agent_id=agent.id, presence=presence, label=label)
            return
        leaves = agent.presence == Presence.AVAILABLE and presence != Presence.AVAILABLE
        if leaves and agent.offers and policy == PendingOffers.REFUSE:
            raise RefusalError(RefusalReason.OFFERS_PENDING)
        self._change_presence(agent, presence, label, policy)

    # ---- commands

    def _carry_out(self, command: Command) -> None:
        tag = command.__struct_config__.tag
        assert isinstance(tag, str)
        getattr(self, "_on_" + tag.replace(".", "_"))(command)

    def _agent(self, key: str | int) -> Agent:
        found = next((a for a in self.agents.values() if key == a.id or (type(key) is int and key == a.seq)), None)
        return found or refuse(RefusalReason.UNKNOWN_AGENT)

    def _contact(self, key: str | int) -> Contact:
        found = next((c for c in self.contacts if key == c.seq), None) if type(key) is int else self._newest(key)
        return found or refuse(RefusalReason.UNKNOWN_CONTACT)

    def _newest(self, contact_id: str | int) -> Contact | None:
        """Return the newest contact of an id; an earlier one of the same id is still retained under its handle."""
        return next((contact for contact in reversed(self.contacts) if contact.id == contact_id), None)

    def _leg(self, contact: Contact, agent: Agent, *allowed: LegState) -> Leg:
        if contact.over_at is not None:
            refuse(RefusalReason.CONTACT_ENDED)
        leg = next((leg for leg in contact.legs if leg.agent is agent), None) or refuse(RefusalReason.NO_LEG)
        if leg.state not in allowed:
            refuse(RefusalReason(f"leg_{leg.state.value}"))
        return leg

    def _offer(self, offer_id: str) -> Offer:
        pending = {f"o{offer.number}": offer for agent in self.agents.values() for offer in agent.offers}
        if offer_id in pending:
            return pending[offer_id]
        return refuse(RefusalReason.OFFER_ENDED if offer_id in self.offer_ids else RefusalReason.UNKNOWN_OFFER)

    def _is_live(self, contact: Contact) -> bool:
        return contact.state not in ENDED_STATES

    def _class(self, given: commands.EnqueueContact, queue_id: str) -> tuple[Any, ...]:
        return queue_id, given.requires, given.channel, given.cost

    def _check_classes(self, given: commands.EnqueueContact, queue_id: str) -> None:
        others = [c for c in self.contacts if self._is_live(c) and c.given is not given]
        held = {self._class(contact.given, contact.queue) for contact in others}
        if self._class(given, queue_id) not in held and len(held) >= self.config.engine.classes_max:
            refuse(RefusalReason.CLASSES_MAX)

    def _on_contact_enqueue(self, command: commands.EnqueueContact) -> None:
        same = self._newest(command.contact_id)
        if same is not None and same.over_at is None:
            refuse(RefusalReason.CONTACT_EXISTS)
        contacts_max = self.config.engine.contacts_max
        if sum(contact.over_at is None for contact in self.contacts) >= contacts_max:
            refuse(RefusalReason.CONTACTS_MAX)
        self._check_classes(command, command.queue_id)
        while len(self.contacts) >= contacts_max:
            self._drop(self.over[0])
        self.contacts_made += 1
        self.counts["created"] += 1
        contact = Contact(self.contacts_made, command, command.queue_id, self.now, self.now)
        self.contacts.append(contact)
        self._enter_queue(contact, command.queue_id)

    def _on_contact_abandon(self, command: commands.AbandonContact) -> None:
        contact = self._contact(command.contact_id)
        if contact.state in ENDED_STATES:
            refuse(RefusalReason.CONTACT_ENDED)
        if contact.state == ContactState.ACTIVE:
            refuse(RefusalReason.CONTACT_ACTIVE)
        self._end(contact, ContactState.ABANDONED)
        self._tell(events.ContactAbandoned, **self._ending(contact), reason=command.reason)
        if contact.offer is not None:
            self._rescind(contact.offer, RescindReason.ABANDONED)

    def _on_contact_cancel(self, command: commands.CancelContact) -> None:
        contact = self._contact(command.contact_id)
        if contact.state in ENDED_STATES:
            refuse(RefusalReason.CONTACT_ENDED)
        self._end(contact, ContactState.CANCELLED)
        self._tell(events.ContactCancelled, **self._ending(contact), reason=command.reason)
        if contact.offer is not None:
            self._rescind(contact.offer, RescindReason.CANCELLED)
        legs = in_agent_order(contact.legs)
        for leg in legs:
            leg.end = LegEnd.CANCELLED
            self._end_leg(leg)
        for leg in legs:
            self._take_next_presence(leg.agent)

    def _ending(self, contact: Contact) -> dict[str, Any]:
        return {"contact_id": contact.id, "queue_id": contact.queue, "waited_us": contact.waited_before}

    def _on_offer_accept(self, command: commands.AcceptOffer) -> None:
        self._accept(self._offer(command.offer_id))

    def _on_offer_decline(self, command: commands.DeclineOffer) -> None:
        offer = self._offer(command.offer_id)
        self._decline(offer, command.reason)
        if command.next_presence is not None:
            self._set_presence(offer.agent, command.next_presence, None, None, when_done=True)

    def _on_leg_hold(self, command: commands.HoldContact) -> None:
        agent = self._agent(command.agent_id)
        leg = self._leg(self._contact(command.contact_id), agent, LegState.ACTIVE)
        leg.state = LegState.HELD
        self._tell(events.ContactHeld, **leg.ids())

    def _on_leg_resume(self, command: commands.ResumeContact) -> None:
        agent = self._agent(command.agent_id)
        leg = self._leg(self._contact(command.contact_id), agent, LegState.HELD)
        leg.state = LegState.ACTIVE
        self._tell(events.ContactResumed, **leg.ids())

    def _on_contact_complete(self, command: commands.CompleteContact) -> None:
        if command.agent_id is not None:
            agent = self._agent(command.agent_id)
            contact = self._contact(command.contact_id)
            legs = [self._leg(contact, agent, LegState.ACTIVE, LegState.HELD)]
        else:
            contact = self._contact(command.contact_id)
            if contact.over_at is not None:
                refuse(RefusalReason.CONTACT_ENDED)
            if not contact.legs:
                refuse(RefusalReason.CONTACT_QUEUED)
            legs = in_agent_order([leg for leg in contact.legs if leg.state != LegState.WRAPPING])
            if not legs:
                refuse(RefusalReason.LEG_WRAPPING)
        if command.disposition is not None:
            contact.disposition = command.disposition
        for leg in legs:
            own = self.config.queues[leg.queue].wrap_up_us
            self._finish_work(leg, LegEnd.COMPLETED, own if command.wrap_up_us is None else command.wrap_up_us)
        self._close_if_done(contact)
        for leg in legs:
            self._take_next_presence(leg.agent)

    def _on_leg_end_wrap_up(self, command: commands.EndWrapUp) -> None:
        agent = self._agent(command.agent_id)
        self._end_wrap_up(self._leg(self._contact(command.contact_id), agent, LegState.WRAPPING))

    def _on_leg_extend_wrap_up(self, command: commands.ExtendWrapUp) -> None:
        agent = self._agent(command.agent_id)
        leg = self._leg(self._contact(command.contact_id), agent, LegState.WRAPPING)
        if leg.wrap_ends is not None:
            longest = self.now + DURATION_US_MAX
            more = command.wrap_up_us
            leg.wrap_ends = None if isinstance(more, str) else min(leg.wrap_ends + more, longest)
        self._tell(events.WrapUpExtended, **leg.ids(), ends_at_us=leg.wrap_ends)
        self._arm_wrap_up(leg)

    def _on_contact_transfer(self, command: commands.TransferContact) -> None:
        agent = self._agent(command.agent_id)
        contact = self._contact(command.contact_id)
        leg = self._leg(contact, agent, LegState.ACTIVE, LegState.HELD)
        self._check_classes(contact.given, command.to_queue)
        from_queue, contact.queue = contact.queue, command.to_queue
        self._tell(
            events.ContactTransferred,
            **leg.ids(),
            from_queue_id=from_queue,
            to_queue_id=command.to_queue,
            mode=command.mode,
            cooldown_us=self._cool_down(contact, agent),
        )
        self._finish_work(leg, LegEnd.TRANSFERRED, self.config.queues[leg.queue].wrap_up_us)
        keeps_place = command.keeps_place or self.config.queues[command.to_queue].keeps_place
        if keeps_place == KeepsPlace.WAITED:
            contact.place = self.now - self._waited(contact)
        elif keeps_place == KeepsPlace.NONE:
            contact.place = self.now
        self._enter_queue(contact, command.to_queue)
        self._take_next_presence(agent)

    def _on_agent_presence(self, command: commands.SetPresence) -> None:
        agent = self._agent(command.agent_id)
        self._set_presence(agent, command.presence, command.label, command.offers, when_done=command.next_)

    def _on_queue_pause(self, command: commands.PauseQueue) -> None:
        if command.queue_id in self.paused:
            refuse(RefusalReason.QUEUE_PAUSED)
        self.paused.add(command.queue_id)
        self._tell(events.QueuePaused, queue_id=command.queue_id)

    def _on_queue_open(self, command: commands.OpenQueue) -> None:
        if command.queue_id not in self.paused:
            refuse(RefusalReason.QUEUE_OPEN)
        self.paused.remove(command.queue_id)
        self._tell(events.QueueOpened, queue_id=command.queue_id)


def refuse(reason: RefusalReason) -> NoReturn:
    """Refuse the command that is being carried out."""
    raise RefusalError(reason)
