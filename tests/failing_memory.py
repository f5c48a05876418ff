"""Runs calls of an engine while single allocations fail, and compares it with a twin that had all the memory it wanted.

``python -m tests.failing_memory CASE`` prints one line a position, so that a crash shows where it came, and at the end
how often a call went through, was undone, and closed the engine.
"""

from __future__ import annotations

import _testcapi
import gc
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar, Final, NamedTuple

from ccroute import Engine, EngineClosed, EngineOutOfMemory, EnqueueContact, SetPresence, commands
from ccroute.commands import Command
from ccroute.config import reading
from ccroute.engine import classes, snapshots
from ccroute.types import Presence
from tests.busy_center import CONFIG, LATER_US, NOW_US, WORKING, busy_engine

POSITIONS_MAX: Final = 24
"""Positions tried per case, spread evenly over the allocations of the call."""

WINDOWS: Final = (1, 5)
"""How many allocations in a row fail. Where many do, the interpreter itself gives up: exceptions take memory."""

ALLOCATIONS_MAX: Final = 20_000

GUARDED: Final = frozenset({"__init__", "handle", "handle_many", "advance", "query", "snapshot", "restore"})
"""Functions of the engine that give every lack of memory its type."""


class Remembered:
    """A function that gives the answers of an earlier run again while memory fails.

    msgspec 0.22 crashes where memory fails while it reads or writes JSON; that is its own fault, and left out here.
    """

    everyone: ClassVar[list[Remembered]] = []

    def __init__(self, real: Callable[..., Any]) -> None:
        self.real = real
        self.answers: list[Any] = []
        self.at = 0
        self.mode = "real"
        self.everyone.append(self)

    def __call__(self, *arguments: Any) -> Any:
        if self.mode == "replay":
            self.at += 1
            return self.answers[self.at - 1]
        answer = self.real(*arguments)
        if self.mode == "record":
            self.answers.append(answer)
        return answer

    @classmethod
    def all_to(cls, mode: str) -> None:
        """Begin to record, to replay from the first answer on, or to do the real thing."""
        for one in cls.everyone:
            one.mode, one.at = mode, 0


def remember_json() -> None:
    """Put a remembered function in front of everything of msgspec that reads or writes JSON for an engine."""
    reading.__dict__["_json_table"] = Remembered(reading.__dict__["_json_table"])
    reading.__dict__["_ENCODER"] = SimpleNamespace(encode=Remembered(reading.__dict__["_ENCODER"].encode))
    snapshots.__dict__["_ENCODER"] = SimpleNamespace(encode=Remembered(snapshots.__dict__["_ENCODER"].encode))
    snapshots.__dict__["_DECODER"] = SimpleNamespace(decode=Remembered(snapshots.__dict__["_DECODER"].decode))


class Case(NamedTuple):
    """A call under test, on an engine that is restored for each position."""

    begin: Callable[[], bytes]
    call: Callable[[Engine], Any]


def _crowded() -> bytes:
    """Return an engine one contact before its stores must grow, where many wait for one agent to come."""
    engine = busy_engine()
    engine.handle_many([(_enqueue(number, "ring"), NOW_US) for number in range(505)])
    return engine.snapshot()


def _enqueue(number: int, queue_id: str, **more: Any) -> Command:
    return EnqueueContact(contact_id=f"n{number}", queue_id=queue_id, channel="voice", **more)


def _grow(engine: Engine) -> Any:
    return engine.handle_many([(_enqueue(number, "scored", scores={"a1": 1}), NOW_US) for number in range(600, 620)])


NEW_CLASS: Final = _enqueue(
    1, "ring", requires="agent.skills.german > 7 || contact.attributes.vip", attributes={"vip": False, "tags": ["x"]}
)
NEWER_CLASS: Final = _enqueue(2, "ring", requires="agent.skills.german > 8", excluded=["a0"])
PATCH: Final = commands.ContactPatch(
    queue_id="scored", requires="agent.skills.german > 7", attributes={"tags": ["y"]}, scores={"a2": 1}, excluded=["a1"]
)
CASES: Final[dict[str, Case]] = {
    "build": Case(busy_engine().snapshot, lambda _: Engine(CONFIG).snapshot()),
    "enqueue": Case(busy_engine().snapshot, lambda engine: engine.handle(NEW_CLASS, NOW_US)),
    "grow": Case(_crowded, _grow),
    "offers": Case(
        _crowded, lambda engine: engine.handle(SetPresence(agent_id="a4", presence=Presence.AVAILABLE), NOW_US)
    ),
    "accept": Case(busy_engine().snapshot, lambda engine: engine.handle(commands.AcceptOffer(offer_id="o4"), NOW_US)),
    "complete": Case(
        busy_engine().snapshot,
        lambda engine: engine.handle(commands.CompleteContact(contact_id="talk", disposition="sold"), NOW_US),
    ),
    "transfer": Case(
        busy_engine().snapshot,
        lambda engine: engine.handle(
            commands.TransferContact(contact_id="talk", agent_id="a1", to_queue="scored"), NOW_US
        ),
    ),
    "change": Case(
        busy_engine().snapshot,
        lambda engine: engine.handle(commands.ChangeContact(contact_id="wait", patch=PATCH), NOW_US),
    ),
    "sweep": Case(
        busy_engine().snapshot, lambda engine: engine.handle_many([(NEW_CLASS, NOW_US), (NEWER_CLASS, NOW_US)])
    ),
    "consult": Case(
        busy_engine().snapshot,
        lambda engine: engine.handle(commands.ConsultAgent(contact_id="talk", agent_id="a1", to_queue="ring"), NOW_US),
    ),
    "park": Case(
        busy_engine().snapshot,
        lambda engine: engine.handle(commands.ParkContact(contact_id="wait", until_us=0), NOW_US),
    ),
    "pick": Case(
        busy_engine().snapshot,
        lambda engine: engine.handle(commands.PickContact(contact_id="late", agent_id="a8"), NOW_US),
    ),
    "assign": Case(
        busy_engine().snapshot,
        lambda engine: engine.handle(commands.AssignContact(contact_id="late", agent_id="a8"), NOW_US),
    ),
    "load": Case(
        busy_engine().snapshot,
        lambda engine: engine.handle(commands.SetExternalLoad(agent_id="a0", channel="voice", units=100), NOW_US),
    ),
    "cancel": Case(busy_engine().snapshot, lambda engine: engine.handle(WORKING[2], NOW_US)),
    "refusal": Case(
        busy_engine().snapshot,
        lambda engine: engine.handle(commands.HoldContact(contact_id="x", agent_id="a1"), NOW_US),
    ),
    "timers": Case(_crowded, lambda engine: engine.advance(LATER_US)),
    "snapshot": Case(_crowded, lambda engine: engine.snapshot()),
    "restore": Case(_crowded, lambda engine: Engine.restore(engine.snapshot()).snapshot()),
    "queries": Case(
        busy_engine().snapshot,
        lambda engine: (
            engine.contacts(where='contact.attributes.lang == "de"'),
            engine.agents(queue_id="ring"),
            engine.offers(),
            str(engine.explain("wait")),
            engine.position("wait"),
            engine.estimate_wait("wait"),
            engine.estimate_wait(queue_id="ring", channel="voice"),
        ),
    ),
}


def attempt(call: Callable[[], Any], start: int, stop: int) -> tuple[Any, BaseException | None]:
    """Return what a call gives, or what it raises, while allocations from ``start`` up to before ``stop`` fail."""
    result: Any = None
    met: BaseException | None = None
    Remembered.all_to("replay")
    _testcapi.set_nomemory(start, stop)
    try:
        result = call()
    except BaseException as error:
        met = error
    finally:
        _testcapi.remove_mem_hooks()
        Remembered.all_to("real")
    return result, met


def allocations_of(case: Case, snapshot: bytes) -> int:
    """Return how many allocations a call makes, by bisection: it fails where one of them does."""
    low, high = 0, ALLOCATIONS_MAX
    while low < high:
        middle = (low + high) // 2
        engine = Engine.restore(snapshot)
        if attempt(lambda engine=engine: case.call(engine), middle, middle + WINDOWS[-1])[1] is None:
            high = middle
        else:
            low = middle + 1
    return low


def was_inside(met: BaseException) -> bool:
    """Say whether an exception comes out of a call that the engine had begun."""
    return any(
        frame.f_code.co_filename.endswith("engine.pyx") and frame.f_code.co_name.rsplit(".")[-1] in GUARDED
        for frame, _ in traceback.walk_tb(met.__traceback__)
    )


def outcome_of(case: Case, snapshot: bytes, start: int, stop: int) -> str:
    """Run a call while memory fails, check the engine against its twin, and say what came of it."""
    engine, twin = Engine.restore(snapshot), Engine.restore(snapshot)
    result, met = attempt(lambda: case.call(engine), start, stop)
    if met is None:
        assert result == case.call(twin), "went through, and gave something else"
        said = "through"
    else:
        # What fails on the way into the engine is no concern of its own, and its own error takes memory too.
        is_ours = stop == start + 1 and was_inside(met)
        assert isinstance(met, EngineOutOfMemory if is_ours else MemoryError), repr(met)
        try:
            undone = engine.snapshot()
        except EngineClosed:
            return "closed"
        assert undone == snapshot, "neither closed nor undone"
        assert case.call(engine) == case.call(twin), "not the same the second time"
        said = "undone"
    assert engine.snapshot() == twin.snapshot(), "another state than the twin's"
    for command in WORKING:
        assert engine.handle(command, LATER_US) == twin.handle(command, LATER_US), "goes on otherwise than the twin"
    assert engine.snapshot() == twin.snapshot(), "another state than the twin's, later"
    return said


def main() -> None:
    """Run the case that the command line names."""
    case = CASES[sys.argv[1]]
    if sys.argv[1] == "sweep":
        classes.__dict__["SWEEP_FIRST"] = 0
    snapshot = case.begin()
    gc.disable()
    remember_json()
    engine = Engine.restore(snapshot)
    Remembered.all_to("record")
    case.call(engine)
    count = allocations_of(case, snapshot)
    outcomes: Counter[str] = Counter()
    for number in range(POSITIONS_MAX):
        start = count * number // POSITIONS_MAX
        for window in WINDOWS:
            print(f"{window} from {start} of {count}", flush=True)
            outcomes[outcome_of(case, snapshot, start, start + window)] += 1
    print(*(f"{name}={times}" for name, times in sorted(outcomes.items())))


if __name__ == "__main__":
    main()
