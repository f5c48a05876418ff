"""Figures put together: the answer to ``Engine.statistics`` from what ``ccroute.engine.statistics`` has counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from ccroute.engine.figures import (
    AgentFigures,
    AgentsNow,
    AgentTimes,
    ContactCounts,
    ContactsNow,
    Figures,
    FloorInterval,
    Interval,
    OfferCounts,
    PresenceTime,
    Service,
    Share,
    Span,
    StatisticsReport,
    Work,
)
from ccroute.engine.sketch import Sketch
from ccroute.engine.standing import NO_QUEUE
from ccroute.errors import UnknownName, WrongType
from ccroute.types import Presence

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["COUNTS", "statistics"]

COUNTS: Final = (
    *("accepted", "answered_within", "offers", "declined", "offers_expired", "rescinded", "offers_preempted"),
    *("offers_interrupted", "undone", "connect_failed", "transfers_in", "transfers_out", "requeued", "work_preempted"),
    *("work_interrupted", "lost", "created", "closed", "abandoned", "cancelled", "expired", "consults", "moved_in"),
    *("moved_out", "changed_in", "changed_out", "left_within", "unanswered", "exhausted", "overdue", "callbacks"),
    *("callbacks_reached", "callbacks_dropped"),
)
"""Counts of a tally, in the order of ``tallies.pxd``."""
ANSWERED, HANDLING, WRAP_UP, LEFT = range(4)
SPANS: Final = 4
_LENGTHS_AT: Final = len(COUNTS)
_SUMS_AT: Final = _LENGTHS_AT + SPANS
_MAXIMA_AT: Final = _SUMS_AT + SPANS
_STATES: Final = ("offline", "idle", "away", "working", "wrapping")
_PRESENCES: Final = (Presence.OFFLINE, Presence.AVAILABLE, Presence.AWAY)
_IN_ORDER: Final = {presence: place for place, presence in enumerate(Presence)}

_Tally = list[int]
_Sketches = list[list[tuple[int, int]]]
_Rows = list[tuple[int, int, _Tally]]


class _Part(NamedTuple):
    """What was counted of some contacts."""

    tally: _Tally
    sketches: _Sketches
    rows: _Rows
    standing: list[int]


class _Cell(NamedTuple):
    queue: int
    channel: int
    part: _Part


def statistics(
    names: Names,
    *,
    queue_id: str | None = None,
    channel: str | None = None,
    skill: str | None = None,
    agent_id: str | int | None = None,
    series: bool = False,
) -> StatisticsReport:
    """Return the figures of what is named, of everything where nothing is."""
    if type(series) is not bool:
        raise WrongType("series", series, "True or False")
    queue_slot = _slot(names.queue_slots, queue_id, "queue_id", "a queue")
    channel_slot = _slot(names.channel_slots, channel, "channel", "a channel")
    skills = {id_: slot for slot, id_ in enumerate(names.statistics.skill_ids)}
    if skill is not None:
        _check_skill(names, skill, skills)
    agent_slot = None if agent_id is None else names.find_agent(agent_id)
    if agent_id is not None and agent_slot is None:
        raise UnknownName("agent_id", agent_id, "an agent of the configuration")
    of_contacts = queue_id is not None or channel is not None
    is_all = not of_contacts and skill is None and agent_id is None
    book = _Book(names, needs_contacts=of_contacts or is_all or skill is not None)
    cells = book.cells(queue_slot, channel_slot, series) if of_contacts or is_all else []
    in_state, times = names.statistics.agents_now(names.acd.now())
    return StatisticsReport(
        at_us=names.acd.now(),
        interval_us=names.statistics.interval_us,
        total=book.figures(cells) if of_contacts or is_all else None,
        queues=book.queues(cells, queue_slot) if of_contacts or is_all else {},
        channels=book.channels(cells, channel_slot) if of_contacts or is_all else {},
        skills=book.skills(skills if is_all else {} if skill is None else {skill: skills.get(skill, -1)}),
        agents=book.agents(names.agent_slots.values() if is_all else () if agent_slot is None else (agent_slot,)),
        agents_now=_agents_now(in_state, len(names.agent_slots)),
        agents_times=_times(times),
        agents_intervals=[
            FloorInterval(starts_at_us=starts_at, ends_at_us=ends_at, times=_times(spent))
            for starts_at, ends_at, spent in (names.statistics.shifts_until(names.acd.now()) if series else [])
        ],
    )


def _slot(slots: dict[str, int], value: str | None, argument: str, what: str) -> int | None:
    if value is None:
        return None
    if type(value) is not str:
        raise WrongType(argument, value, f"None or a str, the id of {what}")
    if value not in slots:
        raise UnknownName(argument, value, f"the id of {what} of the configuration")
    return slots[value]


def _check_skill(names: Names, skill: str, counted: dict[str, int]) -> None:
    if type(skill) is not str:
        raise WrongType("skill", skill, "None or a str, the name of a skill")
    if skill in counted or skill in names.config.skills:
        return
    if not any(skill in agent.skills for agent in names.config.agents.values()):
        raise UnknownName("skill", skill, "a skill that is declared or that an agent has")


class _Book:
    """What one report reads: what was counted, with the longest of the waits that can still be undone."""

    def __init__(self, names: Names, *, needs_contacts: bool) -> None:
        self._names = names
        self._counted = names.statistics
        self._by_cell, self._by_skill = self._counted.standing() if needs_contacts else ([], [])
        self._unconfirmed = self._counted.unconfirmed()

    def cells(self, queue: int | None, channel: int | None, series: bool) -> list[_Cell]:
        """Return the cells of a queue and a channel."""
        told = self._counted.cells_of(-1 if queue is None else queue, -1 if channel is None else channel, series)
        cells = {
            at: _Cell(queue, channel, _Part(tally, sketches, rows, self._by_cell[at]))
            for at, queue, channel, tally, sketches, rows in told
        }
        for at, answered_at, _, _, wait in self._unconfirmed:
            if at in cells:
                _raise(cells[at].part.tally, wait)
                for starts_at, ends_at, tally in cells[at].part.rows:
                    if starts_at <= answered_at < ends_at:
                        _raise(tally, wait)
        return list(cells.values())

    def figures(self, cells: Iterable[_Cell], within_us: int | None = None, agents: AgentsNow | None = None) -> Figures:
        """Return the figures of some cells together."""
        parts = [cell.part for cell in cells]
        rows: dict[tuple[int, int], _Tally] = {}
        for part in parts:
            for starts_at, ends_at, tally in part.rows:
                known = rows.get((starts_at, ends_at))
                rows[starts_at, ends_at] = tally if known is None else _added(known, tally)
        total = [0] * (_MAXIMA_AT + SPANS)
        sketches = [Sketch() for _ in range(SPANS)]
        waiting, longest, active, parked, offers_out = 0, 0, 0, 0, 0
        for part in parts:
            total = _added(total, part.tally)
            sketches = [one.merge(Sketch(buckets=other)) for one, other in zip(sketches, part.sketches, strict=True)]
            waiting, active, parked = waiting + part.standing[0], active + part.standing[2], parked + part.standing[3]
            longest, offers_out = max(longest, part.standing[1]), offers_out + part.standing[4]
        return Figures(
            contacts=_contacts(total),
            service=_service(total, within_us, sketches),
            offers=_offers(total),
            work=_work(total, sketches),
            now=ContactsNow(
                waiting=waiting,
                longest_wait_us=longest if waiting else None,
                active=active,
                parked=parked,
                offers_out=offers_out,
                agents=agents,
            ),
            intervals=[
                Interval(
                    starts_at_us=starts_at,
                    ends_at_us=ends_at,
                    contacts=_contacts(tally),
                    service=_service(tally, within_us),
                    offers=_offers(tally),
                    work=_work(tally),
                )
                for (starts_at, ends_at), tally in sorted(rows.items())
            ],
        )

    def queues(self, cells: list[_Cell], only: int | None) -> dict[str, Figures]:
        """Return the figures by queue, in the order of creation; queues that were removed keep theirs, and stand
        behind."""
        config, ids = self._names.config, self._names.queue_ids
        by_queue: dict[str, list[_Cell]] = {
            id_: [] for id_ in (self._names.queue_slots if only is None else (ids[only],)) if id_ in config.queues
        }
        for cell in cells:
            if ids[cell.queue] != NO_QUEUE:
                by_queue.setdefault(ids[cell.queue], []).append(cell)
        serving = self._serving([id_ for id_ in by_queue if id_ in config.queues])
        return {
            id_: self.figures(
                found,
                config.queues[id_].service_level.answered_within_us if id_ in config.queues else None,
                _agents_now(serving[id_], sum(serving[id_])) if id_ in config.queues else None,
            )
            for id_, found in by_queue.items()
        }

    def _serving(self, queue_ids: Iterable[str]) -> dict[str, list[int]]:
        """Return, by queue, how many agents that serve it are in each state. O(agents · queues they serve)."""
        config = self._names.config
        serving = {id_: [0] * len(_STATES) for id_ in queue_ids}
        everyone = [counts for id_, counts in serving.items() if config.queues[id_].members == "all"]
        listed = {id_: counts for id_, counts in serving.items() if config.queues[id_].members != "all"}
        for slot in self._names.agent_slots.values():
            state = self._counted.state_of(slot)
            for counts in everyone:
                counts[state] += 1
            if listed:
                for queue_id in config.agents[self._names.agent_ids[slot]].queues:
                    if queue_id in listed:
                        listed[queue_id][state] += 1
        return serving

    def channels(self, cells: list[_Cell], only: int | None) -> dict[str, Figures]:
        """Return the figures by channel, in the order of the configuration."""
        by_channel: dict[int, list[_Cell]] = {} if only is None else {only: []}
        for cell in cells:
            by_channel.setdefault(cell.channel, []).append(cell)
        return {self._names.channel_ids[slot]: self.figures(by_channel[slot]) for slot in sorted(by_channel)}

    def skills(self, slots: dict[str, int]) -> dict[str, Figures]:
        """Return the figures by skill, in alphabetical order; slot -1 is one that no contact has named."""
        found = {}
        for id_ in sorted(slots):
            if slots[id_] < 0:
                found[id_] = self.figures([])
                continue
            tally, sketches = self._counted.of_skill(slots[id_])
            for _, _, named, _, wait in self._unconfirmed:
                if slots[id_] in named:
                    _raise(tally, wait)
            found[id_] = self.figures([_Cell(-1, -1, _Part(tally, sketches, [], self._by_skill[slots[id_]]))])
        return found

    def agents(self, slots: Iterable[int]) -> dict[str, AgentFigures]:
        """Return the figures by agent."""
        longest: dict[int, int] = {}
        for _, _, _, agent, wait in self._unconfirmed:
            longest[agent] = max(longest.get(agent, 0), wait)
        pending = self._counted.pending()
        return {
            self._names.agent_ids[slot]: self._agent(slot, longest.get(slot, 0), pending.get(slot, 0)) for slot in slots
        }

    def _agent(self, slot: int, longest: int, pending: int) -> AgentFigures:
        now = self._names.acd.now()
        counted = self._counted.of_agent(slot)
        tally, handling = [0] * (_MAXIMA_AT + SPANS), Sketch()
        times, presences = [0] * len(_STATES), dict(self._counted.presences.get(slot, {}))
        if counted is not None:
            tally, buckets, times, state, since, presence, presence_since = counted
            handling = Sketch(buckets=buckets)
            _raise(tally, longest)
            if since >= 0:
                times[state] += now - since
            if presence_since >= 0 and now > presence_since:
                key = (presence, self._names.agent_labels[slot])
                presences[key] = presences.get(key, 0) + now - presence_since
        # Offers to an agent are counted when they end.
        ended = sum(_count(tally, name) for name in ("accepted", "declined", "offers_expired", "rescinded"))
        tally[COUNTS.index("offers")] = ended + pending
        return AgentFigures(
            offers=_offers(tally),
            answered=tally[_LENGTHS_AT + ANSWERED],
            answered_within=_count(tally, "answered_within"),
            wait=_span(tally, ANSWERED),
            work=_work(tally, [Sketch(), handling, None, None]),
            times=_times(times),
            presences=[
                PresenceTime(presence=_PRESENCES[presence], label=label, time_us=time_us)
                for (presence, label), time_us in sorted(
                    presences.items(), key=lambda one: (_IN_ORDER[_PRESENCES[one[0][0]]], one[0][1] or "")
                )
            ],
        )


def _added(one: _Tally, other: _Tally) -> _Tally:
    """Return two tallies together."""
    return [max(a, b) if at >= _MAXIMA_AT else a + b for at, (a, b) in enumerate(zip(one, other, strict=True))]


def _raise(tally: _Tally, wait: int) -> None:
    tally[_MAXIMA_AT + ANSWERED] = max(tally[_MAXIMA_AT + ANSWERED], wait)


def _count(tally: _Tally, name: str) -> int:
    return tally[COUNTS.index(name)]


def _span(tally: _Tally, span: int, sketch: Sketch | None = None) -> Span:
    count = tally[_LENGTHS_AT + span]
    return Span(
        count=count, sum_us=tally[_SUMS_AT + span], max_us=tally[_MAXIMA_AT + span] if count else None, sketch=sketch
    )


def _share(numerator: int, denominator: int) -> Share:
    ratio = numerator / denominator if denominator else None
    return Share(numerator=numerator, denominator=denominator, ratio=ratio)


def _contacts(tally: _Tally) -> ContactCounts:
    known = dict(zip(COUNTS, tally, strict=False))
    came = known["created"] + known["moved_in"] + known["changed_in"]
    went = known["moved_out"] + known["changed_out"]
    ended = known["closed"] + known["abandoned"] + known["cancelled"] + known["expired"]
    return ContactCounts(
        created=known["created"],
        consults=known["consults"],
        moved_in=known["moved_in"],
        moved_out=known["moved_out"],
        changed_in=known["changed_in"],
        changed_out=known["changed_out"],
        closed=known["closed"],
        abandoned=known["abandoned"],
        cancelled=known["cancelled"],
        expired=known["expired"],
        inside=came - went - ended,
        overdue=known["overdue"],
        callbacks_created=known["callbacks"],
        callbacks_reached=known["callbacks_reached"],
        callbacks_dropped=known["callbacks_dropped"],
    )


def _service(tally: _Tally, within_us: int | None, sketches: list[Sketch] | None = None) -> Service:
    known = dict(zip(COUNTS, tally, strict=False))
    answered, abandoned = tally[_LENGTHS_AT + ANSWERED], tally[_LENGTHS_AT + LEFT]
    within = known["answered_within"]
    judged = answered + abandoned + known["unanswered"]
    return Service(
        answered_within_us=within_us,
        answered=answered,
        answered_within=within,
        abandoned=abandoned,
        abandoned_within=known["left_within"],
        unanswered=known["unanswered"],
        undecided=known["created"] - known["consults"] - judged,
        level=_share(within, answered + abandoned),
        level_answered=_share(within, answered),
        level_patient=_share(within, answered + abandoned - known["left_within"]),
        wait=_span(tally, ANSWERED, None if sketches is None else sketches[ANSWERED]),
        wait_abandoned=_span(tally, LEFT, None if sketches is None else sketches[LEFT]),
    )


def _offers(tally: _Tally) -> OfferCounts:
    known = dict(zip(COUNTS, tally, strict=False))
    ended = known["accepted"] + known["declined"] + known["offers_expired"] + known["rescinded"]
    return OfferCounts(
        made=known["offers"],
        accepted=known["accepted"],
        declined=known["declined"],
        expired=known["offers_expired"],
        rescinded=known["rescinded"],
        preempted=known["offers_preempted"],
        interrupted=known["offers_interrupted"],
        pending=known["offers"] - ended,
        undone=known["undone"],
        exhausted=known["exhausted"],
    )


def _work(tally: _Tally, sketches: list[Sketch] | list[Sketch | None] | None = None) -> Work:
    known = dict(zip(COUNTS, tally, strict=False))
    return Work(
        handling=_span(tally, HANDLING, None if sketches is None else sketches[HANDLING]),
        wrap_up=_span(tally, WRAP_UP, None if sketches is None else sketches[WRAP_UP]),
        connect_failed=known["connect_failed"],
        transfers_in=known["transfers_in"],
        transfers_out=known["transfers_out"],
        requeued=known["requeued"],
        preempted=known["work_preempted"],
        interrupted=known["work_interrupted"],
        lost=known["lost"],
    )


def _agents_now(in_state: list[int], agents: int) -> AgentsNow:
    known = dict(zip(_STATES, in_state, strict=True))
    others = known["idle"] + known["working"] + known["wrapping"] + known["away"]
    return AgentsNow(
        idle=known["idle"],
        working=known["working"],
        wrapping=known["wrapping"],
        away=known["away"],
        offline=agents - others,
    )


def _times(times: list[int]) -> AgentTimes:
    known = dict(zip(_STATES, times, strict=True))
    busy = known["working"] + known["wrapping"]
    return AgentTimes(
        idle_us=known["idle"],
        working_us=known["working"],
        wrapping_us=known["wrapping"],
        away_us=known["away"],
        offline_us=known["offline"],
        occupancy=_share(busy, busy + known["idle"]),
        utilisation=_share(busy, busy + known["idle"] + known["away"]),
    )
