"""What the configuration in force says across its entries, kept up to date with each change of one.

Slots of queues, channels and agents never move. A new entry gets the next slot; a queue or channel that comes back gets
its old one. The slot of an agent that was removed stays empty, so that the slots of agents are in order of creation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

import msgspec

from ccroute.config import Agent, AgentQueue, Config, Queue, ResolvedChannel, resolve_select, resolved_channels
from ccroute.config.entries import Around
from ccroute.engine.differences import NOTHING, SECTIONS, Difference, Part, key_path
from ccroute.engine.profiles import Service
from ccroute.requirement import AgentView
from ccroute.types import CHANNELS_MAX, SelectKey

__all__ = ["NOBODY", "NO_QUEUE", "PolicyTerms", "Select", "Slots", "Standing", "Told", "view_of"]

_Key = TypeVar("_Key", str, int)

CALLBACK: Final = "callback"
"""The channel of callbacks."""

NOBODY: Final = ""
"""In the place of the id of an agent that was removed."""

NO_QUEUE: Final = ""
"""In the place of the id of a queue, for contacts put aside without one."""

_UNLISTED: Final = 2**31 - 1
_KEY_CODES: Final = {
    SelectKey.IDLE: 0,
    SelectKey.LOAD: 1,
    SelectKey.LAST_OFFER: 2,
    SelectKey.HANDLED: 3,
    SelectKey.SKILL_SUM: 4,
    SelectKey.SCORE: 5,
    SelectKey.LISTED: 6,
    SelectKey.GIVEN_SCORE: 7,
}
_EVERYONE: Final = Service(rank=1, after_us=0)
_GONE: Final = ResolvedChannel(cost=0, live=False, suspendable=False, interrupts=(), away_after=0)


class Select(NamedTuple):
    """How a queue chooses among agents, as the core takes it."""

    keys: tuple[int, ...]
    turned: tuple[bool, ...]
    """Which of them are turned around."""
    listed: tuple[int, ...] | None
    """Positions by agent slot where a key is ``listed``; who lies behind its end is not listed."""


IDLE: Final = Select((0,), (False,), None)


class PolicyTerms(NamedTuple):
    """What an agent takes of each channel."""

    open_channels: int
    costs: tuple[int, ...]
    maxes: tuple[int, ...]
    reserves: tuple[int, ...]


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in which slot, where that is not the order of the configuration."""

    agents: list[str | None]
    """None: an agent that was removed."""
    queues: list[str | None]
    """Those that were removed included; None: of contacts put aside without one."""
    channels: list[str]
    """Those that were removed included."""


class Told(NamedTuple):
    """What ``Configured`` tells."""

    version: int
    changed: list[str]
    removed: list[str]


class Standing:
    """The configuration in force, by name and by slot.

    :param config: without faults, and nobody else's: its tables are changed in place.
    """

    def __init__(self, config: Config, slots: Slots | None = None) -> None:
        self.config = config
        self.version = 1
        self.versions: dict[str, int] = {}
        """Versions by key path, where they are above 1."""
        self.channels = resolved_channels(config)
        """Channels by name, without those that were removed."""
        self.queue_ids = list(config.queues) if slots is None else [id_ or NO_QUEUE for id_ in slots.queues]
        self.channel_ids = list(self.channels) if slots is None else list(slots.channels)
        self.agent_ids = list(config.agents) if slots is None else [id_ or NOBODY for id_ in slots.agents]
        """Ids by slot."""
        self.queue_slots = {id_: slot for slot, id_ in enumerate(self.queue_ids) if id_ in config.queues}
        self.channel_slots = {id_: slot for slot, id_ in enumerate(self.channel_ids) if id_ in self.channels}
        self.agent_slots = {id_: slot for slot, id_ in enumerate(self.agent_ids) if id_ != NOBODY}
        """Slots by id, of those that were not removed."""
        self._holders: dict[str, int] = {}
        self._steps: list[dict[int, int]] = [{} for _ in self.queue_ids]
        self.surroundings: Around | None = None
        """What lies around the agents of this configuration, once somebody has asked."""
        self.draining_queues: dict[str, None] = {}
        self.draining_agents: dict[str, None] = {}
        """What is to be removed as soon as it is in use no more."""
        self.draining: dict[str, None] = {}
        """Key paths of both."""
        for id_, queue in config.queues.items():
            self._note_draining("queues", id_, queue.draining)
        for id_, agent in config.agents.items():
            self._note_draining("agents", id_, agent.draining)
            self._count(agent, 1)
        self.selects: dict[Select, int] = {}
        """Number of every select in use."""
        self.policies: dict[PolicyTerms, int] = {}
        self._policy_uses: list[int] = []
        self._plain: dict[bool, PolicyTerms] = {}
        self._spare_policies: list[int] = []
        self.skills_gone: dict[str, None] = {}
        """Skills that nobody has any more and live contacts may still name."""

    # ---- slots ---------------------------------------------------------------------------------------------------

    def slots(self) -> Slots | None:
        """Return what stands in which slot, None where the order of the configuration says it."""
        if (
            self.queue_ids == list(self.config.queues)
            and self.channel_ids == list(self.channels)
            and self.agent_ids == list(self.config.agents)
        ):
            return None
        agents = [None if id_ == NOBODY else id_ for id_ in self.agent_ids]
        return Slots(agents=agents, queues=[id_ or None for id_ in self.queue_ids], channels=self.channel_ids)

    def queue_entries(self) -> list[tuple[str, Queue]]:
        """Return the queues by slot; one that was removed is as if it had been given nothing."""
        nothing = Queue()
        return [(id_, self.config.queues.get(id_, nothing)) for id_ in self.queue_ids]

    def agent_entries(self) -> list[tuple[str, Agent | None]]:
        """Return the agents by slot, None for one that was removed."""
        return [(id_, None if id_ == NOBODY else self.config.agents[id_]) for id_ in self.agent_ids]

    def _add_channel(self, id_: str) -> None:
        """Give a channel a slot: one removed before its old one, a new one the next, or the first that is free."""
        if id_ not in self.channel_slots:
            if id_ in self.channel_ids:
                slot = self.channel_ids.index(id_)
            elif len(self.channel_ids) < CHANNELS_MAX:
                slot = len(self.channel_ids)
                self.channel_ids.append(id_)
            else:
                slot = next(at for at, one in enumerate(self.channel_ids) if one not in self.channel_slots)
                self.channel_ids[slot] = id_
            self.channel_slots[id_] = slot

    def add_queue(self, id_: str) -> int:
        """Return the slot of a queue, known, removed before, or new."""
        if id_ not in self.queue_slots:
            if id_ not in self.queue_ids:
                self.queue_ids.append(id_)
                self._steps.append({})
            self.queue_slots[id_] = self.queue_ids.index(id_)
        return self.queue_slots[id_]

    def add_no_queue(self) -> int:
        """Return the slot of contacts put aside without a queue, the next where there was none yet."""
        if NO_QUEUE not in self.queue_ids:
            self._steps.append({})
            self.queue_ids.append(NO_QUEUE)
        return self.queue_ids.index(NO_QUEUE)

    def add_agent(self, id_: str) -> int:
        """Return the slot of an agent, known or new."""
        if id_ not in self.agent_slots:
            self.agent_slots[id_] = len(self.agent_ids)
            self.agent_ids.append(id_)
        return self.agent_slots[id_]

    def drop_agent(self, id_: str) -> int:
        """Return the slot of an agent that nobody has from now on."""
        slot = self.agent_slots.pop(id_)
        self.agent_ids[slot] = NOBODY
        return slot

    # ---- what entries say together -------------------------------------------------------------------------------

    def take(self, difference: Difference) -> Told:
        """Have a difference be in force, as far as names go; return what is to be told."""
        config = self.config
        for section, part in difference.parts.items():
            entries = getattr(config, section)
            for id_ in (*part.put, *part.removed):
                if section == "agents" and id_ in entries:
                    self._count(entries[id_], -1)
            self._note_versions(section, part, entries)
            if section in ("queues", "agents"):
                for id_ in (*part.put, *part.removed):
                    self._note_draining(section, id_, id_ in part.put and part.put[id_].draining)
            entries.update(part.put)
            for id_ in part.removed:
                del entries[id_]
        for section in SECTIONS if difference.order is not None else ():
            entries = getattr(config, section)
            ordered = {id_: entries[id_] for id_ in getattr(difference.order, section)}
            entries.clear()
            entries.update(ordered)
        engine = config.engine if difference.engine is None else difference.engine
        records = config.records if difference.records is None else difference.records
        self.config = msgspec.structs.replace(config, engine=engine, records=records)
        for id_ in difference.part("queues").put:
            self.add_queue(id_)
        # A queue's list may name agents that come with it, so that they have their slots before queues are stated.
        for id_, agent in difference.part("agents").put.items():
            self.add_agent(id_)
            self._count(agent, 1)
        for id_ in difference.part("queues").removed:
            del self.queue_slots[id_]
        if difference.part("channels") is not NOTHING:
            self._take_channels()
        if difference.is_nothing():
            return Told(self.version, [], [])
        self.version += 1
        if difference.parts.keys() - {"agents"} or difference.engine is not None:
            self.surroundings = None
        return Told(self.version, difference.changed(), difference.removed())

    def _note_draining(self, section: str, id_: str, is_draining: bool) -> None:
        for known, key in (
            (self.draining_queues if section == "queues" else self.draining_agents, id_),
            (self.draining, key_path(section, id_)),
        ):
            if is_draining:
                known[key] = None
            else:
                known.pop(key, None)

    def _take_channels(self) -> None:
        self.channels = resolved_channels(self.config)
        for id_ in [id_ for id_ in self.channel_slots if id_ not in self.channels]:
            del self.channel_slots[id_]
        for id_ in self.channels:
            self._add_channel(id_)

    def _note_versions(self, section: str, part: Part, before: Mapping[str, object]) -> None:
        """Count a change of every entry that is other than before; one that is new begins anew."""
        for id_ in part.put:
            if id_ in before:
                path = key_path(section, id_)
                self.versions[path] = self.versions.get(path, 1) + 1
        for id_ in part.removed:
            self.versions.pop(key_path(section, id_), None)

    def version_of(self, section: str, id_: str) -> int:
        """Return the version of an entry, 0 where there is none."""
        if id_ not in getattr(self.config, section):
            return 0
        return self.versions.get(key_path(section, id_), 1)

    def skills(self) -> dict[str, None]:
        """Return the skills that are known: declared, or had by an agent."""
        return dict.fromkeys(self.config.skills) | dict.fromkeys(self._holders)

    def holders(self, skill: str) -> int:
        """Return how many agents have a skill."""
        return self._holders.get(skill, 0)

    def steps_of(self, queue: int) -> dict[int, int]:
        """Return how many agents serve a queue from each time in it on, above 0."""
        return self._steps[queue]

    def thresholds(self, queue: int) -> list[int]:
        """Return the times in a queue from which on more agents serve it; the first is 0."""
        return [0, *sorted(self._steps[queue])]

    def _count(self, agent: Agent, times: int) -> None:
        for skill in agent.skills:
            _add(self._holders, skill, times)
        for queue, served in agent.queues.items():
            if isinstance(served, AgentQueue) and served.after_us:
                _add(self._steps[self.add_queue(queue)], served.after_us, times)

    # ---- what the core wants to know -----------------------------------------------------------------------------

    def channel_rows(self) -> list[tuple[int, int, bool, int, bool, bool]]:
        """Return, by slot, what the core wants to know of each channel; whom it interrupts as a bit per channel."""
        known = [self.channels.get(id_, _GONE) for id_ in self.channel_ids]
        return [
            (
                channel.cost,
                channel.away_after,
                channel.suspendable,
                sum(1 << self.channel_slots[one] for one in dict.fromkeys(channel.interrupts)),
                channel.live,
                id_ == CALLBACK,
            )
            for id_, channel in zip(self.channel_ids, known, strict=True)
        ]

    def select_of(self, queue: Queue) -> Select:
        """Return how a queue chooses among agents."""
        keys = resolve_select(queue)
        listed = None
        if any(key is SelectKey.LISTED for key, _ in keys):
            slots = [self.agent_slots[agent] for agent in queue.order_list]
            positions = [_UNLISTED] * (max(slots, default=-1) + 1)
            for position, slot in enumerate(slots):
                positions[slot] = position
            listed = tuple(positions)
        return Select(tuple(_KEY_CODES[key] for key, _ in keys), tuple(turned for _, turned in keys), listed)

    def number_selects(self) -> list[Select]:
        """Number every select in use, idle alone first; before each one its agents' own keys, which define an order."""
        self.selects = {IDLE: 0}
        for queue in self.config.queues.values():
            select = self.select_of(queue)
            own = _own_part(select)
            for one in (select,) if own is None else (own, select):
                self.selects.setdefault(one, len(self.selects))
        return list(self.selects)

    def services_of(self, agent: Agent | None, open_to_all: Iterable[int]) -> dict[int, Service]:
        """Return how an agent serves queues, by slot: as listed, at rank 1 where the queue takes everyone."""
        if agent is None:
            return {}
        listed = {self.queue_slots[queue]: _service(served) for queue, served in agent.queues.items()}
        return dict.fromkeys(open_to_all, _EVERYONE) | listed

    def service_of(self, agent: Agent, queue_id: str) -> Service | None:
        """Return how an agent serves a queue, None where it does not."""
        served = agent.queues.get(queue_id)
        if served is not None:
            return _service(served)
        queue = self.config.queues.get(queue_id)
        return _EVERYONE if queue is not None and queue.members == "all" else None

    def open_to_all(self) -> list[int]:
        """Return the slots of the queues that every agent serves."""
        return [self.queue_slots[id_] for id_, queue in self.config.queues.items() if queue.members == "all"]

    def policy_of(self, agent: Agent | None) -> PolicyTerms:
        """Return what an agent takes of each channel; one that was removed takes none."""
        count = len(self.channel_ids)
        if agent is not None and not agent.channels and not agent.reserve:
            return self._plain_terms(agent.channels_closed)
        if agent is None:
            return PolicyTerms(0, (-1,) * count, (-1,) * count, (0,) * count)
        bits = 0 if agent.channels_closed else sum(1 << slot for slot in self.channel_slots.values())
        costs, maxes, reserves = [-1] * count, [-1] * count, [0] * count
        for id_, channel in agent.channels.items():
            slot = self.channel_slots[id_]
            bits = bits & ~(1 << slot) if channel.blocked else bits | 1 << slot
            costs[slot] = -1 if channel.cost is None else channel.cost
            maxes[slot] = -1 if channel.max is None else channel.max
        for id_, units in agent.reserve.items():
            reserves[self.channel_slots[id_]] = units
        return PolicyTerms(bits, tuple(costs), tuple(maxes), tuple(reserves))

    def _plain_terms(self, is_closed: bool) -> PolicyTerms:
        """Return what agents take who say nothing of single channels, worked out once."""
        count = len(self.channel_ids)
        bits = 0 if is_closed else sum(1 << slot for slot in self.channel_slots.values())
        known = self._plain.get(is_closed)
        if known is None or known.open_channels != bits or len(known.costs) != count:
            known = self._plain[is_closed] = PolicyTerms(bits, (-1,) * count, (-1,) * count, (0,) * count)
        return known

    def use_policy(self, terms: PolicyTerms) -> tuple[int, bool]:
        """Count one more agent of these terms; return their slot, and whether it is to be stated."""
        slot = self.policies.get(terms)
        if slot is not None:
            self._policy_uses[slot] += 1
            return slot, False
        if self._spare_policies:
            slot = self._spare_policies.pop()
            self._policy_uses[slot] = 1
        else:
            slot = len(self._policy_uses)
            self._policy_uses.append(1)
        self.policies[terms] = slot
        return slot, True

    def leave_policy(self, terms: PolicyTerms) -> None:
        """Count one agent less; terms that nobody has any more leave their slot to others."""
        slot = self.policies[terms]
        self._policy_uses[slot] -= 1
        if self._policy_uses[slot] == 0:
            del self.policies[terms]
            self._spare_policies.append(slot)


def view_of(agent_id: str, agent: Agent | None) -> AgentView:
    """Return what expressions see of an agent; of one that was removed nothing."""
    if agent is None:
        return AgentView(id=agent_id)
    ranks = {queue: _rank(served) for queue, served in agent.queues.items()}
    return AgentView(id=agent_id, skills=agent.skills, attributes=agent.attributes, queues=ranks)


def _own_part(select: Select) -> Select | None:
    """Return the keys of a select that hang on the agent alone, where they define an order that serves it."""
    both = zip(select.keys, select.turned, strict=True)
    own = [(key, turn) for key, turn in both if key < _KEY_CODES[SelectKey.SKILL_SUM]]
    is_partial = 0 < len(own) < len(select.keys)
    if not is_partial or select.listed is not None or _KEY_CODES[SelectKey.GIVEN_SCORE] in select.keys:
        return None
    return Select(tuple(key for key, _ in own), tuple(turn for _, turn in own), None)


def _rank(served: int | AgentQueue) -> int:
    return served if isinstance(served, int) else served.rank


def _service(served: int | AgentQueue) -> Service:
    return Service(_rank(served), 0 if isinstance(served, int) else served.after_us)


def _add(counts: dict[_Key, int], key: _Key, times: int) -> None:
    found = counts.get(key, 0) + times
    if found:
        counts[key] = found
    else:
        del counts[key]
