"""Commands on the configuration: checked whole, found possible or not, carried out; and what has drained, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec.structs import replace

from ccroute.commands import Command, Configure, PutAgent, PutChannel, PutQueue, RemoveAgent, RemoveQueue
from ccroute.config import (
    BUILT_IN_CHANNELS,
    Agent,
    Channel,
    Config,
    Queue,
    check,
    to_json,
    unresolved,
)
from ccroute.config.entries import Around, Entry, around, copy_of, faults_of
from ccroute.config.surroundings import Kind
from ccroute.core import gears
from ccroute.engine.differences import (
    Difference,
    Part,
    between,
    in_force,
    of_entry,
    without_agent,
    without_queue,
)
from ccroute.engine.draining import with_draining
from ccroute.engine.regear import regear
from ccroute.errors import ConfigError, ConfigFault, OutOfRange, UnknownName, WrongType
from ccroute.requirement import parse
from ccroute.types import (
    AFTER_STEPS_MAX,
    CHANNELS_MAX,
    QUEUES_MAX,
    SKILLS_MAX,
    TIME_US_MAX,
    RefusalReason,
    Removal,
)

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["Prepared", "check_command", "configure", "remove_drained", "why_version"]

_REASONS: Final = {reason: number for number, reason in enumerate(RefusalReason, start=1)}
_PUTS: Final[dict[type, tuple[str, str, type]]] = {
    PutQueue: ("queues", "queue_id", Queue),
    PutAgent: ("agents", "agent_id", Agent),
    PutChannel: ("channels", "channel", Channel),
}
_SECTION_OF_REMOVAL: Final[dict[type, str]] = {RemoveQueue: "queues", RemoveAgent: "agents"}


class Prepared(NamedTuple):
    """What a command was found to change while it was checked."""

    command: Command
    version: int
    """Of the configuration it was found against."""
    difference: Difference | None
    """None: it names an agent that is not there."""


# ---- checking ------------------------------------------------------------------------------------------------------


def check_command(names: Names, command: Any) -> None:
    """Raise unless a command on the configuration can be right; remember what it changes. Nothing moves.

    :raises ConfigError: with every fault of the configuration as it would be.
    """
    if hasattr(command, "if_version"):
        _check_version(command.if_version)
    if type(command) in (Configure, RemoveQueue, RemoveAgent) and type(command.removal) is not Removal:
        raise WrongType("removal", command.removal, "a member of Removal")
    difference = _difference(names, command)
    faults = [] if difference is None or type(command) is Configure else _faults(names, difference)
    if faults:
        raise ConfigError(faults)
    if difference is not None and type(command) in _PUTS:
        difference = _copied(names, difference)
    names.prepared = Prepared(command, names.standing.version, difference)


def _check_version(value: object) -> None:
    if value is not None and type(value) is not int:
        raise WrongType("if_version", value, "None or an int")
    if isinstance(value, int) and not 0 <= value <= TIME_US_MAX:
        raise OutOfRange("if_version", value, f"an integer from 0 to {TIME_US_MAX}")


def _difference(names: Names, command: Any) -> Difference | None:
    """Return what a command changes, single entries still being the giver's; None: it names an unknown agent."""
    config = names.config
    if type(command) is Configure:
        if type(command.config) is not Config:
            raise WrongType("config", command.config, "a Config")
        faults = check(command.config) or unresolved(command.config)
        if faults:
            raise ConfigError(faults)
        return between(config, Config.from_json(to_json(command.config)))
    if type(command) is RemoveQueue:
        names.check_id(command.queue_id, "queue_id")
        if command.queue_id not in config.queues:
            raise UnknownName("queue_id", command.queue_id, "the id of a queue of the configuration")
        return without_queue(config, command.queue_id)
    if type(command) is RemoveAgent:
        slot = names.find_agent(command.agent_id)
        return None if slot is None else without_agent(config, names.agent_ids[slot])
    section, field, kind = _PUTS[type(command)]
    id_ = getattr(command, field)
    names.check_id(id_, field)
    if type(command.config) is not kind:
        raise WrongType("config", command.config, f"a {kind.__name__}")
    # Whether it is the same as before, only one without faults can tell.
    return Difference({section: Part({id_: command.config}, ())})


def _around(names: Names, difference: Difference) -> Around:
    """Return what lies around a difference. O(skills) where it is of agents alone, else O(queues + channels)."""
    standing = names.standing
    config = standing.config
    agents: Any = config.agents
    part = difference.part("agents")
    if part.removed or any(id_ not in agents for id_ in part.put):
        agents = {id_: None for id_ in (*agents, *part.put) if id_ not in part.removed}
    skills = _skills(names, difference)
    if difference.parts.keys() <= {"agents"} and difference.engine is None:
        if standing.surroundings is None:
            standing.surroundings = around(config, {}, {})
        found = standing.surroundings
        return found._replace(names=found.names | {Kind.AGENT: agents, Kind.SKILL: skills})
    others = {section: one for section, one in difference.parts.items() if section != "agents"}
    return around(in_force(replace(config, agents={}), Difference(others, difference.engine)), agents, skills)


def _skills(names: Names, difference: Difference) -> dict[str, None]:
    """Return the skills that are known with a difference."""
    known = names.standing.skills()
    for skill in _vanishing(names, difference):
        known.pop(skill, None)
    for agent in difference.part("agents").put.values():
        if type(agent) is Agent and type(agent.skills) is dict:
            known.update(dict.fromkeys(skill for skill in agent.skills if type(skill) is str))
    return known | dict.fromkeys(difference.part("skills").put)


def _vanishing(names: Names, difference: Difference) -> list[str]:
    """Return the skills that nobody declares or has any more."""
    standing, config = names.standing, names.config
    lost: dict[str, int] = {}
    part = difference.part("agents")
    for id_ in (*part.put, *part.removed):
        before = config.agents.get(id_)
        after = part.put.get(id_)
        kept = after.skills if type(after) is Agent and type(after.skills) is dict else {}
        for skill in () if before is None else before.skills:
            if skill not in kept:
                lost[skill] = lost.get(skill, 0) + 1
    undeclared = difference.part("skills").removed
    gone = [skill for skill, count in lost.items() if count == standing.holders(skill)]
    gone += [skill for skill in undeclared if skill not in lost and not standing.holders(skill)]
    return [skill for skill in gone if skill not in config.skills or skill in undeclared]


def _faults(names: Names, difference: Difference) -> list[ConfigFault]:
    """Return the faults that the configuration would have with a difference."""
    entries: dict[str, dict[str, object]] = {section: part.put for section, part in difference.parts.items()}
    config = names.config
    if "channels" in entries:
        entries["channels"] = config.channels | entries["channels"]
    part = difference.part("queues")
    leads = any(_leads(config.queues.get(id_), part.put[id_]) for id_ in part.put)
    if leads or part.removed or _vanishing(names, difference):
        entries["queues"] = {id_: one for id_, one in (config.queues | part.put).items() if id_ not in part.removed}
    if part.removed:
        # Nothing of an agent can be wrong for want of a queue.
        entries.pop("agents", None)
    found = faults_of(entries, _around(names, difference))
    if found or _is_beyond(names, difference):
        return found or check(in_force(config, difference))
    return unresolved(Config(queues=difference.part("queues").put))


def _leads(before: Queue | None, now: object) -> bool:
    """Say whether an entry can be the reason why that of another queue is faulty: by where contacts go from it."""
    if before is None or type(now) is not Queue:
        return before is not None
    return (before.plan, before.hours, before.draining) != (now.plan, now.hours, now.draining)


def _is_beyond(names: Names, difference: Difference) -> bool:
    """Say whether there are, or may be, more than allowed of something: then everything is to be looked at."""
    config, standing = names.config, names.standing
    part = difference.part("agents")
    for section, known, most in (
        ("agents", len(config.agents), config.engine.agents_max),
        ("queues", len(config.queues), QUEUES_MAX),
        ("channels", len(standing.channels), CHANNELS_MAX),
    ):
        entries = standing.channels if section == "channels" else getattr(config, section)
        if known + sum(id_ not in entries for id_ in difference.part(section).put) > most:
            return True
    if part.put and len(_skills(names, difference)) > SKILLS_MAX:
        return True
    for agent in part.put.values():
        for queue, served in agent.queues.items():
            steps = standing.steps_of(standing.queue_slots[queue])
            is_new = not isinstance(served, int) and served.after_us > 0 and served.after_us not in steps
            if is_new and len(steps) >= AFTER_STEPS_MAX:
                return True
    return False


def _copied(names: Names, difference: Difference) -> Difference:
    """Return a difference whose entries nobody else can change, without those that are as before."""
    found = _around(names, difference)
    parts: dict[str, Part] = {}
    for section, part in difference.parts.items():
        put: dict[str, Entry] = {}
        for id_, entry in part.put.items():
            copy = copy_of(section, id_, entry, found)
            if of_entry(names.config, section, id_, copy).parts:
                put[id_] = copy
        if put or part.removed:
            parts[section] = Part(put, part.removed)
    return Difference(parts)


# ---- carrying out --------------------------------------------------------------------------------------------------


def configure(names: Names, command: Any) -> int:
    """Carry out a checked command on the configuration; return a Reason. What is to be told is in ``names.told``."""
    prepared, names.prepared = names.prepared, None
    if prepared is None or prepared.command is not command or prepared.version != names.standing.version:
        # Something has drained since; what the command was found to change may be other, or not be possible any more.
        try:
            check_command(names, command)
        except UnknownName:
            return _REASONS[RefusalReason.QUEUE_DRAINING]
        except ConfigError:
            return _REASONS[RefusalReason.VERSION]
        prepared, names.prepared = names.prepared, None
    assert prepared is not None
    difference = prepared.difference
    if difference is None:
        return _REASONS[RefusalReason.UNKNOWN_AGENT]
    if _is_other_version(names, command):
        return _REASONS[RefusalReason.VERSION]
    removal = getattr(command, "removal", Removal.REFUSE)
    possible = _possible(names, difference, removal, is_whole=type(command) is Configure)
    if possible is None:
        return _REASONS[RefusalReason.IN_USE]
    names.told = regear(names, possible)
    return 0


def why_version(names: Names, section: str, id_: str, if_version: int | None) -> int:
    """Return why a command on an entry of another version is refused, 0 where it is not."""
    if if_version is None or if_version == names.standing.version_of(section, id_):
        return 0
    return _REASONS[RefusalReason.VERSION]


def _is_other_version(names: Names, command: Any) -> bool:
    if type(command) is Configure or command.if_version is None:
        return False
    if type(command) in _PUTS:
        section, field, _ = _PUTS[type(command)]
        id_ = getattr(command, field)
    else:
        section = _SECTION_OF_REMOVAL[type(command)]
        id_ = command.queue_id if section == "queues" else _agent_id(names, command.agent_id)
    return why_version(names, section, id_, command.if_version) != 0


def _agent_id(names: Names, reference: str | int) -> str:
    slot = names.find_agent(reference)
    assert slot is not None
    return names.agent_ids[slot]


def _possible(names: Names, difference: Difference, removal: Removal, *, is_whole: bool = False) -> Difference | None:
    """Return what can be changed now: what is in use drains if so asked; None where something else is in the way.

    ``is_whole``: it is a whole configuration; else what is removed is one queue or one agent.
    """
    standing, acd = names.standing, names.acd
    for id_ in difference.part("channels").removed:
        if id_ not in BUILT_IN_CHANNELS and gears.is_channel_used(acd, standing.channel_slots[id_]):
            return None
    if difference.engine is not None and gears.stuck_contacts(acd) > difference.engine.contacts_max:
        return None
    queues = [id_ for id_ in difference.part("queues").removed if is_queue_used(names, id_)]
    agents = [id_ for id_ in difference.part("agents").removed if not _is_at_rest(names, id_)]
    vanishing = _vanishing(names, difference)
    named = _named_by_contacts(names, vanishing) if vanishing else []
    if removal is Removal.REFUSE and (queues or agents or named):
        return None
    if named or standing.skills_gone:
        still = _named_by_contacts(names, [*standing.skills_gone, *named])
        standing.skills_gone = dict.fromkeys(still)
    if not queues and not agents:
        return difference
    if is_whole:
        return _all_draining(names, difference, queues, agents)
    return _one_draining(names, [*queues, *agents][0], queues)


def is_queue_used(names: Names, id_: str) -> bool:
    """Say whether contacts are in a queue, agents work for it, or the own plan of a live contact leads to it."""
    if gears.is_queue_used(names.acd, names.standing.queue_slots[id_]):
        return True
    return names.acd.is_plan_kept(names.standing.queue_slots[id_]) or names.plans.lead_to(id_)


def _is_at_rest(names: Names, id_: str) -> bool:
    return gears.is_at_rest(names.acd, names.standing.agent_slots[id_])


def _named_by_contacts(names: Names, skills: list[str]) -> list[str]:
    """Return those of some skills that the own requirement of a live contact names. O(contacts)."""
    texts = dict.fromkeys(
        known.requires
        for slot, known in enumerate(names.contacts)
        if known is not None and known.requires is not None and gears.is_inside(names.acd, slot)
    )
    named = dict.fromkeys(skill for text in texts if text is not None for skill in parse(text).skills)
    return [skill for skill in skills if skill in named]


def _one_draining(names: Names, id_: str, queues: list[str]) -> Difference:
    """Return a difference in which a queue, else an agent, drains, and everything else is as it is."""
    section = "queues" if queues else "agents"
    return of_entry(names.config, section, id_, replace(getattr(names.config, section)[id_], draining=True))


def _all_draining(names: Names, difference: Difference, queues: list[str], agents: list[str]) -> Difference | None:
    """Return a difference in which some queues and agents are not removed, but drain; None where they cannot stay."""
    config = names.config
    new = in_force(config, difference)
    given = new if difference.order is None else difference.order
    new = replace(
        new,
        queues={id_: new.queues[id_] for id_ in given.queues},
        agents={id_: new.agents[id_] for id_ in given.agents},
    )
    whole_config = with_draining(config, new, queues, agents)
    return None if check(whole_config) else between(config, whole_config)


# ---- draining ------------------------------------------------------------------------------------------------------


def remove_drained(names: Names) -> bool:
    """Remove the first queue, else the first agent, that has drained; say whether there was one.

    One that another entry still needs, in a requirement or a plan, stays until it is needed no more.
    """
    standing = names.standing
    for id_ in sorted(standing.draining_queues, key=standing.queue_slots.__getitem__):
        if not is_queue_used(names, id_) and _remove(names, without_queue(names.config, id_)):
            return True
    for id_ in sorted(standing.draining_agents, key=standing.agent_slots.__getitem__):
        if _is_at_rest(names, id_) and _remove(names, without_agent(names.config, id_)):
            return True
    return False


def _remove(names: Names, difference: Difference) -> bool:
    if _faults(names, difference):
        return False
    possible = _possible(names, difference, Removal.DRAIN)
    assert possible is difference
    names.told = regear(names, difference)
    return True
