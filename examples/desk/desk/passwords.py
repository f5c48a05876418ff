"""Passwords: hashed with Argon2id, compared in the same time whether the user is there or not."""

from __future__ import annotations

import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

__all__ = ["PASSWORD_LENGTH_MAX", "PASSWORD_LENGTH_MIN", "PasswordTooShort", "hash_of", "is_right", "new_password"]

PASSWORD_LENGTH_MIN: Final = 12
"""Characters that a password has at least."""
PASSWORD_LENGTH_MAX: Final = 1_024
"""Characters that a password has at most, so that nobody lets the server hash megabytes."""

# What OWASP names for servers that many sign in to: 19 MiB, two passes.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS: Final = 4
_GROUP_LETTERS: Final = 5


class PasswordTooShort(ValueError):
    """A password is shorter than is allowed, or longer."""

    def __init__(self, length: int) -> None:
        super().__init__(
            f"a password must have {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters, this one has {length}"
        )


def hash_of(password: str) -> str:
    """Return the hash to keep. Takes some hundredths of a second and 19 MiB.

    :raises PasswordTooShort: it has too few characters, or too many.
    """
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise PasswordTooShort(len(password))
    return _HASHER.hash(password)


def is_right(kept: str | None, password: str) -> bool:
    """Say whether a password is the one whose hash is kept; takes as long where none is kept, and says False."""
    try:
        is_same = _HASHER.verify(_NOBODY if kept is None else kept, password)
    except (VerificationError, InvalidHashError):
        return False
    return is_same and kept is not None


def new_password() -> str:
    """Return a password nobody has chosen: 20 letters and digits in groups, 99 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LETTERS)) for _ in range(_GROUPS))
    return "-".join(groups)


_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$KTTH2DXm1iZMkmUNGmCbNw$nsWgRYRjhiZI0U6xDn0DbTEKso4LYbI1fb2kG/zcoJo"
"""The hash of what nobody knows, of the same parameters, against which passwords of unknown names are checked."""
