"""What plans do as contacts wait: which step is due, what it brings about, what follows where none sees to a limit.

Contacts are looked at one after the other, in the order in which something happened to them, and each until it has come
to rest. A contact that is being looked at is still on the list, so that nothing puts it there again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ccroute import commands, events
from ccroute.commands import ContactPatch
from ccroute.config import BUILT_IN_CHANNELS
from ccroute.config.structs import PlanStep
from ccroute.types import (
    CallbackEnd,
    ContactState,
    Limit,
    ParkClock,
    PlanOn,
    PlanOnOverflow,
    RefusalReason,
    RescindReason,
    RuleEnd,
)
from tests.model.figures import Figures, limits_in_force
from tests.model.ground import refuse
from tests.model.hours import is_open, next_opening, step_when_closed
from tests.model.preferring import Preferring
from tests.model.service import may_be_called_back
from tests.model.state import Contact, StepKey

ENTRIES_MAX: Final = 64
"""Queues that a contact enters while it is looked at; where plans lead in a circle, it stops there for the time."""
PATCHED: Final = [
    name for name in ContactPatch.__struct_fields__ if name in PlanStep.__struct_fields__ and name != "plan"
]
"""Fields of a step that change the contact, in the order in which they are told."""
CLOSED_KEY: Final = ("closed", 0)
"""Where that stands which the hours of a queue say."""
KEPT_APART: Final = ("requires", "keeps_place")
"""Of those, what does not become the contact's own."""


@dataclass(frozen=True, eq=False)
class Rule:
    """A step, and where it stands."""

    step: PlanStep
    queue: str
    """Whose plan it is; with an own one, where the contact stood."""
    index: int
    key: StepKey
    reason: str = "rule"
    """Told where it ends the contact as expired."""

    @property
    def is_own(self) -> bool:
        return self.key[0] == "own"

    @property
    def cause(self) -> str:
        return f"rule:{self.queue}/own/{self.index}" if self.is_own else f"rule:{self.queue}/{self.index}"

    @property
    def when(self) -> str:
        if self.step.on is not None:
            return self.step.on.value
        return "after" if self.step.ahead is None else "ahead"


class Plans(Preferring):
    """The plans of queues and of contacts."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.figures = Figures(self, self.choice)

    # ---- what is to be looked at

    def _notice_presences(self) -> None:
        """Look at contacts that nobody online could ever serve, where somebody has left, and at those kept in vain."""
        someone_left, someone_moved = self.someone_left, self.someone_moved
        self.someone_left = self.someone_moved = False
        for contact in self.contacts if someone_moved else ():
            if contact.state != ContactState.QUEUED:
                continue
            waits_for_nobody = someone_left and contact.phase is None and self._waits_for_nobody(contact)
            if self._is_kept_in_vain(contact) or (waits_for_nobody and self.figures.is_nobody_online(contact)):
                self._look_at(contact)

    def _waits_for_nobody(self, contact: Contact) -> bool:
        return any(
            rule.step.on == PlanOn.NOBODY_ONLINE and rule.key not in contact.course.consumed
            for rule in self._rules(contact)
        )

    def _work_off(self) -> None:
        """Look at contacts until there is none left to be looked at."""
        while self.to_look_at:
            self._process(self.to_look_at[0])
            self.to_look_at.pop(0)

    def _process(self, contact: Contact) -> None:
        """Do all that the plans of a contact say now."""
        course = contact.course
        course.asked.clear()
        entries = course.entries
        while course.entries - entries < ENTRIES_MAX:
            if contact.state == ContactState.QUEUED and self._has_lapsed(contact):
                self._expire_callback(contact, CallbackEnd.EXPIRED)
            if contact.state != ContactState.QUEUED:
                return
            self._see_to_preferred(contact)
            self._raise_limits(contact)
            self._raise_hours(contact)
            rule = self._rule_due(contact)
            if rule is None:
                self._expire_by_limit(contact)
                self._come_to_rest(contact)
                return
            self._fire(contact, rule, rule.when)

    def _come_to_rest(self, contact: Contact) -> None:
        if contact.state == ContactState.QUEUED:
            contact.course.flags.clear()
            contact.course.limits_raised.clear()
            self._wait_for_rules(contact)

    # ---- which step

    def _rules(self, contact: Contact) -> Iterator[Rule]:
        """Return all steps that a contact follows, in the order in which they are asked."""
        queue = contact.course.queue
        for index, step in enumerate([] if queue is None else self.config.queues[queue].plan):
            yield Rule(step, queue or "", index, ("queue", index))
        for index, step in enumerate(contact.given.plan):
            yield Rule(step, contact.present_queue, index, ("own", index))
        closed_step = None if contact.is_callback() else step_when_closed(self.choice.queue(contact).hours)
        if closed_step is not None:
            index = len(self.choice.queue(contact).plan)
            yield Rule(closed_step, contact.present_queue, index, CLOSED_KEY, reason="closed")

    def _rule_due(self, contact: Contact) -> Rule | None:
        """Return the first step that is due and whose condition holds; those of time and number are asked once."""
        course = contact.course
        for rule in self._rules(contact):
            if rule.key in course.consumed or rule.key in course.asked or not self._is_due(contact, rule):
                continue
            if self._agrees(contact, rule):
                return rule
            course.asked.add(rule.key)
            if rule.step.on is None:
                course.consumed.add(rule.key)
        return None

    def _is_due(self, contact: Contact, rule: Rule) -> bool:
        flags, step = contact.course.flags, rule.step
        if rule.key == CLOSED_KEY:
            hours = self.choice.queue(contact).hours
            applies = PlanOn.ENTRY in flags or (hours is not None and hours.closes_waiting)
            return applies and PlanOn.CLOSED in flags
        if step.after is not None:
            return self.now >= contact.course.began + step.after
        if step.ahead is not None:
            return PlanOn.ENTRY in flags and self.figures.ahead(contact) >= step.ahead
        if step.on == PlanOn.NOBODY_ONLINE:
            return contact.phase is None and self.figures.is_nobody_online(contact)
        return bool(contact.course.limits_raised) if step.on == PlanOn.LIMIT else step.on in flags

    def _agrees(self, contact: Contact, rule: Rule) -> bool:
        """Tell whether the condition of a step holds, and queue and channel to which it leads take contacts."""
        if rule.step.queue is not None and self._takes_nothing(rule.step.queue):
            return False
        if rule.step.channel not in (None, *BUILT_IN_CHANNELS, *self.config.channels):
            return False
        return self.figures.holds(rule.step.if_, contact)

    # ---- what it brings about

    def _fire(self, contact: Contact, rule: Rule, when: str) -> None:
        """Let a step fire and do what it says, under its own name."""
        course, step = contact.course, rule.step
        self.rounds += 1
        course.consumed.add(rule.key)
        if rule.is_own and step.queue is not None:
            course.spent.add(rule.key)
        self._tell_fired(contact, rule.queue, rule.index, when, own=rule.is_own)
        if step.on == PlanOn.LIMIT:
            course.limits_raised = dict.fromkeys(course.limits_raised, True)
        contact.offers_made = 0
        contact.exhausted_told = False
        self._under(rule.cause, lambda: self._bring_about(contact, rule))

    def _tell_fired(self, contact: Contact, queue: str, index: int, when: str, own: bool = False) -> None:
        self._tell(events.RuleFired, contact_id=contact.id, queue_id=queue, rule=index, own=own, when=when)

    def _under(self, cause: str, do: Callable[[], None]) -> None:
        """Do something under a cause of its own."""
        before = self.cause, self.actor
        self.cause, self.actor = cause, None
        do()
        self.cause, self.actor = before

    def _bring_about(self, contact: Contact, rule: Rule) -> None:
        step = rule.step
        self._patch(contact, rule)
        if step.report is not None:
            self._tell(
                events.ActionRequested,
                contact_id=contact.id,
                queue_id=contact.queue,
                customer_id=contact.given.customer_id,
                conversation_id=contact.given.conversation_id,
                report=step.report,
            )
        if step.park is not False:
            self._park(contact, ParkClock.STOPS, None if step.park is True else self.now + step.park)
        elif step.callback and may_be_called_back(contact) and not contact.is_left:
            self._call_back(contact)
        elif step.end is not None:
            self._end_by_rule(contact, step.end, rule.reason)

    def _patch(self, contact: Contact, rule: Rule) -> None:
        """Change a contact as a step says; what its own plan has set, the queue's leaves alone."""
        course, step = contact.course, rule.step
        names = [name for name in PATCHED if getattr(step, name) is not None]
        if not rule.is_own:
            names = [name for name in names if name not in course.own_fields]
        if not names and step.queue is None:
            return
        own = {name: getattr(step, name) for name in names if name not in KEPT_APART}
        contact.given = self._known_agents(msgspec.structs.replace(contact.given, **own))
        moves = step.queue is not None and step.queue != contact.queue
        contact.queue = step.queue or contact.queue
        keeps_place = step.keeps_place if "keeps_place" in names else None
        self._place_changed(contact, keeps_place, moves, keeps_plan=step.plan == PlanOnOverflow.KEEP)
        if "preferred" in names:
            self._prefer_others(contact)
        if "requires" in names:
            course.requires = step.requires
        if rule.is_own:
            course.own_fields |= set(names)
        self._tell_changed(contact, (["queue_id"] if step.queue is not None else []) + names)
        self._see_to_offers(contact, step.offers)
        if moves:
            self._tell_queued(contact)

    def _call_back(self, contact: Contact) -> None:
        """Close a contact that leaves a callback, due at the next opening of its queue; nothing without room for it."""
        queue = self.choice.queue(contact)
        due_at_us = None if queue.hours is None else next_opening(queue.hours, self.now)
        if self._leave_callback(contact, self._kept_place(contact, queue.keeps_place), due_at_us):
            self._end_by_rule(contact, RuleEnd.CLOSED)

    def _end_by_rule(self, contact: Contact, end: RuleEnd, reason: str = "rule") -> None:
        """End a waiting contact: as a command cancels it, or else as if it were abandoned."""
        if end == RuleEnd.CANCELLED:
            self._cancel(contact, "rule")
            return
        if end == RuleEnd.CLOSED:
            self._end(contact, ContactState.CLOSED)
            self._tell(events.ContactClosed, **self._ending(contact), disposition=None)
        else:
            self._end(contact, ContactState.EXPIRED)
            self._tell(events.ContactExpired, **self._ending(contact), reason=reason)
        for offer in list(contact.offers):
            self._rescind(offer, RescindReason.RULE)

    # ---- hours

    def _raise_hours(self, contact: Contact) -> None:
        """Note that the queue is closed as a contact enters, or has closed or opened since it was last looked at."""
        course, opens = contact.course, is_open(self.choice.queue(contact).hours, self.now)
        before = True if course.saw_open is None else course.saw_open
        if opens != before:
            course.flags -= {PlanOn.CLOSED, PlanOn.OPENED}
            course.flags.add(PlanOn.OPENED if opens else PlanOn.CLOSED)
        course.saw_open = opens

    # ---- limits

    def _raise_limits(self, contact: Contact) -> None:
        """Note the limits that a contact has reached, each once in a queue and the last once in its life."""
        course, limits = contact.course, limits_in_force(self.choice, contact)
        others = len(self.figures.queued(contact.present_queue)) - 1
        is_new = PlanOn.ENTRY in course.flags
        reached = {
            Limit.LENGTH: is_new and limits.length is not None and others >= limits.length,
            Limit.IN_QUEUE: is_past(contact.queued_since, limits.in_queue_us, self.now),
            Limit.TTL: is_past(contact.born, limits.ttl_us, self.now),
        }
        for limit, is_reached in reached.items():
            if is_reached and limit not in course.limits_told:
                course.limits_told.add(limit)
                course.limits_raised[limit] = False

    def _expire_by_limit(self, contact: Contact) -> None:
        """End a contact at a limit for which no step has fired."""
        left = [limit for limit in Limit if contact.course.limits_raised.get(limit) is False]
        if left:
            index = len(self.choice.queue(contact).plan) + 1
            self._tell_fired(contact, contact.present_queue, index, "limit")
            cause = f"rule:{contact.queue}/{index}"
            self._under(cause, lambda: self._end_by_rule(contact, RuleEnd.EXPIRED, left[0].value))

    # ---- time

    def _wait_for_rules(self, contact: Contact) -> None:
        """Arm the timer for the next moment at which something becomes due by itself."""
        course = contact.course
        due = min((moment for moment in self._moments(contact) if moment > self.now), default=None)
        if course.timer is not None and course.timer.due == due:
            return
        self._disarm(course.timer)
        course.timer = None if due is None else self._arm(due, "rule", lambda: self._wake(contact))

    def _wake(self, contact: Contact) -> None:
        contact.course.timer = None
        self._look_at(contact)

    def _moments(self, contact: Contact) -> Iterator[int]:
        course, limits = contact.course, limits_in_force(self.choice, contact)
        for rule in self._rules(contact):
            if rule.step.after is not None and rule.key not in course.consumed:
                yield course.began + rule.step.after
        if contact.phase is not None:
            yield contact.phase.ends
        if limits.in_queue_us is not None and Limit.IN_QUEUE not in course.limits_told:
            yield contact.queued_since + limits.in_queue_us
        if limits.ttl_us is not None and Limit.TTL not in course.limits_told:
            yield contact.born + limits.ttl_us

    # ---- expedite

    def _on_contact_expedite(self, command: commands.ExpediteContact) -> None:
        contact = self._live_contact(command.contact_id)
        if contact.state != ContactState.QUEUED:
            refuse(RefusalReason(f"contact_{contact.state.value}"))
        course = contact.course
        waiting = [
            (course.began + rule.step.after, rule.is_own, rule.index, rule)
            for rule in self._rules(contact)
            if rule.step.after is not None and rule.key not in course.consumed
        ]
        for *_, rule in sorted(waiting, key=lambda one: one[:3]):
            if self._agrees(contact, rule):
                self._fire(contact, rule, "expedited")
                self._look_at(contact)
                return
        refuse(RefusalReason.NO_RULE)


def is_past(began: int, length_us: int | None, now: int) -> bool:
    """Tell whether a limit of time has been reached."""
    return length_us is not None and now >= began + length_us
