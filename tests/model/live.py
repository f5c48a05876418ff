"""Another configuration while work goes on: what is refused, what changes at once, and what drains.

A command builds the whole new configuration; everything that reads one is then given that, agent by agent, queue by
queue. Whether it is sound is not looked at here: the engine raises before anything moves.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from ccroute import commands, events
from ccroute.config import BUILT_IN_CHANNELS, check
from ccroute.config.structs import Config, Queue
from ccroute.types import (
    ContactState,
    PendingOffers,
    PlanOn,
    Presence,
    RefusalReason,
    Removal,
    RescindReason,
    Rule,
)
from tests.model.entries import changed, removed, with_draining, without_agent, without_queue
from tests.model.expressions import Expressions, skills_known
from tests.model.ground import refuse
from tests.model.hours import is_open, next_change
from tests.model.state import OUT_OF_LINE, Agent, Contact, Offer
from tests.model.use import Use

ASKED_OF_OFFERS = (Rule.MEMBERSHIP, Rule.AFTER, Rule.REQUIREMENT, Rule.PREFERRED)
"""What an offer must still meet beside exclusion and an open channel, unless it is to one agent only."""


class Live(Use):
    """Commands that change the configuration."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.version = 1
        self.agents_made = len(self.agents)
        self.skills = skills_known(config)
        """Every skill that was ever known."""
        self.window: dict[str, tuple[int, int]] = {}

    # ---- commands

    def _on_configure(self, command: commands.Configure) -> None:
        after = command.config
        queues = [id_ for id_ in self.config.queues if id_ not in after.queues and self._is_queue_used(id_)]
        gone = [agent for agent in self.agents.values() if agent.id not in after.agents]
        agents = [agent.id for agent in gone if self._is_agent_used(agent)]
        if command.removal == Removal.REFUSE and (queues or agents):
            refuse(RefusalReason.IN_USE)
        kept = with_draining(self.config, after, queues, agents)
        if check(kept):
            refuse(RefusalReason.IN_USE)
        self._configure(kept, command.removal)

    def _on_queue_put(self, command: commands.PutQueue) -> None:
        self._refuse_other_version(f"queues.{command.queue_id}", command.if_version)
        self._put(structs.replace(self.config, queues=self.config.queues | {command.queue_id: command.config}))

    def _on_agent_put(self, command: commands.PutAgent) -> None:
        self._refuse_other_version(f"agents.{command.agent_id}", command.if_version)
        self._put(structs.replace(self.config, agents=self.config.agents | {command.agent_id: command.config}))

    def _on_channel_put(self, command: commands.PutChannel) -> None:
        self._refuse_other_version(f"channels.{command.channel}", command.if_version)
        self._put(structs.replace(self.config, channels=self.config.channels | {command.channel: command.config}))

    def _put(self, config: Config) -> None:
        if check(config):
            # It was sound when the call began: it names what has drained away since.
            refuse(RefusalReason.VERSION)
        self._configure(config)

    def _on_queue_remove(self, command: commands.RemoveQueue) -> None:
        queue_id = command.queue_id
        self._refuse_if_gone(queue_id)
        self._refuse_other_version(f"queues.{queue_id}", command.if_version)
        if not self._is_queue_used(queue_id):
            self._configure(without_queue(self.config, queue_id), command.removal)
        elif command.removal == Removal.REFUSE:
            refuse(RefusalReason.IN_USE)
        else:
            queue = structs.replace(self.config.queues[queue_id], draining=True)
            self._configure(structs.replace(self.config, queues=self.config.queues | {queue_id: queue}))

    def _on_agent_remove(self, command: commands.RemoveAgent) -> None:
        agent = self._agent(command.agent_id)
        self._refuse_other_version(f"agents.{agent.id}", command.if_version)
        if not self._is_agent_used(agent):
            self._configure(without_agent(self.config, agent.id), command.removal)
        elif command.removal == Removal.REFUSE:
            refuse(RefusalReason.IN_USE)
        else:
            config = structs.replace(agent.config, draining=True)
            self._configure(structs.replace(self.config, agents=self.config.agents | {agent.id: config}))

    # ---- what has drained

    def _remove_drained(self) -> bool:
        """Take away what has drained, one after the other, unless another entry needs it; tell whether any went."""
        before = self.config
        while self._remove_first_drained():
            pass
        return self.config is not before

    def _remove_first_drained(self) -> bool:
        """Take away the first queue, else the first agent, that has drained and that no other entry needs."""
        queues = [id_ for id_, queue in self.config.queues.items() if queue.draining and not self._is_queue_used(id_)]
        agents = [agent.id for agent in self.agents.values() if self._is_agent_gone(agent)]
        return any(self._remove_if_sound(without_queue(self.config, id_)) for id_ in queues) or any(
            self._remove_if_sound(without_agent(self.config, id_)) for id_ in agents
        )

    def _remove_if_sound(self, config: Config) -> bool:
        if check(config):
            return False
        self.cause, self.actor = self.last_cause or (self.cause, self.actor)
        self._configure(config, Removal.DRAIN)
        return True

    # ---- the change

    def _configure(self, after: Config, removal: Removal = Removal.REFUSE) -> None:
        """Put another configuration in force, tell it, and see to what it changes at once."""
        if self._is_more_used(after, removal):
            refuse(RefusalReason.IN_USE)
        before = self.config
        told, gone = changed(before, after), removed(before, after)
        if told or gone:
            self.version += 1
        for path in gone:
            del self.versions[path]
        for path in told:
            self.versions[path] = self.versions.get(path, 0) + 1
        self._tell(events.Configured, version=self.version, changed=told, removed=gone)
        if not told and not gone:
            return
        self._put_in_force(after)
        self._forget_retained()
        self._forget_commands()
        self._see_to_all_offers(told)
        self._send_away_draining(before)
        self._change_all_hours(before)
        self._change_plans(before, told)
        self._arm_anew(before)
        self.someone_left = self.someone_moved = True

    def _put_in_force(self, after: Config) -> None:
        before, self.config, self.choice.config = self.config, after, after
        self.skills = list(dict.fromkeys([*self.skills, *skills_known(after)]))
        self.choice.expressions = Expressions(after, self.skills)
        self.paused &= set(after.queues)
        self.paused |= {id_ for id_, queue in after.queues.items() if queue.paused and id_ not in before.queues}
        for agent in list(self.agents.values()):
            if agent.id in after.agents:
                agent.config = after.agents[agent.id]
            else:
                self._forget_agent(agent)
        for id_, config in after.agents.items():
            if id_ not in self.agents:
                self.agents[id_] = Agent(self.agents_made, id_, config)
                self.agents_made += 1
        known = [*BUILT_IN_CHANNELS, *after.channels]
        for agent in self.agents.values():
            agent.external = {channel: units for channel, units in agent.external.items() if channel in known}

    def _forget_agent(self, agent: Agent) -> None:
        """Forget an agent wherever contacts name it; one of the same id that comes later is another."""
        del self.agents[agent.id]
        self._disarm(agent.lease_timer)
        self._disarm(agent.lost_timer)
        for contact in self.contacts:
            contact.given = self._known_agents(contact.given)
            cooldown = contact.cooldowns.pop(agent.id, None)
            self._disarm(None if cooldown is None else cooldown.timer)
            if contact.phase is not None:
                contact.phase.kept = [id_ for id_ in contact.phase.kept if id_ != agent.id]
            if contact.direct is not None and contact.direct.giver is agent:
                contact.direct.giver = None

    def _forget_retained(self) -> None:
        while len(self.contacts) > self.config.engine.contacts_max:
            self._drop(self.over[0])

    def _forget_commands(self) -> None:
        while len(self.window) > self.config.engine.command_ids_max:
            del self.window[next(iter(self.window))]

    # ---- what follows at once

    def _see_to_all_offers(self, told: list[str]) -> None:
        """Rescind the offers of queues and agents that are different, where they do not stand now, and unfit ones."""
        offers = [offer for agent in self.agents.values() for offer in agent.offers]
        for offer in sorted(offers, key=lambda offer: offer.number):
            is_concerned = f"queues.{offer.contact.queue}" in told or f"agents.{offer.agent.id}" in told
            if is_concerned and self._is_broken_now(offer, self._asked_of(offer)):
                self._rescind(offer, RescindReason.CHANGED)
        for offer in self.unfit_offers():
            self._rescind(offer, RescindReason.NO_ROOM)

    def _asked_of(self, offer: Offer) -> tuple[Rule, ...]:
        always = (Rule.EXCLUDED, Rule.CHANNEL_CLOSED)
        return always if offer.contact.direct is not None else (*always, *ASKED_OF_OFFERS)

    def unfit_offers(self) -> list[Offer]:
        raise NotImplementedError

    def _send_away_draining(self, before: Config) -> None:
        """Let agents that drain from now on go offline when their work ends."""
        for agent in list(self.agents.values()):
            drained_before = agent.id in before.agents and before.agents[agent.id].draining
            is_there = agent.presence != Presence.OFFLINE or bool(agent.legs)
            is_leaving = bool(agent.legs) and agent.next is not None and agent.next[0] == Presence.OFFLINE
            if agent.config.draining and not drained_before and is_there and not is_leaving:
                self._set_presence(agent, Presence.OFFLINE, None, PendingOffers.RESCIND, when_done=True)

    def _change_all_hours(self, before: Config) -> None:
        """Tell queues that open or close by other hours, and wait for the changes to come."""
        for queue_id in dict.fromkeys([*before.queues, *self.config.queues]):
            old, new = (getattr(config.queues.get(queue_id), "hours", None) for config in (before, self.config))
            if queue_id not in self.config.queues:
                self._wait_for_hours(queue_id)
            elif queue_id not in before.queues or old != new:
                self._change_hours_of(queue_id, old, is_new=queue_id not in before.queues)

    def _change_hours_of(self, queue_id: str, old: Any, is_new: bool) -> None:
        new = self.config.queues[queue_id].hours
        opens = is_open(new, self.now)
        if not is_new and opens != is_open(old, self.now):
            kind = events.HoursOpened if opens else events.HoursClosed
            self._tell(kind, queue_id=queue_id, until_us=next_change(new, self.now))
        self._wait_for_hours(queue_id)

    def _change_plans(self, before: Config, told: list[str]) -> None:
        """Let contacts go on with the new plans of their queues; those whose queues are different are looked at."""
        for contact in self.contacts:
            if not contact.is_live():
                continue
            followed = contact.course.queue
            if followed is not None and self._differs(before, followed, "plan"):
                self._go_on_with(contact, self.config.queues[followed])
            concerns = [f"queues.{queue_id}" for queue_id in (contact.queue, followed) if queue_id is not None]
            if contact.state == ContactState.QUEUED and any(path in told for path in concerns):
                self._look_at(contact)

    def _differs(self, before: Config, queue_id: str, name: str) -> bool:
        old, new = before.queues.get(queue_id), self.config.queues.get(queue_id)
        return old is not None and new is not None and getattr(old, name) != getattr(new, name)

    def _go_on_with(self, contact: Contact, queue: Queue) -> None:
        """Leave out the steps of a new plan that a contact would have met before."""
        course = contact.course
        stands_still = contact.state in OUT_OF_LINE and not contact.clock_runs
        now = contact.parked_since if stands_still else self.now
        course.consumed = {key for key in course.consumed if key[0] != "queue"}
        for index, step in enumerate(queue.plan):
            is_past = step.after is not None and course.began + step.after <= now
            if is_past or step.ahead is not None or step.on == PlanOn.ENTRY:
                course.consumed.add(("queue", index))

    def _arm_anew(self, before: Config) -> None:
        """Arm what is due at other moments now: of contacts, then of agents."""
        for contact in self.contacts:
            if contact.is_live() and contact.state not in OUT_OF_LINE:
                self._arm_contact_anew(contact, before)
        for agent in self.agents.values():
            old = before.agents.get(agent.id)
            if old is not None and old.lease_us != agent.config.lease_us:
                self._renew_lease(agent)

    def _arm_contact_anew(self, contact: Contact, before: Config) -> None:
        due = self._after_due(contact)
        armed = contact.after_timer
        if (armed.due if armed is not None and armed in self.timers else None) != due:
            self._disarm(armed)
            self._arm_after(contact)
        if self._differs(before, contact.present_queue, "overdue_after_us"):
            self._disarm(contact.overdue_timer)
            contact.overdue_timer = None
            overdue_after_us = self.choice.queue(contact).overdue_after_us
            if overdue_after_us is not None and not contact.is_overdue:
                due = max(self.now, contact.queued_since + overdue_after_us)
                contact.overdue_timer = self._arm(due, "overdue", lambda: self._look_at_overdue(contact))
