"""The book of contacts: how each comes, waits, is parked, changes and ends."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ccroute import commands, events
from ccroute.types import OnUnanswered, ParkClock
from tests.lives import WORKING, Life, Seek, Wish, Work
from tests.offer_book import OfferBook


class ContactBook(OfferBook):
    """Enters events of contacts."""

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
