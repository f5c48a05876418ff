"""Where agents are, and what becomes of their offers when they go."""

from __future__ import annotations

from ccroute import commands, events
from ccroute.types import PendingOffers, Presence, RefusalReason, RescindReason
from tests.model.ground import refuse
from tests.model.offers import Offers
from tests.model.state import Agent


class Presences(Offers):
    """The presences of agents, and commands that name nothing but an agent or a queue."""

    def _set_presence_to(self, agent: Agent, presence: Presence, label: str | None, offers: PendingOffers) -> None:
        previous = agent.presence
        agent.presence = presence
        agent.label = label
        agent.next = None
        self.someone_left = self.someone_left or (previous != Presence.OFFLINE and presence == Presence.OFFLINE)
        self.someone_moved = True
        if previous == Presence.OFFLINE and presence != Presence.OFFLINE:
            agent.idle_since = self.now
            agent.handled = 0
            agent.expiries = 0
        comes_back = previous == Presence.AWAY and presence == Presence.AVAILABLE
        if comes_back and self.now - agent.away_since > self.config.engine.idle_grace_us:
            agent.idle_since = self.now
        if previous != Presence.AWAY and presence == Presence.AWAY:
            agent.away_since = self.now
        if previous != Presence.AVAILABLE and presence == Presence.AVAILABLE:
            self._end_cooldowns_until_available(agent)
        self._tell(events.PresenceChanged, agent_id=agent.id, presence=presence, label=label, previous=previous)
        if previous != Presence.AVAILABLE or presence == Presence.AVAILABLE or offers == PendingOffers.KEEP:
            return
        for offer in list(agent.offers):
            if offers == PendingOffers.RESCIND:
                self._rescind(offer, RescindReason.PRESENCE)
            else:
                self._decline(offer, None)

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
            refuse(RefusalReason.OFFERS_PENDING)
        self._set_presence_to(agent, presence, label, policy)

    # ---- commands

    def _on_agent_presence(self, command: commands.SetPresence) -> None:
        agent = self._agent(command.agent_id)
        self._refuse_other_version(f"agents.{agent.id}", command.if_version)
        self._set_presence(agent, command.presence, command.label, command.offers, when_done=command.next_)

    def _on_agent_external_load(self, command: commands.SetExternalLoad) -> None:
        agent = self._agent(command.agent_id)
        agent.external[command.channel] = command.units
        self._tell(events.ExternalLoadSet, agent_id=agent.id, channel=command.channel, units=command.units)

    def _refuse_if_gone(self, queue_id: str) -> None:
        if queue_id not in self.config.queues:
            refuse(RefusalReason.QUEUE_DRAINING)

    def _on_queue_pause(self, command: commands.PauseQueue) -> None:
        self._refuse_if_gone(command.queue_id)
        self._refuse_other_version(f"queues.{command.queue_id}", command.if_version)
        if command.queue_id in self.paused:
            refuse(RefusalReason.QUEUE_PAUSED)
        self.paused.add(command.queue_id)
        self._tell(events.QueuePaused, queue_id=command.queue_id)

    def _on_queue_open(self, command: commands.OpenQueue) -> None:
        self._refuse_if_gone(command.queue_id)
        self._refuse_other_version(f"queues.{command.queue_id}", command.if_version)
        if command.queue_id not in self.paused:
            refuse(RefusalReason.QUEUE_OPEN)
        self.paused.remove(command.queue_id)
        self._tell(events.QueueOpened, queue_id=command.queue_id)
