"""The book of contacts: how each comes, waits, is parked, changes and ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET

from ccroute import commands, events
from ccroute.types import OnUnanswered, ParkClock
from tests.lives import WORKING, Desk, Life, Seek, Wish, Work
from tests.time_book import TimeBook

OUT_OF_LINE: Final = ("parked", "scheduled")
PATCHED: Final = (
    *("tier", "head_start_us", "excluded", "scores", "attributes", "plan", "limits"),
    *("preferred", "preferred_wait_us", "preferred_scope", "preferred_requires"),
)
"""Fields of a patch that events do not repeat."""
NAMING_AGENTS: Final = ("preferred", "excluded", "scores")

Arrival = events.ContactQueued | events.ContactParked | events.ContactScheduled


def of_known(named: Any, desks: Mapping[str, Desk]) -> Any:
    """Return what names agents, a list or by agent, without those that there are not: who comes later is not meant."""
    if isinstance(named, dict):
        return {agent_id: score for agent_id, score in named.items() if agent_id in desks}
    return [agent_id for agent_id in named if agent_id in desks]


def wish_of(given: commands.EnqueueContact, desks: Mapping[str, Desk]) -> Wish:
    """Return what a new contact asks for."""
    return Wish(
        given.channel,
        given.requires,
        given.tier,
        given.head_start_us,
        of_known(given.excluded, desks),
        of_known(given.scores, desks),
        dict(given.attributes),
        given.cost,
        of_known(given.preferred, desks),
        given.preferred_wait_us,
        given.preferred_scope,
        given.preferred_requires,
        list(given.plan),
        given.limits,
    )


class ContactBook(TimeBook):
    """Enters events of contacts."""

    def _on_contact_queued(self, event: events.ContactQueued) -> None:
        life = self.lives.get(event.contact_id)
        if life is None:
            life = self._new(event)
        elif life.state in OUT_OF_LINE:
            assert not life.offers
            self._move_on_by_parking(life)
            assert event.place_at_us == life.place_at_us or not life.is_place_told
        elif life.moves:
            assert life.state == "queued"
            life.moves = False
        else:
            assert life.state == "transferred" or life.is_unanswered
            self._enter(life, event.queue_id)
        assert not life.works
        assert event.queue_id == life.queue_id
        life.is_unanswered = False
        life.state = "queued"
        self._note_place(life, event)
        self._note_waiting(life)

    def _new(self, event: Arrival) -> Life:
        """Open the book of a contact: the host enqueued it, an agent consults somebody, or a callback is owed."""
        assert all(other.id != event.contact_id for other in self.wrapping_on)
        given = self.command
        direct = None
        if isinstance(given, commands.EnqueueContact) and given.contact_id == event.contact_id:
            wish = wish_of(given, self.desks)
        elif isinstance(given, commands.ConsultAgent):
            wish = self._wish_of_consult(event, given)
            direct = self.agent_named(given.to_agent)
        else:
            wish = self._wish_of_callback(event)
        assert wish.channel == event.channel
        self.counts["created"] += 1
        life = Life(event.contact_id, self.counts["created"], wish, "new", event.queue_id)
        self._enter(life, event.queue_id)
        life.place_at_us = event.at_us
        life.is_place_told = getattr(given, "keeps_place", None) is None and not event.contact_id.startswith(
            "callback:"
        )
        life.created_us = event.due_at_us if isinstance(event, events.ContactScheduled) else event.at_us
        life.customer_id, life.parent_id = event.customer_id, event.parent_id
        life.direct = direct
        queue = self.queue_of(life)
        assert not queue.draining or not isinstance(given, commands.EnqueueContact) or self.is_by_rule
        life.tier = queue.tier if wish.tier is None else wish.tier
        life.head_start_us = queue.head_start_us if wish.head_start_us is None else wish.head_start_us
        self.lives[life.id] = life
        self._note_arrival(life)
        return life

    def _wish_of_consult(self, event: Arrival, given: commands.ConsultAgent) -> Wish:
        assert event.parent_id is not None
        parent, asker = self.lives[event.parent_id], self.agent_named(given.agent_id)
        assert event.contact_id.startswith(f"{parent.id}#")
        assert asker is not None
        attributes = dict(parent.wish.attributes)
        return Wish(parent.wish.channel, None, parent.tier, parent.head_start_us, [asker], {}, attributes, cost=None)

    def _on_contact_parked(self, event: events.ContactParked) -> None:
        life, given = self.lives.get(event.contact_id), self.command
        if life is None:
            life = self._new(event)
            assert isinstance(given, commands.EnqueueContact)
            assert given.parked
            assert (event.clock, event.until_us) == (given.clock or ParkClock.STOPS, given.until_us)
        self._take_out_of_line(life, event)
        life.state, life.clock_stops, life.until_us = "parked", event.clock == ParkClock.STOPS, event.until_us

    def _on_contact_scheduled(self, event: events.ContactScheduled) -> None:
        life = self.lives.get(event.contact_id) or self._new(event)
        self._take_out_of_line(life, event)
        assert event.due_at_us >= event.at_us
        life.state, life.clock_stops, life.due_at_us = "scheduled", True, event.due_at_us

    def _take_out_of_line(self, life: Life, event: Any) -> None:
        assert life.state in ("new", "queued", "active", *OUT_OF_LINE)
        assert not (life.state == event.__struct_config__.tag.partition(".")[2] == "parked"), "parked twice"
        assert event.queue_id == life.queue_id
        if life.state in OUT_OF_LINE:
            self._move_on_by_parking(life)
        life.direct, life.seek, life.moves, life.parked_at_us = None, None, False, event.at_us

    def _on_contact_active(self, event: events.ContactActive) -> None:
        life, desk = self.lives[event.contact_id], self.desks[event.agent_id]
        joins = isinstance(self.command, commands.JoinConference)
        assert life.state == "queued" or life.seek is not None or (life.state == "active" and joins)
        assert event.agent_id not in life.legs
        assert event.queue_id == life.queue_id
        assert event.waited_us >= life.waited_us
        assert self._accepted is not None
        self.legs_seen += 1
        leg = Work(life, event.channel, event.cost, self.legs_seen, "active", self._accepted.is_exempt, event.at_us)
        life.state, life.direct, life.seek, life.waited_us = "active", None, None, event.waited_us
        life.legs[event.agent_id] = leg
        desk.legs.append(leg)
        self.audit.note_begun(event.agent_id, leg)

    def _on_contact_transferred(self, event: events.ContactTransferred) -> None:
        life, given = self.lives[event.contact_id], self.command
        assert isinstance(given, commands.TransferContact)
        assert life.state == "active"
        assert life.legs[event.agent_id].state in ("active", "held")
        assert (event.to_queue_id, event.to_agent_id) == (given.to_queue, self.agent_named(given.to_agent))
        direct = event.to_agent_id if event.to_queue_id is None else None
        if direct is None and event.to_agent_id is not None:
            life.wish.preferred = [event.to_agent_id]
            life.wish.preferred_wait_us, life.wish.preferred_scope = given.preferred_wait_us, given.preferred_scope
            life.wish.preferred_requires = given.preferred_requires
        assert event.from_queue_id == life.queue_id
        self._cool_down(life, event.agent_id, event.cooldown_us)
        if event.mode == "blind":
            life.state, life.direct, life.seek = "transferred", direct, None
            return
        queues = direct is not None and given.on_unanswered == OnUnanswered.QUEUE
        life.seek = Seek(event.agent_id, direct, queues)
        if event.to_queue_id is not None:
            queue = self.config.queues[event.to_queue_id]
            self._enter(life, event.to_queue_id)
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
        self._note_waiting(life)

    def _on_contact_changed(self, event: events.ContactChanged) -> None:
        life, given = self.lives[event.contact_id], self.command
        assert life.state in ("queued", "active", *OUT_OF_LINE)
        wish = life.wish
        keeps_plan = False
        if self.is_by_rule:
            keeps_plan = self._take_step(life, event)
        elif isinstance(given, commands.JoinConference):
            seeker = self.agent_named(given.agent_id)
            assert seeker is not None
            assert event.changed == ["queue_id"]
            life.seek = Seek(seeker)
        else:
            assert isinstance(given, commands.ChangeContact)
            patch = given.patch
            assert event.changed == [name for name in patch.__struct_fields__ if getattr(patch, name) is not UNSET]
            self._take_patch(life, event.changed, patch)
        assert event.version == life.version + 1
        life.version = event.version
        assert "requires" not in event.changed or not self.is_by_rule or event.requires == wish.requires
        wish.requires, wish.cost = event.requires, event.cost
        moves = event.queue_id != life.queue_id or isinstance(given, commands.JoinConference)
        if life.state in OUT_OF_LINE and (moves or "keeps_place" in event.changed):
            self._move_on_by_parking(life)
        if life.queue_id is None and moves:
            self.happened["contact.changed:first_queue"] += 1
            assert isinstance(given, commands.ChangeContact)
            due_at_us = life.due_at_us if life.state == "scheduled" else None
            due_at_us = due_at_us if given.patch.due_at_us is UNSET else given.patch.due_at_us
            life.created_us = max(event.at_us, due_at_us or 0)
        if moves:
            assert not self.config.queues[event.queue_id].draining, "moved to a queue that takes no new contact"
            self._enter(life, event.queue_id, keeps_plan=keeps_plan)
            if self.is_by_rule and self._fired is not None and self._fired.own:
                life.entry.own_fields = [name for name in event.changed if name != "queue_id"]
            life.moves, life.direct = life.state == "queued", None
            if life.seek is not None:
                life.seek.direct = None
        if self.is_by_rule and "requires" in event.changed:
            assert self._step is not None
            life.requires = self._step.requires
        if "preferred" in event.changed and not life.moves:
            life.phase, life.is_phase_due = None, life.state != "queued"
            if life.state == "queued":
                self._begin_phase(life, event.at_us)
        if "channel" in event.changed:
            self._take_channel(life, event.channel)
        if moves:
            self._note_channel(life)
        assert wish.channel == event.channel
        self._note_place(life, event)

    def _take_patch(self, life: Life, changed: list[str], patch: Any) -> None:
        """Note what a patch, or a step, asks of the contact's routing."""
        for name in PATCHED:
            if name in changed:
                value = getattr(patch, name)
                setattr(life.wish, name, of_known(value, self.desks) if name in NAMING_AGENTS else value)
        if "plan" in changed:
            life.entry.fired = [(own, rule) for own, rule in life.entry.fired if not own]
            life.entry.is_own_replaced = True
            life.own_gone.clear()
        if life.phase is not None and any(name.startswith("preferred_") for name in changed):
            life.phase.is_sure = life.phase.keeps_all = False

    def _on_contact_channel_changed(self, event: events.ChannelChanged) -> None:
        life = self.lives[event.contact_id]
        assert life.state in ("queued", "active", *OUT_OF_LINE)
        assert event.from_channel == life.wish.channel
        assert event.version == life.version + 1
        life.version = event.version
        self._take_channel(life, event.to_channel)

    def _take_channel(self, life: Life, channel: str) -> None:
        if channel == life.wish.channel:
            return
        life.wish.channel = channel
        self._note_channel(life)
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
        life = self.gone[event.contact_id] = self.lives.pop(event.contact_id)
        waits = ("queued", *OUT_OF_LINE)
        closed = ("queued",) if self.is_by_rule else ("active",)
        expired = ("active",) if getattr(event, "reason", "") == "callback_attempts" else waits
        assert life.state in {"abandoned": waits, "expired": expired, "closed": closed}.get(state, (life.state,))
        assert state != "closed" or not life.legs or self.is_by_rule
        self._note_end(life, event)
        life.state, life.direct, life.seek = state, None, None
        life.cooldowns.clear()
        self.counts[state] += 1
        if life.legs or life.offers:
            self.wrapping_on.append(life)
