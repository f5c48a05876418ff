"""Single entries of a configuration: checked, and copied, in the light of everything around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from ccroute.config.reader import Path, Reader
from ccroute.config.reading import to_dict
from ccroute.config.rules import Table
from ccroute.config.schema import CONFIG
from ccroute.config.structs import Agent, Channel, Config, Queue, Skill
from ccroute.config.surroundings import Kind, Surroundings, surroundings_of
from ccroute.errors import ConfigFault

__all__ = ["Around", "Entry", "around", "copy_of", "faults_of", "is_same"]

Entry = Agent | Channel | Queue | Skill
"""What stands under a name in one of the sections."""

Around = Surroundings
"""What rules look up that lies outside the entry they read."""

_AGENT: Final = Agent()


def around(config: Config, agents: dict[str, Any], skills: Iterable[str]) -> Around:
    """Return what lies around the entries of a configuration, whose agents are not looked at: they are ``agents``.

    O(queues + channels + skills).

    :param skills: declared, or had by an agent.
    """
    found = surroundings_of(msgspec.structs.replace(config, agents={}))
    return found._replace(names=found.names | {Kind.AGENT: agents, Kind.SKILL: dict.fromkeys(skills)})


def faults_of(entries: Mapping[str, Mapping[str, object]], found: Around) -> list[ConfigFault]:
    """Return the faults of some entries by section and name, in order, each with what lies around it."""
    reader = Reader(found, exact=True)
    for section, named in entries.items():
        table = _table(section)
        for id_, entry in named.items():
            path: Path = ((None, section), id_)
            table.keys.read(id_, path, reader)
            table.values.read(entry, path, reader)
    return reader.faults


def copy_of(section: str, id_: str, entry: Entry, found: Around) -> Entry:
    """Return a copy of an entry without faults, as it would be read from a file, which nobody else can change."""
    plain = to_dict(msgspec.structs.replace(Config(), **{section: {id_: entry}}))[section][id_]
    copy = _table(section).values.read(plain, ((None, section), id_), Reader(found, exact=False))
    assert isinstance(copy, Entry)
    return copy


def is_same(section: str, id_: str, one: Entry | None, other: Entry | None) -> bool:
    """Say whether two entries say the same; true is not 1 here, and the order of names says nothing."""
    if one is None or other is None or one != other:
        return one is other
    if isinstance(one, Agent) and isinstance(other, Agent) and not one.attributes:
        return True
    return _plain(section, id_, one) == _plain(section, id_, other)


def _plain(section: str, id_: str, entry: Entry) -> bytes:
    return msgspec.json.encode(to_dict(msgspec.structs.replace(Config(), **{section: {id_: entry}})), order="sorted")


def _table(section: str) -> Table:
    table = CONFIG.fields[section]
    assert isinstance(table, Table)
    return table
