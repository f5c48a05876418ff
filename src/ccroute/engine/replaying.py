"""Explains what was decided in the past, by deciding it once more.

Commands are replayed a part at a time, with a snapshot before each, until the event is found; then the part is replayed
again up to the call that gave the event, and that call is watched. So commands may come from anywhere, once, and of a
long run no more is held than a part, whose length grows with what is inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from ccroute.commands import AnyCommand, Command, EnqueueContact
from ccroute.config import Config
from ccroute.engine.choosing import choice
from ccroute.engine.decisions import Choice, Decision
from ccroute.engine.engine import Engine, last_seq, watch_offer
from ccroute.errors import CcrouteError, EngineBug, EventNotReached, OutOfRange, ReplayDiverged, WrongType
from ccroute.events import (
    AnyEvent,
    ContactActive,
    ContactRequeued,
    ContactSuspended,
    Event,
    LegEnded,
    OfferAccepted,
    OfferMade,
    OfferRescinded,
    PresenceChanged,
)
from ccroute.types import LegEnd, RescindReason

if TYPE_CHECKING:
    from ccroute.engine.names import Names

__all__ = ["explain_decision"]

SEQ_MAX: Final = 2**63 - 1
_PART_MIN: Final = 1_024
_SNAPSHOT_BYTES_A_CALL: Final = 64


class _Call(NamedTuple):
    """One pair of those given."""

    number: int
    """From 1."""
    command: Command | None
    """None: time only goes on."""
    at_us: int


class _Found(NamedTuple):
    """The call that gave the event that was looked for."""

    before: bytes
    """Snapshot of the engine before the part."""
    calls: list[_Call]
    """The part, up to the call."""
    events: list[Event]
    """What the call gave."""


def explain_decision(
    origin: Config | bytes,
    commands: Iterable[tuple[Command | None, int]],
    event: int | Event,
    *,
    allow_jump: bool = False,
    pass_over_errors: bool = False,
) -> Decision:
    """Return what led to an event, and between whom was chosen where it made an offer, by replaying commands.

    The same commands give the same events, so an engine is brought to the moment just before the event and asked there.
    O(commands), and once more O(agents + contacts). Commands behind the event are not looked at.

    :param origin: the configuration of an engine that was new before the first command, or a snapshot of one.
    :param commands: pairs ``(command, at_us)``, as given to ``handle``; None for a command: ``advance``. Any iterable.
    :param event: seq of the event; or the event itself, as it was told then: it is compared with what the replay gives.
    :param allow_jump: as in ``handle``, for every pair.
    :param pass_over_errors: pass over commands that raise, as ``ccroute run`` does.
    :raises WrongType: an argument has another type than stated.
    :raises ConfigError: ``origin`` is a configuration with faults.
    :raises SnapshotError: ``origin`` is no snapshot that this release restores.
    :raises OutOfRange: ``event`` is not above 0, or lies before the snapshot.
    :raises EventNotReached: the commands end before the event.
    :raises ReplayDiverged: a command raises, or another event has this seq; the commands, or the origin, are not those.
    """
    seq = event.seq if isinstance(event, Event) else event
    if type(seq) is not int:
        raise WrongType("event", event, "an integer, the seq of an event, or an event")
    if not 1 <= seq <= SEQ_MAX:
        raise OutOfRange("event", seq, f"an integer from 1 to {SEQ_MAX}")
    if not isinstance(commands, Iterable):
        raise WrongType("commands", commands, "pairs (command, at_us)")
    engine = _begin(origin)
    first = last_seq(engine) + 1
    if seq < first:
        raise OutOfRange("event", seq, f"the seq of an event behind the snapshot, {first} or above")
    found = _find(engine, _calls(commands), seq, allow_jump=allow_jump, pass_over_errors=pass_over_errors)
    engine.close()
    (told,) = [one for one in found.events if one.seq == seq]
    if isinstance(event, Event) and told != event:
        raise ReplayDiverged(f"event {seq} of the replay is {told!r}, was {event!r}")
    return _decision(found, told, allow_jump=allow_jump)


# ---- replaying -------------------------------------------------------------------------------------------------


def _begin(origin: Config | bytes) -> Engine:
    if type(origin) is bytes:
        return Engine.restore(origin)
    if type(origin) is not Config:
        raise WrongType("origin", origin, "a Config, or bytes, a snapshot")
    return Engine(origin)


def _calls(commands: Iterable[tuple[Command | None, int]]) -> Iterator[_Call]:
    for number, pair in enumerate(commands, start=1):
        if type(pair) is not tuple or len(pair) != 2:
            raise WrongType(f"commands[{number - 1}]", pair, "a tuple (command, at_us)")
        yield _Call(number, *pair)


def _call(engine: Engine, call: _Call, *, allow_jump: bool) -> list[Event]:
    if call.command is None:
        return engine.advance(call.at_us, allow_jump=allow_jump)
    return engine.handle(call.command, call.at_us, allow_jump=allow_jump)


def _find(engine: Engine, calls: Iterator[_Call], seq: int, *, allow_jump: bool, pass_over_errors: bool) -> _Found:
    """Replay until the event of a seq is told."""
    number = 0
    while True:
        before = engine.snapshot()
        # A snapshot costs what is inside, so that a part that long pays for it.
        part = list(islice(calls, _PART_MIN + len(before) // _SNAPSHOT_BYTES_A_CALL))
        if not part:
            last = last_seq(engine)
            raise EventNotReached(
                f"event {seq} is not reached: {number} commands give {last} events, up to {engine.now_us} µs"
            )
        done: list[_Call] = []
        for call in part:
            number = call.number
            try:
                events = _call(engine, call, allow_jump=allow_jump)
            except CcrouteError as error:
                if not pass_over_errors:
                    raise ReplayDiverged(f"commands[{number - 1}] raises {type(error).__name__}: {error}") from error
                continue
            done.append(call)
            if events and events[-1].seq >= seq:
                return _Found(before, done, events)


# ---- looking again ---------------------------------------------------------------------------------------------


def _decision(found: _Found, told: Event, *, allow_jump: bool) -> Decision:
    call = found.calls[-1]
    cause, led_by = _led_by(found.events, told)
    return Decision(
        event=cast(AnyEvent, told),  # every event is one of the closed set
        call=call.number,
        command=cast(AnyCommand | None, call.command) if cause.startswith("command:") else None,  # so is every command
        led_by=led_by,
        replaced_by=_replaced_by(found.events, told),
        choice=_choice(found, told, allow_jump=allow_jump) if isinstance(told, OfferMade) else None,
    )


def _choice(found: _Found, told: OfferMade, *, allow_jump: bool) -> Choice:
    """Replay a part once more and look just before an offer of its last call is made."""
    engine = Engine.restore(found.before)
    for call in found.calls[:-1]:
        _call(engine, call, allow_jump=allow_jump)
    call = found.calls[-1]
    seen: list[Choice] = []

    def look(names: Names, contact: int, agent: int, turn: int) -> None:
        labels = list(names.agent_labels)
        _catch_up(names, call.command, [one for one in found.events if one.seq < told.seq])
        seen[:] = [choice(names, contact, agent, turn)]
        # What the call has not told yet is noted when it is.
        names.agent_labels[:] = labels

    watch = watch_offer(engine, int(told.offer_id[1:]), look)
    events = _call(engine, call, allow_jump=allow_jump)
    watch.end()
    if watch.error is not None:
        raise watch.error
    engine.close()
    if events != found.events or not seen or (seen[0].contact_id, seen[0].agent_id) != (told.contact_id, told.agent_id):
        raise EngineBug(f"the same commands gave other events: {told!r} is not made again")
    return seen[0]


def _catch_up(names: Names, command: Command | None, events: Sequence[Event]) -> None:
    """Note what a call has done so far, which names and words do only when the core is done with it."""
    for event in events:
        if isinstance(event, PresenceChanged):
            names.agent_labels[names.agent_slots[event.agent_id]] = event.label
    arriving = command if names.pending is None else names.pending
    if isinstance(arriving, EnqueueContact):
        names.note_arrival(arriving)


# ---- the chain of causes ---------------------------------------------------------------------------------------


def _led_by(events: Sequence[Event], told: Event) -> tuple[str, list[AnyEvent]]:
    """Return the command or timer behind an event, and what it did before to those that the event is about."""
    roots: dict[int, str] = {}
    root = told.cause
    for event in events:
        # What a rule does has the rule as its cause; the event that tells of the rule has what made it due.
        if not event.cause.startswith("rule:"):
            root = event.cause
        roots[event.seq] = root
        if event is told:
            break
    about = _about(told)
    chain: list[AnyEvent] = []
    for event in reversed([one for one in events if one.seq < told.seq]):
        if event.at_us == told.at_us and roots[event.seq] == roots[told.seq] and about & _about(event):
            about |= _about(event)
            chain.append(cast(AnyEvent, event))  # every event is one of the closed set
    return roots[told.seq], chain[::-1]


def _about(event: Event) -> set[tuple[str, str]]:
    """Return whom an event is about."""
    kinds = dict.fromkeys(("contact_id", "by_contact_id", "parent_id", "victim"), "contact") | {"agent_id": "agent"}
    return {(kind, value) for name, kind in kinds.items() if (value := getattr(event, name, None)) is not None}


def _replaced_by(events: Sequence[Event], told: Event) -> AnyEvent | None:
    """Return the event by which another contact, or another agent, has what was taken away."""
    if isinstance(told, OfferRescinded) and told.reason is RescindReason.TAKEN:
        taken = (one for one in reversed(events) if isinstance(one, OfferAccepted) and one.seq < told.seq)
        return next((one for one in taken if one.contact_id == told.contact_id), None)
    by = getattr(told, "by_contact_id", None)
    if by is None:
        return None
    if isinstance(told, ContactSuspended | ContactRequeued) or (
        isinstance(told, LegEnded) and told.reason is LegEnd.PREEMPTED
    ):
        begun = (one for one in reversed(events) if isinstance(one, ContactActive) and one.seq < told.seq)
        return next((one for one in begun if one.contact_id == by), None)
    made = (one for one in events if isinstance(one, OfferMade | OfferAccepted) and one.seq > told.seq)
    return next((one for one in made if one.contact_id == by), None)
