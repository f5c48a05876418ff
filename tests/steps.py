"""What can be done to an engine and its model together, and how they are compared."""

from __future__ import annotations

import importlib
from typing import Any

import msgspec

from ccroute.commands import Command
from ccroute.config.structs import Config
from ccroute.events import CommandRefused, ContactQueued, Event
from tests.model import Model, TimeJumpError


class Handle(msgspec.Struct, frozen=True):
    """``handle(command, at_us)``."""

    command: Command
    at_us: int
    allow_jump: bool = False


class Batch(msgspec.Struct, frozen=True):
    """``handle_many(pairs)``; one pair may be malformed, and then nothing moves."""

    pairs: tuple[tuple[Command, int], ...]
    bad: int | None = None
    allow_jump: bool = False


class Advance(msgspec.Struct, frozen=True):
    """``advance(to_us)``."""

    to_us: int
    allow_jump: bool = False


class Restore(msgspec.Struct, frozen=True):
    """Snapshot the engine and go on with what is restored from it."""


class Malformed(msgspec.Struct, frozen=True):
    """``handle`` of what is no command of this configuration; for the engine alone, which must not move."""

    command: Any
    at_us: int


Step = Handle | Batch | Advance | Restore | Malformed

UNKNOWN_HANDLE = 2**40
"""Added to a number that stands for no contact, so that the engine finds none either."""


class DivergenceError(AssertionError):
    """Engine and model differ."""


class Duel:
    """An engine and the model, driven together; every step compares all that can be seen.

    Integer contact ids in commands are the model's handles, the number of the contact in order of enqueue, and integer
    agent ids the number of the agent in the configuration; they are translated for the engine, and back in refusals.
    """

    def __init__(self, config: Config, engine_type: Any = None) -> None:
        if engine_type is None:
            engine_type = importlib.import_module("ccroute").Engine  # late, as the oracle's own tests need no engine
        self.config = config
        self.model = Model(config)
        self.engine = engine_type(config)
        self._engine_type = engine_type
        self.told: list[Event] = []
        """Every event of the engine so far, as it gave it."""
        self.expected: list[Event] = []
        """Every event of the model so far, the failing step's included."""
        self._handles: dict[int, int] = {}
        self._agent_handles = [self._agent_handle(index, id_) for index, id_ in enumerate(config.agents)]

    def do(self, step: Step) -> list[Event]:
        """Take a step on both sides and return the model's events, or raise :class:`DivergenceError`."""
        events: list[Event] = []
        match step:
            case Handle():
                events = self._compare(
                    lambda: self.model.handle(self._known(step.command), step.at_us, step.allow_jump),
                    lambda: self.engine.handle(self.translated(step.command), step.at_us, allow_jump=step.allow_jump),
                )
            case Advance():
                events = self._compare(
                    lambda: self.model.advance(step.to_us, step.allow_jump),
                    lambda: self.engine.advance(step.to_us, allow_jump=step.allow_jump),
                )
            case Batch(bad=None):
                events = self._batch(step)
            case Batch():
                self._check_raises(lambda: self.engine.handle_many(list(step.pairs), allow_jump=True))
            case Malformed():
                self._check_raises(lambda: self.engine.handle(step.command, step.at_us, allow_jump=True))
            case Restore():
                self._restore()
        self._compare_present(step)
        return events

    # ---- one step

    def _batch(self, step: Batch) -> list[Event]:
        """Hand a batch over; handles that the batch itself makes cannot be translated, so they stay unknown."""
        return self._compare(
            lambda: self.model.handle_many(
                [(self._known(command), at_us) for command, at_us in step.pairs], step.allow_jump
            ),
            lambda: self.engine.handle_many(
                [(self.translated(command), at_us) for command, at_us in step.pairs], allow_jump=step.allow_jump
            ),
        )

    def _compare(self, of_model: Any, of_engine: Any) -> list[Event]:
        try:
            expected = of_model()
        except TimeJumpError:
            self._check_raises(of_engine, "TimeJump")
            return []
        per_command = expected if expected and isinstance(expected[0], list) else [expected]
        expected = [event for events in per_command for event in events]
        self.expected += expected
        got = of_engine()
        if per_command != [expected] and [len(events) for events in per_command] != [len(events) for events in got]:
            self._differ("events per command", per_command, got)
        got = [event for item in got for event in (item if isinstance(item, list) else [item])]
        if [self._comparable(event) for event in got] != [self._without_handle(event) for event in expected]:
            self._differ("events", expected, got)
        self._learn_handles(expected, got)
        self.told += got
        return list(expected)

    def _compare_present(self, step: Step) -> None:
        for what, expected, got in (
            ("next_at_us", self.model.next_at_us(), self.engine.next_at_us()),
            ("now_us", self.model.now, self.engine.now_us),
            ("counters", self.model.counters(), counters_of(self.engine)),
        ):
            if expected != got:
                self._differ(f"{what} after {type(step).__name__}", expected, got)

    def _check_raises(self, call: Any, name: str | None = None) -> None:
        before = self.engine.snapshot()
        try:
            call()
        except ValueError as error:
            if not getattr(error, "argument", None) or (name is not None and type(error).__name__ != name):
                self._differ("error", name or "an InvalidArgument with .argument", repr(error))
        else:
            self._differ("error", name or "an InvalidArgument", "no error")
        if self.engine.snapshot() != before:
            self._differ("snapshot after an error", "unchanged", "changed")

    def _restore(self) -> None:
        snapshot = self.engine.snapshot()
        restored = self._engine_type.restore(snapshot)
        if restored.snapshot() != snapshot:
            self._differ("snapshot of the restored", "the same bytes", "others")
        self.engine.close()
        self.engine = restored

    # ---- handles

    def _agent_handle(self, index: int, agent_id: str) -> int:
        handle = getattr(self.engine.agent(agent_id), "handle", index)
        assert isinstance(handle, int)
        return handle

    def _known(self, command: Command) -> Command:
        """Return the command for the model; a number that the engine cannot know is none that the model knows."""
        contact_id = getattr(command, "contact_id", None)
        if type(contact_id) is int and contact_id not in self._handles:
            return msgspec.structs.replace(command, contact_id=UNKNOWN_HANDLE + contact_id)
        return command

    def translated(self, command: Command) -> Command:
        changes: dict[str, int] = {}
        contact_id = getattr(command, "contact_id", None)
        if type(contact_id) is int:
            changes["contact_id"] = self._handles.get(contact_id, UNKNOWN_HANDLE + contact_id)
        agent_id = getattr(command, "agent_id", None)
        if type(agent_id) is int:
            changes["agent_id"] = self._agent_handles[agent_id]
        return msgspec.structs.replace(command, **changes) if changes else command

    def _comparable(self, event: Event) -> Event:
        if isinstance(event, CommandRefused):
            return self._refusal_translated_back(event)
        return self._without_handle(event)

    def _refusal_translated_back(self, event: CommandRefused) -> CommandRefused:
        changes: dict[str, int] = {}
        if type(event.contact_id) is int:
            back = {handle: number for number, handle in self._handles.items()}
            changes["contact_id"] = back.get(event.contact_id, event.contact_id)
        if type(event.agent_id) is int:
            changes["agent_id"] = self._agent_handles.index(event.agent_id)
        return msgspec.structs.replace(event, **changes) if changes else event

    def _without_handle(self, event: Event) -> Event:
        return msgspec.structs.replace(event, handle=0) if isinstance(event, ContactQueued) else event

    def _learn_handles(self, expected: list[Event], got: list[Event]) -> None:
        for ours, theirs in zip(expected, got, strict=True):
            if isinstance(ours, ContactQueued) and isinstance(theirs, ContactQueued):
                known = self._handles.setdefault(ours.handle, theirs.handle)
                if known != theirs.handle:
                    self._differ("handle of a contact", known, theirs.handle)

    def _differ(self, what: str, expected: object, got: object) -> None:
        raise DivergenceError(f"{what}\n  model:  {_listed(expected)}\n  engine: {_listed(got)}")


def counters_of(engine: Any) -> dict[str, int]:
    """Return an engine's counters by name, whether it gives them as a mapping or as a struct."""
    counters = engine.counters()
    names = ("created", "closed", "abandoned", "cancelled", "inside")
    return {name: counters[name] if isinstance(counters, dict) else getattr(counters, name) for name in names}


def _listed(value: object) -> str:
    if isinstance(value, list):
        return "".join(f"\n    {item}" for item in value) or "nothing"
    return repr(value)
