"""Runs calls of an engine while single allocations fail, and compares it with a twin that had all the memory it wanted.

``python -m tests.failing_memory CASE`` prints one line a position, so that a crash shows where it came, and at the end
how often a call went through, was undone, and closed the engine.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import _testcapi

from ccroute import Engine, EngineClosed, EngineOutOfMemory, EnqueueContact, SetPresence, commands
from ccroute.commands import Command
from ccroute.types import Presence
from tests.busy_center import CONFIG, LATER_US, NOW_US, WORKING, busy_engine

POSITIONS_MAX: Final = 24
"""Positions tried per case, spread evenly over the allocations of the call."""

WINDOWS: Final = (1, 5)
"""How many allocations in a row fail. Where many do, the interpreter itself gives up: it needs memory for an exception."""

ALLOCATIONS_MAX: Final = 20_000


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
    "cancel": Case(busy_engine().snapshot, lambda engine: engine.handle(WORKING[2], NOW_US)),
    "refusal": Case(busy_engine().snapshot, lambda engine: engine.handle(commands.HoldContact(contact_id="x", agent_id="a1"), NOW_US)),
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
        ),
    ),
}


def attempt(call: Callable[[], Any], start: int, stop: int) -> tuple[Any, BaseException | None]:
    """Return what a call gives, or what it raises, while allocations from ``start`` up to before ``stop`` fail."""
    result: Any = None
    met: BaseException | None = None
    _testcapi.set_nomemory(start, stop)
    try:
        result = call()
    except BaseException as error:
        met = error
    finally:
        _testcapi.remove_mem_hooks()
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
    """Say whether an exception comes out of the engine."""
    traces = met.__traceback__
    while traces is not None:
        if traces.tb_frame.f_code.co_filename.endswith("engine.pyx"):
            return True
        traces = traces.tb_next
    return False


def outcome_of(case: Case, snapshot: bytes, start: int, stop: int) -> str:
    """Run a call while memory fails, check the engine against its twin, and say what came of it."""
    engine, twin = Engine.restore(snapshot), Engine.restore(snapshot)
    result, met = attempt(lambda: case.call(engine), start, stop)
    if met is None:
        assert result == case.call(twin), "went through, and gave something else"
        said = "through"
    else:
        # What fails on the way into the engine is no concern of its own.
        assert isinstance(met, EngineOutOfMemory if was_inside(met) else MemoryError), repr(met)
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
    snapshot = case.begin()
    gc.disable()
    case.call(Engine.restore(snapshot))
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
