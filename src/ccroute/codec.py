"""Commands and events as JSON, one object each, with the tag as ``type``; and lines of commands with their time.

Reading checks types, names and tags; what a value may be beyond that (ranges, lengths, known names) the engine checks.
Numbers keep their kind: an integer stays an integer, a number with a fraction or an exponent becomes an exact
``Decimal`` in attributes and is a fault anywhere else. Of a key that stands twice in an object the last one counts.
Unknown fields of an event are passed over, those of a command are faults. The condition of a step of a plan is written
``if_``, and may also be read as ``if``.
"""

from __future__ import annotations

import enum
import re
from decimal import Decimal
from typing import Any, Final, get_args

import msgspec

from ccroute.commands import (
    COMMANDS,
    AnyCommand,
    ChangeContact,
    Command,
    Configure,
    ContactPatch,
    EnqueueContact,
    PutAgent,
    PutQueue,
)
from ccroute.config.structs import Agent, Config, PlanStep, Queue
from ccroute.errors import CodecError
from ccroute.events import EVENTS, AnyEvent, Event

__all__ = ["decode_command", "decode_event", "decode_timed", "encode_command", "encode_event", "encode_timed"]

ADVANCE: Final = "advance"
"""The ``type`` of a line that only moves time."""

_commands: Final[msgspec.json.Decoder[AnyCommand]] = msgspec.json.Decoder(AnyCommand, float_hook=Decimal)
_events: Final[msgspec.json.Decoder[AnyEvent]] = msgspec.json.Decoder(AnyEvent, float_hook=Decimal)
_plain: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(float_hook=Decimal)
_STRUCT_TYPE: Final = type(msgspec.Struct)
_encoder: Final = msgspec.json.Encoder(decimal_format="number")

_COMMAND_TYPES: Final[dict[str, type[msgspec.Struct]]] = {str(kind.__struct_config__.tag): kind for kind in COMMANDS}
_EVENT_TYPES: Final[dict[str, type[msgspec.Struct]]] = {str(kind.__struct_config__.tag): kind for kind in EVENTS}

# All that msgspec and Decimal raise for bad input: not JSON, wrong types, bad Unicode, an integer too long to convert
# (ValueError), an exponent that Decimal cannot hold (ArithmeticError), nesting too deep.
_BAD_INPUT: Final = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)

_NAME_SHOWN_MAX: Final = 80
_SHORT_IF: Final = "contains unknown field `if`"
_ATTRIBUTE: Final = "true, false, text, a number or a list of texts"
_PLACE: Final = re.compile(r" - at (?:`key` in )?`\$\.?(.*)`$")
_INDEX: Final = re.compile(r"\[[^]]*\]")
_EXPECTED: Final = re.compile(r"Expected `([^`]+)`")
_FIELD: Final = re.compile(r"Object (missing required|contains unknown) field `([^`]*)`")


def decode_command(data: bytes | str) -> Command:
    """Return the command in ``data``, one JSON object.

    :raises CodecError: ``data`` is no command; ``argument`` names the field, as in ``scores`` or ``excluded[0]``.
    """
    _check_text(data)
    try:
        command: Command = _commands.decode(data)
    except _BAD_INPUT as error:
        fields = _reread(data) if _SHORT_IF in str(error) else None
        if type(fields) is not dict:
            raise _fault(data, error, _COMMAND_TYPES) from error
        command = _converted(fields)
    _check_attributes(command)
    return command


def encode_command(command: Command) -> bytes:
    """Return ``command`` as one JSON object without line breaks; fields with their default are left out.

    :raises CodecError: ``command`` is no command, or a field has a value that would not be read back.
    """
    if not _is_one_of(command, COMMANDS):
        raise CodecError("command", command, "a command")
    _check_attributes(command)
    written = _encoded("command", command)
    # JSON has one word for NaN and nothing, and one kind of list: what would not be read back is told here.
    try:
        is_same = decode_command(written) == command
    except CodecError as error:
        if error.argument == "data":
            raise CodecError("command", command, "a command of values that JSON can hold") from error
        raise
    if not is_same:
        raise CodecError("command", command, "a command whose fields have the types that are stated for them")
    return written


def decode_event(data: bytes | str) -> Event:
    """Return the event in ``data``, one JSON object.

    :raises CodecError: ``data`` is no event; ``argument`` names the field.
    """
    _check_text(data)
    try:
        return _events.decode(data)
    except _BAD_INPUT as error:
        raise _fault(data, error, _EVENT_TYPES) from error


def encode_event(event: Event) -> bytes:
    """Return ``event`` as one JSON object without line breaks; fields that default to None are left out where None.

    :raises CodecError: ``event`` is no event, or a value has no place in JSON.
    """
    if not _is_one_of(event, EVENTS):
        raise CodecError("event", event, "an event")
    return _encoded("event", event)


def decode_timed(line: bytes | str) -> tuple[Command | None, int]:
    """Return the command of one line and its time; None instead of a command where the line only moves time.

    A line is a command with ``at_us`` beside its fields, or ``{"at_us": 5, "type": "advance"}``. The time is an integer
    of any size; the engine checks its range.

    :raises CodecError: ``line`` is neither; ``argument`` names the field.
    """
    _check_text(line)
    try:
        fields = _plain.decode(line)
    except _BAD_INPUT as error:
        raise _fault(line, error, _COMMAND_TYPES) from error
    if type(fields) is not dict:
        raise CodecError("data", fields, "a JSON object")
    at_us = fields.pop("at_us", None)
    if type(at_us) is not int:
        raise CodecError("at_us", at_us, "an integer of microseconds")
    if fields.get("type") == ADVANCE:
        for name in (name for name in fields if name != "type"):
            raise CodecError(name, fields[name], f"left out: {ADVANCE} takes only at_us")
        return None, at_us
    command = _converted(fields)
    _check_attributes(command)
    return command, at_us


def encode_timed(command: Command | None, at_us: int) -> bytes:
    """Return the line, without a line break, that :func:`decode_timed` reads as ``(command, at_us)``.

    :raises CodecError: ``command`` is neither a command nor None, or a value has no place in JSON.
    """
    if type(at_us) is not int:
        raise CodecError("at_us", at_us, "an integer of microseconds")
    rest = _encoded("type", {"type": ADVANCE}) if command is None else encode_command(command)
    return b'{"at_us":%b,%b' % (_encoded("at_us", at_us), rest[1:])


def _converted(fields: dict[str, Any]) -> Command:
    """Return the command of a table that was read without types."""
    _spell_out(fields)
    try:
        # The struct itself where its tag is known: converting to the union costs thirty times as much.
        kind = fields.get("type")
        target: Any = _COMMAND_TYPES.get(kind, AnyCommand) if type(kind) is str else AnyCommand
        command: Command = msgspec.convert(fields, target)
    except _BAD_INPUT as error:
        raise _fault(fields, error, _COMMAND_TYPES) from error
    return command


def _spell_out(fields: dict[str, Any]) -> None:
    """Write ``if`` as ``if_`` in every step of a plan in a table that holds a command."""
    owners = [owner for owner in (fields, fields.get("patch"), fields.get("config")) if type(owner) is dict]
    if type(config := fields.get("config")) is dict and type(queues := config.get("queues")) is dict:
        owners += [queue for queue in queues.values() if type(queue) is dict]
    for owner in owners:
        for step in owner["plan"] if type(owner.get("plan")) is list else ():
            if type(step) is dict and "if" in step and "if_" not in step:
                step["if_"] = step.pop("if")


def _is_one_of(value: object, kinds: tuple[type[msgspec.Struct], ...]) -> bool:
    # The type of a caller's own type may compare in any way, so that only types of structs are looked for.
    return type(type(value)) is _STRUCT_TYPE and type(value) in kinds


def _check_text(data: object) -> None:
    if type(data) is not bytes and type(data) is not str:
        raise CodecError("data", data, "bytes or str")


def _check_attributes(command: Command) -> None:
    """Refuse what the declared type of attributes excludes; msgspec cannot check a union of str and Decimal."""
    if type(command) is EnqueueContact:
        _check_table("attributes", command.attributes)
        _check_steps("plan", command.plan)
    elif type(command) is ChangeContact and type(command.patch) is ContactPatch:
        _check_table("patch.attributes", command.patch.attributes)
        _check_steps("patch.plan", command.patch.plan)
    elif type(command) is Configure and type(command.config) is Config:
        for kind, entries in (("queues", command.config.queues), ("agents", command.config.agents)):
            for name, entry in entries.items() if type(entries) is dict else ():
                _check_entry(f"config.{kind}[{str(name)[:_NAME_SHOWN_MAX]}]", entry)
    elif type(command) is PutQueue or type(command) is PutAgent:
        _check_entry("config", command.config)


def _check_entry(argument: str, entry: object) -> None:
    if type(entry) is Queue or type(entry) is Agent:
        _check_table(f"{argument}.attributes", entry.attributes)
    if type(entry) is Queue:
        _check_steps(f"{argument}.plan", entry.plan)


def _check_steps(argument: str, steps: object) -> None:
    for index, step in enumerate(steps if type(steps) is list else ()):
        if type(step) is PlanStep:
            _check_table(f"{argument}[{index}].attributes", step.attributes)


def _check_table(argument: str, attributes: object) -> None:
    if type(attributes) is not dict:  # not given; or no table, which is told elsewhere
        return
    for name, value in attributes.items():
        if type(name) is not str:
            raise CodecError(argument, name, "a table with texts as names")
        kind = type(value)
        if kind is bool or kind is str or kind is int:
            continue
        if type(value) is Decimal and value.is_finite():
            continue
        if type(value) is list and all(type(text) is str for text in value):
            continue
        raise CodecError(f"{argument}[{name[:_NAME_SHOWN_MAX]}]", value, _ATTRIBUTE)


def _encoded(argument: str, value: object) -> bytes:
    try:
        return _encoder.encode(value)
    except (*_BAD_INPUT, TypeError) as error:
        raise CodecError(argument, value, f"what JSON can hold ({error})") from error


def _fault(data: object, error: Exception, types: dict[str, type[msgspec.Struct]]) -> CodecError:
    """Turn what msgspec says into an error that names the field, the value, and what is allowed.

    The data is read once more without types, for the value; that happens only where the input is bad.
    """
    if not isinstance(error, msgspec.ValidationError):
        return CodecError("data", data, f"a JSON object ({error})")
    message = str(error)
    fields = data if isinstance(data, dict) else _reread(data)
    found = _PLACE.search(message)
    place = found[1] if found else ""
    if (field := _FIELD.match(message)) is not None:
        name = f"{place}.{field[2]}" if place else field[2]
        if field[1] == "missing required":
            return CodecError(name, None, "given")
        return CodecError(name, _follow(fields, name), f"left out: {_tag(fields)} has no such field")
    if place == "type":
        return CodecError("type", _follow(fields, place), f"one of {', '.join(types)}")
    return CodecError(place or "data", _follow(fields, place), _allowed(message, place, types.get(_tag(fields))))


def _reread(data: object) -> object:
    try:
        return _plain.decode(data) if isinstance(data, (bytes, str)) else None
    except _BAD_INPUT:
        return None


def _tag(fields: object) -> str:
    return str(fields.get("type")) if isinstance(fields, dict) else ""


def _follow(fields: object, place: str) -> object:
    """Return the value at ``place``, as far as its steps say; ``[...]`` is some entry, so the way ends there."""
    value = fields
    for step in re.findall(r"[^.\[\]]+", place):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
    return value


def _allowed(message: str, place: str, struct: type[msgspec.Struct] | None) -> str:
    expected = _EXPECTED.search(message)
    if expected is not None:
        return expected[1]
    choices = [str(choice) for kind in _types_at(struct, place) if issubclass(kind, enum.Enum) for choice in kind]
    return "one of " + ", ".join(choices) if choices else f"what the field takes ({message})"


def _types_at(struct: type[msgspec.Struct] | None, place: str) -> list[type]:
    """Return the plain types that a struct declares at ``place``; of a list or a table those of its entries."""
    kinds: list[type] = [] if struct is None else [struct]
    for step in _INDEX.sub("", place).split("."):
        fields = [field for kind in kinds if issubclass(kind, msgspec.Struct) for field in msgspec.structs.fields(kind)]
        kinds = [kind for field in fields if field.name == step for kind in _plain_types(field.type)]
    return kinds


def _plain_types(annotation: Any) -> list[type]:
    """Return the classes in an annotation, those of its arguments included."""
    if isinstance(annotation, type) and not get_args(annotation):
        return [annotation]
    return [kind for part in get_args(annotation) for kind in _plain_types(part)]
