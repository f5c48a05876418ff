"""The built-in channels and what a configuration makes of them."""

from __future__ import annotations

from typing import Final

import msgspec

from ccroute.config.structs import Channel, Config

__all__ = ["BUILT_IN_CHANNELS", "ResolvedChannel", "resolved_channels"]


class ResolvedChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel with every default filled in."""

    cost: int
    """Units a contact takes where contact, agent and queue do not say, 0 to 1 000 000."""
    live: bool
    """The customer is on the line."""
    suspendable: bool
    """Work of this channel can be suspended."""
    interrupts: tuple[str, ...]
    """Channels whose offers and work give way to contacts of this one, as given."""
    away_after: int
    """Expired offers in a row after which an agent is away where the queue does not say, 0 (never) to 1 000."""


_OWN_COST: Final = 100
_AWAY_AFTER_LIVE: Final = 1
_AWAY_AFTER_OTHER: Final = 3

BUILT_IN_CHANNELS: Final[dict[str, Channel]] = {
    "voice": Channel(cost=100, live=True),
    "video": Channel(cost=100, live=True),
    "chat": Channel(cost=30),
    "sms": Channel(cost=30),
    "social": Channel(cost=30),
    "messenger": Channel(cost=30),
    "email": Channel(cost=20),
    "fax": Channel(cost=20),
    "callback": Channel(cost=100),
    "task": Channel(cost=20),
}
"""The ten channels that need no entry, in the order in which they are numbered."""


def resolved_channels(config: Config) -> dict[str, ResolvedChannel]:
    """Return every channel: the built-in ones in their order, then the host's own in order of ``config``.

    A key that an entry leaves out keeps its default; the defaults of ``away_after`` and ``suspendable`` follow ``live``
    as it is in force.
    """
    nothing = Channel()
    ids = [*BUILT_IN_CHANNELS, *(id_ for id_ in config.channels if id_ not in BUILT_IN_CHANNELS)]
    return {id_: _resolved(config.channels.get(id_, nothing), BUILT_IN_CHANNELS.get(id_, nothing)) for id_ in ids}


def _resolved(given: Channel, default: Channel) -> ResolvedChannel:
    cost = given.cost if given.cost is not None else default.cost
    live = given.live if given.live is not None else bool(default.live)
    away_after = _AWAY_AFTER_LIVE if live else _AWAY_AFTER_OTHER
    return ResolvedChannel(
        cost=_OWN_COST if cost is None else cost,
        live=live,
        suspendable=not live if given.suspendable is None else given.suspendable,
        interrupts=tuple(given.interrupts),
        away_after=away_after if given.away_after is None else given.away_after,
    )
