"""The application: all rooms behind their doors, the pages, and the gate around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from desk import openapi, pages
from desk.calls import Operation, Room
from desk.doors import Doors, told
from desk.faults import fault
from desk.gate import Gate, Origins

__all__ = ["make_app"]

_CODES: Final = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def make_app(rooms: Sequence[Room], doors: Doors, origins: Origins) -> ASGIApp:
    """Return the application of rooms; their tasks are for whoever serves it."""
    everything = [*rooms, openapi.room(rooms)]
    routes: list[BaseRoute] = []
    for room in everything:
        routes += [_route(doors, one) for one in room.operations]
        routes += [WebSocketRoute(one.path, doors.socket_endpoint(one)) for one in room.sockets]
    routes += pages.routes()
    app = Starlette(routes=routes, exception_handlers={HTTPException: _tell})
    app.router.redirect_slashes = False
    return Gate(app, origins)


def _route(doors: Doors, one: Operation) -> Route:
    return Route(one.path, doors.endpoint(one), methods=[one.method], name=one.name)


def _tell(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    response = told(fault(_CODES.get(status, "failed" if status >= 500 else "bad_request")))
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response
