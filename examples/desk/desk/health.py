"""Whether the server lives, and whether it takes contacts: for those who start, watch and balance servers."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable

import msgspec
from starlette.responses import Response

from desk.calls import Access, Call, Operation, Room

__all__ = ["Health", "HealthStatus", "room"]


class HealthStatus(enum.StrEnum):
    """How a server is."""

    OK = "ok"
    """It takes contacts."""
    DRAINING = "draining"
    """It takes no new contacts, and finishes those inside."""
    FAILING = "failing"
    """It cannot do its work."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a server is."""

    status: HealthStatus
    """In a word."""
    checks: dict[str, str] = {}
    """In words, by what was looked at."""


def room(check: Callable[[], Awaitable[Health]]) -> Room:
    """Return the operations that tell the health."""

    async def live(_: Call) -> Health:
        return Health(status=HealthStatus.OK)

    async def ready(_: Call) -> Response:
        health = await check()
        status = 200 if health.status is HealthStatus.OK else 503
        return Response(msgspec.json.encode(health), status_code=status, media_type="application/json")

    return Room(
        name="health",
        about="Whether the server lives, and whether it takes contacts.",
        operations=(
            Operation(
                method="GET",
                path="/health/live",
                name="live",
                summary="Say that the process answers; nothing else is looked at.",
                handle=live,
                access=Access.ANYONE,
                answer=Health,
            ),
            Operation(
                method="GET",
                path="/health/ready",
                name="ready",
                summary="Say whether contacts are taken; the status is 503 where they are not.",
                handle=ready,
                access=Access.ANYONE,
                answer=Health,
            ),
        ),
    )
