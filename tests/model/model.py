"""The rules of routing once more, slow and obvious: the oracle that the engine is compared with.

Everything is a list, a dict or a sorted list; every decision builds all pairs of waiting contacts and agents, sorts
them by the whole key and takes the least. It shares no code with the engine beyond commands, events, configuration
and closed sets, and never checks types. ``ContactQueued.handle`` is the number of the contact in
order of enqueue; the engine's own handle is its secret, so comparisons leave that field out.
"""

from __future__ import annotations

from ccroute import events
from ccroute.commands import Command
from ccroute.config.structs import Config
from ccroute.events import Event
from ccroute.types import OfferMode, RescindReason
from tests.model.choice import Pair
from tests.model.giving_way import Preemption
from tests.model.ground import RefusalError
from tests.model.live import Live
from tests.model.offers import newest_first
from tests.model.state import Leg, Offer, Timer

ROUNDS_MAX = 100_000
"""Rounds of one decision; more would mean that the rules contradict each other."""


class TimeJumpError(Exception):
    """The call reaches further ahead than ``jump_max_us`` allows; nothing has moved."""


class Model(Live):
    """What :class:`ccroute.Engine` must do."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._wait_for_all_hours()
        self.called = False
        self.guard: Timer | None = None

    # ---- the surface

    def handle(self, command: Command, at_us: int, allow_jump: bool = False) -> list[Event]:
        """Carry a command out and return every event, those of timers due before it included."""
        self._check_jump(self.now, at_us, allow_jump)
        self.called = True
        return self._handle(command, at_us)

    def handle_many(self, pairs: list[tuple[Command, int]], allow_jump: bool = False) -> list[list[Event]]:
        """Carry commands out in turn; check all times before the first."""
        reached = self.now
        for _, at_us in pairs:
            self._check_jump(reached, at_us, allow_jump)
            reached = max(reached, at_us)
        self.called = self.called or bool(pairs)
        return [self._handle(command, at_us) for command, at_us in pairs]

    def advance(self, to_us: int, allow_jump: bool = False) -> list[Event]:
        """Let time pass and return the events of the timers."""
        self._check_jump(self.now, to_us, allow_jump)
        self.called = True
        self.out = []
        self._pass_time(to_us)
        return self.out

    def next_at_us(self) -> int | None:
        """Return when the next timer is due, or None."""
        return self.timers[0].due if self.timers else None

    def counters(self) -> dict[str, int]:
        """Return how many contacts were created, how many met each end, and how many have met none."""
        return self.counts | {"inside": sum(contact.is_live() for contact in self.contacts)}

    # ---- what is left to do; nothing, after a call

    def eligible_pairs(self) -> list[Pair]:
        """Return every eligible pair, least first."""
        return self.choice.pairs()

    def preemption(self) -> Preemption | None:
        """Return the pre-emption that would be made now."""
        least = self.choice.least()
        return self.giving_way.preemption(None if least is None else self.choice.tier(least.contact))

    def resumable(self) -> list[Leg]:
        """Return the suspended legs that fit, in the order in which they would resume."""
        return self.giving_way.resumable()

    def unfit_offers(self) -> list[Offer]:
        """Return the offers that cannot stand, agent by agent, newest first."""
        offers = [offer for agent in self.agents.values() for offer in newest_first(agent.offers)]
        return [offer for offer in offers if self.giving_way.is_unfit(offer)]

    # ---- calls

    def _check_jump(self, now: int, at_us: int, allow_jump: bool) -> None:
        jump_max_us = self.config.engine.jump_max_us
        if jump_max_us is not None and self.called and not allow_jump and at_us - now > jump_max_us:
            raise TimeJumpError

    def _handle(self, command: Command, at_us: int) -> list[Event]:
        self.out = []
        self._pass_time(at_us)
        before = len(self.out)
        first_seq = self.seq + 1
        self.command_number += 1
        self.cause, self.actor = f"command:{self.command_number}", command.actor
        if command.command_id is not None and command.command_id in self.window:
            first, count = self.window[command.command_id]
            self._tell(events.CommandRepeated, command_id=command.command_id, first_seq=first, count=count)
            return self.out
        self._carry_out(command)
        self._decide()
        self._finish_instant()
        self._forget()
        if command.command_id is not None:
            self.window[command.command_id] = (first_seq, len(self.out) - before)
            self._forget_commands()
        return self.out

    def _carry_out(self, command: Command) -> None:
        tag = command.__struct_config__.tag
        assert isinstance(tag, str)
        try:
            getattr(self, "_on_" + tag.replace(".", "_"))(command)
        except RefusalError as refused:
            ids = {key: getattr(command, key, None) for key in ("contact_id", "agent_id", "offer_id", "queue_id")}
            self._tell(events.CommandRefused, reason=refused.reason, rule=refused.rule, command=tag, **ids)

    # ---- time

    def _pass_time(self, to_us: int) -> None:
        """Fire what is due up to ``to_us``, instant by instant, deciding after each."""
        target = max(self.now, to_us)
        while self.timers and self.timers[0].due <= target:
            self.now = self.timers[0].due
            self._finish_instant()
        self.now = target
        self._forget()

    def _finish_instant(self) -> None:
        """Fire what is due now and decide, until nothing is due; then take away what has drained, and decide again."""
        while True:
            while self.timers and self.timers[0].due == self.now:
                while self.timers and self.timers[0].due == self.now:
                    timer = self.timers.pop(0)
                    self.cause, self.actor = f"timer:{timer.name}", None
                    timer.fire()
                self._decide()
            if not self._remove_drained():
                return
            self._decide()

    def _forget(self) -> None:
        while self.over and self.now >= (self.over[0].over_at or 0) + self.config.engine.retain_us:
            self._drop(self.over[0])

    # ---- the decision

    def _decide(self) -> None:
        """Do what is to be done, one thing after the other, until nothing is left; then wait for guards."""
        began = self.rounds
        while self._does_one_thing():
            self.rounds += 1
            assert self.rounds - began < ROUNDS_MAX, "the decision does not come to rest"
        self._wait_for_guards()

    def _does_one_thing(self) -> bool:
        self._clear_up()
        least = self.choice.least()
        preemption = self.giving_way.preemption(None if least is None else self.choice.tier(least.contact))
        if preemption is not None:
            self._preempt(preemption)
        elif least is not None:
            self._make_offers(least)
        elif legs := self.resumable():
            self._resume(legs[0])
        else:
            return False
        return True

    def _clear_up(self) -> None:
        """Tie loose ends, the earliest contact first, look at plans, and rescind offers that cannot stand.

        Each only when nothing of what is named before is left, until there is nothing.
        """
        began = self.rounds
        while self._clears_something_up():
            assert self.rounds - began < ROUNDS_MAX, "the decision does not come to rest"

    def _clears_something_up(self) -> bool:
        if ends := self._loose_ends():
            self._tie_loose_end(ends[0])
            self.rounds += 1
            return True
        self._notice_presences()
        if self.to_look_at:
            self._work_off()
            return True
        unfit = self.unfit_offers()
        for offer in unfit:
            self._rescind(offer, RescindReason.NO_ROOM)
        self.rounds += len(unfit)
        return bool(unfit)

    def _preempt(self, preemption: Preemption) -> None:
        contact, victim = preemption.contact, preemption.victim
        if isinstance(victim, Offer):
            victim.contact.displaced_offers += 1
            self._rescind(victim, RescindReason.PREEMPTED, contact)
        mode = self.choice.queue(contact).offer.mode
        self._make_offer(contact, preemption.agent, mode, preemption.aside, victim.contact)

    def _make_offers(self, pair: Pair) -> None:
        """Make the offer of a pair; with a contact's first offer, as many more as its queue makes at once."""
        contact = pair.contact
        offer = self.choice.queue(contact).offer
        is_first = not contact.offers
        self._make_offer(contact, pair.agent, offer.mode, pair.aside)
        while is_first and offer.mode == OfferMode.BROADCAST:
            another = self.choice.least(contact)
            if another is None:
                return
            self._make_offer(contact, another.agent, offer.mode, another.aside)

    def _wait_for_guards(self) -> None:
        """Arm the timer for the moment at which age protects a victim no longer."""
        due = self.giving_way.guard_at()
        if self.guard is not None and self.guard in self.timers and self.guard.due == due:
            return
        self._disarm(self.guard)
        self.guard = None if due is None else self._arm(due, "guard", lambda: None)
