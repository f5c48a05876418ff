"""A host of the engine in one page: it feeds commands, reads events, and calls back when the engine says so.

Real hosts take the time from a clock and the commands from their telephone system; here both are made up.
"""

from __future__ import annotations

from ccroute import (
    AcceptOffer,
    CompleteContact,
    Config,
    Engine,
    EnqueueContact,
    Event,
    OfferMade,
    Presence,
    SetPresence,
)

CONFIG = """
[queues.support]
offer = { mode = "ring", offer_timeout = "15s" }
wrap_up = "30s"

[agents.maxim]
skills = { english = 80, billing = 40 }
queues = { support = 1 }

[agents.dorit]
skills = { english = 60 }
queues = { support = 1 }
"""

SECOND = 1_000_000


def main() -> None:
    """Route one contact from its arrival to the end of the wrap-up."""
    engine = Engine(Config.from_toml(CONFIG))
    for agent_id in ("maxim", "dorit"):
        show(engine.handle(SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE), at_us=0))

    bill = EnqueueContact(contact_id="c1", queue_id="support", channel="chat", requires="agent.skills.billing >= 30")
    events = show(engine.handle(bill, at_us=1 * SECOND))
    print(engine.explain("c1"))

    offer = next(event for event in events if isinstance(event, OfferMade))
    show(engine.handle(AcceptOffer(offer_id=offer.offer_id), at_us=4 * SECOND))
    show(engine.handle(CompleteContact(contact_id="c1", disposition="paid"), at_us=64 * SECOND))

    while (due_at_us := engine.next_at_us()) is not None:  # the wrap-up ends by itself
        show(engine.advance(due_at_us))


def show(events: list[Event]) -> list[Event]:
    """Print events as a host would act on them."""
    for event in events:
        print(f"{event.at_us / SECOND:6.1f} s  {event.__struct_config__.tag}")
    return events


if __name__ == "__main__":
    main()
