"""Looking at a router: its health, from its parts, without asking anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccroute.runtime.deliveries import Deliverer
from ccroute.runtime.health import HistoryHealth, PlugHealth, RouterHealth, RouterState
from ccroute.runtime.plugs import Plug

if TYPE_CHECKING:
    from ccroute.runtime.life import Parts

__all__ = ["health_of"]


def health_of(parts: Parts, state: RouterState) -> RouterHealth:
    """Return how a router is."""
    owner, keeper, waiting = parts.owner, parts.keeper, parts.inbox.waiting()
    return RouterHealth(
        name=parts.name,
        state=state,
        failure=None if owner.failure is None else type(owner.failure).__name__,
        now_us=parts.time.now_us(),
        inbox=sum(waiting.values()),
        oldest_us=parts.inbox.oldest_us(),
        commit_us=owner.commit_us,
        commits=owner.commits,
        record_seq=parts.durable.record_seq,
        event_seq=parts.hub.last_seq,
        subscriptions=parts.hub.subscriptions,
        clock=parts.time.health(),
        history=HistoryHealth(through_seq=keeper.through_seq, failure=keeper.failure),
        channels={one: _channel(plug, parts.deliverers[one]) for one, plug in parts.channels.items()},
        presence={one: _plug(plug) for one, plug in parts.presence.items()},
    )


def _plug(plug: Plug) -> PlugHealth:
    return PlugHealth(state=plug.state, restarts=plug.restarts, failure=plug.failure, inbox=plug.waiting())


def _channel(plug: Plug, deliverer: Deliverer) -> PlugHealth:
    return PlugHealth(
        state=plug.state,
        restarts=plug.restarts,
        failure=plug.failure if plug.failure is not None else deliverer.failure,
        inbox=plug.waiting(),
        delivered=deliverer.delivered,
        failed=deliverer.failed,
        pending=deliverer.pending,
        oldest_us=deliverer.oldest_us(),
        is_behind=deliverer.is_behind,
        quarantined=len(deliverer.quarantined),
    )
