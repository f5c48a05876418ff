"""What goes wrong with a call, as the page is told it: a status, a word for programs, a sentence for people."""

from __future__ import annotations

from typing import Final, final

import msgspec

__all__ = ["CODES", "Fault", "FaultTold", "Told", "fault"]


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was wrong with a call."""

    code: str
    """A word for programs; it stays the same between releases."""
    message: str
    """A sentence for people, in which nothing personal stands."""
    reason: str | None = None
    """With ``refused``: why the engine refused."""
    rule: str | None = None
    """With ``refused`` because of ``not_eligible``: the first rule that keeps the agent from the contact."""
    retry_after_s: int | None = None
    """With ``too_many`` and ``locked``: how long to wait."""


class FaultTold(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every answer whose status is 400 or above."""

    error: Told
    """What was wrong."""


CODES: Final[dict[str, tuple[int, str]]] = {
    "bad_request": (400, "The request is not one that can be understood."),
    "wrong_credentials": (401, "No user has this name and password."),
    "signed_out": (401, "Nobody is signed in, or the session has ended."),
    "forbidden": (403, "This user may not do this."),
    "bad_origin": (403, "The request comes from a page of another server."),
    "bad_csrf": (403, "The header X-CSRF-Token is missing, or not that of the session."),
    "not_found": (404, "There is nothing here, or nothing for this user."),
    "method_not_allowed": (405, "This cannot be done here."),
    "refused": (409, "That cannot be done right now."),
    "no_agent": (409, "This user is no agent of the contact centre."),
    "too_large": (413, "The request is larger than is taken."),
    "not_json": (415, "The body must be JSON, and be called application/json."),
    "locked": (429, "There were too many attempts to sign in; wait before the next one."),
    "too_many": (429, "There were too many requests; wait before the next one."),
    "failed": (500, "The server failed at this. What happened is in its log."),
    "unavailable": (503, "The contact centre does not take this right now."),
}
"""Every word, with the status and the sentence that go with it."""


@final
class Fault(Exception):
    """Ends a call with a fault. Nothing of what was to be done has been done."""

    def __init__(self, told: Told) -> None:
        super().__init__(told.code)
        self.told = told

    @property
    def status(self) -> int:
        """Return the status of the answer."""
        return CODES[self.told.code][0]


def fault(
    code: str,
    message: str | None = None,
    *,
    reason: str | None = None,
    rule: str | None = None,
    retry_after_s: int | None = None,
) -> Fault:
    """Return a fault of one of ``CODES``, with its sentence unless a narrower one is given."""
    told = Told(
        code=code,
        message=CODES[code][1] if message is None else message,
        reason=reason,
        rule=rule,
        retry_after_s=retry_after_s,
    )
    return Fault(told)
