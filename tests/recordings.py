"""Steps as JSON: what ``tests/replay/`` holds and how it is read back.

A file is ``{"config": {…}, "commands": [[at_us, {"type": …, …}], …], "events": […]}``. Beside commands, an entry may be
``[at_us, {"type": "advance"}]``, ``[at_us, {"type": "restore"}]`` or ``[at_us, {"type": "batch", "commands": […]}]``; a
third element ``true`` stands for ``allow_jump=True``. Integer ids are numbers in order of enqueue and of configuration.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ccroute.commands import COMMANDS, Command
from ccroute.config.structs import Agent, AgentChannel, AgentQueue, Channel, Config, EngineSettings, Offer, Queue, Skill
from ccroute.events import ContactQueued, Event
from ccroute.types import KeepsPlace, OfferMode, PendingOffers, Presence, TransferMode
from tests.steps import Advance, Batch, Duel, Handle, Restore, Step

COMMAND_OF = {command.__struct_config__.tag: command for command in COMMANDS}
ENUM_OF: dict[str, Any] = {
    "next_presence": Presence,
    "presence": Presence,
    "offers": PendingOffers,
    "keeps_place": KeepsPlace,
    "mode": TransferMode,
}


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


def run(duel: Duel, steps: list[Step]) -> list[Event]:
    """Take steps on both sides and return the model's events."""
    return [event for step in steps for event in duel.do(step)]


def is_whole(step: Step) -> bool:
    """Tell whether a step is a batch without a malformed command."""
    return isinstance(step, Batch) and step.bad is None


def plain(event: Event) -> dict[str, Any]:
    """Return an event as JSON has it, without the handle that only its engine knows."""
    bare = msgspec.structs.replace(event, handle=0) if isinstance(event, ContactQueued) else event
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
    return Config(
        engine=EngineSettings(**given.get("engine", {})),
        skills={id_: Skill() for id_ in given.get("skills", {})},
        channels={id_: Channel(**channel) for id_, channel in given.get("channels", {}).items()},
        queues={id_: _read_queue(queue) for id_, queue in given.get("queues", {}).items()},
        agents={id_: _read_agent(agent) for id_, agent in given.get("agents", {}).items()},
    )


def _read_queue(given: dict[str, Any]) -> Queue:
    fields = dict(given)
    offer = dict(fields.pop("offer", {}))
    if "mode" in offer:
        offer["mode"] = OfferMode(offer["mode"])
    if "keeps_place" in fields:
        fields["keeps_place"] = KeepsPlace(fields["keeps_place"])
    return Queue(offer=Offer(**offer), **fields)


def _read_agent(given: dict[str, Any]) -> Agent:
    fields = dict(given)
    queues = {
        id_: AgentQueue(**rank) if isinstance(rank, dict) else rank for id_, rank in fields.pop("queues", {}).items()
    }
    channels = {id_: AgentChannel(**channel) for id_, channel in fields.pop("channels", {}).items()}
    return Agent(queues=queues, channels=channels, **fields)


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
    fields = {name: value for name, value in given.items() if name != "type"}
    for name, enum in ENUM_OF.items():
        if fields.get(name) is not None:
            fields[name] = enum(fields[name])
    return COMMAND_OF[given["type"]](**fields)
