"""What pages say on the sockets of agents and supervisors: they ping, which tells that they are there, and no more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from desk.agent_shapes import Pong
from desk.calls import Visit

__all__ = ["answer_pings", "frame_of"]


class _FromPage(msgspec.Struct, frozen=True, kw_only=True):
    type: str


def frame_of(struct: msgspec.Struct) -> str:
    """Return what goes to a page."""
    return msgspec.json.encode(struct).decode()


async def answer_pings(
    visit: Visit, now_us: Callable[[], int], beat: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Answer every ping until the visitor is gone; a visit that says something else ends.

    :param now_us: the server's time, which the answer tells.
    :param beat: awaited for each ping, before the answer.
    """
    while (frame := await visit.receive()) is not None:
        if not _is_ping(frame):
            await visit.close(4400, "bad_request")
            return
        if beat is not None:
            await beat()
        await visit.send(frame_of(Pong(at_us=now_us())))


def _is_ping(frame: str | bytes) -> bool:
    try:
        return msgspec.json.decode(frame, type=_FromPage).type == "ping"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # the last one: too deep to be looked through
        return False
