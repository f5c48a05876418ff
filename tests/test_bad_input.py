"""Bad values in commands, times and queries are refused with a typed error that names them, and nothing moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from ccroute import CommandRefused, Engine, InvalidArgument, SnapshotError, WrongType, commands
from ccroute.commands import COMMANDS, AssignContact, ChangeContact, Command, ContactPatch, EnqueueContact
from ccroute.config import Limits, PlanStep
from ccroute.errors import EngineStateError, shown
from ccroute.types import Ignorable
from tests.bad_steps import A_STEP, LIMITS_KINDS, STEP_BY_OTHERS, STEP_KINDS, STEP_RANGES, limits_of, step_of
from tests.bad_values import NAMES, SAMPLES, TAKEN, Sample, refused_by, taken_by
from tests.busy_center import BATCH, CONFIG, CONFIGURING, LATER_US, NOW_US, WORKING, busy_engine

SHARED = {"command_id": "id or none", "actor": "id or none"}
CONTACT = {"contact_id": "reference"}
LEG = {"contact_id": "reference", "agent_id": "reference"}
COOLDOWN = {"cooldown": "natural or none", "cooldown_until_us": "natural or none"}
VERSION = {"if_version": "natural or none"}
TARGET = {"to_queue": "nothing", "to_agent": "reference or none"}
FIELDS: dict[str, dict[str, str]] = {
    "EnqueueContact": {
        "contact_id": "id",
        "queue_id": "nothing",
        "channel": "nothing",
        "customer_id": "id or none",
        "conversation_id": "id or none",
        "parent_id": "id or none",
        "requires": "none",
        "tier": "whole or none",
        "head_start_us": "whole or none",
        "excluded": "list of ids",
        "scores": "table",
        "attributes": "table",
        "preferred": "list of ids",
        "preferred_wait_us": "natural or none",
        "preferred_scope": "none",
        "preferred_requires": "flag or none",
        "plan": "empty list",
        "limits": "none",
        "cost": "natural or none",
        "parked": "flag",
        "clock": "clock or none",
        "until_us": "natural or none",
        "due_at_us": "natural or none",
        "keeps_place": "place or none",
    },
    "AbandonContact": CONTACT | {"reason": "text or none"},
    "CancelContact": CONTACT | {"reason": "text or none"},
    "AcceptOffer": {"offer_id": "id"},
    "DeclineOffer": COOLDOWN | {"offer_id": "id", "reason": "text or none", "next_presence": "presence or none"},
    "HoldContact": LEG,
    "ResumeContact": LEG,
    "CompleteContact": CONTACT
    | {"agent_id": "reference or none", "disposition": "text or none", "wrap_up_us": "natural or none"},
    "EndWrapUp": LEG,
    "ExtendWrapUp": LEG | {"wrap_up_us": "natural"},
    "TransferContact": LEG
    | TARGET
    | {"mode": "mode", "keeps_place": "place or none", "on_unanswered": "unanswered"}
    | {"preferred_wait_us": "natural or none", "preferred_scope": "none", "preferred_requires": "flag or none"},
    "SetPresence": {
        "agent_id": "reference",
        "presence": "presence",
        "label": "text or none",
        "offers": "pending or none",
        "next_": "flag",
    }
    | VERSION,
    "PauseQueue": {"queue_id": "nothing"} | VERSION,
    "OpenQueue": {"queue_id": "nothing"} | VERSION,
    "ChangeContact": CONTACT | VERSION | {"patch": "nothing", "offers": "change"},
    "ParkContact": CONTACT | {"clock": "clock", "until_us": "natural or none"},
    "UnparkContact": CONTACT,
    "RequeueContact": CONTACT | COOLDOWN | {"agent_id": "reference or none"},
    "ConnectFailed": CONTACT | COOLDOWN | {"agent_id": "reference or none"},
    "ConsultAgent": LEG | TARGET,
    "JoinConference": LEG | TARGET,
    "LeaveConference": LEG,
    "ChangeChannel": CONTACT | {"channel": "nothing", "or_requeue": "flag"},
    "PickContact": LEG,
    "AssignContact": LEG | {"as_": "assign as", "ignoring": "empty list"},
    "ExpediteContact": CONTACT,
    "Heartbeat": {"agent_id": "reference"},
    "SetExternalLoad": {"agent_id": "reference", "channel": "nothing", "units": "natural"},
    "Configure": {"config": "nothing", "removal": "nothing"},
    "PutQueue": {"queue_id": "id", "config": "queue"} | VERSION,
    "PutAgent": {"agent_id": "id", "config": "nothing"} | VERSION,
    "PutChannel": {"channel": "id", "config": "nothing"} | VERSION,
    "RemoveQueue": {"queue_id": "nothing", "removal": "nothing"} | VERSION,
    "RemoveAgent": {"agent_id": "reference", "removal": "nothing"} | VERSION,
}
"""What every field of every command takes, by the words of ``bad_values.TAKEN``."""

PATCH = {
    "queue_id": "nothing",
    "channel": "nothing",
    "conversation_id": "id or none",
    "requires": "none",
    "tier": "whole or none",
    "head_start_us": "whole or none",
    "excluded": "list of ids",
    "scores": "table",
    "attributes": "table",
    "preferred": "list of ids",
    "preferred_wait_us": "natural or none",
    "preferred_scope": "none",
    "preferred_requires": "flag or none",
    "plan": "empty list",
    "limits": "none",
    "cost": "natural or none",
    "parked": "flag",
    "due_at_us": "natural or none",
    "keeps_place": "place",
}
"""What every field of a patch takes, beside not being given."""

COMMAND_OF = {type(command): command for command in WORKING}
ENQUEUE, CHANGE, ASSIGN = (COMMAND_OF[kind] for kind in (EnqueueContact, ChangeContact, AssignContact))
COOLING = (commands.DeclineOffer, commands.RequeueContact, commands.ConnectFailed)
GIVING = (commands.TransferContact, commands.ConsultAgent, commands.JoinConference)

NEEDED_BY: dict[tuple[type[Command], str], dict[str, Any]] = {
    **{(kind, "to_agent"): {"to_queue": None} for kind in GIVING},
    **{(commands.TransferContact, name): {"to_agent": "a8"} for name in FIELDS["TransferContact"] if "prefer" in name},
    **{(EnqueueContact, name): {"parked": True} for name in ("clock", "until_us")},
}
"""What a command must say besides where it gives a field."""

PLACES: tuple[tuple[Command, str, str], ...] = (
    *((one, field, kind) for one in WORKING for field, kind in (SHARED | FIELDS[type(one).__name__]).items()),
    *((CHANGE, f"patch.{field}", kind) for field, kind in PATCH.items()),
)
BATCH_PLACES = tuple(place for place in PLACES if place[0] in BATCH)
PLACE_IDS, BATCH_PLACE_IDS = (
    [f"{type(command).__name__}.{field}" for command, field, _ in places] for places in (PLACES, BATCH_PLACES)
)

OF_A_CONTACT: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "agent excluded": ("excluded", lambda value: ["a1", value], "id"),
    "preferred agent": ("preferred", lambda value: ["a1", value], "id"),
    "agent scored": ("scores", lambda value: {value: 1}, "id"),
    "score": ("scores", lambda value: {"a1": value}, "whole"),
    "name of an attribute": ("attributes", lambda value: {value: 1}, "id"),
    "attribute": ("attributes", lambda value: {"lang": value}, "attribute"),
    "text in an attribute": ("attributes", lambda value: {"lang": ["de", value]}, "text in a list"),
}
INSIDE: dict[str, tuple[Command, str, Callable[[Any], Any], str]] = {
    **{name: (ENQUEUE, *rest) for name, rest in OF_A_CONTACT.items()},
    **{f"patched {name}": (CHANGE, f"patch.{field}", *rest) for name, (field, *rest) in OF_A_CONTACT.items()},
    "rule ignored": (ASSIGN, "ignoring", lambda value: [value], "ignorable"),
}
"""What the lists and tables of a command take: command, field, how to put a value there, kind."""

PAGE = {"queue_id": "none", "channel": "none", "limit": "nothing"}
QUERIES: dict[str, dict[str, str]] = {
    "contact": {"contact_id": "reference"},
    "agent": {"agent_id": "reference"},
    "queue": {"queue_id": "id"},
    "offer": {"offer_id": "id"},
    "position": {"contact_id": "reference"},
    "explain": {"contact_id": "reference"},
    "match": {
        "requirement": "none",
        "queue_id": "nothing",
        "channel": "nothing",
        "tier": "whole or none",
        "cost": "natural or none",
        "attributes": "table or none",
        "excluded": "list of ids or none",
        "scores": "table or none",
        "in_queue_us": "natural",
        "readiness": "none",
        "after": "natural or none",
        "limit": "nothing",
    },
    "statistics": dict.fromkeys(("queue_id", "channel", "skill"), "none")
    | {"agent_id": "natural or none", "series": "flag"},
    "estimate_wait": {
        "queue_id": "nothing",
        "channel": "nothing",
        "requires": "none",
        "tier": "whole or none",
        "head_start_us": "whole or none",
    },
    "missed": {"after": "none", "limit": "nothing"},
    "contacts": PAGE | {"state": "none", "where": "none", "after": "none"},
    "agents": PAGE | {"presence": "presence or none", "where": "none", "after": "natural or none"},
    "queues": {"paused": "flag or none", "after": "none", "limit": "nothing"},
    "offers": PAGE | {"agent_id": "natural or none", "after": "none"},
}
"""What every parameter of every query takes; handle 0 is that of the first agent and of no contact."""

BESIDE: dict[str, dict[str, Any]] = {
    "match": {"requirement": None, "queue_id": "ring", "channel": "voice"},
    "estimate_wait": {"queue_id": "ring", "channel": "voice"},
}
"""What a query cannot do without, besides the parameter that is tried."""

QUESTIONS = [(query, parameter, kind) for query, kinds in QUERIES.items() for parameter, kind in kinds.items()]
QUESTION_IDS = [f"{query}.{parameter}" for query, parameter, _ in QUESTIONS]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Give one engine to all tests of this module, none of which may move it."""
    engine = busy_engine()
    yield engine
    engine.close()


def check_refused(engine: Engine, argument: str, call: Callable[[], object], label: str) -> InvalidArgument:
    """Return the error of a call that must be refused and must leave the engine as it was."""
    before = engine.snapshot()
    try:
        got = call()
    except InvalidArgument as error:
        check_error(error, argument, label)
        assert engine.snapshot() == before, f"{label}: refused, and yet something moved"
        assert engine.now_us == NOW_US, label
        return error
    except Exception as error:
        raise AssertionError(f"{label}: {type(error).__name__} is no error of ccroute") from error
    raise AssertionError(f"{label}: taken, and gave {got!r:.200}")


def check_error(error: InvalidArgument, argument: str, label: str) -> None:
    """Check that an error names the argument, the value and what is allowed, in few words that can be printed."""
    message = str(error)
    assert error.argument == argument or error.argument.startswith(f"{argument}["), f"{label}: {error.argument}"
    assert message.startswith(error.argument), f"{label}: {message}"
    assert f"must be {error.allowed}" in message, f"{label}: {message}"
    assert shown(error.got) in message, f"{label}: {message}"
    assert len(message) < 1_000, label
    message.encode()


def put(command: Command, field: str, value: object) -> Command:
    """Return a command with another value in one field, or in ``patch.<field>``, whatever its type."""
    if field.startswith("patch."):
        assert isinstance(command, ChangeContact)
        patch = msgspec.structs.replace(command.patch, **{field.removeprefix("patch."): value})
        return msgspec.structs.replace(command, patch=patch)
    beside = {} if value is None else NEEDED_BY.get((type(command), field), {})
    return msgspec.structs.replace(command, **(beside | {field: value}))


def with_step(owner: str, step: Any) -> Command:
    """Return a command whose plan, or patched plan, ends in a step."""
    return put(CHANGE if owner.startswith("patch.") else ENQUEUE, owner, [A_STEP, step])


OWNERS = ("plan", "patch.plan")


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("field", STEP_KINDS)
def test_bad_values_in_a_step_are_refused(engine: Engine, owner: str, field: str) -> None:
    kind = STEP_KINDS[field]
    for sample in refused_by(kind):
        if (field, sample.name) not in STEP_BY_OTHERS:
            bad = with_step(owner, msgspec.structs.replace(A_STEP, **{field: sample.make()}))
            where = f"{owner}[1].{field}"
            check_refused(engine, where, lambda bad=bad: engine.handle(bad, LATER_US), sample.name)
    for sample in taken_by(kind):
        good = with_step(owner, msgspec.structs.replace(A_STEP, **{field: sample.make()}))
        assert Engine.restore(engine.snapshot()).handle(good, LATER_US), sample.name


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize(("where", "bad", "good"), STEP_RANGES)
def test_ranges_of_a_step_hold(
    engine: Engine, owner: str, where: str, bad: dict[str, Any], good: dict[str, Any]
) -> None:
    command = with_step(owner, step_of(bad))
    error = check_refused(engine, f"{owner}[1]{where}", lambda: engine.handle(command, LATER_US), repr(bad))
    assert isinstance(error, WrongType if where == ".attributes" else InvalidArgument)
    assert Engine.restore(engine.snapshot()).handle(with_step(owner, step_of(good)), LATER_US)


@pytest.mark.parametrize("owner", OWNERS)
def test_a_plan_has_steps_and_not_too_many(engine: Engine, owner: str) -> None:
    for sample in refused_by("nothing"):
        bad = with_step(owner, sample.make())
        check_refused(engine, f"{owner}[1]", lambda bad=bad: engine.handle(bad, LATER_US), sample.name)
    command = CHANGE if owner.startswith("patch.") else ENQUEUE
    check_refused(engine, owner, lambda: engine.handle(put(command, owner, [A_STEP] * 33), LATER_US), "33 steps")
    assert Engine.restore(engine.snapshot()).handle(put(command, owner, [A_STEP] * 32), LATER_US)


@pytest.mark.parametrize(("command", "owner"), [(ENQUEUE, "limits"), (CHANGE, "patch.limits")])
@pytest.mark.parametrize("field", LIMITS_KINDS)
def test_bad_values_in_limits_are_refused(engine: Engine, command: Command, owner: str, field: str) -> None:
    for sample in refused_by(LIMITS_KINDS[field]):
        bad = put(command, owner, limits_of(field, sample.make()))
        check_refused(engine, f"{owner}.{field}", lambda bad=bad: engine.handle(bad, LATER_US), sample.name)
    for value in (1, 10_000_000):
        assert Engine.restore(engine.snapshot()).handle(put(command, owner, limits_of(field, value)), LATER_US)


def test_a_batch_takes_no_command_on_the_configuration(engine: Engine) -> None:
    for command in CONFIGURING:
        pairs = [(WORKING[0], LATER_US), (command, LATER_US)]
        error = check_refused(engine, "commands", lambda pairs=pairs: engine.handle_many(pairs), "configuring")
        assert error.argument == "commands[1]"
        assert error.allowed == "no command on the configuration; give it to handle"


def refused_at(field: str, kind: str) -> list[Sample]:
    """Return the samples that a field must refuse; a patch need not give any of its fields."""
    return [sample for sample in refused_by(kind) if sample.name != "not given" or not field.startswith("patch.")]


def test_every_field_of_every_command_has_a_kind() -> None:
    assert {type(command) for command in WORKING} == set(COMMANDS)
    for command in WORKING:
        assert set(command.__struct_fields__) == set(SHARED | FIELDS[type(command).__name__])
    assert set(ContactPatch.__struct_fields__) == set(PATCH)
    assert set(PlanStep.__struct_fields__) == set(STEP_KINDS)
    assert set(Limits.__struct_fields__) == set(LIMITS_KINDS)


def test_every_sample_that_is_taken_exists() -> None:
    assert len(NAMES) == len(SAMPLES)
    for names in TAKEN.values():
        assert names <= NAMES


@pytest.mark.parametrize("command", WORKING, ids=lambda command: type(command).__name__)
def test_the_commands_that_are_spoilt_work_before(engine: Engine, command: Command) -> None:
    events = Engine.restore(engine.snapshot()).handle(command, NOW_US)
    assert events
    assert not any(isinstance(event, CommandRefused) for event in events)


@pytest.mark.parametrize(("command", "field", "kind"), PLACES, ids=PLACE_IDS)
def test_bad_values_in_a_field_are_refused(engine: Engine, command: Command, field: str, kind: str) -> None:
    for sample in refused_at(field, kind):
        bad = put(command, field, sample.make())
        check_refused(engine, field, lambda bad=bad: engine.handle(bad, LATER_US), sample.name)


@pytest.mark.parametrize(("command", "field", "kind"), BATCH_PLACES, ids=BATCH_PLACE_IDS)
def test_one_bad_value_in_a_batch_refuses_all_of_it(engine: Engine, command: Command, field: str, kind: str) -> None:
    for sample in refused_at(field, kind):
        pairs = [(WORKING[0], LATER_US), (put(command, field, sample.make()), LATER_US)]
        check_refused(engine, field, lambda pairs=pairs: engine.handle_many(pairs), sample.name)


@pytest.mark.parametrize(("command", "field", "kind"), PLACES, ids=PLACE_IDS)
def test_values_of_the_right_kind_are_taken(engine: Engine, command: Command, field: str, kind: str) -> None:
    snapshot = engine.snapshot()
    for sample in taken_by(kind):
        assert Engine.restore(snapshot).handle(put(command, field, sample.make()), LATER_US), sample.name


@pytest.mark.parametrize("inside", INSIDE)
def test_bad_values_inside_lists_and_tables_are_refused(engine: Engine, inside: str) -> None:
    command, field, wrapped, kind = INSIDE[inside]
    for sample in refused_by(kind):
        try:
            bad = put(command, field, wrapped(sample.make()))
        except (TypeError, RuntimeError):  # what has no hash cannot get into a table
            continue
        check_refused(engine, field, lambda bad=bad: engine.handle(bad, LATER_US), sample.name)


@pytest.mark.parametrize("inside", INSIDE)
def test_values_of_the_right_kind_inside_lists_and_tables_are_taken(engine: Engine, inside: str) -> None:
    command, field, wrapped, kind = INSIDE[inside]
    for sample in taken_by(kind):
        good = put(command, field, wrapped(sample.make()))
        after = Engine.restore(engine.snapshot())
        assert after.handle(good, LATER_US), sample.name
        assert Engine.restore(after.snapshot()).snapshot() == after.snapshot(), sample.name


@pytest.mark.parametrize(
    ("argument", "kind", "call"),
    [
        ("command", "nothing", lambda engine, value: engine.handle(value, LATER_US)),
        ("at_us", "natural", lambda engine, value: engine.handle(WORKING[0], value)),
        ("allow_jump", "flag", lambda engine, value: engine.handle(WORKING[0], LATER_US, allow_jump=value)),
        ("commands", "empty list", lambda engine, value: engine.handle_many(value)),
        ("commands", "nothing", lambda engine, value: engine.handle_many([(WORKING[0], LATER_US), value])),
        ("command", "nothing", lambda engine, value: engine.handle_many([(WORKING[0], LATER_US), (value, LATER_US)])),
        ("at_us", "natural", lambda engine, value: engine.handle_many([(WORKING[0], LATER_US), (WORKING[1], value)])),
        ("allow_jump", "flag", lambda engine, value: engine.handle_many([], allow_jump=value)),
        ("to_us", "natural", lambda engine, value: engine.advance(value)),
        ("allow_jump", "flag", lambda engine, value: engine.advance(LATER_US, allow_jump=value)),
        ("data", "nothing", lambda engine, value: Engine.restore(value)),
        ("config", "nothing", lambda engine, value: Engine(value)),
    ],
    ids=[
        *("handle.command", "handle.at_us", "handle.allow_jump"),
        *("handle_many.commands", "handle_many.pair", "handle_many.command", "handle_many.at_us"),
        *("handle_many.allow_jump", "advance.to_us", "advance.allow_jump", "restore.data", "Engine.config"),
    ],
)
def test_bad_arguments_of_a_call_are_refused(
    engine: Engine, argument: str, kind: str, call: Callable[[Engine, Any], object]
) -> None:
    for sample in refused_by(kind):
        value = sample.make()
        check_refused(engine, argument, lambda value=value: call(engine, value), sample.name)
    for sample in taken_by(kind):
        call(Engine.restore(engine.snapshot()), sample.make())


@pytest.mark.parametrize("pair", [(), (WORKING[0],), (WORKING[0], NOW_US, NOW_US), [WORKING[0], NOW_US]], ids=repr)
def test_a_batch_takes_only_pairs(engine: Engine, pair: Any) -> None:
    error = check_refused(engine, "commands", lambda: engine.handle_many([(WORKING[0], LATER_US), pair]), "pair")
    assert error.argument == "commands[1]"


@pytest.mark.parametrize(("query", "parameter", "kind"), QUESTIONS, ids=QUESTION_IDS)
def test_bad_values_in_a_query_are_refused(engine: Engine, query: str, parameter: str, kind: str) -> None:
    ask = getattr(engine, query)
    beside = BESIDE.get(query, {})
    for sample in refused_by(kind):
        value = beside | {parameter: sample.make()}
        check_refused(engine, parameter, lambda value=value: ask(**value), sample.name)
    for sample in taken_by(kind):
        ask(**beside | {parameter: sample.make()})


def test_a_wait_is_estimated_for_a_contact_or_for_one_that_might_come(engine: Engine) -> None:
    for sample in refused_by("reference or none"):
        value = sample.make()
        check_refused(engine, "contact_id", lambda value=value: engine.estimate_wait(value), sample.name)
    for parameter, value in (("queue_id", "ring"), ("channel", "voice"), ("requires", "true"), ("tier", 1)):
        both = {parameter: value}
        check_refused(engine, parameter, lambda both=both: engine.estimate_wait("wait", **both), parameter)
    assert engine.estimate_wait("wait") is not None
    assert engine.estimate_wait("nobody") is None


def test_every_parameter_of_every_query_has_a_kind() -> None:
    public = {name for name in dir(Engine) if not name.startswith("_")}
    told = {"handle", "handle_many", "advance", "restore"}
    nothing_to_give = {"close", "snapshot", "now_us", "next_at_us", "counters"}
    assert public == told | nothing_to_give | set(QUERIES)


MANY_SCORES = {count: dict.fromkeys(map(str, range(count)), 1) for count in (128, 129)}
MANY_ATTRIBUTES = {count: dict.fromkeys(map(str, range(count)), 1) for count in (64, 65)}

RANGES_OF_A_CONTACT: tuple[tuple[str, object, object], ...] = (
    ("tier", 2**31, 2**31 - 1),
    ("tier", -(2**31) - 1, -(2**31)),
    ("head_start_us", 7_776_000_000_001, 7_776_000_000_000),
    ("head_start_us", -7_776_000_000_001, -7_776_000_000_000),
    ("cost", 1_000_001, 1_000_000),
    ("scores", {"a1": 2**53}, {"a1": 2**53 - 1}),
    ("scores", {"a1": -(2**53)}, {"a1": 1 - 2**53}),
    ("scores", MANY_SCORES[129], MANY_SCORES[128]),
    ("excluded", ["a1"] * 17, ["a1"] * 16),
    ("attributes", {"n": 2**63}, {"n": 2**63 - 1}),
    ("attributes", MANY_ATTRIBUTES[65], MANY_ATTRIBUTES[64]),
    ("attributes", {"l": ["x"] * 65}, {"l": ["x"] * 64}),
    ("attributes", {"l": "x" * 1_025}, {"l": "x" * 1_024}),
    ("conversation_id", "x" * 129, "ü" * 128),
    ("requires", " " * 8_188 + "false", "true" + " " * 8_188),
    ("requires", "agent.skills.unheard > 1", "agent.skills.german > 1"),
    ("preferred", ["a1"] * 17, ["a1"] * 16),
    ("preferred_wait_us", 7_776_000_000_001, 7_776_000_000_000),
    ("due_at_us", 2**53, 2**53 - 1),
)
RANGES: tuple[tuple[Command, str, object, object], ...] = (
    *((ENQUEUE, field, value, last) for field, value, last in RANGES_OF_A_CONTACT),
    *((CHANGE, f"patch.{field}", value, last) for field, value, last in RANGES_OF_A_CONTACT),
    (ENQUEUE, "contact_id", "x" * 129, "ü" * 128),
    (ENQUEUE, "contact_id", "a\x7f", "a\u00a0"),
    (CHANGE, "patch.queue_id", "nowhere", "auto"),
    (CHANGE, "patch.channel", "telepathy", "fax"),
    (CHANGE, "if_version", 2**53, 2**53 - 1),
    *((COMMAND_OF[kind], "cooldown", 7_776_000_000_001, 7_776_000_000_000) for kind in COOLING),
    *((COMMAND_OF[kind], "cooldown", "next available", "next_available") for kind in COOLING),
    *((COMMAND_OF[kind], "cooldown", "unlimited", "for_ever") for kind in COOLING),
    *((COMMAND_OF[kind], "cooldown_until_us", 2**53, 2**53 - 1) for kind in COOLING),
    *((COMMAND_OF[kind], "to_queue", "nowhere", "auto") for kind in GIVING),
    *((COMMAND_OF[kind], "to_agent", "x" * 129, "a8") for kind in GIVING),
    (ENQUEUE, "until_us", 2**53, 2**53 - 1),
    (COMMAND_OF[commands.TransferContact], "preferred_wait_us", 7_776_000_000_001, 7_776_000_000_000),
    (COMMAND_OF[commands.ParkContact], "until_us", 2**53, 2**53 - 1),
    (COMMAND_OF[commands.ChangeChannel], "channel", "telepathy", "fax"),
    (COMMAND_OF[commands.SetExternalLoad], "channel", "telepathy", "fax"),
    (COMMAND_OF[commands.SetExternalLoad], "units", 1_000_001, 1_000_000),
    (ASSIGN, "ignoring", [Ignorable.CAPACITY] * 7, [Ignorable.CAPACITY] * 6),
    (ASSIGN, "ignoring", ["capacity"], list(Ignorable)),
)


@pytest.mark.parametrize(("command", "field", "value", "last_allowed"), RANGES)
def test_ranges_hold_at_their_last_value(
    engine: Engine, command: Command, field: str, value: object, last_allowed: object
) -> None:
    check_refused(engine, field, lambda: engine.handle(put(command, field, value), LATER_US), repr(value)[:80])
    assert Engine.restore(engine.snapshot()).handle(put(command, field, last_allowed), LATER_US)


def test_a_patch_must_be_one(engine: Engine) -> None:
    class OwnPatch(ContactPatch, frozen=True, kw_only=True, gc=False):
        """A patch that is none."""

    bad = put(CHANGE, "patch", OwnPatch(tier=1))
    assert isinstance(check_refused(engine, "patch", lambda: engine.handle(bad, LATER_US), "own patch"), WrongType)


@pytest.mark.parametrize(("at_us", "is_taken"), [(2**53 - 1, True), (2**53, False)])
def test_time_ends_where_it_is_said_to(engine: Engine, at_us: int, is_taken: bool) -> None:
    if is_taken:
        assert Engine.restore(engine.snapshot()).advance(at_us, allow_jump=True)
    else:
        check_refused(engine, "to_us", lambda: engine.advance(at_us, allow_jump=True), "end of time")


def test_a_jump_of_time_is_refused_in_every_call(engine: Engine) -> None:
    too_far = NOW_US + 3_600_000_001
    check_refused(engine, "at_us", lambda: engine.handle(WORKING[0], too_far), "handle")
    check_refused(engine, "to_us", lambda: engine.advance(too_far), "advance")
    check_refused(
        engine,
        "at_us",
        lambda: engine.handle_many([(WORKING[0], LATER_US), (WORKING[1], too_far + LATER_US)]),
        "handle_many",
    )


def test_what_is_done_to_a_command_afterwards_changes_nothing() -> None:
    engine = busy_engine()
    command = put(put(put(WORKING[0], "attributes", {"tags": ["x"]}), "scores", {"a1": 1}), "excluded", ["a4"])
    assert isinstance(command, EnqueueContact)
    bare = EnqueueContact(contact_id="bare", queue_id="ring", channel="voice")
    engine.handle_many([(command, NOW_US), (bare, NOW_US)])
    before = engine.snapshot()
    for one in (command, bare):
        one.attributes["lang"] = object()
        one.scores["a2"] = object()  # type: ignore[assignment]
        one.excluded.extend([object()] * 100)  # type: ignore[list-item]
    command.attributes["tags"].append(object())
    assert engine.snapshot() == before
    for contact_id in ("new", "bare"):
        shown_now = engine.contact(contact_id)
        assert shown_now is not None
        assert "lang" not in shown_now.attributes
        shown_now.attributes["lang"] = "de"
    assert engine.snapshot() == before


def test_an_engine_is_made_once() -> None:
    engine = Engine(CONFIG)
    before = engine.snapshot()
    with pytest.raises(EngineStateError):
        engine.__init__(CONFIG)  # type: ignore[misc]
    assert engine.snapshot() == before


def test_an_engine_that_was_never_made_is_closed() -> None:
    engine = Engine.__new__(Engine)
    with pytest.raises(EngineStateError):
        engine.snapshot()
    engine.close()


def test_the_engine_cannot_be_changed_from_outside(engine: Engine) -> None:
    with pytest.raises(AttributeError):
        engine.now_us = 5  # type: ignore[misc]
    with pytest.raises(AttributeError):
        engine.something = 5  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        type("Own", (Engine,), {})


@pytest.mark.parametrize(
    ("data", "error"), [(bytearray(b"x"), WrongType), (b"", SnapshotError), (b"x" * 99, SnapshotError)]
)
def test_restoring_what_is_no_snapshot_is_refused(data: Any, error: type[InvalidArgument]) -> None:
    with pytest.raises(error) as caught:
        Engine.restore(data)
    assert caught.value.argument == "data"
