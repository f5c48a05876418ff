"""The book of what time brings: rules that fire, preferred agents, callbacks, hours, leases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ccroute import commands, events
from ccroute.commands import ContactPatch
from ccroute.types import CallbackEnd, PlanOn, PlanOnOverflow, PreferredEnd
from tests.lives import WORKING, Life, Owed, Wish
from tests.offer_book import OfferBook


class TimeBook(OfferBook):
    """Enters events that rules and moments bring."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._owing: list[Life] = []
        """Contacts abandoned in this call that have to leave a callback."""
        self._returned: list[Life] = []
        """Callbacks of customers who came back in this call."""

    # ---- rules

    def _on_rule_fired(self, event: events.RuleFired) -> None:
        life = self.lives[event.contact_id]
        entry = life.entry
        assert life.state == "queued", "a rule fired for one that does not wait"
        entry.exhausted_count = 0
        entry.limits_told += event.when == PlanOn.LIMIT
        life.limits_told += event.when == PlanOn.LIMIT
        self._fired, self._step = event, None
        queue = self.config.queues[life.queue_id if event.own else event.queue_id]
        plan = life.wish.plan if event.own else queue.plan
        if event.own:
            assert event.queue_id == life.queue_id
            assert event.rule not in life.own_gone, "a step that moved the contact fired again"
        if event.rule < len(plan):
            assert (event.own, event.rule) not in entry.fired, "a rule fired twice"
            entry.fired.append((event.own, event.rule))
            self._step = plan[event.rule]
            self._check_due(life, event)
            if event.own and self._step.queue is not None:
                life.own_gone.append(event.rule)
            assert event.own or event.queue_id == entry.plan_of
            kind = "own" if event.own else "kept" if entry.plan_of != life.queue_id else "queue"
            self.happened[f"rule.fired:{kind}"] += 1
        else:
            assert not event.own
            assert (event.rule - len(plan), event.when) in ((0, "closed"), (1, "limit"))
            kind = "closed_action" if event.when == "closed" else "fallback"
            self.happened[f"rule.fired:{kind}"] += 1
            if kind == "closed_action":
                assert not entry.is_closed_told, "what hours say was done twice"
                assert life.callback is None
                entry.is_closed_told = True

    def _check_due(self, life: Life, event: events.RuleFired) -> None:
        """Check what a step needs to fire, its condition aside."""
        step = self._step
        assert step is not None
        entry = life.entry
        if event.when == "expedited":
            assert step.after is not None
            given = self.command
            assert isinstance(given, commands.ExpediteContact)
            return
        assert event.when == (step.on or ("after" if step.after is not None else "ahead"))
        if step.after is not None:
            assert event.at_us >= entry.plan_at_us + step.after, "a rule fired before its time"
        elif step.ahead is not None:
            others = [one for one in self.lives.values() if one.queue_id == life.queue_id]
            assert sum(one.state == "queued" or one.seek is not None for one in others) > step.ahead, (
                "fewer stand ahead"
            )
        elif step.on is PlanOn.NOBODY_ONLINE:
            assert not self.audit.anybody_online(life), "somebody is online"
        elif step.on is PlanOn.OVERDUE:
            assert life.is_overdue
        elif step.on in (PlanOn.CLOSED, PlanOn.OPENED):
            assert self.config.queues[life.queue_id].hours is not None or entry.is_reconfigured

    def _take_step(self, life: Life, event: events.ContactChanged) -> bool:
        """Note what a rule patched, and tell whether its plan goes on in another queue."""
        fired, step = self._fired, self._step
        assert fired is not None
        assert fired.contact_id == life.id
        hours = self.config.queues[life.queue_id].hours
        if step is None:
            assert event.changed == ["queue_id"]
            assert hours is not None
            assert event.queue_id == hours.queue
            return hours.plan is PlanOnOverflow.KEEP
        given = [name for name in ContactPatch.__struct_fields__ if getattr(step, name, None) is not None]
        names = [name for name in given if name not in ("queue_id", "plan")]
        names = [name for name in names if fired.own or name not in life.entry.own_fields]
        expected = (["queue_id"] if step.queue is not None else []) + names
        assert event.changed == expected, (event.changed, expected)
        assert step.queue is None or event.queue_id == step.queue
        if fired.own:
            life.entry.own_fields += names
        self._take_patch(life, names, step)
        return step.plan is PlanOnOverflow.KEEP

    def _take_patch(self, life: Life, changed: list[str], patch: Any) -> None:
        raise NotImplementedError

    def _on_action_requested(self, event: events.ActionRequested) -> None:
        assert self.is_by_rule
        assert self._step is not None
        assert event.report == self._step.report
        assert event.customer_id == self.lives[event.contact_id].customer_id

    def check_rule(self, cause: str) -> None:
        """Check that what a rule causes follows the rule, and is named after it."""
        fired = self._fired
        assert fired is not None
        assert cause == f"rule:{fired.queue_id}/{'own/' if fired.own else ''}{fired.rule}"

    # ---- preferred agents

    def _on_contact_preferred_ended(self, event: events.PreferredEnded) -> None:
        life = self.lives[event.contact_id]
        assert life.state == "queued"
        assert event.queue_id == life.queue_id
        phase, prefer = life.phase, self._prefer(life)
        assert phase is not None, "it was not kept for anybody"
        if event.reason is PreferredEnd.WAITED:
            assert event.at_us >= phase.ends_us or not phase.is_sure
        elif event.reason is PreferredEnd.BOUND:
            assert not phase.keeps_all
        elif phase.keeps_all and phase.is_sure:
            assert not self.audit.favourite_online(life, prefer)
        life.phase = None

    # ---- callbacks

    def _wish_of_callback(self, event: Any) -> Wish:
        """Return what a callback asks for that a contact leaves: what that contact does, but plan, limits and cost."""
        assert event.parent_id is not None
        parent = self.lives.get(event.parent_id) or self.gone[event.parent_id]
        assert event.contact_id.partition("+")[0] == f"callback:{parent.order}"
        assert (event.queue_id, event.customer_id) == (parent.queue_id, parent.customer_id)
        self._owing = [life for life in self._owing if life is not parent]
        self.happened["callback:abandoned" if parent.state == "abandoned" else "callback:rule"] += 1
        return replace(parent.wish, channel="callback", plan=[], limits=None, cost=None)

    def _note_arrival(self, life: Life) -> None:
        """A callback is owed from now on; a customer who comes otherwise is owed none."""
        by_host = (
            self.command is not None and not self.is_by_rule and life.id == getattr(self.command, "contact_id", "")
        )
        life.is_made_by_host = by_host
        life.is_consult = isinstance(self.command, commands.ConsultAgent) and not self.is_by_rule
        self._note_channel(life)
        if life.wish.channel == "callback":
            return
        if by_host and life.customer_id is not None:
            self._returned += [
                other
                for other in self.lives.values()
                if other.callback is not None and other.callback.is_ours and other.customer_id == life.customer_id
                if other.state in ("queued", "parked", "scheduled")
            ]

    def _note_channel(self, life: Life) -> None:
        """A contact is a callback for as long as it is on that channel; what an agent consults about is none."""
        if life.wish.channel != "callback" or life.is_consult or life.queue_id is None:
            life.callback = None
            return
        if life.owed is None:
            expires_us = life.created_us + self.queue_of(life).callback.expires_us
            life.owed = Owed(not life.is_made_by_host or life.parent_id is not None, expires_us)
        life.callback = life.owed

    def _on_callback_due(self, event: events.CallbackDue) -> None:
        life = self.lives[event.contact_id]
        owed = life.callback
        assert owed is not None
        assert life.state == "queued"
        assert not owed.is_dropped
        assert event.attempt == owed.attempts + 1
        assert event.expires_at_us == owed.expires_us

    def _on_callback_dropped(self, event: events.CallbackDropped) -> None:
        if event.reason is CallbackEnd.CONTACTS_MAX:
            self._owing = [life for life in self._owing if life.id != event.contact_id]
            return
        life = self.lives[event.contact_id]
        owed = life.callback
        assert owed is not None
        assert not owed.is_dropped
        assert event.queue_id == life.queue_id
        assert (event.reason is CallbackEnd.RETURNED) == (event.by_contact_id is not None)
        if event.by_contact_id is not None:
            assert owed.is_ours
            assert self.lives[event.by_contact_id].customer_id == life.customer_id
        owed.is_dropped = True

    def _note_end(self, life: Life, event: Any) -> None:
        """A callback that was not dropped ends in another way, and who is abandoned may be owed one."""
        owed = life.callback
        if isinstance(event, events.ContactExpired):
            dropped = event.reason in ("callback_attempts", "callback_expired")
            assert dropped == (owed is not None and owed.is_dropped)
        leaves = self.queue_of(life).callback.on_abandon and not (life.is_consult or life.callback)
        if isinstance(event, events.ContactAbandoned) and leaves:
            self._owing.append(life)

    def missed(self) -> list[tuple[Any, ...]]:
        """Return the callbacks that are still owed."""
        return [
            (life.id, life.parent_id, life.customer_id, life.queue_id, life.state, owed.attempts, owed.expires_us)
            for life in self.lives.values()
            if (owed := life.callback) is not None
        ]

    # ---- hours

    def _on_hours_closed(self, event: events.HoursClosed) -> None:
        self._note_hours(event, is_open=False)

    def _on_hours_opened(self, event: events.HoursOpened) -> None:
        self._note_hours(event, is_open=True)

    def _note_hours(self, event: events.HoursClosed | events.HoursOpened, *, is_open: bool) -> None:
        queue_id = event.queue_id
        assert self.is_open[queue_id] is not is_open, "hours do not alternate"
        self.is_open[queue_id] = is_open
        assert self._is_open_at(queue_id, event.at_us) is is_open
        hours = self.config.queues[queue_id].hours
        moments = [moment for span in (hours.spans or [] if hours else []) for moment in span]
        assert event.until_us == min((moment for moment in moments if moment > event.at_us), default=None)

    # ---- leases

    def _on_agent_lost(self, event: events.AgentLost) -> None:
        desk = self.desks[event.agent_id]
        assert desk.presence != "offline"
        assert desk.config.lease_us == event.lease_us
        assert event.grace_ends_at_us == event.at_us + desk.config.lease_grace_us
        desk.is_lost, desk.next, desk.grace_ends_us = True, False, event.grace_ends_at_us

    def check_graces(self, at_us: int, *, is_over: bool) -> None:
        """Check that work of lost agents on channels that are not live has gone back, once their grace is over."""
        for desk in self.desks.values():
            ends_us = desk.grace_ends_us
            if ends_us is None or ends_us > at_us or (ends_us == at_us and not is_over):
                continue
            desk.grace_ends_us = None
            for leg in desk.legs:
                stays = leg.state not in WORKING or self.audit.is_live(leg.channel) or leg.began_us >= ends_us
                assert stays, f"{desk.id} is lost and still has {leg.life.id}"

    # ---- what has to hold between calls

    def check_time(self, now_us: int) -> None:
        """Check what time should have brought."""
        self.check_graces(now_us, is_over=True)
        assert not self._owing, "a callback was lost"
        assert not any(life is self.lives.get(life.id) for life in self._returned), "a callback of one who came back"
        self._returned = []
        for queue_id in self.config.queues:
            assert self.is_open[queue_id] == self._is_open_at(queue_id, now_us), f"hours of {queue_id}"
        for life in self.lives.values():
            owed = life.callback
            assert owed is None or not owed.is_dropped, "a dropped callback lives on"
            assert owed is None or life.state != "queued" or owed.expires_us > now_us, "a callback is over"
            if life.state == "scheduled":
                assert life.due_at_us > now_us, "it is due"
            if life.state == "parked":
                assert life.until_us is None or life.until_us > now_us, "its parking is over"
            if life.state == "queued" and life.direct is None:
                self._check_rules(life, now_us)
                self._check_phase(life, now_us)

    def _check_phase(self, life: Life, now_us: int) -> None:
        phase = life.phase
        self.happened["contact.kept"] += phase is not None
        if phase is not None and phase.is_sure:
            assert now_us < phase.ends_us, f"{life.id} is kept for its preferred agents without end"
            assert self.audit.favourite_online(life, self._prefer(life)), "kept for agents who are not there"

    def _check_rules(self, life: Life, now_us: int) -> None:
        """Check that what is due without a condition has fired."""
        entry, queue = life.entry, self.config.queues[life.queue_id]
        if entry.is_reconfigured:
            return
        for own, plan in ((False, self.config.queues[entry.plan_of].plan), (True, life.wish.plan)):
            for index, step in enumerate(plan):
                past = step.after is not None and now_us >= entry.plan_at_us + step.after
                has_fired = (own, index) in entry.fired or (own and index in life.own_gone)
                past = past or (step.on is PlanOn.ENTRY and not (own and entry.is_own_replaced))
                assert not past or step.if_ is not None or has_fired, f"step {index} for {life.id} has not fired"
        limits = [life.wish.limits or type(queue.limits)(), queue.limits]
        in_queue_us = next((one.in_queue_us for one in limits if one.in_queue_us is not None), None)
        if in_queue_us is not None and now_us >= entry.at_us + in_queue_us:
            assert entry.limits_told, f"{life.id} waits beyond its limit"
        ttl_us = next((one.ttl_us for one in limits if one.ttl_us is not None), None)
        if ttl_us is not None and now_us >= life.created_us + ttl_us:
            assert life.limits_told, f"{life.id} lives beyond its time"
