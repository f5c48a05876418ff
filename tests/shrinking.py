"""Makes a failing run small: first fewer steps, by delta debugging, then plainer ones and a plainer configuration."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from ccroute import commands
from ccroute.config import check
from ccroute.config.structs import Config
from tests.steps import Advance, Batch, DivergenceError, Duel, Handle, Solo, Step

LEAP_US_MAX = 1_000_000
"""No longer leap is tried over armed timers, as a contact that nobody answers would be offered all the way."""
ROUNDS_MAX = 20
"""How often shrinking of steps and configuration takes turns."""
NEEDED: Final = ("to_queue", "to_agent", "after", "on", "ahead")
"""Fields with a default of which one has to be given."""


def failure_of(
    config: Config, steps: list[Step], make_duel: Callable[[Config], Solo] = Duel
) -> tuple[int, BaseException] | None:
    """Run steps and return the index of the step that failed and how, or None."""
    duel = make_duel(config)
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


def shrink(config: Config, steps: list[Step], make_duel: Callable[[Config], Solo] = Duel) -> tuple[Config, list[Step]]:
    """Return a smaller configuration and fewer, plainer steps that still fail, with the same kind of error."""
    found = failure_of(config, steps, make_duel)
    assert found is not None
    kind = _kind_of(found[1])

    def fails(some_config: Config, some_steps: list[Step]) -> bool:
        try:
            failure = failure_of(some_config, some_steps, make_duel)
        except Exception:  # the configuration itself is refused
            return False
        return failure is not None and _kind_of(failure[1]) == kind

    steps = _one_by_one(steps[: found[0] + 1], lambda single: fails(config, single))
    for _ in range(ROUNDS_MAX):
        before = config, steps
        steps = _fewer_steps(steps, lambda fewer, config=config: fails(config, fewer))  # type: ignore[misc]
        steps = _shorter_leaps(steps, lambda nearer, config=config: fails(config, nearer))  # type: ignore[misc]
        steps = _plainer_steps(steps, lambda plainer, config=config: fails(config, plainer))  # type: ignore[misc]
        config = _plainer_config(config, lambda plainer, steps=steps: fails(plainer, steps))  # type: ignore[misc]
        if before == (config, steps):
            break
    return config, steps


def _kind_of(error: BaseException) -> tuple[str, ...]:
    """Return what must stay the same: of a divergence what differs, of any other error where it was raised."""
    if isinstance(error, DivergenceError):
        return (str(error).partition("\n")[0],)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return type(error).__name__, last.filename, last.name, str(last.line)


def _one_by_one(steps: list[Step], fails: Callable[[list[Step]], bool]) -> list[Step]:
    """Take batches apart, if it still fails then."""
    single: list[Step] = []
    for step in steps:
        if isinstance(step, Batch) and step.bad is None:
            single += [Handle(command, at_us, True) for command, at_us in step.pairs]
        else:
            single.append(step)
    return single if fails(single) else steps


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


def _shorter_leaps(steps: list[Step], fails: Callable[[list[Step]], bool]) -> list[Step]:
    """Bring what comes after a leap in time nearer, for as long as it still fails."""
    for index in range(len(steps)):
        reached = max(map(_reaches, steps[:index]), default=0)
        leap = _reaches(steps[index]) - reached
        for kept in (0, 1, 100):
            if kept < leap:
                nearer = [*steps[:index], *(_earlier(step, leap - kept) for step in steps[index:])]
                if fails(nearer):
                    steps = nearer
                    break
    return steps


def _earlier(step: Step, by_us: int) -> Step:
    match step:
        case Handle():
            return msgspec.structs.replace(step, at_us=max(0, step.at_us - by_us))
        case Advance():
            return msgspec.structs.replace(step, to_us=max(0, step.to_us - by_us))
        case Batch():
            return msgspec.structs.replace(
                step, pairs=tuple((command, max(0, at_us - by_us)) for command, at_us in step.pairs)
            )
        case _:
            return step


def _plainer_steps(steps: list[Step], fails: Callable[[list[Step]], bool]) -> list[Step]:
    """Give the fields of commands their defaults, and what they hold less, for as long as it still fails."""
    for index, step in enumerate(steps):
        while isinstance(step, Handle):
            for command in _plainer(step.command):
                if not _is_sound(command):
                    continue
                plainer = msgspec.structs.replace(step, command=command)
                if fails([*steps[:index], plainer, *steps[index + 1 :]]):
                    steps, step = [*steps[:index], plainer, *steps[index + 1 :]], plainer
                    break
            else:
                break
    return steps


def _is_sound(command: Any) -> bool:
    """Tell whether a command can be carried out, as far as its fields say; the model does not look."""
    match command:
        case commands.EnqueueContact(parked=False):
            return command.queue_id is not None and command.clock is None and command.until_us is None
        case commands.EnqueueContact(queue_id=None):
            return command.until_us is None
        case commands.TransferContact():
            kept = (command.preferred_wait_us, command.preferred_scope, command.preferred_requires)
            return None not in (command.to_queue, command.to_agent) or not any(one is not None for one in kept)
        case _:
            return True


def defaults_of(value: msgspec.Struct) -> dict[str, Any]:
    """Return the default of every field of a struct that has one."""
    fields = msgspec.structs.fields(value)
    return {
        field.name: field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        for field in fields
    }


def _plainer_config(config: Config, fails: Callable[[Config], bool]) -> Config:
    """Take away queues, agents and settings for as long as it still fails."""
    changed = True
    while changed:
        changed = False
        for plainer in _plainer(config):
            if not check(plainer) and fails(plainer):
                config, changed = plainer, True
                break
    return config


def _plainer(value: Any) -> Iterator[Any]:
    """Return what is like a value but for one thing that is less or has its default."""
    if isinstance(value, msgspec.Struct):
        for name, default in defaults_of(value).items():
            given = getattr(value, name)
            if given == default:
                continue
            if default is not msgspec.NODEFAULT and name not in NEEDED:
                yield msgspec.structs.replace(value, **{name: default})
            for plainer in _plainer(given):
                yield msgspec.structs.replace(value, **{name: plainer})
    elif isinstance(value, dict):
        for key, item in value.items():
            yield {other: kept for other, kept in value.items() if other != key}
            for plainer in _plainer(item):
                yield value | {key: plainer}
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield [*value[:index], *value[index + 1 :]]
            for plainer in _plainer(item):
                yield [*value[:index], plainer, *value[index + 1 :]]
