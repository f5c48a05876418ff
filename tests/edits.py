"""Random edits of a live configuration, and what a configuration is after one."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from msgspec import structs

from ccroute import commands
from ccroute.commands import Command
from ccroute.config import check
from ccroute.config.structs import Agent, Config, PlanStep, Queue
from ccroute.types import Removal
from tests.choices import CHANNELS, Chooser
from tests.worlds import Draft, World

CONFIGURATION_COMMANDS: Final = (
    commands.Configure,
    commands.PutQueue,
    commands.PutAgent,
    commands.PutChannel,
    commands.RemoveQueue,
    commands.RemoveAgent,
)
TRIES_MAX: Final = 8
QUEUES_MAX: Final = 6
AGENTS_MAX: Final = 10


class Edits(Chooser):
    """Draws commands that change a configuration."""

    def __init__(self, random: Random, world: World, config: Config) -> None:
        super().__init__(random, world.features)
        self.config = config
        self.is_busy = world.is_busy

    def command(self) -> Command:
        """Return a command after which the configuration has no faults."""
        for _ in range(TRIES_MAX):
            command = self.any_command()
            if not check(applied(self.config, command)):
                return command
        return commands.Configure(config=self.config)

    def bad(self) -> Command | None:
        """Return a command after which the configuration would have faults, if one comes to mind."""
        tries = (self.any_command() for _ in range(TRIES_MAX))
        return next((one for one in tries if check(applied(self.config, one))), None)

    def any_command(self) -> Command:
        """Return a command after which the configuration may have faults."""
        removal = self._pick(*Removal)
        if_version = self._pick(None, None, 1, 1, 2) if self._has("versions") else None
        kind = self.random.randrange(10)
        if kind < 3:
            queue_id = self._id("q", self.config.queues, QUEUES_MAX)
            queue = self._queue(queue_id)
            return commands.PutQueue(queue_id=queue_id, config=queue, if_version=if_version)
        if kind < 6:
            agent_id = self._id("a", self.config.agents, AGENTS_MAX)
            return commands.PutAgent(agent_id=agent_id, config=self._agent(agent_id), if_version=if_version)
        if kind == 6:
            channel = self._pick(*CHANNELS)
            config = self._draft().all_channels().get(channel) or self.config.channels.get(channel)
            if config is not None:
                return commands.PutChannel(channel=channel, config=config, if_version=if_version)
        if kind == 7 and _staying(self.config.queues) > 1:
            queue_id = self._pick(*self.config.queues)
            return commands.RemoveQueue(queue_id=queue_id, removal=removal, if_version=if_version)
        if kind == 8 and _staying(self.config.agents) > 1:
            agent_id = self._pick(*self.config.agents)
            return commands.RemoveAgent(agent_id=agent_id, removal=removal, if_version=if_version)
        return commands.Configure(config=self._whole(), removal=removal)

    def _whole(self) -> Config:
        """Return the configuration with a few edits, and sometimes other settings of the engine."""
        config = self.config
        for _ in range(self._pick(1, 2, 3)):
            edited = Edits.__new__(Edits)
            edited.__dict__ |= self.__dict__ | {"config": config}
            command = edited.any_command()
            if not isinstance(command, commands.Configure):
                config = applied(
                    config, structs.replace(command, removal=Removal.REFUSE) if _removes(command) else command
                )
        if self._one_in(3):
            engine = structs.replace(
                config.engine,
                retain_us=self._pick(300_000_000, 0, 4),
                idle_grace_us=self._pick(300_000_000, 0, 3),
                classes_max=self._pick(16_384, 1, 3),
                contacts_max=self._pick(1_000_000, 3, 8, 20),
                command_ids_max=self._pick(65_536, 0, 2),
            )
            config = structs.replace(config, engine=engine)
        return config

    def _draft(self) -> Draft:
        queues = [id_ for id_, queue in self.config.queues.items() if not queue.draining]
        return Draft(self.random, self.features, list(self.config.agents), queues, is_busy=self.is_busy)

    def _id(self, letter: str, present: dict[str, Any], count_max: int) -> str:
        """Return the id of an entry that is there, or of a new one."""
        if not present or (len(present) < count_max and self._one_in(3)):
            return f"{letter}{self.random.randrange(count_max)}"
        return str(self._pick(*present))

    def _queue(self, id_: str) -> Queue:
        fresh = self._draft().queue(id_)
        old = self.config.queues.get(id_)
        return fresh if old is None else self._mixed(old, structs.replace(fresh, paused=old.paused))

    def _agent(self, id_: str) -> Agent:
        fresh = self._draft().agent()
        old = self.config.agents.get(id_)
        return fresh if old is None else self._mixed(old, fresh)

    def _mixed(self, old: Any, fresh: Any) -> Any:
        """Return the old entry with a few fields of the fresh one."""
        names = self.random.sample(old.__struct_fields__, self._pick(2, 1, 4, 8))
        return structs.replace(old, **{name: getattr(fresh, name) for name in names if name != "draining"})


def _staying(entries: dict[str, Any]) -> int:
    """Return how many entries are not to go when they are no longer in use; the last one always stays."""
    return sum(not entry.draining for entry in entries.values())


def _removes(command: Command) -> bool:
    return isinstance(command, commands.RemoveQueue | commands.RemoveAgent)


def applied(config: Config, command: Command) -> Config:
    """Return the configuration after a command, as if nothing was in use; what is drained is still there."""
    match command:
        case commands.Configure():
            return command.config
        case commands.PutQueue():
            return structs.replace(config, queues=config.queues | {command.queue_id: command.config})
        case commands.PutAgent():
            return structs.replace(config, agents=config.agents | {command.agent_id: command.config})
        case commands.PutChannel():
            return structs.replace(config, channels=config.channels | {command.channel: command.config})
        case commands.RemoveQueue(removal=Removal.DRAIN):
            return drained(config, "queues", command.queue_id)
        case commands.RemoveQueue():
            return without(config, "queues", command.queue_id)
        case commands.RemoveAgent(removal=Removal.DRAIN):
            return drained(config, "agents", str(command.agent_id))
        case commands.RemoveAgent():
            return without(config, "agents", str(command.agent_id))
    return config


def drained(config: Config, section: str, id_: str) -> Config:
    """Return the configuration with an entry that is to go when it is no longer in use."""
    entry = getattr(config, section).get(id_)
    return config if entry is None else _with(config, section, id_, structs.replace(entry, draining=True))


def without(config: Config, section: str, id_: str) -> Config:
    """Return the configuration without an entry; agents no longer list a queue that has gone."""
    entries = {other: entry for other, entry in getattr(config, section).items() if other != id_}
    config = structs.replace(config, **{section: entries})
    return _unlisted(config, id_) if section == "queues" else _unnamed(config, id_)


def _with(config: Config, section: str, id_: str, entry: Any) -> Config:
    return structs.replace(config, **{section: getattr(config, section) | {id_: entry}})


def _unlisted(config: Config, queue_id: str) -> Config:
    agents = {
        id_: structs.replace(agent, queues={q: rank for q, rank in agent.queues.items() if q != queue_id})
        for id_, agent in config.agents.items()
    }
    return structs.replace(config, agents=agents)


def _unnamed(config: Config, agent_id: str) -> Config:
    """Return the configuration whose queues do not name an agent any more."""
    queues = {
        id_: structs.replace(
            queue,
            order_list=[other for other in queue.order_list if other != agent_id],
            plan=[_step_without(step, agent_id) for step in queue.plan],
        )
        for id_, queue in config.queues.items()
    }
    return structs.replace(config, queues=queues)


def _step_without(step: PlanStep, agent_id: str) -> PlanStep:
    lists = {name: getattr(step, name) for name in ("preferred", "excluded")}
    kept = {name: [one for one in agents if one != agent_id] for name, agents in lists.items() if agents is not None}
    scores = None if step.scores is None else {one: n for one, n in step.scores.items() if one != agent_id}
    return structs.replace(step, scores=scores, **kept)
