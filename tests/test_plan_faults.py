"""Every fault of plans, limits, hours and leases is told at its place; so are the circles of overflows."""

from __future__ import annotations

import pytest

from ccroute import Engine
from ccroute.config import Config, PlanStep, Queue, check, unresolved
from ccroute.errors import ConfigError
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
        'a queue from which no plan that begins anew comes back to "general", was "loans"',
    ),
    (
        STEP + 'ahead = 1\nqueue = "general"\n[queues.general.hours]\nclosed = "overflow"\nqueue = "loans"',
        "queues.general.hours.queue",
        'comes back to "general", was "loans"',
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


def test_ways_that_keep_the_plan_close_no_circle() -> None:
    config = Config.from_toml(
        """
        [[queues.a.plan]]
        after = "20s"
        queue = "b"
        plan = "keep"
        [[queues.b.plan]]
        after = "20s"
        queue = "a"
        """
    )
    assert check(config) == []


def test_every_circle_is_told_once_at_the_step_that_closes_it() -> None:
    ways = {"a": "bcd", "b": "ce", "c": "ad", "d": "", "e": "ea", "f": "d"}
    table = {
        queue: {
            "plan": [{"after": 1, "queue": other} for other in others],
            "hours": {"closed": "overflow", "queue": "d"},
        }
        for queue, others in ways.items()
    }
    del table["d"]["hours"]
    assert [(fault.path, "itself" in fault.message) for fault in faults_of({"queues": table})] == [
        ("queues.c.plan[0].queue", False),
        ("queues.e.plan[0].queue", True),
        ("queues.e.plan[1].queue", False),
    ]


def test_a_long_chain_of_overflows_is_checked_in_one_walk() -> None:
    queues = {f"q{n}": Queue(plan=[PlanStep(after=n % 7, queue=f"q{n + 1}")]) for n in range(20_000)}
    assert check(Config(queues=queues | {"q20000": Queue()})) == []
    closed = Config(queues=queues | {"q20000": Queue(plan=[PlanStep(ahead=1, queue="q0")])})
    assert [fault.path for fault in check(closed)] == ["queues.q20000.plan[0].queue"]


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
