"""What can be done to an engine and its model together, and how they are compared.

After every call a ledger kept from the events alone finds nothing wrong and nothing left to decide, now and then the
model, asked anew, agrees, and no call took more events than what is inside can give.
"""

from __future__ import annotations

import contextlib
import importlib
from collections import Counter
from typing import Any, Final

import msgspec

from ccroute.commands import Command
from ccroute.config.structs import Config
from ccroute.events import CommandRefused, Configured, ContactParked, ContactQueued, ContactScheduled, Event
from tests.ledger import Ledger
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

LOOKS_EVERY: Final = 8
"""The model, which is slow, is asked after so many calls whether anything is left to decide."""
EVENTS_MAX: Final = 50
EVENTS_EACH_MAX: Final = 10
"""Events of one cause in one instant, for each contact inside and each agent; random worlds need a quarter of it."""
WITH_HANDLE: Final = (ContactQueued, ContactParked, ContactScheduled)
"""Events that tell the handle of a contact."""
OWED_SEEN: Final = ("contact_id", "parent_id", "customer_id", "queue_id", "state", "attempts", "expires_at_us")
"""What events tell of a callback that is owed."""
OWED: Final = (*OWED_SEEN, "created_at_us", "due_at_us")
MISSED_LIMIT: Final = 3
"""Callbacks on a page, so few that there are several pages."""
UNKNOWN_HANDLE: Final = 2**40
"""Added to a number that stands for no contact, so that the engine finds none either."""


class DivergenceError(AssertionError):
    """Engine and model differ."""


class Solo:
    """The model alone, driven as a duel is, under the eyes of the ledger."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.model = Model(config)
        self.ledger = Ledger(config)
        self.expected: list[Event] = []
        """Every event of the model so far, the failing step's included."""
        self._calls = 0

    def do(self, step: Step) -> list[Event]:
        """Take a step, if it is one for the model, and return the model's events."""
        with contextlib.suppress(TimeJumpError):
            match step:
                case Handle():
                    return self._settled([self.model.handle(step.command, step.at_us, step.allow_jump)], step.command)
                case Advance():
                    return self._settled([self.model.advance(step.to_us, step.allow_jump)])
                case Batch(bad=None):
                    pairs = list(step.pairs)
                    told = self.model.handle_many(pairs, step.allow_jump)
                    return self._settled(told, *(command for command, _ in pairs))
        return []

    def _settled(self, told: list[list[Event]], *given: Command) -> list[Event]:
        """Check what a call told and left behind, and return the events."""
        events = [event for some in told for event in some]
        self.expected += events
        self._check_count(events)
        self.ledger.read(events, *given)
        self.ledger.check_settled(self.model.now)
        self._calls += 1
        if self._calls % LOOKS_EVERY == 0:
            self._check_nothing_is_left()
        if self.model.counters() != self.ledger.counters():
            raise DivergenceError(f"counters: model {self.model.counters()}, ledger {self.ledger.counters()}")
        owed = [tuple(getattr(one, name) for name in OWED_SEEN) for one in self.model.missed()]
        if owed != self.ledger.missed():
            raise DivergenceError(f"callbacks owed: model {owed}, ledger {self.ledger.missed()}")
        return events

    def _check_nothing_is_left(self) -> None:
        for what, left in (
            ("eligible pairs", self.model.eligible_pairs()),
            ("pre-emptions", self.model.preemption()),
            ("legs that could resume", self.model.resumable()),
        ):
            if left:
                raise DivergenceError(f"{what} are left: {_listed(left)}")

    def _check_count(self, events: list[Event]) -> None:
        """Check that the engine came to rest in time: so many events of one instant and cause are too many."""
        contacts = sum(contact.over_at is None for contact in self.model.contacts)
        limit = EVENTS_MAX + EVENTS_EACH_MAX * (contacts + len(self.model.agents))
        for (at_us, cause), count in Counter((event.at_us, event.cause) for event in events).items():
            if count > limit:
                raise DivergenceError(f"{count} events at {at_us} by {cause}, more than {limit}")


class Duel(Solo):
    """An engine and the model, driven together; every step compares all that can be seen.

    Integer contact ids in commands are the model's handles, the number of the contact in order of enqueue, and integer
    agent ids the number of the agent in the configuration; they are translated for the engine, and back in refusals.
    """

    def __init__(self, config: Config, engine_type: Any = None) -> None:
        super().__init__(config)
        self._looks = engine_type is None
        """Look-ups are compared as well, which a look-alike need not have."""
        if engine_type is None:
            engine_type = importlib.import_module("ccroute").Engine  # late, as the oracle's own tests need no engine
        self.engine = engine_type(config)
        self._engine_type = engine_type
        self.told: list[Event] = []
        """Every event of the engine so far, as it gave it."""
        self._handles: dict[int, int] = {}
        self._agent_handles: dict[int, int] = {}
        self._learn_agents()

    def do(self, step: Step) -> list[Event]:
        """Take a step on both sides and return the model's events, or raise :class:`DivergenceError`."""
        events: list[Event] = []
        match step:
            case Handle():
                known = self._known(step.command)
                events = self._compare(
                    lambda: [self.model.handle(known, step.at_us, step.allow_jump)],
                    lambda: self.engine.handle(self.translated(step.command), step.at_us, allow_jump=step.allow_jump),
                    known,
                )
            case Advance():
                events = self._compare(
                    lambda: [self.model.advance(step.to_us, step.allow_jump)],
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
        known = [(self._known(command), at_us) for command, at_us in step.pairs]
        return self._compare(
            lambda: self.model.handle_many(known, step.allow_jump),
            lambda: self.engine.handle_many(
                [(self.translated(command), at_us) for command, at_us in step.pairs], allow_jump=step.allow_jump
            ),
            *(command for command, _ in known),
        )

    def _compare(self, of_model: Any, of_engine: Any, *given: Command) -> list[Event]:
        try:
            told: list[list[Event]] = of_model()
        except TimeJumpError:
            self._check_raises(of_engine, "TimeJump")
            return []
        expected = self._settled(told, *given)
        got = of_engine()
        if got and isinstance(got[0], list):
            if [len(events) for events in told] != [len(events) for events in got]:
                self._differ("events per command", told, got)
            got = [event for events in got for event in events]
        if [self._comparable(event) for event in got] != [self._without_handle(event) for event in expected]:
            self._differ("events", expected, got)
        self._learn_handles(expected, got)
        if any(isinstance(event, Configured) for event in expected):
            self._learn_agents()
        self.told += got
        return expected

    def _compare_present(self, step: Step) -> None:
        for what, expected, got in (
            ("next_at_us", self.model.next_at_us(), self.engine.next_at_us()),
            ("now_us", self.model.now, self.engine.now_us),
            ("counters", self.model.counters(), counters_of(self.engine)),
        ):
            if expected != got:
                self._differ(f"{what} after {type(step).__name__}", expected, got)
        if self._looks:
            self._compare_owed(step)
            if self._calls % LOOKS_EVERY == 0:
                self._compare_looks()

    def _compare_owed(self, step: Step) -> None:
        """Compare the callbacks that are owed."""
        expected = [tuple(getattr(one, name) for name in OWED) for one in self.model.missed()]
        got = missed_of(self.engine)
        if expected != got:
            self._differ(f"callbacks owed after {type(step).__name__}", expected, got)

    def _compare_looks(self) -> None:
        """Compare what look-ups tell of every contact and agent."""
        for contact in {contact.id: contact for contact in self.model.contacts if contact.is_live()}.values():
            told = self.engine.contact(contact.id)
            offers = [f"o{offer.number}" for offer in contact.offers]
            expected = (contact.state, contact.queue, contact.version, contact.place, offers)
            if expected != (told.state, told.queue_id, told.version, told.place_at_us, told.offers):
                self._differ(f"contact {contact.id}", expected, told)
        for agent in self.model.agents.values():
            told = self.engine.agent(agent.id)
            legs = [(leg.contact.id, leg.state, leg.cost) for leg in agent.legs]
            got = [(leg.contact_id, leg.state, leg.cost) for leg in told.legs]
            if (agent.presence, agent.taken(), legs) != (told.presence, told.taken, got):
                self._differ(f"agent {agent.id}", (agent.presence, agent.taken(), legs), told)

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

    def _learn_agents(self) -> None:
        """Take note of the handles of agents that are there."""
        for agent in self.model.agents.values():
            if agent.seq not in self._agent_handles:
                self._agent_handles[agent.seq] = getattr(self.engine.agent(agent.id), "handle", agent.seq)

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
        for name in ("agent_id", "to_agent"):
            agent_id = getattr(command, name, None)
            if type(agent_id) is int:
                changes[name] = self._agent_handles.get(agent_id, UNKNOWN_HANDLE + agent_id)
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
            numbers = {handle: number for number, handle in self._agent_handles.items()}
            changes["agent_id"] = numbers.get(event.agent_id, event.agent_id - UNKNOWN_HANDLE)
        return msgspec.structs.replace(event, **changes) if changes else event

    def _without_handle(self, event: Event) -> Event:
        return msgspec.structs.replace(event, handle=0) if isinstance(event, WITH_HANDLE) else event

    def _learn_handles(self, expected: list[Event], got: list[Event]) -> None:
        for ours, theirs in zip(expected, got, strict=True):
            if isinstance(ours, WITH_HANDLE) and isinstance(theirs, WITH_HANDLE):
                known = self._handles.setdefault(ours.handle, theirs.handle)
                if known != theirs.handle:
                    self._differ("handle of a contact", known, theirs.handle)

    def _differ(self, what: str, expected: object, got: object) -> None:
        raise DivergenceError(f"{what}\n  model:  {_listed(expected)}\n  engine: {_listed(got)}")


def counters_of(engine: Any) -> dict[str, int]:
    """Return an engine's counters by name, whether it gives them as a mapping or as a struct."""
    counters = engine.counters()
    names = ("created", "closed", "abandoned", "cancelled", "expired", "inside")
    return {name: counters[name] if isinstance(counters, dict) else getattr(counters, name) for name in names}


def missed_of(engine: Any) -> list[tuple[Any, ...]]:
    """Return the callbacks that an engine owes, read page by page."""
    found: list[Any] = []
    while page := engine.missed(limit=MISSED_LIMIT, after=found[-1].contact_id if found else None):
        found += page
    return [tuple(getattr(one, name) for name in OWED) for one in found]


def _listed(value: object) -> str:
    if isinstance(value, list):
        return "".join(f"\n    {item}" for item in value) or "nothing"
    return repr(value)
