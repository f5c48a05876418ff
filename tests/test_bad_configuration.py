"""Bad values in configurations, requirements and the codec raise a typed error; nothing is converted in silence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ccroute import CcrouteError, CodecError, Config, ConfigError, Engine, InvalidArgument, codec, requirement
from ccroute.config import (
    Agent,
    AgentChannel,
    AgentQueue,
    CallbackPolicy,
    Channel,
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
    parse_duration,
    to_dict,
    to_json,
)
from ccroute.config.schema import SECTIONS
from tests.bad_steps import A_STEP, LIMITS_KINDS, STEP_BY_OTHERS, STEP_KINDS
from tests.bad_values import SAMPLES, Sample, refused_by, taken_by
from tests.busy_center import CONFIG, WORKING

KINDS: dict[type[msgspec.Struct], dict[str, str]] = {
    Config: {
        "engine": "nothing",
        "skills": "table",
        "channels": "table",
        "queues": "table",
        "agents": "table",
        "records": "nothing",
    },
    EngineSettings: {
        "order": "nothing",
        "retain_us": "natural",
        "command_ids_max": "natural",
        "jump_max_us": "none",
        "idle_grace_us": "natural",
        "classes_max": "nothing",
        "contacts_max": "nothing",
        "agents_max": "nothing",
        "interval_us": "nothing",
    },
    Skill: {},
    Channel: {
        "cost": "natural or none",
        "live": "flag or none",
        "suspendable": "flag or none",
        "interrupts": "empty list",
        "away_after": "natural or none",
    },
    Queue: {
        "requires": "none",
        "members": "nothing",
        "select": "nothing",
        "order_list": "empty list",
        "score": "none",
        "offer": "nothing",
        "cost": "natural or none",
        "wrap_up_us": "natural",
        "cooldown_us": "natural",
        "offers_max_per_contact": "nothing",
        "away_after": "natural or none",
        "ageing": "whole",
        "tier": "whole",
        "head_start_us": "whole",
        "overdue_after_us": "none",
        "preempt": "nothing",
        "preempt_from": "whole",
        "victim": "nothing",
        "preempt_guard_us": "natural",
        "displaced_max": "natural",
        "displaced_work_max": "natural or none",
        "keeps_place": "place",
        "plan": "empty list",
        "prefer": "none",
        "hours": "none",
        "limits": "nothing",
        "service_level": "nothing",
        "callback": "nothing",
        "attributes": "table",
        "paused": "flag",
        "draining": "flag",
    },
    PlanStep: STEP_KINDS | dict.fromkeys(("preferred", "excluded"), "empty list or none") | {"report": "id or none"},
    Prefer: {
        "who": "nothing",
        "wait_us": "natural",
        "scope": "nothing",
        "requires": "flag",
        "wait_for_away": "flag",
        "waiting_max": "nothing",
    },
    Hours: {
        "zone": "id",
        "open": "texts",
        "holidays": "texts or none",
        "closed": "nothing",
        "queue": "none",
        "plan": "nothing",
        "closes_waiting": "flag",
        "spans": "empty list",
        "offsets": "empty list",
        "resolved_until_us": "natural or none",
    },
    Limits: LIMITS_KINDS,
    CallbackPolicy: {"on_abandon": "flag", "attempts_max": "nothing", "retry_us": "natural", "expires_us": "nothing"},
    Offer: {"mode": "nothing", "offer_timeout_us": "nothing", "k": "nothing", "offers_min": "nothing"},
    ServiceLevel: {"answered_within_us": "natural", "target": "share"},
    Agent: {
        "skills": "skills",
        "queues": "table",
        "capacity": "nothing",
        "reserve": "table",
        "channels": "table",
        "channels_closed": "flag",
        "offers_max": "nothing",
        "attributes": "table",
        "lease_us": "none",
        "lease_grace_us": "natural",
        "draining": "flag",
    },
    AgentQueue: {"rank": "nothing", "after_us": "natural"},
    AgentChannel: {"cost": "natural or none", "max": "natural or none", "blocked": "flag"},
    Records: {"priorities": "table"},
    RecordPriority: {"tier": "whole", "head_start_us": "whole"},
}
"""What every field of every struct takes, by the words of ``bad_values.TAKEN``."""

INTO: dict[type[msgspec.Struct], tuple[str, Callable[[Any], Any]]] = {
    Config: ("", lambda one: one),
    EngineSettings: ("engine.", lambda one: Config(engine=one)),
    Channel: ("channels.x.", lambda one: Config(channels={"x": one})),
    Queue: ("queues.x.", lambda one: Config(queues={"x": one})),
    Offer: ("queues.x.offer.", lambda one: Config(queues={"x": Queue(offer=one)})),
    ServiceLevel: ("queues.x.service_level.", lambda one: Config(queues={"x": Queue(service_level=one)})),
    PlanStep: ("queues.x.plan[0].", lambda one: Config(queues={"x": Queue(plan=[one])})),
    Prefer: ("queues.x.prefer.", lambda one: Config(queues={"x": Queue(prefer=one)})),
    Hours: ("queues.x.hours.", lambda one: Config(queues={"x": Queue(hours=one)})),
    Limits: ("queues.x.limits.", lambda one: Config(queues={"x": Queue(limits=one)})),
    CallbackPolicy: ("queues.x.callback.", lambda one: Config(queues={"x": Queue(callback=one)})),
    Agent: ("agents.x.", lambda one: Config(agents={"x": one})),
    AgentQueue: (
        "agents.x.queues.q.",
        lambda one: Config(queues={"q": Queue()}, agents={"x": Agent(queues={"q": one})}),
    ),
    AgentChannel: ("agents.x.channels.voice.", lambda one: Config(agents={"x": Agent(channels={"voice": one})})),
    Records: ("records.", lambda one: Config(records=one)),
    RecordPriority: ("records.priorities.2.", lambda one: Config(records=Records(priorities={"2": one}))),
}
"""How a struct gets into a configuration, and the path of its fields there."""

BASES: dict[type[msgspec.Struct], msgspec.Struct] = {
    PlanStep: A_STEP,
    Hours: Hours(spans=[]),
}
"""What a struct is but for the field that is tried, where its defaults alone are not enough."""
BY_OTHERS = STEP_BY_OTHERS | {("spans", "none")}
"""Values whose fault is told of the struct, as they are wrong only with its other fields, or for an engine."""

FIELDS = [(struct, field, kind) for struct, kinds in KINDS.items() for field, kind in kinds.items()]
FIELD_IDS = [f"{struct.__name__}.{field}" for struct, field, _ in FIELDS]

ENTRIES: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "name of a queue": ("queues", lambda value: Config(queues={value: Queue()}), "id"),
    "queue": ("queues.x", lambda value: Config(queues={"x": value}), "queue"),
    "name of an agent": ("agents", lambda value: Config(agents={value: Agent()}), "id"),
    "agent": ("agents.x", lambda value: Config(agents={"x": value}), "nothing"),
    "name of a skill": ("skills", lambda value: Config(skills={value: Skill()}), "id"),
    "skill": ("skills.x", lambda value: Config(skills={"x": value}), "nothing"),
    "channel": ("channels.x", lambda value: Config(channels={"x": value}), "nothing"),
    "skill of an agent": ("agents.x.skills", lambda value: Config(agents={"x": Agent(skills={value: 1})}), "id"),
    "level": ("agents.x.skills.s", lambda value: Config(agents={"x": Agent(skills={"s": value})}), "nothing"),
    "queue of an agent": ("agents.x.queues", lambda value: Config(agents={"x": Agent(queues={value: 1})}), "nothing"),
    "attribute": (
        "agents.x.attributes.n",
        lambda value: Config(agents={"x": Agent(attributes={"n": value})}),
        "attribute",
    ),
    "interrupted channel": (
        "channels.x.interrupts",
        lambda value: Config(channels={"x": Channel(interrupts=[value])}),
        "nothing",
    ),
    "channel with a reserve": (
        "agents.x.reserve",
        lambda value: Config(agents={"x": Agent(reserve={value: 1})}),
        "nothing",
    ),
    "reserve": (
        "agents.x.reserve.voice",
        lambda value: Config(agents={"x": Agent(reserve={"voice": value})}),
        "natural",
    ),
    "listed agent": ("queues.x.order_list", lambda value: Config(queues={"x": Queue(order_list=[value])}), "nothing"),
    "select key": ("queues.x.select", lambda value: Config(queues={"x": Queue(select=[value])}), "nothing"),
    "priority": (
        "records.priorities",
        lambda value: Config(records=Records(priorities={value: RecordPriority()})),
        "nothing",
    ),
}
"""What the tables and lists of a configuration take: path, how to put a value there, kind."""


def test_every_field_of_every_struct_has_a_kind() -> None:
    assert {section.struct for section in SECTIONS} == set(KINDS)
    for struct, kinds in KINDS.items():
        assert set(struct.__struct_fields__) == set(kinds)


def check_faulty(config: Any, path: str, label: str) -> None:
    """Check that an engine refuses a configuration, and says where it is wrong in words that can be printed."""
    with pytest.raises(ConfigError) as caught:
        Engine(config)
    places = [fault.path for fault in caught.value.faults]
    assert any(place == path or place.startswith((f"{path}.", f"{path}[")) for place in places), f"{label}: {places}"
    for fault in caught.value.faults:
        assert len(str(fault)) < 2_000, label
        str(fault).encode()
    assert [str(fault) for fault in check(config)] == [str(fault) for fault in caught.value.faults], label


@pytest.mark.parametrize(("struct", "field", "kind"), FIELDS, ids=FIELD_IDS)
def test_bad_values_in_a_struct_are_faults(struct: type[msgspec.Struct], field: str, kind: str) -> None:
    path, into = INTO[struct]
    base = BASES.get(struct, struct())
    for sample in refused_by(kind):
        if (field, sample.name) not in BY_OTHERS:
            check_faulty(into(msgspec.structs.replace(base, **{field: sample.make()})), path + field, sample.name)
    for sample in taken_by(kind):
        Engine(into(msgspec.structs.replace(base, **{field: sample.make()}))).close()


@pytest.mark.parametrize("entry", ENTRIES)
def test_bad_entries_of_tables_and_lists_are_faults(entry: str) -> None:
    path, into, kind = ENTRIES[entry]
    for sample in refused_by(kind):
        try:
            config = into(sample.make())
        except (TypeError, RuntimeError):  # what has no hash cannot get into a table
            continue
        check_faulty(config, path, sample.name)
    for sample in taken_by(kind):
        Engine(into(sample.make())).close()


@pytest.mark.parametrize(("struct", "field", "kind"), FIELDS, ids=FIELD_IDS)
def test_bad_values_in_a_mapping_are_faults_or_read(struct: type[msgspec.Struct], field: str, kind: str) -> None:
    path = [step for step in INTO[struct][0].split(".") if step]
    for sample in SAMPLES:
        mapping: dict[str, Any] = {field: sample.make()}
        if struct is PlanStep:
            mapping = {"on": "entry", "report": "x"} | mapping
        for step in reversed(path):
            mapping = {step.removesuffix("[0]"): [mapping] if step.endswith("[0]") else mapping}
        try:
            config = Config.from_dict({"queues": {"q": {}}} | mapping)
        except ConfigError as error:
            str(error).encode()
        else:
            assert Config.from_json(to_json(config)) == config, sample.name


def calls_of_words() -> dict[str, tuple[Callable[[Any], object], str, str]]:
    """Return every other public call: how to give it a value, the parameter, and its kind."""
    return {
        "from_toml": (Config.from_toml, "text", "toml"),
        "from_json": (Config.from_json, "text", "nothing"),
        "from_dict": (Config.from_dict, "mapping", "table"),
        "from_file": (Config.from_file, "path", "nothing"),
        "check": (check, "config", "nothing"),
        "to_dict": (to_dict, "config", "nothing"),
        "to_json": (to_json, "config", "nothing"),
        "parse_duration": (parse_duration, "text", "nothing"),
        "parse": (requirement.parse, "requires", "nothing"),
        "parse_condition": (requirement.parse_condition, "if_", "nothing"),
        "parse_score": (requirement.parse_score, "score", "nothing"),
        "parse_expression": (requirement.parse_expression, "expression", "nothing"),
        "requirement.check": (requirement.check, "requires", "nothing"),
        "requirement.check_score": (requirement.check_score, "score", "nothing"),
        "decode_command": (codec.decode_command, "data", "nothing"),
        "decode_event": (codec.decode_event, "data", "nothing"),
        "decode_timed": (codec.decode_timed, "data", "nothing"),
        "encode_command": (codec.encode_command, "command", "nothing"),
        "encode_event": (codec.encode_event, "event", "event"),
        "encode_timed command": (lambda value: codec.encode_timed(value, 5), "command", "none"),
        "encode_timed at_us": (lambda value: codec.encode_timed(WORKING[0], value), "at_us", "any int"),
    }


CALLS = calls_of_words()


@pytest.mark.parametrize("name", CALLS)
def test_bad_values_in_a_call_are_refused(name: str) -> None:
    call, argument, kind = CALLS[name]
    for sample in refused_by(kind):
        with pytest.raises(InvalidArgument) as caught:
            call(sample.make())
        # A text that cannot be read as a whole has no place in it to name.
        assert caught.value.argument in {argument, "config", "event"} or isinstance(caught.value, ConfigError), (
            sample.name
        )
        assert len(str(caught.value).splitlines()[0]) < 2_000, sample.name
        str(caught.value).encode()
    for sample in taken_by(kind):
        call(sample.make())


@pytest.mark.parametrize("command", WORKING, ids=lambda command: type(command).__name__)
def test_commands_with_bad_fields_are_not_written_or_read_back_as_they_were(command: Any) -> None:
    for field in command.__struct_fields__:
        for sample in SAMPLES:
            bad = msgspec.structs.replace(command, **{field: sample.make()})
            error, written = None, b""
            try:
                written = codec.encode_command(bad)
            except CodecError as met:
                error = met
            if error is not None:
                assert re.split(r"[.\[]", error.argument)[0] in {field, "command"}, sample.name
            else:
                read = codec.decode_command(written)
                # An equal value may be of a plainer type, and a text may be read as the member of an enum it names.
                old, new = getattr(bad, field), getattr(read, field)
                assert isinstance(old, (type(new), str)), sample.name


@pytest.mark.parametrize(
    "sample", [sample for sample in SAMPLES if sample.name != "none"], ids=lambda sample: sample.name
)
def test_odd_paths_are_refused_or_read(sample: Sample, tmp_path: Path) -> None:
    class Pathlike:
        def __fspath__(self) -> Any:
            return sample.make()

    with pytest.raises(CcrouteError) as caught:
        Config.from_file(Pathlike())
    str(caught.value).encode()


def test_the_centre_of_these_tests_is_without_fault() -> None:
    assert check(CONFIG) == []
