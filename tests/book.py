"""The book of one engine: what a listener remembers of its contacts and agents, and what every entry needs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ccroute.commands import Command
from ccroute.config.structs import Config
from ccroute.events import OfferRescinded
from tests.audit import Audit
from tests.lives import Desk, Life, Work


class Book:
    """What events said so far."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.audit = Audit(config, self)
        self.seq = 0
        self.at_us = 0
        self.cause = ""
        self.commands: list[Command] = []
        self.lives: dict[str, Life] = {}
        self.wrapping_on: list[Life] = []
        """Ended lives with a leg or an offer that still has to end."""
        self.desks = {id_: Desk(id_, agent) for id_, agent in config.agents.items()}
        self.paused = {id_ for id_, queue in config.queues.items() if queue.paused}
        self.offers_seen: dict[str, bool] = {}
        """Every offer made: whether it has ended."""
        self.legs_seen = 0
        self.counts = dict.fromkeys(("created", "closed", "abandoned", "cancelled"), 0)
        self.happened: Counter[str] = Counter()
        """How often everything happened: ``tag``, ``tag:mode``, ``tag:reason``, the cause ``timer:name``, and more."""
        self._accepted: Work | None = None
        """The offer accepted last."""
        self._set_aside: list[tuple[OfferRescinded, Work]] = []
        """Offers that just now made way for the next one, and how that was told."""
        self._offered_last: Life | None = None
        """Whom the last decision of this instant was for."""

    @property
    def command(self) -> Command | None:
        """The command that causes the present event, if one does."""
        kind, _, number = self.cause.partition(":")
        return self.commands[int(number) - 1] if kind == "command" else None

    def agent_named(self, key: str | int | None) -> str | None:
        """Return the id of an agent that a command names."""
        return list(self.config.agents)[key] if isinstance(key, int) else key

    def _note_place(self, life: Life, event: Any) -> None:
        life.tier, life.head_start_us, life.place_at_us = event.tier, event.head_start_us, event.place_at_us
        assert life.wish.tier in (None, life.tier)
        assert life.wish.head_start_us in (None, life.head_start_us)

    def _move_on_by_parking(self, life: Life) -> None:
        if life.clock_stops:
            life.entered_at_us += self.at_us - life.parked_at_us
            life.place_at_us += self.at_us - life.parked_at_us
            life.parked_at_us = self.at_us

    def _cool_down(self, life: Life, agent_id: str, cooldown: int | str) -> None:
        life.cooldowns[agent_id] = self.at_us + cooldown if isinstance(cooldown, int) else cooldown

    def _life(self, event: Any) -> Life:
        found = self.lives.get(event.contact_id)
        if found is None or event.agent_id not in found.legs:
            found = next(life for life in self.wrapping_on if life.id == event.contact_id)
        return found
