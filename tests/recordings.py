"""Steps as JSON: what ``tests/replay/`` holds and how it is read back.

A file is ``{"config": {…}, "commands": [[at_us, {"type": …, …}], …], "events": […]}``. Beside commands, an entry may be
``[at_us, {"type": "advance"}]``, ``[at_us, {"type": "restore"}]`` or ``[at_us, {"type": "batch", "commands": […]}]``; a
third element ``true`` stands for ``allow_jump=True``. Integer ids are numbers in order of enqueue and of configuration.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ccroute.commands import AnyCommand, Command
from ccroute.config.structs import Config
from ccroute.events import ContactParked, ContactQueued, Event
from tests.steps import Advance, Batch, Handle, Restore, Solo, Step


def write(path: Path, config: Config, steps: list[Step], events: list[Event]) -> None:
    """Write a case; malformed commands and batches with one have no place in it."""
    kept = [step for step in steps if isinstance(step, Handle | Advance | Restore) or is_whole(step)]
    case = {
        "config": _without_defaults(config),
        "commands": [_entry(step) for step in kept],
        "events": [plain(event) for event in events],
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(case), indent=1) + b"\n")


def read(path: Path) -> tuple[Config, list[Step], list[dict[str, Any]]]:
    """Return the configuration, the steps and the events of a case."""
    case = msgspec.json.decode(path.read_bytes())
    return read_config(case["config"]), [_step(*entry) for entry in case["commands"]], case["events"]


def run(duel: Solo, steps: list[Step]) -> list[Event]:
    """Take steps on both sides and return the model's events."""
    return [event for step in steps for event in duel.do(step)]


def is_whole(step: Step) -> bool:
    """Tell whether a step is a batch without a malformed command."""
    return isinstance(step, Batch) and step.bad is None


def plain(event: Event) -> dict[str, Any]:
    """Return an event as JSON has it, without the handle that only its engine knows."""
    has_handle = isinstance(event, ContactQueued | ContactParked)
    bare = msgspec.structs.replace(event, handle=0) if has_handle else event
    built: dict[str, Any] = msgspec.to_builtins(bare)
    return built


def _without_defaults(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        defaults = {field.name: field for field in msgspec.structs.fields(value)}
        return {
            name: _without_defaults(getattr(value, name))
            for name, field in defaults.items()
            if getattr(value, name) != default_of(field)
        }
    if isinstance(value, dict):
        return {key: _without_defaults(item) for key, item in value.items()}
    return msgspec.to_builtins(value)


def default_of(field: msgspec.structs.FieldInfo) -> Any:
    """Return the default of a field of a struct."""
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def read_config(given: dict[str, Any]) -> Config:
    """Build a configuration from what JSON says of it."""
    return msgspec.convert(given, Config)


def _entry(step: Step) -> list[Any]:
    match step:
        case Handle():
            entry = [step.at_us, msgspec.to_builtins(step.command)]
        case Advance():
            entry = [step.to_us, {"type": "advance"}]
        case Batch():
            pairs = [[at_us, msgspec.to_builtins(command)] for command, at_us in step.pairs]
            entry = [max((at_us for _, at_us in step.pairs), default=0), {"type": "batch", "commands": pairs}]
        case _:
            return [0, {"type": "restore"}]
    return [*entry, True] if step.allow_jump else entry


def _step(at_us: int, given: dict[str, Any], allow_jump: bool = False) -> Step:
    kind = given["type"]
    if kind == "advance":
        return Advance(at_us, allow_jump)
    if kind == "restore":
        return Restore()
    if kind == "batch":
        pairs = tuple((read_command(command), each_at_us) for each_at_us, command in given["commands"])
        return Batch(pairs, None, allow_jump)
    return Handle(read_command(given), at_us, allow_jump)


def read_command(given: dict[str, Any]) -> Command:
    """Build a command from what JSON says of it."""
    return msgspec.convert(given, AnyCommand)  # type: ignore[no-any-return]
