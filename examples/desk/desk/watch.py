"""How the server is, as health, board and metrics tell it: read from the router and the chat, kept nowhere."""

from __future__ import annotations

from typing import Final, final

from ccroute import CcrouteError, Engine, PlugState, Router, RouterState
from ccroute.channels.webchat import WebChat
from desk.health import Health, HealthStatus
from desk.metrics import Figure
from desk.supervisor_shapes import Server

__all__ = ["Watch"]

_US: Final = 1_000_000
_STATUSES: Final = {RouterState.RUNNING: HealthStatus.OK, RouterState.DRAINING: HealthStatus.DRAINING}
_WORKING: Final = {PlugState.STARTING, PlugState.RUNNING, PlugState.ENDED}
_ROWS_MAX: Final = 1_000


@final
class Watch:
    """Looks at a router and its chat."""

    def __init__(self, router: Router, chat: WebChat) -> None:
        self._router = router
        self._chat = chat

    async def health(self) -> Health:
        """Return whether contacts are taken."""
        told = self._router.health()
        status = _STATUSES.get(told.state, HealthStatus.FAILING)
        if status is HealthStatus.OK and any(one.state not in _WORKING for one in told.channels.values()):
            status = HealthStatus.FAILING
        checks = {"router": told.failure or told.state.value, "history": told.history.failure or "ok"}
        checks |= {f"channel {name}": one.state.value for name, one in told.channels.items()}
        return Health(status=status, checks=checks)

    async def server(self) -> Server:
        """Return how the server is, for the board."""
        told = self._router.health()
        return Server(
            status=(await self.health()).status.value,
            inbox=told.inbox,
            last_commit_us=told.commit_us if told.commits else None,
            journal_seq=told.record_seq,
            quarantined=sum(one.quarantined for one in told.channels.values()),
            channels={name: "up" if one.state in _WORKING else "failing" for name, one in told.channels.items()},
        )

    async def figures(self) -> list[Figure]:
        """Return the figures of now; without those of queues where the engine cannot be asked."""
        told = self._router.health()
        chat = self._chat.figures()
        found = [
            _figure("desk_up", "1: contacts are taken.", float(told.state is RouterState.RUNNING)),
            _figure("desk_inbox", "Commands that wait.", told.inbox),
            _figure("desk_inbox_oldest_seconds", "How long the oldest of them waits.", told.oldest_us / _US),
            _figure("desk_commit_seconds", "How long the last write to disk took.", told.commit_us / _US),
            _figure("desk_commits", "Writes to disk since the start.", told.commits),
            _figure("desk_events", "Events since the beginning.", told.event_seq),
            _figure(
                "desk_history_behind_events",
                "Events that are not in the history yet.",
                told.event_seq - told.history.through_seq,
            ),
            _figure("desk_chat_sockets", "WebSockets of the chat.", chat.sockets),
            _figure("desk_chat_conversations", "Conversations in memory.", chat.conversations),
        ]
        for name, one in told.channels.items():
            label = {"channel": name}
            found.append(_figure("desk_quarantined", "Deliveries that were given up.", one.quarantined, label))
        try:
            found += await self._router.ask(_queues)
        except CcrouteError:
            return found
        return found


def _figure(name: str, about: str, value: float, labels: dict[str, str] | None = None) -> Figure:
    return Figure(name=name, about=about, value=float(value), labels=labels or {})


def _queues(engine: Engine) -> list[Figure]:
    figures = engine.statistics().queues
    found = [_figure("desk_contacts_inside", "Contacts that have not ended.", engine.counters().inside)]
    for queue in engine.queues(limit=_ROWS_MAX):
        label = {"queue": queue.queue_id}
        told = figures[queue.queue_id]
        found += [
            _figure("desk_waiting", "Contacts that wait.", queue.waiting, label),
            _figure(
                "desk_longest_wait_seconds", "The longest of these waits.", (told.now.longest_wait_us or 0) / _US, label
            ),
            _figure("desk_active", "Contacts that are served.", told.now.active, label),
            _figure("desk_answered", "Contacts that were answered.", told.service.answered, label),
            _figure("desk_abandoned", "Contacts whose customer left.", told.service.abandoned, label),
        ]
    for agent in engine.agents(limit=_ROWS_MAX):
        found.append(_figure("desk_agent_taken", "Units taken of an agent.", agent.taken, {"agent": agent.agent_id}))
    return found
