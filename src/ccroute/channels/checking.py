"""What hosts give to channels, looked at before anything changes: one bad value must not break what others share."""

from __future__ import annotations

from collections.abc import Sequence

from ccroute.errors import InvalidId, OutOfRange, WrongType
from ccroute.personal import withheld
from ccroute.types import ID_LENGTH_MAX

__all__ = ["check_calls", "check_count", "check_counts", "check_id", "check_part", "check_text", "check_texts"]


def check_id(argument: str, value: object, *, or_none: bool = False) -> None:
    """Check an id; which one it was is not told, for it may be a customer's.

    :param or_none: whether it may be None.
    :raises WrongType: it is no text.
    :raises InvalidId: it is none.
    """
    if or_none and value is None:
        return
    check_text(argument, value)
    assert isinstance(value, str)
    if not 0 < len(value) <= ID_LENGTH_MAX or not value.isprintable():
        raise InvalidId(argument, withheld(value), f"1 to {ID_LENGTH_MAX} printable characters")


def check_text(argument: str, value: object) -> None:
    """Check that something is text.

    :raises WrongType: it is not.
    """
    if type(value) is not str:
        raise WrongType(argument, withheld(value), "a str")


def check_texts(argument: str, values: Sequence[object]) -> None:
    """Check that something is a list, or a tuple, of texts.

    :raises WrongType: it is not.
    """
    if not isinstance(values, list | tuple):
        raise WrongType(argument, withheld(values), "a list or a tuple of str")
    for value in values:
        check_text(argument, value)


def check_count(argument: str, value: object, least: int = 0) -> None:
    """Check an integer.

    :raises WrongType: it is none.
    :raises OutOfRange: it is too small.
    """
    if type(value) is not int:
        raise WrongType(argument, value, "an integer")
    if value < least:
        raise OutOfRange(argument, value, f"{least} or more")


def check_part(argument: str, value: object, what: str, *methods: str) -> None:
    """Check that something has the methods that it is called by.

    :raises WrongType: it lacks one, or is a class.
    """
    missing = [one for one in methods if not callable(getattr(value, one, None))]
    if missing:
        raise WrongType(argument, value, f"{what}; it lacks {', '.join(missing)}")
    if isinstance(value, type):
        raise WrongType(argument, value, f"{what}; it is the class, not what it makes")


def check_calls(*, or_none: bool = False, **calls: object) -> None:
    """Check that functions, by the names of their arguments, can be called.

    :param or_none: whether they may be None.
    :raises WrongType: one cannot.
    """
    for argument, value in calls.items():
        if not callable(value) and not (or_none and value is None):
            raise WrongType(argument, value, f"a function{', or None' if or_none else ''}")


def check_counts(**counts: object) -> None:
    """Check bounds, by the names of their arguments: integers from 1 on.

    :raises WrongType: one is no integer.
    :raises OutOfRange: one is less.
    """
    for argument, value in counts.items():
        check_count(argument, value, least=1)
