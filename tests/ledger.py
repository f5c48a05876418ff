"""A book kept from events alone: what a listener can know, and whether the promises hold in it.

It reads commands only for what events do not repeat: what an enqueued or changed contact asks for, cool-downs of a
command's own, to whom a consult or a join goes, and what an assignment ignores. Every event is checked against the
state before it; :meth:`Ledger.check_settled` checks the state after a call, :mod:`tests.audit` judges the choices.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Any, Final

from msgspec import UNSET

from ccroute import commands, events
from ccroute.commands import Command
from ccroute.config.structs import Config
from ccroute.events import Event
from ccroute.types import Ignorable, OfferMode, OnUnanswered, ParkClock, Preempt, RescindReason, SuspendReason
from tests.audit import Audit
from tests.lives import NEXT_AVAILABLE, WORKING, Desk, Life, Seek, Wish, Work

ENDS: Final = {"contact.closed": "closed", "contact.abandoned": "abandoned", "contact.cancelled": "cancelled"}
OFFER_ENDS: Final = ("offer.accepted", "offer.declined", "offer.expired", "offer.rescinded")
SET_ASIDE: Final = (RescindReason.INTERRUPTED, RescindReason.PREEMPTED)


class Ledger:
    """Follows one engine by its events."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.audit = Audit(config, self)
        self.seq = 0
        self.at_us = 0
        self.cause = ""
        self.commands: list[Command] = []
        self.lives: dict[str, Life] = {}
        self.wrapping_on: list[Life] = []
        """Ended lives with a leg or an offer that still has to end."""
        self.desks = {id_: Desk(id_, agent) for id_, agent in config.agents.items()}
        self.paused = {id_ for id_, queue in config.queues.items() if queue.paused}
        self.offers_seen: dict[str, bool] = {}
        """Every offer made: whether it has ended."""
        self.legs_seen = 0
        self.counts = dict.fromkeys(("created", "closed", "abandoned", "cancelled"), 0)
        self.happened: Counter[str] = Counter()
        """How often everything happened: ``tag``, ``tag:mode``, ``tag:reason``, the cause ``timer:name``, and more."""
        self._accepted: Work | None = None
        """The offer accepted last."""
        self._set_aside: list[tuple[events.OfferRescinded, Work]] = []
        """Offers that just now made way for the next one, and how that was told."""
        self._offered_last: Life | None = None
        """Whom the last decision of this instant was for."""

    def read(self, told: list[Event], *given: Command) -> None:
        """Take in the events of a call, in order, and the commands it carried out."""
        self.commands += given
        for event in told:
            self.seq += 1
            assert event.seq == self.seq, "seq has a gap"
            assert event.at_us >= self.at_us, "time goes back"
            if (event.at_us, event.cause) != (self.at_us, self.cause):
                self.audit.check_units()
                self._offered_last = None
            self.at_us, self.cause = event.at_us, event.cause
            tag = str(event.__struct_config__.tag)
            self._count(event, tag)
            if not isinstance(event, events.OfferMade | events.OfferRescinded | events.OffersExhausted):
                self._set_aside.clear()
            if tag in ENDS:
                self._on_end(event, ENDS[tag])
            elif tag in OFFER_ENDS:
                self._on_offer_end(event)
            else:
                getattr(self, "_on_" + tag.replace(".", "_"))(event)

    def check_settled(self, now_us: int) -> None:
        """Check what has to hold between calls."""
        self.audit.check_units()
        self._offered_last = None
        for life in self.lives.values():
            if life.seek is not None and life.seek.direct is not None and not life.offers:
                life.seek = None  # nobody answered, and it stays with the agent who asked
            assert not life.is_unanswered
            assert life.state in ("queued", "active", "parked")
            assert life.works or life.legs or life.state != "active"
            assert not life.moves
            assert not life.offers or life.is_in_line or life.direct or life.seek
            assert life.direct is None or life.offers, "kept for an agent without an offer to it"
            assert life.seek is None or life.legs[life.seek.seeker].state in WORKING
        self.audit.check_settled(now_us)

    def counters(self) -> dict[str, int]:
        """Return how many contacts were created, met each end, and are inside."""
        return self.counts | {"inside": len(self.lives)}

    @property
    def command(self) -> Command | None:
        """The command that causes the present event, if one does."""
        kind, _, number = self.cause.partition(":")
        return self.commands[int(number) - 1] if kind == "command" else None

    def agent_named(self, key: str | int | None) -> str | None:
        """Return the id of an agent that a command names."""
        return list(self.config.agents)[key] if isinstance(key, int) else key

    def _count(self, event: Event, tag: str) -> None:
        self.happened[tag] += 1
        for name in ("reason", "mode", "rule", "clock"):
            value = getattr(event, name, None)
            if isinstance(value, StrEnum):
                self.happened[f"{tag}:{value}"] += 1
        if self.cause.startswith("timer:"):
            self.happened[self.cause] += 1
        if isinstance(event, events.CommandRefused):
            self.happened[f"{event.command} refused: {event.reason}"] += 1

    # ---- contacts

    def _on_contact_queued(self, event: events.ContactQueued) -> None:
        life = self.lives.get(event.contact_id)
        if life is None:
            life = self._new(event)
        elif life.state == "parked":
            assert not life.offers
            self._move_on_by_parking(life)
            assert event.place_at_us == life.place_at_us
        elif life.moves:
            assert life.state == "queued"
            life.moves = False
        else:
            assert life.state == "transferred" or life.is_unanswered
            life.entered_at_us, life.is_overdue = event.at_us, False
        assert not life.works
        life.is_unanswered = False
        life.state, life.queue_id = "queued", event.queue_id
        self._note_place(life, event)

    def _new(self, event: events.ContactQueued | events.ContactParked) -> Life:
        """Open the book of a contact: the host enqueued it, or an agent consults somebody."""
        assert all(other.id != event.contact_id for other in self.wrapping_on)
        given = self.command
        direct = None
        if isinstance(given, commands.EnqueueContact):
            assert given.contact_id == event.contact_id
            wish = Wish(
                given.channel,
                given.requires,
                given.tier,
                given.head_start_us,
                list(given.excluded),
                dict(given.scores),
                dict(given.attributes),
                given.cost,
            )
        else:
            assert isinstance(given, commands.ConsultAgent)
            assert event.parent_id is not None
            parent, asker = self.lives[event.parent_id], self.agent_named(given.agent_id)
            assert event.contact_id.startswith(f"{parent.id}#")
            assert asker is not None
            attributes = dict(parent.wish.attributes)
            wish = Wish(
                parent.wish.channel, None, parent.tier, parent.head_start_us, [asker], {}, attributes, cost=None
            )
            direct = self.agent_named(given.to_agent)
        assert wish.channel == event.channel
        self.counts["created"] += 1
        life = Life(event.contact_id, self.counts["created"], wish, "new", event.queue_id)
        life.place_at_us = life.entered_at_us = event.at_us
        life.direct = direct
        self.lives[life.id] = life
        return life

    def _move_on_by_parking(self, life: Life) -> None:
        if life.clock_stops:
            life.entered_at_us += self.at_us - life.parked_at_us
            life.place_at_us += self.at_us - life.parked_at_us
            life.parked_at_us = self.at_us

    def _note_place(self, life: Life, event: Any) -> None:
        life.tier, life.head_start_us, life.place_at_us = event.tier, event.head_start_us, event.place_at_us
        assert life.wish.tier in (None, life.tier)
        assert life.wish.head_start_us in (None, life.head_start_us)

    def _on_contact_parked(self, event: events.ContactParked) -> None:
        life = self.lives.get(event.contact_id)
        if life is None:
            life = self._new(event)
            queue = self.config.queues[life.queue_id]
            life.tier = queue.tier if life.wish.tier is None else life.wish.tier
            life.head_start_us = queue.head_start_us if life.wish.head_start_us is None else life.wish.head_start_us
        else:
            assert life.state in ("queued", "active")
        assert event.queue_id == life.queue_id
        life.state, life.direct, life.seek = "parked", None, None
        life.parked_at_us, life.clock_stops = event.at_us, event.clock == ParkClock.STOPS

    def _on_contact_active(self, event: events.ContactActive) -> None:
        life, desk = self.lives[event.contact_id], self.desks[event.agent_id]
        joins = isinstance(self.command, commands.JoinConference)
        assert life.state == "queued" or life.seek is not None or (life.state == "active" and joins)
        assert event.agent_id not in life.legs
        assert event.queue_id == life.queue_id
        assert event.waited_us >= life.waited_us
        assert self._accepted is not None
        self.legs_seen += 1
        leg = Work(life, event.channel, event.cost, self.legs_seen, "active", self._accepted.is_exempt)
        life.state, life.direct, life.seek, life.waited_us = "active", None, None, event.waited_us
        life.legs[event.agent_id] = leg
        desk.legs.append(leg)
        self.audit.note_begun(event.agent_id, leg)

    def _on_contact_transferred(self, event: events.ContactTransferred) -> None:
        life, given = self.lives[event.contact_id], self.command
        assert isinstance(given, commands.TransferContact)
        assert life.state == "active"
        assert life.legs[event.agent_id].state in ("active", "held")
        assert (event.to_queue_id is None) != (event.to_agent_id is None)
        assert event.from_queue_id == life.queue_id
        self._cool_down(life, event.agent_id, event.cooldown_us)
        if event.mode == "blind":
            life.state, life.direct, life.seek = "transferred", event.to_agent_id, None
            return
        queues = event.to_agent_id is not None and given.on_unanswered == OnUnanswered.QUEUE
        life.seek = Seek(event.agent_id, event.to_agent_id, queues)
        if event.to_queue_id is not None:
            queue = self.config.queues[event.to_queue_id]
            life.queue_id, life.entered_at_us, life.is_overdue = event.to_queue_id, event.at_us, False
            life.tier = queue.tier if life.wish.tier is None else life.wish.tier
            life.head_start_us = queue.head_start_us if life.wish.head_start_us is None else life.wish.head_start_us
            keeps_place = given.keeps_place or queue.keeps_place
            places = {"waited": event.at_us - life.waited_us, "age": life.place_at_us, "none": event.at_us}
            life.place_at_us = places[keeps_place.value]

    def _on_contact_requeued(self, event: events.ContactRequeued) -> None:
        life = self.lives[event.contact_id]
        assert event.queue_id == life.queue_id
        if event.reason == "unanswered":
            assert life.state == "queued"
            assert life.direct is not None
        else:
            assert life.state == "active"
            assert not life.offers
        assert not life.works
        life.state, life.direct, life.seek = "queued", None, None
        self._note_place(life, event)

    def _on_contact_changed(self, event: events.ContactChanged) -> None:
        life, given = self.lives[event.contact_id], self.command
        assert life.state in ("queued", "active", "parked")
        wish = life.wish
        if isinstance(given, commands.JoinConference):
            seeker = self.agent_named(given.agent_id)
            assert seeker is not None
            assert event.changed == ["queue_id"]
            life.seek = Seek(seeker)
        else:
            assert isinstance(given, commands.ChangeContact)
            patch = given.patch
            assert event.changed == [name for name in patch.__struct_fields__ if getattr(patch, name) is not UNSET]
            for name in ("tier", "head_start_us", "excluded", "scores", "attributes"):
                if name in event.changed:
                    setattr(wish, name, getattr(patch, name))
        assert event.version == life.version + 1
        life.version = event.version
        wish.requires, wish.cost = event.requires, event.cost
        if life.state == "parked" and (event.queue_id != life.queue_id or "keeps_place" in event.changed):
            self._move_on_by_parking(life)
        if event.queue_id != life.queue_id or isinstance(given, commands.JoinConference):
            life.queue_id, life.entered_at_us, life.is_overdue = event.queue_id, event.at_us, False
            life.moves, life.direct = life.state == "queued", None
            if life.seek is not None:
                life.seek.direct = None
        if "channel" in event.changed:
            self._take_channel(life, event.channel)
        assert wish.channel == event.channel
        self._note_place(life, event)

    def _on_contact_channel_changed(self, event: events.ChannelChanged) -> None:
        life = self.lives[event.contact_id]
        assert life.state in ("queued", "active", "parked")
        assert event.from_channel == life.wish.channel
        assert event.version == life.version + 1
        life.version = event.version
        self._take_channel(life, event.to_channel)

    def _take_channel(self, life: Life, channel: str) -> None:
        if channel == life.wish.channel:
            return
        life.wish.channel = channel
        for agent_id, leg in life.legs.items():
            if leg.state in WORKING and life.state == "active":
                leg.channel, leg.cost = channel, self.audit.cost(life, agent_id)
                self.audit.note_begun(agent_id, leg)

    def _on_contact_overdue(self, event: events.ContactOverdue) -> None:
        life = self.lives[event.contact_id]
        overdue_after_us = self.config.queues[life.queue_id].overdue_after_us
        joins = life.state == "active" and isinstance(self.command, commands.JoinConference)
        assert life.state == "queued" or life.seek is not None or joins
        assert not life.is_overdue
        assert overdue_after_us is not None
        assert event.in_queue_us == event.at_us - life.entered_at_us >= overdue_after_us
        life.is_overdue = True

    def _on_end(self, event: Any, state: str) -> None:
        life = self.lives.pop(event.contact_id)
        assert life.state in {"abandoned": ("queued", "parked"), "closed": ("active",)}.get(state, (life.state,))
        assert state != "closed" or not life.legs
        life.state, life.direct, life.seek = state, None, None
        life.cooldowns.clear()
        self.counts[state] += 1
        if life.legs or life.offers:
            self.wrapping_on.append(life)

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
        assert event.rank == (
            self.audit.rank(life, event.agent_id) if self.audit.serves(life, desk, event.at_us) else 1
        )
        life.offers.append(event.offer_id)
        desk.offers[event.offer_id] = work
        self._set_aside.clear()

    def _check_choice(self, event: events.OfferMade, life: Life) -> None:
        """Check a decision as things stood before it set offers aside; what somebody chose is nobody's decision."""
        given = self.command
        is_meant = getattr(given, "contact_id", None) in (life.id, life.order)
        if isinstance(given, commands.PickContact | commands.AssignContact) and is_meant:
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
        assert self.lives[event.contact_id].state in ("queued", "active")

    def _cool_down(self, life: Life, agent_id: str, cooldown: int | str) -> None:
        life.cooldowns[agent_id] = self.at_us + cooldown if isinstance(cooldown, int) else cooldown

    # ---- legs

    def _life(self, event: Any) -> Life:
        found = self.lives.get(event.contact_id)
        if found is None or event.agent_id not in found.legs:
            found = next(life for life in self.wrapping_on if life.id == event.contact_id)
        return found

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
        if event.presence == "available" and event.previous != "available":
            for life in self.lives.values():
                if life.cooldowns.get(desk.id) == NEXT_AVAILABLE:
                    del life.cooldowns[desk.id]

    def _on_agent_next_presence_set(self, event: events.NextPresenceSet) -> None:
        assert self.desks[event.agent_id].legs
        self.desks[event.agent_id].next = True

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
