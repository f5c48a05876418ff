"""A process with a router is killed at any moment; what it was told is there, and its channel meets all of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from ccroute import JournaledEngine, JournalFeed, Router
from tests.living import Wire, turns

pytestmark = [pytest.mark.outer, pytest.mark.slow]

PROGRAM = """
import json, sys
import anyio
from ccroute import AbandonContact, EnqueueContact, Presence, Router, SetPresence
from tests.living import CONFIG, Wire, chat, comes

def tell(kind, *what):
    sys.stdout.write(json.dumps([kind, *what]) + "\\n")
    sys.stdout.flush()

async def taken(delivery):
    tell("taken", delivery.key)

async def sender(router, own):
    for number in range(10_000):
        contact_id = f"c{own}-{number}"
        for event in await router.send(chat(contact_id)):
            tell("told", event.seq, contact_id)

async def main():
    async with Router.open(sys.argv[1], CONFIG, channels={"chat": Wire(taken)}) as router:
        await router.send(comes())
        async with anyio.create_task_group() as group:
            for own in range(8):
                group.start_soon(sender, router, own)

anyio.run(main)
"""


@pytest.mark.parametrize("lines", [3, 60, 400])
def test_a_killed_router_has_lost_nothing(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "support.ccroute"
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    heard = [json.loads(process.stdout.readline()) for _ in range(lines)]
    process.kill()
    heard += [json.loads(line) for line in process.communicate()[0].splitlines(keepends=True) if line.endswith(b"\n")]
    with JournaledEngine.open(path) as durable:
        events = {event.seq: event for told in JournalFeed(durable.journal).told() for event in told.events}
    for kind, *what in heard:
        if kind == "told":
            seq, _ = what
            assert seq in events
    taken = {what[0] for kind, *what in heard if kind == "taken"}
    again = anyio.run(deliver_the_rest, path)
    wanted = {key_of(event) for event in events.values() if getattr(event, "contact_id", None) is not None}
    assert wanted <= taken | again


def key_of(event: object) -> str:
    """Return the key under which an event is delivered."""
    own = event.offer_id if type(event).__name__ == "OfferMade" else event.seq  # type: ignore[attr-defined]
    return f"engine:{own}"


async def deliver_the_rest(path: Path) -> set[str]:
    """Open the file again and return what the channel is told now."""
    wire = Wire()
    async with Router.open(path, channels={"chat": wire}) as router:
        assert (await router.history.contact("c0-0")) is not None
        while (health := router.health().channels["chat"]).pending or health.is_behind:
            await turns()
            await anyio.sleep(0.001)
        assert router.health().history.through_seq >= 1
    return {one.key for one in wire.taken}
