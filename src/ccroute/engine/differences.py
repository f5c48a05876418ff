"""Differences: which entries of a configuration a command puts in, and which it takes out. Nothing here moves."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from ccroute.config import Config, EngineSettings, PlanStep, Queue, Records
from ccroute.config.entries import Entry, is_same
from ccroute.config.reader import rendered

__all__ = [
    "NOTHING",
    "SECTIONS",
    "Difference",
    "Part",
    "between",
    "in_force",
    "key_path",
    "of_entry",
    "queue_without_agents",
    "without_agent",
    "without_queue",
]

SECTIONS: Final = ("skills", "channels", "queues", "agents")
"""Sections of named entries, in the order of ``Config``."""


class Part(NamedTuple):
    """What differs in one section."""

    put: dict[str, Any]
    """Entries that are new or other than before, by name, in the order of the new configuration."""
    removed: tuple[str, ...]
    """Names of entries that are gone, in the order of the configuration before."""


NOTHING: Final = Part({}, ())
"""A section that is as before."""

_Parts: TypeAlias = dict[str, Part]


class Difference(NamedTuple):
    """What is other in a new configuration than in the present one."""

    parts: _Parts
    """By section; a section without an entry here is as before."""
    engine: EngineSettings | None = None
    """New settings of the engine, None where they are as before."""
    records: Records | None = None
    """New ways to read records, None where they are as before; the engine does not read them."""

    order: Config | None = None
    """A configuration in whose order entries are from now on; None: what is there keeps its order."""

    def part(self, section: str) -> Part:
        """Return what differs in a section."""
        return self.parts.get(section, NOTHING)

    def is_nothing(self) -> bool:
        """Say whether all is as before, as far as the engine goes."""
        return self.engine is None and not any(part.put or part.removed for part in self.parts.values())

    def changed(self) -> list[str]:
        """Return the key paths of what is new or other, in the order of ``Config``."""
        paths = [key_path(section, id_) for section in SECTIONS for id_ in self.part(section).put]
        return ["engine", *paths] if self.engine is not None else paths

    def removed(self) -> list[str]:
        """Return the key paths of what is gone, in the order of ``Config``."""
        return [key_path(section, id_) for section in SECTIONS for id_ in self.part(section).removed]


def key_path(section: str, id_: str) -> str:
    """Return where an entry stands, as in ``queues.loans``."""
    return rendered(((None, section), id_))


def between(old: Config, new: Config) -> Difference:
    """Return how two configurations differ. O(entries)."""
    parts = {}
    for section in SECTIONS:
        before: dict[str, Entry] = getattr(old, section)
        after: dict[str, Entry] = getattr(new, section)
        put = {id_: entry for id_, entry in after.items() if not is_same(section, id_, before.get(id_), entry)}
        removed = tuple(id_ for id_ in before if id_ not in after)
        if put or removed:
            parts[section] = Part(put, removed)
    return Difference(
        parts,
        engine=None if old.engine == new.engine else new.engine,
        records=None if old.records == new.records else new.records,
        order=new,
    )


def of_entry(old: Config, section: str, id_: str, entry: Entry) -> Difference:
    """Return what is other when an entry is put in."""
    is_known = is_same(section, id_, getattr(old, section).get(id_), entry)
    return Difference({} if is_known else {section: Part({id_: entry}, ())})


def without_queue(old: Config, queue_id: str) -> Difference:
    """Return what is other without a queue: agents do not serve it any more. O(agents)."""
    return Difference(
        {
            "queues": Part({}, (queue_id,)),
            "agents": Part(
                {
                    id_: replace(agent, queues={one: how for one, how in agent.queues.items() if one != queue_id})
                    for id_, agent in old.agents.items()
                    if queue_id in agent.queues
                },
                (),
            ),
        }
    )


def without_agent(old: Config, agent_id: str) -> Difference:
    """Return what is other without an agent: no queue names it any more. O(queues)."""
    put = {}
    for id_, queue in old.queues.items():
        cleared = queue_without_agents(queue, [agent_id])
        if cleared != queue:
            put[id_] = cleared
    return Difference({"queues": Part(put, ()), "agents": Part({}, (agent_id,))})


def queue_without_agents(queue: Queue, agent_ids: Collection[str]) -> Queue:
    """Return a queue that names some agents no more."""
    return replace(
        queue,
        order_list=_but(queue.order_list, agent_ids),
        plan=[_step_without(step, agent_ids) for step in queue.plan],
    )


def _but(names: list[str], gone: Collection[str]) -> list[str]:
    return [one for one in names if one not in gone]


def _step_without(step: PlanStep, gone: Collection[str]) -> PlanStep:
    scores = step.scores
    return replace(
        step,
        preferred=None if step.preferred is None else _but(step.preferred, gone),
        excluded=None if step.excluded is None else _but(step.excluded, gone),
        scores=None if scores is None else {one: score for one, score in scores.items() if one not in gone},
    )


def in_force(old: Config, difference: Difference) -> Config:
    """Return the configuration as it is with a difference; what was there keeps its order, what is new comes behind."""
    sections: dict[str, Any] = {}
    for section, part in difference.parts.items():
        entries = getattr(old, section) | part.put
        for id_ in part.removed:
            del entries[id_]
        sections[section] = entries
    if difference.engine is not None:
        sections["engine"] = difference.engine
    if difference.records is not None:
        sections["records"] = difference.records
    return replace(old, **sections)
