"""A router behind HTTP, with Starlette: contacts come by POST, agents answer by POST, and what happens is a stream.

    uvicorn examples.starlette_app:app --port 8000
    curl -X POST localhost:8000/agents/maxim/presence -d '{"presence": "available"}'
    curl -X POST localhost:8000/contacts -d '{"contact_id": "c1", "queue_id": "support", "channel": "chat"}'
    curl localhost:8000/contacts/c1
    curl -N localhost:8000/events

CCROUTE_FILE names a file for the journal; without it everything is in memory.
There is no sign-in here: examples/desk has one.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ccroute import (
    AcceptOffer,
    CcrouteError,
    Command,
    CommandRefused,
    CompleteContact,
    Config,
    EnqueueContact,
    Router,
    SetPresence,
)

CONFIG = Config.from_toml("""
[queues.support]
offer = { mode = "ring", offer_timeout = "15s" }

[agents.maxim]
queues = { support = 1 }
""")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Router]]:
    """Keep one router for as long as the application lives; requests find it in their state."""
    async with Router.open(os.environ.get("CCROUTE_FILE"), CONFIG) as router:
        yield {"router": router}


async def carry_out(request: Request, kind: type[Command], **known: str) -> Response:
    """Make a command of the body and the path, carry it out, and tell what it caused."""
    router: Router = request.state.router
    try:
        said = msgspec.json.decode(await request.body() or b"{}", type=dict[str, Any])
        command = msgspec.convert({**said, **known}, kind)
        events = await router.send(command)
    except (msgspec.DecodeError, CcrouteError) as error:  # it can never be right: the fault of who asks
        return told({"error": str(error)}, status=400)
    is_refused = any(isinstance(event, CommandRefused) for event in events)  # it is not right now: a lost race
    return told(events, status=409 if is_refused else 200)


def told(what: object, *, status: int = 200) -> Response:
    """Return something of ours as JSON."""
    return Response(msgspec.json.encode(what), status, media_type="application/json")


async def enqueue(request: Request) -> Response:
    """A contact arrives."""
    return await carry_out(request, EnqueueContact)


async def complete(request: Request) -> Response:
    """A contact is finished."""
    return await carry_out(request, CompleteContact, contact_id=request.path_params["contact_id"])


async def presence(request: Request) -> Response:
    """An agent comes or goes."""
    return await carry_out(request, SetPresence, agent_id=request.path_params["agent_id"])


async def accept(request: Request) -> Response:
    """An agent accepts an offer."""
    return await carry_out(request, AcceptOffer, offer_id=request.path_params["offer_id"])


async def contact(request: Request) -> Response:
    """Tell how a contact is."""
    router: Router = request.state.router
    status = await router.contact(request.path_params["contact_id"])
    return told({"error": "there is no such contact"}, status=404) if status is None else told(status)


async def events(request: Request) -> StreamingResponse:
    """Tell everything that happens, as server-sent events; ``Last-Event-ID`` resumes without a gap."""
    router: Router = request.state.router
    last = request.headers.get("Last-Event-ID", "")

    async def stream() -> AsyncIterator[bytes]:
        async with router.events(after_seq=int(last) if last.isdecimal() else None) as happening:
            yield b": listening\n\n"
            async for event in happening:
                yield b"id: %d\ndata: %b\n\n" % (event.seq, msgspec.json.encode(event))

    return StreamingResponse(stream(), media_type="text/event-stream")


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/contacts", enqueue, methods=["POST"]),
        Route("/contacts/{contact_id}", contact),
        Route("/contacts/{contact_id}/complete", complete, methods=["POST"]),
        Route("/agents/{agent_id}/presence", presence, methods=["POST"]),
        Route("/offers/{offer_id}/accept", accept, methods=["POST"]),
        Route("/events", events),
    ],
)
