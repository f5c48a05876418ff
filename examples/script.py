"""A contact centre of one agent in a plain script: a contact arrives, is offered, accepted and finished.

    python examples/script.py [FILE]

With a FILE, the journal and the history are kept there: kill the script wherever you like, and run it again.
"""

from __future__ import annotations

import sys

import anyio

from ccroute import CompleteContact, Config, EnqueueContact, Presence, Router, SetPresence

CONFIG = Config.from_toml("""
[queues.support]
offer = { mode = "ring", offer_timeout = "15s" }

[agents.maxim]
queues = { support = 1 }
""")


async def main(path: str | None) -> None:
    """Route one contact from its arrival to its end."""
    async with Router.open(path, CONFIG) as router:
        await router.send(SetPresence(agent_id="maxim", presence=Presence.AVAILABLE))
        await router.send(EnqueueContact(queue_id="support", channel="chat", contact_id=f"c{router.now_us()}"))

        async with router.offers(agent_id="maxim") as offers:  # at first those that stand, as after a crash
            offer = await anext(offers)
        print(f"offered to {offer.agent_id}")
        for event in await router.accept(offer):
            print(f"accepted: {event.__struct_config__.tag}")
        for event in await router.send(CompleteContact(contact_id=offer.contact_id, disposition="solved")):
            print(f"finished: {event.__struct_config__.tag}")


if __name__ == "__main__":
    anyio.run(main, sys.argv[1] if len(sys.argv) > 1 else None)
