"""A router in Django, in one file: asynchronous views under ASGI, and one router for as long as the process lives.

    uvicorn examples.django_app:app --port 8000
    curl -X POST localhost:8000/agents/maxim/available
    curl -X POST "localhost:8000/contacts/c1?queue=support"
    curl localhost:8000/contacts/c1/why

Django itself knows no beginning and no end of an application: the function ``app`` at the end adds them.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import django
import msgspec
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ccroute import (
    CcrouteError,
    Command,
    CommandRefused,
    CompleteContact,
    Config,
    EnqueueContact,
    Presence,
    Router,
    SetPresence,
)

Message = MutableMapping[str, Any]

CONFIG = Config.from_toml("""
[queues.support]
offer = { mode = "ring", offer_timeout = "15s" }

[agents.maxim]
queues = { support = 1 }
""")

# What a settings module says in a project of more files than one.
settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("DJANGO_SECRET_KEY", "for trying it out only"),
    ALLOWED_HOSTS=["localhost", "127.0.0.1", "testserver"],
)
django.setup()

routers: list[Router] = []
"""The router of this process, from its beginning to its end."""


async def carry_out(command: Command) -> HttpResponse:
    """Carry out a command and tell what it caused."""
    try:
        events = await routers[0].send(command)
    except CcrouteError as error:  # it can never be right: the fault of who asks
        return told({"error": str(error)}, status=400)
    is_refused = any(isinstance(event, CommandRefused) for event in events)  # it is not right now: a lost race
    return told(events, status=409 if is_refused else 200)


def told(what: object, *, status: int = 200) -> HttpResponse:
    """Return something of ours as JSON."""
    return HttpResponse(msgspec.json.encode(what), status=status, content_type="application/json")


@csrf_exempt  # no browser and no cookies here; a project with both leaves this away
@require_POST
async def enqueue(request: HttpRequest, contact_id: str) -> HttpResponse:
    """A contact arrives."""
    queue_id = request.GET.get("queue", "support")
    return await carry_out(EnqueueContact(contact_id=contact_id, queue_id=queue_id, channel="chat"))


@csrf_exempt
@require_POST
async def complete(request: HttpRequest, contact_id: str) -> HttpResponse:
    """A contact is finished."""
    return await carry_out(CompleteContact(contact_id=contact_id))


@csrf_exempt
@require_POST
async def available(request: HttpRequest, agent_id: str) -> HttpResponse:
    """An agent is there."""
    return await carry_out(SetPresence(agent_id=agent_id, presence=Presence.AVAILABLE))


async def offers(request: HttpRequest, agent_id: str) -> HttpResponse:
    """Tell what is offered to an agent."""
    status = await routers[0].agent(agent_id)
    if status is None:
        raise Http404
    return told(status.offers)


@csrf_exempt
@require_POST
async def accept(request: HttpRequest, offer_id: str) -> HttpResponse:
    """An agent accepts an offer."""
    return told(await routers[0].accept(offer_id))


async def why(request: HttpRequest, contact_id: str) -> HttpResponse:
    """Tell in words why a contact waits."""
    explanation = await routers[0].explain(contact_id)
    if explanation is None:
        raise Http404
    return HttpResponse(str(explanation), content_type="text/plain; charset=utf-8")


urlpatterns = [
    path("contacts/<str:contact_id>", enqueue),
    path("contacts/<str:contact_id>/complete", complete),
    path("contacts/<str:contact_id>/why", why),
    path("agents/<str:agent_id>/available", available),
    path("agents/<str:agent_id>/offers", offers),
    path("offers/<str:offer_id>/accept", accept),
]

pages = get_asgi_application()


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Open the router when the server starts, close it when the server stops, and leave everything else to Django."""
    if scope["type"] != "lifespan":
        return await pages(scope, receive, send)
    await receive()
    async with Router.open(os.environ.get("CCROUTE_FILE"), CONFIG) as router:
        routers.append(router)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        routers.remove(router)
    await send({"type": "lifespan.shutdown.complete"})
    return None
