"""Ids as stores are given them: what the engine takes for an id they take, too."""

from __future__ import annotations

from ccroute.config import id_allowed
from ccroute.errors import InvalidId, WrongType
from ccroute.personal import withheld

__all__ = ["check_id"]


def check_id(argument: str, value: object) -> None:
    """Check an id, whose value is not told: it may be a customer's.

    :raises InvalidArgument: it is none.
    """
    if type(value) is not str:
        raise WrongType(argument, withheld(value), "text")
    if (allowed := id_allowed(value)) is not None:
        raise InvalidId(argument, withheld(value), allowed)
