"""How a queue's ``select`` is read: short forms, keys and their directions."""

from __future__ import annotations

from typing import Final

from ccroute.config.structs import Queue
from ccroute.types import SelectKey

__all__ = ["NATURALLY_DESCENDING", "SHORT_FORMS", "read_select_key", "resolve_select"]

SHORT_FORMS: Final[dict[str, tuple[str, ...]]] = {
    "longest_idle": ("idle",),
    "least_loaded": ("load",),
    "most_skilled": ("skill_sum",),
    "least_skilled": ("skill_sum asc",),
    "round_robin": ("last_offer",),
    "fewest_handled": ("handled",),
    "in_order": ("listed",),
    "best_score": ("score",),
}
"""What each short form stands for; ``best_score`` is ``given_score`` in a queue without ``score``."""

NATURALLY_DESCENDING: Final = {
    SelectKey.IDLE: True,
    SelectKey.LOAD: False,
    SelectKey.SKILL_SUM: True,
    SelectKey.LAST_OFFER: False,
    SelectKey.HANDLED: False,
    SelectKey.LISTED: False,
    SelectKey.SCORE: True,
    SelectKey.GIVEN_SCORE: True,
}
"""Per key, whether its natural direction is from the greatest down."""

_KEYS: Final = {str(key): key for key in SelectKey}
_DESCENDING: Final = {"desc": True, "asc": False}


def read_select_key(text: str) -> tuple[SelectKey, bool] | None:
    """Return the key that ``text`` names and whether its natural direction is turned around; None if it names none.

    One blank stands between the key and ``asc`` or ``desc``; a key alone has its natural direction.
    """
    name, blank, direction = text.partition(" ")
    key = _KEYS.get(name)
    if key is None or (blank and direction not in _DESCENDING):
        return None
    return key, bool(blank) and _DESCENDING[direction] is not NATURALLY_DESCENDING[key]


def resolve_select(queue: Queue) -> tuple[tuple[SelectKey, bool], ...]:
    """Return the keys by which ``queue`` chooses among agents, first key first, each with whether it is turned around.

    Turned around means that the whole order of the key is reversed, agents without a value included. The last
    tie-breaks of every queue (longest idle, then lower agent seq) are not in the list. ``queue`` has no faults.
    """
    if queue.select == "best_score" and queue.score is None:
        return ((SelectKey.GIVEN_SCORE, False),)
    texts = SHORT_FORMS[queue.select] if isinstance(queue.select, str) else queue.select
    keys = tuple(read_select_key(text) for text in texts)
    return tuple(key for key in keys if key is not None)
