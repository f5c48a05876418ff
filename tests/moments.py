"""What the oracle saw just before it made each offer, for those who explain offers afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ccroute.config.structs import Config
from ccroute.engine.criteria import Turn
from ccroute.types import Order, Rule
from tests.model import Model
from tests.model.choice import Pair, select_keys
from tests.model.giving_way import Preemption
from tests.model.state import Agent, Contact


@dataclass
class Moment:
    """What was to be seen when an offer was decided; ids only, as what they stand for goes on to change."""

    turn: Turn
    contact_id: str
    agent_id: str
    names: list[str] = field(default_factory=list)
    """What the parts of the keys are called, by the words of ``Criterion``."""
    agents: list[tuple[str, tuple[Any, ...], bool]] = field(default_factory=list)
    """Id, key, and whether it must pass the contact over, of every agent eligible for the contact, in order."""
    contacts: list[tuple[str, tuple[Any, ...], bool]] = field(default_factory=list)
    """The same of every contact that the agent is eligible for."""
    least: tuple[str, str] | None = None
    """The least pair that is not passed over."""
    excluded: dict[str, list[Rule]] = field(default_factory=dict)
    """Rules on the agent, by the id of each agent that is not eligible for the contact."""
    victims: list[tuple[str, str]] = field(default_factory=list)
    """Contact and agent of what may give way to the contact, in order."""


class NotingModel(Model):
    """The oracle, with a note of the moment before each offer."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.moments: dict[int, Moment] = {}
        """By number of the offer."""
        self._steps: list[Contact] = []

    def _note(self, turn: Turn, contact: Contact, agent: Agent) -> Moment:
        """Note the moment before the next offer; where that is noted already, it was noted sooner."""
        number = len(self.offer_ids) + 1
        if number in self.moments:
            return self.moments[number]
        pairs = self.choice.pairs()
        least = self.choice.least()
        noted = self.moments[number] = Moment(
            turn,
            contact.id,
            agent.id,
            names=self._names(contact),
            agents=[(pair.agent.id, *self._of(pair, pairs)) for pair in pairs if pair.contact is contact],
            contacts=[(pair.contact.id, *self._of(pair, pairs)) for pair in pairs if pair.agent is agent],
            least=None if least is None else (least.contact.id, least.agent.id),
        )
        eligible = {agent_id for agent_id, _, _ in noted.agents}
        others = [one for one in self.agents.values() if one.id not in eligible]
        noted.excluded = {one.id: self.choice.rules_against(contact, one) for one in others}
        return noted

    def _of(self, pair: Pair, pairs: Sequence[Pair]) -> tuple[tuple[Any, ...], bool]:
        return pair.key, self.choice.is_passed_over(pair, pairs)

    def _names(self, contact: Contact) -> list[str]:
        ranks_first = self.config.engine.order == Order.RANK
        line = ["tier", "offer_out", "overdue", "rank", "credit", "seq"]
        keys = [key.split()[0] for key in select_keys(self.choice.queue(contact))]
        return [*(["rank"] if ranks_first else []), *line, "aside", *keys, "idle", "agent_seq"]

    def _make_offers(self, pair: Pair) -> None:
        self._note(Turn.LINE, pair.contact, pair.agent)
        super()._make_offers(pair)

    def _preempt(self, preemption: Preemption) -> None:
        noted = self._note(Turn.PREEMPTION, preemption.contact, preemption.agent)
        options = self.giving_way._preemptions(preemption.contact)
        ready = sorted((one for one in options if one.safe_until <= self.now), key=lambda one: one.key)
        noted.victims = [(one.victim.contact.id, one.agent.id) for one in ready]
        super()._preempt(preemption)

    def _make_offer(self, contact: Contact, agent: Agent, *rest: Any, **more: Any) -> Any:
        self._note(Turn.DIRECT if more.get("is_by_name") else Turn.TOGETHER, contact, agent)
        return super()._make_offer(contact, agent, *rest, **more)
