"""Commands and events travel as JSON and come back as they were; all else is a ``CodecError`` that names the field."""

from __future__ import annotations

import typing
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccroute.codec import decode_command, decode_event, decode_timed, encode_command, encode_event, encode_timed
from ccroute.commands import (
    COMMANDS,
    AbandonContact,
    AssignContact,
    ChangeContact,
    Command,
    CompleteContact,
    Configure,
    ContactPatch,
    EnqueueContact,
    PauseQueue,
    SetPresence,
    TransferContact,
)
from ccroute.config import Config, PlanStep, to_json
from ccroute.errors import CodecError
from ccroute.events import EVENTS, CommandRefused, ContactQueued, Event, PresenceChanged, QueuePaused
from ccroute.types import AssignAs, Ignorable, KeepsPlace, PendingOffers, Presence, RefusalReason, Rule

ENQUEUE_WITH = '{"type":"contact.enqueue","contact_id":"c","queue_id":"q","channel":"voice","plan":%s}'
CHANGE_WITH = '{"type":"contact.change","contact_id":"c","patch":{"plan":%s}}'
PUT_WITH = '{"type":"queue.put","queue_id":"q","config":{"plan":%s}}'
CONFIGURE_WITH = '{"type":"configure","config":{"queues":{"p":{},"q":{"plan":%s}}}}'
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
INTEGERS = st.integers(-(2**63), 2**64 - 1)
ATTRIBUTE_VALUES = (
    st.booleans() | TEXTS | INTEGERS | st.decimals(allow_nan=False, allow_infinity=False) | st.lists(TEXTS, max_size=3)
)
FIELDS = {
    str: TEXTS,
    int: INTEGERS,
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
    msgspec.UnsetType: st.just(msgspec.UNSET),
}


def values_of(annotation: Any) -> st.SearchStrategy[Any]:
    """Return values of one field's type."""
    plain = typing.get_origin(annotation) or annotation
    if plain is list:
        return st.lists(values_of(typing.get_args(annotation)[0]), max_size=3)
    if plain is tuple:
        return st.tuples(*(values_of(part) for part in typing.get_args(annotation)))
    if plain is dict:
        return st.dictionaries(TEXTS, values_of(typing.get_args(annotation)[1]), max_size=3)
    if plain in FIELDS:
        return FIELDS[plain]
    if plain is Any:
        return ATTRIBUTE_VALUES
    if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        return structs_of(plain)
    if isinstance(annotation, type):
        return st.sampled_from(annotation)  # type: ignore[arg-type]  # the enums are all that is left
    return st.one_of([values_of(part) for part in typing.get_args(annotation)])


def structs_of(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Return structs of one kind with any values of the declared types."""
    return st.builds(kind, **{field.name: values_of(field.type) for field in msgspec.structs.fields(kind)})


ANY_COMMAND = st.one_of([structs_of(kind) for kind in COMMANDS])
ANY_EVENT = st.one_of([structs_of(kind) for kind in EVENTS])


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
def test_every_command_comes_back_as_it_was(kind: type[Command]) -> None:
    @given(structs_of(kind), INTEGERS)
    def comes_back(command: Command, at_us: int) -> None:
        data = encode_command(command)
        assert b"\n" not in data
        assert decode_command(data) == command
        assert decode_command(data.decode()) == command
        assert decode_timed(encode_timed(command, at_us)) == (command, at_us)

    comes_back()


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_comes_back_as_it_was(kind: type[Event]) -> None:
    @given(structs_of(kind))
    def comes_back(event: Event) -> None:
        data = encode_event(event)
        assert b"\n" not in data
        assert decode_event(data) == event

    comes_back()


def test_commands_are_written_with_their_tag_and_without_defaults() -> None:
    assert encode_command(PauseQueue(queue_id="q")) == b'{"type":"queue.pause","queue_id":"q"}'
    command = SetPresence(agent_id=7, presence=Presence.AWAY, offers=PendingOffers.KEEP, next_=True, actor="boss")
    assert msgspec.json.decode(encode_command(command)) == {
        "type": "agent.presence",
        "actor": "boss",
        "agent_id": 7,
        "presence": "away",
        "offers": "keep",
        "next_": True,
    }
    command = TransferContact(contact_id="c", agent_id="a", to_queue="q", keeps_place=KeepsPlace.AGE)
    assert b'"keeps_place":"age"' in encode_command(command)
    assert msgspec.json.decode(
        encode_command(AssignContact(contact_id="c", agent_id="a", as_=AssignAs.ACTIVE, ignoring=[Ignorable.COOLDOWN]))
    ) == {"type": "contact.assign", "contact_id": "c", "agent_id": "a", "as_": "active", "ignoring": ["cooldown"]}


def test_a_patch_tells_what_is_not_given_from_what_is_taken_away() -> None:
    untouched = ChangeContact(contact_id="c", patch=ContactPatch())
    assert encode_command(untouched) == b'{"type":"contact.change","contact_id":"c","patch":{}}'
    assert decode_command(encode_command(untouched)) == untouched
    reset = ChangeContact(contact_id="c", patch=ContactPatch(tier=None, requires=None, excluded=[], parked=False))
    written = encode_command(reset)
    assert written.endswith(b'"patch":{"requires":null,"tier":null,"excluded":[],"parked":false}}')
    for read in (decode_command(written), decode_timed(encode_timed(reset, 5))[0]):
        assert read == reset
        assert isinstance(read, ChangeContact)
        assert read.patch.tier is None
        assert read.patch.cost is msgspec.UNSET


def test_numbers_in_the_attributes_of_a_patch_are_exact() -> None:
    command = decode_command(CHANGE + '{"attributes":{"a":0.10,"b":1}}}')
    assert isinstance(command, ChangeContact)
    assert isinstance(command.patch.attributes, dict)
    assert [repr(value) for value in command.patch.attributes.values()] == ["Decimal('0.10')", "1"]


CONDITION = '[{"after":5,"tier":1},{"after":9,"if":"queue.free > 0","tier":2}]'


@pytest.mark.parametrize(
    ("data", "steps"),
    [
        (ENQUEUE_WITH % CONDITION, lambda command: command.plan),
        (CHANGE_WITH % CONDITION, lambda command: command.patch.plan),
        (PUT_WITH % CONDITION, lambda command: command.config.plan),
        (
            CONFIGURE_WITH % CONDITION,
            lambda command: command.config.queues["q"].plan,
        ),
    ],
)
def test_a_condition_is_read_as_if_and_written_as_if_with_a_line(
    data: str, steps: Callable[[Any], list[PlanStep]]
) -> None:
    command = decode_command(data)
    assert steps(command) == [PlanStep(after=5, tier=1), PlanStep(after=9, if_="queue.free > 0", tier=2)]
    assert decode_command(data.replace('"if"', '"if_"')) == command
    assert decode_timed('{"at_us":1,' + data[1:]) == (command, 1)
    assert b'"if_":"queue.free > 0"' in encode_command(command)
    assert b'"if":' not in encode_command(command)


def test_numbers_in_the_attributes_of_a_step_are_exact() -> None:
    command = decode_command(ENQUEUE_WITH % '[{"after":5,"if":"true","attributes":{"a":0.10,"b":1}}]')
    assert isinstance(command, EnqueueContact)
    attributes = command.plan[0].attributes
    assert attributes is not None
    assert [repr(value) for value in attributes.values()] == ["Decimal('0.10')", "1"]


def test_a_configuration_in_a_command_is_that_of_to_json() -> None:
    config = Config.from_toml(
        """
        [[queues.loans.plan]]
        after = "20s"
        if = "queue.free == 0"
        attributes = { level = 1.5 }
        park = "5m"
        [queues.loans.hours]
        spans = [[5, 7]]
        [agents.maxim]
        queues = { loans = { rank = 2 } }
        """
    )
    data = b'{"type":"configure","config":' + to_json(config) + b"}"
    assert decode_command(data) == Configure(config=config)
    assert decode_command(encode_command(Configure(config=config))) == Configure(config=config)


def test_events_are_written_with_their_tag() -> None:
    event = QueuePaused(seq=3, at_us=5, cause="command:1", queue_id="q")
    assert encode_event(event) == b'{"type":"queue.paused","seq":3,"at_us":5,"cause":"command:1","queue_id":"q"}'
    refused = CommandRefused(
        seq=4, at_us=5, cause="command:2", reason=RefusalReason.NO_LEG, command="leg.hold", contact_id=5
    )
    assert msgspec.json.decode(encode_event(refused)) == {
        "type": "command.refused",
        "seq": 4,
        "at_us": 5,
        "cause": "command:2",
        "reason": "no_leg",
        "command": "leg.hold",
        "contact_id": 5,
    }
    refused = CommandRefused(
        seq=4,
        at_us=5,
        cause="command:2",
        reason=RefusalReason.NOT_ELIGIBLE,
        rule=Rule.CHANNEL_MAX,
        command="contact.pick",
    )
    assert b'"reason":"not_eligible","rule":"channel_max"' in encode_event(refused)


def test_unknown_fields_of_an_event_are_passed_over() -> None:
    data = b'{"type":"queue.paused","seq":3,"at_us":5,"cause":"command:1","queue_id":"q","later":[1]}'
    assert decode_event(data) == QueuePaused(seq=3, at_us=5, cause="command:1", queue_id="q")


def test_numbers_in_attributes_are_exact() -> None:
    data = b"""{"type": "contact.enqueue", "contact_id": "c", "queue_id": "q", "channel": "voice",
        "attributes": {"a": 0.1, "b": 1, "c": 1.0, "d": 1e3, "e": 123456789.123456, "f": -0.5, "g": "1.5", "h": true}
        }"""
    command = decode_command(data)
    assert isinstance(command, EnqueueContact)
    assert [repr(value) for value in command.attributes.values()] == [
        *("Decimal('0.1')", "1", "Decimal('1.0')", "Decimal('1E+3')", "Decimal('123456789.123456')", "Decimal('-0.5')"),
        *("'1.5'", "True"),
    ]
    assert b'"attributes":{"a":0.1,"b":1,"c":1.0,"d":1E+3,' in encode_command(command)


def test_a_line_that_only_moves_time_has_no_command() -> None:
    assert decode_timed(b'{"at_us": 5, "type": "advance"}\n') == (None, 5)
    assert decode_timed('{"type": "advance", "at_us": -5}') == (None, -5)
    assert encode_timed(None, 5) == b'{"at_us":5,"type":"advance"}'


ENQUEUE = '{"type":"contact.enqueue","contact_id":"c","queue_id":"q","channel":"voice"'
CHANGE = '{"type":"contact.change","contact_id":"c","patch":'
ASSIGN = '{"type":"contact.assign","contact_id":"c","agent_id":"a"'

BAD_COMMANDS: list[tuple[Any, str, str]] = [
    # What is decoded, the argument of the error, and words of its message.
    (None, "data", "bytes or str"),
    (5, "data", "bytes or str"),
    (bytearray(b"{}"), "data", "bytes or str"),
    ("", "data", "truncated"),
    ("x", "data", "invalid character"),
    ("[1]", "data", "object"),
    (ENQUEUE + "} {}", "data", "trailing"),
    ('"\ud800"', "data", "surrogates"),
    (b'{"type":"\xff"}', "data", "utf-8"),
    ("NaN", "data", "invalid"),
    ('{"a":' * 100_000, "data", "recursion"),
    (ENQUEUE + ',"attributes":{"a":' + "[" * 100_000, "data", "recursion"),
    (ENQUEUE + ',"attributes":{"a":1e99999999999999999999}}', "data", "a JSON object"),
    (ENQUEUE + ',"cost":' + "9" * 5_000 + "}", "cost", "out of range"),
    ("{}", "type", "type must be given"),
    ('{"type":null}', "type", "one of contact.enqueue, contact.abandon"),
    ('{"type":[1]}', "type", "one of contact.enqueue, contact.abandon"),
    ('{"type":"contact.enqeue"}', "type", "was 'contact.enqeue'"),
    ('{"type":"contact.abandon"}', "contact_id", "contact_id must be given"),
    ('{"type":"contact.abandon","contact_id":1.0}', "contact_id", "must be int | str, was Decimal('1.0')"),
    ('{"type":"contact.abandon","contact_id":true}', "contact_id", "was True"),
    ('{"type":"contact.abandon","contact_id":null}', "contact_id", "was None"),
    ('{"type":"contact.abandon","contact_id":1,"why":2}', "why", "left out: contact.abandon has no such field, was 2"),
    (ENQUEUE + ',"tier":"1"}', "tier", "was '1'"),
    (ENQUEUE + ',"excluded":["a",1]}', "excluded[1]", "must be str, was 1"),
    (ENQUEUE + ',"scores":{"a":1.5}}', "scores[...]", "must be int"),
    (ENQUEUE + ',"attributes":[]}', "attributes", "must be object, was []"),
    (ENQUEUE + ',"attributes":{"a":null}}', "attributes[a]", "a list of texts, was None"),
    (ENQUEUE + ',"attributes":{"a":{}}}', "attributes[a]", "was {}"),
    (ENQUEUE + ',"attributes":{"a":["x",[]]}}', "attributes[a]", "was ['x', []]"),
    (ENQUEUE + ',"attributes":{"a":["x",1]}}', "attributes[a]", "was ['x', 1]"),
    ('{"type":"agent.presence","agent_id":1,"presence":"busy"}', "presence", "one of offline, available, away"),
    (
        '{"type":"agent.presence","agent_id":1,"presence":"away","offers":"keeps"}',
        "offers",
        "one of decline, rescind, keep, refuse",
    ),
    ('{"type":"contact.complete","contact_id":1,"wrap_up_us":1e6}', "wrap_up_us", "was Decimal('1E+6')"),
    ('{"type":"contact.change","contact_id":"c"}', "patch", "patch must be given"),
    (CHANGE + "null}", "patch", "must be object, was None"),
    (CHANGE + "[]}", "patch", "must be object, was []"),
    (CHANGE + '{},"offers":"all"}', "offers", "one of recheck, keep, rescind, was 'all'"),
    (CHANGE + '{},"if_version":1.0}', "if_version", "must be int | null, was Decimal('1.0')"),
    (CHANGE + '{"tier":"1"}}', "patch.tier", "must be int | null, was '1'"),
    (CHANGE + '{"queue_id":null}}', "patch.queue_id", "must be str, was None"),
    (CHANGE + '{"customer_id":"x"}}', "patch.customer_id", "left out: contact.change has no such field, was 'x'"),
    (CHANGE + '{"keeps_place":"all"}}', "patch.keeps_place", "one of waited, age, none, was 'all'"),
    (CHANGE + '{"excluded":["a",1]}}', "patch.excluded[1]", "must be str, was 1"),
    (CHANGE + '{"scores":{"a":1.5}}}', "patch.scores[...]", "must be int"),
    (CHANGE + '{"attributes":null}}', "patch.attributes", "must be object, was None"),
    (CHANGE + '{"attributes":{"a":null}}}', "patch.attributes[a]", "a list of texts, was None"),
    (CHANGE + '{"attributes":{"a":["x",1]}}}', "patch.attributes[a]", "was ['x', 1]"),
    (ASSIGN + ',"as_":"active!"}', "as_", "one of offer, active, was 'active!'"),
    (ASSIGN + ',"as":"active"}', "as", "left out: contact.assign has no such field"),
    (ASSIGN + ',"ignoring":["capacity","rank"]}', "ignoring[1]", "one of requirement, membership, presence, capacity"),
    (ASSIGN + ',"ignoring":"capacity"}', "ignoring", "must be array, was 'capacity'"),
    ('{"type":"offer.decline","offer_id":"o1","cooldown":1.5}', "cooldown", "int | str | null, was Decimal('1.5')"),
    ('{"type":"contact.park","contact_id":1,"clock":"slow"}', "clock", "one of stops, runs, was 'slow'"),
    (ENQUEUE + ',"plan":{}}', "plan", "must be array, was {}"),
    (ENQUEUE + ',"plan":[5]}', "plan[0]", "must be object, was 5"),
    (ENQUEUE + ',"plan":[{},{"after":"20s"}]}', "plan[1].after", "must be int | null, was '20s'"),
    (ENQUEUE + ',"plan":[{"on":"enter"}]}', "plan[0].on", "one of entry, offers_exhausted, nobody_online"),
    (ENQUEUE + ',"plan":[{"if":5}]}', "plan[0].if_", "must be str | null, was 5"),
    (ENQUEUE + ',"plan":[{"if":"true","if_":"true"}]}', "plan[0].if", "left out: contact.enqueue has no such field"),
    (ENQUEUE + ',"plan":[{"if":"true"},{"iff":"true"}]}', "plan[1].iff", "has no such field, was 'true'"),
    (ENQUEUE + ',"plan":[{"attributes":{"a":null}}]}', "plan[0].attributes[a]", "a list of texts, was None"),
    (ENQUEUE + ',"limits":{"len":1}}', "limits.len", "left out: contact.enqueue has no such field, was 1"),
    (ENQUEUE + ',"preferred_scope":"all"}', "preferred_scope", "one of members, anyone, was 'all'"),
    (CHANGE + '{"plan":[{"end":"done"}]}}', "patch.plan[0].end", "one of closed, cancelled, expired, was 'done'"),
    (CHANGE + '{"plan":[{"attributes":{"a":{}}}]}}', "patch.plan[0].attributes[a]", "was {}"),
    ('{"type":"configure"}', "config", "config must be given"),
    ('{"type":"configure","config":{"queues":{"q":{"tier":"1"}}}}', "config.queues[...].tier", "must be int"),
    (
        '{"type":"configure","config":{"queues":{"q":{"attributes":{"a":null}}}}}',
        "config.queues[q].attributes[a]",
        "a list of texts, was None",
    ),
    (
        '{"type":"configure","config":{"agents":{"a":{"attributes":{"n":{}}}}}}',
        "config.agents[a].attributes[n]",
        "was {}",
    ),
    ('{"type":"configure","config":{},"removal":"now"}', "removal", "one of refuse, drain, was 'now'"),
    (
        '{"type":"queue.put","queue_id":"q","config":{"offer":{"mode":"loud"}}}',
        "config.offer.mode",
        "one of auto, ring, broadcast, manual, was 'loud'",
    ),
    (
        '{"type":"queue.put","queue_id":"q","config":{"plan":[{"attributes":{"a":null}}]}}',
        "config.plan[0].attributes[a]",
        "was None",
    ),
    ('{"type":"agent.put","agent_id":"a","config":{"skills":{"x":1.5}}}', "config.skills[...]", "must be int"),
]


@pytest.mark.parametrize(
    ("data", "argument", "words"), BAD_COMMANDS, ids=[str(data)[:60] for data, _, _ in BAD_COMMANDS]
)
def test_a_bad_command_is_told_by_field(data: Any, argument: str, words: str) -> None:
    with pytest.raises(CodecError) as raised:
        decode_command(data)
    assert raised.value.argument == argument
    assert words in str(raised.value)
    assert str(raised.value).encode("utf-8")
    if isinstance(data, str) and data.startswith('{"'):
        with pytest.raises(CodecError) as raised:
            decode_timed('{"at_us":1,' + data[1:])
        assert raised.value.argument == argument or "Decimal" in str(raised.value.__cause__) or "9" * 9 in data


@pytest.mark.parametrize(
    ("line", "argument"),
    [
        ('{"type":"advance"}', "at_us"),
        ('{"at_us":null,"type":"advance"}', "at_us"),
        ('{"at_us":1.0,"type":"advance"}', "at_us"),
        ('{"at_us":true,"type":"advance"}', "at_us"),
        ('{"at_us":"1","type":"advance"}', "at_us"),
        ('{"at_us":1,"type":"advance","to":2}', "to"),
        ('{"at_us":1}', "type"),
        ('{"at_us":1,"type":{}}', "type"),
        ('{"at_us":1,"type":"queue.pause"}', "queue_id"),
        ('{"at_us":1,"type":"queue.pause","queue_id":1.5}', "queue_id"),
        ("[]", "data"),
        ("", "data"),
        ("[" * 100_000, "data"),
        (None, "data"),
    ],
)
def test_a_bad_line_is_told_by_field(line: Any, argument: str) -> None:
    with pytest.raises(CodecError) as raised:
        decode_timed(line)
    assert raised.value.argument == argument


@pytest.mark.parametrize(
    ("data", "argument"),
    [
        ("{}", "type"),
        ('{"type":"queue.pause"}', "type"),
        ('{"type":"queue.paused"}', "seq"),
        ('{"type":"queue.paused","seq":true,"at_us":1,"cause":"x","queue_id":"q"}', "seq"),
        ('{"type":"queue.paused","seq":1,"at_us":1.0,"cause":"x","queue_id":"q"}', "at_us"),
        (
            '{"type":"agent.presence_changed","seq":1,"at_us":1,"cause":"x","agent_id":"a","presence":"in"}',
            "presence",
        ),
        ("[1]", "data"),
        (None, "data"),
        (b"\xff", "data"),
    ],
)
def test_a_bad_event_is_told_by_field(data: Any, argument: str) -> None:
    with pytest.raises(CodecError) as raised:
        decode_event(data)
    assert raised.value.argument == argument


def event_with(**fields: Any) -> Event:
    """Return an event that holds what its types exclude."""
    return PresenceChanged(**{"seq": 1, "at_us": 1, "cause": "x", "agent_id": "a", "presence": "x", **fields})


@pytest.mark.parametrize(
    ("encode", "value", "argument"),
    [
        (encode_command, None, "command"),
        (encode_command, {"type": "queue.pause"}, "command"),
        (encode_command, Command(), "command"),
        (encode_command, event_with(label=None, previous="y"), "command"),
        (encode_command, AbandonContact(contact_id="\ud800"), "command"),
        (encode_command, AbandonContact(contact_id=object()), "command"),  # type: ignore[arg-type]
        (encode_command, CompleteContact(contact_id=2**64 * 10**5_000), "command"),
        (encode_command, ChangeContact(contact_id="c", patch={"tier": 1}), "command"),  # type: ignore[arg-type]
        (encode_command, ChangeContact(contact_id="c", patch=ContactPatch(tier="x")), "patch.tier"),  # type: ignore[arg-type]
        (encode_command, CompleteContact(contact_id="c", agent_id=msgspec.UNSET), "command"),  # type: ignore[arg-type]
        (encode_event, None, "event"),
        (encode_event, PauseQueue(queue_id="q"), "event"),
        (encode_event, event_with(label="\ud800", previous="y"), "event"),
        (encode_event, event_with(label={1, object}, previous="y"), "event"),
        (lambda command: encode_timed(command, 5), 7, "command"),
        (lambda at_us: encode_timed(None, at_us), True, "at_us"),
    ],
)
def test_what_has_no_place_in_json_is_not_written(encode: Callable[[Any], bytes], value: Any, argument: str) -> None:
    with pytest.raises(CodecError) as raised:
        encode(value)
    assert raised.value.argument == argument


@pytest.mark.parametrize(
    "attributes",
    [
        {"a": value}
        for value in (None, 0.5, float("nan"), Decimal("NaN"), Decimal("-Infinity"), {}, ["x", 1], b"x", ("x",))
    ]
    + [{1: 2}],
)
def test_attributes_that_would_not_come_back_are_not_written(attributes: dict[Any, Any]) -> None:
    with pytest.raises(CodecError, match="attributes"):
        encode_command(EnqueueContact(contact_id="c", queue_id="q", channel="voice", attributes=attributes))
    with pytest.raises(CodecError, match=r"patch\.attributes"):
        encode_command(ChangeContact(contact_id="c", patch=ContactPatch(attributes=attributes)))


def decoded_or_refused(data: bytes | str) -> None:
    """Decode ``data`` in every way; nothing but ``CodecError`` may come out beside the value."""
    for decode in (decode_command, decode_event, decode_timed):
        try:
            decode(data)
            continue
        except CodecError as error:
            refusal = error
        assert str(refusal).encode("utf-8")
        assert refusal.argument


@given(st.binary(max_size=64) | st.text(st.characters(), max_size=64))
def test_any_bytes_are_decoded_or_refused(data: bytes | str) -> None:
    decoded_or_refused(data)


@given(st.data())
def test_any_spoilt_command_or_event_is_decoded_or_refused(data: st.DataObject) -> None:
    whole = data.draw(st.one_of(ANY_COMMAND.map(encode_command), ANY_EVENT.map(encode_event)))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 8)))
    decoded_or_refused(whole[:start] + data.draw(st.binary(max_size=6)) + whole[end:])


FIELD_NAMES = sorted({field.name for kind in COMMANDS for field in msgspec.structs.fields(kind)} | {"type", "at_us"})
TAGS = [str(kind.__struct_config__.tag) for kind in (*COMMANDS, *EVENTS)]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(FIELD_NAMES), VALUES, max_size=5), st.sampled_from([*TAGS, "advance"]))
def test_any_object_with_a_tag_is_decoded_or_refused(fields: dict[str, Any], tag: str) -> None:
    decoded_or_refused(msgspec.json.encode({**fields, "type": tag}))


def test_every_command_and_event_is_in_its_list() -> None:
    assert set(COMMANDS) == set(Command.__subclasses__())
    # The suites for channels have one more, which nobody knows.
    assert set(EVENTS) == {
        event for event in Event.__subclasses__() if not event.__module__.startswith("ccroute.testing")
    }
    assert ContactQueued in EVENTS
