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
    Channel,
    Config,
    EngineSettings,
    Offer,
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
    ("[engine]\nzzz = 5", "engine.zzz", "no such key; allowed are retain_us, command_ids_max"),
    ('[engine]\nretain = "1s"\nretain_us = 5', "engine.retain_us", "says again what retain or retain_us said above"),
    ("[quues]", "quues", 'did you mean "queues"?'),
    ("[skills.x]\nlevel = 5", "skills.x.level", "no such key"),
    ("[channels.voice]\ncost = 1000001", "channels.voice.cost", "0 to 1000000"),
    ('[channels.voice]\nlive = "yes"', "channels.voice.live", 'true or false, was "yes"'),
    ("[channels.voice]\naway_after = 1001", "channels.voice.away_after", "0 to 1000"),
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
    ('[queues.a]\noffer.mode = "rings"', "queues.a.offer.mode", '"auto" or "ring", was "rings"'),
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


PLACES: dict[type, tuple[str, ...]] = {
    EngineSettings: ("engine",),
    Skill: ("skills", "s"),
    Channel: ("channels", "voice"),
    Queue: ("queues", "q"),
    Offer: ("queues", "q", "offer"),
    ServiceLevel: ("queues", "q", "service_level"),
    Agent: ("agents", "a"),
    AgentQueue: ("agents", "a", "queues", "q"),
    AgentChannel: ("agents", "a", "channels", "voice"),
    Records: ("records",),
    RecordPriority: ("records", "priorities", "2"),
    Config: (),
}


def table_with(place: tuple[str, ...], key: str, value: object) -> dict[str, Any]:
    """Return a table with one queue and one agent in which ``key`` at ``place`` is ``value``."""
    table: dict[str, Any] = {"queues": {"q": {}}, "agents": {"a": {}}}
    inner = table
    for step in place:
        inner = inner.setdefault(step, {})
    inner[key] = value
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
    place = PLACES[section.struct]
    for value in (rule.low, rule.high):
        assert faults_of(table_with(place, name, value)) == []
    for value in (rule.low - 1, rule.high + 1, 2**63, -(2**63), 10**5_000):
        assert [fault.path for fault in faults_of(table_with(place, name, value))] == [".".join((*place, name))]
    assert (faults_of(table_with(place, name, None)) == []) is rule.optional


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
            faults = faults_of(table_with(PLACES[section.struct], name, value))
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
    (Config(agents={"a": Agent(queues={"q": 1})}), "agents.a.queues.q"),
    (Config(agents={"a": Agent(skills={"s": True})}), "agents.a.skills.s"),
    (Config(agents={"a": Agent(attributes={"n": 0.5})}), "agents.a.attributes.n"),  # type: ignore[dict-item]
    (Config(agents={"a": Agent(capacity=1.0)}), "agents.a.capacity"),  # type: ignore[arg-type]
    (Config(agents={"a": Agent()}, engine=EngineSettings(agents_max=0)), "engine.agents_max"),
    (Config(agents={"a": None}), "agents.a"),  # type: ignore[dict-item]
]


@pytest.mark.parametrize(("config", "path"), STRUCTS, ids=[path for _, path in STRUCTS])
def test_structs_are_checked_as_tables_are_but_with_final_types(config: Config, path: str) -> None:
    assert [fault.path for fault in check(config)] == [path]
