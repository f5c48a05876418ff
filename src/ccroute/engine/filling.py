"""Filling in the matrix of classes and profiles: which of some profiles serve a class, and their sums and scores.

What is worked out for one class is kept for the next: classes share their queues and the atoms of their requirements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, cast

from ccroute.engine.profiles import Profiles, Service
from ccroute.requirement import Expression, Score, row

if TYPE_CHECKING:
    from ccroute.core.acd import Acd

__all__ = ["Filling"]

_SCORE_ERROR: Final = -(2**63) + 1
_ANYONE: Final = 2


class _Truth(dict[Expression, int]):
    """By atom, the row of profiles for which it has a value; of a single profile that one bit."""

    def __init__(self, profiles: Profiles, value: int, at: int | None) -> None:
        super().__init__()
        self._profiles, self._value, self._at = profiles, value, at

    def __missing__(self, atom: Expression) -> int:
        bits = self._profiles.rows(atom).get(self._value, 0)
        self[atom] = bits = bits if self._at is None else bits >> self._at & 1
        return bits


class Filling:
    """States classes' rows for some profiles (a row), as profiles are now. It lives no longer than they stay so."""

    def __init__(self, acd: Acd, profiles: Profiles, only: int) -> None:
        self._acd = acd
        self._profiles = profiles
        self._only = only
        # Of one profile alone: short numbers.
        self._at = only.bit_length() - 1 if only and not only & (only - 1) else None
        self._true = _Truth(profiles, 1, self._at)
        self._false = _Truth(profiles, 0, self._at)
        self._services: dict[tuple[int, int], list[tuple[Service, int]]] = {}

    def serve(
        self,
        queue: int,
        scope: int,
        requirement: Expression,
        thresholds: Sequence[int],
        rows: Iterable[Sequence[int]],
    ) -> bool:
        """State who serves classes; return whether any of the profiles do.

        :param scope: of the class, see ``ClassSpec``.
        :param rows: the slots of the classes, by stage.
        """
        services = self._services.get((queue, scope))
        if services is None:
            found = self._serving(queue, scope)
            services = [(service, bits & self._only) for service, bits in found if bits & self._only]
            self._services[queue, scope] = services
        if not services:
            return False
        allowed = self._allowed(requirement)
        for service, served in services:
            bits = bits_of(served & allowed)
            for stage, after_us in enumerate(thresholds):
                if bits and service.after_us <= after_us:
                    for slots in rows:
                        if slots:
                            self._acd.serve(slots[stage], service.rank, bits)
        return True

    def _serving(self, queue: int, scope: int) -> list[tuple[Service, int]]:
        """Return how agents serve the classes of a queue, and the row of profiles that do so."""
        rows = self._profiles.service_rows(queue)
        if scope < _ANYONE:
            return sorted(rows.items())
        by_rank: dict[int, int] = {}
        strangers = self._profiles.everyone
        for service, served in rows.items():
            by_rank[service.rank] = by_rank.get(service.rank, 0) | served
            strangers &= ~served
        by_rank[1] = by_rank.get(1, 0) | strangers
        return [(Service(rank, 0), served) for rank, served in sorted(by_rank.items())]

    def _allowed(self, requirement: Expression) -> int:
        if self._at is None:
            return row(requirement, self._true, self._false, self._profiles.everyone) & self._only
        return row(requirement, self._true, self._false, 1) << self._at

    def sum_skills(self, slots: Iterable[int], skills: Iterable[str]) -> None:
        """State the levels of some skills, summed, in classes."""
        sums = dict.fromkeys(bits_of(self._only), 0)
        for skill in skills:
            for level, holders in self._profiles.rows(("level", skill)).items():
                for profile in bits_of(holders & self._only):
                    sums[profile] += cast(int, level)  # the observable's own values
        for slot in slots:
            for profile, total in sums.items():
                self._acd.value(slot, profile, False, total)

    def score(self, slots: Iterable[int], score: Score) -> None:
        """State the value of a score in classes."""
        for value, holders in self._profiles.rows(score).items():
            for profile in bits_of(holders & self._only):
                for slot in slots:
                    self._acd.value(slot, profile, True, _SCORE_ERROR if value is None else cast(int, value))


def bits_of(row_of_profiles: int) -> list[int]:
    """Return the positions of the bits that are set, lowest first."""
    digits = bin(row_of_profiles)[:1:-1]
    found = []
    at = digits.find("1")
    while at >= 0:
        found.append(at)
        at = digits.find("1", at + 1)
    return found
