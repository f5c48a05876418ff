"""Where contacts are: which channel and which queue an event is about that names neither."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, final

from ccroute.events import (
    ChannelChanged,
    ContactAbandoned,
    ContactCancelled,
    ContactClosed,
    ContactExpired,
    Event,
)

__all__ = ["Place", "Whereabouts"]

_ENDS: Final = (ContactClosed, ContactAbandoned, ContactCancelled, ContactExpired)


class Place(NamedTuple):
    """Where a contact is, or was when it ended."""

    channel: str
    queue_id: str | None


@final
class Whereabouts:
    """Follows events in their order. One entry per contact that is inside and of which there was an event."""

    def __init__(self, ask: Callable[[str], Place | None]) -> None:
        """Take who knows of contacts of which there was no event yet; None: it does not, either."""
        self._ask: Final = ask
        self._places: Final[dict[str, Place]] = {}
        self._shared: Final[dict[Place, Place]] = {}

    def follow(self, event: Event) -> Place | None:
        """Return where the contact of an event is behind it; None: it has none, or nobody knows."""
        contact_id: object = getattr(event, "contact_id", None)
        if type(contact_id) is not str:
            return None
        before = self._places.get(contact_id)
        channel: str | None = getattr(event, "channel", None)
        queue_id: str | None = getattr(event, "queue_id", None)
        if type(event) is ChannelChanged:
            channel = event.to_channel
        if channel is None or queue_id is None:
            if before is None:
                before = self._ask(contact_id)
            if before is None and channel is None:
                return None
            if before is not None:
                channel = before.channel if channel is None else channel
                queue_id = before.queue_id if queue_id is None else queue_id
        assert channel is not None
        place = Place(channel, queue_id)
        if type(event) in _ENDS:
            self._places.pop(contact_id, None)
        elif place != before:
            self._places[contact_id] = self._shared.setdefault(place, place)
        return place

    def place(self, contact_id: object) -> Place | None:
        """Return where a contact is; None: nobody knows."""
        if type(contact_id) is not str:
            return None
        return self._places.get(contact_id) or self._ask(contact_id)
