"""How suites make their checks, one by one: whatever a check raises is told as a promise that was not kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ccroute.errors import shown

__all__ = ["keeps"]

_T = TypeVar("_T")


def keeps(what: str, check: Callable[[_T], None], subject: _T) -> None:
    """Make one check.

    :param what: what messages call what is checked; the name of the check, as words, follows it.
    :raises AssertionError: a promise was not kept, or the check met an error that it does not expect.
    """
    try:
        check(subject)
    except AssertionError:
        raise
    except Exception as error:
        words = check.__name__.strip("_").replace("_", " ")
        raise AssertionError(f"{what} {words}: it raised {type(error).__name__}: {shown(str(error))}") from error
