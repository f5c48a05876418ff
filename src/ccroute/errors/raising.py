"""Raising an error once more, to somebody else."""

from __future__ import annotations

from copy import copy
from typing import TypeVar

__all__ = ["again"]

_E = TypeVar("_E", bound=BaseException)


def again(error: _E) -> _E:
    """Return an error to be raised to one more who waits: a copy whose cause it is, with a traceback of its own.

    What a plug-in raises may refuse to be copied, or give something else; then it is the error itself.
    """
    try:
        copied = copy(error)
    except Exception:  # somebody else's class: its constructor may want anything
        return error
    if type(copied) is not type(error) or copied is error:
        return error
    copied.__cause__ = error
    return copied
