"""Configurations are read alike from TOML, JSON, dicts, files and structs, and can be written back."""

from __future__ import annotations

import json
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given

from ccroute.config import (
    BUILT_IN_CHANNELS,
    Agent,
    AgentQueue,
    Channel,
    Config,
    Offer,
    Queue,
    RecordPriority,
    ResolvedChannel,
    ServiceLevel,
    check,
    faults_of_file,
    parse_duration,
    resolve_select,
    resolved_channels,
    structs,
    to_dict,
    to_json,
)
from ccroute.config.rules import Duration, Integer
from ccroute.config.schema import SECTIONS
from ccroute.config.selection import NATURALLY_DESCENDING, SHORT_FORMS
from ccroute.errors import ConfigError, InvalidArgument, WrongType
from ccroute.types import KeepsPlace, OfferMode, Order, Preempt, SelectKey, Victim
from tests.configurations import configs

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"

CENTRE_TOML = """
[engine]
order = "tier"
retain = "10m"
agents_max = 10

[skills.loans]

[channels.pigeon]
cost = 7
interrupts = ["chat", "email"]
suspendable = false

[queues.support]
requires = "agent.skills.loans >= 30"
select = ["load", "idle"]
offer = { mode = "broadcast", offer_timeout = "15s", k = 5, offers_min = 2 }
service_level = { answered_within = 5000000, target = 0.9 }
overdue_after = "2m"
preempt = "work"
preempt_from = -3
victim = "requeue"
preempt_guard = "30s"
displaced_max = 0
displaced_work_max = 7
wrap_up = "unlimited"
head_start = "-1m30s"
keeps_place = "age"
attributes = { limit = 1.50, langs = ["de", "ru"], vip = true, name = "x", level = 3 }

[agents.maxim]
skills = { english = 80 }
reserve = { voice = 60, pigeon = 40 }
queues = { support = 2 }
channels = { pigeon = { max = 1 } }

[agents.dorit]
queues = { support = { rank = 3, after = "90s" } }

[records.priorities]
2 = { head_start = "90s" }
"""

CENTRE_JSON = """{
"engine": {"order": "tier", "retain_us": 600000000, "agents_max": 10},
"skills": {"loans": {}},
"channels": {"pigeon": {"cost": 7, "live": null, "suspendable": false, "interrupts": ["chat", "email"]}},
"queues": {"support": {
  "requires": "agent.skills.loans >= 30", "select": ["load", "idle"],
  "offer": {"mode": "broadcast", "offer_timeout_us": 15000000, "k": 5, "offers_min": 2},
  "overdue_after_us": 120000000, "preempt": "work", "preempt_from": -3, "victim": "requeue",
  "preempt_guard_us": 30000000, "displaced_max": 0, "displaced_work_max": 7,
  "service_level": {"answered_within_us": 5000000, "target": 0.9},
  "wrap_up": "unlimited", "head_start_us": -90000000, "keeps_place": "age",
  "attributes": {"limit": 1.5, "langs": ["de", "ru"], "vip": true, "name": "x", "level": 3}}},
"agents": {
  "maxim": {"skills": {"english": 80}, "reserve": {"voice": 60, "pigeon": 40}, "queues": {"support": 2},
    "channels": {"pigeon": {"max": 1}}},
  "dorit": {"queues": {"support": {"rank": 3, "after": 90000000}}}},
"records": {"priorities": {"2": {"head_start": "1m30s"}}}
}"""


def with_exact_numbers(text: str) -> dict[str, Any]:
    """Return the object in JSON text with decimals instead of floats."""
    return json.loads(text, parse_float=Decimal)  # type: ignore[no-any-return]


def test_toml_json_and_dict_give_the_same_configuration(tmp_path: Path) -> None:
    read = Config.from_toml(CENTRE_TOML)
    assert Config.from_json(CENTRE_JSON) == read
    assert Config.from_json(CENTRE_JSON.encode()) == read
    assert Config.from_dict(with_exact_numbers(CENTRE_JSON)) == read
    for name, text in {"centre.toml": CENTRE_TOML, "centre.json": "\ufeff" + CENTRE_JSON}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert Config.from_file(tmp_path / name) == read
        assert Config.from_file(str(tmp_path / name)) == read
        assert faults_of_file(tmp_path / name) == []


def test_values_read_from_text_have_their_final_types() -> None:
    config = Config.from_toml(CENTRE_TOML)
    queue = config.queues["support"]
    assert config.engine.retain_us == 600_000_000
    assert queue.offer == Offer(mode=OfferMode.BROADCAST, offer_timeout_us=15_000_000, k=5, offers_min=2)
    assert type(queue.offer.mode) is OfferMode
    assert queue.overdue_after_us == 120_000_000
    assert queue.preempt_guard_us == 30_000_000
    assert queue.preempt is Preempt.WORK
    assert queue.victim is Victim.REQUEUE
    assert config.engine.order is Order.TIER
    assert queue.keeps_place is KeepsPlace.AGE
    assert queue.service_level == ServiceLevel(answered_within_us=5_000_000, target=0.9)
    assert queue.wrap_up_us == "unlimited"
    assert queue.head_start_us == -90_000_000
    assert queue.attributes["limit"] == Decimal("1.5")
    assert type(queue.attributes["limit"]) is Decimal
    assert type(queue.attributes["level"]) is int
    assert config.agents["maxim"].queues == {"support": 2}
    assert config.agents["dorit"].queues == {"support": AgentQueue(rank=3, after_us=90_000_000)}
    assert list(config.agents) == ["maxim", "dorit"]
    assert config.records.priorities == {"2": RecordPriority(head_start_us=90_000_000)}
    assert check(config) == []


def test_an_empty_text_gives_the_defaults() -> None:
    assert Config.from_toml("") == Config() == Config.from_json("{}") == Config.from_dict({})
    assert check(Config()) == []
    assert check(Config(queues={"q": Queue()}, agents={"a": Agent()}, channels={"c": Channel()})) == []


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("20s", 20_000_000),
        ("1m30s", 90_000_000),
        ("2h", 7_200_000_000),
        ("250ms", 250_000),
        ("3d", 259_200_000_000),
        ("7us", 7),
        ("1d2h3m4s5ms6us", 93_784_005_006),
        ("0s", 0),
        ("-90s", -90_000_000),
        ("007s", 7_000_000),
    ],
)
def test_durations_are_read(text: str, microseconds: int) -> None:
    assert parse_duration(text) == microseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "20",
        "s",
        "1.5s",
        "1s1m",
        "1s 5ms",
        " 1s",
        "1s ",
        "1S",
        "+1s",
        "--1s",
        "1s1s",
        "٣s",
        "1e3s",
        "9" * 15 + "s",
    ],
)
def test_other_texts_are_no_durations(text: str) -> None:
    with pytest.raises(InvalidArgument, match="a duration") as raised:
        parse_duration(text)
    assert raised.value.argument == "text"


def test_a_duration_must_be_text() -> None:
    with pytest.raises(WrongType):
        parse_duration(20)  # type: ignore[arg-type]


def test_readers_refuse_what_is_no_text_and_no_path() -> None:
    for read, value in [
        (Config.from_toml, b""),
        (Config.from_json, 5),
        (Config.from_dict, []),
        (Config.from_file, 5),
        (check, {}),
        (to_dict, {}),
    ]:
        with pytest.raises(WrongType):
            read(value)  # type: ignore[operator]


@given(configs())
def test_written_configurations_are_read_back_as_they_were(config: Config) -> None:
    assert check(config) == []
    written = to_json(config)
    read = Config.from_json(written)
    assert read == config
    assert to_json(read) == written
    assert Config.from_dict(to_dict(config)) == config
    assert list(read.agents) == list(config.agents)


def test_equal_numbers_are_written_alike() -> None:
    texts = {
        to_json(Config(queues={"q": Queue(attributes={"n": value})}))
        for value in (Decimal("1.5"), Decimal("1.500000"), Decimal("1.50000000000"))
    }
    assert len(texts) == 1
    assert to_json(Config(queues={"q": Queue(attributes={"n": Decimal("2.0")})})) == to_json(
        Config(queues={"q": Queue(attributes={"n": 2})})
    )


def _resolved(
    *, cost: int, live: bool, away_after: int, suspendable: bool | None = None, interrupts: tuple[str, ...] = ()
) -> ResolvedChannel:
    return ResolvedChannel(
        cost=cost,
        live=live,
        suspendable=not live if suspendable is None else suspendable,
        interrupts=interrupts,
        away_after=away_after,
    )


def test_channels_come_in_their_order_with_defaults_filled_in() -> None:
    config = Config(
        channels={
            "zeppelin": Channel(),
            "chat": Channel(live=True),
            "voice": Channel(cost=0, away_after=0, interrupts=["email", "zeppelin"]),
            "ark": Channel(live=True, cost=5, away_after=9, suspendable=True),
            "task": Channel(suspendable=False),
            "video": Channel(live=False),
        }
    )
    resolved = resolved_channels(config)
    assert list(resolved) == [*BUILT_IN_CHANNELS, "zeppelin", "ark"]
    assert resolved["zeppelin"] == _resolved(cost=100, live=False, away_after=3)
    assert resolved["chat"] == _resolved(cost=30, live=True, away_after=1)
    assert resolved["voice"] == _resolved(cost=0, live=True, away_after=0, interrupts=("email", "zeppelin"))
    assert resolved["ark"] == _resolved(cost=5, live=True, away_after=9, suspendable=True)
    assert resolved["video"] == _resolved(cost=100, live=False, away_after=3)
    assert resolved["email"] == _resolved(cost=20, live=False, away_after=3)
    assert resolved["task"] == _resolved(cost=20, live=False, away_after=3, suspendable=False)


@pytest.mark.parametrize(
    ("queue", "keys"),
    [
        (Queue(), ((SelectKey.IDLE, False),)),
        (Queue(select="least_loaded"), ((SelectKey.LOAD, False),)),
        (Queue(select="most_skilled"), ((SelectKey.SKILL_SUM, False),)),
        (Queue(select="least_skilled"), ((SelectKey.SKILL_SUM, True),)),
        (Queue(select="round_robin"), ((SelectKey.LAST_OFFER, False),)),
        (Queue(select="fewest_handled"), ((SelectKey.HANDLED, False),)),
        (Queue(select="in_order"), ((SelectKey.LISTED, False),)),
        (Queue(select="best_score"), ((SelectKey.GIVEN_SCORE, False),)),
        (Queue(select="best_score", score="1"), ((SelectKey.SCORE, False),)),
        (
            Queue(select=["idle asc", "load asc", "handled desc", "given_score desc", "last_offer"]),
            (
                (SelectKey.IDLE, True),
                (SelectKey.LOAD, False),
                (SelectKey.HANDLED, True),
                (SelectKey.GIVEN_SCORE, False),
                (SelectKey.LAST_OFFER, False),
            ),
        ),
    ],
)
def test_select_is_resolved_into_keys_and_directions(queue: Queue, keys: tuple[tuple[SelectKey, bool], ...]) -> None:
    assert resolve_select(queue) == keys


def test_every_key_of_select_has_a_natural_direction() -> None:
    assert list(NATURALLY_DESCENDING) == list(SelectKey)


def test_every_field_of_every_struct_has_a_rule() -> None:
    declared = {kind for kind in vars(structs).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)}
    assert {section.struct for section in SECTIONS} == declared
    for section in SECTIONS:
        assert tuple(section.fields) == section.struct.__struct_fields__


TABLE_HEADINGS = {
    "EngineSettings": "## `[engine]`",
    "Channel": "## `[channels.<id>]`",
    "Queue": "## `[queues.<id>]`",
    "Offer": "### `queues.<id>.offer`",
    "PlanStep": "### `queues.<id>.plan[<n>]`",
    "Prefer": "### `queues.<id>.prefer`",
    "Hours": "### `queues.<id>.hours`",
    "Limits": "### `queues.<id>.limits`",
    "CallbackPolicy": "### `queues.<id>.callback`",
    "ServiceLevel": "### `queues.<id>.service_level`",
    "Agent": "## `[agents.<id>]`",
    "AgentQueue": "### `agents.<id>.queues.<queue>`",
    "AgentChannel": "### `agents.<id>.channels.<channel>`",
    "Records": "## `[records]`",
    "RecordPriority": "### `records.priorities.<priority>`",
}


def rows_below(page: str, heading: str) -> dict[str, list[str]]:
    """Return the cells of the first table below a heading, by the key in the first cell."""
    text = page.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {row[0].strip("`"): row[1:] for row in rows if row[0].startswith("`")}


def default_on_page(cell: str, name: str) -> object:
    """Return the value that a cell of the reference quotes as a default."""
    if cell == "none":
        return None
    value = tomllib.loads(f"value = {cell.strip('`')}")["value"]
    return parse_duration(value) if name.endswith("_us") and type(value) is str else value


@pytest.mark.parametrize("section", [part for part in SECTIONS if part.struct.__name__ in TABLE_HEADINGS])
def test_the_reference_tells_every_key_its_default_and_its_range(section: Any) -> None:
    page = (REFERENCE / "config.md").read_text(encoding="utf-8")
    rows = rows_below(page, TABLE_HEADINGS[section.struct.__name__])
    assert list(rows) == list(section.fields)
    for name, (default, allowed, *_) in rows.items():
        is_nested = default == "`{}`" and name in ("offer", "limits", "service_level", "callback")
        if not is_nested:
            assert default_on_page(default, name) == msgspec.to_builtins(getattr(section.struct(), name)), name
        rule = section.fields[name]
        if isinstance(rule, Integer):
            low, high = (int(number.replace(" ", "")) for number in allowed.split(" to "))
            assert (low, high) == (rule.low, rule.high), name
        elif isinstance(rule, Duration):
            units = {"90 days": 90 * 86_400_000_000, "-90 days": -90 * 86_400_000_000, "0": 0, "1 µs": 1}
            units |= {"1 minute": 60_000_000, "1 day": 86_400_000_000}
            low, high = (units[number] for number in allowed.split(",")[0].split(" to "))
            assert (low, high) == (rule.low, rule.high), name
            assert ('"unlimited"' in allowed) is rule.unlimited


def test_the_reference_tells_the_channels_and_short_forms_as_they_are() -> None:
    page = (REFERENCE / "config.md").read_text(encoding="utf-8")
    told = {
        match[1]: _resolved(
            cost=int(match[2]),
            live=match[3] == "true",
            suspendable=match[4] == "true",
            away_after=int(match[5]),
        )
        for match in re.finditer(
            r"^\| ([a-z ]+) \| (\d+) \| (true|false) \| (true|false) \| (\d) \|$", page, re.MULTILINE
        )
    }
    actual = resolved_channels(Config(channels={"any other": Channel()}))
    assert told == actual
    assert list(told) == list(actual)
    for short, keys in SHORT_FORMS.items():
        assert f"| `{short}` | `{json.dumps(list(keys))}`" in page
    for key, descending in NATURALLY_DESCENDING.items():
        assert f"| `{key}` | {'desc' if descending else 'asc'} |" in page


def test_the_limits_page_tells_every_limit_as_it_is() -> None:
    import ccroute.types as words

    page = (REFERENCE / "limits.md").read_text(encoding="utf-8")
    told = {
        match[1]: int(match[2].replace(" ", ""))
        for match in re.finditer(r"`([A-Z_]+)` \| (-?[0-9 ]+) \|$", page, re.MULTILINE)
    }
    fixed = {name: value for name, value in vars(words).items() if re.search(r"_(MAX|MIN)$", name)}
    assert {name: told.get(name) for name in fixed} == fixed
    engine = structs.EngineSettings()
    limits = {
        "agents_max": "AGENTS",
        "contacts_max": "CONTACTS",
        "classes_max": "CLASSES",
        "command_ids_max": "COMMAND_IDS",
    }
    for key, word in limits.items():
        numbers = [f"{number:,}".replace(",", " ") for number in (getattr(engine, key), vars(words)[f"{word}_LIMIT"])]
        assert f"| `{key}` | {numbers[0]} | {numbers[1]} |" in page


def test_the_errors_page_tells_every_exception() -> None:
    import ccroute.errors as errors

    page = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", page, re.MULTILINE))
    classes = {name for name in errors.__all__ if isinstance(getattr(errors, name), type)}
    assert {*rows, "ConfigFault"} == classes
    for name, also in rows.items():
        assert also in [parent.__name__ for parent in getattr(errors, name).__mro__]


@pytest.mark.parametrize(
    ("name", "data", "message", "line"),
    [
        ("a.toml", b"[engine]\nretain = ", "must be TOML", 2),
        ("a.toml", b"[engine]\n[engine]\n", "must be TOML", 2),
        ("a.json", b'{"engine":\n\n ?}', "must be JSON", 3),
        ("a.json", b'{\n"engine": ', "must be JSON", 2),
        ("a.json", b"[1]", "must be a JSON object", None),
        ("a.toml", b"\n\n\xff", "must be UTF-8", 3),
        ("a.yaml", b"", "a file .toml or .json", None),
        ("b.toml", None, "cannot be read", None),
        ("a\0.toml", None, "cannot be read", None),
    ],
)
def test_files_that_cannot_be_read_are_faults(
    tmp_path: Path, name: str, data: bytes | None, message: str, line: int | None
) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    [fault] = faults_of_file(path)
    assert fault.path == ""
    assert message in fault.message
    assert fault.line == line
    with pytest.raises(ConfigError) as raised:
        Config.from_file(path)
    assert raised.value.faults == [fault]


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (Config.from_toml, "a = " + "[" * 100_000),
        (Config.from_toml, "a = " + "9" * 5_000),
        (Config.from_toml, "a = 9999-99-99"),
        (Config.from_json, '{"a":' * 100_000),
        (Config.from_json, '{"a":' + "9" * 5_000 + "}"),
        (Config.from_json, '"\ud800"'),
        (Config.from_json, b"\xff"),
        (Config.from_json, b""),
        (Config.from_json, b'{"agents": {"a": {"capacity": 1e99999999999999999999}}}'),
        (Config.from_toml, "[agents.a]\ncapacity = 1e99999999999999999999"),
    ],
)
def test_hostile_texts_are_faults(read: Any, text: str | bytes) -> None:
    with pytest.raises(ConfigError):
        read(text)
