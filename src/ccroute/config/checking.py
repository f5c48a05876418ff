"""Every fault of a configuration at once, in the order of its keys."""

from __future__ import annotations

from typing import Any

from ccroute.config.reader import Reader, rendered
from ccroute.config.schema import CONFIG
from ccroute.config.structs import Config
from ccroute.config.surroundings import Kind, surroundings_of
from ccroute.errors import ConfigFault, WrongType
from ccroute.types import AFTER_STEPS_MAX, CHANNELS_MAX, SKILLS_MAX

__all__ = ["check", "read_table", "unresolved"]


def check(config: Config) -> list[ConfigFault]:
    """Return every fault of a configuration that was built from structs, in the order of its fields.

    Values must have their final types: durations are integers of microseconds, enums are enums. O(size), no faults for
    a configuration that was read by ``from_toml``, ``from_json``, ``from_dict`` or ``from_file``.

    :raises WrongType: ``config`` is no :class:`Config`.
    """
    if type(config) is not Config:
        raise WrongType("config", config, "a Config")
    return _walk(config, exact=True)[1]


def unresolved(config: Config) -> list[ConfigFault]:
    """Return a fault for every queue whose hours are not resolved to moments, which an engine cannot take."""
    message = "is not resolved to moments; use ccroute.calendars.resolve"
    return [
        ConfigFault(rendered((((None, "queues"), id_), "hours")), message)
        for id_, queue in config.queues.items()
        if queue.hours is not None and queue.hours.spans is None
    ]


def read_table(table: dict[Any, Any]) -> tuple[Config | None, list[ConfigFault]]:
    """Return the configuration that ``table`` holds and no faults, or None and every fault."""
    read, faults = _walk(table, exact=False)
    return (read if isinstance(read, Config) and not faults else None), faults


def _walk(whole: object, *, exact: bool) -> tuple[object, list[ConfigFault]]:
    reader = Reader(surroundings_of(whole), exact=exact)
    read = CONFIG.read(whole, None, reader)
    _count(reader)
    if isinstance(read, Config) and not reader.faults:
        _count_steps(read, reader)
    return read, reader.faults


def _count_steps(config: Config, reader: Reader) -> None:
    """Tell the agents whose ``after_us`` would be one more than a queue can tell apart."""
    steps: dict[str, dict[int, None]] = {}
    for agent_id, agent in config.agents.items():
        for queue_id, served in agent.queues.items():
            if isinstance(served, int) or served.after_us == 0:
                continue
            known = steps.setdefault(queue_id, {})
            if served.after_us not in known and len(known) == AFTER_STEPS_MAX:
                path = (((((None, "agents"), agent_id), "queues"), queue_id), "after_us")
                reader.fault(
                    path, f"must be one of the {AFTER_STEPS_MAX} that agents before have, were {served.after_us}"
                )
            else:
                known[served.after_us] = None


def _count(reader: Reader) -> None:
    limits = {
        Kind.AGENT: ("agents", reader.around.agents_max, "agents_max"),
        Kind.CHANNEL: ("channels", CHANNELS_MAX, "channels with the built-in ones"),
        Kind.SKILL: ("skills", SKILLS_MAX, "skills, declared or had by an agent"),
    }
    for kind, (key, most, words) in limits.items():
        if (count := len(reader.around.names[kind])) > most:
            reader.fault((None, key), f"must be at most {most} ({words}), were {count}")
