"""``ccroute serve``: starts the server that an installed package registers under ``ccroute.servers``."""

from __future__ import annotations

import typer

__all__ = ["serve"]


def serve(
    context: typer.Context,
    server: str | None = typer.Option(
        None, "--server", metavar="NAME", help="Which server, where several are installed."
    ),
    demo: bool = typer.Option(False, "--demo", help="Show a contact centre with people who are simulated."),
    host: str | None = typer.Option(None, "--host", metavar="ADDRESS", help="Where to listen; without: 127.0.0.1."),
    port: int | None = typer.Option(None, "--port", metavar="N", help="Where to listen; without: 8000."),
    data: str | None = typer.Option(None, "--data", metavar="FOLDER", help="Where the server keeps everything."),
) -> int:
    """Run a server: a contact centre in the browser, of an installed package such as ccroute-desk.

    All else goes to the server as it is; -- --help shows what it takes.
    """
    from ccroute.errors import ServerMissing
    from ccroute.runtime.plugins import SERVERS, installed
    from ccroute.runtime.plugins import server as main_of

    there = list(dict.fromkeys(one.name for one in installed(SERVERS)))
    if server is None:
        if not there:
            raise ServerMissing
        if len(there) > 1:
            raise typer.BadParameter(f"several are installed, choose one: {', '.join(there)}", param_hint="--server")
        server = there[0]
    words = ["--demo"] if demo else []
    for name, value in (("--host", host), ("--port", port), ("--data", data)):
        words += [] if value is None else [name, str(value)]
    return main_of(server)([*words, *context.args])
