"""Makes a failing run small: first fewer steps, by delta debugging, then a plainer configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from ccroute.config.structs import Agent, Channel, Config, EngineSettings, Queue
from tests.steps import Advance, Batch, Duel, Handle, Step

LEAP_US_MAX = 1_000_000
"""No longer leap is tried over armed timers, as a contact that nobody answers would be offered all the way."""
ROUNDS_MAX = 20
"""How often shrinking of steps and configuration takes turns."""


def failure_of(config: Config, steps: list[Step], engine_type: Any = None) -> tuple[int, BaseException] | None:
    """Run steps and return the index of the step that failed and how, or None."""
    duel = Duel(config, engine_type)
    for index, step in enumerate(steps):
        if _reaches(step) - duel.model.now > LEAP_US_MAX and duel.model.timers:
            return None
        try:
            duel.do(step)
        except Exception as error:  # whatever goes wrong is the finding
            return index, error
    return None


def _reaches(step: Step) -> int:
    match step:
        case Handle():
            return step.at_us
        case Advance():
            return step.to_us
        case Batch():
            return max((at_us for _, at_us in step.pairs), default=0)
        case _:
            return 0


def shrink(config: Config, steps: list[Step], engine_type: Any = None) -> tuple[Config, list[Step]]:
    """Return a smaller configuration and fewer steps that still fail, with the same kind of error."""
    found = failure_of(config, steps, engine_type)
    assert found is not None
    kind = type(found[1])

    def fails(some_config: Config, some_steps: list[Step]) -> bool:
        try:
            failure = failure_of(some_config, some_steps, engine_type)
        except Exception:  # the configuration itself is refused
            return False
        return failure is not None and type(failure[1]) is kind

    steps = steps[: found[0] + 1]
    for _ in range(ROUNDS_MAX):
        before = config, len(steps)
        steps = _fewer_steps(steps, lambda fewer, config=config: fails(config, fewer))  # type: ignore[misc]
        config = _plainer_config(config, lambda plainer, steps=steps: fails(plainer, steps))  # type: ignore[misc]
        if before == (config, len(steps)):
            break
    return config, steps


def _fewer_steps(steps: list[Step], fails: Callable[[list[Step]], bool]) -> list[Step]:
    """Leave out ever smaller pieces of the list for as long as it still fails."""
    size = max(1, len(steps) // 2)
    while True:
        start = 0
        while start < len(steps):
            fewer = steps[:start] + steps[start + size :]
            if fewer and fails(fewer):
                steps = fewer
            else:
                start += size
        if size == 1:
            return steps
        size = max(1, size // 2)


def _plainer_config(config: Config, fails: Callable[[Config], bool]) -> Config:
    """Take away queues, agents and settings for as long as it still fails."""
    changed = True
    while changed:
        changed = False
        for plainer in _plainer(config):
            if fails(plainer):
                config, changed = plainer, True
                break
    return config


def _plainer(config: Config) -> Iterator[Config]:
    for key, kind in (("queues", Queue), ("agents", Agent), ("channels", Channel)):
        entries = getattr(config, key)
        for id_, entry in entries.items():
            yield _replaced(config, key, {other: value for other, value in entries.items() if other != id_})
            for plainer in _with_defaults(entry, kind):
                yield _replaced(config, key, entries | {id_: plainer})
    for engine in _with_defaults(config.engine, EngineSettings):
        yield msgspec.structs.replace(config, engine=engine)


def _replaced(config: Config, key: str, entries: dict[str, Any]) -> Config:
    return msgspec.structs.replace(config, **{key: entries})


def _with_defaults(value: Any, kind: Any) -> Iterator[Any]:
    plain = kind()
    for name in kind.__struct_fields__:
        if getattr(value, name) != getattr(plain, name):
            yield msgspec.structs.replace(value, **{name: getattr(plain, name)})
