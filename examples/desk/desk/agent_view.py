"""What an agent's page shows of the engine: read in one go between two commands, so that it fits together."""

from __future__ import annotations

from collections.abc import Callable

from ccroute import Config, Engine, LegStatus
from desk.agent_shapes import AgentNow, AgentState, ChatNow, OfferNow
from desk.naming import Naming

__all__ = ["customers_of", "holds", "is_in_conversation", "state_of"]


def state_of(
    agent_id: str, config: Config, naming: Naming, now_us: Callable[[], int]
) -> Callable[[Engine], AgentState | None]:
    """Return the question that tells an agent's state; its answer is None where there is no such agent."""

    def ask(engine: Engine) -> AgentState | None:
        agent = engine.agent(agent_id)
        if agent is None:
            return None
        return AgentState(
            at_us=now_us(),
            agent=AgentNow(
                agent_id=agent_id,
                shown_name=naming.agent(agent_id),
                presence=agent.presence,
                label=agent.label,
                next_presence=agent.next_presence,
                taken=agent.taken,
                capacity=agent.capacity,
                handled=agent.handled,
            ),
            offers=[one for id_ in agent.offers if (one := _offer(engine, id_, config, naming)) is not None],
            chats=[chat for leg in agent.legs if (chat := _chat(engine, leg, naming)) is not None],
        )

    return ask


def holds(agent_id: str, contact_id: str) -> Callable[[Engine], bool]:
    """Return the question whether a contact is in an agent's hands, or offered to it."""
    return lambda engine: contact_id in _in_hand(engine, agent_id)


def is_in_conversation(agent_id: str, conversation_id: str) -> Callable[[Engine], bool]:
    """Return the question whether a contact of a conversation is in an agent's hands, or offered to it."""

    def ask(engine: Engine) -> bool:
        contacts = [engine.contact(one) for one in _in_hand(engine, agent_id)]
        return any(one is not None and one.conversation_id == conversation_id for one in contacts)

    return ask


def customers_of(agent_id: str) -> Callable[[Engine], list[str]]:
    """Return the question which customers an agent has to do with."""

    def ask(engine: Engine) -> list[str]:
        contacts = [engine.contact(one) for one in _in_hand(engine, agent_id)]
        return [one.customer_id for one in contacts if one is not None and one.customer_id is not None]

    return ask


def _in_hand(engine: Engine, agent_id: str) -> list[str]:
    agent = engine.agent(agent_id)
    if agent is None:
        return []
    offers = [engine.offer(one) for one in agent.offers]
    return [leg.contact_id for leg in agent.legs] + [one.contact_id for one in offers if one is not None]


def _offer(engine: Engine, offer_id: str, config: Config, naming: Naming) -> OfferNow | None:
    offer = engine.offer(offer_id)
    contact = None if offer is None else engine.contact(offer.contact_id)
    if offer is None or contact is None:
        return None
    queue = config.queues.get(offer.queue_id)
    return OfferNow(
        offer_id=offer_id,
        contact_id=offer.contact_id,
        conversation_id=contact.conversation_id,
        queue_id=offer.queue_id,
        channel=offer.channel,
        customer_id=contact.customer_id,
        customer_name=naming.customer(contact.customer_id),
        tier=contact.tier,
        made_at_us=None if queue is None else offer.expires_at_us - queue.offer.offer_timeout_us,
        expires_at_us=offer.expires_at_us,
        waited_us=contact.waited_us,
    )


def _chat(engine: Engine, leg: LegStatus, naming: Naming) -> ChatNow | None:
    contact = engine.contact(leg.contact_id)
    if contact is None:
        return None
    return ChatNow(
        contact_id=leg.contact_id,
        conversation_id=contact.conversation_id,
        state=leg.state,
        queue_id=contact.queue_id,
        channel=leg.channel,
        customer_id=contact.customer_id,
        customer_name=naming.customer(contact.customer_id),
        tier=contact.tier,
        began_at_us=leg.began_at_us,
        ends_at_us=leg.ends_at_us,
    )
