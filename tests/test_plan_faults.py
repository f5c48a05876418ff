"""Every fault of plans, limits, hours and leases is told at its place; so are the circles of overflows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccroute import Engine
from ccroute.config import Config, Hours, PlanStep, Queue, check, unresolved
from ccroute.errors import ConfigError
from ccroute.types import ClosedAction, PlanOnOverflow
from tests.test_config_faults import CENTRE, faults_of

STEP = "[[queues.loans.plan]]\n"
FAULTY = [
    # A text behind the centre, the path of its fault, and words of the message.
    ("[queues.a]\nplan = {}", "queues.a.plan", "a list of tables, was {}"),
    ("[queues.a]\nplan = [5]", "queues.a.plan[0]", "a table, was 5"),
    (STEP * 33, "queues.loans.plan", "at most 32 entries, were 33"),
    (STEP + "tier = 1", "queues.loans.plan[0]", "exactly one of after, on and ahead, was none"),
    (
        STEP + 'after = "20s"\nahead = 5\ntier = 1',
        "queues.loans.plan[0]",
        "exactly one of after, on and ahead, was after and ahead",
    ),
    (STEP + 'on = "entry"', "queues.loans.plan[0]", "must patch a field or do something, did neither"),
    (STEP + 'on = "entry"\noffers = "rescind"', "queues.loans.plan[0]", "must patch a field or do something"),
    (STEP + 'on = "enter"\ntier = 1', "queues.loans.plan[0].on", '"entry" or "offers_exhausted"'),
    (STEP + 'after = "soon"\ntier = 1', "queues.loans.plan[0].after", 'was "soon"'),
    (STEP + "ahead = 0\ntier = 1", "queues.loans.plan[0].ahead", "1 to 1000000, was 0"),
    (STEP + 'on = "entry"\nteir = 1\ntier = 1', "queues.loans.plan[0].teir", 'no such key; did you mean "tier"?'),
    (STEP + "ahead = 1\ntier = 1\nif = 5", "queues.loans.plan[0].if", "an expression as text, was 5"),
    (
        STEP + 'ahead = 1\ntier = 1\nif = "queue.waitin > 5"',
        "queues.loans.plan[0].if",
        "column 7: must be queue.id, queue.attributes, queue.waiting",
    ),
    (STEP + 'ahead = 1\ntier = 1\nif_ = "queue.free"', "queues.loans.plan[0].if_", "column 1: must be a condition"),
    (
        STEP + 'ahead = 1\ntier = 1\nif = "true"\nif_ = "true"',
        "queues.loans.plan[0].if_",
        "says again what if or if_ said above",
    ),
    (
        STEP + 'ahead = 1\nrequires = "agent.skills.loan > 1"',
        "queues.loans.plan[0].requires",
        'no skill "loan"; did you mean "loans"?',
    ),
    (STEP + 'ahead = 1\nchannel = "chta"', "queues.loans.plan[0].channel", 'no channel "chta"; did you mean "chat"?'),
    (STEP + "ahead = 1\nchannel = 5", "queues.loans.plan[0].channel", "the id of a channel, was 5"),
    (
        STEP + 'ahead = 1\npreferred = ["maxi"]',
        "queues.loans.plan[0].preferred[0]",
        'no agent "maxi"; did you mean "maxim"?',
    ),
    (
        STEP + 'ahead = 1\nexcluded = ["maxim", "maxim"]',
        "queues.loans.plan[0].excluded[1]",
        'names the agent "maxim" a second time',
    ),
    (STEP + f"ahead = 1\nexcluded = {['maxim'] * 17}", "queues.loans.plan[0].excluded", "at most 16 agents, were 17"),
    (STEP + "ahead = 1\npreferred = [5]", "queues.loans.plan[0].preferred[0]", "the id of an agent, was 5"),
    (STEP + "ahead = 1\npreferred = 5", "queues.loans.plan[0].preferred", "a list of agents, was 5"),
    (STEP + "ahead = 1\nscores.maxi = 5", "queues.loans.plan[0].scores.maxi", 'did you mean "maxim"?'),
    (STEP + "ahead = 1\nattributes.n = {}", "queues.loans.plan[0].attributes.n", "true or false, text"),
    (STEP + 'ahead = 1\nqueue = "genral"', "queues.loans.plan[0].queue", 'no queue "genral"; did you mean "general"?'),
    (STEP + "ahead = 1\nqueue = 5", "queues.loans.plan[0].queue", "the id of a queue, was 5"),
    (STEP + 'ahead = 1\nqueue = "loans"', "queues.loans.plan[0].queue", 'another queue than "loans" itself'),
    (
        STEP + 'ahead = 1\nqueue = "loans"\nplan = "keep"',
        "queues.loans.plan[0].queue",
        'another queue than "loans" itself',
    ),
    (
        STEP + 'ahead = 1\nqueue = "d"\n[queues.d]\ndraining = true',
        "queues.loans.plan[0].queue",
        'a queue that takes new contacts, was "d", which is draining',
    ),
    (STEP + 'ahead = 1\ntier = 1\nplan = "keep"', "queues.loans.plan[0].plan", "left out where no queue is given"),
    (
        STEP + 'ahead = 1\nqueue = "general"\ncallback = true',
        "queues.loans.plan[0].callback",
        "left out where queue is given",
    ),
    (
        STEP + 'ahead = 1\nqueue = "general"\nend = "closed"',
        "queues.loans.plan[0].end",
        "left out where queue is given",
    ),
    (STEP + 'ahead = 1\npark = "5m"\ncallback = true', "queues.loans.plan[0].callback", "where park is given"),
    (STEP + 'ahead = 1\ncallback = true\nend = "closed"', "queues.loans.plan[0].end", "where callback is given"),
    (STEP + "ahead = 1\npark = 0", "queues.loans.plan[0].park", "true or false, or a duration, 1 to 7776000000000"),
    (STEP + 'ahead = 1\npark = "a while"', "queues.loans.plan[0].park", 'was "a while"'),
    (STEP + 'ahead = 1\nend = "over"', "queues.loans.plan[0].end", '"closed" or "cancelled" or "expired"'),
    (STEP + 'ahead = 1\nreport = ""', "queues.loans.plan[0].report", "a text of 1 to 128 characters"),
    (
        STEP + 'ahead = 1\nqueue = "general"\n[[queues.general.plan]]\non = "overdue"\nqueue = "loans"',
        "queues.general.plan[0].queue",
        'a queue that closes no circle of overflows, was "loans"',
    ),
    (
        STEP + 'ahead = 1\nqueue = "general"\n[queues.general.hours]\nclosed = "overflow"\nqueue = "loans"',
        "queues.general.hours.queue",
        'closes no circle of overflows, was "loans"',
    ),
    ("[queues.a]\nprefer = 5", "queues.a.prefer", "a table, was 5"),
    ('[queues.a]\nprefer.who = "me"', "queues.a.prefer.who", '"given" or "last_agent" or "manager"'),
    ("[queues.a]\nprefer.waiting_max = 0", "queues.a.prefer.waiting_max", "1 to 1000"),
    ("[queues.a]\nlimits.length = 0", "queues.a.limits.length", "1 to 10000000"),
    ('[queues.a]\nlimits.in_queue = "0s"', "queues.a.limits.in_queue", "1 to 7776000000000"),
    ('[queues.a]\ncallback.expires = "91d"', "queues.a.callback.expires", 'was "91d"'),
    ("[queues.a]\ncallback.attempts_max = 101", "queues.a.callback.attempts_max", "1 to 100"),
    ('[queues.a]\nhours.zone = ""', "queues.a.hours.zone", "a text of 1 to 128 characters"),
    ("[queues.a]\nhours.open = 5", "queues.a.hours.open", "a text or a list of texts"),
    ("[queues.a]\nhours.open = [5]", "queues.a.hours.open[0]", "a text, of at most"),
    (f"[queues.a]\nhours.open = {['x'] * 129}", "queues.a.hours.open", "at most 128 texts, were 129"),
    ('[queues.a]\nhours.closed = "overflow"', "queues.a.hours.queue", 'given where closed is "overflow"'),
    ('[queues.a]\nhours.queue = "loans"', "queues.a.hours.queue", 'where closed is not "overflow", was "loans"'),
    ('[queues.a]\nhours.plan = "keep"', "queues.a.hours.plan", 'where closed is not "overflow"'),
    (
        '[queues.a]\nhours = { closed = "overflow", queue = "lons" }',
        "queues.a.hours.queue",
        'no queue "lons"; did you mean "loans"?',
    ),
    ("[queues.a]\nhours.spans = 5", "queues.a.hours.spans", "a list of pairs, was 5"),
    ("[queues.a]\nhours.spans = [[1, 2, 3]]", "queues.a.hours.spans[0]", "a pair of moments"),
    ("[queues.a]\nhours.spans = [[-1, 2]]", "queues.a.hours.spans[0]", "a pair of moments"),
    ("[queues.a]\nhours.spans = [[2, 2]]", "queues.a.hours.spans[0]", "must close after it opens, was [2, 2]"),
    ("[queues.a]\nhours.spans = [[1, 2], [2, 3]]", "queues.a.hours.spans[1]", "open after the span before closes (2)"),
    (f"[queues.a]\nhours.spans = {[[1, 2]] * 2_049}", "queues.a.hours.spans", "at most 2048 pairs, were 2049"),
    ("[queues.a]\nhours.offsets = [[1, 86400000000]]", "queues.a.hours.offsets[0]", "an offset below a day"),
    ("[queues.a]\nhours.offsets = [[1, 0], [1, 0]]", "queues.a.hours.offsets[1]", "begin after the one before (1)"),
    ("[agents.b]\nlease = 0", "agents.b.lease", "1 to 7776000000000"),
    ('[engine]\ninterval = "59s"', "engine.interval", "60000000 to 86400000000 microseconds, as an integer or"),
]


@pytest.mark.parametrize(("text", "path", "words"), FAULTY, ids=[path[:40] for _, path, _ in FAULTY])
def test_a_fault_is_told_at_its_place(text: str, path: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Config.from_toml(CENTRE + text)
    assert [fault.path for fault in raised.value.faults] == [path]
    assert words in raised.value.faults[0].message


CENTRES = [
    # Queues with their ways: a letter is a step to that queue, with ' it keeps the plan; behind / the hours.
    ("a:b b:a", ["b.plan[0].queue"]),
    ("a:b' b:a", []),
    ("a:b' b:a'", []),
    ("a:b'c' b: c:a", []),
    ("a:b/ b:/a", ["b.hours.queue"]),
    ("a:b'/ b:/a", ["b.hours.queue"]),
    ("a:b'/ b:/a'", []),
    ("a:/b' b:/a'", ["b.hours.queue"]),
    ("a:/b' b:/a", ["b.hours.queue"]),
    ("a:/b b:/a'", ["a.hours.queue"]),
    ("a:/b' b:/c' c:/b'", ["c.hours.queue"]),
    ("a:b'/ b:/c' c:/d' d:/a", ["d.hours.queue"]),
    ("a:b'c/ b:/ c:/a", ["c.hours.queue"]),
    ("a:b'c/ b:a/ c:/", []),
    ("a:b'/ b:/c c:a/", ["c.plan[0].queue"]),
    ("a:b'/c b:/ c:b/d' d:/", []),
    ("x:a a:bd b:c c:ab/d d:", ["c.plan[0].queue", "c.plan[1].queue"]),
    ("a:b b:c c:d d:b", ["d.plan[0].queue"]),
    ("a:bcd/d b:ce/d c:ad/d d: e:fa/d f:", ["c.plan[0].queue", "e.plan[1].queue"]),
    ("a:nowhere b:a", []),
]


def centre(text: str) -> Config:
    """Return the centre whose queues and ways a text draws."""
    queues: dict[str, Queue] = {}
    for part in text.replace("nowhere", "").split():
        name, _, ways = part.partition(":")
        steps, _, closed = ways.partition("/")
        hours = Hours()
        if closed:
            plan = PlanOnOverflow.KEEP if "'" in closed else PlanOnOverflow.RESTART
            hours = Hours(closed=ClosedAction.OVERFLOW, queue=closed[0], plan=plan)
        plans = [(one[0], "'" in one) for one in re.findall("[a-z]'?", steps)]
        queues[name] = Queue(
            plan=[
                PlanStep(ahead=1, queue=to, plan=PlanOnOverflow.KEEP if keeps else PlanOnOverflow.RESTART)
                for to, keeps in plans
            ],
            hours=hours,
        )
    return Config(queues=queues)


@pytest.mark.parametrize(("ways", "paths"), CENTRES, ids=[ways for ways, _ in CENTRES])
def test_ways_that_never_end_are_told_where_the_circle_closes(ways: str, paths: list[str]) -> None:
    assert [fault.path for fault in check(centre(ways))] == [f"queues.{path}" for path in paths]


_Standing = tuple[str, str, frozenset[int]]


def _ends(config: Config) -> bool:
    """Return whether every walk through a centre ends, whatever is due and closed: by trying all of them.

    A walk stands in a queue, follows a plan, and has left of it some steps; hours send on anew at each entry.
    """
    color: dict[_Standing, bool] = {}

    def onward(state: _Standing) -> list[_Standing]:
        at, plan, left = state
        found: list[_Standing] = []
        for index in sorted(left):
            step = config.queues[plan].plan[index]
            assert step.queue is not None
            if step.queue == at:
                found.append((at, plan, left - {index}))
            elif step.plan is PlanOnOverflow.KEEP:
                found.append((step.queue, plan, left - {index}))
            else:
                found.append(begin(step.queue))
        hours = config.queues[at].hours
        if hours is not None and hours.queue is not None:
            found.append((hours.queue, plan, left) if hours.plan is PlanOnOverflow.KEEP else begin(hours.queue))
        return found

    def begin(queue: str) -> _Standing:
        return queue, queue, frozenset(range(len(config.queues[queue].plan)))

    def is_endless(state: _Standing) -> bool:
        if state in color:
            return color[state]
        color[state] = True  # on the walk: meeting it again closes a circle
        if any(is_endless(one) for one in onward(state)):
            return True
        color[state] = False
        return False

    return not any(is_endless(begin(queue)) for queue in config.queues)


@given(st.data())
def test_a_centre_is_refused_exactly_where_some_walk_never_ends(data: st.DataObject) -> None:
    names = "abcd"
    text = ""
    for name in names:
        others = st.sampled_from([f"{other}{mark}" for other in names if other != name for mark in ("", "'")])
        steps = data.draw(st.lists(others, max_size=2))
        text += f"{name}:{''.join(steps)}/{data.draw(others | st.just(''))} "
    config = centre(text)
    assert (check(config) == []) is _ends(config)


def test_a_step_to_its_own_queue_is_told_as_such_and_no_circle_beside_it() -> None:
    table = {"queues": {"e": {"plan": [{"after": 1, "queue": "e"}, {"after": 1, "queue": "a"}]}, "a": {}}}
    assert [(fault.path, "itself" in fault.message) for fault in faults_of(table)] == [("queues.e.plan[0].queue", True)]


def test_a_long_chain_of_overflows_is_checked_in_one_walk() -> None:
    queues = {f"q{n}": Queue(plan=[PlanStep(after=n % 7, queue=f"q{n + 1}")]) for n in range(20_000)}
    assert check(Config(queues=queues | {"q20000": Queue()})) == []
    closed = Config(queues=queues | {"q20000": Queue(plan=[PlanStep(ahead=1, queue="q0")])})
    assert [fault.path for fault in check(closed)] == ["queues.q20000.plan[0].queue"]


def test_a_long_chain_of_hours_is_checked_in_one_walk() -> None:
    def leads(n: int, plan: PlanOnOverflow) -> Queue:
        return Queue(hours=Hours(closed=ClosedAction.OVERFLOW, queue=f"q{n}", plan=plan))

    queues = {f"q{n}": leads(n + 1, PlanOnOverflow.KEEP) for n in reversed(range(20_000))}
    assert check(Config(queues=queues | {"q20000": Queue()})) == []
    for plan in PlanOnOverflow:
        closed = Config(queues=queues | {"q20000": leads(0, plan)})
        assert len(check(closed)) == 1


def test_hours_that_are_not_resolved_are_without_fault_but_no_engine_takes_them() -> None:
    config = Config.from_toml(
        '[queues.q]\nhours = { open = "Mon-Fri 09:00-17:00" }\n[queues.r]\nhours.spans = [[5, 7]]'
    )
    assert check(config) == []
    assert [str(fault) for fault in unresolved(config)] == [
        "queues.q.hours: is not resolved to moments; use ccroute.calendars.resolve"
    ]
    with pytest.raises(ConfigError, match="is not resolved to moments"):
        Engine(config)
