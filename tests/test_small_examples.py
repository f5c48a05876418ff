"""The small examples do what they say: a script, and a router in Starlette and in Django."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from examples import script
from starlette.requests import Request

from ccroute import Presence, Router, SetPresence

pytestmark = [pytest.mark.outer, pytest.mark.anyio]

ROOT = Path(__file__).parents[1]
ROUTED = ["offered to maxim", "accepted: offer.accepted", "accepted: contact.active"]


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Keep an application alive as a server does, and ask it over ASGI."""
    to_app, from_server = anyio.create_memory_object_stream[dict[str, Any]](2)
    to_server, from_app = anyio.create_memory_object_stream[dict[str, Any]](2)
    state: dict[str, Any] = {}

    async def app_with_state(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    async with anyio.create_task_group() as tasks, to_app, from_server, to_server, from_app:
        tasks.start_soon(app, {"type": "lifespan", "state": state}, from_server.receive, to_server.send)
        await to_app.send({"type": "lifespan.startup"})
        assert (await from_app.receive())["type"] == "lifespan.startup.complete"
        transport = httpx.ASGITransport(app=app_with_state)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client
        await to_app.send({"type": "lifespan.shutdown"})
        assert (await from_app.receive())["type"] == "lifespan.shutdown.complete"


def tags(answer: object) -> list[str]:
    """Return what happened, from the body of an answer."""
    return [event["type"] for event in answer]


def test_the_script_routes_a_contact(capsys: pytest.CaptureFixture[str]) -> None:
    anyio.run(script.main, None)
    assert capsys.readouterr().out.splitlines()[:3] == ROUTED


@pytest.mark.slow
def test_the_script_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    arguments = [sys.executable, str(ROOT / "examples/script.py"), str(tmp_path / "support.ccroute")]
    # The first line is printed after the offer is durable, and before it is accepted.
    with subprocess.Popen(
        [*arguments], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "offered to maxim\n"
        os.kill(first.pid, signal.SIGKILL)
    second = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=60)
    assert second.stdout.splitlines()[:3] == ROUTED


async def test_starlette_routes_a_contact(anyio_backend: str) -> None:
    from examples.starlette_app import app

    async with served(app) as client:
        assert (await client.get("/contacts/c1")).status_code == 404
        presence = await client.post("/agents/maxim/presence", json={"presence": "available"})
        assert tags(presence.json()) == ["agent.presence_changed"]
        arrived = await client.post("/contacts", json={"contact_id": "c1", "queue_id": "support", "channel": "chat"})
        assert tags(arrived.json()) == ["contact.queued", "offer.made"]
        assert (await client.get("/contacts/c1")).json()["state"] == "queued"
        accept = f"/offers/{arrived.json()[1]['offer_id']}/accept"
        assert tags((await client.post(accept)).json()) == ["offer.accepted", "contact.active"]
        late = await client.post(accept)
        assert (late.status_code, tags(late.json())) == (409, ["command.refused"])
        assert tags((await client.post("/contacts/c1/complete")).json()) == ["leg.ended", "contact.closed"]


@pytest.mark.parametrize(
    "said",
    [b"nonsense", b'{"contact_id": 1}', b'{"contact_id": "c1", "queue_id": "suport", "channel": "chat"}'],
    ids=["no JSON", "a wrong field", "an unknown queue"],
)
async def test_starlette_tells_who_asks_what_is_wrong(said: bytes, anyio_backend: str) -> None:
    from examples.starlette_app import app

    async with served(app) as client:
        answer = await client.post("/contacts", content=said)
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_starlette_streams_what_happens_from_any_moment_on(anyio_backend: str) -> None:
    from examples.starlette_app import CONFIG, events

    async with Router.open(config=CONFIG) as router:
        (changed,) = await router.send(SetPresence(agent_id="maxim", presence=Presence.AVAILABLE))
        headers = [(b"last-event-id", b"%d" % (changed.seq - 1))]
        answer = await events(Request({"type": "http", "state": {"router": router}, "headers": headers}))
        stream = aiter(answer.body_iterator)
        assert await anext(stream) == b": listening\n\n"
        assert b'"type":"agent.presence_changed"' in await anext(stream)
        await stream.aclose()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # Django knows no other event loop
async def test_django_routes_a_contact(anyio_backend: str) -> None:
    from examples.django_app import app

    async with served(app) as client:
        assert (await client.post("/contacts/c1?queue=suport")).status_code == 400
        assert tags((await client.post("/contacts/c1")).json()) == ["contact.queued"]
        assert "maxim" in (await client.get("/contacts/c1/why")).text
        assert (await client.get("/contacts/c2/why")).status_code == 404
        assert "offer.made" in tags((await client.post("/agents/maxim/available")).json())
        (offer,) = (await client.get("/agents/maxim/offers")).json()
        assert (await client.get("/agents/nobody/offers")).status_code == 404
        accepted = await client.post(f"/offers/{offer}/accept")
        assert tags(accepted.json()) == ["offer.accepted", "contact.active"]
        assert (await client.post("/contacts/c1/complete")).status_code == 200
        assert (await client.post("/contacts/c1/complete")).status_code == 409
