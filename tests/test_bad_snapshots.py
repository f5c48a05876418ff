"""Spoilt snapshots are refused, wherever they are spoilt."""

from __future__ import annotations

import random
from typing import Final

import pytest

from ccroute import Engine, SnapshotError
from tests.busy_center import busy_engine
from tests.snapshot_tape import head_of, sealed, taken_apart

SNAPSHOT: Final = busy_engine().snapshot()
HEAD: Final = head_of(SNAPSHOT)
FRONT, TAPE = taken_apart(SNAPSHOT)


def restored(data: bytes) -> Engine | None:
    """Return the engine of a snapshot, or None where it is refused as it should be."""
    try:
        return Engine.restore(data)
    except SnapshotError as met:
        error = met
    assert error.argument == "data"
    assert len(str(error)) < 2_000
    return None


def test_a_snapshot_taken_apart_and_sealed_again_is_restored() -> None:
    engine = restored(sealed(HEAD, FRONT, TAPE))
    assert engine is not None
    assert engine.snapshot() == SNAPSHOT


@pytest.mark.parametrize("cut", [0, 1, 11, 12, 19, 20, 21, 500, len(SNAPSHOT) - 17, len(SNAPSHOT) - 1])
def test_a_snapshot_cut_short_or_made_longer_is_refused(cut: int) -> None:
    assert restored(SNAPSHOT[:cut]) is None
    assert restored(SNAPSHOT + SNAPSHOT[: cut + 1]) is None
    assert restored(SNAPSHOT[cut + 1 :]) is None


def test_no_flipped_bit_goes_unseen() -> None:
    dice = random.Random(2)
    for _ in range(2_000):
        spoilt = bytearray(SNAPSHOT)
        spoilt[dice.randrange(len(spoilt))] ^= 1 << dice.randrange(8)
        assert restored(bytes(spoilt)) is None


@pytest.mark.parametrize("length", [0, 1, 2**31, 2**63, 2**64 - 1])
def test_a_wrong_length_in_front_is_refused(length: int) -> None:
    body = sealed(HEAD, FRONT, TAPE)[:-16]
    text = body[20 : len(body) - 8 * len(TAPE)]
    assert text.decode().startswith("{")
    spoilt = sealed(HEAD + length.to_bytes(8, "little") + text, {}, TAPE)
    assert restored(spoilt) is None
