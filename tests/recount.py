"""Every figure of ``Engine.statistics`` counted again from the public events: slow, obvious, and without shared code.

Everything that happened is kept as a list of *facts*; whatever is asked for is counted by going through all of them.
Commands are read only for what events do not repeat: the requirement that a contact brings, and that a contact is a
consult.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from ccroute import commands, events
from ccroute.commands import Command
from ccroute.config.structs import Config, Queue
from ccroute.events import Event

STATES: Final = ("offline", "available", "away", "working", "wrapping")
NO_QUEUE: Final = ""
"""The queue of a contact that has none."""
ENDS: Final = ("closed", "abandoned", "cancelled", "expired")


@dataclass(frozen=True, kw_only=True, eq=False)
class Fact:
    """Something that happened once."""

    what: str
    at_us: int
    queue: str | None = None
    """None: it belongs to an agent alone."""
    channel: str | None = None
    skills: tuple[str, ...] = ()
    agent: str | None = None
    length_us: int = 0


@dataclass(kw_only=True)
class Leg:
    """An agent's part in a contact."""

    offer: Fact
    accepted: Fact
    began_at_us: int
    state: str = "working"
    wrapping_since_us: int = 0


@dataclass(kw_only=True)
class Life:
    """A contact."""

    id: str
    queue: str
    channel: str
    requires: str | None
    is_consult: bool
    state: str = "new"
    skills: tuple[str, ...] = ()
    came: dict[str, Any] = field(default_factory=dict)
    """Queue, channel and skills by which it came in."""
    offers: dict[str, Fact] = field(default_factory=dict)
    legs: dict[str, Leg] = field(default_factory=dict)
    accepts: int = 0
    """Those that were not undone."""
    answer: list[Fact] = field(default_factory=list)
    waited_us: int = 0
    waits_since_us: int = 0
    clock_runs: bool = False

    def place(self) -> dict[str, Any]:
        return {"queue": self.queue, "channel": self.channel, "skills": self.skills}


@dataclass(kw_only=True)
class Desk:
    """An agent."""

    presence: str = "offline"
    label: str | None = None
    presence_since_us: int | None = None
    presences: dict[tuple[str, str | None], int] = field(default_factory=dict)
    legs: dict[str, Leg] = field(default_factory=dict)
    """By contact."""
    stood: list[tuple[int, str]] = field(default_factory=list)
    """States and since when, from the first that counts on."""

    def state(self) -> str:
        states = [leg.state for leg in self.legs.values()]
        return "working" if "working" in states else "wrapping" if "wrapping" in states else self.presence


class Recount:
    """Follows one engine by its events."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.commands: list[Command] = []
        self.facts: list[Fact] = []
        self.lives: dict[str, Life] = {}
        self.desks = {id_: Desk() for id_ in config.agents}
        """By agent; one that was removed stands under its id and a number."""

    def read(self, told: list[Event], *given: Command) -> None:
        """Take in the events of a call, in order, and the commands it carried out."""
        self.commands += given
        for event in told:
            name = "_on_" + str(event.__struct_config__.tag).replace(".", "_")
            getattr(self, name, self._on_nothing)(event)
            agent = getattr(event, "agent_id", None)
            if agent in self.desks:
                self._stand(self.desks[agent], event.at_us)

    def _on_nothing(self, event: Event) -> None:
        """Some events change no figure."""

    def _note(self, what: str, event: Event, place: dict[str, Any], **more: Any) -> Fact:
        fact = Fact(what=what, at_us=event.at_us, **place, **more)
        self.facts.append(fact)
        return fact

    # ---- configuration

    def _on_configured(self, event: events.Configured) -> None:
        given = self._command(event)
        match given:
            case commands.Configure():
                self.config = given.config
            case commands.PutQueue():
                self._put("queues", given.queue_id, given.config)
            case commands.PutAgent():
                self._put("agents", given.agent_id, given.config)
        for path in event.removed:
            section, _, id_ = path.partition(".")
            entries = {key: entry for key, entry in getattr(self.config, section).items() if key != id_}
            self.config = msgspec.structs.replace(self.config, **{section: entries})
            if section == "agents":
                self._remove(id_)
        for id_ in self.config.agents:
            self.desks.setdefault(id_, Desk())

    def _put(self, section: str, id_: str, entry: Any) -> None:
        entries = getattr(self.config, section) | {id_: entry}
        self.config = msgspec.structs.replace(self.config, **{section: entries})

    def _remove(self, id_: str) -> None:
        """Have who comes under this id from now on be somebody else."""
        other = f"{id_} {len(self.desks)}"
        self.desks[other] = self.desks.pop(id_)
        self.facts = [dataclasses.replace(fact, agent=other) if fact.agent == id_ else fact for fact in self.facts]

    def _command(self, event: Event) -> Command | None:
        kind, _, number = event.cause.partition(":")
        return self.commands[int(number) - 1] if kind == "command" else None

    # ---- contacts

    def _queue(self, id_: str) -> Queue:
        """Return a queue, and for none and one that was removed since what holds where nothing is said."""
        return self.config.queues.get(id_, Queue())

    def _named(self, life: Life) -> tuple[str, ...]:
        texts = (self._queue(life.queue).requires, life.requires)
        return tuple(sorted({skill for text in texts for skill in re.findall(r"agent\.skills\.(\w+)", text or "")}))

    def _come(self, event: Any) -> Life:
        life = self.lives.get(event.contact_id)
        if life is not None and life.state not in ENDS:
            return life
        given = self._command(event)
        requires = getattr(given, "requires", None)
        if not isinstance(given, commands.EnqueueContact | commands.ConsultAgent):
            # A callback that the engine makes asks for what its parent asks for.
            requires = self.lives[event.parent_id].requires
        life = Life(
            id=event.contact_id,
            queue=event.queue_id or NO_QUEUE,
            channel=event.channel,
            requires=requires,
            is_consult=isinstance(given, commands.ConsultAgent),
        )
        self.lives[life.id] = life
        life.skills = self._named(life)
        life.came = life.place()
        self._note("created", event, life.came)
        if life.is_consult:
            self._note("consults", event, life.came)
        if life.channel == "callback":
            self._note("callbacks_created", event, life.came)
        return life

    def _on_contact_queued(self, event: events.ContactQueued) -> None:
        life = self._come(event)
        self._move(life, event, event.queue_id, life.channel)
        if life.state != "queued" and not (life.state == "parked" and life.clock_runs):
            life.waits_since_us = event.at_us
        life.state = "queued"

    def _on_contact_parked(self, event: events.ContactParked | events.ContactScheduled) -> None:
        life = self._come(event)
        life.clock_runs = getattr(event, "clock", None) == "runs"
        if life.state == "queued" and not life.clock_runs:
            life.waited_us += event.at_us - life.waits_since_us
        elif life.state != "queued":
            life.waits_since_us = event.at_us
        life.state = "parked"

    _on_contact_scheduled = _on_contact_parked

    def _on_contact_requeued(self, event: events.ContactRequeued) -> None:
        life = self.lives[event.contact_id]
        self._note("requeued", event, life.place())
        if life.state != "queued":
            life.waits_since_us = event.at_us
        life.state = "queued"

    def _move(self, life: Life, event: Event, queue: str, channel: str) -> None:
        if queue != life.queue:
            self._note("moved_out", event, life.place() | {"skills": ()})
            life.queue = queue
            self._note("moved_in", event, life.place() | {"skills": ()})
        if channel != life.channel:
            self._note("changed_out", event, life.place() | {"skills": ()})
            life.channel = channel
            self._note("changed_in", event, life.place() | {"skills": ()})
        life.skills = self._named(life)

    def _on_contact_changed(self, event: events.ContactChanged) -> None:
        life = self.lives[event.contact_id]
        life.requires = event.requires
        self._move(life, event, event.queue_id or NO_QUEUE, event.channel)

    def _on_contact_channel_changed(self, event: events.ChannelChanged) -> None:
        life = self.lives[event.contact_id]
        self._move(life, event, life.queue, event.to_channel)

    def _on_contact_transferred(self, event: events.ContactTransferred) -> None:
        life = self.lives[event.contact_id]
        self._note("transfers_out", event, life.place(), agent=event.agent_id)
        if event.to_queue_id is not None:
            self._move(life, event, event.to_queue_id, life.channel)
        self._note("transfers_in", event, life.place(), agent=event.to_agent_id)

    def _on_contact_overdue(self, event: events.ContactOverdue) -> None:
        self._note("overdue", event, self.lives[event.contact_id].place())

    def _on_contact_closed(self, event: events.ContactClosed) -> None:
        life = self.lives[event.contact_id]
        if life.came["channel"] == "callback" and life.accepts:
            self._note("callbacks_reached", event, life.came)
        self._end(life, event, "closed")

    def _on_contact_abandoned(self, event: events.ContactAbandoned) -> None:
        self._end(self.lives[event.contact_id], event, "abandoned")

    def _on_contact_cancelled(self, event: events.ContactCancelled) -> None:
        self._end(self.lives[event.contact_id], event, "cancelled")

    def _on_contact_expired(self, event: events.ContactExpired) -> None:
        self._end(self.lives[event.contact_id], event, "expired")

    def _on_callback_dropped(self, event: events.CallbackDropped) -> None:
        self._note("callbacks_dropped", event, self.lives[event.contact_id].came)

    def _end(self, life: Life, event: Any, how: str) -> None:
        assert life.state not in ENDS
        life.state = how
        self._note(how, event, life.place() | {"skills": life.came["skills"]})
        if life.is_consult or life.accepts:
            return
        if how == "abandoned":
            self._note("left", event, life.came, length_us=event.waited_us)
            if event.waited_us <= self._queue(life.came["queue"]).service_level.answered_within_us:
                self._note("left_within", event, life.came)
        else:
            self._note("unanswered", event, life.came)

    # ---- offers

    def _on_offer_made(self, event: events.OfferMade) -> None:
        life = self.lives[event.contact_id]
        assert event.queue_id == life.queue
        life.offers[event.offer_id] = self._note("made", event, life.place(), agent=event.agent_id)

    def _ended(self, event: Any, how: str) -> Fact:
        offer = self.lives[event.contact_id].offers.pop(event.offer_id)
        place = {"queue": offer.queue, "channel": offer.channel, "skills": offer.skills}
        return self._note(how, event, place, agent=event.agent_id)

    def _on_offer_accepted(self, event: events.OfferAccepted) -> None:
        life = self.lives[event.contact_id]
        offer = life.offers[event.offer_id]
        life.legs[event.agent_id] = Leg(
            offer=offer, accepted=self._ended(event, "accepted"), began_at_us=event.at_us, state="accepted"
        )

    def _on_offer_declined(self, event: events.OfferDeclined) -> None:
        self._ended(event, "declined")

    def _on_offer_expired(self, event: events.OfferExpired) -> None:
        self._ended(event, "offers_expired")

    def _on_offer_rescinded(self, event: events.OfferRescinded) -> None:
        fact = self._ended(event, "rescinded")
        if event.reason in ("preempted", "interrupted"):
            place = {"queue": fact.queue, "channel": fact.channel, "skills": fact.skills}
            self._note(f"offers_{event.reason}", event, place, agent=event.agent_id)

    def _on_offer_exhausted(self, event: events.OffersExhausted) -> None:
        self._note("exhausted", event, self.lives[event.contact_id].place())

    # ---- legs

    def _on_contact_active(self, event: events.ContactActive) -> None:
        life = self.lives[event.contact_id]
        if life.state == "queued":
            life.waited_us += event.at_us - life.waits_since_us
        life.state = "active"
        assert event.waited_us == life.waited_us
        leg = life.legs[event.agent_id]
        leg.state = "working"
        self.desks[event.agent_id].legs[life.id] = leg
        life.accepts += 1
        if life.accepts > 1 or life.is_consult:
            return
        within = self._queue(life.came["queue"]).service_level.answered_within_us
        more = {"agent": event.agent_id, "length_us": event.waited_us}
        life.answer = [self._note("answered", event, life.came, **more)]
        if event.waited_us <= within:
            life.answer.append(self._note("answered_within", event, life.came, **more))

    def _leg(self, event: Any) -> Leg:
        return self.lives[event.contact_id].legs[event.agent_id]

    def _of_leg(self, leg: Leg, what: str, event: Any, length_us: int = 0) -> None:
        place = {"queue": leg.offer.queue, "channel": leg.offer.channel, "skills": leg.offer.skills}
        self._note(what, event, place, agent=event.agent_id, length_us=length_us)

    def _on_contact_resumed(self, event: events.ContactResumed) -> None:
        self._leg(event).state = "working"

    def _on_contact_suspended(self, event: events.ContactSuspended) -> None:
        leg = self._leg(event)
        leg.state = "suspended"
        self._of_leg(leg, f"work_{event.reason}", event)

    def _on_leg_wrap_up_started(self, event: events.WrapUpStarted) -> None:
        leg = self._leg(event)
        leg.state, leg.wrapping_since_us = "wrapping", event.at_us

    def _on_leg_ended(self, event: events.LegEnded) -> None:
        life = self.lives[event.contact_id]
        leg = life.legs.pop(event.agent_id)
        del self.desks[event.agent_id].legs[life.id]
        if event.reason == "connect_failed":
            self._undo(life, leg, event)
            return
        self._of_leg(leg, "handled", event, event.handled_us)
        if leg.state == "wrapping":
            self._of_leg(leg, "wrapped", event, event.at_us - leg.wrapping_since_us)
        if event.reason in ("preempted", "lost"):
            self._of_leg(leg, "work_preempted" if event.reason == "preempted" else "lost", event)
        if event.reason == "requeued":
            self.facts.append(Fact(what="requeued", at_us=event.at_us, agent=event.agent_id))

    def _undo(self, life: Life, leg: Leg, event: events.LegEnded) -> None:
        if all(one.state == "wrapping" for one in life.legs.values()):
            # It waits as if it had never been answered.
            life.waited_us += event.handled_us
        self._of_leg(leg, "connect_failed", event)
        accepted = leg.accepted
        self.facts.append(
            Fact(
                what="undone",
                at_us=accepted.at_us,
                queue=accepted.queue,
                channel=accepted.channel,
                skills=accepted.skills,
                agent=accepted.agent,
            )
        )
        life.accepts -= 1
        if life.accepts == 0:
            for fact in life.answer:
                self.facts.remove(fact)
            life.answer = []

    # ---- agents

    def _on_agent_presence_changed(self, event: events.PresenceChanged) -> None:
        desk = self.desks[event.agent_id]
        assert event.previous == desk.presence
        if desk.presence_since_us is not None:
            self._spend(desk, desk.presences, event.at_us)
        if desk.presence_since_us is not None or event.presence != "offline":
            desk.presence_since_us = event.at_us
        desk.presence, desk.label = event.presence.value, event.label

    @staticmethod
    def _spend(desk: Desk, presences: dict[tuple[str, str | None], int], until_us: int) -> None:
        assert desk.presence_since_us is not None
        spent = until_us - desk.presence_since_us
        if spent:
            key = (desk.presence, desk.label)
            presences[key] = presences.get(key, 0) + spent

    @staticmethod
    def _stand(desk: Desk, at_us: int) -> None:
        state = desk.state()
        if desk.stood or state != "offline":
            desk.stood.append((at_us, state))

    # ---- figures

    def of_contacts(
        self, now_us: int, *, queue: str | None = None, channel: str | None = None, skill: str | None = None
    ) -> dict[str, Any]:
        """Count what a report tells of a queue, a channel, both, a skill, or of everything; lengths as lists."""

        def is_wanted(fact: Fact) -> bool:
            return (
                fact.queue is not None
                and queue in (None, fact.queue)
                and channel in (None, fact.channel)
                and (skill is None or skill in fact.skills)
            )

        facts = [fact for fact in self.facts if is_wanted(fact)]
        return counted(facts) | {
            "now": self._now(now_us, queue, channel, skill),
            "intervals": {} if skill is not None else self._intervals(facts),
        }

    def _now(self, now_us: int, queue: str | None, channel: str | None, skill: str | None) -> dict[str, Any]:
        counts = dict.fromkeys(("queued", "active", "parked"), 0)
        longest: int | None = None
        for life in self.lives.values():
            skills = life.came["skills"]
            is_here = queue in (None, life.queue) and channel in (None, life.channel)
            if life.state in counts and is_here and (skill is None or skill in skills):
                counts[life.state] += 1
                if life.state == "queued":
                    longest = max(longest or 0, life.waited_us + now_us - life.waits_since_us)
        return {
            "waiting": counts["queued"],
            "longest_wait_us": longest,
            "active": counts["active"],
            "parked": counts["parked"],
        }

    def _intervals(self, facts: list[Fact]) -> dict[int, dict[str, Any]]:
        """Count by interval of UTC, named by its begin."""
        length_us = self.config.engine.interval_us
        begins = sorted({fact.at_us // length_us for fact in facts})
        return {
            begin * length_us: counted([fact for fact in facts if fact.at_us // length_us == begin]) for begin in begins
        }

    def of_agent(self, id_: str, now_us: int) -> dict[str, Any]:
        """Count what a report tells of an agent."""
        desk = self.desks[id_]
        presences = dict(desk.presences)
        if desk.presence_since_us is not None:
            self._spend(desk, presences, now_us)
        return counted([fact for fact in self.facts if fact.agent == id_]) | {
            "times": self.times(id_, 0, now_us),
            "presences": presences,
        }

    def times(self, id_: str, from_us: int, until_us: int) -> dict[str, int]:
        """Return the time of an agent in each state within a span of time."""
        spent = dict.fromkeys(STATES, 0)
        stood = self.desks[id_].stood
        for (since, state), (until, _) in zip(stood, [*stood[1:], (until_us, "")], strict=False):
            spent[state] += max(0, min(until, until_us) - max(since, from_us))
        return spent

    def agents_now(self) -> dict[str, int]:
        """Return how many agents are in each state."""
        states = [self.desks[id_].state() for id_ in self.config.agents]
        return {state: states.count(state) for state in STATES}


def counted(facts: list[Fact]) -> dict[str, Any]:
    """Return how often each thing happened, and the lengths of what has one."""
    counts: dict[str, Any] = {}
    lengths: dict[str, list[int]] = {"answered": [], "left": [], "handled": [], "wrapped": []}
    for fact in facts:
        counts[fact.what] = counts.get(fact.what, 0) + 1
        if fact.what in lengths:
            lengths[fact.what].append(fact.length_us)
    return {"counts": counts, "lengths": lengths}
