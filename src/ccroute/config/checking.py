"""Every fault of a configuration at once, in the order of its keys."""

from __future__ import annotations

from typing import Any

from ccroute.config.channels import BUILT_IN_CHANNELS
from ccroute.config.reader import Kind, Names, Reader
from ccroute.config.schema import CONFIG
from ccroute.config.structs import Agent, Config, EngineSettings
from ccroute.errors import ConfigFault, WrongType
from ccroute.types import AGENTS_LIMIT, CHANNELS_MAX, SKILLS_MAX

__all__ = ["check", "read_table"]


def check(config: Config) -> list[ConfigFault]:
    """Return every fault of a configuration that was built from structs, in the order of its fields.

    Values must have their final types: durations are integers of microseconds, enums are enums. O(size), no faults for
    a configuration that was read by ``from_toml``, ``from_json``, ``from_dict`` or ``from_file``.

    :raises WrongType: ``config`` is no :class:`Config`.
    """
    if type(config) is not Config:
        raise WrongType("config", config, "a Config")
    return _walk(config, exact=True)[1]


def read_table(table: dict[Any, Any]) -> tuple[Config | None, list[ConfigFault]]:
    """Return the configuration that ``table`` holds and no faults, or None and every fault."""
    read, faults = _walk(table, exact=False)
    return (read if isinstance(read, Config) and not faults else None), faults


def _walk(whole: object, *, exact: bool) -> tuple[object, list[ConfigFault]]:
    reader = Reader(_names(whole), exact=exact)
    read = CONFIG.read(whole, None, reader)
    _count(whole, reader)
    return read, reader.faults


def _count(whole: object, reader: Reader) -> None:
    agents_max = _part(_part(whole, "engine"), "agents_max")
    if type(agents_max) is not int or not 1 <= agents_max <= AGENTS_LIMIT:
        agents_max = EngineSettings().agents_max
    limits = {
        Kind.AGENT: ("agents", agents_max, "agents_max"),
        Kind.CHANNEL: ("channels", CHANNELS_MAX, "channels with the built-in ones"),
        Kind.SKILL: ("skills", SKILLS_MAX, "skills, declared or had by an agent"),
    }
    for kind, (key, most, words) in limits.items():
        if (count := len(reader.names[kind])) > most:
            reader.fault((None, key), f"must be at most {most} ({words}), were {count}")


def _names(whole: object) -> Names:
    """Return every name that ``whole`` declares, whatever else may be wrong with it."""
    agents = _table(whole, "agents")
    skills = dict.fromkeys(_keys(_table(whole, "skills")))
    for agent in agents.values():
        skills.update(dict.fromkeys(_keys(_table(agent, "skills"))))
    return {
        Kind.AGENT: dict.fromkeys(_keys(agents)),
        Kind.CHANNEL: dict.fromkeys([*BUILT_IN_CHANNELS, *_keys(_table(whole, "channels"))]),
        Kind.QUEUE: dict.fromkeys(_keys(_table(whole, "queues"))),
        Kind.SKILL: skills,
    }


def _table(value: object, key: str) -> dict[Any, Any]:
    part = _part(value, key)
    return part if type(part) is dict else {}


def _part(value: object, key: str) -> object:
    if type(value) is dict:
        return value.get(key)
    # `is`, because the type of a caller's own type may compare in any way.
    return getattr(value, key, None) if any(type(value) is kind for kind in (Config, EngineSettings, Agent)) else None


def _keys(table: dict[Any, Any]) -> list[str]:
    return [key for key in table if type(key) is str]
