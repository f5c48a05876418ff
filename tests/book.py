"""The book of one engine: what a listener remembers of its contacts and agents, and what every entry needs."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from ccroute.commands import Command
from ccroute.config.structs import Config, PlanStep, Prefer, Queue
from ccroute.events import OfferRescinded, RuleFired
from tests.audit import Audit
from tests.lives import Desk, Entry, Life, Phase, Work

BOUND_FREE: Final = 30
"""Contacts kept for one agent that random worlds never reach."""


class Book:
    """What events said so far."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.config_version = 1
        self.audit = Audit(config, self)
        self.seq = 0
        self.at_us = 0
        self.cause = ""
        self.commands: list[Command] = []
        self.lives: dict[str, Life] = {}
        self.gone: dict[str, Life] = {}
        """The last life of every contact that has ended."""
        self.wrapping_on: list[Life] = []
        """Ended lives with a leg or an offer that still has to end."""
        self.desks = {id_: Desk(id_, agent) for id_, agent in config.agents.items()}
        self.agents_made = list(self.desks)
        """Ids of all agents in order of creation."""
        self.paused = {id_ for id_, queue in config.queues.items() if queue.paused}
        self.is_open = {id_: self._is_open_at(id_, 0) for id_ in config.queues}
        """Queues by id: open by their hours."""
        self.offers_seen: dict[str, bool] = {}
        """Every offer made: whether it has ended."""
        self.legs_seen = 0
        self.counts = dict.fromkeys(("created", "closed", "abandoned", "cancelled", "expired"), 0)
        self.happened: Counter[str] = Counter()
        """How often everything happened: ``tag``, ``tag:mode``, ``tag:reason``, the cause ``timer:name``, and more."""
        self._accepted: Work | None = None
        """The offer accepted last."""
        self._set_aside: list[tuple[OfferRescinded, Work]] = []
        """Offers that just now made way for the next one, and how that was told."""
        self._offered_last: Life | None = None
        """Whom the last decision of this instant was for."""
        self._fired: RuleFired | None = None
        """The rule that fired last, while what it brings about is told."""
        self._step: PlanStep | None = None
        """Its step; None where hours or limits were the rule."""

    @property
    def command(self) -> Command | None:
        """The command that causes the present event, if one does."""
        kind, _, number = self.cause.partition(":")
        return self.commands[int(number) - 1] if kind == "command" else None

    @property
    def is_by_rule(self) -> bool:
        """Tell whether a rule causes the present event."""
        return self.cause.startswith("rule:")

    def agent_named(self, key: str | int | None) -> str | None:
        """Return the id of an agent that a command names."""
        return self.agents_made[key] if isinstance(key, int) else key

    # ---- queues

    def _is_open_at(self, queue_id: str, at_us: int) -> bool:
        hours = self.config.queues[queue_id].hours
        spans = [(0, at_us + 1)] if hours is None else hours.spans or []
        return any(opens <= at_us < closes for opens, closes in spans)

    def queue_of(self, life: Life) -> Queue:
        """Return the queue of a contact; without one, what holds for no queue."""
        return Queue() if life.queue_id is None else self.config.queues[life.queue_id]

    def _enter(self, life: Life, queue_id: str | None, *, keeps_plan: bool = False) -> None:
        """Begin a stay in a queue, or in none, which may go on with the plan of the stay before."""
        assert queue_id is None or queue_id in self.config.queues, "no such queue"
        before = life.entry
        life.queue_id, life.is_overdue, life.requires, life.phase = queue_id, False, None, None
        life.entry = Entry(self.at_us, queue_id, self.at_us)
        if keeps_plan:
            life.entry.plan_of, life.entry.plan_at_us = before.plan_of, before.plan_at_us
            life.entry.fired = before.fired
            life.entry.is_reconfigured = before.is_reconfigured

    def _prefer(self, life: Life) -> Prefer:
        return self.queue_of(life).prefer or Prefer()

    def _begin_phase(self, life: Life, since_us: int) -> None:
        """Keep a contact for its preferred agents, if there are any and it waits for them."""
        wish, prefer = life.wish, self._prefer(life)
        wait_us = prefer.wait_us if wish.preferred_wait_us is None else wish.preferred_wait_us
        life.phase = None
        if wait_us and any(agent_id in self.desks for agent_id in wish.preferred):
            life.phase = Phase(since_us + wait_us, keeps_all=prefer.waiting_max >= BOUND_FREE)

    def _note_waiting(self, life: Life) -> None:
        """A contact waits from now on: with its first wait in a queue its preferred agents have their time."""
        if not life.entry.is_looked_at:
            life.entry.is_looked_at = True
            self._begin_phase(life, life.entered_at_us)
            if life.phase is not None and life.phase.ends_us <= self.at_us:
                life.phase = None
        elif life.is_phase_due:
            self._begin_phase(life, self.at_us)
        life.is_phase_due = False

    # ---- contacts

    def _note_place(self, life: Life, event: Any) -> None:
        life.tier, life.head_start_us, life.place_at_us = event.tier, event.head_start_us, event.place_at_us
        life.is_place_told = True
        assert life.wish.tier in (None, life.tier)
        assert life.wish.head_start_us in (None, life.head_start_us)

    def _move_on_by_parking(self, life: Life) -> None:
        if life.clock_stops:
            length_us = self.at_us - life.parked_at_us
            life.entry.at_us += length_us
            life.entry.plan_at_us += length_us
            life.place_at_us += length_us
            if life.phase is not None:
                life.phase.ends_us += length_us
            life.parked_at_us = self.at_us

    def _cool_down(self, life: Life, agent_id: str, cooldown: int | str) -> None:
        life.cooldowns[agent_id] = self.at_us + cooldown if isinstance(cooldown, int) else cooldown

    def _life(self, event: Any) -> Life:
        found = self.lives.get(event.contact_id)
        if found is None or event.agent_id not in found.legs:
            found = next(life for life in self.wrapping_on if life.id == event.contact_id)
        return found
