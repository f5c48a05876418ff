"""Where the rules coincide with known systems the answers do: telephony servers choose alike, closed forms hold.

Simulated means are compared with closed forms in batches: a simulation is cut into ``BATCHES`` parts of equal length,
and its mean must lie within four standard errors of the exact value, which themselves must be small. Seeds are fixed,
so that a test gives the same figure every time.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Iterator, Sequence

import pytest
from benchmarks.traces import Trace

from ccroute import (
    AcceptOffer,
    CompleteContact,
    Config,
    ContactActive,
    Engine,
    EnqueueContact,
    OfferMade,
    OfferRescinded,
    Presence,
    SetPresence,
)
from ccroute.bench.preempt import serve_preempting
from ccroute.bench.trace import Through, serve
from tests import queueing
from tests.queueing import SkillGraph
from tests.telephony import Caller, Member, Server
from tests.virtual_host import Arrival, VirtualHost

SECOND = 1_000_000
BATCHES = 20
ERRORS_MAX = 4
"""Standard errors between a simulated mean and the exact one, at the most."""


def expect(samples: Sequence[float], exact: float, *, error_max: float) -> None:
    """Assert that a mean is the exact value, as far as a simulation of this length can tell.

    :param error_max: the largest standard error allowed, as a share of the exact value.
    """
    size = len(samples) // BATCHES
    means = [statistics.fmean(samples[at * size : (at + 1) * size]) for at in range(BATCHES)]
    mean, error = statistics.fmean(means), statistics.stdev(means) / math.sqrt(BATCHES)
    told = f"mean {mean:.5f}, exact {exact:.5f}, standard error {error:.5f}"
    assert error <= error_max * exact, told
    assert abs(mean - exact) <= ERRORS_MAX * error, told


def drawn(
    seed: int, contacts: int, arrivals: Sequence[float], service: float, *, impatience: float = 0.0
) -> Iterator[tuple[int, int, int, int]]:
    """Yield arrival, kind, work and patience (-1: endless) of Poisson contacts whose kinds come at these rates."""
    pick = random.Random(seed)
    at_s = 0.0
    for _ in range(contacts):
        at_s += pick.expovariate(sum(arrivals))
        (kind,) = pick.choices(range(len(arrivals)), arrivals)
        work_us = int(pick.expovariate(service) * SECOND)
        patience_us = int(pick.expovariate(impatience) * SECOND) if impatience else -1
        yield int(at_s * SECOND), kind, work_us, patience_us


def trace_of(draws: Iterator[tuple[int, int, int, int]], agents: int, *, vip_kind: int | None = None) -> Trace:
    """Return draws as a trace where every agent can take everything; one kind may be VIPs."""
    rows = [(at_us, 0, int(kind == vip_kind), work_us, patience_us) for at_us, kind, work_us, patience_us in draws]
    return Trace(rows=rows, profiles=[[0]], agents=[0] * agents)


def waits(trace: Trace) -> list[float]:
    """Return the wait of each contact in seconds, to the agent or to leaving."""
    answer = serve(*trace.columns(), through=Through.CORE)
    return [(start_us - row[0]) / SECOND for start_us, row in zip(answer.start_us, trace.rows, strict=True)]


# ---- closed forms --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("agents", "load"), [(1, 0.7), (8, 0.85), (20, 0.75)])
def test_one_queue_waits_as_erlang_says(agents: int, load: float) -> None:
    """M/M/c: mean wait, and the share that waits at all."""
    arrival = load * agents
    waited = waits(trace_of(drawn(agents, 400_000, [arrival], 1.0), agents))
    expect(waited, queueing.mean_wait(agents, arrival, 1.0), error_max=0.05)
    expect([float(wait > 0) for wait in waited], queueing.erlang_c(agents, arrival), error_max=0.02)


@pytest.mark.slow
def test_impatient_contacts_leave_as_palm_says() -> None:
    """M/M/c+M in overload, which nobody would survive who waits for ever."""
    agents, arrival, impatience = 10, 11.0, 0.5
    trace = trace_of(drawn(1, 300_000, [arrival], 1.0, impatience=impatience), agents)
    answer = serve(*trace.columns(), through=Through.CORE)
    left = [float(agent < 0) for agent in answer.agent]
    expect(left, queueing.left_share(agents, arrival, 1.0, impatience), error_max=0.02)


@pytest.mark.slow
def test_a_tier_waits_as_cobham_says() -> None:
    """M/M/c with two tiers, work in hand never broken off."""
    agents, arrivals = 5, [1.0, 3.2]
    trace = trace_of(drawn(1, 400_000, arrivals, 1.0), agents, vip_kind=0)
    waited = waits(trace)
    for vip, exact in zip((1, 0), queueing.tier_waits(agents, arrivals, 1.0), strict=True):
        expect([wait for wait, row in zip(waited, trace.rows, strict=True) if row[2] == vip], exact, error_max=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("agents", [1, 5])
def test_work_broken_off_and_resumed_takes_as_long_as_the_formula_says(agents: int) -> None:
    """M/M/c, pre-emptive resume with two tiers: mean time from arrival to the end of work."""
    arrivals = [0.25 * agents, 0.5 * agents]
    trace = trace_of(drawn(agents, 300_000, arrivals, 1.0), agents, vip_kind=0)
    answer = serve_preempting(*trace.columns(), through=Through.CORE)
    for vip, exact in zip((1, 0), queueing.broken_off_times(agents, arrivals, 1.0), strict=True):
        times = [
            (end_us - row[0]) / SECOND for end_us, row in zip(answer.end_us, trace.rows, strict=True) if row[2] == vip
        ]
        expect(times, exact, error_max=0.03)


def test_formulas_agree_where_they_meet() -> None:
    assert queueing.broken_off_times(1, [0.3, 0.4], 1.0) == pytest.approx([1 / 0.7, 1 / 0.7 / 0.3])
    assert queueing.tier_waits(3, [2.0], 0.9) == pytest.approx([queueing.mean_wait(3, 2.0, 0.9)])
    assert queueing.ageing_waits(3, [0.5, 1.5], [1, 1], 0.9) == pytest.approx([queueing.mean_wait(3, 2.0, 0.9)] * 2)
    one_kind = SkillGraph(
        arrivals={"a": 2.0}, services=dict.fromkeys("123", 0.9), serves=dict.fromkeys("123", frozenset("a"))
    )
    by_kind, _ = queueing.first_come_longest_idle(one_kind)
    assert by_kind["a"] == pytest.approx(queueing.mean_wait(3, 2.0, 0.9))


GRAPHS = {
    "N": SkillGraph(
        arrivals={"a": 0.4, "b": 0.9},
        services={"1": 0.8, "2": 0.8},
        serves={"1": frozenset("ab"), "2": frozenset("b")},
    ),
    "W": SkillGraph(
        arrivals={"a": 0.3, "b": 0.8, "c": 0.3},
        services={"1": 0.9, "2": 0.9},
        serves={"1": frozenset("ab"), "2": frozenset("bc")},
    ),
    "ring": SkillGraph(
        arrivals={"a": 0.7, "b": 0.5, "c": 0.9},
        services={"1": 0.9, "2": 0.9, "3": 0.9},
        serves={"1": frozenset("ab"), "2": frozenset("bc"), "3": frozenset("ca")},
    ),
    "levels": SkillGraph(
        arrivals={"a": 0.4, "b": 0.5, "c": 0.6, "d": 0.4},
        services={"1": 0.7, "2": 0.7, "3": 0.7, "4": 0.7},
        serves={"1": frozenset("a"), "2": frozenset("ab"), "3": frozenset("abc"), "4": frozenset("bcd")},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", GRAPHS)
def test_skill_graphs_wait_as_the_product_form_says(name: str) -> None:
    """First come first served, longest idle first, on graphs of skills: mean wait by kind of contact."""
    graph = GRAPHS[name]
    kinds, agents = sorted(graph.arrivals), sorted(graph.services)
    draws = list(drawn(3, 400_000, [graph.arrivals[kind] for kind in kinds], graph.services[agents[0]]))
    trace = Trace(
        rows=[(at_us, kind, 0, work_us, -1) for at_us, kind, work_us, _ in draws],
        profiles=[sorted(kinds.index(kind) for kind in graph.serves[agent]) for agent in agents],
        agents=list(range(len(agents))),
    )
    waited = waits(trace)
    exact, _ = queueing.first_come_longest_idle(graph)
    for at, kind in enumerate(kinds):
        expect([wait for wait, draw in zip(waited, draws, strict=True) if draw[1] == at], exact[kind], error_max=0.05)


def ageing_center(agents: int, ageings: Sequence[int]) -> Config:
    """Return a centre where every agent serves a queue for each ageing."""
    return Config.from_dict(
        {
            "engine": {"retain_us": 0},
            "queues": {f"q{at}": {"offer": {"mode": "auto"}, "ageing": ageing} for at, ageing in enumerate(ageings)},
            "agents": {f"a{agent}": {"queues": {f"q{at}": 1 for at in range(len(ageings))}} for agent in range(agents)},
        }
    )


def lived(config: Config, draws: Iterator[tuple[int, int, int, int]]) -> list[tuple[int, float]]:
    """Return kind and wait in seconds of each contact; the kind is its queue."""
    arrivals = [
        Arrival(
            at_us=at_us,
            work_us=work_us,
            enqueue=EnqueueContact(contact_id=f"{kind}-{at}", queue_id=f"q{kind}", channel="voice"),
        )
        for at, (at_us, kind, work_us, _) in enumerate(draws)
    ]
    lives = VirtualHost(config).run(arrivals)
    return [
        (int(str(one.enqueue.contact_id)[0]), (lives[str(one.enqueue.contact_id)].began_us - one.at_us) / SECOND)
        for one in arrivals
    ]


@pytest.mark.slow
def test_queues_that_age_at_different_rates_wait_as_kleinrock_says() -> None:
    """M/M/c where credit grows twice as fast in one queue: priority with ageing."""
    agents, arrivals = 2, [0.8, 0.6]
    found = lived(ageing_center(agents, [1_000, 2_000]), drawn(1, 90_000, arrivals, 1.0))
    for kind, exact in enumerate(queueing.ageing_waits(agents, arrivals, [1, 2], 1.0)):
        expect([wait for own, wait in found if own == kind], exact, error_max=0.06)


@pytest.mark.slow
def test_the_last_served_first_waits_as_long_on_average_and_less_evenly() -> None:
    """M/M/c, last in first out: the mean wait of any order, the mean square of a busy period."""
    agents, arrival = 2, 1.0
    waited = [wait for _, wait in lived(ageing_center(agents, [-1_000]), drawn(2, 90_000, [arrival], 1.0))]
    expect(waited, queueing.mean_wait(agents, arrival, 1.0), error_max=0.05)
    squares = [wait * wait for wait in waited]
    expect(squares, queueing.square_wait(agents, arrival, 1.0, last_first=True), error_max=0.15)


# ---- telephony servers ---------------------------------------------------------------------------------------------

ALIKE = {
    # strategy of the server: select of the queue that chooses alike
    "leastrecent": ["idle", "listed"],
    "longest-hangup": ["idle", "listed"],
    "fewestcalls": ["handled", "listed"],
    "agent-with-fewest-calls": ["handled", "listed"],
    "linear": ["listed"],
    "sequentially-by-agent-order": ["listed"],
    "longest-idle-agent": ["last_offer", "listed"],
}


def telephone_center(penalties: Sequence[int], select: Sequence[str]) -> Config:
    """Return a centre with one queue whose members have these penalties, as ranks from 1."""
    return Config.from_dict(
        {
            "queues": {
                "calls": {
                    "offer": {"mode": "auto"},
                    "select": list(select),
                    "order_list": [f"m{at}" for at in range(len(penalties))] if "listed" in select else [],
                }
            },
            "agents": {f"m{at}": {"queues": {"calls": penalty + 1}} for at, penalty in enumerate(penalties)},
        }
    )


class Telephones:
    """The same calls through an engine and through a server as known, which must give them to the same members."""

    def __init__(self, strategy: str, select: Sequence[str], penalties: Sequence[int]) -> None:
        self.server = Server(
            strategy=strategy,
            members=[Member(name=f"m{at}", penalty=penalty) for at, penalty in enumerate(penalties)],
        )
        self.engine = Engine(telephone_center(penalties, select))
        for member in self.server.members:
            self.engine.handle(SetPresence(agent_id=member.name, presence=Presence.AVAILABLE), 0)
        self.taken: list[tuple[str, str]] = []
        self.call_of: dict[str, str] = {}

    def comes(self, caller: Caller) -> None:
        """A call comes to both."""
        command = EnqueueContact(
            contact_id=caller.name,
            queue_id="calls",
            channel="voice",
            tier=caller.priority,
            head_start_us=caller.base_score * SECOND,
        )
        self._compare(self.server.comes(caller, caller.came_s), command, caller.came_s)

    def ends(self, member: str, now_s: int) -> None:
        """The call of a member ends in both."""
        command = CompleteContact(contact_id=self.call_of.pop(member))
        self._compare(self.server.ends(member, now_s), command, now_s)

    def _compare(self, right: list[tuple[str, str]], command: EnqueueContact | CompleteContact, now_s: int) -> None:
        events = self.engine.handle(command, now_s * SECOND)
        taken = [(event.contact_id, event.agent_id) for event in events if isinstance(event, ContactActive)]
        assert taken == right, f"at {now_s} s"
        self.taken += taken
        self.call_of.update((member, call) for call, member in taken)


def play(pair: Telephones, pick: random.Random, *, priorities: int = 1, scores: int = 1, steps: int = 150) -> None:
    """Have calls come and end at random, each in a second of its own."""
    for at in range(1, steps + 1):
        if pair.call_of and pick.random() < 0.48:
            pair.ends(pick.choice(sorted(pair.call_of)), at)
        else:
            caller = Caller(
                name=f"c{at}", came_s=at, priority=pick.randrange(priorities), base_score=10 * pick.randrange(scores)
            )
            pair.comes(caller)
    assert len(pair.taken) > steps // 4


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("strategy", ALIKE)
def test_members_are_chosen_as_the_server_chooses(strategy: str, seed: int) -> None:
    """Who is rung: strategies with penalties (Asterisk) or levels (FreeSWITCH) as ranks."""
    pick = random.Random(f"{strategy} {seed}")
    pair = Telephones(strategy, ALIKE[strategy], [pick.randrange(3) for _ in range(6)])
    play(pair, pick)


@pytest.mark.parametrize("seed", range(10))
def test_calls_are_ordered_as_the_server_orders(seed: int) -> None:
    """Which call is next: a priority as a tier (Asterisk, OpenSIPS), a base score as a head start (FreeSWITCH)."""
    pick = random.Random(seed)
    play(Telephones("leastrecent", ["idle", "listed"], [0, 0, 0]), pick, priorities=3)
    play(Telephones("leastrecent", ["idle", "listed"], [0, 0, 0]), pick, scores=6)


def test_round_robin_goes_around_as_the_server_does_while_nobody_is_skipped() -> None:
    pair = Telephones("rrmemory", ["last_offer", "listed"], [0, 0, 0])
    for at in range(1, 20, 2):
        pair.comes(Caller(name=f"c{at}", came_s=at))
        pair.ends(pair.taken[-1][1], at + 1)
    assert [member for _, member in pair.taken[:4]] == ["m0", "m1", "m2", "m0"]


def test_round_robin_comes_back_to_who_was_skipped_where_the_server_goes_on() -> None:
    pair = Telephones("rrmemory", ["last_offer", "listed"], [0, 0, 0])
    for at in (1, 2, 3):
        pair.comes(Caller(name=f"c{at}", came_s=at))
    pair.ends("m1", 4)
    pair.comes(Caller(name="c5", came_s=5))  # m0 still talks and is skipped
    pair.ends("m2", 6)
    pair.ends("m0", 7)
    assert pair.server.next_member(8) == pair.server.members[2]
    events = pair.engine.handle(EnqueueContact(contact_id="c8", queue_id="calls", channel="voice"), 8 * SECOND)
    assert [event.agent_id for event in events if isinstance(event, ContactActive)] == ["m0"]


# ---- cases worked by hand ------------------------------------------------------------------------------------------


def came_in(config: Config) -> Engine:
    """Return an engine whose agents have come in."""
    engine = Engine(config)
    for agent_id in config.agents:
        engine.handle(SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE), 0)
    return engine


def call(contact_id: str, queue_id: str = "calls") -> EnqueueContact:
    """Return the command with which a call comes."""
    return EnqueueContact(contact_id=contact_id, queue_id=queue_id, channel="voice")


def test_the_heavier_queue_gets_the_member_both_share() -> None:
    """Asterisk's ``weight``: the call of the heavier queue is served first, though it came later."""
    config = {
        "queues": {
            "light": {"offer": {"mode": "auto"}},
            "heavy": {"offer": {"mode": "auto"}, "tier": 5},
        },
        "agents": {"m0": {"queues": {"light": 1, "heavy": 1}}},
    }
    engine = came_in(Config.from_dict(config))
    engine.handle(call("c0", "light"), 0)
    engine.handle(call("c1", "light"), 1 * SECOND)
    engine.handle(call("c2", "heavy"), 9 * SECOND)
    events = engine.handle(CompleteContact(contact_id="c0"), 10 * SECOND)
    assert [event.contact_id for event in events if isinstance(event, ContactActive)] == ["c2"]


def test_a_higher_level_opens_when_the_call_has_waited() -> None:
    """FreeSWITCH's ``tier-rule-wait-second``: level 2 is rung after 30 s only, though it was idle all the time."""
    config = {
        "queues": {"calls": {"offer": {"mode": "auto"}}},
        "agents": {
            "m0": {"queues": {"calls": 1}},
            "m1": {"queues": {"calls": {"rank": 2, "after": "30s"}}},
        },
    }
    engine = came_in(Config.from_dict(config))
    engine.handle(call("c0"), 0)
    assert not [event for event in engine.handle(call("c1"), 5 * SECOND) if isinstance(event, ContactActive)]
    assert engine.advance(35 * SECOND - 1) == []
    events = engine.advance(35 * SECOND)
    assert [event.agent_id for event in events if isinstance(event, ContactActive)] == ["m1"]


def test_all_are_rung_and_the_first_to_answer_has_the_call() -> None:
    """Asterisk's ``ringall``: everybody free rings, and stops when somebody answers."""
    config = {
        "queues": {"calls": {"offer": {"mode": "broadcast", "k": 64}}},
        "agents": {f"m{at}": {"queues": {"calls": 1}} for at in range(4)},
    }
    engine = came_in(Config.from_dict(config))
    rung = [event for event in engine.handle(call("c0"), SECOND) if isinstance(event, OfferMade)]
    assert [event.agent_id for event in rung] == ["m0", "m1", "m2", "m3"]
    events = engine.handle(AcceptOffer(offer_id=rung[2].offer_id), 2 * SECOND)
    assert [event.agent_id for event in events if isinstance(event, ContactActive)] == ["m2"]
    assert [event.agent_id for event in events if isinstance(event, OfferRescinded)] == ["m0", "m1", "m3"]


def test_who_does_not_answer_is_paused() -> None:
    """Asterisk's ``autopause``, FreeSWITCH's ``max-no-answer = 1``: the next member rings."""
    config = {
        "queues": {"calls": {"offer": {"mode": "ring", "offer_timeout": "15s"}, "away_after": 1}},
        "agents": {"m0": {"queues": {"calls": 1}}, "m1": {"queues": {"calls": 1}}},
    }
    engine = came_in(Config.from_dict(config))
    engine.handle(call("c0"), 0)
    events = engine.advance(15 * SECOND)
    assert [event.agent_id for event in events if isinstance(event, OfferMade)] == ["m1"]
    away = engine.agent("m0")
    assert away is not None
    assert (away.presence, away.label) == (Presence.AWAY, "no_answer")
