"""How an agent works on a contact: wrap-ups, suspensions, ends of legs and cool-downs."""

from __future__ import annotations

from ccroute import events
from ccroute.types import FOR_EVER, NEXT_AVAILABLE, LegEnd, LegState, SuspendReason
from tests.model.state import Agent, Contact, Cooldown, Leg
from tests.model.waiting import Waiting


class Legs(Waiting):
    """The legs of contacts."""

    def _finish_work(self, leg: Leg, end: LegEnd, wrap_up_us: int | str | None = None) -> None:
        """Let a leg wrap up, as long as its queue says if nothing else is said; end it where there is no wrap-up."""
        if wrap_up_us is None:
            wrap_up_us = self.config.queues[leg.queue].wrap_up_us
        if wrap_up_us == 0 or leg.state == LegState.SUSPENDED:
            self._end_leg(leg, end)
            return
        leg.end = end
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
        raise NotImplementedError

    def _end_leg(self, leg: Leg, end: LegEnd) -> None:
        self._disarm(leg.timer)
        worked_until = leg.wrap_began if leg.state == LegState.WRAPPING else self.now
        leg.contact.legs.remove(leg)
        leg.agent.legs.remove(leg)
        leg.agent.idle_since = self.now
        handled_us = worked_until - leg.began
        self._tell(events.LegEnded, **leg.ids(), reason=end, began_at_us=leg.began, handled_us=handled_us)
        self._note_over(leg.contact)

    def _suspend(self, leg: Leg, by: Contact, reason: SuspendReason) -> None:
        self.suspensions += 1
        leg.state = LegState.SUSPENDED
        leg.suspension = self.suspensions
        self._tell(events.ContactSuspended, **leg.ids(), by_contact_id=by.id, reason=reason)

    def _resume(self, leg: Leg) -> None:
        leg.state = LegState.ACTIVE
        self._tell(events.ContactResumed, **leg.ids())

    def _take_next_presence(self, agent: Agent) -> None:
        if agent.next is not None and not agent.legs:
            self._set_presence_to(agent, *agent.next)

    # ---- cool-downs

    def _cool_down(
        self, contact: Contact, agent: Agent, cooldown: int | str | None = None, until_us: int | None = None
    ) -> int | str:
        """Keep an agent from being offered a contact, by default for as long as the contact's present queue says."""
        if until_us is not None:
            cooldown = max(0, until_us - self.now)
        elif cooldown is None:
            cooldown = self.choice.queue(contact).cooldown_us
        running = contact.cooldowns.pop(agent.id, None)
        self._disarm(None if running is None else running.timer)
        if isinstance(cooldown, str):
            assert cooldown in (NEXT_AVAILABLE, FOR_EVER)
            contact.cooldowns[agent.id] = Cooldown(until_available=cooldown == NEXT_AVAILABLE)
        elif cooldown > 0:
            timer = self._arm(self.now + cooldown, "cooldown", lambda: contact.cooldowns.__delitem__(agent.id))
            contact.cooldowns[agent.id] = Cooldown(timer)
        return cooldown

    def _end_cooldowns_until_available(self, agent: Agent) -> None:
        for contact in self.contacts:
            if agent.id in contact.cooldowns and contact.cooldowns[agent.id].until_available:
                del contact.cooldowns[agent.id]
