"""What one part of a configuration must know of its other parts, gathered before the walk, whatever may be wrong."""

from __future__ import annotations

import enum
from typing import Any, Final, NamedTuple, TypeAlias

from ccroute.config.channels import BUILT_IN_CHANNELS
from ccroute.config.circles import Overflow, Way, looping
from ccroute.config.structs import Agent, Channel, Config, EngineSettings, Hours, PlanStep, Queue
from ccroute.types import AGENTS_LIMIT, CHANNELS_MAX, PLAN_STEPS_MAX, ClosedAction, Order, PlanOnOverflow

__all__ = ["Kind", "Names", "Surroundings", "surroundings_of"]


class Kind(enum.StrEnum):
    """Kinds of names that one part of a configuration declares and another part uses."""

    AGENT = "agent"
    CHANNEL = "channel"
    QUEUE = "queue"
    SKILL = "skill"


Names: TypeAlias = dict[Kind, dict[str, None]]
"""All names of each kind, in order of declaration."""

Edge: TypeAlias = tuple[str, int]
"""An entry of a channel's ``interrupts``: the channel and the index."""


class Surroundings(NamedTuple):
    """What rules look up that lies outside the value they read."""

    names: Names
    """What is declared."""
    agents_max: int
    """The limit in force; the default where it is faulty."""
    is_rank_first: bool
    """``engine.order`` is ``rank``."""
    suspendable: dict[str, bool]
    """By channel, whether its work can be suspended; true where what is said about it is faulty."""
    closing: dict[Edge, None]
    """Entries of ``interrupts`` by which a channel would come back to itself, given the entries before them."""
    draining: dict[str, None]
    """Queues that take no new contacts."""
    looping: dict[Overflow, None]
    """Overflows that would send contacts round for ever."""


def surroundings_of(whole: object) -> Surroundings:
    """Return what the parts of ``whole``, a table or a :class:`Config`, say to each other."""
    engine = _part(whole, "engine")
    agents_max = _part(engine, "agents_max")
    if type(agents_max) is not int or not 1 <= agents_max <= AGENTS_LIMIT:
        agents_max = EngineSettings().agents_max
    order = _part(engine, "order")
    channels = {id_: entry for id_, entry in _table(whole, "channels").items() if type(id_) is str}
    queues = {id_: entry for id_, entry in _table(whole, "queues").items() if type(id_) is str}
    return Surroundings(
        names=_names(whole),
        agents_max=agents_max,
        is_rank_first=order is Order.RANK or (type(order) is str and order == Order.RANK),
        suspendable={id_: _is_suspendable(id_, channels.get(id_)) for id_ in (*BUILT_IN_CHANNELS, *channels)},
        closing=_closing(channels),
        draining=dict.fromkeys(id_ for id_, queue in queues.items() if _part(queue, "draining") is True),
        looping=looping({id_: _ways(queue) for id_, queue in queues.items()}),
    )


def _names(whole: object) -> Names:
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


def _is_suspendable(id_: str, entry: object) -> bool:
    suspendable, live = _part(entry, "suspendable"), _part(entry, "live")
    if suspendable is not None:
        return suspendable is not False
    if live is None:
        return not BUILT_IN_CHANNELS.get(id_, _NOTHING).live
    return live is not True


def _closing(channels: dict[str, object]) -> dict[Edge, None]:
    """Return the closing entries; none where there are more channels than may be, which is a fault of its own."""
    closing: dict[Edge, None] = {}
    if len(channels) > CHANNELS_MAX:
        return closing
    reached: dict[str, dict[str, None]] = {id_: {id_: None} for id_ in channels}
    for id_, entry in channels.items():
        for index, other in enumerate(_texts(_part(entry, "interrupts"))):
            if other is None or other not in reached:
                continue
            if id_ in reached[other]:
                closing[id_, index] = None
                continue
            for others in reached.values():
                if id_ in others:
                    others.update(reached[other])
    return closing


def _ways(queue: object) -> list[Way]:
    """Return the ways out of a queue into others: by the steps of its plan in order, then by its hours."""
    steps = _part(queue, "plan")
    ways: list[tuple[int | None, object]] = []
    if type(steps) is list:
        ways += enumerate(steps[:PLAN_STEPS_MAX])
    hours = _part(queue, "hours")
    if _is_member(_part(hours, "closed"), ClosedAction.OVERFLOW):
        ways.append((None, hours))
    told = [(index, _part(way, "queue"), _is_member(_part(way, "plan"), PlanOnOverflow.KEEP)) for index, way in ways]
    return [Way(index, other, keeps) for index, other, keeps in told if type(other) is str]


def _is_member(value: object, member: enum.StrEnum) -> bool:
    return value is member or (type(value) is str and value == member)


def _texts(value: object) -> list[str | None]:
    """Return the first entries of a list, None for what is no text; what is longer names some channel twice."""
    return [text if type(text) is str else None for text in value[:CHANNELS_MAX]] if type(value) is list else []


def _table(value: object, key: str) -> dict[Any, Any]:
    part = _part(value, key)
    return part if type(part) is dict else {}


def _part(value: object, key: str) -> object:
    if type(value) is dict:
        return value.get(key)
    # `is`, because the type of a caller's own type may compare in any way.
    return getattr(value, key, None) if any(type(value) is kind for kind in _STRUCTS) else None


def _keys(table: dict[Any, Any]) -> list[str]:
    return [key for key in table if type(key) is str]


_NOTHING: Final = Channel()
_STRUCTS: Final = (Config, EngineSettings, Channel, Agent, Queue, PlanStep, Hours)
