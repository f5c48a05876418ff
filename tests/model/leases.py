"""Agents of whom nothing is heard: leases, losses, and what becomes of their offers and of their work."""

from __future__ import annotations

from ccroute import commands, events
from ccroute.types import LegEnd, PendingOffers, Presence, RequeueReason, RescindReason
from tests.model.opening import Opening
from tests.model.state import Agent, Leg, Loss

LOST = "lost"
"""Label of an agent that is lost."""


class Leases(Opening):
    """The leases of agents."""

    def _renew_lease(self, agent: Agent) -> None:
        """Let the lease of an agent begin anew; one that is offline or lost has none running."""
        self._disarm(agent.lease_timer)
        agent.lease_timer = None
        lease_us = agent.config.lease_us
        if lease_us is not None and agent.presence != Presence.OFFLINE and agent.loss is None:
            agent.lease_timer = self._arm(self.now + lease_us, "lease", lambda: self._lapse_lease(agent))

    def _lapse_lease(self, agent: Agent) -> None:
        agent.lease_timer = None
        loss = Loss(self.now, agent.presence, agent.label)
        lease_us, grace_ends = agent.config.lease_us, self.now + agent.config.lease_grace_us
        self._tell(events.AgentLost, agent_id=agent.id, lease_us=lease_us, grace_ends_at_us=grace_ends)
        super()._set_presence_to(agent, Presence.AWAY, LOST, PendingOffers.KEEP)
        agent.loss = loss
        for offer in list(agent.offers):
            self._rescind(offer, RescindReason.LOST)
        agent.lost_timer = self._arm(grace_ends, "lost", lambda: self._give_up_work(agent))

    def _give_up_work(self, agent: Agent) -> None:
        """Send the work of a lost agent back to its place, where no customer is on the line."""
        agent.lost_timer = None
        legs = [leg for leg in agent.legs if leg.works() and not self.choice.is_live(leg.channel)]
        for leg in sorted(legs, key=lambda leg: leg.contact.seq):
            self._give_up(leg)
        self._take_next_presence(agent)

    def _give_up(self, leg: Leg) -> None:
        self._end_leg(leg, LegEnd.LOST)
        self._withdraw_seek_of([leg])
        if not leg.contact.working_legs():
            self._requeue(leg.contact, RequeueReason.LOST)
            self._look_at_overdue(leg.contact)

    # ---- coming back

    def _end_loss(self, agent: Agent) -> None:
        """Forget that an agent was lost; the time of its loss is none that it was away."""
        loss = agent.loss
        assert loss is not None
        agent.loss = None
        self._disarm(agent.lost_timer)
        agent.lost_timer = None
        was_away = loss.presence == Presence.AWAY
        agent.away_since = agent.away_since + self.now - loss.at if was_away else self.now

    def _set_presence_to(self, agent: Agent, presence: Presence, label: str | None, offers: PendingOffers) -> None:
        if agent.loss is not None:
            self._end_loss(agent)
        super()._set_presence_to(agent, presence, label, offers)
        if presence == Presence.OFFLINE or agent.lease_timer is None:
            self._renew_lease(agent)

    def _on_agent_presence(self, command: commands.SetPresence) -> None:
        super()._on_agent_presence(command)
        agent = self._agent(command.agent_id)
        if agent.loss is not None:
            self._end_loss(agent)
        self._renew_lease(agent)

    def _on_agent_heartbeat(self, command: commands.Heartbeat) -> None:
        agent = self._agent(command.agent_id)
        if agent.loss is not None:
            self._set_presence_to(agent, agent.loss.presence, agent.loss.label, PendingOffers.KEEP)
        self._renew_lease(agent)
