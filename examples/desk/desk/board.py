"""The supervisor's board and its question "why does this wait?": read in one go, so that it fits together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ccroute import Config, ContactState, ContactStatus, Engine, Obstacle, Presence
from desk.naming import Naming
from desk.supervisor_shapes import (
    ActiveNow,
    AgentObstacles,
    AgentRow,
    Board,
    ChatOf,
    OfferOf,
    Place,
    QueueRow,
    Server,
    StandsInTheWay,
    Totals,
    WaitingNow,
    Why,
)

__all__ = ["CONTACTS_MAX", "board_of", "people_on", "why"]

CONTACTS_MAX: Final = 200
"""Contacts that the board shows of those that wait, and of those that are served."""
_ROWS_MAX: Final = 1_000


def board_of(config: Config, naming: Naming, server: Server, now_us: int) -> Callable[[Engine], Board]:
    """Return the question that tells the board."""

    def ask(engine: Engine) -> Board:
        waiting = engine.contacts(state=ContactState.QUEUED, limit=CONTACTS_MAX)
        active = engine.contacts(state=ContactState.ACTIVE, limit=CONTACTS_MAX)
        agents = _agents(engine, config, naming)
        return Board(
            at_us=now_us,
            queues=_queues(engine, config),
            agents=agents,
            waiting=[_waiting(engine, one, naming) for one in sorted(waiting, key=_place)],
            active=[_active(one, naming) for one in active],
            totals=_totals(engine, agents),
            server=server,
        )

    return ask


def _place(one: ContactStatus) -> tuple[int, bool, int, str]:
    """Return what orders those who wait: as they are served, where queues age alike and agents may serve all."""
    return -one.tier, not one.overdue, one.place_at_us, one.contact_id


def people_on(engine: Engine) -> list[str]:
    """Return the customers whom the board shows."""
    states = (ContactState.QUEUED, ContactState.ACTIVE)
    found = [one for state in states for one in engine.contacts(state=state, limit=CONTACTS_MAX)]
    return [one.customer_id for one in found if one.customer_id is not None]


def why(contact_id: str, naming: Naming) -> Callable[[Engine], Why | None]:
    """Return the question why a contact is where it is; its answer is None where there is none."""

    def ask(engine: Engine) -> Why | None:
        found = engine.explain(contact_id)
        if found is None:
            return None
        estimate = engine.estimate_wait(contact_id) if found.state is ContactState.QUEUED else None
        return Why(
            contact_id=contact_id,
            state=found.state,
            text=str(found),
            position=None
            if found.position is None
            else Place(in_queue=found.position.in_queue, overall=found.position.overall),
            obstacles=_obstacles(found.obstacles),
            agents=[
                AgentObstacles(
                    agent_id=one.agent_id,
                    shown_name=naming.agent(one.agent_id),
                    obstacles=_obstacles(one.obstacles),
                )
                for one in found.agents
            ],
            next_rules=[str(one) for one in found.next_rules],
            estimate_us=None if estimate is None else estimate.expected_us,
        )

    return ask


def _queues(engine: Engine, config: Config) -> list[QueueRow]:
    figures = engine.statistics().queues
    rows = []
    for queue in engine.queues(limit=_ROWS_MAX):
        told = figures[queue.queue_id]
        entry = config.queues.get(queue.queue_id)
        wait = told.service.wait
        rows.append(
            QueueRow(
                queue_id=queue.queue_id,
                paused=queue.paused,
                waiting=queue.waiting,
                active=told.now.active,
                offers_out=told.now.offers_out,
                longest_wait_us=told.now.longest_wait_us,
                service_level=told.service.level.ratio,
                target=0.0 if entry is None else float(entry.service_level.target),
                answered=told.service.answered,
                abandoned=told.service.abandoned,
                mean_wait_us=wait.sum_us // wait.count if wait.count else None,
            )
        )
    return rows


def _agents(engine: Engine, config: Config, naming: Naming) -> list[AgentRow]:
    rows = []
    for agent in engine.agents(limit=_ROWS_MAX):
        offers = [(one, engine.offer(one)) for one in agent.offers]
        entry = config.agents.get(agent.agent_id)
        rows.append(
            AgentRow(
                agent_id=agent.agent_id,
                shown_name=naming.agent(agent.agent_id),
                presence=agent.presence,
                label=agent.label,
                taken=agent.taken,
                capacity=agent.capacity,
                handled=agent.handled,
                idle_since_us=agent.idle_since_us,
                chats=[
                    ChatOf(contact_id=leg.contact_id, state=leg.state, began_at_us=leg.began_at_us)
                    for leg in agent.legs
                ],
                offers=[
                    OfferOf(offer_id=offer_id, contact_id=offer.contact_id, expires_at_us=offer.expires_at_us)
                    for offer_id, offer in offers
                    if offer is not None
                ],
                queues=[] if entry is None else list(entry.queues),
            )
        )
    return rows


def _waiting(engine: Engine, one: ContactStatus, naming: Naming) -> WaitingNow:
    offers = [engine.offer(offer_id) for offer_id in one.offers]
    return WaitingNow(
        contact_id=one.contact_id,
        queue_id=one.queue_id,
        channel=one.channel,
        customer_id=one.customer_id,
        customer_name=naming.customer(one.customer_id),
        tier=one.tier,
        overdue=one.overdue,
        waited_us=one.waited_us,
        in_queue_at_us=one.in_queue_at_us,
        offered_to=[offer.agent_id for offer in offers if offer is not None],
    )


def _active(one: ContactStatus, naming: Naming) -> ActiveNow:
    return ActiveNow(
        contact_id=one.contact_id,
        queue_id=one.queue_id,
        channel=one.channel,
        customer_id=one.customer_id,
        customer_name=naming.customer(one.customer_id),
        tier=one.tier,
        agents=one.agents,
        waited_us=one.waited_us,
    )


def _totals(engine: Engine, agents: Sequence[AgentRow]) -> Totals:
    counters = engine.counters()
    queues = engine.queues(limit=_ROWS_MAX)
    waiting = sum(one.waiting for one in queues)
    there = [one.presence for one in agents]
    return Totals(
        waiting=waiting,
        active=sum(one.now.active for one in engine.statistics().queues.values()),
        created=counters.created,
        closed=counters.closed,
        abandoned=counters.abandoned,
        available=there.count(Presence.AVAILABLE),
        away=there.count(Presence.AWAY),
        offline=there.count(Presence.OFFLINE),
    )


def _obstacles(found: Sequence[Obstacle]) -> list[StandsInTheWay]:
    return [StandsInTheWay(rule=one.rule.value, text=one.text, change=one.change) for one in found]
