"""The order of section 5, key by key: what puts one contact, one agent or one victim before another, and by how much.

The core compares all of it at once; here each key stands apart, so that the first that differs can be told. Values are
what people count in; what orders is exact and the least comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from ccroute.config import resolve_select
from ccroute.engine.criteria import Criterion
from ccroute.engine.looks import level_sum
from ccroute.types import Order, SelectKey

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["AgentTerms", "Comparison", "Key", "agent_keys", "compare", "contact_keys", "victim_keys"]

UNITS: Final = {
    Criterion.TIER: "",
    Criterion.OFFER_OUT: "offers out",
    Criterion.OVERDUE: "",
    Criterion.RANK: "",
    Criterion.CREDIT: "µs",
    Criterion.SEQ: "",
    Criterion.ASIDE: "to set aside",
    Criterion.IDLE: "µs",
    Criterion.LOAD: "of its units",
    Criterion.SKILL_SUM: "levels",
    Criterion.LAST_OFFER: "offers",
    Criterion.HANDLED: "accepts",
    Criterion.LISTED: "",
    Criterion.SCORE: "",
    Criterion.GIVEN_SCORE: "",
    Criterion.AGENT_SEQ: "",
    Criterion.PASSED_OVER: "",
    Criterion.VICTIM_TIER: "",
    Criterion.VICTIM_KIND: "",
    Criterion.VICTIM_BEGUN: "µs",
    Criterion.VICTIM_SEQ: "",
}
"""What values and margins count, where they count something."""

TEXTS: Final = {
    Criterion.TIER: "tier {winner} against {loser}",
    Criterion.OFFER_OUT: "no offer of it was out, {loser} of the other",
    Criterion.OVERDUE: "it was overdue, the other was not",
    Criterion.RANK: "rank {winner} against {loser}",
    Criterion.CREDIT: "credit of {winner} µs against {loser} µs, {margin} µs more",
    Criterion.SEQ: "equal so far, but created first, {winner} against {loser}",
    Criterion.ASIDE: "nothing gives way there, {loser} would at the other",
    Criterion.IDLE: "idle for {winner} µs against {loser} µs, {margin} µs {way}",
    Criterion.LOAD: "load {winner} against {loser}",
    Criterion.SKILL_SUM: "levels of {winner} against {loser} in all, {margin} {way}",
    Criterion.LAST_OFFER: "last offer {winner} against {loser}",
    Criterion.HANDLED: "{winner} accepts against {loser}",
    Criterion.LISTED: "place {winner} against {loser} in the list",
    Criterion.SCORE: "score {winner} against {loser}",
    Criterion.GIVEN_SCORE: "given score {winner} against {loser}",
    Criterion.AGENT_SEQ: "equal so far, but first in order of creation",
    Criterion.PASSED_OVER: "the other came first in line, but a channel that interrupts its own goes before",
    Criterion.VICTIM_TIER: "tier {winner} against {loser}",
    Criterion.VICTIM_KIND: "an offer gives way before work",
    Criterion.VICTIM_BEGUN: "begun {margin} µs later",
    Criterion.VICTIM_SEQ: "equal so far, but its contact was created last",
}

_SCORE_ERROR: Final = -(2**63) + 1
_QUOTIENT: Final = Context(prec=28)
_SELECTED: Final = {key: Criterion(key.value) for key in SelectKey}


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Why one came before another: the first rule by which they differ, and by how much. ``str()`` gives it as text."""

    criterion: Criterion
    """The rule."""
    winner: Decimal | None
    """Value of the one that came first; 1 and 0 stand for yes and no; None: it has none, as where a score fails."""
    loser: Decimal | None
    """Value of the other."""
    margin: Decimal | None
    """Difference of the two, never below 0; None where one of them has no value."""
    unit: str
    """What the three count: ``µs``, ``levels`` and so forth; empty where they are bare numbers."""

    def __str__(self) -> str:
        way = "more" if (self.winner or 0) >= (self.loser or 0) else "less"
        shown = {name: "none" if value is None else value for name, value in self._values()}
        return TEXTS[self.criterion].format(way=way, **shown)

    def _values(self) -> Iterable[tuple[str, Decimal | None]]:
        return (("winner", self.winner), ("loser", self.loser), ("margin", self.margin))


class Key(NamedTuple):
    """One key of a contact, an agent or a victim."""

    criterion: Criterion
    order: Fraction | int
    """The least comes first."""
    value: Decimal | None
    """What is told of it; None: it has no value."""


class AgentTerms(NamedTuple):
    """What the order of agents hangs on besides the agents."""

    queue: int
    """Slot of the queue."""
    skills: tuple[str, ...]
    """Skills that the requirement in force names."""
    scores: dict[int, int]
    """Scores that the contact gives, by agent."""


def compare(winner: Sequence[Key], loser: Sequence[Key]) -> Comparison | None:
    """Return by which key one comes before another, None where it does not."""
    for one, other in zip(winner, loser, strict=True):
        if one.order == other.order:
            continue
        if one.order > other.order:
            return None
        margin = None if one.value is None or other.value is None else abs(one.value - other.value)
        return Comparison(
            criterion=one.criterion,
            winner=one.value,
            loser=other.value,
            margin=margin,
            unit=UNITS[one.criterion],
        )
    return None


def contact_keys(names: Names, slot: int, rank: int | None) -> list[Key]:
    """Return the keys of a contact for an agent that serves it at a rank; None: those that hang on no agent."""
    known = names.acd.contact(slot)
    ageing = names.config.queues[names.queue_ids[known["queue"]]].ageing
    # Ageing counts in thousandths, so the credit does, too.
    credit = 1000 * known["head_start_us"] + ageing * (names.acd.now() - known["place_at_us"])
    line = [
        Key(Criterion.TIER, -known["tier"], Decimal(known["tier"])),
        Key(Criterion.OFFER_OUT, int(known["offers_out"] > 0), Decimal(known["offers_out"])),
        Key(Criterion.OVERDUE, -known["is_overdue"], Decimal(int(known["is_overdue"]))),
        Key(Criterion.CREDIT, -credit, Decimal(credit // 1000) if credit % 1000 == 0 else Decimal(credit) / 1000),
        Key(Criterion.SEQ, known["seq"], Decimal(known["seq"])),
    ]
    if rank is not None:
        at = 0 if names.config.engine.order is Order.RANK else 3
        line.insert(at, Key(Criterion.RANK, rank, Decimal(rank)))
    return line


def agent_keys(names: Names, terms: AgentTerms, agent: int, rank: int, aside: int) -> list[Key]:
    """Return the keys of an agent for a contact: rank, how much it sets aside, what the queue selects by, the ties."""
    known = names.acd.agent(agent)
    queue = names.config.queues[names.queue_ids[terms.queue]]
    keys = [
        Key(Criterion.RANK, rank, Decimal(rank)),
        Key(Criterion.ASIDE, int(aside > 0), Decimal(aside)),
    ]
    for select_key, is_turned in resolve_select(queue):
        key = _select_key(names, terms, agent, known, select_key)
        keys.append(key._replace(order=-key.order) if is_turned else key)
    idle = _select_key(names, terms, agent, known, SelectKey.IDLE)
    return [*keys, idle, Key(Criterion.AGENT_SEQ, known["seq"], Decimal(known["seq"]))]


def _select_key(names: Names, terms: AgentTerms, agent: int, known: dict[str, int], key: SelectKey) -> Key:
    """Return one key of a queue's select in its natural direction."""
    criterion = _SELECTED[key]
    match key:
        case SelectKey.IDLE:
            return Key(criterion, known["idle_since_us"], Decimal(names.acd.now() - known["idle_since_us"]))
        case SelectKey.LOAD:
            load = Fraction(known["taken"], known["capacity"])
            return Key(criterion, load, _QUOTIENT.divide(Decimal(known["taken"]), Decimal(known["capacity"])))
        case SelectKey.SKILL_SUM:
            levels = level_sum(names.classes.agents[agent], terms.skills)
            return Key(criterion, -levels, Decimal(levels))
        case SelectKey.LAST_OFFER:
            return Key(criterion, known["last_offer"], Decimal(known["last_offer"]))
        case SelectKey.HANDLED:
            return Key(criterion, known["handled"], Decimal(known["handled"]))
        case SelectKey.LISTED:
            listed = names.config.queues[names.queue_ids[terms.queue]].order_list
            agent_id = names.agent_ids[agent]
            place = listed.index(agent_id) if agent_id in listed else len(listed)
            return Key(criterion, place, Decimal(place + 1) if place < len(listed) else None)
        case SelectKey.SCORE:
            score = names.classes.score(terms.queue, agent)
            if score is None:
                return Key(criterion, -_SCORE_ERROR, None)
            return Key(criterion, -score, Decimal(score))
        case SelectKey.GIVEN_SCORE:
            return Key(criterion, -terms.scores.get(agent, 0), Decimal(terms.scores.get(agent, 0)))


def victim_keys(tier: int, is_work: bool, begun_at_us: int, agent: int, contact_seq: int) -> list[Key]:
    """Return the keys of something that could give way: the least gives way."""
    return [
        Key(Criterion.VICTIM_TIER, tier, Decimal(tier)),
        Key(Criterion.VICTIM_KIND, int(is_work), Decimal(int(is_work))),
        Key(Criterion.VICTIM_BEGUN, -begun_at_us, Decimal(begun_at_us)),
        Key(Criterion.AGENT_SEQ, agent, Decimal(agent)),
        Key(Criterion.VICTIM_SEQ, -contact_seq, Decimal(contact_seq)),
    ]
