"""The book of configurations: which one is in force, and that changes leave work alone."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from ccroute import commands, events
from ccroute.commands import Command
from ccroute.config.structs import Config
from tests.audit import Audit
from tests.contact_book import ContactBook
from tests.edits import CONFIGURATION_COMMANDS, applied, without
from tests.lives import Desk
from tests.model.entries import with_draining

SECTIONS = ("skills", "channels", "queues", "agents")


class ConfigBook(ContactBook):
    """Enters changes of the configuration."""

    def _on_configured(self, event: events.Configured) -> None:
        old, new, given = self.config, self.config, self.command
        if isinstance(given, CONFIGURATION_COMMANDS):
            new = applied(old, self._by_id(given))
            if isinstance(given, commands.Configure):
                new = with_draining(old, new, *(_left(old, new, event, section) for section in ("queues", "agents")))
        else:
            assert event.removed, "nothing was drained"
            self.happened["configured:drained"] += 1
        for path in event.removed:
            section, id_ = path.split(".", 1)
            new = without(new, section, id_)
        assert (event.changed, event.removed) == differing(old, new)
        assert event.version == self.config_version + (old != new)
        self.config_version = event.version
        for path in (*event.changed, *event.removed):
            kind = "changed" if path in event.changed else "removed"
            self.happened[f"configured:{kind} {path.partition('.')[0]}"] += 1
        self._take(old, new)

    def _by_id(self, given: Command) -> Command:
        """Return a command that names its agent by id."""
        if isinstance(given, commands.RemoveAgent):
            return structs.replace(given, agent_id=self.agent_named(given.agent_id) or "")
        return given

    def _take(self, old: Config, new: Config) -> None:
        """Go on with another configuration."""
        self.config = new
        self.audit.check_units()
        self.audit = Audit(new, self)
        for id_, desk in list(self.desks.items()):
            if id_ not in new.agents:
                assert desk.presence == "offline", "an agent was removed that is there"
                assert not desk.legs
                assert not desk.offers
                del self.desks[id_]
            else:
                desk.config = new.agents[id_]
        for id_, agent in new.agents.items():
            if id_ not in self.desks:
                self.desks[id_] = Desk(id_, agent)
                self.agents_made.append(id_)
        self.paused &= set(new.queues)
        for id_, queue in new.queues.items():
            if id_ not in old.queues:
                self.is_open[id_] = self._is_open_at(id_, self.at_us)
                self.paused |= {id_} if queue.paused else set()
        for life in self.lives.values():
            self._reclass(life, old, new)

    def _reclass(self, life: Any, old: Config, new: Config) -> None:
        """A contact keeps its place; what it takes from its queue is different."""
        assert life.queue_id is None or life.queue_id in new.queues, "its queue was removed"
        queue = self.queue_of(life)
        life.tier = queue.tier if life.wish.tier is None else life.wish.tier
        life.head_start_us = queue.head_start_us if life.wish.head_start_us is None else life.wish.head_start_us
        gone = [agent_id for agent_id in old.agents if agent_id not in new.agents]
        for agent_id in gone:
            life.cooldowns.pop(agent_id, None)
        life.wish.excluded = [agent_id for agent_id in life.wish.excluded if agent_id not in gone]
        life.wish.preferred = [agent_id for agent_id in life.wish.preferred if agent_id not in gone]
        entry = life.entry
        entry.is_reconfigured = True
        before, after = old.queues.get(entry.plan_of), new.queues.get(entry.plan_of)
        if before is None or after is None or before.plan != after.plan:
            entry.fired = [(own, rule) for own, rule in entry.fired if own]
        if life.phase is not None:
            life.phase.is_sure = life.phase.keeps_all = False


def _left(old: Config, new: Config, event: events.Configured, section: str) -> list[str]:
    """Return the entries that another configuration does not have, and that are still there."""
    entries = getattr(new, section)
    return [id_ for id_ in getattr(old, section) if id_ not in entries and f"{section}.{id_}" not in event.removed]


def differing(old: Config, new: Config) -> tuple[list[str], list[str]]:
    """Return key paths of entries that are new or different, and of those that are gone."""
    changed = [] if old.engine == new.engine else ["engine"]
    removed = []
    for section in SECTIONS:
        before, after = getattr(old, section), getattr(new, section)
        changed += [f"{section}.{id_}" for id_, entry in after.items() if before.get(id_) != entry]
        removed += [f"{section}.{id_}" for id_ in before if id_ not in after]
    return changed, removed
