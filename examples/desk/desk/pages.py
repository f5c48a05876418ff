"""The pages: files that a browser runs, served as they are. Everything that they show comes over the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

__all__ = ["PAGES", "routes"]

PAGES: Final = Path(__file__).parent / "pages"
"""The folder of the pages."""
_NAMES: Final = {
    "/": "customer.html",
    "/agent": "agent.html",
    "/supervisor": "supervisor.html",
    "/sign-in": "sign-in.html",
}
_SUFFIXES: Final = frozenset(
    {".css", ".html", ".ico", ".jpg", ".js", ".mjs", ".mp3", ".png", ".svg", ".txt", ".webmanifest", ".woff2"}
)


class _Files(StaticFiles):
    """Files of known kinds only, whatever else may lie there."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if Path(path).suffix not in _SUFFIXES:
            raise HTTPException(status_code=404)
        return await super().get_response(path, scope)


def routes(folder: Path = PAGES) -> list[BaseRoute]:
    """Return the routes of all pages."""
    found: list[BaseRoute] = [_page(path, folder / name) for path, name in _NAMES.items()]
    found.append(Route("/favicon.ico", _favicon(folder / "favicon.svg")))
    found.append(Mount("/static", _Files(directory=folder)))
    return found


def _page(path: str, file: Path) -> Route:
    async def show(_: Request) -> Response:
        if not file.is_file():
            raise HTTPException(status_code=404)
        return FileResponse(file, media_type="text/html")

    return Route(path, show)


def _favicon(file: Path) -> Callable[[Request], Awaitable[Response]]:
    async def show(_: Request) -> Response:
        if not file.is_file():
            return Response(status_code=204)
        return FileResponse(file, media_type="image/svg+xml")

    return show
