"""How much a web chat takes: sizes, counts, rates and times, each with a default that suits a chat of people."""

from __future__ import annotations

from typing import Final, final

import msgspec

from ccroute.channels.attachments import MEDIA_TYPES
from ccroute.errors import OutOfRange, WrongType
from ccroute.timeline import BODY_LENGTH_MAX
from ccroute.types import TIME_US_MAX

__all__ = ["Bucket", "Buckets", "ChatLimits", "checked_limits"]

_US: Final = 1_000_000
_MESSAGE_ATTACHMENTS: Final = 64
_LARGE: Final = 2**40


class ChatLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a chat takes. All of it holds for each session, and for each agent, alone."""

    frame_bytes: int = 65_536
    """Bytes of one frame."""
    body_characters: int = 8_000
    """Characters of one message."""
    messages: int = 10_000
    """Messages of one conversation."""
    messages_per_minute: int = 60
    """Messages that may be said in the long run."""
    messages_at_once: int = 20
    """Messages that may be said at once, after a silence."""
    frames_per_minute: int = 1_200
    """Frames of any kind, those of bytes left out, in the long run."""
    frames_at_once: int = 200
    """Frames that may come at once."""
    uploads_per_minute: int = 20
    """Attachments that may be begun in the long run."""
    uploads_at_once: int = 10
    """Attachments that may be begun at once."""
    refusals: int = 100
    """Refused frames behind which a socket is closed."""
    attachment_bytes: int = 10 * 1024 * 1024
    """Bytes of one attachment."""
    attachments: int = 10
    """Attachments of one message, 64 at most."""
    quota_attachments: int = 200
    """Attachments of one conversation."""
    quota_bytes: int = 100 * 1024 * 1024
    """Bytes of the attachments of one conversation together."""
    media_types: tuple[str, ...] = MEDIA_TYPES
    """Kinds of attachments that are taken."""
    sockets: int = 16
    """Sockets of one session, or one agent, at the same time."""
    backlog_frames: int = 1_000
    """Frames that wait for one socket; messages are not among them, they wait in the history."""
    waiting_messages: int = 10_000
    """Messages of all conversations together that wait to be written."""
    hello_us: int = 10 * _US
    """How long a socket may be silent before its ``hello``."""
    socket_idle_us: int = 90 * _US
    """How long a socket may be silent; clients send ``ping`` where they have nothing else to say."""
    send_us: int = 30 * _US
    """How long a socket may take for one frame."""
    session_idle_us: int = 2 * 3600 * _US
    """How long a session may be unused."""
    session_us: int = 24 * 3600 * _US
    """How long a session lasts at the most."""
    absent_us: int = 5 * 60 * _US
    """How long a customer may have no socket open, before a contact that waits is abandoned."""

    def check(self) -> None:
        """Check all of them.

        :raises WrongType: one is no integer.
        :raises OutOfRange: one is less than 1 or too much.
        """
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if name == "media_types":
                if not isinstance(value, list | tuple):
                    raise WrongType(name, value, "a tuple of media types")
                unknown = [one for one in value if one not in MEDIA_TYPES]
                if unknown:
                    raise OutOfRange(name, unknown[0], f"of {', '.join(MEDIA_TYPES)}")
                continue
            if type(value) is not int:
                raise WrongType(name, value, "an integer")
            most = {
                "attachments": _MESSAGE_ATTACHMENTS,
                "body_characters": BODY_LENGTH_MAX,
            }.get(name, TIME_US_MAX if name.endswith("_us") else _LARGE)
            if not 1 <= value <= most:
                raise OutOfRange(name, value, f"from 1 to {most}")


def checked_limits(limits: ChatLimits | None) -> ChatLimits:
    """Return limits that were checked; those of ``ChatLimits`` where there are none.

    :raises InvalidArgument: one is not allowed.
    """
    found = ChatLimits() if limits is None else limits
    if type(found) is not ChatLimits:
        raise WrongType("limits", limits, "a ChatLimits, or None")
    found.check()
    return found


@final
class Bucket:
    """Lets so many through at once, and so many a minute. Time is an argument, in seconds."""

    __slots__ = ("_at_s", "_left", "_most", "_per_s")

    def __init__(self, *, per_minute: int, at_once: int) -> None:
        self._per_s = per_minute / 60
        self._most = float(at_once)
        self._left = float(at_once)
        self._at_s = 0.0

    def take(self, now_s: float) -> int:
        """Let one through and return 0, or return after how many microseconds there is room for one."""
        self._fill(now_s)
        if self._left >= 1:
            self._left -= 1
            return 0
        return int((1 - self._left) / self._per_s * _US) + 1

    def is_full(self, now_s: float) -> bool:
        """Return whether as many may come at once as ever."""
        self._fill(now_s)
        return self._left >= self._most

    def _fill(self, now_s: float) -> None:
        self._left = min(self._most, self._left + max(0.0, now_s - self._at_s) * self._per_s)
        self._at_s = max(self._at_s, now_s)


@final
class Buckets:
    """What one session, or one agent, may still do."""

    __slots__ = ("frames", "messages", "sockets", "uploads")

    def __init__(self, limits: ChatLimits) -> None:
        self.frames = Bucket(per_minute=limits.frames_per_minute, at_once=limits.frames_at_once)
        self.messages = Bucket(per_minute=limits.messages_per_minute, at_once=limits.messages_at_once)
        self.uploads = Bucket(per_minute=limits.uploads_per_minute, at_once=limits.uploads_at_once)
        self.sockets = 0

    def are_full(self, now_s: float) -> bool:
        """Return whether nothing is known of it that a new one would not have."""
        return self.sockets == 0 and all(one.is_full(now_s) for one in (self.frames, self.messages, self.uploads))
