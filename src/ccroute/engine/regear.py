"""Regear: a floor takes over another configuration where it stands. Who waits keeps its seq, its place and its time.

The order matters: channels and what agents take of them, queues, agents and their profiles, classes, contacts, offers.
A queue that is not concerned costs nothing per contact. Whatever fails on the way closes the engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from ccroute.config import BUILT_IN_CHANNELS, Agent, Queue, resolve_select
from ccroute.core import gears, replanning
from ccroute.core.realigning import realign
from ccroute.engine.building import keep_hours, policy_for, put_agent, put_queue, rule_queue
from ccroute.engine.classes import REQUIRES, STRUCTURE, Regrouping
from ccroute.engine.differences import Difference
from ccroute.engine.standing import Told, view_of
from ccroute.engine.terms import allowance_now, class_now
from ccroute.requirement import evaluate
from ccroute.types import OfferMode, Order, Preempt, SelectKey

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["regear"]

_TERMS: Final = 1
_OVERDUE: Final = 2
_STAGES: Final = 4
_LINES: Final = 8
_SUSPENDS: Final = 1
_REBUILT_FROM: Final = 64
"""Agents that differ at once, and one in so many, beyond which profiles are made anew for all."""
_REBUILT_SHARE: Final = 64


def regear(names: Names, difference: Difference) -> Told:
    """Have a difference be in force; whether it can be was looked at before. The decision is still to be made."""
    work = _Regear(names, difference)
    told = work.carry_out()
    for slot in work.drained():
        gears.drain_agent(names.acd, slot)
    work.time()
    return told


class _Regear:
    """One difference, carried out."""

    def __init__(self, names: Names, difference: Difference) -> None:
        self.names = names
        self.acd = names.acd
        self.standing = names.standing
        self.classes = names.classes
        self.profiles = names.classes.profiles
        self.difference = difference
        config = self.standing.config
        self.queues_before = {id_: config.queues.get(id_) for id_ in difference.part("queues").put}
        self.queues_removed = {id_: config.queues[id_] for id_ in difference.part("queues").removed}
        agents = difference.part("agents")
        self.agents_before = {id_: config.agents.get(id_) for id_ in (*agents.put, *agents.removed)}
        self.steps_before = [list(self.standing.thresholds(slot)) for slot in range(len(self.standing.queue_ids))]
        self.regrouped: dict[int, int] = {}
        """By slot of the queues whose classes are other: bits as ``Classes.regroup`` takes them."""
        self.news: dict[int, int] = {}
        """By slot of the queues whose contacts are realigned: bits as ``realign`` takes them."""
        self.new_profiles = 0
        self.hours_differ: list[int] = []

    def carry_out(self) -> Told:
        """Have everything be as it is to be, step by step."""
        channels = self.difference.part("channels")
        gone = [self.standing.channel_slots[id_] for id_ in channels.removed if id_ not in BUILT_IN_CHANNELS]
        has_others = bool(gone) or any(id_ not in self.standing.channel_slots for id_ in channels.put)
        policies = self._leave_policies(every_agent=has_others)
        queues_gone = [self.standing.queue_slots[id_] for id_ in self.queues_removed]
        told = self.standing.take(self.difference)
        self._limits()
        is_detached = self._detach()
        if channels.put or channels.removed:
            gears.set_channels(self.acd, self.standing.channel_rows())
            for slot in gone:
                gears.clear_channel(self.acd, slot)
            self._policies(policies)
        self._queues(is_detached)
        for slot in queues_gone:
            self.acd.unset_hours(slot)
            self.acd.rule_queue(slot)
        self._agents(queues_gone)
        self._contacts()
        if is_detached:
            gears.attach(self.acd)
        self._offers()
        return told

    def time(self) -> None:
        """Have what time does be as it is to be: hours that differ are told, plans and leases looked at."""
        acd, standing = self.acd, self.standing
        for slot in self.hours_differ:
            replanning.tell_hours(acd, slot)
        if self.difference.parts:
            put = self.difference.part("queues").put
            replanning.look_anew(acd, [standing.queue_slots[id_] for id_ in put])
        for id_, agent in self.difference.part("agents").put.items():
            before = self.agents_before[id_]
            if before is not None and before.lease_us != agent.lease_us:
                replanning.renew_lease(acd, standing.agent_slots[id_])

    def _rule(self, slot: int, before: Queue | None, queue: Queue) -> None:
        """Have the plan, hours, limits, preferences and callbacks of a queue be other where they are."""
        acd, plans = self.acd, self.names.plans
        if before is not None and not _differ(before, queue, "plan", "limits", "hours", "prefer", "callback"):
            return
        was_closed = before is not None and replanning.is_closed(acd, slot)
        was_plan = acd.plan_of_queue(slot)
        plan = was_plan if before is not None and before.plan == queue.plan else plans.of_queue(slot, queue.plan)
        if before is None or before.hours != queue.hours:
            keep_hours(acd, self.standing, slot, queue.hours)
        rule_queue(acd, slot, queue, plan)
        if before is None:
            return
        if acd.is_ruled(slot):
            replanning.give_courses(acd, slot)
        if plan != was_plan:
            replanning.replan(acd, slot, was_plan, plan)
        if was_closed != replanning.is_closed(acd, slot):
            self.hours_differ.append(slot)

    def drained(self) -> list[int]:
        """Return the slots of the agents that are to be drained from now on, by seq."""
        agents = self.difference.part("agents").put
        already = {id_ for id_, before in self.agents_before.items() if before is not None and before.draining}
        return sorted(
            self.standing.agent_slots[id_] for id_, agent in agents.items() if agent.draining and id_ not in already
        )

    # ---- the floor as a whole --------------------------------------------------------------------------------------

    def _limits(self) -> None:
        settings = self.difference.engine
        if settings is None:
            return
        self.names.forget_beyond(settings.contacts_max)
        is_rank = settings.order is Order.RANK
        gears.set_limits(self.acd, settings.contacts_max, settings.retain_us, settings.idle_grace_us, is_rank)

    def _detach(self) -> bool:
        """Take agents out of their pools where kinds, orders or channels change; say whether it was so."""
        selects = {self.standing.select_of(queue) for queue in self.difference.part("queues").put.values()}
        self.has_new_select = any(select not in self.standing.selects for select in selects)
        suspends = any(channel.interrupts for channel in self.standing.channels.values()) or any(
            queue.preempt is Preempt.WORK for queue in self.difference.part("queues").put.values()
        )
        suspends = suspends and not gears.habits(self.acd) & _SUSPENDS
        if not (suspends or self.has_new_select or "channels" in self.difference.parts):
            return False
        gears.detach(self.acd)
        if suspends:
            gears.set_habits(self.acd, _SUSPENDS)
        return True

    def _leave_policies(self, *, every_agent: bool) -> list[int]:
        """Count the policies of the agents concerned no more; return the slots of those whose entry is as before."""
        agents = self.standing.config.agents
        concerned = agents if every_agent else [id_ for id_ in self.agents_before if id_ in agents]
        terms = self.standing.policy_of
        for id_ in concerned:
            self.standing.leave_policy(terms(agents[id_]))
        if not every_agent:
            return []
        return [self.standing.agent_slots[id_] for id_ in agents if id_ not in self.agents_before]

    def _policies(self, slots: list[int]) -> None:
        """Say anew what agents take of each channel, as there are others now."""
        for slot in slots:
            agent = self.standing.config.agents[self.standing.agent_ids[slot]]
            gears.set_policy(self.acd, slot, policy_for(self.acd, self.standing, agent))

    # ---- queues ----------------------------------------------------------------------------------------------------

    def _queues(self, is_detached: bool) -> None:
        """State what holds for the queues that differ."""
        standing, acd = self.standing, self.acd
        if self.has_new_select:
            assert is_detached
            gears.set_selects(acd, standing.number_selects())
            for id_, slot in standing.queue_slots.items():
                if slot < acd.queue_count():
                    gears.set_select(acd, slot, standing.selects[standing.select_of(standing.config.queues[id_])])
        for id_, queue in self.difference.part("queues").put.items():
            slot = standing.queue_slots[id_]
            before = self.queues_before[id_]
            select = standing.selects[standing.select_of(queue)]
            if slot >= acd.queue_count():
                put_queue(acd, queue, select)
            else:
                # Where it begins, a queue is as its entry says; later, as it was paused or opened.
                put_queue(acd, queue, select, slot, paused=None if before is None else acd.queue_state(slot)[1])
            self._note(slot, before, queue)

    def _note(self, slot: int, before: Queue | None, queue: Queue) -> None:
        """Note what of a queue is other."""
        if before is None:
            self.regrouped[slot] = REQUIRES | STRUCTURE
            return
        news = 0
        if _differ(before, queue, "tier", "head_start_us", "ageing"):
            news |= _TERMS
        if before.overdue_after_us != queue.overdue_after_us:
            news |= _OVERDUE
        if before.offer != queue.offer:
            news |= _LINES
        if news:
            self.news[slot] = news
        regrouped = 0
        if _differ(before, queue, "requires", "attributes", "prefer") or _summed(before) != _summed(queue):
            regrouped |= REQUIRES
        if _differ(before, queue, "ageing", "cost", "preempt") or _shape(before) != _shape(queue):
            regrouped |= STRUCTURE
        if regrouped or before.members != queue.members:
            self.regrouped[slot] = regrouped

    # ---- agents ----------------------------------------------------------------------------------------------------

    def _agents(self, queues_gone: list[int]) -> None:
        """State what agents take, find their profiles, and note the queues from other times on in which they serve."""
        open_to_all = self.standing.open_to_all()
        put = self.difference.part("agents").put
        removed = [self.standing.drop_agent(id_) for id_ in self.difference.part("agents").removed]
        slots = sorted(self.standing.agent_slots[id_] for id_ in put)
        known = len(self.classes.agents)
        for slot in (*removed, *slots):
            agent = self._entry(slot)
            view = view_of(self.standing.agent_ids[slot], agent)
            served = self.standing.services_of(agent, open_to_all)
            _state(self.classes.agents, slot, view)
            _state(self.profiles.services, slot, served)
        self.names.make_room_for_labels()
        self.names.members.clear()
        everybody = self._serve_all(queues_gone, set(slots))
        self._fit(removed, slots, known, everybody)
        for queue_slot in everybody:
            self.regrouped.setdefault(queue_slot, 0)
        for slot in removed:
            gears.clear_agent(self.acd, slot)
            self.names.forget_labels(slot)
        self.classes.state_skills()
        for slot, (id_, queue) in enumerate(self.standing.queue_entries()):
            has_new_steps = slot < len(self.steps_before) and self.steps_before[slot] != self.standing.thresholds(slot)
            if has_new_steps:
                self.regrouped[slot] = self.regrouped.get(slot, 0) | STRUCTURE
                self.news[slot] = self.news.get(slot, 0) | _STAGES
            if has_new_steps or slot in self.regrouped or slot >= len(self.steps_before):
                self.classes.state_queue(slot, id_, queue)
        self._slow_contacts((*removed, *slots), known)

    def _entry(self, slot: int) -> Agent | None:
        return self.standing.config.agents.get(self.standing.agent_ids[slot])

    def _serve_all(self, queues_gone: list[int], done: set[int]) -> list[int]:
        """Have everybody serve the queues that take everyone now, and nobody those that do not; return these queues."""
        others = [id_ for id_, queue in self.queues_before.items() if self._is_other(id_, queue)]
        named = [(self.standing.queue_slots[id_], id_) for id_ in others]
        named += zip(queues_gone, self.queues_removed, strict=True)
        services = self.profiles.services
        for queue, id_ in named:
            for slot, (_, agent) in enumerate(self.standing.agent_entries()):
                if agent is None or slot in done:
                    continue
                found = self.standing.service_of(agent, id_)
                if found != services[slot].get(queue):
                    served = {one: how for one, how in services[slot].items() if one != queue}
                    services[slot] = served if found is None else served | {queue: found}
        return [queue for queue, _ in named]

    def _is_other(self, id_: str, before: Queue | None) -> bool:
        """Say whether a queue takes other members than before; who lists a new one differs himself."""
        members = self.standing.config.queues[id_].members
        return members != ("listed" if before is None else before.members)

    def _fit(self, removed: list[int], slots: list[int], known: int, queues: list[int]) -> None:
        """Find the profiles of agents that are new or other, or serve some queues in another way."""
        differing = [*removed, *slots]

        def add(slot: int, profile: int) -> None:
            put_agent(self.acd, self.standing, self._entry(slot), profile)

        if len(differing) > _REBUILT_FROM and len(differing) > known // _REBUILT_SHARE:
            self.classes.free_empty()
            self.profiles.rebuild(self.classes.all_looks(), add)
            self.new_profiles = self.profiles.everyone
        else:
            for queue in queues:
                self.new_profiles |= self.profiles.serve(queue)
            for slot in differing:
                self.new_profiles |= self.profiles.fit(slot)
                if slot >= known:
                    add(slot, self.profiles.profile_of(slot))
        for slot in differing:
            if slot < known:
                put_agent(self.acd, self.standing, self._entry(slot), -1, slot)

    def _slow_contacts(self, slots: Iterable[int], known: int) -> None:
        """Ask contacts of slow classes which of the agents that are new or other they allow. O(contacts · agents)."""
        classes = self.classes.slow_classes()
        if not classes or not slots:
            return
        gears.widen_sums(self.acd, known)
        for contact, class_slot, is_led in gears.contacts_of(self.acd, classes):
            first, spec = self.names.contacts[contact], self.classes.place(class_slot).spec
            if is_led or self.classes.reads(spec.queue, first.requires)[0]:
                # What rules have made of it, the core knows.
                gears.allow_all(self.acd, contact, *allowance_now(self.names, contact))
                continue
            given = self.names.attributes_of(contact)
            expression = self.classes.in_force(spec.queue, spec.channel, first.requires, first.tier, given)
            for slot in slots:
                view = self.classes.agents[slot]
                total = self.classes.skill_sum(spec.queue, first.requires, view)
                gears.allow(self.acd, contact, slot, evaluate(expression, view, None, None) is True, total)

    # ---- classes and contacts --------------------------------------------------------------------------------------

    def _contacts(self) -> None:
        """Have classes be as their queues now are, and contacts in them where they belong."""
        found = None
        contacts: dict[int, int] = {}
        if self.regrouped:
            self.classes.free_empty()
            found = self.classes.regroup(self.regrouped)
            contacts = self._ask(found)
        if self.new_profiles:
            self.classes.fill(self.new_profiles & self.profiles.everyone)
        if self.news or contacts or (found is not None and found.moved):
            realign(self.acd, self.news, {} if found is None else found.moved, contacts)
        if found is not None:
            self.classes.let_go(found)
        for slot in {**self.news, **self.regrouped}:
            gears.show_queue(self.acd, slot)
        for id_, queue in self.difference.part("queues").put.items():
            slot = self.standing.queue_slots[id_]
            if queue.offer.k > 1 and self.news.get(slot, 0) & _LINES:
                gears.keep_apart(self.acd, slot)
            self._rule(slot, self.queues_before[id_], queue)

    def _ask(self, found: Regrouping) -> dict[int, int]:
        """Return the classes of contacts that must be asked one by one. About 1 µs a contact, and each new class."""
        contacts: dict[int, int] = {}
        known: dict[tuple[Any, ...], int] = {}
        reads: dict[tuple[int, str | None], tuple[bool, tuple[str, ...] | None]] = {}
        names, classes = self.names, self.classes
        for contact, class_slot, is_led in gears.contacts_of(self.acd, classes.stages_of(found.split)):
            first, spec = names.contacts[contact], classes.place(class_slot).spec
            given = names.attributes_of(contact)
            asked = (spec.queue, first.requires)
            if asked not in reads:
                reads[asked] = classes.reads(*asked)
            has_tier, read = reads[asked]
            if is_led or has_tier:
                # What rules have made of it, the core knows.
                contacts[contact], allowed, sums = class_now(names, contact)
                gears.allow_all(self.acd, contact, allowed, sums)
                continue
            key = (*asked, spec.channel, spec.own_cost, *_values(given, read))
            slot = known.get(key)
            terms = (first.requires, first.tier, given)
            if slot is None:
                slot = known[key] = classes.slot_for(spec.queue, spec.channel, spec.own_cost, *terms)
            contacts[contact] = slot
            if classes.is_slow(slot):
                gears.allow_all(self.acd, contact, *classes.allowance(spec.queue, spec.channel, *terms))
            elif spec.is_slow:
                gears.allow_all(self.acd, contact, None, None)
        return contacts

    # ---- offers ----------------------------------------------------------------------------------------------------

    def _offers(self) -> None:
        """Have what is offered be looked at, and what can give way or be taken up again."""
        slots = self.standing.queue_slots
        queues = [slots[id_] for id_ in self.difference.part("queues").put]
        agents = [self.standing.agent_slots[id_] for id_ in self.difference.part("agents").put]
        gears.stir(self.acd)
        gears.recheck(self.acd, queues, agents)


def _differ(one: Queue, other: Queue, *fields: str) -> bool:
    """Say whether one of some fields differs; true is not 1 here."""
    return any(repr(getattr(one, field)) != repr(getattr(other, field)) for field in fields)


def _summed(queue: Queue) -> tuple[bool, str | None]:
    """Return what of a queue's choice among agents hangs on classes: whether it sums skills, and its score."""
    keys = {key for key, _ in resolve_select(queue)}
    return SelectKey.SKILL_SUM in keys, queue.score if SelectKey.SCORE in keys else None


def _shape(queue: Queue) -> tuple[bool, bool]:
    """Return whether agents need a place for offers of a queue, and whether it wants several agents at once."""
    return queue.offer.mode is OfferMode.AUTO, queue.offer.offers_min > 1


def _values(given: Any, names: tuple[str, ...] | None) -> Iterable[object]:
    """Return the attributes of a contact that count, so that true is not 1; all of them where ``names`` is None."""
    if names is None:
        names = tuple(sorted(given))
        yield names
    for name in names:
        value = given.get(name)
        yield type(value)
        yield tuple(value) if isinstance(value, list) else value


def _state(column: list[Any], slot: int, value: object) -> None:
    column[slot : slot + 1] = [value]
