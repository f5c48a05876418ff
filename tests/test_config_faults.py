"""Every fault of a configuration is told, at its place, in the order of the keys, and none makes the reader fail."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccroute.config import (
    Agent,
    AgentChannel,
    AgentQueue,
    CallbackPolicy,
    Channel,
    Config,
    EngineSettings,
    Hours,
    Limits,
    Offer,
    PlanStep,
    Prefer,
    Queue,
    RecordPriority,
    Records,
    ServiceLevel,
    Skill,
    check,
    to_dict,
)
from ccroute.config.rules import Duration, Integer, Section
from ccroute.config.schema import SECTIONS
from ccroute.errors import ConfigError, ConfigFault
from ccroute.types import AFTER_STEPS_MAX, ClosedAction, OfferMode, Order, Preempt, RuleEnd
from tests.configurations import ANY_TABLES, SCALARS, configs

CENTRE = """
[queues.loans]
[queues.general]
[skills.loans]
[agents.maxim]
skills = { english = 80 }
"""

FAULTY = [
    # A text behind the centre above, the path of its fault, and words of the message.
    (
        '[engine]\nretain = "5x"',
        "engine.retain",
        "a duration, 0 to 7776000000000 microseconds (90 days), as an integer or",
    ),
    ('[engine]\nretain = "91d"', "engine.retain", 'was "91d"'),
    ("[engine]\nretain_us = -1", "engine.retain_us", "was -1"),
    ("[engine]\nretain_us = 1.0", "engine.retain_us", "was 1.0"),
    ("[engine]\njump_max = 0", "engine.jump_max", "1 to 7776000000000"),
    ("[engine]\nagents_max = true", "engine.agents_max", "an integer, 1 to 1000000, was true"),
    ('[engine]\nagents_max = "5"', "engine.agents_max", 'was "5"'),
    ("[engine]\nclasses_max = 65537", "engine.classes_max", "1 to 65536"),
    ("[engine]\nretian = 5", "engine.retian", 'no such key; did you mean "retain"?'),
    ("[engine]\nzzz = 5", "engine.zzz", "no such key; allowed are order, retain_us, command_ids_max"),
    ('[engine]\nretain = "1s"\nretain_us = 5', "engine.retain_us", "says again what retain or retain_us said above"),
    ('[engine]\norder = "ranks"', "engine.order", '"tier" or "rank", was "ranks"'),
    ("[quues]", "quues", 'did you mean "queues"?'),
    ("[skills.x]\nlevel = 5", "skills.x.level", "no such key"),
    ("[channels.voice]\ncost = 1000001", "channels.voice.cost", "0 to 1000000"),
    ('[channels.voice]\nlive = "yes"', "channels.voice.live", 'true or false, was "yes"'),
    ("[channels.voice]\naway_after = 1001", "channels.voice.away_after", "0 to 1000"),
    ("[channels.voice]\nsuspendable = 1", "channels.voice.suspendable", "true or false, was 1"),
    ('[channels.voice]\ninterrupts = "chat"', "channels.voice.interrupts", 'a list of channels, was "chat"'),
    ("[channels.voice]\ninterrupts = [5]", "channels.voice.interrupts[0]", "the id of a channel, was 5"),
    (
        '[channels.voice]\ninterrupts = ["chta"]',
        "channels.voice.interrupts[0]",
        'no channel "chta"; did you mean "chat"?',
    ),
    (
        '[channels.voice]\ninterrupts = ["chat", "chat"]',
        "channels.voice.interrupts[1]",
        'names the channel "chat" a second time',
    ),
    ('[channels.chat]\ninterrupts = ["voice"]', "channels.chat.interrupts[0]", 'a suspendable channel, was "voice"'),
    (
        '[channels.voice]\ninterrupts = ["chat", "sms"]\n[channels.sms]\nlive = true',
        "channels.voice.interrupts[1]",
        'a suspendable channel, was "sms"',
    ),
    (
        '[channels.own]\nsuspendable = false\n[channels.chat]\ninterrupts = ["own"]',
        "channels.chat.interrupts[0]",
        "own",
    ),
    (
        '[channels.chat]\ninterrupts = ["chat"]',
        "channels.chat.interrupts[0]",
        'a channel that does not itself, or by others, interrupt "chat", was "chat"',
    ),
    (
        '[channels.chat]\ninterrupts = ["email"]\n[channels.email]\ninterrupts = ["task", "chat"]',
        "channels.email.interrupts[1]",
        'interrupt "email", was "chat"',
    ),
    (
        '[channels.a]\ninterrupts = ["c", "b"]\n[channels.c]\ninterrupts = ["a"]\n[channels.b]\ninterrupts = ["c"]',
        "channels.c.interrupts[0]",
        'interrupt "c", was "a"',
    ),
    ('[queues.a]\nmembers = "every"', "queues.a.members", '"listed" or "all", was "every"'),
    ('[queues.a]\nselect = "longest_idl"', "queues.a.select", 'was "longest_idl"; did you mean "longest_idle"?'),
    ("[queues.a]\nselect = []", "queues.a.select", "a list of 1 to 8 keys, was one of 0"),
    ('[queues.a]\nselect = ["load", "idel"]', "queues.a.select[1]", 'did you mean "idle"?'),
    ('[queues.a]\nselect = ["load  asc"]', "queues.a.select[0]", "idle, load"),
    ('[queues.a]\nselect = ["load", "load asc"]', "queues.a.select[1]", "names the key load a second time"),
    ('[queues.a]\nselect = ["score"]', "queues.a.select[0]", "needs the queue's score"),
    ("[queues.a]\nselect = [1]", "queues.a.select[0]", "was 1"),
    ("[queues.a]\nselect = 1", "queues.a.select", "or a list of keys, was 1"),
    ('[queues.a]\norder_list = ["maxim", "maxi"]', "queues.a.order_list[1]", 'no agent "maxi"; did you mean "maxim"?'),
    ('[queues.a]\norder_list = ["maxim", "maxim"]', "queues.a.order_list[1]", 'names the agent "maxim" a second time'),
    ("[queues.a]\norder_list = [5]", "queues.a.order_list[0]", "the id of an agent, was 5"),
    ('[queues.a]\norder_list = "maxim"', "queues.a.order_list", 'a list of agents, was "maxim"'),
    (
        '[queues.a]\nrequires = "agent.skills.loan > 1"',
        "queues.a.requires",
        'column 14: no skill "loan"; did you mean "loans"?',
    ),
    ('[queues.a]\nrequires = "agent.skills.loans >"', "queues.a.requires", "column "),
    ("[queues.a]\nrequires = 5", "queues.a.requires", "an expression as text, was 5"),
    (
        "[queues.a]\nrequires = '\"genral\" in agent.queues'",
        "queues.a.requires",
        'column 1: no queue "genral"; did you mean',
    ),
    ('[queues.a]\nscore = "agent.skills.englsh"', "queues.a.score", 'no skill "englsh"; did you mean "english"?'),
    ('[queues.a]\nscore = "(("', "queues.a.score", "column "),
    ('[queues.a]\noffer = "auto"', "queues.a.offer", 'a table, was "auto"'),
    (
        '[queues.a]\noffer.mode = "rings"',
        "queues.a.offer.mode",
        '"auto" or "ring" or "broadcast" or "manual", was "rings"',
    ),
    ("[queues.a]\noffer.k = 65", "queues.a.offer.k", "an integer, 1 to 64, was 65"),
    ("[queues.a]\noffer.k = 2", "queues.a.offer.k", 'must be 1 where the mode is not "broadcast", was 2'),
    ('[queues.a]\noffer = { k = 2, mode = "manual" }', "queues.a.offer.k", "must be 1 where"),
    ("[queues.a]\noffer.offers_min = 2", "queues.a.offer.offers_min", 'must be 1 where the mode is not "broadcast"'),
    (
        '[queues.a]\noffer = { mode = "broadcast", offers_min = 2 }',
        "queues.a.offer.offers_min",
        "must be at most k (1), was 2",
    ),
    (
        '[queues.a]\noffer = { offers_min = 4, k = 3, mode = "broadcast" }',
        "queues.a.offer.offers_min",
        "must be at most k (3), was 4",
    ),
    ('[queues.a]\noverdue_after = "0s"', "queues.a.overdue_after", "1 to 7776000000000"),
    ('[queues.a]\npreempt = "always"', "queues.a.preempt", '"never" or "offers" or "work", was "always"'),
    (
        '[queues.a]\npreempt = "offers"\n[engine]\norder = "rank"',
        "queues.a.preempt",
        'engine.order is "rank", was "offers"',
    ),
    (
        '[engine]\norder = "rank"\n[queues.a]\npreempt = "work"',
        "queues.a.preempt",
        'must be "never" where engine.order',
    ),
    ("[queues.a]\npreempt_from = 2147483648", "queues.a.preempt_from", "-2147483648 to 2147483647"),
    ('[queues.a]\nvictim = "drop"', "queues.a.victim", '"suspend" or "requeue", was "drop"'),
    ('[queues.a]\npreempt_guard = "-1s"', "queues.a.preempt_guard", "0 to 7776000000000"),
    ("[queues.a]\ndisplaced_max = 10001", "queues.a.displaced_max", "0 to 10000, was 10001"),
    ("[queues.a]\ndisplaced_work_max = -1", "queues.a.displaced_work_max", "0 to 10000, was -1"),
    ("[queues.a]\noffer.offer_timeout = 0", "queues.a.offer.offer_timeout", "1 to 7776000000000"),
    ('[queues.a]\noffer.timeout = "5s"', "queues.a.offer.timeout", 'did you mean "offer_timeout"?'),
    ('[queues.a]\nwrap_up = "unlimted"', "queues.a.wrap_up", ', or "unlimited", was "unlimted"'),
    ("[queues.a]\nageing = -1000001", "queues.a.ageing", "-1000000 to 1000000"),
    ("[queues.a]\ntier = 2147483648", "queues.a.tier", "-2147483648 to 2147483647"),
    ('[queues.a]\nhead_start = "-91d"', "queues.a.head_start", "-7776000000000 to 7776000000000"),
    ('[queues.a]\nkeeps_place = "always"', "queues.a.keeps_place", '"waited" or "age" or "none"'),
    ("[queues.a]\nservice_level.target = 1.01", "queues.a.service_level.target", "a number, 0 to 1, was 1.01"),
    ("[queues.a]\nservice_level.target = nan", "queues.a.service_level.target", "was NaN"),
    ("[queues.a]\nservice_level.target = true", "queues.a.service_level.target", "was true"),
    (
        "[queues.a]\nattributes.n = 0.1234567",
        "queues.a.attributes.n",
        "at most 6 digits after the point, was 0.1234567",
    ),
    ("[queues.a]\nattributes.n = 9007199254.740992", "queues.a.attributes.n", "a decimal below 9007199254.740992"),
    ("[queues.a]\nattributes.n = 9223372036854775808", "queues.a.attributes.n", "an integer, -9223372036854775808 to"),
    ("[queues.a]\nattributes.n = inf", "queues.a.attributes.n", "was Infinity"),
    ("[queues.a]\nattributes.n = 1979-05-27", "queues.a.attributes.n", "true or false, text, an integer"),
    ("[queues.a]\nattributes.n = {}", "queues.a.attributes.n", "true or false, text, an integer"),
    ('[queues.a]\nattributes.n = ["x", 1]', "queues.a.attributes.n", "a list of at most 64 texts"),
    (f'[queues.a]\nattributes.n = "{"x" * 1025}"', "queues.a.attributes.n", "text of at most 1024 characters"),
    ('[queues.a]\nattributes."" = 1', 'queues.a.attributes.""', "1 to 128 characters"),
    (
        "[queues.a.attributes]\n" + "\n".join(f"a{n}=1" for n in range(65)),
        "queues.a.attributes",
        "at most 64 entries, were 65",
    ),
    ("[queues.a]\npaused = 1", "queues.a.paused", "true or false, was 1"),
    ('[queues."a.b"]\ntier = "x"', 'queues."a.b".tier', 'was "x"'),
    ('[queues."очередь"]\ntier = "x"', 'queues."очередь".tier', 'was "x"'),
    ('[queues."a\\u0007b"]', 'queues."a\\u0007b"', "an id must be 1 to 128 characters without control characters"),
    (f"[queues.{'x' * 129}]", f'queues."{"x" * 80}"', "an id must be 1 to 128 characters"),
    ("[agents.b]\nskills.loans = 0", "agents.b.skills.loans", "an integer, 1 to 100, was 0"),
    ("[agents.b]\nqueues.genral = 1", "agents.b.queues.genral", 'no queue "genral"; did you mean "general"?'),
    ("[agents.b]\nqueues.loans = 256", "agents.b.queues.loans", "an integer, 1 to 255"),
    ("[agents.b]\nqueues.loans.rank = 0", "agents.b.queues.loans.rank", "an integer, 1 to 255"),
    ("[agents.b]\nqueues.loans.runk = 1", "agents.b.queues.loans.runk", 'did you mean "rank"?'),
    ('[agents.b]\nqueues.loans.after = "91d"', "agents.b.queues.loans.after", "0 to 7776000000000"),
    ("[agents.b]\nreserve.chta = 5", "agents.b.reserve.chta", 'no channel "chta"; did you mean "chat"?'),
    ("[agents.b]\nreserve.chat = -1", "agents.b.reserve.chat", "0 to 1000000, was -1"),
    ("[agents.b]\nreserve = 5", "agents.b.reserve", "a table, was 5"),
    (
        "[agents.b]\nreserve = { chat = 60, voice = 41 }",
        "agents.b.reserve",
        "must be together at most capacity (100), were 101",
    ),
    (
        "[agents.b]\ncapacity = 5\nreserve = { chat = 6 }",
        "agents.b.reserve",
        "must be together at most capacity (5), were 6",
    ),
    ('[agents.b]\nqueues = ["loans"]', "agents.b.queues", "a table, was ['loans']"),
    ("[agents.b]\nchannels.voic = {}", "agents.b.channels.voic", 'no channel "voic"; did you mean "voice"?'),
    ("[agents.b]\nchannels.voice.max = 10001", "agents.b.channels.voice.max", "0 to 10000"),
    ("[agents.b]\nchannels.voice = 5", "agents.b.channels.voice", "a table, was 5"),
    ("[agents.b]\ncapacity = 0", "agents.b.capacity", "1 to 1000000"),
    ("[agents.b]\noffers_max = 65", "agents.b.offers_max", "1 to 64"),
    ("[records.priorities]\nhigh = {}", "records.priorities.high", 'a priority must be 1 to 18 digits, was "high"'),
    ("[records]\npriorities.2.tier = 1.5", "records.priorities.2.tier", "was 1.5"),
    ("[engine]\nagents_max = 1\n[agents.b]", "agents", "must be at most 1 (agents_max), were 2"),
    (
        "\n".join(f"[channels.c{n}]" for n in range(55)),
        "channels",
        "at most 64 (channels with the built-in ones), were 65",
    ),
]


@pytest.mark.parametrize(("text", "path", "words"), FAULTY, ids=[path[:40] for _, path, _ in FAULTY])
def test_a_fault_is_told_at_its_place(text: str, path: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Config.from_toml(CENTRE + text)
    assert [fault.path for fault in raised.value.faults] == [path]
    [fault] = raised.value.faults
    assert words in fault.message
    assert str(raised.value) == f"{path}: {fault.message}"
    assert fault.line is None


def test_all_faults_are_told_at_once_in_the_order_of_the_text() -> None:
    with pytest.raises(ConfigError) as raised:
        Config.from_toml(
            """
            [agents.maxim]
            queues = { lons = 0 }
            capacity = 0
            [queues.loans]
            tier = "x"
            select = "x"
            [engine]
            classes_max = 0
            """
        )
    assert [fault.path for fault in raised.value.faults] == [
        "agents.maxim.queues.lons",
        "agents.maxim.queues.lons",
        "agents.maxim.capacity",
        "queues.loans.tier",
        "queues.loans.select",
        "engine.classes_max",
    ]
    assert str(raised.value).count("\n") == 5


def test_faults_between_parts_are_told_beside_faults_within_them() -> None:
    with pytest.raises(ConfigError) as raised:
        Config.from_toml(
            """
            [engine]
            order = "rank"
            agents_max = 0
            [channels.a]
            cost = -1
            interrupts = ["b", "a", "voice", 7]
            [channels.b]
            live = 5
            interrupts = ["a"]
            [queues.q]
            tier = "x"
            preempt = "work"
            offer = { k = 3, offers_min = 2, offer_timeout = 0 }
            [agents.x]
            offers_max = 0
            reserve = { a = 70, b = 70, c = 1 }
            """
        )
    assert [fault.path for fault in raised.value.faults] == [
        "engine.agents_max",
        "channels.a.cost",
        "channels.a.interrupts[1]",
        "channels.a.interrupts[2]",
        "channels.a.interrupts[3]",
        "channels.b.live",
        "channels.b.interrupts[0]",
        "queues.q.tier",
        "queues.q.offer.offer_timeout",
        "queues.q.offer.k",
        "queues.q.offer.offers_min",
        "queues.q.preempt",
        "agents.x.offers_max",
        "agents.x.reserve.c",
        "agents.x.reserve",
    ]


def test_channels_may_interrupt_each_other_in_any_way_without_a_circle() -> None:
    names = [f"c{number}" for number in range(54)]
    chain = {name: {"interrupts": names[at + 1 :]} for at, name in enumerate(names)}
    assert faults_of({"channels": dict(reversed(chain.items()))}) == []
    chain["c53"] = {"interrupts": ["c20"]}
    assert [fault.path for fault in faults_of({"channels": chain})] == ["channels.c53.interrupts[0]"]
    backwards = faults_of({"channels": dict(reversed(chain.items()))})
    assert [fault.path for fault in backwards] == [f"channels.c20.interrupts[{index}]" for index in range(33)]


def test_many_channels_that_interrupt_each_other_are_told_in_bounded_time() -> None:
    names = [f"c{number}" for number in range(2_000)]
    faults = faults_of({"channels": {name: {"interrupts": names} for name in names[:50]}})
    assert {fault.message.split()[0] for fault in faults} == {"no", "must"}
    faults = faults_of({"channels": {name: {"interrupts": names[:100]} for name in names}})
    assert [fault.path for fault in faults] == ["channels"]


def test_too_many_queues_and_skills_are_faults() -> None:
    queues = {"queues": {f"q{number}": {} for number in range(65_537)}}
    skills = {"agents": {"a": {"skills": {f"s{number}": 1 for number in range(65_536)}}}, "skills": {"one_more": {}}}
    for table, path in ((queues, "queues"), (skills, "skills")):
        with pytest.raises(ConfigError) as raised:
            Config.from_dict(table)
        assert [fault.path for fault in raised.value.faults] == [path]
        assert "65536" in raised.value.faults[0].message
        assert "were 65537" in raised.value.faults[0].message


def test_many_unknown_names_are_told_in_bounded_time() -> None:
    queues: dict[str, Any] = {f"queue{number}": {} for number in range(1_000)}
    agents = {f"a{number}": {"queues": {f"kueue{number}": 1}, "skils": {}} for number in range(1_000)}
    with pytest.raises(ConfigError) as raised:
        Config.from_dict({"queues": queues, "agents": agents})
    assert len(raised.value.faults) == 2_000
    assert "did you mean" in raised.value.faults[0].message
    assert "did you mean" not in raised.value.faults[-2].message


def test_floats_in_python_attributes_are_refused_with_a_hint() -> None:
    with pytest.raises(ConfigError, match=r'write Decimal\("0.5"\)'):
        Config.from_dict({"queues": {"q": {"attributes": {"n": 0.5}}}})
    assert Config.from_dict({"queues": {"q": {"service_level": {"target": 0.5}}}})


def test_keys_that_are_no_text_are_faults() -> None:
    for table in ({1: 2}, {"queues": {1: {}}}, {"records": {"priorities": {2: {}}}}, {"agents": {"a": {None: 1}}}):
        with pytest.raises(ConfigError, match="a table with texts as keys"):
            Config.from_dict(table)


def test_faults_can_always_be_printed() -> None:
    with pytest.raises(ConfigError) as raised:
        Config.from_dict(
            {"\ud800": 1, "queues": {"a\ud800": {"tier": "\ud800"}}, "agents": {"b": {"queues": {"\udfff": 1}}}}
        )
    assert len(raised.value.faults) == 4
    assert str(raised.value).encode("utf-8")


PLACES: dict[type, tuple[str | int, ...]] = {
    EngineSettings: ("engine",),
    Skill: ("skills", "s"),
    Channel: ("channels", "voice"),
    Queue: ("queues", "q"),
    Offer: ("queues", "q", "offer"),
    PlanStep: ("queues", "q", "plan", 0),
    Prefer: ("queues", "q", "prefer"),
    Hours: ("queues", "q", "hours"),
    Limits: ("queues", "q", "limits"),
    ServiceLevel: ("queues", "q", "service_level"),
    CallbackPolicy: ("queues", "q", "callback"),
    Agent: ("agents", "a"),
    AgentQueue: ("agents", "a", "queues", "q"),
    AgentChannel: ("agents", "a", "channels", "voice"),
    Records: ("records",),
    RecordPriority: ("records", "priorities", "2"),
    Config: (),
}
BESIDE: dict[type, dict[str, Any]] = {Offer: {"mode": "broadcast", "k": 64}, PlanStep: {"on": "entry", "report": "x"}}
"""Keys of a struct without which others of its keys have a narrower range."""


def table_with(section: Section, key: str, value: object) -> dict[str, Any]:
    """Return a table with one queue and one agent in which ``key`` of a section is ``value``."""
    table: dict[str, Any] = {"queues": {"q": {}}, "agents": {"a": {}}}
    inner: Any = table
    places = PLACES[section.struct]
    for step, following in zip(places, (*places, "")[1:], strict=True):
        inner = inner[step] if isinstance(step, int) else inner.setdefault(step, [{}] if following == 0 else {})
    inner |= BESIDE.get(section.struct, {}) | {key: value}
    if key in ("after", "ahead") and value is not None:
        del inner["on"]  # exactly one of them is given
    return table


def faults_of(table: dict[str, Any]) -> list[ConfigFault]:
    """Return the faults of a table."""
    try:
        Config.from_dict(table)
    except ConfigError as error:
        return error.faults
    return []


RANGES = [
    (section, name, rule)
    for section in SECTIONS
    for name, rule in section.fields.items()
    if isinstance(rule, (Integer, Duration))
]


@pytest.mark.parametrize(("section", "name", "rule"), RANGES, ids=[f"{s.struct.__name__}.{n}" for s, n, _ in RANGES])
def test_ranges_hold_at_both_ends(section: Section, name: str, rule: Integer | Duration) -> None:
    path = ".".join(map(str, (*PLACES[section.struct], name))).replace(".0", "[0]")
    for value in (rule.low, rule.high):
        assert faults_of(table_with(section, name, value)) == []
    for value in (rule.low - 1, rule.high + 1, 2**63, -(2**63), 10**5_000):
        assert [fault.path for fault in faults_of(table_with(section, name, value))] == [path]
    assert (faults_of(table_with(section, name, None)) == []) is rule.optional


BAD_VALUES = [
    *(
        float("nan"),
        float("inf"),
        1.5,
        -1.0,
        2**63,
        Decimal("sNaN"),
        Decimal("1e999999"),
        "",
        "\ud800",
        "\0",
        "x" * 2**20,
    ),
    *(b"x", [], [[]], {}, {"x": {}}, {1: 1}, (), set(), object(), Config, type("Text", (str,), {})("1"), iter(())),
]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.struct.__name__)
def test_any_value_in_any_place_is_read_or_told_as_a_fault(section: Section) -> None:
    for name in section.fields:
        for value in BAD_VALUES:
            faults = faults_of(table_with(section, name, value))
            assert all(str(fault).encode("utf-8") for fault in faults)


def read_or_faulty(table: dict[str, Any]) -> None:
    """Read a table, which gives a configuration without faults, or faults that can be printed."""
    try:
        config = Config.from_dict(table)
    except ConfigError as error:
        faults = error.faults
    else:
        assert check(config) == []
        return
    assert faults
    assert all(str(fault).encode("utf-8") for fault in faults)


@given(ANY_TABLES)
def test_any_table_is_read_or_told_to_be_faulty(table: dict[str, Any]) -> None:
    before = copy.deepcopy(table)
    read_or_faulty(table)
    assert repr(table) == repr(before)


@given(st.data())
def test_a_spoilt_configuration_is_read_or_told_to_be_faulty(data: st.DataObject) -> None:
    table = to_dict(data.draw(configs()))
    inner: Any = table
    for _ in range(data.draw(st.integers(0, 4))):
        steps = [key for key, value in inner.items() if type(value) is dict and value]
        if not steps:
            break
        inner = inner[data.draw(st.sampled_from(steps))]
    key = data.draw(st.sampled_from(list(inner)) | st.text(max_size=3)) if inner else "x"
    inner[key] = data.draw(SCALARS | ANY_TABLES)
    read_or_faulty(table)


STRUCTS = [
    (Config(engine=EngineSettings(retain_us="5s")), "engine.retain_us"),  # type: ignore[arg-type]
    (Config(engine={}), "engine"),  # type: ignore[arg-type]
    (Config(queues={"q": {}}), "queues.q"),  # type: ignore[dict-item]
    (Config(queues={"q": Queue(wrap_up_us="20s")}), "queues.q.wrap_up_us"),
    (Config(queues={"q": Queue(offer=Offer(mode="ring"))}), "queues.q.offer.mode"),  # type: ignore[arg-type]
    (Config(queues={"q": Queue(keeps_place="age")}), "queues.q.keeps_place"),  # type: ignore[arg-type]
    (
        Config(queues={"q": Queue(service_level=ServiceLevel(target=Decimal(1)))}),  # type: ignore[arg-type]
        "queues.q.service_level.target",
    ),
    (Config(queues={"q": Queue(select=("idle",))}), "queues.q.select"),  # type: ignore[arg-type]
    (Config(queues={"q": Queue(requires="agent.skills.x > 1")}), "queues.q.requires"),
    (Config(queues={"q": Queue(order_list=["a"])}), "queues.q.order_list[0]"),
    (Config(queues=[]), "queues"),  # type: ignore[arg-type]
    (Config(engine=EngineSettings(order="rank")), "engine.order"),  # type: ignore[arg-type]
    (Config(engine=EngineSettings(order=Order.RANK), queues={"q": Queue(preempt=Preempt.WORK)}), "queues.q.preempt"),
    (Config(queues={"q": Queue(preempt="never")}), "queues.q.preempt"),  # type: ignore[arg-type]
    (Config(queues={"q": Queue(overdue_after_us=0)}), "queues.q.overdue_after_us"),
    (Config(queues={"q": Queue(offer=Offer(k=2))}), "queues.q.offer.k"),
    (Config(queues={"q": Queue(offer=Offer(mode=OfferMode.BROADCAST, offers_min=2))}), "queues.q.offer.offers_min"),
    (Config(channels={"chat": Channel(interrupts=["voice"])}), "channels.chat.interrupts[0]"),
    (Config(channels={"chat": Channel(interrupts=("task",))}), "channels.chat.interrupts"),  # type: ignore[arg-type]
    (
        Config(channels={"chat": Channel(interrupts=["sms"]), "sms": Channel(interrupts=["chat"])}),
        "channels.sms.interrupts[0]",
    ),
    (Config(agents={"a": Agent(reserve={"voice": 101})}), "agents.a.reserve"),
    (Config(agents={"a": Agent(reserve={"voice": True})}), "agents.a.reserve.voice"),
    (Config(agents={"a": Agent(queues={"q": 1})}), "agents.a.queues.q"),
    (Config(agents={"a": Agent(skills={"s": True})}), "agents.a.skills.s"),
    (Config(agents={"a": Agent(attributes={"n": 0.5})}), "agents.a.attributes.n"),  # type: ignore[dict-item]
    (Config(agents={"a": Agent(capacity=1.0)}), "agents.a.capacity"),  # type: ignore[arg-type]
    (Config(agents={"a": Agent()}, engine=EngineSettings(agents_max=0)), "engine.agents_max"),
    (Config(queues={"q": Queue(plan=())}), "queues.q.plan"),  # type: ignore[arg-type]
    (Config(queues={"q": Queue(plan=[{}])}), "queues.q.plan[0]"),  # type: ignore[list-item]
    (Config(queues={"q": Queue(plan=[PlanStep(on="entry", tier=1)])}), "queues.q.plan[0].on"),  # type: ignore[arg-type]
    (Config(queues={"q": Queue(plan=[PlanStep(after=1, park="5m")])}), "queues.q.plan[0].park"),  # type: ignore[arg-type]
    (Config(queues={"q": Queue(plan=[PlanStep(after=1, end=RuleEnd.CLOSED, park=1)])}), "queues.q.plan[0].end"),
    (Config(queues={"q": Queue(hours=Hours(spans=[[1, 2]]))}), "queues.q.hours.spans[0]"),  # type: ignore[list-item]
    (Config(queues={"q": Queue(hours=Hours(closed=ClosedAction.OVERFLOW))}), "queues.q.hours.queue"),
    (Config(queues={"q": Queue(limits=None)}), "queues.q.limits"),  # type: ignore[arg-type]
    (Config(agents={"a": None}), "agents.a"),  # type: ignore[dict-item]
]


@pytest.mark.parametrize(("config", "path"), STRUCTS, ids=[path for _, path in STRUCTS])
def test_structs_are_checked_as_tables_are_but_with_final_types(config: Config, path: str) -> None:
    assert [fault.path for fault in check(config)] == [path]


def test_a_queue_tells_a_bounded_number_of_times_apart() -> None:
    agents = {f"a{step}": {"queues": {"q": {"after_us": step}}} for step in range(AFTER_STEPS_MAX + 3)}
    table: dict[str, Any] = {"queues": {"q": {}}, "agents": agents}
    assert [fault.path for fault in faults_of(table)] == [
        f"agents.a{step}.queues.q.after_us" for step in (AFTER_STEPS_MAX + 1, AFTER_STEPS_MAX + 2)
    ]
