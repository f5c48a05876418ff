"""Checks of single values: exact types, ranges, ids. Each raises a typed error that names the argument, the value and what is allowed.

Types are exact: ``True`` is no integer, a subclass of ``str`` with a hash of its own is no id.
"""

from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.unicode cimport PyUnicode_DATA, PyUnicode_GET_LENGTH, PyUnicode_KIND, PyUnicode_READ

from ccroute.config import attribute_allowed
from ccroute.errors import InvalidId, OutOfRange, UnknownName, WrongType
from ccroute.types import (
    ATTRIBUTES_MAX, DURATION_US_MAX, FOR_EVER, NEXT_AVAILABLE, SCORES_MAX, SCORE_MAX, TEXT_LENGTH_MAX,
    UNLIMITED as UNLIMITED_WORD,
)

cdef Py_ssize_t TEXT_LENGTH = TEXT_LENGTH_MAX
cdef int64_t DURATION_MAX = DURATION_US_MAX
cdef int64_t SCORE_HIGH = SCORE_MAX
_ID_ALLOWED = "1 to 128 characters without control characters and lone surrogates"
_TEXT_ALLOWED = "at most 1 024 characters without NUL and lone surrogates"


cdef bint is_whole(object value):
    """Say whether a value is an integer and no bool."""
    return type(value) is int


cdef int64_t whole(object value, str argument, int64_t low, int64_t high) except? -9223372036854775807:
    """Return an integer within bounds."""
    cdef int overflow = 0
    cdef long long number
    if type(value) is not int:
        raise WrongType(argument, value, f"an integer from {low} to {high}")
    number = PyLong_AsLongLongAndOverflow(value, &overflow)
    if overflow or number < low or number > high:
        raise OutOfRange(argument, value, f"an integer from {low} to {high}")
    return number


cdef bint is_clean(str text, Py_UCS4 lowest):
    """Say whether a str has no character below ``lowest``, no DEL where controls are out, and no lone surrogate."""
    cdef Py_ssize_t at
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(text)
    cdef int kind = PyUnicode_KIND(text)
    cdef void* data = PyUnicode_DATA(text)
    cdef Py_UCS4 character
    for at in range(length):
        character = PyUnicode_READ(kind, data, at)
        if character < lowest or (0xD800 <= character <= 0xDFFF) or (lowest > 1 and 0x7F <= character <= 0x9F):
            return False
    return True


cdef bint is_id(object value):
    """Say whether a value is an id."""
    return type(value) is str and 0 < PyUnicode_GET_LENGTH(value) <= ID_LENGTH and is_clean(value, 0x20)


cdef int check_id(object value, str argument) except -1:
    """Raise unless a value is an id."""
    if type(value) is not str:
        raise WrongType(argument, value, "a str of " + _ID_ALLOWED)
    if not is_id(value):
        raise InvalidId(argument, value, _ID_ALLOWED)
    return 0


cdef int check_optional_id(object value, str argument) except -1:
    """Raise unless a value is an id or None."""
    return 0 if value is None else check_id(value, argument)


cdef int check_text(object value, str argument) except -1:
    """Raise unless a value is a short text or None."""
    if value is None:
        return 0
    if type(value) is not str:
        raise WrongType(argument, value, "None or a str of " + _TEXT_ALLOWED)
    if PyUnicode_GET_LENGTH(value) > TEXT_LENGTH or not is_clean(value, 1):
        raise InvalidId(argument, value, _TEXT_ALLOWED)
    return 0


cdef int check_optional_whole(object value, str argument, int64_t low, int64_t high) except -1:
    """Raise unless a value is an integer within bounds or None."""
    if value is not None:
        whole(value, argument, low, high)
    return 0


cdef int check_flag(object value, str argument) except -1:
    """Raise unless a value is a bool."""
    if type(value) is not bool:
        raise WrongType(argument, value, "True or False")
    return 0


cdef int check_one_of(object value, str argument, object closed_set) except -1:
    """Raise unless a value is a member of an enum; its text is not taken for it."""
    if type(value) is not closed_set:
        raise WrongType(argument, value, "one of " + ", ".join(f"{closed_set.__name__}.{one.name}" for one in closed_set))
    return 0


cdef int check_optional_one_of(object value, str argument, object closed_set) except -1:
    """Raise unless a value is a member of an enum or None."""
    return 0 if value is None else check_one_of(value, argument, closed_set)


cdef int check_name(dict known, object value, str argument, str what) except -1:
    """Raise unless a value is the id of a queue or channel of the configuration."""
    if type(value) is not str:
        raise WrongType(argument, value, f"a str, the id of a {what}")
    if value not in known:
        raise UnknownName(argument, value, f"the id of a {what} of the configuration")
    return 0


cdef int check_wrap_up(object value, str argument) except -1:
    """Raise unless a value is a length of wrap-up: a duration or ``"unlimited"``."""
    if type(value) is str:
        if value != UNLIMITED_WORD:
            raise OutOfRange(argument, value, f'an integer from 0 to {DURATION_MAX} or "unlimited"')
    else:
        whole(value, argument, 0, DURATION_MAX)
    return 0


cdef int check_cooldown(object value, str argument) except -1:
    """Raise unless a value is a length of cool-down: None, a duration, ``"next_available"`` or ``"for_ever"``."""
    if type(value) is str:
        if value != NEXT_AVAILABLE and value != FOR_EVER:
            raise OutOfRange(argument, value, f'an integer from 0 to {DURATION_MAX}, "next_available" or "for_ever"')
    elif value is not None:
        whole(value, argument, 0, DURATION_MAX)
    return 0


cdef int check_agents(object value, str argument, Py_ssize_t top) except -1:
    """Raise unless a value is a list of at most so many agents."""
    cdef Py_ssize_t at = 0
    if type(value) is not list:
        raise WrongType(argument, value, "a list of agent ids")
    if len(value) > top:
        raise OutOfRange(argument, len(value), f"at most {top} agents")
    for one in value:
        if not is_id(one):
            check_id(one, f"{argument}[{at}]")
        at += 1
    return 0


cdef int check_scores(object value, str argument) except -1:
    """Raise unless a value is a dict of scores by agent."""
    if type(value) is not dict:
        raise WrongType(argument, value, "a dict of integers by agent id")
    if len(value) > SCORES_TOP:
        raise OutOfRange(argument, len(value), f"at most {SCORES_MAX} agents")
    for agent, score in value.items():
        check_id(agent, argument)
        whole(score, f"{argument}[{agent}]", -SCORE_HIGH, SCORE_HIGH)
    return 0


cdef int check_attributes(object value, str argument) except -1:
    """Raise unless a value is a dict of routing attributes."""
    if type(value) is not dict:
        raise WrongType(argument, value, "a dict of attributes by name")
    if len(value) > ATTRIBUTES_MAX:
        raise OutOfRange(argument, len(value), f"at most {ATTRIBUTES_MAX} attributes")
    for name, one in value.items():
        check_id(name, argument)
        allowed = attribute_allowed(one)
        if allowed is not None:
            raise WrongType(f"{argument}[{name}]", one, allowed)
    return 0
