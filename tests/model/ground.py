"""What every command and every timer of the oracle stands on: events, timers, numbers, and who is meant by a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import msgspec
from sortedcontainers import SortedKeyList  # type: ignore[import-untyped]

from ccroute.commands import EnqueueContact
from ccroute.config.structs import Config
from ccroute.events import Event
from ccroute.types import LegState, PendingOffers, Presence, RefusalReason, Rule
from tests.model.choice import Choice
from tests.model.entries import entry_paths
from tests.model.giving_way import GivingWay
from tests.model.state import ENDED_STATES, Agent, Centre, Contact, Leg, Offer, Timer


class RefusalError(Exception):
    """The command cannot be carried out right now."""

    def __init__(self, reason: RefusalReason, rule: Rule | None = None) -> None:
        self.reason = reason
        self.rule = rule


def refuse(reason: RefusalReason, rule: Rule | None = None) -> NoReturn:
    """Refuse the command that is being carried out."""
    raise RefusalError(reason, rule)


def refuse_if_broken(rules: list[Rule]) -> None:
    """Refuse the command for the first of the rules that are broken, if any is."""
    if rules:
        refuse(RefusalReason.NOT_ELIGIBLE, min(rules, key=list(Rule).index))


class Ground(Centre):
    """A centre that can tell events and arm timers."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.choice = Choice(self)
        self.giving_way = GivingWay(self, self.choice)
        self.seq = 0
        self.command_number = 0
        self.contacts_made = 0
        self.legs_made = 0
        self.suspensions = 0
        self.offer_ids: list[str] = []
        self.timers_armed = 0
        self.timers: SortedKeyList[Timer, tuple[int, int]] = SortedKeyList(key=lambda timer: (timer.due, timer.arming))
        self.versions = dict.fromkeys(entry_paths(config), 1)
        """Version of every entry of the configuration, by its key path."""
        self.rounds = 0
        """Rounds of all decisions so far; a round does one thing, as does a step of a plan."""
        self.over: list[Contact] = []
        self.to_look_at: list[Contact] = []
        """Contacts whose plans are looked at before the next offer, in this order."""
        self.someone_left = False
        """An agent has gone offline since it was last asked who is online."""
        self.someone_moved = False
        """The presence of an agent has changed since then."""
        self.counts = dict.fromkeys(("created", "closed", "abandoned", "cancelled", "expired"), 0)
        self.last_cause: tuple[str, str | None] | None = None
        """Cause and actor of the last event."""
        self.cause = ""
        self.actor: str | None = None
        self.out: list[Event] = []

    def _tell(self, kind: type[Event], **fields: Any) -> None:
        self.seq += 1
        self.last_cause = (self.cause, self.actor)
        self.out.append(kind(seq=self.seq, at_us=self.now, cause=self.cause, actor=self.actor, **fields))

    # ---- timers

    def _arm(self, due: int, name: str, fire: Callable[[], None]) -> Timer:
        self.timers_armed += 1
        timer = Timer(due, self.timers_armed, name, fire)
        self.timers.add(timer)
        return timer

    def _disarm(self, timer: Timer | None) -> None:
        if timer is not None and timer in self.timers:
            self.timers.remove(timer)

    # ---- plans

    def _look_at(self, contact: Contact) -> None:
        """Have the plans of a contact looked at, once."""
        if contact not in self.to_look_at:
            self.to_look_at.append(contact)

    # ---- who is meant

    def _agent(self, key: str | int) -> Agent:
        found = next((a for a in self.agents.values() if key == a.id or (type(key) is int and key == a.seq)), None)
        return found or refuse(RefusalReason.UNKNOWN_AGENT)

    def _contact(self, key: str | int) -> Contact:
        found = next((c for c in self.contacts if key == c.seq), None) if type(key) is int else self._newest(key)
        return found or refuse(RefusalReason.UNKNOWN_CONTACT)

    def _live_contact(self, key: str | int) -> Contact:
        contact = self._contact(key)
        return refuse(RefusalReason.CONTACT_ENDED) if contact.state in ENDED_STATES else contact

    def _newest(self, contact_id: str | int) -> Contact | None:
        """Return the newest contact of an id; an earlier one of the same id is still retained under its handle."""
        return next((contact for contact in reversed(self.contacts) if contact.id == contact_id), None)

    def _refuse_if_draining(self, *queue_ids: str | None) -> None:
        """Refuse the command if one of the queues that it names takes nothing new, or is gone by now."""
        if any(queue_id is not None and self._takes_nothing(queue_id) for queue_id in queue_ids):
            refuse(RefusalReason.QUEUE_DRAINING)

    def _takes_nothing(self, queue_id: str) -> bool:
        queue = self.config.queues.get(queue_id)
        return queue is None or queue.draining

    def _refuse_other_version(self, path: str, version: int | None) -> None:
        """Refuse the command if it is for another version of an entry of the configuration; 0 is one not there."""
        if version is not None and version != self.versions.get(path, 0):
            refuse(RefusalReason.VERSION)

    def _known_agents(self, given: EnqueueContact) -> EnqueueContact:
        """Return what a contact asks for without agents that there are not."""
        return msgspec.structs.replace(
            given,
            preferred=[id_ for id_ in given.preferred if id_ in self.agents],
            excluded=[id_ for id_ in given.excluded if id_ in self.agents],
            scores={id_: score for id_, score in given.scores.items() if id_ in self.agents},
        )

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

    # ---- what is told further up, and used further down

    def _set_presence_to(self, agent: Agent, presence: Presence, label: str | None, offers: PendingOffers) -> None:
        raise NotImplementedError

    def _watch_callback(self, contact: Contact) -> None:
        raise NotImplementedError

    def _leave_callback(self, contact: Contact, place: int, due_at_us: int | None = None) -> bool:
        raise NotImplementedError

    def _count_failed_attempt(self, contact: Contact) -> None:
        raise NotImplementedError

    def _drop_those_returned(self, contact: Contact) -> None:
        raise NotImplementedError
