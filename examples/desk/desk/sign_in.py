"""Signing in and out, and who is signed in."""

from __future__ import annotations

import math
from typing import Final, final

import anyio
import msgspec
from anyio import to_thread
from starlette.responses import Response

from desk.calls import Access, Call, Operation, Room
from desk.doors import Doors
from desk.faults import fault
from desk.limits import Allowances, Buckets, Ladder
from desk.passwords import PASSWORD_LENGTH_MAX
from desk.people import SESSION_US, Session, User, csrf_of

__all__ = ["Credentials", "SignIn", "SignedIn"]

_US: Final = 1_000_000
_HASHES_MAX: Final = 2
"""How many passwords are checked at a time: each takes 19 MiB and a core."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user signs in with."""

    name: str
    """The name."""
    password: str
    """The password."""


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in."""

    user: User
    """Who."""
    csrf: str
    """To be sent as ``X-CSRF-Token`` with every request that changes something."""
    expires_at_us: int
    """When the session ends by itself."""


@final
class SignIn:
    """The room in which users sign in.

    Wrong passwords make the next attempts wait: of a name from one address after five, twice as long each time up to a
    quarter of an hour; of a name from anywhere after fifty, up to a minute, so that nobody is locked out by others for
    long. Names that are not there are treated alike.
    """

    def __init__(self, doors: Doors, allowances: Allowances | None = None) -> None:
        allowed = Allowances() if allowances is None else allowances
        self._doors = doors
        self._people = doors.people
        self._addresses = Buckets(allowed.sign_in)
        self._from_there = Ladder(free=5, first_s=1.0, longest_s=900.0)
        self._from_anywhere = Ladder(free=50, first_s=1.0, longest_s=60.0)
        self._hashing: anyio.CapacityLimiter | None = None

    def room(self) -> Room:
        """Return the operations."""
        return Room(
            name="sign-in",
            about="Sign in, sign out, and who is signed in.",
            operations=(
                Operation(
                    method="POST",
                    path="/api/sign-in",
                    name="sign_in",
                    summary="Sign in and get the cookie of a session.",
                    handle=self._sign_in,
                    access=Access.ANYONE,
                    body=Credentials,
                    answer=SignedIn,
                    faults=("wrong_credentials", "locked"),
                ),
                Operation(
                    method="POST",
                    path="/api/sign-out",
                    name="sign_out",
                    summary="End the session.",
                    handle=self._sign_out,
                    access=Access.SIGNED_IN,
                ),
                Operation(
                    method="GET",
                    path="/api/session",
                    name="session",
                    summary="Tell who is signed in.",
                    handle=self._session,
                    access=Access.SIGNED_IN,
                    answer=SignedIn,
                ),
            ),
        )

    async def _sign_in(self, call: Call) -> Response:
        sent = call.body_as(Credentials)
        visitor = f"{call.address}\n{sent.name}"
        self._slow_down(call.address, visitor, sent.name)
        if len(sent.password) > PASSWORD_LENGTH_MAX:
            raise fault("wrong_credentials")
        if self._hashing is None:
            self._hashing = anyio.CapacityLimiter(_HASHES_MAX)
        user = await to_thread.run_sync(self._people.who_is, sent.name, sent.password, limiter=self._hashing)
        if user is None:
            raise fault("wrong_credentials")
        self._from_there.forgive(visitor)
        self._from_anywhere.forgive(sent.name)
        if call.token is not None:  # whoever was signed in with this browser is not any more
            await to_thread.run_sync(self._people.end, call.token)
        token, session = await to_thread.run_sync(self._people.begin, user, self._doors.now_us())
        response = Response(msgspec.json.encode(_signed_in(session, token)), media_type="application/json")
        response.set_cookie(
            self._doors.cookie,
            token,
            max_age=SESSION_US // _US,
            path="/",
            secure=self._doors.is_https,
            httponly=True,
            samesite="strict",
        )
        return response

    def _slow_down(self, address: str, visitor: str, name: str) -> None:
        now_s = self._doors.clock_s()
        if wait_s := self._addresses.take(address, now_s):
            raise fault("too_many", retry_after_s=math.ceil(wait_s))
        wait_s = self._from_there.begin(visitor, now_s) or self._from_anywhere.begin(name, now_s)
        if wait_s:
            raise fault("locked", retry_after_s=math.ceil(wait_s))

    async def _sign_out(self, call: Call) -> Response:
        assert call.token is not None
        await to_thread.run_sync(self._people.end, call.token)
        response = Response(status_code=204)
        response.delete_cookie(
            self._doors.cookie, path="/", secure=self._doors.is_https, httponly=True, samesite="strict"
        )
        return response

    async def _session(self, call: Call) -> SignedIn:
        assert call.token is not None
        return _signed_in(call.who, call.token)


def _signed_in(session: Session, token: str) -> SignedIn:
    return SignedIn(user=session.user, csrf=csrf_of(token), expires_at_us=session.expires_at_us)
