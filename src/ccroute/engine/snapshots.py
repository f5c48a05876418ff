"""Snapshots as bytes: the names in front, the core's tape behind, a digest over both at the end."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ccroute.commands import EnqueueContact
from ccroute.config import Config, PlanStep, resolved_channels, to_json
from ccroute.core import gears, snapshot
from ccroute.engine import statistics_tape
from ccroute.engine.building import build
from ccroute.engine.classes import ClassPlace, ClassSpec
from ccroute.engine.explain import GAVE_WAY_EVENTS, GaveWay
from ccroute.engine.figures import LABELS_MAX
from ccroute.engine.plans import mere_requirements
from ccroute.engine.scrutiny import recheck, recheck_plan
from ccroute.engine.standing import NO_QUEUE, Slots
from ccroute.errors import SnapshotError, WrongType
from ccroute.requirement import Expression, parse
from ccroute.types import (
    AGENTS_LIMIT,
    CHANNELS_MAX,
    CLASSES_LIMIT,
    COST_MAX,
    TEXT_LENGTH_MAX,
    TIME_US_MAX,
    ContactState,
)

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["RULES_VERSION", "SnapshotState", "load", "save"]

RULES_VERSION: Final = 3
"""Goes up whenever the same commands could give other events; replay equality holds within one."""

_MAGIC: Final = b"ccroute\x00" + RULES_VERSION.to_bytes(4, "little")
_DIGEST_SIZE: Final = 16
_LENGTH_SIZE: Final = 8
_NUMBER_SIZE: Final = 8
_COUNT_MAX: Final = 2**63 - 2**40
_REASON_MAX: Final = 400
_PRESENCE_LAST: Final = 2
HABITS_END: Final = 16
_STATES: Final = (None, *ContactState)
_LIVE: Final = (ContactState.QUEUED, ContactState.ACTIVE, ContactState.PARKED, ContactState.SCHEDULED)
_IS_OVER: Final = tuple(state not in _LIVE for state in _STATES)
_CONTACT_BYTES: Final = 512
"""About what a contact takes in a snapshot."""

_LARGE_BYTES: Final = 16 * 1024 * 1024


class _Class(msgspec.Struct, frozen=True, array_like=True):
    queue: int
    channel: int
    own_cost: int
    requirement: Expression
    skills: tuple[str, ...]
    is_slow: bool
    scope: int
    stage: int


class _CarriedPlan(msgspec.Struct, frozen=True, array_like=True):
    queue: int
    """Whose it is; -1: contacts bring it."""
    is_current: bool
    """It is the queue's plan."""
    rules_only: bool
    """Nobody carries it any more; but contacts are ruled by what a step of it requires."""
    steps: list[PlanStep]


class _Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a configuration that was changed, beside itself."""

    version: int
    versions: dict[str, int]
    slots: Slots | None
    habits: int
    skills_gone: list[str]


class SnapshotState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of an engine that is not in the core's tape."""

    config: msgspec.Raw
    changes: _Changes | None = None
    """None: nothing of it was ever changed."""
    seq: int
    """Of the last event."""
    commands: int
    is_fresh: bool
    command_ids: list[tuple[str, int, int]]
    """Id, first seq, count of the commands remembered, oldest first."""
    classes: list[_Class]
    """Classes and stages that hold contacts, numbered in order of slot of their first contact."""
    contacts: list[tuple[int, EnqueueContact]]
    """By slot, as they would have to be enqueued now."""
    dispositions: list[tuple[int, str]]
    gave_way: list[tuple[int, GaveWay]]
    agent_labels: list[str | None]
    next_labels: list[str | None]
    lost_labels: list[str | None]
    plans: list[_CarriedPlan]
    """Plans that contacts carry or are ruled by, numbered in order of slot of their first contact."""
    skills: list[str]
    """Skills that contacts have named, in the order in which they are counted."""
    presences: list[tuple[int, list[tuple[int, str | None, int]]]]
    """Time of agents by presence and label, until the present one began."""
    statistics: int
    """How many numbers at the end of the tape are statistics."""


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(SnapshotState, float_hook=Decimal)


@contextlib.contextmanager
def _without_collector(size: int) -> Iterator[None]:
    """Keep the garbage collector from walking, again and again, over what is being made and holds no cycle.

    What was made counts as old afterwards, so that it is not walked over at once either; unless the host has frozen
    objects of its own, which would be thawed. As this makes all garbage old, too, it is done for large snapshots only:
    an engine is a cycle, and those of a host that restores many small ones must go as fast as they come.

    :param size: bytes of the snapshot, or about as many.
    """
    if size < _LARGE_BYTES or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() == 0:
            gc.freeze()
            gc.unfreeze()
        gc.enable()


def save(names: Names, seq: int, commands: int, is_fresh: bool, command_ids: list[tuple[str, int, int]]) -> bytes:
    """Return the snapshot of an engine; equal states give equal bytes."""
    with _without_collector(_CONTACT_BYTES * len(names.contacts)):
        return _saved(names, seq, commands, is_fresh, command_ids)


def _saved(names: Names, seq: int, commands: int, is_fresh: bool, command_ids: list[tuple[str, int, int]]) -> bytes:
    numbers: dict[int, int] = {}
    plans: dict[int, int] = {}
    contacts = []
    slot = names.acd.next_contact(0)
    while slot >= 0:
        contact_state, queue, _, class_slot = names.acd.place(slot)
        if not _IS_OVER[contact_state]:
            numbers.setdefault(class_slot, len(numbers))
            for plan in names.acd.plans_of(slot):
                plans.setdefault(plan, len(plans))
        # Exclusions and scores are on the tape; the lists and tables of a command are its giver's.
        first = msgspec.structs.replace(
            names.contacts[slot],
            queue_id=names.queue_ids[queue] or None,
            attributes=names.attributes_of(slot),
            excluded=[],
            scores={},
            preferred=[],
            plan=[],
            limits=None,
        )
        contacts.append((slot, first))
        slot = names.acd.next_contact(slot + 1)
    counted = statistics_tape.save(names.statistics)
    state = SnapshotState(
        config=msgspec.Raw(to_json(names.config)),
        changes=_changes(names),
        seq=seq,
        commands=commands,
        is_fresh=is_fresh,
        command_ids=command_ids,
        classes=[_class(names.classes.place(class_slot)) for class_slot in numbers],
        contacts=contacts,
        dispositions=sorted(names.dispositions.items()),
        gave_way=[(slot, names.gave_way[slot]) for slot in sorted(names.gave_way)],
        agent_labels=names.agent_labels,
        next_labels=names.next_labels,
        lost_labels=names.lost_labels,
        plans=[_carried(names, plan) for plan in plans],
        skills=names.statistics.skill_ids,
        presences=[
            (agent, [(presence, label, time_us) for (presence, label), time_us in _in_order(times)])
            for agent, times in sorted(names.statistics.presences.items())
        ],
        statistics=len(counted) // _NUMBER_SIZE,
    )
    front = _ENCODER.encode(state)
    tape = snapshot.save(names.acd, numbers, plans) + counted
    if sys.byteorder != "little":
        raise SnapshotError("byteorder", sys.byteorder, "little")
    body = _MAGIC + len(front).to_bytes(_LENGTH_SIZE, "little") + front + tape
    return body + hashlib.blake2b(body, digest_size=_DIGEST_SIZE).digest()


def _in_order(times: dict[tuple[int, str | None], int]) -> list[tuple[tuple[int, str | None], int]]:
    return sorted(times.items(), key=lambda one: (one[0][0], one[0][1] is not None, one[0][1] or ""))


def _changes(names: Names) -> _Changes | None:
    standing = names.standing
    slots = standing.slots()
    if standing.version == 1 and slots is None:
        return None
    return _Changes(
        version=standing.version,
        versions=dict(sorted(standing.versions.items())),
        slots=slots,
        habits=gears.habits(names.acd),
        skills_gone=sorted(standing.skills_gone),
    )


def _class(place: ClassPlace) -> _Class:
    spec = place.spec
    return _Class(
        spec.queue, spec.channel, spec.own_cost, spec.requirement, spec.skills, spec.is_slow, spec.scope, place.stage
    )


def _place(one: _Class) -> ClassPlace:
    return ClassPlace(
        ClassSpec(one.queue, one.channel, one.own_cost, one.requirement, one.skills, one.is_slow, one.scope), one.stage
    )


def _carried(names: Names, number: int) -> _CarriedPlan:
    queue, is_current = names.acd.plan_owner(number)
    rules_only = not is_current and names.acd.plan_refs(number) == 0
    steps = [] if is_current else names.plans.steps(number)
    return _CarriedPlan(queue, is_current, rules_only, mere_requirements(steps) if rules_only else steps)


def _carry(names: Names, one: _CarriedPlan) -> int:
    """Return the number of a plan of a snapshot."""
    if one.queue >= 0 and one.is_current:
        return names.plans.of_queue_now(one.queue)
    _agree(len(one.steps) > 0, "a plan that somebody carries has steps")
    return names.plans.restore(one.queue, one.steps, rules_only=one.rules_only)


def load(data: bytes) -> tuple[Names, SnapshotState]:
    """Return names and state of a snapshot.

    :raises SnapshotError: the bytes are not a whole snapshot of a rules version this release restores.
    """
    if type(data) is not bytes:
        raise WrongType("data", data, "bytes, a snapshot")
    with _without_collector(len(data)):
        return _loaded(data)


def _loaded(data: bytes) -> tuple[Names, SnapshotState]:
    # A view, as copies of hundreds of megabytes take their time.
    body, digest = memoryview(data)[:-_DIGEST_SIZE], data[-_DIGEST_SIZE:]
    if not data.startswith(_MAGIC):
        raise SnapshotError("data", data[:16], f"a snapshot of rules version {RULES_VERSION}")
    if hashlib.blake2b(body, digest_size=_DIGEST_SIZE).digest() != digest:
        raise SnapshotError("data", data[:16], "a whole snapshot; its digest does not agree")
    begin = len(_MAGIC) + _LENGTH_SIZE
    length = int.from_bytes(body[len(_MAGIC) : begin], "little")
    try:
        state = _DECODER.decode(body[begin : begin + length])
        config = Config.from_json(bytes(state.config))
        changes = state.changes
        names = build(config) if changes is None else _built(config, changes)
        _check_numbers(names, state)
        slots = [names.classes.restore(_place(one)) for one in state.classes]
        plans = [_carry(names, one) for one in state.plans]
        behind = len(body) - state.statistics * _NUMBER_SIZE
        _agree(begin + length <= behind <= len(body), "statistics are on the tape")
        snapshot.load(names.acd, bytes(body[begin + length : behind]), slots, plans)
        _check_names(names, state)
        statistics_tape.load(names.statistics, bytes(body[behind:]), state.skills)
        _put_back_presences(names, state)
        names.put_back(state.contacts)
        names.put_back_words(
            state.dispositions, state.gave_way, state.agent_labels, state.next_labels, state.lost_labels
        )
    except MemoryError:
        raise
    except Exception as error:  # a digest keeps accidents away; whoever seals a snapshot of his own may write anything
        raise SnapshotError("data", data[:16], f"a snapshot of this release; {str(error)[:_REASON_MAX]}") from error
    return names, state


def _built(config: Config, changes: _Changes) -> Names:
    """Return the floor of a configuration that was changed: everything in the slot that it had."""
    slots = changes.slots
    if slots is not None:
        agents = [id_ for id_ in slots.agents if id_ is not None]
        _agree(
            sorted(agents) == sorted(config.agents) and len(slots.agents) <= AGENTS_LIMIT, "every agent has its slot"
        )
        for ids, known in ((slots.queues, config.queues), (slots.channels, resolved_channels(config))):
            _agree(len(set(ids)) == len(ids) and set(known) <= set(ids), "every queue and channel has its slot")
            _agree(NO_QUEUE not in ids, "queues and channels have an id")
        _agree(len(slots.channels) <= CHANNELS_MAX, "there are no more channels than allowed")
    _agree((slots is None) < changes.version <= _COUNT_MAX and 0 <= changes.habits < HABITS_END, "changes are counted")
    _agree(all(1 < version <= changes.version for version in changes.versions.values()), "changes are counted")
    names = build(config, slots, changes.habits)
    standing = names.standing
    standing.version = changes.version
    standing.versions.update(changes.versions)
    standing.skills_gone.update(dict.fromkeys(changes.skills_gone))
    return names


def _check_numbers(names: Names, state: SnapshotState) -> None:
    """Raise unless the numbers in front are those of a floor of this configuration."""
    settings = names.config.engine
    _agree(0 <= state.seq <= _COUNT_MAX and 0 <= state.commands <= _COUNT_MAX, "events and commands are counted")
    _agree(len(state.command_ids) <= settings.command_ids_max, "the window of command ids is kept")
    _agree(len({one[0] for one in state.command_ids}) == len(state.command_ids), "command ids are there once")
    for command_id, first_seq, count in state.command_ids:
        names.check_id(command_id, "command_ids")
        _agree(0 < first_seq <= state.seq + 1 and 0 <= count <= state.seq, "remembered commands have gone before")
    specs = {_place(one).spec for one in state.classes if not one.is_slow}
    # The limit may be lower than it was when contacts came.
    classes_max = settings.classes_max if state.changes is None else CLASSES_LIMIT
    _agree(len(specs) <= classes_max, "there are no more classes than allowed")
    for one in state.classes:
        _agree(0 <= one.queue < len(names.queue_ids), "classes have a queue")
        _agree(0 <= one.channel < len(names.channel_ids), "classes have a channel")
        _agree(-1 <= one.own_cost <= COST_MAX, "classes have a cost, or none")
        _agree(one.stage >= 0, "classes have a stage")
        _agree(0 <= one.scope <= 2 and one.is_slow >= (one.scope > 0), "classes for preferred agents ask one by one")
    # Nothing keeps the skills that plans name from going; who lacks one has 0 of it.
    required = (step.requires for plan in state.plans for step in plan.steps)
    names.classes.state_skills(skill for text in required if text is not None for skill in parse(text).skills)
    for plan in state.plans:
        _agree(-1 <= plan.queue < len(names.queue_ids), "plans have a queue, or none")
        recheck_plan(names, plan.steps)
    names.classes.state_skills()


def _check_names(names: Names, state: SnapshotState) -> None:
    """Raise unless the names in front are those of the contacts and agents on the tape."""
    slot = names.acd.next_contact(0)
    # Live contacts may name what is not there any more.
    names.classes.state_skills(names.standing.skills_gone)
    for named, command in state.contacts:
        # Asked in line rather than of `_agree`: there may be a million of them.
        if named != slot:
            raise ValueError("it is not so that the contacts on the tape are those in front")
        contact_state, queue, channel, _ = names.acd.place(slot)
        is_over = _IS_OVER[contact_state]
        recheck(names, command, is_over)
        if (names.queue_ids[queue] or None) != command.queue_id:
            raise ValueError("it is not so that contacts are in their queue")
        if not is_over and command.queue_id is None and not _is_aside(names.acd.contact(slot)):
            raise ValueError("it is not so that contacts in no queue are put aside")
        if not is_over and names.channel_ids[channel] != command.channel:
            raise ValueError("it is not so that contacts keep their channel")
        slot = names.acd.next_contact(slot + 1)
    _agree(slot < 0, "the contacts on the tape are those in front")
    names.classes.state_skills()
    slots = {slot for slot, _ in state.contacts}
    for slot, disposition in state.dispositions:
        _agree(slot in slots and len(disposition) <= TEXT_LENGTH_MAX, "dispositions belong to contacts")
    for slot, one in state.gave_way:
        names.check_id(one.by_contact_id, "gave_way")
        names.check_id(one.agent_id, "gave_way")
        _agree(slot in slots, "contacts gave way with an agent")
        _agree(one.event in GAVE_WAY_EVENTS and 0 <= one.at_us <= names.acd.now(), "contacts gave way before")
    for labels in (state.agent_labels, state.next_labels, state.lost_labels):
        _agree(len(labels) == len(names.agent_ids), "every agent has a label, or none")
        _agree(all(one is None or len(one) <= TEXT_LENGTH_MAX for one in labels), "labels are short")


def _is_aside(known: dict[str, Any]) -> bool:
    """Say whether a contact is put aside as one without a queue can be: not to be unparked, and no callback."""
    is_parked = _STATES[known["state"]] is ContactState.PARKED and known["parked_until_us"] < 0
    is_scheduled = _STATES[known["state"]] is ContactState.SCHEDULED
    return (is_parked or is_scheduled) and known.get("expires_at_us", -1) < 0


def _put_back_presences(names: Names, state: SnapshotState) -> None:
    for agent, times in state.presences:
        _agree(0 <= agent < len(names.agent_ids) and agent not in names.statistics.presences, "agents are there once")
        known = names.statistics.presences[agent] = {}
        for presence, label, time_us in times:
            _agree(
                0 <= presence <= _PRESENCE_LAST and 0 < time_us <= TIME_US_MAX, "agents were somewhere for some time"
            )
            _agree(
                (presence, label) not in known and len(known) <= LABELS_MAX + _PRESENCE_LAST, "labels are there once"
            )
            _agree(label is None or len(label) <= TEXT_LENGTH_MAX, "labels are short")
            known[presence, label] = time_us


def _agree(is_so: bool, promise: str) -> None:
    if not is_so:
        raise ValueError(f"it is not so that {promise}")
