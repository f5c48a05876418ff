"""How much of anything one visitor may ask for: buckets that fill again, and pauses that grow with wrong passwords.

Time is an argument, in seconds of a monotonic clock. What is remembered is bounded: of the visitors beyond, those are
forgotten that came longest ago. It is kept in memory only: a restart forgives.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Final, final

import msgspec

__all__ = ["VISITORS_MAX", "Allowances", "Buckets", "Ladder", "Rate"]

VISITORS_MAX: Final = 20_000
"""How many visitors a limit remembers."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """How often something may happen."""

    burst: int
    """How many at once, after a rest."""
    per_s: float
    """How many a second in the long run."""


class Allowances(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a server."""

    sign_in: Rate = Rate(burst=20, per_s=0.2)
    """Attempts to sign in, of one address."""
    visitor: Rate = Rate(burst=300, per_s=60)
    """Calls of one address that is not signed in."""
    user: Rate = Rate(burst=200, per_s=40)
    """Calls of one session."""
    sockets: Rate = Rate(burst=300, per_s=20)
    """WebSockets that one address opens."""
    begin: Rate = Rate(burst=200, per_s=2)
    """Chats that one address begins; each makes a session, and may make a customer."""


@final
class Buckets:
    """One bucket a visitor: each call takes one token, and tokens come back with time."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, visitor: str, now_s: float) -> float:
        """Take a token and return 0.0; where there is none, take nothing and return in how many seconds there is."""
        left, since_s = self._left.pop(visitor, (float(self._rate.burst), now_s))
        left = min(float(self._rate.burst), left + max(0.0, now_s - since_s) * self._rate.per_s)
        wait_s = 0.0 if left >= 1.0 else (1.0 - left) / self._rate.per_s
        self._left[visitor] = (left if wait_s else left - 1.0, now_s)
        if len(self._left) > VISITORS_MAX:
            self._left.popitem(last=False)
        return wait_s


@final
class Ladder:
    """Pauses that grow: after ``free`` failures each one more doubles the pause, up to a longest one.

    An attempt counts as failed when it begins, so that many at once are no way around; success forgives all of them.
    """

    def __init__(self, *, free: int, first_s: float, longest_s: float, forget_s: float = 3_600.0) -> None:
        self._free = free
        self._first_s = first_s
        self._longest_s = longest_s
        self._forget_s = forget_s
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def begin(self, visitor: str, now_s: float) -> float:
        """Note an attempt and return 0.0; within a pause, note nothing and return how many seconds of it are left."""
        failures, last_s = self._failures.pop(visitor, (0, now_s))
        if now_s - last_s >= self._forget_s:
            failures = 0
        left_s = self._pause_s(failures) - (now_s - last_s)
        if left_s > 0:
            self._failures[visitor] = (failures, last_s)
            return left_s
        self._failures[visitor] = (failures + 1, now_s)
        if len(self._failures) > VISITORS_MAX:
            self._failures.popitem(last=False)
        return 0.0

    def forgive(self, visitor: str) -> None:
        """Forget the failures of who has succeeded."""
        self._failures.pop(visitor, None)

    def _pause_s(self, failures: int) -> float:
        over = failures - self._free
        if over < 0:
            return 0.0
        # 2 ** 64 s is longer than any longest pause; the exponent is bounded so that the power stays a float.
        return min(self._longest_s, self._first_s * math.pow(2.0, min(over, 64)))
