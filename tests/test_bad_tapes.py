"""A snapshot that is sealed anew after it was spoilt is refused, or gives an engine that works."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccroute import CancelContact, Engine, Presence, SetPresence
from tests.busy_center import LATER_US, NOW_US, WORKING
from tests.snapshot_tape import sealed
from tests.test_bad_snapshots import FRONT, HEAD, TAPE, restored

ODD_NUMBERS: Final = (
    *(-(2**63), 1 - 2**63, -(2**31), -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 127, 128, 255, 65_535, 65_536),
    *(2**24 - 1, 2**31 - 1, 2**31, 2**53 - 1, 2**53, 2**62, 2**63 - 1),
)
ODD_WORDS: Final = (None, True, -1, 0, 1, 2**63, 1.5, "", "x", "x" * 2_000, "a1", "voice", [], {}, [[]], [0, "x"])


def check_works(engine: Engine) -> None:
    """Use an engine in every way there is; no call may raise."""
    again = Engine.restore(engine.snapshot())
    assert again.snapshot() == engine.snapshot()
    for contact in engine.contacts():
        str(engine.explain(contact.handle))
        engine.position(contact.handle)
    engine.agents(), engine.queues(), engine.offers(), engine.counters(), engine.next_at_us()
    assert engine.statistics(series=True) == again.statistics(series=True)
    for command in WORKING:
        assert engine.handle(command, NOW_US) == again.handle(command, NOW_US)
    assert engine.advance(LATER_US, allow_jump=True) == again.advance(LATER_US, allow_jump=True)
    engine.handle(SetPresence(agent_id="a0", presence=Presence.OFFLINE), LATER_US)
    for contact in engine.contacts():
        engine.handle(CancelContact(contact_id=contact.handle), LATER_US)
    engine.advance(2**53 - 1, allow_jump=True)
    Engine.restore(engine.snapshot()).close()
    engine.close()


def spoilt_tape(dice: random.Random) -> list[int]:
    """Return the tape with one or two numbers that are not the right ones."""
    tape = list(TAPE)
    for _ in range(1 + dice.randrange(2)):
        at = dice.randrange(len(tape))
        match dice.randrange(4):
            case 0:
                tape[at] = dice.choice(ODD_NUMBERS)
            case 1:
                tape[at] = min(tape[at] + dice.choice((-1, 1)), 2**63 - 1)
            case 2:
                tape[at] = dice.choice(TAPE)
            case _:
                other = dice.randrange(len(tape))
                tape[at], tape[other] = tape[other], tape[at]
    return tape


@given(st.randoms(use_true_random=False))
@settings(max_examples=settings.default.max_examples * 5)
def test_a_tape_with_wrong_numbers_is_refused_or_works(dice: random.Random) -> None:
    engine = restored(sealed(HEAD, FRONT, spoilt_tape(dice)))
    if engine is not None:
        check_works(engine)


@pytest.mark.parametrize("at", range(len(TAPE)))
def test_every_number_of_the_tape_that_is_off_by_one_is_refused_or_works(at: int) -> None:
    for more in (-1, 1):
        engine = restored(sealed(HEAD, FRONT, [*TAPE[:at], TAPE[at] + more, *TAPE[at + 1 :]]))
        if engine is not None:
            check_works(engine)


@given(st.integers(1, len(TAPE)), st.booleans())
def test_a_tape_of_another_length_is_refused(count: int, is_longer: bool) -> None:
    assert restored(sealed(HEAD, FRONT, TAPE + TAPE[:count] if is_longer else TAPE[:-count])) is None


def places_in(value: Any, put: Callable[[Any], Any]) -> Iterator[Callable[[Any], Any]]:
    """Yield, for every place in a tree of JSON, a function that gives the whole with another value there."""
    yield put
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places_in(inner, lambda new, key=key: put(value | {key: new}))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from places_in(inner, lambda new, at=at: put([*value[:at], new, *value[at + 1 :]]))


PLACES: Final = list(places_in(FRONT, lambda new: new))


@given(st.sampled_from(PLACES), st.sampled_from(ODD_WORDS) | st.sampled_from(ODD_NUMBERS))
@settings(max_examples=settings.default.max_examples * 5)
def test_wrong_names_in_front_are_refused_or_work(place: Callable[[Any], Any], value: Any) -> None:
    front = place(value)
    engine = restored(sealed(HEAD, front, TAPE)) if isinstance(front, dict) else None
    if engine is not None:
        check_works(engine)
